"""What the measures that align two networks share."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Tags, TransformerTags
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._names import check_same_columns, check_same_indexes, column_names
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import as_matrix, check_given, check_option, note_features, pad
from netrep_go.metrics._measure import Measure
from netrep_go.validation import check_equal_shapes

SCORES = ("angular", "euclidean")


def parts_of(cache: Any, name: str, n: int) -> tuple[np.ndarray, ...]:
    """Return what ``partial_fit`` returned; raise if this is something else."""
    if not isinstance(cache, (tuple, list)) or len(cache) != n:
        raise TypeError(
            f"{name} must be the {n} arrays that partial_fit returned, got {shown(cache)}"
        )
    return tuple(cache)


class AlignmentMetric(Measure):
    """A metric that aligns two networks and measures the distance that remains.

    The class provides ``_part``, ``finalize_fit``, which sets ``mx_`` and
    ``my_``, ``_align``, which maps centered activations into the common space, and
    ``_n_aligned``, which returns how many leading dimensions of that are aligned; and
    the parameters ``zero_pad`` and ``score_method``.
    """

    _part: Any  # of a network and its name in errors, what partial_fit returns
    finalize_fit: Any
    _align: Any
    _n_aligned: Any
    zero_pad: bool
    score_method: str

    # "orth" or "perm" of a class whose value follows from the product X'Y of whitened
    # activations, up to such an alignment, as ConvolutionalMetric takes it
    _shift_group: str | None = None

    @checked
    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Find the alignment that brings X and Y closest.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of two networks to the same samples.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or Y is not a finite, real matrix or their shapes do not match.
        """
        check_given(Y)
        padded = check_equal_shapes(X, Y, nd=2, zero_pad=self.zero_pad)
        note_features(self, X, Y)
        self.finalize_fit(*(self._part(x, name) for x, name in zip(padded, "XY", strict=True)))
        self._widths = np.shape(X)[1], np.shape(Y)[1]
        self._columns = column_names(X), column_names(Y)
        return self

    @checked
    def transform(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Map X and Y into the common space.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of the networks that the metric was fitted to, to any
            samples.

        Returns
        -------
        X_aligned, Y_aligned : ndarray of shape (n_samples, n_features)
            Aligned activations; ``n_features`` is the larger width.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the metric has not been fitted.
        ValueError
            If the width, or the columns of data frames, differ from those of the training
            data, or the data frames name different samples.
        """
        check_is_fitted(self, "mx_")
        check_same_indexes([("X", X), ("Y", Y)], "samples")
        for x, name, columns in zip((X, Y), "XY", getattr(self, "_columns", ()), strict=False):
            check_same_columns(x, name, columns)
        X, Y = as_matrix(X, "X"), as_matrix(Y, "Y")
        own = getattr(self, "_widths", (len(self.mx_), len(self.my_)))
        X, Y = (
            self._widened(x, name, width) for x, name, width in zip((X, Y), "XY", own, strict=True)
        )
        X, Y = check_equal_shapes(X, Y)
        return self._align(X - self.mx_, Y - self.my_)

    def _widened(self, x: np.ndarray, name: str, own: int) -> np.ndarray:
        """Return a matrix padded to the width of the fit, or say which one it wants."""
        if x.shape[1] not in (own, len(self.mx_)):
            raise ValueError(
                f"Array with wrong shape passed to transform. Expected a matrix with {own} "
                f"columns as {name}, but got one of shape {x.shape}."
            )
        return pad(x, len(self.mx_))

    @checked
    def fit_transform(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Fit to X and Y and map both into the common space.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of two networks to the same samples.

        Returns
        -------
        X_aligned, Y_aligned : ndarray of shape (n_samples, n_features)
            Aligned activations.

        Raises
        ------
        ValueError
            As :meth:`fit`.
        """
        return self.fit(X, Y).transform(X, Y)

    @checked
    def score(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Return the distance between X and Y after the fitted alignment.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations, of the training data or held out.

        Returns
        -------
        float
            The distance, as in netrep: smaller is more alike. GridSearchCV and the like
            take the largest score for the best, so give them
            ``scoring=neg_distance_scorer``.

        Raises
        ------
        ValueError
            If activations do not vary, so that they have no angle to others.
        """
        check_option(self.score_method, "score_method", SCORES)
        X, Y = self.transform(X, Y)
        distance = np.empty(1)
        inputs = {"x": X, "y": Y, "rank": self._n_aligned(), "score": self.score_method}
        _native.call("metrics.aligned_distance", {"distance": distance}, inputs)
        return distance[0]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags = TransformerTags(preserves_dtype=[])
        return tags
