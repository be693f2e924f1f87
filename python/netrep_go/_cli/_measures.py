"""Measures by name, with parameters behind it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from netrep_go._cli._parser import literal

# The name of a measure, or module:function, and parameters behind another colon.
_PARAMETERS = re.compile(r"(.*?)(:(\w+=.*))?", re.DOTALL)

_MEASURES = (
    "names of `netrep-go info --measures`, or package.module:function, with parameters behind "
    "them: cka:estimator=unbiased, procrustes:alpha=0.5,score_method=euclidean."
)


def measure_of(text: str, parameters: Sequence[str], argument: str) -> Any:
    """Return a measure of the table, or of a user's module, with parameters behind its name."""
    from netrep_go.metrics import as_measure
    from netrep_go.metrics._registry import named_measure

    name, _, behind = _PARAMETERS.fullmatch(text).groups()  # type: ignore[union-attr]
    params = {}
    for given in (*parameters, *(re.split(r",(?=\w+=)", behind) if behind else ())):
        key, sign, value = given.partition("=")
        if not sign:
            raise ValueError(f"--param must be NAME=VALUE, got {given!r}")
        params[key] = literal(value)
    module, _, attribute = name.partition(":")
    try:
        if not attribute:
            return named_measure(name, argument, **params)
        return as_measure(_imported(module, attribute, argument), **params)
    except TypeError as error:  # of a parameter, by name
        raise TypeError(f"{argument}, {text!r}: {error}") from None


def _imported(module: str, attribute: str, argument: str) -> Any:
    """Return a function or class of a user's module."""
    from netrep_go.metrics import measures

    if module in measures():
        raise ValueError(
            f"{argument} must have NAME=VALUE behind {module}:, parameters of the measure, got "
            f"{attribute!r}"
        )
    try:
        return getattr(import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise ValueError(
            f"{argument} must be a measure of `netrep-go info --measures` or "
            f"package.module:function, got {f'{module}:{attribute}'!r}: {error}"
        ) from None


def measures_of(texts: Sequence[str]) -> dict[str, Any]:
    """Return measures by what tells them apart: their names, or all that was typed."""
    from netrep_go.metrics._adapted import name_of

    found = [measure_of(text, (), f"measures[{k}]") for k, text in enumerate(texts)]
    names = [
        name_of(measure) if ":" in text and "=" not in text else text
        for text, measure in zip(texts, found, strict=True)
    ]
    labels = [
        text if names.count(name) > 1 else name for text, name in zip(texts, names, strict=True)
    ]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"measures must differ, got {label!r} more than once")
    return dict(zip(labels, found, strict=True))


def add_measure(parser: argparse.ArgumentParser, *, several: bool) -> None:
    how: dict[str, Any] = {"nargs": "+", "default": ["cka"]} if several else {"default": "cka"}
    what = "Measures that share the permutations:" if several else "The measure:"
    parser.add_argument(
        "--measures" if several else "--measure",
        metavar="MEASURE",
        help=f"{what} {_MEASURES} (default: cka)",
        **how,
    )
