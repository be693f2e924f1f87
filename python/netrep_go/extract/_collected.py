"""What is kept of the batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.random_projection import SparseRandomProjection

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._shown import shown
from netrep_go._validation import check_integer

_MAX_SEED = np.iinfo(np.int32).max


class Collected:
    """Matrices of activations, which are filled batch by batch."""

    def __init__(self, n_samples: int, projection: Any, random_state: RandomState) -> None:
        self._n_samples = n_samples
        self._rng = as_random_state(random_state)
        if isinstance(projection, (int, np.integer)) and not isinstance(projection, bool):
            check_integer(projection, "projection", 1)
            projection = SparseRandomProjection(projection)
        if projection is not None and not hasattr(projection, "n_components"):
            raise TypeError(
                "projection must be an integer or a transformer of sklearn.random_projection, got "
                f"{shown(projection)}"
            )
        self._projection = projection
        self._projections: dict[str, Any] = {}
        self.values: dict[str, np.ndarray] = {}

    def add(self, name: str, start: int, output: np.ndarray) -> None:
        """Flatten, project and store the output of one batch."""
        flat = _in_float32(output, name).reshape(len(output), -1)
        if name not in self.values:
            self._projections[name] = self._fit(flat.shape[1])
        if self._projections[name] is not None:
            flat = self._projections[name].transform(flat)
        if name not in self.values:
            self.values[name] = np.empty((self._n_samples, flat.shape[1]), dtype=np.float32)
        if flat.shape[1] != self.values[name].shape[1]:
            raise ValueError(
                f"layer {name!r} must have one number of features, got "
                f"{self.values[name].shape[1]} and {flat.shape[1]}"
            )
        self.values[name][start : start + len(flat)] = flat

    def constant(self) -> list[str]:
        """Return the names of matrices of several rows that are all the same."""
        if self._n_samples == 1:
            return []
        return [name for name, value in self.values.items() if (value == value[0]).all()]

    def _fit(self, n_features: int) -> Any:
        if self._projection is None:
            return None
        n_components = self._projection.n_components
        automatic = isinstance(n_components, str)  # and from the number of samples
        if not automatic and n_features <= n_components:
            return None
        fitted = clone(self._projection)
        fitted.set_params(random_state=self._rng.randint(_MAX_SEED))
        # fitting reads nothing but the shape
        like = np.broadcast_to(np.float32(0), (self._n_samples if automatic else 1, n_features))
        return fitted.fit(like)


def _in_float32(output: np.ndarray, name: str) -> np.ndarray:
    try:
        with np.errstate(over="raise"):
            return np.asarray(output, dtype=np.float32)
    except FloatingPointError:
        largest = np.max(np.abs(output))
        raise ValueError(f"layer {name!r} must be in the range of float32, got {largest}") from None
