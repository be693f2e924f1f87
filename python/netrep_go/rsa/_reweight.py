"""Feature-reweighted RSA in one call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import squareform

from netrep_go._jobs import RandomState, as_random_state, counted, in_threads
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_option
from netrep_go.rsa._compare import SIMILARITIES, paired_scores
from netrep_go.rsa._folds import Blocks, assign_folds
from netrep_go.rsa._models_equations import modeled_pairs
from netrep_go.rsa._models_features import FeatureReweightingCV, Metric, checked_data


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class FeatureReweightingResult(Result):
    """Result of :func:`reweight_features`.

    Attributes
    ----------
    prediction : ndarray of shape (n_pairs,)
        Each pair as modeled by weights that are fitted without its conditions.
    score : float
        Similarity of the prediction to the measured RDM.
    unweighted_score : float
        The same with equal weights: classical RSA.
    alphas : ndarray of shape (n_blocks,)
        The penalty that was chosen for each block of pairs.
    metric : str
        What is weighted.
    method : str
        How they are compared.
    """

    prediction: np.ndarray = field(repr=False)
    score: float
    unweighted_score: float
    alphas: np.ndarray = field(repr=False)
    metric: str
    method: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with one row.

        Returns
        -------
        pandas.DataFrame
            With columns metric, method, score, unweighted_score, alpha; the last is the
            median over blocks.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        row = {
            "metric": self.metric,
            "method": self.method,
            "score": self.score,
            "unweighted_score": self.unweighted_score,
            "alpha": np.median(self.alphas),
        }
        return pandas().DataFrame([row])


@checked
def reweight_features(
    X: ArrayLike,
    rdms: ArrayLike,
    *,
    metric: Metric = "sqeuclidean",
    alphas: int | ArrayLike = 20,
    cv: int | ArrayLike = 5,
    inner_cv: int = 5,
    positive: bool = False,
    method: str = "pearson",
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> FeatureReweightingResult:
    """Predict an RDM by reweighted features, cross-validated over conditions.

    The conditions are cut into folds. The pairs between two folds, or within one, are
    predicted by :class:`FeatureReweightingCV` fitted to the conditions outside of both,
    which chooses the penalty among those conditions alone. The prediction leaves the
    constant out, as that of :func:`reweight` does.

    Parameters
    ----------
    X : array_like of shape (n_conditions, n_features)
        Responses.
    rdms : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
        One measured RDM for 'sqeuclidean'; measured similarities for 'dot'.
    metric : {'sqeuclidean', 'dot'}, default='sqeuclidean'
        As in :class:`FeatureReweighting`.
    alphas : int or array_like of shape (n_alphas,), default=20
        As in :class:`FeatureReweightingCV`.
    cv : int or array_like of shape (n_conditions,), default=5
        Number of folds, at least 3, or the fold of each condition.
    inner_cv : int, default=5
        Number of folds for the choice of the penalty, at least 2.
    positive : bool, default=False
        Whether weights must not be negative.
    method : str, default='pearson'
        How the prediction and the measured RDM are compared, as in :func:`compare`.
    random_state : int, RandomState, Generator or None, default=None
        Determines all folds.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    FeatureReweightingResult
        With ``prediction`` and ``score``.

    Raises
    ------
    ValueError
        As for :class:`FeatureReweightingCV`, or if too few conditions are left to fit to.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import reweight_features
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 10))
    >>> judged = (X * np.repeat([1.0, 0.0], 5)) @ X.T
    >>> result = reweight_features(X, judged, metric="dot", alphas=5, random_state=0)
    >>> round(result.unweighted_score, 2), round(result.score, 2)
    (0.64, 1.0)
    """
    check_option(method, "method", SIMILARITIES)
    x, t = checked_data(X, rdms, metric, "rdms")
    rng = as_random_state(random_state)
    folds = assign_folds(len(x), cv, rng)
    pairs = Blocks(folds).folds
    rests = [np.flatnonzero(~np.isin(folds, pair)) for pair in pairs]
    tasks = [
        (rest, assign_folds(rest.size, inner_cv, rng, held_out=1, name="inner_cv"))
        for rest in rests
    ]

    def fit(task: tuple[np.ndarray, np.ndarray]) -> FeatureReweightingCV:
        rest, inner = task
        model = FeatureReweightingCV(metric, alphas=alphas, cv=inner, positive=positive)
        return model.fit(x[rest], t[np.ix_(rest, rest)])

    fitted = in_threads(fit, tasks, n_jobs)
    models = [*counted(fitted, "Fitting weights", len(tasks), verbose)]
    predicted = _predicted(x, [model.coef_ for model in models], folds, pairs, metric)
    measured = squareform(t, checks=False)[np.newaxis]
    plain = squareform(modeled_pairs(x, np.ones(x.shape[1]), metric), checks=False)
    return FeatureReweightingResult(
        prediction=predicted,
        score=float(paired_scores(predicted[np.newaxis], measured, method)[0]),
        unweighted_score=float(paired_scores(plain[np.newaxis], measured, method)[0]),
        alphas=np.array([model.alpha_ for model in models]),
        metric=metric,
        method=method,
    )


def _predicted(
    x: np.ndarray, coefs: list[np.ndarray], folds: np.ndarray, pairs: np.ndarray, metric: str
) -> np.ndarray:
    """Return the pairs of conditions of each pair of folds, modeled by its weights."""
    prediction = np.empty((len(x), len(x)))
    for (a, b), coef in zip(pairs, coefs, strict=True):
        rows, columns = folds == a, folds == b
        inside = np.flatnonzero(rows | columns)
        part = modeled_pairs(x[inside], coef, metric)
        block = part[np.ix_(rows[inside], columns[inside])]
        prediction[np.ix_(rows, columns)] = block
        prediction[np.ix_(columns, rows)] = block.T
    return squareform(prediction, checks=False)
