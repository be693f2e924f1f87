"""The noise between features, estimated with shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.utils.validation import check_is_fitted

from netrep_go._jobs import warn_user
from netrep_go._names import (
    Name,
    check_same_columns,
    check_same_indexes,
    column_names,
    holds_arrays,
)
from netrep_go._parameters import checked
from netrep_go._parts import content_hash
from netrep_go._shown import shown
from netrep_go._validation import as_array, as_codes, check_number, check_option, validated

__all__ = ["NoiseNormalizer"]

SHRINKAGES = ("shrinkage_diag", "shrinkage_eye", "diag", "full")


class NoiseNormalizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Whitens responses by the covariance of their noise.

    From residuals r of n observations, or from responses of which the mean of each
    condition is subtracted first, the covariance between p features is estimated as

    .. math:: \hat\Sigma = \lambda T + (1 - \lambda) S, \qquad
        S = \frac{1}{\nu} \sum_k r_k r_k^\top

    with a target T that has no correlations. Responses x become x W, with
    :math:`W W^\top = \hat\Sigma^{-1}`, so that Euclidean distances become Mahalanobis
    distances (multivariate noise normalization [1]_).

    Parameters
    ----------
    method : {'shrinkage_diag', 'shrinkage_eye', 'diag', 'full'}, default='shrinkage_diag'
        'shrinkage_diag': T is the diagonal of S and the intensity :math:`\lambda` is
        Schäfer and Strimmer's [2]_. 'shrinkage_eye': T is the mean variance times
        the identity, with Ledoit and Wolf's intensity [3]_. 'diag': T alone, the
        diagonal of S. 'full': S alone, which needs more observations than features.
    dof : float, default=None
        Degrees of freedom :math:`\nu`; the number of observations less that of
        conditions (or less 1) if None. Residuals of a general linear model have the
        number of observations less that of regressors.

    Attributes
    ----------
    shrinkage_ : float
        The intensity :math:`\lambda`, in [0, 1].
    dof_ : float
        The degrees of freedom.
    variances_ : ndarray of shape (n_features,)
        The diagonal of S.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if ``fit`` got a data frame with string names.

    Notes
    -----
    The intensity comes from the n x n products of observations, and so does the
    root if there are fewer observations than features: memory grows as n p, not as
    p squared. The methods are named as in rsatoolbox and agree with it.

    References
    ----------
    .. [1] Walther, Nili, Ejaz, Alink, Kriegeskorte & Diedrichsen (2016). Reliability
       of dissimilarity measures for multi-voxel pattern analysis. NeuroImage 137,
       188-200. doi:10.1016/j.neuroimage.2015.12.012
    .. [2] Schäfer & Strimmer (2005). A Shrinkage Approach to Large-Scale Covariance
       Matrix Estimation. Stat. Appl. Genet. Mol. Biol. 4, 32. doi:10.2202/1544-6115.1175
    .. [3] Ledoit & Wolf (2004). A well-conditioned estimator for large-dimensional
       covariance matrices. J. Multivar. Anal. 88, 365-411.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import NoiseNormalizer, rdm
    >>> rng = np.random.default_rng(0)
    >>> responses, residuals = rng.standard_normal((5, 30)), rng.standard_normal((200, 30))
    >>> noise = NoiseNormalizer().fit(residuals)
    >>> rdm(responses, "mahalanobis", noise=noise).shape
    (10,)
    """

    def __init__(
        self,
        method: Literal["shrinkage_diag", "shrinkage_eye", "diag", "full"] = "shrinkage_diag",
        *,
        dof: float | None = None,
    ) -> None:
        self.method = method
        self.dof = dof

    @checked
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Estimate the noise.

        Parameters
        ----------
        X : array_like of shape (n_observations, n_features)
            Residuals or, with ``y``, responses.
        y : array_like of shape (n_observations,), default=None
            Condition of each observation, whose mean is subtracted; if None, the
            mean of all is.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a feature does not vary, or there are too few observations.
        """
        check_option(self.method, "method", SHRINKAGES)
        check_same_indexes([("X", X), ("y", y)], "samples")
        x = validated(self, X, dtype=np.float64, ensure_min_samples=2)
        self._columns, self._seen = column_names(X), content_hash(x)
        residuals, n_means = _residuals(x, y)
        self.dof_ = float(len(x) - n_means) if self.dof is None else self.dof
        check_number(self.dof_, "dof", 1, np.inf)
        self.variances_ = np.einsum("kj,kj->j", residuals, residuals) / self.dof_
        floor = (64 * np.finfo(float).eps * np.abs(x).max(axis=0)) ** 2
        if (self.variances_ <= floor).any():
            feature = int(np.argmax(self.variances_ <= floor))
            raise ValueError(f"X has no noise in feature {feature}: remove such features first")
        scale = np.sqrt(self.variances_)
        if self.method == "shrinkage_eye":
            scale = np.full(len(scale), np.sqrt(self.variances_.mean()))
        self.shrinkage_ = self._intensity(residuals)
        self._decompose(residuals / scale, scale)
        return self

    def _intensity(self, residuals: np.ndarray) -> float:
        if self.method == "shrinkage_diag":
            return _schaefer_strimmer(residuals / np.sqrt(self.variances_), self.dof_)
        if self.method == "shrinkage_eye":
            scaled = residuals / np.sqrt(self.variances_.mean())  # squares of squares are in range
            return float(ledoit_wolf_shrinkage(scaled, assume_centered=True))
        return float(self.method == "diag")

    def _decompose(self, residuals: np.ndarray, scale: np.ndarray) -> None:
        """Store what whitens: x / scale, with a gain along each direction and one for the rest."""
        _, singular, directions = np.linalg.svd(residuals, full_matrices=False)
        kept = singular > singular[0] * max(residuals.shape) * np.finfo(float).eps
        if self.shrinkage_ == 0 and kept.sum() < len(scale):
            raise ValueError(
                f"the covariance of {len(scale)} features has rank {kept.sum()} without "
                "shrinkage, and no inverse: use method='shrinkage_diag' or more observations"
            )
        rest = self.shrinkage_**-0.5 if self.shrinkage_ > 0 else 0.0
        variances = (1 - self.shrinkage_) * singular[kept] ** 2 / self.dof_ + self.shrinkage_
        self._scale, self._directions = scale, directions[kept]
        self._rest, self._gains = rest, variances**-0.5

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Whiten responses.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Responses.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The whitened responses.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If X is not finite, or has another number of features than in the fit.
        """
        check_is_fitted(self)
        x = validated(self, X, dtype=np.float64, reset=False)
        check_same_columns(X, "X", self._columns)
        return self._whiten(x)

    def _whiten(self, x: np.ndarray) -> np.ndarray:
        x = x / self._scale
        along = (x @ self._directions.T) * (self._gains - self._rest)
        return self._rest * x + along @ self._directions

    def get_precision(self) -> np.ndarray:
        """Return the inverse of the estimated covariance.

        Returns
        -------
        ndarray of shape (n_features, n_features)
            The precision matrix.
        """
        check_is_fitted(self)
        return self._spread(self._gains**2, self._rest**2) / np.outer(self._scale, self._scale)

    def _covariance(self) -> np.ndarray:
        """Return the estimated covariance."""
        rest = self._rest**-2 if self._rest > 0 else 0.0
        return self._spread(self._gains**-2, rest) * np.outer(self._scale, self._scale)

    def _spread(self, along: np.ndarray, rest: float) -> np.ndarray:
        """Return the matrix with eigenvalues along the directions, and one for all others."""
        matrix: np.ndarray = (self._directions.T * (along - rest)) @ self._directions
        matrix[np.diag_indices_from(matrix)] += rest
        return matrix


def _residuals(X: np.ndarray, y: ArrayLike | None) -> tuple[np.ndarray, int]:
    """Subtract the mean of each condition; return how many means that are."""
    if y is None:
        return X - X.mean(axis=0), 1
    values, codes = as_codes(y, "y", len(X))
    if len(values) == len(X):
        raise ValueError("y has no condition with two observations, so that X shows no noise")
    means = np.zeros((len(values), X.shape[1]))
    np.add.at(means, codes, X)
    return X - (means / np.bincount(codes)[:, None])[codes], len(values)


def _squared_gram(x: np.ndarray) -> float:
    """Return the sum of squares of all inner products of columns, or of rows."""
    return float(np.sum((x @ x.T if x.shape[0] < x.shape[1] else x.T @ x) ** 2))


def _schaefer_strimmer(z: np.ndarray, dof: float) -> float:
    """Return the intensity from residuals of unit variance, by sums over pairs of features.

    It is the sum of the estimated variances of correlations over that of their squares,
    with the factors of rsatoolbox, which are those of the paper up to 1/n.
    """
    n = len(z)
    squares = z**2
    fourth = np.sum(squares.sum(axis=1) ** 2) - np.sum(squares**2)
    correlations = (_squared_gram(z) - np.sum(squares.sum(axis=0) ** 2)) / (n - 1) ** 2
    if correlations <= 0 or z.shape[1] == 1:  # all of which is rounding
        return 1.0
    variances = n / dof**2 * (fourth / (n - 1) - correlations)
    return float(np.clip(variances / correlations, 0, 1))


_NOT_FITTED = (
    "{} is a NoiseNormalizer that is not fitted: fit it to residuals, or to observations and their "
    "conditions"
)


def precision_root(noise: Any, name: str = "noise") -> NoiseNormalizer | np.ndarray:
    """Return a fitted normalizer, or the lower Cholesky factor of a precision matrix."""
    if isinstance(noise, NoiseNormalizer):
        check_is_fitted(noise, msg=_NOT_FITTED.format(name))
        return noise
    precision = as_array(noise, name, 2)
    if precision.shape[0] != precision.shape[1] or not np.allclose(
        precision, precision.T, rtol=1e-6, atol=1e-9 * np.abs(precision).max()
    ):
        raise ValueError(f"{name} must be a symmetric matrix, got shape {precision.shape}")
    try:
        return np.linalg.cholesky(precision)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"{name} must be positive definite: it is the inverse of a covariance matrix"
        ) from None


def warn_if_seen(x: np.ndarray, folds: np.ndarray, noise: Any, names: Sequence[Name]) -> None:
    """Warn if crossnobis distances of responses are whitened by noise that was fitted to them.

    That may be all of them, or those of each fold, whose numbers are ``folds``.
    """
    each = noise_of_folds(noise, names, "noise").values() if has_several(noise) else [noise]
    parts = [x] if not has_several(noise) else (x[folds == k] for k in range(len(names)))
    pairs = zip(each, parts, strict=True)
    if any(isinstance(n, NoiseNormalizer) and n._seen == content_hash(own) for n, own in pairs):
        warn_of_seen("pass noise fitted to residuals or to other data")


def warn_of_seen(remedy: str) -> None:
    """Warn that noise is that of the observations themselves."""
    warn_user(
        "noise was estimated from the observations whose crossnobis distances it whitens: they are "
        f"above 0 in noise, and no longer unbiased; {remedy}",
    )


def check_noise_features(x: Any, name: str, noise: Any) -> None:
    """Raise if a matrix of responses has its features in another order than their noise, by name.

    Noise may be that of folds, in a list or mapping.
    """
    if has_several(noise):
        for each in noise.values() if holds_arrays(noise) else noise:
            check_noise_features(x, name, each)
    elif isinstance(noise, NoiseNormalizer):
        check_same_columns(x, name, getattr(noise, "_columns", None))
    elif getattr(x, "ndim", 0) == 2:
        check_same_indexes([(name, x), ("noise", noise)], "features", axis=-1)


def covariance_of(noise: Any, n_features: int, name: str = "noise") -> np.ndarray:
    """Return the covariance of a fitted normalizer, or of a precision matrix."""
    root = precision_root(noise, name)
    own = root.n_features_in_ if isinstance(root, NoiseNormalizer) else len(root)
    if own != n_features:
        raise ValueError(f"{name} is of {own} features, but data have {n_features}")
    if isinstance(root, NoiseNormalizer):
        return root._covariance()
    return np.ascontiguousarray(np.linalg.inv(root @ root.T))


def has_several(noise: Any) -> bool:
    """Whether there are several normalizers or precisions, not one."""
    if holds_arrays(noise):
        return True
    if isinstance(getattr(noise, "ndim", None), int):
        return bool(noise.ndim == 3)
    return isinstance(noise, (list, tuple)) and (not noise or np.ndim(noise[0]) != 1)


def covariances_of(
    noise: Any, folds: Sequence[Name], n_features: int, name: str = "noise"
) -> list[np.ndarray]:
    """Return the covariance of each fold, of noise in their order or by their names."""
    if not has_several(noise):
        return [covariance_of(noise, n_features, name)] * len(folds)
    named = noise_of_folds(noise, folds, name)
    return [covariance_of(x, n_features, f"{name}[{fold!r}]") for fold, x in named.items()]


def noise_of_folds(noise: Any, folds: Sequence[Name], name: str) -> dict[Name, Any]:
    """Return what a list, in their order, or a mapping has for each fold."""
    if not holds_arrays(noise):
        if len(noise) != len(folds):
            raise ValueError(f"{name} has {len(noise)} items for {len(folds)} folds")
        noise = dict(zip(folds, noise, strict=True))
    lacking = [fold for fold in folds if fold not in noise]
    odd = [fold for fold in noise.keys() if fold not in folds]  # noqa: SIM118 -- or a Series
    if lacking or odd:
        what = "nothing for the fold" if lacking else "a fold that folds have not,"
        raise ValueError(f"{name} has {what} {shown((lacking or odd)[0])}")
    return {fold: noise[fold] for fold in folds}
