"""Centered kernel alignment."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import DTypeLike
from scipy.linalg import blas

from netrep_go import _native
from netrep_go._cohort import Cohorts, Measured, measure
from netrep_go._parameters import check_parameters
from netrep_go._validation import as_matrices, check_option
from netrep_go.metrics._gram import check_samples, vanishes
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._products import Entries
from netrep_go.metrics._properties import Properties

__all__ = ["LinearCKA"]

_SCORES = ("angular", "cosine")
_ESTIMATORS = ("biased", "unbiased")


class LinearCKA(Measure):
    r"""Linear centered kernel alignment, as an angle or as a cosine.

    For centered activations X and Y of two networks to the same n samples, with
    the Gram matrices :math:`K = X X^\top` and :math:`L = Y Y^\top`,

    .. math:: \mathrm{CKA}(X, Y) =
        \frac{\mathrm{HSIC}(K, L)}{\sqrt{\mathrm{HSIC}(K, K) \, \mathrm{HSIC}(L, L)}},
        \qquad d(X, Y) = \arccos \mathrm{CKA}(X, Y)

    where HSIC is :math:`\langle K, L \rangle`, or, if unbiased, with the diagonals
    of K and L set to zero,

    .. math:: \frac{1}{n (n - 3)} \left( \mathrm{tr} K L
        + \frac{1^\top K 1 \; 1^\top L 1}{(n - 1) (n - 2)}
        - \frac{2}{n - 2} 1^\top K L 1 \right)

    Parameters
    ----------
    center_columns : bool, default=True
        Subtract the mean activation of each neuron. The unbiased estimate is the
        same with and without.
    score_method : {'angular', 'cosine'}, default='angular'
        'angular' is netrep's: the angle d in radians, a metric. 'cosine' is the
        value of Kornblith et al., **a similarity, not a distance**: larger is more
        alike, identical networks have 1, and so has the diagonal of a matrix of
        all pairs.
    estimator : {'biased', 'unbiased'}, default='biased'
        The biased estimate, which is netrep's, is in [0, 1], and high for any two
        networks with more neurons than samples. The unbiased one needs at least 4
        samples, is around 0 for unrelated networks and in [-1, 1], so that the
        angle may exceed a right one. It is the estimate that is corrected for the number of
        stimuli; :class:`CorrectedCKA` corrects for that of neurons, too.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The biased cosine is the RV coefficient of Escoufier and Robert, too.

    Nothing is fitted: held-out data are compared by themselves, centered by their
    own means. Widths may differ. Small angles are accurate to about 1e-11.
    Everything is computed in float64, whatever the ``dtype`` of an all-pairs
    function. Use :func:`neg_distance_scorer` with angles only.

    References
    ----------
    Kornblith, Norouzi, Lee & Hinton (2019). Similarity of Neural Network
    Representations Revisited. ICML. arXiv:1905.00414.

    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739.

    Song, Smola, Gretton, Bedo & Borgwardt (2012). Feature Selection via Dependence
    Maximization. JMLR 13, 1393-1434.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import LinearCKA
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 50, 100))
    >>> round(float(LinearCKA().fit_score(X, Y)), 2)
    0.87
    >>> round(float(LinearCKA(score_method="cosine").fit_score(X, Y)), 2)
    0.65
    >>> unbiased = LinearCKA(score_method="cosine", estimator="unbiased")
    >>> round(float(unbiased.fit_score(X, Y)), 2)
    -0.05
    """

    def __init__(
        self,
        center_columns: bool = True,
        score_method: Literal["angular", "cosine"] = "angular",
        estimator: Literal["biased", "unbiased"] = "biased",
    ) -> None:
        self.center_columns = center_columns
        self.score_method = score_method
        self.estimator = estimator
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_option(self.score_method, "score_method", _SCORES)
        check_option(self.estimator, "estimator", _ESTIMATORS)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        unbiased, angular = self.estimator == "unbiased", self.score_method == "angular"
        low = -1 if unbiased else 0
        centered = unbiased or self.center_columns
        return Properties(
            kind="distance" if angular else "similarity",
            range=(0, np.arccos(low)) if angular else (low, 1),
            symmetric=True,
            triangle=angular,
            null=unbiased and not angular,
            invariances={"permutation", "rotation", "scale"}
            | ({"translation"} if centered else set()),
            cost="n p^2 or n^2 p",
            reference="Kornblith et al. 2019, arXiv:1905.00414",
        )

    def _compare(self, x: np.ndarray, y: np.ndarray) -> float:
        value = np.empty((1, 1))
        _native.call(
            "multiset.cka_distances",
            {"distances": value, "test_distances": np.empty((0, 0))},
            {"first": 1, **self._inputs([x, y], [])},
            names={"network": ["X", "Y"]},
        )
        return value[0, 0]

    def _gram_size(self, n_samples: int) -> int:
        """Return the length of the vector of a network."""
        return _triangle(n_samples, self.estimator == "unbiased").place.size

    def _gram_vector(self, x: Any, name: str) -> np.ndarray:
        """Return the corrected Gram matrix as a vector of length 1, whose products are cosines."""
        x = self._check_network(x, name)
        check_samples(x, name, self.estimator)
        unbiased = self.estimator == "unbiased"
        if self.center_columns or unbiased:
            x = x - x.mean(axis=0)
        size = np.linalg.norm(x)
        if not size > 0:
            raise ValueError(f"{name}: the activations do not vary")
        K = blas.dsyrk(1 / size**2, x.T, trans=1, lower=1)
        triangle = _triangle(len(K), unbiased)
        vector = K.T.ravel().take(triangle.place)
        if unbiased:
            vector -= _additive(vector, triangle, len(K))
            if vanishes(vector, 1):
                raise ValueError(
                    f"{name}: all pairs of samples are equally similar, so that the unbiased "
                    "estimate is 0 and its CKA undefined"
                )
        else:
            vector[triangle.diagonal] *= np.sqrt(0.5)  # the others stand for two entries
        vector /= np.linalg.norm(vector)
        return vector

    def _entries(self, n: int) -> Entries:
        triangle = _triangle(n, self.estimator == "unbiased")
        return triangle.rows, triangle.columns

    def _converges(self) -> bool:
        return True

    def _has_exact_null(self) -> bool:
        return self.score_method == "cosine" and self.properties.invariances >= {"translation"}

    def _of_cosines(self, cosines: np.ndarray) -> np.ndarray:
        cosines = np.clip(cosines, -1, 1)
        return np.arccos(cosines) if self.score_method == "angular" else cosines

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        train, test = as_matrices(cohorts.train), as_matrices(cohorts.test or ())
        inputs = self._inputs(train, test)
        return measure("multiset.cka_distances", cohorts, inputs, n_jobs=n_jobs, verbose=verbose)

    def _inputs(
        self, train: list[np.ndarray], test: list[np.ndarray]
    ) -> dict[str, _native.Argument]:
        return {
            "train": train,
            "test": test,
            "center": bool(self.center_columns),
            "estimator": self.estimator,
            "score": self.score_method,
        }


class _Triangle(NamedTuple):
    """Entries of a symmetric matrix that tell all others."""

    rows: np.ndarray
    columns: np.ndarray
    place: np.ndarray  # in the matrix, row by row
    diagonal: np.ndarray  # which of them are on the diagonal


@lru_cache(maxsize=2)
def _triangle(n: int, strict: bool) -> _Triangle:
    """Return the entries above the diagonal, and on it unless ``strict``."""
    rows, columns = np.triu_indices(n, int(strict))
    return _Triangle(rows, columns, rows * n + columns, np.flatnonzero(rows == columns))


def _additive(vector: np.ndarray, triangle: _Triangle, n: int) -> np.ndarray:
    """Return what adds to similarities of samples i and j by i and by j alone."""
    rows, columns = triangle.rows, triangle.columns
    sums = np.bincount(rows, vector, n) + np.bincount(columns, vector, n)
    means = sums / (n - 2)
    return means[rows] + means[columns] - sums.sum() / ((n - 1) * (n - 2))
