"""Displays of encoding models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._parameters import checked
from netrep_go.encoding import BestLayers
from netrep_go.plotting._layout import axes_above, legend, name_columns
from netrep_go.plotting._style import COLORS, axes, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKED = 10_000  # targets beyond which points would hide each other


class BestLayersDisplay:
    """How well each layer predicts, and how many targets are predicted best by it.

    It is recommended to use :meth:`from_layers` to create a display.

    Parameters
    ----------
    layers : BestLayers
        Result of :func:`netrep_go.encoding.best_layers`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the scores.
    share_ax_ : matplotlib Axes
        Axes with the shares of targets, above.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import EncodingModel, best_layers
    >>> from netrep_go.plotting import BestLayersDisplay
    >>> rng = np.random.default_rng(0)
    >>> layers = {name: rng.standard_normal((60, 8)) for name in ("conv", "fc")}
    >>> model = EncodingModel().fit(layers, layers["fc"] + rng.standard_normal((60, 8)))
    >>> display = BestLayersDisplay.from_layers(best_layers(model))
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['conv', 'fc']
    """

    def __init__(self, layers: BestLayers) -> None:
        self.layers = layers

    @classmethod
    @checked
    def from_layers(cls, layers: BestLayers, *, ax: Axes | None = None) -> BestLayersDisplay:
        """Draw the scores and shares of layers.

        Parameters
        ----------
        layers : BestLayers
            Result of :func:`netrep_go.encoding.best_layers`.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : BestLayersDisplay
            The drawn display.
        """
        return cls(layers).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> BestLayersDisplay:
        """Draw held-out scores, their mean, quartiles and targets, and bars of shares above.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : BestLayersDisplay
            The drawn display.
        """
        layers = self.layers
        places = np.arange(len(layers.names))
        self.ax_ = axes(ax, figsize=(2.5 + 0.6 * len(places), 4.0))
        self.figure_ = self.ax_.figure
        self.share_ax_: Any = axes_above(self.ax_, 0.28)
        self.share_ax_.bar(places, layers.share, color=shade(self.ax_, 0.5), width=0.7)
        self.share_ax_.set_ylim(0, 1)
        self.share_ax_.set_ylabel("share of\ntargets")
        self.share_ax_.tick_params(labelbottom=False)
        self._draw_scores(places)
        name_columns(self.ax_, places, layers.names)
        self.ax_.set_ylabel(f"held-out score of the layer ({layers.scoring})")
        legend(self.share_ax_, self.ax_.get_legend_handles_labels()[0])
        for side in (self.ax_, self.share_ax_):
            side.spines[["top", "right"]].set_visible(False)
        return self

    def _draw_scores(self, places: np.ndarray) -> None:
        """Draw the targets' scores, if they are not too many, and their mean and quartiles."""
        scores, ink = self.layers.layer_score, shade(self.ax_, 0.2)
        if scores.size <= _MARKED:
            jitter = np.linspace(-0.25, 0.25, scores.shape[1])
            at = places[:, np.newaxis] + jitter
            dot: dict[str, Any] = {"s": 6, "color": COLORS[0], "alpha": 0.5, "linewidths": 0}
            self.ax_.scatter(at, scores, label="target", **dot)
        low, high = np.nanpercentile(scores, [25, 75], axis=1)
        self.ax_.vlines(places, low, high, color=ink, label="quartiles")
        mean = np.nanmean(scores, axis=1)
        self.ax_.plot(places, mean, "o-", color=ink, markersize=5, label="mean")
        self.ax_.axhline(0, color=shade(self.ax_, 0.5), linewidth=0.8)
