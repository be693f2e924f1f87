"""Heat maps of several measures of the same networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go.inference import NetworkComparison
from netrep_go.plotting._style import pyplot, text_of

if TYPE_CHECKING:
    import numpy.typing as npt

_MOST_NAMES = 30  # that can be read on an axis


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
        Whether a measure is a 'distance' or a 'similarity', shown beside its color bar.

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
    def from_comparison(cls, comparison: NetworkComparison, *, cmap: str = "viridis") -> Self:
        """Draw what compare_networks returned.

        Parameters
        ----------
        comparison : NetworkComparison
            Values of one or more measures.
        cmap : str or matplotlib Colormap, default="viridis"
            Color map.

        Returns
        -------
        display : ComparisonDisplay
            The drawn display.
        """
        kinds: dict[str, str] = {
            name: said.kind or "" for name, said in comparison.properties.items()
        }
        rows, columns = comparison.rows, comparison.columns
        return cls(comparison.values, rows, columns, kinds).plot(cmap=cmap)

    def plot(self, *, cmap: str = "viridis") -> Self:
        """Draw the heat maps.

        Parameters
        ----------
        cmap : str or matplotlib Colormap, default="viridis"
            Color map.

        Returns
        -------
        display : ComparisonDisplay
            The drawn display.
        """
        n = len(self.values)
        n_columns = min(n, 3)
        n_rows = -(-n // n_columns)
        self.figure_, grid = pyplot().subplots(
            n_rows,
            n_columns,
            figsize=(3.6 * n_columns, 3.2 * n_rows),
            squeeze=False,
            layout="constrained",
        )
        for empty in grid.flat[n:]:
            empty.remove()
        self.axes_ = grid.ravel()[:n]
        self.ims_ = [
            self._draw(ax, measure, cmap)
            for ax, measure in zip(self.axes_, self.values, strict=True)
        ]
        return self

    def _draw(self, ax: Any, measure: str, cmap: str) -> Any:
        values = self.values[measure]
        if self.rows == self.columns:  # a network and itself would set the scale
            values = np.where(np.eye(len(values), dtype=bool), np.nan, values)
        image = ax.imshow(values, cmap=cmap, interpolation="nearest")
        self.figure_.colorbar(image, ax=ax, shrink=0.8, label=self.kinds.get(measure))
        ax.set_title(measure)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        for axis, names in ((ax.xaxis, self.columns), (ax.yaxis, self.rows)):
            shown = names if len(names) <= _MOST_NAMES else []
            axis.set_ticks(range(len(shown)), [text_of(name) for name in shown], fontsize="small")
        ax.tick_params(axis="x", rotation=90)
        return image
