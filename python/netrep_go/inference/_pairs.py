"""The networks and the pairs that something is inferred of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from netrep_go._cohort import Cohorts, Named, aligned, check_same_samples, labeled
from netrep_go._names import Name, names_or_numbers
from netrep_go._shown import shown
from netrep_go.metrics import Measure

Pairs = tuple[np.ndarray, np.ndarray]  # the first and the second network of each pair


@dataclass
class Compared:
    """Networks of the same samples and the pairs among them: one, or all of a cohort."""

    networks: list[Named]
    names: list[Name]
    pairs: Pairs
    symmetric: bool
    is_cohort: bool

    @property
    def n_samples(self) -> int:
        return _n_samples(self.networks[0][1])

    def shaped(self, values: np.ndarray) -> Any:
        """Return values of pairs as a number, or as a matrix with NaN on the diagonal."""
        if not self.is_cohort:
            return float(values[0])
        matrix = np.full((len(self.networks), len(self.networks)), np.nan)
        matrix[self.pairs] = values
        if self.symmetric:
            matrix[self.pairs[::-1]] = values
        return matrix


def compared(measure: Measure, X: Any, Y: Any, names: Iterable[Name] | None) -> Compared:
    """Return two networks, or those of a cohort, as the measure takes them."""
    if Y is not None:
        if names is not None:
            raise ValueError("names are those of a cohort, X without Y")
        return star(measure, ("X", X), [("Y", Y)], ["Y"])
    networks, own = labeled(X, "X", names)
    if len(networks) < 2:
        raise ValueError(f"X must hold at least 2 networks, or be one beside Y, got {shown(X)}")
    symmetric = measure.properties.symmetric
    apart = ~np.eye(len(networks), dtype=bool)
    pairs = np.nonzero(np.triu(apart) if symmetric else apart)
    labels = names_or_numbers(own, len(networks))
    return Compared(_taken(measure, networks), labels, (pairs[0], pairs[1]), symmetric, True)


def star(measure: Measure, X: Named, Ys: list[Named], names: list[Name]) -> Compared:
    """Return a network and those that it is compared with."""
    pairs = np.zeros(len(Ys), dtype=int), np.arange(1, len(Ys) + 1)
    symmetric = measure.properties.symmetric
    return Compared(_taken(measure, [X, *Ys]), ["X", *names], pairs, symmetric, False)


def _taken(measure: Measure, networks: list[Named]) -> list[Named]:
    """Return networks as a measure takes them; raise if they are not of the same samples."""
    aligned(Cohorts(networks, None))
    taken = [(name, measure._check_network(x, name)) for name, x in networks]
    check_same_samples([(name, _n_samples(x)) for name, x in taken])
    return taken


def direction(measure: Measure, where: str) -> int:
    """Return 1 if large values mean alike, -1 if small ones do."""
    kind = measure.properties.kind
    if kind is None:
        raise ValueError(
            f"{where} must know whether large values mean alike, and nothing says that of the "
            f"measure {shown(measure)}: declare it, as_measure(..., kind='similarity') or "
            "kind='distance'"
        )
    return 1 if kind == "similarity" else -1


def samples_taken(x: Any, which: np.ndarray) -> Any:
    """Return some samples of a network, in any order."""
    return tuple(part[which] for part in x) if isinstance(x, tuple) else np.asarray(x)[which]


def _n_samples(x: Any) -> int:
    return len(x[0] if isinstance(x, tuple) else x)
