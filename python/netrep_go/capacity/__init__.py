"""Geometry and classification capacity of object manifolds."""
