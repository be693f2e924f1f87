"""Intervals, differences and ceilings of values of measures."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from netrep_go.inference import bootstrap, compare_values, reliability
from netrep_go.metrics import (
    AccuracyDifference,
    Measure,
    Properties,
    RidgePredictivity,
    as_measure,
    get_measure,
)
from netrep_go.multiset import pairwise_distances
from netrep_go.rsa import RSA


def mean_product(X, Y):
    """A mean over samples, of which everything is known."""
    return float((X[:, 0] * Y[:, 0]).mean())


def sum_of_squares(X, Y):
    return float((X**2).sum() + (Y**2).sum())


MEAN = as_measure(mean_product, kind="similarity", symmetric=True)


def related(seed, n, p=4, q=4):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    W = np.random.RandomState(7).randn(p, q) / np.sqrt(p)
    return X, X @ W + rng.standard_normal((n, q))


@pytest.fixture
def pair():
    return related(0, 40)


def test_the_jackknife_of_a_mean_is_its_t_interval(pair):
    result = bootstrap(MEAN, *pair, verbose=False)
    products = pair[0][:, 0] * pair[1][:, 0]
    low, high = stats.t.interval(0.95, 39, products.mean(), stats.sem(products))
    assert_allclose([result.low, result.high], [low, high])
    assert_allclose([result.statistic, result.se], [products.mean(), stats.sem(products)])
    assert result.bias == pytest.approx(0, abs=1e-12)
    assert result.distribution.shape == (40, 1)


def test_bootstraps_of_a_mean_are_those_of_scipy(pair):
    products = pair[0][:, 0] * pair[1][:, 0]
    for method, theirs in (("percentile", "percentile"), ("bca", "BCa")):
        result = bootstrap(
            MEAN, *pair, method=method, n_bootstraps=2000, random_state=0, verbose=False
        )
        want = stats.bootstrap(
            (products,), np.mean, n_resamples=4000, method=theirs, rng=np.random.default_rng(0)
        )
        ends = want.confidence_interval
        assert_allclose([result.low, result.high], [ends.low, ends.high], atol=0.05)
        assert result.se == pytest.approx(want.standard_error, rel=0.05)


def test_samples_are_the_same_in_all_networks(pair):
    equal = as_measure(lambda X, Y: float((X != Y).sum()), kind="distance", symmetric=True)
    result = bootstrap(equal, pair[0], pair[0], method="percentile", n_bootstraps=20, verbose=False)
    assert not result.distribution.any()


def test_features_are_drawn_for_each_network(rng):
    X = rng.standard_normal((6, 9))
    count = as_measure(
        lambda X, Y: float(len(np.unique(np.hstack([X, Y]), axis=1).T)), kind="distance"
    )
    kwargs = {"over": "features", "verbose": False}
    drawn = bootstrap(count, X, X, method="percentile", n_bootstraps=50, random_state=0, **kwargs)
    assert drawn.distribution.max() > 6  # of 9 columns one draw has 5.9 in the mean, two have 8
    left_out = bootstrap(as_measure(sum_of_squares, kind="distance"), X, 2 * X, **kwargs)
    squares = (X**2).sum(axis=0)
    total = 5 * squares.sum()
    assert_allclose(left_out.distribution[:, 0], total - np.concatenate([squares, 4 * squares]))


def test_both_are_drawn(pair):
    over = {
        over: bootstrap("cka", *pair, over=over, n_bootstraps=50, random_state=0, verbose=False).se
        for over in ("samples", "features", "both")
    }
    assert over["both"] ** 2 == pytest.approx(over["samples"] ** 2 + over["features"] ** 2)


@pytest.mark.parametrize("measure", ["cka", "procrustes", mean_product])
@pytest.mark.parametrize("method", ["jackknife", "percentile", "bca"])
def test_cohorts_are_pairs(measure, method, rng):
    measure = (
        as_measure(measure) if isinstance(measure, str) else as_measure(measure, kind="distance")
    )
    networks = {name: rng.standard_normal((9, 3)) for name in "abc"}
    kwargs = {"method": method, "n_bootstraps": 30, "random_state": 3, "verbose": False}
    cohort = bootstrap(measure, networks, **kwargs)
    one = bootstrap(measure, networks["a"], networks["c"], **kwargs)
    for name in ("statistic", "estimate", "low", "high", "se", "bias"):
        assert getattr(cohort, name)[0, 2] == pytest.approx(getattr(one, name), abs=1e-9)
    frame = cohort.to_frame()
    row = frame[(frame.network_1 == "a") & (frame.network_2 == "c")].iloc[0]
    assert row["high"] == cohort.high[0, 2]
    off = ~np.eye(3, dtype=bool)
    D = pairwise_distances(measure, networks, verbose=False)
    assert_allclose(cohort.statistic[off], D[off], atol=1e-7)


@pytest.mark.parametrize(
    "name",
    ["mutual_knn", "procrustes_size_and_shape", "soft_matching_distance", "ridge_r_y_to_x", "rsa"],
)
@pytest.mark.filterwarnings("ignore:1 of the")  # ties
def test_intervals_of_what_has_no_limit_are_around_the_statistic(name):
    pair = related(0, 40, 12, 12)
    plain = bootstrap(name, *pair, verbose=False)
    assert plain.low < plain.statistic == plain.estimate < plain.high
    corrected = bootstrap(name, *pair, correct_bias=True, verbose=False)
    assert corrected.bias == plain.bias
    ends = get_measure(name).properties.range
    assert corrected.estimate == pytest.approx(np.clip(plain.statistic - plain.bias, *ends))
    assert ends[0] <= corrected.low <= corrected.estimate <= corrected.high <= ends[1]


def test_intervals_stay_in_the_range():
    pair = related(0, 12, 10, 10)
    result = bootstrap("cka", *pair, over="both", verbose=False)
    assert 0 <= result.low <= result.estimate <= result.high <= 1


def test_threads_and_seeds(pair):
    kwargs = {"method": "percentile", "n_bootstraps": 30, "verbose": False}
    same = [bootstrap("cka", *pair, random_state=1, n_jobs=n, **kwargs) for n in (1, 2)]
    assert_array_equal(same[0].distribution, same[1].distribution)
    other = bootstrap("cka", *pair, random_state=2, **kwargs)
    assert (other.distribution != same[0].distribution).any()


def test_undefined_draws_are_left_out_aloud(pair):
    def sometimes(X, Y):
        return np.nan if (pair[0][0] == X).all(axis=1).any() else 1.0

    measure = as_measure(sometimes, kind="distance", symmetric=True)
    X = pair[0].copy()
    X[0] += 1  # so that the statistic itself is known
    with pytest.warns(match=r"undefined in \d+ of 30 draws"):
        result = bootstrap(
            as_measure(lambda X, Y: 1.0 if len(np.unique(Y)) > 23 * 4 else np.nan, kind="distance"),
            X,
            pair[1],
            method="percentile",
            n_bootstraps=30,
            random_state=0,
            verbose=False,
        )
    assert result.low == result.high == 1.0
    assert np.isnan(bootstrap(measure, *pair, verbose=False).low)


def test_what_is_undefined_is_said_aloud(rng):
    networks = dict(zip("abc", rng.standard_normal((3, 11, 5)), strict=True))
    few = {name: x[:8] for name, x in networks.items()}
    for call in (bootstrap, lambda name, X, **options: compare_values(name, X["a"], X, **options)):
        with pytest.warns(match="and 2 more pairs is NaN: 10 neighbors need") as said:
            call("mutual_knn", few, verbose=False)
        assert len(said) == 1
        with pytest.warns(match="undefined in 11 of 11 cases with one left out"):
            result = call("mutual_knn", networks, verbose=False)
        assert "nan" in str(result.to_frame()["low"].tolist())
    with pytest.warns(match=r"undefined in 3 of 3 comparisons of X\['flat'\]"):
        found = reliability("mutual_knn", {"flat": np.ones((20, 6))}, n_splits=3, verbose=False)
    assert np.isnan(found.value).all()
    with pytest.warns(match="undefined in 3 of 3 comparisons") as said:  # no order of the same
        reliability("cka", [networks["a"]] * 4, of="samples", n_splits=3, verbose=False)
    assert len(said) == 4


class Refuses(Measure):
    """Refuses networks of fewer samples than all."""

    @property
    def properties(self):
        return Properties(kind="similarity", symmetric=True)

    def _compare(self, x, y):
        if len(x) < 40:
            raise self.error("X and Y: too few samples")
        return 1.0


@pytest.mark.parametrize("error", [ValueError, np.linalg.LinAlgError, KeyError])
def test_errors_of_draws_name_the_pair(pair, error):
    measure = Refuses()
    measure.error = error
    networks = dict(zip("abc", (*pair, pair[0]), strict=True))
    with pytest.raises(error) as raised:
        bootstrap(measure, networks, n_jobs=1, verbose=False)
    said = str(raised.value) + "".join(getattr(raised.value, "__notes__", ()))
    assert "X['a'] and X['b']" in said


def folds_of(measure, rows, n):
    """Return, by definition, in which fold each sample of a draw is."""
    order = np.arange(n)
    if measure.random_state is not None:
        np.random.RandomState(measure.random_state).shuffle(order)
    fold = np.empty(n, int)
    for k, test in enumerate(np.array_split(order, measure.cv)):
        fold[test] = k
    return fold[rows]


@pytest.mark.parametrize("seed", [0, None])
def test_samples_stay_in_their_folds(seed):
    X, Y = related(0, 17)
    measure = RidgePredictivity(cv=3, alphas=[0.1], random_state=seed)
    found = bootstrap(measure, X, Y, verbose=False)
    for left_out in (0, 7, 16):
        kept = np.delete(np.arange(17), left_out)
        fold = folds_of(measure, kept, 17)
        residuals = total = 0.0
        for k in range(3):
            (x, xt), (y, yt) = ((z[kept][fold != k], z[kept][fold == k]) for z in (X, Y))
            mean = y.mean(axis=0)
            penalty = 0.1 * np.mean(np.linalg.svd(y - mean, compute_uv=False) ** 2)
            gram = (y - mean).T @ (y - mean) + penalty * np.eye(4)
            W = np.linalg.solve(gram, (y - mean).T @ (x - x.mean(axis=0)))
            wanted = xt - x.mean(axis=0)
            residuals += np.sum((wanted - (yt - mean) @ W) ** 2)
            total += np.sum(wanted**2)
        assert found.distribution[left_out, 0] == pytest.approx(1 - residuals / total, rel=1e-6)


def test_what_belongs_to_samples_goes_with_them(rng):
    """Labels of outputs, conditions and folds: a draw of samples is one of these, too."""
    y = rng.integers(0, 3, 20)
    X, Y = np.eye(3)[y], np.eye(3)[np.where(rng.random(20) < 0.6, y, (y + 1) % 3)]
    found = bootstrap(AccuracyDifference(y), X, Y, verbose=False)
    wrong = (X != Y).any(axis=1)
    assert_allclose(found.distribution[:, 0], (wrong.sum() - wrong) / 19)
    drawn = bootstrap(
        AccuracyDifference(list(y)),
        X,
        Y,
        method="percentile",
        n_bootstraps=400,
        random_state=0,
        verbose=False,
    )
    assert drawn.distribution.mean() == pytest.approx(wrong.mean(), abs=0.03)
    conditions = np.repeat(list("abcde"), 4)
    means = rng.standard_normal((5, 6))[np.repeat(np.arange(5), 4)]
    X, Y = means + rng.standard_normal((2, 20, 6))
    found = bootstrap(RSA("euclidean", "pearson", conditions=conditions), X, Y, verbose=False)
    kept = np.arange(1, 20)
    want = RSA("euclidean", "pearson", conditions=conditions[kept]).fit_score(X[kept], Y[kept])
    assert found.distribution[0, 0] == pytest.approx(want)
    networks = [X, Y, X + Y, X - 2 * Y]
    halves = reliability(
        RSA("euclidean", "pearson", conditions=conditions),
        networks,
        of="samples",
        n_splits=3,
        random_state=1,
        verbose=False,
    )
    assert np.isfinite(halves.value).all()


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "options", "p", "n", "least"),
    [
        ("cka", {}, 4, 30, 0.88),
        ("cka", {"estimator": "unbiased"}, 10, 100, 0.88),
        ("procrustes", {}, 4, 100, 0.88),
    ],
)
def test_jackknife_intervals_hold_the_truth(name, options, p, n, least):
    measure = get_measure(name, **options)
    truth = measure.fit_score(*related(99, 4000 if options or name == "cka" else 100_000, p, p))
    results = [bootstrap(measure, *related(seed, n, p, p), verbose=False) for seed in range(150)]
    assert np.mean([r.low <= truth <= r.high for r in results]) > least


@pytest.mark.long
def test_jackknife_intervals_over_features_hold_the_value_of_many():
    signals = np.random.RandomState(3).randn(60, 4)

    def mixtures(seed, p):
        return signals @ np.random.default_rng(seed).standard_normal((2, 4, p))

    truth = get_measure("cka").fit_score(*mixtures(999, 20_000))
    kwargs = {"over": "features", "verbose": False}
    results = [bootstrap("cka", *mixtures(seed, 40), **kwargs) for seed in range(100)]
    assert np.mean([r.low <= truth <= r.high for r in results]) > 0.88


@pytest.mark.long
@pytest.mark.parametrize("score_method", ["r2", "r"])
def test_jackknife_intervals_of_held_out_samples_hold_the_mean(score_method):
    """The mean over data sets of as many samples; folds drawn anew made errors twice too wide."""
    measure = RidgePredictivity(score_method=score_method)
    truth = np.mean([measure.score(*related(10_000 + seed, 100)) for seed in range(500)])
    results = [bootstrap(measure, *related(seed, 100), verbose=False) for seed in range(100)]
    assert np.mean([r.low <= truth <= r.high for r in results]) >= 0.89
    spread = np.std([r.statistic for r in results])
    assert 0.8 < np.mean([r.se for r in results]) / spread < 1.3


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (
            ("cka", np.ones((3, 2)), np.ones((3, 2))),
            {},
            ValueError,
            "X must have at least 4 samples",
        ),
        (
            ("cka", np.ones((9, 2)), np.ones((9, 9))),
            {"over": "features"},
            ValueError,
            "X must have at least 4 features",
        ),
        (
            ("energy", np.ones((9, 3, 2)), np.ones((9, 3, 2))),
            {"over": "features"},
            ValueError,
            "over must be 'samples'",
        ),
        (("cka", np.eye(9), np.eye(9)), {"method": "t"}, ValueError, "method"),
        (("cka", np.eye(9), np.eye(9)), {"confidence": 95}, ValueError, "confidence"),
        (("cka", np.eye(9), np.eye(8)), {}, ValueError, "Y has 8 samples"),
        (("cka", np.eye(9), np.eye(9)), {"random_state": "a"}, TypeError, "random_state"),
    ],
)
def test_refusals(arguments, options, error, message):
    with pytest.raises(error, match=message):
        bootstrap(*arguments, verbose=False, **options)


# Differences


@pytest.mark.parametrize("name", ["cka", "procrustes", "mean_cca", "mutual_knn"])
def test_values_that_differ_by_rounding_do_not_differ(name, pair):
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    Ys = {"Y": pair[1], "copy": pair[1], "turned": 3 * pair[1] @ turn}
    assert_allclose(compare_values(name, pair[0], Ys, verbose=False).pvalue, 1)


def test_unbiased_values_of_networks_of_other_widths_do_not_differ():
    """Noise of 60 features is more like X than noise of 3 by plain CKA, which is biased."""
    hits = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X, *Ys = (rng.standard_normal((40, p)) for p in (5, 3, 60))
        hits.append(compare_values("cka_unbiased", X, Ys, verbose=False).pvalue[0] <= 0.05)
    assert np.mean(hits) < 0.1


def test_differences_of_means_are_paired_t_tests(rng):
    X, a, b = rng.standard_normal((3, 30, 2))
    result = compare_values(MEAN, X, {"a": a, "b": b}, verbose=False)
    first, second = X[:, 0] * a[:, 0], X[:, 0] * b[:, 0]
    want = stats.ttest_rel(first, second)
    assert_allclose(result.pvalue, want.pvalue)
    assert_allclose([result.low[0], result.high[0]], want.confidence_interval(0.95))
    assert_allclose([result.value_1[0], result.value_2[0]], [first.mean(), second.mean()])
    row = result.to_frame().iloc[0]
    assert list(row[["network_1", "network_2"]]) == ["a", "b"]


def test_comparisons_share_a_measure_or_a_network(rng):
    X, a, b = rng.standard_normal((3, 12, 2))
    measures = ["procrustes_normalized", "procrustes"]
    frame = compare_values(measures, X, {"a": a, "b": b}, verbose=False).to_frame()
    columns = ["measure_1", "network_1", "measure_2", "network_2"]
    assert frame[columns].to_numpy().tolist() == [
        ["procrustes_normalized", "a", "procrustes_normalized", "b"],
        ["procrustes_normalized", "a", "procrustes", "a"],
        ["procrustes_normalized", "b", "procrustes", "b"],
        ["procrustes", "a", "procrustes", "b"],
    ]
    fdr = stats.false_discovery_control(frame.pvalue)
    assert_allclose(frame.pvalue_corrected, fdr)
    named = compare_values({"mine": MEAN}, X, [a, b], verbose=False)
    assert named.labels == [("mine", 0, "mine", 1)]


@pytest.mark.parametrize("name", ["cka", pytest.param("procrustes", marks=pytest.mark.long)])
def test_equal_networks_rarely_differ(name):
    def pvalue(seed):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((20, 4))
        Ys = X + rng.standard_normal((2, 20, 4))
        return compare_values(name, X, list(Ys), verbose=False).pvalue[0]

    found = np.count_nonzero(np.array([pvalue(seed) for seed in range(200)]) <= 0.05)
    assert stats.binomtest(found, 200, 0.05, alternative="greater").pvalue > 0.001


def test_nothing_to_compare():
    X = np.eye(9)
    with pytest.raises(ValueError, match="Ys must hold at least 2 networks"):
        compare_values("cka", X, [X], verbose=False)
    with pytest.raises(ValueError, match=r"all distances or all similarities, .* 'similarity'"):
        compare_values(["cka", "procrustes"], X, [X, X], verbose=False)
    with pytest.raises(ValueError, match="measure must be one measure or more"):
        compare_values([], X, [X, X], verbose=False)


# Reliability


def test_halves_of_features(rng):
    signal = rng.standard_normal((30, 2))
    clean = signal @ rng.standard_normal((2, 40))
    networks = {"clean": clean, "noisy": clean + 4 * rng.standard_normal((30, 40))}
    result = reliability("cka", networks, n_splits=20, random_state=0, verbose=False)
    assert result.value[0] > 0.9 > result.value[1] + 0.2
    assert (result.low <= result.value).all()
    assert list(result.to_frame().network) == ["clean", "noisy"]
    disjoint = as_measure(lambda X, Y: float(np.intersect1d(X, Y).size), kind="distance")
    assert not reliability(disjoint, networks, n_splits=9, verbose=False).value.any()


def test_halves_of_repeats(rng):
    repeats = rng.standard_normal((5, 9, 3))
    sums = as_measure(lambda X, Y: float((X + Y).sum()), kind="distance")
    result = reliability(sums, [repeats[:4]], of="repeats", n_splits=7, verbose=False)
    assert_allclose(result.distribution[0], repeats[:4].sum() / 2)  # each repeat once
    odd = reliability("cka", [repeats], of="repeats", n_splits=3, random_state=0, verbose=False)
    assert 0 < odd.value[0] < 1


def test_halves_of_samples(rng):
    base = rng.standard_normal((40, 3))
    networks = [base + step * rng.standard_normal((40, 3)) for step in (0, 0.2, 0.6, 2.0, 9.0)]
    result = reliability(
        "procrustes", networks, of="samples", n_splits=10, random_state=0, verbose=False
    )
    assert result.value[0] > 0.9
    assert len(result.distribution) == 5
    keys = np.random.RandomState(0).random_sample((10, 40))
    first, second = np.argsort(keys[3])[:20], np.argsort(keys[3])[20:]
    rows = [
        pairwise_distances("procrustes", [x[half] for x in networks], verbose=False)[1]
        for half in (first, second)
    ]
    want = stats.spearmanr(*(np.delete(row, 1) for row in rows)).statistic
    assert result.distribution[1][3] == pytest.approx(want)
    with pytest.raises(ValueError, match="X must hold at least 4 networks of 8 samples, got 3 of"):
        reliability("cka", networks[:3], of="samples", verbose=False)


def test_pairs_of_subjects(rng):
    subjects = [rng.standard_normal((9, p)) for p in (2, 3, 4)]
    result = reliability("cka", {"V1": subjects}, of="subjects", verbose=False)
    D = pairwise_distances("cka", subjects, verbose=False)
    assert_allclose(np.sort(result.distribution[0]), np.sort(D[np.triu_indices(3, 1)]))
    assert result.low[0] == result.distribution[0].min()


@pytest.mark.parametrize(
    ("x", "of", "message"),
    [
        (np.ones((9, 3)), "features", r"X\[0\] must have at least 4 features"),
        (np.ones((1, 9, 3)), "repeats", r"X\[0\] must have at least 2 repeats"),
        ([np.ones((9, 3))], "subjects", r"X\[0\] must hold at least 2 subjects"),
        ([np.ones((9, 3)), np.ones((8, 3))], "subjects", "8 samples"),
        (np.ones((9, 3)), "repeats", r"X\[0\]"),
    ],
)
def test_what_cannot_be_split(x, of, message):
    with pytest.raises(ValueError, match=message):
        reliability("cka", [x], of=of, verbose=False)


def test_reasons_are_said_once_whatever_the_measure(rng):
    networks = dict(zip("ab", rng.standard_normal((2, 20, 4)), strict=True))
    networks["flat"] = np.ones((20, 3))
    for measure in ("rsa", "mean_cca"):
        for call in (
            lambda name: bootstrap(name, networks, verbose=False),
            lambda name: bootstrap(
                name, networks, method="bca", n_bootstraps=30, random_state=0, verbose=False
            ),
            lambda name: compare_values(name, networks["a"], networks, verbose=False),
        ):
            with pytest.warns(match="'flat'") as said:
                call(measure)
            assert len(said) == 1
