"""Partial and regression RSA: mne-rsa's values, definitions, missing entries, level of tests."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from golden.make_mne_rsa import vectors
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.spatial.distance import squareform

from netrep_go.rsa import (
    compare,
    evaluate,
    noise_ceiling,
    noise_ceilings,
    permutation_test,
    rdm,
    searchlight,
    searchlight_noise_ceiling,
    time_resolved,
)

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("mne_rsa.json").read_text())
PARTIAL = ["spearman", "pearson", "cosine", "corr_cov", "cosine_cov"]
REGRESSIONS = ["regression", "rank-regression"]


@pytest.fixture
def study(rng):
    """Return RDMs of 4 subjects, 3 models and 2 controls, of 8 conditions."""
    models, controls = rng.random((3, 28)), rng.random((2, 28))
    rdms = rng.dirichlet(np.ones(5), 4) @ np.vstack([models, controls]) + 0.2 * rng.random((4, 28))
    return rdms, models, controls


def inverse(n):
    """Return the inverse of the covariance of the entries of an RDM with white noise."""
    pairs = list(itertools.combinations(range(n), 2))
    contrasts = np.array([np.eye(n)[i] - np.eye(n)[j] for i, j in pairs])
    return np.linalg.inv((contrasts @ contrasts.T) ** 2)


def left(x, controls, method, metric):
    """Return what controls leave of an RDM, of unit length in a metric."""
    if method == "spearman":
        x, controls = stats.rankdata(x), stats.rankdata(controls, axis=1)
    if method in ("spearman", "pearson", "corr_cov"):
        x, controls = x - x.mean(), controls - controls.mean(axis=1, keepdims=True)
    x = x - controls.T @ np.linalg.solve(controls @ metric @ controls.T, controls @ metric @ x)
    return x / np.sqrt(x @ metric @ x)


def by_definition(rdms, models, controls, method):
    n_pairs = models.shape[1]
    n = round((1 + np.sqrt(1 + 8 * n_pairs)) / 2)
    metric = inverse(n) if method.endswith("cov") else np.eye(n_pairs)
    x, y = ([left(v, controls, method, metric) for v in vectors] for vectors in (rdms, models))
    return np.array(x) @ metric @ np.array(y).T


def weights(rdms, models, method):
    x, y = (stats.rankdata(v, axis=1) if method != "regression" else v for v in (rdms, models))
    x, y = stats.zscore(x, axis=1), stats.zscore(y, axis=1)
    return np.linalg.lstsq(y.T, x.T)[0].T


def holed(vectors, *positions):
    vectors = np.array(vectors, float)
    for position in positions:
        vectors[position] = np.nan
    return vectors


# Values


@pytest.mark.parametrize(
    ("metric", "method"), [("partial", "pearson"), ("partial-spearman", "spearman")]
)
def test_partial_correlations_are_those_of_mne_rsa(metric, method):
    rdms, models = vectors()
    found = [
        compare(rdms, model, method, controls=np.delete(models, k, axis=0))
        for k, model in enumerate(models)
    ]
    assert_allclose(np.transpose(found), GOLDEN[metric], atol=1e-12)


def test_weights_are_those_of_mne_rsa_in_units_of_standard_deviations():
    rdms, models = vectors()
    unit = rdms.std(axis=1)[:, np.newaxis] / models.std(axis=1)
    assert_allclose(compare(rdms, models, "regression") * unit, GOLDEN["regression"], atol=1e-12)


@pytest.mark.parametrize("method", PARTIAL)
def test_partial_similarities_are_those_of_residuals(study, rng, method):
    rdms, models, controls = study
    want = by_definition(rdms, models, controls, method)
    assert_allclose(compare(rdms, models, method, controls=controls), want, atol=1e-12)
    evaluation = evaluate(models, rdms, method, controls=controls)
    assert_allclose(evaluation.similarities, want.T, atol=1e-12)
    both = compare(rdms, method=method, controls=controls)
    assert_allclose(both, by_definition(rdms, rdms, controls, method), atol=1e-12)
    many = np.vstack([controls, controls[0] + 0.05 * rng.random(28)])  # nearly the first
    found = compare(rdms, models, method, controls=many)
    assert_allclose(found, by_definition(rdms, models, many, method), atol=1e-9)


@pytest.mark.parametrize("method", REGRESSIONS)
def test_weights_are_those_of_least_squares(study, method):
    rdms, models, _ = study
    models[:, :9] = models[:, :9].round(1)  # ties
    want = weights(rdms, models, method)
    assert_allclose(compare(rdms, models, method), want, atol=1e-12)
    assert_allclose(evaluate(models, rdms, method).similarities, want.T, atol=1e-12)
    alone = compare(rdms, models[:1], method)
    plain = {"regression": "pearson", "rank-regression": "spearman"}[method]
    assert_allclose(alone, compare(rdms, models[:1], plain), atol=1e-12)
    near = np.vstack([models, models[0] + 1e-4 * rdms[0]])  # weights far above 1
    assert np.abs(weights(rdms, near, "regression")).max() > 10
    found = compare(rdms, near, "regression")
    assert_allclose(found, weights(rdms, near, "regression"), rtol=1e-6, atol=1e-8)


def test_a_control_of_noise_is_nearly_none_and_none_is_none(study, rng):
    rdms, models, _ = study
    assert_array_equal(compare(rdms, models, controls=None), compare(rdms, models))
    big = rdm(rng.standard_normal((2, 60, 40)))
    other = rdm(rng.standard_normal((60, 40)))
    assert abs(compare(*big, controls=other) - compare(*big)) < 0.01


@pytest.mark.parametrize("method", PARTIAL)
def test_missing_entries_are_left_out(study, method):
    rdms, models, controls = study
    lacking = holed(rdms, (1, 3)), holed(models, (0, 5)), holed(controls, (1, 20))
    found = compare(*lacking[:2], method, controls=lacking[2])
    for (i, x), (j, y) in itertools.product(enumerate(lacking[0]), enumerate(lacking[1])):
        hole = np.isnan(x) | np.isnan(y) | np.isnan(lacking[2]).any(axis=0)
        everywhere = (np.where(hole, np.nan, v) for v in (rdms[i], models[j], controls))
        x, y, z = everywhere
        assert found[i, j] == pytest.approx(compare(x, y, method, controls=z), abs=1e-12)
        if not method.endswith("cov"):
            parts = rdms[i : i + 1, ~hole], models[j : j + 1, ~hole], controls[:, ~hole]
            x, y = (left(v[0], parts[2], method, np.eye(len(v[0]))) for v in parts[:2])
            assert found[i, j] == pytest.approx(x @ y, abs=1e-12)


@pytest.mark.parametrize("method", REGRESSIONS)
def test_models_of_a_regression_lack_entries_together(study, method):
    rdms, models, _ = study
    hole = np.zeros(28, bool)
    hole[[3, 7]] = True
    found = compare(rdms, holed(models, (0, 3), (2, 7)), method)
    assert_allclose(found, weights(rdms[:, ~hole], models[:, ~hole], method), atol=1e-12)


@pytest.mark.parametrize("options", [{"method": m} for m in REGRESSIONS] + [{"controls": 1}])
def test_searchlights_and_times_are_compared_alike(study, rng, options):
    _, models, controls = study
    options = {"controls": controls} if "controls" in options else options
    data = rng.standard_normal((2, 8, 6, 5))
    rdms = np.array([rdm(data[s].transpose(2, 0, 1)) for s in range(2)])
    course = time_resolved(data, models, **options)
    for s in range(2):
        assert_allclose(course.scores[s].T, compare(rdms[s], models, **options), atol=1e-12)
    flat = data[0].reshape(8, -1)
    neighbors = [range(k, k + 7) for k in range(20)]
    found = searchlight(flat, models, neighbors=neighbors, **options)
    around = rdm([flat[:, k : k + 7] for k in range(20)])
    assert_allclose(found.scores, compare(around, models, **options), atol=1e-12)


def test_searchlights_that_controls_explain_are_undefined(rng):
    data = rng.standard_normal((6, 9))
    controls, models = rdm(data[:, :4]), rng.random((2, 15))
    with pytest.warns(UserWarning, match="the RDM of 1 of 2 searchlights is undefined"):
        found = searchlight(
            data, models, neighbors=[range(4), range(4, 9)], controls=controls, method="pearson"
        )
    assert_array_equal(np.isnan(found.scores), [[True, True], [False, False]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "tau-a", "controls": 2},
            "controls are for spearman, pearson, cosine, corr_cov",
        ),
        ({"method": "rho-a", "controls": 2}, "got method='rho-a'"),
        ({"method": "regression", "controls": 2}, "pass them as models"),
        ({"controls": {"a": np.arange(28.0), "b": np.ones(28)}}, r"controls\['b'\]: an RDM whose"),
        (
            {"controls": {"a": np.arange(28.0), "b": 3 * np.arange(28.0) + 1}, "method": "pearson"},
            r"controls\['b'\]: an RDM that is a combination of those before it",
        ),
        (
            {"controls": np.ones(10)},
            "rdms and controls must be of the same conditions, got 8 and 5",
        ),
        ({"controls": "rdm"}, r"rdms\[0\]: an RDM that is a combination of the controls"),
        ({"controls": "model", "method": "cosine"}, r"models\[2\]: an RDM that is a combination"),
        ({"controls": np.eye(28)[:26]}, "only 28 entries are not NaN .* at least 29 are needed"),
        ({"method": "regression", "models": None}, "method='regression' needs models"),
        ({"method": "regression", "models": "sum"}, r"models\[3\]: an RDM that is a combination"),
        ({"method": "regression", "models": np.eye(28)[:27]}, "at least 29 entries"),
    ],
)
def test_bad_input(study, options, message):
    rdms, models, controls = study
    known = {"rdm": np.vstack([controls, rdms[:1]]), "model": np.vstack([controls, 2 * models[2]])}
    given = {"rdms": rdms, "models": models, **options}
    if isinstance(given["models"], str):
        given["models"] = np.vstack([models, models.sum(axis=0)])
    for name in ("controls",):
        if name in given:
            given[name] = (
                controls if np.ndim(given[name]) == 0 and given[name] == 2 else given[name]
            )
            given[name] = known.get(given[name], 0) if isinstance(given[name], str) else given[name]
    with pytest.raises(ValueError, match=message):
        compare(**given)


# Bootstrap and noise ceilings


@pytest.mark.parametrize("method", ["spearman", "pearson", "regression"])
def test_draws_are_similarities_of_samples(rng, method):
    rdms, models, controls = rng.random((1, 15)), rng.random((2, 15)), rng.random((1, 15))
    options = {} if method == "regression" else {"controls": controls}
    evaluation = evaluate(
        models, rdms, method, resample="conditions", n_bootstraps=60, random_state=0, **options
    )
    want = []
    for drawn in itertools.combinations_with_replacement(range(6), 6):
        if len(set(drawn)) < 4:  # 3 entries that differ say nothing beside a control, or a model
            continue
        cut = np.ix_(drawn, drawn)
        entries = np.triu(np.not_equal.outer(drawn, drawn), 1)
        parts = [
            np.array([squareform(v)[cut][entries] for v in x]) for x in (rdms, models, controls)
        ]
        if method == "regression":
            want.append(weights(*parts[:2], method)[0])
        else:
            want.append(by_definition(*parts, method)[0])
    gap = np.abs(evaluation.draws[:, np.newaxis] - np.array(want)).max(axis=2).min(axis=1)
    assert gap.max() < 1e-9
    assert len(np.unique(evaluation.draws.round(9), axis=0)) > 40


@pytest.mark.parametrize("method", PARTIAL)
def test_partial_noise_ceiling_bounds_all_models(study, rng, method):
    rdms, _, controls = study
    lower, upper = noise_ceiling(rdms, method, controls=controls)
    metric = inverse(8) if method.endswith("cov") else np.eye(28)
    parts = np.array([left(x, controls, method, metric) for x in rdms])

    def to(mean, part):
        return mean @ metric @ part / np.sqrt(mean @ metric @ mean)

    assert upper == pytest.approx(np.mean([to(parts.sum(axis=0), x) for x in parts]), abs=1e-12)
    others = [to(np.delete(parts, s, axis=0).sum(axis=0), x) for s, x in enumerate(parts)]
    assert lower == pytest.approx(np.mean(others), abs=1e-12)
    models = np.vstack([rng.random((50, 28)), rdms, rdms.mean(axis=0)])
    assert (compare(rdms, models, method, controls=controls).mean(axis=0) <= upper + 1e-12).all()
    assert evaluate(rdms, rdms, method, controls=controls).noise_ceiling == (lower, upper)


def test_weights_have_no_noise_ceiling(study):
    rdms, models, _ = study
    assert evaluate(models, rdms, "regression").noise_ceiling is None
    with pytest.raises(ValueError, match="method"):
        noise_ceiling(rdms, "regression")


# Permutations


def permuted(vector, order):
    return squareform(squareform(vector, checks=False)[np.ix_(order, order)], checks=False)


@pytest.mark.parametrize("method", ["spearman", "pearson", "cosine_cov"])
def test_permutations_are_those_of_what_controls_leave(rng, method):
    rdms, models, controls = rng.random((2, 10)), rng.random((1, 10)), rng.random((2, 10))
    metric = inverse(5) if method.endswith("cov") else np.eye(10)
    part = left(models[0], controls, method, metric)
    x = [left(v, controls, method, metric) for v in rdms]
    z = stats.rankdata(controls, axis=1) if method == "spearman" else controls
    plain = "pearson" if method == "spearman" else method
    want = [
        np.mean([left(permuted(part, o), z, plain, metric) @ metric @ v for v in x])
        for o in itertools.permutations(range(5))
    ]
    test = permutation_test(
        models, rdms, method, controls=controls, n_permutations=1500, random_state=0
    )
    assert test.statistic[0] == pytest.approx(want[0], abs=1e-12)
    values = np.unique(np.round(want, 9))
    assert_allclose(np.unique(test.null_distribution.round(9)), values, atol=2e-9)
    assert test.pvalue[0] == pytest.approx(np.mean(np.array(want) >= want[0] - 1e-9), abs=0.04)


@pytest.mark.parametrize("method", ["spearman", "pearson", "tau-a", "corr_cov", "bures"])
@pytest.mark.parametrize("which", ["models", "rdms", "both"])
def test_missing_conditions_are_left_out_of_permutations(rng, method, which):
    """Two conditions have no entries: the test is that of the others."""
    full = {"models": rdm(rng.standard_normal((2, 8, 20))), "rdms": rdm(rng.random((3, 8, 20)))}
    squares = {name: np.array([squareform(v) for v in x]) for name, x in full.items()}
    cut = np.ix_(range(6), range(6))
    want = {name: [squareform(s[cut]) for s in x] for name, x in squares.items()}
    missing = {"models": [6], "rdms": [7]} if which == "both" else {which: [6, 7]}
    for name, conditions in missing.items():
        for condition in conditions:
            squares[name][0][condition], squares[name][0][:, condition] = np.nan, np.nan
            squares[name][0][condition, condition] = 0
    expected, found = (
        permutation_test(**given, method=method, n_permutations=30, random_state=1)
        for given in ({k: np.array(v) for k, v in want.items()}, squares)
    )
    assert_allclose(found.null_distribution, expected.null_distribution, atol=1e-12)
    assert_allclose(found.statistic, expected.statistic, atol=1e-12)
    assert_array_equal(found.pvalue, expected.pvalue)


MOVED = [(m, c) for m in ("spearman", "pearson", "tau-b", "cosine_cov") for c in (False, True)]


@pytest.mark.parametrize(("method", "controlled"), [m for m in MOVED if m != ("tau-b", True)])
def test_missing_entries_move_with_the_conditions_of_models(rng, method, controlled):
    models, rdms = holed(rng.random((1, 15)), (0, 4)), holed(rng.random((2, 15)), (1, 9))
    controls = rng.random((1, 15))
    options = {"controls": controls} if controlled else {}
    test = permutation_test(models, rdms, method, n_permutations=200, random_state=0, **options)
    moved, plain = models[0], method
    if controlled:
        keep = ~np.isnan(np.vstack([models, rdms])).any(axis=0)
        everywhere = np.where(keep, controls, np.nan)
        metric = np.eye(15)[keep][:, keep]
        if method == "cosine_cov":
            pairs = np.array(list(itertools.combinations(range(6), 2)))[keep]
            contrasts = np.array([np.eye(6)[i] - np.eye(6)[j] for i, j in pairs])
            metric = np.linalg.inv((contrasts @ contrasts.T) ** 2)
        moved = np.full(15, np.nan)
        moved[keep] = left(models[0][keep], everywhere[:, keep], method, metric)
    want = set()
    for order in itertools.permutations(range(6)):
        y = permuted(moved, order)
        hole = np.isnan(y) | np.isnan(rdms).any(axis=0)
        if controlled and method == "spearman":
            ranks = [stats.rankdata(v[~hole]) for v in (*rdms, controls[0])]
            parts = [
                left(v, ranks[2][None], "pearson", np.eye(len(v))) for v in (*ranks[:2], y[~hole])
            ]
            want.add(round(float(np.mean([parts[2] @ v for v in parts[:2]])), 8))
        else:
            cut = (np.where(hole, np.nan, v) for v in (rdms, y))
            want.add(round(float(np.mean(compare(*cut, plain, **options))), 8))
    assert (
        set(test.null_distribution.round(8).ravel().tolist())
        <= {v + d for v in want for d in (-1e-8, 0, 1e-8)} | want
    )
    assert round(float(test.statistic[0]), 8) in want


def test_undefined_permutations_count_as_extreme(rng):
    """A model of one pair is constant where that pair is one that the RDM lacks."""
    model, measured = np.eye(10)[:1], holed(rng.random((1, 10)), (0, 9), (0, 8))
    with pytest.warns(UserWarning, match="undefined after .* permutations"):
        test = permutation_test(model, measured, n_permutations=400, random_state=0)
    undefined = np.isnan(test.null_distribution).mean()
    assert undefined == pytest.approx(0.2, abs=0.06)  # 2 pairs of 10
    assert test.pvalue[0] > undefined
    assert np.isfinite(test.to_frame()["null_mean"][0])


def test_seeds_and_threads_of_partial_tests(study):
    rdms, models, controls = study
    runs = [
        permutation_test(
            holed(models, (1, 2)),
            rdms,
            controls=controls,
            n_permutations=25,
            random_state=seed,
            n_jobs=n_jobs,
        ).null_distribution
        for seed, n_jobs in ((1, 1), (1, 2), (2, 1))
    ]
    assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


# Level of tests: 5 in 100 of what is not there


def confounded(rng, n=8, n_subjects=1):
    """Return subjects and a model, which have a control in common and nothing else.

    Squared distances of patterns side by side add up.
    """
    shared, own, *others = rng.standard_normal((2 + n_subjects, n, 3))
    control = rdm(shared, "sqeuclidean")
    rdms = control + 0.8 * rdm(np.array(others), "sqeuclidean")
    return rdms, control + 0.8 * rdm(own, "sqeuclidean"), control


def level(pvalues):
    pvalues = np.array(pvalues)
    return np.mean(pvalues[~np.isnan(pvalues)] <= 0.05)


def test_partial_permutation_tests_keep_their_level():
    rng = np.random.default_rng(0)
    partial, plain = [], []
    for k in range(400):
        rdms, model, control = confounded(rng)
        options = {"n_permutations": 99, "random_state": k}
        partial += [permutation_test(model, rdms, "pearson", controls=control, **options).pvalue[0]]
        plain += [permutation_test(model, rdms, "pearson", **options).pvalue[0]]
    assert 0.025 < level(partial) < 0.075
    assert level(plain) > 0.5  # the control is what they have in common


def test_permutation_tests_with_missing_entries_keep_their_level():
    rng = np.random.default_rng(1)
    pvalues = []
    for k in range(400):
        rdms, model = rdm(rng.standard_normal((2, 7, 5))), rdm(rng.standard_normal((1, 7, 5)))
        rdms[0, rng.integers(21, size=3)], model[0, rng.integers(21, size=2)] = np.nan, np.nan
        pvalues += [permutation_test(model, rdms, n_permutations=99, random_state=k).pvalue[0]]
    assert 0.025 < level(pvalues) < 0.075
    assert stats.kstest(pvalues, "uniform").pvalue > 0.001


@pytest.mark.parametrize("method", ["pearson", "regression"])
def test_tests_over_subjects_keep_their_level_beside_a_control(method):
    rng = np.random.default_rng(2)
    pvalues = []
    for _ in range(400):
        rdms, model, control = confounded(rng, n_subjects=8)
        if method == "regression":
            pvalues += [evaluate([model, control], rdms, method).pvalue_zero[0]]
        else:
            pvalues += [evaluate(model, rdms, method, controls=control).pvalue_zero[0]]
    assert 0.025 < level(pvalues) < 0.08


def test_partial_and_weights_find_what_is_there():
    rng = np.random.default_rng(3)
    found = []
    for k in range(20):
        rdms, model, control = confounded(rng, n_subjects=6)
        rdms = rdms + model
        found += [
            evaluate(model, rdms, controls=control).pvalue_zero[0],
            evaluate([model, control], rdms, "rank-regression").pvalue_zero[0],
            permutation_test(
                model, rdms, controls=control, n_permutations=99, random_state=k
            ).pvalue[0],
        ]
    assert level(found) > 0.9


# Noise ceilings at many points


@pytest.mark.parametrize("method", ["spearman", "pearson", "tau-a", "corr_cov", "bures"])
def test_noise_ceilings_are_those_of_each_point(rng, method):
    rdms = rdm(rng.standard_normal((12, 6, 9)), "sqeuclidean").reshape(3, 4, 15)
    found = noise_ceilings(rdms, method, n_permutations=20, random_state=0)
    want = np.array([noise_ceiling(rdms[:, k], method) for k in range(4)])
    assert_allclose(np.transpose([found.lower, found.upper]), want, atol=1e-12)
    assert (found.pvalue_corrected >= found.pvalue).all()
    by_name = noise_ceilings(dict(zip("abc", rdms, strict=True)), method)
    assert_allclose(by_name.lower, found.lower)
    assert by_name.pvalue is None
    assert by_name.to_frame().shape == (4, 6)


def test_noise_ceilings_with_controls_and_missing_entries(study, rng):
    controls = study[2]
    rdms = rng.random((3, 5, 28))
    rdms[0, 1, 3], rdms[2, 4, 7] = np.nan, np.nan
    found = noise_ceilings(rdms, controls=controls)
    want = [noise_ceiling(rdms[:, k], controls=controls).lower for k in range(5)]
    assert_allclose(found.lower, want, atol=1e-12)
    with pytest.raises(ValueError, match="leave out n_permutations"):
        noise_ceilings(rdms, controls=controls, n_permutations=9)


def test_points_without_a_noise_ceiling_are_said(rng):
    rdms = rng.random((3, 4, 15))
    rdms[1, 2] = 0.5
    with pytest.warns(UserWarning, match="1 of 4 points have no noise ceiling"):
        found = noise_ceilings(rdms, n_permutations=9, random_state=0)
    assert_array_equal(np.isnan(found.lower), [False, False, True, False])
    assert_array_equal(np.isnan(found.pvalue), np.isnan(found.lower))
    assert_array_equal(np.isnan(found.pvalue_corrected), np.isnan(found.lower))
    with pytest.raises(ValueError, match="rdms: 1 of 1 points have no noise ceiling"):
        noise_ceilings(rdms[:, 2:3])
    with pytest.raises(ValueError, match="at least 2 subjects, got 1"):
        noise_ceilings(rdms[:1])
    with pytest.raises(ValueError, match=r"rdms\[1\] must have shape"):
        noise_ceilings([rdms[0], rdms[1, :2]])


def test_time_resolved_noise_ceiling(rng):
    data, models = rng.standard_normal((3, 6, 8, 5)), rng.random((2, 15))
    course = time_resolved(data, models, noise_ceiling=True)
    rdms = np.array([rdm(x.transpose(2, 0, 1)) for x in data])
    assert_allclose(course.noise_ceiling.lower, noise_ceilings(rdms).lower)
    assert time_resolved(data, models).noise_ceiling is None
    with pytest.raises(ValueError, match="noise_ceiling needs at least 2 subjects"):
        time_resolved(data[:1], models, noise_ceiling=True)
    with pytest.raises(ValueError, match="method"):
        time_resolved(data, models, noise_ceiling=True, method="regression")


def test_blocks_of_points_and_threads_change_nothing(rng, monkeypatch):
    rdms = rng.random((3, 7, 15))
    options = {"n_permutations": 19, "random_state": 4}
    whole = noise_ceilings(rdms, n_jobs=1, **options)
    monkeypatch.setattr("netrep_go.rsa._ceilings._NUMBERS", 100)
    parts = noise_ceilings(rdms, n_jobs=2, **options)
    for name in ("lower", "upper", "pvalue", "pvalue_corrected"):
        assert_array_equal(getattr(whole, name), getattr(parts, name))


@pytest.mark.parametrize(("method", "n_subjects"), [("spearman", 3), ("pearson", 6)])
def test_noise_ceiling_tests_keep_their_level(method, n_subjects):
    rng = np.random.default_rng(5)
    each, together = [], []
    for k in range(250):
        rdms = rdm(rng.standard_normal((n_subjects * 2, 6, 8))).reshape(n_subjects, 2, 15)
        rdms[:, 1] = rdms[:, 0] + 0.3 * rdms[:, 1]  # points that depend on each other
        found = noise_ceilings(rdms, method, n_permutations=99, random_state=k)
        each += [found.pvalue[0]]
        together += [found.pvalue_corrected.min()]
    assert 0.02 < level(each) < 0.08
    assert 0.02 < level(together) < 0.08


@pytest.mark.parametrize("where", ["mask", "neighbors"])
@pytest.mark.parametrize("method", ["spearman", "pearson"])
def test_searchlight_noise_ceilings_are_those_of_their_rdms(rng, where, method):
    data = rng.standard_normal((3, 7, 4, 5, 3))
    mask = rng.random((4, 5, 3)) < 0.8
    data[1, 2, 1, 1, 1] = np.nan  # a voxel that is left out of one subject
    near = np.argwhere(mask)
    if where == "mask":
        options = {"mask": mask, "radius": 1.8, "step": 2}
        centers = [v for v in near if not (v % 2).any()]
        voxels = [near[np.linalg.norm(near - c, axis=1) < 1.8] for c in centers]
    else:
        voxels = [near[k : k + 9] for k in range(0, 36, 4)]
        numbers = [np.ravel_multi_index(v.T, mask.shape) for v in voxels]
        options = {"neighbors": numbers}
        data = data.reshape(3, 7, -1)
    found = searchlight_noise_ceiling(
        list(data), method=method, n_permutations=15, random_state=0, **options
    )
    rdms = [
        [
            rdm(x[:, np.isfinite(x).all(axis=0)])
            for x in ([s.reshape(7, *mask.shape)[:, *v.T] for v in voxels])
        ]
        for s in data
    ]
    want = noise_ceilings(rdms, method, n_permutations=15, random_state=0)
    columns = [want.lower, want.upper, want.pvalue, want.pvalue_corrected]
    assert_allclose(found.scores, np.transpose(columns), atol=1e-12)
    assert found.names == ["lower", "upper", "pvalue", "pvalue_corrected"]
    assert len(found.n_features) == len(voxels)
    if where == "mask":
        assert np.isfinite(found.to_volume("lower")).sum() == len(voxels)


def test_searchlight_noise_ceilings_of_cross_validated_distances(rng):
    data = rng.standard_normal((2, 12, 20))
    options = {
        "metric": "crossnobis",
        "conditions": np.tile(np.arange(6), 2),
        "folds": np.repeat([0, 1], 6),
    }
    neighbors = [range(8), range(8, 20)]
    found = searchlight_noise_ceiling(list(data), neighbors=neighbors, **options)
    rdms = [[rdm(x[:, list(k)], **options) for k in neighbors] for x in data]
    assert_allclose(found.scores[:, 0], noise_ceilings(rdms).lower, atol=1e-12)


def test_searchlights_without_a_noise_ceiling_are_said(rng):
    data = list(rng.standard_normal((3, 6, 8)))
    data[1][:, :3] = 1.0
    neighbors = [range(3), range(3, 8)]
    with pytest.warns(UserWarning, match="1 of 2 points have no noise ceiling"):
        found = searchlight_noise_ceiling(data, neighbors=neighbors)
    assert_array_equal(np.isnan(found.scores).any(axis=1), [True, False])
    with pytest.raises(ValueError, match="at least 2 subjects, got 1"):
        searchlight_noise_ceiling(data[:1], neighbors=neighbors)
    with pytest.raises(ValueError, match=r"data\['a'\] and data\['b'\] must have the same centers"):
        searchlight_noise_ceiling({"a": data[0], "b": data[1][:5]}, neighbors=neighbors)
    with pytest.raises(ValueError, match=r"data\[1\]: "):
        searchlight_noise_ceiling([data[0], data[1][:, :6]], neighbors=neighbors)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_searchlights_of_too_few_conditions_have_no_noise_ceiling(rng, n):
    """Five observations of two conditions are as few."""
    data, options = list(rng.standard_normal((3, n, 8))), {"neighbors": [range(8)]}
    if n == 5:
        options |= {"conditions": np.arange(5) % 2, "metric": "euclidean"}
    with pytest.raises(ValueError, match=rf"data\[0\]: .* at least 3 conditions, got {min(n, 2)}"):
        searchlight_noise_ceiling(data, **options)


# Fisher's z


@pytest.mark.parametrize("resample", [None, "subjects", "both"])
def test_intervals_are_of_correlations(rng, resample):
    patterns = rng.standard_normal((10, 30))
    rdms = rdm(patterns + 0.05 * rng.standard_normal((3, 10, 30)))
    evaluation = evaluate(
        [rdm(patterns), -rdm(patterns)], rdms, resample=resample, n_bootstraps=60, random_state=0
    )
    low, high = evaluation.interval(0.999)
    assert (low < evaluation.mean).all()
    assert (evaluation.mean < high).all()
    assert (np.abs([low, high]) <= 1).all()
    assert high[0] - evaluation.mean[0] < evaluation.mean[0] - low[0]  # towards 0
    assert_allclose(low[0], -high[1])


@pytest.mark.parametrize(("n_subjects", "noise"), [(5, 0.3), (10, 1.0)])
def test_intervals_hold_the_mean_of_the_population(n_subjects, noise):
    rng = np.random.default_rng(6)
    patterns = rng.standard_normal((8, 20))
    model = rdm(patterns)
    truth = compare(model, rdm(patterns + noise * rng.standard_normal((4000, 8, 20)))).mean()
    inside = []
    for _ in range(400):
        rdms = rdm(patterns + noise * rng.standard_normal((n_subjects, 8, 20)))
        low, high = evaluate(model, rdms, noise_ceiling=False).interval()
        inside += [low[0] < truth < high[0]]
    assert 0.92 < np.mean(inside) < 0.98


def test_paired_tests_on_z_keep_their_level():
    """Two models that are as good: each its own noisy view of what subjects share."""
    from netrep_go.rsa import compare_models

    rng = np.random.default_rng(7)
    pvalues = []
    for _ in range(400):
        subjects = np.tanh(0.8 + 0.4 * rng.standard_normal((2, 6)))
        evaluation = evaluate(rng.random((2, 10)), rng.random((6, 10)), noise_ceiling=False)
        object.__setattr__(evaluation, "similarities", subjects)
        pvalues += [compare_models(evaluation, correction="none").pvalue[0]]
    assert 0.025 < level(pvalues) < 0.08


def test_perfect_models_have_no_tests(rng):
    vector = rng.random(15)
    evaluation = evaluate([vector, rng.random(15)], np.tile(vector, (4, 1)))
    assert np.isnan(evaluation.pvalue_zero).all()
    assert np.isnan(evaluation.interval()).all()
    one = evaluate(vector, np.vstack([vector, vector, rng.random((2, 15))]))
    assert np.isfinite(one.pvalue_zero).all()
    assert (np.abs(one.interval()) <= 1).all()
