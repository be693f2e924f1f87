"""Samples of image manifolds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._names import Name, split_names
from netrep_go._parameters import checked
from netrep_go._validation import as_reals, check_integer
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
    names : sequence of hashable, default=None
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
        self, images: npt.NDArray[np.float64], *, names: Sequence[Name] | None = None
    ) -> None:
        self.images = images
        self.names = names

    @classmethod
    @checked
    def from_images(
        cls,
        images: npt.NDArray[Any] | Sequence[npt.ArrayLike] | Mapping[Any, npt.ArrayLike],
        *,
        n_manifolds: int = 8,
        n_samples: int = 9,
        names: Sequence[Name] | None = None,
        ax: Axes | None = None,
    ) -> ImageManifoldsDisplay:
        """Choose samples at equal steps and draw them.

        Parameters
        ----------
        images : array_like of shape (n_manifolds, n_samples, height, width[, 3])
            Images, gray or in colors, for instance those of
            :func:`netrep_go.datasets.affine_manifolds`. Intensities above 1 are taken as
            being out of 255.
        n_manifolds : int, default=8
            Largest number of manifolds to show, which are the first ones.
        n_samples : int, default=9
            Largest number of samples of each.
        names : sequence of hashable, default=None
            Name of each manifold. A dict of arrays has its own.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ImageManifoldsDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `images` do not have this shape, or `names` are not as many as manifolds.
        """
        check_integer(n_manifolds, "n_manifolds", 1)
        check_integer(n_samples, "n_samples", 1)
        items, found = split_names(images, "images", names)
        shown = as_reals([as_reals(x, "images") for x in items], "images").astype(np.float64)
        if shown.ndim not in (4, 5) or (shown.ndim == 5 and shown.shape[4] != 3):
            raise ValueError(
                "images must have shape (n_manifolds, n_samples, height, width[, 3]), got "
                f"{shown.shape}"
            )
        if not shown.size:
            raise ValueError(f"images must not be empty, got shape {shown.shape}")
        if not np.isfinite(shown).all():
            raise ValueError("images must be finite, got NaN or infinity")
        total = shown.shape[1]
        chosen = np.linspace(0, total - 1, min(n_samples, total)).round().astype(int)
        shown = shown[:n_manifolds, chosen]
        if shown.max() > 1:
            shown = shown / 255.0
        display = cls(shown.clip(0.0, 1.0), names=None if found is None else found[:n_manifolds])
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
        shape = (n_rows, height + _GAP, n_columns, width + _GAP, *self.images.shape[4:])
        rows = np.ma.masked_array(np.zeros(shape), True)
        rows[:, :height, :, :width] = self.images.swapaxes(1, 2)
        rows = rows.reshape(n_rows * (height + _GAP), n_columns * (width + _GAP), *rows.shape[4:])
        self.im_ = self.ax_.imshow(rows, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
        self.ax_.spines[:].set_visible(False)
        self.ax_.set(xticks=[], yticks=[])
        if self.names is not None:
            middles = (np.arange(n_rows) + 0.5) * (height + _GAP)
            self.ax_.set_yticks(middles, [str(name) for name in self.names], fontsize="small")
            self.ax_.tick_params(axis="y", length=0)
        return self
