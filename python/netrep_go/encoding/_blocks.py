"""Parts of matrices that are taken at once, so that temporary arrays stay small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BLOCK = 2**18  # numbers in a temporary array: 2 MiB, which stays in a cache


def blocks(n_columns: int, length: int) -> Iterator[slice]:
    """Yield blocks of columns for temporary arrays of ``length`` rows."""
    step = max(64, BLOCK // max(length, 1))
    for start in range(0, n_columns, step):
        yield slice(start, min(start + step, n_columns))


def adjacent(rows: np.ndarray) -> np.ndarray | slice:
    """Return positions as a slice if they follow each other, which saves a copy."""
    follow = len(rows) > 0 and bool((np.diff(rows) == 1).all())
    return slice(int(rows[0]), int(rows[-1]) + 1) if follow else rows
