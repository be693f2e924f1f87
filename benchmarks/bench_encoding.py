"""Nested ridge against scikit-learn, himalaya and the BLAS and LAPACK calls that it needs.

Also regressions from moments against the same with predictions, permutations against fits,
and the peak memory of a child process beyond X and Y.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main, peer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_validate

from netrep_go._jobs import in_threads
from netrep_go.encoding import EncodingModel, permutation_test

himalaya = peer("himalaya")

ALPHAS = np.logspace(0, 6, 20)
MODEL = EncodingModel(alphas=ALPHAS, refit=False)  # what the peers do in an outer loop


def data(n: int, p: int, q: int) -> tuple[np.ndarray, np.ndarray]:
    """Responses that are half noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    return X, X @ rng.standard_normal((p, q)) / np.sqrt(p) + rng.standard_normal((n, q))


def floor(X: np.ndarray, Y: np.ndarray) -> Callable[[], None]:
    """Return what calls BLAS and LAPACK as a nested dual ridge must, and nothing else."""

    def fold(task: tuple[np.ndarray, np.ndarray, bool]) -> None:
        train, test, choose = task
        values, vectors = np.linalg.eigh(gram[np.ix_(train, train)])
        a = gram[np.ix_(test, train)] @ vectors
        b = vectors.T @ Y[train]
        if choose:
            a.T @ Y[test]
        for alpha in ALPHAS if choose else ALPHAS[:1]:
            (a / (values + alpha)) @ b

    def tasks() -> Iterable[tuple[np.ndarray, np.ndarray, bool]]:
        for train, test in KFold(5).split(X):
            yield from ((train[a], train[b], True) for a, b in KFold(5).split(train))
            yield train, test, False

    gram = X @ X.T
    return lambda: [None for _ in in_threads(fold, tasks(), None)]  # type: ignore[return-value]


def grid_search(X: np.ndarray, Y: np.ndarray) -> Callable[[], object]:
    """Return scikit-learn's nested cross-validation."""
    return lambda: cross_validate(GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=5), X, Y, cv=5)


def himalayas(X: np.ndarray, Y: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return himalaya's estimators in an outer loop, or nothing."""
    if himalaya is None:
        return {}
    from himalaya.kernel_ridge import KernelRidgeCV
    from himalaya.ridge import RidgeCV

    def run(estimator: object) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # RidgeCV warns that KernelRidgeCV is faster
            for train, test in KFold(5).split(X):
                x, y = X[train].mean(axis=0), Y[train].mean(axis=0)
                estimator.fit(X[train] - x, Y[train] - y)  # type: ignore[attr-defined]
                estimator.predict(X[test] - x)  # type: ignore[attr-defined]

    return {
        "himalaya RidgeCV": lambda: run(RidgeCV(ALPHAS, cv=5)),
        "himalaya KernelRidgeCV": lambda: run(KernelRidgeCV(ALPHAS, kernel="linear", cv=5)),
    }


def with_predictions(X: np.ndarray, Y: np.ndarray) -> Callable[[], None]:
    """Return one cross-validation of a primal ridge that predicts for every penalty."""

    def fold(rows: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        train, test = rows
        x, y = X[train].mean(axis=0), Y[train].mean(axis=0)
        z, t = X[train] - x, Y[test] - y
        values, vectors = np.linalg.eigh(z.T @ z)
        b = vectors.T @ (z.T @ (Y[train] - y))
        a = (X[test] - x) @ vectors
        errors = [((a / (values + alpha)) @ b - t) for alpha in ALPHAS]
        return np.stack([np.einsum("ij,ij->j", e, e) for e in errors])

    return lambda: [None for _ in in_threads(fold, KFold(5).split(X), None)]  # type: ignore


_CHILD = """
import numpy as np
from netrep_go.encoding import EncodingModel

def status(name):
    # Not ru_maxrss, which starts from the parent's.
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

rng = np.random.default_rng(0)
EncodingModel().fit(rng.standard_normal((40, 60)), rng.standard_normal((40, 60)))
X, Y = rng.standard_normal((2, 1000, 2000))
base = status("VmRSS")
EncodingModel().fit(X, Y)
print((status("VmHWM") - base) * 1024 / (X.nbytes + Y.nbytes))
"""


def memory() -> dict[str, object]:
    """Peak memory of a fit in a child process, in units of X and Y.

    glibc keeps what is freed in a heap of each thread; it does not for what it has mapped, here
    all above 1 MB, so that the second number is of what is held at a time.
    """
    mapped = os.environ | {"MALLOC_MMAP_THRESHOLD_": "1000000"}
    used, held = (
        round(float(subprocess.check_output([sys.executable, "-c", _CHILD], env=env)), 2)
        for env in (None, mapped)
    )
    return {
        "case": "peak memory beside X and Y, 1000 samples, 2000 features, 2000 targets",
        "nested fit and last fit: times X and Y": used,
        "the same where freed memory goes back: times X and Y": held,
    }


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    n, p, q = (100, 200, 150) if quick else (1000, 2000, 2000)
    X, Y = data(n, p, q)
    shape = f"{n} samples, {p} features, {q} targets"
    yield Case(
        f"nested 5 x 5 ridge, 20 penalties, {shape}",
        {
            "ours": lambda: MODEL.fit(X, Y),
            "floor": floor(X, Y),
            "GridSearchCV": grid_search(X, Y),
            **himalayas(X, Y),
        },
        unit="fit",
        repeats=2,
    )
    model = EncodingModel(alphas=ALPHAS, refit=False).fit(X, Y)
    yield Case(
        f"100 permutations, {shape}",
        {
            "ours": lambda: permutation_test(model, X, Y, n_permutations=100),
            "nested fit": lambda: MODEL.fit(X, Y),
        },
        unit="test",
        repeats=2,
    )
    n, p, q = (400, 20, 100) if quick else (4000, 200, 1000)
    tall, responses = data(n, p, q)
    once = EncodingModel(alphas=ALPHAS, outer_cv=None)
    yield Case(
        f"choice of 20 penalties by 5 folds, {n} samples, {p} features, {q} targets",
        {
            "ours": lambda: once.fit(tall, responses),
            "the same with predictions": with_predictions(tall, responses),
        },
        unit="fit",
        repeats=3,
    )


if __name__ == "__main__":
    main(__file__, cases, extra=[memory])
