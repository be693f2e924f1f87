"""Mean-field capacity and geometry of object manifolds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._jobs import RandomState, as_random_state, progress_bar, seed_from
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._validation import as_array, check_integer, check_option
from netrep_go.capacity._centers import check_distances, mean_correlation
from netrep_go.capacity._correlation import MANY, CenterDirections, find_directions
from netrep_go.capacity._manifold_geometry import ManifoldGeometry
from netrep_go.capacity._manifolds import Manifolds, Samples, as_manifolds, is_single

__all__ = ["MeanFieldCapacity"]

_ESTIMATORS = ("count", "norm", "width")
_SEARCHES = 5
_SMALL = 1 / 3  # part of a standard error over draws that a spread over searches may be
_NUDGE = 1e-14  # relative change of centers, as by rounding, that another search may follow


class MeanFieldCapacity(BaseEstimator):
    r"""Capacity, radius and dimension of object manifolds by mean-field theory.

    The capacity is the number of manifolds per feature at which half of all labelings
    become linearly separable with margin kappa, each manifold as a whole on one side. In
    the mean-field theory of [1]_ a manifold with samples :math:`x_j` around its center, in
    units of the center's distance from the origin, has the capacity :math:`\alpha` with

    .. math:: \frac1\alpha = E_t \min_{v} \big\{ |v - t|^2 :
        v \cdot s_j \le -\kappa \text{ for all } j \big\}
        = E_t \big| \Pi (t + \kappa e) \big|^2, \qquad s_j = (x_j, 1)

    where t is Gaussian, e the direction of the center and :math:`\Pi` the projection on
    the cone of the :math:`s_j`. The projection is proportional to a combination of the
    :math:`s_j`, the anchor point, whose spread over t has the manifold's radius and
    dimension. Before that, the directions that make the centers correlated are removed
    [2]_, see :func:`find_center_directions`.

    Parameters
    ----------
    kappa : float or sequence of float, default=0.0
        Margin, in units of the center's distance from the origin divided by the square
        root of the number of features. Several are measured with the same t.
    n_t : int, default=200
        Number of Gaussian vectors for each manifold. An odd number is raised by one if
        ``antithetic``.
    estimator : {'count', 'norm', 'width'}, default='count'
        How :math:`1/\alpha` is averaged. 'norm' averages :math:`|\Pi|^2` as mftma does.
        'count' averages :math:`n + \kappa \, \Pi \cdot e`, with the number n of active
        samples, which has the same mean and much less variance; for negative margins,
        where that may be negative, it is the same as 'norm'. 'width' is the
        approximation that dnn-object-manifolds reports, a few percent off.
    frame : {'center', 'matlab'}, default='center'
        Which points :math:`x_j` are. 'center' are samples relative to their center, along
        all axes. 'matlab' are those of dnn-object-manifolds: its axes are the first min(N, M) -
        1 that the deviations of the samples span one after the other, of N features and
        M samples, and the points are relative to the origin, so that the part of the center
        along its manifold's own axes counts twice.
    antithetic : bool, default=True
        Whether every other t is the negative of the one before, which saves more draws
        than it costs. Standard errors allow for it.
    origin : {'centers', 'samples'}, default='centers'
        Whether the origin is the mean of the centers or of all samples.
    min_removed : int, default=0
        Smallest number of directions of the centers to remove.
    max_removed : int, default=None
        Largest number, at most the number of manifolds minus 2; None is ten more than it
        takes to explain 95 % of their variance, at most 46. 0 leaves the centers as they
        are.
    criterion : {'absolute', 'squared'}, default='absolute'
        What the removal makes small: the mean of absolute or of squared correlations.
    search : {'spectral', 'stable'}, default='spectral'
        Where the search for directions starts and which end it keeps. 'spectral' depends on the
        data alone. 'stable' is the references' rule, with random starts, and varies with the
        seed.
    n_restarts : int, default=None
        Starts of the search for each number of directions. None is 3, and 1 of more than 200
        manifolds.
    n_searches : int, default=None
        Searches for directions whose spread the standard errors contain. All values are of the
        first; the others have other seeds, and centers that differ by rounding. With 1 the standard
        errors are over draws of t alone. None is 5; of more than 200 manifolds it is 2 to 5, as
        many as it takes for the spread of the mean capacity and radius to be below a third of their
        standard errors over draws.
    max_iter : int, default=5000
        Steps of each search.
    store_anchors : bool, default=False
        Whether to keep the anchor points.
    random_state : int, RandomState, Generator or None, default=None
        Determines the t, and the starts of ``search='stable'``.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.

    Attributes
    ----------
    capacity_ : float or ndarray of shape (n_kappas,)
        Harmonic mean over manifolds.
    radius_, dimension_, dimension_cos_ : float or ndarray of shape (n_kappas,)
        Means over manifolds, see :class:`ManifoldGeometry`.
    capacity_se_, radius_se_, dimension_se_, dimension_cos_se_ : float or ndarray of shape \
        (n_kappas,)
        Their standard errors, over draws of t and over searches.
    manifolds_ : ManifoldGeometry
        All quantities for each manifold.
    manifolds_se_ : ManifoldGeometry
        Their standard errors.
    names_ : list
        Names of the manifolds: labels, keys of the dict, or places in the list.
    center_correlation_ : float
        Mean absolute correlation of the centers before the removal of directions.
    n_centers_removed_ : int
        Number of directions that were removed.
    directions_ : ndarray of shape (n_centers_removed_, n_features)
        The directions.
    removals_ : CenterDirections
        The directions, and what was measured without 0, 1, ... of them.
    residual_correlation_ : ndarray of shape (n_tried + 1,)
        Mean correlation of the centers after the removal of 0, 1, ... directions.
    anchor_weights_ : list of ndarray of shape (n_t, n_samples_i)
        If ``store_anchors``, the weights of a manifold's samples in each anchor point,
        with an axis of margins before if there are several: ``anchor_weights_[i] @ X[i]``
        are anchor points.
    n_features_in_ : int
        Number of features.

    Notes
    -----
    A finite number of samples has a smaller hull than the manifold it was drawn from, so
    that capacities are too high, the more so the higher the dimension. Samples in very
    many dimensions are nearly orthogonal; then the capacity of M samples is 2 / M, whatever
    they are: see whether ``n_active`` is near M / 2. The theory holds for many manifolds,
    and the search for directions wants some tens.

    What mftma computes is ``MeanFieldCapacity(kappa, n_t, estimator="norm",
    antithetic=False, origin="samples", min_removed=1, search="stable", n_restarts=10)``, see
    :mod:`netrep_go.mftma`, and what the MATLAB library dnn-object-manifolds does is
    ``estimator="width"``, ``frame="matlab"``, ``antithetic=False``, ``n_t=1000``,
    ``search="stable"``, ``n_restarts=10``, ``max_removed=min(ceil(P / 2), 46)``. Its frame
    changes capacities, by 15 to 30 % on digits. It depends on the order of the samples where
    there are fewer features than samples; axes without variance, which rounding chooses there,
    are left out here. Margins are in units of the data there, and have the wrong sign in
    ``alphac_hat``.

    Intervals of 1.96 standard errors of the means over draws, in 100 runs for each of digits,
    20 independent manifolds and 20 with 3 directions, cover capacity and radius in 0.88 to 0.97
    with n_t = 10, 0.91 to 0.96 with 20 and 0.93 to 0.98 from 50 on. Dimensions of few draws are
    too high, by 0.2 to 1.4 standard deviations with n_t = 20: their intervals cover 0.62 to 0.93
    with 20, 0.88 to 0.94 with 50 and 0.93 to 0.96 with the default of 200.
    The radius allows for the variance of the mean anchor point, but with ``t_vectors`` is that
    of mftma.

    Other local minima of the centers' correlations are often nearly as good, and changes of the
    samples by rounding may find them: where nearly nothing is left of a center, small steps
    change its direction. The standard errors contain that, see ``n_searches``. Beside normal draws
    and searches whose spread is 0 to 5 times as large, intervals of 1.96 standard errors of 2 to 5
    searches, as of more than 200 manifolds, cover 0.943 to 0.951, and those of 5 searches 0.945 to
    0.951. In 20 runs each of 250 manifolds with 5 directions and with two decaying spectra, of
    samples that differ by 1e-15, they cover the mean capacity in 0.90 to 1 and the mean radius in
    0.85 to 1; standard deviations are 0.98 to 1.03 and 0.87 to 1.24 times what is reported.

    References
    ----------
    .. [1] Chung, Lee & Sompolinsky (2018). Classification and geometry of general
       perceptual manifolds. Physical Review X 8, 031003. doi:10.1103/PhysRevX.8.031003
    .. [2] Cohen, Chung, Lee & Sompolinsky (2020). Separability and geometry of object
       manifolds in deep neural networks. Nature Communications 11, 746.

    Examples
    --------
    Segments of half length 1, whose capacity is 1:

    >>> import numpy as np
    >>> from netrep_go.capacity import MeanFieldCapacity
    >>> rng = np.random.default_rng(0)
    >>> centers, axes = rng.standard_normal((2, 30, 2000))
    >>> X = [[c - a, c + a] for c, a in zip(centers, axes)]
    >>> model = MeanFieldCapacity(n_t=1000, random_state=0).fit(X)
    >>> round(model.capacity_, 1), round(model.dimension_, 1)
    (1.0, 1.0)
    """

    def __init__(
        self,
        kappa: float | Sequence[float] = 0.0,
        n_t: int = 200,
        *,
        estimator: Literal["count", "norm", "width"] = "count",
        frame: Literal["center", "matlab"] = "center",
        antithetic: bool = True,
        origin: Literal["centers", "samples"] = "centers",
        min_removed: int = 0,
        max_removed: int | None = None,
        criterion: Literal["absolute", "squared"] = "absolute",
        search: Literal["spectral", "stable"] = "spectral",
        n_restarts: int | None = None,
        n_searches: int | None = None,
        max_iter: int = 5000,
        store_anchors: bool = False,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.kappa = kappa
        self.n_t = n_t
        self.estimator = estimator
        self.frame = frame
        self.antithetic = antithetic
        self.origin = origin
        self.min_removed = min_removed
        self.max_removed = max_removed
        self.criterion = criterion
        self.search = search
        self.n_restarts = n_restarts
        self.n_searches = n_searches
        self.max_iter = max_iter
        self.store_anchors = store_anchors
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @checked
    def fit(
        self,
        X: Samples,
        y: ArrayLike | None = None,
        *,
        t_vectors: Sequence[ArrayLike] | None = None,
    ) -> Self:
        """Measure manifolds.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or list or dict of such arrays
            Labeled samples, or one array of shape (n_samples_i, n_features) for each
            manifold, maybe by name. Samples that are NaN in all features are left out. The
            index of a DataFrame, which names samples, is not used.
        y : array_like of shape (n_samples,), default=None
            Manifold of each sample.
        t_vectors : sequence of array_like of shape (n_t, D_i + 1), default=None
            Vectors to use for each manifold, the coordinate along the center last. The
            others are those of the triangular factor of the QR factorization of the
            deviations, (n_features, n_samples_i), where there are more features than
            samples, else those of the features: D_i is the smaller number. Of
            ``frame="matlab"`` the last one is left out. They are taken for independent, and
            ``n_t`` and ``antithetic`` are not used.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are fewer than two manifolds, one has its center at the origin, or a
            parameter is not valid.
        """
        kappas = self._check_parameters()
        if y is None and is_single(X):
            raise ValueError(
                "MeanFieldCapacity requires y to be passed, but the target y is None; a list with "
                "one array for each manifold needs none"
            )
        manifolds = as_manifolds(X, y)
        origin = self._remove_correlations(manifolds)
        vectors = _as_vectors(t_vectors, manifolds, self.frame)
        antithetic = self.antithetic and not vectors
        n_t = len(vectors[0]) if vectors else int(self.n_t) + (antithetic and self.n_t % 2)
        samples = manifolds.samples
        sizes = [len(kappas) * n_t * len(x) for x in samples]
        anchors = np.empty(sum(sizes) if self.store_anchors else 0)
        inputs = {
            "manifolds": samples,
            "origin": origin,
            "vectors": vectors,
            "kappas": kappas,
            "draws": n_t,
            "antithetic": antithetic,
            "estimator": self.estimator,
            "frame": self.frame,
            "seed": self._seed,
        }
        found = self._project(self.directions_, inputs, anchors)
        searches = [found[..., 0]]
        for directions in self._other_directions(manifolds):
            searches.append(self._project(directions, inputs, np.empty_like(anchors))[..., 0])
            if self.n_searches is None and len(samples) > MANY and _agree(searches, found[..., 1]):
                break
        self._store(found, np.stack(searches))
        if self.store_anchors:
            self._store_anchors(anchors, sizes, kappas, n_t)
        return self

    def _project(
        self, directions: np.ndarray, inputs: dict[str, Any], anchors: np.ndarray
    ) -> np.ndarray:
        """Return quantities and errors, of shape (n_kappas, n_manifolds, quantity, 2)."""
        n_rows = len(inputs["kappas"]) * len(inputs["manifolds"])
        found = np.empty((n_rows, 2 * len(ManifoldGeometry._fields)))
        with progress_bar("Projecting on cones", self.verbose) as progress:
            _native.run(
                "capacity.mean_field",
                {"quantities": found, "anchors": anchors},
                {**inputs, "directions": [directions] if len(directions) else []},
                n_jobs=self.n_jobs,
                progress=progress,
            )
        return found.reshape(len(inputs["kappas"]), len(inputs["manifolds"]), -1, 2)

    def _check_parameters(self) -> np.ndarray:
        kappas = as_array(np.ravel(self.kappa), "kappa", ndim=1)
        check_integer(self.n_t, "n_t", 1)
        if self.n_searches is not None:
            check_integer(self.n_searches, "n_searches", 1)
        check_option(self.estimator, "estimator", _ESTIMATORS)
        check_option(self.frame, "frame", ("center", "matlab"))
        check_option(self.origin, "origin", ("centers", "samples"))
        return kappas

    def _remove_correlations(self, manifolds: Manifolds) -> np.ndarray:
        """Find the directions of the centers to take out, and return the origin."""
        raw = manifolds.centers()
        centers = manifolds.centered_centers()
        rng = as_random_state(self.random_state)
        found = self._search(centers, seed_from(rng))
        self._seed = seed_from(rng)
        sizes = manifolds.sizes if self.origin == "samples" else np.ones_like(manifolds.sizes)
        origin = np.average(raw, axis=0, weights=sizes)
        check_distances(raw - origin, found.directions, manifolds.names)
        self.removals_ = found
        self.directions_ = found.directions
        self.n_centers_removed_ = found.n_removed
        self.residual_correlation_ = found.correlation
        self.center_correlation_ = mean_correlation(centers)
        self.names_ = manifolds.names
        self.n_features_in_ = manifolds.n_features
        return origin

    def _search(self, centers: np.ndarray, seed: int) -> CenterDirections:
        return find_directions(
            centers,
            min_removed=self.min_removed,
            max_removed=self.max_removed,
            criterion=self.criterion,
            search=self.search,
            n_restarts=self.n_restarts,
            max_iter=self.max_iter,
            tol=None,
            seed=seed,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )

    def _other_directions(self, manifolds: Manifolds) -> Iterator[np.ndarray]:
        """Search again, from other seeds and centers that differ by little."""
        if self.max_removed == 0:
            return
        centers = manifolds.centered_centers()
        rng = np.random.default_rng(self._seed)
        n_searches = _SEARCHES if self.n_searches is None else self.n_searches
        for _ in range(n_searches - 1):
            moved = centers * (1 + _NUDGE * rng.standard_normal(centers.shape))
            yield self._search(moved, int(rng.integers(2**31))).directions

    def _store(self, found: np.ndarray, searches: np.ndarray) -> None:
        """Store means and standard errors.

        `found` has the shape (n_kappas, n_manifolds, quantity, 2), `searches` an axis of searches
        first and no errors.
        """
        n_manifolds = found.shape[1]
        values, errors = found.transpose(3, 0, 2, 1)
        mean, mean_error = values.mean(axis=2), np.linalg.norm(errors, axis=2) / n_manifolds
        if len(searches) > 1:
            errors = np.hypot(errors, searches.std(axis=0, ddof=1).swapaxes(1, 2))
            mean_error = np.hypot(mean_error, searches.mean(axis=2).std(axis=0, ddof=1))
        for v, e in ((values, errors), (mean, mean_error)):
            v[:, 0], e[:, 0] = _invert(v[:, 0], e[:, 0])
        first = 0 if np.ndim(self.kappa) == 0 else slice(None)
        self.manifolds_, self.manifolds_se_ = (
            ManifoldGeometry(*np.moveaxis(x, 1, 0)[:, first]) for x in (values, errors)
        )
        for i, name in enumerate(ManifoldGeometry._fields[:4]):
            for suffix, x in (("_", mean), ("_se_", mean_error)):
                setattr(self, name + suffix, float(x[0, i]) if first == 0 else x[:, i])

    def _store_anchors(
        self, anchors: np.ndarray, sizes: list[int], kappas: np.ndarray, n_t: int
    ) -> None:
        parts = np.split(anchors, np.cumsum(sizes)[:-1])
        shape = (n_t, -1) if np.ndim(self.kappa) == 0 else (len(kappas), n_t, -1)
        self.anchor_weights_ = [part.reshape(shape) for part in parts]

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each manifold and margin.

        Returns
        -------
        pandas.DataFrame
            Columns ``manifold``, ``kappa``, and each quantity with its standard error,
            ``capacity`` and ``capacity_se``, for instance.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        check_is_fitted(self, "manifolds_")
        kappas = np.ravel(self.kappa).astype(float)
        table = {
            "manifold": self.names_ * len(kappas),
            "kappa": np.repeat(kappas, len(self.names_)),
        }
        for name, value, error in zip(
            ManifoldGeometry._fields, self.manifolds_, self.manifolds_se_, strict=True
        ):
            table[name], table[f"{name}_se"] = np.ravel(value), np.ravel(error)
        return pandas().DataFrame(table)

    def plot(self, ax: Sequence[Any] | None = None) -> Any:
        """Draw the capacity, radius and dimension of each manifold.

        Parameters
        ----------
        ax : sequence of 3 matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : netrep_go.plotting.ManifoldGeometryDisplay
            The drawn display.
        """
        from netrep_go.plotting import ManifoldGeometryDisplay

        return ManifoldGeometryDisplay.from_estimator(self, ax=ax)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _agree(searches: list[np.ndarray], errors: np.ndarray) -> bool:
    """Whether the searches' means differ by little beside their standard errors over draws.

    Shapes are those of :meth:`MeanFieldCapacity._store`; of all quantities the first two, capacity
    and radius, count.
    """
    means = np.stack(searches)[..., :2].mean(axis=2)
    draws = np.linalg.norm(errors[..., :2], axis=1) / errors.shape[1]
    return bool((means.std(axis=0, ddof=1) <= _SMALL * draws).all())


def _invert(inverse: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return capacities, infinite where no draw needs a classifier to move."""
    capacity = np.full_like(inverse, np.inf)
    np.divide(1.0, inverse, out=capacity, where=inverse > 0)
    deviation = np.full_like(error, np.inf)
    np.multiply(error, capacity**2, out=deviation, where=inverse > 0)
    return capacity, deviation


def _as_vectors(
    t_vectors: Sequence[ArrayLike] | None, manifolds: Manifolds, frame: str
) -> list[np.ndarray]:
    """Return the vectors that are given, which must fit the manifolds."""
    if t_vectors is None:
        return []
    if len(t_vectors) != len(manifolds.samples):
        raise ValueError(
            f"t_vectors must have one array for each of {len(manifolds.samples)} manifolds, "
            f"got {len(t_vectors)}"
        )
    vectors = [as_array(t, f"t_vectors[{i}]", ndim=2) for i, t in enumerate(t_vectors)]
    for i, (t, x) in enumerate(zip(vectors, manifolds.samples, strict=True)):
        expected = (len(vectors[0]), min(x.shape) + (frame == "center"))
        if t.shape != expected:
            raise ValueError(f"t_vectors[{i}] must have shape {expected}, got {t.shape}")
    return vectors
