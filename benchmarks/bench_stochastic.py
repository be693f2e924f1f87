"""Stochastic shape metrics against netrep: single fits, and all pairs of a few networks.

A tolerance that no fit reaches makes both sides do the same number of iterations.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from harness import Case, main, peer
from sklearn.exceptions import ConvergenceWarning

from netrep_go.metrics import (
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    GPStochasticMetric,
)

if not hasattr(np, "row_stack"):  # netrep calls it; NumPy 2.4 has dropped it
    np.row_stack = np.vstack  # noqa: NPY201
netrep = peer("netrep.metrics")

NEVER = {"tol": -np.inf}


def gaussian(m: int, n: int, seed: int, rank: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Random means, and covariances of the given rank or of full rank."""
    rng = np.random.default_rng(seed)
    roots = rng.standard_normal((m, n, rank or n)) / np.sqrt(n)
    ridge = 0.1 * np.eye(n) if rank is None else 0
    return rng.standard_normal((m, n)), roots @ roots.transpose(0, 2, 1) + ridge


def process(n_times: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One random process."""
    means, covs = gaussian(1, n_times * n, seed)
    return means[0], covs[0]


def repeated(m: int, r: int, n: int, seed: int) -> np.ndarray:
    """Noisy repeats of random responses."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((m, 1, n)) + 0.5 * rng.standard_normal((m, r, n))


def fit_case(name: str, ours: type, x: Any, y: Any, **options: Any) -> Case:
    """Time one fit on each side; netrep's fails on singular covariances."""
    options |= NEVER
    candidates = {"ours": lambda: quietly(ours(**options).fit, x, y)}
    if netrep is not None and "rank" not in name:
        theirs = getattr(netrep, ours.__name__)
        candidates["netrep"] = lambda: quietly(theirs(**options).fit, x, y)
    return Case(name, candidates, repeats=3)


def converged_case(name: str, ours: type, x: Any, y: Any, **options: Any) -> Case:
    """Time fits to the same tolerance; the notes say how many iterations each takes.

    netrep's count is that of its loss_hist, up to the largest number of iterations.
    """
    options = {"niter": 1000, "tol": 1e-8} | options
    metric = ours(**options)
    quietly(metric.fit, x, y)
    candidates = {"ours": lambda: quietly(ours(**options).fit, x, y)}
    notes: dict[str, object] = {"iterations": len(metric.loss_hist), "loss": metric.loss_hist[-1]}
    if netrep is not None:
        theirs = getattr(netrep, ours.__name__)(**options)
        quietly(theirs.fit, x, y)
        candidates["netrep"] = lambda: quietly(theirs.fit, x, y)
        notes |= {"netrep's": len(theirs.loss_hist), "its loss": float(theirs.loss_hist[-1])}
    return Case(f"{name}, to tol=1e-8", candidates, repeats=2, notes=notes)


def pairs_case(name: str, ours: type, networks: list, **options: Any) -> Case:
    """Time all pairs, netrep's with its own pool of processes."""
    options |= NEVER
    candidates = {"ours": lambda: quietly(ours(**options).pairwise_distances, networks, verbose=0)}
    if netrep is not None:
        theirs = getattr(netrep, ours.__name__)(**options)
        candidates["netrep"] = lambda: theirs.pairwise_distances(networks, verbose=False)
    n = len(networks)
    return Case(name, candidates, n * (n - 1) // 2, "pair", repeats=2)


def quietly(run: Any, *args: Any, **kw: Any) -> Any:
    """Run without the warning that the fit did not converge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return run(*args, **kw)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    scale = 5 if quick else 1
    m, n = 100 // scale, 40
    x, y = gaussian(m, n, 0), gaussian(m, n, 1)
    name = f"GaussianStochasticMetric {m} x {n}"
    yield fit_case(f"{name}, 50 iterations", GaussianStochasticMetric, x, y, niter=50)
    x, y = gaussian(m, n, 0, n // 4), gaussian(m, n, 1, n // 4)
    name = f"{name}, covariances of rank {n // 4}"
    yield fit_case(f"{name}, 50 iterations", GaussianStochasticMetric, x, y, niter=50)
    x, y = repeated(m, 20, n, 0), repeated(m, 20, n, 1)
    name = f"EnergyStochasticMetric {m} x 20 x {n}"
    yield fit_case(f"{name}, 20 iterations", EnergyStochasticMetric, x, y, niter=20)
    t = 20 // scale
    x, y = process(t, 10, 0), process(t, 10, 1)
    name = f"GPStochasticMetric {t} times x 10"
    yield fit_case(f"{name}, 20 iterations", GPStochasticMetric, x, y, n_dims=10, niter=20)
    for m, n in [(20, 10)] if quick else [(20, 10), (50, 20), (60, 30)]:
        x, y = gaussian(m, n, 0), gaussian(m, n, 1)
        for alpha in (1.0, 0.2):
            name = f"GaussianStochasticMetric {m} x {n}, alpha={alpha:g}"
            yield converged_case(name, GaussianStochasticMetric, x, y, alpha=alpha)
    x, y = process(t, 10, 0), process(t, 10, 1)
    yield converged_case(f"GPStochasticMetric {t} times x 10", GPStochasticMetric, x, y, n_dims=10)
    x, y = repeated(50 // scale, 20, 20, 0), repeated(50 // scale, 20, 20, 1)
    name = f"EnergyStochasticMetric {50 // scale} x 20 x 20"
    yield converged_case(name, EnergyStochasticMetric, x, y)
    networks = [gaussian(50 // scale, 20, k) for k in range(5)]
    name = f"GaussianStochasticMetric, 5 networks {50 // scale} x 20, 20 iterations"
    yield pairs_case(name, GaussianStochasticMetric, networks, niter=20)
    networks = [repeated(50 // scale, 20, 20, k) for k in range(5)]
    name = f"EnergyStochasticMetric, 5 networks {50 // scale} x 20 x 20, 20 iterations"
    yield pairs_case(name, EnergyStochasticMetric, networks, niter=20)


if __name__ == "__main__":
    main(__file__, cases)
