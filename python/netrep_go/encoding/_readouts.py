"""Weights of a fit to all samples, and what they predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from netrep_go.encoding._banded import BandedSearch
from netrep_go.encoding._design import Features
from netrep_go.encoding._search import Choice, Search


class Readout(NamedTuple):
    """Fitted weights of some targets on one layer."""

    layer: int
    columns: np.ndarray
    features: Features
    samples: np.ndarray | None  # whose products with new ones the weights are of
    weights: np.ndarray

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return predictions less the mean."""
        z = self.features(x)
        return (z if self.samples is None else z @ self.samples.T) @ self.weights

    def coef(self) -> np.ndarray:
        """Return the weights of features."""
        weights = self.weights if self.samples is None else self.samples.T @ self.weights
        return self.features.weights(weights)


def readouts_of_layers(search: Search, choice: Choice) -> tuple[list[Readout], np.ndarray]:
    """Fit each target to the layer that it has chosen, and return the means of targets, too."""
    means = np.zeros(search.y.shape[1])
    readouts = []
    for layer in np.unique(choice.layer):
        for k, pattern in enumerate(search.patterns):
            columns = pattern.columns[choice.layer[pattern.columns] == layer]
            if columns.size:
                readouts.append(_readout(search, choice, layer, k, columns, means))
    return readouts, means


def _readout(
    search: Search, choice: Choice, layer: int, k: int, columns: np.ndarray, means: np.ndarray
) -> Readout:
    """Fit one layer to some targets of a pattern, and store the means of these."""
    pattern, design = search.patterns[k], search.designs[layer]
    rows = np.flatnonzero(pattern.known)
    mine = np.isin(pattern.columns, columns)
    with search.blas_threads(layer, k):
        path = search.path(np.arange(len(search.y)), rows[:0], layer, k)
        weights = path.coefficients(choice.option[layer, pattern.columns])
        weights = weights if mine.all() else weights[:, mine]  # not copied where all are
    means[columns] = path.targets.mean[mine]
    features, samples = path.features, None
    del path  # which has factors as large as what follows
    if features is None:
        samples, _, features = design.matrices(rows, rows[:0])
    return Readout(int(layer), columns, features, samples, weights)


def readouts_of_bands(search: BandedSearch) -> tuple[list[Readout], np.ndarray, np.ndarray]:
    """Fit all bands together, and return means of targets and penalties (n_bands, n_targets)."""
    rows, n_targets = np.arange(len(search.y)), search.y.shape[1]
    means, alphas = np.zeros(n_targets), np.empty((len(search.bands), n_targets))
    readouts = []
    for k, pattern in enumerate(search.patterns):
        path = search.path(rows, rows[:0], 0, k)
        alphas[:, pattern.columns] = path.alphas
        means[pattern.columns] = path.targets.mean
        known = np.flatnonzero(pattern.known)
        for layer, (design, weights) in enumerate(zip(search.bands, path.weights, strict=True)):
            samples, _, features = design.matrices(known, known[:0])
            readouts.append(Readout(layer, pattern.columns, features, samples, weights))
    return readouts, means, alphas


def coefficients(readouts: Sequence[Readout], n_targets: int) -> dict[int, np.ndarray]:
    """Return the coefficients of each layer, zero where a target uses another one."""
    coef: dict[int, np.ndarray] = {}
    for readout in readouts:
        found = readout.coef()
        full = coef.setdefault(readout.layer, np.zeros((n_targets, len(found))))
        full[readout.columns] = found.T
    return coef
