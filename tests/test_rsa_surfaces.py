"""Searchlights on surfaces against shortest paths over the whole graph."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist

from netrep_go.rsa import searchlight
from netrep_go.rsa._surfaces import neighbors_along


def sphere(rng, n=400):
    points = rng.standard_normal((n, 3))
    points *= 20 / np.linalg.norm(points, axis=1, keepdims=True)
    return points, ConvexHull(points).simplices


def plane(n):
    """A square grid of n x n vertices of distance 1, each square cut in two."""
    vertices = np.array([(i, j, 0) for i in range(n) for j in range(n)], float)
    corner = np.array([i * n + j for i in range(n - 1) for j in range(n - 1)])
    faces = [corner[:, None] + each for each in ([0, 1, n], [1, n, n + 1])]
    return vertices, np.concatenate(faces)


def all_paths(vertices, faces):
    """Shortest paths between all vertices."""
    lengths = np.full((len(vertices),) * 2, np.inf)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        edge = np.linalg.norm(vertices[faces[:, a]] - vertices[faces[:, b]], axis=1)
        lengths[faces[:, a], faces[:, b]] = lengths[faces[:, b], faces[:, a]] = edge
    graph = sparse.csr_array(np.where(np.isfinite(lengths), lengths, 0))
    return dijkstra(graph)


@pytest.mark.parametrize("radius", [0.5, 4.0, 9.0, 100.0])
@pytest.mark.parametrize("geodesic", [True, False])
def test_neighbors(rng, radius, geodesic):
    vertices, faces = sphere(rng)
    distances = all_paths(vertices, faces) if geodesic else cdist(vertices, vertices)
    found = neighbors_along(vertices, faces, radius, geodesic, np.arange(400))
    for row, near in zip(distances, found, strict=True):
        np.testing.assert_array_equal(near, np.flatnonzero(row < radius))


def test_what_is_close_in_space_may_be_far_along_the_surface():
    """Two banks of a sulcus: sheets a tenth apart that hang together at one edge."""
    vertices, faces = plane(8)
    banks = np.concatenate([vertices, np.add(vertices, [0, 0, 0.1])])
    bridge = [[0, 1, 64], [1, 64, 65]]
    sheets = np.concatenate([faces, faces + 64, bridge])
    center = np.array([63])
    along, through = (neighbors_along(banks, sheets, 1.2, g, center)[0] for g in (True, False))
    assert along.tolist() == [55, 62, 63]
    assert through.tolist() == [55, 62, 63, 119, 126, 127]


def test_a_vertex_at_the_radius_is_outside():
    vertices, faces = plane(5)
    along = neighbors_along(vertices, faces, 2, True, np.array([12]))[0]
    assert not {2, 10, 14, 22} & set(along.tolist())
    assert {7, 11, 12, 13, 17} <= set(along.tolist())


def test_vertices_without_faces_and_vertices_in_one_place():
    vertices, faces = plane(4)
    vertices = np.concatenate([vertices, [[50.0, 0, 0]], vertices[:1]])
    faces = np.concatenate([faces, [[0, 1, 17]]])
    found = neighbors_along(vertices, faces, 0.5, True, np.array([0, 16, 17]))
    assert [near.tolist() for near in found] == [[0, 17], [16], [0, 17]]


@pytest.fixture
def cortex(rng):
    vertices, faces = sphere(rng)
    return vertices, faces, rng.standard_normal((6, 400)), rng.random((2, 15))


@pytest.mark.parametrize("step", [1, 3])
def test_searchlights(cortex, step, rng):
    vertices, faces, data, models = cortex
    mask = rng.random(400) > 0.3
    near = [np.flatnonzero((row < 8) & mask) for row in all_paths(vertices, faces)]
    centers = np.flatnonzero(mask & (np.arange(400) % step == 0))
    want = searchlight(data, models, neighbors=[near[k] for k in centers], metric="euclidean")
    options = {"surface": (vertices, faces), "radius": 8, "metric": "euclidean", "step": step}
    for x in (data, data[:, mask]):
        result = searchlight(x, models, mask=mask, **options)
        np.testing.assert_array_equal(result.centers, centers)
        np.testing.assert_array_equal(result.scores, want.scores)
    scores = result.to_volume()
    np.testing.assert_array_equal(scores[centers], result.scores[:, 0])
    assert np.isnan(np.delete(scores, centers)).all()
    assert scores.shape == (400,)


def test_threshold(cortex, rng):
    vertices, faces, data, models = cortex
    mask = np.ones(400, bool)
    mask[vertices[:, 2] > 5] = False
    options = {"surface": (vertices, faces), "mask": mask, "radius": 8, "metric": "euclidean"}
    result = searchlight(data, models, threshold=0.9, **options)
    rows = all_paths(vertices, faces) < 8
    part = (rows & mask).sum(axis=1) / rows.sum(axis=1)
    np.testing.assert_array_equal(result.centers, np.flatnonzero(mask & (part >= 0.9)))
    alone = np.zeros(400)
    alone[3] = 1
    with pytest.raises(ValueError, match=r"threshold=0\.9 leaves no center: no vertex has so much"):
        searchlight(data, models, threshold=0.9, **{**options, "mask": alone})


def test_gifti(cortex, tmp_path):
    nibabel = pytest.importorskip("nibabel", reason="GIFTI images need nibabel")
    vertices, faces, data, models = cortex
    gifti = nibabel.gifti
    shape = gifti.GiftiImage(
        darrays=[
            gifti.GiftiDataArray(faces.astype(np.int32), "NIFTI_INTENT_TRIANGLE"),
            gifti.GiftiDataArray(vertices.astype(np.float32), "NIFTI_INTENT_POINTSET"),
        ]
    )
    maps = [gifti.GiftiDataArray(row.astype(np.float32), "NIFTI_INTENT_SHAPE") for row in data]
    nibabel.save(shape, tmp_path / "lh.surf.gii")
    nibabel.save(gifti.GiftiImage(darrays=maps), tmp_path / "lh.func.gii")
    for k, each in enumerate(maps):
        nibabel.save(gifti.GiftiImage(darrays=[each]), tmp_path / f"{k}.gii")
    single = data.astype(np.float32), vertices.astype(np.float32)
    want = searchlight(single[0], models, surface=(single[1], faces), radius=8)
    for x in (tmp_path / "lh.func.gii", [str(tmp_path / f"{k}.gii") for k in range(6)]):
        for surface in (shape, tmp_path / "lh.surf.gii"):
            result = searchlight(x, models, surface=surface, radius=8)
            np.testing.assert_array_equal(result.scores, want.scores)
    nibabel.save(result.to_gifti(1), tmp_path / "scores.gii")
    back = nibabel.load(tmp_path / "scores.gii").darrays[0].data
    np.testing.assert_array_equal(back, result.scores[:, 1].astype(np.float32))
    with pytest.raises(ValueError, match="surface must have vertices and faces"):
        searchlight(data, models, surface=tmp_path / "lh.func.gii", radius=8)
    volume = nibabel.Nifti1Image(np.ones((4, 5, 6)), np.eye(4))
    with pytest.raises(TypeError, match="data must be images of a surface"):
        searchlight(volume, models, surface=shape, radius=8)
    with pytest.raises(ValueError, match="there is no affine"):
        result.to_nifti()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"surface": np.ones((3, 3))}, "surface must be a pair of vertices and faces"),
        ({"surface": (np.ones((400, 2)), [[0, 1, 2]])}, "must have 3 columns, got 2"),
        ({"surface": (np.full((400, 3), np.nan), [[0, 1, 2]])}, "vertices of surface"),
        ({"surface": (np.ones((400, 3)), [[0, 1, 400]])}, "vertices 0 to 399, got 400"),
        ({"surface": (np.ones((400, 3)), [[0, -1, 4]])}, "vertices 0 to 399, got -1"),
        ({"surface": (np.ones((400, 3)), [[0, 1.5, 4]])}, "triangles of integers"),
        ({"surface": (np.ones((400, 3)), [[0, 1, 2, 3]])}, r"shape \(n_faces, 3\), got"),
        ({"surface": (np.ones((399, 3)), [[0, 1, 2]])}, "data must have shape"),
        ({"mask": np.ones(399)}, "mask must have a value for each of the 400 vertices"),
        ({"mask": np.zeros(400)}, "mask must have at least one"),
        ({"radius": 0}, "radius must be in"),
        ({"neighbors": [[0]]}, "either mask or neighbors, or surface"),
        ({"affine": np.eye(4)}, "affine is for a mask of voxels"),
        ({"threshold": 2}, "threshold must be in"),
    ],
)
def test_errors(cortex, change, message):
    vertices, faces, data, models = cortex
    arguments = {"surface": (vertices, faces), "radius": 8.0} | change
    with pytest.raises((ValueError, TypeError), match=message):
        searchlight(data, models, **arguments)
