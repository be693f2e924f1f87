"""Values in rows: names beside them, points, bars and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._names import Name
from netrep_go.plotting._layout import name_rows
from netrep_go.plotting._style import COLORS, axes, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 26  # characters of a name in one line
GRAY = "0.55"  # on white and on black


def ink() -> str:
    """Return the color of lines: that of text, in dark styles too."""
    return str(pyplot().rcParams["text.color"])


def of_pairs(values: Any, found: Any) -> np.ndarray:
    """Return what a result has of each pair, of two networks or of a cohort."""
    return values[found.pairs] if np.ndim(values) else np.array([values])


def as_text(name: Name) -> str:
    """Return a name, of one word or several, as text."""
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def joined(first: str, word: str, second: str) -> str:
    """Return two names, the second below the first where a line would be too long."""
    line = f"{first} {word} {second}"
    return line if len(line) <= _LONGEST else f"{first}\n{word} {second}"


def both_names(first: Name, second: Name) -> str:
    """Return what a pair of networks is called."""
    return joined(as_text(first), "and", as_text(second))


def side_by_side(ax: Any, n_panels: int, labels: list[str]) -> Any:
    """Return axes, of which there must be so many, or those of a new figure with these rows."""
    if ax is not None:
        given = np.atleast_1d(np.asarray(ax, dtype=object))
        if given.shape != (n_panels,):
            raise ValueError(f"ax must be {n_panels} axes, got shape {given.shape}")
        return np.array([axes(each, (1, 1)) for each in given])
    height = 0.33 if any("\n" in label for label in labels) else 0.22
    size = (2.0 + 2.4 * n_panels, 0.9 + height * len(labels))
    _, grid = pyplot().subplots(
        1, n_panels, figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    return grid[0]


def label_rows(ax: Axes, labels: list[str]) -> None:
    """Write names beside rows, the first on top, and leave only the axis of the values."""
    name_rows(ax, range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)


def draw_null(ax: Axes, rows: Any, low: Any, high: Any, **label: Any) -> Any:
    """Draw where a null is."""
    if len(rows) == 0:
        how: dict[str, Any] = {"linewidth": 5, "solid_capstyle": "butt"}  # text stands beside it
        return ax.plot([], [], color=GRAY, alpha=0.5, **how, **label)[0]
    return ax.hlines(rows, low, high, color=GRAY, alpha=0.5, linewidth=5, **label)


def draw_intervals(ax: Axes, rows: Any, low: Any, high: Any) -> None:
    """Draw intervals as lines."""
    ax.hlines(rows, low, high, color=COLORS[0], linewidth=1.6)


def draw_points(ax: Axes, values: Any, rows: Any, *, filled: bool = True, **label: Any) -> Any:
    """Draw values, filled or open."""
    face = COLORS[0] if filled else pyplot().rcParams["axes.facecolor"]
    style: dict[str, Any] = {
        "markerfacecolor": face,
        "markeredgecolor": COLORS[0],
        "markersize": 5.5,
    }
    return ax.plot(values, rows, "o", **style, **label)[0]


def legend_above(ax: Axes, handles: list[Any]) -> None:
    """Say above all panels what is drawn, once a figure."""
    if ax.figure.legends:
        return
    how = {
        "ncols": len(handles),
        "frameon": False,
        "fontsize": "small",
        "handletextpad": 0.3,
        "handlelength": 1.2,
    }
    ax.figure.legend(handles=handles, loc="outside upper center", columnspacing=0.9, **how)
