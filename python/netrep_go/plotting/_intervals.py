"""Values with their nulls, intervals and splits: a row each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_number
from netrep_go.inference import (
    BootstrapIntervals,
    Calibration,
    Calibrations,
    Reliability,
    ValueDifferences,
)
from netrep_go.plotting._layout import name_rows
from netrep_go.plotting._style import COLORS, axes, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 26  # characters of a name in one line
_GRAY = "0.55"  # on white and on black


class CalibrationDisplay:
    """Values of pairs of networks beside those of permutations, a panel a measure.

    Bars hold 0.95 of the permutations, ticks in them are their means. A point is the value of a
    pair: filled if its family-wise p-value is at most ``alpha``, open if not. It is recommended
    to use :meth:`from_calibration`, or the method ``plot`` of a
    :class:`netrep_go.inference.Calibration`, to create a display.

    Parameters
    ----------
    calibrations : dict of str to Calibration
        By measure.
    pvalues : dict of str to ndarray of shape (n_pairs,)
        p-values that fill points.
    pairs : list of tuple
        Numbers of the networks of each row.
    alpha : float, default=0.05
        Level of significance.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Axes with a measure each.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import calibrate
    >>> rng = np.random.default_rng(0)
    >>> networks = dict(zip("abc", rng.standard_normal((3, 20, 5))))
    >>> found = calibrate(["cka", "procrustes"], networks, n_permutations=50, verbose=False)
    >>> display = found.plot()
    >>> [ax.get_xlabel() for ax in display.axes_]
    ['cka', 'procrustes']
    """

    def __init__(
        self,
        calibrations: dict[str, Calibration],
        pvalues: dict[str, Any],
        pairs: list[tuple[int, int]],
        *,
        alpha: float = 0.05,
    ) -> None:
        self.calibrations = calibrations
        self.pvalues = pvalues
        self.pairs = pairs
        self.alpha = alpha

    @classmethod
    @checked
    def from_calibration(
        cls,
        calibration: Calibration | Calibrations,
        *,
        alpha: float = 0.05,
        n_pairs: int = 30,
        ax: Any = None,
    ) -> Self:
        """Draw what calibrate returned.

        Parameters
        ----------
        calibration : Calibration or Calibrations
            Of one measure, or of several.
        alpha : float, default=0.05
            Level of significance: of ``pvalue_max``, and of ``pvalue_corrected`` for several
            measures.
        n_pairs : int, default=30
            How many pairs at most: those that are farthest from their nulls, in standard
            deviations, by any measure.
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a measure. If None, a new figure is made.

        Returns
        -------
        display : CalibrationDisplay
            The drawn display.
        """
        check_number(alpha, "alpha", 0, 1)
        check_integer(n_pairs, "n_pairs", 1)
        if isinstance(calibration, Calibrations):
            found, values = calibration.calibrations, calibration.pvalue_corrected
        else:
            found = {calibration.measure: calibration}
            values = {calibration.measure: calibration.pvalue_max}
        pvalues = {name: _of_pairs(values[name], one) for name, one in found.items()}
        display = cls(found, pvalues, _farthest(found, n_pairs), alpha=alpha)
        return display.plot(ax=ax)

    def plot(self, ax: Sequence[Axes] | None = None) -> Self:
        """Draw the display.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a measure. If None, a new figure is made.

        Returns
        -------
        display : CalibrationDisplay
            The drawn display.
        """
        names = next(iter(self.calibrations.values())).names
        labels = [_pair(names[i], names[j]) for i, j in self.pairs]
        self.axes_ = _side_by_side(ax, len(self.calibrations), labels)
        self.figure_ = self.axes_[0].figure
        for panel, name in zip(self.axes_, self.calibrations, strict=True):
            self._draw(panel, name)
        for panel in self.axes_:
            _name_rows(panel, labels)
        for panel in self.axes_[1:]:
            panel.tick_params(labelleft=False)
        handles = [
            _bar(self.axes_[0], [], [], [], label="shuffled: 95 %, mean"),
            _points(self.axes_[0], [], [], label=f"p ≤ {self.alpha:g}"),
            _points(self.axes_[0], [], [], filled=False, label=f"p > {self.alpha:g}"),
        ]
        _legend(self.axes_[0], handles)
        return self

    def _draw(self, ax: Axes, name: str) -> None:
        one = self.calibrations[name]
        columns = {pair: k for k, pair in enumerate(zip(*map(list, one.pairs), strict=True))}
        rows = np.array([row for row, pair in enumerate(self.pairs) if pair in columns], int)
        which = np.array([columns[self.pairs[row]] for row in rows], int)
        null = one.null_distribution[:, which]
        low, high = np.quantile(null, [0.025, 0.975], axis=0)
        _bar(ax, rows, low, high)
        ax.plot(null.mean(axis=0), rows, "|", color=_ink(), markersize=5)
        statistic, found = _of_pairs(one.statistic, one)[which], self.pvalues[name][which]
        for filled in (True, False):
            some = (found <= self.alpha) == filled
            _points(ax, statistic[some], rows[some], filled=filled)
        ax.set_xlabel(name)


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
        (self.ax_,) = _side_by_side(None if ax is None else [ax], 1, labels)
        self.figure_ = self.ax_.figure
        self._draw()
        _name_rows(self.ax_, labels)
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
        return [_pair(names[i], names[j]) for i, j in pairs][: self.n_pairs]

    def _draw(self) -> None:
        found = self.intervals
        value, estimate, low, high = (
            _of_pairs(each, found)[: self.n_pairs]
            for each in (found.statistic, found.estimate, found.low, found.high)
        )
        rows = np.arange(len(value))
        _line(self.ax_, rows, low, high)
        if np.array_equal(value, estimate, equal_nan=True):
            _points(self.ax_, value, rows)
            return
        handles = [
            _points(self.ax_, estimate, rows, label="value less bias, interval"),
            _points(self.ax_, value, rows, filled=False, label="value"),
        ]
        _legend(self.ax_, handles)


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
        measures = {_text(m) for first, _, second, _ in differences.labels for m in (first, second)}
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
        self.ax_.axvline(0, color=_ink(), linewidth=0.8)
        _line(self.ax_, rows, found.low[which], found.high[which])
        sure = found.pvalue_corrected[which] <= self.alpha
        for filled in (True, False):
            some = sure == filled
            _points(self.ax_, found.difference[which][some], rows[some], filled=filled)
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
        return [_text(name) for name in self.reliability.names]

    def _draw(self) -> None:
        found = self.reliability
        for row, values in enumerate(found.distribution):
            spread = np.linspace(-0.25, 0.25, len(values)) if len(values) > 1 else 0.0
            self.ax_.plot(values, row + spread, ".", color=_GRAY, markersize=3, alpha=0.5)
        rows = np.arange(len(found.value))
        _line(self.ax_, rows, found.low, found.high)
        _points(self.ax_, found.value, rows)


def _ink() -> str:
    """Return the color of lines: that of text, in dark styles too."""
    return str(pyplot().rcParams["text.color"])


def _of_pairs(values: Any, found: Any) -> np.ndarray:
    """Return what a result has of each pair, of two networks or of a cohort."""
    return values[found.pairs] if np.ndim(values) else np.array([values])


def _farthest(found: dict[str, Calibration], n_pairs: int) -> list[tuple[int, int]]:
    """Return the pairs that are farthest from their nulls, in the order of the tables."""
    far: dict[tuple[int, int], float] = {}
    for one in found.values():
        spread = np.abs(_of_pairs(one.statistic, one) - _of_pairs(one.null_mean, one))
        std = _of_pairs(one.null_std, one)
        score = np.divide(spread, std, out=np.zeros_like(spread), where=std > 0)
        for pair, value in zip(zip(*map(list, one.pairs), strict=True), score, strict=True):
            far[pair] = max(far.get(pair, 0.0), value)
    pairs = list(far)
    kept = np.argsort([-far[pair] for pair in pairs], kind="stable")[:n_pairs]
    return [pairs[k] for k in sorted(kept)]


def _text(name: Name) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _joined(first: str, word: str, second: str) -> str:
    """Return two names, the second below the first where a line would be too long."""
    line = f"{first} {word} {second}"
    return line if len(line) <= _LONGEST else f"{first}\n{word} {second}"


def _pair(first: Name, second: Name) -> str:
    return _joined(_text(first), "and", _text(second))


def _compared(labels: list[tuple[Name, Name, Name, Name]]) -> Iterator[str]:
    """Yield what is compared, without what is the same in all comparisons."""
    one_measure = len({name for m1, _, m2, _ in labels for name in (m1, m2)}) == 1
    for m1, n1, m2, n2 in labels:
        if m1 == m2:
            first = _text(n1) if one_measure else f"{_text(m1)}: {_text(n1)}"
            yield _joined(first, "−", _text(n2))
        else:
            yield _joined(f"{_text(n1)}: {_text(m1)}", "−", _text(m2))


def _side_by_side(ax: Any, n_panels: int, labels: list[str]) -> Any:
    """Return axes, of which there must be so many, or those of a new figure with these rows."""
    if ax is not None:
        given = np.atleast_1d(np.asarray(ax, dtype=object))
        if given.shape != (n_panels,):
            raise ValueError(f"ax must be {n_panels} axes, got shape {given.shape}")
        return np.array([axes(each, (1, 1)) for each in given])
    height = 0.33 if any("\n" in label for label in labels) else 0.22
    size = (2.0 + 2.4 * n_panels, 0.9 + height * len(labels))
    _, grid = pyplot().subplots(
        1, n_panels, figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    return grid[0]


def _name_rows(ax: Axes, labels: list[str]) -> None:
    """Write names beside rows, the first on top, and leave only the axis of the values."""
    name_rows(ax, range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _bar(ax: Axes, rows: Any, low: Any, high: Any, **label: Any) -> Any:
    """Draw where a null is."""
    if len(rows) == 0:
        how: dict[str, Any] = {"linewidth": 5, "solid_capstyle": "butt"}  # text stands beside it
        return ax.plot([], [], color=_GRAY, alpha=0.5, **how, **label)[0]
    return ax.hlines(rows, low, high, color=_GRAY, alpha=0.5, linewidth=5, **label)


def _line(ax: Axes, rows: Any, low: Any, high: Any) -> None:
    ax.hlines(rows, low, high, color=COLORS[0], linewidth=1.6)


def _points(ax: Axes, values: Any, rows: Any, *, filled: bool = True, **label: Any) -> Any:
    face = COLORS[0] if filled else pyplot().rcParams["axes.facecolor"]
    style: dict[str, Any] = {
        "markerfacecolor": face,
        "markeredgecolor": COLORS[0],
        "markersize": 5.5,
    }
    return ax.plot(values, rows, "o", **style, **label)[0]


def _legend(ax: Axes, handles: list[Any]) -> None:
    """Say above all panels what is drawn, once a figure."""
    if ax.figure.legends:
        return
    how = {
        "ncols": len(handles),
        "frameon": False,
        "fontsize": "small",
        "handletextpad": 0.3,
        "handlelength": 1.2,
    }
    ax.figure.legend(handles=handles, loc="outside upper center", columnspacing=0.9, **how)
