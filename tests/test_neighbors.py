"""Neighbors are those of all pairs, and landmarks are as good as they say."""

import functools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from netrep_go.metrics import LinearMetric, as_measure, get_measure
from netrep_go.multiset import (
    _measured,
    cross_distances,
    landmark_distances,
    nearest_neighbors,
    pairwise_distances,
)


def between_points(x, y):
    return float(np.linalg.norm(x - y))


POINTS = as_measure(between_points, kind="distance", symmetric=True, triangle=True)


def families(rng, n_families, n, noise=0.2, shape=(20, 4)):
    centers = rng.standard_normal((n_families, *shape))
    return [x + noise * rng.standard_normal(shape) for x in centers for _ in range(n)]


def brute_force(D, k, within):
    """Return the nearest by all distances, of equals the first."""
    D = D.copy()
    if within:
        np.fill_diagonal(D, np.inf)
    indices = np.argsort(D, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(D, indices, axis=1)


METRICS = [
    LinearMetric(),
    LinearMetric(alpha=0.5),
    LinearMetric(score_method="euclidean"),
    get_measure("permutation"),
    get_measure("cka_angular"),
]


@pytest.mark.parametrize("metric", METRICS, ids=repr)
@pytest.mark.parametrize("n_neighbors", [1, 3, 17])
@pytest.mark.parametrize("noise", [0.05, 5.0])
def test_neighbors_are_those_of_all_pairs(rng, metric, n_neighbors, noise):
    networks = families(rng, 6, 3, noise)
    found = nearest_neighbors(metric, networks, n_neighbors=n_neighbors, verbose=False)
    D = pairwise_distances(metric, networks, verbose=False)
    indices, distances = brute_force(D, n_neighbors, True)
    assert_array_equal(found.indices, indices)
    assert_allclose(found.distances, distances, rtol=1e-10, atol=1e-12)
    assert found.n_pairs == 18 * 17 // 2
    assert found.n_measured <= found.n_pairs
    if n_neighbors == 17:
        assert found.share_skipped == 0


@pytest.mark.parametrize("n_neighbors", [1, 4])
@pytest.mark.parametrize("n_pivots", [1, 4, 99])
def test_neighbors_of_queries(rng, n_neighbors, n_pivots):
    networks, queries = families(rng, 8, 4), families(rng, 3, 2)
    queries.append(networks[5])  # which is its own neighbor
    found = nearest_neighbors(
        "procrustes", networks, queries, n_neighbors=n_neighbors, n_pivots=n_pivots, verbose=False
    )
    D = cross_distances("procrustes", queries, networks, verbose=False)
    indices, distances = brute_force(D, n_neighbors, False)
    assert_array_equal(found.indices, indices)
    assert_allclose(found.distances, distances, atol=1e-12)
    assert found.indices[-1, 0] == 5
    assert found.n_pairs == 7 * 32


def test_pairs_are_measured_once_and_counted(rng):
    networks = list(rng.standard_normal((80, 3)))
    measured = []

    def count(x, y):
        measured.append(frozenset((x.tobytes(), y.tobytes())))
        return between_points(x, y)

    counting = as_measure(count, kind="distance", symmetric=True, triangle=True)
    found = nearest_neighbors(counting, networks, n_neighbors=2, verbose=False)
    assert len(measured) == found.n_measured
    assert len(set(measured)) > 0.9 * found.n_measured
    assert found.share_skipped > 0.3  # of points in three dimensions
    assert_array_equal(found.indices, brute_force(cdist(networks, networks), 2, True)[0])


def test_families_skip_pairs_and_random_networks_none(rng):
    related = nearest_neighbors("procrustes", families(rng, 10, 8, 0.1), verbose=False)
    assert related.share_skipped > 0.5
    unrelated = nearest_neighbors("procrustes", families(rng, 60, 1), verbose=False)
    assert 0 <= unrelated.share_skipped < 0.1


@pytest.mark.parametrize("n_neighbors", [1, 2, 5])
def test_ties_and_copies_go_by_position(rng, n_neighbors):
    grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0)), axis=-1).reshape(-1, 2)
    for points in (grid, np.repeat(grid, 3, axis=0), np.zeros((6, 2)), grid[:, :1] * 0 + 1):
        found = nearest_neighbors(POINTS, list(points), n_neighbors=n_neighbors, verbose=False)
        D = cdist(points, points)
        assert_array_equal(found.indices, brute_force(D, n_neighbors, True)[0])


@pytest.mark.parametrize("scale", [1e-150, 1e-12, 1e12, 1e150])
def test_neighbors_do_not_depend_on_the_unit(rng, scale):
    points = rng.standard_normal((30, 2))
    found = nearest_neighbors(POINTS, list(scale * points), n_neighbors=2, verbose=False)
    assert_array_equal(found.indices, brute_force(cdist(points, points), 2, True)[0])
    assert found.share_skipped > 0.3


def test_few_networks(rng):
    two = list(rng.standard_normal((2, 5, 2)))
    assert nearest_neighbors("procrustes", two, verbose=False).indices.tolist() == [[1], [0]]
    alone = nearest_neighbors("procrustes", two[:1], two, verbose=False)
    assert alone.indices.tolist() == [[0], [0]]
    with pytest.raises(ValueError, match="n_neighbors must be at most 0, got 1"):
        nearest_neighbors("procrustes", two[:1], verbose=False)
    with pytest.raises(ValueError, match="n_neighbors must be at least 1"):
        nearest_neighbors("procrustes", two, n_neighbors=0, verbose=False)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("cka", "needs a distance, but .* is a similarity"),
        (between_points, "nothing says that .* is one"),
        (as_measure(between_points, kind="distance", triangle=True), "symmetric distance"),
        (as_measure(between_points, kind="distance", symmetric=True), "triangle inequality"),
        (LinearMetric(alpha=0.5, score_method="euclidean"), "triangle inequality, and nothing"),
    ],
)
def test_other_measures_are_refused(rng, metric, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbors(metric, list(rng.standard_normal((4, 5, 2))), verbose=False)


def test_a_declaration_that_is_false_is_found(rng):
    squares = as_measure(
        lambda x, y: between_points(x, y) ** 2, kind="distance", symmetric=True, triangle=True
    )
    with pytest.raises(ValueError, match=r"networks\[\d+\] and networks\[\d+\]: .* violates the"):
        nearest_neighbors(squares, list(rng.standard_normal((30, 1))), verbose=False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("function", [nearest_neighbors, landmark_distances])
def test_undefined_distances_are_named(rng, value, function):
    networks = {name: rng.standard_normal((4, 2)) for name in "abcdef"}

    def sometimes(x, y):
        of_e = (x[0, 0] == networks["e"][0, 0]) != (y[0, 0] == networks["e"][0, 0])
        return value if of_e else between_points(x, y)

    metric = as_measure(sometimes, kind="distance", symmetric=True, triangle=True)
    number = {"n_neighbors": 5} if function is nearest_neighbors else {"n_landmarks": 3}
    with pytest.raises(ValueError, match=rf"\['e'\].*their distance is {value}"):
        function(metric, networks, verbose=False, **number)


def test_neighbors_have_names(rng):
    pytest.importorskip("pandas")
    x = rng.standard_normal((3, 6, 2))
    networks = {"a": x[0], "b": x[1], "c": x[0] + 1e-3 * x[2]}
    table = nearest_neighbors("procrustes", networks, n_neighbors=2, verbose=False).to_frame()
    assert table["network"].tolist() == list("aabbcc")
    assert table["rank"].tolist() == [1, 2] * 3
    assert table["neighbor"].tolist()[::4] == ["c", "a"]
    queries = {"q": x[1]}
    found = nearest_neighbors("procrustes", networks, queries, verbose=False)
    assert found.to_frame()[["network", "neighbor"]].to_numpy().tolist() == [["q", "b"]]


def written(networks, tmp_path):
    """Return networks as a store takes them: paths, data sets and functions, and as a function."""
    h5py = pytest.importorskip("h5py")
    for i, x in enumerate(networks):
        np.save(tmp_path / f"{i}.npy", x)
    with h5py.File(tmp_path / "all.h5", "w") as file:
        for i, x in enumerate(networks):
            file[str(i)] = x
    paths = [tmp_path / f"{i}.npy" for i in range(len(networks))]
    sets = [f"{tmp_path}/all.h5::{i}" for i in range(len(networks))]
    loaders = [functools.partial(np.load, path) for path in paths]
    return [paths, dict(enumerate(sets)), loaders, [*paths[:4], *networks[4:]]]


@pytest.mark.parametrize("in_memory", [5, 256])
def test_networks_are_read_when_they_are_measured(rng, tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr(_measured, "_IN_MEMORY", in_memory)
    networks, queries = families(rng, 4, 4), families(rng, 3, 1)
    near = nearest_neighbors("procrustes", networks, queries, n_neighbors=2, verbose=False)
    far = landmark_distances("procrustes", networks, 6, random_state=0, verbose=False)
    names = list(range(len(networks)))
    given = written(networks, tmp_path)
    for xs, known in [*((xs, None) for xs in given), (lambda i: networks[i], names)]:
        found = nearest_neighbors(
            "procrustes", xs, queries, n_neighbors=2, names=known, verbose=False
        )
        assert_array_equal(found.indices, near.indices)
        assert_allclose(found.distances, near.distances, rtol=1e-9)
        assert found.names == names
        found = landmark_distances("procrustes", xs, 6, names=known, random_state=0, verbose=False)
        assert_allclose(found.distances(), far.distances(), rtol=1e-9, atol=1e-12)
    found = nearest_neighbors("procrustes", networks, given[0][3:5], verbose=False)
    assert found.indices.ravel().tolist() == [3, 4]
    (tmp_path / "2.npy").unlink()
    for function, number in ((nearest_neighbors, 1), (landmark_distances, 6)):
        with pytest.raises(FileNotFoundError, match=r"networks\[2\]: there is no file"):
            function("procrustes", given[0], **{_NUMBERS[function]: number}, verbose=False)


_NUMBERS = {nearest_neighbors: "n_neighbors", landmark_distances: "n_landmarks"}


@pytest.mark.parametrize("n_dimensions", [1, 3, 6])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_euclidean_distances_are_exact(rng, n_dimensions, scale):
    points = scale * rng.standard_normal((40, n_dimensions))
    found = landmark_distances(POINTS, list(points), 10, random_state=0, verbose=False)
    assert found.points.shape[1] == n_dimensions
    assert_allclose(found.distances(), cdist(points, points), rtol=1e-6, atol=1e-6 * scale)
    assert found.error < 1e-6 < found.error_of_mean
    later = scale * rng.standard_normal((5, n_dimensions))
    D = found.distances_from(cdist(later, points[found.landmarks]))
    assert_allclose(D, cdist(later, points), rtol=1e-6, atol=1e-6 * scale)


def test_what_is_off_the_space_counts(rng):
    """Directions that no landmark has, and no two networks share, are exact as well."""
    points = np.hstack([rng.standard_normal((30, 2)), np.zeros((30, 30))])
    points[:, 2:] = np.diag(1 + rng.random(30))
    order = np.random.RandomState(0).permutation(30)
    landmarks = np.sort(order[:12])
    points[landmarks, 2:] = 0
    found = landmark_distances(POINTS, list(points), 12, random_state=0, verbose=False)
    assert_array_equal(found.landmarks, landmarks)
    assert_allclose(found.distances(), cdist(points, points), rtol=1e-6, atol=1e-7)
    assert found.error < 1e-6
    off = np.setdiff1d(np.arange(30), landmarks)
    assert_allclose(found.residuals[off], points[off, 2 + off], rtol=1e-6)


def test_residuals_are_the_formula(rng):
    networks = families(rng, 5, 6)
    found = landmark_distances("procrustes", networks, 8, random_state=1, verbose=False)
    D = pairwise_distances("procrustes", networks, verbose=False)
    L = found.landmarks
    assert_allclose(found.measured, D[:, L], atol=1e-12)
    squares = (D[:, L] ** 2).mean(axis=1) - (D[np.ix_(L, L)] ** 2).mean() / 2
    squares -= (found.points**2).sum(axis=1)
    assert_allclose(found.residuals**2, np.maximum(squares, 0), atol=1e-10)
    estimated = np.sqrt(
        cdist(found.points, found.points) ** 2
        + np.add.outer(found.residuals**2, found.residuals**2)
    )
    estimated[:, L], estimated[L] = D[:, L], D[L]
    np.fill_diagonal(estimated, 0)
    assert_allclose(found.distances(), estimated, atol=1e-10)
    assert_allclose(found.distances([3, 7]), found.distances()[[3, 7]])
    assert_allclose(found.distances_from(D[:, L])[:, L], D[:, L])


def test_the_error_is_that_of_pairs_without_landmarks(rng):
    networks = families(rng, 5, 8, 0.5)
    found = landmark_distances(
        "procrustes", networks, 10, n_held_out=30, random_state=0, verbose=False
    )
    D = pairwise_distances("procrustes", networks, verbose=False)
    others = np.setdiff1d(np.arange(40), found.landmarks)
    pairs = np.ix_(others, others)
    above = np.triu_indices(30, 1)

    def error(estimated):
        return np.sqrt(np.mean((estimated - D[pairs])[above] ** 2) / np.mean(D[pairs][above] ** 2))

    assert_allclose(found.error, error(found.distances()[pairs]), rtol=1e-9)
    assert_allclose(found.error_of_mean, error(D[np.ix_(others, found.landmarks)].mean()))
    assert found.error < 0.8 * found.error_of_mean


def test_landmarks_that_do_not_pay_say_so(rng):
    networks = families(rng, 50, 1, shape=(50, 4))
    with pytest.warns(UserWarning, match="is not below that of guessing the mean"):
        found = landmark_distances("procrustes", networks, 5, random_state=0, verbose=False)
    assert found.error >= found.error_of_mean


def test_landmarks_are_seeded_and_named(rng):
    pandas = pytest.importorskip("pandas")
    networks = {f"net{i}": x for i, x in enumerate(families(rng, 4, 5))}
    first, second = (
        landmark_distances("procrustes", networks, 6, random_state=seed, verbose=False).to_frame()
        for seed in (0, np.random.RandomState(0))
    )
    pandas.testing.assert_frame_equal(first, second)
    assert first.index.tolist() == first.columns.tolist() == list(networks)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_landmarks": 1}, "n_landmarks must be at least 2"),
        ({"n_landmarks": 9}, "n_landmarks must be at most 8"),
        ({"n_landmarks": 4, "n_held_out": 1}, "n_held_out must be at least 2"),
        ({"n_landmarks": 4, "n_components": 5}, "n_components"),
    ],
)
def test_numbers_out_of_range(rng, options, message):
    with pytest.raises(ValueError, match=message):
        landmark_distances(
            "procrustes", list(rng.standard_normal((10, 5, 2))), verbose=False, **options
        )
