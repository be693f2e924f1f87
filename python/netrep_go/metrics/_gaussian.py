"""Shape metrics between networks with Gaussian responses."""

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
    measure,
    one_set,
    resolve_n_jobs,
)
from netrep_go._jobs import RandomState, as_random_state, warn_user
from netrep_go._names import Name, check_same_indexes
from netrep_go._parameters import checked
from netrep_go._validation import (
    as_factor,
    check_integer,
    check_number,
    check_option,
)
from netrep_go.metrics._iterative import GROUPS, Arrays, Group, group_invariances, warn_unless
from netrep_go.metrics._measure import Measure, Properties
from netrep_go.utils import rand_orth

_INITS = ("means", "rand")

Gaussians = tuple[ArrayLike, ArrayLike]


class _WassersteinMetric(Measure):
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
        test_data : list or dict of n_networks tuples of (means, covariances), optional
            Held-out responses to measure the fitted alignments on.
        eps : float, default=1e-6
            Added to the variances of the training data, in the square of their unit.
        processes : int, optional
            Another name of ``n_jobs``.
        verbose : bool, default=True
            Show a progress bar.
        n_jobs : int, optional
            Number of threads; None for as many as BLAS uses, -1 for all cores.
            The distances do not depend on it.
        names : sequence, optional
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
        unsettled = np.zeros(1, np.int64)
        measured = measure(
            "multiset.gaussian_distances",
            cohorts,
            inputs,
            n_jobs=n_jobs,
            verbose=verbose,
            counts={"unconverged": unsettled},
        )
        warn_unless(unsettled[0] == 0, f"{unsettled[0]} fits", self.niter)
        return measured

    def _check_orders(self, cohorts: Cohorts) -> None:
        self._check_order(cohorts.train)
        self._check_order(cohorts.test or ())

    def _check_order(self, networks: Sequence[tuple[str, Any]]) -> None:
        """Raise if labels say that inputs, or the neurons of one network, are in other orders."""
        parts = [
            [(f"{name}[{k}]", part) for k, part in enumerate(_two(x, name))] for name, x in networks
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


class GaussianStochasticMetric(_WassersteinMetric):
    r"""Distance between networks with normally distributed responses.

    With mean responses :math:`\mu_i` to inputs i and covariances
    :math:`\Sigma_i`, the metric is the square root of

    .. math:: \min_{T \in G} \frac{1}{m} \sum_{i=1}^{m}
        \alpha \, \|\mu^x_i - T^\top \mu^y_i\|^2
        + (2 - \alpha) \, B^2(\Sigma^x_i, \; T^\top \Sigma^y_i T)

    with the squared Bures distance :math:`B^2(A, B) = \mathrm{tr} A + \mathrm{tr} B
    - 2 \, \mathrm{tr} (A^{1/2} B A^{1/2})^{1/2}`. At ``alpha=1`` the ground distance
    is the 2-Wasserstein distance.

    Parameters
    ----------
    alpha : float, default=1.0
        In [0, 2]. At 0 only covariances count, at 2 only means.
    group : {'orth', 'perm', 'identity'}, default='orth'
        What T may be: any rotation or reflection, a permutation of the neurons, or the
        identity.
    init : {'means', 'rand'}, default='means'
        Where the first start begins: at the best alignment of the means, or at a
        random element of the group.
    niter : int, default=1000
        Largest number of alternations of each start, those taken back included.
    tol : float, default=1e-8
        A start ends when a step decreases the loss by less, in units of the power of ten
        that is nearest to the root mean square response, and was an alternation alone or
        more than halved what an alternation changes.
    random_state : int, RandomState, Generator or None, default=None
        Of the random starts.
    n_restarts : int, default=1
        Number of starts, of which the best is kept; all but the first are random.

    Attributes
    ----------
    T : ndarray of shape (n_neurons, n_neurons)
        The alignment: ``means_Y @ T`` is close to ``means_X``.
    loss_hist : list of float
        Least loss after each alternation of the best start: the square root of the sum,
        over inputs, whose mean the metric minimises. It does not increase, and stays
        where a step was taken back.
    n_iter_ : int
        Length of ``loss_hist``.
    converged_ : bool
        Whether the best start ended by ``tol``.

    Notes
    -----
    The minimum is over a set that is not convex, and a fit finds a local one. More
    starts may find a better one; only the exact minimum is a metric.

    netrep alternates between the alignment and rotations of the roots of covariances.
    Here these precondition steps of a limited-memory quasi-Newton method (not with
    permutations), which are taken back where the loss rises: 4 to 49 times fewer
    alternations, most where they are slow. With the same ``tol`` a fit comes closer to
    the minimum. Where starts have several ends, it may be another one than alternation
    alone leads to: of 552 random starts in 7 problems, 28 ended higher and 29 lower.

    The minimised sum and the score have the same weights, alpha and 2 - alpha.
    netrep's fit squares them, so that its alignments, except at alpha 0, 1 and 2,
    are best for another alpha than its score.

    References
    ----------
    Duong, Zhou, Nassar, Berman, Olieslagers & Williams (2023). Representational
    dissimilarity metric spaces for stochastic neural networks. ICLR.
    arXiv:2211.11665.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import GaussianStochasticMetric
    >>> rng = np.random.default_rng(0)
    >>> means, roots = rng.standard_normal((30, 5)), rng.standard_normal((30, 5, 5))
    >>> covs = roots @ roots.transpose(0, 2, 1)
    >>> Q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    >>> metric = GaussianStochasticMetric(alpha=1.0)
    >>> bool(metric.fit_score((means, covs), (means @ Q, Q.T @ covs @ Q)) < 1e-6)
    True
    >>> round(float(metric.fit_score((means, covs), (means, 0 * covs))), 3)
    4.884
    """

    _data = "gaussians"
    _cost = "n p^3 an iteration"
    _reference = "Duong et al. 2023, arXiv:2211.11665"

    def __init__(
        self,
        alpha: float = 1.0,
        group: Group = "orth",
        init: Literal["means", "rand"] = "means",
        niter: int = 1000,
        tol: float = 1e-8,
        random_state: RandomState = None,
        n_restarts: int = 1,
    ) -> None:
        super().__init__(alpha, group, init, niter, tol, random_state, n_restarts)

    def _check_network(self, x: Gaussians, name: str) -> Arrays:
        means, covs = _two(x, name)
        means, covs = as_factor(means, f"{name}[0]", 2), as_factor(covs, f"{name}[1]", 3)
        _check_covariances(covs, (*means.shape, means.shape[1]), name)
        return means, covs


class GPStochasticMetric(_WassersteinMetric):
    r"""Distance between networks whose responses are Gaussian processes.

    A network's responses at :math:`n_t` times have mean :math:`\mu` and covariance
    :math:`\Sigma` over all times and neurons. One alignment serves all times:
    :math:`\mathbf{T} = I_{n_t} \otimes T`. The metric is the square root of

    .. math:: \min_{T \in G} \; \alpha \, \|\mu^x - \mathbf{T}^\top \mu^y\|^2
        + (2 - \alpha) \, B^2(\Sigma^x, \; \mathbf{T}^\top \Sigma^y \mathbf{T})

    with the squared Bures distance B of :class:`GaussianStochasticMetric`, which
    sees the marginal distributions only. Networks with the same marginals and
    different dynamics differ here.

    Parameters
    ----------
    n_dims : int
        Number of neurons. Neurons of one time are consecutive in the data.
    alpha : float, default=1.0
        In [0, 2]. At 0 only the covariance counts, at 2 only the mean.
    group : {'orth', 'perm', 'identity'}, default='orth'
        What T may be: any rotation or reflection, a permutation of the neurons, or the
        identity.
    init : {'means', 'rand'}, default='means'
        Where the first start begins: at the best alignment of the means, or at a
        random element of the group.
    niter : int, default=1000
        Largest number of alternations of each start, those taken back included.
    tol : float, default=1e-8
        A start ends when a step decreases the loss by less, in units of the power of ten
        that is nearest to the root mean square response, and was an alternation alone or
        more than halved what an alternation changes.
    random_state : int, RandomState, Generator or None, default=None
        Of the random starts.
    n_restarts : int, default=1
        Number of starts, of which the best is kept; all but the first are random.

    Attributes
    ----------
    T : ndarray of shape (n_dims, n_dims)
        The alignment of the neurons.
    loss_hist : list of float
        Least loss after each alternation of the best start. It does not increase, and
        stays where a step was taken back.
    n_iter_ : int
        Length of ``loss_hist``.
    converged_ : bool
        Whether the best start ended by ``tol``.

    See Also
    --------
    GaussianStochasticMetric : Its notes hold here, too.

    References
    ----------
    Lipshutz, Nejatbakhsh & Williams. Disentangling recurrent neural dynamics with
    stochastic representational geometry. ICLR 2024 Workshop on Representational
    Alignment.

    Duong, Zhou, Nassar, Berman, Olieslagers & Williams (2023). Representational
    dissimilarity metric spaces for stochastic neural networks. ICLR.
    arXiv:2211.11665.

    Examples
    --------
    Two processes of three neurons with the same marginals, of which one is smooth
    and the other white:

    >>> import numpy as np
    >>> from netrep_go.metrics import GPStochasticMetric
    >>> times = np.linspace(0, 1, 4)
    >>> kernel = np.exp(-np.abs(times[:, None] - times))
    >>> smooth = np.zeros(12), np.kron(kernel, np.eye(3))
    >>> white = np.zeros(12), np.eye(12)
    >>> round(float(GPStochasticMetric(n_dims=3).fit_score(smooth, white)), 3)
    1.725
    """

    _data = "process"
    _cost = "(t p)^3 an iteration, for t times"
    _reference = "Lipshutz et al. 2024, ICLR Workshop on Representational Alignment"

    def __init__(
        self,
        n_dims: int,
        alpha: float = 1.0,
        group: Group = "orth",
        init: Literal["means", "rand"] = "means",
        niter: int = 1000,
        tol: float = 1e-8,
        random_state: RandomState = None,
        n_restarts: int = 1,
    ) -> None:
        self.n_dims = n_dims
        super().__init__(alpha, group, init, niter, tol, random_state, n_restarts)

    def _check_parameters(self) -> None:
        check_integer(self.n_dims, "n_dims", 1)
        super()._check_parameters()

    def _check_network(self, x: Gaussians, name: str) -> Arrays:
        mean, cov = _two(x, name)
        mean, cov = as_factor(mean, f"{name}[0]", 1), as_factor(cov, f"{name}[1]", 2)
        if mean.shape[0] % self.n_dims:
            raise ValueError(
                f"{name}[0] must have a multiple of n_dims={self.n_dims} elements, "
                f"got {mean.shape[0]}"
            )
        _check_covariances(cov, mean.shape * 2, name)
        return mean, cov

    def _n_neurons(self, means: np.ndarray) -> int:
        return self.n_dims


def _two(x: Any, name: str) -> Gaussians:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(f"{name} must be a tuple of means and covariances")
    return x[0], x[1]


def _check_covariances(covs: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if covs.shape != shape:
        raise ValueError(
            f"{name}[1] must hold covariances in shape {shape} to go with the means in "
            f"{name}[0], got {covs.shape}"
        )


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
