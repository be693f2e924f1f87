"""Permutation nulls and bootstraps of cohorts against plain loops over the same values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from harness import Case, main

from netrep_go.inference import bootstrap, calibrate
from netrep_go.multiset import pairwise_distances

NULLS = ((20, 500, 64, 10_000), (50, 1000, 64, 1000))  # networks, samples, features, permutations
COHORT = (20, 1000, 128)
FEW = 20  # draws that are timed: all take the same time


def gaussian(k: int, n: int, p: int) -> list[np.ndarray]:
    """Random networks."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, p)) for _ in range(k)]


def null(k: int, n: int, p: int, n_permutations: int) -> Case:
    """All permutations of a cohort, against all pairs measured anew after each."""
    networks = gaussian(k, n, p)

    def plain() -> None:
        for seed in range(FEW):
            order = np.random.default_rng(seed).permutation(n)
            pairwise_distances(
                "cka", [networks[0], *(x[order] for x in networks[1:])], verbose=False
            )

    return Case(
        f"null of CKA, {k} networks of {n} samples, {n_permutations} permutations",
        {
            "ours": lambda: calibrate(
                "cka", networks, n_permutations=n_permutations, random_state=0, verbose=False
            ),
            "all pairs anew": plain,
        },
        n_permutations,
        "permutation",
        repeats=1,
        units_of={"all pairs anew": FEW},
    )


def draws(measure: str) -> Case:
    """Bootstrap draws of a cohort, against all pairs of the drawn samples."""
    networks = gaussian(*COHORT)

    def plain() -> None:
        for seed in range(FEW):
            rows = np.random.default_rng(seed).integers(COHORT[1], size=COHORT[1])
            pairwise_distances(measure, [x[rows] for x in networks], verbose=False)

    def ours() -> None:
        bootstrap(measure, networks, method="percentile", n_bootstraps=FEW, verbose=False)

    return Case(
        f"bootstrap under {measure}, {COHORT[0]} networks of {COHORT[1]} x {COHORT[2]}",
        {"ours": ours, "all pairs anew": plain},
        FEW,
        "draw",
        repeats=3,
    )


def cases(quick: bool) -> Iterable[Case]:
    """Yield what is measured."""
    for k, n, p, n_permutations in NULLS:
        yield null(k, n, p, n_permutations // (100 if quick else 1))
    yield draws("cka")
    yield draws("procrustes")


if __name__ == "__main__":
    main(__file__, cases)
