"""Measures that match the units of two networks, one to one or in shares."""

from __future__ import annotations

from math import lcm
from typing import Any, Literal, NamedTuple

import numpy as np

from netrep_go import _native
from netrep_go._parameters import check_parameters
from netrep_go._sizes import exponents, of_order_one
from netrep_go._validation import check_option
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["CorrelationMatch", "SoftMatching"]

_MATCHINGS = ("hard", "semi")
_SCORES = ("distance", "correlation")
_BLOCK = 1 << 20  # numbers of differences at a time
_DEAD = 8 * np.finfo(float).eps  # share of its largest response by which a unit varies by rounding


class Units(NamedTuple):
    """Centered units of a network, in columns, times a power of two."""

    columns: np.ndarray
    power: int
    remark: str | None = None


def _centered(x: np.ndarray) -> Units:
    """Return units without their means, of order one."""
    power = int(exponents(x.reshape(1, -1))[0, 0])
    x = np.ldexp(x, -power)
    return Units(x - x.mean(axis=0), power)


def standardized(x: np.ndarray, name: str) -> Units | Undefined:
    """Return units of mean 0 and length 1, those that do not vary as 0."""
    x = of_order_one(x.T).T
    x -= x.mean(axis=0)
    norms = np.linalg.norm(x, axis=0)
    dead = norms <= _DEAD * np.sqrt(len(x))
    if dead.all():
        return Undefined(f"{name}: no unit varies, so that there are no correlations")
    norms[dead] = np.inf
    return Units(x / norms, 0, _of_dead(int(np.count_nonzero(dead)), name))


def _of_dead(n: int, name: str) -> str | None:
    if not n:
        return None
    units = "1 unit does" if n == 1 else f"{n} units do"
    return f"{name}: {units} not vary; their correlations count as 0"


class _Flow(NamedTuple):
    """Shares of units of x (rows) and y (columns) that are matched, of a mass of 1 in all."""

    shares: np.ndarray
    steps: np.ndarray  # of the path: mass up to there, gain, unit of x, unit of y


def transport(gains: np.ndarray, mass: float = 1.0, *, path: bool = False) -> _Flow:
    """Match units of uniform masses so that the sum of shares times gains is largest."""
    if gains.shape[0] < gains.shape[1]:
        shares, steps = transport(gains.T, mass, path=path)
        return _Flow(shares.T, steps[:, [0, 1, 3, 2]])
    p, q = gains.shape
    total = lcm(p, q)
    flow, steps, count = _sent(-gains, total // p, total // q, mass * total, path * (total + 1))
    steps = steps[:count] * [1, -1, 1, 1]
    steps[:, 0] = np.cumsum(steps[:, 0]) / total
    return _Flow(flow.T / total, steps)


def _sent(
    cost: np.ndarray, supply: int, room: int, mass: float, most_steps: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Send a mass from rows to columns at the least cost; return flow, steps, their number."""
    p, q = cost.shape
    flow, steps, count = np.empty((q, p)), np.empty((most_steps, 4)), np.empty(1, np.int64)
    _native.call(
        "metrics.transport",
        {"flow": flow, "steps": steps, "count": count},
        {
            "cost": np.ascontiguousarray(cost),
            "supply": float(supply),
            "room": float(room),
            "mass": float(mass),
        },
    )
    return flow, steps, int(count[0])


def gain_of(shares: np.ndarray, gains: np.ndarray) -> float:
    """Return the sum of shares times gains."""
    return float(np.einsum("ij,ij->", shares, gains))


def correlations_of(x: Units, y: Units) -> np.ndarray:
    """Return the correlations of standardized units."""
    return np.clip(x.columns.T @ y.columns, -1.0, 1.0)


class OfUnits(Measure):
    """What compares networks by their units, as they are prepared here."""

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        if isinstance(prepared, Undefined):
            return prepared
        return prepared._replace(columns=prepared.columns[order])


class CorrelationMatch(OfUnits):
    r"""Mean correlation of units that are matched one to one, or each to its best one.

    With the correlations :math:`\rho_{ij}` of unit i of X and unit j of Y, p and q units,

    .. math:: \text{hard: } \max_\pi \frac1p \sum_i \rho_{i \pi(i)} \quad (p \le q), \qquad
        \text{semi: } \frac12 \Bigl(\frac1p \sum_i \max_j \rho_{ij}
        + \frac1q \sum_j \max_i \rho_{ij}\Bigr).

    In a hard match each unit of the narrower network has a partner of its own; in a
    semi-match several may share one. Correlations are signed: a unit and its negative do
    not match.

    Parameters
    ----------
    matching : {'hard', 'semi'}, default='hard'
        Whether partners are exclusive.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    SoftMatching : Units matched in shares, where widths differ.

    Notes
    -----
    Neither order, scale nor mean of a unit matters, and each unit may have a scale of its
    own. Correlations of units that do not vary are undefined; they count as 0, with a
    warning, and the value is NaN if no unit varies. ReSi calls the semi-match
    "SoftCorrelationMatch", which is not the soft matching of Khosla & Williams.

    References
    ----------
    Li, Yosinski, Clune, Lipson & Hopcroft (2016). Convergent Learning: Do Different Neural
    Networks Learn the Same Representations? ICLR. arXiv:1511.07543.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import CorrelationMatch
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 4))
    >>> round(CorrelationMatch().fit_score(X, 3 * X[:, ::-1] + 1), 6)
    1.0
    >>> round(CorrelationMatch().fit_score(X, rng.standard_normal((50, 6))), 2)
    0.2
    """

    def __init__(self, matching: Literal["hard", "semi"] = "hard") -> None:
        self.matching = matching
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_option(self.matching, "matching", _MATCHINGS)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(-1, 1),
            symmetric=True,
            invariances={"permutation", "scale", "translation"},
            cost="n p^2 + p^3" if self.matching == "hard" else "n p^2",
            reference="Li et al. 2016, arXiv:1511.07543",
        )

    def _prepare(self, x: np.ndarray, name: str) -> Units | Undefined:
        return standardized(x, name)

    def _compare(self, x: Units, y: Units) -> float:
        correlations = correlations_of(x, y)
        if self.matching == "semi":
            best = correlations.max(axis=1).mean(), correlations.max(axis=0).mean()
            return float(sum(best) / 2)
        if correlations.shape[0] > correlations.shape[1]:
            correlations = correlations.T
        n = len(correlations)
        flow, *_ = _sent(-correlations, 1, 1, n, 0)
        return gain_of(flow.T, correlations) / n


class SoftMatching(OfUnits):
    r"""Soft matching of units: optimal transport between the units of two networks.

    Each unit of X has the mass 1/p and each unit of Y the mass 1/q. With the shares P that
    the units of X send to those of Y, and centered units,

    .. math:: d(X, Y) = \min_P \Bigl(\sum_{ij} P_{ij} |x_i - y_j|^2\Bigr)^{1/2}, \qquad
        s(X, Y) = \max_P \sum_{ij} P_{ij} \rho_{ij}

    with the correlations :math:`\rho_{ij}`. The optimum is exact: an assignment for equal
    widths, and shortest augmenting paths for others.

    Parameters
    ----------
    score_method : {'distance', 'correlation'}, default='distance'
        'distance' is d, a metric, in units of activations: it grows with the root of the
        number of samples. 'correlation' is s, **a similarity**.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    PartialSoftMatching : A part of the mass is matched.
    CorrelationMatch : One to one, or each to its best.

    Notes
    -----
    For equal widths s is the hard match of :class:`CorrelationMatch`. Units that do not
    vary have the correlation 0 with all others, with a warning; the distance takes them as
    they are.

    References
    ----------
    Khosla & Williams (2024). Soft Matching Distance: A Metric on Neural Representations that
    Captures Single-Neuron Tuning. UniReps workshop. arXiv:2311.09466.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import SoftMatching
    >>> X = np.random.default_rng(0).standard_normal((50, 4))
    >>> twice = np.repeat(X, 2, axis=1)  # each unit two times
    >>> SoftMatching().fit_score(X, twice)
    0.0
    """

    def __init__(self, score_method: Literal["distance", "correlation"] = "distance") -> None:
        self.score_method = score_method
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_option(self.score_method, "score_method", _SCORES)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        distance = self.score_method == "distance"
        return Properties(
            kind="distance" if distance else "similarity",
            range=(0, np.inf) if distance else (-1, 1),
            symmetric=True,
            triangle=distance,
            invariances={"permutation", "translation"} | (set() if distance else {"scale"}),
            cost="n p^2 + p^3",
            reference="Khosla & Williams 2024, arXiv:2311.09466",
        )

    def _prepare(self, x: np.ndarray, name: str) -> Units | Undefined:
        if self.score_method == "correlation":
            return standardized(x, name)
        if len(x) == 1:
            return Undefined(f"{name}: one sample does not tell units apart")
        return _centered(x)

    def _compare(self, x: Units, y: Units) -> float:
        if self.score_method == "correlation":
            correlations = correlations_of(x, y)
            return gain_of(transport(correlations).shares, correlations)
        return _root_cost(x, y, transport(x.columns.T @ y.columns).shares)


def _root_cost(x: Units, y: Units, shares: np.ndarray) -> float:
    """Return the root of the cost of shares: from differences, which are exact near 0."""
    i, j = np.nonzero(shares)
    power = max(x.power, y.power)
    total, step = 0.0, max(1, _BLOCK // len(x.columns))
    for k in range(0, len(i), step):
        left, right = i[k : k + step], j[k : k + step]
        apart = np.ldexp(x.columns.T[left], x.power - power)
        apart -= np.ldexp(y.columns.T[right], y.power - power)
        total += float(shares[left, right] @ np.einsum("kn,kn->k", apart, apart))
    return float(np.ldexp(np.sqrt(total), power))
