"""The metric between Gaussian processes, under the name of netrep's module."""

from netrep_go.metrics import GPStochasticMetric

__all__ = ["GPStochasticMetric"]


def __dir__() -> list[str]:
    return sorted(__all__)
