"""Separable fractions of dichotomies against the number of features, and their errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr
from scipy.stats import beta
from sklearn.isotonic import isotonic_regression

_QUANTILE = 1.959964  # of the standard normal distribution, for a band of 95 %
_TRIVIAL = -2  # what Go stores for draws without a face; -1 for inseparable ones


Fractions = tuple[np.ndarray, np.ndarray, np.ndarray]  # n, separable fractions, attempts


class Curve(NamedTuple):
    """Separable fractions with n features."""

    n: np.ndarray
    fraction: np.ndarray
    error: np.ndarray
    band: np.ndarray  # ends of confidence intervals, of shape (2, len(n))
    n_attempts: np.ndarray
    resample: Callable[[np.random.Generator], Fractions]  # draws others


def critical(fractions: Fractions, rule: str) -> float:
    """Return the n with the fraction 1/2, NaN if there is none."""
    n, fraction, n_attempts = fractions
    if rule == "interpolate":
        weights = np.maximum(n_attempts, 1)  # 0 if all draws are inseparable
        fraction = isotonic_regression(fraction, sample_weight=weights)
    enough = np.flatnonzero(fraction >= 0.5)
    if len(enough) == 0:
        return np.nan
    i = enough[0]
    if i == 0 or rule == "first":
        return float(n[i])
    return float(np.interp(0.5, fraction[i - 1 : i + 1], n[i - 1 : i + 1]))


def curve_of_attempts(
    fractions: Fractions,
    exact: bool,
    search: Callable[[np.ndarray, np.random.Generator], Fractions],
    n_features: int,
) -> Curve:
    """Return the curve of a search, given one that draws attempts of given probabilities."""
    n, fraction, n_attempts = fractions
    if exact:
        band = np.stack([fraction, fraction])
        return Curve(n, fraction, np.zeros(len(n)), band, n_attempts, lambda rng: fractions)
    _, error = _smoothed(fraction * n_attempts, n_attempts)
    probable = _sigmoid(fractions, np.arange(1, n_features + 1))

    def resample(rng: np.random.Generator) -> Fractions:
        return search(probable, rng)  # other attempts lead to other numbers of features

    band = _exact_band(np.rint(fraction * n_attempts), n_attempts)
    return Curve(n, fraction, error, band, n_attempts, resample)


def _exact_band(successes: np.ndarray, attempts: np.ndarray) -> np.ndarray:
    """Return Clopper & Pearson's intervals."""
    tail = ndtr(-_QUANTILE)
    low = beta.ppf(tail, successes, attempts - successes + 1)
    high = beta.ppf(1 - tail, successes + 1, attempts - successes)
    return np.stack([np.where(successes > 0, low, 0.0), np.where(successes < attempts, high, 1.0)])


def _sigmoid(fractions: Fractions, at: np.ndarray) -> np.ndarray:
    """Return the likeliest normal distribution function: what noise can repeat."""
    n, fraction, n_attempts = fractions
    successes, failures = fraction * n_attempts, (1 - fraction) * n_attempts
    scale = max(1.0, float(np.ptp(n)))

    def unlikelihood(parameters: np.ndarray) -> float:
        z = (n / scale - parameters[0]) * np.exp(parameters[1])
        return -float((successes * log_ndtr(z) + failures * log_ndtr(-z)).sum())

    middle = n[np.argmin(np.abs(fraction - 0.5))] / scale
    found = minimize(unlikelihood, [middle, 2.0], method="Nelder-Mead").x
    return ndtr((at / scale - found[0]) * np.exp(min(found[1], 50.0)))


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
    n = np.arange(1, n_features + 1)
    below, total = _below(counts[2:], n_features)
    fraction = trivial + separable * below / np.maximum(total, 1)
    below, error = _smoothed(below, total)
    if trivial + inseparable > 0:
        error = np.hypot(
            separable * error, below * np.sqrt(separable * (1 - separable) / len(faces))
        )

    def resample(rng: np.random.Generator) -> Fractions:
        drawn = rng.multinomial(len(faces), counts / len(faces))
        below, total = _below(drawn[2:], n_features)
        share = drawn[2:].sum() * below / np.maximum(total, 1)
        return n, (drawn[0] + share) / len(faces), total

    middle = trivial + separable * below
    band = np.clip(middle + _QUANTILE * error * np.array([[-1], [1]]), 0, 1)
    return Curve(n, fraction, error, band, total, resample)


def _below(counts: np.ndarray, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how many k have the parity of n - 1 and are below n, and how many have it."""
    below, total = np.empty(n_features), np.empty(n_features, np.int64)
    for parity in (0, 1):
        of_parity = counts[parity::2]
        below[parity::2] = np.cumsum(of_parity)[: len(below[parity::2])]
        total[parity::2] = of_parity.sum()
    return below, total
