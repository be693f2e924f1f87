"""Accuracies of classification as RDMs, also in searchlights, against scikit-learn."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from netrep_go.rsa import NoiseNormalizer, compare, decoding_rdm, rdm, searchlight, time_resolved

LISTS = [np.arange(9), np.array([0, 3, 5]), np.array([6])]


def observations(rng, n, n_folds, repeats, p, strength=0.8):
    """Return responses with conditions and folds that are names in no order."""
    conditions = np.tile(np.arange(n), n_folds * repeats)
    folds = np.repeat(np.arange(n_folds), n * repeats)
    mixing = np.eye(p) + 0.3 * rng.standard_normal((p, p))
    x = strength * rng.standard_normal((n, p))[conditions] + 4
    x += rng.standard_normal((len(conditions), p)) @ mixing
    order = rng.permutation(len(x))
    return x[order], np.array(list("zyxwvu"))[conditions[order]], folds[order]


DESIGNS = [(4, 8, 1, 40), (6, 5, 1, 5), (5, 4, 1, 30), (5, 3, 3, 20), (5, 3, 3, 1), (4, 6, 2, 3)]


@pytest.mark.parametrize("design", DESIGNS)
def test_discriminants_are_those_of_scikit_learn(rng, design):
    x, conditions, folds = observations(rng, *design)
    found = rdm(x, "decoding", conditions=conditions, folds=folds)
    np.testing.assert_allclose(found, decoding_rdm(x, conditions, cv=folds), atol=1e-12)


def by_nearest_means(x, conditions, folds):
    """Return accuracies by loops over pairs and observations."""
    names = np.unique(conditions)

    def share(own, other):
        """Return how many observations of one are nearer to their mean than to the other."""
        right = []
        for o in np.flatnonzero(conditions == own):
            distances = [
                np.linalg.norm(x[o] - x[(conditions == c) & (folds != folds[o])].mean(axis=0))
                for c in (own, other)
            ]
            right.append(distances[0] < distances[1])
        return np.mean(right)

    return [(share(a, b) + share(b, a)) / 2 for k, a in enumerate(names) for b in names[k + 1 :]]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("kept", [1.0, 0.75])
def test_nearest_means_are_their_definition(rng, design, kept):
    x, conditions, folds = observations(rng, *design)
    some = rng.random(len(x)) < kept
    some[folds < 2] = True
    x, conditions, folds = x[some], conditions[some], folds[some]
    p = x.shape[1]
    noise = NoiseNormalizer().fit(rng.standard_normal((50, p)) * np.arange(1, p + 1))
    found = rdm(x, "decoding", conditions=conditions, folds=folds, noise=noise)
    want = by_nearest_means(noise.transform(x), conditions, folds)
    np.testing.assert_allclose(found, want, atol=1e-12)


def test_nearest_means_are_those_of_scikit_learn(rng):
    x, conditions, folds = observations(rng, 3, 3, 2, 4)
    found = rdm(x, "decoding", conditions=conditions, folds=folds, noise=np.eye(4))
    want = decoding_rdm(x, conditions, cv=folds, estimator=NearestCentroid())
    np.testing.assert_allclose(found, want, atol=1e-12)


@pytest.mark.parametrize("p", [2, 6, 40])
def test_unequal_numbers_of_observations(rng, p):
    x, conditions, folds = observations(rng, 4, 5, 3, p)
    kept = rng.random(len(x)) < 0.7
    for c in "zyxw":  # each condition in three folds, more than once
        kept[np.flatnonzero((conditions == c) & (folds < 3))[:6]] = True
    x, conditions, folds = x[kept], conditions[kept], folds[kept]
    found = rdm(x, "decoding", conditions=conditions, folds=folds)
    np.testing.assert_allclose(found, decoding_rdm(x, conditions, cv=folds), atol=1e-12)


def test_features_that_are_constant_in_a_condition(rng):
    """Counts and switches: scikit-learn takes their standard deviation to be 1."""
    x, conditions, folds = observations(rng, 5, 6, 2, 12)
    x = np.round(x)
    for k, c in enumerate("zyxw"):
        x[np.ix_(conditions == c, [k, k + 1])] = k
    x[:, 11] = 0.1
    found = rdm(x, "decoding", conditions=conditions, folds=folds)
    np.testing.assert_allclose(found, decoding_rdm(x, conditions, cv=folds), atol=1e-12)


@pytest.mark.parametrize("white", [False, True])
def test_units_and_offsets_do_not_count(rng, white):
    x, conditions, folds = observations(rng, 4, 6, 1, 8)
    x = np.round(16 * x)
    by = {"conditions": conditions, "folds": folds}
    noise = np.eye(8) if white else None
    want = rdm(x, "decoding", noise=noise, **by)
    for other in (x + 2.0**40, x * 2.0**-400, x * 2.0**300, -x):
        np.testing.assert_allclose(rdm(other, "decoding", noise=noise, **by), want, atol=1e-12)
    if not white:
        found = rdm(x * 2.0 ** np.arange(-4, 4), "decoding", **by)
        np.testing.assert_allclose(found, want, atol=1e-12)


def test_equal_responses_are_at_chance(rng):
    x, conditions, folds = observations(rng, 4, 6, 1, 8)
    for f in range(6):
        first, second = (np.flatnonzero((conditions == c) & (folds == f))[0] for c in "zy")
        x[second] = x[first]
    found = rdm(x, "decoding", conditions=conditions, folds=folds, noise=np.eye(8))
    assert found[-1] == 0.5  # y and z are the last two


def test_noise_is_at_chance(rng):
    sets = [observations(rng, 5, 4, 1, 6, strength=0) for _ in range(150)]
    for noise in (None, np.eye(6)):
        found = [rdm(x, "decoding", conditions=c, folds=f, noise=noise) for x, c, f in sets]
        means = np.mean(found, axis=1)
        assert abs(means.mean() - 0.5) < 3.5 * means.std() / np.sqrt(150)


@pytest.mark.parametrize("source", ["none", "residuals", "precision", "fitted", "default"])
def test_searchlights_are_rdms_one_by_one(rng, source):
    x, conditions, folds = observations(rng, 5, 5, 1, 9)
    residuals, models = rng.standard_normal((40, 9)) * np.arange(1, 10), rng.random((2, 10))
    fitted = NoiseNormalizer().fit(residuals)
    covariance = np.linalg.inv(fitted.get_precision())

    def part(v):
        return np.linalg.inv(covariance[np.ix_(v, v)])

    def own(v):
        return NoiseNormalizer().fit(residuals[:, v])

    noise, given = {
        "none": ({}, lambda v: None),
        "residuals": ({"residuals": residuals, "noise": NoiseNormalizer()}, own),
        "default": ({"residuals": residuals}, own),
        "precision": ({"noise": fitted.get_precision()}, part),
        "fitted": ({"noise": fitted}, part),
    }[source]
    options = {"metric": "decoding", "conditions": conditions, "folds": folds}
    found = searchlight(x, models, neighbors=LISTS, method="pearson", **options, **noise)
    want = [compare(rdm(x[:, v], noise=given(v), **options), models, "pearson") for v in LISTS]
    np.testing.assert_allclose(found.scores, want, atol=1e-10)
    threads = searchlight(
        np.asfortranarray(x),
        models,
        neighbors=LISTS,
        method="pearson",
        n_jobs=2,
        **options,
        **noise,
    )
    np.testing.assert_array_equal(threads.scores, found.scores)


def test_volumes_find_what_was_planted(rng):
    conditions, folds = np.tile(np.arange(6), 6), np.repeat(np.arange(6), 6)
    volume = rng.standard_normal((36, 6, 6, 6))
    patterns = 1.5 * rng.standard_normal((2, 3, 3, 3))
    volume[:, :3, :3, :3] += patterns[conditions // 3]
    model = (conditions[:6, None] // 3 != conditions[:6] // 3).astype(float)
    for noise in ({}, {"residuals": rng.standard_normal((50, 6, 6, 6))}):
        found = searchlight(
            volume,
            model,
            mask=np.ones((6, 6, 6)),
            radius=2,
            metric="decoding",
            conditions=conditions,
            folds=folds,
            **noise,
        )
        best = np.unravel_index(found.centers[found.scores[:, 0].argmax()], (6, 6, 6))
        assert max(best) <= 3  # a ball around it reaches the patterns
        assert found.to_volume()[1, 1, 1] > 0.8
        assert abs(np.median(found.to_volume()[4:, 4:, 4:])) < 0.35


def test_voxels_that_are_not_finite_are_left_out_and_constant_ones_are_undefined(rng):
    x, conditions, folds = observations(rng, 4, 6, 1, 9)
    x[3, 2], x[:, 6] = np.nan, 1.5
    options = {"metric": "decoding", "conditions": conditions, "folds": folds}
    lists = [range(6), [0, 1, 3, 4, 5], [6]]
    with pytest.warns(UserWarning, match="1 of 3 searchlights is undefined"):
        found = searchlight(x, rng.random(6), neighbors=lists, **options)
    assert found.n_features.tolist() == [5, 5, 1]
    assert found.scores[0] == found.scores[1]
    assert np.isnan(found.scores[2]).all()
    with pytest.raises(ValueError, match="missing cannot be classified"):
        rdm(x, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folds": None}, "decoding needs folds"),
        (
            {"folds": np.repeat([0, 1, 2], 4)},
            "at least 3 observations to learn from, got 2 of cond",
        ),
        ({"folds": [0] * 6 + [1] * 6}, "at least 3 observations to learn from, got 2"),
        ({"folds": np.r_[np.zeros(11), 1]}, "'a' was not observed in two folds"),
        ({"noise": [np.eye(5)] * 2}, "noise of each fold is for metric='crossnobis'"),
        ({"noise": np.eye(4)}, "noise is of 4 features, but data have 5"),
        ({"conditions": None}, "was not observed in two folds"),
    ],
)
def test_wrong_designs(rng, change, message):
    options = {
        "conditions": list("aabbccaabbcc"),
        "folds": np.repeat([0, 1], 6),
        "noise": None,
    } | change
    with pytest.raises(ValueError, match=message):
        rdm(rng.standard_normal((12, 5)), "decoding", **options)


def test_noise_of_what_is_classified_is_refused(rng):
    x, conditions, folds = observations(rng, 4, 6, 1, 9)
    with pytest.raises(ValueError, match="decoding needs residuals if noise is estimated"):
        searchlight(
            x,
            rng.random(6),
            neighbors=LISTS,
            metric="decoding",
            conditions=conditions,
            folds=folds,
            noise=NoiseNormalizer(),
        )
    with pytest.raises(
        ValueError, match="residual_folds are those of residuals, for metric='cross"
    ):
        searchlight(
            x,
            rng.random(6),
            neighbors=LISTS,
            metric="decoding",
            conditions=conditions,
            folds=folds,
            residuals=x,
            residual_folds=folds,
        )


@pytest.mark.parametrize("source", ["none", "precision", "fitted", "baseline"])
@pytest.mark.parametrize("width", [1, 2])
def test_times_are_rdms_one_by_one(rng, source, width):
    conditions, folds = np.tile(np.arange(4), 5), np.repeat(np.arange(5), 4)
    data = rng.standard_normal((20, 6, 7)) + rng.standard_normal((4, 6, 1))[conditions]
    models = rng.random((2, 6))
    fitted = NoiseNormalizer().fit(rng.standard_normal((50, 6)) * np.arange(1, 7))
    baseline = np.moveaxis(data[..., :3], 1, 2).reshape(-1, 6)
    each = np.repeat(conditions, 3) * 3 + np.tile(np.arange(3), 20)
    given, noise = {
        "none": ({}, None),
        "precision": ({"noise": fitted.get_precision()}, fitted),
        "fitted": ({"noise": fitted}, fitted),
        "baseline": (
            {"noise": NoiseNormalizer(), "noise_from": (0, 2)},
            NoiseNormalizer().fit(baseline, each),
        ),
    }[source]
    options = {"metric": "decoding", "conditions": conditions, "folds": folds}
    found = time_resolved(data, models, method="pearson", window=width, **options, **given)
    white = data
    if noise is not None:
        options["noise"] = np.eye(6 * width)
        white = np.stack([noise.transform(data[..., t]) for t in range(7)], axis=-1)
    want = [
        compare(rdm(white[..., t : t + width].reshape(20, -1), **options), models, "pearson")
        for t in range(8 - width)
    ]
    np.testing.assert_allclose(found.scores[0].T, want, atol=1e-10)


def test_noise_of_times_that_are_classified_is_refused(rng):
    data, models = rng.standard_normal((20, 6, 7)), rng.random(6)
    options = {"conditions": np.tile(np.arange(4), 5), "folds": np.repeat(np.arange(5), 4)}
    for noise_from in ("each", "pooled"):
        with pytest.raises(ValueError, match="decoding needs residuals if noise is estimated"):
            time_resolved(
                data,
                models,
                metric="decoding",
                noise=NoiseNormalizer(),
                noise_from=noise_from,
                **options,
            )
    with pytest.raises(ValueError, match="noise over time must be that of all folds"):
        time_resolved(
            [data, data], models, metric="crossnobis", noise=[[np.eye(6)] * 5] * 2, **options
        )
