"""What a report says of layers, a panel each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import check_number
from netrep_go.plotting._layout import legend, name_columns, name_square, text_of, title
from netrep_go.plotting._style import COLORS, from_zero, grid, shade

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from netrep_go.report import LayerReport

_MOST_CELLS = 80  # along an axis, beyond which they are drawn as pixels
_MOST_POINTS = 10_000  # beyond which they would hide each other
_COLUMNS, _LEAST, _RATIO = 3, 2.2, 0.8  # panels in a row, inches of one, its height over width
_TITLE = 0.6  # share of the axes that names beside them and a color bar leave

# By panel: the section, what is drawn, its standard errors or all that it is the mean of, a title.
MEASURE = "measure_"  # and the name of a measure that was asked for: what its values are called
_PANELS = {
    "distance": ("distances", None, "Procrustes distance (rad)"),
    "cka_calibrated": ("similarity", None, "calibrated CKA"),
    "capacity": ("capacity", "capacity_se", "capacity"),
    "radius": ("capacity", "radius_se", "radius"),
    "dimension": ("capacity", "dimension_se", "dimension"),
    "rsa_mean": ("rsa", "rsa_se", "similarity of RDMs"),
    "score_mean": ("encoding", None, "held-out score"),
}
_EACH = {"rsa_mean": "rsa", "score_mean": "score"}  # what these are the means of
_LIMITS = {"cka_calibrated": (0.0, 1.0)}  # of colors
_NOT_BELOW_ZERO = ("capacity", "radius", "dimension")


class LayerReportDisplay:
    """Distances, similarities, capacities, RSA and encoding of layers.

    It is recommended to use :meth:`from_report` to create a display.

    Parameters
    ----------
    report : LayerReport
        Result of :func:`netrep_go.report.layer_report`.

    Attributes
    ----------
    axes_ : dict of str to matplotlib Axes
        Panels, by what they show: 'distance', 'cka_calibrated', 'capacity', 'radius',
        'dimension', 'rsa_mean', 'score_mean', or those of them that were computed, and measures
        that were asked for, such as 'measure_rsa'.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.report import layer_report
    >>> layers = dict(zip("abc", np.random.default_rng(0).standard_normal((3, 20, 5))))
    >>> display = layer_report(layers, n_permutations=19, verbose=False).plot()
    >>> list(display.axes_)
    ['distance', 'cka_calibrated']
    """

    def __init__(self, report: LayerReport) -> None:
        self.report = report

    @classmethod
    @checked
    def from_report(
        cls,
        report: LayerReport,
        *,
        sections: Sequence[str] | None = None,
        width: float | None = None,
    ) -> Self:
        """Draw what layer_report returned.

        Parameters
        ----------
        report : LayerReport
            Numbers by layer.
        sections : sequence of str, default=None
            Which sections to draw, of 'distances', 'similarity', 'measures', 'capacity', 'rsa'
            and 'encoding'. If None, all that were computed.
        width : float, default=None
            Width of the figure in inches, such as 3.4 of a column of a paper. If None, three
            panels beside each other have room for the names of layers.

        Returns
        -------
        display : LayerReportDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If none of the sections was computed.
        """
        if not isinstance(report, Result) or not hasattr(report, "rdm_names"):
            raise TypeError(f"report must be a LayerReport, got {shown(report)}")
        return cls(report).plot(sections=sections, width=width)

    @checked
    def plot(self, *, sections: Sequence[str] | None = None, width: float | None = None) -> Self:
        """Draw the panels.

        Parameters
        ----------
        sections : sequence of str, default=None
            As in :meth:`from_report`.
        width : float, default=None
            As in :meth:`from_report`.

        Returns
        -------
        display : LayerReportDisplay
            The drawn display.
        """
        return self._plot(panels_of(self.report, sections), width)

    def _plot(self, names: Sequence[str], width: float | None = None) -> Self:
        """Draw panels by their names, the keys of ``axes_``."""
        side = _side(len(self.report.names))
        if width is None:
            panels = grid(len(names), side * min(len(names), _COLUMNS), side, ratio=_RATIO)
        else:
            check_number(width, "width", 1, 100)
            panels = grid(len(names), width, _LEAST, ratio=_RATIO)
        self.figure_ = panels[0].figure
        self.axes_ = dict(zip(names, panels, strict=True))
        for name, ax in self.axes_.items():
            self._draw(ax, name)
        return self

    def _draw(self, ax: Axes, name: str) -> None:
        values = self.report.values[name]
        error = None
        if name in _PANELS:
            _, error, text = _PANELS[name]
            ax.set_title(text, fontsize="medium")
        else:
            title(ax, name.removeprefix(MEASURE), _TITLE)
        if values.ndim == 2:
            self._draw_matrix(ax, values, _LIMITS.get(name, (None, None)))
        else:
            self._draw_lines(ax, name, values, self.report.values.get(error or ""))

    def _draw_matrix(self, ax: Axes, values: npt.NDArray[np.float64], limits: Any) -> None:
        """Draw the values of pairs; a layer and itself would set the scale."""
        off = np.where(np.eye(len(values), dtype=bool), np.nan, values)
        edges = np.arange(len(values) + 1) - 0.5
        style: Any = dict(zip(("vmin", "vmax"), limits, strict=True))
        mesh = ax.pcolormesh(edges, edges, np.ma.masked_invalid(off), cmap="viridis", **style)
        mesh.set_rasterized(len(values) > _MOST_CELLS)
        ax.figure.colorbar(mesh, ax=ax, shrink=0.8)
        ax.invert_yaxis()
        ax.set_aspect("equal")
        ax.spines[:].set_visible(False)
        name_square(ax, self.report.names)

    def _draw_lines(self, ax: Axes, name: str, values: Any, error: Any) -> None:
        """Draw the values of layers, a line for each network."""
        self._draw_each(ax, name)
        for (network, at), color in zip(_networks(self.report), cycle(COLORS)):
            of_network = None if error is None else error[at]
            style: Any = {"marker": "o", "markersize": 4, "capsize": 2, "linewidth": 1.2}
            label = None if network is None else text_of(network)
            ax.errorbar(at, values[at], of_network, color=color, label=label, **style)
        if self.report.layered:
            legend(ax, named=True)
        if name in _NOT_BELOW_ZERO:
            from_zero(ax)
        ax.spines[["top", "right"]].set_visible(False)
        name_columns(ax, np.arange(len(values)), self.report.names)

    def _draw_each(self, ax: Axes, name: str) -> None:
        """Draw what is averaged as points, and the noise ceiling as a band."""
        each = self.report.values.get(_EACH.get(name, ""))
        if each is not None and each.size <= _MOST_POINTS:
            at = np.arange(len(each))[:, np.newaxis] + np.linspace(-0.2, 0.2, each.shape[1])
            ax.scatter(at, each, s=6, color=shade(ax, 0.5), alpha=0.5, linewidths=0)
        if name == "rsa_mean" and "noise_ceiling" in self.report.values:
            low, high = self.report.values["noise_ceiling"]
            ax.axhspan(low, high, color=shade(ax, 0.5), alpha=0.25, linewidth=0)
        if each is not None:
            ax.axhline(0, color=shade(ax, 0.5), linewidth=0.8)


def _side(n_layers: int) -> float:
    """Return the inches of a panel that has room for the names of layers."""
    return float(np.clip(0.2 * n_layers + 3.4, 4.2, np.clip(0.12 * n_layers, 8.8, 40.0)))


def panels_of(report: LayerReport, sections: Sequence[str] | None) -> list[str]:
    """Return the panels of sections."""
    known = dict.fromkeys([*(section for section, _, _ in _PANELS.values()), "measures"])
    chosen = list(known if sections is None else sections)
    odd = next((each for each in chosen if each not in known), None)
    if odd is not None:
        raise ValueError(f"sections must be among {', '.join(known)}, got {shown(odd)}")
    names = [n for n, (s, _, _) in _PANELS.items() if s in chosen and n in report.values]
    if "measures" in chosen:
        names += [name for name in report.values if name.startswith(MEASURE)]
    if not names:
        raise ValueError(
            "sections must have one that was computed (the reasons of the report say why others "
            f"were not), got {chosen}"
        )
    return names


def _networks(report: LayerReport) -> Iterator[tuple[Name, npt.NDArray[np.intp]]]:
    """Yield each network and the places of its layers."""
    if not report.layered:
        yield None, np.arange(len(report.names))
        return
    owners: list[Any] = [name[0] for name in report.names]  # type: ignore[index]
    for network in dict.fromkeys(owners):
        yield network, np.array([k for k, owner in enumerate(owners) if owner == network])
