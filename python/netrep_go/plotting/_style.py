"""What the displays share: colors, axes and legends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
_MAX_COLUMNS = 3


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
    n_columns = min(n_panels, _MAX_COLUMNS)
    n_rows = -(-n_panels // n_columns)
    _, grid = pyplot().subplots(
        n_rows,
        n_columns,
        figsize=(3.2 * n_columns, 2.7 * n_rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for empty in grid.flat[n_panels:]:
        empty.remove()
    return grid.ravel()[:n_panels]


def from_zero(ax: Axes) -> None:
    """Let the y axis begin at 0 and leave space above the largest value for its marker."""
    ax.update_datalim([(0, 0)], updatex=False)
    ax.autoscale_view()
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


def text_of(name: Name) -> str:
    """Return a name as it is drawn: that of a layer after that of its network."""
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def write_names(ax: Axes, points: npt.NDArray[np.float64], names: Sequence[Name] | None) -> None:
    """Write names beside points, if there are any."""
    for point, name in zip(points, names or (), strict=False):
        ax.annotate(str(name), point, (4, 4), textcoords="offset points", fontsize="small")


def label(ax: Axes, name: str, levels: Sequence[tuple[Any, str, str]]) -> None:
    """Add an empty labelled point for each level, its color and marker to the legend."""
    for level, color, marker in levels:
        ax.scatter([], [], label=f"{name} {level}", **point(color, marker))


def point(color: str | Sequence[str], marker: str) -> dict[str, Any]:
    """Return the style of a network's point."""
    return {
        "c": color,
        "marker": marker,
        "s": 55,
        "edgecolors": "0.2",
        "linewidths": 0.6,
    }


def levels(
    covariates: Mapping[str, npt.ArrayLike] | None,
    name: str | None,
    n_networks: int,
    palette: Sequence[str],
) -> tuple[npt.NDArray[np.generic], dict[Any, str]]:
    """Return each network's level of a covariate and the palette entry of each level.

    Without a name, all networks have the same level.
    """
    if name is None:
        return np.zeros(n_networks), {0.0: palette[0]}
    if covariates is None or name not in covariates:
        raise ValueError(f"covariates must have a column {shown(name)}")
    values = np.asarray(covariates[name])
    if values.shape != (n_networks,):
        raise ValueError(f"covariate {name!r} must have shape ({n_networks},), got {values.shape}")
    levels = np.unique(values).tolist()
    if len(levels) > len(palette):
        raise ValueError(
            f"covariate {name!r} must have at most {len(palette)} levels, got {len(levels)}"
        )
    return values, dict(zip(levels, palette, strict=False))
