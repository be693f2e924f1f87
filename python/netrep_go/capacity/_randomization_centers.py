"""Controls: manifolds whose centers are changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svd

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._parameters import checked
from netrep_go.capacity._manifolds import Manifolds, Samples, as_manifolds


@checked
def orthogonalize_centers(
    X: Samples, y: ArrayLike | None = None, *, random_state: RandomState = None
) -> Any:
    r"""Move manifolds to orthogonal centers at their old distances from the mean.

    The new centers are the orthogonal frame that is nearest to the directions of the old
    ones, relative to their mean: the polar factor :math:`U V^\top` of the matrix
    :math:`U S V^\top` of unit vectors, times their norms. As centers add up to zero, the
    frame needs one dimension more than they span, which is drawn at random. The samples'
    deviations from their centers are kept.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    random_state : int, RandomState, Generator or None, default=None
        Determines dimensions that the centers do not span.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`, with the origin at what was the mean of the centers.

    Raises
    ------
    ValueError
        If there are more manifolds than features, or a center is at the mean of all.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import orthogonalize_centers
    >>> X = np.random.default_rng(0).standard_normal((3, 5, 8))
    >>> centers = np.mean(orthogonalize_centers(X, random_state=0), axis=1)
    >>> bool(np.abs(np.triu(centers @ centers.T, 1)).max() < 1e-12)
    True
    """
    manifolds = as_manifolds(X, y)
    centers = manifolds.centered_centers()
    n_manifolds, n_features = centers.shape
    if n_manifolds > n_features:
        raise ValueError(
            "X must have at least as many features as manifolds for orthogonal centers, got "
            f"{n_manifolds} manifolds and {n_features} features"
        )
    norms = np.linalg.norm(centers, axis=1, keepdims=True)
    frame = _polar(centers / norms, as_random_state(random_state))
    return _move(manifolds, frame * norms)


@checked
def randomize_centers(
    X: Samples,
    y: ArrayLike | None = None,
    *,
    equal_norms: bool = False,
    random_state: RandomState = None,
) -> Any:
    """Move manifolds to centers in random directions at their old distances from the mean.

    The directions are uniform on the sphere, and the samples' deviations from their
    centers are kept.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    equal_norms : bool, default=False
        If True, all distances become their mean.
    random_state : int, RandomState, Generator or None, default=None
        Determines the directions.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`, with the origin at what was the mean of the centers.

    Raises
    ------
    ValueError
        If there are fewer than two manifolds, or a center is at the mean of all.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import randomize_centers
    >>> X = np.random.default_rng(0).standard_normal((3, 5, 8))
    >>> X_new = randomize_centers(X, equal_norms=True, random_state=0)
    >>> norms = np.linalg.norm(np.mean(X_new, axis=1), axis=1)
    >>> bool(np.ptp(norms) < 1e-12)
    True
    """
    manifolds = as_manifolds(X, y)
    norms = np.linalg.norm(manifolds.centered_centers(), axis=1, keepdims=True)
    if equal_norms:
        norms[:] = norms.mean()
    directions = as_random_state(random_state).normal(size=(len(norms), manifolds.n_features))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return _move(manifolds, directions * norms)


@checked
def decorrelate_centers(X: Samples, y: ArrayLike | None = None, *, keep_norms: bool = True) -> Any:
    r"""Map the space linearly such that the manifolds' centers become orthogonal.

    Unlike :func:`orthogonalize_centers` it transforms the samples with the centers: within
    the span of the centers C, which are taken relative to the origin, by the map that takes
    them to the nearest orthogonal frame :math:`U V^\top` of :math:`C = U S V^\top`; what is
    orthogonal to all centers is kept.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features), or list or dict of such arrays
        Labeled samples, or one array for each manifold, maybe by name. The index of a
        DataFrame, which names samples, is not used.
    y : array_like of shape (n_samples,), default=None
        Manifold of each sample.
    keep_norms : bool, default=True
        If True, the new centers have the norms of the old, else norm 1.

    Returns
    -------
    X_new : ndarray, list or dict of ndarray
        In the form of `X`.

    Raises
    ------
    ValueError
        If the centers are linearly dependent.

    Examples
    --------
    >>> from netrep_go.capacity import decorrelate_centers
    >>> [x.round(3) for x in decorrelate_centers([[[2.0, 0.0, 1.0]], [[1.0, 1.0, 0.0]]])]
    [array([[ 1.826, -0.529,  1.178]]), array([[ 0.577,  1.247, -0.335]])]
    """
    manifolds = as_manifolds(X, y)
    centers = manifolds.centers()
    left, scales, right = _svd_of_centers(centers)
    frame = left @ right
    if keep_norms:
        frame *= np.linalg.norm(centers, axis=1, keepdims=True)
    # C (right' S^-1 left') is the identity, so the map takes C to the frame
    change = right.T / scales @ (left.T @ frame) - right.T @ right
    return manifolds.restore([samples + samples @ change for samples in manifolds.samples])


@checked
def project_on_centers(X: Samples, y: ArrayLike | None = None) -> Any:
    """Return the samples' coordinates in the span of the manifolds' centers.

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
        In the form of `X`, with as many features as manifolds: coordinates along the
        principal axes of the centers, which are taken relative to the origin.

    Raises
    ------
    ValueError
        If the centers are linearly dependent.

    Examples
    --------
    >>> from netrep_go.capacity import project_on_centers
    >>> [x.shape for x in project_on_centers([[[2.0, 0.0, 1.0]], [[1.0, 1.0, 0.0]]])]
    [(1, 2), (1, 2)]
    """
    manifolds = as_manifolds(X, y)
    _, _, axes = _svd_of_centers(manifolds.centers())
    return manifolds.restore([samples @ axes.T for samples in manifolds.samples])


def _move(manifolds: Manifolds, centers: np.ndarray) -> Any:
    """Return the manifolds with other centers."""
    return manifolds.restore(
        [
            samples - samples.mean(axis=0) + center
            for samples, center in zip(manifolds.samples, centers, strict=True)
        ]
    )


def _polar(directions: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Return the orthonormal rows nearest to these, along random ones where rank lacks."""
    left, scales, right = svd(directions, full_matrices=False)
    rank = np.count_nonzero(scales > tolerance(directions) * scales[0])
    # what is drawn loses the known parts by projection: no basis of the rest is chosen
    drawn = rng.normal(size=directions.shape)
    drawn -= left[:, :rank] @ (left[:, :rank].T @ drawn)
    drawn -= (drawn @ right[:rank].T) @ right[:rank]
    more, _, others = svd(drawn, full_matrices=False)
    missing = len(directions) - rank
    return left[:, :rank] @ right[:rank] + more[:, :missing] @ others[:missing]


def _svd_of_centers(centers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    left, scales, right = svd(centers, full_matrices=False)
    if len(centers) > centers.shape[1] or scales[-1] <= tolerance(centers) * scales[0]:
        raise ValueError(
            f"the {len(centers)} centers of X must be linearly independent, as vectors from the "
            f"origin in {centers.shape[1]} features"
        )
    return left, scales, right


def tolerance(X: np.ndarray) -> float:
    return max(X.shape) * np.finfo(float).eps
