"""Inference on any measure: what several say, whether a value is large, and how sure it is."""

from netrep_go.inference._benchmark import MeasureBenchmark, benchmark_measures
from netrep_go.inference._bootstrap import BootstrapIntervals, bootstrap
from netrep_go.inference._calibration import Calibration, Calibrations, calibrate
from netrep_go.inference._compare import NetworkComparison, compare_networks
from netrep_go.inference._differences import ValueDifferences, compare_values
from netrep_go.inference._fusion import (
    FusedSimilarity,
    MeasureDisagreement,
    disagreement,
    fuse,
)
from netrep_go.inference._reliability import Reliability, reliability

__all__ = [
    "BootstrapIntervals",
    "Calibration",
    "Calibrations",
    "FusedSimilarity",
    "MeasureBenchmark",
    "MeasureDisagreement",
    "NetworkComparison",
    "Reliability",
    "ValueDifferences",
    "benchmark_measures",
    "bootstrap",
    "calibrate",
    "compare_networks",
    "compare_values",
    "disagreement",
    "fuse",
    "reliability",
]


def __dir__() -> list[str]:
    return sorted(__all__)
