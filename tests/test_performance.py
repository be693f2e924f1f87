"""The page on performance, made from the results of the benchmarks."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PERFORMANCE = runpy.run_path(str(BENCHMARKS / "performance.py"))


@pytest.fixture(scope="module")
def rows() -> list:
    """All rows."""
    return PERFORMANCE["comparisons"]()


def test_rows_where_a_peer_is_faster_come_first(rows: list) -> None:
    nearest = [row.nearest for row in rows if row.peers]
    assert nearest == sorted(nearest)
    assert [bool(row.peers) for row in rows] == sorted((bool(row.peers) for row in rows), reverse=1)


def test_each_row_says_what_limits_it(rows: list) -> None:
    assert not [(row.script, row.case) for row in rows if not row.limit]


def test_no_limit_is_of_a_row_that_there_is_not(rows: list) -> None:
    known = tomllib.loads((BENCHMARKS / "limits.toml").read_text())
    for script, limits in known.items():
        cases = [row.case for row in rows if row.script == script]
        assert not [s for s in limits if not any(case.startswith(s) for case in cases)], script


def test_tables_are_rectangular() -> None:
    for name, lines in PERFORMANCE["tables"]().items():
        assert len(lines) > 2, name
        assert {len(line) for line in lines} == {len(lines[0])}, name
