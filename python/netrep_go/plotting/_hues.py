"""Covariates of networks as colors and markers, and the key to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netrep_go._shown import shown
from netrep_go._validation import as_labels, as_numbers
from netrep_go.plotting._style import COLORS, point, pyplot

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

_SEQUENTIAL = "viridis"
_UNKNOWN = "0.6"  # of a number that is NaN


class Hues(NamedTuple):
    """The color of each network, and of each level of a covariate or the scale of its numbers."""

    colors: list[Any]
    groups: list[npt.NDArray[np.bool_]]  # networks of one color, or all of a scale
    levels: dict[Any, str]
    scale: Any = None

    def key(self, ax: Axes, name: str, marker: str) -> None:
        """Add the levels to the legend of the axes, or a color bar beside them."""
        if self.scale is not None:
            ax.figure.colorbar(self.scale, ax=ax, label=name, shrink=0.8)
        elif self.levels:
            label(ax, name, [(level, color, marker) for level, color in self.levels.items()])


def hues_of(
    covariates: Mapping[str, npt.ArrayLike] | None, name: str | None, n_networks: int
) -> Hues:
    """Return colors by a covariate: of its levels or, of numbers that form a scale, along that.

    Fractions form a scale, and so do more whole numbers than there are colors.
    """
    if name is None:
        return Hues([COLORS[0]] * n_networks, [np.ones(n_networks, bool)], {})
    values: Any = _column(covariates, name, n_networks)
    if _is_scale(values):
        return _along_scale(values.astype(np.float64), name)
    _, colors = levels(covariates, name, n_networks, COLORS)
    groups = [np.asarray(values == level, dtype=bool) for level in colors]
    return Hues([colors[value] for value in values.tolist()], groups, colors)


def _is_scale(values: npt.NDArray[Any]) -> bool:
    if values.dtype.kind not in "iuf":
        return False
    return len(np.unique(values)) > len(COLORS) or bool((values != np.round(values)).any())


def _along_scale(values: npt.NDArray[np.float64], name: str) -> Hues:
    """Return colors of numbers, those of NaN gray."""
    known = values[~np.isnan(values)]
    if not known.size or np.isinf(known).any():
        raise ValueError(f"covariate {name!r} must have finite numbers, got {shown(values)}")
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    cmap = pyplot().get_cmap(_SEQUENTIAL).with_extremes(bad=_UNKNOWN)
    scale = ScalarMappable(Normalize(known.min(), known.max()), cmap)
    colors = cmap(np.ma.masked_invalid(scale.norm(values)))
    return Hues(list(map(tuple, colors)), [np.ones(len(values), bool)], {}, scale)


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
    values = _column(covariates, name, n_networks)
    levels = np.unique(values).tolist()
    if len(levels) > len(palette):
        raise ValueError(
            f"covariate {name!r} must have at most {len(palette)} levels, got {len(levels)}"
        )
    return values, dict(zip(levels, palette, strict=False))


def _column(
    covariates: Mapping[str, npt.ArrayLike] | None, name: str, n_networks: int
) -> npt.NDArray[Any]:
    if covariates is None or name not in covariates:
        raise ValueError(f"covariates must have a column {shown(name)}")
    values = _values(covariates[name], f"covariate {name!r}")
    if values.shape != (n_networks,):
        raise ValueError(f"covariate {name!r} must have shape ({n_networks},), got {values.shape}")
    return values


def _values(x: Any, name: str) -> npt.NDArray[Any]:
    """Return numbers, NaN where they are missing, or labels, of which none may be."""
    if np.asarray(x).dtype.kind in "biuf":
        return np.asarray(as_numbers(x, name))
    return as_labels(x, name)


def label(ax: Axes, name: str, levels: Sequence[tuple[Any, Any, str]]) -> None:
    """Add an empty labeled point for each level, its color and marker to the legend."""
    for level, color, marker in levels:
        ax.scatter([], [], label=f"{name} {level}".strip(), **point(ax, color, marker))
