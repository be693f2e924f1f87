"""RSA as a measure: golden values, definitions, undefined values, repeated conditions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, pearsonr, spearmanr

from netrep_go.metrics import get_measure
from netrep_go.multiset import cross_distances, pairwise_distances
from netrep_go.rsa import RSA, compare, rdm

CASES = {"A": (20, 5, 7), "B": (200, 50, 50)}
PEERS = {
    "spearman": lambda x, y: spearmanr(x, y).statistic,
    "pearson": lambda x, y: pearsonr(x, y).statistic,
    "tau-b": lambda x, y: kendalltau(x, y).statistic,
    "cosine": lambda x, y: x @ y / np.linalg.norm(x) / np.linalg.norm(y),
    "euclidean": lambda x, y: np.linalg.norm(x - y),
}


def case(name):
    n, p, q = CASES[name]
    return np.random.RandomState(0).randn(n, p), np.random.RandomState(1).randn(n, q)


@pytest.mark.parametrize(
    ("metric", "method", "name", "value"),
    [
        ("correlation", "spearman", "A", -0.11770175876),
        ("correlation", "spearman", "B", 0.00399768313647),
        ("euclidean", "spearman", "A", 0.101920595555),
        ("euclidean", "spearman", "B", 0.0388369620072),
        ("correlation", "euclidean", "A", 9.2873092713),
        ("correlation", "euclidean", "B", 28.4188550539),
        ("euclidean", "euclidean", "A", 17.9127662961),
        ("euclidean", "euclidean", "B", 188.975986595),
        ("sqeuclidean", "cosine_cov", "A", 0.268178057700),  # linear CKA
        ("sqeuclidean", "cosine_cov", "B", 0.202020082311),
    ],
)
def test_golden_values(metric, method, name, value):
    assert RSA(metric, method).fit_score(*case(name)) == pytest.approx(value, rel=1e-11)


def test_names():
    A = case("A")
    for name, value in (("rsa", -0.11770175876), ("rsa_euclidean", 0.101920595555)):
        assert get_measure(name).fit_score(*A) == pytest.approx(value)
    assert get_measure("rsa", method="tau-a").method == "tau-a"


@pytest.mark.parametrize("method", PEERS)
@pytest.mark.parametrize("metric", ["correlation", "cosine", "euclidean", "sqeuclidean"])
@pytest.mark.parametrize("shape", [(3, 2, 4), (4, 9, 1), (15, 3, 30)])
def test_definitions(rng, shape, metric, method):
    n, p, q = shape
    X, Y = rng.standard_normal((n, p)), 1 + rng.standard_normal((n, q))
    if metric in ("correlation", "cosine") and 1 in (p, q):
        Y = np.hstack([Y, rng.standard_normal((n, 2))])
    x, y = (pdist(each, metric) for each in (X, Y))
    want = PEERS[method](x, y)
    assert RSA(metric, method).fit_score(X, Y) == pytest.approx(want, rel=1e-9, abs=1e-12)


METHODS = ["spearman", "tau-a", "rho-a", "corr_cov", "bures", "neg_riem_dist", "euclidean"]


@pytest.mark.parametrize("method", METHODS)
def test_all_pairs_are_single_pairs(rng, method):
    Xs = [rng.standard_normal((9, 4 + k)) for k in range(4)]
    measure = RSA("euclidean", method)
    D, D_test = pairwise_distances(measure, Xs, Xs[::-1], n_jobs=2, verbose=False)
    single = [[measure.score(x, y) for y in Xs] for x in Xs]
    assert_allclose(D, single, rtol=1e-12, atol=1e-12)
    assert_allclose(D_test, D[::-1, ::-1], rtol=1e-12, atol=1e-12)
    assert_array_equal(D, pairwise_distances(measure, Xs, n_jobs=1, verbose=False))
    cross = cross_distances(measure, Xs[:1], Xs[1:], verbose=False)
    assert_allclose(cross, D[:1, 1:], rtol=1e-12, atol=1e-12)
    if method != "euclidean":
        with_itself = compare(rdm(Xs, "euclidean"), method=method)
        assert_allclose(D, with_itself, rtol=1e-12, atol=1e-12)


def test_what_is_true_of_other_parameters(rng):
    X, Y = rng.standard_normal((2, 6, 8))
    one_way = RSA("euclidean", "neg_riem_dist")
    said = one_way.properties
    assert (said.kind, said.range, said.symmetric) == ("similarity", (-np.inf, 0), False)
    assert one_way.score(X, Y) != pytest.approx(one_way.score(Y, X), rel=1e-3)
    assert one_way.score(X, X) == pytest.approx(0, abs=1e-9)
    assert one_way.score(3 * X + 1, Y @ np.linalg.qr(rng.standard_normal((8, 8)))[0]) == (
        pytest.approx(one_way.score(X, Y), rel=1e-9)
    )
    poisson = RSA("poisson")
    assert poisson.properties.invariances == {"permutation"}
    rates = X**2, Y**2
    before = poisson.score(*rates)
    assert poisson.score(rates[0][:, ::-1], rates[1]) == pytest.approx(before)
    assert poisson.score(3 * rates[0], rates[1]) != pytest.approx(before, rel=1e-3)
    with pytest.raises(ValueError, match=r"^X: responses must not be negative for Poisson"):
        poisson.score(X, Y)


def test_repeated_conditions_and_folds(rng):
    conditions, folds = np.tile(list("cabdef"), 4), np.repeat(np.arange(4), 6)
    Xs = [rng.standard_normal((24, p)) for p in (5, 9)]
    for metric in ("correlation", "euclidean"):
        want = compare(*(rdm(X, metric, conditions=conditions) for X in Xs))
        assert RSA(metric, conditions=conditions).score(*Xs) == pytest.approx(want)
    crossed = RSA("crossnobis", "cosine", conditions, folds)
    want = compare(
        *(rdm(X, "crossnobis", conditions=conditions, folds=folds) for X in Xs), method="cosine"
    )
    assert crossed.score(*Xs) == pytest.approx(want)
    assert crossed.properties.range == (-1, 1)
    Q = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    assert crossed.score(2 * Xs[0] @ Q + 1, Xs[1]) == pytest.approx(want)
    flat = Xs[0].copy()
    flat[conditions == "b"] = np.outer([1, -1, 2, -2], np.arange(5))
    with pytest.warns(match="condition 1 of X is zero, so that its cosine with others"):
        assert np.isnan(RSA("cosine", conditions=conditions).score(flat, Xs[1]))
    with pytest.raises(ValueError, match=r"conditions must have shape \(24,\), got \(3,\)"):
        RSA(conditions=list("abc")).score(*Xs)
    for arguments, message in (
        ({"metric": "crossnobis"}, "crossnobis needs folds"),
        ({"folds": folds}, "folds are for metric='crossnobis'"),
        ({"metric": "crossnobis", "folds": folds}, "give conditions"),
    ):
        with pytest.raises(ValueError, match=message):
            RSA(**arguments)


def test_what_is_undefined_is_nan_and_says_why(rng):
    X, Y = rng.standard_normal((2, 8, 4))
    flat, zero = X.copy(), X.copy()
    flat[2], zero[5] = 3, 0
    for measure, x, reason in (
        (RSA(), flat, "sample 2 of X is constant over features, so that its correlation"),
        (RSA(), X[:, :1], "sample 0 of X is constant over features"),
        (RSA("cosine"), zero, "sample 5 of X is zero, so that its cosine"),
        (RSA("euclidean"), np.eye(8), "all dissimilarities of X are the same"),
        (RSA("euclidean"), np.ones((8, 2)), "all dissimilarities of X are the same"),
        (RSA("euclidean", "cosine"), np.ones((8, 2)), "all dissimilarities of X are 0"),
    ):
        with pytest.warns(match=f"the value is NaN: {reason}"):
            assert np.isnan(measure.score(x, Y))
    assert RSA("euclidean", "euclidean").score(np.ones((8, 2)), Y) == pytest.approx(
        np.linalg.norm(pdist(Y))
    )
    with pytest.warns(match=r"the value of traindata\[0\] and traindata\[1\] and 2 more pairs"):
        D = pairwise_distances("rsa", [X, flat, Y], verbose=False)
    assert_array_equal(np.isnan(D), [[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    assert D[0, 2] == pytest.approx(RSA().score(X, Y))
    for Xs, Ys in (([flat], [X, Y]), ([X, Y], [flat])):
        with pytest.warns(match="is NaN: sample 2 of"):
            assert np.isnan(cross_distances("rsa", Xs, Ys, verbose=False)).all()


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_samples(n):
    with pytest.raises(ValueError, match=f"^X: an RDM needs at least 3 conditions, got {n}"):
        RSA("euclidean").score(np.eye(2)[:n], np.eye(2)[:n])


@pytest.mark.parametrize("scale", [1e-150, 1e-80, 1e80, 1e140])
@pytest.mark.parametrize("metric", ["correlation", "cosine", "euclidean", "sqeuclidean"])
@pytest.mark.parametrize("method", ["spearman", "pearson", "cosine", "tau-b", "corr_cov", "bures"])
def test_scales(rng, metric, method, scale):
    X, Y = rng.standard_normal((2, 8, 20))
    measure = RSA(metric, method)
    assert measure.score(scale * X, Y) == pytest.approx(measure.score(X, Y), rel=1e-6)


def test_norms_of_large_differences(rng):
    X, Y = rng.standard_normal((2, 8, 5))
    norm = RSA("sqeuclidean", "euclidean")
    assert norm.score(1e140 * X, 1e140 * Y) == pytest.approx(1e280 * norm.score(X, Y))
    with pytest.raises(ValueError, match="X must be of a size whose products"):
        norm.score(1e-160 * X, Y)


def test_types_ties_and_order(rng):
    X, Y = rng.integers(0, 3, (2, 12, 4))
    order = rng.permutation(12)
    for method in ("spearman", "tau-a", "tau-b", "rho-a"):
        measure = RSA("euclidean", method)
        value = measure.score(X, Y)
        assert measure.score(X[order], Y[order]) == pytest.approx(value, rel=1e-12)
        assert measure.score(X.astype(np.float32), Y.astype(np.int8)) == value
    twins = np.vstack([X, X])
    assert RSA("euclidean").score(twins, twins) == pytest.approx(1)
