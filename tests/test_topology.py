"""RTD-Lite and RTD: golden values, the trees and barcodes of their definitions."""

import importlib.util
import sys

import numpy as np
import pytest
from measure_checks import CASES, check_cohort
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform

from netrep_go.metrics import RTD, RTDLite, get_measure
from netrep_go.metrics._gram import condensed_distances
from netrep_go.metrics._topology import _quantile
from netrep_go.multiset import pairwise_distances

needs_ripser = pytest.mark.skipif(
    importlib.util.find_spec("ripser") is None, reason="barcodes need ripser"
)


def distances(x):
    return squareform(pdist(x))


def relative(x):
    a = distances(x)
    return a / np.quantile(a, 0.9)


def spanning_length(a):
    """Return the length of a minimum spanning tree, by Prim's algorithm."""
    reached, nearest, total = [0], a[0].copy(), 0.0
    while len(reached) < len(a):
        nearest[reached] = np.inf
        reached.append(int(nearest.argmin()))
        total += nearest[reached[-1]]
        nearest = np.minimum(nearest, a[reached[-1]])
    return total


def rtd_lite(x, y):
    a, b = relative(x), relative(y)
    common = spanning_length(np.minimum(a, b))
    return (spanning_length(a) - common + spanning_length(b) - common) / 2


@pytest.mark.parametrize(("case", "want"), [("A", 1.48322492217), ("B", 5.17965241648)])
def test_golden_values(case, want):
    assert get_measure("rtd_lite").fit_score(*CASES[case]) == pytest.approx(want, rel=1e-11)


@pytest.mark.parametrize("n", [2, 3, 4, 17, 60])
@pytest.mark.parametrize("p", [1, 3, 80])
def test_against_prim(rng, n, p):
    x, y = rng.standard_normal((n, p)), rng.standard_normal((n, 5))
    assert RTDLite().fit_score(x, y) == pytest.approx(rtd_lite(x, y), abs=1e-12)


def test_ties_and_samples_that_coincide(rng):
    for _ in range(20):
        x, y = rng.integers(0, 3, (2, 14, 2)).astype(float)
        y[3:5] = y[0]
        want = rtd_lite(x, y)
        order = rng.permutation(14)
        assert RTDLite().fit_score(x, y) == pytest.approx(want, abs=1e-12)
        assert RTDLite().fit_score(x[order], y[order]) == pytest.approx(want, abs=1e-12)


def test_cohorts(rng):
    check_cohort(RTDLite(), [rng.standard_normal((15, p)) for p in (4, 6, 4, 1)])


def test_identity_and_clusters(rng):
    x = rng.standard_normal((40, 3))
    for same in (x, 3 * x + 1, x @ np.linalg.qr(rng.standard_normal((3, 3)))[0]):
        assert RTDLite().fit_score(x, same) == pytest.approx(0, abs=1e-12)
    halves = np.repeat([[0.0], [9.0]], 20, axis=0)
    other = np.tile([[0.0], [9.0]], (20, 1))
    assert RTDLite().fit_score(x + halves, x + other) > 0.5


@pytest.mark.parametrize("n", [1, 20])
def test_samples_that_all_coincide_have_no_unit(n, rng):
    x, y = np.ones((n, 3)), rng.standard_normal((n, 3))
    y[1:] = y[0]
    x[:1] = 2.0
    for pair in ((x, y), (y, x)):
        with pytest.warns(UserWarning, match="X: so many samples coincide that the 0.9 quantile"):
            assert np.isnan(RTDLite().fit_score(*pair))


@pytest.mark.parametrize("scale", [1e-145, 1e-10, 1e10, 1e140])
def test_scales(scale, rng):
    x, y = rng.standard_normal((2, 20, 3))
    want = RTDLite().fit_score(x, y)
    assert RTDLite().fit_score(x * scale, y) == pytest.approx(want, rel=1e-12)


def test_the_triangle_inequality_holds_on_graphs_of_all_kinds(rng):
    for _ in range(30):
        xs = [rng.integers(0, 4, (9, rng.integers(1, 4))).astype(float) for _ in range(5)]
        xs += [x + rng.standard_normal(x.shape) for x in xs[:3]]
        D = pairwise_distances(RTDLite(), xs, verbose=False)
        assert (D[:, np.newaxis] - D[:, :, np.newaxis] - D[np.newaxis]).max() < 1e-12


def test_distances_are_right_where_gram_matrices_are_not(rng):
    x = rng.standard_normal((30, 4)) * 1e-6 + 1e3
    x[10:20] += rng.standard_normal((10, 4))
    x[25] = x[3]
    x[0] = 1e8
    want = distances(x)
    got, power = condensed_distances(x)
    got = squareform(np.ldexp(got, power))
    assert_allclose(got, want, rtol=1e-11)
    assert got[3, 25] == 0


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 30])
def test_quantiles(n, rng):
    a = distances(rng.standard_normal((n, 3)))
    for share in (0.0, 0.1, 0.37, 0.5, 0.9, 1.0):
        got = _quantile(squareform(a), n, share)
        assert got == pytest.approx(np.quantile(a, share), rel=1e-13)


@needs_ripser
@pytest.mark.parametrize(("case", "want"), [("A", 1.61762907356), ("B", 3.16883406043)])
def test_golden_values_of_rtd(case, want):
    x, y = (z[:60] for z in CASES[case])
    assert get_measure("rtd").fit_score(x, y) == pytest.approx(want, rel=1e-6)


@needs_ripser
def test_cohorts_of_rtd(rng):
    check_cohort(RTD(), [rng.standard_normal((12, p)) for p in (2, 3, 2, 1)], atol=1e-5)


@needs_ripser
def test_a_ring_has_a_loop(rng):
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    line = angles[:, np.newaxis]
    assert RTD().fit_score(ring, ring) == 0
    assert RTD().fit_score(ring, line) > 0.3
    with pytest.warns(UserWarning, match="Y: so many samples coincide"):
        assert np.isnan(RTD().fit_score(ring, line * 0))


def test_without_ripser(rng, monkeypatch):
    monkeypatch.setitem(sys.modules, "ripser", None)
    with pytest.raises(
        ImportError, match=r'RTD needs ripser.* pip install "netrep-go\[topology\]"'
    ):
        RTD().fit_score(*rng.standard_normal((2, 5, 2)))
    assert_array_equal(RTD().properties.range, (0, np.inf))
