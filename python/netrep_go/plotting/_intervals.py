"""Values with their intervals and splits: a row each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_number
from netrep_go.inference import BootstrapIntervals, Reliability, ValueDifferences
from netrep_go.plotting._value_rows import (
    GRAY,
    as_text,
    both_names,
    draw_intervals,
    draw_points,
    ink,
    joined,
    label_rows,
    legend_above,
    of_pairs,
    side_by_side,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class _Rows(ABC):
    """Values with intervals, one below the other."""

    label: str  # of the values

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : RowsDisplay
            The drawn display.
        """
        labels = self._labels()
        (self.ax_,) = side_by_side(None if ax is None else [ax], 1, labels)
        self.figure_ = self.ax_.figure
        self._draw()
        label_rows(self.ax_, labels)
        self.ax_.set_xlabel(self.label)
        return self

    @abstractmethod
    def _labels(self) -> list[str]:
        """Return what stands beside each row."""

    @abstractmethod
    def _draw(self) -> None:
        """Draw the values of all rows."""


class BootstrapIntervalsDisplay(_Rows):
    """Estimates of pairs of networks with their intervals.

    A point and its interval are without the jackknife's estimate of the bias, if that was taken
    away; an open point is the value on these samples, where it is another one.
    It is recommended to use :meth:`from_intervals`, or the method ``plot`` of a
    :class:`netrep_go.inference.BootstrapIntervals`, to create a display.

    Parameters
    ----------
    intervals : BootstrapIntervals
        Values and intervals.
    n_pairs : int, default=30
        How many pairs are drawn at most: the first.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the rows.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import bootstrap
    >>> rng = np.random.default_rng(0)
    >>> networks = dict(zip("abc", rng.standard_normal((3, 20, 5))))
    >>> display = bootstrap("cka", networks, verbose=False).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['a and b', 'a and c', 'b and c']
    """

    def __init__(self, intervals: BootstrapIntervals, *, n_pairs: int = 30) -> None:
        self.intervals = intervals
        self.n_pairs = n_pairs
        self.label = intervals.measure

    @classmethod
    @checked
    def from_intervals(
        cls, intervals: BootstrapIntervals, *, n_pairs: int = 30, ax: Any = None
    ) -> Self:
        """Draw what bootstrap returned.

        Parameters
        ----------
        intervals : BootstrapIntervals
            Values and intervals.
        n_pairs : int, default=30
            How many pairs are drawn at most: the first.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : BootstrapIntervalsDisplay
            The drawn display.
        """
        check_integer(n_pairs, "n_pairs", 1)
        return cls(intervals, n_pairs=n_pairs).plot(ax=ax)

    def _labels(self) -> list[str]:
        names, pairs = self.intervals.names, zip(*self.intervals.pairs, strict=True)
        return [both_names(names[i], names[j]) for i, j in pairs][: self.n_pairs]

    def _draw(self) -> None:
        found = self.intervals
        value, estimate, low, high = (
            of_pairs(each, found)[: self.n_pairs]
            for each in (found.statistic, found.estimate, found.low, found.high)
        )
        rows = np.arange(len(value))
        draw_intervals(self.ax_, rows, low, high)
        if np.array_equal(value, estimate, equal_nan=True):
            draw_points(self.ax_, value, rows)
            return
        handles = [
            draw_points(self.ax_, estimate, rows, label="value less bias, interval"),
            draw_points(self.ax_, value, rows, filled=False, label="value"),
        ]
        legend_above(self.ax_, handles)


class ValueDifferencesDisplay(_Rows):
    """Differences of values of a measure with their intervals, and a line at 0.

    Points are filled where the corrected p-value is at most ``alpha``. It is recommended to use
    :meth:`from_differences`, or the method ``plot`` of a
    :class:`netrep_go.inference.ValueDifferences`, to create a display.

    Parameters
    ----------
    differences : ValueDifferences
        Differences and intervals.
    alpha : float, default=0.05
        Level of significance.
    n_comparisons : int, default=30
        How many are drawn at most: those of the least p-values.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the rows.
    figure_ : matplotlib Figure
        Figure that contains them.
    significant_ : list of int
        Which comparisons have filled points.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import compare_values
    >>> rng = np.random.default_rng(0)
    >>> X, noise = rng.standard_normal((2, 100, 5))
    >>> layers = {"conv1": noise, "conv2": X + noise}
    >>> compare_values("cka", X, layers, verbose=False).plot().significant_
    [0]
    """

    def __init__(
        self, differences: ValueDifferences, *, alpha: float = 0.05, n_comparisons: int = 30
    ) -> None:
        self.differences = differences
        self.alpha = alpha
        self.n_comparisons = n_comparisons
        measures = {
            as_text(m) for first, _, second, _ in differences.labels for m in (first, second)
        }
        self.label = f"difference of {measures.pop()}" if len(measures) == 1 else "difference"

    @classmethod
    @checked
    def from_differences(
        cls,
        differences: ValueDifferences,
        *,
        alpha: float = 0.05,
        n_comparisons: int = 30,
        ax: Any = None,
    ) -> Self:
        """Draw what compare_values returned.

        Parameters
        ----------
        differences : ValueDifferences
            Differences and intervals.
        alpha : float, default=0.05
            Level of significance of the corrected p-values.
        n_comparisons : int, default=30
            How many are drawn at most: those of the least p-values.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ValueDifferencesDisplay
            The drawn display.
        """
        check_number(alpha, "alpha", 0, 1)
        check_integer(n_comparisons, "n_comparisons", 1)
        return cls(differences, alpha=alpha, n_comparisons=n_comparisons).plot(ax=ax)

    def _which(self) -> np.ndarray:
        order = np.argsort(self.differences.pvalue, kind="stable")
        return np.sort(order[: self.n_comparisons])

    def _labels(self) -> list[str]:
        labels = self.differences.labels
        return list(_compared([labels[k] for k in self._which()]))

    def _draw(self) -> None:
        found, which = self.differences, self._which()
        rows = np.arange(len(which))
        self.ax_.axvline(0, color=ink(), linewidth=0.8)
        draw_intervals(self.ax_, rows, found.low[which], found.high[which])
        sure = found.pvalue_corrected[which] <= self.alpha
        for filled in (True, False):
            some = sure == filled
            draw_points(self.ax_, found.difference[which][some], rows[some], filled=filled)
        self.significant_ = which[sure].tolist()


class ReliabilityDisplay(_Rows):
    """How alike networks are to themselves: means over splits, and all splits behind them.

    It is recommended to use :meth:`from_reliability`, or the method ``plot`` of a
    :class:`netrep_go.inference.Reliability`, to create a display.

    Parameters
    ----------
    reliability : Reliability
        Values of all splits.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the rows.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import reliability
    >>> networks = np.random.default_rng(0).standard_normal((2, 30, 8))
    >>> display = reliability("cka", list(networks), n_splits=5, verbose=False).plot()
    >>> display.ax_.get_xlabel()
    'cka between halves of features'
    """

    def __init__(self, reliability: Reliability) -> None:
        self.reliability = reliability
        of = reliability.of
        between = "between subjects" if of == "subjects" else f"between halves of {of}"
        what = "rank correlation of " if of == "samples" else ""
        self.label = f"{what}{reliability.measure} {between}"

    @classmethod
    @checked
    def from_reliability(cls, reliability: Reliability, *, ax: Any = None) -> Self:
        """Draw what reliability returned.

        Parameters
        ----------
        reliability : Reliability
            Values of all splits.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ReliabilityDisplay
            The drawn display.
        """
        return cls(reliability).plot(ax=ax)

    def _labels(self) -> list[str]:
        return [as_text(name) for name in self.reliability.names]

    def _draw(self) -> None:
        found = self.reliability
        for row, values in enumerate(found.distribution):
            spread = np.linspace(-0.25, 0.25, len(values)) if len(values) > 1 else 0.0
            self.ax_.plot(values, row + spread, ".", color=GRAY, markersize=3, alpha=0.5)
        rows = np.arange(len(found.value))
        draw_intervals(self.ax_, rows, found.low, found.high)
        draw_points(self.ax_, found.value, rows)


def _compared(labels: list[tuple[Name, Name, Name, Name]]) -> Iterator[str]:
    """Yield what is compared, without what is the same in all comparisons."""
    one_measure = len({name for m1, _, m2, _ in labels for name in (m1, m2)}) == 1
    for m1, n1, m2, n2 in labels:
        if m1 == m2:
            first = as_text(n1) if one_measure else f"{as_text(m1)}: {as_text(n1)}"
            yield joined(first, "−", as_text(n2))
        else:
            yield joined(f"{as_text(n1)}: {as_text(m1)}", "−", as_text(m2))
