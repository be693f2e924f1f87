"""What every shape metric has to satisfy, on data that hypothesis makes up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.metrics import LinearMetric
from netrep_go.multiset import cross_distances, pairwise_distances

pytestmark = pytest.mark.filterwarnings("ignore:alpha=0 cannot tell")

few = settings(derandomize=True, deadline=None, max_examples=40)

seeds = st.integers(0, 2**32 - 1)
scales = st.floats(-6, 6).map(lambda exponent: 10**exponent)
metrics = st.builds(
    LinearMetric,
    alpha=st.sampled_from([0.0, 0.3, 1.0]) | st.floats(0, 1),
    center_columns=st.booleans(),
    score_method=st.sampled_from(["angular", "euclidean"]),
)


@st.composite
def cohorts(draw, n_networks=3, low_rank=True):
    """Draw networks of various widths, ranks, means and scales."""
    rng = np.random.default_rng(draw(seeds))
    n_samples = draw(st.integers(3, 30))
    networks = []
    for _ in range(n_networks):
        width = draw(st.integers(1, 12))
        X = rng.standard_normal((n_samples, width))
        if low_rank and draw(st.booleans()):
            rank = draw(st.integers(1, width))
            X = X[:, :rank] @ rng.standard_normal((rank, width))
        networks.append(draw(st.sampled_from([0.1, 1.0, 30.0])) * (X + draw(st.floats(-2, 2))))
    return networks


def size(metric, networks):
    """Return the scale on which the distances of a metric are small or not."""
    if metric.score_method == "angular":
        return 1.0
    return max(np.linalg.norm(x) for x in networks)


def random_orthogonal(seed, n):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]


def measure(metric, networks, held_out=None, **options):
    return pairwise_distances(metric, networks, held_out, verbose=False, **options)


@few
@given(cohorts(), metrics)
def test_distances_are_symmetric_finite_and_in_range(networks, metric):
    D = measure(metric, networks)
    swapped = cross_distances(metric, networks, networks, verbose=False).T
    assert_array_equal(D, D.T)
    assert_allclose(swapped, D, atol=1e-7 * size(metric, networks))
    assert np.isfinite(D).all()
    assert (D >= 0).all()
    if metric.score_method == "angular":
        assert D.max() <= np.pi / 2 + 1e-12


@few
@given(cohorts(n_networks=1), metrics)
def test_a_network_is_at_no_distance_from_itself(networks, metric):
    D = measure(metric, networks * 2)
    assert D[0, 1] < 1e-9 * size(metric, networks)
    # The maps amplify rounding in directions that the data lack by up to 1e-7 ** -0.5.
    rounding = 1e-11 * np.linalg.norm(networks[0])
    assert metric.fit_score(*networks, *networks) < 1e-9 * size(metric, networks) + rounding


@few
@given(cohorts(), metrics.filter(lambda metric: metric.score_method == "angular"))
def test_triangle_inequality_of_angles(networks, metric):
    D = measure(metric, networks)
    for i, j, k in [(0, 1, 2), (1, 2, 0), (2, 0, 1)]:
        assert D[i, j] <= D[i, k] + D[k, j] + 1e-7


@few
@given(cohorts(), st.booleans())
def test_triangle_inequality_of_norms(networks, center):
    """Padding adds to the variance that whitening keeps, so only at alpha = 1."""
    metric = LinearMetric(1.0, center, score_method="euclidean")
    D = measure(metric, networks)
    for i, j, k in [(0, 1, 2), (1, 2, 0), (2, 0, 1)]:
        assert D[i, j] <= D[i, k] + D[k, j] + 1e-7 * size(metric, networks)


@few
@given(cohorts(n_networks=2), metrics, seeds)
def test_rotations_and_shifts_change_nothing(networks, metric, seed):
    X, Y = networks
    X_moved = X @ random_orthogonal(seed, X.shape[1])
    if metric.center_columns:
        X_moved = X_moved + 1
    D = measure(metric, [X, Y, X_moved])
    tolerance = 1e-6 * size(metric, [X, Y, X_moved])
    assert D[0, 2] < tolerance
    assert D[2, 1] == pytest.approx(D[0, 1], abs=tolerance)


@few
@given(cohorts(n_networks=2, low_rank=False), st.booleans(), seeds)
def test_linear_maps_change_nothing_at_alpha_0(networks, center, seed):
    X, Y = networks
    rng = np.random.default_rng(seed)
    gains = rng.uniform(0.5, 2, X.shape[1])
    rotations = [random_orthogonal(seed + i, X.shape[1]) for i in range(2)]
    X_moved = X @ (rotations[0] * gains) @ rotations[1]
    if center:
        X_moved = X_moved + rng.standard_normal(X.shape[1])
    D = measure(LinearMetric(0.0, center), [X, Y, X_moved])
    assert D[0, 2] < 1e-6
    assert D[2, 1] == pytest.approx(D[0, 1], abs=1e-6)


@few
@given(cohorts(n_networks=2), st.booleans(), scales, scales)
def test_scale_does_not_change_angles(networks, center, a, b):
    X, Y = networks
    D = measure(LinearMetric(1.0, center), [X, Y, a * X, b * Y])
    assert max(D[0, 2], D[1, 3]) < 1e-7
    assert D[2, 3] == pytest.approx(D[0, 1], abs=1e-7)


@few
@given(cohorts(n_networks=2), scales)
def test_scale_multiplies_norms(networks, a):
    X, Y = networks
    metric = LinearMetric(score_method="euclidean")
    d = measure(metric, networks)[0, 1]
    scaled = measure(metric, [a * X, a * Y])[0, 1]
    assert scaled / a == pytest.approx(d, rel=1e-7, abs=1e-7 * size(metric, networks))


@few
@given(cohorts(n_networks=2), metrics)
def test_no_other_alignment_is_closer(networks, metric):
    """No fixed alignment, such as the identity, comes closer than the best one."""
    X, Y = networks
    n = min(X.shape[1], Y.shape[1])
    X, Y = X[:, :n], Y[:, :n]
    metric = metric.set_params(alpha=1.0, center_columns=False)
    if metric.score_method == "euclidean":
        unaligned = np.linalg.norm(X - Y)
    else:
        cosine = np.sum(X * Y) / np.linalg.norm(X) / np.linalg.norm(Y)
        unaligned = np.arccos(np.clip(cosine, -1, 1))
    aligned = measure(metric, [X, Y])[0, 1]
    assert aligned <= unaligned + 1e-7 * size(metric, networks)


@few
@given(cohorts(n_networks=4), metrics, st.permutations(range(4)))
def test_shuffling_the_cohort_shuffles_the_matrix(networks, metric, order):
    D = measure(metric, networks)
    shuffled = measure(metric, [networks[i] for i in order])
    tolerance = 1e-7 * size(metric, networks)
    assert_allclose(shuffled, D[np.ix_(order, order)], atol=tolerance)


@few
@given(cohorts(n_networks=5), metrics, st.booleans())
def test_the_number_of_threads_changes_no_bit(networks, metric, held_out):
    test = networks if held_out else None
    one = measure(metric, networks, test, n_jobs=1)
    for n_jobs in (2, 3):
        assert_array_equal(measure(metric, networks, test, n_jobs=n_jobs), one)


@few
@given(cohorts(n_networks=2, low_rank=False), metrics)
def test_held_out_distances_on_the_training_data_are_training_distances(networks, metric):
    train, test = measure(metric, networks, networks)
    assert_allclose(test, train, atol=1e-6 * size(metric, networks))
    score = metric.fit_score(*networks)
    assert score == pytest.approx(train[0, 1], abs=1e-6 * size(metric, networks))
