"""Measures of outputs: definitions, ties, probabilities, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from netrep_go.metrics import JSD, AccuracyDifference, Disagreement, get_measure
from netrep_go.multiset import cross_distances, pairwise_distances


@pytest.fixture(params=[(20, 3), (1, 2), (4, 10)], ids=str)
def logits(request, rng):
    return list(3 * rng.standard_normal((3, *request.param)))


def definition(x, y):
    """Return the mean over samples of the divergence, in bits."""
    return np.mean([jensenshannon(p, q, base=2) ** 2 for p, q in zip(x, y, strict=True)])


def test_divergence_by_definition(logits):
    x, y, _ = logits
    p, q = softmax(x, axis=1), softmax(y, axis=1)
    want = definition(p, q)
    assert JSD().fit_score(x, y) == pytest.approx(want, rel=1e-12)
    assert JSD("probabilities").score(p, q) == pytest.approx(want, rel=1e-12)
    assert JSD().score(x + 5, y) == pytest.approx(want, rel=1e-12)
    single = p.astype(np.float16), q.astype(np.float32)
    assert JSD("probabilities").score(*single) == pytest.approx(want, abs=1e-2)


def test_choices_by_definition(logits):
    x, y, _ = logits
    right = np.arange(len(x)) % x.shape[1]
    chosen = x.argmax(axis=1), y.argmax(axis=1)
    assert Disagreement().fit_score(x, y) == np.mean(chosen[0] != chosen[1])
    accuracies = [np.mean(each == right) for each in chosen]
    value = AccuracyDifference(right).fit_score(x, y)
    assert value == pytest.approx(abs(accuracies[0] - accuracies[1]))
    assert Disagreement().score(softmax(x, axis=1), y) == Disagreement().score(x, y)


@pytest.mark.parametrize(
    "measure", [JSD(), Disagreement(), AccuracyDifference([0, 1] * 10)], ids=str
)
def test_all_pairs_are_single_pairs(rng, measure):
    xs = list(rng.standard_normal((4, 20, 3)))
    D, D_test = pairwise_distances(measure, xs, xs[::-1], n_jobs=2, verbose=False)
    assert_array_equal(D, [[measure.score(x, y) for y in xs] for x in xs])
    assert_array_equal(D_test, D[::-1, ::-1])
    assert_array_equal(D, pairwise_distances(measure, xs, n_jobs=1, verbose=False))
    assert_array_equal(cross_distances(measure, xs[:1], xs[1:], verbose=False), D[:1, 1:])
    order = rng.permutation(20)
    if not isinstance(measure, AccuracyDifference):
        assert measure.score(xs[0][order], xs[1][order]) == pytest.approx(D[0, 1])


def test_bounds():
    sure = np.eye(3)
    assert JSD("probabilities").score(sure, sure[[1, 2, 0]]) == 1
    assert JSD("probabilities").score(sure, sure) == 0
    assert JSD().score(1e140 * sure, -1e140 * (sure + sure[[1, 2, 0]])) == pytest.approx(1)
    x = 1e-9 * np.arange(6.0).reshape(2, 3)
    assert JSD().score(x, x[:, [0, 2, 1]]) == pytest.approx(0, abs=1e-15)


def test_ties_are_said():
    x, y = np.array([[1.0, 1.0], [0.0, 2.0]]), np.array([[0.0, 1.0], [0.0, 2.0]])
    with pytest.warns(match="1 of 2 samples of X have several largest outputs: the first"):
        assert Disagreement().score(x, y) == 0.5
    with pytest.warns(match=r"1 of 2 samples of traindata\['x'\] have several"):
        D = pairwise_distances(AccuracyDifference([1, 1]), {"x": x, "y": y}, verbose=False)
    assert_allclose(D, [[0, 0.5], [0.5, 0]])


def test_probabilities_that_are_taken_for_logits(rng):
    x, y = softmax(rng.standard_normal((2, 6, 3)), axis=2)
    with pytest.warns(match="X looks like probabilities and is taken for logits"):
        JSD().score(x, np.log(y))


def test_names(rng):
    x, y = rng.standard_normal((2, 8, 3))
    for name, cls in (("jsd", JSD), ("JSD", JSD), ("Disagreement", Disagreement)):
        assert isinstance(get_measure(name), cls)
    value = get_measure("accuracy_difference", y=np.zeros(8)).score(x, y)
    assert value == AccuracyDifference([0] * 8).score(x, y)
    with pytest.raises(TypeError, match="'y'"):
        get_measure("accuracy_difference")
    frame = pd.DataFrame(x, columns=list("abc"))
    assert list(JSD().fit(frame, y).feature_names_in_) == list("abc")


def test_what_is_refused(rng):
    x = rng.standard_normal((6, 3))
    for measure, pair, message in (
        (JSD(), (x[:, :1], x[:, :1]), "X must have a column for each of at least 2 classes"),
        (Disagreement(), (x, x[:, :2]), "must be of the same classes, got 3 and 2 columns"),
        (JSD(), (x, x[:, :2]), "must be of the same classes, got 3 and 2 columns"),
        (AccuracyDifference([0] * 6), (x, x[:, :2]), "must be of the same classes"),
        (JSD("probabilities"), (x, x), "X must hold probabilities, got -"),
        (JSD("probabilities"), (abs(x) + 1, x), r"rows of X must be probabilities of sum 1, got"),
        (AccuracyDifference([0] * 5), (x, x), "y must have the class of each of the 6 samples"),
        (AccuracyDifference([3] * 6), (x, x), "y must have columns of X, from 0 to 2, got 3"),
        (AccuracyDifference([-1] * 6), (x, x), "y must have columns of X, from 0 to 2, got -1"),
        (AccuracyDifference(list("aabbcc")), (x, x), "y must "),
    ):
        with pytest.raises(ValueError, match=message):
            measure.fit(*pair).score(*pair)
    with pytest.raises(ValueError, match=r"traindata\[0\] and traindata\[1\]: outputs must be of"):
        pairwise_distances("jsd", [x, x[:, :2]], verbose=False)
    with pytest.raises(ValueError, match="outputs == 'scores'"):
        JSD("scores")
