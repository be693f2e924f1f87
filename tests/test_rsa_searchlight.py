"""Searchlights against RDMs computed one by one, and against rsatoolbox."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import spearmanr

from netrep_go.rsa import compare, evaluate, rdm, rsa_score, searchlight, time_resolved
from netrep_go.rsa._compare import SIMILARITIES
from netrep_go.rsa._lights import _in_volume
from netrep_go.rsa._rdm import PLAIN_METRICS

GOLDEN = json.loads((Path(__file__).parent / "golden/rsatoolbox_models.json").read_text())
SHAPE = (5, 4, 6)


@pytest.fixture
def brain(rng):
    """Data, a mask with holes, and two models of 7 conditions."""
    mask = rng.random(SHAPE) > 0.2
    return rng.standard_normal((7, *SHAPE)), mask, rng.random((2, 21))


def brute_force(data, mask, radius, threshold, models, metric, score):
    """Return centers and scores, one searchlight after the other."""
    voxels = np.argwhere(np.ones(mask.shape))
    centers, scores = [], []
    for k, center in enumerate(voxels):
        near = cdist(voxels, [center])[:, 0] < radius
        inside = near & mask.ravel()
        if not mask.ravel()[k] or inside.sum() / near.sum() < threshold:
            continue
        measured = pdist(data.reshape(len(data), -1)[:, inside], metric)
        centers.append(k)
        scores.append([score(measured, model) for model in models])
    return np.array(centers), np.array(scores)


@pytest.mark.parametrize("metric", ["correlation", "cosine", "euclidean", "sqeuclidean"])
@pytest.mark.parametrize(("radius", "threshold"), [(2.5, 0.0), (2, 0.8), (1.5, 0.6)])
def test_scores_are_those_of_each_rdm(brain, metric, radius, threshold):
    data, mask, models = brain
    result = searchlight(data, models, mask=mask, radius=radius, threshold=threshold, metric=metric)
    centers, scores = brute_force(
        data, mask, radius, threshold, models, metric, lambda a, b: spearmanr(a, b).statistic
    )
    np.testing.assert_array_equal(result.centers, centers)
    np.testing.assert_allclose(result.scores, scores, atol=1e-9)


@pytest.mark.parametrize("metric", PLAIN_METRICS)
def test_every_metric_that_takes_responses_alone(rng, metric):
    data, models = rng.random((7, 12)), rng.random((2, 21))
    neighbors = [np.arange(5), np.arange(3, 12)]
    result = searchlight(data, models, neighbors=neighbors, metric=metric)
    want = [compare(rdm(data[:, near], metric), models) for near in neighbors]
    np.testing.assert_allclose(result.scores, np.reshape(want, (2, 2)), atol=1e-9)


@pytest.mark.parametrize("case", GOLDEN["searchlights"], ids=lambda c: str(c["radius"]))
@pytest.mark.parametrize("method", ["corr", "spearman", "cosine"])
def test_rsatoolbox(case, method):
    mask, data, models = (np.array(case[key]) for key in ("mask", "data", "models"))
    name = "pearson" if method == "corr" else method
    neighbors = case["neighbors"]
    given = searchlight(data, models, neighbors=neighbors, method=name)
    np.testing.assert_allclose(given.scores, case[method], atol=1e-9)
    assert given.n_features.tolist() == [len(n) for n in neighbors]
    around = searchlight(
        data, models, mask=mask, radius=case["radius"], threshold=case["threshold"], method=name
    )
    np.testing.assert_array_equal(around.centers, case["centers"])
    if case["truncate"]:
        np.testing.assert_allclose(around.scores, case[method], atol=1e-9)


def layouts(data, mask):
    """The same responses in every form that is taken."""
    n = len(data)
    inside = data[:, mask]
    nifti = np.asfortranarray(np.moveaxis(data, 0, -1))
    return {
        "volume": data,
        "flat": data.reshape(n, -1),
        "masked": inside,
        "masked, turned": np.asfortranarray(inside),
        "last axis": np.moveaxis(np.ascontiguousarray(np.moveaxis(data, 0, -1)), -1, 0),
        "Fortran": np.asfortranarray(data),
        "NIfTI": np.moveaxis(nifti, -1, 0),
        "strided": np.repeat(data, 2, axis=2)[:, :, ::2],
        "odd axes": np.ascontiguousarray(data.transpose(2, 0, 1, 3)).transpose(1, 2, 0, 3),
        "reversed": data[:, ::-1].copy()[:, ::-1],
        "big-endian": data.astype(">f8"),
        "list": data.tolist(),
    }


def test_layouts(brain):
    data, mask, models = brain
    expected = searchlight(data, models, mask=mask).scores
    for name, x in layouts(data, mask).items():
        before = np.array(x, copy=True)
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
        result = searchlight(x, models, mask=mask.astype(int))
        np.testing.assert_array_equal(result.scores, expected, err_msg=name)
        np.testing.assert_array_equal(np.asarray(x), before)
    single = data.astype(np.float32)
    rounded = searchlight(single.astype(np.float64), models, mask=mask).scores
    for name, x in layouts(single, mask).items():
        result = searchlight(x, models, mask=mask)
        np.testing.assert_array_equal(result.scores, rounded, err_msg=name)


def test_no_copy_of_the_data(brain):
    """Every layout that is a permutation of axes, conditions first or last, is a view."""
    data, mask, _ = brain
    for name, x in layouts(data.astype(np.float32), mask).items():
        if name not in ("strided", "odd axes", "reversed", "big-endian", "list"):
            kept, _, _ = _in_volume(x, mask)
            assert np.shares_memory(kept, x), name
            assert kept.dtype == np.float32


def test_results_do_not_depend_on_threads(brain):
    data, mask, models = brain
    one, two = (searchlight(data, models, mask=mask, n_jobs=n).scores for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_lower_dimensions(rng):
    models = rng.random(10)
    flat = rng.standard_normal((5, 30))
    line = searchlight(flat, models, mask=np.ones(30), radius=2.5)
    lists = [list(range(max(0, k - 2), min(30, k + 3))) for k in range(30)]
    np.testing.assert_array_equal(line.scores, searchlight(flat, models, neighbors=lists).scores)
    plane = searchlight(flat.reshape(5, 5, 6), models, mask=np.ones((5, 6)), radius=1.5)
    cube = searchlight(flat.reshape(5, 1, 5, 6), models, mask=np.ones((1, 5, 6)), radius=1.5)
    np.testing.assert_array_equal(plane.scores, cube.scores)
    assert plane.to_volume().shape == (5, 6)


def test_graphs(rng):
    data, models = rng.standard_normal((6, 20)), rng.random(15)
    graph = rng.random((4, 20)) < 0.5
    expected = searchlight(data, models, neighbors=[np.flatnonzero(row) for row in graph])
    for form in (sparse.csr_array, sparse.coo_matrix, sparse.csc_array):
        result = searchlight(data, models, neighbors=form(graph))
        np.testing.assert_array_equal(result.scores, expected.scores)


def test_fusion_is_time_by_center(rng):
    """Responses that a region has at some time are found there and then."""
    early, late = rng.standard_normal((2, 10, 12))
    times = np.stack([pdist(early)] * 3 + [pdist(late)] * 50)
    data = np.concatenate([early, late], axis=1) + 0.1 * rng.standard_normal((10, 24))
    fused = searchlight(data, times, neighbors=[range(12), range(12, 24)]).scores.T
    assert fused.shape == (53, 2)
    assert (fused.argmax(axis=1) == [0] * 3 + [1] * 50).all()
    for t in (0, 40):
        expected = spearmanr(pdist(data[:, :12], "correlation"), times[t]).statistic
        assert fused[t, 0] == pytest.approx(expected, abs=1e-12)


def test_undefined_searchlights_are_nan_and_warned_of(brain):
    data, mask, models = brain
    mask = np.ones_like(mask)
    data[:, 0, 0, 0] = np.nan
    data[2, :2, :2, :2] = np.nan
    expected = data.copy()
    with pytest.warns(UserWarning, match="the RDM of 1 of 120 .* 1 have no finite voxel and 0"):
        result = searchlight(data, models, mask=mask, radius=1.5)
    assert np.isnan(result.scores[0]).all()
    assert result.n_features[0] == 0
    assert np.isnan(result.to_volume()).sum() == 1
    whole = np.isfinite(expected).all(axis=0)
    centers, scores = brute_force(
        data, whole, 1.5, 0, models, "correlation", lambda a, b: spearmanr(a, b).statistic
    )
    np.testing.assert_allclose(result.scores[centers], scores, atol=1e-9)
    constant = data.copy()
    constant[3, 3:] = 2.0
    with pytest.warns(UserWarning, match="1 have no finite voxel and [1-9][0-9]* constant"):
        result = searchlight(constant, models, mask=mask, radius=1.5)
    assert np.isnan(result.to_volume(1)[4]).all()


def test_correlation_of_one_voxel_is_undefined(brain):
    data, mask, models = brain
    with pytest.raises(ValueError, match="is undefined: 0 have no finite voxel"):
        searchlight(data, models, mask=mask, radius=1)
    assert np.isfinite(
        searchlight(data, models, mask=mask, radius=1, metric="euclidean").scores
    ).all()


def test_all_missing(brain):
    data, mask, models = brain
    with pytest.raises(ValueError, match=r"searchlights is undefined: \d+ have no finite voxel"):
        searchlight(data * np.nan, models, mask=mask)


def test_models_with_square_form_and_missing_entries(brain):
    data, mask, models = brain
    square = np.stack([squareform(m) for m in models])
    expected = searchlight(data, models, mask=mask).scores
    np.testing.assert_array_equal(searchlight(data, square, mask=mask).scores, expected)
    np.testing.assert_array_equal(searchlight(data, models[1], mask=mask).scores, expected[:, 1:])


def test_pairs_that_a_model_lacks_do_not_count(brain):
    data, _, models = brain
    models[1, [2, 9]] = np.nan
    kept = ~np.isnan(models[1])
    flat = data.reshape(7, -1)
    scores = searchlight(flat, models, neighbors=[np.arange(30)]).scores[0]
    measured = pdist(flat[:, :30], "correlation")[kept]
    expected = [spearmanr(measured, model[kept]).statistic for model in models]
    np.testing.assert_allclose(scores, expected, atol=1e-12)


@pytest.mark.parametrize("method", SIMILARITIES)
def test_every_similarity(brain, rng, method):
    flat = brain[0].reshape(7, -1)
    models = np.stack([pdist(rng.standard_normal((7, 9)), "sqeuclidean") for _ in range(2)])
    lists = [np.arange(k, k + 30) for k in range(40)]
    result = searchlight(flat, models, neighbors=lists, method=method)
    rdms = rdm([flat[:, list_] for list_ in lists])
    np.testing.assert_allclose(result.scores, compare(models, rdms, method).T, atol=1e-10)


def test_frame(brain):
    data, mask, models = brain
    result = searchlight(data, models, mask=mask)
    frame = result.to_frame()
    assert list(frame.columns) == ["center", "model", "n_features", "method", "score"]
    assert frame["score"].tolist() == result.scores.ravel().tolist()
    chosen = frame[frame["model"] == 1]
    assert chosen["center"].tolist() == np.flatnonzero(mask).tolist()


ONES = np.ones(SHAPE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": np.zeros(SHAPE)}, "mask must have at least one voxel that is not 0, got none"),
        ({"mask": ONES[..., None]}, "mask must have 1 to 3 dimensions"),
        ({"mask": ONES * np.nan}, "mask must not have NaN"),
        ({"data": np.ones((0, 5, 4, 6))}, r"data must not be empty, got shape \(0, 5, 4, 6\)"),
        ({"data": np.ones((7, 5, 4, 6))}, r"0 have no finite voxel and \d+ constant data"),
        ({"mask": np.ones((4, 4, 6))}, r"for this mask, got \(7, 5, 4, 6\)"),
        ({"mask": None}, "either mask or neighbors"),
        ({"neighbors": [[0]]}, "either mask or neighbors"),
        ({"radius": 0}, "radius must be in"),
        ({"threshold": 2}, "threshold must be in"),
        (
            {"mask": np.eye(6)[:5, None].repeat(4, 1), "threshold": 1},
            "threshold=1 leaves no center",
        ),
        ({"metric": "l1"}, "Found instead metric"),
        ({"method": "l1"}, "Found instead method"),
        ({"models": np.arange(15.0)}, "same conditions, got 7 and 6"),
        ({"models": np.ones(21)}, r"models\[0\]: an RDM whose entries are all the same"),
        ({"models": np.full(21, np.nan)}, "only 0 entries are not NaN"),
        ({"data": np.ones((7, *SHAPE), complex)}, "data must be real numbers, got complex128"),
        ({"data": np.ones((0, 120))}, "not be empty"),
        ({"mask": None, "neighbors": [], "data": np.ones((7, 3))}, "at least one list, got none"),
        ({"mask": None, "neighbors": [[3]], "data": np.ones((7, 3))}, r"in \[0, 3\), got 3"),
        ({"mask": None, "neighbors": [[-1]], "data": np.ones((7, 3))}, r"in \[0, 3\), got -1"),
        ({"mask": None, "neighbors": [[0.5]], "data": np.ones((7, 3))}, "list of integers"),
        ({"mask": None, "neighbors": [[0]]}, "data must have shape"),
        (
            {"mask": None, "neighbors": sparse.eye_array(4), "data": np.ones((7, 3))},
            "neighbors must have 3 columns, one a feature, got 4",
        ),
    ],
)
def test_wrong_input(brain, change, message):
    data, mask, models = brain
    arguments = {"data": data, "models": models, "mask": mask} | change
    with pytest.raises(ValueError, match=message):
        searchlight(**arguments)


def test_riemannian_distance_has_one_direction(rng):
    X = rng.standard_normal((6, 30))
    models = rdm(rng.standard_normal((2, 6, 9)), "sqeuclidean")
    measured = rdm(X, "sqeuclidean")
    found = searchlight(
        X, models, neighbors=[np.arange(30)], metric="sqeuclidean", method="neg_riem_dist"
    ).scores[0]
    course = time_resolved(X[..., np.newaxis], models, metric="sqeuclidean", method="neg_riem_dist")
    np.testing.assert_allclose(found, course.scores[0, :, 0])
    np.testing.assert_allclose(found, evaluate(models, measured, "neg_riem_dist").mean)
    np.testing.assert_allclose(found, compare(models, measured, "neg_riem_dist"))
    assert np.abs(found - compare(measured, models, "neg_riem_dist")).min() > 1e-3
    Y = rng.standard_normal((6, 9))
    score = rsa_score(X, Y, metric="sqeuclidean", method="neg_riem_dist")
    predicted = rdm(Y, "sqeuclidean")
    assert score == pytest.approx(compare(predicted, measured, "neg_riem_dist"))


def test_riemannian_distance_to_few_voxels_is_undefined(rng):
    X, model = rng.standard_normal((6, 30)), rdm(rng.standard_normal((6, 9)), "sqeuclidean")
    lists = [np.arange(20), np.arange(3), np.arange(5, 25)]
    with pytest.warns(UserWarning, match="1 of 3 searchlights is undefined"):
        result = searchlight(
            X, model, neighbors=lists, metric="sqeuclidean", method="neg_riem_dist"
        )
    assert np.isnan(result.scores[:, 0]).tolist() == [False, True, False]


@pytest.mark.parametrize("dtype", [bool, int, np.uint8, float])
def test_dense_neighbors_are_refused(rng, dtype):
    X, model = rng.standard_normal((5, 8)), rng.random(10)
    near = np.abs(np.subtract.outer(np.arange(8), np.arange(8))) < 3
    with pytest.raises(ValueError, match=r"dense matrix .* pass scipy.sparse.csr_array"):
        searchlight(X, model, neighbors=near.astype(dtype))
    with pytest.raises(ValueError, match=r"neighbors\[0\] must"):
        searchlight(X, model, neighbors=near.astype(dtype).tolist())
    lists = [np.flatnonzero(row) for row in near]
    want = searchlight(X, model, neighbors=lists).scores
    found = searchlight(X, model, neighbors=sparse.csr_array(near)).scores
    np.testing.assert_array_equal(found, want)
    two = [[0, 1], [1, 0]]
    assert searchlight(X[:, :2], model, neighbors=two, metric="cosine").scores.shape == (2, 1)
    with pytest.raises(ValueError, match="dense matrix"):
        searchlight(X[:, :2], model, neighbors=np.array(two), metric="cosine")


def test_features_count_once(rng):
    X, model = rng.standard_normal((5, 8)), rng.random(10)
    with pytest.raises(ValueError, match=r"neighbors\[1\] must name each feature once, got 4 3 t"):
        searchlight(X, model, neighbors=[[0, 1, 2], [4, 4, 1, 4]])
    lists = [[0, 1, 4], [2, 5]]
    twice = sparse.csr_array(
        (np.ones(6), np.array([0, 1, 4, 4, 2, 5]), np.array([0, 4, 6])), shape=(2, 8)
    )
    found = searchlight(X, model, neighbors=twice, metric="euclidean")
    assert found.n_features.tolist() == [3, 2]
    want = searchlight(X, model, neighbors=lists, metric="euclidean").scores
    np.testing.assert_array_equal(found.scores, want)
    assert twice.nnz == 6  # not changed
