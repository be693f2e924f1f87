"""Heat maps of several measures of the same networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.inference import NetworkComparison
from netrep_go.metrics import Properties
from netrep_go.plotting._layout import (
    by_line,
    most_letters,
    name_columns,
    name_rows,
    points_of,
    title,
)
from netrep_go.plotting._style import as_colormap, grid, row

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

_PANEL, _LEAST = 3.6, 3.2  # inches that a panel is wide, and at least
_WIDTH = 3 * _PANEL


class ComparisonDisplay:
    """Heat maps of the values of several measures, one for each.

    It is recommended to use :meth:`from_comparison`, or the method ``plot`` of a
    :class:`netrep_go.inference.NetworkComparison`, to create a display.

    Parameters
    ----------
    values : dict of str to ndarray of shape (n_rows, n_columns)
        By measure. NaN is left blank, and so is a network and itself.
    rows, columns : list
        Names of the rows and the columns.
    kinds : dict of str to str, default=None
        Whether a measure is a 'distance' or a 'similarity', and its unit if it has one, such
        as 'distance (rad)': shown beside its color bar.

    Attributes
    ----------
    ims_ : list of matplotlib AxesImage
        Heat maps. Each has a scale of its own.
    axes_ : ndarray of matplotlib Axes
        Axes with the heat maps.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import compare_networks
    >>> rng = np.random.default_rng(0)
    >>> networks = dict(zip("abc", rng.standard_normal((3, 20, 5))))
    >>> display = compare_networks(networks, ["cka", "procrustes"], verbose=False).plot()
    >>> [ax.get_title() for ax in display.axes_]
    ['cka', 'procrustes']
    """

    def __init__(
        self,
        values: dict[str, npt.NDArray[np.float64]],
        rows: list[Name],
        columns: list[Name],
        kinds: dict[str, str] | None = None,
    ) -> None:
        self.values = values
        self.rows = rows
        self.columns = columns
        self.kinds = kinds or {}

    @classmethod
    @checked
    def from_comparison(
        cls,
        comparison: NetworkComparison,
        *,
        width: float = _WIDTH,
        cmap: str = "viridis",
        ax: Sequence[Axes] | None = None,
    ) -> Self:
        """Draw what compare_networks returned.

        Parameters
        ----------
        comparison : NetworkComparison
            Values of one or more measures.
        width : float, default=10.8
            Width of the new figure in inches, such as 3.4 of a column of a paper, which has
            one heat map below the other.
        cmap : str or matplotlib Colormap, default='viridis'
            Color map.
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a measure. If None, a new figure is made.

        Returns
        -------
        display : ComparisonDisplay
            The drawn display.
        """
        kinds = {name: kind_and_unit(said) for name, said in comparison.properties.items()}
        display = cls(comparison.values, comparison.rows, comparison.columns, kinds)
        return display.plot(cmap=cmap, ax=ax, width=width)

    @checked
    def plot(
        self,
        ax: Sequence[Axes] | None = None,
        *,
        width: float = _WIDTH,
        cmap: str = "viridis",
    ) -> Self:
        """Draw the heat maps.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a measure. If None, a new figure is made.
        width : float, default=10.8
            Width of the new figure in inches.
        cmap : str or matplotlib Colormap, default='viridis'
            Color map.

        Returns
        -------
        display : ComparisonDisplay
            The drawn display.
        """
        self.axes_ = self._panels(width) if ax is None else row(ax, len(self.values))
        self.figure_ = self.axes_[0].figure
        self.ims_ = [
            self._draw(panel, measure, cmap)
            for panel, measure in zip(self.axes_, self.values, strict=True)
        ]
        return self

    def _panels(self, width: float) -> npt.NDArray[Any]:
        """Return axes for each measure, as many beside each other as the width has room for."""
        check_number(width, "width", 1, 100)
        n = len(self.values)
        return grid(n, min(width, _PANEL * n), _LEAST, ratio=0.9)

    def _draw(self, ax: Any, measure: str, cmap: str) -> Any:
        values = self.values[measure]
        if self.rows == self.columns:  # a network and itself would set the scale
            values = np.where(np.eye(len(values), dtype=bool), np.nan, values)
        image = ax.imshow(values, cmap=as_colormap(cmap), interpolation="nearest")
        label = "\n".join(filter(None, (measure, self.kinds.get(measure))))
        label = by_line([label], most_letters(ax, 1, points_of("small")))[0]
        self.figure_.colorbar(image, ax=ax, shrink=0.8).set_label(label, fontsize="small")
        title(ax, measure)
        ax.spines[:].set_visible(False)
        ax.set(xticks=[], yticks=[])
        for write, names in ((name_columns, self.columns), (name_rows, self.rows)):
            write(ax, range(len(names)), names, square=True)
        ax.tick_params(length=0)
        return image


def kind_and_unit(said: Properties) -> str:
    """Return whether a measure is a distance or a similarity; angles are in radians."""
    unit = " (rad)" if said.range in ((0, np.pi / 2), (0, np.pi)) else ""
    return f"{said.kind or ''}{unit}".strip()
