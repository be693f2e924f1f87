"""Display of decoding from one time to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.encoding import TemporalGeneralization
from netrep_go.plotting._outlined import draw_outlined, edges_of, with_unit
from netrep_go.plotting._style import axes
from netrep_go.rsa import ClusterResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class TemporalGeneralizationDisplay:
    """Scores of each time of training and of testing, with significant clusters outlined.

    It is recommended to use :meth:`from_generalization` to create a display.

    Parameters
    ----------
    generalization : TemporalGeneralization
        Result of :func:`netrep_go.encoding.generalize_times`.
    clusters : ClusterResult, default=None
        Result of :func:`netrep_go.encoding.cluster_test` for its scores.
    alpha : float, default=0.05
        Largest p-value of the clusters that are outlined.
    unit : str, default=None
        Unit of the times, such as "ms".

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the matrix.
    figure_ : matplotlib Figure
        Figure that contains it.
    im_ : matplotlib QuadMesh
        The matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import cluster_test, generalize_times
    >>> from netrep_go.plotting import TemporalGeneralizationDisplay
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(20) % 2
    >>> data = rng.standard_normal((6, 20, 3, 8))
    >>> data[..., 2:6] += 2 * y[:, np.newaxis, np.newaxis]
    >>> found = generalize_times(data, y)
    >>> clusters = cluster_test(found.scores, popmean=found.chance)
    >>> display = TemporalGeneralizationDisplay.from_generalization(found, clusters=clusters)
    >>> display.ax_.get_xlabel()
    'test time'
    """

    def __init__(
        self,
        generalization: TemporalGeneralization,
        *,
        clusters: ClusterResult | None = None,
        alpha: float = 0.05,
        unit: str | None = None,
    ) -> None:
        self.generalization = generalization
        self.clusters = clusters
        self.alpha = alpha
        self.unit = unit

    @classmethod
    @checked
    def from_generalization(
        cls,
        generalization: TemporalGeneralization,
        *,
        clusters: ClusterResult | None = None,
        alpha: float = 0.05,
        unit: str | None = None,
        ax: Axes | None = None,
        cmap: str = "RdBu_r",
    ) -> TemporalGeneralizationDisplay:
        """Draw the mean over subjects.

        Parameters
        ----------
        generalization : TemporalGeneralization
            Result of :func:`netrep_go.encoding.generalize_times`.
        clusters : ClusterResult, default=None
            Result of :func:`netrep_go.encoding.cluster_test` for its scores.
        alpha : float, default=0.05
            Largest p-value of the clusters that are outlined.
        unit : str, default=None
            Unit of the times, such as "ms", shown along the axes.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='RdBu_r'
            Color map, whose middle is chance.

        Returns
        -------
        display : TemporalGeneralizationDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If the clusters are not of these times, or alpha is not from 0 to 1.
        """
        check_number(alpha, "alpha", 0, 1)
        n_times = len(generalization.times)
        if clusters is not None and clusters.clusters.shape != (n_times, n_times):
            raise ValueError(
                f"clusters must be of {n_times} x {n_times} times, got shape "
                f"{clusters.clusters.shape}"
            )
        display = cls(generalization, clusters=clusters, alpha=alpha, unit=unit)
        return display.plot(ax=ax, cmap=cmap)

    def plot(
        self, ax: Axes | None = None, *, cmap: str = "RdBu_r"
    ) -> TemporalGeneralizationDisplay:
        """Draw the matrix, its diagonal and the outlines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='RdBu_r'
            Color map, whose middle is chance.

        Returns
        -------
        display : TemporalGeneralizationDisplay
            The drawn display.
        """
        found = self.generalization
        self.ax_ = axes(ax, figsize=(4.6, 3.8))
        self.figure_ = self.ax_.figure
        edges = edges_of(found.times)
        self.im_ = draw_outlined(
            self.ax_,
            found.scores.mean(axis=0),
            (edges, edges),
            middle=found.chance,
            label=found.method,
            cmap=cmap,
            clusters=self.clusters,
            alpha=self.alpha,
        )
        ends = [edges[0], edges[-1]]
        self.ax_.plot(ends, ends, color="0.2", linewidth=0.8, linestyle=":")  # on a light middle
        names = (with_unit(name, self.unit) for name in ("test time", "training time"))
        self.ax_.set(**dict(zip(("xlabel", "ylabel"), names, strict=True)), aspect="equal")
        return self
