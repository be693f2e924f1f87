"""Encoding and decoding of every time point, and generalization from one to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier

from netrep_go._jobs import about, counted, in_threads
from netrep_go._maps import SubjectMaps, named_subjects
from netrep_go._names import Name, check_same_indexes, holds_arrays
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._sizes import SQUARES, check_range
from netrep_go._time_course import TimeCourse, as_subjects, given_by_subject, windows
from netrep_go._validation import check_estimator
from netrep_go.encoding._decoded import (
    Decoded,
    FeatureTargets,
    Labels,
    as_cv,
    as_estimator,
    predict_folds,
)
from netrep_go.encoding._inputs import as_groups, check_same_samples
from netrep_go.encoding._model import EncodingModel
from netrep_go.encoding._scores import Scoring
from netrep_go.encoding._search import Split


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class TemporalGeneralization(Result):
    """Result of :func:`generalize_times`.

    Attributes
    ----------
    scores : ndarray of shape (n_subjects, n_times, n_times)
        Held-out score of what is fitted at one time (rows) and tested at another.
    times : ndarray of shape (n_times,)
        Time of each, the mean of its window.
    subjects : list
        Names of the subjects, or their positions.
    method : str
        How predictions are scored.
    chance : float
        Score without an effect.
    """

    scores: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False)
    subjects: list[Name]
    method: str
    chance: float

    def plot(self, **options: Any) -> Any:
        """Draw the mean over subjects.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.TemporalGeneralizationDisplay.from_generalization`,
            such as ``clusters``.

        Returns
        -------
        display : netrep_go.plotting.TemporalGeneralizationDisplay
            The drawn display.
        """
        from netrep_go.plotting import TemporalGeneralizationDisplay

        return TemporalGeneralizationDisplay.from_generalization(self, **options)

    def _maps(self, model: Name | None) -> SubjectMaps:
        """Return the scores, for tests over subjects."""
        if model is not None:
            raise ValueError(f"model is for results of several models, got {shown(model)}")
        subjects = named_subjects(self.subjects)
        return SubjectMaps(self.scores, subjects, None, self.times, self.chance)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each subject and pair of times.

        Returns
        -------
        pandas.DataFrame
            With columns subject, train_time, test_time, method, score.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        subject, train, test = np.indices(self.scores.shape).reshape(3, -1)
        columns = {
            "subject": [self.subjects[k] for k in subject],
            "train_time": self.times[train],
            "test_time": self.times[test],
            "method": self.method,
            "score": self.scores.ravel(),
        }
        return pandas().DataFrame(columns)


@checked
def encode_times(
    X: Any,
    data: ArrayLike | Mapping[Any, ArrayLike],
    model: EncodingModel | None = None,
    *,
    groups: ArrayLike | None = None,
    times: ArrayLike | None = None,
    window: int = 1,
    step: int = 1,
) -> TimeCourse:
    """Predict the responses of every time from features of what was shown.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or dict of these
        Features, or those of each layer.
    data : array_like of shape (n_subjects, n_samples, n_sensors, n_times), or dict of \
array_like of shape (n_samples, n_sensors, n_times)
        Responses over time, such as sensors of MEG; of one subject without the first axis.
    model : EncodingModel, default=None
        With ``outer_cv``. Where each target has its own penalty and layer, all times are
        fitted at once, from the same decomposition of the features.
    groups : array_like of shape (n_samples,), default=None
        Groups of samples, such as runs, which a number of folds keeps together, and splitters
        that take groups.
    times : array_like of shape (n_times,), default=None
        Time of each response; None for its number.
    window, step : int, default=1
        Responses are means of so many in a row, and the next ones start so many later.

    Returns
    -------
    TimeCourse
        Mean over sensors of the held-out scores of each layer; of all bands together for
        'banded'. ``scores[:, 0]`` goes to :func:`cluster_test`.

    Raises
    ------
    ValueError
        If shapes do not match or the model has no outer folds.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import encode_times
    >>> rng = np.random.default_rng(0)
    >>> layers = {"conv": rng.standard_normal((60, 8)), "fc": rng.standard_normal((60, 8))}
    >>> data = rng.standard_normal((60, 5, 20))
    >>> data[:, :, 4:8] += layers["conv"][:, :5, np.newaxis]
    >>> data[:, :, 10:] += layers["fc"][:, :5, np.newaxis]
    >>> course = encode_times(layers, data)
    >>> (course.scores[0] > 0.2).astype(int)
    array([[0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]])
    """
    model = EncodingModel() if model is None else model
    if not isinstance(model, EncodingModel):
        raise TypeError(f"model must be an EncodingModel, got {shown(model)}")
    if model.outer_cv is None:
        raise ValueError("model must have outer_cv, folds to be scored in, got None")
    responses, subjects = as_subjects(data, same="samples")
    spans, centers = windows(responses[0].shape[-1], times, window, step)
    scores: list[np.ndarray] = []
    names: list[Name] = []
    for subject, x, given in zip(subjects, responses, given_by_subject(data), strict=True):
        check_same_samples(X, **{f"data of subject {subject!r}": given, "groups": groups})
        means = np.stack([x[..., span].mean(axis=-1) for span in spans], axis=-1)
        with about(f"data of subject {subject!r}"):
            found, names = _encoded(model, X, means, groups)
        scores.append(found)
    return TimeCourse(
        scores=np.stack(scores),
        times=centers,
        names=names,
        subjects=subjects,
        method=model.scoring,
        label=f"prediction of responses ({model.scoring})",
    )


def _encoded(
    model: EncodingModel, X: Any, y: np.ndarray, groups: Any
) -> tuple[np.ndarray, list[Name]]:
    """Return the mean scores over sensors, (n_layers, n_times), and the layers."""
    together = model.regression == "pls" or not (model.alpha_per_target and model.layer_per_target)
    parts = np.split(y, y.shape[2], axis=2) if together else [y]
    scores: list[np.ndarray] = []
    names: list[Name] = []
    for part in parts:
        found = clone(model).fit(X, part.reshape(len(part), -1), groups)
        if model.regression == "banded":
            each, names = found.score_[np.newaxis], ["all bands"]
        else:
            each, names = found.layer_score_, found.names_
        scores.append(each.reshape(len(names), *part.shape[1:]).mean(axis=1))
    return np.concatenate(scores, axis=1), names


@checked
def decode_times(
    data: ArrayLike | Mapping[Any, ArrayLike],
    y: ArrayLike | Mapping[Any, ArrayLike],
    estimator: Any = None,
    *,
    cv: Any = 5,
    groups: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    scoring: Scoring = "r",
    times: ArrayLike | None = None,
    window: int = 1,
    step: int = 1,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> TimeCourse:
    """Decode labels or features from the responses of every time.

    Parameters
    ----------
    data : array_like of shape (n_subjects, n_samples, n_sensors, n_times), or dict of \
array_like of shape (n_samples, n_sensors, n_times)
        Responses over time; of one subject without the first axis. Subjects of a dict may
        differ in their samples and sensors.
    y : array_like of shape (n_samples,) or (n_samples, n_targets), or dict of these
        Labels, or features if ``estimator`` is a regressor: of all subjects, or a dict of
        those of each.
    estimator : classifier or regressor, default=None
        As in :func:`decode_labels` and :func:`decode_features`, fitted at each time. None is
        the classifier of the former.
    cv : int, splitter of scikit-learn or list of splits, default=5
        Folds, the same at all times.
    groups : array_like of shape (n_samples,), or dict of these, default=None
        Samples that depend on each other, such as those of a run; a number of folds keeps
        them together.
    scoring : {'r', 'r2', 'r2_fold', 'r_fold'}, default='r'
        Score of features. Labels are scored by the balanced accuracy.
    times : array_like of shape (n_times,), default=None
        Time of each response; None for its number.
    window, step : int, default=1
        Responses of so many times are used together, and the next ones start so many later.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    TimeCourse
        With ``scores`` of shape (n_subjects, 1, n_times) and ``chance``;
        ``cluster_test(course.scores[:, 0], popmean=course.chance)`` tests them.

    Raises
    ------
    ValueError
        If shapes do not match, or as in :func:`decode_labels`.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import cluster_test, decode_times
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> data = rng.standard_normal((8, 40, 6, 20))
    >>> data[..., 5:12] += y[:, np.newaxis, np.newaxis]
    >>> course = decode_times(data, y)
    >>> result = cluster_test(course.scores[:, 0], popmean=course.chance)
    >>> np.flatnonzero(result.significant()).tolist()
    [5, 6, 7, 8, 9, 10, 11]
    """
    course = _Course(data, y, estimator, cv, groups, scoring, times, window, step)
    scores = course.scores(lambda k: [k], n_jobs, verbose)
    return TimeCourse(
        scores=scores[:, np.newaxis, :, 0],
        times=course.times,
        names=["decoding"],
        subjects=course.subjects,
        method=course.method,
        label=course.method,
        chance=course.chance,
    )


@checked
def generalize_times(
    data: ArrayLike | Mapping[Any, ArrayLike],
    y: ArrayLike | Mapping[Any, ArrayLike],
    estimator: Any = None,
    *,
    cv: Any = 5,
    groups: ArrayLike | Mapping[Any, ArrayLike] | None = None,
    scoring: Scoring = "r",
    times: ArrayLike | None = None,
    window: int = 1,
    step: int = 1,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> TemporalGeneralization:
    """Decode every time by what was learnt at every other.

    A code that lasts is decoded at all times where it is there, one that changes only at the
    time of training [1]_. Test samples are held out at all times: a time is never decoded by
    what was fitted to the same samples at another time.

    Parameters
    ----------
    data : array_like of shape (n_subjects, n_samples, n_sensors, n_times), or dict of \
array_like of shape (n_samples, n_sensors, n_times)
        Responses over time, as in :func:`decode_times`.
    y : array_like of shape (n_samples,) or (n_samples, n_targets), or dict of these
        Labels, or features.
    estimator : classifier or regressor, default=None
        As in :func:`decode_times`.
    cv : int, splitter of scikit-learn or list of splits, default=5
        Folds, the same at all times.
    groups : array_like of shape (n_samples,), or dict of these, default=None
        Samples that depend on each other, such as those of a run.
    scoring : {'r', 'r2', 'r2_fold', 'r_fold'}, default='r'
        Score of features.
    times : array_like of shape (n_times,), default=None
        Time of each response; None for its number.
    window, step : int, default=1
        As in :func:`decode_times`.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    TemporalGeneralization
        With ``scores`` of shape (n_subjects, n_times, n_times), which go to
        :func:`cluster_test`.

    Raises
    ------
    ValueError
        As :func:`decode_times`.

    References
    ----------
    .. [1] King, J.-R. & Dehaene, S. (2014). Characterizing the dynamics of mental
       representations: the temporal generalization method. Trends Cogn. Sci. 18(4), 203-210.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import generalize_times
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> data = 0.5 * rng.standard_normal((60, 4, 6))
    >>> data[:, 0, 1:3] += y[:, np.newaxis]               # one sensor, then another
    >>> data[:, 1, 3:5] += y[:, np.newaxis]
    >>> (generalize_times(data, y).scores[0] > 0.75).astype(int)
    array([[0, 0, 0, 0, 0, 0],
           [0, 1, 1, 0, 0, 0],
           [0, 1, 1, 0, 0, 0],
           [0, 0, 0, 1, 1, 0],
           [0, 0, 0, 1, 1, 0],
           [0, 0, 0, 0, 0, 0]])
    """
    course = _Course(data, y, estimator, cv, groups, scoring, times, window, step)
    everywhere = list(range(len(course.times)))
    return TemporalGeneralization(
        scores=course.scores(lambda _: everywhere, n_jobs, verbose),
        times=course.times,
        subjects=course.subjects,
        method=course.method,
        chance=course.chance,
    )


@dataclass
class _Subject:
    """The windows of one subject, (n_times, n_samples, n_features), and how they are decoded."""

    x: list[np.ndarray]
    task: Decoded
    estimator: Any
    splits: list[Split]
    groups: np.ndarray | None

    def scores(self, train: int, tests: list[int]) -> np.ndarray:
        """Return the mean scores of what is fitted at one time at some times."""
        task, x = self.task, self.x
        found = predict_folds(
            task, self.estimator, x[train], task.y, self.splits, self.groups, [x[t] for t in tests]
        )
        return np.array([task.scores(task.y, self.splits, each).mean() for each in found])


class _Course:
    """Decoding of all subjects and times."""

    def __init__(
        self,
        data: Any,
        y: Any,
        estimator: Any,
        cv: Any,
        groups: Any,
        scoring: Scoring,
        times: Any,
        window: int,
        step: int,
    ) -> None:
        responses, self.subjects = as_subjects(data, same="")
        for x in responses:
            check_range(x.ravel(), "data", SQUARES)
        spans, self.times = windows(responses[0].shape[-1], times, window, step)
        cv = as_cv(cv)
        if estimator is not None:
            check_estimator(estimator, "estimator")
        is_regression = estimator is not None and not is_classifier(estimator)
        self._each = []
        for subject, x, given in zip(self.subjects, responses, given_by_subject(data), strict=True):
            if np.isnan(x).any():
                raise ValueError(f"data of subject {subject!r} must not have NaN")
            called, mine = self._of("y", y, subject)
            grouped = self._of("groups", groups, subject)
            labeled = (f"data of subject {subject!r}", given), (called, mine), grouped
            check_same_indexes(labeled, "samples")
            task: Decoded
            if is_regression:
                task = FeatureTargets(mine, len(x), scoring, called)
            else:
                task = Labels(mine, len(x), called)
            labels = as_groups(grouped[1], len(x))
            splits = task.splits(cv, labels, task.y)
            task.check(splits)
            cut = [x[..., span].reshape(len(x), -1) for span in spans]
            model = as_estimator(estimator, task, cut[0].shape[1])
            self._each.append(_Subject(cut, task, model, splits, labels))
        self.method, self.chance = self._common(lambda task: (task.method, task.chance))

    def _of(self, argument: str, values: Any, subject: Name) -> tuple[str, Any]:
        """Return what an argument is called for a subject, and its value."""
        if not holds_arrays(values) or not isinstance(values, Mapping):
            return argument, values
        if set(values) != set(self.subjects):
            raise ValueError(
                f"{argument} must be of the subjects {self.subjects} of data, got {list(values)}"
            )
        return f"{argument}[{subject!r}]", values[subject]

    def _common(self, of: Callable[[Decoded], tuple[str, float]]) -> tuple[str, float]:
        """Return the score and its chance, which must be those of all subjects."""
        found = [of(each.task) for each in self._each]
        for subject, each in zip(self.subjects, found, strict=True):
            if each != found[0]:
                raise ValueError(
                    f"y must have as many labels for all subjects, got {round(1 / found[0][1])} "
                    f"for {self.subjects[0]!r} and {round(1 / each[1])} for {subject!r}"
                )
        return found[0]

    def scores(
        self, tests: Callable[[int], list[int]], n_jobs: int | None, verbose: bool
    ) -> np.ndarray:
        """Return the scores of each subject and time of training at some times."""
        tasks = [(each, k) for each in self._each for k in range(len(self.times))]

        def score(task: tuple[_Subject, int]) -> np.ndarray:
            return task[0].scores(task[1], tests(task[1]))

        found: Iterator[np.ndarray] = in_threads(score, tasks, n_jobs)
        rows = [*counted(found, "Decoding times", len(tasks), verbose)]
        return np.reshape(rows, (len(self._each), len(self.times), -1))
