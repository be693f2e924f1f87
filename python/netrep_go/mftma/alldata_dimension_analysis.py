"""mftma's module of this name."""

from netrep_go.capacity._mftma import alldata_dimension_analysis

__all__ = ["alldata_dimension_analysis"]


def __dir__() -> list[str]:
    return sorted(__all__)
