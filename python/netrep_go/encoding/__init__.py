"""Encoding models: measured responses predicted from the features of networks."""

from netrep_go.encoding._ceiling import (
    explainable_variance,
    normalize_scores,
    split_half_reliability,
)
from netrep_go.encoding._model import EncodingModel

__all__ = [
    "EncodingModel",
    "explainable_variance",
    "normalize_scores",
    "split_half_reliability",
]


def __dir__() -> list[str]:
    return sorted(__all__)
