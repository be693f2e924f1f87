"""k-means in Procrustes space, under the name of netrep's module."""

from netrep_go.multiset import procrustes_kmeans

__all__ = ["procrustes_kmeans"]


def __dir__() -> list[str]:
    return sorted(__all__)
