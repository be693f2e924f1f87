"""Distances between two sets of activations."""

from netrep_go.metrics._aligner import Aligner
from netrep_go.metrics._cka import LinearCKA
from netrep_go.metrics._linear import LinearMetric
from netrep_go.metrics._permutation import PermutationMetric
from netrep_go.metrics._scorer import neg_distance_scorer
from netrep_go.metrics._stochastic import (
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    GPStochasticMetric,
)

__all__ = [
    "Aligner",
    "EnergyStochasticMetric",
    "GPStochasticMetric",
    "GaussianStochasticMetric",
    "LinearCKA",
    "LinearMetric",
    "PermutationMetric",
    "neg_distance_scorer",
]
