"""The names that users give to networks, layers, models and conditions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Name = Hashable
# Networks, models or matrices: one along the first axis of a stack, or with keys as names.
Items = Sequence[Any] | np.ndarray | Mapping[Any, Any]


def split_names(
    xs: Items, argument: str, names: Iterable[Name] | None = None
) -> tuple[list[Any], list[Name] | None]:
    """Return the items of an argument and their names, None if it has none.

    A mapping and a pandas Series bring theirs; a sequence takes ``names``.
    """
    if isinstance(xs, (str, bytes)) or not hasattr(xs, "__len__"):
        raise TypeError(f"{argument} must be a list of arrays, got {type(xs).__name__}")
    own = _own_names(xs)
    if own is not None and names is not None:
        raise ValueError(f"{argument} has names of its own: leave out names")
    items = list(xs.values()) if isinstance(xs, Mapping) else list(xs)
    return items, own if names is None else check_names(names, len(items), argument)


def check_names(names: Iterable[Name], n: int, what: str, *, unique: bool = True) -> list[Name]:
    """Return a list of ``n`` names, one for each of ``what``, none twice if they must differ."""
    if isinstance(names, (str, bytes)):
        raise TypeError(f"names must be a list of names, got {names!r}")
    names = list(names)
    if len(names) != n:
        raise ValueError(f"names must have one entry for each of the {n} {what}, got {len(names)}")
    if unique and len(set(names)) < n:
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"names must differ, got {twice!r} more than once")
    return names


def row_names(x: Any) -> list[Name] | None:
    """Return the index of a pandas object, None of others and if it only counts rows."""
    labels = _labels(x, "index")
    return None if labels is None or labels == list(range(len(labels))) else labels


def check_same_rows(arrays: Sequence[tuple[str, Any]]) -> None:
    """Raise if data frames, given with their names, have other samples or another order."""
    known = [(name, rows) for name, x in arrays if (rows := _labels(x, "index")) is not None]
    for name, rows in known[1:]:
        first, expected = known[0]
        if len(rows) == len(expected) and _disagree(rows, expected):
            k = _first_difference(rows, expected)
            raise ValueError(
                f"{name} and {first} must have the same samples in the same order, because they "
                f"are paired by position, but row {k} is {rows[k]!r} in {name} and "
                f"{expected[k]!r} in {first}: sort one by the index of the other"
            )


def column_names(x: Any) -> list[Name] | None:
    """Return the columns of a data frame, None of others."""
    return _labels(x, "columns")


def check_same_columns(x: Any, name: str, fitted: list[Name] | None) -> None:
    """Raise if the columns of a data frame are not those of a fit, if that had any."""
    columns = column_names(x)
    if columns is None or fitted is None or len(columns) != len(fitted):
        return
    if _disagree(columns, fitted):
        k = _first_difference(columns, fitted)
        raise ValueError(
            f"The feature names of {name} should match those that were passed during fit, in the "
            f"same order, but column {k} is {columns[k]!r} and was {fitted[k]!r}"
        )


def _labels(x: Any, axis: str) -> list[Name] | None:
    labels = getattr(x, axis, None)
    return None if labels is None or callable(labels) else list(labels)


def _disagree(first: list[Name], second: list[Name]) -> bool:
    """Whether labels differ; those that only count say nothing of which ones they are."""
    if first == second:
        return False
    counting = list(range(len(first)))
    return counting not in (first, second) or set(first) == set(second)


def _first_difference(first: list[Name], second: list[Name]) -> int:
    return next(k for k, (a, b) in enumerate(zip(first, second, strict=True)) if a != b)


def _own_names(xs: Any) -> list[Name] | None:
    return list(xs) if isinstance(xs, Mapping) else row_names(xs)
