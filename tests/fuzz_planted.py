"""Faults that tests/fuzzing.py must count: the test of the test, with a name that has no example."""

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


def raw(x):
    """Sum what lies where the first entry is, whatever the layout."""
    x = np.asarray(x)
    raise_if_odd(x, "x")
    lies_there = x if x.base is None or x.flags.owndata else x.base
    return float(np.sum(np.ravel(lies_there, order="K")[: x.size]))


def raise_if_odd(x, name):
    """Raise a clear error unless all is finite and real."""
    if x.dtype.kind not in "biuf" or x.size == 0 or x.ndim != 2 or not np.isfinite(x).all():
        raise ValueError(f"{name} must be a matrix of finite numbers, got {x.dtype} {x.shape}")


def abort(x):
    """End the process at NaN."""
    x = np.asarray(x)
    if x.dtype.kind == "f" and np.isnan(x).any():
        os.abort()
    raise_if_odd(x, "x")
    return x.sum()


def hang(x):
    """Never come back from infinity, nor listen."""
    x = np.asarray(x)
    while x.dtype.kind == "f" and np.isinf(x).any():
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            continue
    raise_if_odd(x, "x")
    return x.sum()


def unclear(x):
    """Say nothing of the argument."""
    x = np.asarray(x)
    try:
        raise_if_odd(x, "x")
    except ValueError:
        raise KeyError(3) from None
    return x.sum()


def overwrite(x):
    """Write to what is given."""
    x = np.asarray(x)
    raise_if_odd(x, "x")
    total = x.sum()
    if x.flags.writeable:
        x *= 2
    return total


def clear(x):
    """Sum what is right."""
    x = np.asarray(x)
    raise_if_odd(x, "x")
    return float(np.sum(x, dtype=np.float64))


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
