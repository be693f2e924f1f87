"""How errors show what they got: on one line, however large it is."""

from __future__ import annotations

import inspect
import reprlib
from typing import Any

_LIMIT = 100  # characters

_short = reprlib.Repr()
_short.maxother = _short.maxstring = _LIMIT


def kind_of(value: Any) -> str:
    """Return what a value is, as errors say it: its type, or that it is a class."""
    return shown(value) if isinstance(value, type) else type(value).__name__


def shown(value: Any) -> str:
    """Return a value as errors show it: arrays and frames by their type and shape."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if inspect.ismodule(value):
        return f"the module {value.__name__}"
    if inspect.isroutine(value):
        return f"the function {value.__name__}, which was not called"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{type(value).__name__} of shape {shape}"
    if inspect.isgenerator(value):
        return "a generator"
    text = " ".join(_short.repr(value).split())
    return text if len(text) <= _LIMIT else f"{text[:_LIMIT]}..."
