"""Display of a fusion: places x times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.plotting._layout import name_rows
from netrep_go.plotting._outlined import draw_outlined, edges_of, with_unit
from netrep_go.plotting._style import axes
from netrep_go.rsa import ClusterResult, Fusion

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED = 40  # rows that have room for their names


class FusionDisplay:
    """Heat map of the similarity of places and times, with significant clusters outlined.

    It is recommended to use :meth:`from_fusion` to create a display. Time courses of places
    are drawn by ``fusion.time_course(places).plot()``.

    Parameters
    ----------
    fusion : Fusion
        Result of :func:`netrep_go.rsa.fusion`.
    clusters : ClusterResult, default=None
        Result of :meth:`netrep_go.rsa.Fusion.cluster_test`.
    alpha : float, default=0.05
        Largest p-value of the clusters that are outlined.
    unit : str, default=None
        Unit of the times, such as "ms".

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the heat map.
    figure_ : matplotlib Figure
        Figure that contains it.
    im_ : matplotlib QuadMesh
        The heat map.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import FusionDisplay
    >>> from netrep_go.rsa import fusion
    >>> rng = np.random.default_rng(0)
    >>> regions = [{"V1": rng.random((8, 5)), "IT": rng.random((8, 5))} for subject in range(6)]
    >>> display = FusionDisplay.from_fusion(fusion(rng.random((8, 9, 20)), regions))
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['V1', 'IT']
    """

    def __init__(
        self,
        fusion: Fusion,
        *,
        clusters: ClusterResult | None = None,
        alpha: float = 0.05,
        unit: str | None = None,
    ) -> None:
        self.fusion = fusion
        self.clusters = clusters
        self.alpha = alpha
        self.unit = unit

    @classmethod
    @checked
    def from_fusion(
        cls,
        fusion: Fusion,
        *,
        clusters: ClusterResult | None = None,
        alpha: float = 0.05,
        unit: str | None = None,
        ax: Axes | None = None,
        cmap: str = "RdBu_r",
    ) -> FusionDisplay:
        """Draw the mean over subjects.

        Parameters
        ----------
        fusion : Fusion
            Result of :func:`netrep_go.rsa.fusion`.
        clusters : ClusterResult, default=None
            Result of :meth:`netrep_go.rsa.Fusion.cluster_test`.
        alpha : float, default=0.05
            Largest p-value of the clusters that are outlined.
        unit : str, default=None
            Unit of the times, such as "ms", shown along the axis.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='RdBu_r'
            Color map, whose middle is 0.

        Returns
        -------
        display : FusionDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If the clusters are not of these places and times, or alpha is not from 0 to 1.
        """
        check_number(alpha, "alpha", 0, 1)
        shape = fusion.scores.shape[1:]
        if clusters is not None and clusters.clusters.shape != shape:
            raise ValueError(
                f"clusters must be of {shape[0]} places and {shape[1]} times, got shape "
                f"{clusters.clusters.shape}"
            )
        display = cls(fusion, clusters=clusters, alpha=alpha, unit=unit)
        return display.plot(ax=ax, cmap=cmap)

    def plot(self, ax: Axes | None = None, *, cmap: str = "RdBu_r") -> FusionDisplay:
        """Draw the heat map, with a row for each place, and the outlines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='RdBu_r'
            Color map, whose middle is 0.

        Returns
        -------
        display : FusionDisplay
            The drawn display.
        """
        found, mean = self.fusion, self.fusion.mean
        n_places = len(mean)
        self.ax_ = axes(ax, figsize=(3.4, float(np.clip(1.2 + 0.17 * n_places, 2.2, 6.0))))
        self.figure_ = self.ax_.figure
        self.im_ = draw_outlined(
            self.ax_,
            mean,
            (edges_of(found.times), np.arange(n_places + 1) - 0.5),
            middle=0.0,
            label=f"similarity of RDMs\n({found.method})",
            cmap=cmap,
            clusters=self.clusters,
            alpha=self.alpha,
            rasterized=n_places > _NAMED,
        )
        regions = found.centers is None
        if regions and n_places <= _NAMED:
            name_rows(self.ax_, range(n_places), found.names)
            self.ax_.tick_params(axis="y", length=0)
        else:
            self.ax_.set_ylabel("region" if regions else "center")
        self.ax_.set(xlabel=with_unit("time", self.unit), ylim=(n_places - 0.5, -0.5))
        return self
