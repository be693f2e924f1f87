"""RDMs between runs, with their diagonal."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from netrep_go.rsa import cross_rdm, evaluate_cross, exemplar_information

RNG = np.random.default_rng(0)
PATTERNS = RNG.standard_normal((7, 6, 40))  # subjects, conditions, voxels
RUNS = PATTERNS + 2 * RNG.standard_normal((2, 7, 6, 40))


@pytest.mark.parametrize("metric", ["correlation", "cosine", "euclidean", "sqeuclidean"])
def test_entries_are_those_of_scipy(metric):
    found = cross_rdm(*RUNS, metric)
    expected = [cdist(x, y, metric) for x, y in zip(*RUNS, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(cross_rdm(RUNS[0][0], RUNS[1][0], metric), expected[0], atol=1e-12)
    by_name = [{f"s{k}": x for k, x in enumerate(run)} for run in RUNS]
    np.testing.assert_array_equal(cross_rdm(*by_name, metric), found)
    np.testing.assert_array_equal(cross_rdm(*map(list, RUNS), metric), found)
    np.testing.assert_array_equal(cross_rdm(RUNS[0][0].tolist(), RUNS[1][0], metric), found[0])


def test_rows_are_of_the_first_run():
    found = cross_rdm(*RUNS)
    np.testing.assert_allclose(cross_rdm(*RUNS[::-1]), found.swapaxes(1, 2), atol=1e-14)
    assert np.abs(found - found.swapaxes(1, 2)).max() > 0.05


def test_correlation_has_no_unit():
    np.testing.assert_allclose(cross_rdm(RUNS[0] * 1e100, RUNS[1] * 1e-100 + 1e-101),
                               cross_rdm(*RUNS), atol=1e-9)  # fmt: skip


def test_information_is_the_diagonal_against_the_rest():
    rdms = cross_rdm(*RUNS)
    found = exemplar_information(rdms)
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(found.within, [x.diagonal().mean() for x in rdms])
    np.testing.assert_allclose(found.between, [x[off].mean() for x in rdms])
    np.testing.assert_allclose(found.information, found.between - found.within)
    np.testing.assert_allclose(found.by_condition.mean(axis=1), found.information)
    t = stats.ttest_1samp(found.information, 0, alternative="greater")
    np.testing.assert_allclose([found.statistic, found.pvalue], [t.statistic, t.pvalue])
    above = np.triu_indices(6, 1)
    halves = [stats.spearmanr(x[above], x.T[above]).statistic for x in rdms]
    np.testing.assert_allclose(found.reliability, halves)
    assert len(found.to_frame()) == 7
    np.testing.assert_allclose(exemplar_information(rdms * 1e-200).pvalue, found.pvalue)


def test_noise_has_no_information():
    pvalues = []
    for _ in range(400):
        runs = RNG.standard_normal((2, 8, 5, 12))
        pvalues.append(exemplar_information(cross_rdm(*runs)).pvalue)
    assert stats.binomtest(int(np.sum(np.array(pvalues) < 0.05)), 400, 0.05).pvalue > 0.01


def test_few_conditions_and_subjects():
    two = exemplar_information(cross_rdm(RUNS[0, :, :2], RUNS[1, :, :2]))
    assert np.isnan(two.reliability).all()
    assert np.isfinite(two.pvalue)
    one = exemplar_information(cross_rdm(RUNS[0, 0], RUNS[1, 0]))
    assert np.isnan(one.pvalue)
    assert one.information.shape == (1,)
    same = exemplar_information(np.stack([1.0 - np.eye(4)] * 3))
    assert np.isnan(same.pvalue)
    assert np.isnan(same.reliability).all()


@pytest.mark.parametrize("method", ["spearman", "pearson", "tau-b"])
def test_models_are_compared_with_all_entries(method):
    rdms = cross_rdm(*RUNS)
    models = {"identity": 1.0 - np.eye(6), "other": RNG.random((6, 6))}
    found = evaluate_cross(models, rdms, method)
    peer = {"spearman": stats.spearmanr, "pearson": stats.pearsonr, "tau-b": stats.kendalltau}
    expected = [
        [peer[method](m.ravel(), x.ravel()).statistic for x in rdms] for m in models.values()
    ]
    np.testing.assert_allclose(found.similarities, expected, atol=1e-12)
    assert found.names == ["identity", "other"]
    assert found.n_conditions == 6
    assert found.pvalue_zero[0] < 0.001
    drawn = evaluate_cross(models, rdms, method, resample="subjects", n_bootstraps=50)
    assert drawn.draws.shape == (50, 2)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 9])
def test_any_number_of_conditions(n):
    rdms, model = RNG.random((12, n, n)), RNG.random((n, n))
    found = evaluate_cross(model, rdms, "pearson").similarities[0]
    np.testing.assert_allclose(
        found, [np.corrcoef(model.ravel(), x.ravel())[0, 1] for x in rdms], atol=1e-12
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross_rdm(RUNS[0], RUNS[1][:3]), "same subjects"),
        (lambda: cross_rdm(RUNS[0, 0], RUNS[1, 0, :3]), "same shape"),
        (lambda: cross_rdm(np.ones((3, 4)), RUNS[1, 0, :3, :4]), "condition 0 in first"),
        (lambda: cross_rdm(RUNS[0, 0] * np.nan, RUNS[1, 0]), "NaN"),
        (lambda: cross_rdm([], []), "at least one subject"),
        (lambda: cross_rdm(RUNS[0], RUNS[1], "mahalanobis"), "metric"),
        (lambda: exemplar_information(np.ones((3, 4))), "square"),
        (lambda: exemplar_information(np.ones((3, 1, 1))), "at least 2"),
        (lambda: exemplar_information(np.ones((3, 3, 3)), method="bures"), "method"),
        (lambda: evaluate_cross(np.eye(3), np.ones((3, 4, 4))), "same conditions"),
        (lambda: evaluate_cross(np.eye(3), np.eye(3), "corr_cov"), "method"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
