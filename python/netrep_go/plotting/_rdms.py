"""Several RDMs in one figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list
from scipy.spatial.distance import squareform

from netrep_go._names import Name, check_names
from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.plotting._dendrogram import average_linkage
from netrep_go.plotting._layout import name_columns, name_rows, title
from netrep_go.plotting._rsa import dissimilarity_label, unit_ranks
from netrep_go.plotting._style import as_colormap, grid, row
from netrep_go.rsa._condensed import RDMs, condition_names, model_names, named_vectors

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

_LEAST = 1.6  # inches that a panel is wide


class RDMsDisplay:
    """Heat maps of several RDMs of the same conditions, with one color bar.

    It is recommended to use :meth:`from_rdms` to create a display.

    Parameters
    ----------
    rdms : ndarray of shape (n_rdms, n_conditions, n_conditions)
        The RDMs, in the order of the rows of the heat maps. NaN is left blank.
    names : sequence of hashable
        Name of each RDM, above its heat map.
    conditions : sequence of hashable, default=None
        Name of each row and column.
    order : ndarray of shape (n_conditions,), default=None
        Index of the condition in each row.
    label : str, default='dissimilarity'
        Name and unit of the dissimilarities.

    Attributes
    ----------
    ims_ : list of matplotlib AxesImage
        The heat maps, of the same scale. Their diagonals are blank.
    axes_ : ndarray of matplotlib Axes of shape (n_rdms,)
        The panels.
    figure_ : matplotlib Figure
        Figure that contains the panels.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import RDMsDisplay
    >>> rdms = dict(zip(["V1", "IT"], np.random.default_rng(0).random((2, 66))))
    >>> display = RDMsDisplay.from_rdms(rdms, ranks=True)
    >>> [panel.get_title() for panel in display.axes_]
    ['V1', 'IT']
    """

    def __init__(
        self,
        rdms: npt.NDArray[np.float64],
        *,
        names: Sequence[Name],
        conditions: Sequence[Name] | None = None,
        order: npt.NDArray[np.intp] | None = None,
        label: str = "dissimilarity",
    ) -> None:
        self.rdms = rdms
        self.names = names
        self.conditions = conditions
        self.order = order
        self.label = label

    @classmethod
    @checked
    def from_rdms(
        cls,
        rdms: RDMs,
        *,
        names: Iterable[Name] | None = None,
        conditions: Iterable[Name] | None = None,
        ranks: bool = False,
        cluster: bool = False,
        metric: str | None = None,
        label: str | None = None,
        width: float = 7.0,
        cmap: str = "viridis",
        ax: Sequence[Axes] | None = None,
    ) -> RDMsDisplay:
        """Order and draw RDMs.

        Parameters
        ----------
        rdms : dict of array_like, or array_like of shape (n_rdms, n_pairs) or \
(n_rdms, n_conditions, n_conditions)
            The RDMs; NaN is left blank.
        names : sequence of hashable, default=None
            Names of the RDMs, if these have none.
        conditions : sequence of hashable, default=None
            Names of the conditions; None for those of square DataFrames.
        ranks : bool, default=False
            Color each RDM by its ranks, from 0 to 1, and not all by their entries.
        cluster : bool, default=False
            Order conditions as the leaves of the average-linkage dendrogram of the mean of
            the RDMs, or of their ranks.
        metric : str, default=None
            The metric of :func:`netrep_go.rsa.rdm` that they were made with.
        label : str, default=None
            What stands beside the color bar; None for the metric and its unit.
        width : float, default=7.0
            Width of the new figure in inches.
        cmap : str or matplotlib Colormap, default='viridis'
            Color map.
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one an RDM. If None, a new figure is made.

        Returns
        -------
        display : RDMsDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If these are no RDMs of the same conditions, names are not as many, or conditions
            are to be clustered and there is NaN.
        """
        own, vectors = named_vectors(rdms, "rdms", names, allow_nan=True)
        values = np.array([unit_ranks(v) for v in vectors]) if ranks else vectors
        squares = np.array([squareform(v, checks=False) for v in values])
        n = squares.shape[1]
        called = condition_names(rdms)
        if conditions is not None:
            called = check_names(conditions, n, "conditions", unique=False)
        order = _clustered(values) if cluster else np.arange(n)
        display = cls(
            squares[:, order][:, :, order],
            names=model_names(own, len(values)),
            conditions=None if called is None else [called[i] for i in order],
            order=order,
            label=dissimilarity_label(metric, ranks) if label is None else label,
        )
        return display.plot(ax=ax, width=width, cmap=cmap)

    @checked
    def plot(
        self,
        ax: Sequence[Axes] | None = None,
        *,
        width: float = 7.0,
        cmap: str = "viridis",
    ) -> RDMsDisplay:
        """Draw the heat maps.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one an RDM. If None, a new figure is made.
        width : float, default=7.0
            Width of the new figure in inches.
        cmap : str or matplotlib Colormap, default='viridis'
            Color map.

        Returns
        -------
        display : RDMsDisplay
            The drawn display.
        """
        check_number(width, "width", 1, 100)
        n = len(self.rdms)
        self.axes_ = grid(n, width, _LEAST, ratio=0.95) if ax is None else row(ax, n)
        self.figure_ = self.axes_[0].figure
        off = ~np.eye(self.rdms.shape[1], dtype=bool)
        entries = self.rdms[:, off]
        ends: dict[str, Any] = {"vmin": np.nanmin(entries), "vmax": np.nanmax(entries)}
        self.ims_ = []
        for panel, name, rdm in zip(self.axes_, self.names, self.rdms, strict=True):
            shown = np.ma.masked_where(~off | np.isnan(rdm), rdm)
            self.ims_.append(
                panel.imshow(shown, cmap=as_colormap(cmap), interpolation="nearest", **ends)
            )
            title(panel, name)
            panel.spines[:].set_visible(False)
            panel.set(xticks=[], yticks=[])
        self._name_conditions()
        bar = self.figure_.colorbar(self.ims_[0], ax=list(self.axes_), shrink=0.8)
        bar.set_label(self.label, fontsize="small")
        return self

    def _name_conditions(self) -> None:
        """Write the names of conditions beside the first panels, and below the last ones."""
        if self.conditions is None:
            return
        places = np.arange(len(self.conditions))
        for panel in self.axes_:
            where = panel.get_subplotspec()
            if where is None or where.is_first_col():
                name_rows(panel, places, self.conditions, square=True)
            if where is None or where.is_last_row():
                name_columns(panel, places, self.conditions, square=True)
            panel.tick_params(length=0)


def _clustered(values: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    if np.isnan(values).any():
        raise ValueError("rdms contains NaN, and its conditions cannot be clustered")
    mean = values.mean(axis=0)
    square = squareform(mean - min(mean.min(), 0), checks=False)
    return np.asarray(leaves_list(average_linkage(square)))
