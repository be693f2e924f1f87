"""Centers of manifolds: how alike they are, and how far from the origin."""

from __future__ import annotations

from typing import Any

import numpy as np

_VANISHED = 1e-10  # part of its distance that a center must keep


def mean_correlation(centers: np.ndarray) -> float:
    """Return the mean absolute correlation of centers whose mean is 0."""
    units = centers / np.linalg.norm(centers, axis=1, keepdims=True)
    rows, columns = np.triu_indices(len(units), 1)
    return float(np.minimum(np.abs(units @ units.T), 1.0)[rows, columns].mean())


def check_distances(centers: np.ndarray, directions: np.ndarray, names: list[Any]) -> None:
    """Raise if a center is at the origin, or there once the directions are removed."""
    left = np.linalg.norm(centers - centers @ directions.T @ directions, axis=1)
    gone = np.flatnonzero(left <= _VANISHED * np.linalg.norm(centers, axis=1).max())
    if len(gone):
        raise ValueError(
            f"the center of manifold {names[gone[0]]!r} is at the origin"
            + (f" after the removal of {len(directions)} directions" if len(directions) else "")
            + ": its radius is not defined"
        )
