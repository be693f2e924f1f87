"""Cohorts of networks that are aligned to a reference."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning

from netrep_go import _native
from netrep_go._jobs import progress_bar, seed_from
from netrep_go._validation import (
    as_matrices,
    as_matrix,
    check_integer,
    check_number,
    check_option,
)
from netrep_go.metrics._cohort import named
from netrep_go.metrics._iterative import GROUPS

_METHODS = ("full_batch", "streaming")


def as_cohort(Xs: Sequence[ArrayLike], name: str) -> list[np.ndarray]:
    """Return the matrices of networks that have all seen the same samples."""
    xs = as_matrices(named(Xs, name))
    for i, x in enumerate(xs):
        if len(x) != len(xs[0]):
            raise ValueError(
                "Expected arrays with equal dimensions, but "
                f"{name}[0] has {len(xs[0])} samples and {name}[{i}] {len(x)}."
            )
    return xs


def as_reference(
    X: ArrayLike, name: str, xs: Sequence[np.ndarray], least: bool = False
) -> np.ndarray:
    """Return a matrix that networks can be aligned to.

    Its width must be that of the widest network, or with ``least`` no smaller.
    """
    X = as_matrix(X, name)
    m, n = len(xs[0]), max(x.shape[1] for x in xs)
    if len(X) != m or (X.shape[1] < n if least else X.shape[1] != n):
        raise ValueError(
            f"{name} must have shape ({m}, {n}){' or wider' if least else ''}, the "
            f"samples and the largest width of the networks, got {X.shape}."
        )
    return X


def frechet_mean(
    xs: list[np.ndarray],
    *,
    group: str,
    random_state: Any,
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
        mean = as_reference(warmstart, "warmstart", xs).copy()
    change, sweeps = np.empty(1), np.empty(1, np.int64)
    inputs = (
        xs,
        GROUPS.index(group),
        _METHODS.index(method),
        warmstart is not None,
        int(max_iter),
        float(tol),
        seed_from(random_state),
    )
    with progress_bar("Averaging networks", verbose) as progress:
        _native.run(
            "multiset.frechet_mean",
            (mean, change, sweeps),
            inputs,
            n_jobs=n_jobs,
            progress=progress,
        )
    if group != "identity" and 0 < tol < change[0]:
        warnings.warn(
            f"frechet_mean did not converge: sweep {sweeps[0]} still changed the "
            f"entries of the mean by {change[0]:.2g} (root mean square), more than "
            f"tol={tol:g}. Increase max_iter or tol, or scale the activations.",
            ConvergenceWarning,
            stacklevel=3,
        )
    return mean


def aligned(
    xs: list[np.ndarray], target: np.ndarray, group: str, n_jobs: int | None = None
) -> np.ndarray:
    """Return validated networks, each aligned to the target."""
    check_option(group, "group", GROUPS)
    m, n = target.shape
    out = np.empty((len(xs) * m, n))
    inputs = (target, xs, GROUPS.index(group))
    _native.run("multiset.align", (out,), inputs, n_jobs=n_jobs)
    return out.reshape(len(xs), m, n)
