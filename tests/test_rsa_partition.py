"""Variance partitioning against explicit regressions."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.linear_model import LinearRegression

from netrep_go.plotting import VariancePartitionDisplay
from netrep_go.rsa import ConditionKFold, partition_variance


def sets_of_models(rng, n_sets, n=16, n_models=2):
    return {
        f"set {k}": np.stack([pdist(rng.random((n, 3))) for _ in range(n_models)])
        for k in range(n_sets)
    }


def measured(rng, models, n_rdms=2):
    mixed = sum(rng.random() * m[0] for m in models.values())
    return mixed + rng.normal(scale=0.3, size=(n_rdms, mixed.size))


def fitted_r2(columns, y):
    if not len(columns):
        return 0.0
    return LinearRegression().fit(columns.T, y).score(columns.T, y)


def held_out_r2(columns, y, folds):
    error = total = 0
    for train, test in ConditionKFold(folds).split(columns.T if len(columns) else y):
        mean = y[train].mean()
        predicted = mean
        if len(columns):
            predicted = LinearRegression().fit(columns.T[train], y[train]).predict(columns.T[test])
        error += np.sum((y[test] - predicted) ** 2)
        total += np.sum((y[test] - mean) ** 2)
    return 1 - error / total


def exactly(r2, chosen, everyone):
    """Inclusion and exclusion over the sets of a part, by their definition."""
    total = 0
    for size in range(len(chosen) + 1):
        for part in combinations(chosen, size):
            gained = r2(everyone) - r2(tuple(s for s in everyone if s not in part))
            total += (-1) ** (len(chosen) - size) * gained
    return total


@pytest.mark.parametrize("n_sets", [1, 2, 3, 4])
@pytest.mark.parametrize("held_out", [False, True])
def test_parts_are_those_of_explicit_regressions(rng, n_sets, held_out):
    models = sets_of_models(rng, n_sets)
    rdms = measured(rng, models)
    folds = np.arange(16) % 4 if held_out else None
    result = partition_variance(models, rdms, cv=folds)
    everyone = tuple(models)

    def r2_of(y):
        def r2(sets):
            columns = np.concatenate([models[s] for s in sets]) if sets else np.empty((0, 120))
            return held_out_r2(columns, y, folds) if held_out else fitted_r2(columns, y)

        return r2

    assert result.cross_validated == held_out
    for k, y in enumerate(rdms):
        r2 = r2_of(y)
        for s, label in enumerate(result.part_names):
            chosen = tuple(label.split(" & "))
            assert result.r2[k, s] == pytest.approx(r2(chosen), abs=1e-9)
            assert result.parts[k, s] == pytest.approx(exactly(r2, chosen, everyone), abs=1e-9)


def test_parts_sum_to_the_whole(rng):
    models = sets_of_models(rng, 5)
    for cv in (None, 4):
        result = partition_variance(models, measured(rng, models), cv=cv, random_state=0)
        np.testing.assert_allclose(result.parts.sum(axis=1), result.r2[:, -1], atol=1e-12)
        for k in range(5):  # the parts that a set takes part in are its own R2
            mine = [s for s in range(31) if s + 1 >> k & 1]
            np.testing.assert_allclose(
                result.parts[:, mine].sum(axis=1), result.r2[:, 2**k - 1], atol=1e-12
            )


def test_models_that_share_everything_or_nothing(rng):
    a = rng.random(190)
    b = rng.random(190)
    b -= np.polyval(np.polyfit(a, b, 1), a) - 5
    shared = partition_variance({"a": a, "again": 2 * a + 1}, a + b)
    np.testing.assert_allclose(shared.parts[0, :2], 0, atol=1e-9)
    assert shared.parts[0, 2] == pytest.approx(np.corrcoef(a, a + b)[0, 1] ** 2)
    apart = partition_variance({"a": a, "b": b}, a + b)
    assert apart.parts[0, 2] == pytest.approx(0, abs=1e-9)
    assert apart.r2[0, 2] == pytest.approx(1)


def test_noise_explains_nothing_of_held_out_pairs(rng):
    models = {"noise": rng.random((8, 190)), "more": rng.random((8, 190))}
    rdms = rng.random((5, 190))
    assert (partition_variance(models, rdms).r2[:, -1] > 0.05).all()
    assert partition_variance(models, rdms, cv=5, random_state=0).r2[:, -1].mean() < 0


@pytest.mark.parametrize("cv", [None, 4])
def test_bootstrap_is_that_of_repeated_conditions(rng, cv):
    """Weights of pairs are those of RDMs in which conditions are repeated."""
    n = 40
    models = sets_of_models(rng, 2, n)
    rdms = measured(rng, models)
    options = {"cv": None if cv is None else np.arange(n) % cv, "random_state": 5}
    result = partition_variance(models, rdms, n_bootstraps=3, confidence=1.0, **options)
    rows, cols = np.triu_indices(n, 1)
    counts = np.random.RandomState(5).multinomial(n, np.full(n, 1 / n), 3)
    found = []
    for count in counts:
        weight = count[rows] * count[cols]
        values = []
        for sets in (["set 0"], ["set 1"], ["set 0", "set 1"]):
            z = np.concatenate([models[s] for s in sets])
            for y in rdms:
                error = total = 0
                splits = [(slice(None), slice(None))]
                if cv is not None:
                    splits = ConditionKFold(options["cv"]).split(z.T)
                for train, test in splits:
                    fit = LinearRegression().fit(z.T[train], y[train], weight[train])
                    error += weight[test] @ (y[test] - fit.predict(z.T[test])) ** 2
                    mean = np.average(y[train], weights=weight[train])
                    total += weight[test] @ (y[test] - mean) ** 2
                values.append(1 - error / total)
        found.append(np.reshape(values, (3, 2)).mean(axis=1))
    np.testing.assert_allclose(
        result.r2_interval, [np.min(found, axis=0), np.max(found, axis=0)], atol=1e-9
    )


def test_intervals_narrow_with_conditions_and_cover(rng):
    widths = []
    for n in (15, 60):
        models = sets_of_models(rng, 2, n)
        rdms = measured(rng, models, 1)
        result = partition_variance(models, rdms, n_bootstraps=200, random_state=1)
        low, high = result.r2_interval[:, -1]
        assert low < result.r2[0, -1] < high
        widths.append(high - low)
    assert widths[1] < widths[0]


def test_reproducible_and_inputs_unchanged(rng):
    models = sets_of_models(rng, 2)
    rdms = measured(rng, models)
    for array in (*models.values(), rdms):
        array.flags.writeable = False
    first, second = (
        partition_variance(models, x, cv=4, n_bootstraps=50, random_state=0)
        for x in (rdms, np.asfortranarray(rdms))
    )
    np.testing.assert_array_equal(first.parts, second.parts)
    np.testing.assert_array_equal(first.parts_interval, second.parts_interval)


def test_frame_and_display(rng):
    models = sets_of_models(rng, 3)
    result = partition_variance(models, measured(rng, models), n_bootstraps=20, random_state=0)
    frame = result.to_frame()
    assert frame["n_sets"].tolist() == [1, 1, 2, 1, 2, 2, 3]
    assert frame["part"].tolist()[-1] == "set 0 & set 1 & set 2"
    np.testing.assert_array_equal(frame["value"], result.parts.mean(axis=0))
    assert (frame["low"] <= frame["high"]).all()
    pyplot = pytest.importorskip("matplotlib.pyplot")
    ax = VariancePartitionDisplay.from_partition(result).ax_
    widths = [bar.get_width() for bar in ax.patches]
    order = [0, 1, 3, 2, 4, 5, 6]
    np.testing.assert_allclose(widths[:-1], frame["value"].to_numpy()[order])
    assert widths[-1] == pytest.approx(result.r2.mean(axis=0)[-1])
    pyplot.close("all")


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ({}, {}, "at least one set of model RDMs"),
        ([np.arange(6.0)], {"names": ["a", "b"]}, "names must have one entry for each of the 1"),
        ({"a": np.ones(6)}, {}, r"models\['a'\] must vary"),
        ({"a": np.arange(10.0)}, {}, "models and rdms must be of the same conditions, got 5 and 4"),
        ({"a": np.arange(6.0), "b": np.arange(3.0)}, {}, "got 3 and 4 conditions"),
        ({"a": np.arange(6.0) * np.nan}, {}, r"models\['a'\] contains NaN"),
        ({"a": np.arange(6.0)}, {"n_bootstraps": -1}, "n_bootstraps must be at least 0, got -1"),
        ({"a": np.arange(6.0)}, {"confidence": 2}, r"confidence must be in \[0, 1\], got 2"),
        ({"a": np.arange(6.0)}, {"cv": 4}, "cv must leave at least 3 conditions"),
    ],
)
def test_wrong_input(models, options, message):
    with pytest.raises(ValueError, match=message):
        partition_variance(models, np.array([1.0, 3, 2, 5, 4, 0]), **options)


def test_progress_is_shown_on_request(rng, capsys):
    models = {"a": rng.random(28), "b": rng.random(28)}
    partition_variance(models, rng.random(28), n_bootstraps=20, random_state=0, verbose=True)
    assert "20/20" in capsys.readouterr().err


def test_intervals_of_three_conditions_are_undefined(rng):
    models, d = rng.random((2, 3)), rng.random(3)
    with pytest.warns(UserWarning, match="all samples of 3 conditions are the same"):
        result = partition_variance(models[:1], d, n_bootstraps=10, random_state=0)
    assert np.isnan(result.parts_interval).all()
    assert np.isnan(result.r2_interval).all()
    assert np.isfinite(result.parts).all()


def test_intervals_need_pairs_to_fit_to(rng):
    with pytest.warns(UserWarning, match="fitted to 3 pairs, fewer than 15"):
        result = partition_variance(
            rng.random((2, 10)), rng.random(10), cv=5, n_bootstraps=10, random_state=0
        )
    assert np.isnan(result.parts_interval).all()
    above = []
    for seed in range(60):
        d, *models = np.random.default_rng(seed).random((3, 45))
        options = {"cv": 5, "n_bootstraps": 60, "random_state": seed, "n_jobs": 1}
        result = partition_variance(models, d, **options)
        above.append(np.append(result.parts_interval[0], result.r2_interval[0]) > 0)
    assert np.mean(above, axis=0).max() < 0.1


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("which", ["rdms", "models"])
def test_units_cancel(rng, unit, which):
    a, b = rng.random((2, 66))
    rdms = a + b + 0.3 * rng.random((5, 66))
    units = {"rdms": 1.0, "models": 1.0} | {which: unit}
    want = partition_variance(rdms, {"a": a, "b": b})
    found = partition_variance(
        rdms * units["rdms"], {"a": a * units["models"], "b": b * units["models"]}
    )
    for name, value in vars(want).items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            np.testing.assert_allclose(getattr(found, name), value, rtol=1e-9, atol=1e-12)
