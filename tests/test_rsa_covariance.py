"""The covariance of crossnobis distances, against simulation and products."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from netrep_go.rsa import compare, distance_covariance, rdm

N, M, P = 5, 4, 20
PAIRS = np.triu_indices(N, 1)
CONTRASTS = np.eye(N)[PAIRS[0]] - np.eye(N)[PAIRS[1]]


def simulated(rng, patterns, sigma, n_draws):
    """Crossnobis distances of patterns with noise, by sums over folds."""
    root = np.linalg.cholesky(sigma)
    x = patterns + root @ rng.standard_normal((n_draws, M, N, P))
    total, own = x.sum(axis=1), np.einsum("dmip,dmjp->dij", x, x)
    k = (total @ total.transpose(0, 2, 1) - own) / (M * (M - 1) * P)
    return np.einsum("ai,dij,aj->da", CONTRASTS, k, CONTRASTS)


@pytest.mark.parametrize("strength", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("correlated", [False, True])
def test_it_is_that_of_simulated_distances(rng, strength, correlated):
    patterns = strength * rng.standard_normal((N, P))
    half = rng.standard_normal((N, N))
    sigma = np.eye(N) + half @ half.T / N if correlated else np.diag(np.linspace(0.5, 2, N))
    n_draws = 20_000
    found = np.cov(simulated(rng, patterns, sigma, n_draws).T)
    distances = pdist(patterns, "sqeuclidean") / P
    want = distance_covariance(
        distances, sigma if correlated else np.diag(sigma), n_folds=M, n_features=P
    )
    error = np.sqrt((np.outer(np.diag(want), np.diag(want)) + want**2) / n_draws)
    assert np.abs((found - want) / error).max() < 5


def test_simulated_distances_are_those_of_rdm(rng):
    x = rng.standard_normal((M, N, P))
    found = rdm(
        x.reshape(-1, P),
        "crossnobis",
        conditions=np.tile(np.arange(N), M),
        folds=np.repeat(np.arange(M), N),
    )
    k = sum(x[f] @ x[g].T for f in range(M) for g in range(M) if f != g) / (M * (M - 1) * P)
    np.testing.assert_allclose(found, np.einsum("ai,ij,aj->a", CONTRASTS, k, CONTRASTS))


@pytest.mark.parametrize("method", ["corr_cov", "cosine_cov"])
def test_comparisons_with_a_covariance_are_their_definition(rng, method):
    x, y = rng.random((3, 10)), rng.random((2, 10))
    v = distance_covariance(y[0], np.linspace(1, 2, N), n_folds=M, n_features=P)

    def product(a, b):
        if method == "corr_cov":
            a, b = a - a.mean(), b - b.mean()
        return a @ np.linalg.inv(v) @ b

    want = [[product(a, b) / np.sqrt(product(a, a) * product(b, b)) for b in y] for a in x]
    for scale in (1.0, 1e-200, 1e100):
        found = compare(x * 2.0**30, y, method, covariance=scale * v)
        np.testing.assert_allclose(found, want, atol=1e-12)
    assert compare(x[0], y[1], method, covariance=v) == pytest.approx(want[0][1])
    np.testing.assert_allclose(np.diag(compare(x, method=method, covariance=v)), 1)


@pytest.mark.parametrize("method", ["corr_cov", "cosine_cov"])
@pytest.mark.parametrize("ndim", [None, 1, 2])
def test_without_signal_it_is_that_of_sigma(rng, method, ndim):
    half = rng.standard_normal((N, N))
    sigma = {None: None, 1: rng.random(N) + 1, 2: np.eye(N) + half @ half.T}[ndim]
    v = distance_covariance(np.zeros(10), sigma, n_folds=M, n_features=P)
    x = rng.random((3, 10))
    np.testing.assert_allclose(
        compare(x, method=method, covariance=v), compare(x, method=method, sigma=sigma), atol=1e-10
    )


def test_it_has_an_inverse_whatever_noise_does_to_distances(rng):
    for _ in range(20):
        v = distance_covariance(10 * rng.standard_normal(10), n_folds=2, n_features=1)
        assert np.linalg.eigvalsh(v).min() > 0


def test_it_finds_the_right_model_more_often_than_noise_alone(rng):
    """Where signals are strong, the error of distances grows with them."""
    patterns = rng.standard_normal((N, P)) * np.array([6, 1, 1, 1, 1])[:, np.newaxis]
    other = patterns + 0.4 * rng.standard_normal((N, P))
    models = np.array([pdist(m, "sqeuclidean") / P for m in (patterns, other)])
    measured = simulated(rng, patterns, np.eye(N), 2000)
    v = distance_covariance(models[0], n_folds=M, n_features=P)

    def right(**options):
        scores = compare(measured, models, "cosine_cov", **options)
        return np.mean(scores[:, 0] > scores[:, 1])

    assert right(covariance=v) > right() + 0.02


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rdm": np.ones((2, 10))}, "rdm must be one RDM, got 2"),
        ({"rdm": [np.nan] * 10}, "rdm"),
        ({"n_folds": 1}, "n_folds must be"),
        ({"n_features": 0.5}, "n_features must be"),
        ({"sigma": np.ones(4)}, r"sigma must have shape \(5,\) or \(5, 5\), got \(4,\)"),
        ({"sigma": np.zeros(5)}, "sigma must be positive definite"),
        ({"sigma": np.triu(np.ones((5, 5)))}, "sigma must be symmetric"),
    ],
)
def test_wrong_arguments(change, message):
    with pytest.raises(ValueError, match=message):
        distance_covariance(**({"rdm": np.ones(10), "n_folds": 3, "n_features": 5} | change))


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.arange(10.0), {"method": "pearson"}, "covariance is for 'corr_cov' and 'cosine_cov'"),
        (np.arange(10.0), {"sigma": np.ones(5)}, "leave out sigma"),
        (np.arange(10.0), {"covariance": np.eye(5)}, r"covariance must have shape \(10, 10\)"),
        (np.arange(10.0), {"covariance": -np.eye(10)}, "covariance must be positive definite"),
        (np.arange(10.0), {"covariance": np.triu(np.ones((10, 10)))}, "covariance must be sym"),
        (np.r_[np.nan, np.arange(9.0)], {}, "rdms must not have NaN"),
        (np.ones(10), {"method": "corr_cov"}, "rdms: every RDM must have entries that differ"),
        (np.zeros(10), {}, "rdms: every RDM must have entries other than 0"),
    ],
)
def test_wrong_comparisons(x, options, message):
    given = {"method": "cosine_cov", "covariance": np.eye(10)} | options
    with pytest.raises(ValueError, match=message):
        compare(x, np.arange(10.0), **given)
