"""Canonical correlations, and what is the same of all measures that compare spaces of networks."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import ortho_group
from sklearn.cross_decomposition import CCA as SklearnCCA
from sklearn.decomposition import PCA

from netrep_go.metrics import CCA, PWCCA, SVCCA, get_measure
from netrep_go.metrics._cca import _apart, _in_ties, _sum_of_singular
from netrep_go.metrics._principal import principal
from netrep_go.multiset import cross_distances, pairwise_distances

CASES = {
    "A": (np.random.RandomState(0).randn(20, 5), np.random.RandomState(1).randn(20, 7)),
    "B": (np.random.RandomState(0).randn(200, 50), np.random.RandomState(1).randn(200, 50)),
}
GOLDEN = {
    "mean_cca": (0.615442277169, 0.434370099744),
    "mean_squared_cca": (0.424216124232, 0.249681355184),
    "svcca": (0.615442277169, 0.430694271622),
    "pwcca_x_weights": (0.606854347964, 0.436736897802),
    "pwcca_y_weights": (0.622932158463, 0.433582009664),
    "eigenspace_overlap": (0.269315974033, 0.249223205353),
    "gulp_squared": (7.75783875768, 75.0318644816),
    "linear_regression_y_to_x": (0.408200170821, 0.2538014518),
    "linear_regression_x_to_y": (0.336154995105, 0.25119292554),
}
RIDGE = ("ridge_r2_y_to_x", "ridge_r2_x_to_y", "ridge_r_y_to_x", "ridge_r_x_to_y")
FAMILY = [*GOLDEN, "gulp", *RIDGE]
ALIKE = {"gulp": 0.0, "gulp_squared": 0.0}  # of a network and itself; 1 of similarities

every_measure = pytest.mark.parametrize("name", FAMILY)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values(name, case):
    X, Y = CASES[case]
    want = GOLDEN[name]["AB".index(case)]
    measure = get_measure(name)
    assert measure.score(X, Y) == pytest.approx(want, rel=1e-10, abs=6e-13)
    if measure.properties.symmetric:
        assert measure.score(Y, X) == pytest.approx(want, rel=1e-10, abs=6e-13)


def bases(*networks):
    """Return orthonormal bases of centered networks of full rank, by QR."""
    return [np.linalg.qr(x - x.mean(axis=0))[0] for x in networks]


def definition(name, X, Y):
    """Compute a measure for networks of full rank as it is defined."""
    if name.endswith("x_to_y"):
        return definition(name.replace("x_to_y", "y_to_x"), Y, X)
    if name == "pwcca_y_weights":
        return definition("pwcca_x_weights", Y, X)
    U, V = bases(X, Y)
    A, rho, _ = np.linalg.svd(U.T @ V, full_matrices=False)
    centered = X - X.mean(axis=0)
    if name == "mean_cca":
        return rho.mean()
    if name == "mean_squared_cca":
        return (rho**2).mean()
    if name == "svcca":
        X, Y = (PCA(0.99, svd_solver="full").fit_transform(x) for x in (X, Y))
        return definition("mean_cca", X, Y)
    if name == "pwcca_x_weights":
        alpha = np.abs((U @ A).T @ centered).sum(axis=1)
        return alpha @ rho / alpha.sum()
    if name == "eigenspace_overlap":
        U, V = (np.linalg.qr(x)[0] for x in (X, Y))
        return np.sum((U.T @ V) ** 2) / max(X.shape[1], Y.shape[1])
    if name.startswith("gulp"):
        squared = np.sum((U @ U.T - V @ V.T) ** 2)
        return squared if name.endswith("squared") else np.sqrt(squared)
    return np.sum((V.T @ centered) ** 2) / np.sum(centered**2)


@pytest.mark.parametrize("name", [*GOLDEN, "gulp"])
@pytest.mark.parametrize("widths", [(1, 1), (1, 4), (6, 2), (5, 5), (9, 8)])
def test_definitions(rng, name, widths):
    X, Y = (rng.standard_normal((40, p)) * rng.random(p) + rng.random(p) for p in widths)
    assert get_measure(name).score(X, Y) == pytest.approx(definition(name, X, Y), rel=1e-10)


def cohort(rng):
    """Return networks of several widths, some with features that say nothing."""
    shared = rng.standard_normal((30, 3))
    xs = [np.tanh(shared @ rng.standard_normal((3, p))) for p in (4, 3, 6)]
    xs = [x + 0.5 * rng.standard_normal(x.shape) for x in xs]
    silent = np.column_stack([xs[0], np.zeros(30), np.full(30, 1 / 3), xs[0][:, 1]])
    return [*xs, silent]


@every_measure
def test_all_pairs(rng, name):
    xs, measure = cohort(rng), get_measure(name)
    held_out = cohort(rng)
    D, D_test = pairwise_distances(name, xs, held_out, verbose=False, n_jobs=1)
    for values, networks in ((D, xs), (D_test, held_out)):
        want = [[measure.score(x, y) for y in networks] for x in networks]
        assert_allclose(values, want, rtol=1e-12, atol=1e-12)
    for n_jobs in (2, 3):
        assert_array_equal(
            pairwise_distances(name, xs, held_out, verbose=False, n_jobs=n_jobs), [D, D_test]
        )
    assert_allclose(cross_distances(name, xs[:1], xs[1:], verbose=False), D[:1, 1:])


@pytest.mark.parametrize("name", ["mean_cca", "mean_squared_cca", "gulp", "gulp_squared"])
def test_silent_constant_and_copied_features_change_nothing(rng, name):
    D = pairwise_distances(name, cohort(rng), verbose=False)
    assert_allclose(D[3], D[0], atol=1e-12)
    assert D[0, 3] == pytest.approx(ALIKE.get(name, 1), abs=1e-12)


@every_measure
def test_constant_features_change_nothing(rng, name):
    X, Y = cohort(rng)[:2]
    measure = get_measure(name)
    for value in (0, 0.1, 1e5) if name != "eigenspace_overlap" else (0,):
        dead = np.column_stack([np.full(30, value), Y])
        assert measure.score(X, dead) == pytest.approx(measure.score(X, Y), rel=1e-7)
        assert measure.score(dead, X) == pytest.approx(measure.score(Y, X), rel=1e-7)


@pytest.mark.parametrize("name", [*GOLDEN, "gulp"])  # of ridge, they would be in other folds
def test_order_of_samples(rng, name):
    X, Y = cohort(rng)[:2]
    order = rng.permutation(30)
    want = get_measure(name).score(X, Y)
    assert get_measure(name).score(X[order], Y[order]) == pytest.approx(want, rel=1e-12)


@every_measure
@pytest.mark.parametrize("scale", [1e-148, 1e-30, 1e30, 1e150])
def test_any_unit(rng, name, scale):
    X, Y = cohort(rng)[:2]
    want = get_measure(name).score(X, Y)
    assert get_measure(name).score(scale * X, Y) == pytest.approx(want, rel=1e-9)
    assert get_measure(name).score(X, scale * Y) == pytest.approx(want, rel=1e-9)


@every_measure
def test_units_out_of_range(rng, name):
    X, Y = cohort(rng)[:2]
    for scale in (1e-160, 1e160):
        with pytest.raises(ValueError, match="Y must be of a size whose products"):
            get_measure(name).score(X, scale * Y)


@every_measure
def test_other_types(rng, name):
    X, Y = rng.integers(-9, 9, (2, 30, 3))
    measure = get_measure(name)
    want = measure.score(X.astype(float), Y.astype(float))
    assert measure.score(X, Y) == want
    assert measure.score(X.astype(np.float32), Y.astype(np.int8)) == want
    assert measure.score(np.asfortranarray(X, float), Y.tolist()) == want


@every_measure
def test_networks_that_do_not_vary(rng, name):
    flat = np.zeros((30, 2)) if name == "eigenspace_overlap" else np.full((30, 2), 0.1)
    X, Y = cohort(rng)[:2]
    what = "are all 0" if name == "eigenspace_overlap" else "do not vary"
    with pytest.warns(match=f"the value is NaN: the activations of Y {what}"):
        assert np.isnan(get_measure(name).score(X, flat))
    with pytest.warns(match=rf"the activations of traindata\[1\] {what}"):
        D = pairwise_distances(name, [X, flat, Y], verbose=False)
    distance = name.startswith("gulp")  # whose diagonal is 0
    assert_array_equal(np.isnan(D), [[0, 1, 0], [1, not distance, 1], [0, 1, 0]])


@every_measure
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_samples(rng, name, n):
    X, Y = rng.standard_normal((n, 3)), rng.standard_normal((n, 5))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = get_measure(name).score(X, Y)
    if name in RIDGE:
        assert np.isnan(value)
        reason = f"{n} samples are too few for cv=5 folds"
    elif n == 1 and name != "eigenspace_overlap":
        assert np.isnan(value)
        reason = "do not vary"
    elif n == 4 and name in ("eigenspace_overlap", "gulp", "gulp_squared"):
        want = 0.75 if name == "eigenspace_overlap" else 0  # ranks 3 and 4 of 4; 3 and 3 of 3
        assert value == pytest.approx(want, abs=1e-7)
        reason = "more features than samples"
    else:
        assert value == pytest.approx(ALIKE.get(name, 1), abs=1e-7)
        reason = "more features than samples"
    assert caught
    assert all(reason in str(warning.message) for warning in caught)


@pytest.mark.parametrize("name", [name for name in GOLDEN if "regression" not in name])
def test_as_many_dimensions_as_samples(rng, name):
    xs = [rng.standard_normal((6, p)) for p in (6, 9, 200)]
    with pytest.warns(match="more features than samples: networks with") as caught:
        D = pairwise_distances(name, xs, verbose=False)
    assert len(caught) == 1
    assert_allclose(D, ALIKE.get(name, 1), atol=1e-12)


@every_measure
def test_wide_and_tall_networks_agree(rng, name):
    X, Y = rng.standard_normal((2, 30, 3))
    wide, _ = np.linalg.qr(rng.standard_normal((50, 3)))
    if name.startswith(("pwcca", "ridge_r_")):  # of which features are what
        wide = np.eye(50)[:, :3]
    measure = get_measure(name)
    assert measure.score(X @ wide.T, Y) == pytest.approx(measure.score(X, Y), rel=1e-10)
    assert measure.score(Y, X @ wide.T) == pytest.approx(measure.score(Y, X), rel=1e-10)


@pytest.mark.parametrize("name", ["mean_cca", "mean_squared_cca", "gulp", "eigenspace_overlap"])
def test_nearly_dependent_features(rng, name):
    X, Y = rng.standard_normal((40, 6)), rng.standard_normal((40, 4))
    want = get_measure(name).score(X, Y)
    for condition in (1e2, 1e4, 1e6):
        U, V = ortho_group.rvs(6, 2, random_state=rng)
        turned = X @ (U * np.geomspace(1, 1 / condition, 6)) @ V
        assert get_measure(name).score(turned, Y) == pytest.approx(want, rel=1e-14 * condition)


@every_measure
def test_rounding_is_no_dimension(rng, name):
    X, Y = cohort(rng)[1:3]
    bottleneck = (X @ rng.standard_normal((3, 20))).astype(np.float32)
    assert principal(bottleneck.astype(float), "X").rank == 3
    single = get_measure(name).score(bottleneck, Y)
    assert single == pytest.approx(
        get_measure(name).score(X @ np.linalg.lstsq(X, bottleneck, rcond=None)[0], Y), rel=1e-5
    )


# Canonical correlations


def test_correlations(rng):
    X, Y = cohort(rng)[1:3]
    found = SklearnCCA(n_components=3, max_iter=5000, tol=1e-12, scale=False).fit_transform(X, Y)
    want = [np.corrcoef(a, b)[0, 1] for a, b in zip(found[0].T, found[1].T, strict=True)]
    for measure in (CCA(), SVCCA(1.0), PWCCA()):
        assert_allclose(measure.correlations(X, Y), want, atol=1e-8)
        assert_allclose(measure.correlations(Y, X), want, atol=1e-8)
    assert CCA().correlations(X, X).max() <= 1
    assert_allclose(CCA().correlations(X, X), 1)
    assert_allclose(SVCCA(2).correlations(X, Y).mean(), SVCCA(2).score(X, Y))


def test_correlations_of_bad_networks(rng):
    X = rng.standard_normal((10, 3))
    with pytest.raises(ValueError, match="the activations of Y do not vary"):
        CCA().correlations(X, np.ones((10, 2)))
    with pytest.raises(ValueError, match="X varies in 3 dimensions, which is less than n_comp"):
        SVCCA(4).correlations(X, X)
    with pytest.raises(ValueError, match="equal numbers of samples"):
        CCA().correlations(X, X[:9])
    with pytest.raises(ValueError, match="score_method == 'median'"):
        CCA("median").correlations(X, X)
    with pytest.raises(ValueError, match="n_components must be at least 1"):
        SVCCA(0).correlations(X, X)
    with pytest.warns(match="more features than samples"):
        assert_allclose(CCA().correlations(X, rng.standard_normal((10, 9))), [1, 1, 1])


def test_forced_correlations(rng):
    X, Y = rng.standard_normal((2, 10, 6))
    assert np.sum(CCA().correlations(X, Y) > 1 - 1e-10) == 6 + 6 - 9


@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9, 0])
def test_sum_of_small_singular_values(rng, small):
    U, V = ortho_group.rvs(8, random_state=rng), ortho_group.rvs(6, random_state=rng)
    singular = np.array([1, 0.9, 0.3, small, small / 2, small / 3])
    product = U[:, :6] * singular @ V
    assert _sum_of_singular(product) == pytest.approx(singular.sum(), abs=1e-11)
    assert _sum_of_singular(product.T) == pytest.approx(singular.sum(), abs=1e-11)


# SVCCA


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_components_with_a_share_of_the_variance(rng, share):
    X, Y = rng.standard_normal((2, 60, 12)) * 0.9 ** np.arange(12)
    models = [PCA(share, svd_solver="full").fit(x) for x in (X, Y)]
    k = min(model.n_components_ for model in models)
    assert k > 1
    assert len(SVCCA(share).correlations(X, Y)) == k
    reduced = [model.transform(x) for model, x in zip(models, (X, Y), strict=True)]
    assert SVCCA(share).score(X, Y) == pytest.approx(CCA().score(*reduced))
    assert SVCCA(1.0).score(X, Y) == pytest.approx(CCA().score(X, Y))


def test_number_of_components(rng):
    X, Y = rng.standard_normal((60, 5)), rng.standard_normal((60, 7))
    for k in (1, 3, np.int8(5)):
        reduced = [PCA(int(k)).fit_transform(x) for x in (X, Y)]
        assert SVCCA(k).score(X, Y) == pytest.approx(CCA().score(*reduced))
    with pytest.warns(match="X varies in 5 dimensions, which is less than n_components=6"):
        assert np.isnan(SVCCA(6).score(X, Y))


def test_components_of_equal_variance(rng):
    X = np.linalg.qr(np.column_stack([np.ones(64), rng.standard_normal((64, 50))]))[0][:, 1:]
    with pytest.warns(match="components 49 and 50 of X have the same variance, and only one"):
        assert len(SVCCA(0.98).correlations(X, np.tanh(X) + X[:, ::-1] ** 2)) == 49
    assert len(SVCCA(1.0).correlations(X, X)) == 50
    assert SVCCA(50).score(X, X) == pytest.approx(1)


def test_few_components_of_many_features(rng):
    X, Y = rng.standard_normal((2, 20, 100))
    value = SVCCA(3).score(X, Y)  # without a warning
    assert value == pytest.approx(CCA().score(*(PCA(3).fit_transform(x) for x in (X, Y))))


@pytest.mark.parametrize("n_components", [0, -1, 0.0, 1.5, np.nan, -0.1])
def test_numbers_of_components_out_of_range(rng, n_components):
    X = rng.standard_normal((9, 3))
    with pytest.raises(ValueError, match="n_components must be"):
        SVCCA(n_components).fit(X, X)
    for odd in ("2", None, True, [2]):
        with pytest.raises(TypeError, match="n_components must be"):
            SVCCA(odd).score(X, X)


# PWCCA


def test_the_narrower_network_weights_or_is_weighted(rng):
    X, Y = rng.standard_normal((50, 8)) * np.arange(1, 9), rng.standard_normal((50, 2))
    for x, y in ((X, Y), (Y, X)):
        assert PWCCA().score(x, y) == pytest.approx(definition("pwcca_x_weights", x, y))
        assert PWCCA(weights="Y").score(y, x) == pytest.approx(PWCCA().score(x, y), rel=1e-14)


@pytest.mark.parametrize("shape", [(6, 6), (4, 7), (7, 4)])
def test_both_ways_to_canonical_directions(rng, shape):
    U, V = (np.linalg.qr(rng.standard_normal((40, p)))[0] for p in shape)
    loadings = rng.standard_normal((shape[0], 9))
    fast, slow = _apart(U.T @ V, loadings), _in_ties(U.T @ V, loadings)
    assert_allclose(fast[0][::-1], slow[0])
    assert_allclose(fast[1][::-1], slow[1])


def mean_over_directions(X, Y, rng, n_draws=20_000):
    """Return PWCCA with the mean weights over choices among directions of equal correlation."""
    U, V = bases(X, Y)
    A, rho, _ = np.linalg.svd(U.T @ V)
    rho = np.concatenate([rho, np.zeros(len(A) - len(rho))])
    inner = A.T @ U.T @ X
    alpha = np.zeros(len(rho))
    for value in np.unique(rho.round(6)):
        tied = np.flatnonzero(rho.round(6) == value)
        turned = rng.standard_normal((n_draws, len(tied)))
        turned /= np.linalg.norm(turned, axis=1, keepdims=True)
        alpha[tied] = np.abs(turned @ inner[tied]).sum(axis=1).mean()
    c = min(X.shape[1], Y.shape[1])
    return alpha[:c] @ rho[:c] / alpha[:c].sum()


@pytest.mark.parametrize("tie", ["ones", "zeros", "no partner"])
def test_directions_of_equal_correlation(rng, tie):
    if tie == "ones":  # 7 + 6 - 9 of them
        X, Y = rng.standard_normal((10, 7)) * np.arange(1, 8), rng.standard_normal((10, 6))
    else:
        Q = np.linalg.qr(np.column_stack([np.ones(30), rng.standard_normal((30, 12))]))[0][:, 1:]
        X = Q[:, :5] @ rng.standard_normal((5, 5))
        Y = np.column_stack([Q[:, 0] + Q[:, 6], Q[:, 7:9]])
        Y = Y if tie == "no partner" else np.column_stack([Y, Q[:, 9:12]])
    want = PWCCA().score(X, Y)
    assert mean_over_directions(X - X.mean(axis=0), Y, rng) == pytest.approx(want, rel=3e-3)
    for _ in range(3):
        order, units = rng.permutation(len(X)), rng.permutation(X.shape[1])
        turn = ortho_group.rvs(Y.shape[1], random_state=rng)
        again = PWCCA().score(X[order][:, units], Y[order] @ turn)
        assert again == pytest.approx(want, rel=1e-10)


def test_a_network_and_what_contains_it(rng):
    X = rng.standard_normal((30, 6))
    Y = np.column_stack([X[:, :2], rng.standard_normal((30, 2))])
    wider = np.column_stack([X, rng.standard_normal((30, 3))])
    for x, y in ((X, X), (X, wider), (wider, X)):
        assert PWCCA().score(x, y) == pytest.approx(1, abs=1e-12)
    assert PWCCA().score(X, Y) < 1
