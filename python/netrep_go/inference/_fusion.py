"""What several measures say together, and where they contradict each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import check_integer, check_number
from netrep_go.inference._compare import NetworkComparison

if TYPE_CHECKING:
    from netrep_go.plotting import DisagreementDisplay

_ROUNDING = 1e-12  # differences, as a part of the values, that say nothing
_TIED = 1e-9  # differences of affinities that are equal


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class FusedSimilarity(Result):
    """Result of :func:`fuse`.

    Attributes
    ----------
    similarity : ndarray of shape (n_networks, n_networks)
        Symmetric; larger for networks that are alike by several measures, or whose neighbors
        are. The diagonal is 0.5 and says nothing.
    names : list
        Of the networks.
    measures : list of str
        What was fused.
    """

    similarity: np.ndarray
    names: list[Name] = field(repr=False)
    measures: list[str]

    def to_frame(self) -> Any:
        """Return a pandas DataFrame of the similarities.

        Returns
        -------
        pandas.DataFrame
            With the names of the networks for rows and columns.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(self.similarity, self.names, self.names)


@checked
def fuse(
    comparison: NetworkComparison,
    *,
    n_neighbors: int | None = None,
    width: float = 0.5,
    n_iterations: int = 20,
) -> FusedSimilarity:
    r"""Fuse the values of several measures into one similarity of networks.

    Similarity network fusion: distances of each measure become affinities

    .. math:: W_{ij} = \exp \left( - \frac{d_{ij}^2}{\mu \, \epsilon_{ij}} \right)

    where :math:`\epsilon_{ij}` is the mean of :math:`d_{ij}` and of the mean distances of i and of
    j to their neighbors. With P the affinities with rows that sum to 1, half of it on the
    diagonal, and S those of a network to itself and its nearest neighbors alone, each measure
    takes in what its neighborhoods tell of the others, again and again:

    .. math:: P_v \leftarrow S_v \left( \frac{1}{m - 1} \sum_{u \ne v} P_u \right) S_v^\top

    What few measures see weakly fades, and what is seen by several, or strongly by one, stays.

    Parameters
    ----------
    comparison : NetworkComparison
        Of all pairs of a cohort by 2 measures or more, none undefined. Values of measures
        that are not symmetric are averaged over both orders; similarities are taken from the
        largest one.
    n_neighbors : int, default=None
        Size of the neighborhoods, the network itself left out; a third of the networks by
        default, but 1 at least.
    width : float, default=0.5
        The :math:`\mu` above; 0.3 to 0.8 is usual.
    n_iterations : int, default=20
        How often the measures take in each other.

    Returns
    -------
    FusedSimilarity
        With ``to_frame()``.

    Raises
    ------
    ValueError
        If there are fewer than 4 networks or 2 measures, or a value is undefined.

    References
    ----------
    Wang, Mezlini, Demir, Fiume, Tu, Brudno, Haibe-Kains & Goldenberg (2014). Similarity network
    fusion for aggregating data types on a genomic scale. Nature Methods 11, 333-337.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import compare_networks, fuse
    >>> rng = np.random.default_rng(0)
    >>> one, other = rng.standard_normal((2, 30, 5))
    >>> networks = {f"{k}{i}": x + rng.standard_normal((30, 5))
    ...             for k, x in (("a", one), ("b", other)) for i in range(3)}
    >>> table = compare_networks(networks, ["cka", "procrustes", "mutual_knn"], verbose=False)
    >>> fused = fuse(table).similarity
    >>> bool(fused[:3, :3].mean() > fused[:3, 3:].mean())
    True
    """
    check_number(width, "width", 0.05, 100.0)
    check_integer(n_iterations, "n_iterations", 1)
    distances = [_distances(comparison, name) for name in _cohort(comparison, 2)]
    n = len(distances[0])
    if n < 4:
        raise ValueError(f"comparison must be of at least 4 networks, got {n}")
    k = max(1, n // 3) if n_neighbors is None else n_neighbors
    check_integer(k, "n_neighbors", 1, n - 1)
    affinities = [_affinity(d, k, width) for d in distances]
    whole = [_normalized(w) for w in affinities]
    local = [_of_neighbors(p, k) for p in whole]
    for _ in range(n_iterations):
        total = np.sum(whole, axis=0)
        others = [(total - p) / (len(whole) - 1) for p in whole]
        whole = [_normalized(s @ p @ s.T) for s, p in zip(local, others, strict=True)]
    fused = np.mean(whole, axis=0)
    return FusedSimilarity(
        similarity=(fused + fused.T) / 2,
        names=list(comparison.rows),
        measures=list(comparison.values),
    )


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class MeasureDisagreement(Result):
    """Result of :func:`disagreement`.

    Attributes
    ----------
    ranks : ndarray of shape (n_pairs, n_measures)
        Where a pair is among all, 0 for the least and 1 for the most alike, by each measure.
    spread : ndarray of shape (n_pairs,)
        Standard deviation of the ranks of a pair over the measures; of measures that draw
        ranks at random it is about 0.29.
    correlation : ndarray of shape (n_measures, n_measures)
        Spearman's, of measures over pairs; NaN of a measure that is the same for all pairs.
    pairs : list of tuple
        Names of the networks of each pair.
    measures : list of str
        Names of the measures.
    """

    ranks: np.ndarray
    spread: np.ndarray
    correlation: np.ndarray
    pairs: list[tuple[Name, Name]] = field(repr=False)
    measures: list[str]

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair of networks.

        Returns
        -------
        pandas.DataFrame
            With columns network_1, network_2, the ranks by each measure, and spread.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        first, second = zip(*self.pairs, strict=True)
        ranks = dict(zip(self.measures, self.ranks.T, strict=True))
        columns = {"network_1": first, "network_2": second, **ranks, "spread": self.spread}
        return pandas().DataFrame(columns)

    def plot(self, **options: Any) -> DisagreementDisplay:
        """Draw the correlations of measures, and the pairs they disagree on most.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.DisagreementDisplay.from_disagreement`, such as
            ``n_pairs``.

        Returns
        -------
        display : netrep_go.plotting.DisagreementDisplay
            The drawn display.
        """
        from netrep_go.plotting import DisagreementDisplay

        return DisagreementDisplay.from_disagreement(self, **options)


@checked
def disagreement(comparison: NetworkComparison) -> MeasureDisagreement:
    """Say of which pairs of networks, and in which measures, measures disagree.

    Values of measures are on scales of their own. What can be compared is which pairs are more
    alike than which: the ranks of the pairs.

    Parameters
    ----------
    comparison : NetworkComparison
        Of all pairs of a cohort by 2 measures or more, none undefined. Values of measures
        that are not symmetric are averaged over both orders.

    Returns
    -------
    MeasureDisagreement
        With ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError
        If there are fewer than 3 networks or 2 measures, or a value is undefined.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import compare_networks, disagreement
    >>> rng = np.random.default_rng(0)
    >>> networks = dict(zip("abcd", rng.standard_normal((4, 30, 5))))
    >>> table = compare_networks(networks, ["cka", "cka_angular", "mutual_knn"], verbose=False)
    >>> found = disagreement(table)
    >>> found.correlation[0].round(1)
    array([1. , 1. , 0.7])
    """
    measures = _cohort(comparison, 2)
    n = len(comparison.rows)
    if n < 3:
        raise ValueError(f"comparison must be of at least 3 networks, got {n}")
    i, j = np.triu_indices(n, 1)
    alike = np.stack([-_distances(comparison, name)[i, j] for name in measures], axis=1)
    alike /= np.maximum(np.abs(alike).max(axis=0), np.finfo(float).tiny)
    ranks = (stats.rankdata(alike.round(12), axis=0) - 1) / (len(i) - 1)
    with np.errstate(invalid="ignore"):  # a measure that is the same for all pairs has none
        correlation = np.corrcoef(ranks, rowvar=False)
    return MeasureDisagreement(
        ranks=ranks,
        spread=ranks.std(axis=1),
        correlation=correlation,
        pairs=[(comparison.rows[a], comparison.rows[b]) for a, b in zip(i, j, strict=True)],
        measures=measures,
    )


def _cohort(comparison: NetworkComparison, least: int) -> list[str]:
    """Return the names of the measures of all pairs of a cohort."""
    if comparison.rows != comparison.columns:
        raise ValueError("comparison must be of all pairs of networks, and not with a reference")
    if len(comparison.values) < least:
        found = shown(list(comparison.values))
        raise ValueError(f"comparison must be by at least {least} measures, got {found}")
    return list(comparison.values)


def _distances(comparison: NetworkComparison, name: str) -> np.ndarray:
    """Return values as distances of networks, which are symmetric and 0 on the diagonal."""
    values, kind = comparison.values[name], comparison.properties[name].kind
    if kind is None:
        raise ValueError(
            f"comparison must be by measures with a direction, and nothing says whether large "
            f"values of {name} mean alike: declare it, as_measure(..., kind=...)"
        )
    off = ~np.eye(len(values), dtype=bool)
    if not np.isfinite(values[off]).all():
        i, j = np.argwhere(~np.isfinite(values) & off)[0]
        raise ValueError(
            f"comparison must have no undefined values, but {name} of {comparison.rows[i]} and "
            f"{comparison.rows[j]} is {values[i, j]}"
        )
    values = (values + values.T) / 2
    distances = values if kind == "distance" else values[off].max() - values
    largest = comparison.properties[name].range[1]
    size = max(np.abs(values[off]).max(), largest if np.isfinite(largest) else 0.0)
    distances = np.where(distances > _ROUNDING * size, distances, 0.0)
    np.fill_diagonal(distances, 0)
    return distances


def _affinity(d: np.ndarray, k: int, width: float) -> np.ndarray:
    near = np.sort(d, axis=1)[:, 1 : k + 1].mean(axis=1)
    scale = (near[:, np.newaxis] + near + d) / 3
    ratio = np.divide(d, scale, out=np.zeros_like(d), where=scale > 0)  # so that units do not count
    return np.exp(-(ratio**2) / width)


def _normalized(w: np.ndarray) -> np.ndarray:
    """Return affinities with rows that sum to 1, half of it on the diagonal."""
    w = (w + w.T) / 2
    np.fill_diagonal(w, 0)
    p: np.ndarray = w / (2 * w.sum(axis=1, keepdims=True))
    np.fill_diagonal(p, 0.5)
    return p


def _of_neighbors(p: np.ndarray, k: int) -> np.ndarray:
    """Return the affinities of each network to itself and its nearest, in rows that sum to 1.

    Without itself, two networks that are each other's only neighbors would change places in
    every iteration. Of neighbors that are equally near all are taken, not the first.
    """
    least = np.sort(p, axis=1)[:, -k - 1, np.newaxis]
    kept = np.where(p >= least * (1 - _TIED), p, 0.0)
    local: np.ndarray = kept / kept.sum(axis=1, keepdims=True)
    return local
