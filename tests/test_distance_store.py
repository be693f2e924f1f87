"""Distances on disk: nothing is lost, nothing is mixed, and all is as in memory."""

import errno
import functools
import json
import multiprocessing
import os
import random
import signal
import threading
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import scipy.io
import store_worker
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info

from netrep_go import _jobs as jobs
from netrep_go.metrics import LinearCKA, LinearMetric, as_measure
from netrep_go.multiset import DistanceStore, _tiles, cross_distances, pairwise_distances
from netrep_go.multiset._grams import Grams

zarr = pytest.importorskip("zarr", reason="a store needs zarr")


@pytest.fixture
def networks(rng):
    return {f"net{i}": rng.standard_normal((30, 4 + i % 3)) for i in range(22)}


def some(networks, n):
    return dict(list(networks.items())[:n])


def chunk(store, i, j, array="train"):
    return store.path / array / "c" / str(i) / str(j)


def first_apart(X, Y):
    """Return a value of two networks that depends on their order."""
    return float(X[0, 0] - 2 * Y[0, 0])


@pytest.mark.parametrize("metric", ["procrustes", LinearMetric(alpha=0.5), "cka", first_apart])
@pytest.mark.parametrize("memory_limit", [None, 200_000])
def test_values_are_those_in_memory(tmp_path, networks, metric, memory_limit):
    store = DistanceStore(tmp_path / "store", tile_size=5)
    status = store.pairwise_distances(metric, networks, memory_limit=memory_limit, verbose=False)
    assert status.complete
    assert status.n_computed == status.n_tiles == 25
    D = store.distances()
    assert_allclose(D, pairwise_distances(metric, networks, verbose=False), rtol=1e-12, atol=1e-13)
    with pytest.raises(ValueError, match="read"):
        D[0, 0] = 1
    again = store.pairwise_distances(metric, networks, verbose=False)
    assert (again.n_computed, again.n_loads) == (0, 0)


def test_cross_distances_and_held_out_data(tmp_path, rng):
    Xs, Ys, Xt, Yt = ([rng.standard_normal((20, 4)) for _ in range(n)] for n in (7, 9, 7, 9))
    store = DistanceStore(tmp_path / "store", tile_size=4)
    assert store.cross_distances("procrustes", Xs, Ys, Xt, Yt, verbose=False).complete
    train, test = cross_distances("procrustes", Xs, Ys, Xt, Yt, verbose=False)
    assert_allclose(store.distances(), train, rtol=1e-12)
    assert_allclose(store.distances(test=True), test, rtol=1e-12)
    assert store.names == (list(range(7)), list(range(9)))
    assert store.to_frame(test=True).shape == (7, 9)
    with pytest.raises(ValueError, match="between two sets, not within one"):
        store.pairwise_distances("procrustes", Xs, Xt, verbose=False)


@pytest.mark.parametrize("metric", ["procrustes", first_apart])
def test_only_pairs_of_new_networks_are_computed(tmp_path, networks, metric):
    measured = []

    def count(X, Y):
        measured.append(1)
        return as_measure(metric).fit_score(X, Y)

    symmetric = metric == "procrustes"
    counting = as_measure(count, kind="distance", symmetric=symmetric)
    store = DistanceStore(tmp_path / "store", tile_size=8)
    for n in (1, 3, 8, 13, 22):
        store.pairwise_distances(counting, some(networks, n), verbose=False)
        assert store.names == list(networks)[:n]
        assert len(measured) == (n * (n - 1) // 2 if symmetric else n * (n - 1))
    assert_allclose(
        store.distances(), pairwise_distances(counting, networks, verbose=False), rtol=1e-12
    )


def test_networks_are_matched_by_name(tmp_path, networks):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    store.pairwise_distances("procrustes", some(networks, 10), verbose=False)
    backwards = dict(reversed(networks.items()))
    store.pairwise_distances("procrustes", backwards, verbose=False)
    assert store.names[:10] == list(networks)[:10]
    D = pairwise_distances("procrustes", {n: networks[n] for n in store.names}, verbose=False)
    assert_allclose(store.distances(), D, rtol=1e-12, atol=1e-13)


def test_what_differs_is_said(tmp_path, networks):
    store = DistanceStore(tmp_path / "store")
    networks = some(networks, 4)
    store.pairwise_distances(LinearMetric(alpha=0.5), networks, verbose=False)
    compute = functools.partial(DistanceStore(store.path).pairwise_distances, verbose=False)
    with pytest.raises(ValueError, match=r"alpha was 0.5, now 0.25; remove it to begin anew"):
        compute(LinearMetric(alpha=0.25), networks)
    with pytest.raises(ValueError, match="dtype was 'float64', now 'float32'"):
        compute(LinearMetric(alpha=0.5), networks, dtype=np.float32)
    with pytest.raises(ValueError, match="held_out was False, now True"):
        compute(LinearMetric(alpha=0.5), networks, networks)
    changed = networks | {"net2": networks["net2"] + 1e-9}
    with pytest.raises(ValueError, match="network 'net2' has changed"):
        compute(LinearMetric(alpha=0.5), changed)
    with pytest.raises(ValueError, match="holds network 'net3', which is not among those given"):
        compute(LinearMetric(alpha=0.5), some(networks, 3))
    with pytest.raises(ValueError, match=r"\['net0'\] has 30 and traindata\['x'\] has 29"):
        compute(LinearMetric(alpha=0.5), networks | {"x": np.ones((29, 3))})


def test_undefined_values_are_not_missing(tmp_path, rng):
    nan = as_measure(lambda X, Y: np.nan, kind="distance", symmetric=True)
    networks = list(rng.standard_normal((5, 6, 2)))
    store = DistanceStore(tmp_path / "store", tile_size=2)
    assert store.pairwise_distances(nan, networks, verbose=False).complete
    assert np.isnan(store.distances()[0, 1])
    chunk(store, 0, 1).unlink()
    with pytest.raises(ValueError, match=r"has 8 of 9 tiles \(88.9%\): compute the others"):
        store.distances()
    assert np.isnan(store.distances(incomplete=True)[...]).sum() == 20
    assert store.pairwise_distances(nan, networks, verbose=False).n_computed == 2


@pytest.mark.parametrize("place", [(0, 1), (1, 0), (2, 2), (1, 1)])
@pytest.mark.parametrize("metric", ["procrustes", first_apart])
def test_damaged_tiles_are_computed_again(tmp_path, networks, place, metric):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    compute = functools.partial(store.pairwise_distances, metric, networks, verbose=False)
    compute()
    expected = store.distances()[...]
    file = chunk(store, *place)
    content = file.read_bytes()
    broken = [content[:n] for n in (0, 3, len(content) - 1)]
    for at in (0, 8, 100, len(content) - 1):
        flipped = bytearray(content)
        flipped[at] ^= 16
        broken.append(bytes(flipped))
    for damaged in broken:
        file.write_bytes(damaged)
        assert store.status().n_done == 8
        assert compute().complete
        assert_array_equal(store.distances(), expected)


def test_a_damaged_list_is_found(tmp_path, networks):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    store.pairwise_distances("procrustes", networks, verbose=False)
    file = store.path / "store.json"
    content = file.read_bytes()
    shuffled = random.Random(0)
    for _ in range(50):
        flipped = bytearray(content)
        at = shuffled.randrange(len(content))
        flipped[at] ^= 1 << shuffled.randrange(8)
        file.write_bytes(flipped)
        try:
            assert DistanceStore(store.path).names == list(networks)  # white space alone differs
        except ValueError as error:
            assert "damaged" in str(error) or "newer than" in str(error)  # noqa: PT017
    file.write_bytes(content)


@pytest.mark.parametrize("file", ["zarr.json", "train/zarr.json"])
def test_a_damaged_description_is_mended(tmp_path, networks, file):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    compute = functools.partial(store.pairwise_distances, "procrustes", networks, verbose=False)
    compute()
    expected = store.distances()[...]
    description = store.path / file
    content = description.read_bytes()
    shuffled = random.Random(0)
    broken = [content.replace(b"22", b"24"), content.replace(b"22", b"12"), b""]
    for _ in range(20):
        flipped = bytearray(content)
        flipped[shuffled.randrange(len(content))] ^= 1 << shuffled.randrange(8)
        broken.append(bytes(flipped))
    for damaged in broken:
        description.write_bytes(damaged)
        try:
            assert_array_equal(store.distances(), expected)  # what zarr does not need
        except ValueError as error:
            assert "computing the store once more mends it" in str(error)  # noqa: PT017
        assert compute().complete
        assert_array_equal(store.distances(), expected)
        assert zarr.open_group(store.path, mode="r")["train"].shape == (22, 22)


def test_other_programs_read_it(tmp_path, networks):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    store.pairwise_distances("procrustes", networks, networks, verbose=False)
    group = zarr.open_group(tmp_path / "store", mode="r")
    for name in ("train", "test"):
        assert_array_equal(group[name], store.distances(test=name == "test")[...])


def test_plots(tmp_path, networks):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="plots need matplotlib")
    store = DistanceStore(tmp_path / "store", tile_size=8)
    store.pairwise_distances("procrustes", some(networks, 4), verbose=False)
    display = store.plot()
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list(networks)[:4]
    pyplot.close(display.figure_)
    cross = DistanceStore(tmp_path / "cross")
    cross.cross_distances("procrustes", some(networks, 2), networks, verbose=False)
    with pytest.raises(ValueError, match="a heat map needs the distances of all pairs"):
        cross.plot()


def test_a_store_that_may_not_be_written(tmp_path, networks, monkeypatch):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    store.pairwise_distances("procrustes", some(networks, 10), verbose=False)
    expected = store.distances()[...]
    opened, made = Path.open, os.open

    def open_path(self, mode="r", *args, **kwargs):
        if mode[0] in "wax":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))
        return opened(self, mode, *args, **kwargs)

    def open_file(path, flags, *args, **kwargs):
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return made(path, flags, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_path)
    monkeypatch.setattr(os, "open", open_file)
    again = DistanceStore(store.path)
    assert again.status().complete
    assert_array_equal(again.distances(), expected)
    with pytest.raises(OSError, match=r"Read-only file system: .*store"):
        again.pairwise_distances("procrustes", networks, verbose=False)


def test_a_newer_format_is_refused(tmp_path, networks):
    store = DistanceStore(tmp_path / "store")
    store.pairwise_distances("procrustes", some(networks, 2), verbose=False)
    file = store.path / "store.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 2}))
    with pytest.raises(ValueError, match="has format 2, newer than 1"):
        DistanceStore(store.path)


@pytest.fixture(scope="module")
def start():
    """Return what starts to compute a store in another process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["netrep_go.multiset", "zarr", "google_crc32c", "zarr.codecs"])

    def run(path, *arguments, function=store_worker.compute):
        started = context.Event()
        process = context.Process(target=function, args=(path, started, *arguments))
        process.start()
        assert started.wait(60)
        return process

    return run


def finished(process):
    process.join(120)
    return process.exitcode == 0


@pytest.mark.parametrize(
    ("metric", "n_kills"),
    [
        ("procrustes", 30),
        ("cka", 10),
        pytest.param("procrustes", 1000, marks=pytest.mark.long),
        pytest.param("cka", 200, marks=pytest.mark.long),
    ],
)
def test_kills_lose_nothing(tmp_path, start, metric, n_kills):
    assert finished(start(tmp_path / "whole", metric))
    whole = DistanceStore(tmp_path / "whole")
    times = random.Random(0)
    path = tmp_path / "killed"
    while n_kills:
        process = start(path, metric)
        time.sleep(times.uniform(0, 0.15))
        process.kill()
        process.join()
        n_kills -= process.exitcode == -signal.SIGKILL
        if (path / "store.json").exists() and DistanceStore(path).status().complete:
            for file in times.sample(sorted(path.glob("train/c/*/*")), 70):
                file.unlink()
    assert finished(start(path, metric))
    assert_array_equal(DistanceStore(path).distances(), whole.distances()[...])
    assert not list(path.rglob("*.part"))
    assert not list(path.glob("grams*"))


@pytest.mark.parametrize("metric", ["procrustes", "cka"])
def test_two_processes_share_a_store(tmp_path, start, metric):
    processes = [start(tmp_path / "store", metric) for _ in range(2)]
    assert all(map(finished, processes))
    assert finished(start(tmp_path / "whole", metric))
    both = DistanceStore(tmp_path / "store").distances()[...]
    assert_array_equal(both, DistanceStore(tmp_path / "whole").distances())


def save(networks, folder):
    """Write networks in every format that is read."""
    pandas = pytest.importorskip("pandas")
    h5py = pytest.importorskip("h5py")
    first, *others = networks.values()
    np.save(folder / "a.npy", first)
    np.savez(folder / "b.npz", x=others[0])
    np.savez(folder / "c.npz", x=others[1], y=others[0])
    pandas.DataFrame(others[2]).to_csv(folder / "d.csv")
    np.savetxt(folder / "e.csv", others[3], delimiter=",")
    np.savetxt(folder / "f.tsv", others[4], delimiter="\t")
    with h5py.File(folder / "g.h5", "w") as file:
        file["group/x"] = others[5]
    zarr.create_array(folder / "h.zarr", data=others[6])
    scipy.io.savemat(folder / "i.mat", {"x": others[7]})
    pandas.DataFrame(others[8], columns=list("abcdef")[: others[8].shape[1]]).to_parquet(
        folder / "j.parquet"
    )
    return [
        folder / "a.npy",
        str(folder / "b.npz"),
        f"{folder / 'c.npz'}::x",
        *(folder / name for name in ("d.csv", "e.csv", "f.tsv", "g.h5", "h.zarr", "i.mat")),
        folder / "j.parquet",
    ]


def test_networks_are_read_from_files(tmp_path, networks):
    pytest.importorskip("pyarrow")
    networks = some(networks, 10)
    paths = save(networks, tmp_path)
    store = DistanceStore(tmp_path / "store", tile_size=4)
    status = store.pairwise_distances(
        "procrustes", paths, names=list(networks), memory_limit=70_000, verbose=False
    )
    assert status.n_loads == 16  # one row of tiles and one column are in memory
    assert_allclose(
        store.distances(), pairwise_distances("procrustes", networks, verbose=False), atol=1e-12
    )


def test_data_sets_and_functions(tmp_path, networks):
    h5py = pytest.importorskip("h5py")
    arrays = list(networks.values())[:6]
    expected = pairwise_distances("procrustes", arrays, verbose=False)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for i, x in enumerate(arrays):
            file[f"net{i}"] = x
    with h5py.File(tmp_path / "x.h5") as file:
        for k, given in enumerate(
            (
                dict(file),
                [zarr.array(x) for x in arrays],
                [functools.partial(np.array, x) for x in arrays],
            )
        ):
            store = DistanceStore(tmp_path / f"store{k}", tile_size=4)
            store.pairwise_distances("procrustes", given, verbose=False)
            assert_allclose(store.distances(), expected, rtol=1e-12, atol=1e-14)
    store = DistanceStore(tmp_path / "store", tile_size=4)
    with pytest.raises(ValueError, match="traindata is a function: give names"):
        store.pairwise_distances("procrustes", arrays.__getitem__, verbose=False)
    store.pairwise_distances("procrustes", arrays.__getitem__, names=range(6), verbose=False)
    assert_allclose(store.distances(), expected, rtol=1e-12, atol=1e-14)


def test_memory_maps_and_what_was_extracted(tmp_path, networks):
    from netrep_go._disk import DiskArray

    arrays = list(some(networks, 6).values())
    expected = pairwise_distances("procrustes", arrays, verbose=False)
    paths = [tmp_path / f"{k}.npy" for k in range(6)]
    for path, x in zip(paths, arrays, strict=True):
        np.save(path, x)
    for k, read in enumerate((functools.partial(np.load, mmap_mode="r"), DiskArray.from_npy)):
        store = DistanceStore(tmp_path / f"store{k}", tile_size=4)
        store.pairwise_distances("procrustes", list(map(read, paths)), verbose=False)
        assert_allclose(store.distances(), expected, rtol=1e-12, atol=1e-14)


def test_files_that_cannot_be_read_are_named(tmp_path, networks):
    (tmp_path / "bad.npy").write_bytes(b"no array")
    np.savez(tmp_path / "two.npz", x=np.ones(3), y=np.ones(3))
    compute = functools.partial(
        DistanceStore(tmp_path / "store").pairwise_distances, "procrustes", verbose=False
    )
    good = networks["net0"]
    for bad, message in (
        ("bad.npy", r"traindata\['b'\] .*bad.npy cannot be read"),
        ("two.npz", r"two.npz cannot be read: name one of its arrays, .* of x, y"),
        ("two.npz::z", "name one of its arrays"),
        ("x.doc", "its suffix must be one of .npy, .npz"),
    ):
        with pytest.raises(ValueError, match=message):
            compute({"a": good, "b": tmp_path / bad})
    with pytest.raises(FileNotFoundError, match=r"traindata\['b'\]: there is no file .*none.npy"):
        compute({"a": good, "b": tmp_path / "none.npy"})
    assert not (tmp_path / "store").exists()


def test_other_kinds_of_networks(tmp_path, rng):
    from netrep_go.metrics import (
        ConvolutionalMetric,
        EnergyStochasticMetric,
        GaussianStochasticMetric,
    )

    images = [rng.standard_normal((6, 4, 4, 3)) for _ in range(5)]
    moments = [(rng.standard_normal((4, 3)), np.stack([np.eye(3) * (k + 1)] * 4)) for k in range(5)]
    trials = [rng.standard_normal((4, 3, 2)) for _ in range(5)]
    for k, (metric, networks) in enumerate(
        (
            (ConvolutionalMetric(LinearMetric()), images),
            (GaussianStochasticMetric(), moments),
            (EnergyStochasticMetric(), trials),
        )
    ):
        store = DistanceStore(tmp_path / f"store{k}", tile_size=2)
        store.pairwise_distances(metric, networks, verbose=False)
        expected = pairwise_distances(metric, networks, verbose=False)
        assert_allclose(store.distances(), expected, rtol=1e-10, atol=1e-12)


def test_batches_and_merge(tmp_path, networks):
    whole = DistanceStore(tmp_path / "whole", tile_size=4)
    whole.pairwise_distances("procrustes", networks, verbose=False)
    for i in range(3):
        DistanceStore(tmp_path / f"part{i}", tile_size=4).pairwise_distances(
            "procrustes", networks, batch=(i, 3), verbose=False
        )
    merged = DistanceStore(tmp_path / "merged")
    assert not merged.merge(tmp_path / "part0", tmp_path / "part1").complete
    assert merged.merge(tmp_path / "part2").complete
    assert_array_equal(merged.distances(), whole.distances()[...])
    other = DistanceStore(tmp_path / "other")
    other.pairwise_distances("procrustes", some(networks, 3), verbose=False)
    with pytest.raises(ValueError, match="tile_size was 4, now 64"):
        merged.merge(other.path)


def test_two_merges_at_once(tmp_path, start):
    parts = [tmp_path / f"part{i}" for i in range(2)]
    for i, part in enumerate(parts):
        assert finished(start(part, "procrustes", (i, 2)))
    merges = [
        start(tmp_path / "merged", *order, function=store_worker.merge)
        for order in (parts, parts[::-1])
    ]
    assert all(map(finished, merges))
    merged, *found = (DistanceStore(path) for path in (tmp_path / "merged", *parts))
    expected = np.fmax(*(store.distances(incomplete=True)[...] for store in found))
    assert_array_equal(merged.distances(), expected)


def test_a_merge_keeps_what_others_add(tmp_path, networks, monkeypatch):
    """A tile at the edge grows in another process while it is taken from another store."""
    merged, part = (DistanceStore(tmp_path / name, tile_size=8) for name in ("merged", "part"))
    part.pairwise_distances("procrustes", some(networks, 10), verbose=False)
    read = _tiles.Tiles.read

    def grown(self, *at, **options):
        found = read(self, *at, **options)
        if self.path.parent == part.path:
            monkeypatch.undo()
            other = DistanceStore(merged.path)
            other.pairwise_distances("procrustes", some(networks, 12), verbose=False)
        return found

    monkeypatch.setattr(_tiles.Tiles, "read", grown)
    assert merged.merge(part.path).complete
    assert merged.names == list(networks)[:12]
    expected = pairwise_distances("procrustes", some(networks, 12), verbose=False)
    assert_allclose(merged.distances(), expected, rtol=1e-12, atol=1e-14)


def test_part_of_a_tile_is_taken(tmp_path, networks):
    """Of a tile that had grown when the disk was full, what is there is taken."""
    grown = DistanceStore(tmp_path / "grown", tile_size=64)
    grown.pairwise_distances("procrustes", some(networks, 10), verbose=False)
    content = chunk(grown, 0, 0).read_bytes()
    grown.pairwise_distances("procrustes", networks, verbose=False)
    chunk(grown, 0, 0).write_bytes(content)
    merged = DistanceStore(tmp_path / "merged")
    assert not merged.merge(grown.path).complete
    found = merged.distances(incomplete=True)[...]
    assert np.isfinite(found[:10, :10]).all()
    assert np.isnan(found[10:]).all()


def test_a_memory_limit_that_is_too_small_says_what_fits(tmp_path, networks):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    message = "memory_limit = 20000 is too small for two tiles of 8 networks, .* with tile_size=1"
    with pytest.raises(MemoryError, match=message):
        store.pairwise_distances("procrustes", networks, memory_limit=20_000, verbose=False)


def test_a_full_disk_leaves_what_was_written(tmp_path, networks, monkeypatch):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    compute = functools.partial(store.pairwise_distances, "procrustes", networks, verbose=False)
    written = []

    def full(file, content):
        written.append(file)
        if len(written) > 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        _replace(file, content)

    _replace = _tiles._replace
    monkeypatch.setattr(_tiles, "_replace", full)
    with pytest.raises(OSError, match="No space left") as raised:
        compute()
    assert "is valid: this call wrote" in raised.value.__notes__[0]
    monkeypatch.undo()
    assert 0 < store.status().n_done < 9
    assert compute().complete
    assert_allclose(
        store.distances(), pairwise_distances("procrustes", networks, verbose=False), atol=1e-12
    )


@pytest.mark.parametrize("metric", ["cka", "cka_angular", LinearCKA(estimator="unbiased")])
def test_gram_vectors_are_streamed(tmp_path, rng, metric):
    networks = [rng.standard_normal((16, 30 + i)) + 3 for i in range(23)]
    networks += [networks[0] + 1e-7 * rng.standard_normal(networks[0].shape), 2 * networks[1]]
    store = DistanceStore(tmp_path / "store", tile_size=4)
    compute = functools.partial(store.pairwise_distances, metric, verbose=False)
    assert compute(networks[:10]).n_loads < 30  # not one load for each pair of tiles
    assert compute(networks, memory_limit=50_000).complete
    expected = pairwise_distances(metric, networks, verbose=False)
    assert_allclose(store.distances(), expected, rtol=1e-9, atol=1e-14)
    whole = DistanceStore(tmp_path / "whole", tile_size=4)
    whole.pairwise_distances(metric, networks, verbose=False)
    assert_array_equal(store.distances(), whole.distances()[...])
    assert not list(store.path.glob("grams*"))
    chunk(store, 0, 0).unlink()
    assert compute(networks, memory_limit=50_000).n_loads < 10  # those of the tile alone
    assert_array_equal(store.distances(), whole.distances()[...])
    chunk(store, 0, 0).unlink()
    with pytest.raises(MemoryError, match=r"memory_limit = 9999 is too small for one network"):
        compute(networks, memory_limit=9999)
    cross = DistanceStore(tmp_path / "cross", tile_size=4)
    cross.cross_distances(metric, networks[:7], networks[7:], verbose=False)
    assert_allclose(cross.distances(), expected[:7, 7:], rtol=1e-9, atol=1e-14)


def test_an_interrupt_leaves_what_is_prepared(tmp_path, rng, monkeypatch):
    networks = [rng.standard_normal((60, 60)) for _ in range(130)]
    store = DistanceStore(tmp_path / "store", tile_size=8)
    compute = functools.partial(store.pairwise_distances, "cka", networks, verbose=False)
    multiply = Grams._multiply
    monkeypatch.setattr(Grams, "_multiply", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        compute()
    monkeypatch.setattr(Grams, "_multiply", multiply)
    files = sorted(store.path.glob("grams-*/[0-9]*"))
    assert len(files) == 9
    content = files[0].read_bytes()
    files[0].write_bytes(content[:100])
    files[1].unlink()
    for file, at in zip(files[2:5], (0, len(content) // 2, len(content) - 1), strict=True):
        flipped = bytearray(file.read_bytes())
        flipped[at % len(flipped)] ^= 1
        file.write_bytes(flipped)
    status = compute()
    assert status.complete
    assert status.n_loads < 130 // 2 + 16
    whole = DistanceStore(tmp_path / "whole", tile_size=8)
    whole.pairwise_distances("cka", networks, verbose=False)
    assert_array_equal(store.distances(), whole.distances()[...])
    assert_allclose(
        store.distances(), pairwise_distances("cka", networks, verbose=False), rtol=1e-12
    )


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("dask.distributed", reason="a cluster needs dask")
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_cluster_gives_the_same(tmp_path, networks, client):
    here, there, inside = (
        DistanceStore(tmp_path / name, tile_size=4) for name in ("here", "there", "inside")
    )
    test = {name: x[::-1] + 1 for name, x in networks.items()}
    here.pairwise_distances("procrustes", networks, test, verbose=False)
    there.pairwise_distances("procrustes", networks, test, client=client, verbose=False)
    with joblib.parallel_config("dask"):
        inside.pairwise_distances("procrustes", networks, test, verbose=False)
    for held_out in (False, True):
        expected = here.distances(test=held_out)[...]
        assert_array_equal(there.distances(test=held_out), expected)
        assert_array_equal(inside.distances(test=held_out), expected)


def blas_threads():
    return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]


def above(D):
    return D[np.triu_indices(len(D), 1)]


def test_tiles_have_one_blas_thread_each(tmp_path, networks, client):
    """So that CPU time over wall time is the number of jobs, wherever they run."""
    distributed = pytest.importorskip("dask.distributed")
    networks = some(networks, 6)
    before = blas_threads()
    assert (above(store_worker.share(tmp_path / "here", networks, None)) == 1).all()
    measure = as_measure(store_worker.most_blas_threads, kind="distance", symmetric=True)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=3, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as inside,
    ):
        for name, where in (("processes", client), ("threads", inside)):
            store = DistanceStore(tmp_path / name, tile_size=2)
            store.pairwise_distances(measure, networks, client=where, verbose=False)
            assert (above(store.distances()[...]) == 1).all()
    shares = joblib.Parallel(n_jobs=2)(
        joblib.delayed(store_worker.share)(tmp_path / f"loky{i}", networks, (i, 2))
        for i in range(2)
    )
    assert (above(np.fmax(*shares)) == 1).all()
    assert blas_threads() == before


def test_limits_of_blas_threads_may_overlap():
    most = max(blas_threads())
    entered, leave = threading.Event(), threading.Event()

    def other():
        with jobs.blas_threads(1):
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other, daemon=True)
    with jobs.blas_threads(2):
        thread.start()
        entered.wait()
        assert max(blas_threads()) == 1
    assert max(blas_threads()) == 1
    leave.set()
    thread.join()
    assert max(blas_threads()) == most
    with jobs.blas_threads(1), jobs.blas_threads(8), jobs.blas_threads(None):
        assert max(blas_threads()) == 1
    assert max(blas_threads()) == most


def test_a_worker_that_is_killed_costs_its_tiles(tmp_path, networks, monkeypatch):
    distributed = pytest.importorskip("dask.distributed", reason="a cluster needs dask")
    measure = as_measure(store_worker.slow, kind="distance", symmetric=True)
    networks = some(networks, 12)
    with (
        warnings.catch_warnings(),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        warnings.simplefilter("ignore")
        address, victim = next(iter(client.run(os.getpid).items()))
        scatter = client.scatter

        def scatter_to_victim(content, **options):
            """Send arrays to the one that dies with them, as long as it lives."""
            alive = address in client.scheduler_info()["workers"]
            return scatter(content, workers=[address] if alive else None, **options)

        monkeypatch.setattr(client, "scatter", scatter_to_victim)
        store = DistanceStore(tmp_path / "store", tile_size=2)

        def kill():
            while len(list(store.path.glob("train/c/*/*"))) < 4:
                time.sleep(0.01)
            os.kill(victim, signal.SIGKILL)

        killing = threading.Thread(target=kill, daemon=True)
        killing.start()
        status = store.pairwise_distances(measure, networks, client=client, verbose=False)
        killing.join()
        assert victim not in client.run(os.getpid).values()
    assert status.complete
    assert_array_equal(store.distances(), pairwise_distances(measure, networks, verbose=False))


def test_a_client_without_workers_is_an_error(tmp_path, networks, client):
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as idle,
    ):
        store = DistanceStore(tmp_path / "store")
        with pytest.raises(RuntimeError, match="client has no workers"):
            store.pairwise_distances("procrustes", networks, client=idle, verbose=False)
    with pytest.raises(TypeError, match=r"client must be a dask\.distributed\.Client"):
        store.pairwise_distances("procrustes", networks, client=3, verbose=False)
