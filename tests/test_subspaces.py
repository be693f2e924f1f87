"""GULP and eigenspace overlap: what is not in tests/test_cca.py."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_cca import CASES

from netrep_go.metrics import CCA, GULP, EigenspaceOverlap
from netrep_go.multiset import pairwise_distances

GOLDEN = {
    0.001: (7.60114084349, 66.1912411173),
    0.1: (2.73183569612, 2.39517147617),
    1.0: (0.208157951646, 0.0375954940381),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("regularization", GOLDEN)
def test_golden_values(regularization, case):
    X, Y = CASES[case]
    want = GOLDEN[regularization]["AB".index(case)]
    for x, y in ((X, Y), (Y, X), (3e5 * X - 1, Y / 7)):
        assert GULP(regularization, squared=True).score(x, y) == pytest.approx(want, rel=1e-10)
        assert GULP(regularization).score(x, y) == pytest.approx(np.sqrt(want), rel=1e-10)


def traces(X, Y, regularization):
    """Return GULP's squared distance as its authors define it."""
    n = len(X)
    X, Y = (x - x.mean(axis=0) for x in (X, Y))
    X, Y = (x / np.linalg.norm(x) * np.sqrt(n) for x in (X, Y))
    A, B, C = X.T @ X / n, Y.T @ Y / n, X.T @ Y / n
    Ai, Bi = (np.linalg.inv(S + regularization * np.eye(len(S))) for S in (A, B))
    return np.trace(Ai @ A @ Ai @ A) + np.trace(Bi @ B @ Bi @ B) - 2 * np.trace(Ai @ C @ Bi @ C.T)


@pytest.mark.parametrize("regularization", [1e-6, 1e-3, 1.0, 1e3])
@pytest.mark.parametrize("widths", [(3, 5), (30, 4), (25, 40)])
def test_traces(rng, regularization, widths):
    X, Y = (rng.standard_normal((20, p)) * rng.random(p) + 1 for p in widths)
    got = GULP(regularization, squared=True).score(X, Y)
    assert got == pytest.approx(traces(X, Y, regularization), rel=1e-7, abs=1e-8)


def test_canonical_correlations(rng):
    X, Y = rng.standard_normal((30, 4)), rng.standard_normal((30, 6))
    rho = CCA().correlations(X, Y)
    assert GULP(squared=True).score(X, Y) == pytest.approx(4 + 6 - 2 * rho @ rho)
    assert GULP(squared=True).score(X, X[:, :3]) == pytest.approx(1)


@pytest.mark.parametrize("regularization", [0.0, 0.1])
def test_small_distances_keep_their_digits(rng, regularization):
    X, N = rng.standard_normal((2, 40, 5))
    measure = GULP(regularization)
    far = measure.score(X, X + 1e-4 * N) / 1e-4
    for step in (1e-6, 1e-8, 1e-10):
        assert measure.score(X, X + step * N) / step == pytest.approx(far, rel=1e-3)
    assert measure.score(X, X) < 1e-14


def test_overlap_of_chance(rng):
    xs = list(rng.standard_normal((30, 50, 5)))
    D = pairwise_distances(EigenspaceOverlap(), xs, verbose=False)
    assert D[np.triu_indices(30, 1)].mean() == pytest.approx(5 / 50, abs=0.01)
    assert_allclose(np.diagonal(D), 1)


def test_overlap_of_a_part(rng):
    X = rng.standard_normal((30, 6))
    for k in range(1, 7):
        assert EigenspaceOverlap().score(X[:, :k], X @ rng.random((6, 6))) == pytest.approx(k / 6)
    silent = np.column_stack([X, np.zeros((30, 3)), X[:, 0]])  # which its width would count
    assert EigenspaceOverlap().score(X, silent) == pytest.approx(1)


@pytest.mark.parametrize("regularization", [-1e-9, 2e6, np.nan, np.inf])
def test_regularization_out_of_range(rng, regularization):
    X = rng.standard_normal((9, 3))
    with pytest.raises(ValueError, match=r"regularization must be in \[0, 1e\+06\]"):
        GULP(regularization).score(X, X)
