"""Folds, designs and noise in searchlights and time courses, against RDMs one by one."""

import numpy as np
import pytest

from netrep_go.rsa import NoiseNormalizer, compare, rdm, searchlight

METHODS = ["shrinkage_diag", "shrinkage_eye", "diag", "full"]
LISTS = [np.arange(5), np.arange(3, 12), np.array([0, 4, 7, 11]), np.array([9])]


@pytest.fixture
def study(rng):
    """Observations of 5 conditions in 4 runs, of which some are missing; models; residuals."""
    conditions, folds = np.tile(np.arange(5), 8), np.repeat(np.arange(4), 10)
    kept = rng.permutation(40)[:31]
    kept = np.union1d(kept, np.arange(20))  # each in two runs at least
    patterns = rng.standard_normal((5, 12))
    mixing = np.eye(12) + 0.4 * rng.standard_normal((12, 12))
    x = patterns[conditions[kept]] + rng.standard_normal((len(kept), 12)) @ mixing + 3
    residuals = rng.standard_normal((60, 12)) @ mixing * np.linspace(0.3, 4, 12) + 1
    return x, np.array(list("cadbe"))[conditions[kept]], folds[kept], rng.random((2, 10)), residuals


def definition(x, conditions, folds, precision):
    """Crossnobis by loops over pairs of observations of different folds."""
    names = np.unique(conditions)

    def product(a, b):
        return np.mean(
            [
                x[i] @ precision @ x[j]
                for i in np.flatnonzero(conditions == a)
                for j in np.flatnonzero(conditions == b)
                if folds[i] != folds[j]
            ]
        )

    k = np.array([[product(a, b) for b in names] for a in names]) / x.shape[1]
    i, j = np.triu_indices(len(names), 1)
    return k[i, i] + k[j, j] - 2 * k[i, j]


@pytest.mark.parametrize("method", METHODS)
def test_crossnobis_is_its_definition_in_each_searchlight(study, method):
    x, conditions, folds, models, residuals = study
    found = searchlight(
        x,
        models,
        neighbors=LISTS,
        metric="crossnobis",
        method="pearson",
        conditions=conditions,
        folds=folds,
        noise=NoiseNormalizer(method),
        residuals=residuals,
    )
    for near, scores in zip(LISTS, found.scores, strict=True):
        r = residuals[:, near] - residuals[:, near].mean(axis=0)
        s = np.atleast_2d(r.T @ r / 59)
        t = NoiseNormalizer(method).fit(residuals[:, near]).shrinkage_
        target = np.diag(np.diag(s))
        if method == "shrinkage_eye":
            target = np.eye(len(near)) * np.trace(s) / len(near)
        precision = np.linalg.inv(t * target + (1 - t) * s)
        want = definition(x[:, near], conditions, folds, precision)
        np.testing.assert_allclose(scores, compare(want, models, "pearson"), atol=1e-10)


@pytest.mark.parametrize("metric", ["crossnobis", "mahalanobis"])
@pytest.mark.parametrize("dof", [None, 40])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("source", ["residuals", "data", "precision", "fitted"])
def test_searchlights_are_rdms_one_by_one(study, metric, method, dof, source):
    x, conditions, folds, models, residuals = study
    normalizer = NoiseNormalizer(method, dof=dof)
    options = {"metric": metric, "conditions": conditions}
    options |= {"folds": folds} if metric == "crossnobis" else {}
    fitted = NoiseNormalizer(method, dof=dof).fit(residuals)
    covariance = np.linalg.inv(fitted.get_precision())
    noise, given = {
        "residuals": (
            {"noise": normalizer, "residuals": residuals},
            lambda v: NoiseNormalizer(method, dof=dof).fit(residuals[:, v]),
        ),
        "data": (
            {"noise": normalizer},
            lambda v: NoiseNormalizer(method, dof=dof).fit(x[:, v], conditions),
        ),
        "precision": (
            {"noise": fitted.get_precision()},
            lambda v: np.linalg.inv(covariance[np.ix_(v, v)]),
        ),
        "fitted": ({"noise": fitted}, lambda v: np.linalg.inv(covariance[np.ix_(v, v)])),
    }[source]
    found = searchlight(x, models, neighbors=LISTS, method="pearson", **options, **noise)
    want = [compare(rdm(x[:, v], noise=given(v), **options), models, "pearson") for v in LISTS]
    np.testing.assert_allclose(found.scores, np.reshape(want, (4, 2)), atol=1e-10)


@pytest.mark.parametrize("metric", ["correlation", "euclidean", "crossnobis"])
def test_observations_without_noise(study, metric):
    x, conditions, folds, models, _ = study
    options = {"metric": metric, "conditions": conditions}
    options |= {"folds": folds} if metric == "crossnobis" else {}
    lists = LISTS[:3]
    found = searchlight(x, models, neighbors=lists, method="pearson", **options)
    want = [compare(rdm(x[:, v], **options), models, "pearson") for v in lists]
    np.testing.assert_allclose(found.scores, np.reshape(want, (3, 2)), atol=1e-10)


def test_a_common_offset_costs_no_digits(rng):
    x, models, residuals = rng.integers(-9, 9, (24, 6)), rng.random(15), rng.random((40, 6))
    options = {
        "neighbors": [range(6)],
        "metric": "crossnobis",
        "conditions": np.tile(np.arange(6), 4),
        "folds": np.repeat(np.arange(4), 6),
        "residuals": residuals,
    }
    want = searchlight(x, models, **options, method="pearson").scores
    found = searchlight(x + 2.0**40, models, **options, method="pearson").scores
    np.testing.assert_allclose(found, want, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-140, 1e-60, 1.0, 1e60, 1e140])
@pytest.mark.parametrize("method", METHODS)
def test_units_of_voxels_do_not_count(study, scale, method):
    x, conditions, folds, models, residuals = study
    units = np.full(12, scale) if method == "shrinkage_eye" else scale * np.logspace(-3, 3, 12)
    options = {"neighbors": LISTS, "metric": "crossnobis", "conditions": conditions, "folds": folds}
    options |= {"noise": NoiseNormalizer(method), "method": "pearson"}
    want = searchlight(x, models, residuals=residuals, **options).scores
    found = searchlight(x * units, models, residuals=residuals * units, **options).scores
    np.testing.assert_allclose(found, want, atol=1e-10)
    for v in LISTS:
        fits = [NoiseNormalizer(method).fit(r[:, v]) for r in (residuals, residuals * units)]
        assert fits[1].shrinkage_ == pytest.approx(fits[0].shrinkage_, abs=1e-9)


def test_layouts_of_volumes_and_residuals(rng):
    mask = rng.random((4, 3, 5)) > 0.2
    x = rng.standard_normal((12, 4, 3, 5)).astype(np.float32)
    residuals, models = rng.standard_normal((50, 4, 3, 5)).astype(np.float32), rng.random(6)
    options = {
        "mask": mask,
        "radius": 2,
        "metric": "crossnobis",
        "conditions": np.tile(np.arange(4), 3),
        "folds": np.repeat(np.arange(3), 4),
    }
    want = searchlight(x, models, residuals=residuals, **options).scores

    def nifti(a):
        return np.moveaxis(np.asfortranarray(np.moveaxis(a, 0, -1)), -1, 0)

    def forms(a):
        flat = a.reshape(len(a), -1)
        return [a, flat, a[:, mask], np.asfortranarray(a[:, mask]), nifti(a), a.astype(float)]

    for data in forms(x):
        for noise in forms(residuals):
            found = searchlight(data, models, residuals=noise, **options).scores
            np.testing.assert_allclose(found, want, atol=1e-12)
    threads = searchlight(x, models, residuals=residuals, n_jobs=2, **options).scores
    np.testing.assert_array_equal(threads, want)
    inside = np.cov(residuals.reshape(50, -1), rowvar=False) + np.eye(60)
    precision = np.linalg.inv(inside)
    want = searchlight(x, models, noise=precision, **options).scores
    found = searchlight(nifti(x), models, noise=precision, **options).scores
    np.testing.assert_allclose(found, want, atol=1e-12)


def test_voxels_without_finite_noise_are_left_out(study):
    x, conditions, folds, models, residuals = study
    residuals[:, 4] = 0.1
    residuals[7, 10] = np.nan
    x[3, 11] = np.inf
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    lists = [np.arange(12), np.array([4]), np.array([4, 10, 11])]
    with pytest.warns(UserWarning, match="2 of 3 .* 2 have no finite voxel with noise"):
        found = searchlight(x, models, neighbors=lists, residuals=residuals, **options)
    assert found.n_features.tolist() == [9, 0, 0]
    kept = np.setdiff1d(np.arange(12), [4, 10, 11])
    want = searchlight(x, models, neighbors=[kept], residuals=residuals, **options)
    np.testing.assert_allclose(found.scores[0], want.scores[0], atol=1e-12)


def test_noise_without_an_inverse_is_undefined(study):
    x, conditions, folds, models, residuals = study
    residuals[:, 1] = residuals[:, 0] - 2 * residuals[:, 2]
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    for few, lists in ((residuals, [[0, 1, 2], [0, 1]]), (residuals[:5], [range(3, 12), [3, 4]])):
        with pytest.warns(UserWarning, match="1 of 2 .* noise without an inverse"):
            found = searchlight(
                x, models, neighbors=lists, residuals=few, noise=NoiseNormalizer("full"), **options
            )
        assert np.isnan(found.scores).all(axis=1).tolist() == [True, False]
        whole = searchlight(x, models, neighbors=lists, residuals=few, **options)
        assert np.isfinite(whole.scores).all()


def test_singular_noise_says_how_it_was_estimated(study):
    x, conditions, folds, models, residuals = study
    options = {"metric": "crossnobis", "conditions": conditions, "folds": folds}
    options |= {"neighbors": [range(8), range(3, 12)], "noise": NoiseNormalizer("full")}
    said = r"4 degrees of freedom and the shrinkage 'full': use 'shrinkage_diag' or more residuals"
    with pytest.raises(ValueError, match=f"2 of 2 .* noise without an inverse. .* {said}"):
        searchlight(x, models, residuals=residuals[:5], **options)
    options["noise"] = NoiseNormalizer("full", dof=3)
    with pytest.raises(ValueError, match="estimated with 3 degrees of freedom"):
        searchlight(x, models, residuals=residuals[:5], **options)
    options["neighbors"] = [[0, 1], [2]]
    residuals[:, 2] = np.nan  # another reason, about which shrinkage says nothing
    with pytest.warns(UserWarning, match="scores are NaN$"):
        searchlight(x, models, residuals=residuals, **options)


def test_noise_alone_resembles_no_model(rng):
    """Cross-validated distances of noise are 0 on average, whitened by noise of their own."""
    x, residuals = rng.standard_normal((40, 2000)), rng.standard_normal((30, 2000))
    found = searchlight(
        x,
        rng.random(10),
        neighbors=np.arange(2000).reshape(200, 10).tolist(),
        metric="crossnobis",
        method="cosine",
        conditions=np.tile(np.arange(5), 8),
        folds=np.repeat(np.arange(8), 5),
        residuals=residuals,
    ).scores[:, 0]
    assert abs(found.mean()) < 3.5 * found.std() / np.sqrt(200)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "euclidean"}, "folds are for metric='crossnobis'"),
        ({"folds": None}, "crossnobis needs folds"),
        ({"folds": None, "metric": "mahalanobis"}, "mahalanobis needs noise"),
        ({"folds": None, "metric": "cosine", "noise": NoiseNormalizer()}, "noise is for 'mahal"),
        ({"folds": np.repeat([0, 1], 5)}, r"conditions must have shape|folds must have shape"),
        ({"folds": [0] * 5 + [1] * 7}, "condition 'f' was not observed in two folds"),
        ({"conditions": None, "noise": NoiseNormalizer()}, "same conditions"),
        ({"residuals": np.ones((1, 4))}, "residuals must be at least 2 rows of the 4 features"),
        ({"residuals": np.ones((9, 5))}, "residuals must be at least 2 rows of the 4 features"),
        ({"noise": np.eye(3)}, "noise is of 3 features, but data have 4"),
        ({"noise": -np.eye(4)}, "noise must be positive definite"),
        ({"noise": np.eye(4), "residuals": np.eye(4)}, "leave out either"),
        ({"residuals": np.eye(4), "noise": NoiseNormalizer("l1")}, "method"),
        ({"residuals": np.eye(4), "noise": NoiseNormalizer(dof=0.5)}, "dof must be in"),
    ],
)
def test_wrong_designs_and_noise(rng, change, message):
    arguments = {
        "data": rng.standard_normal((12, 4)),
        "models": rng.random(15),
        "neighbors": [range(4)],
        "metric": "crossnobis",
        "conditions": list("abcdef") * 2,
        "folds": np.repeat([0, 1], 6),
    }
    with pytest.raises(ValueError, match=message):
        searchlight(**arguments | change)


def test_noise_needs_repeated_conditions(rng):
    with pytest.raises(ValueError, match="conditions with several observations, got 6"):
        searchlight(
            rng.standard_normal((6, 4)),
            rng.random(15),
            neighbors=[range(4)],
            metric="mahalanobis",
            noise=NoiseNormalizer(),
        )
