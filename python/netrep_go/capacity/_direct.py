"""Direct capacity: how many features it takes to separate manifolds, by counting."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_number, check_option
from netrep_go.capacity._curve import (
    Curve,
    Fractions,
    critical,
    curve_of_attempts,
    curve_of_faces,
)
from netrep_go.capacity._dichotomies import (
    all_dichotomies,
    check_dichotomies,
    count_dichotomies,
    dichotomy_inputs,
)
from netrep_go.capacity._manifolds import Manifolds, Samples, as_manifolds, check_several

_FEATURES = ("projection", "subsample", "first")
_RESAMPLES = 200  # of the draws, for the standard error of the capacity


class DirectCapacity(BaseEstimator):
    r"""Capacity of object manifolds by simulation: no mean-field theory, no assumptions.

    Manifolds are divided in two at random, their N features are replaced by n, and a
    dichotomy counts as separable if a hyperplane has all samples on their sides. With
    :math:`N_c` the number of features at which half of the dichotomies are separable, the
    capacity is

    .. math:: \alpha = P / N_c

    for P manifolds [1]_.

    ``method="search"`` is the search of [1]_: it scans n = `step`, 2 `step`, ... up to where
    all dichotomies are separable, bisects between 0 and that, and completes the curve. At
    each n, attempts with new labels and new features are made until the standard error of
    the separable fraction is `tol`.

    ``method="conic"`` finds the whole curve at once, for features that are random
    projections. A dichotomy is inseparable in n random projections if their kernel meets the
    cone C of the samples times their labels, which has probability

    .. math:: p(n) = 2 (v_{n-1} + v_{n-3} + v_{n-5} + \ldots)

    of not happening, with the intrinsic volumes :math:`v_k` of C [2]_. The projection of a
    Gaussian vector on C lies inside of a face of dimension k with probability
    :math:`v_k`, so that `n_t` projections tell p(n) for all n.

    Parameters
    ----------
    method : {'conic', 'search'}, default='conic'
        How separability is measured.
    features : {'projection', 'subsample', 'first'}, default='projection'
        What n features are: random Gaussian combinations, a random choice, or the first n.
        The last two need ``method="search"``.
    dichotomies : {'balanced', 'iid', 'sparse', 'all'} or array_like of shape \
            (n_dichotomies, n_manifolds), default='balanced'
        Balanced dichotomies have half of the manifolds on either side, those of an odd
        number one more on the negative one; iid labels are independent coins; sparse
        dichotomies have one negative manifold. "all" takes every dichotomy once (each draw
        in turn, for the conic method). Dichotomies that are given have entries 1 and -1.
    fit_intercept : bool, default=True
        Whether hyperplanes need not go through the origin.
    rule : {'interpolate', 'first'}, default='interpolate'
        What the critical number of features is: where the curve, made monotone and
        interpolated, crosses 1/2, or the smallest tested number with a fraction of 1/2 or
        more, as in [1]_.
    n_t : int, default=1000
        Number of projections of the conic method.
    step : int, default=None
        Step of the search's scan; None for that of [1]_: 10 below 100 features, 100 or 128
        below 1024, else 500 or 512.
    precision : int, default=1
        Width of the interval at which the search's bisection ends.
    tol : float, default=0.05
        Standard error of the search's fractions: between 1 / `tol` and (1 / 2 `tol`)^2
        attempts are made at each n. Where dichotomies are given, each of them is one attempt
        instead. Where the first features are taken, and there are no more dichotomies than
        attempts, each is tried once and the fraction is exact.
    random_state : int, RandomState, Generator or None, default=None
        Determines labels and features.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not
        depend on it.
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    capacity_ : float
        Manifolds per feature. NaN, with a warning, if fewer than half of the dichotomies are
        separable even with all features.
    capacity_se_ : float
        Its standard error, by resampling: of the draws, or of whole searches, which test other
        numbers of features, where fractions are those of a fitted normal distribution function.
        In 300 simulated searches for each of five curves it was 0.96 to 1.04 times the standard
        deviation, and 0.95 to 1.5 times with ``rule="first"``. Intervals of 1.96 of it covered
        0.93 for 0.95, with a Monte Carlo error of 0.007, as it varies itself by a factor of 2;
        with ``rule="first"`` 0.89 of the mean.
    n_critical_ : float
        Number of features :math:`N_c`.
    n_critical_se_ : float
        Its standard error.
    n_tested_ : ndarray of shape (n_tested,)
        Numbers of features: those that the search tested, or 1, ..., N.
    separability_ : ndarray of shape (n_tested,)
        Separable fraction of the dichotomies with so many features.
    separability_se_ : ndarray of shape (n_tested,)
        Standard errors, from counts with one success and one failure added: not 0 where all
        attempts agree. 0 where all dichotomies were tried.
    separability_band_ : ndarray of shape (2, n_tested)
        Ends of a 95 % confidence interval for each. Those of the search are Clopper & Pearson's,
        which cover no less, and up to 100 % where fractions are near 0 or 1.
    n_attempts_ : ndarray of shape (n_tested,)
        Attempts behind each number. For the conic method, draws of the parity that counts.
    n_manifolds_ : int
        Number P of manifolds.
    n_features_in_ : int
        Number N of features.

    See Also
    --------
    cover_separability : The curve of points in general position.

    Notes
    -----
    Manifolds that are nearer to each other than about 1e-6 of the largest sample's norm (from
    the mean, if there is an intercept) count as touching, hence as inseparable.

    References
    ----------
    .. [1] Cohen, U., Chung, S., Lee, D. D. & Sompolinsky, H. (2020). Separability and
       geometry of object manifolds in deep neural networks. Nat. Commun. 11, 746.
    .. [2] Amelunxen, D., Lotz, M., McCoy, M. B. & Tropp, J. A. (2014). Living on the edge:
       phase transitions in convex programs with random data. Inf. Inference 3, 224-294.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.capacity import DirectCapacity
    >>> rng = np.random.default_rng(0)
    >>> centers = rng.standard_normal((40, 1, 60))
    >>> X = centers + 0.5 * rng.standard_normal((40, 8, 60))
    >>> direct = DirectCapacity(random_state=0).fit(list(X))
    >>> round(direct.capacity_, 1), direct.capacity_se_ < 0.05
    (0.9, True)
    >>> direct.separability_[[29, 39, 44, 49, 59]].round(1)  # with 30, 40, ... features
    array([0. , 0.1, 0.4, 0.7, 1. ])
    """

    def __init__(
        self,
        method: str = "conic",
        *,
        features: str = "projection",
        dichotomies: str | ArrayLike = "balanced",
        fit_intercept: bool = True,
        rule: str = "interpolate",
        n_t: int = 1000,
        step: int | None = None,
        precision: int = 1,
        tol: float = 0.05,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.method = method
        self.features = features
        self.dichotomies = dichotomies
        self.fit_intercept = fit_intercept
        self.rule = rule
        self.n_t = n_t
        self.step = step
        self.precision = precision
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @checked
    def fit(self, X: Samples, y: ArrayLike | None = None) -> Self:
        """Measure separability and capacity.

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
            features, a parameter has no meaning, or there are too many dichotomies to try
            all.
        """
        self._check()
        manifolds = as_manifolds(X, y, any_size=True)
        check_several(manifolds, "capacity")
        self.n_manifolds_, self.n_features_in_ = len(manifolds.samples), manifolds.n_features
        seed = seed_from(self.random_state)
        measure = self._by_faces if self.method == "conic" else self._by_search
        curve = measure(manifolds, seed)
        self.n_tested_, self.separability_, self.n_attempts_ = (
            curve.n,
            curve.fraction,
            curve.n_attempts,
        )
        self.separability_se_ = curve.error
        self.separability_band_ = curve.band
        self._store_capacity(curve, np.random.default_rng(seed))
        return self

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each number of features that was tested.

        Returns
        -------
        pandas.DataFrame
            Columns ``n_features``, ``separability`` with its standard error
            ``separability_se`` and the ends ``low`` and ``high`` of its 95 % interval, and
            ``n_attempts``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        check_is_fitted(self, "separability_")
        low, high = self.separability_band_
        return pandas().DataFrame(
            {
                "n_features": self.n_tested_,
                "separability": self.separability_,
                "separability_se": self.separability_se_,
                "low": low,
                "high": high,
                "n_attempts": self.n_attempts_,
            }
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the separable fraction against the number of features.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : netrep_go.plotting.SeparabilityDisplay
            The drawn display.
        """
        from netrep_go.plotting import SeparabilityDisplay

        return SeparabilityDisplay.from_estimator(self, ax=ax)

    def _check(self) -> None:
        check_option(self.method, "method", ("conic", "search"))
        check_option(self.features, "features", _FEATURES)
        check_option(self.rule, "rule", ("interpolate", "first"))
        check_dichotomies(self.dichotomies)
        check_integer(self.n_t, "n_t", 10)
        check_integer(self.precision, "precision", 1)
        if self.step is not None:
            check_integer(self.step, "step", 1)
        check_number(self.tol, "tol", 1e-3, 0.5)
        if self.method == "conic" and self.features != "projection":
            raise ValueError(
                f"method='conic' needs features='projection', got features={self.features!r}; "
                "use method='search'"
            )

    def _store_capacity(self, curve: Curve, rng: np.random.Generator) -> None:
        self.n_critical_ = critical((curve.n, curve.fraction, curve.n_attempts), self.rule)
        again = np.array([critical(curve.resample(rng), self.rule) for _ in range(_RESAMPLES)])
        again = again[np.isfinite(again)]
        self.n_critical_se_ = float(again.std()) if len(again) > 1 else np.nan
        self.capacity_ = self.n_manifolds_ / self.n_critical_
        self.capacity_se_ = self.capacity_ * self.n_critical_se_ / self.n_critical_
        if np.isnan(self.capacity_):
            warn_user(
                f"only {curve.fraction[-1]:.0%} of the dichotomies are separable with all of "
                f"the {self.n_features_in_} features: capacity_ is NaN"
            )

    def _inputs(
        self, manifolds: Manifolds, dichotomies: str | ArrayLike, seed: int
    ) -> dict[str, Any]:
        """Return what all routines take."""
        return {
            "points": manifolds.pooled(),
            "sizes": manifolds.sizes,
            **dichotomy_inputs(dichotomies, self.n_manifolds_),
            "features": self.features,
            "bias": bool(self.fit_intercept),
            "seed": seed,
        }

    def _by_faces(self, manifolds: Manifolds, seed: int) -> Curve:
        faces = np.empty(self.n_t, np.int64)
        with progress_bar("Projecting on cones", self.verbose) as progress:
            _native.run(
                "capacity.cone_faces",
                {"faces": faces},
                self._inputs(manifolds, self.dichotomies, seed),
                n_jobs=self.n_jobs,
                progress=progress,
            )
        return curve_of_faces(faces, self.n_features_in_)

    def _by_search(self, manifolds: Manifolds, seed: int) -> Curve:
        dichotomies, exact = self.dichotomies, False
        if self.features == "first":
            dichotomies, exact = self._exhaustive()
        fraction = np.empty(self.n_features_in_)
        n_attempts = np.empty(self.n_features_in_, np.int64)
        with progress_bar("Separating manifolds", self.verbose) as progress:
            _native.run(
                "capacity.search_separability",
                {"fraction": fraction, "attempts": n_attempts},
                {
                    **self._inputs(manifolds, dichotomies, seed),
                    **self._search_inputs(),
                },
                n_jobs=self.n_jobs,
                progress=progress,
            )
        n_given = sum(map(len, dichotomy_inputs(dichotomies, self.n_manifolds_)["given"]))

        def search_again(probability: np.ndarray, rng: np.random.Generator) -> Fractions:
            return self._simulate_search(probability, n_given, int(rng.integers(2**31)))

        return curve_of_attempts(
            _tested(fraction, n_attempts), exact, search_again, self.n_features_in_
        )

    def _search_inputs(self) -> dict[str, Any]:
        return {
            "step": self.step or _standard_step(self.n_features_in_),
            "precision": self.precision,
            "tol": float(self.tol),
        }

    def _simulate_search(self, probability: np.ndarray, n_given: int, seed: int) -> Fractions:
        """Return what a search finds where dichotomies are separable with these probabilities."""
        fraction = np.empty(self.n_features_in_)
        n_attempts = np.empty(self.n_features_in_, np.int64)
        _native.call(
            "capacity.simulate_search",
            {"fraction": fraction, "attempts": n_attempts},
            {
                "probability": probability,
                "dichotomies": n_given,
                **self._search_inputs(),
                "seed": seed,
            },
        )
        return _tested(fraction, n_attempts)

    def _exhaustive(self) -> tuple[str | ArrayLike, bool]:
        """Return dichotomies for features that do not vary, and whether they are all."""
        if not isinstance(self.dichotomies, str) or self.dichotomies == "all":
            return self.dichotomies, True
        most_attempts = max(math.ceil(1 / self.tol), math.ceil(0.25 / self.tol**2))
        if count_dichotomies(self.dichotomies, self.n_manifolds_) > most_attempts:
            return self.dichotomies, False
        return all_dichotomies(self.dichotomies, self.n_manifolds_), True


def _tested(fraction: np.ndarray, n_attempts: np.ndarray) -> Fractions:
    """Return the numbers of features that a search tested, with what it found."""
    tested = n_attempts > 0
    return np.flatnonzero(tested) + 1, fraction[tested], n_attempts[tested]


def _standard_step(n_features: int) -> int:
    """Return the step of the scan in the original."""
    if n_features < 100:
        return 10
    if n_features < 1024:
        return 128 if n_features % 100 else 100
    return 512 if n_features % 500 else 500
