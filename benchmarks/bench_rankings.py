"""Which measures say what is known of small networks, and how long it takes to find that out.

Not a race: scores of measures, with standard errors over seeds, of
``netrep_go.inference.benchmark_measures`` with its defaults. ``--quick`` has few seeds, and prints
only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

import matplotlib

matplotlib.use("Agg")

from harness import RESULTS, Case, main

from netrep_go.inference import MeasureBenchmark, benchmark_measures


def rankings() -> Iterable[dict[str, object]]:
    """Return the time, what is concluded of each test, and the scores of each measure."""
    start = time.perf_counter()
    found = benchmark_measures(n_jobs=2, verbose=False)
    seconds = time.perf_counter() - start
    found.plot().figure_.savefig(RESULTS / "bench_rankings.png", dpi=200)
    yield {"case": "all measures", "seeds": found.n_seeds, "seconds": round(seconds, 1)}
    yield from ({"conclusion": sentence} for sentence in found.conclusions())
    yield from scores(found)


def scores(found: MeasureBenchmark) -> Iterable[dict[str, object]]:
    """Yield a row for each measure, the best first: its mean rank, and each test's score."""
    ranking, main_rows = found.ranking(), {}
    for row, (test, quality) in enumerate(found.tests):
        main_rows.setdefault(test, (row, quality))
    for name, mean_rank in ranking["mean_rank"].items():
        k = found.measures.index(name)
        columns = {
            f"{test} ({quality})": f"{found.score[row, k]:.2f} ± {found.se[row, k]:.2f}"
            for test, (row, quality) in main_rows.items()
        }
        yield {"measure": name, "mean rank": round(float(mean_rank), 1), **columns}


def no_cases(quick: bool) -> Iterable[Case]:
    """Print a ranking of a few measures and seeds, if that is all that is asked for."""
    if quick:
        few = benchmark_measures(["cka", "procrustes", "svcca"], n_seeds=5, verbose=False)
        print(*few.conclusions(), sep="\n", file=sys.stderr)
    return []


if __name__ == "__main__":
    main(__file__, no_cases, [rankings])
