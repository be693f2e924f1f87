"""Centered kernel alignment, under the name of netrep's module."""

from netrep_go.metrics import LinearCKA

__all__ = ["LinearCKA"]


def __dir__() -> list[str]:
    return sorted(__all__)
