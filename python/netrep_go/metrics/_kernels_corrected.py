"""Centered kernel alignment corrected for few stimuli and few neurons."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from netrep_go._parameters import check_parameters
from netrep_go.metrics._gram import (
    Estimator,
    around_median,
    centered,
    check_samples,
    hsic_vector,
    vanishes,
)
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["CorrectedCKA"]

_ROUNDING = 1e-12  # of the self term without correction


class _Corrected(NamedTuple):
    """The part of a Gram matrix that HSIC is the product of, and the roots of the self term."""

    vector: np.ndarray
    root: float  # or why there is none
    plain: float  # without correction


class CorrectedCKA(Measure):
    r"""Linear CKA of all neurons and stimuli, estimated from samples of both.

    A network of few recorded neurons is more like itself than the whole network is like
    itself, since its noise, and what is particular to these neurons, counts as shared. So with
    the Gram matrix :math:`K_a = x_a x_a^\top` of each of Q neurons, and K their sum,

    .. math:: \frac{\mathrm{HSIC}(K, L)}{\sqrt{S(X) \, S(Y)}}, \qquad
        S(X) = \frac{Q}{Q - 1} \Big(\mathrm{HSIC}(K, K) - \sum_a \mathrm{HSIC}(K_a, K_a)\Big)

    in which no neuron is multiplied with itself.

    Parameters
    ----------
    stimuli : bool, default=True
        Correct for the number of stimuli, too: HSIC is the unbiased estimate of Song et al.,
        which needs at least 4 samples. If False, it is the biased one, and only neurons are
        corrected for. For stimuli alone take :class:`LinearCKA` with
        ``estimator='unbiased'``.
    neurons : {'both', 'X', 'Y'}, default='both'
        The network whose neurons are a sample of more. 'X' is for recordings X and a model Y that
        has no other units than these: Y then keeps its self term :math:`\mathrm{HSIC}(L, L)`, and
        the measure is **not symmetric**.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The value is an estimate: it may be negative or above 1, and that of a network with itself is
    above 1. Where a self term S is not positive there are too few neurons or stimuli, as of
    random activations, or there is one neuron, and the value is NaN, with a warning. Neurons are
    what was sampled, so that the value depends on their axes: a rotation changes it.

    References
    ----------
    Chun, Canatar, Chung & Lee (2025). Estimating Neural Representation Alignment from
    Sparsely Sampled Inputs and Features. arXiv:2502.15104.

    Song, Smola, Gretton, Bedo & Borgwardt (2012). Feature Selection via Dependence
    Maximization. JMLR 13, 1393-1434.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import CorrectedCKA, get_measure
    >>> rng = np.random.default_rng(0)
    >>> latents = rng.standard_normal((100, 5))
    >>> X, Y = (
    ...     latents @ rng.standard_normal((5, 20)) + rng.standard_normal((100, 20))
    ...     for _ in range(2)
    ... )
    >>> round(float(CorrectedCKA().fit_score(X, Y)), 2)  # 1 of infinitely many neurons
    0.96
    >>> round(float(get_measure("cka").fit_score(X, Y)), 2)
    0.72
    """

    def __init__(self, stimuli: bool = True, neurons: Literal["both", "X", "Y"] = "both") -> None:
        self.stimuli = stimuli
        self.neurons = neurons

    def _check_parameters(self) -> None:
        check_parameters(self)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            symmetric=self.neurons == "both",
            identity=False,
            null=self.stimuli,
            invariances={"permutation", "scale", "translation"},
            cost="n^2",
            reference="Chun et al. 2025, arXiv:2502.15104",
        )

    def _prepare(self, x: np.ndarray, name: str) -> _Corrected | Undefined:
        estimator: Estimator = "unbiased" if self.stimuli else "biased"
        check_samples(x, name, estimator)
        x, _ = around_median(x) if self.stimuli else centered(x)
        vector = hsic_vector(x @ x.T, estimator)
        if vanishes(vector, np.sum((x - x.mean(axis=0)) ** 2)):
            return Undefined(f"{name}: all pairs of samples are equally similar")
        total = float(2 * vector @ vector)
        root = _root(x, total, estimator, name)
        if self.neurons == "both" and isinstance(root, Undefined):
            return root
        return _Corrected(vector, root, np.sqrt(total))

    def _compare(self, x: _Corrected, y: _Corrected) -> float:
        roots = [
            network.root if self.neurons in ("both", side) else network.plain
            for side, network in (("X", x), ("Y", y))
        ]
        undefined = next((root for root in roots if isinstance(root, Undefined)), None)
        if undefined is not None:
            return undefined
        return float(2 * (x.vector @ y.vector) / (roots[0] * roots[1]))


def _root(x: np.ndarray, total: float, estimator: Estimator, name: str) -> float:
    """Return the root of the self term without products of neurons with themselves."""
    q = x.shape[1]
    if q == 1:
        return Undefined(f"{name}: one neuron cannot be corrected for their number")
    self_term = (total - _of_single_neurons(x, estimator).sum()) * q / (q - 1)
    if not self_term > _ROUNDING * total:
        return Undefined(
            f"{name}: too few neurons or stimuli, for the corrected self term is not positive"
        )
    return float(np.sqrt(self_term))


def _of_single_neurons(x: np.ndarray, estimator: Estimator) -> np.ndarray:
    """Return twice the square of the vector of each neuron's Gram matrix.

    For the unbiased one, sums are over other samples, so that nothing large cancels.
    """
    squares = x**2
    if estimator == "biased":
        return squares.sum(axis=0) ** 2
    n = len(x)
    rows = x * (_before(x) + _before(x[::-1])[::-1])  # sums of the matrix without its diagonal
    return (
        2 * np.sum(squares * _before(squares), axis=0)
        + rows.sum(axis=0) ** 2 / ((n - 1) * (n - 2))
        - 2 * np.sum(rows**2, axis=0) / (n - 2)
    )


def _before(x: np.ndarray) -> np.ndarray:
    """Return the sums over the samples before each."""
    sums = np.zeros(x.shape)
    np.cumsum(x[:-1], axis=0, out=sums[1:])
    return sums
