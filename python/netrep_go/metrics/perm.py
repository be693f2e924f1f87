"""The permutation metric, under the name of netrep's module."""

from netrep_go.metrics import PermutationMetric

__all__ = ["PermutationMetric"]


def __dir__() -> list[str]:
    return sorted(__all__)
