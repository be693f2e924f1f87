"""Objects of MNE in time_resolved, by what they have, against arrays."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.rsa import time_resolved

TIMES = np.linspace(-0.1, 0.3, 9)
CHANNELS = ["A1", "A2", "A3", "A4", "A5"]
CODES = np.array([3, 1, 2, 5] * 4)
EVENT_ID = {"face": 5, "house": 1, "tool": 2, "word": 3}
IN_ORDER = ["house", "tool", "word", "face"]  # of their codes


def epochs(data, codes=CODES, event_id=EVENT_ID, times=TIMES, bads=(), types=None):
    stub = SimpleNamespace(
        get_data=lambda: data,
        times=times,
        ch_names=CHANNELS[: data.shape[1]],
        events=np.column_stack([np.arange(len(codes)), np.zeros(len(codes), int), codes]),
        event_id=event_id,
        info={"bads": list(bads)},
    )
    if types is not None:
        stub.get_channel_types = lambda: types
    return stub


def evoked(data, comment="", times=TIMES, channels=None):
    return SimpleNamespace(
        data=data,
        times=times,
        comment=comment,
        ch_names=CHANNELS if channels is None else channels,
        info={"bads": []},
    )


@pytest.fixture
def trials(rng):
    return rng.standard_normal((16, 5, 9))


@pytest.fixture
def models(rng):
    return rng.random((2, 6))


def means(trials):
    return np.stack([trials[code == CODES].mean(axis=0) for code in (1, 2, 3, 5)])


def test_epochs_are_averaged_in_the_order_of_codes(trials, models):
    course = time_resolved(epochs(trials), models, window=3)
    want = time_resolved(means(trials), models, times=TIMES, window=3)
    assert_allclose(course.scores, want.scores, atol=1e-12)
    assert_array_equal(course.times, want.times)


def test_bad_channels_are_left_out(trials, models):
    course = time_resolved(epochs(trials, bads=["A2", "A9"]), models)
    want = time_resolved(np.delete(means(trials), 1, axis=1), models)
    assert_allclose(course.scores, want.scores, atol=1e-12)


@pytest.mark.parametrize("form", [list, lambda xs: {"s1": xs[0], "s2": xs[1]}])
def test_subjects(trials, models, form):
    other = trials[:, :4] + 1
    course = time_resolved(form([epochs(trials), epochs(other)]), models)
    assert course.subjects == ([0, 1] if form is list else ["s1", "s2"])
    for k, x in enumerate((trials, other)):
        assert_allclose(course.scores[k], time_resolved(means(x), models).scores[0], atol=1e-12)


@pytest.mark.parametrize("form", ["list", "dict", "subjects"])
def test_evoked(trials, models, form):
    x = means(trials)
    one = [evoked(row, name) for row, name in zip(x, IN_ORDER, strict=True)]
    data = {"list": one, "dict": dict(zip(IN_ORDER, one, strict=True)), "subjects": [one, one]}
    course = time_resolved(data[form], models)
    want = time_resolved(x, models, times=TIMES)
    assert course.scores.shape[0] == (2 if form == "subjects" else 1)
    assert_allclose(course.scores[-1], want.scores[0], atol=1e-12)
    assert_array_equal(course.times, TIMES)


def test_source_estimates(rng, models):
    x = rng.standard_normal((4, 7, 9))
    sources = [
        SimpleNamespace(data=row, times=TIMES, vertices=[np.arange(4), np.arange(3)]) for row in x
    ]
    assert_allclose(time_resolved(sources, models).scores, time_resolved(x, models).scores)
    vectors = rng.standard_normal((4, 7, 3, 9))  # three directions a vertex
    sources = [SimpleNamespace(data=row, times=TIMES) for row in vectors]
    want = time_resolved(vectors.reshape(4, 21, 9), models)
    assert_allclose(time_resolved(sources, models).scores, want.scores)


def named_model(names):
    pandas = pytest.importorskip("pandas")
    square = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)) ** 3)
    return pandas.DataFrame(square, names, names)


def test_names_of_conditions(trials):
    assert time_resolved(epochs(trials), named_model(IN_ORDER)).scores.shape == (1, 1, 9)
    plain = epochs(trials, event_id={str(code): code for code in CODES})
    for data in (epochs(trials), [epochs(trials)] * 2, {"a": epochs(trials), "b": plain}):
        with pytest.raises(ValueError, match="must have the same conditions in the same order"):
            time_resolved(data, named_model(sorted(IN_ORDER)))
    assert time_resolved(plain, named_model(IN_ORDER)).scores.shape == (1, 1, 9)
    x = [evoked(row, f"0.50 × {k} + 0.50 × z") for k, row in enumerate(means(trials))]
    assert time_resolved(x, named_model(IN_ORDER)).scores.shape == (1, 1, 9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: evoked(x[0]), "data must be a list of evoked responses, one a condition"),
        (lambda x: epochs(x, types=["mag", "mag", "grad", "eog", "mag"]), "got eog, grad, mag"),
        (lambda x: epochs(x, bads=CHANNELS), "a channel that is not marked as bad"),
        (lambda x: epochs(x, CODES[:5]), "data has 16 epochs and 5 events"),
        (lambda x: epochs(x, times=TIMES[:-1]), "data has 9 samples and 8 times"),
        (
            lambda x: [epochs(x), epochs(x, times=TIMES + 1)],
            r"data\[0\] and data\[1\] must have the same times, got 9 from -0.1 to 0.3 and 9 from",
        ),
        (
            lambda x: {"s1": epochs(x), "s2": epochs(x[CODES != 5], CODES[CODES != 5])},
            r"data\['s1'\] and data\['s2'\] must have the same conditions, .* has 'face'",
        ),
        (lambda x: [epochs(x), x[:4]], r"data\[1\] must be epochs or a list of evoked"),
        (lambda x: [evoked(x[0]), x[1]], r"data\[1\] must be an evoked response"),
        (lambda x: [evoked(x[0]), evoked(x[1, :4], channels=CHANNELS[:4])], "got 5 and 4"),
        (lambda x: [evoked(x[0]), evoked(x[1], channels=CHANNELS[::-1])], "'A1' and 'A5'"),
        (lambda x: [evoked(x[0]), evoked(x[1], times=TIMES * 2)], "must have the same times"),
    ],
)
def test_errors(trials, models, make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        time_resolved(make(trials), models)


def test_times_are_those_of_the_object(trials, models):
    with pytest.raises(ValueError, match="data has times of its own"):
        time_resolved(epochs(trials), models, times=TIMES)


def test_mne(trials, models):
    mne = pytest.importorskip("mne", reason="checks the stubs against MNE")
    info = mne.create_info(CHANNELS, 20.0, "mag")
    info["bads"] = ["A3"]
    events = np.column_stack([np.arange(16), np.zeros(16, int), CODES])
    real = mne.EpochsArray(trials, info, events, -0.1, EVENT_ID, verbose="error")
    want = time_resolved(np.delete(means(trials), 2, axis=1), models)
    course = time_resolved(real, models)
    assert_allclose(course.scores, want.scores, atol=1e-9)
    assert_allclose(course.times, real.times)
    responses = [real[name].average(picks="all") for name in IN_ORDER]
    assert_allclose(time_resolved(responses, models).scores, want.scores, atol=1e-9)
    vertices = [np.arange(3), np.arange(2)]
    sources = [mne.SourceEstimate(x, vertices, -0.1, 0.05) for x in means(trials)]
    want = time_resolved(means(trials), models)
    assert_allclose(time_resolved(sources, models).scores, want.scores, atol=1e-9)
    mixed = mne.create_info(CHANNELS, 20.0, ["mag"] * 3 + ["grad", "eog"])
    odd = mne.EpochsArray(trials, mixed, events, -0.1, EVENT_ID, verbose="error")
    with pytest.raises(ValueError, match=r"got eog, grad, mag: choose by \.pick"):
        time_resolved(odd, models)
