"""Samples of image manifolds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from netrep_go._validation import check_integer
from netrep_go.plotting._style import axes

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

_GAP = 2  # pixels between images


class ImageManifoldsDisplay:
    """Grid of images, one row a manifold.

    It is recommended to use :meth:`from_images` to create a display.

    Parameters
    ----------
    images : ndarray of shape (n_manifolds, n_samples, height, width[, 3])
        The images that are shown, with intensities from 0 to 1.
    labels : sequence of str, default=None
        Name of each manifold.

    Attributes
    ----------
    im_ : matplotlib AxesImage
        The grid.
    ax_ : matplotlib Axes
        Axes with the grid.
    figure_ : matplotlib Figure
        Figure that contains the grid.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.datasets import affine_manifolds
    >>> from netrep_go.plotting import ImageManifoldsDisplay
    >>> images = np.random.default_rng(0).random((3, 30, 30))
    >>> manifolds = affine_manifolds(images, "rotation", range_factor=2.0)
    >>> display = ImageManifoldsDisplay.from_images(manifolds.images, n_samples=5)
    >>> display.images.shape
    (3, 5, 13, 13)
    """

    def __init__(
        self, images: npt.NDArray[np.float64], *, labels: Sequence[str] | None = None
    ) -> None:
        self.images = images
        self.labels = labels

    @classmethod
    def from_images(
        cls,
        images: npt.ArrayLike,
        *,
        n_manifolds: int = 8,
        n_samples: int = 9,
        labels: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> ImageManifoldsDisplay:
        """Choose samples at equal steps and draw them.

        Parameters
        ----------
        images : array-like of shape (n_manifolds, n_samples, height, width[, 3])
            Images, gray or in colours, for instance those of
            :func:`netrep_go.datasets.affine_manifolds`. Intensities above 1 are taken as
            being out of 255.
        n_manifolds, n_samples : int
            Largest number of manifolds to show, which are the first ones, and of samples.
        labels : sequence of str, default=None
            Name of each manifold.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ImageManifoldsDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `images` do not have this shape, or `labels` are not as many as manifolds.
        """
        check_integer(n_manifolds, "n_manifolds", 1)
        check_integer(n_samples, "n_samples", 1)
        images = np.asarray(images, dtype=np.float64)
        if images.ndim not in (4, 5) or (images.ndim == 5 and images.shape[4] != 3):
            raise ValueError(
                "images must have shape (n_manifolds, n_samples, height, width[, 3]), got "
                f"{images.shape}"
            )
        if labels is not None and len(labels) != len(images):
            raise ValueError(f"labels must have length {len(images)}, got {len(labels)}")
        total = images.shape[1]
        chosen = np.linspace(0, total - 1, min(n_samples, total)).round().astype(int)
        images = images[:n_manifolds, chosen]
        if images.max() > 1:
            images = images / 255.0
        display = cls(
            images.clip(0.0, 1.0), labels=None if labels is None else labels[:n_manifolds]
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> ImageManifoldsDisplay:
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ImageManifoldsDisplay
            The drawn display.
        """
        n_rows, n_columns, height, width = self.images.shape[:4]
        self.ax_ = axes(ax, figsize=(0.9 * n_columns, 0.9 * n_rows * height / width))
        self.figure_ = self.ax_.figure
        room = [(0, 0), (0, 0), (0, _GAP), (0, _GAP), (0, 0)][: self.images.ndim]
        padded = np.pad(self.images, room, constant_values=1.0)
        rows = padded.swapaxes(1, 2).reshape(
            n_rows * (height + _GAP), n_columns * (width + _GAP), *self.images.shape[4:]
        )
        self.im_ = self.ax_.imshow(rows, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
        self.ax_.spines[:].set_visible(False)
        self.ax_.set(xticks=[], yticks=[])
        if self.labels is not None:
            middles = (np.arange(n_rows) + 0.5) * (height + _GAP)
            self.ax_.set_yticks(middles, self.labels, fontsize="small")
            self.ax_.tick_params(axis="y", length=0)
        return self
