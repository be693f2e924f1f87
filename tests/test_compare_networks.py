"""Several measures of several networks in one call, from memory, files and the command line."""

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from netrep_go._cli import main
from netrep_go.inference import bootstrap, calibrate, compare_networks
from netrep_go.metrics import LinearMetric, Measure, Properties, get_measure, measures
from netrep_go.metrics._properties import Undefined
from netrep_go.multiset import cross_distances, pairwise_distances

mpl.use("Agg")


@pytest.fixture
def networks(rng):
    return {name: rng.standard_normal((12, 3 + k)) for k, name in enumerate(["V1", "LM", "AL"])}


@pytest.fixture
def layers(rng):
    widths = {"resnet": {"conv1": 3, "conv2": 5, "fc": 2}, "vgg": {"conv": 4, "fc": 6}}
    return {
        network: {layer: rng.standard_normal((12, width)) for layer, width in each.items()}
        for network, each in widths.items()
    }


class OneWay(Measure):
    """How well means of Y are those of X, in units of X: not symmetric, undefined for flat X."""

    n_prepared = 0

    @property
    def properties(self):
        return Properties(kind="similarity", symmetric=False, identity=False)

    def _prepare(self, x, name):
        type(self).n_prepared += 1
        means = x.mean(axis=1)
        return means if means.std() > 0 else Undefined(f"{name} is flat")

    def _compare(self, x, y):
        return float(np.mean(x - y) / x.std())


def test_one_row_for_each_pair_and_measure(networks):
    chosen = ["cka", "procrustes", "rsa"]
    found = compare_networks(networks, chosen, verbose=False)
    table = found.to_frame()
    want = ["network_1", "network_2", "measure", "kind", "value", "reason"]
    assert list(table.columns) == want
    assert table["measure"].tolist() == [name for name in chosen for _ in range(3)]
    assert table["kind"].unique().tolist() == ["similarity", "distance"]
    assert table["reason"].isna().all()
    pairs = [("V1", "LM"), ("V1", "AL"), ("LM", "AL")]
    assert list(zip(table["network_1"], table["network_2"], strict=True)) == 3 * pairs
    for name in chosen:
        D = pairwise_distances(name, networks, verbose=False)
        assert_array_equal(found.values[name], D)
        assert_array_equal(table["value"][table["measure"] == name], D[[0, 0, 1], [1, 2, 2]])
        assert_array_equal(found.matrix(name).loc["V1", "AL"], D[0, 2])
    assert repr(found) == "NetworkComparison(3 x 3 networks: cka, procrustes, rsa)"
    assert "<table" in found._repr_html_()
    one_thread = compare_networks(networks, chosen, n_jobs=1, verbose=False)
    pd.testing.assert_frame_equal(table, one_thread.to_frame())


# Corrected estimates may be undefined.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_measure_of_matrices(rng):
    networks = {name: rng.standard_normal((30, 3 + k)) for k, name in enumerate("abc")}
    names = [name for name in measures() if measures()[name].data == "matrix" and name != "rtd"]
    found = compare_networks(networks, names, verbose=False)
    table = found.to_frame().set_index("measure")
    assert table["value"].isna().equals(table["reason"].notna())
    for name in names:
        assert_array_equal(found.values[name], pairwise_distances(name, networks, verbose=False))
        assert len(table.loc[name]) == (3 if measures()[name].symmetric else 6)
        assert set(table.loc[name, "kind"]) == {measures()[name].kind}


def test_measures_that_are_not_symmetric_have_both_orders(networks):
    OneWay.n_prepared = 0
    found = compare_networks(networks, [OneWay(), "cka"], verbose=False)
    assert OneWay.n_prepared == 3
    table = found.to_frame()
    assert len(table) == 6 + 3
    D = pairwise_distances(OneWay(), networks, verbose=False)
    assert_array_equal(found.values["OneWay()"], D)
    for _, row in table[table["measure"] == "OneWay()"].iterrows():
        x, y = networks[row["network_1"]], networks[row["network_2"]]
        assert row["value"] == pytest.approx(OneWay().score(x, y))


def test_every_layer_of_one_with_every_layer_of_the_other(layers):
    found = compare_networks(layers, ["rsa", "cka", OneWay()], verbose=False)
    table = found.to_frame()
    sides = ["network_1", "layer_1", "network_2", "layer_2"]
    assert list(table.columns)[:4] == sides
    for name, n_pairs in (("rsa", 6), ("cka", 6), ("OneWay()", 12)):
        rows = table[table["measure"] == name]
        assert len(rows) == n_pairs
        assert (rows["network_1"] != rows["network_2"]).all()
        measure = OneWay() if name == "OneWay()" else get_measure(name)
        for _, row in rows.iterrows():
            x, y = (layers[row[f"network_{k}"]][row[f"layer_{k}"]] for k in (1, 2))
            assert row["value"] == pytest.approx(measure.score(x, y), rel=1e-12)
        matrix = found.matrix(name)
        assert matrix.loc["resnet", "resnet"].isna().all(axis=None)
        assert matrix.loc["resnet", "vgg"].notna().all(axis=None)
    assert matrix.columns.names == ["network", "layer"]
    assert repr(found).startswith("NetworkComparison(5 x 5 layers")
    OneWay.n_prepared = 0
    compare_networks(layers, OneWay(), verbose=False)
    assert OneWay.n_prepared == 5


def test_reference(networks, layers):
    found = compare_networks(networks, ["rsa", OneWay()], "LM", verbose=False)
    assert (found.rows, found.columns) == (["LM"], ["V1", "AL"])
    others = {name: networks[name] for name in ("V1", "AL")}
    for name, measure in (("rsa", "rsa"), ("OneWay()", OneWay())):
        D = cross_distances(measure, {"LM": networks["LM"]}, others, verbose=False)
        assert_array_equal(found.values[name], D)
    table = found.to_frame()
    assert table["network_1"].tolist() == 4 * ["LM"]
    assert table["network_2"].tolist() == 2 * ["V1", "AL"]
    found = compare_networks(layers, "cka", "vgg", verbose=False)
    assert found.rows == [("vgg", "conv"), ("vgg", "fc")]
    assert len(found.to_frame()) == 6
    with pytest.raises(ValueError, match=r"reference must be the name of a network.*got 'V2'"):
        compare_networks(networks, "cka", "V2", verbose=False)


def test_undefined_values_have_reasons(networks, layers):
    networks["flat"] = np.ones((12, 2))
    with pytest.warns(match=r"networks\['V1'\] and networks\['flat'\] and .* flat"):
        found = compare_networks(networks, {"one": OneWay()}, verbose=False)
    table = found.to_frame()
    flat = (table[["network_1", "network_2"]] == "flat").any(axis=1)
    assert table["value"].isna().equals(flat)
    assert table["reason"].notna().equals(flat)
    assert set(table["reason"][flat]) == {"networks['flat'] is flat"}
    assert found.reasons["one"][0, 3] == "networks['flat'] is flat"
    with pytest.warns(match="constant over features"):
        found = compare_networks(networks, "rsa", "V1", verbose=False)
    assert found.to_frame()["value"].isna().tolist() == [False, False, True]
    assert "constant over features" in found.to_frame()["reason"][2]
    layers["vgg"]["fc"][3] = 1
    with pytest.warns(match=r"sample 3 of networks\['vgg'\]\['fc'\] is constant"):
        table = compare_networks(layers, "rsa", verbose=False).to_frame()
    assert table["reason"].notna().tolist() == table["layer_2"].eq("fc").tolist()


def test_names_of_measures(networks):
    def gap(x, y):
        return abs(float(x.mean() - y.mean()))

    given = ["procrustes", LinearMetric(alpha=0.5), gap]
    found = compare_networks(networks, given, verbose=False)
    assert list(found.values) == ["procrustes", "LinearMetric(alpha=0.5)", "gap"]
    assert found.properties["gap"].kind is None
    assert found.to_frame()["kind"].tolist()[-1] is None
    assert list(compare_networks(networks, {"a": gap, "b": gap}, verbose=False).values) == [
        "a",
        "b",
    ]
    assert "rsa" in compare_networks(networks, verbose=False).values


def test_networks_in_lists_frames_and_series(networks):
    want = compare_networks(networks, "cka", verbose=False)
    listed = compare_networks(list(networks.values()), "cka", verbose=False)
    assert listed.rows == [0, 1, 2]
    named = compare_networks(
        [pd.DataFrame(x) for x in networks.values()], "cka", names=list(networks), verbose=False
    )
    series = compare_networks(pd.Series(networks), "cka", verbose=False)
    for found in (listed, named, series):
        assert_array_equal(found.values["cka"], want.values["cka"])
    assert named.rows == series.rows == want.rows


def test_files(networks, layers, tmp_path):
    pytest.importorskip("pyarrow", reason="parquet needs pyarrow")
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")
    paths = {"V1": tmp_path / "V1.parquet", "LM": tmp_path / "LM.npz", "AL": tmp_path / "AL.h5"}
    pd.DataFrame(networks["V1"]).rename(columns=str).to_parquet(paths["V1"])
    np.savez(paths["LM"], networks["LM"])
    with h5py.File(paths["AL"], "w") as file:
        file["area/AL"] = networks["AL"]
    want = compare_networks(networks, ["cka", "rsa"], verbose=False).to_frame()
    for given in (paths, {name: str(path) for name, path in paths.items()}):
        found = compare_networks(given, ["cka", "rsa"], verbose=False)
        pd.testing.assert_frame_equal(found.to_frame(), want)
    np.savez(tmp_path / "all.npz", **networks)
    found = compare_networks(tmp_path / "all.npz", ["cka", "rsa"], verbose=False)
    pd.testing.assert_frame_equal(found.to_frame(), want)
    np.savez(tmp_path / "resnet.npz", **layers["resnet"])
    with h5py.File(tmp_path / "vgg.hdf5", "w") as file:
        file.update(layers["vgg"])
        want = compare_networks(layers, "rsa", verbose=False).to_frame()
        open_file = {"resnet": tmp_path / "resnet.npz", "vgg": dict(file)}
        found = compare_networks(open_file, "rsa", verbose=False)
        pd.testing.assert_frame_equal(found.to_frame(), want)
    in_files = {"resnet": tmp_path / "resnet.npz", "vgg": str(tmp_path / "vgg.hdf5")}
    found = compare_networks(in_files, "rsa", verbose=False)
    pd.testing.assert_frame_equal(found.to_frame(), want)
    one = {"resnet": f"{tmp_path / 'resnet.npz'}::fc", "V1": networks["V1"]}
    assert not compare_networks(one, "rsa", verbose=False).layered
    for path, message in (
        ("none.npy", r"networks\['x'\]: there is no file"),
        ("none.npz", r"networks\['x'\]: there is no file"),
    ):
        with pytest.raises(FileNotFoundError, match=message):
            compare_networks({"x": str(tmp_path / path), "V1": paths["V1"]}, verbose=False)
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"networks\['x'\].* cannot be read"):
        compare_networks({"x": tmp_path / "bad.npz", "V1": paths["V1"]}, verbose=False)
    with pytest.raises(ValueError, match="networks must be several"):
        compare_networks(paths["LM"], verbose=False)


def test_what_is_refused(networks, layers):
    x = networks["V1"]
    for arguments, message in (
        (({"a": x}, "cka"), "networks must be at least 2 to compare, got 1"),
        (({"net": layers["vgg"]}, "cka"), "networks must be at least 2 to compare, got 1"),
        (({"a": x, "b": layers["vgg"]}, "cka"), r"networks\['b'\] has layers and networks\['a'\]"),
        (({"a": x, "b": x[:5]}, "rsa"), r"^rsa: networks\['b'\] has 5 samples"),
        (({"a": x, "b": 0 * x}, ["procrustes"]), r"^procrustes: networks\['b'\]"),
        (({"a": x, "b": x * np.nan}, ["cka"]), r"^cka: Input networks\['b'\] contains NaN"),
        ((networks, ["cka", "nonsense"]), r"measures\[1\] == 'nonsense'"),
        ((networks, {"x": "nonsense"}), r"measures\['x'\] == 'nonsense'"),
        ((networks, ["cka", "cka"]), "measures must differ in name, got 'cka' more than once"),
        ((networks, []), "measures must be at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            compare_networks(*arguments, verbose=False)
    for arguments, message in (
        ((networks, [LinearMetric]), r"measures\[0\] must be a measure: pass an instance"),
        ((networks, [3]), r"measures\[0\] must be a measure"),
        ((networks, {1: "cka"}), "measures must have names that are texts, got 1"),
        ((3, "cka"), "networks must be a list of arrays"),
    ):
        with pytest.raises(TypeError, match=message):
            compare_networks(*arguments, verbose=False)
    with pytest.raises(ValueError, match=r"measure must be one of \['cka'\], got 'rsa'"):
        compare_networks(networks, "cka", verbose=False).matrix("rsa")


def test_networks_are_not_written_to(networks):
    kept = {name: x.copy() for name, x in networks.items()}
    compare_networks(networks, ["cka", "rsa", "procrustes", "permutation"], verbose=False)
    for name, x in networks.items():
        assert_array_equal(x, kept[name])


def test_heat_maps(networks, layers):
    display = compare_networks(networks, ["cka", "rsa", "procrustes", "permutation"]).plot()
    assert [ax.get_title() for ax in display.axes_] == ["cka", "rsa", "procrustes", "permutation"]
    assert_array_equal(display.ims_[1].get_array(), display.values["rsa"])
    labels = [text.get_text() for text in display.axes_[0].get_yticklabels()]
    assert labels == list(networks)
    display = compare_networks(layers, "cka", verbose=False).plot(cmap="magma")
    assert display.axes_[0].get_xticklabels()[0].get_text() == "resnet conv1"
    mpl.pyplot.close("all")


# The command line


@pytest.fixture
def folder(networks, layers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, x in networks.items():
        np.save(f"{name}.npy", x)
    for name, x in layers.items():
        np.savez(f"{name}.npz", **x)
    return tmp_path


def run(*arguments):
    assert main([*map(str, arguments), "-q"]) == 0


def read(path):
    return pd.read_csv(path, index_col=0)


def test_the_command_returns_what_python_does(networks, layers, folder, capsys):
    files = [f"{name}.npy" for name in networks]
    run("compare", *files, "--measures", "cka", "rsa", "--n-jobs", 1)
    Path("printed.csv").write_text(capsys.readouterr().out)
    want = compare_networks(networks, ["cka", "rsa"], verbose=False).to_frame()
    printed = read("printed.csv")
    assert_array_equal(printed["value"], want["value"])
    assert printed.iloc[:, :4].equals(want.iloc[:, :4])
    run("compare", *files, "--reference", "LM", "-o", "table.csv")
    want = compare_networks(networks, reference="LM", verbose=False).to_frame()
    assert_array_equal(read("table.csv")["value"], want["value"])
    run("compare", "resnet.npz", "vgg.npz", "--measures", "rsa", "-o", "layers.csv")
    want = compare_networks(layers, "rsa", verbose=False).to_frame()
    assert_array_equal(read("layers.csv")["value"], want["value"])
    assert read("layers.csv")["layer_1"].tolist() == want["layer_1"].tolist()


def test_names_functions_and_errors_of_the_command(folder, capsys, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    Path("gaps.py").write_text("def gap(x, y):\n    return float(x.mean() - y.mean())\n")
    names = ["--names", "a", "b"]
    run("compare", "V1.npy", "LM.npy", *names, "--measures", "gaps:gap", "cka", "-o", "t.csv")
    table = read("t.csv")
    assert table["network_1"].tolist() == ["a", "b", "a"]
    assert table["measure"].tolist() == ["gap", "gap", "cka"]
    assert main(["compare", "V1.npy", "LM.npy", "--measures", "ckka"]) == 2
    assert "measures[0] == 'ckka'" in capsys.readouterr().err
    assert main(["compare", "V1.npy"]) == 1
    assert "networks must be at least 2" in capsys.readouterr().err


def test_measures_of_the_command_have_parameters_and_names(networks, folder, capsys, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    for module in ("gaps_a", "gaps_b"):
        Path(f"{module}.py").write_text("def gap(x, y):\n    return float(x.mean() - y.mean())\n")
    files = [f"{name}.npy" for name in networks]
    chosen = ["cka", "cka:estimator=unbiased", "procrustes:alpha=0.5,score_method=euclidean"]
    assert main(["compare", *files, "--measures", *chosen, "-o", "t.json"]) == 0
    bars = capsys.readouterr().err
    assert all(f"{name}: Computing distances" in bars for name in chosen)
    want = compare_networks(
        networks,
        {
            "cka": "cka",
            chosen[1]: get_measure("cka", estimator="unbiased"),
            chosen[2]: LinearMetric(alpha=0.5, score_method="euclidean"),
        },
        verbose=False,
    ).to_frame()
    stored = json.loads(Path("t.json").read_text())["compare_networks"]
    assert stored == want.replace({np.nan: None}).to_dict(orient="records")
    given = ["gaps_a:gap", "gaps_b:gap", "gaps_a:gap:kind=distance,symmetric=True"]
    run("compare", *files, "--measures", *given, "-o", "t.csv")
    assert read("t.csv")["measure"].unique().tolist() == given
    assert read("t.csv")["kind"].unique().tolist()[1] == "distance"
    assert read("t.csv").index.name == "row"
    for wrong, said in (
        (["cka", "cka"], "measures must differ, got 'cka' more than once"),
        (["cka:foo=1"], "foo"),
    ):
        assert main(["compare", *files, "--measures", *wrong]) == 2
        assert said in capsys.readouterr().err


def test_calibrate_and_bootstrap_as_commands(networks, folder):
    files = [f"{name}.npy" for name in networks]
    Path("runs.txt").write_text("\n".join("abc" * 4))
    seeded = ["--random-state", 0, "-o", "t.csv"]
    run("calibrate", *files, "--n-permutations", 49, "--strata", "runs.txt", *seeded,
        "--measures", "cka", "procrustes:alpha=0.5")  # fmt: skip
    measures = {"cka": "cka", "procrustes:alpha=0.5": LinearMetric(alpha=0.5)}
    want = calibrate(
        measures,
        networks,
        n_permutations=49,
        strata=list("abc" * 4),
        random_state=0,
        verbose=False,
    ).to_frame()
    pd.testing.assert_frame_equal(read("t.csv"), want, check_names=False, check_exact=True)
    run("bootstrap", *files, "--names", "a", "b", "c", "--measure", "cka:estimator=unbiased",
        "--method", "percentile", "--n-bootstraps", 20, *seeded)  # fmt: skip
    want = bootstrap(
        get_measure("cka", estimator="unbiased"),
        dict(zip("abc", networks.values(), strict=True)),
        method="percentile",
        n_bootstraps=20,
        random_state=0,
        verbose=False,
    ).to_frame()
    want["measure"] = "cka:estimator=unbiased"  # as `calibrate` has it: what was typed
    pd.testing.assert_frame_equal(read("t.csv"), want, check_names=False, check_exact=True)
    run("bootstrap", *files, "-o", "t.csv")
    assert set(read("t.csv")["measure"]) == {"cka"}


def test_a_file_of_one_layer_stands_beside_files_of_several(tmp_path, rng):
    a, b, c = rng.standard_normal((3, 10, 4))
    np.savez(tmp_path / "deep.npz", h1=a, h2=b)
    np.savez(tmp_path / "flat.npz", h1=c)
    paths = {"deep": tmp_path / "deep.npz", "flat": tmp_path / "flat.npz"}
    found = compare_networks(paths, ["cka"], verbose=False)
    want = compare_networks({"deep": {"h1": a, "h2": b}, "flat": {"h1": c}}, ["cka"], verbose=False)
    assert found.to_frame().equals(want.to_frame())
