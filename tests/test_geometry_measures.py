"""Differences of magnitude, concentricity and uniformity, and the IMD, by their definitions."""

import numpy as np
import pytest
from measure_checks import CASES, check_cohort
from scipy.linalg import expm
from scipy.spatial.distance import cdist

from netrep_go.metrics import (
    IMD,
    ConcentricityDifference,
    MagnitudeDifference,
    UniformityDifference,
    get_measure,
)

ON_SPHERE = UniformityDifference(normalize=True, self_pairs=False)
MEASURES = [
    MagnitudeDifference(),
    ConcentricityDifference(),
    UniformityDifference(),
    ON_SPHERE,
    IMD(),
    IMD(method="lanczos"),
]

GOLDEN = {
    "magnitude_difference": (0.0900035698243, 0.0939863580394),
    "concentricity_difference": (0.0461017343892, 0.0136071926637),
    "uniformity_difference": (0.0649806315269, 0.0),
    "imd": (31.0417042943, 8.54606608556),
    "MagnitudeDifference": (0.0900035698243, 0.0939863580394),
    "ConcentricityDifference": (0.0461017343892, 0.0136071926637),
    "UniformityDifference": (0.0649806315269, 0.0),
}

every_measure = pytest.mark.parametrize("measure", MEASURES, ids=str)


@pytest.mark.filterwarnings("ignore:.*pairs of a sample with itself")
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values(name, case):
    want = GOLDEN[name]["AB".index(case)]
    assert get_measure(name).fit_score(*CASES[case]) == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize(("case", "want"), [("A", 2.252), ("B", 12.514)])
def test_golden_values_without_self_pairs(case, want):
    measure = UniformityDifference(self_pairs=False)
    assert measure.fit_score(*CASES[case]) == pytest.approx(want, abs=5e-4)


def magnitude(x):
    return np.linalg.norm(x.mean(axis=0))


def concentricity(x):
    mean = x.mean(axis=0)
    return np.mean([row @ mean / np.linalg.norm(row) / np.linalg.norm(mean) for row in x])


def uniformity(x, normalize, self_pairs):
    if normalize:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
    heat = np.exp(-2 * cdist(x, x, "sqeuclidean"))
    return np.log(heat.mean() if self_pairs else heat[~np.eye(len(x), dtype=bool)].mean())


@pytest.mark.parametrize("n", [2, 3, 4, 20])
@pytest.mark.parametrize("p", [1, 2, 30])
def test_numbers_of_one_network(rng, n, p):
    x, y = 0.3 * rng.standard_normal((n, p)) + 0.2, 0.3 * rng.standard_normal((n, 3)) - 0.1
    for measure, number in (
        (MagnitudeDifference(), magnitude),
        (ConcentricityDifference(), concentricity),
        *(
            (UniformityDifference(a, b), lambda z, a=a, b=b: uniformity(z, a, b))
            for a in (True, False)
            for b in (True, False)
        ),
    ):
        assert measure.fit_score(x, y) == pytest.approx(abs(number(x) - number(y)), abs=1e-12)


@every_measure
def test_cohorts(measure, rng):
    xs = [0.5 * rng.standard_normal((15, p)) + 0.1 for p in (4, 6, 4, 3)]
    unit = {"IMD": 5000, "UniformityDifference": 4}.get(type(measure).__name__, 100)
    estimated = getattr(measure, "method", "") == "lanczos"  # from vectors over the samples
    check_cohort(measure, xs, atol=1.0 if estimated else 1e-8, unit=unit)


def test_cohorts_warn_of_what_is_far_apart(rng):
    x, y = 100 * rng.standard_normal((2, 9, 3))
    with pytest.warns(UserWarning, match="[XY]: all samples are so far apart that only"):
        assert UniformityDifference().fit_score(x, y) == 0


@pytest.mark.parametrize("scale", [1e-145, 1e-30, 1e30, 1e140])
def test_scales(scale, rng):
    x, y = rng.standard_normal((2, 12, 3)) + 0.5
    for measure in (ConcentricityDifference(), ON_SPHERE, IMD()):
        want = measure.fit_score(x, y)
        assert measure.fit_score(x * scale, y) == pytest.approx(want, rel=1e-9)
    rows = 10.0 ** rng.uniform(-140, 140, (12, 1))  # directions do not change
    assert ON_SPHERE.fit_score(x * rows, y) == pytest.approx(ON_SPHERE.fit_score(x, y))
    want = MagnitudeDifference().fit_score(x, y)
    got = MagnitudeDifference().fit_score(x * scale, y * scale)
    assert got / scale == pytest.approx(want)


def test_small_means_of_large_numbers(rng):
    x = rng.standard_normal((10, 3)) * 1e140
    x[5:] = -x[:5]
    x[0] += 1e130
    assert MagnitudeDifference().fit_score(x, x * 0) == pytest.approx(magnitude(x / 1e140) * 1e140)


def test_what_has_no_direction(rng):
    x, y = rng.standard_normal((2, 8, 3))
    silent = x.copy()
    silent[2] = 0
    centered = x + 1e3
    centered -= centered.mean(axis=0)
    for measure in (ConcentricityDifference(), ON_SPHERE):
        with pytest.warns(UserWarning, match="X: a sample is 0 in all features"):
            assert np.isnan(measure.fit_score(silent, y))
    for odd in (centered, np.vstack([x, -x]), x * 0):
        other = np.resize(y, odd.shape)
        with pytest.warns(UserWarning, match="Y: (the mean of the samples|a sample) is 0"):
            assert np.isnan(ConcentricityDifference().fit_score(other, odd))
    for measure in (ON_SPHERE, UniformityDifference(), ConcentricityDifference()):
        with pytest.warns(UserWarning, match="X: there is one sample, which any network has alike"):
            assert np.isnan(measure.fit_score(x[:1], y[:1]))
    apart = MagnitudeDifference().fit_score(x[:1], y[:1])
    assert apart == pytest.approx(abs(np.linalg.norm(x[0]) - np.linalg.norm(y[0])))
    assert MagnitudeDifference().fit_score(x * 0, y) == pytest.approx(magnitude(y))


def heat_trace(x, k, times):
    """Return the trace of exp(-t L) / n of the graph of k nearest neighbors."""
    apart = cdist(x, x)
    np.fill_diagonal(apart, np.inf)
    graph = np.zeros(apart.shape)
    for i, row in enumerate(apart):
        graph[i, np.argsort(row)[:k]] = 1
    graph = np.maximum(graph, graph.T)
    degrees = graph.sum(axis=1)
    L = np.eye(len(x)) - graph / np.sqrt(np.outer(degrees, degrees))
    return np.array([np.trace(expm(-t * L)) for t in times]) / len(x)


@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 1), (3, 2), (4, 3), (9, 5), (30, 7)])
def test_imd_by_matrix_exponentials(rng, n, k):
    times = np.logspace(-1, 1, 256)
    x, y = rng.standard_normal((n, 3)), rng.standard_normal((n, 2))
    apart = np.abs(heat_trace(x, k, times) - heat_trace(y, k, times))
    want = 1e6 * np.max(np.exp(-2 * (times + 1 / times)) * apart)
    assert IMD(k).fit_score(x, y) == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_imd_estimates(seed, rng):
    x, y = rng.standard_normal((300, 5)), rng.standard_normal((300, 5)) * [1, 0.1, 0.1, 0.1, 0.1]
    want = IMD().fit_score(x, y)
    got = IMD(method="lanczos", random_state=seed).fit_score(x, y)
    assert got == pytest.approx(want, abs=2.0)
    many = IMD(method="lanczos", n_probes=3000, random_state=seed).fit_score(x, y)
    assert many == pytest.approx(want, abs=0.4)


@pytest.mark.parametrize("n_steps", [1, 5, 40])
def test_imd_estimates_of_few_samples(n_steps, rng):
    x, y = rng.standard_normal((2, 8, 2))  # Krylov spaces end before 40 steps
    want = IMD(3).fit_score(x, y)
    got = IMD(3, method="lanczos", n_probes=2000, n_steps=n_steps).fit_score(x, y)
    assert got == pytest.approx(want, rel=0.1 if n_steps > 1 else 2)


def test_imd_of_too_few_samples(rng):
    x, y = rng.standard_normal((2, 5, 2))
    with pytest.warns(UserWarning, match="5 neighbors need at least 6 samples, got 5"):
        assert np.isnan(IMD().fit_score(x, y))
    with pytest.warns(UserWarning, match="3 neighbors need at least 4 samples, got 1"):
        assert np.isnan(IMD(3).fit_score(x[:1], y[:1]))


def test_imd_warns_of_ties(rng):
    x = np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0)), axis=-1).reshape(16, 2)
    y = rng.standard_normal((16, 2))
    with pytest.warns(UserWarning, match="4 of the 16 samples of X have equally similar samples"):
        IMD().fit_score(x, y)
    with pytest.warns(UserWarning, match=r"of the 16 samples of X have equally similar samples"):
        IMD(2).fit_score(np.vstack([x[:1]] * 6 + [y[:10]]), y)


@pytest.mark.parametrize("value", [0, -1])
def test_parameters_of_imd(value):
    for name in ("n_neighbors", "n_probes", "n_steps"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1"):
            IMD(**{name: value})
    with pytest.raises(ValueError, match="method == 'slq'"):
        IMD(method="slq")
    with pytest.raises(ValueError, match="random_state must be at least 0"):
        IMD(random_state=-1)
