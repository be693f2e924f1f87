"""What the displays share: colors that hold on light and dark grounds, axes and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from netrep_go._names import Name, check_names, row_names
from netrep_go._optional import optional
from netrep_go._shown import shown

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

# Ten colors that remain distinct with color vision deficiencies: Petroff, M. A.
# (2021), Accessible color sequences for data visualization, arXiv:2107.02270.
COLORS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
_MAX_COLUMNS = 3
_WHITE = (1.0, 1.0, 1.0)


def shade(ax: Axes, lightness: float) -> tuple[float, float, float]:
    """Return a gray of these axes: 0 is that of their text, 1 that of the ground.

    What is drawn with it is seen on white and, turned around, on black.
    """
    from matplotlib.colors import to_rgb

    ink = np.array(to_rgb(ax.xaxis.label.get_color()))
    red, green, blue = (1 - lightness) * ink + lightness * np.array(_ground(ax, ink))
    return float(red), float(green), float(blue)


def _ground(ax: Axes, ink: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Return the color behind axes; where that is transparent, what ink is made for."""
    from matplotlib.colors import to_rgba

    for color in (ax.get_facecolor(), ax.figure.get_facecolor()):
        *rgb, alpha = to_rgba(color)
        if alpha > 0:
            return tuple(rgb)
    return _WHITE if ink.mean() < 0.5 else (0.0, 0.0, 0.0)


def line_styles(n_lines: int, what: str) -> list[dict[str, Any]]:
    """Return a color and dashes for each line, no two of them alike."""
    most = len(COLORS) * len(DASHES)
    if n_lines > most:
        raise ValueError(f"at most {most} {what} can be told apart in one figure, got {n_lines}")
    return [
        {"color": COLORS[k % len(COLORS)], "linestyle": DASHES[k // len(COLORS)]}
        for k in range(n_lines)
    ]


def as_colormap(cmap: Any) -> Any:
    """Return a color map by its name, or as it is; raise if there is none of that name."""
    from matplotlib import colormaps
    from matplotlib.colors import Colormap

    if isinstance(cmap, Colormap):
        return cmap
    if not isinstance(cmap, str) or cmap not in colormaps:
        known = get_close_matches(cmap, colormaps, 3, 0.5) if isinstance(cmap, str) else []
        names = ", ".join(map(repr, known or ["viridis", "RdBu_r", "gray"]))
        raise ValueError(
            f"cmap must be a Colormap of matplotlib or the name of one, such as {names}, got "
            f"{shown(cmap)}"
        )
    return colormaps[cmap]


def axes(
    ax: Axes | None,
    figsize: tuple[float, float],
    layout: Literal["constrained", "compressed"] = "constrained",
) -> Axes:
    """Return the axes, or those of a new figure: compressed for a square with names beside it."""
    if ax is None:
        _, ax = pyplot().subplots(figsize=figsize, layout=layout)
    return ax


def row(ax: Sequence[Axes] | None, n_panels: int) -> npt.NDArray[np.object_]:
    """Return the axes, of which there must be so many, or those of a new figure in a row."""
    if ax is None:
        size = (3.25 * n_panels, 3.2)
        _, grid = pyplot().subplots(1, n_panels, figsize=size, squeeze=False, layout="constrained")
        return grid[0]
    given = np.asarray(ax)
    if given.shape != (n_panels,):
        raise ValueError(f"ax must be {n_panels} axes, got shape {given.shape}")
    return given


def panels(n_panels: int) -> npt.NDArray[np.object_]:
    """Return the axes of a new figure with a grid of panels on the same scale."""
    width = 3.2 * min(n_panels, _MAX_COLUMNS)
    return grid(n_panels, width, 3.2, ratio=2.7 / 3.2, share=True)


def grid(
    n_panels: int, width: float, least: float, *, ratio: float = 1.0, share: bool = False
) -> npt.NDArray[np.object_]:
    """Return the axes of a new figure of this width, as many in a row as are ``least`` wide.

    The ratio is that of their height to their width.
    """
    n_columns = min(n_panels, max(1, int(width / least + 1e-9)))
    n_rows = -(-n_panels // n_columns)
    panel = width / n_columns
    _, found = pyplot().subplots(
        n_rows,
        n_columns,
        figsize=(width, panel * ratio * n_rows),
        sharex=share,
        sharey=share,
        squeeze=False,
        layout="constrained",
    )
    for empty in found.flat[n_panels:]:
        empty.remove()
    return found.ravel()[:n_panels]


def from_zero(ax: Axes) -> None:
    """Let the y axis begin at 0, or below what is negative, and leave space above for markers."""
    ax.update_datalim([(0, 0)], updatex=False)
    ax.autoscale_view()
    if ax.dataLim.y0 >= 0:
        ax.set_ylim(bottom=0)


def pyplot() -> Any:
    """Import what draws."""
    optional("matplotlib", "plot", "netrep_go.plotting")
    from matplotlib import pyplot

    return pyplot


def names_of(names: Iterable[Name] | None, x: Any, n: int, what: str) -> list[Name] | None:
    """Return what is drawn beside ``n`` things, of which ``x`` may be a DataFrame with names."""
    if names is None:
        return row_names(x)
    return check_names(names, n, what, unique=False)


def point(ax: Axes, color: Any, marker: str) -> dict[str, Any]:
    """Return the style of a network's point."""
    return {
        "c": color,
        "marker": marker,
        "s": 55,
        "edgecolors": [shade(ax, 0.2)],
        "linewidths": 0.6,
    }
