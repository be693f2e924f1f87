"""Displays of RDMs and of evaluations."""

import matplotlib
import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from netrep_go.plotting import ModelEvaluationDisplay, RDMDisplay, RDMEmbeddingDisplay
from netrep_go.rsa import compare_models, evaluate, rdm

pytestmark = pytest.mark.usefixtures("closed_figures")

matplotlib.use("Agg")


def draw(display):
    """Render, where matplotlib finds most of its errors."""
    display.figure_.canvas.draw()


def models_and_subjects(rng):
    X = rng.standard_normal((20, 50))
    models = {"true": rdm(X), "other": rdm(rng.standard_normal((20, 50))), "half": rdm(X[:, :25])}
    return models, rdm(X + 0.5 * rng.standard_normal((6, 20, 50)))


def test_heat_map(rng):
    vector = rng.standard_normal(15)  # as crossnobis, with negative entries
    display = RDMDisplay.from_rdm(vector, names=list("abcdef"))
    draw(display)
    np.testing.assert_array_equal(display.distances, squareform(vector))
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == list("abcdef")
    ranked = RDMDisplay.from_rdm(squareform(vector), ranks=True, label="r")
    np.testing.assert_allclose(ranked.distances, squareform((rankdata(vector) - 1) / 14))


def test_heat_map_with_missing_entries(rng):
    vector = rng.random(15)
    vector[4] = np.nan
    display = RDMDisplay.from_rdm(vector, ranks=True)
    draw(display)
    found = squareform(display.distances, checks=False)
    assert np.isnan(found[4])
    np.testing.assert_allclose(np.delete(found, 4), (rankdata(np.delete(vector, 4)) - 1) / 13)
    with pytest.raises(ValueError, match="cannot be clustered"):
        RDMDisplay.from_rdm(vector, cluster=True)


def test_clusters_are_put_together(rng):
    points = rng.standard_normal((6, 2)) + 20.0 * (np.arange(6) % 2)[:, None]
    display = RDMDisplay.from_rdm(pdist(points), cluster=True, names=list("abcdef"))
    assert {*display.names[:3]} in ({*"ace"}, {*"bdf"})
    negative = RDMDisplay.from_rdm(pdist(points) - 1, cluster=True)
    np.testing.assert_array_equal(negative.order, display.order)


def test_embedding(rng):
    points = rng.standard_normal((6, 2))
    images = list(rng.random((6, 8, 9, 3)))
    display = RDMEmbeddingDisplay.from_rdm(
        pdist(points), names=list("abcdef"), images=images, hue=[0, 1, 0, 1, 0, 1]
    )
    draw(display)
    np.testing.assert_allclose(pdist(display.embedding), pdist(points), atol=1e-3)
    assert sum(isinstance(a, AnnotationBbox) for a in display.ax_.artists) == 6
    assert [t.get_text() for t in display.ax_.get_legend().get_texts()] == ["0", "1"]
    plain = RDMEmbeddingDisplay.from_rdm(pdist(points) - 0.01)
    draw(plain)
    assert not plain.ax_.texts


@pytest.mark.parametrize("resample", [None, "both"])
def test_bars(rng, resample):
    models, subjects = models_and_subjects(rng)
    evaluation = evaluate(models, subjects, resample=resample, n_bootstraps=200, random_state=0)
    display = ModelEvaluationDisplay.from_evaluation(evaluation)
    draw(display)
    heights = [patch.get_height() for patch in display.ax_.patches if patch.get_width() == 0.7]
    np.testing.assert_allclose(heights, evaluation.mean)
    assert (0, 1) in display.significant_
    lines = sum(line.get_xdata()[0] in (0, 1) for line in display.ax_.lines[-3:])
    assert lines >= len(display.significant_) > 0
    band = [patch for patch in display.ax_.patches if patch.get_width() != 0.7]
    assert len(band) == 1
    none = ModelEvaluationDisplay.from_evaluation(
        evaluation, contrasts=compare_models(evaluation, correction="bonferroni"), alpha=1e-12
    )
    assert none.significant_ == []


def test_bars_of_one_subject_and_of_one_model(rng):
    models, subjects = models_and_subjects(rng)
    for args in ((models, subjects[0]), (models["true"], subjects)):
        display = ModelEvaluationDisplay.from_evaluation(evaluate(*args))
        draw(display)
        assert display.significant_ == []


@pytest.mark.parametrize(
    ("function", "rdms", "options", "message"),
    [
        (RDMDisplay.from_rdm, np.ones((2, 6)), {}, "rdm must be one RDM, got 2"),
        (
            RDMDisplay.from_rdm,
            np.ones(6),
            {"names": ["a"]},
            "one entry for each of the 4 conditions, got 1",
        ),
        (RDMEmbeddingDisplay.from_rdm, np.full(6, np.nan), {}, "rdm contains NaN"),
        (RDMEmbeddingDisplay.from_rdm, np.ones(6), {"images": [1]}, "images must have 4 entries"),
    ],
)
def test_bad_input(function, rdms, options, message):
    with pytest.raises(ValueError, match=message):
        function(rdms, **options)
