"""Decoding of labels and features, against scikit-learn, by definition, and in noise."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    permutation_test_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from netrep_go.encoding import EncodingModel, decode_features, decode_labels, decode_times

EQUAL = GaussianNB(priors=[0.5, 0.5])  # as likely, and fast


def labeled(rng, counts=(20, 30, 10), shift=1.0):
    y = np.repeat(["cat", "cup", "dog"][: len(counts)], counts)
    X = rng.standard_normal((len(y), 5))
    X[y == "cup", 0] += shift
    X[y == "dog", 1] += 2 * shift
    return X, y


@pytest.mark.parametrize("estimator", [
    GaussianNB(),
    make_pipeline(SelectKBest(k=2), LogisticRegression()),
    GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}, cv=3),
], ids=lambda e: type(e).__name__)  # fmt: skip
def test_labels_are_those_of_scikit_learn(rng, estimator):
    X, y = labeled(rng)
    expected = cross_val_predict(estimator, X, y, cv=5)
    found = decode_labels(X, y, estimator)
    np.testing.assert_array_equal(found.predictions, expected)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(y, expected))
    assert found.score == pytest.approx(balanced_accuracy_score(y, expected))
    assert found.names == ["cat", "cup", "dog"]
    assert found.chance == pytest.approx(1 / 3)
    assert found.pvalue is None
    frame = found.to_frame()
    assert frame["count"].sum() == 60
    np.testing.assert_allclose(frame.groupby("label")["share"].sum(), 1)


def test_features_are_those_of_scikit_learn(rng):
    X, Y = rng.standard_normal((40, 6)), rng.standard_normal((40, 3))
    Y[:, 1] += 2 * X[:, 0]
    expected = cross_val_predict(Ridge(2.0), X, Y, cv=4)
    found = decode_features(X, pd.DataFrame(Y, columns=list("abc")), Ridge(2.0), cv=4)
    np.testing.assert_allclose(found.predictions, expected)
    assert found.names == list("abc")
    assert found.scores.argmax() == 1
    model = EncodingModel(alphas=[2.0], outer_cv=4, scoring="r").fit(X, Y)
    np.testing.assert_allclose(found.scores, model.score_)
    for y in (Y[:, 1], Y[:, 1:2]):
        alone = decode_features(X, y, Ridge(2.0), cv=4)
        assert alone.predictions.shape == y.shape
        assert alone.scores == pytest.approx(found.scores[1:2])
    nested = decode_features(X, Y, cv=4, scoring="r2")
    whole = EncodingModel(outer_cv=4).fit(X, Y)
    np.testing.assert_allclose(nested.predictions, whole.predictions_)
    np.testing.assert_allclose(nested.scores, whole.score_)


@pytest.mark.parametrize("counts", [(30, 30), (12, 48), (8, 12, 40)])
@pytest.mark.parametrize("estimator", [None, "equal"])
def test_labels_are_at_chance_in_noise(rng, counts, estimator):
    if estimator is not None:
        estimator = GaussianNB(priors=np.full(len(counts), 1 / len(counts)))
    scores = [decode_labels(*labeled(rng, counts, 0.0), estimator, cv=4).score for _ in range(60)]
    error = np.std(scores, ddof=1) / np.sqrt(len(scores))
    assert abs(np.mean(scores) - 1 / len(counts)) < 3 * error


def test_features_that_are_chosen_inside_do_not_leak(rng):
    """Chosen from all samples, they would be found in noise."""
    inside, outside = [], []
    model = make_pipeline(SelectKBest(k=5), GaussianNB())
    for _ in range(30):
        X, y = rng.standard_normal((40, 300)), np.arange(40) % 2
        inside.append(decode_labels(X, y, model).score)
        chosen = SelectKBest(k=5).fit_transform(X, y)
        outside.append(decode_labels(chosen, y, GaussianNB()).score)
    assert abs(np.mean(inside) - 0.5) < 3 * np.std(inside, ddof=1) / np.sqrt(30)
    assert np.mean(outside) > 0.7


def test_features_are_at_chance_in_noise(rng):
    scores = [
        decode_features(rng.standard_normal((30, 20)), rng.standard_normal((30, 2)), cv=3).score
        for _ in range(60)
    ]
    assert abs(np.mean(scores)) < 3 * np.std(scores, ddof=1) / np.sqrt(60)


def test_permutations_are_those_of_scikit_learn(rng):
    X, y = labeled(rng, (10, 10))
    cv = StratifiedKFold(5)
    found = decode_labels(X, y, EQUAL, cv=cv, n_permutations=60, random_state=0)
    peer = permutation_test_score(
        EQUAL,
        X,
        y,
        cv=cv,
        scoring="balanced_accuracy",
        n_permutations=60,
        random_state=0,
    )
    assert found.score == pytest.approx(peer[0])  # folds of as many of each: their mean is ours
    assert stats.ks_2samp(found.null_distribution, peer[1]).pvalue > 0.01
    by_hand = (1 + np.sum(found.null_distribution >= found.score - 1e-9)) / 61
    assert found.pvalue == by_hand
    again = decode_labels(X, y, EQUAL, cv=cv, n_permutations=20, random_state=3, n_jobs=2)
    one = decode_labels(X, y, EQUAL, cv=cv, n_permutations=20, random_state=3, n_jobs=1)
    np.testing.assert_array_equal(again.null_distribution, one.null_distribution)


@pytest.mark.parametrize("whole", [False, True], ids=["within groups", "whole groups"])
def test_pvalues_are_uniform_with_dependent_samples(rng, whole):
    """Samples of a group share their noise, and groups their label or their runs."""
    pvalues = []
    for seed in range(40):
        groups = np.repeat(np.arange(12), 3)
        y = groups % 2 if whole else np.tile([0, 1, 0], 12)
        X = rng.standard_normal((12, 3))[groups] + 0.3 * rng.standard_normal((36, 3))
        found = decode_labels(
            X, y, EQUAL, cv=3, groups=groups, n_permutations=19, random_state=seed
        )
        pvalues.append(found.pvalue)
        tested = [set(groups[test]) & set(groups[train]) for train, test in found.folds]
        assert not any(tested)
    for alpha in (0.1, 0.25, 0.5):
        error = np.sqrt(alpha * (1 - alpha) / 40)
        assert np.mean(np.array(pvalues) <= alpha) < alpha + 3 * error
    X[y == 1] += 3
    assert decode_labels(X, y, EQUAL, cv=3, groups=groups, n_permutations=19).pvalue == 0.05


def test_groups_that_leak_are_kept_together(rng):
    """Labels say nothing, but samples of a group are alike."""
    groups = np.repeat(np.arange(20), 4)
    y = rng.permutation(np.repeat([0, 1], 10))[groups]
    X = rng.standard_normal((20, 30))[groups] + 0.1 * rng.standard_normal((80, 30))
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    leaky = decode_labels(X, y, GaussianNB(), cv=cv).score
    assert leaky > 0.85 > decode_labels(X, y, GaussianNB(), groups=groups).score
    Y = rng.standard_normal((20, 2))[groups]
    with_groups = decode_features(X, Y, groups=groups, n_permutations=9, random_state=0)
    assert with_groups.score < 0.6 < decode_features(X, Y, cv=cv.split(X, y)).score
    for train, test in with_groups.folds:
        assert not set(groups[train]) & set(groups[test])


def test_searches_get_the_groups_that_their_splitter_keeps_together(rng):
    X, y = labeled(rng, (24, 24))
    groups = np.tile(np.arange(12), 4)
    for cv in (GroupKFold(3), 3):
        search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1.0]}, cv=cv)
        found = decode_labels(X, y, search, groups=groups, cv=LeaveOneGroupOut())
        assert found.score > 0.5
        assert len(found.folds) == 12


def test_permutation_pvalues_of_features(rng):
    X = rng.standard_normal((40, 4))
    Y = rng.standard_normal((40, 3))
    Y[:, 1] += X[:, 0]
    found = decode_features(X, Y, Ridge(), cv=4, n_permutations=99, random_state=0)
    assert found.pvalue[1] == 0.01
    highest = found.null_distribution.max(axis=1)
    expected = [(1 + np.sum(highest >= s - 1e-9)) / 100 for s in found.scores]
    np.testing.assert_allclose(found.pvalue_max, expected)
    assert (found.pvalue_max >= found.pvalue).all()
    assert found.to_frame()["pvalue"].tolist() == found.pvalue.tolist()


def test_samples_that_are_tested_several_times_or_never(rng):
    X, y = labeled(rng, (20, 20))
    splits = [(np.arange(10, 40), np.arange(5)), (np.arange(5, 30), np.arange(30, 40))]
    found = decode_labels(X, y, cv=splits)
    assert found.predictions[5] is None
    assert found.confusion.sum() == 15
    twice = decode_labels(X, y, cv=ShuffleSplit(9, test_size=0.5, random_state=0))
    votes = np.zeros((40, 2))
    for train, test in twice.folds:
        predicted = decode_labels(X, y, cv=[(train, test)]).predictions[test]
        votes[test, (predicted == "cup").astype(int)] += 1
    np.testing.assert_array_equal(twice.predictions == "cup", votes[:, 1] > votes[:, 0])
    numbers = decode_features(X, X[:, :2] * 2, cv=splits)
    assert np.isnan(numbers.predictions[5]).all()
    assert np.isfinite(numbers.predictions[[0, 30]]).all()


def test_folds_that_come_once_are_gone_through_as_often_as_needed(rng):
    X, y = labeled(rng, (20, 20))
    splits = list(StratifiedKFold(4).split(X, y))
    for function, target in ((decode_labels, y), (decode_features, X[:, :2])):
        once, listed = (
            function(X, target, cv=cv, n_permutations=3, random_state=0)
            for cv in (iter(splits), splits)
        )
        np.testing.assert_array_equal(once.null_distribution, listed.null_distribution)
    data = np.stack([X, X])[..., np.newaxis]
    course = decode_times(data, y, cv=iter(splits))
    assert course.scores[1, 0, 0] == course.scores[0, 0, 0] == decode_labels(X, y, cv=splits).score


def test_constant_features_are_told_once(rng):
    with pytest.warns(UserWarning, match="constant") as caught:
        found = decode_features(rng.standard_normal((20, 3)), np.ones((20, 2)), cv=4)
    assert len(caught) == 1
    np.testing.assert_array_equal(found.scores, 0)


@pytest.mark.parametrize("y", [
    np.arange(20) % 2 == 1, pd.Series(list("ab") * 10, dtype="category"),
    np.array(["a", "b"] * 10, object), np.arange(20) % 2 * 7.0,
], ids=["bool", "category", "object", "float"])  # fmt: skip
def test_kinds_of_labels(rng, y):
    X = rng.standard_normal((20, 3)) + 3 * (np.arange(20) % 2)[:, np.newaxis]
    found = decode_labels(X.astype(np.float32), y, n_permutations=3)
    assert found.names == sorted(set(y))
    np.testing.assert_array_equal(found.predictions, y)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_too_few_samples_are_an_error(rng, n):
    X = rng.standard_normal((n, 3))
    with pytest.raises(ValueError, match=r"labels|splits"):
        decode_labels(X, np.arange(n) % 2)
    with pytest.raises(ValueError, match="splits"):
        decode_features(X, X)


def test_leaving_one_out_is_below_chance_and_permutations_show_it(rng):
    """The label of the sample that is left out has one training sample less."""
    null = [
        decode_labels(
            rng.standard_normal((8, 20)), np.arange(8) % 2, EQUAL, cv=LeaveOneOut(),
            n_permutations=20, random_state=k,
        ).null_distribution for k in range(10)
    ]  # fmt: skip
    assert np.mean(null) < 0.48


def test_wrong_input_is_named(rng):
    X, y = labeled(rng, (10, 10))
    with pytest.raises(ValueError, match="y must have at least 2 labels, got 'a' alone"):
        decode_labels(X, ["a"] * 20)
    with pytest.raises(ValueError, match=r"must have labels, got numbers such as .* regressor"):
        decode_labels(X, rng.random(20))
    with pytest.raises(ValueError, match="training samples of each label, got none of 'z' in y"):
        decode_labels(X, ["z", *y[1:]])
    with pytest.raises(ValueError, match="test samples of each label, got none of 'cup'"):
        decode_labels(X, y, cv=[(np.arange(5, 20), np.arange(5))])
    with pytest.raises(ValueError, match="estimator must be a classifier"):
        decode_labels(X, y, Ridge())
    with pytest.raises(ValueError, match="estimator must be a regressor"):
        decode_features(X, X, GaussianNB())
    with pytest.raises(
        ValueError, match="cv must be at most the number of groups, 2, that it splits, got 5"
    ):
        decode_labels(X, y, groups=np.arange(20) % 2)
    with pytest.raises(
        ValueError, match="cv must be at most the number of groups, 2, that it splits, got 5"
    ):
        decode_features(X, X, groups=np.arange(20) % 2)
    with pytest.raises(ValueError, match="Y must have the 20 samples of X, got 19"):
        decode_features(X, X[1:])
    with pytest.raises(ValueError, match="n_permutations must be at least 0"):
        decode_labels(X, y, n_permutations=-1)
    with pytest.raises(ValueError, match=r"more than 5000 features, got 5001: .*RidgeClassifier"):
        decode_labels(np.ones((20, 5001)), y)
    with pytest.raises(ValueError, match="Y contains NaN"):
        decode_features(X, np.full((20, 2), np.nan))
    with pytest.raises(ValueError, match="same samples in the same order"):
        decode_labels(pd.DataFrame(X, index=range(3, 23)), pd.Series(y, index=range(4, 24)))


def test_confusion_is_drawn(rng):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    X, y = labeled(rng)
    display = decode_labels(X, y).plot(colorbar=False)
    np.testing.assert_allclose(display.confusion_matrix.sum(axis=1), 1)
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["cat", "cup", "dog"]
    pyplot.close("all")
