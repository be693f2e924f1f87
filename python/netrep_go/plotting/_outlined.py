"""Maps over times whose clusters have outlines: what fusion and generalization over time share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go.plotting._style import as_colormap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from netrep_go._clusters import ClusterResult


def draw_outlined(
    ax: Axes,
    values: np.ndarray,
    edges: tuple[np.ndarray, np.ndarray],
    *,
    middle: float,
    label: str,
    cmap: Any,
    clusters: ClusterResult | None,
    alpha: float,
    **style: Any,
) -> Any:
    """Draw values in colors around a middle, with outlines of the clusters, and a color bar.

    Edges are those of the cells across and down.
    """
    far = float(np.abs(values[np.isfinite(values)] - middle).max(initial=0.0)) or 1.0
    ends: dict[str, Any] = {"vmin": middle - far, "vmax": middle + far}
    mesh = ax.pcolormesh(*edges, values, cmap=as_colormap(cmap), **ends, **style)
    if clusters is not None:
        _outline(ax, clusters.significant(alpha), *edges)
    ax.figure.colorbar(mesh, ax=ax, label=label)
    return mesh


def _outline(ax: Axes, shown: np.ndarray, at: np.ndarray, rows: np.ndarray) -> None:
    """Draw the edges between cells that are in clusters and cells that are not."""
    inside = np.pad(shown, 1)
    for i, j in zip(*np.nonzero(inside[1:, 1:-1] != inside[:-1, 1:-1]), strict=True):
        ax.plot(at[j : j + 2], [rows[i]] * 2, color="0.1", lw=1.2)
    for i, j in zip(*np.nonzero(inside[1:-1, 1:] != inside[1:-1, :-1]), strict=True):
        ax.plot([at[j]] * 2, rows[i : i + 2], color="0.1", lw=1.2)


def edges_of(times: np.ndarray) -> np.ndarray:
    """Return the edges of cells that have their centers at the times."""
    if len(times) == 1:
        return times[0] + np.array([-0.5, 0.5])
    middles = (times[1:] + times[:-1]) / 2
    return np.concatenate([[2 * times[0] - middles[0]], middles, [2 * times[-1] - middles[-1]]])


def with_unit(text: str, unit: str | None) -> str:
    """Return what stands along an axis, with its unit if there is one."""
    return text if unit is None else f"{text} ({unit})"
