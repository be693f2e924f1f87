"""Networks in NWB files: a row for each stimulus, a column for each unit of a region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netrep_go._optional import optional

_MISSING = ("", "null", "nan", "None")  # what stands for no value, in the files of some


def read_nwb(file: str, inside: str) -> np.ndarray:
    """Return mean firing rates of units in the presentations of each stimulus.

    ``inside`` is table/columns/region: a table of intervals, the columns of it that tell stimuli
    apart with + between them, and where the units are. Without a region it is all of them. Stimuli
    are in ascending order; presentations without a value are left out.
    """
    table, columns, region = _parts(inside)
    pynwb = optional("pynwb", "nwb", "an NWB file")
    with pynwb.NWBHDF5IO(file, "r", load_namespaces=True) as io:
        session = io.read()
        trials = _of(_tables(session), table, "table of intervals").to_dataframe()
        units = session.units
        if units is None:
            raise ValueError("it has no units")
        spikes = [np.sort(units.get_unit_spike_times(k)) for k in _units_of(session, region)]
    edges = trials[["start_time", "stop_time"]].to_numpy()
    counts = [np.diff(np.searchsorted(times, edges), axis=1)[:, 0] for times in spikes]
    rates = np.stack(counts, axis=1) / np.diff(edges, axis=1)
    return np.stack([rates[rows].mean(axis=0) for rows in _stimuli(trials, columns)])


def _parts(inside: str) -> tuple[str, list[str], str | None]:
    """Take apart what is after the path."""
    table, *others = inside.split("/", 2)
    if not table or not others or not others[0]:
        raise ValueError(
            "name a table of intervals, its column of stimuli and a region, as in "
            f"path::natural_scenes_presentations/frame/VISp, got {inside!r}"
        )
    return table, others[0].split("+"), others[1] if len(others) > 1 else None


def _tables(session: Any) -> dict[str, Any]:
    own = {"trials": session.trials, "epochs": session.epochs}
    return dict(session.intervals or {}) | {k: x for k, x in own.items() if x is not None}


def _of(found: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in found:
        raise ValueError(f"it has no {what} {name!r}, but {', '.join(found) or 'none'}")
    return found[name]


def _units_of(session: Any, region: str | None) -> np.ndarray:
    """Return which units are in a region, by the electrode that sees most of each."""
    units = session.units
    if region is None:
        return np.arange(len(units))
    if "peak_channel_id" in units.colnames:  # of the Allen Institute
        places = session.electrodes.to_dataframe()["location"]
        found = np.asarray(places.loc[units["peak_channel_id"][:]], dtype=str)
    elif "electrodes" in units.colnames:
        found = np.array([str(x["location"].iloc[0]) for x in units["electrodes"]])
    else:
        raise ValueError("its units have neither peak_channel_id nor electrodes")
    _of(dict.fromkeys(np.unique(found)), region, "units in")
    return np.flatnonzero(found == region)


def _stimuli(trials: Any, columns: list[str]) -> list[np.ndarray]:
    """Return the presentations of each stimulus."""
    keys = [_numbers(_of(trials, column, "column")) for column in columns]
    return list(trials.groupby(keys, sort=True, dropna=True).indices.values())


def _numbers(values: Any) -> Any:
    """Return a column with NaN for what is missing, as numbers if it holds nothing else."""
    values = values.where(~values.astype(str).isin(_MISSING))
    try:
        return values.astype(float)
    except (TypeError, ValueError):
        return values
