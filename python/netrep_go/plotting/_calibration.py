"""Values of pairs of networks beside those of permutations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_number
from netrep_go.inference import Calibration, Calibrations
from netrep_go.plotting._value_rows import (
    both_names,
    draw_null,
    draw_points,
    ink,
    label_rows,
    legend_above,
    of_pairs,
    side_by_side,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
        pvalues = {name: of_pairs(values[name], one) for name, one in found.items()}
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
        labels = [both_names(names[i], names[j]) for i, j in self.pairs]
        self.axes_ = side_by_side(ax, len(self.calibrations), labels)
        self.figure_ = self.axes_[0].figure
        for panel, name in zip(self.axes_, self.calibrations, strict=True):
            self._draw(panel, name)
        for panel in self.axes_:
            label_rows(panel, labels)
        for panel in self.axes_[1:]:
            panel.tick_params(labelleft=False)
        handles = [
            draw_null(self.axes_[0], [], [], [], label="shuffled: 95 %, mean"),
            draw_points(self.axes_[0], [], [], label=f"p ≤ {self.alpha:g}"),
            draw_points(self.axes_[0], [], [], filled=False, label=f"p > {self.alpha:g}"),
        ]
        legend_above(self.axes_[0], handles)
        return self

    def _draw(self, ax: Axes, name: str) -> None:
        one = self.calibrations[name]
        columns = {pair: k for k, pair in enumerate(zip(*map(list, one.pairs), strict=True))}
        rows = np.array([row for row, pair in enumerate(self.pairs) if pair in columns], int)
        which = np.array([columns[self.pairs[row]] for row in rows], int)
        null = one.null_distribution[:, which]
        low, high = np.quantile(null, [0.025, 0.975], axis=0)
        draw_null(ax, rows, low, high)
        ax.plot(null.mean(axis=0), rows, "|", color=ink(), markersize=5)
        statistic, found = of_pairs(one.statistic, one)[which], self.pvalues[name][which]
        for filled in (True, False):
            some = (found <= self.alpha) == filled
            draw_points(ax, statistic[some], rows[some], filled=filled)
        ax.set_xlabel(name)


def _farthest(found: dict[str, Calibration], n_pairs: int) -> list[tuple[int, int]]:
    """Return the pairs that are farthest from their nulls, in the order of the tables."""
    far: dict[tuple[int, int], float] = {}
    for one in found.values():
        spread = np.abs(of_pairs(one.statistic, one) - of_pairs(one.null_mean, one))
        std = of_pairs(one.null_std, one)
        score = np.divide(spread, std, out=np.zeros_like(spread), where=std > 0)
        for pair, value in zip(zip(*map(list, one.pairs), strict=True), score, strict=True):
            far[pair] = max(far.get(pair, 0.0), value)
    pairs = list(far)
    kept = np.argsort([-far[pair] for pair in pairs], kind="stable")[:n_pairs]
    return [pairs[k] for k in sorted(kept)]
