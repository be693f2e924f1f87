"""Arrays of other libraries: which can be had as NumPy's, and what leads to them."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from types import ModuleType, NoneType
from typing import Any

import numpy as np

from netrep_go._names import dims_of
from netrep_go._shown import kind_of, shown


def at_hand(x: Any, name: str) -> Any:
    """Return ``x``; what only DLPack hands over, also in a list or dictionary, as NumPy's.

    Raise if another library keeps an array where NumPy cannot read it: on a GPU, in a graph of
    gradients, in a type that NumPy lacks, in a query that was not made. What is on disk is not
    read.
    """
    if type(x) in _OURS:
        return x
    if type(x) in (list, tuple):
        return x if not x or isinstance(x[0], _PLAIN) else _all_at_hand(x, range(len(x)), name)
    if type(x) is dict:
        items = [*x.values()]
        found = _all_at_hand(items, x, name)
        return x if found is items else dict(zip(x, found, strict=True))
    if isinstance(x, (np.ndarray, np.generic, type)) or not _is_tensor(x):
        if isinstance(x, ModuleType):  # whose functions have the names of an array's attributes
            raise TypeError(f"{name} must be a value, got {shown(x)}")
        _check_array_itself(x, name)
        return x
    try:
        if not hasattr(type(x), "__array__"):
            return np.from_dlpack(x)
        np.asarray(x)
    except (AttributeError, BufferError, NotImplementedError, RuntimeError, TypeError) as error:
        why = "" if isinstance(error, AttributeError) else f" ({first_line(error).rstrip('.')})"
        raise TypeError(
            f"{name} must be an array that NumPy can read from the memory of the CPU, got "
            f"{kind_of(x)} on {getattr(x, 'device', 'a GPU')}{why}{_way_to_numpy(x, name)}"
        ) from None
    return x


def _check_array_itself(x: Any, name: str) -> None:
    """Raise if this only leads to an array: a query of polars, or data with their annotations.

    Numbers with a unit do so, too: it would be dropped, and others may have another one.
    """
    if (found := _unit(x)) is not None:
        unit, way = found
        raise TypeError(
            f"{name} must be numbers without a unit, got {unit}: pass {name}.{way}, all that is "
            "compared in one unit"
        )
    dims = list(dims_of(x))
    if set(_ASSEMBLY) <= set(dims) and dims.index("presentation") > dims.index("neuroid"):
        raise ValueError(
            f"{name} must have presentations before neuroids, got dimensions {dims}: pass "
            f"{name}.transpose('presentation', ...)"
        )
    for about, way in _LEADING.items():
        if all(hasattr(type(x), attribute) for attribute in about):
            raise TypeError(f"{name} must be an array, got {kind_of(x)}: pass {name}.{way}")


def _unit(x: Any) -> tuple[str, str] | None:
    """Return the unit of a quantity of Astropy, Pint and others, and how to have its numbers."""
    if not hasattr(type(x), "__array_function__"):
        return None
    for unit, way in (("unit", "value"), ("units", "magnitude"), ("units", "value")):
        if hasattr(type(x), unit) and hasattr(type(x), way):
            told = str(getattr(x, unit))
            return None if told in ("", "1", "dimensionless", "1.0 dimensionless") else (told, way)
    return None


_ASSEMBLY = ("presentation", "neuroid")  # as Brain-Score calls samples and features

# What leads to an array, by attributes that tell it, and how.
_LEADING = {("collect", "collect_schema"): "collect()", ("obs_names", "var_names"): "X"}

_PLAIN = (numbers.Number, str, bytes)  # lists that begin so hold no arrays
_OURS = {np.ndarray, bool, int, float, str, NoneType}  # nothing to look at


def _all_at_hand(items: Any, keys: Iterable[Any], name: str) -> Any:
    """Return a list or tuple, itself if all are at hand as they are."""
    found = [at_hand(item, f"{name}[{key!r}]") for key, item in zip(keys, items, strict=True)]
    same = all(one is item for one, item in zip(found, items, strict=True))
    return items if same else type(items)(found)


def _is_tensor(x: Any) -> bool:
    """Whether this is an array that another library has in memory, of whatever device."""
    kind = type(x)
    if hasattr(kind, "__dlpack__") or hasattr(kind, "__cuda_array_interface__"):
        return True
    has_device = hasattr(kind, "device") or "device" in getattr(x, "__dict__", ())  # no column
    return hasattr(kind, "__array__") and has_device


def _way_to_numpy(x: Any, name: str) -> str:
    """Return how an array of PyTorch, CuPy or Numba becomes one of NumPy."""
    if hasattr(x, "cpu"):
        lacking = "float8" in str(x.dtype) or "bfloat16" in str(x.dtype)
        return f": pass {name}.detach().cpu(){'.float()' if lacking else ''}.numpy()"
    ways = [way for way in ("get", "copy_to_host") if hasattr(x, way)]
    return f": pass {name}.{ways[0]}()" if ways else ""


def hidden_in(x: Any) -> np.ndarray | None:
    """Return where the mask of NumPy's masked arrays, or Astropy's, hides something."""
    mask = getattr(x, "_mask", None) if isinstance(x, np.ndarray) else None
    return mask if isinstance(mask, np.ndarray) and mask.dtype == bool else None


def read_in(x: Any) -> Any:
    """Return what another library holds as an array of NumPy, with its mask; frames as they are.

    ``np.asarray`` would lose the mask, and so does Dask where it is not told to compute.
    """
    if isinstance(x, np.ndarray) or hasattr(x, "iloc") or hasattr(x, "get_columns"):
        return x
    if getattr(x, "dask", None) is not None:
        x = x.compute()
    return np.asanyarray(x) if hasattr(type(x), "__array__") else x


def first_line(error: Exception) -> str:
    """Return what an error of scikit-learn says before it shows the whole array."""
    return str(error).partition("\n")[0]
