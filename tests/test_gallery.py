"""The figures of the gallery: nothing is cut off, nothing hides data, all is seen on black."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from netrep_go import plotting
from netrep_go.plotting._style import COLORS, DASHES, line_styles, shade

pytestmark = pytest.mark.usefixtures("closed_figures")

EXAMPLE = Path(__file__).parents[1] / "examples" / "gallery.py"
GALLERY = runpy.run_path(str(EXAMPLE))
ON_COLORS = ("measure_benchmark",)  # text in cells of a color map
DRAWN = {}  # classes of displays, by figure

# Machado, Oliveira & Fernandes (2009), full severity, of linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colors):
    rgb = np.array([to_rgb(color) for color in colors])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colors):
    return linear(colors) @ [0.2126, 0.7152, 0.0722]


def cielab(rgb):
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750]]
    to_xyz.append([0.0193339, 0.1191920, 0.9503041])
    x, y, z = (rgb @ np.transpose(to_xyz) / [0.95047, 1, 1.08883]).T
    x, y, z = (
        np.where(v > 216 / 24389, np.cbrt(v), (24389 / 27 * v + 16) / 116) for v in (x, y, z)
    )
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize("vision", VISION)
def test_colors_are_told_apart(vision):
    seen = cielab(np.clip(linear(COLORS) @ np.transpose(VISION[vision]), 0, 1))
    apart = np.linalg.norm(seen[:, np.newaxis] - seen, axis=2)[np.triu_indices(len(COLORS), 1)]
    assert apart.min() > 15  # of which 2.3 is just seen


def test_the_simulation_does_something():
    pair = linear(["#d62728", "#2ca02c"])  # red and green
    normal, without = (
        np.linalg.norm(np.subtract(*cielab(np.clip(pair @ np.transpose(VISION[v]), 0, 1))))
        for v in ("normal", "deuteranopia")
    )
    assert without < 0.5 * normal


@pytest.mark.parametrize(("ground", "least"), [("white", 1.5), ("black", 3.0)])
def test_colors_are_seen_on_white_and_black(ground, least):
    other = luminance([ground])[0]
    both = np.stack([luminance(COLORS), np.full(len(COLORS), other)]) + 0.05
    assert (both.max(axis=0) / both.min(axis=0)).min() > least


def test_no_two_lines_look_alike():
    styles = line_styles(40, "models")
    assert len({(style["color"], str(style["linestyle"])) for style in styles}) == 40
    assert {style["linestyle"] for style in styles[:10]} == {DASHES[0]}
    with pytest.raises(ValueError, match="at most 40 models can be told apart"):
        line_styles(41, "models")


@pytest.mark.parametrize(
    ("ground", "ink", "expected"),
    [("white", "black", 0.75), ("black", "white", 0.25), ("none", "white", 0.25)],
)
def test_grays_turn_around_on_black(ground, ink, expected):
    _, ax = plt.subplots(facecolor=ground)
    ax.set_facecolor("none")
    ax.xaxis.label.set_color(ink)
    assert shade(ax, 0.75) == pytest.approx((expected,) * 3)


@pytest.mark.parametrize("name", GALLERY["FIGURES"])
def test_figure_of_the_gallery(name):
    if name == "searchlight":
        pytest.importorskip("nibabel", reason="it draws an image")
    display = GALLERY["drawn"](name, 3.4, dark=True)
    DRAWN[name], figure = type(display), display.figure_
    figure.canvas.draw()
    renderer, page = figure.canvas.get_renderer(), figure.bbox
    assert figure.get_size_inches()[0] == pytest.approx(3.4)
    for text in texts_of(figure):
        box = text.get_window_extent(renderer)
        assert box.x0 >= page.x0 - 1, text
        assert box.x1 <= page.x1 + 1, text
        assert box.y0 >= page.y0 - 1, text
        assert box.y1 <= page.y1 + 1, text
        assert text.get_fontsize() >= 4, text
        if name not in ON_COLORS:
            assert luminance([text.get_color()])[0] > 0.2, text
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend() is not None]
    for legend in legends:
        box = legend.get_window_extent(renderer).padded(-1)
        assert not any(box.overlaps(ax.patch.get_window_extent()) for ax in figure.axes), name


def test_every_display_is_in_the_gallery():
    pytest.importorskip("nibabel", reason="a figure draws an image")
    for name in GALLERY["FIGURES"].keys() - DRAWN:
        DRAWN[name] = type(GALLERY["drawn"](name, 3.4, dark=False))
    displays = {name for name in plotting.__all__ if name.endswith("Display")}
    assert displays == {cls.__name__ for cls in DRAWN.values()}


def texts_of(figure):
    """Return what is written in a figure."""
    found = [text for legend in figure.legends for text in legend.get_texts()]
    for ax in figure.axes:
        ticks = [*seen(ax.xaxis), *seen(ax.yaxis)]
        found += [ax.title, ax.xaxis.label, ax.yaxis.label, *ticks, *ax.texts]
        if ax.get_legend() is not None:
            found += [ax.get_legend().get_title(), *ax.get_legend().get_texts()]
    return [text for text in found if text.get_visible() and text.get_text()]


def seen(axis):
    """Return the names of those ticks that are within the limits of an axis."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for tick in ticks for text in (tick.label1, tick.label2)]


def test_gallery_writes_files(tmp_path):
    plt.switch_backend("Agg")
    GALLERY["save"]("mantel_test", tmp_path, (3.4,))
    light, dark = (
        plt.imread(tmp_path / f"mantel_test_34_{ground}.png")[..., :3].mean()
        for ground in ("light", "dark")
    )
    assert light > 0.8 > 0.2 > dark
