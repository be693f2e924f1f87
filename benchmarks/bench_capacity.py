"""Mean-field capacity against mftma, projections against cvxopt, separability against HiGHS.

mftma runs in an interpreter of its own, because it needs NumPy 1: MFTMA_PYTHON is the path of a
Python with pymanopt==0.2.5, autograd<1.6, numpy<2, scipy, scikit-learn and cvxopt, and MFTMA_SOURCE
the folder of a clone of github.com/schung039/neural_manifolds_replicaMFT. Without them its columns
are left out. It takes a minute.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main
from scipy.optimize import linprog

from netrep_go.capacity import MeanFieldCapacity, project_on_cone, separate

MFTMA = """
import json, sys, time
import numpy as np
from mftma import manifold_analysis_correlation as mftma

def timed(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start

np.random.seed(0)
if sys.argv[1] == "example":
    X = [np.random.randn(5000, 50) for i in range(100)]
    seconds = timed(lambda: mftma.manifold_analysis_corr(X, 0, 200, n_reps=1))
else:
    points = np.vstack([np.array(json.load(sys.stdin)).T, np.ones(50)])
    t = np.random.randn(len(points), 200)
    def solve():
        for i in range(200):
            mftma.minimize_vt_sq(t[:, i : i + 1], points)
    seconds = min(timed(solve) for _ in range(3)) / 200
print(seconds)
"""


def mftma(what: str, threads: int, data: str = "") -> float | None:
    """Return the seconds that mftma takes, or None where it is not to be had."""
    python = os.environ.get("MFTMA_PYTHON")
    if python is None:
        print("MFTMA_PYTHON is not set: mftma is left out", file=sys.stderr)
        return None
    environment = os.environ | {
        "PYTHONPATH": os.environ.get("MFTMA_SOURCE", ""),
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
    }
    command = [python, "-c", MFTMA, what]
    done = subprocess.run(
        command, input=data, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def shortest(run: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest time of a run, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def compared(row: dict[str, object], seconds: float, peer: float | None) -> dict[str, object]:
    """Add our time and the peer's to a row, in milliseconds."""
    row["ours (ms)"] = round(1e3 * seconds, 4)
    if peer is not None:
        row |= {"mftma (ms)": round(1e3 * peer, 4), "mftma / ours": round(peer / seconds, 1)}
    return row


def example() -> dict[str, object]:
    """Time the example of mftma's README from beginning to end, both with one start."""
    rng = np.random.RandomState(0)
    X = [np.ascontiguousarray(rng.randn(5000, 50).T) for _ in range(100)]
    model = MeanFieldCapacity(n_t=200, n_restarts=1, min_removed=1, random_state=0)
    seconds = shortest(lambda: model.fit(X), 3)
    row = {"case": "P=100, M=50, N=5000, n_t=200, 2 cores", "unit": "run"}
    return compared(row, seconds, mftma("example", 2))


def projections(n_jobs: int) -> dict[str, object]:
    """Time projections on the cone of one manifold of that example, against cvxopt's."""
    rng = np.random.default_rng(0)
    deviations = rng.standard_normal((50, 5000)) / np.sqrt(100)
    deviations -= deviations.mean(axis=0)
    points = np.linalg.qr(deviations.T)[1].T
    S = np.hstack([points, np.ones((50, 1))])
    T = rng.standard_normal((20_000, 51))
    products, gram = T @ S.T, S @ S.T
    seconds = shortest(lambda: project_on_cone(products, gram, precomputed=True, n_jobs=n_jobs))
    row = {"case": f"projections, M=50, D=49, {n_jobs} core(s)", "unit": "projection"}
    return compared(row, seconds / len(T), mftma("projections", 1, json.dumps(points.tolist())))


def one_core() -> dict[str, object]:
    """Time projections on one core; cvxopt's are always."""
    return projections(1)


def two_cores() -> dict[str, object]:
    """Time projections on two cores."""
    return projections(2)


def many_samples() -> dict[str, object]:
    """Measure ten manifolds of 1,000 samples each."""
    rng = np.random.default_rng(0)
    X = [rng.standard_normal(500) + 0.1 * rng.standard_normal((1000, 500)) for _ in range(10)]
    model = MeanFieldCapacity(n_t=200, random_state=0)
    seconds = shortest(lambda: model.fit(X), 2)
    return {
        "case": "P=10, M=1000, N=500, n_t=200",
        "unit": "run",
        "ours (ms)": round(1e3 * seconds, 1),
    }


MANY = """
import json, resource, time
import numpy as np
from netrep_go.capacity import MeanFieldCapacity
rng = np.random.default_rng(0)
X = [rng.standard_normal(2000) + 0.3 * rng.standard_normal((50, 2000)) for _ in range(1000)]
start = time.perf_counter()
MeanFieldCapacity(n_t=200, random_state=0).fit(X)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": round(seconds, 1), "peak memory with input (MiB)": round(peak)}))
"""


POINTS = """
import json, resource, sys, time
import numpy as np
from netrep_go.capacity import MeanFieldCapacity
rng = np.random.default_rng(0)
shape = int(sys.argv[1]), 20
X = [center + 0.3 * rng.standard_normal(shape) for center in rng.standard_normal((2, 20))]
start = time.perf_counter()
MeanFieldCapacity(n_t=200, max_removed=0, random_state=0, n_jobs=1).fit(X)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": round(seconds, 2), "peak memory with input (MiB)": round(peak)}))
"""


def many_points(n_samples: int) -> dict[str, object]:
    """Measure the time and the peak memory of 2 manifolds of many samples, likewise."""
    command = [sys.executable, "-c", POINTS, str(n_samples)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    row = {"case": f"P=2, M={n_samples:,}, N=20, n_t=200, 1 core", "unit": "run"}
    return row | json.loads(done.stdout)


def thousand_points() -> dict[str, object]:
    """Project on few samples, by their Gram matrix."""
    return many_points(1000)


def ten_thousand_points() -> dict[str, object]:
    """Project on many, by column generation."""
    return many_points(10_000)


def fifty_thousand_points() -> dict[str, object]:
    """Project on five times as many."""
    return many_points(50_000)


def two_hundred_thousand_points() -> dict[str, object]:
    """Project on four times as many again."""
    return many_points(200_000)


def many_manifolds() -> dict[str, object]:
    """Measure the time and the peak memory of 1,000 manifolds, in a process of their own."""
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True)
    return {"case": "P=1000, M=50, N=2000, n_t=200", "unit": "run"} | json.loads(done.stdout)


def separability(n_features: int) -> Case:
    """Build the case of 480 points with two labels."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((480, n_features)), np.arange(480) % 2
    Z = (2 * y - 1)[:, np.newaxis] * np.hstack([X, np.ones((480, 1))])
    zero, one = np.zeros(n_features + 1), np.ones(480)
    return Case(
        f"separability, 480 points, {n_features} features",
        {
            "ours": lambda: separate(X, y),
            "HiGHS": lambda: linprog(zero, A_ub=-Z, b_ub=-one, bounds=(None, None)),
        },
        repeats=3,
    )


def cases(quick: bool) -> Iterable[Case]:
    """Yield what runs in this process alone."""
    for n_features in (20,) if quick else (20, 200, 240, 300):
        yield separability(n_features)


if __name__ == "__main__":
    points = [
        thousand_points,
        ten_thousand_points,
        fifty_thousand_points,
        two_hundred_thousand_points,
    ]
    rows = [example, one_core, two_cores, many_samples, many_manifolds]
    main(__file__, cases, rows + points)
