"""Exact nearest neighbors from fewer distances than there are pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from netrep_go import _native
from netrep_go._jobs import counted, said_once
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_integer
from netrep_go.metrics import Measure
from netrep_go.multiset._measured import as_distance, measured
from netrep_go.multiset._sources import Source, side

__all__ = ["Neighbors", "nearest_neighbors"]

_BLOCK = 16  # queries that are measured together

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
        """Return a pandas DataFrame with a row for each query and neighbor.

        Returns
        -------
        pandas.DataFrame
            With columns network, rank (1 is the nearest), neighbor, distance.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        n, k = self.indices.shape
        return pandas().DataFrame(
            {
                "network": np.repeat(np.array(self.query_names, dtype=object), k),
                "rank": np.tile(np.arange(1, k + 1), n),
                "neighbor": [self.names[j] for j in self.indices.ravel()],
                "distance": self.distances.ravel(),
            }
        )


@checked
def nearest_neighbors(
    metric: Any,
    networks: Any,
    queries: Any = None,
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
    result is that of all pairs. How many are skipped depends on the cohort: more than half of the
    pairs for one neighbor where networks come in families of near copies, fewer for several
    neighbors, and none where a network's neighbor is hardly nearer than the others, as among
    random ones or the 500 of ``examples/digits_cohort.py``. Only pairs are saved: networks are
    prepared again for every few queries, so that all pairs at once are faster where little is
    skipped, or where preparing is the larger part, as for CKA.

    Parameters
    ----------
    metric : Measure, str, callable or object with fit and score
        As in :func:`pairwise_distances`. The triangle inequality must hold for it.
    networks : list, dict, Series or callable
        Where neighbors are looked for: arrays, or paths, data sets and functions as in
        :meth:`DistanceStore.pairwise_distances`, which are read when they are measured.
    queries : list, dict or Series, default=None
        Networks whose neighbors are looked for. If None, these are `networks` themselves, and no
        network is its own neighbor.
    n_neighbors : int, default=1
        How many neighbors of each.
    n_pivots : int, default=4
        How many networks, far from one another, all are measured to.
    names : sequence of hashable, default=None
        Names of `networks`, if these are a list or a function.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
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
    known = side(networks, None, names, ("networks", ""))
    asked = known if queries is None else side(queries, None, None, ("queries", ""))
    targets, sought = known.train, asked.train
    n_others = len(targets) - (queries is None)
    if n_neighbors > n_others:
        raise ValueError(f"n_neighbors must be at most {n_others}, got {n_neighbors}")
    search = _Search(measure, targets, None if queries is None else sought, n_neighbors, n_jobs)
    with said_once():
        search.pivot(n_pivots)
        blocks = search.blocks()
        for block in counted(blocks, "Finding neighbors", len(sought), verbose, blocks=True):
            search.find(block)
    n = len(targets)
    return Neighbors(
        search.indices,
        search.distances,
        n * (n - 1) // 2 if queries is None else n * len(sought),
        search.n_measured,
        known.names,
        asked.names,
    )


class _Search:
    """The neighbors that were found so far, and what is known of distances."""

    def __init__(
        self,
        measure: Measure,
        targets: list[Source],
        queries: list[Source] | None,
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

    def blocks(self) -> list[np.ndarray]:
        """Return queries, but for pivots, in groups that lie together as seen from these."""
        nearest = self._to_queries.argmin(axis=0)
        order = np.lexsort((self._to_queries.min(axis=0), nearest))
        order = order[~self._known[order].all(axis=1)]
        return [order[k : k + _BLOCK] for k in range(0, len(order), _BLOCK)]

    def find(self, block: np.ndarray) -> None:
        """Measure what may be near queries, the most likely first, in batches that grow.

        Queries are measured together, so that a network is prepared for all of them at once.
        """
        if self._within:
            self._measure_within(block)
        gaps = np.abs(self._to_queries[:, block, np.newaxis] - self._to_targets[:, np.newaxis])
        bounds = gaps.max(axis=0)
        size = 2 * self.distances.shape[1]
        while True:
            limits = self.distances[block, -1] + _ROUNDING * self._scale
            wanted = ~self._known[block] & (bounds <= limits[:, np.newaxis])
            columns = np.flatnonzero(wanted.any(axis=0))
            if not len(columns):
                return
            near = np.where(wanted, bounds, np.inf)[:, columns].min(axis=0)
            columns = columns[np.argsort(near, kind="stable")[:size]]
            rows = np.flatnonzero(wanted[:, columns].any(axis=1))
            found = self._measured(
                [self._queries[i] for i in block[rows]], [self._targets[j] for j in columns]
            )
            self._keep(block[rows], columns, found, bounds[np.ix_(rows, columns)])
            size *= 2

    def _measure_within(self, block: np.ndarray) -> None:
        """Measure queries to each other, where these are the networks."""
        self.n_measured += len(block) * (len(block) - 1) // 2
        networks = [self._targets[i] for i in block]
        found = measured(self._measure, networks, None, self._n_jobs)
        self._keep(block, block, found, np.zeros_like(found))

    def _keep(
        self, rows: np.ndarray, columns: np.ndarray, found: np.ndarray, bounds: np.ndarray
    ) -> None:
        """Take what was measured, of what was not known, to the neighbors of both networks."""
        new = ~self._known[np.ix_(rows, columns)]
        self._check(rows, columns, found, bounds)
        for i, row, is_new in zip(rows, found, new, strict=True):
            self._add(i, columns[is_new], row[is_new])
        self._known[np.ix_(rows, columns)] = True
        if self._within and rows is not columns:
            for j, column, is_new in zip(columns, found.T, new.T, strict=True):
                self._add(j, rows[is_new], column[is_new])
            self._known[np.ix_(columns, rows)] = True

    def _check(
        self, rows: np.ndarray, columns: np.ndarray, found: np.ndarray, bounds: np.ndarray
    ) -> None:
        """Raise if a distance is not between its bounds."""
        most = np.min(
            self._to_queries[:, rows, np.newaxis] + self._to_targets[:, np.newaxis, columns], axis=0
        )
        beyond = np.maximum(bounds - found, found - most)
        i, j = np.unravel_index(beyond.argmax(), beyond.shape)
        if beyond[i, j] > _VIOLATION * self._scale:
            query, target = self._queries[rows[i]], self._targets[columns[j]]
            raise ValueError(
                f"{query.name} and {target.name}: their distance "
                f"is {found[i, j]:.6g}, which violates the triangle inequality by "
                f"{beyond[i, j]:.3g}: take the neighbors from pairwise_distances"
            )

    def _measured(self, rows: list[Source], columns: list[Source]) -> np.ndarray:
        self.n_measured += len(rows) * len(columns)
        return measured(self._measure, rows, columns, self._n_jobs)

    def _add(self, i: Any, others: np.ndarray, distances: np.ndarray) -> None:
        """Keep the nearest of a query's neighbors and others; of equals those that are first."""
        every = np.concatenate([self.distances[i], distances])
        which = np.concatenate([self.indices[i], others])
        nearest = np.lexsort((which, every))[: self.distances.shape[1]]
        self.distances[i], self.indices[i] = every[nearest], which[nearest]
