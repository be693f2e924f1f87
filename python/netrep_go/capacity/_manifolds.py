"""Manifolds as users hold them: labeled samples, or an array of samples for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._names import check_same_indexes, split_names
from netrep_go._sizes import FOURTH_POWERS, check_range
from netrep_go._validation import as_labels, as_responses, ndim_of

Samples = ArrayLike | Sequence[ArrayLike] | Mapping[Any, ArrayLike]


@dataclass(frozen=True, eq=False)
class Manifolds:
    """The samples of each manifold, without those that are missing.

    Attributes
    ----------
    samples : list of ndarray of shape (n_samples_i, n_features)
        Finite samples, in float64. They may be the user's own memory: never write there.
    names : list
        Name of each manifold: its label, its key, or its place in the list.
    rows : list of ndarray of shape (n_samples_i,)
        Row of each sample in the labeled matrix, or in the manifold's own array.
    n_rows : int or list of int
        Number of rows of the matrix, or of each array.
    named : bool
        Whether the arrays came with names.
    """

    samples: list[np.ndarray]
    names: list[Any]
    rows: list[np.ndarray]
    n_rows: int | list[int]
    named: bool = False

    @property
    def n_features(self) -> int:
        """Number of features, the same for all manifolds."""
        return self.samples[0].shape[1]

    @property
    def sizes(self) -> np.ndarray:
        """Number of samples of each manifold."""
        return np.array([len(samples) for samples in self.samples], np.int64)

    def pooled(self) -> np.ndarray:
        """Return a copy of all samples, one manifold after the other."""
        return np.concatenate(self.samples)

    def split(self, pool: np.ndarray) -> list[np.ndarray]:
        """Cut as many samples as are pooled into manifolds."""
        return np.split(pool, np.cumsum(self.sizes)[:-1])

    def centers(self) -> np.ndarray:
        """Return the mean of each manifold's samples, of shape (n_manifolds, n_features)."""
        return np.stack([samples.mean(axis=0) for samples in self.samples])

    def centered_centers(self) -> np.ndarray:
        """Return centers relative to their mean; raise if one is nothing but rounding."""
        check_several(self, "distances of centers from their mean")
        centers = self.centers()
        scale = max(np.abs(samples).max() for samples in self.samples)  # what means round from
        centers -= centers.mean(axis=0)
        norms = np.linalg.norm(centers, axis=1)
        at_mean = np.flatnonzero(norms <= 1e-13 * scale * np.sqrt(self.n_features))
        if len(at_mean):
            raise ValueError(
                f"the center of manifold {self.names[at_mean[0]]!r} is the mean of all centers: "
                "its radius and correlations are not defined"
            )
        return centers

    def restore(self, samples: Sequence[np.ndarray]) -> Any:
        """Return other samples in the form of the input: missing ones are NaN."""
        width = samples[0].shape[1]
        if isinstance(self.n_rows, int):
            whole = np.full((self.n_rows, width), np.nan)
            for rows, values in zip(self.rows, samples, strict=True):
                whole[rows] = values
            return whole
        arrays = [np.full((n, width), np.nan) for n in self.n_rows]
        for array, rows, values in zip(arrays, self.rows, samples, strict=True):
            array[rows] = values
        return dict(zip(self.names, arrays, strict=True)) if self.named else arrays


def as_manifolds(X: Any, y: ArrayLike | None = None, *, any_size: bool = False) -> Manifolds:
    """Return the manifolds in a labeled matrix, in a list or dict of matrices, or a single one.

    Samples that are NaN in all features are missing, as in padded recordings, and left out.
    Numbers whose fourth powers leave the range of float64 raise, unless ``any_size``.
    """
    single = is_single(X)
    manifolds = _taken(X, y, single)
    if not any_size:
        extremes = [(samples.min(), samples.max()) for samples in manifolds.samples]
        check_range(np.ravel(extremes), "X", FOURTH_POWERS)
    return manifolds


def _taken(X: Any, y: ArrayLike | None, single: bool) -> Manifolds:
    if y is None and not single:
        return _from_arrays(X)
    if isinstance(X, Mapping) and not single:
        raise ValueError("X has names of its own: leave out y")
    check_same_indexes([("X", X), ("y", y)], "samples")
    X = as_responses(X, "X", 2)
    if y is None:
        present = _present(X, "X")
        return Manifolds([X[present]], [0], [present], len(X))
    y = as_labels(y, "y")
    if y.shape != (len(X),):
        raise ValueError(f"y must have shape ({len(X)},), got {y.shape}")
    names, codes = np.unique(y, return_inverse=True)
    rows, samples = [], []
    for code, name in enumerate(names.tolist()):
        of_name = np.flatnonzero(codes == code)
        of_name = of_name[_present(X[of_name], f"manifold {name!r}")]
        rows.append(of_name)
        samples.append(X[of_name])
    return Manifolds(samples, names.tolist(), rows, len(X))


def is_single(X: Any) -> bool:
    """Whether X is one matrix, not several."""
    if hasattr(X, "ndim"):  # an array, sparse ones too, or of pandas
        return X.ndim == 2
    return isinstance(X, Sequence) and len(X) > 0 and ndim_of(X[0], "X[0]") == 1


def check_several(manifolds: Manifolds, what: str) -> None:
    """Raise if there are fewer than two manifolds."""
    if len(manifolds.samples) < 2:
        raise ValueError(
            f"X must have at least 2 manifolds for {what}, got {len(manifolds.samples)}"
        )


def _from_arrays(X: Sequence[ArrayLike] | Mapping[Any, ArrayLike]) -> Manifolds:
    items, names = split_names(X, "X")
    if not items:
        raise ValueError("X must have at least one manifold")
    keys = list(range(len(items))) if names is None else names
    labeled = [(f"X[{key!r}]", x) for key, x in zip(keys, items, strict=True)]
    check_same_indexes(labeled, "features", axis=-1)
    arrays = [as_responses(x, name, 2) for name, x in labeled]
    for key, x in zip(keys, arrays, strict=True):
        if x.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"manifolds must have the same features, but X[{keys[0]!r}] has "
                f"{arrays[0].shape[1]} and X[{key!r}] {x.shape[1]}"
            )
    rows = [_present(x, f"manifold {key!r}") for key, x in zip(keys, arrays, strict=True)]
    samples = [
        x if len(present) == len(x) else x[present] for x, present in zip(arrays, rows, strict=True)
    ]
    return Manifolds(samples, keys, rows, [len(x) for x in arrays], names is not None)


def _present(x: np.ndarray, name: str) -> np.ndarray:
    """Return the rows that are not missing; raise if none is or others are not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.add.reduce(x, axis=None)):  # then all is: a quick way for most
            return np.arange(len(x))
    missing = np.isnan(x).all(axis=1)
    present = np.flatnonzero(~missing)
    if len(present) == 0:
        raise ValueError(f"{name} has no samples: all are NaN")
    if not np.isfinite(x[present]).all():
        raise ValueError(
            f"{name} has samples that are NaN or infinite in some features: samples may be missing "
            "only as a whole"
        )
    return present
