"""Nested cross-validation: what is chosen in a training set, and how it does on the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from netrep_go._jobs import blas_threads, counted, in_threads
from netrep_go.encoding._design import Design
from netrep_go.encoding._moments import FoldMoments, Moments, partition
from netrep_go.encoding._paths import (
    FoldTargets,
    MomentsPath,
    Path,
    is_nearly_none,
    moments_ridge,
)
from netrep_go.encoding._scores import Accumulator
from netrep_go.encoding._solvers import Solver

Split = tuple[np.ndarray, np.ndarray]


class Training(NamedTuple):
    """Samples to choose and fit with, and the folds inside of them to choose by."""

    rows: np.ndarray
    splits: Sequence[Split]


class Pattern(NamedTuple):
    """Targets that are known for the same samples."""

    known: np.ndarray
    columns: np.ndarray
    y: np.ndarray


class Choice(NamedTuple):
    """What a training set has chosen: a layer for each target, and an option in each layer."""

    layer: np.ndarray
    option: np.ndarray


def patterns(y: np.ndarray) -> list[Pattern]:
    """Group targets by the samples for which they are known."""
    known = ~np.isnan(y)
    if known.all():
        return [Pattern(known[:, 0], np.arange(y.shape[1]), y)]
    masks, of = np.unique(known, axis=1, return_inverse=True)
    columns = [np.flatnonzero(of == k) for k in range(masks.shape[1])]
    return [Pattern(mask, c, y[:, c]) for mask, c in zip(masks.T, columns, strict=True)]


@dataclass
class Search:
    """The choice of layers and options in training sets.

    Parameters
    ----------
    designs : list of Design
        The layers.
    y : ndarray of shape (n_samples, n_targets)
        Targets less their means, NaN where they are not known.
    solver : Solver
        The regression.
    scoring : str
        What is maximized.
    alpha_per_target, layer_per_target : bool
        What each target chooses alone.
    n_jobs : int or None
        Number of threads.
    verbose : bool
        Whether to draw bars.
    """

    designs: list[Design]
    y: np.ndarray
    solver: Solver
    scoring: str
    alpha_per_target: bool
    layer_per_target: bool
    n_jobs: int | None
    verbose: bool
    _kept: dict[tuple[int, int], FoldMoments] = field(default_factory=dict)
    _of_all: dict[tuple[int, int], Moments] = field(default_factory=dict)

    @cached_property
    def patterns(self) -> list[Pattern]:
        """Targets by the samples for which they are known."""
        return patterns(self.y)

    def choose(self, trainings: Sequence[Training]) -> list[Choice]:
        """Return what each training set chooses, by cross-validation inside of it."""
        if len(self.designs) * self.solver.n_options == 1:
            none = np.zeros(self.y.shape[1], np.int64)
            return [Choice(none, none[np.newaxis])] * len(trainings)
        return [
            choose(table, self.alpha_per_target, self.layer_per_target)
            for table in self._tables(trainings)
        ]

    def _tables(self, trainings: Sequence[Training]) -> Iterator[np.ndarray]:
        """Yield the scores in each training set, (n_layers, n_options, n_targets)."""
        n_layers, n_patterns = len(self.designs), len(self.patterns)
        inner = [
            (o, layer, k)
            for o in range(len(trainings))
            for layer in range(n_layers)
            for k in range(n_patterns)
        ]
        total = sum(len(trainings[o].splits) for o, _, _ in inner)
        found = in_threads(lambda path: path().sums(), self._paths(trainings, inner), self.n_jobs)
        sums = counted(found, "Choosing options", total, self.verbose)
        table: np.ndarray = np.empty(0)
        for o, layer, k in inner:
            score = Accumulator(self.scoring)
            for _ in trainings[o].splits:
                score.add(next(sums))
            if layer == k == 0:
                table = np.empty((n_layers, len(score.score), self.y.shape[1]))
            table[layer][:, self.patterns[k].columns] = score.score
            if (layer, k) in self._kept:
                self._of_all[layer, k] = self._kept.pop((layer, k)).total()
            if (layer, k) == (n_layers - 1, n_patterns - 1):
                yield table

    def _paths(
        self, trainings: Sequence[Training], inner: Sequence[tuple[int, int, int]]
    ) -> Iterator[Any]:
        """Yield functions that find the path of each fold, to be called in threads."""
        for o, layer, k in inner:
            design, pattern = self.designs[layer], self.patterns[k]
            options = self.options(trainings[o].rows, layer)
            splits = [known_rows(split, pattern) for split in trainings[o].splits]
            moments = self._moments(design, pattern, splits, options)
            tested = sum(len(test) for _, test in splits)
            if moments is not None and tested == pattern.known.sum():
                self._kept[layer, k] = moments
            for fold, (train, test) in enumerate(splits):
                if moments is not None and options is not None:
                    yield _moments_path(moments, fold, options)
                else:
                    yield self._path(design, pattern, train, test, options)

    def options(self, rows: np.ndarray, layer: int) -> np.ndarray | None:
        """Return what a training set chooses from in a layer."""
        return self.solver.options(self.designs[layer], rows, self.y)

    def picked(self, rows: np.ndarray, choice: Choice) -> np.ndarray:
        """Return the penalty, or the number of components, of each target in its layer."""
        each: list[Any] = [self.options(rows, layer) for layer in range(len(self.designs))]
        at = np.arange(len(choice.layer))
        return np.stack(each)[choice.layer, choice.option[choice.layer, at]]

    def _moments(
        self,
        design: Design,
        pattern: Pattern,
        splits: Sequence[Split],
        options: np.ndarray | None,
    ) -> FoldMoments | None:
        """Return the moments of folds, where regressions follow from them cheaply."""
        n = sum(len(test) for _, test in splits)
        few = design.shape[1] * (len(splits) + 1) <= n
        if (
            self.solver.regression != "ridge"
            or not few
            or design.is_compressed
            or self.solver.dtype != np.float64
            or options is None
            or is_nearly_none(options, n * design.variance(np.concatenate([b for _, b in splits])))
            or not partition(splits)
        ):
            return None
        return FoldMoments(design.rows, pattern.y, [test for _, test in splits])

    def _path(
        self,
        design: Design,
        pattern: Pattern,
        train: np.ndarray,
        test: np.ndarray,
        options: np.ndarray | None,
    ) -> Any:
        def path() -> Path:
            targets = FoldTargets(pattern.y, train, test)
            return self.solver.path(design, train, test, options, targets)

        return path

    def blas_threads(self, layer: int, k: int) -> AbstractContextManager[None]:
        """Return a context for the last fit, which has but one thread where it is cheap.

        Others would wait for more work, and burn time, for longer than it takes.
        """
        return blas_threads(1) if (layer, k) in self._of_all else nullcontext()

    def path(self, rows: np.ndarray, test: np.ndarray, layer: int, k: int) -> Path:
        """Return the path of a training set in a layer, for the targets of a pattern."""
        pattern, design = self.patterns[k], self.designs[layer]
        moments = None if len(test) else self._of_all.get((layer, k))  # of the last fit
        train, test = known_rows((rows, test), pattern)
        options = self.options(rows, layer)
        if moments is None or options is None:
            return self._path(design, pattern, train, test, options)()
        mean_x, mean_y = moments.means
        targets = FoldTargets(pattern.y, train, test, mean_y)
        path = moments_ridge(moments, design.rows(test) - mean_x, options, targets)
        path.features = design.features(mean_x)
        return path


def _moments_path(moments: FoldMoments, fold: int, options: np.ndarray) -> Any:
    return lambda: MomentsPath(moments.training(fold), moments.test(fold), options)


def known_rows(split: Split, pattern: Pattern) -> Split:
    """Return the samples of a split for which targets are known."""
    train, test = (rows[pattern.known[rows]] for rows in split)
    return train, test


def choose(table: np.ndarray, alpha_per_target: bool, layer_per_target: bool) -> Choice:
    """Return the best of scores (n_layers, n_options, n_targets), the first of equal ones."""
    table = np.where(np.isnan(table), -np.inf, table)
    n_targets = table.shape[2]
    if alpha_per_target:
        option = table.argmax(axis=1)
    else:
        best = table.mean(axis=2).argmax(axis=1)
        option = np.repeat(best[:, np.newaxis], n_targets, axis=1)
    scores = np.take_along_axis(table, option[:, np.newaxis], axis=1)[:, 0]
    if layer_per_target:
        return Choice(scores.argmax(axis=0), option)
    return Choice(np.full(n_targets, scores.mean(axis=1).argmax()), option)
