"""Two groups of RDMs, against loops over all ways to choose the first."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import squareform

from netrep_go.rsa import cluster_test, compare_groups, rdm


def distance(first, second):
    """T by its definition."""
    variances = [x.var(axis=0, ddof=1).sum() / len(x) for x in (first, second)]
    return ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum() / sum(variances)


def lengths(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


NORMALIZED = {
    "length": lengths,
    "rank": lambda x: stats.rankdata(x, axis=1),
    "none": lambda x: x,
}


def extreme(value, null):
    return np.mean(np.asarray(null) >= value * (1 - 1e-9))


@pytest.mark.parametrize("normalize", NORMALIZED)
@pytest.mark.parametrize("sizes", [(3, 4), (4, 4), (2, 5)])
def test_all_ways_to_choose_the_first(rng, sizes, normalize):
    first, second = (rng.random((n, 10)) + 0.1 for n in sizes)
    first[:, 3] += 1
    result = compare_groups(first, second, normalize=normalize)
    one, two = (NORMALIZED[normalize](x) for x in (first, second))
    joined, n = np.concatenate([one, two]), sum(sizes)
    null, largest = [], []
    for members in combinations(range(n), sizes[0]):
        others = np.delete(joined, members, axis=0)
        null.append(distance(joined[list(members)], others))
        drawn = cluster_test(
            joined[list(members)], others, correction="max", n_permutations=1
        ).statistic
        largest.append(np.abs(drawn).max())
    assert result.n_permutations == len(null)
    np.testing.assert_allclose(result.statistic, distance(one, two), rtol=1e-9)
    np.testing.assert_allclose(result.null_distribution, null, rtol=1e-9)
    np.testing.assert_allclose(result.pvalue, extreme(result.statistic, null))
    np.testing.assert_allclose(result.difference, one.mean(axis=0) - two.mean(axis=0), atol=1e-12)
    t = cluster_test(one, two, correction="max", alternative="two-sided")
    np.testing.assert_allclose(result.pair_statistic, t.statistic, rtol=1e-9)
    np.testing.assert_allclose(result.pvalue_corrected, t.pvalue_corrected)
    expected = [extreme(value, largest) for value in np.abs(result.pair_statistic)]
    np.testing.assert_allclose(result.pvalue_corrected, expected)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_all_sign_flips_of_pairs(rng, n):
    first, second = rng.random((2, n, 6)) + 0.1
    result = compare_groups(first, second, paired=True, normalize="none")
    null, largest = [], []
    for signs in product([1, -1], repeat=n):
        d = (first - second) * np.array(signs)[:, None]
        null.append((d.mean(axis=0) ** 2).sum() / (d.var(axis=0, ddof=1).sum() / n))
        largest.append(np.abs(stats.ttest_1samp(d, 0).statistic).max())
    np.testing.assert_allclose(result.statistic, null[0], rtol=1e-9)
    np.testing.assert_allclose(np.sort(result.null_distribution), np.sort(null), rtol=1e-8)
    np.testing.assert_allclose(result.pvalue, extreme(null[0], null))
    expected = [extreme(value, largest) for value in np.abs(result.pair_statistic)]
    np.testing.assert_allclose(result.pvalue_corrected, expected)


def test_random_draws_approach_all(rng):
    first, second = rng.random((6, 15)), rng.random((6, 15)) + np.eye(15)[2] * 0.6
    exact = compare_groups(first, second)
    drawn = compare_groups(first, second, n_permutations=900, random_state=0)
    assert (exact.n_permutations, drawn.n_permutations) == (924, 900)
    np.testing.assert_allclose(drawn.pvalue, exact.pvalue, atol=0.05)
    np.testing.assert_allclose(drawn.pvalue_corrected, exact.pvalue_corrected, atol=0.06)
    one, two = (
        compare_groups(first, second, n_permutations=900, random_state=0, n_jobs=n) for n in (1, 2)
    )
    np.testing.assert_array_equal(one.null_distribution, two.null_distribution)
    np.testing.assert_array_equal(one.pvalue_corrected, two.pvalue_corrected)


def test_forms_and_names(rng):
    pandas = pytest.importorskip("pandas")
    first, second, names = rng.random((3, 6)), rng.random((4, 6)), list("wxyz")
    want = compare_groups(first, second)

    def square(x):
        return pandas.DataFrame(squareform(x), names, names)

    forms = [
        (np.stack([squareform(x) for x in first]), second),
        (dict(zip("abc", first, strict=True)), pandas.DataFrame(second)),
        ([square(x) for x in first], {k: square(x) for k, x in enumerate(second)}),
    ]
    for one, two in forms:
        found = compare_groups(one, two)
        np.testing.assert_allclose(found.pvalue_corrected, want.pvalue_corrected)
        np.testing.assert_allclose(found.statistic, want.statistic)
    frame = found.to_frame()
    assert frame.condition_1.tolist() == list("wwwxxy")
    assert frame.condition_2.tolist() == list("xyzyzz")
    np.testing.assert_array_equal(frame.difference, found.difference)
    assert want.conditions == [0, 1, 2, 3]


def test_missing_pairs_are_left_out(rng):
    first, second = rng.random((3, 10)), rng.random((4, 10))
    kept = np.setdiff1d(np.arange(10), [2, 7])
    lacking = first.copy(), second.copy()
    lacking[0][1, 2], lacking[1][3, 7] = np.nan, np.nan
    for normalize in NORMALIZED:
        found = compare_groups(*lacking, normalize=normalize)
        assert np.flatnonzero(np.isnan(found.pvalue_corrected)).tolist() == [2, 7]
        one, two = (NORMALIZED[normalize](x[:, kept]) for x in (first, second))
        np.testing.assert_allclose(found.statistic, distance(one, two))
        np.testing.assert_allclose(found.difference[kept], one.mean(axis=0) - two.mean(axis=0))


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1.0, 1e100, 1e300])
def test_units_and_orders_do_not_matter(rng, scale):
    first, second = rng.random((4, 10)), rng.random((3, 10)) ** 2
    for normalize in NORMALIZED:
        want = compare_groups(first, second, normalize=normalize)
        found = compare_groups(scale * first, scale * second, normalize=normalize)
        np.testing.assert_allclose(found.statistic, want.statistic, rtol=1e-9)
        np.testing.assert_array_equal(found.pvalue_corrected, want.pvalue_corrected)
        turned = compare_groups(second, first, normalize=normalize)
        np.testing.assert_allclose(turned.statistic, want.statistic, rtol=1e-9)
        np.testing.assert_allclose(turned.pvalue, want.pvalue)
        np.testing.assert_allclose(turned.difference, -want.difference, atol=1e-12)
        moved = compare_groups(first[:, ::-1], second[:, ::-1], normalize=normalize)
        np.testing.assert_allclose(moved.statistic, want.statistic, rtol=1e-9)


def test_a_gain_of_a_group_counts_only_if_it_is_asked_for(rng):
    rdms = rdm(rng.standard_normal((5, 30)) + 0.5 * rng.standard_normal((12, 5, 30)), "euclidean")
    gain = rdms * np.repeat([1.5, 1], 6)[:, None]
    assert compare_groups(gain[:6], gain[6:], normalize="none").pvalue < 0.01
    for normalize in ("length", "rank"):
        same = compare_groups(rdms[:6], rdms[6:], normalize=normalize)
        found = compare_groups(gain[:6], gain[6:], normalize=normalize)
        np.testing.assert_allclose(found.pvalue, same.pvalue)


def test_what_is_planted_is_found_and_nothing_else(rng):
    patterns = rng.standard_normal((24, 6, 60))
    patterns[:9, 5] = patterns[:9, 0] + 0.5 * rng.standard_normal((9, 60))
    found = compare_groups(*np.split(rdm(patterns), [9]), n_permutations=999, random_state=0)
    assert found.pvalue == 0.001
    assert np.flatnonzero(found.pvalue_corrected < 0.01).tolist() == [4]
    assert found.difference[4] < 0
    straight = compare_groups(*np.split(rdm(patterns)[9:], [7]), random_state=0)
    assert straight.pvalue > 0.05


def test_pairs_that_do_not_vary(rng):
    """The same in all: no effect. Other in each group: the largest there is."""
    first, second = rng.random((3, 6)), rng.random((3, 6))
    first[:, 1] = second[:, 1] = 0.1
    first[:, 2], second[:, 2] = 0.2, 0.9
    found = compare_groups(first, second, normalize="none")
    assert found.pair_statistic[1] == 0
    assert found.pvalue_corrected[1] == 1
    assert np.argmax(np.abs(found.pair_statistic)) == 2
    np.testing.assert_allclose(found.pvalue_corrected[2], 2 / 20)


@pytest.mark.parametrize("paired", [False, True])
def test_noise_is_found_as_often_as_alpha(rng, paired):
    found = np.zeros(2)
    for _ in range(300):
        x = rng.random((5 + 5 + 3 * (not paired), 10)) ** 2
        options = {"n_permutations": 59, "random_state": rng.integers(2**31), "n_jobs": 1}
        result = compare_groups(x[:5], x[5:], paired=paired, **options)
        found += result.pvalue <= 0.05, (result.pvalue_corrected <= 0.05).any()
    assert (found / 300 < 0.1).all()
    assert (found > 0).all() or paired  # of 5 pairs the least p is 1 in 16


A, B = np.random.default_rng(0).random((2, 3, 6))


@pytest.mark.parametrize(
    ("rdms", "others", "options", "message"),
    [
        (A[:1], B, {}, "rdms must be of at least 2 subjects, got 1"),
        (A, B[:1], {}, "others must be of at least 2 subjects, got 1"),
        (A, B[:2], {"paired": True}, "same subjects as rdms if paired, 3, got 2"),
        (A, B[:, :3], {}, "rdms and others must be of the same conditions, got 4 and 3"),
        (A * np.nan, B, {}, "share pairs that are not NaN, got none"),
        (A, A, {"paired": True}, "must vary over subjects, got the same in all"),
        (A[[0, 0]], A[[0, 0, 0]], {}, "must vary over subjects, got the same in all"),
        (A * [[1], [0], [1]], B, {}, r"rdms\[1\] must have a length, got 0 for all pairs"),
        (A, B * 0 + 1, {"normalize": "rank"}, r"others\[0\] must vary, got 1 for all pairs"),
        (
            {"a": A[0], "b": A[1]},
            {"b": B[0], "a": B[1]},
            {"paired": True},
            "same subjects in the same order, got 'a' and 'b'",
        ),
        (A, B, {"normalize": "zscore"}, "normalize"),
        (A, B, {"n_permutations": 0}, "n_permutations must be at least 1"),
    ],
)
def test_wrong_groups(rdms, others, options, message):
    with pytest.raises(ValueError, match=message):
        compare_groups(rdms, others, **options)
