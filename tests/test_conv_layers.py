"""Convolutional layers against fits at every shift."""

import itertools

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from netrep_go.conv_layers import ConvolutionalMetric, convolve_metric
from netrep_go.metrics import LinearMetric, PermutationMetric, _convolution, as_measure
from netrep_go.multiset import cross_distances, pairwise_distances

METRICS = [
    LinearMetric(),
    LinearMetric(alpha=0.0),
    LinearMetric(alpha=0.4, score_method="euclidean", center_columns=False),
    PermutationMetric(),
    PermutationMetric(score_method="euclidean"),
]


def loop(metric, X, Y):
    """Fit and score at every shift, as netrep does."""
    m, h, w, _ = X.shape
    D = np.empty((h, w))
    for i, j in itertools.product(range(h), range(w)):
        rolled = np.roll(X, (i - h // 2, j - w // 2), axis=(1, 2))
        D[i, j] = metric.fit_score(rolled.reshape(m * h * w, -1), Y.reshape(m * h * w, -1))
    return D


@pytest.mark.filterwarnings("ignore:alpha=0 cannot tell")  # 5 samples for the size (1, 1)
@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("size", [(3, 2), (6, 7), (1, 1), (1, 40)])
def test_equals_fits_at_every_shift(rng, metric, size):
    X = rng.standard_normal((5, *size, 4)) ** 3
    Y = rng.standard_normal((5, *size, 6)) + 2
    D = convolve_metric(metric, X, Y, verbose=False)
    assert D.shape == size
    np.testing.assert_allclose(D, loop(metric, X, Y), rtol=1e-8)


@pytest.mark.parametrize("metric", METRICS, ids=str)
@pytest.mark.parametrize("size", [(4, 3), (8, 5)])
def test_finds_a_shifted_copy(rng, metric, size):
    X = rng.standard_normal((4, *size, 3))
    Y = np.roll(X, (1, -1), axis=(1, 2))[..., [2, 0, 1]]
    D = convolve_metric(metric, X, Y, verbose=False)
    best = np.unravel_index(D.argmin(), D.shape)
    assert best == (size[0] // 2 + 1, size[1] // 2 - 1)
    assert D[best] < 1e-9  # and not the 1e-8 that an arc cosine leaves


def test_products_in_batches(rng, monkeypatch):
    X, Y = rng.standard_normal((2, 3, 7, 6, 4))
    want = convolve_metric(LinearMetric(), X, Y, verbose=False)
    monkeypatch.setattr(_convolution, "_MAX_BYTES", 8 * 16 * 5)
    np.testing.assert_allclose(convolve_metric(LinearMetric(), X, Y, verbose=False), want)


def test_gives_netreps_numbers():
    # netrep 0186b8a, convolve_metric(LinearMetric(alpha=.5), X, Y)
    X, Y = np.random.RandomState(0).randn(2, 3, 2, 3, 4)
    want = [
        [1.1271362449720597, 0.972780866759024, 1.100688701409148],
        [1.1761964251901984, 1.190466815324142, 1.1855647534572116],
    ]
    np.testing.assert_allclose(
        convolve_metric(LinearMetric(alpha=0.5), X, Y, verbose=False), want, atol=1e-9
    )


def test_any_metric_with_fit_and_score(rng):
    class Means:
        def fit(self, X, Y):
            self.offset = X.mean(0) - Y.mean(0)

        def score(self, X, Y):
            return np.linalg.norm(X - Y - self.offset)

    X = rng.standard_normal((3, 4, 5, 2))
    D = convolve_metric(Means(), X, np.roll(X, (-2, 1), axis=(1, 2)), verbose=False)
    assert D[0, 3] < 1e-12
    assert np.sort(D.ravel())[1] > 1


def test_progress_bar(rng, capsys):
    X, Y = rng.standard_normal((2, 3, 2, 2, 2))
    convolve_metric(LinearMetric(), X, Y)
    assert "4/4" in capsys.readouterr().err
    convolve_metric(LinearMetric(), X, Y, verbose=False)
    assert capsys.readouterr() == ("", "")


def test_nothing_is_written_to_the_caller(rng):
    X, Y = rng.standard_normal((2, 3, 6, 6, 2))
    X.flags.writeable = Y.flags.writeable = False
    convolve_metric(LinearMetric(), X, Y, verbose=False)
    ConvolutionalMetric().fit(X, Y).score(X, Y)


@pytest.mark.parametrize("base", [None, PermutationMetric(), LinearMetric(alpha=0.2)])
def test_estimator(rng, base):
    X, Y = rng.standard_normal((20, 5, 4, 3)), rng.standard_normal((20, 5, 4, 5))
    metric = ConvolutionalMetric(base)
    with pytest.raises(NotFittedError):
        metric.score(X, Y)
    D = convolve_metric(base or LinearMetric(), X, Y, verbose=False)
    assert metric.fit_score(X, Y) == pytest.approx(D.min())
    assert D[metric.shift_[0] + 2, metric.shift_[1] + 2] == D.min()
    Xt, Yt = metric.transform(X, Y)
    assert Xt.shape == Yt.shape == (20, 5, 4, 5)
    cosine = np.sum(Xt * Yt) / np.linalg.norm(Xt) / np.linalg.norm(Yt)
    assert np.arccos(cosine) == pytest.approx(D.min())
    copy = clone(metric)
    assert copy.get_params()["max_shift"] is None
    np.testing.assert_allclose(copy.fit_transform(X, Y)[0], Xt)


def test_held_out(rng):
    X = rng.standard_normal((40, 5, 4, 3))
    Q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    Y = np.roll(X, (2, 1), axis=(1, 2)) @ Q
    metric = ConvolutionalMetric().fit(X[:20], Y[:20])
    assert metric.shift_ == (2, 1)
    assert metric.score(X[20:], Y[20:]) < 1e-1
    with pytest.raises(ValueError, match="equal dimensions"):
        metric.score(X[20:], Y)


def test_max_shift(rng):
    X = rng.standard_normal((6, 7, 7, 3))
    Y = np.roll(X, (3, 0), axis=(1, 2))
    D = convolve_metric(LinearMetric(), X, Y, verbose=False)
    assert ConvolutionalMetric(max_shift=3).fit_score(X, Y) < 1e-12
    assert ConvolutionalMetric(max_shift=2).fit_score(X, Y) == pytest.approx(D[1:6, 1:6].min())
    fixed = ConvolutionalMetric(max_shift=0).fit(X, Y)
    assert fixed.shift_ == (0, 0)
    assert fixed.score(X, Y) == pytest.approx(D[3, 3])
    with pytest.raises(ValueError, match="max_shift must be at least 0"):
        ConvolutionalMetric(max_shift=-1).fit(X, Y)


def test_cohorts(rng):
    Xs = [rng.standard_normal((12, 3, 4, c)) for c in (2, 3, 3)]
    test = [rng.standard_normal((6, 3, 4, c)) for c in (2, 3, 3)]
    metric = ConvolutionalMetric(LinearMetric(alpha=0.5))
    D, D_test = pairwise_distances(metric, Xs, test, verbose=False)
    for i, j in itertools.combinations(range(3), 2):
        fitted = clone(metric).fit(Xs[i], Xs[j])
        assert D[i, j] == D[j, i] == pytest.approx(fitted.score(Xs[i], Xs[j]))
        assert D_test[i, j] == D_test[j, i] == pytest.approx(fitted.score(test[i], test[j]))
    np.testing.assert_array_equal(np.diagonal(D), 0)
    cross = cross_distances(metric, Xs[:1], Xs[1:], verbose=False)
    np.testing.assert_allclose(cross, D[:1, 1:])
    both = metric.pairwise_distances(Xs, verbose=False)
    np.testing.assert_array_equal(both[0], D)
    with pytest.raises(ValueError, match="float64 only"):
        pairwise_distances(metric, Xs, dtype=np.float32, verbose=False)
    with pytest.raises(ValueError, match=r"traindata\[0\] and traindata\[1\]: Expected"):
        pairwise_distances(metric, [Xs[0], Xs[1][:5]], verbose=False)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 3)), "X must have 4 dimensions"),
        (np.ones((2, 3, 3, 1)), np.ones((2, 3, 2, 1)), "equal dimensions"),
        (np.full((2, 3, 3, 1), np.nan), np.ones((2, 3, 3, 1)), "NaN"),
        (np.ones((2, 3, 3, 1)), np.ones((2, 3, 3, 1)), "do not vary"),
    ],
)
def test_bad_input(X, Y, message):
    with pytest.raises(ValueError, match=message):
        convolve_metric(LinearMetric(), X, Y, verbose=False)
    with pytest.raises(ValueError, match=message):
        ConvolutionalMetric().fit(X, Y)


def test_zero_padding_can_be_refused(rng):
    X, Y = rng.standard_normal((3, 2, 2, 2)), rng.standard_normal((3, 2, 2, 3))
    with pytest.raises(ValueError, match="equal dimensions"):
        convolve_metric(LinearMetric(zero_pad=False), X, Y, verbose=False)


def test_an_undefined_distance_has_no_best_shift(rng):
    X, Y = rng.standard_normal((2, 4, 3, 3, 2))
    calls = []

    def third_is_nan(X, Y):
        calls.append(1)
        return np.nan if len(calls) == 3 else 1.0

    with pytest.raises(ValueError, match=r"NaN at the shift \(-1, 1\)"):
        ConvolutionalMetric(as_measure(third_is_nan, kind="distance")).fit(X, Y)
