"""Surfaces of vertices and faces, and the neighbors of vertices along them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from netrep_go._optional import optional
from netrep_go._shown import kind_of
from netrep_go._validation import as_array, as_reals, check_number
from netrep_go.rsa._images import Image, holds_images, is_gifti, opened

Surface = tuple[ArrayLike, ArrayLike] | Image  # vertices and faces

_POINTS, _TRIANGLES = 1008, 1009  # intents of GIFTI
_TOGETHER = 64  # vertices whose distances are found in one piece of the surface


def as_surface(surface: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices and faces of a pair, of a GIFTI image, or of its file."""
    surface = opened(surface, "surface")
    if is_gifti(surface):
        arrays = {each.intent: each.data for each in surface.darrays}
        if not {_POINTS, _TRIANGLES} <= set(arrays):
            raise ValueError("surface must have vertices and faces, and this image has not both")
        surface = arrays[_POINTS], arrays[_TRIANGLES]
    if not isinstance(surface, (tuple, list)) or len(surface) != 2:
        raise TypeError(
            f"surface must be a pair of vertices and faces, or a GIFTI image, got "
            f"{kind_of(surface)}"
        )
    vertices = as_array(surface[0], "the vertices of surface", 2)
    faces = as_reals(surface[1], "the faces of surface")
    if vertices.shape[1] != 3:
        raise ValueError(f"the vertices of surface must have 3 columns, got {vertices.shape[1]}")
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype.kind not in "iu":
        raise ValueError(
            f"the faces of surface must be triangles of integers, of shape (n_faces, 3), got "
            f"{faces.dtype} of shape {faces.shape}"
        )
    if faces.size and not 0 <= faces.min() <= faces.max() < len(vertices):
        odd = faces.min() if faces.min() < 0 else faces.max()
        raise ValueError(
            f"the faces of surface must be of vertices 0 to {len(vertices) - 1}, got {odd}"
        )
    return vertices, faces.astype(np.int64)


def on_vertices(maps: Any, name: str) -> Any:
    """Return the maps of GIFTI images, or of their files, as rows; others as they are."""
    if not holds_images(maps):
        return maps
    images = maps if isinstance(maps, (list, tuple)) else [maps]
    rows: list[np.ndarray] = []
    for image in (opened(each, name) for each in images):
        if not is_gifti(image):
            raise TypeError(f"{name} must be images of a surface, got {kind_of(image)}")
        rows.extend(as_reals(each.data, name) for each in image.darrays)
    if len({row.shape for row in rows}) != 1:
        shapes = sorted({row.shape for row in rows})
        raise ValueError(f"{name} must have maps of one number of vertices, got shapes {shapes}")
    return np.stack(rows)


def neighbors_along(
    vertices: np.ndarray, faces: np.ndarray, radius: float, geodesic: bool, centers: np.ndarray
) -> list[np.ndarray]:
    """Return the vertices that are closer to each center than the radius, and the center.

    Along edges, by Dijkstra, or through space.
    """
    check_number(radius, "radius", np.nextafter(0, 1), 1000)
    tree = cKDTree(vertices)
    if not geodesic:
        return [_within(vertices, c, found, radius) for c, found in _around(tree, centers, radius)]
    edges = _edges(vertices, faces)
    wanted = np.zeros(len(vertices), bool)
    wanted[centers] = True
    order = tree.indices[wanted[tree.indices]]  # those next to each other one after the other
    near: dict[int, np.ndarray] = {}
    for start in range(0, len(order), _TOGETHER):
        near.update(_along(edges, tree, order[start : start + _TOGETHER], radius))
    return [near[int(center)] for center in centers]


def _around(tree: cKDTree, centers: np.ndarray, radius: float) -> Iterator[tuple[int, np.ndarray]]:
    for center in centers:
        yield center, np.sort(tree.query_ball_point(tree.data[center], radius))


def _within(vertices: np.ndarray, center: int, found: np.ndarray, radius: float) -> np.ndarray:
    distances = np.linalg.norm(vertices[found] - vertices[center], axis=1)
    return found[(distances < radius) | (found == center)]


def _along(
    edges: sparse.csr_array, tree: cKDTree, centers: np.ndarray, radius: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the neighbors of some centers, by the piece of the surface that is close to them.

    No path of that length leaves the ball around where it begins.
    """
    reach = np.nextafter(radius, np.inf) * (1 + 1e-9)
    balls = tree.query_ball_point(tree.data[centers], reach, return_sorted=True)
    piece = np.unique(np.concatenate([np.asarray(ball, np.int64) for ball in balls]))
    at = np.searchsorted(piece, centers)
    lengths = dijkstra(edges[piece][:, piece], directed=False, indices=at, limit=reach)
    for center, row in zip(centers, lengths, strict=True):
        yield int(center), piece[row < radius]


def _edges(vertices: np.ndarray, faces: np.ndarray) -> sparse.csr_array:
    """Return the length of each edge, once."""
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [0, 2]]]), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    lengths = np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1)
    n = len(vertices)
    return sparse.csr_array((lengths, (pairs[:, 0], pairs[:, 1])), shape=(n, n))


def to_gifti(values: np.ndarray) -> Any:
    """Return a value for each vertex, or rows of them, as an image of nibabel."""
    gifti = optional("nibabel", "neuro", "to_gifti").gifti
    options = {"intent": "NIFTI_INTENT_SHAPE", "datatype": "NIFTI_TYPE_FLOAT32"}
    rows = np.atleast_2d(values).astype(np.float32)
    return gifti.GiftiImage(darrays=[gifti.GiftiDataArray(row, **options) for row in rows])
