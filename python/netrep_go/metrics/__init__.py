"""Measures: distances and similarities of two sets of activations."""

from netrep_go.metrics._aligner import Aligner
from netrep_go.metrics._cka import LinearCKA
from netrep_go.metrics._convolution import ConvolutionalMetric
from netrep_go.metrics._energy import EnergyStochasticMetric
from netrep_go.metrics._gaussian import GaussianStochasticMetric, GPStochasticMetric
from netrep_go.metrics._geometry import (
    ConcentricityDifference,
    MagnitudeDifference,
    UniformityDifference,
)
from netrep_go.metrics._imd import IMD
from netrep_go.metrics._linear import LinearMetric
from netrep_go.metrics._matching import CorrelationMatch, SoftMatching
from netrep_go.metrics._measure import Measure, Properties
from netrep_go.metrics._partial import MatchingPath, PartialSoftMatching
from netrep_go.metrics._permutation import PermutationMetric
from netrep_go.metrics._registry import MeasureTable, as_measure, get_measure, measures
from netrep_go.metrics._scorer import neg_distance_scorer
from netrep_go.metrics._topology import RTD, RTDLite

__all__ = [
    "IMD",
    "RTD",
    "Aligner",
    "ConcentricityDifference",
    "ConvolutionalMetric",
    "CorrelationMatch",
    "EnergyStochasticMetric",
    "GPStochasticMetric",
    "GaussianStochasticMetric",
    "LinearCKA",
    "LinearMetric",
    "MagnitudeDifference",
    "MatchingPath",
    "Measure",
    "MeasureTable",
    "PartialSoftMatching",
    "PermutationMetric",
    "Properties",
    "RTDLite",
    "SoftMatching",
    "UniformityDifference",
    "as_measure",
    "get_measure",
    "measures",
    "neg_distance_scorer",
]


def __dir__() -> list[str]:
    return sorted(__all__)
