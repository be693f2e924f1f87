"""How well distances between networks say what is known of these."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from scipy import stats
from sklearn.metrics import average_precision_score

Score = Callable[[np.ndarray], float]  # of the seeds that are left


def auprc(D: np.ndarray, groups: np.ndarray) -> float:
    """Return the area under the precision-recall curve of pairs of the same group."""
    i, j = np.triu_indices(len(D), 1)
    return float(average_precision_score(groups[i] == groups[j], -D[i, j]))


def share_of_pairs(groups: np.ndarray) -> float:
    """Return the share of pairs that are of the same group: what chance gives for `auprc`."""
    i, j = np.triu_indices(len(groups), 1)
    return float(np.mean(groups[i] == groups[j]))


def group_violations(D: np.ndarray, groups: np.ndarray) -> float:
    """Return how often a network is farther from one of its group than from one of another."""
    same = groups[:, np.newaxis] == groups
    np.fill_diagonal(others := same.copy(), False)
    farther = [
        np.mean(row[own][:, np.newaxis] > row[~alike])
        for row, own, alike in zip(D, others, same, strict=True)
    ]
    return float(np.mean(farther))


def layer_order(D: np.ndarray) -> float:
    """Return the rank correlation of the distance of layers with how far they are apart."""
    i, j = np.triu_indices(len(D), 1)
    return correlation(D[i, j], j - i)


def layer_violations(D: np.ndarray) -> float:
    """Return how often layers between two others are farther apart than these."""
    pairs = list(itertools.combinations(range(len(D)), 2))
    inside = [
        D[j, k] > D[i, m]
        for (i, m), (j, k) in itertools.product(pairs, pairs)
        if i <= j and k <= m and (i, m) != (j, k)
    ]
    return float(np.mean(inside))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return a rank correlation; 0 where one is constant, which says nothing of the other."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(stats.spearmanr(a, b).statistic)


def jackknife(score: Score, n_seeds: int) -> tuple[float, float]:
    """Return the score of all seeds, and its standard error from leaving out one at a time."""
    seeds = np.arange(n_seeds)
    left = np.array([score(np.delete(seeds, k)) for k in seeds])
    variance = (n_seeds - 1) / n_seeds * np.sum((left - left.mean()) ** 2)
    return score(seeds), float(np.sqrt(variance))
