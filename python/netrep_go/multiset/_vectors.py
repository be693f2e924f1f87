"""Vectors of many networks on disk, written some networks and read some entries at a time.

All of it can be computed again. So nothing waits for the disk, and checksums find what a crash of
the machine left unwritten.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

import numpy as np

COLUMNS = 1024  # entries that are read at a time: sums over them do not depend on the memory

_LOCK = "lock"


class Vectors:
    """A matrix of float64 in a folder: a file holds the vectors of some networks.

    In it follow one another the first entries of all of them, the next ones, and so on, and at the
    end the checksums of these.

    Parameters
    ----------
    path : Path
        The folder.
    shape : tuple of (int, int)
        Number of networks, and of entries of their vectors.
    n_rows : int
        Networks of a file.
    """

    def __init__(self, path: Path, shape: tuple[int, int], n_rows: int) -> None:
        self.path = path
        self.n_rows = n_rows
        self.n_columns = -(-shape[1] // COLUMNS)
        self._shape = shape

    @staticmethod
    def padded(size: int) -> int:
        """Return the bytes that a vector takes."""
        return 8 * COLUMNS * -(-size // COLUMNS)

    def along(self, i: int) -> slice:
        """Return which networks are in a file."""
        return slice(i * self.n_rows, min((i + 1) * self.n_rows, self._shape[0]))

    def has(self, i: int) -> bool:
        """Whether a file was written."""
        return self._file(i).exists()

    def write(self, i: int, vectors: Iterator[np.ndarray]) -> None:
        """Write the vectors of a file."""
        where, whole = self.along(i), self._shape[1] // COLUMNS
        block = np.zeros((self.n_columns, where.stop - where.start, COLUMNS))
        for k, vector in enumerate(vectors):
            block[:whole, k] = vector[: whole * COLUMNS].reshape(whole, COLUMNS)
            block[whole:, k, : vector.size - whole * COLUMNS] = vector[whole * COLUMNS :]
        new = self.path / token_hex(8)
        with new.open("wb") as file:
            file.write(block.data)
            file.write(np.array([zlib.crc32(part.data) for part in block], np.uint32).data)
        os.replace(new, self._file(i))

    def read(self, j: int, files: Sequence[int], into: np.ndarray) -> list[int]:
        """Read the j-th entries of all networks in some files; return the files with damage.

        Those of the k-th file stand from row k n_rows on.
        """
        return [
            i
            for k, i in enumerate(files)
            if not self._read(i, j, into[k * self.n_rows :][: self._n_rows(i)])
        ]

    def _read(self, i: int, j: int, into: np.ndarray) -> bool:
        """Read entries of a file; return whether they are what was written."""
        checksum = np.empty(1, np.uint32)
        try:
            with self._file(i).open("rb", buffering=0) as file:
                n = os.preadv(file.fileno(), [into.data], j * into.nbytes)
                end = self.n_columns * into.nbytes
                n += os.preadv(file.fileno(), [checksum.data], end + j * checksum.nbytes)
        except FileNotFoundError:
            return False
        return n == into.nbytes + checksum.nbytes and zlib.crc32(into.data) == checksum[0]

    def _n_rows(self, i: int) -> int:
        where = self.along(i)
        return where.stop - where.start

    def _file(self, i: int) -> Path:
        return self.path / str(i)


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """Make a folder if it is not there, and keep others from sweeping it meanwhile."""
    while True:
        folder.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):  # it was swept, or is before it is locked
            file = (folder / _LOCK).open("w")
            with suppress(OSError):  # a disk without locks
                fcntl.flock(file, fcntl.LOCK_SH)
            if os.path.samestat((folder / _LOCK).stat(), os.fstat(file.fileno())):
                break
            file.close()
    with file:
        yield


def sweep(parent: Path, pattern: str) -> None:
    """Remove folders that nobody keeps."""
    for folder in parent.glob(pattern):
        with suppress(OSError), (folder / _LOCK).open("w") as file:  # others sweep, too
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
