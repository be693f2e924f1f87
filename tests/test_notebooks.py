"""The notebooks in examples/, run on small settings."""

import json
import os
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="notebooks are run by nbclient")
nbformat = pytest.importorskip("nbformat", reason="nbclient brings it")
pytest.importorskip("ipykernel", reason="notebooks need a kernel of Python")
pytest.importorskip("matplotlib", reason="they draw")

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
DATA = Path(__file__).parents[2] / "shared" / "data"
MACAQUE = Path(os.environ.get("NETREP_GO_MACAQUE", DATA / "macaque"))
MISSING = not (MACAQUE / "v4_it.npz").is_file()

# The number of figures of a notebook, and what has to be true at its end.
CHECKS = {
    "networks": (
        4,
        """
        assert len(layers) == len(D) == 12 and (D.to_numpy() == D.to_numpy().T).all()
        assert effects["R2"].between(0, 1).all() and effects.loc["width", "pvalue"] < 0.05
        shuffled = calibrated.to_frame()
        assert (shuffled["statistic"] > 10 * shuffled["null_mean"]).all()
        """,
    ),
    "fmri_rsa": (
        6,
        """
        assert (table["smallest p"] < 0.05).all()
        assert (table["in the region"] > 0.6).all() and (table["of them see it"] > 0.6).all()
        """,
    ),
    "meg_fusion": (
        3,
        """
        assert (summary.loc[["V1", "IT"], "significant times"] > 2).all()
        assert summary.loc["motor", "significant times"] == 0
        assert abs(summary.loc["V1", "peak (ms)"] - 100) <= 40
        assert abs(summary.loc["IT", "peak (ms)"] - 280) <= 80
        """,
    ),
    "trained_capacity": (
        1,
        """
        both = table["capacity"].unstack("network")
        assert both.loc["pixels", "trained"] == both.loc["pixels", "untrained"]
        assert (both["trained"] > both["untrained"])[:-1].all()
        assert (hidden["direct capacity"] / hidden["capacity"] - 1).abs().max() < 0.35
        """,
    ),
    "v4_to_it": (
        2,
        """
        assert sites.shape == (40, 2) and 0.2 < sites["V4"].median() < sites.iloc[:, 1].median()
        assert (identified["accuracy"] > 1.4 * identified["chance"]).all() and above > 0.5
        """,
    ),
}


def run(name, monkeypatch, folder, check=""):
    """Run a notebook on small settings, then a cell more, and return it."""
    monkeypatch.setenv("NETREP_SMALL", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    lines = (line.strip() for line in check.splitlines())
    notebook.cells.append(nbformat.v4.new_code_cell("\n".join(lines)))
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3")
    return client.execute(cwd=str(folder))


def figures(notebook):
    """Return how many figures a notebook has drawn."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_every_notebook_is_run():
    assert {path.stem for path in NOTEBOOKS} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_notebook(name, monkeypatch, tmp_path):
    if name == "v4_to_it":
        if MISSING:
            pytest.skip("NETREP_GO_MACAQUE is not set to the folder of v4_it.npz")
        monkeypatch.setenv("NETREP_GO_MACAQUE", str(MACAQUE))
    n_figures, check = CHECKS[name]
    assert figures(run(name, monkeypatch, tmp_path, check)) == n_figures
    assert not list(tmp_path.iterdir())


def test_says_where_the_recordings_come_from(monkeypatch, tmp_path):
    monkeypatch.setenv("NETREP_GO_MACAQUE", str(tmp_path))
    with pytest.raises(
        nbclient.exceptions.CellExecutionError,
        match=r"NETREP_GO_MACAQUE must name the folder of v4_it\.npz.*dimensionality",
    ):
        run("v4_to_it", monkeypatch, tmp_path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_not_kept(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert set(notebook["metadata"]["kernelspec"]) == {"display_name", "language", "name"}
