"""Measures of the order in which neighbors come."""

from __future__ import annotations

import numpy as np

from netrep_go.metrics._neighbors import NeighborMeasure, Neighbors, Similarity, matches
from netrep_go.metrics._neighbors_sets import jaccard

__all__ = ["LCSKNN", "EditKNN", "RankSimilarity"]


class RankSimilarity(NeighborMeasure):
    r"""Agreement of the ranks of the nearest neighbors that two networks have in common.

    For each sample, with the ranks r and r' in X and Y, from 1 to k, of the c samples that
    are among its k nearest in both,

    .. math:: \Big(\sum_{i=1}^{c} \frac{1}{i}\Big)^{-1}
        \sum \frac{2}{(1 + |r - r'|) \, (r + r')}

    or 0 if there are none; the mean over samples. It is 1 if all ranks are the same, and
    neighbors that are nearer weigh more. How many are in common hardly counts, unless the
    value of each sample is multiplied by its Jaccard index. Where few are, the null value
    is about the sum of all :math:`k^2` terms divided by n - 1: 8.4 / (n - 1) for k = 10, and with
    the Jaccard index a (2 k - 1)-th of that.

    Parameters
    ----------
    n_neighbors : int, default=10
        k, less than the number of samples.
    similarity : {'cosine', 'dot', 'euclidean'}, default='cosine'
        What is near: a large cosine of two samples, as they are, as in ReSi; a large inner
        product; or a small Euclidean distance.
    jaccard : bool, default=False
        Multiply the value of each sample by :math:`c / (2 k - c)`, its Jaccard index: the
        joint rank and Jaccard similarity.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    See Also
    --------
    MutualKNN : What is said there of centering, ties and memory is true here. Here equally
        similar samples matter wherever they are in the list.

    References
    ----------
    Wang, Hu, Rong, Zhang, Wang & Li (2020). Towards Understanding the Instability of Network
    Embedding. IEEE Transactions on Knowledge and Data Engineering 34, 927-941.

    Klabunde, Wald, Schumacher, Maier-Hein, Strohmaier & Lemmerich (2025). ReSi: A
    Comprehensive Benchmark for Representational Similarity Measures. ICLR. arXiv:2408.00531.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import RankSimilarity
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> Y = X + rng.standard_normal((100, 20))
    >>> round(RankSimilarity().score(X, Y), 2), round(RankSimilarity(jaccard=True).score(X, Y), 2)
    (0.21, 0.05)
    """

    _in_order = True
    _reference = "Wang et al. 2020, doi:10.1109/TKDE.2020.2989512"

    def __init__(
        self, n_neighbors: int = 10, similarity: Similarity = "cosine", jaccard: bool = False
    ) -> None:
        self.n_neighbors = n_neighbors
        self.similarity = similarity
        self.jaccard = jaccard
        self._check_parameters()

    def _compare(self, x: Neighbors, y: Neighbors) -> float:
        k, n = x.indices.shape
        ranks = np.arange(1, k + 1)
        scores, joint = np.zeros(n), np.zeros((k, n), bool)
        for rank, match in zip(ranks, matches(x, y), strict=True):
            scores += 2 / ((1 + np.abs(ranks - rank)) * (ranks + rank)) @ match
            joint |= match
        harmonic = np.concatenate([[1], np.cumsum(1 / ranks)])  # of 1, where none are shared
        scores /= harmonic[np.count_nonzero(joint, axis=0)]
        return float(np.mean(scores * jaccard(joint) if self.jaccard else scores))


class LCSKNN(NeighborMeasure):
    r"""Mean length of the longest common subsequence of neighbors in two networks.

    For each sample the k nearest are listed, the nearest first. A common subsequence
    has samples that are in both lists, in the same order, with or without others in
    between; the length of the longest is from 0 to k. Where few neighbors are shared, its
    null value is about k^2 / (n - 1).

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
    MutualKNN : What is said there of centering, ties and memory is true here. Here equally
        similar samples matter wherever they are in the list.

    References
    ----------
    Huh, Cheung, Wang & Isola (2024). The Platonic Representation Hypothesis. ICML.
    arXiv:2405.07987.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LCSKNN
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> LCSKNN().score(X, X), LCSKNN().score(X, X + rng.standard_normal((100, 20)))
    (10.0, 2.14)
    """

    _in_order = True
    _reference = "Huh et al. 2024, arXiv:2405.07987"

    def _highest(self) -> float:
        return self.n_neighbors

    def _compare(self, x: Neighbors, y: Neighbors) -> float:
        return float(np.mean(_aligned(x, y, match=1, mismatch=0)))


class EditKNN(NeighborMeasure):
    r"""Similarity of the lists of neighbors in two networks by the edits between them.

    For each sample the k nearest are listed, the nearest first, and :math:`d_i` insertions,
    deletions and replacements (Levenshtein distance, from 0 to k) turn its list in X into
    that in Y:

    .. math:: 1 - \frac{1}{n} \sum_{i=1}^n \frac{d_i}{k}

    Where few neighbors are shared, its null value is about 1 / (n - 1).

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
    MutualKNN : What is said there of centering, ties and memory is true here. Here equally
        similar samples matter wherever they are in the list.

    References
    ----------
    Huh, Cheung, Wang & Isola (2024). The Platonic Representation Hypothesis. ICML.
    arXiv:2405.07987.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import EditKNN
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 20))
    >>> round(EditKNN().score(X, X + rng.standard_normal((100, 20))), 2)
    0.05
    """

    _in_order = True
    _reference = "Huh et al. 2024, arXiv:2405.07987"

    def _compare(self, x: Neighbors, y: Neighbors) -> float:
        # the score of two lists of k is 2 k less the edits
        return float(np.mean(_aligned(x, y, match=2, mismatch=1))) / len(x.indices) - 1


def _aligned(x: Neighbors, y: Neighbors, match: int, mismatch: int) -> np.ndarray:
    """Return the best score of an alignment of two lists, for each sample.

    Pairs of entries that match and that do not have scores, gaps have none.
    """
    k, n = x.indices.shape
    best = np.zeros((k + 1, n), np.min_scalar_type(match * k))  # of what has been seen of y
    for same in matches(x, y):
        paired = best[:-1] + np.where(same, match, mismatch).astype(best.dtype)
        np.maximum(best[1:], paired, out=best[1:])
        for rank in range(k):
            np.maximum(best[rank + 1], best[rank], out=best[rank + 1])
    return best[k]
