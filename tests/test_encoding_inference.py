"""Inference on encoding models against fits by hand, and its rates in noise."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import LeaveOneOut, ShuffleSplit

from netrep_go.encoding import (
    EncodingModel,
    bootstrap_scores,
    compare_encoding,
    permutation_test,
)


def data(rng, n=36, p=6, q=4):
    X = rng.standard_normal((n, p))
    return X, X[:, :q] + 2 * rng.standard_normal((n, q))


@pytest.mark.parametrize("scoring", ["r2", "r", "r2_fold", "r_fold"])
@pytest.mark.parametrize("options", [
    {}, {"regression": "ols"}, {"regression": "pcr", "n_components": 3}, {"compression": "pca"},
    {"outer_cv": ShuffleSplit(3, test_size=0.3, random_state=1)},
], ids=str)  # fmt: skip
def test_permutations_refit_with_what_was_chosen(rng, scoring, options):
    X, Y = data(rng)
    Y[5, 1] = np.nan
    layers = {"narrow": X, "wide": rng.standard_normal((36, 50))}
    model = EncodingModel(scoring=scoring, **options).fit(layers, Y)
    test = permutation_test(model, layers, Y, n_permutations=4, random_state=0)
    np.testing.assert_allclose(test.statistic, model.score_, atol=1e-10)
    order = np.argsort(np.random.RandomState(0).random_sample((4, 36)), axis=1)
    for k in (0, 3):  # targets without missing values
        expected = []
        for draw in order:
            y, sums, each = Y[draw, k], np.zeros((2, 0)), []
            for o, (a, b) in enumerate(model.folds_):
                x = layers[model.fold_layer_[o, k]]
                fixed = {name: v for name, v in options.items() if name != "outer_cv"}
                alphas = [getattr(model, "fold_alpha_", np.ones((9, 9)))[o, k]]
                one = EncodingModel(alphas=alphas, outer_cv=None, **fixed).fit(x[a], y[a])
                t, p = y[b] - y[a].mean(), one.predict(x[b]) - y[a].mean()
                sums = np.append(sums, [t, p], axis=1)
                if scoring == "r_fold":
                    each.append(np.corrcoef(t, p)[0, 1])
                else:
                    each.append(1 - np.sum((t - p) ** 2) / np.sum((t - t.mean()) ** 2))
            t, p = sums
            expected.append(
                {
                    "r": t @ p / np.sqrt(t @ t * (p @ p)),
                    "r2": 1 - np.sum((t - p) ** 2) / (t @ t),
                }.get(scoring, np.mean(each))
            )
        np.testing.assert_allclose(test.null_distribution[:, k], expected, atol=1e-9)
    highest = test.null_distribution.max(axis=1)
    by_hand = [(1 + np.sum(highest >= s - 1e-9)) / 5 for s in test.statistic]
    np.testing.assert_allclose(test.pvalue_max, by_hand)
    assert (test.pvalue_max >= test.pvalue).all()


@pytest.mark.parametrize("options", [
    {"regression": "pls", "n_components": [1, 2]}, {"regression": "lasso", "alphas": [0.05, 0.5]},
], ids=str)  # fmt: skip
def test_permutations_of_what_is_not_linear_are_fitted_again(rng, options):
    X, Y = data(rng)
    Y[:, 0] += 5 * X[:, 0]
    Y[3, 1] = np.nan
    model = EncodingModel(outer_cv=3, scoring="r", **options).fit({"a": X, "b": X[:, :2]}, Y)
    layers = {"a": X, "b": X[:, :2]}
    found = permutation_test(model, layers, Y, n_permutations=19, random_state=0)
    np.testing.assert_allclose(found.statistic, model.score_)
    assert found.pvalue[0] == 0.05
    one = permutation_test(model, layers, Y, n_permutations=19, random_state=0, n_jobs=1)
    np.testing.assert_array_equal(found.null_distribution, one.null_distribution)
    name = {"pls": "n_components", "lasso": "alpha"}[options["regression"]]
    alone = EncodingModel(outer_cv=model.folds_[:1], refit=False, **options).fit(X, Y[:, 0])
    null = permutation_test(alone, X, Y[:, 0], n_permutations=3, random_state=1).null_distribution
    kept = getattr(alone, f"fold_{name}_")[0]
    fixed = clone(alone).set_params(**{name.replace("alpha", "alphas"): kept})
    orders = np.argsort(np.random.RandomState(1).random_sample((3, 36)), axis=1)
    again = [fixed.fit(X, Y[order, 0]).score_ for order in orders]
    np.testing.assert_allclose(null, again, atol=1e-3)  # of steps of the lasso


def test_permutation_pvalues_are_uniform_in_noise(rng):
    pvalues, family = [], []
    for k in range(60):
        X, Y = rng.standard_normal((24, 8)), rng.standard_normal((24, 6))
        model = EncodingModel(alphas=8, cv=3, outer_cv=3, scoring="r").fit(X, Y)
        test = permutation_test(model, X, Y, n_permutations=99, random_state=k)
        pvalues.append(test.pvalue)
        family.append(test.pvalue_max.min())
    pvalues = np.ravel(pvalues)
    assert stats.kstest(pvalues, stats.uniform.cdf).pvalue > 0.001
    assert abs(np.mean(pvalues <= 0.05) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / pvalues.size)
    assert np.mean(np.array(family) <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)


def test_permutations_within_strata_and_threads(rng):
    X, Y = data(rng)
    runs = np.repeat(np.arange(3), 12)
    model = EncodingModel().fit(X, Y + 50 * runs[:, np.newaxis])
    within, one = (
        permutation_test(
            model, X, Y + 50 * runs[:, np.newaxis], n_permutations=40, strata=runs,
            random_state=0, n_jobs=n,
        ) for n in (2, 1)
    )  # fmt: skip
    np.testing.assert_array_equal(within.null_distribution, one.null_distribution)
    free = permutation_test(model, X, Y + 50 * runs[:, np.newaxis], n_permutations=40)
    assert within.null_distribution.std() < free.null_distribution.std() / 2


def test_what_cannot_be_permuted(rng):
    X, Y = data(rng)
    lasso = EncodingModel("lasso", alphas=2).fit(X, Y)
    with pytest.raises(ValueError, match="give alphas as a list"):
        permutation_test(lasso, X, Y)
    with pytest.raises(ValueError, match="fit it with outer_cv"):
        permutation_test(EncodingModel(outer_cv=None).fit(X, Y), X, Y)
    model = EncodingModel().fit(X, Y)
    with pytest.raises(ValueError, match="been fitted to this X and Y"):
        permutation_test(model, X[::-1], Y)
    with pytest.raises(ValueError, match="means are others"):
        permutation_test(model, X, Y + 1)
    with pytest.raises(ValueError, match="4 targets"):
        bootstrap_scores(model, Y[:, 1:])
    again = EncodingModel(outer_cv=ShuffleSplit(4, random_state=0)).fit(X, Y)
    with pytest.raises(ValueError, match="several times"):
        bootstrap_scores(again, Y)
    with pytest.raises(ValueError, match="scoring 'r2' or 'r'"):
        bootstrap_scores(EncodingModel(scoring="r_fold").fit(X, Y), Y)
    with pytest.raises(ValueError, match="at least 4 samples or groups"):
        bootstrap_scores(model, Y, groups=np.arange(36) % 3)


@pytest.mark.parametrize("scoring", ["r2", "r"])
@pytest.mark.parametrize("grouped", [False, True])
def test_bootstrap_scores_samples_again(rng, scoring, grouped):
    X, Y = data(rng)
    Y[3, 2] = np.nan
    model = EncodingModel(scoring=scoring, outer_cv=LeaveOneOut(), cv=3).fit(X, Y)
    groups = np.arange(36) // 4 if grouped else None
    found = bootstrap_scores(model, Y, n_bootstraps=5, groups=groups, random_state=0)
    n = 9 if grouped else 36
    counts = np.random.RandomState(0).multinomial(n, np.full(n, 1 / n), 5)
    means = np.array([np.nanmean(Y[a], axis=0) for a, _ in model.folds_])
    for k in range(4):
        for row, draw in zip(counts, found.draws, strict=True):
            rows = np.repeat(np.arange(36), np.repeat(row, 4) if grouped else row)
            rows = rows[~np.isnan(Y[rows, k])]
            t, p = (a[rows, k] - means[rows, k] for a in (Y, model.predictions_))
            r2, r = 1 - np.sum((t - p) ** 2) / (t @ t), t @ p / np.sqrt(t @ t * (p @ p))
            assert draw[k] == pytest.approx(r2 if scoring == "r2" else r, abs=1e-9)
    assert (found.interval[0] <= found.interval[1]).all()
    assert found.to_frame().shape == (4, 4)


@pytest.mark.parametrize("scoring", ["r2", "r"])
def test_bootstrap_intervals_cover_the_score_of_new_samples(rng, scoring):
    """For models that are the same in all folds, because their penalty is large."""
    X = rng.standard_normal((4000, 3))
    Y = X @ rng.standard_normal((3, 1)) + 2 * rng.standard_normal((4000, 1))
    truth = EncodingModel(alphas=[1.0], scoring=scoring, outer_cv=2).fit(X, Y).score_[0]
    covered = []
    for k in range(40):
        rows = slice(100 * k, 100 * k + 100)
        model = EncodingModel(alphas=[1.0], scoring=scoring, outer_cv=10).fit(X[rows], Y[rows])
        low, high = bootstrap_scores(model, Y[rows], n_bootstraps=300, random_state=k).interval
        covered.append(low[0] <= truth <= high[0])
    assert 0.84 <= np.mean(covered) <= 1


def test_layers_and_models_are_compared(rng):
    layers = {k: rng.standard_normal((80, 6)) for k in "abc"}
    Y = layers["a"] + rng.standard_normal((80, 6))
    model = EncodingModel().fit(layers, Y)
    contrasts = compare_encoding(model)
    assert contrasts.pairs == [("a", "b"), ("a", "c"), ("b", "c")]
    d = (model.layer_scores_[0] - model.layer_scores_[1]).mean(axis=1)
    t = d.mean() / np.sqrt((1 / 5 + 16 / 64) * d.var(ddof=1))
    assert contrasts.difference[0] == pytest.approx(d.mean())
    assert contrasts.pvalue[0] == pytest.approx(2 * stats.t.sf(abs(t), 4))
    assert contrasts.pvalue_corrected[0] < 0.05 < contrasts.pvalue_corrected[2]
    assert contrasts.target_pvalue.shape == (3, 6)
    one, two = (EncodingModel().fit(layers[k], Y) for k in "ab")
    between = compare_encoding({"a": one, "b": two})
    np.testing.assert_allclose(between.pvalue, contrasts.pvalue[:1])
    np.testing.assert_array_equal(compare_encoding({"a": one, "b": one}).pvalue, 1.0)
    assert between.to_frame()["model_1"].tolist() == ["a"]
    other = EncodingModel(outer_cv=4).fit(layers["b"], Y)
    with pytest.raises(ValueError, match=r"same folds, targets and scoring.*models\['b'\]"):
        compare_encoding({"a": one, "b": other})
    with pytest.raises(ValueError, match="at least 2 models"):
        compare_encoding(one)


def test_equal_layers_are_rarely_called_different(rng):
    pvalues = []
    for _ in range(150):
        a, b, shared = rng.standard_normal((3, 40, 4))
        layers = {"a": a + shared, "b": b + shared}
        model = EncodingModel(alphas=[10.0]).fit(layers, shared + rng.standard_normal((40, 4)))
        pvalues.append(compare_encoding(model).pvalue[0])
    assert np.mean(np.array(pvalues) <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
