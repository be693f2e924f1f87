"""Nulls of measures: exact values, p-values that hold, and what is refused."""

import itertools

import numpy as np
import pytest
from estimators import IN_MATRICES
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from netrep_go._resampling import largest_pvalue, permutation_pvalue
from netrep_go.inference import calibrate
from netrep_go.metrics import (
    LinearRegressionR2,
    Measure,
    Properties,
    as_measure,
    get_measure,
)
from netrep_go.metrics._products import Traces, permuted_product
from netrep_go.multiset import pairwise_distances

A = np.random.RandomState(0).randn(20, 5), np.random.RandomState(1).randn(20, 7)
B = np.random.RandomState(0).randn(200, 50), np.random.RandomState(1).randn(200, 50)

MEASURES = ["cka", "cka_angular", "procrustes", "permutation"]


def centered_gram(x):
    x = x - x.mean(axis=0)
    return x @ x.T


class Overlap(Measure):
    """Correlation of mean responses: prepared, and the same in both directions."""

    @property
    def properties(self):
        return Properties(kind="similarity", range=(-1, 1), symmetric=True)

    def _prepare(self, x, name):
        means = x.mean(axis=1) - x.mean()
        return means / np.linalg.norm(means)

    def _compare(self, x, y):
        return x @ y


def slope(X, Y):
    """How much of X follows from Y: not the same in both directions."""
    return float(X[:, 0] @ Y[:, 0] / (Y[:, 0] @ Y[:, 0]))


@pytest.mark.parametrize(("case", "mean"), [(A, 0.222155), (B, 0.201090)])
def test_exact_means_of_cka(case, mean):
    result = calibrate("cka", *case, n_permutations=20, random_state=0, verbose=False)
    assert result.exact_mean == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("n", [4, 5, 6])
def test_moments_are_those_of_all_orders(rng, n):
    K, L = (centered_gram(x) for x in rng.standard_normal((2, n, 3)))
    values = [np.vdot(K, L[np.ix_(p, p)]) for p in itertools.permutations(range(n))]
    mean, std = permuted_product(Traces.of(K), Traces.of(L))
    assert_allclose([mean, std], [np.mean(values), np.std(values)])


def test_moments_of_projections(rng):
    bases = [np.linalg.qr(x - x.mean(axis=0))[0] for x in (rng.standard_normal((2, 9, 3)))]
    for basis in bases:
        weights = rng.random(3)
        want = Traces.of(basis * weights @ basis.T)
        assert_allclose(Traces.of_axes(basis, weights), want)


# With a closed form for all orders of the samples.
EXACT = {
    "cka": {},
    "cka_unbiased": {},
    "cka_rbf": {},
    "cka_rbf_unbiased": {},
    "distance_correlation_unbiased": {},
    "mean_squared_cca": {},
    "gulp_squared": {"regularization": 0.01},
    "linear_regression_y_to_x": {},
    "linear_regression_x_to_y": {},
    "mutual_knn": {"n_neighbors": 3},
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_moments_are_those_of_permutations(name):
    measure = get_measure(name, **EXACT[name])
    result = calibrate(measure, *A, n_permutations=3000, random_state=0, verbose=False)
    tolerance = 4 * result.exact_std / 3000**0.5
    assert result.null_mean == pytest.approx(result.exact_mean, abs=tolerance)
    assert result.null_std == pytest.approx(result.exact_std, rel=0.08)


@pytest.mark.parametrize("predictor", ["X", "Y"])
def test_the_exact_null_of_regression_is_what_chance_is(predictor, rng):
    measure = LinearRegressionR2(predictor)
    networks = [*A, rng.standard_normal((20, 30))]  # the last explains everything
    with pytest.warns(match="more features than samples"):
        found = calibrate(measure, networks, n_permutations=20, random_state=0, verbose=False)
    for i, j in zip(*found.pairs, strict=True):
        chance = measure.expected_by_chance(networks[i], networks[j])
        assert found.exact_mean[i, j] == pytest.approx(chance)
        assert (found.exact_std[i, j] > 1e-3) == (chance < 1)
    few = [x[:5] for x in A], [list(order) for order in itertools.permutations(range(5))]
    x, y = few[0][0][:, :2], few[0][1][:, :3]
    values = [measure.fit_score(x, y[order]) for order in few[1]]
    exact = calibrate(measure, x, y, n_permutations=20, random_state=0, verbose=False)
    assert_allclose([exact.exact_mean, exact.exact_std], [np.mean(values), np.std(values)])


def test_others_have_no_exact_moments():
    for name in ("cka_angular", "cka_diagonal_free", "procrustes", "mean_cca", "gulp"):
        result = calibrate(name, *A, n_permutations=20, random_state=0, verbose=False)
        assert result.exact_mean is None


def test_exact_moments_of_neighbors_need_networks_without_ties(rng):
    networks = [*A, np.repeat(rng.standard_normal((10, 3)), 2, axis=0)]
    measure = get_measure("mutual_knn", n_neighbors=4)
    options = {"n_permutations": 20, "random_state": 0, "verbose": False}
    found = calibrate(measure, networks[:2], **options)
    assert found.exact_mean[0, 1] == pytest.approx(4 / 19)
    with pytest.warns(match="equally similar"):
        assert calibrate(measure, networks, **options).exact_mean is None


@pytest.mark.parametrize(
    "measure",
    [
        *IN_MATRICES,
        Overlap(),
        as_measure(slope, kind="similarity"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of few samples
def test_values_are_those_of_permuted_networks(measure, rng):
    networks = list(rng.standard_normal((3, 14, 3)))
    result = calibrate(
        measure, networks, n_permutations=3, alpha=0.5, random_state=5, verbose=False
    )
    off = ~np.eye(3, dtype=bool)
    assert_allclose(
        result.statistic[off], pairwise_distances(measure, networks, verbose=False)[off], atol=1e-7
    )
    keys = np.random.RandomState(5).random_sample((3, 14))
    for order, values in zip(np.argsort(keys, axis=1), result.null_distribution, strict=True):
        for i, j, value in zip(*result.pairs, values, strict=True):
            want = as_measure(measure).fit_score(networks[i], networks[j][order])
            assert value == pytest.approx(want, abs=1e-7, nan_ok=True)


@pytest.mark.parametrize("measure", MEASURES)
def test_pair_and_cohort_agree(measure):
    one = calibrate(measure, *A, n_permutations=99, random_state=0, verbose=False)
    all_of_two = calibrate(measure, list(A), n_permutations=99, random_state=0, verbose=False)
    for name in ("statistic", "pvalue", "pvalue_max", "calibrated", "null_quantile"):
        matrix = getattr(all_of_two, name)
        assert_allclose(matrix[[0, 1], [1, 0]], getattr(one, name), rtol=1e-10)
        assert np.isnan(matrix.diagonal()).all()


def test_pvalues_and_calibrated_values_follow_from_the_null():
    related = A[0], A[0] @ np.ones((5, 7)) + A[1]
    for measure in ("cka", "procrustes"):
        sign = 1 if measure == "cka" else -1
        result = calibrate(measure, *related, n_permutations=99, random_state=0, verbose=False)
        null = sign * result.null_distribution[:, 0]
        observed = sign * result.statistic
        assert result.pvalue == (1 + np.count_nonzero(null >= observed)) / 100
        tau = np.sort(np.append(null, observed))[94]  # the 95th of 100
        assert result.null_quantile == pytest.approx(sign * tau)
        best = 1 if measure == "cka" else 0
        assert result.calibrated == pytest.approx(max(0, (observed - tau) / (best - tau)))
        assert result.pvalue < 0.05 < 0.1 < result.calibrated


def test_threads_and_seeds():
    results = [
        calibrate("cka", *A, n_permutations=50, random_state=s, n_jobs=n, verbose=False)
        for s, n in ((0, 1), (0, 2), (1, 1))
    ]
    assert_array_equal(results[0].null_distribution, results[1].null_distribution)
    assert (results[0].null_distribution != results[2].null_distribution).any()


def test_orders_stay_within_strata():
    x = np.arange(8.0)[:, np.newaxis]
    strata = [0, 0, 0, 0, 1, 1, 1, 1]
    seen = []

    def note(X, Y):
        seen.append(Y[:, 0])
        return 0.0

    calibrate(
        as_measure(note, kind="similarity"),
        x,
        x,
        n_permutations=20,
        strata=strata,
        random_state=0,
        verbose=False,
    )
    assert all(set(order[:4]) == {0, 1, 2, 3} for order in seen)


@pytest.mark.parametrize("name", ["cka", pytest.param("procrustes", marks=pytest.mark.long)])
def test_noise_is_significant_in_one_of_twenty(name):
    def pvalues(seed):
        rng = np.random.default_rng(seed)
        networks = [rng.standard_normal((12, p)) for p in (2, 3, 20)]
        result = calibrate(name, networks, n_permutations=99, random_state=seed, verbose=False)
        return result.pvalue[0, 1], np.nanmin(result.pvalue_max)

    for values in np.array([pvalues(seed) for seed in range(200)]).T:
        found = np.count_nonzero(values <= 0.05)
        assert stats.binomtest(found, 200, 0.05).pvalue > 0.001


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:more features than samples")
def test_noise_is_significant_by_any_measure_in_one_of_twenty():
    measures = ["cka", "cka_rbf", "linear_regression_y_to_x"]

    def least(seed):
        rng = np.random.default_rng(seed)
        networks = [rng.standard_normal((12, p)) for p in (2, 3, 20)]
        found = calibrate(measures, networks, n_permutations=99, random_state=seed, verbose=False)
        return min(np.nanmin(values) for values in found.pvalue_corrected.values())

    n_found = np.count_nonzero([least(seed) <= 0.05 for seed in range(200)])
    assert stats.binomtest(n_found, 200, 0.05).pvalue > 0.001


def test_within_strata_what_these_share_is_not_significant():
    strata = np.repeat([0, 1, 2], 8)
    shift = np.array([0.0, 3.0, -2.0])[strata, np.newaxis]

    def pvalues(seed):
        X, Y = np.random.default_rng(seed).standard_normal((2, 24, 3)) + shift
        options = {"n_permutations": 39, "random_state": seed, "verbose": False}
        return [calibrate("cka", X, Y, strata=s, **options).pvalue for s in (strata, None)]

    within, anywhere = np.transpose([pvalues(seed) for seed in range(100)]) <= 0.05
    assert stats.binomtest(np.count_nonzero(within), 100, 0.05).pvalue > 0.001
    assert anywhere.all()


@pytest.mark.parametrize("name", ["procrustes_size_and_shape", "soft_matching_distance"])
def test_units_do_not_count(name):
    related = A[0], A[0] @ np.ones((5, 7)) + A[1]
    options = {"n_permutations": 49, "random_state": 0, "verbose": False}
    plain = calibrate(name, *related, **options)
    small = calibrate(name, *(1e-13 * x for x in related), **options)
    assert (small.pvalue, small.pvalue_max) == (plain.pvalue, plain.pvalue_max)
    assert small.calibrated == pytest.approx(plain.calibrated)


def test_what_no_order_changes_is_never_significant(rng):
    networks = [rng.standard_normal((30, k)) + 0.3 for k in (5, 7, 9)]
    result = calibrate("imd", networks, n_permutations=40, random_state=0, verbose=False)
    assert_array_equal(result.pvalue_max[np.triu_indices(3, 1)], 1)
    assert_array_equal(result.pvalue[np.triu_indices(3, 1)], 1)


def test_several_measures_share_the_permutations():
    networks = {"V1": A[0], "V4": A[1], "IT": A[0] + A[1][:, :5]}
    kwargs = {"n_permutations": 99, "random_state": 0, "verbose": False}
    several = calibrate({"cka": "cka", "slope": as_measure(slope, kind="similarity"),
                         "shape": "procrustes"}, networks, **kwargs)  # fmt: skip
    assert list(several) == ["cka", "slope", "shape"]
    extremes = []
    for name, measure in (("cka", "cka"), ("shape", "procrustes")):
        alone = calibrate(measure, networks, **kwargs)
        assert_array_equal(several[name].null_distribution, alone.null_distribution)
        assert_array_equal(several[name].pvalue_max, alone.pvalue_max)
    for name in several:  # the largest of all nine pairs and three measures, from definitions
        one, sign = several[name], -1 if name == "shape" else 1
        every = sign * np.vstack([one.statistic[one.pairs], one.null_distribution])
        extremes.append((every - every.mean(axis=0)) / every.std(axis=0))
    largest = np.max([extreme.max(axis=1) for extreme in extremes], axis=0)[1:]
    for name, extreme in zip(several, extremes, strict=True):
        want = [(1 + np.count_nonzero(largest >= z - 1e-9)) / 100 for z in extreme[0]]
        assert_allclose(several.pvalue_corrected[name][several[name].pairs], want)
    frame = several.to_frame()
    assert frame["measure"].tolist() == ["cka"] * 3 + ["slope"] * 6 + ["shape"] * 3
    assert (frame["pvalue_corrected"] >= frame["pvalue_max"]).all()
    pair = calibrate(["cka"], *A, **kwargs)
    assert pair.pvalue_corrected["cka"] == pair["cka"].pvalue_max == pair.to_frame().pvalue_max[0]
    assert repr(several) == "Calibrations(cka, slope, shape)"
    with pytest.raises(KeyError, match=r"'rsa' is none of \['cka', 'slope', 'shape'\]"):
        several["rsa"]


def test_names_serve_every_measure():
    named = calibrate(
        ["cka", "procrustes"],
        [A[0], A[1]],
        names=iter("ab"),
        n_permutations=19,
        random_state=0,
        verbose=False,
    )
    assert named["procrustes"].names == ["a", "b"]


@pytest.mark.parametrize(
    ("measures", "error", "message"),
    [
        ([], ValueError, "measure must be at least one, got none"),
        (["cka", "cka"], ValueError, "measure must differ in name, got 'cka' more than once"),
        (["cka", "ckka"], ValueError, r"measure\[1\] == 'ckka'"),
        ({"a": 3}, TypeError, r"measure\['a'\] must be a measure"),
        (["cka", "energy"], ValueError, r"^energy: "),
        (["cka", slope], ValueError, "calibrate must know whether large values mean alike"),
    ],
)
def test_measures_that_are_refused(measures, error, message):
    with pytest.raises(error, match=message):
        calibrate(measures, *A, n_permutations=19, verbose=False)


@pytest.mark.parametrize("unit", [1e-200, 1e-13, 1.0, 1e13, 1e200])
def test_ties_are_relative_to_the_size_of_values(unit, rng):
    values = unit * np.array([1.0, 2.0, 3.0, 4.0])
    null = values * (1 + 1e-12 * rng.standard_normal((50, 4)))  # ties but for rounding
    assert_array_equal(permutation_pvalue(values, null), 1)
    assert_array_equal(largest_pvalue(values, null[:, 0]), [1, 1 / 51, 1 / 51, 1 / 51])
    apart = values * (1 - 1e-6)
    assert_array_equal(permutation_pvalue(values, np.tile(apart, (50, 1))), 1 / 51)
    # what cancels to 0 among values of that size, and one draw that is huge
    around = unit * np.append(rng.standard_normal(48), [1e20, 0.0])
    assert (
        permutation_pvalue(1e-16 * unit, around)
        == (1 + np.count_nonzero(around >= -1e-12 * unit)) / 51
    )
    assert permutation_pvalue(0.0, np.zeros(50)) == 1


def test_infinite_values_tie_with_themselves():
    null = np.array([np.inf, -np.inf, 0.0, 1.0])
    assert permutation_pvalue(np.inf, null) == 2 / 5
    assert permutation_pvalue(-np.inf, null) == 1


class Picky(Overlap):
    """Refuses what only some orders have."""

    def _compare(self, x, y):
        if x[0] * y[0] < 0:
            raise ValueError("X and Y: signs differ")
        return x @ y


def test_errors_of_permutations_name_the_pair(rng):
    networks = {name: rng.standard_normal((12, 3)) for name in "ab"}
    with pytest.raises(ValueError, match=r"^X\['a'\] and X\['b'\]: signs differ"):
        calibrate(Picky(), networks, n_permutations=50, random_state=0, verbose=False)


def test_names_travel():
    networks = {"V1": A[0], "V4": A[1], "IT": A[0] + 1}
    frame = calibrate(
        "cka", networks, n_permutations=9, random_state=0, verbose=False, alpha=0.2
    ).to_frame()
    assert list(frame.network_1) == ["V1", "V1", "V4"]
    assert list(frame.network_2) == ["V4", "IT", "IT"]
    assert frame.statistic[1] == pytest.approx(1)
    assert frame.pvalue[1] == 0.1


def test_undefined_values_are_said_aloud_with_the_reason(rng):
    networks = {"a": A[0], "b": A[1], "flat": np.ones((len(A[0]), 3))}
    for measure, reason in (("rsa", "constant over"), ("mean_cca", "vary"), ("cka_rbf", "vary")):
        with pytest.warns(match=rf"value of X\['a'\] and X\['flat'\] and .*{reason}") as said:
            found = calibrate(measure, networks, n_permutations=19, verbose=False)
        assert len(said) == 1
        assert np.isnan(found.pvalue[:2, 2]).all()
        assert 0 < found.pvalue[0, 1] <= 1


def test_undefined_values_have_no_pvalue():
    constant = as_measure(lambda X, Y: np.nan, kind="similarity", symmetric=True)
    result = calibrate(constant, *A, n_permutations=9, random_state=0, verbose=False, alpha=0.2)
    assert np.isnan(
        [result.statistic, result.pvalue, result.pvalue_max, result.null_quantile]
    ).all()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((lambda X, Y: 0.0, *A), {}, "calibrate must know whether large values mean alike"),
        (("cka", A[0][:3], A[1][:3]), {}, "alpha = 0.05: 3 samples have 6 orders"),
        (
            ("cka", *A),
            {"strata": np.repeat(range(10), 2)[:20], "alpha": 1e-4, "n_permutations": 9999},
            "within the strata",
        ),
        (("cka", A[0], A[1][:10]), {}, "Y has 10 samples and X has 20"),
        (("cka", [A[0]]), {}, "X must hold at least 2 networks"),
        (("cka", *A), {"names": ["a", "b"]}, "names are those of a cohort"),
        (("cka", *A), {"alpha": 0}, "alpha must be in"),
        (("cka", *A), {"n_permutations": 0}, "n_permutations"),
        (("cka", *A), {"n_permutations": 18}, r"n_permutations must be at least 19 .*, got 18"),
        (("cka", A[0], np.full((20, 3), np.nan)), {}, "Y"),
        (("cka", *A), {"strata": range(20)}, "strata"),
    ],
)
def test_refusals(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        calibrate(*arguments, verbose=False, **options)


def test_measures_without_a_largest_value_are_not_calibrated():
    unbounded = as_measure(slope, kind="similarity")
    assert np.isnan(
        calibrate(unbounded, *A, n_permutations=30, random_state=0, verbose=False).calibrated
    )
    assert get_measure("cka").properties.range[1] == 1
