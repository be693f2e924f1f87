"""Sums of products over samples, from which regressions on few features follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from netrep_go.encoding._blocks import adjacent


@dataclass
class Moments:
    """Sums over samples of features x, targets y and their products."""

    n: int
    x: np.ndarray
    y: np.ndarray
    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> Moments:
        """Sum over the rows of two matrices."""
        yy = np.einsum("ij,ij->j", y, y)
        return cls(len(x), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, yy)

    def __add__(self, other: Moments) -> Moments:
        mine, others = vars(self).values(), vars(other).values()
        return Moments(*(a + b for a, b in zip(mine, others, strict=True)))

    @property
    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """Of features and of targets."""
        return self.x / self.n, self.y / self.n

    def about(self, x: np.ndarray, y: np.ndarray) -> Moments:
        """Return the sums of features and targets less constants."""
        n = self.n
        xx = self.xx - np.outer(self.x, x) - np.outer(x, self.x) + n * np.outer(x, x)
        xy = self.xy - np.outer(self.x, y) - np.outer(x, self.y) + n * np.outer(x, y)
        yy = self.yy - 2 * self.y * y + n * y * y
        return Moments(n, self.x - n * x, self.y - n * y, xx, xy, yy)


class FoldMoments:
    """The moments of the test sets of folds that partition samples, each computed once.

    The moments of a training set are sums of those of the other folds: nothing is taken
    away from a larger sum, which would cost digits where one sample is far from all others.
    Threads that need the same ones share the work.
    """

    def __init__(
        self,
        x: Callable[[np.ndarray], np.ndarray],
        y: np.ndarray,
        tests: Sequence[np.ndarray],
    ) -> None:
        self._x, self._y, self._tests = x, y, tests
        self._found: list[Moments | None] = [None] * len(tests)
        self._locks = [Lock() for _ in tests]

    def test(self, fold: int) -> Moments:
        """Return the moments of a test set."""
        with self._locks[fold]:
            found = self._found[fold]
            if found is None:
                rows = self._tests[fold]
                found = self._found[fold] = Moments.of(self._x(rows), self._y[adjacent(rows)])
        return found

    def training(self, fold: int) -> Moments:
        """Return the moments of all other folds, added in their order."""
        n = len(self._tests)
        for other in range(fold + 1, fold + n):  # threads begin at different ones
            self.test(other % n)
        others = [self.test(k) for k in range(n) if k != fold]
        return sum(others[1:], others[0])

    def total(self) -> Moments:
        """Return the moments of all samples."""
        each = [self.test(k) for k in range(len(self._tests))]
        return sum(each[1:], each[0])


def partition(splits: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether each training set is made of the test sets of all other folds."""
    tested = np.sort(np.concatenate([test for _, test in splits]))
    if len(splits) < 2 or (np.diff(tested) == 0).any():
        return False
    return all(
        len(train) + len(test) == len(tested)
        and np.array_equal(np.sort(np.concatenate([train, test])), tested)
        for train, test in splits
    )
