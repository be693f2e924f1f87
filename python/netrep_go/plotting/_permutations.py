"""Display of what statistics are after permutations, with what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._validation import as_integers
from netrep_go.covariates import KNNResult, MantelResult, PermanovaResult
from netrep_go.encoding import EncodingPermutationTest
from netrep_go.plotting._layout import legend, name_rows
from netrep_go.plotting._style import COLORS, axes, shade
from netrep_go.rsa import PermutationTest

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

Test = PermutationTest | EncodingPermutationTest | MantelResult | PermanovaResult | KNNResult

_MOST = 60  # rows
_BINS = 60
_LABELS = {
    PermutationTest: "mean similarity to measured RDMs",
    EncodingPermutationTest: "held-out score",
    MantelResult: "correlation of distances",
    PermanovaResult: "pseudo-F",
    KNNResult: "leave-one-out accuracy",
}
_CORRECTED = {"fdr": "FDR-corrected", "bonferroni": "Bonferroni-corrected", "none": "uncorrected"}


class PermutationTestDisplay:
    """Histograms of permuted statistics with the observed value, one row a model.

    It is recommended to use :meth:`from_test`, or the method ``plot`` of a test, to create a
    display.

    Parameters
    ----------
    null_distribution : ndarray of shape (n_permutations, n_models)
        The statistics after each permutation. Infinite ones are not drawn.
    statistic, pvalue : ndarray of shape (n_models,)
        What was observed.
    names : list, default=None
        Names of the models.
    label : str, default='statistic'
        Name of the statistic.
    correction : str, default=''
        How the p-values are corrected.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the histograms.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import PermutationTestDisplay
    >>> from netrep_go.rsa import permutation_test
    >>> models = dict(zip(["true", "other"], np.random.default_rng(0).random((2, 66))))
    >>> test = permutation_test(models, models["true"], n_permutations=99, random_state=0)
    >>> display = PermutationTestDisplay.from_test(test)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['true', 'other']
    """

    def __init__(
        self,
        null_distribution: npt.NDArray[np.float64],
        statistic: npt.NDArray[np.float64],
        pvalue: npt.NDArray[np.float64],
        *,
        names: Sequence[Name] | None = None,
        label: str = "statistic",
        correction: str = "",
    ) -> None:
        self.null_distribution = null_distribution
        self.statistic = statistic
        self.pvalue = pvalue
        self.names = names
        self.label = label
        self.correction = correction

    @classmethod
    @checked
    def from_test(
        cls, test: Test, *, which: Sequence[int] | None = None, ax: Axes | None = None
    ) -> PermutationTestDisplay:
        """Draw a test.

        Parameters
        ----------
        test : PermutationTest, EncodingPermutationTest, MantelResult, PermanovaResult or KNNResult
            Result of :func:`netrep_go.rsa.permutation_test`,
            :func:`netrep_go.encoding.permutation_test` or a test of
            :mod:`netrep_go.covariates`.
        which : sequence of int, default=None
            Positions of the models or targets to draw; None for all.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : PermutationTestDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are more than 60 rows.
        """
        statistic = np.atleast_1d(test.statistic)
        chosen = _positions(which, len(statistic))
        several = len(statistic) > 1
        pvalue = test.pvalue if not several else test.pvalue_corrected  # type: ignore[union-attr]
        null = np.reshape(test.null_distribution, (-1, len(statistic)))
        names = list(getattr(test, "names", range(len(statistic))))
        display = cls(
            null[:, chosen],
            statistic[chosen],
            np.atleast_1d(pvalue)[chosen],
            names=[names[k] for k in chosen] if several else None,
            label=_LABELS[type(test)],
            correction=_CORRECTED[test.correction] if several else "",  # type: ignore[union-attr]
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> PermutationTestDisplay:
        """Draw the histograms, of a common scale, and what was observed.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : PermutationTestDisplay
            The drawn display.
        """
        n = len(self.statistic)
        self.ax_ = axes(ax, figsize=(4.8, 1.9 + 0.32 * n))
        self.figure_ = self.ax_.figure
        edges = self._edges()
        for k in range(n):
            self._draw(n - 1 - k, k, edges)
        self._name_axes()
        handles = self.ax_.get_legend_handles_labels()[0][:2]
        title = f"p: {self.correction}" if self.correction else ""
        legend(self.ax_, handles, title=title, above=True)
        return self

    def _edges(self) -> npt.NDArray[np.float64]:
        """Return the edges of bins that all statistics are in."""
        every = np.append(self.null_distribution, self.statistic)
        every = every[np.isfinite(every)]
        if not every.size:
            raise ValueError("null_distribution must have finite numbers, got none")
        return np.histogram_bin_edges(every, bins=_BINS)

    def _draw(self, row: int, k: int, edges: npt.NDArray[np.float64]) -> None:
        """Draw the histogram of a model on its row, the observed value and p."""
        null = self.null_distribution[:, k]
        counts, _ = np.histogram(null[np.isfinite(null)], edges)
        alone = len(self.statistic) == 1
        top = counts.max() if alone else 0.8
        heights = counts * (top / max(counts.max(), 1))
        gray, text = shade(self.ax_, 0.6), f"{len(null)} permutations"
        self.ax_.stairs(row + heights, edges, baseline=row, fill=True, color=gray, label=text)
        at, end = [self.statistic[k]] * 2, row + 1.05 * top
        self.ax_.plot(at, [row, end], color=COLORS[2], linewidth=2, label="observed")
        self.ax_.annotate(
            _p_text(self.pvalue[k]),
            (1.02, row + 0.4 * top),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize="small",
        )

    def _name_axes(self) -> None:
        n = len(self.statistic)
        self.ax_.set_xlabel(self.label)
        self.ax_.spines[["top", "right"]].set_visible(False)
        if n == 1:
            self.ax_.set_ylabel("permutations")
            self.ax_.set_ylim(bottom=0)
            return
        self.ax_.set_ylim(0, n)
        name_rows(self.ax_, np.arange(n)[::-1] + 0.3, self.names or range(n))
        self.ax_.tick_params(axis="y", length=0)


def _positions(which: Sequence[int] | None, n: int) -> npt.NDArray[Any]:
    """Return the rows that are drawn, which must not be too many."""
    chosen = np.arange(n) if which is None else as_integers(which, "which")
    if len(chosen) and not ((chosen >= -n) & (chosen < n)).all():
        raise ValueError(f"which must be positions of {n} tests, got {chosen.tolist()}")
    if not 1 <= len(chosen) <= _MOST:
        raise ValueError(f"1 to {_MOST} tests can be drawn, got {len(chosen)}: choose with which")
    return chosen


def _p_text(pvalue: float) -> str:
    return "p undefined" if np.isnan(pvalue) else f"p = {pvalue:.2g}"
