"""Marks of pairs of models that differ: lines above bars, or a matrix of all pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go.plotting._layout import axes_above, inches, name_rows
from netrep_go.plotting._style import COLORS, shade

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from netrep_go.rsa import ModelContrasts

MOST_LINES = 10  # beyond which a matrix is easier to read
_STEP = 0.035  # from line to line, in units of the height of the bars
_CELL = 0.14  # inches, at most


def significant_pairs(contrasts: ModelContrasts | None, alpha: float) -> list[tuple[int, int]]:
    """Return the pairs of models that differ."""
    if contrasts is None:
        return []
    found = contrasts.pvalue_corrected < alpha
    return [pair for pair, sure in zip(contrasts.pairs, found, strict=True) if sure]


def draw_lines(ax: Axes, pairs: list[tuple[int, int]], base: float, height: float) -> None:
    """Draw a line above the bars for each pair, short ones below."""
    by_length = sorted(pairs, key=lambda pair: (pair[1] - pair[0], pair))
    for k, (i, j) in enumerate(by_length):
        at = base + (k + 1) * _STEP * height
        ax.plot([i, j], [at, at], color=shade(ax, 0.2), linewidth=1.2)


def draw_matrix(
    ax: Axes, pairs: list[tuple[int, int]], values: npt.NDArray[np.float64], names: list[Any]
) -> Axes:
    """Draw above the bars which models (columns) are better or worse than others (rows)."""
    from matplotlib.colors import ListedColormap

    n = len(names)
    signs = np.zeros((n, n))
    for i, j in pairs:
        signs[j, i] = np.sign(values[i] - values[j])
        signs[i, j] = -signs[j, i]
    width, height = inches(ax)
    share = float(np.clip(n * min(width / n, _CELL) / height, 0.25, 0.55))
    matrix = axes_above(ax, share)
    steps: list[Any] = [COLORS[1], shade(ax, 0.93), COLORS[0]]
    colors = ListedColormap(steps)
    edges = np.arange(n + 1) - 0.5
    style: dict[str, Any] = {"edgecolors": [shade(ax, 1)], "linewidth": 0.4}
    matrix.pcolormesh(edges, edges, signs, cmap=colors, vmin=-1, vmax=1, **style)
    matrix.invert_yaxis()
    name_rows(matrix, np.arange(n), names)
    matrix.tick_params(labelbottom=False, length=0)
    matrix.spines[:].set_visible(False)
    return matrix


def keys(ax: Axes, contrasts: ModelContrasts, alpha: float, matrix: bool) -> list[Any]:
    """Return what the legend says of the marks."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    how = "" if contrasts.correction == "none" else f", {_CALLED[contrasts.correction]}"
    sure = f"p < {alpha:g}, {contrasts.test} test{how}"
    if matrix:
        return [
            Patch(color=COLORS[0], label=f"column above row\n({sure})"),
            Patch(color=COLORS[1], label="column below row"),
        ]
    line = Line2D([], [], color=shade(ax, 0.2), linewidth=1.2, label=f"differ\n({sure})")
    return [line]


_CALLED = {"fdr": "FDR", "bonferroni": "Bonferroni"}
