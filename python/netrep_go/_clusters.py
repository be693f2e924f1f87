"""Tests of maps over subjects: of points of times or places, and of clusters of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from netrep_go._adjacency import Adjacency, neighbor_graph
from netrep_go._jobs import RandomState, warn_user
from netrep_go._map_design import Design, design_of, map_draws
from netrep_go._maps import as_maps
from netrep_go._names import Name, check_same_indexes
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import (
    ALTERNATIVES,
    Alternative,
    corrected,
    extremity,
    largest_pvalue,
    null_distribution,
    tied,
)
from netrep_go._results import Result
from netrep_go._validation import check_integer, check_number, check_option

Scores = ArrayLike | Result  # of which those with maps of subjects are taken

_LARGEST = np.finfo(float).max
_CORRECTIONS = ("cluster", "tfce", "max", "fdr")
_OF_NEIGHBORS = ("cluster", "tfce")
_LARGEST_OF = {"cluster": "mass", "tfce": "tfce", "max": "max", "fdr": "max"}


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ClusterResult(Result):
    """Result of :func:`cluster_test`.

    Attributes
    ----------
    statistic : ndarray of shape (*shape,)
        t of each point, or the normal deviate of Welch's t, NaN where there are no scores.
    enhanced : ndarray of shape (*shape,) or None
        With 'tfce', the enhanced t of each point, with the sign of t; 0 for the sign that is
        not looked for.
    pvalue_corrected : ndarray of shape (*shape,)
        p-value of each point, corrected for all points: with 'cluster' that of its cluster,
        and 1 in none. NaN where there are no scores.
    clusters : ndarray of int of shape (*shape,)
        Cluster of each point beyond the threshold, from 1 on; 0 for none.
    masses : ndarray of shape (n_clusters,)
        Sum of t over the points of each cluster.
    pvalue : ndarray of shape (n_clusters,)
        With 'cluster', part of the draws, the identity included, whose largest cluster has a
        mass as extreme: corrected for all clusters. Else the least of the corrected p-values
        of the points of each cluster.
    threshold : float
        t beyond which points belong to clusters.
    correction : str
        As asked for.
    n_permutations : int
        Number of draws: sign flips or permutations.
    null_distribution : ndarray of shape (n_permutations,)
        Of each draw the largest mass, enhanced t, or t, of the signs that are looked for.
    """

    statistic: np.ndarray = field(repr=False)
    enhanced: np.ndarray | None = field(repr=False)
    pvalue_corrected: np.ndarray = field(repr=False)
    clusters: np.ndarray = field(repr=False)
    masses: np.ndarray
    pvalue: np.ndarray
    threshold: float
    correction: str
    n_permutations: int
    null_distribution: np.ndarray = field(repr=False)

    @checked
    def significant(self, alpha: float = 0.05) -> np.ndarray:
        """Return the points with a corrected p-value of at most `alpha`.

        Parameters
        ----------
        alpha : float, default=0.05
            Probability of any such point if all scores are noise; with 'fdr' the expected
            share of noise among such points.

        Returns
        -------
        ndarray of bool of shape (*shape,)
            Whether each point is one, with 'cluster' whether it is in such a cluster.
        """
        check_number(alpha, "alpha", 0, 1)
        return np.asarray(self.pvalue_corrected <= alpha)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each cluster.

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
    scores: Scores,
    others: Scores | None = None,
    *,
    model: Name | None = None,
    paired: bool = False,
    equal_var: bool = False,
    popmean: float | None = None,
    alternative: Alternative = "greater",
    correction: Literal["cluster", "tfce", "max", "fdr"] = "cluster",
    threshold: float | None = None,
    adjacency: Adjacency = None,
    extent_power: float = 0.5,
    height_power: float = 2.0,
    n_permutations: int = 9999,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ClusterResult:
    r"""Test over subjects where scores differ from a value, or between groups or conditions.

    The statistic of a point is t over subjects: of one sample, of the differences of two
    scores of each subject, or of two groups, Welch's with a variance of each. Under the null
    hypothesis the deviations of a subject may change sign or subjects may change groups,
    all points at once. The largest value of each map that arises so is what a value is
    compared with, which corrects for all points:

    - 'cluster': the mass of a cluster, the sum of t over neighbors beyond a threshold [1]_;
    - 'tfce': threshold-free cluster enhancement [2]_ of t at each point p,
      :math:`\int_0^{t_p} e(h)^E h^H dh`, where e(h) is the number of points joined to p by
      points above h. The integral is exact, not a sum over steps;
    - 'max': t itself.

    'fdr' compares t with all maps at the same point, and corrects the p-values by Benjamini
    and Hochberg's false discovery rate.

    Parameters
    ----------
    scores : array_like of shape (n_subjects, *shape), SearchlightResult, TimeCourse, \
            TemporalGeneralization or ModelEvaluation
        Scores of each subject, or the result of a function that was given several subjects,
        which knows the neighbors of points and chance. They are over time, times x times, a
        volume, or any points with their adjacency. A point that is NaN in all subjects is
        left out. One that only some subjects lack is an error: set it to NaN in all of them,
        for the intersection of masks; results do so. Condensed RDMs are scores, too, of pairs
        of conditions, for 'max' and 'fdr'.
    others : array_like of shape (n_others, *shape) or result, default=None
        Scores of other subjects, or of the same ones in another condition, which are
        subtracted; NaN at the same points.
    model : hashable, default=None
        Name of the model in a result, or its position; None if there is one.
    paired : bool, default=False
        Whether `others` are of the same subjects in the same order: signs are flipped
        then. Else subjects are permuted between the groups. Names of subjects in results
        must agree.
    equal_var : bool, default=False
        Whether t of two groups has a pooled variance. Else it is Welch's t, given as the
        normal deviate with the same tail: its degrees of freedom f differ between points, and
        :math:`z = \frac{8f+1}{8f+3}\sqrt{f \log(1 + t^2/f)}` [3]_ makes them comparable.
    popmean : float, default=None
        Score, or difference, without an effect; None for 0 or, of one sample, the chance of
        a result.
    alternative : {'greater', 'less', 'two-sided'}, default='greater'
        Sign of the effects. Two-sided clusters have one sign each.
    correction : {'cluster', 'tfce', 'max', 'fdr'}, default='cluster'
        What the p-values of points are.
    threshold : float, default=None
        t that forms clusters, greater than 0; None for the one with p = 0.05 at each point
        (0.025 on each side of 'two-sided'); of Welch's t a normal deviate.
    adjacency : int, sparse matrix, array_like of shape (n_points, n_points) or tuple, default=None
        Which points are neighbors. None: those that a result knows, such as vertices that
        share an edge, or those of a grid that differ by one along one axis.
        A number: as many as a point has in the grid: in a volume 6, 18 or 26, in a plane 4
        or 8. A matrix: entries other than 0 join points of one axis, such as centers of
        searchlights (see :func:`netrep_go.rsa.volume_adjacency` and
        :func:`netrep_go.rsa.surface_adjacency`). A tuple: a matrix for each axis of points,
        or None for a row such as time; neighbors differ along one axis, where they are
        neighbors.
    extent_power : float, default=0.5
        E of 'tfce', from 0 to 10.
    height_power : float, default=2.0
        H of 'tfce', from 0 to 10.
    n_permutations : int, default=9999
        Number of draws. If there are no more ways than that, 2**n_subjects sign flips or
        all ways to choose the first group, each is made, and the test is exact.
    random_state : int, RandomState, Generator or None, default=None
        Determines the sign flips or permutations.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ClusterResult
        With ``pvalue_corrected``, ``clusters``, ``pvalue`` and ``significant()``.

    Raises
    ------
    ValueError
        If there are fewer than two subjects (in each group), scores are missing in some of
        them only, or do not vary over subjects.

    Notes
    -----
    No p-value is less than 1 / the number of draws: of 4 subjects there are 16 sign flips,
    and nothing can be found at 0.05. 'fdr' over m points, k of which have effects, needs
    p-values of 0.05 k / m, and so as many permutations.

    A permutation of groups tests whether they are of one distribution: with a pooled variance,
    the test of a small group that varies more than the other finds that it does, with Welch's
    statistic much less often. Signs can be flipped if noise is symmetric about 0. Share of maps
    with any significant point at 0.05, two-sided, in smooth noise of 12 x 12 points (400 maps,
    199 draws, 1999 for 'fdr'; the standard error is 0.011); ``docs/inference.rst`` has more:

    ===================================================  ========  ======  =====  =====
    subjects                                             cluster   tfce    max    fdr
    ===================================================  ========  ======  =====  =====
    one sample of 16                                     0.037     0.048   0.055  0.015
    one sample of 6 (no p between 0.031 and 0.062)       0.028     0.028   0.028  0.000
    one sample of 16, exponential                        0.070     0.113   0.115  0.028
    10 pairs                                             0.025     0.033   0.040  0.000
    groups of 8 and 8                                    0.040     0.048   0.050  0.015
    groups of 5 and 12                                   0.060     0.050   0.048  0.013
    of 5 and 12, standard deviation of the 5 doubled     0.065     0.158   0.203  0.037
    the same, ``equal_var``                              0.370     0.468   0.465  0.217
    of 12 and 30, standard deviation of the 12 doubled   0.043     0.083   0.075  0.015
    the same, ``equal_var``                              0.380     0.485   0.505  0.292
    ===================================================  ========  ======  =====  =====

    References
    ----------
    .. [1] Maris, E. & Oostenveld, R. (2007). Nonparametric statistical testing of EEG- and
       MEG-data. J. Neurosci. Methods 164(1), 177-190.
    .. [2] Smith, S. M. & Nichols, T. E. (2009). Threshold-free cluster enhancement.
       NeuroImage 44(1), 83-98.
    .. [3] Wallace, D. L. (1959). Bounds on normal approximations to Student's and the
       chi-square distributions. Ann. Math. Stat. 30(4), 1121-1130.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import cluster_test
    >>> scores = np.random.default_rng(0).standard_normal((12, 50))
    >>> scores[:, 20:30] += 2
    >>> result = cluster_test(scores, random_state=0)
    >>> np.flatnonzero(result.significant()).tolist()
    [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]
    >>> result = cluster_test(scores[:6], scores[6:], correction="tfce", alternative="two-sided")
    >>> bool(result.significant().any())
    False
    """
    check_option(alternative, "alternative", ALTERNATIVES)
    check_option(correction, "correction", _CORRECTIONS)
    check_integer(n_permutations, "n_permutations", 1)
    if popmean is not None:
        check_number(popmean, "popmean", -_LARGEST, _LARGEST)
    check_number(extent_power, "extent_power", 0, 10)
    check_number(height_power, "height_power", 0, 10)
    first = as_maps(scores, model, "scores")
    second = None if others is None else as_maps(others, model, "others")
    if first.remark:
        warn_user(first.remark)
    check_same_indexes([("scores", scores), ("others", others)], "points", axis=-1)
    design, inside = design_of(first, second, paired, popmean, equal_var)
    if threshold is None:
        threshold = design.beyond(0.025 if alternative == "two-sided" else 0.05)
    check_number(threshold, "threshold", np.nextafter(0, 1), _LARGEST)
    graph = _graph(adjacency, first.adjacency, inside, correction)
    options = {
        "start": graph.indptr.astype(np.int64),
        "neighbors": graph.indices.astype(np.int64),
        "extremity": _LARGEST_OF[correction],
        "alternative": alternative,
        "threshold": threshold,
        "extent": extent_power,
        "height": height_power,
    }
    found, points, null = _tested(
        design, graph, correction, options, n_permutations, random_state, n_jobs, verbose
    )
    return ClusterResult(
        statistic=_spread(found.t, inside, np.nan),
        enhanced=_spread(found.enhanced, inside, np.nan) if correction == "tfce" else None,
        pvalue_corrected=_spread(points, inside, np.nan),
        clusters=_spread(found.labels, inside, 0),
        masses=found.masses,
        pvalue=found.least(points),
        threshold=threshold,
        correction=correction,
        n_permutations=len(null),
        null_distribution=null,
    )


def _graph(given: Adjacency, known: Any, inside: np.ndarray, correction: str) -> sparse.csr_array:
    """Return the neighbors among points that are inside: those given, or known of a result."""
    if given is not None:
        return neighbor_graph(given, inside)
    if not isinstance(known, str):
        return neighbor_graph(known, inside if known is None else inside.ravel())
    if correction in _OF_NEIGHBORS:
        raise ValueError(
            f"adjacency must be given for correction={correction!r}: the result does not know "
            "which points are neighbors"
        )
    n = np.count_nonzero(inside)
    return sparse.csr_array((n, n))


@dataclass(frozen=True)
class _Found:
    """What the data have: values of points, and clusters."""

    t: np.ndarray
    enhanced: np.ndarray
    labels: np.ndarray  # from 1 on, 0 for none
    masses: np.ndarray

    def pvalues(
        self, correction: str, alternative: str, null: np.ndarray, exact: bool
    ) -> np.ndarray:
        """Return the p-value of each point, by the largest values of draws."""
        if correction == "cluster":
            clusters = largest_pvalue(np.abs(self.masses), null, has_identity=exact)
            return np.append(1.0, clusters)[self.labels]
        values = np.abs(self.enhanced) if correction == "tfce" else extremity(self.t, alternative)
        return largest_pvalue(values, null, has_identity=exact)

    def least(self, points: np.ndarray) -> np.ndarray:
        """Return the least value of the points of each cluster."""
        least = np.ones(len(self.masses) + 1)
        np.minimum.at(least, self.labels, points)
        return least[1:]


def _tested(
    design: Design,
    graph: sparse.csr_array,
    correction: str,
    options: dict[str, Any],
    n_permutations: int,
    random_state: RandomState,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[_Found, np.ndarray, np.ndarray]:
    """Return what is found, the p-value of each point, and the largest value of each draw."""
    alternative = options["alternative"]
    _, t, enhanced = map_draws(design, design.identity(), options, ("t", "enhanced"), n_jobs)
    labels, masses = _clusters(graph, t[0], alternative, options["threshold"])
    found = _Found(t[0], enhanced[0], labels, masses)
    # All ways contain the identity; random ones are joined by it.
    exact = design.n_ways <= n_permutations
    n_draws = design.n_ways if exact else n_permutations
    wanted = ("t",) if correction == "fdr" else ()
    bound = tied(extremity(found.t, alternative), 1.0)  # the spread of t
    counts = np.zeros(len(bound), np.int64)

    def largest_of(weights: np.ndarray) -> np.ndarray:
        largest, maps, _ = map_draws(design, weights, options, wanted, n_jobs)
        as_extreme = extremity(maps, alternative) >= bound
        np.add(counts, np.count_nonzero(as_extreme, axis=0), out=counts)
        return largest

    null = null_distribution(
        largest_of,
        design.draws(n_draws, exact, random_state),
        "Flipping signs" if design.n_first is None else "Permuting subjects",
        n_draws,
        n_jobs=1,  # each block has threads of its own
        verbose=verbose,
    )
    if correction == "fdr":
        extra = not exact
        return found, corrected((counts + extra) / (n_draws + extra), "fdr"), null
    return found, found.pvalues(correction, alternative, null, exact), null


def _clusters(
    graph: sparse.csr_array, t: np.ndarray, alternative: str, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cluster of each point, 0 for none, and the mass of each cluster."""
    labels, count = np.zeros(len(t), np.int64), 0
    for sign in {"greater": [1], "less": [-1], "two-sided": [1, -1]}[alternative]:
        beyond = sign * t > threshold
        if beyond.any():
            part = graph[beyond][:, beyond]
            more, found = sparse.csgraph.connected_components(part, directed=False)
            labels[beyond] = found + count + 1
            count += more
    return labels, np.bincount(labels, t, count + 1)[1:]


def _spread(values: np.ndarray, inside: np.ndarray, fill: float) -> np.ndarray:
    """Return values of the points inside among all points."""
    whole = np.full(inside.shape, fill, values.dtype)
    whole[inside] = values
    return whole
