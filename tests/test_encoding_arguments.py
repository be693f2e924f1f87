"""Odd arguments of encoding models and of stores: told by name, and no result changes quietly."""

import numpy as np
import pytest

from netrep_go.encoding import (
    EncodingModel,
    StreamedPCA,
    best_layers,
    bootstrap_scores,
    compare_encoding,
    compression_cost,
    explainable_variance,
    normalize_scores,
    partition_variance,
    permutation_test,
    split_half_reliability,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((24, 5))
Y = X[:, :2] + RNG.standard_normal((24, 2))
REPEATS = Y + RNG.standard_normal((4, 24, 2))


def model(**options):
    return EncodingModel(**{"alphas": 3, "cv": 3, "outer_cv": 3} | options)


@pytest.mark.parametrize("name", ["alpha_per_target", "layer_per_target", "refit", "with_coef"])
@pytest.mark.parametrize("odd", ["no", None, 2, np.array([True, False])])
def test_flags_of_a_model(name, odd):
    with pytest.raises(TypeError, match=f"^{name} must be True or False"):
        model(**{name: odd}).fit(X, Y)


def test_flags_of_numpy():
    plain = model(refit=True, with_coef=True).fit(X, Y)
    found = model(refit=np.True_, with_coef=np.True_).fit(X, Y)
    np.testing.assert_array_equal(found.coef_, plain.coef_)
    assert not hasattr(model(refit=np.False_).fit(X, Y), "intercept_")


@pytest.mark.parametrize("name", ["cv", "outer_cv"])
@pytest.mark.parametrize("odd", [{1, 2}, b"bytes", [3], [1, 2], {"a": 1}.values(), np.array(3)])
def test_folds(name, odd):
    options = {"outer_cv": None, "cv": odd} if name == "cv" else {"outer_cv": odd}
    with pytest.raises((TypeError, ValueError), match=f"^{name}"):
        model(**options).fit(X, Y)


@pytest.mark.parametrize("odd", [object(), dict, {}, [[]], 3, float("nan"), np, lambda x: x])
def test_compressions(odd):
    with pytest.raises(TypeError, match=r"^compression must be 'pca' or 'projection', a trans"):
        model(compression=odd).fit(X, Y)


@pytest.mark.parametrize(
    "odd", [object(), "text", b"bytes", [[1.0], [1.0, 2.0]], 1 + 2j, np.zeros(3)]
)
def test_features_are_named(odd):
    fitted = model().fit(X, Y)
    for call in (lambda: model().fit(odd, Y), lambda: fitted.predict(odd)):
        with pytest.raises((TypeError, ValueError), match=r"\bX\b"):
            call()


@pytest.mark.parametrize("factor", [1e-300, 1e-160, 1e160, 1e300])
def test_scales_beyond_squares_are_refused(factor):
    for x, y, name in ((factor * X, Y, "X"), (X, factor * Y, "Y"), ({"a": factor * X}, Y, "X")):
        with pytest.raises(ValueError, match=f"^{name}.* must be of a size whose products"):
            model().fit(x, y)
    one = np.stack([Y[:, 0], factor * Y[:, 1]], axis=1)  # of another unit than the rest
    one[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^Y must be of a size whose products"):
        model().fit(X, one)


@pytest.mark.parametrize("factor", [1e-100, 1e-20, 1e20, 1e100])
def test_scores_do_not_depend_on_units(factor):
    want = model().fit(X, Y)
    for x, y in ((factor * X, Y), (X, factor * Y)):
        np.testing.assert_allclose(model().fit(x, y).scores_, want.scores_, rtol=1e-8)


def test_targets_of_a_score_are_those_of_the_fit():
    fitted = model().fit(X, Y)
    with pytest.raises(ValueError, match=r"^Y must have the 2 target\(s\) of the fit, got 1"):
        fitted.score(X, Y[:, :1])
    with pytest.raises(TypeError, match=r"^per_target must be True or False"):
        fitted.score(X, Y, per_target="no")


@pytest.mark.parametrize("odd", [object(), {}, "model", None, EncodingModel, np.zeros((2, 2))])
def test_models(odd):
    calls = [
        lambda: best_layers(odd),
        lambda: bootstrap_scores(odd, Y),
        lambda: permutation_test(odd, X, Y),
        lambda: compare_encoding({"a": odd, "b": odd}),
    ]
    if odd is not None:
        calls.append(lambda: partition_variance({"a": X}, Y, model=odd))
    for call in calls:
        with pytest.raises(TypeError, match=r"^models?(\['a'\])? must be an EncodingModel"):
            call()
    with pytest.raises(ValueError, match=r"^models must hold at least 2 models, got none"):
        compare_encoding({})


def test_draws_do_not_depend_on_the_names_of_groups():
    fitted, runs = model().fit(X, Y), np.repeat([2, 10, 9, 30, 1, 4], 4)
    want = bootstrap_scores(fitted, Y, groups=runs, n_bootstraps=20, random_state=0).draws
    for named in ([f"run {k}" for k in runs], runs.astype(float), -runs, runs.astype(object)):
        found = bootstrap_scores(fitted, Y, groups=named, n_bootstraps=20, random_state=0).draws
        np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("power", [-1000, -500, 500, 1000])
def test_ceilings_do_not_depend_on_units(power):
    scaled = np.ldexp(REPEATS, power)
    mixed = np.stack([REPEATS[..., 0], scaled[..., 1]], axis=2)  # targets of other units
    for y in (scaled, mixed):
        np.testing.assert_array_equal(explainable_variance(y), explainable_variance(REPEATS))
        np.testing.assert_array_equal(
            split_half_reliability(y, n_splits=5, random_state=0),
            split_half_reliability(REPEATS, n_splits=5, random_state=0),
        )
    of_their_own = np.ldexp(REPEATS, np.array([0, power, -power, 3])[:, np.newaxis, np.newaxis])
    found = explainable_variance(of_their_own)  # which standardizes each repeat
    np.testing.assert_array_equal(found, explainable_variance(REPEATS))


@pytest.mark.parametrize(
    "odd",
    [
        np.array(["0.2", "0.3"]),
        np.array([0.2, 0.3]) + 1j,
        np.array([3, 4]).astype("datetime64[D]"),
        np.array([3, 4]).astype("timedelta64[D]"),
        np.zeros(2, [("a", float)]),
        np.array([0.2, np.inf]),
        {"a": 0.2},
        {0.2, 0.3},
        (x for x in (0.2, 0.3)),
        [0.2, [0.3]],
    ],
)
def test_scores_are_numbers(odd):
    with pytest.raises((TypeError, ValueError), match=r"(?i)\bscores\b"):
        normalize_scores(odd, [0.4, 0.5])


def test_scores_may_be_missing():
    masked = np.ma.array([0.2, 0.3], mask=[False, True])
    for scores in (masked, [0.2, np.nan]):
        np.testing.assert_allclose(normalize_scores(scores, [0.4, 0.5]), [0.5, np.nan])
    for odd in (-0.1, 1.5, np.nan, True, 1j):
        with pytest.raises((TypeError, ValueError), match=r"^minimum must be"):
            normalize_scores([0.2], [0.4], minimum=odd)


@pytest.mark.parametrize("name", ["n_samples", "n_features", "n_components", "itemsize"])
def test_sizes_of_a_compression(name):
    sizes = {"n_samples": 50, "n_features": 100, "n_components": 10, "itemsize": 4}
    want = compression_cost(**sizes)
    for type_ in (np.int8, np.uint8, np.int64):  # whose products are more than they hold
        assert compression_cost(**sizes | {name: type_(sizes[name])}) == want
    for odd in (2.5, True, "4", [4], np.inf, None, -1):
        with pytest.raises((TypeError, ValueError), match=f"^{name} must be"):
            compression_cost(**sizes | {name: odd})


def test_small_integers_of_a_compression(tmp_path):
    data = RNG.standard_normal((30, 300))
    for options in ({"n_components": 20}, {"n_components": 20, "n_projected": 100}):
        fixed = {"method": "projection", "random_state": 0}
        want = StreamedPCA(**fixed, **options).fit(data)
        small = {name: np.int8(n) for name, n in options.items()}
        found = StreamedPCA(**fixed, **small, folder=tmp_path / f"pca{len(options)}").fit(data)
        np.testing.assert_array_equal(found.transform(data), want.transform(data))
        loaded = StreamedPCA.load(tmp_path / f"pca{len(options)}")
        assert loaded.n_projected == options.get("n_projected")


@pytest.mark.parametrize("change", ["gone", "another", "shorter"])
@pytest.mark.parametrize("method", ["gram", "covariance"])
def test_a_memory_map_whose_file_is_gone(tmp_path, method, change):
    file = tmp_path / "x.npy"
    np.save(file, X)
    mapped = np.load(file, mmap_mode="r")
    file.unlink()
    if change != "gone":
        np.save(file, X[::-1] if change == "another" else X[:2])
    want = StreamedPCA(2, method=method).fit(X).transform(X)
    pca = StreamedPCA(2, method=method).fit(mapped)
    np.testing.assert_array_equal(pca.transform(mapped), want)


@pytest.mark.parametrize("method", ["gram", "covariance", "projection"])
@pytest.mark.parametrize(("dtype", "factor"), [(float, 1e80), (float, 1e-80), (np.float32, 1e36)])
def test_products_that_a_compression_cannot_hold(method, dtype, factor):
    data = (RNG.standard_normal((10, 40)) * factor).astype(dtype)
    with pytest.raises(ValueError, match=r"^X must be of a size whose products float"):
        StreamedPCA(2, method=method).fit(data)


@pytest.mark.parametrize("odd", ["", b"pca", 3, None, ["a"], "a\0b", "a\ud800", object()])
def test_paths(odd):
    pytest.importorskip("zarr")
    from netrep_go.extract import ActivationStore
    from netrep_go.multiset import DistanceStore

    pca = StreamedPCA(2).fit(X)
    for call in (pca.save, StreamedPCA.load, ActivationStore, DistanceStore):
        with pytest.raises((TypeError, ValueError), match=r"^path must be a path"):
            call(odd)
    if odd is not None:
        with pytest.raises((TypeError, ValueError), match=r"^folder must be a path"):
            StreamedPCA(2, folder=odd).fit(X)


def test_flags_and_counts_of_a_store(tmp_path):
    pytest.importorskip("zarr")
    from netrep_go.multiset import DistanceStore

    store = DistanceStore(tmp_path / "cohort", tile_size=np.int8(2))
    status = store.pairwise_distances("procrustes", [X, X[::-1]], [X, X], verbose=False)
    assert status.complete
    test = np.asarray(store.distances(test=True))
    np.testing.assert_array_equal(np.asarray(store.distances(test=np.True_)), test)
    for odd in (2, "yes", None, np.array([True, False])):
        for call in (store.distances, store.to_frame, store.plot):
            with pytest.raises(TypeError, match=r"^test must be True or False"):
                call(test=odd)
    for odd in (2.5, "1", True, [1]):
        with pytest.raises(TypeError, match=r"^memory_limit must be an integer"):
            store.pairwise_distances("procrustes", [X, X], memory_limit=odd)
    for odd in ({0, 1}, {}, "01", 3, (0,), (0, 1, 2), iter((0, 1))):
        with pytest.raises(TypeError, match=r"^batch must be a pair"):
            store.pairwise_distances("procrustes", [X, X], batch=odd)
    for odd in (float("nan"), "ab", 3):
        with pytest.raises(TypeError, match=r"^names must be a sequence"):
            store.pairwise_distances("procrustes", [X, X], names=odd)
    with pytest.raises(ValueError, match=r"^traindata\[1\] must be an array of numbers"):
        store.pairwise_distances("procrustes", [X, [[1.0], [1.0, 2.0]]], [X, X])
    for odd in ("ab", {}, 3.0, ["one"]):
        with pytest.raises(TypeError, match=r"^names must be a pair"):
            store.cross_distances("procrustes", [X], [X], names=odd)
