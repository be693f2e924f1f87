"""Values of a measure for networks whose samples are paired anew."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from netrep_go._jobs import in_threads, said_once
from netrep_go.inference._pairs import Compared, Pairs, samples_taken
from netrep_go.inference._repeated import values_between, values_of_prepared
from netrep_go.metrics import Measure
from netrep_go.metrics._products import Entries, Traces, permuted_product
from netrep_go.metrics._properties import Undefined

_BLOCK = 2**16  # numbers that are gathered before they are multiplied: in the cache


Moments = tuple[np.ndarray, np.ndarray]  # means and standard deviations of pairs


class Null(Protocol):
    """What measures pairs when the samples of the second network are in another order."""

    def values(self, orders: np.ndarray) -> np.ndarray:
        """Return an array (n_orders, n_pairs)."""

    def moments(self) -> Moments | None:
        """Return the exact means and standard deviations over all orders, where known."""


def null_of(measure: Measure, compared: Compared, n_jobs: int | None) -> Null:
    """Return the fastest way to measure pairs again and again."""
    if not measure._is_prepared():
        return AnyNull(measure, compared, n_jobs)
    entries = measure._entries(compared.n_samples)
    if entries is not None and not measure._is_redefined("_entries"):
        find = getattr(measure, "_gram_vector", measure._prepare)
        vectors = list(
            in_threads(lambda named: find(named[1], named[0]), compared.networks, n_jobs)
        )
        if not any(isinstance(vector, Undefined) for vector in vectors):
            return GramNull(measure, vectors, entries, compared, n_jobs)
    return PreparedNull(measure, compared, n_jobs)


class GramNull:
    """Measures whose values follow from inner products of matrices of samples.

    The vectors of all networks stand side by side, so that one look at a pair of samples
    serves all networks.
    """

    def __init__(
        self,
        measure: Measure,
        vectors: list[np.ndarray],
        entries: Entries,
        compared: Compared,
        n_jobs: int | None,
    ) -> None:
        self._measure = measure
        self._pairs = compared.pairs
        self._n_jobs = n_jobs
        self._n = n = compared.n_samples
        self._vectors = np.stack(vectors, axis=1)
        self._entries = entries
        rows, columns = entries
        self._places = np.empty((n, n), np.int32)
        self._places[rows, columns] = self._places[columns, rows] = np.arange(len(rows))

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
        rows, columns = self._entries
        entries = self._places[order[rows], order[columns]]
        for start in range(0, n_entries, step):
            some = entries[start : start + step]
            taken = gathered[: len(some)]
            np.take(self._vectors, some, axis=0, out=taken, mode="clip")
            sums += self._vectors[start : start + step].T @ taken
        return sums

    def moments(self) -> Moments | None:
        if not self._measure._has_exact_null():
            return None
        traces = [Traces.of_vector(vector, self._entries, self._n) for vector in self._vectors.T]
        return moments_of(traces, traces, [(0.0, 1.0)] * len(self._pairs[0]), self._pairs)


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

    def _values(self, order: np.ndarray) -> np.ndarray:
        permuted = {j: self._in_order(j, order) for j in np.unique(self._pairs[1])}
        names = [name for name, _ in self._networks]
        return values_of_prepared(self._measure, self._prepared, permuted, self._pairs, names)

    def _in_order(self, j: int, order: np.ndarray) -> Any:
        name, x = self._networks[j]
        return self._measure._reordered(self._prepared[j], x, order, name)

    def moments(self) -> Moments | None:
        if any(isinstance(x, Undefined) for x in self._prepared):
            return None
        pairs = [(self._prepared[i], self._prepared[j]) for i, j in zip(*self._pairs, strict=True)]
        first, second = (
            [self._measure._traces(x, side) for x in self._prepared] for side in ("X", "Y")
        )
        if None not in (*first, *second):
            lines = [self._measure._line(*pair) for pair in pairs]
            return moments_of(first, second, lines, self._pairs)
        each = [self._measure._null_moments(*pair) for pair in pairs]
        known = [moments for moments in each if moments is not None]
        if not known or len(known) < len(each):
            return None
        mean, std = np.transpose(known)
        return mean, std


class AnyNull:
    """Everything else: all networks against all networks in another order."""

    def __init__(self, measure: Measure, compared: Compared, n_jobs: int | None) -> None:
        self._measure = measure
        self._networks = compared.networks
        self._pairs = compared.pairs
        self._n_jobs = n_jobs

    def values(self, orders: np.ndarray) -> np.ndarray:
        return np.array([self._values(order) for order in orders])

    def _values(self, order: np.ndarray) -> np.ndarray:
        permuted = [(name, samples_taken(x, order)) for name, x in self._networks]
        return values_between(self._measure, self._networks, permuted, self._pairs, self._n_jobs)

    def moments(self) -> None:
        return None


def moments_of(
    first: list[Any], second: list[Any], lines: list[tuple[float, float]], pairs: Pairs
) -> Moments:
    """Return the moments of a + b tr(K P L P') of pairs over all orders P, from traces."""
    moments = [permuted_product(first[i], second[j]) for i, j in zip(*pairs, strict=True)]
    (a, b), (mean, std) = np.transpose(lines), np.transpose(moments)
    return a + b * mean, np.abs(b) * std
