"""Time courses of scores with marks of significant clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.plotting._style import COLORS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from netrep_go.rsa import ClusterResult, TimeCourse


class TimeCourseDisplay:
    """Scores of models over time, with a line below where they are significant.

    It is recommended to use :meth:`from_time_course` to create a display.

    Parameters
    ----------
    course : TimeCourse
        Result of :func:`netrep_go.rsa.time_resolved`, :func:`netrep_go.encoding.encode_times`
        or :func:`netrep_go.encoding.decode_times`.
    clusters : sequence of ClusterResult, default=None
        Result of :func:`netrep_go.rsa.cluster_test` for each model.
    names : sequence of hashable, default=None
        Name of each model; None for those of the time course.
    alpha : float, default=0.05
        Largest p value of the clusters that are marked.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the lines.
    figure_ : matplotlib Figure
        Figure that contains the lines.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import TimeCourseDisplay
    >>> from netrep_go.rsa import cluster_test, time_resolved
    >>> rng = np.random.default_rng(0)
    >>> course = time_resolved(rng.standard_normal((8, 5, 10, 30)), rng.random((2, 10)))
    >>> clusters = [cluster_test(course.scores[:, k], random_state=0) for k in range(2)]
    >>> display = TimeCourseDisplay.from_time_course(course, clusters=clusters)
    >>> len(display.ax_.lines) >= 2
    True
    """

    def __init__(
        self,
        course: TimeCourse,
        *,
        clusters: Sequence[ClusterResult] | None = None,
        names: Sequence[Name] | None = None,
        alpha: float = 0.05,
    ) -> None:
        self.course = course
        self.clusters = clusters
        self.names = names
        self.alpha = alpha

    @classmethod
    @checked
    def from_time_course(
        cls,
        course: TimeCourse,
        *,
        clusters: Sequence[ClusterResult] | None = None,
        names: Sequence[Name] | None = None,
        alpha: float = 0.05,
        ax: Axes | None = None,
    ) -> TimeCourseDisplay:
        """Draw the time course of each model.

        Parameters
        ----------
        course : TimeCourse
            Result of :func:`netrep_go.rsa.time_resolved`,
            :func:`netrep_go.encoding.encode_times` or :func:`netrep_go.encoding.decode_times`.
        clusters : sequence of ClusterResult, default=None
            Result of :func:`netrep_go.rsa.cluster_test` for each model.
        names : sequence of hashable, default=None
            Name of each model; None for those of the time course.
        alpha : float, default=0.05
            Largest p value of the clusters that are marked.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : TimeCourseDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are not as many clusters or names as models.
        """
        n_models = course.scores.shape[1]
        for name, given in (("clusters", clusters), ("names", names)):
            if given is not None and len(given) != n_models:
                raise ValueError(f"{name} must have one for each of {n_models} models")
        check_number(alpha, "alpha", 0, 1)
        return cls(course, clusters=clusters, names=names, alpha=alpha).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> TimeCourseDisplay:
        """Draw means over subjects with standard errors, and the marks.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : TimeCourseDisplay
            The drawn display.
        """
        self.ax_ = axes(ax, figsize=(6.5, 4.0))
        self.figure_ = self.ax_.figure
        times, scores = self.course.times, self.course.scores
        n_subjects = len(scores)
        names = [
            f"model {name}" if isinstance(name, int) else str(name)
            for name in self.names or self.course.names
        ]
        means = scores.mean(axis=0)
        for k, mean in enumerate(means):
            color = COLORS[k % len(COLORS)]
            self.ax_.plot(times, mean, color=color, label=names[k])
            if n_subjects > 1:
                error = scores[:, k].std(axis=0, ddof=1) / np.sqrt(n_subjects)
                self.ax_.fill_between(times, mean - error, mean + error, color=color, alpha=0.25)
        if self.clusters is not None:
            self._mark(means)
        self.ax_.axhline(self.course.chance, color="0.2", linewidth=0.8)
        self.ax_.set(xlabel="time", ylabel=self.course.label)
        self.ax_.legend(frameon=False, fontsize="small")
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self

    def _mark(self, means: np.ndarray) -> None:
        """Draw a line for each model below the curves, where its clusters are."""
        times = self.course.times
        low, high = means.min(), means.max()
        half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5
        for k, result in enumerate(self.clusters or ()):
            height = low - (0.08 + 0.05 * k) * (high - low)
            shown = result.significant(self.alpha)
            edges = np.flatnonzero(np.diff(np.r_[False, shown, False]))
            for start, end in edges.reshape(-1, 2):
                span = [times[start] - half, times[end - 1] + half]
                color = COLORS[k % len(COLORS)]
                self.ax_.plot(span, [height, height], color=color, linewidth=3)
