"""Identification by hand-made data, by simulation of random candidates, and in noise."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.model_selection import KFold, LeaveOneOut

from netrep_go.encoding import EncodingModel, identify


def test_by_hand():
    """Of 4 samples, the first is found among all, the second is beaten by one, and so on."""
    measured = np.eye(4)
    predicted = np.array([[4, 1, 2, 3], [4, 3, 2, 1], [4, 3, 1, 0], [3, 2, 1, 0]], float)
    found = identify(predicted, measured, n_permutations=0)
    np.testing.assert_array_equal(found.rank, [1, 2, 3, 4])
    np.testing.assert_allclose(found.sample_accuracy, [1, 2 / 3, 1 / 3, 0])
    assert found.accuracy == pytest.approx(0.5)
    assert (found.chance, found.pvalue) == (0.5, None)
    three = identify(predicted, measured, n_way=3)
    np.testing.assert_allclose(three.sample_accuracy, [1, 1 / 3, 0, 0], atol=1e-12)
    everyone = identify(predicted, measured, n_way="all", names=list("abcd"))
    np.testing.assert_allclose(everyone.sample_accuracy, [1, 0, 0, 0], atol=1e-12)
    assert everyone.chance == 0.25
    frame = everyone.to_frame()
    assert frame["sample"].tolist() == list("abcd")
    assert frame["rank"].tolist() == [1, 2, 3, 4]


def by_drawing(r, n):
    """Return the accuracy over all sets of candidates, ties picked at random."""
    found = []
    for i, row in enumerate(r):
        others = [j for j in range(len(r)) if j != i]
        hits = []
        for chosen in itertools.combinations(others, n - 1):
            best = max(row[list(chosen)])
            tied = np.isclose(row[list(chosen)], row[i]).sum()
            hits.append(1 / (1 + tied) if row[i] >= best - 1e-9 else 0)
        found.append(np.mean(hits))
    return found


@pytest.mark.parametrize("n", [2, 3, 5, 8, "all"])
@pytest.mark.parametrize("ties", [False, True])
def test_all_sets_of_candidates(rng, n, ties):
    measured, predicted = rng.standard_normal((2, 8, 6))
    predicted += measured
    if ties:
        measured[[1, 2, 5]] = measured[4] * 3 - 7  # a correlation does not see scale and mean
        measured[[6, 7]] = measured[0]
    r = np.corrcoef(predicted, measured)[:8, 8:]
    found = identify(predicted, measured, n_way=n)
    expected = by_drawing(r, 8 if n == "all" else n)
    np.testing.assert_allclose(found.sample_accuracy, expected, atol=1e-9)
    np.testing.assert_allclose(
        found.rank, [stats.rankdata(-np.round(q, 9))[i] for i, q in enumerate(r)]
    )
    assert abs(found.null_distribution.mean() - found.chance) < 4 * np.sqrt(
        found.null_distribution.var() / 1000
    )


@pytest.mark.parametrize("scale", [1e-200, 1e-8, 1e200])
def test_units_are_of_no_consequence(rng, scale):
    measured, noise = rng.standard_normal((2, 30, 6))
    found = identify(measured + noise, measured, random_state=0)
    scaled = identify((measured + noise) * scale, measured / scale, random_state=0)
    np.testing.assert_allclose(scaled.sample_accuracy, found.sample_accuracy)
    assert scaled.pvalue == found.pvalue


@pytest.mark.parametrize("cv", [KFold(2), KFold(5)], ids=str)
@pytest.mark.parametrize("n", [2, 4, "all"])
def test_an_encoding_model_of_noise_is_at_chance(rng, cv, n):
    scores, expected = [], None
    for _ in range(50):
        X, Y = rng.standard_normal((30, 10)), rng.standard_normal((30, 5))
        model = EncodingModel(alphas=[30.0], cv=2, outer_cv=cv).fit(X, Y)
        found = identify(model.predictions_, Y, n_way=n, folds=model.folds_, n_permutations=0)
        scores.append(found.accuracy)
        expected = found.chance
    assert expected == pytest.approx({2: 0.5, 4: 0.25, "all": cv.n_splits / 30}[n])
    assert abs(np.mean(scores) - expected) < 3 * np.std(scores, ddof=1) / np.sqrt(50)


def test_candidates_of_other_folds_would_be_below_chance(rng):
    """Which is why they are none, and why one sample left out has no candidates at all."""
    X, Y = rng.standard_normal((30, 10)), rng.standard_normal((30, 5))
    model = EncodingModel(alphas=[1e6], cv=2, outer_cv=LeaveOneOut()).fit(X, Y)
    assert identify(model.predictions_, Y).accuracy < 0.4
    with pytest.raises(ValueError, match="at least 2 samples to choose from, got 1"):
        identify(model.predictions_, Y, folds=model.folds_)


def test_pvalues_are_uniform_in_noise_and_small_for_an_effect(rng):
    pvalues = []
    for seed in range(120):
        predicted, measured = rng.standard_normal((2, 24, 5))
        folds = np.arange(24) % 3
        found = identify(predicted, measured, folds=folds, n_permutations=99, random_state=seed)
        pvalues.append(found.pvalue)
    assert stats.kstest(pvalues, "uniform").pvalue > 0.01
    effect = identify(predicted + measured, measured, folds=folds, random_state=0)
    assert effect.pvalue < 0.01
    assert effect.accuracy > 0.7


def test_folds_are_labels_or_splits(rng):
    measured, noise = rng.standard_normal((2, 24, 6))
    labels = np.arange(24) % 4
    splits = [(np.flatnonzero(labels != k), np.flatnonzero(labels == k)) for k in range(4)]
    one, two = (
        identify(measured + noise, measured, folds=folds, random_state=0)
        for folds in (labels, splits)
    )
    np.testing.assert_array_equal(one.sample_accuracy, two.sample_accuracy)
    np.testing.assert_array_equal(one.null_distribution, two.null_distribution)
    for k in range(4):
        rows = labels == k
        alone = identify((measured + noise)[rows], measured[rows])
        np.testing.assert_allclose(alone.sample_accuracy, one.sample_accuracy[rows])
    predicted = measured + noise
    predicted[splits[3][1]] = np.nan
    left = identify(
        predicted, pd.DataFrame(measured, index=[f"im{k}" for k in range(24)]), folds=splits[:3]
    )
    assert "im3" not in left.names
    assert left.names[3] == "im4"
    threads = [
        identify(measured + noise, measured, folds=labels, random_state=0, n_jobs=n) for n in (1, 2)
    ]
    np.testing.assert_array_equal(threads[0].null_distribution, threads[1].null_distribution)


def test_predictions_that_do_not_vary_tie_with_all(rng):
    measured = rng.standard_normal((10, 4))
    for n, chance in ((2, 0.5), (5, 0.2), ("all", 0.1)):
        with pytest.warns(UserWarning, match="do not vary over features"):
            found = identify(np.ones((10, 4)), measured, n_way=n)
        assert found.accuracy == pytest.approx(chance)
        assert found.pvalue == 1


def test_wrong_input_is_named(rng):
    x = rng.standard_normal((6, 4))
    with pytest.raises(ValueError, match=r"same samples and features.*\(6, 4\) and \(5, 4\)"):
        identify(x, x[:5])
    with pytest.raises(ValueError, match="2 of these or more"):
        identify(x[:, :1], x[:, :1])
    with pytest.raises(ValueError, match=r"n_way must be at most the 3 samples .* got 4"):
        identify(x, x, n_way=4, folds=[0, 0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="n_way must be at least 2, got 1"):
        identify(x, x, n_way=1)
    with pytest.raises(ValueError, match="n_way must be an integer or 'all', got 'most'"):
        identify(x, x, n_way="most")
    with pytest.raises(ValueError, match="up to 2 times"):
        identify(x, x, folds=[([3], [0, 1]), ([3], [1, 2])])
    with pytest.raises(ValueError, match="folds must test samples 0 to 5 once, got 0 to 6"):
        identify(x, x, folds=[([3], [0, 1]), ([3], [5, 6])])
    with pytest.raises(ValueError, match="NaN in a fold, got some in sample 2"):
        identify(np.where(np.arange(6)[:, np.newaxis] == 2, np.nan, x), x)
    with pytest.raises(ValueError, match="one entry for each of the 6 samples, got 2"):
        identify(x, x, names=["a", "b"])
