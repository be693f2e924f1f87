"""Sizes of numbers: what float64 can hold with its products, and units that make it so."""

from __future__ import annotations

import math

import numpy as np

# Where the largest number of an array has to be, so that squares, or fourth powers, and sums of
# many of them are in the range of float64.
SQUARES = (1e-151, 1e145)
FOURTH_POWERS = (1e-70, 1e70)
_THREADED = 10_000  # numbers beyond which BLAS has threads, which burn 0.1 s after a product


def is_moderate(x: np.ndarray) -> bool:
    """Whether the sum of squares is in range: then all is finite. Slow checks settle the rest."""
    return SQUARES[0] ** 2 <= _sum_of_squares(x.ravel()) < math.inf


def _sum_of_squares(x: np.ndarray) -> float:
    """Return that of a vector: of parts, on one thread, which do not warn of overflow."""
    if x.size <= _THREADED:
        return float(np.vdot(x, x))
    parts = (x[k : k + _THREADED] for k in range(0, x.size, _THREADED))
    return sum(float(np.vdot(part, part)) for part in parts)


def check_range(x: np.ndarray, name: str, limits: tuple[float, float]) -> None:
    """Raise if the numbers of a row are so large or so small that products lose them.

    All may be 0, and NaN do not count.
    """
    x = np.atleast_2d(x)
    largest = np.maximum(x.max(axis=-1, initial=0.0), -x.min(axis=-1, initial=0.0))
    if np.isnan(largest).any():
        largest = np.fmax.reduce(np.abs(x), axis=-1, initial=0.0)
    lost = (largest > 0) & ~((limits[0] <= largest) & (largest <= limits[1]))
    if lost.any():
        size = "large" if largest[lost][0] > 1 else "small"
        raise ValueError(
            f"{name} must be of a size whose products float64 can hold, but the largest number is "
            f"{largest[lost][0]:.3g}, which is too {size}; rescale it"
        )


def check_not_lost(x: np.ndarray, name: str) -> None:
    """Raise if numbers are so small that their squares are lost; large ones show by themselves."""
    flat, least = x.ravel(), SQUARES[0] ** 2
    if _sum_of_squares(flat[:_THREADED]) < least and _sum_of_squares(flat) < least:
        check_range(flat, name, SQUARES)


def exponents(x: np.ndarray) -> np.ndarray:
    """Return the power of two of the largest number of each row, as a column."""
    largest = np.abs(x).max(axis=-1, initial=0.0, keepdims=True)
    powers: np.ndarray = np.frexp(largest)[1]
    return powers


def of_order_one(x: np.ndarray) -> np.ndarray:
    """Return rows, each times the power of two that makes its largest number about 1."""
    return np.ldexp(x, -exponents(x))
