"""Activations of layers: choose them, run the model by batches, keep what they return."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import TransformerMixin

from netrep_go._jobs import RandomState, counted
from netrep_go._parameters import checked
from netrep_go._shown import kind_of, shown
from netrep_go._validation import as_exact, check_integer
from netrep_go.extract._axes import by_sample, find_axes
from netrep_go.extract._collected import Collected
from netrep_go.extract._keras import Keras
from netrep_go.extract._onnx import Onnx
from netrep_go.extract._outputs import NOT_ALWAYS, Backend, Key, Problems, Unusable
from netrep_go.extract._samples import Samples, filled
from netrep_go.extract._torch import Torch

_INPUT = {"input": "Input"}  # the samples themselves


def layers(model: Any) -> dict[str, str]:
    """Return the names of a model's layers and the type of each, in the model's order.

    Parameters
    ----------
    model : path, bytes, torch.nn.Module or keras.Model
        The model. Layers of an ONNX model are the outputs of its nodes, without constants,
        and their types the nodes' operators; those of a PyTorch model are all modules but
        itself, and those of a Keras model its `layers`, by class.

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


@checked
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
    one batch are in memory. They are copies, made when a layer returns: what the model does in
    place afterwards changes neither them nor `X`.

    Which axis of an output is that of the samples is told from batches of two and of three, or,
    where a model takes batches of one size only, from what moves with one sample: rows are
    samples for layers that put sequences first, too.

    Parameters
    ----------
    model : path, bytes, torch.nn.Module or keras.Model
        The model, of one input. It is run in evaluation mode and without gradients. Modes,
        buffers and the device of a PyTorch model, and the variables of a Keras model, are
        afterwards as they were.
    X : array_like of shape (n_samples, ...)
        Inputs, as the model takes them. Anything that has a shape and slices, such as a
        memory map or a data set of h5py, is read by batches.
    layers : sequence of str, default=None
        Names of layers, as :func:`layers` lists them, and 'input' for the samples themselves
        (unless a layer is called so). If None, all layers of `types`.
    types : sequence of str, default=None
        Types of layers, such as 'Conv' or 'Conv2d', and 'Input' for the samples themselves.
        If None, all but these.
    batch_size : int, default=32
        Number of samples that go through the model at once. A model with a fixed batch size
        gets batches of that size, the last one filled up.
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
        In float32, by name, in the model's order. A layer of PyTorch or Keras that is called
        several times in one pass has an entry for each call, the second one as ``name#2``. Of
        a layer that returns several tensors in tuples, lists or mappings, the first is taken.

    Raises
    ------
    ValueError
        If a layer is not in the model or none has these types, X has no samples or values that
        the model's type of input cannot hold, a provider is not available, or a chosen layer
        does not run, returns no real numbers or does not have one row for each sample. With
        neither `layers` nor `types`, such layers are left out: constants, shapes and what only
        holds other layers without a word, others with a warning.
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
    samples = Samples(X)
    backend = _backend(model)
    own = backend.layers()
    chosen = _choose(own, layers, types)
    collected = Collected(len(samples), projection, random_state)
    for name in chosen:
        if name not in own:
            _collect_input(name, samples, batch_size, collected)
    names = [name for name in chosen if name in own]
    if not names:
        return collected.values
    problems = Problems(strict=layers is not None or types is not None)
    with backend.opened(names, providers, device) as (run, fixed):
        axes, fixed = find_axes(run, samples, fixed, batch_size)
        problems.check_calls(names, axes)
        size = fixed or batch_size
        batches = samples.batches(size)
        counter = counted(batches, "Running the model", len(samples), verbose, blocks=True)
        for k, batch in enumerate(counter):
            whole = filled(batch, fixed or min(size, 2))  # of a batch of one, models lose the axis
            for key, rows in by_sample(run(whole), axes, len(whole)).items():
                if isinstance(rows, Unusable):
                    problems.add(key, rows)
                else:
                    collected.add(str(key), k * size, rows[: len(batch)])
    if fixed and not problems.strict:
        for name in collected.constant():
            problems.add(name, Unusable("must differ between samples, but is the same for all"))
    return problems.without(collected.values)


def outputs_by_batch(
    model: Any, batches: Iterable[np.ndarray], names: list[str], strict: bool
) -> dict[Key, list[np.ndarray]]:
    """Return the outputs of layers for each batch, in their own shapes and types."""
    problems = Problems(strict)
    with _backend(model).opened(names, None, None) as (run, _):
        passes = [run(batch) for batch in batches]
    found: dict[Key, list[np.ndarray]] = {}
    keys = dict.fromkeys(key for outputs in passes for key in outputs)
    if passes:
        problems.check_calls(names, keys)
    for outputs in passes:
        for key in keys:
            output = outputs.get(key, NOT_ALWAYS)
            if isinstance(output, Unusable):
                problems.add(key, output)
            else:
                found.setdefault(key, []).append(output)
    return problems.without(found) if names and passes else found


def _collect_input(name: str, samples: Samples, size: int, collected: Collected) -> None:
    for k, batch in enumerate(samples.batches(size)):
        collected.add(name, k * size, as_exact(batch, np.dtype(np.float32), "X"))


def _backend(model: Any) -> Backend:
    """Return what reads this kind of model."""
    if isinstance(model, (str, os.PathLike, bytes)):
        return Onnx(model)
    torch, keras = sys.modules.get("torch"), sys.modules.get("keras")
    if keras is not None and isinstance(model, keras.Model):  # which may be a module, too
        return Keras(model)
    if torch is not None and isinstance(model, torch.nn.Module):
        return Torch(model)
    raise TypeError(
        "model must be the path or bytes of an ONNX model, a torch.nn.Module or a keras.Model, "
        f"got {kind_of(model)}"
    )


def _choose(
    own: Mapping[str, str], names: Sequence[str] | None, types: Sequence[str] | None
) -> list[str]:
    """Return the chosen layers in the model's order, or say which there are."""
    available = {**own, **{name: kind for name, kind in _INPUT.items() if name not in own}}
    for wanted, there, what in (
        (names, set(available), "layer"),
        (types, set(available.values()), "layer of type"),
    ):
        missing = [name for name in wanted or () if name not in there]
        if missing:
            listed = ", ".join(map(repr, available if what == "layer" else sorted(there)))
            raise ValueError(f"the model has no {what} {missing[0]!r}; it has {listed}")
    chosen = [
        name
        for name, kind in (own if names is None and types is None else available).items()
        if (names is None or name in names) and (types is None or kind in types)
    ]
    if not chosen:
        listed = ", ".join(map(repr, available))
        raise ValueError(
            f"no layer is chosen by layers={shown(names)} and types={shown(types)}, of {listed}"
        )
    return chosen
