"""Heat map of distances between networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.cluster.hierarchy import leaves_list

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._validation import as_distances
from netrep_go.plotting._dendrogram import average_linkage
from netrep_go.plotting._layout import name_square
from netrep_go.plotting._style import as_colormap, axes, names_of

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


class DistanceMatrixDisplay:
    """Heat map of a matrix of distances between networks.

    It is recommended to use :meth:`from_distances` to create a display.

    Parameters
    ----------
    distances : ndarray of shape (n_networks, n_networks)
        Symmetric matrix of distances, in the order of the rows of the heat map.
    names : sequence of hashable, default=None
        Name of each row and column. Names that would be smaller than 4 points are left out,
        with a warning.
    order : ndarray of shape (n_networks,), default=None
        Index of the network in each row of the heat map.
    label : str, default='distance'
        Name and unit of the distances.

    Attributes
    ----------
    im_ : matplotlib AxesImage
        Heat map. The diagonal is left blank.
    ax_ : matplotlib Axes
        Axes with the heat map.
    figure_ : matplotlib Figure
        Figure that contains the heat map.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import DistanceMatrixDisplay
    >>> D = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.8], [0.1, 0.8, 0.0]])
    >>> display = DistanceMatrixDisplay.from_distances(
    ...     D, names=["a", "b", "c"], cluster=True)
    >>> sorted(display.names)
    ['a', 'b', 'c']
    """

    def __init__(
        self,
        distances: npt.NDArray[np.float64],
        *,
        names: Sequence[Name] | None = None,
        order: npt.NDArray[np.intp] | None = None,
        label: str = "distance",
    ) -> None:
        self.distances = distances
        self.names = names
        self.order = order
        self.label = label

    @classmethod
    @checked
    def from_distances(
        cls,
        distances: npt.ArrayLike,
        *,
        names: Iterable[Name] | None = None,
        cluster: bool = False,
        label: str = "distance",
        ax: Axes | None = None,
        cmap: str = "viridis",
    ) -> Self:
        """Order and draw a matrix of distances.

        Parameters
        ----------
        distances : array_like of shape (n_networks, n_networks)
            Symmetric matrix of distances.
        names : sequence of hashable, default=None
            Name of each network, such as the keys of a dict of networks. If None, those
            in the index of a DataFrame of distances.
        cluster : bool, default=False
            If True, order the networks as the leaves of the average-linkage
            dendrogram, such that neighbors are as close as the tree allows.
        label : str, default='distance'
            Name and unit of the distances, shown beside the color bar, such as
            "Procrustes distance (rad)".
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='viridis'
            Color map.

        Returns
        -------
        display : DistanceMatrixDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `distances` is not a symmetric matrix of finite numbers, or `names`
            has another length.
        """
        D = as_distances(distances, "distances")
        names = names_of(names, distances, len(D), "networks")
        order = np.arange(len(D))
        if cluster:
            order = leaves_list(average_linkage(D))
        display = cls(
            D[np.ix_(order, order)],
            names=None if names is None else [names[i] for i in order],
            order=order,
            label=label,
        )
        return display.plot(ax=ax, cmap=cmap)

    def plot(self, ax: Axes | None = None, *, cmap: str = "viridis") -> Self:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='viridis'
            Color map.

        Returns
        -------
        display : DistanceMatrixDisplay
            The drawn display.
        """
        n_networks = len(self.distances)
        side = np.clip(0.17 * n_networks + 1.5, 4.0, 12.0)
        self.ax_ = axes(ax, figsize=(side + 1.8, side), layout="compressed")
        self.figure_ = self.ax_.figure
        shown = np.ma.masked_array(self.distances, np.eye(n_networks, dtype=bool))
        self.im_ = self.ax_.imshow(shown, cmap=as_colormap(cmap), interpolation="nearest")
        self.figure_.colorbar(self.im_, ax=self.ax_, label=self.label, shrink=0.8)
        self.ax_.spines[:].set_visible(False)
        self.ax_.set_xticks([])
        self.ax_.set_yticks([])
        if self.names is not None:
            name_square(self.ax_, self.names)
        return self
