"""All-pairs distances against NumPy and against fits of single pairs."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go import _native
from netrep_go.metrics import LinearMetric, PermutationMetric
from netrep_go.multiset import (
    cross_distances,
    frechet_mean,
    pairwise_distances,
    procrustes_kmeans,
)

pytestmark = pytest.mark.filterwarnings("ignore:alpha=0 cannot tell")

SCORES = ["angular", "euclidean"]
SETTINGS = [
    LinearMetric(alpha, center, score_method=score)
    for alpha, center, score in itertools.product([0.0, 0.2, 0.5, 1.0], [True, False], SCORES)
]


def whitened(train, X, metric, width):
    """Return X centered, whitened and padded as its training data ask for."""
    mean = train.mean(axis=0) if metric.center_columns else 0 * train[0]
    padding = ((0, 0), (0, width - train.shape[1]))
    train, X = np.pad(train - mean, padding), np.pad(X - mean, padding)
    if metric.alpha == 1:
        return X
    singular, Vt = np.linalg.svd(train)[1:]
    variances = np.zeros(width)
    variances[: len(singular)] = singular**2
    eps, size = np.finfo(float).eps, max(len(train), np.count_nonzero(np.ptp(train, axis=0)), 16)
    real = variances > size * eps * variances[0]
    null = variances <= 1e-26 * variances.sum()
    clipped = np.where(real, variances, size * eps * variances[0])
    clipped[null] = 1e-7 * variances[0]
    gain = metric.alpha + (1 - metric.alpha) / np.sqrt(clipped)
    counted = np.where(real, variances, min(1e-7, 1e-8 * variances[0]))
    after = np.sum((metric.alpha * np.sqrt(counted) + 1 - metric.alpha) ** 2)
    gain *= np.sqrt(counted.sum() / after)
    return X @ (Vt.T * gain) @ Vt


def ground_distance(A, B, metric):
    if metric.score_method == "euclidean":
        return np.linalg.norm(A - B)
    A, B = A / np.linalg.norm(A), B / np.linalg.norm(B)
    return 2 * np.arctan2(np.linalg.norm(A - B), np.linalg.norm(A + B))


def distance(metric, X, Y, X_test, Y_test):
    """Return the training and the held-out distance by the definition."""
    width = max(X.shape[1], Y.shape[1])
    A, B = whitened(X, X, metric, width), whitened(Y, Y, metric, width)
    U, _, Vt = np.linalg.svd(A.T @ B)
    shift = X.mean(axis=0), Y.mean(axis=0)
    if not metric.center_columns:
        shift = 0, 0
    rank = min(np.linalg.matrix_rank(x - m) for x, m in zip((X, Y), shift, strict=True))
    A_test = whitened(X, X_test, metric, width) @ U
    B_test = whitened(Y, Y_test, metric, width) @ Vt.T
    # Where C = A'B is null, the two only add to the norms: orthogonally.
    A_test = np.hstack([A_test, 0 * A_test[:, rank:]])
    B_test = np.hstack([B_test[:, :rank], 0 * B_test[:, rank:], B_test[:, rank:]])
    return ground_distance(A @ U, B @ Vt.T, metric), ground_distance(A_test, B_test, metric)


def networks(rng, n_samples, widths, n_test=25):
    """Return training and held-out activations that share some structure."""
    shared = rng.standard_normal((n_samples + n_test, 3))
    both = [
        shared @ rng.standard_normal((3, p))
        + rng.standard_normal((n_samples + n_test, p))
        + rng.standard_normal(p)
        for p in widths
    ]
    return [x[:n_samples] for x in both], [x[n_samples:] for x in both]


def mixed(rng):
    """Return networks of every kind: plain, low rank, dead and repeated units."""
    train, test = networks(rng, 30, (5, 8, 6, 7, 1, 40))
    mixture = rng.standard_normal((8, 2)) @ rng.standard_normal((2, 8))
    train[1], test[1] = train[1] @ mixture, test[1] @ mixture
    train[2][:, 3] = 0.1
    train[3][:, 4] = train[3][:, 0]
    return train, test


COHORTS = {
    "plain": lambda rng: networks(rng, 40, (5, 7, 6, 7)),
    "mixed": mixed,
    "wide": lambda rng: networks(rng, 12, (20, 30, 12, 11, 13)),
    "around 64": lambda rng: networks(rng, 70, (63, 65), n_test=64),
    "two samples": lambda rng: networks(rng, 2, (3, 1, 4)),
}


@pytest.mark.parametrize("metric", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", COHORTS)
def test_against_the_definition(rng, kind, metric):
    train, test = COHORTS[kind](rng)
    d_train, d_test = metric.pairwise_distances(train, test, verbose=False)
    alone = pairwise_distances(metric, train, verbose=False)
    for i, j in itertools.combinations(range(len(train)), 2):
        X, Y, X_test, Y_test = train[i], train[j], test[i], test[j]
        want_train, want_test = distance(metric, X, Y, X_test, Y_test)
        tolerance = {"rel": 1e-9, "abs": 1e-9}
        assert d_train[i, j] == pytest.approx(want_train, **tolerance)
        assert alone[i, j] == pytest.approx(want_train, **tolerance)
        assert d_test[i, j] == pytest.approx(want_test, **tolerance)
        metric.fit(X, Y)
        assert metric.score(X, Y) == pytest.approx(want_train, **tolerance)
        assert metric.score(X_test, Y_test) == pytest.approx(want_test, **tolerance)


@pytest.mark.parametrize("metric", SETTINGS[:: len(SCORES)], ids=str)
def test_matrices_are_exactly_symmetric_with_a_zero_diagonal(rng, metric):
    train, test = networks(rng, 20, (4, 6, 5, 4))
    for D in metric.pairwise_distances([*train, train[0]], [*test, test[0]], None, False):
        assert D.dtype == np.float64
        assert_array_equal(D, D.T)
        assert_array_equal(np.diag(D), 0)
        assert (D >= 0).all()
        assert not np.signbit(D).any()


def test_the_order_of_the_networks_does_not_matter(rng):
    train, test = networks(rng, 20, (4, 6, 5, 30))
    order = [2, 0, 3, 1]
    for metric in SETTINGS[:2]:
        first = metric.pairwise_distances(train, test, verbose=False)
        second = metric.pairwise_distances(
            [train[i] for i in order], [test[i] for i in order], verbose=False
        )
        for D, shuffled in zip(first, second, strict=True):
            assert_allclose(shuffled, D[np.ix_(order, order)], rtol=1e-13)


@pytest.mark.parametrize("metric", SETTINGS[::5], ids=str)
def test_cross_distances_are_blocks_of_pairwise_distances(rng, metric):
    train, test = networks(rng, 20, (4, 6, 5, 30, 7))
    for n in range(1, 5):
        d_train, d_test = pairwise_distances(metric, train, test, verbose=False)
        split = train[:n], train[n:], test[:n], test[n:]
        c_train, c_test = cross_distances(metric, *split, verbose=False)
        assert_array_equal(c_train, d_train[:n, n:])
        assert_array_equal(c_test, d_test[:n, n:])
        alone = pairwise_distances(metric, train, verbose=False)
        assert_array_equal(
            cross_distances(metric, train[:n], train[n:], verbose=False), alone[:n, n:]
        )


def test_one_network():
    X = np.array([[0.0, 1.0], [2.0, 5.0]])
    assert_array_equal(pairwise_distances(LinearMetric(), [X], verbose=False), [[0]])
    for D in pairwise_distances(LinearMetric(), [X], [X], verbose=False):
        assert_array_equal(D, [[0]])
    assert cross_distances(LinearMetric(), [X], [X], verbose=False) < 1e-15


def by_route(metric, train, test, tol):
    """Return distances, and how many came from Gram matrices, SVDs and residuals."""
    k = len(train)
    d_train = np.empty((k, k))
    d_test = np.empty((k, k) if test else (0, 0))
    routes = np.zeros(3, np.int64)
    outputs = {"distances": d_train, "test_distances": d_test, "routes": routes}
    inputs = {
        "train": train,
        "test": test,
        "first": 0,
        "alpha": float(metric.alpha),
        "center": metric.center_columns,
        "score": metric.score_method,
        "single": False,
        "tol": tol,
    }
    _native.run("multiset.linear_distances", outputs, inputs, n_jobs=1)
    return d_train, d_test, routes


def ill_conditioned(rng, n_samples, n_features, smallest):
    """Return activations whose singular values fall from 1 to the smallest."""
    n = min(n_samples, n_features)
    left = np.linalg.qr(rng.standard_normal((n_samples, n)))[0]
    right = np.linalg.qr(rng.standard_normal((n_features, n)))[0]
    return left * np.geomspace(1, smallest, n) @ right.T


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("smallest", [1.0, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
def test_certified_distances_are_those_of_the_svd(rng, smallest, alpha):
    train = [ill_conditioned(rng, 60, p, smallest) for p in (10, 12, 15, 12, 70)]
    train.append(train[0] + 1e-3 * train[1][:, :10])
    for score in SCORES:
        metric = LinearMetric(alpha, score_method=score)
        for test in ([], train):
            fast, _, routes = by_route(metric, train, test, 0.0)
            exact, _, exact_routes = by_route(metric, train, test, 1e-300)
            assert_allclose(fast, exact, rtol=1e-7, atol=1e-8)
            assert routes[0] + routes[1] == exact_routes[1] == 15
            assert exact_routes[0] == 0
            if smallest == 1:
                assert routes[0] > 10
            if alpha == 1 and smallest <= 1e-10:
                assert routes[1] > 0


@pytest.mark.parametrize("smallest", [1e-3, 1e-6, 1e-9, 1e-12])
def test_ill_conditioned_distances_against_the_definition(rng, smallest):
    train = [ill_conditioned(rng, 60, p, smallest) for p in (10, 12, 70)]
    for alpha, score in itertools.product([0.0, 0.5, 1.0], SCORES):
        metric = LinearMetric(alpha, score_method=score)
        D = pairwise_distances(metric, train, verbose=False)
        for i, j in itertools.combinations(range(3), 2):
            want, _ = distance(metric, train[i], train[j], train[i], train[j])
            assert D[i, j] == pytest.approx(want, rel=1e-7)
            score = metric.fit_score(train[i], train[j])
            assert score == pytest.approx(want, rel=1e-7)


@pytest.mark.parametrize(
    ("smallest", "unit"),
    [(1, 1), (0.1, 1e-60), (0.1, 1e60), (1e-2, 1), (1e-3, 1), (1e-5, 1), (0, 1)],
)
def test_held_out_distances_of_wide_networks_are_those_of_the_svd(rng, smallest, unit):
    """Widths around 48 and held-out samples around 256 and 4 a unit, where routes change."""
    train = [unit * ill_conditioned(rng, 180, p, smallest or 1e-1) for p in (47, 48, 49, 70, 70)]
    if smallest == 0:
        train[3][:, 60:] = 0  # of lower rank
        train[4][:, :30] = train[3][:, :30]
    for n_held_out, alpha in itertools.product((1, 192, 193, 257), (0.5, 1.0)):
        rows = rng.integers(0, 180, n_held_out)
        test = [x[rows] + 0.3 * x[::-1][rows] for x in train]
        for score in SCORES:
            metric = LinearMetric(alpha, score_method=score)
            got = by_route(metric, train, test, 0.0)
            want = by_route(metric, train, test, 1e-300)
            for fast, exact in zip(got[:2], want[:2], strict=True):
                scale = unit if score == "euclidean" and alpha == 1 else 1
                assert_allclose(fast / scale, exact / scale, rtol=1e-7, atol=1e-8)
            if smallest >= 0.1:
                assert got[2][0] == 10
            assert want[2][0] == 0


@pytest.mark.parametrize("smallest", [1.0, 1e-2, 1e-4])
def test_held_out_distances_of_wide_networks_against_the_definition(rng, smallest):
    train = [ill_conditioned(rng, 200, p, smallest) for p in (50, 64, 64)]
    test = [x[::3] for x in train]
    for score in SCORES:
        metric = LinearMetric(score_method=score)
        got = pairwise_distances(metric, train, test, verbose=False)
        for i, j in itertools.combinations(range(3), 2):
            want = distance(metric, train[i], train[j], test[i], test[j])
            assert (got[0][i, j], got[1][i, j]) == pytest.approx(want, rel=1e-7)


def test_small_distances_take_the_residual(rng):
    X = rng.standard_normal((50, 6))
    train = [X, X + 1e-6 * rng.standard_normal((50, 6)), rng.standard_normal((50, 6))]
    _, _, routes = by_route(LinearMetric(), train, [], 0.0)
    assert routes[2] == 1


@pytest.mark.parametrize("metric", SETTINGS[:: len(SCORES)], ids=str)
def test_float32_products(rng, metric):
    """The error that the documentation states: 1e-6 for angles that are not small."""
    train, test = networks(rng, 50, (5, 8, 70, 64))
    double = metric.pairwise_distances(train, test, verbose=False)
    single = metric.pairwise_distances(train, test, verbose=False, dtype=np.float32)
    for got, want in zip(single, double, strict=True):
        assert got.dtype == np.float64
        assert_allclose(got, want, atol=2e-6)
    if metric.alpha > 0:  # else two of the networks fill the samples: no distance
        assert (single[0] != double[0]).any()


def test_float32_leaves_a_small_distance_small(rng):
    X = rng.standard_normal((50, 8))
    Q = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    D = pairwise_distances(LinearMetric(), [X, X @ Q], verbose=False, dtype=np.float32)
    assert 0 < D[0, 1] < 1e-3
    with pytest.raises(ValueError, match="dtype must be float64 or float32"):
        pairwise_distances(LinearMetric(), [X, X], verbose=False, dtype=np.float16)


def test_progress_bar(rng, capfd):
    xs = [rng.standard_normal((9, 3)) for _ in range(3)]
    d_train = pairwise_distances(LinearMetric(), xs)
    out, err = capfd.readouterr()
    assert "Computing distances: 100%" in err
    assert not out
    cross_distances(LinearMetric(), xs, xs)
    assert "Computing distances: 100%" in capfd.readouterr().err
    LinearMetric().pairwise_distances(xs)
    assert "Computing distances: 100%" in capfd.readouterr().err
    assert_array_equal(pairwise_distances(LinearMetric(), xs, verbose=False), d_train)
    assert capfd.readouterr() == ("", "")


def test_n_jobs_and_its_alias(rng):
    xs = [rng.standard_normal((9, 3)) for _ in range(3)]
    want = pairwise_distances(LinearMetric(), xs, verbose=False)
    for jobs in (
        {"n_jobs": 1},
        {"processes": 2},
        {"n_jobs": -1},
        {"n_jobs": np.int64(99)},
    ):
        assert_array_equal(pairwise_distances(LinearMetric(), xs, verbose=False, **jobs), want)
        method, _ = LinearMetric().pairwise_distances(xs, verbose=False, **jobs)
        assert_array_equal(method, want)
        cross = cross_distances(LinearMetric(), xs[:1], xs[1:], verbose=False, **jobs)
        assert_array_equal(cross, want[:1, 1:])
    for call in (
        LinearMetric().pairwise_distances,
        lambda *a, **k: pairwise_distances(LinearMetric(), *a, **k),
    ):
        with pytest.raises(ValueError, match="n_jobs or processes"):
            call(xs, n_jobs=1, processes=1)
        with pytest.raises(ValueError, match="n_jobs must not be 0"):
            call(xs, verbose=False, n_jobs=0)
        with pytest.raises(TypeError, match="n_jobs must be an integer"):
            call(xs, verbose=False, n_jobs=1.5)


GOOD = np.arange(12.0).reshape(6, 2) ** 2


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.where(GOOD == 9, np.nan, GOOD), "Input {} contains NaN"),
        (np.where(GOOD == 9, np.inf, GOOD), "Input {} contains infinity"),
        (GOOD[0], "{} must have 2 dimensions"),
        (GOOD * 1j, "{}: Complex data not supported"),
    ],
)
@pytest.mark.parametrize("name", ["traindata", "testdata", "Xs", "Ys", "Ys_test"])
def test_errors_name_the_array(bad, message, name):
    data = {"traindata": [GOOD] * 4, "testdata": [GOOD] * 4}
    if name not in data:
        data = {key: [GOOD] * 4 for key in ("Xs", "Ys", "Xs_test", "Ys_test")}
    function = pairwise_distances if "traindata" in data else cross_distances
    data[name][2] = bad
    with pytest.raises(ValueError, match=message.format(rf"{name}\[2\]")):
        function(LinearMetric(), **data, verbose=False)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (GOOD[:5], r"{}\[2\] has 5 samples"),
        (np.ones((6, 2)), r"{}\[2\]: .*do not vary"),
        (GOOD * 1e90, r"{}\[2\]: .*too large"),
    ],
)
def test_errors_name_the_network(bad, message):
    metric, good, mixed = LinearMetric(), [GOOD] * 4, [GOOD, GOOD, bad, GOOD]
    with pytest.raises(ValueError, match=message.format("traindata")):
        pairwise_distances(metric, mixed, verbose=False)
    with pytest.raises(ValueError, match=message.format("train_data")):
        metric.pairwise_distances(mixed, verbose=False)
    with pytest.raises(ValueError, match=message.format("Xs")):
        cross_distances(metric, mixed, good, verbose=False)
    with pytest.raises(ValueError, match=message.format("Ys")):
        cross_distances(metric, good, mixed, verbose=False)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (GOOD[:5], r"testdata\[2\] has 5 samples"),
        (GOOD[:, :1], r"traindata\[2\] has 2 features and testdata\[2\] has 1"),
        (GOOD * 0 + GOOD.mean(axis=0), r"testdata\[2\]: .*not vary"),
        (GOOD * 1e90, r"testdata\[2\]: .*too large"),
    ],
)
def test_errors_name_the_network_of_held_out_data(bad, message):
    held_out = [GOOD, GOOD, bad, GOOD]
    with pytest.raises(ValueError, match=message):
        pairwise_distances(LinearMetric(), [GOOD] * 4, held_out, verbose=False)


def test_a_network_needs_features():
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        pairwise_distances(LinearMetric(), [GOOD, GOOD[:, :0]], verbose=False)


@pytest.mark.parametrize("function", [pairwise_distances, cross_distances])
def test_cohorts_have_to_be_lists_of_networks(function):
    cohorts = [[GOOD]] if function is cross_distances else []
    with pytest.raises(ValueError, match="at least one network"):
        function(LinearMetric(), [], *cohorts, verbose=False)
    with pytest.raises(TypeError, match="must be a list of arrays, got str"):
        function(LinearMetric(), "networks", *cohorts, verbose=False)
    with pytest.raises(TypeError, match="must be a list of arrays, got generator"):
        function(LinearMetric(), (x for x in [GOOD]), *cohorts, verbose=False)
    with pytest.raises(ValueError, match=r"'procrustes', .* Found instead metric == 'angular'"):
        function("angular", [GOOD], *cohorts, verbose=False)
    with pytest.raises(TypeError, match=r"pass an instance, LinearMetric\(\), not the class"):
        function(LinearMetric, [GOOD], *cohorts, verbose=False)
    with pytest.raises(TypeError, match=r"metric must be a measure .* got 3"):
        function(3, [GOOD], *cohorts, verbose=False)


def test_a_stacked_array_is_a_list_of_networks(rng):
    stack = rng.standard_normal((3, 9, 4))
    want = pairwise_distances(LinearMetric(), list(stack), verbose=False)
    assert_array_equal(pairwise_distances(LinearMetric(), stack, verbose=False), want)


def test_training_and_held_out_data_have_to_match(rng):
    xs = [rng.standard_normal((9, 3)) for _ in range(3)]
    metric, quiet = LinearMetric(), {"verbose": False}
    with pytest.raises(ValueError, match="3 networks in the training data and 2"):
        pairwise_distances(metric, xs, xs[:2], **quiet)
    with pytest.raises(ValueError, match="Ys_test is missing"):
        cross_distances(metric, xs, xs, xs, **quiet)
    with pytest.raises(ValueError, match="Xs_test is missing"):
        cross_distances(metric, xs, xs, Ys_test=xs, **quiet)
    with pytest.raises(ValueError, match="Xs_test must have one array for each"):
        cross_distances(metric, xs, xs, xs[:2], xs, **quiet)
    with pytest.raises(ValueError, match="Ys_test must have one array for each"):
        cross_distances(metric, xs, xs, xs, xs[:2], **quiet)


def test_the_metric_is_left_unfitted(rng):
    metric = LinearMetric()
    xs = [rng.standard_normal((9, 3)) for _ in range(3)]
    pairwise_distances(metric, xs, verbose=False)
    assert set(vars(metric)) == set(metric.get_params())


def test_read_only_networks_stay_as_they_are(rng):
    xs = [rng.standard_normal((9, 3)), rng.standard_normal((9, 20))]
    before = [x.tobytes() for x in xs]
    for x in xs:
        x.flags.writeable = False
    for alpha in (0.0, 1.0):
        pairwise_distances(LinearMetric(alpha), xs, xs, verbose=False)
    assert [x.tobytes() for x in xs] == before


@pytest.mark.parametrize("metric", [LinearMetric(), PermutationMetric()])
@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_float32_products_refuse_what_leaves_their_range(metric, scale):
    with pytest.raises(ValueError, match=r"traindata\[1\]: .*out of range for float32"):
        pairwise_distances(metric, [GOOD, GOOD * scale], verbose=False, dtype=np.float32)


def test_names_of_two_sets(rng):
    xs = list(rng.standard_normal((3, 8, 2)))
    bad = [*xs[:2], np.full((8, 2), np.nan)]

    def cross(*sets, **options):
        return cross_distances(LinearMetric(), *sets, verbose=False, **options)

    want = cross(xs, xs)
    assert_array_equal(cross(xs, xs, names=(list("abc"), list("déf"))), want)
    assert_array_equal(cross(xs, xs, names=iter([list("abc"), None])), want)
    with pytest.raises(ValueError, match="Input Ys\\['f'\\]"):
        cross(xs, bad, names=(None, list("déf")))
    with pytest.raises(ValueError, match="Input Xs\\['c'\\]"):
        cross(bad, dict(enumerate(xs)), names=(iter("abc"), None))
    with pytest.raises(ValueError, match="Ys has names of its own"):
        cross(xs, dict(enumerate(xs)), names=(None, "abc"))
    for names in ("ab", [list("abc")], [list("abc")] * 3):
        with pytest.raises(ValueError, match="names must be a pair, the names of Xs and"):
            cross(xs, xs, names=names)


def test_a_shuffled_series_finds_its_training_data(rng):
    train, test = rng.standard_normal((2, 3, 8, 2))
    want = pairwise_distances(LinearMetric(), train, test, verbose=False)
    train, test = pd.Series(list(train)), pd.Series(list(test))
    order = [2, 0, 1]
    for data, held_out, places in (
        (train, test.iloc[order], [0, 1, 2]),
        (train.iloc[order], test, order),
        (train.iloc[order], test.iloc[order], order),
        (train, dict(test.iloc[order]), [0, 1, 2]),
        (list(train), test, [0, 1, 2]),
    ):
        got = pairwise_distances(LinearMetric(), data, held_out, verbose=False)
        for D, expected in zip(got, want, strict=True):
            assert_allclose(D, expected[np.ix_(places, places)], atol=1e-12)


def test_names_that_come_twice(rng):
    xs = list(rng.standard_normal((3, 8, 2)))
    series = pd.Series(xs, index=list("aab"))
    with pytest.raises(ValueError, match="names of traindata must differ, got 'a' more than once"):
        pairwise_distances(LinearMetric(), series, series, verbose=False)
    with pytest.raises(ValueError, match="names of Ys_test must differ"):
        cross_distances(LinearMetric(), xs, xs, xs, series, verbose=False)
    with pytest.raises(TypeError, match=r"names must be texts or numbers, got \['a'\]"):
        pairwise_distances(LinearMetric(), xs, names=[["a"], "b", "c"], verbose=False)


@pytest.mark.parametrize("networks", [pd.DataFrame(np.eye(3)), {"a", "b"}, "ab", iter([])])
def test_what_is_no_list_of_networks(networks):
    with pytest.raises(TypeError, match="traindata must be a list of arrays, got"):
        pairwise_distances(LinearMetric(), networks, verbose=False)


def test_data_frames_must_agree_in_the_names_of_samples(rng):
    pandas = pytest.importorskip("pandas")
    names = [f"image {i}" for i in range(12)]
    V1, IT = (pandas.DataFrame(x, index=names) for x in rng.standard_normal((2, 12, 3)))
    plain = {"V1": V1.to_numpy(), "IT": IT}  # one without names goes with any other
    D = pairwise_distances("procrustes", {"V1": V1, "IT": IT}, verbose=False)
    assert_array_equal(D, pairwise_distances("procrustes", plain, verbose=False))
    turned = {"V1": V1, "IT": IT.iloc[::-1]}
    message = r"\['V1'\] and .*\['IT'\] must have the same samples .* got 'image 0' and 'image 11'"
    for call in (
        lambda: pairwise_distances("procrustes", turned, verbose=False),
        lambda: pairwise_distances("procrustes", plain, turned, verbose=False),
        lambda: cross_distances("cka", {"V1": V1}, {"IT": turned["IT"]}, verbose=False),
        lambda: frechet_mean(turned),
        lambda: procrustes_kmeans(turned, 2),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_masked_networks_are_refused():
    masked = np.ma.masked_greater(GOOD, 50)
    with pytest.raises(
        ValueError, match=r"traindata\[1\] must not be masked, got 4 masked entries"
    ):
        pairwise_distances(LinearMetric(), [GOOD, masked], verbose=False)
    with pytest.raises(ValueError, match="X must not be masked"):
        LinearMetric().fit(masked, GOOD)
    unmasked = np.ma.masked_greater(GOOD, 1e9)  # nothing is
    assert pairwise_distances(LinearMetric(), [GOOD, unmasked], verbose=False)[0, 1] < 1e-12


def test_held_out_data_have_to_be_a_list():
    with pytest.raises(TypeError, match="testdata must be a list of arrays, got int"):
        pairwise_distances(LinearMetric(), [GOOD], 3, verbose=False)
    with pytest.raises(TypeError, match="Ys_test must be a list of arrays, got generator"):
        cross_distances(LinearMetric(), [GOOD], [GOOD], [GOOD], (x for x in [GOOD]), verbose=False)
