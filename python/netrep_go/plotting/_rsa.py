"""Displays of RDMs and of the evaluation of models against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.cluster.hierarchy import leaves_list
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from netrep_go._names import Name, check_names
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import check_number, check_option
from netrep_go.plotting._contrasts import (
    MOST_LINES,
    draw_lines,
    draw_matrix,
    keys,
    significant_pairs,
)
from netrep_go.plotting._dendrogram import average_linkage
from netrep_go.plotting._embedding import multidimensional_scaling
from netrep_go.plotting._heatmap import DistanceMatrixDisplay
from netrep_go.plotting._hues import hues_of
from netrep_go.plotting._layout import inches, legend, name_columns, write_names
from netrep_go.plotting._rsa_models import draw_ceiling
from netrep_go.plotting._style import COLORS, axes, point, shade
from netrep_go.rsa import ModelContrasts, ModelEvaluation
from netrep_go.rsa._compare import axis_label
from netrep_go.rsa._condensed import as_vectors, condition_names
from netrep_go.rsa._significance import compare_models

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes


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
        label: str | None = None,
        metric: str | None = None,
        ax: Axes | None = None,
        cmap: str = "viridis",
    ) -> RDMDisplay:
        """Order and draw an RDM.

        Parameters
        ----------
        rdm : array_like of shape (n_pairs,) or (n_conditions, n_conditions)
            Condensed or square RDM; entries may be negative, and NaN are left blank.
        names : sequence of hashable, default=None
            Name of each condition. If None, those in the index of a square DataFrame.
        ranks : bool, default=False
            Color by ranks, from 0 for the smallest entry to 1 for the largest, which
            shows structure that a few large entries hide.
        cluster : bool, default=False
            Order conditions as the leaves of the average-linkage dendrogram.
        label : str, default=None
            Name and unit of the dissimilarity, shown beside the color bar; None for those of
            the metric.
        metric : str, default=None
            The metric of :func:`netrep_go.rsa.rdm` that the RDM was made with.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        cmap : str or matplotlib Colormap, default='viridis'
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
            square = squareform(unit_ranks(entries), checks=False)
        display = cls(
            square[np.ix_(order, order)],
            names=None if names is None else [names[i] for i in order],
            order=order,
            label=dissimilarity_label(metric, ranks) if label is None else label,
        )
        return display.plot(ax=ax, cmap=cmap)


_LABELS = {
    None: "dissimilarity",
    "correlation": "correlation distance (1 − r)",
    "cosine": "cosine distance (1 − cos)",
    "euclidean": "Euclidean distance (unit of responses)",
    "sqeuclidean": "squared Euclidean distance\n(unit of responses, squared)",
    "mahalanobis": "Mahalanobis distance (s.d. of noise)",
    "crossnobis": "crossnobis distance per feature\n(variance of noise)",
    "decoding": "decoding accuracy",
    "poisson": "symmetrized KL divergence\n(nats per feature)",
}


def dissimilarity_label(metric: str | None, ranks: bool) -> str:
    """Return the name and the unit of dissimilarities, or that they are ranks of these."""
    if metric is not None:
        check_option(metric, "metric", [known for known in _LABELS if known is not None])
    return f"rank (0 to 1) of\n{_LABELS[metric]}" if ranks else _LABELS[metric]


def unit_ranks(entries: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ranks from 0 to 1; NaN stays NaN."""
    ranks = rankdata(entries, nan_policy="omit")
    return (ranks - 1) / max(np.count_nonzero(~np.isnan(entries)) - 1, 1)


class RDMEmbeddingDisplay:
    r"""Conditions as points, names or images in a plane that approximates an RDM.

    The points minimize the raw stress of metric multidimensional scaling, as in
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
        Category or number of each condition, shown by color.

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
        names : sequence of hashable, default=None
            Name of each condition. If None, those in the index of a square DataFrame.
        images : sequence of ndarray of shape (height, width[, 3 or 4]), default=None
            Image of each condition.
        hue : array_like of shape (n_conditions,), default=None
            Category of each condition, at most 10 different ones, or a number, as in
            :class:`EmbeddingDisplay`. The name of a Series is shown.
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
        n = len(square)
        for what, values in (("images", images), ("hue", hue)):
            if values is not None and not (isinstance(values, Sized) and len(values) == n):
                raise ValueError(f"{what} must have {n} entries, got {shown(values)}")
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
        name = None if self.hue is None else "hue"
        hues = hues_of(covariates, name, len(self.embedding))
        for group in hues.groups:
            colors = [hues.colors[k] for k in np.flatnonzero(group)]
            self.ax_.scatter(*self.embedding[group].T, **point(self.ax_, colors, "o"))
        if self.images is not None:
            size = image_size or 50 * min(inches(self.ax_)) / np.sqrt(len(self.embedding))
            self._draw_images(self.images, hues.colors, size)
        self.ax_.set(xlabel="MDS 1", ylabel="MDS 2")
        self.ax_.set_aspect("equal", adjustable="datalim")
        self.ax_.set_title(f"stress-1 = {self.stress:.2f}", fontsize="medium")
        hues.key(self.ax_, str(getattr(self.hue, "name", None) or ""), "o")
        if hues.levels:
            legend(self.ax_, named=True)
        self.ax_.spines[["top", "right"]].set_visible(False)
        write_names(self.ax_, self.embedding, self.names)
        return self

    def _draw_images(
        self, images: Sequence[npt.NDArray[Any]], colors: Sequence[Any], size: float
    ) -> None:
        from matplotlib.offsetbox import AnnotationBbox, OffsetImage

        for xy, image, color in zip(self.embedding, images, colors, strict=True):
            box = OffsetImage(image, zoom=size / max(np.shape(image)[:2]), cmap="gray")
            frame = {"edgecolor": color, "linewidth": 1.0}
            self.ax_.add_artist(AnnotationBbox(box, xy, pad=0.05, bboxprops=frame))


class ModelEvaluationDisplay:
    """Bars of how similar models are to measured RDMs, with noise ceiling and tests.

    A bar is the mean over subjects, with its standard error. The band is the noise
    ceiling. An asterisk above a bar marks a model that is above 0. Pairs of models that
    differ have a line above the bars or, if these are many, a colored cell in a matrix
    with all pairs. The legend says so. It is recommended to use :meth:`from_evaluation` to create a
    display.

    Parameters
    ----------
    evaluation : ModelEvaluation
        Result of :func:`netrep_go.rsa.evaluate`.
    contrasts : ModelContrasts, default=None
        Result of :func:`netrep_go.rsa.compare_models`.
    alpha : float, default=0.05
        Level of significance.
    marks : {'lines', 'matrix'}, default=None
        How pairs of models that differ are marked.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    matrix_ax_ : matplotlib Axes or None
        Axes with the matrix of pairs, above the bars.
    figure_ : matplotlib Figure
        Figure that contains the bars.
    significant_ : list of tuple of int
        Pairs of models that are marked as different.
    above_ : ndarray of int
        Models that are marked as above 0.

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
        marks: Literal["lines", "matrix"] | None = None,
    ) -> None:
        self.evaluation = evaluation
        self.contrasts = contrasts
        self.alpha = alpha
        self.marks = marks

    @classmethod
    @checked
    def from_evaluation(
        cls,
        evaluation: ModelEvaluation,
        *,
        contrasts: ModelContrasts | None = None,
        alpha: float = 0.05,
        marks: Literal["lines", "matrix"] | None = None,
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
        marks : {'lines', 'matrix'}, default=None
            'lines': a line above the bars for each pair of models that differ. 'matrix': a
            matrix above the bars, with a color where the model of the column is better or
            worse than that of the row. None is 'lines' for up to 10 pairs that differ.
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
        return cls(evaluation, contrasts=contrasts, alpha=alpha, marks=marks).plot(ax=ax)

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
        n_models = len(evaluation.names)
        self.significant_ = significant_pairs(self.contrasts, self.alpha)
        matrix = self.marks == "matrix" or (
            self.marks is None and len(self.significant_) > MOST_LINES
        )
        height = 4.5 + matrix * 0.14 * n_models
        self.ax_ = axes(ax, figsize=(min(3.5 + 0.35 * n_models, 12.0), height))
        self.figure_ = self.ax_.figure
        self.matrix_ax_ = None
        if matrix:
            self.matrix_ax_ = draw_matrix(
                self.ax_, self.significant_, evaluation.mean, evaluation.names
            )
        tops = self._draw_bars()
        if not matrix:
            base = np.nanmax([*tops, *(evaluation.noise_ceiling or ())])
            draw_lines(self.ax_, self.significant_, base, base - min(0, np.nanmin(tops)))
        name_columns(self.ax_, np.arange(n_models), evaluation.names)
        self.ax_.set_ylabel(axis_label(evaluation.method, "similarity to measured RDMs"))
        self.ax_.spines[["top", "right"]].set_visible(False)
        legend(self.matrix_ax_ or self.ax_, self._keys(matrix))
        return self

    def _draw_bars(self) -> npt.NDArray[np.float64]:
        """Draw the ceiling, bars, errors and asterisks; return where these end."""
        mean, ink = self.evaluation.mean, shade(self.ax_, 0.2)
        error = np.nan_to_num(self.evaluation.standard_error())
        places, tops = np.arange(len(mean)), np.maximum(mean + error, 0)
        draw_ceiling(self.ax_, self.evaluation.noise_ceiling)
        self.ax_.bar(places, mean, color=COLORS[0], width=0.7, label=self._bar())
        self.ax_.errorbar(places, mean, error, fmt="none", ecolor=ink, capsize=2)
        self.ax_.axhline(0, color=ink, linewidth=0.8)
        self.above_ = np.flatnonzero(self.evaluation.pvalue_zero < self.alpha)
        room = _ROOM / (72 * inches(self.ax_)[1]) * (tops.max() - min(0, np.nanmin(mean)))
        for place in self.above_:
            at = (place, tops[place] + 0.65 * room)
            self.ax_.plot(*at, marker=_ASTERISK, color=ink, markersize=4, markeredgewidth=0.3)
        return tops + room * np.isin(places, self.above_)

    def _bar(self) -> str:
        """Return what bars and errors are."""
        of = self.evaluation
        if of.draws is None:
            n_subjects = of.similarities.shape[1]
            return f"mean ± s.e. of {n_subjects} subjects" if n_subjects > 1 else "one subject"
        what = "subjects, conditions" if of.resample == "both" else of.resample
        return f"mean ± s.e. (bootstrap: {what})"

    def _keys(self, matrix: bool) -> list[Any]:
        """Return what the legend says, of what is drawn."""
        from matplotlib.lines import Line2D

        handles = self.ax_.get_legend_handles_labels()[0]
        if len(self.above_):
            style: dict[str, Any] = {
                "marker": _ASTERISK,
                "color": shade(self.ax_, 0.2),
                "linestyle": "none",
            }
            text = f"above 0 (p < {self.alpha:g}, uncorrected)"
            handles.append(Line2D([], [], label=text, markersize=4, **style))
        if self.contrasts is not None and self.significant_:
            handles += keys(self.ax_, self.contrasts, self.alpha, matrix)
        return handles


_ASTERISK = (6, 2, 0)  # six rays
_ROOM = 14.0  # points for an asterisk
