"""Distances within and between sets of networks, their means and clusters."""

from netrep_go.multiset._distances import cross_distances, pairwise_distances
from netrep_go.multiset._kmeans import ProcrustesKMeans, procrustes_kmeans
from netrep_go.multiset._landmarks import LandmarkDistances, landmark_distances
from netrep_go.multiset._manifest import StoreStatus
from netrep_go.multiset._mean import euclidean_tangent_space, frechet_mean, procrustes_average
from netrep_go.multiset._neighbors import Neighbors, nearest_neighbors
from netrep_go.multiset._store import DistanceStore

__all__ = [
    "DistanceStore",
    "LandmarkDistances",
    "Neighbors",
    "ProcrustesKMeans",
    "StoreStatus",
    "cross_distances",
    "euclidean_tangent_space",
    "frechet_mean",
    "landmark_distances",
    "nearest_neighbors",
    "pairwise_distances",
    "procrustes_average",
    "procrustes_kmeans",
]


def __dir__() -> list[str]:
    return sorted(__all__)
