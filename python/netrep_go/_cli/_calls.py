"""Commands that call one function, or fit one estimator, on files."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from netrep_go._cli import _files
from netrep_go._cli._measures import measure_of, measures_of
from netrep_go._cli._parser import Command, Given, add_options, option
from netrep_go._cli._shared import DATA, FILES, LABELS, Reader, add_common, finish
from netrep_go._cli._values import KINDS


def calling(
    module: str,
    name: str,
    summary: str,
    examples: str,
    files: Mapping[str, Reader],
    call: Callable[[Any, Given, Given], Any] = lambda function, data, own: function(**data, **own),
    more: Callable[[argparse.ArgumentParser], None] = lambda parser: None,
    leave_out: Sequence[str] = (),
) -> Command:
    """Return the command that calls a function on files.

    The first of ``files`` is required and stands by itself, as do others without a default; all
    else in the signature is an option, but for what is left out; ``more`` adds others.
    """

    def fill(parser: argparse.ArgumentParser) -> None:
        function = getattr(import_module(module), name)
        parameters = inspect.signature(function).parameters
        for k, (argument, (several, _)) in enumerate(files.items()):
            given = parameters.get(argument)
            required = given is not None and given.default is given.empty
            how: dict[str, Any] = {"nargs": "+"} if several else {}
            if k:
                how |= {"dest": argument, "required": required}
            flag = option(argument) if k else argument
            parser.add_argument(flag, metavar="FILE", help=FILES[argument], **how)
        more(parser)
        add_options(parser, function, {*files, *leave_out, "verbose"}, KINDS)
        add_common(parser)

    def run(given: Given) -> int:
        function = getattr(import_module(module), name)
        paths = {argument: given.pop(argument) for argument in files}
        data = {
            argument: files[argument][1](path, argument)
            for argument, path in paths.items()
            if path is not None
        }
        own = {key: given[key] for key in given.keys() - {"output", "quiet"}}
        if "verbose" in inspect.signature(function).parameters:
            own["verbose"] = not given["quiet"]
        found = call(function, data, own)
        if found is not None:
            finish(given, {name: _table(found, paths, data)})
        return 0

    return Command(summary, examples, fill, run)


def _table(found: Any, paths: Given, data: Given) -> Any:
    """Return what a function returned as a table, rows and columns named by the files."""
    if hasattr(found, "to_frame"):
        return found.to_frame()
    if hasattr(found, "_asdict"):
        return _files.frame(list(found), None, found._fields)
    first, *_ = (_names(paths[argument], x) for argument, x in data.items())
    models = data.get("models")
    return _files.frame(found, first, first if models is None else _names(paths["models"], models))


def _names(paths: Any, x: Any) -> Any:
    own = _files.rows(x)
    return [_files.name_of(path) for path in paths] if own is None else own


def compare(function: Any, data: Given, own: Given) -> Any:
    """Compare networks that are named by their files."""
    networks = _files.named(data["networks"], "networks", own.pop("names", None))
    if "measures" in own:
        own["measures"] = measures_of(own["measures"])
    return function(networks, **own)


def infer(function: Any, data: Given, own: Given) -> Any:
    """Infer something of networks that are named by their files."""
    paths = _files.named(data.pop("networks"), "networks", own.pop("names", None))
    if "measures" in own:
        measures = measures_of(own.pop("measures"))
        return function(measures, _files.load(paths, "networks"), **data, **own)
    text = own.pop("measure")
    measure = measure_of(text, (), "measure")
    found = function(measure, _files.load(paths, "networks"), **data, **own)
    return replace(found, measure=next(iter(measures_of([text]))))


def _fit(cls: Any, data: Given, own: Given) -> Any:
    """Fit an estimator, and say on standard error what is known of all manifolds together."""
    fitted = cls(**own).fit(**data)
    print(f"netrep-go: capacity {np.array2string(np.asarray(fitted.capacity_))}", file=sys.stderr)
    return fitted


def analyze(function: Any, data: Given, own: Given) -> Any:
    """Analyze sets, and say after an interrupt that those which are done stay."""
    try:
        return function(**data, **own)
    except KeyboardInterrupt as error:
        error.add_note("sets that were analyzed are kept: the same command goes on")
        raise


def capacity(cls: str, summary: str, command: str, more: str) -> Command:
    """Return the command that fits an estimator of capacity."""
    examples = f"""  netrep-go capacity {command} layer.npy --y digits.txt -o capacity.csv
  netrep-go capacity {command} cat.npy dog.npy car.npy {more}"""
    files = {"X": DATA, "y": LABELS}
    return calling("netrep_go.capacity", cls, summary, examples, files, _fit)
