"""The examples of encoding models, on real data where it is there."""

import importlib.util
import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib").use("Agg")

EXAMPLES = Path(__file__).parents[1] / "examples"
DATA = Path(__file__).parents[2] / "shared" / "data"
MACAQUE = Path(os.environ.get("NETREP_GO_MACAQUE", DATA / "macaque"))
OBJECTS = Path(os.environ.get("NETREP_GO_OBJECTS92", DATA / "objects92"))
NEEDED = ("onnx", "onnxruntime", "rapidocr_onnxruntime")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


@pytest.fixture
def run(tmp_path, monkeypatch, closed_figures):
    """Return a function that runs an example and reads its tables."""

    def run(name, *arguments):
        command = [name, "--quick", "--output", str(tmp_path), *arguments]
        monkeypatch.setattr(sys, "argv", command)
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        for path in tmp_path.glob("*.png"):
            from matplotlib import pyplot

            assert pyplot.imread(path).std() > 0.05, path
        return {path.stem: pandas.read_csv(path) for path in tmp_path.glob("*.csv")}

    return run


@pytest.mark.skipif(
    not (MACAQUE / "v4_it.npz").is_file(),
    reason="NETREP_GO_MACAQUE is not set to the folder of v4_it.npz",
)
def test_v4_predicts_it(run, tmp_path):
    tables = run("v4_predicts_it.py", "--data", str(MACAQUE))
    sites = tables["v4_it_sites"]
    assert sites["site"].tolist() == list(range(40))
    summary = tables["v4_it_summary"].iloc[0]
    assert 0.2 < summary["median r of V4"] < summary["of IT"] < 0.9
    found = tables["v4_it_identification"]
    np.testing.assert_allclose(found["chance"], 1 / found["candidates"])
    np.testing.assert_allclose(found["permuted"], found["chance"], atol=0.01)
    assert (found["accuracy"] > 2 * found["chance"])[1:].all()
    assert len(list(tmp_path.glob("*.png"))) == 2


def test_says_where_the_recordings_come_from(run, tmp_path, monkeypatch):
    monkeypatch.delenv("NETREP_GO_MACAQUE", raising=False)
    with pytest.raises(
        SystemExit, match=r"NETREP_GO_MACAQUE must name the folder .*dimensionality"
    ):
        run("v4_predicts_it.py")
    with pytest.raises(SystemExit, match=r"v4_it\.npz, got .*empty"):
        run("v4_predicts_it.py", "--data", str(tmp_path / "empty"))


def test_digits_layers(run, capsys):
    table = run("digits_layers.py")["digits_layers"]
    assert len(table) == 4
    assert (table["accuracy"] > 0.5).all()
    np.testing.assert_allclose(table["permuted"], 0.1, atol=0.02)
    trained = table["network"] == "trained"
    assert table["accuracy"][trained].mean() > table["accuracy"][~trained].mean()
    assert "R2 of each layer" in capsys.readouterr().out


@pytest.mark.skipif(
    not (OBJECTS / "92_brainRDMs.mat").is_file(),
    reason="NETREP_GO_OBJECTS92 is not set to the folder of the 92 objects",
)
@pytest.mark.skipif(bool(MISSING), reason=f'needs {MISSING}, of pip install "netrep-go[examples]"')
def test_objects92_encoding(run):
    tables = run("objects92_encoding.py", "--data", str(OBJECTS))
    layers = tables["objects92_encoding_layers"]
    assert layers["layer"].tolist() == ["pixels", "block 1", "block 14"]
    summary = tables["objects92_encoding_summary"].set_index("species")
    assert (summary["r2"] > 0.05).all()
    assert (summary["identified"] > 0.6).all()
    assert (summary["pvalue"] < 0.01).all()
