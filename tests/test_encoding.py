"""Encoding models against scikit-learn and himalaya, definitions, and noise."""

import pickle
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    ShuffleSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline

from netrep_go.encoding import EncodingModel, best_layers

matplotlib.use("Agg")

ALPHAS = np.logspace(-1, 5, 20)


def responses(rng, n=60, p=12, q=5, noise=1.0, center=3.0):
    X = rng.standard_normal((n, p)) + center
    Y = X @ rng.standard_normal((p, q)) / np.sqrt(p) + noise * rng.standard_normal((n, q))
    return X, Y


def scored_by_hand(model, Y, scoring):
    """Return the score of held-out predictions by its definition."""
    y, p = np.concatenate(
        [
            np.stack([Y[test] - Y[train].mean(0), model.predictions_[test] - Y[train].mean(0)])
            for train, test in model.folds_
        ],
        axis=1,
    )
    if scoring == "r2":
        return 1 - ((y - p) ** 2).sum(0) / (y**2).sum(0)
    if scoring == "r":
        return (y * p).sum(0) / np.sqrt((y**2).sum(0) * (p**2).sum(0))
    each = []
    for _, test in model.folds_:
        y, p = Y[test], model.predictions_[test]
        if scoring == "r2_fold":
            each.append(r2_score(y, p, multioutput="raw_values"))
        else:
            each.append([np.corrcoef(a, b)[0, 1] for a, b in zip(y.T, p.T, strict=True)])
    return np.mean(each, axis=0)


@pytest.mark.parametrize("p", [3, 12, 45, 150])  # by moments, from features, and of samples
@pytest.mark.parametrize("outer", [5, ShuffleSplit(3, test_size=0.1, random_state=0)])
def test_the_same_penalties_and_scores_as_a_grid_search(rng, p, outer):
    X, Y = responses(rng, p=p)
    grid = GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=5)
    expected = cross_validate(grid, X, Y, cv=outer, return_estimator=True)
    model = EncodingModel(
        alphas=ALPHAS, alpha_per_target=False, scoring="r2_fold", outer_cv=outer, with_coef=True
    ).fit(X, Y)
    chosen = [e.best_params_["alpha"] for e in expected["estimator"]]
    np.testing.assert_array_equal(model.fold_alpha_, np.repeat(chosen, 5).reshape(-1, 5))
    np.testing.assert_allclose(model.scores_.mean(axis=1), expected["test_score"], atol=1e-10)
    best = grid.fit(X, Y).best_estimator_
    assert set(model.alpha_) == {best.alpha}
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-10)
    np.testing.assert_allclose(model.predict(X + 1), best.predict(X + 1), atol=1e-10)
    assert model.score(X, Y) == pytest.approx(best.score(X, Y), abs=1e-10)


@pytest.mark.parametrize("p", [8, 80])
def test_penalties_of_each_target_are_those_of_searches_of_each(rng, p):
    X, Y = responses(rng, p=p, q=2)
    model = EncodingModel(alphas=ALPHAS, scoring="r2_fold").fit(X, Y)
    for k, y in enumerate(Y.T):
        grid = GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=5)
        expected = cross_validate(grid, X, y, cv=5, return_estimator=True)
        chosen = [e.best_params_["alpha"] for e in expected["estimator"]]
        np.testing.assert_array_equal(model.fold_alpha_[:, k], chosen)
        np.testing.assert_allclose(model.scores_[:, k], expected["test_score"], atol=1e-10)


@pytest.mark.parametrize("scoring", ["r2", "r", "r2_fold", "r_fold"])
@pytest.mark.parametrize("p", [3, 80])
def test_scores_by_their_definition(rng, scoring, p):
    X, Y = responses(rng, p=p)
    model = EncodingModel(scoring=scoring).fit(X, Y)
    np.testing.assert_allclose(model.score_, scored_by_hand(model, Y, scoring), atol=1e-12)
    if scoring.endswith("fold"):
        np.testing.assert_allclose(model.score_, model.scores_.mean(axis=0))
    np.testing.assert_array_equal(model.layer_score_[0], model.score_)
    np.testing.assert_array_equal(model.layer_scores_[0], model.scores_)


@pytest.mark.parametrize("outer", [2, 5, LeaveOneOut()])
def test_the_mean_as_prediction_scores_zero(rng, outer):
    Y = rng.standard_normal((30, 3))
    for scoring in ("r2", "r"):
        model = EncodingModel(outer_cv=outer, scoring=scoring).fit(np.ones((30, 2)), Y)
        np.testing.assert_allclose(model.score_, 0, atol=1e-12)
    below = EncodingModel(outer_cv=5, scoring="r2_fold").fit(np.ones((30, 2)), Y).score_
    assert (below < -0.01).all()


PEERS = {
    "ols": LinearRegression(),
    "lasso": Lasso(alpha=0.05),
    "pcr": make_pipeline(PCA(4, svd_solver="full"), LinearRegression()),
}


@pytest.mark.parametrize("p", [8, 70])
@pytest.mark.parametrize("regression", PEERS)
def test_regressions_of_scikit_learn(rng, regression, p):
    X, Y = responses(rng, p=p)
    model = EncodingModel(regression, alphas=[0.05], n_components=4, scoring="r2_fold").fit(X, Y)
    peer = PEERS[regression].fit(X, Y)
    tolerance = 1e-3 if regression == "lasso" else 1e-9
    np.testing.assert_allclose(model.predict(X * 2), peer.predict(X * 2), atol=10 * tolerance)
    expected = cross_validate(peer, X, Y, cv=5)["test_score"]
    np.testing.assert_allclose(model.scores_.mean(axis=1), expected, atol=tolerance)


@pytest.mark.parametrize("k", [1, 3, 25])
def test_partial_least_squares_of_scikit_learn(rng, k):
    from sklearn.cross_decomposition import PLSRegression

    X, Y = responses(rng, p=40)
    model = EncodingModel("pls", n_components=[1, 3, 25], scoring="r2_fold", outer_cv=None)
    fixed = clone(model).set_params(n_components=k).fit(X, Y)
    peer = PLSRegression(k, scale=False).fit(X, Y)
    np.testing.assert_allclose(fixed.predict(X), peer.predict(X), atol=1e-9)
    grid = GridSearchCV(PLSRegression(scale=False), {"n_components": [1, 3, 25]}, cv=5).fit(X, Y)
    together = clone(model).set_params(alpha_per_target=False).fit(X, Y)
    assert set(together.n_components_) == {grid.best_params_["n_components"]}


def test_float32_products_are_close(rng):
    X, Y = responses(rng, n=80, p=120)
    exact = EncodingModel(alphas=ALPHAS).fit(X, Y)
    single = EncodingModel(alphas=ALPHAS, dtype=np.float32).fit(X, Y)
    np.testing.assert_allclose(single.score_, exact.score_, atol=1e-4)
    assert single.predictions_.dtype == np.float64


def test_small_penalties_and_large_means_keep_their_digits(rng):
    X, Y = responses(rng, n=40, p=6, noise=0.1)
    scales = np.logspace(0, -4, 6)
    for scaled in (X * scales, X * scales + 1e3):
        tiny = EncodingModel(alphas=[1e-16], outer_cv=None).fit(scaled, Y)
        expected = LinearRegression().fit(scaled, Y).predict(scaled)
        np.testing.assert_allclose(tiny.predict(scaled), expected, atol=1e-6)
    wide = rng.standard_normal((30, 50))
    wide[:, 25:] = wide[:, :25]  # collinear, and more features than training samples
    exact = Ridge(1e-3).fit(wide, Y[:30]).predict(wide)
    model = EncodingModel(alphas=[1e-3], outer_cv=None).fit(wide, Y[:30])
    np.testing.assert_allclose(model.predict(wide), exact, atol=1e-8)


def test_tikhonov_is_ridge_on_transformed_features(rng):
    X, Y = responses(rng, p=6)
    root = rng.standard_normal((6, 6))
    S = root @ root.T
    model = EncodingModel(alphas=[2.0], feature_covariance=S, with_coef=True, outer_cv=None)
    coef = model.fit(X, Y).coef_.T
    Xc, Yc = X - X.mean(0), Y - Y.mean(0)
    expected = np.linalg.solve(Xc.T @ Xc + 2.0 * np.linalg.inv(S), Xc.T @ Yc)
    np.testing.assert_allclose(coef, expected, atol=1e-9)
    np.testing.assert_allclose(model.predict(X), Xc @ expected + Y.mean(0), atol=1e-9)
    for wrong, message in (
        (np.eye(5), "shape"),
        (-np.eye(6), "negative"),
        (np.triu(np.ones((6, 6))), "symmetric"),
    ):
        with pytest.raises(ValueError, match=f"feature_covariance.*{message}"):
            clone(model).set_params(feature_covariance=wrong).fit(X, Y)


@pytest.mark.parametrize("p", [3, 80])
@pytest.mark.parametrize("regression", ["ridge", "ols", "pcr"])
def test_missing_targets_are_left_out_target_by_target(rng, regression, p):
    X, Y = responses(rng, p=p)
    Y[::7, 1] = Y[3, 2] = np.nan
    options = {"alphas": ALPHAS, "n_components": [1, 3], "cv": KFold(3), "outer_cv": None}
    model = EncodingModel(regression, with_coef=True, **options).fit(X, Y)
    for k, y in enumerate(Y.T):
        known = ~np.isnan(y)
        folds = [(a[known[a]], b[known[b]]) for a, b in KFold(3).split(X)]
        at = np.cumsum(known) - 1
        options["cv"] = [(at[a], at[b]) for a, b in folds]
        alone = EncodingModel(regression, with_coef=True, **options).fit(X[known], y[known])
        np.testing.assert_allclose(model.coef_[k], alone.coef_[0], atol=1e-9)
        np.testing.assert_allclose(model.predict(X)[:, k], alone.predict(X), atol=1e-9)
    whole = EncodingModel(regression, n_components=[1, 3]).fit(X, Y)
    assert np.isnan(whole.predictions_).sum() == 0 or np.isnan(whole.predictions_[::7, 1]).all()
    assert np.isfinite(whole.score_).all()


def tall(rng):
    """Features, and targets, of 60 samples, so few that regressions follow from moments."""
    X, Y = responses(rng, p=4)
    Y[::7, 1] = Y[3, 2] = Y[48:, 3] = np.nan  # the last fold tests nothing of one target
    return X, Y


@pytest.mark.parametrize("case", [
    "plain", "collinear", "constant", "far", "tikhonov", "layers", "part", "shuffled", "r_fold",
])  # fmt: skip
def test_moments_give_what_samples_do(rng, monkeypatch, case):
    X, Y = tall(rng)
    options = {"alphas": [1e-2, 1.0, 1e2], "with_coef": True}
    options |= {
        "tikhonov": {"feature_covariance": np.diag([1.0, 2.0, 3.0, 0.0])},
        "part": {"cv": [(np.arange(15), np.arange(15, 30)), (np.arange(15, 30), np.arange(15))],
                 "outer_cv": None},
        "shuffled": {"cv": KFold(4, shuffle=True, random_state=0)},
        "r_fold": {"scoring": "r_fold"},
    }.get(case, {})  # fmt: skip
    if case == "collinear":
        X[:, 3] = X[:, 0] - X[:, 1]
    if case == "constant":
        X[:, 3] = 1.0
    X = X + 1e6 * (case == "far")
    given = {"a": X, "b": X[:, :1] ** 2} if case == "layers" else X
    if case == "layers":
        Y[:, 4] = X[:, 0] ** 2
    if case == "part":
        Y = np.nan_to_num(Y)
    fast = EncodingModel(**options).fit(given, Y)
    monkeypatch.setattr("netrep_go.encoding._search.Search._moments", lambda *a: None)
    slow = EncodingModel(**options).fit(given, Y)
    np.testing.assert_array_equal(fast.alpha_, slow.alpha_)
    np.testing.assert_allclose(fast.predict(given), slow.predict(given), atol=1e-9)
    for name in fast.names_:
        mine, others = (m.coef_[name] if case == "layers" else m.coef_ for m in (fast, slow))
        np.testing.assert_allclose(mine, others, atol=1e-9)
    if case != "part":
        np.testing.assert_array_equal(fast.fold_alpha_, slow.fold_alpha_)
        np.testing.assert_allclose(fast.score_, slow.score_, atol=1e-9)


def test_layers_are_chosen_for_each_target_or_for_all(rng):
    layers = {name: rng.standard_normal((90, p)) for name, p in (("conv", 20), ("fc", 100))}
    Y = np.stack([layers["conv"][:, 0], layers["fc"][:, :9].sum(1), layers["conv"][:, 1]], axis=1)
    model = EncodingModel(with_coef=True).fit(layers, Y)
    assert list(model.layer_) == ["conv", "fc", "conv"]
    assert model.fold_layer_.shape == (5, 3)
    assert not model.coef_["fc"][[0, 2]].any()
    assert model.layer_score_[0, 0] > 0.9 > 0.3 > model.layer_score_[1, 0]
    np.testing.assert_array_equal(model.score_[0], model.layer_score_[0, 0])
    for name, k in (("conv", 0), ("fc", 1)):
        alone = EncodingModel(alphas=[model.alpha_[k]]).fit(layers[name], Y[:, k])
        np.testing.assert_allclose(model.predict(layers)[:, k], alone.predict(layers[name]))
    together = EncodingModel(layer_per_target=False).fit(layers, Y)
    assert set(together.layer_) == {"conv"}


@pytest.mark.parametrize("options", [
    {}, {"alpha_per_target": False}, {"layer_per_target": False}, {"scoring": "r"},
    {"scoring": "r_fold"}, {"regression": "pcr", "n_components": [1, 3, 5]},
    {"regression": "pls", "n_components": [1, 3, 5]},
    {"regression": "lasso", "alphas": 2, "cv": 3, "outer_cv": 3},
    {"regression": "ols"}, {"compression": "pca"}, {"compression": "projection"},
    {"compression": PCA(5)}, {"outer_cv": LeaveOneOut(), "cv": 3}, {"dtype": np.float32},
    {"outer_cv": ShuffleSplit(2, test_size=0.5, random_state=0)},
], ids=str)  # fmt: skip
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_noise_scores_at_chance(rng, options):
    """Choices of layer, penalty and compression on held-out samples would score above 0."""
    n, q = 40, 200
    layers = {k: rng.standard_normal((n, p)) for k, p in enumerate((5, 12, 60, 9))}
    if options.get("regression") == "lasso":
        q = 20  # one descent after the other
    Y = rng.standard_normal((n, q))
    scores = {"scoring": "r", "random_state": 0} | options
    model = EncodingModel(**scores).fit(layers, Y)
    r = model.score_
    assert r.mean() < 3 * r.std() / np.sqrt(q) + 1e-12
    if model.scoring == "r" or model.scoring == "r_fold":
        assert abs(r.mean()) < 3 * r.std() / np.sqrt(q)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("per_target", [True, False])
@pytest.mark.parametrize("compression", [None, "pca", "projection"])
@pytest.mark.parametrize("regression", ["ridge", "ols", "lasso", "pcr", "pls"])
def test_noise_is_at_chance_for_all_that_is_chosen(regression, compression, per_target):
    """Layer, penalty and compression together, by the score whose chance is 0 for any sizes."""
    means = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        layers = {k: rng.standard_normal((40, p)) for k, p in enumerate((5, 12, 60))}
        model = EncodingModel(
            regression, alphas=4, n_components=[1, 2, 4], compression=compression,
            alpha_per_target=per_target, layer_per_target=per_target, scoring="r_fold", cv=3,
            outer_cv=4, refit=False, random_state=0, n_jobs=1,
        )  # fmt: skip
        means.append(model.fit(layers, rng.standard_normal((40, 10))).score_.mean())
    assert abs(np.mean(means)) < 3 * np.std(means, ddof=1) / np.sqrt(len(means))


def test_groups_stay_together(rng):
    X, Y = responses(rng, n=30)
    groups = np.repeat(np.arange(6), 5)
    model = EncodingModel(cv=GroupKFold(3), outer_cv=LeaveOneGroupOut()).fit(X, Y, groups)
    assert all(len(np.unique(groups[test])) == 1 for _, test in model.folds_)
    alone = np.append(np.zeros(15, int), np.arange(1, 16))  # groups of one sample
    single = EncodingModel(cv=3, outer_cv=LeaveOneGroupOut()).fit(X, Y, alone)
    assert np.isfinite(single.score_).all()
    counted = EncodingModel(cv=2, outer_cv=np.int64(3)).fit(X, Y, groups)
    assert [len(np.unique(groups[test])) for _, test in counted.folds_] == [2, 2, 2]
    by_name = EncodingModel(cv=GroupKFold(2), outer_cv=GroupKFold(3)).fit(X, Y, groups)
    np.testing.assert_array_equal(counted.predictions_, by_name.predictions_)
    for options, message in (
        (
            {"outer_cv": 7},
            "outer_cv must be at most the number of groups, 6, that it splits, got 7",
        ),
        ({"outer_cv": 3}, "^cv must be at most the number of groups, 4, that it splits, got 5"),
        ({"outer_cv": None, "cv": 1}, "cv must be at least 2"),
    ):
        with pytest.raises(ValueError, match=message):
            EncodingModel(**options).fit(X, Y, groups)
    with pytest.raises(ValueError, match="outer_cv"):
        EncodingModel(outer_cv=LeaveOneGroupOut()).fit(X, Y)
    with pytest.raises(ValueError, match=r"scoring='r_fold' needs 2 test samples.*outer_cv"):
        EncodingModel(outer_cv=LeaveOneGroupOut(), scoring="r_fold").fit(X, Y, alone)


def test_results_do_not_depend_on_threads_and_survive_pickling(rng):
    layers = {"a": rng.standard_normal((50, 4)), "b": rng.standard_normal((50, 70))}
    Y = layers["a"] + rng.standard_normal((50, 4))
    one, three = (EncodingModel(n_jobs=n).fit(layers, Y) for n in (1, 3))
    np.testing.assert_array_equal(one.predictions_, three.predictions_)
    again = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(again.predict(layers), one.predict(layers))


def test_works_in_scikit_learns_cross_validation(rng):
    X, Y = responses(rng)
    inner = EncodingModel(outer_cv=None)
    scores = cross_validate(inner, X, Y, cv=5)["test_score"]
    nested = EncodingModel().fit(X, Y)
    np.testing.assert_allclose(scores, nested.scores_.mean(axis=1))
    grid = GridSearchCV(inner, {"regression": ["ridge", "ols"]}, cv=3).fit(X, Y)
    assert isinstance(grid.best_estimator_.score(X, Y), float)
    per_target = inner.fit(X, Y).score(X, Y, per_target=True)
    assert per_target.shape == (5,)
    assert per_target.mean() == pytest.approx(inner.score(X, Y))


def test_constant_targets_score_zero_with_a_warning(rng):
    X, Y = responses(rng)
    Y[:, 1] = 2.0
    with pytest.warns(UserWarning, match=r"1 target\(s\) of Y are constant.*: 1$"):
        model = EncodingModel().fit(X, Y)
    assert model.score_[1] == 0.0
    np.testing.assert_array_equal(model.predict(X)[:, 1], 2.0)


@pytest.mark.parametrize(("options", "message"), [
    ({"alphas": [1.0, 0.0]}, "alphas must be above 0, got 0"),
    ({"alphas": -1.0}, "alphas must be above 0, got -1"),
    ({"alphas": 0}, "alphas must be at least 1"),
    ({"regression": "svm"}, "regression"),
    ({"scoring": "pooled"}, "scoring"),
    ({"compression": "zip"}, "compression"),
    ({"regression": "pls", "n_components": 100}, "n_components must be at most"),
    ({"regression": "pcr", "n_components": 0}, "n_components must be at least 1"),
    ({"outer_cv": [([], [0, 1])]}, "fold 0 of outer_cv must have training samples, got none"),
    ({"outer_cv": [([0, 1], [1, 2])]}, "fold 0 of outer_cv must not test training samples"),
    ({"outer_cv": 100}, "outer_cv: .*number of splits"),
    ({"cv": 100}, "cv: .*number of splits"),
    ({"dtype": np.int64}, "dtype"),
], ids=str)  # fmt: skip
def test_bad_options(rng, options, message):
    X, Y = responses(rng)
    with pytest.raises(ValueError, match=message):
        EncodingModel(**options).fit(X, Y)


def test_bad_data(rng):
    X, Y = responses(rng)
    with pytest.raises(
        ValueError, match=r"X\['fc'\] must have the 60 samples of X\['conv'\], got 59"
    ):
        EncodingModel().fit({"conv": X, "fc": X[1:]}, Y)
    with pytest.raises(ValueError, match="Y must have the 60 samples"):
        EncodingModel().fit(X, Y[1:])
    with pytest.raises(ValueError, match="at least one layer"):
        EncodingModel().fit({}, Y)
    unknown = Y.copy()
    unknown[:, 3] = np.nan
    with pytest.raises(ValueError, match="NaN alone in 3"):
        EncodingModel().fit(X, unknown)
    unknown[:5, 3] = rng.random(5)
    with pytest.raises(ValueError, match=r"training samples of each target.* target 3 of Y"):
        EncodingModel().fit(X, unknown)
    model = EncodingModel(outer_cv=None).fit({"a": X, "b": X}, Y)
    with pytest.raises(ValueError, match="must hold the layers"):
        model.predict({"a": X})
    with pytest.raises(ValueError, match=r"X\['b'\] must have the 12 features"):
        model.predict({"a": X, "b": X[:, 1:]})


def test_collinear_features_and_few_samples(rng):
    X, Y = responses(rng, n=12, p=4)
    doubled = np.hstack([X, X])
    for regression in ("ols", "ridge"):
        model = EncodingModel(regression, outer_cv=3, cv=2).fit(doubled, Y)
        assert np.isfinite(model.score_).all()
    np.testing.assert_allclose(
        EncodingModel("ols", outer_cv=None).fit(doubled, Y).predict(X[:, [0, 1, 2, 3] * 2]),
        LinearRegression().fit(X, Y).predict(X),
    )


def test_a_lasso_that_does_not_converge_says_so(rng):
    X = np.linspace(0, 1, 30)[:, np.newaxis] ** np.arange(12)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        EncodingModel("lasso", alphas=[1e-9], outer_cv=None).fit(X, rng.standard_normal(30))


@pytest.mark.parametrize("regression", ["lasso", "pls"])
def test_solvers_in_threads_leave_filters_of_warnings_alone(rng, regression):
    X, Y = responses(rng, n=30, p=6, noise=0.0)
    Y[:, 1:] = Y[:, :1]  # after one component of one target nothing is left
    before = list(warnings.filters)
    options = {"alphas": [0.1, 1.0], "n_components": [1, 6], "cv": 3, "n_jobs": 4}
    assert np.isfinite(EncodingModel(regression, **options).fit(X, Y).score_).all()
    assert warnings.filters == before


def test_best_layers_and_their_picture(rng):
    layers = {k: rng.standard_normal((60, 8)) for k in ("conv", 2, "fc")}
    Y = np.hstack([layers["fc"][:, :5], layers[2][:, :3]]) + rng.standard_normal((60, 8))
    model = EncodingModel().fit(layers, Y)
    best = best_layers(model)
    np.testing.assert_array_equal(best.best, [2] * 5 + [1] * 3)
    np.testing.assert_array_equal(best.share, [0, 3 / 8, 5 / 8])
    folds = [[name == best.names[k] for name, k in zip(row, best.best, strict=True)]
             for row in model.fold_layer_]  # fmt: skip
    np.testing.assert_allclose(best.agreement, np.mean(folds, axis=0))
    assert best.to_frame()["layer"].tolist() == ["fc"] * 5 + [2] * 3
    display = best.plot()
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["conv", "2", "fc"]
    heights = [bar.get_height() for bar in display.share_ax_.patches]
    np.testing.assert_allclose(heights, best.share)
    np.testing.assert_allclose(display.ax_.lines[0].get_ydata(), best.layer_score.mean(axis=1))
    plt.close(display.figure_)
    with pytest.raises(ValueError, match="fit it with outer_cv"):
        best_layers(EncodingModel(outer_cv=None).fit(layers, Y))


def test_without_a_last_fit(rng):
    X, Y = responses(rng)
    held_out, whole = (EncodingModel(refit=refit).fit(X, Y) for refit in (False, True))
    np.testing.assert_array_equal(held_out.predictions_, whole.predictions_)
    assert not hasattr(held_out, "alpha_")
    with pytest.raises(NotFittedError):
        held_out.predict(X)
    with pytest.raises(ValueError, match="leave nothing to fit"):
        EncodingModel(refit=False, outer_cv=None).fit(X, Y)
