"""What the measures that iterate over alignments share."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.exceptions import ConvergenceWarning

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


def warn_unless(converged: bool, what: str, niter: int) -> None:
    """Warn the user of what did not converge."""
    if not converged:
        warn_user(
            f"{what} did not converge in niter={niter} iterations: increase niter or tol",
            ConvergenceWarning,
        )
