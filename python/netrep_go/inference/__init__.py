"""Inference on any measure: whether a value is large, and how sure it is."""

from netrep_go.inference._calibration import Calibration, calibrate

__all__ = ["Calibration", "calibrate"]


def __dir__() -> list[str]:
    return sorted(__all__)
