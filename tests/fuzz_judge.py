"""What tests/fuzzing.py makes of a result or an error."""

import contextlib
import dataclasses
import re
import types
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import scipy.sparse

CLEAR = (
    "ValueError",
    "TypeError",
    "MemoryError",
    "OverflowError",
    "LinAlgError",
    "NotFittedError",
    "ImportError",
    "ModuleNotFoundError",
    "InvalidParameterError",  # of scikit-learn, a ValueError
    "FileNotFoundError",
    "IsADirectoryError",
    "NotADirectoryError",
    "PermissionError",
    "OSError",
    "DamagedFileError",
)
LONGEST = 400
MOST_NUMBERS = 20  # an array is printed

# What arguments are called in messages beside their names.
SPOKEN = {
    "n_jobs": ("processes",),
    "processes": ("n_jobs",),
    "random_state": ("seed",),
    "seed": ("random_state",),
    "metric": ("measure",),
    "model": ("file", "directory"),
    "measures": ("measure",),
    "dataset": ("data set",),
    "X": ("conditions",),
    "XtotT": ("manifolds", "X"),
    "data": ("responses", "RDM"),
    "rdms": ("RDMs",),
    "models": ("entries", "RDMs"),
    "path": ("file", "folder", "directory", "store"),
    "others": ("store",),
    "prefix": ("file", "_tuning.mat"),
}


# What stands for a part of an argument, with its label.
LABELED = (
    r"(manifold|image|network|condition|searchlight|model|data set|sample|RDM|point|layer)s? \S*\d"
)


def unclear(error: BaseException, argument: str, others: Iterable[str] = ()) -> str:
    """Return why an error does not tell a user what to change, "" if it does.

    It has to name the argument, or one of the others, or a part by its label.
    """
    message = str(error)
    if type(error).__name__ not in CLEAR:
        return f"{type(error).__name__} is no error of an argument"
    if isinstance(error, MemoryError):
        return ""
    if len(message) > LONGEST:
        return f"{len(message)} characters"
    if re.search(r"please report|argument \d+ is of kind|panic", message):
        return "speaks of the inside"
    if len(re.findall(r"(?<![\w.])-?\d+\.\d*(?:e[-+]?\d+)?", message)) > MOST_NUMBERS:
        return "prints an array"
    known = (argument, *SPOKEN.get(argument, ()), *others)  # two may not fit together
    named = any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", message) for word in known)
    return "" if named or re.search(LABELED, message) else f"does not name {argument}"


def leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the numbers and texts of a result, by where they are; nothing of figures."""
    if depth > 6 or value is None or isinstance(value, (types.FunctionType, type)):
        return
    if scipy.sparse.issparse(value):
        value = value.toarray()
    value = getattr(value, "dissimilarities", value)  # of rsatoolbox
    value = value[...] if hasattr(value, "chunks") else value  # of zarr
    if hasattr(value, "iloc"):
        yield path, np.asarray(value)
    elif isinstance(value, (np.ndarray, np.generic, str, bool, int, float, complex)):
        array = np.asarray(value)
        if array.dtype.kind == "O" and array.ndim == 1:
            with contextlib.suppress(ValueError):  # one may be longer than others
                array = np.array(array.tolist())
        if array.dtype.kind == "O":
            for i, item in enumerate(array.flat):
                yield from leaves(item, f"{path}[{i}]", depth + 1)
        else:
            yield path, array
    else:
        for name, item in _parts(value):
            yield from leaves(item, f"{path}{name}", depth + 1)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a result consists of."""
    if isinstance(value, dict):
        yield from ((f"[{i}]", item) for i, item in enumerate(value.values()))
    elif hasattr(value, "_fields"):
        yield from ((f".{name}", getattr(value, name)) for name in value._fields)
    elif isinstance(value, (list, tuple, set, frozenset, types.GeneratorType)):
        yield from ((f"[{i}]", item) for i, item in enumerate(value))
    elif dataclasses.is_dataclass(value):
        fields = (field.name for field in dataclasses.fields(value))
        yield from ((f".{name}", getattr(value, name)) for name in fields)
    elif type(value).__module__.startswith(("netrep_go", "fuzz")) and hasattr(value, "__dict__"):
        learnt = hasattr(value, "fit")
        for name, item in vars(value).items():
            plain = name.endswith("_") and name not in ("feature_names_in_", "names_")
            if plain if learnt else not name.endswith("_"):
                yield f".{name}", item


def numbers(value: Any) -> dict[str, np.ndarray]:
    """Return the numeric leaves of a result."""
    return {
        path: array.astype(complex if array.dtype.kind == "c" else float)
        for path, array in leaves(value)
        if array.dtype.kind in "biufc"
    }


def differs(found: dict, wanted: dict, rtol: float = 1e-7, *, shapes: bool = True) -> str:
    """Return where two results differ, "" if they do not."""
    if not shapes:
        found, wanted = _joined(found), _joined(wanted)
    for path, want in wanted.items():
        if path not in found:
            return f"{path or 'the result'} is missing"
        got = found[path]
        if got.shape != want.shape:
            return f"{path or 'the result'} has shape {got.shape} and not {want.shape}"
        scale = np.max(np.abs(want), where=np.isfinite(want), initial=0)
        if not np.allclose(got, want, rtol=rtol, atol=rtol * min(scale, 1e300), equal_nan=True):
            off = np.nanmax(np.abs(got - want))
            return f"{path or 'the result'} is off by {off:.3g} of {scale:.3g}"
    return ""


def _joined(found: dict) -> dict:
    arrays = [array.ravel() for array in found.values()]
    return {"": np.concatenate(arrays) if arrays else np.empty(0)}


def says_undefined(found: dict, clean: dict) -> bool:
    """Whether a result has NaN where the clean one has none."""
    count = [sum(int(np.isnan(x).sum()) for x in leaves.values()) for leaves in (found, clean)]
    return count[0] > count[1]


def breaks_law(found: dict, first: dict, second: dict, steps: float) -> str:
    """Return where a result is not on the power law of two others, "" if it is.

    From the first to the second the argument grew by 1e6 or 1e-6, and to the result by
    as many steps. What follows no law, a power of no multiple of a half, is not judged.
    """
    for path, b in second.items():
        a, got = first.get(path), found.get(path)
        if a is None or a.shape != b.shape:
            continue
        if got is None or got.shape != b.shape:
            return f"{path or 'the result'} is not of shape {b.shape}"
        with np.errstate(all="ignore"):
            power = np.log10(np.abs(b) / np.abs(a)) / 6
            lawful = (np.abs(2 * power - np.round(2 * power)) < 1e-6) & (a != 0)
            expected = np.log10(np.abs(b)) + 6 * np.round(2 * power) / 2 * (steps - 1)
            size = np.log10(np.abs(got))
            off = np.abs(size - expected) > 1e-4
            off |= np.sign(got) != np.sign(b)
            beyond = (expected > 307.5) & ~np.isfinite(got) | (expected < -306) & (
                np.abs(got) < 1e-290
            )
        if (wrong := lawful & off & ~beyond & ~np.isnan(got)).any():
            i = np.unravel_index(np.argmax(wrong), wrong.shape)
            return f"{path or 'the result'} is {got[i]:.4g} and not 1e{expected[i]:.2f}"
    return ""
