"""The report of layers: every number is that of its own function, and the page stands alone."""

import itertools
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import netrep_go
from netrep_go import _native
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


def test_each_layer_is_prepared_once(data, monkeypatch):
    prepared, routines, grams, rdms, regressed = [], [], [], [], []

    def noting(function, notes, note):
        def call(*args, **kwargs):
            notes.append(note(*args))
            return function(*args, **kwargs)

        return call

    def watch(owner, name, notes, note):
        monkeypatch.setattr(owner, name, noting(getattr(owner, name), notes, note))

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
    first, second = (data.report(n_jobs=n) for n in (1, 2))
    for name, values in first.values.items():
        assert_array_equal(values, second.values[name])
    drawn = data.report(random_state=None, y=None, targets=None, rdms=None)
    again = data.report(random_state=drawn.settings["seed"], y=None, targets=None, rdms=None)
    assert_array_equal(drawn.values["cka_calibrated"], again.values["cka_calibrated"])


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
    assert len(page.all("svg")) == len(SECTIONS)
    assert len(page.all("table")) == 5  # layers, two of pairs, RDMs and targets
    assert not any("why" in each.get("class", "") for each in page.all("p"))


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
        np.testing.assert_allclose(asked.values[f"measure_{name}"], values, rtol=1e-9, atol=1e-12)
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
