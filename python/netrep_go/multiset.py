"""Distances within and between sets of networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from netrep_go import _alignment
from netrep_go._kmeans import ProcrustesKMeans, procrustes_kmeans
from netrep_go.metrics._cohort import (
    Cohorts,
    measure_cohorts,
    named,
    resolve_n_jobs,
)

__all__ = [
    "ProcrustesKMeans",
    "cross_distances",
    "euclidean_tangent_space",
    "frechet_mean",
    "pairwise_distances",
    "procrustes_average",
    "procrustes_kmeans",
]

Distances = np.ndarray | tuple[np.ndarray, np.ndarray]


def pairwise_distances(
    metric: Any,
    traindata: Sequence[ArrayLike],
    testdata: Sequence[ArrayLike] | None = None,
    verbose: bool = True,
    enable_caching: bool = False,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
) -> Distances:
    r"""Return the distances between all pairs of networks.

    Parameters
    ----------
    metric : one of netrep_go.metrics
        The metric. It is not fitted by this: pairs leave nothing behind.
    traindata : list of n_networks array_like of shape (n_samples, n_features)
        Activations that alignments are fitted to. All networks see the same
        samples; widths may differ. For a stochastic metric, what its ``fit`` takes.
    testdata : list of n_networks array_like of shape (n_test, n_features), optional
        Held-out activations to measure the fitted alignments on. Directions that
        the training data of a network do not span count towards the norm of its
        held-out activations, but the alignment says nothing of them and they add
        nothing to inner products.
    verbose : bool, default=True
        Show a progress bar.
    enable_caching : bool, default=False
        Accepted for netrep's sake: whatever concerns one network is always
        computed once.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores. The
        distances do not depend on it.
    processes : int, optional
        Another name of ``n_jobs``.
    dtype : {float64, float32}, default=float64
        Precision of the products of activations. With float32 they take half
        the time, angles are off by about 1e-6, and small ones by up to 1e-3; the
        spectra stay in float64.

    Returns
    -------
    D_train : ndarray of shape (n_networks, n_networks)
        Symmetric, with zero diagonal. Training distances at ``alpha=1`` are
        exact to 1e-7 and in fact to about 1e-11.
    D_test : ndarray of shape (n_networks, n_networks)
        Only with ``testdata``.

    Raises
    ------
    ValueError
        If an array is not a finite, real matrix (the message names its index), or
        the networks do not match, or activations do not vary.

    See Also
    --------
    cross_distances : Distances between two sets of networks.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LinearMetric
    >>> from netrep_go.multiset import pairwise_distances
    >>> rng = np.random.default_rng(0)
    >>> networks = [rng.standard_normal((50, width)) for width in (5, 6, 7)]
    >>> D = pairwise_distances(LinearMetric(), networks, verbose=False)
    >>> D.round(2)
    array([[0.  , 1.28, 1.27],
           [1.28, 0.  , 1.28],
           [1.27, 1.28, 0.  ]])
    """
    cohorts = Cohorts(
        named(traindata, "traindata"),
        None if testdata is None else named(testdata, "testdata"),
    )
    n_jobs = resolve_n_jobs(n_jobs, processes)
    return _without_none(measure_cohorts(metric, cohorts, dtype, n_jobs, verbose))


def cross_distances(
    metric: Any,
    Xs: Sequence[ArrayLike],
    Ys: Sequence[ArrayLike],
    Xs_test: Sequence[ArrayLike] | None = None,
    Ys_test: Sequence[ArrayLike] | None = None,
    verbose: bool = True,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
) -> Distances:
    """Return the distances from each network of one set to each of another.

    Parameters
    ----------
    metric : one of netrep_go.metrics
        The metric.
    Xs, Ys : list of array_like of shape (n_samples, n_features)
        Activations of the two sets of networks to the same samples.
    Xs_test, Ys_test : list of array_like of shape (n_test, n_features), optional
        Held-out activations of the same networks; both or neither.
    verbose : bool, default=True
        Show a progress bar.
    n_jobs, processes : int, optional
        Number of threads, as in :func:`pairwise_distances`.
    dtype : {float64, float32}, default=float64
        As in :func:`pairwise_distances`.

    Returns
    -------
    D_train : ndarray of shape (len(Xs), len(Ys))
        Distances on the training data.
    D_test : ndarray of shape (len(Xs), len(Ys))
        Only with held-out data.

    Raises
    ------
    ValueError
        As in :func:`pairwise_distances`, or if only one of ``Xs_test`` and
        ``Ys_test`` is given.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LinearMetric
    >>> from netrep_go.multiset import cross_distances
    >>> rng = np.random.default_rng(0)
    >>> networks = [rng.standard_normal((50, 5)) for _ in range(5)]
    >>> cross_distances(LinearMetric(), networks[:2], networks[2:], verbose=False).shape
    (2, 3)
    """
    if (Xs_test is None) != (Ys_test is None):
        raise ValueError(
            "Xs_test and Ys_test must be given together, but "
            f"{'Xs_test' if Xs_test is None else 'Ys_test'} is missing"
        )
    train, test = named(Xs, "Xs") + named(Ys, "Ys"), None
    if Xs_test is not None:
        _check_lengths(Xs, Xs_test, "Xs")
        _check_lengths(Ys, Ys_test, "Ys")
        test = named(Xs_test, "Xs_test") + named(Ys_test, "Ys_test")
    cohorts = Cohorts(train, test, first=len(Xs))
    n_jobs = resolve_n_jobs(n_jobs, processes)
    return _without_none(measure_cohorts(metric, cohorts, dtype, n_jobs, verbose))


def _check_lengths(train: Sequence[Any], test: Sequence[Any], name: str) -> None:
    if len(train) != len(test):
        raise ValueError(
            f"{name}_test must have one array for each of the {len(train)} networks "
            f"in {name}, got {len(test)}"
        )


def _without_none(
    distances: tuple[np.ndarray, np.ndarray | None],
) -> Distances:
    train, test = distances
    return train if test is None else (train, test)


def frechet_mean(
    Xs: Sequence[ArrayLike],
    group: Literal["orth", "perm", "identity"] = "orth",
    random_state: int | np.random.RandomState | None = None,
    tol: float = 1e-3,
    max_iter: int = 100,
    warmstart: ArrayLike | None = None,
    verbose: bool = False,
    method: Literal["streaming", "full_batch"] = "streaming",
    return_aligned_Xs: bool = False,
    *,
    n_jobs: int | None = None,
) -> np.ndarray | tuple[np.ndarray, list[np.ndarray]]:
    r"""Return the average of networks, each aligned to it as well as can be.

    A local minimum over M of

    .. math:: \sum_i \min_{T \in G} \|X_i T - M\|_F^2

    found by aligning all networks to M and averaging them in turn (generalised
    Procrustes analysis).

    Parameters
    ----------
    Xs : list of n_networks array_like of shape (n_samples, n_features)
        Activations to the same samples. Narrow networks are padded with silent
        neurons. Nothing is centred.
    group : {'orth', 'perm', 'identity'}, default='orth'
        Alignments: rotations and reflections, permutations of neurons, or none.
    random_state : int, RandomState or None, default=None
        Draws the network, among the widest, that the iteration starts from.
    tol : float, default=1e-3
        The iteration ends once the root mean square change of an entry of the mean
        is at most this, in the units of the activations. At 0 it takes
        ``max_iter`` sweeps unless nothing changes at all.
    max_iter : int, default=100
        Largest number of sweeps over the networks.
    warmstart : array_like of shape (n_samples, n_features), optional
        Start from this; ``n_features`` is the largest width. It is not written to.
    verbose : bool, default=False
        Show a progress bar.
    method : {'streaming', 'full_batch'}, default='streaming'
        Full batch replaces the mean by the average of the aligned networks.
        Streaming lets them enter a running average one by one, the start counting
        as one network and every sweep adding to the count, so that its steps
        shrink as 1/sweep: it changes little long before it has arrived. Prefer
        full batch unless results have to agree with netrep's default.
    return_aligned_Xs : bool, default=False
        Also return the networks aligned to the mean.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores. The
        result does not depend on it.

    Returns
    -------
    Xbar : ndarray of shape (n_samples, n_features)
        The mean.
    aligned_Xs : list of ndarray of shape (n_samples, n_features)
        Only with ``return_aligned_Xs``.

    Raises
    ------
    ValueError
        If an array is not a finite, real matrix (the message names its index), the
        numbers of samples differ, or an option is out of range.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If ``max_iter`` sweeps do not reach ``tol > 0``.

    See Also
    --------
    euclidean_tangent_space : What separates each network from the mean.
    procrustes_kmeans : Several means, and which networks belong to each.

    References
    ----------
    Gower & Dijksterhuis (2004). Procrustes Problems. Oxford University Press,
    chapter 9.

    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.stats import ortho_group
    >>> from netrep_go.multiset import frechet_mean
    >>> X = np.random.default_rng(0).standard_normal((40, 5))
    >>> Xs = [X @ ortho_group.rvs(5, random_state=seed) for seed in range(3)]
    >>> mean = frechet_mean(Xs, method="full_batch", random_state=0)
    >>> bool(np.allclose(mean @ mean.T, X @ X.T))
    True
    """
    xs = _alignment.as_cohort(Xs, "Xs")
    Xbar = _alignment.frechet_mean(
        xs,
        group=group,
        random_state=random_state,
        tol=tol,
        max_iter=max_iter,
        warmstart=warmstart,
        verbose=verbose,
        method=method,
        n_jobs=n_jobs,
    )
    if not return_aligned_Xs:
        return Xbar
    return Xbar, list(_alignment.aligned(xs, Xbar, group, n_jobs))


def procrustes_average(
    Xs: Sequence[ArrayLike],
    random_state: int | np.random.RandomState | None = None,
    tol: float = 1e-3,
    max_iter: int = 100,
) -> np.ndarray:
    """Return the average of networks up to rotations, by the name netrep once used.

    The same as :func:`frechet_mean` with its other parameters at their defaults.

    Parameters
    ----------
    Xs : list of n_networks array_like of shape (n_samples, n_features)
        Activations to the same samples.
    random_state : int, RandomState or None, default=None
        Draws the network to start from.
    tol : float, default=1e-3
        Largest root mean square change of an entry of the mean in the last sweep.
    max_iter : int, default=100
        Largest number of sweeps over the networks.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        The mean.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.multiset import procrustes_average
    >>> rng = np.random.default_rng(0)
    >>> Xs = [rng.standard_normal((40, width)) for width in (4, 5, 6)]
    >>> procrustes_average(Xs, max_iter=100, tol=1e-2).shape
    (40, 6)
    """
    return _alignment.frechet_mean(
        _alignment.as_cohort(Xs, "Xs"),
        group="orth",
        random_state=random_state,
        tol=tol,
        max_iter=max_iter,
        warmstart=None,
        verbose=False,
        method="streaming",
        n_jobs=None,
    )


def euclidean_tangent_space(
    Xs: Sequence[ArrayLike],
    Xbar: ArrayLike,
    group: Literal["orth", "perm", "identity"] = "orth",
    *,
    n_jobs: int | None = None,
) -> np.ndarray:
    r"""Return what separates a reference from networks that are aligned to it.

    For each network the residual

    .. math:: \bar X - X_i T_i, \quad
        T_i = \arg\min_{T \in G} \|X_i T - \bar X\|_F

    Near the reference their Frobenius distances approximate the shape distances
    of the networks, so that linear methods such as PCA apply.

    Parameters
    ----------
    Xs : list of n_networks array_like of shape (n_samples, n_features)
        Activations to the same samples.
    Xbar : array_like of shape (n_samples, n_features)
        The reference, such as a Fréchet mean. At least as wide as each network;
        narrower ones are padded with silent neurons.
    group : {'orth', 'perm', 'identity'}, default='orth'
        Alignments: rotations and reflections, permutations of neurons, or none.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores.

    Returns
    -------
    ndarray of shape (n_networks, n_samples, n_features)
        Residuals.

    Raises
    ------
    ValueError
        If an array is not a finite, real matrix or the shapes do not match.

    See Also
    --------
    frechet_mean : A reference in the middle of the networks.

    References
    ----------
    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LinearMetric
    >>> from netrep_go.multiset import euclidean_tangent_space, frechet_mean
    >>> rng = np.random.default_rng(0)
    >>> Xs = [rng.standard_normal((40, 5)) for _ in range(3)]
    >>> mean = frechet_mean(Xs, method="full_batch", random_state=0)
    >>> residuals = euclidean_tangent_space(Xs, mean)
    >>> metric = LinearMetric(center_columns=False, score_method="euclidean")
    >>> bool(np.isclose(np.linalg.norm(residuals[0]), metric.fit_score(Xs[0], mean)))
    True
    """
    xs = _alignment.as_cohort(Xs, "Xs")
    Xbar = _alignment.as_reference(Xbar, "Xbar", xs, least=True)
    residuals = _alignment.aligned(xs, Xbar, group, n_jobs)
    return np.subtract(Xbar, residuals, out=residuals)
