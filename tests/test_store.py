"""Distances on disk: nothing is lost, nothing is mixed, and all is as in memory."""

import functools
import json
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.metrics import LinearMetric, as_measure
from netrep_go.multiset import DistanceStore, cross_distances, pairwise_distances

zarr = pytest.importorskip("zarr", reason="a store needs zarr")

KILLS = 30


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
    with pytest.raises(ValueError, match=r"alpha was 0.5, now 0.25. Remove it to begin anew"):
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


def test_a_damaged_list_or_description_is_found(tmp_path, networks):
    store = DistanceStore(tmp_path / "store", tile_size=8)
    compute = functools.partial(store.pairwise_distances, "procrustes", networks, verbose=False)
    compute()
    expected = store.distances()[...]
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
    description = store.path / "train" / "zarr.json"
    content = description.read_bytes()
    description.write_bytes(content.replace(b"22", b"24"))
    assert compute().complete
    assert description.read_bytes() == content
    assert_array_equal(store.distances(), expected)


def test_a_newer_format_is_refused(tmp_path, networks):
    store = DistanceStore(tmp_path / "store")
    store.pairwise_distances("procrustes", some(networks, 2), verbose=False)
    file = store.path / "store.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 2}))
    with pytest.raises(ValueError, match="has format 2, newer than 1"):
        DistanceStore(store.path)


COMPUTE = """
import sys
import numpy as np
from netrep_go.multiset import DistanceStore

rng = np.random.default_rng(0)
networks = {str(i): rng.standard_normal((100, 30)) for i in range(40)}
store = DistanceStore(sys.argv[1], tile_size=4)
print("ready", flush=True)
store.pairwise_distances("procrustes", networks, verbose=False, n_jobs=1)
"""


def start(path):
    process = subprocess.Popen([sys.executable, "-c", COMPUTE, path], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return process


def test_kills_lose_nothing(tmp_path):
    start(tmp_path / "whole").communicate()
    whole = DistanceStore(tmp_path / "whole")
    times = random.Random(0)
    n_kills, path = 0, tmp_path / "killed"
    while n_kills < KILLS:
        process = start(path)
        time.sleep(times.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        n_kills += process.returncode == -signal.SIGKILL
        if (path / "store.json").exists() and DistanceStore(path).status().complete:
            for file in times.sample(sorted(path.glob("train/c/*/*")), 70):
                file.unlink()
    start(path).communicate()
    assert_array_equal(DistanceStore(path).distances(), whole.distances()[...])


def test_two_processes_share_a_store(tmp_path):
    processes = [start(tmp_path / "store") for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    for process in processes:
        process.stdout.close()
    start(tmp_path / "whole").communicate()
    both = DistanceStore(tmp_path / "store").distances()[...]
    assert_array_equal(both, DistanceStore(tmp_path / "whole").distances())
