"""Matrices in files that are read and written in pieces, never mapped or held whole.

Pages of a memory map count as memory of the process, and a layer of a network does not fit.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from netrep_go._files import DamagedFileError, reading


class DiskArray:
    """A matrix in a file, which is read when it is sliced.

    Rows and columns are chosen as in NumPy, but each for itself: two lists of indices give
    the block where they cross. What comes back is a new array.

    Parameters
    ----------
    path : path
        The file.
    offset : int
        Where the entries begin, in bytes.
    dtype : dtype
        Type of the entries, which are in C order.
    shape : tuple of int
        Number of rows and columns.
    """

    ndim = 2

    def __init__(
        self, path: str | os.PathLike[str], offset: int, dtype: Any, shape: tuple[int, int]
    ) -> None:
        self.path = Path(path)
        self.offset = int(offset)
        self.dtype = np.dtype(dtype)
        self.shape = (int(shape[0]), int(shape[1]))

    @classmethod
    def from_npy(cls, path: str | os.PathLike[str]) -> DiskArray:
        """Return the matrix of an .npy file in C order."""
        with (
            reading(path, "is damaged, or no .npy file of a matrix"),
            Path(path).open("rb") as file,
        ):
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, turned, dtype = np.lib.format.read_array_header_1_0(file)
            else:
                shape, turned, dtype = np.lib.format.read_array_header_2_0(file)
            if len(shape) != 2 or turned or dtype.hasobject:
                raise ValueError(f"it must be in C order, got {dtype} of {shape}")
            found = cls(path, file.tell(), dtype, shape)
            if found.offset + found.nbytes > os.fstat(file.fileno()).st_size:
                raise ValueError(f"it is shorter than its {shape} entries")
            return found

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.shape[0] * self.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of the entries."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"DiskArray({str(self.path)!r}, shape={self.shape}, dtype={self.dtype})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError(f"the matrix is in {self.path}: it cannot be had without a copy")
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def __getitem__(self, key: Any) -> np.ndarray:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if not isinstance(columns, slice) or columns.step not in (None, 1):
            return self[rows][..., columns]
        chosen = np.arange(len(self))[rows]
        start, stop, _ = columns.indices(self.shape[1])
        block = np.empty((chosen.size, max(stop - start, 0)), self.dtype)
        with self.path.open("rb") as file:
            self._fill(file.fileno(), block, np.ravel(chosen), start)
        return block.reshape(*chosen.shape, block.shape[1])

    def _fill(self, descriptor: int, block: np.ndarray, rows: np.ndarray, column: int) -> None:
        """Read a block of rows, at once if they lie one after the other."""
        width = self.shape[1]
        together = block.shape[1] == width and (np.diff(rows) == 1).all()
        targets, firsts = (block[np.newaxis], rows[:1]) if together else (block, rows)
        for target, row in zip(targets[: len(firsts)], firsts, strict=True):
            place = self.offset + (int(row) * width + column) * self.dtype.itemsize
            self._read(descriptor, target, place)

    def _read(self, descriptor: int, target: np.ndarray, place: int) -> None:
        """Fill contiguous memory from a place in the file; the system reads 2 GB at most."""
        memory = _bytes_of(target)
        while memory:
            count = os.preadv(descriptor, [memory], place)
            if count == 0:
                raise DamagedFileError(f"{self.path} is shorter than its {self.shape} entries")
            memory, place = memory[count:], place + count


def unmapped(x: Any) -> Any:
    """Return a memory map of a matrix as what reads its file; anything else as it is.

    So is a map whose file is gone, or another one by now.
    """
    base = x
    while isinstance(base, np.ndarray) and isinstance(base.base, np.ndarray):
        base = base.base
    mapped = isinstance(x, np.memmap) and isinstance(base, np.memmap) and base.filename
    if not mapped or x.ndim != 2 or not x.flags.c_contiguous:
        return x
    offset = base.offset + x.ctypes.data - base.ctypes.data
    try:
        found = DiskArray(base.filename, offset, x.dtype, x.shape)
        ends = found[:1], found[-1:]
    except (OSError, ValueError):  # the file is gone, or shorter now, but not what is mapped
        return x
    same = all(a.tobytes() == b.tobytes() for a, b in zip(ends, (x[:1], x[-1:]), strict=True))
    return found if same else x


def write_at(descriptor: int, array: np.ndarray, place: int) -> None:
    """Write a contiguous array to a place in a file; the system writes 2 GB at most."""
    memory = _bytes_of(array)
    while memory:
        count = os.pwrite(descriptor, memory, place)
        memory, place = memory[count:], place + count


def _bytes_of(array: np.ndarray) -> Any:
    """Return the memory of a contiguous array."""
    return memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]


class NpyWriter:
    """An .npy file that grows by rows: at any time it is a file of those told to be there.

    Parameters
    ----------
    path : path
        The file, which is made if it is not there.
    dtype : dtype
        Type of the entries.
    n_columns : int
        Their number.
    """

    def __init__(self, path: Path, dtype: Any, n_columns: int) -> None:
        self.path = path
        self.dtype = np.dtype(dtype)
        self.n_columns = n_columns
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        self._offset = len(self._header(0))

    def write(self, start: int, rows: np.ndarray) -> None:
        """Write rows from the given one on."""
        block = np.ascontiguousarray(rows, self.dtype)
        write_at(self._file, block, self._offset + start * self.n_columns * self.dtype.itemsize)

    def commit(self, n_rows: int) -> None:
        """Have so many rows on the disk, and say in the header that they are there."""
        os.fsync(self._file)
        os.pwrite(self._file, self._header(n_rows), 0)
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def reader(self, n_rows: int) -> DiskArray:
        """Return what reads the first rows."""
        return DiskArray(self.path, self._offset, self.dtype, (n_rows, self.n_columns))

    def _header(self, n_rows: int) -> bytes:
        """Return the header, of one length for any number of rows."""
        buffer = BytesIO()
        described = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (n_rows, self.n_columns),
        }
        np.lib.format.write_array_header_1_0(buffer, described)
        return buffer.getvalue()
