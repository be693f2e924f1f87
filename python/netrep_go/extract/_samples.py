"""The samples that go through a model, read by batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class Samples:
    """What users pass as X: anything that has a shape and slices."""

    def __init__(self, X: Any) -> None:
        # pandas objects slice by labels, other frames and arrays by positions
        self._source = X if hasattr(X, "shape") and not hasattr(X, "iloc") else np.asarray(X)
        self.shape = tuple(self._source.shape)
        if not self.shape or self.shape[0] == 0:
            raise ValueError(f"X must have at least one sample, got shape {self.shape}")

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return rows, which may be a view of what the user has."""
        rows = self._source[start:stop]
        if np.ma.is_masked(rows):
            raise ValueError("X must not have masked values: fill them first")
        return to_numpy(rows)

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """Yield all samples, so many at once."""
        for start in range(0, len(self), size):
            yield self.read(start, start + size)


def to_numpy(batch: Any) -> np.ndarray:
    """Return a batch as an array, which may be a view of it."""
    if not hasattr(batch, "detach"):
        return np.asarray(batch)
    from netrep_go.extract._torch import to_numpy as from_torch

    return from_torch(batch)


def filled(batch: np.ndarray, size: int) -> np.ndarray:
    """Return a batch of at least this size, whose last sample is repeated."""
    if len(batch) >= size:
        return batch
    return np.concatenate([batch, np.repeat(batch[-1:], size - len(batch), axis=0)])
