"""The combinations of sets that a variance is partitioned among.

Entry s of an array over them stands for the sets whose bits are in s + 1.
"""

from __future__ import annotations

from itertools import compress

import numpy as np

from netrep_go._names import Name


def subsets(names: list[Name]) -> list[list[Name]]:
    """Return the names of the sets of each combination."""
    n = len(names)
    members = ([s + 1 >> k & 1 for k in range(n)] for s in range(2**n - 1))
    return [list(compress(names, member)) for member in members]


def subset_labels(names: list[Name]) -> list[str]:
    """Return a text for each combination, such as 'low & high'."""
    return [" & ".join(map(str, chosen)) for chosen in subsets(names)]


def parts_of(r2: np.ndarray) -> np.ndarray:
    """Return what exactly the sets of each combination explain, by Möbius inversion.

    R2 and parts are along the last axis.
    """
    n_sets = int(r2.shape[-1] + 1).bit_length() - 1
    everything = r2[..., -1:]
    without = np.concatenate([np.zeros_like(everything), r2], axis=-1)[..., ::-1]
    parts = (everything - without).reshape(*r2.shape[:-1], *(2,) * n_sets)
    for axis in range(-n_sets, 0):
        low, high = np.moveaxis(parts, axis, 0)
        high -= low
    return parts.reshape(*r2.shape[:-1], -1)[..., 1:]
