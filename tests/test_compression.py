"""Principal components of what does not fit into memory, against scikit-learn's of what does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from netrep_go._disk import DiskArray
from netrep_go.encoding import StreamedPCA, compression_cost

TINY = 60_000  # bytes of memory: blocks of a few rows and columns


def low_rank(rng, n, p, rank=12, mean=3.0, dtype=np.float64):
    """Return data whose components have different variances."""
    factors = rng.standard_normal((n, rank)) * 0.7 ** np.arange(rank)
    return (factors @ rng.standard_normal((rank, p)) + mean).astype(dtype)


def assert_same_components(found, expected, atol):
    assert found.shape == expected.shape
    signs = np.sign((found * expected).sum(axis=0))
    assert_allclose(found * signs, expected, atol=atol)


def sources(X, tmp_path):
    """Yield a matrix in the forms in which it may come."""
    np.save(tmp_path / "x.npy", X)
    yield X
    yield np.asfortranarray(X)
    yield np.load(tmp_path / "x.npy", mmap_mode="r")
    yield DiskArray.from_npy(tmp_path / "x.npy")
    h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[store]")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        yield file.create_dataset("x", data=X)
        yield file.create_dataset("chunked", data=X, chunks=(5, min(X.shape[1], 7)))


@pytest.mark.parametrize("method", ["auto", "gram", "covariance"])
@pytest.mark.parametrize(
    "shape", [(30, 50), (60, 20), (20, 20), (30, 3000), (2, 5), (5, 2), (9, 1)]
)
@pytest.mark.parametrize(("dtype", "atol"), [(np.float64, 1e-9), (np.float32, 2e-4)])
def test_exact_methods_are_pca(method, shape, dtype, atol, rng, tmp_path):
    if method == "covariance" and shape == (30, 3000):
        shape = (30, 300)
    X, new = (low_rank(rng, n, shape[1], dtype=dtype) for n in (shape[0], 7))
    k = min(6, *shape, shape[0] - 1)
    expected = PCA(k, svd_solver="full").fit(X.astype(np.float64))
    for folder in (None, tmp_path / "saved"):
        pca = StreamedPCA(k, method=method, folder=folder).fit(X)
        assert pca.transform(new).dtype == dtype
        assert_same_components(pca.transform(new), expected.transform(new), atol)
        assert_same_components(pca.loadings_[:], expected.components_.T, atol)
        assert_allclose(pca.explained_variance_, expected.explained_variance_, rtol=1e-5)
        assert_allclose(pca.explained_variance_ratio_, expected.explained_variance_ratio_, 1e-5)
        assert_allclose(pca.total_variance_, X.var(axis=0, ddof=1, dtype="f8").sum(), rtol=1e-5)
        assert_allclose(pca.mean_, X.mean(axis=0, dtype=np.float64), rtol=1e-6)
        assert (pca.n_samples_, pca.n_features_in_, pca.n_components_) == (*shape, k)
        if method == "auto":
            assert pca.method_ == ("gram" if shape[0] < shape[1] else "covariance")


@pytest.mark.parametrize("method", ["gram", "covariance", "projection"])
def test_blocks_of_any_size_and_kind_of_source(method, rng, tmp_path, monkeypatch):
    from netrep_go.encoding import _streaming

    X, new = low_rank(rng, 40, 110), low_rank(rng, 9, 110)
    options = {"method": method, "n_projected": 100, "random_state": 0}
    expected = StreamedPCA(6, **options).fit(X)
    monkeypatch.setattr(_streaming, "_INNER", 11)
    monkeypatch.setattr(_streaming, "_ROWS", 7)
    monkeypatch.setattr(StreamedPCA, "_check_memory", lambda *args: None)
    for source in sources(X, tmp_path):
        pca = StreamedPCA(6, memory_limit=TINY, **options).fit(source)
        assert_allclose(pca.explained_variance_, expected.explained_variance_, rtol=1e-9)
        assert_allclose(pca.explained_variance_ratio_, expected.explained_variance_ratio_, 1e-9)
        assert_same_components(pca.transform(new), expected.transform(new), 1e-8)
    for source in sources(new, tmp_path):
        assert_same_components(pca.transform(source), expected.transform(new), 1e-8)
    blocks = pca.transform(new[k : k + 4] for k in range(0, 9, 4))
    assert_same_components(blocks, expected.transform(new), 1e-8)


def test_arrays_of_zarr(rng, tmp_path):
    zarr = pytest.importorskip("zarr", reason="zarr comes with netrep-go[store]")
    X = low_rank(rng, 40, 300)
    array = zarr.create_array(tmp_path / "x.zarr", data=X, chunks=(8, 50))
    found = StreamedPCA(6).fit(array)
    assert_same_components(found.transform(array), PCA(6).fit_transform(X), 1e-8)


@pytest.mark.parametrize(("method", "used"), [("auto", "covariance"), ("projection", "projection")])
def test_generators_are_read_once(method, used, rng):
    X = low_rank(rng, 60, 50)
    options = {"n_projected": 40, "random_state": 1}
    blocks = (X[k : k + 7] for k in range(0, 60, 7))
    found = StreamedPCA(6, method=method, **options).fit(blocks)
    assert (found.method_, found.n_samples_) == (used, 60)
    expected = StreamedPCA(6, method=used, **options).fit(X)
    assert_same_components(found.transform(X), expected.transform(X), 1e-9)
    small = StreamedPCA(2, n_projected=20, memory_limit=100_000, random_state=0)
    assert small.fit(iter([rng.standard_normal((9, 1000))])).method_ == "projection"
    for blocks, method, message in (
        (iter([X]), "gram", "method must not be 'gram' for blocks that are read once"),
        (iter([]), "auto", "X must have at least one block of samples, got none"),
        (iter([X, X[:, 1:]]), "auto", "blocks of X must have one number of features, got 50 and"),
        (iter([X[:1]]), "auto", "X must have at least 2 samples, got 1"),
    ):
        with pytest.raises(ValueError, match=message):
            StreamedPCA(2, method=method).fit(blocks)


@pytest.mark.parametrize("method", ["gram", "covariance"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_fewer_components_of_lower_rank(method, dtype, unit, rng):
    X = (low_rank(rng, 40, 90, rank=5, mean=0.0) * unit).astype(dtype)
    X[:, [3, 17]] = 7 * unit  # constant features
    with pytest.warns(UserWarning, match="X has no more than 5 components, of 8"):
        pca = StreamedPCA(8, method=method).fit(X)
    assert pca.n_components_ == 5
    assert_allclose(pca.explained_variance_ratio_.sum(), 1.0, rtol=1e-5)
    assert_allclose(pca.loadings_[[3, 17]], 0, atol=1e-6)
    rebuilt = pca.transform(X) @ pca.loadings_.T + pca.mean_
    assert_allclose(rebuilt, X, atol=2e-5 * unit)
    with pytest.warns(UserWarning, match="no more than 3 components"):
        StreamedPCA(8, method=method).fit(rng.standard_normal((4, 30)) * unit)


@pytest.mark.parametrize("method", ["gram", "covariance", "projection"])
def test_a_large_mean_costs_no_digits(method, rng):
    X = low_rank(rng, 30, 60, mean=0.0)
    options = {"method": method, "n_projected": 50, "random_state": 0}
    expected = StreamedPCA(5, **options).fit(X)
    found = StreamedPCA(5, **options).fit(X + 1e6)
    assert_allclose(found.explained_variance_, expected.explained_variance_, rtol=1e-6)
    assert_same_components(found.transform(X + 1e6), expected.transform(X), 1e-6)


def test_projections_find_what_stands_out(rng):
    """Against exact components of the same: the variance that they explain is told right."""
    X = low_rank(rng, 120, 5000, rank=8) + 0.1 * rng.standard_normal((120, 5000))
    exact = StreamedPCA(8).fit(X)
    found = StreamedPCA(8, method="projection", n_projected=600, random_state=0).fit(X)
    assert found.projection_.shape == (5000, 600)
    assert found.loadings_.shape == (600, 8)
    scores = found.transform(X)
    fitted = np.linalg.lstsq(scores, X - X.mean(axis=0), rcond=None)[0]
    explained = ((scores @ fitted) ** 2).sum() / ((X - X.mean(axis=0)) ** 2).sum()
    told = found.explained_variance_ratio_.sum()
    assert_allclose(told, explained, atol=0.01)
    assert 0.97 * exact.explained_variance_ratio_.sum() < told
    correlated = np.abs(np.corrcoef(scores.T, exact.transform(X).T)[:8, 8:]).max(axis=0)
    assert (correlated[:4] > 0.98).all()
    small = StreamedPCA(4, method="projection", n_projected=90, random_state=0).fit(X[:, :100])
    scores = small.transform(X[:, :100])
    centered = X[:, :100] - X[:, :100].mean(axis=0)
    exactly = ((scores / np.linalg.norm(scores, axis=0)).T @ centered) ** 2
    told = small.explained_variance_ratio_
    assert_allclose(told, exactly.sum(axis=1) / (centered**2).sum(), rtol=1e-6)


@pytest.mark.parametrize("method", ["gram", "covariance", "projection"])
@pytest.mark.parametrize("in_folder", [False, True])
def test_saved_and_loaded(method, in_folder, rng, tmp_path):
    X = low_rank(rng, 40, 200, dtype=np.float32)
    folder = tmp_path / "a" if in_folder else None
    options = {"method": method, "n_projected": 100, "random_state": 0}
    pca = StreamedPCA(6, folder=folder, **options).fit(X)
    pca.save(tmp_path / "b")
    for path in ("a", "b") if in_folder else ("b",):
        again = StreamedPCA.load(tmp_path / path)
        assert_array_equal(again.transform(X), pca.transform(X))
        assert isinstance(again.loadings_, DiskArray)
        assert again.method_ == method
        assert list(again.get_feature_names_out()) == [f"streamedpca{k}" for k in range(6)]
        for name in ("mean_", "explained_variance_", "explained_variance_ratio_"):
            assert_array_equal(getattr(again, name), getattr(pca, name))
        kinds = {file.suffix for file in (tmp_path / path).iterdir()}
        assert kinds <= {".npy", ".npz", ".json"}
    for save in (pca.save, lambda path: StreamedPCA(6, folder=path).fit(X)):
        with pytest.raises(FileExistsError, match="must be"):
            save(tmp_path / "b")
    with pytest.raises(FileNotFoundError):
        StreamedPCA.load(tmp_path / "c")


@pytest.mark.parametrize("name", ["compression.json", "mean_.npy", "loadings_.npy"])
def test_damaged_folders_are_named(name, rng, tmp_path):
    StreamedPCA(3, folder=tmp_path).fit(rng.standard_normal((9, 20)))
    whole = (tmp_path / name).read_bytes()
    for content in (b"", whole[:40], b'{"format": 9}'):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="is damaged, or"):
            StreamedPCA.load(tmp_path)


def test_frames_integers_and_sparse_matrices(rng):
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    X = rng.integers(-9, 9, (12, 20))
    expected = StreamedPCA(3).fit(X.astype(float)).transform(X.astype(float))
    for same in (X, X.tolist(), X.astype(np.int8), pandas.DataFrame(X), X.astype(">f8")):
        found = StreamedPCA(3).fit(same).transform(same)
        assert found.dtype == np.float64
        assert_same_components(found, expected, 1e-10)
    half = X.astype(np.float16)
    assert_same_components(StreamedPCA(3).fit(half).transform(half), expected, 1e-4)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        StreamedPCA(3).fit(csr_array(X))


def test_in_scikit_learns_tools(rng):
    X = low_rank(rng, 40, 200)
    model = make_pipeline(StreamedPCA(5), Ridge())
    assert clone(model).fit(X, X[:, 0]).score(X, X[:, 0]) > 0.9
    with pytest.raises(NotFittedError):
        StreamedPCA(5).transform(X)


def test_bad_data_are_refused(rng):
    X = rng.standard_normal((10, 30))
    for bad, message in (
        (np.where(np.arange(30) == 20, np.nan, X), "X contains NaN"),
        (np.where(np.arange(30) == 20, np.inf, X), "X contains infinity"),
        (X[:1], "X must have at least 2 samples, got 1"),
        (np.ones((10, 30)) * 0.1, "X must vary, but all its samples are the same"),
        (np.ones((10, 30), np.float32) * 1e9, "X must vary"),
        (X[0], r"X must have 2 dimensions and not be empty, got shape \(30,\)"),
        (X[:0], r"not be empty, got shape \(0, 30\)"),
        (X[None], "X must have 2 dimensions"),
        (np.ma.masked_less(X, 0), "X must not be masked"),
        (X.astype(str), "X must hold numbers"),
        (X.astype(complex), "Complex data"),
    ):
        for method in ("gram", "covariance"):
            with pytest.raises(ValueError, match=message):
                StreamedPCA(3, method=method).fit(bad)
    pca = StreamedPCA(3).fit(X)
    with pytest.raises(ValueError, match="X has 29 features, but StreamedPCA is expecting 30"):
        pca.transform(X[:, 1:])
    with pytest.raises(ValueError, match="contains NaN"):
        pca.transform(np.full((2, 30), np.nan))
    for options, error, message in (
        ({"n_components": 0}, ValueError, "n_components must be at least 1"),
        ({"method": "svd"}, ValueError, "`method` parameter to be in"),
        ({"n_projected": 2}, ValueError, "n_projected must be at least 3"),
        ({"method": "projection"}, ValueError, "at most the 30 features of X, got 40: take"),
    ):
        with pytest.raises(error, match=message):
            StreamedPCA(**{"n_components": 10 if "method" in options else 3, **options}).fit(X)


def test_what_does_not_fit_is_refused_before_it_is_tried(rng):
    like = np.broadcast_to(np.float32(0), (50_000, 802_816))
    with pytest.raises(MemoryError, match=r"'gram' needs 81.6 GB with its blocks of data, but mem"):
        StreamedPCA(1000, method="gram").fit(like)
    with pytest.raises(MemoryError, match=r"'covariance' needs .* or method='projection'"):
        StreamedPCA(1000, method="covariance").fit(like)
    with pytest.raises(
        MemoryError, match=r"1000 components of 802816 features are 3.21 GB.*folder"
    ):
        StreamedPCA(1000).fit(like[:2000])
    with pytest.raises(MemoryError, match=r"'projection' needs .* set it higher, or n_projected"):
        StreamedPCA(1000, memory_limit=2**28).fit(like)


def test_costs_are_counted():
    gram = compression_cost(2000, 802_816, 1000)
    assert gram.matrix == 32_000_000
    assert gram.disk == 802_816 * 1000 * 4
    assert gram.products == 2000**2 * 802_816
    assert compression_cost(2000, 300, 10, method="covariance").matrix == 8 * 300**2
    projected = compression_cost(2000, 90_000, 10, method="projection", n_projected=50)
    assert (projected.matrix, projected.disk) == (8 * 50**2, 50 * 10 * 4)
    assert projected.products == 2 * 2000 * 50 * 300 + 2000 * 50**2
    assert repr(gram).startswith("CompressionCost(method='gram', matrix=32000000, memory=")
    with pytest.raises(ValueError, match="`method` parameter to be in"):
        compression_cost(2, 3, method="auto")


PEAK = """
import sys
from netrep_go._disk import DiskArray
from netrep_go.encoding import StreamedPCA

x = DiskArray.from_npy(sys.argv[1])
StreamedPCA(20, folder=sys.argv[2], memory_limit=40_000_000).fit(x).transform(x)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from /proc")
def test_memory_does_not_grow_with_the_features(rng, tmp_path):
    peaks = []
    for p in (2_000, 300_000):  # 0.3 and 48 MB, and half of it as loadings
        np.save(tmp_path / f"{p}.npy", rng.standard_normal((40, p), dtype=np.float32))
        command = [sys.executable, "-c", PEAK, str(tmp_path / f"{p}.npy"), str(tmp_path / str(p))]
        alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # whose buffers are memory, too
        found = subprocess.run(command, capture_output=True, check=True, timeout=120, env=alone)
        peaks.append(int(found.stdout) / 1024)
    assert peaks[1] < peaks[0] + 30
