"""Searchlights, time courses, tests over subjects and masks, against those of other packages."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from golden import make_brains as brains
from golden import make_rsatoolbox_crossnobis as crossnobis

from netrep_go.rsa import (
    NoiseNormalizer,
    cluster_test,
    compare,
    rdm,
    regions,
    searchlight,
    time_resolved,
)

GOLDEN = Path(__file__).with_name("golden")
BRAINS = json.loads((GOLDEN / "brains.json").read_text())
TESTS = BRAINS["tests"]
CROSSNOBIS = json.loads((GOLDEN / "rsatoolbox_crossnobis.json").read_text())["searchlights"]

volumes_of_nibabel = pytest.mark.skipif(
    find_spec("nibabel") is None,
    reason="images of brains need nibabel",
)


@volumes_of_nibabel
@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_searchlights_of_images_are_those_of_mne_rsa(method):
    image, mask, _, models = brains.volumes()
    found = searchlight(image, models, mask=mask, radius=brains.RADIUS, method=method)
    want = BRAINS["searchlights"][method]
    np.testing.assert_allclose(found.scores.T, want, atol=1e-10)
    written = found.to_nifti(1)
    inside = np.asarray(mask.dataobj) != 0
    np.testing.assert_allclose(written.get_fdata()[inside], want[1], atol=1e-10)
    np.testing.assert_array_equal(written.affine, image.affine)


def test_time_courses_are_those_of_mne_rsa():
    data, models = brains.courses()
    found = time_resolved(data, models, window=5)
    want = np.transpose(BRAINS["searchlights"]["time"])
    np.testing.assert_allclose(found.scores[0], want, atol=1e-10)


@pytest.mark.parametrize("case", ["greater", "two-sided", "product"])
def test_clusters_and_their_null_are_those_of_mne(case):
    grid, rows = brains.maps()
    scores, adjacency = (rows, (None, brains.ring())) if case == "product" else (grid, None)
    options = {"threshold": brains.THRESHOLD, "adjacency": adjacency}
    options["alternative"] = "two-sided" if case == "two-sided" else "greater"
    found = cluster_test(scores, **options)
    order = np.argsort(found.masses)
    masses, sizes, pvalue = np.transpose(TESTS[case]["clusters"])
    np.testing.assert_allclose(found.masses[order], masses, rtol=1e-9)
    np.testing.assert_array_equal(np.bincount(found.clusters.ravel())[1:][order], sizes)
    null = np.sort(found.null_distribution)
    if case == "two-sided":  # MNE makes no flips of opposite signs, which have the same clusters
        np.testing.assert_allclose(null[::2], null[1::2])
        np.testing.assert_allclose(found.pvalue[order], pvalue)
        null = null[::2]
    else:  # MNE counts the data twice, and not all signs flipped
        flipped = cluster_test(-scores, **options).masses.max(initial=0)
        null[np.abs(null - flipped).argmin()] = masses[-1]
        np.testing.assert_allclose(found.pvalue[order], pvalue, atol=1 / 128)
    np.testing.assert_allclose(np.sort(null), TESTS[case]["null"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("step", brains.STEPS)
def test_enhanced_lies_between_sums_over_steps_of_mne(step):
    grid, _ = brains.maps()
    sums = TESTS[f"tfce {step}"]["sums"]
    top, n = cluster_test(grid).statistic.max(), grid[0].size
    # Without powers of height, extents at the upper ends of strips are too small, and the last
    # strip is lost: by no more in all than one strip of all points.
    low = np.reshape(sums["0"], grid.shape[1:])
    exact = cluster_test(grid, correction="tfce", height_power=0.0).enhanced
    assert (exact >= low - 1e-12).all()
    assert (exact <= low + step * np.sqrt(n)).all()
    # The squares of heights are too large at these ends.
    found = cluster_test(grid, correction="tfce").enhanced
    apart = np.abs(found - np.reshape(sums["2"], grid.shape[1:]))
    assert apart.max() <= step * np.sqrt(n) * top**2
    assert apart.max() > 0


def test_sums_of_mne_converge_to_enhanced():
    grid, _ = brains.maps()
    found = cluster_test(grid, correction="tfce").enhanced.ravel()
    rough, fine = (np.abs(TESTS[f"tfce {k}"]["sums"]["2"] - found).max() for k in brains.STEPS)
    assert fine < 0.2 * rough
    assert fine < 0.005 * found.max()


def test_pvalues_of_enhanced_are_those_of_mne():
    grid, _ = brains.maps()
    found = cluster_test(grid, correction="tfce")
    want = np.reshape(TESTS["tfce 0.01"]["pvalue"], grid.shape[1:])
    assert found.n_permutations == 128  # all flips of 7 subjects, there as here
    positive = found.enhanced > 0
    np.testing.assert_allclose(found.pvalue_corrected[positive], want[positive], atol=2 / 128)
    assert found.pvalue_corrected.min() < 0.05


@volumes_of_nibabel
def test_voxels_are_in_the_order_of_nilearn():
    image, mask, labels, models = brains.volumes()
    want = np.array(BRAINS["masked"]["values"])
    ours = regions(image, mask)[1]
    np.testing.assert_array_equal(ours[:2], want)
    given = searchlight(ours, models, mask=mask, radius=brains.RADIUS)
    whole = searchlight(image, models, mask=mask, radius=brains.RADIUS)
    np.testing.assert_array_equal(given.scores, whole.scores)
    of_regions = regions(image, labels)
    means = np.transpose([x.mean(axis=1) for x in of_regions.values()])
    np.testing.assert_allclose(means, BRAINS["masked"]["means"], rtol=1e-6)


@pytest.mark.parametrize("case", ["white", "residuals", "folds", "unbalanced"])
def test_crossnobis_searchlights_are_those_of_rsatoolbox(case):
    (x, conditions, runs), kept, residuals, residual_runs, models = crossnobis.study()
    if case == "unbalanced":
        x, conditions, runs = x[kept], conditions[kept], runs[kept]
    design = {"metric": "crossnobis", "conditions": conditions, "folds": runs}
    noisy = {} if case == "white" else {"residuals": residuals}
    by_fold = {"residual_folds": residual_runs} if case == "folds" else {}
    for method, name in (("pearson", "scores"), ("cosine_cov", "cosine_cov")):
        found = searchlight(
            x, models, neighbors=crossnobis.LISTS, method=method, **design, **noisy, **by_fold
        )
        want = [each[case][name] for each in CROSSNOBIS]
        np.testing.assert_allclose(found.scores, want, atol=1e-9)
    for near, each in zip(crossnobis.LISTS, CROSSNOBIS, strict=True):
        noise = None if case == "white" else NoiseNormalizer().fit(residuals[:, near])
        if case == "folds":
            noise = [
                NoiseNormalizer().fit(residuals[residual_runs == k][:, near]) for k in range(4)
            ]
        ours = rdm(x[:, near], noise=noise, **design)
        np.testing.assert_allclose(ours, each[case]["rdm"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            compare(ours, models, "pearson"), each[case]["scores"], atol=1e-9
        )
