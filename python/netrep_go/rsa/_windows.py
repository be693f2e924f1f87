"""RDMs of windows of time: the design of the observations, and the noise between sensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from netrep_go import _native
from netrep_go._jobs import progress_bar
from netrep_go._names import Name, holds_arrays
from netrep_go._shown import shown
from netrep_go._sizes import check_not_lost
from netrep_go._time_course import as_subjects, given_by_subject, sample_times, windows
from netrep_go._validation import as_codes, check_integer, check_number
from netrep_go.rsa._condensed import check_n_conditions
from netrep_go.rsa._data_sets import DataSets
from netrep_go.rsa._local import (
    NONE,
    Design,
    as_estimator,
    check_independent,
    check_repeated,
    estimate_inputs,
)
from netrep_go.rsa._noise import NoiseNormalizer, covariance_of, has_several
from netrep_go.rsa._rdm import check_folds, native_metric, noise_of_each
from netrep_go.rsa._recordings import recordings, use_of

_Inputs = dict[str, _native.Argument]
_BLOCK = 2**22  # numbers of the RDMs that are in memory together: 32 MiB


def data_sets_over_time(data: Any, *, repeated: bool = False) -> DataSets:
    """Return the responses of each subject: as many conditions or, repeated, any observations."""
    xs, subjects = as_subjects(data, same="" if repeated else "conditions", finite=False)
    single = len(xs) == 1 and not holds_arrays(data) and np.ndim(data) == 3
    return DataSets(xs, subjects, single, given_by_subject(data))


def designs_of(
    data: DataSets, conditions: Any, folds: Any, metric: str, names: list[Name] | None
) -> list[Design]:
    """Return the design of the observations of each data set."""
    check_folds(folds, metric)
    codes, n = [NONE] * len(data.xs), len(data.xs[0])
    if conditions is None:
        names = names or data.row_names(None)
    else:
        codes, found = data.codes(conditions)
        names, n = names or found.tolist(), len(found)
    check_n_conditions(n)
    data.check_same_rows(conditions, folds)
    each = data.each(folds, "folds")
    return [
        _design(len(x), code.astype(np.int64), fold, n, names)
        for x, code, fold in zip(data.xs, codes, each, strict=True)
    ]


def _design(
    n: int, codes: np.ndarray, folds: tuple[str, Any], n_conditions: int, names: Any
) -> Design:
    name, values = folds
    if values is None:
        return Design(codes, NONE, n_conditions, 0, names)
    if isinstance(values, (int, np.integer)) and not isinstance(values, bool):
        numbers = _assigned(codes if codes.size else np.arange(n), int(values), name, names)
    else:
        numbers = as_codes(values, name, n)[1]
    return Design(codes, numbers.astype(np.int64), n_conditions, int(numbers.max()) + 1, names)


def _assigned(codes: np.ndarray, n_folds: int, name: str, names: Any) -> np.ndarray:
    """Return folds of successive observations, in which each condition is as often as can be."""
    check_integer(n_folds, name, 2)
    counts = np.bincount(codes)
    if counts.min() < n_folds:
        rare = int(counts.argmin())
        raise ValueError(
            f"{name} must be at most the number of observations of each condition, got {n_folds} "
            f"and {counts[rare]} of {rare if names is None else names[rare]!r}"
        )
    folds = np.empty(len(codes), np.int64)
    for condition, count in enumerate(counts):
        folds[codes == condition] = np.arange(count) * n_folds // count
    return folds


class Noise(NamedTuple):
    """The noise of each data set: estimated from some of its samples, or its covariance."""

    estimator: NoiseNormalizer | None
    samples: tuple[int, int] | None  # None for those of each window
    covariances: list[np.ndarray]  # empty for what is white or estimated

    @property
    def is_any(self) -> bool:
        """Whether responses are to be whitened."""
        return self.estimator is not None or self.covariances[0].size > 0

    def inputs(self, k: int, data: DataSets, design: Design, width: int) -> _Inputs:
        """Return how a routine is to estimate the noise of a data set, or its covariance."""
        inputs: _Inputs = {
            "covariance": self.covariances[k],
            "groups": NONE,
            "n_groups": 0,
            "dof": 1.0,
            "shrinkage": "full",
        }
        if self.estimator is None:
            return inputs
        n = len(data.xs[k])
        check_repeated(design, n)
        start, stop = self.samples or (0, width)
        dof = float((stop - start) * (n - design.n_conditions))
        return inputs | estimate_inputs(self.estimator, design.conditions, design.n_conditions, dof)

    def pooled(self, x: np.ndarray, inputs: _Inputs, n_jobs: int | None) -> tuple[_Inputs, float]:
        """Return the covariance of a span of samples as inputs, and how far it was shrunk."""
        start, stop = self.samples or (0, 0)
        covariance, intensity = np.empty((x.shape[1], x.shape[1])), np.empty(1)
        how = {name: inputs[name] for name in ("groups", "n_groups", "dof", "shrinkage")}
        _native.run(
            "rsa.window_covariance",
            {"covariance": covariance, "intensity": intensity},
            {"x": x, "start": start, "stop": stop, **how},
            n_jobs=n_jobs,
        )
        return inputs | {"covariance": covariance}, float(intensity[0])


def noise_of(noise: Any, noise_from: Any, metric: str, data: DataSets, at: np.ndarray) -> Noise:
    """Return the noise that the arguments stand for, of data at these times."""
    estimator = as_estimator(noise, None, metric)
    samples = _samples(noise_from, at)
    none = [np.empty((0, 0))] * len(data.xs)
    if estimator is not None:
        if not isinstance(noise_from, tuple):  # which may be before what is classified
            check_independent(metric)
        return Noise(estimator, samples, none)
    if samples is not None:
        raise ValueError(
            "noise_from is for noise that is estimated: pass a NoiseNormalizer that is not fitted "
            "as noise"
        )
    if noise is None:
        return Noise(None, None, none)
    given = noise_of_each(noise, data)
    if any(map(has_several, given)):
        raise ValueError("noise over time must be that of all folds, got several for a subject")
    names = [data.name(k, "noise") if has_several(noise) else "noise" for k in range(len(given))]
    sizes = [x.shape[1] for x in data.xs]
    return Noise(None, None, [covariance_of(*v) for v in zip(given, sizes, names, strict=True)])


def _samples(noise_from: Any, at: np.ndarray) -> tuple[int, int] | None:
    """Return the first sample that noise is estimated from and that after the last one."""
    if isinstance(noise_from, str) and noise_from in ("each", "pooled"):
        return None if noise_from == "each" else (0, len(at))
    rule = "noise_from must be 'each', 'pooled' or the (start, stop) of a span of times"
    if isinstance(noise_from, str):
        raise ValueError(f"{rule}, got {shown(noise_from)}")
    if not isinstance(noise_from, (tuple, list, np.ndarray)) or len(noise_from) != 2:
        raise TypeError(f"{rule}, got {shown(noise_from)}")
    ends = [edge if v is None else v for v, edge in zip(noise_from, (-np.inf, np.inf), strict=True)]
    for value in ends:
        check_number(value, "noise_from", -np.inf, np.inf)
    if (np.diff(at) <= 0).any():
        raise ValueError("times must ascend, so that noise can be that of a span")
    near = 1e-6 * np.diff(at).min(initial=1.0)  # what rounding makes of times
    inside = np.flatnonzero((at >= ends[0] - near) & (at <= ends[1] + near))
    if not inside.size:
        raise ValueError(
            f"noise_from must have samples from {ends[0]:g} to {ends[1]:g}, got times from "
            f"{at[0]:g} to {at[-1]:g}"
        )
    return int(inside[0]), int(inside[-1]) + 1


class Windows(NamedTuple):
    """How many windows there are, of so many samples, and the mean time of each."""

    centers: np.ndarray
    width: int
    step: int


class OverTime(NamedTuple):
    """Recordings: data sets and the design of each, the time of each sample, and windows."""

    data: Any  # as given, or arrays of objects
    sets: DataSets
    designs: list[Design]
    times: np.ndarray
    cut: Windows


def over_time(
    data: Any,
    times: Any,
    window: int,
    step: int,
    metric: str,
    conditions: Any = None,
    folds: Any = None,
) -> OverTime:
    """Return recordings that are cut into windows."""
    recorded = recordings(data, times, use_of(metric, conditions))
    conditions = recorded.events if conditions is None else conditions
    sets = data_sets_over_time(recorded.data, repeated=conditions is not None)
    designs = designs_of(sets, conditions, folds, metric, recorded.conditions)
    at = sample_times(sets.xs[0].shape[-1], recorded.times)
    cut = Windows(windows(len(at), at, window, step)[1], window, step)
    return OverTime(recorded.data, sets, designs, at, cut)


def window_rdms(
    data: DataSets,
    k: int,
    windows: Windows,
    metric: str,
    design: Design,
    noise: Noise,
    shrinkage: np.ndarray,
    n_jobs: int | None,
    verbose: bool,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first of some windows of data set k, and their RDMs, until all are done.

    How far the covariance of each was shrunk, if it is estimated, is stored in ``shrinkage``.
    """
    x, count, n = data.xs[k], len(windows.centers), design.n_conditions
    n_pairs = n * (n - 1) // 2
    check_not_lost(x, data.name(k))
    try:
        inputs = noise.inputs(k, data, design, windows.width)
        each = noise.estimator is not None and noise.samples is None
        if noise.samples is not None:
            inputs, shrinkage[:] = noise.pooled(x, inputs, n_jobs)
        inputs |= {
            "x": x,
            "width": windows.width,
            "step": windows.step,
            "metric": native_metric(metric, whitened=noise.is_any),
            "prior": 1.0,
            "weight": 0.1,
            **design.inputs(),
        }
        block = max(1, _BLOCK // n_pairs)
        with progress_bar("Computing RDMs", verbose, count) as progress:
            for first in range(0, count, block):
                last = min(first + block, count)
                rdms = np.empty((last - first, n_pairs))
                _native.run(
                    "rsa.window_rdms",
                    {"rdms": rdms, "intensities": shrinkage[first : last if each else first]},
                    inputs | {"start": first * windows.step},
                    names={"data set": _called(windows.centers, first), **design.called()},
                    n_jobs=n_jobs,
                    progress=progress and _share(progress, first, last, count),
                )
                yield first, rdms
    except ValueError as error:
        raise ValueError(f"subject {data.keys[k]!r}, at each time: {error}") from None


def _called(centers: np.ndarray, first: int) -> Callable[[int], str]:
    """Return what errors call windows, the first of a block and those after it."""
    return lambda k: f"data[{first + k}], at {centers[first + k]:g}"


def _share(
    draw: Callable[[int, int], None], first: int, last: int, count: int
) -> Callable[[int, int], None]:
    """Return what draws the steps of some windows as their share of all."""
    return lambda done, steps: draw(first * steps + (last - first) * done, count * steps)
