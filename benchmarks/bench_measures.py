"""Measures that the field uses, all pairs of networks, against public programs and the floor.

The floor is what no program can leave out. Each function below returns one case or yields
several; ``CASES`` lists them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main, peer
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from netrep_go.metrics import IMD
from netrep_go.metrics._matching import transport
from netrep_go.multiset import pairwise_distances

ot = peer("ot")


def gaussian(n_networks: int, m: int, p: int) -> list[np.ndarray]:
    """Random networks."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((m, p)) for _ in range(n_networks)]


def n_pairs(networks: list[np.ndarray]) -> int:
    """Return how many pairs there are."""
    return len(networks) * (len(networks) - 1) // 2


def all_pairs(measure: object, networks: list[np.ndarray]) -> Callable[[], object]:
    """Return what compares all pairs."""
    return lambda: pairwise_distances(measure, networks, verbose=False)


def soft_matching(quick: bool) -> Iterable[Case]:
    """Optimal transport between units: the solver alone, and pairs with their correlations."""
    for p, q in ((30, 20),) if quick else ((200, 200), (200, 150), (200, 151)):
        x, y = gaussian(1, 1000, p)[0], gaussian(2, 1000, q)[1]
        rho = np.corrcoef(x.T, y.T)[:p, p:]
        candidates = {"ours": lambda rho=rho: transport(rho)}
        if ot is not None:
            masses = np.full(p, 1 / p), np.full(q, 1 / q)
            candidates["POT"] = lambda rho=rho, masses=masses: ot.emd(*masses, 1 - rho)
        yield Case(f"soft matching of {p} and {q} units: the solver", candidates, repeats=20)
    xs = gaussian(4, 200, 32) if quick else gaussian(10, 1000, 200)
    candidates = {"ours": all_pairs("soft_matching_correlation", xs)}
    if ot is not None:
        candidates["POT, pair by pair"] = lambda: [
            _by_pot(x, y) for x, y in itertools.combinations(xs, 2)
        ]
    yield Case(f"soft matching, {len(xs)} x {xs[0].shape}", candidates, n_pairs(xs), "pair")


def _by_pot(x: np.ndarray, y: np.ndarray) -> float:
    p, q = x.shape[1], y.shape[1]
    rho = np.corrcoef(x.T, y.T)[:p, p:]
    return 1 - ot.emd2(np.full(p, 1 / p), np.full(q, 1 / q), 1 - rho)


def spanning_trees(quick: bool) -> Case:
    """RTD-Lite against one run of Prim's algorithm a pair, on distances that are given."""
    xs = gaussian(4, 200, 32) if quick else gaussian(50, 1000, 256)
    a, b = (pdist(x) for x in xs[:2])
    candidates = {
        "ours": all_pairs("rtd_lite", xs),
        "floor": lambda: linkage(np.minimum(a, b), "single"),
    }
    title = f"RTD-Lite, {len(xs)} x {xs[0].shape}"
    return Case(title, candidates, n_pairs(xs), "pair", repeats=3, units_of={"floor": 1})


def heat_traces(quick: bool) -> Iterable[Case]:
    """Estimate the IMD of two networks, and compute it from all eigenvalues."""
    for n in (200,) if quick else (1000, 3000):
        xs = gaussian(2, n, 64)
        candidates = {
            "ours": all_pairs(IMD(method="lanczos"), xs),
            "all eigenvalues": all_pairs(IMD(), xs),
        }
        yield Case(f"IMD, 2 x {xs[0].shape}", candidates, repeats=2)


CASES = (soft_matching, lambda quick: [spanning_trees(quick)], heat_traces)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    for family in CASES:
        yield from family(quick)


if __name__ == "__main__":
    main(__file__, cases)
