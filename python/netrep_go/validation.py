"""Checks under the names of netrep's validation module."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._names import check_same_indexes
from netrep_go._parameters import checked
from netrep_go._validation import SAMPLES_ALIKE, as_factor, pad

__all__ = ["check_equal_shapes"]


def __dir__() -> list[str]:
    return sorted(__all__)


@checked
def check_equal_shapes(
    X: ArrayLike, Y: ArrayLike, nd: int = 2, zero_pad: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays that may be compared, padded with zeros if asked to.

    Parameters
    ----------
    X, Y : array_like
        Activations with ``nd`` dimensions; the last one holds features.
    nd : int, default=2
        Number of dimensions that both must have.
    zero_pad : bool, default=False
        If True, the array with fewer features is padded with zeros, on a copy.

    Returns
    -------
    X, Y : ndarray of float64
        Arrays of equal shape.

    Raises
    ------
    ValueError
        If an array is not real, finite and of ``nd`` dimensions, the shapes differ in
        more than padding can mend, or data frames name other samples.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.validation import check_equal_shapes
    >>> X, Y = check_equal_shapes(np.ones((4, 2)), np.ones((4, 3)), zero_pad=True)
    >>> X.shape, Y.shape
    ((4, 3), (4, 3))
    """
    check_same_indexes([("X", X), ("Y", Y)], "samples")
    X, Y = as_factor(X, "X", nd), as_factor(Y, "Y", nd)
    if X.shape == Y.shape:
        return X, Y
    if not zero_pad or X.shape[:-1] != Y.shape[:-1]:
        rule = (
            "features alone may differ, with zero_pad=True" if len(X) == len(Y) else SAMPLES_ALIKE
        )
        raise ValueError(
            "X and Y: Expected arrays with equal dimensions, but got arrays with shapes "
            f"{X.shape} and {Y.shape}: {rule}"
        )
    width = max(X.shape[-1], Y.shape[-1])
    return pad(X, width), pad(Y, width)
