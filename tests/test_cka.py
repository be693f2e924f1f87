"""LinearCKA: netrep's and Kornblith's numbers, the unbiased estimate, all pairs."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from netrep_go.metrics import LinearCKA
from netrep_go.multiset import cross_distances, pairwise_distances

OPTIONS = [
    {"center_columns": center, "estimator": estimator}
    for center in (True, False)
    for estimator in ("biased", "unbiased")
]


def hsic(K, L, estimator):
    """HSIC as defined by Song et al. (2012), equations 4 and 5, up to a factor."""
    if estimator == "biased":
        return np.sum(K * L)
    n = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    return (
        np.sum(K * L)
        + K.sum() * L.sum() / ((n - 1) * (n - 2))
        - 2 * np.ones(n) @ K @ L @ np.ones(n) / (n - 2)
    )


def reference(X, Y, center_columns, estimator):
    if center_columns:
        X, Y = X - X.mean(0), Y - Y.mean(0)
    K, L = X @ X.T, Y @ Y.T
    norms = hsic(K, K, estimator) * hsic(L, L, estimator)
    return hsic(K, L, estimator) / np.sqrt(norms)


def networks(n_samples, widths=(5, 9, 40, 1, 9), seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n_samples, width)) + 0.3 for width in widths]


def golden_pair():
    rs = np.random.RandomState(0)
    return rs.randn(20, 5), rs.randn(20, 7)


def test_golden_value_of_netrep():
    X, Y = golden_pair()
    assert LinearCKA().fit_score(X, Y) == pytest.approx(1.3767232974957528, abs=1e-14)
    similarity = LinearCKA(score_method="cosine").fit_score(X, Y)
    assert similarity == pytest.approx(np.cos(1.3767232974957528), abs=1e-14)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("n_samples", [4, 12, 300, 600])
def test_agrees_with_the_formula(n_samples, options):
    train, test = networks(n_samples), networks(15, seed=1)
    cosine = LinearCKA(score_method="cosine", **options)
    for D, xs in zip(
        pairwise_distances(cosine, train, test, verbose=False), (train, test), strict=True
    ):
        want = [[reference(X, Y, **options) for Y in xs] for X in xs]
        assert_allclose(D, want, atol=1e-11)
        assert_array_equal(D, D.T)
        assert_array_equal(np.diag(D), 1)
    X, Y = train[:2]
    assert cosine.fit_score(X, Y) == pytest.approx(reference(X, Y, **options), abs=1e-12)
    angles = pairwise_distances(LinearCKA(**options), train, verbose=False)
    similarities = pairwise_distances(cosine, train, verbose=False)
    assert_allclose(np.cos(angles), similarities, atol=1e-14)
    assert_array_equal(np.diag(angles), 0)


def test_cross_distances_and_workers():
    for n_samples, widths in [(30, (5, 9, 40, 1, 9)), (200, (1, 2, 3, 3, 2))]:
        train, test = networks(n_samples, widths), networks(n_samples, widths, seed=1)
        train[4] = test[4] = train[0]
        want = pairwise_distances(LinearCKA(), train, test, verbose=False, n_jobs=1)
        for n_jobs in (2, 3):
            again = pairwise_distances(LinearCKA(), train, test, verbose=False, n_jobs=n_jobs)
            assert_array_equal(again, want)
        cross = cross_distances(
            LinearCKA(), train[:2], train[2:], test[:2], test[2:], verbose=False
        )
        assert_allclose(cross, np.array(want)[:, :2, 2:], atol=1e-14)


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("shape", [(50, 4), (50, 30), (50, 200)])
def test_identical_up_to_a_similarity_transform(shape, estimator):
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    Q = np.linalg.qr(rng.standard_normal((shape[1],) * 2))[0]
    for metric in (LinearCKA(estimator=estimator), LinearCKA(True, "cosine", estimator)):
        want = 0 if metric.score_method == "angular" else 1
        D = pairwise_distances(metric, [X, 3 * X @ Q + 1, X[:, ::-1], X], verbose=False)
        assert_allclose(D, np.full((4, 4), want), atol=1e-14)
        assert metric.fit_score(X, 3 * X @ Q + 1) == pytest.approx(want, abs=1e-14)


@pytest.mark.parametrize("n_samples", [30, 400])
def test_small_angles_keep_their_digits(n_samples):
    X, noise = np.random.default_rng(0).standard_normal((2, n_samples, 6))
    near = [X + size * noise for size in (0, 1e-6, 1e-9, 1e-12)]
    D = pairwise_distances(LinearCKA(), [*near, noise], verbose=False)
    assert_allclose(D[0, 2:4] / D[0, 1], [1e-3, 1e-6], rtol=1e-2)
    assert D[2, 3] == pytest.approx(D[0, 2], rel=1e-2)
    for Y, d in zip(near[1:], D[0, 1:], strict=False):
        assert LinearCKA().fit_score(X, Y) == pytest.approx(d, rel=1e-2)


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_angles_are_a_metric(estimator):
    xs = networks(12, (5, 9, 40, 1, 9, 2, 2, 30))
    D = pairwise_distances(LinearCKA(estimator=estimator), xs, verbose=False)
    assert np.all(D[:, :, None] + D[None] >= D[:, None] - 1e-12)
    assert np.all(D[np.triu_indices(8, 1)] > 0)


def test_unbiased_estimate_of_unrelated_networks():
    xs = networks(20, (300,) * 10)
    upper = np.triu_indices(10, 1)
    biased, unbiased = (
        pairwise_distances(LinearCKA(True, "cosine", estimator), xs, verbose=False)[upper]
        for estimator in ("biased", "unbiased")
    )
    assert np.all(biased > 0.9)
    assert abs(unbiased.mean()) < 0.05
    assert np.any(unbiased < 0)
    assert np.any(np.arccos(unbiased) > np.pi / 2)


def test_centering_makes_no_difference_to_the_unbiased_estimate():
    X, Y = networks(30, (5, 6))
    with_centering = LinearCKA(estimator="unbiased").fit_score(X, Y)
    assert LinearCKA(False, estimator="unbiased").fit_score(X + 9, Y) == pytest.approx(
        with_centering, abs=1e-12
    )


def test_scale_does_not_overflow():
    X, Y = golden_pair()
    assert LinearCKA().fit_score(1e70 * X, 1e-150 * Y) == pytest.approx(1.3767232974957528)


def test_one_network():
    X = networks(20)[0]
    assert_array_equal(pairwise_distances(LinearCKA(), [X], verbose=False), [[0]])
    assert_array_equal(
        pairwise_distances(LinearCKA(score_method="cosine"), [X], verbose=False), [[1]]
    )


def test_netreps_method_always_returns_two_matrices():
    xs = networks(20)
    D, D_test = LinearCKA().pairwise_distances(xs, verbose=False)
    assert np.all(np.isinf(D_test[~np.eye(5, dtype=bool)]))
    assert_array_equal(D, pairwise_distances(LinearCKA(), xs, verbose=False))


def test_inputs_are_left_alone_and_may_be_of_any_kind():
    X, Y = (np.asfortranarray(x, np.float32) for x in golden_pair())
    X.flags.writeable = Y.flags.writeable = False
    want = LinearCKA().fit_score(X.astype(float), Y.astype(float))
    assert LinearCKA().fit_score(X, Y) == want
    assert LinearCKA().fit_score(X.tolist(), Y.tolist()) == want
    xs = networks(20)
    before = [x.copy() for x in xs]
    want = pairwise_distances(LinearCKA(), xs, verbose=False)
    assert_array_equal(pairwise_distances(LinearCKA(), xs, verbose=False, dtype="float32"), want)
    for x, y in zip(xs, before, strict=True):
        assert_array_equal(x, y)


def test_clone_pickle_and_fit():
    X, Y = golden_pair()
    metric = LinearCKA(score_method="cosine", estimator="unbiased")
    assert metric.fit(X, Y) is metric
    assert metric.n_features_in_ == 5
    assert clone(metric).get_params() == metric.get_params()
    assert pickle.loads(pickle.dumps(metric)).score(X, Y) == metric.score(X, Y)
    assert LinearCKA().score(X, Y) == LinearCKA().fit_score(X, Y)


def test_errors():
    X, Y = golden_pair()
    for options in ({"score_method": "euclidean"}, {"estimator": "debiased"}):
        (name,) = options
        with pytest.raises(ValueError, match=name):
            LinearCKA(**options)
        with pytest.raises(ValueError, match=name):
            LinearCKA().set_params(**options).score(X, Y)
    with pytest.raises(ValueError, match="equal numbers of samples"):
        LinearCKA().fit(X, Y[:10])
    with pytest.raises(ValueError, match="needs at least 4 samples, got 3"):
        LinearCKA(estimator="unbiased").fit_score(X[:3], Y[:3])
    with pytest.raises(ValueError, match="Y contains NaN"):
        LinearCKA().fit_score(X, np.where(Y > 2, np.nan, Y))
    with pytest.raises(ValueError, match=r"traindata\[1\] contains NaN"):
        pairwise_distances(LinearCKA(), [X, np.where(Y > 2, np.nan, Y)], verbose=False)


def test_activations_that_do_not_vary():
    X, _ = golden_pair()
    constant = np.full((20, 3), 0.1)
    with pytest.raises(ValueError, match="Y: the activations do not vary"):
        LinearCKA().fit_score(X, constant)
    with pytest.raises(ValueError, match=r"traindata\[1\]: the activations do not vary"):
        pairwise_distances(LinearCKA(), [X, constant], verbose=False)
    with pytest.raises(ValueError, match=r"testdata\[1\]: the activations"):
        pairwise_distances(LinearCKA(), [X, X], [X, np.ones((20, 5))], verbose=False)
    with pytest.raises(ValueError, match="Y: all pairs of samples are equally similar"):
        LinearCKA(estimator="unbiased").fit_score(X, np.eye(20))
