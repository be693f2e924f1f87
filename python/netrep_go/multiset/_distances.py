"""Distances within and between sets of networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, overload

import numpy as np
from numpy.typing import DTypeLike

from netrep_go._cohort import Measured, Networks, one_set, resolve_n_jobs, two_sets
from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go.metrics._adapted import measure_of

__all__ = ["cross_distances", "pairwise_distances"]

Distances = np.ndarray | tuple[np.ndarray, np.ndarray]


@overload
@checked
def pairwise_distances(
    metric: Any,
    traindata: Networks,
    testdata: None = None,
    verbose: bool = True,
    enable_caching: bool = False,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
    names: Iterable[Name] | None = None,
) -> np.ndarray: ...
@overload
@checked
def pairwise_distances(
    metric: Any,
    traindata: Networks,
    testdata: Networks,
    verbose: bool = True,
    enable_caching: bool = False,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
    names: Iterable[Name] | None = None,
) -> tuple[np.ndarray, np.ndarray]: ...
@checked
def pairwise_distances(
    metric: Any,
    traindata: Networks,
    testdata: Networks | None = None,
    verbose: bool = True,
    enable_caching: bool = False,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
    names: Iterable[Name] | None = None,
) -> Distances:
    r"""Return the distances between all pairs of networks.

    Parameters
    ----------
    metric : Measure, str, callable or object with fit and score
        Any measure, as :func:`netrep_go.metrics.as_measure` takes it: one of
        netrep_go.metrics, its name, or your own. It is not fitted by this: pairs
        leave nothing behind.
    traindata : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
        Activations that alignments are fitted to. All networks see the same
        samples; widths may differ. The keys of a dict and the index of a Series name
        the networks; the index of a DataFrame among them names samples. For a
        stochastic metric, what its ``fit`` takes.
    testdata : list, dict or Series of n_networks array_like, default=None
        Held-out activations, of shape (n_test, n_features), to measure the fitted
        alignments on. Networks with names are matched by them. Directions that
        the training data of a network do not span count towards the norm of its
        held-out activations, but the alignment says nothing of them and they add
        nothing to inner products.
    verbose : bool, default=True
        Show a progress bar.
    enable_caching : bool, default=False
        Accepted for netrep's sake: whatever concerns one network is always
        computed once.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    processes : int, default=None
        Another name of ``n_jobs``.
    dtype : {float64, float32}, default=float64
        Precision of the products of activations. With float32 they take half
        the time, angles are off by about 1e-6, and small ones by up to 1e-3; the
        spectra stay in float64.
    names : sequence of hashable, default=None
        Names of the networks for messages, if these are a list.

    Returns
    -------
    D_train : ndarray of shape (n_networks, n_networks)
        Distances: symmetric, with zero diagonal. A similarity stands as it is, with
        the value of each network and itself on the diagonal. Unless the measure is
        symmetric, ``D_train[i, j]`` is f(X_i, X_j). Training distances of
        ``LinearMetric(alpha=1)`` are exact to 1e-7 and in fact to about 1e-11.
    D_test : ndarray of shape (n_networks, n_networks)
        Only with ``testdata``.

    Raises
    ------
    ValueError
        If an array is not a finite, real matrix (the message names the network), or
        the networks do not match, or activations do not vary.
    TypeError
        If ``metric`` is not a measure: a class, for example.

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
    cohorts = one_set(traindata, testdata, names, ("traindata", "testdata"))
    n_jobs = resolve_n_jobs(n_jobs, processes)
    measure = measure_of(metric, "metric")
    return _without_none(measure._measure_cohorts(cohorts, dtype, n_jobs, verbose))


@overload
@checked
def cross_distances(
    metric: Any,
    Xs: Networks,
    Ys: Networks,
    Xs_test: None = None,
    Ys_test: None = None,
    verbose: bool = True,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
    names: tuple[Iterable[Name] | None, Iterable[Name] | None] | None = None,
) -> np.ndarray: ...
@overload
@checked
def cross_distances(
    metric: Any,
    Xs: Networks,
    Ys: Networks,
    Xs_test: Networks,
    Ys_test: Networks,
    verbose: bool = True,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
    names: tuple[Iterable[Name] | None, Iterable[Name] | None] | None = None,
) -> tuple[np.ndarray, np.ndarray]: ...
@checked
def cross_distances(
    metric: Any,
    Xs: Networks,
    Ys: Networks,
    Xs_test: Networks | None = None,
    Ys_test: Networks | None = None,
    verbose: bool = True,
    *,
    n_jobs: int | None = None,
    processes: int | None = None,
    dtype: DTypeLike = np.float64,
    names: tuple[Iterable[Name] | None, Iterable[Name] | None] | None = None,
) -> Distances:
    """Return the distances from each network of one set to each of another.

    Parameters
    ----------
    metric : Measure, str, callable or object with fit and score
        As in :func:`pairwise_distances`.
    Xs, Ys : list, dict or Series of array_like of shape (n_samples, n_features)
        Activations of the two sets of networks to the same samples; names as in
        :func:`pairwise_distances`.
    Xs_test, Ys_test : list, dict or Series of array_like, default=None
        Held-out activations of the same networks, of shape (n_test, n_features);
        both or neither.
    verbose : bool, default=True
        Show a progress bar.
    n_jobs, processes : int, default=None
        Number of threads, as in :func:`pairwise_distances`.
    dtype : {float64, float32}, default=float64
        As in :func:`pairwise_distances`.
    names : tuple of (sequence, sequence), default=None
        Names of the networks in ``Xs`` and in ``Ys`` for messages, None for those that
        have names of their own.

    Returns
    -------
    D_train : ndarray of shape (len(Xs), len(Ys))
        Values on the training data: f(Xs[i], Ys[j]).
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
    cohorts = two_sets((Xs, Xs_test, "Xs"), (Ys, Ys_test, "Ys"), names)
    n_jobs = resolve_n_jobs(n_jobs, processes)
    measure = measure_of(metric, "metric")
    return _without_none(measure._measure_cohorts(cohorts, dtype, n_jobs, verbose))


def _without_none(distances: Measured) -> Distances:
    train, test = distances
    return train if test is None else (train, test)
