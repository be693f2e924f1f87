"""Encoding and decoding over time: loops by hand, planted effects, noise, and displays."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB

from netrep_go.encoding import (
    EncodingModel,
    cluster_test,
    decode_features,
    decode_labels,
    decode_times,
    encode_times,
    generalize_times,
)
from netrep_go.plotting import TemporalGeneralizationDisplay, TimeCourseDisplay

ON = slice(6, 12)  # when the effect is there


@pytest.fixture
def pyplot():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    yield pyplot
    pyplot.close("all")


def planted(rng, n_subjects=8, n_samples=40, n_times=18, size=1.5):
    """Responses of 5 sensors, of which the first one knows the label while the effect is on."""
    y = np.arange(n_samples) % 2
    data = rng.standard_normal((n_subjects, n_samples, 5, n_times))
    data[:, :, 0, ON] += size * y[:, np.newaxis]
    return data, y


def test_each_time_is_decoded_alone(rng):
    data, y = planted(rng, 2, 30, 8)
    course = decode_times(data, y, window=3, step=2, times=np.arange(8) / 10)
    np.testing.assert_allclose(course.times, [0.1, 0.3, 0.5])
    assert course.scores.shape == (2, 1, 3)
    for subject, k in np.ndindex(2, 3):
        window = data[subject, :, :, 2 * k : 2 * k + 3].reshape(30, -1)
        assert course.scores[subject, 0, k] == decode_labels(window, y).score
    Y = rng.standard_normal((30, 2))
    features = decode_times(data, Y, Ridge(), scoring="r2", cv=3)
    assert (features.method, features.chance) == ("r2", 0)
    expected = decode_features(data[1, :, :, 7], Y, Ridge(), scoring="r2", cv=3).score
    assert features.scores[1, 0, 7] == pytest.approx(expected)
    assert len(course.to_frame()) == 6


def test_generalization_by_hand(rng):
    data, y = planted(rng, 1, 24, 5)
    cv = StratifiedKFold(3)
    found = generalize_times(data[0], y, GaussianNB(), cv=cv)
    for a, b in np.ndindex(5, 5):
        right = np.zeros(24, bool)
        for train, test in cv.split(data[0], y):
            model = GaussianNB().fit(data[0, train, :, a], y[train])
            right[test] = model.predict(data[0, test, :, b]) == y[test]
        expected = (right[y == 0].mean() + right[y == 1].mean()) / 2
        assert found.scores[0, a, b] == pytest.approx(expected)
    course = decode_times(data[0], y, GaussianNB(), cv=cv)
    np.testing.assert_array_equal(course.scores[0, 0], np.diagonal(found.scores[0]))
    frame = found.to_frame().set_index(["train_time", "test_time"])
    assert frame.loc[(1, 4), "score"] == found.scores[0, 1, 4]


def test_a_planted_effect_is_found_when_it_is_on_and_only_then(rng):
    data, y = planted(rng)
    course = decode_times(data, y, GaussianNB())
    result = cluster_test(course.scores[:, 0], popmean=course.chance)
    assert np.flatnonzero(result.significant()).tolist() == list(range(ON.start, ON.stop))
    assert course.scores[:, 0, ON].mean() > 0.65
    off = np.delete(course.scores[:, 0], range(ON.start, ON.stop), axis=1)
    assert abs(off.mean() - 0.5) < 3 * off.std() / np.sqrt(off.size)
    found = generalize_times(data, y, GaussianNB())
    shown = cluster_test(found.scores, popmean=found.chance).significant()
    expected = np.zeros((18, 18), bool)
    expected[ON, ON] = True
    assert shown[ON, ON].all()
    assert (shown & ~expected).sum() <= 2  # noise beside the cluster joins it
    outside = found.scores[:, ~expected]
    assert abs(outside.mean() - 0.5) < 3 * outside.mean(axis=1).std(ddof=1) / np.sqrt(8)


def test_trials_are_held_out_at_all_times(rng):
    """Noise that lasts would be recognized if a trial were trained on at another time."""
    scores = []
    for _ in range(10):
        lasting = rng.standard_normal((30, 40, 1)) + 0.1 * rng.standard_normal((30, 40, 3))
        found = generalize_times(lasting, np.arange(30) % 2)
        scores.append(found.scores.mean())
    assert abs(np.mean(scores) - 0.5) < 3 * np.std(scores, ddof=1) / np.sqrt(10)


def test_subjects_with_trials_of_their_own(rng):
    data = {"a": rng.standard_normal((20, 3, 4)), "b": rng.standard_normal((30, 6, 4))}
    y = {"b": np.tile(["u", "v", "v"], 10), "a": np.tile(["v", "u"], 10)}
    groups = {"a": np.arange(20) // 2, "b": np.arange(30) // 3}
    course = decode_times(data, y, groups=groups)
    assert course.subjects == ["a", "b"]
    for k, subject in enumerate("ab"):
        alone = decode_times(data[subject], y[subject], groups=groups[subject])
        np.testing.assert_array_equal(course.scores[k], alone.scores[0])
    with pytest.raises(ValueError, match=r"y must be of the subjects \['a', 'b'\] of data"):
        decode_times(data, {"a": y["a"]})
    with pytest.raises(ValueError, match="as many labels for all subjects, got 2 for 'a' and 3"):
        decode_times(data, {"a": y["a"], "b": np.arange(30) % 3})
    with pytest.raises(ValueError, match=r"none of 'z' in y\['b'\]"):
        decode_times(data, {"a": y["a"], "b": ["z", *"uv" * 14, "u"]})
    data["b"][3, 2, 1] = np.nan
    with pytest.raises(ValueError, match="data of subject 'b' must not have NaN"):
        decode_times(data, y)
    with pytest.raises(ValueError, match="must have the same times"):
        decode_times({"a": data["a"], "b": data["b"][..., :2]}, y)


def test_results_do_not_depend_on_threads(rng):
    data, y = planted(rng, 2, 20, 6)
    for function in (decode_times, generalize_times):
        one, two = (function(data, y, n_jobs=n).scores for n in (1, 2))
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("options", [
    {}, {"alpha_per_target": False}, {"layer_per_target": False},
    {"regression": "pls", "n_components": 2}, {"scoring": "r"},
], ids=str)  # fmt: skip
def test_each_time_is_encoded_alone(rng, options):
    layers = {"a": rng.standard_normal((30, 4)), "b": rng.standard_normal((30, 5))}
    data = rng.standard_normal((2, 30, 3, 6))
    data[:, :, :, 2:] += layers["a"][:, :3, np.newaxis]
    model = EncodingModel(**options)
    course = encode_times(layers, data, model, window=2, step=2)
    assert course.scores.shape == (2, 2, 3)
    assert course.names == ["a", "b"]
    for subject, k in np.ndindex(2, 3):
        means = data[subject, :, :, 2 * k : 2 * k + 2].mean(axis=-1)
        expected = EncodingModel(**options).fit(layers, means).layer_score_.mean(axis=1)
        np.testing.assert_allclose(course.scores[subject, :, k], expected, atol=1e-12)
    assert (course.scores[:, 0, 1:] > 0.1).all()
    with pytest.raises(ValueError, match="model must have outer_cv"):
        encode_times(layers, data, EncodingModel(outer_cv=None))


def test_bands_are_encoded_together(rng):
    pytest.importorskip("himalaya")
    bands = {"a": rng.standard_normal((30, 4)), "b": rng.standard_normal((30, 5))}
    data = rng.standard_normal((30, 3, 4))
    model = EncodingModel("banded", random_state=0, outer_cv=3, cv=2, alphas=3)
    course = encode_times(bands, data, model)
    assert (course.names, course.scores.shape) == (["all bands"], (1, 1, 4))
    expected = model.fit(bands, data.reshape(30, -1)).score_.reshape(3, 4).mean(axis=0)
    np.testing.assert_allclose(course.scores[0, 0], expected)


def test_filters_of_warnings_are_left_alone_by_threads(rng):
    data, Y = rng.standard_normal((2, 24, 3, 12)), rng.standard_normal((24, 2))
    before = list(warnings.filters)
    model = EncodingModel(alphas=2, cv=2)
    decode_times(data, Y, model, groups=np.arange(24) // 2, n_jobs=4)
    decode_features(data[0, ..., 0], Y, model, cv=3, n_permutations=30, n_jobs=4)
    assert warnings.filters == before


def test_encoding_is_at_chance_in_noise(rng):
    X, data = rng.standard_normal((40, 10)), rng.standard_normal((12, 40, 4, 10))
    course = encode_times(X, data, EncodingModel(scoring="r"))
    means = course.scores.mean(axis=(1, 2))
    assert abs(means.mean()) < 3 * means.std(ddof=1) / np.sqrt(12)


def test_displays(rng, pyplot):
    data, y = planted(rng, 6, 20, 14, size=2)
    course = decode_times(data, y, GaussianNB(), times=np.arange(14) / 100)
    marks = [cluster_test(course.scores[:, 0], popmean=0.5)]
    display = course.plot(clusters=marks)
    assert isinstance(display, TimeCourseDisplay)
    display.figure_.canvas.draw()
    assert display.ax_.get_ylabel() == "balanced accuracy"
    heights = [line.get_ydata()[0] for line in display.ax_.lines]
    assert 0.5 in heights  # chance
    mark = next(line for line in display.ax_.lines if line.get_linewidth() == 3)
    np.testing.assert_allclose(mark.get_xdata(), [0.055, 0.115])
    found = generalize_times(data, y, GaussianNB(), times=np.arange(14) / 100)
    clusters = cluster_test(found.scores, popmean=0.5)
    square = found.plot(clusters=clusters)
    square.figure_.canvas.draw()
    np.testing.assert_allclose(square.im_.get_array().reshape(14, 14), found.scores.mean(axis=0))
    low, high = square.im_.get_clim()
    assert low + high == pytest.approx(1)
    outline = len(square.ax_.lines) - 1
    inside = np.pad(clusters.significant(), 1).astype(int)
    assert outline == sum(np.abs(np.diff(inside, axis=k)).sum() for k in (0, 1)) > 0
    with pytest.raises(ValueError, match=r"clusters must be of 14 x 14 times, got shape \(14,\)"):
        found.plot(clusters=marks[0])
    single = generalize_times(data[..., :1], y, GaussianNB())
    assert isinstance(single.plot(), TemporalGeneralizationDisplay)
