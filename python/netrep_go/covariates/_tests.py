"""The tests, whose draws are of networks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg.blas import dgemm
from scipy.spatial.distance import squareform
from sklearn.neighbors import NearestNeighbors

from netrep_go import _native
from netrep_go._jobs import RandomState, warn_user
from netrep_go._names import check_same_indexes
from netrep_go._parameters import checked
from netrep_go._resampling import (
    ALTERNATIVES,
    Alternative,
    extremity,
    null_distribution,
    permutation_pvalue,
    permutations,
)
from netrep_go._validation import as_codes, as_distances, check_integer, check_option
from netrep_go.covariates._results import KNNResult, MantelResult, PermanovaResult

_BLOCK = 2**16  # numbers in a temporary array: 512 KiB, which malloc reuses and caches hold
_CONSTANT = 1e-10  # spread of distances, relative to the largest, that is rounding


@checked
def mantel(
    D1: ArrayLike,
    D2: ArrayLike,
    *,
    method: Literal["pearson", "spearman"] = "pearson",
    alternative: Alternative = "two-sided",
    n_permutations: int = 9999,
    strata: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> MantelResult:
    r"""Test whether two matrices of distances between the same networks are correlated.

    The statistic is the correlation over the n (n - 1) / 2 pairs of networks [1]_ [2]_,

    .. math:: r = \mathrm{corr}_{i < j} (D^1_{ij}, D^2_{ij}),

    and its null distribution that of :math:`\mathrm{corr}(D^1_{\pi(i) \pi(j)}, D^2_{ij})`
    over permutations :math:`\pi` of the networks.

    Parameters
    ----------
    D1, D2 : array_like of shape (n_networks, n_networks)
        Distances or other symmetric dissimilarities with a zero diagonal, which may be
        negative. For a covariate with a unit, the absolute differences:
        ``np.abs(width - width[:, np.newaxis])``.
    method : {'pearson', 'spearman'}, default='pearson'
        Correlation of the distances or of their ranks, with the mean rank for ties, which
        are what only rounding tells apart, as in :func:`netrep_go.rsa.compare`.
    alternative : {'two-sided', 'greater', 'less'}, default='two-sided'
        Whether a correlation is extreme by its magnitude, by being large or by being
        small. Differences in a covariate that matters make 'greater' distances.
    n_permutations : int, default=9999
        Number of random permutations.
    strata : array_like of shape (n_networks,), default=None
        Networks are only exchanged with networks of the same stratum.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, or one for some hundred networks or
        fewer, -1 for all cores. Results do not depend on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    MantelResult
        With ``statistic``, ``pvalue`` = (b + 1) / (n_permutations + 1), b being the number
        of permutations as extreme as the data [3]_, and ``null_distribution``.

    Raises
    ------
    ValueError
        If D1 or D2 is not a finite symmetric matrix with zero diagonal, they are not of
        one size, are for fewer than three networks, or are constant off the diagonal.

    References
    ----------
    .. [1] Mantel, N. (1967). The detection of disease clustering and a generalized
       regression approach. Cancer Research 27, 209-220.
    .. [2] Legendre, P. & Legendre, L. (2012). Numerical Ecology, 3rd ed., 10.5.1.
    .. [3] Phipson, B. & Smyth, G. K. (2010). Permutation p-values should never be zero.
       Stat. Appl. Genet. Mol. Biol. 9(1), 39.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.covariates import mantel
    >>> rng = np.random.default_rng(0)
    >>> width = np.repeat([16.0, 32.0, 64.0], 5)
    >>> position = np.log2(width) + rng.normal(scale=0.3, size=15)
    >>> D = np.abs(position - position[:, np.newaxis])
    >>> result = mantel(D, np.abs(width - width[:, np.newaxis]), random_state=0)
    >>> round(result.statistic, 2), result.pvalue < 0.01
    (0.75, True)
    """
    check_option(method, "method", ("pearson", "spearman"))
    check_option(alternative, "alternative", ALTERNATIVES)
    check_same_indexes((("D1", D1), ("D2", D2), ("strata", strata)), "networks")
    D1, D2 = (_at_least_three(D, name, signed=True) for D, name in ((D1, "D1"), (D2, "D2")))
    if D1.shape != D2.shape:
        raise ValueError(f"D1 and D2 must have one shape, got {D1.shape} and {D2.shape}")
    A, B = _standardize(D1, "D1", method), _standardize(D2, "D2", method)

    def correlate(permuted: np.ndarray) -> np.ndarray:
        # <P A P', B> = <P A, B P>: both are gathers of whole rows, as B is symmetric
        return np.einsum("bij,bji->b", A[permuted], B[permuted.argsort(axis=1)])

    n = len(D1)
    observed, null = _compare(
        correlate, n, n * n, n_permutations, strata, random_state, n_jobs, verbose
    )
    return MantelResult(
        statistic=observed,
        pvalue=float(
            permutation_pvalue(extremity(observed, alternative), extremity(null, alternative))
        ),
        n_networks=n,
        n_permutations=len(null),
        null_distribution=null,
        method=method,
        alternative=alternative,
    )


@checked
def permanova(
    D: ArrayLike,
    y: ArrayLike,
    *,
    n_permutations: int = 9999,
    strata: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> PermanovaResult:
    r"""Test whether groups of networks differ, by analysis of variance of distances.

    With N networks in a groups of :math:`n_g` [1]_,

    .. math:: SS_T = \frac1N \sum_{i < j} D_{ij}^2, \quad
              SS_W = \sum_g \frac1{n_g} \sum_{i < j \in g} D_{ij}^2, \quad
              F = \frac{(SS_T - SS_W) / (a - 1)}{SS_W / (N - a)}.

    For Euclidean distances in one dimension, F is that of the one-way analysis of
    variance. Its null distribution here is over permutations of the labels.

    Parameters
    ----------
    D : array_like of shape (n_networks, n_networks)
        Distances: symmetric, with zero diagonal.
    y : array_like of shape (n_networks,)
        Group of each network.
    n_permutations : int, default=9999
        Number of random permutations.
    strata : array_like of shape (n_networks,), default=None
        Networks are only exchanged with networks of the same stratum.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, or one for some hundred networks or
        fewer, -1 for all cores. Results do not depend on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    PermanovaResult
        With ``statistic`` F, ``r_squared`` = 1 - SS_W / SS_T, ``pvalue`` and
        ``null_distribution``.

    Raises
    ------
    ValueError
        If D is not a matrix of distances between at least three networks, all of them
        are zero, `y` has another length, there is one group, or every group is of
        one network.

    Notes
    -----
    Groups that differ in spread, not in place, also give small p-values, unless they
    are of one size [2]_.

    References
    ----------
    .. [1] Anderson, M. J. (2001). A new method for non-parametric multivariate analysis
       of variance. Austral Ecology 26, 32-46.
    .. [2] Anderson, M. J. & Walsh, D. C. I. (2013). PERMANOVA, ANOSIM, and the Mantel
       test in the face of heterogeneous dispersions. Ecological Monographs 83, 557-574.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.covariates import permanova
    >>> x = np.array([0.0, 1.0, 2.0, 4.0, 5.0, 6.0])
    >>> D = np.abs(x - x[:, np.newaxis])
    >>> result = permanova(D, ["V1", "V1", "V1", "LM", "LM", "LM"], random_state=0)
    >>> round(result.statistic, 6), round(result.r_squared, 6)
    (24.0, 0.857143)
    >>> round(result.pvalue, 1)  # 2 of 20 ways to divide six networks
    0.1
    """
    check_same_indexes((("D", D), ("y", y), ("strata", strata)), "networks")
    D = _at_least_three(D, "D")
    n = len(D)
    codes, n_groups = _groups(y, n)
    squares = D**2
    total = squares.sum() / (2 * n)
    if total == 0:
        raise ValueError("D must have distances that are not zero")
    weights = 0.5 / np.bincount(codes)

    def within(permuted: np.ndarray) -> np.ndarray:
        # The sum over a group is a quadratic form in its indicator vector.
        members = codes[permuted][..., np.newaxis] == np.arange(n_groups)
        members = members.transpose(1, 0, 2).astype(np.float64)
        sums = dgemm(1.0, members.reshape(n, -1).T, squares.T).T
        return np.einsum("ibg,ibg,g->b", sums.reshape(members.shape), members, weights)

    def pseudo_f(within: Any) -> Any:
        with np.errstate(divide="ignore"):
            return (total - within) / (n_groups - 1) / (within / (n - n_groups))

    observed, null = _compare(
        within, n, n * n_groups, n_permutations, strata, random_state, n_jobs, verbose
    )
    return PermanovaResult(
        statistic=float(pseudo_f(observed)),
        pvalue=float(permutation_pvalue(-observed / total, -null / total)),
        n_networks=n,
        n_permutations=len(null),
        null_distribution=pseudo_f(null),
        r_squared=float(1.0 - observed / total),
        n_groups=n_groups,
    )


@checked
def knn_permutation(
    D: ArrayLike,
    y: ArrayLike,
    n_neighbors: int = 5,
    *,
    n_permutations: int = 9999,
    strata: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> KNNResult:
    """Test whether networks have the labels of their nearest neighbors.

    The statistic is the accuracy of a classifier that gives each network the most
    frequent label among its nearest others, the first in sorted order among equals. It
    is that of :class:`sklearn.neighbors.KNeighborsClassifier` under
    :class:`sklearn.model_selection.LeaveOneOut`. The null distribution is over
    permutations of the labels [1]_.

    Parameters
    ----------
    D : array_like of shape (n_networks, n_networks)
        Distances: symmetric, with zero diagonal.
    y : array_like of shape (n_networks,)
        Label of each network.
    n_neighbors : int, default=5
        Number of neighbors, less than the number of networks. With all other networks
        for neighbors the statistic is the same in every permutation.
    n_permutations : int, default=9999
        Number of random permutations.
    strata : array_like of shape (n_networks,), default=None
        Networks are only exchanged with networks of the same stratum.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, or one for some hundred networks or
        fewer, -1 for all cores. Results do not depend on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    KNNResult
        With ``statistic``, ``pvalue`` and ``null_distribution``, whose mean is the chance
        level.

    Raises
    ------
    ValueError
        If D is not a matrix of distances between at least three networks, `y` has
        another length, there is one label, every network has its own, or `n_neighbors`
        is not between 1 and the number of other networks.

    References
    ----------
    .. [1] Ojala, M. & Garriga, G. C. (2010). Permutation tests for studying classifier
       performance. JMLR 11, 1833-1863.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.covariates import knn_permutation
    >>> x = np.array([0.0, 1.0, 2.0, 4.0, 5.0, 6.0])
    >>> D = np.abs(x - x[:, np.newaxis])
    >>> result = knn_permutation(D, list("aaabbb"), n_neighbors=1, random_state=0)
    >>> result.statistic, result.n_groups
    (1.0, 2)
    """
    check_same_indexes((("D", D), ("y", y), ("strata", strata)), "networks")
    D = _at_least_three(D, "D")
    n = len(D)
    codes, n_groups = _groups(y, n)
    check_integer(n_neighbors, "n_neighbors", 1)
    if n_neighbors >= n:
        raise ValueError(f"n_neighbors == {n_neighbors}, must be less than the {n} networks")
    n_neighbors = int(n_neighbors)
    nearest = NearestNeighbors(n_neighbors=n_neighbors, metric="precomputed").fit(D)
    nearest = nearest.kneighbors(return_distance=False)

    def accuracy(permuted: np.ndarray) -> np.ndarray:
        groups = codes[permuted]
        neighbors = groups[:, nearest]
        votes = [np.count_nonzero(neighbors == g, axis=2) for g in range(n_groups)]
        return np.mean(np.argmax(votes, axis=0) == groups, axis=1)

    size = n * (n_neighbors + n_groups)
    observed, null = _compare(
        accuracy, n, size, n_permutations, strata, random_state, n_jobs, verbose
    )
    return KNNResult(
        statistic=observed,
        pvalue=float(permutation_pvalue(observed, null)),
        n_networks=n,
        n_permutations=len(null),
        null_distribution=null,
        n_neighbors=n_neighbors,
        n_groups=n_groups,
    )


def _at_least_three(D: ArrayLike, name: str, signed: bool = False) -> np.ndarray:
    """Return a matrix of distances between enough networks to permute."""
    D = as_distances(D, name, signed=signed)
    if len(D) < 3:
        raise ValueError(f"{name} must be for at least 3 networks, got {len(D)}")
    return D


def _groups(y: ArrayLike, n_networks: int) -> tuple[np.ndarray, int]:
    """Return the group of each network and the number of groups."""
    levels, codes = as_codes(y, "y", n_networks)
    if not 1 < len(levels) < n_networks:
        raise ValueError(
            "y must have at least 2 groups, one of them with several networks, "
            f"got {len(levels)} group(s) of {n_networks} networks"
        )
    return codes, len(levels)


def _standardize(D: np.ndarray, name: str, method: str) -> np.ndarray:
    """Return a matrix whose inner product with another such one is their correlation."""
    pairs = squareform(D, checks=False)
    if np.ptp(pairs) <= _CONSTANT * np.abs(pairs).max():
        raise ValueError(f"{name} must vary off the diagonal, got {pairs[0]:.3g} for all pairs")
    if method == "spearman":
        pairs, distances = np.empty_like(pairs), pairs
        _native.call("rsa.ranks", {"ranks": pairs}, {"x": distances})
    pairs = pairs - pairs.mean()
    return squareform(pairs / (np.sqrt(2.0) * np.linalg.norm(pairs)), checks=False)


def _compare(
    statistic: Callable[[np.ndarray], np.ndarray],
    n_networks: int,
    size: int,
    n_permutations: int,
    strata: ArrayLike | None,
    random_state: RandomState,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[float, np.ndarray]:
    """Return the statistic of the networks as they are, and of permutations within strata.

    It takes temporary arrays of the given size for each permutation. Warns if none changes the
    statistic.
    """
    draws = permutations(n_networks, n_permutations, strata, random_state, size=size, limit=_BLOCK)
    values = null_distribution(
        statistic,
        chain([np.arange(n_networks)[np.newaxis]], draws),
        "Permuting networks",
        n_permutations + 1,
        # blocks of several permutations are so small that threads wait more than they compute
        n_jobs=1 if n_jobs is None and size < _BLOCK else n_jobs,
        verbose=verbose,
    )
    if np.allclose(values, values[0], rtol=1e-9, atol=0):
        within = "" if strata is None else " within the strata"
        warn_user(
            f"none of the {n_permutations} permutations{within} changes the statistic: p is 1, and "
            "says nothing",
            UserWarning,
        )
    return float(values[0]), values[1:]
