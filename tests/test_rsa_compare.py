"""Similarities of RDMs: rsatoolbox's and SciPy's values, missing entries, ties, definitions."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden.make_rsatoolbox import SIMILARITIES, covariance, rdm_vectors, with_nan
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from scipy.stats import kendalltau, pearsonr, spearmanr

from netrep_go.covariates import mantel
from netrep_go.metrics import LinearCKA
from netrep_go.plotting import RDMDisplay
from netrep_go.rsa import (
    FeatureReweighting,
    compare,
    evaluate,
    noise_ceiling,
    partition_variance,
    permutation_test,
    rdm,
    reweight,
    time_resolved,
)
from netrep_go.rsa._condensed import named_vectors

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("rsatoolbox.json").read_text())
WITHOUT_NAN = ("bures", "neg_riem_dist")
ENTRYWISE = [name for name in SIMILARITIES if name not in WITHOUT_NAN]
WHITENED = ["corr_cov", "cosine_cov"]
# rsatoolbox's Bures similarity takes roots of eigenvalues that should be 0; it minimizes the
# Riemannian distance by simplices, and iterates to a relative 1e-5 where sigma is given.
TOLERANCE = {"bures": 1e-8, "neg_riem_dist": 1e-6}


def distances(rng, count, n_conditions=9):
    """Return RDMs of squared distances."""
    return rdm(rng.standard_normal((count, n_conditions, 12)), "sqeuclidean")


# What others return


@pytest.mark.parametrize("method", SIMILARITIES)
def test_rsatoolbox(method):
    x, y = rdm_vectors(6), rdm_vectors(7)
    want = GOLDEN["similarities"]
    if method == "neg_riem_dist":
        y = y[:3]
    assert_allclose(compare(x, y, method), want[method], rtol=TOLERANCE.get(method, 1e-10))
    if method not in WITHOUT_NAN:
        found = compare(with_nan(x), with_nan(y), method)
        assert_allclose(found, want[f"{method} nan"], rtol=1e-10)


@pytest.mark.parametrize("method", [*WHITENED, "neg_riem_dist"])
def test_rsatoolbox_with_noise(method):
    x, y = rdm_vectors(6), rdm_vectors(7)
    if method == "neg_riem_dist":
        y = y[:3]
    want, sigma = GOLDEN["similarities"], covariance(8)
    for name, found in (
        ("sigma", compare(x, y, method, sigma=sigma)),
        ("diagonal", compare(x, y, method, sigma=np.diag(sigma))),
    ):
        assert_allclose(found, want[f"{method} {name}"], atol=1e-5)


def test_scipy(rng):
    x, y = rng.random((3, 190)), rng.integers(0, 6, (4, 190)).astype(float)
    for method, function in (("spearman", spearmanr), ("pearson", pearsonr), ("tau-b", kendalltau)):
        for a, b in ((x, y), (y, x), (y, y), (x, x)):
            want = [[function(i, j)[0] for j in b] for i in a]
            assert_allclose(compare(a, b, method), want, rtol=1e-12, atol=1e-14)


# Definitions


def signs(x):
    return np.sign(np.subtract.outer(x, x))


@given(
    st.integers(3, 9).flatmap(
        lambda n: st.lists(
            st.lists(
                st.integers(-3, 3), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2
            ).filter(lambda x: len(set(x)) > 1),
            min_size=2,
            max_size=2,
        )
    )
)
@settings(deadline=None, max_examples=60)
def test_kendall(pair):
    x, y = np.array(pair, float)
    agreement = np.sum(signs(x) * signs(y))
    assert compare(x, y, "tau-a") == pytest.approx(agreement / (len(x) * (len(x) - 1)))
    assert compare(x, y, "tau-b") == pytest.approx(
        agreement / np.sqrt(np.sum(signs(x) ** 2) * np.sum(signs(y) ** 2))
    )


def test_rho_a_is_the_mean_over_orders_of_ties(rng):
    x, y = rng.integers(0, 5, (2, 45)).astype(float)
    broken = [
        spearmanr(x + 1e-3 * rng.random(45), y + 1e-3 * rng.random(45))[0] for _ in range(4000)
    ]
    error = np.std(broken) / np.sqrt(len(broken))
    assert abs(np.mean(broken) - compare(x, y, "rho-a")) < 4 * error


def whitening(n, sigma):
    """Return V^-1 by its definition."""
    contrasts = np.array([np.eye(n)[i] - np.eye(n)[j] for i, j in combinations(range(n), 2)])
    return (contrasts @ sigma @ contrasts.T) ** 2


@pytest.mark.parametrize("method", WHITENED)
@pytest.mark.parametrize("noise", ["none", "variances", "covariance"])
@pytest.mark.parametrize("missing", [False, True])
def test_whitening(rng, method, noise, missing):
    n = 7
    x, y = distances(rng, 2, n)
    sigma = {"none": None, "variances": rng.random(n) + 0.5, "covariance": covariance(1, n)}[noise]
    V = whitening(
        n, {"none": np.eye(n), "variances": np.diag(np.atleast_1d(sigma))}.get(noise, sigma)
    )
    kept = np.ones(len(x), bool)
    if missing:
        kept[[2, 5]] = False
        x[2] = y[5] = np.nan
    if missing and noise == "covariance":
        with pytest.raises(
            ValueError, match="sigma must be a vector of variances if RDMs have NaN"
        ):
            compare(x, y, method, sigma=sigma)
        return
    a, b, V = x[kept], y[kept], V[np.ix_(kept, kept)]
    if method == "corr_cov":
        a, b = a - a.mean(), b - b.mean()
    va, vb = np.linalg.solve(V, a), np.linalg.solve(V, b)
    want = a @ vb / np.sqrt(a @ va * (b @ vb))
    assert compare(x, y, method, sigma=sigma) == pytest.approx(want, rel=1e-10)


def test_whitened_cosine_is_linear_cka(rng):
    X, Y = rng.standard_normal((2, 12, 30))
    cka = LinearCKA(score_method="cosine").fit_score(X, Y)
    found = compare(rdm(X, "sqeuclidean"), rdm(Y, "sqeuclidean"), "cosine_cov")
    assert found == pytest.approx(cka, rel=1e-10)


def test_bures_is_normalized(rng):
    X, Y = rng.standard_normal((2, 12, 30))
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    want = np.linalg.norm(X.T @ Y, "nuc") / np.linalg.norm(X) / np.linalg.norm(Y)
    found = compare(rdm(X, "sqeuclidean"), rdm(Y, "sqeuclidean"), "bures")
    assert found == pytest.approx(want, rel=1e-10)


def test_riemannian_distance_of_what_differs_by_scale_and_noise(rng):
    D = distances(rng, 1, 6)[0]
    noisy = 3 * D + 2 * 0.7  # noise of variance 0.7 adds twice that to each squared distance
    assert compare(D, D, "neg_riem_dist") == pytest.approx(0, abs=1e-5)
    assert compare(D, noisy, "neg_riem_dist") == pytest.approx(0, abs=1e-5)
    assert compare(D, distances(rng, 1, 6)[0], "neg_riem_dist") < -0.1


# Missing entries


@pytest.mark.parametrize("method", ENTRYWISE)
def test_missing_entries_are_left_out_of_pairs(rng, method):
    x, y = distances(rng, 5), distances(rng, 4)
    for vectors in (x, y):
        vectors[rng.random(vectors.shape) < 0.1] = np.nan
    x[3, :] = rng.random(36)
    found = compare(x, y, method)
    for i, j in np.ndindex(found.shape):
        shared = np.where(np.isnan(x[i] + y[j]), np.nan, 1.0)
        pair = (x[i] * shared)[None], (y[j] * shared)[None]
        assert found[i, j] == pytest.approx(compare(*pair, method)[0, 0], rel=1e-12)
        kept = shared == 1
        if method in ("pearson", "spearman"):
            function = {"pearson": pearsonr, "spearman": spearmanr}[method]
            assert found[i, j] == pytest.approx(function(x[i][kept], y[j][kept])[0], rel=1e-10)
    itself = compare(x, method=method)
    assert_allclose(itself, itself.T, atol=1e-14)
    assert_allclose(itself, compare(x, x, method), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("method", ENTRYWISE)
def test_rdms_that_lack_the_same_entries_need_not_be_neighbors(rng, method):
    x = distances(rng, 5)
    x[[1, 3], 3] = np.nan
    x[2, 7] = np.nan
    itself = compare(x, method=method)
    assert_allclose(itself, compare(x, x.copy(), method), rtol=1e-12, atol=1e-14)


# Shapes, threads, symmetry


@pytest.mark.parametrize("method", SIMILARITIES)
def test_all_against_all(rng, method):
    x = distances(rng, 41)
    both = [compare(x, method=method, n_jobs=n_jobs) for n_jobs in (1, 2)]
    assert_array_equal(*both)
    assert_allclose(both[0], compare(x, x, method), rtol=1e-9, atol=1e-12)
    if method != "neg_riem_dist":
        assert_array_equal(both[0], both[0].T)
        assert_allclose(both[0].diagonal(), 1, rtol=1e-12)


def test_shapes(rng):
    x, y = distances(rng, 3), distances(rng, 2)
    assert compare(x, y).shape == (3, 2)
    assert compare(x[0], y).shape == (2,)
    assert compare(x, y[0]).shape == (3,)
    assert compare(x[:1], y).shape == (1, 2)
    assert isinstance(compare(x[0], y[0]), float)
    squares = np.array([squareform(v) for v in x])
    assert_array_equal(compare(squares, squareform(y[0])), compare(x, y[0]))
    assert_array_equal(compare(squareform(x[0]), y), compare(x[0], y))


@pytest.mark.parametrize("method", ["spearman", "tau-a", "tau-b", "rho-a"])
def test_ranks_do_not_change_under_monotone_maps(rng, method):
    x, y = distances(rng, 3), distances(rng, 2)
    assert_array_equal(compare(x, y, method), compare(np.exp(x / x.max()), y**3, method))


def test_negative_and_zero_entries_have_an_order(rng):
    x, y = rng.standard_normal((2, 28))
    x[:3], x[3] = 0.0, -0.0
    assert compare(x, y) == pytest.approx(spearmanr(x, y)[0])


# What users get wrong

X6 = np.arange(1.0, 7.0)
GAPS = np.array([1, 2, np.nan, np.nan, np.nan, 3.0])


@pytest.mark.parametrize(
    ("rdms", "others", "options", "message"),
    [
        (X6, np.arange(10.0), {}, "rdms and models must be of the same conditions, got 4 and 5"),
        (X6[:1], None, {}, "at least 3 conditions"),
        (X6[:5], None, {}, "got 5 pairs"),
        (X6, [X6, np.ones(6)], {}, r"models\[1\]: an RDM whose entries are all the same"),
        (np.full(6, 0.1), X6, {"method": "pearson"}, r"rdms\[0\]: an RDM whose entries"),
        (np.ones(6), X6, {"method": "tau-b"}, r"rdms\[0\]: an RDM whose entries"),
        (np.zeros(6), X6, {"method": "cosine"}, r"rdms\[0\]: an RDM of zeros"),
        (np.zeros(6), X6, {"method": "bures"}, r"rdms\[0\]: an RDM without positive"),
        (np.inf * X6, X6, {}, "rdms contains infinity"),
        (np.nan * X6, X6, {}, r"rdms\[0\] and models\[0\]: only 0 entries are not NaN"),
        (GAPS, GAPS[::-1], {}, "only 2 entries are not NaN in both"),
        (GAPS, X6, {"method": "bures"}, "NaN have no Bures"),
        (X6, X6, {"method": "kendall"}, "method"),
        (X6, X6, {"sigma": np.ones(4)}, "sigma is for corr_cov"),
        (X6, X6, {"sigma": np.ones(3), "method": "corr_cov"}, r"sigma must have shape \(4,\)"),
        (X6, X6, {"sigma": -np.ones(4), "method": "corr_cov"}, "must be positive, got -1"),
        (X6, X6, {"sigma": -np.eye(4), "method": "corr_cov"}, "sigma must be positive definite"),
        (X6, X6, {"sigma": np.triu(np.ones((4, 4))), "method": "corr_cov"}, "symmetric"),
        (X6, X6**9, {"method": "neg_riem_dist"}, "distance to an RDM needs squared distances"),
        (X6**9, X6, {"method": "neg_riem_dist"}, "squared distances"),
    ],
)
def test_bad_input(rdms, others, options, message):
    with pytest.raises(ValueError, match=message):
        compare(rdms, others, **options)


@pytest.mark.parametrize("method", [name for name in SIMILARITIES if name != "neg_riem_dist"])
def test_units_do_not_matter(rng, method):
    x, y = distances(rng, 3), distances(rng, 2)
    want = compare(x, y, method)
    for unit in (1e-120, 1e180):
        assert_allclose(compare(unit * x, y, method), want, rtol=1e-10)


def test_constant_rdms_have_a_tau_a_of_zero(rng):
    x = distances(rng, 2)
    for method in ("tau-a", "rho-a"):
        assert_array_equal(compare(np.ones(36), x, method), 0)


def test_nothing_is_written_to_the_caller(rng):
    x = distances(rng, 3)
    x[0, 0] = np.nan
    x.flags.writeable = False
    for method in ENTRYWISE:
        compare(x, method=method)


def square(rng, n):
    return squareform(rng.random(n * (n - 1) // 2) + 0.5)


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 10, 15, 21])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_square_rdms_may_be_off_by_rounding(rng, n, scale):
    exact = scale * square(rng, n)
    off = exact + scale * 1e-9 * rng.standard_normal((n, n))
    want = squareform((off + off.T) / 2, checks=False)
    for rdms in (off, [off], off[np.newaxis], {"a": off}):
        pairs = named_vectors(rdms, "rdms")[1]
        assert pairs.shape == (1, n * (n - 1) // 2)
        assert_allclose(pairs[0], want, rtol=1e-15)
    assert compare(off, exact, "pearson") == pytest.approx(1)
    lacking = off.copy()
    lacking[0, 2] = lacking[2, 0] = np.nan
    assert np.isnan(named_vectors(lacking, "rdms", allow_nan=True)[1]).sum() == 1


@pytest.mark.parametrize("n", [6, 10, 15, 21])
def test_correlation_distances_by_numpy_are_one_rdm(rng, n):
    X, Y = rng.standard_normal((2, n, 12))
    D, E = 1 - np.corrcoef(X), 1 - np.corrcoef(Y)
    D[0, 0] = 1e-16  # which some BLAS leave
    subjects = rdm(Y + rng.standard_normal((3, n, 12)))
    found = squareform(D, checks=False)
    assert compare(D, E) == compare(rdm(X), rdm(Y))
    assert_array_equal(evaluate(D, subjects).mean, evaluate(found, subjects).mean)
    assert_array_equal(noise_ceiling([D, E]), noise_ceiling([found, squareform(E, checks=False)]))
    options = {"n_permutations": 9, "random_state": 0}
    assert permutation_test(D, subjects, **options).pvalue.shape == (1,)
    assert partition_variance({"a": D}, E).parts.shape == (1, 1)
    assert partition_variance(D, E).names == ["set 0"]
    assert reweight(D, E, cv=6, random_state=0).weights.shape == (1, 1)


BROKEN = {
    "on it; turn similarities": lambda D: 1 - D,
    "NaN on it: set the diagonal to 0": lambda D: D + np.diag(np.full(len(D), np.nan)),
    "NaN whose mirrors are not": lambda D: np.where(np.triu(D) > D.max() - 1e-9, np.nan, D),
    "from their mirror: average": np.triu,
}


@pytest.mark.parametrize("n", [3, 5, 6, 10])
@pytest.mark.parametrize("message", BROKEN)
def test_matrices_that_are_almost_rdms_are_refused(rng, n, message):
    broken = BROKEN[message](square(rng, n))
    message = f"must be a symmetric matrix with a zero diagonal, got .*{message}"
    for rdms in (broken, broken.tolist(), pd.DataFrame(broken), broken[np.newaxis], {"a": broken}):
        with pytest.raises(ValueError, match=message):
            compare(rdms)


def test_as_many_condensed_rdms_as_pairs(rng):
    many = rng.random((6, 6))
    assert compare(many, many[0]).shape == (6,)
    many[0, 0] = np.nan
    assert named_vectors(many, "rdms", allow_nan=True)[1].shape == (6, 6)
    with pytest.raises(ValueError, match="if rows are condensed RDMs, pass a dict"):
        compare(np.eye(6))
    models = dict(enumerate(np.eye(6)))
    assert_allclose(compare(models, method="pearson"), np.eye(6) * 1.2 - 0.2)
    course = time_resolved(rng.standard_normal((4, 5, 7)), models, method="pearson")
    assert course.scores.shape == (1, 6, 7)
    named = pd.DataFrame(rng.random((6, 6)), list("abcdef"), list("abcdef"))
    with pytest.raises(ValueError, match="from their mirror"):
        compare(named)  # the same names on both sides
    assert compare(pd.DataFrame(rng.random((6, 6)), list("abcdef")), rng.random(6)).shape == (6,)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_symmetry_has_no_unit(rng, scale):
    D = rdm(rng.standard_normal((6, 9)), "sqeuclidean")
    sigma = np.eye(6) + 0.1
    assert compare(D, D, "cosine_cov", sigma=scale * sigma) == pytest.approx(1)
    with pytest.raises(ValueError, match=r"sigma must be symmetric, got entries"):
        compare(D, D, "cosine_cov", sigma=scale * (sigma + np.triu(sigma)))
    X, y = rng.standard_normal((6, 3)), scale * squareform(D)
    assert FeatureReweighting().fit(X, y).coef_.shape == (3,)
    with pytest.raises(ValueError, match="y must be a symmetric matrix"):
        FeatureReweighting().fit(X, np.triu(y))
    with pytest.raises(ValueError, match="similarities are for metric='dot'"):
        FeatureReweighting().fit(X, y + scale * np.eye(6))


def test_other_modules_take_rdms_alike(rng):
    D = 1 - np.corrcoef(rng.standard_normal((6, 12)))
    D[0, 0] = 1e-16
    assert RDMDisplay.from_rdm(D).distances.shape == (6, 6)
    plt.close("all")
    assert mantel(D, square(rng, 6), n_permutations=9, random_state=0).n_networks == 6
    for function in (RDMDisplay.from_rdm, lambda D: mantel(D, D)):
        with pytest.raises(ValueError, match="zero diagonal, got 1 on it"):
            function(1 - D)
