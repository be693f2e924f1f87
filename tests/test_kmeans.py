"""K-means in shape space: definition, recovery, and what users get wrong."""

import itertools

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from netrep_go.metrics import LinearMetric
from netrep_go.multiset import ProcrustesKMeans, pairwise_distances, procrustes_kmeans


def clusters(rng, sizes, shape=(40, 5), noise=0.2):
    """Return rotated, shifted, noisy copies of one network a cluster."""
    Xs, labels = [], []
    for label, size in enumerate(sizes):
        base = rng.standard_normal(shape)
        for _ in range(size):
            Q = np.linalg.qr(rng.standard_normal((shape[1], shape[1])))[0]
            X = base + noise * rng.standard_normal(shape)
            Xs.append(X @ Q + rng.standard_normal(shape[1]))
            labels.append(label)
    return Xs, np.array(labels)


def same_partition(a, b):
    """Whether two labelings put the same networks together."""
    return np.array_equal(np.equal.outer(a, a), np.equal.outer(b, b))


@pytest.mark.parametrize("shape", [(40, 5), (12, 30)])
def test_recovers_clusters(rng, shape):
    Xs, truth = clusters(rng, (4, 3, 5), shape)
    for seed in range(5):
        centroids, labels, cent_dists = procrustes_kmeans(Xs, 3, random_state=seed)
        assert same_partition(labels, truth)
        assert centroids.shape == (3, *shape)
        assert cent_dists.shape == (3, 12)
        np.testing.assert_array_equal(labels, cent_dists.argmin(axis=0))


@pytest.mark.parametrize("center_columns", [True, False])
@pytest.mark.parametrize("shape", [(30, 5), (10, 14)])
def test_distances_are_those_of_the_metric(rng, center_columns, shape):
    Xs = list(rng.standard_normal((7, *shape)) + 1)
    centroids, _, cent_dists = procrustes_kmeans(
        Xs, 3, random_state=0, center_columns=center_columns
    )
    metric = LinearMetric(center_columns=center_columns, score_method="euclidean")
    want = [[metric.fit_score(X, M) for X in Xs] for M in centroids]
    np.testing.assert_allclose(cent_dists, want, rtol=1e-7, atol=1e-10)


def test_best_partition_of_few(rng):
    # Two clusters of a few networks: all partitions can be tried.
    Xs = list(rng.standard_normal((6, 20, 3)))
    kmeans = ProcrustesKMeans(2, n_restarts=20, random_state=0).fit(Xs)
    inertias = []
    for inside in itertools.product([0, 1], repeat=5):
        labels = np.array([0, *inside])
        if labels.any():
            inertias.append(
                sum(
                    ProcrustesKMeans(1).fit([Xs[i] for i in np.flatnonzero(labels == c)]).inertia_
                    for c in (0, 1)
                )
            )
    assert kmeans.inertia_ == pytest.approx(min(inertias), rel=1e-3)


def test_more_restarts_are_no_worse(rng):
    Xs = list(rng.standard_normal((20, 15, 4)))
    inertias = [
        ProcrustesKMeans(5, n_restarts=n, random_state=0).fit(Xs).inertia_ for n in (1, 3, 10)
    ]
    assert inertias[0] >= inertias[1] >= inertias[2]


def test_estimator(rng):
    Xs, truth = clusters(rng, (4, 3))
    kmeans = ProcrustesKMeans(n_clusters=2, random_state=0)
    with pytest.raises(NotFittedError):
        kmeans.predict(Xs)
    labels = kmeans.fit_predict(Xs)
    assert same_partition(labels, truth)
    np.testing.assert_array_equal(kmeans.predict(Xs), labels)
    distances = kmeans.transform(Xs)
    assert distances.shape == (7, 2)
    assert kmeans.inertia_ == pytest.approx((distances.min(axis=1) ** 2).sum())
    np.testing.assert_allclose(clone(kmeans).fit_transform(Xs), distances)
    assert kmeans.n_iter_ >= 1
    np.testing.assert_allclose(kmeans.cluster_centers_.mean(axis=1), 0, atol=1e-12)


def test_known_distances_are_used(rng):
    Xs, truth = clusters(rng, (3, 3))
    D = pairwise_distances(LinearMetric(), Xs, verbose=False)
    assert same_partition(procrustes_kmeans(Xs, 2, D, random_state=0)[1], truth)
    with pytest.raises(ValueError, match=r"dist_matrix must have shape \(6, 6\)"):
        procrustes_kmeans(Xs, 2, D[:5])


def test_n_jobs_and_seeds(rng):
    Xs = list(rng.standard_normal((9, 20, 4)))
    runs = [procrustes_kmeans(Xs, 3, random_state=4, n_jobs=n) for n in (1, 3, None)]
    for run in runs[1:]:
        for ours, first in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(ours, first)


def test_unequal_widths(rng):
    base = rng.standard_normal((30, 4))
    Xs = [base, np.pad(base, ((0, 0), (0, 3))), rng.standard_normal((30, 6))]
    centroids, labels, cent_dists = procrustes_kmeans(Xs, 2, random_state=0)
    assert centroids.shape == (2, 30, 7)
    assert labels[0] == labels[1] != labels[2]
    np.testing.assert_allclose(cent_dists.min(axis=0), 0, atol=1e-10)


def test_one_cluster_each(rng):
    Xs = list(rng.standard_normal((4, 20, 3)))
    _, labels, cent_dists = procrustes_kmeans(Xs, 4, random_state=0)
    assert sorted(labels) == [0, 1, 2, 3]
    np.testing.assert_allclose(cent_dists.min(axis=0), 0, atol=1e-12)


def test_copies_leave_clusters_empty_without_harm(rng):
    X = rng.standard_normal((20, 3))
    _, labels, cent_dists = procrustes_kmeans([X] * 5, 3, random_state=0)
    np.testing.assert_allclose(cent_dists, 0, atol=1e-11)
    assert set(labels) <= {0, 1, 2}


def test_distant_network_fills_an_empty_cluster(rng):
    Xs, _ = clusters(rng, (6,), noise=0.01)
    Xs.append(rng.standard_normal((40, 5)))
    zeros = np.zeros((7, 7))  # the seeds know nothing of distances
    for seed in range(10):
        _, labels, _ = procrustes_kmeans(Xs, 2, zeros, random_state=seed, n_restarts=1)
        assert len(set(labels)) == 2


def test_nothing_is_written_to_the_caller(rng):
    Xs = list(rng.standard_normal((5, 20, 4)))
    for X in Xs:
        X.flags.writeable = False
    procrustes_kmeans(Xs, 2, random_state=0, center_columns=False)


def test_warns_if_labels_still_change(rng):
    Xs, _ = clusters(rng, (3, 3))
    zeros = np.zeros((6, 6))  # all networks begin in one cluster
    with pytest.warns(ConvergenceWarning, match="increase max_iter$"):
        _, labels, cent_dists = procrustes_kmeans(Xs, 2, zeros, max_iter=1, random_state=0)
    np.testing.assert_array_equal(labels, cent_dists.argmin(axis=0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_clusters": 5}, "n_clusters=5 is more than the number of networks, 4"),
        ({"n_clusters": 0}, "n_clusters must be at least 1"),
        ({"max_iter": 0}, "max_iter must be at least 1"),
        ({"n_restarts": 0}, "n_restarts must be at least 1"),
        ({"Xs": []}, "at least one network"),
        ({"Xs": [np.ones((4, 2)), np.ones((5, 2))]}, r"Xs\[1\] 5"),
        ({"Xs": [np.ones((4, 2)), np.full((4, 2), np.nan)]}, r"Xs\[1\] contains NaN"),
    ],
)
def test_bad_input(rng, change, message):
    options = {"Xs": list(rng.standard_normal((4, 6, 2))), "n_clusters": 2} | change
    with pytest.raises(ValueError, match=message):
        procrustes_kmeans(**options)


def test_transform_wants_the_same_samples(rng):
    kmeans = ProcrustesKMeans(2).fit(list(rng.standard_normal((4, 6, 2))))
    with pytest.raises(ValueError, match="7 samples, but the clusters were fitted to 6"):
        kmeans.transform([np.ones((7, 2))])


def test_errors_name_networks_and_similarities_are_no_distances(rng):
    Xs = dict(zip(["V1", "V4", "IT"], rng.standard_normal((3, 10, 4)), strict=True))
    odd = Xs | {"IT": Xs["IT"][:6]}
    with pytest.raises(ValueError, match=r"X\['V1'\] has 10 samples and X\['IT'\] 6"):
        ProcrustesKMeans(2).fit(odd)
    with pytest.raises(ValueError, match=r"X\['IT'\] has 6 samples, but the clusters"):
        ProcrustesKMeans(2, random_state=0).fit(Xs).predict({"IT": odd["IT"]})
    similarities = pairwise_distances("cka", Xs, verbose=False)
    with pytest.raises(ValueError, match="dist_matrix must have a zero diagonal, got 1 on"):
        ProcrustesKMeans(2).fit(Xs, dist_matrix=similarities)
