"""Activations of the layers of ONNX, PyTorch and Keras models.

A model is the path or the bytes of an ONNX file, a :class:`torch.nn.Module` or a
:class:`keras.Model`. None of the three libraries is imported unless the model is of its
kind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import numpy as np
from sklearn.base import TransformerMixin, clone
from sklearn.random_projection import SparseRandomProjection

from netrep_go._jobs import RandomState, as_random_state, counted
from netrep_go._optional import optional
from netrep_go._validation import check_integer

__all__ = ["activations", "layers"]


def __dir__() -> list[str]:
    return sorted(__all__)


_MAX_SEED = np.iinfo(np.int32).max
_ONNX_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


def layers(model: Any) -> dict[str, str]:
    """Return the names of a model's layers and the type of each, in the model's order.

    Parameters
    ----------
    model : path, bytes, torch.nn.Module or keras.Model
        The model. Layers of an ONNX model are the outputs of its nodes, without constants,
        and their types the nodes' operators; those of a PyTorch model are all modules but
        itself, by class.

    Returns
    -------
    layers : dict of str to str
        Type of each layer, by name.

    Examples
    --------
    >>> from netrep_go.extract import layers
    >>> layers("model.onnx")  # doctest: +SKIP
    {'conv_1': 'Conv', 'relu_1': 'Relu', 'logits': 'Gemm'}
    """
    return _backend(model).layers()


def activations(
    model: Any,
    X: Any,
    layers: Sequence[str] | None = None,
    *,
    types: Sequence[str] | None = None,
    batch_size: int = 32,
    projection: int | TransformerMixin | None = None,
    random_state: RandomState = None,
    providers: Sequence[Any] | None = None,
    device: Any = None,
    verbose: bool = False,
) -> dict[str, np.ndarray]:
    """Return the activations of layers on the same samples, one matrix for each layer.

    The samples go through the model in batches. What is kept of each is its activations in
    the chosen layers, flattened and, if asked for, projected: no more than the result and
    one batch are in memory.

    Parameters
    ----------
    model : path, bytes, torch.nn.Module or keras.Model
        The model, of one input. A PyTorch model is run in evaluation mode and without
        gradients, and left in the mode and on the device that it was on.
    X : array_like of shape (n_samples, ...)
        Inputs, as the model takes them. Anything that has a length and slices, such as a
        memory map or a data set of h5py, is read by batches.
    layers : sequence of str, default=None
        Names of layers, as :func:`layers` lists them. If None, all layers of `types`.
    types : sequence of str, default=None
        Types of layers, such as 'Conv' or 'Conv2d'. If None, all.
    batch_size : int, default=32
        Number of samples that go through the model at once. An ONNX model with a fixed
        batch size gets batches of that size.
    projection : int or scikit-learn transformer, default=None
        Layers with more features than this are projected on as many random directions, by
        :class:`sklearn.random_projection.SparseRandomProjection`, which keeps distances
        and inner products within a few per cent. A transformer from
        :mod:`sklearn.random_projection` is cloned for each layer, and applied to those that
        have more features than its `n_components`.
    random_state : int, RandomState, Generator or None, default=None
        Determines the projections.
    providers : sequence, default=None
        Execution providers of onnxruntime. If None, ``["CPUExecutionProvider"]``.
    device : str or torch.device, default=None
        Device for PyTorch or Keras. If None, the one that the model is on.
    verbose : bool, default=False
        Show a progress bar, of samples.

    Returns
    -------
    activations : dict of str to ndarray of shape (n_samples, n_features)
        In float32, by name, in the model's order. A PyTorch module that is called several
        times in one pass has an entry for each call, the second one as ``name#2``.

    Raises
    ------
    ValueError
        If a layer is not in the model or none has these types, X has no samples, a provider
        is not available, or a chosen layer's output does not have one row for each sample.
        With neither `layers` nor `types`, such outputs are left out.
    TypeError
        If `model` is none of the above.
    ImportError
        If onnx or onnxruntime is not installed.

    Examples
    --------
    >>> from netrep_go.extract import activations
    >>> by_layer = activations("model.onnx", images, types=["Conv"])  # doctest: +SKIP
    """
    check_integer(batch_size, "batch_size", 1)
    samples = X if hasattr(X, "shape") else np.asarray(X)
    if len(samples.shape) < 1 or len(samples) == 0:
        raise ValueError(f"X must have at least one sample, got shape {tuple(samples.shape)}")
    backend = _backend(model)
    chosen = _choose(backend.layers(), layers, types)
    collected = _Collected(len(samples), projection, random_state)
    strict = layers is not None or types is not None
    with backend.opened(chosen, providers, device) as (run, fixed):
        # constants and shapes may have as many rows as a batch, but not as one sample, too
        left_out = set() if strict or fixed else _not_by_sample(run(np.asarray(samples[:1])), 1)
        size = fixed or batch_size
        starts = range(0, len(samples), size)
        batches = (np.asarray(samples[start : start + size]) for start in starts)
        for k, batch in enumerate(
            counted(batches, "Running the model", len(samples), verbose, blocks=True)
        ):
            n_batch = len(batch)
            if fixed and n_batch < fixed:
                batch = np.concatenate([batch, np.repeat(batch[-1:], fixed - n_batch, axis=0)])
            outputs = run(batch)
            odd = _not_by_sample(outputs, len(batch))
            if strict and odd:
                name = odd.pop()
                raise ValueError(
                    f"layer {name!r} must have one row for each sample, got an output of shape "
                    f"{outputs[name].shape} for {len(batch)} samples"
                )
            left_out |= odd
            for name, output in outputs.items():
                if name not in left_out:
                    collected.add(name, k * size, output[:n_batch])
    return {name: collected.complete(name) for name in outputs if name not in left_out}


def outputs_by_batch(
    model: Any, batches: Iterable[np.ndarray], names: list[str]
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the outputs of layers for each batch, in their own shapes."""
    with _backend(model).opened(names, None, None) as (run, _):
        for batch in batches:
            yield run(batch)


def _not_by_sample(outputs: Mapping[str, np.ndarray], n_samples: int) -> set[str]:
    """Return the names of outputs that do not have one row for each sample."""
    return {name for name, value in outputs.items() if value.ndim == 0 or len(value) != n_samples}


class _Collected:
    """What was kept of the batches so far."""

    def __init__(self, n_samples: int, projection: Any, random_state: RandomState) -> None:
        self._n_samples = n_samples
        self._rng = as_random_state(random_state)
        if isinstance(projection, (int, np.integer)) and not isinstance(projection, bool):
            check_integer(projection, "projection", 1)
            projection = SparseRandomProjection(projection)
        if projection is not None and not hasattr(projection, "n_components"):
            raise TypeError(
                "projection must be an integer or a transformer of sklearn.random_projection, got "
                f"{projection!r}"
            )
        self._projection = projection
        self._projections: dict[str, Any] = {}
        self._values: dict[str, np.ndarray] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, start: int, output: np.ndarray) -> None:
        """Flatten, project and store the output of one batch."""
        flat = np.asarray(output, dtype=np.float32).reshape(len(output), -1)
        if name not in self._values:
            self._projections[name] = self._fit(flat.shape[1])
        if self._projections[name] is not None:
            flat = self._projections[name].transform(flat)
        if name not in self._values:
            self._values[name] = np.empty((self._n_samples, flat.shape[1]), dtype=np.float32)
            self._counts[name] = 0
        if flat.shape[1] != self._values[name].shape[1]:
            raise ValueError(
                f"layer {name!r} must have one number of features, got "
                f"{self._values[name].shape[1]} and {flat.shape[1]}"
            )
        self._values[name][start : start + len(flat)] = flat
        self._counts[name] += len(flat)

    def _fit(self, n_features: int) -> Any:
        if self._projection is None:
            return None
        n_components = self._projection.n_components
        automatic = isinstance(n_components, str)  # and from the number of samples
        if not automatic and n_features <= n_components:
            return None
        fitted = clone(self._projection)
        fitted.set_params(random_state=self._rng.randint(_MAX_SEED))
        # fitting reads nothing but the shape
        like = np.broadcast_to(np.float32(0), (self._n_samples if automatic else 1, n_features))
        return fitted.fit(like)

    def complete(self, name: str) -> np.ndarray:
        """Return the matrix of a layer, which must have a row for every sample."""
        if self._counts[name] != self._n_samples:
            raise ValueError(
                f"layer {name!r} must have an output for every sample, got {self._counts[name]} of "
                f"{self._n_samples}"
            )
        return self._values[name]


class _Backend(Protocol):
    """A kind of model."""

    def layers(self) -> dict[str, str]: ...

    def opened(self, names: list[str], providers: Any, device: Any) -> Any:
        """Return a context of a function from batches to outputs, and a fixed batch size."""


def _backend(model: Any) -> _Backend:
    """Return what reads this kind of model."""
    if isinstance(model, (str, os.PathLike, bytes)):
        return _Onnx(model)
    torch, keras = sys.modules.get("torch"), sys.modules.get("keras")
    if keras is not None and isinstance(model, keras.Model):  # which may be a module, too
        return _Keras(model)
    if torch is not None and isinstance(model, torch.nn.Module):
        return _Torch(model)
    raise TypeError(
        "model must be the path or bytes of an ONNX model, a torch.nn.Module or a keras.Model, "
        f"got {type(model).__name__}"
    )


def _choose(
    available: Mapping[str, str], names: Sequence[str] | None, types: Sequence[str] | None
) -> list[str]:
    """Return the chosen layers in the model's order, or say which there are."""
    for wanted, there, what in (
        (names, set(available), "layer"),
        (types, set(available.values()), "layer of type"),
    ):
        if isinstance(wanted, str):
            raise TypeError(f"{what.split()[-1]}s must be a sequence of names, got {wanted!r}")
        missing = [name for name in wanted or () if name not in there]
        if missing:
            listed = ", ".join(map(repr, available if what == "layer" else sorted(there)))
            raise ValueError(f"the model has no {what} {missing[0]!r}; it has {listed}")
    return [
        name
        for name, kind in available.items()
        if (names is None or name in names) and (types is None or kind in types)
    ]


class _Onnx:
    """A graph of onnxruntime, to which tensors inside of it are added as outputs."""

    def __init__(self, model: str | os.PathLike[str] | bytes) -> None:
        self._onnx = optional("onnx", "onnx", "an ONNX model")
        self._runtime = optional("onnxruntime", "onnx", "an ONNX model")
        if isinstance(model, bytes):
            self._model = self._onnx.load_model_from_string(model)
        else:
            self._model = self._onnx.load(os.fspath(model))

    def layers(self) -> dict[str, str]:
        nodes = [node for node in self._model.graph.node if node.op_type != "Constant"]
        return {name: node.op_type for node in nodes for name in node.output if name}

    @contextmanager
    def opened(self, names: list[str], providers: Any, device: Any) -> Iterator[Any]:
        if device is not None:
            raise ValueError("device is for PyTorch and Keras: set providers for an ONNX model")
        runtime = self._runtime
        providers = ["CPUExecutionProvider"] if providers is None else list(providers)
        there = runtime.get_available_providers()
        for provider in providers:
            name = provider if isinstance(provider, str) else provider[0]
            if name not in there:
                raise ValueError(f"provider {name!r} is not available; there are {there}")
        model = self._onnx.ModelProto()
        model.CopyFrom(self._model)
        # with no other outputs, what the chosen ones do not need is not computed
        del model.graph.output[:]
        model.graph.output.extend(self._onnx.ValueInfoProto(name=name) for name in names)
        session = runtime.InferenceSession(model.SerializeToString(), providers=providers)
        inputs = session.get_inputs()
        if len(inputs) != 1:
            raise ValueError(f"the model must have one input, got {[each.name for each in inputs]}")
        (entry,) = inputs
        dtype = _ONNX_TYPES[entry.type]
        fixed = entry.shape[0] if entry.shape and isinstance(entry.shape[0], int) else None

        def run(batch: np.ndarray) -> dict[str, np.ndarray]:
            feed = {entry.name: np.ascontiguousarray(batch, dtype=dtype)}
            return dict(zip(names, session.run(names, feed), strict=True))

        yield run, fixed


class _Torch:
    """A module of PyTorch, read by forward hooks."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def layers(self) -> dict[str, str]:
        return {name: type(m).__name__ for name, m in self._model.named_modules() if name}

    @contextmanager
    def opened(self, names: list[str], providers: Any, device: Any) -> Iterator[Any]:
        import torch

        _refuse_providers(providers)
        model = self._model
        outputs: dict[str, np.ndarray] = {}
        first = next(model.parameters(), torch.empty(0))
        training = {module: module.training for module in model.modules()}

        def keep(name: str) -> Any:
            def hook(module: Any, inputs: Any, output: Any) -> None:
                if isinstance(output, (tuple, list)):
                    output = output[0]
                calls = sum(key.partition("#")[0] == name for key in outputs)
                key = f"{name}#{calls + 1}" if calls else name
                outputs[key] = output.detach().float().cpu().numpy()

            return hook

        def run(batch: np.ndarray) -> dict[str, np.ndarray]:
            outputs.clear()
            inputs = torch.from_numpy(np.ascontiguousarray(batch))
            if inputs.is_floating_point():
                inputs = inputs.to(first.dtype)
            with torch.no_grad():
                model(inputs.to(device if device is not None else first.device))
            return outputs.copy()

        with ExitStack() as stack:
            if device is not None:
                stack.callback(model.to, first.device)
                model.to(device)
            for module, was in training.items():
                stack.callback(setattr, module, "training", was)
            model.eval()
            modules = dict(model.named_modules())
            for name in names:
                stack.callback(modules[name].register_forward_hook(keep(name)).remove)
            yield run, None


class _Keras:
    """A functional or sequential model of Keras, cut at its layers."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def layers(self) -> dict[str, str]:
        return {layer.name: type(layer).__name__ for layer in self._model.layers}

    @contextmanager
    def opened(self, names: list[str], providers: Any, device: Any) -> Iterator[Any]:
        import keras

        _refuse_providers(providers)
        ends = [self._model.get_layer(name).output for name in names]
        inputs = self._model.inputs
        cut = keras.Model(inputs[0] if len(inputs) == 1 else inputs, ends)

        def run(batch: np.ndarray) -> dict[str, np.ndarray]:
            outputs = cut(batch, training=False)
            outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            arrays = map(keras.ops.convert_to_numpy, outputs)
            return dict(zip(names, arrays, strict=True))

        with ExitStack() as stack:
            if device is not None:
                stack.enter_context(keras.device(device))
            yield run, None


def _refuse_providers(providers: Any) -> None:
    if providers is not None:
        raise ValueError("providers are for ONNX models: set device for PyTorch and Keras")
