"""Variance partitioning by encoding models against nested models by hand."""

from itertools import combinations

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict

from netrep_go.encoding import EncodingModel, partition_variance

matplotlib.use("Agg")


def sets_and_responses(rng, n=80, noise=1.0):
    shared, *own = rng.standard_normal((4, n, 2))
    sets = {name: np.hstack([shared, x]) for name, x in zip("abc", own, strict=True)}
    sets["c"] = sets["c"][:, :1]
    Y = np.hstack([shared, own[1], own[0] + own[1]]) + noise * rng.standard_normal((n, 6))
    return sets, Y


@pytest.mark.parametrize("regression", ["ridge", "ols"])
def test_parts_are_those_of_explicit_models(rng, regression):
    sets, Y = sets_and_responses(rng)
    Y[4, 1] = np.nan
    model = EncodingModel(regression, alphas=6)
    result = partition_variance(sets, Y, model=model)

    def r2(names):
        if not names:
            return np.zeros(6)
        return (
            EncodingModel(regression, alphas=6).fit(np.hstack([sets[k] for k in names]), Y).score_
        )

    everyone = tuple(sets)
    for s, label in enumerate(result.part_names):
        chosen = label.split(" & ")
        np.testing.assert_allclose(result.r2[:, s], r2(chosen), atol=1e-10)
        part = 0
        for size in range(len(chosen) + 1):
            for gone in combinations(chosen, size):
                left = [k for k in everyone if k not in gone]
                part = part + (-1) ** (len(chosen) - size) * (r2(everyone) - r2(left))
        np.testing.assert_allclose(result.parts[:, s], part, atol=1e-9)
    np.testing.assert_allclose(result.parts.sum(axis=1), result.r2[:, -1], atol=1e-10)
    np.testing.assert_allclose(result.product_measure.sum(axis=1), result.r2[:, -1], atol=1e-10)
    np.testing.assert_allclose(result.unique[:, 2], result.parts[:, 3])


def test_product_measure_is_himalayas(rng):
    scoring = pytest.importorskip("himalaya.scoring", reason="comes with netrep-go[encoding]")
    sets, Y = sets_and_responses(rng)
    Y -= Y.mean(axis=0)
    outer = [(np.arange(40, 80), np.arange(40))]
    Y[:40] -= Y[:40].mean(axis=0)
    Y[40:] -= Y[40:].mean(axis=0)
    model = EncodingModel(alphas=[3.0], outer_cv=outer)
    result = partition_variance(sets, Y, model=model)
    X = np.hstack(list(sets.values()))
    fitted = EncodingModel(alphas=[3.0], outer_cv=None, with_coef=True).fit(X[40:], Y[40:])
    z = X[:40] - X[40:].mean(axis=0)
    split = [z[:, a:b] @ fitted.coef_[:, a:b].T for a, b in ((0, 4), (4, 8), (8, 9))]
    expected = scoring.r2_score_split(Y[:40], np.stack(split))
    np.testing.assert_allclose(result.product_measure.T, expected, atol=1e-10)


def test_parts_are_not_clipped_and_are_drawn(rng):
    sets, _ = sets_and_responses(rng)
    result = partition_variance(sets, rng.standard_normal((80, 40)))
    assert result.parts.min() < 0
    assert result.to_frame().shape == (7, 4)
    display = result.plot()
    assert display.ax_.get_xlabel() == "explained variance\n(cross-validated R²)"
    plt.close(display.figure_)


def test_single_set_is_ridge(rng):
    sets, Y = sets_and_responses(rng)
    alphas = [1.0]
    result = partition_variance({"a": sets["a"]}, Y, model=EncodingModel(alphas=alphas))
    p = cross_val_predict(RidgeCV(alphas), sets["a"], Y, cv=5)
    t = np.concatenate([Y[b] - Y[a].mean(0) for a, b in KFold(5).split(Y)])
    p -= np.concatenate([np.tile(Y[a].mean(0), (len(b), 1)) for a, b in KFold(5).split(Y)])
    expected = 1 - ((t - p) ** 2).sum(0) / (t**2).sum(0)
    np.testing.assert_allclose(result.parts[:, 0], expected, atol=1e-10)


def test_models_that_cannot_be_partitioned(rng):
    sets, Y = sets_and_responses(rng)
    for model in (EncodingModel("banded"), EncodingModel(compression="pca")):
        with pytest.raises(ValueError, match="one penalty and without compression"):
            partition_variance(sets, Y, model=model)
    with pytest.raises(ValueError, match="must have outer_cv"):
        partition_variance(sets, Y, model=EncodingModel(outer_cv=None))
