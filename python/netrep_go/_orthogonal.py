"""Random orthogonal matrices, dense and structured."""

from __future__ import annotations

import numpy as np

from netrep_go import _native
from netrep_go._jobs import RandomState, as_random_state
from netrep_go._native import aside
from netrep_go._parameters import checked
from netrep_go._validation import as_array, as_matrix, check_integer


@checked
def rand_orth(m: int, n: int | None = None, random_state: RandomState = None) -> np.ndarray:
    """Draw a matrix with orthonormal columns or rows, uniformly.

    Parameters
    ----------
    m : int
        Number of rows.
    n : int, default=None
        Number of columns; ``m`` if it is not given.
    random_state : int, RandomState, Generator or None, default=None
        Determines the matrix. Square matrices are those of netrep and ``scipy.stats.ortho_group``
        for the same state. Others are not: they are drawn directly instead of being cut out of a
        large square one.

    Returns
    -------
    ndarray of shape (m, n)
        With orthonormal columns if m >= n, and orthonormal rows if m <= n.

    Raises
    ------
    ValueError
        If `m` or `n` is below 1.

    References
    ----------
    Mezzadri (2007). How to generate random matrices from the classical compact
    groups. Notices of the AMS 54, 592-604.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import rand_orth
    >>> Q = rand_orth(5, 3, random_state=0)
    >>> bool(np.allclose(Q.T @ Q, np.eye(3)))
    True
    """
    n = m if n is None else n
    check_integer(m, "m", 1)
    check_integer(n, "n", 1)
    draws = as_random_state(random_state).normal(size=(max(m, n), min(m, n)))
    Q, R = aside(lambda: np.linalg.qr(draws), draws.size)
    Q *= np.where(np.diagonal(R) < 0, -1.0, 1.0)
    return Q if m >= n else Q.T


@checked
def rand_struc_orth(n: int, n_transforms: int = 3, random_state: RandomState = None) -> np.ndarray:
    """Draw the sign flips of a structured orthogonal transformation.

    Parameters
    ----------
    n : int
        Dimension.
    n_transforms : int, default=3
        Number of sign flips between Hadamard transforms.
    random_state : int, RandomState, Generator or None, default=None
        Determines the signs.

    Returns
    -------
    ndarray of int of shape (n_transforms, n)
        Signs, +1 or -1.

    Raises
    ------
    ValueError
        If `n` is below 1, or `n_transforms` is negative.

    See Also
    --------
    struc_orth_matvec : Applies the transformation.

    Examples
    --------
    >>> from netrep_go.utils import rand_struc_orth
    >>> rand_struc_orth(4, n_transforms=2, random_state=0)
    array([[-1, -1, -1, -1],
           [ 1, -1,  1, -1]])
    """
    check_integer(n, "n", 1)
    check_integer(n_transforms, "n_transforms", 0)
    draws = as_random_state(random_state).rand(n_transforms, n)
    return np.where(draws > 0.5, -1, 1)


@checked
def struc_orth_matvec(Ds: np.ndarray, a: np.ndarray, transpose: bool = False) -> None:
    """Multiply a vector by a structured orthogonal matrix, in place.

    Computes ``H @ D[-1] @ ... @ H @ D[0] @ H @ a`` with the orthonormal Hadamard
    matrix H, or the product with the transpose of that matrix.

    Parameters
    ----------
    Ds : ndarray of shape (n_transforms, n)
        Signs, as :func:`rand_struc_orth` draws them.
    a : ndarray of float of shape (n,)
        Vector; n is a power of two. It is overwritten with the result.
    transpose : bool, default=False
        Multiply by the transpose, which is the inverse.

    Raises
    ------
    ValueError
        If `a` is not a writeable vector whose length is a power of two, or `Ds` does
        not fit it.

    References
    ----------
    Yu, Suresh, Choromanski, Holtmann-Rice & Kumar (2016). Orthogonal Random
    Features. NeurIPS 29.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import rand_struc_orth, struc_orth_matvec
    >>> Ds, a = rand_struc_orth(4, random_state=0), np.array([1.0, 2.0, 3.0, 4.0])
    >>> struc_orth_matvec(Ds, a)
    >>> struc_orth_matvec(Ds, a, transpose=True)
    >>> a.round(12)
    array([1., 2., 3., 4.])
    """
    _check_vector(a)
    if not np.issubdtype(a.dtype, np.floating):
        raise TypeError(f"a must hold floating-point numbers, got dtype {a.dtype}")
    if np.ndim(Ds) != 2:
        raise ValueError("Expected array `Ds` to be a matrix.")
    Ds = as_matrix(Ds, "Ds")
    if Ds.shape[1] != a.size:
        raise ValueError("Dimension mismatch. Expected Ds.shape[1] == a.size.")
    fwht(a)
    for signs in Ds[::-1] if transpose else Ds:
        a *= signs
        fwht(a)
    a /= np.sqrt(a.size) ** (1 + len(Ds))


@checked
def fwht(a: np.ndarray) -> None:
    """Apply the fast Walsh-Hadamard transform, in place and without normalization.

    Parameters
    ----------
    a : ndarray of shape (n,)
        Vector; n is a power of two. It is overwritten with ``H @ a``, H being
        ``scipy.linalg.hadamard(n)``.

    Raises
    ------
    ValueError
        If ``a`` is not a writeable vector whose length is a power of two, or is of
        integers whose transform does not fit into their type.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import fwht
    >>> a = np.array([1.0, 0.0, 1.0, 0.0])
    >>> fwht(a)
    >>> a
    array([2., 2., 0., 0.])
    """
    _check_vector(a)
    if not a.flags.writeable:
        raise ValueError("a is read-only, but the transform is written to it")
    if a.dtype.kind not in "fiu":
        raise TypeError(f"a must hold numbers, got dtype {a.dtype}")
    work = np.array(as_array(a, "a", 1))  # a call that Ctrl-C has left may still write to this one
    _native.call("utils.fwht", {"a": work}, {})
    if a.dtype.kind in "iu" and not _fits(work, a.dtype):
        raise ValueError(f"a of dtype {a.dtype} cannot hold its transform: give it as float64")
    a[...] = work


def _fits(values: np.ndarray, dtype: np.dtype) -> bool:
    """Whether whole numbers are in the range of an integer type, and exact in float64."""
    limits = np.iinfo(dtype)
    low, high = max(limits.min, -(2**53)), min(limits.max, 2**53)
    return bool(low <= values.min() and values.max() <= high)


def _check_vector(a: np.ndarray) -> None:
    if not isinstance(a, np.ndarray) or isinstance(a, np.ma.MaskedArray):
        raise TypeError(f"a must be an array, as it is written to, got {type(a).__name__}")
    if a.ndim != 1:
        raise ValueError("Expected array `a` to be a vector.")
    if a.size == 0 or a.size & (a.size - 1):
        raise ValueError(
            f"Expected length of `a` to be a power of two. Saw instead, len(a) == {a.size}."
        )
