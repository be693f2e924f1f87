"""Long computations in parts: files that are whole or not there, never of mixed options.

A part is a file in a folder, with the arrays that were found and the options that made
them. Whoever comes next, after an interrupt or in another process, leaves the parts that
are there alone, computes others and puts all together.
"""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar

import numpy as np

from netrep_go._files import reading
from netrep_go._shown import shown
from netrep_go._validation import check_integer

_OPTIONS = "options"  # what the options are called among the arrays of a part
_SCALARS = (str, int, float, type(None))

T = TypeVar("T")


class Parts:
    """The parts of one computation that has these options.

    Parameters
    ----------
    folder : Path
        Where the parts are. It is made when the first one is written.
    options : mapping of str to value
        What tells results apart, as :func:`fingerprint` takes it.
    """

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self._folder = folder
        self._options = fingerprint(options)
        sweep(folder)

    def __contains__(self, name: object) -> bool:
        """Whether there is a part of this name; raise if other options made it."""
        path = _path(self._folder, name)
        if not path.exists():
            return False
        check_same(_read(path, _OPTIONS)[1], self._options, self._folder)
        return True

    def read(self, name: object) -> dict[str, np.ndarray]:
        """Return the arrays of a part."""
        return _read(_path(self._folder, name))[0]

    def write(self, name: object, arrays: Mapping[str, Any]) -> None:
        """Store a part."""
        if not self._folder.is_dir():
            self._folder.mkdir(exist_ok=True)
            sync(self._folder.parent)
        with replacing(_path(self._folder, name)) as path, path.open("wb") as file:
            stored: dict[str, Any] = {**arrays, _OPTIONS: json.dumps(self._options)}
            np.savez(file, **stored)


def merge(
    folder: Path, names: Sequence[object], what: str
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of all parts, along a new first axis, and the options they share.

    An array that a part lacks is NaN, a text that it lacks is empty.
    """
    missing = [name for name in names if not _path(folder, name).exists()]
    if missing:
        raise ValueError(f"{folder} has no results of {what} {missing}: compute these first")
    parts, options = zip(*(_read(_path(folder, name)) for name in names), strict=True)
    for other in options[1:]:
        check_same(options[0], other, folder)
    found = dict.fromkeys(name for part in parts for name in part)
    return {name: _stack([part.get(name) for part in parts]) for name in found}, options[0]


def fingerprint(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON keeps them: texts and numbers, lists of texts, hashes of arrays."""
    return {name: _plain(value) for name, value in options.items()}


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], where: Path) -> None:
    """Raise if fingerprints differ, and say in what."""
    differences = "; ".join(
        f"{name} was {shown(before.get(name))}, now {shown(now.get(name))}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    )
    if differences:
        raise ValueError(
            f"{where} has results of other options: {differences}; remove it to begin anew"
        )


def content_hash(content: Path | bytes | np.ndarray) -> str:
    """Return a hash of bytes or those of a file, or of an array's dtype, shape and entries.

    Whoever copies or touches a file does not change it, unlike its size and date.
    """
    if isinstance(content, Path):
        with content.open("rb") as file:
            return hashlib.file_digest(file, _hash).hexdigest()
    if isinstance(content, bytes):
        return _hash(content).hexdigest()
    digest = _hash(f"{content.dtype.str}{content.shape}".encode())
    digest.update(np.ascontiguousarray(content).data)
    return digest.hexdigest()


def in_batch(items: Sequence[T], batch: tuple[int, int] | None) -> Sequence[T]:
    """Return every n-th item from the i-th on, for a batch (i, n)."""
    check_batch(batch)
    if batch is None:
        return items
    first, step = batch
    return items[first::step]


def check_batch(batch: tuple[int, int] | None) -> None:
    """Raise unless this is None or (i, n) with i from 0 to n - 1."""
    if batch is None:
        return
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise TypeError(f"batch must be a pair (i, n) of integers or None, got {shown(batch)}")
    first, step = batch
    check_integer(step, "batch[1]", 1)
    check_integer(first, "batch[0]", 0)
    if first >= step:
        raise ValueError(f"batch[0] must be below batch[1], got {batch}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give an empty file to write to, which takes the place of ``path`` if nothing fails.

    Whatever happens to the process or the machine, ``path`` is then the old file or the
    new one, whole. What is written must go into the file that is given: it holds a lock
    which tells :func:`sweep` that its writer lives. A link stays, and leads to the new file.
    """
    path = replaceable(path)
    sweep(path.parent, path.name)
    temporary, lock = _locked_temporary(path)
    try:
        yield temporary
        os.fsync(lock)
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
        os.close(lock)


def replaceable(path: Path) -> Path:
    """Return the file at the end of links; raise if there is what a file cannot take the place of.

    The system would let a device be replaced, such as /dev/null, and lose it for all processes.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise ValueError(f"{path} must be a file or a new name, but is a device, pipe or socket")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder", str(path.parent))
    return path.resolve() if path.is_symlink() else path


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold a lock on what is written for long; raise if another process does.

    The system gives it up when the process dies. The lock is on a file beside ``path``, as what
    is there may be replaced.
    """
    beside = path.with_name(f".{path.name}.lock")
    lock = os.open(beside, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock_alone(lock, path)
        if not beside.exists() or not os.path.samestat(beside.stat(), os.fstat(lock)):
            raise ValueError(f"{path} was being written by another process: try again")
        try:
            yield
        finally:
            beside.unlink(missing_ok=True)
    finally:
        os.close(lock)


def _lock_alone(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"{path} is being written by another process") from None
    except OSError:  # a disk without locks
        pass


def sweep(folder: Path, name: str | None = None) -> None:
    """Remove what writers of a file, or of any in a folder, left behind when they were killed.

    The system gives up a process's locks when it dies, on whatever machine of a shared disk.
    """
    for temporary in folder.glob(f".{'*' if name is None else escape(name)}.*.part"):
        # somebody writes it, or sweeps it too, or the disk knows no locks
        with suppress(OSError), temporary.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temporary.unlink()


def _locked_temporary(path: Path) -> tuple[Path, int]:
    """Return a new file beside another one, and a descriptor that holds its lock.

    The lock is shared, so that the file can be read from the moment that it has its name.
    """
    while True:
        temporary = path.with_name(f".{path.name}.{token_hex(8)}.part")
        try:
            lock = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except OSError as error:  # names what the user asked for
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None
        with suppress(OSError):  # a disk without locks, on which nothing is swept
            fcntl.flock(lock, fcntl.LOCK_SH)
        if temporary.exists():
            return temporary, lock
        os.close(lock)  # it was swept before it was locked


def sync(folder: Path) -> None:
    """Wait until the names in a folder, or what a file holds, are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems sync no folders
        os.fsync(descriptor)
    os.close(descriptor)


def _path(folder: Path, name: object) -> Path:
    return folder / f"{name}.npz"


def _read(path: Path, *names: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a part, some or all, without its options, and these."""
    with reading(path, "is damaged: remove it to compute it anew"):
        arrays = read_arrays(path, *names)
        options = json.loads(arrays.pop(_OPTIONS).item())
        if not isinstance(options, dict):
            raise ValueError(f"its options are {shown(options)}")
    return arrays, options


def read_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file, some or all; raise if its bytes are not those written."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        broken = stored.zip.testzip()  # NumPy checks only what its headers tell it to read
        if broken is not None:
            raise ValueError(f"{broken} has another checksum")
        if len(set(stored.files)) < len(stored.files):
            raise ValueError("two arrays have one name")
        return {name: stored[name] for name in names or stored.files}


def _plain(value: Any) -> Any:
    """Return a value as it comes back from JSON."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _SCALARS):
        return value
    array = np.asarray(value)
    if array.dtype.kind == "U" or array.size == 0:
        return array.tolist()
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{shown(value)} tells no results apart: it is neither text nor numbers")
    return content_hash(array)


def _stack(arrays: list[np.ndarray | None]) -> np.ndarray:
    """Stack arrays of one number of dimensions, with NaN where one is smaller; or texts."""
    known = [array for array in arrays if array is not None]
    if known[0].dtype.kind == "U":
        return np.array(["" if array is None else array for array in arrays])
    shape = np.max([array.shape for array in known], axis=0)
    stacked = np.full((len(arrays), *shape), np.nan)
    for target, array in zip(stacked, arrays, strict=True):
        if array is not None:
            target[tuple(map(slice, array.shape))] = array
    return stacked


def _hash(data: bytes = b"") -> Any:
    return hashlib.blake2b(data, digest_size=16)
