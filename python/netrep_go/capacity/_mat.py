"""MATLAB's v7.3 files, which are HDF5 with the axes in reverse and some attributes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from netrep_go._files import DamagedFileError, as_path, reading
from netrep_go._parameters import checked
from netrep_go._parts import replacing
from netrep_go._shown import shown
from netrep_go._validation import check_integer
from netrep_go.capacity._mat_values import (
    NUMBERS,
    check_size,
    encode_text,
    h5py,
    kind_of,
    read_text,
    read_texts,
    read_value,
)

_HEADER_SIZE = 512
_V5_HEADER = b"MATLAB 5.0 MAT-file"
_UNREADABLE = "cannot be read as a file of responses"


class TuningFile:
    """Responses in a MATLAB v7.3 file, read one set at a time.

    The file has a variable `tuning_function` of dimensions [sets, neurons, samples, objects],
    or [neurons, samples, objects] for one set, and maybe a cell `data_titles` with the names
    of the sets: layers or brain regions. NaN fills up sets with fewer neurons and objects
    with fewer samples.

    Parameters
    ----------
    path : path
        The file.

    Attributes
    ----------
    n_sets, n_neurons, n_samples, n_objects : int
        Dimensions of the tuning function, of which the second and third are the largest ones.
    titles : list of str
        Name of each set: 'session #1' and so on where the file has none.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged or not of version 7.3, or lacks the variable; begins with the path.
    ImportError
        If h5py is not installed.

    Examples
    --------
    >>> from netrep_go.capacity import TuningFile
    >>> with TuningFile("alexnet_tuning.mat") as tuning:  # doctest: +SKIP
    ...     for title, manifolds in zip(tuning.titles, tuning):
    ...         print(title, len(manifolds))
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = as_path(path, "path")
        self._file = _open(self.path)
        try:
            with reading(self.path, _UNREADABLE):
                self._responses = self._find_responses()
                shape = self._responses.shape[::-1]
                self.n_sets, self.n_neurons, self.n_samples, self.n_objects = (
                    (1, *shape) if len(shape) == 3 else shape
                )
                self.titles = self._read_titles()
        except BaseException:
            self.close()
            raise

    def _find_responses(self) -> Any:
        names = [name for name in self._file if not name.startswith("#")]
        if "tuning_function" not in self._file:
            raise ValueError(f"it has no variable tuning_function; it has {names}")
        responses = self._file["tuning_function"]
        kind = kind_of(responses)
        array = isinstance(responses, h5py().Dataset)
        if not array or kind not in NUMBERS or responses.dtype.kind not in "fiu":
            what = f"{kind}, {responses.dtype}" if array else f"a group, {kind}"
            raise ValueError(f"tuning_function must be an array of real numbers, got {what}")
        if responses.ndim not in (3, 4) or "MATLAB_empty" in responses.attrs:
            raise ValueError(
                "tuning_function must have dimensions [sets, neurons, samples, objects] or "
                f"[neurons, samples, objects], got {list((responses.shape or ())[::-1])}"
            )
        check_size(responses)
        return responses

    def _read_titles(self) -> list[str]:
        if "data_titles" not in self._file:
            return [f"session #{k + 1}" for k in range(self.n_sets)]
        cell = self._file["data_titles"]
        kind = kind_of(cell)
        titles = read_texts(cell) if kind == "cell" else None
        if kind == "char":
            rows = read_text(cell)
            titles = [rows] if isinstance(rows, str) else [row.rstrip() for row in rows]
        if titles is None or not all(isinstance(title, str) for title in titles):
            raise ValueError("data_titles must be a cell of character arrays")
        for k, title in enumerate(titles):
            if any("\ud800" <= c <= "\udfff" for c in title):
                raise ValueError(
                    f"data_titles[{k}] must be text, got half a character: {shown(title)}"
                )
        if len(titles) != self.n_sets:
            raise ValueError(
                f"data_titles must have one entry for each of {self.n_sets} sets, got {len(titles)}"
            )
        return titles

    def __len__(self) -> int:
        return self.n_sets

    def __getitem__(self, index: int) -> list[np.ndarray]:
        """Return one set, an array of shape (n_samples_i, n_neurons) for each object.

        Neurons that are NaN throughout the set and samples that are NaN in all others are
        left out. Where anything else is NaN a ValueError says so.
        """
        return self.manifolds(index)

    @checked
    def manifolds(self, index: int, samples_jump: int = 1) -> list[np.ndarray]:
        """Return one set with some of its samples.

        Parameters
        ----------
        index : int
            Index of the set.
        samples_jump : int, default=1
            Which samples to take, as in MATLAB: the first and every samples_jump-th one after
            it, up to the last; 0 for the one in the middle.

        Returns
        -------
        manifolds : list of ndarray of shape (n_samples_i, n_neurons)
            As items of the file have them.

        Raises
        ------
        ValueError
            If samples_jump does not lead from the first to the last sample, or there is no
            middle one.
        """
        samples = self.chosen_samples(samples_jump)
        check_integer(index, "index", -sys.maxsize)
        if not -self.n_sets <= index < self.n_sets:
            raise IndexError(f"there are {self.n_sets} sets, got index {index}")
        index %= self.n_sets
        responses = self._responses
        with reading(self.path, f"is damaged: set {index} cannot be read"):
            block = responses[..., index] if responses.ndim == 4 else responses[()]
            block = block[:, samples].astype(np.float64)
        neurons = ~np.isnan(block).all(axis=(0, 1))
        if not neurons.any():
            raise ValueError(f"set {self.titles[index]!r} has no neurons: all are NaN")
        return [
            _present(samples, f"object {k} of set {self.titles[index]!r}")
            for k, samples in enumerate(block[:, :, neurons])
        ]

    @checked
    def chosen_samples(self, samples_jump: int) -> slice:
        """Return which samples a jump takes, of those of each object.

        Parameters
        ----------
        samples_jump : int
            As in :meth:`manifolds`.

        Returns
        -------
        slice
            Of the samples of an object.

        Raises
        ------
        ValueError
            If it does not lead from the first to the last sample, or there is no middle one.
        """
        check_integer(samples_jump, "samples_jump", 0)
        if samples_jump == 0:
            if self.n_samples % 2 == 0:
                raise ValueError(f"samples_jump=0 needs a middle sample, got {self.n_samples}")
            return slice(self.n_samples // 2, self.n_samples // 2 + 1)
        if (self.n_samples - 1) % samples_jump:
            raise ValueError(
                f"samples_jump must divide the number of samples minus 1, {self.n_samples - 1}, "
                f"got {samples_jump}"
            )
        return slice(None, None, int(samples_jump))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> TuningFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _present(samples: np.ndarray, name: str) -> np.ndarray:
    """Return the samples that are not missing."""
    nan = np.isnan(samples)
    samples = samples[~nan.all(axis=1)]
    if len(samples) == 0:
        raise ValueError(f"{name} has no samples: all are NaN")
    gaps = np.count_nonzero(~np.isfinite(samples).all(axis=0))
    if gaps:
        raise ValueError(
            f"{name} has {gaps} neurons that are NaN or infinite in some of its samples: missing "
            "neurons are NaN in the whole set, missing samples in all neurons"
        )
    return np.ascontiguousarray(samples)


@checked
def read_mat(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the variables of a MATLAB v7.3 file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    variables : dict of str to ndarray, sparse array, str or list of str
        Arrays have MATLAB's order of dimensions; complex ones are complex128, or complex64 of
        single precision, and sparse ones :class:`scipy.sparse.csc_array`. Character arrays are
        strings, those of several rows lists of these, blanks at their ends included, and cells
        of character arrays lists. Variables of other classes, such as structs and objects, are
        left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged or not of version 7.3; begins with the path.
    ImportError
        If h5py is not installed.

    Notes
    -----
    Files of MATLAB have no checksums, but for those of compressed data: where a bit of a
    number is wrong, the number is.

    Examples
    --------
    >>> from netrep_go.capacity import read_mat
    >>> read_mat("alexnet_capacity_balanced.mat")["capacity_results"]  # doctest: +SKIP
    array([[47.], [38.]])
    """
    path = Path(path)
    variables: dict[str, Any] = {}
    with reading(path, "is damaged"), _open(path) as file:
        for name in file:
            if name.startswith("#"):  # what variables refer to
                continue
            with reading(path, f"is damaged: variable {name!r} cannot be read"):
                value = read_value(file[name])
            if value is not None:
                variables[name] = value
    return variables


@checked
def write_mat(path: str | os.PathLike[str], variables: Mapping[str, Any]) -> None:
    """Write variables to a file that MATLAB's ``load`` and ``matfile`` read, of version 7.3.

    The file appears at once or, if the writing is interrupted, not at all.

    Parameters
    ----------
    path : path
        The file, which is replaced if it exists.
    variables : dict of str to array_like, str or sequence of str
        Numbers become arrays of class double, with at least two dimensions: a vector is a
        column. Booleans become logical arrays, strings character arrays and sequences of
        strings cells.

    Raises
    ------
    TypeError
        If a value is none of these.
    ValueError
        If a name is not one that MATLAB allows.
    ImportError
        If h5py is not installed.

    Examples
    --------
    >>> from netrep_go.capacity import write_mat
    >>> write_mat("results.mat", {"capacity": [1.5, 2.0], "layer": "conv1"})  # doctest: +SKIP
    """
    path = Path(path)
    if not isinstance(variables, Mapping):
        raise TypeError(f"variables must be a dict of arrays, got {shown(variables)}")
    for name in variables:
        allowed = isinstance(name, str) and name.isidentifier() and name.isascii()
        if not allowed or name[0] == "_" or len(name) > 63:
            raise ValueError(f"{shown(name)} is not a name that MATLAB allows for a variable")
    # through a stream, as HDF5 would wait for the lock of replacing with one of its own
    with replacing(path) as part, part.open("w+b") as stream:
        with h5py().File(stream, "w", userblock_size=_HEADER_SIZE) as file:
            for name, value in variables.items():
                _write(file, name, value)
        _write_header(stream)


def _write(file: Any, name: str, value: Any) -> None:
    """Write one variable."""
    if isinstance(value, str):
        _write_text(file, name, value)
    elif isinstance(value, Sequence) and len(value) and all(isinstance(v, str) for v in value):
        _write_cell(file, name, value)
    else:
        _write_array(file, name, value)


def _write_text(file: Any, name: str, value: str) -> None:
    data = _dataset(file, name, encode_text(value), "char")
    data.attrs["MATLAB_int_decode"] = np.int32(2)


def _write_cell(file: Any, name: str, values: Sequence[str]) -> None:
    group = file.require_group("#refs#")
    references = []
    for value in values:
        entry = f"r{len(group)}"
        _write_text(group, entry, value)
        references.append(group[entry].ref)
    data = file.create_dataset(name, (1, len(values)), dtype=h5py().ref_dtype)
    data[0, :] = references
    data.attrs["MATLAB_class"] = np.bytes_("cell")


def _write_array(file: Any, name: str, value: Any) -> None:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be numbers, a string or strings, got {shown(value)}")
    if array.ndim < 2:
        array = array.reshape(-1, 1)
    if array.dtype.kind == "b":
        data = _dataset(file, name, array.astype(np.uint8), "logical")
        data.attrs["MATLAB_int_decode"] = np.int32(1)
    else:
        _dataset(file, name, array.astype(np.float64), "double")


def _dataset(file: Any, name: str, array: np.ndarray, kind: str) -> Any:
    """Write an array in MATLAB's order; an empty one is kept as its dimensions."""
    if array.size == 0:
        data = file.create_dataset(name, data=np.array(array.shape, dtype=np.uint64))
        data.attrs["MATLAB_empty"] = np.int32(1)
    else:
        data = file.create_dataset(name, data=array.T)
    data.attrs["MATLAB_class"] = np.bytes_(kind)
    return data


def _write_header(stream: IO[bytes]) -> None:
    """Fill the block before the HDF5 data: a text, the version and the order of bytes."""
    text = b"MATLAB 7.3 MAT-file, written by netrep_go, HDF5 schema 1.00 ."
    stream.seek(0)
    stream.write(text.ljust(116) + bytes(8) + b"\x00\x02IM")


def _open(path: Path) -> Any:
    """Open a file of version 7.3, or say what else it is."""
    library = h5py()
    with path.open("rb") as file:
        header = file.read(len(_V5_HEADER))
    if header == _V5_HEADER:
        raise DamagedFileError(
            f"{path} is a MATLAB file of version 5 to 7: save it with '-v7.3', or read it "
            "by scipy.io.loadmat and save it by netrep_go.capacity.write_mat"
        )
    with reading(path, "cannot be read as a MATLAB v7.3 file; it may be truncated"):
        return library.File(path, "r")
