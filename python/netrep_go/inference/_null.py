"""Values of a measure for networks whose samples are paired anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from netrep_go._cohort import Cohorts, Named
from netrep_go._jobs import in_threads, said_once
from netrep_go.inference._pairs import Compared, samples_taken
from netrep_go.metrics import Measure
from netrep_go.metrics._products import Traces, permuted_product

_BLOCK = 2**16  # numbers that are gathered before they are multiplied: in the cache


class Null(Protocol):
    """What measures pairs when the samples of the second network are in another order."""

    def values(self, orders: np.ndarray) -> np.ndarray:
        """Return an array (n_orders, n_pairs)."""

    def moments(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the exact means and standard deviations over all orders, where known."""


def null_of(measure: Measure, compared: Compared, n_jobs: int | None) -> Null:
    """Return the fastest way to measure pairs again and again."""
    if hasattr(measure, "_gram_vector") and not measure._is_redefined("_gram_vector"):
        return GramNull(measure, compared, n_jobs)
    if measure._is_prepared():
        return PreparedNull(measure, compared, n_jobs)
    return AnyNull(measure, compared, n_jobs)


class GramNull:
    """Measures whose values follow from inner products of matrices of samples.

    The vectors of all networks stand side by side, so that one look at a pair of samples
    serves all networks.
    """

    def __init__(self, measure: Any, compared: Compared, n_jobs: int | None) -> None:
        def vector(named: Named) -> np.ndarray:
            return measure._gram_vector(named[1], named[0])

        self._measure = measure
        self._pairs = compared.pairs
        self._n_jobs = n_jobs
        networks = compared.networks
        self._vectors = np.empty((0, 0))
        for i, found in enumerate(in_threads(vector, networks, n_jobs)):
            if i == 0:
                self._vectors = np.empty((len(found), len(networks)))
            self._vectors[:, i] = found
        self._n = compared.n_samples
        self._has_diagonal = len(self._vectors) == self._n * (self._n + 1) // 2
        rows, columns = np.tril_indices(self._n, 0 if self._has_diagonal else -1)
        self._rows, self._columns = rows.astype(np.int32), columns.astype(np.int32)

    def values(self, orders: np.ndarray) -> np.ndarray:
        first, second = self._pairs
        products = [p[first, second] for p in in_threads(self._products, orders, self._n_jobs)]
        return self._measure._of_cosines(np.array(products))

    def _products(self, order: np.ndarray) -> np.ndarray:
        """Return inner products of all networks and all networks in another order."""
        n_entries, n_networks = self._vectors.shape
        step = max(1, _BLOCK // n_networks)
        gathered = np.empty((step, n_networks))
        sums = np.zeros((n_networks, n_networks))
        entries = self._entries(order)
        for start in range(0, n_entries, step):
            some = entries[start : start + step]
            taken = gathered[: len(some)]
            np.take(self._vectors, some, axis=0, out=taken, mode="clip")
            sums += self._vectors[start : start + step].T @ taken
        return sums

    def _entries(self, order: np.ndarray) -> np.ndarray:
        """Return where the pairs of samples are in another order."""
        order = order.astype(np.int32)
        a, b = order[self._rows], order[self._columns]
        high, low = np.maximum(a, b).astype(np.int64), np.minimum(a, b)
        return (high * (high + (1 if self._has_diagonal else -1))) // 2 + low

    def moments(self) -> tuple[np.ndarray, np.ndarray] | None:
        if self._measure.properties.kind == "distance":
            return None  # an angle, whose moments are not those of its cosine
        traces = [self._traces(vector) for vector in self._vectors.T]
        moments = [
            permuted_product(traces[i], traces[j]) for i, j in zip(*self._pairs, strict=True)
        ]
        means, deviations = np.array(moments).T
        return means, deviations

    def _traces(self, vector: np.ndarray) -> Traces:
        if not self._has_diagonal:
            return Traces(self._n, 0.0, 1.0, 0.0)
        diagonal = vector[self._rows == self._columns]  # as in K; what is off it is sqrt(2) K_ij
        return Traces(self._n, diagonal.sum(), 1.0, diagonal @ diagonal)


class PreparedNull:
    """Measures in Python, which prepare each network."""

    def __init__(self, measure: Measure, compared: Compared, n_jobs: int | None) -> None:
        self._measure = measure
        self._networks = compared.networks
        self._prepared = measure._prepared(self._networks, n_jobs)
        self._pairs = compared.pairs
        self._n_jobs = n_jobs

    def values(self, orders: np.ndarray) -> np.ndarray:
        with said_once():
            return np.array(list(in_threads(self._values, orders, self._n_jobs)))

    def _values(self, order: np.ndarray) -> list[float]:
        permuted = {j: self._in_order(j, order) for j in np.unique(self._pairs[1])}
        return [
            float(self._measure._compare_defined(self._prepared[i], permuted[j]))
            for i, j in zip(*self._pairs, strict=True)
        ]

    def _in_order(self, j: int, order: np.ndarray) -> Any:
        name, x = self._networks[j]
        return self._measure._reordered(self._prepared[j], x, order, name)

    def moments(self) -> tuple[np.ndarray, np.ndarray] | None:
        found = [
            self._measure._null_moments(self._prepared[i], self._prepared[j])
            for i, j in zip(*self._pairs, strict=True)
        ]
        if any(moments is None for moments in found):
            return None
        means, deviations = np.array(found).T
        return means, deviations


class AnyNull:
    """Everything else: all networks against all networks in another order."""

    def __init__(self, measure: Measure, compared: Compared, n_jobs: int | None) -> None:
        self._measure = measure
        self._networks = compared.networks
        self._pairs = compared.pairs
        self._n_jobs = n_jobs

    def values(self, orders: np.ndarray) -> np.ndarray:
        return np.array(list(self._all(orders)))

    def _all(self, orders: np.ndarray) -> Iterator[np.ndarray]:
        firsts, seconds = (np.unique(side) for side in self._pairs)
        rows, columns = (np.searchsorted(np.unique(side), side) for side in self._pairs)
        for order in orders:
            permuted = [
                (self._networks[j][0], samples_taken(self._networks[j][1], order)) for j in seconds
            ]
            cohorts = Cohorts([self._networks[i] for i in firsts] + permuted, None, len(firsts))
            D, _ = self._measure._measure_cohorts(cohorts, np.float64, self._n_jobs, False)
            yield D[rows, columns]

    def moments(self) -> None:
        return None
