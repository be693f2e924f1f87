"""Displays of distances between networks, of activations, manifolds and RDMs.

They follow scikit-learn's display objects: a ``from_*`` class method computes what
is shown and draws it, `plot` draws it again without computing, and both return the
display, whose ``ax_`` and ``figure_`` can be changed further. Matplotlib is only
imported when something is drawn. Figures of your own are best made with
``layout="constrained"``, which leaves space for names.
"""

from netrep_go.plotting._activations import AlignedActivationsDisplay
from netrep_go.plotting._benchmark import MeasureBenchmarkDisplay
from netrep_go.plotting._capacity import CapacityDisplay
from netrep_go.plotting._comparison import ComparisonDisplay
from netrep_go.plotting._dendrogram import DendrogramDisplay
from netrep_go.plotting._disagreement import DisagreementDisplay
from netrep_go.plotting._embedding import EmbeddingDisplay
from netrep_go.plotting._encoding import BestLayersDisplay
from netrep_go.plotting._generalization import TemporalGeneralizationDisplay
from netrep_go.plotting._heatmap import DistanceMatrixDisplay
from netrep_go.plotting._images import ImageManifoldsDisplay
from netrep_go.plotting._manifolds import (
    CenterDirectionsDisplay,
    ManifoldGeometryDisplay,
    SeparabilityDisplay,
)
from netrep_go.plotting._report import LayerReportDisplay
from netrep_go.plotting._rsa import ModelEvaluationDisplay, RDMDisplay, RDMEmbeddingDisplay
from netrep_go.plotting._rsa_models import LayerEvaluationDisplay, VariancePartitionDisplay
from netrep_go.plotting._time_course import TimeCourseDisplay

__all__ = [
    "AlignedActivationsDisplay",
    "BestLayersDisplay",
    "CapacityDisplay",
    "CenterDirectionsDisplay",
    "ComparisonDisplay",
    "DendrogramDisplay",
    "DisagreementDisplay",
    "DistanceMatrixDisplay",
    "EmbeddingDisplay",
    "ImageManifoldsDisplay",
    "LayerEvaluationDisplay",
    "LayerReportDisplay",
    "ManifoldGeometryDisplay",
    "MeasureBenchmarkDisplay",
    "ModelEvaluationDisplay",
    "RDMDisplay",
    "RDMEmbeddingDisplay",
    "SeparabilityDisplay",
    "TemporalGeneralizationDisplay",
    "TimeCourseDisplay",
    "VariancePartitionDisplay",
]


def __dir__() -> list[str]:
    return sorted(__all__)
