"""Networks as points of a plane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.decomposition import KernelPCA
from sklearn.manifold import smacof

from netrep_go._names import Name, check_same_indexes
from netrep_go._parameters import checked
from netrep_go._sizes import exponents
from netrep_go._validation import as_distances
from netrep_go.plotting._hues import hues_of, label, levels
from netrep_go.plotting._layout import legend, write_names
from netrep_go.plotting._style import MARKERS, axes, names_of, point, shade

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


class EmbeddingDisplay:
    r"""Networks as points of a plane that approximates their distances.

    The points :math:`z_i` minimize the raw stress of metric multidimensional
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
    names : sequence of hashable, default=None
        Name of each network, written beside its point.
    covariates : mapping of str to array_like of shape (n_networks,), default=None
        Properties of the networks: a dict of columns or a DataFrame.
    hue : str, default=None
        Name of the covariate that is shown by color.
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
        names: Sequence[Name] | None = None,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        style: str | None = None,
    ) -> None:
        self.embedding = embedding
        self.stress = stress
        self.names = names
        self.covariates = covariates
        self.hue = hue
        self.style = style

    @classmethod
    @checked
    def from_distances(
        cls,
        distances: npt.ArrayLike,
        *,
        names: Iterable[Name] | None = None,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
        hue: str | None = None,
        style: str | None = None,
        ax: Axes | None = None,
    ) -> EmbeddingDisplay:
        """Embed and draw networks from their distances.

        Parameters
        ----------
        distances : array_like of shape (n_networks, n_networks)
            Symmetric matrix of distances.
        names : sequence of hashable, default=None
            Name of each network, such as the keys of a dict of networks. If None, those
            in the index of a DataFrame of distances.
        covariates : mapping of str to array_like of shape (n_networks,), default=None
            Properties of the networks: a dict of columns or a DataFrame.
        hue : str, default=None
            Name of the covariate to show by color. Numbers with fractions, such as
            accuracies, and more than 10 whole numbers, such as steps of training, have a
            color bar, and NaN is gray there; other covariates have at most 10 levels.
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
            If `distances` is not a symmetric matrix of finite numbers, `names` has
            another length, or a covariate is unknown, has another length or too many
            levels.
        """
        things = (("distances", distances), ("covariates", covariates))
        check_same_indexes(things, "networks")
        D = as_distances(distances, "distances")
        embedding, stress = multidimensional_scaling(D)
        display = cls(
            embedding,
            stress=stress,
            names=names_of(names, distances, len(D), "networks"),
            covariates=covariates,
            hue=hue,
            style=style,
        )
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
        hues = hues_of(self.covariates, self.hue, n_networks)
        styles, markers = levels(self.covariates, self.style, n_networks, MARKERS)
        self.ax_ = axes(ax, figsize=(6.5, 5.0))
        self.figure_ = self.ax_.figure
        for group in hues.groups:
            for kind, marker in markers.items():
                members = np.flatnonzero(group & (styles == kind))
                colors = [hues.colors[k] for k in members]
                self.ax_.scatter(*self.embedding[members].T, **point(self.ax_, colors, marker))
        self.ax_.set(xlabel="MDS 1", ylabel="MDS 2")
        self.ax_.set_aspect("equal", adjustable="datalim")
        self.ax_.set_title(f"stress-1 = {self.stress:.2f}", fontsize="medium")
        if self.hue is not None:
            hues.key(self.ax_, self.hue, "o")
        if self.style is not None:
            gray = shade(self.ax_, 0.7)
            label(self.ax_, self.style, [(k, [gray], m) for k, m in markers.items()])
        if hues.levels or self.style is not None:
            legend(self.ax_, named=True)
        self.ax_.spines[["top", "right"]].set_visible(False)
        write_names(self.ax_, self.embedding, self.names)
        return self


def multidimensional_scaling(
    distances: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], float]:
    """Embed in the plane by SMACOF from the classical solution; also return stress-1.

    Kernel PCA of the squared distances over -2 is classical scaling (Isomap uses it
    in the same way), which is near the optimum and has no randomness.
    """
    power = exponents(distances.reshape(1, -1))  # whose squares may leave the range of float64
    distances = np.ldexp(distances, -power)
    classical = KernelPCA(n_components=2, kernel="precomputed", eigen_solver="dense").fit_transform(
        -0.5 * distances**2
    )
    embedding, raw_stress = smacof(distances, init=classical, n_init=1, max_iter=1000, eps=1e-9)
    stress = float(np.sqrt(raw_stress / np.sum(pdist(embedding) ** 2)))
    return np.ldexp(embedding, power), stress
