"""Distances within and between sets of networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from netrep_go.metrics._cohort import (
    Cohorts,
    measure_cohorts,
    named,
    resolve_n_jobs,
)

__all__ = ["cross_distances", "pairwise_distances"]

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
    metric : LinearMetric
        The metric. It is not fitted by this: pairs leave nothing behind.
    traindata : list of n_networks array_like of shape (n_samples, n_features)
        Activations that alignments are fitted to. All networks see the same
        samples; widths may differ.
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
    metric : LinearMetric
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
