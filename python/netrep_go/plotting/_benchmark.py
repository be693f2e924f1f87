"""The ranking of measures by what is known of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._parameters import checked
from netrep_go._validation import check_integer
from netrep_go.inference import MeasureBenchmark
from netrep_go.plotting._style import axes, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 3.35  # inches: a column of a paper
_ROW = 0.135  # inches
_FONT = 6.0
_DARK = 0.55  # of the color map, from which text is white


class MeasureBenchmarkDisplay:
    """Scores of measures in each test, the best measure first.

    Colors go from the worst to the best measure of a test. A test whose best and worst
    measure seeds do not tell apart is gray: its scores are no ranking.

    It is recommended to use :meth:`from_benchmark`, or the method ``plot`` of a
    :class:`netrep_go.inference.MeasureBenchmark`, to create a display.

    Parameters
    ----------
    benchmark : MeasureBenchmark
        The scores.

    Attributes
    ----------
    im_ : matplotlib AxesImage
        The colors.
    ax_ : matplotlib Axes
        Axes with the table.
    figure_ : matplotlib Figure
        Figure that contains it.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import MeasureBenchmark
    >>> found = MeasureBenchmark(
    ...     measures=["svcca", "cka"],
    ...     tests=[("labels", "auprc")],
    ...     score=np.array([[0.28, 0.47]]),
    ...     se=np.array([[0.02, 0.02]]),
    ...     chance=np.array([0.23]),
    ...     n_seeds=10,
    ...     confidence=0.95,
    ...     accuracy={},
    ...     reasons={},
    ... )
    >>> display = found.plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['cka', 'svcca']
    """

    def __init__(self, benchmark: MeasureBenchmark) -> None:
        self.benchmark = benchmark

    @classmethod
    @checked
    def from_benchmark(
        cls,
        benchmark: MeasureBenchmark,
        *,
        n_measures: int | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw what benchmark_measures returned.

        Parameters
        ----------
        benchmark : MeasureBenchmark
            Scores of measures.
        n_measures : int, default=None
            How many of the best measures are drawn; all by default.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a figure as wide as a column of a paper is made.

        Returns
        -------
        display : MeasureBenchmarkDisplay
            The drawn display.
        """
        return cls(benchmark).plot(n_measures=n_measures, ax=ax)

    @checked
    def plot(self, ax: Axes | None = None, *, n_measures: int | None = None) -> Self:
        """Draw the table.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a figure as wide as a column of a paper is made.
        n_measures : int, default=None
            How many of the best measures are drawn; all by default.

        Returns
        -------
        display : MeasureBenchmarkDisplay
            The drawn display.
        """
        if n_measures is not None:
            check_integer(n_measures, "n_measures", 1)
        table = self.benchmark.ranking().drop(columns="mean_rank")
        ranked = [self.benchmark.is_ranked(test) for test in table]
        colors = _colors(table.to_numpy(), np.array(ranked))[:n_measures]
        table = table.iloc[:n_measures]
        self.ax_ = axes(ax, figsize=(_WIDTH, 0.6 + _ROW * len(table)))
        self.figure_ = self.ax_.figure
        self.im_ = self.ax_.imshow(colors, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
        for (i, j), score in np.ndenumerate(table.to_numpy()):
            color = _text_color(self.ax_, float(colors[i, j]))
            text = self.ax_.text(j, i, _short(score), ha="center", va="center", color=color)
            text.set_fontsize(_FONT)
        self._name(list(table.index), list(table), ranked)
        return self

    def _name(self, measures: list[str], tests: list[str], ranked: list[bool]) -> None:
        """Write the names of measures, and those of tests without a ranking in gray."""
        self.ax_.set_yticks(range(len(measures)), measures, fontsize=_FONT)
        self.ax_.xaxis.tick_top()
        self.ax_.set_xticks(range(len(tests)), tests, rotation=45, ha="left", fontsize=_FONT)
        for label, known in zip(self.ax_.get_xticklabels(), ranked, strict=True):
            label.set_rotation_mode("anchor")
            label.set_color(shade(self.ax_, 0.15 if known else 0.55))
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)


def _colors(scores: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    """Return scores from 0, the worst of a test, to 1, the best; NaN without a ranking."""
    colors = np.full(scores.shape, np.nan)
    known = scores[:, ranked]
    if known.size:
        low, high = np.nanmin(known, axis=0), np.nanmax(known, axis=0)
        colors[:, ranked] = (known - low) / (high - low)
    return colors


def _text_color(ax: Axes, color: float) -> Any:
    """Return what is seen on a color of the map, or on the ground where there is none."""
    if np.isnan(color):
        return shade(ax, 0.55)
    return "white" if color > _DARK else "0.15"


def _short(score: float) -> str:
    """Return two digits, as .46."""
    if np.isnan(score):
        return "–"
    text = f"{round(score, 2) + 0.0:.2f}"  # no -0.00
    return text.replace("0.", ".", 1) if abs(round(score, 2)) < 1 else text[:-1]
