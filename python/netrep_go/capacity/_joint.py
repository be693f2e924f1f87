"""Joint capacity: all manifolds at once, with their correlations."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_integer, check_number
from netrep_go.capacity._dichotomies import all_dichotomies, check_dichotomies, dichotomy_inputs
from netrep_go.capacity._manifolds import Samples, as_manifolds, check_several

_BATCHES = 10  # of draws, whose spread tells standard errors
_FEW = 0.25  # of the dichotomies; two manifolds have half of theirs on one side of their mean
JOINT_QUANTITIES = (
    "capacity",
    "dimension",
    "radius",
    "center_alignment",
    "axis_alignment",
    "center_axis_alignment",
)


class _Fields(NamedTuple):
    capacity: np.ndarray
    radius: np.ndarray
    dimension: np.ndarray


class JointGeometry(Result, _Fields):
    """Quantities of each manifold among others, arrays of shape (n_manifolds,).

    Attributes
    ----------
    capacity : ndarray of shape (n_manifolds,)
        1 over the manifold's share of the inverse capacity, the mean number of its samples
        with positive weight. Their harmonic mean is the capacity of all.
    radius, dimension : ndarray of shape (n_manifolds,)
        The formulas of :class:`JointCapacity` with this manifold alone.
    """

    @checked
    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each manifold.

        Returns
        -------
        pandas.DataFrame
            A column for each quantity. :meth:`JointCapacity.to_frame` has names and errors.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(self._asdict())


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

    With a margin :math:`\kappa` the samples must be beyond it, :math:`y_j x_j v \ge \kappa
    |c_j|` with the mean c of their manifold's samples: v is what is nearest to t, and
    :math:`1/\alpha` is the mean of :math:`|v - t|^2 / P`. Independent manifolds have the capacity
    of :class:`MeanFieldCapacity` with that margin.

    Parameters
    ----------
    dichotomies : {'iid', 'balanced', 'sparse', 'all'} or array_like of shape \
            (n_dichotomies, n_manifolds), default='iid'
        As in :class:`DirectCapacity`. "iid" labels are those of [1]_. "sparse" is one
        manifold against the rest, each in turn, which is GLUE's ONE_VERSUS_REST. Dichotomies
        that are given are used in turn.
    kappa : float, default=0.0
        Margin, in units of the distance of a manifold's mean from the origin. Above 0,
        dichotomies that are not separable are left out.
    center : bool, default=True
        Subtract the mean of all samples first: hyperplanes go through the origin.
    n_t : int, default=200
        Number of draws, rounded up to a multiple of 20: ten batches of pairs. With "sparse",
        at least 20, and equally many for each manifold, at least four.
    signed : bool, default=False
        Whether alignments are means of cosines, not of their absolute values. Axes are taken as
        they lie among the features, without the labels.
    store_anchors : bool, default=False
        Whether to keep the anchor points.
    random_state : int, RandomState, Generator or None, default=None
        Determines draws and labels.
    n_jobs : int, default=None
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
    manifolds_, manifolds_se_ : JointGeometry
        Capacity, radius and dimension of each manifold, and their standard errors.
    center_alignments_, axis_alignments_, center_axis_alignments_ : ndarray of shape \
            (n_manifolds, n_manifolds)
        Alignments of pairs; the center is in the row, the axis in the column. NaN where a
        manifold has no axis.
    one_vs_rest_capacity_, one_vs_rest_capacity_se_ : ndarray of shape (n_manifolds,)
        Only with "sparse": the capacity for the dichotomies of one manifold against the rest.
        NaN where none has the margin.
    anchor_weights_ : list of ndarray of shape (n_t, n_samples_i)
        If ``store_anchors``, the weights of a manifold's samples in each anchor point, of n_t
        as rounded; 0 where a draw was left out.
    names_ : list
        Names of the manifolds: labels, keys of the dict, or places in the list.
    n_manifolds_ : int
        Number P of manifolds.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    DirectCapacity : The features it takes to separate half of the dichotomies.

    Notes
    -----
    The conventions: labels are "iid" unless ``dichotomies`` says otherwise, alignments are
    absolute unless ``signed``, and hyperplanes go through the origin.

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
        kappa: float = 0.0,
        center: bool = True,
        n_t: int = 200,
        signed: bool = False,
        store_anchors: bool = False,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.dichotomies = dichotomies
        self.kappa = kappa
        self.center = center
        self.n_t = n_t
        self.signed = signed
        self.store_anchors = store_anchors
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
        y : array_like of shape (n_samples,), default=None
            Manifold of each sample.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are fewer than two manifolds, a sample is NaN or infinite in some of the
            features, all samples are 0, too few dichotomies have a margin, or a parameter
            has no meaning.
        """
        check_dichotomies(self.dichotomies)
        check_integer(self.n_t, "n_t", 1)
        check_number(self.kappa, "kappa", -np.inf, np.inf)
        manifolds = as_manifolds(X, y, any_size=True)
        check_several(manifolds, "joint capacity")
        self.n_manifolds_, self.n_features_in_ = len(manifolds.samples), manifolds.n_features
        self.names_ = manifolds.names
        samples = manifolds.pooled()
        if self.center:
            samples -= samples.mean(axis=0)
        if not samples.any():
            raise ValueError("X must have samples that differ: no hyperplane tells these apart")
        found = self._project(samples, manifolds.sizes)
        separable = found["separable"]
        self._warn_of_inseparable(separable)
        shares = found["shares"].reshape(len(separable), 2, -1).mean(axis=1)
        self._store_geometry(found["geometry"], *self._store_capacity(shares, separable))
        self.center_alignments_, self.axis_alignments_, self.center_axis_alignments_ = np.split(
            found["pairs"], 3
        )
        if self.store_anchors:
            weights = found["anchors"].reshape(2 * len(separable), -1)
            self.anchor_weights_ = np.split(weights, np.cumsum(manifolds.sizes)[:-1], axis=1)
        return self

    def _project(self, samples: np.ndarray, sizes: np.ndarray) -> dict[str, np.ndarray]:
        """Return what Go finds of all draws."""
        n_draws, n = self._n_draws(), self.n_manifolds_
        outputs = {
            "shares": np.empty((n_draws, n)),
            "separable": np.empty(n_draws // 2, np.int64),
            "geometry": np.empty((1 + _BATCHES, 5 + 2 * n)),
            "pairs": np.empty((3 * n, n)),
            "anchors": np.empty(n_draws * len(samples) if self.store_anchors else 0),
        }
        inputs = {
            "points": samples,
            "sizes": sizes,
            **dichotomy_inputs(self._dichotomies(), n),
            "features": "projection",
            "bias": False,
            "seed": seed_from(self.random_state),
            "kappa": float(self.kappa),
            "signed": bool(self.signed),
        }
        with progress_bar("Projecting on cones", self.verbose) as progress:
            _native.run("capacity.joint", outputs, inputs, n_jobs=self.n_jobs, progress=progress)
        return outputs

    def _n_draws(self) -> int:
        """Return the number of draws, in pairs for all batches, or for all manifolds."""
        if self._sparse:
            pairs = max(self.n_t / 2, _BATCHES, 2 * self.n_manifolds_)
            return int(2 * self.n_manifolds_ * np.ceil(pairs / self.n_manifolds_))
        return -(-int(self.n_t) // (2 * _BATCHES)) * 2 * _BATCHES

    @property
    def _sparse(self) -> bool:
        return isinstance(self.dichotomies, str) and self.dichotomies == "sparse"

    def _dichotomies(self) -> str | ArrayLike:
        """Return those in turn that are one against the rest."""
        return all_dichotomies("sparse", self.n_manifolds_) if self._sparse else self.dichotomies

    def _warn_of_inseparable(self, separable: np.ndarray) -> None:
        share, features = separable.mean(), f"all of the {self.n_features_in_} features"
        if self.kappa > 0 and share < 1:
            warn_user(
                f"{len(separable) - separable.sum()} of {len(separable)} dichotomies are not "
                f"separable with {features}: they have no margin and are left out"
            )
        elif share < _FEW:
            warn_user(
                f"only {share:.0%} of the dichotomies are separable with {features}: the capacity "
                "is below capacity_"
            )

    @checked
    def to_frame(self, *, manifolds: bool = False) -> Any:
        """Return a pandas DataFrame with one row, or a row for each manifold.

        Parameters
        ----------
        manifolds : bool, default=False
            Whether to tell manifolds apart.

        Returns
        -------
        pandas.DataFrame
            Each quantity and its standard error, ``capacity`` and ``capacity_se``, for
            instance. Of manifolds those of :class:`JointGeometry`, after their names in
            ``manifold``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        check_is_fitted(self, "capacity_")
        if not manifolds:
            columns = [f"{name}{suffix}" for name in JOINT_QUANTITIES for suffix in ("", "_se")]
            return pandas().DataFrame({name: [getattr(self, f"{name}_")] for name in columns})
        table: dict[str, Any] = {"manifold": self.names_}
        for name in JointGeometry._fields:
            table[name] = getattr(self.manifolds_, name)
            table[f"{name}_se"] = getattr(self.manifolds_se_, name)
        return pandas().DataFrame(table)

    def _store_capacity(
        self, shares: np.ndarray, separable: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Store capacities, given the shares of the manifolds in each pair of draws.

        Those of each manifold and their standard errors are returned.
        """
        kept = separable > 0 if self.kappa > 0 else np.ones(len(shares), bool)
        totals = np.where(kept, shares.sum(axis=1), np.nan) / self.n_manifolds_
        if self._sparse:
            classes = totals.reshape(-1, self.n_manifolds_)
            each = [_mean(column[~np.isnan(column)]) for column in classes.T]
            self.one_vs_rest_capacity_, self.one_vs_rest_capacity_se_ = _invert(*np.transpose(each))
        capacity, error = _invert(*np.transpose([_mean(totals[kept])]))
        self.capacity_, self.capacity_se_ = float(capacity[0]), float(error[0])
        return _invert(*np.transpose([_mean(share) for share in shares[kept].T]))

    def _store_geometry(
        self, geometry: np.ndarray, capacity: np.ndarray, error: np.ndarray
    ) -> None:
        """Store the numbers of all draws, and their spread over batches."""
        whole, own = geometry[:, :5], geometry[:, 5:].reshape(1 + _BATCHES, 2, -1)
        axes, both, *alignments = whole.T
        measures = (axes, _radius(axes, both), *alignments)
        for name, (value, *of_batches) in zip(JOINT_QUANTITIES[1:], measures, strict=True):
            setattr(self, f"{name}_", float(value))
            setattr(self, f"{name}_se_", float(_spread(of_batches)))
        dimension, radius = own[:, 0], _radius(own[:, 0], own[:, 1])
        self.manifolds_ = JointGeometry(capacity, radius[0], dimension[0])
        self.manifolds_se_ = JointGeometry(error, _spread(radius[1:]), _spread(dimension[1:]))


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Return the mean and its standard error, NaN where there are too few values."""
    n = len(values)
    error = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return (float(values.mean()) if n else np.nan), float(error)


def _invert(inverse: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return capacities, infinite where nothing is projected, and their errors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        capacity = 1 / inverse
        return capacity, np.where(inverse > 0, capacity**2 * error, np.nan)


def _radius(axes: np.ndarray, both: np.ndarray) -> np.ndarray:
    apart = axes - both
    return np.sqrt(np.divide(both, apart, out=np.zeros_like(both), where=apart > 0))


def _spread(of_batches: Any) -> np.ndarray:
    """Return the standard error of a mean over batches."""
    return np.std(of_batches, axis=0, ddof=1) / np.sqrt(_BATCHES)
