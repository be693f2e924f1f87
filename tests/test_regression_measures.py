"""Linear regression and ridge regression as measures: what is not in tests/test_cca.py."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score

from netrep_go.metrics import LinearRegressionR2, RidgePredictivity
from netrep_go.multiset import pairwise_distances

ALPHAS = RidgePredictivity().alphas


def related(rng, n=60, p=5, q=8, noise=1.0):
    """Return two networks that share some of what they respond to."""
    X = rng.standard_normal((n, p)) * np.arange(1, p + 1) + 2
    return X, X @ rng.standard_normal((p, q)) + noise * rng.standard_normal((n, q)) - 1


# Linear regression


def test_r2_of_scikit_learn(rng):
    X, Y = related(rng)
    for predictor, x, y in (("X", X, Y), ("Y", Y, X)):
        fitted = LinearRegression().fit(x, y).predict(x)
        want = r2_score(y, fitted, multioutput="variance_weighted")
        assert LinearRegressionR2(predictor).score(X, Y) == pytest.approx(want)


def test_the_mean_over_all_permutations_is_expected():
    X, Y = np.random.default_rng(1).standard_normal((2, 6, 3))
    Y = Y[:, :2]
    for predictor in ("X", "Y"):
        measure = LinearRegressionR2(predictor)
        values = [measure.score(X, Y[list(order)]) for order in permutations(range(6))]
        assert np.mean(values) == pytest.approx(measure.expected_by_chance(X, Y), abs=1e-12)
        assert measure.expected_by_chance(X, Y) == (3 if predictor == "X" else 2) / 5


def test_what_is_expected_of_odd_networks(rng):
    X = rng.standard_normal((10, 3))
    measure = LinearRegressionR2()
    dead = np.column_stack([X, X[:, 0], np.ones(10), np.zeros(10)])
    assert measure.expected_by_chance(X, dead) == 3 / 9
    assert measure.expected_by_chance(X, rng.standard_normal((10, 40))) == 1
    assert measure.expected_by_chance(np.ones((10, 2)), X) == 3 / 9
    for y in (np.ones((10, 2)), np.zeros((10, 2))):
        with pytest.raises(ValueError, match="the activations of Y do not vary"):
            measure.expected_by_chance(X, y)
    with pytest.raises(ValueError, match="the activations of Y do not vary"):
        measure.expected_by_chance(X[:1], X[:1])


def test_a_predictor_that_predicts_anything(rng):
    X, Y = rng.standard_normal((8, 3)), rng.standard_normal((8, 7))
    with pytest.warns(match="more features than samples: a network with all 7 dimensions"):
        assert LinearRegressionR2().score(X, Y) == pytest.approx(1)
    with pytest.warns(match="more features than samples"):
        assert LinearRegressionR2().score(Y, X) < 0.9


# Ridge regression


def explicit(measure, X, Y):
    """Compute the predictivity of ridge regressions, fold by fold, by normal equations."""
    x, y = (Y, X) if measure.predictor == "Y" else (X, Y)
    order = np.arange(len(x))
    if measure.random_state is not None:
        np.random.RandomState(measure.random_state).shuffle(order)
    wanted, found = np.zeros_like(y), np.zeros_like(y)
    for test in np.array_split(order, measure.cv):
        train = np.setdiff1d(order, test)
        A, B = x[train] - x[train].mean(axis=0), y[train] - y[train].mean(axis=0)
        variances = np.linalg.eigvalsh(A.T @ A)
        unit = variances[variances > 1e-9 * variances.max()].mean()
        errors = []
        for alpha in measure.alphas:
            H = 1 / len(train) + A @ np.linalg.solve(
                A.T @ A + alpha * unit * np.eye(A.shape[1]), A.T
            )
            errors.append(np.sum((B - H @ B) ** 2) / (len(train) - np.trace(H)) ** 2)
        model = Ridge(measure.alphas[np.argmin(errors)] * unit).fit(x[train], y[train])
        wanted[test] = y[test] - y[train].mean(axis=0)
        found[test] = model.predict(x[test]).reshape(len(test), -1) - y[train].mean(axis=0)
    if measure.score_method == "r2":
        return 1 - np.sum((wanted - found) ** 2) / np.sum(wanted**2)
    size = np.linalg.norm(wanted, axis=0) * np.linalg.norm(found, axis=0)
    return np.mean(np.sum(wanted * found, axis=0) / size)


@pytest.mark.parametrize("score_method", ["r2", "r"])
@pytest.mark.parametrize("predictor", ["X", "Y"])
@pytest.mark.parametrize("shape", [(60, 5, 8), (20, 30, 4), (23, 3, 40), (12, 1, 1)])
def test_explicit_regressions(rng, score_method, predictor, shape):
    X, Y = related(rng, *shape)
    for cv, seed in ((5, 0), (3, 7), (4, None)):
        measure = RidgePredictivity(predictor, score_method, cv=cv, random_state=seed)
        assert measure.score(X, Y) == pytest.approx(explicit(measure, X, Y), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("score_method", ["r2", "r"])
def test_each_penalty(rng, score_method):
    X, Y = related(rng)
    for alpha in ALPHAS:
        measure = RidgePredictivity(score_method=score_method, alphas=[alpha])
        assert measure.score(X, Y) == pytest.approx(explicit(measure, X, Y), rel=1e-6)


def test_noise_takes_the_larger_penalty(rng):
    X, Y = rng.standard_normal((40, 5)), rng.standard_normal((40, 30))
    free = RidgePredictivity(alphas=[1e-6]).score(X, Y)
    assert free < -1
    assert RidgePredictivity().score(X, Y) == pytest.approx(0, abs=0.05)


def test_of_chance_it_is_0(rng):
    xs = [rng.standard_normal((100, p)) for p in (3, 20, 90, 300)]
    for score_method in ("r2", "r"):
        D = pairwise_distances(RidgePredictivity(score_method=score_method), xs, verbose=False)
        assert np.abs(D[~np.eye(4, dtype=bool)]).max() < 0.1
        assert D.diagonal()[:2] == pytest.approx(1, abs=1e-9)
        assert D[3, 3] < 0.9  # more features than samples


def test_features_that_do_not_vary_have_no_part(rng):
    X, Y = related(rng)
    dead = np.column_stack([np.full(60, 0.1), X, np.zeros((60, 4))])
    for score_method in ("r2", "r"):
        measure = RidgePredictivity(score_method=score_method)
        assert measure.score(dead, Y) == pytest.approx(measure.score(X, Y), rel=1e-10)
        assert measure.score(Y, dead) == pytest.approx(measure.score(Y, X), rel=1e-10)


@pytest.mark.parametrize("score_method", ["r2", "r"])
def test_training_samples_without_variance(rng, score_method):
    X, Y = np.zeros((10, 3)), rng.standard_normal((10, 2))
    X[4] = 1, 2, 3  # held out in one of the folds, where the means predict
    measure = RidgePredictivity(score_method=score_method)
    assert -1 <= measure.score(X, Y) <= 1
    assert abs(measure.score(Y, X)) < 10
    assert measure.score(1e6 * X - 0.1, Y) == pytest.approx(measure.score(X, Y), abs=1e-6)


def test_as_many_samples_as_folds(rng):
    X, Y = rng.standard_normal((2, 5, 2))
    assert np.isfinite(RidgePredictivity().score(X, Y))
    for n in (2, 3):
        measure = RidgePredictivity(cv=n)
        assert measure.score(X[:n], Y[:n]) <= 1
    with pytest.warns(match="5 samples are too few for cv=6 folds"):
        assert np.isnan(RidgePredictivity(cv=6).score(X, Y))


def test_folds_follow_the_seed(rng):
    X, Y = related(rng)
    values = [RidgePredictivity(random_state=seed).score(X, Y) for seed in (0, 0, 1, None)]
    assert values[0] == values[1]
    assert len(set(values)) == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cv": 1}, "cv must be at least 2"),
        ({"alphas": []}, "alphas must have at least one penalty"),
        ({"alphas": [1, 0]}, r"alphas\[1\] must be in \[1e-12, 1e\+12\]"),
        ({"alphas": [np.nan]}, r"alphas\[0\] must be in"),
        ({"random_state": -1}, "random_state must be from 0"),
        ({"predictor": "x"}, "predictor == 'x'"),
        ({"score_method": "r3"}, "score_method == 'r3'"),
    ],
)
def test_parameters_out_of_range(rng, parameters, message):
    X = rng.standard_normal((9, 3))
    for use in (RidgePredictivity.fit, RidgePredictivity.score):
        with pytest.raises(ValueError, match=message):
            use(RidgePredictivity(**parameters), X, X)


def test_parameters_of_other_kinds(rng):
    X = rng.standard_normal((9, 3))
    for parameters in ({"cv": 2.0}, {"alphas": 1.0}, {"alphas": ["1"]}, {"random_state": "0"}):
        with pytest.raises(TypeError, match=next(iter(parameters))):
            RidgePredictivity(**parameters).score(X, X)
