"""Faults that tests/fuzzing.py must count, and a name without example: the test of the test."""

import functools
import os
import sys
import time

import numpy as np
from fuzz_examples import Fitted
from fuzz_examples import entries as all_entries

__all__ = ["Bad", "abort", "clear", "forgotten", "hang", "overwrite", "raw", "unclear"]

TAKEN: dict[tuple[str, str, str], str] = {}
IN_PLACE = ()


def as_matrix(x):
    """Return a matrix of finite numbers in its own type and layout."""
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"x: {error}") from None
    if array.dtype.kind not in "biuf" or array.size == 0 or array.ndim != 2:
        raise ValueError(f"x must be a matrix of numbers, got {array.dtype} {array.shape}")
    with np.errstate(over="ignore"):
        if not np.isfinite(array.astype(float)).all():
            raise ValueError("x must be finite")
    if np.ma.is_masked(x):
        raise ValueError("x must not be masked")
    return array


def clear(x):
    """Sum what is right."""
    return float(np.sum(as_matrix(x), dtype=np.float64))


def raw(x):
    """Sum what lies where the first entry is, whatever the layout."""
    array = as_matrix(x)
    owner = array if array.base is None else np.asarray(array.base)
    return float(np.sum(np.ravel(owner, order="K")[: array.size], dtype=np.float64))


def abort(x):
    """End the process at NaN."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and np.isnan(x).any():
        os.abort()
    return clear(x)


def hang(x):
    """Never come back from infinity, nor listen."""
    while isinstance(x, np.ndarray) and x.dtype.kind == "f" and np.isinf(x).any():
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            continue
    return clear(x)


def unclear(x):
    """Say nothing of the argument."""
    try:
        return clear(x)
    except ValueError:
        raise KeyError(3) from None


def overwrite(x):
    """Write to what is given."""
    total, array = clear(x), np.asarray(x)
    if array.flags.writeable and array.dtype == float:
        array *= 2
    return total


def forgotten(x):
    """Have no example."""
    return x


class Bad:
    """A class with a method of which an argument has no example."""

    def fit(self, y):
        """Do nothing."""
        return self


_X = {"x": np.arange(12.0).reshape(4, 3) + 0.5}
CALLS = {name: dict(_X) for name in __all__ if name not in ("Bad", "forgotten")}
entries = functools.partial(all_entries, sys.modules[__name__], CALLS, {"Bad": Fitted()})
