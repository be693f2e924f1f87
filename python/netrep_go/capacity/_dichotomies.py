"""Ways to divide manifolds in two."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._validation import as_matrix, check_option

_RANDOM = ("balanced", "iid", "sparse")  # their numbers in Go; dichotomies that are given: 3
_MOST = 2**16  # that dichotomies="all" enumerates


def check_dichotomies(dichotomies: Any) -> None:
    """Raise if a string is no way of dividing manifolds."""
    if isinstance(dichotomies, str):
        check_option(dichotomies, "dichotomies", (*_RANDOM, "all"))


def dichotomy_arguments(
    dichotomies: str | ArrayLike, n_manifolds: int
) -> tuple[int, list[np.ndarray]]:
    """Return the kind of dichotomies, and those that are given, as Go takes them."""
    if isinstance(dichotomies, str):
        if dichotomies != "all":
            return _RANDOM.index(dichotomies), []
        return 3, [all_dichotomies("iid", n_manifolds)]
    given = as_matrix(dichotomies, "dichotomies")
    if given.shape[1] != n_manifolds:
        raise ValueError(
            f"dichotomies must have one column for each of the {n_manifolds} manifolds, got shape "
            f"{given.shape}"
        )
    if not (np.abs(given) == 1).all():
        raise ValueError(f"dichotomies must be 1 or -1, got {given[np.abs(given) != 1][0]:g}")
    return 3, [given]


def count_dichotomies(kind: str, n_manifolds: int) -> int:
    """Return how many dichotomies there are; opposite ones count once."""
    if kind == "sparse":
        return n_manifolds
    if kind == "iid":
        return 2 ** (n_manifolds - 1)
    return math.comb(n_manifolds, n_manifolds // 2) // (2 - n_manifolds % 2)


def all_dichotomies(kind: str, n_manifolds: int) -> np.ndarray:
    """Return all dichotomies, one of two opposite ones."""
    n = count_dichotomies(kind, n_manifolds)
    if n > _MOST:
        raise ValueError(
            f"dichotomies='all' means {n:.3g} dichotomies of {n_manifolds} manifolds, more than "
            f"{_MOST}: use dichotomies='iid'"
        )
    if kind == "sparse":
        return 1.0 - 2.0 * np.eye(n_manifolds)
    if kind == "iid":
        bits = np.arange(n)[:, np.newaxis] >> np.arange(n_manifolds) & 1  # the last is 0
        return 1.0 - 2.0 * bits
    sides = list(combinations(range(n_manifolds), (n_manifolds + 1) // 2))[:n]
    balanced = np.ones((n, n_manifolds))
    np.put_along_axis(balanced, np.array(sides), -1.0, axis=1)
    return balanced
