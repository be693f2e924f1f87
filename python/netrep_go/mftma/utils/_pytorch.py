"""Manifolds of a data set and their activations in a PyTorch model, as mftma has them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._shown import shown
from netrep_go._validation import check_integer
from netrep_go.extract import layers
from netrep_go.extract._activations import outputs_by_batch
from netrep_go.extract._samples import to_numpy

_ACCESS = ("__len__", "__getitem__")  # of a data set of PyTorch


def make_manifold_data(
    dataset: Any,
    sampled_classes: int,
    examples_per_class: int,
    max_class: int | None = None,
    seed: RandomState = 0,
) -> list[Any]:
    """Draw classes of a data set and as many samples of each.

    Parameters
    ----------
    dataset : sequence of (sample, class)
        Such as PyTorch's data sets. Classes are integers from 0 on.
    sampled_classes : int
        Number of classes to draw.
    examples_per_class : int
        Number of samples of each.
    max_class : int, default=None
        Classes below this are drawn from. If None, the first `sampled_classes`.
    seed : int, RandomState, Generator or None, default=0
        Determines classes and samples. mftma takes 0, whatever is given.

    Returns
    -------
    data : list of Tensor or ndarray of shape (examples_per_class, ...)
        The samples of each class.

    Raises
    ------
    ValueError
        If there are fewer classes, or samples of one, than asked for.

    Examples
    --------
    >>> from netrep_go.mftma.utils.make_manifold_data import make_manifold_data
    >>> dataset = [([float(i), 1.0], i % 3) for i in range(30)]
    >>> [batch.shape for batch in make_manifold_data(dataset, 2, 5, max_class=3)]
    [(5, 2), (5, 2)]
    """
    check_integer(sampled_classes, "sampled_classes", 1)
    check_integer(examples_per_class, "examples_per_class", 1)
    n_classes = sampled_classes if max_class is None else max_class
    check_integer(n_classes, "max_class", sampled_classes)
    if isinstance(dataset, type) or not all(hasattr(dataset, way) for way in _ACCESS):
        raise TypeError(f"dataset must have a length and pairs by index, got {shown(dataset)}")
    rng = as_random_state(seed)
    chosen = rng.choice(n_classes, size=sampled_classes, replace=False)
    found: dict[int, list[Any]] = {label: [] for label in chosen.tolist()}
    missing = sampled_classes * examples_per_class
    for i in rng.permutation(len(dataset)).tolist():
        pair = dataset[i]
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"dataset must have pairs of sample and class, got {shown(pair)}")
        sample, label = pair
        samples = found.get(int(label))
        if samples is not None and len(samples) < examples_per_class:
            samples.append(sample)
            missing -= 1
        if missing == 0:
            return [_stack(samples) for samples in found.values()]
    label, samples = min(found.items(), key=lambda item: len(item[1]))
    raise ValueError(
        f"class {label} must have {examples_per_class} samples in the data set, got {len(samples)}"
    )


def extractor(
    model: Any,
    data: Iterable[Any],
    layer_nums: Collection[int] | None = None,
    layer_types: Sequence[str] | None = None,
) -> dict[str, list[np.ndarray]]:
    """Return the activations of a PyTorch model's innermost modules.

    Each batch goes through the model at once, in evaluation mode and without gradients.
    mftma leaves the model in the mode that it is in, and keeps views of what modules return, which
    others may change in place: here they are copies.

    Parameters
    ----------
    model : torch.nn.Module
        The model, or any that :func:`netrep_go.extract.layers` takes.
    data : iterable of Tensor or ndarray
        Batches: one for each manifold.
    layer_nums : collection of int, default=None
        Numbers of modules, the first being 1. If None, all, or those of `layer_types`.
    layer_types : sequence of str, default=None
        Classes of modules, such as 'Conv2d'.

    Returns
    -------
    activations : dict of str to list of ndarray
        The batches themselves under 'layer_0_Input', and for each module, such as
        'layer_1_Conv2d', its output for each batch, in its own shape and type. The second
        call of a module in one pass is under 'layer_1_Conv2d#2'.

    Raises
    ------
    ValueError
        If both `layer_nums` and `layer_types` are given, or a module that one of them chooses
        does not run or returns no tensor. With neither, a warning names such modules.
    """
    if layer_nums is not None and layer_types is not None:
        raise ValueError("only one of layer_nums and layer_types may be given")
    kinds = layers(model)
    containers = {name.rpartition(".")[0] for name in kinds}
    innermost = [name for name in kinds if name not in containers]
    keys = {
        name: f"layer_{number}_{kinds[name]}"
        for number, name in enumerate(innermost, 1)
        if (layer_nums is None or number in layer_nums)
        and (layer_types is None or kinds[name] in layer_types)
    }
    batches = [np.array(to_numpy(batch)) for batch in data]
    strict = layer_nums is not None or layer_types is not None
    outputs = outputs_by_batch(model, batches, list(keys), strict)
    return {"layer_0_Input": batches} | {
        str(key._replace(layer=keys[key.layer])): values for key, values in outputs.items()
    }


def _stack(samples: list[Any]) -> Any:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(samples[0], torch.Tensor):
        return torch.stack(samples)
    return np.stack(samples)
