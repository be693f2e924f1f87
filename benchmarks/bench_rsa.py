"""RDMs, their comparison, bootstrap and permutation against rsatoolbox, on random data."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable

import numpy as np
from harness import Case, main, peer
from scipy.linalg import blas, lapack

from netrep_go.rsa import (
    NoiseNormalizer,
    compare,
    evaluate,
    noise_ceiling,
    permutation_test,
    rdm,
    time_resolved,
)

rsatoolbox = peer("rsatoolbox")

METHODS = {"pearson": "corr"}


def quietly(run: Callable[[], object]) -> Callable[[], object]:
    """Return the run without its progress bar."""

    def silent() -> object:
        with contextlib.redirect_stderr(io.StringIO()):
            return run()

    return silent


def rdm_cases(n_sets: int, n_conditions: int, n_features: int) -> Iterable[Case]:
    """Yield RDMs of many data sets; the floor is the product of each with itself alone."""
    data = np.random.default_rng(0).random((n_sets, n_conditions, n_features))
    for method, theirs in (("correlation", "correlation"), ("sqeuclidean", "euclidean")):
        candidates: dict[str, Callable[[], object]] = {
            "ours": lambda method=method: rdm(data, method),
            "floor": lambda: [x @ x.T for x in data],
        }
        if rsatoolbox is not None:
            sets = [rsatoolbox.data.Dataset(x) for x in data]
            candidates["rsatoolbox"] = lambda theirs=theirs, sets=sets: rsatoolbox.rdm.calc_rdm(
                sets, theirs
            )
        name = f"{n_sets} RDMs, {method}, {n_conditions} x {n_features}"
        yield Case(name, candidates, n_sets, "RDM", repeats=20)


def compare_cases(n_rdms: int, n_conditions: int) -> Iterable[Case]:
    """Yield comparisons of all RDMs with all."""
    x = np.random.default_rng(0).random((n_rdms, n_conditions * (n_conditions - 1) // 2))
    for method in ("spearman", "pearson", "tau-a", "corr_cov"):
        candidates: dict[str, Callable[[], object]] = {
            "ours": lambda method=method: compare(x, method=method)
        }
        if rsatoolbox is not None:
            rdms, theirs = rsatoolbox.rdm.RDMs(x), METHODS.get(method, method)
            candidates["rsatoolbox"] = lambda theirs=theirs, rdms=rdms: rsatoolbox.rdm.compare(
                rdms, rdms, method=theirs
            )
        yield Case(f"{n_rdms} x {n_rdms} RDMs of {n_conditions}, {method}", candidates, repeats=10)


def bootstrap_cases(n_draws: int, quick: bool) -> Iterable[Case]:
    """Yield bootstraps over 92 conditions with noise ceiling; rsatoolbox does fewer draws."""
    n_conditions = 20 if quick else 92
    rng = np.random.default_rng(0)
    pairs = n_conditions * (n_conditions - 1) // 2
    models, subjects = rng.random((7, pairs)), rng.random((12, pairs))
    settings = [("spearman", n_draws, 10), ("cosine", n_draws, 50), ("tau-a", n_draws // 100, 3)]
    for method, ours, theirs in settings:
        candidates: dict[str, Callable[[], object]] = {
            "ours": lambda method=method, n=ours: evaluate(
                models, subjects, method, resample="conditions", n_bootstraps=n, random_state=0
            )
        }
        if rsatoolbox is not None:
            candidates["rsatoolbox"] = their_bootstrap(models, subjects, method, theirs)
        name = f"bootstrap of {n_conditions} conditions, 7 models x 12 RDMs, {method}"
        yield Case(
            name,
            candidates,
            ours,
            "draw",
            repeats=2,
            notes={"draws": ours},
            units_of={"rsatoolbox": theirs},
        )


def their_bootstrap(
    models: np.ndarray, subjects: np.ndarray, method: str, n_draws: int
) -> Callable[[], object]:
    """Return rsatoolbox's bootstrap."""
    fixed = [
        rsatoolbox.model.ModelFixed(f"{k}", rsatoolbox.rdm.RDMs(x)) for k, x in enumerate(models)
    ]
    data = rsatoolbox.rdm.RDMs(subjects)
    return quietly(
        lambda: rsatoolbox.inference.eval_bootstrap_pattern(fixed, data, method=method, N=n_draws)
    )


def inference_cases(n_conditions: int) -> Iterable[Case]:
    """Yield what has no peer: permutations; and noise ceilings."""
    pairs = n_conditions * (n_conditions - 1) // 2
    rng = np.random.default_rng(0)
    models, subjects = rng.random((7, pairs)), rng.random((12, pairs))
    candidates: dict[str, Callable[[], object]] = {"ours": lambda: noise_ceiling(subjects)}
    if rsatoolbox is not None:
        data = rsatoolbox.rdm.RDMs(subjects)
        candidates["rsatoolbox"] = lambda: rsatoolbox.inference.boot_noise_ceiling(data, "spearman")
    yield Case(f"noise ceiling of 12 RDMs of {n_conditions}, spearman", candidates)
    ours = {"ours": lambda: permutation_test(models, subjects, random_state=0)}
    name = f"9,999 permutations of {n_conditions} conditions, 7 models x 12 RDMs"
    yield Case(name, ours, 9999, "permutation", repeats=3)


def time_cases(n_times: int, n_sensors: int, n_conditions: int, n_folds: int) -> Iterable[Case]:
    """Yield cross-validated time courses; the floor is the products of each time alone."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n_conditions * n_folds, n_sensors, n_times))
    model = rng.random(n_conditions * (n_conditions - 1) // 2)
    design = {
        "metric": "crossnobis",
        "conditions": np.tile(np.arange(n_conditions), n_folds),
        "folds": np.repeat(np.arange(n_folds), n_conditions),
    }
    by_time = np.ascontiguousarray(np.moveaxis(x, 2, 0))
    for whitened, options in (
        ("white noise", {}),
        ("noise of each time", {"noise": NoiseNormalizer()}),
        ("noise of all times", {"noise": NoiseNormalizer(), "noise_from": "pooled"}),
    ):
        candidates: dict[str, Callable[[], object]] = {
            "ours": lambda options=options: time_resolved(x, model, **design, **options),
            "floor": lambda options=options: [
                products(responses, n_folds, bool(options)) for responses in by_time
            ],
        }
        name = f"crossnobis of {n_times} times x {n_sensors} sensors x {n_conditions} conditions"
        yield Case(f"{name} x {n_folds} folds, {whitened}", candidates, n_times, "RDM", repeats=3)


def products(x: np.ndarray, n_folds: int, whiten: bool) -> None:
    """Make the products of a cross-validated RDM: those of folds, of their sum, of the noise."""
    if whiten:
        factor, _ = lapack.dpotrf(blas.dsyrk(1.0, x.T))
        x = blas.dtrsm(1.0, factor, x.T, trans_a=1).T
    folds = x.reshape(n_folds, -1, x.shape[1])
    for fold in (*folds, folds.sum(axis=0)):
        blas.dsyrk(1.0, fold.T, trans=1)


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    yield from rdm_cases(3 if quick else 20, 92, 200 if quick else 2000)
    if not quick:
        yield from rdm_cases(1, 1000, 2000)
    yield from compare_cases(4 if quick else 20, 30 if quick else 92)
    yield from bootstrap_cases(200 if quick else 10_000, quick)
    yield from inference_cases(20 if quick else 92)
    yield from time_cases(*((20, 30, 12, 4) if quick else (500, 300, 60, 8)))


if __name__ == "__main__":
    main(__file__, cases)
