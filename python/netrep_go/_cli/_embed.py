"""Points whose distances are those of networks."""

from __future__ import annotations

import argparse
import sys

from netrep_go._cli import _files
from netrep_go._cli._parser import Given, add_options
from netrep_go._cli._shared import add_common, finish


def fill(parser: argparse.ArgumentParser) -> None:
    from netrep_go.embedding import EuclideanEmbedding

    parser.add_argument("distances", help="A square matrix in a file, or the folder of a store.")
    parser.add_argument(
        "--new", metavar="FILE", help="Distances of later networks to these: they are placed too."
    )
    add_options(parser, EuclideanEmbedding, ())
    add_common(parser)


def run(given: Given) -> int:
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
    finish(given, tables)
    return 0
