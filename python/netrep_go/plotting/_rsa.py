"""Displays of RDMs and of the evaluation of models against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.cluster.hierarchy import leaves_list
from scipy.spatial.distance import squareform
from scipy.stats import rankdata
from sklearn.utils.validation import check_consistent_length

from netrep_go._names import Name, check_names
from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.plotting._dendrogram import average_linkage
from netrep_go.plotting._embedding import multidimensional_scaling
from netrep_go.plotting._heatmap import DistanceMatrixDisplay
from netrep_go.plotting._style import COLORS, axes, levels, point, write_names
from netrep_go.rsa._condensed import as_vectors, condition_names
from netrep_go.rsa._significance import compare_models

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from netrep_go.rsa import ModelContrasts, ModelEvaluation


def _one_rdm(rdm: npt.ArrayLike, *, allow_nan: bool = False) -> npt.NDArray[np.float64]:
    """Return the condensed RDM, of which there must be one."""
    vectors = as_vectors(rdm, "rdm", allow_nan=allow_nan)
    if len(vectors) != 1:
        raise ValueError(f"rdm must be one RDM, got {len(vectors)}")
    return vectors[0]


def _names(names: Iterable[Name] | None, rdm: npt.ArrayLike, n: int) -> list[Name] | None:
    """Return the names of conditions that were given, or those of a square DataFrame."""
    return (
        condition_names(rdm) if names is None else check_names(names, n, "conditions", unique=False)
    )


class RDMDisplay(DistanceMatrixDisplay):
    """Heat map of an RDM.

    It is recommended to use :meth:`from_rdm` to create a display; the parameters and
    attributes are those of :class:`DistanceMatrixDisplay`.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import RDMDisplay
    >>> from netrep_go.rsa import rdm
    >>> responses = np.random.default_rng(0).standard_normal((5, 40))
    >>> display = RDMDisplay.from_rdm(rdm(responses), ranks=True)
    >>> float(display.distances.max())
    1.0
    """

    @classmethod
    @checked
    def from_rdm(
        cls,
        rdm: npt.ArrayLike,
        *,
        names: Iterable[Name] | None = None,
        ranks: bool = False,
        cluster: bool = False,
        name: str | None = None,
        ax: Axes | None = None,
        cmap: str = "viridis",
    ) -> RDMDisplay:
        """Order and draw an RDM.

        Parameters
        ----------
        rdm : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
            Condensed or square RDM; entries may be negative, and NaN are left blank.
        names : iterable of hashable, default=None
            Name of each condition. If None, those in the index of a square DataFrame.
        ranks : bool, default=False
            Color by ranks, from 0 for the smallest entry to 1 for the largest, which
            shows structure that a few large entries hide.
        cluster : bool, default=False
            Order conditions as the leaves of the average-linkage dendrogram.
        name : str, default=None
            Name of the dissimilarity, shown beside the color bar.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default="viridis"
            Color map.

        Returns
        -------
        display : RDMDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `rdm` is not one RDM, `names` has another length, or conditions are to be
            clustered and there is NaN.
        """
        entries = _one_rdm(rdm, allow_nan=True)
        square = squareform(entries, checks=False)
        names = _names(names, rdm, len(square))
        order = np.arange(len(square))
        if cluster:
            if np.isnan(entries).any():
                raise ValueError("rdm contains NaN, and its conditions cannot be clustered")
            order = leaves_list(average_linkage(square - min(entries.min(), 0)))
        if ranks:
            square = squareform(_unit_ranks(entries), checks=False)
        if name is None:
            name = "rank of dissimilarity" if ranks else "dissimilarity"
        display = cls(
            square[np.ix_(order, order)],
            names=None if names is None else [names[i] for i in order],
            order=order,
            name=name,
        )
        return display.plot(ax=ax, cmap=cmap)


def _unit_ranks(entries: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ranks from 0 to 1; NaN stays NaN."""
    ranks = rankdata(entries, nan_policy="omit")
    return (ranks - 1) / max(np.count_nonzero(~np.isnan(entries)) - 1, 1)


class RDMEmbeddingDisplay:
    r"""Conditions as points, names or images in a plane that approximates an RDM.

    The points minimise the raw stress of metric multidimensional scaling, as in
    :class:`EmbeddingDisplay`. It is recommended to use :meth:`from_rdm` to create a
    display.

    Parameters
    ----------
    embedding : ndarray of shape (n_conditions, 2)
        Coordinates of the conditions.
    stress : float
        Stress-1 of the embedding: 0 is exact, above 0.2 is poor.
    names : sequence of hashable, default=None
        Name of each condition, written beside its point.
    images : sequence of ndarray of shape (height, width[, 3 or 4]), default=None
        Image of each condition, drawn at its point.
    hue : array_like of shape (n_conditions,), default=None
        Category of each condition, shown by color.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the conditions.
    figure_ : matplotlib Figure
        Figure that contains the conditions.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import RDMEmbeddingDisplay
    >>> from netrep_go.rsa import rdm
    >>> responses = np.random.default_rng(0).standard_normal((4, 40))
    >>> display = RDMEmbeddingDisplay.from_rdm(
    ...     rdm(responses), names=["cat", "dog", "cup", "car"], hue=[0, 0, 1, 1])
    >>> [text.get_text() for text in display.ax_.texts]
    ['cat', 'dog', 'cup', 'car']
    """

    def __init__(
        self,
        embedding: npt.NDArray[np.float64],
        *,
        stress: float,
        names: Sequence[Name] | None = None,
        images: Sequence[npt.NDArray[Any]] | None = None,
        hue: npt.ArrayLike | None = None,
    ) -> None:
        self.embedding = embedding
        self.stress = stress
        self.names = names
        self.images = images
        self.hue = hue

    @classmethod
    @checked
    def from_rdm(
        cls,
        rdm: npt.ArrayLike,
        *,
        names: Iterable[Name] | None = None,
        images: Sequence[npt.NDArray[Any]] | None = None,
        hue: npt.ArrayLike | None = None,
        ax: Axes | None = None,
    ) -> RDMEmbeddingDisplay:
        """Embed and draw conditions from their RDM.

        Parameters
        ----------
        rdm : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
            Condensed or square RDM. Negative entries, which estimates of distances
            have by noise, count as 0.
        names : iterable of hashable, default=None
            Name of each condition. If None, those in the index of a square DataFrame.
        images : sequence of ndarray of shape (height, width[, 3 or 4]), default=None
            Image of each condition.
        hue : array_like of shape (n_conditions,), default=None
            Category of each condition, at most 10 different ones.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : RDMEmbeddingDisplay
            The drawn display.

        Raises
        ------
        ValueError
            If `rdm` is not one RDM of finite numbers, or what belongs to conditions has
            another length.
        """
        square = squareform(np.maximum(_one_rdm(rdm), 0), checks=False)
        names = _names(names, rdm, len(square))
        check_consistent_length(square, images, hue)
        embedding, stress = multidimensional_scaling(square)
        display = cls(embedding, stress=stress, names=names, images=images, hue=hue)
        return display.plot(ax=ax)

    def plot(
        self, ax: Axes | None = None, *, image_size: float | None = None
    ) -> RDMEmbeddingDisplay:
        """Draw the conditions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        image_size : float, default=None
            Longer side of images in points; None makes them smaller if there are more.

        Returns
        -------
        display : RDMEmbeddingDisplay
            The drawn display.
        """
        self.ax_ = axes(ax, figsize=(7.0, 6.0))
        self.figure_ = self.ax_.figure
        covariates = None if self.hue is None else {"hue": self.hue}
        hues, colors = levels(
            covariates, None if covariates is None else "hue", len(self.embedding), COLORS
        )
        for level, color in colors.items():
            members = self.embedding[hues == level]
            label = None if covariates is None else str(level)
            self.ax_.scatter(*members.T, **point(color, "o"), label=label)
        if covariates is not None:
            self.ax_.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        if self.images is not None:
            size = image_size or 260 / np.sqrt(len(self.embedding))
            self._draw_images(self.images, [colors[hue] for hue in hues], size)
        write_names(self.ax_, self.embedding, self.names)
        self.ax_.set(xlabel="MDS 1", ylabel="MDS 2", aspect="equal")
        self.ax_.set_title(f"stress-1 = {self.stress:.2f}", fontsize="medium")
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self

    def _draw_images(
        self, images: Sequence[npt.NDArray[Any]], colors: Sequence[str], size: float
    ) -> None:
        from matplotlib.offsetbox import AnnotationBbox, OffsetImage

        for xy, image, color in zip(self.embedding, images, colors, strict=True):
            box = OffsetImage(image, zoom=size / max(np.shape(image)[:2]), cmap="gray")
            frame = {"edgecolor": color, "linewidth": 1.0}
            self.ax_.add_artist(AnnotationBbox(box, xy, pad=0.05, bboxprops=frame))


class ModelEvaluationDisplay:
    """Bars of how similar models are to measured RDMs, with noise ceiling and tests.

    A bar is the mean over subjects, with its standard error. The band is the noise
    ceiling. An asterisk in a bar marks a model that is above 0, a line above the bars
    two models that differ. It is recommended to use :meth:`from_evaluation` to create a
    display.

    Parameters
    ----------
    evaluation : ModelEvaluation
        Result of :func:`netrep_go.rsa.evaluate`.
    contrasts : ModelContrasts, default=None
        Result of :func:`netrep_go.rsa.compare_models`.
    alpha : float, default=0.05
        Level of significance.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure that contains the bars.
    significant_ : list of tuple of int
        Pairs of models that are marked as different.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.plotting import ModelEvaluationDisplay
    >>> from netrep_go.rsa import evaluate, rdm
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((12, 50))
    >>> models = {"true": rdm(X), "other": rdm(rng.standard_normal((12, 50)))}
    >>> evaluation = evaluate(models, rdm(X + rng.standard_normal((8, 12, 50))))
    >>> display = ModelEvaluationDisplay.from_evaluation(evaluation)
    >>> display.significant_
    [(0, 1)]
    """

    def __init__(
        self,
        evaluation: ModelEvaluation,
        *,
        contrasts: ModelContrasts | None = None,
        alpha: float = 0.05,
    ) -> None:
        self.evaluation = evaluation
        self.contrasts = contrasts
        self.alpha = alpha

    @classmethod
    @checked
    def from_evaluation(
        cls,
        evaluation: ModelEvaluation,
        *,
        contrasts: ModelContrasts | None = None,
        alpha: float = 0.05,
        ax: Axes | None = None,
    ) -> ModelEvaluationDisplay:
        """Test and draw an evaluation.

        Parameters
        ----------
        evaluation : ModelEvaluation
            Result of :func:`netrep_go.rsa.evaluate`.
        contrasts : ModelContrasts, default=None
            Result of :func:`netrep_go.rsa.compare_models`; None makes its t tests with
            the false discovery rate controlled, where there is anything to test with.
        alpha : float, default=0.05
            Level of significance, of corrected p-values for pairs of models and of
            uncorrected ones for the test against 0.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ModelEvaluationDisplay
            The drawn display.
        """
        testable = evaluation.draws is not None or evaluation.similarities.shape[1] > 1
        if contrasts is None and testable and len(evaluation.names) > 1:
            contrasts = compare_models(evaluation)
        check_number(alpha, "alpha", 0, 1)
        return cls(evaluation, contrasts=contrasts, alpha=alpha).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> ModelEvaluationDisplay:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : ModelEvaluationDisplay
            The drawn display.
        """
        evaluation = self.evaluation
        places = np.arange(len(evaluation.names))
        self.ax_ = axes(ax, figsize=(2.0 + 0.7 * len(places), 4.5))
        self.figure_ = self.ax_.figure
        if evaluation.noise_ceiling is not None and np.isfinite(evaluation.noise_ceiling.lower):
            self.ax_.axhspan(*evaluation.noise_ceiling, color="0.85", zorder=0)
        error = np.nan_to_num(evaluation.standard_error())
        self.ax_.bar(places, evaluation.mean, color=COLORS[0], width=0.7)
        self.ax_.errorbar(places, evaluation.mean, error, fmt="none", ecolor="0.2", capsize=3)
        self.ax_.axhline(0, color="0.2", linewidth=0.8)
        for place in places[evaluation.pvalue_zero < self.alpha]:
            self.ax_.annotate(
                "*", (place, 0), (0, 1), textcoords="offset points", ha="center", color="w"
            )
        self._draw_contrasts(evaluation.mean + error)
        self.ax_.set_xticks(
            places, [str(name) for name in evaluation.names], rotation=45, ha="right"
        )
        self.ax_.set_ylabel(f"similarity to measured RDMs\n({evaluation.method})")
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self

    def _draw_contrasts(self, tops: npt.NDArray[np.float64]) -> None:
        """Draw a line for each pair of models that differ, short ones below."""
        self.significant_ = []
        if self.contrasts is None:
            return
        found = self.contrasts.pvalue_corrected < self.alpha
        self.significant_ = [
            pair for pair, sure in zip(self.contrasts.pairs, found, strict=True) if sure
        ]
        highest = [tops.max(), *(self.evaluation.noise_ceiling or ())]
        base = np.nanmax(highest)
        step = 0.035 * (base - min(0, tops.min()))
        by_length = sorted(self.significant_, key=lambda pair: (pair[1] - pair[0], pair))
        for k, (i, j) in enumerate(by_length):
            self.ax_.plot([i, j], [base + (k + 1) * step] * 2, color="0.2", linewidth=1.2)
