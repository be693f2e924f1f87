import csv
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import pdist, squareform

from netrep_go.plotting import (
    AlignedActivationsDisplay,
    DendrogramDisplay,
    DistanceMatrixDisplay,
    EmbeddingDisplay,
)

pytestmark = pytest.mark.usefixtures("closed_figures")

matplotlib.use("Agg")

DEMO = Path(__file__).parents[1] / "examples" / "digits_shapes.py"
FROM_DISTANCES = [
    DistanceMatrixDisplay.from_distances,
    EmbeddingDisplay.from_distances,
    DendrogramDisplay.from_distances,
]


@pytest.fixture
def points():
    """Six points of the plane in two groups, one at the even and one at the odd rows."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((6, 2)) + 20.0 * (np.arange(6) % 2)[:, None]


@pytest.fixture
def distances(points):
    return squareform(pdist(points))


def draw(display):
    """Render, where matplotlib finds most of its errors."""
    display.figure_.canvas.draw()


def test_heat_map_in_the_given_order(distances):
    display = DistanceMatrixDisplay.from_distances(distances, label="angle (rad)")
    draw(display)
    shown = display.im_.get_array()
    assert shown.mask.sum() == 6
    assert shown.mask.diagonal().all()
    off_diagonal = ~np.eye(6, dtype=bool)
    np.testing.assert_array_equal(shown.data[off_diagonal], distances[off_diagonal])
    assert display.order.tolist() == list(range(6))
    assert display.im_.colorbar.ax.get_ylabel() == "angle (rad)"


def test_heat_map_in_the_order_of_the_clusters(distances):
    labels = list("abcdef")
    display = DistanceMatrixDisplay.from_distances(distances, names=labels, cluster=True)
    draw(display)
    order = display.order
    assert sorted(order) == list(range(6))
    assert len(set(order[:3] % 2)) == len(set(order[3:] % 2)) == 1
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == [labels[i] for i in order]
    np.testing.assert_array_equal(display.distances, distances[np.ix_(order, order)])


def test_embedding_recovers_points_of_a_plane(points, distances):
    display = EmbeddingDisplay.from_distances(distances)
    draw(display)
    np.testing.assert_allclose(pdist(display.embedding), pdist(points), rtol=1e-6)
    assert display.stress < 1e-6
    assert display.ax_.get_legend() is None


def test_embedding_s_stress_is_stress_1():
    distances = 1.0 - np.eye(4)  # a tetrahedron does not fit a plane
    display = EmbeddingDisplay.from_distances(distances)
    fitted = pdist(display.embedding)
    expected = np.sqrt(np.sum((fitted - 1.0) ** 2) / np.sum(fitted**2))
    assert display.stress == pytest.approx(expected)
    assert display.stress > 0.1


def test_embedding_shows_covariates_by_color_and_marker(distances):
    covariates = {"width": [32, 64, 32, 64, 32, 64], "kind": list("aabbaa")}
    display = EmbeddingDisplay.from_distances(
        distances, covariates=covariates, hue="width", style="kind"
    )
    draw(display)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["width 32", "width 64", "kind a", "kind b"]
    drawn = {
        tuple(point): (to_hex(group.get_facecolor()[0]), len(group.get_paths()[0].vertices))
        for group in display.ax_.collections
        for point in np.asarray(group.get_offsets())
    }
    color, marker = zip(*(drawn[tuple(point)] for point in display.embedding), strict=True)
    assert color[0] == color[2] == color[4] != color[1] == color[3] == color[5]
    assert marker[0] == marker[1] == marker[4] == marker[5] != marker[2] == marker[3]


def test_embedding_takes_a_data_frame(distances):
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    table = pandas.DataFrame({"depth": [1, 2] * 3}, index=list("uvwxyz"))
    display = EmbeddingDisplay.from_distances(distances, covariates=table, hue="depth")
    assert len(display.ax_.get_legend().get_texts()) == 2


@pytest.mark.parametrize("display", [DistanceMatrixDisplay, DendrogramDisplay, EmbeddingDisplay])
def test_names_come_from_keys_or_an_index(distances, display):
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    names = list("uvwxyz")
    framed = pandas.DataFrame(distances, names, names)
    assert display.from_distances(framed).names == names
    assert display.from_distances(pandas.DataFrame(distances)).names is None
    named = display.from_distances(framed, names=dict.fromkeys(range(6)))
    assert named.names == list(range(6))
    draw(named)
    texts = named.ax_.texts or named.ax_.get_yticklabels()
    assert sorted(text.get_text() for text in texts) == list("012345")


def test_names_may_repeat_and_stand_beside_their_points(distances):
    display = EmbeddingDisplay.from_distances(distances, names=["a", "b"] * 3)
    draw(display)
    assert [text.get_text() for text in display.ax_.texts] == ["a", "b"] * 3
    np.testing.assert_array_equal([text.xy for text in display.ax_.texts], display.embedding)


def test_aligned_activations_of_a_dict():
    X = np.random.default_rng(0).standard_normal((12, 3))
    display = AlignedActivationsDisplay.from_activations({"one": X, "two": -X}, [0, 1] * 6)
    assert [panel.get_title() for panel in display.axes_] == ["one", "two"]
    with pytest.raises(ValueError, match="one entry for each of the 2 activations, got 1"):
        AlignedActivationsDisplay.from_activations([X, -X], [0, 1] * 6, names=["one"])


def test_dendrogram_has_average_linkage():
    distances = squareform([2.0, 6.0, 10.0, 8.0, 12.0, 4.0])
    display = DendrogramDisplay.from_distances(distances, label="angle (rad)")
    draw(display)
    # {0, 1} join at 2, {2, 3} at 4, and both at the mean of 6, 10, 8 and 12.
    np.testing.assert_allclose(cophenet(display.linkage), [2.0, 9.0, 9.0, 9.0, 9.0, 4.0])
    assert display.ax_.get_xlabel() == "angle (rad)"


def test_dendrogram_colors_the_leaves_by_covariate(distances):
    names = ["even 0", "odd 1", "even 2", "odd 3", "even 4", "odd 5"]
    display = DendrogramDisplay.from_distances(
        distances, names=names, covariates={"parity": [0, 1] * 3}, hue="parity"
    )
    draw(display)
    leaves = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert sorted(leaves) == sorted(names)
    squares = next(c for c in display.ax_.collections if len(c.get_offsets()) == 6)
    color = dict(zip(leaves, map(to_hex, squares.get_facecolors()), strict=True))
    assert color["even 0"] == color["even 2"] == color["even 4"]
    assert color["odd 1"] == color["odd 3"] == color["odd 5"] != color["even 0"]


def test_aligned_activations_share_their_components():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 30, 5)) * [5.0, 4.0, 1.0, 1.0, 1.0]
    labels = np.repeat(["a", "b", "c"], 10)
    display = AlignedActivationsDisplay.from_activations(
        [X, Y, X, Y], labels, names=["one", "two", "three", "four"]
    )
    draw(display)
    np.testing.assert_array_equal(display.components[0], display.components[2])
    stack = np.concatenate([X, Y, X, Y])
    variance = np.linalg.svd(stack - stack.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose(
        display.explained_variance_ratio, variance[:2] / variance.sum(), rtol=1e-10
    )
    spread = np.concatenate(display.components).var(axis=0) * len(stack)
    np.testing.assert_allclose(spread, variance[:2], rtol=1e-10)
    assert [panel.get_title() for panel in display.axes_] == ["one", "two", "three", "four"]
    assert len(display.figure_.axes) == 4
    assert [text.get_text() for text in display.axes_[0].texts] == ["a", "b", "c"]


def test_aligned_activations_on_given_axes():
    figure, axes = plt.subplots(1, 2)
    X = np.random.default_rng(0).standard_normal((12, 3))
    display = AlignedActivationsDisplay.from_activations([X, -X], [0, 1] * 6, ax=axes)
    draw(display)
    assert display.figure_ is figure
    assert list(display.axes_) == list(axes)


@pytest.mark.parametrize("from_distances", FROM_DISTANCES)
def test_displays_draw_on_given_axes_and_draw_again(from_distances, distances):
    before = distances.copy()
    figure, (first, second) = plt.subplots(1, 2)
    display = from_distances(distances, ax=first)
    assert display.ax_ is first
    assert display.plot(ax=second) is display
    assert display.ax_ is second
    assert display.figure_ is figure
    draw(display)
    np.testing.assert_array_equal(distances, before)


@pytest.mark.parametrize("from_distances", FROM_DISTANCES)
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.arange(9.0).reshape(3, 3), "distances must be symmetric"),
        (np.zeros((2, 3)), "distances must be a square matrix"),
        (np.full((3, 3), np.nan), "distances contains NaN"),
        (np.zeros((1, 1)), "distances must have at least 2 rows"),
    ],
)
def test_bad_distances_are_refused(from_distances, bad, message):
    with pytest.raises(ValueError, match=message):
        from_distances(bad)


@pytest.mark.parametrize("display", [DistanceMatrixDisplay, DendrogramDisplay, EmbeddingDisplay])
def test_names_of_another_length_are_refused(display, distances):
    with pytest.raises(ValueError, match="names must have one entry for each of the 6 networks"):
        display.from_distances(distances, names=["a", "b"])


@pytest.mark.parametrize(
    ("covariates", "message"),
    [
        (None, "covariates must have a column 'width'"),
        ({"depth": range(6)}, "covariates must have a column 'width'"),
        ({"width": range(5)}, r"covariate 'width' must have shape \(6,\)"),
    ],
)
@pytest.mark.parametrize("display", [EmbeddingDisplay, DendrogramDisplay])
def test_bad_covariates_are_refused(display, covariates, message, distances):
    with pytest.raises(ValueError, match=message):
        display.from_distances(distances, covariates=covariates, hue="width")


def test_more_levels_than_colors_are_refused():
    distances = 1.0 - np.eye(11)
    with pytest.raises(ValueError, match="must have at most 10 levels, got 11"):
        EmbeddingDisplay.from_distances(distances, covariates={"k": list("abcdefghijk")}, hue="k")


def test_activations_that_are_not_aligned_are_refused():
    with pytest.raises(ValueError, match="activations must be matrices of one shape"):
        AlignedActivationsDisplay.from_activations([np.ones((4, 3)), np.ones((4, 2))], [0, 1] * 2)
    with pytest.raises(ValueError, match=r"y must have shape \(4,\), got \(2,\)"):
        AlignedActivationsDisplay.from_activations([np.ones((4, 3))], [0, 1])


def test_missing_matplotlib_names_the_extra(monkeypatch, distances):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = r'needs matplotlib, which is not installed: pip install "netrep-go\[plot\]"'
    with pytest.raises(ImportError, match=message):
        EmbeddingDisplay.from_distances(distances)


def test_importing_the_module_does_not_import_matplotlib():
    code = "import sys, netrep_go.plotting; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_demo_writes_its_tables_and_figures(tmp_path):
    command = [
        sys.executable,
        "-W",
        "error::FutureWarning",
        str(DEMO),
        "--quick",
        "--output",
        str(tmp_path),
    ]
    run = subprocess.run(
        [*command, "--n-jobs", "1"], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    for name in ("heatmap", "mds", "dendrogram", "aligned_pca"):
        assert plt.imread(tmp_path / f"{name}.png").std() > 0.05
    with (tmp_path / "networks.csv").open(newline="") as file:
        networks = list(csv.DictReader(file))
    with (tmp_path / "distances.csv").open(newline="") as file:
        pairs = list(csv.DictReader(file))
    assert len(networks) == 8
    assert len(pairs) == 8 * 7 / 2
    train, test = (np.array([float(pair[key]) for pair in pairs]) for key in ("train", "test"))
    assert ((train > 0) & (train < test.max()) & (test < np.pi / 2)).all()
    assert train.mean() < test.mean()
    assert f"{test.mean():.3f} rad on held-out images" in run.stdout


@pytest.mark.parametrize("show", FROM_DISTANCES)
@pytest.mark.parametrize("n_networks", [3, 30])
def test_long_names_are_not_cut_off(show, n_networks):
    D = squareform(pdist(np.random.default_rng(0).standard_normal((n_networks, 3))))
    display = show(D, names=[f"resnet50, layer {i}, seed 1" for i in range(n_networks)])
    draw(display)
    ax, page = display.ax_, display.figure_.bbox
    names = [text for text in [*ax.get_yticklabels(), *ax.texts] if "seed" in text.get_text()]
    assert len(names) == n_networks
    for name in names:
        box = name.get_window_extent()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= page.x1
        assert box.y1 <= page.y1


@pytest.mark.parametrize("show", [DendrogramDisplay, EmbeddingDisplay])
def test_covariates_of_other_networks_are_refused(show, distances):
    pandas = pytest.importorskip("pandas")
    names = list("uvwxyz")
    framed = pandas.DataFrame(distances, names, names)
    table = pandas.DataFrame({"depth": [1, 1, 2, 2, 3, 3]}, index=names[::-1])
    with pytest.raises(ValueError, match="distances and covariates must have the same networks"):
        show.from_distances(framed, covariates=table, hue="depth")
