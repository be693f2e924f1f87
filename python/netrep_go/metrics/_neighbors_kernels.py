"""Measures of how similar neighbors are, and not only of who they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from netrep_go._parameters import check_parameters
from netrep_go._validation import check_integer, check_number, check_option
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._neighbors import ROUNDING, Neighbors, directions, nearest, reordered, shared
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["CKNNA", "SecondOrderCosine"]

_CHUNK = 2**16  # numbers that are gathered at once: few enough for a cache
_SAME = (8 * np.finfo(float).eps) ** 2  # distances that rounding makes of the same direction


@dataclass(frozen=True)
class _Directions:
    """Samples of length 1, their neighbors, and the cosine distances to these."""

    vectors: np.ndarray
    neighbors: Neighbors
    distances: np.ndarray
    remark: str


class SecondOrderCosine(Measure):
    r"""Cosine of the distances of samples to their neighbors in two networks.

    For each sample, :math:`U_i` are those that are among its k nearest in X, in Y or in
    both, by cosine, and :math:`d_X(i, j)` is 1 minus the cosine of samples i and j in X:

    .. math:: \frac{1}{n} \sum_{i=1}^n \frac{\sum_{j \in U_i} d_X(i, j) \, d_Y(i, j)}
        {\sqrt{\sum_{j \in U_i} d_X(i, j)^2 \, \sum_{j \in U_i} d_Y(i, j)^2}}

    All distances being positive, values of unrelated networks are high, often above 0.8: the
    null value depends on how distances spread, and has to be found by permuting samples.

    Parameters
    ----------
    n_neighbors : int, default=10
        k, less than the number of samples.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    MutualKNN : What is said there of centering and ties is true here.

    Notes
    -----
    Distances are found for the neighbors alone, as half the squared length of the difference
    of two samples of length 1: small ones are not lost in rounding. Where a sample is at
    distance 0 from all its neighbors, the value is NaN, with a warning.

    References
    ----------
    Hamilton, Leskovec & Jurafsky (2016). Cultural Shift or Linguistic Drift? Comparing Two
    Computational Measures of Semantic Change. EMNLP. arXiv:1606.02821.

    Klabunde, Wald, Schumacher, Maier-Hein, Strohmaier & Lemmerich (2025). ReSi: A
    Comprehensive Benchmark for Representational Similarity Measures. ICLR. arXiv:2408.00531.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import SecondOrderCosine
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 100, 20))
    >>> round(SecondOrderCosine().score(X, Y), 2)
    0.85
    """

    def __init__(self, n_neighbors: int = 10) -> None:
        self.n_neighbors = n_neighbors
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_integer(self.n_neighbors, "n_neighbors", 1)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(0, 1),
            symmetric=True,
            invariances={"permutation", "rotation", "scale"},
            cost="n k p, and once a network n^2 p",
            reference="Hamilton et al. 2016, arXiv:1606.02821",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Directions | Undefined:
        found = nearest(x, int(self.n_neighbors), "cosine", name)
        if isinstance(found, Undefined):
            return found
        vectors = directions(x)
        everywhere = np.ones(found.indices.shape, bool)
        return _Directions(vectors, found, _distances(vectors, found, everywhere), found.remark)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        if isinstance(prepared, Undefined):
            return prepared
        if prepared.remark:  # of ties, which go by the order
            return super()._reordered(prepared, x, order, name)
        return replace(
            prepared,
            vectors=prepared.vectors[order],
            neighbors=reordered(prepared.neighbors, order),
            distances=prepared.distances[:, order],
        )

    def _compare(self, x: _Directions, y: _Directions) -> float:
        near_x, near_y = x.neighbors, y.neighbors
        alone = ~shared(near_y, near_x)  # the others of Y are neighbors in X as well
        in_x = np.vstack([x.distances, _distances(x.vectors, near_y, alone)])
        everywhere = np.ones(alone.shape, bool)
        in_y = np.vstack([_distances(y.vectors, near_x, everywhere), y.distances * alone])
        squares = [np.einsum("ki,ki->i", d, d) for d in (in_x, in_y)]
        if not (squares[0].all() and squares[1].all()):
            return Undefined("a sample has the direction of all its neighbors: its distances are 0")
        products = np.einsum("ki,ki->i", in_x, in_y)
        return float(np.mean(products / np.sqrt(squares[0] * squares[1])))


def _distances(vectors: np.ndarray, neighbors: Neighbors, where: np.ndarray) -> np.ndarray:
    """Return cosine distances to those neighbors that are marked, and 0 elsewhere: (k, n)."""
    samples, others = np.nonzero(where)[1], neighbors.indices[where]
    found = np.zeros(len(samples))
    step = max(1, _CHUNK // vectors.shape[1])
    for i in range(0, len(samples), step):
        apart = vectors[others[i : i + step]] - vectors[samples[i : i + step]]
        found[i : i + step] = np.einsum("ip,ip->i", apart, apart) / 2
    found[found < _SAME] = 0
    distances = np.zeros(where.shape)
    distances[where] = found
    return distances


@dataclass(frozen=True)
class _Masked:
    """A Gram matrix, 0 but for neighbors, by the places of these in ascending order."""

    n: int
    places: np.ndarray
    values: np.ndarray
    exponent: int
    own: float
    tied: bool
    remark: str


class CKNNA(Measure):
    r"""Alignment of kernels where samples are neighbors in both networks.

    With inner products of samples, :math:`K = X X^\top` and :math:`L = Y Y^\top`, and the mask
    of X and Y, 1 where j is among the k nearest of i in both networks, without the
    diagonal,

    .. math:: \frac{h(K \circ M_{XY}, L \circ M_{XY})}
        {\sqrt{h(K \circ M_{XX}, K \circ M_{XX}) \, h(L \circ M_{YY}, L \circ M_{YY})}
        + \epsilon}

    where h is the unbiased estimate of HSIC, see :class:`LinearCKA`, for matrices that are not
    symmetric, as masks are not: with :math:`\mathrm{tr}\, K L`, and :math:`1^\top K L 1` in this
    order. So it is defined by the program of platonic-rep, :math:`\epsilon = 10^{-6}` included.
    For this reason it is **slightly asymmetric**; and it is no correlation: it may exceed 1.

    Parameters
    ----------
    n_neighbors : int, default=10
        k, less than the number of samples.
    similarity : {'cosine', 'dot'}, default='cosine'
        Whether samples are scaled to length 1 first, as the authors do before they call their
        function, or not.
    eps : float, default=1e-6
        What is added below the line. Each term there is about k / n times a squared mean
        similarity, so that with many samples, or small activations and 'dot', this is not
        little: a warning says where it is more than a hundredth of a term. With 0
        the value does not depend on the unit of activations, and is 1 for a network with itself.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    MutualKNN : What is said there of centering, ties and memory is true here.

    Notes
    -----
    The null value is about k / (n - 1). At least 4 samples are needed. Where the term of a
    network with itself is not positive, the value is NaN, with a warning.

    References
    ----------
    Huh, Cheung, Wang & Isola (2024). The Platonic Representation Hypothesis. ICML.
    arXiv:2405.07987.

    Song, Smola, Gretton, Bedo & Borgwardt (2012). Feature Selection via Dependence
    Maximization. JMLR 13, 1393-1434.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import CKNNA
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> round(CKNNA().score(X, X + rng.standard_normal((100, 20))), 2)
    0.33
    """

    def __init__(
        self,
        n_neighbors: int = 10,
        similarity: Literal["cosine", "dot"] = "cosine",
        eps: float = 1e-6,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.similarity = similarity
        self.eps = eps
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_integer(self.n_neighbors, "n_neighbors", 1)
        check_option(self.similarity, "similarity", ("cosine", "dot"))
        check_number(self.eps, "eps", 0, np.inf)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        unitless = self.eps == 0 or self.similarity == "cosine"
        return Properties(
            kind="similarity",
            identity=False,
            invariances={"permutation", "rotation"} | ({"scale"} if unitless else set()),
            cost="n k log(n k), and once a network n^2 p",
            reference="Huh et al. 2024, arXiv:2405.07987",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Masked | Undefined:
        n, k = len(x), int(self.n_neighbors)
        if n < 4:
            return Undefined(f"the unbiased HSIC needs at least 4 samples, got {n}")
        found = nearest(x, k, self.similarity, name)
        if isinstance(found, Undefined):
            return found
        places = (np.arange(n) * n + found.indices).ravel()
        order = np.argsort(places)
        places, values = places[order], found.values.ravel()[order]
        own = _hsic(places, values, values, n)
        if not own > 0:
            return Undefined(f"the HSIC of {name} with itself is {own:.3g}, which is not positive")
        remarks = [found.remark, self._remark(own, found.exponent)]
        return _Masked(
            n,
            places,
            values,
            found.exponent,
            own,
            bool(found.remark),
            "; ".join(filter(None, remarks)),
        )

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        if isinstance(prepared, Undefined):
            return prepared
        if prepared.tied:
            return super()._reordered(prepared, x, order, name)
        to = np.argsort(order)
        places = to[prepared.places // prepared.n] * prepared.n + to[prepared.places % prepared.n]
        ascending = np.argsort(places)
        return replace(prepared, places=places[ascending], values=prepared.values[ascending])

    def _remark(self, own: float, exponent: int) -> str:
        if _scaled(self.eps, -2 * exponent) <= own / 100:
            return ""
        return (
            f"eps={self.eps:g} is more than a hundredth of what it is added to, the HSIC of a "
            "network with itself, and lowers the value: eps=0 leaves it out"
        )

    def _compare(self, x: _Masked, y: _Masked) -> float:
        places, in_x, in_y = np.intersect1d(
            x.places, y.places, assume_unique=True, return_indices=True
        )
        hsic = _hsic(places, x.values[in_x], y.values[in_y], x.n)
        eps = _scaled(self.eps, -x.exponent - y.exponent)
        return float(hsic / (np.sqrt(x.own * y.own) + eps))


def _scaled(eps: float, exponent: int) -> float:
    """Return a number times a power of two, which may be infinite."""
    with np.errstate(over="ignore"):
        return float(np.ldexp(eps, exponent))


def _hsic(places: np.ndarray, K: np.ndarray, L: np.ndarray, n: int) -> float:
    """Return the unbiased HSIC of matrices that are 0 but for some places: i n + j, ascending.

    What rounding may make of 0 is 0.
    """
    if not len(places):
        return 0.0
    rows, columns = places // n, places % n
    mirrored = columns * n + rows
    at = np.minimum(np.searchsorted(places, mirrored), len(places) - 1)
    both = places[at] == mirrored
    trace = K[both] @ L[at[both]]
    sums = np.bincount(columns, K, n) @ np.bincount(rows, L, n)
    parts = np.array([trace, K.sum() * L.sum() / ((n - 1) * (n - 2)), -2 * sums / (n - 2)])
    hsic = parts.sum()
    return float(hsic / (n * (n - 3))) if abs(hsic) > ROUNDING * np.abs(parts).sum() else 0.0
