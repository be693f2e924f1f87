"""The participation ratio of all samples and features, estimated from some of them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from netrep_go._sizes import exponents

Correction = Literal["samples", "features", "both"]

_ROUNDING = 1e-12  # of a sum without correction


def corrected_participation(samples: np.ndarray, correction: Correction) -> float | str:
    """Return the ratio of two unbiased estimates, or why it is undefined.

    They are of the square of the sum of eigenvalues and of the sum of their squares.
    """
    n, p = samples.shape
    if correction != "features" and n < 4:
        return f"a correction for samples needs at least 4 of them, got {n}"
    if correction != "samples" and p < 2:
        return "a correction for features needs at least 2 of them, got 1"
    x = samples - samples[0]
    x -= x.mean(axis=0)
    x = np.ldexp(x, -exponents(x.reshape(1, -1)))
    plain = _sums(x)
    sums = plain if correction == "samples" else plain - _sums_of_features(x)
    if correction != "features":
        plain, sums = _of_distinct_samples(plain, n), _of_distinct_samples(sums, n)
    (square, squares), least = sums[:2], _ROUNDING * np.abs(plain[:2])
    if not (square > least[0] and squares > least[1]):
        return "there are too few samples or features: a corrected sum is not positive"
    return float(square / squares)


def _sums(x: np.ndarray) -> np.ndarray:
    """Return sums over the Gram matrix G of centered samples, its trace squared first.

    The others are the sum of the squares of all entries, and of those on the diagonal.
    """
    products = x @ x.T if len(x) < x.shape[1] else x.T @ x
    lengths = np.einsum("np,np->n", x, x)
    return np.array([lengths.sum() ** 2, np.vdot(products, products), np.vdot(lengths, lengths)])


def _sums_of_features(x: np.ndarray) -> np.ndarray:
    """Return the same of the Gram matrices of single features, in all."""
    squares = x**2
    second, fourth = squares.sum(axis=0), np.vdot(squares, squares)
    return np.array([np.vdot(second, second), np.vdot(second, second), fourth])


def _of_distinct_samples(sums: np.ndarray, n: int) -> np.ndarray:
    """Return unbiased estimates from the sums: means over distinct samples i, j, k and l.

    Of centered samples, whose products add up to 0, these are of the terms of
    (G_ii - G_ij) (G_kk - G_kl) and of (G_ij - G_ik) (G_ij - G_jl) without repetitions.
    """
    trace, square, diagonal = sums
    pairs, triples = n * (n - 1), n * (n - 1) * (n - 2)
    four = (trace + 2 * square - 6 * diagonal) / (triples * (n - 3))  # of G_ij G_kl
    first = (trace - diagonal) / pairs - 2 * (2 * diagonal - trace) / triples + four
    second = (square - diagonal) / pairs - 2 * (2 * diagonal - square) / triples + four
    return np.array([first, second])
