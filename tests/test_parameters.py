"""Flags, counts and seeds of public functions are checked by their annotations, before all else."""

import importlib
import inspect

import numpy as np
import pytest

from netrep_go._jobs import RandomState

ODD = {
    "bool": (0.5, None, "True", np.array([True])),
    "int": (0.5, "1", True, [1], 2**70),
    "int | None": (0.5, "1", True, [1], 2**70),
    "RandomState": (0.5, "1", True, -1, np.random.default_rng),
}
MODULES = ("capacity", "covariates", "metrics", "multiset", "rsa", "utils", "embedding", "encoding")
NOT_YET = {"analyze_mat", "collect_mat"}  # these check their arguments on their own


def functions():
    for module in map(importlib.import_module, (f"netrep_go.{name}" for name in MODULES)):
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isfunction(function) and name not in NOT_YET:
                yield function


def cases():
    for function in functions():
        for name, hint in function.__annotations__.items():
            kind = "RandomState" if hint == RandomState else getattr(hint, "__name__", str(hint))
            if kind in ODD and name != "return":
                for odd in ODD[kind]:
                    yield pytest.param(
                        function, name, odd, id=f"{function.__name__}-{name}-{type(odd).__name__}"
                    )


@pytest.mark.parametrize(("function", "name", "odd"), list(cases()))
def test_odd_values_are_refused_by_name(function, name, odd):
    parameters = inspect.signature(function).parameters.values()
    whole = (int, "int")
    empty = [p for p in parameters if p.default is p.empty]
    needed = {p.name: 1 if p.annotation in whole else None for p in empty}
    with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
        function(**(needed | {name: odd}))


def test_there_are_many():
    assert len(list(cases())) > 100
