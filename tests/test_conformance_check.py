"""The check of claims: wrong measures, planted, are found by the name of what they claim."""

import time

import numpy as np
import pytest

from netrep_go.conformance import Claim, check
from netrep_go.metrics import Measure, Properties, as_measure, get_measure

SAID = Properties(
    kind="similarity",
    range=(0, 1),
    symmetric=True,
    invariances={"permutation", "rotation", "scale", "translation"},
)
DISTANCE = Properties(kind="distance", range=(0, np.inf), symmetric=True, triangle=True)


def cka(x, y):
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def per_feature(x, y):  # rotations matter
    scores = [np.linalg.norm(np.corrcoef(x.T, y.T)[: x.shape[1], x.shape[1] :])]
    return float(np.clip(scores[0] / min(x.shape[1], y.shape[1]), 0, 1))


def one_sided(x, y):
    return cka(x, y) * (1 if np.linalg.norm(x) < np.linalg.norm(y) else 0.9)


def squared(x, y):  # the square of a metric
    return np.linalg.norm(x @ x.T - y @ y.T) ** 2


def writing(x, y):
    x -= x.mean(axis=0)
    return cka(x, y)


def in_units(x, y):  # a constant that small data do not outweigh
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return np.sum((x.T @ y) ** 2) / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y) + 1e-12)


def wrong_if_wide(x, y):  # the products of features in the place of those of samples
    return cka(x, y) if len(x) > x.shape[1] else cka(x[:, :2], y[:, :2])


def above_one(x, y):
    return 1.5 * cka(x, y)


def of_order(x, y):
    return cka(x[: len(x) // 2], y[: len(y) // 2])


def of_grams(x, y):  # which lose digits in float32
    gram_x, gram_y = x @ x.T, y @ y.T
    center = np.eye(len(x), dtype=x.dtype) - x.dtype.type(1 / len(x))
    gram_x, gram_y = center @ gram_x @ center, center @ gram_y @ center
    return np.sum(gram_x * gram_y) / np.linalg.norm(gram_x) / np.linalg.norm(gram_y)


def in_float32(x, y):
    return of_grams(x.astype(np.float32), y.astype(np.float32))


def without_nan(x, y):
    return cka(np.nan_to_num(x, posinf=0), np.nan_to_num(y, posinf=0))


def constant(x, y):
    return 1.0


_drawn = np.random.default_rng(0)


def random(x, y):
    return cka(x, y) + 0.01 * _drawn.random()


_scratch = {}


def shared(x, y):  # what another thread may overwrite
    _scratch["x"] = x
    time.sleep(2e-3)
    return cka(_scratch["x"], y)


def by_memory(x, y):  # reads the bytes in whatever order they have
    return cka(np.ravel(x, order="K").reshape(x.shape), np.ravel(y, order="K").reshape(y.shape))


PLANTED = {
    per_feature: {"rotation"},
    one_sided: {"symmetric", "scale", "translation"},
    writing: {"inputs kept"},
    in_units: {"scale"},
    wrong_if_wide: {"n < p"},
    above_one: {"range", "identity"},
    of_order: {"sample order"},
    of_grams: {"float32"},
    in_float32: {"translation"},
    without_nan: {"not finite"},
    constant: {"tells apart"},
    random: {"repeated"},
    shared: {"threads"},
    by_memory: {"layout"},
}


def test_what_is_right_passes():
    result = check(cka, SAID, known=[(np.eye(4)[:, :2], np.eye(4)[:, :2], 1.0)])
    assert result.failed == []
    assert result.claims["known values"].holds
    assert repr(result) == "Conformance(cka, 19 hold, 3 not claimed, 0 failed)"


@pytest.mark.parametrize("wrong", PLANTED, ids=lambda f: f.__name__)
def test_planted_faults_are_found_by_name(wrong):
    failed = set(check(wrong, SAID).failed)
    assert PLANTED[wrong] <= failed


@pytest.mark.parametrize("claim", ["inputs kept", "not finite", "layout", "sample order", "n < p"])
def test_one_fault_is_one_name(claim):
    (wrong,) = (f for f, names in PLANTED.items() if names == {claim})
    also = {"inputs kept": {"layout"}, "sample order": {"n < p"}}.get(claim, set())
    assert {claim} <= set(check(wrong, SAID).failed) <= {claim} | also


def test_violated_triangles_are_found():
    result = check(squared, DISTANCE)
    assert result.failed == ["triangle"]
    claim = result.claims["triangle"]
    assert isinstance(claim, Claim)
    assert claim.deviation > 0.01
    assert "f(X, Z) = " in claim.seen


def test_bias_is_found_where_none_is_claimed():
    said = Properties(kind="similarity", range=(-1, 1), symmetric=True, null=True)
    assert check(cka, said).failed == ["null"]
    unbiased = get_measure("cka", estimator="unbiased")
    assert check(unbiased.fit_score, said).failed == []


class Cached(Measure):
    """All pairs are not what single pairs are: a mean over the cohort is taken away."""

    @property
    def properties(self):
        return DISTANCE

    def _compare(self, x, y):
        return abs(x.std() - y.std())

    def _measure(self, cohorts, dtype, n_jobs, verbose):
        D, test = super()._measure(cohorts, dtype, n_jobs, verbose)
        return D / D.max(), test


class Chunked(Cached):
    """Threads add up in another order, and lose some."""

    def _measure(self, cohorts, dtype, n_jobs, verbose):
        D, test = Measure._measure(self, cohorts, dtype, n_jobs, verbose)
        return D * (1 + 1e-3 * (n_jobs == 3)), test


def test_all_pairs_and_threads_of_measures_are_compared():
    assert "all pairs" in check(Cached()).failed
    assert check(Chunked()).failed == ["threads"]


def test_known_values_are_compared():
    x = np.eye(5)[:, :3]
    result = check("cka", known=[(x, x, 1.0), (x, x, 0.9)])
    assert result.failed == ["known values"]
    assert result.claims["known values"].seen == "known[1]: 1, not 0.9"
    assert result.claims["known values"].seed is None


def test_what_raises_fails_with_its_words():
    def square(x, y):
        return np.trace(x @ y)

    result = check(square, Properties(kind=None))
    assert "tells apart" in result.failed
    assert result.claims["tells apart"].seen.startswith("raised ValueError: ")
    assert result.claims["tells apart"].deviation == np.inf


def test_refusals_and_nan_are_no_faults():
    def careful(x, y):
        if len(x) <= x.shape[1]:
            raise ValueError("more features than samples")
        return cka(x, y)

    claims = check(careful, SAID).claims
    assert claims["n < p"].holds
    assert claims["n < p"].seen == "refused: ValueError: more features than samples"

    def undefined(x, y):
        return np.nan

    assert "undefined for all networks" in check(undefined, SAID).claims["rotation"].seen
    assert "rotation" in check(undefined, SAID).failed


def equal_widths(x, y):
    if x.shape != y.shape:
        raise ValueError("equal widths only")
    return cka(x, y)


def test_networks_of_one_width_only_are_one_line():
    result = check(equal_widths, SAID)
    assert result.failed == ["widths"]
    seen = "3 and 4 features: raised ValueError: equal widths only. All else was tried with 3"
    assert result.claims["widths"].seen == seen
    for width in (4, [4], np.int64(4)):
        result = check(equal_widths, SAID, widths=width)
        assert result.failed == []
        assert result.claims["widths"].holds is None
    assert check(cka, SAID).claims["widths"].holds

    def wider_second(x, y):
        if x.shape[1] > y.shape[1]:
            raise ValueError("X must not be wider")
        return cka(x, y)

    assert check(wider_second, SAID).failed == ["widths"]

    def also_without_nan(x, y):
        return without_nan(x, y) if equal_widths(x, y) else 0.0

    assert {"widths", "not finite"} <= set(check(also_without_nan, SAID).failed)

    def never_one(x, y):
        return 0.5 * equal_widths(x, y)

    assert "identity" in check(never_one, SAID).failed


def test_what_is_never_seen_does_not_hold():
    """What raises always, is NaN or infinite always, shows nothing of NaN and nulls."""

    def raising(x, y):
        raise ValueError("no")

    for odd in (raising, lambda x, y: np.nan):
        claims = check(odd, Properties(kind="similarity", null=True)).claims
        for name in ("not finite", "null", "tells apart", "repeated", "all pairs", "float32"):
            assert claims[name].holds is False, name
    infinite = check(lambda x, y: np.inf, Properties(kind="distance", null=True)).claims
    assert infinite["tells apart"].holds is False
    assert infinite["null"].holds is False


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_deviations_are_relative_to_the_size_of_values(unit):
    def apart(x, y):
        return unit * abs(x[:, 0].mean() - y[:, 0].mean())

    said = Properties(kind="distance", symmetric=True, triangle=True, invariances={"rotation"})
    result = check(apart, said)
    assert result.failed == ["rotation", "n < p"]
    assert 0.1 < result.claims["rotation"].deviation < 10


class Fits:
    """An object with fit and score, which has something to learn."""

    def fit(self, x, y):
        self.mean_ = x.mean() - y.mean()
        return self

    def score(self, x, y):
        return abs(self.mean_)


@pytest.mark.parametrize("given", [Fits(), as_measure(Fits()), "procrustes", get_measure("cka")])
def test_whatever_is_a_measure_is_taken(given):
    assert check(given).failed == []


def test_functions_claim_what_all_measures_do():
    result = check(lambda x, y: float(np.vdot(x.mean(axis=0), y.mean(axis=0))), widths=[4])
    assert result.failed == []
    assert result.claims["symmetric"].holds is None
    assert result.claims["symmetric"].deviation < 1e-12  # it could be claimed
    assert result.claims["rotation"].deviation > 0.1  # it could not


def test_networks_of_other_kinds_are_drawn_by_users():
    said = Properties(kind="distance", symmetric=True, data="graphs")
    with pytest.raises(ValueError, match=r"draw must be given.*'graphs'"):
        check(lambda a, b: abs(a.sum() - b.sum()), said)
    result = check(
        lambda a, b: abs(float(a.sum() - b.sum())), said, draw=lambda rng, n, p: rng.random((n, p))
    )
    assert result.failed == []


def test_the_seed_of_a_claim_gives_its_networks():
    claim = check(per_feature, SAID).claims["rotation"]
    rng = np.random.default_rng(claim.seed)
    x, y = (rng.standard_normal((12, p)) + 0.5 for p in (3, 4))
    assert f"f(X, Y) = {per_feature(x, y):.6g}, " in claim.seen


def test_the_table_has_a_row_a_claim():
    frame = check(above_one, SAID).to_frame()
    assert list(frame.columns) == ["holds", "deviation", "seed", "seen"]
    assert frame.index.name == "claim"
    assert frame.loc["triangle", "holds"] is None
    assert frame.loc["range", "holds"] is False
    assert frame.loc["rotation", "holds"] is True


def test_same_seed_same_table():
    one, two = (check("cka", random_state=7).to_frame() for _ in range(2))
    assert one.equals(two)
    assert not one["seed"].equals(check("cka", random_state=8).to_frame()["seed"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 3}, "n_samples must be at least 4, got 3"),
        ({"widths": []}, "widths must be one or more integers of at least 1"),
        ({"widths": [0]}, "widths must be one or more integers of at least 1"),
        ({"widths": 0}, "widths must be at least 1, got 0"),
        ({"widths": 3.5}, "widths must be an integer or a sequence, got 3.5"),
        ({"n_seeds": 0}, "n_seeds must be at least 1"),
        ({"tolerance": -1.0}, "tolerance must be in"),
        ({"known": [(1, 2)]}, r"known\[0\] must be X, Y and their value"),
        ({"known": [(1, 2, "x")]}, r"known\[0\]\[2\] must be a number"),
        ({"properties": {"kind": "distance"}}, "properties must be a Properties or None"),
        ({"draw": 3}, "draw must be a function"),
        ({"draw": lambda rng, n, p: "x"}, "draw must return an array.*got 'x'"),
    ],
)
def test_odd_arguments_are_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        check("cka", **arguments)
