"""Direct and joint capacity: separability against HiGHS, projections against SciPy's NNLS.

The sizes of the whole analyses are those of dnn-object-manifolds, whose README gives 25
minutes for the search.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from harness import Case, main
from scipy.optimize import linprog, nnls

from netrep_go.capacity import DirectCapacity, JointCapacity, MeanFieldCapacity, separate

Problem = tuple[np.ndarray, np.ndarray]


def labeled_points(n_points: int, n_features: int, n: int) -> list[Problem]:
    """Random points with random labels, near capacity if there are two per feature."""
    rng = np.random.default_rng(0)
    return [
        (rng.standard_normal((n_points, n_features)), rng.permutation(n_points) % 2)
        for _ in range(n)
    ]


def highs(problems: list[Problem]) -> list[bool]:
    """Decide by linear programs whether there is a hyperplane with margin 1."""
    found = []
    for X, y in problems:
        Z = np.column_stack([X, np.ones(len(X))]) * (2 * y - 1)[:, None]
        program = linprog(np.zeros(Z.shape[1]), -Z, -np.ones(len(Z)), bounds=(None, None))
        found.append(program.status == 0)
    return found


def ours(problems: list[Problem]) -> list[bool]:
    """Decide by projections on cones."""
    return [separate(X, y).separable for X, y in problems]


def separability(n_points: int, n_features: int, n: int) -> Case:
    """Time decisions, after seeing that both make the same ones."""
    problems = labeled_points(n_points, n_features, n)
    verdicts = ours(problems)
    if verdicts != highs(problems):
        raise AssertionError("the two disagree")
    return Case(
        f"separability of {n_points} points in {n_features} features",
        {"ours": lambda: ours(problems), "HiGHS": lambda: highs(problems)},
        units=n,
        unit="problem",
        repeats=3,
        notes={"separable": f"{sum(verdicts)} of {n}"},
    )


def manifolds(n_manifolds: int, n_samples: int, n_features: int, radius: float) -> list[np.ndarray]:
    """Gaussian clouds around Gaussian centers."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((n_manifolds, 1, n_features))
    return list(centers + radius * rng.standard_normal((n_manifolds, n_samples, n_features)))


def whole(shape: tuple[int, int, int], radius: float) -> Iterable[Case]:
    """Time whole analyses."""
    X = manifolds(*shape, radius)
    size = "P={}, M={}, N={}, radius {}".format(*shape, radius)
    for method in ("conic", "search"):
        model = DirectCapacity(method, random_state=0)
        case = Case(f"direct capacity, {method}, {size}", {"ours": lambda m=model: m.fit(X)})
        case.repeats, case.unit = 1, "analysis"
        yield case
    for name, estimator in (("joint", JointCapacity), ("mean-field", MeanFieldCapacity)):
        model = estimator(random_state=0)
        case = Case(f"{name} capacity, {size}", {"ours": lambda m=model: m.fit(X)})
        case.repeats, case.unit = 1, "analysis"
        yield case


def projections(n_manifolds: int, n_samples: int, n_features: int) -> Case:
    """Time joint capacity against its projections alone in SciPy."""
    X = manifolds(n_manifolds, n_samples, n_features, 0.5)
    samples, n_t, n_theirs = np.concatenate(X), 200, 10

    def theirs() -> None:
        rng = np.random.default_rng(0)
        for _ in range(n_theirs):
            y = np.repeat(rng.choice([-1, 1], n_manifolds), n_samples)
            nnls(samples.T * y, rng.standard_normal(n_features))

    return Case(
        f"joint capacity, {n_manifolds} x {n_samples} points in {n_features} features",
        {
            "ours": lambda: JointCapacity(center=False, n_t=n_t, random_state=0).fit(X),
            "SciPy's projections": theirs,
        },
        units=n_t,
        unit="draw",
        repeats=3,
        units_of={"SciPy's projections": n_theirs},
    )


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases, in small for a quick run."""
    if quick:
        yield separability(60, 30, 4)
        yield projections(10, 5, 50)
        yield from whole((10, 5, 50), 0.5)
        return
    yield separability(480, 240, 6)
    yield separability(480, 200, 6)
    yield separability(480, 280, 6)
    yield projections(50, 20, 400)
    yield from whole((128, 15, 4096), 0.3)
    yield from whole((128, 15, 4096), 1.0)


if __name__ == "__main__":
    main(__file__, cases)
