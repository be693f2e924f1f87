"""What the metrics that iterate over alignments share."""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike
from sklearn.exceptions import ConvergenceWarning

GROUPS = ("orth", "perm", "identity")  # in the order of the Go constants

Group = Literal["orth", "perm", "identity"]
Arrays = tuple[np.ndarray, np.ndarray]


def check_double(dtype: DTypeLike) -> None:
    """Raise if ``dtype`` is not float64."""
    if np.dtype(dtype) != np.float64:
        raise ValueError(f"stochastic metrics compute in float64 only, got dtype {dtype!r}")


def warn_unless(converged: bool, what: str, niter: int) -> None:
    """Warn the caller's caller of what did not converge."""
    if not converged:
        warnings.warn(
            f"{what} did not converge in niter={niter} iterations; increase niter or tol",
            ConvergenceWarning,
            stacklevel=3,
        )
