"""Gram matrices of samples as vectors, whose inner products are HSIC."""

from __future__ import annotations

from typing import Literal

import numpy as np

from netrep_go import _native
from netrep_go._sizes import exponents
from netrep_go.metrics._products import Entries

Estimator = Literal["biased", "unbiased", "diagonal_free"]

NO_GRAM = 1e-7  # of the trace: the norm that rounding explains, as in core/metrics/cka.go


def centered(x: np.ndarray) -> tuple[np.ndarray, int]:
    """Return activations minus their means, divided by a power of two to be of order one.

    Also the power. What is constant is exactly 0.
    """
    x = x - x[0]
    x -= x.mean(axis=0)
    power = int(exponents(x.reshape(1, -1))[0, 0])
    return np.ldexp(x, -power), power


def around_median(x: np.ndarray) -> tuple[np.ndarray, int]:
    """Return what `centered` does, minus medians: a sample far off costs the others no digits."""
    x = x - np.median(x, axis=0)
    power = int(exponents(x.reshape(1, -1))[0, 0])
    return np.ldexp(x, -power), power


def _distances(x: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances of samples of order one."""
    n = len(x)
    if n < 3:
        return np.linalg.norm(x[:1] - x[1:], axis=1)
    out = np.empty((1, n * (n - 1) // 2))
    none = np.empty(0, np.int64)
    inputs: dict[str, _native.Argument] = {
        "xs": [x],
        "conditions": none,
        "folds": none,
        "n_conditions": n,
        "n_folds": 0,
        "metric": "euclidean",
        "prior": 1.0,
        "weight": 0.0,
        "covariances": [],
    }
    _native.call("rsa.rdms", {"rdms": out}, inputs)
    return out[0]


def condensed_distances(x: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the distances of any samples, divided by a power of two, and the power.

    They are in the order of SciPy's pdist, and small ones are as accurate as large ones.
    """
    x, power = around_median(x)
    return _distances(x), power


def check_samples(x: np.ndarray, name: str, estimator: str) -> None:
    """Raise if a network has too few samples for an estimator."""
    if estimator == "unbiased" and len(x) < 4:
        raise ValueError(f"{name}: the unbiased estimator needs at least 4 samples, got {len(x)}")


def hsic_vector(K: np.ndarray, estimator: Estimator, *, center: bool = True) -> np.ndarray:
    """Return the part of a Gram matrix, which is overwritten, that HSIC is the product of.

    Twice the inner product of two such vectors is the sum over all entries of

    - the centered matrices ("biased"), or the matrices themselves if they need no centering,
    - the centered matrices but for their diagonals ("diagonal_free"),
    - the matrices without diagonals, U-centered by Székely and Rizzo ("unbiased"), which is
      n (n - 3) times the unbiased HSIC of Song et al.
    """
    n = len(K)
    if estimator == "unbiased":
        np.fill_diagonal(K, 0)
        sums = K.sum(axis=0)
        _subtract(K, sums / (n - 2), sums.sum() / ((n - 1) * (n - 2)))
    elif center:
        means = K.mean(axis=0)
        _subtract(K, means, means.mean())
    if estimator == "biased":
        K[np.diag_indices(n)] *= np.sqrt(0.5)  # the others stand for two entries
    return K[np.tri(n, k=0 if estimator == "biased" else -1, dtype=bool)]


def entries(n: int, estimator: Estimator) -> Entries:
    """Return which entries of the matrix such a vector is."""
    return np.tril_indices(n, 0 if estimator == "biased" else -1)


def _subtract(K: np.ndarray, means: np.ndarray, mean: float) -> None:
    """Subtract from similarities of samples i and j what is of i and of j alone."""
    K -= means
    K -= means[:, np.newaxis] - mean


def vanishes(vector: np.ndarray, trace: float) -> bool:
    """Whether such a vector of a matrix, given the trace of that when centered, is rounding."""
    return not bool(np.sqrt(2) * np.linalg.norm(vector) > NO_GRAM * trace)


def angle(u: np.ndarray, v: np.ndarray) -> float:
    """Return the angle between unit vectors, of which small ones are accurate too."""
    cosine = float(u @ v)
    if cosine < 0.9:
        return float(np.arccos(max(cosine, -1.0)))
    return float(2 * np.arcsin(min(float(np.linalg.norm(u - v)) / 2, 1.0)))
