"""K-means clustering of networks by their shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._cohort import Cohorts, Networks, named
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._names import check_same_names, row_names
from netrep_go._parameters import checked
from netrep_go._validation import as_distances, as_matrix, check_integer, pad
from netrep_go.metrics import LinearMetric
from netrep_go.metrics._principal import compact
from netrep_go.multiset._mean import as_cohort

__all__ = ["ProcrustesKMeans", "procrustes_kmeans"]


class ProcrustesKMeans(TransformerMixin, ClusterMixin, BaseEstimator):
    r"""K-means clustering of networks in the metric space of Procrustes distance.

    Finds labels and centroids that locally minimize the inertia

    .. math:: \sum_i \min_c \min_{Q \in O(n)} \|X_i Q - M_c\|_F^2

    by Lloyd's algorithm: centroids are Fréchet means of their networks, networks
    go to the nearest centroid. Starts are drawn by greedy k-means++.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, no more than there are networks.
    max_iter : int, default=100
        Largest number of updates of the centroids in one start.
    n_restarts : int, default=3
        Number of starts; the one that ends with the smallest inertia is kept.
    center_columns : bool, default=True
        Subtract the mean activation of each neuron, as in :class:`LinearMetric`.
    random_state : int, RandomState, Generator or None, default=None
        Determines the starts.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_samples, n_features)
        Centroids, ``n_features`` being the largest width. The coordinates of a
        centroid are arbitrary: rotating it does not change its shape.
    labels_ : ndarray of shape (n_networks,)
        Cluster of each network.
    inertia_ : float
        Sum of the squared distances of networks from their centroids.
    n_iter_ : int
        Updates of the centroids in the start that was kept.

    See Also
    --------
    procrustes_kmeans : The same as a function.

    References
    ----------
    Arthur & Vassilvitskii (2007). k-means++: the advantages of careful seeding.
    SODA, 1027-1035.

    Gower & Dijksterhuis (2004). Procrustes Problems. Oxford University Press,
    chapter 9.

    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.multiset import ProcrustesKMeans
    >>> rng = np.random.default_rng(0)
    >>> A, B = rng.standard_normal((2, 50, 4))
    >>> Xs = [X + rng.standard_normal((50, 4)) / 5 for X in (A, A, A, B, B)]
    >>> kmeans = ProcrustesKMeans(n_clusters=2, random_state=0).fit(Xs)
    >>> kmeans.labels_ == kmeans.labels_[0]
    array([ True,  True,  True, False, False])
    >>> bool(kmeans.predict([A])[0] == kmeans.labels_[0])
    True
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        max_iter: int = 100,
        n_restarts: int = 3,
        center_columns: bool = True,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.n_clusters = n_clusters
        self.max_iter = max_iter
        self.n_restarts = n_restarts
        self.center_columns = center_columns
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @checked
    def fit(
        self, X: Networks, y: Any = None, *, dist_matrix: ArrayLike | None = None
    ) -> ProcrustesKMeans:
        """Cluster networks.

        Parameters
        ----------
        X : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
            Activations to the same samples. Narrow networks are padded with silent
            neurons.
        y : None, default=None
            Ignored.
        dist_matrix : array_like of shape (n_networks, n_networks), default=None
            Distances between the networks, if they are known; used for the starts.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an array is not a finite, real matrix or shapes do not match, or there
            are more clusters than networks.
        """
        self._fit(as_cohort(X, "X"), dist_matrix, "X")
        self._samples = next((names for x in named(X, "X") if (names := row_names(x[1]))), None)
        return self

    def _fit(self, xs: list[np.ndarray], dist_matrix: ArrayLike | None, name: str) -> np.ndarray:
        """Fit to validated networks and return distances from centroids to them."""
        for parameter in ("n_clusters", "max_iter", "n_restarts"):
            check_integer(getattr(self, parameter), parameter, 1)
        if self.n_clusters > len(xs):
            raise ValueError(
                f"n_clusters={self.n_clusters} is more than the number of networks, {len(xs)}"
            )
        apart = self._distances_apart(xs, dist_matrix, name)
        shapes = [_coordinates(x, self.center_columns) for x in xs]
        width = max(x.shape[1] for x in shapes)
        centers = np.empty((self.n_clusters * len(xs[0]), width))
        dists = np.empty((self.n_clusters, len(xs)))
        labels, inertia = np.empty(len(xs), np.int64), np.empty(1)
        counts = np.empty(2, np.int64)
        outputs = {"centroids": centers, "dists": dists, "labels": labels}
        with progress_bar("Clustering networks", self.verbose) as progress:
            _native.run(
                "multiset.kmeans",
                outputs | {"inertia": inertia, "counts": counts},
                {
                    "xs": shapes,
                    "apart": apart,
                    "max_iter": self.max_iter,
                    "restarts": self.n_restarts,
                    "seed": seed_from(self.random_state),
                },
                n_jobs=self.n_jobs,
                progress=progress,
            )
        centers = centers.reshape(self.n_clusters, len(xs[0]), width)
        self.cluster_centers_ = pad(centers, max(x.shape[1] for x in xs))
        self.labels_, self.inertia_ = labels, float(inertia[0])
        self.n_iter_ = int(counts[0])
        if not counts[1]:
            warn_user(
                f"k-means did not converge in max_iter={self.max_iter} iterations, "
                "networks still change clusters: increase max_iter",
                ConvergenceWarning,
            )
        return dists

    def _distances(self, cohorts: Cohorts) -> np.ndarray:
        metric = LinearMetric(center_columns=self.center_columns, score_method="euclidean")
        return metric._measure_cohorts(cohorts, np.float64, self.n_jobs, verbose=self.verbose)[0]

    def _distances_apart(
        self, xs: list[np.ndarray], dist_matrix: ArrayLike | None, name: str
    ) -> np.ndarray:
        """Return the distances between networks that starts are drawn by."""
        if dist_matrix is None:
            return self._distances(Cohorts(named(xs, name), None))
        shape = np.shape(dist_matrix)
        if shape != (len(xs), len(xs)):
            raise ValueError(f"dist_matrix must have shape ({len(xs)}, {len(xs)}), got {shape}")
        check = as_distances if len(xs) > 1 else as_matrix
        return check(dist_matrix, "dist_matrix")

    def transform(self, X: Networks) -> np.ndarray:
        """Return the distances of networks from the centroids.

        Parameters
        ----------
        X : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
            Activations to the samples that the clusters were fitted to.

        Returns
        -------
        ndarray of shape (n_networks, n_clusters)
            Euclidean Procrustes distances, those of
            ``LinearMetric(score_method='euclidean')``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If an array is not a finite, real matrix, or has other samples than in
            the fit.
        """
        check_is_fitted(self)
        xs = as_cohort(X, "X")
        n_samples = self.cluster_centers_.shape[1]
        if len(xs[0]) != n_samples:
            raise ValueError(
                f"{named(X, 'X')[0][0]} has {len(xs[0])} samples, but the clusters were fitted "
                f"to {n_samples}"
            )
        for name, x in named(X, "X"):
            check_same_names(
                self._samples, "the networks of the fit", row_names(x), name, "samples"
            )
        networks = named(xs, "X") + named(self.cluster_centers_, "cluster_centers_")
        return self._distances(Cohorts(networks, None, first=len(xs)))

    @checked
    def predict(self, X: Networks) -> np.ndarray:
        """Return the cluster whose centroid is nearest to each network.

        Parameters
        ----------
        X : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
            Activations to the samples that the clusters were fitted to.

        Returns
        -------
        ndarray of shape (n_networks,)
            Labels.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            As :meth:`transform`.
        """
        return self.transform(X).argmin(axis=1)


@checked
def procrustes_kmeans(
    Xs: Networks,
    n_clusters: int,
    dist_matrix: ArrayLike | None = None,
    max_iter: int = 100,
    random_state: RandomState = None,
    *,
    n_restarts: int = 3,
    center_columns: bool = True,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cluster networks by k-means in the metric space of Procrustes distance.

    The function form of :class:`ProcrustesKMeans`.

    Parameters
    ----------
    Xs : list, dict or Series of n_networks array_like of shape (n_samples, n_features)
        Activations to the same samples. Narrow networks are padded with silent
        neurons.
    n_clusters : int
        Number of clusters, no more than there are networks.
    dist_matrix : array_like of shape (n_networks, n_networks), default=None
        Distances between the networks, if they are known; used for the starts.
    max_iter : int, default=100
        Largest number of updates of the centroids in one start.
    random_state : int, RandomState, Generator or None, default=None
        Determines the starts.
    n_restarts : int, default=3
        Number of starts; the one that ends with the smallest inertia is kept.
    center_columns : bool, default=True
        Subtract the mean activation of each neuron.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.

    Returns
    -------
    centroids : ndarray of shape (n_clusters, n_samples, n_features)
        Centroids.
    labels : ndarray of shape (n_networks,)
        Cluster of each network.
    cent_dists : ndarray of shape (n_clusters, n_networks)
        Euclidean Procrustes distances of centroids from networks.

    Raises
    ------
    ValueError
        If an array is not a finite, real matrix or shapes do not match, or there are
        more clusters than networks.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.multiset import procrustes_kmeans
    >>> rng = np.random.default_rng(0)
    >>> A, B = rng.standard_normal((2, 50, 4))
    >>> Xs = [X + rng.standard_normal((50, 4)) / 5 for X in (A, A, A, B, B)]
    >>> centroids, labels, cent_dists = procrustes_kmeans(Xs, 2, random_state=0)
    >>> centroids.shape, labels == labels[0], cent_dists.shape
    ((2, 50, 4), array([ True,  True,  True, False, False]), (2, 5))
    """
    kmeans = ProcrustesKMeans(
        n_clusters,
        max_iter=max_iter,
        n_restarts=n_restarts,
        center_columns=center_columns,
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    cent_dists = kmeans._fit(as_cohort(Xs, "Xs"), dist_matrix, "Xs")
    return kmeans.cluster_centers_, kmeans.labels_, cent_dists


def _coordinates(x: np.ndarray, center: bool) -> np.ndarray:
    """Return a matrix of the same shape space with no more columns than rows."""
    return compact(x - x.mean(axis=0) if center else x)
