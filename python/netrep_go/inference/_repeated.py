"""The same pairs of networks measured again and again, on other samples or features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from netrep_go._cohort import Cohorts, Named, pair_in_errors, warn_undefined
from netrep_go._jobs import in_threads, said_once
from netrep_go.inference._pairs import Pairs
from netrep_go.metrics import Measure
from netrep_go.metrics._properties import Undefined

# From an index of a draw to the measure and the networks of that draw, in the order of the
# pairs' numbers.
Change = Callable[[int], tuple[Measure, list[Named]]]


def repeated(
    measure: Measure, change: Change, n_draws: int, pairs: Pairs, n_jobs: int | None
) -> Iterator[np.ndarray]:
    """Yield the values of pairs in each of some changes of the networks."""
    with said_once():
        if is_compared(measure):

            def values(draw: int) -> np.ndarray:
                return _prepared_values(*change(draw), pairs)

            yield from in_threads(values, range(n_draws), n_jobs)
        else:
            for draw in range(n_draws):
                yield _measured_values(*change(draw), pairs, n_jobs)


def is_compared(measure: Measure) -> bool:
    """Whether pairs are compared here, once networks are prepared, and no routine does it all."""
    return measure._is_prepared() and type(measure)._measure is Measure._measure


def _prepared_values(measure: Measure, networks: list[Named], pairs: Pairs) -> np.ndarray:
    prepared = {i: measure._prepare(networks[i][1], networks[i][0]) for i in np.unique(pairs)}
    return values_of_prepared(measure, prepared, prepared, pairs, [name for name, _ in networks])


def values_of_prepared(
    measure: Measure, first: Any, second: Any, pairs: Pairs, names: list[str]
) -> np.ndarray:
    """Return the values of pairs, of networks that are prepared, by their numbers."""
    found = _compared_values(measure, first, second, pairs, names)
    return np.array([float(value) for value in found])


def _compared_values(
    measure: Measure, first: Any, second: Any, pairs: Pairs, names: list[str]
) -> Iterator[float]:
    for i, j in zip(*pairs, strict=True):
        with pair_in_errors(names[i], names[j]):
            yield measure._compare_defined(first[i], second[j])


def warn_if_undefined(
    measure: Measure, networks: list[Named], pairs: Pairs, values: np.ndarray
) -> None:
    """Warn of pairs whose values are NaN, where the measure knows why: draws do not say so."""
    which = np.flatnonzero(np.isnan(values))
    if len(which) == 0:
        return
    some = pairs[0][which], pairs[1][which]
    names = [name for name, _ in networks]
    with said_once():
        prepared = {i: measure._prepare(networks[i][1], networks[i][0]) for i in np.unique(some)}
    undefined: dict[str, list[str]] = {}
    found = _compared_values(measure, prepared, prepared, some, names)
    for i, j, value in zip(*some, found, strict=True):
        if isinstance(value, Undefined):
            undefined.setdefault(value.reason, []).append(f"{names[i]} and {names[j]}")
    warn_undefined(undefined)


def _measured_values(
    measure: Measure, networks: list[Named], pairs: Pairs, n_jobs: int | None
) -> np.ndarray:
    """Return the values of pairs by the routine for all pairs of those that occur."""
    firsts, seconds = np.unique(pairs[0]), np.unique(pairs[1])
    if len(firsts) * len(seconds) < len(networks) * (len(networks) - 1) / 2:
        return values_between(measure, networks, networks, pairs, n_jobs)
    return _distances(measure, Cohorts(networks, None), n_jobs)[pairs]


def values_between(
    measure: Measure, first: Any, second: Any, pairs: Pairs, n_jobs: int | None
) -> np.ndarray:
    """Return the values of pairs of one set of networks and another, by their numbers."""
    firsts, seconds = np.unique(pairs[0]), np.unique(pairs[1])
    chosen = [first[i] for i in firsts] + [second[j] for j in seconds]
    D = _distances(measure, Cohorts(chosen, None, len(firsts)), n_jobs)
    return D[np.searchsorted(firsts, pairs[0]), np.searchsorted(seconds, pairs[1])]


def _distances(measure: Measure, cohorts: Cohorts, n_jobs: int | None) -> np.ndarray:
    return measure._measure_cohorts(cohorts, np.float64, n_jobs, False)[0]


def stacked(values: Iterable[np.ndarray], n_pairs: int) -> np.ndarray:
    """Return an array (n_draws, n_pairs)."""
    return np.array(list(values)).reshape(-1, n_pairs)
