"""The commands: each reads files, calls one function and writes what that returns."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from netrep_go._cli import _files
from netrep_go._cli._parser import Command, Commands, Given, add_options, literal, option
from netrep_go._versions import show_versions

_INCOMPLETE = 3
_PATIENCE = 5  # seconds to wait for a scheduler

_UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}


def _size(text: str) -> int:
    """Return a number of bytes, such as 256MB."""
    found = re.fullmatch(r"([\d.]+) ?([kMGT]?)(i?)B?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected a size such as 256MB, got {text!r}")
    unit = _UNITS[found[2]]
    return int(float(found[1]) * (1024 ** round(np.log10(unit) / 3) if found[3] else unit))


def _client(address: str) -> Any:
    from netrep_go._optional import optional

    return optional("dask.distributed", "dask", "client").Client(address, timeout=_PATIENCE)


def _estimator(name: str) -> Any:
    if name not in _ESTIMATORS:
        raise argparse.ArgumentTypeError(f"expected {' or '.join(_ESTIMATORS)}, got {name!r}")
    return getattr(import_module("netrep_go.capacity"), _ESTIMATORS[name])()


def _dichotomies(text: str) -> Any:
    try:
        return _files.read_one(text, "dichotomies") if Path(text).suffix else text
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


# How argparse takes parameters that are no single Python value.
_KINDS: dict[str, dict[str, Any]] = {
    "client": {"type": _client, "metavar": "ADDRESS"},
    "controls": {"nargs": "+"},
    "dichotomies": {"type": _dichotomies},
    "estimators": {"type": _estimator, "nargs": "+", "metavar": "{mean-field,direct}"},
    "measures": {"nargs": "+", "metavar": "MEASURE[:NAME=VALUE,...]"},
    "memory_limit": {"type": _size},
    "names": {"nargs": "+"},
    "reference": {"metavar": "NAME"},
    "sets": {"nargs": "+", "type": int},
}

# The name of a measure, or module:function, and parameters behind another colon.
_PARAMETERS = re.compile(r"(.*?)(:(\w+=.*))?", re.DOTALL)

_ESTIMATORS = {"mean-field": "MeanFieldCapacity", "direct": "DirectCapacity"}

# How files are read for a parameter: one or several, and by what.
_Reader = tuple[bool, Callable[[Any, str], Any]]
_DATA: _Reader = (True, _files.read_some)
_ARRAY: _Reader = (False, _files.read_one)
_LABELS: _Reader = (False, _files.read_labels)
_PATHS: _Reader = (True, lambda paths, argument: paths)
_DISTANCES: _Reader = (False, lambda path, argument: _files.read_distances(path))
_TEXT: _Reader = (False, lambda text, argument: text)
_CONTROLS: dict[str, _Reader] = {"controls": _DATA}
_OF_RESPONSES = {"conditions": _LABELS, "folds": _LABELS, "noise": _ARRAY, **_CONTROLS}


def _common(parser: argparse.ArgumentParser, more: tuple[str, ...] = ()) -> None:
    parser.add_argument("-q", "--quiet", action="store_true", help="Show no progress.")
    parser.add_argument(
        "-o",
        "--output",
        type=partial(_files.output, more=more),
        metavar="FILE",
        help=f"Where results go: {', '.join((*more, '.csv'))}, .json, .npz or .parquet. Without "
        "it, csv on standard output.",
    )


def _finish(given: Given, tables: _files.Tables) -> None:
    _files.write(tables, given["output"])


def _add_files(parser: argparse.ArgumentParser, flag: str, name: str, text: str) -> None:
    parser.add_argument(flag, dest=name, nargs="+", metavar="FILE", help=text)


# Distances ---------------------------------------------------------------------------------------


def _fill_distances(parser: argparse.ArgumentParser) -> None:
    from netrep_go.multiset import DistanceStore

    parser.add_argument(
        "networks",
        nargs="+",
        metavar="FILE",
        help="A network each: .npy, .npz, .csv, .tsv, .parquet, .mat, .h5 or .zarr with a row a "
        "sample; FILE::NAME is one of several arrays in a file, and FILE.nwb::TABLE/COLUMN/REGION "
        "the mean rates of units at each stimulus.",
    )
    _add_files(parser, "--test", "test", "Held-out activations, in files of the same names.")
    _add_files(parser, "--to", "to", "Measure to these, and not between all pairs.")
    _add_files(parser, "--to-test", "to_test", "Held-out activations of these.")
    for flag, what in (("--names", "the networks"), ("--to-names", "those of --to")):
        parser.add_argument(
            flag,
            nargs="+",
            metavar="NAME",
            help=f"Names of {what}, in place of those of their files; held-out files are then "
            "taken in order.",
        )
    parser.add_argument(
        "--metric",
        default="procrustes",
        help="A measure of `netrep-go info --measures`, or package.module:function.",
    )
    parser.add_argument(
        "-p",
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="A parameter of the measure, such as alpha=0.5; of a function, what is true of it: "
        "kind=distance, symmetric=True, triangle=True.",
    )
    parser.add_argument(
        "--store",
        metavar="FOLDER",
        help="Compute in tiles in a folder. What was interrupted goes on with the same command.",
    )
    known = {"names", "testdata", "verbose"}
    add_options(parser, DistanceStore.pairwise_distances, known, _KINDS)
    add_options(parser, DistanceStore, known)
    _common(parser)


def _distances(given: Given) -> int:
    measure = _measure(given.pop("metric"), given.pop("param"), "metric")
    data = _paths(given)
    options = {name: given.pop(name) for name in tuple(given) if name not in ("output", "quiet")}
    if store := options.pop("store"):
        return _in_store(store, measure, data, options, given)
    from netrep_go import multiset

    function: Any = multiset.cross_distances if "Xs" in data else multiset.pairwise_distances
    for name in options.keys() - inspect.signature(function).parameters.keys():
        raise ValueError(f"{option(name)} is for distances in a store: give --store FOLDER")
    loaded = {name: _files.load(paths, name) for name, paths in data.items()}
    found = function(measure, **loaded, **options, verbose=not given["quiet"])
    values = found if isinstance(found, tuple) else (found,)
    first, last = (
        list(x) for x in (next(iter(data.values())), data.get("Ys") or data["traindata"])
    )
    names = ("distances", "test")
    _finish(given, {n: _files.frame(x, first, last) for n, x in zip(names, values, strict=False)})
    return 0


def _paths(given: Given) -> dict[str, dict[str, str]]:
    """Return the files of each argument of a function, by names."""
    names, to_names = given.pop("names"), given.pop("to_names")
    train, test, to, to_test = (given.pop(name) for name in ("networks", "test", "to", "to_test"))
    if to is None:
        if to_test or to_names:
            raise ValueError("--to-test and --to-names are for --to")
        files = {"traindata": (train, names), "testdata": (test, names)}
    else:
        files = {
            "Xs": (train, names),
            "Ys": (to, to_names),
            "Xs_test": (test, names),
            "Ys_test": (to_test, to_names),
        }
    return {
        argument: _files.named(paths, argument, labels)
        for argument, (paths, labels) in files.items()
        if paths is not None
    }


def _measure(text: str, parameters: Sequence[str], argument: str) -> Any:
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


def _measures(texts: Sequence[str]) -> dict[str, Any]:
    """Return measures by what tells them apart: their names, or all that was typed."""
    from netrep_go.metrics._registry import name_of

    found = [_measure(text, (), f"measures[{k}]") for k, text in enumerate(texts)]
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


def _in_store(path: str, measure: Any, data: Given, options: Given, given: Given) -> int:
    from netrep_go.multiset import DistanceStore

    size = {"tile_size": options.pop("tile_size")} if "tile_size" in options else {}
    store = DistanceStore(path, **size)
    compute = store.cross_distances if "Xs" in data else store.pairwise_distances
    try:
        status = compute(measure, **data, **options, verbose=not given["quiet"])
    except KeyboardInterrupt as error:
        if not hasattr(error, "__notes__"):  # it came before the first tile
            error.add_note(f"nothing in {path} is lost: the same command goes on")
        raise
    _tell(path, status)
    if given["output"] is not None:
        _finish(given, _tables_of(store, given))
    return 0


def _tell(path: str, status: Any) -> None:
    print(
        f"netrep-go: {path} has {status.n_done} of {status.n_tiles} tiles, "
        f"{status.n_computed} of them new",
        file=sys.stderr,
    )


# Stores ------------------------------------------------------------------------------------------


def _tables_of(store: Any, given: Given) -> _files.Tables:
    """Return the distances in a store, and those of held-out data."""
    incomplete = given.get("incomplete", False)
    tables = {"distances": store.to_frame(incomplete=incomplete)}
    if store.status().options["held_out"]:
        tables["test"] = store.to_frame(test=True, incomplete=incomplete)
    return tables


def _status_table(status: Any) -> _files.Tables:
    from netrep_go._optional import pandas

    counts = {name: getattr(status, name) for name in ("n_rows", "n_columns", "n_tiles", "n_done")}
    return {"status": pandas().DataFrame([counts | {"complete": status.complete} | status.options])}


def _store_status(given: Given) -> int:
    from netrep_go.multiset import DistanceStore

    status = DistanceStore(given["path"]).status()
    _finish(given, _status_table(status))
    return 0 if status.complete else _INCOMPLETE


def _store_merge(given: Given) -> int:
    from netrep_go.multiset import DistanceStore

    status = DistanceStore(given["path"]).merge(*given["others"])
    _finish(given, _status_table(status))
    return 0 if status.complete else _INCOMPLETE


def _store_export(given: Given) -> int:
    from netrep_go.multiset import DistanceStore

    _finish(given, _tables_of(DistanceStore(given["path"]), given))
    return 0


def _fill_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FOLDER", help="The folder of a store.")
    _common(parser)


def _fill_merge(parser: argparse.ArgumentParser) -> None:
    _fill_store(parser)
    parser.add_argument("others", nargs="+", metavar="OTHER", help="Stores to take tiles from.")


def _fill_export(parser: argparse.ArgumentParser) -> None:
    from netrep_go.multiset import DistanceStore

    _fill_store(parser)
    add_options(parser, DistanceStore.to_frame, {"test"})


# Embeddings and information ----------------------------------------------------------------------


def _fill_embed(parser: argparse.ArgumentParser) -> None:
    from netrep_go.embedding import EuclideanEmbedding

    parser.add_argument("distances", help="A square matrix in a file, or the folder of a store.")
    parser.add_argument(
        "--new", metavar="FILE", help="Distances of later networks to these: they are placed too."
    )
    add_options(parser, EuclideanEmbedding, ())
    _common(parser)


def _embed(given: Given) -> int:
    from netrep_go.embedding import EuclideanEmbedding

    D = _files.read_distances(given.pop("distances"))
    new = given.pop("new")
    own = {name: given[name] for name in given.keys() - {"output", "quiet"}}
    embedding = EuclideanEmbedding(**own).fit(D)
    tables = {"embedding": _files.frame(embedding.embedding_, _files.rows(D))}
    if new is not None:
        D_new = _files.read_one(new, "new")
        tables["new"] = _files.frame(embedding.transform(D_new), _files.rows(D_new))
    print(
        f"netrep-go: {embedding.n_components_} dimensions; relative error of distances "
        f"{embedding.distortion_:.4f} in the mean, {embedding.max_distortion_:.4f} at most",
        file=sys.stderr,
    )
    _finish(given, tables)
    return 0


def _fill_info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="Say what is in files.")
    parser.add_argument("--measures", action="store_true", help="List the measures.")
    _common(parser)


def _info(given: Given) -> int:
    from netrep_go._optional import pandas
    from netrep_go.metrics import measures

    if given["measures"]:
        _finish(given, {"measures": measures().to_frame()})
    elif given["files"]:
        arrays = [(path, np.asarray(_files.read_one(path, "files"))) for path in given["files"]]
        table = [{"file": p, "shape": str(x.shape), "dtype": str(x.dtype)} for p, x in arrays]
        _finish(given, {"files": pandas().DataFrame(table).set_index("file")})
    else:
        show_versions()
    return 0


# Functions and estimators of files ---------------------------------------------------------------


def _compare(function: Any, data: Given, own: Given) -> Any:
    """Compare networks that are named by their files."""
    networks = _files.named(data["networks"], "networks", own.pop("names", None))
    if "measures" in own:
        own["measures"] = _measures(own["measures"])
    return function(networks, **own)


def _infer(function: Any, data: Given, own: Given) -> Any:
    """Infer something of networks that are named by their files."""
    paths = _files.named(data.pop("networks"), "networks", own.pop("names", None))
    if "measures" in own:
        measures = _measures(own.pop("measures"))
        return function(measures, _files.load(paths, "networks"), **data, **own)
    text = own.pop("measure")
    measure = _measure(text, (), "measure")
    found = function(measure, _files.load(paths, "networks"), **data, **own)
    return replace(found, measure=next(iter(_measures([text]))))


def _add_measure(parser: argparse.ArgumentParser, *, several: bool) -> None:
    how: dict[str, Any] = {"nargs": "+", "default": ["cka"]} if several else {"default": "cka"}
    what = "Measures that share the permutations:" if several else "The measure:"
    parser.add_argument(
        "--measures" if several else "--measure",
        metavar="MEASURE",
        help=f"{what} {_MEASURES} (default: cka)",
        **how,
    )


_MEASURES = (
    "names of `netrep-go info --measures`, or package.module:function, with parameters behind "
    "them: cka:estimator=unbiased, procrustes:alpha=0.5,score_method=euclidean."
)


def _call(
    module: str,
    name: str,
    summary: str,
    examples: str,
    files: Mapping[str, _Reader],
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
            parser.add_argument(flag, metavar="FILE", help=_FILES[argument], **how)
        more(parser)
        add_options(parser, function, {*files, *leave_out, "verbose"}, _KINDS)
        _common(parser)

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
            _finish(given, {name: _table(found, paths, data)})
        return 0

    return Command(summary, examples, fill, run)


_FILES = {
    "D": "A square matrix of distances in a file, or the folder of a store.",
    "D1": "A square matrix of distances in a file, or the folder of a store.",
    "D2": "Another one, of the same networks.",
    "X": "Responses: one file with --y, or a file for each manifold.",
    "conditions": "A file with the condition of each observation; .txt has one a line.",
    "controls": "RDMs whose part is removed: one file with a row each, or a file for each.",
    "covariance": "A file with the covariance of dissimilarities.",
    "data": "Responses, a row a condition: a file for each data set.",
    "folds": "A file with the fold of each observation.",
    "mask": "A file with the image of the voxels that responses are of.",
    "models": "RDMs of models: one file with a row each, or a file for each.",
    "networks": "A network each, as for `netrep-go distances`; `compare` takes several arrays in a "
    "file for its layers.",
    "noise": "A file with the precision matrix of the noise.",
    "prefix": "The path without _tuning.mat.",
    "rdms": "Measured RDMs: one file with a row each, or a file for each.",
    "residual_folds": "A file with the fold of each row of residuals.",
    "residuals": "A file with residuals, a row each, that noise is estimated from.",
    "sigma": "A file with variances or the covariance of the noise of patterns.",
    "strata": "A file with the stratum of each network or sample, within which they are shuffled.",
    "targets": "A file with measured responses, a row a sample, which layers predict.",
    "times": "A file with the times.",
    "y": "A file with the label of each sample or network; .txt has one a line.",
}


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


def _fit(cls: Any, data: Given, own: Given) -> Any:
    """Fit an estimator, and say on standard error what is known of all manifolds together."""
    fitted = cls(**own).fit(**data)
    print(f"netrep-go: capacity {np.array2string(np.asarray(fitted.capacity_))}", file=sys.stderr)
    return fitted


def _analyze(function: Any, data: Given, own: Given) -> Any:
    try:
        return function(**data, **own)
    except KeyboardInterrupt as error:
        error.add_note("sets that were analyzed are kept: the same command goes on")
        raise


def _capacity(cls: str, summary: str, command: str, more: str) -> Command:
    examples = f"""  netrep-go capacity {command} layer.npy --y digits.txt -o capacity.csv
  netrep-go capacity {command} cat.npy dog.npy car.npy {more}"""
    files = {"X": _DATA, "y": _LABELS}
    return _call("netrep_go.capacity", cls, summary, examples, files, _fit)


# Reports -----------------------------------------------------------------------------------------

_REPORTED: dict[str, _Reader] = {"y": _LABELS, "targets": _ARRAY, "rdms": _DATA}


def _fill_report(parser: argparse.ArgumentParser) -> None:
    from netrep_go.report import layer_report

    parser.add_argument("networks", nargs="+", metavar="FILE", help=_FILES["networks"])
    for name, (several, _) in _REPORTED.items():
        how: dict[str, Any] = {"nargs": "+"} if several else {}
        parser.add_argument(option(name), dest=name, metavar="FILE", help=_FILES[name], **how)
    given_otherwise = {*_REPORTED, "capacity", "encoding", "verbose"}
    add_options(parser, layer_report, given_otherwise, _KINDS)
    _common(parser, (".html",))


def _report(given: Given) -> int:
    from netrep_go.report import layer_report

    file, quiet = given.pop("output"), given.pop("quiet")
    paths = {name: path for name in _REPORTED if (path := given.pop(name)) is not None}
    data = {name: _REPORTED[name][1](path, name) for name, path in paths.items()}
    networks = _files.named(given.pop("networks"), "networks", given.pop("names", None))
    if "measures" in given:
        given["measures"] = _measures(given["measures"])
    found = layer_report(networks, **data, **given, verbose=not quiet)
    write = {".html": found.to_html, ".npz": found.save}.get(file.suffix if file else "")
    if write is None:
        _files.write({"layers": found.to_frame(), "pairs": found.to_frame("pairs")}, file)
    else:
        write(file)
        print(f"netrep-go: wrote {file}", file=sys.stderr)
    return 0


COMMANDS: Commands = {
    "distances": Command(
        "Measure the distances between networks, in memory or in a store.",
        """  netrep-go distances nets/*.npy -o D.csv
  netrep-go distances nets/*.npy --metric cka --n-jobs 4 -o D.npz
  netrep-go distances nets/*.npy -p alpha=0.5 --store cohort --memory-limit 4GB
  netrep-go distances nets/*.npy --store part$i --batch $i,10    # then: store merge
  netrep-go distances rec.h5::V1 rec.h5::LM --test held.h5::V1 held.h5::LM \\
      --names V1 LM -o D.parquet
  netrep-go distances new/*.npy --to nets/*.npy -o D_new.csv     # then: embed --new""",
        _fill_distances,
        _distances,
    ),
    "compare": _call(
        "netrep_go.inference",
        "compare_networks",
        "Compare networks, or layers, by several measures: a row for each pair and measure.",
        """  netrep-go compare nets/*.npy --measures cka rsa procrustes -o table.csv
  netrep-go compare nets/*.npy --measures cka cka:estimator=unbiased procrustes:alpha=0.5
  netrep-go compare nets/*.npz --reference net0 -o table.parquet # arrays in them are layers""",
        {"networks": _PATHS},
        _compare,
    ),
    "report": Command(
        "Report on layers by all analyses: a page, tables, or a file for LayerReport.load.",
        """  netrep-go report activations.npz -o report.html              # arrays in it are layers
  netrep-go report nets/*.npz --y digits.txt --random-state 0 -o report.html
  netrep-go report activations.npz --measures rsa mutual_knn:n_neighbors=5 -o report.html
  netrep-go report layers/*.npy --targets voxels.npy --rdms subjects.csv -o report.npz""",
        _fill_report,
        _report,
    ),
    "calibrate": _call(
        "netrep_go.inference",
        "calibrate",
        "Compare values with those of shuffled samples: p-values, and values that chance is off.",
        """  netrep-go calibrate nets/*.npy --measures cka procrustes --random-state 0 -o null.csv
  netrep-go calibrate rec.h5::V1 rec.h5::LM --names V1 LM --strata runs.txt -o null.csv""",
        {"networks": _PATHS, "strata": _LABELS},
        _infer,
        partial(_add_measure, several=True),
        ["Y"],
    ),
    "bootstrap": _call(
        "netrep_go.inference",
        "bootstrap",
        "Give values of a measure intervals over samples, features or both.",
        """  netrep-go bootstrap nets/*.npy --measure procrustes:alpha=0.5 -o intervals.csv
  netrep-go bootstrap nets/*.npy --over features --n-jobs 4""",
        {"networks": _PATHS},
        _infer,
        partial(_add_measure, several=False),
        ["Y"],
    ),
    "embed": Command(
        "Place networks in a Euclidean space from the distances between them.",
        """  netrep-go embed D.csv --n-components 3 -o points.csv
  netrep-go embed cohort --new D_new.csv -o points.csv           # a store, and later networks""",
        _fill_embed,
        _embed,
    ),
    "capacity": {
        "mean-field": _capacity(
            "MeanFieldCapacity",
            "Estimate capacity, radius and dimension of manifolds by mean-field theory.",
            "mean-field",
            "--n-t 500 --random-state 0",
        ),
        "direct": _capacity(
            "DirectCapacity",
            "Measure capacity by counting the labelings that are separable.",
            "direct",
            "--no-bias --random-state 0",
        ),
        "joint": _capacity(
            "JointCapacity",
            "Estimate the capacity of all manifolds together, with their alignments.",
            "joint",
            "--n-t 500 --random-state 0",
        ),
        "mat": _call(
            "netrep_go.capacity",
            "analyze_mat",
            "Estimate the capacity of all sets of responses in PREFIX_tuning.mat.",
            """  netrep-go capacity mat alexnet --estimators mean-field -o capacity.csv
  netrep-go capacity mat alexnet --batch $i,10                   # then: capacity collect""",
            {"prefix": _TEXT},
            _analyze,
        ),
        "collect": _call(
            "netrep_go.capacity",
            "collect_mat",
            "Put together what batches of `capacity mat` found.",
            "  netrep-go capacity collect alexnet -o capacity.csv",
            {"prefix": _TEXT},
        ),
    },
    "rsa": {
        "rdm": _call(
            "netrep_go.rsa",
            "rdm",
            "Compute representational dissimilarity matrices: a condensed one a row.",
            """  netrep-go rsa rdm layers/*.npy -o models.csv
  netrep-go rsa rdm sub*.npy --metric crossnobis --conditions images.txt --folds runs.txt""",
            {"data": _DATA, "conditions": _LABELS, "folds": _LABELS, "noise": _ARRAY},
        ),
        "compare": _call(
            "netrep_go.rsa",
            "compare",
            "Return the similarities of RDMs, all against all.",
            "  netrep-go rsa compare subjects.csv --models models.csv --method tau-a",
            {"rdms": _DATA, "models": _DATA, "sigma": _ARRAY, "covariance": _ARRAY, **_CONTROLS},
        ),
        "evaluate": _call(
            "netrep_go.rsa",
            "evaluate",
            "Compare model RDMs with those of subjects, with noise ceiling and bootstrap.",
            "  netrep-go rsa evaluate models.csv --rdms subjects.csv --resample both "
            "--random-state 0",
            {"models": _DATA, "rdms": _DATA, "sigma": _ARRAY, **_CONTROLS},
        ),
        "permutation-test": _call(
            "netrep_go.rsa",
            "permutation_test",
            "Test model RDMs by permutations of conditions.",
            "  netrep-go rsa permutation-test models.csv --rdms subjects.csv --random-state 0",
            {"models": _DATA, "rdms": _DATA, "sigma": _ARRAY, **_CONTROLS},
        ),
        "noise-ceiling": _call(
            "netrep_go.rsa",
            "noise_ceiling",
            "Return the bounds of what a model can reach.",
            "  netrep-go rsa noise-ceiling subjects.csv --method pearson",
            {"rdms": _DATA, "sigma": _ARRAY, **_CONTROLS},
        ),
        "searchlight": _call(
            "netrep_go.rsa",
            "searchlight",
            "Compare the RDM around every voxel of a mask with models.",
            "  netrep-go rsa searchlight responses.npy --models models.csv --mask mask.npy "
            "--radius 3 -o scores.csv",
            {
                "data": _ARRAY,
                "models": _DATA,
                "mask": _ARRAY,
                "residuals": _ARRAY,
                "residual_folds": _LABELS,
                **_OF_RESPONSES,
            },
        ),
        "time-resolved": _call(
            "netrep_go.rsa",
            "time_resolved",
            "Compare the RDM of every time point with models.",
            "  netrep-go rsa time-resolved sub*.npy --models models.csv --times times.npy -o t.csv",
            {
                "data": _DATA,
                "models": _DATA,
                "times": _ARRAY,
                **_OF_RESPONSES,
            },
        ),
    },
    "covariates": {
        "mantel": _call(
            "netrep_go.covariates",
            "mantel",
            "Test whether two matrices of distances are correlated.",
            "  netrep-go covariates mantel D.csv --D2 depths.csv --method spearman "
            "--random-state 0",
            {"D1": _DISTANCES, "D2": _DISTANCES, "strata": _LABELS},
        ),
        "permanova": _call(
            "netrep_go.covariates",
            "permanova",
            "Test whether groups of networks differ.",
            "  netrep-go covariates permanova cohort --y regions.txt --strata animals.txt",
            {"D": _DISTANCES, "y": _LABELS, "strata": _LABELS},
        ),
        "knn-permutation": _call(
            "netrep_go.covariates",
            "knn_permutation",
            "Test whether networks have the labels of their nearest neighbors.",
            "  netrep-go covariates knn-permutation D.csv --y depths.txt --n-neighbors 3",
            {"D": _DISTANCES, "y": _LABELS, "strata": _LABELS},
        ),
    },
    "info": Command(
        "Say what runs here, what measures there are, or what is in files.",
        """  netrep-go info
  netrep-go info --measures
  netrep-go info nets/*.npy rec.h5::V1""",
        _fill_info,
        _info,
    ),
    "store": {
        "status": Command(
            "Say how far a store is; the exit code is 3 if it is not complete.",
            "  netrep-go store status cohort",
            _fill_store,
            _store_status,
        ),
        "merge": Command(
            "Take tiles from other stores of the same networks and options.",
            "  netrep-go store merge cohort part*",
            _fill_merge,
            _store_merge,
        ),
        "export": Command(
            "Write the distances in a store to a file.",
            "  netrep-go store export cohort -o D.parquet",
            _fill_export,
            _store_export,
        ),
    },
}
