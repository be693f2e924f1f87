"""Fair timing: candidates take turns in one process, and minima are compared.

A benchmark script lists cases; each case is a name and a dictionary of
candidates, functions without arguments. ``main`` runs them, prints a table, and
writes JSON that ``render.py`` turns into RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from netrep_go._versions import versions

RESULTS = Path(__file__).parent / "results"


@dataclass
class Case:
    """One thing to time: ``ours`` against other candidates.

    ``units`` is how many times the work of one unit (a pair, a draw) a run does, and
    ``units_of`` the same for candidates that do less, because they are slow.
    """

    name: str
    candidates: dict[str, Callable[[], object]]
    units: int = 1
    unit: str = "run"
    repeats: int = 5
    notes: dict[str, object] = field(default_factory=dict)
    units_of: dict[str, int] = field(default_factory=dict)


def minima(case: Case) -> dict[str, float]:
    """Return the shortest time of each candidate, in seconds, taken in turns."""
    best = dict.fromkeys(case.candidates, float("inf"))
    for _ in range(case.repeats):
        for name, run in case.candidates.items():
            if min(best.values()) > 0.02:
                time.sleep(0.3)  # the idle BLAS threads of the last one spin for a while
            start = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def report(case: Case) -> dict[str, object]:
    """Time a case and return its row."""
    best = {name: s / case.units_of.get(name, case.units) for name, s in minima(case).items()}
    row: dict[str, object] = {"case": case.name, "unit": case.unit}
    for name, seconds in best.items():
        row[f"{name} (ms)"] = round(1e3 * seconds, 4)
    for name, seconds in best.items():
        if name != "ours":
            row[f"{name} / ours"] = round(seconds / best["ours"], 2)
    return row | case.notes


def main(
    script: str,
    cases: Callable[[bool], Iterable[Case]],
    extra: Iterable[Callable[[], dict[str, object] | Iterable[dict[str, object]]]] = (),
) -> None:
    """Run the cases of a script; ``--quick`` asks it for small ones.

    ``extra`` are functions that measure something else than time in turns and
    return a row, or yield several.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="small cases only")
    parser.add_argument("--only", default="", help="run cases whose name has this")
    options = parser.parse_args()
    rows = []
    for case in cases(options.quick):
        if options.only in case.name:
            rows.append(report(case))
            print(json.dumps(rows[-1]), flush=True)
    if not options.quick:
        for measure in extra:
            if options.only in measure.__name__:
                found = measure()
                for row in [found] if isinstance(found, dict) else found:
                    rows.append(row)
                    print(json.dumps(row), flush=True)
    if not (options.quick or options.only):
        RESULTS.mkdir(exist_ok=True)
        told = {name: v for name, v in versions().items() if name != "platform"}
        document = {"versions": told, "rows": rows}
        document["command"] = f"python benchmarks/{Path(script).name}"
        path = RESULTS / f"{Path(script).stem}.json"
        path.write_text(json.dumps(document, indent=1) + "\n")


def peer(module: str) -> object | None:
    """Import a peer, or say on standard error that it is left out."""
    try:
        return __import__(module, fromlist=["_"])
    except ImportError:
        print(f"{module} cannot be imported: left out", file=sys.stderr)
        return None
