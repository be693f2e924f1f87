"""The example of a cohort in a store, in its small version."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "digits_cohort.py"


def test_example(tmp_path, monkeypatch, capsys):
    pytest.importorskip("zarr", reason="a store needs zarr")
    pytest.importorskip("matplotlib", reason="it draws")
    pandas = pytest.importorskip("pandas", reason="it makes tables")
    options = ["--quick", "--n-jobs", "1", "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [EXAMPLE.name, *options])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    from netrep_go.multiset import DistanceStore, pairwise_distances

    table = pandas.read_csv(tmp_path / "networks.csv").set_index("name")
    D = DistanceStore(tmp_path / "store").to_frame()
    assert set(D.index) == set(table.index)
    assert len(table) == 40
    networks = {name: np.load(table["path"][name]) for name in D.index[::7]}
    expected = pairwise_distances("procrustes", networks, verbose=False)
    np.testing.assert_allclose(D.loc[list(networks), list(networks)], expected, atol=1e-12)
    printed = capsys.readouterr().out
    assert "Accuracy of 8 later networks, predicted from 32" in printed
    assert {path.name for path in tmp_path.glob("*.png")} == {"embedding.png", "accuracy.png"}
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert capsys.readouterr().out.count("0 tiles of 25 are new") == 1
