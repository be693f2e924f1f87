"""Separable fractions of dichotomies against the number of features, and their errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

_TRIVIAL = -2  # what Go stores for draws without a face; -1 for inseparable ones


class Curve(NamedTuple):
    """Separable fractions with n features."""

    n: np.ndarray
    fraction: np.ndarray
    smoothed: np.ndarray  # the middle of confidence intervals
    error: np.ndarray
    n_attempts: np.ndarray
    resample: Callable[[np.random.Generator], np.ndarray]  # draws other fractions

    def critical(self, fraction: np.ndarray, rule: str) -> float:
        """Return the n with the fraction 1/2, NaN if there is none."""
        if rule == "interpolate":
            weights = np.maximum(self.n_attempts, 1)  # 0 if all draws are inseparable
            fraction = isotonic_regression(fraction, sample_weight=weights)
        enough = np.flatnonzero(fraction >= 0.5)
        if len(enough) == 0:
            return np.nan
        i = enough[0]
        if i == 0 or rule == "first":
            return float(self.n[i])
        return float(np.interp(0.5, fraction[i - 1 : i + 1], self.n[i - 1 : i + 1]))


def curve_of_attempts(
    n: np.ndarray, fraction: np.ndarray, n_attempts: np.ndarray, exact: bool
) -> Curve:
    if exact:
        return Curve(n, fraction, fraction, np.zeros(len(n)), n_attempts, lambda rng: fraction)
    smoothed, error = _smoothed(fraction * n_attempts, n_attempts)

    def resample(rng: np.random.Generator) -> np.ndarray:
        return rng.binomial(n_attempts, fraction) / n_attempts

    return Curve(n, fraction, smoothed, error, n_attempts, resample)


def _smoothed(successes: np.ndarray, attempts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return fractions after one more success and failure, and their standard errors."""
    fraction = (successes + 1) / (attempts + 2)
    return fraction, np.sqrt(fraction * (1 - fraction) / (attempts + 2))


def curve_of_faces(faces: np.ndarray, n_features: int) -> Curve:
    """Return p(n) from the dimensions of faces.

    In each cone that is no subspace, faces of even dimension have probability 1/2 (the
    Gauss-Bonnet theorem): p(n) = P(k < n | k has the parity of n - 1) varies less than twice
    the number of such k does.
    """
    counts = np.bincount(faces - _TRIVIAL, minlength=n_features + 3)  # trivial, inseparable, 0...
    trivial, inseparable = counts[:2] / len(faces)
    separable = 1 - trivial - inseparable
    below, total = _below(counts[2:], n_features)
    fraction = trivial + separable * below / np.maximum(total, 1)
    below, error = _smoothed(below, total)
    if trivial + inseparable > 0:
        error = np.hypot(
            separable * error, below * np.sqrt(separable * (1 - separable) / len(faces))
        )

    def resample(rng: np.random.Generator) -> np.ndarray:
        drawn = rng.multinomial(len(faces), counts / len(faces))
        below, total = _below(drawn[2:], n_features)
        share = drawn[2:].sum() * below / np.maximum(total, 1)
        return (drawn[0] + share) / len(faces)

    n = np.arange(1, n_features + 1)
    return Curve(n, fraction, trivial + separable * below, error, total, resample)


def _below(counts: np.ndarray, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how many k have the parity of n - 1 and are below n, and how many have it."""
    below, total = np.empty(n_features), np.empty(n_features, np.int64)
    for parity in (0, 1):
        of_parity = counts[parity::2]
        below[parity::2] = np.cumsum(of_parity)[: len(below[parity::2])]
        total[parity::2] = of_parity.sum()
    return below, total
