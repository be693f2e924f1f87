"""Measures of kernels and of distances between samples."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from scipy.spatial.distance import squareform

from netrep_go._parameters import check_parameters
from netrep_go.metrics._gram import (
    Estimator,
    angle,
    centered,
    check_samples,
    condensed_distances,
    entries,
    hsic_vector,
    vanishes,
)
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._products import Entries
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["DistanceCorrelation", "KernelCKA", "RSMNormDifference"]

_NOTHING_NEAR = 1e-8  # n times this: the sum of squared similarities of a kernel that sees none


class KernelCKA(Measure):
    r"""Centered kernel alignment with a Gaussian or a linear kernel.

    For the kernel matrices K and L of two networks, centered as the estimator says,

    .. math:: \mathrm{CKA}(X, Y) = \frac{\langle K, L \rangle}{\|K\| \, \|L\|}

    where K is :math:`x_i^\top x_j` of centered activations, or
    :math:`\exp(-\|x_i - x_j\|^2 / 2 \sigma^2)`.

    Parameters
    ----------
    kernel : {'rbf', 'linear'}, default='rbf'
        Gaussian or linear. For the linear kernel with its other two estimators and many
        networks, :class:`LinearCKA` is faster.
    estimator : {'biased', 'unbiased', 'diagonal_free'}, default='biased'
        'biased' takes the centered matrices, 'unbiased' the estimate of HSIC of Song et al.,
        which needs at least 4 samples, and 'diagonal_free' the centered matrices without
        their diagonals, as Lange et al. do; with the linear kernel that is the modified RV
        coefficient of Smilde et al. The last two may be negative.
    sigma : 'median' or float, default='median'
        Width of the Gaussian, for each network by itself: the lower median of the distances
        between all n^2 pairs of samples, those of samples with themselves included, or a
        number in the units of the activations. The linear kernel does not need it.
    score_method : {'cosine', 'angular'}, default='cosine'
        The cosine above, **a similarity**: larger is more alike; or its angle in radians, a
        metric.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The value is NaN, with a warning, where a kernel is degenerate: where activations do not
    vary, where more than half of the distances are 0 and their median gives no width, or where
    `sigma` is so small that no two samples are similar. Then K is the identity of all networks
    alike, and other packages return 1, or some number near 0 if unbiased.

    Nothing is fitted: held-out data are compared by themselves. Widths may differ.

    References
    ----------
    Kornblith, Norouzi, Lee & Hinton (2019). Similarity of Neural Network
    Representations Revisited. ICML. arXiv:1905.00414.

    Lange, Kwok, Matelsky, Wang, Rolnick & Kording (2023). Deep Networks as Paths on the
    Manifold of Neural Representations. TAG-ML Workshop at ICML.

    Smilde, Kiers, Bijlsma, Rubingh & van Erk (2009). Matrix correlations for
    high-dimensional data: the modified RV-coefficient. Bioinformatics 25, 401-405.
    doi:10.1093/bioinformatics/btn634.

    Song, Smola, Gretton, Bedo & Borgwardt (2012). Feature Selection via Dependence
    Maximization. JMLR 13, 1393-1434.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import KernelCKA
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 50, 100))
    >>> round(float(KernelCKA().fit_score(X, Y)), 2)
    0.76
    >>> round(float(KernelCKA(estimator="unbiased").fit_score(X, Y)), 2)
    -0.05
    """

    def __init__(
        self,
        kernel: Literal["rbf", "linear"] = "rbf",
        estimator: Estimator = "biased",
        sigma: float | Literal["median"] = "median",
        score_method: Literal["cosine", "angular"] = "cosine",
    ) -> None:
        self.kernel = kernel
        self.estimator = estimator
        self.sigma = sigma
        self.score_method = score_method
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        if not isinstance(self.sigma, str) and not 0 < self.sigma < np.inf:
            raise ValueError(f"sigma must be positive and finite, got {self.sigma}")

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        angular = self.score_method == "angular"
        low = 0 if self.estimator == "biased" else -1
        fixed = self.kernel == "rbf" and self.sigma != "median"
        return Properties(
            kind="distance" if angular else "similarity",
            range=(0, np.arccos(low)) if angular else (low, 1),
            symmetric=True,
            triangle=angular,
            null=self.estimator == "unbiased" and not angular,
            invariances={"permutation", "rotation", "translation"}
            | (set() if fixed else {"scale"}),
            cost="n^2",
            reference="Kornblith et al. 2019, arXiv:1905.00414",
        )

    def _prepare(self, x: np.ndarray, name: str) -> np.ndarray | Undefined:
        """Return the centered kernel matrix as a vector of length 1."""
        check_samples(x, name, self.estimator)
        K = self._linear(x, name) if self.kernel == "linear" else self._gaussian(x, name)
        return K if isinstance(K, Undefined) else _unit(K, self.estimator, name)

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray | Undefined:
        x, _ = centered(x)
        return x @ x.T if x.any() else _constant(name)

    def _gaussian(self, x: np.ndarray, name: str) -> np.ndarray | Undefined:
        """Return the kernel minus 1, which resolves large sigma, and is centered to the same."""
        d, power = condensed_distances(x)
        if not d.any():
            return _constant(name)
        sigma = _lower_median(d, len(x)) if self.sigma == "median" else self.sigma
        if not sigma > 0:
            return Undefined(
                f"{name}: most samples are the same, so that the median gives no sigma"
            )
        with np.errstate(over="ignore", under="ignore"):
            d = (d if self.sigma == "median" else np.ldexp(d, power)) / sigma
            k = np.expm1(-(d**2) / 2)
        if 2 * np.sum((1 + k) ** 2) <= _NOTHING_NEAR * len(x):
            return Undefined(f"{name}: sigma is so small that no two samples are similar")
        if not k.any():
            return Undefined(f"{name}: sigma is so large that all samples are the same")
        return squareform(k / -k.min())

    def _entries(self, n: int) -> Entries:
        return entries(n, self.estimator)

    def _converges(self) -> bool:
        return True

    def _has_exact_null(self) -> bool:
        return self.score_method == "cosine" and self.estimator != "diagonal_free"

    def _of_cosines(self, cosines: np.ndarray) -> np.ndarray:
        cosines = np.clip(cosines, -1, 1)
        return np.arccos(cosines) if self.score_method == "angular" else cosines

    def _compare(self, x: np.ndarray, y: np.ndarray) -> float:
        return angle(x, y) if self.score_method == "angular" else _cosine(x, y)


class DistanceCorrelation(Measure):
    r"""Correlation of the distances between samples, 0 if and only if networks are independent.

    For the matrices of Euclidean distances between samples, centered to A and B,

    .. math:: \mathrm{dCor}(X, Y) =
        \sqrt{\langle A, B \rangle / \sqrt{\langle A, A \rangle \langle B, B \rangle}}

    Parameters
    ----------
    estimator : {'biased', 'unbiased'}, default='biased'
        'biased' is the V-statistic above of doubly centered matrices, from 0 to 1, which is
        high for any two networks with more neurons than samples. 'unbiased' is the
        bias-corrected statistic: the ratio under the outer root, **an estimate of the square**,
        of U-centered matrices; it is around 0 for independent networks, may be negative and
        needs at least 4 samples.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The value does not depend on the scale of the activations, though ReSi lists it as if it did.
    Where activations do not vary, or all samples are equally far from each other and the
    estimate is unbiased, it is NaN, with a warning.

    Nothing is fitted: held-out data are compared by themselves. Widths may differ.

    References
    ----------
    Székely, Rizzo & Bakirov (2007). Measuring and testing dependence by correlation of
    distances. Ann. Statist. 35, 2769-2794. doi:10.1214/009053607000000505.

    Székely & Rizzo (2014). Partial distance correlation with methods for dissimilarities.
    Ann. Statist. 42, 2382-2412. doi:10.1214/14-AOS1255.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import DistanceCorrelation
    >>> X = np.arange(20.0)[:, np.newaxis]
    >>> round(float(DistanceCorrelation().fit_score(X, 3 - 2 * X)), 6)
    1.0
    >>> round(float(DistanceCorrelation().fit_score(X, np.cos(X))), 2)
    0.22
    """

    def __init__(self, estimator: Literal["biased", "unbiased"] = "biased") -> None:
        self.estimator = estimator

    def _check_parameters(self) -> None:
        check_parameters(self)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(0 if self.estimator == "biased" else -1, 1),
            symmetric=True,
            null=self.estimator == "unbiased",
            invariances={"permutation", "rotation", "scale", "translation"},
            cost="n^2",
            reference="Székely et al. 2007, doi:10.1214/009053607000000505",
        )

    def _prepare(self, x: np.ndarray, name: str) -> np.ndarray | Undefined:
        """Return the centered distances as a vector of length 1."""
        check_samples(x, name, self.estimator)
        d, _ = condensed_distances(x)
        if not d.any():
            return _constant(name)
        return _unit(-squareform(d), self.estimator, name)

    def _compare(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(self._of_cosines(np.array(_cosine(x, y))))

    def _entries(self, n: int) -> Entries:
        return entries(n, self.estimator)

    def _converges(self) -> bool:
        return True

    def _has_exact_null(self) -> bool:
        return self.estimator == "unbiased"

    def _of_cosines(self, cosines: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(cosines, 0)) if self.estimator == "biased" else cosines


class _Distances(NamedTuple):
    """Distances between samples, divided by a power of two."""

    values: np.ndarray
    power: int

    def scaled(self, power: int) -> np.ndarray:
        return np.ldexp(self.values, self.power - power)


class RSMNormDifference(Measure):
    r"""Norm of the difference between two matrices of Euclidean distances of samples.

    .. math:: d(X, Y) = \|D_X - D_Y\|, \qquad (D_X)_{ij} = \|x_i - x_j\|

    Parameters
    ----------
    norm : {'frobenius', 'spectral'}, default='frobenius'
        The root of the summed squares of all n^2 entries, or the largest singular value. The
        latter is what ReSi computes, where the former was meant.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The distance is in the units of the activations, and grows with the number of samples.
    Nothing is fitted: held-out data are compared by themselves. Widths may differ.

    References
    ----------
    Klabunde, Schumacher, Strohmaier & Lemmerich (2025). Similarity of Neural Network
    Models: A Survey of Functional and Representational Measures. ACM Comput. Surv. 57, 242.
    arXiv:2305.06329.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import RSMNormDifference
    >>> X = np.array([[0.0], [3.0]])
    >>> print(RSMNormDifference(norm="spectral").fit_score(X, 2 * X))
    3.0
    """

    def __init__(self, norm: Literal["frobenius", "spectral"] = "frobenius") -> None:
        self.norm = norm

    def _check_parameters(self) -> None:
        check_parameters(self)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="distance",
            range=(0, np.inf),
            symmetric=True,
            triangle=True,
            invariances={"permutation", "rotation", "translation"},
            cost="n^2" if self.norm == "frobenius" else "n^3",
            reference="Klabunde et al. 2025, arXiv:2305.06329",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Distances:
        return _Distances(*condensed_distances(x))

    def _compare(self, x: _Distances, y: _Distances) -> float:
        power = max(x.power, y.power)
        change = x.scaled(power) - y.scaled(power)
        return np.ldexp(self._of_difference(change), power)

    def _of_difference(self, change: np.ndarray) -> float:
        if self.norm == "frobenius" or not change.any():
            return np.sqrt(2) * np.linalg.norm(change)
        return np.abs(np.linalg.eigvalsh(squareform(change))).max()


def _constant(name: str) -> Undefined:
    return Undefined(f"{name}: the activations do not vary")


def _lower_median(d: np.ndarray, n: int) -> float:
    """Return the lower of the two middle ones of n^2 distances, given each of two samples once."""
    middle = (n**2 - 1) // 2 - n  # 0 stands n times, the others twice
    return float(np.partition(d, middle // 2)[middle // 2]) if middle >= 0 else 0.0


def _unit(K: np.ndarray, estimator: Estimator, name: str) -> np.ndarray | Undefined:
    """Return a kernel matrix as a vector of length 1 whose products are cosines."""
    trace = np.trace(K) - K.sum() / len(K)  # of the centered matrix
    vector = hsic_vector(K, estimator)
    if vanishes(vector, trace):
        return Undefined(
            f"{name}: all pairs of samples are equally similar, so that the unbiased estimate is 0"
        )
    return vector / np.linalg.norm(vector)


def _cosine(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.clip(x @ y, -1, 1))
