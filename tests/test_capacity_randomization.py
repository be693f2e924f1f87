"""Controls change what they say and keep the rest."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.capacity import (
    decorrelate_centers,
    manifold_radii,
    orthogonalize_centers,
    participation_ratio,
    permute_axes,
    permute_features,
    project_on_centers,
    randomize_centers,
    scale_manifolds,
    shuffle_samples,
    standardize_features,
    truncate_manifolds,
    whiten_features,
)

RANDOM = [
    orthogonalize_centers,
    randomize_centers,
    partial(randomize_centers, equal_norms=True),
    permute_axes,
    permute_features,
    shuffle_samples,
]
FIXED = [
    partial(truncate_manifolds, n_components=2),
    partial(scale_manifolds, factor=0.5),
    decorrelate_centers,
    partial(decorrelate_centers, keep_norms=False),
    project_on_centers,
    standardize_features,
    partial(standardize_features, center=False),
    whiten_features,
]
ALL = [partial(f, random_state=7) for f in RANDOM] + FIXED


@pytest.fixture
def X(rng):
    """Four manifolds of unequal size in twelve features, off the origin."""
    return [
        rng.standard_normal((n, 12)) * 0.3 + 2 * rng.standard_normal(12) + 1.0 for n in (5, 6, 3, 4)
    ]


def centers(X):
    return np.stack([np.mean(x, axis=0) for x in X])


def deviations(X):
    return [x - x.mean(axis=0) for x in X]


def gram(X):
    """Return all inner products within manifolds."""
    return [d @ d.T for d in deviations(X)]


def assert_same_within(X, Y):
    for a, b in zip(gram(X), gram(Y), strict=True):
        assert_allclose(a, b, atol=1e-12)


def assert_diagonal(C, diagonal):
    assert_allclose(C @ C.T, np.diag(diagonal), atol=1e-10)


def distances_from_mean(X):
    C = centers(X)
    return np.linalg.norm(C - C.mean(axis=0), axis=1)


def test_orthogonal_centers(X):
    Y = orthogonalize_centers(X, random_state=0)
    assert_diagonal(centers(Y), distances_from_mean(X) ** 2)
    assert_same_within(X, Y)
    for a, b in zip(deviations(X), deviations(Y), strict=True):
        assert_allclose(a, b, atol=1e-12)
    C = centers(X) - centers(X).mean(axis=0)
    gains = np.sum(centers(Y) * C, axis=1) / distances_from_mean(X) ** 2
    assert (gains > 0.5).all()


def test_random_centers(X):
    Y = randomize_centers(X, random_state=0)
    assert_allclose(np.linalg.norm(centers(Y), axis=1), distances_from_mean(X))
    assert_same_within(X, Y)
    Z = randomize_centers(X, equal_norms=True, random_state=0)
    assert_allclose(np.linalg.norm(centers(Z), axis=1), distances_from_mean(X).mean())
    assert_allclose(centers(Z) / np.linalg.norm(centers(Z[:1])), _units(centers(Y)))


def _units(C):
    return C / np.linalg.norm(C, axis=1, keepdims=True)


def test_random_directions_are_uniform(rng):
    X = rng.standard_normal((400, 1, 3))
    directions = _units(centers(randomize_centers(X, random_state=0)))
    assert np.abs(directions.mean(axis=0)).max() < 0.1
    assert_allclose(directions.T @ directions / 400, np.eye(3) / 3, atol=0.06)


def test_permuted_axes(X):
    Y = permute_axes(X, random_state=0)
    assert_allclose(centers(Y), centers(X))
    assert_same_within(X, Y)
    for a, b in zip(deviations(X), deviations(Y), strict=True):
        assert_allclose(np.sort(a, axis=1), np.sort(b, axis=1), atol=1e-12)
        assert not np.allclose(a, b)


def test_permuted_features(X):
    Y = permute_features(X, random_state=0)
    mean = centers(X).mean(axis=0)
    for a, b in zip(X, Y, strict=True):
        assert_allclose(np.sort(a - mean, axis=1), np.sort(b, axis=1))
        assert_allclose((a - mean) @ (a - mean).T, b @ b.T)


def test_shuffled_samples(X):
    Y = shuffle_samples(X, random_state=0)
    assert [len(y) for y in Y] == [5, 6, 3, 4]
    pool, shuffled = np.concatenate(X), np.concatenate(Y)
    assert not np.array_equal(pool, shuffled)
    assert {x.tobytes() for x in pool} == {y.tobytes() for y in shuffled}


def test_truncated_manifolds(X):
    Y = truncate_manifolds(X, n_components=2)
    assert_allclose(centers(Y), centers(X))
    for a, b in zip(deviations(X), deviations(Y), strict=True):
        expected = np.linalg.svd(a, compute_uv=False)
        expected[2:] = 0
        assert_allclose(np.linalg.svd(b, compute_uv=False), expected, atol=1e-12)
    for a, b in zip(truncate_manifolds(X, n_components=50), X, strict=True):
        assert_allclose(a, b)
    for a in truncate_manifolds(X, n_components=0):
        assert_allclose(a, np.tile(a.mean(axis=0), (len(a), 1)))


def test_scaled_manifolds(X):
    Y = scale_manifolds(X, factor=0.5)
    assert_allclose(manifold_radii(Y), manifold_radii(X) / 2)
    assert_allclose(centers(Y), centers(X))


@pytest.mark.parametrize("keep_norms", [True, False])
def test_decorrelated_centers(X, keep_norms):
    Y = decorrelate_centers(X, keep_norms=keep_norms)
    assert_diagonal(centers(Y), (centers(X) ** 2).sum(axis=1) if keep_norms else np.ones(4))
    outside = np.linalg.svd(centers(X))[2][4:]  # the complement of the centers is kept
    for a, b in zip(X, Y, strict=True):
        assert_allclose(a @ outside.T, b @ outside.T, atol=1e-12)
    change = np.linalg.lstsq(np.concatenate(X), np.concatenate(Y), rcond=None)
    assert_allclose(np.concatenate(X) @ change[0], np.concatenate(Y), atol=1e-10)


def test_orthogonal_centers_stay_where_they_are(rng):
    C = np.linalg.qr(rng.standard_normal((7, 7)))[0][:3] * [[1.0], [2.0], [3.0]]
    X = C[:, np.newaxis] + np.array([[0.1], [-0.1]]) * rng.standard_normal(7)
    assert_allclose(decorrelate_centers(X), X, atol=1e-12)


def test_projections_on_centers(X):
    Y = project_on_centers(X)
    assert [y.shape for y in Y] == [(5, 4), (6, 4), (3, 4), (4, 4)]
    assert_allclose(centers(Y) @ centers(Y).T, centers(X) @ centers(X).T)


def test_standardized_features(X):
    pool = np.concatenate(X)
    Y = np.concatenate(standardize_features(X))
    assert_allclose(Y, (pool - pool.mean(axis=0)) / pool.std(axis=0))
    Y = np.concatenate(standardize_features(X, center=False))
    assert_allclose(Y, pool / pool.std(axis=0))


def test_whitened_features(X):
    Y = np.concatenate(whiten_features(X))
    assert_allclose(np.cov(Y.T, bias=True), np.eye(12), atol=1e-10)
    flat = [np.concatenate([x, x[:, :2] + 1.0], axis=1) for x in X]
    assert np.concatenate(whiten_features(flat)).shape == (18, 12)
    assert participation_ratio(Y) == pytest.approx(12)


@pytest.mark.parametrize("change", ALL)
def test_forms_of_input_agree(change, X):
    before = [x.copy() for x in X]
    expected = change(X)
    assert isinstance(expected, list)
    padded = [np.insert(x, 1, np.nan, axis=0) for x in X]
    for a, b in zip(change(padded), expected, strict=True):
        assert np.isnan(a[1]).all()
        assert_array_equal(np.delete(a, 1, axis=0), b)
    y = np.repeat(list("abcd"), [len(x) for x in X])
    whole = change(np.concatenate(X), y)
    assert_array_equal(whole, np.concatenate(expected))
    holes = np.insert(np.concatenate(X), [0, 7], np.nan, axis=0)
    labels = np.insert(y, [0, 7], ["a", "d"])
    assert_array_equal(np.delete(change(holes, labels), [0, 8], axis=0), whole)
    for a, b in zip(X, before, strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize("change", RANDOM)
def test_random_state_determines_the_result(change, X):
    first, again, other = (np.concatenate(change(X, random_state=s)) for s in (3, 3, 4))
    assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_bad_manifolds_are_refused(rng):
    X = rng.standard_normal((5, 2, 4))
    with pytest.raises(ValueError, match="got 5 manifolds and 4 features"):
        orthogonalize_centers(X)
    with pytest.raises(ValueError, match="the 5 centers of X must be linearly independent"):
        decorrelate_centers(X)
    with pytest.raises(ValueError, match="linearly independent"):
        project_on_centers(X[[0, 1, 1]])
    with pytest.raises(ValueError, match="X must have samples that differ"):
        whiten_features(np.full((2, 3, 4), 0.1))
    with pytest.raises(ValueError, match=r"factor must be in \[0, .*, got -1"):
        scale_manifolds(X, factor=-1)
    with pytest.raises(ValueError, match="n_components must be at least 0, got -1"):
        truncate_manifolds(X, n_components=-1)


CONTROLS = {
    "orthogonalize": lambda X: orthogonalize_centers(X, random_state=0),
    "randomize": lambda X: randomize_centers(X, random_state=0),
    "truncate": lambda X: truncate_manifolds(X, n_components=2),
    "whiten": whiten_features,
}


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("rank", [3, 5, 20])
def test_rounding_moves_nothing(rng, name, rank):
    """Axes that the data leave open, such as those that dependent centers lack, are not chosen."""
    X = list(rng.standard_normal((6, 7, rank)) @ rng.standard_normal((rank, 20)))
    first = np.stack(CONTROLS[name](X))
    for _ in range(5):
        moved = CONTROLS[name]([x * (1 + 1e-15 * rng.standard_normal(x.shape)) for x in X])
        np.testing.assert_allclose(np.stack(moved), first, atol=1e-8 * np.abs(first).max())


def test_signs_of_whitened_features_survive_ties():
    X = [[[3.0, 3.0], [-3.0, -3.0]], [[1.0, -1.0], [-1.0, 1.0]]]  # axes (1, 1) and (1, -1)
    noise = np.random.default_rng(0)
    first = np.stack(whiten_features(X))
    for _ in range(20):
        moved = whiten_features(np.array(X) * (1 + 1e-15 * noise.standard_normal((2, 2, 2))))
        np.testing.assert_allclose(np.stack(moved), first, atol=1e-8)
