"""What rounding must not decide: input that moves by 1e-15 moves results of rsa by no more."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.spatial.distance import pdist

from netrep_go.rsa import (
    FeatureReweighting,
    FeatureReweightingCV,
    NoiseNormalizer,
    partition_variance,
    reweight,
    reweight_features,
)
from netrep_go.rsa._solve import Gram

KINDS = ["random", "twins", "one-hot", "low rank", "wide", "perfect", "constant"]


def _problem(kind, rng):
    """Return responses to 20 conditions, and dissimilarities."""
    X = rng.standard_normal((20, 30 if kind == "wide" else 8))
    if kind == "twins":
        X[:, 4:] = X[:, :4]
    if kind == "one-hot":
        X = np.eye(20)[rng.integers(0, 20, 20)][:, :8]
    if kind == "low rank":
        X = X[:, :2] @ rng.standard_normal((2, 8))
    t = rng.random(190)
    if kind == "perfect":
        t = pdist(X[:, :2], "sqeuclidean")
    return X, np.ones(190) if kind == "constant" else t


def _assert_steady(function, *arrays):
    """Raise if small changes of arrays change what a function returns."""
    rng = np.random.default_rng(1)
    expected = function(*arrays)
    for _ in range(3):
        found = function(*(x * (1 + 1e-15 * rng.standard_normal(x.shape)) for x in arrays))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-8 * max(np.abs(b).max(), 1e-6))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("metric", ["sqeuclidean", "dot"])
def test_weights_of_features(kind, positive, metric, rng):
    def fit(X, t):
        free = FeatureReweighting(metric, alpha=0, positive=positive).fit(X, t)
        chosen = FeatureReweightingCV(metric, positive=positive, cv=3, random_state=0).fit(X, t)
        return free.coef_, free.predict(X), chosen.coef_, chosen.predict(X), chosen.alpha_

    _assert_steady(fit, *_problem(kind, rng))


@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("metric", ["sqeuclidean", "dot"])
def test_predictions_of_reweighted_features(kind, positive, metric, rng):
    def predict(X, t):
        options = {"metric": metric, "positive": positive, "cv": 4, "inner_cv": 2, "alphas": 6}
        found = reweight_features(X, t, **options, random_state=0)
        return found.prediction, found.score, found.alphas

    _assert_steady(predict, *_problem(kind, rng))


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("more", ["nothing", "a twin", "a sum"])
def test_weights_of_models(positive, more, rng):
    models, measured = rng.random((4, 190)), rng.random((3, 190))
    extra = {"nothing": models[:0], "a twin": models[:1], "a sum": models[:1] + models[1:2]}
    models = np.concatenate([models, extra[more]])

    def weigh(models, measured):
        found = reweight(models, measured, positive=positive, cv=4, random_state=0)
        parts = partition_variance(models[:4], measured, n_bootstraps=10, random_state=0)
        return found.weights, found.predictions, found.scores, parts.parts

    _assert_steady(weigh, models, measured)


@pytest.mark.parametrize("method", ["shrinkage_diag", "shrinkage_eye", "diag"])
@pytest.mark.parametrize("width", [5, 40])
def test_whitened_noise(method, width, rng):
    def whiten(X):
        normalizer = NoiseNormalizer(method).fit(X, np.repeat(np.arange(10), 3))
        return normalizer.transform(X), normalizer.get_precision()

    _assert_steady(whiten, rng.standard_normal((30, width)))


def test_twins_share_their_weight(rng):
    models = rng.random((2, 190))
    measured = 0.4 * models[0] + 0.1 * models[1]
    found = reweight(models[[0, 1, 0]], measured, cv=4, random_state=0)
    np.testing.assert_allclose(found.weights, [[0.2, 0.1, 0.2]], atol=1e-9)


def test_predictions_of_nothing_have_no_score(rng):
    """Features that are 0 in all conditions of a fit say nothing of the others."""
    X = np.eye(12)[:, rng.integers(0, 12, 40)]
    options = {"cv": 4, "inner_cv": 2, "alphas": 6, "random_state": 0}
    found = reweight_features(X, rng.random(66), **options)
    assert found.score == 0
    assert not found.prediction.any()


@pytest.mark.parametrize("columns", ["free", "twins", "opposite", "one-hot", "dependent"])
def test_weights_that_are_not_negative_are_optimal(columns, rng):
    for _ in range(20):
        Z, one_hot = rng.standard_normal((9, 4)), np.eye(9)[:, rng.integers(0, 9, 6)]
        extra = {"twins": Z, "opposite": -Z[:, :1], "dependent": Z @ rng.standard_normal((4, 3))}
        Z = one_hot if columns == "one-hot" else np.hstack([Z, extra.get(columns, Z[:, :0])])
        y = rng.standard_normal(9)
        w = Gram(Z.T @ Z).solve(Z.T @ y, positive=True)
        gradient = Z.T @ (Z @ w - y)
        assert w.min() >= 0
        assert gradient.min() > -1e-10
        assert np.abs(gradient * w).max() < 1e-10
        penalized = np.vstack([Z, 1e-4 * np.eye(Z.shape[1])])  # the shortest of the best, nearly
        shortest = nnls(penalized, np.append(y, np.zeros(Z.shape[1])))[0]
        np.testing.assert_allclose(w, shortest, rtol=1e-3, atol=1e-5)
