"""Flexible models, cross-validated inside a bootstrap, against rsatoolbox and simulations."""

import json
from pathlib import Path

import numpy as np
import pytest
from golden.make_rsatoolbox_flexible import CASES, FITS, N, S, rdms
from scipy import stats

from netrep_go.rsa import (
    FlexibleModel,
    ModelEvaluation,
    compare,
    compare_models,
    evaluate_flexible,
    rdm,
)
from netrep_go.rsa import _flexible as flexible
from netrep_go.rsa import _flexible_folds as in_folds

METHODS = ("spearman", "pearson", "cosine", "tau-a", "tau-b", "rho-a", "corr_cov", "cosine_cov")
GOLDEN = json.loads((Path(__file__).parent / "golden/rsatoolbox_flexible.json").read_text())


@pytest.fixture(scope="module")
def layers():
    return rdms()[0]


@pytest.fixture(scope="module")
def subjects():
    return rdms()[1]


def folds(models, y, method, n_folds=(3, 2), of_conditions=None):
    """Return the scores of fixed folds: condition k is in fold k mod 3, subject k in k mod 2."""
    _, data = flexible._prepared(models, None, y, method, None, True)
    data = data._replace(folds=n_folds)
    n = len(data.place)
    sample = in_folds.Sample(np.arange(n), np.ones(len(y)))
    of_subjects = np.arange(len(y)) % n_folds[1]
    return in_folds.cross_validated(data, sample, np.arange(n) % n_folds[0], of_subjects)


@pytest.mark.parametrize("method", CASES)
def test_values_of_fixed_folds_are_those_of_rsatoolbox(method, layers, subjects):
    models = [layers[0], *(FlexibleModel(layers, fit) for fit in CASES[method][1])]
    found = folds(models, subjects, method)
    of_subjects = np.arange(S) % 2
    halves = [found.scores[:, of_subjects == k].mean(axis=1) for k in range(2)]
    lower = [found.ceilings[0, of_subjects == k].mean() for k in range(2)]
    expected = GOLDEN[method]
    np.testing.assert_allclose(np.mean(halves, axis=0), expected["scores"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(np.mean(lower), expected["lower"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_what_is_held_out_is_compared_as_everywhere(method, layers, subjects):
    found = folds([layers[0], layers[2]], subjects, method)
    square = flexible._places(subjects, N)
    expected = np.zeros((S, 2))
    for fold in range(3):
        inside = np.flatnonzero(np.arange(N) % 3 == fold)
        pairs = square[np.ix_(inside, inside)][np.triu_indices(len(inside), 1)]
        expected += compare(subjects[:, pairs], layers[[0, 2]][:, pairs], method) / 3
    np.testing.assert_allclose(found.scores.T, expected, atol=1e-12)


def test_a_condition_drawn_twice_is_there_twice(layers, subjects):
    """Copies make no pair, and other pairs count as often as their conditions were drawn."""
    drawn = np.array([0, 0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12])
    models = [layers[0], FlexibleModel(layers, "weights")]
    _, data = flexible._prepared(models, None, subjects, "pearson", None, False)
    data = data._replace(folds=(2, 1))
    counts = np.array([2.0, 0, 1, 1, 1])
    found = in_folds.cross_validated(
        data, in_folds.Sample(drawn, counts), np.arange(N) % 2, np.zeros(S, int)
    )
    place = flexible._places(subjects, N)
    expected = np.zeros((2, S))
    for fold in range(2):
        weights = np.bincount(drawn, minlength=N)
        outside = np.where(np.arange(N) % 2 == fold, 0, weights)
        inside = weights - outside
        train, test = (np.outer(w, w)[np.triu_indices(N, 1)] for w in (outside, inside))
        z, target = (centered(x, train) for x in (layers, subjects))
        target = (counts / np.sqrt((train * target**2).sum(axis=1))) @ target
        w = np.linalg.solve((z * train) @ z.T, (z * train) @ target)
        for m, prediction in enumerate([layers[0], w @ layers]):
            p, y = centered(prediction[np.newaxis], test)[0], centered(subjects, test)
            size = np.sqrt((test * p**2).sum() * (test * y**2).sum(axis=1))
            expected[m] += (y * test) @ p / size / 2
    assert (np.triu_indices(N, 1)[0].size, place.max() + 1) == (153, 153)
    np.testing.assert_allclose(found.scores, expected, atol=1e-12)


def centered(x, weights):
    return x - (x @ weights / weights.sum())[:, np.newaxis]


def test_fits_find_what_rdms_are_made_of(layers):
    y = np.stack([0.3 * layers[0] + 0.7 * layers[1]] * 4)
    models = {fit: FlexibleModel(layers, fit) for fit in FITS}
    found = folds(models, y, "pearson").scores.mean(axis=1)
    np.testing.assert_allclose(found[[0, 1, 3]], 1, atol=1e-9)
    np.testing.assert_allclose(found[2], folds([layers[1]], y, "pearson").scores.mean())


def test_interpolation_stays_between_two_neighbors():
    gram = np.eye(3)
    np.testing.assert_allclose(in_folds._between(gram, np.array([3.0, 1.0, 2.0])), [0.75, 0.25, 0])
    np.testing.assert_allclose(in_folds._between(gram, np.array([-1.0, -2.0, -0.5])), [0, 0, 1])
    same = np.ones((3, 3))
    assert in_folds._between(same, np.ones(3)).sum() == 1


def test_nothing_depends_on_units_threads_or_rounding(layers, subjects):
    models = {
        "one": layers[0],
        "all": FlexibleModel(layers),
        "best": FlexibleModel(layers, "select"),
    }
    options = {"n_bootstraps": 6, "random_state": 3}
    first = evaluate_flexible(models, subjects, "spearman", n_jobs=1, **options)
    other = {"one": layers[0] * 2.0**200, "all": FlexibleModel(layers * 2.0**-200),
             "best": FlexibleModel(layers * 4, "select")}  # fmt: skip
    noise = 1 + 1e-16 * np.random.default_rng(0).standard_normal(subjects.shape)
    second = evaluate_flexible(other, subjects * noise * 2.0**100, "spearman", n_jobs=2, **options)
    np.testing.assert_allclose(first.similarities, second.similarities, atol=1e-12)
    np.testing.assert_allclose(first.draws, second.draws, atol=1e-12)
    assert first.noise_ceiling == pytest.approx(second.noise_ceiling)


def test_what_some_rdm_lacks_counts_in_none(layers, subjects):
    lacking = subjects.copy()
    lacking[1, [3, 50]] = np.nan
    lost = flexible._places(subjects, N)[17]
    lacking[0, lost[lost >= 0]] = np.nan
    found = evaluate_flexible([layers[0], FlexibleModel(layers)], lacking, n_bootstraps=4)
    assert found.n_conditions == N - 1
    assert np.isfinite(found.similarities).all()
    changed = layers.copy()
    changed[:, [3, 50]] = 1e6
    again = folds([changed[0], FlexibleModel(changed)], lacking, "pearson")
    np.testing.assert_allclose(
        again.scores, folds([layers[0], FlexibleModel(layers)], lacking, "pearson").scores
    )


def test_a_prediction_that_says_nothing_scores_0(subjects, layers):
    nothing = np.ones_like(layers[0])
    found = folds([nothing, FlexibleModel(np.stack([nothing, -layers[1]]))], subjects, "pearson")
    np.testing.assert_array_equal(found.scores[0], 0)
    assert (np.abs(found.scores[1]) < 1).all()


def test_result_is_that_of_evaluate(layers, subjects):
    models = {"one": layers[0], "all": FlexibleModel(layers)}
    found = evaluate_flexible(models, subjects, n_bootstraps=30, random_state=0)
    assert isinstance(found, ModelEvaluation)
    assert found.names == ["one", "all"]
    assert found.cv_draws.shape == (2, 30, 4)
    np.testing.assert_allclose(found.cv_draws.mean(axis=0)[:, :2], found.draws)
    assert found.noise_ceiling.lower < found.noise_ceiling.upper
    assert len(found.to_frame()) == 2
    assert len(compare_models(found).pvalue) == 1


def test_variance_leaves_out_the_choice_of_folds():
    """With a known part of samples, and one of folds, of which the mean of two has half."""
    rng = np.random.default_rng(0)
    of_samples = rng.standard_normal((20000, 1)) @ [[1.0, 2.0]]
    draws = of_samples + 1.5 * rng.standard_normal((2, 20000, 2))
    found = ModelEvaluation(
        names=["a", "b"], method="pearson", resample="conditions", similarities=np.ones((2, 1)),
        draws=draws.mean(axis=0), noise_ceiling=None, noise_ceiling_draws=None,
        partial_draws=None, n_conditions=20, cv_draws=draws,
    )  # fmt: skip
    np.testing.assert_allclose(found.variance(np.eye(2)) * 19 / 20, [1, 4], rtol=0.1)


def test_a_flexible_model_of_noise_is_not_better():
    """Fitted to noise it does better where it was fitted and not where it is compared."""
    differences, inside = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        y = rdm(rng.standard_normal((12, 20)) + rng.standard_normal((4, 12, 20)), "sqeuclidean")
        noise = rdm(rng.standard_normal((9, 12, 20)), "sqeuclidean")
        models = [noise[0], FlexibleModel(noise[1:])]
        differences.append(np.diff([folds(models, y, "pearson").scores.mean(axis=1)])[0, 0])
        fitted = folds(models, y, "pearson", (1, 2)).scores.mean(axis=1)
        inside.append(fitted[1] - fitted[0])
    assert stats.ttest_1samp(differences, 0).pvalue > 0.05
    assert np.mean(inside) > 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "bures"}, "needs all pairs"),
        ({"sigma": np.eye(N), "method": "corr_cov"}, "variances"),
        ({"n_condition_folds": 1, "n_subject_folds": 1}, "must not both be 1"),
        ({"n_condition_folds": 4}, "at least 19 conditions"),
        ({"n_subject_folds": 5}, "at least 6 RDMs"),
        ({"n_cv": 1}, "n_cv"),
        ({"models": []}, "at least one"),
        ({"models": {"a": np.ones((2, 153))}}, "FlexibleModel"),
        ({"models": {"a": FlexibleModel(np.ones((1, 153)), "interpolate")}}, "at least 2 RDMs"),
        ({"models": {"a": FlexibleModel(np.ones((2, 153)), "best")}}, "fit of models\\['a'\\]"),
        ({"models": [np.ones(10)]}, "same conditions"),
        ({"rdms": np.ones((5, 153))}, "must vary"),
        ({"rdms": np.full((5, 153), np.nan)}, "entries that none of them lacks"),
    ],
)
def test_refusals(change, message, layers, subjects):
    given = {"models": [layers[0]], "rdms": subjects, "n_bootstraps": 2} | change
    with pytest.raises((ValueError, TypeError), match=message):
        evaluate_flexible(**given)


def test_one_rdm_alone(layers, subjects):
    found = evaluate_flexible(
        {"all": FlexibleModel(layers)}, subjects[0], resample="conditions", n_bootstraps=10
    )
    assert found.noise_ceiling is None
    assert found.similarities.shape == (1, 1)
    with pytest.raises(ValueError, match="at least 2 RDMs"):
        evaluate_flexible({"all": FlexibleModel(layers)}, subjects[0])
