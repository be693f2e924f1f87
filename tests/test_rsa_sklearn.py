"""RDMs with scikit-learn, and to and from rsatoolbox."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from netrep_go.rsa import compare, decoding_rdm, from_rsatoolbox, rdm, rsa_score, to_rsatoolbox


def trials(rng, n_conditions=4, n_runs=5):
    """Return responses, conditions and runs, conditions 0 and 1 being alike."""
    means = 2 * rng.standard_normal((n_conditions, 6))
    means[1] = means[0]
    conditions = np.tile(np.arange(n_conditions), 2 * n_runs)
    runs = np.repeat(np.arange(n_runs), 2 * n_conditions)
    return means[conditions] + rng.standard_normal((len(runs), 6)), conditions, runs


def test_decoding_is_the_score_of_each_pair(rng):
    X, conditions, runs = trials(rng)
    classifier = LogisticRegression()
    found = decoding_rdm(X, conditions, estimator=classifier, cv=runs)
    chosen = np.isin(conditions, (1, 3))
    want = cross_val_score(
        classifier, X[chosen], conditions[chosen], groups=runs[chosen], cv=LeaveOneGroupOut()
    )
    assert found[4] == pytest.approx(want.mean())
    assert found.argmin() == 0
    assert found[1:].min() > 0.8
    names = np.array(["a", "b", "c", "d"])[conditions]
    assert_array_equal(decoding_rdm(X, names, estimator=classifier, cv=runs), found)


def test_decoding_of_many_data_sets(rng):
    X, conditions, runs = trials(rng)
    both = decoding_rdm([X, X[:, :2]], conditions, n_jobs=1)
    assert both.shape == (2, 6)
    assert_array_equal(both[0], decoding_rdm(X, conditions))
    shuffled = rng.permutation(len(X))
    each = decoding_rdm(
        [X, X[shuffled]], [conditions, conditions[shuffled]], cv=[runs, runs[shuffled]]
    )
    assert_allclose(each[0], each[1])


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([0, 1] * 6, "at least 3 conditions, got 2"),
        ([0, 1, 2] * 3, r"conditions must have shape \(12,\)"),
        ([[0, 1, 2] * 4, [0, 1, 3] * 4], r"conditions\[1\] has others"),
    ],
)
def test_bad_conditions(rng, conditions, message):
    X = rng.standard_normal((12, 3))
    with pytest.raises(ValueError, match=message):
        decoding_rdm([X, X], conditions, cv=2)


def test_score(rng):
    Y = rng.standard_normal((10, 8))
    Q = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    assert rsa_score(Y, Y @ Q, metric="euclidean") == pytest.approx(1)
    other = rng.standard_normal((10, 3))
    assert rsa_score(Y, other, method="tau-a") == compare(rdm(Y), rdm(other), "tau-a")


def test_rdms_of_time_points_in_a_pipeline(rng):
    """A plain function becomes a transformer by scikit-learn's own means."""
    times = rng.standard_normal((30, 8, 12))
    pipeline = make_pipeline(FunctionTransformer(rdm, kw_args={"metric": "cosine"}), PCA(2))
    assert_allclose(
        pipeline.fit_transform(times), PCA(2).fit_transform(rdm(times, "cosine")), atol=1e-12
    )


def test_rsatoolbox_and_back(rng):
    rsatoolbox = pytest.importorskip("rsatoolbox")
    vectors = rng.random((3, 15))
    vectors[0, 2] = np.nan
    theirs = to_rsatoolbox(
        vectors,
        dissimilarity_measure="correlation",
        rdm_descriptors={"subject": [1, 2, 3]},
        pattern_descriptors={"name": list("abcdef")},
    )
    assert isinstance(theirs, rsatoolbox.rdm.RDMs)
    assert theirs.rdm_descriptors["subject"] == [1, 2, 3]
    assert_array_equal(from_rsatoolbox(theirs), vectors)


def test_conversion_without_rsatoolbox(monkeypatch):
    import sys

    class Theirs:
        def get_vectors(self):
            return np.arange(6.0)[None]

    assert_array_equal(from_rsatoolbox(Theirs()), [np.arange(6.0)])
    with pytest.raises(TypeError, match=r"must be an rsatoolbox\.rdm\.RDMs, got list"):
        from_rsatoolbox([1, 2, 3])
    monkeypatch.setitem(sys.modules, "rsatoolbox", None)
    monkeypatch.setitem(sys.modules, "rsatoolbox.rdm", None)
    with pytest.raises(ImportError, match="pip install rsatoolbox"):
        to_rsatoolbox(np.arange(6.0))


@pytest.mark.parametrize("counts", [(10, 10, 10), (30, 6, 12), (50, 5, 5)])
@pytest.mark.parametrize("runs", [False, True])
def test_chance_is_a_half_for_any_counts(counts, runs):
    y = np.repeat(list("abc"), counts)
    cv = np.concatenate([np.arange(n) % 5 for n in counts]) if runs else 5
    noise = np.random.default_rng(0).standard_normal((25, len(y), 6))
    found = decoding_rdm(noise, y, cv=cv)
    error = found.std(axis=0, ddof=1) / np.sqrt(25)
    assert (np.abs(found.mean(axis=0) - 0.5) < 4 * error).all()
    if counts[0] > 10:
        assert decoding_rdm(noise[:10], y, cv=cv, scoring="accuracy").mean(axis=0)[0] > 0.55


def test_balanced_accuracy_by_definition(rng):
    y = np.repeat([0, 1, 2], [9, 5, 4])
    X = rng.standard_normal((18, 3)) + y[:, np.newaxis]
    cv = np.tile([0, 1, 2], 6)
    model = LogisticRegression()
    found = decoding_rdm(X, y, estimator=model, cv=cv)
    for value, pair in zip(found, [(0, 1), (0, 2), (1, 2)], strict=True):
        chosen = np.isin(y, pair)
        predicted = cross_val_predict(
            model, X[chosen], y[chosen], groups=cv[chosen], cv=LeaveOneGroupOut()
        )
        assert value == pytest.approx(balanced_accuracy_score(y[chosen], predicted))


def test_folds_may_lack_a_condition(rng):
    y = np.repeat([0, 1, 2], [10, 4, 4])
    cv = np.concatenate([np.arange(10) % 5, [0, 0, 1, 1], [3, 3, 4, 4]])
    X = rng.standard_normal((18, 3)) + 20 * np.eye(3)[y]
    assert_array_equal(decoding_rdm(X, y, cv=cv), np.ones(3))


@pytest.mark.parametrize(
    ("conditions", "cv", "message"),
    [
        (list("aaaabbbbcccc"), [0, 1] * 4 + [1] * 4, r"2 folds, got 'c' in fold 1 only"),
        (list("aaaabbbbcccc"), ["r1"] * 12, "got 'a' in fold 'r1' only"),
        (list("aaaaabbbbbbc"), [0, 1] * 6, "got 'c' in fold 1 only"),
        (list("aaaaabbbbbbc"), 2, "conditions 'a' and 'c': .* has no observations of 'c'"),
        (list("aaaabbbbcccc"), [0, 1] * 5, r"cv must have shape \(12,\), got \(10,\)"),
        (list("aaaabbbbcccc"), [[0, 1] * 5], r"cv must have shape \(12,\), got \(10,\)"),
        (list("aaaabbbbcccc"), [0.0, np.nan] * 6, "cv contains NaN"),
    ],
)
@pytest.mark.parametrize("scoring", [None, "accuracy"])
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_that_leave_nothing_to_learn(rng, conditions, cv, message, scoring):
    with pytest.raises(ValueError, match=message):
        decoding_rdm(rng.standard_normal((12, 4)), conditions, cv=cv, scoring=scoring)
