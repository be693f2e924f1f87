"""The check of a measure, and its table."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import as_integers, check_integer, check_number
from netrep_go.conformance._claims import CLAIMS, Kind, Known, Trial, refusal_of_widths, worst
from netrep_go.conformance._networks import arrays, source_of
from netrep_go.metrics import Properties
from netrep_go.metrics._adapted import measure_of

__all__ = ["Claim", "Conformance", "check"]

_LEAST_SEEDS = 8  # are drawn: the triangle inequality takes all of them
_LEAST_SAMPLES = 4


class _Tried(NamedTuple):
    claim: str
    holds: bool | None
    deviation: float
    seed: int | None
    seen: str


class Claim(Result, _Tried):
    """What came of trying one claim.

    Attributes
    ----------
    claim : str
        Its name.
    holds : bool or None
        Whether it holds; None if it is not claimed.
    deviation : float
        The worst that was seen, relative to the values of the measure; infinite where the
        measure failed, NaN where it was undefined or there was nothing to try.
    seed : int or None
        Seed of the networks where that was seen.
    seen : str
        What was seen there, in a line.
    """


@dataclass(frozen=True, repr=False)
class Conformance(Result):
    """Which claims of a measure hold: what :func:`check` returns.

    Attributes
    ----------
    measure : str
        What was checked.
    properties : Properties
        What is claimed of it.
    claims : dict of str to Claim
        What came of each claim, by its name.
    """

    measure: str
    properties: Properties
    claims: dict[str, Claim]

    @property
    def failed(self) -> list[str]:
        """Names of the claims that do not hold."""
        return [name for name, claim in self.claims.items() if claim.holds is False]

    def __repr__(self) -> str:
        holds = [claim.holds for claim in self.claims.values()]
        told = f": {', '.join(self.failed)}" if self.failed else ""
        return (
            f"Conformance({self.measure}, {holds.count(True)} hold, {holds.count(None)} not "
            f"claimed, {holds.count(False)} failed{told})"
        )

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each claim, by its name.

        Returns
        -------
        pandas.DataFrame
            With columns holds (True, False, or None where it is not claimed), deviation,
            seed and seen.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        frame = pandas().DataFrame(list(self.claims.values()), columns=Claim._fields)
        frame["seed"] = frame["seed"].astype("Int64")
        return frame.set_index("claim")


@checked
def check(
    measure: Any,
    properties: Properties | None = None,
    *,
    n_samples: int = 12,
    widths: int | Sequence[int] = (3, 4),
    n_seeds: int = 3,
    known: Sequence[Any] = (),
    draw: Callable[..., Any] | None = None,
    tolerance: float = 1e-5,
    random_state: RandomState = 0,
) -> Conformance:
    """Try what is claimed of a measure.

    Small networks are drawn, changed as a claim allows, and compared. What holds on them
    may fail elsewhere; what fails on them is refuted, with a seed that shows it. Claims
    that properties make are

    - 'permutation', 'rotation', 'linear', 'scale' and 'translation': what may be done to
      the features of either network, units and places far apart included;
    - 'symmetric', 'triangle' (of networks made to break it), 'range', 'identity';
    - 'null': the mean over permutations of the samples of one network is 0.

    Any measure is taken to claim that

    - it gives the values that are ``known``, one value to the same networks ('repeated'),
      and not one to all networks ('tells apart'), which may differ in their numbers of features
      ('widths');
    - it gives the same values alone and among 'all pairs', in one and in several
      'threads', for 'float32' and float64, for any 'layout' of arrays, and with the
      samples of both networks in another order ('sample order');
    - what is claimed holds with fewer samples than features ('n < p'), unless it refuses
      them or is NaN; that networks are not written to ('inputs kept'); and that NaN and infinity
      are refused or give NaN ('not finite').

    Parameters
    ----------
    measure : Measure, str, callable or object with fit and score
        As :func:`netrep_go.metrics.as_measure` takes it.
    properties : Properties, default=None
        What is claimed; that of the measure itself by default. Of functions and other
        objects nothing is known but what is given here.
    n_samples : int, default=12
        Number of samples of the networks; at least 4.
    widths : int or sequence of int, default=(3, 4)
        Numbers of features, which networks take in turns. Where a measure refuses networks of
        different widths, 'widths' fails, and the first alone serves for all other claims. Give
        one number if ``measure`` is for networks of one width.
    n_seeds : int, default=3
        How many times networks are drawn for a claim.
    known : sequence of (X, Y, value), default=()
        Networks whose value is known.
    draw : callable, default=None
        A function ``draw(rng, n_samples, width)`` of a :class:`numpy.random.Generator` that
        returns a network; needed where properties name data that this package has not.
    tolerance : float, default=1e-5
        Deviation up to which a claim holds, relative to the size of values; at least 1e-4
        for 'float32'.
    random_state : int, RandomState, Generator or None, default=0
        Determines the networks.

    Returns
    -------
    Conformance
        A table of claims, with ``failed`` and ``to_frame()``. Claims that are not made are
        tried too: their deviations tell what else may be claimed. Networks of a seed are
        ``rng = numpy.random.default_rng(seed)`` and then, for matrices,
        ``rng.standard_normal((n_samples, width)) + 0.5``, one after the other.

    Raises
    ------
    TypeError
        If `measure` is no measure, `draw` no function, or a known value none.
    ValueError
        If a number is out of its range, or nothing says how to draw networks for the
        measure.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.conformance import check
    >>> from netrep_go.metrics import Properties
    >>> check("cka").failed
    []

    The cosine of two Gram matrices that are not centered, said to ignore translations:

    >>> def uncentered(X, Y):
    ...     return np.sum((X.T @ Y) ** 2) / np.linalg.norm(X @ X.T) / np.linalg.norm(Y @ Y.T)
    >>> said = Properties(
    ...     kind="similarity",
    ...     range=(0, 1),
    ...     symmetric=True,
    ...     invariances={"permutation", "rotation", "scale", "translation"},
    ... )
    >>> check(uncentered, said).failed
    ['translation', 'n < p']
    """
    check_integer(n_samples, "n_samples", _LEAST_SAMPLES)
    check_integer(n_seeds, "n_seeds", 1)
    check_number(tolerance, "tolerance", 0.0, 1.0)
    if isinstance(draw, type) or not (draw is None or callable(draw)):
        raise TypeError(f"draw must be a function or None, got {shown(draw)}")
    taken = measure_of(measure, "measure")
    said = taken.properties if properties is None else properties
    rng = as_random_state(random_state)
    trial = Trial(
        given=measure,
        measure=taken,
        said=said,
        source=source_of(taken, said.data, n_samples, _widths(widths), draw),
        seeds=tuple(rng.randint(2**31 - 1, size=max(_LEAST_SEEDS, n_seeds)).tolist()),
        n_seeds=n_seeds,
        known=_known(known),
    )
    _check_drawn(trial.drawn(trial.seeds[0], 1)[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined values, starts that did not converge
        refusal = refusal_of_widths(trial)
        if refusal is not None:
            trial = replace(trial, refusal=refusal, source=trial.source.narrowed())
        claims = {name: _tried(trial, name, kind, tolerance) for name, kind in CLAIMS.items()}
    return Conformance(_named(measure), said, claims)


def _tried(trial: Trial, name: str, kind: Kind, tolerance: float) -> Claim:
    seen = worst(trial, kind)
    holds = bool(seen.deviation <= max(tolerance, kind.least_tolerance))
    nothing = np.isnan(seen.deviation) and seen.seed is None
    claimed = kind.claimed(trial) and not nothing
    return Claim(name, holds if claimed else None, float(seen.deviation), seen.seed, seen.text)


def _widths(widths: int | Sequence[int]) -> tuple[int, ...]:
    if isinstance(widths, int):
        check_integer(widths, "widths", 1)
        return (widths,)
    sizes = as_integers(widths, "widths").tolist()
    if min(sizes, default=0) < 1:
        raise ValueError(f"widths must be one or more integers of at least 1, got {sizes}")
    return tuple(sizes)


def _check_drawn(x: Any) -> None:
    """Raise if what users draw is no network."""
    if not all(isinstance(part, np.ndarray) for part in arrays(x)):
        raise TypeError(f"draw must return an array, or a tuple of arrays, got {shown(x)}")


def _known(known: Sequence[Any]) -> Known:
    """Return pairs and their values, or say which is none."""
    for k, case in enumerate(known):
        if not isinstance(case, (tuple, list)) or len(case) != 3:
            raise TypeError(f"known[{k}] must be X, Y and their value, got {shown(case)}")
        check_number(case[2], f"known[{k}][2]", -np.inf, np.inf)
    return known


def _named(measure: Any) -> str:
    return getattr(measure, "__name__", None) or shown(measure)
