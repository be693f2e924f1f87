"""Tests over subjects in noise, and intervals: the tables in docs/inference.rst and statistics.rst.

    python benchmarks/validity.py [MAPS]

Each row is MAPS maps, or groups of RDMs, without an effect; each number the share in which anything
has a corrected p value of at most 0.05. Of intervals of 0.95 it is the share that holds the truth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import ndimage

from netrep_go.rsa import cluster_test, compare, compare_groups, evaluate, rdm

CORRECTIONS = ("cluster", "tfce", "max", "fdr")
SIDE, DRAWS, FDR_DRAWS = 12, 199, 1999
Numbers = Callable[[tuple[int, ...]], np.ndarray]


def smooth(draw: Numbers, n: int, spread: float = 1.0) -> np.ndarray:
    """Return smooth maps of n subjects."""
    noise = draw((n, SIDE, SIDE))
    return spread * ndimage.gaussian_filter(noise, (0, 1, 1))


def maps(rng: np.random.Generator) -> Iterator[tuple[str, Callable[[], tuple], dict[str, Any]]]:
    """Yield what is tested, how its scores are drawn, and the options of the test."""
    normal = rng.standard_normal

    def skewed(shape: tuple[int, ...]) -> np.ndarray:
        return rng.exponential(size=shape) - 1

    yield "one sample of 16", lambda: (smooth(normal, 16),), {}
    yield "one sample of 6 (no p between 0.031 and 0.062)", lambda: (smooth(normal, 6),), {}
    yield "one sample of 16, exponential", lambda: (smooth(skewed, 16),), {}
    pairs = {"paired": True}
    yield "10 pairs", lambda: (smooth(normal, 10), smooth(normal, 10)), pairs
    yield (
        "10 pairs, spread doubled in one",
        lambda: (
            smooth(normal, 10),
            smooth(normal, 10, 2),
        ),
        pairs,
    )
    for n, m in ((8, 8), (5, 12), (12, 30)):
        for one, two in ((1, 1), (2, 1), (1, 2)):
            if (n, one) == (8, 2):
                continue
            wide = "one" if n == m else f"the {n if one > two else m}"
            spread = "" if one == two else f", spread of {wide} doubled"

            def draw(n: int = n, m: int = m, one: int = one, two: int = two) -> tuple:
                return smooth(normal, n, one), smooth(normal, m, two)

            for equal in (False, True):
                kind = ", equal_var" if equal else ""
                yield f"groups of {n} and {m}{spread}{kind}", draw, {"equal_var": equal}


def shares_of_maps(n_maps: int) -> Iterator[tuple[str, ...]]:
    """Yield rows of the table of maps."""
    rng = np.random.default_rng(0)
    for name, draw, options in maps(rng):
        found = np.zeros(len(CORRECTIONS))
        for _ in range(n_maps):
            scores, seed = draw(), int(rng.integers(2**31))
            for k, correction in enumerate(CORRECTIONS):
                result = cluster_test(
                    *scores,
                    correction=correction,
                    alternative="two-sided",
                    n_permutations=FDR_DRAWS if correction == "fdr" else DRAWS,
                    random_state=seed,
                    n_jobs=1,
                    **options,
                )
                found[k] += result.significant().any()
        yield name, *(f"{share:.3f}" for share in found / n_maps)


def shares_of_rdms(n_maps: int) -> Iterator[tuple[str, ...]]:
    """Yield rows of the table of groups of RDMs of 8 conditions, correlation of 40 voxels."""
    rng = np.random.default_rng(1)
    patterns = rng.standard_normal((8, 40))
    for n, m, one, two in ((8, 8, 1, 1), (5, 12, 1, 1), (5, 12, 2, 1), (5, 12, 1, 2)):
        spread = "" if one == two else f", noise of the {n if one > two else m} doubled"
        for metric in ("correlation", "crossnobis"):
            found = np.zeros(2)
            for _ in range(n_maps):
                rdms = [measured(rng, patterns, k, s, metric) for k, s in ((n, one), (m, two))]
                result = compare_groups(
                    *rdms, n_permutations=DRAWS, random_state=int(rng.integers(2**31))
                )
                found += result.pvalue <= 0.05, (result.pvalue_corrected <= 0.05).any()
            name = f"groups of {n} and {m}{spread}, {metric}"
            yield name, *(f"{share:.3f}" for share in found / n_maps)


def measured(
    rng: np.random.Generator, patterns: np.ndarray, n: int, spread: float, metric: str
) -> np.ndarray:
    """Return RDMs of n subjects that share patterns, each measured in 4 runs."""
    runs = patterns + spread * rng.standard_normal((n, 4, *patterns.shape))
    if metric == "correlation":
        return rdm(runs.mean(axis=1))
    flat = runs.reshape(n, -1, patterns.shape[1])
    conditions, folds = np.tile(np.arange(8), 4), np.repeat(np.arange(4), 8)
    return rdm(flat, metric, conditions=conditions, folds=folds)


def coverages(n_maps: int) -> Iterator[tuple[str, ...]]:
    """Yield rows of the table of intervals, of a model that shares half of what is measured."""
    rng = np.random.default_rng(2)

    def study(n: int, m: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
        """Draw n conditions: the RDM of the model, and those of m subjects."""
        model, rest = rng.standard_normal((2, n, 10))
        return rdm(model), rdm(model + rest + noise * rng.standard_normal((m, n, 10)))

    for noise, m, resample in ((0, 1, "conditions"), (2, 1, "conditions"), (2, 6, "both")):
        many = [compare(*study(1000, 1, noise)[::-1]) for _ in range(5)]
        for n in (8, 20, 40):
            draw = partial(study, n, m, noise)
            yield (
                f"{n} conditions, subjects: {m}, noise: {noise}",
                *_coverage(draw, np.mean(many), resample, n_maps),
            )
    model, everybody = study(8, 10_000, 2)
    truth = compare(everybody, model).mean()
    for m in (4, 8, 16):

        def draw_subjects(m: int = m) -> tuple[np.ndarray, np.ndarray]:
            return model, rng.choice(everybody, m, replace=False)

        name = f"8 conditions, subjects: {m}, noise: 2"
        yield name, *_coverage(draw_subjects, truth, "subjects", n_maps)


def _coverage(
    draw: Callable[[], tuple], truth: float, resample: str, n_maps: int
) -> tuple[str, str]:
    """Return what is resampled, and the share of intervals that hold the truth."""
    held = 0
    for k in range(n_maps):
        found = evaluate(*draw(), resample=resample, n_bootstraps=DRAWS, random_state=k)
        low, high = found.interval()
        held += low[0] < truth < high[0]
    return resample, f"{held / n_maps:.3f}"


def table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Print rows as a table of reStructuredText."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    text = ["  ".join(x.ljust(w) for x, w in zip(line, widths, strict=True)) for line in lines]
    print("\n".join([rule, text[0].rstrip(), rule, *(t.rstrip() for t in text[1:]), rule, ""]))


if __name__ == "__main__":
    n_maps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    table(("maps", *CORRECTIONS), shares_of_maps(n_maps))
    table(("RDMs", "overall", "pairs"), shares_of_rdms(n_maps))
    table(("intervals of evaluate", "resample", "hold"), coverages(n_maps))
