"""What people do with distances and metrics in scikit-learn and SciPy."""

import inspect

import numpy as np
import pytest
import sklearn.manifold
from numpy.testing import assert_allclose
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from sklearn.base import clone
from sklearn.cluster import DBSCAN, OPTICS, AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.manifold import MDS, TSNE, Isomap
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ShuffleSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from netrep_go.metrics import LinearMetric, neg_distance_scorer
from netrep_go.multiset import pairwise_distances

FAMILY = np.repeat([0, 1, 2], 6)


@pytest.fixture(scope="module")
def D():
    """Return the distances of three families of networks of various widths."""
    rng = np.random.default_rng(0)
    parents = rng.standard_normal((3, 100, 10))
    networks = []
    for k, family in enumerate(FAMILY):
        width = 8 + k % 3
        maps = rng.standard_normal((10, width)) / 10 + np.eye(10, width)
        noise = 0.2 * rng.standard_normal((100, width))
        networks.append(parents[family] @ maps + noise)
    return pairwise_distances(LinearMetric(), networks, verbose=False)


@pytest.fixture
def pair(rng):
    """Return two networks that a linear map that is no rotation joins, and noise."""
    X = rng.standard_normal((100, 5))
    mixing = rng.standard_normal((5, 5)) * [0.1, 0.3, 1.0, 3.0, 10.0]
    return X, X @ mixing + 0.05 * rng.standard_normal((100, 5))


def precomputed_mds():
    """Return metric MDS in the words of the scikit-learn that is installed."""
    options = {"n_init": 1, "random_state": 0, "normalized_stress": "auto"}
    parameters = inspect.signature(MDS).parameters
    if "init" in parameters:
        options["init"] = "random"
    if "metric_mds" in parameters:
        return MDS(metric="precomputed", **options)
    return MDS(dissimilarity="precomputed", **options)


def assert_separates(points):
    assert points.shape == (len(FAMILY), 2)
    assert silhouette_score(points, FAMILY) > 0.4


def test_mds(D):
    assert_separates(precomputed_mds().fit_transform(D))


@pytest.mark.skipif(
    not hasattr(sklearn.manifold, "ClassicalMDS"),
    reason="ClassicalMDS came with scikit-learn 1.8",
)
def test_classical_mds(D):
    model = sklearn.manifold.ClassicalMDS(metric="precomputed")
    assert_separates(model.fit_transform(D))


def test_tsne(D):
    model = TSNE(metric="precomputed", init="random", perplexity=5, random_state=0)
    assert_separates(model.fit_transform(D))


def test_isomap(D):
    assert_separates(Isomap(metric="precomputed", n_neighbors=12).fit_transform(D))


@pytest.mark.parametrize(
    "model",
    [
        DBSCAN(eps=0.6, min_samples=3, metric="precomputed"),
        OPTICS(min_samples=3, metric="precomputed"),
        AgglomerativeClustering(3, metric="precomputed", linkage="average"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_clustering(D, model):
    assert adjusted_rand_score(FAMILY, model.fit_predict(D)) > 0.9


def test_neighbors(D):
    model = NearestNeighbors(n_neighbors=5, metric="precomputed").fit(D)
    distances, neighbors = model.kneighbors()
    assert (FAMILY[neighbors] == FAMILY[:, None]).all()
    assert (distances > 0).all()
    classifier = KNeighborsClassifier(3, metric="precomputed").fit(D, FAMILY)
    assert (classifier.predict(D) == FAMILY).all()


def test_hierarchy(D):
    condensed = squareform(D)  # raises unless D is symmetric with a zero diagonal
    assert len(condensed) == 18 * 17 / 2
    for method in (hierarchy.average, hierarchy.ward, hierarchy.complete):
        labels = hierarchy.fcluster(method(condensed), 3, criterion="maxclust")
        assert adjusted_rand_score(FAMILY, labels) == 1
    assert silhouette_score(D, FAMILY, metric="precomputed") > 0.2


def test_cross_validate(pair):
    X, Y = pair
    result = cross_validate(LinearMetric(), X, Y, cv=10, return_train_score=True)
    assert len(result["test_score"]) == len(result["train_score"]) == 10
    for fold, (train, test) in enumerate(KFold(10).split(X)):
        metric = LinearMetric().fit(X[train], Y[train])
        assert result["test_score"][fold] == metric.score(X[test], Y[test])
        assert result["train_score"][fold] == metric.score(X[train], Y[train])


def test_cross_validation_in_processes_and_with_shuffles(pair):
    X, Y = pair
    cv = ShuffleSplit(4, random_state=0)
    one = cross_val_score(LinearMetric(0.2), X, Y, cv=cv)
    two = cross_val_score(LinearMetric(0.2), X, Y, cv=cv, n_jobs=2)
    assert_allclose(two, one, rtol=1e-12)


def test_grid_search_needs_the_negative_distance(pair):
    """A score is a distance here: without the scorer the worst alpha would win."""
    X, Y = pair
    grid = {"alpha": [0.0, 0.25, 0.5, 0.75, 1.0]}
    best = GridSearchCV(LinearMetric(), grid, scoring=neg_distance_scorer).fit(X, Y)
    worst = GridSearchCV(LinearMetric(), grid).fit(X, Y)
    scores = best.cv_results_["mean_test_score"]
    assert (scores < 0).all()
    assert_allclose(worst.cv_results_["mean_test_score"], -scores)
    assert best.best_params_ == {"alpha": 0.0}
    assert best.best_index_ == scores.argmax()
    assert worst.best_index_ == scores.argmin()
    assert best.best_estimator_.score(X, Y) < worst.best_estimator_.score(X, Y)


def test_scorer(pair):
    metric = LinearMetric().fit(*pair)
    score = neg_distance_scorer(metric, *pair)
    assert type(score) is float
    assert score == -metric.score(*pair)


def test_clone_and_set_params(pair):
    metric = LinearMetric(0.3, center_columns=False).fit(*pair)
    copy = clone(metric).set_params(alpha=0.7, score_method="euclidean")
    assert copy.get_params()["alpha"] == 0.7
    assert metric.alpha == 0.3
    want = LinearMetric(0.7, False, score_method="euclidean").fit_score(*pair)
    assert copy.fit_score(*pair) == want


def test_principal_components_first(rng):
    """Wide networks that differ in silent directions alone: PCA takes these away."""
    latent = rng.standard_normal((200, 4))
    clean = [latent @ np.linalg.qr(rng.standard_normal((p, 4)))[0].T for p in (50, 60)]
    noisy = [x + 0.01 * rng.standard_normal(x.shape) for x in clean]
    reduced = [PCA(4).fit_transform(x) for x in noisy]
    D = pairwise_distances(LinearMetric(), reduced, verbose=False)
    assert D[0, 1] < 0.02
    assert D[0, 1] < pairwise_distances(LinearMetric(), noisy, verbose=False)[0, 1]


def test_svcca(rng):
    """SVCCA (Raghu et al., 2017) is PCA and the mean of canonical correlations."""
    X, Y = rng.standard_normal((2, 100, 12))
    Y[:, :4] += 2 * X[:, :4]
    A, B = PCA(5).fit_transform(X), PCA(5).fit_transform(Y)
    bases = [np.linalg.qr(Z)[0] for Z in (A, B)]
    correlations = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    d = LinearMetric(alpha=0.0).fit_score(A, B)
    assert np.cos(d) == pytest.approx(correlations.mean(), abs=1e-12)
