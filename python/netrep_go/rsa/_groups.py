"""Whether the RDMs of two groups of subjects differ, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np

from netrep_go import _native
from netrep_go._jobs import RandomState
from netrep_go._map_design import Design, map_draws
from netrep_go._names import Name, check_same_names, names_or_numbers
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import largest_pvalue, null_distribution
from netrep_go._results import Result
from netrep_go._sizes import of_order_one
from netrep_go._validation import check_integer, check_option
from netrep_go.rsa._condensed import (
    RDMs,
    check_alike,
    check_same_conditions,
    check_varies,
    condition_names,
    named_vectors,
)

__all__ = ["GroupComparison", "compare_groups"]

_NORMALIZE = ("length", "rank", "none")


def _points(n: int) -> dict[str, Any]:
    """Return the options of the largest t of points, none of which are neighbors."""
    none = {"start": np.zeros(n + 1, np.int64), "neighbors": np.empty(0, np.int64)}
    unused = {"threshold": 1.0, "extent": 0.5, "height": 2.0}
    return {**none, "extremity": "max", "alternative": "two-sided", **unused}


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class GroupComparison(Result):
    """Result of :func:`compare_groups`.

    Attributes
    ----------
    statistic : float
        Squared distance of the mean RDMs over the sum of its variances.
    pvalue : float
        Part of the draws, the identity included, whose statistic is as large.
    null_distribution : ndarray of shape (n_permutations,)
        The statistic of each draw.
    difference : ndarray of shape (n_pairs,)
        Mean RDM of the first group less that of the second, after normalization; NaN for pairs
        that were left out.
    pair_statistic : ndarray of shape (n_pairs,)
        Normal deviate of Welch's t, or t of pairs, of each pair of conditions.
    pvalue_corrected : ndarray of shape (n_pairs,)
        Two-sided p-values of the pairs, corrected for all of them by the largest statistic.
    conditions : list
        Names of the conditions, or their positions.
    normalize : str
        As asked for.
    n_permutations : int
        Number of draws.
    """

    statistic: float
    pvalue: float
    null_distribution: np.ndarray = field(repr=False)
    difference: np.ndarray = field(repr=False)
    pair_statistic: np.ndarray = field(repr=False)
    pvalue_corrected: np.ndarray = field(repr=False)
    conditions: list[Name] = field(repr=False)
    normalize: str
    n_permutations: int

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair of conditions.

        Returns
        -------
        pandas.DataFrame
            With columns condition_1, condition_2, difference, statistic, pvalue_corrected.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pairs = list(combinations(self.conditions, 2))
        columns = {
            "condition_1": [a for a, _ in pairs],
            "condition_2": [b for _, b in pairs],
            "difference": self.difference,
            "statistic": self.pair_statistic,
            "pvalue_corrected": self.pvalue_corrected,
        }
        return pandas().DataFrame(columns)


@checked
def compare_groups(
    rdms: RDMs,
    others: RDMs,
    *,
    paired: bool = False,
    normalize: Literal["length", "rank", "none"] = "length",
    n_permutations: int = 9999,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> GroupComparison:
    r"""Test whether two groups of subjects have the same RDM, and which pairs differ.

    The statistic is the squared distance of the mean RDMs over the variance of that
    difference,

    .. math:: T = \frac{|\bar d_1 - \bar d_2|^2}{s_1^2 / n_1 + s_2^2 / n_2},

    where :math:`s_g^2` is the sum over pairs of conditions of the variances over the subjects
    of a group [1]_. Each group has a variance of its own, as in Welch's t. Subjects are
    permuted between the groups. Each pair of conditions has its own Welch's t, and p-values
    that the largest one of each permutation corrects for all pairs.

    Parameters
    ----------
    rdms : array_like of shape (n_subjects, n_pairs) or (n_subjects, n_conditions, \
            n_conditions), or dict of single RDMs
        RDMs of the subjects of a group. Pairs that are NaN in any RDM are left out.
    others : like rdms
        Those of the other group, or of the same subjects in another state or region.
    paired : bool, default=False
        Whether `others` are of the same subjects in the same order: signs of differences are
        flipped then, and T is :math:`|\bar d|^2 / (s^2 / n)` of them.
    normalize : {'length', 'rank', 'none'}, default='length'
        'length': RDMs have unit length, so that a group whose responses are weaker, or noisier,
        by a common factor does not differ. 'rank': their ranks, too, so that no monotonic
        change does. 'none': as they are, for distances in a unit that subjects share.
    n_permutations : int, default=9999
        Number of draws. If there are no more ways than that to choose the first group, or
        2**n_subjects sign flips, each is made, and the test is exact.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations. The same number gives the same ones, whatever ``n_jobs``.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    GroupComparison
        With ``statistic``, ``pvalue``, ``pvalue_corrected`` of the pairs, and ``to_frame()``.

    Raises
    ------
    ValueError
        If there are fewer than two subjects in a group, RDMs are of different conditions, they
        do not vary over subjects, or one has no length or ranks.

    Notes
    -----
    What is tested is that subjects of both groups are of one distribution. In groups of 8 and 8,
    or 5 and 12, that were, 0.04 to 0.07 were significant at 0.05, overall and in any pair.
    Biased distances, such as 'correlation' and 'euclidean', grow with noise, in some pairs more
    than in others: groups whose noise differs do differ in them (0.64 and 0.81 of groups of 5
    and 12, in one of which noise was doubled). Crossnobis distances compare what is behind the
    noise: there 0.09 and 0.12 were significant, and in any pair 0.21 if the noise of the 5 was
    doubled. The tables are in ``docs/inference.rst``.

    References
    ----------
    .. [1] Alekseyenko, A. V. (2016). Multivariate Welch t-test on distances. Bioinformatics
       32(23), 3552-3558. doi:10.1093/bioinformatics/btw524

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import compare_groups, rdm
    >>> rng = np.random.default_rng(0)
    >>> patterns = rng.standard_normal((16, 6, 60))
    >>> patterns[:8, 5] = patterns[:8, 0] + 0.5 * rng.standard_normal((8, 60))
    >>> rdms = rdm(patterns)                              # 0 and 5 are close in the first group
    >>> result = compare_groups(rdms[:8], rdms[8:], n_permutations=999, random_state=0)
    >>> result.pvalue
    0.001
    >>> np.flatnonzero(result.pvalue_corrected < 0.05)    # the pair of 0 and 5
    array([4])
    """
    check_option(normalize, "normalize", _NORMALIZE)
    check_integer(n_permutations, "n_permutations", 1)
    own, first = named_vectors(rdms, "rdms", allow_nan=True)
    other, second = named_vectors(others, "others", allow_nan=True)
    n = check_same_conditions(first, "rdms", second, "others")
    conditions = condition_names(rdms) or condition_names(others)
    check_alike(rdms=rdms, others=others)
    _check_subjects(len(first), len(second), paired)
    if paired:
        check_same_names(own, "rdms", other, "others", "subjects")
    known = ~np.isnan(np.concatenate([first, second])).any(axis=0)
    if not known.any():
        raise ValueError("rdms and others must share pairs that are not NaN, got none")
    first = _normalized(first[:, known], normalize, "rdms", own)
    second = _normalized(second[:, known], normalize, "others", other)
    design = _design(first, second, paired)
    exact = design.n_ways <= n_permutations
    statistic = _statistics(design, n_jobs)
    found = statistic(design.identity())[0]
    null = null_distribution(
        statistic,
        design.draws(design.n_ways if exact else n_permutations, exact, random_state),
        "Flipping signs" if paired else "Permuting subjects",
        design.n_ways if exact else n_permutations,
        n_jobs=1,  # each block has threads of its own
        verbose=verbose,
    )
    options = _points(first.shape[1])
    _, t, _ = map_draws(_scaled(design), design.identity(), options, ("t",), n_jobs)
    pairs = largest_pvalue(np.abs(t[0]), null[:, 1], has_identity=exact)
    whole = np.full((3, len(known)), np.nan)
    whole[:, known] = first.mean(axis=0) - second.mean(axis=0), t[0], pairs
    return GroupComparison(
        statistic=float(found[0]),
        pvalue=float(largest_pvalue(found[0], null[:, 0], has_identity=exact)),
        null_distribution=null[:, 0],
        difference=whole[0],
        pair_statistic=whole[1],
        pvalue_corrected=whole[2],
        conditions=names_or_numbers(conditions, n),
        normalize=normalize,
        n_permutations=len(null),
    )


def _check_subjects(n: int, m: int, paired: bool) -> None:
    for name, size in (("rdms", n), ("others", m)):
        if size < 2:
            raise ValueError(f"{name} must be of at least 2 subjects, got {size}")
    if paired and n != m:
        raise ValueError(f"others must be of the same subjects as rdms if paired, {n}, got {m}")


def _normalized(
    vectors: np.ndarray, normalize: str, name: str, names: list[Name] | None
) -> np.ndarray:
    """Return RDMs without NaN that have unit length, or are ranks."""
    if normalize == "none":
        return vectors
    if normalize == "rank":
        check_varies(vectors, name, names)
        ranks = np.empty(vectors.shape)
        for row, x in zip(ranks, vectors, strict=True):
            _native.call("rsa.ranks", {"ranks": row}, {"x": np.ascontiguousarray(x)})
        return ranks
    scaled = of_order_one(vectors)
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    if not lengths.all():
        at = names_or_numbers(names, len(vectors))[int(np.argmin(lengths))]
        raise ValueError(f"{name}[{at!r}] must have a length, got 0 for all pairs")
    return np.asarray(scaled / lengths)


def _design(first: np.ndarray, second: np.ndarray, paired: bool) -> Design:
    """Return deviations from equality, in one unit of all pairs, and how they are drawn."""
    together = np.stack([first, second]) if paired else np.concatenate([first, second])
    together = of_order_one(together.reshape(1, -1)).reshape(together.shape)
    if paired:
        values = together[0] - together[1]
    else:
        same = np.ptp(together, axis=0) <= 1e-12 * np.abs(together).max(axis=0)
        values = np.where(same, 0.0, together - together.mean(axis=0))
    if not values.any():
        raise ValueError("rdms and others must vary over subjects, got the same in all of them")
    return Design(np.ascontiguousarray(values), None if paired else len(first), False)


def _scaled(design: Design) -> Design:
    """Return the same deviations with a unit of each pair, which t does not have."""
    values = np.ascontiguousarray(of_order_one(design.deviations.T).T)
    return Design(values, design.n_first, design.equal_var)


def _statistics(design: Design, n_jobs: int | None) -> Callable[[np.ndarray], np.ndarray]:
    """Return what gives T and the largest t of each row of weights."""
    gram, pairs = design.deviations @ design.deviations.T, _scaled(design)
    options = _points(pairs.deviations.shape[1])

    def statistics(weights: np.ndarray) -> np.ndarray:
        largest, _, _ = map_draws(pairs, weights, options, (), n_jobs)
        return np.stack([_distances(design, gram, weights), largest], axis=1)

    return statistics


def _distances(design: Design, gram: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return T of each row of weights, from the products of subjects."""
    n, total = len(gram), np.trace(gram)
    u = np.einsum("ki,ki->k", weights @ gram, weights)  # as u squared of a point, over pairs
    least = 1e-15 * total
    if design.n_first is None:
        return u / np.maximum((total - u) / (n - 1), least)
    one, two = design.n_first, n - design.n_first
    scale = np.sqrt(1 / one + 1 / two)
    first, apart = weights @ gram.diagonal() / scale, u / scale**2
    of_first = np.maximum(first - apart / one, 0) / (one * (one - 1))
    of_second = np.maximum(total - first - apart / two, 0) / (two * (two - 1))
    return np.asarray(u * scale**2 / np.maximum(of_first + of_second, least * scale**2))
