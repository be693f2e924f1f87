"""mftma's module of this name."""

from netrep_go.mftma.utils._pytorch import extractor

__all__ = ["extractor"]


def __dir__() -> list[str]:
    return sorted(__all__)
