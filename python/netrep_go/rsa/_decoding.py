"""RDMs on scikit-learn: classification accuracy as a dissimilarity, RDMs as a score."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import get_scorer
from sklearn.model_selection import LeaveOneGroupOut, check_cv, cross_val_score

from netrep_go._jobs import about, counted
from netrep_go._names import Name, check_same_indexes
from netrep_go._native import n_workers
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import (
    as_codes,
    as_numbers,
    check_estimator,
    check_integer,
    first_line,
)
from netrep_go.rsa._compare import compare
from netrep_go.rsa._condensed import check_n_conditions, n_conditions
from netrep_go.rsa._data_sets import as_data_sets
from netrep_go.rsa._rdm import Labels, Responses, rdm

__all__ = ["decoding_rdm", "rsa_score"]


@checked
def decoding_rdm(
    data: Responses,
    conditions: Labels,
    *,
    estimator: Any = None,
    cv: Any = 5,
    scoring: Any = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> np.ndarray:
    """Return RDMs of cross-validated classification: how well two conditions can be told apart.

    Parameters
    ----------
    data : array_like of shape (n_observations, n_features) or (n_rdms, n_observations, \
n_features), or list or dict of n_rdms array_like of shape (n_observations, n_features)
        Responses, as in :func:`rdm` but without NaN.
    conditions : array_like of shape (n_observations,) or list or dict of n_rdms of them
        Condition of each observation.
    estimator : classifier, default=None
        Any scikit-learn classifier or pipeline; None is linear discriminant analysis with
        Ledoit and Wolf's shrinkage, for which both conditions are as likely.
    cv : int, splitter, array_like of shape (n_observations,) or list or dict of n_rdms of them, \
default=5
        Cross-validation, as in :func:`~sklearn.model_selection.cross_val_score`; or the fold
        of each observation, such as its run: one is left out at a time.
    scoring : str or callable, default=None
        Score of the classifier, averaged over folds. None is the balanced accuracy over all
        folds: the mean of the two conditions' shares of held-out observations that are
        classified right. 'accuracy' counts observations, of which the more frequent
        condition has most.
    n_jobs : int, default=None
        Number of joblib workers; None for one, -1 for all cores.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ndarray of shape (n_pairs,) or (n_rdms, n_pairs)
        Score of each pair of conditions, in sorted order; 0.5 is chance level of the
        balanced accuracy, whatever the numbers of observations.

    Raises
    ------
    ValueError
        If there are fewer than 3 conditions, data sets have different ones, or a condition
        is in one fold only: nothing is then left to learn it from.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import decoding_rdm
    >>> conditions = np.repeat(["cat", "cup", "dog"], 10)
    >>> animal = (conditions != "cup")[:, np.newaxis]
    >>> X = 2.0 * animal + np.random.default_rng(0).standard_normal((30, 4))
    >>> decoding_rdm(X, conditions)  # cat and cup, cat and dog, cup and dog
    array([0.95, 0.25, 0.95])
    """
    sets = as_data_sets(data)
    codes, values = sets.codes(conditions)
    check_n_conditions(len(values))
    if estimator is None:
        estimator = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
    check_estimator(estimator, "estimator", "predict")
    if isinstance(cv, (int, np.integer)):
        check_integer(cv, "cv", 2)
    elif isinstance(cv, (str, bytes)):
        raise TypeError(f"cv must be a number, a splitter or labels of folds, got {shown(cv)}")
    if isinstance(scoring, str):
        get_scorer(scoring)
    elif isinstance(scoring, type) or not (scoring is None or callable(scoring)):
        raise TypeError(f"scoring must be the name of a scorer or one, got {shown(scoring)}")
    has_folds = hasattr(cv, "__len__") and not hasattr(cv, "split")
    folds = sets.each(cv, "cv") if has_folds else [("cv", None)] * len(sets.xs)
    sets.check_same_rows(conditions, cv if has_folds else None, "cv")
    jobs = []
    for x, y, (name, fold) in zip(sets.xs, codes, folds, strict=True):
        groups = _as_groups(fold, name, y, values) if has_folds else None
        for pair in combinations(range(len(values)), 2):
            chosen = np.isin(y, pair)
            labels = np.searchsorted(pair, y[chosen])
            part = None if groups is None else groups[chosen]
            jobs.append((x[chosen], labels, part, values[[*pair]].tolist()))
    splitter = LeaveOneGroupOut() if has_folds else cv
    n_jobs = None if n_jobs is None else n_workers(n_jobs)
    found = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_score)(estimator, splitter, scoring, *job) for job in jobs
    )
    counting = counted(found, "Decoding pairs", len(jobs), verbose)
    scores = np.reshape([*counting], (len(sets.xs), -1))
    return scores[0] if sets.single else scores


def _as_groups(fold: Any, name: str, y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the number of the fold of each observation; no condition may be in one only."""
    labels, groups = as_codes(fold, name, len(y))
    pairs = np.unique(np.stack([y, groups]), axis=1)
    alone = np.flatnonzero(np.bincount(pairs[0], minlength=len(values)) < 2)
    if alone.size:
        only = labels[pairs[1, pairs[0] == alone[0]][0]]
        raise ValueError(
            f"{name} must have each condition in at least 2 folds, got "
            f"{values[alone[0]].item()!r} in fold {only.item()!r} only"
        )
    return groups


def _score(
    estimator: Any,
    cv: Any,
    scoring: Any,
    x: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    pair: list[Name],
) -> float:
    try:
        splitter = check_cv(cv, y, classifier=True)
        splits = list(splitter.split(x, y, groups))
        for train, _ in splits:
            present = np.bincount(y[train], minlength=2) > 0
            if not present.all():
                raise ValueError(
                    f"a training set has no observations of {pair[present.argmin()]!r}, which must "
                    "be in several folds"
                )
        if scoring is None:
            return _balanced_accuracy(estimator, x, y, splits)
        return float(
            cross_val_score(estimator, x, y, cv=splits, scoring=scoring, error_score="raise").mean()
        )
    except ValueError as error:
        text = first_line(error)
        raise ValueError(f"conditions {pair[0]!r} and {pair[1]!r}: {text}") from error


def _balanced_accuracy(
    estimator: Any, x: np.ndarray, y: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]]
) -> float:
    """Return the mean of the shares of the held-out observations of 0 and 1 that are found.

    They are shares over all folds: those of a fold may have one condition only.
    """
    tested = np.concatenate([y[test] for _, test in splits])
    right = np.concatenate(
        [
            clone(estimator).fit(x[train], y[train]).predict(x[test]) == y[test]
            for train, test in splits
        ]
    )
    if np.ptp(tested) == 0:
        raise ValueError("no fold holds out observations of both")
    return float((right[tested == 0].mean() + right[tested == 1].mean()) / 2)


@checked
def rsa_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    metric: str = "correlation",
    method: str = "spearman",
) -> float:
    """Return the similarity of the RDMs of measured and of predicted responses.

    A score for models that predict responses, such as encoding models: responses to each
    condition may be wrong in ways that do not change their geometry, as by a rotation.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (n_conditions, n_features)
        Responses; their numbers of features may differ.
    metric : str, default='correlation'
        Dissimilarity of conditions, as in :func:`rdm`.
    method : str, default='spearman'
        Similarity of RDMs, as in :func:`compare`.

    Returns
    -------
    float
        The similarity: larger is better.

    Raises
    ------
    ValueError
        If responses are of different conditions, or of fewer than 3, or a similarity is
        undefined.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.metrics import make_scorer
    >>> from sklearn.model_selection import cross_val_score
    >>> from netrep_go.rsa import rsa_score
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 5))
    >>> Y = X @ rng.standard_normal((5, 20)) + rng.standard_normal((60, 20))
    >>> scorer = make_scorer(rsa_score, method="pearson")
    >>> cross_val_score(Ridge(), X, Y, cv=3, scoring=scorer).round(2)
    array([0.92, 0.9 , 0.91])
    """
    check_same_indexes((("y_true", y_true), ("y_pred", y_pred)), "conditions")
    y_true, y_pred = as_numbers(y_true, "y_true"), as_numbers(y_pred, "y_pred")
    predicted, true = _one_rdm(y_pred, "y_pred", metric), _one_rdm(y_true, "y_true", metric)
    if len(predicted) != len(true):
        n, m = (n_conditions(x, "y_true") for x in (predicted[None], true[None]))
        raise ValueError(f"y_pred and y_true must have the same samples, got {n} and {m}")
    return float(compare(predicted, true, method))


def _one_rdm(responses: ArrayLike, name: str, metric: str) -> np.ndarray:
    with about(name):
        found = rdm(responses, metric)
    if found.ndim != 1:
        raise ValueError(f"{name} must be one matrix of responses, got {len(found)} data sets")
    return found
