"""Measures from functions and objects of users."""

from contextlib import suppress
from copy import deepcopy
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import check_option
from netrep_go.metrics._measure import Measure
from netrep_go.metrics._properties import KINDS, Kind, Properties
from netrep_go.metrics._registry import named_measure


@checked
def as_measure(
    measure: Any,
    *,
    kind: Kind | None = None,
    symmetric: bool | None = None,
    triangle: bool | None = None,
) -> Measure:
    """Return a measure from a name, a function or an object with ``fit`` and ``score``.

    Everything that compares networks calls this; call it yourself to declare what is
    true of a function. What is not declared counts as unknown: both orders of a pair are
    computed, and where direction matters the function is refused.

    Parameters
    ----------
    measure : Measure, str, callable or object with fit and score
        A name of :func:`measures`, a function ``f(X, Y)`` of two arrays that returns a
        number, an object with ``fit(X, Y)`` and ``score(X, Y)``, or a
        :class:`Measure`, which comes back as it is. Functions and objects get networks
        as users pass them: nobody looks for NaN, or whether samples match.
    kind : {'distance', 'similarity'}, default=None
        Whether smaller or larger values mean more alike.
    symmetric : bool, default=None
        Whether f(X, Y) = f(Y, X), so that one order of a pair is enough.
    triangle : bool, default=None
        Whether the triangle inequality holds.

    Returns
    -------
    Measure
        With `properties` as declared.

    Raises
    ------
    TypeError
        If it is none of these. A class is not: pass an instance.
    ValueError
        If something is declared of a measure that has properties of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import as_measure
    >>> from netrep_go.multiset import pairwise_distances
    >>> def norms_apart(X, Y):
    ...     return abs(np.linalg.norm(X) - np.linalg.norm(Y))
    >>> distance = as_measure(norms_apart, kind="distance", symmetric=True, triangle=True)
    >>> pairwise_distances(distance, [np.ones((4, 1)), np.ones((4, 4))], verbose=False)
    array([[0., 2.],
           [2., 0.]])
    """
    if kind is not None:
        check_option(kind, "kind", KINDS)
    for name, value in (("symmetric", symmetric), ("triangle", triangle)):
        if not (value is None or isinstance(value, (bool, np.bool_))):
            raise TypeError(f"{name} must be True, False or None, got {shown(value)}")
    declared = any(value is not None for value in (kind, symmetric, triangle))
    if declared and isinstance(measure, (str, Measure)):
        raise ValueError(f"{shown(measure)} has properties of its own: leave kind etc. out")
    return measure_of(measure, "measure", kind, symmetric, triangle)


def measure_of(
    measure: Any,
    argument: str,
    kind: Kind | None = None,
    symmetric: bool | None = None,
    triangle: bool | None = None,
) -> Measure:
    """Return the measure that an argument is, as :func:`as_measure` takes it."""
    if isinstance(measure, str):
        return named_measure(measure, argument)
    if isinstance(measure, Measure):
        return measure
    if isinstance(measure, type):
        raise TypeError(
            f"{argument} must be a measure: pass an instance, {measure.__name__}(), not the class"
        )
    if callable(getattr(measure, "fit", None)) and callable(getattr(measure, "score", None)):
        return _Fitted(measure, kind, symmetric, triangle)
    if callable(measure):
        return _Function(measure, kind, symmetric, triangle)
    raise TypeError(
        f"{argument} must be a measure such as LinearMetric(), the name of one, a function "
        f"f(X, Y) or an object with fit and score, got {shown(measure)}"
    )


class _Declared(Measure):
    """A measure of which only what users declare is known, and which checks its networks."""

    def __init__(
        self,
        measure: Any,
        kind: Kind | None = None,
        symmetric: bool | None = None,
        triangle: bool | None = None,
    ) -> None:
        self.measure = measure
        self.kind = kind
        self.symmetric = symmetric
        self.triangle = triangle

    @property
    def properties(self) -> Properties:
        return Properties(
            kind=self.kind, symmetric=bool(self.symmetric), triangle=bool(self.triangle)
        )

    def _check_network(self, x: Any, name: str) -> Any:
        return x

    def __repr__(self) -> str:
        return f"as_measure({name_of(self.measure)})"


class _Function(_Declared):
    """A function of two networks, which gets them in the form that users gave."""

    def __sklearn_clone__(self) -> Self:
        """Share the function: it may count its calls, or hold what cannot be copied."""
        return type(self)(**self.get_params(deep=False))

    def fit(self, X: Any, Y: Any) -> Self:
        return self

    def score(self, X: Any, Y: Any) -> float:
        return _number(self.measure(_lent(X), _lent(Y)), name_of(self.measure))


class _Fitted(_Declared):
    """An object with ``fit`` and ``score``; the user's own is never fitted."""

    def fit(self, X: Any, Y: Any) -> Self:
        self.fitted_ = _duplicate(self.measure)
        self.fitted_.fit(_lent(X), _lent(Y))
        return self

    def score(self, X: Any, Y: Any) -> float:
        check_is_fitted(self, "fitted_")
        value = self.fitted_.score(_lent(X), _lent(Y))
        return _number(value, f"score of {name_of(self.measure)}")

    def transform(self, X: Any, Y: Any) -> Any:
        """Map X and Y into their common space, if the object does that."""
        check_is_fitted(self, "fitted_")
        return self.fitted_.transform(_lent(X), _lent(Y))

    @property
    def zero_pad(self) -> bool:
        """Whether widths are made equal before, as netrep's own metrics do."""
        return getattr(self.measure, "zero_pad", True)


def _duplicate(measure: Any) -> Any:
    return clone(measure) if isinstance(measure, BaseEstimator) else deepcopy(measure)


def _lent(x: Any) -> Any:
    """Return a network that may be written to: a copy, of arrays and what holds them."""
    held = isinstance(x, (np.ndarray, list, tuple, dict)) or issparse(x) or hasattr(x, "iloc")
    return deepcopy(x) if held else x


def _number(value: Any, what: str) -> float:
    """Return what users computed as a float, or say that it is no number."""
    scalar = getattr(value, "ndim", 0) == 0 and not isinstance(value, (str, bytes, complex))
    with suppress(TypeError, ValueError):
        if scalar and getattr(getattr(value, "dtype", None), "kind", None) != "c":
            return float(value)
    raise TypeError(f"the measure {what} must return one real number, got {shown(value)}")


def name_of(measure: Any) -> str:
    """Return what a measure is called: its name, or that of a function."""
    if isinstance(measure, _Declared):
        return name_of(measure.measure)
    if isinstance(measure, str):
        return measure
    return getattr(measure, "__name__", None) or repr(measure)
