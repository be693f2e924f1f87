"""Variables of MATLAB's classes, as files of version 7.3 hold them in HDF5."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_array

from netrep_go._optional import optional

_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
NUMBERS = {"double", "single", *_INTEGERS}
_PARTS = ("real", "imag")  # fields of a complex number
_LAST_WHOLE = 2**53  # up to which floats hold all whole numbers


def h5py() -> Any:
    """Return the library, or say how to install it."""
    return optional("h5py", "mat", "a MATLAB v7.3 file")


def kind_of(data: Any) -> str:
    """Return MATLAB's class of a variable; arrays written by others have none."""
    kind = data.attrs.get("MATLAB_class")
    if kind is not None:
        return kind.decode() if isinstance(kind, bytes) else str(kind)
    dtype = data.dtype if isinstance(data, h5py().Dataset) else np.dtype(object)
    if dtype.kind in "fiuc" or dtype.names == _PARTS:
        return "double"
    return "logical" if dtype.kind == "b" else "struct"


def read_value(data: Any) -> Any:
    """Return a variable as Python has it, None for classes that it has not."""
    kind = kind_of(data)
    if kind in NUMBERS:
        return _numbers(data, kind)
    if kind == "logical":
        return _numbers(data, "uint8").astype(bool)
    if kind == "char":
        return read_text(data)
    if kind == "cell":
        return read_texts(data)
    # objects have classes of any name, and a mark
    known = {"struct", "function_handle"}
    if kind not in known and "MATLAB_object_decode" not in data.attrs:
        raise ValueError(f"{kind!r} is no class of MATLAB")
    return None


def read_texts(data: Any) -> list[Any] | None:
    """Return the texts in a cell, or None if it holds anything else."""
    if "MATLAB_empty" in data.attrs:
        return []
    references = _stored(data)
    if h5py().check_ref_dtype(references.dtype) is not h5py().Reference:
        raise ValueError(f"a cell must hold references, got {references.dtype}")
    entries = [data.file[reference] for reference in references.T.ravel()]
    if any(kind_of(entry) != "char" for entry in entries):
        return None
    return [read_text(entry) for entry in entries]


def read_text(data: Any) -> str | list[str]:
    """Return a character array, a list of its rows where there are several."""
    units = _array(data, "uint16")
    if units.dtype.kind not in "iu" or (units.size and not 0 <= units.min() <= units.max() < 2**16):
        raise ValueError("characters must be numbers from 0 to 65535")
    units = np.moveaxis(np.atleast_2d(units), 1, -1)
    rows = units.reshape((int(np.prod(units.shape[:-1])), units.shape[-1]), order="F")
    texts = [row.astype("<u2").tobytes().decode("utf-16-le", "surrogatepass") for row in rows]
    if not texts:
        return ""
    return texts[0] if len(texts) == 1 else texts


def encode_text(text: str) -> np.ndarray:
    """Return the units of a text that :func:`read_text` returned, as a row."""
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16).reshape(1, -1)


def _numbers(data: Any, kind: str) -> Any:
    """Return an array of numbers, sparse if it is."""
    if "MATLAB_sparse" in data.attrs:
        return _sparse(data, kind)
    return _real_or_complex(_array(data, kind))


def _sparse(group: Any, kind: str) -> csc_array:
    """Return a sparse matrix; without entries, the file has no arrays of these."""
    columns = _stored(group["jc"]).astype(np.int64)
    if "data" in group or "ir" in group:
        values, rows = _real_or_complex(_stored(group["data"])), _stored(group["ir"])
    else:
        values, rows = np.empty(0, _dtype(kind)), np.empty(0, np.int64)
    shape = (int(group.attrs["MATLAB_sparse"]), len(columns) - 1)
    matrix = csc_array((values, rows.astype(np.int64), columns), shape=shape)
    matrix.check_format(full_check=True)
    if not matrix.has_canonical_format:
        raise ValueError("the rows of a sparse matrix are not in order")
    return matrix


def _real_or_complex(array: np.ndarray) -> np.ndarray:
    """Return numbers in the machine's byte order, complex if they have two parts."""
    if array.dtype.names == _PARTS:
        parts = [array[name] for name in _PARTS]
        if any(x.dtype.kind not in "fiu" for x in parts):
            raise ValueError(f"complex numbers must have two numbers, got {array.dtype}")
        if any(x.dtype.kind in "iu" and _largest(x) > _LAST_WHOLE for x in parts):
            raise ValueError("complex whole numbers above 2^53 cannot be kept")
        single = all(x.dtype == np.float32 for x in parts)
        whole = np.empty(array.shape, np.complex64 if single else np.complex128)
        whole.real, whole.imag = parts
        return whole
    if array.dtype.kind not in "fiubc":
        raise ValueError(f"numbers must be real or complex, got {array.dtype}")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _largest(numbers: np.ndarray) -> int:
    """Return the largest size of whole numbers, exactly."""
    return max(int(numbers.max(initial=0)), -int(numbers.min(initial=0)))


def _array(data: Any, kind: str) -> np.ndarray:
    """Return an array in MATLAB's order; of an empty one, the file has the dimensions."""
    stored = _stored(data)
    if "MATLAB_empty" not in data.attrs:
        return stored.T
    shape = tuple(int(n) for n in np.atleast_1d(stored))
    if len(shape) < 2 or min(shape) != 0:
        raise ValueError(f"an empty array must have a dimension of 0, got {shape}")
    return np.empty(shape, _dtype(kind))


def _stored(data: Any) -> np.ndarray:
    """Return what a data set holds, if it is one and the file has as much as it says."""
    if not isinstance(data, h5py().Dataset):
        raise ValueError(f"there is a {type(data).__name__.lower()} in place of an array")
    check_size(data)
    values = data[()]
    if isinstance(values, h5py().Empty):
        raise ValueError("there are no values")
    return np.asarray(values)


def check_size(data: Any) -> None:
    """Raise if what is stored of a data set does not fit to its dimensions.

    HDF5 would fill up the rest with zeros, or allocate what no file can hold. Chunks that
    nobody wrote are zeros.
    """
    if data.chunks is not None:
        return _check_chunks(data)
    held, said = data.id.get_storage_size(), (data.size or 0) * data.id.get_type().get_size()
    if held not in (0, said):
        raise ValueError(f"there are {held} bytes where the dimensions say {said}")


def _check_chunks(data: Any) -> None:
    """Raise if chunks are not where chunks can be, or not compressed as all are said to be."""
    chunks: list[Any] = []
    data.id.chunk_iter(chunks.append)
    places = {chunk.chunk_offset for chunk in chunks}
    apart = len(places) == len(chunks)
    inside = all(
        k < n and k % size == 0
        for place in places
        for k, n, size in zip(place, data.shape, data.chunks, strict=True)
    )
    # zlib compresses all; other filters leave alone what they make no smaller
    plain = data.compression == "gzip" and any(chunk.filter_mask for chunk in chunks)
    if not apart or not inside or plain:
        raise ValueError("its chunks are not where they should be")


def _dtype(kind: str) -> np.dtype:
    return np.dtype({"double": "float64", "single": "float32"}.get(kind, kind))
