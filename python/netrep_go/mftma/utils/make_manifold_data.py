"""mftma's module of this name."""

from netrep_go.mftma.utils._pytorch import make_manifold_data

__all__ = ["make_manifold_data"]


def __dir__() -> list[str]:
    return sorted(__all__)
