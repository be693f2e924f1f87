"""Distances within and between sets of networks, their means and clusters."""

from netrep_go.multiset._distances import cross_distances, pairwise_distances
from netrep_go.multiset._kmeans import ProcrustesKMeans, procrustes_kmeans
from netrep_go.multiset._mean import euclidean_tangent_space, frechet_mean, procrustes_average
from netrep_go.multiset._store import DistanceStore, StoreStatus

__all__ = [
    "DistanceStore",
    "ProcrustesKMeans",
    "StoreStatus",
    "cross_distances",
    "euclidean_tangent_space",
    "frechet_mean",
    "pairwise_distances",
    "procrustes_average",
    "procrustes_kmeans",
]


def __dir__() -> list[str]:
    return sorted(__all__)
