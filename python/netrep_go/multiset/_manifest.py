"""What a store of distances says of itself, and how far it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from netrep_go._files import reading
from netrep_go._parts import fingerprint
from netrep_go._results import Result
from netrep_go.metrics import Measure

FORMAT = 1


@dataclass(frozen=True, repr=False)
class StoreStatus(Result):
    """How far a :class:`DistanceStore` is.

    Attributes
    ----------
    n_rows, n_columns : int
        Shape of the matrix.
    n_tiles, n_done : int
        How many tiles it takes, and how many of these stand on disk, whole.
    n_computed : int
        How many the call that returned this computed.
    n_loads : int
        How often that call read a network to compute with.
    options : dict
        The measure, its parameters and what else tells results apart.
    """

    n_rows: int
    n_columns: int
    n_tiles: int
    n_done: int
    n_computed: int
    n_loads: int
    options: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether all is there."""
        return self.n_done == self.n_tiles


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return what a store says of itself, None if there is none."""
    file = folder / "store.json"
    if not file.exists():
        return None
    with reading(file, "is damaged"):
        manifest = json.loads(file.read_bytes())
        checksum = manifest.pop("checksum")
    if isinstance(manifest.get("format"), int) and manifest["format"] > FORMAT:
        raise ValueError(
            f"{folder} has format {manifest['format']}, newer than {FORMAT}: it needs a newer "
            "version of netrep_go"
        )
    if checksum != checksum_of(manifest):
        raise ValueError(f"{file} is damaged: its checksum is wrong")
    return manifest


def checksum_of(manifest: dict[str, Any]) -> str:
    text = json.dumps(manifest, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def comparable(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same in stores that are merged."""
    networks = [network for side in manifest["sides"] for network in side]
    return manifest["options"] | {
        "tile_size": manifest["tile_size"],
        "networks": [f"{name}: {digest}" for name, digest in networks],
    }


def options_of(measure: Measure, dtype: DTypeLike, held_out: bool) -> dict[str, Any]:
    """Return what tells results apart, as JSON keeps it."""
    parameters = {
        name: value
        if isinstance(value, (str, int, float, type(None), np.ndarray))
        else _name(value)
        for name, value in measure.get_params().items()
    }
    return fingerprint(
        {"measure": _name(type(measure)), "dtype": np.dtype(dtype).name, "held_out": held_out}
        | parameters
    )


def _name(value: Any) -> str:
    """Return what a function, class or object is called."""
    named = value if hasattr(value, "__qualname__") else type(value)
    name = f"{named.__module__}.{named.__qualname__}"
    return name if named is value else f"{name}: {value!r}"
