"""Arguments of public callables, checked by their annotations before anything else is done.

Flags, counts, numbers, options, seeds and lists of them come out in Python's own types, in
which nothing overflows further in. Ranges are left to the callables, but for the largest count
that they may take.
"""

from __future__ import annotations

import os
from collections.abc import (
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
    ValuesView,
)
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, wraps
from types import FunctionType, NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from netrep_go._files import as_path
from netrep_go._foreign import at_hand
from netrep_go._jobs import RandomState, check_seed
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import MOST, check_flag, check_integer, check_option

Check = Callable[[Any, str], Any]  # returns the value of the parameter named, or raises


# What is no count, and may be whatever Go holds.
_FREE = {"batch_size", "memory_limit", "n_jobs", "random_state"}


@dataclass(frozen=True)
class _Kind:
    """What an annotation asks for: in words, whether a value is of that kind, and its check."""

    words: tuple[str, ...]
    fits: Callable[[Any], bool]
    check: Check


def as_flag(value: Any, name: str) -> bool:
    """Return a flag as Python's; raise if ``value`` is none."""
    check_flag(value, name)
    return bool(value)


def as_count(value: Any, name: str) -> int:
    """Return an integer as Python's; raise if ``value`` is none, or more than is ever done."""
    check_integer(value, name, -(2**63), 2**63 - 1 if name in _FREE else MOST)
    return int(value)


def as_real(value: Any, name: str) -> float:
    """Return a number as Python's float; raise if ``value`` is none."""
    if not _is_real(value):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} must be finite, got {shown(value)}") from None


def as_text(value: Any, name: str) -> str:
    """Return a string as Python's; raise if ``value`` is none."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {shown(value)}")
    return str(value)


def as_it_was_given(path: Any, name: str) -> Any:
    """Return a path; raise if the system can have none of that name."""
    as_path(path, name)
    return path


def as_seed(value: Any, name: str) -> Any:
    """Return what gives random numbers; raise if ``value`` does not."""
    check_seed(value, name)
    return int(value) if isinstance(value, np.integer) else value


def _is_flag(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def _is_count(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_real(value: Any) -> bool:
    return _is_count(value) or isinstance(value, (float, np.floating))


def _is_list(value: Any) -> bool:
    odd = isinstance(value, (str, bytes, Mapping, Set, ValuesView, Iterator, type))
    return isinstance(value, Iterable) and not odd and getattr(value, "ndim", 1) > 0


F = TypeVar("F", bound=Callable[..., Any])


def checked(function: F) -> F:
    """Check the arguments of a function; of a method, the parameters of its estimator too."""
    plain = cast(FunctionType, function)
    names = plain.__code__.co_varnames[: plain.__code__.co_argcount]
    has_self = names[:1] == ("self",)

    @wraps(plain)
    def checking(*args: Any, **kwargs: Any) -> Any:
        checks = _checks_of(plain)
        if has_self and hasattr(args[0], "get_params"):
            check_parameters(args[0])
        given = zip(names[has_self:], args[has_self:], strict=False)
        positional = [*args[:has_self], *(_taken(*pair, checks) for pair in given)]
        named = {name: _taken(name, value, checks) for name, value in kwargs.items()}
        return plain(*positional, *args[len(names) :], **named)

    return cast(F, checking)


def check_parameters(estimator: Any) -> None:
    """Check what an estimator was made with, by the annotations of this package."""
    init = type(estimator).__init__
    if getattr(init, "__module__", "").startswith("netrep_go."):
        for name, check in _checks_of(init).items():
            check(getattr(estimator, name), name)


def _taken(name: str, value: Any, checks: Mapping[str, Check]) -> Any:
    """Return an argument as its callable takes it."""
    return checks[name](value, name) if name in checks else at_hand(value, name)


@cache
def _checks_of(function: Callable[..., Any]) -> dict[str, Check]:
    """Return how to check those arguments of a function whose annotations say it."""
    hints = {name: hint for name, hint in _hints_of(function) if name != "return"}
    kinds = {name: _kind_of(hint) for name, hint in hints.items()}
    return {name: kind.check for name, kind in kinds.items() if kind is not None}


def _hints_of(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Yield the annotations of a function, but for those that only type checkers import."""
    for name, hint in function.__annotations__.items():
        with suppress(NameError):
            alone = SimpleNamespace(__annotations__={name: hint})
            yield from get_type_hints(alone, function.__globals__).items()


_KINDS: dict[Any, _Kind] = {
    bool: _Kind(("True", "False"), _is_flag, as_flag),
    int: _Kind(("an integer",), _is_count, as_count),
    float: _Kind(("a number",), _is_real, as_real),
    RandomState: _Kind(("a seed",), lambda value: True, as_seed),
    NoneType: _Kind(("None",), lambda value: value is None, lambda value, name: None),
    object: _Kind(("anything",), lambda value: True, lambda value, name: value),
}
_TEXT = _Kind(("a string",), lambda value: isinstance(value, str), as_text)
_PATH = _Kind(("a path",), lambda value: isinstance(value, (str, os.PathLike)), as_it_was_given)


def _kind_of(hint: Any) -> _Kind | None:
    """Return what an annotation asks for, None if that is left to the callable."""
    if isinstance(hint, Hashable) and hint in _KINDS:
        return _KINDS[hint]
    if isinstance(hint, type) and issubclass(hint, Result):
        return _result(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _option(args)
    if origin is os.PathLike:
        return _PATH
    if origin in (Union, UnionType):
        paths = any(get_origin(arg) is os.PathLike for arg in args)
        return _either([_kind_of(arg) for arg in args if not (paths and arg is str)])
    return _listed(args[0]) if origin is Sequence else None


def _result(kind: type) -> _Kind:
    """Return a result of this package, which others are made from."""
    word = f"a {kind.__name__}"

    def check(value: Any, name: str) -> Any:
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be {word}, got {shown(value)}")
        return value

    return _Kind((word,), lambda value: isinstance(value, kind), check)


def _option(allowed: Sequence[str]) -> _Kind:
    def check(value: Any, name: str) -> str:
        check_option(value, name, allowed)
        return str(value)

    words = tuple(map(repr, allowed))
    return _Kind(words, lambda value: isinstance(value, str) and value in allowed, check)


def _either(kinds: Sequence[_Kind | None]) -> _Kind | None:
    """Return what is of one of several kinds; None if one is left to the callable."""
    known = [kind for kind in kinds if kind is not None]
    if len(known) < len(kinds):
        return None
    *first, last = sorted({word: None for kind in known for word in kind.words}, key="None".__eq__)
    rule = f"{', '.join(first)} or {last}"

    def check(value: Any, name: str) -> Any:
        for kind in known:
            if kind.fits(value):
                return kind.check(value, name)
        odd = ValueError if isinstance(value, str) and "'" in rule else TypeError
        raise odd(f"{name} must be {rule}, got {shown(value)}")

    words = (*first, last)
    return _Kind(words, lambda value: any(kind.fits(value) for kind in known), check)


def _listed(hint: Any) -> _Kind:
    """Return a list of what an annotation asks for."""
    kind = _TEXT if hint is str else _kind_of(hint)
    rule = "a list of names" if kind is _TEXT else "a sequence"

    def check(value: Any, name: str) -> Any:
        if not _is_list(value):
            raise TypeError(f"{name} must be {rule}, got {shown(value)}")
        if kind is None:
            return at_hand(value, name)
        return [kind.check(item, f"{name}[{k}]") for k, item in enumerate(value)]

    return _Kind((rule,), _is_list, check)
