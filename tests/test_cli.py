"""The command line: what Python returns, to the last bit, and errors in a line."""

import inspect
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from netrep_go import capacity, covariates, inference, multiset, rsa
from netrep_go._cli import main
from netrep_go._cli._commands import COMMANDS
from netrep_go._cli._parser import Command, _Parser, documented, parse
from netrep_go.embedding import EuclideanEmbedding
from netrep_go.metrics import LinearMetric, get_measure

pandas = pytest.importorskip("pandas", reason="tables need pandas")

ROOT = Path(__file__).parents[1]


@pytest.fixture
def networks(rng, tmp_path, monkeypatch):
    """Write networks to files of a folder to work in, and return them by name."""
    monkeypatch.chdir(tmp_path)
    found = {f"net{i}": rng.standard_normal((12, 3 + i % 2)) for i in range(7)}
    for name, x in found.items():
        np.save(f"{name}.npy", x)
    return found


def files(networks):
    return [f"{name}.npy" for name in networks]


def run(*arguments):
    """Run a command that succeeds."""
    assert main([str(a) for a in arguments]) == 0


def table(path):
    found = pandas.read_csv(path, index_col=0)
    return found.rename_axis(None) if found.index.name == "row" else found


def commands(known=COMMANDS, path=()):
    for name, command in known.items():
        if isinstance(command, Command):
            yield (*path, name), command
        else:
            yield from commands(command, (*path, name))


ALL = dict(commands())


@pytest.mark.parametrize(
    ("options", "measure"),
    [
        ([], LinearMetric()),
        (["-p", "alpha=0.3", "--param", "score_method=euclidean"], None),
        (["--metric", "cka"], get_measure("cka")),
        (["--metric", "permutation", "--n-jobs", "1"], get_measure("permutation")),
    ],
)
def test_distances_are_those_of_python(networks, options, measure, capsys):
    measure = measure or LinearMetric(alpha=0.3, score_method="euclidean")
    expected = multiset.pairwise_distances(measure, networks, verbose=False)
    command = ["distances", *files(networks), *options]
    run(*command, "-q")
    printed = capsys.readouterr()
    assert printed.err == ""
    Path("printed.csv").write_text(printed.out)
    assert_array_equal(table("printed.csv"), expected)
    for name in ("D.csv", "D.parquet", "D.npz", "D.json"):
        if name == "D.parquet":
            pytest.importorskip("pyarrow")
        run(*command, "-o", name)
    progress = capsys.readouterr()
    assert progress.out == ""
    assert "Computing distances" in progress.err
    assert list(table("D.csv").index) == list(table("D.csv").columns) == list(networks)
    assert_array_equal(table("D.csv"), expected)
    assert_array_equal(pandas.read_parquet("D.parquet"), expected)
    with np.load("D.npz") as stored:
        assert_array_equal(stored["distances"], expected)
        assert stored["distances_rows"].tolist() == list(networks)
    stored = json.loads(Path("D.json").read_text())["distances"]
    assert_array_equal(stored["data"], expected)
    assert stored["index"] == list(networks)


def test_held_out_networks_go_by_name(networks, rng, capsys):
    held_out = {name: rng.standard_normal((5, x.shape[1])) for name, x in networks.items()}
    Path("held").mkdir()
    for name, x in held_out.items():
        np.save(f"held/{name}.npy", x)
    paths = [f"held/{name}.npy" for name in reversed(held_out)]
    run("distances", *files(networks), "--test", *paths, "-o", "D.csv", "--dtype", "float32")
    train, test = multiset.pairwise_distances(
        LinearMetric(), networks, held_out, dtype=np.float32, verbose=False
    )
    assert_array_equal(table("D.csv"), train)
    assert_array_equal(table("D_test.csv"), test)
    os.rename("held/net0.npy", "held/other.npy")
    paths[-1] = "held/other.npy"
    assert main(["distances", *files(networks), "--test", *paths]) == 1
    assert "'net0' is in traindata alone" in capsys.readouterr().err
    names = [f"n{i}" for i in range(7)]
    in_order = ["--test", *reversed(paths), "--names", *names]
    run("distances", *files(networks), *in_order, "-o", "E.csv", "--dtype", "float32")
    assert_array_equal(table("E_test.csv"), test)
    assert list(table("E.csv").index) == names


def test_distances_between_two_sets(networks):
    names = list(networks)
    Xs, Ys = ({n: networks[n] for n in part} for part in (names[:2], names[2:]))
    run("distances", *files(Xs), "--to", *files(Ys), "-o", "D.csv")
    expected = multiset.cross_distances(LinearMetric(), Xs, Ys, verbose=False)
    assert_array_equal(table("D.csv"), expected)
    assert list(table("D.csv").index) == names[:2]
    assert list(table("D.csv").columns) == names[2:]
    both = ["--test", *files(Xs), "--to-test", *files(Ys)]
    run("distances", *files(Xs), "--to", *files(Ys), *both, "-o", "E.csv")
    expected = multiset.cross_distances(LinearMetric(), Xs, Ys, Xs, Ys, verbose=False)
    assert_array_equal(table("E.csv"), expected[0])
    assert_array_equal(table("E_test.csv"), expected[1])


def test_stores(networks, capsys):
    pytest.importorskip("zarr")
    tiled = ["--tile-size", 2, "--metric", "cka_angular"]
    python = multiset.DistanceStore("python", tile_size=2)
    python.pairwise_distances("cka_angular", networks, verbose=False)
    limit = ["--memory-limit", "1MB"]
    run("distances", *files(networks), "--store", "whole", *tiled, *limit, "-o", "whole.csv")
    assert_array_equal(table("whole.csv"), python.distances()[...])
    assert "16 of 16 tiles" in capsys.readouterr().err
    for i in range(2):
        batch = ["--batch", f"{i},2", "-q"]
        run("distances", *files(networks), "--store", f"part{i}", *tiled, *batch)
    capsys.readouterr()
    assert main(["store", "status", "part0"]) == 3
    assert "False" in capsys.readouterr().out
    assert main(["store", "export", "part0"]) == 1
    assert "compute the others" in capsys.readouterr().err
    run("store", "export", "part0", "--incomplete", "-o", "part.csv")
    assert 0 < np.isnan(table("part.csv")).to_numpy().sum() < 49
    assert main(["store", "merge", "merged", "part0"]) == 3
    run("store", "merge", "merged", "part1")
    run("store", "export", "merged", "-o", "merged.csv")
    # shares of CKA are computed tile by tile, all of it from vectors on the disk
    np.testing.assert_allclose(table("merged.csv"), python.distances(), rtol=1e-13)


def test_held_out_data_in_a_store(networks):
    pytest.importorskip("zarr")
    held_out = ["--test", *files(networks)]
    run("distances", *files(networks), *held_out, "--store", "store", "-o", "D.csv")
    expected = multiset.pairwise_distances(LinearMetric(), networks, networks, verbose=False)
    for name, D in zip(("D.csv", "D_test.csv"), expected, strict=True):
        np.testing.assert_allclose(table(name), D, rtol=1e-13, atol=1e-14)


def test_embeddings(networks, capsys):
    pytest.importorskip("zarr")
    D = multiset.pairwise_distances(LinearMetric(), networks, verbose=False)
    embedding = EuclideanEmbedding(n_components=2).fit(D)
    run("distances", *files(networks), "--store", "store", "-o", "D.csv")
    new = files(networks)[:2]
    run("distances", *new, "--to", *files(networks), "-o", "new.csv")
    for given in ("D.csv", "store"):
        run("embed", given, "--n-components", 2, "--new", "new.csv", "-o", "points.csv")
        assert_array_equal(table("points.csv"), embedding.embedding_)
        assert list(table("points.csv").index) == list(networks)
        D_new = multiset.cross_distances(
            LinearMetric(), [networks[n] for n in list(networks)[:2]], networks, verbose=False
        )
        assert_array_equal(table("points_new.csv"), embedding.transform(D_new))
    assert f"{embedding.distortion_:.4f} in the mean" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "options", "estimator"),
    [
        ("mean-field", ["--n-t", 50, "--kappa", "0,0.1"],
         capacity.MeanFieldCapacity(kappa=(0, 0.1), n_t=50, random_state=3)),
        ("direct", ["--n-t", 50, "--no-fit-intercept"],
         capacity.DirectCapacity(n_t=50, fit_intercept=False, random_state=3)),
        ("joint", ["--n-t", 50, "--no-center"],
         capacity.JointCapacity(n_t=50, center=False, random_state=3)),
    ],
)  # fmt: skip
def test_capacity(tmp_path, monkeypatch, rng, capsys, command, options, estimator):
    monkeypatch.chdir(tmp_path)
    labels = np.repeat(["a", "b", "c", "d", "e"], 6)
    X = rng.standard_normal((30, 9)) + 3 * rng.standard_normal((5, 9))[np.arange(30) // 6]
    expected = estimator.fit(X, labels).to_frame()
    np.save("X.npy", X)
    np.save("y.npy", labels)
    Path("y.txt").write_text("\n".join(labels))
    pandas.DataFrame({"label": labels}).to_csv("y.csv")
    for y in ("y.npy", "y.txt", "y.csv"):
        run("capacity", command, "X.npy", "--y", y, *options, "--random-state", 3, "-o", "c.csv")
        pandas.testing.assert_frame_equal(table("c.csv"), expected, check_exact=True)
    manifolds = {name: X[labels == name] for name in "abcde"}
    for name, x in manifolds.items():
        np.save(f"{name}.npy", x)
    run("capacity", command, *files(manifolds), *options, "--random-state", 3, "-o", "c.csv")
    expected = estimator.fit(manifolds).to_frame()
    pandas.testing.assert_frame_equal(table("c.csv"), expected, check_exact=True)
    assert "netrep-go: capacity" in capsys.readouterr().err


def test_capacity_of_a_file_of_matlab(tmp_path, monkeypatch, rng):
    pytest.importorskip("h5py")
    monkeypatch.chdir(tmp_path)
    responses = rng.standard_normal((2, 20, 6, 5))
    capacity.write_mat("x_tuning.mat", {"tuning_function": responses, "data_titles": ["a", "b"]})
    options = ["--estimators", "mean-field", "--random-state", 1]
    for i in range(2):
        run("capacity", "mat", "x", *options, "--sets", i, "--controls", "permute_axes")
    run("capacity", "collect", "x", "--controls", "permute_axes", "-o", "c.csv")
    expected = capacity.analyze_mat(
        "x", [capacity.MeanFieldCapacity()], controls=["permute_axes"], random_state=1
    ).to_frame()
    pandas.testing.assert_frame_equal(table("c.csv"), expected, check_exact=True)
    with pytest.raises(SystemExit, match="2"):
        main(["capacity", "mat", "x", "--estimators", "best"])


def test_rsa(networks, rng, capsys):
    responses = {name: rng.standard_normal((12, 8)) for name in ("s1", "s2", "s3")}
    for name, x in responses.items():
        np.save(f"{name}.npy", x)
    models, rdms = rsa.rdm(networks), rsa.rdm(responses, "euclidean")
    run("rsa", "rdm", *files(networks), "-o", "models.csv")
    run("rsa", "rdm", *files(responses), "--metric", "euclidean", "-o", "rdms.csv")
    assert_array_equal(table("models.csv"), models)
    assert list(table("rdms.csv").index) == list(responses)
    run("rsa", "compare", "rdms.csv", "--models", "models.csv", "--method", "tau-a", "-o", "c.csv")
    assert_array_equal(table("c.csv"), rsa.compare(rdms, models, "tau-a"))
    assert list(table("c.csv").columns) == list(networks)
    seeded = ["--random-state", 0, "-o", "e.csv"]
    options = ["--resample", "both", "--n-bootstraps", 40, "--no-noise-ceiling"]
    run("rsa", "evaluate", "models.csv", "--rdms", "rdms.csv", *options, *seeded)
    names = {"names": list(networks), "random_state": 0}
    expected = rsa.evaluate(
        models, rdms, resample="both", n_bootstraps=40, noise_ceiling=False, **names
    ).to_frame()
    pandas.testing.assert_frame_equal(table("e.csv"), expected, check_exact=True)
    run("rsa", "permutation-test", "models.csv", "--rdms", "rdms.csv", "--n-permutations", 99,
        *seeded)  # fmt: skip
    expected = rsa.permutation_test(models, rdms, n_permutations=99, **names).to_frame()
    pandas.testing.assert_frame_equal(table("e.csv"), expected, check_exact=True)
    run("rsa", "noise-ceiling", "rdms.csv", "-o", "n.csv")
    assert_array_equal(table("n.csv").to_numpy()[0], tuple(rsa.noise_ceiling(rdms)))


def test_conditions_and_folds_of_rdms(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    X = rng.standard_normal((24, 5))
    conditions, folds = np.tile(["a", "b", "c", "d"], 6), np.repeat([1, 2, 3], 8)
    np.save("X.npy", X)
    Path("conditions.txt").write_text("\n".join(conditions))
    np.save("folds.npy", folds)
    given = ["--conditions", "conditions.txt", "--folds", "folds.npy", "-o", "r.csv"]
    run("rsa", "rdm", "X.npy", "--metric", "crossnobis", *given)
    expected = rsa.rdm(X, "crossnobis", conditions=conditions, folds=folds)
    assert_array_equal(table("r.csv").to_numpy()[0], expected)


def same(path, expected):
    pandas.testing.assert_frame_equal(table(path), expected, check_exact=True)


def test_searchlights_and_times(networks, rng):
    models = rsa.rdm(networks)
    run("rsa", "rdm", *files(networks), "-o", "models.csv")
    mask, responses = np.ones((3, 3, 3)), rng.standard_normal((12, 27))
    np.save("mask.npy", mask)
    np.save("responses.npy", responses)
    given = ["--models", "models.csv", "--mask", "mask.npy", "--radius", 1.5]
    run("rsa", "searchlight", "responses.npy", *given, "--metric", "euclidean", "-o", "s.csv")
    found = rsa.searchlight(
        responses, models, mask=mask, radius=1.5, metric="euclidean", names=list(networks)
    )
    same("s.csv", found.to_frame())
    subjects = {name: rng.standard_normal((12, 4, 6)) for name in ("s1", "s2")}
    for name, x in subjects.items():
        np.save(f"{name}.npy", x)
    np.save("times.npy", np.arange(6) / 10)
    given = ["--models", "models.csv", "--times", "times.npy", "--window", 2]
    run("rsa", "time-resolved", "s1.npy", "s2.npy", *given, "-o", "t.csv")
    found = rsa.time_resolved(
        subjects, models, times=np.arange(6) / 10, window=2, names=list(networks)
    )
    same("t.csv", found.to_frame())


def test_covariates(networks):
    pytest.importorskip("zarr")
    D = multiset.pairwise_distances(LinearMetric(), networks, verbose=False)
    other = multiset.pairwise_distances("cka_angular", networks, verbose=False)
    run("distances", *files(networks), "--store", "store", "-o", "D.csv")
    run("distances", *files(networks), "--metric", "cka_angular", "-o", "other.csv")
    y = ["a", "b", "a", "b", "a", "b", "a"]
    Path("y.txt").write_text("\n".join(y))
    options = ["--n-permutations", 99, "--random-state", 0, "-o", "c.csv"]
    seeded = {"n_permutations": 99, "random_state": 0}
    run("covariates", "mantel", "store", "--D2", "other.csv", "--method", "spearman", *options)
    same("c.csv", covariates.mantel(D, other, method="spearman", **seeded).to_frame())
    for command, function in (
        ("permanova", covariates.permanova),
        ("knn-permutation", covariates.knn_permutation),
    ):
        run("covariates", command, "D.csv", "--y", "y.txt", *options)
        more = {"n_neighbors": 5} if function is covariates.knn_permutation else {}
        same("c.csv", function(D, y, **more, **seeded).to_frame())


def test_tiles_on_a_cluster(networks, capsys):
    distributed = pytest.importorskip("dask.distributed", reason="a cluster needs dask")
    command = ["distances", *files(networks), "--tile-size", 2]
    run(*command, "--store", "here", "-o", "here.csv")
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
    ):
        warnings.simplefilter("ignore")
        run(*command, "--store", "there", "--client", cluster.scheduler_address, "-o", "there.csv")
    assert_array_equal(table("there.csv"), table("here.csv"))
    assert "there has 16 of 16 tiles, 16 of them new" in capsys.readouterr().err
    assert main([*map(str, command), "--store", "none", "--client", "tcp://127.0.0.1:9"]) == 1
    assert "error: Timed out trying to connect to tcp://127.0.0.1:9" in capsys.readouterr().err


def test_information(networks, capsys):
    run("info")
    assert "netrep_go: " in capsys.readouterr().out
    run("info", "--measures", "-o", "m.csv")
    assert "cka_angular" in table("m.csv").index
    run("info", *files(networks)[:2])
    assert 'net1.npy,"(12, 4)",float64' in capsys.readouterr().out


def damaged():
    Path("bad.npy").write_bytes(b"no array")
    return ["distances", "net0.npy", "bad.npy"], "bad.npy cannot be read"


def of_other_samples():
    np.save("short.npy", np.ones((4, 2)))
    return ["distances", "net0.npy", "short.npy"], "'short'"


def of_other_samples_in_a_store():
    np.save("short.npy", np.ones((4, 2)))
    return ["distances", "net0.npy", "short.npy", "--store", "s"], "['short'] has 4"


def of_one_name():
    Path("a").mkdir()
    np.save("a/net0.npy", np.ones((12, 2)))
    return ["distances", "net0.npy", "a/net0.npy"], "two networks of the name 'net0'"


def a_newer_store():
    run("distances", "net0.npy", "net1.npy", "--store", "s", "-q")
    file = Path("s/store.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    return ["store", "status", "s"], "format 99, newer than"


def no_table():
    Path("y.txt").write_bytes(b"\xff\xfe\xfa")
    return ["capacity", "joint", "net0.npy", "--y", "y.txt"], "y.txt cannot be read"


@pytest.mark.parametrize(
    "made",
    [
        lambda: (["distances", "net0.npy", "none.npy"], "none.npy"),
        lambda: (["distances", "net0.npy", "folder/x.doc"], "its suffix must be one of"),
        damaged,
        of_other_samples,
        of_other_samples_in_a_store,
        of_one_name,
        a_newer_store,
        no_table,
        lambda: (["store", "status", "nothing"], "nothing has no distances yet"),
        lambda: (["embed", "net0.npy"], "Negative values"),
        lambda: (["capacity", "mat", "nothing"], "nothing_tuning.mat"),
    ],
)
def test_errors_take_a_line_that_names_the_fault(networks, capsys, made):
    arguments, message = made()
    capsys.readouterr()
    assert main([*arguments, "-q"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("netrep-go: error: ")
    assert message in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "COMMAND"),
        (["distance"], "invalid choice"),
        (["distances"], "FILE"),
        (["distances", "net0.npy", "-o", "D.doc"], "its suffix must be one of"),
        (["distances", "net0.npy", "-o", "no/D.csv"], "no folder to write to"),
        (["distances", "net0.npy", "--memory-limit", "much"], "expected a size such as 256MB"),
        (["rsa", "evaluate", "m.csv"], "--rdms"),
        (["capacity", "direct", "net0.npy", "--dichotomies", "none.npy"], "none.npy"),
    ],
)
def test_wrong_usage(networks, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["distances", "report"])
def test_a_folder_in_the_place_of_results_is_seen_before_they_are_computed(
    networks, capsys, command
):
    Path("D.csv").mkdir()
    with pytest.raises(SystemExit, match="2"):
        main([command, "net0.npy", "net1.npy", "-o", "D.csv"])
    assert "Is a directory: 'D.csv'" in capsys.readouterr().err


PAIR = ["net0.npy", "net1.npy"]
MEASURED = [
    (["distances", *PAIR], "--metric"),
    (["bootstrap", *PAIR], "--measure"),
    (["calibrate", *PAIR], "--measures"),
    (["compare", *PAIR], "--measures"),
]


@pytest.mark.parametrize(("command", "option"), MEASURED, ids=lambda x: str(x[0]))
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("best", "Expected `{}{}` to be the name of a measure, which measures() lists, such as"),
        ("cka:foo", "{}{} must have NAME=VALUE behind cka:, parameters of the measure, got 'foo'"),
        ("no.module:f", "{}{} must be a measure of `netrep-go info --measures` or package.module:"),
        ("numpy:no_function", "got 'numpy:no_function': module 'numpy' has no attribute"),
        ("cka:beta=2", "unexpected keyword argument 'beta'"),
        ("procrustes:alpha=2", "alpha must be"),
    ],
)
def test_odd_measures_are_called_as_they_are_typed(
    networks, capsys, command, option, value, message
):
    assert main([*command, option, value, "-q"]) == 2
    printed = capsys.readouterr().err
    assert message.format(option, "[0]" if option == "--measures" else "") in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["distances", *PAIR, "-p", "alpha=2"], "alpha must be"),
        (["distances", *PAIR, "-p", "alpha"], "--param must be NAME=VALUE, got 'alpha'"),
        (["distances", *PAIR, "-p", "beta=2"], "'beta'"),
        (["distances", *PAIR, "--batch", "0,2"], "--batch is for distances in a store"),
        (["distances", *PAIR, "--to-test", "net1.npy"], "are for --to"),
        (["distances", *PAIR, "--names", "a"], "--names must have one for each of 2 files, got 1"),
        (
            ["distances", "net0.npy", "--to", "net1.npy", "--to-names", "a", "b"],
            "--to-names must have one for each of 1 files, got 2",
        ),
        (
            ["distances", *PAIR, "--n-jobs", "many"],
            "--n-jobs must be an integer or None, got 'many'",
        ),
        (["distances", *PAIR, "--dtype", "float"], ""),
        (["distances", *PAIR, "--dtype", "half"], "--dtype must be float64 or float32"),
        (
            ["distances", *PAIR, "--store", "s", "--tile-size", "0"],
            "--tile-size must be at least 1",
        ),
        (
            ["bootstrap", *PAIR, "--n-bootstraps", "1.5"],
            "--n-bootstraps must be an integer",
        ),
        (["rsa", "rdm", "net0.npy", "--metric", "best"], "--metric == 'best'"),
        (["rsa", "rdm", "net0.npy", "--prior-lambda", "-1"], "--prior-lambda must be in [0, inf]"),
    ],
)
def test_odd_values_are_called_as_they_are_typed(networks, capsys, arguments, message):
    code = main([*arguments, "-q"])
    printed = capsys.readouterr().err
    assert message in printed
    assert code == (2 if message else 0)
    assert len(printed.splitlines()) == (1 if message else 0)


ODD_VALUES = ("nonsense", "-1", "1.5", "[1, 2]", "", "cka:foo")
# By what it says of the data: a value that others may take.
OF_DATA = {("rsa", "searchlight"): {"neighbors", "surface"}, ("capacity", "joint"): {"kappa"}}
WORKING = {
    ("distances",): "net0.npy net1.npy",
    ("compare",): "net0.npy net1.npy",
    ("calibrate",): "net0.npy net1.npy --n-permutations 29",
    ("bootstrap",): "net0.npy net1.npy --n-bootstraps 9",
    ("report",): "net0.npy net2.npy --n-permutations 29",
    ("embed",): "D.csv",
    ("capacity", "mean-field"): "voxels.npy --y y.txt --n-t 10",
    ("capacity", "direct"): "voxels.npy --y y.txt --n-t 10",
    ("capacity", "joint"): "voxels.npy --y y.txt --n-t 10",
    ("rsa", "rdm"): "net0.npy",
    ("rsa", "compare"): "rdms.npy --models models.npy",
    ("rsa", "evaluate"): "models.npy --rdms rdms.npy --n-bootstraps 9",
    ("rsa", "permutation-test"): "models.npy --rdms rdms.npy --n-permutations 9",
    ("rsa", "noise-ceiling"): "rdms.npy",
    ("rsa", "searchlight"): "voxels.npy --models models.npy --mask mask.npy",
    ("rsa", "time-resolved"): "times.npy --models models.npy",
    ("covariates", "mantel"): "D.csv --D2 D.csv --n-permutations 9",
    ("covariates", "permanova"): "D.csv --y groups.txt --n-permutations 9",
    ("covariates", "knn-permutation"): "D.csv --y groups.txt --n-neighbors 1 --n-permutations 9",
}


@pytest.mark.parametrize("path", WORKING, ids=" ".join)
def test_odd_values_of_all_options(networks, rng, capsys, path):
    for name, x in {
        "models": rng.random((2, 66)),
        "rdms": rng.random((3, 66)),
        "voxels": rng.random((12, 8)),
        "mask": np.ones((2, 2, 2)),
        "times": rng.random((12, 3, 4)),
    }.items():
        np.save(f"{name}.npy", x)
    Path("y.txt").write_text("a\n" * 3 + "b\n" * 3 + "c\n" * 3 + "d\n" * 3)
    Path("groups.txt").write_text("a\na\nb\nb\n")
    run("distances", "net0.npy", "net1.npy", "net2.npy", "net3.npy", "-o", "D.csv", "-q")
    command = [*path, *WORKING[path].split(), "-q"]
    run(*command)
    parser = _Parser()
    ALL[path].fill(parser)
    for action in parser._actions:
        if not action.option_strings or action.nargs == 0 or action.metavar in ("FILE", "FOLDER"):
            continue
        option = action.option_strings[-1]
        for value in ODD_VALUES:
            capsys.readouterr()
            try:
                code = main([*command, f"{option}={value}"])
            except SystemExit as error:
                code = error.code
            said = capsys.readouterr().err
            if code == 1:
                assert action.dest in OF_DATA.get(path, ()), said
            elif code:
                assert code == 2
                assert option.lstrip("-") in said
                assert "Traceback" not in said


def test_files_of_controls_and_residuals(networks, rng):
    responses, models = rng.standard_normal((12, 8)), rng.random((2, 66))
    controls, residuals = rng.random((1, 66)), rng.standard_normal((40, 8))
    for name, x in {"x": responses, "m": models, "c": controls, "r": residuals}.items():
        np.save(f"{name}.npy", x)
    np.save("mask.npy", np.ones((2, 2, 2)))
    run("rsa", "compare", "m.npy", "--controls", "c.npy", "-o", "C.csv", "-q")
    assert_array_equal(table("C.csv"), rsa.compare(models, controls=controls))
    command = ["rsa", "searchlight", "x.npy", "--models", "m.npy", "--mask", "mask.npy", "-q"]
    files = ["--residuals", "r.npy", "--controls", "c.npy", "-o", "S.csv"]
    run(*command, "--metric", "mahalanobis", *files)
    options = {"mask": np.ones((2, 2, 2)), "metric": "mahalanobis"}
    found = rsa.searchlight(responses, models, **options, residuals=residuals, controls=controls)
    assert_array_equal(pandas.read_csv("S.csv")["score"], found.to_frame()["score"])


@pytest.mark.parametrize("package", ["pandas", "pyarrow"])
def test_what_writing_needs_is_asked_for_first(networks, capsys, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SystemExit, match="2"):
        main(["distances", *files(networks), "-o", "D.parquet"])
    printed = capsys.readouterr().err
    assert f"needs {package}, which is not installed" in printed
    assert "Computing" not in printed


def test_names_that_are_numbers(networks, rng):
    for k in (10, 2, 1):
        np.save(f"{k}.npy", rng.standard_normal((12, 3)))
    run("distances", "10.npy", "2.npy", "1.npy", "-o", "D.csv")
    run("embed", "D.csv", "-o", "points.csv")
    assert list(table("points.csv").index) == [10, 2, 1]


@pytest.mark.parametrize("text", ["256MB", "256000000", "0.256 G", "256000k", "250000KiB"])
def test_sizes(text):
    from netrep_go._cli._values import _size

    assert _size(text.replace("KiB", "kiB")) == 256_000_000


@pytest.mark.filterwarnings("default")
def test_warnings_take_a_line(networks, capsys):
    run("distances", *files(networks), "-p", "alpha=0", "-q", "-o", "D.csv")
    run("capacity", "joint", *files(networks)[:3:2], "--random-state", 0, "-q")
    said = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert said
    assert all(line.startswith("netrep-go: warning: ") for line in said)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_shows_examples_that_are_accepted(networks, capsys, path):
    with pytest.raises(SystemExit, match="0"):
        main([*path, "--help"])
    printed = capsys.readouterr().out
    examples = ALL[path].examples
    assert examples in printed
    for line in examples.replace("\\\n", "").splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "netrep-go"
        command, _ = parse(COMMANDS, arguments)
        assert command is ALL[path]


FUNCTIONS = {
    ("distances",): (multiset.DistanceStore.pairwise_distances, multiset.pairwise_distances,
                     multiset.DistanceStore),
    ("compare",): (inference.compare_networks,),
    ("calibrate",): (inference.calibrate,),
    ("bootstrap",): (inference.bootstrap,),
    ("embed",): (EuclideanEmbedding,),
    ("capacity", "mean-field"): (capacity.MeanFieldCapacity,),
    ("capacity", "direct"): (capacity.DirectCapacity,),
    ("capacity", "joint"): (capacity.JointCapacity,),
    ("capacity", "mat"): (capacity.analyze_mat,),
    ("capacity", "collect"): (capacity.collect_mat,),
    ("rsa", "rdm"): (rsa.rdm,),
    ("rsa", "compare"): (rsa.compare,),
    ("rsa", "evaluate"): (rsa.evaluate,),
    ("rsa", "permutation-test"): (rsa.permutation_test,),
    ("rsa", "noise-ceiling"): (rsa.noise_ceiling,),
    ("rsa", "searchlight"): (rsa.searchlight,),
    ("rsa", "time-resolved"): (rsa.time_resolved,),
    ("covariates", "mantel"): (covariates.mantel,),
    ("covariates", "permanova"): (covariates.permanova,),
    ("covariates", "knn-permutation"): (covariates.knn_permutation,),
    ("store", "export"): (multiset.DistanceStore.to_frame,),
}  # fmt: skip

# Files of a command in other words, and what means the same or nothing.
OTHERWISE = {"testdata": "test", "verbose": "quiet", "processes": "n_jobs", "enable_caching": None}
WITHOUT_OPTION = {
    ("store", "export"): {"test"},  # both matrices are written
    ("calibrate",): {"Y"},  # one of the files
    ("bootstrap",): {"Y"},
}


@pytest.mark.parametrize("path", FUNCTIONS, ids=" ".join)
def test_every_parameter_has_an_option(path, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*path, "--help"])
    printed = capsys.readouterr().out
    for function in FUNCTIONS[path]:
        documentation = documented(function.__doc__)
        for name, parameter in inspect.signature(function).parameters.items():
            name = OTHERWISE.get(name, name)
            if parameter.default is parameter.empty or name is None:
                continue
            if name not in WITHOUT_OPTION.get(path, ()):
                assert f"--{name.replace('_', '-')}" in printed, name
        assert all(text for _, text in documentation.values()), documentation
        assert not re.search(r"\\[A-Za-z]", printed), "markup of docstrings"


def test_documentation_of_parameters():
    text = """Do it.

    Parameters
    ----------
    first, second : {'a', \\
'b'}, default='a'
        What :func:`~x.y` takes: ``a``
        or `b`.
    third : float, default=1.0
        Times :math:`\\alpha \\cdot x`.
    *others : int
        More.

    Returns
    -------
    int
        Nothing.
    """
    assert documented(text) == {
        "first": ("{'a', 'b'}, default='a'", "What x.y takes: a or b."),
        "second": ("{'a', 'b'}, default='a'", "What x.y takes: a or b."),
        "third": ("float, default=1.0", "Times alpha * x."),
        "others": ("int", "More."),
    }
    assert documented("Do it.") == {}


def test_choices_are_told(capsys):
    for command, told in (
        (["capacity", "mean-field"], "--estimator {count,norm,width}"),
        (["distances"], "--dtype {float64,float32}"),
        (["rsa", "rdm"], "--metric {correlation,cosine,euclidean,sqeuclidean,mahalanobis,"),
    ):
        with pytest.raises(SystemExit, match="0"):
            main([*command, "--help"])
        assert told in capsys.readouterr().out


def test_the_program_is_installed():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"netrep-go": "netrep_go._cli:main"}


PROGRAM = "import sys; from netrep_go._cli import main; sys.exit(main())"


def start(*arguments):
    paths = [str(ROOT / "python"), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_interrupt_leaves_a_store_that_goes_on(networks):
    pytest.importorskip("zarr")
    metric = ["--metric", "cli_metric:slow", "-p", "kind=distance", "-p", "symmetric=True"]
    command = ["distances", *files(networks), *metric, "--store", "s", "--tile-size", 1, "-q"]
    process = start(*command)
    for _ in range(600):
        if len(list(Path("s").glob("train/c/*/*"))) > 3:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("netrep-go: interrupted\n  s is valid: this call wrote")
    assert "Traceback" not in said
    store = multiset.DistanceStore("s")
    assert 0 < store.status().n_done < 49
    process = start(*command)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    norms = np.array([np.linalg.norm(x) for x in networks.values()])
    assert_array_equal(store.distances(), np.abs(norms[:, np.newaxis] - norms))


@pytest.mark.parametrize(
    ("command", "module", "name", "said"),
    [
        (["distances", "net0.npy", "--store", "s"], multiset.DistanceStore, "pairwise_distances",
         "nothing in s is lost: the same command goes on"),
        (["distances", "net0.npy"], multiset, "pairwise_distances", None),
        (["capacity", "mat", "x"], capacity, "analyze_mat",
         "sets that were analyzed are kept: the same command goes on"),
    ],
)  # fmt: skip
def test_interrupts_say_what_stays(networks, capsys, monkeypatch, command, module, name, said):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    interrupted.__signature__ = inspect.signature(getattr(module, name))
    interrupted.__doc__ = getattr(module, name).__doc__
    monkeypatch.setattr(module, name, interrupted)
    assert main([*command, "-q"]) == 130
    lines = ["netrep-go: interrupted"] + ([] if said is None else [f"  {said}"])
    assert capsys.readouterr().err.splitlines() == lines


def test_nobody_reads_on(networks):
    process = start("info", "--measures")
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 1
    assert "Traceback" not in said
    assert "Error" not in said


def test_names_of_files_that_are_no_text(networks):
    """The system takes any bytes as the name of a file, tables take texts alone."""
    odd = os.fsdecode(b"net\xff.npy")
    try:
        np.save(odd, networks["net0"])
    except OSError:
        pytest.skip("the file system takes texts alone")
    options = ["--n-permutations", "19", "-q"]
    run("report", odd, "net1.npy", *options, "-o", "report.csv")
    assert list(table("report.csv")["layer"]) == [r"net\udcff", "net1"]
    run("report", odd, "net1.npy", *options, "-o", "report.html")
    assert r"net\udcff" in Path("report.html").read_text(encoding="utf-8")
    run("compare", odd, "net1.npy", "--measures", "cka", "-q", "-o", "compared.csv")
    assert list(table("compared.csv")["network_1"]) == [r"net\udcff"]


def test_reports(networks, rng, capsys):
    from netrep_go.report import LayerReport, layer_report

    y, targets = np.arange(12) % 4, rng.standard_normal((12, 2))
    np.savez("acts.npz", **{name: networks[name] for name in ("net0", "net1")})
    Path("y.txt").write_text("\n".join(map(str, y)))
    np.save("targets.npy", targets)
    options = ["--n-permutations", "19", "--random-state", "0", "-q"]
    given = ["acts.npz", "--y", "y.txt", "--targets", "targets.npy", *options]
    run("report", *given, "-o", "report.npz")
    found = LayerReport.load("report.npz")
    layers = {name: networks[name] for name in ("net0", "net1")}
    expected = layer_report(layers, y, targets, n_permutations=19, random_state=0, verbose=False)
    assert found.names == ["net0", "net1"]
    assert found.reasons == expected.reasons == {"rsa": {None: "no rdms given"}}
    for name, values in expected.values.items():
        assert_array_equal(found.values[name], values)
    run("report", *given, "-o", "report.html")
    assert Path("report.html").read_text().startswith("<!DOCTYPE html>")
    assert "wrote report.html" in capsys.readouterr().err
    run("report", *given, "-o", "report.csv")
    assert_array_equal(table("report.csv")["capacity"], expected.values["capacity"])
    assert_array_equal(table("report_pairs.csv")["distance"], expected.values["distance"][:1, 1])
    assert_array_equal(table("report_targets.csv")["score"], expected.values["score"].ravel())
    assert not Path("report_rdms.csv").exists()  # as none were given
    run("report", "net0.npy", "net2.npy", "--names", "a", "b", *options, "-o", "named.npz")
    assert LayerReport.load("named.npz").names == ["a", "b"]
    with pytest.raises(SystemExit):
        main(["report", "acts.npz", "-o", "report.pdf"])
    assert "its suffix must be one of .html, .csv" in capsys.readouterr().err
    assert main(["distances", "net0.npy", "net2.npy", "-o", "D.csv"]) == 0
    with pytest.raises(SystemExit):
        main(["distances", "net0.npy", "net2.npy", "-o", "D.html"])
