"""RDMs on scikit-learn: classification accuracy as a dissimilarity, RDMs as a score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score

from netrep_go._validation import as_codes
from netrep_go.rsa._compare import compare
from netrep_go.rsa._rdm import as_data_sets, per_data_set, rdm

__all__ = ["decoding_rdm", "rsa_score"]


def decoding_rdm(
    data: ArrayLike | Sequence[ArrayLike],
    conditions: ArrayLike | Sequence[ArrayLike],
    *,
    estimator: Any = None,
    folds: ArrayLike | Sequence[ArrayLike] | None = None,
    cv: Any = 5,
    scoring: Any = "accuracy",
    n_jobs: int | None = None,
) -> np.ndarray:
    """Return RDMs of cross-validated classification: how well two conditions can be told apart.

    Parameters
    ----------
    data : array_like of shape (n_observations, n_features) or (n_rdms, n_observations, \
n_features), or list of n_rdms array_like of shape (n_observations, n_features)
        Responses, as in :func:`rdm` but without NaN.
    conditions : array_like of shape (n_observations,) or list of n_rdms of them
        Condition of each observation.
    estimator : classifier, default=None
        Any scikit-learn classifier or pipeline; None is linear discriminant analysis with
        Ledoit and Wolf's shrinkage.
    folds : array_like of shape (n_observations,) or list of n_rdms of them, default=None
        Fold of each observation, such as its run: one is left out at a time.
    cv : int or splitter, default=5
        Cross-validation without ``folds``, as in :func:`~sklearn.model_selection.cross_val_score`.
    scoring : str or callable, default='accuracy'
        Score of the classifier.
    n_jobs : int, optional
        Number of joblib workers.

    Returns
    -------
    ndarray of shape (n_pairs,) or (n_rdms, n_pairs)
        Mean score for each pair of conditions, in sorted order; 0.5 is chance level of the
        accuracy.

    Raises
    ------
    ValueError
        If there are fewer than 3 conditions, or data sets have different ones.

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
    xs, single = as_data_sets(data)
    if estimator is None:
        estimator = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    labels = per_data_set(conditions, xs, "conditions")
    runs = per_data_set(folds, xs, "folds")
    jobs, first = [], None
    for x, (name, label), (_, run) in zip(xs, labels, runs, strict=True):
        values, codes = as_codes(label, name, len(x))
        first = values if first is None else first
        if not np.array_equal(values, first):
            raise ValueError(f"data sets have different conditions: {name} has others")
        if len(values) < 3:
            raise ValueError(f"an RDM needs at least 3 conditions, got {len(values)}")
        for pair in combinations(range(len(values)), 2):
            chosen = np.isin(codes, pair)
            groups = None if folds is None else np.asarray(run)[chosen]
            jobs.append((x[chosen], codes[chosen], groups))
    splitter = cv if folds is None else LeaveOneGroupOut()
    scores = Parallel(n_jobs=n_jobs)(
        delayed(_score)(estimator, x, y, groups, splitter, scoring) for x, y, groups in jobs
    )
    found = np.reshape(scores, (len(xs), -1))
    return found[0] if single else found


def _score(
    estimator: Any, x: np.ndarray, y: np.ndarray, groups: Any, splitter: Any, scoring: Any
) -> float:
    scores = cross_val_score(
        estimator, x, y, groups=groups, cv=splitter, scoring=scoring, error_score="raise"
    )
    return float(scores.mean())


def rsa_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    dissimilarity: str = "correlation",
    method: str = "spearman",
) -> float:
    """Return the similarity of the RDMs of measured and of predicted responses.

    A score for models that predict responses, such as encoding models: responses to each
    condition may be wrong in ways that do not change their geometry, as by a rotation.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (n_conditions, n_features)
        Responses; their numbers of features may differ.
    dissimilarity : str, default='correlation'
        Measure of dissimilarity, as in :func:`rdm`.
    method : str, default='spearman'
        Similarity of RDMs, as in :func:`compare`.

    Returns
    -------
    float
        The similarity: larger is better.

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
    return compare(rdm(y_true, dissimilarity), rdm(y_pred, dissimilarity), method)
