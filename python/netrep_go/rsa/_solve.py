"""Least squares from Gram matrices."""

from __future__ import annotations

import numpy as np

from netrep_go import _native

NULL = 1e-12  # eigenvalues below this fraction of the largest are rounding
_LENGTH, _ZERO = 1e-8, 1e-6  # penalty of the length of weights; the part that counts as none


class Gram:
    r"""The positive semidefinite matrix G = Z'Z of a regression on the columns of Z.

    It is factorized once and solved for any right side and penalty.
    """

    def __init__(self, gram: np.ndarray) -> None:
        self.scale = float(np.trace(gram)) / len(gram)
        self._gram = without_flat(gram, np.broadcast_to(gram.diagonal().max(), gram.shape))
        self._values, self._vectors = np.linalg.eigh(gram)
        self._vectors[gram.diagonal() == 0] = 0  # which rounding mixes with others

    def solve(self, rhs: np.ndarray, alpha: float = 0.0, positive: bool = False) -> np.ndarray:
        r"""Return w that minimizes :math:`w^\top (G + \alpha I) w - 2 b^\top w` for b = Z'y.

        If ``positive``, none is negative. For ``alpha`` = 0, w is the solution of least norm.
        """
        kept = self._values > NULL * max(self._values[-1], 0)
        values, vectors = self._values[kept] + alpha, self._vectors[:, kept]
        projected = vectors.T @ rhs
        if not positive:
            return vectors @ (projected / values)
        if alpha > 0:
            return _not_negative(self._gram + alpha * np.eye(len(rhs)), rhs)
        w = _not_negative(self._gram, vectors @ projected)
        return w if kept.all() else _of_least_norm(w, vectors)


def _not_negative(gram: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    r"""Return the w that minimizes :math:`w^\top G w - 2 b^\top w` and is not negative.

    It is what projects on a cone. SciPy's nnls stops early where columns depend on each
    other, far from the least.
    """
    weights, counts = np.empty((1, len(rhs))), np.empty(1, np.int64)
    outputs = {"weights": weights, "n_active": counts}
    outputs |= {name: np.empty(1) for name in ("squared_norms", "violation")}
    inputs: _native.Inputs = {"products": rhs[np.newaxis], "gram": gram}
    _native.call("capacity.project_on_cone", outputs, inputs)
    return weights[0]


def _of_least_norm(w: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the shortest of what is not negative and has the same products as ``w``.

    Any of these is a solution, and rounding chooses ``w``. The shortest is found by
    penalizing its length, which tells where it is positive, and is then solved for exactly.
    """
    products = vectors.T @ w
    penalized = _not_negative(vectors @ vectors.T + _LENGTH * np.eye(len(w)), vectors @ products)
    used = penalized > _ZERO * penalized.max()
    shortest = np.zeros_like(w)
    shortest[used] = np.linalg.pinv(vectors[used].T, rcond=_ZERO) @ products
    shortest = np.maximum(shortest, 0)
    same = np.allclose(vectors.T @ shortest, products, rtol=0, atol=1e-9 * np.abs(w).max())
    return shortest if same else w


def centered(gram: np.ndarray) -> np.ndarray:
    """Return the Gram matrices of centered columns; the last column is all ones.

    That column is dropped. ``gram`` has shape (..., n_columns + 1, n_columns + 1).
    """
    sums = gram[..., :-1, -1]
    size = gram[..., -1, -1, np.newaxis, np.newaxis]
    inner = gram[..., :-1, :-1]
    return without_flat(inner - sums[..., np.newaxis] * sums[..., np.newaxis, :] / size, inner)


def without_flat(gram: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return Gram matrices with 0 for columns that centering has made 0, up to rounding."""
    varies = _diagonal(gram) > NULL * _diagonal(before)
    return np.where(varies[..., np.newaxis] & varies[..., np.newaxis, :], gram, 0.0)


def _diagonal(gram: np.ndarray) -> np.ndarray:
    return np.diagonal(gram, axis1=-2, axis2=-1)
