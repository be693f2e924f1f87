"""Tests of clusters of times or places over subjects."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage, sparse, stats

from netrep_go._jobs import RandomState
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import (
    ALTERNATIVES,
    Alternative,
    null_distribution,
    permutation_pvalue,
    sign_flips,
)
from netrep_go._results import Result
from netrep_go._validation import as_array, check_integer, check_number, check_option, of_order_one

_BLOCK = 2**20  # numbers in a temporary array
_LARGEST = np.finfo(float).max


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ClusterResult(Result):
    """Result of :func:`cluster_test`.

    Attributes
    ----------
    statistic : ndarray of shape (*shape,)
        t of each point, NaN where there are no scores.
    clusters : ndarray of int of shape (*shape,)
        Cluster of each point, from 1 on; 0 for none.
    masses : ndarray of shape (n_clusters,)
        Sum of t over the points of each cluster.
    pvalue : ndarray of shape (n_clusters,)
        Part of the sign flips, the identity included, whose largest cluster has a mass as
        extreme: corrected for all clusters.
    threshold : float
        t beyond which points belong to clusters.
    n_permutations : int
        Number of sign flips.
    null_distribution : ndarray of shape (n_permutations,)
        Largest magnitude of a mass of each sign flip.
    """

    statistic: np.ndarray = field(repr=False)
    clusters: np.ndarray = field(repr=False)
    masses: np.ndarray
    pvalue: np.ndarray
    threshold: float
    n_permutations: int
    null_distribution: np.ndarray = field(repr=False)

    @checked
    def significant(self, alpha: float = 0.05) -> np.ndarray:
        """Return the points in clusters with a p value of at most `alpha`.

        Parameters
        ----------
        alpha : float, default=0.05
            Probability of any such cluster if all scores are noise.

        Returns
        -------
        ndarray of bool of shape (*shape,)
            Whether each point is in such a cluster.
        """
        check_number(alpha, "alpha", 0, 1)
        return np.append(False, self.pvalue <= alpha)[self.clusters]

    def to_frame(self) -> Any:
        """Return a row for each cluster.

        Returns
        -------
        pandas.DataFrame
            With columns cluster, size, mass, pvalue, first, last; the last two are flat
            positions.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        numbers = np.arange(1, len(self.masses) + 1)
        members = [np.flatnonzero(self.clusters == k) for k in numbers]
        columns = {
            "cluster": numbers,
            "size": [len(m) for m in members],
            "mass": self.masses,
            "pvalue": self.pvalue,
            "first": [m[0] for m in members],
            "last": [m[-1] for m in members],
        }
        return pandas().DataFrame(columns)


@checked
def cluster_test(
    scores: ArrayLike,
    *,
    popmean: float = 0.0,
    alternative: Alternative = "greater",
    threshold: float | None = None,
    adjacency: sparse.sparray | sparse.spmatrix | ArrayLike | None = None,
    n_permutations: int = 9999,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ClusterResult:
    r"""Test over subjects where scores differ from a value, by clusters of points.

    Points whose one-sample t over subjects is beyond a threshold form clusters of
    neighbors, whose mass is the sum of their t. Under the null hypothesis the deviations
    of a subject may change sign, all points at once. The mass of each cluster is compared
    with the largest mass of each sign flip [1]_, which corrects for all points.

    Parameters
    ----------
    scores : array_like of shape (n_subjects, *shape)
        Scores of each subject: over time, times x times, a volume, or any points with
        their adjacency. A point that is NaN in all subjects is left out.
    popmean : float, default=0.0
        Score without an effect.
    alternative : {'greater', 'less', 'two-sided'}, default='greater'
        Sign of the effects. Two-sided clusters have one sign each.
    threshold : float, default=None
        t that forms clusters, greater than 0; None for the one with p = 0.05 at each point
        (0.025 on each side of 'two-sided').
    adjacency : sparse matrix or array_like of shape (n_points, n_points), default=None
        Entries other than 0 join neighbors among points of one axis, such as centers of
        searchlights. None for a grid, whose neighbors differ by one along one axis.
    n_permutations : int, default=9999
        Number of sign flips. If there are no more than that, all 2**n_subjects are made,
        and the test is exact.
    random_state : int, RandomState, Generator or None, default=None
        Draws the sign flips.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores. The result does
        not depend on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ClusterResult
        With ``clusters``, ``pvalue`` and ``significant()``.

    Raises
    ------
    ValueError
        If there are fewer than two subjects, scores are missing in some of them only, or do
        not vary over subjects.

    References
    ----------
    .. [1] Maris, E. & Oostenveld, R. (2007). Nonparametric statistical testing of EEG- and
       MEG-data. J. Neurosci. Methods 164(1), 177-190.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import cluster_test
    >>> scores = np.random.default_rng(0).standard_normal((12, 50))
    >>> scores[:, 20:30] += 2
    >>> result = cluster_test(scores, random_state=0)
    >>> np.flatnonzero(result.significant()).tolist()
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]
    """
    check_option(alternative, "alternative", ALTERNATIVES)
    check_integer(n_permutations, "n_permutations", 1)
    check_number(popmean, "popmean", -_LARGEST, _LARGEST)
    scores = as_array(scores, "scores", max(2, np.ndim(scores)), allow_nan=True)
    deviations, inside = _present(scores, popmean)
    n = len(deviations)
    if threshold is None:
        tail = 0.025 if alternative == "two-sided" else 0.05
        threshold = float(stats.t.isf(tail, n - 1))
    check_number(threshold, "threshold", np.nextafter(0, 1), _LARGEST)
    clusters = _Clusters(inside, adjacency, alternative, threshold)
    deviations = of_order_one(deviations.T).T  # t has no unit
    observed = _t(np.ones((1, n)), deviations)[0]
    labels, masses = clusters.find(observed)
    # All sign flips contain the identity; random ones are joined by it.
    exact = n < 60 and 2**n <= n_permutations
    n_flips = 2**n if exact else n_permutations
    size = max(deviations.shape[1], n)
    null = null_distribution(
        lambda signs: np.array([clusters.largest(t) for t in _t(signs, deviations)]),
        sign_flips(n, n_flips, exact, random_state, size=size, limit=_BLOCK),
        "Flipping signs",
        n_flips,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    pvalue = permutation_pvalue(np.abs(masses), null[:, np.newaxis], has_identity=exact)
    statistic = np.full(inside.shape, np.nan)
    statistic[inside] = observed
    return ClusterResult(
        statistic=statistic,
        clusters=labels,
        masses=masses,
        pvalue=pvalue,
        threshold=threshold,
        n_permutations=n_flips,
        null_distribution=null,
    )


def _present(scores: np.ndarray, popmean: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the deviations of points that all subjects have, and which points these are."""
    if len(scores) < 2:
        raise ValueError(f"scores must be of at least 2 subjects, got {len(scores)}")
    missing = np.isnan(scores)
    inside = ~missing.all(axis=0)
    if not inside.any():
        raise ValueError("scores must have points that are not NaN, got none")
    partly = missing[:, inside].any(axis=0)
    if partly.any():
        raise ValueError(
            f"scores must be NaN in all subjects or in none, got {np.count_nonzero(partly)} "
            "points that some subjects lack"
        )
    deviations = scores[:, inside] - popmean
    spread = np.ptp(deviations, axis=0)
    flat = (spread <= 1e-12 * np.abs(deviations).max(axis=0)) & (deviations[0] != 0)
    if flat.any():
        raise ValueError(
            f"scores must vary over subjects, got {np.count_nonzero(flat)} points where all "
            "are the same"
        )
    return deviations, inside


def _t(signs: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Return t of each sign flip and point; 0 where all deviations are 0.

    The sum of squares does not change with the signs.
    """
    n = len(deviations)
    means = signs @ deviations / n
    variances = (np.sum(deviations**2, axis=0) - n * means**2) / (n - 1)
    smallest = np.finfo(float).tiny + 1e-15 * np.sum(deviations**2, axis=0)
    return means * np.sqrt(n) / np.sqrt(np.maximum(variances, smallest))


def _as_graph(adjacency: Any, inside: np.ndarray) -> sparse.csr_array:
    """Return an adjacency whose stored entries are the edges."""
    if not sparse.issparse(adjacency):
        adjacency = np.asarray(adjacency)
    if inside.ndim != 1 or adjacency.shape != (inside.size, inside.size):
        raise ValueError(
            f"adjacency must be square with a row for each point, of shape "
            f"({inside.size}, {inside.size}), got {adjacency.shape} for points of "
            f"shape {inside.shape}"
        )
    if adjacency.dtype.kind not in "biuf":
        raise ValueError(f"adjacency must be numbers, got {adjacency.dtype}")
    graph = sparse.csr_array(adjacency, copy=True)
    if np.isnan(graph.data).any():
        raise ValueError("adjacency must not have NaN")
    graph.sum_duplicates()
    graph.eliminate_zeros()
    return graph


class _Clusters:
    """Finds clusters among points of a grid, or of a graph."""

    def __init__(
        self, inside: np.ndarray, adjacency: Any, alternative: str, threshold: float
    ) -> None:
        self._inside, self._threshold = inside, threshold
        self._signs = {"greater": [1], "less": [-1], "two-sided": [1, -1]}[alternative]
        self._graph = None
        if adjacency is not None:
            self._graph = _as_graph(adjacency, inside)[inside][:, inside]

    def find(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the cluster of each point, 0 for none, and the mass of each cluster."""
        labels = np.zeros(self._inside.shape, np.int64)
        masses = []
        for sign in self._signs:
            beyond = sign * t > self._threshold
            if not beyond.any():
                continue
            found = self._components(beyond)
            count = int(found.max())
            masses.append(np.bincount(found[found > 0], t[beyond], count + 1)[1:])
            mine = np.zeros_like(labels)
            mine[self._inside] = found
            labels[mine > 0] = mine[mine > 0] + sum(map(len, masses[:-1]))
        return labels, np.concatenate([np.empty(0), *masses])

    def largest(self, t: np.ndarray) -> float:
        """Return the largest magnitude of the mass of a cluster, 0 if there is none."""
        return np.abs(self.find(t)[1]).max(initial=0.0)

    def _components(self, beyond: np.ndarray) -> np.ndarray:
        """Return the component of each point, 0 for those that are not beyond the threshold."""
        if self._graph is None:
            grid = np.zeros(self._inside.shape, bool)
            grid[self._inside] = beyond
            return ndimage.label(grid)[0][self._inside]
        found = np.zeros(len(beyond), np.int64)
        part = self._graph[beyond][:, beyond]
        found[beyond] = sparse.csgraph.connected_components(part, directed=False)[1] + 1
        return found
