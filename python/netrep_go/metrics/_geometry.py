"""Differences of numbers that describe the geometry of one representation."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np

from netrep_go._parameters import check_parameters
from netrep_go._sizes import exponents, of_order_one
from netrep_go._validation import check_flag
from netrep_go.metrics._gram import condensed_distances
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["ConcentricityDifference", "MagnitudeDifference", "UniformityDifference"]

_SURVEY = "Klabunde et al. 2025, arXiv:2305.06329"
_ROUNDING = 8 * np.finfo(float).eps
_CENTERED = 1e-10  # share of the activations: a mean below it is what centering left


class _Number(float):
    """The number of one network, and what users are warned of."""

    remark: str | None = None


class _NumberDifference(Measure):
    """Absolute difference of a number that each network has, in any order of its samples."""

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        return prepared

    def _compare(self, x: float, y: float) -> float:
        return abs(x - y)


def _difference(invariances: Set[str], cost: str, reference: str, high: float) -> Properties:
    return Properties(
        kind="distance",
        range=(0, high),
        symmetric=True,
        triangle=True,
        invariances={"permutation", "rotation"} | invariances,
        cost=cost,
        reference=reference,
    )


def _directions(x: np.ndarray) -> np.ndarray | None:
    """Return rows of length 1, or None if a row is 0."""
    if not x.any(axis=1).all():
        return None
    x = of_order_one(x)
    directions: np.ndarray = x / np.linalg.norm(x, axis=1, keepdims=True)
    return directions


def _no_pairs(name: str) -> Undefined:
    return Undefined(f"{name}: there is one sample, which any network has alike")


def _no_direction(name: str) -> Undefined:
    return Undefined(f"{name}: a sample is 0 in all features and has no direction")


class MagnitudeDifference(_NumberDifference):
    r"""Difference of the lengths of the mean activations of two networks.

    .. math:: d(X, Y) = \bigl| |\bar x| - |\bar y| \bigr|, \qquad \bar x = \tfrac1n \sum_i x_i

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    In units of activations. Very different networks may have the distance 0.

    References
    ----------
    Klabunde, Schumacher, Strohmaier & Lemmerich (2025). Similarity of Neural Network Models:
    A Survey of Functional and Representational Measures. ACM Computing Surveys.
    arXiv:2305.06329.

    Examples
    --------
    >>> from netrep_go.metrics import MagnitudeDifference
    >>> MagnitudeDifference().fit_score([[3.0, 0.0], [3.0, 8.0]], [[1.0], [3.0]])
    3.0
    """

    @property
    def properties(self) -> Properties:
        """What is true of the measure."""
        return _difference(set(), "n p", _SURVEY, np.inf)

    def _prepare(self, x: np.ndarray, name: str) -> float:
        mean = x.mean(axis=0, keepdims=True)
        return float(np.ldexp(np.linalg.norm(of_order_one(mean)), exponents(mean)[0, 0]))


class ConcentricityDifference(_NumberDifference):
    r"""Difference of how closely activations point into the direction of their mean.

    .. math:: d(X, Y) = |c(X) - c(Y)|, \qquad c(X) = \frac1n \sum_i \cos(x_i, \bar x)

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The value is NaN, with a warning, where a sample is 0 in all features, or the mean is but
    for rounding, as in centered data: neither has a direction; and for one sample.

    References
    ----------
    Klabunde, Schumacher, Strohmaier & Lemmerich (2025). Similarity of Neural Network Models:
    A Survey of Functional and Representational Measures. ACM Computing Surveys.
    arXiv:2305.06329.

    Examples
    --------
    >>> from netrep_go.metrics import ConcentricityDifference
    >>> X, Y = [[1.0, 0.0], [0.0, 1.0]], [[1.0], [1.0]]
    >>> round(ConcentricityDifference().fit_score(X, Y), 4)
    0.2929
    """

    @property
    def properties(self) -> Properties:
        """What is true of the measure."""
        return _difference({"scale"}, "n p", _SURVEY, 2.0)

    def _prepare(self, x: np.ndarray, name: str) -> float:
        directions = _directions(x)
        if directions is None:
            return _no_direction(name)
        if len(x) == 1:
            return _no_pairs(name)
        mean = x.mean(axis=0, keepdims=True)
        if np.abs(mean).max() <= _CENTERED * np.abs(x).mean(axis=0).max():
            return Undefined(f"{name}: the mean of the samples is 0 and has no direction")
        mean = of_order_one(mean)
        return float(np.mean(directions @ mean[0]) / np.linalg.norm(mean))


class UniformityDifference(_NumberDifference):
    r"""Difference of how evenly samples fill the space.

    .. math:: d(X, Y) = |u(X) - u(Y)|, \qquad
        u(X) = \log \frac1{n^2} \sum_{ij} \exp(-2 |x_i - x_j|^2)

    Parameters
    ----------
    normalize : bool, default=False
        Give each sample the length 1 before, as Wang & Isola do. Otherwise distances count
        as they are, and where all are above a few units, as in wide networks, only the pairs
        of a sample with itself are left: the value is 0 for any such networks, of which a
        warning tells.
    self_pairs : bool, default=True
        Include the pairs of a sample with itself, as ReSi does. Without them the mean is over
        the n (n - 1) others, and distances of any size count.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    References
    ----------
    Wang & Isola (2020). Understanding Contrastive Representation Learning through Alignment
    and Uniformity on the Hypersphere. ICML. arXiv:2005.10242.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import UniformityDifference
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 4))
    >>> measure = UniformityDifference(normalize=True, self_pairs=False)
    >>> round(measure.fit_score(X, X + [3, 0, 0, 0]), 2)  # all near each other on the sphere
    1.59
    """

    def __init__(self, normalize: bool = False, self_pairs: bool = True) -> None:
        self.normalize = normalize
        self.self_pairs = self_pairs
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_flag(self.normalize, "normalize")
        check_flag(self.self_pairs, "self_pairs")

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return _difference(
            {"scale"} if self.normalize else {"translation"},
            "n^2 p",
            "Wang & Isola 2020, arXiv:2005.10242",
            np.inf,
        )

    def _prepare(self, x: np.ndarray, name: str) -> float:
        if self.normalize:
            directions = _directions(x)
            if directions is None:
                return _no_direction(name)
            x = directions
        n = len(x)
        if n == 1:
            return _no_pairs(name)
        distances, power = condensed_distances(x)
        logs = np.ldexp(distances, power, out=distances)
        logs *= logs
        logs *= -2
        if not self.self_pairs:
            largest = logs.max()
            logs -= largest
            return float(largest + np.log(np.exp(logs, out=logs).mean()))
        pairs = 2 * float(np.exp(logs, out=logs).sum())
        value = _Number(np.log((n + pairs) / n**2))
        if pairs <= _ROUNDING * n:
            value.remark = (
                f"{name}: all samples are so far apart that only pairs of a sample with itself "
                "count: use normalize=True or self_pairs=False"
            )
        return value
