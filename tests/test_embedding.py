import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform
from sklearn.base import clone
from sklearn.decomposition import PCA, KernelPCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR
from sklearn.utils.estimator_checks import parametrize_with_checks

from netrep_go.embedding import EuclideanEmbedding, medoids
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import cross_distances, pairwise_distances

CLOSE = {"rtol": 1e-7, "atol": 1e-9}


def with_checks(*estimators):
    """Parametrize a test with every check of every estimator.

    Up to scikit-learn 1.8 the checks come as a generator, which pytest deprecates.
    """
    mark = parametrize_with_checks(list(estimators))
    names, checks = mark.args
    return pytest.mark.parametrize(names, list(checks), **mark.kwargs)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def points(rng):
    return rng.standard_normal((20, 3)) * [3.0, 2.0, 1.0] + 5.0


@pytest.fixture
def sphere(rng):
    """Return great-circle distances, which are a metric but not Euclidean."""
    x = rng.standard_normal((30, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    D = np.arccos(np.clip(x @ x.T, -1.0, 1.0))
    np.fill_diagonal(D, 0.0)
    return D


@with_checks(EuclideanEmbedding(), EuclideanEmbedding(n_components=2))
def test_conformance(estimator, check):
    check(estimator)


def test_euclidean_points_are_recovered(points):
    embedding = EuclideanEmbedding().fit(cdist(points, points))
    assert embedding.n_components_ == 3
    np.testing.assert_allclose(pdist(embedding.embedding_), pdist(points), **CLOSE)
    assert embedding.distortion_ < 1e-9
    assert embedding.max_distortion_ < 1e-9


def test_axes_are_the_principal_components(points):
    embedding = EuclideanEmbedding(n_components=2).fit(cdist(points, points))
    pca = PCA(n_components=2).fit(points)
    np.testing.assert_allclose(np.abs(embedding.embedding_), np.abs(pca.transform(points)), **CLOSE)
    np.testing.assert_allclose(embedding.eigenvalues_[:2], 19 * pca.explained_variance_)
    np.testing.assert_allclose(embedding.embedding_.mean(axis=0), 0.0, atol=1e-9)


def test_new_points_of_the_subspace_are_placed_exactly(points, rng):
    new = rng.standard_normal((7, 3)) * 10.0
    embedding = EuclideanEmbedding().fit(cdist(points, points))
    embedded = embedding.transform(cdist(new, points))
    np.testing.assert_allclose(cdist(embedded, embedding.embedding_), cdist(new, points), **CLOSE)
    np.testing.assert_allclose(pdist(embedded), pdist(new), **CLOSE)
    assert embedding.score(cdist(new, points)) == pytest.approx(0.0, abs=1e-9)


def test_new_points_off_the_subspace_are_projected_on_it(points):
    flat = np.column_stack([points[:, :2], np.zeros(20)])
    embedding = EuclideanEmbedding().fit(cdist(flat, flat))
    new = points[:5]
    projected = np.column_stack([new[:, :2], np.zeros(5)])
    np.testing.assert_allclose(
        embedding.transform(cdist(new, flat)), embedding.transform(cdist(projected, flat)), **CLOSE
    )
    assert embedding.score(cdist(new, flat)) < -0.01


@pytest.mark.parametrize("n_components", [None, 1, 2, 30])
def test_transform_of_the_embedded_networks_is_their_embedding(sphere, n_components):
    embedding = EuclideanEmbedding(n_components)
    Z = embedding.fit_transform(sphere)
    np.testing.assert_allclose(embedding.transform(sphere), Z, atol=1e-9)
    assert Z is embedding.embedding_
    assert Z.shape == (30, embedding.n_components_)
    assert len(embedding.get_feature_names_out()) == embedding.n_components_


def test_new_networks_are_where_kernel_pca_puts_them(sphere):
    old, new = sphere[:25, :25], sphere[25:, :25]
    embedding = EuclideanEmbedding(n_components=3).fit(old)
    kernel = KernelPCA(n_components=3, kernel="precomputed", eigen_solver="dense")
    Z = kernel.fit_transform(-0.5 * old**2)
    np.testing.assert_allclose(np.abs(embedding.embedding_), np.abs(Z), **CLOSE)
    expected = kernel.transform(-0.5 * new**2)
    np.testing.assert_allclose(np.abs(embedding.transform(new)), np.abs(expected), **CLOSE)


def test_order_of_networks_does_not_matter(sphere, rng):
    order = rng.permutation(30)
    Z = EuclideanEmbedding(4).fit_transform(sphere)
    permuted = EuclideanEmbedding(4).fit_transform(sphere[np.ix_(order, order)])
    np.testing.assert_allclose(pdist(permuted), pdist(Z[order]), **CLOSE)


def test_unit_of_distance_does_not_matter(sphere):
    one, two = EuclideanEmbedding().fit(sphere), EuclideanEmbedding().fit(1e-8 * sphere)
    assert one.n_components_ == two.n_components_
    assert two.distortion_ == pytest.approx(one.distortion_)
    np.testing.assert_allclose(pdist(two.embedding_), 1e-8 * pdist(one.embedding_))


def test_distortion_is_the_relative_error_over_pairs(sphere):
    embedding = EuclideanEmbedding(n_components=2).fit(sphere)
    Z = embedding.embedding_
    errors = [
        abs(np.linalg.norm(Z[i] - Z[j]) - sphere[i, j]) / sphere[i, j]
        for i in range(30)
        for j in range(i)
    ]
    assert embedding.distortion_ == pytest.approx(np.mean(errors))
    assert embedding.max_distortion_ == pytest.approx(np.max(errors))
    assert embedding.score(sphere) == pytest.approx(-np.mean(errors))


def test_dimensions_stop_at_the_most_negative_eigenvalue(sphere):
    embedding = EuclideanEmbedding().fit(sphere)
    values = embedding.eigenvalues_
    k = embedding.n_components_
    assert values[-1] < -0.1
    assert values[k - 1] > -values[-1] >= values[k]
    positive = np.count_nonzero(values > 1e-9)
    Z = EuclideanEmbedding(n_components=30).fit_transform(sphere)
    assert k < positive
    np.testing.assert_array_equal(np.ptp(Z, axis=0) > 0, np.arange(30) < positive)


def test_small_dimensions_throw_held_out_networks_off(sphere):
    folds = KFold(5, shuffle=True, random_state=0)
    default = -cross_val_score(EuclideanEmbedding(), sphere, cv=folds)
    everything = -cross_val_score(EuclideanEmbedding(24), sphere, cv=folds)
    assert default.max() < 0.3 < everything.mean()


def test_cross_validation_takes_rows_and_columns_out_together(points):
    D = cdist(points, points)
    train, test = np.arange(15), np.arange(15, 20)
    expected = EuclideanEmbedding(2).fit(D[np.ix_(train, train)]).score(D[np.ix_(test, train)])
    scores = cross_val_score(EuclideanEmbedding(2), D, cv=[(train, test)])
    assert scores == pytest.approx([expected])


@pytest.mark.parametrize(
    "model", [Ridge(1e-6), KNeighborsRegressor(2, weights="distance"), SVR(kernel="linear", C=100)]
)
def test_pipelines_predict_properties_of_held_out_networks(points, model):
    pipeline = make_pipeline(EuclideanEmbedding(), model)
    folds = KFold(10, shuffle=True, random_state=0)
    result = cross_validate(
        pipeline, cdist(points, points), points[:, 0], cv=folds, scoring="neg_mean_absolute_error"
    )
    assert -result["test_score"].mean() < 0.4 * np.abs(points[:, 0] - points[:, 0].mean()).mean()


def test_new_networks_under_a_shape_metric(rng):
    networks = [rng.standard_normal((40, width)) for width in (3, 4, 5, 6, 7, 8)]
    D = pairwise_distances(LinearMetric(), networks, verbose=False)
    new = cross_distances(LinearMetric(), networks[:2], networks, verbose=False)
    embedding = EuclideanEmbedding().fit(D)
    np.testing.assert_allclose(embedding.transform(new), embedding.embedding_[:2], atol=1e-6)


def test_identical_networks_share_a_point():
    D = squareform([0.0, 3.0, 3.0])
    embedding = EuclideanEmbedding().fit(D)
    np.testing.assert_allclose(embedding.embedding_[0], embedding.embedding_[1], atol=1e-12)
    assert embedding.distortion_ == pytest.approx(0.0, abs=1e-12)
    everywhere_zero = EuclideanEmbedding().fit(np.zeros((3, 3)))
    np.testing.assert_array_equal(everywhere_zero.embedding_, np.zeros((3, 1)))
    assert everywhere_zero.distortion_ == everywhere_zero.max_distortion_ == 0.0
    np.testing.assert_array_equal(everywhere_zero.transform([[1.0, 1.0, 1.0]]), [[0.0]])
    assert everywhere_zero.score(np.zeros((1, 3))) == 0.0


def test_equal_distances_are_a_simplex():
    embedding = EuclideanEmbedding().fit(1.0 - np.eye(5))
    assert embedding.n_components_ == 4
    np.testing.assert_allclose(embedding.eigenvalues_, [0.5] * 4 + [0.0], atol=1e-12)


def test_rounding_is_mended_and_input_is_left_alone(points):
    D = cdist(points, points)
    rough = D + 1e-9 * np.random.default_rng(1).random(D.shape)
    before = rough.copy()
    rough.flags.writeable = False
    embedding = EuclideanEmbedding(3).fit(rough)
    np.testing.assert_array_equal(rough, before)
    np.testing.assert_allclose(pdist(embedding.embedding_), pdist(points), atol=1e-7)


def test_data_frames_in_and_out(points):
    pandas = pytest.importorskip("pandas")
    names = [f"network {i}" for i in range(20)]
    D = pandas.DataFrame(cdist(points, points), index=names, columns=names)
    embedding = EuclideanEmbedding(2).set_output(transform="pandas").fit(D)
    Z = embedding.transform(D.iloc[:3])
    assert Z.columns.tolist() == ["euclideanembedding0", "euclideanembedding1"]
    assert Z.index.tolist() == names[:3]
    assert embedding.score(D) < 0
    with pytest.raises(ValueError, match="feature names"):
        embedding.transform(D[names[::-1]])


@pytest.mark.parametrize(
    ("D", "message"),
    [
        (np.zeros((3, 2)), r"X must be a square matrix, got shape \(3, 2\)"),
        ([[0.0, 1.0], [2.0, 0.0]], "X must be symmetric, got entries 1 from their mirror"),
        ([[0.0, 1.0], [1.0, 0.5]], r"X must have a zero diagonal, got 0\.5 on it"),
        ([[0.0, -1.0], [-1.0, 0.0]], "Negative values in data"),
        ([[0.0, np.nan], [np.nan, 0.0]], "Input X contains NaN"),
        ([[0.0, np.inf], [np.inf, 0.0]], "Input X contains infinity"),
        ([[0.0]], "1 sample"),
    ],
)
def test_distances_that_are_none(D, message):
    with pytest.raises(ValueError, match=message):
        EuclideanEmbedding().fit(D)


@pytest.mark.parametrize(
    ("n_components", "error"), [(0, ValueError), (21, ValueError), (2.0, TypeError)]
)
def test_number_of_components_is_checked(points, n_components, error):
    with pytest.raises(error, match="n_components"):
        EuclideanEmbedding(n_components).fit(cdist(points, points))


def test_new_distances_are_checked(points):
    embedding = EuclideanEmbedding().fit(cdist(points, points))
    with pytest.raises(ValueError, match="20 features"):
        embedding.transform(np.ones((1, 19)))
    with pytest.raises(ValueError, match="Negative values"):
        embedding.transform(-np.ones((1, 20)))


def test_clone_and_tags():
    embedding = clone(EuclideanEmbedding(n_components=7))
    assert embedding.get_params() == {"n_components": 7}
    tags = embedding.__sklearn_tags__()
    assert tags.input_tags.pairwise
    assert tags.input_tags.positive_only


def test_medoids_have_the_least_total_distance(sphere, rng):
    labels = rng.choice(["a", "b", "c"], 30)
    for label, medoid in zip(["a", "b", "c"], medoids(sphere, labels), strict=True):
        members = [i for i in range(30) if labels[i] == label]
        totals = {i: sum(sphere[i, j] for j in members) for i in members}
        assert medoid == min(totals, key=totals.get)
    assert medoids(sphere) == [sphere.sum(axis=0).argmin()]


def test_medoids_of_groups_of_one_and_of_equals():
    D = 1.0 - np.eye(4)
    np.testing.assert_array_equal(medoids(D, [3, 2, 1, 0]), [3, 2, 1, 0])
    np.testing.assert_array_equal(medoids(D), [0])


@pytest.mark.parametrize(
    ("D", "y", "message"),
    [
        (np.zeros((2, 3)), None, "D must be a square matrix"),
        (-1.0 + np.eye(3), None, "D must not be negative, got -1"),
        (np.zeros((3, 3)), [0, 1], r"y must have shape \(3,\), got \(2,\)"),
        (np.zeros((3, 3)), np.zeros((3, 1)), r"y must have shape \(3,\), got \(3, 1\)"),
        (np.zeros((3, 3)), [0, 1, np.nan], "y contains NaN"),
    ],
)
def test_medoids_check_their_input(D, y, message):
    with pytest.raises(ValueError, match=message):
        medoids(D, y)


def test_nearest_neighbors_need_no_wrapper(sphere):
    model = NearestNeighbors(n_neighbors=3, metric="precomputed").fit(sphere)
    expected = np.argsort(sphere + 10.0 * np.eye(30), axis=1)[:, :3]
    np.testing.assert_array_equal(model.kneighbors(return_distance=False), expected)


def test_signs_do_not_follow_rounding():
    """Equal entries of an axis: rounding must not choose the one that is positive."""
    D = np.abs(np.subtract.outer(*[np.array([-3.0, -1.0, 1.0, 3.0])] * 2))
    noise = np.random.default_rng(0)
    first = EuclideanEmbedding(n_components=1).fit_transform(D)
    for _ in range(20):
        change = 1 + 1e-15 * noise.standard_normal(D.shape)
        moved = EuclideanEmbedding(n_components=1).fit_transform(D * change * change.T)
        np.testing.assert_allclose(moved, first, atol=1e-8)
