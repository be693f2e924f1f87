"""Crossnobis with noise of each fold, against rsatoolbox and loops over observations."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from netrep_go.rsa import NoiseNormalizer, compare, rdm, searchlight

LISTS = [np.arange(7), np.array([0, 3, 5]), np.array([6])]
FOLDS = ["a", "b", "c", "d"]


@pytest.fixture
def study(rng):
    """8 conditions in 4 folds, covariances that differ much, and residuals of each fold."""
    conditions, folds = np.tile(np.arange(8), 4), np.repeat(FOLDS, 8)
    x = rng.standard_normal((8, 7))[conditions] + rng.standard_normal((32, 7)) + 2
    mixing = [np.eye(7) * s + 0.5 * rng.standard_normal((7, 7)) for s in (0.5, 1, 2, 4)]
    residual_folds = np.repeat(FOLDS, [20, 30, 25, 25])
    residuals = np.concatenate(
        [rng.standard_normal((n, 7)) @ m + 1 for n, m in zip([20, 30, 25, 25], mixing, strict=True)]
    )
    return x, conditions, folds, residuals, residual_folds


def precisions(residuals, labels, features=slice(None), **options):
    return {
        fold: NoiseNormalizer(**options).fit(residuals[labels == fold][:, features]).get_precision()
        for fold in FOLDS
    }


def definition(x, conditions, folds, precision):
    """The mean of products of observations of different folds, by loops."""
    covariances = {fold: np.linalg.inv(p) for fold, p in precision.items()}
    names = np.unique(conditions)

    def product(a, b):
        return np.mean(
            [
                x[i] @ np.linalg.inv((covariances[folds[i]] + covariances[folds[j]]) / 2) @ x[j]
                for i in np.flatnonzero(conditions == a)
                for j in np.flatnonzero(conditions == b)
                if folds[i] != folds[j]
            ]
        )

    k = np.array([[product(a, b) for b in names] for a in names]) / x.shape[1]
    i, j = np.triu_indices(len(names), 1)
    return k[i, i] + k[j, j] - 2 * k[i, j]


def test_rdms_are_those_of_rsatoolbox(study):
    rsatoolbox = pytest.importorskip("rsatoolbox")
    x, conditions, folds, residuals, labels = study
    noise = precisions(residuals, labels)
    data = rsatoolbox.data.Dataset(
        np.ascontiguousarray(x), obs_descriptors={"c": list(conditions), "f": list(folds)}
    )
    with np.errstate(invalid="ignore"):  # it fills descriptors that are numbers with NaN
        want = rsatoolbox.rdm.calc_rdm(
            data, "crossnobis", descriptor="c", cv_descriptor="f", noise=[*noise.values()]
        ).dissimilarities[0]
    fitted = {f: NoiseNormalizer().fit(residuals[labels == f]) for f in reversed(FOLDS)}
    stack = np.stack([*noise.values()])
    for given in (noise, [*noise.values()], stack, fitted):
        found = rdm(x, "crossnobis", conditions=conditions, folds=folds, noise=given)
        np.testing.assert_allclose(found, want, atol=1e-12)


@pytest.mark.parametrize("n", [32, 29, 20])
def test_rdms_are_their_definition(study, rng, n):
    x, conditions, folds, residuals, labels = study
    kept = np.union1d(rng.permutation(32)[:n], np.arange(16))
    x, conditions, folds = x[kept], conditions[kept], folds[kept]
    noise = {f: p for f, p in precisions(residuals, labels).items() if f in folds}
    found = rdm(x, "crossnobis", conditions=conditions, folds=folds, noise=noise)
    want = definition(x, conditions, folds, noise)
    np.testing.assert_allclose(found, want, atol=1e-10)


def test_the_same_noise_in_all_folds_is_one_noise(study):
    x, conditions, folds, residuals, _ = study
    by = {"conditions": conditions, "folds": folds}
    one = NoiseNormalizer().fit(residuals)
    want = rdm(x, "crossnobis", noise=one, **by)
    np.testing.assert_allclose(rdm(x, "crossnobis", noise=[one] * 4, **by), want, atol=1e-12)


def test_a_common_offset_costs_no_digits(study):
    x, conditions, folds, residuals, labels = study
    x = np.round(8 * x)
    by = {"conditions": conditions, "folds": folds, "noise": precisions(residuals, labels)}
    far = rdm(x + 2.0**40, "crossnobis", **by)
    np.testing.assert_allclose(far, rdm(x, "crossnobis", **by), rtol=1e-11)


def test_data_sets_with_folds_of_their_own(study, rng):
    x, conditions, folds, residuals, labels = study
    wide = np.hstack([x, rng.standard_normal((32, 2))])
    noise = precisions(residuals, labels)
    renamed = np.where(folds == "a", "z", folds)
    half = folds < "c"
    data = {"one": x, "wide": wide, "half": x[half]}
    by = {
        "conditions": {"one": conditions, "wide": conditions, "half": conditions[half]},
        "folds": {"one": folds, "wide": renamed, "half": folds[half]},
    }
    whole = {f: np.eye(9) * s for f, s in zip("bcdz", [1, 2, 3, 4], strict=True)}
    given = {"one": noise, "wide": whole, "half": [noise["a"], noise["b"]]}
    found = rdm(data, "crossnobis", noise=given, **by)
    want = [
        rdm(data[k], "crossnobis", conditions=by["conditions"][k], folds=by["folds"][k], noise=v)
        for k, v in given.items()
    ]
    np.testing.assert_allclose(found, want, atol=1e-12)
    mixed = rdm([x, x], "crossnobis", conditions=conditions, folds=folds, noise=[noise, np.eye(7)])
    np.testing.assert_allclose(mixed[0], want[0], atol=1e-12)
    white = rdm(x, "crossnobis", conditions=conditions, folds=folds)
    np.testing.assert_allclose(mixed[1], white, atol=1e-12)


@pytest.mark.parametrize("method", ["shrinkage_diag", "shrinkage_eye", "diag", "full"])
@pytest.mark.parametrize("dof", [None, 15])
def test_searchlights_are_rdms_one_by_one(study, rng, method, dof):
    x, conditions, folds, residuals, labels = study
    models = rng.random((2, 28))
    options = {"conditions": conditions, "folds": folds, "metric": "crossnobis"}
    estimator = NoiseNormalizer(method, dof=dof)
    want = [
        compare(
            rdm(x[:, v], noise=precisions(residuals, labels, v, method=method, dof=dof), **options),
            models,
            "pearson",
        )
        for v in LISTS
    ]
    order = rng.permutation(100)
    for rows in (np.arange(100), order):
        for layout in ("C", "F"):
            found = searchlight(
                x,
                models,
                neighbors=LISTS,
                method="pearson",
                noise=estimator,
                residuals=np.array(residuals[rows], order=layout),
                residual_folds=labels[rows],
                n_jobs=2,
                **options,
            )
            np.testing.assert_allclose(found.scores, want, atol=1e-10)


def test_searchlights_take_their_part_of_covariances(study, rng):
    x, conditions, folds, residuals, labels = study
    models = rng.random((2, 28))
    noise = precisions(residuals, labels)
    options = {"conditions": conditions, "folds": folds, "metric": "crossnobis"}
    found = searchlight(x, models, neighbors=LISTS, method="pearson", noise=noise, **options)
    for v, scores in zip(LISTS, found.scores, strict=True):
        part = {f: np.linalg.inv(np.linalg.inv(p)[np.ix_(v, v)]) for f, p in noise.items()}
        want = compare(rdm(x[:, v], noise=part, **options), models, "pearson")
        np.testing.assert_allclose(scores, want, atol=1e-10)


def test_voxels_without_noise_in_a_fold_are_left_out(study, rng):
    x, conditions, folds, residuals, labels = study
    residuals[labels == "c", 2] = 0.3
    residuals[4, 5] = np.nan
    options = {
        "models": rng.random(28),
        "metric": "crossnobis",
        "conditions": conditions,
        "folds": folds,
        "residuals": residuals,
        "residual_folds": labels,
    }
    with pytest.warns(UserWarning, match="1 of 2 .* 1 have no finite voxel with noise"):
        found = searchlight(x, neighbors=[range(7), [2, 5]], **options)
    assert found.n_features.tolist() == [5, 0]
    want = searchlight(x, neighbors=[[0, 1, 3, 4, 6]], **options)
    np.testing.assert_allclose(found.scores[0], want.scores[0], atol=1e-12)


def test_noise_without_an_inverse_in_all_folds_alone_is_undefined(study, rng):
    """Of two folds the mean counts: one may be singular."""
    x, conditions, folds, residuals, labels = study
    options = {
        "models": rng.random(28),
        "neighbors": [range(7), [0, 1]],
        "metric": "crossnobis",
        "conditions": conditions,
        "folds": folds,
        "noise": NoiseNormalizer("full"),
        "residual_folds": labels,
    }
    once = residuals.copy()
    once[labels == "a", 6] = once[labels == "a", 0]
    assert np.isfinite(searchlight(x, residuals=once, **options).scores).all()
    twice = residuals.copy()
    twice[labels <= "b", 6] = twice[labels <= "b", 0]
    with pytest.warns(UserWarning, match="1 of 2 .* noise without an inverse"):
        found = searchlight(x, residuals=twice, **options)
    assert np.isnan(found.scores[:, 0]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ([np.eye(7)] * 3, "noise has 3 items for 4 folds"),
        ({f: np.eye(7) for f in "abc"}, "noise has nothing for the fold 'd'"),
        ({f: np.eye(7) for f in "abcde"}, "noise has a fold that folds have not, 'e'"),
        ([np.eye(7)] * 3 + [np.eye(6)], r"noise\['d'\] is of 6 features, but data have 7"),
        ([np.eye(7)] * 3 + [-np.eye(7)], r"noise\['d'\] must be positive definite"),
        ([np.eye(7)] * 3 + [np.triu(np.ones((7, 7)))], r"noise\['d'\] must be a symmetric"),
    ],
)
def test_wrong_noise_of_folds(study, rng, noise, message):
    x, conditions, folds, *_ = study
    by = {"conditions": conditions, "folds": folds, "metric": "crossnobis", "noise": noise}
    with pytest.raises(ValueError, match=message):
        rdm(x, **by)
    with pytest.raises(ValueError, match=message):
        searchlight(x, rng.random(28), neighbors=LISTS, **by)


def test_noise_of_folds_is_for_crossnobis(study, rng):
    x, conditions, folds, residuals, labels = study
    noise = [np.eye(7)] * 4
    with pytest.raises(ValueError, match="noise of each fold is for metric='crossnobis'"):
        rdm(x, "mahalanobis", conditions=conditions, noise=noise)
    common = {"models": rng.random(28), "neighbors": LISTS, "conditions": conditions}
    with pytest.raises(ValueError, match="noise of each fold is for metric='crossnobis'"):
        searchlight(x, metric="mahalanobis", noise=noise, **common)
    crossnobis = {"metric": "crossnobis", "folds": folds} | common
    with pytest.raises(ValueError, match="residual_folds are those of residuals"):
        searchlight(x, residual_folds=labels, **crossnobis)
    for wrong, message in (
        (np.where(labels == "a", "b", labels), "folds of data, got 'a' in one of them only"),
        (np.r_[["a"], labels[labels != "a"]], "two residuals of each fold, got one of 'a'"),
    ):
        with pytest.raises(ValueError, match=message):
            searchlight(x, residuals=residuals[-len(wrong) :], residual_folds=wrong, **crossnobis)
    with pytest.raises(NotFittedError, match=r"noise.* is not fitted: fit it to residuals"):
        rdm(x, "crossnobis", conditions=conditions, folds=folds, noise=[NoiseNormalizer()] * 4)
    x[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN, which cannot be whitened"):
        rdm(x, "crossnobis", conditions=conditions, folds=folds, noise=noise)
