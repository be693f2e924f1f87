"""Sums over samples that come in blocks of rows or columns, and principal axes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.linalg import eigh

from netrep_go._disk import unmapped
from netrep_go._validation import as_array, as_matrix

_ROWS = 512  # of moments that are added at once
_SUMMED = 100  # roundings of an entry, beside those of the decomposition
_INNER = 2048  # columns that are float64 at once


class Source:
    """A matrix that is read by blocks, in float64: an array, or anything that slices.

    Parameters
    ----------
    X : array_like or iterable of array_like
        The matrix, or blocks of its rows, which are read once.
    budget : int
        Bytes that a block may take.
    """

    def __init__(self, X: Any, budget: int) -> None:
        self._budget = budget
        self.once = hasattr(X, "__iter__") and not any(
            hasattr(X, name) for name in ("shape", "__getitem__", "__array__")
        )
        if self.once:
            self._blocks: Any = X
            return
        sliced = isinstance(getattr(X, "dtype", None), np.dtype) and not hasattr(X, "iloc")
        self._X = unmapped(X) if sliced else as_matrix(X, "X")
        if len(self._X.shape) != 2 or 0 in self._X.shape:
            raise ValueError(
                f"X must have 2 dimensions and not be empty, got shape {self._X.shape}: Reshape "
                "your data"
            )
        self.shape = (int(self._X.shape[0]), int(self._X.shape[1]))
        self._itemsize = np.dtype(self._X.dtype).itemsize

    def rows(self) -> Iterator[np.ndarray]:
        """Yield blocks of rows."""
        if self.once:
            for block in self._blocks:
                yield as_array(block, "X", 2)
            return
        n, width = self.shape
        size = max(1, self._budget // (4 * 8 * width))  # beside it are moved and projected copies
        for start in range(0, n, size):
            yield as_array(self._X[start : start + size], "X", 2)

    def columns(self, per_column: int = 0) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield blocks of columns of all rows, beside which others take memory, and where they are.

        As much as is possible is read at once, and whole chunks where there are any.
        """
        n, n_columns = self.shape
        width = max(1, self._budget // (n * self._itemsize + per_column))
        chunks = getattr(self._X, "chunks", None)
        chunk = chunks[-1] if chunks else 0
        if isinstance(chunk, int) and 0 < chunk <= width:  # Dask tells the size of each
            width -= width % chunk
        for start in range(0, n_columns, width):
            block = self._X[:, start : start + width]
            for first in range(0, block.shape[1], _INNER):
                inner = as_array(block[:, first : first + _INNER], "X", 2)
                place = start + first
                yield slice(place, place + inner.shape[1]), inner
            del block

    def dtype(self) -> np.dtype:
        """Return the type of results: float32 for what has no more digits."""
        small = not self.once and self._X.dtype in (np.float16, np.float32)
        return np.dtype(np.float32 if small else np.float64)


class Moments:
    """The mean and the centered products of rows that come in blocks.

    What is summed is taken about the mean of the first block, so that a large mean costs no
    digits.
    """

    def __init__(self) -> None:
        self.n = 0
        self._waiting: list[np.ndarray] = []

    def add(self, rows: np.ndarray) -> None:
        """Add rows, which are kept until there are enough for a fast product."""
        if self.n == 0:
            self._pivot = rows.mean(axis=0)
            self._sum = np.zeros(rows.shape[1])
            self._products = np.zeros((rows.shape[1], rows.shape[1]))
        self.n += len(rows)
        self._waiting.append(rows - self._pivot)
        if sum(map(len, self._waiting)) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        for rows in [np.concatenate(self._waiting)] if self._waiting else []:
            self._sum += rows.sum(axis=0)
            self._products += rows.T @ rows
        self._waiting = []

    def mean(self) -> np.ndarray:
        """Return the mean of all rows."""
        self._flush()
        mean: np.ndarray = self._pivot + self._sum / self.n
        return mean

    def products(self) -> np.ndarray:
        """Return the products about the mean; there can be no more rows."""
        self._flush()
        scaled = self._sum / np.sqrt(self.n)
        self._products -= np.outer(scaled, scaled)
        return self._products


class Spread:
    """Means and the total variance of features whose rows come in blocks."""

    def __init__(self, n_features: int) -> None:
        self._n = 0
        self._sum = np.zeros(n_features)
        self._squares = 0.0

    def add(self, rows: np.ndarray) -> None:
        """Add rows, about the mean of the first ones."""
        if self._n == 0:
            self._pivot = rows.mean(axis=0)
        moved = rows - self._pivot
        self._n += len(rows)
        self._sum += moved.sum(axis=0)
        self._squares += float(np.vdot(moved, moved))

    def mean(self) -> np.ndarray:
        """Return the means."""
        mean: np.ndarray = self._pivot + self._sum / self._n
        return mean

    def total(self) -> float:
        """Return the sum of squares about the means."""
        return self._squares - float(self._sum @ self._sum) / self._n


def principal_axes(
    products: np.ndarray, n_components: int, dtype: np.dtype, n_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues of a matrix, which is destroyed, and their vectors.

    Those that only rounding tells from zero are left out, and so is what centered samples have
    one too few of. The largest entry of a vector is positive.
    """
    n = len(products)
    values, vectors = eigh(
        products,
        subset_by_index=(max(0, n - n_components), n - 1),
        overwrite_a=True,
        check_finite=False,
    )
    values, vectors = values[::-1], vectors[:, ::-1]
    noise = (
        (n + _SUMMED) * max(np.finfo(np.float64).eps, float(np.finfo(dtype).eps) ** 2) * values[0]
    )
    kept = (values > noise) & (np.arange(len(values)) < n_samples - 1)
    values, vectors = values[kept], vectors[:, kept]
    largest = np.abs(vectors).argmax(axis=0)
    return values, vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
