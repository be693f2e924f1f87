"""What estimators find, under the names that the MATLAB library gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from netrep_go._shown import shown
from netrep_go.capacity._direct import DirectCapacity
from netrep_go.capacity._geometry import center_correlations, participation_ratio, spectral_radii
from netrep_go.capacity._joint import JOINT_QUANTITIES, JointCapacity
from netrep_go.capacity._meanfield import MeanFieldCapacity

_QUANTITIES = (  # of each manifold
    "capacity",
    "radius",
    "dimension",
    "dimension_matlab",
    "gaussian_radius",
    "gaussian_half_width",
    "half_width",
)


def _mean_field(
    estimator: MeanFieldCapacity, manifolds: list[np.ndarray], subsets: list[np.ndarray] | None
) -> dict[str, Any]:
    """Return the variables of check_covariance_low_rank_approx_optimal_K."""
    if np.ndim(estimator.kappa):
        raise ValueError(f"kappa must be one number, got {shown(estimator.kappa)}")
    directions = estimator.directions_
    residual = [samples - samples @ directions.T @ directions for samples in manifolds]
    if subsets is None:
        fitted = [(estimator, residual)]
    else:
        fitted = _refitted(estimator, residual, subsets, min_removed=0, max_removed=0)
    models = [model for model, _ in fitted]
    capacity, capacity_se = _summary(models, "capacity")
    found, errors = (
        {
            name: np.stack([getattr(getattr(model, geometry), name) for model in models])
            for name in _QUANTITIES
        }
        for geometry in ("manifolds_", "manifolds_se_")
    )
    return {
        "theory_capacity_results": [capacity],
        "theory_capacity_se_results": [capacity_se],
        "alphac_hat_results": found["capacity"],
        "alphac_hat_se_results": errors["capacity"],
        "mean_argmax_norm2_results": found["radius"] ** 2,
        "radius_se_results": [_summary(models, "radius")[1]],
        "effective_dimension_results": found["dimension"],
        "dimension_se_results": [_summary(models, "dimension")[1]],
        "effective_dimension2_results": found["dimension_matlab"],
        "mean_argmax_norm_results": found["gaussian_radius"] ** 2,
        "mean_half_width_results": found["gaussian_half_width"],
        "mean_half_width2_results": found["half_width"],
        "spectral_dimension_results": np.stack([participation_ratio(x) for _, x in fitted]),
        "spectral_radius_results": np.stack([spectral_radii(x) for _, x in fitted]),
        **_of_centers(estimator, manifolds),
        "residual_correlations_results": center_correlations(residual),
    }


def _of_centers(estimator: MeanFieldCapacity, manifolds: list[np.ndarray]) -> dict[str, Any]:
    """Return the variables that are of the centers, and of what is removed from them."""
    removals, directions = estimator.removals_, estimator.directions_
    centers = np.stack([samples.mean(axis=0) for samples in manifolds])
    centers -= centers.mean(axis=0)
    correlations = center_correlations(manifolds)
    return {
        "best_K_results": [estimator.n_centers_removed_],
        "effective_n_results": [centers.shape[1]],
        "mean_abs_corrcoef_results": removals.absolute_correlation,
        "mean_square_corrcoef_results": removals.squared_correlation,
        "mean_abs_correlations_results": removals.absolute_product,
        "mean_square_correlations_results": removals.squared_product,
        "centers_norm_results": removals.center_norms,
        "common_subspace_results": directions.T,
        "AllKs": np.arange(len(estimator.residual_correlation_), dtype=float),
        "residual_centers_results": (centers - centers @ directions.T @ directions).T,
        "original_correlations_results": correlations,
        "correlation_spectrum_results": np.linalg.svd(centers, compute_uv=False) ** 2,
        "normalized_correlation_spectrum_results": np.linalg.eigvalsh(correlations)[::-1],
    }


def _joint(
    estimator: JointCapacity, manifolds: list[np.ndarray], subsets: list[np.ndarray] | None
) -> dict[str, Any]:
    """Return what MATLAB has no names for."""
    models = [model for model, _ in _refitted(estimator, manifolds, subsets)]
    variables = {}
    for name in JOINT_QUANTITIES:
        value, error = _summary(models, name)
        variables[f"joint_{name}_results"] = [value]
        variables[f"joint_{name}_se_results"] = [error]
    return variables


def _direct(
    estimator: DirectCapacity, manifolds: list[np.ndarray], subsets: None
) -> dict[str, Any]:
    """Return the variables of check_capacity."""
    tested = np.full((2, estimator.n_features_in_), np.nan)
    tested[:, estimator.n_tested_ - 1] = estimator.separability_, estimator.n_attempts_
    return {
        "capacity_results": [estimator.n_critical_],
        "capacity_se_results": [estimator.n_critical_se_],
        "direct_capacity_results": [estimator.capacity_],
        "direct_capacity_se_results": [estimator.capacity_se_],
        "separability_results": tested[0],
        "neuron_samples_used_results": tested[1],
    }


def _refitted(
    estimator: Any, manifolds: list[np.ndarray], subsets: list[np.ndarray] | None, **options: Any
) -> list[tuple[Any, list[np.ndarray]]]:
    """Return an estimator fitted to each subset of neurons, with the manifolds in it."""
    if subsets is None:
        return [(estimator, manifolds)]
    found = []
    for k, subset in enumerate(subsets):
        seed = (estimator.random_state + 1 + k) % 2**31
        again = clone(estimator).set_params(random_state=seed, **options)
        chosen = [samples[:, subset] for samples in manifolds]
        found.append((again.fit(chosen), chosen))
    return found


def _summary(models: list[Any], name: str) -> tuple[float, float]:
    """Return a quantity over subsets and its standard error; a capacity by harmonic means.

    With one subset, that of all neurons, these are the model's own.
    """
    values = np.array([getattr(model, f"{name}_") for model in models], dtype=float)
    if values.ndim > 1:
        raise ValueError(
            f"{type(models[0]).__name__} must have one {name}, of one kappa, got {values.shape[1]}"
        )
    if len(models) == 1:
        return float(values[0]), float(getattr(models[0], f"{name}_se_"))
    if name == "capacity":
        inverse, error = _mean(1 / values)
        return 1 / inverse, error / inverse**2
    return _mean(values)


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


class Stage(NamedTuple):
    """What an estimator's results are called."""

    name: str
    variables: Callable[[Any, list[np.ndarray], Any], dict[str, Any]]


STAGES: dict[type, Stage] = {
    MeanFieldCapacity: Stage("lowrank_optimalK", _mean_field),
    DirectCapacity: Stage("capacity", _direct),
    JointCapacity: Stage("joint", _joint),
}
