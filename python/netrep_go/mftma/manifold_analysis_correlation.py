"""mftma's module of this name."""

from netrep_go.capacity._mftma import manifold_analysis_corr

__all__ = ["manifold_analysis_corr"]


def __dir__() -> list[str]:
    return sorted(__all__)
