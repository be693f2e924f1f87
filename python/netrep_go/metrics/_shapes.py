"""Measures that follow from the alignment of shapes: normalized distances and cosines."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from sklearn.base import clone

from netrep_go._cohort import Cohorts, Measured, check_double, check_same_samples, measure_pairs
from netrep_go._jobs import warn_user
from netrep_go._parameters import check_parameters, checked
from netrep_go._sizes import of_order_one
from netrep_go._validation import as_matrices, check_widths, pad
from netrep_go.metrics._linear import LinearMetric
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["AlignedCosine", "NormalizedProcrustes"]

_LEFT_OUT = "samples are left out to which one of the networks has no activation"
_NOT_ALIGNED = (
    "some directions count as different since the training data do not determine how they are "
    "aligned: take more samples, or principal components"
)
_OPEN = 1e-6  # how much of the value may depend on an alignment that is not determined


class NormalizedProcrustes(LinearMetric):
    r"""Procrustes distance between shapes of size 1, or its cosine, the nuclear norm.

    For the activations :math:`X Z_x` and :math:`Y Z_y` of two networks, centered, whitened in
    part as in :class:`LinearMetric` and divided by their Frobenius norms,

    .. math:: \min_{Q \in O(n)} \| X Z_x - Y Z_y Q \|_F
        = \sqrt{2 - 2 \, \| Z_x^\top X^\top Y Z_y \|_*}
        = 2 \sin (\theta / 2), \qquad \| Z_x^\top X^\top Y Z_y \|_* = \cos \theta

    with the angle :math:`\theta` of :class:`LinearMetric`.

    Parameters
    ----------
    alpha : float, default=1.0
        Regularization in [0, 1]. At 1 only rotations align the networks (Procrustes); at 0 any
        invertible linear map does.
    center_columns : bool, default=True
        Subtract the mean activation of each neuron in the training data.
    zero_pad : bool, default=True
        Pad the narrower network with silent neurons. If False, networks of unequal width raise.
    form : {'distance', 'cosine'}, default='distance'
        'distance' is the distance of Ding et al., a metric from 0 to the root of 2. 'cosine' is
        the nuclear norm, **a similarity**: larger is more alike. Without whitening that is the
        normalized Bures similarity of Tang et al.

    Attributes
    ----------
    mx_, my_, Wx_, Wy_, rank_, n_features_in_, feature_names_in_
        As of :class:`LinearMetric`.

    See Also
    --------
    LinearMetric : The angle itself, and the distance of shapes that keep their size.

    Notes
    -----
    Small distances are as accurate as small angles; the root of 2 minus twice a cosine is not. On
    held-out data the distance is up to 2, and the cosine may be negative.

    References
    ----------
    Ding, Denain & Steinhardt (2021). Grounding Representation Similarity with Statistical
    Testing. NeurIPS 34. arXiv:2108.01661.

    Tang, Maddox, Dickens, Diethe & Damianou (2020). Similarity of Neural Networks with
    Gradients. arXiv:2003.11498.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import NormalizedProcrustes
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 100, 10))
    >>> round(float(NormalizedProcrustes().fit_score(X, Y)), 2)
    1.22
    >>> round(float(NormalizedProcrustes(form="cosine").fit_score(X, Y)), 2)
    0.26
    """

    score_method = "angular"

    def __init__(
        self,
        alpha: float = 1.0,
        center_columns: bool = True,
        zero_pad: bool = True,
        form: Literal["distance", "cosine"] = "distance",
    ) -> None:
        self.alpha = alpha
        self.center_columns = center_columns
        self.zero_pad = zero_pad
        self.form = form
        self._check_parameters()

    def _converges(self) -> bool:
        return True

    def _check_parameters(self) -> None:
        check_parameters(self)
        super()._check_parameters()

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        distance = self.form == "distance"
        return replace(
            super().properties,
            kind="distance" if distance else "similarity",
            range=(0, np.sqrt(2)) if distance else (0, 1),
            triangle=distance,
            reference="Ding et al. 2021, arXiv:2108.01661"
            if distance
            else "Tang et al. 2020, arXiv:2003.11498",
        )

    @checked
    def score(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Return the distance or the cosine of X and Y after the fitted alignment.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations, of the training data or held out.

        Returns
        -------
        float
            A distance, smaller is more alike, or a cosine, larger is more alike.

        Raises
        ------
        ValueError
            If activations do not vary, so that they have no angle to others.
        """
        return float(self._of_angles(super().score(X, Y)))

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        train, test = super()._measure(cohorts, dtype, n_jobs, verbose)
        return self._of_angles(train), None if test is None else self._of_angles(test)

    def _of_angles(self, angles: Any) -> Any:
        return 2 * np.sin(angles / 2) if self.form == "distance" else np.cos(angles)


class AlignedCosine(LinearMetric):
    r"""Mean cosine between the activations to each sample after an orthogonal alignment.

    .. math:: \frac{1}{n} \sum_i \cos(x_i Q, \, y_i), \qquad
        Q = \arg\min_{Q \in O(n)} \|X Q - Y\|_F

    Parameters
    ----------
    center_columns : bool, default=False
        Subtract the mean activation of each neuron in the training data.
    zero_pad : bool, default=True
        Pad the narrower network with silent neurons. If False, networks of unequal width raise.

    Attributes
    ----------
    mx_, my_, Wx_, Wy_, rank_, n_features_in_, feature_names_in_
        As of :class:`LinearMetric`.

    Notes
    -----
    All samples count alike, however strong the activations, though strong ones govern the
    alignment. It does not depend on the scale of a network, though ReSi lists it as if it did.

    Samples to which one of the networks has no activation are left out, with a warning; if that
    leaves none, the value is NaN. Directions whose alignment the training data do not determine,
    since they have nothing in common, count as different, as in :class:`LinearMetric`, with a
    warning where that matters; other packages align them at random.

    References
    ----------
    Klabunde, Schumacher, Strohmaier & Lemmerich (2025). Similarity of Neural Network
    Models: A Survey of Functional and Representational Measures. ACM Comput. Surv. 57, 242.
    arXiv:2305.06329.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import AlignedCosine
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 10))
    >>> Q = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    >>> round(float(AlignedCosine().fit_score(X, 2 * X @ Q)), 6)
    1.0
    """

    alpha = 1.0
    score_method = "angular"

    def __init__(self, center_columns: bool = False, zero_pad: bool = True) -> None:
        self.center_columns = center_columns
        self.zero_pad = zero_pad

    def _check_parameters(self) -> None:
        check_parameters(self)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return replace(
            super().properties,
            kind="similarity",
            range=(-1, 1),
            triangle=False,
            reference="Klabunde et al. 2025, arXiv:2305.06329",
        )

    @checked
    def score(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Return the mean cosine of X and Y after the fitted alignment.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations, of the training data or held out.

        Returns
        -------
        float
            The mean cosine: larger is more alike.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            As :meth:`transform`.

        Warns
        -----
        UserWarning
            If samples have no activation, or the value is NaN, with the reason.
        """
        value, remarks = self._cosine(X, Y)
        if isinstance(value, Undefined):
            remarks = {*remarks, f"the value is NaN: {value.reason}"}
        _warn(remarks)
        return float(value)

    def _cosine(self, X: ArrayLike, Y: ArrayLike) -> _Cosine:
        x, y = (_Rows.of(aligned) for aligned in self.transform(X, Y))
        return _mean_cosine(x, y, x.rows[:, : self.rank_], y.rows[:, : self.rank_])

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        """Align and measure pairs in threads, and warn when all are measured."""
        check_double(dtype, repr(self))
        train, test = self._matrices(cohorts)
        networks = [self._centered(x, x) for x in train]
        rows = [
            [_Rows.of(self._centered(x, own)) for x, own in zip(xs, train, strict=True)]
            for xs in (train, test)
            if xs
        ]
        remarks = set[str]()

        def compare(i: int, j: int) -> tuple[float, float | None]:
            values = []
            Wx, Wy = self._directions(networks[i], networks[j])
            for xs in rows:
                x, y = xs[i], xs[j]
                cosine = _mean_cosine(x, y, x.rows @ Wx, y.rows @ Wy)
                remarks.update(cosine.remarks)
                values.append(cosine.value)
            return values[0], values[1] if test else None

        measured = measure_pairs(
            compare,
            cohorts,
            symmetric=True,
            diagonal=True,
            verbose=verbose,
            n_jobs=n_jobs,
            in_parallel=True,
        )
        _warn(remarks)
        return measured

    def _matrices(self, cohorts: Cohorts) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the networks and their held-out data, of the same samples and widths."""
        if not self.zero_pad:
            check_widths(cohorts.train)
        sets = [cohorts.train, cohorts.test or []]
        train, test = (as_matrices(networks) for networks in sets)
        for networks, xs in zip(sets, (train, test), strict=True):
            names = [name for name, _ in networks]
            check_same_samples([*zip(names, map(len, xs), strict=True)])
        for (name, _), x, (held_out, _), y in zip(sets[0], train, sets[1], test, strict=False):
            if x.shape[1] != y.shape[1]:
                raise ValueError(
                    f"{name} has {x.shape[1]} features and {held_out} has {y.shape[1]}"
                )
        return train, test

    def _centered(self, x: np.ndarray, train: np.ndarray) -> np.ndarray:
        return x - train.mean(axis=0) if self.center_columns else x

    def _directions(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the directions of two networks that are aligned."""
        width = max(x.shape[1], y.shape[1])
        caches = [(np.zeros(width), pad(a, width), np.eye(width)) for a in (x, y)]
        fitted = clone(self).finalize_fit(*caches)
        r = fitted.rank_
        return fitted.Wx_[: x.shape[1], :r], fitted.Wy_[: y.shape[1], :r]


class _Rows(NamedTuple):
    """Activations, each sample times a power of two, and their norms."""

    rows: np.ndarray
    norms: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> _Rows:
        x = of_order_one(x)
        return cls(x, np.linalg.norm(x, axis=1))

    def rest(self, aligned: np.ndarray) -> np.ndarray:
        """Return the norms of what is not along the directions that are aligned."""
        return np.sqrt(np.maximum(self.norms**2 - np.sum(aligned**2, axis=1), 0))


class _Cosine(NamedTuple):
    """A mean cosine, and what there is to say of it."""

    value: float
    remarks: Set[str] = frozenset()


def _mean_cosine(x: _Rows, y: _Rows, x_aligned: np.ndarray, y_aligned: np.ndarray) -> _Cosine:
    """Return the mean cosine of samples, of which some directions are aligned."""
    sizes = x.norms * y.norms
    used = sizes > 0
    if not used.any():
        return _Cosine(Undefined("to each sample, one of the networks has no activation"))
    left_out = not used.all()
    sizes[~used] = np.inf
    rest = x.rest(x_aligned) * y.rest(y_aligned) / sizes
    cosines = np.einsum("ij,ij->i", x_aligned, y_aligned) / sizes
    found = {_LEFT_OUT: left_out, _NOT_ALIGNED: np.sum(rest) > _OPEN * np.sum(used)}
    mean = np.sum(cosines) / np.sum(used)
    return _Cosine(float(mean), {text for text, true in found.items() if true})


def _warn(remarks: Set[str]) -> None:
    for remark in sorted(remarks):
        warn_user(remark)
