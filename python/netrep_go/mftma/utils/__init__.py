"""mftma's helpers: manifolds from a data set, and activations of a PyTorch model."""

from netrep_go.mftma.utils import activation_extractor, make_manifold_data

__all__ = ["activation_extractor", "make_manifold_data"]


def __dir__() -> list[str]:
    return sorted(__all__)
