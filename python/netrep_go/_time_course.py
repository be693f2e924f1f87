"""Scores over time, and the windows and subjects that they are of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._maps import SubjectMaps, named_subjects
from netrep_go._names import Name, holds_arrays, names_or_numbers, position_of, split_names
from netrep_go._optional import pandas
from netrep_go._results import Result
from netrep_go._validation import as_array, as_responses, check_integer, ndim_of


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class TimeCourse(Result):
    """Scores of models over time.

    Attributes
    ----------
    scores : ndarray of shape (n_subjects, n_models, n_times)
        Score of each time and model; in :func:`netrep_go.rsa.time_resolved` the similarity
        of RDMs.
    times : ndarray of shape (n_times,)
        Time of each, the mean of its window.
    names : list
        Names of the models or layers, or their positions.
    subjects : list
        Names of the subjects, or their positions.
    method : str
        How RDMs are compared, or predictions scored.
    label : str
        What is scored, in figures.
    chance : float
        Score without an effect.
    noise_ceiling : NoiseCeilings or None
        Of :func:`netrep_go.rsa.time_resolved`, with ``lower`` and ``upper`` bounds at each time.
    shrinkage : ndarray of shape (n_subjects, n_times) or None
        Intensity, 0 to 1, by which the covariance of the noise was shrunk at each time, if it
        was estimated.
    remark : str
        What tests over subjects warn of, such as that subjects share the noise of a measurement.
    """

    scores: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False)
    names: list[Name]
    subjects: list[Name]
    method: str
    label: str = field(repr=False)
    chance: float = 0.0
    noise_ceiling: Any = field(default=None, repr=False)
    shrinkage: np.ndarray | None = field(default=None, repr=False)
    remark: str = field(default="", repr=False)

    def plot(self, **options: Any) -> Any:
        """Draw the scores over time.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.TimeCourseDisplay.from_time_course`, such as
            ``clusters``.

        Returns
        -------
        display : netrep_go.plotting.TimeCourseDisplay
            The drawn display.
        """
        from netrep_go.plotting import TimeCourseDisplay

        return TimeCourseDisplay.from_time_course(self, **options)

    def _maps(self, model: Name | None) -> SubjectMaps:
        """Return the scores of a model, for tests over subjects."""
        scores = self.scores[:, position_of(model, self.names)]
        named = named_subjects(self.subjects)
        return SubjectMaps(scores, named, None, self.times, self.chance, self.remark)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each subject, model and time.

        Returns
        -------
        pandas.DataFrame
            With columns subject, model, time, method, score.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        subject, model, time = np.indices(self.scores.shape).reshape(3, -1)
        columns = {
            "subject": [self.subjects[k] for k in subject],
            "model": [self.names[k] for k in model],
            "time": self.times[time],
            "method": self.method,
            "score": self.scores.ravel(),
        }
        return pandas().DataFrame(columns)


def windows(
    n_times: int, times: ArrayLike | None, window: int, step: int
) -> tuple[list[slice], np.ndarray]:
    """Return windows of so many samples, one each ``step`` samples, and their mean times."""
    check_integer(window, "window", 1)
    check_integer(step, "step", 1)
    if window > n_times:
        raise ValueError(f"window must be at most the number of times, {n_times}, got {window}")
    at = sample_times(n_times, times)
    spans = [slice(start, start + window) for start in range(0, n_times - window + 1, step)]
    return spans, np.array([at[span].mean() for span in spans])


def sample_times(n_times: int, times: ArrayLike | None) -> np.ndarray:
    """Return the time of each sample: its number if ``times`` is None."""
    at = np.arange(n_times) if times is None else as_array(times, "times", 1)
    if len(at) != n_times:
        raise ValueError(f"times must have length {n_times}, got {len(at)}")
    return at


def as_subjects(
    data: Any, *, same: str = "conditions", finite: bool = True
) -> tuple[list[np.ndarray], list[Name]]:
    """Return the responses of each subject, and the subjects.

    They have as many times, and as many ``same`` unless that is empty: trials may differ.
    Unless ``finite``, it is left to others to look for infinity.
    """
    check = partial(as_array, allow_nan=True) if finite else as_responses
    if not (holds_arrays(data) or _lists_arrays(data)):
        data = check(data, "data", 4 if ndim_of(data, "data") == 4 else 3)
        subjects = list(data) if data.ndim == 4 else [data]
        return subjects, list(range(len(subjects)))
    items, own = split_names(data, "data")
    names = names_or_numbers(own, len(items))
    if not items:
        raise ValueError("data must have at least one subject, got none")
    subjects = [check(x, f"data[{k!r}]", 3) for k, x in zip(names, items, strict=True)]
    what, axes = (f"{same} and times", (0, 2)) if same else ("times", (2,))
    for name, x in zip(names, subjects, strict=True):
        if any(x.shape[k] != subjects[0].shape[k] for k in axes):
            raise ValueError(
                f"data[{names[0]!r}] and data[{name!r}] must have the same {what}, "
                f"got shapes {subjects[0].shape} and {x.shape}"
            )
    return subjects, names


def given_by_subject(data: Any) -> list[Any]:
    """Return what `as_subjects` takes for each subject as it was given, with its labels."""
    if holds_arrays(data) or _lists_arrays(data):
        return split_names(data, "data")[0]
    if np.ndim(data) < 4:
        return [data]
    return list(data if isinstance(data, Iterable) else np.asarray(data))


def _lists_arrays(data: Any) -> bool:
    """Whether this is a list of subjects, who may have different sensors."""
    several = isinstance(data, (list, tuple)) and len(data) > 0
    return several and all(getattr(x, "ndim", 0) == 3 for x in data)
