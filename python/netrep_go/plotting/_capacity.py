"""Capacity and geometry of manifolds, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go.plotting._style import COLORS, MARKERS, from_zero, row

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

_TITLES = {
    "capacity": "capacity",
    "radius": "radius",
    "dimension": "dimension",
    "center_correlation": "center correlation",
}


class CapacityDisplay:
    """Capacity, radius, dimension and center correlation against layers.

    It is recommended to use :meth:`from_estimators` to create a display.

    Parameters
    ----------
    values : dict of str to list of ndarray of shape (n_layers,)
        For 'capacity', 'radius', 'dimension' and 'center_correlation' or some of them, the
        averages over the manifolds in each layer of each network.
    errors : dict of str to list of ndarray of shape (n_layers,)
        Standard errors of these; a quantity without is not in it.
    layers : list of list of str
        Names of the layers of each network.
    names : sequence of str, default=None
        Names of the networks.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes of shape (n_quantities,)
        The panels, one a quantity.
    figure_ : matplotlib Figure
        Figure that contains the panels.
    """

    def __init__(
        self,
        values: Mapping[str, Sequence[npt.NDArray[np.float64]]],
        errors: Mapping[str, Sequence[npt.NDArray[np.float64]]],
        *,
        layers: Sequence[Sequence[str]],
        names: Sequence[str] | None = None,
    ) -> None:
        self.values = values
        self.errors = errors
        self.layers = layers
        self.names = names

    @classmethod
    @checked
    def from_estimators(
        cls,
        estimators: Mapping[str, Any] | Mapping[str, Mapping[str, Any]],
        *,
        ax: Sequence[Axes] | None = None,
    ) -> CapacityDisplay:
        """Draw what fitted estimators say of each layer.

        Parameters
        ----------
        estimators : dict of str to estimator, or dict of str to such a dict
            A fitted :class:`netrep_go.capacity.MeanFieldCapacity` for each layer, in the
            order of the layers; or such a dict for each network.
        ax : sequence of 4 matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : CapacityDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are no estimators, more than 10 networks, or estimators with several
            margins.
        TypeError
            If an estimator is another one, such as :class:`netrep_go.capacity.DirectCapacity`.
        sklearn.exceptions.NotFittedError
            If an estimator is not fitted.

        Examples
        --------
        >>> import numpy as np
        >>> from netrep_go.capacity import MeanFieldCapacity
        >>> from netrep_go.plotting import CapacityDisplay
        >>> rng = np.random.default_rng(0)
        >>> X, y = rng.standard_normal((60, 20)), np.repeat(np.arange(12), 5)
        >>> fitted = {
        ...     layer: MeanFieldCapacity(max_removed=0, random_state=0).fit(X + shift, y)
        ...     for layer, shift in [("input", 0.0), ("output", rng.standard_normal((12, 20))[y])]
        ... }
        >>> display = CapacityDisplay.from_estimators(fitted)
        >>> capacity, = display.values["capacity"]
        >>> bool(capacity[1] > capacity[0])
        True
        """
        nested = bool(estimators) and all(isinstance(e, Mapping) for e in estimators.values())
        networks = dict(estimators) if nested else {"": estimators}
        if not all(networks.values()):
            raise ValueError("estimators must have at least one layer")
        if len(networks) > len(COLORS):
            raise ValueError(f"at most {len(COLORS)} networks can be drawn, got {len(networks)}")
        values: dict[str, list[Any]] = {quantity: [] for quantity in _TITLES}
        errors: dict[str, list[Any]] = {quantity: [] for quantity in _TITLES}
        for by_layer in networks.values():
            quantities = [_quantities(estimator) for estimator in by_layer.values()]
            for quantity in _TITLES:
                pairs = np.array([each[quantity] for each in quantities], dtype=np.float64)
                values[quantity].append(pairs[:, 0])
                errors[quantity].append(pairs[:, 1])
        display = cls(
            values,
            errors,
            layers=[list(by_layer) for by_layer in networks.values()],
            names=list(networks) if nested else None,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Sequence[Axes] | None = None) -> CapacityDisplay:
        """Draw the panels.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a quantity. If None, a new figure is made.

        Returns
        -------
        display : CapacityDisplay
            The drawn display.
        """
        self.ax_ = row(ax, len(self.values))
        self.figure_ = self.ax_[0].figure
        for panel, quantity in zip(self.ax_, self.values, strict=True):
            self._draw(panel, quantity)
            panel.set_title(_TITLES[quantity], fontsize="medium")
        if self.names is not None:
            self.ax_[0].legend(fontsize="small", frameon=False)
        return self

    def _draw(self, ax: Axes, quantity: str) -> None:
        """Draw one quantity, a line for each network."""
        values = self.values[quantity]
        nothing = [None] * len(values)
        errors, names = self.errors.get(quantity, nothing), self.names or nothing
        for value, error, name, color, marker in zip(
            values, errors, names, COLORS, MARKERS, strict=False
        ):
            ax.errorbar(
                np.arange(len(value)),
                value,
                yerr=error,
                label=name,
                color=color,
                marker=marker,
                markersize=4,
                capsize=2,
                linewidth=1.2,
            )
        longest = max(self.layers, key=len)
        ticks = np.arange(len(longest))
        if all(layers == longest for layers in self.layers):
            ax.set_xticks(ticks, longest, rotation=45, ha="right", fontsize="small")
        else:
            ax.set_xticks(ticks, ticks + 1)
            ax.set_xlabel("layer")
        from_zero(ax)
        ax.spines[["top", "right"]].set_visible(False)


def _quantities(estimator: Any) -> dict[str, tuple[float, float]]:
    """Return the averages over manifolds and their standard errors, 0 where there is none."""
    check_is_fitted(estimator)
    if not all(hasattr(estimator, f"{quantity}_") for quantity in _TITLES):
        raise TypeError(f"estimators must be of MeanFieldCapacity, got {shown(estimator)}")
    quantities = {
        quantity: (
            getattr(estimator, f"{quantity}_"),
            getattr(estimator, f"{quantity}_se_", 0.0),
        )
        for quantity in _TITLES
    }
    if any(np.ndim(value) for value, _ in quantities.values()):
        raise ValueError("estimators must have one margin each, got an estimator with several")
    return quantities
