"""All-pairs linear distances against netrep and against BLAS alone.

Also the peak memory of a child process, one small fit, and the import time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import floor
import numpy as np
from harness import Case, main, peer

from netrep_go import datasets
from netrep_go._cohort import Cohorts, named
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import pairwise_distances

netrep = peer("netrep.metrics")
netrep_multiset = peer("netrep.multiset")


def gaussian(n_networks: int, m: int, p: int) -> list[np.ndarray]:
    """Random networks: the flattest spectra there are."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((m, p)) for _ in range(n_networks)]


def digits() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the demo's networks, split into training and held-out images."""
    networks = datasets.digits_networks().activations
    half = len(networks[0]) // 2
    return [x[:half] for x in networks], [x[half:] for x in networks]


def peer_runs(alpha: float, train: list, test: list | None) -> dict:
    """Return netrep's candidate, if it is there."""
    if netrep is None:
        return {}
    metric = netrep.LinearMetric(alpha=alpha)
    return {
        "netrep": lambda: netrep_multiset.pairwise_distances(metric, train, test, verbose=False)
    }


def floor_runs(alpha: float, n_networks: int, m: int, p: int, m_test: int) -> dict:
    """Return the floor for networks of equal width, held out also by eigenvectors."""
    pairs = n_networks * (n_networks - 1) // 2
    whiten = [lambda s: s.whiten()] * (n_networks if alpha < 1 else 0)

    def run(pair: Callable[[floor.Spectra], None]) -> Callable[[], None]:
        return lambda: floor.spread(whiten + [pair] * pairs, m, p)

    if not m_test:
        return {"floor": run(lambda s: s.train())}
    return {
        "floor": run(lambda s: s.held_out(m_test)),
        "floor by eigenvectors": run(lambda s: s.held_out_by_vectors(m_test)),
    }


def routes(train: list[np.ndarray], alpha: float) -> dict[str, object]:
    """Return how many of the training distances were certified."""
    metric = LinearMetric(alpha=alpha)
    cohorts = Cohorts(named(train, "train"), None)
    _, counts = metric._count_routes(cohorts, np.float64, None, False)
    return {"certified": f"{counts[0] / counts[:2].sum():.0%}"}


def pair_case(name: str, alpha: float, train: list, test: list | None, **kw) -> Case:
    """Build the case of one cohort."""
    n, (m, p) = len(train), train[0].shape
    ours = {
        "ours": lambda: pairwise_distances(LinearMetric(alpha=alpha), train, test, verbose=False)
    }
    same_width = len({x.shape for x in train}) == 1
    m_test = test[0].shape[0] if test else 0
    below = floor_runs(alpha, n, m, p, m_test) if same_width else {}
    notes = {} if test else routes(train, alpha)
    candidates = ours | below | peer_runs(alpha, train, test)
    kw = {"repeats": 3} | kw
    return Case(name, candidates, n * (n - 1) // 2, "pair", notes=notes, **kw)


def single_precision(train: list) -> Case:
    """Float32 products against float64."""
    metric = LinearMetric()
    exact = pairwise_distances(metric, train, verbose=False)
    rough = pairwise_distances(metric, train, verbose=False, dtype=np.float32)
    n = len(train)
    return Case(
        f"float32 products, {n} x {train[0].shape}",
        {
            "ours": lambda: pairwise_distances(metric, train, verbose=False, dtype=np.float32),
            "float64": lambda: pairwise_distances(metric, train, verbose=False),
        },
        n * (n - 1) // 2,
        "pair",
        notes={"largest error": f"{np.abs(exact - rough).max():.1e}"},
    )


def one_fit() -> Case:
    """Fit and score of one small pair."""
    X, Y = gaussian(2, 100, 10)
    candidates = {"ours": lambda: LinearMetric().fit(X, Y).score(X, Y)}
    if netrep is not None:
        candidates["netrep"] = lambda: netrep.LinearMetric().fit(X, Y).score(X, Y)
    return Case("one fit and score, 100 x 10", candidates, repeats=500)


_CHILD = """
import sys
import numpy as np
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import pairwise_distances
n, m, p, run = map(int, sys.argv[1:])

def peak():
    # Not ru_maxrss, which starts from the parent's.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

tiny = [np.random.default_rng(i).standard_normal((30, 4)) for i in range(3)]
pairwise_distances(LinearMetric(), tiny, verbose=False)
rng = np.random.default_rng(0)
base = peak()
xs = [rng.standard_normal((m, p)) for _ in range(n)]
if run:
    pairwise_distances(LinearMetric(), xs, verbose=False)
print((peak() - base) / 1024)
"""


def memory() -> dict[str, object]:
    """Peak memory of a child process beyond its imports."""
    n, m, p = 100, 1000, 500
    used = [
        float(subprocess.check_output([sys.executable, "-c", _CHILD, *map(str, a)]))
        for a in ((n, m, p, 0), (n, m, p, 1))
    ]
    size = n * m * p * 8 / 2**20
    return {
        "case": f"peak memory, {n} x ({m}, {p})",
        "input (MiB)": round(used[0]),
        "with distances (MiB)": round(used[1]),
        "allowed (MiB)": round(used[0] + 1.1 * size + 64),
    }


def import_time() -> dict[str, object]:
    """Median over fresh processes of importing the package and scikit-learn."""
    statements = ["pass", "import sklearn.base", "import netrep_go", "import netrep_go.metrics"]
    times: dict[str, list[float]] = {statement: [] for statement in statements}
    for _ in range(10):
        for statement, taken in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            taken.append(time.perf_counter() - start)
    medians = {f"{s} (ms)": round(1e3 * float(np.median(t)), 1) for s, t in times.items()}
    return {"case": "fresh processes"} | medians


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    sizes = [(6, 200, 40)] if quick else [(20, 1000, 200), (12, 1000, 500)]
    for n, m, p in sizes:
        train, test = gaussian(n, m, p), gaussian(n, m // 4, p)
        for alpha in (1.0, 0.0):
            name = f"{n} x ({m}, {p}), alpha={alpha:g}"
            yield pair_case(f"{name}, training", alpha, train, None)
            yield pair_case(f"{name}, held out", alpha, train, test)
        yield single_precision(train)
    if not quick:
        train, test = digits()
        for alpha in (1.0, 0.5, 0.0):
            name = f"digits networks, alpha={alpha:g}"
            yield pair_case(f"{name}, training", alpha, train, None)
            yield pair_case(f"{name}, held out", alpha, train, test)
    yield one_fit()


if __name__ == "__main__":
    main(__file__, cases, extra=[memory, import_time])
