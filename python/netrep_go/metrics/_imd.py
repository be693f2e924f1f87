"""The intrinsic multi-scale distance (IMD)."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.linalg import eigvalsh
from scipy.sparse import csr_array, diags_array, eye_array

from netrep_go._parameters import check_parameters
from netrep_go._validation import check_integer, check_option
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._neighbors import nearest
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["IMD"]

_METHODS = ("exact", "lanczos")
_TIMES = np.logspace(-1, 1, 256)
_WEIGHTS = 1e6 * np.exp(-2 * (_TIMES + 1 / _TIMES))
_DEGREE = 4  # of the polynomials of which the trace is known


class _Trace(NamedTuple):
    """The heat trace of a network at all times, and what users are warned of."""

    values: np.ndarray
    remark: str


class IMD(Measure):
    r"""Intrinsic multi-scale distance: how differently heat spreads over the samples.

    Samples are joined to their k nearest neighbors by Euclidean distance, in one direction
    or both. With the normalized Laplacian L of this graph, whose eigenvalues are
    :math:`\lambda`, and its heat trace
    :math:`h(t) = \frac1n \sum_i e^{-t \lambda_i}`,

    .. math:: d(X, Y) = 10^6 \max_t e^{-2 (t + 1/t)} |h_X(t) - h_Y(t)|

    over 256 times from 0.1 to 10, evenly spaced in their logarithm. It does not ask which
    sample is which: the samples of one network may be reordered.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number k of neighbors, less than the number of samples.
    method : {'exact', 'lanczos'}, default='exact'
        'exact' computes all eigenvalues. 'lanczos' estimates the trace by stochastic Lanczos
        quadrature, which is faster from some hundred samples on; what it has to estimate
        is made small by the traces of the powers of L up to L^4, which are known. The estimate
        changes a little with the seed and with the order of the samples.
    n_probes : int, default=100
        Number of random vectors of 'lanczos'.
    n_steps : int, default=10
        Number of Lanczos steps from each of them.
    random_state : int, default=0
        Seed of the random vectors. All networks have the same ones, so that a pair does not
        depend on the networks beside it.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    A metric of graphs with different heat traces, so that very different networks may have
    the distance 0. Where samples are equally far from one, those that come first count as
    nearer, of which a warning tells. The value is NaN, with a warning, if there are no more
    than k samples, or all are equally far. The package ``msid`` of the authors estimates by Lanczos
    quadrature alone.

    References
    ----------
    Tsitsulin, Munkhoeva, Mottin, Karras, Bronstein, Oseledets & Müller (2020). The Shape of
    Data: Intrinsic Distance for Data Distributions. ICLR. arXiv:1905.11141.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import IMD
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 200, 4))
    >>> Y[:, 1:] *= 0.1  # almost on a line
    >>> round(IMD().fit_score(X, Y))
    42
    >>> round(IMD(method="lanczos", n_probes=1000).fit_score(X, Y))
    42
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        method: Literal["exact", "lanczos"] = "exact",
        n_probes: int = 100,
        n_steps: int = 10,
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.method = method
        self.n_probes = n_probes
        self.n_steps = n_steps
        self.random_state = random_state
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_option(self.method, "method", _METHODS)
        for name in ("n_neighbors", "n_probes", "n_steps"):
            check_integer(getattr(self, name), name, 1)
        check_integer(self.random_state, "random_state", 0, 2**32 - 1)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="distance",
            range=(0, np.inf),
            symmetric=True,
            triangle=True,
            invariances={"permutation", "rotation", "scale", "translation"},
            cost="n^2 p + n^3" if self.method == "exact" else "n^2 p",
            reference="Tsitsulin et al. 2020, arXiv:1905.11141",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Trace | Undefined:
        neighbors = nearest(x, self.n_neighbors, "euclidean", name)
        if isinstance(neighbors, Undefined):
            return neighbors
        n, laplacian = len(x), _laplacian(neighbors.indices)
        if self.method == "exact":
            values = np.exp(-np.outer(_TIMES, eigvalsh(laplacian.toarray()))).sum(axis=1)
        else:
            rng = np.random.default_rng(self.random_state)
            probes = rng.choice([-1.0, 1.0], (n, self.n_probes)) / np.sqrt(n)
            values = _estimated_trace(laplacian, probes, min(self.n_steps, n))
        return _Trace(values / n, neighbors.remark)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        return prepared

    def _compare(self, x: _Trace, y: _Trace) -> float:
        return float(np.max(_WEIGHTS * np.abs(x.values - y.values)))


def _laplacian(neighbors: np.ndarray) -> csr_array:
    """Return the normalized Laplacian of the graph that joins samples to their neighbors."""
    k, n = neighbors.shape
    ends = np.tile(np.arange(n), k), neighbors.ravel()
    one_way = csr_array((np.ones(n * k), ends), shape=(n, n))
    graph = one_way.maximum(one_way.T)
    scale = diags_array(1 / np.sqrt(graph.sum(axis=1)))
    return csr_array(eye_array(n) - scale @ graph @ scale)


def _estimated_trace(laplacian: csr_array, probes: np.ndarray, n_steps: int) -> np.ndarray:
    """Return an estimate of the trace of exp(-t L) at all times.

    Polynomials p of L near to exp(-t L) have traces that are known, so that the estimate of
    the trace of exp(-t L) - p(L) is all that is random.
    """
    n = len(probes)
    square = laplacian @ laplacian
    cube, fourth = (square * power.T for power in (laplacian, square))
    moments = np.array([n, laplacian.trace(), square.trace(), cube.sum(), fourth.sum()])
    nodes, weights = _quadrature(laplacian, probes, n_steps)
    known = np.vander(nodes.ravel(), _DEGREE + 1, increasing=True)
    left = np.exp(-np.outer(nodes.ravel(), _TIMES)) - known @ _polynomials()
    return moments @ _polynomials() + n * (weights.ravel() @ left) / probes.shape[1]


@cache
def _polynomials() -> np.ndarray:
    """Return the coefficients of polynomials that are exp(-t x) at Chebyshev's points of [0, 2]."""
    points = 1 + np.cos((np.arange(_DEGREE + 1) + 0.5) * np.pi / (_DEGREE + 1))
    powers = np.vander(points, increasing=True)
    return np.linalg.solve(powers, np.exp(-np.outer(points, _TIMES)))


def _quadrature(
    laplacian: csr_array, probes: np.ndarray, n_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of Gauss quadrature for each probe, by Lanczos's algorithm."""
    n_probes = probes.shape[1]
    T = np.zeros((n_probes, n_steps, n_steps))
    before, v, beta = np.zeros_like(probes), probes, np.zeros(n_probes)
    for k in range(n_steps):
        w = laplacian @ v - beta * before
        alpha = np.einsum("np,np->p", v, w)
        w -= alpha * v
        T[:, k, k] = alpha
        if k + 1 < n_steps:
            beta = np.linalg.norm(w, axis=0)
            T[:, k, k + 1] = T[:, k + 1, k] = beta
            before, v = v, w / np.where(beta > 0, beta, 1.0)
    nodes, vectors = np.linalg.eigh(T)
    return nodes, vectors[:, 0] ** 2
