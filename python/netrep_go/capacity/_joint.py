"""Joint capacity: all manifolds at once, with their correlations."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._validation import check_integer
from netrep_go.capacity._dichotomies import check_dichotomies, dichotomy_inputs
from netrep_go.capacity._manifolds import Samples, as_manifolds, check_several

_BATCHES = 10  # of draws, whose spread tells standard errors
_FEW = 0.25  # of the dichotomies; two manifolds have half of theirs on one side of their mean
_MEASURES = (
    "capacity",
    "dimension",
    "radius",
    "center_alignment",
    "axis_alignment",
    "center_axis_alignment",
)


class JointCapacity(BaseEstimator):
    r"""Capacity of object manifolds with their correlations, and the geometry behind it.

    Mean-field theory takes one manifold at a time. Here all P are in one cone, that of the
    samples times the labels of their manifolds, and with t a Gaussian vector and labels y

    .. math:: \frac1\alpha = \frac1P E_{t, y} |\Pi_{C(y)}(t)|^2, \qquad
              C(y) = \Big\{ \sum_j \mu_j y_j x_j : \mu \ge 0 \Big\},

    which takes into account how centers and axes of manifolds align [1]_, [2]_. The expected
    number of samples with positive weight is the same and varies less, so it is counted, in
    pairs of draws t and -t.

    The projection is a combination of one anchor point :math:`s^\mu` in the hull of each
    manifold. The mean over draws is its center :math:`s_0^\mu`, the rest its axis
    :math:`s_1^\mu`. With those of all manifolds in the rows of :math:`S_0` and
    :math:`S_1` and :math:`G_i = S_i S_i^\top`, dimension and radius are

    .. math:: D = \frac1P E\, u^\top G_1^+ u, \qquad
              R^2 = \frac{E\, u^\top (G_0 + G_1)^+ u}
                         {E\, [u^\top G_1^+ u - u^\top (G_0 + G_1)^+ u]}, \qquad u = S_1 t,

    so that :math:`\alpha \approx (1 + R^{-2}) / D` where the part of t along the centers
    matters little. Alignments are mean absolute cosines between different manifolds.

    Parameters
    ----------
    dichotomies : {"iid", "balanced", "sparse", "all"} or array_like of shape \
            (n_dichotomies, n_manifolds), default="iid"
        As in :class:`DirectCapacity`. Dichotomies that are given are used in turn.
    center : bool, default=True
        Subtract the mean of all samples first: hyperplanes go through the origin.
    n_t : int, default=200
        Number of draws, rounded up to a multiple of 20: ten batches of pairs.
    random_state : int, RandomState, Generator or None, default=None
        Determines draws and labels.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not
        depend on it.
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    capacity_ : float
        Manifolds per feature.
    dimension_ : float
        Dimension D of the manifolds; 0 for points.
    radius_ : float
        Radius R, in units of the distance of their centers from the origin; 0 for points.
    center_alignment_ : float
        Mean absolute cosine between the centers :math:`s_0` of two manifolds.
    axis_alignment_ : float
        That between their axes :math:`s_1` in the same draw; 0 if there are none.
    center_axis_alignment_ : float
        That between the center of one and the axis of another.
    capacity_se_, dimension_se_, radius_se_, center_alignment_se_, \
    axis_alignment_se_, center_axis_alignment_se_ : float
        Standard errors: the capacity's from all pairs of draws, the others from the spread
        over ten batches, each with its own centers.
    n_manifolds_ : int
        Number P of manifolds.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    DirectCapacity : The features it takes to separate half of the dichotomies.

    Notes
    -----
    A manifold without a sample of positive weight has no part in the projection. Its anchor
    is then the sample that would be the next to get some, which is the convention of
    mean-field theory.

    If a dichotomy is not separable even with all features, its cone holds lines, and what is
    projected on them counts features that exist, not those it would take. There is a warning
    if that is so for more than three quarters of the dichotomies.

    The Gram matrix of all samples is held in memory.

    References
    ----------
    .. [1] Wakhloo, A. J., Sussman, T. J. & Chung, S. (2023). Linear classification of
       neural manifolds with correlated variability. Phys. Rev. Lett. 131, 027301.
    .. [2] Chou, C.-N. et al. (2025). Geometry linked to untangling efficiency reveals
       structure and computation in neural populations. bioRxiv.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import JointCapacity
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((40, 1, 400)) + 0.5 * rng.standard_normal((40, 8, 400))
    >>> joint = JointCapacity(random_state=0).fit(list(X))
    >>> round(joint.capacity_, 1), joint.capacity_se_ < 0.02
    (0.8, True)
    >>> shift = 2 * rng.standard_normal(400)
    >>> aligned = JointCapacity(center=False, random_state=0).fit(list(X + shift))
    >>> bool(aligned.center_alignment_ > 3 * joint.center_alignment_)
    True
    """

    def __init__(
        self,
        *,
        dichotomies: str | ArrayLike = "iid",
        center: bool = True,
        n_t: int = 200,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.dichotomies = dichotomies
        self.center = center
        self.n_t = n_t
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @checked
    def fit(self, X: Samples, y: ArrayLike | None = None) -> Self:
        """Measure capacity and geometry.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or list or dict of such arrays
            Labeled samples, or one array for each manifold, maybe by name. Samples that are
            NaN in all features are left out. The index of a DataFrame, which names samples,
            is not used.
        y : array_like of shape (n_samples,), optional
            Manifold of each sample.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are fewer than two manifolds, a sample is NaN or infinite in some of the
            features, all samples are 0, or a parameter has no meaning.
        """
        check_dichotomies(self.dichotomies)
        check_integer(self.n_t, "n_t", 1)
        manifolds = as_manifolds(X, y)
        check_several(manifolds, "joint capacity")
        self.n_manifolds_, self.n_features_in_ = len(manifolds.samples), manifolds.n_features
        samples = manifolds.pooled()
        if self.center:
            samples -= samples.mean(axis=0)
        if not samples.any():
            raise ValueError("all samples are equal, so that no hyperplane tells them apart")
        n_draws = -(-self.n_t // (2 * _BATCHES)) * 2 * _BATCHES
        active, separable = np.empty(n_draws, np.int64), np.empty(n_draws // 2, np.int64)
        geometry = np.empty((1 + _BATCHES, 5))
        with progress_bar("Projecting on cones", self.verbose) as progress:
            _native.run(
                "capacity.joint",
                {"active": active, "separable": separable, "geometry": geometry},
                {
                    "points": samples,
                    "sizes": manifolds.sizes,
                    **dichotomy_inputs(self.dichotomies, self.n_manifolds_),
                    "features": "projection",
                    "bias": False,
                    "seed": seed_from(self.random_state),
                },
                n_jobs=self.n_jobs,
                progress=progress,
            )
        if separable.mean() < _FEW:
            warn_user(
                f"only {separable.mean():.0%} of the dichotomies are separable with all of the "
                f"{self.n_features_in_} features: the capacity is below capacity_"
            )
        self._store_capacity(active.reshape(-1, 2).mean(axis=1))
        self._store_geometry(geometry)
        return self

    def to_frame(self) -> Any:
        """Return a table of one row.

        Returns
        -------
        pandas.DataFrame
            Each quantity and its standard error, ``capacity`` and ``capacity_se``, for
            instance.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        check_is_fitted(self, "capacity_")
        columns = [f"{name}{suffix}" for name in _MEASURES for suffix in ("", "_se")]
        return pandas().DataFrame({name: [getattr(self, f"{name}_")] for name in columns})

    def _store_capacity(self, n_active: np.ndarray) -> None:
        """Store the capacity, given the mean number of active samples of each pair."""
        self.capacity_ = float(self.n_manifolds_ / n_active.mean())
        error = n_active.std(ddof=1) / np.sqrt(len(n_active))
        self.capacity_se_ = float(self.capacity_ * error / n_active.mean())

    def _store_geometry(self, geometry: np.ndarray) -> None:
        """Store the numbers of all draws, and their spread over batches."""
        axes, both, *alignments = geometry.T
        apart = axes - both
        squared = np.divide(both, apart, out=np.zeros_like(both), where=apart > 0)
        measures = (axes, np.sqrt(squared), *alignments)
        for name, (value, *of_batches) in zip(_MEASURES[1:], measures, strict=True):
            setattr(self, f"{name}_", float(value))
            setattr(self, f"{name}_se_", float(np.std(of_batches, ddof=1) / np.sqrt(_BATCHES)))
