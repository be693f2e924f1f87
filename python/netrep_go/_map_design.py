"""Deviations of subjects at points of maps, and maps of draws of the subjects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
from scipy import stats

from netrep_go import _native
from netrep_go._jobs import RandomState
from netrep_go._maps import SubjectMaps, check_same_points
from netrep_go._resampling import groups, sign_flips
from netrep_go._sizes import of_order_one

_BLOCK = 2**22  # numbers in a temporary array


@dataclass(frozen=True)
class Design:
    """Deviations of subjects at points, and how they are drawn."""

    deviations: np.ndarray  # from popmean or, of two groups, from the mean of both
    n_first: int | None  # subjects of the first of two groups, None if signs are flipped
    equal_var: bool

    @property
    def df(self) -> int:
        return len(self.deviations) - (1 if self.n_first is None else 2)

    @property
    def first(self) -> int:
        """Subjects of the first of two groups with variances of their own, 0 if there are none."""
        return 0 if self.equal_var or self.n_first is None else self.n_first

    def beyond(self, tail: float) -> float:
        """Return the statistic beyond which noise at a point is with this probability."""
        return float(stats.norm.isf(tail) if self.first else stats.t.isf(tail, self.df))

    @property
    def n_ways(self) -> int:
        n = len(self.deviations)
        return 2**n if self.n_first is None else comb(n, self.n_first)

    @property
    def _scale(self) -> float:
        """Factor of signs, or of who is in the first group, that makes them weights of t."""
        n = len(self.deviations)
        if self.n_first is None:
            return float(n**-0.5)
        return float(np.sqrt(n / (self.n_first * (n - self.n_first))))

    def identity(self) -> np.ndarray:
        """Return the weights of the subjects as they are."""
        n = len(self.deviations)
        first = np.arange(n) < (n if self.n_first is None else self.n_first)
        return self._scale * first[np.newaxis]

    def draws(self, n_draws: int, exact: bool, random_state: RandomState) -> Iterator[np.ndarray]:
        """Yield blocks of weights."""
        n = len(self.deviations)
        size = max(self.deviations.shape)
        if self.n_first is None:
            found = sign_flips(n, n_draws, exact, random_state, size=size, limit=_BLOCK)
        else:
            found = groups(n, self.n_first, n_draws, exact, random_state, size=size, limit=_BLOCK)
        return (self._scale * block for block in found)


def design_of(
    scores: SubjectMaps,
    others: SubjectMaps | None,
    paired: bool,
    popmean: float | None,
    equal_var: bool,
) -> tuple[Design, np.ndarray]:
    """Return the deviations of points that all subjects have, and which points these are."""
    first = scores.scores
    if len(first) < 2:
        raise ValueError(f"scores must be of at least 2 subjects, got {len(first)}")
    if popmean is None:
        popmean = scores.chance if others is None else 0.0
    if others is None:
        if paired:
            raise ValueError("paired=True needs others, the scores to pair with, got None")
        inside = _inside(first, "scores")
        values, n_first = _difference(first[:, inside], popmean, "popmean"), None
    else:
        check_same_points(scores, others, paired)
        second = others.scores
        inside = _inside(np.concatenate([first, second]), "scores and others")
        first, second = _difference(first[:, inside], popmean, "popmean"), second[:, inside]
        values = _difference(first, second, "others") if paired else np.concatenate([first, second])
        n_first = None if paired else len(first)
    values = of_order_one(values.T).T  # t has no unit
    if n_first is None:
        _check_varying(_flat(values) & (values[0] != 0))
    else:
        same = _flat(values)
        _check_varying(_flat(values[:n_first]) & _flat(values[n_first:]) & ~same)
        values = np.where(same, 0.0, values - values.mean(axis=0))
    return Design(np.ascontiguousarray(values), n_first, equal_var), inside


def _difference(scores: np.ndarray, others: np.ndarray | float, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        found = scores - others
    if np.isinf(found).any():
        raise ValueError(f"differences of scores and {name} leave the range of float64")
    return np.asarray(found)


def _inside(values: np.ndarray, name: str) -> np.ndarray:
    """Return the points that all subjects have."""
    missing = np.isnan(values)
    inside = ~missing.all(axis=0)
    if not inside.any():
        raise ValueError(f"{name} must have points that are not NaN, got none")
    partly = missing[:, inside].any(axis=0)
    if partly.any():
        raise ValueError(
            f"{name} must be NaN in all subjects or in none, got {np.count_nonzero(partly)} "
            "points that some subjects lack"
        )
    return inside


def _flat(values: np.ndarray) -> np.ndarray:
    """Return the points where all subjects have the same value, up to rounding."""
    return np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(axis=0)


def _check_varying(flat: np.ndarray) -> None:
    if flat.any():
        raise ValueError(
            f"scores must vary over subjects, got {np.count_nonzero(flat)} points where all "
            "are the same"
        )


def map_draws(
    design: Design,
    weights: np.ndarray,
    options: dict[str, Any],
    wanted: tuple[str, ...],
    n_jobs: int | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the largest value of the map of each row of weights, and the maps that are wanted."""
    shapes = {name: (len(weights) if name in wanted else 0) for name in ("t", "enhanced")}
    n_points = design.deviations.shape[1]
    maps = {name: np.zeros((rows, n_points)) for name, rows in shapes.items()}
    largest = np.empty(len(weights))
    inputs = {"x": design.deviations, "weights": weights, "df": float(design.df)}
    inputs |= {"first": design.first, **options}
    _native.run("rsa.map_draws", {"largest": largest, **maps}, inputs, n_jobs=n_jobs)
    return largest, maps["t"], maps["enhanced"]
