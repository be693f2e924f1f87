"""Distances of 1,000 networks in a store against the same in memory, and what that costs.

Time per pair beside that of all pairs in memory, at the same number of networks; memory of fresh
processes beyond that of an interpreter with the package; cost as the cohort grows, drawn in
results/bench_scale.png; cores that threads, loky and Dask keep busy; 10,000 networks on 1 and on
100 machines, by measured parts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from harness import RESULTS, Case, main
from joblib import Parallel, delayed

from netrep_go.metrics import get_measure
from netrep_go.multiset import DistanceStore, pairwise_distances

LINEAR = ("procrustes", 500, 64)
CKA = ("cka_angular", 500, 512)
SIZES = (100, 200, 400, 700, 1000)
LIMIT = 256_000_000  # bytes for the networks of a store
MACHINES = (1, 100)


class Cohort:
    """Networks of one shape in float32 files, which are gone with this."""

    def __init__(self, n: int, m: int, p: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        rng = np.random.default_rng(0)
        self.paths = [f"{self._folder.name}/{i:04}.npy" for i in range(n)]
        for path in self.paths:
            np.save(path, rng.standard_normal((m, p), dtype=np.float32))

    def load(self) -> list[np.ndarray]:
        """Read all networks."""
        return [np.load(path) for path in self.paths]


def in_store(metric: str, paths: list[str]) -> None:
    """Compute all pairs in a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        store = DistanceStore(f"{folder}/store")
        store.pairwise_distances(metric, paths, memory_limit=LIMIT, verbose=False)


def compared(metric: str, n: int, m: int, p: int) -> Case:
    """Build the case of a store that reads files and all pairs in memory."""
    cohort = Cohort(n, m, p)
    networks = cohort.load()
    return Case(
        f"{metric}, {n} x ({m}, {p}) float32, in a store",
        {
            "ours": lambda: in_store(metric, cohort.paths),
            "in memory": lambda: pairwise_distances(metric, networks, verbose=False),
        },
        n * (n - 1) // 2,
        "pair",
        repeats=1,
        notes={"on disk (MB)": round(sum(os.path.getsize(path) for path in cohort.paths) / 1e6)},
    )


_CHILD = """
import json, sys, tempfile, time
from netrep_go.multiset import DistanceStore, pairwise_distances
import numpy as np

metric, limit, *paths = sys.argv[1:]

def peak():
    # Not ru_maxrss, which starts from the parent's.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

def run(paths, limit):
    with tempfile.TemporaryDirectory() as folder:
        store = DistanceStore(folder + "/store")
        return store.pairwise_distances(metric, paths, memory_limit=limit, verbose=False)

rng = np.random.default_rng(0)
run([rng.standard_normal((30, 4)) for _ in range(3)], None)
base, start = peak(), time.perf_counter()
status = run(paths, int(limit))
print(json.dumps([peak() - base, time.perf_counter() - start, status.n_loads]))
"""


def child(metric: str, paths: list[str]) -> tuple[float, float, int]:
    """Return the memory in bytes, seconds and loads of a store that a fresh process computes."""
    command = [sys.executable, "-c", _CHILD, metric, str(LIMIT), *paths]
    return tuple(json.loads(subprocess.check_output(command)))


def memory() -> Iterable[dict[str, object]]:
    """Measure the peak memory of fresh processes."""
    for metric, m, p in (CKA, LINEAR):
        cohort = Cohort(SIZES[-1], m, p)
        used, seconds, loads = child(metric, cohort.paths)
        yield {
            "case": f"memory, {metric}, {SIZES[-1]} x ({m}, {p}) float32",
            "memory_limit (MB)": LIMIT / 1e6,
            "beyond the interpreter (MB)": round(used / 1e6),
            "time (s)": round(seconds, 1),
            "loads": loads,
        }


def cores() -> Iterable[dict[str, object]]:
    """Measure how many cores work in a store of tiles, beside how many jobs it was given."""
    cohort = Cohort(300, *LINEAR[1:])
    for name, n_jobs, run in (
        ("threads", 1, in_threads),
        ("threads", 2, in_threads),
        ("loky", 2, in_loky),
        ("Dask", 2, in_dask),
    ):
        cpu, wall = run(cohort.paths, n_jobs)
        yield {
            "case": f"cores, {LINEAR[0]}, {name}",
            "jobs": n_jobs,
            "CPU time over wall time": round(cpu / wall, 2),
        }


def timed_store(paths: list[str], **options: object) -> tuple[float, float]:
    """Compute a store; return CPU time of this process and wall time."""
    with tempfile.TemporaryDirectory() as folder:
        cpu, start = time.process_time(), time.perf_counter()
        store = DistanceStore(f"{folder}/store")
        store.pairwise_distances(LINEAR[0], paths, verbose=False, **options)
        return time.process_time() - cpu, time.perf_counter() - start


def in_threads(paths: list[str], n_jobs: int) -> tuple[float, float]:
    """Return CPU and wall time of threads."""
    return timed_store(paths, n_jobs=n_jobs)


def in_loky(paths: list[str], n_jobs: int) -> tuple[float, float]:
    """Return CPU time of joblib's workers and wall time of the slowest."""
    tasks = [delayed(timed_store)(paths, batch=(i, n_jobs)) for i in range(n_jobs)]
    cpu, wall = zip(*Parallel(n_jobs)(tasks), strict=True)
    return sum(cpu), max(wall)


def in_dask(paths: list[str], n_jobs: int) -> tuple[float, float]:
    """Return CPU time of a cluster's workers and of its client, and wall time."""
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=n_jobs, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        before = sum(client.run(time.process_time).values())
        cpu, wall = timed_store(paths, client=client)
        return cpu + sum(client.run(time.process_time).values()) - before, wall


def growth() -> Iterable[dict[str, object]]:
    """Measure and draw the time per pair as the cohort grows, and extrapolate from it."""
    curves = {}
    for metric, m, p in (LINEAR, CKA):
        cohort = Cohort(SIZES[-1], m, p)
        curves[metric] = [_per_pair(metric, cohort.paths[:n]) for n in SIZES]
        for n, seconds in zip(SIZES, curves[metric], strict=True):
            yield {
                "case": f"growth, {metric}, ({m}, {p})",
                "networks": n,
                "ms a pair": round(1e3 * seconds, 4),
            }
    _draw(curves)
    tile = _seconds_to_write_a_tile()
    for metric, curve in curves.items():
        for n_machines in MACHINES:
            yield _extrapolated(metric, curve[-1], tile, n_machines)


def _per_pair(metric: str, paths: list[str]) -> float:
    start = time.perf_counter()
    in_store(metric, paths)
    return (time.perf_counter() - start) / (len(paths) * (len(paths) - 1) / 2)


def _seconds_to_write_a_tile() -> float:
    """Return how long a tile takes that costs nothing to compute: reading, writing, syncing."""
    networks = [np.full((2, 1), float(k)) for k in range(512)]
    measure = get_measure("procrustes_size_and_shape")
    start = time.perf_counter()
    pairwise_distances(measure, networks, verbose=False)
    computing = time.perf_counter() - start
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        status = DistanceStore(f"{folder}/store").pairwise_distances(
            measure, networks, verbose=False
        )
    return max(0.0, time.perf_counter() - start - computing) / status.n_tiles


def _extrapolated(metric: str, pair: float, tile: float, n_machines: int) -> dict[str, object]:
    n = 10_000
    computing = pair * n * (n - 1) / 2 / n_machines
    merging = tile * (n / 64) ** 2 if n_machines > 1 else 0.0  # one process reads and writes all
    return {
        "case": f"extrapolated, {metric}, 10,000 networks, {n_machines} machines like this",
        "compute (h)": round(computing / 3600, 2),
        "merge (h)": round(merging / 3600, 2),
        "matrix (MB)": round(8 * n**2 / 1e6),
    }


def _draw(curves: dict[str, list[float]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
    for metric, curve in curves.items():
        ax.plot(SIZES, [1e3 * seconds for seconds in curve], "o-", label=metric)
    ax.set(xlabel="networks", ylabel="ms a pair", ylim=(0, None))
    ax.legend(frameon=False)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / f"{Path(__file__).stem}.png", dpi=150)
    plt.close(figure)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    for metric, m, p in ((LINEAR[0], 50, 16), (CKA[0], 50, 16)) if quick else (LINEAR, CKA):
        yield compared(metric, 130 if quick else SIZES[-1], m, p)


if __name__ == "__main__":
    main(__file__, cases, extra=[memory, cores, growth])
