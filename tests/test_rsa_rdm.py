"""RDMs: rsatoolbox's and SciPy's values, missing responses, designs, noise, regions."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from golden.make_rsatoolbox import N_FEATURES, balanced, precision, responses, unbalanced
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist
from sklearn.base import clone

from netrep_go import _native
from netrep_go.rsa import NoiseNormalizer, patterns, rdm
from netrep_go.rsa._compare import METHODS
from netrep_go.rsa._rdm import METRICS, native_metric

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("rsatoolbox.json").read_text())
SCIPY = ["correlation", "cosine", "euclidean", "sqeuclidean"]


def close(ours, want):
    assert_allclose(ours, want, rtol=1e-10, atol=1e-12)


def with_holes(rng, X, share=0.2):
    X = X.copy()
    X[rng.random(X.shape) < share] = np.nan
    return X


def test_names_are_those_of_the_table():
    kinds = _native.signatures()["rsa.searchlight_lists"].inputs
    words = {name: kinds[name].strip("'").split("'|'") for name in ("metric", "method")}
    whitened = {"mahalanobis": "euclidean", "decoding": "nearest_centroid"}
    assert sorted(words["metric"]) == sorted({*METRICS, *whitened.values()} - {"mahalanobis"})
    for metric in METRICS:
        assert native_metric(metric, whitened=True) == whitened.get(metric, metric)
    assert tuple(words["method"]) == METHODS


# What others return


def test_rsatoolbox():
    want, X = GOLDEN["rdms"], responses(0)
    close(rdm(X), want["correlation"])
    close(rdm(X, "sqeuclidean") / N_FEATURES, want["euclidean"])
    close(rdm(X, "mahalanobis", noise=precision(3)) ** 2 / N_FEATURES, want["mahalanobis"])
    close(rdm(X, "poisson"), want["poisson"])
    close(rdm(X, "poisson", prior_lambda=2, prior_weight=0.5), want["poisson prior"])


def test_rsatoolbox_designs():
    want = GOLDEN["rdms"]
    X, conditions, folds = balanced()
    close(rdm(X, conditions=conditions), want["averaged"])
    close(rdm(X, "crossnobis", conditions=conditions, folds=folds), want["crossnobis white"])
    by = {"conditions": conditions, "folds": folds, "noise": precision(3)}
    close(rdm(X, "crossnobis", **by), want["crossnobis"])
    X, conditions, folds = unbalanced()
    by = {"conditions": conditions, "folds": folds, "noise": precision(3)}
    close(rdm(X, "crossnobis", **by), want["crossnobis unbalanced"])


@pytest.mark.parametrize("method", SCIPY)
@pytest.mark.parametrize("shape", [(3, 2), (5, 40), (20, 700), (70, 1500)])
def test_scipy(rng, method, shape):
    X = rng.standard_normal(shape) + 3
    close(rdm(X, method), pdist(X, method))


@pytest.mark.parametrize("method", ["euclidean", "sqeuclidean"])
def test_nearly_equal_patterns(rng, method):
    X = 1e3 + rng.standard_normal((6, 600))
    X[1] = X[0]
    X[3] = X[2] + 1e-6 * rng.standard_normal(600)
    assert_allclose(rdm(X, method), pdist(X, method), rtol=1e-9)
    assert rdm(X, method)[0] == 0


# Missing responses


def pair(x, y, method):
    """Return the dissimilarity over the features that both have."""
    kept = ~np.isnan(x + y)
    x, y = x[kept], y[kept]
    if method == "poisson":
        r, s = (x + 0.1) / 1.1, (y + 0.1) / 1.1
        return np.mean((r - s) * np.log(r / s))
    share = len(kept) / kept.sum()
    scale = {"euclidean": share**0.5, "sqeuclidean": share}.get(method, 1)
    return scale * pdist([x, y], method)[0]


@pytest.mark.parametrize("method", [*SCIPY, "poisson"])
def test_missing_features_are_left_out_of_pairs(rng, method):
    X = with_holes(rng, 5 + rng.random((8, 900)))
    want = [pair(x, y, method) for x, y in combinations(X, 2)]
    close(rdm(X, method), want)
    everywhere = X[:, ~np.isnan(X).any(axis=0)]
    if method in ("correlation", "cosine", "poisson"):
        X[:, np.isnan(X).any(axis=0)] = np.nan
        close(rdm(X, method), rdm(everywhere, method))


def test_missing_features_of_nearly_equal_patterns(rng):
    X = 1e3 + rng.standard_normal((4, 300))
    X[1] = X[0] + 1e-6 * rng.standard_normal(300)
    X = with_holes(rng, X)
    want = [pair(x, y, "sqeuclidean") for x, y in combinations(X, 2)]
    assert_allclose(rdm(X, "sqeuclidean"), want, rtol=1e-9)


def test_missing_observations(rng):
    conditions = np.repeat(np.arange(5), 4)
    X = with_holes(rng, rng.random((20, 300)))
    X[4:8, 1] = np.nan  # never observed
    means = np.full((5, 300), np.nan)
    for c in range(5):
        seen = (~np.isnan(X[conditions == c])).any(axis=0)
        means[c, seen] = np.nanmean(X[conditions == c][:, seen], axis=0)
    close(rdm(X, conditions=conditions), rdm(means))


def test_missing_features_in_folds(rng):
    X, conditions, folds = balanced()
    X = X.repeat(20, axis=1) + rng.standard_normal((len(X), 20 * N_FEATURES))
    X = with_holes(rng, X, 0.02)
    ours = rdm(X, "crossnobis", conditions=conditions, folds=folds)
    for k, (i, j) in enumerate(combinations(range(conditions.max() + 1), 2)):
        whole = ~np.isnan(X[(conditions == i) | (conditions == j)]).any(axis=0)
        kept = np.nan_to_num(X[:, whole])
        want = rdm(kept, "crossnobis", conditions=conditions, folds=folds)[k]
        assert ours[k] == pytest.approx(want, rel=1e-9, abs=1e-12)


# Batches and designs


@pytest.mark.parametrize("method", [*SCIPY, "poisson"])
def test_batches(rng, method):
    layers = [rng.random((6, p)) for p in (3, 50, 1000, 7)]
    want = [rdm(X, method) for X in layers]
    for n_jobs in (1, 2):
        assert_array_equal(rdm(layers, method, n_jobs=n_jobs), want)
    times = rng.random((4, 6, 9))
    assert_array_equal(rdm(times, method), [rdm(X, method) for X in times])
    assert rdm(layers[:1], method).shape == (1, 15)


def test_kinds_of_arrays(rng):
    pandas = pytest.importorskip("pandas")
    X = rng.random((5, 8))
    want = rdm(X)
    assert_array_equal(rdm(pandas.DataFrame(X)), want)
    assert_array_equal(rdm(X.tolist()), want)
    assert_array_equal(rdm([pandas.DataFrame(X)]), [want])
    conditions = pandas.Series(list("abcde"))
    assert_array_equal(rdm(pandas.DataFrame(X), conditions=conditions), want)


def test_conditions_are_sorted(rng):
    X = rng.standard_normal((4, 30))
    labels = ["dog", "ant", "cat", "bee"]
    assert_array_equal(rdm(X, conditions=labels), rdm(X[[1, 3, 2, 0]]))
    shuffled = [labels, labels[::-1]]
    both = rdm([X, X[::-1]], conditions=shuffled)
    assert_array_equal(both[0], both[1])


def test_crossnobis_is_unbiased(rng):
    means = rng.standard_normal((3, 4))
    conditions, folds = np.tile(np.arange(3), 4), np.repeat(np.arange(4), 3)
    runs = means[conditions] + rng.standard_normal((4000, 12, 4))
    runs = runs[:, 1:]  # unbalanced
    by = {"conditions": conditions[1:], "folds": folds[1:]}
    estimates = rdm(runs, "crossnobis", **by)
    error = estimates.std(axis=0) / np.sqrt(len(runs))
    assert (np.abs(estimates.mean(axis=0) - pdist(means, "sqeuclidean") / 4) < 4 * error).all()
    biased = rdm(runs, "sqeuclidean", conditions=by["conditions"]) / 4
    assert (biased.mean(axis=0) - estimates.mean(axis=0) > 10 * error).all()


def test_folds_cancel_what_is_added_to_all_conditions(rng):
    X, conditions, folds = balanced()
    by = {"conditions": conditions, "folds": folds}
    moved = X + rng.standard_normal((3, N_FEATURES))[folds]
    close(rdm(moved, "crossnobis", **by), rdm(X, "crossnobis", **by))


# Noise


@pytest.mark.parametrize("method", ["shrinkage_diag", "shrinkage_eye", "diag", "full"])
@pytest.mark.parametrize("n_observations", [8, 40])
def test_noise_agrees_with_rsatoolbox(method, n_observations):
    residuals = responses(4, n_observations)
    want = np.array(GOLDEN["noise"][f"{method} {n_observations}"])
    noise = NoiseNormalizer(method)
    if method == "full" and n_observations <= N_FEATURES:
        with pytest.raises(ValueError, match="has rank 7 without shrinkage"):
            noise.fit(residuals)
        return
    got = noise.fit(residuals).get_precision()
    assert_allclose(got @ want, np.eye(N_FEATURES), atol=1e-9)


def test_noise_of_designs():
    residuals = responses(4, 40)
    got = NoiseNormalizer(dof=30).fit(residuals).get_precision()
    assert_allclose(got @ GOLDEN["noise"]["dof"], np.eye(N_FEATURES), atol=1e-9)
    X, conditions, _ = unbalanced()
    got = NoiseNormalizer().fit(X, conditions).get_precision()
    assert_allclose(got @ GOLDEN["noise"]["unbalanced"], np.eye(N_FEATURES), atol=1e-9)


@pytest.mark.parametrize("n_observations", [8, 300])
def test_normalizer_and_precision_are_the_same_noise(rng, n_observations):
    X, conditions, folds = balanced()
    noise = NoiseNormalizer().fit(responses(5, n_observations))
    precision = noise.get_precision()
    white = noise.transform(X)
    assert_allclose(white @ white.T, X @ precision @ X.T, rtol=1e-9)
    by = {"conditions": conditions, "folds": folds}
    close(rdm(X, "crossnobis", noise=noise, **by), rdm(X, "crossnobis", noise=precision, **by))
    each = rdm([X, X], "mahalanobis", noise=[noise, np.eye(N_FEATURES)], conditions=conditions)
    close(each[0], rdm(X, "mahalanobis", noise=precision, conditions=conditions))
    close(each[1], rdm(X, "euclidean", conditions=conditions))


def test_noise_takes_more_features_than_memory_has_squares(rng):
    noise = NoiseNormalizer().fit(rng.standard_normal((10, 100_000)))
    assert 0 < noise.shrinkage_ <= 1
    assert noise.transform(rng.standard_normal((2, 100_000))).shape == (2, 100_000)
    assert clone(noise).get_params() == {"method": "shrinkage_diag", "dof": None}


# Regions


def test_patterns(rng):
    volumes = rng.standard_normal((3, 4, 5, 6))
    mask = rng.random((3, 4, 5)) < 0.4
    assert_array_equal(patterns(volumes, mask), volumes[mask].T)
    first = np.moveaxis(volumes, -1, 0)
    assert_array_equal(patterns(first, mask.astype(int)), volumes[mask].T)
    assert patterns(volumes, mask).flags.c_contiguous
    cube = rng.standard_normal((4, 4))
    channels = np.array([1, 0, 0, 1])
    assert_array_equal(patterns(cube, channels, axis=0), cube[:, [0, 3]])
    assert_array_equal(patterns(cube, channels, axis=-1), cube[[0, 3]].T)


@pytest.mark.parametrize(
    ("shape", "mask", "options", "message"),
    [
        ((2, 3, 4), np.zeros((2, 3)), {}, "mask has no voxels: all 6"),
        ((2, 3, 4), np.full((2, 3), 0.5), {}, "mask must be of zeros and ones"),
        ((2, 3, 4), np.ones((5, 3)), {}, r"mask has shape \(5, 3\)"),
        ((4, 4), np.ones(4), {}, "give axis"),
        ((2, 3, 4), np.ones((2, 3)), {"axis": 0}, r"mask has shape \(2, 3\)"),
    ],
)
def test_bad_masks(shape, mask, options, message):
    with pytest.raises(ValueError, match=message):
        patterns(np.ones(shape), mask, **options)


# What users get wrong

X5 = np.arange(20.0).reshape(5, 4) ** 2 % 7
SOME_NAN = np.where(np.eye(5, 4), np.nan, X5)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (X5[:2], {}, "at least 3 conditions, got 2"),
        ([X5, np.ones((5, 3))], {}, r"data\[1\]: the responses to condition 0 are constant"),
        (np.full((5, 4), 0.1), {}, "responses to condition 0 are constant"),
        (np.zeros((5, 4)), {"metric": "cosine"}, "condition 0 are all 0"),
        ([X5, X5[:4]], {}, r"data\[0\] has 5 conditions and data\[1\] 4"),
        (np.full((5, 4), np.inf), {}, "the responses contain infinity, in row 0"),
        ([[1, 2], [3, np.inf], [5, 7]], {}, "data contains infinity"),
        (X5 * 1e200, {}, "leave the range of float64"),
        (X5 * np.nan, {}, "condition 0 and condition 1 have no feature without NaN in common"),
        ([], {}, "at least one data set"),
        (X5, {"metric": "pearson"}, "Found instead metric"),
        (-X5, {"metric": "poisson"}, "must not be negative"),
        (X5, {"metric": "poisson", "prior_weight": 0}, "without a prior"),
        (X5, {"metric": "poisson", "prior_weight": -1}, "prior_weight must be in"),
        (X5, {"metric": "crossnobis"}, "crossnobis needs folds"),
        (X5, {"folds": np.arange(5)}, "folds are for metric='crossnobis'"),
        (X5, {"metric": "crossnobis", "folds": np.zeros(5)}, "at least 2 folds, got 1"),
        (X5, {"metric": "crossnobis", "folds": np.arange(5)}, "condition 0 was not observed in"),
        (X5, {"noise": np.eye(4)}, "noise is for"),
        (X5, {"metric": "mahalanobis"}, "mahalanobis needs noise"),
        (X5, {"metric": "mahalanobis", "noise": np.eye(3)}, "noise is of 3 features"),
        (X5, {"metric": "mahalanobis", "noise": -np.eye(4)}, "positive definite"),
        (X5, {"metric": "mahalanobis", "noise": np.triu(np.ones((4, 4)))}, "symmetric"),
        (SOME_NAN, {"metric": "mahalanobis", "noise": np.eye(4)}, "cannot be whitened"),
        (X5, {"conditions": [1, 2, 3]}, r"conditions must have shape \(5,\)"),
        (X5, {"conditions": [1, 1, 2, 2, 2]}, "at least 3 conditions, got 2"),
        ([X5, X5], {"conditions": ["abcde", "abcde"]}, "conditions"),
        ([X5, X5], {"conditions": [list("abcde"), list("abcdf")]}, "'e' is not in all of them"),
    ],
)
def test_bad_input(data, options, message):
    with pytest.raises(ValueError, match=message):
        rdm(data, **options)


def test_pairs_without_folds_in_common():
    conditions, folds = [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 2, 2]
    with pytest.raises(ValueError, match="condition 2 was not observed in two folds"):
        rdm(np.ones((6, 3)), "crossnobis", conditions=conditions, folds=folds)


def test_constant_over_common_features():
    X = np.array([[1, 1, 1, 5.0], [1, 2, 3, np.nan], [3, 1, 2, 4.0]])
    with pytest.raises(ValueError, match=r"over the 3 features .* condition 0 are constant"):
        rdm(X)


def test_noise_of_what_does_not_vary(rng):
    X = rng.standard_normal((9, 4))
    X[:, 2] = 0.1
    with pytest.raises(ValueError, match="no noise in feature 2"):
        NoiseNormalizer().fit(X)
    with pytest.raises(ValueError, match="no condition with two observations"):
        NoiseNormalizer().fit(X, np.arange(9))


def test_nothing_is_written_to_the_caller(rng):
    X = rng.random((6, 30))
    X[0, 0] = np.nan
    X.flags.writeable = False
    for method in [*SCIPY, "poisson"]:
        rdm(X, method)
