"""Data frames: networks are paired by position, so their names have to agree."""

import numpy as np
import pytest
from sklearn.base import clone

from netrep_go.covariates import mantel
from netrep_go.metrics import Aligner, LinearCKA, LinearMetric, PermutationMetric
from netrep_go.multiset import (
    cross_distances,
    euclidean_tangent_space,
    frechet_mean,
    pairwise_distances,
    procrustes_kmeans,
)
from netrep_go.utils import align

pandas = pytest.importorskip("pandas")

ROWS = [f"image {k}" for k in range(12)]
OTHER_ROWS = "X and Y must have the same samples in the same order, got 'image 0' and 'image 11'"


@pytest.fixture
def frames(rng):
    return [
        pandas.DataFrame(rng.standard_normal((12, 3)), index=ROWS, columns=list(columns))
        for columns in ("abc", "xyz")
    ]


@pytest.mark.parametrize(
    "metric", [LinearMetric(), PermutationMetric(), LinearMetric(0.5)], ids=str
)
def test_columns_in_another_order_than_in_the_fit(frames, metric):
    X, Y = frames
    metric = clone(metric).fit(X, Y)
    assert metric.score(X, Y) == metric.score(X.to_numpy(), Y.to_numpy())
    for x, y, name in ((X[["b", "a", "c"]], Y, "X"), (X, Y[["z", "y", "x"]], "Y")):
        message = f"feature names of {name} should match those that were passed during fit"
        for call in (metric.score, metric.transform):
            with pytest.raises(ValueError, match=message):
                call(x, y)
    with pytest.raises(ValueError, match="column 2 is 'd' and was 'c'"):
        metric.score(X.rename(columns={"c": "d"}), Y)
    metric.fit(X.to_numpy(), Y.to_numpy()).score(X[["b", "a", "c"]], Y)  # nothing was named


def test_numbered_columns_in_another_order(frames):
    X, Y = (x.set_axis(range(3), axis=1) for x in frames)
    with pytest.raises(ValueError, match="feature names of Y"):
        LinearMetric().fit(X, Y).score(X, Y[[2, 0, 1]])


def test_aligner(frames):
    X, Y = frames
    aligner = Aligner().fit(X, Y)
    for call in (aligner.transform, lambda x: aligner.score(x, Y)):
        with pytest.raises(ValueError, match="feature names should match"):
            call(X[["b", "a", "c"]])
    with pytest.raises(ValueError, match="feature names of y should match"):
        aligner.score(X, Y[["z", "y", "x"]])
    for call in (aligner.fit, aligner.score):
        with pytest.raises(ValueError, match="X and y must have the same samples"):
            call(X, Y[::-1])


@pytest.mark.parametrize("metric", [LinearMetric(), PermutationMetric(), LinearCKA()], ids=str)
def test_samples_in_another_order(frames, metric):
    X, Y = frames
    metric.fit(X, Y)
    for call in (metric.fit, metric.score, metric.fit_score):
        with pytest.raises(ValueError, match=OTHER_ROWS):
            call(X, Y[::-1])
    with pytest.raises(ValueError, match=OTHER_ROWS):
        align(X, Y[::-1])


def test_samples_of_cohorts(frames):
    X, Y = frames
    for metric in (LinearMetric(), "cka_angular", lambda x, y: 0.0):
        with pytest.raises(ValueError, match=r"traindata\['a'\] and traindata\['b'\] must have"):
            pairwise_distances(metric, {"a": X, "b": Y[::-1]}, verbose=False)
        with pytest.raises(ValueError, match=r"Xs\[0\] and Ys\[0\] must have the same samples"):
            cross_distances(metric, [X], [Y[::-1]], verbose=False)
        with pytest.raises(ValueError, match=r"testdata\[0\] and testdata\[1\] must have"):
            pairwise_distances(metric, [X, Y], [X, Y[::-1]], verbose=False)
        with pytest.raises(ValueError, match=r"feature names of testdata\[1\] should match"):
            pairwise_distances(metric, [X, Y], [X, Y[["y", "x", "z"]]], verbose=False)
    for call in (
        frechet_mean,
        lambda xs: euclidean_tangent_space(xs, X.to_numpy()),
        lambda xs: procrustes_kmeans(xs, 1),
    ):
        with pytest.raises(ValueError, match=r"Xs\[0\] and Xs\[1\] must have the same samples"):
            call([X, Y[::-1]])


def test_rows_that_only_count_are_taken_by_position(frames):
    X, Y = frames
    bare = Y.reset_index(drop=True)
    want = LinearMetric().fit_score(X, Y)
    assert LinearMetric().fit_score(X, bare) == want
    assert LinearMetric().fit_score(X, Y.to_numpy()) == want
    with pytest.raises(ValueError, match="same samples in the same order, got 0 and 11"):
        LinearMetric().fit(X.reset_index(drop=True), bare[::-1])
    with pytest.raises(ValueError, match="equal dimensions"):
        LinearMetric().fit(X, Y[:5])


def test_distances_between_networks_in_another_order(rng):
    D = np.abs(np.subtract.outer(*[rng.random(5)] * 2))
    frame = pandas.DataFrame(D, index=list("abcde"), columns=list("abcde"))
    with pytest.raises(ValueError, match="D1 and D2 must have the same networks"):
        mantel(frame, frame.iloc[::-1, ::-1], n_permutations=9)
