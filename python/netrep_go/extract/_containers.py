"""What holds matrices of activations on the disk: a folder of .npy files, HDF5 or zarr.

Whatever happens to the process, rows that were told to be there can be read afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from netrep_go._disk import DiskArray, NpyWriter, write_at
from netrep_go._files import reading
from netrep_go._optional import optional
from netrep_go._parts import replacing, sync

_FLOAT32 = np.dtype(np.float32)
_CHUNK = 2**22  # bytes of a chunk of zarr, about


class Container(Protocol):
    """A kind of file for matrices of float32 that have one number of rows."""

    manifest: Path  # what is said about it
    grows: bool  # whether the number of rows may be unknown

    def opened(self, widths: Mapping[str, int], n_rows: int | None, size: int) -> Any:
        """Return a context in which rows are written, ``size`` at once, to entries of widths."""

    def write(self, entry: str, start: int, rows: np.ndarray) -> None:
        """Write rows from the given one on."""

    def commit(self, n_rows: int) -> None:
        """Have so many rows on the disk."""

    def finish(self) -> None:
        """Say that all rows are there, after the last commit."""

    def reader(self, entry: str, n_rows: int, width: int) -> Any:
        """Return what reads an entry when it is sliced."""


def container(path: Path) -> Container:
    """Return the container that a path's suffix stands for."""
    kinds: dict[str, Any] = {".h5": Hdf5, ".hdf5": Hdf5, ".zarr": Zarr}
    return kinds.get(path.suffix.lower(), NpyFolder)(path)


class NpyFolder:
    """One .npy file an entry, which says how many rows there are."""

    grows = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.manifest = path / "store.json"

    @contextmanager
    def opened(self, widths: Mapping[str, int], n_rows: int | None, size: int) -> Iterator[None]:
        """See `Container`."""
        self._writers = {
            entry: NpyWriter(self._file(entry), _FLOAT32, width) for entry, width in widths.items()
        }
        sync(self._path)
        try:
            yield
        finally:
            for writer in self._writers.values():
                writer.close()

    def write(self, entry: str, start: int, rows: np.ndarray) -> None:
        """See `Container`."""
        self._writers[entry].write(start, rows)

    def commit(self, n_rows: int) -> None:
        """See `Container`."""
        for writer in self._writers.values():
            writer.commit(n_rows)

    def finish(self) -> None:
        """See `Container`."""

    def reader(self, entry: str, n_rows: int, width: int) -> DiskArray:
        """See `Container`."""
        whole = DiskArray.from_npy(self._file(entry))
        return DiskArray(whole.path, whole.offset, whole.dtype, (n_rows, width))

    def _file(self, entry: str) -> Path:
        return self._path / f"{entry}.npy"


class Hdf5:
    """One data set an entry, in a file that has another name until all rows are there.

    The file is made with room for all of them, and then written to past the library: a process
    that is killed while HDF5 changes its tables leaves a file that cannot be read.
    """

    grows = False

    def __init__(self, path: Path) -> None:
        self._h5py = optional("h5py", "store", "a store in HDF5")
        self._path = path
        self._unfinished = path.with_name(f"{path.name}.unfinished")
        self.manifest = path.with_name(f"{path.name}.json")

    @contextmanager
    def opened(self, widths: Mapping[str, int], n_rows: int | None, size: int) -> Iterator[None]:
        """See `Container`."""
        if not self._unfinished.exists():
            with replacing(self._unfinished) as path, path.open("w+b") as file:
                self._make(file, widths, n_rows)
        self._places = {entry: self.reader(entry, 0, width) for entry, width in widths.items()}
        self._file = os.open(self._unfinished, os.O_RDWR)
        try:
            yield
        finally:
            os.close(self._file)

    def _make(self, stream: Any, widths: Mapping[str, int], n_rows: int | None) -> None:
        early = self._h5py.h5p.create(self._h5py.h5p.DATASET_CREATE)
        early.set_alloc_time(self._h5py.h5d.ALLOC_TIME_EARLY)
        early.set_fill_time(self._h5py.h5d.FILL_TIME_NEVER)
        with self._h5py.File(stream, "w") as file:
            for entry, width in widths.items():
                file.create_dataset(entry, (n_rows, width), _FLOAT32, dcpl=early)

    def write(self, entry: str, start: int, rows: np.ndarray) -> None:
        """See `Container`."""
        place = self._places[entry]
        row = place.shape[1] * _FLOAT32.itemsize
        write_at(self._file, np.ascontiguousarray(rows, _FLOAT32), place.offset + start * row)

    def commit(self, n_rows: int) -> None:
        """See `Container`."""
        os.fsync(self._file)

    def finish(self) -> None:
        """See `Container`."""
        if self._unfinished.exists():  # or a process was killed after this
            os.replace(self._unfinished, self._path)
        sync(self._path.parent)

    def reader(self, entry: str, n_rows: int, width: int) -> DiskArray:
        """See `Container`."""
        path = self._path if self._path.exists() else self._unfinished
        with (
            reading(path, "is damaged, or not of this store"),
            path.open("rb") as stream,
            self._h5py.File(stream, "r") as file,
        ):
            offset = file[entry].id.get_offset()
        return DiskArray(path, offset, _FLOAT32, (n_rows, width))


class Zarr:
    """One array an entry, in chunks of the batches' rows."""

    grows = True

    def __init__(self, path: Path) -> None:
        self._zarr = optional("zarr", "store", "a store in zarr")
        self._path = path
        self.manifest = path.with_name(f"{path.name}.json")

    @contextmanager
    def opened(self, widths: Mapping[str, int], n_rows: int | None, size: int) -> Iterator[None]:
        """See `Container`."""
        self._size = size
        group = self._zarr.open_group(self._path, mode="a")
        self._arrays = {entry: self._array(group, entry, w, size) for entry, w in widths.items()}
        yield

    def _array(self, group: Any, entry: str, width: int, size: int) -> Any:
        if entry in group:
            return group[entry]
        columns = min(width, max(1, _CHUNK // (size * _FLOAT32.itemsize)))
        return group.create_array(
            entry,
            shape=(0, width),
            chunks=(size, columns),
            dtype=_FLOAT32,
            fill_value=float("nan"),
        )

    def write(self, entry: str, start: int, rows: np.ndarray) -> None:
        """See `Container`."""
        array = self._arrays[entry]
        # after a kill there may be rows that nobody was told of: they are whole, or NaN
        array.resize((max(array.shape[0], start + len(rows)), array.shape[1]))
        array[start : start + len(rows)] = rows

    def commit(self, n_rows: int) -> None:
        """See `Container`; zarr replaces files at once, but leaves them to the system to write."""
        last = str((n_rows - 1) // self._size)
        for entry in self._arrays:
            chunks = self._path / entry / "c" / last
            for path in (
                *chunks.glob("*"),
                chunks,
                chunks.parent,
                self._path / entry / "zarr.json",
            ):
                if path.exists():  # chunks that are NaN are not
                    sync(path)

    def finish(self) -> None:
        """See `Container`."""

    def reader(self, entry: str, n_rows: int, width: int) -> Any:
        """See `Container`."""
        path = self._path / entry
        with reading(path, "is damaged, or not of this store"):
            return self._zarr.open_array(path, mode="r")
