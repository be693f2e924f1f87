"""Scores of held-out predictions, from sums over the samples of a fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

SCORINGS = ("r2", "r", "r2_fold", "r_fold")
Scoring = Literal["r2", "r", "r2_fold", "r_fold"]


@dataclass
class Sums:
    """Sums over test samples of targets t and predictions p, both less the training means.

    All scores follow from them. They are arrays that end in the axis of targets; those of
    predictions may have options, such as penalties, before.
    """

    n: int
    t: np.ndarray
    tt: np.ndarray
    p: np.ndarray
    pt: np.ndarray
    pp: np.ndarray

    @classmethod
    def of(cls, t: np.ndarray, p: np.ndarray) -> Sums:
        """Sum over the rows of targets and of predictions."""
        products = (np.einsum("ij,ij->j", a, b) for a, b in ((t, t), (p, t), (p, p)))
        tt, pt, pp = products
        return cls(len(t), t.sum(axis=0), tt, p.sum(axis=0), pt, pp)

    def __add__(self, other: Sums) -> Sums:
        mine, others = vars(self).values(), vars(other).values()
        return Sums(*(a + b for a, b in zip(mine, others, strict=True)))

    def score(self, scoring: str) -> np.ndarray:
        """Return the score; about the mean of the test samples if ``scoring`` ends in fold."""
        tt, pt, pp = self.tt, self.pt, self.pp
        if scoring == "r2":
            return 1 - _ratio(tt - 2 * pt + pp, tt, 1.0)
        if scoring == "r2_fold":
            return 1 - _ratio(tt - 2 * pt + pp, self._about_test_mean(tt, self.t, self.t), 1.0)
        if scoring == "r_fold":
            tt = self._about_test_mean(tt, self.t, self.t)
            pt = self._about_test_mean(pt, self.p, self.t)
            pp = self._about_test_mean(pp, self.p, self.p)
        return np.clip(_ratio(pt, np.sqrt(tt) * np.sqrt(pp), 0.0), -1.0, 1.0)

    def _about_test_mean(self, products: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return sums of products about the means, exactly 0 where rounding is all there is."""
        rest = products - a * b / max(self.n, 1)
        rounding = 8 * max(self.n, 1) * np.finfo(float).eps * np.abs(products)
        return np.where(np.abs(rest) <= rounding, 0.0, rest)


class Accumulator:
    """The score of one training set over its folds, added up one at a time."""

    def __init__(self, scoring: str) -> None:
        self._scoring = scoring
        self._sums: Sums | None = None
        self._score: np.ndarray | float = 0.0
        self._n_folds = 0

    def add(self, sums: Sums) -> None:
        """Add a fold, unless too few of its targets are known."""
        if sums.n < (2 if is_of_folds(self._scoring) else 1):
            return
        if is_of_folds(self._scoring):
            self._score = self._score + sums.score(self._scoring)
            self._n_folds += 1
        else:
            self._sums = sums if self._sums is None else self._sums + sums

    @property
    def score(self) -> np.ndarray:
        """The mean over folds, or the score over their summed squares."""
        if self._sums is not None:
            return self._sums.score(self._scoring)
        return np.asarray(self._score) / self._n_folds if self._n_folds else np.array(np.nan)


def is_of_folds(scoring: str) -> bool:
    """Whether a score is the mean of those of each fold, about its own mean."""
    return scoring.endswith("_fold")


def _ratio(a: np.ndarray, b: np.ndarray, otherwise: float) -> np.ndarray:
    """Return a / b, and a number where b is 0."""
    a, b = np.broadcast_arrays(a, b)
    return np.divide(a, b, out=np.full(a.shape, otherwise), where=b > 0)
