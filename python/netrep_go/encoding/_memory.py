"""What a fit takes of memory, from shapes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from netrep_go._machine import free_memory
from netrep_go._results import Result
from netrep_go.encoding._blocks import BLOCK
from netrep_go.encoding._design import COMPONENTS

_DOUBLE = 8  # bytes


@dataclass(frozen=True)
class Sizes:
    """The shapes of a fit, and what of its options takes memory."""

    n_samples: int
    n_features: Sequence[int]
    n_targets: int
    n_options: int
    n_folds: int
    largest_training: int
    missing: bool
    regression: str
    compressed: bool
    transformed: bool
    with_coef: bool
    n_jobs: int


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class MemoryEstimate(Result):
    """Bytes that a fit takes beside X and Y, as far as shapes tell.

    Attributes
    ----------
    copies : int
        Centered targets, and features on the root of their covariance.
    products : int
        Products of all samples.
    folds : int
        Factors and temporaries of folds that are computed at the same time.
    results : int
        Predictions, scores and weights.
    """

    copies: int
    products: int
    folds: int
    results: int

    @property
    def total(self) -> int:
        """The sum of all."""
        return self.copies + self.products + self.folds + self.results


def estimate(sizes: Sizes) -> MemoryEstimate:
    """Return what a fit takes."""
    n, q, layers = sizes.n_samples, sizes.n_targets, len(sizes.n_features)
    m = sizes.largest_training
    wide = max(sizes.n_features)
    dual = [p for p in sizes.n_features if _is_dual(sizes, p, m)]
    copied = n * sum(sizes.n_features) if sizes.transformed else 0
    copies = copied + n * q * (2 if sizes.missing else 1)
    worker = max(_worker(sizes, p) for p in sizes.n_features) + 3 * BLOCK
    held_out = 2 * layers * (n // max(sizes.n_folds, 1) + 1) * q if sizes.n_folds else 0
    results = (layers + 1) * (sizes.n_folds + 1) * q + 2 * layers * sizes.n_options * q
    results += n * q if sizes.n_folds else 0
    results += sum(min(p, n) * q for p in sizes.n_features) if layers == 1 else max(n, wide) * q
    results += (sum(sizes.n_features) + wide) * q if sizes.with_coef else 0
    samples = n * wide if dual else 0  # that new ones are compared with, once folds are done
    return MemoryEstimate(
        copies=_DOUBLE * copies,
        products=_DOUBLE * len(dual) * n * n,
        folds=_DOUBLE * max(sizes.n_jobs * worker + held_out, samples),
        results=_DOUBLE * results,
    )


def _is_dual(sizes: Sizes, p: int, n_train: int) -> bool:
    if sizes.regression == "banded":
        return True
    return sizes.regression == "ridge" and not sizes.compressed and p > n_train // 2


def _worker(sizes: Sizes, p: int) -> int:
    """Return the numbers that one fold takes while it is computed."""
    m, q = sizes.largest_training, sizes.n_targets
    kept = min(COMPONENTS, p) if sizes.compressed else p
    rank = min(m, kept)
    if sizes.regression == "banded":
        return (2 * len(sizes.n_features) + 4) * m * m + 4 * sizes.n_options * m * min(q, 1000)
    if _is_dual(sizes, p, m):
        return 4 * m * m
    numbers = 3 * m * kept + (m * p if sizes.compressed else 0) + 2 * rank * (m + kept)
    if sizes.regression == "lasso":
        return numbers + kept * kept + (sizes.n_options + 1) * kept * q
    if sizes.regression == "pls":
        return numbers + 4 * m * q
    return numbers + 2 * kept * kept


def check_memory(sizes: Sizes, limit: int | None) -> None:
    """Raise if a fit takes more than a limit, or than is free, and say what takes less."""
    allowed = free_memory() if limit is None else limit
    found = estimate(sizes)
    if allowed is None or found.total <= allowed:
        return
    whose = "are free" if limit is None else "memory_limit allows"
    raise MemoryError(
        f"the fit needs about {_text(found.total)} beside X and Y, but {_text(allowed)} {whose}: "
        f"{_remedy(sizes, allowed)}"
    )


def _remedy(sizes: Sizes, allowed: int) -> str:
    """Return the first option that makes a fit small enough."""
    options: Mapping[str, dict[str, Any]] = {
        "n_jobs=1": {"n_jobs": 1},
        "with_coef=False": {"with_coef": False},
        "compression='projection'": {"compressed": True},
        "n_jobs=1 and compression='projection'": {"n_jobs": 1, "compressed": True},
    }
    for option, changes in options.items():
        smaller = replace(sizes, **changes)
        if smaller != sizes and estimate(smaller).total <= allowed:
            return f"{option} takes {_text(estimate(smaller).total)}"
    few = sizes.n_targets
    while few > 1 and estimate(replace(sizes, n_targets=few)).total > allowed:
        few //= 2
    needed = estimate(replace(sizes, n_targets=few)).total
    if needed <= allowed:
        return f"a fit of {few} targets at a time takes {_text(needed)}"
    return "use fewer samples, or compress features before"


def _text(size: int) -> str:
    return f"{size / 2**30:.2f} GiB" if size >= 2**28 else f"{size / 2**20:.1f} MiB"
