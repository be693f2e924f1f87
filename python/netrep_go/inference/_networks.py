"""Networks and their layers, from memory and from files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from scipy.sparse import issparse

from netrep_go._cohort import labeled
from netrep_go._files import INSIDE
from netrep_go._names import Name, holds_arrays, names_or_numbers
from netrep_go.multiset._sources import source_of


@dataclass(frozen=True)
class Representation:
    """What is compared: a network, or a layer of one."""

    network: Name
    layer: Name
    label: str  # in messages
    content: Any


@dataclass(frozen=True)
class Networks:
    """Representations, those of a network side by side, and whether they are layers."""

    representations: list[Representation]
    layered: bool

    @property
    def names(self) -> list[Name]:
        """The networks."""
        return list(dict.fromkeys(each.network for each in self.representations))

    def beginning_with(self, network: Name) -> Networks:
        """Return them with those of a network before the others."""
        found = sorted(self.representations, key=lambda each: each.network != network)
        return Networks(found, self.layered)

    def count(self, network: Name) -> int:
        """Return how many representations a network has."""
        return sum(each.network == network for each in self.representations)


def read_networks(networks: Any, names: Iterable[Name] | None) -> Networks:
    """Return what an argument holds, once files are read."""
    if isinstance(networks, (str, os.PathLike)):
        networks = _inside(networks, "networks")
        if networks is None:
            raise ValueError(
                "networks must be several: a list or dict of arrays, of dicts of layers or of "
                "paths, or the path of one .npz, .h5 or .hdf5 file with several arrays"
            )
    found, own = labeled(networks, "networks", names)
    opened = [(label, _layers(x, label)) for label, x in found]
    layered = [label for label, x in opened if _holds_layers(x)]
    if layered:  # a file with the one layer of a network, among others with several
        opened = [(label, _layers(x, label, least=1)) for label, x in opened]
        layered = [label for label, x in opened if _holds_layers(x)]
    if layered and len(layered) < len(opened):
        alone = next(label for label, x in opened if not _holds_layers(x))
        raise ValueError(
            f"networks must all be arrays, or all dicts of layers, but {layered[0]} has layers and "
            f"{alone} has none"
        )
    keys = names_or_numbers(own, len(opened))
    pairs = zip(keys, opened, strict=True)
    return Networks([r for key, pair in pairs for r in _read(key, *pair)], bool(layered))


def _read(network: Name, label: str, x: Any) -> Iterator[Representation]:
    """Yield the layers of a network, or the network itself."""
    if not _holds_layers(x):
        yield Representation(network, None, label, source_of(x, label).load())
        return
    for (name, content), layer in zip(labeled(x, label, None)[0], x.keys(), strict=True):
        yield Representation(network, layer, name, source_of(content, name).load())


def _holds_layers(x: Any) -> bool:
    return holds_arrays(x) and not issparse(x)  # a dictionary of keys is one matrix


def _layers(x: Any, label: str, least: int = 2) -> Any:
    """Return a network, or what is inside the file of one with so many arrays."""
    if not isinstance(x, (str, os.PathLike)):
        return x
    inside = _inside(x, label, least)
    return x if inside is None else inside


def _inside(path: str | os.PathLike[str], label: str, least: int = 2) -> dict[str, str] | None:
    """Return the paths of the arrays in a file by their names, None if it has fewer."""
    names = source_of(path, label).inside()
    return (
        {name: f"{os.fspath(path)}{INSIDE}{name}" for name in names}
        if len(names) >= least
        else None
    )
