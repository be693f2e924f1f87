"""Files that are named on the command line, and the tables that come out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from netrep_go._files import INSIDE
from netrep_go._optional import optional, pandas
from netrep_go._parts import replaceable, replacing

Tables = Mapping[str, Any]  # names to data frames


def named(paths: Iterable[str], argument: str, names: list[str] | None = None) -> dict[str, str]:
    """Return paths by the names of what is in them: theirs without folder and suffix."""
    paths = list(paths)
    if names is None:
        names = [name_of(path) for path in paths]
    elif len(names) != len(paths):
        option = "--to-names" if argument.startswith("Y") else "--names"
        raise ValueError(f"{option} must have one for each of {len(paths)} files, got {len(names)}")
    found: dict[str, str] = {}
    for name, path in zip(names, paths, strict=True):
        if name in found:
            raise ValueError(
                f"{argument} has two networks of the name {name!r}, {found[name]} and {path}: "
                "give names that differ"
            )
        found[name] = os.path.abspath(path)
    return found


def name_of(path: str) -> str:
    """Return the name of what is in a file: its stem, with the array if one is named.

    Bytes that are no text, as the system allows in the names of files, are written as in Python.
    """
    file, _, inside = path.partition(INSIDE)
    name = Path(file).stem + (INSIDE + inside if inside else "")
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def load(paths: Mapping[str, str], argument: str) -> dict[str, Any]:
    """Read files; raise with the name of one that cannot be read."""
    from netrep_go.multiset._sources import Source

    return {name: Source(f"{argument}[{name!r}]", path).load() for name, path in paths.items()}


def read_one(path: str, argument: str) -> Any:
    """Read one file."""
    return next(iter(load({name_of(path): os.path.abspath(path)}, argument).values()))


def read_some(paths: list[str], argument: str) -> Any:
    """Read a file, or several to a dict."""
    if len(paths) == 1:
        return read_one(paths[0], argument)
    return load(named(paths, argument), argument)


def read_labels(path: str, argument: str) -> Any:
    """Read one label for each sample: lines of a text file, a vector or a column of a table."""
    if Path(path).suffix == ".txt":
        try:
            return np.array(Path(path).read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{argument}: {path} cannot be read: {error}") from error
    labels = np.asarray(read_one(path, argument))
    if labels.ndim == 2 and 1 in labels.shape:
        return labels.ravel()
    return labels


def read_distances(path: str) -> Any:
    """Read the matrix of a file or of a store."""
    if (Path(path) / "store.json").exists():
        from netrep_go.multiset import DistanceStore

        return DistanceStore(path).to_frame()
    return read_one(path, "distances")


def rows(x: Any) -> Any:
    """Return the names of rows, None if there are none."""
    return list(x) if isinstance(x, dict) else getattr(x, "index", None)


def frame(values: Any, index: Any = None, columns: Any = None) -> Any:
    """Return values as a table, with names if there are as many."""
    table = pandas().DataFrame(np.atleast_2d(np.asarray(values)))
    if index is not None and len(index) == table.shape[0]:
        table.index = list(index)
    if columns is not None and len(columns) == table.shape[1]:
        table.columns = list(columns)
    return table


def output(path: str, more: Iterable[str] = ()) -> Path:
    """Return where results go; raise before anything is computed for them if they cannot.

    There may be ``more`` suffixes than those of tables.
    """
    file = Path(path)
    suffixes = (*more, *_WRITERS)
    if file.suffix not in suffixes:
        raise argparse.ArgumentTypeError(f"{path}: its suffix must be one of {', '.join(suffixes)}")
    try:
        pandas()
        if file.suffix == ".html":
            optional("matplotlib", "plot", "a page")
        if file.suffix == ".parquet":
            _pyarrow()
    except ImportError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not os.access(file.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{path}: {file.parent} is no folder to write to")
    try:
        replaceable(file)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return file


def write(tables: Tables, file: Path | None) -> None:
    """Write tables to a file, or as text for programs to standard output.

    A format that holds one table takes the others to files beside it.
    """
    if file is None:
        for k, table in enumerate(tables.values()):
            print(end="\n" if k else "")
            _csv(table, sys.stdout)
        return
    several, save = _WRITERS[file.suffix]
    if several:
        _replace(file, save, tables)
        return
    for k, (name, table) in enumerate(tables.items()):
        _replace(file.with_stem(f"{file.stem}_{name}") if k else file, save, table)


def _replace(file: Path, save: Callable[[Any, Path], None], content: Any) -> None:
    with replacing(file) as new:
        save(content, new)
    print(f"netrep-go: wrote {file}", file=sys.stderr)


def _csv(table: Any, file: Path | TextIO) -> None:
    """Write as many digits as tell numbers apart."""
    table.to_csv(file, index_label="row" if _counts_rows(table) else None)


def _parquet(table: Any, file: Path) -> None:
    table.rename(columns=str).to_parquet(file)


def _pyarrow() -> None:
    optional("pyarrow", "store", "a parquet file")


def _npz(tables: Tables, file: Path) -> None:
    arrays: dict[str, Any] = {}
    for name, table in tables.items():
        arrays |= _arrays(name, table)
    with file.open("wb") as opened:
        np.savez(opened, **arrays)


def _arrays(name: str, table: Any) -> dict[str, np.ndarray]:
    """Return the matrix of a table with its names, or its columns if they are of several kinds."""
    if _is_matrix(table):
        return {
            name: table.to_numpy(),
            f"{name}_rows": _labels(table.index),
            f"{name}_columns": _labels(table.columns),
        }
    return {f"{name}_{column}": _labels(table[column]) for column in table}


def _is_matrix(table: Any) -> bool:
    """Whether a table has numbers of one kind, and no records of several."""
    return all(kind == np.float64 for kind in table.dtypes)


def _counts_rows(table: Any) -> bool:
    """Whether a table is of records without names."""
    counts = isinstance(table.index, pandas().RangeIndex) and table.index.name is None
    return counts and not _is_matrix(table)


def _labels(values: Any) -> np.ndarray:
    array = np.asarray(values)
    return array.astype(str) if array.dtype.kind == "O" else array


def _json(tables: Tables, file: Path) -> None:
    content = {name: _strict(_content(table)) for name, table in tables.items()}
    file.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _content(table: Any) -> Any:
    """Return a matrix with its names, and another table as one dict a row."""
    if _is_matrix(table):
        return table.to_dict(orient="split")
    return (table if _counts_rows(table) else table.reset_index()).to_dict(orient="records")


def _strict(value: Any) -> Any:
    """Return what JSON has a notation for: null for NaN, and text for what is infinite."""
    if isinstance(value, dict):
        return {str(key): _strict(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else str(value)
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


_WRITERS: dict[str, tuple[bool, Callable[[Any, Path], None]]] = {  # with whether it holds several
    ".csv": (False, _csv),
    ".json": (True, _json),
    ".npz": (True, _npz),
    ".parquet": (False, _parquet),
}
