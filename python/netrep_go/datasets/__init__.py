"""Families of networks and stimuli to analyze."""

from netrep_go.datasets._affine import affine_manifolds, preprocess_images
from netrep_go.datasets._digits import digits_networks
from netrep_go.datasets._objects92 import objects92

__all__ = ["affine_manifolds", "digits_networks", "objects92", "preprocess_images"]


def __dir__() -> list[str]:
    return sorted(__all__)
