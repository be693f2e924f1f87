"""What `help()` and `?` show of public callables: types by the names that their modules have."""

import importlib
import inspect
import pkgutil
from typing import get_type_hints

import fuzz_examples

import netrep_go
from netrep_go._results import Result

LONGEST = 140  # of a type: the similarities of RDMs


def callables():
    """Return functions, classes and methods that are public, by name."""
    found = {}
    for path, value in fuzz_examples.public().items():
        found[path] = value
        if inspect.isclass(value):
            names = ["__init__", *fuzz_examples.methods(value)]
            found |= {f"{path}.{name}": getattr(value, name) for name in names}
    return found


def types(function):
    """Return the types in a signature, as help shows them."""
    signature = inspect.signature(function)
    given = [parameter.annotation for parameter in signature.parameters.values()]
    return [inspect.formatannotation(kind) for kind in (*given, signature.return_annotation)]


def test_types_are_names_that_fit_in_a_line():
    """Unions of NumPy's array types, written out, are a page."""
    shown = {path: types(function) for path, function in callables().items()}
    assert len(shown) > 400
    long = {
        path: text
        for path, texts in shown.items()
        for text in texts
        if len(text) > LONGEST or "numpy._typing" in text
    }
    assert long == {}


def results(cls=Result):
    for each in cls.__subclasses__():
        yield each
        yield from results(each)


def test_types_of_results_are_there():
    """Fields name types that their modules import, so that tools can read them."""
    for found in pkgutil.walk_packages(netrep_go.__path__, "netrep_go."):
        importlib.import_module(found.name)
    ours = [cls for cls in results() if cls.__module__.startswith("netrep_go.")]
    assert len(ours) > 50
    for cls in ours:
        assert get_type_hints(cls), cls
