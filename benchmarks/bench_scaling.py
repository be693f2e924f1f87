"""How time grows with workers, networks, samples and features.

Speed-up and CPU time over wall time of the main calls with 1, 2, 4, ... workers, as far as there
are cores, and the exponents of a power law fitted to times of growing sizes.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main

from netrep_go.capacity import MeanFieldCapacity
from netrep_go.encoding import EncodingModel
from netrep_go.metrics import GaussianStochasticMetric, LinearCKA, LinearMetric, PermutationMetric
from netrep_go.multiset import pairwise_distances
from netrep_go.rsa import evaluate, rdm, searchlight

REPEATS = 3

Call = Callable[[int], object]  # of a number of workers


def networks(k: int, n: int, p: int) -> list[np.ndarray]:
    """Return k random networks of n samples and p features."""
    return list(np.random.default_rng(0).standard_normal((k, n, p)))


def distances(measure: object, k: int, n: int, p: int) -> Call:
    """Return all distances of a measure between k networks."""
    xs = networks(k, n, p)
    return lambda n_jobs: pairwise_distances(measure, xs, n_jobs=n_jobs, verbose=False)


def capacity(k: int, n: int, p: int) -> Call:
    """Return the mean-field capacity of k manifolds of n points in p dimensions."""
    manifolds = [x.T for x in networks(k, n, p)]
    return lambda n_jobs: MeanFieldCapacity(random_state=0, n_jobs=n_jobs).fit(manifolds)


def bootstrap(k: int, n: int, p: int) -> Call:
    """Return 1,000 bootstraps of k model RDMs and 12 subjects, of n conditions."""
    rdms = rdm(np.random.default_rng(0).standard_normal((12 + k, n, p)))
    return lambda n_jobs: evaluate(
        rdms[12:], rdms[:12], resample="both", random_state=0, n_jobs=n_jobs
    )


def lights(k: int, n: int, p: int) -> Call:
    """Return searchlights of k models in a volume of about p voxels, of n conditions."""
    side = round(p ** (1 / 3))
    data = np.random.default_rng(0).standard_normal((n, side**3))
    models = rdm(np.random.default_rng(1).standard_normal((k, n, 20)))
    return lambda n_jobs: searchlight(data, models, mask=np.ones((side,) * 3), n_jobs=n_jobs)


def encoding(k: int, n: int, p: int) -> Call:
    """Return nested ridge regression of 10 k targets on p features of n samples."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((n, p)), rng.standard_normal((n, 10 * k))
    return lambda n_jobs: EncodingModel(n_jobs=n_jobs).fit(X, Y)


# Each call, with networks (manifolds, models, tens of targets), samples and features.
CALLS: dict[str, tuple[Callable[[int, int, int], Call], tuple[int, int, int]]] = {
    "LinearMetric": (lambda *size: distances(LinearMetric(), *size), (24, 1000, 200)),
    "LinearCKA": (lambda *size: distances(LinearCKA(), *size), (24, 1000, 400)),
    "PermutationMetric": (lambda *size: distances(PermutationMetric(), *size), (10, 500, 200)),
    "MeanFieldCapacity": (capacity, (20, 50, 100)),
    "evaluate, 1000 bootstraps": (bootstrap, (4, 92, 50)),
    "searchlight": (lights, (2, 60, 4096)),
    "EncodingModel": (encoding, (30, 1000, 500)),
}


def seconds(call: Call, n_jobs: int) -> tuple[float, float]:
    """Return the shortest wall time of a call, and CPU time over wall time then."""
    best, share = float("inf"), 0.0
    for _ in range(REPEATS):
        time.sleep(0.3)  # idle BLAS threads of the last call spin for a while
        used, start = _cpu(), time.perf_counter()
        call(n_jobs)
        wall = time.perf_counter() - start
        if wall < best:
            best, share = wall, (_cpu() - used) / wall
    return best, share


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def workers() -> Iterable[dict[str, object]]:
    """Yield speed-ups: the time with one worker over that with more."""
    cores = len(os.sched_getaffinity(0))
    counts = [n for n in (1, 2, 4, 8, 16) if n <= cores]
    for name, (make, size) in CALLS.items():
        call = make(*size)
        call(1)
        times = {n: seconds(call, n) for n in counts}
        row: dict[str, object] = {"case": name, "size": " x ".join(map(str, size))}
        row["1 worker (ms)"] = round(1e3 * times[1][0], 1)
        for n in counts[1:]:
            row[f"{n} workers: speed-up"] = round(times[1][0] / times[n][0], 2)
            row[f"{n}: CPU / wall"] = round(times[n][1], 2)
        yield row


def exponents() -> Iterable[dict[str, object]]:
    """Yield the power of each size with which the time of one worker grows, around a size."""
    for name, (make, size) in CALLS.items():
        row: dict[str, object] = {"case": name, "around": " x ".join(map(str, size))}
        for axis, what in enumerate(("networks", "samples", "features")):
            grown = [tuple(s * f if a == axis else s for a, s in enumerate(size)) for f in (1, 2)]
            halves = [tuple(s // 2 if a == axis else s for a, s in enumerate(size))]
            sizes = [*halves, *grown]
            times = []
            for each in sizes:
                call = make(*each)
                call(1)
                times.append(seconds(call, 1)[0])
            logs = np.log([[each[axis] for each in sizes], times])
            row[f"power of {what}"] = round(float(np.polyfit(*logs, 1)[0]), 1)
        yield row


def no_cases(quick: bool) -> Iterable[Case]:
    """Return nothing: there is no other candidate."""
    return []


def small_cohorts() -> Iterable[dict[str, object]]:
    """Yield what waiting for one worker costs a small cohort: 3 networks of 20 x 5."""
    means, covs = np.zeros((3, 20, 5)), np.tile(np.eye(5), (3, 20, 1, 1))
    xs = [(m + k, c * (1 + k)) for k, (m, c) in enumerate(zip(means, covs, strict=True))]
    small = {
        "LinearMetric": distances(LinearMetric(), 3, 20, 5),
        "LinearCKA": distances(LinearCKA(), 3, 20, 5),
        "GaussianStochasticMetric": lambda n_jobs: pairwise_distances(
            GaussianStochasticMetric(niter=10), xs, n_jobs=n_jobs, verbose=False
        ),
    }
    for name, call in small.items():
        call(1)
        one, two = (min(seconds(call, n)[0] for _ in range(3)) for n in (1, 2))
        yield {
            "case": f"{name}, 3 networks of 20 x 5",
            "1 worker (ms)": round(1e3 * one, 3),
            "2 workers (ms)": round(1e3 * two, 3),
        }


if __name__ == "__main__":
    main(__file__, no_cases, [workers, exponents, small_cohorts])
