"""Encoding models: measured responses predicted from the features of networks."""

from netrep_go._clusters import cluster_test
from netrep_go.encoding._bootstrap import EncodingBootstrap, bootstrap_scores
from netrep_go.encoding._ceiling import (
    explainable_variance,
    normalize_scores,
    split_half_reliability,
)
from netrep_go.encoding._compression import StreamedPCA
from netrep_go.encoding._compression_cost import CompressionCost, compression_cost
from netrep_go.encoding._contrasts import EncodingContrasts, compare_encoding
from netrep_go.encoding._decoding import (
    FeatureDecoding,
    LabelDecoding,
    decode_features,
    decode_labels,
)
from netrep_go.encoding._identification import Identification, identify
from netrep_go.encoding._layers import BestLayers, best_layers
from netrep_go.encoding._model import EncodingModel
from netrep_go.encoding._partition import EncodingPartition, partition_variance
from netrep_go.encoding._permutations import EncodingPermutationTest, permutation_test
from netrep_go.encoding._time import (
    TemporalGeneralization,
    decode_times,
    encode_times,
    generalize_times,
)

__all__ = [
    "BestLayers",
    "CompressionCost",
    "EncodingBootstrap",
    "EncodingContrasts",
    "EncodingModel",
    "EncodingPartition",
    "EncodingPermutationTest",
    "FeatureDecoding",
    "Identification",
    "LabelDecoding",
    "StreamedPCA",
    "TemporalGeneralization",
    "best_layers",
    "bootstrap_scores",
    "cluster_test",
    "compare_encoding",
    "compression_cost",
    "decode_features",
    "decode_labels",
    "decode_times",
    "encode_times",
    "explainable_variance",
    "generalize_times",
    "identify",
    "normalize_scores",
    "partition_variance",
    "permutation_test",
    "split_half_reliability",
]


def __dir__() -> list[str]:
    return sorted(__all__)
