"""Directions that the centers of manifolds share, and manifolds without them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning

from netrep_go import _native
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._sizes import FOURTH_POWERS, check_range
from netrep_go._validation import as_matrix, check_integer, check_number, check_option
from netrep_go.capacity._manifolds import Samples, as_manifolds

__all__ = ["CenterDirections", "center_correlation_cost", "find_center_directions"]


_MOST = 46  # directions that are tried unless the user says more, as in dnn-object-manifolds
MANY = 200  # manifolds of which more are searched from one start, and to less precision


class _Fields(NamedTuple):
    directions: np.ndarray
    n_removed: int
    correlation: np.ndarray
    stability: np.ndarray
    absolute_correlation: np.ndarray
    squared_correlation: np.ndarray
    absolute_product: np.ndarray
    squared_product: np.ndarray
    center_norms: np.ndarray


class CenterDirections(Result, _Fields):
    """Directions that make the centers of manifolds correlated.

    Attributes
    ----------
    directions : ndarray of shape (n_removed, n_features)
        Orthonormal. Manifolds without them are ``X - X @ directions.T @ directions``.
    n_removed : int
        Number of directions.
    correlation : ndarray of shape (n_tried + 1,)
        Mean correlation of the centers after the removal of 0, 1, ... directions: absolute
        or squared, as the criterion is.
    stability : ndarray of shape (n_tried + 1,)
        Smallest fraction of its distance from the mean that a center keeps.
    absolute_correlation, squared_correlation : ndarray of shape (n_tried + 1,)
        Means over pairs of centers, after the removal of 0, 1, ... directions:
        "mean_abs_corrcoef" and "mean_square_corrcoef" of dnn-object-manifolds. Infinite where
        a center vanishes.
    absolute_product, squared_product : ndarray of shape (n_tried + 1,)
        Those of the centers' inner products, which are not divided by their lengths:
        "mean_abs_correlations" and "mean_square_correlations" there.
    center_norms : ndarray of shape (n_tried + 1, n_manifolds)
        Distances of the centers from their mean, likewise: "centers_norm" there.
    """

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each number of directions that was tried.

        Returns
        -------
        pandas.DataFrame
            Columns ``n_removed`` and all quantities but ``directions`` and ``center_norms``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {name: getattr(self, name) for name in self._fields[2:-1]}
        return pandas().DataFrame({"n_removed": np.arange(len(self.correlation))} | columns)

    def plot(self, ax: Any = None) -> Any:
        """Draw correlation and stability against the number of directions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : netrep_go.plotting.CenterDirectionsDisplay
            The drawn display.
        """
        from netrep_go.plotting import CenterDirectionsDisplay

        return CenterDirectionsDisplay.from_directions(self, ax=ax)


@checked
def find_center_directions(
    X: Samples,
    y: ArrayLike | None = None,
    *,
    min_removed: int = 0,
    max_removed: int | None = None,
    criterion: Literal["absolute", "squared"] = "absolute",
    search: Literal["spectral", "stable"] = "spectral",
    n_restarts: int | None = None,
    max_iter: int = 5000,
    tol: float | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> CenterDirections:
    r"""Find the directions without which the centers of manifolds are least correlated.

    For K = 1, 2, ... directions, orthonormal columns of V, minimizes

    .. math:: f(V) = \frac12 \sum_{mn} \frac{E_{mn}^2}{E_{mm} E_{nn}}, \qquad
        E = C (I - V V^\top) C^\top

    where the rows of C are the centers relative to their mean: half the sum of the
    squared correlations that are left over. Each search starts from the best directions
    of the K before and one more. The search ends where the mean correlation has risen three
    times in a row and K is above 5, and the K with the smallest is chosen [1]_.

    There are many local minima, and ``search`` says which is taken. 'spectral' starts from
    the ``n_restarts`` axes in which the centers left are most correlated and keeps the end
    of least cost: the result depends on the centers alone. More than 200 manifolds are searched
    by a preconditioned quasi-Newton method, which needs one start. 'stable' is the references'
    rule: of ``n_restarts`` random starts it keeps the most stable end, which leaves the most of
    the center that loses most.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    min_removed : int, default=0
        Smallest number of directions. The references begin with 1.
    max_removed : int, default=None
        Largest number of directions, at most the number of manifolds minus 2. None is ten
        more than it takes to explain 95 % of the variance of the centers, at most 46.
    criterion : {'absolute', 'squared'}, default='absolute'
        Mean of absolute or of squared correlations.
    search : {'spectral', 'stable'}, default='spectral'
        Where searches start and which end is kept.
    n_restarts : int, default=None
        Starts for each K. None is 3, and 1 of more than 200 manifolds. The references make 10.
    max_iter : int, default=5000
        Steps of a search.
    tol : float, default=None
        Length of the gradient, relative to the sum over pairs, at which a search ends, which it
        also does where 20 steps gain less than 10 ``tol`` of the sum. None is 1e-6, and 1e-4 of
        more than 200 manifolds.
    random_state : int, RandomState, Generator or None, default=None
        Determines the starts of ``search='stable'``.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar, of searches.

    Returns
    -------
    CenterDirections
        The directions, how many they are, and what was measured for each number.

    Raises
    ------
    ValueError
        If there are fewer than two manifolds, one has its center at the mean of all, or
        more directions are asked for than there are.

    Notes
    -----
    Standard deviations of :class:`MeanFieldCapacity`'s capacity, over seeds and changes of the
    samples by 1e-15, with 20 runs of the default and 10 of 'stable' with 10 starts (relative
    errors of these numbers are 0.16 and 0.24), and what `capacity_se_` says, with the spread of
    5 searches and without. The default was chosen on other sets:

    =========================  =======  ========  =======  =======  ========
    manifolds                  default  reported  without  stable   reported
    =========================  =======  ========  =======  =======  ========
    digits, 10 x 20            0.0026   0.0041    0.0023   0.0110   0.0072
    halves of digits, 15       0.0089   0.0131    0.0014   0.0176   0.0149
    8 with 3 directions        0.1483   0.1671    0.0043   0.1953   0.2549
    8 with 2 directions        0.0044   0.0085    0.0044   0.0068   0.0070
    12 with 4 directions       0.0190   0.0166    0.0030   0.0097   0.0138
    40 with 5 directions       0.0047   0.0036    0.0025   0.0041   0.0033
    30, decaying spectrum      0.0890   0.1051    0.0029   -        -
    40, decaying spectrum      0.0656   0.0688    0.0049   -        -
    8, independent             0.0058   0.0063    0.0063   -        -
    20, independent            0.0050   0.0043    0.0044   -        -
    12, centers of rank 5      0.0065   0.0034    0.0007   -        -
    =========================  =======  ========  =======  =======  ========

    Where 'default' differs from 'without', inputs that are equal up to rounding lead to other
    minima: neither rule follows the data smoothly there, and 'stable' varies with the seed too.
    Where two minima are far apart, as for 8 with 3 directions, 5 searches may all find one:
    intervals of 1.96 standard errors held the mean in 0.65 of runs there, 0.75 to 1 elsewhere.

    References
    ----------
    .. [1] Cohen, Chung, Lee & Sompolinsky (2020). Separability and geometry of object
       manifolds in deep neural networks. Nature Communications 11, 746.

    Examples
    --------
    Centers that share two strong directions:

    >>> import numpy as np
    >>> from netrep_go.capacity import find_center_directions
    >>> rng = np.random.default_rng(0)
    >>> shared = 5 * rng.standard_normal((30, 2)) @ rng.standard_normal((2, 100))
    >>> centers = shared + rng.standard_normal((30, 100))
    >>> X = centers[:, np.newaxis] + 0.1 * rng.standard_normal((30, 6, 100))
    >>> found = find_center_directions(list(X), random_state=0)
    >>> found.n_removed
    2
    >>> found.correlation[:4].round(2)
    array([0.62, 0.52, 0.08, 0.08])
    """
    return find_directions(
        as_manifolds(X, y).centered_centers(),
        min_removed=min_removed,
        max_removed=max_removed,
        criterion=criterion,
        search=search,
        n_restarts=n_restarts,
        max_iter=max_iter,
        tol=tol,
        seed=seed_from(random_state),
        n_jobs=n_jobs,
        verbose=verbose,
    )


def find_directions(
    centers: np.ndarray,
    *,
    min_removed: int,
    max_removed: int | None,
    criterion: str,
    search: str,
    n_restarts: int | None,
    max_iter: int,
    tol: float | None,
    seed: int,
    n_jobs: int | None,
    verbose: bool,
) -> CenterDirections:
    """Find directions of centers whose mean is 0."""
    check_option(criterion, "criterion", ("absolute", "squared"))
    check_option(search, "search", ("spectral", "stable"))
    many = len(centers) > MANY
    n_restarts = (1 if many else 3) if n_restarts is None else n_restarts
    tol = (1e-4 if many else 1e-6) if tol is None else tol
    check_integer(min_removed, "min_removed", 0)
    check_integer(n_restarts, "n_restarts", 1)
    check_integer(max_iter, "max_iter", 1)
    check_number(tol, "tol", 0.0, 1.0)
    gram = centers @ centers.T
    most = _most(gram, min_removed, max_removed)
    inputs = {
        "gram": gram,
        "least": min_removed,
        "most": most,
        "measure": criterion,
        "restarts": n_restarts,
        "search": search,
        "max_iter": max_iter,
        "tol": float(tol),
        "seed": seed,
    }
    outputs = {
        "weights": np.empty((len(gram), max(1, most))),
        "means": np.empty((most + 1, 4)),
        "norms": np.empty((most + 1, len(gram))),
        "stability": np.empty(most + 1),
        "counts": np.empty(3, np.int64),
    }
    with progress_bar("Searching directions of centers", verbose) as progress:
        _native.run("capacity.center_directions", outputs, inputs, n_jobs=n_jobs, progress=progress)
    n_removed, tried, converged = outputs["counts"].tolist()
    if not converged:
        warn_user(
            f"the search for {n_removed} directions of the centers did not converge in "
            f"{max_iter} steps: increase max_iter",
            ConvergenceWarning,
        )
    return _found_directions(centers, criterion, n_removed, tried, outputs)


def _found_directions(
    centers: np.ndarray, criterion: str, n_removed: int, tried: int, found: dict[str, np.ndarray]
) -> CenterDirections:
    """Return the directions that are removed, and what was found for each number of them."""
    absolute, squared, absolute_product, squared_product = found["means"][: tried + 1].T
    directions = np.linalg.qr(centers.T @ found["weights"][:, :n_removed])[0].T
    return CenterDirections(
        np.ascontiguousarray(directions),
        n_removed,
        squared if criterion == "squared" else absolute,
        found["stability"][: tried + 1],
        absolute,
        squared,
        absolute_product,
        squared_product,
        found["norms"][: tried + 1],
    )


def _most(gram: np.ndarray, min_removed: int, max_removed: int | None) -> int:
    """Return the largest number of directions to try."""
    limit = max(0, len(gram) - 2)
    if min_removed > limit:
        raise ValueError(
            f"min_removed must be at most {limit} for {len(gram)} manifolds, got {min_removed}"
        )
    if max_removed is None:
        return max(min(variance_limit(gram), _MOST), min_removed)
    check_integer(max_removed, "max_removed", min_removed)
    if max_removed > limit:
        raise ValueError(
            f"max_removed must be at most {limit} for {len(gram)} manifolds, got {max_removed}"
        )
    return int(max_removed)


def variance_limit(gram: np.ndarray) -> int:
    """Return mftma's largest number of directions, given the centers' Gram matrix."""
    spectrum = np.linalg.eigvalsh(gram)[::-1]
    explained = np.cumsum(spectrum) / spectrum.sum()
    return max(0, min(len(gram) - 2, max(1, int(np.count_nonzero(explained < 0.95))) + 10))


@checked
def center_correlation_cost(centers: ArrayLike, V: ArrayLike) -> tuple[float, np.ndarray]:
    r"""Return the cost that :func:`find_center_directions` minimizes, and its gradient.

    .. math:: f(V) = \frac12 \sum_{mn} \frac{E_{mn}^2}{E_{mm} E_{nn}}, \qquad
        E = C (I - V V^\top) C^\top

    .. math:: \nabla f = 2 C^\top (\mathrm{diag}(b) - A) C V, \qquad
        A_{mn} = \frac{E_{mn}}{E_{mm} E_{nn}}, \quad
        b_m = \sum_n \frac{E_{mn}^2}{E_{mm}^2 E_{nn}}

    Parameters
    ----------
    centers : array_like of shape (n_manifolds, n_features)
        Centers C, used as they are.
    V : array_like of shape (n_features, n_directions)
        Orthonormal columns.

    Returns
    -------
    cost : float
        At least half the number of manifolds, which is reached where the centers are
        uncorrelated. Infinite where nothing is left of a center.
    gradient : ndarray of shape (n_features, n_directions)
        Derivatives with respect to V, not restricted to orthonormal columns.

    Raises
    ------
    ValueError
        If `V` has other columns than orthonormal ones, or not a row for each feature.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import center_correlation_cost
    >>> centers = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    >>> center_correlation_cost(centers, [[1.0], [0.0], [0.0]])[0]
    1.0
    """
    C, V = as_matrix(centers, "centers"), as_matrix(V, "V")
    check_range(C.ravel(), "centers", FOURTH_POWERS)
    if V.shape[0] != C.shape[1]:
        raise ValueError(f"V must have {C.shape[1]} rows, one for each feature, got {V.shape[0]}")
    if np.abs(V.T @ V - np.eye(V.shape[1])).max() > 1e-6:
        raise ValueError("V must have orthonormal columns")
    cost, gradient = np.empty(1), np.zeros(V.shape)
    _native.call(
        "capacity.correlation_cost", {"cost": cost, "gradient": gradient}, {"x": C, "v": V}
    )
    return float(cost[0]), gradient
