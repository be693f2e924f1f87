"""Analytic capacities against the tables of the literature, closed forms and simulation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import nnls

from netrep_go.capacity import (
    ball_capacity,
    conic_separability,
    cover_separability,
    disc_separability,
    ellipsoid_capacity,
    point_capacity,
    segment_separability,
)

POINTS = {
    -1: 13.2732,
    -0.5: 4.770099,
    0: 2,
    0.25: 1.364643,
    0.5: 0.961205,
    1: 0.519572,
    1.5: 0.309871,
    2: 0.200231,
    3: 0.100002,
}

RADII = (0.1, 0.25, 0.5, 1, 2)
# (margin, dimension): capacities at these radii
BALLS = {
    (0, 1): (1.77478, 1.52449, 1.25760, 1.00000, 0.82999),
    (0, 2): (1.65435, 1.29468, 0.94986, 0.66667, 0.51355),
    (0, 5): (1.45020, 0.96019, 0.57651, 0.33333, 0.23444),
    (0, 10): (1.26159, 0.71044, 0.36005, 0.18182, 0.12162),
    (0, 20): (1.04708, 0.48600, 0.20851, 0.09524, 0.06171),
    (0, 50): (0.74381, 0.25837, 0.09259, 0.03922, 0.02488),
    (0, 100): (0.52510, 0.14658, 0.04808, 0.01980, 0.01247),
    (0.5, 1): (0.87120, 0.77412, 0.67560, 0.58793, 0.53567),
    (0.5, 5): (0.73545, 0.52602, 0.35327, 0.23757, 0.18954),
    (0.5, 20): (0.55950, 0.29637, 0.14780, 0.07792, 0.05546),
    (1, 1): (0.47932, 0.43762, 0.39828, 0.36763, 0.35251),
    (1, 10): (0.37693, 0.25572, 0.16485, 0.10997, 0.09049),
}


def squared_projections_on_balls(t, radius, kappa):
    """Project on the cone over a ball, by the closed form of second-order cones."""
    x, z = np.linalg.norm(t[:, :-1], axis=1), t[:, -1] + kappa
    touching = (radius * x + z) ** 2 / (1 + radius**2)
    outside = np.where(radius * x + z > 0, touching, 0.0)
    return np.where(x <= radius * z, x**2 + z**2, outside)


@pytest.mark.parametrize(("kappa", "capacity"), POINTS.items())
def test_points(kappa, capacity):
    assert point_capacity(kappa) == pytest.approx(capacity, rel=1e-5)


@pytest.mark.parametrize(("kappa", "dimension"), BALLS)
def test_balls(kappa, dimension):
    capacities = ball_capacity(RADII, dimension, kappa)
    assert_allclose(capacities, BALLS[kappa, dimension], atol=6e-6)


def test_segments_and_discs_have_closed_forms():
    R = np.array([1e-3, 0.1, 0.6, 1.0, 3.0, 50.0])
    assert_allclose(ball_capacity(R, 1), 1 / (0.5 + 2 / np.pi * np.arctan(R)), rtol=1e-9)
    assert_allclose(ball_capacity(R, 2), 1 / (1.5 + (R - 1) / np.sqrt(1 + R**2)), rtol=1e-9)


@pytest.mark.parametrize("dimension", [1, 3, 4.5, 60, 1000])
def test_duality_and_limits_of_balls(dimension):
    R = np.array([0.01, 0.3, 1.0])
    dual = 1 / ball_capacity(R, dimension) + 1 / ball_capacity(1 / R, dimension)
    assert_allclose(dual, dimension + 1, rtol=1e-9)
    assert ball_capacity(0.0, dimension) == 2.0
    assert ball_capacity(1.0, 0.0) == 2.0
    assert ball_capacity(1e7, dimension) == pytest.approx(1 / (dimension + 0.5), rel=1e-5)


@pytest.mark.parametrize("kappa", [-1.0, -0.3, 0.8])
@pytest.mark.parametrize("radius", [0.2, 1.5])
def test_balls_against_simulation(kappa, radius, rng):
    t = rng.standard_normal((200_000, 4))
    squares = squared_projections_on_balls(t, radius, kappa)
    error = squares.std() / np.sqrt(len(t))
    assert abs(1 / ball_capacity(radius, 3, kappa) - squares.mean()) < 4 * error
    assert error < 0.02


def test_formulas_broadcast_and_keep_scalars():
    assert isinstance(point_capacity(0.0), float)
    assert isinstance(ball_capacity(0.5, 2), float)
    assert ball_capacity([[0.1], [0.2]], [1, 2, 3]).shape == (2, 3)
    assert point_capacity(-60.0) == np.inf


@pytest.mark.parametrize(
    ("radii", "capacity", "with_margin"),
    [
        ((1.0, 0.5), 0.789, 0.475),
        (1.0 / np.arange(1, 6), 0.639, 0.388),
        ((2.0, *[0.1] * 9), 0.680, 0.433),
    ],
)
def test_ellipsoids(radii, capacity, with_margin):
    # the table is a simulation with a standard error of 0.4 %
    for kappa, expected in ((0.0, capacity), (0.5, with_margin)):
        value, error = ellipsoid_capacity(radii, kappa, random_state=0)
        assert value == pytest.approx(expected, rel=0.012)
        assert error < 0.002 * value


@pytest.mark.parametrize("kappa", [-0.5, 0.0, 0.7])
@pytest.mark.parametrize(("radius", "dimension"), [(0.3, 1), (0.5, 5), (2.0, 20)])
def test_round_ellipsoids_are_balls(radius, dimension, kappa):
    expected = ball_capacity(radius, dimension, kappa)
    value, error = ellipsoid_capacity([radius] * dimension, kappa, random_state=1)
    assert abs(value - expected) < 4 * error
    assert error < 0.004 * value


def test_an_ellipse_against_the_polygon_in_it(rng):
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    cone = np.stack([1.3 * np.cos(angles), 0.4 * np.sin(angles), np.ones_like(angles)])
    squares = []
    for t in rng.normal([0.0, 0.0, 0.4], size=(1500, 3)):
        squares.append(t @ t - nnls(cone, t)[1] ** 2)
    value, _ = ellipsoid_capacity([1.3, 0.4], 0.4, random_state=0)
    assert abs(np.mean(squares) - 1 / value) < 4 * np.std(squares) / np.sqrt(len(squares))


def test_flat_axes_of_ellipsoids_do_not_count():
    flat = ellipsoid_capacity([0.7, 0.0, 0.0], random_state=3)
    assert flat == ellipsoid_capacity([0.7], random_state=3)
    value, error = ellipsoid_capacity([0.0], n_t=2**14, random_state=0)
    assert abs(value - 2.0) < 4 * error + 1e-3


def test_cover():
    expected = [0.0835, 0.1796, 0.3238, 0.5, 0.6762, 0.8204]
    assert_allclose(cover_separability(20, np.arange(6, 12)), expected, atol=6e-5)
    expected = [0.1684, 0.2612, 0.3746, 0.5, 0.6254, 0.7388, 0.8316]
    assert_allclose(cover_separability(40, np.arange(16, 23)), expected, atol=6e-5)
    assert_allclose(
        cover_separability(40, np.arange(17, 24), fit_intercept=False), expected, atol=6e-5
    )
    assert cover_separability(5, 4) == 1.0
    assert cover_separability(5, 0) == pytest.approx(2 / 32)


@pytest.mark.parametrize(
    ("radius", "n_features", "expected"),
    [
        (0.5, [8, 10, 12], [0.2532, 0.5845, 0.8583]),
        (1.0, [10, 12, 14], [0.2024, 0.5, 0.7976]),
        (2.0, [12, 14, 16], [0.1417, 0.4155, 0.7468]),
    ],
)
def test_segments_of_a_finite_number(radius, n_features, expected):
    assert_allclose(segment_separability(12, n_features, radius), expected, atol=6e-5)


def test_discs_of_a_finite_number():
    expected = [0.1465, 0.3634, 0.5, 0.6366, 0.8535]
    assert_allclose(disc_separability(10, [12, 14, 15, 16, 18], 1.0), expected, atol=6e-5)


@pytest.mark.parametrize("separability", [segment_separability, disc_separability])
def test_separability_turns_where_capacity_says(separability):
    dimension = 1 if separability is segment_separability else 2
    n_manifolds = 400
    curve = separability(n_manifolds, np.arange(1500), 0.7)
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[0] == 0
    assert curve[-1] == 1
    critical = np.searchsorted(curve, 0.5)
    assert n_manifolds / critical == pytest.approx(ball_capacity(0.7, dimension), rel=0.01)


def test_segments_of_radius_0_are_points_and_infinite_ones_are_lines():
    n = np.arange(0, 30)
    assert_allclose(
        segment_separability(12, n, 0.0), cover_separability(12, n, fit_intercept=False)
    )
    lines = segment_separability(12, n, np.inf)  # each takes a feature from the 12 centers
    assert_allclose(lines[12:], cover_separability(12, n[:-12], fit_intercept=False), atol=1e-12)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="radius must not be negative, got -1"):
        ball_capacity(-1.0, 2)
    with pytest.raises(ValueError, match="kappa must be finite, got nan"):
        point_capacity(np.nan)
    with pytest.raises(ValueError, match="radii must not be negative"):
        ellipsoid_capacity([1.0, -0.5])
    with pytest.raises(ValueError, match="n_t must be at least 1, got 0"):
        ellipsoid_capacity([1.0], n_t=0)
    with pytest.raises(TypeError, match="n_features must be an integer, got float64 values"):
        cover_separability(10, 2.5)
    with pytest.raises(ValueError, match="n_points must be at least 1, got 0"):
        cover_separability(0, 2)
    with pytest.raises(ValueError, match="probabilities that add up to 1"):
        conic_separability([0.5, 0.6], 3, 4)
    with pytest.raises(ValueError, match=r"radius must be in \[0, inf\], got -0.1"):
        disc_separability(10, 4, -0.1)


def test_tails_of_points():
    # where the series takes over, and where the terms of the closed form cancel
    near, far = point_capacity(-9.9999999), point_capacity(-10.0000001)
    assert far / near == pytest.approx(1 + 2e-7 * 10.3, rel=1e-8)
    x = 30.0
    series = 2 / x**3 * (1 - 6 / x**2 + 45 / x**4 - 420 / x**6 + 4725 / x**8)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    assert point_capacity(-x) == pytest.approx(1 / (density * series), rel=1e-9)
    assert (point_capacity(-45.0), point_capacity(1e200)) == (np.inf, 0.0)


# by mpmath's quadrature at 30 digits
@pytest.mark.parametrize(
    ("radius", "dimension", "kappa", "expected"),
    [
        (0.7, 1e-6, 0.0, 1.999998374798758),
        (0.7, 1e-3, 0.0, 1.99837620410153),
        (0.7, 0.3, 0.0, 1.6127442215333685),
        (1e-3, 1e-3, 0.5, 0.9612034448569178),
        (1e3, 0.01, 0.0, 1.9608223669031255),
        (0.5, 1.0, -3.0, 812.64990543451),
        (0.1, 100.0, 1.0, 0.20244210511531693),
        (1.0, 1e8, 0.0, 2 / (1e8 + 1)),
        (1.0, 1e15, 0.0, 2e-15),
        (1.0, 1e300, 0.0, 2e-300),
        (0.5, 1e16, 0.0, 5e-16),
        (1e-300, 5.0, 0.0, 2.0),
        (1e300, 5.0, 0.0, 2 / 11),
        (1e-300, 1e-300, 0.0, 2.0),
        (1.0, 3.0, 1e160, 0.0),
        (1.0, 3.0, -1e3, np.inf),
    ],
)
def test_balls_at_the_edges(radius, dimension, kappa, expected):
    assert ball_capacity(radius, dimension, kappa) == pytest.approx(expected, rel=2e-8)


def test_ellipsoids_at_the_edges():
    assert ellipsoid_capacity([1e200], random_state=0)[0] == pytest.approx(2 / 3, rel=1e-3)
    for radii in ([1e-200], [0.0, 0.0]):
        assert ellipsoid_capacity(radii, random_state=0)[0] == pytest.approx(2, rel=5e-3)
    assert ellipsoid_capacity([1.0], -50.0, random_state=0) == (np.inf, np.inf)


def test_volumes_of_a_subspace():
    with pytest.raises(ValueError, match="even dimension must add up to 1/2"):
        conic_separability([1.0], 3, [1])
