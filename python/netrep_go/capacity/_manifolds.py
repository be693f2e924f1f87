"""Manifolds as users hold them: labelled samples, or one array of samples each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array

from netrep_go._validation import as_array


@dataclass(frozen=True, eq=False)
class Manifolds:
    """The samples of each manifold, without those that are missing.

    Attributes
    ----------
    samples : list of ndarray of shape (n_samples_i, n_features)
        Finite samples, in float64. They may be the user's own memory: never write there.
    names : list
        Label of each manifold, or its place in the list.
    rows : list of ndarray of shape (n_samples_i,)
        Row of each sample in the labelled matrix, or in the manifold's own array.
    n_rows : int or list of int
        Number of rows of the matrix, or of each array.
    """

    samples: list[np.ndarray]
    names: list[Any]
    rows: list[np.ndarray]
    n_rows: int | list[int]

    @property
    def n_features(self) -> int:
        """Number of features, the same for all manifolds."""
        return self.samples[0].shape[1]

    def centers(self) -> np.ndarray:
        """Return the mean of each manifold's samples, of shape (n_manifolds, n_features)."""
        return np.stack([samples.mean(axis=0) for samples in self.samples])

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
        return arrays


def as_manifolds(X: ArrayLike | Sequence[ArrayLike], y: ArrayLike | None = None) -> Manifolds:
    """Return the manifolds in a labelled matrix, in a list of matrices, or a single one.

    Samples that are NaN in all features are missing, as in padded recordings, and left out.
    """
    if y is None and not is_single(X):
        return _from_list(X)
    X = _as_floats(X, "X")
    if y is None:
        present = _present(X, "X")
        return Manifolds([X[present]], [0], [present], len(X))
    y = np.asarray(y)
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


def is_single(X: ArrayLike | Sequence[ArrayLike]) -> bool:
    """Whether X is one matrix, not a list of them."""
    return np.ndim(X if isinstance(X, np.ndarray) else X[0]) + (not isinstance(X, np.ndarray)) == 2


def _from_list(X: Sequence[ArrayLike]) -> Manifolds:
    arrays = [_as_floats(x, f"X[{i}]") for i, x in enumerate(X)]
    for i, x in enumerate(arrays):
        if x.shape[1] != arrays[0].shape[1]:
            raise ValueError(
                f"manifolds must have the same features, but X[0] has {arrays[0].shape[1]} and "
                f"X[{i}] {x.shape[1]}"
            )
    rows = [_present(x, f"manifold {i}") for i, x in enumerate(arrays)]
    samples = [
        x if len(present) == len(x) else x[present] for x, present in zip(arrays, rows, strict=True)
    ]
    return Manifolds(samples, list(range(len(arrays))), rows, [len(x) for x in arrays])


def _as_floats(x: ArrayLike, name: str) -> np.ndarray:
    """Return a matrix that may hold NaN."""
    x = check_array(
        x,
        dtype=np.float64,
        ensure_2d=False,
        allow_nd=True,
        ensure_all_finite=False,
        input_name=name,
    )
    if x.ndim != 2:
        return as_array(x, name, ndim=2)  # which says what is wrong
    return np.require(x, np.float64, ["C", "A"])


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


def check_several(manifolds: Manifolds, what: str) -> None:
    """Raise if there are fewer than two manifolds."""
    if len(manifolds.samples) < 2:
        raise ValueError(f"{what} needs at least 2 manifolds, got {len(manifolds.samples)}")
