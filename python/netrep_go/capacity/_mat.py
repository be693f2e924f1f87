"""MATLAB's v7.3 files, which are HDF5 with the axes in reverse and some attributes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from netrep_go._optional import optional
from netrep_go._parts import replacing

_HEADER_SIZE = 512
_V5_HEADER = b"MATLAB 5.0 MAT-file"
_NUMBERS = {"double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"}


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
        If it is truncated or not of version 7.3, or lacks the variable.
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
        self.path = Path(path)
        self._file = _open(self.path)
        try:
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
            raise ValueError(f"{self.path} has no variable tuning_function; it has {names}")
        responses = self._file["tuning_function"]
        kind = _kind(responses)
        if kind not in _NUMBERS or responses.dtype.kind not in "fiu":
            raise ValueError(f"tuning_function must be an array of real numbers, got {kind}")
        if responses.ndim not in (3, 4) or "MATLAB_empty" in responses.attrs:
            raise ValueError(
                "tuning_function must have dimensions [sets, neurons, samples, objects] or "
                f"[neurons, samples, objects], got {list(responses.shape[::-1])}"
            )
        return responses

    def _read_titles(self) -> list[str]:
        if "data_titles" not in self._file:
            return [f"session #{k + 1}" for k in range(self.n_sets)]
        cell = self._file["data_titles"]
        titles = [_text(cell)] if _kind(cell) == "char" else _texts(cell)
        if titles is None:
            raise ValueError("data_titles must be a cell of character arrays")
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
        if not -self.n_sets <= index < self.n_sets:
            raise IndexError(f"there are {self.n_sets} sets, got index {index}")
        index %= self.n_sets
        responses = self._responses
        try:
            block = responses[..., index] if responses.ndim == 4 else responses[()]
        except OSError as error:
            raise ValueError(f"{self.path} is damaged: set {index} cannot be read") from error
        block = block.astype(np.float64)
        neurons = ~np.isnan(block).all(axis=(0, 1))
        if not neurons.any():
            raise ValueError(f"set {self.titles[index]!r} has no neurons: all are NaN")
        return [
            _present(samples, f"object {k} of set {self.titles[index]!r}")
            for k, samples in enumerate(block[:, :, neurons])
        ]

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


def read_mat(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the variables of a MATLAB v7.3 file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    variables : dict of str to ndarray, str or list of str
        Arrays have MATLAB's order of dimensions; character arrays are strings and cells of
        them lists. Variables of other classes are left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is truncated or not of version 7.3.
    ImportError
        If h5py is not installed.

    Examples
    --------
    >>> from netrep_go.capacity import read_mat
    >>> read_mat("alexnet_capacity_balanced.mat")["capacity_results"]  # doctest: +SKIP
    array([[47.], [38.]])
    """
    variables: dict[str, Any] = {}
    with _open(Path(path)) as file:
        for name, data in file.items():
            kind = _kind(data)
            if kind == "char":
                variables[name] = _text(data)
            elif kind == "cell" and (texts := _texts(data)) is not None:
                variables[name] = texts
            elif kind in _NUMBERS or kind == "logical":
                empty = "MATLAB_empty" in data.attrs
                value = np.empty(data[()].astype(int)) if empty else data[()].T
                variables[name] = value.astype(bool) if kind == "logical" else value
    return variables


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
    h5py = _h5py()
    path = Path(path)
    for name in variables:
        if not (name.isidentifier() and name.isascii() and name[0] != "_" and len(name) <= 63):
            raise ValueError(f"{name!r} is not a name that MATLAB allows for a variable")
    # through a stream, as HDF5 would wait for the lock of replacing with one of its own
    with replacing(path) as part, part.open("w+b") as stream:
        with h5py.File(stream, "w", userblock_size=_HEADER_SIZE) as file:
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
    units = np.frombuffer(value.encode("utf-16-le"), dtype=np.uint16)
    data = _dataset(file, name, units.reshape(1, -1), "char")
    data.attrs["MATLAB_int_decode"] = np.int32(2)


def _write_cell(file: Any, name: str, values: Sequence[str]) -> None:
    h5py = _h5py()
    group = file.require_group("#refs#")
    references = []
    for value in values:
        entry = f"r{len(group)}"
        _write_text(group, entry, value)
        references.append(group[entry].ref)
    data = file.create_dataset(name, (1, len(values)), dtype=h5py.ref_dtype)
    data[0, :] = references
    data.attrs["MATLAB_class"] = np.bytes_("cell")


def _write_array(file: Any, name: str, value: Any) -> None:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be numbers, a string or strings, got {value!r}")
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
    h5py = _h5py()
    with path.open("rb") as file:
        header = file.read(len(_V5_HEADER))
    if header == _V5_HEADER:
        raise ValueError(
            f"{path} is a MATLAB file of version 5 to 7: save it with '-v7.3', or read it "
            "by scipy.io.loadmat and save it by netrep_go.capacity.write_mat"
        )
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read as a MATLAB v7.3 file; it may be truncated: {error}"
        ) from error


def _h5py() -> Any:
    return optional("h5py", "mat", "a MATLAB v7.3 file")


def _kind(data: Any) -> str:
    """Return MATLAB's class of a variable; arrays written by others have none."""
    kind = data.attrs.get("MATLAB_class")
    if kind is not None:
        return bytes(kind).decode()
    return "double" if getattr(data, "dtype", np.dtype(object)).kind in "fiu" else "struct"


def _texts(data: Any) -> list[str] | None:
    """Return the strings in a cell, or None if it holds anything else."""
    if "MATLAB_empty" in data.attrs or data.dtype.kind != "O":
        return None
    entries = [data.file[reference] for reference in data[()].T.ravel()]
    if any(_kind(entry) != "char" for entry in entries):
        return None
    return [_text(entry) for entry in entries]


def _text(data: Any) -> str:
    if "MATLAB_empty" in data.attrs:
        return ""
    return data[()].T.astype("<u2").tobytes().decode("utf-16-le")
