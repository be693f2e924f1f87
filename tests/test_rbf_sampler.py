"""Orthogonal random features: scikit-learn's checks and the kernel."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.kernel_approximation import RBFSampler
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.utils.estimator_checks import parametrize_with_checks

from netrep_go.rbf_sampler import RBFOrthoSampler

# Up to scikit-learn 1.8 the checks come as a generator, which pytest deprecates.
MARK = parametrize_with_checks([RBFOrthoSampler(), RBFOrthoSampler(0.1, 6, 0)])


@pytest.mark.parametrize(MARK.args[0], list(MARK.args[1]), **MARK.kwargs)
def test_sklearn(estimator, check):
    check(estimator)


def errors(sampler, X, n_draws=60):
    """Return the errors of the kernel over draws of the features."""
    exact = rbf_kernel(X, gamma=0.3)
    out = []
    for seed in range(n_draws):
        features = sampler(gamma=0.3, n_components=40, random_state=seed).fit_transform(X)
        out.append(features @ features.T - exact)
    return np.array(out)


def test_estimates_the_kernel_better_than_independent_features(rng):
    X = rng.standard_normal((15, 10)) / 2
    ours, independent = errors(RBFOrthoSampler, X), errors(RBFSampler, X)
    assert np.abs(ours.mean(axis=0)).max() < 0.05
    assert (ours**2).mean() < 0.6 * (independent**2).mean()
    np.testing.assert_allclose(np.diagonal(ours, axis1=1, axis2=2), 0, atol=1e-12)


@pytest.mark.parametrize("n_features", [1, 4, 30])
def test_directions_are_orthogonal_in_blocks(rng, n_features):
    sampler = RBFOrthoSampler(n_components=22, random_state=0)
    W = sampler.fit(rng.standard_normal((3, n_features))).random_weights_
    assert W.shape == (n_features, 11)
    for i in range(0, 11, n_features):
        block = W[:, i : i + n_features]
        gram = block.T @ block
        np.testing.assert_allclose(gram, np.diag(np.diagonal(gram)), atol=1e-10)


def test_lengths_are_those_of_gaussian_vectors(rng):
    sampler = RBFOrthoSampler(gamma=2.0, n_components=20_000, random_state=0)
    W = sampler.fit(rng.standard_normal((2, 5))).random_weights_
    squares = (W**2).sum(axis=0) / (2 * 2.0)
    assert squares.mean() == pytest.approx(5, rel=0.02)
    assert squares.var() == pytest.approx(10, rel=0.05)


def test_odd_numbers_sparse_input_and_precision(rng):
    X = rng.standard_normal((6, 3))
    sampler = RBFOrthoSampler(n_components=7, random_state=0).fit(X)
    dense = sampler.transform(X)
    assert dense.shape == (6, 6) == (6, len(sampler.get_feature_names_out()))
    np.testing.assert_allclose(sampler.transform(sparse.csr_matrix(X)), dense)
    assert RBFOrthoSampler(n_components=1).fit_transform(X).shape == (6, 2)
    assert sampler.fit_transform(X.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": -1.0}, "gamma must be in"),
        ({"n_components": 0}, "n_components must be at least 1"),
    ],
)
def test_bad_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        RBFOrthoSampler(**change).fit(np.ones((2, 2)))
