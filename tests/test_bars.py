"""Progress bars: what they count, and that tqdm waits for the first of them."""

import subprocess
import sys
from io import StringIO

import numpy as np
import pytest
from estimators import IN_MATRICES

from netrep_go._jobs import counted, progress_bar
from netrep_go.conv_layers import convolve_metric
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import cross_distances, pairwise_distances


@pytest.mark.filterwarnings("ignore:the value of")
@pytest.mark.parametrize("metric", [*IN_MATRICES, lambda x, y: 0.0])
def test_bars_count_the_pairs(metric, rng, capsys):
    Xs = list(rng.standard_normal((12, 6, 3)))
    pairwise_distances(metric, Xs, verbose=True)
    last = capsys.readouterr().err.split("\r")[-1]
    n_pairs = {"procrustes": 66}.get(metric)
    assert "pair" in last
    if n_pairs:
        assert f"{n_pairs}/{n_pairs}" in last
    assert "100%" in last


@pytest.mark.parametrize("metric", ["procrustes", "cka_angular", "energy"])
def test_pairs_of_two_sets_and_of_held_out_data(metric, rng, capsys):
    Xs, Ys = list(rng.standard_normal((3, 6, 2))), list(rng.standard_normal((4, 6, 2)))
    if metric == "energy":
        Xs, Ys = ([np.stack([x, x + 1]) for x in xs] for xs in (Xs, Ys))
    cross_distances(metric, Xs, Ys, verbose=True)
    assert "12/12" in capsys.readouterr().err.split("\r")[-1]
    pairwise_distances(metric, Xs, Xs, verbose=True)
    assert "3/3" in capsys.readouterr().err.split("\r")[-1]


def test_bars_of_shifts_say_so(rng, capsys):
    X = rng.standard_normal((5, 3, 4, 2))
    convolve_metric(LinearMetric(), X, X, verbose=True)
    last = capsys.readouterr().err.split("\r")[-1]
    assert "12/12" in last
    assert "shift" in last


def test_nothing_is_drawn_unless_asked_for(capsys):
    assert list(counted([1, 2], "text", 2, False)) == [1, 2]
    with progress_bar("text", False) as draw:
        assert draw is None
    assert capsys.readouterr().err == ""


def test_nothing_is_drawn_where_nobody_sees_it(rng, monkeypatch):
    """As in a program without a console, whose standard error is None, or closed."""
    closed = StringIO()
    closed.close()
    for stderr in (None, closed):
        monkeypatch.setattr(sys, "stderr", stderr)
        with progress_bar("text", True) as draw:
            assert draw is None
        assert list(counted([1, 2], "text", 2, True)) == [1, 2]
        Xs = rng.standard_normal((3, 6, 2))
        assert pairwise_distances("procrustes", Xs, verbose=True).shape == (3, 3)


def test_tqdm_waits_for_the_first_bar():
    code = """
import importlib, sys
import numpy as np
import netrep_go
for name in set(netrep_go.__all__) - {"__version__", "show_versions", "kmeans"}:
    importlib.import_module(f"netrep_go.{name}")
Xs = np.random.default_rng(0).standard_normal((3, 6, 2))
netrep_go.multiset.pairwise_distances("procrustes", Xs, verbose=False)
print("tqdm.auto" in sys.modules)
netrep_go.multiset.pairwise_distances("procrustes", Xs, verbose=True)
print("tqdm.auto" in sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert ran.stdout.split() == ["False", "True"]
