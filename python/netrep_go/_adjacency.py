"""Which points of a map are neighbors: of grids, surfaces, graphs, and products of these."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import as_array, as_mask, check_integer

Adjacency = sparse.sparray | sparse.spmatrix | ArrayLike | int | tuple[Any, ...] | None


@checked
def volume_adjacency(mask: ArrayLike, neighbors: int | None = None) -> sparse.csr_array:
    """Return which voxels of a mask are neighbors.

    Parameters
    ----------
    mask : array_like of bool of shape (*shape,)
        Which voxels there are, in a grid of any number of dimensions.
    neighbors : int, default=None
        How many neighbors a voxel has inside of the grid: 6 that share a face, 18 that share
        an edge, or 26 that share a corner; 4 or 8 in two dimensions, 2 in one. None for those
        that share a face.

    Returns
    -------
    scipy.sparse.csr_array of shape (n_voxels, n_voxels)
        1 for neighbors; voxels are in the order of ``mask.ravel()``.

    Raises
    ------
    ValueError
        If the mask is empty, or a grid has no such neighbors.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import volume_adjacency
    >>> volume_adjacency(np.ones((3, 3, 3)), 26).sum(axis=1).max()
    np.int64(26)
    """
    return grid(as_mask(mask, "mask"), neighbors, "neighbors")


@checked
def surface_adjacency(faces: ArrayLike, n_vertices: int | None = None) -> sparse.csr_array:
    """Return which vertices of a surface are neighbors: those that share an edge of a face.

    Parameters
    ----------
    faces : array_like of int of shape (n_faces, 3)
        Vertices of each triangle, counted from 0.
    n_vertices : int, default=None
        Number of vertices; None for the largest in `faces` and 1.

    Returns
    -------
    scipy.sparse.csr_array of shape (n_vertices, n_vertices)
        1 for neighbors.

    Raises
    ------
    ValueError
        If faces are no triangles, or of vertices that there are not.

    Examples
    --------
    >>> from netrep_go.rsa import surface_adjacency
    >>> surface_adjacency([[0, 1, 2], [1, 2, 3]]).toarray().tolist()
    [[0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]]
    """
    triangles = as_array(faces, "faces", 2)
    if triangles.shape[1] != 3:
        raise ValueError(f"faces must have shape (n_faces, 3), got {triangles.shape}")
    if (triangles % 1 != 0).any():
        raise ValueError(f"faces must be integers, got {triangles[triangles % 1 != 0][0]:g}")
    triangles = triangles.astype(np.int64)
    if n_vertices is None:
        n_vertices = int(triangles.max()) + 1
    check_integer(n_vertices, "n_vertices", 1)
    if triangles.min() < 0 or triangles.max() >= n_vertices:
        raise ValueError(
            f"faces must be of vertices from 0 to {n_vertices - 1}, got "
            f"{triangles.min()} to {triangles.max()}"
        )
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])
    return _of_edges(edges[:, 0], edges[:, 1], n_vertices)


def neighbor_graph(adjacency: Any, inside: np.ndarray) -> sparse.csr_array:
    """Return the neighbors among points that are inside, from any form of an adjacency."""
    if adjacency is None or isinstance(adjacency, (int, np.integer)):
        return grid(inside, adjacency, "adjacency")
    if isinstance(adjacency, tuple) and any(map(_is_of_axis, adjacency)):
        whole = _product(adjacency, inside.shape)
    elif inside.ndim == 1:
        whole = _as_graph(adjacency, "adjacency", inside.size)
    else:
        raise ValueError(
            "adjacency must be of points of one axis, or a tuple with one for each axis, got "
            f"{shown(adjacency)} for points of shape {inside.shape}"
        )
    points = np.flatnonzero(inside)
    return whole[points][:, points]


def grid(
    inside: np.ndarray, n_neighbors: int | np.integer[Any] | None, name: str
) -> sparse.csr_array:
    """Return the neighbors among the points inside of a grid."""
    n_axes = _axes_of(n_neighbors, inside.ndim, name)
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(np.count_nonzero(inside))
    pairs = []
    for step in product((1, 0, -1), repeat=inside.ndim):
        if 0 < np.count_nonzero(step) <= n_axes and step > (0,) * inside.ndim:
            one = number[tuple(slice(max(0, -s), n - max(0, s)) for s, n in _along(step, inside))]
            other = number[tuple(slice(max(0, s), n - max(0, -s)) for s, n in _along(step, inside))]
            both = (one >= 0) & (other >= 0)
            pairs.append((one[both], other[both]))
    rows, columns = (np.concatenate(x) for x in zip(*pairs, strict=True))
    return _of_edges(rows, columns, int(np.count_nonzero(inside)))


def spaced_grid(points: np.ndarray, shape: tuple[int, ...], step: int) -> sparse.csr_array:
    """Return the neighbors among flat points of a grid, those that differ by a step on one axis.

    The points lie on every step-th plane along each axis.
    """
    inside = np.zeros(shape, bool)
    inside.flat[points] = True
    edges = grid(inside[(slice(None, None, step),) * len(shape)], None, "adjacency").tocoo()
    return _of_edges(points[edges.row], points[edges.col], inside.size)


def _along(step: tuple[int, ...], inside: np.ndarray) -> Any:
    return zip(step, inside.shape, strict=True)


def _axes_of(n_neighbors: int | np.integer[Any] | None, ndim: int, name: str) -> int:
    """Return along how many axes neighbors may differ at once."""
    if n_neighbors is None:
        return 1
    counts = np.cumsum([comb(ndim, k) * 2**k for k in range(1, ndim + 1)]).tolist()
    if isinstance(n_neighbors, bool) or n_neighbors not in counts:
        *most, last = map(str, counts)
        allowed = f"{', '.join(most)} or {last}" if most else last
        raise ValueError(
            f"{name} must be {allowed} for a grid with {ndim} axes, got {shown(n_neighbors)}"
        )
    return counts.index(int(n_neighbors)) + 1


def _is_of_axis(item: Any) -> bool:
    """Whether an item of a tuple is the adjacency of an axis, not a row of a matrix."""
    is_matrix = isinstance(item, np.ndarray) and item.ndim == 2
    return item is None or is_matrix or sparse.issparse(item)


def _product(axes: tuple[Any, ...], shape: tuple[int, ...]) -> sparse.csr_array:
    """Return the graph whose neighbors differ along one axis, where they are neighbors."""
    if len(axes) != len(shape):
        raise ValueError(
            f"adjacency must have one for each of {len(shape)} axes of points, got {len(axes)}"
        )
    whole = sparse.csr_array((1, 1))
    for k, (axis, n) in enumerate(zip(axes, shape, strict=True)):
        graph = (
            grid(np.ones(n, bool), None, "adjacency")
            if axis is None
            else _as_graph(axis, f"adjacency[{k}]", n)
        )
        whole = sparse.kron(whole, sparse.eye_array(n)) + sparse.kron(
            sparse.eye_array(whole.shape[0]), graph
        )
    return _symmetric(sparse.csr_array(whole))


def _as_graph(adjacency: Any, name: str, n_points: int) -> sparse.csr_array:
    """Return an adjacency of which any entry other than 0 is an edge, in either direction."""
    if not sparse.issparse(adjacency):
        adjacency = np.asarray(adjacency)
    if adjacency.shape != (n_points, n_points):
        raise ValueError(
            f"{name} must be square with a row for each point, of shape "
            f"({n_points}, {n_points}), got {adjacency.shape}"
        )
    if adjacency.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers, got {adjacency.dtype}")
    graph = sparse.csr_array(adjacency, copy=True)
    if np.isnan(graph.data).any():
        raise ValueError(f"{name} must not have NaN")
    graph.sum_duplicates()
    return _symmetric(graph)


def _symmetric(graph: sparse.csr_array) -> sparse.csr_array:
    graph.eliminate_zeros()
    edges = graph.tocoo()
    apart = edges.row != edges.col
    return _of_edges(edges.row[apart], edges.col[apart], graph.shape[0])


def _of_edges(one: np.ndarray, other: np.ndarray, n_points: int) -> sparse.csr_array:
    """Return the symmetric matrix of edges, each of which may be named more than once."""
    ends = np.concatenate([one, other]), np.concatenate([other, one])
    graph = sparse.csr_array((np.ones(2 * len(one), np.int64), ends), (n_points, n_points))
    graph.sum_duplicates()
    graph.data[:] = 1
    return graph
