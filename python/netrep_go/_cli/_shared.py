"""Arguments that commands share: files by what reads them, and where results go."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from netrep_go._cli import _files
from netrep_go._cli._parser import Given

# How files are read for a parameter: one or several, and by what.
Reader = tuple[bool, Callable[[Any, str], Any]]
DATA: Reader = (True, _files.read_some)
ARRAY: Reader = (False, _files.read_one)
LABELS: Reader = (False, _files.read_labels)
PATHS: Reader = (True, lambda paths, argument: paths)
DISTANCES: Reader = (False, lambda path, argument: _files.read_distances(path))
TEXT: Reader = (False, lambda text, argument: text)
CONTROLS: dict[str, Reader] = {"controls": DATA}
OF_RESPONSES = {"conditions": LABELS, "folds": LABELS, "noise": ARRAY, **CONTROLS}

FILES = {
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


def add_common(parser: argparse.ArgumentParser, more: tuple[str, ...] = ()) -> None:
    """Add what all commands take; ``more`` are endings of files that some can write."""
    parser.add_argument("-q", "--quiet", action="store_true", help="Show no progress.")
    parser.add_argument(
        "-o",
        "--output",
        type=partial(_files.output, more=more),
        metavar="FILE",
        help=f"Where results go: {', '.join((*more, '.csv'))}, .json, .npz or .parquet. Without "
        "it, csv on standard output.",
    )


def finish(given: Given, tables: _files.Tables) -> None:
    """Write what a command found to where it was asked for."""
    _files.write(tables, given["output"])
