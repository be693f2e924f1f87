"""Values that are no single Python value: sizes, addresses, estimators, dichotomies."""

from __future__ import annotations

import argparse
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from netrep_go._cli import _files

_PATIENCE = 5  # seconds to wait for a scheduler

_UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}

_ESTIMATORS = {"mean-field": "MeanFieldCapacity", "direct": "DirectCapacity"}


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
KINDS: dict[str, dict[str, Any]] = {
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
