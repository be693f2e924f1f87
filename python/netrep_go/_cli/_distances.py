"""Distances between networks, in memory or in a store."""

from __future__ import annotations

import argparse
import inspect
import sys
from typing import Any

from netrep_go._cli import _files
from netrep_go._cli._measures import measure_of
from netrep_go._cli._parser import Given, add_options, option
from netrep_go._cli._shared import add_common, finish
from netrep_go._cli._store import tables_of
from netrep_go._cli._values import KINDS


def fill(parser: argparse.ArgumentParser) -> None:
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
    add_options(parser, DistanceStore.pairwise_distances, known, KINDS)
    add_options(parser, DistanceStore, known)
    add_common(parser)


def _add_files(parser: argparse.ArgumentParser, flag: str, name: str, text: str) -> None:
    parser.add_argument(flag, dest=name, nargs="+", metavar="FILE", help=text)


def run(given: Given) -> int:
    measure = measure_of(given.pop("metric"), given.pop("param"), "metric")
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
    finish(given, {n: _files.frame(x, first, last) for n, x in zip(names, values, strict=False)})
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
        finish(given, tables_of(store, given))
    return 0


def _tell(path: str, status: Any) -> None:
    print(
        f"netrep-go: {path} has {status.n_done} of {status.n_tiles} tiles, "
        f"{status.n_computed} of them new",
        file=sys.stderr,
    )
