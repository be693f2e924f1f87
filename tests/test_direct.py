"""Direct capacity: exact counts, one way against the other, and what users get wrong."""

import itertools
import signal
import threading
import warnings

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.base import clone
from sklearn.datasets import load_digits

from netrep_go.capacity import (
    DirectCapacity,
    MeanFieldCapacity,
    _direct,
    ball_capacity,
    conic_separability,
    cover_separability,
    disc_separability,
    segment_separability,
    separate,
)
from netrep_go.capacity._curve import critical, curve_of_attempts

METHODS = ("conic", "search")


def orthogonal_manifolds(n_manifolds, shape):
    """Return manifolds in subspaces of their own, at unit distance: a product of cones."""
    n_points, dimension = shape.shape
    X = np.zeros((n_manifolds, n_points, n_manifolds * (dimension + 1)))
    for i, manifold in enumerate(X):
        first = i * (dimension + 1)
        manifold[:, first] = 1.0
        manifold[:, first + 1 : first + 1 + dimension] = shape
    return list(X)


def within(model, p):
    """Whether separable fractions are p within three standard errors."""
    error = np.sqrt(np.clip(p * (1 - p), 0, 1) / model.n_attempts_)
    return (np.abs(model.separability_ - p) < 3 * error + 2 / model.n_attempts_).all()


def both(X, **options):
    conic = DirectCapacity(n_t=4000, random_state=0, **options)
    search = DirectCapacity("search", tol=0.02, random_state=0, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of capacities that are NaN
        return conic.fit(X), search.fit(X)


def agree(conic, search):
    """Whether the two methods find the same curve and capacity."""
    p, error = (
        getattr(conic, name)[search.n_tested_ - 1] for name in ("separability_", "separability_se_")
    )
    error = np.hypot(error, np.sqrt(p * (1 - p) / search.n_attempts_))
    assert (np.abs(p - search.separability_) < 3.5 * error + 1 / search.n_attempts_).all()
    assert np.isnan(conic.capacity_) == np.isnan(search.capacity_)
    error = np.hypot(conic.capacity_se_, search.capacity_se_)
    assert np.isnan(error) or abs(conic.capacity_ - search.capacity_) < 3 * error


# Exact counts


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("n_points", [20, 40])
def test_points_in_general_position(rng, method, bias, n_points):
    X = rng.lognormal(size=(n_points, 1, 50))  # whatever their distribution
    model = DirectCapacity(
        method, dichotomies="iid", fit_intercept=bias, tol=0.02, n_t=4000, random_state=3
    )
    model.fit(list(X))
    assert within(model, cover_separability(n_points, model.n_tested_, fit_intercept=bias))
    assert model.n_critical_ == pytest.approx(n_points / 2 - bias, abs=3 * model.n_critical_se_)
    assert 0 < model.n_critical_se_ < 0.5


@pytest.mark.parametrize("method", METHODS)
def test_balanced_points(rng, method):
    model = DirectCapacity(method, tol=0.02, n_t=4000, random_state=1, step=6)
    model.fit(list(rng.standard_normal((20, 1, 30))))
    expected = {6: 0.07, 7: 0.15, 8: 0.30, 9: 0.47, 10: 0.58, 11: 0.79}  # 500 trials each
    tested = [i for i, n in enumerate(model.n_tested_) if n in expected]
    assert len(tested) > 2
    for i in tested:
        p = expected[model.n_tested_[i]]
        error = np.hypot(model.separability_se_[i], np.sqrt(p * (1 - p) / 500))
        assert abs(model.separability_[i] - p) < 3 * error


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("radius", [0.5, 1.0, 2.0])
def test_segments(method, radius):
    X = orthogonal_manifolds(12, np.array([[radius], [-radius]]))
    model = DirectCapacity(
        method, dichotomies="iid", fit_intercept=False, tol=0.02, n_t=4000, random_state=2
    ).fit(X)
    assert within(model, segment_separability(12, model.n_tested_, radius))


def test_discs():
    angle = 2 * np.pi * np.arange(60) / 60
    X = orthogonal_manifolds(10, np.stack([np.cos(angle), np.sin(angle)], axis=1))
    model = DirectCapacity(dichotomies="iid", fit_intercept=False, n_t=4000, random_state=3).fit(X)
    p = disc_separability(10, model.n_tested_, 1.0)
    assert (np.abs(model.separability_ - p) < 3 * model.separability_se_ + 0.01).all()


@pytest.mark.parametrize("method", METHODS)
def test_orthant_simplices_count_as_points(method):
    X = np.split(np.eye(24), 6)
    model = DirectCapacity(
        method, dichotomies="iid", fit_intercept=False, tol=0.02, n_t=4000, random_state=4
    ).fit(X)
    assert within(model, cover_separability(24, model.n_tested_, fit_intercept=False))


def test_random_cones():
    # In random directions, the cones of segments themselves are separable as often as
    # random projections of orthogonal ones.
    rng = np.random.default_rng(7)
    n_trials, found = 400, 0
    for _ in range(n_trials):
        centers, axes = rng.standard_normal((2, 12, 12))
        centers /= np.linalg.norm(centers, axis=1, keepdims=True)
        axes -= (axes * centers).sum(axis=1, keepdims=True) * centers
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        y = np.tile(rng.choice([-1, 1], 12), 2)
        X = np.concatenate([centers + axes, centers - axes]) * y[:, np.newaxis]
        y[:12] = 1  # the cone of all against that of the opposite of all
        found += separate(np.concatenate([X, -X]), np.repeat([0, 1], 24), fit_intercept=False)[0]
    assert abs(found / n_trials - 0.5) < 3 * 0.5 / np.sqrt(n_trials)


def test_mean_field_of_segments():
    for radius in (0.1, 0.3, 0.6, 1.0):
        X = orthogonal_manifolds(100, np.array([[radius], [-radius]]))
        model = DirectCapacity(fit_intercept=False, n_t=2000, random_state=5).fit(X)
        expected = ball_capacity(radius, 1)
        assert abs(model.capacity_ - expected) < 3 * model.capacity_se_ + 0.005 * expected


@pytest.mark.parametrize("radius", [0.3, 1.0])
def test_mean_field(rng, radius):
    X = rng.standard_normal((60, 1, 1000)) + radius * rng.standard_normal((60, 6, 1000))
    theory = MeanFieldCapacity(max_removed=0, n_t=500, random_state=0).fit(list(X))
    model = DirectCapacity(fit_intercept=False, n_t=1000, random_state=0).fit(list(X))
    error = np.hypot(theory.capacity_se_, model.capacity_se_)
    finite = 1 / 60  # theory is that of many manifolds
    assert abs(model.capacity_ / theory.capacity_ - 1) < 3 * error / theory.capacity_ + finite


@pytest.mark.parametrize("dichotomies", ["balanced", "iid", "sparse"])
@pytest.mark.parametrize("n_manifolds", [4, 5])
def test_all_dichotomies_of_first_features(rng, dichotomies, n_manifolds):
    X = rng.standard_normal((n_manifolds, 2, 7))
    model = DirectCapacity("search", features="first", dichotomies=dichotomies, step=1).fit(list(X))
    y = np.array(list(itertools.product([0, 1], repeat=n_manifolds)))
    n_negative = (y == 0).sum(axis=1)
    if dichotomies != "iid":
        y = y[n_negative == (1 if dichotomies == "sparse" else (n_manifolds + 1) // 2)]
    for n, fraction in zip(model.n_tested_, model.separability_, strict=True):
        first = X[:, :, :n].reshape(-1, n)
        found = [
            len(set(codes)) == 1 or separate(first, np.repeat(codes, 2)).separable for codes in y
        ]
        assert fraction == pytest.approx(np.mean(found))
    assert (model.separability_se_ == 0).all()
    assert model.capacity_se_ == 0


def test_search_is_that_of_the_reference():
    # A scan in steps of 10, a bisection, and the ends of the curve.
    X = np.random.default_rng(0).standard_normal((20, 1, 35))
    model = DirectCapacity("search", dichotomies="iid", random_state=0, rule="first").fit(list(X))
    tested = set(model.n_tested_.tolist())
    p = dict(zip(model.n_tested_.tolist(), model.separability_.tolist(), strict=True))
    top = min(n for n in (10, 20, 30, 35) if p.get(n) == 1)
    expected = {n for n in (10, 20, 30, 35) if n <= top}
    low, high = max([n for n in expected if p[n] == 0], default=0), top
    while high - low > 1:
        middle = -(-(high + low) // 2)
        expected.add(middle)
        low, high = (low, middle) if p[middle] > 0.5 else (middle, high)
    assert expected <= tested
    assert p[min(tested)] == 0 or min(tested) == 1
    assert model.n_critical_ == min(n for n in tested if p[n] >= 0.5)
    assert ((model.n_attempts_ >= 20) & (model.n_attempts_ <= 100)).all()
    stopped = model.n_attempts_ < 100
    error = np.sqrt(model.separability_ * (1 - model.separability_) / model.n_attempts_)
    assert (error[stopped] <= 0.05).all()
    coarse = DirectCapacity("search", dichotomies="iid", random_state=0, precision=4).fit(list(X))
    assert len(coarse.n_tested_) < len(model.n_tested_)


# One way against the other


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dichotomies", ["balanced", "iid", "sparse"])
def test_random_manifolds(rng, bias, dichotomies):
    X = rng.standard_normal((16, 1, 40)) + 0.7 * rng.standard_normal((16, 6, 40))
    agree(*both(list(X), fit_intercept=bias, dichotomies=dichotomies))


def test_digits():
    X, y = load_digits(return_X_y=True)
    chosen = np.concatenate([np.flatnonzero(y == digit)[:20] for digit in range(10)])
    conic = DirectCapacity(n_t=3000, random_state=0).fit(X[chosen], y[chosen])
    search = DirectCapacity("search", tol=0.04, random_state=0).fit(X[chosen], y[chosen])
    agree(conic, search)
    assert 0.1 < conic.capacity_ < 0.5


def degenerate(rng):
    X = rng.standard_normal((10, 1, 12)) + 0.3 * rng.standard_normal((10, 4, 12))
    doubled = np.concatenate([X, X[:, :2]], axis=1)
    collinear = X[:, :1] + np.linspace(-1, 1, 5)[:, None] * rng.standard_normal((10, 1, 12))
    flat = X.copy()
    flat[:, :, 5:] = 0.0
    shifted = X + 1e4
    nested = X.copy()
    nested[1] = nested[0].mean(axis=0)  # inside of another: never separable from it
    shared = X.copy()
    shared[3, 0] = shared[4, 0]
    return {
        "doubled": doubled,
        "collinear": collinear,
        "flat": flat,
        "shifted": shifted,
        "nested": nested,
        "shared": shared,
        "far out of the origin": X * 1e-3 + 1.0,
    }


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("case", degenerate(np.random.default_rng(0)))
def test_degenerate_manifolds(rng, case, bias):
    agree(*both(list(degenerate(rng)[case]), fit_intercept=bias))


def test_unequal_manifolds(rng):
    X = [rng.standard_normal(25) + 0.5 * rng.standard_normal((k, 25)) for k in range(1, 13)]
    agree(*both(X))


def test_more_samples_than_a_gram_matrix_is_made_for(rng):
    X = rng.standard_normal((12, 1, 14)) + 0.1 * rng.standard_normal((12, 200, 14))
    few = [samples[:100] for samples in X]
    conic = DirectCapacity(n_t=300, random_state=0).fit(list(X))
    same = DirectCapacity(n_t=300, random_state=0).fit(few)
    assert conic.n_critical_ > same.n_critical_
    agree(conic, DirectCapacity("search", tol=0.04, random_state=0).fit(list(X)))


def test_subsampled_features(rng):
    # Features that are independent Gaussians are as good as projections; equal ones are not.
    X = rng.standard_normal((20, 1, 120)) + 0.5 * rng.standard_normal((20, 4, 120))
    conic, search = both(list(X))
    sampled = DirectCapacity("search", features="subsample", tol=0.02, random_state=0)
    first = DirectCapacity("search", features="first", tol=0.02, random_state=0)
    i = sampled.fit(list(X)).n_tested_ - 1
    assert (np.abs(sampled.separability_ - conic.separability_[i]) < 0.15).all()
    X[:, :, :50] = X[:, :, :1]
    assert first.fit(list(X)).n_critical_ > 50
    assert sampled.fit(list(X)).n_critical_ > 1.5 * search.n_critical_


def test_given_dichotomies(rng):
    X = rng.standard_normal((6, 1, 10)) + 0.5 * rng.standard_normal((6, 3, 10))
    everything = np.array(list(itertools.product([1, -1], repeat=5)))
    everything = np.insert(everything, 0, 1, axis=1)
    for method in METHODS:
        given = DirectCapacity(method, dichotomies=everything, random_state=0).fit(list(X))
        enumerated = DirectCapacity(method, dichotomies="all", random_state=0).fit(list(X))
        random = DirectCapacity(method, dichotomies="iid", random_state=1, n_t=3000).fit(list(X))
        assert abs(given.n_critical_ - enumerated.n_critical_) < 3 * given.n_critical_se_ + 0.2
        assert abs(random.n_critical_ - enumerated.n_critical_) < 1
    search = DirectCapacity("search", dichotomies=everything).fit(list(X))
    assert (search.n_attempts_ == 32).all()
    easy = DirectCapacity("search", dichotomies=np.ones((3, 6))).fit(list(X))
    assert (easy.separability_ == 1).all()


# What does not matter


@pytest.mark.parametrize("method", METHODS)
def test_threads_and_seeds(rng, method):
    X = list(rng.standard_normal((10, 1, 20)) + 0.5 * rng.standard_normal((10, 5, 20)))
    fits = [
        DirectCapacity(method, random_state=seed, n_jobs=n_jobs).fit(X)
        for seed, n_jobs in ((0, 1), (0, 2), (1, 2))
    ]
    for name in ("separability_", "n_tested_", "n_attempts_", "separability_band_"):
        np.testing.assert_array_equal(getattr(fits[0], name), getattr(fits[1], name))
    assert fits[0].capacity_ == fits[1].capacity_
    assert fits[0].capacity_se_ == fits[1].capacity_se_
    assert fits[0].capacity_ != fits[2].capacity_
    again = clone(fits[0]).fit(X)
    assert again.capacity_ == fits[0].capacity_


@pytest.mark.parametrize("method", METHODS)
def test_forms_of_input(rng, method):
    X = rng.standard_normal((6, 4, 9))
    X[2, 3] = X[4, 1:] = np.nan
    padded, before = list(X), X.copy()
    ragged = [samples[~np.isnan(samples[:, 0])] for samples in X]
    fits = [
        DirectCapacity(method, random_state=0).fit(padded),
        DirectCapacity(method, random_state=0).fit(ragged),
        DirectCapacity(method, random_state=0).fit(np.concatenate(X), np.repeat(list("abcdef"), 4)),
    ]
    np.testing.assert_array_equal(X, before)
    for fit in fits[1:]:
        np.testing.assert_array_equal(fit.separability_, fits[0].separability_)
    assert fits[0].n_manifolds_ == 6
    assert fits[0].n_features_in_ == 9


def test_units(rng):
    X = rng.standard_normal((6, 3, 20))
    for method in METHODS:
        fits = [
            DirectCapacity(method, random_state=0).fit(list(X * scale))
            for scale in (1, 1e200, 1e-200)
        ]
        for fit in fits[1:]:
            np.testing.assert_array_equal(fit.separability_, fits[0].separability_)


def test_bands(rng):
    X = list(rng.standard_normal((12, 1, 30)) + 0.5 * rng.standard_normal((12, 3, 30)))
    truth = DirectCapacity(n_t=40_000, random_state=0).fit(X)
    covered = []
    for seed in range(60):
        model = DirectCapacity(n_t=200, random_state=seed).fit(X)
        low, high = model.separability_band_
        assert (low <= high).all()
        assert low.min() >= 0
        assert high.max() <= 1
        covered.append((low <= truth.separability_) & (truth.separability_ <= high))
        assert abs(model.n_critical_ - truth.n_critical_) < 5 * model.n_critical_se_
    assert np.mean(covered) > 0.93
    wide = DirectCapacity(n_t=200, random_state=0).fit(X).separability_se_
    assert (wide > truth.separability_se_).all()


def test_interrupt(rng):
    X = list(rng.standard_normal((60, 12, 400)))
    threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        DirectCapacity("search", tol=0.002, n_jobs=1).fit(X)


# What users get wrong


@pytest.mark.parametrize("method", METHODS)
def test_inseparable(rng, method):
    X = rng.standard_normal((12, 20, 3))
    with pytest.warns(UserWarning, match="are separable with all of the 3 features"):
        model = DirectCapacity(method, random_state=0).fit(list(X))
    assert np.isnan(model.capacity_)
    assert np.isnan(model.n_critical_)
    assert model.separability_.max() < 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "linear"}, "method"),
        ({"features": "last"}, "features"),
        ({"rule": "mean"}, "rule"),
        ({"dichotomies": "random"}, "dichotomies"),
        ({"n_t": 1}, "n_t must be at least 10"),
        ({"precision": 0}, "precision"),
        ({"step": 0}, "step"),
        ({"tol": 0}, "tol must be in"),
        ({"features": "first"}, "method='conic' needs features='projection'"),
        (
            {"dichotomies": np.ones((2, 5))},
            r"one column for each of the 4 manifolds, got shape \(2, 5\)",
        ),
        ({"dichotomies": [[1, -1, 0, 1]]}, "dichotomies must be 1 or -1, got 0"),
    ],
)
def test_bad_options(rng, options, message):
    with pytest.raises(ValueError, match=message):
        DirectCapacity(**options).fit(list(rng.standard_normal((4, 3, 5))))


def test_bad_data(rng):
    X = rng.standard_normal((4, 3, 5))
    with pytest.raises(ValueError, match="at least 2 manifolds, got 1"):
        DirectCapacity().fit([X[0]])
    with pytest.raises(ValueError, match="at least 2 manifolds, got 1"):
        DirectCapacity().fit(X[0], [1, 1, 1])
    spoiled = X.copy()
    spoiled[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=r"manifold 1 .*NaN or infinite in some features"):
        DirectCapacity().fit(list(spoiled))
    spoiled[1] = np.nan
    with pytest.raises(ValueError, match="manifold 1 has no samples"):
        DirectCapacity().fit(list(spoiled))
    with pytest.raises(ValueError, match="X\\[0\\] has 5 and X\\[1\\] 4"):
        DirectCapacity().fit([X[0], X[1][:, :4]])


def test_too_many_dichotomies(rng):
    X = list(rng.standard_normal((40, 2, 5)))
    with pytest.raises(ValueError, match=r"5.5e\+11 dichotomies of 40 manifolds, more than 65536"):
        DirectCapacity(dichotomies="all").fit(X)


def test_two_manifolds_and_one_feature(rng):
    agree(*both([rng.standard_normal((5, 20)), 1 + rng.standard_normal((5, 20))]))
    line = DirectCapacity(n_t=50, random_state=0).fit([[[0.0], [1.0]], [[2.0], [3.0]]])
    assert line.separability_.tolist() == [1.0]
    assert line.capacity_ == 2.0
    touching = [[[0.0], [1.0]], [[1.0], [3.0]]]
    for method in METHODS:
        with pytest.warns(UserWarning, match="0% of the dichotomies"):
            DirectCapacity(method, random_state=0).fit(touching)


def test_curve_is_that_of_the_product_of_cones():
    # Segments of different lengths: intrinsic volumes convolve.
    radii = (0.2, 0.5, 1.0, 2.0, 4.0)
    X = orthogonal_manifolds(5, np.zeros((2, 1)))
    volumes = np.ones(1)
    for i, radius in enumerate(radii):
        X[i][:, 2 * i + 1] = radius, -radius
        sector = np.arctan(radius) / np.pi
        volumes = np.convolve(volumes, [0.5 - sector, 0.5, sector])
    model = DirectCapacity(fit_intercept=False, dichotomies="iid", n_t=4000, random_state=0).fit(X)
    assert within(model, conic_separability(volumes, 1, model.n_tested_))


@pytest.mark.parametrize("rule", ["interpolate", "first"])
def test_standard_errors_of_searches(monkeypatch, rule):
    """Searches of a known curve spread as each of them says."""
    monkeypatch.setattr(_direct, "_RESAMPLES", 60)
    probability = ndtr((np.arange(1, 91) - 30.2) / 8)
    model = DirectCapacity("search", rule=rule)
    model.n_features_in_, model.n_manifolds_ = 90, 30

    def search(p, rng):
        return model._simulate_search(p, 0, int(rng.integers(2**31)))

    values, errors = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        model._store_capacity(curve_of_attempts(search(probability, rng), False, search, 90), rng)
        values.append(model.n_critical_)
        errors.append(model.n_critical_se_)
    assert abs(np.mean(values) - 30.2) < 0.8
    assert 0.65 < np.sqrt(np.mean(np.square(errors))) / np.std(values, ddof=1) < 1.5


def test_simulated_searches():
    """Given dichotomies are as many attempts; probabilities of 0 and 1 leave nothing to chance."""
    model = DirectCapacity("search", step=3)
    model.n_features_in_ = 10
    n, fraction, attempts = model._simulate_search(np.repeat([0.0, 1.0], [4, 6]), 7, 0)
    np.testing.assert_array_equal(fraction, n > 4)
    assert critical((n, fraction, attempts), "first") == 5
    assert (attempts == 7).all()
    assert {4, 5} <= set(n.tolist())
    with pytest.raises(ValueError, match="0 to 10000000 dichotomies, got 10 and -1"):
        model._simulate_search(np.ones(10), -1, 0)
