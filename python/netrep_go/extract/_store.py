"""Activations on the disk, written by batches: after an interrupt the next one goes on."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from netrep_go._files import as_path, reading
from netrep_go._parts import check_same, content_hash, fingerprint, replacing, sync
from netrep_go.extract._containers import container
from netrep_go.extract._samples import hashed

_FORMAT = 1
_ITEMSIZE = 4


class ActivationStore(Mapping[str, Any]):
    """Activations that :func:`activations` wrote, read when they are sliced.

    Parameters
    ----------
    path : path
        What was given as `store`.

    Attributes
    ----------
    n_samples : int
        How many samples have gone through the model.
    complete : bool
        Whether these are all.

    Raises
    ------
    FileNotFoundError
        If there is no store.
    ImportError
        If h5py or zarr is needed and not installed.

    Examples
    --------
    A store maps names of layers to matrices, of which a slice reads a part:

    >>> from netrep_go.extract import ActivationStore
    >>> store = ActivationStore("activations.h5")  # doctest: +SKIP
    >>> store["conv_1"][:100, :5000].shape  # doctest: +SKIP
    (100, 5000)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = as_path(path, "path")
        self._container = container(self.path)
        state = _read(self._container.manifest)
        if state is None:
            raise FileNotFoundError(f"{self.path} has no activations: there is no store")
        self._state = state
        self.n_samples, self.complete = state.done, state.complete

    def __getitem__(self, name: str) -> Any:
        layer = self._state.layers[name]
        return self._container.reader(layer["entry"], self.n_samples, layer["width"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.layers)

    def __len__(self) -> int:
        return len(self._state.layers)

    def __repr__(self) -> str:
        so_far = "" if self.complete else " so far"
        return (
            f"ActivationStore({str(self.path)!r}, {len(self)} layers of "
            f"{self.n_samples} samples{so_far})"
        )


class State(NamedTuple):
    """What is known of a store, in its manifest."""

    options: dict[str, Any]
    layers: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    done: int = 0  # samples
    samples: str = ""  # a hash of these
    complete: bool = False


class StoreWriter:
    """Where batches go when they are to be kept on the disk.

    Parameters
    ----------
    path : Path
        The store.
    options : mapping of str to value
        What tells results apart, as ``fingerprint`` takes it.
    n_samples : int or None
        Number of samples, if it is known.

    Attributes
    ----------
    size : int
        Number of samples in a batch, which is known when the model is open.
    """

    size: int

    def __init__(self, path: Path, options: Mapping[str, Any], n_samples: int | None) -> None:
        self._path, self._n_samples = path, n_samples
        self._container = container(path)
        if n_samples is None and not self._container.grows:
            raise ValueError(
                f"{path} cannot grow, and how many samples X has is unknown: write to a folder of "
                ".npy files or to .zarr"
            )
        self._stack = ExitStack()
        self._is_open = False
        now = fingerprint(options)
        before = _read(self._container.manifest)
        if before is None and path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise FileExistsError(f"{path} exists and is no store of activations: remove it")
        if before is not None:
            check_same(before.options, now, path)
        self._state = before or State(now)
        self._passed, self._hash = 0, ""  # samples of before, seen again
        self._n_before = self.done

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def done(self) -> int:
        """Number of samples that are there."""
        return self._state.done

    @property
    def complete(self) -> bool:
        """Whether all samples are there."""
        return self._state.complete

    @property
    def layers(self) -> Mapping[str, Any]:
        """What is known of each layer; nothing before the first batch."""
        return self._state.layers

    def seed(self, layer: str, drawn: int, given: bool) -> int:
        """Return the seed of a layer's projection, which is the one that it began with."""
        if layer not in self.layers:
            return drawn
        before: int = self.layers[layer]["seed"]
        if given and before != drawn:
            check_same({"random_state": before}, {"random_state": drawn}, self._path)
        return before

    def passed(self, batch: np.ndarray) -> None:
        """Take note of samples that went through the model before; raise if these are others."""
        self._hash = _chained(self._hash, batch)
        self._passed += len(batch)
        same = self._hash == self._state.samples
        if self._passed > self.done or (self._passed == self.done and not same):
            raise self._other_samples()

    def _other_samples(self) -> ValueError:
        return ValueError(
            f"{self._path} has results of other samples: the first {self._n_before} of X are not "
            "those of before; remove it to begin anew, or give X in the same order"
        )

    def write(
        self, batch: np.ndarray, blocks: Mapping[str, np.ndarray], seeds: Mapping[str, int]
    ) -> None:
        """Have the activations of the next samples on the disk before the manifest tells of it."""
        if not self._is_open:
            self._open(blocks, seeds)
        if blocks.keys() != self.layers.keys():
            check_same({"layers": list(self.layers)}, {"layers": list(blocks)}, self._path)
        start = self.done
        for name, rows in blocks.items():
            self._container.write(self.layers[name]["entry"], start, rows)
        self._container.commit(start + len(batch))
        chained = _chained(self._state.samples, batch)
        self._tell(self._state._replace(done=start + len(batch), samples=chained))

    def finish(self) -> ActivationStore:
        """Say that this is all, and return what reads it."""
        if 0 < self._passed < self._n_before:  # a stream ended early
            raise self._other_samples()
        if not self.complete:
            self._stack.close()
            self._container.finish()
            self._tell(self._state._replace(complete=True))
        return ActivationStore(self._path)

    def _open(self, blocks: Mapping[str, np.ndarray], seeds: Mapping[str, int]) -> None:
        """Make, or open again, an entry for each layer."""
        if not self.layers:
            layers = {
                name: {"entry": _entry(k, name), "width": rows.shape[1], "seed": seeds.get(name)}
                for k, (name, rows) in enumerate(blocks.items())
            }
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._container.manifest.parent.mkdir(exist_ok=True)
            self._tell(self._state._replace(layers=layers))
            sync(self._container.manifest.parent.parent)
        self._check_space()
        widths = {layer["entry"]: layer["width"] for layer in self.layers.values()}
        opened = self._container.opened(widths, self._n_samples, self.size)
        self._stack.enter_context(opened)
        self._is_open = True

    def _check_space(self) -> None:
        if self._n_samples is None or self._path.suffix == ".zarr":  # which compresses
            return
        row = sum(layer["width"] for layer in self.layers.values()) * _ITEMSIZE
        needed = (self._n_samples - self.done) * row
        free = shutil.disk_usage(self._path.parent).free
        if needed > free:
            raise OSError(
                f"{self._path} needs {needed / 1e9:.3g} GB more for {self._n_samples} samples, but "
                f"{free / 1e9:.3g} GB are free: choose fewer layers, or set projection"
            )

    def _tell(self, state: State) -> None:
        self._state = state
        with replacing(self._container.manifest) as path:
            path.write_text(json.dumps({"format": _FORMAT, **state._asdict()}))


def _read(manifest: Path) -> State | None:
    """Return what a manifest tells, None if there is none."""
    try:
        text = manifest.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    with reading(manifest, "is damaged, or of another version: remove the store to begin anew"):
        told = json.loads(text)
        if told.pop("format", None) != _FORMAT:
            raise ValueError(f"its format is not {_FORMAT}")
        return State(**told)


def _chained(before: str, batch: np.ndarray) -> str:
    return content_hash(f"{before}{hashed(batch)}".encode())


def _entry(k: int, name: str) -> str:
    """Return a name for files and data sets: layers may differ in case, or have slashes."""
    return f"{k:03d}-{re.sub('[^A-Za-z0-9.#_-]', '_', name)[:80]}"
