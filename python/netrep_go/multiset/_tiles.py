"""A matrix on disk in tiles: a zarr 3 array whose chunks are whole, checksummed or not there.

An entry that was never written is NaN, and so is one that was computed and is undefined. Their
bits differ, so that no list of what is done needs to be kept beside the values.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from netrep_go._optional import optional
from netrep_go._parts import replacing

_LAYOUT = (
    "zarr_format",
    "node_type",
    "data_type",
    "chunk_grid",
    "chunk_key_encoding",
    "codecs",
    "fill_value",
)
_OTHERS = ("shape", "attributes", "storage_transformers", "dimension_names")
_MISSING = np.float64(np.nan).view(np.uint64)  # the bits of zarr's fill value
_UNDEFINED = (_MISSING + np.uint64(1)).view(np.float64)


# Tiles, and which of their entries are missing.
Missing = dict[tuple[int, int], np.ndarray]


class Tiles:
    """A matrix of float64 on disk, cut into tiles of one shape.

    Parameters
    ----------
    path : Path
        The folder of the zarr array.
    shape, tile : tuple of (int, int)
        Shape of the matrix and of a tile; those at the edges are cut.
    """

    def __init__(self, path: Path, shape: tuple[int, int], tile: tuple[int, int]) -> None:
        self.path = path
        self.shape = shape
        self.tile = tile
        self.counts = (-(-shape[0] // tile[0]), -(-shape[1] // tile[1]))

    def create(self) -> None:
        """Write what zarr needs to know, unless it stands there."""
        self.path.mkdir(exist_ok=True)
        if not self.is_described():
            _replace(self.path / "zarr.json", self._description)

    def is_described(self) -> bool:
        """Whether what zarr knows is what it should know."""
        return self._shape_there() == self.shape

    def _shape_there(self) -> tuple[int, int]:
        """Return the shape that zarr knows, or none if all else is not as it should be."""
        try:
            there = json.loads((self.path / "zarr.json").read_bytes())
            n_rows, n_columns = there["shape"]
            same = all(there[key] == value for key, value in self._layout.items())
            same &= there.keys() <= {*_LAYOUT, *_OTHERS}
        except (OSError, ValueError, TypeError, KeyError):
            return 0, 0
        return (n_rows, n_columns) if same else (0, 0)

    @cached_property
    def _description(self) -> bytes:
        return _bytes(_in_memory(self.shape, self.tile), "zarr.json")

    @cached_property
    def _layout(self) -> dict[str, Any]:
        """What zarr must know but for the shape, which grows."""
        known = json.loads(self._description)
        return {key: known[key] for key in _LAYOUT}

    def open(self) -> Any:
        """Return the array as zarr opens it; it can only be read.

        It may have more rows and columns, which another process is about to compute.
        """
        if not all(n >= own for n, own in zip(self._shape_there(), self.shape, strict=True)):
            raise ValueError(
                f"{self.path / 'zarr.json'} is damaged: computing the store once more mends it"
            )
        return zarr().open_array(self.path, mode="r")

    def along(self, axis: int, k: int) -> slice:
        """Return where the k-th tile is along an axis."""
        size = self.tile[axis]
        return slice(k * size, min((k + 1) * size, self.shape[axis]))

    def missing(self) -> Missing:
        """Return the tiles that lack entries or are damaged, and which entries these are."""
        array = self.open()
        found: Missing = {}
        for i in range(self.counts[0]):
            strip = self._strip(array, i)
            for j in range(self.counts[1]):
                mask = is_missing(strip[:, self.along(1, j)])
                if mask.any():
                    found[i, j] = mask
        return found

    def _strip(self, array: Any, i: int) -> np.ndarray:
        """Return a row of tiles, which are NaN where they are damaged."""
        try:
            return array[self.along(0, i)]
        except Exception:
            return np.concatenate([self._read(array, i, j) for j in range(self.counts[1])], axis=1)

    def is_whole(self, i: int, j: int) -> bool:
        """Whether a tile is not cut by the edge of the matrix."""
        return (i + 1) * self.tile[0] <= self.shape[0] and (j + 1) * self.tile[1] <= self.shape[1]

    def read(self, i: int, j: int, *, whole: bool = False) -> np.ndarray:
        """Return a tile, which is NaN if it is damaged or not there.

        The whole one goes to the edge of the matrix as it is on disk, which may have grown.
        """
        array = self.open()
        if whole:
            return Tiles(self.path, array.shape, self.tile)._read(array, i, j)
        return self._read(array, i, j)

    def _read(self, array: Any, i: int, j: int) -> np.ndarray:
        rows, columns = self.along(0, i), self.along(1, j)
        try:
            return array[rows, columns]
        except Exception:
            return np.full((rows.stop - rows.start, columns.stop - columns.start), np.nan)

    def write(self, i: int, j: int, values: np.ndarray) -> None:
        """Put a tile, whole, in the place of what was there."""
        chunk = _in_memory(self.tile, self.tile)
        chunk[: values.shape[0], : values.shape[1]] = values
        folder = self.path / "c" / str(i)
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / str(j), _bytes(chunk, "c/0/0"))


def computed(values: np.ndarray) -> np.ndarray:
    """Return values with a NaN that says of itself that it was computed."""
    return np.where(np.isnan(values), _UNDEFINED, values)


def zarr() -> ModuleType:
    """Import zarr."""
    return optional("zarr", "store", "a DistanceStore")


def is_missing(values: np.ndarray) -> np.ndarray:
    """Return which values were never written."""
    return np.ascontiguousarray(values).view(np.uint64) == _MISSING


def _in_memory(shape: tuple[int, int], tile: tuple[int, int]) -> Any:
    """Return an empty array like those on disk."""
    codecs = optional("zarr.codecs", "store", "a DistanceStore")
    return zarr().create_array(
        {},
        shape=shape,
        chunks=tile,
        dtype="float64",
        fill_value=np.nan,
        compressors=[codecs.Crc32cCodec()],
        zarr_format=3,
        config={"write_empty_chunks": True},
    )


def _bytes(array: Any, key: str) -> bytes:
    """Return what an array in memory would write to a file."""
    return array.store._store_dict[array.store_path.path + key].to_bytes()


def _replace(file: Path, content: bytes) -> None:
    with replacing(file) as new:
        new.write_bytes(content)
