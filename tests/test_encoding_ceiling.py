"""Noise ceilings by definition, and against simulated signal."""

import numpy as np
import pytest
from scipy.stats import zscore

from netrep_go.encoding import (
    EncodingModel,
    explainable_variance,
    normalize_scores,
    split_half_reliability,
)


def tutorial(data, bias_correction=True):
    """Explainable variance as the voxelwise tutorials write it."""
    data = zscore(data, axis=1)
    residual = data - data.mean(0)
    ev = 1 - np.nanmean(np.nanvar(residual, axis=1), axis=0)
    return ev - (1 - ev) / (len(data) - 1) if bias_correction else ev


@pytest.mark.parametrize("n_repeats", [2, 3, 7])
def test_explainable_variance_is_that_of_the_tutorials(rng, n_repeats):
    Y = rng.standard_normal((40, 5)) + rng.standard_normal((n_repeats, 40, 5))
    for unbiased in (True, False):
        found = explainable_variance(Y * 3 + 100, unbiased=unbiased)
        np.testing.assert_allclose(found, tutorial(Y, unbiased), atol=1e-12)


@pytest.mark.parametrize("signal", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("n_repeats", [2, 5])
def test_ceilings_estimate_the_share_of_signal(rng, signal, n_repeats):
    Y = signal * rng.standard_normal((300, 200)) + rng.standard_normal((n_repeats, 300, 200))
    share = signal**2 / (signal**2 + 1)
    assert explainable_variance(Y).mean() == pytest.approx(share, abs=0.02)
    of_mean = signal**2 / (signal**2 + 1 / n_repeats)
    found = split_half_reliability(Y, random_state=0)
    assert found.mean() == pytest.approx(of_mean, abs=0.03)


def test_two_repeats_have_one_split(rng):
    a, b = rng.standard_normal((2, 30, 4)) + rng.standard_normal((30, 4))
    r = np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(a.T, b.T, strict=True)])
    found = split_half_reliability([a, b], random_state=1)
    np.testing.assert_allclose(found, 2 * r / (1 + r))


def test_a_perfect_model_reaches_the_ceiling(rng):
    X = rng.standard_normal((400, 10))
    repeats = X @ rng.standard_normal((10, 60)) / 3 + rng.standard_normal((4, 400, 60))
    one, mean = (
        EncodingModel(scoring=scoring).fit(X, Y).score_
        for scoring, Y in (("r2", repeats[0]), ("r", repeats.mean(axis=0)))
    )
    assert normalize_scores(one, explainable_variance(repeats)).mean() == pytest.approx(1, abs=0.06)
    reliability = split_half_reliability(repeats, random_state=0)
    found = normalize_scores(mean, reliability, scoring="r")
    assert found.mean() == pytest.approx(1, abs=0.02)


def test_what_has_no_ceiling_is_nan_and_said_so(rng):
    Y = rng.standard_normal((3, 10, 2))
    Y[0, :, 1] = 5.0
    with pytest.warns(UserWarning, match="constant in a repeat"):
        ceiling = explainable_variance(Y)
    assert np.isnan(ceiling).tolist() == [False, True]
    with pytest.warns(UserWarning, match=r"2 target\(s\) have no ceiling above 0"):
        found = normalize_scores([[0.5, 0.5, 0.5]], [0.5, -0.1, np.nan])
    np.testing.assert_array_equal(found, [[1.0, np.nan, np.nan]])


def test_bad_input(rng):
    for function in (explainable_variance, split_half_reliability):
        with pytest.raises(ValueError, match="2 repeats of 2 samples"):
            function(np.ones((1, 5, 2)))
    with pytest.raises(ValueError, match="one entry a target"):
        normalize_scores([0.1, 0.2], [0.5])
