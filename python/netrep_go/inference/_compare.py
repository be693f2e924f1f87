"""Networks compared by several measures in one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._cohort import Cohorts, aligned, resolve_n_jobs
from netrep_go._jobs import bars_named, said_once
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go.inference._measures import chosen, named_in_errors
from netrep_go.inference._networks import Networks, Representation, read_networks
from netrep_go.metrics import Measure, Properties

if TYPE_CHECKING:
    from netrep_go.plotting import ComparisonDisplay

__all__ = ["NetworkComparison", "compare_networks"]

Reasons = dict[tuple[int, int], str]


@dataclass(frozen=True, repr=False)
class NetworkComparison(Result):
    """The values of several measures for pairs of networks.

    Attributes
    ----------
    rows, columns : list
        What is compared: names of networks, or pairs (network, layer). These are the same,
        unless there is a reference, which has the rows, and the others the columns.
    values : dict of str to ndarray of shape (n_rows, n_columns)
        By measure. Entry (i, j) is f(row i, column j); NaN if it is undefined, or of layers of
        the same network, which are not compared.
    properties : dict of str to Properties
        What is true of each measure.
    reasons : dict of str to dict of (int, int) to str
        By measure, why values are undefined, by their row and column.
    layered : bool
        Whether networks have layers.
    """

    rows: list[Name]
    columns: list[Name]
    values: dict[str, np.ndarray]
    properties: dict[str, Properties]
    reasons: dict[str, Reasons]
    layered: bool

    def __repr__(self) -> str:
        shape = " x ".join(str(len(names)) for names in (self.rows, self.columns))
        what = "layers" if self.layered else "networks"
        return f"NetworkComparison({shape} {what}: {', '.join(self.values)})"

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair and measure.

        Returns
        -------
        pandas.DataFrame
            With columns network_1, layer_1, network_2, layer_2 (those of layers only if
            networks have some), measure, kind ('distance' or 'similarity'), value, which is
            f(1, 2), and reason, why it is undefined if it is. Symmetric measures have each pair
            once, others in both orders; no network is in a pair with itself.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        tables = [self._table(measure) for measure in self.values]
        return pandas().concat(tables, ignore_index=True)

    def _table(self, measure: str) -> Any:
        """Return the rows of a measure."""
        values, said = self.values[measure], self.properties[measure]
        i, j = self._pairs(said.symmetric)
        reasons = self.reasons[measure]
        table = {
            **self._side(1, [self.rows[k] for k in i]),
            **self._side(2, [self.columns[k] for k in j]),
            "measure": measure,
            "kind": said.kind,
            "value": values[i, j],
            "reason": [reasons.get(pair) for pair in zip(i.tolist(), j.tolist(), strict=True)],
        }
        return pandas().DataFrame(table).astype({"reason": object})

    def _pairs(self, symmetric: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows and the columns of the pairs of different networks."""
        networks = [[self._network(name) for name in side] for side in (self.rows, self.columns)]
        numbers = {name: k for k, name in enumerate(dict.fromkeys(networks[0] + networks[1]))}
        first, second = (np.array([numbers[name] for name in side]) for side in networks)
        once = symmetric and self.rows == self.columns
        i, j = (np.less if once else np.not_equal).outer(first, second).nonzero()
        return i, j

    def _network(self, name: Name) -> Name:
        return name[0] if self.layered and isinstance(name, tuple) else name

    def _side(self, number: int, names: list[Name]) -> dict[str, list[Name]]:
        """Return the columns that tell what stands on one side of the pairs."""
        if not self.layered:
            return {f"network_{number}": names}
        parts = [name for name in names if isinstance(name, tuple)]
        return {
            f"network_{number}": [network for network, _ in parts],
            f"layer_{number}": [layer for _, layer in parts],
        }

    @checked
    def matrix(self, measure: str) -> Any:
        """Return the values of a measure as a pandas DataFrame, with names of rows and columns.

        Parameters
        ----------
        measure : str
            A key of `values`.

        Returns
        -------
        pandas.DataFrame of shape (n_rows, n_columns)
            With two levels of names, networks and layers, if there are layers.

        Raises
        ------
        ValueError
            If there is no such measure.
        ImportError
            If pandas is not installed.
        """
        if not isinstance(measure, str) or measure not in self.values:
            raise ValueError(f"measure must be one of {list(self.values)}, got {shown(measure)}")
        names = ["network", "layer"] if self.layered else ["network"]
        index, columns = (self._index(side, names) for side in (self.rows, self.columns))
        return pandas().DataFrame(self.values[measure], index, columns)

    def _index(self, side: list[Name], names: list[str]) -> Any:
        if self.layered:
            return pandas().MultiIndex.from_tuples(side, names=names)
        return pandas().Index(side, name=names[0], tupleize_cols=False)

    def plot(self, **options: Any) -> ComparisonDisplay:
        """Draw a heat map of each measure.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.ComparisonDisplay.from_comparison`, such as ``width``.

        Returns
        -------
        display : netrep_go.plotting.ComparisonDisplay
            The drawn display.
        """
        from netrep_go.plotting import ComparisonDisplay

        return ComparisonDisplay.from_comparison(self, **options)


@checked
def compare_networks(
    networks: Any,
    measures: Any = ("cka", "procrustes", "rsa"),
    reference: Name = None,
    *,
    names: Iterable[Name] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> NetworkComparison:
    """Compare networks, or the layers of networks, by several measures.

    Each network is read once, and prepared once for each measure.

    Parameters
    ----------
    networks : list, dict or Series of networks, or path
        A network is an array_like of shape (n_samples, n_features), or a dict of layers that
        are; or the path of a file with one: .npy, .npz, .csv, .tsv, .parquet, .mat, .h5, .hdf5
        or .zarr, as for :class:`netrep_go.multiset.DistanceStore`. ``path::name`` is one of
        the arrays in a file; of .npz and HDF5 files with several arrays, all are layers. A
        path in place of the list is a file whose arrays are the networks. All networks see
        the same samples; widths may differ.
    measures : Measure, str, callable or object with fit and score; or list or dict of such, \
default=('cka', 'procrustes', 'rsa')
        Any measures, as :func:`netrep_go.metrics.as_measure` takes them: names of
        :func:`netrep_go.metrics.measures`, such as 'cka', instances or functions. Keys of a
        dict are their names in the result.
    reference : hashable, default=None
        The name of the network that all others are compared with: f(reference, other). If None,
        all pairs are compared.
    names : sequence of hashable, default=None
        Names of the networks, if these are a list.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar for each measure.

    Returns
    -------
    NetworkComparison
        With ``to_frame()``, a table with a row for each pair and measure, ``matrix(measure)``
        and ``plot()``.

    Raises
    ------
    ValueError
        If a network is not a finite, real matrix, networks differ in samples, or a measure
        refuses one; the message names the network and the measure.

    Warns
    -----
    UserWarning
        If a value is NaN, because it would mean nothing, with the reason, which is also in the
        table.

    See Also
    --------
    netrep_go.multiset.pairwise_distances : The values of one measure.

    Notes
    -----
    Every layer of a network is compared with every layer of the others, but not with those of
    the same network: to compare these, give them as networks.

    Measures of outputs, of images and of stochastic responses take networks of their own form:
    call this once for each form.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import compare_networks
    >>> rng = np.random.default_rng(0)
    >>> V1, LM, AL = rng.standard_normal((3, 50, 8))
    >>> found = compare_networks({"V1": V1, "LM": V1 + LM, "AL": AL}, ["cka", "rsa"], verbose=False)
    >>> found.to_frame()[["network_1", "network_2", "measure", "value"]].round(2)
      network_1 network_2 measure  value
    0        V1        LM     cka   0.59
    1        V1        AL     cka   0.13
    2        LM        AL     cka   0.17
    3        V1        LM     rsa   0.53
    4        V1        AL     rsa   0.01
    5        LM        AL     rsa   0.02
    """
    measures = chosen(measures, "measures")
    n_jobs = resolve_n_jobs(n_jobs, None)
    read = read_networks(networks, names)
    if len(read.names) < 2:
        raise ValueError(f"networks must be at least 2 to compare, got {len(read.names)}")
    read, first = _first(read, reference)
    cohorts = _cohorts(read, first)
    found = {name: _values(name, each, cohorts, n_jobs, verbose) for name, each in measures.items()}
    keys = [_name(each, read.layered) for each in read.representations]
    return NetworkComparison(
        keys[:first] if first else keys,
        keys[first:],
        {name: values for name, (values, _) in found.items()},
        {name: measure.properties for name, measure in measures.items()},
        {name: reasons for name, (_, reasons) in found.items()},
        read.layered,
    )


def _name(each: Representation, layered: bool) -> Name:
    return (each.network, each.layer) if layered else each.network


def _first(read: Networks, reference: Name) -> tuple[Networks, int]:
    """Return networks with the reference before the others, and how many layers it has."""
    if reference is None:
        return read, 0
    if reference not in read.names:
        raise ValueError(
            f"reference must be the name of a network, one of {shown(read.names)}, got "
            f"{shown(reference)}"
        )
    read = read.beginning_with(reference)
    return read, read.count(reference)


def _cohorts(read: Networks, first: int) -> Cohorts:
    """Return what is to be measured: no layers of the same network against each other."""
    listed = [(each.label, each.content) for each in read.representations]
    groups = None
    if read.layered:
        numbers = {name: k for k, name in enumerate(read.names)}
        groups = [numbers[each.network] for each in read.representations]
    return aligned(Cohorts(listed, None, first, groups))


def _values(
    name: str, measure: Measure, cohorts: Cohorts, n_jobs: int | None, verbose: bool
) -> tuple[np.ndarray, Reasons]:
    """Return the values of a measure, and why some of them are undefined."""
    cohorts = replace(cohorts, reasons={})
    with said_once(), bars_named(name), named_in_errors(name, (ValueError, np.linalg.LinAlgError)):
        values, _ = measure._measure_cohorts(cohorts, np.float64, n_jobs, verbose)
    if cohorts.groups is not None and not cohorts.first:
        groups = np.array(cohorts.groups)
        values[groups[:, np.newaxis] == groups] = np.nan
    reasons = {(i, j - cohorts.first): reason for (i, j), reason in cohorts.reasons.items()}
    return values, reasons
