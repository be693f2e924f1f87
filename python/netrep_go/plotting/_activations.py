"""Aligned activations, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import check_consistent_length

from netrep_go._names import Items, Name, check_same_indexes, names_or_numbers, split_names
from netrep_go._parameters import checked
from netrep_go._validation import as_array, as_codes, as_numbers
from netrep_go.plotting._hues import levels
from netrep_go.plotting._layout import title
from netrep_go.plotting._style import COLORS, panels, shade

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


class AlignedActivationsDisplay:
    """Principal components of aligned activations, one panel a network.

    The components are those of all networks together, so that a point at the same
    place in two panels is the same pattern of activity.

    It is recommended to use :meth:`from_activations` to create a display.

    Parameters
    ----------
    components : list of ndarray of shape (n_samples, 2)
        First two principal components of each network's activations.
    y : ndarray of shape (n_samples,)
        Label of each sample.
    explained_variance_ratio : ndarray of shape (2,)
        Fraction of the variance over all networks in each component.
    names : sequence of hashable, default=None
        Name of each network, above its panel.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_networks,)
        The panels.
    figure_ : matplotlib Figure
        Figure that contains the panels.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import AlignedActivationsDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((30, 5))
    >>> display = AlignedActivationsDisplay.from_activations(
    ...     [X, X + 0.1], np.repeat([0, 1, 2], 10), names=["a", "b"])
    >>> len(display.axes_), display.components[0].shape
    (2, (30, 2))
    """

    def __init__(
        self,
        components: Sequence[npt.NDArray[np.float64]],
        y: npt.NDArray[np.generic],
        *,
        explained_variance_ratio: npt.NDArray[np.float64],
        names: Sequence[Name] | None = None,
    ) -> None:
        self.components = components
        self.y = y
        self.explained_variance_ratio = explained_variance_ratio
        self.names = names

    @classmethod
    @checked
    def from_activations(
        cls,
        activations: Items,
        y: npt.ArrayLike,
        *,
        names: Iterable[Name] | None = None,
        ax: Sequence[Axes] | None = None,
    ) -> AlignedActivationsDisplay:
        """Project aligned activations on their principal components and draw them.

        Parameters
        ----------
        activations : sequence or dict of array_like of shape (n_samples, n_features)
            Activations of each network, aligned to a common space.
        y : array_like of shape (n_samples,)
            Label of each sample, with at most 10 different values.
        names : sequence of hashable, default=None
            Name of each network. If None, the keys of a dict of activations.
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a network. If None, a new figure is made.

        Returns
        -------
        display : AlignedActivationsDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If the activations are not of one shape, `y` does not have one label for
            each sample or more than 10 different ones, or `names` or `ax` does not
            have one entry for each network.
        """
        matrices, names = split_names(activations, "activations", names)
        keys = names_or_numbers(names, len(matrices))
        labeled = [(f"activations[{key!r}]", x) for key, x in zip(keys, matrices, strict=True)]
        check_same_indexes([*labeled, ("y", y)], "samples")
        check_same_indexes(labeled, "features", axis=-1)
        matrices = [as_numbers(x, "activations") for x in matrices]
        if not matrices or len({np.shape(x) for x in matrices}) > 1:
            shapes = [np.shape(x) for x in matrices]
            raise ValueError(f"activations must be matrices of one shape, got shapes {shapes}")
        stack = as_array(np.stack([*map(np.asarray, matrices)]), "activations", 3)
        if min(len(stack) * stack.shape[1], stack.shape[2]) < 2:
            raise ValueError(f"activations must have at least 2 features, got {stack.shape[2]}")
        values, codes = as_codes(y, "y", stack.shape[1])
        check_consistent_length(stack, ax)
        pca = PCA(n_components=2, svd_solver="full").fit(np.concatenate(stack))
        display = cls(
            [pca.transform(X) for X in stack],
            values[codes],
            explained_variance_ratio=pca.explained_variance_ratio_,
            names=names,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Sequence[Axes] | None = None) -> AlignedActivationsDisplay:
        """Draw the panels.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a network. If None, a new figure is made.

        Returns
        -------
        display : AlignedActivationsDisplay
            The drawn display.
        """
        classes, colors = levels({"y": self.y}, "y", len(self.y), COLORS)
        self.axes_ = panels(len(self.components)) if ax is None else np.asarray(ax)
        self.figure_ = self.axes_[0].figure
        first, second = self.explained_variance_ratio
        for panel, points in zip(self.axes_, self.components, strict=True):
            for level, color in colors.items():
                _draw_class(panel, points[classes == level], str(level), color)
            panel.set(xticks=[], yticks=[], aspect="equal")
            panel.set(xlabel=f"PC 1 ({first:.0%})", ylabel=f"PC 2 ({second:.0%})")
            panel.label_outer()
        for panel, name in zip(self.axes_, self.names or (), strict=False):
            title(panel, name)
        return self


def _draw_class(ax: Axes, points: npt.NDArray[np.float64], name: str, color: str) -> None:
    """Draw the samples of a class, and its name at their mean."""
    ax.scatter(points[:, 0], points[:, 1], s=6, c=color, alpha=0.6, linewidths=0)
    ax.annotate(
        name,
        points.mean(axis=0),
        ha="center",
        va="center",
        fontsize="small",
        fontweight="bold",
        bbox={"boxstyle": "circle,pad=0.1", "fc": shade(ax, 1), "ec": color, "lw": 1.5},
    )
