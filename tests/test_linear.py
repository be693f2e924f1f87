"""LinearMetric against distances that are known without it."""

import itertools
import pickle
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from netrep_go.conv_layers import ConvolutionalMetric, convolve_metric
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import cross_distances, pairwise_distances

pytestmark = pytest.mark.filterwarnings("ignore:alpha=0 cannot tell")

SCORES = ["angular", "euclidean"]


def orthogonal(rng, n):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def orthonormal_pair(rng, m, n):
    """Return two m x n matrices whose columns are orthonormal to all others."""
    both = np.linalg.qr(rng.standard_normal((m, 2 * n)))[0]
    return both[:, :n], both[:, n:]


def distances(metric, X, Y):
    """Return the distance from both implementations: of a pair and of a cohort."""
    train, test = metric.pairwise_distances([X, Y], [X, Y], verbose=False)
    alone = pairwise_distances(metric, [X, Y], verbose=False)
    return metric.fit_score(X, Y), alone[0, 1], train[0, 1], test[0, 1]


# n < p, p < n, one feature, two samples, both sides of 64
SHAPES = [(50, 8), (8, 50), (20, 1), (2, 5), (100, 63), (100, 64), (100, 65), (64, 64)]


@pytest.mark.parametrize("score_method", SCORES)
@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_a_rotation_is_no_distance(rng, m, n, score_method):
    X = rng.standard_normal((m, n)) + 3
    Y = X @ orthogonal(rng, n) - 1
    size = 1 if score_method == "angular" else np.linalg.norm(X - X.mean(axis=0))
    for d in distances(LinearMetric(score_method=score_method), X, Y):
        assert d < 3e-14 * size


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_whitening_commutes_with_rotations(rng, m, n, alpha):
    X = rng.standard_normal((m, n)) + 3
    fitted, alone, train, test = distances(LinearMetric(alpha), X, X @ orthogonal(rng, n) - 1)
    assert max(alone, train) < 1e-12
    # whitening multiplies the rounding in directions without variance by 3e3
    assert max(fitted, test) < (1e-12 if m > n else 1e-10)


def test_an_affine_map_is_no_distance_at_alpha_0(rng):
    X = rng.standard_normal((60, 9))
    Y = X @ rng.standard_normal((9, 9)) + rng.standard_normal(9)
    assert max(distances(LinearMetric(alpha=0.0), X, Y)) < 1e-11
    assert min(distances(LinearMetric(alpha=1.0), X, Y)) > 0.1


@pytest.mark.parametrize("t", [1.5, 0.3, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
@pytest.mark.parametrize("m", [60, 130])
def test_a_known_angle(rng, m, t):
    """cos(t) A + sin(t) B is at the angle t to A if A'B = 0 and A'A = B'B = 1."""
    A, B = orthonormal_pair(rng, m, 6)
    Y = (np.cos(t) * A + np.sin(t) * B) @ orthogonal(rng, 6)
    # rounding in Y moves it by 1e-16
    for d in distances(LinearMetric(center_columns=False), A, Y):
        assert d == pytest.approx(t, rel=1e-11, abs=1e-16)
    chord = 2 * np.sqrt(6) * np.sin(t / 2)
    metric = LinearMetric(center_columns=False, score_method="euclidean")
    for d in distances(metric, A, Y):
        assert d == pytest.approx(chord, rel=1e-11, abs=1e-16 * np.sqrt(6))


def test_tiny_distances_are_ordered(rng):
    A, B = orthonormal_pair(rng, 40, 5)
    ts = np.array([1e-12, 2e-12, 1e-11, 1e-10, 1e-9])
    networks = [A, *(np.cos(t) * A + np.sin(t) * B for t in ts)]
    D = pairwise_distances(LinearMetric(center_columns=False), networks, verbose=False)
    assert_allclose(D[0, 1:], ts, rtol=1e-4)


@pytest.mark.parametrize("p", [3, 7])
def test_principal_angles(rng, p):
    """For orthonormal X and Y the cosine is the mean of those of the angles.

    Here they are pi/8 to pi/2 by construction, the last one for padding.
    """
    angles = np.linspace(np.pi / 8, np.pi / 3, p)
    A, B = orthonormal_pair(rng, 40, p)
    X = A @ orthogonal(rng, p)
    Y = (A * np.cos(angles) + B * np.sin(angles)) @ orthogonal(rng, p)
    want = np.arccos(np.mean(np.cos(angles)))
    for alpha in (0.0, 0.5, 1.0):
        for d in distances(LinearMetric(alpha, center_columns=False), X, Y):
            assert d == pytest.approx(want, abs=1e-13)
    want = np.arccos(np.sum(np.cos(angles[:-1])) / np.sqrt(p * (p - 1)))
    narrow = (A * np.cos(angles) + B * np.sin(angles))[:, :-1]
    for d in distances(LinearMetric(center_columns=False), X, narrow):
        assert d == pytest.approx(want, abs=1e-13)


def test_orthogonal_activations_are_a_right_angle_apart(rng):
    A, B = orthonormal_pair(rng, 30, 4)
    for d in distances(LinearMetric(center_columns=False), A, B):
        assert d == pytest.approx(np.pi / 2, abs=1e-15)
    euclidean = LinearMetric(center_columns=False, score_method="euclidean")
    for d in distances(euclidean, A, 2 * B):
        assert d == pytest.approx(np.sqrt(4 + 16), abs=1e-14)


def test_one_feature_each_is_a_correlation(rng):
    x, y = rng.standard_normal((2, 50))
    want = np.arccos(abs(np.corrcoef(x, y)[0, 1]))
    for alpha in (0.0, 0.7, 1.0):
        for d in distances(LinearMetric(alpha), x[:, None], y[:, None]):
            assert d == pytest.approx(want, abs=1e-14)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_dead_and_padded_units_change_nothing(rng, alpha):
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 6))
    dead = np.column_stack([X[:, :2], np.full(30, 0.1), X[:, 2:], np.zeros(30)])
    metric = LinearMetric(alpha)
    for got, want in zip(distances(metric, dead, Y), distances(metric, X, Y), strict=True):
        assert got == pytest.approx(want, abs=1e-13)


def test_repeated_units_are_one_unit_of_twice_the_variance(rng):
    X, Y = rng.standard_normal((30, 3)), rng.standard_normal((30, 5))
    twice = np.column_stack([X, X])
    for got in distances(LinearMetric(), twice, Y):
        assert got == pytest.approx(LinearMetric().fit_score(X, Y), abs=1e-13)


def test_alpha_0_depends_on_the_spanned_space_alone(rng):
    """A rank-deficient mixture of its units spans what the network spans."""
    X, Y = rng.standard_normal((30, 3)), rng.standard_normal((30, 5))
    mixture = X @ rng.standard_normal((3, 12))
    want = LinearMetric(0.0).fit_score(X, Y)
    for got in distances(LinearMetric(0.0), mixture, Y):
        assert got == pytest.approx(want, abs=1e-10)


def test_full_whitening_of_more_features_than_samples_sees_no_difference(rng):
    X, Y = rng.standard_normal((10, 20)), rng.standard_normal((10, 30))
    assert max(distances(LinearMetric(0.0), X, Y)) < 1e-9


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(1, 2), (1, 1), (9, 4), (3, 8)])
def test_activations_that_do_not_vary_have_no_angle(alpha, shape):
    X, Y = np.ones(shape), np.full(shape, 0.1)
    with pytest.raises(ValueError, match="do not vary"):
        LinearMetric(alpha).fit_score(X, Y)
    with pytest.raises(ValueError, match=r"traindata\[0\]: .*do not vary"):
        pairwise_distances(LinearMetric(alpha), [X, Y], verbose=False)
    metric = LinearMetric(alpha, score_method="euclidean")
    assert metric.fit_score(X, Y) == 0
    assert pairwise_distances(metric, [X, Y], verbose=False)[0, 1] == 0


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_a_silent_network_is_its_norm_away(rng, alpha):
    X = rng.standard_normal((9, 4))
    metric = LinearMetric(alpha, score_method="euclidean")
    # Padding takes part in the variance that whitening preserves, as in netrep.
    wide = [np.ones((9, 12))] if alpha == 1 else []
    for silent in (np.zeros((9, 4)), np.ones((9, 4)), *wide):
        for d in distances(metric, X, silent):
            assert d == pytest.approx(np.linalg.norm(X - X.mean(axis=0)))


def test_one_sample_without_centering_is_a_vector():
    """Rotations bring any two vectors onto each other."""
    X, Y = np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]])
    assert max(distances(LinearMetric(center_columns=False), X, Y)) < 1e-15
    euclidean = LinearMetric(center_columns=False, score_method="euclidean")
    assert_allclose(distances(euclidean, X, Y), 4, rtol=1e-15)


@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e-20, 1e20, 1e70])
@pytest.mark.parametrize("score_method", SCORES)
def test_scale_of_the_data(rng, scale, score_method):
    X, Y = rng.standard_normal((30, 5)), rng.standard_normal((30, 6))
    metric = LinearMetric(score_method=score_method)
    unit = 1 if score_method == "angular" else scale
    want = metric.fit_score(X, Y)
    for d in distances(metric, X * scale, Y * scale):
        assert d / unit == pytest.approx(want, rel=1e-13)
    for d in distances(metric, X * scale, X @ orthogonal(rng, 5) * scale):
        assert d / unit < 1e-13


@pytest.mark.parametrize("scale", [1e-81, 1e-80, 1e-79])
def test_scale_whose_fourth_power_underflows(rng, scale):
    X, Y = rng.standard_normal((30, 5)), rng.standard_normal((30, 6))
    want = LinearMetric().fit_score(X, Y)
    for d in distances(LinearMetric(), X * scale, Y * scale):
        assert d == pytest.approx(want, rel=1e-13)


@pytest.mark.parametrize("scale", [1e80, 1e150])
def test_scale_whose_fourth_power_overflows(rng, scale):
    X = rng.standard_normal((30, 5)) * scale
    with pytest.raises(ValueError, match="too large for float64 products; rescale"):
        pairwise_distances(LinearMetric(), [X, X], verbose=False)
    with pytest.raises(ValueError, match="too large for float64 products; rescale"):
        LinearMetric().fit_score(X, X)


def test_whitening_of_large_activations(rng):
    X, Y = rng.standard_normal((200, 20)), rng.standard_normal((200, 25))
    metric = LinearMetric(0.0)
    for scale in (1e3, 1e6, 1e9):
        d = pairwise_distances(metric, [X * scale, Y * scale], verbose=False)[0, 1]
        assert metric.fit_score(X * scale, Y * scale) == pytest.approx(d, rel=1e-12)
        assert metric.rank_ == 20


def test_maps_bring_the_data_to_the_common_space(rng):
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 6))
    metric = LinearMetric(0.4).fit(X, Y)
    tX, tY = metric.transform(X, Y)
    C = tX.T @ tY
    assert_allclose(C, np.diag(np.diag(C)), atol=1e-12)
    assert (np.diag(C) > -1e-12).all()
    assert (np.diff(np.diag(C)) <= 1e-12).all()
    assert metric.rank_ == 4
    assert_allclose(tX.mean(axis=0), 0, atol=1e-14)
    assert np.linalg.norm(tY) == pytest.approx(np.linalg.norm(Y - Y.mean(axis=0)))
    unshifted = LinearMetric(0.4, center_columns=False).fit(X, Y)
    assert not unshifted.mx_.any()
    assert not unshifted.my_.any()


def test_the_training_mean_is_subtracted_from_held_out_data(rng):
    X = rng.standard_normal((30, 4))
    metric = LinearMetric(score_method="euclidean").fit(X, X + 1)
    assert metric.score(X[:5], X[:5] + 1) < 1e-13
    assert metric.score(X[:5], X[:5]) == pytest.approx(np.sqrt(5 * 4), rel=1e-13)


def test_what_training_does_not_span_adds_norm_but_no_inner_product(rng):
    """Two samples span one direction; the held-out ones lie across it, in part."""
    X = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    along, across = 3.0, 4.0
    held_out = np.array([[along, across, 0.0]])
    want = {"angular": np.arccos(9 / 25), "euclidean": np.sqrt(2) * across}
    for score_method in SCORES:
        metric = LinearMetric(score_method=score_method)
        _, test = metric.pairwise_distances([X, X], [held_out] * 2, verbose=False)
        assert test[0, 1] == pytest.approx(want[score_method], rel=1e-14)
        score = metric.fit(X, X).score(held_out, held_out)
        assert score == pytest.approx(want[score_method], rel=1e-14)
        assert metric.rank_ == 1


def test_held_out_directions_that_are_null_in_training(rng):
    """Units that are copies of each other in training, but not in held-out data."""
    X, Y = rng.standard_normal((2, 30, 5))
    X[:, 1] = X[:, 0]
    X_test, Y_test = rng.standard_normal((2, 15, 5))
    for alpha, score_method in itertools.product([0.0, 0.5, 1.0], SCORES):
        metric = LinearMetric(alpha, score_method=score_method)
        _, test = metric.pairwise_distances([X, Y], [X_test, Y_test], verbose=False)
        score = metric.fit(X, Y).score(X_test, Y_test)
        assert test[0, 1] == pytest.approx(score, rel=1e-9)
        assert metric.rank_ == 4


def test_opposite_held_out_data_are_half_a_turn_apart(rng):
    metric = LinearMetric(center_columns=False)
    for n in range(2, 9):
        X, X_test = rng.standard_normal((30, n)), rng.standard_normal((10, n))
        score = metric.fit(X, X).score(X_test, -X_test)
        _, test = pairwise_distances(metric, [X, X], [X_test, -X_test], verbose=False)
        assert score == pytest.approx(np.pi, abs=1e-14)
        assert test[0, 1] == pytest.approx(np.pi, abs=1e-14)


def test_inputs_are_left_alone(rng):
    X, Y = rng.standard_normal((9, 3)), rng.standard_normal((9, 4))
    X.flags.writeable = Y.flags.writeable = False
    x, y = X.tobytes(), Y.tobytes()
    distances(LinearMetric(0.3), X, Y)
    assert (X.tobytes(), Y.tobytes()) == (x, y)


def test_pickle_and_clone(rng):
    X, Y = rng.standard_normal((9, 3)), rng.standard_normal((9, 4))
    metric = LinearMetric(0.3, score_method="euclidean").fit(X, Y)
    copy = pickle.loads(pickle.dumps(metric))
    assert copy.score(X, Y) == metric.score(X, Y)
    assert copy.rank_ == metric.rank_
    assert not hasattr(clone(metric), "Wx_")
    assert clone(metric).get_params() == metric.get_params()


def test_a_fit_is_repeatable_and_replaces_the_last(rng):
    X, Y, Z = rng.standard_normal((3, 20, 6))
    metric = LinearMetric(0.3).fit(X, Z).fit(X, Y)
    assert (metric.Wx_ == LinearMetric(0.3).fit(X, Y).Wx_).all()
    assert metric.n_features_in_ == 6


def test_a_failed_fit_leaves_the_last_one_whole(rng):
    X, Y = rng.standard_normal((2, 20, 6))
    metric = LinearMetric().fit(X, Y)
    score = metric.score(X, Y)
    caches = metric.partial_fit(X + 1), metric.partial_fit(Y[:, :4])
    with pytest.raises(ValueError, match="Expected arrays with equal dimensions"):
        metric.finalize_fit(*caches)
    assert metric.score(X, Y) == score


def test_caches_may_be_of_any_layout(rng):
    X, Y = rng.standard_normal((2, 20, 6))
    metric = LinearMetric(0.3)
    caches = [metric.partial_fit(x) for x in (X, Y)]
    want = metric.finalize_fit(*caches).Wx_
    caches = [tuple(np.asfortranarray(part) for part in cache) for cache in caches]
    assert (metric.finalize_fit(*caches).Wx_ == want).all()


def test_data_frames_leave_their_column_names(rng):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(rng.standard_normal((9, 2)), columns=["left", "right"])
    metric = LinearMetric().fit(X, X.to_numpy())
    assert list(metric.feature_names_in_) == ["left", "right"]
    assert metric.score(X, X) < 1e-14


@pytest.mark.filterwarnings("error:alpha=0 cannot tell")
class TestNoDistanceLeft:
    """At alpha = 0 a linear map takes all networks of full rank onto each other."""

    MESSAGE = "alpha=0 cannot tell {} and {} apart: both have all {} dimensions"

    @pytest.mark.parametrize(
        "shapes", [((20, 30), (20, 25)), ((31, 30), (31, 30)), ((5, 4), (5, 9))]
    )
    def test_warns_once_a_call(self, rng, shapes):
        X, Y = (rng.standard_normal(shape) for shape in shapes)
        metric, most = LinearMetric(alpha=0), len(X) - 1
        for call, names in (
            (lambda: metric.fit(X, Y), "XY"),
            (lambda: metric.fit_score(X, Y), "XY"),
            (lambda: metric.pairwise_distances([X, Y, X, Y], verbose=False), "train_data"),
            (lambda: pairwise_distances(metric, [X, Y, X], verbose=False), "traindata"),
            (lambda: cross_distances(metric, [X, X], [Y, X], verbose=False), None),
        ):
            first, second = ("X", "Y") if names == "XY" else (f"{names}[0]", f"{names}[1]")
            if names is None:
                first, second = "Xs[0]", "Ys[0]"
            message = self.MESSAGE.format(first, second, most)
            with pytest.warns(UserWarning, match=re.escape(message)) as caught:
                call()
            assert len(caught) == 1
            assert caught[0].filename == __file__
        assert metric.score(X, Y) < 1e-9

    def test_says_nothing_where_a_distance_is_left(self, rng):
        wide, other = rng.standard_normal((2, 20, 30))
        narrow = rng.standard_normal((20, 18))
        low = rng.standard_normal((20, 5)) @ rng.standard_normal((5, 30))
        for X, Y in ((wide, narrow), (narrow, narrow + 1), (low, wide), (low, low)):
            LinearMetric(alpha=0).fit_score(X, Y)
            pairwise_distances(LinearMetric(alpha=0), [X, Y], verbose=False)
        LinearMetric(alpha=0.01).fit_score(wide, other)
        pairwise_distances(LinearMetric(alpha=0.01), [wide, other], verbose=False)
        cross_distances(LinearMetric(alpha=0), [wide, other], [narrow, low], verbose=False)
        LinearMetric(alpha=0, center_columns=False).fit_score(wide[:, :19], other[:, :19])

    def test_without_centering_there_is_one_dimension_more(self, rng):
        X, Y = rng.standard_normal((2, 6, 6))
        metric = LinearMetric(alpha=0, center_columns=False)
        with pytest.warns(UserWarning, match="all 6 dimensions"):
            metric.fit(X, Y)
        with pytest.warns(UserWarning, match="all 6 dimensions"):
            metric.pairwise_distances([X, Y], verbose=False)

    def test_convolutions_warn_once_for_all_shifts_and_pairs(self, rng):
        layers = rng.standard_normal((3, 2, 2, 2, 9))  # 8 samples of 9 channels
        metric = ConvolutionalMetric(LinearMetric(alpha=0))
        for call in (
            lambda: metric.fit(*layers[:2]),
            lambda: metric.pairwise_distances(layers, verbose=False),
            lambda: convolve_metric(LinearMetric(alpha=0), *layers[:2], verbose=False),
        ):
            with pytest.warns(UserWarning, match="alpha=0 cannot tell X and Y apart") as caught:
                call()
            assert len(caught) == 1
            assert caught[0].filename == __file__
