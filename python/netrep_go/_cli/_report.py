"""Reports on layers."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from netrep_go._cli import _files
from netrep_go._cli._measures import measures_of
from netrep_go._cli._parser import Given, add_options, option
from netrep_go._cli._shared import ARRAY, DATA, FILES, LABELS, Reader, add_common
from netrep_go._cli._values import KINDS

_REPORTED: dict[str, Reader] = {"y": LABELS, "targets": ARRAY, "rdms": DATA}


def fill(parser: argparse.ArgumentParser) -> None:
    from netrep_go.report import layer_report

    parser.add_argument("networks", nargs="+", metavar="FILE", help=FILES["networks"])
    for name, (several, _) in _REPORTED.items():
        how: dict[str, Any] = {"nargs": "+"} if several else {}
        parser.add_argument(option(name), dest=name, metavar="FILE", help=FILES[name], **how)
    given_otherwise = {*_REPORTED, "capacity", "encoding", "verbose"}
    add_options(parser, layer_report, given_otherwise, KINDS)
    add_common(parser, (".html",))


def run(given: Given) -> int:
    from netrep_go.report import layer_report

    file, quiet = given.pop("output"), given.pop("quiet")
    paths = {name: path for name in _REPORTED if (path := given.pop(name)) is not None}
    data = {name: _REPORTED[name][1](path, name) for name, path in paths.items()}
    networks = _files.named(given.pop("networks"), "networks", given.pop("names", None))
    if "measures" in given:
        given["measures"] = measures_of(given["measures"])
    found = layer_report(networks, **data, **given, verbose=not quiet)
    write = {".html": found.to_html, ".npz": found.save}.get(file.suffix if file else "")
    if write is None:
        kinds: Any = ("layers", "pairs", *(name for name in ("rdms", "targets") if name in data))
        _files.write({kind: found.to_frame(kind) for kind in kinds}, file)
    else:
        write(file)
        print(f"netrep-go: wrote {file}", file=sys.stderr)
    return 0
