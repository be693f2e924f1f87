"""What netrep returns and raises, from stored values and, where it is there, live."""

import json
from pathlib import Path

import numpy as np
import pytest
from golden.make_netrep import WIDTHS, split
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError

from netrep_go.metrics import LinearMetric
from netrep_go.multiset import cross_distances, pairwise_distances

pytestmark = pytest.mark.filterwarnings("ignore:alpha=0 cannot tell")

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("netrep_linear.json").read_text())
OPTIONS = ["alpha", "center_columns", "score_method"]


def metric_of(case):
    return LinearMetric(**{name: case[name] for name in OPTIONS})


def name_of(case):
    options = [str(case[name]) for name in OPTIONS]
    return "-".join(["x".join(map(str, case.get("shape", ()))), *options])


def assert_same_distance(d, want, score_method):
    """Compare angles by their cosine: netrep's arccos loses half the digits at 0."""
    if score_method == "angular":
        d, want = np.cos(d), np.cos(want)
    assert_allclose(d, want, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", GOLDEN["pairs"], ids=name_of)
def test_pair(case):
    (X, Y), test = split(case["seed"], *case["shape"])
    metric = metric_of(case).fit(X, Y)
    assert_same_distance(metric.score(X, Y), case["train"], case["score_method"])
    if "test" in case:  # the training data have full rank
        assert_same_distance(metric.score(*test), case["test"], case["score_method"])
        assert_allclose(metric.mx_, case["mx"], atol=1e-14)
        assert_allclose(metric.my_, case["my"], atol=1e-14)
        p, q = X.shape[1], Y.shape[1]
        assert_allclose((metric.Wx_ @ metric.Wy_.T)[:p, :q], case["map"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", GOLDEN["partial_fits"], ids=name_of)
def test_partial_fit(case):
    (X,), _ = split(0, 9, 4)
    metric = metric_of(case)
    mx, Xw, Zx = metric.partial_fit(X)
    assert_allclose(mx, case["mx"], atol=1e-14)
    assert_allclose(Xw, case["Xw"], rtol=1e-12, atol=1e-12)
    assert_allclose(Zx, case["Zx"], rtol=1e-12, atol=1e-12)
    assert not hasattr(metric, "mx_")


@pytest.mark.parametrize("case", GOLDEN["cohorts"], ids=name_of)
def test_cohort(case):
    train, test = split(1, 20, *WIDTHS)
    metric = metric_of(case)
    pairwise = metric.pairwise_distances(train, test, verbose=False)
    cross = cross_distances(metric, train[:1], train[1:], test[:1], test[1:], verbose=False)
    for got, want in zip(pairwise + cross, case["pairwise"] + case["cross"], strict=True):
        assert_same_distance(got, want, case["score_method"])


@pytest.mark.parametrize(
    ("options", "distance"),
    [
        ({}, 1.1693668),
        ({"alpha": 0}, 1.0859452),
        ({"alpha": 0.5, "score_method": "euclidean"}, 11.4427707),
    ],
)
def test_independently_noted_values(options, distance):
    rs = np.random.RandomState(0)
    X, Y = rs.randn(20, 5), rs.randn(20, 7)
    assert LinearMetric(**options).fit_score(X, Y) == pytest.approx(distance, abs=1e-7)


def test_constructor_signature():
    assert LinearMetric(0.5, False, False, "euclidean").get_params() == {
        "alpha": 0.5,
        "center_columns": False,
        "zero_pad": False,
        "score_method": "euclidean",
    }
    assert LinearMetric().get_params() == {
        "alpha": 1.0,
        "center_columns": True,
        "zero_pad": True,
        "score_method": "angular",
    }


@pytest.mark.parametrize("alpha", [-0.1, 1.1, np.nan, np.inf])
def test_alpha_is_checked_in_the_constructor_and_after_set_params(rng, alpha):
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\]"):
        LinearMetric(alpha=alpha)
    X = rng.standard_normal((5, 2))
    metric = LinearMetric().set_params(alpha=alpha)
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\]"):
        metric.fit(X, X)
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\]"):
        metric.pairwise_distances([X, X], verbose=False)


def test_score_method_is_checked_in_the_constructor_and_after_set_params(rng):
    message = r"Expected `score_method` parameter to be in \{'angular', 'euclidean'\}"
    with pytest.raises(ValueError, match=message):
        LinearMetric(score_method="cosine")
    X = rng.standard_normal((5, 2))
    with pytest.raises(ValueError, match=message):
        LinearMetric().set_params(score_method="cosine").fit(X, X)
    with pytest.raises(ValueError, match=message):
        LinearMetric().fit(X, X).set_params(score_method="cosine").score(X, X)


NAN = np.array([[1.0, np.nan], [2.0, 3.0]])


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones(4), np.ones((4, 1)), "Expected 2d arrays"),
        (np.ones((4, 1)), np.ones((4, 1, 1)), "Expected 2d arrays"),
        (np.ones((4, 2)), np.ones((5, 2)), "Expected arrays with equal dimensions"),
        (NAN, np.ones((2, 2)), "Input X contains NaN"),
        (np.ones((2, 2)), NAN, "Input Y contains NaN"),
        (np.full((2, 2), np.inf), np.ones((2, 2)), "Input X contains infinity"),
        (np.ones((2, 2)) * 1j, np.ones((2, 2)), "Complex data not supported"),
        (np.ones((0, 2)), np.ones((0, 2)), "minimum of 1 is required"),
    ],
)
def test_fit_refuses(X, Y, message):
    with pytest.raises(ValueError, match=message):
        LinearMetric().fit(X, Y)
    metric = LinearMetric().fit([[0.0, 1.0], [1.0, 3.0]], [[0.0, 1.0], [1.0, 3.0]])
    with pytest.raises(ValueError, match=message):
        metric.score(X, Y)


def test_widths_must_agree_without_zero_padding(rng):
    X, Y = rng.standard_normal((9, 3)), rng.standard_normal((9, 4))
    with pytest.raises(ValueError, match="Expected arrays with equal dimensions"):
        LinearMetric(zero_pad=False).fit(X, Y)
    with pytest.raises(ValueError, match="Expected arrays with equal dimensions"):
        LinearMetric(zero_pad=False).pairwise_distances([X, Y], verbose=False)


def test_transform_needs_a_fit_and_the_width_of_the_fit(rng):
    X = rng.standard_normal((9, 3))
    with pytest.raises(NotFittedError):
        LinearMetric().transform(X, X)
    with pytest.raises(NotFittedError):
        LinearMetric().score(X, X)
    metric = LinearMetric().fit(X, X)
    wide = rng.standard_normal((9, 4))
    # netrep raises IndexError while it formats this very message
    with pytest.raises(ValueError, match="Expected a matrix with 3 columns"):
        metric.transform(wide, wide)
    with pytest.raises(ValueError, match="Expected a matrix with 3 columns"):
        metric.transform(X[:, :2], X[:, :2])


def test_constant_activations_have_no_angle(rng):
    """netrep warns of a division by zero and returns NaN."""
    X, constant = rng.standard_normal((9, 3)), np.ones((9, 3))
    with pytest.raises(ValueError, match="do not vary"):
        LinearMetric().fit_score(X, constant)
    assert LinearMetric(score_method="euclidean").fit_score(constant, constant) == 0


def test_input_types(rng):
    X, Y = rng.integers(-9, 9, (12, 3)), rng.integers(-9, 9, (12, 4))
    want = LinearMetric(0.5).fit_score(X.astype(float), Y.astype(float))
    for convert in (np.ndarray.tolist, np.float32, np.int8, np.asfortranarray):
        metric = LinearMetric(0.5).fit(convert(X), convert(Y))
        assert metric.score(convert(X), convert(Y)) == want
        assert metric.Wx_.dtype == metric.mx_.dtype == np.float64
        assert all(z.dtype == np.float64 for z in metric.transform(X, Y))


def test_return_types(rng):
    X, Y = rng.standard_normal((9, 3)), rng.standard_normal((9, 4))
    for score_method in ("angular", "euclidean"):
        metric = LinearMetric(score_method=score_method)
        assert metric.fit(X, Y) is metric
        assert type(metric.score(X, Y)) is np.float64
        assert type(metric.fit_score(X, Y)) is np.float64
    assert metric.finalize_fit(metric.partial_fit(X), metric.partial_fit(X)) is metric
    assert isinstance(metric.fit_transform(X, Y), tuple)
    assert [z.shape for z in metric.fit_transform(X=X, Y=Y)] == [(9, 4), (9, 4)]


def test_methods_compose(rng):
    X, Y = rng.standard_normal((9, 4)), rng.standard_normal((9, 4))
    metric = LinearMetric(0.3).fit(X, Y)
    tX, tY = metric.transform(X, Y)
    score = metric.score(X, Y)
    cosine = np.sum(tX * tY) / np.linalg.norm(tX) / np.linalg.norm(tY)
    assert np.cos(score) == pytest.approx(cosine, abs=1e-14)
    assert LinearMetric(0.3).fit_score(X, Y) == score
    for a, b in zip(LinearMetric(0.3).fit_transform(X, Y), (tX, tY), strict=True):
        assert_allclose(a, b, atol=1e-14)
    parts = LinearMetric(0.3)
    parts.finalize_fit(parts.partial_fit(X), parts.partial_fit(Y))
    assert parts.score(X, Y) == score


def test_pairwise_method_returns_infinite_test_distances(rng):
    networks = [rng.standard_normal((9, 3)) for _ in range(3)]
    d_train, d_test = LinearMetric().pairwise_distances(networks, verbose=False)
    assert_allclose(d_test, np.where(np.eye(3), 0, np.inf))
    assert d_train.dtype == d_test.dtype == np.float64
    same = LinearMetric().pairwise_distances(networks, None, 1, False)[0]
    assert (same == d_train).all()


def test_pairwise_function_returns_one_matrix_or_two(rng):
    networks = [rng.standard_normal((9, 3)) for _ in range(3)]
    alone = pairwise_distances(LinearMetric(), networks, verbose=False)
    cached = pairwise_distances(LinearMetric(), networks, None, False, enable_caching=True)
    train, test = pairwise_distances(LinearMetric(), networks, testdata=networks, verbose=False)
    assert (cached == alone).all()
    assert_allclose(train, alone, atol=1e-12)
    assert_allclose(test, alone, atol=1e-12)


@pytest.fixture(scope="module")
def netrep():
    reason = "netrep is not on PyPI; its source has to be on PYTHONPATH"
    pytest.importorskip("netrep", reason=reason)
    return pytest.importorskip("netrep.multiset"), pytest.importorskip("netrep.metrics")


@pytest.mark.parametrize("case", GOLDEN["cohorts"], ids=name_of)
def test_live(case, netrep):
    multiset, metrics = netrep
    train, test = split(2, 40, 9, 3, 12, 9)
    options = {name: case[name] for name in OPTIONS}
    want = multiset.pairwise_distances(metrics.LinearMetric(**options), train, test, verbose=False)
    got = pairwise_distances(LinearMetric(**options), train, test, verbose=False)
    assert_same_distance(got, want, case["score_method"])


@pytest.mark.parametrize("bad", [{"alpha": 2}, {"score_method": "cosine"}])
def test_live_constructor_errors(bad, netrep):
    for cls in (LinearMetric, netrep[1].LinearMetric):
        with pytest.raises(ValueError, match=r"alpha|score_method"):
            cls(**bad)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones((4, 2, 1)), np.ones((4, 2)), "Expected 2d arrays"),
        (np.ones((4, 2)), np.ones((5, 2)), "Expected arrays with equal dimensions, "),
        (NAN, NAN, "contains NaN"),
        (np.ones((2, 2)) * 1j, np.ones((2, 2)), "Complex data not supported"),
    ],
)
def test_live_fit_errors(X, Y, message, netrep):
    for cls in (LinearMetric, netrep[1].LinearMetric):
        with pytest.raises(ValueError, match=message):
            cls().fit(X, Y)
