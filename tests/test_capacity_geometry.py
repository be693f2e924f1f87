"""Linear measures of manifolds, against spectra that are known by construction."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import ortho_group

from netrep_go.capacity import (
    center_correlations,
    explained_variance_dimension,
    manifold_radii,
    participation_ratio,
    spectral_radii,
)

PER_MANIFOLD = [participation_ratio, explained_variance_dimension, manifold_radii, spectral_radii]


def with_spectrum(scales, rng, n_samples=12, n_features=9):
    """Return samples whose covariance has the squares of these numbers as eigenvalues."""
    rank = len(scales)
    left = rng.standard_normal((n_samples, rank))
    left = np.linalg.qr(left - left.mean(axis=0))[0] * np.sqrt(n_samples)
    right = ortho_group.rvs(n_features, random_state=np.random.RandomState(1))[:rank]
    return left * scales @ right


@pytest.mark.parametrize("n_features", [9, 30])
def test_dimensions_of_known_spectra(rng, n_features):
    X = with_spectrum([2.0, 1.0, 1.0], rng, n_features=n_features) + 5.0
    assert participation_ratio(X) == pytest.approx(6.0**2 / (16 + 1 + 1))
    for fraction, expected in [(0.0, 1), (0.6, 1), (0.7, 2), (0.83, 2), (0.84, 3), (1.0, 3)]:
        assert explained_variance_dimension(X, fraction=fraction) == expected


def test_isotropic_features_count_in_full(rng):
    # mftma's alldata_dimension_analysis says 2 and 1
    X = with_spectrum([1.0, 1.0, 1.0], rng)
    assert participation_ratio(X) == pytest.approx(3.0)
    assert explained_variance_dimension(X, fraction=0.9) == 3


def test_radii_of_known_manifolds(rng):
    scales, center = np.array([0.5, 0.3, 0.1]), np.full(9, 2.0)
    X = np.concatenate([with_spectrum(scales, rng) + center, -center[np.newaxis] * 2])
    y = ["b"] * 12 + ["a"]
    distance = np.linalg.norm(center) * 1.5  # from the mean of the two centers
    assert_allclose(manifold_radii(X, y), [0, np.sqrt((scales**2).sum()) / distance], atol=1e-12)
    expected = np.sqrt((scales**4).sum()) / distance**2
    assert_allclose(spectral_radii(X, y), [0, expected], atol=1e-12)


@pytest.mark.parametrize("measure", PER_MANIFOLD)
def test_labels_lists_and_padding_agree(measure, rng):
    X = rng.standard_normal((20, 6)) + np.repeat([[0.0], [2.0]], 10, axis=0)
    y = np.repeat([3, 1], 10)
    shuffled = rng.permutation(20)
    expected = measure([X[10:], X[:10]])
    before = X.copy()
    assert_allclose(measure(X[shuffled], y[shuffled]), expected)
    assert_allclose(measure(np.stack([X[10:], X[:10]])), expected)
    padded = [np.concatenate([x, np.full((3, 6), np.nan)]) for x in (X[10:], X[:10])]
    assert_allclose(measure(padded), expected)
    assert_allclose(measure([x.astype(np.float32) for x in padded]), expected, rtol=1e-5)
    assert_array_equal(X, before)


@pytest.mark.parametrize("measure", PER_MANIFOLD)
def test_measures_do_not_depend_on_rotation_translation_and_scale(measure, rng):
    X = [rng.standard_normal((5, 7)) + 3 * rng.standard_normal(7) for _ in range(4)]
    Q = ortho_group.rvs(7, random_state=np.random.RandomState(0))
    assert_allclose(measure([4.0 * x @ Q - 2.0 for x in X]), measure(X))


def test_points_and_duplicates_have_no_extent():
    points = np.full((4, 3), 0.1)
    assert participation_ratio(points) == 0.0
    assert explained_variance_dimension(points) == 0
    assert participation_ratio(points[:1]) == 0.0
    assert_array_equal(manifold_radii([points, -points]), [0.0, 0.0])


def test_center_correlations(rng):
    X = [rng.standard_normal((4, 6)) + 2 * rng.standard_normal(6) for _ in range(5)]
    centers = np.stack([x.mean(axis=0) for x in X])
    centers -= centers.mean(axis=0)
    norms = np.linalg.norm(centers, axis=1)
    C = center_correlations(X)
    assert_allclose(C, centers @ centers.T / np.outer(norms, norms))
    assert_array_equal(C, C.T)
    assert_allclose(center_correlations(X[:2]), [[1, -1], [-1, 1]])


def test_bad_manifolds_are_refused(rng):
    X = rng.standard_normal((6, 3))
    with pytest.raises(ValueError, match=r"y must have shape \(6,\), got \(5,\)"):
        manifold_radii(X, [0] * 5)
    with pytest.raises(ValueError, match="X must have at least 2 manifolds"):
        manifold_radii(X, [0] * 6)
    with pytest.raises(ValueError, match=r"X\[0\] has 3 and X\[1\] 2"):
        participation_ratio([X, X[:, :2]])
    hole = X.copy()
    hole[4, 1] = np.nan
    with pytest.raises(ValueError, match="manifold 'b' has samples that are NaN or infinite in"):
        participation_ratio(hole, list("aaabbb"))
    with pytest.raises(ValueError, match="manifold 1 has no samples: all are NaN"):
        participation_ratio([X, np.full((2, 3), np.nan)])
    with pytest.raises(ValueError, match="the center of manifold 'mid' is the mean of all"):
        center_correlations([[0.1, 0.0], [0.2, 0.0], [0.3, 0.0]], ["left", "mid", "right"])
    with pytest.raises(ValueError, match=r"fraction must be in \[0, 1\], got 1.5"):
        explained_variance_dimension(X, fraction=1.5)
    with pytest.raises(ValueError, match=r"X\[0\] must have 2 dimensions"):
        participation_ratio([[[[1.0]]]])
