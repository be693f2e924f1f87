"""Distances of some networks to others, for those who choose which pairs are worth it."""

from __future__ import annotations

from typing import Any

import numpy as np

from netrep_go._cohort import Cohorts, aligned
from netrep_go.metrics import Measure
from netrep_go.metrics._adapted import measure_of
from netrep_go.metrics._measure import check_distance
from netrep_go.multiset._sources import Source

_IN_MEMORY = 256  # networks beside those of the rows


def as_distance(metric: Any, where: str) -> Measure:
    """Return a measure; raise unless it is a distance that is the same in both directions."""
    measure = measure_of(metric, "metric")
    check_distance(measure, where)
    if not measure.properties.symmetric:
        raise ValueError(
            f"{where} needs a symmetric distance, and nothing says that the measure {measure!r} is "
            "one: "
            "declare it, as_measure(..., symmetric=True)"
        )
    return measure


def measured(
    measure: Measure, rows: list[Source], columns: list[Source] | None, n_jobs: int | None
) -> np.ndarray:
    """Return distances from rows to columns, or between all rows; raise if one is undefined.

    In memory are the rows and some of the columns at a time.
    """
    if columns is None:
        return _at_once(measure, rows, [], n_jobs)
    parts = [columns[k : k + _IN_MEMORY] for k in range(0, len(columns), _IN_MEMORY)]
    return np.hstack([_at_once(measure, rows, part, n_jobs) for part in parts])


def _at_once(
    measure: Measure, rows: list[Source], columns: list[Source], n_jobs: int | None
) -> np.ndarray:
    networks = [(source.name, source.load()) for source in rows + columns]
    cohorts = Cohorts(networks, None, len(rows) if columns else 0)
    D, _ = measure._measure_cohorts(aligned(cohorts), np.float64, n_jobs, False)
    if not np.isfinite(D).all():
        i, j = np.argwhere(~np.isfinite(D))[0]
        other = (columns or rows)[j].name
        raise ValueError(f"{rows[i].name} and {other}: their distance is {D[i, j]}")
    return D
