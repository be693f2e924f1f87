"""The examples of real volumes and of a simulated study: what was planted is found, and no more."""

import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

pandas = pytest.importorskip("pandas", reason="it makes tables")
pytest.importorskip("matplotlib", reason="it draws").use("Agg")
nibabel = pytest.importorskip("nibabel", reason="images of brains need nibabel")

EXAMPLES = Path(__file__).parents[1] / "examples"
VOLUMES = Path(nibabel.__file__).parent / "tests/data/functional.nii"
OBJECTS = Path(
    os.environ.get(
        "NETREP_GO_OBJECTS92", Path(__file__).parents[2] / "shared" / "data" / "objects92"
    )
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs an example and reads its tables by model."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, "--output", str(tmp_path), *arguments])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        from matplotlib import pyplot

        for path in tmp_path.glob("*.png"):
            assert pyplot.imread(path).std() > 0.05, path
        tables = {path.stem: pandas.read_csv(path) for path in tmp_path.glob("*.csv")}
        return {name: table.set_index("model") for name, table in tables.items()}

    return run


def test_simulated_study(run, tmp_path):
    tables = run("simulated_study.py", "--quick")
    volume, time = tables["study_volume"], tables["study_time"]
    planted = ["animacy", "size"]
    for table in (volume, time):
        assert (table["found of these"][planted] > 0.8).all()
        np.testing.assert_allclose(
            table["least p"][planted], 1 / 512, rtol=1e-3
        )  # of 511 draws and itself
        assert table["least p"]["color"] > 0.05
    assert (volume["out of reach"] == 0).all()
    assert (time["at other times"] == 0).all()
    assert (volume["largest t from there (mm)"][planted] < 8).all()  # the radius
    assert volume["voxels"]["color"] == 0
    regions = tables["study_regions"].reset_index().set_index(["region", "model"])
    there = [(f"{name} region", name) for name in planted]
    assert (regions["similarity"][there] > 0.9).all()
    assert (regions["pvalue_zero"][there] < 0.001).all()
    assert (regions["pvalue_zero"].drop(there) > 0.05).all()
    t = nibabel.load(tmp_path / "study_size.nii.gz")
    np.testing.assert_array_equal(np.diag(t.affine), [3, 3, 4, 1])
    best = np.unravel_index(np.nanargmax(t.get_fdata()), t.shape)
    place = nibabel.affines.apply_affine(t.affine, best)
    assert np.linalg.norm(place - [12, 10, -4]) < 8
    figures = {"map_animacy", "map_size", "regions", "times"}
    assert {path.stem for path in tmp_path.glob("*.png")} == {f"study_{name}" for name in figures}


@pytest.mark.skipif(
    not (OBJECTS / "92_brainRDMs.mat").is_file(),
    reason="NETREP_GO_OBJECTS92 is not set to the folder of the 92 objects",
)
def test_functional_volumes(run, tmp_path):
    table = run("functional_volumes.py", "--data", str(OBJECTS))["functional_models"]
    assert table["where planted"].idxmax() == "human"
    assert table["where planted"]["human"] > 0.5
    assert table["from there (mm)"]["human"] < 9  # the radius
    original = nibabel.load(VOLUMES)
    image = nibabel.load(tmp_path / "functional_human.nii.gz")
    np.testing.assert_array_equal(image.affine, original.affine)
    assert image.shape == original.shape[:3]
    path = tmp_path / "functional_human.png"
    assert path.is_file()


def test_functional_volumes_says_where_the_objects_come_from(run, monkeypatch):
    monkeypatch.delenv("NETREP_GO_OBJECTS92", raising=False)
    with pytest.raises(SystemExit, match="rsatoolbox publishes them"):
        run("functional_volumes.py")
