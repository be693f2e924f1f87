"""What is kept of the batches."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Protocol

import numpy as np
from sklearn.base import clone
from sklearn.random_projection import SparseRandomProjection

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._shown import shown
from netrep_go._validation import check_integer

_MAX_SEED = np.iinfo(np.int32).max


class Sink(Protocol):
    """Where the activations of batches go, in order."""

    def seed(self, layer: str, drawn: int, given: bool) -> int:
        """Return the seed of a layer's projection."""

    def write(
        self, batch: np.ndarray, blocks: Mapping[str, np.ndarray], seeds: Mapping[str, int]
    ) -> None:
        """Take the activations of the next samples by layer, and seeds of projections."""


class Memory:
    """Matrices in memory, which grow if it is unknown how many samples come."""

    def __init__(self, n_samples: int | None) -> None:
        self._n_expected = n_samples
        self._n_done = 0
        self._values: dict[str, np.ndarray] = {}

    def seed(self, layer: str, drawn: int, given: bool) -> int:
        """See `Sink`."""
        return drawn

    def write(
        self, batch: np.ndarray, blocks: Mapping[str, np.ndarray], seeds: Mapping[str, int]
    ) -> None:
        """See `Sink`."""
        start, stop = self._n_done, self._n_done + len(batch)
        for name, rows in blocks.items():
            values = self._room(name, stop, rows.shape[1])
            values[start:stop] = rows
        self._n_done = stop

    def _room(self, name: str, n_rows: int, width: int) -> np.ndarray:
        """Return a matrix with as many rows, or twice as many as it had."""
        values = self._values.get(name)
        if values is None or len(values) < n_rows:
            more = self._n_expected or max(n_rows, 2 * self._n_done)
            grown = np.empty((more, width), dtype=np.float32)
            if values is not None:
                grown[: len(values)] = values
            self._values[name] = values = grown
        return values

    @property
    def values(self) -> dict[str, np.ndarray]:
        """The matrices, by layer."""
        return {name: value[: self._n_done] for name, value in self._values.items()}

    def constant(self) -> list[str]:
        """Return the names of matrices of several rows that are all the same."""
        if self._n_done == 1:
            return []
        return [name for name, value in self.values.items() if (value == value[0]).all()]


class Collected:
    """What makes rows of features of outputs, and hands them on."""

    def __init__(
        self, sink: Sink, n_samples: int | None, projection: Any, random_state: RandomState
    ) -> None:
        self._sink = sink
        self._n_samples = n_samples
        self._rng, self._given = as_random_state(random_state), random_state is not None
        self._projection = _as_projection(projection)
        self._projections: dict[str, Any] = {}
        self._seeds: dict[str, int] = {}
        self._widths: dict[str, int] = {}

    @property
    def names(self) -> Set[str]:
        """The layers of which there are activations."""
        return self._widths.keys()

    def add(self, batch: np.ndarray, outputs: Mapping[str, np.ndarray]) -> None:
        """Flatten, project and hand on the outputs for the next samples."""
        blocks = {name: self._rows(name, output) for name, output in outputs.items()}
        self._sink.write(batch, blocks, self._seeds)

    def _rows(self, name: str, output: np.ndarray) -> np.ndarray:
        flat = _in_float32(output, name).reshape(len(output), -1)
        if name not in self._projections:
            self._projections[name] = self._fit(name, flat.shape[1])
        if self._projections[name] is not None:
            flat = self._projections[name].transform(flat)
        if flat.shape[1] != self._widths.setdefault(name, flat.shape[1]):
            raise ValueError(
                f"layer {name!r} must have one number of features, got "
                f"{self._widths[name]} and {flat.shape[1]}"
            )
        return flat

    def _fit(self, name: str, n_features: int) -> Any:
        if self._projection is None:
            return None
        n_components = self._projection.n_components
        automatic = isinstance(n_components, str)  # and from the number of samples
        if automatic and self._n_samples is None:
            raise ValueError(
                f"projection must have a number of components, got {n_components!r}, where it is "
                "unknown how many samples X has"
            )
        if not automatic and n_features <= n_components:
            return None
        seed = self._sink.seed(name, self._rng.randint(_MAX_SEED), self._given)
        self._seeds[name] = seed
        fitted = clone(self._projection)
        fitted.set_params(random_state=seed)
        # fitting reads nothing but the shape
        n_samples = self._n_samples if automatic and self._n_samples else 1
        like = np.broadcast_to(np.float32(0), (n_samples, n_features))
        return fitted.fit(like)


def told_projection(projection: Any) -> Any:
    """Return what tells projections apart, but for the seeds, which are drawn."""
    if projection is None or not hasattr(projection, "get_params"):
        return projection
    options = {**projection.get_params(), "random_state": None}
    return f"{type(projection).__name__}({options})"


def _as_projection(projection: Any) -> Any:
    if isinstance(projection, (int, np.integer)) and not isinstance(projection, bool):
        check_integer(projection, "projection", 1)
        return SparseRandomProjection(projection)
    if projection is not None and not hasattr(projection, "n_components"):
        raise TypeError(
            "projection must be an integer or a transformer of sklearn.random_projection, got "
            f"{shown(projection)}"
        )
    return projection


def _in_float32(output: np.ndarray, name: str) -> np.ndarray:
    try:
        with np.errstate(over="raise"):
            return np.asarray(output, dtype=np.float32)
    except FloatingPointError:
        largest = np.max(np.abs(output))
        raise ValueError(f"layer {name!r} must be in the range of float32, got {largest}") from None
