"""Fréchet means, k-means and offsets of convolutional layers against netrep."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main, peer

from netrep_go.conv_layers import convolve_metric
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import euclidean_tangent_space, frechet_mean, procrustes_kmeans

netrep_multiset = peer("netrep.multiset")
netrep_metrics = peer("netrep.metrics")
netrep_conv = peer("netrep.conv_layers")


def gaussian(*shape: int) -> np.ndarray:
    """Random activations."""
    return np.random.default_rng(0).standard_normal(shape)


def silent(run: Callable[[], object]) -> Callable[[], None]:
    """Keep what netrep prints out of the table."""

    def quiet() -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            run()

    return quiet


def mean_case(n: int, m: int, p: int, group: str, method: str, sweeps: int) -> Case:
    """Time a fixed number of sweeps; netrep overwrites its start."""
    Xs = gaussian(n, m, p)
    options = {"group": group, "method": method, "tol": 0, "max_iter": sweeps}
    candidates = {"ours": lambda: frechet_mean(Xs, warmstart=Xs[0], **options)}
    if netrep_multiset is not None:
        candidates["netrep"] = silent(
            lambda: netrep_multiset.frechet_mean(Xs, warmstart=Xs[0].copy(), **options)
        )
    name = f"frechet_mean, {group}, {method}, {n} x ({m}, {p})"
    return Case(name, candidates, sweeps, "sweep", repeats=3)


def objective_case(n: int, m: int, p: int, group: str, sweeps: int) -> Case:
    """Time to the objective where so many sweeps of netrep's streaming method end.

    Ours is full batch, with as many sweeps as take it there.
    """
    Xs = gaussian(n, m, p)
    name = f"frechet_mean, {group}, to the objective of {sweeps} streaming sweeps"
    options = {"group": group, "tol": 0}

    def ours(count: int) -> np.ndarray:
        return frechet_mean(Xs, warmstart=Xs[0], method="full_batch", max_iter=count, **options)

    def streamed(average: Callable) -> np.ndarray:
        return average(Xs, warmstart=Xs[0].copy(), max_iter=sweeps, **options)

    goal = objective(Xs, streamed(frechet_mean), group)  # it agrees with netrep's
    count = next(k for k in range(1, 1000) if objective(Xs, ours(k), group) <= goal)
    candidates = {"ours": lambda: ours(count), "streaming": lambda: streamed(frechet_mean)}
    if netrep_multiset is not None:
        candidates["netrep"] = silent(lambda: streamed(netrep_multiset.frechet_mean))
    notes = {"sweeps": f"{count}, {sweeps}"}
    return Case(f"{name}, {n} x ({m}, {p})", candidates, repeats=3, notes=notes)


def objective(Xs: np.ndarray, mean: np.ndarray, group: str) -> float:
    """Return the sum of the squared distances from the mean."""
    return float(np.sum(euclidean_tangent_space(Xs, mean, group=group) ** 2))


def kmeans_case(n: int, m: int, p: int) -> Case:
    """Time one start; netrep's function cannot be imported."""
    Xs = gaussian(n, m, p)
    run = {"ours": lambda: procrustes_kmeans(Xs, 4, random_state=0, n_restarts=1)}
    return Case(f"procrustes_kmeans, 4 clusters, {n} x ({m}, {p})", run, repeats=3)


def conv_case(m: int, h: int, w: int, c: int) -> Case:
    """Time the distances at all offsets."""
    X, Y = gaussian(2, m, h, w, c)
    candidates = {"ours": lambda: convolve_metric(LinearMetric(), X, Y, verbose=False)}
    if netrep_conv is not None:
        metric = netrep_metrics.LinearMetric()
        candidates["netrep"] = silent(lambda: netrep_conv.convolve_metric(metric, X, Y))
    name = f"convolve_metric, ({m}, {h}, {w}, {c})"
    return Case(name, candidates, h * w, "offset", repeats=3)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    n, m, p, sweeps = (5, 60, 20, 3) if quick else (20, 500, 200, 10)
    for method in ("streaming", "full_batch"):
        yield mean_case(n, m, p, "orth", method, sweeps)
        yield mean_case(n, m, p, "perm", method, sweeps)
    if not quick:
        yield mean_case(10, 100, 400, "orth", "streaming", 3)
    for group in ("orth", "perm"):
        yield objective_case(n, m, p, group, sweeps)
    yield kmeans_case(*(6, 40, 10) if quick else (40, 500, 100))
    for shape in [(5, 6, 6, 8)] if quick else [(100, 8, 8, 64), (50, 16, 16, 32), (50, 3, 3, 32)]:
        yield conv_case(*shape)


if __name__ == "__main__":
    main(__file__, cases)
