"""Least squares from Gram matrices."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

_NULL = 1e-12  # eigenvalues below this fraction of the largest are rounding


class Gram:
    r"""The positive semidefinite matrix G = Z'Z of a regression on the columns of Z.

    It is factorized once and solved for any right side and penalty.
    """

    def __init__(self, gram: np.ndarray) -> None:
        self.scale = float(np.trace(gram)) / len(gram)
        self._values, self._vectors = np.linalg.eigh(gram)

    def solve(self, rhs: np.ndarray, alpha: float = 0.0, positive: bool = False) -> np.ndarray:
        r"""Return w that minimises :math:`w^\top (G + \alpha I) w - 2 b^\top w` for b = Z'y.

        If ``positive``, none is negative. Otherwise, for ``alpha`` = 0, w is the solution
        of least norm.
        """
        kept = self._values > _NULL * max(self._values[-1], 0)
        if alpha > 0 and positive:
            kept[:] = True  # the penalty counts in every direction
        values = np.maximum(self._values[kept], 0) + alpha
        vectors = self._vectors[:, kept]
        projected = vectors.T @ rhs
        if not positive:
            return vectors @ (projected / values)
        if not kept.any():
            return np.zeros_like(rhs)
        roots = np.sqrt(values)
        return nnls(roots[:, np.newaxis] * vectors.T, projected / roots)[0]


def centered(gram: np.ndarray) -> np.ndarray:
    """Return the Gram matrices of centered columns; the last column is all ones.

    That column is dropped. ``gram`` has shape (..., n_columns + 1, n_columns + 1).
    """
    sums = gram[..., :-1, -1]
    size = gram[..., -1, -1, np.newaxis, np.newaxis]
    return gram[..., :-1, :-1] - sums[..., np.newaxis] * sums[..., np.newaxis, :] / size
