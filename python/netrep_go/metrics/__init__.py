"""Measures: distances and similarities of two sets of activations."""

from netrep_go.metrics._adapted import as_measure
from netrep_go.metrics._aligner import Aligner
from netrep_go.metrics._cca import CCA, PWCCA, SVCCA
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
from netrep_go.metrics._kernels import DistanceCorrelation, KernelCKA, RSMNormDifference
from netrep_go.metrics._kernels_corrected import CorrectedCKA
from netrep_go.metrics._kernels_minibatch import MinibatchCKA
from netrep_go.metrics._linear import LinearMetric
from netrep_go.metrics._matching import CorrelationMatch, SoftMatching
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._neighbors_kernels import CKNNA, SecondOrderCosine
from netrep_go.metrics._neighbors_ranks import LCSKNN, EditKNN, RankSimilarity
from netrep_go.metrics._neighbors_sets import CycleKNN, MutualKNN, NeighborJaccard
from netrep_go.metrics._outputs import JSD, AccuracyDifference, Disagreement
from netrep_go.metrics._partial import MatchingPath, PartialSoftMatching
from netrep_go.metrics._permutation import PermutationMetric
from netrep_go.metrics._properties import Properties
from netrep_go.metrics._registry import MeasureTable, get_measure, measures
from netrep_go.metrics._regression import LinearRegressionR2, RidgePredictivity
from netrep_go.metrics._scorer import neg_distance_scorer
from netrep_go.metrics._shapes import AlignedCosine, NormalizedProcrustes
from netrep_go.metrics._subspaces import GULP, EigenspaceOverlap
from netrep_go.metrics._topology import RTD, RTDLite

__all__ = [
    "CCA",
    "CKNNA",
    "GULP",
    "IMD",
    "JSD",
    "LCSKNN",
    "PWCCA",
    "RTD",
    "SVCCA",
    "AccuracyDifference",
    "AlignedCosine",
    "Aligner",
    "ConcentricityDifference",
    "ConvolutionalMetric",
    "CorrectedCKA",
    "CorrelationMatch",
    "CycleKNN",
    "Disagreement",
    "DistanceCorrelation",
    "EditKNN",
    "EigenspaceOverlap",
    "EnergyStochasticMetric",
    "GPStochasticMetric",
    "GaussianStochasticMetric",
    "KernelCKA",
    "LinearCKA",
    "LinearMetric",
    "LinearRegressionR2",
    "MagnitudeDifference",
    "MatchingPath",
    "Measure",
    "MeasureTable",
    "MinibatchCKA",
    "MutualKNN",
    "NeighborJaccard",
    "NormalizedProcrustes",
    "PartialSoftMatching",
    "PermutationMetric",
    "Properties",
    "RSMNormDifference",
    "RTDLite",
    "RankSimilarity",
    "RidgePredictivity",
    "SecondOrderCosine",
    "SoftMatching",
    "UniformityDifference",
    "as_measure",
    "get_measure",
    "measures",
    "neg_distance_scorer",
]


def __dir__() -> list[str]:
    return sorted(__all__)
