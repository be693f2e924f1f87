"""Where measures disagree: with each other, and on which pairs of networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from netrep_go._parameters import checked
from netrep_go._validation import check_integer
from netrep_go.inference import MeasureDisagreement
from netrep_go.plotting._layout import name_columns, name_rows
from netrep_go.plotting._style import as_colormap, pyplot, row

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


class DisagreementDisplay:
    """Correlations of measures, and the ranks of the pairs that they disagree on most.

    It is recommended to use :meth:`from_disagreement`, or the method ``plot`` of a
    :class:`netrep_go.inference.MeasureDisagreement`, to create a display.

    Parameters
    ----------
    correlation : ndarray of shape (n_measures, n_measures)
        Correlations of measures over pairs.
    ranks : ndarray of shape (n_pairs, n_measures)
        Ranks of the pairs that are drawn, from 0 to 1.
    pairs : list of str
        Names of these pairs.
    measures : list of str
        Names of the measures.

    Attributes
    ----------
    ims_ : list of matplotlib AxesImage
        Correlations, and ranks.
    axes_ : ndarray of matplotlib Axes
        Axes with these.
    figure_ : matplotlib Figure
        Figure that contains them.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import compare_networks, disagreement
    >>> rng = np.random.default_rng(0)
    >>> networks = dict(zip("abcd", rng.standard_normal((4, 30, 5))))
    >>> table = compare_networks(networks, ["cka", "procrustes", "mutual_knn"], verbose=False)
    >>> display = disagreement(table).plot(n_pairs=3)
    >>> len(display.pairs)
    3
    """

    def __init__(
        self,
        correlation: npt.NDArray[np.float64],
        ranks: npt.NDArray[np.float64],
        pairs: list[str],
        measures: list[str],
    ) -> None:
        self.correlation = correlation
        self.ranks = ranks
        self.pairs = pairs
        self.measures = measures

    @classmethod
    @checked
    def from_disagreement(
        cls,
        disagreement: MeasureDisagreement,
        *,
        n_pairs: int = 12,
        cmap: str = "RdBu_r",
        ax: Sequence[Axes] | None = None,
    ) -> Self:
        """Draw the pairs with the largest spread of ranks.

        Parameters
        ----------
        disagreement : MeasureDisagreement
            What :func:`netrep_go.inference.disagreement` returned.
        n_pairs : int, default=12
            How many pairs.
        cmap : str or matplotlib Colormap, default='RdBu_r'
            Color map.
        ax : sequence of 2 matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : DisagreementDisplay
            The drawn display.
        """
        check_integer(n_pairs, "n_pairs", 1)
        worst = np.argsort(-disagreement.spread, kind="stable")[:n_pairs]
        names = [" and ".join(map(str, disagreement.pairs[k])) for k in worst]
        display = cls(
            disagreement.correlation, disagreement.ranks[worst], names, disagreement.measures
        )
        return display.plot(cmap=cmap, ax=ax)

    def plot(self, ax: Sequence[Axes] | None = None, *, cmap: str = "RdBu_r") -> Self:
        """Draw the correlations and the ranks.

        Parameters
        ----------
        ax : sequence of 2 matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='RdBu_r'
            Color map.

        Returns
        -------
        display : DisagreementDisplay
            The drawn display.
        """
        n, m = len(self.measures), len(self.pairs)
        if ax is None:
            size = (4.5 + 0.5 * n, 1.8 + 0.22 * max(m, n))
            _, ax = pyplot().subplots(1, 2, figsize=size, layout="constrained")
        self.axes_ = row(ax, 2)
        self.figure_ = self.axes_[0].figure
        self.ims_ = [
            self._draw(self.axes_[0], self.correlation, self.measures, (-1, 1), cmap),
            self._draw(self.axes_[1], self.ranks, self.pairs, (0, 1), cmap),
        ]
        labels = ("rank correlation", "rank (1: most alike)")
        for image, label in zip(self.ims_, labels, strict=True):
            self.figure_.colorbar(image, ax=image.axes, label=label, shrink=0.8)
        return self

    def _draw(
        self, ax: Any, values: Any, rows: list[str], ends: tuple[float, float], cmap: str
    ) -> Any:
        image = ax.imshow(values, cmap=as_colormap(cmap), vmin=ends[0], vmax=ends[1], aspect="auto")
        name_columns(ax, range(len(self.measures)), self.measures)
        name_rows(ax, range(len(rows)), rows)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        return image
