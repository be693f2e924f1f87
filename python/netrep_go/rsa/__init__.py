"""Representational similarity analysis."""

from netrep_go.rsa._folds import ConditionKFold
from netrep_go.rsa._models import (
    LayerEvaluation,
    Reweighting,
    evaluate_layers,
    remix,
    reweight,
)
from netrep_go.rsa._models_features import (
    FeatureReweighting,
    FeatureReweightingCV,
    FeatureReweightingResult,
    reweight_features,
)

__all__ = [
    "ConditionKFold",
    "FeatureReweighting",
    "FeatureReweightingCV",
    "FeatureReweightingResult",
    "LayerEvaluation",
    "Reweighting",
    "evaluate_layers",
    "remix",
    "reweight",
    "reweight_features",
]
