"""A one-sided alignment that fits into scikit-learn pipelines."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from netrep_go._jobs import about
from netrep_go._names import check_same_columns, check_same_indexes, column_names
from netrep_go._parameters import checked
from netrep_go._validation import as_factor, as_matrix, ndim_of, pad, validated
from netrep_go.metrics._linear import LinearMetric, PartialFit, whiten_centered

__all__ = ["Aligner"]


class Aligner(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Map activations of one network onto those of a reference network.

    With the centered data X and reference Y, whitening transforms as in
    :class:`LinearMetric`, but not scaled to keep the variance, and
    :math:`(X Z_x)^\top Y Z_y = U S V^\top`, the map is

    .. math:: x \mapsto (x - \bar x) \, Z_x U V^\top Z_y^{-1} + \bar y

    At ``alpha=1`` this is the Procrustes rotation onto the reference; at
    ``alpha=0`` it recovers any reference that is an affine map of the data.

    Parameters
    ----------
    alpha : float, default=1.0
        Regularization in [0, 1]: 1 allows rotations only, 0 any linear map.
    center_columns : bool, default=True
        Move the mean of the data to the mean of the reference.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features_in_,)
        Training mean of the data.
    target_mean_ : ndarray of shape (n_targets,)
        Training mean of the reference.
    coef_ : ndarray of shape (n_features_in_, n_targets)
        The linear part of the map.
    n_features_in_ : int
        Width of the data.

    See Also
    --------
    LinearMetric : The distance that remains after the alignment.

    Notes
    -----
    ``score`` is :math:`R^2` on the reference: larger is better, unlike the distance that
    is the score of a metric. A Pipeline that ends in an Aligner can be searched as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import Aligner
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 4))
    >>> reference = X @ np.linalg.qr(rng.standard_normal((4, 4)))[0] + 3
    >>> aligned = Aligner().fit(X, reference).transform(X)
    >>> bool(np.allclose(aligned, reference))
    True
    """

    def __init__(self, alpha: float = 1.0, center_columns: bool = True) -> None:
        self.alpha = alpha
        self.center_columns = center_columns

    @checked
    def fit(self, X: ArrayLike, y: ArrayLike) -> Aligner:
        """Find the map from X to y.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Activations of the network to map.
        y : array_like of shape (n_samples, n_targets) or (n_samples,)
            Activations of the reference network to the same samples.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y is not finite and real, or they differ in samples.
        """
        check_same_indexes([("X", X), ("y", y)], "samples")
        columns = column_names(y)
        data, target = validated(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        target = as_factor(target, "y", np.ndim(target)).reshape(len(target), -1)
        metric = LinearMetric(alpha=self.alpha, center_columns=self.center_columns)
        width = max(data.shape[1], target.shape[1])
        both = zip((data, target), "Xy", strict=True)
        metric.finalize_fit(*(self._whitened(pad(x, width), name) for x, name in both))
        n, q, r = data.shape[1], target.shape[1], metric.rank_
        self.mean_, self.target_mean_ = metric.mx_[:n], metric.my_[:q]
        back = np.linalg.inv(metric.Wy_)
        self.coef_ = (metric.Wx_[:, :r] @ back[:r])[:n, :q]
        self._n_features_out, self._target_columns = q, columns
        return self

    def _whitened(self, X: np.ndarray, name: str) -> PartialFit:
        X = as_matrix(X, name)
        with about(name):
            return whiten_centered(X, self.alpha, self.center_columns, preserve_variance=False)

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Map activations into the space of the reference.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Activations of the network that was fitted.

        Returns
        -------
        ndarray of shape (n_samples, n_targets)
            Aligned activations.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If X is not finite and real, or has other features than in the fit.
        """
        check_is_fitted(self)
        return self._predicted(X)

    @checked
    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return how much of the reference the aligned activations explain.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Activations of the network that was fitted.
        y : array_like of shape (n_samples, n_targets) or (n_samples,)
            Activations of the reference network to the same samples.

        Returns
        -------
        float
            :math:`R^2`, the mean over the reference's units as in
            :func:`sklearn.metrics.r2_score`: 1 at best, larger is better, so that
            GridSearchCV needs no ``scoring``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            As :meth:`transform`, or if y has other samples or targets.
        """
        check_is_fitted(self)
        check_same_indexes([("X", X), ("y", y)], "samples")
        check_same_columns(y, "y", self._target_columns)
        from sklearn.metrics import r2_score  # late: it would double the time of our import

        target = as_factor(y, "y", 1 if ndim_of(y, "y") < 2 else 2)
        predicted = self._predicted(X)
        if target.reshape(len(target), -1).shape != predicted.shape:
            raise ValueError(f"y must have shape {predicted.shape}, got {target.shape}")
        return float(r2_score(target, predicted))

    def _predicted(self, X: ArrayLike) -> np.ndarray:
        X = validated(self, X, dtype=np.float64, reset=False)
        return (X - self.mean_) @ self.coef_ + self.target_mean_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = False
        tags.target_tags.two_d_labels = True
        return tags
