"""Which axis of a layer's outputs is that of the samples.

A length tells nothing: sequences may be as long as the batch. Two batches of different sizes do,
and where a model takes one size only, a change of one sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from netrep_go.extract._outputs import NOT_ALWAYS, Key, Output, Run, Unusable
from netrep_go.extract._samples import AnySamples, filled

Axis = int | None  # None: the batch is one sample, whose activations are the whole output

_FEW, _MORE = 2, 3  # not 1: models squeeze
_ROUNDING = 1e-5  # of the largest value: what is below has not changed


def find_axes(
    run: Run, samples: AnySamples, fixed: int | None, batch_size: int
) -> tuple[dict[Key, Axis | Unusable], int | None]:
    """Return the axis of the samples for each layer, and the batch size if only one will do.

    Where a model fails on small batches, it may be made for those of ``batch_size``. If it
    is not, it fails again.
    """
    if fixed is None:
        with suppress(Exception):
            return _by_sizes(run, samples), None
        fixed = len(samples.read(0, batch_size))
    return _by_changes(run, samples, fixed), fixed


def by_sample(
    outputs: Mapping[Key, Output], axes: Mapping[Key, Axis | Unusable], n_samples: int
) -> dict[Key, Output]:
    """Return outputs with the samples first."""
    keys = dict.fromkeys([*axes, *outputs])
    found = ((key, outputs.get(key, NOT_ALWAYS), axes.get(key, NOT_ALWAYS)) for key in keys)
    return {key: _samples_first(output, axis, n_samples) for key, output, axis in found}


def _samples_first(output: Output, axis: Axis | Unusable, n_samples: int) -> Output:
    if isinstance(axis, Unusable):
        return axis
    if isinstance(output, Unusable):
        return output
    if axis is None:
        return output[np.newaxis]
    if axis >= output.ndim or output.shape[axis] != n_samples:
        return _no_rows(f"an output of shape {output.shape} for {n_samples} samples")
    return np.moveaxis(output, axis, 0)


def _by_sizes(run: Run, samples: AnySamples) -> dict[Key, Axis | Unusable]:
    few, more = (run(filled(samples.read(0, n), n)) for n in (_FEW, _MORE))
    keys = dict.fromkeys([*few, *more])
    return {k: _axis_that_grew(few.get(k, NOT_ALWAYS), more.get(k, NOT_ALWAYS)) for k in keys}


def _axis_that_grew(few: Output, more: Output) -> Axis | Unusable:
    few, more = _numbers(few), _numbers(more)
    if isinstance(few, Unusable):
        return few
    if isinstance(more, Unusable):
        return more
    grew = [i for i, (a, b) in enumerate(zip(few.shape, more.shape, strict=False)) if a != b]
    if few.shape == more.shape:  # constants and shapes
        return _no_rows(f"outputs of shape {few.shape} for any number of them", quiet=True)
    if few.ndim == more.ndim and len(grew) == 1:
        (axis,) = grew
        if (few.shape[axis], more.shape[axis]) == (_FEW, _MORE):
            return axis
    return _no_rows(
        f"outputs of shapes {few.shape} and {more.shape} for {_FEW} and {_MORE} samples: "
        "take a layer before or after it"
    )


def _by_changes(run: Run, samples: AnySamples, size: int) -> dict[Key, Axis | Unusable]:
    pool = samples.read(0, size + 1)
    batch = filled(pool[:size], size)
    before = run(batch)
    after = {i: run(_with_another(batch, i, pool)) for i in (0, size - 1)}
    return {
        key: _axis_that_moved(
            output, {i: outputs.get(key, NOT_ALWAYS) for i, outputs in after.items()}, size
        )
        for key, output in before.items()
    }


def _with_another(batch: np.ndarray, i: int, pool: np.ndarray) -> np.ndarray:
    """Return a batch with another sample in one place."""
    others = (row for row in pool if not np.array_equal(row, batch[i]))
    changed = batch.copy()
    changed[i] = next(others, np.flip(batch[i]))
    return changed


def _axis_that_moved(before: Output, after: dict[int, Output], size: int) -> Axis | Unusable:
    """Return the axis on which each sample has its slice.

    Units can be silent: what does not move is no constant yet, if one axis has the length.
    """
    before = _numbers(before)
    if isinstance(before, Unusable):
        return before
    moved = {}
    for i, output in after.items():
        if isinstance(output, Unusable) or output.shape != before.shape:
            return NOT_ALWAYS
        moved[i] = _differs(before, output)
    any_moved = any(each.any() for each in moved.values())
    axes: list[Axis] = [
        axis
        for axis in range(before.ndim)
        if before.shape[axis] == size
        and not any(np.delete(each, i, axis).any() for i, each in moved.items())
    ]
    if size == 1:
        axes = [None] if any_moved else axes[:1]
    if len(axes) == 1:
        return axes[0]
    if not any_moved and not axes:
        return _no_rows(f"an output of shape {before.shape} for a batch of {size}", quiet=True)
    return _no_rows(
        f"an output of shape {before.shape} for a batch of {size}, where it is unclear what is "
        "whose: take a layer before or after it, or a model of any batch size"
    )


def _differs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= _ROUNDING * np.max(np.abs(a), initial=0, where=np.isfinite(a))
    return ~(near | (a == b) | (np.isnan(a) & np.isnan(b)))


def _numbers(output: Output) -> Output:
    if isinstance(output, Unusable) or output.dtype.kind in "biuf":
        return output
    remedy = ": take real and imaginary parts in the model" if output.dtype.kind == "c" else ""
    return Unusable(f"must return real numbers, got {output.dtype}{remedy}")


def _no_rows(got: str, quiet: bool = False) -> Unusable:
    return Unusable(f"must have one row for each sample, got {got}", quiet)
