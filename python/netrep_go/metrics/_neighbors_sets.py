"""Measures of which samples are neighbors: how many are in both networks."""

from __future__ import annotations

import numpy as np

from netrep_go.metrics._neighbors import NeighborMeasure, Neighbors, shared

__all__ = ["CycleKNN", "MutualKNN", "NeighborJaccard"]


class MutualKNN(NeighborMeasure):
    r"""Share of the nearest neighbors of samples that two networks have in common.

    With the k nearest of the other samples, :math:`N_X(i)` in X and :math:`N_Y(i)` in Y,

    .. math:: \frac{1}{n} \sum_{i=1}^n \frac{|N_X(i) \cap N_Y(i)|}{k}

    The null value, which is the mean over all orders of the samples of Y, is k / (n - 1): values
    for different n or k cannot be compared as they are.

    Parameters
    ----------
    n_neighbors : int, default=10
        k, less than the number of samples.
    similarity : {'cosine', 'dot', 'euclidean'}, default='cosine'
        What is near: a large cosine of two samples, as they are, which is an inner product
        after each sample is scaled to length 1; a large inner product; or a small Euclidean
        distance. The function of platonic-rep takes inner products; its authors scale to
        length 1 before they call it.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    Activations are not centered: with cosines and inner products, a constant that is added
    to a neuron changes who is near. Of samples that are equally similar, to rounding, those
    that come first in the data count as nearer, and a warning says how many samples are
    concerned. Where k is not less than n, all samples are equally similar, or a sample
    without activity has no cosine, the value is NaN, with a warning.

    Similarities are computed in blocks of rows, so that memory is that of the network and
    of a few lists of k neighbors.

    References
    ----------
    Huh, Cheung, Wang & Isola (2024). The Platonic Representation Hypothesis. ICML.
    arXiv:2405.07987.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import MutualKNN
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> round(MutualKNN().score(X, X + rng.standard_normal((100, 20))), 2)
    0.32
    >>> round(MutualKNN().score(X, rng.standard_normal((100, 20))), 2)
    0.1
    """

    _cost = "n k, and once a network n^2 p"
    _reference = "Huh et al. 2024, arXiv:2405.07987"

    def _compare(self, x: Neighbors, y: Neighbors) -> float:
        return np.count_nonzero(shared(x, y)) / x.indices.size

    def _null_moments(self, x: Neighbors, y: Neighbors) -> tuple[float, float] | None:
        k, n = x.indices.shape
        if n < 4 or y.remark:  # ties of y would go by the order
            return None
        ways = n * (n - 1.0) * np.array([1, 1, n - 2, n - 2, 2 * n - 4, (n - 2) * (n - 3)])
        square = np.sum(_arc_pairs(x) * _arc_pairs(y) / ways) / (n * k) ** 2
        mean = k / (n - 1)
        return mean, float(np.sqrt(max(square - mean**2, 0)))


def _arc_pairs(x: Neighbors) -> np.ndarray:
    """Return how many ordered pairs of arcs, from samples to neighbors, are placed in which way.

    An arc and itself or its mirror image, two from the same sample or to the same one, one
    after the other, and without a common sample.
    """
    k, n = x.indices.shape
    into = np.bincount(x.indices.ravel(), minlength=n)
    mirrored = sum(np.count_nonzero(x.indices[:, row] == np.arange(n)) for row in x.indices)
    chained = 2 * (n * k * k - mirrored)
    together = [n * k, mirrored, n * k * (k - 1), np.sum(into * (into - 1)), chained]
    return np.array([*together, (n * k) ** 2 - np.sum(together)], float)


class NeighborJaccard(NeighborMeasure):
    r"""Jaccard index of the nearest neighbors of samples in two networks.

    With the k nearest of the other samples, :math:`N_X(i)` in X and :math:`N_Y(i)` in Y,

    .. math:: \frac{1}{n} \sum_{i=1}^n
        \frac{|N_X(i) \cap N_Y(i)|}{|N_X(i) \cup N_Y(i)|}

    The null value is about k / (2 (n - 1) - k).

    Parameters
    ----------
    n_neighbors : int, default=10
        k, less than the number of samples.
    similarity : {'cosine', 'dot', 'euclidean'}, default='cosine'
        What is near: a large cosine of two samples, as they are, as in ReSi; a large inner
        product; or a small Euclidean distance.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    MutualKNN : What is said there of centering, ties and memory is true here.

    References
    ----------
    Wang, Hu, Rong, Zhang, Wang & Li (2020). Towards Understanding the Instability of Network
    Embedding. IEEE Transactions on Knowledge and Data Engineering 34, 927-941.

    Klabunde, Wald, Schumacher, Maier-Hein, Strohmaier & Lemmerich (2025). ReSi: A
    Comprehensive Benchmark for Representational Similarity Measures. ICLR. arXiv:2408.00531.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import NeighborJaccard
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> round(NeighborJaccard().score(X, X + rng.standard_normal((100, 20))), 2)
    0.2
    """

    _cost = "n k, and once a network n^2 p"
    _reference = "Klabunde et al. 2025, arXiv:2408.00531"

    def _compare(self, x: Neighbors, y: Neighbors) -> float:
        return float(np.mean(jaccard(shared(x, y))))


def jaccard(joint: np.ndarray) -> np.ndarray:
    """Return intersection over union for each sample, of which neighbors are shared: (k, n)."""
    counts = np.count_nonzero(joint, axis=0)
    index: np.ndarray = counts / (2 * len(joint) - counts)
    return index


class CycleKNN(NeighborMeasure):
    r"""Share of samples that a neighbor in Y has for a neighbor in X.

    With the k nearest of the other samples, :math:`N_X(i)` in X and :math:`N_Y(i)` in Y, the
    share of samples i that are in :math:`N_X(j)` for some j in :math:`N_Y(i)`: from each sample
    there is a step to a neighbor in Y, and perhaps one back to it by neighbors in X.

    **Asymmetric**: the steps of Y come first. It is soon at its ceiling: the null value is
    about 1 - (1 - k / (n - 1))^k, and a network with itself may have less than 1.

    Parameters
    ----------
    n_neighbors : int, default=10
        k, less than the number of samples.
    similarity : {'cosine', 'dot', 'euclidean'}, default='cosine'
        What is near: a large cosine of two samples, as they are; a large inner product, as in
        the function of platonic-rep, whose authors scale samples to length 1 before they call
        it; or a small Euclidean distance.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    MutualKNN : What is said there of centering, ties and memory is true here.

    References
    ----------
    Huh, Cheung, Wang & Isola (2024). The Platonic Representation Hypothesis. ICML.
    arXiv:2405.07987.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import CycleKNN
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> Y = X + 3 * rng.standard_normal((100, 20))
    >>> CycleKNN(n_neighbors=5).score(X, Y), CycleKNN(n_neighbors=5).score(Y, X)
    (0.36, 0.4)
    """

    _symmetric = False
    _reference = "Huh et al. 2024, arXiv:2405.07987"

    def _compare(self, x: Neighbors, y: Neighbors) -> float:
        samples = np.arange(x.indices.shape[1])
        back = np.zeros(len(samples), bool)
        for steps in y.indices:
            back |= (x.indices[:, steps] == samples).any(axis=0)
        return float(back.mean())
