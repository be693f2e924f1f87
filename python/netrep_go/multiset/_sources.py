"""Networks that are read when they are needed: arrays, files, data sets and functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netrep_go._cohort import labeled, matched
from netrep_go._files import INSIDE, why
from netrep_go._jobs import counted, in_threads
from netrep_go._names import Name
from netrep_go._optional import optional
from netrep_go._parts import content_hash
from netrep_go._shown import shown
from netrep_go._validation import at_hand
from netrep_go.multiset._nwb import read_nwb


@dataclass(frozen=True)
class Source:
    """A network that can be read again and again."""

    name: str  # in messages
    content: Any

    def load(self) -> Any:
        """Return the network; raise with its name if that fails."""
        try:
            return _load(self.content)
        except MemoryError:
            raise
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{self.name}: there is no file {self.content}") from error
        except Exception as error:
            what = f" {self.content}" if isinstance(self.content, (str, Path)) else ""
            raise ValueError(f"{self.name}{what} cannot be read: {why(error)}") from error


@dataclass(frozen=True)
class Side:
    """The networks of the rows, of the columns or of both, and their names."""

    train: list[Source]
    test: list[Source] | None
    names: list[Name]

    def storable(self) -> Side:
        """Return networks with names as JSON keeps them."""
        return Side(self.train, self.test, [_storable(name) for name in self.names])

    def take(self, order: Sequence[int]) -> Side:
        """Return networks in another order."""
        test = None if self.test is None else [self.test[k] for k in order]
        return Side([self.train[k] for k in order], test, [self.names[k] for k in order])


@dataclass(frozen=True)
class Seen:
    """What is known of a network that was read once."""

    hash: str
    nbytes: int
    n_samples: tuple[int | None, ...]  # of the training and the held-out data


def side(train: Any, test: Any, names: Iterable[Name] | None, arguments: tuple[str, str]) -> Side:
    """Return the networks of an argument with their held-out data, each in its own argument."""
    if names is not None:
        if isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
            raise TypeError(f"names must be a sequence of names, got {shown(names)}")
        names = list(names)
    found, own = labeled(_listed(train, arguments[0], names), arguments[0], names)
    networks = [Source(name, _portable(x)) for name, x in found]
    held_out = None
    if test is not None:
        listed = _listed(test, arguments[1], names)
        pairs = matched(listed, own, len(networks), *arguments)
        held_out = [Source(name, _portable(x)) for name, x in pairs]
    labels: list[Name] = list(range(len(networks))) if own is None else own
    return Side(networks, held_out, labels)


def _storable(name: Name) -> str | int:
    """Return a name as JSON keeps it."""
    if isinstance(name, str):
        return name
    if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
        return int(name)
    raise TypeError(f"names in a store must be texts or integers, got {name!r}")


def see_all(sides: Sequence[Side], n_jobs: int | None, verbose: bool) -> list[list[Seen]]:
    """Read all networks once, and raise if they differ in samples."""
    pairs = [
        (train, None if each.test is None else each.test[k])
        for each in sides
        for k, train in enumerate(each.train)
    ]
    seen = in_threads(lambda pair: _see(*pair), pairs, n_jobs)
    found = list(counted(seen, "Checking networks", len(pairs), verbose))
    _check_samples([train.name for train, _ in pairs], found)
    n_rows = len(sides[0].train)
    return [found[:n_rows], found[n_rows:]][: len(sides)]


def _check_samples(names: list[str], seen: list[Seen]) -> None:
    for name, known in zip(names, seen, strict=True):
        for n, first, what in zip(
            known.n_samples, seen[0].n_samples, ("samples", "held-out samples"), strict=False
        ):
            if n != first:
                raise ValueError(
                    f"all networks must have the same {what}, but {names[0]} has {first} and "
                    f"{name} has {n}"
                )


def _see(train: Source, test: Source | None) -> Seen:
    """Read a network to know what it is."""
    found = [_digest(source) for source in (train, test) if source is not None]
    digests, sizes, samples = zip(*found, strict=True)
    return Seen(" ".join(digests), sum(sizes), samples)


def _digest(source: Source) -> tuple[str, int, int | None]:
    """Return a hash, the bytes and the number of samples; None of what is no array."""
    loaded = at_hand(source.load(), source.name)
    try:
        arrays = list(_arrays(loaded))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{source.name} must be an array of numbers: {error}") from None
    if any(array.dtype.kind == "O" for array in arrays):
        raise ValueError(f"{source.name} must hold numbers, got objects")
    digests = [content_hash(array) for array in arrays]
    n_samples = len(arrays[0]) if len(arrays) == 1 and arrays[0].ndim else None
    return "+".join(digests), sum(array.nbytes for array in arrays), n_samples


def _arrays(x: Any) -> Iterator[np.ndarray]:
    if isinstance(x, (tuple, list)) and any(hasattr(part, "__array__") for part in x):
        for part in x:
            yield from _arrays(part)
    else:
        yield np.asarray(x)


@dataclass(frozen=True)
class _Call:
    """Network i of a function that loads it."""

    function: Callable[[int], Any]
    index: int

    def __call__(self) -> Any:
        return self.function(self.index)


def _listed(xs: Any, argument: str, names: list[Name] | None) -> Any:
    """Return networks as a list, if a function loads them."""
    if not callable(xs) or hasattr(xs, "__len__"):
        return xs
    if names is None:
        raise ValueError(f"{argument} is a function: give names, one for each network")
    return [_Call(xs, i) for i in range(len(names))]


def source_of(x: Any, name: str) -> Source:
    """Return a network that is an array, a file, a data set or a function as what can be read."""
    return Source(name, _portable(x))


def _portable(x: Any) -> Any:
    """Return a network as another process can read it: a data set of HDF5 by its path."""
    file = getattr(x, "file", None)
    if file is not None and getattr(file, "mode", None) == "r":
        return f"{file.filename}{INSIDE}{x.name}"
    return x


def _load(content: Any) -> Any:
    if isinstance(content, (str, os.PathLike)):
        return read_array(content)
    if callable(content) and not hasattr(content, "__array__"):
        return content()
    if hasattr(content, "chunks") and hasattr(content, "dtype"):  # of HDF5 or zarr
        return content[...]
    return content


def read_array(path: str | os.PathLike[str]) -> Any:
    """Read a network from a file; ``path::name`` is an array inside one."""
    file, _, inside = os.fspath(path).partition(INSIDE)
    suffix = Path(file).suffix.lower()
    if suffix not in _READERS:
        raise ValueError(f"its suffix must be one of {', '.join(_READERS)}")
    if not os.path.exists(file):
        raise FileNotFoundError(file)
    return _READERS[suffix](file, inside)


def arrays_in(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the arrays in an .npz or HDF5 file, none if there is no such file."""
    file, _, inside = os.fspath(path).partition(INSIDE)
    suffix = Path(file).suffix.lower()
    if inside or suffix not in _LISTS or not os.path.exists(file):
        return []
    return _LISTS[suffix](file)


def _npy(file: str, inside: str) -> np.ndarray:
    return np.load(file, allow_pickle=False)


def _npz_names(file: str) -> list[str]:
    with np.load(file, allow_pickle=False) as arrays:
        return list(arrays.files)


def _npz(file: str, inside: str) -> np.ndarray:
    with np.load(file, allow_pickle=False) as arrays:
        return arrays[_only(arrays.files, inside)]


def _table(separator: str) -> Callable[[str, str], Any]:
    def read(file: str, inside: str) -> Any:
        pandas = optional("pandas", "plot", "a file of text")
        with open(file, encoding="utf-8") as lines:
            first = lines.readline().strip().split(separator)
        header = None if all(map(_is_number, first)) else 0
        index = 0 if header == 0 and first[0].strip('"') == "" else None
        return pandas.read_csv(file, sep=separator, header=header, index_col=index)

    return read


def _parquet(file: str, inside: str) -> Any:
    optional("pyarrow", "store", "a parquet file")
    return optional("pandas", "plot", "a parquet file").read_parquet(file)


def _hdf5_names(file: str) -> list[str]:
    h5py = optional("h5py", "mat", "an HDF5 file")
    with h5py.File(file, "r") as opened:
        return _data_sets(opened)


def _data_sets(opened: Any) -> list[str]:
    """Return the names of the arrays in an open HDF5 file, in all of its groups."""
    found: list[str] = []
    opened.visititems(lambda name, x: found.append(name) if hasattr(x, "shape") else None)
    return found


def _hdf5(file: str, inside: str) -> np.ndarray:
    h5py = optional("h5py", "mat", "an HDF5 file")
    with h5py.File(file, "r") as opened:
        if not inside:
            inside = _only(_data_sets(opened), "")
        if inside not in opened or not isinstance(opened[inside], h5py.Dataset):
            raise ValueError(f"it has no array {inside!r}")
        return opened[inside][()]


def _zarr(file: str, inside: str) -> np.ndarray:
    zarr = optional("zarr", "store", "a zarr array")
    node = zarr.open(file, mode="r", path=inside or None)
    if not hasattr(node, "shape"):
        node = node[_only([name for name, _ in node.arrays()], "")]
    return node[...]


def _mat(file: str, inside: str) -> np.ndarray:
    with open(file, "rb") as opened:
        if b"MATLAB 7.3" in opened.read(128):
            from netrep_go.capacity import read_mat

            variables = read_mat(file)
        else:
            from scipy.io import loadmat

            variables = {k: v for k, v in loadmat(file).items() if not k.startswith("__")}
    return variables[_only(list(variables), inside)]


def _only(names: list[str], inside: str) -> str:
    """Return the array to read, the only one if none is named."""
    if not inside and len(names) == 1:
        return names[0]
    if inside not in names:
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise ValueError(f"name one of its arrays, as in path{INSIDE}name, of {shown or 'none'}")
    return inside


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_READERS: dict[str, Callable[[str, str], Any]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".csv": _table(","),
    ".tsv": _table("\t"),
    ".parquet": _parquet,
    ".mat": _mat,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".nwb": read_nwb,
    ".zarr": _zarr,
}

_LISTS: dict[str, Callable[[str], list[str]]] = {
    ".npz": _npz_names,
    ".h5": _hdf5_names,
    ".hdf5": _hdf5_names,
}
