"""Shape metrics with linear alignments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from netrep_go import _native
from netrep_go._cohort import Cohorts, Measured, measure
from netrep_go._jobs import about, warn_user
from netrep_go._parameters import checked
from netrep_go._validation import as_factor, as_matrices, check_number, check_option, check_widths
from netrep_go.metrics._alignment import SCORES, AlignmentMetric, parts_of
from netrep_go.metrics._properties import Properties
from netrep_go.validation import check_equal_shapes

__all__ = ["LinearMetric"]

PartialFit = tuple[np.ndarray, np.ndarray, np.ndarray]


class LinearMetric(AlignmentMetric):
    r"""Distance between two sets of activations after an optimal linear alignment.

    For activations X and Y of two networks to the same samples, centered and
    whitened in part by :math:`Z_x` and :math:`Z_y`, the metric is

    .. math:: d(X, Y) = \min_{Q \in O(n)} \theta(X Z_x, \; Y Z_y Q)

    with :math:`\theta(A, B) = \arccos \langle A, B \rangle / (\|A\| \|B\|)` or the
    Frobenius norm of A - B. The whitening
    :math:`Z = V \mathrm{diag}(\alpha + (1 - \alpha) \lambda^{-1/2}) V^\top`, from
    :math:`X^\top X = V \mathrm{diag}(\lambda) V^\top`, is scaled to keep the total
    variance. Eigenvalues count as at least max(n_samples, n_features, 16) eps times the
    largest; directions without any variance are scaled as if they had 1e-7 of it. At 0 and
    1 nothing depends on the unit of the activations; between, `alpha` weighs 1 against
    1 / sqrt(lambda), and it does.

    Parameters
    ----------
    alpha : float, default=1.0
        Regularization in [0, 1]. At 1 only rotations align the networks
        (Procrustes); at 0 any invertible linear map does, as in CCA.
    center_columns : bool, default=True
        Subtract the mean activation of each neuron in the training data.
    zero_pad : bool, default=True
        Pad the narrower network with silent neurons. If False, networks of
        unequal width raise.
    score_method : {'angular', 'euclidean'}, default='angular'
        The ground distance: an angle in radians, from 0 to pi, or a Frobenius
        norm in the units of the activations.

    Attributes
    ----------
    mx_, my_ : ndarray of shape (n_features,)
        Training means of X and Y (zeros without centering).
    Wx_, Wy_ : ndarray of shape (n_features, n_features)
        Maps into the common space, ``n_features`` being the larger width.
    rank_ : int
        Number of leading dimensions of the common space that the training data
        align. The maps' other columns are an arbitrary completion; held-out
        activations along them count towards norms but not towards inner products.
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    ``score`` is a distance: smaller is more alike. In model selection use
    :func:`neg_distance_scorer`. In a Pipeline use :class:`Aligner`.

    At ``alpha=0`` networks with as many dimensions as samples allow (n_samples - 1 if
    centered) are at angle 0 from each other, whatever they respond: there is a linear map
    from one onto the other. A warning says so. The fewer samples for each dimension, the
    nearer is everything to that; compare held-out samples, reduce the dimensions by PCA
    or take a larger ``alpha``.

    References
    ----------
    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LinearMetric
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 10))
    >>> Q = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    >>> metric = LinearMetric(alpha=1.0).fit(X, X @ Q)
    >>> bool(metric.score(X, X @ Q) < 1e-12)
    True
    >>> print(LinearMetric().fit_score(X, rng.standard_normal((100, 10))).round(2))
    1.29
    """

    _shift_group = "orth"

    def __init__(
        self,
        alpha: float = 1.0,
        center_columns: bool = True,
        zero_pad: bool = True,
        score_method: Literal["angular", "euclidean"] = "angular",
    ) -> None:
        self.alpha = alpha
        self.center_columns = center_columns
        self.zero_pad = zero_pad
        self.score_method = score_method
        self._check_parameters()

    @property
    def properties(self) -> Properties:
        """What is true of the metric with its parameters."""
        angular, whitens = self.score_method == "angular", self.alpha < 1
        invariances = {"permutation", "rotation"}
        if angular and self.alpha == 0:
            invariances |= {"linear"}
        if angular and self.alpha in (0, 1):
            invariances |= {"scale"}
        if self.center_columns:
            invariances |= {"translation"}
        return Properties(
            kind="distance",
            range=(0, np.pi / 2 if angular else np.inf),
            symmetric=True,
            # networks of unequal width are whitened with another number of silent neurons
            triangle=angular or not whitens or not self.zero_pad,
            invariances=invariances,
            cost="n p^2 + p^3",
            reference="Williams et al. 2021, arXiv:2110.14739",
        )

    def _converges(self) -> bool:
        return self.score_method == "angular"

    def _check_parameters(self) -> None:
        check_number(self.alpha, "alpha", 0, 1)
        check_option(self.score_method, "score_method", SCORES)

    @checked
    def partial_fit(self, X: ArrayLike) -> PartialFit:
        """Do the part of a fit that concerns one network.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Activations.

        Returns
        -------
        mx : ndarray of shape (n_features,)
            Mean activations (zeros without centering).
        Xw : ndarray of shape (n_samples, n_features)
            Centered and whitened activations.
        Zx : ndarray of shape (n_features, n_features)
            The whitening transform.

        Raises
        ------
        ValueError
            If `X` is not a finite, real matrix.
        """
        return self._part(X, "X")

    def _part(self, X: ArrayLike, name: str) -> PartialFit:
        self._check_parameters()
        x = as_factor(X, name)
        with about(name):
            return whiten_centered(x, self.alpha, self.center_columns)

    @checked
    def finalize_fit(self, cache_X: PartialFit, cache_Y: PartialFit) -> LinearMetric:
        """Align two networks from what ``partial_fit`` returned for each.

        Parameters
        ----------
        cache_X, cache_Y : tuple
            Results of ``partial_fit`` for networks of equal width.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the networks differ in shape.
        """
        mx, Xw, Zx = parts_of(cache_X, "cache_X", 3)
        my, Yw, Zy = parts_of(cache_Y, "cache_Y", 3)
        Xw, Yw = check_equal_shapes(Xw, Yw)
        Zx, Zy = check_equal_shapes(Zx, Zy)
        Wx, Wy, rank = np.empty(Zx.shape), np.empty(Zy.shape), np.empty(1, np.int64)
        _native.call(
            "metrics.linear_align",
            {"wx": Wx, "wy": Wy, "rank": rank},
            {"xw": Xw, "yw": Yw, "zx": Zx, "zy": Zy},
        )
        self.mx_, self.my_ = mx, my
        self.Wx_, self.Wy_, self.rank_ = Wx, Wy, int(rank[0])
        return self

    @checked
    def fit(self, X: ArrayLike, Y: ArrayLike) -> LinearMetric:
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
            If X or Y is not a finite, real matrix, their shapes do not match, or data
            frames name different samples.

        Warns
        -----
        UserWarning
            If ``alpha=0`` and both have as many dimensions as samples allow: a linear map
            takes any such network onto any other.
        """
        super().fit(X, Y)
        if self.alpha == 0 and self.rank_ >= self._most_dimensions(np.shape(X)[0]):
            _warn_of_no_distance("X", "Y", self.rank_)
        return self

    def _most_dimensions(self, n_samples: int) -> int:
        """Return how many dimensions activations to so many samples can have."""
        return max(1, n_samples - bool(self.center_columns))

    def _warn_if_any_map_fits(self, cohorts: Cohorts, train: list[np.ndarray]) -> None:
        """Warn, once, if there are two networks to compare that have all dimensions."""
        most, n = self._most_dimensions(len(train[0])), len(train)

        def filling(ks: range, limit: int) -> Iterator[int]:
            wide = (k for k in ks if min(train[k].shape) >= most)
            return islice((k for k in wide if self._rank(train[k]) >= most), limit)

        if cohorts.first:
            found = [*filling(range(cohorts.first), 1), *filling(range(cohorts.first, n), 1)]
        else:
            found = [*filling(range(n), 2)]
        if len(found) == 2:
            first, second = (cohorts.train[k][0] for k in found)
            _warn_of_no_distance(first, second, most)

    def _rank(self, x: np.ndarray) -> int:
        return int(np.linalg.matrix_rank(x - x.mean(axis=0) if self.center_columns else x))

    def _align(self, X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return X @ self.Wx_, Y @ self.Wy_

    def _n_aligned(self) -> int:
        return self.rank_

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        return self._count_routes(cohorts, dtype, n_jobs, verbose)[0]

    def _count_routes(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> tuple[Measured, np.ndarray]:
        """Return distances, and how many were certified, not certified and summed anew."""
        train, test = as_matrices(cohorts.train), as_matrices(cohorts.test or ())
        if not self.zero_pad:
            check_widths(cohorts.train)
        if self.alpha == 0 and len({len(x) for x in train}) == 1:
            self._warn_if_any_map_fits(cohorts, train)
        counts = np.zeros(3, np.int64)
        inputs = {
            "train": train,
            "test": test,
            "alpha": float(self.alpha),
            "center": bool(self.center_columns),
            "score": self.score_method,
            "single": np.dtype(dtype) == np.float32,
            "tol": 0.0,
        }
        measured = measure(
            "multiset.linear_distances",
            cohorts,
            inputs,
            n_jobs=n_jobs,
            verbose=verbose,
            counts={"routes": counts},
        )
        return measured, counts


def _warn_of_no_distance(first: str, second: str, n_dimensions: int) -> None:
    warn_user(
        f"alpha=0 cannot tell {first} and {second} apart: both have all {n_dimensions} dimensions "
        "that the samples allow, so that a linear map takes one onto the other, whatever they "
        "respond; take more samples, a larger alpha, or principal components"
    )


def whiten_centered(
    X: np.ndarray, alpha: float, center: bool, *, preserve_variance: bool = True
) -> PartialFit:
    """Return the means of a matrix, its centered and whitened form and the transform."""
    n = X.shape[1]
    mean, whitened, Z = np.empty(n), np.empty(X.shape), np.empty((n, n))
    inputs = {
        "x": X,
        "alpha": float(alpha),
        "center": bool(center),
        "preserve_variance": preserve_variance,
    }
    _native.call("metrics.linear_partial_fit", {"mean": mean, "xw": whitened, "z": Z}, inputs)
    return mean, whitened, Z
