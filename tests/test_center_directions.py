"""Directions that centers share: the gradient, planted directions, and what users get wrong."""

import numpy as np
import pytest

from netrep_go.capacity import center_correlation_cost, center_correlations, find_center_directions


def planted(rng, n_directions, n_manifolds=40, n_features=300, strength=6.0):
    """Return one-sample manifolds whose centers share directions, and these."""
    axes = np.linalg.qr(rng.standard_normal((n_features, max(1, n_directions))))[0].T
    weights = strength * rng.standard_normal((n_manifolds, len(axes)))
    centers = 0.35 * rng.standard_normal((n_manifolds, n_features)) + (n_directions > 0) * (
        weights @ axes
    )
    return list(centers[:, np.newaxis]), axes


def cost(C, V):
    E = C @ C.T - (C @ V) @ (C @ V).T
    return 0.5 * (E**2 / np.outer(np.diag(E), np.diag(E))).sum()


@pytest.mark.parametrize("n_directions", [1, 3])
@pytest.mark.parametrize("shape", [(12, 20), (20, 8)])
def test_gradient(rng, shape, n_directions):
    C = rng.standard_normal(shape)
    V = np.linalg.qr(rng.standard_normal((shape[1], n_directions)))[0]
    value, gradient = center_correlation_cost(C, V)
    assert value == pytest.approx(cost(C, V), rel=1e-12)
    for _ in range(5):
        step = 1e-6 * rng.standard_normal(V.shape)
        slope = cost(C, V + step) - cost(C, V - step)
        assert slope == pytest.approx(2 * (gradient * step).sum(), rel=1e-5, abs=1e-12)


def test_cost_of_uncorrelated_centers():
    C = np.hstack([np.eye(6), np.ones((6, 1))])
    V = np.eye(7)[:, 6:]
    value, gradient = center_correlation_cost(C, V)
    assert value == pytest.approx(3)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)
    assert center_correlation_cost(C, np.eye(7)[:, :1])[0] > 3
    assert center_correlation_cost(np.eye(3), np.eye(3)[:, :1])[0] == np.inf


@pytest.mark.parametrize("criterion", ["absolute", "squared"])
@pytest.mark.parametrize("n_directions", [0, 1, 3, 5])
def test_planted_directions(rng, n_directions, criterion):
    X, axes = planted(rng, n_directions)
    found = find_center_directions(X, criterion=criterion, n_restarts=3, random_state=0)
    assert found.n_removed == n_directions
    D = found.directions
    np.testing.assert_allclose(D @ D.T, np.eye(n_directions), atol=1e-10)
    if n_directions:
        overlap = np.linalg.svd(D @ axes.T, compute_uv=False)
        assert overlap.min() > 0.95
    assert found.correlation.argmin() == n_directions
    assert found.stability[0] == pytest.approx(1)


def test_what_is_measured(rng):
    X, _ = planted(rng, 2)
    found = find_center_directions(X, n_restarts=2, random_state=0)
    centers = np.vstack(X) - np.mean(X, axis=0)
    left = centers - centers @ found.directions.T @ found.directions
    norms, before = np.linalg.norm(left, axis=1), np.linalg.norm(centers, axis=1)
    rho = np.abs(left @ left.T / np.outer(norms, norms))[np.triu_indices(40, 1)]
    assert found.correlation[2] == pytest.approx(rho.mean())
    assert found.stability[2] == pytest.approx((norms / before).min())
    rho = np.abs(center_correlations(X))[np.triu_indices(40, 1)]
    assert found.correlation[0] == pytest.approx(rho.mean())
    squared = find_center_directions(X, criterion="squared", max_removed=0)
    assert squared.correlation[0] == pytest.approx((rho**2).mean())


def test_a_minimum_is_found(rng):
    X, _ = planted(rng, 1)
    found = find_center_directions(X, n_restarts=5, random_state=0)
    centers = np.vstack(X) - np.mean(X, axis=0)
    value, gradient = center_correlation_cost(centers, found.directions.T)
    V = found.directions.T
    tangent = gradient - V @ (V.T @ gradient)
    assert np.linalg.norm(tangent) < 1e-4 * value
    for _ in range(20):
        other = np.linalg.qr(V + 0.05 * rng.standard_normal(V.shape))[0]
        assert center_correlation_cost(centers, other)[0] > value


def test_only_the_gram_matrix_matters(rng):
    X, _ = planted(rng, 2)
    Q = np.linalg.qr(rng.standard_normal((320, 320)))[0][:300]
    one = find_center_directions(X, n_restarts=2, random_state=0)
    two = find_center_directions([5 * x @ Q - 3 for x in X], n_restarts=2, random_state=0)
    assert one.n_removed == two.n_removed == 2
    np.testing.assert_allclose(one.correlation[:3], two.correlation[:3], rtol=1e-3)


def test_limits(rng):
    X, _ = planted(rng, 3)
    assert find_center_directions(X, max_removed=2, n_restarts=1, random_state=0).n_removed == 2
    assert find_center_directions(X, min_removed=4, n_restarts=1, random_state=0).n_removed >= 4
    fixed = find_center_directions(X, min_removed=7, max_removed=7, n_restarts=1, random_state=0)
    assert fixed.n_removed == 7
    assert fixed.directions.shape == (7, 300)
    none = find_center_directions(X, max_removed=0)
    assert none.directions.shape == (0, 300)
    two = find_center_directions(X[:2])
    assert (two.n_removed, two.correlation[0]) == (0, pytest.approx(1))
    flat = [np.array([[x, 1.0]]) for x in (0.0, 1.0, 3.0, 7.0)]  # nothing is left of a line
    assert find_center_directions(flat, random_state=0).n_removed == 0


def test_threads_and_seeds(rng):
    X, _ = planted(rng, 2)
    runs = [find_center_directions(X, n_restarts=4, random_state=1, n_jobs=n) for n in (1, 2, None)]
    for run in runs[1:]:
        for a, b in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_removed": 39}, "max_removed must be at most 38 for 40 manifolds, got 39"),
        ({"min_removed": 39}, "min_removed must be at most 38 for 40 manifolds, got 39"),
        ({"min_removed": -1}, "min_removed must be at least 0"),
        ({"criterion": "mean"}, "criterion"),
        ({"tol": -1.0}, "tol must be in"),
        ({"max_iter": 0}, "max_iter must be at least 1"),
    ],
)
def test_bad_input(rng, options, message):
    with pytest.raises(ValueError, match=message):
        find_center_directions(planted(rng, 1)[0], **options)


def test_bad_costs():
    with pytest.raises(ValueError, match="V must have 3 rows"):
        center_correlation_cost(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match="orthonormal columns"):
        center_correlation_cost(np.eye(3), np.ones((3, 1)))


@pytest.mark.parametrize("criterion", ["absolute", "squared"])
def test_what_is_measured_for_each_number(rng, criterion):
    shared = 3 * rng.standard_normal((12, 2)) @ rng.standard_normal((2, 30))
    X = list((shared + rng.standard_normal((12, 30)))[:, np.newaxis])
    found = find_center_directions(X, criterion=criterion)
    centers = np.concatenate(X) - np.mean(X, axis=0)
    pairs = np.triu_indices(12, 1)
    for k, V in ((0, np.zeros((0, 30))), (found.n_removed, found.directions)):
        left = centers - centers @ V.T @ V
        products = (left @ left.T)[pairs]
        norms = np.linalg.norm(left, axis=1)
        correlations = products / np.outer(norms, norms)[pairs]
        np.testing.assert_allclose(found.center_norms[k], norms)
        np.testing.assert_allclose(found.absolute_correlation[k], np.abs(correlations).mean())
        np.testing.assert_allclose(found.squared_correlation[k], (correlations**2).mean())
        np.testing.assert_allclose(found.absolute_product[k], np.abs(products).mean())
        np.testing.assert_allclose(found.squared_product[k], (products**2).mean())
    np.testing.assert_array_equal(found.correlation, getattr(found, f"{criterion}_correlation"))


def test_many_manifolds(rng):
    # one start on all threads, ends that are not polished, axes of a Lanczos iteration
    X, axes = planted(rng, 3, n_manifolds=210, n_features=150)
    options = {"max_removed": 3}
    runs = [find_center_directions(X, n_jobs=n, **options) for n in (1, 2)]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)
    found = runs[0]
    assert found.n_removed == 3
    assert np.linalg.svd(found.directions @ axes.T, compute_uv=False).min() > 0.95
    centers = np.vstack(X) - np.mean(X, axis=0)
    value, gradient = center_correlation_cost(centers, found.directions.T)
    assert value == pytest.approx(cost(centers, found.directions.T), rel=1e-12)
    tangent = gradient - found.directions.T @ (found.directions @ gradient)
    assert np.linalg.norm(tangent) < 5e-3 * value
    close = find_center_directions(X, n_restarts=3, tol=1e-9, **options)
    np.testing.assert_allclose(found.correlation, close.correlation, rtol=2e-3)
    order = rng.permutation(210)
    other = find_center_directions([X[i] for i in order], **options)
    np.testing.assert_allclose(found.correlation, other.correlation, rtol=2e-3)
    random = find_center_directions(X, search="stable", random_state=0, **options)
    assert random.n_removed == 3
    noise = [x * (1 + 1e-15 * rng.standard_normal(x.shape)) for x in X]
    moved = find_center_directions(noise, **options)
    np.testing.assert_allclose(found.correlation, moved.correlation, rtol=2e-3)


def test_up_to_200_manifolds_have_three_starts(rng):
    for n_manifolds, n_restarts, tol in ((200, 3, 1e-6), (201, 1, 1e-4)):
        X, _ = planted(rng, 2, n_manifolds=n_manifolds, n_features=60)
        auto = find_center_directions(X, max_removed=3)
        same = find_center_directions(X, max_removed=3, n_restarts=n_restarts, tol=tol)
        np.testing.assert_array_equal(auto.directions, same.directions)
