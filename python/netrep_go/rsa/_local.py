"""What RDMs of parts of the features share: the design of the rows, and the noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from netrep_go import _native
from netrep_go._names import Name, check_same_indexes, row_names
from netrep_go._validation import as_codes, check_number, check_option
from netrep_go.rsa._condensed import n_conditions
from netrep_go.rsa._noise import (
    SHRINKAGES,
    NoiseNormalizer,
    covariance_of,
    covariances_of,
    has_several,
    warn_of_seen,
)
from netrep_go.rsa._rdm import PLAIN_METRICS, WHITENED_METRICS, check_folds, check_whitened

LOCAL_METRICS = (*PLAIN_METRICS, *WHITENED_METRICS)
NOT_CENTERED = ("cosine", "cosine_cov", "bures", "neg_riem_dist")
NONE = np.empty(0, np.int64)


class Design(NamedTuple):
    """Numbers of the condition and the fold of each row, which may be empty, and how many."""

    conditions: np.ndarray
    folds: np.ndarray
    n_conditions: int
    n_folds: int
    names: list[Name] | None
    fold_names: Sequence[Name] = ()

    def inputs(self) -> dict[str, _native.Argument]:
        """Return the arguments of a routine."""
        return {
            "conditions": self.conditions,
            "folds": self.folds,
            "n_conditions": self.n_conditions,
            "n_folds": self.n_folds,
        }

    def called(self) -> _native.Names:
        """Return what errors call the conditions."""
        return {} if self.names is None else {"condition": [f"condition {c!r}" for c in self.names]}


def check_same_conditions(n: int, models: np.ndarray) -> None:
    """Raise unless condensed model RDMs are of so many conditions."""
    expected = n_conditions(models, "models")
    if n != expected:
        raise ValueError(f"data and models must be of the same conditions, got {n} and {expected}")


def as_design(
    data: Any, n: int, conditions: ArrayLike | None, folds: ArrayLike | None, metric: str
) -> Design:
    """Return the design of the ``n`` rows of ``data``."""
    check_folds(folds, metric)
    labels = [("data", data), ("conditions", conditions), ("folds", folds)]
    check_same_indexes(labels, "observations")
    codes, names, count = NONE, row_names(data), n
    if conditions is not None:
        values, codes = as_codes(conditions, "conditions", n)
        names, count = values.tolist(), len(values)
    fold_names: list[Name] = []
    fold_codes = NONE
    if folds is not None:
        values, fold_codes = as_codes(folds, "folds", n)
        fold_names = values.tolist()
    numbers = codes.astype(np.int64), fold_codes.astype(np.int64)
    return Design(*numbers, count, len(fold_names), names, fold_names)


def as_estimator(noise: Any, residuals: Any, metric: str) -> NoiseNormalizer | None:
    """Return how noise is to be estimated, None if it is given or taken to be white."""
    if noise is not None or residuals is not None or metric == "mahalanobis":
        given = ("noise", noise) if residuals is None else ("residuals", residuals)
        check_whitened(metric, given[1], given[0])
    is_estimator = isinstance(noise, NoiseNormalizer) and not hasattr(noise, "dof_")
    if residuals is None:
        return clone(noise) if is_estimator else None
    if noise is not None and not is_estimator:
        raise ValueError(
            "residuals are what noise is estimated from, but noise is given: leave out either, "
            "or pass a NoiseNormalizer that is not fitted"
        )
    return NoiseNormalizer() if noise is None else clone(noise)


def check_independent(metric: str) -> None:
    """Raise if noise would be estimated from responses that are classified."""
    if metric == "decoding":
        raise ValueError(
            "decoding needs residuals if noise is estimated: from responses, it would know those "
            "that are tested; leave out noise to learn it from the folds of training"
        )


def warn_of_observed(metric: str, method: str) -> None:
    """Warn if a similarity sees the mean of distances that noise of the observations shifts."""
    if metric == "crossnobis" and method in NOT_CENTERED:
        warn_of_seen(f"method={method!r} sees their mean: give residuals, or use a correlation")


def check_repeated(design: Design, n: int) -> None:
    """Raise if no condition has two observations, from which noise would be estimated."""
    if design.n_conditions == n:
        raise ValueError(
            "noise is estimated from residuals, or from conditions with several observations, "
            f"got {n} observations of {n} conditions"
        )


class Residuals(NamedTuple):
    """Residuals as ``as_turned`` returns them, and the group of rows whose mean is subtracted."""

    x: np.ndarray
    turned: bool
    groups: np.ndarray
    n_groups: int
    by_fold: bool = False  # groups are folds, each with noise of its own, one after the other


def of_folds(
    residuals: Residuals | None, labels: ArrayLike, design: Design, metric: str
) -> Residuals:
    """Return residuals for the noise of each fold, from their folds."""
    if residuals is None or metric != "crossnobis":
        raise ValueError("residual_folds are those of residuals, for metric='crossnobis'")
    values, codes = as_codes(labels, "residual_folds", residuals.x.shape[int(residuals.turned)])
    odd = sorted({*values.tolist()} ^ {*design.fold_names}, key=str)
    if odd:
        raise ValueError(
            f"residual_folds must be the folds of data, got {odd[0]!r} in one of them only"
        )
    counts = np.bincount(codes)
    if counts.min() < 2:
        raise ValueError(
            f"residual_folds must have two residuals of each fold, got one of "
            f"{values[counts.argmin()].item()!r}"
        )
    x, order = residuals.x, np.argsort(codes, kind="stable")
    if (np.diff(codes) < 0).any():
        x = np.ascontiguousarray(x[:, order] if residuals.turned else x[order])
    groups = codes[order].astype(np.int64)
    return Residuals(x, residuals.turned, groups, len(values), by_fold=True)


def check_residuals(residuals: Residuals, n_features: int) -> None:
    """Raise unless there are two rows of so many features."""
    n, p = residuals.x.shape[:: -1 if residuals.turned else 1]
    if p != n_features or n < 2:
        raise ValueError(
            f"residuals must be at least 2 rows of the {n_features} features of data, got {n} "
            f"rows of {p}"
        )


def noise_inputs(
    noise: Any,
    estimator: NoiseNormalizer | None,
    residuals: Residuals | None,
    n_features: int,
    folds: Sequence[Name] = (),
) -> dict[str, _native.Argument]:
    """Return the arguments of a routine for the noise of ``n_features`` features."""
    inputs: dict[str, _native.Argument] = {
        "covariance": np.empty((0, 0)),
        "fold_covariances": [],
        "residuals": np.empty((0, 0)),
        "residuals_transposed": False,
        "groups": NONE,
        "n_groups": 1,
        "dof": 1.0,
        "shrinkage": "full",
        "by_fold": False,
    }
    if estimator is not None and residuals is not None:
        n = residuals.x.shape[int(residuals.turned)]
        own = 0.0 if residuals.by_fold else float(n - residuals.n_groups)  # 0: the rows less 1
        inputs |= {
            "residuals": residuals.x,
            "residuals_transposed": residuals.turned,
            "by_fold": residuals.by_fold,
            **estimate_inputs(estimator, residuals.groups, residuals.n_groups, own),
        }
    elif has_several(noise):
        inputs["fold_covariances"] = covariances_of(noise, folds, n_features)
    elif noise is not None:
        inputs["covariance"] = covariance_of(noise, n_features)
    return inputs


def estimate_inputs(
    estimator: NoiseNormalizer, groups: np.ndarray, n_groups: int, dof: float
) -> dict[str, _native.Argument]:
    """Return the arguments of a routine that estimates noise, with its own degrees of freedom."""
    check_option(estimator.method, "method", SHRINKAGES)
    if estimator.dof is not None:
        dof = float(estimator.dof)
        check_number(dof, "dof", 1, np.inf)
    return {"groups": groups, "n_groups": n_groups, "dof": dof, "shrinkage": estimator.method}
