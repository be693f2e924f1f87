"""Images of brains in searchlights, regions and betas, against arrays and distances in mm."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from netrep_go.rsa import patterns, rdm, read_betas, region_rdms, regions, searchlight

nibabel = pytest.importorskip("nibabel", reason="images of brains need nibabel")

FUNCTIONAL = Path(nibabel.__file__).parent / "tests/data/functional.nii"
SHAPE = (6, 5, 4)
TURNED = np.array([[0, -2.0, 0.3, 7], [1.5, 0, 0, -3], [0.2, 0, 4, 90.123], [0, 0, 0, 1]])


def image(values, affine=TURNED, dtype=None):
    """Volumes, the first axis along them, as an image: the last axis."""
    values = np.asarray(values, dtype)
    if values.ndim == 4:
        values = np.moveaxis(values, 0, -1)
    return nibabel.Nifti1Image(values, affine)


@pytest.fixture
def brain(rng):
    """Data, a mask with holes, and two models of 7 conditions."""
    mask = rng.random(SHAPE) > 0.2
    return rng.standard_normal((7, *SHAPE)), mask, rng.random((2, 21))


@pytest.fixture
def functional():
    return nibabel.load(FUNCTIONAL)


def spheres(mask, affine, radius):
    """Voxels of the mask closer than so many mm to each of its voxels, one after the other."""
    voxels = np.argwhere(mask)
    mm = nibabel.affines.apply_affine(affine, voxels)
    flat = np.ravel_multi_index(voxels.T, mask.shape)
    return flat, [flat[row < radius - 1e-6] for row in cdist(mm, mm)]


@pytest.mark.parametrize("radius", [4.05, 6.5, 30.0])
@pytest.mark.parametrize(
    "affine",
    [TURNED, np.diag([4.0, 4, 8, 1]), np.diag([-2, 1.5, 1.7, 1]), np.diag([0.5, 1e-3, 3, 1])],
    ids=["sheared", "functional", "flipped", "thin"],
)
def test_radius_in_mm(brain, affine, radius):
    data, mask, models = brain
    centers, near = spheres(mask, affine, radius)
    result = searchlight(
        image(data, affine), models, mask=image(mask, affine, np.uint8), radius=radius,
        metric="euclidean",
    )  # fmt: skip
    want = searchlight(data.reshape(7, -1), models, neighbors=near, metric="euclidean")
    np.testing.assert_array_equal(result.centers, centers)
    np.testing.assert_array_equal(result.n_features, [len(each) for each in near])
    np.testing.assert_allclose(result.scores, want.scores, atol=1e-9)
    np.testing.assert_allclose(result.affine, affine, rtol=1e-6)


@pytest.mark.parametrize("angle", [0.1, 0.7, 2.0])
@pytest.mark.parametrize("size", [3.0, 0.7, 2.2])
def test_a_voxel_at_the_radius_is_outside_however_an_image_is_turned(brain, angle, size):
    """Affines in single precision put it a little closer or farther."""
    data, mask, models = brain
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    affine = np.diag([size, size, size, 1.0])
    affine[:2, :2] = turn * size
    stored = affine.astype(np.float32).astype(float)
    turned = searchlight(data, models, mask=mask, radius=2 * size, affine=stored)
    plain = searchlight(data, models, mask=mask, radius=2)
    np.testing.assert_array_equal(turned.n_features, plain.n_features)
    np.testing.assert_array_equal(turned.scores, plain.scores)


def test_every_form_of_images(brain, tmp_path):
    data, mask, models = brain
    data = data.astype(np.float32)
    whole, inside = image(data), image(mask, dtype=np.uint8)
    nibabel.save(whole, tmp_path / "betas.nii.gz")
    nibabel.save(inside, tmp_path / "mask.nii")
    single = [image(x) for x in data]
    for k, x in enumerate(single):
        nibabel.save(x, tmp_path / f"{k}.nii")
    forms = {
        "4-D": whole,
        "file": tmp_path / "betas.nii.gz",
        "text": str(tmp_path / "betas.nii.gz"),
        "list": single,
        "files": [tmp_path / f"{k}.nii" for k in range(7)],
        "runs": (image(data[:3]), image(data[3:6]), image(data[6])),
        "5-D": nibabel.Nifti1Image(np.moveaxis(data, 0, -1)[:, :, :, np.newaxis], TURNED),
        "array": data,
    }
    want = searchlight(data, models, mask=mask, affine=TURNED, radius=5)
    for name, form in forms.items():
        for where in (inside, tmp_path / "mask.nii"):
            result = searchlight(form, models, mask=where, radius=5)
            np.testing.assert_array_equal(result.scores, want.scores, err_msg=name)
    result = searchlight(whole, models, mask=mask, radius=5)
    np.testing.assert_array_equal(result.scores, want.scores)


def test_results_go_back_into_an_image(brain, tmp_path):
    data, mask, models = brain
    result = searchlight(
        image(data), {"a": models[0], "b": models[1]}, mask=image(mask, dtype=np.uint8), radius=5
    )
    nibabel.save(result.to_nifti("b"), tmp_path / "scores.nii")
    back = nibabel.load(tmp_path / "scores.nii")
    np.testing.assert_allclose(back.affine, TURNED, rtol=1e-6)
    np.testing.assert_array_equal(back.get_fdata()[mask], result.scores[:, 1])
    assert np.isnan(back.get_fdata()[~mask]).all()
    with pytest.raises(ValueError, match="there is no affine"):
        searchlight(data, models, mask=mask).to_nifti()
    with pytest.raises(ValueError, match="to_gifti is for scores on a surface"):
        result.to_gifti()


def test_real_volumes(functional, tmp_path):
    """20 volumes of 17 x 21 x 3 voxels of 4 x 4 x 8 mm: what is planted is found where it is."""
    data = np.asarray(functional.dataobj)
    mask = data.mean(axis=-1) > np.median(data)
    model = rdm(data[6:9, 10:13, 1].reshape(-1, 20).T)
    result = searchlight(FUNCTIONAL, model, mask=mask, radius=8.5)
    centers, near = spheres(mask, functional.affine, 8.5)
    want = searchlight(data.reshape(-1, 20).T, model, neighbors=near)
    np.testing.assert_array_equal(result.centers, centers)
    np.testing.assert_allclose(result.scores, want.scores, atol=1e-9)
    nibabel.save(result.to_nifti(), tmp_path / "scores.nii.gz")
    back = nibabel.load(tmp_path / "scores.nii.gz")
    np.testing.assert_array_equal(back.affine, functional.affine)
    best = np.unravel_index(np.nanargmax(back.get_fdata()), back.shape)
    assert np.abs(np.subtract(best, (7, 11, 1))).max() <= 1


def test_no_copy_of_an_image(brain):
    data, mask, models = brain
    memory = np.asfortranarray(np.moveaxis(data.astype(np.float32), 0, -1))
    memory.flags.writeable = False
    result = searchlight(nibabel.Nifti1Image(memory, TURNED), models, mask=mask, radius=5)
    assert np.isfinite(result.scores).all()


@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_centers_on_every_kth_voxel(brain, step):
    data, mask, models = brain
    mask[::step, ::step, ::step][0, 0, 0] = True
    whole = searchlight(data, models, mask=mask, radius=2.5)
    some = searchlight(data, models, mask=mask, radius=2.5, step=step)
    grid = np.stack(np.unravel_index(whole.centers, SHAPE))
    kept = (grid % step == 0).all(axis=0)
    np.testing.assert_array_equal(some.centers, whole.centers[kept])
    np.testing.assert_allclose(some.scores, whole.scores[kept], atol=1e-12)
    lists = [np.arange(k, k + 4) for k in range(20)]
    flat = data.reshape(7, -1)
    whole = searchlight(flat, models, neighbors=lists)
    some = searchlight(flat, models, neighbors=lists, step=step)
    np.testing.assert_array_equal(some.centers, np.arange(0, 20, step))
    np.testing.assert_allclose(some.scores, whole.scores[::step], atol=1e-12)
    np.testing.assert_array_equal(
        searchlight(image(data), models, neighbors=lists, step=step).scores, some.scores
    )


def test_voxels_that_are_not_finite_are_left_out(brain):
    data, mask, models = brain
    data[2, 3, 3, 2] = np.nan
    lacking = mask.copy()
    lacking[3, 3, 2] = False
    result = searchlight(image(data), models, mask=image(mask, dtype=np.uint8), radius=5)
    want = searchlight(data, models, mask=lacking, affine=TURNED, radius=5)
    same = np.isin(result.centers, want.centers)
    np.testing.assert_array_equal(result.scores[same], want.scores)


FLAT = np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
ELSEWHERE = TURNED.copy()
ELSEWHERE[0, 3] += 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": image(np.ones((6, 5, 3)))}, r"shapes \(6, 5, 4\) and \(6, 5, 3\)"),
        ({"mask": image(np.ones(SHAPE), ELSEWHERE)}, r"data and mask .*affines .*7\.0.* 9\.0"),
        ({"mask": image(np.zeros(SHAPE))}, "mask must have at least one voxel"),
        ({"mask": image(np.full(SHAPE, np.nan))}, "mask must not have NaN"),
        ({"mask": image(np.ones((2, *SHAPE)))}, "mask must be one volume, got 2"),
        ({"mask": image(np.ones(SHAPE), FLAT)}, "the affine of mask must have voxels"),
        ({"mask": "missing.nii"}, "mask: there is no file 'missing.nii'"),
        ({"radius": 1.5}, r"radius must reach beyond a voxel, got 1.5 .*1\.513 x 2 x 4\.011"),
        ({"radius": 0.0}, "radius must be in"),
        ({"step": 0}, "step must be at least 1"),
        ({"mask": np.eye(6)[1][:, None, None] * np.ones(SHAPE), "step": 5}, "step=5 leaves no"),
        ({"affine": np.eye(4)}, "data has an affine of its own"),
        ({"mask": np.ones((2, 3))}, r"data and mask .* got shapes \(6, 5, 4\) and \(2, 3\)"),
        ({"mask": np.ones((6, 4, 5))}, r"got shapes \(6, 5, 4\) and \(6, 4, 5\): resample"),
        ({"mask": np.ones((4, 5, 6)).tolist()}, r"data must have shape .*, 4, 5, 6\)"),
        ({"mask": None, "neighbors": [[0]], "affine": np.eye(4)}, "affine is for a mask"),
        ({"data": [image(np.ones(SHAPE)), "none.nii"]}, r"data\[1\]: there is no file"),
        ({"data": [image(np.ones(SHAPE)), image(np.ones(SHAPE), ELSEWHERE)]}, r"\[0\] and data"),
        ({"data": [image(np.ones(SHAPE)), np.ones(SHAPE)]}, r"data\[1\] must be an image"),
        ({"data": image(np.ones((3, 2, *SHAPE)).transpose(1, 2, 3, 4, 0))}, "3 or 4 dimensions"),
        ({"data": image(np.ones((6, *SHAPE)))}, "same conditions, got 6 and 7"),
    ],
)  # fmt: skip
def test_errors(brain, change, message):
    data, mask, models = brain
    arguments = {"data": image(data), "mask": image(mask, dtype=np.uint8), "radius": 5.0}
    arguments |= change
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=message):
        searchlight(models=models, **arguments)


@pytest.mark.parametrize("affine", [np.eye(3), np.ones((4, 4)), np.zeros((4, 4)), "none"])
def test_affines_that_are_none(brain, affine):
    data, mask, models = brain
    with pytest.raises((ValueError, TypeError), match="affine"):
        searchlight(data, models, mask=mask, affine=affine)


def test_damaged_files(brain, tmp_path):
    data, mask, models = brain
    path = tmp_path / "x.nii.gz"
    nibabel.save(image(data), path)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"text", whole[:40]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"data.* cannot be read"):
            searchlight(path, models, mask=mask)


def test_without_nibabel(monkeypatch, brain):
    """Files need it; images of others, with the attributes that are read, do not."""
    data, mask, models = brain
    whole = image(data)
    monkeypatch.setitem(sys.modules, "nibabel", None)
    result = searchlight(whole, models, mask=mask, radius=5)
    with pytest.raises(ImportError, match=r"data as an image file needs nibabel.*\[neuro\]"):
        searchlight("x.nii", models, mask=mask)
    with pytest.raises(ImportError, match=r"to_nifti needs nibabel"):
        result.to_nifti()


def test_regions(brain, rng):
    data, _, _ = brain
    labels = rng.integers(0, 4, SHAPE) * 10
    own = regions(image(data), image(labels, dtype=np.int16))
    assert list(own) == [10, 20, 30]
    for number, x in own.items():
        np.testing.assert_array_equal(x, data[:, labels == number])
        np.testing.assert_array_equal(x, patterns(data, labels == number))
    named = region_rdms(image(data), labels, "euclidean", names=["V1", "V2", "IT"])
    assert list(named) == ["V1", "V2", "IT"]
    for name, number in zip(named, own, strict=True):
        np.testing.assert_allclose(named[name], rdm(own[number], "euclidean"), atol=1e-12)
    some = regions(data, labels.astype(float), names={30: "IT", 10: "V1"})
    assert list(some) == ["IT", "V1"]
    np.testing.assert_array_equal(some["IT"], own[30])


def test_regions_leave_out_voxels_that_are_not_finite(brain):
    data, _, _ = brain
    labels = np.zeros(SHAPE, int)
    labels[0], labels[1] = 1, 2
    data[3, 0, 1, 2] = np.nan
    data[0, 0, 0, 0] = np.inf
    found = regions(data, labels)
    finite = np.isfinite(data).all(axis=0)
    np.testing.assert_array_equal(found[1], data[:, (labels == 1) & finite])
    data[5, 1] = np.nan
    with pytest.raises(
        ValueError, match="region 2 has no voxel that is finite in all of data, of 20"
    ):
        regions(data, labels)


def test_noise_of_each_region(rng, brain):
    data, _, _ = brain
    labels = np.zeros(SHAPE, int)
    labels[0, 0], labels[1, 1] = 1, 2
    noise = {name: np.diag(rng.random(4) + 1) for name in ("a", "b")}
    found = region_rdms(data, labels, "mahalanobis", names=["a", "b"], noise=noise)
    for k, name in enumerate(("a", "b"), start=1):
        want = rdm(data[:, labels == k], "mahalanobis", noise=noise[name])
        np.testing.assert_allclose(found[name], want, atol=1e-12)


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        (np.zeros(SHAPE), None, "labels must have at least one region"),
        (np.full(SHAPE, 0.5), None, "labels must be whole numbers.* got 0.5"),
        (np.full(SHAPE, np.nan), None, "labels must be whole numbers.* got nan"),
        (np.ones((2, 3, 4)), None, r"data and labels .* got shapes \(6, 5, 4\) and \(2, 3, 4\)"),
        (np.ones(SHAPE), ["a", "b"], "names must have one entry for each of the 1 regions"),
        (np.ones(SHAPE), {2: "a"}, r"regions in labels, \[1\], got the label 2"),
        (np.ones(SHAPE), {}, "got none"),
        (image(np.ones(SHAPE), ELSEWHERE), None, "data and labels must have the same voxels"),
    ],
)
def test_errors_of_regions(brain, labels, names, message):
    with pytest.raises(ValueError, match=message):
        regions(image(brain[0]), labels, names=names)


def test_patterns_of_images(brain):
    data, mask, _ = brain
    want = data[:, mask]
    inside = image(mask, dtype=np.uint8)
    for form in (image(data), [image(x) for x in data], data, np.moveaxis(data, 0, -1)):
        np.testing.assert_array_equal(patterns(form, inside), want)
    cube = np.arange(3.0**4).reshape(3, 3, 3, 3)  # ambiguous as an array
    np.testing.assert_array_equal(
        patterns(nibabel.Nifti1Image(cube, TURNED), np.ones((3, 3, 3))), cube.reshape(27, 3).T
    )
    with pytest.raises(ValueError, match="data and mask must have the same voxels"):
        patterns(image(data), image(mask, ELSEWHERE, np.uint8))
    with pytest.raises(ValueError, match="axis is for arrays"):
        patterns(image(data), mask, axis=3)


TABLE = {"trial_type": list("cab" * 4), "run": [1] * 6 + [2] * 6, "onset": range(12)}


@pytest.fixture
def betas(rng):
    return rng.standard_normal((12, *SHAPE))


@pytest.mark.parametrize("form", ["dict", "frame", "tsv", "csv"])
def test_betas_with_a_table(betas, form, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(TABLE).set_index("onset")
    paths = {"tsv": ("events.tsv", "\t"), "csv": ("events.csv", ",")}
    table = {"dict": TABLE, "frame": frame}.get(form)
    if table is None:
        name, separator = paths[form]
        table = tmp_path / name
        frame.to_csv(table, sep=separator)
    found = read_betas([image(x) for x in betas], table)
    np.testing.assert_array_equal(found.data, betas)
    assert found.conditions.tolist() == TABLE["trial_type"]
    assert found.runs.tolist() == TABLE["run"]
    names, means = found.average()
    assert names == ["a", "b", "c"]
    np.testing.assert_allclose(means[2], betas[::3].mean(axis=0), atol=1e-12)


def test_betas_in_searchlights_and_regions(betas, brain, rng):
    found = read_betas(image(betas), TABLE, condition="trial_type", run="run")
    mask, model = image(brain[1], dtype=np.uint8), rng.random(3)
    averaged = searchlight(found, model, mask=mask, radius=5)
    means = np.stack([betas[k::3].mean(axis=0) for k in (1, 2, 0)])
    want = searchlight(image(means), model, mask=mask, radius=5)
    np.testing.assert_allclose(averaged.scores, want.scores, atol=1e-9)
    labels = np.ones(SHAPE)
    labels[3:] = 2
    for metric, folds in (("crossnobis", TABLE["run"]), ("euclidean", None)):
        rdms = region_rdms(found, labels, metric)
        flat = betas[:, labels == 2]
        one = rdm(flat, metric, conditions=TABLE["trial_type"], folds=folds)
        np.testing.assert_allclose(rdms[2], one, atol=1e-12)


def test_names_of_betas_must_be_those_of_models(betas, brain):
    pandas = pytest.importorskip("pandas")
    found = read_betas(image(betas), TABLE)
    square = 1 - np.eye(3)
    square[0, 1] = square[1, 0] = 0.5
    for names, right in ((list("abc"), True), (list("cab"), False)):
        model = pandas.DataFrame(square, names, names)
        if right:
            assert np.isfinite(searchlight(found, model, mask=brain[1], radius=5).scores).all()
            continue
        with pytest.raises(ValueError, match="must have the same conditions in the same order"):
            searchlight(found, model, mask=brain[1], radius=5)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ({"run": [1] * 12}, {}, "table must have a column 'condition' or 'trial_type', got"),
        (TABLE, {"condition": "face"}, "table must have a column face"),
        (TABLE, {"run": "session"}, "table must have a column 'session'"),
        ({"condition": list("ab")}, {}, "table must have a row for each of the 12 images, got 2"),
        ({"condition": [*"ab" * 5, "a", None]}, {}, r"table\['condition'\]\[11\]"),
        ("none.tsv", {}, "table: 'none.tsv' cannot be read"),
        ([1, 2], {}, "table must be a DataFrame, a dict of columns or a path, got list"),
    ],
)
def test_errors_of_tables(betas, table, options, message):
    with pytest.raises((ValueError, TypeError, OSError), match=message):
        read_betas(image(betas), table, **options)


def test_betas_need_images():
    with pytest.raises(TypeError, match="images must be images of nibabel or their paths"):
        read_betas(np.ones((12, *SHAPE)), TABLE)
    found = read_betas(image(np.ones((12, *SHAPE))), TABLE)
    with pytest.raises(ValueError, match="data has conditions and runs of its own"):
        region_rdms(found, np.ones(SHAPE), conditions=TABLE["run"])
