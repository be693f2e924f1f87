"""Fusion of RDMs of times with RDMs of places."""

import dataclasses

import numpy as np
import pytest

from netrep_go.plotting import FusionDisplay
from netrep_go.rsa import Fusion, cluster_test, fusion, rdm, searchlight, time_resolved

RNG = np.random.default_rng(0)
MEG = RNG.standard_normal((4, 8, 6, 9))  # subjects, conditions, sensors, times
FMRI = [
    {name: RNG.standard_normal((8, p)) for name, p in (("V1", 5), ("IT", 7), ("LO", 6))}
    for _ in range(5)
]
VOLUMES = RNG.standard_normal((3, 8, 4, 3, 3))
MASK = np.ones((4, 3, 3))
TIMES = np.linspace(-0.1, 0.3, 9)
NAMES = ["V1", "IT", "LO"]


def test_subjects_of_times_are_what_time_resolved_has():
    found = fusion(MEG, FMRI[0], times=TIMES, window=3, step=2)
    models = rdm(FMRI[0])
    course = time_resolved(MEG, models, times=TIMES, window=3, step=2)
    np.testing.assert_allclose(found.scores, course.scores, atol=1e-12)
    np.testing.assert_array_equal(found.times, course.times)
    assert (found.names, found.subjects) == (NAMES, [0, 1, 2, 3])


def test_subjects_of_places_have_the_mean_of_the_times():
    of_times = np.stack([rdm(x.transpose(2, 0, 1)) for x in MEG])
    found = fusion(MEG, FMRI, over="places", method="pearson")
    mean = of_times.mean(axis=0)
    for subject, regions in enumerate(FMRI):
        for place, x in enumerate(regions.values()):
            expected = [np.corrcoef(rdm(x), y)[0, 1] for y in mean]
            np.testing.assert_allclose(found.scores[subject, place], expected, atol=1e-12)
    given = [dict(zip(regions, rdm(regions), strict=True)) for regions in FMRI]
    known = {"temporal_metric": "precomputed", "metric": "precomputed"}
    given = fusion(of_times, given, over="places", method="pearson", **known)
    np.testing.assert_allclose(given.scores, found.scores, atol=1e-12)


def test_subjects_of_times_have_the_mean_of_the_places():
    found = fusion(MEG, FMRI, over="times", method="pearson")
    mean = np.mean([rdm(regions) for regions in FMRI], axis=0)
    expected = time_resolved(MEG, mean, method="pearson").scores
    np.testing.assert_allclose(found.scores, expected, atol=1e-12)


def test_the_same_subjects_in_both():
    meg, fmri = ({f"s{k}": x for k, x in enumerate(both)} for both in (MEG, FMRI[:4]))
    found = fusion(meg, fmri, over="both")
    assert found.subjects == ["s0", "s1", "s2", "s3"]
    for k in range(4):
        np.testing.assert_allclose(found.scores[k], fusion(MEG[k], FMRI[k]).scores[0], atol=1e-12)
    with pytest.raises(ValueError, match="same subjects"):
        fusion(meg, dict(reversed(fmri.items())), over="both")
    with pytest.raises(ValueError, match="got 4 in temporal and 5 in spatial"):
        fusion(MEG, FMRI, over="both")


def test_searchlights_are_those_of_searchlight():
    options = {"mask": MASK, "radius": 1.5, "affine": np.diag([1.0, 1, 1, 1])}
    found = fusion(MEG[0], dict(zip("abc", VOLUMES, strict=True)), times=TIMES, **options)
    models = rdm(MEG[0].transpose(2, 0, 1))
    for k, volume in enumerate(VOLUMES):
        expected = searchlight(volume, models, **options)
        np.testing.assert_allclose(found.scores[k], expected.scores, atol=1e-12)
    assert found.subjects == ["a", "b", "c"]
    over_times = fusion(MEG, VOLUMES[0], **options)
    for k, x in enumerate(MEG):
        expected = searchlight(VOLUMES[0], rdm(x.transpose(2, 0, 1)), **options)
        np.testing.assert_allclose(over_times.scores[k], expected.scores, atol=1e-12)
    both = fusion(MEG[:3], list(VOLUMES), over="both", **options)
    np.testing.assert_allclose(both.scores[1], fusion(MEG[1], VOLUMES[1], **options).scores[0])


@pytest.fixture(scope="module")
def mapped():
    return fusion(MEG[0], dict(zip("abc", VOLUMES, strict=True)), times=TIMES, mask=MASK,
                  radius=4.0, affine=np.diag([3.0, 3, 3, 1]))  # fmt: skip


@pytest.fixture(scope="module")
def regional():
    return fusion(MEG[0], FMRI, times=TIMES)


def test_maps_are_of_the_nearest_time(mapped):
    found = mapped.to_volume(0.012)
    np.testing.assert_array_equal(found.ravel(), mapped.scores.mean(axis=0)[:, 2])
    assert mapped.at(0.012).names == [TIMES[2]]
    pytest.importorskip("nibabel")
    np.testing.assert_array_equal(mapped.to_nifti(0.0).affine, np.diag([3.0, 3, 3, 1]))
    with pytest.raises(ValueError, match="time"):
        mapped.at(0.5)


def test_regions_have_time_courses_and_no_maps(regional):
    course = regional.time_course(["LO", "V1"])
    np.testing.assert_array_equal(course.scores, regional.scores[:, [2, 0]])
    assert course.names == ["LO", "V1"]
    with pytest.raises(ValueError, match="maps are of searchlights"):
        regional.at(0.0)
    with pytest.raises(ValueError, match="'V9'"):
        regional.time_course(["V9"])


def test_clusters_extend_over_time_and_neighbors_alone():
    scores = 0.3 * RNG.standard_normal((8, 3, 10))
    scores[:, 0, 2:5] += 2
    scores[:, 1, 2:5] += 2
    result = Fusion(scores=scores, times=np.arange(10.0), names=NAMES,
                    subjects=list(range(8)), method="pearson")  # fmt: skip
    labels = result.cluster_test(n_permutations=255, threshold=5.0).clusters
    assert np.unique(labels[:2, 2:5]).size == 2
    joined = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    labels = result.cluster_test(adjacency=joined, n_permutations=255, threshold=5.0).clusters
    assert np.unique(labels[:2, 2:5]).size == 1
    assert not labels[2].any()


def test_neighbors_in_a_volume_are_voxels_that_share_a_face(mapped):
    scores = 0.3 * RNG.standard_normal((8, 36, 9))
    scores[:, [0, 1, 35], 3:6] += 2  # the first two share a face
    result = dataclasses.replace(mapped, scores=scores, subjects=list(range(8)), over="both")
    labels = result.cluster_test(n_permutations=255, threshold=5.0).clusters
    assert np.unique(labels[[0, 1], 3:6]).size == 1
    assert labels[35, 4] != labels[0, 4]
    flat = dataclasses.replace(result, shape=(36,))
    with pytest.raises(ValueError, match="surface_adjacency"):
        flat.cluster_test()


def test_results_are_read_as_they_were_saved(mapped, regional, tmp_path):
    for result in (mapped, regional):
        result.save(tmp_path / "fusion.npz")
        read = Fusion.load(tmp_path / "fusion.npz")
        for field in dataclasses.fields(Fusion):
            one, other = getattr(result, field.name), getattr(read, field.name)
            assert type(one) is type(other)
            np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="names must be all texts or all numbers"):
        dataclasses.replace(regional, names=["V1", ("a", 1), 2]).save(tmp_path / "odd.npz")
    (tmp_path / "damaged").write_bytes(b"no")
    with pytest.raises(ValueError, match="damaged"):
        Fusion.load(tmp_path / "damaged")


def test_frame_has_a_row_for_each_score(regional):
    frame = regional.to_frame()
    assert len(frame) == regional.scores.size
    row = frame.iloc[9 + 4]
    assert (row["subject"], row["place"], row["score"]) == (0, "IT", regional.scores[0, 1, 4])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temporal": MEG}, "over must be one of"),
        ({"radius": 3.0}, "radius is for searchlights"),
        ({"spatial": RNG.random((8, 5))}, "dict of responses by region"),
        ({"spatial": []}, "at least one subject"),
        ({"spatial": [FMRI[0], {"V1": FMRI[0]["V1"]}]}, "same regions"),
        ({"spatial": {"V1": RNG.random((7, 5))}}, "same conditions"),
        ({"temporal_metric": "odd"}, "temporal_metric"),
        ({"metric": "odd"}, "metric"),
        ({"method": "odd"}, "method"),
        ({"times": [1.0]}, "times"),
        ({"spatial": list(VOLUMES), "temporal": MEG, "over": "times", "mask": MASK}, "one subject"),
    ],
)
def test_refusals(given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fusion(**{"temporal": MEG[0], "spatial": FMRI} | given)


def test_heat_map_has_a_row_a_region(regional):
    with pytest.warns(UserWarning, match="share the RDMs of"):
        clusters = regional.cluster_test(n_permutations=31)
    display = regional.plot(clusters=clusters, alpha=1.0)
    np.testing.assert_allclose(display.im_.get_array(), regional.mean)
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == NAMES
    assert display.ax_.get_ylim() == (2.5, -0.5)
    low, high = display.im_.get_clim()
    assert low == -high
    assert high == np.abs(regional.mean).max()
    assert display.figure_.axes[1].get_ylabel() == "similarity of RDMs\n(spearman)"
    assert display.ax_.get_xlabel() == "time"
    assert regional.plot(unit="ms").ax_.get_xlabel() == "time (ms)"
    other = dataclasses.replace(regional, scores=regional.scores[:, :2], names=NAMES[:2])
    with pytest.raises(ValueError, match="2 places and 9 times"):
        FusionDisplay.from_fusion(other, clusters=clusters)


def test_searchlights_without_rdm_are_blank(mapped):
    scores = mapped.scores.copy()
    scores[:, 3] = np.nan
    display = dataclasses.replace(mapped, scores=scores).plot()
    assert np.ma.getmaskarray(np.ma.masked_invalid(display.im_.get_array()))[3].all()
    assert display.ax_.get_ylabel() == "center"


def test_subjects_of_searchlights_come_as_an_array_too():
    volumes = np.stack(list(VOLUMES))
    found = fusion(MEG[0], volumes, mask=MASK)
    expected = fusion(MEG[0], list(VOLUMES), mask=MASK)
    assert found.scores.shape[0] == len(volumes) > 1
    np.testing.assert_array_equal(found.scores, expected.scores)
    one = fusion(MEG[0], list(volumes[0]), mask=MASK)  # a list of volumes is of one subject
    np.testing.assert_array_equal(one.scores, expected.scores[:1])


def test_tests_say_what_subjects_share(tmp_path):
    subjects = {"places": (MEG[0], FMRI, "of times"), "times": (MEG, FMRI[0], "of places")}
    for over, (temporal, spatial, shared) in subjects.items():
        found = fusion(temporal, spatial)
        assert found.over == over
        found.save(tmp_path / "fusion.npz")
        for result in (found, Fusion.load(tmp_path / "fusion.npz")):
            for test in (
                result.cluster_test,
                lambda result=result, **options: cluster_test(
                    result.time_course(NAMES[:1]), **options
                ),
            ):
                with pytest.warns(UserWarning, match=f"share the RDMs {shared}, .*over='both'"):
                    test(n_permutations=9)
    both = fusion(MEG, FMRI[:4], over="both")
    both.cluster_test(n_permutations=9)
    cluster_test(both.time_course(NAMES[:1]), n_permutations=9)
    assert dataclasses.replace(both, over=None).cluster_test(n_permutations=9)  # of an older file
