"""Decoding: labels or features of what was shown, predicted from responses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState, said_once
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import null_distribution, permutation_pvalue, permutations
from netrep_go._results import Result
from netrep_go._validation import as_factor, check_integer
from netrep_go.encoding._decoded import (
    Decoded,
    FeatureTargets,
    Labels,
    as_cv,
    as_estimator,
    predict_folds,
)
from netrep_go.encoding._inputs import as_groups, check_same_samples
from netrep_go.encoding._scores import Scoring
from netrep_go.encoding._search import Split


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
        """Return a pandas DataFrame with a row for each label and each that it is predicted as.

        Returns
        -------
        pandas.DataFrame
            With columns label, predicted, count, share.

        Raises
        ------
        ImportError
            If pandas is not installed.
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
        display : sklearn.metrics.ConfusionMatrixDisplay
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
        """Return a pandas DataFrame with a row for each feature.

        Returns
        -------
        pandas.DataFrame
            With columns target, method, score, and pvalue and pvalue_max if there are any.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns: dict[str, Any] = {
            "target": self.names,
            "method": self.method,
            "score": self.scores,
        }
        if self.pvalue is not None:
            columns |= {"pvalue": self.pvalue, "pvalue_max": self.pvalue_max}
        return pandas().DataFrame(columns)


@checked
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
        Determines the permutations.
    n_jobs : int, default=None
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
    check_same_samples(X, y=y, groups=groups)
    x = as_factor(X, "X")
    task = Labels(y, len(x))
    splits, predicted, null = _tested(
        task, estimator, x, cv, groups, n_permutations, random_state, n_jobs, verbose
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


@checked
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
        Determines the permutations.
    n_jobs : int, default=None
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
    check_same_samples(X, Y=Y, groups=groups)
    x = as_factor(X, "X")
    task = FeatureTargets(Y, len(x), scoring)
    splits, predicted, null = _tested(
        task, estimator, x, cv, groups, n_permutations, random_state, n_jobs, verbose
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


def _tested(
    task: Decoded,
    estimator: Any,
    x: np.ndarray,
    cv: Any,
    groups: ArrayLike | None,
    n_permutations: int,
    random_state: RandomState,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[list[Split], list[np.ndarray], np.ndarray]:
    """Return the folds, what each of them predicts, and the scores of permutations."""
    estimator = as_estimator(estimator, task, x.shape[1])
    cv, labels = as_cv(cv), as_groups(groups, len(x))
    splits, predicted = _observed(task, estimator, x, cv, labels)
    null = _null(
        task, estimator, x, cv, labels, n_permutations, random_state, n_jobs=n_jobs, verbose=verbose
    )
    return splits, predicted, null


def _observed(
    task: Decoded, estimator: Any, x: np.ndarray, cv: Any, groups: np.ndarray | None
) -> tuple[list[Split], list[np.ndarray]]:
    """Return the folds, and what each of them predicts."""
    splits = task.splits(cv, groups, task.y)
    task.check(splits)
    with said_once():
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
