"""Distances between convolutional layers, over all offsets in space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._cohort import Cohorts
from netrep_go._jobs import bar_of, said_once
from netrep_go._parameters import checked
from netrep_go._validation import _as_array, as_it_is, check_integer
from netrep_go.metrics._adapted import measure_of
from netrep_go.metrics._measure import Measure, check_distance
from netrep_go.metrics._properties import Properties
from netrep_go.validation import check_equal_shapes

__all__ = ["ConvolutionalMetric", "convolve_metric"]

# From this many offsets on the Fourier transform is faster than rolled copies;
# the products of all offsets may take this many bytes.
_MIN_OFFSETS = 32
_MAX_BYTES = 2**31


@checked
def convolve_metric(
    metric: Any,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    verbose: bool = True,
    n_jobs: int | None = None,
) -> np.ndarray:
    r"""Return the distances between two layers at every circular shift in space.

    With :math:`X_s` the activations rolled by s, image positions as samples and
    channels as features,

    .. math:: D_{ij} = d(X_s, Y), \quad s = (i - \lfloor h/2 \rfloor, \,
        j - \lfloor w/2 \rfloor)

    The distance of the layers is ``D.min()``.

    Parameters
    ----------
    metric : Measure, str, callable or object with fit and score
        Any measure, as :func:`netrep_go.metrics.as_measure` takes it.
        :class:`netrep_go.metrics.LinearMetric` and
        :class:`netrep_go.metrics.PermutationMetric` are not fitted: all shifts
        have the same mean and covariance, and their products with Y come from one
        Fourier transform. Others are fitted to each shift in turn.
    X, Y : array_like of shape (n_images, height, width, n_channels)
        Activations to the same images. If the metric has ``zero_pad``, the narrower
        one is padded with silent channels.
    verbose : bool, default=True
        Show a progress bar.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.

    Returns
    -------
    ndarray of shape (height, width)
        The distances.

    Raises
    ------
    ValueError
        If X or Y is not finite, real and four-dimensional, or shapes do not match.

    See Also
    --------
    ConvolutionalMetric : The smallest of them, as a metric.

    References
    ----------
    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739. Section 2.4.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LinearMetric
    >>> from netrep_go.conv_layers import convolve_metric
    >>> X = np.random.default_rng(0).standard_normal((10, 4, 4, 3))
    >>> D = convolve_metric(LinearMetric(), X, np.roll(X, (1, -1), (1, 2)), verbose=False)
    >>> [int(i) for i in np.unravel_index(D.argmin(), D.shape)]  # 4 // 2 + (1, -1)
    [3, 1]
    """
    metric = measure_of(metric, "metric")
    X, Y = _padded(metric, X, Y)
    shifts = _shifts(X.shape, None)
    bars = bar_of("Computing distances", len(shifts), verbose, "shift")
    with bars as bar, said_once():
        distances = _distances(metric, X, Y, shifts, n_jobs, bar)
    return distances.reshape(X.shape[1:3])


class ConvolutionalMetric(Measure):
    r"""Distance between convolutional layers at their best offset in space.

    .. math:: d(X, Y) = \min_s d_0(X_s, Y)

    over circular shifts s of height and width, :math:`d_0` taking image positions
    as samples and channels as features.

    Parameters
    ----------
    metric : Measure, str, callable or object with fit and score, default=None
        The distance :math:`d_0`; ``LinearMetric()`` if it is not given. It is not
        changed: a clone is fitted. A similarity is refused, and so is what is not
        known to be a distance: see :func:`netrep_go.metrics.as_measure`.
    max_shift : int, default=None
        Largest shift along either axis, in pixels; None for all shifts and 0 for
        none.

    Attributes
    ----------
    shift_ : tuple of (int, int)
        The best shift of X along height and width.
    metric_ : Measure
        Clone of ``metric``, fitted at the best shift.

    See Also
    --------
    convolve_metric : The distances at all shifts.

    References
    ----------
    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739. Section 2.4.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import ConvolutionalMetric
    >>> X = np.random.default_rng(0).standard_normal((10, 6, 6, 3))
    >>> Y = np.roll(X, (2, -1), axis=(1, 2))
    >>> metric = ConvolutionalMetric().fit(X, Y)
    >>> metric.shift_, bool(metric.score(X, Y) < 1e-12)
    ((2, -1), True)
    """

    def __init__(self, metric: Any = None, max_shift: int | None = None) -> None:
        self.metric = metric
        self.max_shift = max_shift

    @property
    def properties(self) -> Properties:
        """What is true of the metric with its parameters."""
        base = self._base().properties
        return Properties(
            kind=base.kind,
            range=base.range,
            symmetric=base.symmetric,
            # two shifts in a row may exceed max_shift
            triangle=base.triangle and self.max_shift in (None, 0),
            invariances=base.invariances,
            data="images",
            cost=f"h w ({base.cost})",
            reference="Williams et al. 2021, arXiv:2110.14739, section 2.4",
        )

    @checked
    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Find the shift, and the alignment at it, that bring X closest to Y.

        Parameters
        ----------
        X, Y : array_like of shape (n_images, height, width, n_channels)
            Activations to the same images.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or Y is not finite, real and four-dimensional, shapes do not match,
            or ``metric`` is no distance.
        """
        self._check_order([("X", X), ("Y", Y)])
        X, Y = _as_layer(X, "X"), _as_layer(Y, "Y")
        with said_once():
            return self._fit(X, Y, None)[0]

    def _fit(self, X: np.ndarray, Y: np.ndarray, n_jobs: int | None) -> tuple[Self, float]:
        """Fit and return the distance, too."""
        metric = self._base()
        check_distance(metric, "ConvolutionalMetric")
        padded = _padded(metric, X, Y)
        shifts = self._allowed(X.shape)
        distances = _distances(metric, *padded, shifts, n_jobs, None)
        undefined = np.flatnonzero(np.isnan(distances))
        if undefined.size:
            raise ValueError(
                f"the distance of X and Y is NaN at the shift {shifts[undefined[0]]}: which shift "
                "is the best cannot be said"
            )
        best = int(distances.argmin())
        self.shift_ = shifts[best]
        self.metric_ = metric.fit(_rolled(X, self.shift_), _flatten(Y))
        return self, distances[best]

    @checked
    def score(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Return the distance between X and Y at the fitted shift and alignment.

        Parameters
        ----------
        X, Y : array_like of shape (n_images, height, width, n_channels)
            Activations of the layers that were fitted, to any images.

        Returns
        -------
        float
            The distance: smaller is more alike.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If shapes do not match each other or the training data.
        """
        X, Y = self._flat(X, Y)
        return self.metric_.score(X, Y)

    @checked
    def transform(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Shift X and map both layers into the common space of channels.

        Parameters
        ----------
        X, Y : array_like of shape (n_images, height, width, n_channels)
            Activations of the layers that were fitted, to any images.

        Returns
        -------
        X_aligned, Y_aligned : ndarray of shape (n_images, height, width, n_channels)
            Aligned activations; ``n_channels`` is the larger number.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If shapes do not match each other or the training data.
        """
        shape = as_it_is(X, "X").shape[:3]
        x, y = self.metric_.transform(*self._flat(X, Y))
        return x.reshape(*shape, -1), y.reshape(*shape, -1)

    @checked
    def fit_transform(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Fit to X and Y and map both into the common space.

        Parameters
        ----------
        X, Y : array_like of shape (n_images, height, width, n_channels)
            Activations to the same images.

        Returns
        -------
        X_aligned, Y_aligned : ndarray of shape (n_images, height, width, n_channels)
            Aligned activations.

        Raises
        ------
        ValueError
            As :meth:`fit`.
        """
        return self.fit(X, Y).transform(X, Y)

    def _base(self) -> Measure:
        """Return the measure to fit."""
        try:
            metric = "procrustes" if self.metric is None else clone(self.metric, safe=False)
        except TypeError as error:  # what cannot be copied
            raise TypeError(f"metric must be a measure: {error}") from None
        return measure_of(metric, "metric")

    def _allowed(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        if self.max_shift is not None:
            check_integer(self.max_shift, "max_shift", 0)
        return _shifts(shape, self.max_shift)

    def _flat(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the samples of both layers, X shifted."""
        check_is_fitted(self, "metric_")
        self._check_order([("X", X), ("Y", Y)])
        X, Y = _as_layer(X, "X"), _as_layer(Y, "Y")
        if X.shape[:3] != Y.shape[:3]:
            raise ValueError(
                "X and Y: Expected arrays with equal dimensions, but got arrays with shapes "
                f"{X.shape} and {Y.shape}."
            )
        return _rolled(X, self.shift_), _flatten(Y)

    def _check_network(self, x: Any, name: str) -> np.ndarray:
        return _as_layer(x, name)

    def _measure_pair(
        self, cohorts: Cohorts, i: int, j: int, n_jobs: int | None
    ) -> tuple[float, float | None]:
        if self._is_redefined("_measure_pair"):
            return super()._measure_pair(cohorts, i, j, n_jobs)
        fitted, distance = clone(self)._fit(cohorts.train[i][1], cohorts.train[j][1], n_jobs)
        if cohorts.test is None:
            return distance, None
        return distance, fitted.score(cohorts.test[i][1], cohorts.test[j][1])


def _as_layer(x: ArrayLike, name: str) -> np.ndarray:
    return _as_array(x, name, 4, axes="images, height, width and channels")


def _padded(metric: Measure, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return activations with the same number of channels, if the metric pads."""
    return check_equal_shapes(X, Y, nd=4, zero_pad=getattr(metric, "zero_pad", True))


def _shifts(shape: tuple[int, ...], limit: int | None) -> list[tuple[int, int]]:
    """Return the shifts in the order of netrep's matrix."""
    axes = [[i - size // 2 for i in range(size)] for size in shape[1:3]]
    return [
        (i, j) for i in axes[0] for j in axes[1] if limit is None or max(abs(i), abs(j)) <= limit
    ]


def _flatten(X: np.ndarray) -> np.ndarray:
    return X.reshape(-1, X.shape[-1])


def _rolled(X: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    return _flatten(np.roll(X, shift, axis=(1, 2)))


def _distances(
    metric: Measure,
    X: np.ndarray,
    Y: np.ndarray,
    shifts: list[tuple[int, int]],
    n_jobs: int | None,
    bar: Any,
) -> np.ndarray:
    """Return the distances at the shifts, advancing the bar by their number."""
    group = _group(metric)
    if group is None:
        return _distances_by_fits(metric, X, Y, shifts, bar)
    layers = _Layers.prepare(metric, group, X, Y)
    distances = np.empty(len(shifts))
    for batch, products in layers.products(shifts):
        distances[batch], limit = layers.distances(products, n_jobs)
        if bar is not None:
            bar.update(len(products))
    near = np.flatnonzero(distances < limit)
    distances[near] = _distances_by_fits(metric, X, Y, [shifts[s] for s in near], None)
    return distances


def _group(metric: Measure) -> str | None:
    """Return the group whose best alignment follows from products alone, None without one.

    The class itself must say so: what is derived from it may fit otherwise.
    """
    return vars(type(metric)).get("_shift_group")


def _distances_by_fits(
    metric: Measure,
    X: np.ndarray,
    Y: np.ndarray,
    shifts: list[tuple[int, int]],
    bar: Any,
) -> np.ndarray:
    """Fit and score the metric at every shift."""
    distances = np.empty(len(shifts))
    Yf = _flatten(Y)
    for s, shift in enumerate(shifts):
        Xf = _rolled(X, shift)
        metric.fit(Xf, Yf)
        distances[s] = metric.score(Xf, Yf)
        if bar is not None:
            bar.update()
    return distances


@dataclass
class _Layers:
    """Two layers, centered and whitened, and how to compare them."""

    X: np.ndarray
    Y: np.ndarray
    group: str
    score: str

    @classmethod
    def prepare(cls, metric: Any, group: str, X: np.ndarray, Y: np.ndarray) -> _Layers:
        """Do what is the same for all shifts."""
        both = zip((X, Y), "XY", strict=True)
        X, Y = (metric._part(_flatten(a), name)[1].reshape(a.shape) for a, name in both)
        return cls(X, Y, group, metric.score_method)

    def products(self, shifts: list[tuple[int, int]]) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield batches of shifts and their products X_s'Y."""
        _, h, w, n = self.X.shape
        if len(shifts) >= _MIN_OFFSETS and 8 * h * w * n * n <= _MAX_BYTES:
            rows, columns = np.array(shifts).T
            yield slice(None), self._all_products()[rows % h, columns % w]
            return
        size = max(1, _MAX_BYTES // (8 * n * n))
        Y = _flatten(self.Y)
        for start in range(0, len(shifts), size):
            batch = shifts[start : start + size]
            products = np.empty((len(batch), n, n))
            for out, shift in zip(products, batch, strict=True):
                np.matmul(_rolled(self.X, shift).T, Y, out=out)
            yield slice(start, start + len(batch)), products

    def _all_products(self) -> np.ndarray:
        """Return the products of all shifts: correlations are products of spectra."""
        Fx = fft.rfft2(self.X, axes=(1, 2)).transpose(1, 2, 3, 0)
        Fy = fft.rfft2(self.Y, axes=(1, 2)).transpose(1, 2, 0, 3)
        spectrum = np.conj(Fx) @ Fy
        return fft.irfft2(spectrum, s=self.X.shape[1:3], axes=(0, 1), overwrite_x=True)

    def distances(self, products: np.ndarray, n_jobs: int | None) -> tuple[np.ndarray, float]:
        """Return the distances and below which of them rounding shows."""
        distances, limit = np.empty(len(products)), np.empty(1)
        inputs = {
            "products": products.reshape(-1, products.shape[-1]),
            "group": self.group,
            "score": self.score,
            "norm_x": float(np.linalg.norm(self.X.ravel())),
            "norm_y": float(np.linalg.norm(self.Y.ravel())),
        }
        outputs = {"distances": distances, "limit": limit}
        _native.run("metrics.convolution_distances", outputs, inputs, n_jobs=n_jobs)
        return distances, limit[0]
