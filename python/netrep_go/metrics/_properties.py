"""What is said of a measure, and of a value that is undefined."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from numbers import Real
from typing import Literal, Self

import numpy as np

from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import check_flag, check_option

KINDS = ("distance", "similarity")
Kind = Literal["distance", "similarity"]
INVARIANCES = ("permutation", "rotation", "linear", "scale", "translation")


@dataclass(frozen=True, kw_only=True, repr=False)
class Properties(Result):
    """What is true of a measure.

    Attributes
    ----------
    kind : {'distance', 'similarity'} or None
        Whether smaller or larger values mean more alike; None where that is not known.
    range : tuple of (float, float)
        Smallest and largest value, on the data that the measure is fitted to.
    symmetric : bool
        Whether the two networks may change places: f(X, Y) = f(Y, X).
    triangle : bool
        Whether f(X, Z) <= f(X, Y) + f(Y, Z).
    identity : bool
        Whether a network is as alike to itself as networks can be: f(X, X) is 0 of a
        distance and the upper end of the range of a similarity. Not so of estimates that
        correct for noise.
    null : bool
        Whether values of networks that have nothing to do with each other are 0 on average:
        the mean of f(X, PY) over all permutations P of the samples is 0.
    invariances : frozenset of str
        What may be done to either network without a change of the value: 'permutation'
        of the features, 'rotation', any invertible 'linear' map, 'scale' (one positive
        factor) and 'translation' (a constant added to each feature).
    data : str
        What a network is: 'matrix' (n_samples, n_features), 'images' (n_images, height,
        width, n_channels), 'repeats' (n_inputs, n_repeats, n_neurons), 'gaussians' (means
        and covariances of each input), 'process' (a mean and a covariance over all times
        and neurons) or 'outputs' of classifiers (n_samples, n_classes).
    cost : str
        Leading term of the operations of a pair, for n samples and p features.
    reference : str
        Where the measure was defined.
    """

    kind: Kind | None
    range: tuple[float, float] = (-np.inf, np.inf)
    symmetric: bool = False
    triangle: bool = False
    identity: bool = True
    null: bool = False
    invariances: Set[str] = field(default_factory=frozenset)
    data: str = "matrix"
    cost: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if self.kind is not None:
            check_option(self.kind, "kind", KINDS)
        for name in ("symmetric", "triangle", "identity", "null"):
            check_flag(getattr(self, name), name)
        pair = isinstance(self.range, (tuple, list)) and len(self.range) == 2
        if not pair or not all(isinstance(end, Real) for end in self.range):
            raise TypeError(f"range must be two numbers, got {shown(self.range)}")
        if not self.range[0] < self.range[1]:
            raise ValueError(f"range must be from a smaller to a larger value, got {self.range}")
        names = [*self.invariances] if isinstance(self.invariances, Iterable) else [None]
        if isinstance(self.invariances, str) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"invariances must be a set of names, got {shown(self.invariances)}")
        unknown = set(names) - set(INVARIANCES)
        if unknown:
            raise ValueError(f"invariances are among {INVARIANCES}, got {sorted(unknown)}")
        object.__setattr__(self, "invariances", frozenset(names))


class Undefined(float):
    """What a measure returns in place of a number that would mean nothing: NaN, and why."""

    reason: str

    def __new__(cls, reason: str) -> Self:
        self = super().__new__(cls, np.nan)
        self.reason = reason
        return self
