"""Several subjects in one call: which these are, and what each argument has for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from netrep_go._names import (
    Name,
    check_all_same_names,
    check_same_indexes,
    holds_arrays,
    names_or_numbers,
    row_names,
    split_names,
)
from netrep_go._shown import shown
from netrep_go._validation import as_codes
from netrep_go.rsa._betas import Betas
from netrep_go.rsa._images import holds_images


class Subjects(NamedTuple):
    """The data of subjects, and their names or positions."""

    names: list[Name]
    data: list[Any]

    def each(self, name: str, value: Any, apart: Callable[[Any], bool]) -> list[Any]:
        """Return what an argument has for each subject.

        It has one thing for all, or one for each: in a mapping by subject, or in a list or
        array, which ``apart`` tells from one thing. Mappings by something else are one thing.
        """
        if isinstance(value, Mapping):
            lacking = [key for key in self.names if key not in value]
            if len(lacking) == len(self.names):
                return [value] * len(self.names)
            if lacking:
                raise ValueError(f"{name} has nothing for the subject {lacking[0]!r}")
            return [value[key] for key in self.names]
        if not apart(value):
            return [value] * len(self.names)
        if len(value) != len(self.names):
            raise ValueError(
                f"{name} must have one for each of the {len(self.names)} subjects, got {len(value)}"
            )
        return list(value)

    def arguments(self, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the arguments of each subject."""
        mask = given["mask"]
        tests: dict[str, Callable[[Any], bool]] = {
            "mask": _is_masks,
            "conditions": _is_lists,
            "folds": _is_lists,
            "residual_folds": _is_lists,
            "residuals": lambda x: _is_several(x, _first_mask(mask)),
        }
        each = [self.each(k, x, tests.get(k, lambda x: False)) for k, x in given.items()]
        check_same_conditions(self, each[[*given].index("conditions")])
        self._check_same_features(dict(zip(given, each, strict=True)))
        for name, data, *own in zip(self.names, self.data, *each, strict=True):
            arguments = {"data": data, **dict(zip(given, own, strict=True))}
            if _is_several(data, arguments["mask"]):
                raise ValueError(
                    f"data[{name!r}] must be of one subject, got a dict, list or axis of several"
                )
            yield arguments

    def _check_same_features(self, each: Mapping[str, list[Any]]) -> None:
        """Raise if subjects with the same places have their features in other orders, by name."""
        places = [each[name] for name in ("mask", "neighbors", "surface")]
        if all(own is items[0] for items in places for own in items):
            named = [(f"data[{k!r}]", x) for k, x in zip(self.names, self.data, strict=True)]
            check_same_indexes(named, "features", axis=-1)


def as_subjects(data: Any, mask: Any) -> Subjects | None:
    """Return the subjects of data, None of what is of one subject.

    They come in a mapping or Series by name; in a list of arrays, betas or lists of images; or
    along the first axis of an array. A list of images is of one subject.
    """
    if not _is_several(data, _first_mask(mask)):
        return None
    items, own = split_names(data, "data")
    if not items:
        raise ValueError("data must have at least one subject, got none")
    return Subjects(names_or_numbers(own, len(items)), items)


def _is_several(x: Any, mask: Any) -> bool:
    if holds_arrays(x):
        return True
    if isinstance(x, (list, tuple)):
        if any(isinstance(item, Betas) or _is_list_of_images(item) for item in x):
            return True
        if not x or holds_images(x):
            return False
        inner = _shape(x[0])
    else:
        is_array = isinstance(getattr(x, "ndim", None), int) and not (
            holds_images(x) or hasattr(x, "columns")
        )
        inner = _shape(x)[1:] if is_array else ()
    if mask is None:
        return len(inner) == 2
    inside = (0, 0, 0) if holds_images(mask) else _shape(mask)
    if len(inner) == len(inside) == 2:  # rows of voxels, not planes
        return inner != inside and inner[1] in (np.size(mask), np.count_nonzero(mask))
    return len(inner) in (2, len(inside) + 1)


def _is_list_of_images(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and holds_images(x)


def _shape(x: Any) -> tuple[int, ...]:
    """Return the shape of an array, that of a number for what is none."""
    try:
        return np.shape(x)
    except (ValueError, TypeError):
        return ()


def _first_mask(mask: Any) -> Any:
    """Return the mask, or that of the first subject."""
    if isinstance(mask, Mapping):
        return next(iter(mask.values()), None)
    return mask[0] if _is_masks(mask) else mask


def _is_masks(mask: Any) -> bool:
    """Whether this is a list or array of masks: of planes, it is one."""
    if isinstance(mask, (list, tuple)):
        return bool(mask) and all(holds_images(item) or hasattr(item, "shape") for item in mask)
    return not holds_images(mask) and getattr(mask, "ndim", 0) > 3


def _is_lists(labels: Any) -> bool:
    """Whether these are labels of each subject."""
    if isinstance(labels, (list, tuple)):
        return bool(labels) and np.ndim(labels[0]) > 0
    return getattr(labels, "ndim", 0) > 1 and not hasattr(labels, "iloc")


def check_same_conditions(subjects: Subjects, labels: list[Any]) -> None:
    """Raise if subjects name other conditions than the first that names them."""
    found = [conditions_of(x, own) for x, own in zip(subjects.data, labels, strict=True)]
    named = [(f"data[{k!r}]", x) for k, x in zip(subjects.names, found, strict=True)]
    known = [(name, conditions) for name, conditions in named if conditions is not None]
    for name, conditions in known[1:]:
        odd = sorted(set(conditions) ^ set(known[0][1]), key=str)
        if odd:
            has, lacks = (known[0][0], name) if odd[0] in known[0][1] else (name, known[0][0])
            raise ValueError(
                f"{known[0][0]} and {name} must have the same conditions, but {shown(odd[0])} is "
                f"in {has} and not in {lacks}"
            )
    check_all_same_names(named, "conditions")


def conditions_of(data: Any, labels: Any) -> list[Name] | None:
    """Return the names of the conditions of a subject's data with their labels, None of none."""
    if isinstance(data, Betas):
        labels = data.conditions
    if labels is None:
        return row_names(data)
    return as_codes(labels, "conditions", np.size(labels))[0].tolist()
