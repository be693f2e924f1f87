"""Measures of Gram matrices: values of all pairs from one vector a network, streamed from disk.

Such a measure is a function of the inner products of unit vectors, one of each network, which
take long to prepare and little to multiply. They are written once, in columns that are read one
after the other while the products of all pairs add up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from math import isqrt
from typing import Any

import numpy as np

from netrep_go._cohort import Cohorts
from netrep_go._jobs import counted, in_threads, n_threads
from netrep_go.metrics import Measure
from netrep_go.multiset._how import How
from netrep_go.multiset._sources import Side, Source
from netrep_go.multiset._tile import Piece, Task, completed
from netrep_go.multiset._tiles import Tiles, computed
from netrep_go.multiset._vectors import COLUMNS, Vectors, kept, sweep

At = tuple[int, int]

_NEAR = 1e-8  # cosines this close to 1 do not resolve an angle
_WORTH = 4  # times the size of a network that its vector may have
_ROWS = 16  # networks of a file, if they fit
_FOLDERS = "grams-*"


def worth_it(measure: Measure, sides: list[Side], n_samples: int | None, largest: int) -> bool:
    """Whether vectors are prepared and streamed, of networks that take up to so many bytes."""
    if not hasattr(measure, "_gram_vector") or measure._is_redefined("_gram_vector"):
        return False
    if n_samples is None or any(side.test is not None for side in sides):
        return False
    return 4 * n_samples * (n_samples + 1) <= _WORTH * largest


class Grams:
    """The vectors of all networks of a store, beside its tiles.

    Parameters
    ----------
    measure : Measure
        What makes vectors of networks, and values of products.
    sides : list of Side
        The networks.
    tiles : Tiles
        Where values go.
    n_samples, largest : int
        Number of samples, and bytes of the largest network.
    key : str
        What the store holds, so that vectors of other networks are not taken for these.
    limit : int
        Bytes of memory.
    how : How
        Threads and progress.
    """

    def __init__(
        self,
        measure: Any,
        sides: list[Side],
        tiles: Tiles,
        n_samples: int,
        largest: int,
        key: str,
        limit: int,
        how: How,
    ) -> None:
        self._measure = measure
        self._sources = [source for side in sides for source in side.train]
        self._second = 0 if len(sides) == 1 else len(sides[0].train)  # index of the columns' first
        self._tiles = tiles
        self._limit = limit
        self._how = how
        size = measure._gram_size(n_samples)
        n_rows = max(1, min(_ROWS, limit // 8 // Vectors.padded(size)))
        path = tiles.path.parent / _FOLDERS.replace("*", f"{key}-{n_rows}")
        self._vectors = Vectors(path, (len(self._sources), size), n_rows)
        self._n_threads = self._threads(5 * largest + 32 * size + n_rows * Vectors.padded(size))
        self._loaded: list[str] = []

    @property
    def n_loads(self) -> int:
        """How often a network was read."""
        return len(self._loaded)

    def _threads(self, nbytes: int) -> int:
        """Return how many threads may prepare networks, which take so many bytes each."""
        if nbytes > self._limit:
            raise MemoryError(
                f"memory_limit = {self._limit} is too small for one network, which takes up to "
                f"{nbytes} bytes with what is computed from it: raise it"
            )
        return min(n_threads(self._how.n_jobs), self._limit // nbytes)

    def pieces(self, jobs: dict[At, list[Task]]) -> Iterator[tuple[At, list[Piece]]]:
        """Yield the pieces of tiles, in passes over the vectors that fit into the memory."""
        folder = self._vectors.path.parent
        if jobs:
            with kept(self._vectors.path):
                sweep(folder, _FOLDERS)  # those of fewer networks
                self._prepare(jobs)
                for part in self._passes(jobs):
                    products = self._multiply(part)
                    for at in part:
                        yield at, self._cut(at, products.pop(at), jobs[at])
        sweep(folder, _FOLDERS)

    def _prepare(self, jobs: dict[At, list[Task]]) -> None:
        """Write the vectors that tiles need and that are not there."""
        files, _ = self._files({at: self._blocks(at) for at in jobs})
        missing = [i for i in files if not self._vectors.has(i)]
        n = sum(len(self._sources[self._vectors.along(i)]) for i in missing)
        written = in_threads(self._write, missing, self._n_threads)
        for _ in counted(written, "Preparing networks", n, self._how.verbose, blocks=True):
            pass

    def _write(self, i: int) -> list[Source]:
        """Write the vectors of a file; return the networks in it."""
        sources = self._sources[self._vectors.along(i)]
        self._vectors.write(i, map(self._vector, sources))
        return sources

    def _vector(self, source: Source) -> np.ndarray:
        self._loaded.append(source.name)
        return self._measure._gram_vector(source.load(), source.name)

    def _passes(self, jobs: dict[At, list[Task]]) -> Iterator[list[At]]:
        """Yield tiles that are multiplied together: a square of what is missing."""
        size = self._tiles.tile[0]
        products, entries = 8 * size**2, 4 * 8 * size * COLUMNS
        n = max(1, min(isqrt(self._limit // 4 // products), self._limit // 4 // entries))

        def square(at: At) -> At:
            return at[0] // n, at[1] // n

        for _, part in groupby(sorted(jobs, key=lambda at: (square(at), at)), square):
            yield list(part)

    def _multiply(self, part: list[At]) -> dict[At, np.ndarray]:
        """Return the inner products of the networks of tiles."""
        blocks = {at: self._blocks(at) for at in part}
        products = {at: np.zeros([block.stop - block.start for block in blocks[at]]) for at in part}
        files, place = self._files(blocks)
        n_rows = len(files) * self._vectors.n_rows
        vectors, coming = np.empty((2, n_rows, COLUMNS))

        def add(tiles: list[At]) -> None:
            for at in tiles:
                rows, columns = map(place, blocks[at])
                products[at] += vectors[rows] @ vectors[columns].T

        strips = [list(strip) for _, strip in groupby(part, lambda at: at[0])]
        n_columns = self._vectors.n_columns
        self._read(0, files, vectors)
        for j in counted(range(n_columns), "Multiplying", n_columns, self._how.verbose):
            tasks: list[Callable[[], None]] = [partial(add, strip) for strip in strips]
            if j + 1 < n_columns:
                tasks.insert(0, partial(self._read, j + 1, files, coming))
            for _ in in_threads(lambda task: task(), tasks, self._how.n_jobs):
                pass
            vectors, coming = coming, vectors
        return products

    def _blocks(self, at: At) -> tuple[slice, slice]:
        """Return which networks the rows and the columns of a tile are."""
        rows, columns = self._tiles.along(0, at[0]), self._tiles.along(1, at[1])
        return rows, slice(columns.start + self._second, columns.stop + self._second)

    def _files(
        self, blocks: dict[At, tuple[slice, slice]]
    ) -> tuple[list[int], Callable[[slice], slice]]:
        """Return the files of the networks of tiles, and where these stand if those are read."""
        n = self._vectors.n_rows
        needed = [block for pair in blocks.values() for block in pair]
        files = sorted({i for b in needed for i in range(b.start // n, (b.stop - 1) // n + 1)})
        first = {i: k * n for k, i in enumerate(files)}

        def place(block: slice) -> slice:
            start = first[block.start // n] + block.start % n
            return slice(start, start + block.stop - block.start)

        return files, place

    def _read(self, j: int, files: list[int], into: np.ndarray) -> None:
        """Read some entries of the vectors; those that are damaged are prepared again."""
        damaged = self._vectors.read(j, files, into)
        for i in damaged:
            self._write(i)
        if damaged and self._vectors.read(j, files, into):
            raise OSError(f"{self._vectors.path} does not give back what was written to it")

    def _cut(self, at: At, cosines: np.ndarray, todo: list[Task]) -> list[Piece]:
        """Return what is missing of a tile."""
        values = self._measure._of_cosines(cosines)
        blocks = self._blocks(at)
        if self._second == 0 and at[0] == at[1]:
            np.fill_diagonal(values, self._measure._of_cosines(np.ones(1))[0])
        if self._measure.properties.kind == "distance":
            near = cosines > 1 - _NEAR
            if self._second == 0 and at[0] == at[1]:
                np.fill_diagonal(near, False)
            for i in np.flatnonzero(near.any(axis=1)):
                others = np.flatnonzero(near[i])
                values[i, others] = self._near(
                    blocks[0].start + i, [blocks[1].start + j for j in others]
                )
        pieces = [
            Piece(task.at, task.rows, task.columns, [computed(values[task.rows][:, task.columns])])
            for task in todo
        ]
        return completed(pieces, self._measure)

    def _near(self, i: int, others: list[int]) -> np.ndarray:
        """Return values of a network and others that inner products do not resolve."""
        networks = [(s.name, s.load()) for s in (self._sources[k] for k in (i, *others))]
        self._loaded += [name for name, _ in networks]
        cohorts = Cohorts(networks, None, 1)
        values, _ = self._measure._measure_cohorts(cohorts, np.float64, self._how.n_jobs, False)
        return values[0]
