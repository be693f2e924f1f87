"""The report of layers: every number is that of its own function, and the page stands alone."""

import itertools
import json
import pickle
import re
import runpy
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

import netrep_go
from netrep_go import _native
from netrep_go._files import DamagedFileError
from netrep_go.capacity import MeanFieldCapacity
from netrep_go.encoding import EncodingModel
from netrep_go.inference import calibrate, compare_networks
from netrep_go.metrics import LinearCKA, LinearRegressionR2, MutualKNN
from netrep_go.multiset import pairwise_distances
from netrep_go.report import LayerReport, _layers, _sections, layer_report
from netrep_go.rsa import evaluate, rdm

N, N_CLASSES = 48, 12
ODD = '<script>alert(\'x\')</script> & "quoted" $x_1$ --> 層 id="a"'
FAST = {"n_permutations": 99, "random_state": 3, "n_jobs": 1, "verbose": False}
SECTIONS = ("distances", "similarity", "capacity", "rsa", "encoding")


class Data:
    """Layers that are narrower and wider than there are samples, and what stands beside them."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.y = np.repeat(np.arange(N_CLASSES), N // N_CLASSES)
        classes = rng.standard_normal((N_CLASSES, 90))[self.y]
        widths = {"narrow": 10, "square": N, "wide": 70, "wider": 90}
        self.layers = {
            name: rng.standard_normal((N, p)) + 5 + k * classes[:, :p] / 3
            for k, (name, p) in enumerate(widths.items())
        }
        self.targets = self.layers["narrow"][:, :3] + rng.standard_normal((N, 3))
        subjects = classes + np.array([1.0, 2.0, 3.0])[:, None, None] * rng.standard_normal((N, 90))
        self.rdms = rdm(subjects)

    def report(self, **options):
        given = {"y": self.y, "targets": self.targets, "rdms": self.rdms, **FAST, **options}
        return layer_report(given.pop("layers", self.layers), **given)


@pytest.fixture(scope="module")
def data():
    return Data()


@pytest.fixture(scope="module")
def report(data):
    return data.report()


def test_distances_and_similarities_are_those_of_their_functions(data, report):
    found = pairwise_distances("procrustes", data.layers, verbose=False)
    assert_allclose(report.values["distance"], found, atol=1e-10)
    found = calibrate("cka", data.layers, n_permutations=99, random_state=3, verbose=False)
    assert_allclose(report.values["cka"], found.statistic, rtol=1e-10)
    assert_allclose(report.values["cka_calibrated"], found.calibrated, rtol=1e-8, atol=1e-12)
    assert_allclose(report.values["cka_null_mean"], found.null_mean, rtol=1e-10)
    assert_array_equal(report.values["cka_pvalue"], found.pvalue)
    assert_array_equal(report.values["cka_pvalue_max"], found.pvalue_max)


def test_numbers_of_layers_are_those_of_their_functions(data, report):
    for k, x in enumerate(data.layers.values()):
        fitted = MeanFieldCapacity(random_state=3).fit(x, data.y)
        for name in ("capacity", "radius", "dimension", "center_correlation", "capacity_se"):
            assert report.values[name][k] == getattr(fitted, f"{name}_")
        model = EncodingModel(random_state=3).fit(x, data.targets)
        assert_allclose(report.values["score"][k], model.score_, rtol=1e-8, atol=1e-10)
        assert_allclose(report.values["score_mean"][k], model.score_.mean(), rtol=1e-8)
    models = {name: rdm(x) for name, x in data.layers.items()}
    found = evaluate(models, data.rdms)
    assert_array_equal(report.values["rsa"], found.similarities)
    assert_array_equal(report.values["rsa_mean"], found.mean)
    assert_array_equal(report.values["rsa_se"], found.standard_error())
    assert_array_equal(report.values["noise_ceiling"], found.noise_ceiling)
    assert not report.reasons


def test_layers_that_are_not_wide_give_the_same_to_the_last_bit(data):
    layers = {name: data.layers[name] for name in ("narrow", "square")}
    report = data.report(layers=layers)
    found = pairwise_distances("procrustes", layers, verbose=False, n_jobs=1)
    assert_array_equal(report.values["distance"], found)
    for k, x in enumerate(layers.values()):
        score = EncodingModel(random_state=3, n_jobs=1).fit(x, data.targets).score_
        assert_array_equal(report.values["score"][k], score)


@pytest.mark.parametrize("scale", [2.0**-200, 2.0**200])
def test_the_unit_of_wide_layers_is_of_no_consequence(data, report, scale):
    layers = {name: scale * x for name, x in data.layers.items()}
    found = data.report(layers=layers, targets=None)
    for name in ("distance", "cka", "capacity", "rsa"):
        assert_allclose(found.values[name], report.values[name], rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("ignore:the lasso did not converge")
def test_options_reach_their_functions(data):
    capacity = MeanFieldCapacity(n_t=20, n_searches=1, random_state=7)
    encoding = EncodingModel("lasso", alphas=3, cv=2, outer_cv=3, scoring="r")
    options = {"capacity": capacity, "encoding": encoding, "metric": "euclidean"}
    report = data.report(**options, method="pearson", alpha=0.1)
    layers = data.layers.values()
    fitted = [
        MeanFieldCapacity(n_t=20, n_searches=1, random_state=7).fit(x, data.y) for x in layers
    ]
    assert_array_equal(report.values["capacity"], [each.capacity_ for each in fitted])
    model = EncodingModel("lasso", alphas=3, cv=2, outer_cv=3, scoring="r", random_state=3)
    scores = [model.fit(x, data.targets).score_ for x in layers]
    assert_array_equal(report.values["score"], scores)
    models = {name: rdm(x, "euclidean") for name, x in data.layers.items()}
    found = evaluate(models, data.rdms, "pearson").similarities
    assert_array_equal(report.values["rsa"], found)
    found = calibrate(
        "cka", data.layers, n_permutations=99, alpha=0.1, random_state=3, verbose=False
    )
    assert_allclose(report.values["cka_calibrated"], found.calibrated, rtol=1e-8, atol=1e-12)
    assert not hasattr(capacity, "capacity_")  # what users gave is not fitted
    assert capacity.n_jobs is None


@pytest.fixture
def watch(monkeypatch):
    """Return what lets a function note something of each of its calls."""

    def watch(owner, name, notes, note):
        kept = getattr(owner, name)

        def noting(*args, **kwargs):
            notes.append(note(*args))
            return kept(*args, **kwargs)

        monkeypatch.setattr(owner, name, noting)

    return watch


def test_each_layer_is_prepared_once(data, watch):
    prepared, routines, grams, rdms, regressed = [], [], [], [], []
    watch(_layers, "compact", prepared, np.shape)
    watch(_native, "run", routines, lambda routine, *rest: routine)
    watch(LinearCKA, "_gram_vector", grams, lambda self, x, name: x.shape)
    watch(_sections, "rdm", rdms, lambda x, metric: x.shape)
    watch(EncodingModel, "fit", regressed, lambda self, x, y: x.shape)
    data.report()
    assert prepared == [(N, 70), (N, 90)]  # the others have no more columns than rows
    assert routines.count("multiset.linear_distances") == 1
    assert sorted(grams) == sorted(regressed) == [(N, 10), (N, N), (N, N), (N, N)]
    assert rdms == [x.shape for x in data.layers.values()]


def test_results_do_not_depend_on_threads_and_follow_the_seed(data):
    measures = ["cka", "rsa", "mutual_knn", "permutation", "ridge_r2_y_to_x"]
    first, second = (data.report(n_jobs=n, measures=measures) for n in (1, 2))
    for name, values in first.values.items():
        assert_array_equal(values, second.values[name])
    drawn = data.report(random_state=None, y=None, targets=None, rdms=None)
    again = data.report(random_state=drawn.settings["seed"], y=None, targets=None, rdms=None)
    assert_array_equal(drawn.values["cka_calibrated"], again.values["cka_calibrated"])


def test_runs_are_alike_to_the_last_byte_and_leave_what_was_given_as_it_is(data, tmp_path):
    given = {**data.layers, "y": data.y, "targets": data.targets, "rdms": data.rdms}
    before = {name: x.tobytes() for name, x in given.items()}
    for x in given.values():
        x.setflags(write=False)
    for k in range(2):
        found = data.report(measures=["cka", "rsa", "mutual_knn"])
        found.save(tmp_path / f"{k}.npz")
        page_of(found, tmp_path)
        (tmp_path / "report.html").rename(tmp_path / f"{k}.html")
    for x in given.values():
        x.setflags(write=True)
    assert {name: x.tobytes() for name, x in given.items()} == before
    assert (tmp_path / "0.html").read_bytes() == (tmp_path / "1.html").read_bytes()
    first, second = (zipfile.ZipFile(tmp_path / f"{k}.npz") for k in range(2))
    with first, second:
        assert first.namelist() == second.namelist()
        assert all(first.read(name) == second.read(name) for name in first.namelist())


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: x[::-1].copy()[::-1], list])
def test_layouts_are_of_no_consequence(data, report, layout):
    layers = {name: layout(x) for name, x in data.layers.items()}
    found = data.report(layers=layers, targets=layout(data.targets), rdms=layout(data.rdms))
    for name, values in report.values.items():
        assert_array_equal(found.values[name], values)


def test_single_precision_is_what_it_holds(data):
    narrow = {name: x.astype(np.float32) for name, x in data.layers.items()}
    wide = {name: x.astype(np.float64) for name, x in narrow.items()}
    first, second = (data.report(layers=each, measures="cka") for each in (narrow, wide))
    for name, values in second.values.items():
        assert_array_equal(first.values[name], values)


def test_labels_may_be_texts_and_classes_of_one_sample(data, report):
    found = data.report(y=[f"class {k:02}" for k in data.y], targets=None, rdms=None)
    assert_array_equal(found.values["capacity"], report.values["capacity"])
    single = np.append(data.y[:-1], 99)
    found = data.report(y=single, targets=None, rdms=None)
    x = data.layers["square"]
    fitted = MeanFieldCapacity(random_state=3).fit(x, single)
    assert found.values["capacity"][1] == fitted.capacity_


def test_reports_can_be_pickled(report, tmp_path):
    again = pickle.loads(pickle.dumps(report))
    assert repr(again) == repr(report)
    for name, values in report.values.items():
        assert_array_equal(again.values[name], values)
    report.to_html(tmp_path / "first.html")
    again.to_html(tmp_path / "second.html")
    assert (tmp_path / "first.html").read_bytes() == (tmp_path / "second.html").read_bytes()


def test_generators_give_seeds_and_move_on(data):
    given = {"y": None, "targets": None, "rdms": None}
    source = np.random.default_rng(3)
    first, second = (data.report(**given, random_state=source) for _ in range(2))
    again = data.report(**given, random_state=np.random.default_rng(3))
    assert first.settings["seed"] == again.settings["seed"] != second.settings["seed"]
    assert_array_equal(first.values["cka_calibrated"], again.values["cka_calibrated"])


def test_what_is_not_given_is_said(data):
    report = layer_report(data.layers, **FAST)
    assert set(report.values) == {
        *("distance", "cka", "cka_calibrated", "cka_null_mean", "cka_pvalue", "cka_pvalue_max")
    }
    assert report.reasons == {
        "capacity": {None: "no y given"},
        "rsa": {None: "no rdms given"},
        "encoding": {None: "no targets given"},
    }


def test_one_layer_has_no_pairs(data):
    with pytest.warns(UserWarning, match=r"(distances|similarity) cannot be computed: at least 2"):
        report = data.report(layers={"narrow": data.layers["narrow"]})
    assert set(report.reasons) == {"distances", "similarity"}
    assert_array_equal(report.values["capacity"], data.report().values["capacity"][:1])
    assert len(report.to_frame("pairs")) == 0


@pytest.mark.filterwarnings("ignore:.* cannot be computed:UserWarning")
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_samples_leave_out_what_they_do_not_allow(rng, n):
    layers = {"a": rng.standard_normal((n, 3)), "b": rng.standard_normal((n, 6))}
    targets = rng.standard_normal((n, 2))
    report = layer_report(layers, np.arange(n) % 2, targets, **FAST)
    assert ("distance" in report.values) == (n > 1)  # one sample does not vary
    assert ("distances" in report.reasons) == (n == 1)
    assert ("similarity" in report.reasons) == (n < 4)  # 6 orders allow no p-value of 0.05
    assert "encoding" in report.reasons
    assert report.to_frame().shape[0] == 2


@pytest.mark.parametrize("constant", [0.0, 1.0, 1e8 / 3])
def test_a_layer_that_does_not_vary_is_left_out(data, report, constant):
    dead = {"dead": np.full((N, 60), constant)}
    with pytest.warns(UserWarning, match="of layer 'dead' cannot be computed"):
        found = data.report(layers={**dead, **data.layers}, targets=None)
    for section in ("distances", "similarity", "capacity", "rsa"):
        assert list(found.reasons[section]) == ["dead"]
    for name in ("distance", "cka"):
        assert np.isnan(found.values[name][0]).all()
        assert_array_equal(found.values[name][1:, 1:], report.values[name])
    for name in ("capacity", "rsa_mean"):
        assert np.isnan(found.values[name][0])
        assert_array_equal(found.values[name][1:], report.values[name])


@pytest.mark.filterwarnings("ignore:encoding of layer .* cannot be computed:UserWarning")
def test_a_section_that_fails_leaves_the_others(data):
    report = data.report(encoding=EncodingModel(outer_cv=N + 1))
    assert set(report.reasons) == {"encoding"}
    assert list(report.reasons["encoding"]) == list(data.layers)
    assert all("outer_cv" in reason for reason in report.reasons["encoding"].values())
    assert {"distance", "cka", "rsa", "capacity"} <= set(report.values)
    assert "score" not in report.values


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": [0, 1]}, r"y must have shape \(48,\), got \(2,\)"),
        ({"y": [np.nan] * N}, "y must have a label for each sample"),
        ({"targets": np.ones((5, 2))}, "targets must have the 48 samples"),
        ({"targets": np.full((N, 1), np.nan)}, "targets must have a known value"),
        ({"rdms": np.ones((2, 6))}, "rdms must be of the 48 samples, got 4 conditions"),
        ({"rdms": np.full((2, N * (N - 1) // 2), np.nan)}, "rdms must have 3 entries"),
        ({"layers": {"a": np.eye(5), "b": 1e80 * np.eye(5)}}, r"networks\['b'\] must be of a size"),
        ({"metric": "crossnobis"}, "`metric` parameter to be in"),
        ({"method": "kendall"}, "`method` parameter to be in"),
        ({"n_permutations": 5}, "n_permutations must be at least 19"),
        ({"alpha": 0.7}, "alpha must be"),
        ({"capacity": MeanFieldCapacity(kappa=[0.0, 1.0])}, "capacity must have one kappa"),
        ({"encoding": EncodingModel(outer_cv=None)}, "encoding must hold samples out"),
        ({"layers": {"a": np.ones((5, 2)), "b": np.ones((4, 2))}}, "must see the same samples"),
        ({"layers": {"a": np.full((5, 2), np.nan)}}, r"networks\['a'\] contains NaN"),
        ({"layers": {}}, "at least one"),
    ],
)
def test_wrong_arguments_are_refused(data, options, message):
    with pytest.raises(ValueError, match=message):
        data.report(**options)


@pytest.mark.parametrize("name", ["capacity", "encoding"])
@pytest.mark.parametrize("odd", [3, LinearCKA(), MeanFieldCapacity, EncodingModel])
def test_estimators_of_another_kind_are_refused(data, name, odd):
    with pytest.raises(TypeError, match=f"{name} must be a"):
        data.report(**{name: odd})


def test_samples_of_data_frames_must_agree(data):
    pandas = pytest.importorskip("pandas")
    rows = [f"image {k}" for k in range(N)]
    layers = {name: pandas.DataFrame(x, rows) for name, x in data.layers.items()}
    targets = pandas.DataFrame(data.targets, rows, ["V1", "V2", "V4"])
    report = data.report(layers=layers, targets=targets)
    assert report.target_names == ["V1", "V2", "V4"]
    assert list(report.to_frame("targets")["target"][:4]) == ["V1", "V2", "V4", "V1"]
    with pytest.raises(ValueError, match="same samples in the same order, got 'image 0'"):
        data.report(layers=layers, targets=targets[::-1])


def test_samples_of_rdms_must_agree(data):
    """An RDM that is labeled in another order is of other samples, though it has their number."""
    pandas = pytest.importorskip("pandas")
    rows = [f"image {k}" for k in range(N)]
    layers = {"a": pandas.DataFrame(data.layers["narrow"], rows), "b": data.layers["wide"]}
    square = pandas.DataFrame(squareform(data.rdms[0]), rows, rows)
    odd = square.iloc[::-1, ::-1]
    given = {"layers": layers, "y": None, "targets": None}
    want = data.report(**given, rdms=data.rdms[:1]).values["rsa"]
    for same in (square, [square], {"subject": square}):
        assert_array_equal(data.report(**given, rdms=same).values["rsa"], want)
    for other in (odd, [odd], {"s": odd}, {"r": squareform(data.rdms[1]), "s": odd}):
        with pytest.raises(ValueError, match=r"rdms must have the same samples .* got 'image 0'"):
            data.report(**given, rdms=other)
    with pytest.raises(ValueError, match="y and rdms must have the same samples"):
        data.report(layers=data.layers, y=pandas.Series(data.y, rows), rdms=odd)


def test_samples_of_stacks_of_rdms_must_agree(data):
    xarray = pytest.importorskip("xarray")
    rows = [f"image {k}" for k in range(N)]
    layers = {"a": xarray.DataArray(data.layers["narrow"], {"image": rows}, ("image", "unit"))}
    stack = xarray.DataArray(
        [squareform(rdm) for rdm in data.rdms],
        {"row": rows, "column": rows},
        ("s", "row", "column"),
    )
    given = {"layers": {**layers, "b": data.layers["wide"]}, "y": None, "targets": None}
    found = data.report(**given, rdms=stack).values["rsa"]
    assert_array_equal(found, data.report(**given).values["rsa"])
    with pytest.raises(ValueError, match=r"rdms must have the same samples .* got 'image 0'"):
        data.report(**given, rdms=stack[:, ::-1, ::-1])


def test_a_series_of_targets_has_its_name(data):
    pandas = pytest.importorskip("pandas")
    target = data.targets[:, 0].copy()
    target[3] = np.nan  # one that is missing
    series = pandas.Series(target, name="V4")
    report = data.report(y=None, rdms=None, targets=series)
    assert report.target_names == ["V4"]
    assert data.report(y=None, rdms=None, targets=series.rename(None)).target_names == [0]
    for k, x in enumerate(data.layers.values()):
        score = EncodingModel(random_state=3).fit(x, target).score_
        assert_allclose(report.values["score"][k], score, rtol=1e-8, atol=1e-10)


def test_tables(data, report):
    pytest.importorskip("pandas")
    table = report.to_frame()
    assert list(table["layer"]) == list(data.layers)
    assert list(table["n_features"]) == [10, N, 70, 90]
    assert_array_equal(table["capacity"], report.values["capacity"])
    pairs = report.to_frame("pairs").set_index(["layer_1", "layer_2"])
    assert len(pairs) == 6
    assert pairs["distance"]["square", "wider"] == report.values["distance"][1, 3]
    rdms = report.to_frame("rdms").set_index(["layer", "rdm"])
    assert rdms["rsa"]["wide", 2] == report.values["rsa"][2, 2]
    targets = report.to_frame("targets").set_index(["layer", "target"])
    assert targets["score"]["square", 1] == report.values["score"][1, 1]
    with pytest.raises(ValueError, match="`rows` parameter to be in"):
        report.to_frame("networks")


def test_layers_of_networks(data, tmp_path):
    pytest.importorskip("pandas")
    narrow, square, wide, wider = data.layers.values()
    nested = {"first": {"conv": narrow, "fc": wide}, "second": {"conv": square, "fc": wider}}
    report = data.report(layers=nested)
    assert report.names == [*itertools.product(("first", "second"), ("conv", "fc"))]
    assert list(report.to_frame().columns[:3]) == ["network", "layer", "n_features"]
    assert list(report.to_frame("pairs").columns[:4]) == [
        *("network_1", "layer_1", "network_2", "layer_2")
    ]
    flat = data.report()
    order = [0, 2, 1, 3]
    assert_array_equal(report.values["capacity"], flat.values["capacity"][order])
    assert_allclose(report.values["distance"], flat.values["distance"][np.ix_(order, order)])
    for name, layers in nested.items():
        np.savez(tmp_path / f"{name}.npz", **layers)
    stored = data.report(layers={name: tmp_path / f"{name}.npz" for name in nested})
    assert stored.names == report.names
    assert_array_equal(stored.values["distance"], report.values["distance"])
    alone = data.report(layers={"first": tmp_path / "first.npz"}, targets=None)
    assert alone.names == ["conv", "fc"]


def test_saved_reports_come_back(data, report, tmp_path):
    partial = layer_report(
        {"a": {1: data.layers["wide"]}, ODD: {2: data.layers["narrow"]}}, data.y, **FAST
    )
    for each in (report, partial):
        each.save(tmp_path / "report.npz")
        with np.load(tmp_path / "report.npz", allow_pickle=False) as stored:
            assert all(stored[name].dtype.kind in "fU" for name in stored.files)
        again = LayerReport.load(tmp_path / "report.npz")
        assert repr(again) == repr(each)
        for name in ("names", "reasons", "n_features", "settings", "versions", "target_names"):
            assert getattr(again, name) == getattr(each, name)
        assert set(again.values) == set(each.values)
        for name, values in each.values.items():
            assert_array_equal(again.values[name], values)


@pytest.mark.parametrize("damage", ["cut", "pickled", "another", "no file"])
def test_files_that_are_no_reports_are_refused(report, tmp_path, damage):
    path = tmp_path / "report.npz"
    report.save(path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "pickled":
        np.savez(path, report=np.array({"run": "me"}, dtype=object))
    elif damage == "another":
        np.savez(path, report=np.array('{"format": "else"}'))
    else:
        path.write_text("layers")
    with pytest.raises(ValueError, match=r"report\.npz is damaged, or no layer report") as found:
        LayerReport.load(path)
    assert "pickle" not in str(found.value)  # NumPy says how to run what a file holds


HOSTILE = "<script>alert(1)</script>"


def forged(report, path, arrays, told):
    """Write a file of a report with something else in it."""
    report.save(path)
    with np.load(path) as stored:
        found = {name: stored[name] for name in stored.files}
    text = json.loads(found["report"].item()) | told
    found |= {"report": np.array(json.dumps({k: v for k, v in text.items() if v != "none"}))}
    np.savez(path, **{**found, **arrays})


@pytest.mark.parametrize(
    "told",
    [
        {"n_samples": HOSTILE},
        {"n_samples": None},
        {"n_features": [HOSTILE, 1, 1, 1]},
        {"n_features": [1]},
        {"names": "abcd"},
        {"names": [{}, "b", "c", "d"]},
        {"names": ["a", "b", "c"]},
        {"names": "none"},
        {"rdm_names": []},
        {"target_names": [[{}], 1, 2]},
        {"reasons": {"rsa": [[None, 5]]}},
        {"reasons": [HOSTILE]},
        {"settings": {"seed": HOSTILE}},
        {"settings": {"layered": True}},
        {"versions": {}},
        {"versions": []},
        {"more": 1},
    ],
)
def test_files_whose_text_does_not_fit_are_refused(report, tmp_path, told):
    forged(report, tmp_path / "report.npz", {}, told)
    with pytest.raises(ValueError, match=r"report\.npz is damaged, or no layer report"):
        LayerReport.load(tmp_path / "report.npz")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cka", np.ones((5, 5))),
        ("capacity", np.ones(1)),
        ("capacity", np.array([HOSTILE] * 4)),
        ("rsa", np.ones((4, 3), dtype=int)),
        ("score", np.ones(4)),
        ("noise_ceiling", np.ones(3)),
        ("measure_x", np.ones(4)),
        (HOSTILE, np.ones((4, 4))),
    ],
)
def test_files_whose_arrays_do_not_fit_are_refused(report, tmp_path, name, values):
    forged(report, tmp_path / "report.npz", {name: values}, {})
    with pytest.raises(ValueError, match=r"report\.npz is damaged, or no layer report"):
        LayerReport.load(tmp_path / "report.npz")


def test_files_that_are_damaged_are_refused_or_say_the_same(report, tmp_path, rng):
    path = tmp_path / "report.npz"
    report.save(path)
    whole = path.read_bytes()
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        start = rng.integers(len(whole) - 4)
        damaged[start : start + 4] = rng.bytes(4)
        path.write_bytes(damaged[: rng.integers(len(whole)) if rng.random() < 0.2 else None])
        try:
            found = LayerReport.load(path)
        except DamagedFileError:
            refused += 1
        else:  # of the parts of a zip file that say nothing
            assert repr(found) == repr(report)
            for name, values in report.values.items():
                assert_array_equal(found.values[name], values)
    assert refused > 100


def test_what_comes_from_a_file_is_escaped(report, tmp_path):
    """Also what files may hold in places where a report has no text of a user."""
    told = {
        "names": [HOSTILE, "b", "c", "d"],
        "rdm_names": [HOSTILE, 1, 2],
        "reasons": {"measures": [[HOSTILE, HOSTILE], [None, HOSTILE]], HOSTILE: [[1, "x"]]},
        "settings": {**report.settings, "capacity": HOSTILE, HOSTILE: HOSTILE, "seed": HOSTILE},
        "versions": {**report.versions, "numpy": HOSTILE, HOSTILE: HOSTILE},
    }
    measure = {f"measure_{HOSTILE}": np.arange(16.0).reshape(4, 4)}
    forged(report, tmp_path / "report.npz", measure, told)
    page = page_of(LayerReport.load(tmp_path / "report.npz"), tmp_path)
    assert len(page.all("script")) == 1
    assert "alert" not in page.texts["script"][0]
    assert not [name for _, each in page.tags for name in each if name.startswith("on")]
    assert HOSTILE in {*page.texts["td"]} & {*page.texts["dt"]} & {*page.texts["dd"]}


def test_display(report):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    display = report.plot()
    panels = ["distance", "cka_calibrated", "capacity", "radius", "dimension"]
    assert list(display.axes_) == [*panels, "rsa_mean", "score_mean"]
    display.figure_.canvas.draw()
    ticks = [text.get_text() for text in display.axes_["capacity"].get_xticklabels()]
    assert ticks == report.names
    line = display.axes_["capacity"].lines[0]
    assert_array_equal(line.get_ydata(), report.values["capacity"])
    assert list(display.plot(sections=["rsa"]).axes_) == ["rsa_mean"]
    with pytest.raises(ValueError, match="sections must be among distances, "):
        report.plot(sections=["CKA"])
    with pytest.raises(ValueError, match="sections must have one that was computed"):
        report.plot(sections=[])
    pyplot.close("all")


class Page(HTMLParser):
    """What is on a page, with every tag closed that has to be."""

    EMPTY = ("meta", "path", "use", "image", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert tag in self.EMPTY or self.open.pop() == tag

    def handle_data(self, text):
        if self.open and text.strip():
            self.texts.setdefault(self.open[-1], []).append(text)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def odd(data):
    """Return a report with names that are HTML."""
    layers = dict(zip([ODD, "b", "fill: #000000", "d"], data.layers.values(), strict=True))
    with pytest.warns(UserWarning, match="cannot be computed"):
        return data.report(
            layers={**layers, "<dead>": np.ones((N, 2))}, rdms={"<i>1</i>": data.rdms[0]}
        )


def page_of(report, tmp_path):
    pytest.importorskip("matplotlib")
    report.to_html(tmp_path / "report.html")
    return Page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_page_has_all_sections(report, tmp_path):
    page = page_of(report, tmp_path)
    links = [each["href"] for each in page.all("a")]
    assert links == [f"#{name}" for name in ("layers", *SECTIONS, "methods")]
    assert [each["id"] for each in page.all("h2")] == [link[1:] for link in links]
    drawn = [each["aria-label"] for each in page.all("svg")]  # a panel each, so that they wrap
    assert drawn == [
        *("Procrustes distance", "calibrated CKA", "capacity", "radius", "dimension"),
        *("mean similarity of RDMs", "mean score of targets"),
    ]
    low, high = report.values["noise_ceiling"]
    assert f"the noise ceiling of the mean, {low:.4g} to {high:.4g}." in " ".join(page.texts["p"])
    assert len(page.all("table")) == 5  # layers, two of pairs, RDMs and targets
    assert not any("why" in each.get("class", "") for each in page.all("p"))


UNSEEN = {  # names, and how they are written
    "": "''",
    " ": "' '",
    "a\0b": r"a\x00b",
    "\u202eevil": r"\u202eevil",
    "tab\there": r"tab\there",
    "a\u200bb": r"a\u200bb",
    "Zero\u200cWidth": "Zero\u200cWidth",  # a mark that joins letters of Persian
    "line\nbreak": "line\nbreak",
}


def test_names_that_cannot_be_seen_are_written_as_in_python(data, tmp_path):
    x = data.layers["narrow"]
    layers = {name: x + k for k, name in enumerate(UNSEEN)}
    measures = {f"m{name}": "cka" for name in UNSEEN}
    report = layer_report(layers, measures=measures, **FAST)
    page = page_of(report, tmp_path)
    assert {*UNSEEN.values()} <= {each["data-value"] for each in page.all("td")}
    heads = " ".join(page.texts["button"])
    drawn = " ".join(page.texts["text"])
    for written in UNSEEN.values():
        assert f"m{written}".strip("' ") in heads
        assert all(line.strip("' ") in drawn for line in written.split("\n"))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not set("\0\t\u202e\u200b") & set(text)


def test_numbers_that_are_names_keep_their_digits(data, tmp_path):
    layers = {1000.25: data.layers["narrow"], 1000.5: data.layers["wide"]}
    cells = page_of(layer_report(layers, **FAST), tmp_path).texts["td"]
    assert {"1000.25", "1000.5"} <= {*cells}
    mixed = {2: data.layers["narrow"], "b": data.layers["wide"], True: data.layers["square"]}
    page = page_of(layer_report(mixed, **FAST), tmp_path)
    named = {each["data-value"] for each in page.all("td") if each.get("class") == "name"}
    assert named == {"2", "b", "True"}


def test_page_needs_nothing_else(odd, tmp_path):
    page = page_of(odd, tmp_path)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        for name in ("src", "href", "xlink:href", "action", "data"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"url\((?!#)|@import|fetch\(|XMLHttpRequest", text)
    policy = next(each for each in page.all("meta") if "http-equiv" in each)
    assert policy["content"].startswith("default-src 'none';")


def test_ids_are_unique_and_there(odd, tmp_path):
    page = page_of(odd, tmp_path)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    used = {
        *(each["xlink:href"][1:] for each in page.all("use")),
        *(each["clip-path"][5:-1] for _, each in page.tags if "clip-path" in each),
    }
    assert used <= set(ids)


def test_names_are_escaped(odd, tmp_path):
    page = page_of(odd, tmp_path)
    assert len(page.all("script")) == 1
    assert not page.all("i")
    assert not page.all("dead")
    cells, drawn = ({text.strip() for text in page.texts[tag]} for tag in ("td", "text"))
    assert {ODD, "fill: #000000", "<dead>"} <= cells
    assert {"fill: #000000", "<dead>"} <= drawn
    assert any(text[:6] == ODD[:6] and "…" in text and text[-6:] == ODD[-6:] for text in drawn)
    assert any("<dead>" in text for text in page.texts["p"])
    assert "<i>1</i>" in page.texts["td"]


def test_figures_take_the_color_of_the_text(report, tmp_path):
    page = page_of(report, tmp_path)
    assert page.all("text")
    assert all(each["fill"] == "currentColor" for each in page.all("text"))
    styles = " ".join(each.get("style", "") for _, each in page.tags)
    assert "currentColor" in styles
    assert not re.search(r"(fill|stroke): #(000000|ffffff)", styles)
    assert "prefers-color-scheme: dark" in page.texts["style"][0]


def test_numbers_on_the_page_have_all_their_digits(report, tmp_path):
    page = page_of(report, tmp_path)
    cells = {each["data-value"] for each in page.all("td")}
    for name in ("capacity", "rsa", "score"):
        assert {repr(float(x)) for x in report.values[name].flat} <= cells
    assert repr(float(report.values["distance"][1, 3])) in cells


def test_missing_numbers_and_reasons_are_shown(odd, tmp_path):
    page = page_of(odd, tmp_path)
    assert "–" in page.texts["td"]
    assert "nan" not in {each["data-value"] for each in page.all("td")}
    said = [text for text in page.texts["p"] if text.startswith("Not computed of <dead>: ")]
    assert len(said) == sum(len(each) for each in odd.reasons.values()) == 4


def test_methods_tell_versions_seed_parameters_and_references(report, data, tmp_path):
    page = page_of(report, tmp_path)
    text = " ".join(page.texts["p"])
    assert f"netrep_go {netrep_go.__version__}" in text
    assert f"NumPy {np.__version__}" in text
    for part in ("seed 3", "99 permutations", "MeanFieldCapacity(", "EncodingModel(", "3 RDM(s)"):
        assert part in text
    values = page.texts["dd"]
    assert {"99", "3", "spearman", "correlation"} <= set(values)
    references = " ".join(page.texts["li"])
    for author in ("Williams", "Kornblith", "Groeger", "Chung", "Schütt", "Naselaris"):
        assert author in references
    short = " ".join(page_of(layer_report(data.layers, **FAST), tmp_path).texts["li"])
    assert "Williams" in short
    assert "Chung" not in short


def test_pages_are_the_same_after_saving_and_in_any_style(report, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    report.to_html(tmp_path / "first.html")
    report.save(tmp_path / "report.npz")
    with pyplot.style.context("dark_background"):
        LayerReport.load(tmp_path / "report.npz").to_html(tmp_path / "second.html")
    assert (tmp_path / "first.html").read_bytes() == (tmp_path / "second.html").read_bytes()
    assert not pyplot.get_fignums()


def test_threads_write_the_same_pages(report, asked, tmp_path):
    """Styles of figures are of the process, and threads take turns."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    before = {key: value for key, value in pyplot.rcParams.items() if key != "backend"}
    written = [report, asked] * 3
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda k: written[k].to_html(tmp_path / f"{k}.html"), range(6)))
    for k, each in enumerate(written):
        each.to_html(tmp_path / "alone.html")
        assert (tmp_path / f"{k}.html").read_bytes() == (tmp_path / "alone.html").read_bytes()
    assert {key: pyplot.rcParams[key] for key in before} == before


def test_notebooks_show_names_escaped(odd):
    pytest.importorskip("pandas")
    assert "<script>" not in odd._repr_html_()
    assert "&lt;script&gt;" in odd._repr_html_()


def test_long_tables_are_cut(rng, tmp_path):
    layers = [rng.standard_normal((8, 2)) for _ in range(70)]
    report = layer_report(layers, n_permutations=19, random_state=0, verbose=False)
    page = page_of(report, tmp_path)
    assert "The first 2000 of 2415 rows; to_frame('pairs') has all." in page.texts["p"]
    assert len(page.all("tr")) == 70 + 2 * 2000 + 3


def test_example(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="it draws")
    pytest.importorskip("pandas", reason="it makes tables")
    example = Path(__file__).parents[1] / "examples" / "digits_report.py"
    monkeypatch.setattr(sys, "argv", [example.name, "--quick", "--output", str(tmp_path)])
    runpy.run_path(str(example), run_name="__main__")
    assert "network 2  hidden 2" in capsys.readouterr().out
    report = LayerReport.load(tmp_path / "report.npz")
    assert not report.reasons
    assert report.values["rsa"][0, 0] == pytest.approx(1)  # pixels and their own RDM
    Page((tmp_path / "report.html").read_text(encoding="utf-8"))


# measures that are asked for


ASKED = {"rsa": "rsa", "knn": MutualKNN(n_neighbors=5), "regression": LinearRegressionR2()}


@pytest.fixture(scope="module")
def asked(data):
    with pytest.warns(UserWarning, match="more features than samples"):
        return data.report(y=None, targets=None, rdms=None, measures=ASKED)


def test_measures_are_those_of_their_function(data, asked):
    with pytest.warns(UserWarning, match="more features than samples"):
        want = compare_networks(data.layers, ASKED, verbose=False).values
    for name, values in want.items():
        assert_array_equal(asked.values[f"measure_{name}"], values)
    plain = data.report(y=None, targets=None, rdms=None)
    assert set(asked.values) - set(plain.values) == {f"measure_{name}" for name in ASKED}
    assert "measures" not in plain.reasons


def test_measures_are_in_tables_figures_files_and_pages(asked, tmp_path):
    frame = asked.to_frame("pairs")
    values = asked.values["measure_regression"]
    assert frame["measure_regression"][0] == values[0, 1]
    assert frame["measure_regression_reversed"][0] == values[1, 0] != values[0, 1]
    assert "measure_rsa_reversed" not in frame
    display = asked.plot(sections=["measures"])
    assert list(display.axes_) == [f"measure_{name}" for name in ASKED]
    assert [ax.get_title() for ax in display.axes_.values()] == list(ASKED)
    asked.save(tmp_path / "report.npz")
    loaded = LayerReport.load(tmp_path / "report.npz")
    np.testing.assert_array_equal(loaded.values["measure_knn"], asked.values["measure_knn"])
    asked.to_html(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert '<h2 id="measures">Other measures</h2>' in text
    assert "MutualKNN(n_neighbors=5)" in text
    assert "regression reversed" in text


def test_a_measure_that_cannot_be_computed_says_why(data):
    measures = {"too many": MutualKNN(n_neighbors=100), "rsa": "rsa"}
    with pytest.warns(UserWarning, match="measures of 'too many' cannot be|100 neighbors need"):
        found = data.report(y=None, targets=None, rdms=None, measures=measures)
    assert list(found.reasons["measures"]) == ["too many"]
    assert "measure_rsa" in found.values
    assert "measure_too many" not in found.values
    for odd, message in (
        ("no such measure", r"`measures\[0\]` to be the name of a measure"),
        ([], "measures must be at least one"),
        (["rsa", "rsa"], "measures must differ in name"),
    ):
        with pytest.raises(ValueError, match=message):
            data.report(measures=odd)


def part(x, y):
    """Compare only what is of one width."""
    return float(np.sum(x * y)) if x.shape == y.shape else np.nan


def test_a_measure_that_is_not_defined_of_all_pairs_says_of_which(data):
    layers = {**data.layers, "dead": np.ones((N, 70))}
    given = {"y": None, "targets": None, "rdms": None, "layers": layers}
    rules = {"of widths": part, "corrected": "cka_corrected"}
    with pytest.warns(UserWarning, match="is NaN|cannot be computed") as said:
        found = data.report(**given, measures=rules)
    assert any("'of widths' cannot be computed: 6 of 6 pairs" in str(one.message) for one in said)
    reasons = found.reasons["measures"]
    assert reasons["of widths"] == "6 of 6 pairs have no value: the measure returns NaN"
    assert reasons["dead"] == "the activations do not vary"
    values = found.values["measure_of widths"]
    assert_array_equal(np.isfinite(values), np.diag([True] * 4 + [False]))
    missing = np.isnan(found.values["measure_corrected"][:4, :4])
    n_missing = np.triu(missing | missing.T, 1).sum()
    assert 0 < n_missing < 6
    assert reasons["corrected"].startswith(f"{n_missing} of 6 pairs have no value: networks['")


def test_reasons_of_a_layer_and_of_a_measure_with_one_name_are_both_there(data):
    layers = {"rsa": np.ones((N, 3)), "b": data.layers["wide"], "c": data.layers["narrow"]}
    with pytest.warns(UserWarning, match="is NaN|cannot be computed") as warned:
        found = data.report(layers=layers, measures={"rsa": MutualKNN(n_neighbors=100)})
    assert "capacity of layer 'rsa'" in " ".join(str(one.message) for one in warned)
    (said,) = found.reasons["measures"].values()
    assert "do not vary; 100 neighbors need" in said


def test_errors_of_measures_say_which_and_the_rest_is_computed(data):
    def odd(x, y):
        raise ValueError("it broke")

    with pytest.warns(UserWarning, match="measures of 'odd' cannot be computed: networks"):
        found = data.report(measures=[odd, "cka"], y=None)
    assert found.reasons["measures"] == {
        "odd": "networks['narrow'] and networks['narrow']: it broke"
    }
    pairs = np.triu_indices(4, 1)
    assert_allclose(found.values["measure_cka"][pairs], found.values["cka"][pairs], rtol=1e-10)


@pytest.mark.parametrize("name", ["m_reversed", "m_reversed_reversed"])
def test_no_measure_has_the_name_of_values_in_the_other_order(data, name):
    measures = {"m": "cknna", name.removesuffix("_reversed"): "cka", name: "rsa"}
    with pytest.raises(ValueError, match=f"measures must differ in name, but '{name[:10]}' is"):
        data.report(measures=measures)


def test_measures_are_cited(asked, tmp_path):
    said = asked.settings["measures"]
    assert said.startswith("rsa = RSA(")
    assert "knn = MutualKNN(n_neighbors=5) (Huh et al. 2024, arXiv:2405.07987); regr" in said
    assert said in " ".join(page_of(asked, tmp_path).texts["p"])


def test_measures_prepare_each_layer_once(data, watch):
    """Once for the report, and once for each measure that was asked for: not once a pair."""
    read, prepared, routines = [], [], []
    watch(_layers, "as_factor", read, lambda x, label: label)
    watch(MutualKNN, "_prepare", prepared, lambda self, x, label: x.shape)
    watch(_native, "run", routines, lambda routine, *rest: routine)
    data.report(y=None, targets=None, rdms=None, measures=["mutual_knn", "cka_unbiased"])
    assert read == [f"networks[{name!r}]" for name in data.layers]
    assert prepared == [x.shape for x in data.layers.values()]
    assert sorted(routines) == ["multiset.cka_distances", "multiset.linear_distances"]
