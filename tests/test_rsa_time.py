"""Time-resolved RSA and cluster tests, against loops over times and sign flips."""

import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import pdist
from scipy.stats import kstest, spearmanr, ttest_1samp

from netrep_go.plotting import TimeCourseDisplay
from netrep_go.rsa import cluster_test, time_resolved


def test_scores_are_those_of_each_time(rng):
    data, models = rng.standard_normal((3, 6, 8, 12)), rng.random((2, 15))
    course = time_resolved(data, models, window=3, step=2, times=np.linspace(0, 1.1, 12))
    np.testing.assert_allclose(course.times, [0.1, 0.3, 0.5, 0.7, 0.9])
    assert course.scores.shape == (3, 2, 5)
    for subject, model, time in np.ndindex(course.scores.shape):
        responses = data[subject, :, :, 2 * time : 2 * time + 3].reshape(6, -1)
        expected = spearmanr(pdist(responses, "correlation"), models[model]).statistic
        assert course.scores[subject, model, time] == pytest.approx(expected, abs=1e-12)
    alone = time_resolved(data[1], models[1], metric="euclidean", method="pearson", n_jobs=1)
    rdm = pdist(data[1, :, :, 7])
    assert alone.scores[0, 0, 7] == pytest.approx(np.corrcoef(rdm, models[1])[0, 1])
    frame = course.to_frame()
    np.testing.assert_array_equal(frame["score"], course.scores.ravel())
    assert frame["time"].nunique() == 5


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((5, 8, 12), {}, "same conditions, got 5 and 6"),
        ((6, 8, 12), {"window": 13}, "window must be at most the number of times, 12, got 13"),
        ((6, 8, 12), {"step": 0}, "step must be at least 1, got 0"),
        ((6, 8, 12), {"times": [1.0]}, "times must have length 12, got 1"),
        ((6, 8), {}, "data must have 3 dimensions"),
    ],
)
def test_wrong_data(rng, shape, options, message):
    with pytest.raises(ValueError, match=message):
        time_resolved(rng.standard_normal(shape), rng.random(15), **options)


def test_constant_responses_are_named(rng):
    data = rng.standard_normal((2, 6, 8, 12))
    data[1, 2, :, 5] = 0
    with pytest.raises(ValueError, match=r"subject 1, at each time: data\[5\].* condition 2"):
        time_resolved(data, rng.random(15))


# Clusters


def reference(scores, threshold, alternative):
    """Clusters on a line by a loop: lists of points and masses."""
    with np.errstate(invalid="ignore", divide="ignore"):
        t = ttest_1samp(scores, 0).statistic
    clusters, masses = [], []
    for sign in {"greater": [1], "less": [-1], "two-sided": [1, -1]}[alternative]:
        for beyond, run in itertools.groupby(
            range(len(t)), key=lambda k, s=sign: s * t[k] > threshold
        ):
            if beyond:
                clusters.append(list(run))
                masses.append(t[clusters[-1]].sum())
    return clusters, np.array(masses)


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_exact_test_is_the_loop_over_all_sign_flips(rng, alternative):
    scores = rng.standard_normal((7, 40)) + np.where(np.arange(40) % 20 < 5, 1.0, -0.3)
    result = cluster_test(scores, alternative=alternative, threshold=1.2)
    clusters, masses = reference(scores, 1.2, alternative)
    assert result.n_permutations == 128
    assert len(clusters) >= 2
    np.testing.assert_allclose(result.masses, masses)
    for k, points in enumerate(clusters):
        assert np.flatnonzero(result.clusters == k + 1).tolist() == points
    null = []
    for signs in itertools.product([1, -1], repeat=7):
        _, flipped = reference(scores * np.array(signs)[:, np.newaxis], 1.2, alternative)
        null.append(np.abs(flipped).max(initial=0))
    np.testing.assert_allclose(np.sort(result.null_distribution), np.sort(null), rtol=1e-9)
    expected = [np.mean(np.array(null) >= abs(m) * (1 - 1e-9)) for m in masses]
    np.testing.assert_allclose(result.pvalue, expected)


def test_random_flips_approach_all_flips(rng):
    scores = rng.standard_normal((9, 30))
    scores[:, 5:12] += 0.8
    exact = cluster_test(scores)
    drawn = cluster_test(np.repeat(scores, 1, axis=0), n_permutations=400, random_state=0)
    assert (exact.n_permutations, drawn.n_permutations) == (512, 400)
    np.testing.assert_allclose(drawn.pvalue, exact.pvalue, atol=0.08)
    assert drawn.pvalue.min() >= 1 / 401
    again = cluster_test(scores, n_permutations=400, random_state=0)
    np.testing.assert_array_equal(again.null_distribution, drawn.null_distribution)


def test_noise_has_clusters_as_often_as_alpha(rng):
    smallest = []
    for _ in range(150):
        noise = np.cumsum(rng.standard_normal((10, 30)), axis=1)
        noise *= rng.choice([-1, 1], (10, 1))
        result = cluster_test(noise, n_permutations=99, random_state=rng.integers(1000))
        smallest.append(result.pvalue.min(initial=1.0))
    assert np.mean(np.array(smallest) <= 0.05) < 0.1
    assert kstest([p for p in smallest if p < 0.3], "uniform", (0, 0.3)).pvalue > 0.001


def test_grids_graphs_and_holes(rng):
    scores = rng.standard_normal((8, 6, 7))
    scores[:, 1:4, 2:5] += 2
    grid = cluster_test(scores)
    points = np.arange(42).reshape(6, 7)
    edges = [(points[:-1], points[1:]), (points[:, :-1], points[:, 1:])]
    rows = np.concatenate([a.ravel() for a, _ in edges])
    cols = np.concatenate([b.ravel() for _, b in edges])
    graph = sparse.coo_array((np.ones(len(rows)), (rows, cols)), shape=(42, 42))
    flat = cluster_test(scores.reshape(8, 42), adjacency=graph)
    np.testing.assert_array_equal(flat.clusters.reshape(6, 7) > 0, grid.clusters > 0)
    np.testing.assert_allclose(np.sort(flat.masses), np.sort(grid.masses))
    np.testing.assert_allclose(np.sort(flat.pvalue), np.sort(grid.pvalue))
    holes = scores.copy()
    holes[:, 2] = np.nan
    cut = cluster_test(holes)
    assert np.isnan(cut.statistic[2]).all()
    assert (cut.clusters[2] == 0).all()
    assert cut.clusters[1, 3] != cut.clusters[3, 3] != 0
    lost = cluster_test(holes.reshape(8, 42), adjacency=graph)
    np.testing.assert_allclose(np.sort(lost.pvalue), np.sort(cut.pvalue))


def test_no_clusters_and_silent_points(rng):
    scores = rng.standard_normal((5, 4)) - 10
    result = cluster_test(scores)
    assert result.pvalue.size == 0
    assert not result.significant().any()
    assert len(result.to_frame()) == 0
    scores[:, 2] = 0
    assert cluster_test(scores, alternative="less").statistic[2] == 0


def test_statistic_is_the_t_test_and_null_shifts(rng):
    scores = rng.standard_normal((9, 4, 3)) + 5
    result = cluster_test(scores, popmean=4.5)
    np.testing.assert_allclose(result.statistic, ttest_1samp(scores, 4.5).statistic)
    frame = result.to_frame()
    assert frame["size"].sum() == np.count_nonzero(result.clusters)


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        (np.ones((1, 4)), {}, "scores must be of at least 2 subjects, got 1"),
        (np.ones((3, 4)), {}, "scores must vary over subjects, got 4 points"),
        (np.full((3, 4), np.nan), {}, "points that are not NaN, got none"),
        ([[0.0, np.nan], [1, 2], [2, 3]], {}, "NaN in all subjects or in none, got 1 points"),
        ([[0.0, 1], [1, 2]], {"threshold": 0}, "threshold must be in"),
        ([[0.0, 1], [1, 2]], {"alternative": "more"}, "Found instead alternative"),
        ([[0.0, 1], [1, 2]], {"n_permutations": 0}, "n_permutations must be at least 1"),
        ([[0.0, 1], [1, 2]], {"adjacency": sparse.eye_array(3)}, "adjacency must be square"),
    ],
)
def test_wrong_scores(scores, options, message):
    with pytest.raises(ValueError, match=message):
        cluster_test(scores, **options)


def test_display_marks_clusters(rng):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    data = rng.standard_normal((10, 6, 8, 25))
    pattern = rng.standard_normal((6, 8))
    data[..., 10:15] += 3 * pattern[..., np.newaxis]
    course = time_resolved(data, np.stack([pdist(pattern, "correlation"), rng.random(15)]))
    clusters = [cluster_test(course.scores[:, k], random_state=0) for k in range(2)]
    ax = TimeCourseDisplay.from_time_course(course, clusters=clusters, names=["a", "b"]).ax_
    marks = [line for line in ax.lines if line.get_linewidth() == 3]
    assert [9.5, 14.5] in [list(mark.get_xdata()) for mark in marks]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    with pytest.raises(ValueError, match="clusters must have one for each of 2 models"):
        TimeCourseDisplay.from_time_course(course, clusters=clusters[:1])
    pyplot.close("all")


def test_progress_is_shown_on_request(rng, capsys):
    scores = rng.standard_normal((5, 8))
    cluster_test(scores, random_state=0)
    assert capsys.readouterr().err == ""
    cluster_test(scores, random_state=0, verbose=True)
    assert "32/32" in capsys.readouterr().err


@pytest.mark.parametrize(
    "form", [sparse.csr_array, sparse.coo_matrix, np.asarray, np.ndarray.tolist]
)
def test_zeros_of_an_adjacency_are_no_edges(rng, form):
    scores = rng.standard_normal((10, 6)) + 3
    chain = np.diag(np.ones(5), 1)
    chain[2, 3] = 0
    whole = sparse.csr_array(np.diag(np.ones(5), 1))
    whole.data[2] = 0  # stored
    before = whole.nnz
    found = cluster_test(scores, adjacency=whole, random_state=0)
    want = cluster_test(scores, adjacency=form(chain), random_state=0)
    np.testing.assert_array_equal(found.clusters, [1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(found.clusters, want.clusters)
    np.testing.assert_array_equal(found.pvalue, want.pvalue)
    assert whole.nnz == before
    with pytest.raises(ValueError, match="adjacency must not have NaN"):
        cluster_test(scores, adjacency=form(np.where(chain == 1, np.nan, 0)))


def test_opposite_entries_of_an_adjacency_cancel(rng):
    scores = rng.standard_normal((10, 2)) + 3
    graph = sparse.coo_array(([1.0, -1.0], ([0, 0], [1, 1])), shape=(2, 2))
    assert cluster_test(scores, adjacency=graph, random_state=0).clusters.tolist() == [1, 2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["popmean", "threshold"])
def test_numbers_that_make_nothing_significant_are_refused(rng, name, value):
    with pytest.raises(ValueError, match=f"{name} must be in"):
        cluster_test(rng.standard_normal((10, 6)), **{name: value})


@pytest.mark.parametrize("alpha", [np.nan, -0.1, 5])
def test_alpha_is_a_probability(rng, alpha):
    result = cluster_test(rng.standard_normal((10, 6)), random_state=0)
    with pytest.raises(ValueError, match="alpha must be in"):
        result.significant(alpha)


@pytest.mark.parametrize("n_subjects", [2, 3, 4, 6])
@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_noise_of_few_subjects_has_no_clusters(n_subjects, alternative):
    found = [
        (
            cluster_test(
                np.random.default_rng(seed).standard_normal((n_subjects, 12)),
                alternative=alternative,
                n_permutations=64,
                n_jobs=1,
            ).pvalue
            <= 0.05
        ).any()
        for seed in range(300)
    ]
    assert np.mean(found) < 0.09
