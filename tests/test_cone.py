"""Projections on cones: optimality, degenerate cones, and what users get wrong."""

import numpy as np
import pytest
from scipy.optimize import nnls

from netrep_go.capacity import project_on_cone


def check_optimal(S, B, projection, tol=1e-9):
    """Check the conditions of Karush, Kuhn and Tucker, which only the projection meets."""
    Pi = projection.weights @ S
    W = (B - Pi) @ S.T
    scale = tol * np.linalg.norm(S, axis=1) * np.linalg.norm(B, axis=1)[:, None]
    assert (projection.weights >= 0).all()
    assert (scale >= W).all()
    assert (np.abs(W) <= scale)[projection.weights > 0].all()
    np.testing.assert_allclose((Pi**2).sum(axis=1), projection.squared_norm, atol=1e-9)
    np.testing.assert_array_equal((projection.weights > 0).sum(axis=1), projection.n_active)


@pytest.mark.parametrize("shape", [(1, 3), (2, 2), (30, 6), (50, 50), (40, 100), (300, 4)])
@pytest.mark.parametrize("n_vectors", [1, 64, 130])
def test_is_the_projection(rng, shape, n_vectors):
    S, B = rng.standard_normal(shape), rng.standard_normal((n_vectors, shape[1]))
    check_optimal(S, B, project_on_cone(S=S, B=B))
    S[:, 0] = 3.0  # a pointed cone
    projection = project_on_cone(B, S)
    check_optimal(S, B, projection)
    for b, squared in zip(B[:10], projection.squared_norm, strict=False):
        residual = nnls(S.T, b)[1]
        assert squared == pytest.approx(b @ b - residual**2, abs=1e-9)


def test_precomputed(rng):
    S, B = rng.standard_normal((20, 7)), rng.standard_normal((9, 7))
    ours = project_on_cone(B, S)
    given = project_on_cone(B @ S.T, S @ S.T, precomputed=True)
    for a, b in zip(ours, given, strict=True):
        np.testing.assert_array_equal(a, b)


def test_degenerate_generators(rng):
    S = rng.standard_normal((12, 5)) + 1
    B = rng.standard_normal((80, 5))
    expected = project_on_cone(B, S)
    Pi = expected.weights @ S
    inside = 0.3 * S[0] + 0.7 * S[1]
    richer = np.vstack([S, 2 * S, np.zeros((3, 5)), inside, S[::-1] / 3])
    projection = project_on_cone(B, richer)
    check_optimal(richer, B, projection)
    np.testing.assert_allclose(projection.weights @ richer, Pi, atol=1e-9)
    np.testing.assert_allclose(projection.squared_norm, expected.squared_norm, atol=1e-9)


def test_subspaces_and_rays(rng):
    basis = rng.standard_normal((3, 8))
    B = rng.standard_normal((40, 8))
    plane = np.vstack([basis, -basis])
    Q = np.linalg.qr(basis.T)[0]
    projection = project_on_cone(B, plane)
    np.testing.assert_allclose(projection.weights @ plane, B @ Q @ Q.T, atol=1e-9)
    assert (projection.n_active == 3).all()
    ray = project_on_cone(B, basis[:1])
    expected = np.maximum(B @ basis[0], 0) ** 2 / (basis[0] @ basis[0])
    np.testing.assert_allclose(ray.squared_norm, expected)
    assert not project_on_cone(B, np.zeros((4, 8))).weights.any()


def test_almost_dependent_generators(rng):
    base = rng.standard_normal((6, 5)) + 1
    B = rng.standard_normal((50, 5))
    for noise in (1e-4, 1e-6, 1e-8, 1e-10, 1e-14):
        S = np.vstack([base, base + noise * rng.standard_normal(base.shape)])
        projection = project_on_cone(B, S)
        residual = [nnls(S.T, b)[1] ** 2 for b in B]
        squared = (B**2).sum(axis=1) - residual
        np.testing.assert_allclose(projection.squared_norm, squared, atol=1e-6)
        assert projection.violation.max() < 1e-6


def test_scales(rng):
    S, B = rng.standard_normal((15, 6)), rng.standard_normal((30, 6))
    plain = project_on_cone(B, S)
    for scale in (1e-100, 1e-6, 1e6, 1e100):
        scaled = project_on_cone(B, scale * S)
        np.testing.assert_allclose(scaled.squared_norm, plain.squared_norm, rtol=1e-9)
        longer = project_on_cone(scale * B, S)
        np.testing.assert_allclose(longer.squared_norm, scale**2 * plain.squared_norm, rtol=1e-9)
    uneven = project_on_cone(B, S * 10.0 ** rng.integers(-6, 7, (15, 1)))
    np.testing.assert_allclose(uneven.squared_norm, plain.squared_norm, rtol=1e-9, atol=1e-12)


def test_threads_and_inputs(rng):
    S, B = rng.standard_normal((25, 9)), rng.standard_normal((500, 9))
    for x in (S, B):
        x.flags.writeable = False
    one, two = (project_on_cone(B, S, n_jobs=n) for n in (1, 2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("B", "S", "options", "message"),
    [
        (np.ones((2, 3)), np.ones((2, 4)), {}, "equally many columns, got 3 and 4"),
        (np.ones((2, 3)), np.full((2, 3), np.nan), {}, "S contains NaN"),
        (np.ones(3), np.ones((2, 3)), {}, "B must have 2 dimensions"),
        (np.ones((2, 3)), np.ones((4, 3)), {"precomputed": True}, "symmetric Gram matrix"),
        (np.ones((2, 2)), [[1, 2], [3, 4]], {"precomputed": True}, "symmetric Gram matrix"),
        (np.ones((2, 2)), -np.eye(2), {"precomputed": True}, "negative diagonal"),
    ],
)
def test_bad_input(B, S, options, message):
    with pytest.raises(ValueError, match=message):
        project_on_cone(B, S, **options)


@pytest.mark.parametrize(
    ("seed", "n_generators", "rank", "height"),
    [(3, 5, 3, 1.0), (5, 5, 3, 1.0), (30, 30, 4, 1.0), (60, 60, 5, 1e-3)],
)
def test_active_generators_are_independent(seed, n_generators, rank, height):
    rng = np.random.default_rng(seed)
    S = rng.standard_normal((n_generators, rank - 1))
    if n_generators == 5:
        S /= np.linalg.norm(S, axis=1, keepdims=True)
    S = np.hstack([S, np.full((n_generators, 1), height)])
    found = project_on_cone(rng.standard_normal((20_000, rank)), S)
    assert found.n_active.max() == rank
    assert found.violation.max() < 1e-11
