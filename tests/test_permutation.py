"""PermutationMetric: netrep's interface and numbers, properties, all pairs."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from netrep_go.metrics import PermutationMetric
from netrep_go.multiset import cross_distances, pairwise_distances

rng = np.random.default_rng(0)
NETWORKS = [rng.standard_normal((12, width)) for width in (5, 9, 20, 1, 9)]
HELD_OUT = [rng.standard_normal((7, x.shape[1])) for x in NETWORKS]
SCORES = ["angular", "euclidean"]


def reference(X, Y, X_test, Y_test, score_method, center=True):
    """Fit by SciPy's assignment and score in plain NumPy."""
    width = max(X.shape[1], Y.shape[1])
    X, Y, X_test, Y_test = (
        np.pad(a, ((0, 0), (0, width - a.shape[1]))) for a in (X, Y, X_test, Y_test)
    )
    mx, my = (X.mean(0), Y.mean(0)) if center else (0.0, 0.0)
    px, py = linear_sum_assignment((X - mx).T @ (Y - my), maximize=True)
    A, B = (X_test - mx)[:, px], (Y_test - my)[:, py]
    if score_method == "euclidean":
        return np.linalg.norm(A - B)
    return np.arccos(np.sum(A * B) / np.linalg.norm(A) / np.linalg.norm(B))


def golden_pair():
    rs = np.random.RandomState(0)
    return rs.randn(20, 5), rs.randn(20, 7)


def test_golden_value_of_netrep():
    X, Y = golden_pair()
    metric = PermutationMetric()
    assert metric.fit_score(X, Y) == pytest.approx(1.3666414034930143, abs=1e-14)
    assert metric.Px_.dtype == metric.Py_.dtype == np.int64
    assert_array_equal(metric.Px_, np.arange(7))
    D, _ = metric.pairwise_distances([X, Y], verbose=False)
    assert_allclose(D, [[0, 1.3666414034930143], [1.3666414034930143, 0]], atol=1e-14)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("score_method", SCORES)
def test_agrees_with_scipy(score_method, center):
    metric = PermutationMetric(center_columns=center, score_method=score_method)
    D, D_test = pairwise_distances(metric, NETWORKS, HELD_OUT, verbose=False)
    assert_array_equal(D, D.T)
    assert_array_equal(np.diag(D), 0)
    for i, (X, X_test) in enumerate(zip(NETWORKS, HELD_OUT, strict=True)):
        for j in range(i):
            Y, Y_test = NETWORKS[j], HELD_OUT[j]
            train = reference(X, Y, X, Y, score_method, center)
            test = reference(X, Y, X_test, Y_test, score_method, center)
            assert D[i, j] == pytest.approx(train, abs=1e-12)
            assert D_test[i, j] == pytest.approx(test, abs=1e-12)
            metric.fit(X, Y)
            assert metric.score(X, Y) == pytest.approx(train, abs=1e-12)
            assert metric.score(X_test, Y_test) == pytest.approx(test, abs=1e-12)


@pytest.mark.parametrize("shape", [(40, 30), (10, 60)])
def test_finds_the_permutation(shape):
    X, order = rng.standard_normal(shape), rng.permutation(shape[1])
    metric = PermutationMetric().fit(X, X[:, order] + 3)
    assert_array_equal(order[metric.Py_], metric.Px_)
    assert metric.score(X, X[:, order] + 3) < 1e-14
    D, D_test = pairwise_distances(
        metric, [X, X[:, order], 2 * X], [X + 1, X[:, order] + 1, 2 * X + 2], verbose=False
    )
    assert_allclose(D, 0, atol=1e-14)
    assert_allclose(D_test, 0, atol=1e-14)


def test_small_distances_keep_their_digits():
    X, noise = rng.standard_normal((2, 50, 8))
    noise -= X * np.sum(X * noise) / np.sum(X * X)
    for angle in (1e-3, 1e-9, 1e-13):
        Y = X + np.tan(angle) * noise * np.linalg.norm(X) / np.linalg.norm(noise)
        metric = PermutationMetric(center_columns=False)
        D = pairwise_distances(metric, [X, Y[:, ::-1]], verbose=False)
        assert D[0, 1] == pytest.approx(angle, rel=1e-2)
        assert metric.fit_score(X, Y) == pytest.approx(angle, rel=1e-2)


@pytest.mark.parametrize("score_method", SCORES)
def test_triangle_inequality(score_method):
    metric = PermutationMetric(score_method=score_method)
    D = pairwise_distances(metric, NETWORKS, verbose=False)
    assert np.all(D[:, :, None] + D[None] >= D[:, None] - 1e-12)
    assert np.all(D[np.triu_indices(5, 1)] > 0)


def test_cross_distances_and_workers():
    metric = PermutationMetric()
    D, D_test = pairwise_distances(metric, NETWORKS, HELD_OUT, verbose=False, n_jobs=1)
    for n_jobs in (2, 3):
        again = pairwise_distances(metric, NETWORKS, HELD_OUT, verbose=False, n_jobs=n_jobs)
        assert_array_equal(again, (D, D_test))
    cross, cross_test = cross_distances(
        metric, NETWORKS[:2], NETWORKS[2:], HELD_OUT[:2], HELD_OUT[2:], verbose=False
    )
    assert_array_equal(cross, D[:2, 2:])
    assert_array_equal(cross_test, D_test[:2, 2:])


def test_one_network():
    assert_array_equal(pairwise_distances(PermutationMetric(), NETWORKS[:1], verbose=False), [[0]])


def test_netreps_method_always_returns_two_matrices():
    D, D_test = PermutationMetric().pairwise_distances(NETWORKS, verbose=False)
    assert np.all(np.isinf(D_test[~np.eye(5, dtype=bool)]))
    assert_array_equal(D, pairwise_distances(PermutationMetric(), NETWORKS, verbose=False))


def test_partial_fit_and_transform():
    X, Y = golden_pair()
    metric = PermutationMetric()
    mx, centered = metric.partial_fit(X)
    assert_allclose(mx, X.mean(0), atol=1e-15)
    assert_allclose(centered, X - X.mean(0), atol=1e-15)
    A, B = metric.fit_transform(X, Y)
    assert A.shape == B.shape == (20, 7)
    assert_allclose(A, np.pad(X - X.mean(0), ((0, 0), (0, 2)))[:, metric.Px_], atol=1e-14)
    assert_allclose(B, (Y - Y.mean(0))[:, metric.Py_], atol=1e-14)
    mx, plain = PermutationMetric(center_columns=False).partial_fit(X)
    assert_array_equal(mx, 0)
    assert plain is X


def test_inputs_are_left_alone_and_may_be_of_any_kind():
    X, Y = (np.asfortranarray(x, np.float32) for x in golden_pair())
    X.flags.writeable = Y.flags.writeable = False
    want = PermutationMetric().fit_score(X.astype(float), Y.astype(float))
    assert PermutationMetric().fit_score(X, Y) == want
    assert PermutationMetric().fit_score(X.tolist(), Y.tolist()) == want
    D = pairwise_distances(PermutationMetric(), [X, Y], verbose=False)
    assert D[0, 1] == pytest.approx(want, abs=1e-14)


def test_single_precision_products():
    exact = pairwise_distances(PermutationMetric(), NETWORKS, HELD_OUT, verbose=False)
    rough = pairwise_distances(
        PermutationMetric(), NETWORKS, HELD_OUT, verbose=False, dtype=np.float32
    )
    assert_allclose(rough, exact, atol=1e-5)
    assert not np.array_equal(rough, exact)


def test_clone_and_pickle():
    X, Y = golden_pair()
    metric = PermutationMetric(zero_pad=True, score_method="euclidean").fit(X, Y)
    assert clone(metric).get_params() == metric.get_params()
    assert pickle.loads(pickle.dumps(metric)).score(X, Y) == metric.score(X, Y)


def test_errors():
    X, Y = golden_pair()
    with pytest.raises(ValueError, match="score_method"):
        PermutationMetric(score_method="cosine")
    with pytest.raises(ValueError, match="score_method"):
        PermutationMetric().set_params(score_method="cosine").fit(X, Y)
    with pytest.raises(ValueError, match="equal dimensions"):
        PermutationMetric(zero_pad=False).fit(X, Y)
    with pytest.raises(ValueError, match="traindata\\[1\\] 7"):
        pairwise_distances(PermutationMetric(zero_pad=False), [X, Y], verbose=False)
    with pytest.raises(NotFittedError):
        PermutationMetric().score(X, Y)
    with pytest.raises(ValueError, match="columns"):
        PermutationMetric().fit(X, Y).transform(X, X)
    with pytest.raises(ValueError, match="Y contains NaN"):
        PermutationMetric().fit(X, np.where(Y > 2, np.nan, Y))


def test_activations_that_do_not_vary_have_no_angle():
    X, _ = golden_pair()
    constant = np.full((20, 3), 0.1)
    with pytest.raises(ValueError, match="Y: the activations do not vary"):
        PermutationMetric().fit_score(X, constant)
    with pytest.raises(ValueError, match=r"traindata\[1\]: the activations do not vary"):
        pairwise_distances(PermutationMetric(), [X, constant], verbose=False)
    D = pairwise_distances(
        PermutationMetric(score_method="euclidean"), [X, constant], verbose=False
    )
    assert D[0, 1] == pytest.approx(np.linalg.norm(X - X.mean(0)))
