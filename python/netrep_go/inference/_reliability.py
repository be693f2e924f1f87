"""How alike a network is to itself: the most that another can be expected to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import stats

from netrep_go._cohort import Cohorts, Named, aligned, check_same_samples, labeled
from netrep_go._jobs import RandomState, as_random_state, counted, warn_user
from netrep_go._names import Name, names_or_numbers
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import as_array, check_integer, check_option
from netrep_go.inference._measures import given_measure
from netrep_go.inference._pairs import compared, samples_taken
from netrep_go.inference._repeated import repeated, stacked
from netrep_go.metrics import Measure
from netrep_go.metrics._adapted import name_of

if TYPE_CHECKING:
    from netrep_go.plotting import ReliabilityDisplay

Of = Literal["features", "repeats", "subjects", "samples"]
OF = ("features", "repeats", "subjects", "samples")


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Reliability(Result):
    """Result of :func:`reliability`.

    Attributes
    ----------
    measure : str
        Its name.
    value : ndarray of shape (n_networks,)
        Mean of the measure between two halves of a network, or between two subjects; of
        'samples' mean rank correlation.
    low, high : ndarray of shape (n_networks,)
        Quantiles 0.025 and 0.975 over the splits, or the lowest and the highest of the pairs
        of subjects. Splits overlap: these say how much the split matters and are no
        confidence interval.
    distribution : list of ndarray
        Values of all splits, or of all pairs of subjects, by network.
    of : str
        As given.
    names : list
        Of the networks.
    """

    measure: str
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    distribution: list[np.ndarray] = field(repr=False)
    of: str
    names: list[Name] = field(repr=False)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each network.

        Returns
        -------
        pandas.DataFrame
            With columns measure, network, value, low, high.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(
            {
                "measure": self.measure,
                "network": self.names,
                "value": self.value,
                "low": self.low,
                "high": self.high,
            }
        )

    def plot(self, ax: Any = None) -> ReliabilityDisplay:
        """Draw the value of each network, and those of the splits.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.

        Returns
        -------
        display : netrep_go.plotting.ReliabilityDisplay
            The drawn display.
        """
        from netrep_go.plotting import ReliabilityDisplay

        return ReliabilityDisplay.from_reliability(self, ax=ax)


@checked
def reliability(
    measure: Any,
    X: Any,
    *,
    of: Of = "features",
    n_splits: int = 100,
    names: Iterable[Name] | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Reliability:
    """Return how alike networks are to themselves: the ceiling of a measure.

    A value between two networks means little beside the value of 1, or 0 of a distance, that
    no two samples of neurons and no two noisy recordings of one network have. What they do
    have is what this returns.

    Parameters
    ----------
    measure : Measure, str, callable or object with fit and score
        As :func:`netrep_go.metrics.as_measure` takes it.
    X : list, dict or Series of networks
        Of 'features': arrays of shape (n_samples, n_features). Of 'repeats': arrays of shape
        (n_repeats, n_samples, n_features), as many repeats as there are. Of 'subjects': lists
        of arrays of shape (n_samples, n_features), one a subject, of any widths. Of 'samples':
        4 or more, as for all pairs of a cohort.
    of : {'features', 'repeats', 'subjects', 'samples'}, default='features'
        'features': two halves of the neurons are compared, drawn at random; what another
        sample of neurons, half as many, would give. 'repeats': the means of two halves of
        the repeats. 'subjects': all pairs of subjects. 'samples': Spearman correlation of a
        network's values with all others on two halves of the samples, which tells whether
        they order networks alike.
    n_splits : int, default=100
        Number of random splits in halves.
    names : sequence of hashable, default=None
        Names of the networks, if these are a list.
    random_state : int, RandomState, Generator or None, default=None
        Determines the splits.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    Reliability
        With ``to_frame()``.

    Raises
    ------
    ValueError
        If a network has fewer than 4 features, 2 repeats, 2 subjects or 8 samples, or there
        are fewer than 4 networks to split the samples of.

    Warns
    -----
    UserWarning
        If the measure is undefined in some comparison of a network: its value is NaN.

    Notes
    -----
    Halves have half of the neurons or half of the repeats. No formula says for measures at
    large what the whole would have (that of Spearman and Brown is one for correlations of
    sums), so that the values are those of halves: compare them with values of networks of half
    the neurons or repeats too, or take them as a bound from below of the ceiling.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import reliability
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal((50, 3)) @ rng.standard_normal((3, 20))
    >>> repeats = signal + rng.standard_normal((8, 50, 20))
    >>> found = reliability("cka", {"V1": repeats}, of="repeats", random_state=0, verbose=False)
    >>> found.value.round(2)
    array([0.98])
    """
    name_of_measure, measure = name_of(measure), given_measure(measure)
    check_option(of, "of", OF)
    check_integer(n_splits, "n_splits", 1)
    networks, own = labeled(X, "X", names)
    rng = as_random_state(random_state)
    if of == "samples":
        distribution = _orders(measure, X, names, n_splits, rng, n_jobs, verbose)
    else:
        distribution = []
        for name, x in counted(networks, "Splitting networks", len(networks), verbose):
            halves = _subjects(x, name) if of == "subjects" else _halves(x, name, of, n_splits, rng)
            distribution.append(_values(measure, halves, n_jobs))
    _warn_if_undefined(distribution, [name for name, _ in networks])
    ends = [0.0, 1.0] if of == "subjects" else [0.025, 0.975]
    low, high = np.array([np.quantile(values, ends) for values in distribution]).T
    return Reliability(
        measure=name_of_measure,
        value=np.array([values.mean() for values in distribution]),
        low=low,
        high=high,
        distribution=distribution,
        of=of,
        names=names_or_numbers(own, len(networks)),
    )


def _warn_if_undefined(distribution: list[np.ndarray], names: list[str]) -> None:
    for values, name in zip(distribution, names, strict=True):
        undefined = np.isnan(values).sum()
        if undefined:
            warn_user(
                f"the measure is undefined in {undefined} of {len(values)} comparisons of {name}, "
                "whose value is NaN"
            )


def _orders(
    measure: Measure,
    X: Any,
    names: Iterable[Name] | None,
    n_splits: int,
    rng: np.random.RandomState,
    n_jobs: int | None,
    verbose: bool,
) -> list[np.ndarray]:
    """Return, by network, rank correlations of its values with others on two halves."""
    found = compared(measure, X, None, names)
    k, n = len(found.networks), found.n_samples
    if k < 4 or n < 8:
        raise ValueError(f"X must hold at least 4 networks of 8 samples, got {k} of {n}")
    orders = np.argsort(rng.random_sample((n_splits, n)), axis=1)
    halves = np.concatenate([orders[:, : n // 2], orders[:, n // 2 : n // 2 * 2]])

    def half(draw: int) -> tuple[Measure, list[Named]]:
        networks = [(name, samples_taken(x, halves[draw])) for name, x in found.networks]
        return measure._of_samples(halves[draw], n), networks

    values = repeated(measure, half, len(halves), found.pairs, n_jobs)
    bar = counted(values, "Splitting samples", len(halves), verbose)
    matrices = np.array([found.shaped(row) for row in bar])
    others = matrices[:, ~np.eye(k, dtype=bool)].reshape(2, n_splits, k, k - 1)
    ranks = stats.rankdata(others, axis=3)
    ranks -= ranks.mean(axis=3, keepdims=True)
    with np.errstate(invalid="ignore"):  # values that are all the same have no order
        first, second = ranks / ranks.std(axis=3, keepdims=True)
    return list((first * second).mean(axis=2).T)


def _values(measure: Measure, pairs: list[tuple[Named, Named]], n_jobs: int | None) -> np.ndarray:
    only = np.array([0]), np.array([1])
    checked_pairs = [
        [(name, measure._check_network(x, name)) for name, x in pair] for pair in pairs
    ]
    values = repeated(measure, lambda k: (measure, checked_pairs[k]), len(pairs), only, n_jobs)
    return stacked(values, 1)[:, 0]


def _subjects(x: Any, name: str) -> list[tuple[Named, Named]]:
    """Return all pairs of subjects."""
    subjects, _ = labeled(x, name, None)
    if len(subjects) < 2:
        raise ValueError(f"{name} must hold at least 2 subjects, got {len(subjects)}")
    aligned(Cohorts(subjects, None))
    check_same_samples([(subject, len(data)) for subject, data in subjects])
    return list(combinations(subjects, 2))


def _halves(
    x: Any, name: str, of: str, n_splits: int, rng: np.random.RandomState
) -> list[tuple[Named, Named]]:
    """Return random halves of the features, or the means of random halves of the repeats."""
    is_repeats = of == "repeats"
    axes = "repeats, samples and features" if is_repeats else ""
    x = as_array(x, name, 3 if is_repeats else 2, axes=axes)
    n, least = (len(x), 2) if is_repeats else (x.shape[1], 4)
    if n < least:
        raise ValueError(f"{name} must have at least {least} {of} to split in halves, got {n}")
    orders = np.argsort(rng.random_sample((n_splits, n)), axis=1)

    def half(which: np.ndarray) -> np.ndarray:
        return x[which].mean(axis=0) if is_repeats else np.ascontiguousarray(x[:, which])

    label = f"a half of {name}"
    return [
        ((label, half(order[: n // 2])), (label, half(order[n // 2 : n // 2 * 2])))
        for order in orders
    ]
