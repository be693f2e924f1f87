"""The table of metric axioms in the README: each claim, for each metric, on random networks."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from netrep_go.conv_layers import ConvolutionalMetric
from netrep_go.metrics import (
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    GPStochasticMetric,
    LinearCKA,
    LinearMetric,
    PermutationMetric,
)
from netrep_go.multiset import pairwise_distances

M, N = 12, 4


def matrices(rng, k):
    return list(rng.standard_normal((k, M, N)))


def gaussians(rng, k):
    roots = rng.standard_normal((k, M, N, N))
    return [(x, a @ a.transpose(0, 2, 1)) for x, a in zip(matrices(rng, k), roots, strict=True)]


def processes(rng, k):
    roots = rng.standard_normal((k, M, M))
    return [(x[:, 0], a @ a.T) for x, a in zip(matrices(rng, k), roots, strict=True)]


def repeats(rng, k):
    return list(rng.standard_normal((k, M, 3, N)))


def layers(rng, k):
    return list(rng.standard_normal((k, M, 3, 3, 2)))


def rotation(rng):
    return np.linalg.qr(rng.standard_normal((N, N)))[0]


def permutation(rng):
    return np.eye(N)[rng.permutation(N)]


def linear_map(rng):
    return rng.standard_normal((N, N)) + 2 * np.eye(N)


ANGLES = {
    "Procrustes": (LinearMetric(), rotation),
    "regularised": (LinearMetric(alpha=0.5), rotation),
    "CCA": (LinearMetric(alpha=0.0), linear_map),
    "permutation": (PermutationMetric(), permutation),
    "CKA": (LinearCKA(), rotation),
    "unbiased CKA": (LinearCKA(estimator="unbiased"), rotation),
}
LENGTHS = {
    "Procrustes": (LinearMetric(score_method="euclidean"), rotation),
    "permutation": (PermutationMetric(score_method="euclidean"), permutation),
}
TRIANGLES = {
    **{f"{name}, angular": (metric, matrices) for name, (metric, _) in ANGLES.items()},
    **{f"{name}, euclidean": (metric, matrices) for name, (metric, _) in LENGTHS.items()},
    "convolutional": (ConvolutionalMetric(LinearMetric()), layers),
    "Gaussian, unaligned": (GaussianStochasticMetric(group="identity"), gaussians),
    "Gaussian process, unaligned": (GPStochasticMetric(N, group="identity"), processes),
}

seeds = pytest.mark.parametrize("seed", range(5))


def distances(metric, networks):
    return pairwise_distances(metric, networks, verbose=False)


@seeds
@pytest.mark.parametrize("name", TRIANGLES)
def test_symmetry_and_triangle_inequality(name, seed):
    metric, draw = TRIANGLES[name]
    rng = np.random.default_rng(seed)
    networks = draw(rng, 5)
    D = distances(metric, networks)
    back = distances(metric, networks[::-1])[::-1, ::-1]
    assert_allclose(back, D, atol=1e-7)
    assert np.all(D[:, np.newaxis] <= D[:, :, np.newaxis] + D[np.newaxis] + 1e-7)


@seeds
@pytest.mark.parametrize("name", ANGLES)
def test_angles_are_zero_just_for_what_the_metric_leaves_out(name, seed):
    metric, draw = ANGLES[name]
    rng = np.random.default_rng(seed)
    X, Y = matrices(rng, 2)
    same = 3 * X @ draw(rng) + rng.standard_normal(N)
    D = distances(metric, [X, same, Y])
    if "regularised" in name:  # partial whitening depends on the scale
        D[0, 1] = distances(metric, [X, X @ draw(rng) + 1])[0, 1]
    assert D[0, 1] < 1e-7
    assert D[0, 2] > 1e-2
    assert D[1, 2] == pytest.approx(D[0, 2], abs=1e-7) or "regularised" in name


@seeds
@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_are_zero_just_for_what_the_metric_leaves_out(name, seed):
    metric, draw = LENGTHS[name]
    rng = np.random.default_rng(seed)
    X, Y = matrices(rng, 2)
    D = distances(metric, [X, X @ draw(rng) + rng.standard_normal(N), Y, 2 * X])
    assert D[0, 1] < 1e-7
    assert_allclose(D[1, 2], D[0, 2], atol=1e-7)
    assert D[0, 3] == pytest.approx(np.linalg.norm(X - X.mean(axis=0)))


def test_energy_distances_are_estimates():
    """They estimate a metric without bias: some come out as 0 and break the triangle."""
    networks = repeats(np.random.default_rng(0), 5)
    D = distances(EnergyStochasticMetric(group="identity"), networks)
    back = distances(EnergyStochasticMetric(group="identity"), networks[::-1])[::-1, ::-1]
    assert_allclose(back, D, atol=1e-7)
    assert not np.all(D[:, np.newaxis] <= D[:, :, np.newaxis] + D[np.newaxis])


def test_cosine_is_a_similarity():
    X, Y = matrices(np.random.default_rng(0), 2)
    cosine, angle = LinearCKA(score_method="cosine"), LinearCKA()
    assert cosine.fit_score(X, X) == pytest.approx(1)
    assert np.arccos(cosine.fit_score(X, Y)) == pytest.approx(angle.fit_score(X, Y))
