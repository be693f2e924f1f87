"""Where searchlights are, in volumes, on surfaces or in lists, and the responses there."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrep_go import _native
from netrep_go._validation import as_mask, as_numbers, as_turned, check_integer, check_number
from netrep_go.rsa._images import holds_maps
from netrep_go.rsa._lists import as_lists
from netrep_go.rsa._local import (
    NONE,
    Design,
    Residuals,
    check_independent,
    check_repeated,
    check_residuals,
    noise_inputs,
    of_folds,
)
from netrep_go.rsa._rdm import native_metric
from netrep_go.rsa._surfaces import as_surface, neighbors_along, on_vertices
from netrep_go.rsa._volumes import as_volumes, ball, check_same_place, placed

_TOO_HIGH = "threshold={:g} leaves no center: no {} has so much of the mask around"


class Around(NamedTuple):
    """Where searchlights are asked for."""

    mask: Any
    neighbors: Any
    surface: Any
    radius: float
    threshold: float
    geodesic: bool
    step: int
    affine: Any


class Lights(NamedTuple):
    """Responses, whether they are features x conditions, and where searchlights are."""

    routine: str
    x: np.ndarray
    turned: bool
    centers: np.ndarray
    around: dict[str, _native.Argument]
    shape: tuple[int, ...] | None
    affine: np.ndarray | None = None
    residuals: Residuals | None = None
    faces: np.ndarray | None = None

    @property
    def n_observations(self) -> int:
        """How many responses each feature has."""
        return self.x.shape[1 if self.turned else 0]

    @property
    def n_features(self) -> int:
        """How many features there are, in searchlights or not."""
        return self.x.shape[0 if self.turned else 1]

    def some(self, part: slice) -> dict[str, _native.Argument]:
        """Return what tells a routine where some of the searchlights are."""
        if "start" not in self.around:
            return self.around | {"centers": self.centers[part]}
        start, neighbors = (np.asarray(self.around[name]) for name in ("start", "neighbors"))
        start = start[part.start : part.stop + 1]
        return {"start": start - start[0], "neighbors": neighbors[start[0] : start[-1]]}


def inputs_of(
    lights: Lights,
    design: Design,
    metric: str,
    noise: Any,
    estimator: Any,
    observed: Residuals | None,
) -> dict[str, _native.Argument]:
    """Return what routines take of responses, their conditions and their noise."""
    whitened = noise is not None or estimator is not None
    return {
        "x": lights.x,
        "transposed": lights.turned,
        "metric": native_metric(metric, whitened=whitened),
        **design.inputs(),
        **noise_inputs(noise, estimator, observed, lights.n_features, design.fold_names),
    }


def observed_of(
    lights: Lights,
    residual_folds: ArrayLike | None,
    design: Design,
    metric: str,
    estimated: bool,
) -> Residuals | None:
    """Return what noise is estimated from: residuals, or the observations; None if it is not."""
    if residual_folds is not None:
        return of_folds(lights.residuals, residual_folds, design, metric)
    if lights.residuals is not None or not estimated:
        return lights.residuals
    check_independent(metric)
    check_repeated(design, lights.n_observations)
    return Residuals(lights.x, lights.turned, design.conditions, design.n_conditions)


def lights_of(data: Any, around: Around, residuals: ArrayLike | None, in_order: bool) -> Lights:
    check_integer(around.step, "step", 1)
    given = [name for name in ("mask", "surface") if getattr(around, name) is not None]
    if bool(given) == (around.neighbors is not None):
        raise ValueError("either mask or neighbors, or surface, must be given")
    if around.affine is not None and given != ["mask"]:
        raise ValueError("affine is for a mask of voxels")
    if "surface" in given:
        return _from_surface(data, around, residuals)
    if given:
        return _from_balls(data, around, residuals, in_order)
    return _from_lists(data, around, residuals)


def _from_lists(data: Any, asked: Around, residuals: ArrayLike | None) -> Lights:
    x, turned = as_turned(_as_rows(data, "data"), "data")
    noise = None
    if residuals is not None:
        noise = as_turned(_as_rows(residuals, "residuals"), "residuals")
    starts, features = as_lists(asked.neighbors, x.shape[0] if turned else x.shape[1])
    centers, counts = np.arange(len(starts) - 1), np.diff(starts)
    features = features[np.repeat(centers % asked.step == 0, counts)]
    centers = centers[:: asked.step]
    lights = _of_lists(x, turned, centers, (counts[centers], features), None)
    return lights._replace(residuals=_checked(noise, x, turned))


def _as_rows(data: Any, name: str) -> Any:
    """Return images as rows of voxels, in row-major order, or of vertices."""
    volumes = None if holds_maps(data) else as_volumes(data, name)
    if volumes is None:
        return on_vertices(data, name)
    return volumes.values.reshape(len(volumes.values), -1)


def _of_lists(
    x: np.ndarray,
    turned: bool,
    centers: np.ndarray,
    lists: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, ...] | None,
) -> Lights:
    """Return searchlights of lists: how many features each has, and these one after the other."""
    starts = np.concatenate([[0], np.cumsum(lists[0])])
    around: dict[str, _native.Argument] = {"start": starts, "neighbors": lists[1]}
    return Lights("rsa.searchlight_lists", x, turned, centers, around, shape)


def _from_surface(data: Any, asked: Around, residuals: Any) -> Lights:
    vertices, faces = as_surface(asked.surface)
    inside = np.ones(len(vertices), bool)
    if asked.mask is not None:
        inside = _as_mask(np.squeeze(as_numbers(on_vertices(asked.mask, "mask"), "mask")))
    if inside.shape != (len(vertices),):
        raise ValueError(
            f"mask must have a value for each of the {len(vertices)} vertices of surface, got "
            f"shape {inside.shape}"
        )
    x, turned, columns, noise = _laid_out(
        on_vertices(data, "data"),
        None if residuals is None else on_vertices(residuals, "residuals"),
        inside,
    )
    centers = _every(inside, asked.step)
    lists = neighbors_along(vertices, faces, asked.radius, asked.geodesic, centers)
    check_number(asked.threshold, "threshold", 0, 1)
    enough = [np.mean(inside[near]) >= asked.threshold for near in lists]
    if not any(enough):
        raise ValueError(_TOO_HIGH.format(asked.threshold, "vertex"))
    kept = [columns[near[inside[near]]] for near, use in zip(lists, enough, strict=True) if use]
    counts = np.array([len(near) for near in kept])
    together = (counts, np.concatenate(kept))
    lights = _of_lists(x, turned, centers[enough], together, inside.shape)
    return lights._replace(residuals=_checked(noise, x, turned), faces=faces)


def _from_balls(data: Any, asked: Around, residuals: ArrayLike | None, in_order: bool) -> Lights:
    images, others = as_volumes(data, "data"), as_volumes(residuals, "residuals")
    if images is not None and others is not None:
        check_same_place(images, others)
    place = placed(data if images is None else images, asked.mask, "mask", asked.affine)
    if others is not None:
        residuals = placed(others, asked.mask, "mask").data
    inside = _as_mask(place.volume)
    responses = np.ascontiguousarray(place.data) if in_order else place.data
    x, turned, columns, noise = _laid_out(responses, residuals, inside)
    steps = ball(inside.shape, asked.radius, place.affine)
    centers = _centers(inside, steps, asked.threshold, asked.step)
    depth, height, width = (1,) * (3 - inside.ndim) + inside.shape
    steps = np.pad(steps, ((0, 0), (3 - inside.ndim, 0)))
    around: dict[str, _native.Argument] = {
        "depth": depth,
        "height": height,
        "width": width,
        "centers": centers,
        "steps": np.ascontiguousarray(steps).ravel(),
        "feature": columns,
    }
    return Lights(
        "rsa.searchlight_balls",
        x,
        turned,
        centers,
        around,
        inside.shape,
        place.affine,
        _checked(noise, x, turned),
    )


def _laid_out(
    data: Any, residuals: Any, inside: np.ndarray
) -> tuple[np.ndarray, bool, np.ndarray, Any]:
    """Return responses, whether they are turned, the column of each point, and residuals.

    Residuals, if there are any, have the same columns, and come with whether they are turned.
    """
    responses = np.asarray(as_numbers(data, "data"))
    x, turned, columns = _in_volume(responses, inside)
    if residuals is None:
        return x, turned, columns, None
    others = np.asarray(as_numbers(residuals, "residuals"))
    *noise, others_columns = _in_volume(others, inside, "residuals")
    if not np.array_equal(columns, others_columns):  # they are laid out in other ways
        x, turned, columns = _in_volume(_inside(responses, inside), inside)
        *noise, _ = _in_volume(_inside(others, inside), inside, "residuals")
    return x, turned, columns, noise


def _checked(noise: Any, x: np.ndarray, turned: bool) -> Residuals | None:
    """Return residuals, if there are any, which must be of the features of the responses."""
    if noise is None:
        return None
    values, values_turned = noise
    residuals = Residuals(values, values_turned, NONE, 1)
    check_residuals(residuals, x.shape[0] if turned else x.shape[1])
    return residuals


def _inside(x: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the responses of the voxels of the mask, in row-major order."""
    if x.ndim == inside.ndim + 1 and x.shape[1:] == inside.shape:
        return x[:, inside]
    return x[:, inside.ravel()] if x.shape[1] == inside.size else x


def _in_volume(
    x: np.ndarray, inside: np.ndarray, name: str = "data"
) -> tuple[np.ndarray, bool, np.ndarray]:
    """Return responses as `as_turned` does, and the column of each voxel, or -1."""
    if x.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {x.shape}")
    n_voxels = np.count_nonzero(inside)
    numbers = np.arange(inside.size)
    if x.ndim == inside.ndim + 1 and x.shape[1:] == inside.shape:
        x, numbers = _flatten(x)
    if x.ndim != 2 or x.shape[1] not in (inside.size, n_voxels):
        shapes = dict.fromkeys([", ".join(map(str, inside.shape)), str(inside.size)])
        alone = f", or (n_conditions, {n_voxels}) with the voxels of the mask alone,"
        raise ValueError(
            f"{name} must have shape {' or '.join(f'(n_conditions, {each})' for each in shapes)}"
            f"{alone if n_voxels < inside.size else ''} for this mask, got {x.shape}"
        )
    columns = np.full(inside.size, -1)
    chosen = np.flatnonzero(inside)
    columns[chosen] = numbers[chosen] if x.shape[1] == inside.size else np.arange(n_voxels)
    return *as_turned(x, name), columns


def _flatten(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return volumes as rows, and the column of each voxel.

    They are views if the voxels of a condition, or the conditions of a voxel, lie next to
    each other in whatever order of axes, such as that of NIfTI images.
    """
    order = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
    if not x.transpose(order).flags.c_contiguous or 0 not in (order[0], order[-1]):
        x, order = np.ascontiguousarray(x), list(range(x.ndim))
    packed, n = x.transpose(order), len(x)
    space = [axis - 1 for axis in order if axis > 0]
    numbers = np.arange(math.prod(x.shape[1:])).reshape([x.shape[axis + 1] for axis in space])
    numbers = numbers.transpose(np.argsort(space)).ravel()
    return packed.reshape(n, -1) if order[0] == 0 else packed.reshape(-1, n).T, numbers


def _as_mask(mask: ArrayLike) -> np.ndarray:
    inside = as_mask(mask, "mask")
    if inside.ndim > 3:
        raise ValueError(f"mask must have 1 to 3 dimensions, got shape {inside.shape}")
    return inside


def _every(inside: np.ndarray, step: int) -> np.ndarray:
    """Return the flat positions of what is inside on every step-th plane along each axis."""
    grid = np.zeros(inside.shape, bool)
    grid[(slice(None, None, step),) * inside.ndim] = True
    if not (inside & grid).any():
        raise ValueError(f"step={step} leaves no center: every {step}-th is outside the mask")
    return np.flatnonzero(inside & grid)


def _centers(inside: np.ndarray, steps: np.ndarray, threshold: float, every: int) -> np.ndarray:
    """Return the flat positions of voxels around which the mask has enough of the ball."""
    check_number(threshold, "threshold", 0, 1)
    chosen = inside
    shape = inside.shape
    if threshold > 0:
        covered, whole = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        for step in steps:
            if (np.abs(step) >= shape).any():
                continue
            to = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(step, shape, strict=True))
            by = tuple(slice(max(0, s), n + min(0, s)) for s, n in zip(step, shape, strict=True))
            covered[to] += inside[by]
            whole[to] += 1
        chosen = inside & (covered / whole >= threshold)
        if not chosen.any():
            raise ValueError(_TOO_HIGH.format(threshold, "voxel"))
    return _every(chosen, every)
