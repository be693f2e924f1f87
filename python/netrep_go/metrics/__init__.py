"""Distances between two sets of activations."""

from netrep_go.metrics._aligner import Aligner
from netrep_go.metrics._cka import LinearCKA
from netrep_go.metrics._energy import EnergyStochasticMetric
from netrep_go.metrics._gaussian import GaussianStochasticMetric, GPStochasticMetric
from netrep_go.metrics._linear import LinearMetric
from netrep_go.metrics._permutation import PermutationMetric
from netrep_go.metrics._scorer import neg_distance_scorer

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
