"""The benchmark of measures: its scores on distances whose quality is known, and its rankings."""

import itertools
import re

import numpy as np
import pytest

from netrep_go.inference import MeasureBenchmark, _benchmark_scores, benchmark_measures
from netrep_go.inference._benchmark_networks import DEEP, DEPTH, GROUPS, TWINS, trained_networks
from netrep_go.metrics import as_measure

TESTS = ["layers", "labels", "shortcut", "noise", "accuracy", "jsd", "disagreement"]


@pytest.fixture(scope="module")
def found():
    """Return the benchmark of measures that are good, useless, broken and without a direction."""
    calls = np.random.default_rng(0)

    def coin(x, y):
        return calls.random()

    def sizes(x, y):
        return abs(np.linalg.norm(x) - np.linalg.norm(y))

    def picky(x, y):
        if x.shape[1] != y.shape[1]:
            raise ValueError("widths differ")
        return 0.0

    with pytest.warns(UserWarning, match="picky has no scores: .*widths differ"):
        return benchmark_measures(
            {
                "cka": "cka",
                "cka_angular": "cka_angular",
                "sizes": as_measure(sizes, kind="distance", symmetric=True),
                "coin": as_measure(coin, kind="distance", symmetric=True),
                "picky": as_measure(picky, kind="distance", symmetric=True),
            },
            n_seeds=5,
            n_samples=40,
            n_jobs=2,
            verbose=False,
        )


def blocks(n_groups, n):
    """Return distances that are 0 inside groups and 1 between them."""
    groups = np.repeat(np.arange(n_groups), n)
    return (groups[:, np.newaxis] != groups).astype(float), groups


def test_qualities_of_groups():
    D, groups = blocks(4, 5)
    assert _benchmark_scores.auprc(D, groups) == 1
    assert _benchmark_scores.group_violations(D, groups) == 0
    assert _benchmark_scores.group_violations(-D, groups) == 1
    chance = _benchmark_scores.share_of_pairs(groups)
    assert chance == pytest.approx(40 / 190)  # 4 x 10 of 20 x 19 / 2
    assert _benchmark_scores.auprc(np.zeros_like(D), groups) == pytest.approx(chance)
    rng = np.random.default_rng(0)
    noise = [_benchmark_scores.auprc(symmetric(rng, 20), groups) for _ in range(200)]
    assert np.mean(noise) == pytest.approx(chance, abs=0.05)
    # a network of group 0 that is nearer to all others than to its own
    D[0, 1:5] = D[1:5, 0] = 2
    assert _benchmark_scores.group_violations(D, groups) == pytest.approx((1 + 4 / 4) / 20)


def symmetric(rng, n):
    D = np.triu(rng.random((n, n)), 1)
    return D + D.T


def test_qualities_of_layers():
    apart = np.abs(np.subtract.outer(np.arange(6), np.arange(6))).astype(float)
    assert _benchmark_scores.layer_order(apart) == pytest.approx(1)
    assert _benchmark_scores.layer_violations(apart) == 0
    assert _benchmark_scores.layer_order(-apart) == pytest.approx(-1)
    assert _benchmark_scores.layer_violations(-apart) == 1
    assert _benchmark_scores.layer_order(np.zeros((6, 6))) == 0


def test_the_jackknife_is_the_standard_error_of_a_mean():
    x = np.random.default_rng(0).standard_normal(12)
    value, se = _benchmark_scores.jackknife(lambda left: x[left].mean(), 12)
    assert value == pytest.approx(x.mean())
    assert se == pytest.approx(x.std(ddof=1) / np.sqrt(12))


def test_networks_are_what_tests_need():
    networks = trained_networks(1, 60, np.random.RandomState(0), 2, False)
    again = trained_networks(1, 60, np.random.RandomState(0), 1, False)
    assert {way for way, _ in networks} == {*itertools.chain(*GROUPS.values()), *TWINS, DEEP}
    for key, network in networks.items():
        np.testing.assert_array_equal(network.layers[-1], again[key].layers[-1])
        assert len(network.layers) == (DEPTH if key[0] == DEEP else 2)
        assert all(len(layer) == 60 for layer in network.layers)
        assert all((np.ptp(layer, axis=0) > 0).all() for layer in network.layers)
    accuracy = {way: networks[way, 0].accuracy for way, _ in networks}
    assert all(accuracy[twin] > 0.8 for twin in TWINS)
    assert len({networks[twin, 0].layers[0].tobytes() for twin in TWINS}) == len(TWINS)
    for ways in GROUPS.values():
        assert ways[0] == TWINS[0]
        assert accuracy[ways[-1]] < accuracy[TWINS[0]] - 0.1


def test_scores_are_of_measures(found):
    assert found.measures == ["cka", "cka_angular", "sizes", "coin", "picky"]
    assert list(dict.fromkeys(test for test, _ in found.tests)) == TESTS
    np.testing.assert_allclose(found.score[:, 0], found.score[:, 1])  # the same order of pairs
    labels = found.tests.index(("labels", "auprc"))
    layers = found.tests.index(("layers", "spearman"))
    assert found.score[layers, 0] > 0.5
    coin = found.score[:, 3] - found.chance
    assert np.all(np.abs(coin) < 5 * np.maximum(found.se[:, 3], 0.05))
    assert found.score[labels, 0] > found.score[labels, 3]
    assert np.isnan(found.score[:, 4]).all()
    assert "widths differ" in found.reasons["picky"]
    assert found.accuracy["labels"].shape == (4, 5)
    assert found.chance[labels] == pytest.approx(40 / 190)


def test_the_table(found):
    frame = found.to_frame()
    assert len(frame) == len(found.tests) * 5
    one = frame[(frame["test"] == "labels") & (frame["quality"] == "auprc")]
    assert ((one["low"] <= one["score"]) | one["score"].isna()).all()
    least = np.where(frame["quality"] == "spearman", -1, 0)
    assert ((frame["low"] >= least) | frame["low"].isna()).all()
    assert not (frame["high"] > 1).any()
    best = one["score"].idxmax()
    assert one.loc[best, "rank"] <= 1.5  # of two that are the same
    violations = frame[(frame["test"] == "layers") & (frame["quality"] == "violations")]
    assert violations.loc[violations["score"].idxmin(), "rank"] <= 2
    assert list(found.ranking().columns) == [*TESTS, "mean_rank"]


def test_conclusions_say_where_there_is_no_ranking(found):
    sentences = found.conclusions()
    assert [sentence.split(":")[0] for sentence in sentences] == TESTS
    for test, sentence in zip(TESTS, sentences, strict=True):
        assert ("no ranking" in sentence) == (not found.is_ranked(test))
    assert re.search(r"\(-?\d\.\d\d, -?\d\.\d\d to -?\d\.\d\d\)", sentences[0])


def scored(score, se, n_seeds=10):
    n = len(score)
    return MeasureBenchmark(
        [f"m{k}" for k in range(n)],
        [("labels", "auprc")],
        np.array([score]),
        np.array([se]),
        np.zeros(1),
        n_seeds,
        0.95,
        {},
        {},
    )


def test_rankings_need_intervals_of_all_measures_that_are_apart():
    assert scored([0.9, 0.1], [0.1, 0.1]).is_ranked("labels")
    assert not scored([0.5, 0.4], [0.1, 0.1]).is_ranked("labels")
    # apart as two (2 x 2.69 x 0.1), but not as the extremes of 60
    between = [0.5] * 58
    assert scored([0.8, 0.2], [0.1, 0.1]).is_ranked("labels")
    assert not scored([0.8, 0.2, *between], [0.1] * 60).is_ranked("labels")
    alone = scored([0.9, np.nan], [0.1, np.nan])
    assert not alone.is_ranked("labels")
    assert scored([np.nan], [np.nan]).conclusions() == ["labels: no ranking, no measure is defined"]
    assert np.isnan(scored([0.5, 0.4], [0.1, 0.1]).ranking()["mean_rank"]).all()


def test_measures_that_know_nothing_are_rarely_ranked():
    rng = np.random.default_rng(0)
    groups, seeds = np.repeat(np.arange(4), 8), np.tile(np.arange(8), 4)
    n_ranked = 0
    for _ in range(40):
        scores = []
        for _ in range(4):
            D = symmetric(rng, 32)

            def score(left, D=D):
                kept = np.isin(seeds, left)
                return _benchmark_scores.auprc(D[np.ix_(kept, kept)], groups[kept])

            scores.append(_benchmark_scores.jackknife(score, 8))
        n_ranked += scored(*zip(*scores, strict=True), 8).is_ranked("labels")
    assert n_ranked <= 6  # 0.05 of 40, and three standard errors


def test_the_display_is_the_ranking(found):
    from matplotlib import pyplot as plt

    display = found.plot(n_measures=3)
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == list(found.ranking().index[:3])
    assert display.im_.get_array().shape == (3, len(TESTS))
    blank = np.ma.getmaskarray(display.im_.get_array()).all(axis=0)
    np.testing.assert_array_equal(blank, [not found.is_ranked(test) for test in TESTS])
    assert display.figure_.get_size_inches()[0] == pytest.approx(3.35)
    plt.close(display.figure_)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_seeds": 4}, "n_seeds must be at least 5, got 4"),
        ({"n_samples": 19}, "n_samples must be at least 20"),
        ({"n_samples": 900}, "n_samples must be at most 899"),
        ({"confidence": 1.0}, "confidence must be in"),
        ({"measures": [lambda x, y: 0.0]}, "nothing says that"),
        ({"measures": ["no such"]}, r"measures\[0\]"),
        ({"measures": []}, "measures must be at least one"),
    ],
)
def test_odd_arguments_are_refused_before_training(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        benchmark_measures(**{"measures": ["cka"], "verbose": False} | arguments)


def test_tests_that_do_not_exist_are_refused(found):
    with pytest.raises(ValueError, match=r"`test` parameter to be in .*'labels'.*'label'"):
        found.is_ranked("label")
