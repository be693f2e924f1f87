"""Helpers against NumPy, SciPy and numbers from netrep."""

import numpy as np
import pytest
import scipy.sparse
from scipy.linalg import hadamard
from scipy.stats import ortho_group

from netrep_go import utils


def covariance(rng, n, rank=None):
    """Return a covariance of n dimensions."""
    X = rng.standard_normal((n, rank or 2 * n))
    return X @ X.T


def test_align(rng):
    X = rng.standard_normal((30, 6))
    Q = utils.rand_orth(6, random_state=1)
    T = utils.align(X, X @ Q)
    assert type(T) is np.ndarray
    np.testing.assert_allclose(T, Q, atol=1e-12)
    order = rng.permutation(6)
    P = utils.align(X, X[:, order], group="perm")
    assert isinstance(P, scipy.sparse.csr_matrix)
    np.testing.assert_array_equal(X @ P, X[:, order])
    eye = utils.align(X, rng.standard_normal((30, 6)), group="identity")
    assert scipy.sparse.issparse(eye)
    np.testing.assert_array_equal(X @ eye, X)
    with pytest.raises(ValueError, match="group"):
        utils.align(X, X, group="all")
    with pytest.raises(ValueError, match="equal dimensions"):
        utils.align(X, X[:, 1:])


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("preserve", [True, False, "exact"])
def test_whiten(rng, alpha, preserve):
    X = rng.standard_normal((40, 6))
    X -= X.mean(axis=0)
    before = X.copy()
    Xw, Z = utils.whiten(X, alpha, preserve)
    np.testing.assert_array_equal(X, before)
    lam, V = np.linalg.eigh(X.T @ X)
    want = (V * (alpha + (1 - alpha) / np.sqrt(lam))) @ V.T
    if preserve:
        want *= np.linalg.norm(X) / np.linalg.norm(X @ want)
    np.testing.assert_allclose(Z, want, atol=1e-10)
    np.testing.assert_allclose(Xw, X @ want, atol=1e-10)


def test_whiten_without_full_rank(rng):
    X = rng.standard_normal((40, 6)) @ rng.standard_normal((6, 9))
    variance = np.linalg.norm(X) ** 2
    as_netrep, _ = utils.whiten(X, 0.0)
    assert np.linalg.norm(as_netrep) ** 2 == pytest.approx(variance * 6 / 9)
    exact, Z = utils.whiten(X, 0.0, "exact")
    assert np.linalg.norm(exact) ** 2 == pytest.approx(variance)
    np.testing.assert_allclose(exact, X @ Z, atol=1e-9)
    zero, Z = utils.whiten(np.zeros((4, 2)), 0.0, "exact")
    assert not zero.any()
    assert np.isfinite(Z).all()


def test_whiten_gives_netreps_numbers():
    # netrep 0186b8a, whiten(X, .4)
    X = np.random.RandomState(0).randn(20, 5)
    Xw, Z = utils.whiten(X, 0.4)
    assert np.abs(Xw).sum() == pytest.approx(81.03296935320904, abs=1e-9)
    assert np.trace(Z) == pytest.approx(5.195794302601271, abs=1e-11)


@pytest.mark.parametrize("change", [{"alpha": 2}, {"eigval_tol": 0}, {"preserve_variance": "no"}])
def test_whiten_refuses(rng, change):
    options = {"X": rng.standard_normal((5, 2)), "alpha": 0.5} | change
    with pytest.raises(ValueError, match=next(iter(change))):
        utils.whiten(**options)


def test_posdefsqrt(rng):
    A = covariance(rng, 5)
    root = utils.posdefsqrt(A)
    np.testing.assert_allclose(root @ root, A, rtol=1e-10)
    np.testing.assert_allclose(root, root.T, atol=1e-12)
    np.testing.assert_array_equal(utils.posdefsqrt(-np.eye(2)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="square"):
        utils.posdefsqrt(np.ones((2, 3)))


@pytest.mark.parametrize("bures", [utils.sq_bures_metric, utils.sq_bures_metric_slow])
def test_bures(rng, bures):
    A, B = covariance(rng, 6), covariance(rng, 6)
    d = bures(A, B)
    assert isinstance(d, float)
    root = np.linalg.eigvals(A @ B).real ** 0.5
    assert d == pytest.approx(np.trace(A) + np.trace(B) - 2 * root.sum())
    assert bures(B, A) == pytest.approx(d)
    commuting = np.diag([1.0, 4.0, 9.0])
    assert bures(commuting, np.eye(3)) == pytest.approx(0 + 1 + 4)
    assert bures(A, covariance(rng, 6, rank=2)) > 0
    with pytest.raises(ValueError, match="same size"):
        bures(A, np.eye(5))
    with pytest.raises(ValueError, match="NaN"):
        bures(np.full((2, 2), np.nan), np.eye(2))


def test_bures_is_accurate_near_zero(rng):
    A = covariance(rng, 6)
    assert 0 <= utils.sq_bures_metric(A, A) < 1e-26
    # to first order, B = (1 + e) A is at e^2/4 tr A
    assert utils.sq_bures_metric(A, (1 + 1e-8) * A) == pytest.approx(
        0.25e-16 * np.trace(A), rel=1e-5
    )


def test_centered_kernel(rng):
    X, Y = rng.standard_normal((12, 4)), rng.standard_normal((9, 4))
    H, G = np.eye(12) - 1 / 12, np.eye(9) - 1 / 9
    np.testing.assert_allclose(utils.centered_kernel(X, Y), H @ X @ Y.T @ G, atol=1e-12)
    K = utils.centered_kernel(X, metric="rbf", gamma=0.1)
    np.testing.assert_allclose(K.sum(axis=0), 0, atol=1e-12)


def test_angular_distance(rng):
    X, Y = rng.standard_normal((2, 10, 3))
    cosine = np.sum(X * Y) / np.linalg.norm(X) / np.linalg.norm(Y)
    assert utils.angular_distance(X, Y) == pytest.approx(np.arccos(cosine))
    assert utils.angular_distance(X, 3 * X) < 1e-15
    assert utils.angular_distance(X, -X) == np.pi
    assert utils.angular_distance(np.eye(2), [[1, 1e-9], [0, 1]]) == pytest.approx(1e-9 / 2**0.5)
    with pytest.raises(ValueError, match="zero"):
        utils.angular_distance(X, 0 * X)
    with pytest.raises(ValueError, match="equal dimensions"):
        utils.angular_distance(X, X.T)


def test_decompositions(rng):
    X = rng.standard_normal((12, 5))
    U, s, Vt = utils.econ_svd(X)
    np.testing.assert_allclose((U * s) @ Vt, X, atol=1e-12)
    low = X[:, :2] @ rng.standard_normal((2, 5))
    U, s, Vt = utils.trunc_svd(low, 2, random_state=0)
    np.testing.assert_allclose((U * s) @ Vt, low, atol=1e-10)


@pytest.mark.parametrize("shape", [(1, 1), (6, 6), (9, 4), (4, 9)])
def test_rand_orth(shape):
    Q = utils.rand_orth(*shape, random_state=0)
    assert Q.shape == shape
    small = Q.T @ Q if shape[0] >= shape[1] else Q @ Q.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-12)
    np.testing.assert_array_equal(Q, utils.rand_orth(*shape, random_state=0))


def test_rand_orth_is_uniform():
    np.testing.assert_allclose(
        utils.rand_orth(7, random_state=3), ortho_group.rvs(7, random_state=3), atol=1e-12
    )
    rs = np.random.RandomState(0)
    draws = np.array([utils.rand_orth(3, 2, random_state=rs) for _ in range(4000)])
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose((draws**2).mean(axis=0), 1 / 3, atol=0.05)


@pytest.mark.parametrize("n", [1, 2, 8, 1024])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_fwht(rng, n, dtype):
    a = rng.integers(-9, 9, n).astype(dtype)
    want = hadamard(n, dtype=float) @ a
    assert utils.fwht(a) is None
    np.testing.assert_array_equal(a, want)
    assert a.dtype == dtype


@pytest.mark.parametrize("a", [[100, 100], [1, 2], [-1, 3]])
def test_fwht_wraps_no_integers(a):
    """What does not fit is refused, and left as it is."""
    for dtype in (np.int8, np.uint8, np.int64):
        x = np.array(a).astype(dtype)
        want, before = hadamard(2) @ x.astype(float), x.copy()
        if np.iinfo(dtype).min <= want.min() and want.max() <= np.iinfo(dtype).max:
            utils.fwht(x)
            np.testing.assert_array_equal(x, want)
        else:
            with pytest.raises(ValueError, match=f"a of dtype {x.dtype} cannot hold its transform"):
                utils.fwht(x)
            np.testing.assert_array_equal(x, before)
    with pytest.raises(ValueError, match="cannot hold its transform"):
        utils.fwht(np.array([2**60, 1]))


def test_transforms_take_numbers_only():
    for a in (np.array([True, False]), np.array(["1", "2"]), np.array([1, 2], object)):
        with pytest.raises(TypeError, match="a must hold numbers, got dtype"):
            utils.fwht(a)
    for transform in (utils.fwht, lambda a: utils.struc_orth_matvec(np.ones((1, 2)), a)):
        with pytest.raises(TypeError, match="a must be an array"):
            transform(np.ma.array([1.0, 2.0], mask=[0, 1]))


def test_struc_orth_takes_signs_from_a_frame():
    """Iterating over a data frame gives the names of its columns."""
    pandas = pytest.importorskip("pandas")
    Ds = utils.rand_struc_orth(4, random_state=0)
    want, got = np.arange(4.0), np.arange(4.0)
    utils.struc_orth_matvec(Ds, want)
    utils.struc_orth_matvec(pandas.DataFrame(Ds, columns=[3, 1, 2, 0]), got)
    np.testing.assert_array_equal(got, want)
    with pytest.raises(ValueError, match="Ds must hold numbers"):
        utils.struc_orth_matvec(np.array([["1", "1"]]), np.ones(2))


def test_fwht_writes_through_a_view(rng):
    a = rng.standard_normal((16, 2))
    want = hadamard(16) @ a[::-1, 0]
    utils.fwht(a[::-1, 0])
    np.testing.assert_allclose(a[::-1, 0], want, atol=1e-12)


def test_struc_orth_is_orthogonal(rng):
    Ds = utils.rand_struc_orth(8, random_state=0)
    assert Ds.shape == (3, 8)
    assert set(Ds.ravel()) == {-1, 1}
    H = hadamard(8) / 8**0.5
    want = H @ np.diag(Ds[2]) @ H @ np.diag(Ds[1]) @ H @ np.diag(Ds[0]) @ H
    columns = np.eye(8)
    for a in columns:
        utils.struc_orth_matvec(Ds, a)
    np.testing.assert_allclose(columns.T, want, atol=1e-12)
    a = b = rng.standard_normal(8)
    b = a.copy()
    utils.struc_orth_matvec(Ds, b, transpose=True)
    np.testing.assert_allclose(b, want.T @ a, atol=1e-12)


def test_rand_struc_orth_draws_netreps_signs():
    # netrep 0186b8a, rand_struc_orth(6, 2, random_state=1)
    want = [[1, -1, 1, 1, 1, 1], [1, 1, 1, -1, 1, -1]]
    np.testing.assert_array_equal(utils.rand_struc_orth(6, 2, random_state=1), want)


@pytest.mark.parametrize(
    ("a", "message"),
    [
        (np.ones((2, 2)), "to be a vector"),
        (np.ones(6), r"power of two. Saw instead, len\(a\) == 6"),
        (np.ones(0), "power of two"),
    ],
)
def test_transforms_refuse(a, message):
    for transform in (utils.fwht, lambda a: utils.struc_orth_matvec(np.ones((1, 4)), a)):
        with pytest.raises(ValueError, match=message):
            transform(a)


def test_transforms_refuse_what_they_cannot_write():
    a = np.ones(4)
    a.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        utils.fwht(a)
    with pytest.raises(TypeError, match="array"):
        utils.fwht([1.0, 2.0])
    with pytest.raises(TypeError, match="floating-point"):
        utils.struc_orth_matvec(np.ones((1, 4)), np.ones(4, int))
    with pytest.raises(ValueError, match="`Ds` to be a matrix"):
        utils.struc_orth_matvec(np.ones(4), np.ones(4))
    with pytest.raises(ValueError, match="Dimension mismatch"):
        utils.struc_orth_matvec(np.ones((1, 2)), np.ones(4))
