"""Which tiles are computed when: with few networks in memory, each read as seldom as it can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from netrep_go._jobs import counted
from netrep_go._machine import free_memory
from netrep_go.metrics import Measure
from netrep_go.multiset import _cluster
from netrep_go.multiset import _grams as grams
from netrep_go.multiset._how import How
from netrep_go.multiset._sources import Side
from netrep_go.multiset._tile import Block, Piece, Task, pieces_of, tasks
from netrep_go.multiset._tiles import Missing, Tiles

# What is computed from a network in work takes as much as this many of it: a copy in double
# precision of data in single, and what is prepared of that.
_COPIES = 5

At = tuple[int, int]


class Work:
    """The computation of what is missing in a store."""

    def __init__(
        self,
        measure: Measure,
        sides: list[Side],
        how: How,
        tiles: list[Tiles],
        lock: Callable[[], AbstractContextManager[None]],
        largest: int,
        n_samples: int | None,
        key: str,
    ) -> None:
        self._measure = measure
        self._sides = sides
        self._within = len(sides) == 1
        self._mirrored = self._within and measure.properties.symmetric
        self._how = how
        self._tiles = tiles
        self._lock = lock
        self._streamed = grams.worth_it(measure, sides, n_samples, largest)
        self._panel = 1 if self._streamed else self._tiles_in_memory(largest) - 1
        self._known = (n_samples or 0, largest, key)  # 0 if nothing is streamed
        self._n_loads = 0

    def run(self, left: Missing) -> tuple[int, int]:
        """Compute what is missing; return how many tiles were written, and how many loads."""
        jobs = self._jobs(left)
        n_written = 0
        try:
            for n in counted(self._written(jobs), "Computing tiles", len(jobs), self._how.verbose):
                n_written += n
        except (KeyboardInterrupt, OSError) as error:
            error.add_note(
                f"{self._tiles[0].path.parent} is valid: this call wrote {n_written} tiles, and "
                "the same call goes on from there"
            )
            raise
        return n_written, self._n_loads

    def _jobs(self, left: Missing) -> list[tuple[At, list[Task]]]:
        """Return what is to be computed for each tile, in order, of this batch.

        Rows of tiles fill the memory, while columns pass by. Of a set, a tile above the
        diagonal stands for the one below as well.
        """
        tiles = sorted(
            {(min(at), max(at)) if self._within else at for at in left},
            key=lambda at: (at[0] // self._panel, at[1], at[0]),
        )
        if self._how.batch is not None:
            share, n = self._how.batch
            tiles = tiles[len(tiles) * share // n : len(tiles) * (share + 1) // n]
        return [(at, tasks(at, left, self._within, self._mirrored)) for at in tiles]

    def _tiles_in_memory(self, largest: int) -> int:
        """Return how many tiles' networks may be in memory: two at least."""
        size = min(self._tiles[0].tile[0], max(self._tiles[0].shape))
        tile = size * largest
        least = 2 * (1 + _COPIES) * tile
        limit = self._how.memory_limit
        if limit is None:
            return 2 + max(0, _default_limit() - least) // tile
        if least > limit:
            fits = limit // (2 * (1 + _COPIES) * largest)
            remedy = f"make the store with tile_size={fits}, or raise it" if fits else "raise it"
            raise MemoryError(
                f"memory_limit = {limit} is too small for two tiles of {size} networks, which "
                f"take up to {least} bytes: {remedy}"
            )
        return 2 + (limit - least) // tile

    def _written(self, jobs: list[tuple[At, list[Task]]]) -> Iterator[int]:
        """Compute jobs and write what they give; yield the number of tiles that stand."""
        client = _cluster.client(self._how.client)
        if client is None and self._how.batch is None and self._streamed:
            run = self._from_grams(jobs)
        else:
            run = self._here(jobs) if client is None else self._on_cluster(client, jobs)
        for at, pieces in run:
            yield self._write(at, pieces)

    def _here(self, jobs: list[tuple[At, list[Task]]]) -> Iterator[tuple[At, list[Piece]]]:
        rows: dict[int, Block] = {}
        column: tuple[int, Block] | None = None
        for (i, j), todo in jobs:
            if rows and min(rows) // self._panel != i // self._panel:
                rows = {}
            if not todo:
                yield (i, j), []
                continue
            if i not in rows:
                rows[i] = self._load(0, i)
            if self._within and j // self._panel == i // self._panel:
                if j not in rows:
                    rows[j] = self._load(0, j)
                second = rows[j]
            else:
                if column is None or column[0] != j:
                    column = None  # so that it is forgotten before the next is read
                    column = j, self._load(-1, j)
                second = column[1]
            yield (
                (i, j),
                pieces_of(todo, rows[i], second, self._measure, self._how.dtype, self._how.n_jobs),
            )

    def _from_grams(self, jobs: list[tuple[At, list[Task]]]) -> Iterator[tuple[At, list[Piece]]]:
        """Compute all tiles at once from what is prepared of each network, on disk."""
        limit = self._how.memory_limit or _default_limit()
        stream = grams.Grams(
            self._measure, self._sides, self._tiles[0], *self._known, limit, self._how
        )
        yield from ((at, []) for at, todo in jobs if not todo)
        yield from stream.pieces({at: todo for at, todo in jobs if todo})
        self._n_loads += stream.n_loads

    def _load(self, axis: int, k: int) -> Block:
        """Read the networks of a row or column of tiles."""
        where = self._tiles[0].along(axis, k)
        self._n_loads += where.stop - where.start
        return Block.load(*self._sources(axis, where))

    def _sources(self, axis: int, where: slice) -> tuple[Any, Any]:
        side = self._sides[axis]
        return side.train[where], None if side.test is None else side.test[where]

    def _on_cluster(
        self, client: Any, jobs: list[tuple[At, list[Task]]]
    ) -> Iterator[tuple[At, list[Piece]]]:
        remote = _cluster.Remote(client)
        calls: list[tuple[At, tuple[Any, ...]]] = []
        for at, todo in jobs:
            sides: list[Any] = [
                self._sources(axis, self._tiles[0].along(axis, k))
                for axis, k in ((0, at[0]), (-1, at[1]))
            ]
            if self._within and at[0] == at[1]:
                sides = [sides[0], None]
            self._n_loads += sum(len(side[0]) for side in sides if side) if todo else 0
            calls.append((at, (todo, *sides, self._measure, self._how.dtype)))
        yield from remote.run(_computed_there, calls)

    def _write(self, at: At, pieces: list[Piece]) -> int:
        """Write pieces, the mirrored tile first: the one above the diagonal is the truth."""
        i, j = at
        if not self._mirrored:
            places = dict.fromkeys(piece.at for piece in pieces)
            for place in places:
                self._merge(place, [p for p in pieces if p.at == place])
            return len(places)
        if not pieces:  # the tile above is whole, and what mirrors it is not
            for tiles in self._tiles:
                tiles.write(j, i, tiles.read(i, j).T)
            return 1
        if i != j:
            self._merge((j, i), [p.transposed() for p in pieces])
        self._merge(at, pieces)
        return 1 + (i != j)

    def _merge(self, at: At, pieces: list[Piece]) -> None:
        """Write pieces into a tile; one at the edge may have grown in another process."""
        for k, tiles in enumerate(self._tiles):
            if tiles.is_whole(*at) and len(pieces) == 1 and pieces[0].fills(tiles.tile):
                tiles.write(*at, pieces[0].values[k])
                continue
            with self._lock():
                tile = tiles.read(*at, whole=True)
                for piece in pieces:
                    tile[np.ix_(piece.rows, piece.columns)] = piece.values[k]
                tiles.write(*at, tile)


def _computed_there(
    todo: list[Task], rows: Any, columns: Any, measure: Measure, dtype: DTypeLike
) -> list[Piece]:
    """Compute a tile on a worker of a cluster, whose threads work on other tiles."""
    if not todo:
        return []
    block = Block.load(*rows)
    second = Block.load(*columns) if columns else block
    return pieces_of(todo, block, second, measure, dtype, 1)


def _default_limit() -> int:
    """Return half of what is free, or a GiB where the system does not say."""
    return (free_memory() or 2 * 2**30) // 2
