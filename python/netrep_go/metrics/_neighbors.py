"""The nearest samples of each sample in a network, on which measures of neighborhoods build."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from netrep_go._parameters import check_parameters
from netrep_go._sizes import exponents, of_order_one
from netrep_go._validation import check_integer, check_option
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties, Undefined

__all__ = [
    "ROUNDING",
    "NeighborMeasure",
    "Neighbors",
    "directions",
    "matches",
    "nearest",
    "reordered",
    "shared",
]

Similarity = Literal["cosine", "dot", "euclidean"]

_BLOCK = 2**22  # similarities that are held at once: 32 MiB, and as much for their order
_BITS = 2**26  # above it, 8 MiB, looking up bits is not faster than comparing lists
ROUNDING = 32 * np.finfo(float).eps  # what similarities of lengths 1 may differ by and be equal


class _Bits(NamedTuple):
    """Who is whose neighbor, a bit for each pair; and where the bits of the neighbors are."""

    words: np.ndarray
    places: np.ndarray
    masks: np.ndarray


@dataclass(frozen=True)
class Neighbors:
    """The k nearest of n samples, for each of them, itself left out.

    Attributes
    ----------
    indices : ndarray of int of shape (k, n)
        The nearest of each sample is in the first row. Of equals the first comes first.
    values : ndarray of shape (k, n)
        How similar they are, times ``2 ** exponent``.
    remark : str
        What users are warned of.
    """

    indices: np.ndarray
    values: np.ndarray
    exponent: int
    remark: str
    bits: _Bits | None


class _Space(NamedTuple):
    """Points whose similarities are products, less an offset of the second one.

    Offsets are half the squared lengths, for Euclidean distances, or nothing.
    """

    points: np.ndarray
    lengths: np.ndarray
    offsets: np.ndarray | None = None
    exponent: int = 0

    def similarities(self, rows: slice) -> np.ndarray:
        """Return how similar some samples are to all, and -inf to themselves."""
        values: np.ndarray = self.points[rows] @ self.points.T
        if self.offsets is not None:
            values -= self.offsets
        values[np.arange(len(values)), np.arange(len(self.points))[rows]] = -np.inf
        return values

    def rounding(self, row: np.ndarray, column: np.ndarray | slice) -> np.ndarray:
        """Return what similarities may differ by and be equal."""
        size = self.lengths[row] * self.lengths[column]
        if self.offsets is not None:
            size = size + self.offsets[column]
        return ROUNDING * size


def directions(x: np.ndarray) -> np.ndarray:
    """Return samples, none of which is all zeros, as vectors of length 1."""
    x = of_order_one(x)
    vectors: np.ndarray = x / np.linalg.norm(x, axis=1, keepdims=True)
    return vectors


def _space(x: np.ndarray, similarity: Similarity) -> _Space:
    if similarity == "cosine":
        return _Space(directions(x), np.ones(len(x)))
    if similarity == "euclidean":
        x = x - np.median(x, axis=0)  # which samples that are far off do not move
    exponent = int(exponents(x.ravel())[0])
    x = np.ldexp(x, -exponent)
    lengths = np.linalg.norm(x, axis=1)
    return _Space(x, lengths, lengths**2 / 2 if similarity == "euclidean" else None, 2 * exponent)


def nearest(
    x: np.ndarray, k: int, similarity: Similarity, name: str, in_order: bool = False
) -> Neighbors | Undefined:
    """Return the k nearest of all samples, found in blocks of rows.

    With ``in_order`` equals in the list, too, are worth a remark.
    """
    n = len(x)
    if k >= n:
        return Undefined(f"{k} neighbors need at least {k + 1} samples, got {n}")
    if similarity == "cosine" and not (active := x.any(axis=1)).all():
        silent = np.flatnonzero(~active)[0]
        return Undefined(f"sample {silent} of {name} is all zeros, which has no cosine")
    space = _space(x, similarity)
    step = max(1, _BLOCK // n)
    blocks = [_nearest_of(space, slice(i, min(i + step, n)), k) for i in range(0, n, step)]
    indices, values, tied, alike = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    if alike.all():
        return Undefined(f"all samples of {name} are equally similar, so that none is nearest")
    n_tied = int(np.count_nonzero(tied.any(axis=1) if in_order else tied[:, -1]))
    return Neighbors(
        np.ascontiguousarray(indices.T, np.min_scalar_type(n - 1)),
        np.ascontiguousarray(values.T),
        space.exponent,
        _remark(name, n_tied, n, k, in_order),
        _as_bits(indices.T) if n * n <= _BITS else None,
    )


def _remark(name: str, n_tied: int, n: int, k: int, in_order: bool) -> str:
    if not n_tied:
        return ""
    where = "among or next after" if in_order else "on both sides of the last of"
    return (
        f"{n_tied} of the {n} samples of {name} have equally similar samples {where} their {k} "
        "neighbors, of which those that come first in the data count as nearer"
    )


def _nearest_of(space: _Space, rows: slice, k: int) -> tuple[np.ndarray, ...]:
    """Return indices, values, which are tied with the next, and whether all are, of some samples.

    All are alike where even the nearest is no nearer than the farthest.
    """
    similarities = space.similarities(rows)
    n = len(space.points)
    samples = np.arange(n)[rows]
    top = np.argpartition(similarities, n - 1 - k, axis=1)[:, n - 1 - k :]  # k, and the next
    indices, values, tied = _ranked(similarities, top, space, samples)
    alike = np.zeros(len(samples), bool)
    if 1 < k == n - 1:
        alike[:] = tied[:, :-1].all(axis=1)
    for row in np.flatnonzero(tied[:, -1]):
        here = slice(row, row + 1)
        rounding = space.rounding(samples[row], slice(None))
        least = values[row, k - 1] - np.maximum(rounding, rounding[indices[row]].max())
        equals = np.flatnonzero(similarities[row] >= least)[np.newaxis]
        ranked, of_ranked, among = _ranked(similarities[here], equals, space, samples[here])
        indices[here], values[here] = ranked[:, : k + 1], of_ranked[:, : k + 1]
        tied[here] = among[:, :k]
        alike[row] = equals.size == n - 1 and among.all()
    return indices[:, :k], values[:, :k], tied, alike


def _ranked(
    similarities: np.ndarray, columns: np.ndarray, space: _Space, samples: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns, the most similar first, their values, and which are as good as the next.

    Equals are in the order of the samples.
    """
    values = np.take_along_axis(similarities, columns, axis=1)
    order = np.argsort(-values, axis=1)
    columns, values = (np.take_along_axis(each, order, axis=1) for each in (columns, values))
    rounding = space.rounding(samples[:, np.newaxis], columns)
    tied = values[:, :-1] - values[:, 1:] <= np.maximum(rounding[:, :-1], rounding[:, 1:])
    if tied.any():
        groups = np.zeros(columns.shape, np.int64)
        np.cumsum(~tied, axis=1, out=groups[:, 1:])
        n = len(space.points)
        columns = np.sort(groups * n + columns, axis=1) % n
    return columns, values, tied


def _as_bits(indices: np.ndarray) -> _Bits:
    n = indices.shape[1]
    width = -(-n // 8)
    places = np.arange(n) * width + (indices >> 3)
    masks = np.left_shift(1, indices & 7).astype(np.uint8)
    words = np.zeros(n * width, np.uint8)
    for place, mask in zip(places, masks, strict=True):
        words[place] |= mask
    return _Bits(words, places, masks)


def reordered(found: Neighbors, order: np.ndarray) -> Neighbors:
    """Return the neighbors of the same samples in another order, if there are no ties."""
    indices = np.argsort(order)[found.indices[:, order]]
    return replace(
        found,
        indices=indices.astype(found.indices.dtype),
        values=found.values[:, order],
        bits=None if found.bits is None else _as_bits(indices),
    )


def matches(x: Neighbors, y: Neighbors) -> Iterator[np.ndarray]:
    """Yield, for each rank in y, which neighbors in x are the one of that rank: (k, n)."""
    for row in y.indices:
        yield x.indices == row


def shared(x: Neighbors, y: Neighbors) -> np.ndarray:
    """Return which neighbors in x are neighbors in y: (k, n)."""
    if x.bits is not None and y.bits is not None:
        joint: np.ndarray = (y.bits.words.take(x.bits.places) & x.bits.masks) != 0
        return joint
    joint = np.zeros(x.indices.shape, bool)
    for match in matches(x, y):
        joint |= match
    return joint


class NeighborMeasure(Measure):
    """What measures of neighborhoods share: the nearest samples are found once a network."""

    _symmetric: ClassVar[bool] = True
    _in_order: ClassVar[bool] = False  # whether it matters which of two neighbors is nearer
    _cost: ClassVar[str] = "n k^2, and once a network n^2 p"
    _reference: ClassVar[str] = ""

    def __init__(self, n_neighbors: int = 10, similarity: Similarity = "cosine") -> None:
        self.n_neighbors = n_neighbors
        self.similarity = similarity
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_integer(self.n_neighbors, "n_neighbors", 1)
        check_option(self.similarity, "similarity", ("cosine", "dot", "euclidean"))

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        kept = {"permutation", "rotation", "scale"}
        return Properties(
            kind="similarity",
            range=(0, self._highest()),
            symmetric=self._symmetric,
            identity=self._symmetric,
            invariances=kept | ({"translation"} if self.similarity == "euclidean" else set()),
            cost=self._cost,
            reference=self._reference,
        )

    def _highest(self) -> float:
        return 1

    def _prepare(self, x: np.ndarray, name: str) -> Neighbors | Undefined:
        return nearest(x, int(self.n_neighbors), self.similarity, name, self._in_order)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        if isinstance(prepared, Undefined):
            return prepared
        if prepared.remark:  # of ties, which go by the order
            return super()._reordered(prepared, x, order, name)
        return reordered(prepared, order)
