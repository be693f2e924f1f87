"""The features of one layer, for any training and test set."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.decomposition import IncrementalPCA
from sklearn.random_projection import SparseRandomProjection

from netrep_go._shown import shown
from netrep_go._validation import check_option
from netrep_go.encoding._blocks import adjacent, blocks

COMPRESSIONS = ("pca", "projection")
COMPONENTS = 1000  # that compression keeps, unless there are fewer


def check_compression(compression: Any) -> None:
    """Raise if features cannot be compressed so."""
    if isinstance(compression, str):
        check_option(compression, "compression", COMPRESSIONS)
    elif compression is not None and (
        isinstance(compression, type)
        or not all(hasattr(compression, name) for name in ("get_params", "fit", "transform"))
    ):
        raise TypeError(
            f"compression must be {' or '.join(map(repr, COMPRESSIONS))}, a transformer of "
            f"scikit-learn or None, got {shown(compression)}"
        )


class Design:
    """A layer: its features, less their means over all samples, and how they are compressed.

    The means are of no consequence, for each training set subtracts its own; they keep the
    digits of features that are far from 0. They are subtracted from the samples that are asked
    for, which saves a copy of all.
    """

    def __init__(
        self,
        x: np.ndarray,
        root: np.ndarray | None,
        compression: Any,
        seed: int,
        dtype: DTypeLike,
    ) -> None:
        self._compression, self._seed, self._dtype = compression, seed, dtype
        self._root = root
        self.n_features = x.shape[1]
        self._x = x if root is None else x @ root
        self.mean = self._x.mean(axis=0)
        self.shape = x.shape

    @cached_property
    def gram(self) -> np.ndarray:
        """Products of all samples, whose blocks are those of every fold."""
        x = self.rows(np.arange(len(self._x))).astype(self._dtype, copy=False)
        return (x @ x.T).astype(np.float64, copy=False)

    def variance(self, train: np.ndarray) -> float:
        """Return the mean squared length of training samples about their mean."""
        parts = blocks(self.shape[1], len(train))
        return float(sum(np.var(self._x[train, part], axis=0).sum() for part in parts))

    def rows(self, rows: np.ndarray) -> np.ndarray:
        """Return the features of some samples, less the means."""
        return self._x[adjacent(rows)] - self.mean

    @property
    def is_compressed(self) -> bool:
        """Whether each training set has features of its own."""
        return self._compression is not None

    def is_dual(self, n_train: int) -> bool:
        """Whether products of samples are fewer than those of features."""
        return self._compression is None and self.shape[1] > n_train

    def products(self, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return products of training samples, and of test with training samples, centered."""
        inner = self.gram[np.ix_(train, train)]
        cross = self.gram[np.ix_(test, train)]
        columns = inner.mean(axis=0)
        rest = columns - columns.mean()
        cross -= cross.mean(axis=1, keepdims=True)
        cross -= rest
        inner -= columns[:, np.newaxis]
        inner -= rest
        return inner, cross

    def matrices(
        self, train: np.ndarray, test: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, Features]:
        """Return training and test features, compressed and centered by the training set."""
        if self._compression is None:
            known = self.rows(train)
            features = self.features(known.mean(axis=0))
            known -= features.mean
        else:
            known = self._x[train]
            transformer = self._transformer(known.shape).fit(known)
            known = _dense(transformer.transform(known))
            features = Features(self._root, transformer, None, known.mean(axis=0))
            known -= features.mean
        held_out = features(self._x[test], prepared=True) if len(test) else known[:0]
        return known, held_out, features

    def features(self, mean: np.ndarray) -> Features:
        """Return features that are not compressed, less the mean of a training set."""
        return Features(self._root, None, self.mean, mean)

    def _transformer(self, shape: tuple[int, int]) -> Any:
        """Return the compression, unfitted, for a training set of this shape."""
        n, p = shape
        if self._compression == "pca":
            return IncrementalPCA(min(COMPONENTS, n, p))
        if self._compression == "projection":
            return SparseRandomProjection(min(COMPONENTS, p), random_state=self._seed)
        return clone(self._compression)


class Features:
    """What a training set has learnt of features: their compression and means."""

    def __init__(
        self, root: np.ndarray | None, transformer: Any, shift: np.ndarray | None, mean: np.ndarray
    ) -> None:
        self._root, self._transformer, self._shift, self.mean = root, transformer, shift, mean

    def __call__(self, x: np.ndarray, *, prepared: bool = False) -> np.ndarray:
        """Return features of samples, on which the root may have been already."""
        x = x if prepared or self._root is None else x @ self._root
        x = x if self._shift is None else x - self._shift
        if self._transformer is not None:
            x = _dense(self._transformer.transform(x))
        return x - self.mean

    def weights(self, coef: np.ndarray) -> np.ndarray:
        """Return coefficients of the features that were given, or of compressed ones."""
        plain = self._root is None or self._transformer is not None
        return coef if plain else self._root @ coef


def _dense(x: Any) -> np.ndarray:
    return np.asarray(x.toarray() if issparse(x) else x, np.float64)
