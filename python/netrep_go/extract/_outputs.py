"""What layers return in one pass of a batch through the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from netrep_go._jobs import warn_user
from netrep_go.extract._structure import Node


class Key(NamedTuple):
    """A call of a layer in one pass, the first being 1."""

    layer: str
    call: int

    def __str__(self) -> str:
        return self.layer if self.call == 1 else f"{self.layer}#{self.call}"


class Unusable(NamedTuple):
    """Why there are no activations: the end of a sentence that begins with the layer."""

    reason: str
    quiet: bool = False  # whether it is left out without a word where all layers are taken


NOT_ALWAYS = Unusable("must run in every batch, but did not")

_MOST_TOLD = 5
_K = TypeVar("_K", Key, str)
_V = TypeVar("_V")

Output = np.ndarray | Unusable
Run = Callable[[np.ndarray], dict[Key, Output]]


class Backend(Protocol):
    """A kind of model."""

    def layers(self) -> dict[str, str]:
        """Return types by names."""

    def nodes(self) -> list[Node]:
        """Return the operations of the model, in the order of computation."""

    def fingerprint(self) -> str:
        """Return a hash of what the model computes: of its structure and its weights."""

    def opened(
        self, names: list[str], providers: Any, device: Any
    ) -> AbstractContextManager[tuple[Run, int | None]]:
        """Return a context of a function from batches to outputs, and a fixed batch size.

        The function copies what it is handed, and what comes out is nobody else's: models
        change their inputs and their layers' outputs in place.
        """


class Recorder:
    """Takes copies of what layers return, when they return it."""

    def __init__(self, is_tensor: Callable[[Any], bool], copy: Callable[[Any], np.ndarray]) -> None:
        self._is_tensor = is_tensor
        self._copy = copy
        self.start()

    def start(self) -> None:
        """Forget an earlier pass."""
        self.outputs: dict[Key, Output] = {}
        self._calls: Counter[str] = Counter()

    def keep(self, layer: str, output: Any) -> None:
        """Copy what a layer returns."""
        self._calls[layer] += 1
        self.outputs[Key(layer, self._calls[layer])] = self._read(output)

    def _read(self, output: Any) -> Output:
        tensor = self._first(output)
        if tensor is None:
            return Unusable(f"must return a tensor, got {type(output).__name__}")
        try:
            return self._copy(tensor)
        except (RuntimeError, TypeError, ValueError) as error:
            return Unusable(f"must return what NumPy can read: {error}")

    def _first(self, output: Any) -> Any:
        """Return the first tensor in tuples, lists and mappings, or None."""
        if self._is_tensor(output):
            return output
        if isinstance(output, Mapping):
            output = tuple(output.values())
        parts = map(self._first, output if isinstance(output, (tuple, list)) else ())
        return next((part for part in parts if part is not None), None)


class Problems:
    """Layers without activations: an error if they were asked for, else a warning."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self._found: dict[str, Unusable] = {}

    def add(self, layer: Key | str, problem: Unusable, *, fatal: bool = False) -> None:
        """Raise, or note the first problem of a layer."""
        if self.strict or fatal:
            raise ValueError(f"layer {str(layer)!r} {problem.reason}")
        self._found.setdefault(str(layer), problem)

    def check_calls(self, names: list[str], keys: Collection[Key]) -> None:
        """Add the layers that did not run, and refuse a name that stands for two.

        Modules that others are inside of may do nothing but hold them.
        """
        if len(set(map(str, keys))) < len(keys):
            raise ValueError(f"layers must not be named like second calls, got {names}")
        ran = {key.layer for key in keys}
        holders = {part for name in names for part in _around(name)}
        for name in names:
            if name not in ran:
                problem = Unusable("must run when the model does, but did not", name in holders)
                self.add(name, problem)

    def without(self, values: Mapping[_K, _V]) -> dict[_K, _V]:
        """Return the values of layers that had no problems, and warn of what is left out."""
        good = {key: value for key, value in values.items() if str(key) not in self._found}
        told: dict[str, list[str]] = {}
        for name, problem in self._found.items():
            if not (good and problem.quiet):
                told.setdefault(problem.reason, []).append(name)
        text = "; ".join(f"{_listed(names)} {reason}" for reason, names in told.items())
        if not good:
            raise ValueError(f"the model has no layer whose activations can be taken: {text}")
        if text:
            warn_user(f"layers were left out: {text}")
        return good


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    return ", ".join(map(repr, names[:_MOST_TOLD])) + more


def _around(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def refuse_providers(providers: Any) -> None:
    """Raise if what is for ONNX models is given for another."""
    if providers is not None:
        raise ValueError("providers are for ONNX models: set device for PyTorch and Keras")
