"""What the classes of results share: a short repr, and a table in notebooks."""

from __future__ import annotations

import dataclasses
import inspect
from html import escape
from typing import Any, get_type_hints

import numpy as np

_SHOWN = 60  # longest text of a field
_LINE = 100  # longest text of a type
_ROWS = 20  # of a table in a notebook


class _Signature:
    """The signature of a class with types for their names, as modules postpone annotations.

    Unions that would be longer than a line, as of all that NumPy takes, keep their names.
    """

    def __get__(self, result: Any, cls: type) -> inspect.Signature:
        make = cls.__init__ if dataclasses.is_dataclass(cls) else cls.__new__  # type: ignore[misc]
        types = get_type_hints(cls)
        _, *fields = inspect.signature(make).parameters.values()
        shown = {name: t for name, t in types.items() if len(inspect.formatannotation(t)) < _LINE}
        return inspect.Signature(
            [p.replace(annotation=shown.get(p.name, p.annotation)) for p in fields]
        )


class Result:
    """A result: a frozen dataclass or a named tuple, which lists this class first.

    It is shown by its fields, arrays by their shapes. In notebooks the table of
    ``to_frame`` stands below, if there is one.
    """

    __signature__ = _Signature()

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={_short(getattr(self, name))}" for name in _fields(self))
        return f"{type(self).__name__}({fields})"

    def _repr_html_(self) -> str:
        return f"<div><code>{escape(repr(self))}</code>{_table(self)}</div>"


def _fields(result: Any) -> list[str]:
    if dataclasses.is_dataclass(result):
        return [field.name for field in dataclasses.fields(result) if field.repr]
    return list(result._fields)


def _short(value: Any) -> str:
    """Return a repr of a field that fits in a line."""
    if isinstance(value, np.ndarray) and value.size > 4:
        return f"<{value.dtype} array of shape {value.shape}>"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, separator=", ")
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = repr(value)
    if len(text) <= _SHOWN:
        return text
    size = f" of {len(value)}" if hasattr(value, "__len__") else ""
    return f"<{type(value).__name__}{size}>"


def _table(result: Any) -> str:
    if not hasattr(result, "to_frame"):
        return ""
    try:
        return result.to_frame().to_html(max_rows=_ROWS, float_format="{:.4g}".format)
    except ImportError:  # no pandas: the line of fields is all
        return ""
