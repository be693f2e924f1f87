"""Capacity and geometry of manifolds, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from netrep_go._names import Name, check_names
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go.plotting._layout import legend, name_columns
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
UNITS = {  # what stands along the y axis
    "capacity": "manifolds per feature",
    "radius": "in distances of centers",
    "dimension": "dimensions",
    "center_correlation": "mean |r|",
}


class CapacityDisplay:
    """Capacity, radius, dimension and center correlation against layers.

    It is recommended to use :meth:`from_estimators` to create a display.

    Parameters
    ----------
    values : dict of str to list of ndarray of shape (n_layers,)
        For 'capacity', 'radius', 'dimension' and 'center_correlation' or some of them, the
        averages over the manifolds in each layer of each network; NaN is left out.
    errors : dict of str to list of ndarray of shape (n_layers,)
        Standard errors of these; a quantity without is not in it.
    layers : list of list of str
        Names of the layers of each network.
    names : sequence of hashable, default=None
        Names of the networks.
    groups : sequence of hashable, default=None
        Group of each network. Groups are drawn as the mean and the standard deviation over
        their networks.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_quantities,)
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
        groups: Sequence[Name] | None = None,
    ) -> None:
        self.values = values
        self.errors = errors
        self.layers = layers
        self.names = names
        self.groups = groups

    @classmethod
    @checked
    def from_estimators(
        cls,
        estimators: Mapping[str, Any] | Mapping[str, Mapping[str, Any]],
        *,
        groups: Iterable[Name] | None = None,
        ax: Sequence[Axes] | None = None,
    ) -> CapacityDisplay:
        """Draw what fitted estimators say of each layer.

        Parameters
        ----------
        estimators : dict of str to estimator, or dict of str to such a dict
            A fitted :class:`netrep_go.capacity.MeanFieldCapacity`,
            :class:`netrep_go.capacity.DirectCapacity` or
            :class:`netrep_go.capacity.JointCapacity` for each layer, in the order of the
            layers; or such a dict for each network, or for each kind of estimator.
        groups : sequence of hashable, default=None
            Group of each network, such as its architecture, of which there are several
            seeds: drawn as mean and standard deviation over its networks, which need as
            many layers as each other. If None, more than 10 networks are one group.
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one for each of capacity, radius, dimension and center correlation
            that one of the estimators has. If None, a new figure is made.

        Returns
        -------
        display : CapacityDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If there are no estimators, more than 10 groups, networks of a group with other
            numbers of layers, or estimators with several margins.
        TypeError
            If an estimator is another one.
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
        if not isinstance(estimators, Mapping):
            raise TypeError(f"estimators must be a dict by layer, got {shown(estimators)}")
        nested = bool(estimators) and all(isinstance(e, Mapping) for e in estimators.values())
        networks = dict(estimators) if nested else {"": estimators}
        if not all(networks.values()):
            raise ValueError("estimators must have at least one layer")
        found = [[_quantities(e) for e in layers.values()] for layers in networks.values()]
        drawn = [q for q in _TITLES if any(q in of_layer for of in found for of_layer in of)]
        pairs = {
            q: [np.array([of_layer.get(q, _NONE) for of_layer in of]) for of in found]
            for q in drawn
        }
        layers = [list(by_layer) for by_layer in networks.values()]
        display = cls(
            {q: [pair[:, 0] for pair in each] for q, each in pairs.items()},
            {q: [pair[:, 1] for pair in each] for q, each in pairs.items()},
            layers=layers,
            names=list(networks) if nested else None,
            groups=_as_groups(groups, layers),
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
        self.axes_ = row(ax, len(self.values))
        self.figure_ = self.axes_[0].figure
        for panel, quantity in zip(self.axes_, self.values, strict=True):
            (self._draw if self.groups is None else self._draw_groups)(panel, quantity)
            panel.set_title(_TITLES[quantity], fontsize="medium")
            panel.set_ylabel(UNITS[quantity])
            self._name_layers(panel)
            from_zero(panel)
            panel.spines[["top", "right"]].set_visible(False)
        if self.groups is not None:
            legend(self.axes_[0], title="mean ± s.d. over networks", named=True)
        elif self.names is not None:
            legend(self.axes_[0], title="bars: ± s.e." if self.errors else "", named=True)
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

    def _draw_groups(self, ax: Axes, quantity: str) -> None:
        """Draw one quantity: the mean of each group, and a band of its standard deviation."""
        groups = list(self.groups or ())
        for name, color, marker in zip(dict.fromkeys(groups), COLORS, MARKERS, strict=False):
            chosen = [v for v, g in zip(self.values[quantity], groups, strict=True) if g == name]
            values = np.array(chosen)
            places, mean = np.arange(values.shape[1]), values.mean(axis=0)
            text = f"{name} ({len(values)})"
            ax.plot(places, mean, label=text, color=color, marker=marker, markersize=4, lw=1.2)
            if len(values) > 1:
                spread = values.std(axis=0, ddof=1)
                ax.fill_between(places, mean - spread, mean + spread, color=color, alpha=0.25, lw=0)

    def _name_layers(self, ax: Axes) -> None:
        """Write the names of layers, or their numbers where networks have others."""
        longest = max(self.layers, key=len)
        places = np.arange(len(longest))
        if all(layers == longest for layers in self.layers):
            name_columns(ax, places, longest)
        else:
            name_columns(ax, places, [str(k + 1) for k in places])
            ax.set_xlabel("layer")


_NONE = (np.nan, np.nan)  # what an estimator does not say


def _as_groups(groups: Iterable[Name] | None, layers: Sequence[Sequence[str]]) -> list[Name] | None:
    """Return the group of each network, one for all if they are too many for lines of their own."""
    if groups is None:
        if len(layers) <= len(COLORS):
            return None
        groups = ["networks"] * len(layers)
    found = check_names(groups, len(layers), "networks", unique=False, argument="groups")
    if len(set(found)) > len(COLORS):
        raise ValueError(f"at most {len(COLORS)} groups can be drawn, got {len(set(found))}")
    for name in dict.fromkeys(found):
        numbers = {len(of) for of, group in zip(layers, found, strict=True) if group == name}
        if len(numbers) > 1:
            raise ValueError(
                f"networks of a group must have as many layers as each other, got "
                f"{sorted(numbers)} in {shown(name)}"
            )
    return found


def _quantities(estimator: Any) -> dict[str, tuple[float, float]]:
    """Return the averages over manifolds and their standard errors, 0 where there is none."""
    check_is_fitted(estimator)
    if not hasattr(estimator, "capacity_"):
        raise TypeError(
            "estimators must be of MeanFieldCapacity, DirectCapacity or JointCapacity, got "
            f"{shown(estimator)}"
        )
    quantities = {
        quantity: (getattr(estimator, f"{quantity}_"), getattr(estimator, f"{quantity}_se_", 0.0))
        for quantity in _TITLES
        if hasattr(estimator, f"{quantity}_")
    }
    if any(np.ndim(value) for value, _ in quantities.values()):
        raise ValueError("estimators must have one margin each, got an estimator with several")
    return quantities
