"""Networks as points: Euclidean embeddings of distance matrices, and medoids.

Everything here starts from a matrix of distances and so works with any metric. In the
space of an :class:`EuclideanEmbedding` any method of scikit-learn applies, and methods
that know distances alone take the matrix itself as ``metric="precomputed"``, such as
:class:`~sklearn.neighbors.NearestNeighbors` for the networks most like each one:

>>> import numpy as np
>>> from sklearn.neighbors import NearestNeighbors
>>> D = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.8], [0.1, 0.8, 0.0]])
>>> neighbors = NearestNeighbors(n_neighbors=1, metric="precomputed").fit(D)
>>> neighbors.kneighbors(return_distance=False).ravel()  # without an argument: not itself
array([2, 2, 0])
"""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import Tags, check_scalar
from sklearn.utils.validation import check_is_fitted

from netrep_go._names import check_same_indexes
from netrep_go._parameters import checked
from netrep_go._signs import axis_signs
from netrep_go._sizes import exponents
from netrep_go._validation import as_codes, as_distances, as_factor, validated

__all__ = ["EuclideanEmbedding", "medoids"]


def __dir__() -> list[str]:
    return sorted(__all__)


class EuclideanEmbedding(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Points of a Euclidean space whose distances approximate given ones.

    This is classical scaling [1]_ with Gower's extension to new points [2]_. With the
    centering matrix :math:`J = I - 11^\top / n` and the eigendecomposition

    .. math:: B = -\tfrac12 J D^{\circ 2} J = V \Lambda V^\top,
              \qquad \lambda_1 \ge \dots \ge \lambda_n,

    the networks are the rows of :math:`Z = V_k \Lambda_k^{1/2}`, which minimizes
    :math:`\|B - Z Z^\top\|_F`. A new network at distances d from them goes to

    .. math:: z = \tfrac12 \Lambda_k^{-1} Z^\top (\mathrm{diag}(B) - d^{\circ 2}).

    If D are Euclidean distances of points in k dimensions, the points and any new
    points of their subspace are recovered up to a rigid motion; a new point off the
    subspace is projected on it.

    Shape distances are only close to Euclidean: B has negative eigenvalues. They have
    no place in a Euclidean space and are left out, as are their mirror images among
    the small positive ones by default. No constant is added to the distances.

    Parameters
    ----------
    n_components : int, default=None
        Dimension of the embedding, at most the number of networks. Dimensions beyond
        the positive eigenvalues are filled with zeros. If None, as many dimensions as
        B has eigenvalues larger than the magnitude of its most negative one, at least
        one: along smaller ones, D departs from Euclidean distances by as much as it
        says, and the division by :math:`\lambda` sends new networks far off.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_networks, n_components_)
        The points, centered, along their principal axes.
    eigenvalues_ : ndarray of shape (n_networks,)
        All eigenvalues of B in descending order, in squared units of D. The first
        ``n_components_`` are the squared norms of the columns of ``embedding_``, where
        they are positive.
    n_components_ : int
        Dimension of the embedding.
    distortion_ : float
        Mean relative error of the embedded distances over pairs of networks,
        :math:`\bigl|\|z_i - z_j\| - D_{ij}\bigr| / D_{ij}`: 0 for an isometry. Pairs at
        distance zero, which stay together, are not counted.
    max_distortion_ : float
        The largest relative error.
    n_features_in_ : int
        Number of networks that the embedding was fitted to.
    feature_names_in_ : ndarray of shape (n_networks,)
        Column names of D, if it is a data frame with string names.

    See Also
    --------
    sklearn.manifold.MDS : Embedding by stress, closer for plots but with no extension
        to new points.
    netrep_go.multiset.cross_distances : Distances of new networks to the embedded ones.

    Notes
    -----
    The estimator tells scikit-learn that it is fitted to all pairs
    (``input_tags.pairwise``), so that cross-validation takes rows and columns out of D
    together. It fits in a Pipeline with any regressor or classifier of the properties
    of networks. Without one, ``cross_val_score(EuclideanEmbedding(k), D)`` is minus the
    distortion of networks that were held out.

    The paper that proposed these embeddings [3]_ reports their average distortion; of
    the definitions in use [4]_, this is the relative error.

    References
    ----------
    .. [1] Torgerson, W. S. (1952). Multidimensional scaling: I. Theory and method.
       Psychometrika 17, 401-419.
    .. [2] Gower, J. C. (1968). Adding a point to vector diagrams in multivariate
       analysis. Biometrika 55, 582-585.
    .. [3] Williams, Kunz, Kornblith & Linderman (2021). Generalized shape metrics on
       neural representations. NeurIPS 34. arXiv:2110.14739.
    .. [4] Bartal, Fandina & Neiman (2019). Dimensionality reduction: theoretical
       perspective on practical measures. NeurIPS 32.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.spatial.distance import cdist
    >>> from netrep_go.embedding import EuclideanEmbedding
    >>> rng = np.random.default_rng(0)
    >>> points, new = rng.standard_normal((20, 3)), rng.standard_normal((5, 3))
    >>> embedding = EuclideanEmbedding().fit(cdist(points, points))
    >>> embedding.n_components_, round(embedding.distortion_, 9)
    (3, 0.0)
    >>> embedded = embedding.transform(cdist(new, points))
    >>> bool(np.allclose(cdist(embedded, embedding.embedding_), cdist(new, points)))
    True

    Predict a property of held-out networks from their distances to the others:

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(EuclideanEmbedding(n_components=3), Ridge(1e-3))
    >>> r2 = cross_val_score(model, cdist(points, points), points.sum(axis=1))
    >>> bool((r2 > 0.999).all())
    True
    """

    metric = "precomputed"  # what scikit-learn's checks and users of D look for

    def __init__(self, n_components: int | None = None) -> None:
        self.n_components = n_components

    @checked
    def fit(self, X: ArrayLike, y: None = None) -> EuclideanEmbedding:
        """Embed networks.

        Parameters
        ----------
        X : array_like of shape (n_networks, n_networks)
            Distances: symmetric, with zero diagonal.
        y : None, default=None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X is not a symmetric matrix of finite non-negative numbers with zero
            diagonal for at least two networks, or `n_components` is not between 1 and
            the number of networks.
        """
        D = as_distances(_validate(self, X, ensure_min_samples=2), "X")
        if self.n_components is not None:
            check_scalar(self.n_components, "n_components", Integral, min_val=1, max_val=len(D))
        means = np.mean(D**2, axis=0)
        B = -0.5 * (D**2 - means - means[:, np.newaxis] + means.mean())
        eigenvalues, vectors = (a[..., ::-1] for a in eigh(B))
        scales = self._scales(eigenvalues)
        k = len(scales)
        vectors = vectors[:, :k] * axis_signs(vectors[:, :k].T)
        vectors -= vectors.mean(axis=0)  # those of small eigenvalues mix with that of zero

        self.embedding_ = vectors * scales
        self.eigenvalues_ = eigenvalues.copy()
        self.n_components_ = self._n_features_out = k
        self._squared_norms = B.diagonal().copy()
        self._axes = np.divide(vectors, scales, out=np.zeros((len(D), k)), where=scales > 0)
        errors = _relative_errors(euclidean_distances(self.embedding_), D)
        self.distortion_, self.max_distortion_ = _mean(errors), float(errors.max(initial=0.0))
        return self

    def _scales(self, eigenvalues: np.ndarray) -> np.ndarray:
        """Return the length of the points along each axis, zero where there is no such axis."""
        rounding = len(eigenvalues) * np.finfo(np.float64).eps * np.abs(eigenvalues).max()
        k = self.n_components
        if k is None:
            k = max(1, int(np.count_nonzero(eigenvalues > max(-eigenvalues[-1], rounding))))
        return np.sqrt(np.where(eigenvalues > rounding, eigenvalues, 0.0)[:k])

    def fit_transform(self, X: ArrayLike, y: None = None) -> np.ndarray:
        """Embed networks and return their points.

        Parameters
        ----------
        X : array_like of shape (n_networks, n_networks)
            Distances: symmetric, with zero diagonal.
        y : None, default=None
            Ignored.

        Returns
        -------
        ndarray of shape (n_networks, n_components_)
            The points, ``embedding_``.

        Raises
        ------
        ValueError
            As :meth:`fit`.
        """
        return self.fit(X).embedding_

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Place new networks among the embedded ones.

        Parameters
        ----------
        X : array_like of shape (n_new, n_networks)
            Distances of each new network to those that the embedding was fitted to.

        Returns
        -------
        ndarray of shape (n_new, n_components_)
            The points. Those of an embedded network are its row of ``embedding_``.

        Raises
        ------
        ValueError
            If X has another number of columns, or negative or infinite entries.
        """
        return self._place(self._check_new(X))

    @checked
    def score(self, X: ArrayLike, y: None = None) -> float:
        """Return minus the distortion of the distances of new networks.

        Parameters
        ----------
        X : array_like of shape (n_new, n_networks)
            Distances of each new network to those that the embedding was fitted to.
        y : None, default=None
            Ignored.

        Returns
        -------
        float
            Minus the mean relative error, so that more is better as scikit-learn's
            model selection expects: -0.1 if embedded distances are off by 10 %.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            As :meth:`transform`.
        """
        D = self._check_new(X)
        points = self._place(D)
        power = exponents(points.reshape(1, -1))  # their squares may leave the range of float64
        scaled = euclidean_distances(np.ldexp(points, -power), np.ldexp(self.embedding_, -power))
        return -_mean(_relative_errors(np.ldexp(scaled, power), D))

    def _check_new(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        return as_factor(_validate(self, X, reset=False), "X")

    def _place(self, D: np.ndarray) -> np.ndarray:
        return 0.5 * (self._squared_norms - D**2) @ self._axes

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags


@checked
def medoids(D: ArrayLike, y: ArrayLike | None = None) -> np.ndarray:
    r"""Return the most central network of each group.

    The medoid of a group C is its member with the least total distance to the others,

    .. math:: m = \arg\min_{i \in C} \sum_{j \in C} D_{ij}.

    It is a real network, and stands for its group as a mean would in a Euclidean space.

    Parameters
    ----------
    D : array_like of shape (n_networks, n_networks)
        Distances: symmetric, with zero diagonal.
    y : array_like of shape (n_networks,), default=None
        Group of each network, such as its architecture or a cluster. If None, all
        networks are one group.

    Returns
    -------
    ndarray of shape (n_groups,)
        Index of the medoid of each group, in the order of ``np.unique(y)``. Among
        equals, the first.

    Raises
    ------
    ValueError
        If D is not a symmetric matrix of finite non-negative numbers with zero
        diagonal, or `y` has another length.

    References
    ----------
    Kaufman, L. & Rousseeuw, P. J. (1990). Finding groups in data. Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.embedding import medoids
    >>> position = np.array([0.0, 1.0, 5.0, 10.0, 11.0, 14.0])
    >>> D = np.abs(position - position[:, np.newaxis])
    >>> medoids(D)
    array([2])
    >>> medoids(D, ["a", "a", "a", "b", "b", "b"])
    array([1, 4])
    """
    check_same_indexes((("D", D), ("y", y)), "networks")
    D = as_distances(D, "D")
    _, codes = as_codes(np.zeros(len(D)) if y is None else y, "y", len(D))
    groups = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    return np.array([rows[D[np.ix_(rows, rows)].sum(axis=0).argmin()] for rows in groups])


def _validate(estimator: EuclideanEmbedding, X: ArrayLike, **options: object) -> np.ndarray:
    """Let scikit-learn check distances and remember or compare their number and names."""
    return validated(estimator, X, dtype=np.float64, ensure_non_negative=True, **options)


def _relative_errors(embedded: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return the relative error of every distance that is not zero."""
    apart = distances > 0
    return np.abs(embedded[apart] / distances[apart] - 1.0)


def _mean(errors: np.ndarray) -> float:
    """Return the mean, or zero if all networks are in one place."""
    return float(errors.mean()) if errors.size else 0.0
