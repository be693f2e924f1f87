"""Stores of distances: how far one is, what others have, what is in it."""

from __future__ import annotations

import argparse
from typing import Any

from netrep_go._cli import _files
from netrep_go._cli._parser import Given, add_options
from netrep_go._cli._shared import add_common, finish

_INCOMPLETE = 3


def fill(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FOLDER", help="The folder of a store.")
    add_common(parser)


def fill_merge(parser: argparse.ArgumentParser) -> None:
    fill(parser)
    parser.add_argument("others", nargs="+", metavar="OTHER", help="Stores to take tiles from.")


def fill_export(parser: argparse.ArgumentParser) -> None:
    from netrep_go.multiset import DistanceStore

    fill(parser)
    add_options(parser, DistanceStore.to_frame, {"test"})


def status(given: Given) -> int:
    from netrep_go.multiset import DistanceStore

    status = DistanceStore(given["path"]).status()
    finish(given, _status_table(status))
    return 0 if status.complete else _INCOMPLETE


def merge(given: Given) -> int:
    from netrep_go.multiset import DistanceStore

    status = DistanceStore(given["path"]).merge(*given["others"])
    finish(given, _status_table(status))
    return 0 if status.complete else _INCOMPLETE


def export(given: Given) -> int:
    from netrep_go.multiset import DistanceStore

    finish(given, tables_of(DistanceStore(given["path"]), given))
    return 0


def tables_of(store: Any, given: Given) -> _files.Tables:
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
