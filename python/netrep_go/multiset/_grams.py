"""Measures of Gram matrices: values of all pairs from one vector a network, streamed from disk.

Such a measure is a function of the inner products of unit vectors, one of each network, which
take long to prepare and little to multiply. They are written once, in columns that are read one
after the other while the products of all pairs add up.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np

from netrep_go._cohort import Cohorts
from netrep_go._jobs import counted, in_threads
from netrep_go.metrics import Measure
from netrep_go.multiset._how import How
from netrep_go.multiset._sources import Side, Source
from netrep_go.multiset._tile import Piece, Task, completed
from netrep_go.multiset._tiles import Tiles, computed

At = tuple[int, int]

_COLUMNS = 1024  # of the vectors, that are multiplied at a time: sums do not depend on the memory
_NEAR = 1e-8  # cosines this close to 1 do not resolve an angle
_WORTH = 4  # times the size of a network that its vector may have


def worth_it(measure: Measure, sides: list[Side], n_samples: int | None, largest: int) -> bool:
    """Whether vectors are prepared and streamed, of networks that take up to so many bytes."""
    if not hasattr(measure, "_gram_vector") or measure._is_redefined("_gram_vector"):
        return False
    if n_samples is None or any(side.test is not None for side in sides):
        return False
    return 4 * n_samples * (n_samples + 1) <= _WORTH * largest


class Grams:
    """The vectors of all networks of a store, beside its tiles."""

    def __init__(self, measure: Any, sides: list[Side], tiles: Tiles, limit: int, how: How) -> None:
        self._measure = measure
        self._sources = [source for side in sides for source in side.train]
        self._second = 0 if len(sides) == 1 else len(sides[0].train)  # index of the columns' first
        self._tiles = tiles
        self._limit = limit
        self._how = how
        self._vectors: Any = None
        self.n_loads = 0

    def pieces(self, jobs: dict[At, list[Task]]) -> Iterator[tuple[At, list[Piece]]]:
        """Yield the pieces of tiles, in passes over the vectors that fit into the memory."""
        if not jobs:
            return
        self._prepare()
        n = max(1, self._limit // 4 // (8 * self._tiles.tile[0] ** 2))
        order = sorted(jobs)
        for first in range(0, len(order), n):
            part = order[first : first + n]
            products = self._multiply(part)
            for at in part:
                yield at, self._cut(at, products.pop(at), jobs[at])
        shutil.rmtree(self._vectors.path)

    def _prepare(self) -> None:
        """Write the vectors that are not there, some networks at a time."""
        size = self._vector(self._sources[0]).size
        n_rows = max(1, min(64, self._limit // 4 // (8 * size)))
        path = self._tiles.path.parent / "grams"
        self._vectors = Tiles(path, (len(self._sources), size), (n_rows, _COLUMNS))
        if path.exists() and not self._vectors.is_described():
            shutil.rmtree(path)  # of fewer networks, or with less memory
        self._vectors.create()
        rows = range(self._vectors.counts[0])
        for i in counted(rows, "Preparing networks", len(rows), self._how.verbose):
            if self._vectors.n_written(i) < self._vectors.counts[1]:
                self._write(i)

    def _write(self, i: int) -> None:
        sources = self._sources[self._vectors.along(0, i)]
        vectors = np.stack(list(in_threads(self._vector, sources, self._how.n_jobs)))
        for j in range(self._vectors.counts[1]):
            self._vectors.write(i, j, vectors[:, self._vectors.along(1, j)])

    def _vector(self, source: Source) -> np.ndarray:
        self.n_loads += 1
        return self._measure._gram_vector(source.load(), source.name)

    def _multiply(self, part: list[At]) -> dict[At, np.ndarray]:
        """Return the inner products of the networks of tiles."""
        blocks = {at: self._blocks(at) for at in part}
        products = {at: np.zeros([block.stop - block.start for block in blocks[at]]) for at in part}
        columns = range(self._vectors.counts[1])

        def add(at: At) -> None:
            rows, others = blocks[at]
            products[at] += vectors[rows] @ vectors[others].T

        for j in counted(columns, "Multiplying", len(columns), self._how.verbose):
            vectors = self._column(j)
            for _ in in_threads(add, part, self._how.n_jobs):
                pass
        return products

    def _blocks(self, at: At) -> tuple[slice, slice]:
        """Return which networks the rows and the columns of a tile are."""
        rows, columns = self._tiles.along(0, at[0]), self._tiles.along(1, at[1])
        return rows, slice(columns.start + self._second, columns.stop + self._second)

    def _column(self, j: int) -> np.ndarray:
        """Return some entries of all vectors; those that are damaged are prepared again."""
        vectors = self._vectors.read_column(j)
        damaged = np.flatnonzero(np.isnan(vectors).any(axis=1)) // self._vectors.tile[0]
        for i in np.unique(damaged):
            self._write(int(i))
        return self._vectors.read_column(j) if len(damaged) else vectors

    def _cut(self, at: At, cosines: np.ndarray, todo: list[Task]) -> list[Piece]:
        """Return what is missing of a tile."""
        values = self._measure._of_cosines(cosines)
        blocks = self._blocks(at)
        if self._second == 0 and at[0] == at[1]:
            np.fill_diagonal(values, self._measure._of_cosines(np.ones(1))[0])
        if self._measure.properties.kind == "distance":
            for i, j in np.argwhere(cosines > 1 - _NEAR):
                if self._second or blocks[0].start + i != blocks[1].start + j:
                    values[i, j] = self._near(blocks[0].start + i, blocks[1].start + j)
        pieces = [
            Piece(task.at, task.rows, task.columns, [computed(values[task.rows][:, task.columns])])
            for task in todo
        ]
        return completed(pieces, self._measure)

    def _near(self, i: int, j: int) -> float:
        """Return the value of a pair that inner products do not resolve."""
        networks = [(s.name, s.load()) for s in (self._sources[i], self._sources[j])]
        self.n_loads += 2
        values, _ = self._measure._measure_cohorts(Cohorts(networks, None, 1), np.float64, 1, False)
        return values[0, 0]
