"""Whether a value is larger than that of networks whose samples do not belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from netrep_go._jobs import RandomState, counted
from netrep_go._names import Name, split_names
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import permutation_pvalue, permutations
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import as_codes, check_integer, check_number
from netrep_go.inference._measures import are_several, chosen, given_measure, named_in_errors
from netrep_go.inference._null import Null, null_of
from netrep_go.inference._pairs import Compared, Pairs, compared, direction
from netrep_go.inference._repeated import warn_if_undefined
from netrep_go.metrics import Measure
from netrep_go.metrics._adapted import name_of

if TYPE_CHECKING:
    from netrep_go.plotting import CalibrationDisplay

_CONSTANT = 1e-12  # spread of a null, relative to its mean, that is rounding
_BLOCK = 64  # permutations between two looks at the bar


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Calibration(Result):
    """Result of :func:`calibrate`.

    Of a pair of networks the next ones are numbers, of a cohort matrices of shape
    (n_networks, n_networks) with NaN for a network and itself.

    Attributes
    ----------
    measure : str
        Its name.
    statistic : float or ndarray
        Value of the measure.
    pvalue : float or ndarray
        (b + 1) / (n_permutations + 1), b being the number of permutations with a value as
        far in the direction of alike.
    pvalue_max : float or ndarray
        Family-wise over the pairs: from the largest value of all pairs in each permutation,
        every pair in units of its null's standard deviation from its null's mean.
    calibrated : float or ndarray
        0 for what the null reaches at level ``alpha``, 1 for networks that are as alike as
        can be, linear between. NaN if the measure has no largest value.
    null_mean, null_std : float or ndarray
        Of the permutations.
    null_quantile : float or ndarray
        The value that 1 - alpha of the permutations do not exceed, the data being one of them.
    exact_mean, exact_std : float, ndarray or None
        Of all n! permutations, for measures with a closed form.
    null_distribution : ndarray of shape (n_permutations, n_pairs)
        Values after each permutation, of the pairs in the order of ``to_frame()``.
    names : list
        Of the networks.
    """

    measure: str
    statistic: Any
    pvalue: Any
    pvalue_max: Any
    calibrated: Any
    null_mean: Any
    null_std: Any
    null_quantile: Any
    exact_mean: Any
    exact_std: Any
    null_distribution: np.ndarray = field(repr=False)
    names: list[Name] = field(repr=False)
    pairs: Pairs = field(repr=False)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair.

        Returns
        -------
        pandas.DataFrame
            With columns measure, network_1, network_2, statistic, pvalue, pvalue_max,
            calibrated, null_mean, null_std, null_quantile, exact_mean, exact_std.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        first, second = self.pairs
        columns = {
            "measure": self.measure,
            "network_1": [self.names[i] for i in first],
            "network_2": [self.names[j] for j in second],
        }
        for name in _COLUMNS:
            values = getattr(self, name)
            if values is not None:
                columns[name] = values[first, second] if np.ndim(values) else [values]
        return pandas().DataFrame(columns)

    def plot(self, ax: Any = None, *, n_pairs: int = 30) -> CalibrationDisplay:
        """Draw the value of each pair beside those of the permutations.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        n_pairs : int, default=30
            How many pairs at most: those that are farthest from their nulls.

        Returns
        -------
        display : netrep_go.plotting.CalibrationDisplay
            The drawn display.
        """
        from netrep_go.plotting import CalibrationDisplay

        axes = None if ax is None else [ax]
        return CalibrationDisplay.from_calibration(self, n_pairs=n_pairs, ax=axes)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Calibrations(Result):
    """Result of :func:`calibrate` for several measures, whose nulls have the same permutations.

    Attributes
    ----------
    calibrations : dict of str to Calibration
        By measure. The result is iterated over, and indexed, like this.
    pvalue_corrected : dict of str to float or ndarray
        By measure. Family-wise over all pairs and all measures: as ``pvalue_max``, from the
        largest value of all of them in each permutation.
    """

    calibrations: dict[str, Calibration]
    pvalue_corrected: dict[str, Any] = field(repr=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.calibrations)

    def __len__(self) -> int:
        return len(self.calibrations)

    def __getitem__(self, measure: str) -> Calibration:
        if measure not in self.calibrations:
            raise KeyError(f"{shown(measure)} is none of {list(self.calibrations)}")
        return self.calibrations[measure]

    def __repr__(self) -> str:
        return f"Calibrations({', '.join(self.calibrations)})"

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair and measure.

        Returns
        -------
        pandas.DataFrame
            With the columns of :class:`Calibration`, and pvalue_corrected.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        tables = []
        for name, one in self.calibrations.items():
            table, corrected = one.to_frame(), self.pvalue_corrected[name]
            column = corrected[one.pairs] if np.ndim(corrected) else corrected
            table.insert(table.columns.get_loc("pvalue_max") + 1, "pvalue_corrected", column)
            tables.append(table)
        return pandas().concat(tables, ignore_index=True)

    def plot(self, ax: Any = None, *, n_pairs: int = 30) -> CalibrationDisplay:
        """Draw the value of each pair beside those of the permutations, a panel a measure.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Axes to draw on, one a measure. If None, a new figure is made.
        n_pairs : int, default=30
            How many pairs at most: those that are farthest from their nulls.

        Returns
        -------
        display : netrep_go.plotting.CalibrationDisplay
            The drawn display.
        """
        from netrep_go.plotting import CalibrationDisplay

        return CalibrationDisplay.from_calibration(self, n_pairs=n_pairs, ax=ax)


_COLUMNS = (
    "statistic",
    "pvalue",
    "pvalue_max",
    "calibrated",
    "null_mean",
    "null_std",
    "null_quantile",
    "exact_mean",
    "exact_std",
)


@checked
def calibrate(
    measure: Any,
    X: Any,
    Y: Any = None,
    *,
    n_permutations: int = 1000,
    alpha: float = 0.05,
    strata: ArrayLike | None = None,
    names: Iterable[Name] | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Calibration | Calibrations:
    r"""Compare values of a measure with those of networks whose samples are shuffled.

    Many measures are far from their worst value for networks that have nothing in common:
    linear CKA of two networks with more neurons than samples is near 1. Here the samples of
    one network of each pair are permuted, which leaves everything as it is but what the two
    have in common. One permutation serves all pairs of a cohort, so that the largest value
    over pairs gives p-values that hold for all of them together. With the observed value s and
    the values of K permutations,

    .. math:: s_c = \max \left(0, \; \frac{s - \tau}{s_{\max} - \tau} \right)

    where :math:`\tau` is the :math:`\lceil (1 - \alpha) (K + 1) \rceil`-th smallest of the K + 1
    values, and :math:`s_{\max}` that of a network and itself; for a distance the signs change.

    Parameters
    ----------
    measure : Measure, str, callable or object with fit and score; or list or dict of such
        As :func:`netrep_go.metrics.as_measure` takes it; a similarity or a distance. Several
        measures share the permutations. Keys of a dict are their names in the result.
    X : array_like of shape (n_samples, n_features), or list, dict or Series of such
        A network, with Y; or all networks of a cohort.
    Y : array_like of shape (n_samples, n_features), default=None
        The other network of a pair, whose samples are permuted.
    n_permutations : int, default=1000
        Number of random permutations.
    alpha : float, default=0.05
        Level of ``null_quantile`` and of the calibrated value.
    strata : array_like of shape (n_samples,), default=None
        Samples are permuted within these, such as runs or categories; by default all are.
    names : sequence of hashable, default=None
        Names of the networks of a cohort, if these are a list.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    Calibration, or Calibrations for a list or dict of measures
        Values, p-values and calibrated values, with ``to_frame()`` and ``plot()``.

    Raises
    ------
    ValueError
        If there are so few samples or permutations that no p-value can be below ``alpha``, or
        nothing says whether large values of the measure mean alike.

    Warns
    -----
    UserWarning
        If the value of a pair is undefined: all numbers of that pair are NaN.

    Notes
    -----
    Samples must be exchangeable if networks have nothing in common: neighboring time points
    are not, and need ``strata`` or are to be thinned out.

    For linear CKA as a cosine and for what else is an inner product of matrices of samples the
    mean and the standard deviation over all permutations are exact (Kazi-Aoual et al. 1995):
    no permutations are needed to know them, and p-values do not use them.

    References
    ----------
    Groeger et al. (2026). Revisiting the Platonic Representation Hypothesis.

    Kazi-Aoual, Hitier, Sabatier & Lebreton (1995). Refined approximations to permutation
    tests for multivariate inference. Computational Statistics & Data Analysis 20, 643-656.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import calibrate
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 50, 100))
    >>> noise = calibrate("cka", X, Y, n_permutations=199, random_state=0, verbose=False)
    >>> round(noise.statistic, 2), round(noise.exact_mean, 2), noise.calibrated
    (0.65, 0.67, 0.0)
    >>> alike = calibrate("cka", X, X + Y, n_permutations=199, random_state=0, verbose=False)
    >>> alike.pvalue
    0.005
    """
    several = are_several(measure)
    measures = chosen(measure, "measure") if several else {name_of(measure): given_measure(measure)}
    signs = [direction(one, "calibrate") for one in measures.values()]
    check_permutations(n_permutations, alpha)
    founds = _all_compared(measures, X, Y, names, several)
    n = founds[0].n_samples
    _check_enough(n, strata, alpha)
    nulls = [null_of(*pair, n_jobs) for pair in zip(measures.values(), founds, strict=True)]
    draws = permutations(n, n_permutations, strata, random_state, size=1, limit=_BLOCK)
    observed, distributions = _values(nulls, n, draws, n_permutations, verbose)
    for one, found, values in zip(measures.values(), founds, observed, strict=True):
        if one._is_prepared():  # others say so themselves
            warn_if_undefined(one, found.networks, found.pairs, values)
    extremes = [_extremes(*each) for each in zip(signs, observed, distributions, strict=True)]
    largest = [extreme.max(axis=1, keepdims=True) for extreme in extremes]
    results, corrected = {}, {}
    for k, (name, one) in enumerate(measures.items()):
        numbers = _numbers(signs[k], observed[k], distributions[k], alpha, _best(one))
        numbers["pvalue_max"], corrected[name] = (
            np.where(np.isnan(observed[k]), np.nan, permutation_pvalue(extremes[k][0], top[1:]))
            for top in (largest[k], np.max(largest, axis=0))
        )
        exact = nulls[k].moments() if strata is None else None
        numbers |= dict(zip(("exact_mean", "exact_std"), exact or (), strict=False))
        results[name] = _result(name, founds[k], numbers, distributions[k])
        corrected[name] = founds[k].shaped(corrected[name])
    if not several:
        return results[name]
    return Calibrations(calibrations=results, pvalue_corrected=corrected)


def _all_compared(
    measures: dict[str, Measure], X: Any, Y: Any, names: Iterable[Name] | None, several: bool
) -> list[Compared]:
    """Return the networks of each measure, by names that are read once."""
    if names is not None and Y is None:
        items, own = split_names(X, "X", names)
        X, names = dict(zip(own or (), items, strict=True)), None
    return [_compared(name, one, X, Y, names, several) for name, one in measures.items()]


def _compared(
    name: str, measure: Measure, X: Any, Y: Any, names: Iterable[Name] | None, several: bool
) -> Compared:
    """Return the networks of a measure, which is named in errors if there are several."""
    if not several:
        return compared(measure, X, Y, names)
    with named_in_errors(name, (ValueError, np.linalg.LinAlgError)):
        return compared(measure, X, Y, names)


def _values(
    nulls: list[Null], n: int, draws: Iterable[np.ndarray], n_permutations: int, verbose: bool
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return, by measure, the values of pairs and those after each of the permutations."""
    observed = [null.values(np.arange(n)[np.newaxis])[0] for null in nulls]
    ends = np.cumsum([len(values) for values in observed])[:-1]
    blocks = (np.hstack([null.values(orders) for null in nulls]) for orders in draws)
    bar = counted(blocks, "Permuting samples", n_permutations, verbose, blocks=True)
    return observed, np.split(np.concatenate(list(bar)), ends, axis=1)


def _result(
    name: str, found: Compared, numbers: dict[str, np.ndarray], distribution: np.ndarray
) -> Calibration:
    shaped = {key: found.shaped(numbers[key]) if key in numbers else None for key in _COLUMNS}
    return Calibration(
        measure=name,
        **shaped,
        null_distribution=distribution,
        names=found.names,
        pairs=found.pairs,
    )


def check_permutations(n_permutations: int, alpha: float) -> None:
    """Raise unless so many permutations allow a p-value of alpha."""
    check_integer(n_permutations, "n_permutations", 1)
    check_number(alpha, "alpha", np.nextafter(0, 1), 0.5)
    if (n_permutations + 1) * alpha < 1 - 1e-12:
        raise ValueError(
            f"n_permutations must be at least {ceil(1 / alpha - 1e-9) - 1} for a p-value of "
            f"alpha = {alpha:g}, got {n_permutations}"
        )


def _check_enough(n: int, strata: ArrayLike | None, alpha: float) -> None:
    """Raise if all orders of the samples are too few for a p-value of alpha."""
    sizes = np.array([n]) if strata is None else np.bincount(as_codes(strata, "strata", n)[1])
    smallest = np.exp(-gammaln(sizes + 1).sum())
    if smallest > alpha:
        within = "" if strata is None else " within the strata"
        raise ValueError(
            f"no p-value can be as small as alpha = {alpha:g}: {n} samples have "
            f"{1 / smallest:.0f} orders{within}"
        )


def _best(measure: Measure) -> float:
    """Return the value of networks that are as alike as can be."""
    said = measure.properties
    if said.kind == "distance":
        return 0.0
    return said.range[1] if said.identity else np.inf


def _extremes(sign: int, observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Return how far values are from their null's mean, in its standard deviations."""
    everything = np.vstack([observed, null])
    mean, std = everything.mean(axis=0), everything.std(axis=0)
    with np.errstate(invalid="ignore"):
        extreme = sign * (everything - mean) / np.where(std > _CONSTANT * np.abs(mean), std, np.inf)
    return np.where(np.isnan(extreme), -np.inf, extreme)


def _numbers(
    sign: int, observed: np.ndarray, null: np.ndarray, alpha: float, best: float
) -> dict[str, np.ndarray]:
    """Return what follows from the values of each pair and those after permutations."""
    everything = np.vstack([observed, null])
    signed = sign * np.where(np.isnan(everything), sign * np.inf, everything)  # against the pair
    quantile = sign * np.sort(signed, axis=0)[ceil((1 - alpha) * len(signed)) - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (observed - quantile) / (best - quantile)
    numbers = {
        "statistic": observed,
        "pvalue": permutation_pvalue(signed[0], signed[1:]),
        "calibrated": np.clip(share, 0, 1) + 0.0
        if np.isfinite(best)
        else np.full(len(observed), np.nan),
        "null_mean": null.mean(axis=0),
        "null_std": null.std(axis=0),
        "null_quantile": quantile,
    }
    return {name: np.where(np.isnan(observed), np.nan, values) for name, values in numbers.items()}
