"""Graphs of onnxruntime, to which tensors inside of them are added as outputs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from netrep_go._files import reading
from netrep_go._optional import optional
from netrep_go._parts import content_hash
from netrep_go._shown import shown
from netrep_go._validation import as_exact
from netrep_go.extract._outputs import Key, Output, Run, Unusable
from netrep_go.extract._structure import (
    CONV,
    DENSE,
    JOIN,
    OTHER,
    PASS,
    POOL,
    RELU,
    SUM,
    Node,
    kind_of,
)

_TYPES = {
    "tensor(bool)": np.bool_,
    "tensor(float16)": np.float16,
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
} | {f"tensor({name})": np.dtype(name) for k in (8, 16, 32, 64) for name in (f"int{k}", f"uint{k}")}
_KINDS = {
    CONV: ("Conv",),
    DENSE: ("Gemm", "MatMul"),
    POOL: ("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"),
    SUM: ("Add", "Sum"),
    RELU: ("Relu", "Clip"),
    JOIN: ("Concat",),
    PASS: ("Softmax", "LogSoftmax", "Sigmoid", "Flatten", "Reshape", "Squeeze", "Identity", "Cast"),
}
_SIZES = ("Shape", "Size")  # of what comes, not what it is
_STRINGS = "tensor(string)"
_UNFIT = "cannot be run by onnxruntime; it may be damaged"


class Onnx:
    """A graph of onnxruntime."""

    def __init__(self, model: str | os.PathLike[str] | bytes) -> None:
        self._onnx = optional("onnx", "onnx", "an ONNX model")
        self._runtime = optional("onnxruntime", "onnx", "an ONNX model")
        self._name = "model" if isinstance(model, bytes) else os.fspath(model)
        with reading(self._name, "is not an ONNX model, or damaged"):
            if isinstance(model, bytes):
                self._model = self._onnx.load_model_from_string(model)
            else:
                self._model = self._onnx.load(self._name)
            if not self._model.HasField("graph"):
                raise ValueError("it has no graph")
            _check_names(self._model.graph)

    def layers(self) -> dict[str, str]:
        """Return the operators of nodes by their outputs' names."""
        nodes = [node for node in self._model.graph.node if node.op_type != "Constant"]
        return {name: node.op_type for node in nodes for name in node.output if name}

    def nodes(self) -> list[Node]:
        """Return the nodes that depend on the input; see `Backend`."""
        graph = self._model.graph
        weights = {each.name for each in graph.initializer}
        made: dict[str, int] = {each.name: -1 for each in graph.input if each.name not in weights}
        found: list[Node] = []
        for node in graph.node:
            taken = tuple(made[name] for name in node.input if name in made)
            if not taken or node.op_type in _SIZES:
                continue
            kind = kind_of(node.op_type, _KINDS)
            if kind in (SUM, JOIN) and len(taken) == 1:
                kind = _with_a_constant(found, taken[0], kind)
            elif node.op_type == "MatMul" and len(taken) == 2:
                kind = OTHER
            found.append(Node(node.output[0], kind, tuple(i for i in taken if i >= 0)))
            made.update((name, len(found) - 1) for name in node.output)
        return found

    def fingerprint(self) -> str:
        """Return a hash of the graph; see `Backend`."""
        return content_hash(self._model.SerializeToString(deterministic=True))

    @contextmanager
    def opened(
        self, names: list[str], providers: Any, device: Any
    ) -> Iterator[tuple[Run, int | None]]:
        """Open a session for the layers; see `Backend`."""
        if device is not None:
            raise ValueError("device is for PyTorch and Keras: set providers for an ONNX model")
        providers = ["CPUExecutionProvider"] if providers is None else list(providers)
        there = self._runtime.get_available_providers()
        for provider in providers:
            name = provider[0] if isinstance(provider, tuple) and provider else provider
            if name not in there:
                raise ValueError(f"providers must be among {there}, got {shown(name)}")
        session = self._session(names, providers)
        with reading(self._name, _UNFIT):
            (entry,) = session.get_inputs()
            ends = [each.name for each in session.get_outputs()]
            size = entry.shape[0] if entry.shape else None

        def run(batch: np.ndarray) -> dict[Key, Output]:
            fed = _fed(batch, entry.type)
            with reading(self._name, f"cannot be run on X of shape {batch.shape}"):
                values = session.run(ends, {entry.name: fed})
            return {Key(n, 1): _read(value) for n, value in zip(names, values, strict=True)}

        yield run, size if isinstance(size, int) and size > 0 else None

    def _session(self, names: list[str], providers: list[Any]) -> Any:
        """Return a session whose input and outputs NumPy can hold."""
        model = self._onnx.ModelProto()
        model.CopyFrom(self._model)
        # with no other outputs, what the chosen ones do not need is not computed
        del model.graph.output[:]
        model.graph.output.extend(self._onnx.ValueInfoProto(name=name) for name in names)
        session = self._started(model, providers)
        inputs = session.get_inputs()
        if len(inputs) != 1:
            raise ValueError(f"the model must have one input, got {[each.name for each in inputs]}")
        if not inputs[0].type.startswith("tensor("):
            raise ValueError(f"the model's input must be a tensor, got {inputs[0].type}")
        if self._cast(model.graph, inputs, session.get_outputs()):
            return self._started(model, providers)
        return session

    def _started(self, model: Any, providers: list[Any]) -> Any:
        with reading(self._name, _UNFIT):
            return self._runtime.InferenceSession(model.SerializeToString(), providers=providers)

    def _cast(self, graph: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> bool:
        """Cast what NumPy has no type for, such as bfloat16, from and to float32."""
        float32 = self._onnx.TensorProto.FLOAT
        node = self._onnx.helper.make_node
        foreign = [each.name for each in (*inputs, *outputs) if _is_foreign(each.type)]
        for entry in graph.input:
            if entry.name in foreign:
                kind = entry.type.tensor_type
                original, name = kind.elem_type, entry.name
                entry.name, kind.elem_type = f"{name} in float32", float32
                graph.node.insert(0, node("Cast", [entry.name], [name], to=original))
        for end in graph.output:
            if end.name in foreign:
                name, end.name = end.name, f"{end.name} in float32"
                graph.node.append(node("Cast", [name], [end.name], to=float32))
        return bool(foreign)


def _check_names(graph: Any) -> None:
    """Raise an error unless all names in a graph are texts, which protobuf does not see to."""
    named = (*graph.input, *graph.output, *graph.initializer)
    nodes = (name for node in graph.node for name in (node.op_type, *node.input, *node.output))
    for name in (*(each.name for each in named), *nodes):
        if not isinstance(name, str):
            raise ValueError(f"a name is {name!r}")


def _with_a_constant(found: list[Node], before: int, kind: str) -> str:
    """Return the kind of a sum with a constant: where it is a bias, the layer ends there."""
    if kind == SUM and before >= 0 and found[before].kind == DENSE:
        found[before] = found[before]._replace(kind=PASS)
        return DENSE
    return OTHER


def _is_foreign(kind: str) -> bool:
    return kind.startswith("tensor(") and kind not in _TYPES and kind != _STRINGS


def _fed(batch: np.ndarray, kind: str) -> np.ndarray:
    """Return a copy of a batch as the model's input."""
    if kind != _STRINGS:
        return as_exact(batch, np.dtype(_TYPES[kind]), "X")
    if not all(isinstance(each, str) for each in batch.flat):
        raise ValueError(f"X must be strings, as the model takes, got {batch.dtype}")
    return batch.astype(object)


def _read(value: Any) -> Output:
    if isinstance(value, np.ndarray):
        return value
    return Unusable(f"must return a tensor, got {type(value).__name__}: take a layer before it")
