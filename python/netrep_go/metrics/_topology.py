"""Divergences of the topology of two representations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import squareform

from netrep_go._optional import optional
from netrep_go.metrics._gram import condensed_distances
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["RTD", "RTDLite"]

_SHARE = 0.9  # of the distances are below their unit


def _relative_distances(x: np.ndarray, name: str) -> np.ndarray | Undefined:
    """Return the distances of pairs of samples, divided by their 0.9 quantile."""
    distances, _ = condensed_distances(x)
    unit = _quantile(distances, len(x), _SHARE)
    if not unit > 0:
        return Undefined(
            f"{name}: so many samples coincide that the 0.9 quantile of their distances is 0"
        )
    distances /= unit
    return distances


def _quantile(distances: np.ndarray, n: int, share: float) -> float:
    """Return the quantile of all n x n distances, with the diagonal, of condensed ones."""
    place = share * (n * n - 1)
    low = int(place)
    ranks = [(rank - n) // 2 for rank in (low, min(low + 1, n * n - 1))]  # each stands for two
    if ranks[1] < 0:
        return 0.0
    ordered = np.partition(distances, [max(rank, 0) for rank in ranks])
    ends = [float(ordered[rank]) if rank >= 0 else 0.0 for rank in ranks]
    return ends[0] + (place - low) * (ends[1] - ends[0])


class _Tree(NamedTuple):
    """A minimum spanning tree: edges between samples of which each first is the smaller."""

    first: np.ndarray
    second: np.ndarray
    lengths: np.ndarray


def _spanning_tree(distances: np.ndarray) -> _Tree:
    """Return a tree that joins the same samples as a minimum spanning one up to any length.

    These are the clusters of single linkage, each pair of which is joined at a sample each.
    """
    from scipy.cluster.hierarchy import linkage  # late: it takes 10 ms

    merges = linkage(distances, "single")
    samples = list(range(len(merges) + 1))
    edges = np.empty((len(merges), 2), np.int64)
    for k, (a, b) in enumerate(merges[:, :2].astype(int).tolist()):
        edges[k] = samples[a], samples[b]
        samples.append(samples[a])
    edges.sort(axis=1)
    return _Tree(edges[:, 0], edges[:, 1], merges[:, 2])


class RTDLite(Measure):
    r"""RTD-Lite: how much longer the spanning trees of two networks are than their common one.

    With the Euclidean distances a and b of samples in the two networks, each divided by
    the 0.9 quantile of all n x n of them, and the total length MST of a minimum spanning
    tree,

    .. math:: d(X, Y) = \tfrac12 (\mathrm{MST}(a) + \mathrm{MST}(b)) - \mathrm{MST}(\min(a, b)),

    which is the mean of the two directions, MST(a) - MST(min(a, b)) and
    MST(b) - MST(min(a, b)). It sees at which distance clusters of samples join.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    RTD : The divergence of loops, far slower.

    Notes
    -----
    A spanning tree is found once a network. That of min(a, b) is among the edges of the
    two, so that a pair takes n log n steps. The triangle inequality holds: MST is an integral
    over lengths of n - 1 less the rank of the shorter edges, and ranks are submodular. The
    value is NaN, with a warning, if so many samples coincide that the quantile is 0.

    References
    ----------
    Tulchinskii et al. (2025). RTD-Lite: Scalable Topological Analysis for Comparing Weighted
    Graphs in Learning Tasks. AISTATS. arXiv:2503.11910.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import RTDLite
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 50, 4))
    >>> round(float(RTDLite().fit_score(X, Y)), 2)
    3.28
    >>> round(float(RTDLite().fit_score(X, 2 * X + 1)), 9)
    0.0
    """

    @property
    def properties(self) -> Properties:
        """What is true of the measure."""
        return _properties(True, "n log n", "Tulchinskii et al. 2025, arXiv:2503.11910")

    def _prepare(self, x: np.ndarray, name: str) -> _Tree | Undefined:
        distances = _relative_distances(x, name)
        return distances if isinstance(distances, Undefined) else _spanning_tree(distances)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        if isinstance(prepared, Undefined):
            return prepared
        places = np.argsort(order)
        ends = np.sort([places[prepared.first], places[prepared.second]], axis=0)
        return _Tree(ends[0], ends[1], prepared.lengths)

    def _compare(self, x: _Tree, y: _Tree) -> float:
        n = len(x.lengths) + 1
        lengths = np.concatenate([x.lengths, y.lengths])
        # edges of x above the diagonal and of y below, where none meets another
        ends = np.concatenate([x.first, y.second]), np.concatenate([x.second, y.first])
        common = minimum_spanning_tree(csr_array((lengths, ends), shape=(n, n)))
        return max(0.0, float(lengths.sum() / 2 - common.data.sum()))


class RTD(Measure):
    r"""Representation topology divergence: loops of one network that the other one lacks.

    With the Euclidean distances a and b of samples in the two networks, each divided by
    the 0.9 quantile of all n x n of them, one direction is the total length of the bars of
    dimension 1 in the barcode of the 2n points with the distances

    .. math:: \begin{pmatrix} 0 & a \\ a & \min(a, b) \end{pmatrix},

    and the value is the mean of both directions, a and b changing places.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    RTDLite : Spanning trees alone: thousands of samples.

    Notes
    -----
    Needs ripser, the extra ``topology``, which computes barcodes in float32: about 6 digits
    are right. Time grows with the third power of the number of samples or faster: take a few
    hundred of them.

    References
    ----------
    Barannikov, Trofimov, Balabin & Burnaev (2022). Representation Topology Divergence: A
    Method for Comparing Neural Network Representations. ICML. arXiv:2201.00058.

    Examples
    --------
    >>> from netrep_go.metrics import RTD
    >>> RTD().properties.range
    (0, inf)
    """

    @property
    def properties(self) -> Properties:
        """What is true of the measure."""
        return _properties(False, "n^3 and more", "Barannikov et al. 2022, arXiv:2201.00058")

    def _prepare(self, x: np.ndarray, name: str) -> np.ndarray | Undefined:
        optional("ripser", "topology", "RTD")
        distances = _relative_distances(x, name)
        return distances if isinstance(distances, Undefined) else squareform(distances)

    def _reordered(self, prepared: Any, x: np.ndarray, order: np.ndarray, name: str) -> Any:
        return prepared if isinstance(prepared, Undefined) else prepared[np.ix_(order, order)]

    def _compare(self, x: np.ndarray, y: np.ndarray) -> float:
        common = np.minimum(x, y)
        return (_loops(x, common) + _loops(y, common)) / 2


def _loops(a: np.ndarray, common: np.ndarray) -> float:
    """Return the total length of the bars of dimension 1 of one direction."""
    ripser: Any = optional("ripser", "topology", "RTD").ripser
    doubled = np.block([[np.zeros_like(a), a], [a, common]])
    births, deaths = ripser(doubled, distance_matrix=True, maxdim=1)["dgms"][1].T
    return float(np.sum(deaths - births))


def _properties(triangle: bool, cost: str, reference: str) -> Properties:
    return Properties(
        kind="distance",
        range=(0, np.inf),
        symmetric=True,
        triangle=triangle,
        invariances={"permutation", "rotation", "scale", "translation"},
        cost=cost,
        reference=reference,
    )
