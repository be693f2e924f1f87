"""Displays of RDMs that models predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._parameters import checked
from netrep_go.encoding import EncodingPartition
from netrep_go.plotting._layout import legend, most_letters, name_columns, name_rows, points_of
from netrep_go.plotting._style import COLORS, axes, shade
from netrep_go.rsa import LayerEvaluation, VariancePartition

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from netrep_go.rsa import NoiseCeiling


class LayerEvaluationDisplay:
    """Bars of how well layers match measured RDMs: as they are, remixed and reweighted.

    It is recommended to use :meth:`from_evaluation` to create a display.

    Parameters
    ----------
    evaluation : LayerEvaluation
        Result of :func:`netrep_go.rsa.evaluate_layers`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure that contains the bars.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import LayerEvaluationDisplay
    >>> from netrep_go.rsa import evaluate_layers
    >>> rng = np.random.default_rng(0)
    >>> layers = {name: rng.standard_normal((12, 5)) for name in ("conv", "fc")}
    >>> result = evaluate_layers(layers, rng.random((3, 66)), cv=4, random_state=0)
    >>> display = LayerEvaluationDisplay.from_evaluation(result)
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['conv', 'fc', 'all']
    """

    def __init__(self, evaluation: LayerEvaluation) -> None:
        self.evaluation = evaluation

    @classmethod
    @checked
    def from_evaluation(
        cls, evaluation: LayerEvaluation, *, ax: Axes | None = None
    ) -> LayerEvaluationDisplay:
        """Draw the scores of all models.

        Parameters
        ----------
        evaluation : LayerEvaluation
            Result of :func:`netrep_go.rsa.evaluate_layers`.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : LayerEvaluationDisplay
            The drawn display.
        """
        return cls(evaluation).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> LayerEvaluationDisplay:
        """Draw the bars: means over measured RDMs, standard errors and the noise ceiling.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : LayerEvaluationDisplay
            The drawn display.
        """
        bars = self.evaluation.bars()
        self.ax_ = axes(ax, figsize=(1.5 + 0.45 * len(bars), 4.0))
        self.figure_ = self.ax_.figure
        kinds = list(dict.fromkeys(kind for kind, _, _ in bars))
        places = [k + kinds.index(kind) for k, (kind, _, _) in enumerate(bars)]
        for color, kind in zip(COLORS, kinds, strict=False):
            chosen = [k for k, bar in enumerate(bars) if bar[0] == kind]
            scores = np.array([bars[k][2] for k in chosen])
            at = [places[k] for k in chosen]
            self.ax_.bar(at, scores.mean(axis=1), color=color, label=kind)
            if scores.shape[1] > 1:
                error = scores.std(axis=1, ddof=1) / np.sqrt(scores.shape[1])
                ink = shade(self.ax_, 0.2)
                self.ax_.errorbar(at, scores.mean(axis=1), error, fmt="none", ecolor=ink)
        draw_ceiling(self.ax_, self.evaluation.noise_ceiling)
        self.ax_.axhline(0, color=shade(self.ax_, 0.2), linewidth=0.8)
        name_columns(self.ax_, places, [name for _, name, _ in bars])
        self.ax_.set_ylabel(f"similarity to measured RDMs\n({self.evaluation.method})")
        n_rdms = bars[0][2].size
        legend(self.ax_, title=f"mean ± s.e. of {n_rdms} RDMs" if n_rdms > 1 else "")
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self


def draw_ceiling(ax: Axes, ceiling: NoiseCeiling | None) -> None:
    """Draw a noise ceiling, if there is one that is known, as a band behind the bars."""
    if ceiling is not None and np.isfinite(ceiling.lower):
        style: dict[str, Any] = {"facecolor": shade(ax, 0.85), "edgecolor": shade(ax, 0.6)}
        ax.axhspan(*ceiling, **style, zorder=0, label="noise ceiling")


class VariancePartitionDisplay:
    """Bars of the variance that sets of models explain alone and together.

    It is recommended to use :meth:`from_partition` to create a display.

    Parameters
    ----------
    partition : VariancePartition or EncodingPartition
        Result of :func:`netrep_go.rsa.partition_variance`, or of
        :func:`netrep_go.encoding.partition_variance`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure that contains the bars.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import VariancePartitionDisplay
    >>> from netrep_go.rsa import partition_variance
    >>> low, high = np.random.default_rng(0).random((2, 66))
    >>> partition = partition_variance({"low": low, "high": high}, low + high)
    >>> display = VariancePartitionDisplay.from_partition(partition)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['all', 'low & high', 'high', 'low']
    """

    def __init__(self, partition: VariancePartition | EncodingPartition) -> None:
        self.partition = partition

    @classmethod
    @checked
    def from_partition(
        cls, partition: VariancePartition | EncodingPartition, *, ax: Axes | None = None
    ) -> VariancePartitionDisplay:
        """Draw the parts of the variance.

        Parameters
        ----------
        partition : VariancePartition or EncodingPartition
            Result of :func:`netrep_go.rsa.partition_variance`, or of
            :func:`netrep_go.encoding.partition_variance`.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : VariancePartitionDisplay
            The drawn display.
        """
        return cls(partition).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> VariancePartitionDisplay:
        """Draw the parts: means over RDMs or targets, with intervals if there are some.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : VariancePartitionDisplay
            The drawn display.
        """
        partition = self.partition
        names = partition.part_names
        order = sorted(range(len(names)), key=lambda s: (bin(s + 1).count("1"), s))
        values = np.append(partition.parts.mean(axis=0)[order], partition.r2.mean(axis=0)[-1])
        places = np.arange(len(values))[::-1]
        self.ax_ = axes(ax, figsize=(6.0, 1.2 + 0.3 * len(values)))
        self.figure_ = self.ax_.figure
        n_sets = [bin(s + 1).count("1") - 1 for s in order]
        colors = [COLORS[k % len(COLORS)] for k in n_sets] + [shade(self.ax_, 0.5)]
        self.ax_.barh(places, values, color=colors)
        if partition.parts_interval is not None and partition.r2_interval is not None:
            ends = np.append(
                partition.parts_interval[:, order], partition.r2_interval[:, -1:], axis=1
            )
            self.ax_.hlines(places, *ends, color=shade(self.ax_, 0.2), label="confidence interval")
            legend(self.ax_, above=True)
        self.ax_.axvline(0, color=shade(self.ax_, 0.2), linewidth=0.8)
        rows = [*(names[s] for s in order), "all"]
        if max(map(len, rows)) > most_letters(self.ax_, 0, points_of("small")):
            rows = [name.replace(" & ", " &\n") for name in rows]
        name_rows(self.ax_, places[::-1], rows[::-1])
        kind = "cross-validated" if partition.cross_validated else "in-sample"
        self.ax_.set_xlabel(f"explained variance\n({kind} R²)")
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self
