"""Projections on polyhedral cones: what every quadratic program of capacity comes down to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrep_go import _native
from netrep_go._jobs import progress_bar
from netrep_go._names import check_same_indexes
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._sizes import exponents, of_order_one
from netrep_go._validation import as_matrix

__all__ = ["ConeProjection", "project_on_cone"]


class _Fields(NamedTuple):
    weights: np.ndarray
    squared_norm: np.ndarray
    n_active: np.ndarray
    violation: np.ndarray


class ConeProjection(Result, _Fields):
    """Projections of vectors on a cone.

    Attributes
    ----------
    weights : ndarray of shape (n_vectors, n_generators)
        Weights of the generators. The projections themselves are
        ``weights @ generators``.
    squared_norm : ndarray of shape (n_vectors,)
        Squared lengths of the projections.
    n_active : ndarray of shape (n_vectors,)
        Number of positive weights, which is the dimension of the face of the cone
        that the projection lies inside of: active generators are linearly
        independent.
    violation : ndarray of shape (n_vectors,)
        How far the optimality conditions are from being met: the largest product of
        the residual with a generator of unit length, in units of the largest such
        product of the vector. It is above 1e-12 only where generators are linearly
        dependent up to rounding.
    """

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each vector.

        Returns
        -------
        pandas.DataFrame
            Columns ``squared_norm``, ``n_active`` and ``violation``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame({name: getattr(self, name) for name in self._fields[1:]})


@checked
def project_on_cone(
    B: ArrayLike,
    S: ArrayLike,
    *,
    precomputed: bool = False,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ConeProjection:
    r"""Project vectors on a polyhedral cone by non-negative least squares.

    For the generators :math:`s_j` of the cone and each vector b, finds

    .. math:: \min_{\mu \ge 0} \Big\| \sum_j \mu_j s_j - b \Big\|^2

    by an active-set method on the Gram matrix of the generators, exactly up to
    rounding. Duplicates, zeros and linear dependence among the generators are allowed.

    Parameters
    ----------
    B : array_like of shape (n_vectors, n_features)
        Vectors to project. If ``precomputed``, their products with the generators,
        of shape (n_vectors, n_generators).
    S : array_like of shape (n_generators, n_features)
        Generators of the cone. If ``precomputed``, their Gram matrix ``S @ S.T``, of
        shape (n_generators, n_generators).
    precomputed : bool, default=False
        Whether products and Gram matrix are given.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ConeProjection
        ``weights``, ``squared_norm``, ``n_active`` and ``violation``.

    Raises
    ------
    ValueError
        If B or S is not a finite matrix or their shapes do not fit.

    References
    ----------
    .. [1] Lawson & Hanson (1974). Solving Least Squares Problems. Prentice-Hall.
    .. [2] Portugal, Judice & Vicente (1994). A comparison of block pivoting and
       interior-point algorithms for linear least squares problems with nonnegative
       variables. Math. Comp. 63, 625-643.

    Examples
    --------
    The cone between the first axis and the diagonal:

    >>> from netrep_go.capacity import project_on_cone
    >>> S = [[1.0, 0.0], [1.0, 1.0]]
    >>> projection = project_on_cone([[2.0, 1.0], [0.0, 2.0], [-1.0, 0.0]], S)
    >>> projection.weights @ S
    array([[2., 1.],
           [1., 1.],
           [0., 0.]])
    >>> projection.n_active
    array([2, 1, 0])
    """
    check_same_indexes([("B", B), ("S", S)], "columns", axis=-1)
    products, gram = as_matrix(B, "B"), as_matrix(S, "S")
    if products.shape[1] != gram.shape[1]:
        raise ValueError(
            f"B and S must have equally many columns, got {products.shape[1]} and {gram.shape[1]}"
        )
    sizes = exponents(products)  # which leave the rest in range, and no digit is lost
    if not precomputed:
        units = exponents(gram).T
        generators = of_order_one(gram)
        products, gram = of_order_one(products) @ generators.T, generators @ generators.T
        powers = 2 * sizes
    else:
        _check_gram(gram, "S")
        units = exponents(gram.reshape(1, -1))
        products, gram = of_order_one(products), np.ldexp(gram, -units)
        powers = 2 * sizes - units
    n_vectors = len(products)
    found = ConeProjection(
        np.empty_like(products),
        np.empty(n_vectors),
        np.empty(n_vectors, np.int64),
        np.empty(n_vectors),
    )
    with progress_bar("Projecting on a cone", verbose) as progress:
        _native.run(
            "capacity.project_on_cone",
            {
                "weights": found.weights,
                "squared_norms": found.squared_norm,
                "violation": found.violation,
                "n_active": found.n_active,
            },
            {"products": products, "gram": gram},
            n_jobs=n_jobs,
            progress=progress,
        )
    with np.errstate(over="ignore", under="ignore"):
        return found._replace(
            weights=np.ldexp(found.weights, sizes - units),
            squared_norm=np.ldexp(found.squared_norm, powers[:, 0]),
        )


def _check_gram(gram: np.ndarray, name: str) -> None:
    """Raise if a matrix is evidently no Gram matrix."""
    if gram.shape[0] != gram.shape[1] or not np.allclose(
        gram, gram.T, rtol=0, atol=1e-8 * np.abs(gram).max()
    ):
        raise ValueError(f"{name} must be a symmetric Gram matrix where precomputed is True")
    if gram.diagonal().min() < 0:
        raise ValueError(f"{name} must be a Gram matrix, but has a negative diagonal")
