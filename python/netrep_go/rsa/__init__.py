"""Representational similarity analysis.

RDMs are vectors of their entries above the diagonal, condensed in the order of
:func:`scipy.spatial.distance.squareform`; several are the rows of a matrix.
"""

from netrep_go._adjacency import surface_adjacency, volume_adjacency
from netrep_go._clusters import ClusterResult, cluster_test
from netrep_go._time_course import TimeCourse
from netrep_go.rsa._betas import Betas, read_betas
from netrep_go.rsa._ceiling import NoiseCeiling, noise_ceiling
from netrep_go.rsa._ceilings import NoiseCeilings, noise_ceilings
from netrep_go.rsa._compare import compare
from netrep_go.rsa._convert import from_rsatoolbox, to_rsatoolbox
from netrep_go.rsa._covariance import distance_covariance
from netrep_go.rsa._cross_run import (
    ExemplarInformation,
    cross_rdm,
    evaluate_cross,
    exemplar_information,
)
from netrep_go.rsa._crossnobis import DistanceTest, crossnobis_reliability, crossnobis_test
from netrep_go.rsa._decoding import decoding_rdm, rsa_score
from netrep_go.rsa._evaluation import ModelEvaluation
from netrep_go.rsa._flexible import FlexibleModel, evaluate_flexible
from netrep_go.rsa._folds import ConditionKFold
from netrep_go.rsa._fusion import fusion
from netrep_go.rsa._fusion_result import Fusion
from netrep_go.rsa._groups import GroupComparison, compare_groups
from netrep_go.rsa._inference import evaluate
from netrep_go.rsa._measure import RSA
from netrep_go.rsa._models import Reweighting, reweight
from netrep_go.rsa._models_features import FeatureReweighting, FeatureReweightingCV
from netrep_go.rsa._models_layers import LayerEvaluation, evaluate_layers, remix
from netrep_go.rsa._noise import NoiseNormalizer
from netrep_go.rsa._partition import VariancePartition, partition_variance
from netrep_go.rsa._rdm import patterns, rdm
from netrep_go.rsa._regions import region_rdms, regions
from netrep_go.rsa._reweight import FeatureReweightingResult, reweight_features
from netrep_go.rsa._searchlight import searchlight
from netrep_go.rsa._searchlight_ceiling import searchlight_noise_ceiling
from netrep_go.rsa._searchlight_result import SearchlightResult
from netrep_go.rsa._significance import (
    ModelContrasts,
    PermutationTest,
    compare_models,
    permutation_test,
)
from netrep_go.rsa._time import time_resolved

__all__ = [
    "RSA",
    "Betas",
    "ClusterResult",
    "ConditionKFold",
    "DistanceTest",
    "ExemplarInformation",
    "FeatureReweighting",
    "FeatureReweightingCV",
    "FeatureReweightingResult",
    "FlexibleModel",
    "Fusion",
    "GroupComparison",
    "LayerEvaluation",
    "ModelContrasts",
    "ModelEvaluation",
    "NoiseCeiling",
    "NoiseCeilings",
    "NoiseNormalizer",
    "PermutationTest",
    "Reweighting",
    "SearchlightResult",
    "TimeCourse",
    "VariancePartition",
    "cluster_test",
    "compare",
    "compare_groups",
    "compare_models",
    "cross_rdm",
    "crossnobis_reliability",
    "crossnobis_test",
    "decoding_rdm",
    "distance_covariance",
    "evaluate",
    "evaluate_cross",
    "evaluate_flexible",
    "evaluate_layers",
    "exemplar_information",
    "from_rsatoolbox",
    "fusion",
    "noise_ceiling",
    "noise_ceilings",
    "partition_variance",
    "patterns",
    "permutation_test",
    "rdm",
    "read_betas",
    "region_rdms",
    "regions",
    "remix",
    "reweight",
    "reweight_features",
    "rsa_score",
    "searchlight",
    "searchlight_noise_ceiling",
    "surface_adjacency",
    "time_resolved",
    "to_rsatoolbox",
    "volume_adjacency",
]


def __dir__() -> list[str]:
    return sorted(__all__)
