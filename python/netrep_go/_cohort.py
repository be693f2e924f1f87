"""Networks with their names in messages, and the distances between all pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from netrep_go import _native
from netrep_go._jobs import counted, in_threads, progress_bar, warn_user
from netrep_go._names import (
    Items,
    Name,
    check_same_columns,
    check_same_indexes,
    column_names,
    split_names,
)
from netrep_go._shown import shown

Named = tuple[str, Any]
Networks = Items

# Training distances, and held-out distances if there are any.
Measured = tuple[np.ndarray, np.ndarray | None]


@dataclass
class Cohorts:
    """The networks of an all-pairs computation, each with its name in messages.

    With ``first`` = 0 all pairs of ``train`` are measured, else the first
    ``first`` networks against the others. What has the same of ``groups`` need not be
    measured. Why training values are undefined goes to ``reasons``.
    """

    train: list[Named]
    test: list[Named] | None
    first: int = 0
    groups: Sequence[int] | None = None
    reasons: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the distance matrix."""
        n = len(self.train)
        return (self.first, n - self.first) if self.first else (n, n)

    @property
    def names(self) -> _native.Names:
        """What errors from Go call the networks."""
        return {
            "network": [name for name, _ in self.train],
            "held-out network": [name for name, _ in self.test or ()],
        }

    def pairs(self, symmetric: bool, diagonal: bool) -> list[tuple[int, int]]:
        """Return the pairs of networks to measure, i < j if the measure is symmetric."""
        if self.first:
            rows, columns = range(self.first), range(self.first, len(self.train))
            return [(i, j) for i in rows for j in columns]
        n, groups = len(self.train), self.groups
        upper = [(i, j) for i in range(n) for j in range(i + (not diagonal), n)]
        if groups is not None:
            upper = [(i, j) for i, j in upper if groups[i] != groups[j]]
        return upper if symmetric else upper + [(j, i) for i, j in upper if i < j]


def one_set(
    train: Networks, test: Networks | None, names: Iterable[Name] | None, arguments: Sequence[str]
) -> Cohorts:
    """Return a set of networks whose pairs are to be measured; the arguments' names in messages."""
    train_set, own = labeled(train, arguments[0], names)
    if test is None:
        return aligned(Cohorts(train_set, None))
    return aligned(Cohorts(train_set, matched(test, own, len(train_set), *arguments)))


def two_sets(
    first: tuple[Networks, Networks | None, str],
    second: tuple[Networks, Networks | None, str],
    names: Iterable[Iterable[Name] | None] | None = None,
) -> Cohorts:
    """Return two sets of networks, each with held-out data or None and its name in messages."""
    pair = (None, None) if names is None else tuple(names) if isinstance(names, Iterable) else ()
    if isinstance(names, str) or len(pair) != 2:
        raise ValueError(
            f"names must be a pair, the names of {first[2]} and those of {second[2]}, got "
            f"{shown(names)}"
        )
    (xs, own_x), (ys, own_y) = (
        labeled(train, name, given)
        for (train, _, name), given in zip((first, second), pair, strict=True)
    )
    test = [
        matched(held_out, own, len(train), name, f"{name}_test")
        for (_, held_out, name), train, own in ((first, xs, own_x), (second, ys, own_y))
        if held_out is not None
    ]
    return aligned(Cohorts(xs + ys, test[0] + test[1] if test else None, first=len(xs)))


def aligned(cohorts: Cohorts) -> Cohorts:
    """Raise if data frames differ in samples, or held-out ones in features from the others."""
    for networks in (cohorts.train, cohorts.test or ()):
        check_same_indexes(networks, "samples")
    for (_, train), (name, test) in zip(cohorts.train, cohorts.test or (), strict=False):
        check_same_columns(test, name, column_names(train))
    return cohorts


def named(xs: Networks, argument: str, names: Iterable[Name] | None = None) -> list[Named]:
    """Give each network of an argument its name in messages, such as ``Xs[0]`` or ``Xs['V1']``."""
    return labeled(xs, argument, names)[0]


def labeled(
    xs: Networks, argument: str, names: Iterable[Name] | None
) -> tuple[list[Named], list[Name] | None]:
    """Return the networks under their names in messages, and the names that users gave."""
    items, own = split_names(xs, argument, names)
    shape = getattr(xs, "shape", ())
    if len(shape) == 2:
        raise TypeError(
            f"{argument} must be a list or dict of networks, got one array of shape "
            f"{tuple(shape)}: a network alone goes into a list"
        )
    if not items:
        raise ValueError(f"{argument} must hold at least one network, got none")
    if own is None and hasattr(xs, "iloc"):
        own = list(range(len(items)))  # so that a Series and its shuffled copy are matched
    labels = range(len(items)) if own is None else own
    return [(f"{argument}[{label!r}]", x) for label, x in zip(labels, items, strict=True)], own


def matched(
    test: Networks, own: list[Name] | None, n: int, train_name: str, name: str
) -> list[Named]:
    """Return the held-out data of networks in the order of their training data."""
    if hasattr(test, "__len__") and not isinstance(test, type) and len(test) != n:
        raise ValueError(
            f"{name} must have one array for each of the {n} networks in {train_name}, but there "
            f"are {n} networks in the training data and {len(test)} in the test data"
        )
    networks, names = labeled(test, name, None)
    if own is None or names is None:
        return networks
    for found, there, elsewhere in ((own, train_name, names), (names, name, own)):
        alone = [label for label in found if label not in elsewhere]
        if alone:
            raise ValueError(
                f"{name} and {train_name} must hold the same networks, but {alone[0]!r} is in "
                f"{there} alone"
            )
    by_name = dict(zip(names, networks, strict=True))
    return [by_name[name] for name in own]


def measure(
    routine: str,
    cohorts: Cohorts,
    inputs: _native.Inputs,
    *,
    n_jobs: int | None,
    verbose: bool,
    counts: dict[str, np.ndarray] | None = None,
) -> Measured:
    """Run an all-pairs routine, which may report counts of what it did."""
    held_out = cohorts.test is not None
    train = np.empty(cohorts.shape)
    test = np.empty(cohorts.shape if held_out else (0, 0))
    n_pairs = len(cohorts.pairs(symmetric=True, diagonal=False))  # Go counts preparations too
    with progress_bar("Computing distances", verbose, n_pairs, "pair") as progress:
        _native.run(
            routine,
            {"distances": train, "test_distances": test, **(counts or {})},
            {"first": cohorts.first, **inputs},
            n_jobs=n_jobs,
            progress=progress,
            names=cohorts.names,
        )
    return train, test if held_out else None


def measure_pairs(
    compare: Callable[[int, int], tuple[float, float | None]],
    cohorts: Cohorts,
    *,
    symmetric: bool,
    diagonal: bool,
    verbose: bool,
    n_jobs: int | None = None,
    in_parallel: bool = False,
) -> Measured:
    """Compare networks i and j for all pairs, one after the other or in threads.

    ``compare`` returns the training and the held-out value. Without ``diagonal``, a
    network is at distance 0 from itself.
    """
    train = np.zeros(cohorts.shape)
    test = None if cohorts.test is None else np.zeros(cohorts.shape)
    pairs = cohorts.pairs(symmetric, diagonal)

    def compare_pair(pair: tuple[int, int]) -> tuple[float, float | None]:
        with pair_in_errors(*(cohorts.train[k][0] for k in pair)):
            return compare(*pair)

    results = in_threads(compare_pair, pairs, n_jobs) if in_parallel else map(compare_pair, pairs)
    undefined: dict[str, list[str]] = {}
    for (i, j), values in zip(
        pairs,
        counted(results, "Computing distances", len(pairs), verbose, unit="pair"),
        strict=True,
    ):
        for D, value in zip((train, test), values, strict=True):
            if D is not None:
                D[i, j - cohorts.first] = value
                if symmetric and not cohorts.first:
                    D[j, i] = value
            if hasattr(value, "reason"):
                if D is train:
                    cohorts.reasons[i, j] = value.reason
                pair = f"{cohorts.train[i][0]} and {cohorts.train[j][0]}"
                undefined.setdefault(value.reason, []).append(pair)
    warn_undefined(undefined)
    return train, test


def warn_undefined(undefined: dict[str, list[str]]) -> None:
    """Warn of pairs of networks whose values are NaN, by the reason why."""
    for reason, where in undefined.items():
        others = f" and {len(where) - 1} more pairs" if len(where) > 1 else ""
        warn_user(f"the value of {where[0]}{others} is NaN: {reason}")


@contextmanager
def pair_in_errors(first: str, second: str) -> Iterator[None]:
    """Say of which pair of networks an error is."""
    pair = f"{first} and {second}"
    try:
        yield
    except Exception as error:
        if type(error) in (ValueError, np.linalg.LinAlgError):
            message = str(error).removeprefix("X and Y: ")
            raise type(error)(f"{pair}: {message}") from error
        error.add_note(f"raised when {pair} were compared")
        raise


def check_same_samples(sizes: list[tuple[str, int]]) -> None:
    """Raise if networks, each with its name in messages, differ in their number of samples."""
    for name, n in sizes:
        if n != sizes[0][1]:
            raise ValueError(
                f"{name} has {n} samples and {sizes[0][0]} has {sizes[0][1]}; all networks must "
                "see the same samples"
            )


def check_dtype(dtype: DTypeLike) -> None:
    """Raise if ``dtype`` is no precision that distances are computed in."""
    try:
        known = np.dtype(dtype) in (np.float64, np.float32)
    except (TypeError, ValueError):  # what NumPy takes for no type, in many words
        known = False
    if not known:
        raise ValueError(f"dtype must be float64 or float32, got {shown(dtype)}")


def check_double(dtype: DTypeLike, who: str) -> None:
    """Raise if ``dtype`` is not float64."""
    if np.dtype(dtype) != np.float64:
        raise ValueError(f"{who} computes in float64 only, got dtype {shown(dtype)}")


def resolve_n_jobs(n_jobs: int | None, processes: int | None) -> int | None:
    """Return the one of the two names that was given."""
    if n_jobs is not None and processes is not None:
        raise ValueError("give n_jobs or processes, which mean the same, but not both")
    n_jobs = processes if n_jobs is None else n_jobs
    _native.n_workers(n_jobs)  # raises if it is no number of threads
    return n_jobs
