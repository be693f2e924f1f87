"""Normal equations of feature-reweighted RSA, in closed form."""

from __future__ import annotations

import numpy as np

from netrep_go.rsa._solve import NULL, Gram, without_flat

# Z'Z, Z't, the column sums of Z, and which columns are 0 up to rounding
Sums = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class Equations:
    """The normal equations of the regression on all pairs of conditions.

    ``gram`` and ``rhs`` are those of centered columns if an intercept is fitted.
    """

    def __init__(self, x: np.ndarray, t: np.ndarray, metric: str, fit_intercept: bool) -> None:
        form = _products if metric == "dot" else _differences
        gram, self.rhs, sums, flat = form(x, t)
        gram[flat] = gram[:, flat] = self.rhs[flat] = sums[flat] = 0
        n_pairs = len(x) * (len(x) - 1) / 2
        self._target_mean: float = 0.0
        self._column_means: np.ndarray | float = 0.0
        if fit_intercept:
            self._target_mean = t.sum() / 2 / n_pairs
            self._column_means = sums / n_pairs
            gram = without_flat(gram - np.outer(sums, self._column_means), gram)
            self.rhs -= sums * self._target_mean
            self.rhs[gram.diagonal() == 0] = 0
            size = np.vdot(t, t) / 2
            if size - n_pairs * self._target_mean**2 <= NULL * size:  # the same for all pairs
                self.rhs[:] = 0
        self.gram = Gram(gram)

    def intercept(self, coef: np.ndarray) -> float:
        """Return the constant that goes with weights."""
        return float(self._target_mean - np.sum(self._column_means * coef))


def _products(x: np.ndarray, t: np.ndarray) -> Sums:
    """Return the sums for the products of features.

    A column of Z is :math:`x_{ip} x_{jp}` over the pairs i < j. Sums over these are half of
    those over all i and j, less the diagonal; that of t is zero.
    """
    squares = x**2
    gram = x.T @ x
    gram *= gram
    whole = gram.diagonal().copy()
    gram -= squares.T @ squares
    gram /= 2
    sums = (x.sum(axis=0) ** 2 - squares.sum(axis=0)) / 2
    return gram, np.sum(x * (t @ x), axis=0) / 2, sums, gram.diagonal() <= NULL * whole


def _differences(x: np.ndarray, t: np.ndarray) -> Sums:
    r"""Return the sums for the squared differences of features.

    With centered columns, k conditions and :math:`s_p = \sum_i x_{ip}^2`,

    .. math:: (Z^\top Z)_{pq} = k \sum_i x_{ip}^2 x_{iq}^2 + s_p s_q + 2 (X^\top X)_{pq}^2, \quad
              (Z^\top t)_p = \sum_i x_{ip}^2 (T 1)_i - (X^\top T X)_{pp}.
    """
    k = len(x)
    sizes = np.abs(x).max(axis=0)
    x = x - x.mean(axis=0)
    flat = np.abs(x).max(axis=0) <= 1e-14 * sizes
    squares = x**2
    sums = squares.sum(axis=0)
    gram = x.T @ x
    gram *= 2 * gram
    gram += k * (squares.T @ squares)
    gram += np.outer(sums, sums)
    return gram, squares.T @ t.sum(axis=1) - np.sum(x * (t @ x), axis=0), k * sums, flat


def modeled_pairs(x: np.ndarray, coef: np.ndarray, metric: str) -> np.ndarray:
    """Return weighted products or distances of all pairs of conditions, with a zero diagonal."""
    inner = (x * coef) @ x.T
    inner = (inner + inner.T) / 2
    if metric == "sqeuclidean":
        norms = inner.diagonal()
        inner = norms[:, np.newaxis] + norms - 2 * inner
    np.fill_diagonal(inner, 0)
    return inner
