"""What a change of the unit does to distances: nothing, or the same to all of them."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from test_measures import SETTINGS, source

from netrep_go.metrics import (
    JSD,
    Aligner,
    ConvolutionalMetric,
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    KernelCKA,
    LinearMetric,
    UniformityDifference,
)
from netrep_go.multiset import (
    ProcrustesKMeans,
    euclidean_tangent_space,
    frechet_mean,
    pairwise_distances,
)

UNITS = [1e-8, 1e-6, 1e-3, 1e3, 1e8]

every_unit = pytest.mark.parametrize("unit", UNITS)


def degree(measure):
    """Return by which power of the unit a measure grows, None if by none."""
    if "scale" in measure.properties.invariances:
        return 0
    if isinstance(measure, EnergyStochasticMetric):
        return 0.5
    if isinstance(measure, ConvolutionalMetric):
        return degree(measure.metric) if isinstance(measure.metric, LinearMetric) else 0
    if isinstance(measure, (JSD, UniformityDifference)) or has_width(measure):
        return None
    if getattr(measure, "metric", None) == "sqeuclidean":
        return 2
    if isinstance(measure, LinearMetric) and 0 < measure.alpha < 1:
        return None
    return 1


def has_width(measure):
    """Whether the width of a kernel is in the unit of the data."""
    return isinstance(measure, KernelCKA) and measure.sigma != "median"


OF_A_DEGREE = [measure for measure in SETTINGS if degree(measure) is not None]

every_measure = pytest.mark.parametrize("measure", OF_A_DEGREE, ids=str)


def in_unit(measure, x, unit):
    if measure.properties.data == "matrix":
        return unit * x
    found = source(measure)
    n = found.width(x)
    return found.mapped(x, (unit * np.eye(n), np.zeros(n)))


def all_pairs(measure, xs):
    """Compare all pairs from one start, where a measure has starts."""
    measure = clone(measure)
    if "init" in measure.get_params():
        measure.set_params(init="rand", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return pairwise_distances(measure, xs, verbose=False)


@every_measure
def test_pairs_and_cohorts(measure):
    power = degree(measure)
    xs = source(measure).networks(np.random.default_rng(0), 4)
    before = all_pairs(measure, xs)
    for unit in UNITS:
        changed = [in_unit(measure, x, unit) for x in xs]
        after = all_pairs(measure, changed) / unit**power
        assert_allclose(after, before, rtol=1e-7, atol=1e-9)
        if "init" not in measure.get_params():
            alone = measure.fit_score(*changed[:2]) / unit**power
            assert alone == pytest.approx(after[0, 1], rel=1e-9)


def deficient(rng, m):
    """Return networks of low rank, with dead and repeated units, wide and narrow."""
    xs = [rng.standard_normal((m, 2)) @ rng.standard_normal((2, p)) for p in (4, 7)]
    xs += [rng.standard_normal((m, p)) + 1 for p in (3, 5, 30)]
    xs[2][:, 0] = 0.3
    xs[3][:, 4] = xs[3][:, 1]
    return xs


@every_unit
@pytest.mark.parametrize("score", ["angular", "euclidean"])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_held_out_distances_of_networks_without_full_rank(rng, alpha, center, score, unit):
    metric = LinearMetric(alpha, center_columns=center, score_method=score)
    xs, power = deficient(rng, 32), score == "euclidean"
    train, test = [x[:20] for x in xs], [x[20:] for x in xs]
    for before, after in zip(
        metric.pairwise_distances(train, test, verbose=False),
        metric.pairwise_distances(
            [unit * x for x in train], [unit * x for x in test], verbose=False
        ),
        strict=True,
    ):
        assert_allclose(after / unit**power, before, rtol=1e-7, atol=1e-9)
    train, test = ([unit * xs[1], unit * xs[4]] for xs in (train, test))
    metric.fit(*train)
    cohort = metric.pairwise_distances(train, test, verbose=False)
    assert_allclose([metric.score(*train), metric.score(*test)], [D[0, 1] for D in cohort])


@every_unit
@pytest.mark.parametrize("rank", [2, 6])
def test_a_linear_map_into_another_unit_leaves_the_cca_distance_at_zero(rng, unit, rank):
    X = rng.standard_normal((40, rank)) @ rng.standard_normal((rank, 6))
    Y = X @ rng.standard_normal((6, 8)) * unit
    metric = LinearMetric(alpha=0.0)
    assert metric.fit_score(X, Y) < 1e-9
    assert pairwise_distances(metric, [X, Y], verbose=False)[0, 1] < 1e-9
    assert metric.fit_score(unit * X, Y) < 1e-9
    assert_allclose(Aligner(alpha=0.0).fit_transform(X, Y) / unit, Y / unit, atol=1e-8)
    assert_allclose(Aligner(alpha=0.0).fit_transform(Y, X), X, atol=1e-8)


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6])
def test_ill_conditioned_maps(rng, condition):
    """Directions that the Gram matrix shows by few digits, or none, are resolved."""
    X = rng.standard_normal((60, 10))
    Q, R = (np.linalg.qr(rng.standard_normal((10, 10)))[0] for _ in range(2))
    Y = X @ Q @ np.diag(np.geomspace(1, 1 / condition, 10)) @ R
    metric = LinearMetric(alpha=0.0)
    assert metric.fit_score(X, Y) < 1e-14 * condition * 10
    assert pairwise_distances(metric, [X, Y], verbose=False)[0, 1] < 1e-14 * condition * 10


@every_unit
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_aligner(rng, alpha, unit):
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 7))
    before = Aligner(alpha).fit(X, Y).transform(X)
    after = Aligner(alpha).fit(unit * X, unit * Y).transform(unit * X)
    assert_allclose(after / unit, before, atol=1e-10)


@every_unit
@pytest.mark.parametrize("group", ["orth", "perm"])
@pytest.mark.parametrize("method", ["streaming", "full_batch"])
def test_frechet_mean(rng, group, method, unit):
    base = rng.standard_normal((20, 4))
    Xs = [base[:, rng.permutation(4)] + 0.3 * rng.standard_normal((20, 4)) for _ in range(5)]
    options = {"group": group, "method": method, "random_state": 0, "tol": 1e-2}
    before = frechet_mean(Xs, **options)
    after = frechet_mean([unit * X for X in Xs], **options)
    assert_allclose(after / unit, before, atol=1e-12)
    residuals = euclidean_tangent_space([unit * X for X in Xs], after, group)
    assert_allclose(residuals / unit, euclidean_tangent_space(Xs, before, group), atol=1e-9)


@every_unit
def test_kmeans(rng, unit):
    A, B = rng.standard_normal((2, 30, 4))
    Xs = [X + rng.standard_normal((30, 4)) for X in (A, A, A, B, B, B)]
    before = ProcrustesKMeans(2, random_state=0).fit(Xs)
    after = ProcrustesKMeans(2, random_state=0).fit([unit * X for X in Xs])
    assert_array_equal(after.labels_, before.labels_)
    assert_allclose(after.cluster_centers_ / unit, before.cluster_centers_, atol=1e-9)
    assert after.inertia_ / unit**2 == pytest.approx(before.inertia_, rel=1e-9)


def test_variances_that_a_ridge_swamps_are_said(rng):
    roots = rng.standard_normal((2, 5, 3, 3))
    xs = [(rng.standard_normal((5, 3)), x @ x.transpose(0, 2, 1)) for x in roots]
    small = [(1e-6 * means, 1e-12 * covs) for means, covs in xs]
    metric = GaussianStochasticMetric()
    with pytest.warns(UserWarning, match="eps=1e-06 is more than a tenth of the variances"):
        metric.pairwise_distances(small, verbose=False)
    exact = metric.pairwise_distances(small, eps=1e-18, verbose=False)[0]
    assert_allclose(exact * 1e6, metric.pairwise_distances(xs, verbose=False)[0], rtol=1e-5)
