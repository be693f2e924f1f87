"""Measures of kernels and distances: golden values, definitions, what is undefined, batches."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.exceptions import NotFittedError

from netrep_go.metrics import (
    CorrectedCKA,
    DistanceCorrelation,
    KernelCKA,
    LinearCKA,
    MinibatchCKA,
    RSMNormDifference,
    get_measure,
)
from netrep_go.multiset import cross_distances, pairwise_distances


def case(n, p, q):
    return np.random.RandomState(0).randn(n, p), np.random.RandomState(1).randn(n, q)


A, B = case(20, 5, 7), case(200, 50, 50)

# Aristotelian adds some 1e-8 to what it divides by, platonic-rep 1e-6.
GOLDEN = [
    ("cka", {}, 0.268178057700, 0.202020082311, 1e-12),
    ("rv", {}, 0.268178057700, 0.202020082311, 1e-12),
    ("CKA", {}, 0.268178057700, 0.202020082311, 1e-12),
    ("cka_unbiased", {}, 0.018995770239, 0.000516350274, 1e-12),
    ("unbiased_cka", {}, 0.018995770239, 0.000516350274, 1e-12),
    ("cka_diagonal_free", {}, 0.039145591898, 0.001790478335, 1e-12),
    ("cka_rbf", {}, 0.363146810687, 0.30159255586, 5e-9),
    ("cka_rbf", {"sigma": 1}, 0.860361, None, 5e-7),
    ("cka_rbf_unbiased", {"sigma": 1}, 0.020277, None, 5e-6),
    ("cka_corrected", {}, None, None, 0),
    ("distance_correlation", {}, 0.72811391946, 0.707355424594, 1e-11),
    ("DistanceCorrelation", {}, 0.72811391946, 0.707355424594, 1e-11),
    ("distance_correlation_unbiased", {}, -0.0137565536275, 0.0015902443058, 1e-12),
    ("rsm_norm_difference", {}, 25.3325, 267.2524, 5e-5),
    ("RSMNormDifference", {}, 16.2855502862, 139.122264345, 1e-9),
]


@pytest.mark.parametrize(("name", "params", "a", "b", "tol"), GOLDEN)
def test_golden_values(name, params, a, b, tol):
    measure = get_measure(name, **params)
    for (X, Y), value in ((A, a), (B, b)):
        if value is None:
            with pytest.warns(
                UserWarning, match="the value is NaN: X: (too few|sigma is so small)"
            ):
                assert np.isnan(measure.fit_score(X, Y))
        else:
            assert measure.fit_score(X, Y) == pytest.approx(value, abs=tol)


def without_diagonal(K):
    return K - np.diag(np.diag(K))


def hsic(K, L, estimator):
    """HSIC as defined by Song et al. (2012), or of centered matrices, up to a factor."""
    n = len(K)
    if estimator != "unbiased":
        H = np.eye(n) - 1 / n
        K, L = H @ K @ H, H @ L @ H
        return np.sum(K * (L if estimator == "biased" else without_diagonal(L)))
    K, L, one = without_diagonal(K), without_diagonal(L), np.ones(n)
    return (
        np.trace(K @ L)
        + (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
        - 2 * one @ K @ L @ one / (n - 2)
    )


def cka(K, L, estimator):
    return hsic(K, L, estimator) / np.sqrt(hsic(K, K, estimator) * hsic(L, L, estimator))


def gaussian(x, sigma):
    d2 = cdist(x, x, "sqeuclidean")
    variance = np.sort(d2.ravel())[(d2.size - 1) // 2] if sigma == "median" else sigma**2
    return np.exp(-d2 / (2 * variance))


def corrected(x, y, estimator):
    """Sum over pairs of different neurons, one by one."""

    def self_term(x):
        neurons, q = [np.outer(v, v) for v in x.T], x.shape[1]
        pairs = [(K, L) for i, K in enumerate(neurons) for j, L in enumerate(neurons) if i != j]
        return sum(hsic(K, L, estimator) for K, L in pairs) * q / (q - 1)

    return hsic(x @ x.T, y @ y.T, estimator) / np.sqrt(self_term(x) * self_term(y))


def distance_correlation(x, y, estimator):
    value = cka(cdist(x, x), cdist(y, y), estimator)
    return np.sqrt(value) if estimator == "biased" else value


def norm_of_difference(x, y, norm):
    return np.linalg.norm(cdist(x, x) - cdist(y, y), {"frobenius": "fro", "spectral": 2}[norm])


ESTIMATORS = ("biased", "unbiased", "diagonal_free")

DEFINITIONS = [
    *(
        (KernelCKA("linear", estimator), lambda x, y, e=estimator: cka(x @ x.T, y @ y.T, e))
        for estimator in ESTIMATORS
    ),
    *(
        (
            KernelCKA(estimator=estimator, sigma=sigma),
            lambda x, y, e=estimator, s=sigma: cka(gaussian(x, s), gaussian(y, s), e),
        )
        for estimator in ESTIMATORS
        for sigma in ("median", 1.5, 4)
    ),
    *(
        (DistanceCorrelation(estimator), lambda x, y, e=estimator: distance_correlation(x, y, e))
        for estimator in ("biased", "unbiased")
    ),
    *(
        (RSMNormDifference(norm), lambda x, y, n=norm: norm_of_difference(x, y, n))
        for norm in ("frobenius", "spectral")
    ),
    (CorrectedCKA(), lambda x, y: corrected(x, y, "unbiased")),
    (CorrectedCKA(stimuli=False), lambda x, y: corrected(x, y, "biased")),
]

every_measure = pytest.mark.parametrize(
    ("measure", "definition"), DEFINITIONS, ids=[str(measure) for measure, _ in DEFINITIONS]
)


def networks(n, widths=(3, 4, 2, 30, 4), seed=0):
    """Draw networks of which neurons have something in common, around other means."""
    rng = np.random.default_rng(seed)
    return [
        rng.standard_normal((n, 1)) + 0.3 * rng.standard_normal((n, p)) + rng.standard_normal(p)
        for p in widths
    ]


@every_measure
@pytest.mark.parametrize("n", [5, 6, 13, 14, 60])
def test_all_pairs_follow_the_definition(measure, definition, n):
    xs = networks(n)
    found = pairwise_distances(measure, xs, verbose=False, n_jobs=1)
    assert_allclose(found, [[definition(x, y) for y in xs] for x in xs], rtol=1e-9, atol=1e-11)
    assert_array_equal(found, found.T)
    for i, j in ((0, 1), (2, 3), (4, 4)):
        assert measure.fit_score(xs[i], xs[j]) == found[i, j]
    assert_array_equal(pairwise_distances(measure, xs, verbose=False, n_jobs=2), found)
    across = cross_distances(measure, xs[:2], xs[2:], verbose=False)
    assert_array_equal(across, found[:2, 2:])


@every_measure
def test_held_out_data_are_compared_by_themselves(measure, definition):
    train, test = networks(15, (3, 4)), networks(9, (3, 4), seed=1)
    for found, (x, y) in zip(
        pairwise_distances(measure, train, test, verbose=False), (train, test), strict=True
    ):
        assert found[0, 1] == pytest.approx(definition(x, y), rel=1e-10)


@every_measure
def test_types_and_layouts(measure, definition):
    x, y = (np.round(2 * x).astype(np.int16) for x in networks(12, (3, 4)))
    want = definition(x.astype(float), y.astype(float))
    assert measure.fit_score(x, y) == pytest.approx(want, rel=1e-10)
    assert measure.fit_score(x.astype(np.float32), np.asfortranarray(y)) == pytest.approx(
        want, rel=1e-10
    )
    assert measure.fit_score(x.tolist(), y[:, ::-1]) == pytest.approx(want, rel=1e-10)


@every_measure
def test_ties_duplicates_and_dead_neurons(measure, definition):
    rng = np.random.default_rng(0)
    x, y = networks(14, (3, 4))
    x[3:6], y[5:9] = x[2], y[1]
    x[:, 1] = np.round(x[:, 0])
    y = np.hstack([y, np.full((14, 1), 0.1)])
    want = definition(x, y)
    assert measure.fit_score(x, y) == pytest.approx(want, rel=1e-9)
    for _ in range(3):
        order = rng.permutation(14)
        assert measure.fit_score(x[order], y[order]) == pytest.approx(want, rel=1e-9)


@every_measure
def test_large_means_cost_digits_of_the_data_alone(measure, definition):
    x, y = (np.round(64 * x) / 64 for x in networks(12, (3, 4)))  # so that sums are exact
    want = definition(x, y)
    assert measure.fit_score(x + 2.0**25, y - 2.0**30) == pytest.approx(want, rel=1e-7)


@pytest.mark.parametrize("far", [1e8, 1e12])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_sample_far_off_costs_the_others_no_digits(estimator, far):
    x, y = networks(12, (3, 4))
    x[3] += far
    want = cka(gaussian(x, "median"), gaussian(y, "median"), estimator)
    assert KernelCKA(estimator=estimator).fit_score(x, y) == pytest.approx(want, rel=1e-9)
    want = cka(gaussian(x, 1.5), gaussian(y, 1.5), estimator)
    assert KernelCKA(estimator=estimator, sigma=1.5).fit_score(x, y) == pytest.approx(
        want, rel=1e-9
    )


def test_a_sample_far_off_in_corrected_cka():
    x, y = (np.round(32 * x) for x in networks(12, (4, 5)))
    x[3] += 2.0**22
    X, Y = (a.astype(int).astype(object) for a in (x, y))

    def exact(K, L):
        n, (K, L) = len(K), (without_diagonal(K), without_diagonal(L))
        return (
            np.sum(K * L)
            + Fraction(K.sum() * L.sum(), (n - 1) * (n - 2))
            - Fraction(2 * K.sum(axis=0) @ L.sum(axis=0), n - 2)
        )

    def self_term(X):
        q, K = X.shape[1], X @ X.T
        return float((exact(K, K) - sum(exact(k, k) for k in neurons(X))) * q / (q - 1))

    def neurons(X):
        return [np.outer(v, v) for v in X.T]

    want = float(exact(X @ X.T, Y @ Y.T)) / np.sqrt(self_term(X) * self_term(Y))
    assert CorrectedCKA().fit_score(x, y) == pytest.approx(want, rel=1e-8)
    x[3] *= 1e8
    with pytest.warns(UserWarning, match="X: all pairs of samples are equally similar"):
        assert np.isnan(CorrectedCKA().fit_score(x, y))


@pytest.mark.parametrize("scale", [1e-150, 1e-140, 1e-80, 1e80, 1e143])
@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_width_in_the_units_of_the_data(kernel, estimator, scale):
    x, y = networks(12, (3, 4))
    want = KernelCKA(kernel, estimator, 1.5).fit_score(x, y)
    measure = KernelCKA(kernel, estimator, 1.5 * scale)
    assert measure.fit_score(scale * x, scale * y) == pytest.approx(want, rel=1e-9)


def test_networks_of_different_units():
    x, y = networks(12, (3, 4))
    for scale in (1e-150, 1e140):
        got = RSMNormDifference().fit_score(scale * x, y)
        size = max(np.linalg.norm(cdist(x, x)) * scale, np.linalg.norm(cdist(y, y)))
        assert got == pytest.approx(size, rel=1e-12)
        for measure in (KernelCKA(), DistanceCorrelation(), CorrectedCKA()):
            assert measure.fit_score(scale * x, y) == pytest.approx(measure.fit_score(x, y))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_wide_gaussian_is_linear(estimator):
    x, y = networks(30, (3, 4))
    want = KernelCKA("linear", estimator).fit_score(x, y)
    for sigma in (1e5, 1e9, 1e60, 1e150):
        assert KernelCKA("rbf", estimator, sigma).fit_score(x, y) == pytest.approx(want, abs=1e-8)


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_the_linear_kernel_is_linear_cka(estimator):
    x, y = networks(30, (3, 40))
    for score in ("cosine", "angular"):
        want = LinearCKA(score_method=score, estimator=estimator).fit_score(x, y)
        got = KernelCKA("linear", estimator, score_method=score).fit_score(x, y)
        assert got == pytest.approx(want, rel=1e-11)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_small_angles(kernel, estimator):
    (x,), noise = networks(30, (4,)), np.random.default_rng(1).standard_normal((30, 4))
    angular = KernelCKA(kernel, estimator, 2.0, score_method="angular")
    assert angular.fit_score(x, x.copy()) == 0
    per_unit = [angular.fit_score(x, x + size * noise) / size for size in (1e-4, 1e-6, 1e-9)]
    assert_allclose(per_unit, per_unit[0], rtol=1e-3)
    cosine = KernelCKA(kernel, estimator, 2.0).fit_score(x, noise)
    assert np.cos(angular.fit_score(x, noise)) == pytest.approx(cosine, abs=1e-14)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    "measure",
    [
        KernelCKA("linear", "unbiased"),
        KernelCKA(estimator="unbiased"),
        DistanceCorrelation("unbiased"),
        CorrectedCKA(),
    ],
    ids=str,
)
def test_unbiased_estimates_need_four_samples(measure, n):
    with pytest.raises(ValueError, match=rf"unbiased estimator needs at least 4 samples, got {n}"):
        measure.fit_score(*networks(n, (2, 3)))
    assert np.isfinite(measure.fit_score(*networks(4, (20, 30), seed=1)))


def test_few_samples():
    for n in (2, 3):
        x, y = networks(n, (1, 3))
        assert RSMNormDifference().fit_score(x, y) == pytest.approx(
            norm_of_difference(x, y, "frobenius")
        )
        assert DistanceCorrelation().fit_score(x, y) == pytest.approx(
            distance_correlation(x, y, "biased")
        )
        for estimator in ("biased", "diagonal_free"):
            assert KernelCKA("linear", estimator).fit_score(x, y) == pytest.approx(
                cka(x @ x.T, y @ y.T, estimator)
            )
        assert KernelCKA(sigma=1).fit_score(x, y) == pytest.approx(
            cka(gaussian(x, 1), gaussian(y, 1), "biased")
        )
    for norm in ("frobenius", "spectral"):
        assert RSMNormDifference(norm).fit_score(*networks(1, (1, 3))) == 0


ONES = np.ones((8, 3)) / 3
ONE_HOT = np.eye(8) * 3
TWO_PLACES = np.repeat([[0.0], [1.0]], [6, 2], axis=0)

UNDEFINED = [
    *(
        (measure, constant, "Y: the activations do not vary")
        for measure in (
            KernelCKA(),
            KernelCKA("linear", "diagonal_free"),
            KernelCKA(sigma=1),
            DistanceCorrelation(),
            DistanceCorrelation("unbiased"),
        )
        for constant in (ONES, 0 * ONES, 1e140 * ONES)
    ),
    (KernelCKA(), networks(1, (3,))[0], "Y: the activations do not vary"),
    (KernelCKA(), networks(2, (3,))[0], "most samples are the same"),
    (KernelCKA(), TWO_PLACES, "Y: most samples are the same, so that the median gives no sigma"),
    (KernelCKA(sigma=0.1), ONE_HOT, "Y: sigma is so small that no two samples are similar"),
    (KernelCKA(sigma=1e-300), ONE_HOT, "Y: sigma is so small"),
    (KernelCKA(sigma=1e-300), 1e140 * ONE_HOT, "Y: sigma is so small"),
    (KernelCKA(estimator="unbiased", sigma=0.1), ONE_HOT, "Y: sigma is so small"),
    (KernelCKA(sigma=1e300), ONE_HOT, "Y: sigma is so large that all samples are the same"),
    *(
        (measure, ONE_HOT, "Y: all pairs of samples are equally similar")
        for measure in (
            KernelCKA("linear", "unbiased"),
            KernelCKA(estimator="unbiased"),
            DistanceCorrelation("unbiased"),
        )
    ),
    (CorrectedCKA(), np.arange(8.0)[:, np.newaxis], "Y: one neuron cannot be corrected"),
    (CorrectedCKA(), ONES, "Y: all pairs of samples are equally similar"),
    (CorrectedCKA(stimuli=False), ONES, "Y: all pairs of samples are equally similar"),
    (CorrectedCKA(stimuli=False), np.vstack([np.eye(4), -np.eye(4)]), "Y: too few neurons"),
]


@pytest.mark.parametrize(("measure", "y", "reason"), UNDEFINED)
def test_undefined_values_say_why(measure, y, reason):
    x = networks(len(y), (30,))[0]
    with pytest.warns(UserWarning, match=reason.replace("Y", "[XY]")):
        assert np.isnan(measure.fit_score(x, y))


def test_one_hot_responses_are_a_simplex():
    x = networks(8, (3,))[0]
    K = x @ x.T
    want = cka(K, np.eye(8), "biased")
    assert KernelCKA("linear").fit_score(x, ONE_HOT) == pytest.approx(want, rel=1e-12)
    want = cka(gaussian(x, "median"), np.eye(8), "biased")
    assert KernelCKA().fit_score(x, ONE_HOT) == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    ("sigma", "error"),
    [
        *((value, ValueError) for value in (0, -1.0, np.inf, np.nan, "mean")),
        (None, TypeError),
        ([1], TypeError),
    ],
)
def test_widths_are_checked(sigma, error):
    with pytest.raises(error, match="sigma must be"):
        KernelCKA(sigma=sigma)


def test_neurons_that_were_sampled_do_not_matter_on_average():
    rng = np.random.default_rng(0)
    latents, n = rng.standard_normal((40, 4)), 400
    X, Y = (latents @ rng.standard_normal((4, n)) + rng.standard_normal((40, n)) for _ in range(2))
    want, plain, biased = get_measure("cka").fit_score(X, Y), [], []
    measure = CorrectedCKA(stimuli=False)
    for _ in range(50):
        some = X[:, rng.choice(n, 20)], Y[:, rng.choice(n, 20)]
        plain.append(measure.fit_score(*some))
        biased.append(get_measure("cka").fit_score(*some))
    assert np.mean(plain) == pytest.approx(want, abs=0.03)
    assert np.mean(biased) < want - 0.1


def stream(X, Y, size, **options):
    measure = MinibatchCKA()
    for start in range(0, len(X), size):
        batch = slice(start, start + size)
        measure.partial_fit(X[batch], Y[batch], **options)
    return measure


def test_neurons_of_one_network_are_a_sample_and_those_of_the_other_are_all(rng):
    """Recordings of some neurons of a brain, and a model of which all 6 units are there."""
    latents = rng.standard_normal((400, 4))
    model = latents @ rng.standard_normal((4, 6)) + rng.standard_normal((400, 6))
    brain = latents @ rng.standard_normal((4, 3000)) + rng.standard_normal((400, 3000))
    truth = KernelCKA("linear", estimator="unbiased").fit_score(brain, model)
    recorded = [brain[:, 50 * k : 50 * k + 50] for k in range(60)]
    means = {
        neurons: np.mean([CorrectedCKA(neurons=neurons).score(x, model) for x in recorded])
        for neurons in ("X", "both")
    }
    assert means["X"] == pytest.approx(truth, abs=0.015)
    assert means["both"] > truth + 0.05
    mirrored = CorrectedCKA(neurons="Y").score(model, recorded[0])
    assert mirrored == pytest.approx(CorrectedCKA(neurons="X").score(recorded[0], model))
    assert np.isfinite(CorrectedCKA(neurons="X").score(recorded[0], model[:, :1]))
    with pytest.warns(match="one neuron cannot be corrected"):
        assert np.isnan(CorrectedCKA(neurons="Y").score(recorded[0], model[:, :1]))
    assert not CorrectedCKA(neurons="X").properties.symmetric


def test_one_batch_is_the_unbiased_estimate():
    X, Y = networks(30, (3, 40))
    want = LinearCKA(score_method="cosine", estimator="unbiased").fit_score(X, Y)
    assert stream(X, Y, 30).value_ == pytest.approx(want, rel=1e-12)
    assert stream(X, X, 30).value_ == pytest.approx(1, abs=1e-15)


def test_batches_are_averaged():
    X, Y = networks(50, (3, 40))
    parts = [slice(0, 12), slice(12, 16), slice(16, 50)]
    sums = np.zeros(3)
    measure = MinibatchCKA()
    for part in parts:
        n, (K, L) = part.stop - part.start, (x[part] @ x[part].T for x in (X, Y))
        products = [hsic(*pair, "unbiased") for pair in ((K, L), (K, K), (L, L))]
        sums += np.divide(products, n * (n - 3))
        measure.partial_fit(X[part], Y[part])
        assert measure.value_ == pytest.approx(sums[0] / np.sqrt(sums[1] * sums[2]), rel=1e-11)
    assert measure.n_batches_ == 3


def test_the_mean_over_batches_is_that_of_all_samples():
    X, Y = networks(4000, (3, 6))
    Y[:, :2] += X[:, :2]
    want = LinearCKA(score_method="cosine", estimator="unbiased").fit_score(X, Y)
    for size in (4, 8, 40):
        assert stream(X, Y, size).value_ == pytest.approx(want, abs=0.03)


def test_all_pairs_of_layers():
    first, second = networks(24, (3, 5, 7)), networks(24, (2, 6), seed=1)
    xs, ys = dict(zip("abc", first, strict=True)), dict(zip("de", second, strict=True))
    measure = MinibatchCKA()
    for batch in (slice(0, 10), slice(10, 24)):
        measure.partial_fit(
            {k: x[batch] for k, x in xs.items()}, {k: y[batch] for k, y in ys.items()}, n_jobs=2
        )
    singles = [[stream_of(x, y, (slice(0, 10), slice(10, 24))) for y in second] for x in first]
    assert_allclose(measure.value_, singles, rtol=1e-12)
    frame = measure.to_frame()
    assert list(frame.index) == ["a", "b", "c"]
    assert list(frame.columns) == ["d", "e"]
    assert_array_equal(frame, measure.value_)


def stream_of(x, y, batches):
    measure = MinibatchCKA()
    for batch in batches:
        measure.partial_fit(x[batch], y[batch])
    return measure.value_


def test_layers_of_one_network():
    xs = dict(enumerate(networks(24, (3, 5, 7))))
    own = MinibatchCKA().partial_fit(xs).value_
    assert_array_equal(own, MinibatchCKA().partial_fit(xs, xs).value_)
    assert_allclose(np.diag(own), 1, rtol=1e-14)
    assert MinibatchCKA().partial_fit(xs[0]).value_ == pytest.approx(1)


@pytest.mark.parametrize("scale", [1e-150, 1e143])
def test_batches_of_any_size(scale):
    X, Y = networks(48, (3, 5))
    X[:12] = 0
    want = stream(X, Y, 12).value_
    assert stream(scale * X, Y / scale / 1e6, 12).value_ == pytest.approx(want, rel=1e-12)
    X[12:24] *= 1e-100
    large = stream(X[24:], Y[24:], 12)
    both = stream(X, Y, 12)
    assert both._sums[1] == pytest.approx(large._sums[1])


def test_what_batches_must_be():
    X, Y = networks(12, (3, 5))
    measure = MinibatchCKA()
    with pytest.raises(NotFittedError, match="before partial_fit"):
        measure.value_  # noqa: B018
    with pytest.raises(ValueError, match="a batch needs at least 4 samples, got 3"):
        measure.partial_fit(X[:3], Y[:3])
    with pytest.raises(ValueError, match="Y has 5 samples and X has 6"):
        measure.partial_fit(X[:6], Y[:5])
    with pytest.raises(ValueError, match=r"X\['a'\]"):
        measure.partial_fit({"a": X * np.nan}, Y)
    assert not hasattr(measure, "n_batches_")
    measure.partial_fit({"a": X}, {"b": Y})
    for odd in (({"a": X}, {"c": Y}), ({"a": X}, {"b": Y[:, 1:]}), (X, Y), ({"a": X}, None)):
        with pytest.raises(ValueError, match="layers and widths of the batches before"):
            measure.partial_fit(*odd)
    assert measure.n_batches_ == 1


def test_layers_that_do_not_vary():
    X, Y = networks(12, (3, 5))
    layers = {"dead": np.ones((12, 2)), "one hot": np.eye(12), "live": Y}
    measure = MinibatchCKA().partial_fit(X, layers)
    with pytest.warns(UserWarning, match=r"values of Y\['(dead|one hot)'\] are NaN") as said:
        values = measure.value_
    assert len(said) == 2
    assert_array_equal(np.isnan(values), [[True, True, False]])
    measure.partial_fit(X, layers | {"dead": Y[:, :2], "one hot": Y @ np.ones((5, 12))})
    assert np.isfinite(measure.value_).all()
