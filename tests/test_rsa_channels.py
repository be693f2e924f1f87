"""Searchlights over channels and vertices of MNE's objects, by what they have, against arrays."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from netrep_go.rsa import NoiseNormalizer, cluster_test, compare, rdm, searchlight

LISTS = [[0, 1], [4, 2, 3], [3]]
EVENT_ID = {"face": 5, "house": 1, "tool": 2, "word": 3}
CODES = np.array([3, 1, 2, 5] * 4)


def epochs(x, codes=CODES, bads=()):
    return SimpleNamespace(
        get_data=lambda: x,
        times=np.arange(x.shape[2]) / 100,
        ch_names=[f"M{k}" for k in range(x.shape[1])],
        events=np.column_stack([np.arange(len(codes)), np.zeros(len(codes), int), codes]),
        event_id=EVENT_ID,
        info={"bads": list(bads)},
    )


def estimate(x):
    return SimpleNamespace(data=x, times=np.arange(x.shape[1]) / 100, vertices=[np.arange(len(x))])


def means(x):
    return np.stack([x[code == CODES].mean(axis=0) for code in (1, 2, 3, 5)])


@pytest.fixture
def trials(rng):
    return rng.standard_normal((16, 5, 7))


def test_all_times_of_the_channels_of_a_list_count(trials, rng):
    models = rng.random((2, 6))
    found = searchlight(epochs(trials), models, neighbors=LISTS)
    for near, scores in zip(LISTS, found.scores, strict=True):
        want = compare(rdm(means(trials)[:, near].reshape(4, -1)), models)
        np.testing.assert_allclose(scores, want, atol=1e-12)
    assert found.n_features.tolist() == [14, 21, 7]
    graph = sparse.lil_array((3, 5))
    for k, near in enumerate(LISTS):
        graph[k, near] = 1
    again = searchlight(epochs(trials), models, neighbors=graph)
    np.testing.assert_allclose(again.scores, found.scores, atol=1e-12)
    every = searchlight(epochs(trials), models, neighbors=LISTS, step=2)
    np.testing.assert_array_equal(every.scores, found.scores[::2])


def test_channels_that_are_bad_have_no_number(trials, rng):
    models = rng.random(6)
    found = searchlight(epochs(trials, bads=["M1"]), models, neighbors=[[0, 1]])
    want = searchlight(epochs(trials[:, [0, 2]]), models, neighbors=[[0, 1]])
    np.testing.assert_array_equal(found.scores, want.scores)


def test_estimates_of_conditions(trials, rng):
    models = rng.random(6)
    x = means(trials)
    for given in ([estimate(each) for each in x], dict(zip("abcd", map(estimate, x), strict=True))):
        found = searchlight(given, models, neighbors=LISTS)
        want = searchlight(epochs(trials), models, neighbors=LISTS)
        np.testing.assert_allclose(found.scores, want.scores, atol=1e-12)


@pytest.mark.parametrize("given", ["events", "conditions"])
def test_cross_validated_distances_of_epochs(trials, rng, given):
    models, folds = rng.random(6), np.repeat([1, 2, 3, 4], 4)
    options = {"metric": "crossnobis", "folds": folds, "noise": NoiseNormalizer()}
    own = {"conditions": CODES} if given == "conditions" else {}
    found = searchlight(epochs(trials), models, neighbors=LISTS, **options, **own)
    for near, score in zip(LISTS, found.scores, strict=True):
        x = trials[:, near].reshape(16, -1)
        noise = NoiseNormalizer().fit(x, CODES)
        distances = rdm(x, "crossnobis", conditions=CODES, folds=folds, noise=noise)
        np.testing.assert_allclose(score, compare(distances, models), atol=1e-10)


@pytest.mark.parametrize("metric", ["correlation", "crossnobis"])
def test_subjects_may_have_other_channels_and_orders_of_trials(rng, metric):
    models, names = rng.random(6), ["s1", "s2", "s3"]
    data = [rng.standard_normal((16, 5 + k, 7)) for k in range(3)]
    orders = [rng.permutation(16) for _ in range(3)]
    group = {k: epochs(x, CODES[o]) for k, x, o in zip(names, data, orders, strict=True)}
    lists = {k: [near[::-1] for near in LISTS] for k in names}
    options = {"metric": metric}
    if metric == "crossnobis":
        ranks = [np.argsort(np.argsort(CODES[o], kind="stable")) % 4 for o in orders]
        options["folds"] = dict(zip(names, ranks, strict=True))
    for neighbors in (LISTS, lists):
        found = searchlight(group, models, neighbors=neighbors, **options)
        for k, scores in zip(names, found.scores, strict=True):
            one = options | ({"folds": options["folds"][k]} if "folds" in options else {})
            want = searchlight(group[k], models, neighbors=LISTS, **one)
            np.testing.assert_allclose(scores, want.scores, atol=1e-12)
    graph = np.ones((3, 3), int)
    assert cluster_test(found, adjacency=graph).statistic.shape == (3,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"neighbors": None}, "neighbors must be given for channels or vertices of MNE"),
        ({"neighbors": [[0, 5]]}, "neighbors must be of features 0 to 4, got 5"),
        ({"neighbors": [[0, -1]]}, "neighbors must be of features 0 to 4, got -1"),
        ({"neighbors": [[0, 0]]}, "must name each feature once, got 0 2 times"),
        ({"neighbors": sparse.eye_array(6)}, "must have 5 columns, one a feature, got 6"),
        ({"data": "one"}, "must be a list of evoked responses, one a condition, got one"),
        ({"models": np.arange(10.0)}, "same conditions, got 4 and 5"),
    ],
)
def test_errors(trials, options, message):
    arguments = {"data": epochs(trials), "models": np.arange(6.0), "neighbors": LISTS} | options
    if arguments["data"] == "one":
        arguments["data"] = estimate(trials[0])
    with pytest.raises(ValueError, match=message):
        searchlight(**arguments)


@pytest.mark.parametrize("metric", ["correlation", "crossnobis"])
def test_names_of_events_must_be_those_of_models(trials, metric):
    pandas = pytest.importorskip("pandas")
    names = ["house", "tool", "word", "face"]  # in the order of codes
    values = np.abs(np.subtract.outer(range(4), range(4)))
    model = pandas.DataFrame(values, names, names)
    options = {"neighbors": LISTS, "metric": metric}
    options |= {"folds": np.arange(16) // 4} if metric == "crossnobis" else {}
    found = searchlight(epochs(trials), {"line": model}, **options)
    want = searchlight(epochs(trials), values, **options)
    np.testing.assert_array_equal(found.scores, want.scores)
    assert found.names == ["line"]
    two = searchlight({"a": epochs(trials), "b": epochs(trials)}, {"line": model}, **options)
    np.testing.assert_array_equal(two.scores[1], want.scores)
    assert two.names == ["line"]
    with pytest.raises(ValueError, match="same conditions in the same order, got 'house' and"):
        searchlight(epochs(trials), model.loc[names[::-1], names[::-1]], **options)
