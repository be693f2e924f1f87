"""What all the analyses say of the layers of a network: one call, one page."""

from netrep_go.report._report import layer_report
from netrep_go.report._result import LayerReport

__all__ = ["LayerReport", "layer_report"]


def __dir__() -> list[str]:
    return sorted(__all__)
