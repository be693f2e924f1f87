"""Banded ridge by himalaya: a penalty for each feature space and target."""

from __future__ import annotations

from typing import Any

import numpy as np

from netrep_go._optional import optional

_N_ITER = 20  # draws of relative weights of feature spaces


def fit_bands(
    kernels: np.ndarray,
    y: np.ndarray,
    alphas: np.ndarray,
    splits: Any,
    alpha_per_target: bool,
    seed: int,
) -> Any:
    """Fit a multiple-kernel ridge to centered kernels (n_bands, n, n) and targets."""
    module = optional("himalaya.kernel_ridge", "encoding", "regression='banded'")
    return module.MultipleKernelRidgeCV(
        kernels="precomputed",
        solver="random_search",
        solver_params={
            "n_iter": _N_ITER,
            "alphas": alphas,
            "local_alpha": alpha_per_target,
            "progress_bar": False,
            "n_targets_batch": 1000,
        },
        cv=list(splits),
        random_state=seed,
    ).fit(kernels, y)
