"""What runs here, what measures there are, what is in files."""

from __future__ import annotations

import argparse

import numpy as np

from netrep_go._cli import _files
from netrep_go._cli._parser import Given
from netrep_go._cli._shared import add_common, finish
from netrep_go._versions import show_versions


def fill(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="Say what is in files.")
    parser.add_argument("--measures", action="store_true", help="List the measures.")
    add_common(parser)


def run(given: Given) -> int:
    from netrep_go._optional import pandas
    from netrep_go.metrics import measures

    if given["measures"]:
        finish(given, {"measures": measures().to_frame()})
    elif given["files"]:
        arrays = [(path, np.asarray(_files.read_one(path, "files"))) for path in given["files"]]
        table = [{"file": p, "shape": str(x.shape), "dtype": str(x.dtype)} for p, x in arrays]
        finish(given, {"files": pandas().DataFrame(table).set_index("file")})
    else:
        show_versions()
    return 0
