"""All distances from those to a few landmarks, and the error of that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics.pairwise import euclidean_distances

from netrep_go import _native
from netrep_go._jobs import RandomState, as_random_state, counted, said_once, warn_user
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._sizes import FOURTH_POWERS, check_range
from netrep_go._validation import as_array, as_integers, check_integer
from netrep_go.embedding import EuclideanEmbedding
from netrep_go.metrics import Measure
from netrep_go.multiset._measured import as_distance, measured
from netrep_go.multiset._sources import side

__all__ = ["LandmarkDistances", "landmark_distances"]

_BLOCK = 64  # networks in a call, between which the bar moves


@dataclass(frozen=True, repr=False, eq=False)
class LandmarkDistances(Result):
    r"""Estimates of all distances in a cohort, by :func:`landmark_distances`.

    Attributes
    ----------
    error : float
        Root mean square error of estimated distances, relative to that of the distances, on
        pairs of networks that are no landmarks, whose distances were measured for this alone.
    error_of_mean : float
        The same of guessing the mean of the measured distances for every pair.
    landmarks : ndarray of shape (n_landmarks,)
        Indices of the landmarks, in ascending order.
    measured : ndarray of shape (n_networks, n_landmarks)
        Distances to the landmarks.
    points : ndarray of shape (n_networks, n_components)
        Coordinates in the Euclidean space of the landmarks.
    residuals : ndarray of shape (n_networks,)
        How far each network is from that space.
    names : list
        Names of the networks.
    embedding : EuclideanEmbedding
        Of the landmarks; its ``transform`` gives the coordinates of later networks.
    """

    error: float
    error_of_mean: float
    landmarks: np.ndarray
    measured: np.ndarray
    points: np.ndarray
    residuals: np.ndarray
    names: list[Name]
    embedding: EuclideanEmbedding = field(repr=False)

    def distances(self, rows: ArrayLike | None = None) -> np.ndarray:
        """Return estimated distances; those of pairs with a landmark are the measured ones.

        Parameters
        ----------
        rows : array_like of int, of shape (n_rows,), default=None
            Networks from which; if None, all.

        Returns
        -------
        ndarray of shape (n_rows, n_networks)
            The distances.

        Raises
        ------
        ValueError
            If a row is not the number of a network.
        """
        which = self._rows(rows)
        D = _estimates(self.points[which], self.residuals[which], self.points, self.residuals)
        D[:, self.landmarks] = self.measured[which]
        for k, i in enumerate(self.landmarks):
            D[which == i] = self.measured[:, k]
        D[which[:, np.newaxis] == np.arange(len(self.points))] = 0.0
        return D

    def _rows(self, rows: ArrayLike | None) -> np.ndarray:
        """Return indexes of networks, all if none are given."""
        n = len(self.points)
        if rows is None:
            return np.arange(n)
        which = as_integers(rows, "rows")
        if not len(which):
            raise ValueError("rows must have at least one index, got none")
        for i in which[(which < 0) | (which >= n)][:1]:
            raise ValueError(f"rows must be from 0 to {n - 1}, got {i}")
        return which

    def distances_from(self, X: ArrayLike) -> np.ndarray:
        """Estimate the distances from networks that come later.

        Parameters
        ----------
        X : array_like of shape (n_new, n_landmarks)
            Their distances to the landmarks, such as
            ``cross_distances(metric, new, [networks[i] for i in found.landmarks])``.

        Returns
        -------
        ndarray of shape (n_new, n_networks)
            Their distances to all networks.

        Raises
        ------
        ValueError
            If X has not a column for each landmark, or negative or infinite
            entries.
        """
        D_new = as_array(X, "X", 2)
        check_range(D_new.ravel(), "X", FOURTH_POWERS)
        if D_new.shape[1] != len(self.landmarks):
            raise ValueError(
                f"X must have a column for each of the {len(self.landmarks)} landmarks, got "
                f"{D_new.shape[1]}"
            )
        points, residuals = _place(self.embedding, self.measured[self.landmarks], D_new)
        D = _estimates(points, residuals, self.points, self.residuals)
        D[:, self.landmarks] = D_new
        return D

    def to_frame(self) -> Any:
        """Return a pandas DataFrame of the estimated distances.

        Returns
        -------
        pandas.DataFrame
            With the names of the networks for rows and columns.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(self.distances(), index=self.names, columns=self.names)

    def plot(self, ax: Any = None) -> Any:
        """Draw the estimated distances.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : netrep_go.plotting.DistanceMatrixDisplay
            The drawn display.
        """
        from netrep_go.plotting import DistanceMatrixDisplay

        names = self.names if len(self.names) <= 60 else None
        return DistanceMatrixDisplay(self.distances(), names=names, label="distance").plot(ax=ax)


@checked
def landmark_distances(
    metric: Any,
    networks: Any,
    n_landmarks: int,
    *,
    n_components: int | None = None,
    n_held_out: int = 24,
    names: Iterable[Name] | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = True,
) -> LandmarkDistances:
    r"""Estimate all distances in a cohort from those to some of its networks.

    The landmarks are embedded in a Euclidean space, in which every network has a point
    :math:`x_i` [1]_, and a distance :math:`r_i` from that space, for with the distances
    :math:`d_{ip}` to the landmarks,

    .. math:: r_i^2 = \max\Big(0, \frac1L \sum_p d_{ip}^2 - \frac1{2 L^2} \sum_{p p'} d_{p p'}^2
              - |x_i|^2\Big), \qquad
              d_{ij}^2 \approx |x_i - x_j|^2 + r_i^2 + r_j^2.

    The first is the square of the distance from the landmarks' centroid, less what the space
    accounts for; the second takes what is off the space to be orthogonal for any two
    networks. Without it distances of networks come out far too small. Euclidean distances are
    exact if the landmarks span the space of all networks.

    It takes n L distances instead of n (n - 1) / 2. What that costs is estimated: some networks
    that are no landmarks are measured to each other. It is worth it only where the error is
    well below that of guessing the mean distance for every pair; networks that are all about
    as far from one another, as random ones are, need no landmarks.

    Parameters
    ----------
    metric : Measure, str, callable or object with fit and score
        A symmetric distance, as in :func:`pairwise_distances`.
    networks : list, dict, Series or callable
        The cohort: arrays, or paths, data sets and functions as in
        :meth:`DistanceStore.pairwise_distances`, which are read when they are measured.
    n_landmarks : int
        How many networks, drawn at random, are landmarks: 2 or more, and 2 fewer than there are
        networks at most.
    n_components : int, default=None
        Dimension of the space. If None, as :class:`~netrep_go.embedding.EuclideanEmbedding`
        chooses it.
    n_held_out : int, default=24
        How many networks are measured to each other for the estimate of the error, of those
        that are no landmarks.
    names : sequence of hashable, default=None
        Names of the networks, if these are a list or a function.
    random_state : int, RandomState, Generator or None, default=None
        Determines landmarks and what is held out.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=True
        Show a progress bar.

    Returns
    -------
    LandmarkDistances
        With ``distances()``, their error, and ``distances_from`` for later networks.

    Raises
    ------
    ValueError
        If the measure is no symmetric distance, a distance is undefined, or a number is out of
        its range.

    Warns
    -----
    UserWarning
        If the error is not below that of guessing the mean.

    References
    ----------
    .. [1] de Silva, V. & Tenenbaum, J. B. (2004). Sparse multidimensional scaling using
       landmark points. Technical report, Stanford University.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.multiset import landmark_distances
    >>> rng = np.random.default_rng(0)
    >>> families = rng.standard_normal((5, 50, 5))
    >>> networks = [x + 0.3 * rng.standard_normal((50, 5)) for x in families for _ in range(20)]
    >>> found = landmark_distances("procrustes", networks, 20, random_state=0, verbose=False)
    >>> found.distances().shape
    (100, 100)
    >>> found.error < 0.5 * found.error_of_mean
    True
    """
    measure = as_distance(metric, "landmark_distances")
    _native.n_workers(n_jobs)
    known = side(networks, None, names, ("networks", ""))
    xs = known.train
    check_integer(n_landmarks, "n_landmarks", 2)
    check_integer(n_held_out, "n_held_out", 2)
    if n_landmarks > len(xs) - 2:
        raise ValueError(
            f"n_landmarks must be at most {len(xs) - 2}, 2 below the number of networks, got "
            f"{n_landmarks}"
        )
    order = as_random_state(random_state).permutation(len(xs))
    landmarks = np.sort(order[:n_landmarks])
    held_out = order[n_landmarks : n_landmarks + n_held_out]
    others = np.setdiff1d(np.arange(len(xs)), landmarks)
    with said_once():
        D = _to_landmarks(measure, xs, landmarks, others, n_jobs, verbose)
        true = measured(measure, [xs[i] for i in held_out], None, n_jobs)
    embedding = EuclideanEmbedding(n_components).fit(D[landmarks])
    points, residuals = _place(embedding, D[landmarks], D)
    estimated = _estimates(*2 * (points[held_out], residuals[held_out]))
    errors = _relative_error(estimated, true), _relative_error(D[others].mean(), true)
    if not errors[0] < errors[1]:
        warn_user(
            f"the error of distances from landmarks, {errors[0]:.3g}, is not below that of "
            f"guessing the mean distance for every pair, {errors[1]:.3g}"
        )
    return LandmarkDistances(*errors, landmarks, D, points, residuals, known.names, embedding)


def _to_landmarks(
    measure: Measure,
    xs: Any,
    landmarks: np.ndarray,
    others: np.ndarray,
    n_jobs: int | None,
    verbose: bool,
) -> np.ndarray:
    """Return the distances of all networks to the landmarks."""
    chosen = [xs[i] for i in landmarks]
    D = np.empty((len(xs), len(landmarks)))
    D[landmarks] = measured(measure, chosen, None, n_jobs)
    blocks = [others[k : k + _BLOCK] for k in range(0, len(others), _BLOCK)]
    for block in counted(blocks, "Measuring to landmarks", len(others), verbose, blocks=True):
        D[block] = measured(measure, [xs[i] for i in block], chosen, n_jobs)
    return D


def _place(
    embedding: EuclideanEmbedding, between: np.ndarray, D: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return points in the space of the landmarks, and distances from it."""
    points = embedding.transform(D)
    squares = (D**2).mean(axis=1) - (between**2).mean() / 2 - (points**2).sum(axis=1)
    return points, np.sqrt(np.maximum(squares, 0.0))


def _estimates(
    points: np.ndarray, residuals: np.ndarray, others: np.ndarray, others_residuals: np.ndarray
) -> np.ndarray:
    squares = euclidean_distances(points, others, squared=True)
    return np.sqrt(squares + residuals[:, np.newaxis] ** 2 + others_residuals**2)


def _relative_error(estimated: Any, true: np.ndarray) -> float:
    """Return the root mean square error of all pairs, relative to that of their distances."""
    pairs = np.triu_indices(len(true), 1)
    wrong = np.broadcast_to(estimated, true.shape)[pairs] - true[pairs]
    size = np.sqrt((true[pairs] ** 2).mean())
    return float(np.sqrt((wrong**2).mean()) / size) if size else float(np.abs(wrong).max())
