"""What the measures that iterate over alignments share."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from netrep_go import _native
from netrep_go._cohort import Cohorts, Measured, measure
from netrep_go._jobs import warn_user

GROUPS = ("orth", "perm", "identity")

Group = Literal["orth", "perm", "identity"]
Arrays = tuple[np.ndarray, np.ndarray]

_INVARIANCES = {
    "orth": {"permutation", "rotation"},
    "perm": {"permutation"},
    "identity": set(),
}


def group_invariances(group: Group) -> set[str]:
    """Return what a minimum over a group of alignments leaves out."""
    return set(_INVARIANCES[group])


def measure_fits(
    routine: str,
    cohorts: Cohorts,
    inputs: dict[str, _native.Argument],
    niter: int,
    n_jobs: int | None,
    verbose: bool,
) -> Measured:
    """Fit and measure pairs of a cohort, and warn of fits that did not converge."""
    unsettled = np.zeros(1, np.int64)
    counts = {"unconverged": unsettled}
    measured = measure(routine, cohorts, inputs, n_jobs=n_jobs, verbose=verbose, counts=counts)
    warn_unless(unsettled[0] == 0, f"{unsettled[0]} fits", niter)
    return measured


def warn_unless(converged: bool, what: str, niter: int) -> None:
    """Warn the user of what did not converge."""
    if not converged:
        warn_user(
            f"{what} did not converge in niter={niter} iterations: increase niter or tol",
            ConvergenceWarning,
        )
