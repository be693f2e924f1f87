"""Models of Keras, read where their layers are called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import wraps
from typing import Any

import numpy as np

from netrep_go._parts import content_hash
from netrep_go._validation import as_exact, copied
from netrep_go.extract._outputs import Key, Output, Recorder, Run, refuse_providers
from netrep_go.extract._structure import (
    CONV,
    DENSE,
    JOIN,
    PASS,
    POOL,
    RELU,
    SUM,
    Node,
    kind_of,
    numbered,
)
from netrep_go.extract._torch import preserved
from netrep_go.extract._torch import to_numpy as from_torch

_KINDS = {
    CONV: (
        *("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"),
        *("SeparableConv1D", "SeparableConv2D"),
    ),
    DENSE: ("Dense",),
    SUM: ("Add",),
    RELU: ("ReLU", "relu", "relu6"),
    JOIN: ("Concatenate",),
    PASS: ("Softmax", "softmax", "sigmoid", "log_softmax", "Flatten", "Dropout", "Reshape"),
}


class Keras:
    """A model of Keras, on any of its back ends.

    Layers are watched rather than the graph cut at them: what is computed in place on PyTorch
    would change earlier outputs, and subclassed models have no graph.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._layers = {layer.name: layer for layer in model.layers}
        if len(self._layers) != len(model.layers):
            raise ValueError("the layers of the model must have different names")

    def layers(self) -> dict[str, str]:
        """Return the classes of layers by their names."""
        return {name: type(layer).__name__ for name, layer in self._layers.items()}

    def nodes(self) -> list[Node]:
        """Return the calls of layers that lead to the outputs; see `Backend`."""
        if not getattr(self._model, "outputs", None):
            raise ValueError("the model must have a graph: choose layers by their names")
        name = numbered()
        places: dict[tuple[Any, int], int] = {}
        found: list[Node] = []
        for operation, node in _calls(self._model.outputs):
            before = [each._keras_history for each in node.input_tensors]
            inputs = tuple(places[each.operation, each.node_index] for each in before)
            places[operation, operation._inbound_nodes.index(node)] = len(found)
            layer = self._layers.get(operation.name) is operation
            found.append(Node(name(operation.name) if layer else "", _kind(operation), inputs))
        return found

    def fingerprint(self) -> str:
        """Return a hash of the layers and weights; see `Backend`."""
        told = [str(self.layers())]
        with suppress(NotImplementedError, TypeError, ValueError):  # subclassed models
            told.append(self._model.to_json())
        told += [f"{w.path} {content_hash(_to_numpy(w.value))}" for w in self._model.weights]
        return content_hash("\n".join(told).encode())

    @contextmanager
    def opened(
        self, names: list[str], providers: Any, device: Any
    ) -> Iterator[tuple[Run, int | None]]:
        """Watch the layers; see `Backend`."""
        import keras

        refuse_providers(providers)
        model = self._model
        if not model.built:
            raise ValueError("the model must be built: run it once, or begin with keras.Input")
        dtype, fixed = self._input()
        recorder = Recorder(keras.ops.is_tensor, _to_numpy)
        inputs = [n for n in names if isinstance(self._layers[n], keras.layers.InputLayer)]
        with ExitStack() as stack:
            stack.enter_context(_on_torch(model))
            stack.enter_context(_variables_kept(model))
            stack.enter_context(nullcontext() if device is None else keras.device(device))
            for name in names:
                stack.enter_context(_watched(self._layers[name], recorder, name))

            def run(batch: np.ndarray) -> dict[Key, Output]:
                recorder.start()
                batch = copied(batch, "X") if dtype is None else as_exact(batch, dtype, "X")
                for name in inputs:
                    recorder.outputs[Key(name, 1)] = batch.copy()
                model(batch, training=False)
                return recorder.outputs

            yield run, fixed

    def _input(self) -> tuple[Any, int | None]:
        """Return the type of the input, if NumPy has it, and a fixed batch size."""
        inputs = getattr(self._model, "inputs", None) or []
        if len(inputs) > 1:
            raise ValueError(f"the model must have one input, got {[each.name for each in inputs]}")
        if not inputs:  # subclassed
            return None, None
        name, shape = inputs[0].dtype, inputs[0].shape
        known = name == "bool" or name.startswith(("int", "uint", "float16", "float32", "float64"))
        return np.dtype(name) if known else None, shape[0] or None


def _calls(outputs: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Return the operations, and the nodes of their calls, on all ways to tensors, in order."""
    found: dict[int, tuple[Any, Any]] = {}
    waiting = [(tensor._keras_history, False) for tensor in outputs]
    while waiting:
        history, is_done = waiting.pop()
        node = history.operation._inbound_nodes[history.node_index]
        if is_done:
            found.setdefault(id(node), (history.operation, node))
        elif id(node) not in found:
            waiting.append((history, True))
            waiting += [(each._keras_history, False) for each in reversed(node.input_tensors)]
    return list(found.values())


def _kind(operation: Any) -> str:
    name = type(operation).__name__
    if hasattr(operation, "layers"):
        raise ValueError(f"the model must not hold another, {operation.name!r}: take that one")
    if name == "Activation":
        name = getattr(operation.activation, "__name__", "")
    return POOL if "Pooling" in name else kind_of(name, _KINDS)


def _to_numpy(tensor: Any) -> np.ndarray:
    """Return a copy of a tensor: in float32, if NumPy has not its type."""
    import keras

    if hasattr(tensor, "detach"):  # PyTorch's
        return from_torch(tensor)
    array = np.array(keras.ops.convert_to_numpy(tensor))
    return array.astype(np.float32) if array.dtype.kind == "V" else array


@contextmanager
def _on_torch(model: Any) -> Iterator[None]:
    """Do without gradients, and keep modes and buffers, where Keras's models are PyTorch's."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        yield
        return
    with preserved(model), torch.no_grad():
        yield


@contextmanager
def _variables_kept(model: Any) -> Iterator[None]:
    """Put the variables that are not trained back as they were."""
    values = [(variable, _to_numpy(variable.value)) for variable in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in values:
            if not np.array_equal(_to_numpy(variable.value), value):
                variable.assign(value)


@contextmanager
def _watched(layer: Any, recorder: Recorder, name: str) -> Iterator[None]:
    """Record what a layer's call returns. Keras tracks attributes that are set, but not these."""
    quantized = getattr(layer, "quantization_mode", None) is not None
    method = "quantized_call" if quantized else "call"
    attributes, call = vars(layer), getattr(layer, method)
    had = method in attributes
    attributes[method] = _recorded(call, recorder, name)
    try:
        yield
    finally:
        if had:
            attributes[method] = call
        else:
            del attributes[method]


def _recorded(call: Callable[..., Any], recorder: Recorder, name: str) -> Callable[..., Any]:
    @wraps(call)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        recorder.keep(name, output)
        return output

    return recorded
