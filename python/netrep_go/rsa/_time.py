"""RSA of every time point."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._names import Name, split_names
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import as_array, check_integer
from netrep_go.rsa._compare import similarities
from netrep_go.rsa._condensed import (
    RDMs,
    called,
    condition_names,
    holds_arrays,
    n_conditions,
    named_vectors,
    names_or_numbers,
)
from netrep_go.rsa._rdm import rdm


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class TimeCourse(Result):
    """Result of :func:`time_resolved`.

    Attributes
    ----------
    scores : ndarray of shape (n_subjects, n_models, n_times)
        Similarity of the RDM of each time to each model.
    times : ndarray of shape (n_times,)
        Time of each, the mean of its window.
    names : list
        Names of the models, or their positions.
    subjects : list
        Names of the subjects, or their positions.
    method : str
        How RDMs are compared.
    """

    scores: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False)
    names: list[Name]
    subjects: list[Name]
    method: str

    def plot(self, **options: Any) -> Any:
        """Draw the scores over time.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.TimeCourseDisplay.from_time_course`, such as
            ``clusters``.

        Returns
        -------
        netrep_go.plotting.TimeCourseDisplay
            The drawn display.
        """
        from netrep_go.plotting import TimeCourseDisplay

        return TimeCourseDisplay.from_time_course(self, **options)

    def to_frame(self) -> Any:
        """Return a row for each subject, model and time.

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


@checked
def time_resolved(
    data: ArrayLike | Sequence[ArrayLike] | Mapping[Any, ArrayLike],
    models: RDMs,
    *,
    times: ArrayLike | None = None,
    window: int = 1,
    step: int = 1,
    metric: str = "correlation",
    method: str = "spearman",
    names: Iterable[Name] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> TimeCourse:
    """Compare the RDM of every time point with models.

    Parameters
    ----------
    data : array_like of shape (n_subjects, n_conditions, n_features, n_times), or dict of \
array_like of shape (n_conditions, n_features, n_times)
        Responses over time, such as sensors of MEG; of one subject without the first axis.
    models : array_like of shape (n_pairs,), (n_models, n_pairs) or square matrices, or dict \
of single RDMs
        Model RDMs; or RDMs of a region, or of the times of another measurement. The index
        of a DataFrame names the conditions of a square RDM, else the models in its rows.
    times : array_like of shape (n_times,), default=None
        Time of each sample; None for its number.
    window, step : int, default=1
        Each RDM is of the features of so many samples together, and the next one starts so
        many samples later.
    metric : str, default='correlation'
        Dissimilarity of conditions, as in :func:`rdm`.
    method : str, default='spearman'
        Similarity of RDMs, as in :func:`compare`.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores. The result does
        not depend on it.
    verbose : bool, default=False
        Show a progress bar for each subject.

    Returns
    -------
    TimeCourse
        With ``scores`` of shape (n_subjects, n_models, n_times). ``scores[:, 0]`` goes to
        :func:`cluster_test`.

    Raises
    ------
    ValueError
        If shapes do not match, the window is longer than the data, or an RDM is undefined.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import rdm, time_resolved
    >>> rng = np.random.default_rng(0)
    >>> patterns = rng.standard_normal((12, 20))          # conditions, sensors
    >>> strength = np.where(np.arange(30) < 10, 0, 1)     # from sample 10 on
    >>> data = patterns[..., np.newaxis] * strength + rng.standard_normal((12, 20, 30))
    >>> course = time_resolved(data, rdm(patterns))
    >>> course.scores.shape, bool(course.scores[0, 0, 10:].min() > course.scores[0, 0, :10].max())
    ((1, 1, 30), True)
    """
    responses, subjects = _as_subjects(data)
    own, vectors = named_vectors(models, "models", names, allow_nan=True)
    n, expected = responses[0].shape[0], n_conditions(vectors, "models")
    if n != expected:
        raise ValueError(f"data and models must be of the same conditions, got {n} and {expected}")
    check_integer(window, "window", 1)
    check_integer(step, "step", 1)
    n_samples = responses[0].shape[-1]
    if window > n_samples:
        raise ValueError(f"window must be at most the number of times, {n_samples}, got {window}")
    at = np.arange(n_samples) if times is None else as_array(times, "times", 1)
    if len(at) != n_samples:
        raise ValueError(f"times must have length {n_samples}, got {len(at)}")
    called_by = {"RDM": called("models", own), "model": lambda k: f"the RDM of time {k}"}
    scores = []
    for subject, x in zip(subjects, responses, strict=True):
        cut = np.lib.stride_tricks.sliding_window_view(x, window, axis=-1)[:, :, ::step]
        samples = np.moveaxis(cut, 2, 0).reshape(cut.shape[2], n, -1)
        try:
            rdms = rdm(
                samples, metric, names=condition_names(models), n_jobs=n_jobs, verbose=verbose
            )
        except ValueError as error:
            raise ValueError(f"subject {subject!r}, at each time: {error}") from None
        scores.append(similarities(vectors, rdms, method, names=called_by, n_jobs=n_jobs))
    centers = np.lib.stride_tricks.sliding_window_view(at, window)[::step].mean(axis=1)
    return TimeCourse(
        scores=np.stack(scores),
        times=centers,
        names=names_or_numbers(own, len(vectors)),
        subjects=subjects,
        method=method,
    )


def _as_subjects(data: Any) -> tuple[list[np.ndarray], list[Name]]:
    """Return the responses of each subject, and the subjects."""
    if not holds_arrays(data):
        data = as_array(data, "data", 4 if np.ndim(data) == 4 else 3, allow_nan=True)
        subjects = list(data) if data.ndim == 4 else [data]
        return subjects, list(range(len(subjects)))
    items, own = split_names(data, "data")
    names = names_or_numbers(own, len(items))
    if not items:
        raise ValueError("data must have at least one subject, got none")
    subjects = [
        as_array(x, f"data[{k!r}]", 3, allow_nan=True) for k, x in zip(names, items, strict=True)
    ]
    for name, x in zip(names, subjects, strict=True):
        if (x.shape[0], x.shape[2]) != (subjects[0].shape[0], subjects[0].shape[2]):
            raise ValueError(
                f"data[{names[0]!r}] and data[{name!r}] must have the same conditions and times, "
                f"got shapes {subjects[0].shape} and {x.shape}"
            )
    return subjects, names
