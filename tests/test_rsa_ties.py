"""Dissimilarities that are equal by definition are tied: against exact rational arithmetic."""

from decimal import Decimal, getcontext
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau, rankdata, spearmanr

from netrep_go.rsa import (
    compare,
    evaluate,
    noise_ceiling,
    permutation_test,
    rdm,
    searchlight,
    time_resolved,
)

RANKED = ["spearman", "tau-a", "tau-b", "rho-a"]
DISTANCES = ["sqeuclidean", "euclidean"]
SCALED = ["correlation", "cosine"]
EPS = np.finfo(float).eps


def tables():
    """Return whole numbers with many equal dissimilarities, and the unit of responses."""
    rng = np.random.default_rng(5)
    ratings = rng.integers(1, 8, (15, 6))
    binary = rng.integers(0, 2, (15, 9))
    binary[:, :2] = 0, 1  # no row is constant
    wide = rng.integers(0, 3, (15, 300))
    wide[9:] = wide[:6]  # conditions that are there twice
    return {
        "one-hot": (np.eye(5, dtype=int)[np.repeat(np.arange(5), 3)], 1.0),
        "ratings": (ratings, 1.0),
        "binary": (binary, 1.0),
        "counts": (rng.poisson(2.0, (15, 40)), 1.0),
        "quarters": (2 * ratings + 1, 0.25),
        "negative": (3 - ratings, 1.0),
        "duplicates": (wide, 1.0),
        "offset": (ratings + 10**6 * np.arange(6), 1.0),
        "large": (ratings, 2.0**300),
        "small": (binary, 2.0**-300),
    }


TABLES = tables()


def numbers(keys):
    """Return the rank among distinct keys of each, without rounding."""
    place = {key: k for k, key in enumerate(sorted(set(keys)))}
    return np.array([place[key] for key in keys], float)


def exact(x, y, metric):
    """Return a number with the order of the dissimilarity of whole numbers, exactly."""
    n = len(x)
    sx, sy = (x.sum(), y.sum()) if metric == "correlation" else (0, 0)
    xx, yy, xy = n * (x @ x) - sx * sx, n * (y @ y) - sy * sy, n * (x @ y) - sx * sy
    if metric in SCALED:
        return Fraction(-xy * abs(xy), xx * yy)
    return Fraction(xx + yy - 2 * xy, n * n)


def exact_rdm(X, metric, seen=None):
    """Return numbers with the order of all dissimilarities, over what both have."""
    seen = np.ones(X.shape, bool) if seen is None else seen
    kept = [a & b for a, b in combinations(seen, 2)]
    pairs = zip(combinations(X.astype(object), 2), kept, strict=True)
    return numbers([exact(x[k], y[k], metric) for (x, y), k in pairs])


def holes(shape):
    """Return where responses are missing: in every second condition."""
    seen = np.ones(shape, bool)
    seen[np.arange(0, 15, 2), 2 + np.arange(8) % (shape[1] - 2)] = False
    return seen


def assert_ranks(measured, want, models):
    """Compare rank correlations with those of exact ranks."""
    for model in models:
        assert_allclose(compare(measured, model), spearmanr(want, model)[0], atol=1e-12)
        assert_allclose(compare(measured, model, "tau-b"), kendalltau(want, model)[0], atol=1e-12)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("metric", DISTANCES + SCALED)
def test_exact_arithmetic(rng, table, missing, metric):
    whole, unit = TABLES[table]
    if missing and table == "one-hot":
        whole = whole + 2 * np.arange(5)  # or what is left would be constant
    seen = holes(whole.shape) if missing else np.ones(whole.shape, bool)
    want, models = exact_rdm(whole, metric, seen), rng.random((2, 105))
    X = np.where(seen, whole * unit, np.nan)
    measured, shuffled = rdm(X, metric), rdm(X[:, rng.permutation(X.shape[1])], metric)
    if metric in DISTANCES:
        assert_array_equal(rankdata(measured), rankdata(want))
        assert_array_equal(shuffled, measured)
    assert_ranks(measured, want, models)
    assert_ranks(shuffled, want, models)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("metric", DISTANCES + SCALED)
@pytest.mark.parametrize("even", [True, False])
def test_averages(rng, even, metric, missing):
    X = rng.integers(0, 2, (45, 6)).astype(float)
    conditions = np.arange(45) % 15
    X += np.arange(15)[conditions][:, np.newaxis] % 5 * np.arange(6)
    if not even:
        conditions[[0, 1, 2]] = 14, 14, 13  # 2 to 5 observations
    if missing:
        X[::4, 3] = np.nan
    by = [X[conditions == c] for c in range(15)]
    counts = np.array([(~np.isnan(x)).sum(axis=0) for x in by])
    whole = np.array([np.nansum(x, axis=0) for x in by]).astype(int) * (60 // np.maximum(counts, 1))
    want = exact_rdm(whole, metric, counts > 0)
    measured = rdm(X, metric, conditions=conditions)
    if metric in DISTANCES:
        assert len(set(want)) < 105
        assert_array_equal(rankdata(measured), rankdata(want))
    assert_ranks(measured, want, rng.random((2, 105)))


@pytest.mark.parametrize("table", ["one-hot", "ratings", "binary"])
def test_poisson(rng, table):
    getcontext().prec = 60
    X, weight, prior = TABLES[table][0] % 3, Decimal("0.1"), Decimal(1)
    rates = [[(Decimal(int(v)) + prior * weight) / (1 + weight) for v in row] for row in X]
    pairs = [list(zip(x, y, strict=True)) for x, y in combinations(rates, 2)]
    keys = [round(sum((a - b) * (a.ln() - b.ln()) for a, b in pair), 40) for pair in pairs]
    assert len(set(keys)) < 105
    measured = rdm(X, "poisson")
    assert_allclose(measured, [float(k) / X.shape[1] for k in keys], rtol=1e-13, atol=0)
    assert_ranks(measured, numbers(keys), rng.random((2, 105)))


@pytest.mark.parametrize("offset", [0, 10**6])
@pytest.mark.parametrize("even", [True, False])
def test_crossnobis(rng, even, offset):
    X = rng.integers(0, 3, (30 if even else 33, 4)) + offset
    conditions, folds = np.arange(len(X)) % 10, np.arange(len(X)) // 10 % 3

    def mean(i, j):
        pairs = [
            Fraction(int(X[a] @ X[b]))
            for a in np.flatnonzero(conditions == i)
            for b in np.flatnonzero(conditions == j)
            if folds[a] != folds[b]
        ]
        return sum(pairs) / Fraction(len(pairs))

    keys = [mean(i, i) + mean(j, j) - 2 * mean(i, j) for i, j in combinations(range(10), 2)]
    measured = rdm(X, "crossnobis", conditions=conditions, folds=folds)
    assert_array_equal(rankdata(measured), rankdata(numbers(keys)))
    assert_allclose(measured, [float(key / 4) for key in keys], rtol=1e-15)


def test_mahalanobis(rng):
    precision = np.array([[3, 1, 0, 0], [1, 2, 0, 0], [0, 0, 5, 2], [0, 0, 2, 1]], float)
    for offset in (0.0, 1e6):
        X = rng.integers(0, 3, (15, 4)) + offset
        differences = np.array([x - y for x, y in combinations(X, 2)])
        want = np.einsum("ki,ij,kj->k", differences, precision, differences)
        measured = rdm(X, "mahalanobis", noise=precision)
        assert_allclose(measured, np.sqrt(want), rtol=1e-14, atol=1e-14)
        assert_ranks(measured, want, rng.random((2, 105)))


@pytest.mark.parametrize("metric", ["sqeuclidean", "euclidean", "mahalanobis", "correlation"])
def test_offsets_of_features_cost_no_accuracy(rng, metric):
    X = rng.integers(-(2**20), 2**20, (12, 300)) / 2**20  # so that offsets are added exactly
    noise = {"noise": np.diag(rng.integers(1, 5, 300)) / 1.0} if metric == "mahalanobis" else {}
    want = rdm(X, metric, **noise)
    assert_allclose(rdm(X + 1e6, metric, **noise), want, rtol=1e-13)
    if metric != "correlation":
        assert_allclose(rdm(X + 1e6 * np.arange(300), metric, **noise), want, rtol=1e-13)
    Y = X * np.pi + 1e6  # which rounds to 1e-10
    direct = pdist(Y - 1e6, metric.replace("mahalanobis", "euclidean"))
    assert_allclose(rdm(Y, metric.replace("mahalanobis", "euclidean")), direct, rtol=1e-12)


@pytest.mark.parametrize("missing", [False, True])
def test_offsets_of_folds_cost_no_accuracy(rng, missing):
    X = rng.integers(-(2**20), 2**20, (24, 50)) / 2**20
    if missing:
        X[3, 7] = np.nan
    design = {"conditions": np.arange(24) % 8, "folds": np.arange(24) // 8}
    want = rdm(X, "crossnobis", **design)
    assert_allclose(rdm(X + 1e6, "crossnobis", **design), want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("missing", [False, True])
def test_large_rates_cost_no_accuracy(rng, missing):
    X = 1e6 + rng.integers(0, 100, (12, 40))
    X[4] = X[7]
    if missing:
        X[2::3, 5] = np.nan
    rates = (X + 0.1) / 1.1
    terms = [(r - s) * np.log1p((r - s) / s) for r, s in combinations(rates, 2)]
    assert_allclose(rdm(X, "poisson"), np.nanmean(terms, axis=1), rtol=1e-7)
    assert rdm(X, "poisson").min() == 0


def test_one_hot_example():
    X = np.eye(7)[np.repeat(np.arange(7), 4)]
    truth = (pdist(X) > 1).astype(float)
    related = np.random.default_rng(2).random(378) + 0.2 * truth
    for metric in DISTANCES + SCALED:
        measured = rdm(X, metric)
        assert len(np.unique(measured)) == 2
        assert compare(measured, related) == pytest.approx(spearmanr(truth, related)[0])
    result = permutation_test(measured, related, random_state=0)
    assert result.pvalue == pytest.approx(0.0014, abs=0.001)  # without ties 0.19


def test_cosines_near_1_are_exact(rng):
    getcontext().prec = 60
    X = rng.integers(0, 3, (12, 30)) + 1000
    products = [map(Decimal, map(int, (x @ x, y @ y, x @ y))) for x, y in combinations(X, 2)]
    want = np.array([1 - xy / (xx * yy).sqrt() for xx, yy, xy in products], float)
    assert max(want) < 1e-5
    assert_allclose(rdm(X, "cosine"), want, rtol=8 * EPS)


# What rounding alone tells apart, in all that ranks RDMs


@pytest.fixture
def rounded(rng):
    """Return RDMs of 12 conditions with few levels, and the same after rounding."""
    levels = np.array([0.0, 0.1, 0.3, 0.7, 1.1])[rng.integers(0, 5, (5, 66))]
    noise = rng.integers(-2, 3, levels.shape)
    return levels, levels * (1 + noise * EPS) + (levels == 0) * noise * EPS / 4


@pytest.mark.parametrize("method", RANKED)
def test_all_routes_tie(rounded, method):
    clean, noisy = rounded
    assert (clean != noisy).any()
    for route in (
        lambda x: compare(x, method=method),
        lambda x: compare(x[:2], x[2:], method),
        lambda x: np.array(noise_ceiling(x, method)[:2]),
        lambda x: evaluate(x[:2], x[2:], method).similarities,
        lambda x: (
            evaluate(
                x[:2], x[2:], method, resample="conditions", n_bootstraps=20, random_state=1
            ).draws
        ),
        lambda x: (
            permutation_test(
                x[:2], x[2:], method, n_permutations=50, random_state=1
            ).null_distribution
        ),
    ):
        assert_allclose(route(noisy), route(clean), atol=1e-12)


@pytest.mark.parametrize("method", RANKED)
def test_missing_entries_tie(rounded, method):
    clean, noisy = (x.copy() for x in rounded)
    for x in (clean, noisy):
        x[0, :40] = np.nan
        x[3, 50:53] = np.nan
    assert_allclose(compare(noisy, method=method), compare(clean, method=method), atol=1e-12)
    options = {"resample": "conditions", "n_bootstraps": 20, "random_state": 1}
    results = [evaluate(x[1:2], x[2:], method, **options).draws for x in (noisy, clean)]
    assert_allclose(*results, atol=1e-12)


@pytest.mark.parametrize("metric", DISTANCES + SCALED)
def test_searchlights_and_times_tie(rng, rounded, metric):
    X = rng.integers(0, 3, (12, 6)).astype(float)
    X[:, :2] = 0, 1
    model = rounded[1][0]
    want = spearmanr(exact_rdm(X.astype(int), metric), rounded[0][0])[0]
    near = [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4]]
    found = searchlight(X, model, neighbors=near, metric=metric)
    assert_allclose(found.scores[0], found.scores[1], atol=1e-12)
    assert_allclose(found.scores[0], want, atol=1e-12)
    course = time_resolved(X[:, :, np.newaxis], model, metric=metric)
    assert_allclose(course.scores, want, atol=1e-12)


def test_what_is_constant_but_for_rounding_has_no_correlation(rng):
    x = 1 + EPS * rng.integers(0, 3, 28)
    with pytest.raises(ValueError, match=r"rdms\[0\]: an RDM whose entries are all the same"):
        compare(x, rng.random(28))
    assert compare(x, rng.random(28), "tau-a") == 0


# What it does not


@pytest.mark.parametrize("unit", [1e-280, 1e-12, 1.0, 1e200])
def test_small_differences_count(rng, unit):
    x = 1 + 1e-12 * rng.permutation(66)
    model = rng.random(66)
    want = spearmanr(x, model)[0]
    assert compare(unit * x, model) == pytest.approx(want, abs=1e-12)
    assert compare(unit * (x - 1), model) == pytest.approx(want, abs=1e-12)
    assert compare(-unit * x, model) == pytest.approx(-want, abs=1e-12)


def test_an_outlier_ties_nothing_else(rng):
    x, model = rng.random((2, 66))
    want = spearmanr(np.append(x[:65], 2), model)[0]
    assert compare(np.append(x[:65], 1e30), model) == pytest.approx(want, abs=1e-12)
    far = compare(np.append(-x[:65], -1e30), model)
    assert far == pytest.approx(-want, abs=1e-12)


def test_ties_are_runs(rng):
    chain = 1 + 2e-15 * np.arange(66)  # neighbors are equal, the ends are not
    model = rng.random(66)
    assert compare(chain, model, "tau-a") == 0
    chain[33:] += 1e-13
    assert compare(chain, model) == pytest.approx(spearmanr(np.arange(66) > 32, model)[0])
