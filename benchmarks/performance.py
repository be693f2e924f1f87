"""Every benchmark in which there is something to compare with, losses first.

What ours is compared with is a peer, another package or plain NumPy that does the same,
or a floor, the BLAS and LAPACK calls alone without which it cannot be done. limits.toml
says what limits ours, by the start of a row's name.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FLOORS = ("floor", "grams alone", "sorted alone")
# Candidates that are ours, too, in another way.
OTHER_WAYS = (
    "all eigenvalues", "all pairs anew", "float64", "floor by eigenvectors", "in memory",
    "nested fit", "streaming", "the same with predictions",
)  # fmt: skip


@dataclass
class Comparison:
    """A row of a benchmark: times in milliseconds per unit."""

    script: str
    case: str
    unit: str
    ours: float
    peers: dict[str, float]
    floor: float | None
    limit: str

    @property
    def nearest(self) -> float | None:
        """Time of the fastest peer over ours."""
        return min(self.peers.values()) / self.ours if self.peers else None

    @property
    def of_floor(self) -> float | None:
        """Time of the floor over ours."""
        return self.floor / self.ours if self.floor else None


def comparisons() -> list[Comparison]:
    """Return the rows of all benchmarks, lost ones first."""
    limits = tomllib.loads((HERE / "limits.toml").read_text())
    rows = [row for path in sorted((HERE / "results").glob("*.json")) for row in _of(path, limits)]
    return sorted(rows, key=_order)


def _order(row: Comparison) -> tuple[float, float]:
    """Sort by the nearest peer, those without one by the floor at the end."""
    return row.nearest or float("inf"), row.of_floor or 1


def _of(path: Path, limits: dict[str, dict[str, str]]) -> Iterator[Comparison]:
    known = limits.get(path.stem, {})
    for row in json.loads(path.read_text())["rows"]:
        times = {name[:-5]: ms for name, ms in row.items() if name.endswith(" (ms)")}
        ours = times.pop("ours", None)
        floor = next((times[name] for name in FLOORS if name in times), None)
        peers = {name: ms for name, ms in times.items() if name not in FLOORS + OTHER_WAYS}
        if ours is None or not (peers or floor):
            continue
        starts = [start for start in known if row["case"].startswith(start)]
        limit = known[max(starts, key=len)] if starts else ""
        yield Comparison(path.stem, row["case"], row["unit"], ours, peers, floor, limit)


def tables() -> dict[str, list[list[str]]]:
    """Return the tables of the documentation, each of lines with their heads first."""
    found = {"performance": _compared()}
    for name, script, key in (
        ("speedups", "bench_scaling_16_cores", "size"),
        ("exponents", "bench_scaling", "around"),
        ("overhead", "bench_scaling", "2 workers (ms)"),
    ):
        rows = json.loads((HERE / "results" / f"{script}.json").read_text())["rows"]
        rows = [row for row in rows if key in row]
        found[name] = [list(rows[0]), *([str(v) for v in row.values()] for row in rows)]
    return found


def _compared() -> list[list[str]]:
    lines = [["case", "ours", "peer", "peer / ours", "floor / ours", "what limits it"]]
    for row in comparisons():
        peers = [f"{name} {_time(ms)}" for name, ms in row.peers.items()]
        ratios = [f"{ms / row.ours:.3g}" for ms in row.peers.values()]
        ours = f"{_time(row.ours)} a {row.unit}"
        floor = "" if row.of_floor is None else f"{row.of_floor:.2f}"
        lines.append([row.case, ours, "; ".join(peers), "; ".join(ratios), floor, row.limit])
    return lines


def _time(ms: float) -> str:
    if ms >= 1:
        return f"{ms / 1e3:.3g} s" if ms >= 1e3 else f"{ms:.3g} ms"
    return f"{1e3 * ms:.3g} µs"
