import itertools
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from scipy.stats import f_oneway, kstest, pearsonr, spearmanr
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from netrep_go import covariates
from netrep_go._resampling import permutations
from netrep_go.covariates import knn_permutation, mantel, permanova

EXAMPLE = Path(__file__).parents[1] / "examples" / "digits_covariates.py"


def distances(x):
    """Return the Euclidean distances of points."""
    x = np.asarray(x, dtype=float).reshape(len(x), -1)
    return np.linalg.norm(x[:, np.newaxis] - x, axis=2)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def two_groups(rng):
    """Return the distances of two groups of points, and their labels."""
    labels = np.array(["a"] * 7 + ["b"] * 9)
    return distances(rng.standard_normal((16, 3)) + 2.0 * (labels == "b")[:, np.newaxis]), labels


# Definitions, in loops


def correlation(D1, D2, order, corr=pearsonr):
    pairs = list(itertools.combinations(range(len(D1)), 2))
    return corr([D1[order[i], order[j]] for i, j in pairs], [D2[i, j] for i, j in pairs])[0]


def sum_of_squares(D, members):
    return sum(D[i, j] ** 2 for i, j in itertools.combinations(members, 2)) / len(members)


def pseudo_f(D, labels):
    groups = [[i for i, label in enumerate(labels) if label == g] for g in sorted(set(labels))]
    total = sum_of_squares(D, range(len(D)))
    within = sum(sum_of_squares(D, members) for members in groups)
    between = (total - within) / (len(groups) - 1)
    return between / (within / (len(D) - len(groups))), 1.0 - within / total


def knn_accuracy(D, labels, k):
    model = KNeighborsClassifier(k, metric="precomputed")
    return np.mean(cross_val_predict(model, D, labels, cv=LeaveOneOut()) == labels)


# Statistics


@pytest.mark.parametrize(("method", "corr"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_mantel_statistic(rng, method, corr):
    D1 = distances(rng.standard_normal((9, 2)))
    D2 = distances(rng.integers(0, 3, 9))  # with ties
    result = mantel(D1, D2, method=method, n_permutations=3, random_state=0)
    assert result.statistic == pytest.approx(correlation(D1, D2, range(9), corr))
    assert result.method == method


def test_ranks_tie_differences_that_rounding_tells_apart(rng):
    D, levels = distances(rng.standard_normal((10, 2))), np.arange(10.0)
    options = {"method": "spearman", "n_permutations": 50, "random_state": 0}
    want = mantel(D, distances(levels), **options)
    tenths = distances(0.1 * levels)
    assert len(np.unique(tenths)) > 10  # 0.3 - 0.2 is not 0.1
    found = mantel(D, tenths, **options)
    assert found.statistic == pytest.approx(want.statistic, abs=1e-12)
    np.testing.assert_allclose(found.null_distribution, want.null_distribution, atol=1e-12)


def test_mantel_by_hand():
    # pairs (01, 02, 12): 1, 2, 3 against 1, 3, 2
    result = mantel(squareform([1.0, 2, 3]), squareform([1.0, 3, 2]), random_state=0)
    assert result.statistic == pytest.approx(0.5)


def test_permanova_statistic(rng, two_groups):
    D, labels = two_groups
    result = permanova(D, labels, n_permutations=3, random_state=0)
    assert (result.statistic, result.r_squared) == pytest.approx(pseudo_f(D, labels))
    groups = rng.integers(0, 4, 16)
    result = permanova(D, groups, n_permutations=3, random_state=0)
    assert (result.statistic, result.r_squared) == pytest.approx(pseudo_f(D, groups))
    assert result.n_groups == 4


def test_permanova_in_one_dimension_is_analysis_of_variance(rng):
    x, labels = rng.standard_normal(20), rng.integers(0, 3, 20)
    result = permanova(distances(x), labels, n_permutations=3, random_state=0)
    assert result.statistic == pytest.approx(f_oneway(*(x[labels == g] for g in range(3)))[0])


def test_permanova_by_hand():
    # squares: 1 and 1 within, total (1 + 9 + 16 + 4 + 9 + 1) / 4 = 10, within 1
    result = permanova(distances([0, 1, 3, 4]), [0, 0, 1, 1], random_state=0)
    assert result.statistic == pytest.approx(9.0 / (1.0 / 2.0))
    assert result.r_squared == pytest.approx(0.9)


@pytest.mark.filterwarnings("ignore:none of the 3 permutations")  # all are neighbors
@pytest.mark.parametrize("k", [1, 2, 5, 15])
def test_knn_accuracy_is_scikit_learn_s(two_groups, rng, k):
    D, labels = two_groups
    for y in (labels, rng.permutation(labels), rng.integers(0, 3, 16)):
        result = knn_permutation(D, y, k, n_permutations=3, random_state=0)
        assert result.statistic == pytest.approx(knn_accuracy(D, y, k))


# Null distributions


def assert_same_distribution(sample, values):
    """Compare a sample with the values that are all equally probable."""
    cells, counts = np.unique(np.round(values, 9), return_counts=True)
    expected = counts / len(values)
    found = [np.mean(np.isclose(sample, cell, atol=1e-8)) for cell in cells]
    assert sum(found) == pytest.approx(1.0)
    np.testing.assert_allclose(found, expected, atol=5.0 * np.sqrt(0.25 / len(sample)))


def test_null_distributions_are_those_of_all_permutations(rng):
    D1, D2 = distances(rng.standard_normal((5, 2))), distances(rng.standard_normal((5, 2)))
    orders = list(itertools.permutations(range(5)))
    labels = np.array([0, 0, 1, 1, 1])
    options = {"n_permutations": 20_000, "random_state": 0}
    assert_same_distribution(
        mantel(D1, D2, **options).null_distribution, [correlation(D1, D2, o) for o in orders]
    )
    assert_same_distribution(
        permanova(D1, labels, **options).null_distribution,
        [pseudo_f(D1, labels[list(o)])[0] for o in orders],
    )
    assert_same_distribution(
        knn_permutation(D1, labels, 2, **options).null_distribution,
        [knn_accuracy(D1, labels[list(o)], 2) for o in orders],
    )


def test_p_values_count_permutations_as_extreme(rng):
    D1, D2 = distances(rng.standard_normal((8, 2))), distances(rng.standard_normal((8, 2)))
    by = {
        alternative: mantel(D1, D2, alternative=alternative, n_permutations=999, random_state=3)
        for alternative in ("two-sided", "greater", "less")
    }
    r, null = by["greater"].statistic, by["greater"].null_distribution
    assert by["greater"].pvalue == (np.sum(null >= r) + 1) / 1000
    assert by["less"].pvalue == (np.sum(null <= r) + 1) / 1000
    assert by["two-sided"].pvalue == (np.sum(np.abs(null) >= abs(r)) + 1) / 1000


def test_permutations_that_tie_with_the_data_count():
    # Of the 24 orders of four networks, 8 leave the two pairs together.
    D, labels = distances([0, 1, 30, 31]), np.array([0, 0, 1, 1])
    options = {"n_permutations": 9999, "random_state": 0}
    apart = distances(labels)
    for result in (
        mantel(D, apart, alternative="greater", **options),
        permanova(D, labels, **options),
        knn_permutation(D, labels, 1, **options),
    ):
        assert result.pvalue == pytest.approx(1 / 3, abs=0.02)


@pytest.mark.parametrize(
    "test",
    [
        lambda D, x, **options: mantel(D, distances(x), **options),
        lambda D, x, **options: mantel(D, distances(x), method="spearman", **options),
        lambda D, x, **options: permanova(D, x > np.median(x), **options),
    ],
)
def test_p_values_are_uniform_without_an_effect(test, rng):
    pvalues = [
        test(
            distances(rng.standard_normal((12, 3))),
            rng.standard_normal(12),
            n_permutations=199,
            random_state=seed,
        ).pvalue
        for seed in range(300)
    ]
    assert kstest(pvalues, "uniform").pvalue > 0.01
    assert np.mean(np.array(pvalues) <= 0.05) < 0.08


def test_knn_p_values_are_valid_without_an_effect(rng):
    pvalues = np.array(
        [
            knn_permutation(
                distances(rng.standard_normal((16, 3))),
                rng.permutation(np.repeat([0, 1], 8)),
                3,
                n_permutations=199,
                random_state=seed,
            ).pvalue
            for seed in range(300)
        ]
    )
    for alpha in (0.05, 0.2, 0.5):
        assert np.mean(pvalues <= alpha) < alpha + 3.0 * np.sqrt(alpha * (1 - alpha) / 300)
    assert pvalues.min() < 0.1


def test_effects_are_found(two_groups):
    D, labels = two_groups
    options = {"n_permutations": 999, "random_state": 0}
    assert mantel(D, distances(labels == "b"), **options).pvalue < 0.005
    assert permanova(D, labels, **options).pvalue < 0.005
    assert knn_permutation(D, labels, 3, **options).pvalue < 0.005


# Strata


def test_permutations_stay_within_strata(rng):
    stratum = rng.integers(0, 3, 11)
    drawn = np.concatenate([*permutations(11, 500, stratum, 0, size=2**12, limit=2**16)])
    assert drawn.shape == (500, 11)
    np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(np.arange(11), (500, 1)))
    np.testing.assert_array_equal(stratum[drawn], np.tile(stratum, (500, 1)))
    (whole,) = permutations(11, 500, stratum, 0, size=1, limit=2**16)
    np.testing.assert_array_equal(whole, drawn)


TESTS = [
    lambda D, labels, **options: mantel(D, distances(labels), **options),
    permanova,
    knn_permutation,
]


@pytest.mark.parametrize("test", TESTS)
def test_strata_that_leave_nothing_to_permute_are_said(rng, test):
    D, labels = distances(rng.standard_normal((12, 2))), np.repeat([1, 2], 6)
    options = {"n_permutations": 99, "random_state": 0}
    for scale in (1e-8, 1.0, 1e8):
        with pytest.warns(UserWarning, match="none of the 99 permutations within the strata"):
            assert test(scale * D, labels, strata=labels, **options).pvalue == 1
        assert test(scale * D, labels, strata=np.tile([1, 2], 6), **options).pvalue < 1


@pytest.mark.filterwarnings("ignore:none of the 99 permutations")  # of few values of a statistic
@pytest.mark.parametrize("test", TESTS)
def test_strata_hold_a_confounder_fixed(rng, test):
    depth = np.repeat([1, 2], 12)
    kind = depth.copy()
    kind[[3, 4, 15, 16]] = [2, 2, 1, 1]  # nearly tied to depth, and of no effect
    pvalues = []
    for seed in range(100):
        D = distances(rng.standard_normal((24, 2)) + 3.0 * depth[:, np.newaxis])
        options = {"n_permutations": 99, "random_state": seed}
        free, held = test(D, kind, **options), test(D, kind, strata=depth, **options)
        pvalues.append([free.pvalue, held.pvalue])
    significant = np.mean(np.array(pvalues) <= 0.05, axis=0)
    assert significant[0] > 0.9
    assert significant[1] < 0.12


# Invariances and results


def test_results_depend_on_the_seed_alone(two_groups):
    D, labels = two_groups
    one, two, other = (permanova(D, labels, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.null_distribution, two.null_distribution)
    assert one == two
    assert not np.array_equal(one.null_distribution, other.null_distribution)


def test_unit_order_and_sign(two_groups, rng):
    D, labels = two_groups
    order = rng.permutation(16)
    shuffled = D[np.ix_(order, order)]
    E = distances(rng.standard_normal(16))
    options = {"n_permutations": 9, "random_state": 0}
    r = mantel(D, E, **options).statistic
    assert mantel(E, D, **options).statistic == pytest.approx(r)
    assert mantel(5e-9 * D, E, **options).statistic == pytest.approx(r)
    assert mantel(-D, E, **options).statistic == pytest.approx(-r)
    assert mantel(shuffled, E[np.ix_(order, order)], **options).statistic == pytest.approx(r)
    F = permanova(D, labels, **options).statistic
    assert permanova(3.0 * shuffled, labels[order], **options).statistic == pytest.approx(F)
    accuracy = knn_permutation(D, labels, 3, **options).statistic
    assert knn_permutation(3.0 * shuffled, labels[order], 3, **options).statistic == accuracy


def test_generators_are_taken(two_groups):
    D, y = two_groups
    one, two = (permanova(D, y, random_state=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.null_distribution, two.null_distribution)
    rng = np.random.default_rng(3)
    first, second = (permanova(D, y, random_state=rng) for _ in range(2))
    assert (first.null_distribution != second.null_distribution).any()


def test_results_are_short_and_the_module_shows_its_names(two_groups):
    D, y = two_groups
    result = knn_permutation(D, y, 3, n_permutations=99, random_state=0)
    assert len(repr(result)) < 200
    assert "null_mean" in result._repr_html_()
    assert dir(covariates) == sorted(covariates.__all__)


def test_progress_is_shown_on_request(two_groups, capsys):
    mantel(two_groups[0], two_groups[0], n_permutations=99)
    assert capsys.readouterr().err == ""
    mantel(two_groups[0], two_groups[0], n_permutations=99, verbose=True)
    assert "100/100" in capsys.readouterr().err


def test_input_is_left_alone(two_groups):
    D, labels = two_groups
    before = D.copy()
    D.flags.writeable = labels.flags.writeable = False
    for test in (permanova, knn_permutation):
        test(D, labels, n_permutations=9, random_state=0)
    mantel(D, D, n_permutations=9, random_state=0)
    np.testing.assert_array_equal(D, before)


def test_labels_of_any_kind(two_groups):
    pandas = pytest.importorskip("pandas")
    D, labels = two_groups
    expected = permanova(D, labels, n_permutations=9, random_state=0)
    for same in (labels.tolist(), labels == "b", pandas.Series(labels), pandas.Categorical(labels)):
        assert permanova(D, same, n_permutations=9, random_state=0) == expected


def test_results_are_rows(two_groups):
    pandas = pytest.importorskip("pandas")
    D, labels = two_groups
    options = {"n_permutations": 99, "random_state": 0}
    results = [
        mantel(D, D**2, **options),
        permanova(D, labels, **options),
        knn_permutation(D, labels, 3, **options),
    ]
    table = pandas.concat([result.to_frame() for result in results], ignore_index=True)
    assert table["test"].tolist() == ["mantel", "permanova", "knn"]
    assert table["statistic"].tolist() == [result.statistic for result in results]
    assert table["pvalue"].between(0.01, 1.0).all()
    assert table["n_networks"].eq(16).all()
    null = results[0].null_distribution
    assert table.loc[0, ["null_mean", "null_std"]].tolist() == [null.mean(), null.std()]
    assert "null_distribution" not in table
    assert "null_distribution" not in repr(results[0])


def test_results_are_frozen(two_groups):
    result = permanova(*two_groups, n_permutations=9, random_state=0)
    with pytest.raises(AttributeError):
        result.pvalue = 0.0


def test_to_frame_without_pandas(two_groups, monkeypatch):
    result = permanova(*two_groups, n_permutations=9, random_state=0)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_frame needs pandas"):
        result.to_frame()


# Degenerate input


def test_equal_distances_say_nothing():
    D = 1.0 - np.eye(6)
    with pytest.warns(UserWarning, match="none of the 99 permutations changes the statistic"):
        result = permanova(D, [0, 0, 0, 1, 1, 1], n_permutations=99, random_state=0)
    assert (result.statistic, result.pvalue) == (pytest.approx(1.0), 1.0)
    with pytest.raises(ValueError, match="D1 must vary off the diagonal, got 1 for all pairs"):
        mantel(D, distances(range(6)))
    with pytest.raises(ValueError, match="D2 must vary off the diagonal, got 0 for all pairs"):
        mantel(distances(range(6)), np.zeros((6, 6)))
    with pytest.raises(ValueError, match="D must have distances that are not zero"):
        permanova(np.zeros((6, 6)), [0, 0, 0, 1, 1, 1])


def test_groups_without_any_spread():
    labels = np.repeat([0, 1], 4)
    result = permanova(distances(labels), labels, n_permutations=999, random_state=0)
    assert result.statistic == np.inf
    assert result.r_squared == 1.0
    assert result.pvalue == pytest.approx(2 / 70, abs=0.02)
    if np.isinf(result.null_distribution).any():
        pytest.importorskip("pandas")
        assert result.to_frame()["null_mean"].item() == np.inf


def test_some_groups_of_one(rng):
    D = distances(rng.standard_normal((6, 2)))
    labels = [0, 0, 0, 0, 1, 2]
    result = permanova(D, labels, n_permutations=99, random_state=0)
    assert result.statistic == pytest.approx(pseudo_f(D, labels)[0])


TESTS = {
    "mantel": lambda D, **options: mantel(D, distances(range(len(D))), **options),
    "permanova": lambda D, **options: permanova(D, np.arange(len(D)) % 2, **options),
    "knn": lambda D, **options: knn_permutation(D, np.arange(len(D)) % 2, 1, **options),
}


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
@pytest.mark.parametrize(
    ("D", "message"),
    [
        (np.zeros((4, 3)), r"D1? must be a square matrix, got shape \(4, 3\)"),
        (np.triu(np.ones((4, 4)), 1), "D1? must be symmetric, got entries 1 from their mirror"),
        (np.ones((4, 4)), "D1? must have a zero diagonal, got 1 on it"),
        (np.full((4, 4), np.nan), "Input D1? contains NaN"),
        (distances(range(2)), "D1? must be for at least 3 networks, got 2"),
        (np.zeros(4), "D1? must have 2 dimensions"),
    ],
)
def test_distances_are_checked(test, D, message):
    with pytest.raises(ValueError, match=message):
        test(D)


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_options_are_checked(test):
    D = distances([0, 1, 3, 6])
    with pytest.raises(ValueError, match="n_permutations must be at least 1, got 0"):
        test(D, n_permutations=0)
    with pytest.raises(TypeError, match="n_permutations must be an integer"):
        test(D, n_permutations=10.0)
    with pytest.raises(ValueError, match="strata must leave something to permute"):
        test(D, strata=[0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"strata must have shape \(4,\), got \(3,\)"):
        test(D, strata=[0, 1, 2])


@pytest.mark.parametrize("test", [permanova, knn_permutation])
def test_labels_are_checked(test):
    D = distances([0, 1, 3, 6])
    with pytest.raises(ValueError, match=r"got 1 group\(s\) of 4 networks"):
        test(D, [0, 0, 0, 0])
    with pytest.raises(ValueError, match=r"got 4 group\(s\) of 4 networks"):
        test(D, [0, 1, 2, 3])
    with pytest.raises(ValueError, match=r"y must have shape \(4,\), got \(3,\)"):
        test(D, [0, 1, 1])
    with pytest.raises(ValueError, match="y contains NaN"):
        test(D, [0.0, 1.0, 1.0, np.nan])
    with pytest.raises(ValueError, match="D must not be negative, got -6"):
        test(-D, [0, 0, 1, 1])


def test_options_of_each_test_are_checked():
    D = distances([0, 1, 3, 6])
    with pytest.raises(ValueError, match="method"):
        mantel(D, D, method="kendall")
    with pytest.raises(ValueError, match="alternative"):
        mantel(D, D, alternative="larger")
    with pytest.raises(ValueError, match=r"D1 and D2 must have one shape, got \(4, 4\)"):
        mantel(D, distances(range(5)))
    with pytest.raises(ValueError, match="n_neighbors == 4"):
        knn_permutation(D, [0, 0, 1, 1], 4)


def test_example(tmp_path, monkeypatch, capsys):
    pandas = pytest.importorskip("pandas")
    monkeypatch.setattr(sys, "argv", [EXAMPLE.name, "--quick", "--output", str(tmp_path)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    tests = pandas.read_csv(tmp_path / "permutation_tests.csv")
    assert tests.groupby("test").size().to_dict() == {"knn": 3, "mantel": 3, "permanova": 3}
    assert tests["pvalue"].between(0.001, 1.0).all()
    predictions = pandas.read_csv(tmp_path / "predictions.csv")
    assert set(predictions["property"]) == {"log2_width", "depth", "accuracy"}
    assert len(pandas.read_csv(tmp_path / "architectures.csv")) == 4
    distortions = pandas.read_csv(tmp_path / "distortions.csv")
    assert distortions["embedded"].is_monotonic_decreasing
    assert "Permutation tests" in capsys.readouterr().out


@pytest.mark.parametrize("n", [16, 300])  # blocks of many permutations, and of one
def test_results_do_not_depend_on_n_jobs(rng, n):
    D, y = distances(rng.standard_normal((n, 3))), np.arange(n) % 3
    options = {"n_permutations": 19, "random_state": 0}
    for test in (
        lambda **jobs: mantel(D, D**2, **options, **jobs),
        lambda **jobs: permanova(D, y, **options, **jobs),
        lambda **jobs: knn_permutation(D, y, **options, **jobs),
    ):
        want = test().null_distribution
        for n_jobs in (1, 2, -1):
            np.testing.assert_array_equal(test(n_jobs=n_jobs).null_distribution, want)
        with pytest.raises(ValueError, match="n_jobs must not be 0"):
            test(n_jobs=0)


@pytest.mark.parametrize("test", [permanova, knn_permutation, mantel])
def test_networks_with_names_are_matched_by_none_but_their_order(test, two_groups):
    pandas = pytest.importorskip("pandas")
    D, y = two_groups
    names = [f"net {i}" for i in range(len(D))]
    framed = pandas.DataFrame(D, names, names)
    second = framed if test is mantel else pandas.Series(y, names)
    options = {"n_permutations": 9, "random_state": 0}
    plain = test(D, D if test is mantel else y, **options)
    assert test(framed, second, **options).statistic == plain.statistic
    turned = second.iloc[::-1, ::-1] if test is mantel else second.iloc[::-1]
    order = f"must have the same networks in the same order, got 'net 0' and 'net {len(D) - 1}'"
    with pytest.raises(ValueError, match=order):
        test(framed, turned, **options)
    with pytest.raises(ValueError, match="and strata " + order):
        test(framed, second, strata=pandas.Series(1, names[::-1]), **options)
    with pytest.raises(ValueError, match="the rows of D1? and its columns " + order):
        test(framed.iloc[:, ::-1], second, **options)
