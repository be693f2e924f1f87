"""Tests of maps over subjects, against loops over all draws and labels of SciPy."""

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from scipy import ndimage, sparse, stats

from netrep_go.rsa import cluster_test, rdm, surface_adjacency, volume_adjacency

SIGNS = {"greater": [1], "less": [-1], "two-sided": [1, -1]}
CORRECTIONS = ("cluster", "tfce", "max", "fdr")


def structure(ndim, n_axes=1):
    return ndimage.generate_binary_structure(ndim, n_axes)


def enhance(t, around, alternative, extent=0.5, height=2.0):
    """TFCE by labels at each value of t, between which the extents do not change."""
    total = np.zeros(t.shape)
    for sign in SIGNS[alternative]:
        h = np.unique(np.append(0, sign * t[sign * t > 0]))
        for low, high in pairwise(h):
            labels, _ = ndimage.label(sign * t >= high, around)
            sizes = np.bincount(labels.ravel()).astype(float)
            area = (high ** (height + 1) - low ** (height + 1)) / (height + 1)
            total += np.where(labels > 0, sign * sizes[labels] ** extent * area, 0)
    return total


def largest(t, correction, around, alternative, threshold):
    """The largest value of a map that counts."""
    if correction == "tfce":
        return np.abs(enhance(t, around, alternative)).max()
    if correction == "max":
        return max((sign * t).max() for sign in SIGNS[alternative])
    masses = [0.0]
    for sign in SIGNS[alternative]:
        labels, n = ndimage.label(sign * t > threshold, around)
        masses += list(ndimage.sum_labels(sign * t, labels, range(1, n + 1)))
    return max(masses)


def extreme(values, null):
    """Part of the null that is as large as each value."""
    bound = values - 1e-9 * np.maximum(1, np.abs(values))
    return np.mean(np.asarray(null) >= bound[..., np.newaxis], axis=-1)


@pytest.mark.parametrize("alternative", SIGNS)
@pytest.mark.parametrize(("shape", "n_axes"), [((30,), 1), ((5, 7), 2), ((4, 5, 3), 2)])
def test_enhanced_is_the_integral(rng, shape, n_axes, alternative):
    scores = ndimage.gaussian_filter(rng.standard_normal((6, *shape)), (0, *[0.7] * len(shape)))
    around = structure(len(shape), n_axes)
    options = {"alternative": alternative, "adjacency": int(around.sum()) - 1}
    result = cluster_test(scores, correction="tfce", **options)
    t = stats.ttest_1samp(scores, 0).statistic
    np.testing.assert_allclose(result.statistic, t, rtol=1e-10)
    np.testing.assert_allclose(result.enhanced, enhance(t, around, alternative), rtol=1e-9)
    powers = {"extent_power": 1.0, "height_power": 0.5}
    other = cluster_test(scores, correction="tfce", **options, **powers).enhanced
    np.testing.assert_allclose(other, enhance(t, around, alternative, 1.0, 0.5), rtol=1e-9)


def test_sums_over_steps_converge_to_enhanced(rng):
    scores = ndimage.gaussian_filter(rng.standard_normal((6, 8, 9)), (0, 1, 1))
    result = cluster_test(scores, correction="tfce")
    errors = []
    for step in (0.05, 0.005):
        total = np.zeros((8, 9))
        for h in np.arange(step / 2, result.statistic.max(), step):
            labels, _ = ndimage.label(result.statistic >= h)
            total += np.where(labels > 0, np.sqrt(np.bincount(labels.ravel())[labels]), 0) * h**2
        errors.append(np.abs(total * step - result.enhanced).max() / result.enhanced.max())
    assert errors[1] < 0.005
    assert errors[1] < errors[0] / 3


def test_ties_and_plateaus_are_enhanced(rng):
    columns = rng.standard_normal((5, 4)) + 1
    scores = columns[:, rng.integers(0, 4, 24)]  # each t several times
    result = cluster_test(scores, correction="tfce", alternative="two-sided")
    assert len(np.unique(result.statistic)) <= 4
    expected = enhance(result.statistic, structure(1), "two-sided")
    np.testing.assert_allclose(result.enhanced, expected, rtol=1e-9)


@pytest.mark.parametrize("alternative", SIGNS)
@pytest.mark.parametrize("correction", ["cluster", "tfce", "max"])
def test_two_groups_are_all_ways_to_choose_the_first(rng, correction, alternative):
    first, second = rng.standard_normal((3, 5, 6)), rng.standard_normal((5, 5, 6))
    first[:, 1:3, 2:5] += 1.5
    options = {"alternative": alternative, "correction": correction, "threshold": 1.1}
    result = cluster_test(first, second, equal_var=True, **options)
    assert result.n_permutations == 56
    t = stats.ttest_ind(first, second).statistic
    np.testing.assert_allclose(result.statistic, t)
    joined, null = np.concatenate([first, second]), []
    for members in combinations(range(8), 3):
        others = [k for k in range(8) if k not in members]
        drawn = stats.ttest_ind(joined[list(members)], joined[others]).statistic
        null.append(largest(drawn, correction, structure(2), alternative, 1.1))
    np.testing.assert_allclose(result.null_distribution, null, rtol=1e-9)
    if correction == "cluster":
        np.testing.assert_allclose(result.pvalue, extreme(np.abs(result.masses), null))
        expected = np.append(1, result.pvalue)[result.clusters]
    elif correction == "tfce":
        expected = extreme(np.abs(result.enhanced), null)
    else:
        expected = extreme({"two-sided": np.abs(t), "greater": t, "less": -t}[alternative], null)
    np.testing.assert_allclose(result.pvalue_corrected, expected)
    for k, pvalue in enumerate(result.pvalue):
        assert pvalue == result.pvalue_corrected[result.clusters == k + 1].min()


def deviate(first, second):
    """Welch's t of SciPy as a normal deviate, by Wallace's formula."""
    found = stats.ttest_ind(first, second, equal_var=False)
    t, f = found.statistic, found.df
    return np.sign(t) * (8 * f + 1) / (8 * f + 3) * np.sqrt(f * np.log1p(t**2 / f))


@pytest.mark.parametrize("alternative", SIGNS)
@pytest.mark.parametrize("correction", ["cluster", "tfce", "max"])
def test_welch_of_all_ways_to_choose_the_first(rng, correction, alternative):
    first, second = 3 * rng.standard_normal((3, 5, 6)), rng.standard_normal((5, 5, 6))
    first[:, 1:3, 2:5] += 2
    options = {"alternative": alternative, "correction": correction, "threshold": 1.1}
    result = cluster_test(first, second, **options)
    np.testing.assert_allclose(result.statistic, deviate(first, second), rtol=1e-9)
    joined, null = np.concatenate([first, second]), []
    for members in combinations(range(8), 3):
        drawn = deviate(joined[list(members)], np.delete(joined, members, axis=0))
        null.append(largest(drawn, correction, structure(2), alternative, 1.1))
    np.testing.assert_allclose(result.null_distribution, null, rtol=1e-9)


def test_deviates_have_the_tail_of_welch(rng):
    """So that points of groups of different spread are compared on one scale."""
    first, second = 3 * rng.standard_normal((4, 50)), rng.standard_normal((9, 50))
    first[:, ::2] += 5
    result = cluster_test(first, second, n_permutations=9, alternative="two-sided")
    expected = stats.ttest_ind(first, second, equal_var=False).pvalue
    np.testing.assert_allclose(2 * stats.norm.sf(np.abs(result.statistic)), expected, rtol=0.2)
    assert result.threshold == stats.norm.isf(0.025)
    pairs = [cluster_test(first[:, :9], second[:4, :9], equal_var=e, paired=True) for e in (0, 1)]
    np.testing.assert_array_equal(pairs[0].statistic, pairs[1].statistic)


@pytest.mark.parametrize(("ratio", "most"), [(1, 0.10), (3, 0.17)])
def test_a_group_that_varies_more_is_no_difference(rng, ratio, most):
    found = {True: 0, False: 0}
    for seed in range(150):
        noise = ndimage.gaussian_filter1d(rng.standard_normal((18, 25)), 1.5)
        noise[:6] *= ratio
        for equal_var in found:
            result = cluster_test(
                noise[:6],
                noise[6:],
                equal_var=equal_var,
                correction="max",
                alternative="two-sided",
                n_permutations=99,
                random_state=seed,
                n_jobs=1,
            )
            found[equal_var] += result.significant().any()
    assert found[False] / 150 < most
    if ratio > 1:
        assert found[True] > 1.5 * found[False]


@pytest.mark.parametrize("correction", ["tfce", "max"])
def test_one_sample_is_all_sign_flips(rng, correction):
    scores = rng.standard_normal((5, 20)) + 0.5
    result = cluster_test(scores, correction=correction, alternative="two-sided")
    null = []
    for signs in product([1, -1], repeat=5):
        t = stats.ttest_1samp(scores * np.array(signs)[:, np.newaxis], 0).statistic
        null.append(largest(t, correction, structure(1), "two-sided", None))
    np.testing.assert_allclose(np.sort(result.null_distribution), np.sort(null), rtol=1e-9)
    values = result.enhanced if correction == "tfce" else result.statistic
    np.testing.assert_allclose(result.pvalue_corrected, extreme(np.abs(values), null))


def test_pairs_are_differences(rng):
    first, second = rng.standard_normal((2, 6, 15))
    for correction in CORRECTIONS:
        options = {"correction": correction, "popmean": 0.2}
        pairs = cluster_test(first, second, paired=True, **options)
        differences = cluster_test(first - second, **options)
        np.testing.assert_allclose(pairs.statistic, differences.statistic)
        np.testing.assert_array_equal(pairs.pvalue_corrected, differences.pvalue_corrected)
    moved = cluster_test(first, second, popmean=0.2, equal_var=True).statistic
    np.testing.assert_allclose(moved, stats.ttest_ind(first - 0.2, second).statistic)


@pytest.mark.parametrize("alternative", SIGNS)
def test_fdr_is_that_of_permutations_of_each_point(rng, alternative):
    first = rng.standard_normal((4, 12)) + np.linspace(-4, 4, 12)
    second = rng.standard_normal((4, 12))
    options = {"correction": "fdr", "alternative": alternative, "equal_var": True}
    result = cluster_test(first, second, **options)
    joined = np.concatenate([first, second])
    null = np.stack(
        [
            stats.ttest_ind(joined[list(m)], np.delete(joined, m, axis=0)).statistic
            for m in combinations(range(8), 4)
        ]
    )
    t = stats.ttest_ind(first, second).statistic
    shown = {"two-sided": np.abs, "greater": np.positive, "less": np.negative}[alternative]
    alone = np.mean(shown(null) >= shown(t) - 1e-9, axis=0)
    expected = stats.false_discovery_control(alone)
    np.testing.assert_allclose(result.pvalue_corrected, expected, rtol=1e-12)
    drawn = cluster_test(first, second, n_permutations=69, random_state=0, **options)
    assert drawn.pvalue_corrected.min() >= 1 / 70
    np.testing.assert_allclose(drawn.pvalue_corrected, expected, atol=0.25)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_random_groups_approach_all(rng, correction):
    first, second = rng.standard_normal((5, 20)) + 1, rng.standard_normal((7, 20))
    options = {"correction": correction, "random_state": 0}
    exact = cluster_test(first, second, **options)
    drawn = cluster_test(first, second, n_permutations=791, **options)
    assert (exact.n_permutations, drawn.n_permutations) == (792, 791)
    np.testing.assert_allclose(drawn.pvalue_corrected, exact.pvalue_corrected, atol=0.06)
    assert drawn.pvalue_corrected.min() >= 1 / 792


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize(("n_others", "paired"), [(0, False), (6, True), (8, False)])
def test_noise_is_found_as_often_as_alpha(rng, correction, n_others, paired):
    found = 0
    for _ in range(200):
        noise = ndimage.gaussian_filter1d(rng.standard_normal((6 + n_others, 25)), 1.5)
        result = cluster_test(
            noise[:6],
            noise[6:] if n_others else None,
            paired=paired,
            correction=correction,
            alternative="two-sided",
            n_permutations=59,
            random_state=rng.integers(1000),
            n_jobs=1,
        )
        found += result.significant().any()
    assert found / 200 < 0.1
    assert found > 0 or correction == "fdr"  # whose smallest p-values are few draws away from 0


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_what_is_planted_is_found(rng, correction):
    first, second = rng.standard_normal((2, 12, 6, 6, 6))
    first[:, 1:4, 1:4, 1:4] += 2.5
    mask = np.ones((6, 6, 6), bool)
    mask[5] = False
    first[:, ~mask], second[:, ~mask] = np.nan, np.nan
    options = {"n_permutations": 999, "random_state": 0, "alternative": "two-sided"}
    result = cluster_test(first, second, correction=correction, **options)
    planted, shown = np.zeros((6, 6, 6), bool), result.significant()
    planted[1:4, 1:4, 1:4] = True
    assert shown[planted].mean() > 0.9
    assert shown[~planted].mean() < 0.1
    assert np.isnan(result.pvalue_corrected[~mask]).all()
    assert not shown[~mask].any()
    options["adjacency"] = volume_adjacency(mask)
    flat = cluster_test(first[:, mask], second[:, mask], correction=correction, **options)
    np.testing.assert_array_equal(flat.pvalue_corrected, result.pvalue_corrected[mask])
    np.testing.assert_array_equal(flat.clusters, result.clusters[mask])


@pytest.mark.parametrize("correction", ["max", "fdr"])
def test_groups_of_rdms_differ_where_it_is_planted(rng, correction):
    """Condition 5 is near condition 0 in one group, far in the other."""
    patterns = rng.standard_normal((20, 6, 60))
    patterns[:10, 5] = patterns[:10, 0] + 0.5 * rng.standard_normal((10, 60))
    rdms = rdm(patterns)
    options = {"alternative": "two-sided", "n_permutations": 1999, "random_state": 0}
    result = cluster_test(rdms[:10], rdms[10:], correction=correction, **options)
    assert result.significant()[4]  # the pair of 0 and 5
    assert result.significant().sum() <= 2


# Neighbors


@pytest.mark.parametrize("shape", [(1,), (4,), (3, 1), (3, 4), (3, 4, 2), (2, 3, 2, 2)])
def test_grids_are_those_of_labels(rng, shape):
    mask = rng.random(shape) < 0.8
    mask.flat[0] = True
    for n_axes in range(1, len(shape) + 1):
        around = structure(len(shape), n_axes)
        graph = volume_adjacency(mask, int(around.sum()) - 1).toarray()
        for k, point in enumerate(zip(*np.nonzero(mask), strict=True)):
            near = np.zeros(shape, bool)
            near[point] = True
            near = ndimage.binary_dilation(near, around) & mask
            near[point] = False
            np.testing.assert_array_equal(graph[k], near[mask])
    default, faces = volume_adjacency(mask), volume_adjacency(mask, 2 * len(shape))
    np.testing.assert_array_equal(default.toarray(), faces.toarray())


def test_surfaces_join_vertices_of_a_face(rng):
    faces = np.array([f for f in rng.integers(0, 9, (12, 3)) if len(set(f)) == 3])
    graph = surface_adjacency(faces, 11).toarray()
    for i, j in product(range(11), repeat=2):
        assert graph[i, j] == (i != j and any({i, j} <= set(face) for face in faces.tolist()))
    assert surface_adjacency(faces).shape == (faces.max() + 1,) * 2


def test_a_tuple_is_a_product(rng):
    scores = rng.standard_normal((7, 4, 5)) + 0.5
    chain, one_way = volume_adjacency(np.ones(5)), sparse.triu(volume_adjacency(np.ones(4)))
    for correction in ("cluster", "tfce"):
        grid = cluster_test(scores, correction=correction)
        for form in [(None, None), (None, chain), (None, chain.toarray()), (one_way, None)]:
            found = cluster_test(scores, correction=correction, adjacency=form)
            np.testing.assert_array_equal(found.pvalue_corrected, grid.pvalue_corrected)
            np.testing.assert_array_equal(found.clusters, grid.clusters)
    sensors = sparse.coo_array(([1, 1], ([0, 1], [3, 4])), (5, 5))
    result = cluster_test(scores + 9, adjacency=(None, sensors))
    assert result.clusters.tolist() == [[1, 2, 3, 1, 2]] * 4
    three = rng.standard_normal((5, 2, 3, 4))
    product_of_rows = cluster_test(three, adjacency=(None,) * 3)
    np.testing.assert_array_equal(product_of_rows.pvalue, cluster_test(three).pvalue)
    rows = ((0, 1), (1, 0))  # a matrix
    assert cluster_test(scores[:, 0, :2] + 9, adjacency=rows).clusters.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: volume_adjacency(np.zeros((2, 2))), "mask must have at least one voxel"),
        (lambda: volume_adjacency(np.ones((2, 2)), 6), "neighbors must be 4 or 8 for a grid"),
        (lambda: volume_adjacency([1, 1], 4), "neighbors must be 2 for a grid with 1 axes, got 4"),
        (lambda: surface_adjacency([[0, 1]]), r"faces must have shape \(n_faces, 3\)"),
        (lambda: surface_adjacency([[0, 1, -1]]), "faces must be of vertices from 0 to 1, got -1"),
        (lambda: surface_adjacency([[0, 1, 3]], 3), "vertices from 0 to 2, got 0 to 3"),
        (lambda: surface_adjacency([[0, 1, 1.5]]), "faces must be integers, got 1.5"),
    ],
)
def test_wrong_neighbors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Bad input

FIRST, SECOND = np.random.default_rng(0).standard_normal((2, 5, 2, 3))
HOLE = np.where(np.arange(6).reshape(2, 3) == 2, np.nan, FIRST)
ONES, ZEROS = np.ones((3, 4)), np.zeros((3, 4))


@pytest.mark.parametrize(
    ("scores", "others", "options", "message"),
    [
        (FIRST, None, {"paired": True}, "paired=True needs others"),
        (FIRST[:1], SECOND, {}, "scores must be of at least 2 subjects, got 1"),
        (FIRST, SECOND[:1], {}, "others must be of at least 2 subjects, got 1"),
        (FIRST, SECOND[:4], {"paired": True}, "of the same subjects as scores if paired, 5, got 4"),
        (FIRST, SECOND[:, :1], {}, r"of the points of scores, of shape \(2, 3\), got \(1, 3\)"),
        (FIRST, HOLE, {}, "others must be NaN in all subjects or in none, got 1 points"),
        (HOLE, FIRST, {}, "others must be NaN in all subjects or in none, got 1 points"),
        (HOLE, FIRST, {"paired": True}, "others must be NaN in all subjects or in none, got 1"),
        (ONES, ZEROS, {}, "must vary over subjects, got 4 points"),
        (ONES, ZEROS, {"paired": True}, "must vary over subjects, got 4"),
        (1e308 * ONES, -1e308 * ONES, {"paired": True}, "scores and others leave the range"),
        (1e308 * ONES, None, {"popmean": -1e308}, "scores and popmean leave the range"),
        (1e308 * ONES, ONES, {"popmean": -1e308}, "scores and popmean leave the range"),
        (FIRST, None, {"adjacency": 6}, "adjacency must be 4 or 8 for a grid with 2 axes, got 6"),
        (FIRST, None, {"adjacency": np.eye(6)}, "or a tuple with one for each axis"),
        (FIRST, None, {"adjacency": (None,)}, "must have one for each of 2 axes of points, got 1"),
        (FIRST, None, {"adjacency": (None, np.eye(2))}, r"adjacency\[1\] must be square"),
        (FIRST, None, {"extent_power": -1}, "extent_power must be in"),
        (FIRST, None, {"height_power": np.nan}, "height_power must be in"),
        (FIRST, None, {"correction": "bonferroni"}, "correction"),
    ],
)
def test_wrong_maps(scores, others, options, message):
    with pytest.raises(ValueError, match=message):
        cluster_test(scores, others, **options)


def test_points_that_are_the_same_in_all_have_no_effect(rng):
    first, second = rng.standard_normal((4, 3)), rng.standard_normal((6, 3))
    first[:, 1] = second[:, 1] = 0.1  # whose mean is not exactly 0.1
    for correction in CORRECTIONS:
        result = cluster_test(first, second, correction=correction, alternative="two-sided")
        assert result.statistic[1] == 0
        assert result.pvalue_corrected[1] == 1


@pytest.mark.parametrize("sizes", [(2, 2), (2, 3), (3, 4), (2, 9)])
@pytest.mark.parametrize("n_points", [1, 2, 3])
def test_few_subjects_and_points(rng, sizes, n_points):
    first, second = (rng.standard_normal((n, n_points)) for n in sizes)
    for correction in CORRECTIONS:
        result = cluster_test(first, second, correction=correction, equal_var=True)
        np.testing.assert_allclose(result.statistic, stats.ttest_ind(first, second).statistic)
        assert (result.pvalue_corrected * result.n_permutations > 0.99).all()
        assert len(result.null_distribution) == result.n_permutations


@pytest.mark.parametrize("sizes", [(2, 2), (2, 3), (9, 2), (4, 4)])
def test_welch_of_few_subjects_and_of_groups_that_do_not_vary(rng, sizes):
    first, second = (rng.standard_normal((n, 5)) for n in sizes)
    first[:, 3], second[:, 3] = 0.3, 0.3  # the same in all
    first[:, 4] = 1.5  # in one group
    with np.errstate(invalid="ignore"):
        expected = deviate(first[:, :3], second[:, :3])
    for correction in CORRECTIONS:
        result = cluster_test(first, second, correction=correction, alternative="two-sided")
        np.testing.assert_allclose(result.statistic[:3], expected, rtol=1e-9)
        assert result.statistic[3] == 0
        assert result.pvalue_corrected[3] == 1
        one_sided = stats.ttest_1samp(second[:, 4], 1.5).statistic
        assert np.sign(result.statistic[4]) == -np.sign(one_sided)
        assert np.isfinite(result.null_distribution).all()


@pytest.mark.parametrize("scale", [1e-150, 1e-5, 1e150])
@pytest.mark.parametrize("paired", [False, True])
def test_units_do_not_matter(rng, scale, paired):
    first, second = rng.standard_normal((2, 4, 9))
    for correction in CORRECTIONS:
        options = {"correction": correction, "paired": paired}
        one = cluster_test(first, second, **options)
        two = cluster_test(scale * first, scale * second, **options)
        np.testing.assert_allclose(one.statistic, two.statistic, rtol=1e-9)
        np.testing.assert_array_equal(one.pvalue_corrected, two.pvalue_corrected)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_threads_do_not_matter(rng, correction, monkeypatch):
    first, second = rng.standard_normal((9, 40)), rng.standard_normal((8, 40))
    options = {"correction": correction, "n_permutations": 101, "random_state": 3}
    one, two = (cluster_test(first, second, n_jobs=n, **options) for n in (1, 2))
    monkeypatch.setattr("netrep_go._map_design._BLOCK", 300)
    blocks = cluster_test(first, second, **options)
    np.testing.assert_array_equal(one.null_distribution, two.null_distribution)
    np.testing.assert_allclose(one.null_distribution, blocks.null_distribution, rtol=1e-12)
    for other in (two, blocks):
        np.testing.assert_array_equal(one.pvalue_corrected, other.pvalue_corrected)
