"""Dendrogram of networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from netrep_go._names import Name, check_same_indexes
from netrep_go._parameters import checked
from netrep_go._sizes import exponents, of_order_one
from netrep_go._validation import as_distances
from netrep_go.plotting._hues import hues_of
from netrep_go.plotting._layout import legend, name_rows
from netrep_go.plotting._style import axes, names_of, point, shade

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


class DendrogramDisplay:
    """Dendrogram of networks by average linkage.

    The height of a node is the mean distance between the networks of its two
    branches [1]_.

    It is recommended to use :meth:`from_distances` to create a display.

    Parameters
    ----------
    linkage : ndarray of shape (n_networks - 1, 4)
        Hierarchical clustering in the format of
        :func:`scipy.cluster.hierarchy.linkage`.
    names : sequence of hashable, default=None
        Name of each network.
    covariates : mapping of str to array_like of shape (n_networks,), default=None
        Properties of the networks: a dict of columns or a DataFrame.
    hue : str, default=None
        Name of the covariate that is shown by the color of squares beside the names.
    label : str, default='distance'
        Name and unit of the distances.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the dendrogram.
    figure_ : matplotlib Figure
        Figure that contains the dendrogram.

    References
    ----------
    .. [1] Sokal, R. R. & Michener, C. D. (1958). A statistical method for
       evaluating systematic relationships. University of Kansas Science
       Bulletin 38, 1409-1438.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import DendrogramDisplay
    >>> D = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.8], [0.1, 0.8, 0.0]])
    >>> display = DendrogramDisplay.from_distances(D, names=["a", "b", "c"])
    >>> display.linkage[:, 2].round(2).tolist()
    [0.1, 0.85]
    """

    def __init__(
        self,
        linkage: npt.NDArray[np.float64],
        *,
        names: Sequence[Name] | None = None,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        label: str = "distance",
    ) -> None:
        self.linkage = linkage
        self.names = names
        self.covariates = covariates
        self.hue = hue
        self.label = label

    @classmethod
    @checked
    def from_distances(
        cls,
        distances: npt.ArrayLike,
        *,
        names: Iterable[Name] | None = None,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        label: str = "distance",
        ax: Axes | None = None,
    ) -> DendrogramDisplay:
        """Cluster networks from their distances and draw the dendrogram.

        Parameters
        ----------
        distances : array_like of shape (n_networks, n_networks)
            Symmetric matrix of distances.
        names : sequence of hashable, default=None
            Name of each network, such as the keys of a dict of networks. If None, those
            in the index of a DataFrame of distances, or else numbers.
        covariates : mapping of str to array_like of shape (n_networks,), default=None
            Properties of the networks: a dict of columns or a DataFrame.
        hue : str, default=None
            Name of the covariate to show by the color of squares beside the names, as in
            :class:`EmbeddingDisplay`.
        label : str, default='distance'
            Name and unit of the distances, shown along the axis.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : DendrogramDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `distances` is not a symmetric matrix of finite numbers, `names` has
            another length, or the covariate is unknown, has another length or too
            many levels.
        """
        things = (("distances", distances), ("covariates", covariates))
        check_same_indexes(things, "networks")
        D = as_distances(distances, "distances")
        display = cls(
            average_linkage(D),
            names=names_of(names, distances, len(D), "networks"),
            covariates=covariates,
            hue=hue,
            label=label,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> DendrogramDisplay:
        """Draw the dendrogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : DendrogramDisplay
            The drawn display.
        """
        from matplotlib.colors import to_hex

        n_networks = len(self.linkage) + 1
        hues = hues_of(self.covariates, self.hue, n_networks)
        height = np.clip(0.19 * n_networks + 1.0, 3.0, 14.0)
        self.ax_ = axes(ax, figsize=(6.5, height))
        self.figure_ = self.ax_.figure
        tree = dendrogram(
            self.linkage,
            labels=self.names,
            orientation="left",
            color_threshold=0.0,
            above_threshold_color=to_hex(shade(self.ax_, 0.35)),
            ax=self.ax_,
        )
        rows = np.arange(n_networks)
        name_rows(self.ax_, 5 + 10 * rows, tree["ivl"], step=10)
        if self.hue is not None:
            self._color_names(5 + 10 * rows, [hues.colors[leaf] for leaf in tree["leaves"]])
            hues.key(self.ax_, self.hue, "s")
        if hues.levels:
            legend(self.ax_, above=True, named=True)
        self.ax_.set_xlabel(self.label)
        self.ax_.spines[["top", "left", "right"]].set_visible(False)
        return self

    def _color_names(self, heights: npt.NDArray[np.int_], colors: Sequence[Any]) -> None:
        """Mark each leaf with a square in its color, left of its name."""
        style = point(self.ax_, colors, "s")
        self.ax_.scatter(np.zeros(len(heights)), heights, **style, clip_on=False, zorder=3)
        self.ax_.tick_params(axis="y", pad=8)


def average_linkage(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cluster by average linkage, with the leaves in the optimal order.

    SciPy finds that order in float32, whose range is small.
    """
    condensed = squareform(distances, checks=False)
    found = linkage(of_order_one(condensed), method="average", optimal_ordering=True)
    found[:, 2] = np.ldexp(found[:, 2], exponents(condensed))
    return found
