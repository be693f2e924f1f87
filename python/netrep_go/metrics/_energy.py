"""Shape metric between networks with repeated responses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from sklearn.utils.validation import check_is_fitted

from netrep_go import _native
from netrep_go._cohort import Cohorts, Measured, check_double
from netrep_go._names import check_same_indexes
from netrep_go._parameters import checked
from netrep_go._validation import as_factor, check_integer, check_number, check_option
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


class EnergyStochasticMetric(Measure):
    r"""Energy distance between networks with repeated noisy responses.

    With responses :math:`x_{ia}` to inputs i in repeats a, the metric is the square
    root of

    .. math:: \min_{Q \in G} \frac{1}{m} \sum_{i=1}^{m}
        E \|x_{ia} - Q^\top y_{ib}\|
        - \tfrac{1}{2} E \|x_{ia} - x_{ib}\| - \tfrac{1}{2} E \|y_{ia} - y_{ib}\|

    where the expectations are means over all pairs of repeats of two networks, and
    over the pairs a < b of one. Unlike :class:`GaussianStochasticMetric` it sees
    more of the distributions than their first two moments.

    Parameters
    ----------
    group : {'orth', 'perm', 'identity'}, default='orth'
        What Q may be: any rotation or reflection, a permutation of the neurons, or the
        identity.
    niter : int, default=100
        Largest number of reweightings, those taken back included.
    tol : float, default=1e-6
        The fit ends when a step decreases the loss by less, in units of the power of ten
        that is nearest to the root mean square response, and was a reweighting alone or
        more than halved what a reweighting changes.

    Attributes
    ----------
    Q : ndarray of shape (n_neurons, n_neurons)
        The alignment: ``Y @ Q`` is close to X.
    w : ndarray of shape (n_inputs * n_repeats ** 2,)
        Weights of the pairs of repeats, inputs first, then repeats of X, then
        those of Y.
    loss_hist : list of float
        Least mean distance of pairs before the first and after each reweighting. It
        stays where a step was taken back.
    n_iter_ : int
        Number of reweightings.
    converged_ : bool
        Whether the fit ended by ``tol``.

    Notes
    -----
    The fit is iteratively reweighted least squares over all pairs of repeats, between
    whose rotations steps of a limited-memory quasi-Newton method go farther, unless the
    loss rises; with the same ``tol`` it comes closer to the minimum than netrep's. Its
    first step is least squares without weights, which may be further from X than Y
    was; unlike netrep's, the fit goes on then.

    As the terms of one network leave out a = b, the estimate is free of bias but
    may be negative, which counts as a distance of zero.

    References
    ----------
    Duong, Zhou, Nassar, Berman, Olieslagers & Williams (2023). Representational
    dissimilarity metric spaces for stochastic neural networks. ICLR.
    arXiv:2211.11665.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import EnergyStochasticMetric
    >>> rng = np.random.default_rng(0)
    >>> means = rng.standard_normal((10, 1, 3))
    >>> X = means + 0.3 * rng.standard_normal((10, 20, 3))
    >>> Y = means + 0.3 * rng.standard_normal((10, 20, 3))
    >>> louder = means + 0.9 * rng.standard_normal((10, 20, 3))
    >>> metric = EnergyStochasticMetric()
    >>> bool(metric.fit_score(X, Y) < metric.fit_score(X, louder))
    True
    """

    def __init__(self, group: Group = "orth", niter: int = 100, tol: float = 1e-6) -> None:
        self.group = group
        self.niter = niter
        self.tol = tol
        self._check_parameters()

    @property
    def properties(self) -> Properties:
        """What is true of the metric with its parameters."""
        return Properties(
            kind="distance",
            range=(0, np.inf),
            symmetric=True,
            triangle=False,  # an estimate without bias of what is a metric
            invariances=group_invariances(self.group),
            data="repeats",
            cost="n r^2 p + p^3 an iteration, for r repeats",
            reference="Duong et al. 2023, arXiv:2211.11665",
        )

    def _check_parameters(self) -> None:
        check_option(self.group, "group", GROUPS)
        check_integer(self.niter, "niter", 1)
        check_number(self.tol, "tol", -np.inf, np.inf)

    def _check_network(self, x: Any, name: str) -> np.ndarray:
        return _as_repeats(x, name)

    @checked
    def fit(self, X: ArrayLike, Y: ArrayLike) -> EnergyStochasticMetric:
        """Find the alignment of Y to X.

        Parameters
        ----------
        X, Y : array_like of shape (n_inputs, n_repeats, n_neurons)
            Responses of two networks to the same inputs.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or Y is not finite and real, or their shapes differ.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the loss had not settled after ``niter`` reweightings.
        """
        self._check_parameters()
        X, Y = _equal_responses(X, Y)
        m, r, n = X.shape
        Q, w, losses = np.empty((n, n)), np.empty(m * r * r), np.empty(self.niter + 1)
        counts = np.empty(2, np.int64)
        inputs = {"x": X.reshape(m * r, n), "y": Y.reshape(m * r, n), **self._options(r)}
        outputs = {"t": Q, "weights": w, "losses": losses, "counts": counts}
        _native.run("metrics.energy_fit", outputs, inputs)
        self.Q, self.w = Q, w
        self.loss_hist = losses[: counts[0]].tolist()
        self.n_iter_, self.converged_ = int(counts[0]) - 1, bool(counts[1])
        warn_unless(self.converged_, "the fit", self.niter)
        return self

    @checked
    def transform(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Align Y to X.

        Parameters
        ----------
        X, Y : array_like of shape (n_inputs, n_repeats, n_neurons)
            Responses of the networks that the metric was fitted to, to any inputs.

        Returns
        -------
        X : ndarray
            As given.
        Y_aligned : ndarray of shape (n_inputs, n_repeats, n_neurons)
            The responses of the second network, aligned by ``Q``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the metric has not been fitted.
        ValueError
            If shapes do not match each other or the training data.
        """
        X, Y = self._fitted_pair(X, Y)
        return X, Y @ self.Q

    @checked
    def fit_transform(self, X: ArrayLike, Y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Fit to X and Y and align Y to X.

        Parameters
        ----------
        X, Y : array_like of shape (n_inputs, n_repeats, n_neurons)
            Responses of two networks to the same inputs.

        Returns
        -------
        X, Y_aligned : ndarray of shape (n_inputs, n_repeats, n_neurons)
            As from ``transform``.

        Raises
        ------
        ValueError
            As :meth:`fit`.
        """
        return self.fit(X, Y).transform(X, Y)

    @checked
    def score(self, X: ArrayLike, Y: ArrayLike) -> float:
        """Return the distance between X and Y under the fitted alignment.

        Parameters
        ----------
        X, Y : array_like of shape (n_inputs, n_repeats, n_neurons)
            Responses with at least two repeats, to the training inputs or held-out
            ones.

        Returns
        -------
        float
            The distance: smaller is more alike.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If `fit` was not called before.
        ValueError
            If there is one repeat, or shapes do not match each other or the
            training data.
        """
        X, Y = self._fitted_pair(X, Y)
        m, r, n = X.shape
        distance = np.empty(1)
        inputs = {"t": self.Q, "x": X.reshape(m * r, n), "y": Y.reshape(m * r, n)}
        _native.run("metrics.energy_distance", {"distance": distance}, inputs | self._options(r))
        return distance[0]

    def _measure(
        self, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
    ) -> Measured:
        check_double(dtype, type(self).__name__)
        cohorts = self._checked(cohorts)
        train, r = _flat_responses(cohorts.train)
        test, r_test = _flat_responses(cohorts.test or [])
        inputs = {"train": train, "test": test, "test_repeats": r_test, **self._options(r)}
        return measure_fits(
            "multiset.energy_distances", cohorts, inputs, self.niter, n_jobs, verbose
        )

    def _fitted_pair(self, X: ArrayLike, Y: ArrayLike) -> Arrays:
        check_is_fitted(self, "Q")
        X, Y = _equal_responses(X, Y)
        if X.shape[2] != self.Q.shape[0]:
            raise ValueError(
                f"X and Y must have {self.Q.shape[0]} neurons, as the training data, "
                f"got {X.shape[2]}"
            )
        return X, Y

    def _options(self, n_repeats: int) -> dict[str, _native.Argument]:
        return {
            "group": self.group,
            "repeats": n_repeats,
            "max_iter": self.niter,
            "tol": float(self.tol),
        }


def _as_repeats(x: ArrayLike, name: str) -> np.ndarray:
    return as_factor(x, name, 3, axes="inputs, repeats and neurons")


def _equal_responses(X: ArrayLike, Y: ArrayLike) -> Arrays:
    check_same_indexes([("X", X), ("Y", Y)], "inputs")
    X, Y = _as_repeats(X, "X"), _as_repeats(Y, "Y")
    if X.shape != Y.shape:
        raise ValueError(
            "X and Y: Expected arrays with equal dimensions (inputs, repeats, neurons), but got "
            f"arrays with shapes {X.shape} and {Y.shape}."
        )
    return X, Y


def _flat_responses(networks: list[tuple[str, Any]]) -> tuple[list[np.ndarray], int]:
    """Return responses, all repeats of an input in turn, and the number of repeats."""
    arrays = [x for _, x in networks]
    for (name, _), x in zip(networks, arrays, strict=True):
        if x.shape != arrays[0].shape:
            raise ValueError(
                f"{name} must have the shape of {networks[0][0]}, {arrays[0].shape}, got {x.shape}"
            )
    flat = [x.reshape(-1, x.shape[2]) for x in arrays]
    return flat, arrays[0].shape[1] if arrays else 0
