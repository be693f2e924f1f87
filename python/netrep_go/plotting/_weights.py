"""Display of the weights of models in a weighted sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._parameters import checked
from netrep_go.plotting._layout import legend, name_columns
from netrep_go.plotting._style import COLORS, axes, shade
from netrep_go.rsa import Reweighting

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


class ReweightingDisplay:
    """Bars of the weights that measured RDMs give to models, with a point for each RDM.

    It is recommended to use :meth:`from_reweighting`, or the method ``plot`` of a
    :class:`netrep_go.rsa.Reweighting`, to create a display.

    Parameters
    ----------
    reweighting : Reweighting
        Result of :func:`netrep_go.rsa.reweight`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars. The title has the scores.
    figure_ : matplotlib Figure
        Figure that contains the bars.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import ReweightingDisplay
    >>> from netrep_go.rsa import reweight
    >>> models = np.random.default_rng(0).random((3, 190))
    >>> found = reweight(dict(zip("abc", models)), 2 * models[0] + models[2], cv=5)
    >>> display = ReweightingDisplay.from_reweighting(found)
    >>> [round(float(bar.get_height()), 6) for bar in display.ax_.patches]
    [2.0, 0.0, 1.0]
    """

    def __init__(self, reweighting: Reweighting) -> None:
        self.reweighting = reweighting

    @classmethod
    @checked
    def from_reweighting(
        cls, reweighting: Reweighting, *, ax: Axes | None = None
    ) -> ReweightingDisplay:
        """Draw the weights.

        Parameters
        ----------
        reweighting : Reweighting
            Result of :func:`netrep_go.rsa.reweight`.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ReweightingDisplay
            The drawn display.
        """
        return cls(reweighting).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> ReweightingDisplay:
        """Draw means over RDMs, their standard errors and the weights of each RDM.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ReweightingDisplay
            The drawn display.
        """
        found = self.reweighting
        n_rdms, n_models = found.weights.shape
        places = np.arange(n_models)
        self.ax_ = axes(ax, figsize=(min(3.0 + 0.35 * n_models, 12.0), 3.6))
        self.figure_ = self.ax_.figure
        ink = shade(self.ax_, 0.2)
        mean = found.weights.mean(axis=0)
        self.ax_.bar(places, mean, color=COLORS[0], width=0.7, label="mean")
        if n_rdms > 1:
            error = found.weights.std(axis=0, ddof=1) / np.sqrt(n_rdms)
            style: dict[str, Any] = {"ecolor": ink, "capsize": 2, "zorder": 4}
            self.ax_.errorbar(places, mean, error, fmt="none", label="± s.e.", **style)
            self._draw_rdms(places)
        self.ax_.axhline(0, color=ink, linewidth=0.8)
        name_columns(self.ax_, places, found.names)
        self.ax_.set_ylabel("weight (measured / model)")
        self.ax_.set_title(self._scores(), fontsize="medium")
        self.ax_.spines[["top", "right"]].set_visible(False)
        if n_rdms > 1:
            legend(self.ax_)
        return self

    def _draw_rdms(self, places: npt.NDArray[np.int_]) -> None:
        weights = self.reweighting.weights
        at = places + np.linspace(-0.2, 0.2, len(weights))[:, np.newaxis]
        style: dict[str, Any] = {
            "s": 10,
            "color": [shade(self.ax_, 0.45)],
            "linewidths": 0,
            "zorder": 3,
        }
        self.ax_.scatter(at, weights, label=f"each of {len(weights)} RDMs", **style)

    def _scores(self) -> str:
        """Return how well held-out pairs are predicted, and those that were fitted."""
        found = self.reweighting
        held_out, fitted = found.scores.mean(), found.fitted_scores.mean()
        return f"{found.method}: {held_out:.2f} held out, {fitted:.2f} fitted"
