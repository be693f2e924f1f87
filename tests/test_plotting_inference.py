"""Displays of nulls, intervals, differences and ceilings: what is drawn is what was found."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.inference import bootstrap, calibrate, compare_values, reliability
from netrep_go.plotting._style import COLORS

pytestmark = pytest.mark.usefixtures("closed_figures")

mpl.use("Agg")


@pytest.fixture
def networks(rng):
    shared = rng.standard_normal((30, 3))
    return {
        name: shared @ rng.standard_normal((3, 8)) * gain + rng.standard_normal((30, 8))
        for name, gain in (("V1", 2.0), (("resnet50", "layer4.2.conv3"), 2.0), ("noise", 0.0))
    }


def labels(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def points(ax, *, filled):
    """Return the points that are drawn, by row."""
    face = COLORS[0] if filled else to_hex(mpl.rcParams["axes.facecolor"])
    drawn = [line for line in ax.lines if line.get_marker() == "o"]
    drawn = [line for line in drawn if to_hex(line.get_markerfacecolor()) == face]
    return {row: x for line in drawn for x, row in zip(*line.get_data(), strict=True)}


def lines(ax, k=0):
    """Return the ends of horizontal lines, by row."""
    return {path[0, 1]: path[:, 0] for path in ax.collections[k].get_segments()}


def test_nulls_and_values(networks):
    found = calibrate("cka", networks, n_permutations=99, random_state=0, verbose=False)
    display = found.plot()
    display.figure_.canvas.draw()
    (ax,) = display.axes_
    assert labels(ax) == [
        "V1\nand resnet50 layer4.2.conv3",
        "V1 and noise",
        "resnet50 layer4.2.conv3\nand noise",
    ]
    assert ax.get_xlabel() == "cka"
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first on top
    table = found.to_frame()
    sure = (table["pvalue_max"] <= 0.05).to_numpy()
    assert sure.tolist() == [True, False, False]
    drawn = points(ax, filled=True), points(ax, filled=False)
    assert drawn == ({0: table["statistic"][0]}, dict(table["statistic"][1:]))
    quantiles = np.quantile(found.null_distribution, [0.025, 0.975], axis=0)
    assert_allclose([lines(ax)[k] for k in range(3)], quantiles.T)
    (means,) = (line for line in ax.lines if line.get_marker() == "|")
    assert_allclose(means.get_xdata(), table["null_mean"])
    (legend,) = display.figure_.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["shuffled: 95 %, mean", "p ≤ 0.05", "p > 0.05"]
    handle = legend.legend_handles[0]
    assert handle.get_solid_capstyle() == "butt"  # else it reaches into the text


def test_a_panel_for_each_measure(networks):
    from netrep_go.plotting import CalibrationDisplay

    measures = ["cka", "procrustes", "pwcca_x_weights"]  # the last in both orders
    found = calibrate(measures, networks, n_permutations=99, random_state=0, verbose=False)
    display = CalibrationDisplay.from_calibration(found, alpha=0.2)
    assert [ax.get_xlabel() for ax in display.axes_] == measures
    assert len(display.pairs) == len(labels(display.axes_[0])) == 6
    for name, ax, n in zip(measures, display.axes_, (3, 3, 6), strict=True):
        drawn = points(ax, filled=True), points(ax, filled=False)
        assert sum(map(len, drawn)) == n
        one = found[name]
        for sure, rows in zip((True, False), drawn, strict=True):
            for row, value in rows.items():
                pair = display.pairs[int(row)]
                assert value == one.statistic[pair]
                assert (found.pvalue_corrected[name][pair] <= 0.2) == sure
    with pytest.raises(ValueError, match="ax must be 3 axes"):
        found.plot(ax=plt.subplots(1, 2)[1])


def test_of_many_pairs_those_far_from_their_nulls(networks):
    found = calibrate("cka", networks, n_permutations=99, random_state=0, verbose=False)
    display = found.plot(n_pairs=1)
    assert display.pairs == [(0, 1)]
    pair = calibrate(
        "cka", networks["V1"], networks["noise"], n_permutations=99, random_state=0, verbose=False
    )
    assert labels(pair.plot().axes_[0]) == ["X and Y"]
    with pytest.raises(ValueError, match="n_pairs must be at least 1"):
        found.plot(n_pairs=0)
    with pytest.raises(TypeError, match="calibration must be a Calibration or a Calibrations"):
        type(display).from_calibration(3)


def test_intervals(networks):
    found = bootstrap("cka", networks, verbose=False)
    display = found.plot(n_pairs=2)
    display.figure_.canvas.draw()
    table = found.to_frame()[:2]
    assert points(display.ax_, filled=True) == dict(table["estimate"])
    assert points(display.ax_, filled=False) == dict(table["statistic"])
    assert_allclose(table["estimate"], table["statistic"] - table["bias"])
    assert (table["low"] < table["estimate"]).all()
    assert (table["estimate"] < table["high"]).all()
    (legend,) = display.figure_.legends
    assert [t.get_text() for t in legend.get_texts()] == ["value less bias, interval", "value"]
    assert_array_equal(np.array([*lines(display.ax_).values()]), table[["low", "high"]])
    assert display.ax_.get_xlabel() == "cka"
    plain = bootstrap("cka", *[*networks.values()][:2], correct_bias=False, verbose=False)
    one = plain.plot()
    assert labels(one.ax_) == ["X and Y"]
    assert points(one.ax_, filled=True) == {0: plain.statistic}
    assert not one.figure_.legends


def test_differences(networks):
    X, Ys = networks["V1"], {name: x for name, x in networks.items() if name != "V1"}
    Ys["copy"] = X + 0.1
    found = compare_values("cka", X, Ys, verbose=False)
    display = found.plot()
    display.figure_.canvas.draw()
    assert labels(display.ax_) == [
        "resnet50 layer4.2.conv3\n− noise",
        "resnet50 layer4.2.conv3\n− copy",
        "noise − copy",
    ]
    assert display.ax_.get_xlabel() == "difference of cka"
    sure = np.flatnonzero(found.pvalue_corrected <= 0.05)
    assert display.significant_ == sure.tolist() != []
    assert points(display.ax_, filled=True) == {k: found.difference[k] for k in sure}
    assert_array_equal(np.array([*lines(display.ax_).values()]), np.c_[found.low, found.high])
    assert display.ax_.lines[0].get_xdata() == [0, 0]
    few = found.plot(n_comparisons=1)
    assert len(labels(few.ax_)) == 1
    two = compare_values(["cka", "cka_unbiased"], X, {"a": Ys["noise"], "b": X}, verbose=False)
    assert labels(two.plot().ax_) == [
        "cka: a − b",
        "a: cka − cka_unbiased",
        "b: cka − cka_unbiased",
        "cka_unbiased: a − b",
    ]


def test_ceilings(networks):
    found = reliability("cka", networks, n_splits=7, random_state=0, verbose=False)
    display = found.plot()
    display.figure_.canvas.draw()
    assert labels(display.ax_) == ["V1", "resnet50 layer4.2.conv3", "noise"]
    assert points(display.ax_, filled=True) == dict(enumerate(found.value))
    assert_array_equal([*lines(display.ax_).values()], np.c_[found.low, found.high])
    splits = [line.get_xdata() for line in display.ax_.lines if line.get_marker() == "."]
    assert_array_equal(splits, found.distribution)
    subjects = reliability("cka", {"V1": list(networks.values())}, of="subjects", verbose=False)
    assert subjects.plot().ax_.get_xlabel() == "cka between subjects"
    assert subjects.to_frame()["measure"].tolist() == ["cka"]


@pytest.mark.parametrize("width", [3.4, 7.0])
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_names_stay_in_narrow_figures_and_lines_are_seen(networks, width, style):
    with plt.style.context(style):
        figure, ax = plt.subplots(figsize=(width, 2.5), layout="constrained")
        found = calibrate("cka", networks, n_permutations=49, random_state=0, verbose=False)
        display = found.plot(ax=ax)
        assert display.figure_ is figure
        figure.canvas.draw()
        box = figure.get_tightbbox()
        assert 0 <= box.x0 <= box.x1 <= width
        assert 0 <= box.y0 <= box.y1 <= 2.5
        (means,) = (line for line in ax.lines if line.get_marker() == "|")
        assert to_hex(means.get_color()) == ("#000000" if style == "default" else "#ffffff")
        assert ax.get_position().width * width > 0.9
