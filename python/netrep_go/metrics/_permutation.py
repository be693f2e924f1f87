"""Shape metrics that match neurons one to one."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from netrep_go import _native
from netrep_go._cohort import Cohorts, Measured, measure
from netrep_go._parameters import check_parameters, checked
from netrep_go._validation import as_matrices, as_matrix, check_option, check_widths
from netrep_go.metrics._alignment import SCORES, AlignmentMetric, parts_of
from netrep_go.metrics._properties import Properties
from netrep_go.validation import check_equal_shapes

__all__ = ["PermutationMetric"]

PartialFit = tuple[np.ndarray, np.ndarray]


class PermutationMetric(AlignmentMetric):
    r"""Distance between two sets of activations after matching their neurons.

    For centered activations X and Y of two networks to the same samples,

    .. math:: d(X, Y) = \min_{P \in \mathcal{P}(n)} \theta(X, \; Y P)

    over all permutations of neurons, with
    :math:`\theta(A, B) = \arccos \langle A, B \rangle / (\|A\| \|B\|)` or the
    Frobenius norm of A - B. The permutation solves the linear assignment problem
    :math:`\max_P \langle X, Y P \rangle` exactly.

    Parameters
    ----------
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
        Training means of X and Y (zeros without centering), ``n_features`` being
        the larger width.
    Px_, Py_ : ndarray of shape (n_features,), int64
        Matched neurons: ``Px_[k]`` of X belongs to ``Py_[k]`` of Y. Indices from
        the width of a network on are its silent neurons.
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    ``score`` is a distance: smaller is more alike. In model selection use
    :func:`neg_distance_scorer`.

    References
    ----------
    Williams, Kunz, Kornblith & Linderman (2021). Generalized Shape Metrics on
    Neural Representations. NeurIPS 34. arXiv:2110.14739.

    Jonker & Volgenant (1987). A shortest augmenting path algorithm for dense and
    sparse linear assignment problems. Computing 38. doi:10.1007/BF02278710.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import PermutationMetric
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 5))
    >>> metric = PermutationMetric().fit(X, X[:, [3, 1, 0, 4, 2]])
    >>> metric.Py_
    array([2, 1, 4, 0, 3])
    >>> bool(metric.score(X, X[:, [3, 1, 0, 4, 2]]) < 1e-12)
    True
    """

    _shift_group = "perm"

    def __init__(
        self,
        center_columns: bool = True,
        zero_pad: bool = True,
        score_method: Literal["angular", "euclidean"] = "angular",
    ) -> None:
        self.center_columns = center_columns
        self.zero_pad = zero_pad
        self.score_method = score_method
        self._check_parameters()

    @property
    def properties(self) -> Properties:
        """What is true of the metric with its parameters."""
        angular = self.score_method == "angular"
        return Properties(
            kind="distance",
            range=(0, np.pi if angular else np.inf),
            symmetric=True,
            triangle=True,
            invariances={"permutation"}
            | ({"scale"} if angular else set())
            | ({"translation"} if self.center_columns else set()),
            cost="n p^2 + p^3",
            reference="Williams et al. 2021, arXiv:2110.14739",
        )

    def _check_parameters(self) -> None:
        check_parameters(self)
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
        Xphi : ndarray of shape (n_samples, n_features)
            Centered activations; X itself without centering.

        Raises
        ------
        ValueError
            If `X` is not a finite, real matrix.
        """
        return self._part(X, "X")

    def _part(self, X: ArrayLike, name: str) -> PartialFit:
        self._check_parameters()
        X = as_matrix(X, name)
        if not self.center_columns:
            return np.zeros(X.shape[1]), X
        mx, Xphi = np.empty(X.shape[1]), np.empty(X.shape)
        _native.call("metrics.center", {"mean": mx, "centered": Xphi}, {"x": X})
        return mx, Xphi

    @checked
    def finalize_fit(self, cache_X: PartialFit, cache_Y: PartialFit) -> PermutationMetric:
        """Match the neurons of two networks from what ``partial_fit`` returned.

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
        mx, X = parts_of(cache_X, "cache_X", 2)
        my, Y = parts_of(cache_Y, "cache_Y", 2)
        X, Y = check_equal_shapes(X, Y)
        matched = np.empty(X.shape[1], np.int64)
        _native.call("metrics.permutation_match", {"columns": matched}, {"x": X, "y": Y})
        self.mx_, self.my_ = mx, my
        self.Px_, self.Py_ = np.arange(X.shape[1]), matched
        return self

    def _align(self, X: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.take(X, self.Px_, axis=1), np.take(Y, self.Py_, axis=1)

    def _n_aligned(self) -> int:
        return len(self.Px_)

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        train, test = as_matrices(cohorts.train), as_matrices(cohorts.test or ())
        if not self.zero_pad:
            check_widths(cohorts.train)
        inputs = {
            "train": train,
            "test": test,
            "center": bool(self.center_columns),
            "score": self.score_method,
            "single": np.dtype(dtype) == np.float32,
        }
        return measure(
            "multiset.permutation_distances", cohorts, inputs, n_jobs=n_jobs, verbose=verbose
        )
