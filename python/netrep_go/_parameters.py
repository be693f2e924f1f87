"""Flags, counts and seeds among the arguments of public callables.

Each is checked by its annotation before anything else is done, so that no odd value gets
further in. Ranges are left to the callables, but for the largest count that they may take.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache, wraps
from types import FunctionType
from typing import Any, TypeVar, cast

from netrep_go._jobs import RandomState, check_seed
from netrep_go._validation import MOST, check_flag, check_integer

Check = Callable[[Any, str], None]  # raises if a value, of the parameter named, is odd


# What is no count, and may be whatever Go holds.
_FREE = {"batch_size", "memory_limit", "n_jobs", "random_state"}


def check_count(value: object, name: str) -> None:
    """Raise if ``value`` is not an integer, or more than is ever stored or done."""
    check_integer(value, name, -(2**63), 2**63 - 1 if name in _FREE else MOST)


def check_optional(value: object, name: str) -> None:
    """Raise if ``value`` is neither None nor such an integer."""
    if value is not None:
        check_count(value, name)


F = TypeVar("F", bound=Callable[..., Any])


def checked(function: F) -> F:
    """Check the flags, counts and seeds of a function; of a method, those of its estimator too."""
    plain = cast(FunctionType, function)
    names = plain.__code__.co_varnames[: plain.__code__.co_argcount]

    @wraps(plain)
    def checking(*args: Any, **kwargs: Any) -> Any:
        checks = _checks_of(plain)
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name in checks:
                checks[name](value, name)
        if names[:1] == ("self",) and hasattr(args[0], "get_params"):
            check_parameters(args[0])
        return plain(*args, **kwargs)

    return cast(F, checking)


def check_parameters(estimator: Any) -> None:
    """Check the flags, counts and seeds that an estimator was made with."""
    for name, check in _checks_of(type(estimator).__init__).items():
        check(getattr(estimator, name), name)


@cache
def _checks_of(function: Callable[..., Any]) -> dict[str, Check]:
    """Return how to check the flags, counts and seeds among the arguments of a function."""
    kinds: dict[Any, Check] = {"bool": check_flag, "int": check_count, "RandomState": check_seed}
    kinds |= {bool: check_flag, int: check_count, RandomState: check_seed}
    kinds |= {"int | None": check_optional, int | None: check_optional}
    found = getattr(function, "__annotations__", {}).items()
    return {name: kinds[hint] for name, hint in found if name != "return" and _known(hint, kinds)}


def _known(hint: Any, kinds: dict[Any, Check]) -> bool:
    return isinstance(hint, Hashable) and hint in kinds
