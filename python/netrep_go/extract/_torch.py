"""Modules of PyTorch, read by forward hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any

import numpy as np

from netrep_go._parts import content_hash
from netrep_go._shown import shown
from netrep_go._validation import copied
from netrep_go.extract._choice import TAKEN
from netrep_go.extract._outputs import Key, Output, Recorder, Run, refuse_providers
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
    numbered,
)

_KINDS = {
    CONV: ("Conv1d", "Conv2d", "Conv3d"),
    DENSE: ("Linear",),
    RELU: ("ReLU", "ReLU6"),
    PASS: ("Softmax", "LogSoftmax", "Sigmoid", "Flatten", "Dropout", "Identity", "Unflatten"),
}
_FUNCTIONS = {
    CONV: ("conv1d", "conv2d", "conv3d"),
    DENSE: ("linear",),
    SUM: ("add", "iadd"),
    RELU: ("relu", "relu6"),
    JOIN: ("cat", "concat", "concatenate"),
    PASS: ("softmax", "log_softmax", "sigmoid", "flatten", "dropout", "view", "reshape", "squeeze"),
}


class Torch:
    """A module of PyTorch."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def layers(self) -> dict[str, str]:
        """Return the classes of modules by their names."""
        return {name: type(m).__name__ for name, m in self._model.named_modules() if name}

    def nodes(self) -> list[Node]:
        """Return the calls of modules and functions in a traced pass; see `Backend`."""
        import torch

        model = self._model
        with preserved(model):
            model.eval()
            try:
                traced = torch.fx.symbolic_trace(model)
            except Exception as error:  # whatever the model does with what is no tensor
                raise ValueError(
                    f"the model's graph cannot be traced: choose layers by their names ({error})"
                ) from error
        modules = dict(model.named_modules())
        calls = [node for node in traced.graph.nodes if node.op.startswith("call_")]
        name = numbered()
        names = {node: name(node.target) for node in calls if node.op == "call_module"}
        places = {node: i for i, node in enumerate(calls)}
        return [
            Node(
                names.get(node) or _taken_by(node, names),
                _kind(node, modules),
                tuple(places[each] for each in node.all_input_nodes if each in places),
            )
            for node in calls
        ]

    def fingerprint(self) -> str:
        """Return a hash of the modules, parameters and buffers; see `Backend`."""
        state = chain(self._model.named_parameters(), self._model.named_buffers())
        hashes = [f"{name} {content_hash(to_numpy(tensor))}" for name, tensor in state]
        return content_hash("\n".join([str(self._model), *hashes]).encode())

    @contextmanager
    def opened(
        self, names: list[str], providers: Any, device: Any
    ) -> Iterator[tuple[Run, int | None]]:
        """Put hooks on modules, in evaluation mode; see `Backend`."""
        import torch

        refuse_providers(providers)
        model = self._model
        if any(map(torch.nn.parameter.is_lazy, model.parameters())):
            raise ValueError("the model has lazy modules: run it once, so that they have weights")
        recorder = Recorder(torch.is_tensor, to_numpy)
        modules = dict(model.named_modules())
        with ExitStack() as stack:
            stack.enter_context(preserved(model))
            to_model = stack.enter_context(_placed(model, device))
            model.eval()
            for name in names:
                stack.callback(_hooked(modules, name, recorder).remove)

            def run(batch: np.ndarray) -> dict[Key, Output]:
                recorder.start()
                with torch.no_grad():
                    model(to_model(batch))
                return recorder.outputs

            yield run, None


def _taken_by(node: Any, names: dict[Any, str]) -> str:
    """Return the name of what the first module takes that takes a function's result."""
    users = (each for each in node.users if each in names and each.args[:1] == (node,))
    layer, number, call = next((names[each] for each in users), "").partition("#")
    return f"{layer}{TAKEN}{number}{call}" if layer else ""


def _kind(node: Any, modules: dict[str, Any]) -> str:
    """Return what a node of a traced graph is: by its class, or the name of its function."""
    if node.op == "call_module":
        name = type(modules[node.target]).__name__
        return POOL if "Pool" in name else kind_of(name, _KINDS)
    function = node.target if isinstance(node.target, str) else node.target.__name__
    kind = kind_of(function.strip("_"), _FUNCTIONS)
    if kind == SUM and len(node.all_input_nodes) < 2:
        return OTHER
    return POOL if "pool" in function else kind


def to_numpy(tensor: Any) -> np.ndarray:
    """Return a copy of a tensor: in float32, if NumPy has not its type."""
    import torch

    tensor = tensor.detach()
    tensor = tensor.dequantize() if tensor.is_quantized else tensor
    tensor = tensor if tensor.layout is torch.strided else tensor.to_dense()
    known = (torch.float16, torch.float32, torch.float64)
    foreign = tensor.is_floating_point() and tensor.dtype not in known
    return tensor.to("cpu", torch.float32 if foreign else tensor.dtype, copy=True).numpy(force=True)


@contextmanager
def preserved(model: Any) -> Iterator[None]:
    """Put modes and buffers back as they were."""
    modules = list(model.modules())
    modes = [module.training for module in modules]
    buffers = [
        (module, name, buffer, None if buffer is None else buffer.clone())
        for module in modules
        for name, buffer in module._buffers.items()
    ]
    try:
        yield
    finally:
        model.train(modes[0])  # some do more than to set the mode
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        for module, name, buffer, value in buffers:
            module._buffers[name] = buffer
            if buffer is not None and not buffer.is_meta:
                _restore(buffer, value)


def _restore(buffer: Any, value: Any) -> None:
    import torch

    with torch.no_grad():
        if not torch.equal(buffer, value):
            buffer.copy_(value)


@contextmanager
def _placed(model: Any, device: Any) -> Iterator[Callable[[np.ndarray], Any]]:
    """Move a model for a while, and yield what makes a tensor for it of a copy of a batch."""
    import torch

    tensors = list(chain(model.parameters(), model.buffers()))
    devices = list(dict.fromkeys(tensor.device for tensor in tensors))
    floating = (t.dtype for t in tensors if t.is_floating_point() or t.is_complex())
    dtype = next(floating, torch.get_default_dtype())
    home = devices[0] if devices else torch.device("cpu")
    if device is not None and len(devices) > 1:
        raise ValueError(
            f"device must be None for a model on several devices, got {shown(device)} and "
            f"{', '.join(map(str, devices))}"
        )

    def to_model(batch: np.ndarray) -> Any:
        given = torch.from_numpy(copied(batch, "X"))
        inputs = given.to(dtype) if given.is_floating_point() else given
        if not torch.equal(given.isfinite(), inputs.isfinite()):
            raise ValueError(f"X must have values that the model's {dtype} can hold")
        return inputs.to(home if device is None else device)

    try:
        if device is not None:
            model.to(device)
        yield to_model
    finally:
        if device is not None:
            model.to(home)


def _hooked(modules: dict[str, Any], name: str, recorder: Recorder) -> Any:
    """Record what a module returns, or what it takes, and return the handle of the hook."""
    if name in modules:
        return modules[name].register_forward_hook(lambda m, x, out: recorder.keep(name, out))
    module = modules[name.removesuffix(TAKEN)]
    return module.register_forward_pre_hook(lambda m, taken: recorder.keep(name, taken))
