"""Shape metrics between networks with Gaussian responses."""

from __future__ import annotations

from typing import Literal

import numpy as np

from netrep_go._jobs import RandomState
from netrep_go._validation import as_factor, check_integer
from netrep_go.metrics._iterative import Arrays, Group
from netrep_go.metrics._wasserstein import Gaussians, WassersteinMetric, two_parts


class GaussianStochasticMetric(WassersteinMetric):
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
        Determines the random starts.
    n_restarts : int, default=1
        Number of starts, of which the best is kept; all but the first are random.

    Attributes
    ----------
    T : ndarray of shape (n_neurons, n_neurons)
        The alignment: ``means_Y @ T`` is close to ``means_X``.
    loss_hist : list of float
        Least loss after each alternation of the best start: the square root of the sum,
        over inputs, whose mean the metric minimizes. It does not increase, and stays
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

    The minimized sum and the score have the same weights, alpha and 2 - alpha.
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
        means, covs = two_parts(x, name)
        means = as_factor(means, f"{name}[0]", 2, axes="inputs and neurons")
        covs = as_factor(covs, f"{name}[1]", 3, axes="inputs, neurons and neurons")
        _check_covariances(covs, (*means.shape, means.shape[1]), name)
        return means, covs


class GPStochasticMetric(WassersteinMetric):
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
        Determines the random starts.
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
        mean, cov = two_parts(x, name)
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


def _check_covariances(covs: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    if covs.shape != shape:
        raise ValueError(
            f"{name}[1] must hold covariances in shape {shape} to go with the means in "
            f"{name}[0], got {covs.shape}"
        )
