"""Linear measures of the size and dimension of manifolds, and of how their centers align."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svdvals

from netrep_go._jobs import said_once, warn_user
from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.capacity._manifolds import Samples, as_manifolds, is_single
from netrep_go.capacity._participation import Correction, corrected_participation

_ROUNDING = 1e-12  # by which cumulative sums may fall short of a fraction


@checked
def participation_ratio(
    X: Samples, y: ArrayLike | None = None, *, correction: Correction | None = None
) -> Any:
    r"""Return the participation ratio: how many principal components share the variance.

    .. math:: D = \frac{(\sum_i \lambda_i)^2}{\sum_i \lambda_i^2}

    with the eigenvalues of the covariance over samples. It is 0 where nothing varies. For
    object manifolds it is also called the spectral dimension.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        One data set, one with labels, or one array for each manifold, maybe by name.
        Samples that are NaN in all features are left out. The index of a DataFrame, which
        names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    correction : {'samples', 'features', 'both'}, default=None
        What is a sample of a larger population, whose dimension is estimated: few samples
        or features make D too small. The squares in both sums are then estimated from
        products of distinct samples, of which there must be at least 4, of distinct
        features, or of both, which changes with a rotation of the features.

    Returns
    -------
    dimension : float or ndarray of shape (n_manifolds,)
        One number for one data set, else one for each manifold, in sorted order of labels
        or in that of the list or dict.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length.

    Warns
    -----
    UserWarning
        If a corrected D is undefined, and NaN: with too few samples or features, as of noise,
        the estimate of a sum may not be positive.

    References
    ----------
    Chun, Canatar, Chung & Lee (2026). Estimating Dimensionality of Neural Representations
    from Finite Samples. ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import participation_ratio
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((1000, 4)) * [1.0, 1.0, 1.0, 0.0]
    >>> round(participation_ratio(X), 1)
    3.0
    >>> X = rng.standard_normal((20, 5)) @ rng.standard_normal((5, 30))
    >>> round(participation_ratio(X), 1), round(participation_ratio(X, correction="both"), 1)
    (3.4, 4.8)
    """

    def ratio(samples: np.ndarray) -> float:
        if correction is None:
            return _participation(_variances(samples))
        value = corrected_participation(samples, correction)
        if isinstance(value, str):
            warn_user(f"the participation ratio is NaN: {value}")
            return np.nan
        return value

    with said_once():
        return _for_each(X, y, ratio)


@checked
def explained_variance_dimension(
    X: Samples, y: ArrayLike | None = None, *, fraction: float = 0.9
) -> Any:
    """Return how many principal components it takes to explain a fraction of the variance.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        As in :func:`participation_ratio`.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    fraction : float, default=0.9
        Fraction of the variance. With 1, the number is the rank.

    Returns
    -------
    dimension : int or ndarray of shape (n_manifolds,)
        The least number with at least that fraction, and 0 where nothing varies.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length, or `fraction` is not from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import explained_variance_dimension
    >>> X = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> explained_variance_dimension(X), explained_variance_dimension(X, fraction=0.95)
    (1, 2)
    """
    check_number(fraction, "fraction", 0.0, 1.0)

    def count(samples: np.ndarray) -> int:
        cumulative = np.cumsum(_variances(samples))
        if cumulative[-1] == 0:
            return 0
        return 1 + int(np.searchsorted(cumulative / cumulative[-1], fraction - _ROUNDING))

    return _for_each(X, y, count)


@checked
def manifold_radii(X: Samples, y: ArrayLike | None = None) -> np.ndarray:
    r"""Return the radius of each manifold, in units of the distance of its center.

    .. math:: R_i = \sqrt{\frac1{M_i} \sum_j \frac{|x_{ij} - c_i|^2}{|c_i - c|^2}}

    with the center :math:`c_i` of the manifold's samples and the mean c of all centers.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. Samples that are
        NaN in all features are left out. The index of a DataFrame, which names samples, is
        not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.

    Returns
    -------
    radii : ndarray of shape (n_manifolds,)
        In sorted order of labels, or in that of the list or dict.

    Raises
    ------
    ValueError
        If there are fewer than two manifolds, or one has its center at the mean of all.

    Examples
    --------
    >>> from netrep_go.capacity import manifold_radii
    >>> manifold_radii([[[2.0, 1.0], [2.0, -1.0]], [[-2.0, 0.0]]])
    array([0.5, 0. ])
    """
    manifolds = as_manifolds(X, y)
    distances = np.linalg.norm(manifolds.centered_centers(), axis=1)
    spread = [np.sqrt(_variances(samples).sum()) for samples in manifolds.samples]
    return np.array(spread) / distances


@checked
def spectral_radii(X: Samples, y: ArrayLike | None = None) -> np.ndarray:
    r"""Return the spectral radius of each manifold.

    .. math:: R_i = \frac{\sqrt{\sum_k \lambda_{ik}^2}}{|c_i - c|^2}

    with the eigenvalues of the manifold's covariance and the distance of its center from
    the mean of all centers. Unlike :func:`manifold_radii` it grows with the square of size;
    the dimension that belongs to it is the :func:`participation_ratio`.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        As in :func:`manifold_radii`.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.

    Returns
    -------
    radii : ndarray of shape (n_manifolds,)
        In sorted order of labels, or in that of the list or dict.

    Raises
    ------
    ValueError
        If there are fewer than two manifolds, or one has its center at the mean of all.

    References
    ----------
    .. [1] Cohen, U., Chung, S., Lee, D. D. & Sompolinsky, H. (2020). Separability and
       geometry of object manifolds in deep neural networks. Nat. Commun. 11, 746.

    Examples
    --------
    >>> from netrep_go.capacity import spectral_radii
    >>> spectral_radii([[[2.0, 1.0], [2.0, -1.0]], [[-2.0, 0.0]]])
    array([0.25, 0.  ])
    """
    manifolds = as_manifolds(X, y)
    distances = np.linalg.norm(manifolds.centered_centers(), axis=1)
    lengths = [np.linalg.norm(_variances(samples)) for samples in manifolds.samples]
    return np.array(lengths) / distances**2


@checked
def center_correlations(X: Samples, y: ArrayLike | None = None) -> np.ndarray:
    r"""Return the correlations of the manifolds' centers.

    .. math:: \rho_{ij} = \frac{(c_i - c) \cdot (c_j - c)}{|c_i - c|\, |c_j - c|}

    with the mean c of all centers. The mean of :math:`|\rho_{ij}|` over pairs summarizes
    them.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        As in :func:`manifold_radii`.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.

    Returns
    -------
    correlations : ndarray of shape (n_manifolds, n_manifolds)
        Symmetric, with ones on the diagonal, in sorted order of labels or in that
        of the list or dict.

    Raises
    ------
    ValueError
        If there are fewer than two manifolds, or one has its center at the mean of all.

    Examples
    --------
    >>> from netrep_go.capacity import center_correlations
    >>> center_correlations([[[1.0, 0.0]], [[0.0, 0.0]], [[-1.0, 3.0]]]).round(3)
    array([[ 1.   ,  0.707, -0.949],
           [ 0.707,  1.   , -0.894],
           [-0.949, -0.894,  1.   ]])
    """
    centers = as_manifolds(X, y).centered_centers()
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    correlations = np.clip(centers @ centers.T, -1.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _for_each(
    X: Samples,
    y: ArrayLike | None,
    measure: Callable[[np.ndarray], Any],
) -> Any:
    """Return the measure of each manifold, or of X if it is a single one."""
    values = [measure(samples) for samples in as_manifolds(X, y).samples]
    return values[0] if y is None and is_single(X) else np.array(values)


def _variances(samples: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of the covariance, in decreasing order."""
    deviations = samples - samples.mean(axis=0)
    if len(samples) == 1 or np.abs(deviations).max() <= 1e-14 * np.abs(samples).max():
        return np.zeros(1)  # what is left is the rounding of the mean
    return svdvals(deviations) ** 2 / len(samples)


def _participation(variances: np.ndarray) -> float:
    squares = np.sum(variances**2)
    return float(variances.sum() ** 2 / squares) if squares > 0 else 0.0
