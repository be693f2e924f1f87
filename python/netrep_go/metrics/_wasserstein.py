"""What metrics of Gaussian responses share: networks of means and covariances, and their fit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._cohort import (
    Cohorts,
    Measured,
    Networks,
    check_double,
    one_set,
    resolve_n_jobs,
)
from netrep_go._jobs import RandomState, as_random_state, warn_user
from netrep_go._names import Name, check_same_indexes
from netrep_go._orthogonal import rand_orth
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import check_integer, check_number, check_option
from netrep_go.metrics._iterative import (
    GROUPS,
    Arrays,
    Group,
    group_invariances,
    measure_fits,
    warn_unless,
)
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties

_INITS = ("means", "rand")

Gaussians = tuple[ArrayLike, ArrayLike]


class WassersteinMetric(Measure):
    """What the metrics between normal distributions share.

    A subclass names the shapes of its data in ``_check_network``, and what is true of it.
    """

    _data: str
    _cost: str
    _reference: str

    def __init__(
        self,
        alpha: float,
        group: Group,
        init: Literal["means", "rand"],
        niter: int,
        tol: float,
        random_state: RandomState,
        n_restarts: int,
    ) -> None:
        self.alpha = alpha
        self.group = group
        self.init = init
        self.niter = niter
        self.tol = tol
        self.random_state = random_state
        self.n_restarts = n_restarts
        self._check_parameters()

    @property
    def properties(self) -> Properties:
        """What is true of the metric with its parameters."""
        invariances = group_invariances(self.group)
        if self.alpha == 0:  # means do not count
            invariances |= {"translation"}
        return Properties(
            kind="distance",
            range=(0, np.inf),
            symmetric=True,
            # the minimum over a group satisfies it, but unless only means count a fit finds
            # a local minimum
            triangle=self.group == "identity" or self.alpha == 2,
            invariances=invariances,
            data=self._data,
            cost=self._cost,
            reference=self._reference,
        )

    def _check_parameters(self) -> None:
        check_number(self.alpha, "alpha", 0, 2)
        check_option(self.group, "group", GROUPS)
        check_option(self.init, "init", _INITS)
        check_integer(self.niter, "niter", 1)
        check_number(self.tol, "tol", -np.inf, np.inf)
        check_integer(self.n_restarts, "n_restarts", 1)

    @abstractmethod
    def _check_network(self, x: Gaussians, name: str) -> Arrays:
        """Return checked means and covariances in the shapes of the caller."""

    def _n_neurons(self, means: np.ndarray) -> int:
        """Return the size of the alignment."""
        return means.shape[-1]

    @checked
    def fit(self, X: Gaussians, Y: Gaussians) -> Any:
        """Find the alignment of Y to X.

        Parameters
        ----------
        X, Y : tuple of (means, covariances)
            Responses of two networks to the same inputs, of equal shapes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If means or covariances are not finite and real, shapes do not match,
            or a covariance is not symmetric or not positive semi-definite.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the loss had not settled after ``niter`` iterations.
        """
        self._check_parameters()
        x, y = self._pair(X, Y)
        n = self._n_neurons(x[0])
        T, losses, counts = np.empty((n, n)), np.empty(self.niter), np.empty(2, np.int64)
        inputs = {**_flat_pair(x, y), **self._starts(n), **self._options(n)}
        _native.run("metrics.gaussian_fit", {"t": T, "losses": losses, "counts": counts}, inputs)
        self.T = T
        self.loss_hist = losses[: counts[0]].tolist()
        self.n_iter_, self.converged_ = int(counts[0]), bool(counts[1])
        warn_unless(self.converged_, "the fit", self.niter)
        return self

    @checked
    def transform(self, X: Gaussians, Y: Gaussians) -> tuple[Arrays, Arrays]:
        """Align Y to X.

        Parameters
        ----------
        X, Y : tuple of (means, covariances)
            Responses of the networks that the metric was fitted to, to any inputs.

        Returns
        -------
        X : tuple of (means, covariances)
            As given.
        Y_aligned : tuple of (means, covariances)
            The responses of the second network, aligned by ``T``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the metric has not been fitted.
        ValueError
            If shapes do not match each other or the training data.
        """
        x, (means, covs) = self._fitted_pair(X, Y)
        d = means.shape[-1]
        T = np.kron(np.eye(d // self.T.shape[0]), self.T)
        return x, (means @ T, T.T @ covs @ T)

    @checked
    def fit_transform(self, X: Gaussians, Y: Gaussians) -> tuple[Arrays, Arrays]:
        """Fit to X and Y and align Y to X.

        Parameters
        ----------
        X, Y : tuple of (means, covariances)
            Responses of two networks to the same inputs.

        Returns
        -------
        X, Y_aligned : tuple of (means, covariances)
            As from ``transform``.

        Raises
        ------
        ValueError
            As :meth:`fit`.
        """
        return self.fit(X, Y).transform(X, Y)

    @checked
    def score(self, X: Gaussians, Y: Gaussians) -> float:
        """Return the distance between X and Y under the fitted alignment.

        Parameters
        ----------
        X, Y : tuple of (means, covariances)
            Responses, to the training inputs or held-out ones.

        Returns
        -------
        float
            The distance: smaller is more alike.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            As :meth:`transform`.
        """
        check_number(self.alpha, "alpha", 0, 2)
        x, y = self._fitted_pair(X, Y)
        distance = np.empty(1)
        inputs = {"t": self.T, **_flat_pair(x, y), **self._options(self.T.shape[0])}
        _native.run("metrics.gaussian_distance", {"distance": distance}, inputs)
        return distance[0]

    @checked
    def pairwise_distances(  # type: ignore[override]  # eps stands where netrep has it
        self,
        train_data: Networks,
        test_data: Networks | None = None,
        eps: float = 1e-6,
        processes: int | None = None,
        verbose: bool = True,
        *,
        n_jobs: int | None = None,
        names: Iterable[Name] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the distances between all pairs of networks.

        As :func:`netrep_go.multiset.pairwise_distances`, but with netrep's ``eps``
        and its return value: always two matrices.

        Parameters
        ----------
        train_data : list or dict of n_networks tuples of (means, covariances)
            Responses that alignments are fitted to.
        test_data : list or dict of n_networks tuples of (means, covariances), default=None
            Held-out responses to measure the fitted alignments on.
        eps : float, default=1e-6
            Added to the variances of the training data, in the square of their unit.
        processes : int, default=None
            Another name of ``n_jobs``.
        verbose : bool, default=True
            Show a progress bar.
        n_jobs : int, default=None
            Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not
            depend on it.
        names : sequence of hashable, default=None
            Names of the networks for messages, if these are a list.

        Returns
        -------
        D_train, D_test : ndarray of shape (n_networks, n_networks)
            Symmetric, with zero diagonal. Without test data D_test is infinite
            off the diagonal.
        """
        check_number(eps, "eps", 0, np.inf)
        cohorts = one_set(train_data, test_data, names, ("train_data", "test_data"))
        n_jobs = resolve_n_jobs(n_jobs, processes)
        self._check_parameters()
        if self._is_redefined():
            cohorts = self._ridged(cohorts, eps)
            return self._two_matrices(*self._measure_cohorts(cohorts, np.float64, n_jobs, verbose))
        return self._two_matrices(*self._measure(cohorts, np.float64, n_jobs, verbose, eps))

    def _ridged(self, cohorts: Cohorts, eps: float) -> Cohorts:
        """Return networks with ``eps`` added to the variances of the training data."""
        self._check_orders(cohorts)
        checked = self._checked(cohorts)
        train = [
            (name, (mean, cov + eps * np.eye(cov.shape[-1]))) for name, (mean, cov) in checked.train
        ]
        return Cohorts(train, checked.test)

    def _measure(
        self,
        cohorts: Cohorts,
        dtype: DTypeLike,
        n_jobs: int | None,
        verbose: bool,
        eps: float = 0.0,
    ) -> Measured:
        check_double(dtype, type(self).__name__)
        self._check_orders(cohorts)
        train = [self._check_network(x, name) for name, x in cohorts.train]
        test = [self._check_network(x, name) for name, x in cohorts.test or ()]
        _warn_if_large(eps, train)
        n = self._n_neurons(train[0][0])
        inputs = {
            **_flat_lists(train, "means", "covs"),
            **_flat_lists(test, "test_means", "test_covs"),
            **self._starts(n),
            **self._options(n, eps),
        }
        return measure_fits(
            "multiset.gaussian_distances", cohorts, inputs, self.niter, n_jobs, verbose
        )

    def _check_orders(self, cohorts: Cohorts) -> None:
        self._check_order(cohorts.train)
        self._check_order(cohorts.test or ())

    def _check_order(self, networks: Sequence[tuple[str, Any]]) -> None:
        """Raise if labels say that inputs, or the neurons of one network, are in other orders."""
        parts = [
            [(f"{name}[{k}]", part) for k, part in enumerate(two_parts(x, name))]
            for name, x in networks
        ]
        check_same_indexes([part for pair in parts for part in pair], "inputs")
        for pair in parts:
            check_same_indexes(pair, "neurons", axis=-1)

    def _pair(self, X: Gaussians, Y: Gaussians) -> tuple[Arrays, Arrays]:
        self._check_order([("X", X), ("Y", Y)])
        x, y = self._check_network(X, "X"), self._check_network(Y, "Y")
        if x[0].shape != y[0].shape:
            raise ValueError(
                "Expected arrays with equal dimensions, but got means with shapes "
                f"{x[0].shape} and {y[0].shape}."
            )
        return x, y

    def _fitted_pair(self, X: Gaussians, Y: Gaussians) -> tuple[Arrays, Arrays]:
        check_is_fitted(self, "T")
        x, y = self._pair(X, Y)
        if self._n_neurons(x[0]) != self.T.shape[0]:
            raise ValueError(
                f"X and Y must have {self.T.shape[0]} neurons, as the training data, "
                f"got {self._n_neurons(x[0])}"
            )
        return x, y

    def _starts(self, n: int) -> dict[str, _native.Argument]:
        """Return whether to start from the means, and the random starts.

        They are netrep's, drawn in the same order.
        """
        from_means = self.init == "means"
        rs = as_random_state(self.random_state)
        n_random = self.n_restarts - from_means
        starts = [_random_element(self.group, n, rs) for _ in range(n_random)]
        return {"from_means": from_means, "starts": starts}

    def _options(self, n: int, eps: float = 0.0) -> dict[str, _native.Argument]:
        return {
            "alpha": float(self.alpha),
            "group": self.group,
            "neurons": n,
            "max_iter": self.niter,
            "tol": float(self.tol),
            "ridge": float(eps),
        }


def two_parts(x: Any, name: str) -> Gaussians:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"{name} must be a tuple of means and covariances, got {shown(x)}")
    return x[0], x[1]


def _flat(means: np.ndarray, covs: np.ndarray) -> Arrays:
    """Give Go its matrices: a row of means an input, covariances one below another."""
    d = means.shape[-1]
    return means.reshape(-1, d), covs.reshape(-1, d)


def _flat_pair(x: Arrays, y: Arrays) -> dict[str, _native.Argument]:
    (x_means, x_covs), (y_means, y_covs) = _flat(*x), _flat(*y)
    return {"x_means": x_means, "x_covs": x_covs, "y_means": y_means, "y_covs": y_covs}


def _flat_lists(networks: list[Arrays], means: str, covs: str) -> dict[str, _native.Argument]:
    flat = [_flat(*x) for x in networks]
    return {means: [x[0] for x in flat], covs: [x[1] for x in flat]}


def _random_element(group: Group, n: int, rs: np.random.RandomState) -> np.ndarray:
    if group == "identity":
        return np.eye(n)
    if group == "perm":
        return np.eye(n)[rs.permutation(n)]
    return rand_orth(n, random_state=rs)


def _warn_if_large(eps: float, networks: list[Arrays]) -> None:
    """Warn of a constant that is not small against the variances it is added to."""
    sizes = (np.trace(covs, axis1=-2, axis2=-1).mean() / covs.shape[-1] for _, covs in networks)
    smallest = min((size for size in sizes if size > 0), default=np.inf)
    if eps > 0.1 * smallest:
        warn_user(
            f"eps={eps:g} is more than a tenth of the variances of a network, "
            f"{smallest:.3g} on average: give eps in the square of the unit of the responses"
        )
