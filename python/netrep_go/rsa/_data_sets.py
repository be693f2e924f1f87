"""Data sets of responses, with their names and the conditions of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netrep_go._names import (
    Name,
    check_all_same_names,
    check_names,
    check_same_indexes,
    holds_arrays,
    names_or_numbers,
    row_names,
    split_names,
)
from netrep_go._sizes import check_not_lost
from netrep_go._validation import as_codes, as_responses, ndim_of


@dataclass(frozen=True)
class DataSets:
    """Matrices of responses, and what users call them.

    Attributes
    ----------
    xs : list of ndarray of shape (n_observations, n_features)
        Responses.
    keys : list
        Name or position of each data set.
    single : bool
        Whether there was one that was not in a list.
    items : list
        Each data set as it was given.
    """

    xs: list[np.ndarray]
    keys: list[Name]
    single: bool
    items: list[Any]

    def name(self, k: int, argument: str = "data") -> str:
        """Return how an error calls what an argument has for a data set."""
        return argument if self.single else f"{argument}[{self.keys[k]!r}]"

    def each(self, values: Any, argument: str) -> list[tuple[str, Any]]:
        """Return what an argument has for each data set, and its name in errors.

        It has one thing for all, or a list or mapping of as many as data sets.
        """
        if holds_arrays(values):
            lacking = [key for key in self.keys if key not in values]
            if lacking:
                raise ValueError(f"{argument} has nothing for the data set {lacking[0]!r}")
            values = [values[key] for key in self.keys]
        elif not (isinstance(values, (list, tuple)) and values and np.ndim(values[0]) > 0):
            values = [values] * len(self.xs)
            return self._paired([argument] * len(self.xs), values)
        if len(values) != len(self.xs):
            raise ValueError(
                f"{argument} has {len(values)} lists of labels for {len(self.xs)} data sets"
            )
        return self._paired([self.name(k, argument) for k in range(len(values))], values)

    def _paired(self, names: list[str], values: Sequence[Any]) -> list[tuple[str, Any]]:
        """Return values with their names; raise if the index of labels is not that of the rows."""
        for k, (name, value) in enumerate(zip(names, values, strict=True)):
            if getattr(value, "ndim", 0) == 1:
                check_same_indexes([(self.name(k), self.items[k]), (name, value)], "observations")
        return list(zip(names, values, strict=True))

    def check_same_rows(self, conditions: Any, folds: Any, name: str = "folds") -> None:
        """Raise if the indexes of two labels of the rows differ: the data may have none."""
        each = self.each(conditions, "conditions"), self.each(folds, name)
        for labels in zip(*each, strict=True):
            check_same_indexes(labels, "observations")

    def row_names(self, names: Iterable[Name] | None) -> list[Name] | None:
        """Return the names of rows that are the same conditions in all data sets."""
        for k, x in enumerate(self.xs):
            if len(x) != len(self.xs[0]):
                raise ValueError(
                    f"{self.name(0)} has {len(self.xs[0])} conditions and {self.name(k)} {len(x)}; "
                    "give conditions if observations repeat them"
                )
        named = [(self.name(k), row_names(item)) for k, item in enumerate(self.items)]
        own = [(name, index) for name, index in named if index is not None]
        check_all_same_names(own, "conditions")
        if names is None:
            return own[0][1] if own else None
        if own:
            raise ValueError(f"{own[0][0]} has names of its own: leave out names")
        return check_names(names, len(self.xs[0]), "rows")

    def codes(self, conditions: Any) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the number of the condition of each observation, and the sorted conditions."""
        each = [
            (name, *as_codes(labels, name, len(x)))
            for x, (name, labels) in zip(self.xs, self.each(conditions, "conditions"), strict=True)
        ]
        first = each[0][1]
        for name, values, _ in each:
            if not np.array_equal(values, first):
                odd = sorted(set(values.tolist()) ^ set(first.tolist()))[0]
                raise ValueError(
                    f"data sets have different conditions: {odd!r} is not in all of them, "
                    f"{name} has others than the first"
                )
        return [codes for _, _, codes in each], first


def as_data_sets(data: Any) -> DataSets:
    """Return the data sets of a matrix, or of an array, list, mapping or Series of them."""
    if holds_arrays(data):
        items, keys = split_names(data, "data")
    elif hasattr(data, "shape") or not isinstance(data, Sequence) or isinstance(data, (str, bytes)):
        return _of_array(data)
    else:
        items, keys = list(data), None
        if items and all(np.ndim(x) == 1 for x in items):
            return _of_array(items)
    if not items:
        raise ValueError("data must have at least one data set, got none")
    keys = names_or_numbers(keys, len(items))
    xs = [as_responses(x, f"data[{key!r}]", 2) for key, x in zip(keys, items, strict=True)]
    for key, x in zip(keys, xs, strict=True):
        check_not_lost(x, f"data[{key!r}]")
    return DataSets(xs, keys, False, items)


def _of_array(data: Any) -> DataSets:
    single = ndim_of(data, "data") == 2
    x = as_responses(data, "data", 2 if single else 3)
    check_not_lost(x, "data")
    xs = [x] if single else list(x)
    return DataSets(xs, list(range(len(xs))), single, [data] * len(xs))
