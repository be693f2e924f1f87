"""The metrics beside LinearMetric, all pairs of networks and one, against netrep.

Also the solver of assignment problems against SciPy's, and the peak memory of
CKA in a child process. Each function below returns one case or yields several;
``CASES`` lists them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main, peer
from scipy.optimize import linear_sum_assignment

from netrep_go import _native
from netrep_go.metrics import LinearCKA, PermutationMetric
from netrep_go.multiset import pairwise_distances

netrep = peer("netrep.metrics")


def gaussian(n_networks: int, m: int, p: int) -> list[np.ndarray]:
    """Random networks."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((m, p)) for _ in range(n_networks)]


def n_pairs(networks: list[np.ndarray]) -> int:
    """Return how many pairs there are."""
    return len(networks) * (len(networks) - 1) // 2


def permutation(quick: bool) -> Iterable[Case]:
    """All pairs under PermutationMetric, on training and on held-out data."""
    xs = gaussian(6, 100, 30) if quick else gaussian(20, 500, 200)
    test = [x[: len(x) // 4] for x in xs]
    for name, held_out in (("training", None), ("held out", test)):
        candidates = {"ours": _all_pairs(PermutationMetric(), xs, held_out)}
        if netrep is not None:
            metric = netrep.PermutationMetric()
            candidates["netrep"] = lambda metric=metric, test=held_out: metric.pairwise_distances(
                xs, test, verbose=False
            )
        title = f"permutation, {len(xs)} x {xs[0].shape}, {name}"
        yield Case(title, candidates, n_pairs(xs), "pair", repeats=3)


def assignment(quick: bool) -> Iterable[Case]:
    """Product and assignment of one pair, against NumPy and SciPy."""
    for n in (50,) if quick else (200, 500, 1000):
        X, Y = gaussian(2, 200, n)
        cols = np.empty(n, np.int64)
        yield Case(
            f"matching of {n} neurons: product and assignment",
            {
                "ours": lambda X=X, Y=Y, cols=cols: _native.call(
                    "metrics.permutation_match", {"columns": cols}, {"x": X, "y": Y}
                ),
                "numpy and scipy": lambda X=X, Y=Y: linear_sum_assignment(X.T @ Y, maximize=True),
            },
        )


def cka(quick: bool) -> Iterable[Case]:
    """All pairs under LinearCKA against netrep's loop, of which a part is timed."""
    for n in (6,) if quick else (20, 200):
        xs = gaussian(n, 500, 200)
        for estimator in ("biased", "unbiased"):
            ours = _all_pairs(LinearCKA(estimator=estimator), xs)
            title = f"{estimator} CKA, {n} x {xs[0].shape}"
            yield Case(title, {"ours": ours}, n_pairs(xs), "pair")
    if netrep is not None:
        xs = gaussian(5, 500, 200)
        title = f"biased CKA, {len(xs)} x {xs[0].shape}"
        candidates = {
            "ours": _all_pairs(LinearCKA(), xs),
            "netrep": lambda: [
                netrep.LinearCKA().score(X, Y) for i, X in enumerate(xs) for Y in xs[:i]
            ],
        }
        yield Case(title, candidates, n_pairs(xs), "pair")


def one_pair(quick: bool) -> Iterable[Case]:
    """Fit and score of one small pair."""
    X, Y = gaussian(2, 100, 10)
    for name in ("PermutationMetric", "LinearCKA"):
        ours = {"PermutationMetric": PermutationMetric, "LinearCKA": LinearCKA}[name]
        candidates = {"ours": lambda ours=ours: ours().fit_score(X, Y)}
        if netrep is not None:
            theirs = getattr(netrep, name)
            candidates["netrep"] = lambda theirs=theirs: _fit_and_score(theirs(), X, Y)
        yield Case(f"one fit and score, {name}, 100 x 10", candidates, repeats=50 if quick else 500)


def _fit_and_score(metric: object, X: np.ndarray, Y: np.ndarray) -> float:
    metric.fit(X, Y)
    return metric.score(X, Y)


def _all_pairs(metric: object, train: list, test: list | None = None) -> Callable[[], object]:
    return lambda: pairwise_distances(metric, train, test, verbose=False)


_CHILD = """
import resource, time
import numpy as np
from netrep_go.metrics import LinearCKA
from netrep_go.multiset import pairwise_distances
tiny = [np.random.default_rng(i).standard_normal((30, 4)) for i in range(3)]
pairwise_distances(LinearCKA(), tiny, verbose=False)
rng = np.random.default_rng(0)
xs = [rng.standard_normal((500, 200)) for _ in range(1000)]
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
pairwise_distances(LinearCKA(), xs, verbose=False)
seconds = time.perf_counter() - start
print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024)
"""


def cka_memory() -> dict[str, object]:
    """Time and memory beyond the input of CKA between 1,000 networks."""
    seconds, memory = subprocess.check_output([sys.executable, "-c", _CHILD]).split()
    return {
        "case": "biased CKA, 1000 x (500, 200)",
        "time (s)": round(float(seconds), 2),
        "beyond the input (MiB)": round(float(memory)),
    }


CASES = (permutation, assignment, cka, one_pair)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    for family in CASES:
        yield from family(quick)


if __name__ == "__main__":
    main(__file__, cases, extra=[cka_memory])
