"""Feature-reweighted RSA: a weight for each unit, fitted to measured (dis)similarities."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import squareform
from sklearn.base import BaseEstimator
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from netrep_go._jobs import RandomState
from netrep_go._names import check_same_columns, column_names, row_names
from netrep_go._parameters import checked
from netrep_go._sizes import FOURTH_POWERS, check_range
from netrep_go._validation import (
    as_array,
    as_factor,
    as_matrix,
    check_integer,
    check_number,
    check_option,
    departure,
    ndim_of,
)
from netrep_go.rsa._condensed import check_named_alike, condition_names
from netrep_go.rsa._folds import assign_folds
from netrep_go.rsa._models_equations import Equations, modeled_pairs
from netrep_go.rsa._solve import Gram

METRICS = ("sqeuclidean", "dot")
Metric = Literal["sqeuclidean", "dot"]


class FeatureReweighting(BaseEstimator):
    r"""Fit a weight for each feature to the dissimilarities of pairs of conditions.

    The dissimilarity of conditions i and j, or their similarity [1]_, is modeled as

    .. math:: t_{ij} = c + \sum_p w_p\, (x_{ip} - x_{jp})^2
              \quad\text{or}\quad t_{ij} = c + \sum_p w_p\, x_{ip} x_{jp},

    and the weights minimize :math:`\sum_{i<j} (t_{ij} - \hat t_{ij})^2 + \alpha \|w\|^2`.
    The normal equations are formed in closed form from the k x p responses,

    .. math:: G_{pq} = \tfrac12 \big[(X^\top X)_{pq}^2 - \textstyle\sum_i x_{ip}^2 x_{iq}^2\big]

    for products, and similarly for differences, so that nothing of the size of pairs
    times features is ever stored.

    Parameters
    ----------
    metric : {'sqeuclidean', 'dot'}, default='sqeuclidean'
        Squared differences of features, for measured dissimilarities, or their products,
        for similarities.
    alpha : float, default=1.0
        Penalty, 0 or more. At 0 the weights of least norm are found.
    positive : bool, default=False
        Whether weights must not be negative: then the model is an RDM, or a Gram matrix.
    fit_intercept : bool, default=True
        Whether c is fitted; else it is 0.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights.
    intercept_ : float
        The constant c.
    n_features_in_ : int
        Number of features.

    References
    ----------
    .. [1] Peterson, J. C., Abbott, J. T. & Griffiths, T. L. (2018). Evaluating (and
       improving) the correspondence between deep neural networks and human
       representations. Cognitive Science 42(8), 2648-2669.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import FeatureReweighting
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((20, 4))
    >>> similarity = (X * [2.0, 0.0, 1.0, 0.0]) @ X.T
    >>> model = FeatureReweighting("dot", alpha=1e-9).fit(X, similarity)
    >>> model.coef_.round(6) + 0.0
    array([2., 0., 1., 0.])
    >>> model.predict(X[:3]).round(6) == similarity[[0, 0, 1], [1, 2, 2]].round(6)
    array([ True,  True,  True])
    """

    def __init__(
        self,
        metric: Metric = "sqeuclidean",
        *,
        alpha: float = 1.0,
        positive: bool = False,
        fit_intercept: bool = True,
    ) -> None:
        self.metric = metric
        self.alpha = alpha
        self.positive = positive
        self.fit_intercept = fit_intercept

    @checked
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the weights.

        Parameters
        ----------
        X : array_like of shape (n_conditions, n_features)
            Responses to at least 3 conditions.
        y : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
            Measured dissimilarities, or similarities for 'dot', whose diagonal is not used.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y is not finite, y not symmetric or of other conditions, or there are
            fewer than 3 conditions.
        """
        check_number(self.alpha, "alpha", 0, np.inf)
        x, t = checked_data(X, y, self.metric)
        equations = Equations(x, t, self.metric, self.fit_intercept)
        coef = equations.gram.solve(equations.rhs, float(self.alpha), self.positive)
        self._store(equations, coef, X)
        return self

    def _store(self, equations: Equations, coef: np.ndarray, X: Any) -> None:
        self._columns = column_names(X)
        self.coef_, self.intercept_ = coef, equations.intercept(coef)
        self.n_features_in_ = len(coef)

    @checked
    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the modeled dissimilarities of conditions, or similarities.

        Parameters
        ----------
        X : array_like of shape (n_conditions, n_features)
            Responses to at least 2 conditions.

        Returns
        -------
        ndarray of shape (n_pairs,)
            In the order of :func:`scipy.spatial.distance.squareform`.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If X is not finite, or has another number of features than in the fit.
        """
        check_is_fitted(self)
        check_same_columns(X, "X", self._columns)
        x = as_factor(X, "X")
        if x.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {x.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input"
            )
        modeled = modeled_pairs(x, self.coef_, self.metric) + self.intercept_
        return squareform(modeled, checks=False)

    @checked
    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the coefficient of determination R2 over pairs of conditions.

        Parameters
        ----------
        X : array_like of shape (n_conditions, n_features)
            Responses to conditions, best to others than those of the fit.
        y : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
            Their measured dissimilarities, or similarities.

        Returns
        -------
        float
            At most 1; 0 for a model that is no better than the mean of y.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            As :meth:`fit` and :meth:`predict`.
        """
        _, t = checked_data(X, y, self.metric)
        return float(r2_score(squareform(t, checks=False), self.predict(X)))


class FeatureReweightingCV(FeatureReweighting):
    """Feature reweighting with the penalty chosen by cross-validation over conditions.

    Conditions are cut into folds. The pairs within each fold are predicted by weights
    that are fitted to the pairs of all other conditions, for each penalty; the one with
    the least squared error over all folds is used for a last fit to all conditions.

    Parameters
    ----------
    metric : {'sqeuclidean', 'dot'}, default='sqeuclidean'
        As in :class:`FeatureReweighting`.
    alphas : int or array_like of shape (n_alphas,), default=20
        Penalties, or how many, from 1e-6 to 100 times the mean of the Gram matrix's
        diagonal.
    cv : int or array_like of shape (n_conditions,), default=5
        Number of folds, or the fold of each condition. No fold may have one condition.
    positive : bool, default=False
        Whether weights must not be negative.
    fit_intercept : bool, default=True
        Whether the constant is fitted.
    random_state : int, RandomState, Generator or None, default=None
        Determines the folds.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights.
    intercept_ : float
        Constant.
    alpha_ : float
        The penalty that was chosen.
    alphas_ : ndarray of shape (n_alphas,)
        All penalties.
    cv_errors_ : ndarray of shape (n_alphas,)
        Mean squared error of each.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    reweight_features : With the choice inside of another cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import FeatureReweightingCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 10))
    >>> noisy = np.cov(X[:, :3] + 0.5 * rng.standard_normal((40, 3)))
    >>> model = FeatureReweightingCV("dot", random_state=0).fit(X[:30], noisy[:30, :30])
    >>> bool(model.score(X[30:], noisy[30:, 30:]) > 0.5)
    True
    """

    def __init__(
        self,
        metric: Metric = "sqeuclidean",
        *,
        alphas: int | ArrayLike = 20,
        cv: int | ArrayLike = 5,
        positive: bool = False,
        fit_intercept: bool = True,
        random_state: RandomState = None,
    ) -> None:
        self.metric = metric
        self.alphas = alphas
        self.cv = cv
        self.positive = positive
        self.fit_intercept = fit_intercept
        self.random_state = random_state

    @checked
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Choose the penalty and fit the weights.

        Parameters
        ----------
        X : array_like of shape (n_conditions, n_features)
            Responses.
        y : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
            Measured dissimilarities, or similarities for 'dot', whose diagonal is not used.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As for :class:`FeatureReweighting`; or if a fold has fewer than two conditions.
        """
        x, t = checked_data(X, y, self.metric)
        whole = Equations(x, t, self.metric, self.fit_intercept)
        self.alphas_ = _penalties(self.alphas, whole.gram)
        folds = assign_folds(len(x), self.cv, self.random_state, held_out=1)
        if np.bincount(folds).min() < 2:
            raise ValueError(
                "cv must put at least 2 conditions in each fold, so that there are pairs"
            )
        errors = np.zeros(len(self.alphas_))
        n_pairs = 0
        for fold in range(folds.max() + 1):
            test = folds == fold
            held_out = squareform(t[np.ix_(test, test)], checks=False)
            kept = t[np.ix_(~test, ~test)]
            part = Equations(x[~test], kept, self.metric, self.fit_intercept)
            n_pairs += len(held_out)
            for k, alpha in enumerate(self.alphas_):
                coef = part.gram.solve(part.rhs, alpha, self.positive)
                modeled = squareform(modeled_pairs(x[test], coef, self.metric), checks=False)
                errors[k] += np.sum((held_out - modeled - part.intercept(coef)) ** 2)
        self.cv_errors_ = errors / n_pairs
        self.alpha_ = float(self.alphas_[_first_least(errors, np.vdot(t, t))])
        self._store(whole, whole.gram.solve(whole.rhs, self.alpha_, self.positive), X)
        return self


def checked_data(
    X: ArrayLike, y: ArrayLike, metric: str, name: str = "y"
) -> tuple[np.ndarray, np.ndarray]:
    """Return responses, and what was measured of them as a matrix with a zero diagonal."""
    check_option(metric, "metric", METRICS)
    x = as_matrix(X, "X")
    check_range(x.ravel(), "X", FOURTH_POWERS)
    k = len(x)
    if k < 3:
        raise ValueError(f"X must have at least 3 conditions, got {k}")
    check_named_alike(**{"X": row_names(X), name: condition_names(y)})
    t = as_factor(y, name, 2 if ndim_of(y, name) == 2 else 1)
    if t.shape not in ((k, k), (k * (k - 1) // 2,)):
        raise ValueError(
            f"{name} must be of the conditions of X, of shape ({k}, {k}) or ({k * (k - 1) // 2},), "
            f"got {t.shape}"
        )
    if t.ndim == 1:
        return x, squareform(t, checks=False)
    if asymmetry := departure(t - t.T, t):
        raise ValueError(
            f"{name} must be a symmetric matrix, got entries {asymmetry:.3g} from their mirror"
        )
    if metric != "dot" and (diagonal := departure(t.diagonal(), t)):
        raise ValueError(
            f"{name} must have a zero diagonal, got {diagonal:.3g} on it: similarities are for "
            "metric='dot'"
        )
    t = t.copy()
    np.fill_diagonal(t, 0)
    return x, t


def _first_least(errors: np.ndarray, size: float) -> int:
    """Return the first of the least errors, those that differ by rounding counting as equal."""
    return int(np.argmax(errors <= errors.min() * (1 + 1e-9) + 1e-20 * size))


def _penalties(alphas: Any, gram: Gram) -> np.ndarray:
    """Return the penalties to try."""
    if np.ndim(alphas) == 0:
        check_integer(alphas, "alphas", 1)
        return max(gram.scale, np.finfo(float).tiny) * np.logspace(-6, 2, alphas)
    penalties = as_array(alphas, "alphas", 1)
    if penalties.min() < 0:
        raise ValueError(f"alphas must not be negative, got {penalties.min()}")
    return penalties
