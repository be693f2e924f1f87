"""Helper functions under the names of netrep's utils module."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike
from scipy.linalg import orthogonal_procrustes
from sklearn.utils.extmath import randomized_svd

from netrep_go import _native
from netrep_go._jobs import RandomState, as_random_state
from netrep_go._names import check_same_indexes
from netrep_go._native import aside
from netrep_go._orthogonal import fwht, rand_orth, rand_struc_orth, struc_orth_matvec
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import (
    as_factor,
    as_matrix,
    check_integer,
    check_number,
    check_option,
    ndim_of,
)
from netrep_go.validation import check_equal_shapes

__all__ = [
    "align",
    "angular_distance",
    "centered_kernel",
    "econ_svd",
    "fwht",
    "posdefsqrt",
    "rand_orth",
    "rand_struc_orth",
    "sq_bures_metric",
    "sq_bures_metric_slow",
    "struc_orth_matvec",
    "trunc_svd",
    "whiten",
]


def __dir__() -> list[str]:
    return sorted(__all__)


@checked
def align(
    X: ArrayLike, Y: ArrayLike, group: Literal["orth", "perm", "identity"] = "orth"
) -> np.ndarray | scipy.sparse.csr_matrix | scipy.sparse.dia_matrix:
    r"""Return the isometry that brings X closest to Y.

    .. math:: T = \arg\min_{T \in G} \|X T - Y\|_F

    The angle between X T and Y is smallest for the same T.

    Parameters
    ----------
    X, Y : array_like of shape (n_samples, n_features)
        Activations; X is the one to transform.
    group : {'orth', 'perm', 'identity'}, default='orth'
        Rotations and reflections, permutations of columns, or the identity only.

    Returns
    -------
    ndarray, csr_matrix or dia_matrix of shape (n_features, n_features)
        T: dense for 'orth', sparse for 'perm' and 'identity'.

    Raises
    ------
    ValueError
        If `X` or `Y` is not a finite, real matrix, or their shapes differ.

    References
    ----------
    Gower & Dijksterhuis (2004). Procrustes Problems. Oxford University Press.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import align, rand_orth
    >>> X = np.random.default_rng(0).standard_normal((20, 4))
    >>> Q = rand_orth(4, random_state=0)
    >>> bool(np.allclose(align(X, X @ Q), Q))
    True
    """
    check_option(group, "group", ("orth", "perm", "identity"))
    X, Y = check_equal_shapes(X, Y)
    n = X.shape[1]
    if group == "orth":
        return aside(lambda: orthogonal_procrustes(X, Y)[0], 2 * X.size + n * n)
    if group == "identity":
        return scipy.sparse.eye(n)
    columns = np.empty(n, np.int64)
    _native.call("metrics.permutation_match", {"columns": columns}, {"x": X, "y": Y})
    return scipy.sparse.csr_matrix((np.ones(n), (np.arange(n), columns)), shape=(n, n))


@checked
def whiten(
    X: ArrayLike,
    alpha: float,
    preserve_variance: bool | Literal["exact"] = True,
    eigval_tol: float = 1e-7,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Whiten centered data in part.

    .. math:: Z = s \, V \mathrm{diag}(\alpha + (1 - \alpha) \lambda^{-1/2}) V^\top,
        \quad X^\top X = V \mathrm{diag}(\lambda) V^\top

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Data with centered columns.
    alpha : float
        Regularization in [0, 1]: 0 whitens in full, 1 changes nothing.
    preserve_variance : bool or 'exact', default=True
        With True, s is such that the total variance stays the same, every
        eigenvalue below ``eigval_tol`` counting as that much. This is netrep's
        rule, and for data of ordinary size that of
        :class:`netrep_go.metrics.LinearMetric`; it is off where X
        has null directions: at ``alpha=0`` and rank r, r / n_features of the variance is
        left. 'exact' counts what X has, so that the norm of X Z is that
        of X. With False, s = 1.
    eigval_tol : float, default=1e-7
        Eigenvalues count as at least this, in the square of the unit of X.

    Returns
    -------
    X_whitened : ndarray of shape (n_samples, n_features)
        X Z.
    Z : ndarray of shape (n_features, n_features)
        The whitening transform.

    Raises
    ------
    ValueError
        If `X` is not a finite, real matrix, or `alpha` is not from 0 to 1.

    References
    ----------
    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import whiten
    >>> X = np.random.default_rng(0).standard_normal((50, 3))
    >>> Xw, Z = whiten(X, 0.0, preserve_variance=False)
    >>> bool(np.allclose(Xw.T @ Xw, np.eye(3)))
    True
    """
    check_number(alpha, "alpha", 0, 1)
    check_number(eigval_tol, "eigval_tol", np.finfo(float).tiny, 1)
    if not np.isscalar(preserve_variance) or preserve_variance not in (True, False, "exact"):
        raise ValueError(
            f"preserve_variance must be True, False or 'exact', got {shown(preserve_variance)}"
        )
    X = as_factor(X, "X")
    Xw, Z = np.empty(X.shape), np.empty((X.shape[1], X.shape[1]))
    inputs = {
        "x": X,
        "alpha": float(alpha),
        "tol": float(eigval_tol),
        "preserve_variance": preserve_variance != "exact" and bool(preserve_variance),
    }
    _native.call("utils.whiten", {"xz": Xw, "z": Z}, inputs)
    if preserve_variance == "exact" and Xw.any():
        scale = np.linalg.norm(X) / np.linalg.norm(Xw)
        Xw *= scale
        Z *= scale
    return Xw, Z


@checked
def posdefsqrt(A: ArrayLike) -> np.ndarray:
    r"""Return the symmetric square root of a positive semi-definite matrix.

    Parameters
    ----------
    A : array_like of shape (n, n)
        Symmetric matrix. Negative eigenvalues count as zero.

    Returns
    -------
    ndarray of shape (n, n)
        :math:`V \mathrm{diag}(\lambda^{1/2}) V^\top` of
        :math:`A = V \mathrm{diag}(\lambda) V^\top`.

    Raises
    ------
    ValueError
        If `A` is not a finite, real, square matrix.

    Examples
    --------
    >>> from netrep_go.utils import posdefsqrt
    >>> posdefsqrt([[4.0, 0.0], [0.0, 9.0]])
    array([[2., 0.],
           [0., 3.]])
    """
    A = _square(A, "A")
    lam, V = aside(lambda: np.linalg.eigh(A), A.size)
    return (V * np.sqrt(np.maximum(lam, 0.0))) @ V.T


@checked
def sq_bures_metric(A: ArrayLike, B: ArrayLike) -> float:
    r"""Return the squared Bures distance of two positive semi-definite matrices.

    .. math:: \mathrm{tr} A + \mathrm{tr} B
        - 2 \, \mathrm{tr} (A^{1/2} B A^{1/2})^{1/2}
        = \min_{Q \in O(n)} \|A^{1/2} - B^{1/2} Q\|_F^2

    computed as the residual on the right: never negative, and accurate for
    matrices that are nearly equal.

    Parameters
    ----------
    A, B : array_like of shape (n, n)
        Symmetric matrices. Negative eigenvalues count as zero.

    Returns
    -------
    float
        The squared distance.

    Raises
    ------
    ValueError
        If `A` or `B` is not a finite, real, square matrix, or their sizes differ.

    References
    ----------
    Bhatia, Jain & Lim (2019). On the Bures-Wasserstein distance between positive
    definite matrices. Expositiones Mathematicae 37, 165-191.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import sq_bures_metric
    >>> round(sq_bures_metric(np.eye(3), 4 * np.eye(3)), 12)
    np.float64(3.0)
    """
    A, B = _squares(A, B)
    distance = np.empty(1)
    _native.call("utils.sq_bures_metric", {"distance": distance}, {"x": A, "y": B})
    return distance[0]


@checked
def sq_bures_metric_slow(A: ArrayLike, B: ArrayLike) -> float:
    r"""Return the squared Bures distance by its definition with square roots.

    .. math:: \mathrm{tr} A + \mathrm{tr} B
        - 2 \, \mathrm{tr} (A^{1/2} B A^{1/2})^{1/2}

    Parameters
    ----------
    A, B : array_like of shape (n, n)
        Symmetric matrices. Negative eigenvalues count as zero.

    Returns
    -------
    float
        The squared distance. Rounding can make it negative.

    Raises
    ------
    ValueError
        If `A` or `B` is not a finite, real, square matrix, or their sizes differ.

    See Also
    --------
    sq_bures_metric : Faster, and accurate near zero.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import sq_bures_metric_slow
    >>> round(sq_bures_metric_slow(np.eye(3), 4 * np.eye(3)), 12)
    np.float64(3.0)
    """
    A, B = _squares(A, B)
    root = posdefsqrt(A)
    lam = np.maximum(aside(lambda: np.linalg.eigvalsh(root @ B @ root), B.size), 0.0)
    return np.trace(A) + np.trace(B) - 2 * np.sqrt(lam).sum()


@checked
def centered_kernel(*args: Any, **kwargs: Any) -> np.ndarray:
    r"""Return a kernel matrix with centered rows and columns.

    .. math:: H K H, \quad H = I - \mathbf{1}\mathbf{1}^\top / m

    Parameters
    ----------
    *args, **kwargs
        Passed to :func:`sklearn.metrics.pairwise.pairwise_kernels`.

    Returns
    -------
    ndarray of shape (n_samples_X, n_samples_Y)
        The centered kernel matrix.

    Raises
    ------
    ValueError
        If the kernel is too large for float64.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import centered_kernel
    >>> X = np.random.default_rng(0).standard_normal((10, 3))
    >>> bool(np.allclose(centered_kernel(X, metric="rbf").sum(axis=0), 0))
    True
    """
    from sklearn.metrics.pairwise import pairwise_kernels  # late: it takes 15 ms

    metric = args[2] if len(args) > 2 else kwargs.get("metric")
    if isinstance(metric, type):
        raise TypeError(f"metric must be the name of a kernel or a function, got {shown(metric)}")
    arrays = [_as_operand(x, name) for x, name in zip(args, "XY", strict=False)]
    named = {name: _as_operand(x, name) if name in "XY" else x for name, x in kwargs.items()}
    with np.errstate(over="ignore", invalid="ignore"):
        K = pairwise_kernels(*arrays, *args[2:], **named)
    if not np.isfinite(K).all():
        raise ValueError("the kernel of X and Y is too large for float64; rescale them")
    K = K - K.mean(axis=0, keepdims=True)
    return K - K.mean(axis=1, keepdims=True)


def _as_operand(x: Any, name: str) -> Any:
    """Return a matrix that is checked; sparse ones, and a Y that is None, are left as they are."""
    return x if x is None or scipy.sparse.issparse(x) else as_matrix(x, name)


@checked
def angular_distance(X: ArrayLike, Y: ArrayLike) -> float:
    r"""Return the angle between two matrices.

    .. math:: \arccos \frac{\langle X, Y \rangle}{\|X\|_F \|Y\|_F}

    computed from the chord between the normalized matrices, which is accurate
    down to zero.

    Parameters
    ----------
    X, Y : array_like of shape (n_samples, n_features)
        Matrices.

    Returns
    -------
    float
        Angle in [0, pi].

    Raises
    ------
    ValueError
        If a matrix is zero, so that it has no angle to others.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import angular_distance
    >>> angular_distance(np.eye(3), -np.eye(3))
    np.float64(3.141592653589793)
    """
    check_same_indexes([("X", X), ("Y", Y)], "features", axis=-1)
    X, Y = check_equal_shapes(X, Y, nd=ndim_of(X, "X"))
    sizes = np.linalg.norm(X.ravel()), np.linalg.norm(Y.ravel())
    if 0.0 in sizes:
        raise ValueError("X and Y must not be zero: a zero matrix has no angle to others")
    x, y = X / sizes[0], Y / sizes[1]
    return 2 * np.arctan2(np.linalg.norm((x - y).ravel()), np.linalg.norm((x + y).ravel()))


@checked
def trunc_svd(
    X: ArrayLike, r: int, *, random_state: RandomState = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the leading part of a singular value decomposition, by random sketches.

    Parameters
    ----------
    X : array_like of shape (m, n)
        Matrix.
    r : int
        Number of singular values.
    random_state : int, RandomState, Generator or None, default=None
        Determines the sketch.

    Returns
    -------
    U : ndarray of shape (m, r)
        Left singular vectors.
    s : ndarray of shape (r,)
        Singular values.
    Vt : ndarray of shape (r, n)
        Right singular vectors.

    Raises
    ------
    ValueError
        If `X` is not a finite, real matrix, or `r` is below 1.

    See Also
    --------
    sklearn.utils.extmath.randomized_svd : What this calls, with 5 power iterations.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import trunc_svd
    >>> U, s, Vt = trunc_svd(np.diag([3.0, 2.0, 1.0]), 2, random_state=0)
    >>> s.round(6)
    array([3., 2.])
    """
    check_integer(r, "r", 1)
    rng, x = as_random_state(random_state), as_matrix(X, "X")
    r = min(int(r), *x.shape)  # more directions would only be drawn
    return aside(lambda: randomized_svd(x, r, n_iter=5, random_state=rng), x.size)


@checked
def econ_svd(X: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the singular value decomposition without null vectors.

    Parameters
    ----------
    X : array_like of shape (m, n)
        Matrix.

    Returns
    -------
    U, s, Vt
        As :func:`numpy.linalg.svd` returns them with ``full_matrices=False``.

    Raises
    ------
    ValueError
        If `X` is not a finite, real matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.utils import econ_svd
    >>> U, s, Vt = econ_svd(np.ones((4, 2)))
    >>> U.shape, Vt.shape
    ((4, 2), (2, 2))
    """
    x = as_matrix(X, "X")
    return aside(lambda: np.linalg.svd(x, full_matrices=False), x.size)


def _square(A: ArrayLike, name: str) -> np.ndarray:
    A = as_matrix(A, name)
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"{name} must be square, got shape {A.shape}")
    return A


def _squares(A: ArrayLike, B: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return two square matrices of the same size and, if these have names, features."""
    check_same_indexes([("A", A), ("B", B)], "features")
    A, B = _square(A, "A"), _square(B, "B")
    if A.shape != B.shape:
        raise ValueError(f"A and B must be of the same size, got {A.shape} and {B.shape}")
    return A, B
