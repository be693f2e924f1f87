"""Several subjects in one call, against subjects one by one, and tests over them."""

import numpy as np
import pytest

from netrep_go.encoding import generalize_times
from netrep_go.rsa import (
    Betas,
    NoiseNormalizer,
    cluster_test,
    evaluate,
    rdm,
    region_rdms,
    searchlight,
    surface_adjacency,
    time_resolved,
    volume_adjacency,
)

SHAPE = (5, 4, 6)
NAMES = ["s1", "s2", "s3"]


@pytest.fixture
def study(rng):
    """Volumes of 3 subjects and 6 conditions, a mask of each, and 2 models."""
    return rng.standard_normal((3, 6, *SHAPE)), rng.random((3, *SHAPE)) > 0.15, rng.random((2, 15))


def one_by_one(data, models, masks, **options):
    """Scores of subjects at the centers that all have, and these."""
    each = [searchlight(x, models, mask=m, **options) for x, m in zip(data, masks, strict=True)]
    centers = sorted(set.intersection(*(set(one.centers.tolist()) for one in each)))
    kept = [np.isin(one.centers, centers) for one in each]
    return np.stack([one.scores[k] for one, k in zip(each, kept, strict=True)]), centers, each


@pytest.mark.parametrize("form", ["array", "list", "tuple", "dict", "series", "flat", "inside"])
def test_subjects_are_those_one_by_one(study, form):
    data, masks, models = study
    want, centers, each = one_by_one(data, models, masks, radius=2)
    masks_of = masks if form == "array" else list(masks)
    given = {
        "array": lambda: data,
        "list": lambda: list(data),
        "tuple": lambda: tuple(data),
        "dict": lambda: dict(zip(NAMES, data, strict=True)),
        "series": lambda: pytest.importorskip("pandas").Series(list(data), NAMES),
        "flat": lambda: data.reshape(3, 6, -1),
        "inside": lambda: [x[:, m] for x, m in zip(data, masks, strict=True)],
    }[form]()
    if form in ("dict", "series"):
        masks_of = dict(zip(NAMES[::-1], masks[::-1], strict=True))
    found = searchlight(given, models, mask=masks_of, radius=2)
    np.testing.assert_array_equal(found.scores, want)
    assert found.centers.tolist() == centers
    assert found.subjects == (NAMES if form in ("dict", "series") else [0, 1, 2])
    assert found.n_features.shape == (3, len(centers))
    volume = found.to_volume(1)
    assert volume.shape == (3, *SHAPE)
    np.testing.assert_array_equal(volume.reshape(3, -1)[:, centers], want[..., 1])
    lacking = np.setdiff1d(np.arange(masks[0].size), centers)
    assert np.isnan(volume.reshape(3, -1)[:, lacking]).all()
    np.testing.assert_array_equal(
        found.n_features[1], each[1].n_features[np.isin(each[1].centers, centers)]
    )


@pytest.mark.parametrize("ndim", [1, 2])
def test_planes_and_rows_are_told_from_subjects(rng, ndim):
    shape = (7, 3)[:ndim]
    data, models = rng.standard_normal((3, 5, *shape)), rng.random(10)
    mask = np.ones(shape)
    found = searchlight(data, models, mask=mask, radius=1.5, metric="euclidean")
    flat = searchlight(data.reshape(3, 5, -1), models, mask=mask, radius=1.5, metric="euclidean")
    for k, x in enumerate(data):
        one = searchlight(x, models, mask=mask, radius=1.5, metric="euclidean")
        assert one.subjects is None
        for several in (found, flat):
            np.testing.assert_array_equal(several.scores[k], one.scores)


def test_lists_of_neighbors(rng):
    data, models = [rng.standard_normal((6, p)) for p in (8, 8, 8)], rng.random(15)
    near = [[0, 1, 2], [2, 3, 4, 5], [5, 6, 7]]
    found = searchlight(data, models, neighbors=near)
    for x, scores in zip(data, found.scores, strict=True):
        np.testing.assert_array_equal(scores, searchlight(x, models, neighbors=near).scores)
    own = {0: near, 1: near[::-1], 2: near}
    turned = searchlight(data, models, neighbors=own)
    np.testing.assert_array_equal(turned.scores[1], found.scores[1, ::-1])
    with pytest.raises(ValueError, match=r"as many neighbor lists, got \(3,\) and \(2,\)"):
        searchlight(data, models, neighbors=own | {1: near[:2]})
    with pytest.raises(ValueError, match="adjacency must be given for correction='tfce'"):
        cluster_test(found, correction="tfce")
    alone = cluster_test(found, correction="max")
    chain = cluster_test(found.scores[..., 0], correction="max")
    np.testing.assert_array_equal(alone.pvalue_corrected, chain.pvalue_corrected)
    joined = cluster_test(found, adjacency=volume_adjacency(np.ones(3)), correction="tfce")
    np.testing.assert_array_equal(
        joined.pvalue_corrected,
        cluster_test(found.scores[..., 0], correction="tfce").pvalue_corrected,
    )


def test_designs_and_noise_of_each_subject(rng):
    mask, models = np.ones(9), rng.random(10)
    names = np.array(list("edcba"))
    conditions = [np.tile(names, 4), np.repeat(names, 6), np.tile(names, 5)]
    folds = [np.repeat(np.arange(4), 5), np.tile(np.arange(6), 5), np.repeat(list("vwxyz"), 5)]
    data = [rng.standard_normal((len(c), 9)) for c in conditions]
    residuals = [rng.standard_normal((n, 9)) for n in (30, 40, 50)]
    precisions = {k: np.linalg.inv(np.cov(r.T)) for k, r in enumerate(residuals)}
    options = {"mask": mask, "radius": 3, "metric": "crossnobis"}
    for noise in (
        {"residuals": residuals},
        {"noise": precisions},
        {"noise": NoiseNormalizer("diag")},
    ):
        found = searchlight(data, models, conditions=conditions, folds=folds, **noise, **options)
        for k in range(3):
            own = {key: x if isinstance(x, NoiseNormalizer) else x[k] for key, x in noise.items()}
            one = searchlight(
                data[k], models, conditions=conditions[k], folds=folds[k], **own, **options
            )
            np.testing.assert_array_equal(found.scores[k], one.scores)
    own = [np.resize(np.unique(f), len(r)) for f, r in zip(folds, residuals, strict=True)]
    options |= {"conditions": conditions, "folds": folds}
    found = searchlight(data, models, residuals=residuals, residual_folds=own, **options)
    for k in range(3):
        one = options | {"conditions": conditions[k], "folds": folds[k], "residual_folds": own[k]}
        want = searchlight(data[k], models, residuals=residuals[k], **one)
        np.testing.assert_array_equal(found.scores[k], want.scores)
    options |= {"conditions": conditions[0], "folds": folds[0]}
    shared = searchlight([data[0], data[0] + 1], models, **options)
    np.testing.assert_allclose(shared.scores[0], shared.scores[1], atol=1e-9)


def betas(rng, conditions, runs):
    return Betas(
        data=rng.standard_normal((len(conditions), 4, 3, 2)),
        affine=np.diag([2.0, 2, 3, 1]),
        conditions=np.array(conditions),
        runs=None if runs is None else np.array(runs),
    )


def test_betas_bring_conditions_and_runs(rng):
    conditions, runs = list("abcd" * 4), np.repeat([1, 2, 3, 4], 4).tolist()
    mask, models = np.ones((4, 3, 2)), rng.random(6)
    group = [betas(rng, conditions, runs) for _ in range(3)]
    options = {"mask": mask, "radius": 5, "metric": "crossnobis"}
    found = searchlight(group, models, **options)
    for one, scores in zip(group, found.scores, strict=True):
        want = searchlight(
            one.data, models, conditions=conditions, folds=runs, affine=one.affine, **options
        )
        np.testing.assert_array_equal(scores, want.scores)
    whitened = searchlight(group[0], models, noise=NoiseNormalizer(), **options)
    want = searchlight(
        group[0].data,
        models,
        conditions=conditions,
        folds=runs,
        affine=group[0].affine,
        noise=NoiseNormalizer(),
        **options,
    )
    np.testing.assert_array_equal(whitened.scores, want.scores)
    regions = region_rdms(group[0], mask, "decoding")
    flat = group[0].data.reshape(16, -1)
    want = rdm(flat, "decoding", conditions=conditions, folds=runs)
    np.testing.assert_array_equal(regions[1], want)
    lacking = betas(rng, conditions, None)
    with pytest.raises(ValueError, match="crossnobis needs folds"):
        searchlight(lacking, models, **options)
    assert np.isfinite(searchlight(lacking, models, folds=runs, **options).scores).all()
    for own in ({"conditions": conditions}, {"folds": runs}):
        with pytest.raises(ValueError, match="data has conditions and runs of its own"):
            searchlight(group[0], models, **own, **options)
    other = betas(rng, list("abce" * 4), runs)
    message = r"data\[0\] and data\[1\] must have the same conditions, but 'd' is in data\[0\]"
    with pytest.raises(ValueError, match=message):
        searchlight([group[0], other], models, **options)


def test_images_of_subjects(rng, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    affine = np.diag([2.0, 2, 2, 1])

    def image(x, affine=affine):
        return nibabel.Nifti1Image(np.moveaxis(x, 0, -1) if x.ndim == 4 else x, affine)

    data, mask, models = rng.standard_normal((3, 6, *SHAPE)), np.ones(SHAPE), rng.random((2, 15))
    want = searchlight(data, models, mask=mask, radius=4.5, affine=affine)
    for k, x in enumerate(data):
        nibabel.save(image(x), tmp_path / f"s{k}.nii.gz")
    whole, inside = image(data[0]), image(mask.astype(np.uint8))
    forms = [
        {name: image(x) for name, x in zip(NAMES, data, strict=True)},
        {name: tmp_path / f"s{k}.nii.gz" for k, name in enumerate(NAMES)},
        [[image(volume) for volume in x] for x in data],
    ]
    for form in forms:
        for masks in (mask, inside, [inside] * 3):
            found = searchlight(form, models, mask=masks, radius=4.5)
            np.testing.assert_allclose(found.scores, want.scores, atol=1e-9)
    saved = found.to_nifti(1)
    assert saved.shape == (*SHAPE, 3)
    np.testing.assert_allclose(np.asarray(saved.dataobj)[..., 2], found.to_volume(1)[2])
    residuals = rng.standard_normal((40, *SHAPE))
    options = {"mask": inside, "radius": 4.5, "metric": "mahalanobis"}
    one = searchlight(whole, models, residuals=image(residuals), **options)
    same = searchlight(whole, models, residuals=residuals, **options)
    np.testing.assert_array_equal(one.scores, same.scores)
    elsewhere = affine + np.eye(4, k=3)
    with pytest.raises(ValueError, match="data and residuals must have the same voxels"):
        searchlight(whole, models, residuals=image(residuals, elsewhere), **options)
    moved = {"a": whole, "b": image(data[1], elsewhere)}
    with pytest.raises(ValueError, match=r"data\['a'\] and data\['b'\] must have the same voxels"):
        searchlight(moved, models, mask=mask, radius=4.5)


def test_surfaces(rng):
    points = rng.standard_normal((30, 3))
    faces = np.array([[k, k + 1, k + 2] for k in range(28)])
    data, models = rng.standard_normal((4, 8, 30)), rng.random(28)
    data += np.where(np.arange(30) < 12, 3, 0.3) * rng.standard_normal((8, 30))
    residuals = rng.standard_normal((4, 25, 30))
    mask = np.arange(30) != 7
    options = {"surface": (points, faces), "radius": 2.5, "mask": mask}
    found = searchlight(data, models, metric="euclidean", **options)
    noisy = searchlight(data, models, residuals=residuals, metric="mahalanobis", **options)
    for k in range(4):
        np.testing.assert_array_equal(
            found.scores[k], searchlight(data[k], models, metric="euclidean", **options).scores
        )
        for r in (residuals[k], residuals[k][:, mask], np.asfortranarray(residuals[k])):
            one = searchlight(data[k], models, residuals=r, metric="mahalanobis", **options)
            np.testing.assert_allclose(noisy.scores[k], one.scores, atol=1e-10)
    assert found.scores.shape == (4, 29, 1)
    assert not np.allclose(noisy.scores, found.scores)
    for correction in ("cluster", "tfce"):
        straight = cluster_test(found, correction=correction)
        by_hand = cluster_test(
            found.to_volume(), correction=correction, adjacency=surface_adjacency(faces)
        )
        np.testing.assert_array_equal(straight.pvalue_corrected, by_hand.pvalue_corrected)
        np.testing.assert_array_equal(straight.clusters, by_hand.clusters)
    some = searchlight(data, models, step=2, metric="euclidean", **options)
    with pytest.raises(ValueError, match="adjacency must be given"):
        cluster_test(some)


def test_surface_noise_is_that_of_its_vertices(rng):
    """As of neighbor lists with the same residuals."""
    points = np.stack([np.arange(12.0), np.zeros(12), np.zeros(12)], axis=1)
    faces = np.array([[k, k + 1, k + 2] for k in range(10)])
    x, residuals, models = (
        rng.standard_normal((6, 12)),
        rng.standard_normal((40, 12)),
        rng.random(15),
    )
    options = {"metric": "mahalanobis", "residuals": residuals, "noise": NoiseNormalizer("full")}
    found = searchlight(x, models, surface=(points, faces), radius=2.5, **options)
    near = [[j for j in range(12) if abs(j - k) < 2.5] for k in range(12)]
    want = searchlight(x, models, neighbors=near, **options)
    np.testing.assert_allclose(found.scores, want.scores, atol=1e-10)
    precision = np.linalg.inv(np.cov(residuals.T))
    given = searchlight(
        x, models, surface=(points, faces), radius=2.5, metric="mahalanobis", noise=precision
    )
    np.testing.assert_allclose(given.scores, want.scores, atol=1e-8)
    with pytest.raises(ValueError, match=r"residuals must have shape \(n_conditions, 12\)"):
        searchlight(
            x, models, surface=(points, faces), radius=2.5, metric="mahalanobis",
            residuals=residuals[:, :11],
        )  # fmt: skip


@pytest.mark.parametrize("step", [1, 2])
def test_results_go_straight_into_tests(study, step):
    data, masks, models = study
    found = searchlight(list(data), models, mask=list(masks), radius=2, step=step)
    for model in (0, 1):
        straight = cluster_test(found, model=model, correction="tfce")
        volume = found.to_volume(model)
        every = (slice(None),) + (slice(None, None, step),) * 3
        by_hand = cluster_test(volume[every], correction="tfce")
        assert straight.statistic.shape == SHAPE
        np.testing.assert_array_equal(
            straight.pvalue_corrected[every[1:]], by_hand.pvalue_corrected
        )
    with pytest.raises(ValueError, match=r"model must be one of \[0, 1\], got None"):
        cluster_test(found)
    with pytest.raises(ValueError, match="model is for results"):
        cluster_test(found.to_volume(), model=0)
    with pytest.raises(ValueError, match="at least 2 subjects, got 1"):
        cluster_test(searchlight(data[0], models[0], mask=masks[0], radius=2))


def test_centers_that_some_subjects_lack_are_left_out_of_tests(rng):
    data, models = rng.standard_normal((4, 5, 10)), rng.random(10)
    data[1, :, 4] = np.nan
    data[2, :, 9] = np.inf
    with (
        pytest.warns(UserWarning, match=r"subject 'b': the RDM of 1 of 10"),
        pytest.warns(UserWarning, match=r"subject 'c': the RDM of 1 of 10"),
    ):
        found = searchlight(
            dict(zip("abcd", data, strict=True)),
            models,
            mask=np.ones(10),
            radius=1,
            metric="euclidean",
        )
    assert np.isnan(found.scores).sum() == 2
    result = cluster_test(found, correction="max")
    assert np.flatnonzero(np.isnan(result.statistic)).tolist() == [4, 9]


def test_names_of_subjects_must_agree_in_pairs(rng):
    x, models = rng.standard_normal((4, 5, 3, 6)), rng.random(10)
    options = {"n_permutations": 15, "paired": True, "correction": "max"}
    first = time_resolved(dict(zip("abcd", x, strict=True)), models)
    second = time_resolved(dict(zip("abcd", x[::-1], strict=True)), models)
    turned = time_resolved(dict(zip("dcba", x, strict=True)), models)
    numbered = time_resolved(x, models)
    want = cluster_test(first.scores[:, 0], second.scores[:, 0], **options)
    for others in (second, time_resolved(x[::-1], models)):
        found = cluster_test(first, others, **options)
        np.testing.assert_array_equal(found.pvalue_corrected, want.pvalue_corrected)
    with pytest.raises(ValueError, match="same subjects in the same order, got 'a' and 'd'"):
        cluster_test(first, turned, **options)
    later = time_resolved(x, models, times=np.arange(6) + 1.0)
    with pytest.raises(ValueError, match="scores and others must have the same times"):
        cluster_test(numbered, later, **options)


def test_lists_of_subjects_over_time_may_differ_in_sensors(rng):
    data, models = [rng.standard_normal((5, n, 4)) for n in (3, 6, 7)], rng.random(10)
    found = time_resolved(data, models)
    for x, scores in zip(data, found.scores, strict=True):
        np.testing.assert_array_equal(scores, time_resolved(x, models).scores[0])
    same = time_resolved(tuple(x[:, :3] for x in data), models)
    want = time_resolved(np.stack([x[:, :3] for x in data]), models)
    np.testing.assert_array_equal(same.scores, want.scores)
    with pytest.raises(ValueError, match=r"data\[0\] and data\[1\] must have the same conditions"):
        time_resolved([data[0], data[1][:4]], models)


def test_chance_of_a_result_is_what_scores_are_compared_with(rng):
    data, y = rng.standard_normal((3, 20, 4, 3)), np.arange(20) % 2
    found = generalize_times(data, y, cv=2)
    straight = cluster_test(found, correction="max")
    want = cluster_test(found.scores, popmean=0.5, correction="max")
    np.testing.assert_array_equal(straight.statistic, want.statistic)
    with pytest.raises(ValueError, match="model is for results of several models"):
        cluster_test(found, model=1)


def test_subjects_of_an_evaluation(rng):
    models = {"a": rng.random(15), "b": rng.random(15)}
    rdms = dict(zip(NAMES, rng.random((3, 15)), strict=True))
    found = evaluate(models, rdms)
    assert found.subjects == NAMES
    assert evaluate(models, [*rdms.values()]).subjects == [0, 1, 2]
    tested = cluster_test(found, correction="max")
    want = cluster_test(found.similarities.T, correction="max")
    np.testing.assert_array_equal(tested.pvalue_corrected, want.pvalue_corrected)
    with pytest.raises(ValueError, match="adjacency must be given"):
        cluster_test(found)


def test_frames_name_subjects(study):
    pytest.importorskip("pandas")
    data, masks, models = study
    found = searchlight(
        dict(zip(NAMES, data, strict=True)), {"a": models[0], "b": models[1]}, mask=masks[0],
        radius=2,
    )  # fmt: skip
    frame = found.to_frame()
    assert list(frame.columns) == ["subject", "center", "model", "n_features", "method", "score"]
    row = frame[(frame.subject == "s2") & (frame.center == found.centers[3]) & (frame.model == "b")]
    assert row.score.item() == found.scores[1, 3, 1]
    assert row.n_features.item() == found.n_features[1, 3]


def mask_at(place):
    return np.arange(10) == place


X = np.random.default_rng(0).standard_normal((3, 4, 10))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": {}}, "data must have at least one subject, got none"),
        ({"mask": {0: np.ones(10), 1: np.ones(10)}}, "mask has nothing for the subject 2"),
        ({"mask": [np.ones(10)] * 2}, "mask must have one for each of the 3 subjects, got 2"),
        ({"mask": [mask_at(0), mask_at(0), mask_at(1)]}, "subjects must have a center in common"),
        ({"conditions": [list("abcd")] * 2}, "conditions must have one for each of the 3"),
        (
            {"conditions": [list("abcd"), list("abcd"), list("abxd")]},
            r"data\[0\] and data\[2\] must have the same conditions, but 'c' is in data\[0\] and "
            r"not in data\[2\]",
        ),
        ({"data": [*X[:2], X[2, :3]]}, "subject 2: data and models must be of the same cond"),
        ({"data": [*X[:2], X[2, :, :9]]}, "subject 2: data must have shape"),
        ({"data": [*X[:2], X[2] * np.nan]}, "subject 2: the RDM of 10 of 10 searchlights"),
        ({"data": dict(zip("abc", X, strict=True)), "radius": 0}, "subject 'a': radius must be"),
        ({"data": {"a": X}}, r"data\['a'\] must be of one subject"),
        ({"data": {"a": {"b": X[0]}}}, r"data\['a'\] must be of one subject"),
        ({"names": {"a"}}, "names must be a list of names"),
        ({"data": [X[0], X[1], "none"]}, "subject 2: data must be an array of numbers"),
    ],
)
def test_errors_name_the_subject(change, message):
    arguments = {"data": X, "mask": np.ones(10), "radius": 2, "metric": "euclidean"} | change
    with pytest.raises((ValueError, TypeError), match=message):
        searchlight(models=np.arange(6.0), **arguments)


def test_data_frames_must_agree_on_the_order_of_conditions(rng):
    pandas = pytest.importorskip("pandas")
    orders = ("abcd", "abcd", "abdc")
    frames = [pandas.DataFrame(x, index=list(o)) for x, o in zip(X, orders, strict=True)]
    options = {"mask": np.ones(10), "radius": 2, "metric": "euclidean"}
    found = searchlight(frames[:2], np.arange(6.0), **options)
    np.testing.assert_array_equal(
        found.scores, searchlight(X[:2], np.arange(6.0), **options).scores
    )
    with pytest.raises(ValueError, match=r"same conditions in the same order, got 'c' and 'd'"):
        searchlight(frames, np.arange(6.0), **options)


def noise_of_a_study(rng, shape, n=12):
    """Noise of 7 subjects that voxels share: of 4 conditions in 3 runs, or of residuals."""
    x = rng.standard_normal((7, n, *shape))
    return x + 0.5 * np.roll(x, 1, axis=2)


@pytest.mark.parametrize("correction", ["cluster", "tfce", "max"])
def test_the_whole_chain_finds_nothing_in_noise(rng, correction):
    """Crossnobis searchlights of subjects with masks of their own, whitened, to the group."""
    found, models = 0, rng.random(6)
    options = {"metric": "crossnobis", "method": "cosine", "radius": 2}
    options |= {"conditions": list("abcd") * 3, "folds": np.repeat([1, 2, 3], 4), "n_jobs": 1}
    for _ in range(60):
        data, masks = noise_of_a_study(rng, (5, 4, 4)), rng.random((7, 5, 4, 4)) > 0.02
        residuals = noise_of_a_study(rng, (5, 4, 4), 40)
        scores = searchlight(data, models, mask=masks, residuals=residuals, **options)
        found += cluster_test(scores, correction=correction, n_jobs=1).significant().any()
    assert found <= 8  # of 60 at 0.05: more in 1 of 400 such tests


def test_the_whole_chain_finds_what_is_planted(rng):
    shape = (7, 6, 5)
    planted = np.zeros(shape, bool)
    planted[1:4, 1:4, 1:4] = True
    pattern = np.array([[3.0], [2], [0], [0]]) * rng.standard_normal((4, 27))
    data = noise_of_a_study(rng, shape)
    data[:, :, planted] += np.tile(pattern, (3, 1))
    model = {"planted": rdm(pattern, "sqeuclidean")}
    scores = searchlight(
        data,
        model,
        mask=np.ones(shape),
        radius=1.5,
        metric="crossnobis",
        method="cosine",
        conditions=list("abcd") * 3,
        folds=np.repeat([1, 2, 3], 4),
    )
    shown = cluster_test(scores, correction="tfce").significant(0.02)
    around = np.pad(planted[1:-1, 1:-1, 1:-1], 1)
    assert shown[planted].mean() > 0.8
    reach = volume_adjacency(np.ones(shape), 26) @ around.ravel() > 0
    assert shown.ravel()[~reach].mean() < 0.05
