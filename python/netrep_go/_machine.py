"""What the machine has to give."""

from __future__ import annotations

import ctypes
import math
from functools import cache
from pathlib import Path
from typing import Any


def free_memory() -> int | None:
    """Return the bytes that the system can give, None where it does not say."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    lines = (line.split() for line in path.read_text().splitlines())
    return next((1024 * int(line[1]) for line in lines if line[0] == "MemAvailable:"), None)


def check_room(needed: float) -> None:
    """Raise if there is no memory for so many bytes of a file, which may be small itself.

    What was never written, or is zeros, takes nothing on the disk. To read it, the system would
    end the process.
    """
    free = free_memory()
    if free is not None and needed > free:
        raise MemoryError(f"it takes {needed / 2**30:.3g} GiB, and {free / 2**30:.3g} are free")


def read_whole(stored: Any) -> Any:
    """Return what a data set of HDF5 or zarr holds."""
    check_room(math.prod(stored.shape or ()) * stored.dtype.itemsize)
    return stored[()]


def give_back() -> None:
    """Return free memory to the system, which glibc keeps in a heap of each thread there was."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    """Return glibc's malloc_trim, None elsewhere."""
    try:
        return getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # a system whose libraries are found otherwise
        return None
