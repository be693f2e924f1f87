"""Moments of inner products of matrices of samples over permutations of the samples."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

Entries = tuple[np.ndarray, np.ndarray]  # the rows and the columns of entries of a matrix


class Traces(NamedTuple):
    """What the moments need of a symmetric matrix K whose rows sum to 0."""

    n: int
    trace: float  # tr K
    squared: float  # tr K^2
    diagonal: float  # sum of K_ii^2

    @classmethod
    def of(cls, K: np.ndarray) -> Self:
        """Take them from a matrix."""
        diagonal = np.diagonal(K)
        return cls(len(K), diagonal.sum(), np.vdot(K, K), diagonal @ diagonal)

    @classmethod
    def of_axes(cls, basis: np.ndarray, weights: np.ndarray) -> Self:
        """Take them from basis diag(weights) basis', of centered, orthonormal columns."""
        diagonal = (basis**2) @ weights
        return cls(len(basis), weights.sum(), weights @ weights, diagonal @ diagonal)

    @classmethod
    def of_vector(cls, vector: np.ndarray, entries: Entries, n: int) -> Self:
        """Take them from half of a matrix of norm 1, as `_gram.hsic_vector` scales it."""
        diagonal = vector[entries[0] == entries[1]]
        return cls(n, diagonal.sum(), 1.0, diagonal @ diagonal)


def permuted_product(k: Traces, l: Traces) -> tuple[float, float]:  # noqa: E741
    r"""Return the mean and the standard deviation of tr(K P L P') over all permutations P.

    The mean is :math:`\mathrm{tr} K \, \mathrm{tr} L / (n - 1)`; the variance is that of
    Kazi-Aoual et al. (1995), which needs 4 samples.
    """
    n = k.n
    mean = k.trace * l.trace / (n - 1)
    if n < 4:
        return mean, np.nan
    off = (_spread(k) * _spread(l)) * 2 / ((n - 1) ** 2 * (n + 1) * (n - 2))
    on = _kurtosis(k) * _kurtosis(l) / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3))
    return mean, np.sqrt(max(off + on, 0.0))


def _spread(k: Traces) -> float:
    return (k.n - 1) * k.squared - k.trace**2


def _kurtosis(k: Traces) -> float:
    return k.n * (k.n + 1) * k.diagonal - (k.n - 1) * (k.trace**2 + 2 * k.squared)
