"""Random features of the Gaussian kernel along orthogonal directions."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._orthogonal import rand_orth
from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_number, validated

__all__ = ["RBFOrthoSampler"]


def __dir__() -> list[str]:
    return sorted(__all__)


class RBFOrthoSampler(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Approximate the feature map of the Gaussian kernel by orthogonal random features.

    The features :math:`\phi(x) = (\cos W^\top x, \sin W^\top x) / \sqrt{k}`, k being
    half their number, have inner products that estimate the kernel,

    .. math:: \langle \phi(x), \phi(y) \rangle \approx \exp(-\gamma \|x - y\|^2),

    without bias. Blocks of n_features columns of W are orthogonal, with the lengths
    of Gaussian vectors, for which the estimates vary less than with independent
    columns.

    Parameters
    ----------
    gamma : float, default=1.0
        Inverse width of the kernel.
    n_components : int, default=100
        Number of features: an odd one counts as one less, and 1 as 2.
    random_state : int, RandomState, Generator or None, default=None
        Determines W.

    Attributes
    ----------
    random_weights_ : ndarray of shape (n_features_in_, k)
        W.
    n_features_in_ : int
        Width of the data.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of the data, if they are strings.

    See Also
    --------
    sklearn.kernel_approximation.RBFSampler : Independent directions.

    References
    ----------
    Yu, Suresh, Choromanski, Holtmann-Rice & Kumar (2016). Orthogonal Random
    Features. NeurIPS 29.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rbf_sampler import RBFOrthoSampler
    >>> X = np.array([[0.0, 0.0], [1.0, 0.0]])
    >>> features = RBFOrthoSampler(n_components=10_000, random_state=0).fit_transform(X)
    >>> (features @ features.T).round(1)  # exp(-1) is 0.37
    array([[1. , 0.4],
           [0.4, 1. ]])
    """

    def __init__(
        self,
        gamma: float = 1.0,
        n_components: int = 100,
        random_state: RandomState = None,
    ) -> None:
        self.gamma = gamma
        self.n_components = n_components
        self.random_state = random_state

    @checked
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Draw the directions.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            Data; only its width and type matter.
        y : None, default=None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X is not a matrix, or a parameter is out of its range.
        """
        check_number(self.gamma, "gamma", 0, np.inf)
        check_integer(self.n_components, "n_components", 1)
        data = validated(self, X, accept_sparse="csr", dtype=[np.float64, np.float32])
        rs = as_random_state(self.random_state)
        n, k = data.shape[1], max(1, self.n_components // 2)
        blocks = [rand_orth(n, min(n, k - i), random_state=rs) for i in range(0, k, n)]
        lengths = np.sqrt(2 * self.gamma * rs.chisquare(n, size=k))
        self.random_weights_ = (np.hstack(blocks) * lengths).astype(data.dtype, copy=False)
        self._n_features_out = 2 * k
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Map data to random features.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            Data.

        Returns
        -------
        ndarray of shape (n_samples, 2 * k)
            Features: cosines, then sines.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If X is not finite, or has another number of features than in the fit.
        """
        check_is_fitted(self)
        X = validated(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        angles = safe_sparse_dot(X, self.random_weights_, dense_output=True)
        features = np.hstack((np.cos(angles), np.sin(angles)))
        features /= np.sqrt(angles.shape[1])
        return features

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
