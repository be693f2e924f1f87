"""The linear metrics, under the name of netrep's module."""

from netrep_go.metrics import LinearMetric

__all__ = ["LinearMetric"]


def __dir__() -> list[str]:
    return sorted(__all__)
