"""Means of networks that are aligned to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning

from netrep_go import _native
from netrep_go._cohort import Networks, named
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._names import check_same_indexes
from netrep_go._parameters import checked
from netrep_go._validation import (
    as_factor,
    as_matrices,
    check_integer,
    check_number,
    check_option,
)
from netrep_go.metrics._iterative import GROUPS

__all__ = ["euclidean_tangent_space", "frechet_mean", "procrustes_average"]

_METHODS = ("full_batch", "streaming")


@checked
def frechet_mean(
    Xs: Networks,
    group: Literal["orth", "perm", "identity"] = "orth",
    random_state: RandomState = None,
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

    found by aligning all networks to M and averaging them in turn (generalized
    Procrustes analysis).

    Parameters
    ----------
    Xs : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
        Activations to the same samples. Narrow networks are padded with silent
        neurons. Nothing is centered.
    group : {'orth', 'perm', 'identity'}, default='orth'
        Alignments: rotations and reflections, permutations of neurons, or none.
    random_state : int, RandomState, Generator or None, default=None
        Determines the network, among the widest, that the iteration starts from.
    tol : float, default=1e-3
        The iteration ends once the root mean square change of an entry of the mean
        is at most this, in units of the power of ten that is nearest to the root mean
        square entry of the networks. At 0 it takes ``max_iter`` sweeps unless nothing
        changes at all.
    max_iter : int, default=100
        Largest number of sweeps over the networks.
    warmstart : array_like of shape (n_samples, n_features), default=None
        Start from this; ``n_features`` is the largest width. It is not written to.
    verbose : bool, default=False
        Show a progress bar.
    method : {'streaming', 'full_batch'}, default='streaming'
        Full batch replaces the mean by the average of the aligned networks. With
        rotations, networks are aligned to the sum of the others in turn for as long as
        that is quick, and steps of a limited-memory quasi-Newton method between the later
        sweeps make these fewer; a step that increases the objective, under the alignments
        of its sweep, is taken back, and counts as a sweep.
        Streaming lets them enter a running average one by one, the start counting
        as one network and every sweep adding to the count, so that its steps
        shrink as 1/sweep: it changes little long before it has arrived. Prefer
        full batch unless results have to agree with netrep's default.
    return_aligned_Xs : bool, default=False
        Also return the networks aligned to the mean.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.

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
    xs = as_cohort(Xs, "Xs", ("warmstart", warmstart))
    Xbar = _average(
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
    return Xbar, list(_aligned(xs, Xbar, group, n_jobs))


@checked
def procrustes_average(
    Xs: Networks,
    random_state: RandomState = None,
    tol: float = 1e-3,
    max_iter: int = 100,
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> np.ndarray:
    """Return the average of networks up to rotations, by the name netrep once used.

    The same as :func:`frechet_mean` with its other parameters at their defaults.

    Parameters
    ----------
    Xs : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
        Activations to the same samples.
    random_state : int, RandomState, Generator or None, default=None
        Determines the network to start from.
    tol : float, default=1e-3
        Largest root mean square change of an entry of the mean in the last sweep, as in
        :func:`frechet_mean`.
    max_iter : int, default=100
        Largest number of sweeps over the networks.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        The mean.

    Raises
    ------
    ValueError
        As :func:`frechet_mean`.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.multiset import procrustes_average
    >>> rng = np.random.default_rng(0)
    >>> Xs = [rng.standard_normal((40, width)) for width in (4, 5, 6)]
    >>> procrustes_average(Xs, max_iter=100, tol=1e-2).shape
    (40, 6)
    """
    return _average(
        as_cohort(Xs, "Xs"),
        group="orth",
        random_state=random_state,
        tol=tol,
        max_iter=max_iter,
        warmstart=None,
        verbose=verbose,
        method="streaming",
        n_jobs=n_jobs,
    )


@checked
def euclidean_tangent_space(
    Xs: Networks,
    Xbar: ArrayLike,
    group: Literal["orth", "perm", "identity"] = "orth",
    *,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> np.ndarray:
    r"""Return what separates a reference from networks that are aligned to it.

    For each network the residual

    .. math:: \bar X - X_i T_i, \quad
        T_i = \arg\min_{T \in G} \|X_i T - \bar X\|_F

    Near the reference their Frobenius distances approximate the shape distances
    of the networks, so that linear methods such as PCA apply.

    Parameters
    ----------
    Xs : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
        Activations to the same samples.
    Xbar : array_like of shape (n_samples, n_features)
        The reference, such as a Fréchet mean. At least as wide as each network;
        narrower ones are padded with silent neurons.
    group : {'orth', 'perm', 'identity'}, default='orth'
        Alignments: rotations and reflections, permutations of neurons, or none.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

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
    xs = as_cohort(Xs, "Xs", ("Xbar", Xbar))
    Xbar = _as_reference(Xbar, "Xbar", xs, least=True)
    residuals = _aligned(xs, Xbar, group, n_jobs, verbose)
    return np.subtract(Xbar, residuals, out=residuals)


def as_cohort(Xs: Networks, name: str, *beside: tuple[str, Any]) -> list[np.ndarray]:
    """Return the matrices of networks that have all seen the same samples, as what is beside."""
    networks = named(Xs, name)
    check_same_indexes([*networks, *beside], "samples")
    xs = as_matrices(networks)
    for (label, _), x in zip(networks, xs, strict=True):
        if len(x) != len(xs[0]):
            raise ValueError(
                "Expected arrays with equal dimensions, but "
                f"{networks[0][0]} has {len(xs[0])} samples and {label} {len(x)}."
            )
    return xs


def _as_reference(
    X: ArrayLike, name: str, xs: Sequence[np.ndarray], least: bool = False
) -> np.ndarray:
    """Return a matrix that networks can be aligned to.

    Its width must be that of the widest network, or with ``least`` no smaller.
    """
    X = as_factor(X, name)
    m, n = len(xs[0]), max(x.shape[1] for x in xs)
    if len(X) != m or (X.shape[1] < n if least else X.shape[1] != n):
        raise ValueError(
            f"{name} must have shape ({m}, {n}){' or wider' if least else ''}, the "
            f"samples and the largest width of the networks, got {X.shape}"
        )
    return X


def _average(
    xs: list[np.ndarray],
    *,
    group: str,
    random_state: RandomState,
    tol: float,
    max_iter: int,
    warmstart: ArrayLike | None,
    verbose: bool,
    method: str,
    n_jobs: int | None,
) -> np.ndarray:
    """Return the mean of validated networks; warn if it has not settled."""
    check_option(group, "group", GROUPS)
    check_option(method, "method", _METHODS)
    check_integer(max_iter, "max_iter", 1)
    check_number(tol, "tol", 0, np.inf)
    if warmstart is None:
        mean = np.empty((len(xs[0]), max(x.shape[1] for x in xs)))
    else:
        mean = _as_reference(warmstart, "warmstart", xs).copy()
    change, sweeps = np.empty(1), np.empty(1, np.int64)
    inputs = {
        "xs": xs,
        "group": group,
        "method": method,
        "warm": warmstart is not None,
        "max_iter": int(max_iter),
        "tol": float(tol),
        "seed": seed_from(random_state),
    }
    with progress_bar("Averaging networks", verbose) as progress:
        _native.run(
            "multiset.frechet_mean",
            {"mean": mean, "change": change, "sweeps": sweeps},
            inputs,
            n_jobs=n_jobs,
            progress=progress,
        )
    if group != "identity" and 0 < tol < change[0]:
        warn_user(
            f"the mean did not converge: sweep {sweeps[0]} still changed the "
            f"entries of the mean by {change[0]:.2g} (root mean square, relative to the "
            f"magnitude of the networks), more than tol={tol:g}: increase max_iter or tol",
            ConvergenceWarning,
        )
    return mean


def _aligned(
    xs: list[np.ndarray],
    target: np.ndarray,
    group: str,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> np.ndarray:
    """Return validated networks, each aligned to the target."""
    check_option(group, "group", GROUPS)
    m, n = target.shape
    out = np.empty((len(xs) * m, n))
    inputs = {"target": target, "xs": xs, "group": group}
    with progress_bar("Aligning networks", verbose) as progress:
        _native.run("multiset.align", {"aligned": out}, inputs, n_jobs=n_jobs, progress=progress)
    return out.reshape(len(xs), m, n)
