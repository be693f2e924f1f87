"""Volumes of voxels as arrays, and where they lie."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netrep_go._names import check_same_places
from netrep_go._optional import optional
from netrep_go._shown import kind_of
from netrep_go._validation import as_array, check_number
from netrep_go.rsa._images import holds_images, is_volume, opened, voxels

# Affines are stored in single precision, some as rotations: their numbers are rounded.
_ROUNDING = 1e-5
# Part of a voxel that the corners of two volumes may be apart if they are said to be the same.
_APART = 0.01


class Volumes(NamedTuple):
    """Volumes, of shape (n, x, y, z), what errors call them, and the affine of their voxels."""

    values: np.ndarray
    name: str
    affine: np.ndarray


def as_volumes(images: Any, name: str) -> Volumes | None:
    """Return an image, the path of one, a list of them, or volumes; None of what is none.

    The last axis of an image runs along its volumes, as in NIfTI.
    """
    if isinstance(images, Volumes):
        return images
    if not holds_images(images):
        return None
    if not isinstance(images, (list, tuple)):
        return _of_image(images, name)
    parts = [_of_image(image, f"{name}[{k}]") for k, image in enumerate(images)]
    for part in parts[1:]:
        check_same_place(parts[0], part)
    return Volumes(np.concatenate([part.values for part in parts]), name, parts[0].affine)


def as_volume(image: Any, name: str) -> Volumes | None:
    """Return an image of one volume, of shape (1, x, y, z); None of what is no image."""
    volume = as_volumes(image, name)
    if volume is not None and len(volume.values) != 1:
        raise ValueError(f"{name} must be one volume, got {len(volume.values)}")
    return volume


def _of_image(image: Any, name: str) -> Volumes:
    image = opened(image, name)
    if not is_volume(image):
        raise TypeError(f"{name} must be an image of voxels, got {kind_of(image)}")
    values = voxels(image, name)
    if values.ndim == 5 and values.shape[3] == 1:  # statistics of AFNI and SPM
        values = values[:, :, :, 0]
    if values.ndim not in (3, 4):
        raise ValueError(f"{name} must have 3 or 4 dimensions, got shape {values.shape}")
    values = values[np.newaxis] if values.ndim == 3 else np.moveaxis(values, -1, 0)
    if values.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {image.shape}")
    return Volumes(values, name, as_affine(image.affine, f"the affine of {name}"))


def as_affine(affine: Any, name: str) -> np.ndarray:
    """Return an affine that can be undone."""
    affine = as_array(affine, name, 2)
    if affine.shape != (4, 4) or not np.array_equal(affine[3], (0, 0, 0, 1)):
        raise ValueError(
            f"{name} must be a 4 x 4 matrix whose last row is 0, 0, 0, 1, got "
            f"{affine.tolist() if affine.size <= 16 else affine.shape}"
        )
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    if not sizes.all() or np.linalg.cond(affine[:3, :3] / sizes) > 1e6:
        raise ValueError(f"{name} must have voxels of some volume, got {affine.tolist()}")
    return affine


def check_same_place(first: Volumes, second: Volumes) -> None:
    """Raise unless two volumes have the same voxels."""
    rule = _check_same_shape(first, second.name, second.values.shape[1:])
    apart = np.abs(first.affine - second.affine)[:3] @ [*first.values.shape[1:], 1]
    if (apart > _APART * np.linalg.norm(first.affine[:3, :3], axis=0).min()).any():
        affines = " and ".join(str(each.affine.round(4).tolist()) for each in (first, second))
        raise ValueError(f"{rule}, got affines {affines}: resample one to the other")


def _check_same_shape(volumes: Volumes, name: str, shape: tuple[int, ...]) -> str:
    """Raise unless volumes have voxels of this shape; return the rule."""
    one = volumes.values.shape[1:]
    rule = f"{volumes.name} and {name} must have the same voxels"
    if one != shape:
        raise ValueError(f"{rule}, got shapes {one} and {shape}: resample one to the other")
    return rule


class Placed(NamedTuple):
    """Responses and a volume that says which voxels they are of, and the affine of both."""

    data: Any
    volume: Any
    affine: np.ndarray | None


def placed(data: Any, volume: Any, name: str, affine: Any = None) -> Placed:
    """Return images, or what came in place of them, as arrays of the same place."""
    images, one = as_volumes(data, "data"), as_volume(volume, name)
    known = [each for each in (images, one) if each is not None]
    check_same_places(data, "data", volume, name)
    if images is not None and one is not None:
        check_same_place(images, one)
    elif images is not None and hasattr(volume, "shape"):
        _check_same_shape(images, name, np.shape(volume))
    if affine is not None:
        if known:
            raise ValueError(f"{known[0].name} has an affine of its own: leave out affine")
        affine = as_affine(affine, "affine")
    return Placed(
        data if images is None else images.values,
        volume if one is None else one.values[0],
        known[0].affine if known else affine,
    )


def ball(shape: tuple[int, ...], radius: float, affine: np.ndarray | None) -> np.ndarray:
    """Return the steps in a volume, from a voxel to those that are closer than the radius.

    Distances are of voxels, or those that an affine gives to them.
    """
    check_number(radius, "radius", np.nextafter(0, 1), 1000)
    if affine is None:
        axes, closer = np.eye(len(shape)), radius
    else:
        axes, closer = affine[:3, :3], radius * (1 - _ROUNDING)
        if len(shape) != 3:
            raise ValueError(f"a mask with an affine must have 3 dimensions, got shape {shape}")
        _check_reaches(axes, radius)
    # The box around the ellipsoid that the ball is among voxels, no larger than the volume.
    box = np.ceil(closer * np.sqrt(np.diag(np.linalg.inv(axes.T @ axes))) * (1 + 1e-9))
    reach = np.minimum(box, np.array(shape) - 1).astype(int)
    grid = np.meshgrid(*[np.arange(-most, most + 1) for most in reach], indexing="ij")
    steps = np.stack(grid, axis=-1).reshape(-1, len(shape))
    return steps[np.linalg.norm(steps @ axes.T, axis=1) < closer]


def _check_reaches(axes: np.ndarray, radius: float) -> None:
    """Raise if a radius in the unit of an affine leaves a voxel alone."""
    sizes = np.linalg.norm(axes, axis=0)
    if radius * (1 - _ROUNDING) <= sizes.min():
        raise ValueError(
            f"radius must reach beyond a voxel, got {radius:g} in the unit of the affine, mostly "
            f"mm, for voxels of {' x '.join(f'{size:.4g}' for size in sizes)}"
        )


def to_nifti(volume: np.ndarray, affine: np.ndarray | None) -> Any:
    """Return a volume as an image of nibabel."""
    if affine is None:
        raise ValueError("there is no affine: give images, or affine")
    return optional("nibabel", "neuro", "to_nifti").Nifti1Image(volume, affine)
