"""Measures that the field uses, all pairs of networks, against public programs and the floor.

The floor is what no program can leave out. Each function below returns one case or yields
several; ``CASES`` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main

from netrep_go._jobs import in_threads
from netrep_go.multiset import pairwise_distances


def gaussian(n_networks: int, m: int, p: int) -> list[np.ndarray]:
    """Random networks."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((m, p)) for _ in range(n_networks)]


def n_pairs(networks: list[np.ndarray]) -> int:
    """Return how many pairs there are."""
    return len(networks) * (len(networks) - 1) // 2


def all_pairs(name: str, networks: list[np.ndarray]) -> Callable[[], object]:
    """Return what compares all pairs."""
    return lambda: pairwise_distances(name, networks, verbose=False)


def canonical_correlations(quick: bool) -> Iterable[Case]:
    """SVCCA and PWCCA against NumPy pair by pair, of which a part is timed, and their floor."""
    xs = gaussian(4, 200, 32) if quick else gaussian(50, 1000, 256)
    few, both = xs[:4], len(xs) ** 2
    for name, of_pair, n in (
        ("svcca", _svcca, n_pairs(xs)),
        ("pwcca_x_weights", _pwcca, both),  # whose two orders differ
    ):
        candidates = {
            "ours": all_pairs(name, xs),
            "NumPy, pair by pair": lambda f=of_pair: [f(x, few[0]) for x in few[1:]],
            "floor": lambda: list(in_threads(_product_and_singular, _bases(xs), None)),
        }
        units_of = {"NumPy, pair by pair": 3, "floor": n_pairs(xs)}
        title = f"{name}, {len(xs)} x {xs[0].shape}"
        yield Case(title, candidates, n, "pair", repeats=3, units_of=units_of)


def other_subspaces(quick: bool) -> Iterable[Case]:
    """Time the other measures of subspaces, and regressions, alone."""
    xs = gaussian(4, 200, 32) if quick else gaussian(50, 1000, 256)
    for name, n in (
        ("mean_cca", n_pairs(xs)),
        ("mean_squared_cca", n_pairs(xs)),
        ("gulp", n_pairs(xs)),
        ("eigenspace_overlap", n_pairs(xs)),
        ("linear_regression_y_to_x", len(xs) ** 2),
    ):
        title = f"{name}, {len(xs)} x {xs[0].shape}"
        yield Case(title, {"ours": all_pairs(name, xs)}, n, "pair", repeats=2)
    few = xs[:8]
    title = f"ridge_r2_y_to_x, {len(few)} x {xs[0].shape}"
    yield Case(title, {"ours": all_pairs("ridge_r2_y_to_x", few)}, len(few) ** 2, "pair", repeats=2)


def _components(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = x - x.mean(axis=0)
    basis, sizes, _ = np.linalg.svd(x, full_matrices=False)
    shares = np.cumsum(sizes**2) / np.sum(sizes**2)
    return x, basis[:, : np.searchsorted(shares, 0.99) + 1]


def _svcca(x: np.ndarray, y: np.ndarray) -> float:
    (_, U), (_, V) = _components(x), _components(y)
    return float(np.linalg.svd(U.T @ V, compute_uv=False).mean())


def _pwcca(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    U, V = (np.linalg.svd(z, full_matrices=False)[0] for z in (x, y))
    A, rho, _ = np.linalg.svd(U.T @ V, full_matrices=False)
    weights = np.abs((U @ A).T @ x).sum(axis=1)
    return float(weights @ rho / weights.sum())


def _bases(xs: list[np.ndarray]) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Prepare each network, and yield all pairs."""
    bases = [basis for _, basis in in_threads(_components, xs, None)]
    return ((U, V) for i, U in enumerate(bases) for V in bases[:i])


def _product_and_singular(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    U, V = pair
    return np.linalg.svd(U.T @ V, compute_uv=False)


CASES = (canonical_correlations, other_subspaces)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    for family in CASES:
        yield from family(quick)


if __name__ == "__main__":
    main(__file__, cases)
