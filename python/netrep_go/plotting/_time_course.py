"""Time courses of scores with marks of significant clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netrep_go._names import Name
from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.plotting._layout import legend, text_of
from netrep_go.plotting._outlined import with_unit
from netrep_go.plotting._style import axes, line_styles, shade
from netrep_go.rsa import ClusterResult, TimeCourse

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
        Largest p-value of the clusters that are marked.
    unit : str, default=None
        Unit of the times, such as "ms".

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
        unit: str | None = None,
    ) -> None:
        self.course = course
        self.clusters = clusters
        self.names = names
        self.alpha = alpha
        self.unit = unit

    @classmethod
    @checked
    def from_time_course(
        cls,
        course: TimeCourse,
        *,
        clusters: Sequence[ClusterResult] | None = None,
        names: Sequence[Name] | None = None,
        alpha: float = 0.05,
        unit: str | None = None,
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
            Largest p-value of the clusters that are marked.
        unit : str, default=None
            Unit of the times, such as "ms", shown along the axis.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : TimeCourseDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are not as many clusters or names as models, or more than 40 models, of
            which two lines would look the same.
        """
        n_models = course.scores.shape[1]
        for name, given in (("clusters", clusters), ("names", names)):
            if given is not None and len(given) != n_models:
                raise ValueError(f"{name} must have one for each of {n_models} models")
        check_number(alpha, "alpha", 0, 1)
        display = cls(course, clusters=clusters, names=names, alpha=alpha, unit=unit)
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> TimeCourseDisplay:
        """Draw means over subjects with standard errors, the noise ceiling, and the marks.

        The title of the legend says what bands and marks are.

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
        styles = line_styles(self.course.scores.shape[1], "models")
        self._draw_lines(styles)
        self._draw_ceiling()
        if self.clusters is not None:
            self._mark(styles)
        self.ax_.axhline(self.course.chance, color=shade(self.ax_, 0.2), linewidth=0.8, zorder=1)
        if self.course.times.min() < 0 < self.course.times.max():
            self.ax_.axvline(0, color=shade(self.ax_, 0.5), linewidth=0.8, linestyle=":", zorder=1)
        self.ax_.set(xlabel=with_unit("time", self.unit), ylabel=self.course.label)
        legend(self.ax_, title=self._meaning(), named=True)
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self

    def _draw_lines(self, styles: list[dict[str, Any]]) -> None:
        """Draw the mean of each model, and a band of its standard error if there is one."""
        names = [
            f"model {name}" if isinstance(name, int) else text_of(name)
            for name in self.names or self.course.names
        ]
        means, errors = _means(self.course.scores)
        for name, mean, error, style in zip(names, means, errors, styles, strict=True):
            self.ax_.plot(self.course.times, mean, label=name, **style)
            self.ax_.fill_between(
                self.course.times,
                mean - error,
                mean + error,
                color=style["color"],
                alpha=0.25,
                lw=0,
            )

    def _draw_ceiling(self) -> None:
        """Draw the noise ceiling, where there is one that is known, as a band behind the lines."""
        if self.course.noise_ceiling is not None:
            bounds = self.course.noise_ceiling.lower, self.course.noise_ceiling.upper
            color = shade(self.ax_, 0.85)
            style: dict[str, Any] = {"color": color, "zorder": 0, "lw": 0}
            self.ax_.fill_between(self.course.times, *bounds, **style, label="noise ceiling")

    def _meaning(self) -> str:
        """Return what bands and marks are."""
        n_subjects = len(self.course.scores)
        lines = [f"band: ± s.e. of {n_subjects} subjects"] if n_subjects > 1 else []
        if self.clusters is not None:
            lines.append(f"bar: cluster, p ≤ {self.alpha:g}")
        return "\n".join(lines)

    def _mark(self, styles: list[dict[str, Any]]) -> None:
        """Draw a line for each model below the curves, where its clusters are."""
        times = self.course.times
        means, errors = _means(self.course.scores)
        ceiling = self.course.noise_ceiling
        bottom = np.nan if ceiling is None else ceiling.lower
        low = np.nanmin(np.append(means - errors, bottom))
        high = np.nanmax(means + errors)
        step = 0.05 * (high - low or 1.0)
        half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5
        for k, (result, style) in enumerate(zip(self.clusters or (), styles, strict=True)):
            height = low - (k + 1.6) * step
            shown = result.significant(self.alpha)
            edges = np.flatnonzero(np.diff(np.r_[False, shown, False]))
            for start, end in edges.reshape(-1, 2):
                span = [times[start] - half, times[end - 1] + half]
                at, color = [height, height], style["color"]
                self.ax_.plot(span, at, linewidth=3, solid_capstyle="butt", color=color)
                if style["linestyle"] != "-":  # dashes within, which do not look like clusters
                    core = {"color": shade(self.ax_, 1), "linestyle": style["linestyle"]}
                    self.ax_.plot(span, at, linewidth=1, **core)


def _means(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return means over subjects and their standard errors, 0 of one subject."""
    n_subjects = len(scores)
    error = scores.std(axis=0, ddof=1) / np.sqrt(n_subjects) if n_subjects > 1 else 0 * scores[0]
    return scores.mean(axis=0), error
