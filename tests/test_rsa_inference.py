"""Noise ceilings, bootstrap, permutation: rsatoolbox's values, definitions, seeds, real data."""

import itertools
import json
import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from golden.make_rsatoolbox import RESAMPLED, bootstrap_draws
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.io import loadmat
from scipy.spatial.distance import squareform

from netrep_go._resampling import corrected
from netrep_go.rsa import (
    ModelEvaluation,
    NoiseCeiling,
    compare,
    compare_models,
    evaluate,
    noise_ceiling,
    permutation_test,
    rdm,
)

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("rsatoolbox.json").read_text())
MODELS, SUBJECTS = (np.array(GOLDEN["bootstrap"][name]) for name in ("models", "subjects"))
SPECTRAL = ["bures", "neg_riem_dist"]


def study(rng, n_conditions=10, n_subjects=6, n_models=3, noise=1.5):
    """Return models of growing truth, and subjects."""
    X = rng.standard_normal((n_conditions, 40))
    other = rng.standard_normal((n_models, n_conditions, 40))
    weight = np.linspace(0, 1, n_models)[:, None, None]
    subjects = X + noise * rng.standard_normal((n_subjects, n_conditions, 40))
    return rdm(weight * X + (1 - weight) * other), rdm(subjects)


def ceiling_by_definition(rdms, method):
    """Return the bounds from averages of normalized RDMs."""
    if method in ("spearman", "rho-a", "tau-a", "tau-b"):
        parts = stats.rankdata(rdms, axis=1)
    elif method in ("pearson", "corr_cov"):
        parts = stats.zscore(rdms, axis=1)
    else:
        parts = rdms / {"cosine": np.linalg.norm, "cosine_cov": np.linalg.norm}.get(method, np.sum)(
            rdms, axis=1, keepdims=True
        )
    upper = [compare(parts.sum(axis=0), x, method) for x in rdms]
    lower = [
        compare(np.delete(parts, s, axis=0).sum(axis=0), x, method) for s, x in enumerate(rdms)
    ]
    return np.mean(lower), np.mean(upper)


# Without resampling


@pytest.mark.parametrize("method", RESAMPLED)
def test_rsatoolbox(method):
    want = GOLDEN["bootstrap"]["samples"][0][method]
    evaluation = evaluate(MODELS, SUBJECTS, method)
    assert_allclose(evaluation.mean, want[:-2], rtol=1e-10, atol=1e-13)
    assert_allclose(evaluation.noise_ceiling, want[-2:], rtol=1e-10)
    assert noise_ceiling(SUBJECTS, method) == evaluation.noise_ceiling
    assert_allclose(evaluation.similarities, compare(MODELS, SUBJECTS, method), atol=1e-13)


@pytest.mark.parametrize("method", [*RESAMPLED, "bures"])
def test_noise_ceiling_is_what_it_is_defined_as(rng, method):
    subjects = study(rng)[1]
    assert_allclose(
        noise_ceiling(subjects, method), ceiling_by_definition(subjects, method), rtol=1e-10
    )


def test_noise_ceiling_bounds_the_truth(rng):
    X = rng.standard_normal((20, 60))
    subjects = rdm(X + 1.5 * rng.standard_normal((200, 20, 60)))
    lower, upper = noise_ceiling(subjects[:8], "pearson")
    assert lower < upper
    truth = compare(subjects.mean(axis=0), subjects, "pearson").mean()
    assert lower - 0.02 < truth < upper + 0.02


def test_tests_over_subjects(rng):
    models, subjects = study(rng)
    evaluation = evaluate(models, subjects)
    z, (a, b, c) = np.arctanh, np.arctanh(evaluation.similarities)  # Fisher's
    assert_allclose(
        evaluation.pvalue_zero,
        stats.ttest_1samp(z(evaluation.similarities), 0, axis=1, alternative="greater").pvalue,
    )
    below = z(evaluation.mean) - z(evaluation.noise_ceiling.lower)
    n = len(subjects)
    parts = [evaluate(models, np.delete(subjects, k, axis=0)) for k in range(n)]
    left_out = [z(part.mean) - z(part.noise_ceiling.lower) for part in parts]
    jackknife = np.sqrt((n - 1) / n * np.sum((left_out - np.mean(left_out, axis=0)) ** 2, axis=0))
    assert_allclose(
        evaluation.pvalue_noise_ceiling, 2 * stats.t.sf(np.abs(below) / jackknife, n - 1)
    )
    contrasts = compare_models(evaluation, correction="none")
    assert contrasts.pairs == [(0, 1), (0, 2), (1, 2)]
    assert_allclose(
        contrasts.pvalue, [stats.ttest_rel(*pair).pvalue for pair in ((a, b), (a, c), (b, c))]
    )
    ranks = compare_models(evaluation, test="wilcoxon", correction="bonferroni")
    a, b, c = evaluation.similarities
    want = [stats.wilcoxon(x - y).pvalue for x, y in ((a, b), (a, c), (b, c))]
    assert_allclose(ranks.pvalue, want)
    assert_allclose(ranks.pvalue_corrected, np.minimum(3 * np.array(want), 1))
    assert_allclose(
        compare_models(evaluation).pvalue_corrected, stats.false_discovery_control(contrasts.pvalue)
    )
    error = stats.sem(evaluation.similarities, axis=1) / (1 - evaluation.mean**2)
    interval = np.tanh(stats.t.interval(0.9, 5, z(evaluation.mean), error))
    assert_allclose(evaluation.interval(0.9), interval)


# Bootstrap


def enumerated(models, subjects, method):
    """Return the mean similarity in every sample of the conditions that is allowed."""
    n = 4
    found, weights = [], []
    for drawn in itertools.product(range(n), repeat=n):
        if len(set(drawn)) < 3:
            continue
        pairs = [(i, j) for i, j in itertools.combinations(sorted(drawn), 2) if i != j]
        rows, cols = np.transpose(pairs)
        x = np.array([squareform(v)[rows, cols] for v in models])
        y = np.array([squareform(v)[rows, cols] for v in subjects])
        function = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}[method]
        found.append([np.mean([function(a, b)[0] for b in y]) for a in x])
        weights.append(1)
    return np.array(found)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_draws_come_from_all_samples(rng, method):
    models, subjects = study(rng, n_conditions=4, n_models=2, n_subjects=3)
    want = enumerated(models, subjects, method)
    draws = evaluate(
        models, subjects, method, resample="conditions", n_bootstraps=20_000, random_state=0
    ).draws
    for k in range(2):
        values, counts = np.unique(want[:, k].round(9), return_counts=True)
        seen = {v: 0 for v in values} | dict(
            zip(*np.unique(draws[:, k].round(9), return_counts=True), strict=True)
        )
        assert len(seen) == len(values)  # no others
        share = counts / counts.sum()
        got = np.array([seen[v] for v in values]) / len(draws)
        assert (np.abs(got - share) < 5 * np.sqrt(share / len(draws))).all()


@pytest.mark.parametrize("method", ["spearman", "cosine", "tau-a", "bures"])
def test_subjects_are_drawn(rng, method):
    models, subjects = study(rng, n_subjects=3)
    evaluation = evaluate(models, subjects, method, resample="subjects", random_state=1)
    similarities = compare(models, subjects, method)
    allowed = {
        tuple(similarities[:, list(drawn)].mean(axis=1).round(9))
        for drawn in itertools.product(range(3), repeat=3)
    }
    assert {tuple(row) for row in evaluation.draws.round(9)} == allowed
    alone = np.isnan(evaluation.noise_ceiling_draws[:, 0])
    assert alone.mean() == pytest.approx(1 / 9, abs=0.05)
    want = similarities.var(axis=1) / 3 * 3 / 2  # of a mean of 3 draws, corrected for 3 subjects
    assert_allclose(evaluation.standard_error() ** 2, want, rtol=0.2)


@pytest.mark.parametrize("method", [*RESAMPLED, *SPECTRAL])
def test_seeds_and_threads(rng, method):
    models, subjects = study(rng, n_conditions=6, n_subjects=3)
    if method in SPECTRAL:
        models, subjects = models**2, subjects**2
        models, subjects = (rdm(rng.standard_normal((k, 6, 9)), "sqeuclidean") for k in (2, 3))
    options = {"resample": "subjects" if method in SPECTRAL else "both", "n_bootstraps": 30}
    runs = [
        evaluate(models, subjects, method, random_state=seed, n_jobs=n_jobs, **options)
        for seed, n_jobs in ((3, 1), (3, 2), (4, 1))
    ]
    assert_array_equal(runs[0].draws, runs[1].draws)
    assert_array_equal(runs[0].noise_ceiling_draws, runs[1].noise_ceiling_draws)
    assert (runs[0].draws != runs[2].draws).any()
    assert np.isfinite(runs[0].to_frame()["se"]).all()


def test_sigma_of_resampled_conditions(rng):
    models, subjects = study(rng, n_conditions=6)
    sigma = rng.random(6) + 0.5
    plain, same, other = (
        evaluate(
            models, subjects, "cosine_cov", resample="conditions", sigma=s, random_state=0
        ).draws
        for s in (None, np.full(6, 2.0), sigma)
    )
    assert_allclose(same, plain, rtol=1e-9)
    assert np.abs(other - plain).max() > 1e-3
    with pytest.raises(ValueError, match="need sigma as variances"):
        evaluate(models, subjects, "cosine_cov", resample="conditions", sigma=np.diag(sigma))


def test_both_factors_make_the_larger_error(rng):
    models, subjects = study(rng, n_conditions=15, n_subjects=8)
    errors = {
        what: evaluate(models, subjects, resample=what, random_state=0).standard_error()
        for what in ("both", "conditions", "subjects")
    }
    assert (errors["both"] >= errors["conditions"] * 0.99).all()
    assert (errors["both"] >= errors["subjects"] * 0.99).all()
    naive = evaluate(models, subjects, resample="both", random_state=0).draws.std(axis=0, ddof=1)
    assert (errors["both"] <= naive).all()


@pytest.mark.parametrize("resample", ["both", "subjects", "conditions"])
def test_variances_are_those_of_rsatoolbox(resample):
    both, subjects, conditions = bootstrap_draws()
    draws = {"both": both, "subjects": subjects, "conditions": conditions}[resample]
    evaluation = ModelEvaluation(
        names=list("abc"),
        method="neg_riem_dist",  # which has no Fisher's z
        resample=resample,
        similarities=np.arange(18.0).reshape(3, 6),
        draws=draws[:, :3],
        noise_ceiling=NoiseCeiling(3.0, 4.0),
        noise_ceiling_draws=draws[:, 3:],
        partial_draws=(subjects, conditions) if resample == "both" else None,
        n_conditions=10,
    )
    models, differences, ceilings = map(np.array, GOLDEN["variances"][resample])
    assert_allclose(evaluation.standard_error() ** 2, models)
    t = evaluation.mean / np.sqrt(models)
    assert_allclose(evaluation.pvalue_zero, stats.t.sf(t, evaluation.dof))
    t = np.abs(compare_models(evaluation).difference) / np.sqrt(differences)
    found = compare_models(evaluation, correction="none").pvalue
    assert_allclose(found, 2 * stats.t.sf(t, evaluation.dof))
    t = np.abs(evaluation.mean - 3) / np.sqrt(ceilings)
    assert_allclose(evaluation.pvalue_noise_ceiling, 2 * stats.t.sf(t, evaluation.dof))
    assert evaluation.dof == {"both": 5, "subjects": 5, "conditions": 9}[resample]


def test_bootstrap_tests(rng):
    models, subjects = study(rng, n_conditions=15)
    evaluation = evaluate(models, subjects, resample="conditions", random_state=0)
    for test in ("t", "bootstrap"):
        contrasts = compare_models(evaluation, test=test)
        assert contrasts.pvalue[1] < 0.05
        assert (contrasts.pvalue_corrected >= contrasts.pvalue).all()
    same = compare_models(
        evaluate(models[[0, 0]], subjects, resample="conditions", random_state=0), test="bootstrap"
    )
    assert same.pvalue == [1]
    assert compare_models(evaluate(models[[0, 0]], subjects)).pvalue == [1]


def test_intervals_cover_the_truth(rng):
    """The mean over all subjects, of whom few were measured, is inside as often as it says."""
    X = rng.standard_normal((8, 30))
    everybody = rdm(X + 2 * rng.standard_normal((2000, 8, 30)))
    model = rdm(X)
    truth = compare(model, everybody).mean()
    inside = 0
    for k in range(200):
        low, high = evaluate(
            model,
            everybody[8 * k : 8 * k + 8],
            resample="subjects",
            n_bootstraps=100,
            random_state=k,
        ).interval(0.9)
        inside += low[0] < truth < high[0]
    assert 0.84 < inside / 200 < 0.96


def test_missing_entries_are_left_out_of_all(rng):
    models, subjects = study(rng)
    holes = np.zeros(45, bool)
    holes[[3, 20]] = True
    lacking = subjects.copy()
    lacking[1, holes] = np.nan
    for method in RESAMPLED:
        evaluation = evaluate(models, lacking, method, resample="conditions", n_bootstraps=20)
        assert np.isfinite(evaluation.draws).all()
        everywhere = np.where(holes, np.nan, models)
        assert_allclose(
            evaluation.similarities,
            compare(everywhere, np.where(holes, np.nan, subjects), method),
            atol=1e-12,
        )


def test_samples_without_variance_are_drawn_again(rng):
    """A model of two categories is constant if only one of them is drawn."""
    categories = np.array([0, 0, 0, 1, 1])
    model = squareform((categories[:, None] != categories).astype(float))
    subjects = study(rng, n_conditions=5)[1]
    for method in ("spearman", "pearson", "cosine", "tau-b", "corr_cov"):
        draws = evaluate(model, subjects, method, resample="conditions", n_bootstraps=500).draws
        assert np.isfinite(draws).all()


def test_one_subject(rng):
    models, subjects = study(rng)
    evaluation = evaluate(
        models, subjects[0], resample="conditions", n_bootstraps=50, random_state=0
    )
    assert evaluation.noise_ceiling is None
    assert evaluation.noise_ceiling_draws is None
    assert evaluation.pvalue_noise_ceiling is None
    assert np.isfinite(evaluation.standard_error()).all()
    frame = evaluation.to_frame()
    assert frame["noise_ceiling_lower"].isna().all()
    assert np.isnan(evaluate(models, subjects[0]).standard_error()).all()


def test_frames(rng):
    models, subjects = study(rng)
    named = dict(zip("abc", models, strict=True))
    evaluation = evaluate(named, subjects, resample="both", n_bootstraps=50, random_state=0)
    assert evaluation.to_frame()["model"].tolist() == ["a", "b", "c"]
    frame = compare_models(evaluation).to_frame()
    assert frame[["model_1", "model_2"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    test = permutation_test(models, subjects, n_permutations=50, names=["x", "y", "z"])
    assert test.to_frame()["model"].tolist() == ["x", "y", "z"]


# Permutation


@pytest.mark.parametrize("method", ["spearman", "cosine_cov", "tau-a", "bures"])
def test_permutations_by_definition(rng, method):
    models, subjects = study(rng, n_conditions=4, n_models=2, n_subjects=2)
    orders = list(itertools.permutations(range(4)))
    want = [
        compare([squareform(squareform(m)[np.ix_(o, o)]) for m in models], subjects, method).mean(
            axis=1
        )
        for o in orders
    ]
    test = permutation_test(models, subjects, method, n_permutations=3000, random_state=0)
    assert {tuple(row) for row in test.null_distribution.round(8)} == {
        tuple(row) for row in np.round(want, 8)
    }
    assert_allclose(test.statistic, compare(models, subjects, method).mean(axis=1), atol=1e-13)
    exact = np.mean(np.array(want) >= test.statistic - 1e-9, axis=0)
    assert_allclose(test.pvalue, exact, atol=0.04)


@pytest.mark.parametrize("method", [*RESAMPLED, *SPECTRAL])
def test_permutation_seeds_and_threads(rng, method):
    models, subjects = (rdm(rng.standard_normal((k, 6, 9)), "sqeuclidean") for k in (2, 3))
    runs = [
        permutation_test(
            models, subjects, method, n_permutations=40, random_state=s, n_jobs=n
        ).null_distribution
        for s, n in ((1, 1), (1, 2), (2, 1))
    ]
    assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


def test_permutation_p_values_are_uniform_without_effect(rng):
    p = [
        permutation_test(*study(rng, 6, 2, 1), n_permutations=99, random_state=k).pvalue[0]
        for k in range(300)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert min(p) >= 0.01


def test_permutation_alternatives(rng):
    models, subjects = study(rng)
    options = {"n_permutations": 999, "random_state": 0, "correction": "none"}
    greater, less, both = (
        permutation_test(models, subjects, alternative=a, **options).pvalue
        for a in ("greater", "less", "two-sided")
    )
    assert greater[2] < 0.01
    assert both[2] < 0.01
    assert less[2] > 0.9
    opposite = permutation_test(-models, subjects, alternative="less", **options).pvalue
    assert_array_equal(opposite, greater)


def test_noise_that_differs_between_conditions_is_not_permuted(rng):
    models, subjects = study(rng, n_conditions=5)
    sigma = rng.random(5) + 0.5
    test = permutation_test(
        models, subjects, "cosine_cov", sigma=sigma, n_permutations=500, random_state=0
    )
    want = {
        round(
            float(
                compare(
                    squareform(squareform(models[0])[np.ix_(o, o)]),
                    subjects,
                    "cosine_cov",
                    sigma=sigma,
                ).mean()
            ),
            8,
        )
        for o in itertools.permutations(range(5))
    }
    assert set(test.null_distribution[:, 0].round(8).tolist()) <= want


# What users get wrong


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rdms": np.arange(10.0)}, "models and rdms must be of the same conditions, got 10 and 5"),
        ({"models": {}}, "at least one RDM"),
        ({"models": {"a": MODELS}}, r"models\['a'\] must be one RDM, got 3"),
        ({"models": np.ones(45)}, r"models\[0\]: an RDM whose entries are all the same"),
        ({"names": ["a"]}, "names must have one entry for each of the 2 models, got 1"),
        ({"resample": "pairs"}, "resample"),
        ({"resample": "both", "one": True}, "resample='both' needs at least 2 RDMs, got 1"),
        ({"n_bootstraps": 1}, "n_bootstraps must be at least 2"),
        ({"method": "bures", "resample": "both"}, "resample subjects only"),
        ({"sigma": np.ones(10)}, "sigma is for"),
        (
            {"rdms": 1e200 * SUBJECTS[0], "models": MODELS, "method": "cosine"},
            "the range of float64",
        ),
        ({"rdms": np.full(45, np.nan)}, "fewer than 3 entries are not NaN in all"),
    ],
)
def test_bad_input(rng, change, message):
    models, subjects = study(rng)
    options = {"models": models[:2], "rdms": subjects} | change
    if options.pop("one", False):
        options["rdms"] = subjects[0]
    with pytest.raises(ValueError, match=message):
        evaluate(**options)


def test_bad_tests(rng):
    models, subjects = study(rng)
    with pytest.raises(ValueError, match="at least 2 models"):
        compare_models(evaluate(models[0], subjects))
    with pytest.raises(ValueError, match="evaluate with resample"):
        compare_models(evaluate(models, subjects), test="bootstrap")
    with pytest.raises(ValueError, match="at least 2 subjects, got 1"):
        compare_models(evaluate(models, subjects[0]))
    with pytest.raises(ValueError, match="at least 2 subjects, got 1"):
        noise_ceiling(subjects[0])
    with pytest.raises(ValueError, match="there is no noise ceiling"):
        noise_ceiling([subjects[0], -subjects[0]], "pearson")


# The 92 objects


def objects92():
    """Return the folder of the 92-object data, or skip."""
    here = Path(__file__).parents[1].parent / "shared" / "data" / "objects92"
    folder = Path(os.environ.get("NETREP_GO_OBJECTS92", here))
    if not (folder / "92_brainRDMs.mat").exists():
        pytest.skip("the 92-object data are not there: set NETREP_GO_OBJECTS92 to their folder")
    return folder


def test_human_and_monkey_it():
    data = loadmat(objects92() / "Kriegeskorte_Neuron2008_supplementalData.mat")
    both = data["RDMs_mIT_hIT_fig1"]["RDM"].ravel()
    monkey, human = (np.asarray(x, float).ravel() for x in both)
    assert compare(monkey, human) == pytest.approx(0.4389, abs=5e-5)
    test = permutation_test(monkey, human, n_permutations=999, random_state=0)
    assert test.pvalue[0] == 0.001


def test_models_of_the_92_objects():
    folder = objects92()
    brains = loadmat(folder / "92_brainRDMs.mat")["RDMs"]["RDM"].reshape(4, 2)
    humans = np.mean([[np.asarray(x, float) for x in row] for row in brains], axis=1)
    struct = loadmat(folder / "92_modelRDMs.mat")["Models"].ravel()
    models = {str(m["name"].item()): np.asarray(m["RDM"], float) for m in struct}
    evaluation = evaluate(models, humans, resample="conditions", n_bootstraps=200, random_state=0)
    frame = evaluation.to_frame().set_index("model")
    assert 0.2 < evaluation.noise_ceiling.lower < evaluation.noise_ceiling.upper < 0.9
    assert frame["similarity"].idxmax() in ("monkeyIT", "animacy", "FaceBodyManmadeNatobj")
    assert frame.loc["monkeyIT", "pvalue_zero"] < 1e-4


def noise(seed, n_conditions, n_subjects, n_models=2):
    """Return RDMs of models and subjects that have nothing in common."""
    X = np.random.default_rng(seed).standard_normal((n_models + n_subjects, n_conditions, 10))
    return np.split(rdm(X), [n_models])


def each_once_and_all_as_long(names, first, second):
    """Return all pairs of values for a test, as long but for those at the same place."""
    pairs = itertools.product(enumerate(first), enumerate(second))
    return pytest.mark.parametrize(
        names,
        [pytest.param(x, y, marks=[pytest.mark.long] * (i != j)) for (i, x), (j, y) in pairs],
    )


# Normal noise of 400 studies has a standard error of 0.011 at 0.05.
BOUND = 0.085


@pytest.mark.filterwarnings("ignore:the RDMs of subjects cancel")
@each_once_and_all_as_long(("n_conditions", "n_subjects"), [3, 4, 8], [2, 3, 4])
def test_noise_is_rarely_significant_over_few_subjects(n_conditions, n_subjects):
    found = []
    for seed in range(400):
        evaluation = evaluate(*noise(seed, n_conditions, n_subjects))
        contrasts = [compare_models(evaluation, test=test).pvalue[0] for test in ("t", "wilcoxon")]
        low, high = evaluation.interval()[:, 0]
        outside = np.nan if np.isnan(low) else 0.0 if low > 0 or high < 0 else 1.0
        pvalues = [evaluation.pvalue_zero[0], evaluation.pvalue_noise_ceiling[0], outside]
        found.append([*pvalues, *contrasts])
    found = np.array(found)
    assert ((found <= 0.05).mean(axis=0) < BOUND).all()
    assert np.isnan(found[:, :4]).all() == (n_conditions == 3)
    assert np.isnan(found[:, 1]).all() == (n_conditions == 3 or n_subjects == 2)


@pytest.mark.parametrize(
    ("resample", "n_conditions", "n_subjects"),
    [
        ("conditions", 4, 1),
        ("conditions", 4, 2),
        ("conditions", 6, 3),
        ("both", 4, 2),
        ("both", 5, 3),
        ("subjects", 5, 2),
        ("subjects", 5, 3),
        ("subjects", 5, 4),
    ],
)
def test_noise_is_rarely_significant_in_few_samples(resample, n_conditions, n_subjects):
    found = []
    for seed in range(200):
        evaluation = evaluate(
            *noise(seed, n_conditions, n_subjects),
            "pearson",
            resample=resample,
            n_bootstraps=100,
            random_state=seed,
            n_jobs=1,
        )
        below = evaluation.pvalue_noise_ceiling
        found.append(
            [
                evaluation.pvalue_zero[0],
                compare_models(evaluation).pvalue[0],
                1.0 if below is None else below[0],
            ]
        )
    assert ((np.array(found) <= 0.05).mean(axis=0) < 0.1).all()
    assert np.isnan(np.array(found)[:, 2]).all() == (n_subjects == 2 and resample != "conditions")


@pytest.mark.parametrize("resample", ["conditions", "both"])
def test_three_conditions_are_not_resampled(rng, resample):
    models, subjects = study(rng, n_conditions=3)
    with pytest.raises(ValueError, match=r"needs at least 4 conditions .* got 3"):
        evaluate(models, subjects, "pearson", resample=resample)
    models, subjects = study(rng, n_conditions=5)
    gone = np.add.outer(np.arange(5) > 2, np.arange(5) > 2)
    subjects[0, squareform(gone & ~np.eye(5, dtype=bool), checks=False)] = np.nan
    with pytest.raises(ValueError, match=r"needs at least 4 conditions .* got 3"):
        evaluate(models, subjects, "pearson", resample=resample)


@pytest.mark.parametrize("n_bootstraps", [2, 3, 5, 10, 20])
def test_few_bootstrap_samples_are_not_trusted(n_bootstraps):
    pvalues = [
        evaluate(
            *noise(seed, 8, 10),
            "pearson",
            resample="subjects",
            n_bootstraps=n_bootstraps,
            random_state=seed,
            noise_ceiling=False,
            n_jobs=1,
        ).pvalue_zero[0]
        for seed in range(300)
    ]
    assert np.mean(np.array(pvalues) <= 0.05) < BOUND
    assert np.isnan(pvalues).all() == (n_bootstraps < 5)


def test_equal_subjects_have_no_p_value(rng):
    models, subjects = study(rng)
    evaluation = evaluate(models, subjects[[0, 0, 0]])
    assert_allclose(evaluation.standard_error(), 0, atol=1e-15)
    assert np.isnan(evaluation.pvalue_zero).all()
    assert np.isnan(evaluation.interval()).all()
    contrasts = compare_models(evaluation)
    assert np.isnan(contrasts.pvalue).all()
    assert np.isnan(contrasts.pvalue_corrected).all()
    same = compare_models(evaluate(models[[0, 0]], subjects))
    assert_array_equal(same.pvalue, 1)


def test_corrections_count_known_p_values():
    pvalues = np.array([0.01, np.nan, 0.03])
    for correction, want in (("fdr", [0.02, np.nan, 0.03]), ("bonferroni", [0.02, np.nan, 0.06])):
        assert_allclose(corrected(pvalues, correction), want)
    assert np.isnan(corrected(np.array([np.nan]), "fdr")).all()


# What the docstring of compare_models says.
@pytest.mark.parametrize(
    ("n", "share"), [(2, 0.50), (3, 0.26), (5, 0.16), (10, 0.11), (20, 0.07), (40, 0.06)]
)
def test_bootstrap_test_is_anticonservative(n, share):
    rng = np.random.default_rng(0)
    significant, right = [], []
    for _ in range(1000):
        differences = rng.standard_normal(n)
        draws = rng.multinomial(n, np.full(n, 1 / n), 200) @ differences / n
        evaluation = ModelEvaluation(
            names=["a", "b"],
            method="neg_riem_dist",  # of any size
            resample="subjects",
            similarities=np.array([differences, np.zeros(n)]),
            draws=np.stack([draws, np.zeros(200)], axis=1),
            noise_ceiling=None,
            noise_ceiling_draws=None,
            partial_draws=None,
            n_conditions=10,
        )
        warns = pytest.warns(UserWarning, match="use test='t'") if n < 30 else nullcontext()
        with warns:
            significant.append(compare_models(evaluation, test="bootstrap").pvalue[0] <= 0.05)
        right.append(compare_models(evaluation).pvalue[0] <= 0.05)
    assert np.mean(significant) == pytest.approx(share, abs=0.04)
    assert np.mean(right) == pytest.approx(0.05, abs=0.02)


def test_bootstrap_test_over_four_conditions_warns(rng):
    evaluation = evaluate(*study(rng, n_conditions=4), "pearson", resample="conditions")
    with pytest.warns(UserWarning, match="fewer than 5 conditions, got 4"):
        compare_models(evaluation, test="bootstrap")


@each_once_and_all_as_long(
    ("alternative", "n_permutations"), ["two-sided", "greater", "less"], [1, 3, 19]
)
def test_few_permutations_are_exact(alternative, n_permutations):
    alpha = 1 / (n_permutations + 1)
    found = [
        permutation_test(
            *noise(seed, 6, 1, 1),
            alternative=alternative,
            n_permutations=n_permutations,
            random_state=seed,
            n_jobs=1,
        ).pvalue[0]
        <= alpha + 1e-9
        for seed in range(400)
    ]
    assert np.mean(found) < alpha + 3 * np.sqrt(alpha * (1 - alpha) / 400)


@pytest.mark.parametrize("method", ["spearman", "tau-b", "pearson", "cosine"])
def test_models_are_evaluated_without_a_noise_ceiling(method):
    x = np.array([1.0, 2.0, 3.0])
    back = -x if method == "cosine" else x[::-1]
    opposite = np.array([x, back, x])  # the first and the second cancel
    with pytest.warns(UserWarning, match="there is no noise ceiling: it is NaN"):
        evaluation = evaluate(x, opposite, method)
    assert_allclose(evaluation.similarities[0], compare(opposite, x, method))
    assert np.isnan(evaluation.noise_ceiling).all()
    assert np.isnan(evaluation.pvalue_noise_ceiling).all()
    assert evaluation.to_frame()["noise_ceiling_lower"].isna().all()
    assert_array_equal(evaluate(x, opposite, method, noise_ceiling=False).mean, evaluation.mean)
    with pytest.raises(ValueError, match="there is no noise ceiling"):
        noise_ceiling(opposite, method)
    evaluation.plot()
    plt.close("all")
