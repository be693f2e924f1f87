"""The directions in which one network varies, and how much it does in each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netrep_go._sizes import exponents
from netrep_go.metrics._gram import centered
from netrep_go.metrics._properties import Undefined

_EPS = np.finfo(float).eps


class Principal(NamedTuple):
    """Principal components of a network that has been brought to a size of about 1.

    ``basis`` (n_samples, rank) is orthonormal; ``sizes`` (rank,) are the singular values, the
    largest first; ``matrix`` (n_samples, n_features) is what they are of.
    """

    basis: np.ndarray
    sizes: np.ndarray
    matrix: np.ndarray

    @property
    def rank(self) -> int:
        return len(self.sizes)


def principal(x: np.ndarray, name: str, *, center: bool = True) -> Principal | Undefined:
    """Return the principal components of a network, or say that it does not vary.

    Directions with at most max(n_samples, n_features, 16) eps of the largest variance are
    left out, as in LinearMetric: rounding is all there may be in them.
    """
    x = _centered(x) if center else np.ldexp(x, -exponents(x.reshape(1, -1)))
    basis, sizes = left_singular(x)
    if not len(sizes):
        return Undefined(f"the activations of {name} {'do not vary' if center else 'are all 0'}")
    return Principal(basis, sizes, x)


def on_basis(prepared: Any, order: np.ndarray) -> Any:
    """Return what a measure prepared, with the samples of its ``basis`` in another order."""
    if isinstance(prepared, Undefined):
        return prepared
    return prepared._replace(basis=prepared.basis[order])


def _centered(x: np.ndarray) -> np.ndarray:
    """Return a centered network, with 0 for features whose variation is rounding."""
    rest, power = centered(x)
    largest = np.ldexp(np.linalg.norm(x, axis=0), -power)
    rest[:, np.linalg.norm(rest, axis=0) <= 4 * _EPS * largest] = 0
    return rest


def left_singular(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return left singular vectors and singular values, as many as the rank."""
    n, p = x.shape
    basis, sizes, _ = np.linalg.svd(compact(x), full_matrices=False)
    kept = slice(rank_of(sizes, n, p, sizes[0]))
    return np.ascontiguousarray(basis[:, kept]), sizes[kept]


def compact(x: np.ndarray) -> np.ndarray:
    """Return a matrix of the same products of samples, with no more columns than rows."""
    n, p = x.shape
    return np.ascontiguousarray(np.transpose(np.linalg.qr(x.T, mode="r"))) if p > n else x


def rank_of(sizes: np.ndarray, n: int, p: int, largest: float) -> int:
    """Return how many singular values, falling, of n x p are more than rounding of the largest."""
    return int(np.count_nonzero(sizes**2 > max(n, p, 16) * _EPS * largest**2))
