"""Layers as all sections of a report take them: each is read and prepared once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from netrep_go._cohort import Cohorts, aligned, check_same_samples
from netrep_go._jobs import in_threads
from netrep_go._names import Name, check_same_indexes
from netrep_go._sizes import FOURTH_POWERS, check_range
from netrep_go._validation import as_factor
from netrep_go.inference._networks import Networks, read_networks
from netrep_go.metrics._principal import compact

_EPS = np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer and what was prepared of it.

    ``factor`` has the same products of centered samples as ``x`` and no more columns than rows:
    all that does not change with rotations and translations of the features is computed of it,
    as if of ``x``. It is ``x`` itself where that is no wider than long.
    """

    name: Name
    label: str  # in messages
    x: np.ndarray
    factor: np.ndarray
    varies: bool


def read_layers(
    networks: Any, names: Iterable[Name] | None, beside: dict[str, Any], n_jobs: int | None
) -> tuple[list[Layer], bool]:
    """Return the layers of an argument, and whether their names are of networks and layers.

    Data frames among them and ``beside`` them must name the same samples.
    """
    read = read_networks(networks, names)
    listed = [(each.label, each.content) for each in read.representations]
    aligned(Cohorts(listed, None))
    check_same_indexes([*listed, *beside.items()], "samples")
    matrices = [as_factor(x, label) for label, x in listed]
    for (label, _), x in zip(listed, matrices, strict=True):
        check_range(x.ravel(), label, FOURTH_POWERS)
    labels = [label for label, _ in listed]
    check_same_samples([*zip(labels, map(len, matrices), strict=True)])
    several = read.layered and len(read.names) > 1
    prepared = in_threads(
        _prepare, zip(_names(read, several), labels, matrices, strict=True), n_jobs
    )
    return list(prepared), several


def _names(read: Networks, several: bool) -> list[Name]:
    """Return the names of layers, with those of their networks if there are several."""
    if several:
        return [(each.network, each.layer) for each in read.representations]
    return [each.layer if read.layered else each.network for each in read.representations]


def _prepare(named: tuple[Name, str, np.ndarray]) -> Layer:
    name, label, x = named
    centered = x - x.mean(axis=0)
    varies = bool(np.linalg.norm(centered) > 4 * _EPS * np.linalg.norm(x))
    factor = compact(centered) if x.shape[1] > len(x) else x
    return Layer(name, label, x, factor, varies)
