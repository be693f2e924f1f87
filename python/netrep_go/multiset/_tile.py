"""The values of one tile: what is missing in it, computed from the networks in memory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from netrep_go._cohort import Cohorts, Named, aligned
from netrep_go.metrics import Measure
from netrep_go.multiset._sources import Source
from netrep_go.multiset._tiles import Missing, computed


class Task(NamedTuple):
    """Values from the networks of rows to those of columns, counted within their tiles.

    Attributes
    ----------
    at : tuple of (int, int)
        The tile that the values belong to.
    rows, columns : ndarray of int
        Which of its rows and columns.
    flipped : bool
        Whether its rows are the networks of the block's columns.
    """

    at: tuple[int, int]
    rows: np.ndarray
    columns: np.ndarray
    flipped: bool


class Piece(NamedTuple):
    """Part of a tile, of the training and maybe of the held-out data."""

    at: tuple[int, int]
    rows: np.ndarray
    columns: np.ndarray
    values: list[np.ndarray]

    def transposed(self) -> Piece:
        """Return the piece of the tile on the other side of the diagonal."""
        return Piece(self.at[::-1], self.columns, self.rows, [x.T for x in self.values])

    def fills(self, tile: tuple[int, int]) -> bool:
        """Whether this is a whole tile."""
        return (len(self.rows), len(self.columns)) == tile


class Block(NamedTuple):
    """Networks in memory, with the held-out data if there are any."""

    train: list[Named]
    test: list[Named] | None

    @classmethod
    def load(cls, train: list[Source], test: list[Source] | None) -> Block:
        """Read networks."""
        return cls(_loaded(train), None if test is None else _loaded(test))

    def take(self, which: np.ndarray) -> Block:
        """Return some of the networks."""
        test = None if self.test is None else [self.test[k] for k in which]
        return Block([self.train[k] for k in which], test)


def _loaded(sources: list[Source]) -> list[Named]:
    return [(source.name, source.load()) for source in sources]


def tasks(at: tuple[int, int], left: Missing, within: bool, mirrored: bool) -> list[Task]:
    """Return what to compute so that nothing is missing in a tile and its mirror image.

    Of a tile that has grown, what is there stays.
    """
    i, j = at
    if within and i == j:
        return _on_diagonal(at, left[at], mirrored)
    found = [_rectangle(at, left[at], False)] if at in left else []
    if within and not mirrored and (j, i) in left:
        found.append(_rectangle((j, i), left[j, i], True))
    return found


def _rectangle(at: tuple[int, int], mask: np.ndarray, flipped: bool) -> Task:
    return Task(at, np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0)), flipped)


def _on_diagonal(at: tuple[int, int], mask: np.ndarray, mirrored: bool) -> list[Task]:
    new, old = np.flatnonzero(mask.diagonal()), np.flatnonzero(~mask.diagonal())
    if mask[np.ix_(old, old)].any():  # it was damaged, not grown
        new, old = np.arange(len(mask)), old[:0]
    found = [Task(at, new, new, False)]
    if len(old) and len(new):
        found.append(Task(at, old, new, False))
        if not mirrored:
            found.append(Task(at, new, old, False))
    return found


def pieces_of(
    todo: list[Task],
    rows: Block,
    columns: Block,
    measure: Measure,
    dtype: DTypeLike,
    n_jobs: int | None,
) -> list[Piece]:
    """Compute tasks from the networks of the rows and of the columns of a tile."""
    found = []
    for task in todo:
        first, second = (columns, rows) if task.flipped else (rows, columns)
        cohorts = _cohorts(task, first, second)
        values = [
            computed(x)
            for x in measure._measure_cohorts(cohorts, dtype, n_jobs, False)
            if x is not None
        ]
        found.append(Piece(task.at, task.rows, task.columns, values))
    return completed(found, measure)


def completed(pieces: list[Piece], measure: Measure) -> list[Piece]:
    """Return pieces with the other half of what a tile on the diagonal has grown by."""
    grown = len(pieces) == 2 and pieces[0].at == pieces[1].at and measure.properties.symmetric
    return [*pieces, pieces[1].transposed()] if grown else pieces


def _cohorts(task: Task, first: Block, second: Block) -> Cohorts:
    """Return the networks of a task: all pairs of a set if rows and columns are the same."""
    rows, columns = first.take(task.rows), second.take(task.columns)
    if first is second and task.rows is task.columns:
        return aligned(Cohorts(rows.train, rows.test))
    test = None if rows.test is None else rows.test + (columns.test or [])
    return aligned(Cohorts(rows.train + columns.train, test, len(rows.train)))
