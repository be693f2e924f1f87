"""Decoding: labels or features of what was shown, predicted from responses."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    check_cv,
)
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from netrep_go._jobs import RandomState
from netrep_go._names import Name, check_same_indexes, column_names, names_or_numbers
from netrep_go._optional import pandas
from netrep_go._resampling import null_distribution, permutation_pvalue, permutations
from netrep_go._results import Result
from netrep_go._validation import as_array, as_codes, as_matrix, check_integer, check_option
from netrep_go.encoding._inputs import as_groups, make_splits
from netrep_go.encoding._model import EncodingModel
from netrep_go.encoding._scores import SCORINGS, Accumulator, Scoring, Sums
from netrep_go.encoding._search import Split

_MOST_FEATURES = 5000  # of linear discriminant analysis, whose covariance then has 200 MB


class Labels:
    """Labels to tell apart, scored by the share of each that is found in all folds together."""

    method = "balanced accuracy"

    def __init__(self, y: Any, n_samples: int, name: str = "y") -> None:
        values, codes = as_codes(y, name, n_samples)
        self.names: list[Name] = values.tolist()
        if len(values) < 2:
            raise ValueError(f"{name} must have at least 2 labels, got {self.names[0]!r} alone")
        if values.dtype.kind == "f" and (values % 1).any():
            raise ValueError(
                f"{name} must have labels, got numbers such as {values[values % 1 != 0][0]:g}: "
                "these take a regressor, as in decode_features"
            )
        self.values, self.y = values, values[codes]
        self.chance = 1 / len(values)
        self._name = name

    def splits(self, cv: Any, groups: np.ndarray | None, y: np.ndarray) -> list[Split]:
        """Return folds with all labels in each, as far as they can be."""
        codes = np.searchsorted(self.values, y)
        splitter = check_cv(cv, codes, classifier=True)
        if groups is not None and isinstance(cv, (int, np.integer)):
            _check_groups(cv, groups)
            splitter = StratifiedGroupKFold(cv)
        with warnings.catch_warnings():  # of no consequence for scores over all folds
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            return make_splits(
                splitter, codes[:, np.newaxis], codes[:, np.newaxis], groups, "r2", "cv"
            )

    def check(self, splits: Sequence[Split]) -> None:
        """Raise if a label is not in all training sets, or in no test set."""
        for fold, (train, _) in enumerate(splits):
            lost = np.setdiff1d(self.values, self.y[train])
            if lost.size:
                raise ValueError(
                    f"fold {fold} of cv must have training samples of each label, got none of "
                    f"{lost.tolist()[0]!r} in {self._name}"
                )
        lost = np.setdiff1d(self.values, self.y[np.concatenate([test for _, test in splits])])
        if lost.size:
            raise ValueError(
                f"cv must test samples of each label, got none of {lost.tolist()[0]!r}"
            )

    def fit(self, estimator: Any, x: np.ndarray, y: np.ndarray, groups: Any) -> Any:
        """Return a fitted classifier."""
        if (y == y[0]).all():  # of permuted labels: there is nothing to learn
            estimator = DummyClassifier(strategy="most_frequent")
        return fitted(estimator, x, y, groups)

    def scores(
        self, y: np.ndarray, splits: Sequence[Split], predicted: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return the share of held-out samples of each label that are found."""
        confusion = self.confusion(y, splits, predicted)
        with np.errstate(invalid="ignore"):
            return np.diagonal(confusion) / confusion.sum(axis=1)

    def confusion(
        self, y: np.ndarray, splits: Sequence[Split], predicted: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return how many samples of each label are predicted as each."""
        true = np.concatenate([y[test] for _, test in splits])
        found = np.concatenate([*predicted])
        counts = np.zeros((len(self.values),) * 2, np.int64)
        at = np.searchsorted(self.values, true), np.searchsorted(self.values, found)
        np.add.at(counts, at, 1)
        return counts

    def predictions(self, splits: Sequence[Split], predicted: Sequence[np.ndarray]) -> np.ndarray:
        """Return the label of each sample, the most frequent of several, None if there is none."""
        votes = np.zeros((len(self.y), len(self.values)), np.int64)
        for (_, test), labels in zip(splits, predicted, strict=True):
            np.add.at(votes, (test, np.searchsorted(self.values, labels)), 1)
        found = self.values[votes.argmax(axis=1)]
        untested = ~votes.any(axis=1)
        if untested.any():
            found = found.astype(object)
            found[untested] = None
        return found


class FeatureTargets:
    """Features to predict, scored as responses are in encoding models."""

    chance = 0.0

    def __init__(self, y: Any, n_samples: int, scoring: Scoring = "r", name: str = "Y") -> None:
        check_option(scoring, "scoring", SCORINGS)
        self.is_vector = np.ndim(y) == 1
        self.y = as_array(y, name, 1 if self.is_vector else 2)
        if len(self.y) != n_samples:
            raise ValueError(f"{name} must have the {n_samples} samples of X, got {len(self.y)}")
        columns = None if self.is_vector else column_names(y)
        self.names = names_or_numbers(columns, 1 if self.is_vector else self.y.shape[1])
        self.method: Scoring = scoring

    def splits(self, cv: Any, groups: np.ndarray | None, y: np.ndarray) -> list[Split]:
        """Return folds, of whole groups if there are any."""
        if groups is not None and isinstance(cv, (int, np.integer)):
            _check_groups(cv, groups)
            cv = GroupKFold(cv)
        matrix = _columns(y)
        return make_splits(cv, matrix, matrix, groups, self.method, "cv")

    def check(self, splits: Sequence[Split]) -> None:
        """Do nothing: all folds will do."""

    def fit(self, estimator: Any, x: np.ndarray, y: np.ndarray, groups: Any) -> Any:
        """Return a fitted regression."""
        return fitted(estimator, x, y, groups)

    def scores(
        self, y: np.ndarray, splits: Sequence[Split], predicted: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Return the score of each feature."""
        total = Accumulator(self.method)
        matrix = _columns(y)
        for (train, test), p in zip(splits, predicted, strict=True):
            mean = matrix[train].mean(axis=0)
            total.add(Sums.of(matrix[test] - mean, _columns(p) - mean))
        return total.score

    def predictions(self, splits: Sequence[Split], predicted: Sequence[np.ndarray]) -> np.ndarray:
        """Return the prediction of each sample, the mean of several, NaN if there is none."""
        total, times = np.zeros(self.y.shape), np.zeros(len(self.y))
        for (_, test), p in zip(splits, predicted, strict=True):
            total[test] += p.reshape(total[test].shape)
            times[test] += 1
        with np.errstate(invalid="ignore"):
            return (total.T / times).T


Decoded = Labels | FeatureTargets


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class LabelDecoding(Result):
    """Result of :func:`decode_labels`.

    Attributes
    ----------
    score : float
        Balanced accuracy, the mean of ``recall``.
    chance : float
        One by the number of labels.
    recall : ndarray of shape (n_labels,)
        Share of the held-out samples of each label that are found.
    confusion : ndarray of int of shape (n_labels, n_labels)
        Number of held-out samples of each label (rows) predicted as each.
    names : list
        The labels.
    predictions : ndarray of shape (n_samples,)
        Held-out label of each sample: the most frequent of several, None where no fold tests.
    folds : list of tuple of ndarray
        Training and test samples of each fold.
    pvalue : float or None
        Part of the permutations, the data included, with as high a score.
    null_distribution : ndarray of shape (n_permutations,)
        Score of each permutation.
    """

    score: float
    chance: float
    recall: np.ndarray
    confusion: np.ndarray
    names: list[Name]
    predictions: np.ndarray = field(repr=False)
    folds: list[Split] = field(repr=False)
    pvalue: float | None
    null_distribution: np.ndarray = field(repr=False)

    def to_frame(self) -> Any:
        """Return a row for each label and each that it is predicted as.

        Returns
        -------
        pandas.DataFrame
            With columns label, predicted, count, share.
        """
        true, predicted = np.indices(self.confusion.shape).reshape(2, -1)
        shares = self.confusion / self.confusion.sum(axis=1, keepdims=True)
        columns = {
            "label": [self.names[k] for k in true],
            "predicted": [self.names[k] for k in predicted],
            "count": self.confusion.ravel(),
            "share": shares.ravel(),
        }
        return pandas().DataFrame(columns)

    def plot(self, **options: Any) -> Any:
        """Draw the shares of each label that are predicted as each.

        Parameters
        ----------
        **options
            Of :meth:`sklearn.metrics.ConfusionMatrixDisplay.plot`, such as ``ax``.

        Returns
        -------
        sklearn.metrics.ConfusionMatrixDisplay
            The drawn display.
        """
        from sklearn.metrics import ConfusionMatrixDisplay

        shares = self.confusion / self.confusion.sum(axis=1, keepdims=True)
        display = ConfusionMatrixDisplay(shares, display_labels=self.names)
        return display.plot(**{"values_format": ".2f", "cmap": "Blues"} | options)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class FeatureDecoding(Result):
    """Result of :func:`decode_features`.

    Attributes
    ----------
    score : float
        Mean of ``scores``.
    chance : float
        0.
    scores : ndarray of shape (n_targets,)
        Held-out score of each feature.
    names : list
        Names of the features, or their positions.
    predictions : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Held-out predictions: the mean of several, NaN of samples that no fold tests.
    folds : list of tuple of ndarray
        Training and test samples of each fold.
    method : str
        How predictions are scored.
    pvalue : ndarray of shape (n_targets,) or None
        Part of the permutations, the data included, with as high a score of a feature.
    pvalue_max : ndarray of shape (n_targets,) or None
        The same of the highest score of any feature: corrected for their number.
    null_distribution : ndarray of shape (n_permutations, n_targets)
        Scores of each permutation.
    """

    score: float
    chance: float
    scores: np.ndarray
    names: list[Name]
    predictions: np.ndarray = field(repr=False)
    folds: list[Split] = field(repr=False)
    method: str
    pvalue: np.ndarray | None
    pvalue_max: np.ndarray | None
    null_distribution: np.ndarray = field(repr=False)

    def to_frame(self) -> Any:
        """Return a row for each feature.

        Returns
        -------
        pandas.DataFrame
            With columns target, method, score, and pvalue and pvalue_max if there are any.
        """
        columns: dict[str, Any] = {
            "target": self.names,
            "method": self.method,
            "score": self.scores,
        }
        if self.pvalue is not None:
            columns |= {"pvalue": self.pvalue, "pvalue_max": self.pvalue_max}
        return pandas().DataFrame(columns)


def decode_labels(
    X: ArrayLike,
    y: ArrayLike,
    estimator: Any = None,
    *,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    n_permutations: int = 0,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> LabelDecoding:
    r"""Tell labels apart by responses, with any classifier, in held-out samples.

    The score is the balanced accuracy: the mean over labels of the share of their samples that
    is found, counted over all folds. Chance is one by the number of labels, however unequal
    these numbers are. The p-value is from permuted labels, each of them split into folds,
    fitted and scored as the data are.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Responses, or activations.
    y : array_like of shape (n_samples,)
        Label of each sample.
    estimator : classifier, default=None
        Any scikit-learn classifier, pipeline or search, fitted to each training set. None is
        linear discriminant analysis with the shrinkage of Ledoit and Wolf, for which all
        labels are as likely; for up to 5000 features.
    cv : int, splitter of scikit-learn or list of splits, default=5
        Folds; a number of them is stratified, and keeps ``groups`` together if these are given.
    groups : array_like of shape (n_samples,), default=None
        Samples that depend on each other, such as those of a run or an image. Permutations
        are within groups; between whole groups if each of them has one label.
    n_permutations : int, default=0
        Number of permutations; 0 for no p-value.
    random_state : int, RandomState, Generator or None, default=None
        Draws the permutations.
    n_jobs : int, optional
        Number of threads, for permutations; None for as many as BLAS uses, -1 for all cores.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    LabelDecoding
        With ``score``, ``chance``, ``confusion`` and ``pvalue``.

    Raises
    ------
    ValueError
        If there are fewer than 2 labels, a training set lacks one, y holds no labels, or there
        are too many features for the default.

    Notes
    -----
    What is learnt from samples, such as a choice of features, must be part of the estimator,
    as in a pipeline: only then it is learnt from training samples alone. With one sample left
    out at a time, its label has fewer training samples than others, and in noise many
    classifiers are below chance; the mean of ``null_distribution`` shows it.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import decode_labels
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["cat", "cup", "dog"], 20)
    >>> X = 2.0 * (y == "cup")[:, np.newaxis] + rng.standard_normal((60, 4))
    >>> decoding = decode_labels(X, y, n_permutations=99, random_state=0)
    >>> decoding.recall.round(2), decoding.pvalue
    (array([0.55, 1.  , 0.45]), 0.01)
    """
    check_same_indexes((("X", X), ("y", y)), "samples")
    x = as_matrix(X, "X")
    task = Labels(y, len(x))
    estimator = as_estimator(estimator, task, x.shape[1])
    labels = as_groups(groups, len(x))
    splits, predicted = _observed(task, estimator, x, cv, labels)
    null = _null(
        task, estimator, x, cv, labels, n_permutations, random_state, n_jobs=n_jobs, verbose=verbose
    )
    recall = task.scores(task.y, splits, predicted)
    score, scores = float(recall.mean()), np.nanmean(null, axis=1) if len(null) else np.empty(0)
    return LabelDecoding(
        score=score,
        chance=task.chance,
        recall=recall,
        confusion=task.confusion(task.y, splits, predicted),
        names=task.names,
        predictions=task.predictions(splits, predicted),
        folds=splits,
        pvalue=float(permutation_pvalue(score, scores)) if len(null) else None,
        null_distribution=scores,
    )


def decode_features(
    X: ArrayLike,
    Y: ArrayLike,
    estimator: Any = None,
    *,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    scoring: Scoring = "r",
    n_permutations: int = 0,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> FeatureDecoding:
    """Predict features of what was shown from responses, with any regression.

    It is encoding with the roles swapped; :func:`identify` then tells how well a sample can be
    picked out by its predicted features.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Responses.
    Y : array_like of shape (n_samples,) or (n_samples, n_targets)
        Features, such as activations of a layer.
    estimator : regressor, default=None
        Any scikit-learn regressor, pipeline or search, fitted to each training set. None is
        ridge regression with a penalty for each feature, :class:`EncodingModel`.
    cv : int, splitter of scikit-learn or list of splits, default=5
        Folds; a number of them keeps ``groups`` together if these are given.
    groups : array_like of shape (n_samples,), default=None
        Samples that depend on each other, such as those of a run. Permutations are within
        groups; between whole groups if Y is the same in each of them.
    scoring : {'r', 'r2', 'r2_fold', 'r_fold'}, default='r'
        Score, as in :class:`EncodingModel`.
    n_permutations : int, default=0
        Number of permutations of samples, each fitted and scored anew; 0 for no p-values.
    random_state : int, RandomState, Generator or None, default=None
        Draws the permutations.
    n_jobs : int, optional
        Number of threads, for permutations; None for as many as BLAS uses, -1 for all cores.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    FeatureDecoding
        With ``scores``, ``predictions`` and ``pvalue``.

    Raises
    ------
    ValueError
        If samples differ in number, or folds have no training samples.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import decode_features, identify
    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((80, 6))
    >>> voxels = features @ rng.standard_normal((6, 30)) + 2 * rng.standard_normal((80, 30))
    >>> decoding = decode_features(voxels, features, cv=4)
    >>> round(decoding.score, 2)
    0.88
    >>> found = identify(decoding.predictions, features, folds=decoding.folds, random_state=0)
    >>> round(found.accuracy, 2), found.chance
    (0.98, 0.5)
    """
    check_same_indexes((("X", X), ("Y", Y)), "samples")
    x = as_matrix(X, "X")
    task = FeatureTargets(Y, len(x), scoring)
    estimator = as_estimator(estimator, task, x.shape[1])
    labels = as_groups(groups, len(x))
    splits, predicted = _observed(task, estimator, x, cv, labels)
    null = _null(
        task, estimator, x, cv, labels, n_permutations, random_state, n_jobs=n_jobs, verbose=verbose
    )
    scores = task.scores(task.y, splits, predicted)
    highest = null.max(axis=1, keepdims=True)
    return FeatureDecoding(
        score=float(scores.mean()),
        chance=task.chance,
        scores=scores,
        names=task.names,
        predictions=task.predictions(splits, predicted),
        folds=splits,
        method=scoring,
        pvalue=permutation_pvalue(scores, null) if len(null) else None,
        pvalue_max=permutation_pvalue(scores, highest) if len(null) else None,
        null_distribution=null,
    )


def as_estimator(estimator: Any, task: Decoded, n_features: int) -> Any:
    """Return what decodes labels or features, an encoding model without folds of its own."""
    wants_labels = isinstance(task, Labels)
    if estimator is None and wants_labels:
        if n_features > _MOST_FEATURES:
            raise ValueError(
                f"estimator must be given for more than {_MOST_FEATURES} features, got "
                f"{n_features}: the memory of the default one grows with their square, that of "
                "make_pipeline(StandardScaler(), RidgeClassifier()) does not"
            )
        priors = np.full(len(task.names), task.chance)
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=priors)
    if estimator is None and isinstance(task, FeatureTargets):
        estimator = EncodingModel(scoring=task.method)
    if not (is_classifier if wants_labels else is_regressor)(estimator):
        kind = "classifier" if wants_labels else "regressor"
        raise ValueError(f"estimator must be a {kind}, got {estimator!r}")
    if isinstance(estimator, EncodingModel):
        return clone(estimator).set_params(outer_cv=None, n_jobs=1, verbose=False)
    return estimator


def fitted(estimator: Any, x: np.ndarray, y: np.ndarray, groups: np.ndarray | None) -> Any:
    """Return a copy that is fitted, with the groups of samples if it takes these."""
    given = groups is not None and _takes_groups(estimator)
    return clone(estimator).fit(x, y, **({"groups": groups} if given else {}))


def _takes_groups(estimator: Any) -> bool:
    """Whether an estimator, or the splitter of a search, keeps groups together."""
    if isinstance(estimator, (GridSearchCV, RandomizedSearchCV)):
        return bool(get_routing_for_object(estimator.cv).consumes("split", ["groups"]))
    return bool(has_fit_parameter(estimator, "groups"))


def predict_folds(
    task: Decoded,
    estimator: Any,
    x: np.ndarray,
    y: np.ndarray,
    splits: Sequence[Split],
    groups: np.ndarray | None,
    tests: Sequence[np.ndarray],
) -> list[list[np.ndarray]]:
    """Fit each fold to ``x``, and predict its test samples in other data of the same samples.

    There is a list for each of these data sets, with the predictions of each fold.
    """
    found = []
    for train, test in splits:
        model = task.fit(estimator, x[train], y[train], None if groups is None else groups[train])
        predicted = model.predict(np.concatenate([z[test] for z in tests]))
        found.append(np.split(predicted, len(tests)))
    return [list(each) for each in zip(*found, strict=True)]


def _observed(
    task: Decoded, estimator: Any, x: np.ndarray, cv: Any, groups: np.ndarray | None
) -> tuple[list[Split], list[np.ndarray]]:
    """Return the folds, and what each of them predicts."""
    splits = task.splits(cv, groups, task.y)
    task.check(splits)
    return splits, predict_folds(task, estimator, x, task.y, splits, groups, [x])[0]


def _null(
    task: Decoded,
    estimator: Any,
    x: np.ndarray,
    cv: Any,
    groups: np.ndarray | None,
    n_permutations: int,
    random_state: RandomState,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> np.ndarray:
    """Return the scores of permuted samples, split, fitted and scored as the data are."""
    check_integer(n_permutations, "n_permutations", 0)
    if not n_permutations:
        return np.empty((0, len(task.names)))

    def scores(draw: tuple[np.ndarray, list[Split]]) -> np.ndarray:
        y, splits = draw
        predicted = predict_folds(task, estimator, x, y, splits, groups, [x])[0]
        return task.scores(y, splits, predicted)[np.newaxis]

    # Not in threads: splitters catch warnings.
    orders = _orders(task.y, groups, n_permutations, random_state)
    permuted = (task.y[order[0]] for order in orders)
    draws = ((y, task.splits(cv, groups, y)) for y in permuted)
    return null_distribution(
        scores, draws, "Permuting", n_permutations, n_jobs=n_jobs, verbose=verbose
    )


def _orders(
    y: np.ndarray, groups: np.ndarray | None, n_permutations: int, random_state: RandomState
) -> Iterator[np.ndarray]:
    """Yield permutations of samples: within groups, or between those that have one value each."""
    n = len(y)
    if groups is None:
        yield from permutations(n, n_permutations, None, random_state, size=1, limit=1)
        return
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    if not np.array_equal(y, y[first[group]]):
        yield from permutations(n, n_permutations, group, random_state, size=1, limit=1)
        return
    if len(first) < 2:
        raise ValueError("groups must leave something to permute, got one group with one value")
    for order in permutations(len(first), n_permutations, None, random_state, size=1, limit=1):
        yield first[order][:, group]


def _check_groups(cv: Any, groups: np.ndarray) -> None:
    check_integer(cv, "cv", 2)
    n_groups = len(np.unique(groups))
    if cv > n_groups:
        raise ValueError(f"cv must be at most the number of groups, {n_groups}, got {cv}")


def _columns(y: np.ndarray) -> np.ndarray:
    return y.reshape(len(y), -1)
