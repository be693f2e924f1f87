"""The worked example of manifolds in trained networks, and the display that it draws."""

import csv
import importlib.util
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

from netrep_go.capacity import MeanFieldCapacity
from netrep_go.plotting import CapacityDisplay

pytestmark = pytest.mark.usefixtures("closed_figures")

matplotlib.use("Agg")

EXAMPLE = Path(__file__).parents[1] / "examples" / "manifold_capacity.py"
NEEDED = ("skimage", "onnx", "onnxruntime", "rapidocr_onnxruntime")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


def fitted(capacity):
    """Return an estimator with what a fit would find."""
    model = MeanFieldCapacity()
    model.capacity_, model.capacity_se_ = capacity, 0.1
    model.radius_, model.radius_se_ = 2.0, 0.2
    model.dimension_, model.dimension_se_ = 3.0, 0.3
    model.center_correlation_ = 0.4
    return model


def bars(panel):
    """Return the points of the first line in a panel, and the ends of its error bars."""
    line, _, (segments,) = panel.containers[0]
    return line.get_ydata(), np.array(segments.get_segments())[:, :, 1]


def test_display_of_the_layers_of_one_network():
    display = CapacityDisplay.from_estimators({"conv": fitted(1.0), "fc": fitted(1.5)})
    display.figure_.canvas.draw()
    values, ends = bars(display.axes_[0])
    assert_array_equal(values, [1.0, 1.5])
    np.testing.assert_allclose(ends, [[0.9, 1.1], [1.4, 1.6]])
    titles = [panel.get_title() for panel in display.axes_]
    assert titles == ["capacity", "radius", "dimension", "center correlation"]
    assert [text.get_text() for text in display.axes_[3].get_xticklabels()] == ["conv", "fc"]
    assert display.axes_[0].get_legend() is None
    assert_array_equal(display.values["center_correlation"], [[0.4, 0.4]])
    assert_array_equal(display.errors["center_correlation"], [[0.0, 0.0]])


def test_display_of_networks_with_different_layers():
    _, axes = plt.subplots(2, 2)
    display = CapacityDisplay.from_estimators(
        {
            "trained": {"a": fitted(1.0), "b": fitted(2.0)},
            "untrained": {"x": fitted(1.0), "y": fitted(0.5), "z": fitted(0.2)},
        },
        ax=axes.ravel(),
    )
    display.figure_.canvas.draw()
    legend = display.axes_[0].get_legend().get_texts()
    assert [text.get_text() for text in legend] == ["trained", "untrained"]
    assert [text.get_text() for text in display.axes_[1].get_xticklabels()] == ["1", "2", "3"]
    assert display.plot(ax=axes.ravel()) is display


def test_bad_estimators_are_refused():
    with pytest.raises(ValueError, match="estimators must have at least one layer"):
        CapacityDisplay.from_estimators({})
    with pytest.raises(ValueError, match="estimators must have at least one layer"):
        CapacityDisplay.from_estimators({"network": {}})
    with pytest.raises(NotFittedError):
        CapacityDisplay.from_estimators({"conv": MeanFieldCapacity()})
    several = fitted(np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="got an estimator with several"):
        CapacityDisplay.from_estimators({"conv": several})
    many = {str(k): {"conv": fitted(1.0)} for k in range(11)}
    with pytest.raises(ValueError, match="at most 10 groups can be drawn, got 11"):
        CapacityDisplay.from_estimators(many, groups=range(11))
    with pytest.raises(ValueError, match="ax must be 4 axes"):
        CapacityDisplay.from_estimators({"conv": fitted(1.0)}, ax=[plt.gca()])


@pytest.mark.skipif(bool(MISSING), reason=f'needs {MISSING}, of pip install "netrep-go[examples]"')
@pytest.mark.long
def test_example_writes_its_table_and_figures(tmp_path):
    command = [sys.executable, str(EXAMPLE), "--quick", "--output", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    for name in ("images", "capacity"):
        assert plt.imread(tmp_path / f"{name}.png").std() > 0.05
    with (tmp_path / "layers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 3
    assert {row["layer"] for row in rows if row["network"] == "text orientation"} == {
        "pixels",
        "block 1",
        "block 11",
    }
    measures = np.array([[float(row[key]) for key in list(row)[2:]] for row in rows])
    assert np.isfinite(measures).all()
    assert (measures > 0).all()
    # weights do not change what the first network sees
    shared = [row for row in rows if row["layer"] == "pixels"][:2]
    assert shared[0]["capacity"] == shared[1]["capacity"]
    assert "12 manifolds of 12 images" in run.stdout
