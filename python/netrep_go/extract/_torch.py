"""Modules of PyTorch, read by forward hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any

import numpy as np

from netrep_go._shown import shown
from netrep_go._validation import copied
from netrep_go.extract._outputs import Key, Output, Recorder, Run, refuse_providers


class Torch:
    """A module of PyTorch."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def layers(self) -> dict[str, str]:
        """Return the classes of modules by their names."""
        return {name: type(m).__name__ for name, m in self._model.named_modules() if name}

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
                stack.callback(modules[name].register_forward_hook(_hook(recorder, name)).remove)

            def run(batch: np.ndarray) -> dict[Key, Output]:
                recorder.start()
                with torch.no_grad():
                    model(to_model(batch))
                return recorder.outputs

            yield run, None


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


def _hook(recorder: Recorder, name: str) -> Callable[[Any, Any, Any], None]:
    def hook(module: Any, inputs: Any, output: Any) -> None:
        recorder.keep(name, output)

    return hook
