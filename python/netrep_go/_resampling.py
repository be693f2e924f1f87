"""Inference by resampling: what is drawn, block by block, and the p-values that follow."""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, islice
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from netrep_go._jobs import RandomState, as_random_state, counted, in_threads
from netrep_go._validation import as_codes, check_integer

ALTERNATIVES = ("two-sided", "greater", "less")
CORRECTIONS = ("fdr", "bonferroni", "none")

Alternative = Literal["two-sided", "greater", "less"]
Correction = Literal["fdr", "bonferroni", "none"]

_ROUNDING = 1e-10  # by which draws that tie with the observed value may differ, relatively
_SOME = 256  # draws that tell their size


def blocks(n_draws: int, size: int, limit: int) -> Iterator[range]:
    """Yield draws in blocks, for temporary arrays of ``limit`` numbers, ``size`` a draw."""
    step = max(1, limit // size)
    for start in range(0, n_draws, step):
        yield range(start, min(start + step, n_draws))


def permutations(
    n: int,
    n_permutations: int,
    strata: ArrayLike | None,
    random_state: RandomState,
    *,
    size: int,
    limit: int,
) -> Iterator[np.ndarray]:
    """Yield blocks of random permutations of 0 to n - 1 within strata."""
    check_integer(n_permutations, "n_permutations", 1)
    stratum = np.zeros(n, np.int64)
    if strata is not None:
        levels, stratum = as_codes(strata, "strata", n)
        if len(levels) == n:
            raise ValueError("strata must leave something to permute, got one network in each")
    rng = as_random_state(random_state)
    place = np.argsort(stratum, kind="stable")
    for draws in blocks(n_permutations, size, limit):
        keys = rng.random_sample((len(draws), n))
        block = np.empty(keys.shape, np.intp)
        block[:, place] = np.argsort(keys + stratum, axis=1)
        yield block


def sign_flips(
    n: int, n_flips: int, exact: bool, random_state: RandomState, *, size: int, limit: int
) -> Iterator[np.ndarray]:
    """Yield blocks of signs of n items: all 2**n of them, if exact, or random ones."""
    rng = as_random_state(random_state)
    for draws in blocks(n_flips, size, limit):
        if exact:
            bits = np.array(draws)[:, np.newaxis] >> np.arange(n) & 1
        else:
            bits = rng.randint(2, size=(len(draws), n))
        yield 1.0 - 2.0 * bits


def groups(
    n: int,
    n_first: int,
    n_draws: int,
    exact: bool,
    random_state: RandomState,
    *,
    size: int,
    limit: int,
) -> Iterator[np.ndarray]:
    """Yield blocks of which of n items are in the first of two groups: all ways, or random ones.

    The first of all ways is that of the first items.
    """
    rng = as_random_state(random_state)
    ways = combinations(range(n), n_first)
    for draws in blocks(n_draws, size, limit):
        if exact:
            members = np.array([*islice(ways, len(draws))])
        else:
            members = np.argsort(rng.random_sample((len(draws), n)), axis=1)[:, :n_first]
        block = np.zeros((len(draws), n))
        np.put_along_axis(block, members, 1.0, axis=1)
        yield block


def null_distribution(
    statistic: Callable[[Any], np.ndarray],
    draws: Iterable[Any],
    text: str,
    total: int,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> np.ndarray:
    """Return the statistic of every draw; ``statistic`` takes a block of them."""
    found = in_threads(statistic, draws, n_jobs)
    return np.concatenate([*counted(found, text, total, verbose, blocks=True)])


def extremity(values: ArrayLike, alternative: str, center: ArrayLike = 0.0) -> np.ndarray:
    """Return how extreme values are: the more, the larger."""
    values = np.asarray(values)
    if alternative == "two-sided":
        return np.abs(values - center)
    return values if alternative == "greater" else -values


def permutation_pvalue(
    observed: ArrayLike, null: np.ndarray, *, has_identity: bool = False
) -> np.ndarray:
    """Return the fraction of draws as large as the data, up to rounding.

    The draws are along the first axis of ``null``. The data count as one more, unless
    they are among the draws.
    """
    extra = not has_identity
    bound = tied(observed, _typical(null))
    return (np.count_nonzero(null >= bound, axis=0) + extra) / (len(null) + extra)


def largest_pvalue(
    observed: ArrayLike, largest: np.ndarray, *, has_identity: bool = False
) -> np.ndarray:
    """Return the same for any number of values and a null distribution that they share."""
    extra = not has_identity
    below = np.searchsorted(np.sort(largest), tied(observed, _typical(largest)))
    return (len(largest) - below + extra) / (len(largest) + extra)


def tied(observed: ArrayLike, size: ArrayLike) -> np.ndarray:
    """Return the least value that ties with each observed one, up to rounding.

    That is rounding of what is observed, or of numbers of the size of others that it is
    compared with.
    """
    observed = np.asarray(observed)
    own = np.where(np.isfinite(observed), np.abs(observed), 0.0)
    return observed - _ROUNDING * np.maximum(size, own)


def _typical(null: np.ndarray) -> np.ndarray:
    """Return the median size of draws: that of some is enough, and no single one decides."""
    some = np.abs(null[np.linspace(0, len(null) - 1, min(len(null), _SOME)).astype(int)])
    known = np.where(np.isfinite(some), some, 0.0)
    return np.median(known, axis=0)


def corrected(pvalue: np.ndarray, correction: str) -> np.ndarray:
    """Return p-values corrected for the number of those that are not NaN."""
    result, known = pvalue.copy(), ~np.isnan(pvalue)
    if correction == "fdr":
        result[known] = stats.false_discovery_control(pvalue[known])
    elif correction == "bonferroni":
        result[known] = np.minimum(pvalue[known] * np.count_nonzero(known), 1)
    return result
