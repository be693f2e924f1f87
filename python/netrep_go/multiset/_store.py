"""Distances that outgrow memory or one sitting: a matrix on disk, computed tile by tile."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from netrep_go._cohort import check_dtype
from netrep_go._files import as_path
from netrep_go._jobs import said_once
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._parts import check_same, replacing
from netrep_go._shown import shown
from netrep_go._validation import check_integer
from netrep_go.metrics import Measure
from netrep_go.metrics._adapted import measure_of
from netrep_go.multiset._how import How
from netrep_go.multiset._manifest import (
    FORMAT,
    StoreStatus,
    checksum_of,
    comparable,
    options_of,
    read_manifest,
)
from netrep_go.multiset._schedule import Work
from netrep_go.multiset._sources import Seen, Side, see_all, side
from netrep_go.multiset._tiles import Missing, Tiles, is_missing, zarr

__all__ = ["DistanceStore"]

_ARRAYS = ("train", "test")
_GROUP = '{"attributes": {}, "zarr_format": 3, "node_type": "group"}'
_WITHIN = ("between two sets", "within one")


class DistanceStore:
    """Distances between many networks in a folder, computed in tiles and never lost.

    Each tile is written when it is known, whole and with a checksum. Whatever happens, an
    interrupt, a crash or a full disk, loses the tiles in work alone: the same call goes on
    where the last one was. It refuses networks that have changed and other options, and says
    what differs. Networks may be added: only pairs with them are computed. Processes that
    share a disk may work on one store at once. Damaged tiles are found and computed again.

    The folder holds ``store.json`` with the options, names and hashes of the networks, and
    the zarr 3 arrays ``train`` and ``test``, which other programs read.

    Parameters
    ----------
    path : path
        The folder. It is made by the first computation.
    tile_size : int, default=64
        Networks on each side of a tile; of a store that there is, its own. Values of measures
        that work in blocks, such as CKA, agree to rounding for different sizes, and bit for bit
        for the same.

    Raises
    ------
    ValueError
        If the folder holds a store that is damaged, or of a newer format.
    ImportError
        If zarr is not installed.

    See Also
    --------
    pairwise_distances : The same in memory.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from netrep_go.multiset import DistanceStore
    >>> rng = np.random.default_rng(0)
    >>> networks = {f"net{i}": rng.standard_normal((50, 5)) for i in range(4)}
    >>> store = DistanceStore(tempfile.mkdtemp() + "/cohort")
    >>> store.pairwise_distances("procrustes", networks, verbose=False).complete
    True
    >>> store.names
    ['net0', 'net1', 'net2', 'net3']
    >>> store.distances()[:2, :2].round(2)
    array([[0.  , 1.32],
           [1.32, 0.  ]])
    """

    def __init__(self, path: str | os.PathLike[str], *, tile_size: int = 64) -> None:
        check_integer(tile_size, "tile_size", 1)
        zarr()
        self.path = as_path(path, "path")
        self._tile_size = int(tile_size)
        self._manifest = read_manifest(self.path)

    def __repr__(self) -> str:
        return f"DistanceStore({str(self.path)!r})"

    @checked
    def pairwise_distances(
        self,
        metric: Any,
        traindata: Any,
        testdata: Any = None,
        *,
        names: Iterable[Name] | None = None,
        dtype: DTypeLike = np.float64,
        memory_limit: int | None = None,
        batch: tuple[int, int] | None = None,
        n_jobs: int | None = None,
        client: Any = None,
        verbose: bool = True,
    ) -> StoreStatus:
        """Compute what is missing of the distances between all pairs of networks.

        Parameters
        ----------
        metric : Measure, str, callable or object with fit and score
            As in :func:`pairwise_distances`. Of a function the name alone tells results apart.
        traindata : list, dict, Series or callable
            The networks. Each is what the measure takes, such as an array of shape (n_samples,
            n_features), or where it is: the path of a file .npy, .npz, .csv, .tsv, .parquet,
            .mat, .h5 or .zarr (``path::name`` for one of several arrays in it), of a session in
            NWB (``path.nwb::table/column/region``, its mean firing rates), a data set of HDF5 or
            zarr, or a function without arguments that loads it. A function of i loads
            network i, and `names` says how many there are.
        testdata : list, dict, Series or callable, default=None
            Held-out activations of the same networks.
        names : sequence of str or int, default=None
            Names of the networks if they have none; else they are numbers from 0 on. A
            network that was added has a name of its own, or stands at the end of the list.
        dtype : {float64, float32}, default=float64
            Precision of the products of activations, as in :func:`pairwise_distances`.
        memory_limit : int, default=None
            Bytes that networks may take in memory, with what is computed from them and beside
            what Python and the package take. If None, half of what the machine has free.
        batch : (int, int), default=None
            The pair (i, n) computes the i-th of n shares of what is missing, for several
            processes that share a disk.
        n_jobs : int, default=None
            Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not
            depend on it.
        client : dask.distributed.Client, default=None
            Computes tiles on the workers of a cluster; they come back and are written here.
            If None, the one of ``joblib.parallel_config("dask")``, if any.
        verbose : bool, default=True
            Show progress bars.

        Returns
        -------
        StoreStatus
            How far the store is.

        Raises
        ------
        ValueError
            If the store has results of other networks or options, or a network cannot be
            read, does not fit the others, or the measure is undefined for it; the message names it.
        OSError
            If the disk is full or the store may not be written to. What was written is valid.
        RuntimeError
            If a client has no workers.
        """
        sides = [side(traindata, testdata, names, ("traindata", "testdata"))]
        how = How(dtype, memory_limit, batch, n_jobs, client, verbose)
        return self._compute(measure_of(metric, "metric"), sides, how)

    @checked
    def cross_distances(
        self,
        metric: Any,
        Xs: Any,
        Ys: Any,
        Xs_test: Any = None,
        Ys_test: Any = None,
        *,
        names: tuple[Iterable[Name] | None, Iterable[Name] | None] | None = None,
        dtype: DTypeLike = np.float64,
        memory_limit: int | None = None,
        batch: tuple[int, int] | None = None,
        n_jobs: int | None = None,
        client: Any = None,
        verbose: bool = True,
    ) -> StoreStatus:
        """Compute what is missing of the distances from each network of one set to another's.

        Parameters
        ----------
        metric : Measure, str, callable or object with fit and score
            As in :meth:`pairwise_distances`.
        Xs, Ys : list, dict, Series or callable
            Two sets of networks.
        Xs_test, Ys_test : list, dict, Series or callable, default=None
            Their held-out activations, both or neither.
        names : tuple of (sequence, sequence), default=None
            Names of the networks in `Xs` and in `Ys`, None for those that have names of their
            own.
        dtype, memory_limit, batch, n_jobs, client, verbose
            As in :meth:`pairwise_distances`.

        Returns
        -------
        StoreStatus
            How far the store is.

        Raises
        ------
        ValueError, OSError, RuntimeError
            As :meth:`pairwise_distances`.
        """
        if (Xs_test is None) != (Ys_test is None):
            raise ValueError("Xs_test and Ys_test must be given together")
        names = (None, None) if names is None else names
        if not isinstance(names, (tuple, list)) or len(names) != 2:
            raise TypeError(f"names must be a pair of lists of names, got {shown(names)}")
        sides = [
            side(Xs, Xs_test, names[0], ("Xs", "Xs_test")),
            side(Ys, Ys_test, names[1], ("Ys", "Ys_test")),
        ]
        how = How(dtype, memory_limit, batch, n_jobs, client, verbose)
        return self._compute(measure_of(metric, "metric"), sides, how)

    @property
    def names(self) -> Any:
        """Names of the networks; of cross distances a pair, of the rows and the columns."""
        sides = [[name for name, *_ in side] for side in self._reread()["sides"]]
        return sides[0] if len(sides) == 1 else tuple(sides)

    def status(self) -> StoreStatus:
        """Read the store and say how far it is."""
        self._reread()
        return self._status(self._left())

    @checked
    def distances(self, *, test: bool = False, incomplete: bool = False) -> Any:
        """Return the matrix, which is read where it is indexed.

        Parameters
        ----------
        test : bool, default=False
            Return held-out distances.
        incomplete : bool, default=False
            Return what there is, with NaN for what is missing, where the matrix is not
            complete. An undefined value is NaN as well.

        Returns
        -------
        zarr.Array of shape (n_rows, n_columns)
            Index it, or ``np.asarray`` it.

        Raises
        ------
        ValueError
            If tiles are missing or damaged, or there are no held-out distances.
        """
        if test and not self._reread()["options"]["held_out"]:
            raise ValueError(f"{self.path} has no held-out distances")
        if not incomplete:
            status = self.status()
            if not status.complete:
                raise ValueError(
                    f"{self.path} has {status.n_done} of {status.n_tiles} tiles "
                    f"({status.n_done / status.n_tiles:.1%}): compute the others, or ask for "
                    "incomplete=True"
                )
        tiles = self._tiles()[bool(test)]
        array = tiles.open()
        if array.shape != tiles.shape:  # whoever added networks has not written their names yet
            raise ValueError(
                f"{tiles.path} has shape {array.shape}, but {self.path / 'store.json'} has "
                f"{tiles.shape} networks: computing the store once more mends it"
            )
        return array

    @checked
    def to_frame(self, *, test: bool = False, incomplete: bool = False) -> Any:
        """Return a pandas DataFrame of the matrix.

        Parameters
        ----------
        test, incomplete : bool, default=False
            As in :meth:`distances`.

        Returns
        -------
        pandas.DataFrame
            With the names of the networks for rows and columns, in memory.

        Raises
        ------
        ValueError
            As :meth:`distances`.
        ImportError
            If pandas is not installed.
        """
        D = self.distances(test=test, incomplete=incomplete)[...]
        rows, columns = self._sides_names()
        return pandas().DataFrame(D, index=rows, columns=columns)

    @checked
    def plot(self, ax: Any = None, *, test: bool = False, incomplete: bool = False) -> Any:
        """Draw the matrix of all pairs.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        test, incomplete : bool, default=False
            As in :meth:`distances`; what is missing is left blank.

        Returns
        -------
        display : netrep_go.plotting.DistanceMatrixDisplay
            The drawn display.
        """
        from netrep_go.plotting import DistanceMatrixDisplay

        if len(self._known()["sides"]) == 2:
            raise ValueError("a heat map needs the distances of all pairs, not of two sets")
        D = self.distances(test=test, incomplete=incomplete)[...]
        names = self.names if len(D) <= 60 else None
        known = self._known()
        label = f"{known['options']['measure'].rpartition('.')[2]} ({known['kind']})"
        return DistanceMatrixDisplay(D, names=names, label=label).plot(ax=ax)

    def merge(self, *others: str | os.PathLike[str]) -> StoreStatus:
        """Take tiles from stores of the same networks and options, such as other machines made.

        Parameters
        ----------
        *others : path
            Folders of stores, or of one whole store each where batches were computed apart.

        Returns
        -------
        StoreStatus
            How far this store is then.

        Raises
        ------
        ValueError
            If another store has other networks, options or tiles.
        """
        for path in others:
            other = DistanceStore(as_path(path, "others"))
            with self._locked():
                self._take_list(other)
            for ours, theirs in zip(self._tiles(), other._tiles(), strict=True):
                for at, mask in ours.missing().items():
                    self._take_tile(at, mask, ours, theirs)
        return self.status()

    def _take_list(self, other: DistanceStore) -> None:
        """Take the list of networks if there is none; raise if it is another one."""
        manifest = other._known()
        self._manifest = read_manifest(self.path)
        if self._manifest is None:
            self._manifest = manifest
            self._write()
        check_same(comparable(self._known()), comparable(manifest), self.path)

    def _take_tile(self, at: tuple[int, int], mask: np.ndarray, ours: Tiles, theirs: Tiles) -> None:
        """Take what is missing in a tile and known in another store."""
        found = theirs.read(*at)
        known = np.nonzero(mask & ~is_missing(found))
        if known[0].size:
            with self._locked():
                tile = ours.read(*at, whole=True)
                tile[known] = found[known]
                ours.write(*at, tile)

    def _sides_names(self) -> tuple[list[Name], list[Name]]:
        names = self.names
        return names if isinstance(names, tuple) else (names, names)

    def _reread(self) -> dict[str, Any]:
        """Return what the store says of itself, which other processes may have changed."""
        self._manifest = read_manifest(self.path)
        return self._known()

    def _known(self) -> dict[str, Any]:
        if self._manifest is None:
            self._manifest = read_manifest(self.path)
        if self._manifest is None:
            raise ValueError(
                f"{self.path} has no distances yet, there is no store: compute them first"
            )
        return self._manifest

    def _tiles(self) -> list[Tiles]:
        """Return the matrices on disk."""
        known = self._known()
        sizes = [len(side) for side in known["sides"]]
        tile = (known["tile_size"],) * 2
        n_arrays = 2 if known["options"]["held_out"] else 1
        return [Tiles(self.path / name, (sizes[0], sizes[-1]), tile) for name in _ARRAYS[:n_arrays]]

    def _left(self) -> Missing:
        """Return the tiles in which something is missing, of the training or held-out data."""
        left: Missing = {}
        for tiles in self._tiles():
            for at, mask in tiles.missing().items():
                left[at] = left[at] | mask if at in left else mask
        return left

    def _status(self, left: Missing, n_computed: int = 0, n_loads: int = 0) -> StoreStatus:
        tiles = self._tiles()[0]
        total = tiles.counts[0] * tiles.counts[1]
        options = dict(self._known()["options"])
        return StoreStatus(*tiles.shape, total, total - len(left), n_computed, n_loads, options)

    def _compute(self, measure: Measure, sides: list[Side], how: How) -> StoreStatus:
        how.check()
        check_dtype(how.dtype)
        measure._check_parameters()
        options = options_of(measure, how.dtype, sides[0].test is not None)
        sides = [each.storable() for each in sides]
        seen = see_all(sides, how.n_jobs, how.verbose)
        with self._locked():
            sides = self._agree(measure, options, sides, seen)
        largest = max(known.nbytes for each in seen for known in each)
        n_samples, key = seen[0][0].n_samples[0], checksum_of(self._known())
        work = Work(measure, sides, how, self._tiles(), self._locked, largest, n_samples, key)
        with said_once():
            n_computed, n_loads = work.run(self._left())
        return self._status(self._left(), n_computed, n_loads)

    def _agree(
        self,
        measure: Measure,
        options: dict[str, Any],
        sides: list[Side],
        seen: list[list[Seen]],
    ) -> list[Side]:
        """Write what is to be computed, unless the store holds other things."""
        self._manifest = read_manifest(self.path)
        entries = [
            [[name, known.hash] for name, known in zip(each.names, found, strict=True)]
            for each, found in zip(sides, seen, strict=True)
        ]
        if self._manifest is not None:
            check_same(self._manifest["options"], options, self.path)
            if len(self._manifest["sides"]) != len(entries):
                raise ValueError(
                    f"{self.path} has distances {_WITHIN[len(entries) - 1]}, not "
                    f"{_WITHIN[len(entries) - 2]}: use another folder"
                )
            orders = [
                self._order(before, now)
                for before, now in zip(self._manifest["sides"], entries, strict=True)
            ]
            sides = [each.take(order) for each, order in zip(sides, orders, strict=True)]
            entries = [[e[k] for k in order] for e, order in zip(entries, orders, strict=True)]
        self._manifest = {
            "format": FORMAT,
            "tile_size": self._tile_size if self._manifest is None else self._manifest["tile_size"],
            "kind": measure.properties.kind or "value",
            "options": options,
            "sides": entries,
        }
        self._write()
        return sides

    def _order(self, before: list[list[Any]], now: list[list[Any]]) -> list[int]:
        """Return the networks in the order of the store, those that are new at the end."""
        where = {name: k for k, (name, *_) in enumerate(now)}
        for name, *hashes in before:
            if name not in where:
                raise ValueError(
                    f"{self.path} holds network {name!r}, which is not among those given: give "
                    "all that it holds, and those to be added"
                )
            if now[where[name]][1:] != hashes:
                raise ValueError(
                    f"network {name!r} has changed since {self.path} was written: use another "
                    "folder"
                )
        old = [where[name] for name, *_ in before]
        return old + sorted(set(range(len(now))) - set(old))

    def _write(self) -> None:
        """Write the list of networks, after the arrays have their size."""
        self.path.mkdir(parents=True, exist_ok=True)
        for tiles in self._tiles():
            tiles.create()
        group = self.path / "zarr.json"
        if not (group.exists() and group.read_text(errors="replace") == _GROUP):
            with replacing(group) as new:
                new.write_text(_GROUP)
        manifest = self._known()
        text = json.dumps(manifest | {"checksum": checksum_of(manifest)}, indent=1)
        file = self.path / "store.json"
        if not (file.exists() and file.read_text() == text):
            with replacing(file) as new:
                new.write_text(text)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from changing the list, or a tile at its edge, meanwhile."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
