"""Checks of what users pass in: the only place that copies or casts arrays."""

from __future__ import annotations

import datetime
import numbers
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set, ValuesView
from pathlib import Path
from types import ModuleType
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.utils.validation import check_array, validate_data

from netrep_go._names import check_square_names
from netrep_go._shown import kind_of, shown
from netrep_go._sizes import SQUARES, check_range, is_moderate

SAMPLES_ALIKE = "rows are samples, which both networks must share"


def as_matrix(x: ArrayLike, name: str) -> np.ndarray:
    """Return ``x`` as a C-contiguous float64 matrix of finite numbers.

    ``x`` itself comes back if it is one already: it is never written to.
    """
    return as_array(x, name, ndim=2)


def as_array(
    x: ArrayLike, name: str, ndim: int, *, allow_nan: bool = False, axes: str = ""
) -> np.ndarray:
    """Return ``x`` as a C-contiguous float64 array of ``ndim`` dimensions, whose axes errors name.

    ``x`` itself comes back if it is one already: it is never written to.
    """
    if _is_ready(x) and x.ndim == ndim and is_moderate(x):
        return x
    return _as_array(x, name, ndim, allow_nan, axes)


def as_factor(x: ArrayLike, name: str, ndim: int = 2, axes: str = "") -> np.ndarray:
    """Return ``x`` as `as_array` does; raise if the range of float64 has no room for its squares.

    All may be 0.
    """
    if _is_ready(x) and x.ndim == ndim and is_moderate(x):
        return x
    x = _as_array(x, name, ndim, axes=axes)
    if not is_moderate(x):
        check_range(x.ravel(), name, SQUARES)
    return x


def as_responses(x: ArrayLike, name: str, ndim: int) -> np.ndarray:
    """Return ``x`` as `as_array` does, but leave it to others to look for NaN and infinity."""
    return x if _is_ready(x) and x.ndim == ndim else _as_array(x, name, ndim, allow_nan=True)


def _as_array(x: Any, name: str, ndim: int, allow_nan: bool = False, axes: str = "") -> np.ndarray:
    """Return ``x`` as a ready array of ``ndim`` dimensions, or say what it is."""
    if isinstance(x, Mapping) and not issparse(x):  # SciPy's dictionaries of keys
        raise TypeError(f"{name} must be one array, got {kind_of(x)}: pass one of its values")
    if isinstance(x, numbers.Number):
        raise ValueError(f"{name} must have {ndim} dimensions, got {shown(x)}")
    if not allow_nan:
        _check_unmasked(x, name)
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            x = check_array(
                as_numbers(x, name),
                dtype=np.float64,
                order="C",
                allow_nd=True,
                ensure_2d=False,
                ensure_all_finite="allow-nan" if allow_nan else True,
                input_name=name,
            )
    except (TypeError, ValueError) as error:
        raise type(error)(naming(name, first_line(error))) from None
    except OverflowError:  # of Python's integers
        raise ValueError(f"{name} must hold numbers that float64 can") from None
    if x.ndim != ndim:
        hint = " Reshape your data" if x.ndim < ndim else ""
        of = f" of {axes}" if axes else ""
        raise ValueError(
            f"{name} must have {ndim} dimensions, got shape {x.shape}. "
            f"Expected {ndim}d arrays{of}.{hint}"
        )
    if x.size == 0:
        raise ValueError(
            f"{name} must not be empty, got shape {x.shape}: 0 sample(s) or "
            "0 feature(s), while a minimum of 1 is required."
        )
    return np.require(x, np.float64, ["C", "A"])


def _check_unmasked(x: Any, name: str) -> None:
    """Raise if entries are masked: what is under a mask would be taken for data."""
    if np.ma.is_masked(x):
        raise ValueError(
            f"{name} must not be masked, got {np.ma.count_masked(x)} masked entries: where missing "
            "entries are taken, give them as NaN, .filled(np.nan)"
        )


def at_hand(x: Any, name: str) -> Any:
    """Return ``x``; what only DLPack hands over, also in a list or dictionary, as NumPy's.

    Raise if another library keeps an array where NumPy cannot read it: on a GPU, in a graph of
    gradients, in a type that NumPy lacks. What is on disk is not read.
    """
    if type(x) in (list, tuple):
        return x if not x or isinstance(x[0], _PLAIN) else _all_at_hand(x, range(len(x)), name)
    if type(x) is dict:
        items = [*x.values()]
        found = _all_at_hand(items, x, name)
        return x if found is items else dict(zip(x, found, strict=True))
    if isinstance(x, (np.ndarray, np.generic, type)) or not _is_tensor(x):
        if isinstance(x, ModuleType):  # whose functions have the names of an array's attributes
            raise TypeError(f"{name} must be a value, got {shown(x)}")
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


_PLAIN = (numbers.Number, str, bytes)  # lists that begin so hold no arrays


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


def as_numbers(x: Any, name: str) -> Any:
    """Return ``x`` with NaN for what a mask hides; raise if it holds text, dates or times.

    So does what NumPy would take for one object. Anything else is left to others to convert
    or refuse.
    """
    if x is None or isinstance(x, _NO_ARRAYS) or callable(x) or _holds_data(x):
        raise TypeError(f"{name} must be an array of numbers, got {_with_way(x, name)}")
    x = at_hand(x, name)
    if isinstance(x, (list, tuple)) and _holds_masks(x):
        x = [as_numbers(item, name) for item in x]
    if isinstance(x, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(x)
        x = np.ma.getdata(x)
        if hidden.any():
            x = np.where(hidden, np.nan, x)
    if isinstance(x, (np.ndarray, list, tuple)) or hasattr(type(x), "__array__"):
        for part in x.get_columns() if hasattr(x, "get_columns") else [x]:  # of polars
            told = isinstance(getattr(part, "dtype", None), np.dtype) and part.dtype.kind != "O"
            if kind := _no_number(part if told else as_it_is(part, name)):
                raise ValueError(f"{name} must hold numbers, got {kind}")
    return x


_NO_ARRAYS = (str, bytes, os.PathLike, Set, ValuesView, Iterator, type)
_DATA = ("get_fdata", "get_data")  # of images, and of MNE's objects


def _holds_data(x: Any) -> bool:
    """Whether this is no array, but has one: an object of MNE, an image, a result of ours."""
    if isinstance(x, tuple) or hasattr(x, "__array__"):
        return False
    ours = type(x).__module__.startswith("netrep_go.")
    return ours or any(hasattr(type(x), way) for way in _DATA)


def _with_way(x: Any, name: str) -> str:
    """Return what is no array, and how one is had from it if it has one or is a file."""
    if isinstance(x, os.PathLike) or (isinstance(x, str) and Path(x).suffix):
        return (
            f"{shown(os.fspath(x))}: files are read by np.load, compare_networks and DistanceStore"
        )
    way = next((way for way in _DATA if hasattr(x, way)), None)
    return shown(x) if way is None else f"{kind_of(x)}: pass {name}.{way}()"


def as_it_is(x: Any, name: str) -> np.ndarray:
    """Return what NumPy makes of ``x``; raise if it is nested lists of unequal lengths."""
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name}: {first_line(error)}") from None


def ndim_of(x: Any, name: str) -> int:
    """Return the number of dimensions; raise if there are nested lists of unequal lengths."""
    return x.ndim if isinstance(getattr(x, "ndim", None), int) else as_it_is(x, name).ndim


def _holds_masks(x: Any) -> bool:
    """Whether a nested list has a masked array, or a masked number, somewhere in it."""
    if isinstance(x, (list, tuple)):
        return any(map(_holds_masks, x))
    return isinstance(x, np.ma.MaskedArray)


def as_reals(x: Any, name: str) -> np.ndarray:
    """Return ``x`` as an array of real numbers, in their type if they have one.

    NaN is for what a mask hides. Shapes and NaN are left to others.
    """
    x = at_hand(x, name)
    try:
        x = np.asarray(as_numbers(x, name))
        if x.dtype.kind == "O" or x.dtype.char == "g":
            with np.errstate(over="ignore"):
                x = x.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(naming(name, first_line(error))) from None
    if x.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got {x.dtype}")
    return x


def _no_number(x: np.ndarray) -> str | None:
    """Return the kind of what is not a number, None if all may be numbers."""
    if x.dtype.kind in "USMmV":
        return str(x.dtype)
    if x.dtype.kind != "O":
        return None
    odd = (str, bytes, datetime.date, datetime.time, datetime.timedelta, np.datetime64)
    found = next((v for v in x.flat if isinstance(v, (*odd, np.timedelta64))), None)
    return None if found is None else repr(found)


def _is_ready(x: Any) -> TypeGuard[np.ndarray]:
    return (
        type(x) is np.ndarray
        and x.dtype.char == "d"
        and x.dtype.isnative
        and x.flags.c_contiguous
        and x.flags.aligned
        and x.size > 0
    )


def as_turned(x: Any, name: str) -> tuple[np.ndarray, bool]:
    """Return a real matrix, or its transpose, as C-contiguous, and whether it is the transpose.

    float32 and float64 matrices in either order come back as views.
    """
    x = np.asarray(as_numbers(x, name))
    if x.ndim != 2 or x.size == 0:
        raise ValueError(
            f"{name} must have shape (n_conditions, n_features) and not be empty, got {x.shape}"
        )
    if x.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be real numbers, got {x.dtype}")
    dtype = np.float32 if x.dtype.itemsize <= 4 and x.dtype.kind == "f" else np.float64
    turned = x.flags.f_contiguous and not x.flags.c_contiguous
    return np.require(x.T if turned else x, dtype, ["C", "A"]), bool(turned)


def as_mask(mask: Any, name: str) -> np.ndarray:
    """Return where a mask of one axis or more is not 0."""
    values = as_reals(mask, name)
    if values.ndim == 0:
        raise ValueError(f"{name} must have at least 1 dimension, got shape ()")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{name} must not have NaN or infinity")
    inside = np.ascontiguousarray(values != 0)
    if not inside.any():
        raise ValueError(f"{name} must have at least one voxel that is not 0, got none")
    return inside


def as_integers(x: ArrayLike, name: str) -> np.ndarray:
    """Return ``x`` as a C-contiguous int64 vector, which may be empty."""
    x = np.asarray(as_numbers(x, name))
    if x.ndim != 1 or (x.size and x.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be a list of integers, got {x.dtype} of shape {x.shape}")
    return np.ascontiguousarray(x, np.int64)


def validated(estimator: Any, X: Any, y: Any = "no_validation", **options: Any) -> Any:
    """Return what scikit-learn's ``validate_data`` does, which takes text and drops masks."""
    for name, x in (("X", X), ("y", y)):
        _check_unmasked(x, name)
    if not isinstance(y, str) and y is not None:
        y = as_numbers(y, "y")
    try:
        return validate_data(estimator, as_numbers(X, "X"), y, **options)
    except (TypeError, ValueError) as error:
        given = "X" if y is None or isinstance(y, str) else "X and y"
        message = first_line(error)
        named = any(name in re.split(r"\W+", message) for name in given.split(" and "))
        advice = str(error).rpartition("\n")[2]
        reshape = f" {advice}" if advice.startswith("Reshape") and "\n" in str(error) else ""
        raise type(error)(message + reshape if named else f"{given}: {message}{reshape}") from None


def check_given(Y: Any) -> None:
    """Raise as scikit-learn does if there is no Y to fit to."""
    if Y is None:
        raise ValueError("fit requires y to be passed, but the target y is None")


def note_features(estimator: Any, X: Any, Y: Any) -> None:
    """Let an estimator keep the width of X and the names of its columns.

    They have been checked, and an array has no names: scikit-learn would look for data frames
    of all kinds.
    """
    if type(X) is not np.ndarray:
        validate_data(estimator, X, Y, skip_check_array=True)
        return
    estimator.n_features_in_ = X.shape[1]
    vars(estimator).pop("feature_names_in_", None)


def naming(name: str, message: str) -> str:
    """Return a message that begins with the name of an argument, unless it has it somewhere."""
    return message if re.search(rf"\b{re.escape(name)}(?!\w)", message) else f"{name}: {message}"


def first_line(error: Exception) -> str:
    """Return what an error of scikit-learn says before it shows the whole array."""
    return str(error).partition("\n")[0]


def copied(x: np.ndarray, name: str) -> np.ndarray:
    """Return a C-contiguous copy of numbers, in their type and the machine's byte order."""
    if x.dtype.kind not in "biufc":
        raise ValueError(f"{name} must be numbers, got {x.dtype}")
    return np.array(x, x.dtype.newbyteorder("="), order="C")


def as_exact(x: np.ndarray, dtype: np.dtype, name: str) -> np.ndarray:
    """Return a C-contiguous copy of real numbers as another type, which must hold them.

    To another precision they may be rounded, but not to integers or infinity.
    """
    if x.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, got {x.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        cast = np.array(x, dtype, order="C")
    held = np.isfinite(cast) | ~np.isfinite(x) if dtype.kind == "f" else cast == x
    if not held.all():
        raise ValueError(f"{name} must have values that {dtype} can hold, got {x[~held][0]}")
    return cast


def pad(x: np.ndarray, width: int) -> np.ndarray:
    """Return ``x`` with silent features up to ``width``: a copy, if it takes any."""
    if x.shape[-1] == width:
        return x
    padded = np.zeros((*x.shape[:-1], width))
    padded[..., : x.shape[-1]] = x
    return padded


def as_matrices(networks: Sequence[tuple[str, Any]]) -> list[np.ndarray]:
    """Return the matrices of named networks."""
    return [as_factor(x, name) for name, x in networks]


def check_widths(networks: Sequence[tuple[str, Any]]) -> None:
    """Raise if the matrices differ in width, because zero padding is off."""
    first, x0 = networks[0]
    for name, x in networks:
        if np.shape(x)[1] != np.shape(x0)[1]:
            raise ValueError(
                "Expected arrays with equal dimensions, because zero_pad is False, but "
                f"{first} has {np.shape(x0)[1]} features and {name} {np.shape(x)[1]}."
            )


def check_option(value: object, name: str, allowed: Sequence[str]) -> None:
    """Raise if ``value`` is not one of the allowed strings."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(
            f"Expected `{name}` parameter to be in {{{', '.join(map(repr, allowed))}}}. "
            f"Found instead {name} == {shown(value)}."
        )


def check_estimator(estimator: Any, name: str, *methods: str) -> None:
    """Raise unless this is an estimator as scikit-learn has them, with some methods."""
    needed = ("fit", "get_params", *methods)
    if isinstance(estimator, type) or not all(hasattr(estimator, method) for method in needed):
        raise TypeError(
            f"{name} must be an estimator with {', '.join(needed)}, got {shown(estimator)}"
        )


def check_flag(value: object, name: str) -> None:
    """Raise if ``value`` is neither True nor False, nor 1 or 0."""
    if not isinstance(value, (bool, np.bool_, int, np.integer)) or value not in (0, 1):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")


def check_number(value: object, name: str, low: float, high: float) -> None:
    """Raise if ``value`` is not a number in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    if not low <= value <= high:
        least = "(0" if low == np.nextafter(0, 1) else f"[{low:g}"
        raise ValueError(f"{name} must be in {least}, {high:g}], got {shown(value)}")


def as_distances(D: ArrayLike, name: str, *, signed: bool = False) -> np.ndarray:
    """Return ``D`` as an exactly symmetric float64 matrix of 2 rows or more, its diagonal zero.

    Departures below a millionth of the largest entry count as rounding and are mended,
    on a copy. Negative entries raise unless ``signed``.
    """
    check_square_names(D, name, "networks")
    matrix = as_factor(D, name)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be a square matrix, got shape {matrix.shape}")
    if len(matrix) < 2:
        raise ValueError(f"{name} must have at least 2 rows, got {len(matrix)}")
    if asymmetry := departure(matrix - matrix.T, matrix):
        raise ValueError(
            f"{name} must be symmetric, got entries {asymmetry:.3g} from their mirror: of a "
            f"measure with a direction take the mean of both, ({name} + {name}.T) / 2"
        )
    if diagonal := departure(matrix.diagonal(), matrix):
        raise ValueError(
            f"{name} must have a zero diagonal, got {diagonal:.3g} on it; turn similarities into "
            "distances first, such as 1 minus them"
        )
    if not signed and matrix.min() < 0:
        raise ValueError(f"{name} must not be negative, got {matrix.min():.3g}")
    if not matrix.diagonal().any() and np.array_equal(matrix, matrix.T):
        return matrix
    mended: np.ndarray = (matrix + matrix.T) / 2
    np.fill_diagonal(mended, 0.0)
    return mended


def departure(values: np.ndarray, matrix: np.ndarray) -> float:
    """Return how far values of a matrix that should be zero are from it, 0 if by rounding.

    Rounding is up to a millionth of the largest entry of the matrix. NaN do not count.
    """
    far, largest = (np.fmax.reduce(np.abs(x), axis=None, initial=0.0) for x in (values, matrix))
    return float(far) if far > 1e-6 * largest else 0.0


def as_codes(y: ArrayLike, name: str, n_networks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted distinct labels and which of them each network has."""
    y = at_hand(y, name)
    if not (hasattr(y, "__len__") or hasattr(y, "__array__")):
        raise TypeError(f"{name} must have {n_networks} entries, got {shown(y)}")
    labels = as_labels(y, name)
    if labels.shape != (n_networks,):
        raise ValueError(f"{name} must have shape ({n_networks},), got {labels.shape}")
    return np.unique(labels, return_inverse=True)


def as_labels(y: Any, name: str) -> np.ndarray:
    """Return an array of labels that can be sorted; raise if one is missing.

    None, NaN, NaT, pandas' NA and what a mask hides are missing. Labels are numbers, or
    all of one other type: NumPy would write numbers among texts as texts.
    """
    y = at_hand(y, name)
    hidden: Any = False
    if isinstance(y, (list, tuple)) and _holds_masks(y):
        y = np.ma.array(y, dtype=object)
    if isinstance(y, np.ma.MaskedArray):
        hidden, y = np.ma.getmaskarray(y), np.ma.getdata(y)
    labels = y if isinstance(y, np.ndarray) else _objects(y, name)
    hidden = hidden | _missing(labels)
    if hidden.any():
        at = ", ".join(str(i[0]) for i in np.nonzero(np.atleast_1d(hidden)))
        raise ValueError(
            f"{name} must have a label for each sample, but Input {name} contains NaN, infinity, "
            f"None or a masked label: {name}[{at}]"
        )
    kinds = {_kind(label): label for label in labels.flat} if labels.dtype.kind == "O" else {}
    if len(kinds) > 1:
        first, second = list(kinds.values())[:2]
        raise ValueError(
            f"{name} must have labels of one type, got {shown(first)} and {shown(second)}"
        )
    if labels.dtype.kind == "c":
        raise ValueError(f"{name} must have labels that can be sorted, got {labels.dtype}")
    if labels.dtype.kind == "O" and set(kinds) <= {numbers.Number, str, bytes} and labels.ndim == 1:
        return np.array(labels.tolist())
    return labels if isinstance(y, np.ndarray) else np.asarray(y)


def _objects(y: Any, name: str) -> np.ndarray:
    """Return labels as they are, before NumPy finds a common type for them."""
    if isinstance(y, (list, tuple)) and as_it_is(y, name).ndim == 1:
        return np.array([*y, None], dtype=object)[:-1]
    return as_it_is(y, name)


def _missing(labels: np.ndarray) -> np.ndarray:
    if labels.dtype.kind in "fc":
        return ~np.isfinite(labels)
    if labels.dtype.kind in "mM":
        return np.isnat(labels)
    if labels.dtype.kind != "O":
        return np.zeros(labels.shape, bool)
    return np.reshape([_is_missing(label) for label in labels.flat], labels.shape).astype(bool)


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label) or label in (np.inf, -np.inf)
    except (TypeError, ValueError):  # pandas' NA; arrays are refused for their shape
        return not isinstance(label, np.ndarray)


def _kind(label: Any) -> Any:
    """Return the type that a label compares as."""
    if isinstance(label, np.bool_):
        return numbers.Number
    known = (numbers.Number, str, bytes, datetime.date)
    return next((kind for kind in known if isinstance(label, kind)), type(label))


# The largest count of what is stored or done: more would take hours, or all memory.
MOST = 10**8


def check_integer(value: object, name: str, low: int, high: int = MOST) -> None:
    """Raise if ``value`` is not an integer of at least ``low`` and at most ``high``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {shown(value)}")
    if value < low:
        raise ValueError(f"{name} must be at least {low}, got {shown(value)}")
    if value > high:
        raise ValueError(f"{name} must be at most {high}, got {shown(value)}")
