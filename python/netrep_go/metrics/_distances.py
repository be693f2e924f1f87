"""Euclidean distances between samples."""

import numpy as np
from scipy.spatial.distance import squareform

from netrep_go._validation import exponents

# Below this share of the squared lengths of two samples, rounding of the Gram matrix shows in their
# squared distance, and it is computed from their difference.
_NEAR = 1e-3
_BLOCK = 1 << 20  # numbers of differences at a time


def squared_distances(x: np.ndarray) -> np.ndarray:
    """Return the squared distances of all samples, those of samples that coincide exactly 0."""
    centered = x - x.mean(axis=0)
    distances = centered @ centered.T
    sums = np.add.outer(distances.diagonal(), distances.diagonal())
    distances *= -2
    distances += sums
    sums *= _NEAR
    i, j = np.nonzero(distances <= sums)
    i, j = i[i < j], j[i < j]
    step = max(1, _BLOCK // x.shape[1])
    for k in range(0, len(i), step):
        rows, columns = i[k : k + step], j[k : k + step]
        apart = x[rows] - x[columns]
        distances[rows, columns] = distances[columns, rows] = np.einsum("kp,kp->k", apart, apart)
    np.fill_diagonal(distances, 0.0)
    return distances


def condensed_distances(x: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the distances of pairs of samples i < j, divided by a power of two; and the power."""
    power = int(exponents(x.reshape(1, -1))[0, 0])
    squares = squareform(squared_distances(np.ldexp(x, -power)), checks=False)
    return np.sqrt(squares, out=squares), power


def quantile(distances: np.ndarray, n: int, share: float) -> float:
    """Return the quantile of all n x n distances, with the diagonal, of condensed ones."""
    place = share * (n * n - 1)
    low = int(place)
    ranks = [(rank - n) // 2 for rank in (low, min(low + 1, n * n - 1))]  # each stands for two
    if ranks[1] < 0:
        return 0.0
    ordered = np.partition(distances, [max(rank, 0) for rank in ranks])
    ends = [float(ordered[rank]) if rank >= 0 else 0.0 for rank in ranks]
    return ends[0] + (place - low) * (ends[1] - ends[0])
