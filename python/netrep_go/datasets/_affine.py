"""Smooth manifolds of images: affine transforms of photographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, gaussian_filter, zoom
from sklearn.utils import Bunch

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._names import Name, split_names
from netrep_go._parameters import checked
from netrep_go._validation import as_array, as_reals, check_integer, check_number, check_option

Images = npt.ArrayLike | Sequence[npt.ArrayLike] | Mapping[Any, npt.ArrayLike]

# kinds of one dimension besides rotation, and the entry of the matrix [[a, b, x], [c, d, y]] that
# each changes
_LINES = {
    "x-translation": (0, 2),
    "y-translation": (1, 2),
    "x-scale": (0, 0),
    "y-scale": (1, 1),
    "x-shear": (0, 1),
    "y-shear": (1, 0),
}
# kinds of 2, 2, 4 and 6 degrees of freedom, and the entries that each changes
_BALLS = {
    "translation": [[0, 0, 1], [0, 0, 1]],
    "shear": [[0, 1, 0], [1, 0, 0]],
    "translation-shear": [[0, 1, 1], [1, 0, 1]],
    "affine": [[1, 1, 1], [1, 1, 1]],
}
_SURROUND = 3  # side of an image, in sides of the object in its middle
_FRAME = 4 / 3  # side of a warped image, in sides of the object
_BATCH = 1024
_MAX_BATCHES = 100
_FILLS = ("reflect", "grid-mirror", "constant", "nearest", "mirror", "grid-wrap")
_PIXEL_MAX = 255.0


@checked
def affine_manifolds(
    images: Images,
    kind: str,
    range_factor: float = 1.0,
    n_samples: int = 15,
    *,
    coordinates: npt.ArrayLike | None = None,
    object_size: float | None = None,
    output_size: int | None = None,
    fill: str | None = None,
    random_state: RandomState = None,
) -> Bunch:
    r"""Return manifolds of affine transforms of images.

    The object is a square in the middle of each image, and [-1, 1] in both coordinates. A
    transform takes the point (x, y) of an image, x to the right and y down, to

    .. math:: (a x + b y + t_x,\; c x + d y + t_y),

    and moves the four corners of the object by
    :math:`\sqrt{(a-1)^2 + b^2 + c^2 + (d-1)^2 + t_x^2 + t_y^2}` in root mean square. With
    r = 2 `range_factor` / `object_size`, which is `range_factor` pixels, manifolds of one
    dimension are sampled at equal steps [1]_:

    - translations and shears from -r to r;
    - scales from 1 / (1 + r) to 1 + r, in equal ratios;
    - rotations by up to :math:`2 \arcsin(r / 2\sqrt 2)`, which moves each corner by r.

    Those of 2, 4 or 6 dimensions are sampled at random: the entries are Gaussian with
    standard deviation r / (1.25 (0.286 dof + 0.684)), drawn again until corners move by r
    at most and the warped image needs nothing from outside of the original.

    Parameters
    ----------
    images : array_like of shape (n_images, height, width[, n_channels]), or list or dict of images
        Images, which may differ in size, of one number of channels.
    kind : str
        'x-translation', 'y-translation', 'x-scale', 'y-scale', 'x-shear', 'y-shear' or
        'rotation'; or, of more dimensions, 'translation', 'shear', 'translation-shear' or
        'affine'.
    range_factor : float, default=1.0
        Largest displacement of corners, in pixels of the images.
    n_samples : int, default=15
        Number of transforms of each image.
    coordinates : array_like of shape ([n_images,] n_samples, 2, 3), default=None
        Transforms to use, as returned: [[a, b, t_x], [c, d, t_y]]. They take the place of
        `kind`, `range_factor`, `n_samples` and `random_state`.
    object_size : float, default=None
        Side of the object in pixels. If None, a third of the shorter side of the image.
    output_size : int, default=None
        Side of the warped images in pixels. If None, 4/3 of the object.
    fill : {'nearest', 'reflect', 'mirror', 'constant', 'grid-mirror', 'grid-wrap'}, default=None
        What continues an image beyond its edge, as in
        :func:`scipy.ndimage.affine_transform`. If None, nothing does, and transforms that
        need more than there is are refused.
    random_state : int, RandomState, Generator or None, default=None
        Determines the random transforms, which differ between images.

    Returns
    -------
    manifolds : :class:`~sklearn.utils.Bunch`
        With the attributes

        images : ndarray of shape (n_images, n_samples, output_size, output_size[, n_channels])
            Warped images, interpolated linearly, float32 in the range of the originals.
        coordinates : ndarray of shape (n_images, n_samples, 2, 3)
            The transforms.
        y : ndarray of shape (n_images * n_samples,)
            Image of each sample, for ``images.reshape(len(y), -1)``: its name, or its place
            in the list.

    Raises
    ------
    ValueError
        If `kind` is not one of the above, images are too small for the transforms, or
        `coordinates` are not invertible.

    References
    ----------
    .. [1] Cohen, U., Chung, S., Lee, D. D. & Sompolinsky, H. (2020). Separability and
       geometry of object manifolds in deep neural networks. Nat. Commun. 11, 746.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.datasets import affine_manifolds
    >>> images = np.random.default_rng(0).random((3, 48, 48))
    >>> manifolds = affine_manifolds(images, "x-translation", range_factor=2.0, n_samples=5)
    >>> manifolds.images.shape
    (3, 5, 21, 21)
    >>> manifolds.coordinates[0, :, 0, 2] * 8     # in pixels: the object is 16 wide
    array([-2., -1.,  0.,  1.,  2.])
    >>> bool(np.allclose(manifolds.images[0, 4, :, 2:], manifolds.images[0, 2, :, :-2]))
    True
    """
    arrays, names = _as_images(images)
    if fill is not None:
        check_option(fill, "fill", _FILLS)
    if coordinates is None:
        check_option(kind, "kind", (*_LINES, "rotation", *_BALLS))
        check_number(range_factor, "range_factor", 0.0, np.finfo(float).max)
        check_integer(n_samples, "n_samples", 1)
    else:
        coordinates = _as_coordinates(coordinates, len(arrays))
    rng = as_random_state(random_state)
    warped, used = [], []
    for i, (name, image) in enumerate(zip(names, arrays, strict=True)):
        view = _View(image, object_size, output_size, inside=fill is None)
        if coordinates is not None:
            transforms = coordinates[i]
        elif kind in _BALLS:
            transforms = _ball(_BALLS[kind], range_factor / view.unit, n_samples, view, rng)
        else:
            transforms = _line(kind, range_factor / view.unit, n_samples)
        if not view.sees(transforms).all():
            raise ValueError(
                f"image {name!r} of shape {image.shape} is too small for {view.output_size} pixels "
                f"at a range_factor of {range_factor:g}: set fill, or a smaller output_size"
            )
        warped.append(view.warp(transforms, fill or "nearest"))
        used.append(transforms)
    if len({w.shape for w in warped}) > 1:
        raise ValueError(
            "images of different sizes need an object_size and an output_size, got shapes "
            f"{sorted({image.shape for image in arrays})}"
        )
    n_samples = len(used[0])
    return Bunch(
        images=np.stack(warped),
        coordinates=np.stack(used),
        y=np.repeat(np.asarray(names), n_samples),
    )


@checked
def preprocess_images(
    images: npt.ArrayLike,
    size: int = 224,
    *,
    crop: float = 7 / 8,
    mean: npt.ArrayLike = (0.485, 0.456, 0.406),
    std: npt.ArrayLike = (0.229, 0.224, 0.225),
    channels_first: bool = True,
) -> npt.NDArray[np.float32]:
    """Crop, resize and normalize images for a network.

    Cropping the middle 7/8 and resizing to 224 is what resizing to 256 and cropping 224 is.
    Gray images become three equal channels. Where an image is made smaller it is smoothed
    first, by a Gaussian of (factor - 1) / 2 pixels.

    Parameters
    ----------
    images : array_like of shape (..., height, width, 3) or (..., height, width)
        Images. Integers are divided by 255; floats are taken as they are. A last
        dimension of 3 is that of colors.
    size : int, default=224
        Side of the result in pixels.
    crop : float, default=0.875
        Side of the square that is cropped from the middle, in shorter sides of the image.
    mean : array_like of shape (3,), default=(0.485, 0.456, 0.406)
        What is subtracted from each channel. The default is that of ImageNet.
    std : array_like of shape (3,), default=(0.229, 0.224, 0.225)
        What each channel is divided by afterwards. The default is that of ImageNet.
    channels_first : bool, default=True
        Whether the channels come before height and width, as PyTorch and ONNX have them.

    Returns
    -------
    images : ndarray of shape (n_images, 3, size, size) or (n_images, size, size, 3)
        In float32. All dimensions before height are one, in C order.

    Raises
    ------
    ValueError
        If the images have fewer than three dimensions, or `crop` leaves nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.datasets import preprocess_images
    >>> preprocess_images(np.zeros((2, 5, 64, 64, 3), np.uint8), size=32).shape
    (10, 3, 32, 32)
    """
    check_integer(size, "size", 1)
    check_number(crop, "crop", 0.0, 1.0)
    images = as_reals(images, "images")
    if not np.isfinite(images).all():
        raise ValueError("images must be finite, got NaN or infinity")
    mean, std = (as_array(x, name, np.ndim(x)) for x, name in ((mean, "mean"), (std, "std")))
    scale = _PIXEL_MAX if np.issubdtype(images.dtype, np.integer) else 1.0
    if images.ndim < 3 or images.shape[-1] != 3:
        images = images[..., np.newaxis]
    if images.ndim < 4:
        raise ValueError(
            "images must have shape (..., height, width, 3) or (n_images, height, width), got "
            f"{images.shape[: images.ndim - (images.shape[-1] == 1)]}"
        )
    height, width, n_channels = images.shape[-3:]
    images = images.reshape(-1, height, width, n_channels)
    side = round(crop * min(height, width))
    if side < 1:
        raise ValueError(f"a crop of {crop:g} leaves nothing of {height} x {width} pixels")
    top, left = (height - side) // 2, (width - side) // 2
    result = np.empty((len(images), size, size, 3), dtype=np.float32)
    for source, target in zip(images, result, strict=True):
        square = source[top : top + side, left : left + side].astype(np.float64)
        target[:] = (_resize(square, size) / scale - mean) / std
    if not np.isfinite(result).all():
        raise ValueError("images must be finite in float32, and std not 0")
    return np.ascontiguousarray(result.transpose(0, 3, 1, 2)) if channels_first else result


class _View:
    """The window through which warped images are seen, and its scale."""

    def __init__(
        self,
        image: npt.NDArray[np.float32],
        object_size: float | None,
        output_size: int | None,
        inside: bool,
    ) -> None:
        self.image = image
        if object_size is None:
            object_size = min(image.shape[:2]) / _SURROUND
        check_number(object_size, "object_size", 1.0, np.finfo(float).max)
        self.unit = object_size / 2
        self.output_size = round(_FRAME * object_size) if output_size is None else output_size
        check_integer(self.output_size, "output_size", 1)
        self.inside = inside

    def _inverse(
        self, transforms: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return matrices and offsets from rows and columns of the output to the image's."""
        linear = np.linalg.inv(transforms[:, ::-1, 1::-1])  # rows before columns
        shift = transforms[:, ::-1, 2] * self.unit
        middle = (np.array(self.image.shape[:2]) - 1) / 2
        offset = middle - np.einsum("tij,tj->ti", linear, shift + (self.output_size - 1) / 2)
        return linear, offset

    def sees(self, transforms: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return for each transform whether all that it shows is within the image."""
        valid = np.linalg.det(transforms[:, :, :2]) > 0
        if self.inside:
            linear, offset = self._inverse(transforms[valid])
            corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * (self.output_size - 1)
            seen = np.einsum("tij,cj->tci", linear, corners) + offset[:, np.newaxis]
            last = np.array(self.image.shape[:2]) - 1
            valid[valid] = ((seen >= -1e-9) & (seen <= last + 1e-9)).all(axis=(1, 2))
        return valid

    def warp(self, transforms: npt.NDArray[np.float64], fill: str) -> npt.NDArray[np.float32]:
        """Return the warped images."""
        channels = self.image.reshape(*self.image.shape[:2], -1)
        shape = (self.output_size, self.output_size)
        warped = np.empty((len(transforms), *shape, channels.shape[2]), dtype=np.float32)
        for target, linear, offset in zip(warped, *self._inverse(transforms), strict=True):
            for channel in range(channels.shape[2]):
                affine_transform(
                    channels[:, :, channel],
                    linear,
                    offset,
                    output_shape=shape,
                    output=target[:, :, channel],
                    order=1,
                    mode=fill,
                )
        return warped.reshape(len(warped), *shape, *self.image.shape[2:])


def _line(kind: str, r: float, n_samples: int) -> npt.NDArray[np.float64]:
    """Return transforms at equal steps along one direction."""
    transforms = np.tile(np.eye(2, 3), (n_samples, 1, 1))
    if kind == "rotation":
        if r > 2 * np.sqrt(2):
            raise ValueError(
                f"range_factor: no rotation moves corners by {r:g} times half of the object's side"
            )
        angle = np.linspace(-1, 1, n_samples) * 2 * np.arcsin(r / (2 * np.sqrt(2)))
        cos, sin = np.cos(angle), np.sin(angle)
        transforms[:, :, :2] = np.stack([cos, sin, -sin, cos], axis=1).reshape(-1, 2, 2)
        return transforms
    row, column = _LINES[kind]
    if kind.endswith("scale"):
        transforms[:, row, column] = np.geomspace(1 / (1 + r), 1 + r, n_samples)
    else:
        transforms[:, row, column] = np.linspace(-r, r, n_samples)
    return transforms


def _ball(
    entries: list[list[int]], r: float, n_samples: int, view: _View, rng: np.random.RandomState
) -> npt.NDArray[np.float64]:
    """Return random transforms that move corners by r at most and stay within the image."""
    free = np.array(entries)
    sigma = r / (1.25 * (0.286 * free.sum() + 0.684))
    found = np.empty((0, 2, 3))
    for _ in range(_MAX_BATCHES):
        change = rng.normal(scale=sigma, size=(_BATCH, 2, 3)) * free
        change = change[np.linalg.norm(change, axis=(1, 2)) <= r]
        transforms = np.eye(2, 3) + change
        found = np.concatenate([found, transforms[view.sees(transforms)]])
        if len(found) >= n_samples:
            return found[:n_samples]
    raise ValueError(
        f"hardly any of the transforms shows only what an image of shape {view.image.shape} has: "
        "set fill, or a smaller range_factor or output_size"
    )


def _resize(image: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    """Return a square image with another number of pixels."""
    factor = size / len(image)
    if factor < 1:
        blur = (1 / factor - 1) / 2
        image = gaussian_filter(image, sigma=(blur, blur, 0), mode="mirror")
    return zoom(image, (factor, factor, 1), order=1, mode="mirror", grid_mode=True)


def _as_images(images: Any) -> tuple[list[npt.NDArray[np.float32]], list[Name]]:
    """Return the images, and their names or places."""
    items, given = split_names(images, "images")
    if not items:
        raise ValueError("images must not be empty")
    names: list[Name] = list(range(len(items))) if given is None else given
    with np.errstate(over="ignore"):  # what float32 cannot hold is found below
        arrays = [
            as_reals(image, f"image {name!r}").astype(np.float32)
            for name, image in zip(names, items, strict=True)
        ]
    for name, image in zip(names, arrays, strict=True):
        if image.ndim not in (2, 3) or min(image.shape) == 0:
            raise ValueError(
                f"image {name!r} must have shape (height, width[, n_channels]), got {image.shape}"
            )
        if not np.isfinite(image).all():
            raise ValueError(f"image {name!r} must be finite")
    return arrays, names


def _as_coordinates(coordinates: npt.ArrayLike, n_images: int) -> npt.NDArray[np.float64]:
    coordinates = as_array(coordinates, "coordinates", np.ndim(coordinates))
    if coordinates.ndim == 3:
        coordinates = np.broadcast_to(coordinates, (n_images, *coordinates.shape))
    if (
        coordinates.ndim != 4
        or coordinates.shape[::2] != (n_images, 2)
        or coordinates.shape[3] != 3
    ):
        raise ValueError(
            f"coordinates must have shape ([{n_images},] n_samples, 2, 3), got {coordinates.shape}"
        )
    if (np.linalg.det(coordinates[..., :2]) <= 0).any():
        raise ValueError("coordinates must have positive determinants")
    return coordinates
