"""What single estimates of capacity found: by manifold, by features, by directions removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from netrep_go._parameters import checked
from netrep_go._validation import check_estimator
from netrep_go.capacity import CenterDirections
from netrep_go.plotting._capacity import UNITS
from netrep_go.plotting._layout import legend, name_columns
from netrep_go.plotting._style import COLORS, MARKERS, axes, from_zero, row, shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from netrep_go.capacity import DirectCapacity, MeanFieldCapacity

_QUANTITIES = ("capacity", "radius", "dimension")


class ManifoldGeometryDisplay:
    """Capacity, radius and dimension of each manifold.

    It is recommended to use :meth:`from_estimator` to create a display.

    Parameters
    ----------
    estimator : MeanFieldCapacity
        A fitted estimator. Each of its margins has a color.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (3,)
        The panels.
    figure_ : matplotlib Figure
        Figure that contains the panels.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import MeanFieldCapacity
    >>> from netrep_go.plotting import ManifoldGeometryDisplay
    >>> X = np.random.default_rng(0).standard_normal((3, 5, 20))
    >>> fitted = MeanFieldCapacity(random_state=0).fit(dict(zip(["cat", "dog", "car"], X)))
    >>> display = ManifoldGeometryDisplay.from_estimator(fitted)
    >>> [text.get_text() for text in display.axes_[0].get_xticklabels()]
    ['cat', 'dog', 'car']
    """

    def __init__(self, estimator: MeanFieldCapacity) -> None:
        self.estimator = estimator

    @classmethod
    @checked
    def from_estimator(
        cls, estimator: MeanFieldCapacity, *, ax: Sequence[Axes] | None = None
    ) -> ManifoldGeometryDisplay:
        """Draw what an estimator found for each manifold.

        Parameters
        ----------
        estimator : MeanFieldCapacity
            A fitted estimator of at most 10 margins.
        ax : sequence of 3 matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ManifoldGeometryDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are more margins than colors.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        check_estimator(estimator, "estimator")
        check_is_fitted(estimator, "manifolds_")
        if np.size(estimator.kappa) > len(COLORS):
            raise ValueError(
                f"at most {len(COLORS)} margins can be drawn, got {np.size(estimator.kappa)}"
            )
        return cls(estimator).plot(ax=ax)

    def plot(self, ax: Sequence[Axes] | None = None) -> ManifoldGeometryDisplay:
        """Draw the panels, with standard errors.

        Parameters
        ----------
        ax : sequence of 3 matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ManifoldGeometryDisplay
            The drawn display.
        """
        self.axes_ = row(ax, len(_QUANTITIES))
        self.figure_ = self.axes_[0].figure
        for panel, quantity in zip(self.axes_, _QUANTITIES, strict=True):
            self._draw(panel, quantity)
            panel.set_title(quantity, fontsize="medium")
        if np.size(self.estimator.kappa) > 1:
            legend(self.axes_[0], title="mean ± s.e.")
        return self

    def _draw(self, ax: Axes, quantity: str) -> None:
        """Draw the points of one quantity, with a color for each margin."""
        names = [str(name) for name in self.estimator.names_]
        values, errors = (
            np.atleast_2d(getattr(found, quantity))
            for found in (self.estimator.manifolds_, self.estimator.manifolds_se_)
        )
        for kappa, value, error, color, marker in zip(
            np.ravel(self.estimator.kappa), values, errors, COLORS, MARKERS, strict=False
        ):
            ax.errorbar(
                np.arange(len(names)),
                value,
                yerr=error,
                label=f"margin {kappa:g}",
                color=color,
                marker=marker,
                markersize=4,
                capsize=2,
                linestyle="none",
            )
        name_columns(ax, np.arange(len(names)), names)
        ax.set_ylabel(UNITS[quantity])
        from_zero(ax)
        ax.spines[["top", "right"]].set_visible(False)


class SeparabilityDisplay:
    """Separable fraction of dichotomies against the number of features.

    It is recommended to use :meth:`from_estimator` to create a display.

    Parameters
    ----------
    estimator : DirectCapacity
        A fitted estimator.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve, its 95 % band and the critical number of features.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import DirectCapacity
    >>> from netrep_go.plotting import SeparabilityDisplay
    >>> X = np.random.default_rng(0).standard_normal((10, 3, 30))
    >>> display = SeparabilityDisplay.from_estimator(DirectCapacity(random_state=0).fit(X))
    >>> len(display.ax_.lines[0].get_xdata())
    30
    """

    def __init__(self, estimator: DirectCapacity) -> None:
        self.estimator = estimator

    @classmethod
    @checked
    def from_estimator(
        cls, estimator: DirectCapacity, *, ax: Axes | None = None
    ) -> SeparabilityDisplay:
        """Draw the curve of an estimator.

        Parameters
        ----------
        estimator : DirectCapacity
            A fitted estimator.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : SeparabilityDisplay
            The drawn display.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        check_estimator(estimator, "estimator")
        check_is_fitted(estimator, "separability_")
        return cls(estimator).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> SeparabilityDisplay:
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : SeparabilityDisplay
            The drawn display.
        """
        self.ax_ = axes(ax, figsize=(4.2, 3.2))
        self.figure_ = self.ax_.figure
        n, model = self.estimator.n_tested_, self.estimator
        self.ax_.plot(n, model.separability_, color=COLORS[0], linewidth=1.2)
        self.ax_.fill_between(n, *model.separability_band_, color=COLORS[0], alpha=0.25, lw=0)
        if np.isfinite(model.n_critical_):
            style: dict[str, Any] = {
                "color": shade(self.ax_, 0.5),
                "linewidth": 0.8,
                "linestyle": "--",
            }
            self.ax_.axvline(model.n_critical_, **style)
        self.ax_.axhline(0.5, color=shade(self.ax_, 0.5), linewidth=0.8, linestyle="--")
        _name(self.ax_, "features", "separable fraction")
        self.ax_.set_ylim(0, 1)
        return self


class CenterDirectionsDisplay:
    """Correlation of centers against the number of directions that are removed.

    It is recommended to use :meth:`from_directions` to create a display.

    Parameters
    ----------
    found : CenterDirections
        Result of :func:`netrep_go.capacity.find_center_directions`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the correlation, the stability and the number that was chosen.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import find_center_directions
    >>> from netrep_go.plotting import CenterDirectionsDisplay
    >>> X = np.random.default_rng(0).standard_normal((8, 3, 20))
    >>> found = find_center_directions(X, random_state=0)
    >>> display = CenterDirectionsDisplay.from_directions(found)
    >>> display.ax_.get_xlabel()
    'directions removed'
    """

    def __init__(self, found: CenterDirections) -> None:
        self.found = found

    @classmethod
    @checked
    def from_directions(
        cls, found: CenterDirections, *, ax: Axes | None = None
    ) -> CenterDirectionsDisplay:
        """Draw a search.

        Parameters
        ----------
        found : CenterDirections
            Result of :func:`netrep_go.capacity.find_center_directions`.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : CenterDirectionsDisplay
            The drawn display.
        """
        return cls(found).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> CenterDirectionsDisplay:
        """Draw what was measured for each number of directions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : CenterDirectionsDisplay
            The drawn display.
        """
        self.ax_ = axes(ax, figsize=(4.2, 3.2))
        self.figure_ = self.ax_.figure
        curves: dict[str, Any] = {
            "mean correlation": self.found.correlation,
            "stability": self.found.stability,
        }
        for (name, values), color, marker in zip(curves.items(), COLORS, MARKERS, strict=False):
            self.ax_.plot(values, color=color, marker=marker, markersize=4, lw=1.2, label=name)
        style: dict[str, Any] = {"color": shade(self.ax_, 0.5), "linewidth": 0.8, "linestyle": "--"}
        self.ax_.axvline(self.found.n_removed, label="removed", **style)
        legend(self.ax_)
        _name(self.ax_, "directions removed", "of the centers")
        from_zero(self.ax_)
        return self


def _name(ax: Axes, x: str, y: str) -> None:
    """Name the axes and take the box away."""
    ax.set(xlabel=x, ylabel=y)
    ax.spines[["top", "right"]].set_visible(False)
