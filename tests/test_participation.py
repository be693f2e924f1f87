"""Participation ratios corrected for samples and features: golden values and sums by definition."""

import itertools

import numpy as np
import pytest
from measure_checks import CASES
from numpy.testing import assert_allclose

from netrep_go.capacity import participation_ratio

# of X alone: the package dimensionality 0.1.4
GOLDEN = {
    ("A", None): 4.12201086,
    ("A", "samples"): 5.69252395,
    ("A", "features"): 31.2610024,
    ("B", None): 40.1014362,
    ("B", "samples"): 50.3713507,
    ("B", "features"): 207.229,
}


@pytest.mark.parametrize("key", GOLDEN, ids=str)
def test_golden_values(key):
    case, correction = key
    got = participation_ratio(CASES[case][0], correction=correction)
    assert got == pytest.approx(GOLDEN[key], rel=5e-6 if got > 100 else 2e-8)


@pytest.mark.parametrize("case", CASES)
def test_of_noise_both_are_undefined(case):
    with pytest.warns(UserWarning, match="the participation ratio is NaN: there are too few"):
        assert np.isnan(participation_ratio(CASES[case][0], correction="both"))


def by_definition(x, correction):
    """Return the ratio from means over all indices that the correction makes distinct."""
    n, p = x.shape
    samples = list(itertools.product(range(n), repeat=4))
    features = list(itertools.product(range(p), repeat=2))
    if correction in ("samples", "both"):
        samples = [index for index in samples if len(set(index)) == 4]
    if correction in ("features", "both"):
        features = [(a, b) for a, b in features if a != b]
    i, j, k, m = np.array(samples).T
    first = second = 0.0
    for a, b in features:
        # (x_i - x_j) x_i' and products of pairs of other samples: means drop out
        first += np.mean((x[i, a] - x[j, a]) * x[i, a] * (x[k, b] - x[m, b]) * x[k, b])
        second += np.mean((x[i, a] - x[m, a]) * (x[j, a] - x[k, a]) * x[i, b] * x[j, b])
    return first / second


@pytest.mark.parametrize("correction", [None, "samples", "features", "both"])
@pytest.mark.parametrize(("n", "p"), [(4, 3), (5, 2), (7, 4)])
def test_against_sums_over_distinct_indices(rng, correction, n, p):
    x = rng.standard_normal((n, 2)) @ rng.uniform(0.5, 1, (2, p)) + 1
    want = by_definition(x, correction)
    if want > 0:
        assert participation_ratio(x, correction=correction) == pytest.approx(want, rel=1e-9)
    else:
        with pytest.warns(UserWarning, match="is NaN"):
            assert np.isnan(participation_ratio(x, correction=correction))


def test_corrections_find_the_dimension_of_what_was_sampled(rng):
    means = {}
    for correction in (None, "samples", "features", "both"):
        found = []
        for _ in range(60):
            latent, weights = rng.standard_normal((40, 8)), rng.standard_normal((8, 60))
            found.append(participation_ratio(latent @ weights, correction=correction))
        means[correction] = np.mean(found)
    assert means["both"] == pytest.approx(8, rel=0.03)
    assert means[None] < means["features"] < 7.5
    assert means[None] < means["samples"] < 7.5


@pytest.mark.parametrize("correction", ["samples", "features", "both"])
def test_units_and_means_do_not_matter(rng, correction):
    x = rng.standard_normal((30, 3)) @ rng.standard_normal((3, 12))
    want = participation_ratio(x, correction=correction)
    for other in (x + 1e3, x * 1e-60, x * 1e60):
        assert participation_ratio(other, correction=correction) == pytest.approx(want, rel=1e-9)


def test_what_cannot_be_corrected(rng):
    x = rng.standard_normal((3, 4))
    for correction in ("samples", "both"):
        with pytest.warns(UserWarning, match="correction for samples needs at least 4 of them"):
            assert np.isnan(participation_ratio(x, correction=correction))
    assert participation_ratio(x, correction="features") > 0
    with pytest.warns(UserWarning, match="correction for features needs at least 2 of them"):
        assert np.isnan(participation_ratio(x[:, :1], correction="features"))
    for correction in ("samples", "features", "both"):
        with pytest.warns(UserWarning, match="a corrected sum is not positive"):
            assert np.isnan(participation_ratio(np.full((6, 3), 0.1), correction=correction))
    with pytest.raises(ValueError, match="correction must be 'samples', 'features', 'both' or"):
        participation_ratio(x, correction="stimuli")


def test_manifolds_are_corrected_one_by_one(rng):
    xs = [rng.standard_normal((9, 2)) @ rng.standard_normal((2, 6)) for _ in range(3)]
    want = [participation_ratio(x, correction="both") for x in xs]
    assert_allclose(participation_ratio(xs, correction="both"), want)
    with pytest.warns(UserWarning, match="is NaN"):
        got = participation_ratio([*xs, xs[0][:3]], correction="both")
    assert_allclose(got, [*want, np.nan])
