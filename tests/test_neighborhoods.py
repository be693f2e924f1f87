"""Measures of neighborhoods against their definitions, written out sample by sample."""

import itertools
import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from netrep_go.metrics import (
    CKNNA,
    LCSKNN,
    CycleKNN,
    EditKNN,
    MutualKNN,
    NeighborJaccard,
    RankSimilarity,
    SecondOrderCosine,
    get_measure,
)
from netrep_go.metrics import _neighbors as neighbors
from netrep_go.metrics._properties import Undefined
from netrep_go.multiset import cross_distances, pairwise_distances

DOT = {"similarity": "dot"}


def cases(seeds=(0, 1)):
    """Return the pairs A and B whose values are known."""
    for n, p, q in ((20, 5, 7), (200, 50, 50)):
        yield [np.random.RandomState(s).randn(n, w) for s, w in zip(seeds, (p, q), strict=True)]


# By the programs of ReSi (jaccard to second_order_cosine) and platonic-rep (the others), whose
# function gets samples of length 1 where it says nothing else.
GOLDEN = [
    ("jaccard", {}, 0.340476190476, 0.0309614723082),
    ("rank_similarity", {}, 0.165738445141, 0.0409573924015),
    ("joint_rank_jaccard", {}, 0.0585094957188, 0.00326012077693),
    ("second_order_cosine", {}, 0.782463405701, 0.931721572748),
    ("mutual_knn", DOT, 0.515, 0.051),
    ("mutual_knn", {}, 0.505, 0.057),
    ("cycle_knn", DOT, 1, 0.385),
    ("cycle_knn", {}, 1, 0.41),
    ("lcs_knn", DOT, 3, 0.44),
    ("edit_knn", DOT, 0.075, 0.0055),
    ("cknna", DOT, 0.346542486721, 0.040467347058),
    ("cknna", {}, 0.409253867109, 0.0511405945738),
]


@pytest.mark.parametrize(("name", "params", "a", "b"), GOLDEN)
def test_values_of_other_packages(name, params, a, b):
    measure = get_measure(name, **params)
    values = [measure.fit_score(X, Y) for X, Y in cases()]
    assert_allclose(values, [a, b], rtol=1e-11)


def test_cycles_start_in_the_second_network():
    for params, value in ((DOT, 0.37), ({}, 0.42)):
        X, Y = list(cases())[1]
        assert CycleKNN(**params).score(Y, X) == pytest.approx(value)


# Definitions

SIMILARITY = {
    "cosine": lambda a, b: a @ b / np.sqrt((a @ a) * (b @ b)),
    "dot": lambda a, b: a @ b,
    "euclidean": lambda a, b: -np.sum((a - b) ** 2),
}


def lists(X, k, similarity):
    """Return the k nearest of each sample, of equals the first."""
    found = []
    for i, x in enumerate(X):
        near = {j: SIMILARITY[similarity](x, y) for j, y in enumerate(X) if j != i}
        found.append(sorted(near, key=lambda j: (-near[j], j))[:k])
    return found


def by_sample(function):
    """Return a definition as the mean of a function of two lists of neighbors."""

    def mean(X, Y, k, similarity):
        pairs = zip(lists(X, k, similarity), lists(Y, k, similarity), strict=True)
        return np.mean([function(a, b) for a, b in pairs])

    return mean


@by_sample
def mutual(a, b):
    return len(set(a) & set(b)) / len(a)


def jaccard_of(a, b):
    return len(set(a) & set(b)) / len(set(a) | set(b))


def rank_of(a, b):
    ranks = [(a.index(j) + 1, b.index(j) + 1) for j in set(a) & set(b)]
    score = sum(2 / ((1 + abs(r - s)) * (r + s)) for r, s in ranks)
    return score / sum(1 / (i + 1) for i in range(len(ranks))) if ranks else 0


@by_sample
def common(a, b):
    length = {}
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            if 0 in (i, j):
                length[i, j] = 0
            elif a[i - 1] == b[j - 1]:
                length[i, j] = length[i - 1, j - 1] + 1
            else:
                length[i, j] = max(length[i - 1, j], length[i, j - 1])
    return length[len(a), len(b)]


@by_sample
def unedited(a, b):
    edits = {}
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            if 0 in (i, j):
                edits[i, j] = i + j
            else:
                replaced = edits[i - 1, j - 1] + (a[i - 1] != b[j - 1])
                edits[i, j] = min(replaced, edits[i - 1, j] + 1, edits[i, j - 1] + 1)
    return 1 - edits[len(a), len(b)] / len(a)


def cycle(X, Y, k, similarity):
    a, b = lists(X, k, similarity), lists(Y, k, similarity)
    return np.mean([any(i in a[j] for j in b[i]) for i in range(len(X))])


def second_order(X, Y, k, similarity):
    cosines = []
    for i, (a, b) in enumerate(zip(lists(X, k, "cosine"), lists(Y, k, "cosine"), strict=True)):
        x, y = (
            np.array([1 - SIMILARITY["cosine"](Z[i], Z[j]) for j in sorted(set(a) | set(b))])
            for Z in (X, Y)
        )
        cosines.append(SIMILARITY["cosine"](x, y))
    return np.mean(cosines)


def aligned_kernels(X, Y, k, similarity):
    n = len(X)
    masks, grams = np.zeros((2, n, n)), []
    for mask, Z in zip(masks, (X, Y), strict=True):
        for i, row in enumerate(lists(Z, k, similarity)):
            mask[i, row] = 1
        Z = Z / np.linalg.norm(Z, axis=1, keepdims=True) if similarity == "cosine" else Z
        grams.append(Z @ Z.T)

    def hsic(K, L):
        ones = np.ones(n)
        parts = np.trace(K @ L) + ones @ K @ ones * (ones @ L @ ones) / ((n - 1) * (n - 2))
        return (parts - 2 * ones @ K @ L @ ones / (n - 2)) / (n * (n - 3))

    K, L = (masks[0] * masks[1] * gram for gram in grams)
    own = [hsic(mask * gram, mask * gram) for mask, gram in zip(masks, grams, strict=True)]
    return hsic(K, L) / (np.sqrt(own[0] * own[1]) + 1e-6)


DEFINED = [
    (MutualKNN, {}, mutual),
    (NeighborJaccard, {}, by_sample(jaccard_of)),
    (RankSimilarity, {}, by_sample(rank_of)),
    (RankSimilarity, {"jaccard": True}, by_sample(lambda a, b: jaccard_of(a, b) * rank_of(a, b))),
    (LCSKNN, {}, common),
    (EditKNN, {}, unedited),
    (CycleKNN, {}, cycle),
    (SecondOrderCosine, {}, second_order),
    (CKNNA, {}, aligned_kernels),
]
SETTINGS = [
    (cls(4, **params, **({} if cls is SecondOrderCosine else {"similarity": word})), definition)
    for cls, params, definition in DEFINED
    for word in SIMILARITY
    if word == "cosine" or (cls is not SecondOrderCosine and (cls, word) != (CKNNA, "euclidean"))
]
MEASURES = [measure for measure, _ in SETTINGS]
COSINES = [measure for measure in MEASURES if getattr(measure, "similarity", "cosine") == "cosine"]

every_setting = pytest.mark.parametrize("measure", MEASURES, ids=repr)


@pytest.mark.parametrize(("measure", "definition"), SETTINGS, ids=map(repr, MEASURES))
@pytest.mark.parametrize("k", [1, 3, 10])
def test_definitions(rng, measure, definition, k):
    measure = clone(measure).set_params(n_neighbors=k)
    for n, p, q, noise in ((11, 3, 4, 0.3), (30, 40, 2, 0.5), (23, 2, 2, 3)):
        X = rng.standard_normal((n, p)) + 0.3
        Y = X @ rng.standard_normal((p, q)) + noise * rng.standard_normal((n, q))
        want = definition(X, Y, k, getattr(measure, "similarity", "cosine"))
        assert measure.score(X, Y) == pytest.approx(want, rel=1e-9, abs=1e-12)


# The lists of neighbors


def exact(x, y, similarity):
    """Return what grows with the similarity of two samples, without rounding."""
    x, y = ([Fraction(v) for v in sample.tolist()] for sample in (x, y))
    if similarity == "euclidean":
        return -sum((a - b) ** 2 for a, b in zip(x, y, strict=True))
    dot = sum(a * b for a, b in zip(x, y, strict=True))
    if similarity == "dot":
        return dot
    return dot * abs(dot) / (sum(a * a for a in x) * sum(b * b for b in y))


def exact_order(X, similarity):
    """Return for each sample all others, the nearest first, of equals the first."""
    found = []
    for i, x in enumerate(X):
        near = {j: exact(x, y, similarity) for j, y in enumerate(X) if j != i}
        found.append(sorted(near, key=lambda j: (-near[j], j)))
    return np.array(found)


@pytest.mark.parametrize("similarity", SIMILARITY)
@pytest.mark.parametrize("k", [1, 5, 39])
def test_equals_are_taken_in_the_order_of_samples(rng, similarity, k):
    for p, largest in ((1, 3), (3, 3), (20, 2)):
        X = rng.integers(1, largest + 1, (40, p)) * rng.choice([-1, 1], (40, p))
        X[rng.integers(40, size=15)] = 3 * X[rng.integers(40, size=15)]
        want = exact_order(X, similarity)[:, :k]
        for scale in (1, 0.1, 1e-140, 1e140):
            found = neighbors.nearest(scale * X, k, similarity, "X")
            assert_array_equal(found.indices.T, want)


@pytest.mark.parametrize("similarity", SIMILARITY)
def test_blocks_and_bits_are_as_one_matrix_and_lists(rng, similarity, monkeypatch):
    X, Y = rng.standard_normal((2, 83, 6))
    X[40:60] = X[:20]
    k = 9
    x, y = (neighbors.nearest(Z, k, similarity, "X") for Z in (X, Y))
    monkeypatch.setattr(neighbors, "_BLOCK", 83 * 7)
    monkeypatch.setattr(neighbors, "_BITS", 0)
    x_lists, y_lists = (neighbors.nearest(Z, k, similarity, "X") for Z in (X, Y))
    assert x.bits is not None
    assert x_lists.bits is None
    assert_array_equal(x_lists.indices, x.indices)
    assert_allclose(x_lists.values, x.values, rtol=1e-13)
    assert x_lists.remark == x.remark
    assert_array_equal(neighbors.shared(x, y), neighbors.shared(x_lists, y_lists))
    assert_array_equal(neighbors.shared(y, x), neighbors.shared(y_lists, x_lists))


def test_distances_do_not_drown_in_a_common_offset_or_an_outlier(rng):
    X = rng.standard_normal((50, 4))
    want = neighbors.nearest(X, 5, "euclidean", "X")
    moved = np.ldexp(np.round(np.ldexp(X, 20)), -20)  # which adds without rounding
    for offset in (1e4, -1e7):
        assert_array_equal(
            neighbors.nearest(moved + offset, 5, "euclidean", "X").indices,
            neighbors.nearest(moved, 5, "euclidean", "X").indices,
        )
    far = np.vstack([X, np.full((1, 4), 1e10)])
    found = neighbors.nearest(far, 5, "euclidean", "X")
    assert_array_equal(found.indices[:, :50], want.indices)
    assert_array_equal(found.indices[:, 50], np.argsort(-X.sum(axis=1))[:5])
    assert not found.remark


@pytest.mark.parametrize("similarity", ["dot", "euclidean"])
def test_rounding_is_that_of_each_sample(rng, similarity):
    n = 12
    for _ in range(20):  # what is large may drown others, but not itself
        X = rng.standard_normal((n, 3)) * 10.0 ** rng.integers(-9, 9, (n, 1))
        X[rng.integers(n, size=4)] = X[rng.integers(n, size=4)]
        near = exact_order(X, similarity)
        center = np.median(X, axis=0) if similarity == "euclidean" else 0
        lengths = np.linalg.norm(X - center, axis=1)
        for k in (1, 4, 10):
            found = neighbors.nearest(X, k, similarity, "X")
            for i, row in enumerate(found.indices.T.astype(int)):
                best = near[i][:k]
                lost = [
                    float(exact(X[i], X[a], similarity) - exact(X[i], X[b], similarity))
                    for a, b in zip(best, row, strict=True)
                ]
                sizes = lengths[i] + (lengths if similarity == "euclidean" else 0)
                sizes = np.maximum((sizes * lengths)[best], (sizes * lengths)[row])
                assert np.all(np.array(lost) <= 1e-13 * np.maximum.accumulate(sizes[::-1])[::-1])


# Ties


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = call()
    return value, [str(warning.message) for warning in caught]


@every_setting
def test_ties_are_said(rng, measure):
    X, Y = rng.standard_normal((2, 30, 3))
    X[10:20] = X[:10]
    twins = {i: (i + 10) % 20 for i in range(20)}
    near = lists(X, 5, getattr(measure, "similarity", "cosine"))
    ordered = isinstance(measure, (RankSimilarity, LCSKNN, EditKNN))
    tied = [[twins.get(a) == b for a, b in itertools.pairwise(row)] for row in near]
    n_tied = sum(any(row) if ordered else row[-1] for row in tied)
    assert n_tied
    value, messages = warned(lambda: measure.score(X, Y))
    assert np.isfinite(value)
    assert [message.partition(" ")[0] for message in messages] == [str(n_tied)]
    assert "samples of X have equally similar" in messages[0]
    _, messages = warned(lambda: pairwise_distances(measure, [X, Y, X], verbose=False))
    assert len(messages) == 2
    assert "of traindata[2] have" in messages[1]


@every_setting
def test_the_order_of_samples_does_not_matter(rng, measure):
    X = rng.standard_normal((40, 3))
    Y = X + rng.standard_normal((40, 3))
    value = measure.score(X, Y)
    for _ in range(3):
        order = rng.permutation(40)
        assert measure.score(X[order], Y[order]) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("measure", [m for m in MEASURES if not isinstance(m, (CycleKNN, CKNNA))])
def test_the_order_of_samples_matters_as_far_as_ties_do(rng, measure):
    X = np.repeat(rng.standard_normal((14, 3)), 3, axis=0)
    Y = np.tile(rng.standard_normal((14, 3)), (3, 1)) + X / 2
    Y[::2] = Y[1::2]
    values, tied = [], 0
    for _ in range(5):
        order = rng.permutation(42)
        value, messages = warned(lambda order=order: measure.score(X[order], Y[order]))
        values.append(value)
        tied = sum(int(message.partition(" ")[0]) for message in messages)
    assert 0 < np.ptp(values) <= tied / 42 * measure.properties.range[1]


# What has no value


@every_setting
def test_too_few_samples(rng, measure):
    measure = clone(measure).set_params(n_neighbors=3)
    for n in (1, 2, 3):
        X, Y = rng.standard_normal((2, n, 3))
        reason = "3 neighbors need at least 4 samples" if not isinstance(measure, CKNNA) else "4 sa"
        with pytest.warns(UserWarning, match=f"the value is NaN: .*{reason}.*, got {n}$"):
            assert np.isnan(measure.score(X, Y))
    X, Y = rng.standard_normal((2, 4, 3))
    assert np.isfinite(measure.score(X, Y))
    measure = clone(measure).set_params(n_neighbors=10**8)
    with pytest.warns(UserWarning, match="need at least 100000001 samples, got 4"):
        assert np.isnan(measure.score(X, Y))


@every_setting
def test_networks_without_neighbors(rng, measure):
    X, Y = rng.standard_normal((2, 12, 3))
    constant, silent = np.ones((12, 3)), Y.copy()
    silent[5] = 0
    for k in (1, 4, 11):
        measure = clone(measure).set_params(n_neighbors=k)
        for pair in ((X, constant), (constant, X), (constant, constant)):
            with pytest.warns(UserWarning, match="all samples of . are equally similar"):
                assert np.isnan(measure.score(*pair))
    measure.set_params(n_neighbors=4)
    if getattr(measure, "similarity", "cosine") == "cosine":
        with pytest.warns(UserWarning, match="sample 5 of Y is all zeros, which has no cosine"):
            assert np.isnan(measure.score(X, silent))
    elif measure.similarity == "euclidean":
        assert np.isfinite(measure.score(X, silent))


def test_all_samples_orthogonal():
    reason = "all samples of X are equally similar"
    for similarity in SIMILARITY:
        with pytest.warns(UserWarning, match=reason):
            assert np.isnan(MutualKNN(3, similarity).score(np.eye(9), np.eye(9)))


def test_samples_at_no_distance(rng):
    X = np.repeat(rng.standard_normal((5, 3)), 4, axis=0)
    with pytest.warns(UserWarning, match="a sample has the direction of all its neighbors"):
        assert np.isnan(SecondOrderCosine(3).score(3.3 * X, X))
    assert MutualKNN(3).score(3.3 * X, X) == 1


@pytest.mark.parametrize("scale", [1e-100, 1, 1e100])
def test_kernels_that_are_not_positive(rng, scale):
    X = scale * np.array([[-4, -7], [-5, 6], [2, -3], [7, 1]])
    with pytest.warns(UserWarning, match="HSIC of X with itself is -.*, which is not positive"):
        assert np.isnan(CKNNA(2, "dot", eps=0).score(X, X))
    X = scale * (1 + 1e-6 * rng.standard_normal((6, 3)))  # whose differences are lost
    with pytest.warns(UserWarning, match="HSIC of X with itself is 0, which is not positive"):
        assert np.isnan(CKNNA(5, eps=0).score(X, X))


# The constant of platonic-rep


def test_eps_of_cknna_is_said_where_it_matters(rng):
    X, Y = rng.standard_normal((2, 30, 4))
    want = CKNNA(4, "dot", eps=0).score(X, Y)
    for scale in (1e-140, 1e-3, 1, 1e130):
        assert CKNNA(4, "dot", eps=0).score(scale * X, scale * Y) == pytest.approx(want, rel=1e-9)
    assert CKNNA(4, "dot").score(1e70 * X, 1e70 * Y) == pytest.approx(want, rel=1e-9)
    for scale in (1e-3, 1e-140):
        value, messages = warned(lambda scale=scale: CKNNA(4, "dot").score(scale * X, scale * Y))
        assert abs(value) < 1e-3
        assert len(messages) == 1
        assert "eps=1e-06 is more than a hundredth" in messages[0]
    assert CKNNA(4, eps=0).score(X, X) == pytest.approx(1)
    with pytest.raises(ValueError, match=r"eps must be in \[0, inf\], got -1"):
        CKNNA(eps=-1)


# Data of all kinds


@every_setting
def test_sizes_of_numbers(rng, measure):
    X = rng.standard_normal((30, 4))
    Y = X + rng.standard_normal((30, 4))
    if isinstance(measure, CKNNA):
        measure = clone(measure).set_params(eps=0)
    value = measure.score(X, Y)
    for scale in (1e-150, 1e-70, 1e70, 1e150):
        assert measure.score(scale * X, Y) == pytest.approx(value, rel=1e-9)
        assert measure.score(X, scale * Y) == pytest.approx(value, rel=1e-9)
    for scale in (1e-160, 1e160):
        with pytest.raises(ValueError, match="Y must be of a size whose products float64 can hold"):
            measure.score(X, scale * Y)
    if getattr(measure, "similarity", "cosine") == "cosine":
        units = 10.0 ** rng.integers(-290, 100, (30, 1))
        assert measure.score(units * X, Y) == pytest.approx(value, rel=1e-9)


@every_setting
def test_types_of_numbers(rng, measure):
    X = rng.integers(-10_000, 10_000, (30, 4))
    Y = (X + rng.integers(-5_000, 5_000, (30, 4))).astype(np.float32)
    value = measure.score(X.astype(float), Y.astype(float))
    assert measure.score(X, Y) == value
    assert measure.score(np.asfortranarray(X), Y[::-1][::-1]) == value
    assert measure.score(X.tolist(), Y.tolist()) == value


@every_setting
def test_constant_and_single_columns(rng, measure):
    X, Y = rng.standard_normal((2, 30, 4))
    silent = np.hstack([X, np.zeros((30, 2))])
    assert measure.score(silent, Y) == pytest.approx(measure.score(X, Y), rel=1e-12)
    measure = clone(measure).set_params(n_neighbors=25)
    single, messages = warned(lambda: measure.score(X[:, :1], Y))
    assert np.isfinite(single)
    assert (len(messages) == 1) == (getattr(measure, "similarity", "cosine") == "cosine")


@every_setting
def test_a_network_with_itself(rng, measure):
    X = rng.standard_normal((30, 4))
    value = measure.score(X, X.copy())
    if measure.properties.identity:
        assert value == pytest.approx(measure.properties.range[1], rel=1e-12)
    elif isinstance(measure, CKNNA):
        assert value == pytest.approx(1, rel=1e-3)


@every_setting
def test_all_pairs(rng, measure):
    first = rng.standard_normal((25, 3))
    networks = [first, *(first @ rng.standard_normal((3, p)) for p in (2, 9, 3))]
    want = [[measure.score(X, Y) for Y in networks] for X in networks]
    for n_jobs in (1, 2, 3):
        D = pairwise_distances(measure, networks, n_jobs=n_jobs, verbose=False)
        assert_allclose(D, want, rtol=1e-12)
        if n_jobs == 1:
            alone = D
        assert_array_equal(D, alone)
    cross = cross_distances(measure, networks[:1], networks[1:], verbose=False)
    assert_array_equal(cross, alone[:1, 1:])


@every_setting
@pytest.mark.parametrize("twins", [0, 8])
def test_networks_in_another_order_are_as_prepared_anew(rng, measure, twins):
    X, Y = rng.standard_normal((2, 25, 3))
    X[10 : 10 + twins] = X[:twins]
    prepared = measure._prepare(X, "X")
    assert bool(prepared.remark) == bool(twins)
    for _ in range(3):
        order = rng.permutation(25)
        y = measure._prepare(Y, "Y")
        got = measure._compare(measure._reordered(prepared, X, order, "X"), y)
        assert got == pytest.approx(measure._compare(measure._prepare(X[order], "X"), y), rel=1e-12)
    assert np.isnan(measure._reordered(Undefined("no neighbors"), X, order, "X"))


@pytest.mark.parametrize(("n", "k"), [(4, 1), (5, 2), (6, 3), (6, 5)])
def test_moments_over_all_orders_of_samples(rng, n, k):
    measure = MutualKNN(k)
    X, Y = rng.standard_normal((2, n, 3))
    x, y = measure._prepare(X, "X"), measure._prepare(Y, "Y")
    orders = map(np.array, itertools.permutations(range(n)))
    values = [measure._compare(x, measure._reordered(y, Y, order, "Y")) for order in orders]
    assert_allclose(measure._null_moments(x, y), [np.mean(values), np.std(values)], atol=1e-8)
    assert np.mean(values) == pytest.approx(k / (n - 1))


def test_moments_of_few_samples_and_of_ties(rng):
    X, Y = rng.standard_normal((2, 12, 3))
    Y[:6] = Y[6:]
    x, y = (MutualKNN(2)._prepare(Z, "X") for Z in (X, Y))
    assert MutualKNN()._null_moments(x, y) is None
    assert MutualKNN()._null_moments(y, x) is not None
    x = MutualKNN(1)._prepare(X[:3], "X")
    assert MutualKNN()._null_moments(x, x) is None


def test_names_of_other_packages(rng):
    X, Y = rng.standard_normal((2, 30, 4))
    for name, params, theirs in (
        ("jaccard", {}, "JaccardSimilarity"),
        ("joint_rank_jaccard", {}, "joint_rank_jaccard_similarity"),
        ("edit_knn", {}, "edit_distance_knn"),
        ("mutual_knn", DOT, "platonic/mutual_knn_topk"),
        ("cknna", DOT, "platonic/cknna_topk"),
    ):
        assert get_measure(theirs).score(X, Y) == get_measure(name, **params).score(X, Y)


@pytest.mark.parametrize("cls", [cls for cls, params, _ in DEFINED if not params])
def test_parameters(cls):
    for value, error in ((0, ValueError), (2.5, TypeError), (True, TypeError), ("3", TypeError)):
        with pytest.raises(error, match="n_neighbors"):
            cls(value)
    if cls is not SecondOrderCosine:
        with pytest.raises(ValueError, match="similarity"):
            cls(similarity="hamming")
    assert cls(np.uint8(255)).properties.kind == "similarity"


# Memory


def peak(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("measure", [MutualKNN(4, "euclidean"), *COSINES], ids=repr)
def test_there_is_no_matrix_of_all_samples(rng, measure, monkeypatch):
    monkeypatch.setattr(neighbors, "_BLOCK", 2**15)
    monkeypatch.setattr(neighbors, "_BITS", 0)
    X, Y = rng.standard_normal((2, 2000, 4))
    if isinstance(measure, CKNNA):
        measure = clone(measure).set_params(eps=0)
    assert peak(lambda: measure.score(X, Y)) < 2000**2 * 8 / 8


@pytest.mark.long
def test_100000_samples(rng):
    X = rng.standard_normal((100_000, 64))
    Y = X + rng.standard_normal((100_000, 64))
    found = []
    assert peak(lambda: found.append(MutualKNN().score(X, Y))) < 0.7 * 2**30
    some = rng.integers(100_000, size=50)
    unit = [Z / np.linalg.norm(Z, axis=1, keepdims=True) for Z in (X, Y)]
    near = [np.argsort(-Z[some] @ Z.T, axis=1)[:, 1:11] for Z in unit]
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)]
    assert found[0] == pytest.approx(np.mean(shared), abs=5 * np.std(shared) / np.sqrt(50))
