"""Linear separability: its proofs, support vector machines, and what users get wrong."""

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.svm import SVC

from netrep_go.capacity import cover_separability, separate


def check_proof(X, y, found, fit_intercept=True):
    """Check the hyperplane or the weights, whichever there is, and what both share."""
    s = np.where(y == np.unique(y)[1], 1.0, -1.0)
    size = np.linalg.norm(X, axis=1).max()
    assert (found.weights >= 0).all()
    assert found.weights.sum() == pytest.approx(1)
    np.testing.assert_array_equal(found.support, np.flatnonzero(found.weights))
    nearest = (found.weights * s) @ X
    assert np.linalg.norm(nearest) == pytest.approx(found.gap, abs=1e-9 * size)
    if fit_intercept:
        assert found.weights @ s == pytest.approx(0, abs=1e-9)
    else:
        assert found.intercept == 0
    if found.separable:
        fields = s * (X @ found.coef + found.intercept)
        assert fields.min() == pytest.approx(1, rel=1e-6)
        np.testing.assert_allclose(fields[found.support], 1, rtol=1e-5)
        assert found.margin == pytest.approx(1 / np.linalg.norm(found.coef))
        assert found.margin == pytest.approx(found.gap, rel=1e-6)
    else:
        assert found.gap < 1e-9 * size
        assert found.margin == 0
        assert not found.coef.any()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", [(2, 1), (10, 2), (40, 15), (60, 29), (60, 40), (30, 100)])
def test_agrees_with_linear_programs(rng, shape, fit_intercept):
    answers = []
    for _ in range(12):
        X = rng.standard_normal(shape) + rng.choice([0, 3])
        y = rng.permutation(np.arange(shape[0]) % 2)
        found = separate(X, y, fit_intercept=fit_intercept)
        check_proof(X, y, found, fit_intercept)
        Z = (2 * y - 1)[:, None] * np.c_[X, np.full(len(X), float(fit_intercept))]
        program = linprog(np.zeros(Z.shape[1]), A_ub=-Z, b_ub=-np.ones(len(Z)), bounds=(None, None))
        assert found.separable == (program.status == 0)
        answers.append(found.separable)
    if shape == (60, 29):
        assert 0 < sum(answers) < 12


def test_margin_is_that_of_a_support_vector_machine(rng):
    for offset in (0.0, 100.0):
        X = rng.standard_normal((50, 5)) + offset
        X[30:, 0] += 6
        y = np.repeat(["cat", "dog"], [30, 20])
        found = separate(X, y)
        check_proof(X, y, found)
        machine = SVC(kernel="linear", C=1e9, tol=1e-9).fit(X, y)
        assert found.margin == pytest.approx(1 / np.linalg.norm(machine.coef_), rel=1e-3)
        np.testing.assert_allclose(found.coef, machine.coef_[0], rtol=0.01, atol=1e-3)
        np.testing.assert_array_equal(found.support, np.sort(machine.support_))


def test_cover(rng):
    n_points, n_features, n_trials = 20, 8, 400
    separable = [
        separate(
            rng.standard_normal((n_points, n_features)), rng.permutation(np.arange(n_points) % 2)
        ).separable
        for _ in range(n_trials)
    ]
    # Balanced labels, spec 8.8: 0.30 at 8 features.
    assert np.mean(separable) == pytest.approx(0.30, abs=0.09)
    signs = np.sign(rng.standard_normal((n_trials, n_points)))
    separable = [
        separate(rng.standard_normal((n_points, n_features)), s, fit_intercept=False).separable
        for s in signs
        if abs(s.sum()) < n_points
    ]
    expected = cover_separability(n_points, n_features, fit_intercept=False)
    assert np.mean(separable) == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(n_trials))


def test_degenerate_points(rng):
    X = rng.standard_normal((20, 3))
    y = (X[:, 0] > 0).astype(int)
    plain = separate(X, y)
    doubled = separate(np.r_[X, X, X[:5]], np.r_[y, y, y[:5]])
    assert doubled.margin == pytest.approx(plain.margin)
    flat = np.c_[X, X @ rng.standard_normal((3, 4)), np.zeros((20, 2))]
    check_proof(flat, y, separate(flat, y))
    both = np.r_[X, X[:1]]  # one point with two labels
    assert not separate(both, np.r_[y, 1 - y[0]]).separable
    assert not separate(np.ones((4, 2)), [0, 0, 1, 1]).separable
    assert not separate(np.zeros((4, 2)), [0, 0, 1, 1], fit_intercept=False).separable
    touching = [[0.0], [1.0], [1.0], [2.0]]
    assert not separate(touching, [0, 0, 1, 1]).separable
    line = separate([[0.0], [1.0], [1.5], [2.0]], [0, 0, 1, 1])
    assert line.margin == pytest.approx(0.25)
    assert -line.intercept / line.coef[0] == pytest.approx(1.25)


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6])
def test_narrow_margins(rng, gap):
    X = rng.standard_normal((100, 4))
    X[:, 0] = np.where(X[:, 0] > 0, gap, -gap) + np.where(rng.random(100) < 0.5, 0, X[:, 0])
    y = X[:, 0] > 0
    found = separate(X, y)
    assert found.separable
    assert found.margin >= gap * (1 - 1e-2)


def test_invariances(rng):
    X, y = rng.standard_normal((30, 20)), np.arange(30) % 2
    plain = separate(X, y)
    assert plain.separable
    Q = np.linalg.qr(rng.standard_normal((20, 20)))[0]
    for scale in (1e-50, 1e-3, 1e50):
        moved = separate(scale * (X @ Q + 7.0), y)
        assert moved.margin == pytest.approx(scale * plain.margin, rel=1e-8)
        np.testing.assert_allclose(moved.weights, plain.weights, atol=1e-8)
    swapped = separate(X, 1 - y)
    np.testing.assert_allclose(swapped.coef, -plain.coef, atol=1e-9)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((3, 2)), [0, 0, 0], "y must have two classes, got 1"),
        (np.ones((3, 2)), [0, 1, 2], "y must have two classes, got 3"),
        (np.ones((3, 2)), [0, 1], r"y must have shape \(3,\)"),
        (np.full((3, 2), np.nan), [0, 1, 1], "X contains NaN"),
    ],
)
def test_bad_input(X, y, message):
    with pytest.raises(ValueError, match=message):
        separate(X, y)
