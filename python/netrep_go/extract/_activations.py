"""Activations of layers: choose them, run the model by batches, keep what they return."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from sklearn.base import TransformerMixin

from netrep_go._jobs import RandomState
from netrep_go._parameters import checked
from netrep_go._parts import only_writer
from netrep_go._shown import kind_of
from netrep_go._validation import check_integer
from netrep_go.extract._choice import choose
from netrep_go.extract._collected import Collected, Memory, told_projection
from netrep_go.extract._keras import Keras
from netrep_go.extract._onnx import Onnx
from netrep_go.extract._outputs import NOT_ALWAYS, Backend, Key, Problems, Unusable
from netrep_go.extract._running import Running
from netrep_go.extract._samples import Preprocess, as_samples
from netrep_go.extract._store import ActivationStore, StoreWriter
from netrep_go.extract._structure import recommended
from netrep_go.extract._torch import Torch


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

    Raises
    ------
    TypeError
        If `model` is none of the above.
    ValueError
        If the model is damaged, was not built, or has layers of the same name.
    ImportError
        If onnx is needed and not installed.

    Examples
    --------
    >>> from netrep_go.extract import layers
    >>> layers("model.onnx")  # doctest: +SKIP
    {'conv_1': 'Conv', 'relu_1': 'Relu', 'logits': 'Gemm'}
    """
    return _backend(model).layers()


@overload
def activations(
    model: Any,
    X: Any,
    layers: Sequence[str] | None = None,
    *,
    types: Sequence[str] | None = None,
    batch_size: int = 32,
    projection: int | TransformerMixin | None = None,
    preprocess: Preprocess | None = None,
    store: None = None,
    random_state: RandomState = None,
    providers: Sequence[Any] | None = None,
    device: Any = None,
    verbose: bool = False,
) -> dict[str, np.ndarray]: ...


@overload
def activations(
    model: Any,
    X: Any,
    layers: Sequence[str] | None = None,
    *,
    types: Sequence[str] | None = None,
    batch_size: int = 32,
    projection: int | TransformerMixin | None = None,
    preprocess: Preprocess | None = None,
    store: str | os.PathLike[str],
    random_state: RandomState = None,
    providers: Sequence[Any] | None = None,
    device: Any = None,
    verbose: bool = False,
) -> ActivationStore: ...


@checked
def activations(
    model: Any,
    X: object,  # tensors on any device: it is for the model
    layers: Sequence[str] | None = None,
    *,
    types: Sequence[str] | None = None,
    batch_size: int = 32,
    projection: int | TransformerMixin | None = None,
    preprocess: Preprocess | None = None,
    store: str | os.PathLike[str] | None = None,
    random_state: RandomState = None,
    providers: Sequence[Any] | None = None,
    device: Any = None,
    verbose: bool = False,
) -> dict[str, np.ndarray] | ActivationStore:
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
    X : array_like of shape (n_samples, ...), iterable of batches, or image files
        Inputs, as the model takes them. Anything that has a shape and slices, such as a
        memory map or a data set of h5py, is read by batches. So are a DataLoader of PyTorch,
        a generator, or another iterable, of batches of any size, or of tuples that begin with
        one; and, with `preprocess`, a list of image files, or a folder, whose images are taken
        with those in folders inside of it, sorted by their paths.
    layers : sequence of str, default=None
        Names of layers, as :func:`layers` lists them, and 'input' for the samples themselves
        (unless a layer is called so). ``name#2`` is the second call of a layer alone, and, of
        PyTorch's modules, ``name input`` what it takes instead of what it returns. If None, all
        layers of `types`.
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
    preprocess : callable, default=None
        What makes the model's input of an image file, such as
        :func:`~netrep_go.datasets.preprocess_images`: it is called with each image by itself,
        as an array of integers of shape (1, height, width, 3), and returns an array of one
        image. Gray images have three equal channels, and are turned upright where their files
        say so.
    store : path, default=None
        Where the activations are written, batch by batch, instead of being kept in memory: an
        HDF5 file (.h5 or .hdf5), a zarr group (.zarr), or a folder of .npy files (any other
        path), with one entry for each layer. What was interrupted or killed goes on at the
        first batch that is missing if it is called again. Other options, another model or other
        samples than before are refused: samples that are not read again are told by their
        number, the first three and the last one, image files by their names, too, and an
        iterable, which has to give the same batches again, by all that it gave before. What a
        layer returned stays in a store, also where it turns out to be the same for all samples.
    random_state : int, RandomState, Generator or None, default=None
        Determines the projections. With None, a store goes on with those that it began with.
    providers : sequence, default=None
        Execution providers of onnxruntime. If None, ``["CPUExecutionProvider"]``.
    device : str or torch.device, default=None
        Device for PyTorch or Keras. If None, the one that the model is on.
    verbose : bool, default=False
        Show a progress bar, of samples.

    Returns
    -------
    activations : dict of str to ndarray of shape (n_samples, n_features), or ActivationStore
        What was stored, if it was, which is read when it is sliced. In float32, by name, in the
        model's order. A layer of PyTorch or Keras that is called
        several times in one pass has an entry for each call, the second one as ``name#2``. Of
        a layer that returns several tensors in tuples, lists or mappings, the first is taken.

    Raises
    ------
    ValueError
        If a layer is not in the model or none has these types, X has no samples or values that
        the model's type of input cannot hold, a provider is not available, or a chosen layer
        does not run, returns no real numbers or does not have one row for each sample; if a
        store has results of other options or is being written by another process, images are
        transparent or have more than 8 bits, or a DataLoader shuffles. With
        neither `layers` nor `types`, such layers are left out: constants, shapes and what only
        holds other layers without a word, others with a warning.
    TypeError
        If `model` is none of the above, or image files come without `preprocess`.
    OSError
        If a store does not fit on the disk.
    ImportError
        If onnx or onnxruntime, or h5py, zarr or Pillow where they are needed, is not installed.

    Examples
    --------
    >>> from netrep_go.extract import activations
    >>> by_layer = activations("model.onnx", images, types=["Conv"])  # doctest: +SKIP

    50,000 images that go through a network once:

    >>> from netrep_go.datasets import preprocess_images
    >>> stored = activations(  # doctest: +SKIP
    ...     model, "imagenet/val", ["features.0"], preprocess=preprocess_images, store="val.h5"
    ... )
    >>> stored["features.0"][:10].shape  # doctest: +SKIP
    (10, 193600)
    """
    check_integer(batch_size, "batch_size", 1)
    samples = as_samples(X, preprocess)
    backend = _backend(model)
    chosen = choose(backend.layers(), layers, types)
    strict = layers is not None or types is not None
    running = Running(backend, chosen, samples, batch_size, Problems(strict), verbose)
    if store is None:
        memory = Memory(samples.n_samples)
        collected = Collected(memory, samples.n_samples, projection, random_state)
        with running.opened(providers, device):
            running.run(collected)
        return running.without(memory)
    options = {
        "model": backend.fingerprint(),
        "layers": list(map(str, running.told())),
        "X": samples.identity(),
        "batch_size": batch_size,
        "projection": told_projection(projection),
    }
    return _stored(Path(store), options, running, projection, random_state, providers, device)


def _stored(
    path: Path,
    options: Mapping[str, Any],
    running: Running,
    projection: Any,
    random_state: RandomState,
    providers: Sequence[Any] | None,
    device: Any,
) -> ActivationStore:
    """Return the store, whose missing batches go through the model first."""
    n_samples = running.samples.n_samples
    path.parent.mkdir(parents=True, exist_ok=True)
    with only_writer(path), StoreWriter(path, options, n_samples) as writer:
        collected = Collected(writer, n_samples, projection, random_state)
        if not writer.complete:
            with running.opened(providers, device) as size:
                writer.size = size
                running.run(collected, writer)
        return writer.finish()


def recommended_layers(model: Any, variant: str | None = None) -> list[str]:
    """Return the layers of a convolutional network that are plausible stages of a hierarchy.

    They are read from the structure of the model:

    - of a residual network, such as ResNet-50, the first convolution and, for each sum, the first
      ReLU after it ('relu', the default), or the sum itself ('sum'): 17 of ResNet-50;
    - of a chain of layers, such as AlexNet or VGG-16, convolutions and fully connected layers but
      the output, which is the last of these if nothing but a softmax comes after it. Of the
      convolutions, all are taken ('all'), or the highest of each block that a pooling ends
      ('conv'), or the poolings themselves ('pool'). The default is 'all' where there are no
      more than 7 layers in all, as in AlexNet, and else 'conv': 7 of VGG-16.

    Parameters
    ----------
    model : path, bytes, torch.nn.Module or keras.Model
        The model. PyTorch's are traced by `torch.fx`; those of Keras must have a graph.
    variant : {'relu', 'sum', 'all', 'conv', 'pool'}, default=None
        What is taken, as above.

    Returns
    -------
    layers : list of str
        Names for the `layers` of :func:`activations`. In PyTorch a sum is no module: it is
        named as what the next module takes, such as ``layer1.0.relu input#3``.

    Raises
    ------
    ValueError
        If the model has no convolutions, concatenates branches, cannot be traced, or has not
        the layers that `variant` names.

    Examples
    --------
    >>> import torchvision  # doctest: +SKIP
    >>> from netrep_go.extract import activations, recommended_layers
    >>> model = torchvision.models.vgg16(weights="DEFAULT")  # doctest: +SKIP
    >>> recommended_layers(model)[-3:]  # doctest: +SKIP
    ['features.28', 'classifier.0', 'classifier.3']
    >>> by_layer = activations(model, images, recommended_layers(model))  # doctest: +SKIP
    """
    return recommended(_backend(model).nodes(), variant)


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
