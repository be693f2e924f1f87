"""Files that others wrote: what cannot be read is one kind of error, which names the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netrep_go._shown import shown

INSIDE = "::"  # between the path of a file and the name of an array in it


class DamagedFileError(ValueError):
    """A file is not what it should be; the message begins with its path."""


def as_path(path: Any, name: str) -> Path:
    """Return where a file or folder is; raise if the system can have none of that name."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be a path, got {shown(path)}")
    text = os.fspath(path)
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        encoded = b"\0"
    if not text or b"\0" in encoded:
        raise ValueError(f"{name} must be a path that the system can have, got {text!r}")
    return Path(os.fsdecode(text))


def why(error: object) -> str:
    """Return the first line of an error, but NumPy's advice to unpickle what it does not know."""
    text = str(error).partition("\n")[0]
    return "it holds Python objects, or no array" if "pickle" in text else text


@contextmanager
def reading(path: str | os.PathLike[str], trouble: str) -> Iterator[None]:
    """Raise whatever goes wrong inside as an error that names the file and what the trouble is.

    Libraries raise errors of every class at files that are damaged, MemoryError for sizes that
    were never written, too. What the system says of a path, as when there is none, stays.
    """
    try:
        yield
    except DamagedFileError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        reason = why(text) or type(error).__name__
        raise DamagedFileError(f"{os.fspath(path)} {trouble}: {reason}") from error
