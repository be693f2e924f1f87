"""Labels in another order are taken in their own order or refused by name, wherever two meet.

The calls are those of tests/fuzz_examples.py: two arrays of a call that are of one length become
data frames, Series or arrays of xarray with the same labels, one of them in another order. Where
the result is another, what was labeled was paired by its position.
"""

import itertools
import warnings
from fnmatch import fnmatchcase

import numpy as np
import pytest
from fuzz_examples import entries, resolved
from fuzz_judge import differs, numbers

from netrep_go import encoding, rsa
from netrep_go.encoding import EncodingModel, StreamedPCA, bootstrap_scores, permutation_test
from netrep_go.multiset import ProcrustesKMeans

pandas = pytest.importorskip("pandas")
xarray = pytest.importorskip("xarray")
pytest.importorskip("matplotlib").use("Agg")

ROWS, LAST = "rows", "last axis"
ENTRIES = entries()[0]
# What is of the same length by chance, or in its own order by right: part of the entry, the two
# arguments, and the axis, "" for any; and why.
APART = {
    ("pairwise_distances", "train*", "test*", ""): "held-out samples are others",
    ("cross_distances", "?s_test", "?s", ""): "held-out samples are others",
    ("capacity.", "X", "X", ROWS): "samples of one manifold are not those of another",
    ("capacity.project_on_cone", "B", "S", ROWS): "vectors, and generators",
    ("mftma.", "XtotT", "XtotT", LAST): "samples of one manifold are not those of another",
    ("encoding.cluster_test of groups", "scores", "others", ROWS): "two groups of subjects",
    ("rsa.compare_groups", "rdms", "others", ROWS): "two groups of subjects",
    **{
        ("rsa.searchlight of noise of runs", name, other, axis): "residuals of other observations"
        for name in ("conditions", "folds", "data")
        for other in ("residuals", "residual_folds")
        for axis in ((ROWS, LAST) if name != "data" else (ROWS,))
    },
    ("rsa.patterns", "data", "mask", ROWS): "conditions, and places",
    ("encoding.encode_times", "X", "data", LAST): "features, and times",
    ("finalize_fit", "cache*", "cache*", ""): "what partial_fit has made of arrays",
    ("", "times", "*", ""): "times of samples, not labels of them",
}
# Measures, means and clusters to which features of two networks are no pairs: these are aligned.
ALIGNED = (
    *("metrics.", "conv_layers.", "kmeans.", "multiset.", "inference."),
    *("validation.", "utils.align", "rsa.RSA"),
)
PAIRED_CLASSES = ("metrics.JSD", "metrics.Disagreement", "metrics.AccuracyDifference")


def _leaves(value, path=()):
    if isinstance(value, np.ndarray):
        if value.ndim and value.dtype.kind in "biufU":
            yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for key, item in enumerate(value):
            yield from _leaves(item, (*path, key))


def _put(value, path, x):
    if not path:
        return x
    if isinstance(value, dict):
        return {**value, path[0]: _put(value[path[0]], path[1:], x)}
    items = list(value)
    items[path[0]] = _put(items[path[0]], path[1:], x)
    return type(value)(items)


def _labeled(x, axis, order):
    """Return an array with labels along an axis, in an order; of both of what is symmetric."""
    labels = np.array([f"label {k}" for k in range(x.shape[axis])])[order]
    x, square = np.take(x, order, axis), x.ndim == 2 and np.array_equal(x, x.T)
    if square:
        x = np.take(x, order, 1 - axis)
    if x.ndim == 1:
        return pandas.Series(x, index=labels)
    if x.ndim == 2:
        named = {"index" if axis == 0 else "columns": labels}
        return pandas.DataFrame(x, **(dict(index=labels, columns=labels) if square else named))
    dims = [f"axis {k}" for k in range(x.ndim)]
    return xarray.DataArray(x, dims=dims, coords={dims[axis]: labels})


def _by_right(entry, first, second, axis):
    """Whether two arguments are no pairs along an axis."""
    arguments = {first[0], second[0]}
    for (part, one, other, where), _ in APART.items():
        if part in entry and where in ("", axis):
            for a, b in itertools.permutations([str(first[0]), str(second[0])]):
                if fnmatchcase(a, one) and fnmatchcase(b, other):
                    return True
    if axis == LAST and entry.startswith(ALIGNED) and not entry.startswith(PAIRED_CLASSES):
        return True
    return arguments == {"X"} and first[1:] == second[1:]


def _pairs(arguments, axis):
    """Yield the first two arrays of an argument, and the first ones of two, of one length."""
    seen = set()
    at = 0 if axis == ROWS else -1
    for (p, x), (q, y) in itertools.combinations(_leaves(arguments), 2):
        if x.shape[at] == y.shape[at] and x.shape[at] > 2 and (p[0], q[0]) not in seen:
            seen.add((p[0], q[0]))
            yield p, x, q, y


def _result(entry, arguments):
    import matplotlib.pyplot as plt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = numbers(entry.run(**arguments))
            return {where: x for where, x in found.items() if "names" not in where}
        except (TypeError, ValueError) as error:
            return str(error)
        finally:
            plt.close("all")


def _cases():
    for name, entry in ENTRIES.items():
        for axis in (ROWS, LAST):
            arguments = {k: v for k, v in entry.arguments.items() if not callable(v)}
            if any(not _by_right(name, p, q, axis) for p, _, q, _ in _pairs(arguments, axis)):
                yield name, axis


@pytest.mark.parametrize(("name", "axis"), [*_cases()])
def test_labels_in_another_order(name, axis):
    entry = ENTRIES[name]
    arguments = resolved(entry.arguments)
    clean = None
    for p, x, q, y in _pairs(arguments, axis):
        if _by_right(name, p, q, axis):
            continue
        clean = clean or _result(entry, resolved(entry.arguments))
        assert isinstance(clean, dict), clean
        kept = np.arange(x.shape[0 if axis == ROWS else -1])
        other = np.roll(kept[::-1], 1)
        for orders in ((kept, kept), (kept, other)):
            changed = resolved(entry.arguments)
            for (path, array), order in zip(((p, x), (q, y)), orders, strict=True):
                labeled = _labeled(array, 0 if axis == ROWS else array.ndim - 1, order)
                changed[path[0]] = _put(changed[path[0]], path[1:], labeled)
            found = _result(entry, changed)
            if isinstance(found, dict):
                assert not differs(found, clean), f"{p} and {q} were paired by position"
            elif orders[0] is orders[1]:
                assert "in the same order" not in found


# What fits keep, and what the calls above do not show.

COLUMNS, TARGETS = list("abcde"), list("uvw")


@pytest.fixture
def frames(rng):
    X = rng.standard_normal((30, 5))
    Y = X[:, :3] + 0.1 * rng.standard_normal((30, 3))
    return pandas.DataFrame(X, columns=COLUMNS), pandas.DataFrame(Y, columns=TARGETS)


def _turned(frame):
    return frame[frame.columns[::-1]]


@pytest.mark.parametrize("in_layers", [False, True])
def test_features_and_targets_of_encoding_models(frames, in_layers):
    X, Y = frames
    features, turned, values = (
        {"conv": x} if in_layers else x for x in (X, _turned(X), X.to_numpy())
    )
    model, bare = (EncodingModel(alphas=3, cv=3, outer_cv=3, random_state=0) for _ in range(2))
    want = bare.fit(values, Y.to_numpy()).score(values, Y.to_numpy())
    assert model.fit(features, Y).score(features, Y) == want
    for call in (
        lambda: model.predict(turned),
        lambda: model.score(turned, Y),
        lambda: permutation_test(model, turned, Y, n_permutations=9),
    ):
        with pytest.raises(ValueError, match="feature names"):
            call()
    for call in (
        lambda: model.score(features, _turned(Y)),
        lambda: bootstrap_scores(model, _turned(Y), n_bootstraps=9),
        lambda: permutation_test(model, features, _turned(Y), n_permutations=9),
    ):
        with pytest.raises(ValueError, match=r"target names of Y .* column 0 is 'w' and was"):
            call()


def test_features_of_prior_covariances(frames):
    X, Y = frames
    prior = X.cov()
    model = EncodingModel(alphas=3, cv=3, outer_cv=None, feature_covariance=prior)
    model.fit(X, Y)
    with pytest.raises(ValueError, match="X and feature_covariance must have the same features"):
        model.fit(_turned(X), Y)
    model.set_params(feature_covariance={"conv": prior}).fit({"conv": X}, Y)
    with pytest.raises(ValueError, match=r"X\['conv'\] and feature_covariance must have the same"):
        model.fit({"conv": _turned(X)}, Y)


def test_features_of_other_fits(frames, tmp_path):
    X, _ = frames
    pca = StreamedPCA(2).fit(X)
    weights = rsa.FeatureReweighting().fit(X[:8], rsa.rdm(X[:8]))
    noise = rsa.NoiseNormalizer().fit(X)
    labeled = xarray.DataArray(X.to_numpy(), dims=["row", "unit"], coords={"unit": COLUMNS})
    of_labeled = rsa.NoiseNormalizer().fit(labeled)
    for call in (
        pca.transform,
        weights.predict,
        noise.transform,
        lambda x: weights.score(x[:8], rsa.rdm(X[:8])),
        lambda x: rsa.rdm(x, "mahalanobis", noise=noise),
        lambda x: rsa.rdm({"V1": x}, "mahalanobis", noise={"V1": of_labeled}),
        lambda x: rsa.searchlight(
            x[:6], np.arange(15.0), neighbors=[[0, 1, 2]], metric="mahalanobis", noise=noise
        ),
    ):
        call(X)
        with pytest.raises(ValueError, match="feature names"):
            call(_turned(X))
    pca.save(tmp_path / "pca")
    StreamedPCA.load(tmp_path / "pca").transform(X)  # a file has no names


def test_precisions_by_name(frames):
    X, _ = frames
    precision = pandas.DataFrame(np.diag([1.0, 2, 3, 4, 5]), COLUMNS, COLUMNS)
    want = rsa.rdm(X.to_numpy(), "mahalanobis", noise=precision.to_numpy())
    np.testing.assert_array_equal(rsa.rdm(X, "mahalanobis", noise=precision), want)
    for x, name in ((_turned(X), "data"), ([X, _turned(X)], r"data\[1\]")):
        with pytest.raises(ValueError, match=f"{name} and noise must have the same features"):
            rsa.rdm(x, "mahalanobis", noise=precision)


def test_samples_of_clusters(rng):
    X, Y = (pandas.DataFrame(rng.standard_normal((6, 3)), list("abcdef")) for _ in range(2))
    kmeans = ProcrustesKMeans(2, n_restarts=1, random_state=0).fit([X.to_numpy(), Y])
    assert sorted(kmeans.predict([X, Y])) == [0, 1]
    with pytest.raises(ValueError, match=r"networks of the fit and X\[0\] must have the same sam"):
        kmeans.predict([X[::-1], Y.to_numpy()])


def test_labels_of_rows_whose_data_have_none(rng):
    rows = [f"trial {k}" for k in range(12)]
    conditions = pandas.Series(np.repeat(list("abc"), 4), rows)
    folds = pandas.Series(np.tile([0, 1, 2, 3], 3), rows)
    X = rng.standard_normal((12, 5))
    given = {"conditions": conditions, "folds": folds}
    turned = {"conditions": conditions, "folds": folds[::-1]}
    for call in (
        lambda labels: rsa.rdm(X, "crossnobis", **labels),
        lambda labels: rsa.rdm({"V1": X}, "crossnobis", **labels),
        lambda labels: rsa.crossnobis_test(X, **labels),
        lambda labels: rsa.crossnobis_reliability(X, **labels),
        lambda labels: rsa.decoding_rdm(X, labels["conditions"], cv=labels["folds"]),
        lambda labels: rsa.time_resolved(
            X[..., np.newaxis], [1, 2, 3], metric="crossnobis", **labels
        ),
        lambda labels: rsa.searchlight(
            X, [1, 2, 3], neighbors=[[0, 1, 2]], metric="crossnobis", **labels
        ),
    ):
        call(given)
        with pytest.raises(ValueError, match=r"conditions and (folds|cv) must have the same obs"):
            call(turned)


def test_conditions_over_time_and_at_places(rng):
    names = list("abcdef")
    meg = xarray.DataArray(
        rng.standard_normal((6, 5, 4)), dims=["condition", "sensor", "time"],
        coords={"condition": names},
    )  # fmt: skip
    regions = {"V1": pandas.DataFrame(rng.standard_normal((6, 7)), names)}
    lights = xarray.DataArray(
        rng.standard_normal((6, 3, 3)), dims=["condition", "x", "y"], coords={"condition": names}
    )
    model = pandas.DataFrame(1 - np.eye(6), names, names) * rng.random()
    model.iloc[0, 1] = model.iloc[1, 0] = 2
    inside = {"mask": np.ones((3, 3)), "radius": 2}
    rsa.fusion(meg, regions)
    rsa.fusion(meg, lights, **inside)
    rsa.time_resolved(meg, model)
    for call in (
        lambda: rsa.fusion(meg[::-1], regions),
        lambda: rsa.fusion([meg, meg], [regions, {"V1": regions["V1"][::-1]}], over="both"),
        lambda: rsa.fusion([meg, meg[::-1]], regions),
        lambda: rsa.fusion(meg, lights[::-1], **inside),
        lambda: rsa.fusion([model, model], {"V1": model.iloc[::-1, ::-1]}, metric="precomputed",
                           temporal_metric="precomputed"),
        lambda: rsa.time_resolved(meg[::-1], model),
        lambda: rsa.time_resolved({"anna": meg, "bert": meg[::-1]}, model),
        lambda: rsa.time_resolved(meg, model.iloc[::-1, ::-1]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="must have the same conditions in the same order"):
            call()


def test_places_of_volumes(rng):
    z = [10.0, 12.0, 14.0, 16.0]
    dims = ["condition", "x", "z"]
    data = xarray.DataArray(rng.standard_normal((5, 3, 4)), dims=dims, coords={"z": z})
    mask = xarray.DataArray(np.ones((3, 4)), dims=dims[1:], coords={"z": z})
    model = rng.random(10)
    rsa.searchlight(data, model, mask=mask, radius=2)
    assert set(rsa.regions(data, mask)) == {1}
    for call in (
        lambda: rsa.searchlight(data, model, mask=mask[:, ::-1], radius=2),
        lambda: rsa.regions(data, mask[:, ::-1]),
        lambda: rsa.patterns(data[..., ::-1], mask),
    ):
        with pytest.raises(ValueError, match=r"data and (mask|labels) must have the same places"):
            call()


def test_pairs_of_condensed_rdms(rng):
    pairs = [f"{a}-{b}" for a, b in itertools.combinations("abcde", 2)]
    rdm, model = pandas.Series(rng.random(10), pairs), pandas.Series(rng.random(10), pairs)
    want = rsa.compare(rdm.to_numpy(), model.to_numpy())
    assert rsa.compare(rdm, model) == want
    table = pandas.DataFrame([rdm, model])
    assert rsa.compare(table, model)[0] == want
    for call in (
        lambda: rsa.compare(rdm, model[::-1]),
        lambda: rsa.compare(table, model[::-1]),
        lambda: rsa.compare(rdm, model, controls=rdm[::-1]),
        lambda: rsa.evaluate({"one": model, "two": model[::-1]}, rdm),
        lambda: rsa.permutation_test([model], rdm[::-1], n_permutations=9),
        lambda: rsa.compare(rdm.sort_values().reset_index(drop=True).sample(frac=1, random_state=0),
                            rdm.reset_index(drop=True)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="must have the same pairs of conditions in the same"):
            call()
    long = pandas.concat([rdm, model], ignore_index=True)  # numbers of rows of a table
    assert rsa.compare(long[:10], long[10:]) == want
    assert rsa.evaluate([rdm, long[10:]], long[10:]).mean[0] == pytest.approx(want)
    square = pandas.DataFrame(1 - np.eye(3), list("xyz"), list("xyz"))  # of as many pairs
    square.iloc[0, 1] = square.iloc[1, 0] = 3
    three = pandas.Series([1.0, 3, 2], ["x-y", "x-z", "y-z"])
    assert np.isfinite(rsa.compare(square, three))


def test_conditions_of_which_the_first_matrix_says_nothing(rng):
    square = pandas.DataFrame(np.ones((4, 4)) - np.eye(4), list("abcd"), list("abcd"))
    square.iloc[0, 1] = square.iloc[1, 0] = 3
    bare, turned = square.to_numpy(), square.iloc[::-1, ::-1]
    for call in (
        lambda: rsa.compare([bare, square], turned),
        lambda: rsa.compare({"one": bare, "two": square, "three": turned}, bare),
    ):
        with pytest.raises(ValueError, match="must have the same conditions in the same order"):
            call()
    layers = [rng.random((4, 3)), pandas.DataFrame(rng.random((4, 3)), list("abcd"))]
    with pytest.raises(ValueError, match="must have the same conditions in the same order"):
        rsa.evaluate_layers(layers, turned, cv=3)


def test_training_images_of_layers(rng):
    images = [f"image {k}" for k in range(12)]
    layer = pandas.DataFrame(rng.standard_normal((20, 3)), columns=list("abc"))
    training = pandas.DataFrame(rng.standard_normal((12, 3)), images, list("abc"))
    y = pandas.Series(np.tile([0, 1], 6), images)
    measured = rsa.rdm(rng.standard_normal((20, 4)))
    options = {"cv": 5, "random_state": 0}
    rsa.evaluate_layers({"fc": layer}, measured, training={"fc": training}, y=y, **options)
    for others, labels, what in (
        ({"fc": training}, y[::-1], "samples"),
        ({"fc": training[["c", "b", "a"]]}, y, "features"),
    ):
        with pytest.raises(ValueError, match=f"must have the same {what} in the same order"):
            rsa.evaluate_layers({"fc": layer}, measured, training=others, y=labels, **options)


def test_subjects_and_points_of_tests_over_subjects(rng):
    names = [f"subject {k}" for k in range(8)]
    scores = pandas.DataFrame(rng.standard_normal((8, 3)), names, ["t1", "t2", "t3"])
    other = scores + rng.standard_normal((8, 3))
    want = encoding.cluster_test(scores.to_numpy(), other.to_numpy(), paired=True)
    found = encoding.cluster_test(scores, other, paired=True)
    np.testing.assert_array_equal(found.pvalue_corrected, want.pvalue_corrected)
    with pytest.raises(ValueError, match="scores and others must have the same subjects"):
        encoding.cluster_test(scores, other[::-1], paired=True)
    with pytest.raises(ValueError, match="scores and others must have the same points"):
        encoding.cluster_test(scores, _turned(other))
    encoding.cluster_test(scores, other[::-1])  # two groups
