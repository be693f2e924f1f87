"""Matching of units: golden values, exhaustive search, linear programs and POT."""

import itertools

import numpy as np
import pytest
from measure_checks import CASES, check_cohort
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog

from netrep_go.metrics import (
    CorrelationMatch,
    PartialSoftMatching,
    SoftMatching,
    _matching,
    get_measure,
)
from netrep_go.metrics._matching import transport
from netrep_go.multiset import pairwise_distances

MEASURES = [
    CorrelationMatch(),
    CorrelationMatch("semi"),
    SoftMatching(),
    SoftMatching("correlation"),
    PartialSoftMatching(0.35),
]

GOLDEN = {
    ("hard_correlation_match",): (0.215798528814, 0.142031333094),
    ("HardCorrelationMatch",): (0.215798528814, 0.142031333094),
    ("semi_matching",): (0.255748487725, 0.15694692416),
    ("SoftCorrelationMatch",): (0.255748487725, 0.15694692416),
    ("soft_matching_distance",): (5.43122200561, 18.3453248909),
    ("soft_matching_correlation",): (0.129622595851, 0.142031333094),
    ("partial_soft_matching", 0.5): (0.356241880495, 0.176305845078),
    ("partial_soft_matching", 0.8): (0.207075372429, 0.158279354148),
    ("partial_soft_matching", 0.95): (0.149897609462, 0.147443173679),
}

every_measure = pytest.mark.parametrize("measure", MEASURES, ids=str)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("key", GOLDEN, ids=str)
def test_golden_values(key, case):
    name, *mass = key
    measure = get_measure(name, mass=mass[0]) if mass else get_measure(name)
    want = GOLDEN[key]["AB".index(case)]
    assert measure.fit_score(*CASES[case]) == pytest.approx(want, abs=2e-12, rel=1e-11)


def correlations(x, y):
    x, y = ((z - z.mean(axis=0)) / np.linalg.norm(z - z.mean(axis=0), axis=0) for z in (x, y))
    return x.T @ y


def best_plan(gains, mass=1.0):
    """Return the largest sum of shares times gains, by a linear program."""
    p, q = gains.shape
    rows = np.kron(np.eye(p), np.ones(q))
    columns = np.kron(np.ones(p), np.eye(q))
    bounds = np.concatenate([np.full(p, 1 / p), np.full(q, 1 / q)])
    found = linprog(-gains.ravel(), np.vstack([rows, columns]), bounds, np.ones((1, p * q)), [mass])
    return -found.fun


@pytest.mark.parametrize("widths", [(4, 4), (3, 5), (6, 4), (1, 3), (2, 1), (1, 1)])
def test_against_definitions(rng, widths):
    x, y = (rng.standard_normal((9, p)) * rng.uniform(0.1, 10, p) + 1 for p in widths)
    rho = correlations(x, y)
    narrow = rho if widths[0] <= widths[1] else rho.T
    p, q = narrow.shape
    hard = max(
        narrow[range(p), list(columns)].mean() for columns in itertools.permutations(range(q), p)
    )
    assert CorrelationMatch().fit_score(x, y) == pytest.approx(hard, abs=1e-14)
    semi = (rho.max(axis=0).mean() + rho.max(axis=1).mean()) / 2
    assert CorrelationMatch("semi").fit_score(x, y) == pytest.approx(semi, abs=1e-14)
    soft = SoftMatching("correlation").fit_score(x, y)
    assert soft == pytest.approx(best_plan(rho), abs=1e-12)
    for mass in (0.01, 0.3, 0.77, 1.0):
        part = PartialSoftMatching(mass).fit_score(x, y)
        assert part == pytest.approx(best_plan(rho, mass) / mass, abs=1e-9)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    apart = ((x[:, :, np.newaxis] - y[:, np.newaxis]) ** 2).sum(axis=0)
    assert SoftMatching().fit_score(x, y) == pytest.approx(np.sqrt(-best_plan(-apart)), rel=1e-9)


@pytest.mark.parametrize("widths", [(40, 40), (40, 30), (30, 41)])
def test_against_pot(rng, widths):
    ot = pytest.importorskip("ot", reason="the reference of soft matching is POT")
    x, y = (rng.standard_normal((50, p)) for p in widths)
    rho = correlations(x, y)
    masses = [np.full(p, 1 / p) for p in widths]
    want = 1 - ot.emd2(*masses, 1 - rho)
    assert SoftMatching("correlation").fit_score(x, y) == pytest.approx(want, abs=1e-12)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    want = np.sqrt(ot.emd2(*masses, ot.dist(x.T, y.T)))
    assert SoftMatching().fit_score(x, y) == pytest.approx(want, rel=1e-10)
    plan = ot.partial.partial_wasserstein(*masses, 1 - rho, m=0.6)
    want = (plan * rho).sum() / plan.sum()
    assert PartialSoftMatching(0.6).fit_score(x, y) == pytest.approx(want, abs=1e-9)


@every_measure
def test_cohorts(measure, rng):
    check_cohort(measure, [rng.standard_normal((15, p)) for p in (4, 6, 4, 1)])


@every_measure
def test_a_network_and_itself_reordered(measure, rng):
    x = rng.standard_normal((30, 12))
    best = 0.0 if measure.properties.kind == "distance" else 1.0
    for other in (x, x[:, ::-1]):
        assert measure.fit_score(x, other) == pytest.approx(best, abs=1e-13)
    twice = np.repeat(x, 3, axis=1)  # units in the same shares
    if not isinstance(measure, CorrelationMatch):
        assert measure.fit_score(x, twice) == pytest.approx(best, abs=1e-13)


def test_distances_of_many_samples_are_summed_in_blocks(rng, monkeypatch):
    x, y = rng.standard_normal((30, 8)), rng.standard_normal((30, 5))
    want = SoftMatching().fit_score(x, y)
    for block in (1, 70):
        monkeypatch.setattr(_matching, "_BLOCK", block)
        assert SoftMatching().fit_score(x, y) == pytest.approx(want, rel=1e-14)


def test_small_distances_are_accurate(rng):
    x = rng.standard_normal((20, 6))
    for tiny in (1e-5, 1e-10):
        got = SoftMatching().fit_score(x, x[:, ::-1] + tiny * np.arange(20)[:, np.newaxis])
        want = tiny * np.sqrt(((np.arange(20) - 9.5) ** 2).sum())
        assert got == pytest.approx(want, rel=1e-4)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_samples(n, rng):
    x, y = rng.standard_normal((2, n, 3))
    for measure in MEASURES:
        if n == 1:
            with pytest.warns(UserWarning, match="X: (no unit varies|one sample does not tell)"):
                assert np.isnan(measure.fit_score(x, y))
        elif n == 2 and measure.properties.kind == "similarity":
            rho = correlations(x, y)  # of 1 and -1
            assert_allclose(np.abs(rho), 1)
            assert -1 <= measure.fit_score(x, y) <= 1
        else:
            assert np.isfinite(measure.fit_score(x, y))


@pytest.mark.parametrize("dead", [0.0, 0.1, 1e6 / 3])
def test_units_that_do_not_vary_correlate_with_none(dead, rng):
    x, y = rng.standard_normal((2, 11, 4))
    x[:, 1] = dead
    y[:, 2] = dead
    alive = correlations(np.delete(x, 1, axis=1), np.delete(y, 2, axis=1))
    rho = np.zeros((4, 4))
    rho[np.ix_([0, 2, 3], [0, 1, 3])] = alive
    with pytest.warns(UserWarning, match=r"[XY]: 1 unit does not vary; their correlations count"):
        assert SoftMatching("correlation").fit_score(x, y) == pytest.approx(best_plan(rho))


def test_all_dead_is_undefined(rng):
    x, dead = rng.standard_normal((6, 3)), np.full((6, 2), 0.1)
    with pytest.warns(UserWarning, match="is NaN: traindata.'dead'.: no unit varies"):
        D = pairwise_distances("soft_matching_correlation", {"x": x, "dead": dead}, verbose=False)
    assert_array_equal(np.isnan(D), [[False, True], [True, True]])
    with pytest.raises(ValueError, match="Y: no unit varies"):
        PartialSoftMatching().path(x, dead)
    want = np.sqrt(((x - x.mean(axis=0)) ** 2).sum() / 3)
    assert SoftMatching().fit_score(x, dead) == pytest.approx(want)


@pytest.mark.parametrize("scale", [1e-140, 1e-30, 1e30, 1e140])
def test_scales_within_a_network(scale, rng):
    x, y = rng.standard_normal((2, 12, 4))
    sizes = np.array([1.0, scale, 1.0, scale])
    for measure in (CorrelationMatch(), SoftMatching("correlation"), PartialSoftMatching(0.6)):
        want = measure.fit_score(x, y)
        assert measure.fit_score(x * sizes, y * scale) == pytest.approx(want, abs=1e-12)
    want = SoftMatching().fit_score(x, y)
    assert SoftMatching().fit_score(x * scale, y * scale) / scale == pytest.approx(want)
    far = SoftMatching().fit_score(x, y * scale)
    spread = [((z - z.mean(axis=0)) ** 2).sum() / 4 for z in (x, y)]
    assert far == pytest.approx(np.sqrt(spread[0]) if scale < 1 else scale * np.sqrt(spread[1]))


@pytest.mark.parametrize("widths", [(5, 7), (7, 5), (6, 6), (4, 8), (1, 5)])
def test_paths_are_the_measure_for_all_masses(rng, widths):
    x, y = (rng.standard_normal((20, p)) for p in widths)
    path = PartialSoftMatching().path(x, y)
    for mass in (1e-3, 0.2, 0.5, 0.9, 1.0):
        want = PartialSoftMatching(mass).fit_score(x, y)
        assert path.at(mass) == pytest.approx(want, abs=1e-13)
    assert path.mass[-1] == 1
    assert (np.diff(path.mass) > 0).all()
    assert (np.diff(path.correlation) < 1e-14).all()
    frame = path.to_frame()
    assert_array_equal(frame.index, path.mass)
    assert_array_equal(frame["correlation"], path.correlation)


@pytest.mark.parametrize("widths", [(4, 6), (6, 4), (5, 5)])
def test_units_join_in_the_order_of_the_path(rng, widths):
    x, y = (rng.standard_normal((20, p)) for p in widths)
    path = PartialSoftMatching().path(x, y)
    swapped = PartialSoftMatching().path(y, x)
    assert_allclose(swapped.x_mass, path.y_mass, atol=1e-15)
    assert_array_equal(swapped.y_ranking, path.x_ranking)
    rho = correlations(x, y)
    for mass in np.linspace(0.05, 0.95, 7):
        shares = transport(rho, mass).shares
        assert shares.sum() == pytest.approx(mass)
        assert_array_equal(shares.sum(axis=1) > 1e-12, path.x_mass < mass)
        assert_array_equal(shares.sum(axis=0) > 1e-12, path.y_mass < mass)
    first = np.unravel_index(rho.argmax(), rho.shape)
    assert (path.x_ranking[0], path.y_ranking[0]) == first


def test_planted_units_join_first(rng):
    x, noise = rng.standard_normal((2, 60, 8))
    y = np.hstack([noise, x[:, :5] + 0.1 * rng.standard_normal((60, 5))])
    path = PartialSoftMatching().path(x, y)
    assert set(path.x_ranking[:5]) == set(range(5))
    assert set(path.y_ranking[:5]) == set(range(8, 13))


@pytest.mark.parametrize("mass", [0, -0.5, 1.5, np.nan, 1e-12])
def test_masses_out_of_range(mass, rng):
    with pytest.raises(ValueError, match="mass must be in"):
        PartialSoftMatching(mass)
    path = PartialSoftMatching().path(*rng.standard_normal((2, 5, 3)))
    with pytest.raises(ValueError, match="mass must be in"):
        path.at(mass)


def test_ties_do_not_change_values(rng):
    x = rng.integers(0, 2, (12, 6)).astype(float)
    y = np.hstack([x, x[:, :3]])
    order = rng.permutation(9)
    for measure in MEASURES:
        want = measure.fit_score(x, y)
        assert measure.fit_score(x, y[:, order]) == pytest.approx(want, abs=1e-12)
        assert measure.fit_score(y, x) == pytest.approx(want, abs=1e-12)
