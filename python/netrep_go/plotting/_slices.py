"""Slices of a map of searchlights on an anatomical image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from scipy.ndimage import map_coordinates

from netrep_go._clusters import ClusterResult
from netrep_go._names import Name, position_of
from netrep_go._parameters import checked
from netrep_go._validation import as_array, check_integer, check_number
from netrep_go.plotting._layout import inches_long, short
from netrep_go.plotting._style import as_colormap, grid, row, shade
from netrep_go.rsa._compare import REGRESSIONS
from netrep_go.rsa._searchlight import SearchlightResult
from netrep_go.rsa._volumes import as_volume

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


_LEAST = 1.05  # inches that a slice is wide
_BAR = 1.05  # inches that a color bar below with its label is high
_MOST = 1000  # points along a side of a slice
_AXES = {"x": (1, 2), "y": (0, 2), "z": (0, 1)}  # across and up
_LETTERS = ("LR", "PA", "IS")  # at the ends of the axes of space


class _Volume(NamedTuple):
    """Values of voxels, and from voxels to space."""

    values: npt.NDArray[np.float64]
    affine: npt.NDArray[np.float64]

    def corners(self) -> npt.NDArray[np.float64]:
        """Return the smallest and the largest coordinates of what is not NaN."""
        voxels = np.argwhere(np.isfinite(self.values))
        low, high = voxels.min(axis=0) - 0.5, voxels.max(axis=0) + 0.5
        box = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1)
        places = self.affine[:3, :3] @ box + self.affine[:3, 3:]
        return np.array([places.min(axis=1), places.max(axis=1)])

    def sizes(self) -> npt.NDArray[np.float64]:
        """Return the lengths of the edges of voxels."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def at(self, places: npt.NDArray[np.float64], *, smooth: bool) -> npt.NDArray[np.float64]:
        """Return values at places of shape (3, height, width); NaN outside.

        Those of the nearest voxels or, where all around are known, in between.
        """
        back = np.linalg.inv(self.affine)
        voxels = np.tensordot(back[:3, :3], places, 1) + back[:3, 3, np.newaxis, np.newaxis]
        inside = (voxels >= -0.5) & (voxels <= np.array(self.values.shape)[:, None, None] - 0.5)
        nearest = np.clip(np.round(voxels), 0, np.array(self.values.shape)[:, None, None] - 1)
        found = self.values[tuple(nearest.astype(int))]
        if smooth:
            between = map_coordinates(self.values, voxels, order=1, mode="nearest")
            found = np.where(np.isnan(between), found, between)
        return np.where(inside.all(axis=0), found, np.nan)


class SearchlightDisplay:
    """Slices of a map of searchlights, on an anatomical image if there is one.

    Right is right: the left hemisphere is on the left, and letters say so.

    It is recommended to use :meth:`from_searchlight`, or the method ``plot`` of a
    :class:`netrep_go.rsa.SearchlightResult`, to create a display.

    Parameters
    ----------
    maps : ndarray of shape (n_slices, height, width)
        Scores in each slice; NaN is not drawn.
    backgrounds : ndarray of shape (n_slices, height, width) or None
        Anatomy in each slice.
    positions : ndarray of shape (n_slices,)
        Where they are along the axis, in mm or voxels.
    extent : tuple of float
        Ends of the slices: left, right, bottom, top.
    axis : {'x', 'y', 'z'}, default='z'
        What is the same in a slice.
    unit : {'mm', 'voxels'}, default='voxels'
        Unit of positions.
    label : str, default='score'
        What the scores are.

    Attributes
    ----------
    ims_ : list of matplotlib AxesImage
        The maps, of the same scale.
    axes_ : ndarray of matplotlib Axes of shape (n_slices,)
        The panels.
    figure_ : matplotlib Figure
        Figure that contains the panels.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import searchlight
    >>> rng = np.random.default_rng(0)
    >>> found = searchlight(
    ...     rng.standard_normal((6, 5, 5, 4)), rng.random(15), mask=np.ones((5, 5, 4)))
    >>> display = found.plot(slices=3)
    >>> [panel.get_title() for panel in display.axes_]
    ['z = 0', 'z = 2', 'z = 3']
    """

    def __init__(
        self,
        maps: npt.NDArray[np.float64],
        backgrounds: npt.NDArray[np.float64] | None,
        *,
        positions: npt.NDArray[np.float64],
        extent: tuple[float, float, float, float],
        axis: Literal["x", "y", "z"] = "z",
        unit: str = "voxels",
        label: str = "score",
    ) -> None:
        self.maps = maps
        self.backgrounds = backgrounds
        self.positions = positions
        self.extent = extent
        self.axis = axis
        self.unit = unit
        self.label = label

    @classmethod
    @checked
    def from_searchlight(
        cls,
        result: SearchlightResult,
        *,
        model: Name = 0,
        background: Any = None,
        axis: Literal["x", "y", "z"] = "z",
        slices: int | Sequence[float] = 6,
        threshold: float = 0.0,
        clusters: ClusterResult | None = None,
        alpha: float = 0.05,
        width: float = 7.0,
        cmap: str | None = None,
        ax: Sequence[Axes] | None = None,
    ) -> SearchlightDisplay:
        """Cut a map into slices and draw them.

        Parameters
        ----------
        result : SearchlightResult
            Result of :func:`netrep_go.rsa.searchlight` for a mask of voxels; of several
            subjects the mean is drawn.
        model : hashable, default=0
            Name of the model, or its position.
        background : image, path or array_like of the shape of the mask, default=None
            Anatomy. An image may have other voxels, in the same space; 0 and NaN are left
            blank.
        axis : {'x', 'y', 'z'}, default='z'
            What is the same in a slice: 'x' for sagittal, 'y' for coronal, 'z' for horizontal
            ones.
        slices : int or sequence of float, default=6
            How many, at equal steps through what is drawn of the map and no closer than voxels,
            or where, in mm or, without an affine, in voxels.
        threshold : float, default=0.0
            Scores that are not farther than this from 0 are not drawn.
        clusters : ClusterResult, default=None
            Result of :func:`netrep_go.rsa.cluster_test` for this model: only what is
            significant in it is drawn.
        alpha : float, default=0.05
            Largest p-value that is significant.
        width : float, default=7.0
            Width of the new figure in inches.
        cmap : str or matplotlib Colormap, default=None
            Color map; None for one with 0 in the middle if there are scores below, and else
            one from 0 on.
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a slice. If None, a new figure is made.

        Returns
        -------
        display : SearchlightDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If these are no scores of a volume, none is beyond the threshold or significant, the
            background has another shape and no affine, or a slice is where there is nothing.
        """
        check_number(threshold, "threshold", 0, np.finfo(float).max)
        check_number(alpha, "alpha", 0, 1)
        shown = None if clusters is None else clusters.significant(alpha)
        everything = _of_scores(result, model)
        scores = _chosen(everything, threshold, shown, result.shape or ())
        anatomy = _of_anatomy(background, scores, result)
        both = [everything] if anatomy is None else [everything, anatomy]
        ends = [volume.corners()[:, "xyz".index(axis)] for volume in (scores, *both)]
        limits = np.min(ends), np.max(ends)
        positions = _positions(slices, ends[0], limits, scores.sizes().min())
        places, extent = _planes(both, axis, positions)
        backgrounds = None
        if anatomy is not None:
            backgrounds = np.array([anatomy.at(plane, smooth=True) for plane in places])
        display = cls(
            np.array([scores.at(plane, smooth=False) for plane in places]),
            backgrounds,
            positions=positions,
            extent=extent,
            axis=axis,
            unit="voxels" if result.affine is None else "mm",
            label=_label(result, model),
        )
        return display.plot(ax=ax, width=width, cmap=cmap)

    @checked
    def plot(
        self,
        ax: Sequence[Axes] | None = None,
        *,
        width: float = 7.0,
        cmap: str | None = None,
    ) -> SearchlightDisplay:
        """Draw the slices.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a slice. If None, a new figure is made.
        width : float, default=7.0
            Width of the new figure in inches.
        cmap : str or matplotlib Colormap, default=None
            Color map; None as in :meth:`from_searchlight`.

        Returns
        -------
        display : SearchlightDisplay
            The drawn display.
        """
        check_number(width, "width", 1, 100)
        left, right, bottom, top = self.extent
        ratio = (top - bottom) / (right - left)
        n = len(self.maps)
        self.axes_ = grid(n, width, _LEAST, ratio=0.85 * ratio + 0.12) if ax is None else row(ax, n)
        self.figure_ = self.axes_[0].figure
        far = float(np.nanmax(np.abs(self.maps)))
        signed = bool(np.nanmin(self.maps) < 0)
        style: dict[str, Any] = {
            "cmap": as_colormap(cmap or ("RdBu_r" if signed else "viridis")),
            "vmin": -far * signed,
            "vmax": far,
            "extent": self.extent,
            "origin": "lower",
            "interpolation": "nearest",
        }
        self.ims_ = []
        for k, panel in enumerate(self.axes_):
            self._draw_background(panel, k)
            self.ims_.append(panel.imshow(self.maps[k], **style))
            panel.set_title(f"{self.axis} = {self.positions[k]:g}{self._unit()}", fontsize="small")
            panel.spines[:].set_visible(False)
            panel.set(xticks=[], yticks=[])
        self._write_letters()
        self._draw_bar(
            self.figure_.get_figheight() if ax is None else _height(self.axes_), ax is None
        )
        return self

    def _draw_bar(self, room: float, is_new: bool) -> None:
        """Draw the color bar on the right, or below where its label would be too long there."""
        beside = max(map(inches_long, self.label.split("\n"))) <= room
        if is_new and not beside:
            self.figure_.set_figheight(room + _BAR)
        where: dict[str, Any] = {"location": "right", "shrink": 0.8}
        if not beside:
            where = {"location": "bottom", "shrink": 0.5, "aspect": 40}
        bar = self.figure_.colorbar(self.ims_[0], ax=list(self.axes_), **where)
        bar.set_label(self.label, fontsize="small")

    def _unit(self) -> str:
        return " mm" if self.unit == "mm" else ""

    def _draw_background(self, ax: Axes, k: int) -> None:
        """Draw the anatomy in gray, or its place where there is none but the map."""
        if self.backgrounds is None:
            ax.set_facecolor(shade(ax, 0.93))
            return
        known = self.backgrounds[np.isfinite(self.backgrounds) & (self.backgrounds != 0)]
        ends = np.percentile(known, [1, 99]) if known.size else np.array([0, 1])
        if ends[0] == ends[1]:  # a mask, which is neither black nor white
            ends = np.sort([0, 2 * ends[1]])
        gray = np.where(self.backgrounds[k] == 0, np.nan, self.backgrounds[k])
        style: dict[str, Any] = {
            "cmap": "gray",
            "vmin": ends[0],
            "vmax": ends[1],
            "origin": "lower",
        }
        ax.imshow(gray, extent=self.extent, interpolation="bilinear", **style)

    def _write_letters(self) -> None:
        """Write at the sides of the first slice which is which, where space is known."""
        if self.unit != "mm":
            return
        across, up = (_LETTERS[axis] for axis in _AXES[self.axis])
        for letter, x, y in ((across[0], 0, 0.5), (across[1], 1, 0.5), (up[1], 0.5, 1)):
            self.axes_[0].annotate(
                letter,
                (x, y),
                xycoords="axes fraction",
                ha=("left", "center", "right")[int(2 * x)],
                va="top" if y == 1 else "center",
                fontsize="small",
                fontweight="bold",
                bbox={"fc": shade(self.axes_[0], 1), "ec": "none", "pad": 0.6, "alpha": 0.7},
            )


def _height(panels: npt.NDArray[np.object_]) -> float:
    """Return the inches from the lowest to the highest of axes."""
    boxes = [panel.get_window_extent() for panel in panels]
    dots = max(box.y1 for box in boxes) - min(box.y0 for box in boxes)
    return float(dots / panels[0].figure.dpi)


def _label(result: SearchlightResult, model: Name) -> str:
    """Return what the scores are: of which model, by which similarity, and of whom."""
    name = result.names[position_of(model, result.names)]
    text = f"model {name}" if isinstance(name, int) else short(name)
    whose = f", mean of {len(result.subjects)} subjects" if result.subjects is not None else ""
    what = "weight of" if result.method in REGRESSIONS else "similarity to"
    return f"{what} {text}\n({result.method}{whose})"


def _of_scores(result: SearchlightResult, model: Name) -> _Volume:
    """Return the scores, their mean over subjects, as a volume of three dimensions."""
    volume = result.to_volume(model)
    if result.subjects is not None:
        volume = volume.mean(axis=0)  # NaN where a subject has none
    if volume.ndim not in (2, 3):
        raise ValueError(
            f"slices are of volumes, got scores of shape {volume.shape}: draw those of a surface "
            "with nilearn, from to_gifti()"
        )
    values = volume.reshape(*volume.shape, *[1] * (3 - volume.ndim)).astype(np.float64)
    return _Volume(values, np.eye(4) if result.affine is None else result.affine)


def _chosen(
    scores: _Volume,
    threshold: float,
    shown: npt.NDArray[np.bool_] | None,
    shape: tuple[int, ...],
) -> _Volume:
    """Return the scores that are drawn, and NaN in place of the others."""
    values = scores.values
    if threshold > 0:
        values = np.where(np.abs(values) > threshold, values, np.nan)
    if not np.isfinite(values).any():
        raise ValueError(f"threshold={threshold:g} leaves no score to draw")
    if shown is not None:
        values = _significant(values, shown, shape)
    return scores._replace(values=values)


def _significant(
    values: npt.NDArray[np.float64], shown: npt.NDArray[np.bool_], shape: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Return the scores that are significant, and NaN elsewhere."""
    if shown.shape != shape:
        raise ValueError(
            f"clusters must be of the same voxels as result, got shapes {shown.shape} and {shape}"
        )
    values = np.where(shown.reshape(values.shape), values, np.nan)
    if not np.isfinite(values).any():
        raise ValueError("clusters has no significant score to draw: raise alpha or leave it out")
    return values


def _of_anatomy(background: Any, scores: _Volume, result: SearchlightResult) -> _Volume | None:
    if background is None:
        return None
    image = as_volume(background, "background")
    if image is not None:
        if result.affine is None:
            raise ValueError("background is an image, and the scores have no affine")
        return _Volume(image.values[0].astype(np.float64), image.affine)
    shape = result.shape or ()
    values = as_array(background, "background", len(shape), allow_nan=True)
    if values.shape != shape:
        raise ValueError(
            f"background must be an image, or have the shape {shape} of the mask, got "
            f"{values.shape}"
        )
    return _Volume(values.reshape(scores.values.shape), scores.affine)


def _positions(
    slices: int | Sequence[float],
    ends: npt.NDArray[np.float64],
    limits: tuple[float, float],
    least: float,
) -> npt.NDArray[np.float64]:
    """Return where slices are: in the middles of equal parts between the ends, or as given."""
    if isinstance(slices, int):
        check_integer(slices, "slices", 1, 100)
        n = min(slices, max(1, round((ends[1] - ends[0]) / least)))
        middles = (np.arange(n) + 0.5) / n
        return np.round(ends[0] + middles * (ends[1] - ends[0])) + 0.0  # not -0
    found = as_array(slices, "slices", 1)
    outside = found[(found < limits[0]) | (found > limits[1])]
    if outside.size:
        raise ValueError(
            f"slices must be from {limits[0]:g} to {limits[1]:g}, where there is something, got "
            f"{outside[0]:g}"
        )
    return found


def _planes(
    volumes: Sequence[_Volume], axis: str, positions: npt.NDArray[np.float64]
) -> tuple[list[npt.NDArray[np.float64]], tuple[float, float, float, float]]:
    """Return the places of the points of each slice, and its ends."""
    corners = np.array([volume.corners() for volume in volumes])
    low, high = corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)
    across, up = _AXES[axis]
    sides = (high - low)[[across, up]]
    step = max(min(volume.sizes().min() for volume in volumes), sides.max() / _MOST)
    n_across, n_up = (max(1, round(side / step)) for side in sides)
    x = low[across] + (np.arange(n_across) + 0.5) * sides[0] / n_across
    y = low[up] + (np.arange(n_up) + 0.5) * sides[1] / n_up
    planes = []
    for position in positions:
        plane = np.empty((3, n_up, n_across))
        plane["xyz".index(axis)] = position
        plane[across], plane[up] = np.meshgrid(x, y)
        planes.append(plane)
    extent = (low[across], high[across], low[up], high[up])
    return planes, tuple(map(float, extent))  # type: ignore[return-value]
