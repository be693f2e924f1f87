"""Tests and reliability of crossnobis RDMs, against enumeration and simulation."""

from itertools import combinations, product

import numpy as np
import pytest

from netrep_go.rsa import NoiseNormalizer, crossnobis_reliability, crossnobis_test, rdm

N, P = 4, 10


def observations(rng, n_folds, strength=0.0, per_fold=1, p=P):
    """Return responses with conditions and folds, and correlated noise."""
    conditions = np.tile(np.arange(N), n_folds * per_fold)
    folds = np.repeat(np.arange(n_folds), N * per_fold)
    mixing = np.eye(p) + 0.3
    x = strength * rng.standard_normal((N, p))[conditions]
    return x + rng.standard_normal((len(conditions), p)) @ mixing + 5, conditions, folds


def enumerated(x, conditions, folds, noise):
    """Return p-values of pairs, by the largest and of the mean, from the signs of all folds."""
    n_folds = folds.max() + 1
    differences = [
        np.array([x[(conditions == j) & (folds == f)].mean(axis=0) for f in range(n_folds)])
        - np.array([x[(conditions == i) & (folds == f)].mean(axis=0) for f in range(n_folds)])
        for i, j in combinations(range(N), 2)
    ]
    products = np.array([d @ noise @ d.T for d in differences])
    products = np.concatenate([products, products.mean(axis=0, keepdims=True)])
    off = ~np.eye(n_folds, dtype=bool)
    size = np.sqrt((products[:, off] ** 2).sum(axis=1))
    draws = np.array(
        [
            [s @ np.where(off, k, 0) @ s for k in products] / size
            for s in map(np.array, product([1, -1], repeat=n_folds))
        ]
    )
    as_large = draws >= draws[0] - 1e-10
    largest = draws[:, :-1].max(axis=1, keepdims=True) >= draws[0] - 1e-10
    return as_large[:, :-1].mean(axis=0), largest[:, :-1].mean(axis=0), as_large[:, -1].mean()


@pytest.mark.parametrize("per_fold", [1, 2])
@pytest.mark.parametrize("whitened", [False, True])
def test_signs_of_folds_are_enumerated(rng, per_fold, whitened):
    x, conditions, folds = observations(rng, 6, 0.6, per_fold)
    noise = np.linalg.inv(np.eye(P) + 0.2) if whitened else None
    order = rng.permutation(len(x))
    found = crossnobis_test(
        x[order], conditions[order], np.array(list("fedcba"))[folds[order]], noise=noise
    )
    want = enumerated(x, conditions, folds, np.eye(P) if noise is None else noise)
    np.testing.assert_allclose(found.pvalue, want[0])
    np.testing.assert_allclose(found.pvalue_corrected, want[1])
    assert found.pvalue_mean == pytest.approx(want[2])
    assert (found.unit, found.n_permutations) == ("folds", 32)
    distances = rdm(x, "crossnobis", conditions=conditions, folds=folds, noise=noise)
    np.testing.assert_allclose(found.distances, distances)
    assert found.mean == pytest.approx(distances.mean())


def test_signs_of_subjects_are_enumerated(rng):
    data = [observations(rng, 3, 0.5, p=p)[0] for p in (10, 8, 10, 12, 9, 10)]
    _, conditions, folds = observations(rng, 3)
    found = crossnobis_test(data, np.array(list("dbca"))[conditions], folds, correction="none")
    rdms = rdm(data, "crossnobis", conditions=np.array(list("dbca"))[conditions], folds=folds)
    signs = np.array([*product([1, -1], repeat=6)])
    want = (signs @ rdms >= rdms.sum(axis=0) - 1e-10).mean(axis=0)
    np.testing.assert_allclose(found.pvalue, want)
    np.testing.assert_array_equal(found.pvalue_corrected, found.pvalue)
    means = rdms.mean(axis=1)
    assert found.pvalue_mean == pytest.approx((signs @ means >= means.sum() - 1e-10).mean())
    assert (found.unit, found.n_permutations, found.names) == ("subjects", 64, list("abcd"))
    t = rdms.sum(axis=0) / np.linalg.norm(rdms, axis=0)
    largest = ((signs @ rdms) / np.linalg.norm(rdms, axis=0)).max(axis=1)
    want = (largest[:, np.newaxis] >= t - 1e-10).mean(axis=0)
    found = crossnobis_test(data, np.array(list("dbca"))[conditions], folds)
    np.testing.assert_allclose(found.pvalue_corrected, want)


def test_noise_of_each_fold_or_subject_counts(rng):
    x, conditions, folds = observations(rng, 6, 0.6)
    noise = [NoiseNormalizer().fit((k + 1) * rng.standard_normal((30, P))) for k in range(6)]
    names = np.array(list("abcdef"))[folds]
    found = crossnobis_test(x, conditions, names, noise=noise)
    pairs = [*combinations(range(6), 2)]
    rdms = np.array(
        [
            rdm(
                x[np.isin(folds, pair)],
                "crossnobis",
                conditions=conditions[np.isin(folds, pair)],
                folds=folds[np.isin(folds, pair)],
                noise=np.linalg.inv(sum(np.linalg.inv(noise[f].get_precision()) for f in pair) / 2),
            )
            for pair in pairs
        ]
    )
    np.testing.assert_allclose(found.distances, rdms.mean(axis=0))
    by_name = crossnobis_test(x, conditions, names, noise=dict(zip("abcdef", noise, strict=True)))
    np.testing.assert_array_equal(by_name.pvalue, found.pvalue)
    both = {"one": x, "two": x[:, ::-1]}
    each = crossnobis_test(both, conditions, folds, noise={"one": noise[0], "two": noise})
    one = rdm(x, "crossnobis", conditions=conditions, folds=folds, noise=noise[0])
    two = rdm(x[:, ::-1], "crossnobis", conditions=conditions, folds=folds, noise=noise)
    np.testing.assert_allclose(each.distances, (one + two) / 2)


def test_random_signs_are_near_all_of_them_and_repeat(rng):
    x, conditions, folds = observations(rng, 11, 0.3)
    exact = crossnobis_test(x, conditions, folds)
    assert exact.n_permutations == 1024
    drawn = [
        crossnobis_test(x, conditions, folds, n_permutations=1000, random_state=1, n_jobs=n)
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(drawn[0].pvalue_corrected, drawn[1].pvalue_corrected)
    np.testing.assert_allclose(drawn[0].pvalue, exact.pvalue, atol=0.06)
    np.testing.assert_allclose(drawn[0].pvalue_corrected, exact.pvalue_corrected, atol=0.07)


@pytest.mark.parametrize("unit", ["folds", "subjects"])
def test_noise_is_called_significant_at_its_rate(rng, unit):
    """Binomial bounds of 250 tests of noise, whose mean is far from 0, and of signals."""
    false, found, n = np.zeros(3), 0, 250
    for k in range(n):
        if unit == "folds":
            result = crossnobis_test(*observations(rng, 7))
        else:
            sets = [observations(rng, 2) for _ in range(6)]
            data = [(1 + k % 3) * x for k, (x, _, _) in enumerate(sets)]
            result = crossnobis_test(data, *sets[0][1:])
        significant = result.pvalue_corrected <= 0.05
        false += np.mean(result.pvalue <= 0.05), significant.any(), result.pvalue_mean <= 0.05
        if k < 20 and unit == "folds":
            found += (crossnobis_test(*observations(rng, 7, 12.0)).pvalue_corrected <= 0.05).all()
    assert (false / n < 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / n)).all()
    assert false[0] / n > 0.015
    assert found == (20 if unit == "folds" else 0)


def test_signals_elsewhere_make_no_false_ones(rng):
    """The largest statistic controls errors of pairs that are noise while others are not."""
    false = 0
    for _ in range(150):
        x, conditions, folds = observations(rng, 6)
        x[conditions == 0] += 9 * rng.standard_normal(P)
        result = crossnobis_test(x, conditions, folds)
        assert (result.pvalue_corrected[:3] < 0.05).all()
        false += (result.pvalue_corrected[3:] <= 0.05).any()
    assert false / 150 < 0.05 + 3.5 * np.sqrt(0.05 * 0.95 / 150)


def test_equal_patterns_are_not_far(rng):
    x, conditions, folds = observations(rng, 6)
    x[conditions == 1] = x[conditions == 0]
    result = crossnobis_test(x, conditions, folds)
    assert (result.distances[0], result.pvalue[0], result.pvalue_corrected[0]) == (0, 1, 1)


def test_frames_and_shown(rng):
    pandas = pytest.importorskip("pandas")
    x, conditions, folds = observations(rng, 6, 1.0)
    frame = pandas.DataFrame(x, index=[f"row {k}" for k in range(len(x))])
    labels = pandas.Series(np.array(list("dbca"))[conditions], index=frame.index)
    result = crossnobis_test(frame, labels, pandas.Series(folds, index=frame.index))
    table = result.to_frame()
    assert table.condition_1.tolist() == ["a", "a", "a", "b", "b", "c"]
    np.testing.assert_array_equal(table.distance, result.distances)
    assert repr(result).startswith("DistanceTest(names=['a', 'b', 'c', 'd']")


@pytest.mark.parametrize("n_folds", [4, 5, 8])
def test_reliability_is_that_of_all_halves(rng, n_folds):
    x, conditions, folds = observations(rng, n_folds, 1.0)
    r = []
    for half in combinations(range(n_folds), n_folds // 2):
        parts = np.isin(folds, half), ~np.isin(folds, half)
        rdms = [rdm(x[k], "crossnobis", conditions=conditions[k], folds=folds[k]) for k in parts]
        r.append(np.corrcoef(*rdms)[0, 1])
    want = 2 * np.mean(r) / (1 + np.mean(r))
    assert crossnobis_reliability(x, conditions, folds) == pytest.approx(want)
    both = crossnobis_reliability([x, x[:, :3]], conditions, folds)
    assert both.shape == (2,)
    assert both[0] == pytest.approx(want)
    if n_folds == 8:
        drawn = [
            crossnobis_reliability(x, conditions, folds, n_splits=30, random_state=s, n_jobs=2)
            for s in (0, 0, 1)
        ]
        assert drawn[0] == drawn[1] != drawn[2]
        assert abs(drawn[0] - want) < 0.15


def test_reliability_takes_noise_of_each_fold(rng):
    x, conditions, folds = observations(rng, 4, 1.0)
    noise = {k: np.eye(P) * (k + 1) for k in range(4)}
    found = crossnobis_reliability(x, conditions, folds, noise=noise, method="cosine")
    r = []
    for half in ([0, 1], [0, 2], [0, 3]):
        rdms = []
        for part in (half, [f for f in range(4) if f not in half]):
            k = np.isin(folds, part)
            options = {"conditions": conditions[k], "folds": folds[k]}
            rdms.append(rdm(x[k], "crossnobis", noise={f: noise[f] for f in part}, **options))
        r.append(rdms[0] @ rdms[1] / np.linalg.norm(rdms[0]) / np.linalg.norm(rdms[1]))
    assert found == pytest.approx(2 * np.mean(r) / (1 + np.mean(r)))


def test_reliability_is_about_that_of_two_measurements(rng):
    estimates, repeated = [], []
    for _ in range(60):
        patterns = 2 * rng.standard_normal((N, P))
        _, conditions, folds = observations(rng, 6)
        x, y = (patterns[conditions] + rng.standard_normal((24, P)) for _ in range(2))
        estimates.append(crossnobis_reliability(x, conditions, folds))
        rdms = rdm([x, y], "crossnobis", conditions=conditions, folds=folds)
        repeated.append(np.corrcoef(rdms)[0, 1])
    assert abs(np.mean(estimates) - np.mean(repeated)) < 0.05
    noise = [crossnobis_reliability(*observations(rng, 6)) for _ in range(60)]
    assert abs(np.median(noise)) < 0.3


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_units_do_not_count(rng, scale):
    x, conditions, folds = observations(rng, 6, 0.7)
    for data in (x, [x, x[:, :4]]):
        many = [scale * d for d in data] if isinstance(data, list) else scale * data
        want, found = (crossnobis_test(d, conditions, folds) for d in (data, many))
        np.testing.assert_array_equal(found.pvalue, want.pvalue)
        want, found = (crossnobis_reliability(d, conditions, folds) for d in (data, many))
        np.testing.assert_allclose(found, want)


def test_one_subject_is_no_list(rng):
    x, conditions, folds = observations(rng, 6)
    with pytest.raises(ValueError, match="one subject or of a list of at least 2, got 1"):
        crossnobis_test(x[np.newaxis], conditions, folds)


@pytest.mark.parametrize(
    ("function", "change", "message"),
    [
        (crossnobis_test, {"keep": 23}, r"got no 3 in the fold 'f'"),
        (crossnobis_reliability, {"keep": 23}, r"got no 3 in the fold 'f'"),
        (crossnobis_reliability, {"keep": 12}, "folds must be at least 4, to be halved, got 3"),
        (crossnobis_test, {"noise": np.eye(3)}, "noise is of 3 features, but data have 10"),
        (crossnobis_test, {"noise": [np.eye(P)] * 5}, "noise has 5 items for 6 folds"),
        (crossnobis_test, {"keep": 4}, "needs at least 2 folds, got 1"),
    ],
)
def test_wrong_designs(rng, function, change, message):
    x, conditions, folds = observations(rng, 6)
    kept = slice(change.pop("keep", None))
    with pytest.raises(ValueError, match=message):
        function(x[kept], conditions[kept], np.array(list("abcdef"))[folds[kept]], **change)


def test_noise_of_the_responses_themselves_is_said():
    rng = np.random.default_rng(3)
    conditions, folds = np.tile(np.arange(4), 5), np.repeat(np.arange(5), 4)
    x = rng.standard_normal((20, 6))
    own, others = NoiseNormalizer().fit(x, conditions), NoiseNormalizer().fit(x[::-1])
    of_folds = [NoiseNormalizer().fit(x[folds == k]) for k in range(5)]
    options = {"n_permutations": 9, "random_state": 0}
    for data, noise in (
        (x, own),
        (x, of_folds),
        (x, dict(enumerate(of_folds))),
        (x.tolist(), own),
        ([x, x[::-1]], own),
        ({"anna": x, "bert": x[::-1]}, {"anna": others, "bert": others}),
    ):
        with pytest.warns(UserWarning, match="noise was estimated from the observations whose"):
            crossnobis_test(data, conditions, folds, noise=noise, **options)
    for noise in (others, own.get_precision(), None, of_folds[1:] + of_folds[:1]):
        crossnobis_test(x, conditions, folds, noise=noise, **options)
