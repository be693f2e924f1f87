"""Measures as functions of inference take them: one, or several with names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from netrep_go._shown import shown
from netrep_go.metrics import Measure
from netrep_go.metrics._adapted import measure_of, name_of


def given_measure(measure: Any) -> Measure:
    """Return the measure that the argument of this name is."""
    return measure_of(measure, "measure")


def are_several(measures: Any) -> bool:
    """Whether these are measures in a list or dict, be it one."""
    return isinstance(measures, (list, tuple, Mapping))


def chosen(measures: Any, argument: str) -> dict[str, Measure]:
    """Return measures by their names in the result."""
    if isinstance(measures, Mapping):
        items = [(name, measure, f"{argument}[{name!r}]") for name, measure in measures.items()]
        odd = next((name for name, _, _ in items if not isinstance(name, str)), None)
        if odd is not None:
            raise TypeError(f"{argument} must have names that are texts, got {shown(odd)}")
    else:
        listed = list(measures) if are_several(measures) else [measures]
        items = [(name_of(each), each, f"{argument}[{k}]") for k, each in enumerate(listed)]
    if not items:
        raise ValueError(f"{argument} must be at least one, got none")
    found: dict[str, Measure] = {}
    for name, measure, where in items:
        if name in found:
            raise ValueError(
                f"{argument} must differ in name, got {name!r} more than once: give a dict of them"
            )
        found[name] = measure_of(measure, where)
    return found


@contextmanager
def named_in_errors(name: str, kinds: tuple[type[Exception], ...]) -> Iterator[None]:
    """Say of what an error is, if it is of one of several classes."""
    try:
        yield
    except kinds as error:
        if type(error) not in kinds:
            raise
        raise type(error)(f"{name}: {error}") from error
