"""Controls: manifolds of which one property is changed and the others are kept.

All functions take labeled samples (X, y), or a list or dict with one array for each manifold,
and return new arrays in the same form. Samples that are NaN in all features are missing: they
stay so, and no other sample is changed by them. The functions compose: random centers and
permuted axes, for instance, are

    permute_axes(randomize_centers(X, y, random_state=0), y, random_state=1)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svd
from sklearn.preprocessing import StandardScaler

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._parameters import checked
from netrep_go._signs import axis_signs
from netrep_go._validation import check_integer, check_number
from netrep_go.capacity._manifolds import Samples, as_manifolds
from netrep_go.capacity._randomization_centers import tolerance


@checked
def permute_axes(
    X: Samples, y: ArrayLike | None = None, *, random_state: RandomState = None
) -> Any:
    """Permute the features of the samples' deviations from their center, for each manifold.

    Centers, radii and dimensions are kept; what the axes of a manifold have to do with
    centers and with other manifolds' axes is lost.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length.

    Examples
    --------
    >>> from netrep_go.capacity import permute_axes
    >>> permute_axes([[[5.0, 1.0], [5.0, -1.0]]], random_state=2)
    [array([[6., 0.],
           [4., 0.]])]
    """
    manifolds = as_manifolds(X, y)
    rng = as_random_state(random_state)
    moved = []
    for samples in manifolds.samples:
        center = samples.mean(axis=0)
        moved.append((samples - center)[:, rng.permutation(manifolds.n_features)] + center)
    return manifolds.restore(moved)


@checked
def permute_features(
    X: Samples, y: ArrayLike | None = None, *, random_state: RandomState = None
) -> Any:
    """Permute the features of each manifold, its center and its axes together.

    The geometry of each manifold relative to the mean of all centers is kept; correlations
    between manifolds are lost.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`, with the origin at what was the mean of the centers.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length.

    Examples
    --------
    >>> from netrep_go.capacity import permute_features
    >>> permute_features([[[5.0, 1.0]], [[-5.0, 1.0]]], random_state=0)
    [array([[0., 5.]]), array([[-5.,  0.]])]
    """
    manifolds = as_manifolds(X, y)
    rng = as_random_state(random_state)
    mean = manifolds.centers().mean(axis=0)
    return manifolds.restore(
        [
            (samples - mean)[:, rng.permutation(manifolds.n_features)]
            for samples in manifolds.samples
        ]
    )


@checked
def shuffle_samples(
    X: Samples, y: ArrayLike | None = None, *, random_state: RandomState = None
) -> Any:
    """Exchange samples between manifolds at random.

    Every manifold keeps its number of samples.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutation.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length.

    Examples
    --------
    >>> from netrep_go.capacity import shuffle_samples
    >>> shuffle_samples([[[1.0], [2.0]], [[3.0]]], random_state=0)
    [array([[3.],
           [2.]]), array([[1.]])]
    """
    manifolds = as_manifolds(X, y)
    pool = manifolds.pooled()
    pool = pool[as_random_state(random_state).permutation(len(pool))]
    return manifolds.restore(manifolds.split(pool))


@checked
def truncate_manifolds(X: Samples, y: ArrayLike | None = None, *, n_components: int) -> Any:
    """Keep the first principal components of each manifold's deviations from its center.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    n_components : int
        Number of components to keep; with 0 the samples become their center.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length, or `n_components` is negative.

    Examples
    --------
    >>> from netrep_go.capacity import truncate_manifolds
    >>> truncate_manifolds([[[3.0, 1.0], [-3.0, 1.0], [0.0, 4.0]]], n_components=1)
    [array([[ 3.,  2.],
           [-3.,  2.],
           [ 0.,  2.]])]
    """
    check_integer(n_components, "n_components", 0)
    manifolds = as_manifolds(X, y)
    moved = []
    for samples in manifolds.samples:
        center = samples.mean(axis=0)
        _, _, axes = svd(samples - center, full_matrices=False)
        moved.append(center + (samples - center) @ axes[:n_components].T @ axes[:n_components])
    return manifolds.restore(moved)


@checked
def scale_manifolds(X: Samples, y: ArrayLike | None = None, *, factor: float) -> Any:
    """Scale each manifold about its center.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    factor : float
        By which all radii are multiplied.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length, or `factor` is not finite.

    Examples
    --------
    >>> from netrep_go.capacity import scale_manifolds
    >>> scale_manifolds([[[1.0, 1.0], [3.0, 1.0]]], factor=2.0)
    [array([[0., 1.],
           [4., 1.]])]
    """
    check_number(factor, "factor", 0.0, np.finfo(float).max)
    manifolds = as_manifolds(X, y)
    centers = manifolds.centers()
    return manifolds.restore(
        [
            center + factor * (samples - center)
            for samples, center in zip(manifolds.samples, centers, strict=True)
        ]
    )


@checked
def standardize_features(X: Samples, y: ArrayLike | None = None, *, center: bool = True) -> Any:
    """Divide features by their standard deviation over all samples of all manifolds.

    Features that are constant are not divided.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    center : bool, default=True
        Whether to subtract the mean first.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`.

    Raises
    ------
    ValueError
        If a sample is NaN or infinite in some of the features, or `y` has another
        length.

    Examples
    --------
    >>> from netrep_go.capacity import standardize_features
    >>> standardize_features([[[1.0, 7.0]], [[5.0, 7.0]]])
    [array([[-1.,  0.]]), array([[1., 0.]])]
    """
    manifolds = as_manifolds(X, y)
    scaler = StandardScaler(with_mean=center).fit(manifolds.pooled())
    return manifolds.restore([scaler.transform(samples) for samples in manifolds.samples])


@checked
def whiten_features(X: Samples, y: ArrayLike | None = None) -> Any:
    """Rotate and scale the space such that the covariance of all samples is the identity.

    Directions without variance are left out. Where there are no more samples than features,
    whitened samples are all at equal distances from each other, and nothing of the geometry
    of manifolds is left.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`: principal components over all samples, centered, with variance 1.

    Raises
    ------
    ValueError
        If all samples are equal.

    Examples
    --------
    >>> from netrep_go.capacity import whiten_features
    >>> whiten_features([[[3.0, 1.0], [-3.0, 1.0]]])
    [array([[ 1.],
           [-1.]])]
    """
    manifolds = as_manifolds(X, y)
    pool = manifolds.pooled()
    scores, scales, axes = svd(pool - pool.mean(axis=0), full_matrices=False)
    rank = np.count_nonzero(scales > tolerance(pool) * np.abs(pool).max() * np.sqrt(pool.size))
    if rank == 0:
        raise ValueError("X must have samples that differ: there is no covariance to whiten")
    return manifolds.restore(
        manifolds.split((scores * axis_signs(axes) * np.sqrt(len(pool)))[:, :rank])
    )
