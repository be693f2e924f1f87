"""Signs of axes that a decomposition leaves open."""

import numpy as np

_TIE = 1e-6  # entries whose sizes differ by less count as equal


def axis_signs(axes: np.ndarray) -> np.ndarray:
    """Return the sign of each row's first entry among the largest.

    Rounding decides which of two equal entries is the largest, so that sizes are compared with
    a tolerance.
    """
    sizes = np.abs(axes)
    large = sizes >= (1 - _TIE) * sizes.max(axis=1, keepdims=True)
    return np.where(axes[np.arange(len(axes)), large.argmax(axis=1)] < 0, -1.0, 1.0)
