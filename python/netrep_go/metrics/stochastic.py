"""The metrics between networks with noise, under the name of netrep's module."""

from netrep_go.metrics import EnergyStochasticMetric, GaussianStochasticMetric

__all__ = ["EnergyStochasticMetric", "GaussianStochasticMetric"]


def __dir__() -> list[str]:
    return sorted(__all__)
