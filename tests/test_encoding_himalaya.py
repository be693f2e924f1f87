"""Encoding models against himalaya."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from netrep_go.encoding import EncodingModel

pytest.importorskip("himalaya", reason="himalaya comes with netrep-go[encoding]")

from himalaya.kernel_ridge import KernelRidgeCV, MultipleKernelRidgeCV
from himalaya.ridge import RidgeCV
from himalaya.scoring import r2_score

ALPHAS = np.logspace(-1, 4, 12)


def centered(X, Y, train, test):
    x, y = X[train].mean(0), Y[train].mean(0)
    return X[train] - x, Y[train] - y, X[test] - x, Y[test] - y


@pytest.fixture
def data(rng):
    X = rng.standard_normal((60, 90))
    return X, X[:, :7] + X[:, 7:14] + rng.standard_normal((60, 7))


@pytest.mark.parametrize("peer", [KernelRidgeCV, RidgeCV])
def test_penalties_and_scores_of_each_target(data, peer):
    X, Y = data
    X = X[:, :40] if peer is RidgeCV else X
    model = EncodingModel(alphas=ALPHAS, scoring="r2_fold").fit(X, Y)
    for o, (train, test) in enumerate(model.folds_):
        x, y, x_test, y_test = centered(X, Y, train, test)
        solver = {} if peer is RidgeCV else {"kernel": "linear"}
        fitted = peer(
            alphas=ALPHAS, cv=KFold(5), fit_intercept=True,
            solver_params={"score_func": r2_score}, **solver,
        ).fit(x, y)  # fmt: skip
        np.testing.assert_allclose(model.fold_alpha_[o], fitted.best_alphas_, rtol=1e-12)
        expected = r2_score(y_test - y_test.mean(0), fitted.predict(x_test) - y_test.mean(0))
        np.testing.assert_allclose(model.scores_[o], expected, atol=1e-10)


def test_bands_with_given_weights(rng, data):
    X, Y = data
    bands = {"a": X[:, :30], "b": X[:, 30:], "c": rng.standard_normal((60, 3))}
    gammas = rng.dirichlet(np.ones(3), 6)
    model = EncodingModel("banded", alphas=ALPHAS, gammas=gammas, cv=3, with_coef=True)
    model.fit(bands, Y)
    for train, test in [*model.folds_, (np.arange(60), np.arange(60))]:
        kernels, cross = [], []
        for x in bands.values():
            x_train, y, x_test, _ = centered(x, Y, train, test)
            kernels.append(x_train @ x_train.T)
            cross.append(x_test @ x_train.T)
        peer = MultipleKernelRidgeCV(
            kernels="precomputed", cv=KFold(3), random_state=0,
            solver_params={"n_iter": gammas, "alphas": ALPHAS, "progress_bar": False},
        ).fit(np.stack(kernels), y)  # fmt: skip
        expected = peer.predict(np.stack(cross)) + Y[train].mean(0)
        found = model.predict(bands) if len(train) == 60 else model.predictions_[test]
        np.testing.assert_allclose(found, expected, atol=1e-8)
    np.testing.assert_allclose(model.alpha_, np.exp(-peer.deltas_))
    by_coef = sum((x - x.mean(0)) @ model.coef_[k].T for k, x in bands.items()) + Y.mean(0)
    np.testing.assert_allclose(by_coef, model.predict(bands), atol=1e-8)


def test_bands_with_missing_targets_and_in_noise(rng, data):
    X, Y = data
    Y[::6, 2] = np.nan
    bands = {"a": X[:, :30], "b": X[:, 30:]}
    options = {"alphas": ALPHAS, "gammas": np.array([[0.5, 0.5], [0.2, 0.8]])}
    model = EncodingModel("banded", **options).fit(bands, Y)
    known = ~np.isnan(Y[:, 2])
    assert np.isfinite(model.score_).all()
    at = np.cumsum(known) - 1
    cv = [(at[a[known[a]]], at[b[known[b]]]) for a, b in KFold(5).split(X)]
    alone = EncodingModel("banded", cv=cv, outer_cv=None, **options)
    alone.fit({name: x[known] for name, x in bands.items()}, Y[known, 2])
    np.testing.assert_allclose(model.predict(bands)[:, 2], alone.predict(bands), atol=1e-8)
    noise = rng.standard_normal((60, 150))
    r = EncodingModel("banded", gammas=3, scoring="r_fold", random_state=0).fit(bands, noise).score_
    assert abs(r.mean()) < 3 * r.std() / np.sqrt(150)


def test_bad_bands(data):
    X, Y = data
    with pytest.raises(ValueError, match="gammas must have 1 columns"):
        EncodingModel("banded", gammas=np.ones((2, 3))).fit(X, Y)
    with pytest.raises(ValueError, match="takes no compression"):
        EncodingModel("banded", compression="pca").fit(X, Y)
