"""What displays draw: labels, limits, colors, and what legends say."""

import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgba
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform

from netrep_go.capacity import DirectCapacity, JointCapacity, MeanFieldCapacity
from netrep_go.covariates import knn_permutation, mantel, permanova
from netrep_go.inference import bootstrap, compare_networks, disagreement
from netrep_go.plotting import (
    CapacityDisplay,
    ComparisonDisplay,
    DendrogramDisplay,
    DistanceMatrixDisplay,
    EmbeddingDisplay,
    ModelEvaluationDisplay,
    PermutationTestDisplay,
    RDMDisplay,
    RDMEmbeddingDisplay,
    RDMsDisplay,
    ReweightingDisplay,
    SearchlightDisplay,
    TimeCourseDisplay,
    paper_style,
)
from netrep_go.plotting._layout import shortened
from netrep_go.plotting._rsa import dissimilarity_label
from netrep_go.plotting._style import COLORS
from netrep_go.rsa import (
    cluster_test,
    compare_models,
    evaluate,
    fusion,
    partition_variance,
    permutation_test,
    rdm,
    reweight,
    searchlight,
    time_resolved,
)
from netrep_go.rsa._rdm import METRICS

pytestmark = pytest.mark.usefixtures("closed_figures")

mpl.use("Agg")


@pytest.fixture
def distances(rng):
    return squareform(pdist(rng.standard_normal((12, 3))))


def axes_of(width, height=None):
    with plt.rc_context(paper_style(width=width, height=height)):
        return plt.subplots(layout="constrained")[1]


def texts(labels):
    return [label.get_text() for label in labels]


def legend_of(ax):
    return texts(ax.get_legend().get_texts())


def is_outside(ax):
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent().padded(-1)
    return not any(box.overlaps(other.patch.get_window_extent()) for other in ax.figure.axes)


# colors of numbers


@pytest.mark.parametrize(
    "values",
    [np.linspace(0.5, 0.9, 12), np.arange(12) * 1000, np.arange(12, dtype=np.float32) / 3],
)
def test_numbers_have_a_color_bar(distances, values):
    display = EmbeddingDisplay.from_distances(distances, covariates={"x": values}, hue="x")
    display.figure_.canvas.draw()
    (points,) = display.ax_.collections
    assert_allclose(points.get_facecolors(), mpl.colormaps["viridis"](np.linspace(0, 1, 12)))
    bar = display.figure_.axes[1]
    assert bar.get_ylabel() == "x"
    assert_allclose(bar.get_ylim(), [values[0], values[-1]], rtol=1e-6)
    assert display.ax_.get_legend() is None


def test_unknown_numbers_are_gray_and_all_unknown_ones_refused(distances):
    values = np.linspace(0, 1, 12)
    values[3] = np.nan
    display = EmbeddingDisplay.from_distances(distances, covariates={"x": values}, hue="x")
    (points,) = display.ax_.collections
    assert len(points.get_offsets()) == 12
    assert_allclose(points.get_facecolors()[3], to_rgba("0.6"))
    for bad in (np.full(12, np.nan), np.r_[np.inf, values[1:]]):
        with pytest.raises(ValueError, match="covariate 'x' must have finite numbers"):
            EmbeddingDisplay.from_distances(distances, covariates={"x": bad}, hue="x")


@pytest.mark.parametrize("values", [np.arange(12) % 3, np.arange(12) % 2 == 0, list("abcd") * 3])
def test_few_levels_have_a_legend(distances, values):
    display = EmbeddingDisplay.from_distances(distances, covariates={"x": values}, hue="x")
    n = len(set(np.asarray(values).tolist()))
    assert legend_of(display.ax_) == [f"x {level}" for level in np.unique(values)]
    drawn = {to_hex(c.get_facecolor()[0]) for c in display.ax_.collections}
    assert drawn == set(COLORS[:n])
    assert len(display.figure_.axes) == 1


def test_numbers_color_a_dendrogram_and_an_rdm(distances):
    pandas = pytest.importorskip("pandas", reason="a Series has a name")
    accuracy = pandas.Series(np.linspace(0.5, 0.9, 12), name="accuracy")
    tree = DendrogramDisplay.from_distances(
        distances, covariates={"accuracy": accuracy}, hue="accuracy"
    )
    plane = RDMEmbeddingDisplay.from_rdm(distances, hue=accuracy)
    assert [d.figure_.axes[1].get_ylabel() for d in (tree, plane)] == ["accuracy"] * 2
    squares = next(c for c in tree.ax_.collections if len(c.get_offsets()) == 12)
    leaves = [int(text) for text in texts(tree.ax_.get_yticklabels())]
    expected = mpl.colormaps["viridis"](np.linspace(0, 1, 12))[leaves]
    assert_allclose(squares.get_facecolors(), expected)


def test_markers_of_more_levels_than_there_are_are_refused(distances):
    with pytest.raises(ValueError, match="must have at most 10 levels, got 12"):
        EmbeddingDisplay.from_distances(distances, covariates={"k": range(12)}, style="k")


@pytest.mark.parametrize("n", [3, 5, 8])
def test_names_of_points_stay_within_the_figure(n):
    angles = 2 * np.pi * np.arange(n) / n
    names = [f"a network with a name as long as this one, seed {k}" for k in range(n)]
    circle = squareform(pdist(np.transpose([np.cos(angles), 0.9 * np.sin(angles)])))
    display = EmbeddingDisplay.from_distances(circle, names=names)
    display.figure_.canvas.draw()
    figure = display.figure_.bbox
    for text in display.ax_.texts:
        box = text.get_window_extent()
        assert figure.x0 - 1 <= box.x0
        assert box.x1 <= figure.x1 + 1


def test_names_of_points_keep_apart():
    points = np.array([[0.0, 0.0], [0.02, 0.0], [0.0, 0.02], [1.0, 1.0]])
    display = EmbeddingDisplay.from_distances(
        squareform(pdist(points)), names=["first", "second", "third", "fourth"]
    )
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :]]
    assert not any(a.overlaps(b) for a, b in pairs)


# heat maps


def test_heat_maps_name_columns_and_units(distances):
    names = [f"net {k}" for k in range(12)]
    display = DistanceMatrixDisplay.from_distances(distances, names=names, cluster=True)
    expected = [names[k] for k in display.order]
    assert texts(display.ax_.get_xticklabels()) == texts(display.ax_.get_yticklabels()) == expected
    bars = {
        metric: RDMDisplay.from_rdm(distances, metric=metric).im_.colorbar.ax.get_ylabel()
        for metric in ("correlation", "euclidean", None)
    }
    assert bars["correlation"] == "correlation distance (1 − r)"
    assert bars["euclidean"] == "Euclidean distance (unit of responses)"
    assert bars[None] == "dissimilarity"
    ranked = RDMDisplay.from_rdm(distances, metric="cosine", ranks=True).im_.colorbar
    assert ranked.ax.get_ylabel() == "rank (0 to 1) of\ncosine distance (1 − cos)"
    with pytest.raises(ValueError, match="metric"):
        RDMDisplay.from_rdm(distances, metric="other")


def test_every_metric_has_a_label():
    labels = {dissimilarity_label(metric, False) for metric in (*METRICS, None)}
    assert len(labels) == len(METRICS) + 1


def test_names_that_cannot_be_read_are_left_out_with_a_warning():
    D = 1.0 - np.eye(92)
    with pytest.warns(UserWarning, match="92 names along the y axis are left out"):
        display = DistanceMatrixDisplay.from_distances(D, names=range(92), ax=axes_of(3.4))
    assert not display.ax_.get_xticklabels()
    alone = DistanceMatrixDisplay.from_distances(D[:40, :40], names=range(40))
    assert len(alone.ax_.get_xticklabels()) == 40


@pytest.mark.parametrize(("width", "n_columns"), [(3.4, 1), (7.0, 2), (10.8, 3)])
def test_comparison_in_a_column(rng, width, n_columns):
    networks = dict(zip("abcd", rng.standard_normal((4, 30, 5)), strict=True))
    found = compare_networks(networks, ["cka", "procrustes", "rsa"], verbose=False)
    display = ComparisonDisplay.from_comparison(found, width=width)
    display.figure_.canvas.draw()
    assert display.figure_.get_size_inches()[0] == pytest.approx(width)
    corners = {round(ax.get_position().x0, 3) for ax in display.axes_}
    assert len(corners) == n_columns
    for ax in display.axes_:
        assert ax.get_window_extent().width > 0.5 * display.figure_.bbox.width / n_columns
        assert texts(ax.get_xticklabels()) == list("abcd")
    bars = [image.colorbar.ax.get_ylabel() for image in display.ims_]
    assert bars == ["cka\nsimilarity", "procrustes\ndistance (rad)", "rsa\nsimilarity"]


def test_comparison_and_disagreement_on_given_axes(rng):
    networks = dict(zip("abcd", rng.standard_normal((4, 30, 5)), strict=True))
    found = compare_networks(networks, ["cka", "procrustes"], verbose=False)
    _, axes = plt.subplots(2, 2)
    assert list(found.plot(ax=axes[0]).axes_) == list(axes[0])
    assert list(disagreement(found).plot(n_pairs=2, ax=axes[1]).axes_) == list(axes[1])
    with pytest.raises(ValueError, match="ax must be 2 axes"):
        found.plot(ax=axes[0, :1])
    with pytest.raises(ValueError, match="width"):
        found.plot(width=0.0)


def test_several_rdms_have_one_scale_and_one_order(rng):
    rdms = dict(zip(["V1", "V4", "IT"], rng.random((3, 66)), strict=True))
    display = RDMsDisplay.from_rdms(rdms, cluster=True, conditions=range(12), metric="cosine")
    display.figure_.canvas.draw()
    assert [panel.get_title() for panel in display.axes_] == list(rdms)
    limits = {image.get_clim() for image in display.ims_}
    every = np.concatenate(list(rdms.values()))
    assert limits == {(every.min(), every.max())}
    order = np.ix_(display.order, display.order)
    for image, vector in zip(display.ims_, rdms.values(), strict=True):
        shown = image.get_array()
        assert shown.mask.diagonal().all()
        assert_allclose(shown.filled(0), squareform(vector)[order])
    assert texts(display.axes_[0].get_yticklabels()) == [str(k) for k in display.order]
    assert not display.axes_[1].get_yticklabels()
    assert display.figure_.axes[-1].get_ylabel() == "cosine distance (1 − cos)"
    ranked = RDMsDisplay.from_rdms(rdms, ranks=True)
    assert {image.get_clim() for image in ranked.ims_} == {(0.0, 1.0)}


def test_several_rdms_with_missing_entries(rng):
    rdms = rng.random((2, 66))
    rdms[1, 5] = np.nan
    display = RDMsDisplay.from_rdms(rdms, width=3.4)
    assert display.ims_[1].get_array().mask.sum() == 12 + 2
    with pytest.raises(ValueError, match="rdms contains NaN, and its conditions"):
        RDMsDisplay.from_rdms(rdms, cluster=True)
    with pytest.raises(ValueError, match="ax must be 2 axes"):
        RDMsDisplay.from_rdms(rdms, ax=[plt.gca()])


# models


def evaluation(rng, n_models, **options):
    X = rng.standard_normal((16, 40))
    shares = np.linspace(0, 1, n_models)
    models = {f"m{k}": rdm(p * X + (1 - p) * rng.standard_normal(X.shape)) for k, p in
              enumerate(shares)}  # fmt: skip
    return evaluate(models, rdm(X + 1.5 * rng.standard_normal((8, 16, 40))), **options)


def test_legend_says_what_bars_band_asterisks_and_lines_are(rng):
    display = ModelEvaluationDisplay.from_evaluation(evaluation(rng, 4), ax=axes_of(3.4, 3.0))
    assert is_outside(display.ax_)
    assert set(legend_of(display.ax_)) == {
        "noise ceiling",
        "mean ± s.e. of 8 subjects",
        "above 0 (p < 0.05, uncorrected)",
        "differ\n(p < 0.05, t test, FDR)",
    }
    assert display.matrix_ax_ is None
    found = display.evaluation
    assert_array_equal(display.above_, np.flatnonzero(found.pvalue_zero < 0.05))
    tops = found.mean + found.standard_error()
    stars = [line for line in display.ax_.lines if line.get_marker() == (6, 2, 0)]
    assert [line.get_xdata()[0] for line in stars] == display.above_.tolist()
    assert all(line.get_ydata()[0] > tops[line.get_xdata()[0]] for line in stars)
    assert texts(display.ax_.get_xticklabels()) == found.names


def test_legend_leaves_out_what_is_not_drawn(rng):
    found = evaluation(rng, 3, resample="both", n_bootstraps=50, random_state=0)
    display = ModelEvaluationDisplay.from_evaluation(found, alpha=1e-12)
    assert set(legend_of(display.ax_)) == {
        "noise ceiling",
        "mean ± s.e. (bootstrap: subjects, conditions)",
    }


def test_many_models_have_a_matrix_and_names(rng):
    found = evaluation(rng, 25)
    display = ModelEvaluationDisplay.from_evaluation(found, ax=axes_of(3.4, 4.5))
    matrix = display.matrix_ax_
    assert is_outside(matrix)
    assert texts(display.ax_.get_xticklabels()) == texts(matrix.get_yticklabels()) == found.names
    assert not any(line.get_linestyle() == "-" and len(line.get_xdata()) == 2
                   and line.get_xdata()[0] != line.get_xdata()[1] and line.get_ydata()[0] > 0
                   for line in display.ax_.lines)  # fmt: skip
    signs = matrix.collections[0].get_array()
    expected = np.zeros((25, 25))
    contrasts = compare_models(found)
    for (i, j), p, d in zip(
        contrasts.pairs, contrasts.pvalue_corrected, contrasts.difference, strict=True
    ):
        expected[j, i] = np.sign(d) * (p < 0.05)
        expected[i, j] = -expected[j, i]
    assert_array_equal(np.reshape(signs, (25, 25)), expected)
    assert np.abs(expected).sum() > 20
    assert "column above row\n(p < 0.05, t test, FDR)" in legend_of(matrix)
    lines = ModelEvaluationDisplay.from_evaluation(found, marks="lines")
    assert lines.matrix_ax_ is None
    figure = plt.figure()
    placed = ModelEvaluationDisplay.from_evaluation(
        found, marks="matrix", ax=figure.add_axes((0.2, 0.2, 0.7, 0.7))
    )
    low, high = placed.ax_.get_position(), placed.matrix_ax_.get_position()
    assert low.y1 < high.y0 < high.y1 <= 0.9 + 1e-9


def test_weights_of_models(rng):
    models = dict(zip("abc", rng.random((3, 66)), strict=True))
    measured = rng.random((5, 66)) + 2 * models["b"]
    found = reweight(models, measured, cv=4, random_state=0)
    display = found.plot(ax=axes_of(3.4))
    assert isinstance(display, ReweightingDisplay)
    assert_allclose([bar.get_height() for bar in display.ax_.patches], found.weights.mean(axis=0))
    dots = next(c for c in display.ax_.collections if len(c.get_offsets()) == 15)
    assert_allclose(dots.get_offsets()[:, 1], found.weights.ravel())
    assert texts(display.ax_.get_xticklabels()) == list("abc")
    held_out, fitted = found.scores.mean(), found.fitted_scores.mean()
    expected = f"spearman: {held_out:.2f} held out, {fitted:.2f} fitted"
    assert display.ax_.get_title() == expected
    assert is_outside(display.ax_)
    assert reweight(models, measured[0], cv=4).plot().ax_.get_legend() is None


# time


def course(rng, n_models, n_subjects=5):
    data = rng.standard_normal((n_subjects, 6, 8, 12))
    return time_resolved(data, rng.random((n_models, 15)), times=np.arange(12) * 20.0 - 60)


def test_time_courses_beyond_the_colors_differ_in_dashes(rng):
    found = course(rng, 12)
    display = TimeCourseDisplay.from_time_course(found, unit="ms", ax=axes_of(3.4))
    styles = [(line.get_color(), str(line._dash_pattern)) for line in display.ax_.lines[:12]]
    assert len(set(styles)) == 12
    assert display.ax_.get_xlabel() == "time (ms)"
    assert display.ax_.get_ylabel() == found.label
    assert is_outside(display.ax_)
    assert display.ax_.get_legend().get_title().get_text() == "band: ± s.e. of 5 subjects"
    with pytest.raises(ValueError, match="at most 40 models can be told apart"):
        TimeCourseDisplay.from_time_course(course(rng, 41))


def test_clusters_lie_below_the_bands_and_are_whole(rng):
    found = course(rng, 11)
    marked = cluster_test(found.scores[:, 0], random_state=0, n_permutations=63)
    display = found.plot(clusters=[marked] * 11, alpha=1.0)
    assert "bar: cluster, p ≤ 1" in display.ax_.get_legend().get_title().get_text()
    marks = [line for line in display.ax_.lines if line.get_linewidth() == 3]
    assert marks
    assert {line.get_linestyle() for line in marks} == {"-"}
    error = found.scores.std(axis=0, ddof=1) / np.sqrt(5)
    lowest = (found.scores.mean(axis=0) - error).min()
    assert max(line.get_ydata()[0] for line in marks) < lowest
    one = course(rng, 2, n_subjects=1).plot()
    assert one.ax_.get_legend().get_title().get_text() == ""


def test_noise_ceilings_over_time_are_drawn(rng):
    data = rng.standard_normal((6, 9, 1)) + rng.standard_normal((5, 6, 9, 8))
    found = time_resolved(data, rng.random((2, 15)), noise_ceiling=True)
    marked = cluster_test(found.scores[:, 0], random_state=0, n_permutations=31)
    display = found.plot(clusters=[marked] * 2, alpha=1.0)
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["model 0", "model 1", "noise ceiling"]
    (band,) = (each for each in display.ax_.collections if each.get_label() == "noise ceiling")
    drawn = band.get_paths()[0].vertices
    assert set(found.noise_ceiling.lower) | set(found.noise_ceiling.upper) <= set(drawn[:, 1])
    assert band.get_zorder() < min(line.get_zorder() for line in display.ax_.lines)
    marks = [line for line in display.ax_.lines if line.get_linewidth() == 3]
    assert max(line.get_ydata()[0] for line in marks) < found.noise_ceiling.lower.min()


@pytest.mark.parametrize("method", ["regression", "rank-regression"])
def test_weights_are_not_called_similarities(method, rng):
    models, measured = rng.random((2, 15)), rng.random((4, 15))
    label = f"weight of the model\n({method})"
    assert evaluate(models, measured, method).plot().ax_.get_ylabel() == label
    data = rng.standard_normal((3, 6, 9, 4))
    assert time_resolved(data, models, method=method).plot().ax_.get_ylabel() == label


# permutations


def test_permutations_of_models(rng):
    models = dict(zip("abc", rng.random((3, 66)), strict=True))
    test = permutation_test(models, models["b"], n_permutations=199, random_state=0)
    display = test.plot(ax=axes_of(3.4))
    assert isinstance(display, PermutationTestDisplay)
    assert texts(display.ax_.get_yticklabels()) == list("abc")
    observed = [line for line in display.ax_.lines if line.get_label() == "observed"]
    assert_allclose([line.get_xdata()[0] for line in observed], test.statistic)
    assert texts(display.ax_.texts) == [f"p = {p:.2g}" for p in test.pvalue_corrected]
    title = display.ax_.get_legend().get_title().get_text()
    assert title == "p: FDR-corrected"
    assert legend_of(display.ax_) == ["199 permutations", "observed"]
    assert is_outside(display.ax_)
    for row, stairs in enumerate(display.ax_.patches):
        values, edges, baseline = stairs.get_data()
        counts, _ = np.histogram(test.null_distribution[:, row], edges)
        assert_allclose((values - baseline) / 0.8, counts / counts.max())
    some = PermutationTestDisplay.from_test(test, which=[2, 0])
    assert texts(some.ax_.get_yticklabels()) == ["c", "a"]
    for which, message in (([3], "which must be positions of 3 tests"), ([], "1 to 60 tests")):
        with pytest.raises(ValueError, match=message):
            PermutationTestDisplay.from_test(test, which=which)


def test_permutations_of_networks(distances, rng):
    y = np.arange(12) % 2
    options = {"n_permutations": 99, "random_state": 0}
    noise = squareform(rng.random(66))
    tests = {
        "correlation of distances": mantel(distances, distances + noise, **options),
        "pseudo-F": permanova(distances, y, **options),
        "leave-one-out accuracy": knn_permutation(distances, y, **options),
    }
    for label, test in tests.items():
        display = test.plot()
        display.figure_.canvas.draw()
        assert display.ax_.get_xlabel() == label
        assert display.ax_.get_ylabel() == "permutations"
        values, _, _ = display.ax_.patches[0].get_data()
        assert values.sum() == 99
        assert texts(display.ax_.texts) == [f"p = {test.pvalue:.2g}"]


def test_permutations_without_spread_and_without_bounds():
    null = np.array([[1.0], [np.inf], [1.0]])
    display = PermutationTestDisplay(null, np.array([np.inf]), np.array([np.nan])).plot()
    display.figure_.canvas.draw()
    assert texts(display.ax_.texts) == ["p undefined"]
    with pytest.raises(ValueError, match="null_distribution must have finite numbers"):
        PermutationTestDisplay(np.full((2, 1), np.nan), np.array([np.nan]), np.ones(1)).plot()


# maps


def map_of(rng, shape=(5, 6, 4), **options):
    data = rng.standard_normal((6, *shape))
    return searchlight(data, {"model": rng.random(15)}, mask=np.ones(shape), **options)


def test_slices_are_those_of_the_volume(rng):
    found = map_of(rng)
    display = found.plot(slices=[0, 1, 2, 3], model="model")
    display.figure_.canvas.draw()
    assert isinstance(display, SearchlightDisplay)
    volume = found.to_volume()
    for k, image in enumerate(display.ims_):
        assert_allclose(image.get_array(), volume[:, :, k].T)
    assert [panel.get_title() for panel in display.axes_] == [f"z = {k}" for k in range(4)]
    far = np.abs(volume).max()
    assert {image.get_clim() for image in display.ims_} == {(-far, far)}
    label = display.figure_.axes[-1].get_ylabel()
    assert label == "similarity to model\n(spearman)"
    assert not display.axes_[0].texts  # nobody knows which side is left
    for axis, cut in (("x", volume[2]), ("y", volume[:, 2])):
        shown = found.plot(slices=[2], axis=axis).ims_[0].get_array()
        assert_allclose(shown, cut.T)


def test_slices_of_a_group_are_of_its_mean_where_it_is_significant(rng):
    patterns = rng.standard_normal((6, 27))
    data = rng.standard_normal((7, 6, 5, 6, 4))
    data[:, :, 1:4, 1:4, :3] += 3 * patterns.reshape(6, 3, 3, 3)
    models = {"planted": rdm(patterns), "other": rng.random(15)}
    found = searchlight(dict(zip("abcdefg", data, strict=True)), models, mask=np.ones((5, 6, 4)))
    volume = found.to_volume("planted").mean(axis=0)
    display = found.plot(slices=range(4))
    for k, image in enumerate(display.ims_):
        assert_allclose(image.get_array(), volume[:, :, k].T)
    label = display.figure_.axes[-1].get_xlabel()  # there is no room for it on the right
    assert label == "similarity to planted\n(spearman, mean of 7 subjects)"
    test = cluster_test(found, model="planted", correction="tfce")
    shown = test.significant(0.02)
    assert 0 < shown.sum() < shown.size
    display = found.plot(slices=range(4), clusters=test, alpha=0.02)
    for k, image in enumerate(display.ims_):
        want = np.where(shown[:, :, k], volume[:, :, k], np.nan).T
        assert_allclose(np.ma.filled(image.get_array(), np.nan), want)
    with pytest.raises(ValueError, match="clusters has no significant score to draw: raise alpha"):
        found.plot(clusters=test, alpha=0.001)
    flat = cluster_test(rng.standard_normal((7, 5, 6)))
    with pytest.raises(ValueError, match=r"got shapes \(5, 6\) and \(5, 6, 4\)"):
        found.plot(clusters=flat)


def test_a_threshold_leaves_slices_as_large_as_the_volume(rng):
    found = map_of(rng, (7, 8, 9))
    whole, some = found.plot(), found.plot(threshold=0.5)
    assert some.extent == whole.extent == (-0.5, 6.5, -0.5, 7.5)
    assert some.maps.shape[1:] == (8, 7)
    drawn = np.flatnonzero((np.abs(found.to_volume()) > 0.5).any(axis=(0, 1)))
    assert drawn.min() <= some.positions.min()
    assert some.positions.max() <= drawn.max()


@pytest.mark.parametrize("slices", [1, 3, 4, 6, 20])
def test_slices_are_no_closer_than_voxels(rng, slices):
    for size in (1.0, 3.0):
        found = map_of(rng, affine=np.diag([size, size, size, 1.0]), radius=1.5 * size)
        display = found.plot(slices=slices)
        assert len(display.axes_) == len(display.positions) == min(slices, 4)
        assert (np.diff(display.positions) >= 0.6 * size).all()
        assert not any("-0" in panel.get_title() for panel in display.axes_)


@pytest.mark.parametrize(("width", "slices"), [(7.0, 6), (7.0, 2), (3.4, 6), (3.4, 1)])
def test_the_label_of_slices_is_as_long_as_the_figure_has_room(rng, width, slices):
    model = {"a long name of one": rng.random(15)}
    found = searchlight(list(rng.random((2, 6, 6, 5, 12))), model, mask=np.ones((6, 5, 12)))
    display = found.plot(width=width, slices=slices)
    display.figure_.canvas.draw()
    bar = display.figure_.axes[-1]
    whole = display.figure_.bbox
    for text in (bar.xaxis.label, bar.yaxis.label, *(panel.title for panel in display.axes_)):
        box = text.get_window_extent()
        assert box.y0 >= whole.y0 - 1
        assert box.y1 <= whole.y1 + 1
    assert "2 subjects" in bar.get_xlabel() + bar.get_ylabel()
    assert bool(bar.get_xlabel()) == (slices == 6)  # below panels that are low


def test_a_mask_as_background_is_seen(rng):
    found = map_of(rng, (4, 4, 3))
    display = found.plot(background=np.ones((4, 4, 3)), slices=1)
    (image, _) = display.axes_[0].images
    assert image.norm(1.0) == 0.5  # between black and white


@pytest.mark.parametrize("shape", [(5, 6, 4), (5, 6)])
def test_slices_of_several_subjects_are_those_of_their_mean(rng, shape):
    data = rng.standard_normal((3, 6, *shape))
    options = {"mask": np.ones(shape), "radius": 2}
    model = rng.random(15)
    found = searchlight(list(data), model, **options)
    each = np.stack([searchlight(x, model, **options).to_volume() for x in data])
    shown = found.plot(slices=[0]).ims_[0].get_array()
    mean = each.mean(axis=0).reshape(5, 6, -1)
    assert_allclose(shown, mean[:, :, 0].T)


def test_slices_lie_in_space(rng):
    affine = np.diag([-2.0, 2.0, 3.0, 1.0])  # the first axis of voxels runs to the left
    affine[:3, 3] = (10, -20, 30)
    found = map_of(rng, affine=affine, radius=4.0)
    display = found.plot(slices=[36.0], model=0)
    volume = found.to_volume()
    assert_allclose(display.ims_[0].get_array(), volume[::-1, :, 2].T)
    assert display.axes_[0].get_title() == "z = 36 mm"
    assert display.extent == (1.0, 11.0, -21.0, -9.0)
    places = {text.get_text(): text.xy for text in display.axes_[0].texts}
    assert places == {"L": (0, 0.5), "R": (1, 0.5), "A": (0.5, 1)}
    assert_array_equal(found.plot(slices=1).positions, [34.0])
    with pytest.raises(ValueError, match=r"slices must be from 28\.5 to 40\.5, .* got 300"):
        found.plot(slices=[36.0, 300.0])


def test_a_background_of_other_voxels(rng):
    nibabel = pytest.importorskip("nibabel", reason="it makes an image")
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    found = map_of(rng, affine=affine, radius=4.0)
    finer = np.diag([1.0, 1.0, 1.0, 1.0])
    finer[:3, 3] = -2.0
    x = np.arange(16.0)[:, None, None] * np.ones((1, 16, 16)) - 2.0  # its own coordinate
    display = found.plot(background=nibabel.Nifti1Image(x, finer), slices=[3.0])
    left, right, _, _ = display.extent
    columns = display.backgrounds[0][display.backgrounds.shape[1] // 2]
    expected = np.linspace(left, right, 2 * len(columns) + 1)[1::2]
    assert_allclose(columns, expected, atol=0.51)
    assert len(display.axes_[0].images) == 2
    without = map_of(rng)
    with pytest.raises(ValueError, match="background is an image, and the scores have no affine"):
        without.plot(background=nibabel.Nifti1Image(x, finer))


def test_backgrounds_and_maps_that_do_not_fit(rng):
    found = map_of(rng)
    display = found.plot(background=np.ones(found.shape), slices=2, threshold=0.2)
    assert np.nanmin(np.abs(display.maps)) > 0.2
    with pytest.raises(ValueError, match="background must be an image, or have the shape"):
        found.plot(background=np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="threshold=2 leaves no score to draw"):
        found.plot(threshold=2.0)
    with pytest.raises(ValueError, match="slices: Found array with 0 sample"):
        found.plot(slices=[])
    flat = map_of(rng, shape=(6, 7), radius=2.0).plot(slices=1)
    assert flat.maps.shape == (1, 7, 6)
    lists = searchlight(
        rng.standard_normal((6, 9)), rng.random(15), neighbors=np.arange(9).reshape(3, 3)
    )
    with pytest.raises(ValueError, match="neighbor lists have no volume"):
        lists.plot()


# capacity


def estimator(value, **others):
    fitted = MeanFieldCapacity()
    numbers = {"capacity": value, "radius": 1.0, "dimension": 2.0, "center_correlation": 0.1}
    for name, number in {**numbers, **others}.items():
        setattr(fitted, f"{name}_", number)
        setattr(fitted, f"{name}_se_", 0.5)
    return fitted


def test_error_bars_below_zero_are_not_cut_off():
    low = {"a": estimator(0.2, center_correlation=-0.3), "b": estimator(0.4)}
    display = CapacityDisplay.from_estimators(low)
    display.figure_.canvas.draw()
    for panel, lowest in zip(display.axes_, (-0.3, 0.5, 1.5, -0.8), strict=True):
        bottom = panel.get_ylim()[0]
        assert bottom <= lowest
        assert bottom == 0 or lowest < 0
    labels = [panel.get_ylabel() for panel in display.axes_]
    assert labels == ["manifolds per feature", "in distances of centers", "dimensions", "mean |r|"]


def test_groups_are_drawn_as_mean_and_spread():
    networks = {
        f"{kind} {k}": {"a": estimator(base + k / 10), "b": estimator(base + k / 5)}
        for kind, base in (("wide", 2.0), ("narrow", 1.0))
        for k in range(15)
    }
    groups = [name.split()[0] for name in networks]
    display = CapacityDisplay.from_estimators(networks, groups=groups)
    assert legend_of(display.axes_[0]) == ["wide (15)", "narrow (15)"]
    assert display.axes_[0].get_legend().get_title().get_text() == "mean ± s.d. over networks"
    assert is_outside(display.axes_[0])
    wide, narrow = display.axes_[0].lines[:2]
    assert_allclose(wide.get_ydata(), [2.7, 3.4])
    assert_allclose(narrow.get_ydata(), [1.7, 2.4])
    spread = np.std(np.arange(15) / 10, ddof=1)
    band = display.axes_[0].collections[0].get_paths()[0].vertices
    at_first = band[band[:, 0] == 0, 1]
    assert_allclose([at_first.min(), at_first.max()], [2.7 - spread, 2.7 + spread])
    alone = CapacityDisplay.from_estimators(networks)
    assert legend_of(alone.axes_[0]) == ["networks (30)"]


def test_groups_that_cannot_be_drawn_are_refused():
    networks = {"x": {"a": estimator(1.0)}, "y": {"a": estimator(1.0), "b": estimator(1.0)}}
    with pytest.raises(ValueError, match=r"as many layers as each other, got \[1, 2\] in 'g'"):
        CapacityDisplay.from_estimators(networks, groups=["g", "g"])
    with pytest.raises(ValueError, match="one entry for each of the 2 networks, got 1"):
        CapacityDisplay.from_estimators(networks, groups=["g"])
    CapacityDisplay.from_estimators(networks, groups=["g", "h"]).figure_.canvas.draw()


def test_three_kinds_of_estimators_side_by_side(rng):
    X = list(rng.standard_normal((8, 1, 30)) + 0.5 * rng.standard_normal((8, 4, 30)))
    kinds = (MeanFieldCapacity, DirectCapacity, JointCapacity)
    fitted = {kind.__name__: {"fc": kind(n_t=20, random_state=0).fit(X)} for kind in kinds}
    display = CapacityDisplay.from_estimators(fitted)
    display.figure_.canvas.draw()
    assert legend_of(display.axes_[0]) == list(fitted)
    for k, name in enumerate(fitted):
        assert display.values["capacity"][k][0] == fitted[name]["fc"].capacity_
        assert display.errors["capacity"][k][0] == fitted[name]["fc"].capacity_se_
    assert np.isnan(display.values["radius"][1][0])
    direct = CapacityDisplay.from_estimators(fitted["DirectCapacity"])
    assert [panel.get_title() for panel in direct.axes_] == ["capacity"]


# style


@pytest.mark.parametrize("dark", [False, True])
def test_style_of_a_paper(dark):
    style = paper_style(width=7, height=2.0, dark=dark)
    with plt.rc_context(style):
        figure, ax = plt.subplots()
        assert tuple(figure.get_size_inches()) == (7.0, 2.0)
        assert to_hex(ax.get_facecolor()) == ("#000000" if dark else "#ffffff")
        assert to_hex(ax.yaxis.label.get_color()) == ("#ffffff" if dark else "#000000")
        assert plt.rcParams["pdf.fonttype"] == 42
    with pytest.raises(ValueError, match="width"):
        paper_style(width=0)
    with pytest.raises(ValueError, match="height"):
        paper_style(height=-1.0)


# names that are too long to be written

LONG = [f"features.stage{k}.bottleneck.{k}.conv_projection_batchnorm.output_{k}" for k in range(5)]


@pytest.mark.parametrize("most", [1, 12, 13, 20, 46])
def test_the_middle_of_a_name_is_left_out(most):
    found = shortened(["fc", LONG[0]], most)
    n = max(most, 12)
    assert found[0] == "fc"
    assert len(found[1]) == n
    head, tail = found[1].split("…")
    assert LONG[0].startswith(head)
    assert LONG[0].endswith(tail)
    assert abs(len(head) - len(tail)) <= 1
    assert shortened(["a" * n], most) == ["a" * n]
    assert shortened([], most) == []


def test_names_stay_apart_without_their_middles():
    alike = [f"the same beginning, {k:03d}, and the same end" for k in range(20)]
    assert len(set(shortened(alike, 15))) == 20
    assert shortened(["x" * 50] * 2, 15) == ["xxxxxxx…xxxxxxx"] * 2  # of things that have one name


def _evaluation(rng):
    models = {name: rng.random(36) for name in LONG}
    return evaluate(models, rng.random((5, 36)), resample="subjects", n_bootstraps=9)


def _networks(rng):
    return {name: rng.standard_normal((12, 4)) for name in LONG}


def _named_distances(rng):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(squareform(pdist(rng.standard_normal((5, 3)))), LONG, LONG)


NAMED = {
    "evaluation": lambda rng, ax: _evaluation(rng).plot(ax=ax),
    "distances": lambda rng, ax: DistanceMatrixDisplay.from_distances(_named_distances(rng), ax=ax),
    "dendrogram": lambda rng, ax: DendrogramDisplay.from_distances(_named_distances(rng), ax=ax),
    "embedding": lambda rng, ax: EmbeddingDisplay.from_distances(_named_distances(rng), ax=ax),
    "time course": lambda rng, ax: time_resolved(
        rng.standard_normal((3, 9, 5, 6)), {name: rng.random(36) for name in LONG}
    ).plot(ax=ax),
    "fusion": lambda rng, ax: fusion(
        rng.standard_normal((9, 5, 6)), {name: rng.standard_normal((9, 4)) for name in LONG}
    ).plot(ax=ax),
    "partition": lambda rng, ax: partition_variance(
        {name: rng.random(36) for name in LONG[:3]}, rng.random((4, 36))
    ).plot(ax=ax),
    "intervals": lambda rng, ax: bootstrap(
        "cka", _networks(rng), n_bootstraps=19, verbose=False
    ).plot(ax=ax),
    "comparison": lambda rng, ax: compare_networks(_networks(rng), "cka", verbose=False).plot(
        width=3.4
    ),
    "RDMs": lambda rng, ax: RDMsDisplay.from_rdms({n: rng.random(15) for n in LONG}, width=3.4),
}


@pytest.mark.parametrize("kind", NAMED)
def test_long_names_leave_room_for_what_is_drawn(rng, kind):
    display = NAMED[kind](rng, axes_of(3.4, 3.0))  # a warning if axes collapse
    figure = display.figure_
    figure.canvas.draw()
    drawn = [
        text for text in figure.findobj(mpl.text.Text) if text.get_visible() and text.get_text()
    ]
    assert any("…" in text.get_text() for text in drawn)
    box, ends = display.ims_[0].axes if kind == "RDMs" else figure.axes[0], figure.bbox
    assert box.get_window_extent().width > 0.15 * ends.width
    for text in drawn:
        if "…" in text.get_text():
            extent = text.get_window_extent()
            assert extent.x0 > -2, text
            assert extent.x1 < ends.width + (20 if kind == "embedding" else 2), text


# color maps by name


@pytest.mark.parametrize("cmap", ["virids", "", "no such thing", 3, ["viridis"]])
def test_color_maps_that_there_are_not(distances, cmap):
    rng = np.random.default_rng(0)
    course = fusion(rng.standard_normal((9, 5, 6)), {"V1": rng.standard_normal((9, 4))})
    display = DistanceMatrixDisplay.from_distances(distances)
    near = "'viridis'" if cmap == "virids" else ""
    for draw in (
        lambda: display.plot(cmap=cmap),
        lambda: course.plot(cmap=cmap),
        lambda: RDMsDisplay.from_rdms(distances, cmap=cmap),
    ):
        message = rf"cmap must be .*{near}.*, got {re.escape(repr(cmap))}$"
        with pytest.raises((ValueError, TypeError), match=message) as error:
            draw()
        assert len(str(error.value)) < 200
    assert display.plot(cmap=plt.get_cmap("magma")).im_.get_cmap().name == "magma"
