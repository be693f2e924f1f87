"""Displays of distances between networks, of activations, manifolds and RDMs.

They follow scikit-learn's display objects: a ``from_*`` class method computes what
is shown and draws it, `plot` draws it again without computing, and both return the
display, whose ``ax_`` and ``figure_`` can be changed further. Matplotlib is only
imported when something is drawn. Figures of your own are best made with
``layout="constrained"``, which leaves space for names and legends, and within
``plt.rc_context(paper_style())`` if they are as narrow as a column. What is gray or black
follows the colors of the axes, so that styles with a dark ground work.
"""

from netrep_go.plotting._activations import AlignedActivationsDisplay
from netrep_go.plotting._benchmark import MeasureBenchmarkDisplay
from netrep_go.plotting._calibration import CalibrationDisplay
from netrep_go.plotting._capacity import CapacityDisplay
from netrep_go.plotting._comparison import ComparisonDisplay
from netrep_go.plotting._dendrogram import DendrogramDisplay
from netrep_go.plotting._disagreement import DisagreementDisplay
from netrep_go.plotting._embedding import EmbeddingDisplay
from netrep_go.plotting._encoding import BestLayersDisplay
from netrep_go.plotting._fusion import FusionDisplay
from netrep_go.plotting._generalization import TemporalGeneralizationDisplay
from netrep_go.plotting._heatmap import DistanceMatrixDisplay
from netrep_go.plotting._images import ImageManifoldsDisplay
from netrep_go.plotting._intervals import (
    BootstrapIntervalsDisplay,
    ReliabilityDisplay,
    ValueDifferencesDisplay,
)
from netrep_go.plotting._manifolds import (
    CenterDirectionsDisplay,
    ManifoldGeometryDisplay,
    SeparabilityDisplay,
)
from netrep_go.plotting._paper import paper_style
from netrep_go.plotting._permutations import PermutationTestDisplay
from netrep_go.plotting._rdms import RDMsDisplay
from netrep_go.plotting._report import LayerReportDisplay
from netrep_go.plotting._rsa import ModelEvaluationDisplay, RDMDisplay, RDMEmbeddingDisplay
from netrep_go.plotting._rsa_models import LayerEvaluationDisplay, VariancePartitionDisplay
from netrep_go.plotting._slices import SearchlightDisplay
from netrep_go.plotting._time_course import TimeCourseDisplay
from netrep_go.plotting._weights import ReweightingDisplay

__all__ = [
    "AlignedActivationsDisplay",
    "BestLayersDisplay",
    "BootstrapIntervalsDisplay",
    "CalibrationDisplay",
    "CapacityDisplay",
    "CenterDirectionsDisplay",
    "ComparisonDisplay",
    "DendrogramDisplay",
    "DisagreementDisplay",
    "DistanceMatrixDisplay",
    "EmbeddingDisplay",
    "FusionDisplay",
    "ImageManifoldsDisplay",
    "LayerEvaluationDisplay",
    "LayerReportDisplay",
    "ManifoldGeometryDisplay",
    "MeasureBenchmarkDisplay",
    "ModelEvaluationDisplay",
    "PermutationTestDisplay",
    "RDMDisplay",
    "RDMEmbeddingDisplay",
    "RDMsDisplay",
    "ReliabilityDisplay",
    "ReweightingDisplay",
    "SearchlightDisplay",
    "SeparabilityDisplay",
    "TemporalGeneralizationDisplay",
    "TimeCourseDisplay",
    "ValueDifferencesDisplay",
    "VariancePartitionDisplay",
    "paper_style",
]


def __dir__() -> list[str]:
    return sorted(__all__)
