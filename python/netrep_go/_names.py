"""The names that users give to networks, layers, models and conditions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from netrep_go._shown import kind_of, shown

Name = Hashable
# Networks, models or matrices: one along the first axis of a stack, or with keys as names.
Items = Sequence[Any] | np.ndarray | Mapping[Any, Any]


def split_names(
    xs: Items, argument: str, names: Iterable[Name] | None = None
) -> tuple[list[Any], list[Name] | None]:
    """Return the items of an argument and their names, None if it has none.

    A mapping and a pandas Series bring theirs; a sequence takes ``names``.
    """
    odd = isinstance(xs, (str, bytes, Set, type)) or _is_frame(xs) or getattr(xs, "ndim", 1) == 0
    if odd or not hasattr(xs, "__len__"):
        raise TypeError(f"{argument} must be a list of arrays, got {kind_of(xs)}")
    own = _own_names(xs)
    if own is not None:
        if names is not None:
            raise ValueError(f"{argument} has names of its own: leave out names")
        _check_unique(own, f"names of {argument}")
    items = list(xs.values()) if isinstance(xs, Mapping) else list(xs)
    return items, own if names is None else check_names(names, len(items), argument)


def names_or_numbers(names: list[Name] | None, n: int) -> list[Name]:
    """Return names, or the positions of what has none."""
    return list(range(n)) if names is None else names


def position_of(model: Any, names: list[Name]) -> int:
    """Return the position of a model by its name or position; None is the only one."""
    if model in names and not isinstance(model, bool):
        return names.index(model)
    n = len(names)
    if model is None and n == 1:
        return 0
    is_number = isinstance(model, (int, np.integer)) and not isinstance(model, bool)
    if not is_number or not -n <= model < n:
        raise ValueError(f"model must be one of {names}, got {shown(model)}")
    return int(model)


def holds_arrays(xs: Any) -> bool:
    """Whether arrays come in a mapping or a pandas Series, under their names."""
    return isinstance(xs, Mapping) or (
        getattr(xs, "ndim", None) == 1 and xs.dtype == object and hasattr(xs, "index")
    )


def check_names(
    names: Iterable[Name], n: int, what: str, *, unique: bool = True, argument: str = "names"
) -> list[Name]:
    """Return a list of ``n`` names, one for each of ``what``, none twice if they must differ."""
    if isinstance(names, (str, bytes, Set)) or not isinstance(names, Iterable):
        raise TypeError(f"{argument} must be a list of names, got {shown(names)}")
    names = list(names)
    if len(names) != n:
        raise ValueError(
            f"{argument} must have one entry for each of the {n} {what}, got {len(names)}"
        )
    for name in names:
        if not isinstance(name, Hashable):
            raise TypeError(f"{argument} must be texts or numbers, got {shown(name)}")
    if unique:
        _check_unique(names, argument)
    return names


def _check_unique(names: list[Name], what: str) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{what} must differ, got {shown(twice)} more than once")


def row_names(x: Any) -> list[Name] | None:
    """Return the index of a pandas or xarray object, None of others and if it counts rows."""
    labels = _labels(x, 0)
    return None if labels is None or labels == list(range(len(labels))) else labels


def column_names(x: Any) -> list[Name] | None:
    """Return the columns of a data frame or an xarray matrix, None of others."""
    return last_names(x) if getattr(x, "ndim", 2) == 2 else None


def last_names(x: Any) -> list[Name] | None:
    """Return the labels of the last axis of a pandas or xarray object, None of others."""
    return _labels(x, -1)


def check_same_columns(x: Any, name: str, fitted: list[Name] | None, what: str = "feature") -> None:
    """Raise if the columns of a data frame are not those of a fit, if that had any."""
    columns = column_names(x)
    if columns is None or fitted is None or len(columns) != len(fitted):
        return
    if _disagree(columns, fitted):
        k = _first_apart(columns, fitted)
        raise ValueError(
            f"The {what} names of {name} should match those that were passed during fit, in the "
            f"same order, but column {k} is {columns[k]!r} and was {fitted[k]!r}"
        )


def _labels(x: Any, axis: int) -> list[Name] | None:
    labels = _index(x, axis)
    return None if labels is None else list(labels)


def _index(x: Any, axis: int) -> Any:
    """Return the labels of an axis of a pandas or xarray object, None of others.

    Axis -1 is the last one of all, others count those of xarray: pandas has but rows besides.
    """
    if _is_xarray(x):
        return x.indexes.get(x.dims[axis]) if x.dims else None
    labels = getattr(x, "columns" if axis == -1 and hasattr(x, "columns") else "index", None)
    return None if callable(labels) else labels


def _is_xarray(x: Any) -> bool:
    return isinstance(getattr(x, "dims", None), tuple) and hasattr(x, "indexes")


def _disagree(first: list[Name], second: list[Name]) -> bool:
    """Whether labels differ; numbers of rows say nothing of what has names."""
    if first == second or _are_numbers(first) != _are_numbers(second):
        return False
    counting = list(range(len(first)))
    return counting not in (first, second) or set(first) == set(second)


def _of_shared_levels(first: Any, second: Any) -> tuple[list[Name], list[Name]]:
    """Return the labels of two indexes, of those levels alone that both have, if they differ."""
    levels, others = (list(getattr(index, "names", ())) for index in (first, second))
    shared = [level for level in levels if level is not None and level in others]
    if shared and levels != others:
        first, second = (
            zip(*map(x.get_level_values, shared), strict=True) for x in (first, second)
        )
    return list(first), list(second)


def _are_numbers(labels: list[Name]) -> bool:
    return all(isinstance(label, (int, np.integer)) for label in labels)


def _first_apart(first: list[Name], second: list[Name]) -> int:
    """Return where two lists of labels, as many in each, begin to differ."""
    return next(k for k, (a, b) in enumerate(zip(first, second, strict=True)) if a != b)


def _is_frame(xs: Any) -> bool:
    """Whether this is a DataFrame, whose items are the names of its columns."""
    return hasattr(xs, "columns")


def check_same_names(
    first: list[Name] | None, name: str, second: list[Name] | None, other: str, what: str
) -> None:
    """Raise if two things with as many names, where both have some, name their ``what`` apart."""
    if first is None or second is None or first == second or len(first) != len(second):
        return
    k = _first_apart(first, second)
    raise ValueError(
        f"{name} and {other} must have the same {what} in the same order, got {first[k]!r} and "
        f"{second[k]!r}"
    )


def check_all_same_names(things: Iterable[tuple[str, list[Name] | None]], what: str) -> None:
    """Raise if some of several things name their ``what`` apart from others."""
    known = [(names, thing) for thing, names in things if names is not None]
    for names, thing in known[1:]:
        check_same_names(*known[0], names, thing, what)


def check_same_indexes(things: Iterable[tuple[str, Any]], what: str, axis: int = 0) -> None:
    """Raise if the indexes of two labeled objects, each given with its name, differ.

    They are those of rows, or with ``axis`` -1 of the last axis, which may be the only one, with
    -2 of that before. If one is labeled by more levels than another, as assemblies of recordings
    are, those count that both have. A dimension of xarray must be the same axis of all.
    """
    things = [(name, x) for name, x in things if type(x) is not np.ndarray]  # without labels
    if len(things) < 2:
        return
    _check_same_axes([(x.dims, thing) for thing, x in things if _is_xarray(x)], axis)
    known = [(index, thing) for thing, x in things if (index := _index(x, axis)) is not None]
    known.sort(key=lambda pair: _are_numbers(list(pair[0])))
    for index, thing in known[1:]:
        name = known[0][1]
        first, labels = _of_shared_levels(known[0][0], index)
        if len(labels) == len(first) and _disagree(first, labels):
            check_same_names(first, name, labels, thing, what)


def _check_same_axes(things: list[tuple[tuple[Any, ...], str]], axis: int) -> None:
    """Raise if what is an axis of an array is another one of an array that is as deep."""
    for dims, thing in things[1:]:
        first, name = things[0]
        if len(dims) == len(first) > 1 and first[axis] != dims[axis] and first[axis] in dims:
            raise ValueError(
                f"{name} and {thing} must have the same axes, got dimensions {first} and {dims}: "
                "transpose one of them"
            )


def dims_of(x: Any) -> tuple[Name, ...]:
    """Return the names of the axes of an array of xarray, none of others."""
    return x.dims if _is_xarray(x) else ()


def check_same_places(x: Any, name: str, volume: Any, other: str) -> None:
    """Raise if what has one more axis before has the places of a volume in other orders."""
    for axis in range(1, np.ndim(volume) + 1 if hasattr(volume, "shape") else 0):
        check_same_indexes([(name, x), (other, volume)], "places", -axis)


def check_square_names(x: Any, name: str, what: str) -> None:
    """Raise if the columns of a DataFrame have other names than its rows."""
    rows, columns = f"the rows of {name}", "its columns"
    check_same_names(row_names(x), rows, row_names(getattr(x, "T", None)), columns, what)


def _own_names(xs: Any) -> list[Name] | None:
    return list(xs) if isinstance(xs, Mapping) else row_names(xs)
