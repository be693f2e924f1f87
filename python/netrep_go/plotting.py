"""Displays of distances between networks and of aligned activations.

They follow scikit-learn's display objects: a ``from_*`` class method computes what
is shown and draws it, `plot` draws it again without computing, and both return the
display, whose ``ax_`` and ``figure_`` can be changed further. Matplotlib is only
imported when something is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.cluster.hierarchy import dendrogram, leaves_list, linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.decomposition import PCA, KernelPCA
from sklearn.manifold import smacof
from sklearn.utils import check_array, check_consistent_length

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

__all__ = [
    "AlignedActivationsDisplay",
    "DendrogramDisplay",
    "DistanceMatrixDisplay",
    "EmbeddingDisplay",
]

# Ten colours that remain distinct with colour vision deficiencies: Petroff, M. A.
# (2021), Accessible color sequences for data visualization, arXiv:2107.02270.
_COLORS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
_MAX_COLUMNS = 3


class DistanceMatrixDisplay:
    """Heat map of a matrix of distances between networks.

    It is recommended to use :meth:`from_distances` to create a display.

    Parameters
    ----------
    distances : ndarray of shape (n_networks, n_networks)
        Symmetric matrix of distances, in the order of the rows of the heat map.
    labels : sequence of str, default=None
        Name of each row.
    order : ndarray of shape (n_networks,), default=None
        Index of the network in each row of the heat map.
    name : str, default="distance"
        Name and unit of the distances.

    Attributes
    ----------
    im_ : matplotlib AxesImage
        Heat map. The diagonal is left blank.
    ax_ : matplotlib Axes
        Axes with the heat map.
    figure_ : matplotlib Figure
        Figure that contains the heat map.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import DistanceMatrixDisplay
    >>> D = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.8], [0.1, 0.8, 0.0]])
    >>> display = DistanceMatrixDisplay.from_distances(
    ...     D, labels=["a", "b", "c"], cluster=True)
    >>> sorted(display.labels)
    ['a', 'b', 'c']
    """

    def __init__(
        self,
        distances: npt.NDArray[np.float64],
        *,
        labels: Sequence[str] | None = None,
        order: npt.NDArray[np.intp] | None = None,
        name: str = "distance",
    ) -> None:
        self.distances = distances
        self.labels = labels
        self.order = order
        self.name = name

    @classmethod
    def from_distances(
        cls,
        distances: npt.ArrayLike,
        *,
        labels: Sequence[str] | None = None,
        cluster: bool = False,
        name: str = "distance",
        ax: Axes | None = None,
        cmap: str = "viridis",
    ) -> DistanceMatrixDisplay:
        """Order and draw a matrix of distances.

        Parameters
        ----------
        distances : array-like of shape (n_networks, n_networks)
            Symmetric matrix of distances.
        labels : sequence of str, default=None
            Name of each network.
        cluster : bool, default=False
            If True, order the networks as the leaves of the average-linkage
            dendrogram, such that neighbours are as close as the tree allows.
        name : str, default="distance"
            Name and unit of the distances, shown beside the colour bar.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default="viridis"
            Colour map.

        Returns
        -------
        display : DistanceMatrixDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `distances` is not a symmetric matrix of finite numbers, or `labels`
            has another length.
        """
        distances = _check_distances(distances)
        check_consistent_length(distances, labels)
        order = np.arange(len(distances))
        if cluster:
            order = leaves_list(_average_linkage(distances))
        display = cls(
            distances[np.ix_(order, order)],
            labels=None if labels is None else [labels[i] for i in order],
            order=order,
            name=name,
        )
        return display.plot(ax=ax, cmap=cmap)

    def plot(self, ax: Axes | None = None, *, cmap: str = "viridis") -> DistanceMatrixDisplay:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default="viridis"
            Colour map.

        Returns
        -------
        display : DistanceMatrixDisplay
            The drawn display.
        """
        n_networks = len(self.distances)
        side = np.clip(0.17 * n_networks + 1.5, 4.0, 12.0)
        self.ax_ = _axes(ax, figsize=(side + 1.8, side))
        self.figure_ = self.ax_.figure
        shown = np.ma.masked_array(self.distances, np.eye(n_networks, dtype=bool))
        self.im_ = self.ax_.imshow(shown, cmap=cmap, interpolation="nearest")
        self.figure_.colorbar(self.im_, ax=self.ax_, label=self.name, shrink=0.8)
        self.ax_.spines[:].set_visible(False)
        self.ax_.set_xticks([])
        self.ax_.set_yticks([])
        if self.labels is not None:
            self.ax_.set_yticks(range(n_networks), self.labels, fontsize="small")
            self.ax_.tick_params(axis="y", length=0)
        return self


class EmbeddingDisplay:
    r"""Networks as points of a plane that approximates their distances.

    The points :math:`z_i` minimise the raw stress of metric multidimensional
    scaling, :math:`\sum_{i<j} (d_{ij} - \|z_i - z_j\|)^2`, by SMACOF [1]_ from the
    classical solution, so that the result is the same on every run. Only the
    distances between points have a meaning: the axes are arbitrary.

    It is recommended to use :meth:`from_distances` to create a display.

    Parameters
    ----------
    embedding : ndarray of shape (n_networks, 2)
        Coordinates of the networks, in the unit of the distances.
    stress : float
        Stress-1 of the embedding, the raw stress over the sum of squared distances
        in the plane, under a square root: 0 is exact, above 0.2 is poor.
    covariates : mapping of str to array-like of shape (n_networks,), default=None
        Properties of the networks: a dict of columns or a DataFrame.
    hue : str, default=None
        Name of the covariate that is shown by colour.
    style : str, default=None
        Name of the covariate that is shown by the shape of the marker.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the points.
    figure_ : matplotlib Figure
        Figure that contains the points.

    References
    ----------
    .. [1] Borg, I. & Groenen, P. J. F. (2005). Modern Multidimensional Scaling,
       2nd edition, chapter 8. Springer. doi:10.1007/0-387-28981-X

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import EmbeddingDisplay
    >>> D = np.array([[0.0, 3.0, 4.0], [3.0, 0.0, 5.0], [4.0, 5.0, 0.0]])
    >>> display = EmbeddingDisplay.from_distances(
    ...     D, covariates={"depth": [1, 1, 2]}, hue="depth")
    >>> bool(display.stress < 1e-6)
    True
    """

    def __init__(
        self,
        embedding: npt.NDArray[np.float64],
        *,
        stress: float,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        style: str | None = None,
    ) -> None:
        self.embedding = embedding
        self.stress = stress
        self.covariates = covariates
        self.hue = hue
        self.style = style

    @classmethod
    def from_distances(
        cls,
        distances: npt.ArrayLike,
        *,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        style: str | None = None,
        ax: Axes | None = None,
    ) -> EmbeddingDisplay:
        """Embed and draw networks from their distances.

        Parameters
        ----------
        distances : array-like of shape (n_networks, n_networks)
            Symmetric matrix of distances.
        covariates : mapping of str to array-like of shape (n_networks,), default=None
            Properties of the networks: a dict of columns or a DataFrame.
        hue : str, default=None
            Name of the covariate to show by colour, with at most 10 levels.
        style : str, default=None
            Name of the covariate to show by markers, with at most 10 levels.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : EmbeddingDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `distances` is not a symmetric matrix of finite numbers, or a
            covariate is unknown, has another length or too many levels.
        """
        distances = _check_distances(distances)
        embedding, stress = _multidimensional_scaling(distances)
        display = cls(embedding, stress=stress, covariates=covariates, hue=hue, style=style)
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> EmbeddingDisplay:
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : EmbeddingDisplay
            The drawn display.
        """
        n_networks = len(self.embedding)
        hues, colors = _levels(self.covariates, self.hue, n_networks, _COLORS)
        styles, markers = _levels(self.covariates, self.style, n_networks, _MARKERS)
        self.ax_ = _axes(ax, figsize=(6.5, 5.0))
        self.figure_ = self.ax_.figure
        for level, color in colors.items():
            for kind, marker in markers.items():
                members = self.embedding[(hues == level) & (styles == kind)]
                self.ax_.scatter(*members.T, **_point(color, marker))
        if self.hue is not None:
            _label(self.ax_, self.hue, [(k, c, "o") for k, c in colors.items()])
        if self.style is not None:
            _label(self.ax_, self.style, [(k, "0.7", m) for k, m in markers.items()])
        if self.hue is not None or self.style is not None:
            self.ax_.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        self.ax_.set(xlabel="MDS 1", ylabel="MDS 2", aspect="equal")
        self.ax_.set_title(f"stress-1 = {self.stress:.2f}", fontsize="medium")
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self


class DendrogramDisplay:
    """Dendrogram of networks by average linkage.

    The height of a node is the mean distance between the networks of its two
    branches [1]_.

    It is recommended to use :meth:`from_distances` to create a display.

    Parameters
    ----------
    linkage : ndarray of shape (n_networks - 1, 4)
        Hierarchical clustering in the format of
        :func:`scipy.cluster.hierarchy.linkage`.
    labels : sequence of str, default=None
        Name of each network.
    covariates : mapping of str to array-like of shape (n_networks,), default=None
        Properties of the networks: a dict of columns or a DataFrame.
    hue : str, default=None
        Name of the covariate that is shown by the colour of the labels.
    name : str, default="distance"
        Name and unit of the distances.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the dendrogram.
    figure_ : matplotlib Figure
        Figure that contains the dendrogram.

    References
    ----------
    .. [1] Sokal, R. R. & Michener, C. D. (1958). A statistical method for
       evaluating systematic relationships. University of Kansas Science
       Bulletin 38, 1409-1438.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import DendrogramDisplay
    >>> D = np.array([[0.0, 0.9, 0.1], [0.9, 0.0, 0.8], [0.1, 0.8, 0.0]])
    >>> display = DendrogramDisplay.from_distances(D, labels=["a", "b", "c"])
    >>> display.linkage[:, 2].round(2).tolist()
    [0.1, 0.85]
    """

    def __init__(
        self,
        linkage: npt.NDArray[np.float64],
        *,
        labels: Sequence[str] | None = None,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        name: str = "distance",
    ) -> None:
        self.linkage = linkage
        self.labels = labels
        self.covariates = covariates
        self.hue = hue
        self.name = name

    @classmethod
    def from_distances(
        cls,
        distances: npt.ArrayLike,
        *,
        labels: Sequence[str] | None = None,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        name: str = "distance",
        ax: Axes | None = None,
    ) -> DendrogramDisplay:
        """Cluster networks from their distances and draw the dendrogram.

        Parameters
        ----------
        distances : array-like of shape (n_networks, n_networks)
            Symmetric matrix of distances.
        labels : sequence of str, default=None
            Name of each network. If None, its index.
        covariates : mapping of str to array-like of shape (n_networks,), default=None
            Properties of the networks: a dict of columns or a DataFrame.
        hue : str, default=None
            Name of the covariate to show by the colour of the labels, with at most
            10 levels.
        name : str, default="distance"
            Name and unit of the distances, shown along the axis.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : DendrogramDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `distances` is not a symmetric matrix of finite numbers, `labels` has
            another length, or the covariate is unknown, has another length or too
            many levels.
        """
        distances = _check_distances(distances)
        check_consistent_length(distances, labels)
        display = cls(
            _average_linkage(distances),
            labels=labels,
            covariates=covariates,
            hue=hue,
            name=name,
        )
        return display.plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> DendrogramDisplay:
        """Draw the dendrogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : DendrogramDisplay
            The drawn display.
        """
        n_networks = len(self.linkage) + 1
        hues, colors = _levels(self.covariates, self.hue, n_networks, _COLORS)
        height = np.clip(0.19 * n_networks + 1.0, 3.0, 14.0)
        self.ax_ = _axes(ax, figsize=(6.5, height))
        self.figure_ = self.ax_.figure
        tree = dendrogram(
            self.linkage,
            labels=self.labels,
            orientation="left",
            color_threshold=0.0,
            above_threshold_color="0.35",
            leaf_font_size=8,
            ax=self.ax_,
        )
        if self.hue is not None:
            self._color_labels([colors[hues[leaf]] for leaf in tree["leaves"]])
            _label(self.ax_, self.hue, [(k, c, "s") for k, c in colors.items()])
            self.ax_.legend(
                loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(colors), frameon=False
            )
        self.ax_.set_xlabel(self.name)
        self.ax_.spines[["top", "left", "right"]].set_visible(False)
        return self

    def _color_labels(self, colors: Sequence[str]) -> None:
        """Mark each leaf with a square in its colour, left of its label."""
        heights = self.ax_.get_yticks()
        self.ax_.scatter(
            np.zeros(len(heights)), heights, **_point(colors, "s"), clip_on=False, zorder=3
        )
        self.ax_.tick_params(axis="y", pad=8)


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
    titles : sequence of str, default=None
        Title of each panel.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes of shape (n_networks,)
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
    ...     [X, X + 0.1], np.repeat([0, 1, 2], 10), titles=["a", "b"])
    >>> len(display.ax_), display.components[0].shape
    (2, (30, 2))
    """

    def __init__(
        self,
        components: Sequence[npt.NDArray[np.float64]],
        y: npt.NDArray[np.generic],
        *,
        explained_variance_ratio: npt.NDArray[np.float64],
        titles: Sequence[str] | None = None,
    ) -> None:
        self.components = components
        self.y = y
        self.explained_variance_ratio = explained_variance_ratio
        self.titles = titles

    @classmethod
    def from_activations(
        cls,
        activations: Sequence[npt.ArrayLike],
        y: npt.ArrayLike,
        *,
        titles: Sequence[str] | None = None,
        ax: Sequence[Axes] | None = None,
    ) -> AlignedActivationsDisplay:
        """Project aligned activations on their principal components and draw them.

        Parameters
        ----------
        activations : sequence of array-like of shape (n_samples, n_features)
            Activations of each network, aligned to a common space.
        y : array-like of shape (n_samples,)
            Label of each sample, with at most 10 different values.
        titles : sequence of str, default=None
            Title of each panel.
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
            each sample or more than 10 different ones, or `titles` or `ax` does not
            have one entry for each network.
        """
        stack = check_array(np.stack(activations), allow_nd=True)
        y = np.asarray(y)
        check_consistent_length(stack[0], y)
        check_consistent_length(stack, titles, ax)
        pca = PCA(n_components=2, svd_solver="full").fit(np.concatenate(stack))
        display = cls(
            [pca.transform(X) for X in stack],
            y,
            explained_variance_ratio=pca.explained_variance_ratio_,
            titles=titles,
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
        labels, colors = _levels({"y": self.y}, "y", len(self.y), _COLORS)
        self.ax_ = _panels(len(self.components)) if ax is None else np.asarray(ax)
        self.figure_ = self.ax_[0].figure
        first, second = self.explained_variance_ratio
        for panel, points in zip(self.ax_, self.components, strict=True):
            for level, color in colors.items():
                _draw_class(panel, points[labels == level], str(level), color)
            panel.set(xticks=[], yticks=[], aspect="equal")
            panel.set(xlabel=f"PC 1 ({first:.0%})", ylabel=f"PC 2 ({second:.0%})")
            panel.label_outer()
        for panel, title in zip(self.ax_, self.titles or (), strict=False):
            panel.set_title(title, fontsize="medium")
        return self


def _axes(ax: Axes | None, figsize: tuple[float, float]) -> Axes:
    """Return the axes, or those of a new figure."""
    if ax is None:
        _, ax = _pyplot().subplots(figsize=figsize, layout="constrained")
    return ax


def _panels(n_panels: int) -> npt.NDArray[np.object_]:
    """Return the axes of a new figure with a grid of panels on the same scale."""
    n_columns = min(n_panels, _MAX_COLUMNS)
    n_rows = -(-n_panels // n_columns)
    _, grid = _pyplot().subplots(
        n_rows,
        n_columns,
        figsize=(3.2 * n_columns, 2.7 * n_rows),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for empty in grid.flat[n_panels:]:
        empty.remove()
    return grid.ravel()[:n_panels]


def _pyplot() -> Any:
    """Import matplotlib, or say how to install it."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "netrep_go.plotting draws with matplotlib, which is not installed: "
            'pip install "netrep-go[plot]"'
        ) from error
    return pyplot


def _label(ax: Axes, name: str, levels: Sequence[tuple[Any, str, str]]) -> None:
    """Add an empty labelled point for each level, its colour and marker to the legend."""
    for level, color, marker in levels:
        ax.scatter([], [], label=f"{name} {level}", **_point(color, marker))


def _point(color: str | Sequence[str], marker: str) -> dict[str, Any]:
    """Return the style of a network's point."""
    return {
        "c": color,
        "marker": marker,
        "s": 55,
        "edgecolors": "0.2",
        "linewidths": 0.6,
    }


def _draw_class(ax: Axes, points: npt.NDArray[np.float64], name: str, color: str) -> None:
    """Draw the samples of a class, and its name at their mean."""
    ax.scatter(*points.T, s=6, c=color, alpha=0.6, linewidths=0)
    ax.annotate(
        name,
        points.mean(axis=0),
        ha="center",
        va="center",
        fontsize="small",
        fontweight="bold",
        bbox={"boxstyle": "circle,pad=0.1", "fc": "white", "ec": color, "lw": 1.5},
    )


def _levels(
    covariates: Mapping[str, npt.ArrayLike] | None,
    name: str | None,
    n_networks: int,
    palette: Sequence[str],
) -> tuple[npt.NDArray[np.generic], dict[Any, str]]:
    """Return each network's level of a covariate and the palette entry of each level.

    Without a name, all networks have the same level.
    """
    if name is None:
        return np.zeros(n_networks), {0.0: palette[0]}
    if covariates is None or name not in covariates:
        raise ValueError(f"covariates must have a column {name!r}")
    values = np.asarray(covariates[name])
    if values.shape != (n_networks,):
        raise ValueError(f"covariate {name!r} must have shape ({n_networks},), got {values.shape}")
    levels = np.unique(values).tolist()
    if len(levels) > len(palette):
        raise ValueError(
            f"covariate {name!r} must have at most {len(palette)} levels, got {len(levels)}"
        )
    return values, dict(zip(levels, palette, strict=False))


def _check_distances(distances: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a symmetric matrix of finite distances between two networks or more."""
    distances = check_array(
        distances, dtype=np.float64, ensure_min_samples=2, input_name="distances"
    )
    rows, columns = distances.shape
    if rows != columns or not np.allclose(distances, distances.T):
        raise ValueError(
            f"distances must be square and symmetric, got an asymmetric {rows} x {columns} matrix"
        )
    return distances


def _average_linkage(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cluster by average linkage, with the leaves in the optimal order."""
    return linkage(squareform(distances, checks=False), method="average", optimal_ordering=True)


def _multidimensional_scaling(
    distances: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], float]:
    """Embed in the plane by SMACOF from the classical solution; also return stress-1.

    Kernel PCA of the squared distances over -2 is classical scaling (Isomap uses it
    in the same way), which is near the optimum and has no randomness.
    """
    classical = KernelPCA(n_components=2, kernel="precomputed", eigen_solver="dense").fit_transform(
        -0.5 * distances**2
    )
    embedding, raw_stress = smacof(distances, init=classical, n_init=1, max_iter=1000, eps=1e-9)
    return embedding, float(np.sqrt(raw_stress / np.sum(pdist(embedding) ** 2)))
