"""Geometry and classification capacity of object manifolds."""

from netrep_go.capacity._formulas import (
    ball_capacity,
    conic_separability,
    cover_separability,
    disc_separability,
    ellipsoid_capacity,
    point_capacity,
    segment_separability,
)

__all__ = [
    "ball_capacity",
    "conic_separability",
    "cover_separability",
    "disc_separability",
    "ellipsoid_capacity",
    "point_capacity",
    "segment_separability",
]
