"""Where networks are compared, similarities and asymmetric measures are taken as they are.

Where a distance is needed, or one without a direction, they are refused with the remedy.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go import covariates, plotting
from netrep_go.embedding import EuclideanEmbedding, medoids
from netrep_go.inference import compare_networks
from netrep_go.metrics import (
    ConvolutionalMetric,
    Measure,
    Properties,
    get_measure,
    measures,
    neg_distance_scorer,
)
from netrep_go.metrics._properties import Undefined
from netrep_go.multiset import (
    DistanceStore,
    cross_distances,
    landmark_distances,
    nearest_neighbors,
    pairwise_distances,
    procrustes_kmeans,
)
from netrep_go.rsa import RSA

IN_MATRICES = [name for name in measures() if measures()[name].data == "matrix"]


class OneWay(Measure):
    """A measure with a direction, which is undefined for flat networks."""

    def __init__(self, kind="similarity"):
        self.kind = kind

    @property
    def properties(self):
        return Properties(kind=self.kind, range=(0, np.inf))

    def _prepare(self, x, name):
        return x if np.ptp(x) > 0 else Undefined(f"{name} is flat")

    def _compare(self, x, y):
        return float(np.linalg.norm(x - y) / np.linalg.norm(x))


MEASURES = {
    "similarity": get_measure("cka"),
    "similarity in Python": RSA("euclidean"),
    "asymmetric similarity": RSA("euclidean", "neg_riem_dist"),
    "asymmetric distance": OneWay("distance"),
    "another asymmetric similarity": OneWay(),
}
SIMILARITIES = [name for name in MEASURES if "similarity" in name]
every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
every_similarity = pytest.mark.parametrize(
    "measure", [MEASURES[name] for name in SIMILARITIES], ids=SIMILARITIES
)


@pytest.fixture
def networks(rng):
    return {name: rng.standard_normal((9, 4)) for name in "abcde"}


def single_values(measure, networks):
    return np.array([[measure.score(x, y) for y in networks.values()] for x in networks.values()])


# What takes them


@every_measure
def test_pairs(measure, networks):
    want = single_values(measure, networks)
    if measure.properties.kind == "distance":
        np.fill_diagonal(want, 0)
    D = pairwise_distances(measure, networks, verbose=False)
    assert_allclose(D, want, rtol=1e-12, atol=1e-12)
    assert np.allclose(D, D.T) == measure.properties.symmetric
    first = {name: networks[name] for name in "ab"}
    others = {name: networks[name] for name in "cde"}
    assert_allclose(
        cross_distances(measure, first, others, verbose=False), D[:2, 2:], rtol=1e-12, atol=1e-12
    )


@every_measure
def test_stores(measure, networks, tmp_path):
    pytest.importorskip("zarr")
    D = pairwise_distances(measure, networks, verbose=False)
    store = DistanceStore(tmp_path / "within", tile_size=2)
    early = {name: networks[name] for name in "abc"}
    store.pairwise_distances(measure, early, verbose=False)
    store.pairwise_distances(measure, networks, verbose=False)  # a tile on the diagonal grows
    assert_allclose(store.to_frame(), D, rtol=1e-12, atol=1e-12)
    across = DistanceStore(tmp_path / "across", tile_size=2)
    across.cross_distances(measure, early, networks, verbose=False)
    full = cross_distances(measure, early, networks, verbose=False)
    assert_allclose(across.to_frame(), full, rtol=1e-12, atol=1e-12)


# Corrected estimates may be undefined.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", IN_MATRICES)
def test_all_measures_go_into_stores_and_between_sets(name, rng, tmp_path):
    pytest.importorskip("zarr")
    if name == "rtd":
        pytest.importorskip("ripser")
    networks = {name: rng.standard_normal((25, 3 + k)) for k, name in enumerate("abc")}
    D = pairwise_distances(name, networks, verbose=False)
    store = DistanceStore(tmp_path / "store", tile_size=2)
    store.pairwise_distances(name, networks, verbose=False)
    assert_allclose(store.to_frame(), D, rtol=1e-10, atol=1e-10)
    first = {"a": networks["a"]}
    others = {name: networks[name] for name in "bc"}
    D_cross = cross_distances(name, first, others, verbose=False)
    assert_allclose(D_cross, D[:1, 1:], rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("ignore:the value of")
@pytest.mark.parametrize("measure", [OneWay(), RSA("euclidean")], ids=str)
def test_stores_keep_what_is_undefined(measure, networks, tmp_path):
    pytest.importorskip("zarr")
    networks["c"] = np.ones((9, 4))
    D = pairwise_distances(measure, networks, verbose=False)
    assert np.isnan(D).sum() == 9
    store = DistanceStore(tmp_path / "store", tile_size=2)
    assert store.pairwise_distances(measure, networks, verbose=False).complete
    assert_allclose(store.to_frame(), D, rtol=1e-12, atol=1e-12)
    assert store.pairwise_distances(measure, networks, verbose=False).n_computed == 0


@every_measure
def test_tables(measure, networks):
    found = compare_networks(networks, {"it": measure}, verbose=False)
    assert_array_equal(found.values["it"], pairwise_distances(measure, networks, verbose=False))
    assert len(found.to_frame()) == (10 if measure.properties.symmetric else 20)
    assert set(found.to_frame()["kind"]) == {measure.properties.kind}


def test_shifts_of_a_distance_with_a_direction(rng):
    X, Y = rng.standard_normal((2, 4, 3, 3, 2))
    metric = ConvolutionalMetric(OneWay("distance"))
    assert not metric.properties.symmetric
    D = pairwise_distances(metric, [X, Y], verbose=False)
    shifted = [
        [
            min(
                OneWay().score(np.roll(x, (i, j), axis=(1, 2)).reshape(36, 2), y.reshape(36, 2))
                for i in range(3)
                for j in range(3)
            )
            for y in (X, Y)
        ]
        for x in (X, Y)
    ]
    assert_allclose(D, shifted)
    assert D[0, 1] != pytest.approx(D[1, 0])


# What refuses them


@every_similarity
def test_similarities_are_refused_with_the_remedy(measure, networks, rng):
    x, y, *_ = networks.values()
    images = rng.standard_normal((2, 4, 3, 3, 2))
    for call in (
        lambda: ConvolutionalMetric(measure).fit(*images),
        lambda: ConvolutionalMetric(measure).pairwise_distances(list(images), verbose=False),
        lambda: neg_distance_scorer(measure, x, y),
        lambda: nearest_neighbors(measure, networks, verbose=False),
        lambda: landmark_distances(measure, networks, n_landmarks=3, verbose=False),
    ):
        with pytest.raises(
            ValueError, match=r"needs a distance, but .* is a similarity: use a dis"
        ):
            call()


def test_directions_are_refused_with_the_remedy(networks):
    measure = OneWay("distance")
    for call in (
        lambda: nearest_neighbors(measure, networks, verbose=False),
        lambda: landmark_distances(measure, networks, n_landmarks=3, verbose=False),
    ):
        with pytest.raises(ValueError, match=r"needs a symmetric distance.*symmetric=True"):
            call()


GROUPS = [0, 0, 0, 1, 1]
TAKE_MATRICES = {
    "embedding": EuclideanEmbedding().fit,
    "medoids": medoids,
    "mantel": lambda D: covariates.mantel(D, D, n_permutations=9),
    "permanova": lambda D: covariates.permanova(D, GROUPS, n_permutations=9),
    "knn": lambda D: covariates.knn_permutation(D, GROUPS, n_permutations=9),
    "heat map": plotting.DistanceMatrixDisplay.from_distances,
    "dendrogram": plotting.DendrogramDisplay.from_distances,
    "embedding's display": plotting.EmbeddingDisplay.from_distances,
}


@pytest.mark.parametrize("take", TAKE_MATRICES.values(), ids=TAKE_MATRICES)
def test_matrices_of_similarities_and_of_directions(take, networks):
    S = pairwise_distances("cka", networks, verbose=False)
    with pytest.raises(ValueError, match="must have a zero diagonal, got 1 on it; turn similarit"):
        take(S)
    D = pairwise_distances(OneWay("distance"), networks, verbose=False)
    with pytest.raises(ValueError, match=r"must be symmetric.* take the mean of both, \((\w+) \+"):
        take(D)
    D[0, 1] = D[1, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        take((D + D.T) / 2)


def test_clusters_from_similarities(networks):
    S = pairwise_distances("cka", networks, verbose=False)
    with pytest.raises(ValueError, match=r"dist_matrix must have a zero diagonal.*turn similarit"):
        procrustes_kmeans(networks, 2, dist_matrix=S)
    D = pairwise_distances(OneWay("distance"), networks, verbose=False)
    with pytest.raises(ValueError, match=r"dist_matrix must be symmetric.*take the mean of both"):
        procrustes_kmeans(networks, 2, dist_matrix=D)


def test_undefined_distances_are_refused(networks):
    networks["c"] = np.ones((9, 4))

    class Symmetric(OneWay):
        @property
        def properties(self):
            return Properties(kind="distance", symmetric=True, triangle=True)

        def _compare(self, x, y):
            return float(np.linalg.norm(x - y))

    for call in (
        lambda: nearest_neighbors(Symmetric(), networks, verbose=False),
        lambda: landmark_distances(Symmetric(), networks, n_landmarks=3, verbose=False),
    ):
        with (
            pytest.warns(match=r"networks\['c'\] is flat"),
            pytest.raises(ValueError, match="their distance is nan"),
        ):
            call()
