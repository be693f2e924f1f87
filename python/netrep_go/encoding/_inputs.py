"""What users pass in: layers, targets, and how samples are split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import GroupKFold, check_cv

from netrep_go._jobs import ignoring, warn_user
from netrep_go._names import Name, check_same_indexes, split_names
from netrep_go._shown import shown
from netrep_go._sizes import SQUARES, check_range
from netrep_go._validation import (
    as_array,
    as_factor,
    as_integers,
    as_labels,
    as_matrix,
    as_reals,
    check_integer,
    departure,
)
from netrep_go.encoding._scores import is_of_folds
from netrep_go.encoding._search import Split, Training

_SHOWN = 5  # targets that a warning lists


def as_layers(X: Any, argument: str) -> dict[Name, np.ndarray]:
    """Return the features of each layer of a mapping, which must be of the same samples."""
    items, names = split_names(X, argument)
    if not items or names is None:
        raise ValueError(f"{argument} must hold at least one layer, got none")
    check_same_indexes(
        [(f"{argument}[{name!r}]", x) for name, x in zip(names, items, strict=True)], "samples"
    )
    layers = {
        name: as_factor(x, f"{argument}[{name!r}]") for name, x in zip(names, items, strict=True)
    }
    first = len(layers[names[0]])
    for name, x in layers.items():
        if len(x) != first:
            raise ValueError(
                f"{argument}[{name!r}] must have the {first} samples of {argument}[{names[0]!r}], "
                f"got {len(x)}"
            )
    return layers


def check_same_samples(X: Any, **paired: Any) -> None:
    """Raise if the rows of X, or of its layers, are named apart from those paired with them."""
    layers = [(f"X[{name!r}]", x) for name, x in X.items()] if is_mapping(X) else [("X", X)]
    check_same_indexes([*layers, *paired.items()], "samples")


def check_same_features(X: Any, feature_covariance: Any) -> None:
    """Raise if the features of X, or of its layers, are named apart from those of covariances."""
    for name, x in X.items() if is_mapping(X) else [(None, X)]:
        given = feature_covariance
        own = given.get(name) if is_mapping(given) else given
        called = "X" if name is None else f"X[{name!r}]"
        check_same_indexes([(called, x), ("feature_covariance", own)], "features", axis=-1)


def as_roots(feature_covariance: Any, layers: Mapping[Name, np.ndarray]) -> dict[Name, np.ndarray]:
    """Return the symmetric root of the prior covariance of weights, for layers that have one."""
    if feature_covariance is None:
        return {}
    if not is_mapping(feature_covariance):
        if len(layers) > 1:
            raise ValueError("feature_covariance must be a dict, as X has several layers")
        feature_covariance = dict.fromkeys(layers, feature_covariance)
    unknown = [name for name in feature_covariance if name not in layers]
    if unknown:
        raise ValueError(f"feature_covariance must be of layers of X, got {unknown[0]!r}")
    return {
        name: _root(given, layers[name].shape[1], f"feature_covariance of layer {name!r}")
        for name, given in feature_covariance.items()
    }


def _root(covariance: Any, n_features: int, name: str) -> np.ndarray:
    matrix = as_matrix(covariance, name)
    if matrix.shape != (n_features, n_features):
        raise ValueError(f"{name} must have shape {(n_features,) * 2}, got {matrix.shape}")
    if asymmetry := departure(matrix - matrix.T, matrix):
        raise ValueError(f"{name} must be symmetric, got entries {asymmetry:.3g} from their mirror")
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if values[0] < -1e-10 * np.abs(values).max():
        raise ValueError(f"{name} must have no negative eigenvalue, got {values[0]:.3g}")
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def as_targets(Y: Any, n_samples: int, name: str = "Y") -> tuple[np.ndarray, bool]:
    """Return a matrix of targets, NaN where one is missing, and whether Y was a vector."""
    if Y is None:
        raise ValueError(f"{name} must be given: requires y to be passed, but the target y is None")
    is_vector = not issparse(Y) and as_reals(Y, name).ndim == 1
    y = as_array(Y, name, 1 if is_vector else 2, allow_nan=True)
    y = y[:, np.newaxis] if is_vector else y
    if len(y) != n_samples:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {name} must have the "
            f"{n_samples} samples of X, got {len(y)}"
        )
    largest = np.maximum(np.fmax.reduce(y, axis=0), -np.fmin.reduce(y, axis=0))
    check_range(largest[:, np.newaxis], name, SQUARES)
    empty = np.flatnonzero(np.isnan(y).all(axis=0))
    if empty.size:
        raise ValueError(
            f"{name} must have a known value of each target, got NaN alone in {empty[0]}"
        )
    return y, is_vector


def warn_of_constants(y: np.ndarray) -> None:
    """Warn of targets that do not vary, whose scores are 0."""
    constant = np.flatnonzero(np.nanmax(y, axis=0) == np.nanmin(y, axis=0))
    if constant.size:
        shown = ", ".join(map(str, constant[:_SHOWN])) + (", ..." * (constant.size > _SHOWN))
        warn_user(f"{constant.size} target(s) of Y are constant, their scores are 0: {shown}")


def as_groups(groups: Any, n_samples: int) -> np.ndarray | None:
    """Return the group of each sample."""
    if groups is None:
        return None
    labels = as_labels(groups, "groups")
    if labels.shape != (n_samples,):
        raise ValueError(f"groups must label {n_samples} samples, got shape {labels.shape}")
    return labels


def make_splits(
    cv: Any,
    x: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    scoring: str,
    name: str,
    within: np.ndarray | None = None,
) -> list[Split]:
    """Return the training and test samples of each fold, among some samples or all.

    A number of folds is of whole groups, if there are any.
    """
    rows = np.arange(len(x)) if within is None else within
    if within is not None and isinstance(cv, Sequence):
        raise ValueError(
            f"{name} must be a number of folds or a splitter where outer_cv is given, got a list"
        )
    chosen = None if groups is None else groups[rows]
    if chosen is not None and isinstance(cv, (int, np.integer)):
        check_groups(cv, chosen, name)
        cv = GroupKFold(int(cv))
    target = y[rows, 0] if y.shape[1] == 1 else y[rows]
    try:
        with ignoring("The groups parameter is ignored"):  # they may be for cv, or outer_cv
            folds = check_cv(cv).split(x[rows, :1], target, chosen)
            splits = [(_indices(a, len(rows)), _indices(b, len(rows))) for a, b in folds]
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    except (TypeError, IndexError) as error:
        raise TypeError(
            f"{name} must be a number of folds, a splitter or a list of splits of samples, got "
            f"{shown(cv)}: {error}"
        ) from None
    if not splits:
        raise ValueError(f"{name} must have at least one fold, got none")
    for fold, (train, test) in enumerate(splits):
        _check_fold(train, test, f"fold {fold} of {name}", scoring)
    return [(rows[train], rows[test]) for train, test in splits]


def check_groups(cv: Any, groups: np.ndarray, name: str) -> None:
    """Raise if there are more folds than groups."""
    check_integer(cv, name, 2)
    n_groups = len(np.unique(groups))
    if cv > n_groups:
        raise ValueError(
            f"{name} must be at most the number of groups, {n_groups}, that it splits, got {cv}"
        )


def _indices(chosen: Any, n: int) -> np.ndarray:
    """Return positions of samples, which may be given as a mask."""
    chosen = np.asarray(chosen)
    if chosen.dtype == bool and chosen.shape == (n,):
        return np.flatnonzero(chosen)
    return np.arange(n)[as_integers(chosen, "samples of a fold")]


def _check_fold(train: np.ndarray, test: np.ndarray, fold: str, scoring: str) -> None:
    if not len(train):
        raise ValueError(f"{fold} must have training samples, got none")
    if not len(test):
        raise ValueError(f"{fold} must have test samples, got none")
    both = np.intersect1d(train, test)
    if both.size:
        raise ValueError(f"{fold} must not test training samples, got sample {both[0]} in both")
    if is_of_folds(scoring) and len(test) < 2:
        raise ValueError(
            f"scoring={scoring!r} needs 2 test samples a fold, but {fold} has 1: use 'r2' or 'r'"
        )


def check_known(y: np.ndarray, splits: Sequence[Split], name: str) -> None:
    """Raise if a target is not known for any training sample of a fold."""
    known = ~np.isnan(y)
    if known.all():
        return
    for fold, (train, _) in enumerate(splits):
        lost = np.flatnonzero(~known[train].any(axis=0))
        if lost.size:
            raise ValueError(
                f"fold {fold} of {name} must have training samples of each target, got none with "
                f"target {lost[0]} of Y: all its values there are NaN"
            )


def make_training(
    rows: np.ndarray,
    cv: Any,
    x: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    scoring: str,
    within: bool,
) -> Training:
    """Return a training set and the folds in it by which it chooses."""
    splits = make_splits(cv, x, y, groups, scoring, "cv", rows if within else None)
    check_known(y, splits, "cv")
    return Training(rows, splits)


def is_mapping(X: Any) -> bool:
    """Whether X holds layers, by their names."""
    return isinstance(X, Mapping) and not issparse(X)  # SciPy's dictionaries of keys
