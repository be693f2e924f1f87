"""Checks of what users pass in: the only place that copies or casts arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array


def as_matrix(x: ArrayLike, name: str) -> np.ndarray:
    """Return ``x`` as a C-contiguous float64 matrix of finite numbers.

    ``x`` itself comes back if it is one already: it is never written to.
    """
    return as_array(x, name, ndim=2)


def as_array(x: ArrayLike, name: str, ndim: int, *, allow_nan: bool = False) -> np.ndarray:
    """Return ``x`` as a C-contiguous float64 array of ``ndim`` dimensions.

    ``x`` itself comes back if it is one already: it is never written to.
    """
    if _is_ready(x) and x.ndim == ndim and _is_finite(x):
        return x
    return _as_array(x, name, ndim, allow_nan)


def as_responses(x: ArrayLike, name: str, ndim: int) -> np.ndarray:
    """Return ``x`` as `as_array` does, but leave it to others to look for NaN and infinity."""
    return x if _is_ready(x) and x.ndim == ndim else _as_array(x, name, ndim, allow_nan=True)


def _as_array(x: Any, name: str, ndim: int, allow_nan: bool = False) -> np.ndarray:
    """Return ``x`` as a ready array of ``ndim`` dimensions, or say what it is."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            x = check_array(
                x,
                dtype=np.float64,
                order="C",
                allow_nd=True,
                ensure_2d=False,
                ensure_all_finite="allow-nan" if allow_nan else True,
                input_name=name,
            )
    except (TypeError, ValueError) as error:
        if name in str(error):
            raise
        raise type(error)(f"{name}: {error}") from None
    if x.ndim != ndim:
        hint = " Reshape your data" if x.ndim < ndim else ""
        raise ValueError(
            f"{name} must have {ndim} dimensions, got shape {x.shape}. "
            f"Expected {ndim}d arrays.{hint}"
        )
    if x.size == 0:
        raise ValueError(
            f"{name} must not be empty, got shape {x.shape}: 0 sample(s) or "
            "0 feature(s), while a minimum of 1 is required."
        )
    return np.require(x, np.float64, ["C", "A"])


def _is_ready(x: Any) -> TypeGuard[np.ndarray]:
    return (
        type(x) is np.ndarray
        and x.dtype.char == "d"
        and x.dtype.isnative
        and x.flags.c_contiguous
        and x.flags.aligned
        and x.size > 0
    )


def _is_finite(x: np.ndarray) -> bool:
    """Whether the sum is finite: then all is. The slow check settles the rest."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.isfinite(np.add.reduce(x, axis=None))


def as_turned(x: Any, name: str) -> tuple[np.ndarray, bool]:
    """Return a real matrix, or its transpose, as C-contiguous, and whether it is the transpose.

    float32 and float64 matrices in either order come back as views.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.size == 0:
        raise ValueError(
            f"{name} must have shape (n_conditions, n_features) and not be empty, got {x.shape}"
        )
    if x.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be real numbers, got {x.dtype}")
    dtype = np.float32 if x.dtype.itemsize <= 4 and x.dtype.kind == "f" else np.float64
    turned = x.flags.f_contiguous and not x.flags.c_contiguous
    return np.require(x.T if turned else x, dtype, ["C", "A"]), bool(turned)


def as_integers(x: ArrayLike, name: str) -> np.ndarray:
    """Return ``x`` as a C-contiguous int64 vector, which may be empty."""
    x = np.asarray(x)
    if x.ndim != 1 or (x.size and x.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be a list of integers, got {x.dtype} of shape {x.shape}")
    return np.ascontiguousarray(x, np.int64)


def pad(x: np.ndarray, width: int) -> np.ndarray:
    """Return ``x`` with silent features up to ``width``: a copy, if it takes any."""
    if x.shape[-1] == width:
        return x
    padded = np.zeros((*x.shape[:-1], width))
    padded[..., : x.shape[-1]] = x
    return padded


def as_matrices(networks: Sequence[tuple[str, Any]]) -> list[np.ndarray]:
    """Return the matrices of named networks."""
    return [as_matrix(x, name) for name, x in networks]


def check_widths(networks: Sequence[tuple[str, Any]]) -> None:
    """Raise if the matrices differ in width, because zero padding is off."""
    first, x0 = networks[0]
    for name, x in networks:
        if np.shape(x)[1] != np.shape(x0)[1]:
            raise ValueError(
                "Expected arrays with equal dimensions, because zero_pad is False, but "
                f"{first} has {np.shape(x0)[1]} features and {name} {np.shape(x)[1]}."
            )


def check_option(value: object, name: str, allowed: Sequence[str]) -> None:
    """Raise if ``value`` is not one of the allowed strings."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(
            f"Expected `{name}` parameter to be in {{{', '.join(map(repr, allowed))}}}. "
            f"Found instead {name} == {value!r}."
        )


def check_number(value: object, name: str, low: float, high: float) -> None:
    """Raise if ``value`` is not a number in [low, high]."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be in [{low:g}, {high:g}], got {value!r}")


def as_distances(D: ArrayLike, name: str, *, signed: bool = False) -> np.ndarray:
    """Return ``D`` as an exactly symmetric float64 matrix of 2 rows or more, its diagonal zero.

    Departures below a millionth of the largest entry count as rounding and are mended,
    on a copy. Negative entries raise unless ``signed``.
    """
    matrix = as_matrix(D, name)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be a square matrix, got shape {matrix.shape}")
    if len(matrix) < 2:
        raise ValueError(f"{name} must have at least 2 rows, got {len(matrix)}")
    if asymmetry := departure(matrix - matrix.T, matrix):
        raise ValueError(f"{name} must be symmetric, got entries {asymmetry:.3g} from their mirror")
    if diagonal := departure(matrix.diagonal(), matrix):
        raise ValueError(f"{name} must have a zero diagonal, got {diagonal:.3g} on it")
    if not signed and matrix.min() < 0:
        raise ValueError(f"{name} must not be negative, got {matrix.min():.3g}")
    if not matrix.diagonal().any() and np.array_equal(matrix, matrix.T):
        return matrix
    mended: np.ndarray = (matrix + matrix.T) / 2
    np.fill_diagonal(mended, 0.0)
    return mended


def departure(values: np.ndarray, matrix: np.ndarray) -> float:
    """Return how far values of a matrix that should be zero are from it, 0 if by rounding.

    Rounding is up to a millionth of the largest entry of the matrix. NaN do not count.
    """
    far, largest = (np.fmax.reduce(np.abs(x), axis=None, initial=0.0) for x in (values, matrix))
    return float(far) if far > 1e-6 * largest else 0.0


def as_codes(y: ArrayLike, name: str, n_networks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted distinct labels and which of them each network has."""
    labels: np.ndarray = check_array(y, dtype=None, ensure_2d=False, allow_nd=True, input_name=name)
    if labels.shape != (n_networks,):
        raise ValueError(f"{name} must have shape ({n_networks},), got {labels.shape}")
    return np.unique(labels, return_inverse=True)


def check_integer(value: object, name: str, low: int) -> None:
    """Raise if ``value`` is not an integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < low:
        raise ValueError(f"{name} must be at least {low}, got {value!r}")
