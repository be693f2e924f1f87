"""Reweighting, remixing and feature-reweighted RSA against explicit regressions."""

import json
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr, spearmanr
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.svm import LinearSVC

from netrep_go.plotting import LayerEvaluationDisplay
from netrep_go.rsa import (
    ConditionKFold,
    FeatureReweighting,
    FeatureReweightingCV,
    evaluate_layers,
    noise_ceiling,
    remix,
    reweight,
    reweight_features,
)
from netrep_go.rsa._condensed import as_vectors
from netrep_go.rsa._folds import Blocks, assign_folds

GOLDEN = json.loads((Path(__file__).parent / "golden/rsatoolbox_models.json").read_text())


def layered(rng, n=20, n_layers=4, n_rdms=3, noise=0.3):
    """Layer RDMs and measured RDMs that mix them, some with negative weights."""
    layers = np.stack([pdist(rng.standard_normal((n, 6))) for _ in range(n_layers)])
    weights = rng.normal(0.3, 0.5, (n_rdms, n_layers))
    return layers, weights @ layers + noise * rng.standard_normal((n_rdms, layers.shape[1]))


# Folds


@pytest.mark.parametrize("cv", [3, 5, 12, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]])
def test_folds_test_each_pair_once_and_train_without_its_conditions(cv):
    i, j = np.triu_indices(12, 1)
    tested = []
    for train, test in ConditionKFold(cv, random_state=0).split(np.empty((66, 1))):
        held_out = set(i[test]) | set(j[test])
        assert not held_out & (set(i[train]) | set(j[train]))
        assert len(train) >= 3
        tested.extend(test)
    assert sorted(tested) == list(range(66))


def test_training_grams_are_those_of_the_training_pairs(rng):
    blocks = Blocks(assign_folds(15, 5, 0))
    columns = rng.standard_normal((3, 105))
    weights = rng.random(105)
    trained = blocks.training_grams(blocks.grams(columns[:, blocks.order], weights[blocks.order]))
    for k, gram in enumerate(trained):
        pairs = blocks.training(k)
        np.testing.assert_allclose(
            gram, (columns[:, pairs] * weights[pairs]) @ columns[:, pairs].T, atol=1e-12
        )


def test_random_folds_differ_by_seed_and_repeat():
    a, b, c = (assign_folds(30, 5, seed) for seed in (0, 0, 1))
    assert (a == b).all()
    assert (a != c).any()
    assert (np.bincount(a) == 6).all()


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (2, "cv must be at least 3, got 2"),
        (21, "cv must be at most the number of conditions, 20, got 21"),
        (2.5, "cv must be an integer"),
        ([0, 1, 2], "cv must label 20 conditions, got 3 labels"),
        ([0] * 20, "cv must leave at least 3 conditions"),
        ([0] * 10 + [1] * 9 + [2], "cv must leave at least 3 conditions .* got 1 of 20"),
    ],
)
def test_wrong_folds(rng, cv, message):
    layers, rdms = layered(rng)
    with pytest.raises((ValueError, TypeError), match=message):
        reweight(layers, rdms, cv=cv)


# Reweighting


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_reweighting_is_the_explicit_regression(rng, positive, fit_intercept):
    layers, rdms = layered(rng)
    result = reweight(
        layers, rdms, cv=4, positive=positive, fit_intercept=fit_intercept, random_state=7
    )
    model = LinearRegression(positive=positive, fit_intercept=fit_intercept)
    for k, rdm in enumerate(rdms):
        np.testing.assert_allclose(result.weights[k], model.fit(layers.T, rdm).coef_, atol=1e-10)
        for train, test in ConditionKFold(4, random_state=7).split(layers.T):
            model.fit(layers.T[train], rdm[train])
            np.testing.assert_allclose(
                result.predictions[k, test], layers.T[test] @ model.coef_, atol=1e-9
            )
    if not fit_intercept:
        cv = ConditionKFold(4, random_state=7)
        expected = cross_val_predict(model, layers.T, rdms[0], cv=cv)
        np.testing.assert_allclose(result.predictions[0], expected, atol=1e-9)


@pytest.mark.parametrize("method", ["spearman", "pearson", "cosine"])
def test_scores(rng, method):
    layers, rdms = layered(rng)
    result = reweight(layers, rdms, cv=5, method=method, random_state=0)
    for k in range(3):
        a, b = rdms[k], result.predictions[k]
        expected = {
            "spearman": lambda a, b: spearmanr(a, b).statistic,
            "pearson": lambda a, b: pearsonr(a, b).statistic,
            "cosine": lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b),
        }[method]
        assert result.scores[k] == pytest.approx(expected(a, b), abs=1e-12)
        assert result.fitted_scores[k] == pytest.approx(
            expected(a, result.weights[k] @ layers), abs=1e-12
        )


@pytest.mark.parametrize("case", GOLDEN["weights"], ids=lambda case: case["method"])
@pytest.mark.parametrize("positive", [True, False])
def test_weights_of_rsatoolbox(case, positive):
    layers, rdm = np.array(case["layers"]), np.array(case["rdm"])
    result = reweight(
        layers, rdm, positive=positive, fit_intercept=case["method"] == "corr", cv=3, random_state=0
    )
    weights = result.weights[0] / np.linalg.norm(result.weights[0])
    np.testing.assert_allclose(weights, case["positive" if positive else "free"], atol=1e-8)
    assert not positive or (weights[1] == 0 and (weights >= 0).all())


@pytest.mark.long
def test_reweighting_of_noise_is_unbiased(rng):
    """A constant that is fitted and kept would make scores of noise negative."""
    scores = [
        reweight(rng.random((2, 190)), rng.random((4, 190)), cv=20, random_state=0).scores
        for _ in range(25)
    ]
    assert abs(np.mean(scores)) < 0.02


def test_reweighting_does_not_depend_on_scales_or_form(rng):
    layers, rdms = layered(rng)
    result = reweight(layers, rdms, cv=5, random_state=0)
    scale = np.array([[1e-9], [1.0], [1e9], [1e3]])
    scaled = reweight(layers * scale, 1e-6 * rdms, cv=5, random_state=0)
    np.testing.assert_allclose(scaled.scores, result.scores, atol=1e-10)
    np.testing.assert_allclose(scaled.weights * scale.T * 1e6, result.weights, atol=1e-9)
    square = np.stack([squareform(layer) for layer in layers])
    again = reweight(square, squareform(rdms[0]), cv=5, random_state=0)
    np.testing.assert_allclose(again.weights[0], result.weights[0], atol=1e-12)


def test_collinear_layers(rng):
    layers, rdms = layered(rng, n_layers=2)
    twice = reweight(layers[[0, 1, 1]], rdms, cv=5, random_state=0)
    once = reweight(layers, rdms, cv=5, random_state=0)
    np.testing.assert_allclose(twice.predictions, once.predictions, atol=1e-8)
    np.testing.assert_allclose(twice.weights[:, 1:].sum(axis=1), once.weights[:, 1], atol=1e-8)


def test_no_layer_with_a_weight_scores_zero(rng):
    layer = rng.random((1, 190))
    result = reweight(layer, 2 - layer, cv=5, random_state=0)
    assert result.weights.tolist() == [[0.0]]
    assert result.scores.tolist() == [0.0]


def test_inputs_are_not_changed(rng):
    layers, rdms = layered(rng)
    layers.flags.writeable = rdms.flags.writeable = False
    result = reweight(layers, rdms, cv=5, random_state=0)
    other = reweight(np.asfortranarray(layers), rdms.astype(object), cv=5, random_state=0)
    np.testing.assert_array_equal(result.scores, other.scores)


@pytest.mark.parametrize(
    ("layers", "rdms", "message"),
    [
        (np.ones((2, 5)), np.ones(6), r"models must have n \(n - 1\) / 2 pairs .* got 5"),
        (np.ones((2, 1)), np.ones(1), "models must be for at least 3 conditions, got 2"),
        (np.arange(12.0).reshape(2, 6), np.arange(10.0), "got 4 and 5 conditions"),
        (np.ones((2, 6)), np.arange(6.0), r"models\[0\] must vary, got 1 for all pairs"),
        (np.arange(6.0), np.ones(6), "rdms must vary, got 1 for all pairs"),
        (np.arange(6.0), [np.nan] * 6, "rdms contains NaN"),
        (np.ones((2, 4, 4)), np.ones(6), r"models\[0\] must be a symmetric matrix with a zero"),
        (np.ones((1, 1, 1, 1)), np.ones(6), "models must be RDMs of shape"),
        (np.ones((0, 6)), np.ones(6), "layers must not be empty|0 sample"),
    ],
)
def test_wrong_rdms(layers, rdms, message):
    with pytest.raises(ValueError, match=message):
        reweight(layers, rdms, cv=3)


def test_vectors_of_three_conditions_are_told_from_a_matrix():
    stack = np.array([[1.0, 2.0, 3.0]] * 3)
    assert as_vectors(stack, "rdms").shape == (3, 3)
    assert as_vectors(squareform([1.0, 2.0, 3.0]), "rdms").tolist() == [[1.0, 2.0, 3.0]]


def test_frames(rng):
    layers, rdms = layered(rng)
    frame = reweight(layers, rdms, cv=5).to_frame()
    assert list(frame.columns)[:4] == ["rdm", "method", "score", "fitted_score"]
    assert len(frame) == 3
    frame = evaluate_layers([rng.random((20, 5))] * 2, rdms, cv=5).to_frame()
    assert frame.groupby("kind").size().to_dict() == {"layer": 6, "reweighted": 3}


# Remixing


def animals(rng, n=40):
    """Two layers' activations for images of three categories; the second is cleaner."""
    labels = np.arange(n) % 3
    signal = np.eye(3)[labels] @ rng.standard_normal((3, 10))
    return labels, {
        "early": signal * 0.2 + rng.standard_normal((n, 10)),
        "late": signal + rng.standard_normal((n, 10)),
    }


def test_remixing_is_the_classifier(rng):
    labels, layers = animals(rng)
    x, others = layers["late"][:10], layers["late"][10:]
    classes = np.stack([labels, labels == 0], axis=1)[10:]
    svm = LinearSVC(random_state=0)
    values = remix(x, others, classes, classifier=svm)
    first = clone(svm).fit(others, classes[:, 0]).decision_function(x)
    second = clone(svm).fit(others, classes[:, 1]).decision_function(x)
    np.testing.assert_array_equal(values, np.column_stack([first, second]))
    assert not hasattr(svm, "coef_")


def test_evaluation_of_layers(rng):
    labels, layers = animals(rng, 60)
    images, others = slice(0, 30), slice(30, 60)
    rdms = pdist(np.eye(3)[labels[images]]) + 0.5 * rng.random((2, 435))
    result = evaluate_layers(
        {k: x[images] for k, x in layers.items()},
        rdms,
        training={k: x[others] for k, x in layers.items()},
        y=labels[others],
        cv=5,
        random_state=3,
    )
    plain = np.stack([pdist(x[images], "correlation") for x in layers.values()])
    for k in range(2):
        for layer in range(2):
            expected = spearmanr(plain[layer], rdms[k]).statistic
            assert result.layer[layer, k] == pytest.approx(expected, abs=1e-12)
    values = remix(layers["late"][images], layers["late"][others], labels[others])
    np.testing.assert_allclose(result.readout_rdms[1], pdist(values), atol=1e-12)
    alone = reweight(plain, rdms, cv=5, random_state=3)
    together = reweight(np.concatenate([plain, result.readout_rdms]), rdms, cv=5, random_state=3)
    np.testing.assert_allclose(result.reweighted, alone.scores, atol=1e-12)
    np.testing.assert_allclose(result.both, together.scores, atol=1e-12)
    np.testing.assert_allclose(result.weights, together.weights, atol=1e-12)
    assert (result.remixed[1] > result.layer[1]).all()
    assert result.noise_ceiling == noise_ceiling(rdms)
    kinds = [kind for kind, _, _ in result.bars()]
    assert kinds == ["layer"] * 2 + ["remixed"] * 2 + ["reweighted", "both"]


def test_display_of_layers(rng):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    labels, layers = animals(rng, 40)
    parts = [{k: x[part] for k, x in layers.items()} for part in (slice(0, 20), slice(20, 40))]
    result = evaluate_layers(parts[0], rng.random((3, 190)), training=parts[1], y=labels[20:], cv=4)
    ax = LayerEvaluationDisplay.from_evaluation(result).ax_
    heights = [bar.get_height() for group in ax.containers[::2] for bar in group]
    np.testing.assert_allclose(heights, [scores.mean() for _, _, scores in result.bars()])
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert set(legend) == {"layer", "remixed", "reweighted", "both", "noise ceiling"}
    pyplot.close("all")


def test_wrong_layers(rng):
    x, rdm = rng.random((8, 4)), rng.random(28)
    cases = {
        "must be for the same conditions, got 8 in 'a' and 7 in 'b'": ({"a": x, "b": x[1:]}, {}),
        "got 6 and 8 conditions": ({"a": x[:6]}, {}),
        "at least 3 conditions, got 2": ({"a": x[:2]}, {}),
        r"layers\['a'\]: the responses to condition 0 are constant": ({"a": np.ones((8, 4))}, {}),
        "at least one layer": ({}, {}),
        "training and y must be given together": ({"a": x}, {"y": [0, 1]}),
        r"training must have the layers \['a'\], got \['b'\]": (
            {"a": x},
            {"training": {"b": x}, "y": np.arange(8)},
        ),
        "same features, got 4 and 3": (
            {"a": x},
            {"training": {"a": x[:, :3]}, "y": np.arange(8)},
        ),
        "y must have 8 rows": ({"a": x}, {"training": {"a": x}, "y": [0, 1]}),
        "at least 2 classes": ({"a": x}, {"training": {"a": x}, "y": np.zeros(8)}),
        r"layers\['a'\] contains NaN": ({"a": x * np.nan}, {}),
    }
    for message, (layers, options) in cases.items():
        with pytest.raises(ValueError, match=message):
            evaluate_layers(layers, rdm, cv=4, **options)


# Feature-reweighted RSA


def design(x, metric):
    """Return the explicit design matrix."""
    i, j = np.triu_indices(len(x), 1)
    return x[i] * x[j] if metric == "dot" else (x[i] - x[j]) ** 2


@pytest.mark.parametrize("metric", ["dot", "sqeuclidean"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("k", "p"), [(12, 5), (6, 30), (3, 2)])
def test_feature_weights_are_ridge_on_the_explicit_design(rng, metric, fit_intercept, k, p):
    x = rng.standard_normal((k, p)) + rng.standard_normal(p)
    t = rng.standard_normal(k * (k - 1) // 2)
    model = FeatureReweighting(metric, alpha=0.7, fit_intercept=fit_intercept).fit(x, t)
    ridge = Ridge(alpha=0.7, fit_intercept=fit_intercept).fit(design(x, metric), t)
    np.testing.assert_allclose(model.coef_, ridge.coef_, atol=1e-9)
    assert model.intercept_ == pytest.approx(ridge.intercept_, abs=1e-9)
    new = rng.standard_normal((7, p))
    np.testing.assert_allclose(model.predict(new), ridge.predict(design(new, metric)), atol=1e-8)
    held_out = rng.standard_normal(21)
    expected = ridge.score(design(new, metric), held_out)
    assert model.score(new, held_out) == pytest.approx(expected, rel=1e-9)
    assert model.score(new, squareform(held_out)) == model.score(new, held_out)


@pytest.mark.parametrize("metric", ["dot", "sqeuclidean"])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize(("k", "p"), [(12, 5), (7, 40)])
def test_positive_feature_weights_are_nnls_on_the_explicit_design(rng, metric, alpha, k, p):
    x = rng.standard_normal((k, p))
    z = design(x, metric)
    t = z @ rng.standard_normal(p) + rng.standard_normal(len(z))
    model = FeatureReweighting(metric, alpha=alpha, positive=True, fit_intercept=False)
    fitted = model.fit(x, t).predict(x)
    augmented = np.vstack([z, np.sqrt(alpha) * np.eye(p)])
    expected, _ = nnls(augmented, np.append(t, np.zeros(p)))
    np.testing.assert_allclose(fitted, z @ expected, atol=1e-7)
    assert (model.coef_ >= 0).all()
    if p < len(z) or alpha > 0:
        np.testing.assert_allclose(model.coef_, expected, atol=1e-7)


@pytest.mark.parametrize("metric", ["dot", "sqeuclidean"])
def test_memory_is_that_of_features_squared(rng, metric):
    k, p = 200, 400
    x, t = rng.standard_normal((k, p)), rng.standard_normal(k * (k - 1) // 2)
    tracemalloc.start()
    FeatureReweighting(metric).fit(x, t)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 8 * p * p, f"{peak / 8 / p / p:.1f} matrices of features"
    assert 8 * 8 * p * p < k * (k - 1) / 2 * p * 8 / 5, "the explicit design would be larger"


def test_unpenalized_weights_are_those_of_least_norm(rng):
    x, t = rng.standard_normal((6, 30)), rng.standard_normal(15)
    model = FeatureReweighting("dot", alpha=0, fit_intercept=False).fit(x, t)
    expected = np.linalg.lstsq(design(x, "dot"), t, rcond=None)[0]
    np.testing.assert_allclose(model.coef_, expected, atol=1e-8)


@pytest.mark.parametrize("positive", [True, False])
def test_penalty_is_chosen_over_conditions(rng, positive):
    x = rng.standard_normal((20, 6))
    t = squareform(design(x, "dot") @ [1.0, 0, 0, 2, 0, 0] + rng.standard_normal(190))
    folds = np.arange(20) % 4
    alphas = [0.1, 10.0, 1000.0]
    model = FeatureReweightingCV("dot", alphas=alphas, cv=folds, positive=positive).fit(x, t)
    errors = np.zeros(3)
    for fold in range(4):
        a, b = folds != fold, folds == fold
        for k, alpha in enumerate(alphas):
            one = FeatureReweighting("dot", alpha=alpha, positive=positive).fit(
                x[a], t[np.ix_(a, a)]
            )
            errors[k] += np.sum((one.predict(x[b]) - squareform(t[np.ix_(b, b)])) ** 2)
    np.testing.assert_allclose(model.cv_errors_, errors / 40)
    assert model.alpha_ == alphas[errors.argmin()]
    whole = FeatureReweighting("dot", alpha=model.alpha_, positive=positive).fit(x, t)
    np.testing.assert_array_equal(model.coef_, whole.coef_)


def test_reweighted_features_are_predicted_from_other_conditions(rng):
    x = rng.standard_normal((15, 4))
    t = x @ np.diag([1.0, 0.0, 2.0, 0.0]) @ x.T + 0.1 * squareform(rng.standard_normal(105))
    folds = np.arange(15) % 5
    result = reweight_features(
        x, t, metric="dot", alphas=[0.3], cv=folds, inner_cv=3, random_state=0
    )
    whole = squareform(result.prediction)
    for a in range(5):
        for b in range(a, 5):
            rest = (folds != a) & (folds != b)
            one = FeatureReweighting("dot", alpha=0.3).fit(x[rest], t[np.ix_(rest, rest)])
            expected = (x * one.coef_) @ x.T
            np.fill_diagonal(expected, 0)
            block = np.ix_(folds == a, folds == b)
            np.testing.assert_allclose(whole[block], expected[block], atol=1e-10)
    measured = squareform(t, checks=False)
    assert result.score == pytest.approx(pearsonr(result.prediction, measured).statistic)
    assert result.score > result.unweighted_score
    assert result.alphas.tolist() == [0.3] * 15
    spoilt = t.copy()
    spoilt[0, 1:] = spoilt[1:, 0] = 100.0
    other = reweight_features(
        x, spoilt, metric="dot", alphas=[0.3], cv=folds, inner_cv=3, random_state=0
    )
    same = squareform(other.prediction)[:, folds == 0] == whole[:, folds == 0]
    assert same.all(), "what a fold measures must not change its own prediction"


def test_feature_estimators_clone_pickle_and_repeat(rng):
    x, t = rng.standard_normal((15, 4)), rng.standard_normal(105)
    x.flags.writeable = t.flags.writeable = False
    for model in (FeatureReweighting(alpha=2), FeatureReweightingCV(cv=3, random_state=0)):
        first, second = clone(model).fit(x, t), clone(model).fit(np.asfortranarray(x), t)
        np.testing.assert_array_equal(first.coef_, second.coef_)
        again = pickle.loads(pickle.dumps(first))
        np.testing.assert_array_equal(again.predict(x), first.predict(x))
        assert model.set_params(positive=True).get_params()["positive"] is True


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (np.ones((2, 3)), [1.0], {}, "X must have at least 3 conditions, got 2"),
        (np.ones((4, 3)), np.ones(5), {}, r"y must be of the conditions of X, .* got \(5,\)"),
        (np.ones((3, 3)), np.arange(9.0).reshape(3, 3), {}, "y must be a symmetric matrix"),
        (np.ones((3, 3)), [1.0, np.nan, 0], {}, "y contains NaN"),
        (np.full((3, 3), np.inf), [1.0, 0, 0], {}, "X contains infinity"),
        (np.ones((3, 3)), [1.0, 0, 0], {"alpha": -1}, r"alpha must be in \[0, inf\], got -1"),
        (np.ones((3, 3)), [1.0, 0, 0], {"metric": "l1"}, "Found instead metric == 'l1'"),
    ],
)
def test_wrong_features(x, y, options, message):
    with pytest.raises(ValueError, match=message):
        FeatureReweighting(**options).fit(x, y)


def test_wrong_choices(rng):
    x, t = rng.standard_normal((9, 4)), rng.standard_normal(36)
    with pytest.raises(ValueError, match="alphas must not be negative, got -1"):
        FeatureReweightingCV(alphas=[-1.0, 1.0]).fit(x, t)
    with pytest.raises(ValueError, match="cv must put at least 2 conditions in each fold"):
        FeatureReweightingCV(cv=9).fit(x, t)
    with pytest.raises(ValueError, match="cv must be at least 2, got 1"):
        FeatureReweightingCV(cv=1).fit(x, t)
    with pytest.raises(ValueError, match=r"when 1 fold\(s\) are held out, got 2 of 5"):
        FeatureReweightingCV(cv=[0, 0, 0, 1, 1]).fit(x[:5], t[:10])
    assert FeatureReweightingCV(cv=2, random_state=0).fit(x, t).alpha_ > 0
    with pytest.raises(ValueError, match="X has 3 features, but FeatureReweighting is expecting 4"):
        FeatureReweighting().fit(x, t).predict(x[:, :3])


def test_layers_of_training_are_matched_by_name(rng):
    layers = {name: rng.standard_normal((12, 5)) for name in ("a", "b")}
    training = {name: rng.standard_normal((20, 5)) for name in ("a", "b")}
    rdm = rng.random(66)
    one, other = (
        evaluate_layers(layers, rdm, training=given, y=[0, 1] * 10, cv=3, random_state=0)
        for given in (training, dict(reversed(training.items())))
    )
    np.testing.assert_array_equal(one.readout_rdms, other.readout_rdms)
