"""What can be claimed of a measure, and how each claim is tried."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from netrep_go._jobs import in_threads
from netrep_go.conformance._networks import CHANGES, Source, arrays, each_array
from netrep_go.metrics import Measure, Properties
from netrep_go.multiset import pairwise_distances

_N_RESTARTS = 40  # enough for the global minimum of such small networks
_N_TRIANGLES = 8  # cohorts whose triangles are measured
_N_PERMUTATIONS = 200
_FEW_PERMUTATIONS = 20  # where no value is below 0, and so their mean above
_ERRORS = 4.0  # standard errors that a mean may be off
_LOCAL = ("repeats", "gaussians", "process")  # wide ones have too many local minima
_LONGEST = 100  # characters of an error
_NOISE = 1e-3  # of a range: values as small as that are 0, which nothing is relative to

Known = Sequence[tuple[Any, Any, float]]


class Seen(NamedTuple):
    """What one trial showed: a deviation, relative to the values of the measure."""

    deviation: float
    seed: int | None
    text: str


@dataclass(frozen=True)
class Trial:
    """A measure with what is said of it, and the networks that this is tried on."""

    given: Any  # as users gave it
    measure: Measure
    said: Properties
    source: Source
    seeds: tuple[int, ...]
    n_seeds: int
    known: Known
    floor: float = 0.0  # of the scale
    refusal: Seen | None = None  # of networks of different widths

    def value(self, x: Any, y: Any) -> float:
        """Compare as the definition says: starts enough for the global minimum."""
        measure = clone(self.measure)
        if "n_restarts" in measure.get_params():
            measure.set_params(n_restarts=_N_RESTARTS, random_state=0)
        return measure.fit_score(x, y)

    def all_pairs(self, xs: list[Any], n_jobs: int | None = None, **start: Any) -> np.ndarray:
        """Compare all pairs."""
        return pairwise_distances(self._seeded(**start), xs, verbose=False, n_jobs=n_jobs)

    def single_pair(self, x: Any, y: Any) -> float:
        """Compare a pair as all pairs are compared."""
        return self._seeded().fit_score(x, y)

    def _seeded(self, **start: Any) -> Measure:
        """Return a copy that draws the same each time, with a start if the measure has starts."""
        measure = clone(self.measure)
        known = measure.get_params()
        given = {"random_state": 0, **start}
        return measure.set_params(**{name: v for name, v in given.items() if name in known})

    @cached_property
    def scale(self) -> float:
        """The size of values, which deviations are relative to."""
        x, y, z = self.drawn(self.seeds[0], 3)[1:]
        values = [self.value(a, b) for a, b in ((x, x), (x, y), (y, z))]
        low, high = self.said.range
        span = _NOISE * (high - low) if np.isfinite(high - low) else 0.0
        return max([*map(abs, filter(np.isfinite, values)), span, self.floor]) or 1.0

    def drawn(self, seed: int, k: int) -> list[Any]:
        """Return the generator of a seed and the first networks that it gives."""
        rng = np.random.default_rng(seed)
        return [rng, *self.source.networks(rng, k)]

    def several(self, k: int) -> Iterator[list[Any]]:
        """Yield seeds, their generators and networks."""
        for seed in self.seeds[: self.n_seeds]:
            yield [seed, *self.drawn(seed, k)]

    def apart(self, a: float, b: float) -> float:
        """Return how far two values are apart; NaN if both are undefined."""
        if np.isnan(a) or np.isnan(b):
            return np.nan if np.isnan(a) and np.isnan(b) else np.inf
        return 0.0 if a == b else abs(a - b) / self.scale


def widths(trial: Trial) -> Iterator[Seen]:
    """Compare networks of different widths, if these are drawn."""
    if trial.refusal is not None:
        yield trial.refusal
    elif len(set(trial.source.widths)) > 1:
        yield Seen(0.0, trial.seeds[0], "networks of different widths are taken")


def refusal_of_widths(trial: Trial) -> Seen | None:
    """Return what is raised for networks of different widths, if it is not for those of one."""
    first, rng = trial.source.widths[0], np.random.default_rng(trial.seeds[0])
    x, alike = (trial.source.of_width(rng, first) for _ in range(2))
    for width in sorted({*trial.source.widths} - {first}):
        y = trial.source.of_width(rng, width)
        error = _error(trial, x, y) or _error(trial, y, x)
        if error is not None and _error(trial, x, alike) is None:
            told = f"raised {_told(error)}"
            text = f"{first} and {width} features: {told}. All else was tried with {first}"
            return Seen(np.inf, trial.seeds[0], text)
    return None


def _error(trial: Trial, x: Any, y: Any) -> Exception | None:
    try:
        trial.single_pair(x, y)
    except Exception as error:
        return error
    return None


def invariance(trial: Trial, change: str) -> Iterator[Seen]:
    """Change the features of either network."""
    for seed, rng, *pair in trial.several(2):
        before = trial.value(*pair)
        for k, name in enumerate("XY"):
            for done in CHANGES[change](rng, trial.source.width(pair[k])):
                changed = list(pair)
                changed[k] = trial.source.mapped(pair[k], done)
                after = trial.value(*changed)
                text = f"f(X, Y) = {before:.6g}, {after:.6g} after a {change} of {name}"
                yield Seen(trial.apart(after, before), seed, text)


def symmetry(trial: Trial) -> Iterator[Seen]:
    """Let the two networks change places."""
    for seed, _, x, y in trial.several(2):
        one, other = trial.value(x, y), trial.value(y, x)
        text = f"f(X, Y) = {one:.6g}, f(Y, X) = {other:.6g}"
        yield Seen(trial.apart(one, other), seed, text)


def triangle(trial: Trial) -> Iterator[Seen]:
    """Look for detours that are shorter, among networks that are awkward."""
    if trial.said.kind == "similarity":
        return
    for seed in trial.seeds[:_N_TRIANGLES]:
        D = trial.all_pairs(trial.source.awkward(np.random.default_rng(seed)), init="rand")
        excess = D[:, np.newaxis] - D[:, :, np.newaxis] - D[np.newaxis]  # of i to k over j
        i, j, k = np.unravel_index(np.nanargmax(excess), excess.shape)
        text = f"f(X, Z) = {D[i, k]:.6g}, f(X, Y) + f(Y, Z) = {D[i, j] + D[j, k]:.6g}"
        yield Seen(max(0.0, excess[i, j, k]) / trial.scale, seed, text)


def values_in_range(trial: Trial) -> Iterator[Seen]:
    """Compare networks with themselves and others."""
    low, high = trial.said.range
    for seed, _, x, y, z in trial.several(3):
        for name, value in (
            ("f(X, X)", trial.single_pair(x, x)),
            ("f(X, Y)", trial.single_pair(x, y)),
            ("f(Y, Z)", trial.single_pair(y, z)),
        ):
            outside = max(low - value, value - high, 0.0) / trial.scale
            yield Seen(outside, seed, f"{name} = {value:.6g}, range {low:g} to {high:g}")


def identity(trial: Trial) -> Iterator[Seen]:
    """Compare networks with themselves."""
    best = trial.said.range[1] if trial.said.kind == "similarity" else 0.0
    for seed, _, x in trial.several(1):
        value = trial.value(x, x)
        yield Seen(trial.apart(value, best), seed, f"f(X, X) = {_beside(value, best)}")


def _beside(value: float, expected: float) -> str:
    """Return a value, and what it is not if that can be seen."""
    found, wanted = f"{value:.6g}", f"{expected:.6g}"
    return found if found == wanted else f"{found}, not {wanted}"


def tells_apart(trial: Trial) -> Iterator[Seen]:
    """Look for one value that differs from the others: a constant would pass all other claims."""
    values = []
    for _, _, x, y, z in trial.several(3):
        values += [trial.single_pair(x, x), trial.single_pair(x, y), trial.single_pair(y, z)]
    known = [value for value in values if not np.isnan(value)]
    if not known:
        yield Seen(np.nan, trial.seeds[0], "NaN")
    else:
        same = not max(known) - min(known) > 1e-9 * trial.scale  # infinity less itself is NaN
        text = f"f is from {min(known):.6g} to {max(known):.6g} for networks that differ"
        yield Seen(float(same), trial.seeds[0], text)


def null_mean(trial: Trial) -> Iterator[Seen]:
    """Average over networks whose samples have nothing to do with each other."""
    n = _FEW_PERMUTATIONS if trial.said.range[0] >= 0 else _N_PERMUTATIONS
    seed = trial.seeds[0]
    rng, x, y = trial.drawn(seed, 2)
    values = [trial.single_pair(x, trial.source.reordered(y, rng)) for _ in range(n)]
    known = np.array(values)[np.isfinite(values)]
    if len(known) < 2:
        yield Seen(np.nan, seed, f"f(X, PY) = {values[0]:.6g}")
        return
    mean, error = np.mean(known), np.std(known, ddof=1) / np.sqrt(len(known))
    beyond = max(0.0, abs(mean) - _ERRORS * error)
    text = f"mean {mean:.4g}, standard error {error:.2g}, over {n} permutations of the samples of Y"
    yield Seen(beyond / trial.scale, seed, text)


def known_values(trial: Trial) -> Iterator[Seen]:
    """Compare networks whose value is known."""
    for k, (x, y, expected) in enumerate(trial.known):
        value = trial.value(x, y)
        yield Seen(trial.apart(value, expected), None, f"known[{k}]: {_beside(value, expected)}")


def all_pairs(trial: Trial) -> Iterator[Seen]:
    """Compare pairs one by one and in one call."""
    for seed, _, *xs in trial.several(4):
        D = trial.all_pairs(xs)
        for i, j in itertools.permutations(range(len(xs)), 2):
            value = trial.single_pair(xs[i], xs[j])
            text = f"{value:.6g} of a pair alone, {D[i, j]:.6g} of the same among all"
            yield Seen(trial.apart(value, D[i, j]), seed, text)


def threads(trial: Trial) -> Iterator[Seen]:
    """Compare pairs in one thread and in several at once, all pairs and single ones."""
    for seed, _, *xs in trial.several(4):
        one, several = (trial.all_pairs(xs, n_jobs) for n_jobs in (1, 3))
        yield from _differing(trial, seed, one.ravel(), several.ravel())
        pairs = 3 * list(itertools.combinations(xs, 2))
        serial, at_once = (
            np.array(list(in_threads(lambda pair: trial.single_pair(*pair), pairs, n_jobs)))
            for n_jobs in (1, 3)
        )
        yield from _differing(trial, seed, serial, at_once)


def _differing(trial: Trial, seed: int, one: np.ndarray, several: np.ndarray) -> Iterator[Seen]:
    for a, b in zip(one.tolist(), several.tolist(), strict=True):
        yield Seen(trial.apart(a, b), seed, f"{a:.6g} in one thread, {b:.6g} in several")


def repeated(trial: Trial) -> Iterator[Seen]:
    """Compare the same pair twice."""
    for seed, _, x, y in trial.several(2):
        one, two = trial.single_pair(x, y), trial.single_pair(x, y)
        text = f"{one:.6g}, then {two:.6g} for the same networks"
        yield Seen(trial.apart(one, two), seed, text)


def single_precision(trial: Trial) -> Iterator[Seen]:
    """Give float32, and the same numbers as float64; far from 0 too, if that does not matter."""
    shifts = (0.0, 100.0) if "translation" in trial.said.invariances else (0.0,)
    for (seed, _, *pair), shift in itertools.product(trial.several(2), shifts):
        moved = [_shifted(x, shift) for x in pair]
        single = [each_array(x, lambda array: array.astype(np.float32)) for x in moved]
        double = [each_array(x, lambda array: array.astype(np.float64)) for x in single]
        one, two = trial.single_pair(*single), trial.single_pair(*double)
        text = f"{one:.6g} of float32, {two:.6g} of the same numbers as float64"
        yield Seen(trial.apart(one, two), seed, text + (f", around {shift:g}" if shift else ""))


def _shifted(x: Any, shift: float) -> Any:
    return (x[0] + shift, *x[1:]) if isinstance(x, tuple) else x + shift


def layout(trial: Trial) -> Iterator[Seen]:
    """Give arrays in other orders of memory, which cannot be written to."""
    for seed, _, x, y in trial.several(2):
        before = trial.single_pair(x, y)
        after = trial.single_pair(*(each_array(network, _read_only) for network in (x, y)))
        text = f"{before:.6g}, {after:.6g} of read-only arrays in Fortran's order"
        yield Seen(trial.apart(before, after), seed, text)


def _read_only(array: np.ndarray) -> np.ndarray:
    array = np.array(array, order="F")
    array.flags.writeable = False
    return array


def few_samples(trial: Trial) -> Iterator[Seen]:
    """Try what is claimed with fewer samples than features, which may be refused or undefined."""
    if trial.source.data in _LOCAL:
        return
    wide = replace(trial, source=trial.source.wide(), floor=trial.scale)
    tried: dict[str, Callable[[Trial], Iterator[Seen]]] = {
        name: partial(invariance, change=name) for name in sorted(trial.said.invariances)
    }
    tried |= {"range": values_in_range} if np.isfinite(trial.said.range).any() else {}
    tried |= {"symmetric": symmetry} if trial.said.symmetric else {}
    tried |= {"identity": identity} if trial.said.identity and _has_best(trial.said) else {}
    try:
        for name, claim in tried.items():
            for deviation, seed, text in claim(wide):
                undefined = np.isnan(deviation)
                yield Seen(0.0 if undefined else deviation, seed, f"{name}: {text}")
    except Exception as error:
        yield Seen(0.0, trial.seeds[0], f"refused: {_told(error)}")


def sample_order(trial: Trial) -> Iterator[Seen]:
    """Reorder the samples of both networks alike."""
    for seed, rng, x, y in trial.several(2):
        order = rng.integers(2**31)
        moved = [
            trial.source.reordered(network, np.random.default_rng(order)) for network in (x, y)
        ]
        one, two = trial.single_pair(x, y), trial.single_pair(*moved)
        text = f"f(X, Y) = {one:.6g}, {two:.6g} with the samples of both in another order"
        yield Seen(trial.apart(one, two), seed, text)


def inputs_kept(trial: Trial) -> Iterator[Seen]:
    """Call what users gave, without the copies that this package lends, and look for changes."""
    for seed, _, *pair in trial.several(2):
        copies = copy.deepcopy(pair)
        _called(trial, copies)
        for name, before, after in zip("XY", pair, copies, strict=True):
            change = max(
                np.abs(a - b).max() for a, b in zip(arrays(before), arrays(after), strict=True)
            )
            text = f"{name} was written to" if change else f"{name} is as it was"
            yield Seen(float(change > 0), seed, text)


def _called(trial: Trial, pair: list[Any]) -> Any:
    given = trial.given
    if isinstance(given, (str, Measure)):
        return trial.all_pairs(pair), trial.single_pair(*pair)
    if callable(getattr(given, "fit", None)):
        fitted = copy.deepcopy(given)
        fitted.fit(*pair)
        return fitted.score(*pair)
    return given(*pair)


def not_finite(trial: Trial) -> Iterator[Seen]:
    """Put NaN and infinity into either network."""
    for seed, _, *pair in trial.several(2):
        clean = trial.single_pair(*pair)  # which is to be there: else nothing is seen below
        if np.isnan(clean):
            yield Seen(np.nan, seed, "f(X, Y) = nan with all finite")
            continue
        for (k, name), odd in itertools.product(enumerate("XY"), (np.nan, np.inf)):
            spoiled = copy.deepcopy(pair)
            next(arrays(spoiled[k])).flat[0] = odd
            try:
                value = trial.single_pair(*spoiled)
            except Exception as error:
                yield Seen(0.0, seed, f"{odd} in {name}: refused, {_told(error)}")
            else:
                text = f"f(X, Y) = {value:.6g} with one {odd} in {name}"
                yield Seen(float(np.isfinite(value)), seed, text)


def _told(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _has_best(said: Properties) -> bool:
    """Whether it is known what the value of a network with itself has to be."""
    return said.kind == "distance" or (
        said.kind == "similarity" and bool(np.isfinite(said.range[1]))
    )


class Kind(NamedTuple):
    """A claim: how it is tried, and whether properties make it. All others hold of any measure."""

    tried: Callable[[Trial], Iterator[Seen]]
    claimed: Callable[[Trial], bool] = lambda trial: True
    least_tolerance: float = 0.0


def _invariances() -> dict[str, Kind]:
    return {
        name: Kind(partial(invariance, change=name), partial(_invariant, change=name))
        for name in CHANGES
    }


def _invariant(trial: Trial, change: str) -> bool:
    return change in trial.said.invariances


CLAIMS: dict[str, Kind] = {
    **_invariances(),
    "symmetric": Kind(symmetry, lambda trial: trial.said.symmetric),
    "triangle": Kind(triangle, lambda trial: trial.said.triangle),
    "range": Kind(values_in_range, lambda trial: bool(np.isfinite(trial.said.range).any())),
    "identity": Kind(identity, lambda trial: trial.said.identity and _has_best(trial.said)),
    "null": Kind(null_mean, lambda trial: trial.said.null),
    "known values": Kind(known_values, lambda trial: len(trial.known) > 0),
    "tells apart": Kind(tells_apart),
    "widths": Kind(widths),
    "repeated": Kind(repeated),
    "all pairs": Kind(all_pairs),
    "threads": Kind(threads),
    "float32": Kind(single_precision, least_tolerance=1e-4),
    "layout": Kind(layout),
    "n < p": Kind(few_samples),
    "sample order": Kind(sample_order),
    "inputs kept": Kind(inputs_kept),
    "not finite": Kind(not_finite),
}


def worst(trial: Trial, kind: Kind) -> Seen:
    """Return the trial with the largest deviation, or what was raised."""
    largest = Seen(np.nan, None, "nothing to try")
    try:
        for seen in kind.tried(trial):
            if np.isnan(largest.deviation) or seen.deviation > largest.deviation:
                largest = seen
    except Exception as error:
        return Seen(np.inf, trial.seeds[0], f"raised {_told(error)}")
    if np.isnan(largest.deviation) and largest.seed is not None:
        return largest._replace(text=f"undefined for all networks: {largest.text}")
    return largest
