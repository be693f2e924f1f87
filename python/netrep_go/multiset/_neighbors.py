"""Exact nearest neighbors from fewer distances than there are pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from netrep_go import _native
from netrep_go._cohort import Named, Networks, labelled
from netrep_go._jobs import counted, said_once
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._results import Result
from netrep_go._validation import check_integer
from netrep_go.metrics import Measure
from netrep_go.multiset._measured import as_distance, measured

__all__ = ["Neighbors", "nearest_neighbors"]

# Of the largest distance from a pivot: what rounding may add to a bound, and what it may not.
_ROUNDING = 1e-9
_VIOLATION = 1e-6


@dataclass(frozen=True, repr=False, eq=False)
class Neighbors(Result):
    """The networks that are most like each one, by :func:`nearest_neighbors`.

    Attributes
    ----------
    indices : ndarray of shape (n_queries, n_neighbors)
        Which networks they are, the nearest first; of equals the one that is first.
    distances : ndarray of shape (n_queries, n_neighbors)
        How far they are.
    n_pairs : int
        How many distances there are between queries and networks.
    n_measured : int
        How many were measured, those from pivots among them.
    names, query_names : list
        Names of the networks and of the queries.
    """

    indices: np.ndarray
    distances: np.ndarray
    n_pairs: int
    n_measured: int
    names: list[Name]
    query_names: list[Name]

    @property
    def share_skipped(self) -> float:
        """Share of pairs that were not measured; negative if pivots cost more than they saved."""
        return 1 - self.n_measured / self.n_pairs

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each query and neighbor."""
        n, k = self.indices.shape
        return pandas().DataFrame(
            {
                "network": np.repeat(np.array(self.query_names, dtype=object), k),
                "rank": np.tile(np.arange(1, k + 1), n),
                "neighbor": [self.names[j] for j in self.indices.ravel()],
                "distance": self.distances.ravel(),
            }
        )


def nearest_neighbors(
    metric: Any,
    networks: Networks,
    queries: Networks | None = None,
    *,
    n_neighbors: int = 1,
    n_pivots: int = 4,
    names: Iterable[Name] | None = None,
    n_jobs: int | None = None,
    verbose: bool = True,
) -> Neighbors:
    r"""Find the networks that are nearest to each one without measuring all pairs.

    With the distances from a few pivots, the triangle inequality bounds all others,

    .. math:: d(x, y) \ge \max_p |d(x, p) - d(p, y)|,

    and a pair whose bound is above the neighbors that were found already is skipped [1]_. The
    result is that of all pairs. How many are skipped depends on the cohort: about half of the
    pairs for one neighbor where networks form clusters or families, few for five neighbors, and
    none where all networks are as far from one another, as random ones are. Only pairs are
    saved: networks are prepared again for each query, which outweighs the gain where
    preparing is the larger part, as for CKA.

    Parameters
    ----------
    metric : Measure, str, callable or object with fit and score
        As in :func:`pairwise_distances`. The triangle inequality must hold for it.
    networks : list or dict of array_like
        Where neighbors are looked for.
    queries : list or dict of array_like, optional
        Networks whose neighbors are looked for. If None, these are `networks` themselves, and no
        network is its own neighbor.
    n_neighbors : int, default=1
        How many neighbors of each.
    n_pivots : int, default=4
        How many networks, far from one another, all are measured to.
    names : sequence, optional
        Names of `networks`, if these are a list.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses.
    verbose : bool, default=True
        Show a progress bar.

    Returns
    -------
    Neighbors
        With the share of pairs that was skipped.

    Raises
    ------
    ValueError
        If nothing says that the triangle inequality holds for the measure, a distance that was
        measured violates it, a distance is undefined, or there are too few networks.

    See Also
    --------
    sklearn.neighbors.NearestNeighbors : With ``metric="precomputed"``, from all distances.

    References
    ----------
    .. [1] Micó, Oncina & Vidal (1994). A new version of the nearest-neighbour approximating and
       eliminating search algorithm (AESA) with linear preprocessing time and memory
       requirements. Pattern Recognition Letters 15, 9-17.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.multiset import nearest_neighbors
    >>> rng = np.random.default_rng(0)
    >>> families = rng.standard_normal((10, 50, 5))
    >>> networks = [x + 0.1 * rng.standard_normal((50, 5)) for x in families for _ in range(10)]
    >>> found = nearest_neighbors("procrustes", networks, verbose=False)
    >>> bool((found.indices[:, 0] // 10 == np.arange(100) // 10).all())
    True
    >>> found.share_skipped > 0.4
    True
    """
    measure = as_distance(metric, "nearest_neighbors")
    if not measure.properties.triangle:
        raise ValueError(
            f"nearest_neighbors needs the triangle inequality, and nothing says that it holds for "
            f"{measure!r}: take the neighbors from pairwise_distances, or declare it, "
            "as_measure(..., triangle=True)"
        )
    _native.n_workers(n_jobs)
    check_integer(n_neighbors, "n_neighbors", 1)
    check_integer(n_pivots, "n_pivots", 1)
    targets, own = labelled(networks, "networks", names)
    sought, own_sought = (targets, own) if queries is None else labelled(queries, "queries", None)
    n_others = len(targets) - (queries is None)
    if n_neighbors > n_others:
        raise ValueError(f"n_neighbors must be at most {n_others}, got {n_neighbors}")
    search = _Search(measure, targets, None if queries is None else sought, n_neighbors, n_jobs)
    with said_once():
        search.pivot(n_pivots)
        for i in counted(range(len(sought)), "Finding neighbors", len(sought), verbose):
            search.find(i)
    n = len(targets)
    return Neighbors(
        search.indices,
        search.distances,
        n * (n - 1) // 2 if queries is None else n * len(sought),
        search.n_measured,
        _names(own, n),
        _names(own_sought, len(sought)),
    )


def _names(own: list[Name] | None, n: int) -> list[Name]:
    return list(range(n)) if own is None else own


class _Search:
    """The neighbors that were found so far, and what is known of distances."""

    def __init__(
        self,
        measure: Measure,
        targets: list[Named],
        queries: list[Named] | None,
        n_neighbors: int,
        n_jobs: int | None,
    ) -> None:
        self._measure = measure
        self._targets = targets
        self._within = queries is None
        self._queries = targets if queries is None else queries
        self._n_jobs = n_jobs
        n = len(self._queries)
        self._known = np.zeros((n, len(targets)), dtype=bool)
        if self._within:
            np.fill_diagonal(self._known, True)
        self.distances = np.full((n, n_neighbors), np.inf)
        self.indices = np.full((n, n_neighbors), len(targets))
        self.n_measured = 0

    def pivot(self, n_pivots: int) -> None:
        """Measure all to pivots, each the farthest from those before it."""
        pivots, table = [0], [self._row(0, [])]
        while len(pivots) < n_pivots:
            nearest = np.min(table, axis=0)
            if not nearest.any():  # all are copies of pivots
                break
            pivots.append(int(nearest.argmax()))
            table.append(self._row(pivots[-1], list(zip(pivots, table, strict=False))))
        self._to_targets = np.array(table)
        self._to_queries = self._to_targets
        if not self._within:
            self._to_queries = self._measured([self._targets[p] for p in pivots], self._queries)
        for p, distances in zip(pivots, self._to_queries, strict=True):
            for i in np.flatnonzero(~self._known[:, p]):
                self._add(i, np.array([p]), distances[i : i + 1])
            self._known[:, p] = True
        if self._within:
            for p, distances in zip(pivots, self._to_targets, strict=True):
                others = np.setdiff1d(np.arange(len(distances)), pivots)
                self._add(p, others, distances[others])
                self._known[p] = True
        self._scale = max(self._to_targets.max(), self._to_queries.max())

    def _row(self, p: int, known: list[tuple[int, np.ndarray]]) -> np.ndarray:
        """Return distances from a pivot, taking those to earlier ones from their rows."""
        row = np.zeros(len(self._targets))
        others = [j for j in range(len(row)) if j != p and j not in dict(known)]
        if others:
            row[others] = self._measured([self._targets[p]], [self._targets[j] for j in others])[0]
        for earlier, distances in known:
            row[earlier] = distances[p]
        return row

    def find(self, i: int) -> None:
        """Measure what may be near a query, the most likely first, in batches that grow."""
        gaps = np.abs(self._to_queries[:, i : i + 1] - self._to_targets).max(axis=0)
        todo = np.flatnonzero(~self._known[i])
        todo = todo[np.argsort(gaps[todo], kind="stable")]
        size = 2 * self.distances.shape[1]
        while len(todo):
            batch, todo = todo[:size], todo[size:]
            batch = batch[gaps[batch] <= self.distances[i, -1] + _ROUNDING * self._scale]
            if not len(batch):
                return
            found = self._measured([self._queries[i]], [self._targets[j] for j in batch])[0]
            self._check(i, batch, found, gaps)
            self._add(i, batch, found)
            self._known[i, batch] = True
            if self._within:
                self._known[batch, i] = True
                for j, distance in zip(batch, found, strict=True):
                    if distance <= self.distances[j, -1]:
                        self._add(j, np.array([i]), np.array([distance]))
            size *= 2

    def _check(self, i: int, batch: np.ndarray, found: np.ndarray, gaps: np.ndarray) -> None:
        """Raise if a distance is not between its bounds."""
        most = (self._to_queries[:, i : i + 1] + self._to_targets[:, batch]).min(axis=0)
        beyond = np.maximum(gaps[batch] - found, found - most)
        if beyond.max() > _VIOLATION * self._scale:
            k = beyond.argmax()
            raise ValueError(
                f"{self._queries[i][0]} and {self._targets[batch[k]][0]}: their distance is "
                f"{found[k]:.6g}, which violates the triangle inequality by {beyond[k]:.3g}: take "
                "the neighbors from pairwise_distances"
            )

    def _measured(self, rows: list[Named], columns: list[Named]) -> np.ndarray:
        self.n_measured += len(rows) * len(columns)
        return measured(self._measure, rows, columns, self._n_jobs)

    def _add(self, i: Any, others: np.ndarray, distances: np.ndarray) -> None:
        """Keep the nearest of a query's neighbors and others; of equals those that are first."""
        every = np.concatenate([self.distances[i], distances])
        which = np.concatenate([self.indices[i], others])
        nearest = np.lexsort((which, every))[: self.distances.shape[1]]
        self.distances[i], self.indices[i] = every[nearest], which[nearest]
