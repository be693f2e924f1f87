"""The 92 objects: the loader, and what is known of their RDMs."""

import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from netrep_go.datasets import objects92
from netrep_go.rsa import compare, partition_variance, reweight

FOLDER = os.environ.get(
    "NETREP_GO_OBJECTS92", Path(__file__).parents[2] / "shared" / "data" / "objects92"
)
EXAMPLE = Path(__file__).parents[1] / "examples" / "objects92.py"
SPECIES = ("human", "monkey")
needs_files = pytest.mark.skipif(
    not (Path(FOLDER) / "92_brainRDMs.mat").is_file(),
    reason="NETREP_GO_OBJECTS92 is not set to the folder of the 92 objects",
)


@pytest.fixture(scope="module")
def objects():
    return objects92(FOLDER)


def test_says_where_the_files_come_from(monkeypatch, tmp_path):
    monkeypatch.delenv("NETREP_GO_OBJECTS92", raising=False)
    with pytest.raises(FileNotFoundError, match=r"is not set .* rsatoolbox publishes them"):
        objects92()
    with pytest.raises(FileNotFoundError, match=r"lacks some of 92_brainRDMs\.mat"):
        objects92(tmp_path)
    monkeypatch.setenv("NETREP_GO_OBJECTS92", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="lacks some of"):
        objects92()


@needs_files
def test_shapes(objects):
    assert objects.sessions.shape == (4, 2, 4186)
    np.testing.assert_array_equal(objects.subjects, objects.sessions.mean(axis=1))
    assert objects.images.shape == (92, 175, 175, 3)
    assert objects.images.dtype == np.uint8
    counts = dict(zip(*np.unique(objects.categories, return_counts=True), strict=True))
    assert sum(n for name, n in counts.items() if "object" not in name) == 48
    assert counts["human face"] == counts["nonhuman face"] == 12
    assert len(objects.models) == 8


@needs_files
def test_parts_of_the_data_agree(objects):
    assert compare(objects.subjects.mean(axis=0), objects.human) == pytest.approx(1)
    assert compare(objects.models["monkeyIT"], objects.monkey) == pytest.approx(1)
    animate = ["object" not in name for name in objects.categories]
    i, j = np.triu_indices(92, 1)
    np.testing.assert_array_equal(
        objects.models["animacy"], np.not_equal.outer(animate, animate)[i, j]
    )


@needs_files
def test_human_and_monkey_are_alike_as_published(objects):
    assert compare(objects.human, objects.monkey) == pytest.approx(0.4389, abs=5e-5)
    assert spearmanr(objects.human, objects.monkey).statistic == pytest.approx(0.4389, abs=5e-5)
    assert pearsonr(objects.human, objects.monkey).statistic == pytest.approx(0.49, abs=5e-3)


@needs_files
def test_models_together(objects):
    names = ["animacy", "FaceBodyManmadeNatobj", "HMAX", "V1", "Silhouette"]
    layers = np.stack([objects.models[name] for name in names])
    result = reweight(layers, objects.subjects, cv=10, method="pearson", random_state=0)
    alone = compare(layers, objects.subjects, "pearson")
    assert (result.fitted_scores >= alone.max(axis=0)).all()
    assert (result.scores < result.fitted_scores).all()
    assert (result.scores > alone[1:].max(axis=0)).all()
    sets = {"visual": layers[2:], "categories": layers[:2], "monkey": objects.monkey}
    parts = partition_variance(sets, objects.human, cv=10, random_state=0)
    assert dict(zip(parts.part_names, parts.parts[0], strict=True))["monkey"] > 0.02


@needs_files
def test_example(tmp_path, monkeypatch, capsys):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("matplotlib").use("Agg")
    arguments = [EXAMPLE.name, "--quick", "--data", str(FOLDER), "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    species = pandas.read_csv(tmp_path / "objects92_species.csv").set_index("method")
    assert species.loc["spearman", "similarity"] == pytest.approx(0.4389, abs=5e-5)
    assert species.loc["spearman", "pvalue"] == pytest.approx(1 / 201)
    models = pandas.read_csv(tmp_path / "objects92_models.csv").set_index("model")
    assert models["similarity"].idxmax() == "animacy"
    assert (models["noise_ceiling_lower"] < models["noise_ceiling_upper"]).all()
    variance = pandas.read_csv(tmp_path / "objects92_variance.csv")
    assert variance["value"].sum() == pytest.approx(variance["r2"].iloc[-1])
    figures = ["models", "variance", *(f"{a}_{b}" for a in ("rdm", "mds") for b in SPECIES)]
    assert {f"objects92_{name}.png" for name in figures} == {
        path.name for path in tmp_path.glob("*.png")
    }
    assert "tables" in capsys.readouterr().out.lower()


def test_example_says_where_the_files_come_from(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    monkeypatch.delenv("NETREP_GO_OBJECTS92", raising=False)
    monkeypatch.setattr(sys, "argv", [EXAMPLE.name, "--output", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="rsatoolbox publishes them"):
        runpy.run_path(str(EXAMPLE), run_name="__main__")
