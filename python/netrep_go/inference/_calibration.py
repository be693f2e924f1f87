"""Whether a value is larger than that of networks whose samples do not belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from netrep_go._jobs import RandomState, counted
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import permutation_pvalue, permutations
from netrep_go._results import Result
from netrep_go._validation import as_codes, check_integer, check_number
from netrep_go.inference._null import null_of
from netrep_go.inference._pairs import Pairs, compared, direction, given_measure
from netrep_go.metrics import Measure
from netrep_go.metrics._registry import name_of

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
        """Return a pandas DataFrame with one row a pair."""
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
    verbose: bool = True,
) -> Calibration:
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
    measure : Measure, str, callable or object with fit and score
        As :func:`netrep_go.metrics.as_measure` takes it; a similarity or a distance.
    X : array_like of shape (n_samples, n_features), or list, dict or Series of such
        A network, with Y; or all networks of a cohort.
    Y : array_like of shape (n_samples, n_features), optional
        The other network of a pair, whose samples are permuted.
    n_permutations : int, default=1000
        Number of random permutations.
    alpha : float, default=0.05
        Level of ``null_quantile`` and of the calibrated value.
    strata : array_like of shape (n_samples,), optional
        Samples are permuted within these, such as runs or categories; by default all are.
    names : sequence, optional
        Names of the networks of a cohort, if these are a list.
    random_state : int, RandomState, Generator or None, default=None
        Draws the permutations.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores. The result does
        not depend on it.
    verbose : bool, default=True
        Show a progress bar.

    Returns
    -------
    Calibration
        Values, p-values and calibrated values, with ``to_frame()``.

    Raises
    ------
    ValueError
        If there are so few samples or permutations that no p-value can be below ``alpha``, or
        nothing says whether large values of the measure mean alike.

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
    name, measure = name_of(measure), given_measure(measure)
    sign = direction(measure, "calibrate")
    check_permutations(n_permutations, alpha)
    found = compared(measure, X, Y, names)
    n = found.n_samples
    _check_enough(n, strata, alpha)
    null = null_of(measure, found, n_jobs)
    observed = null.values(np.arange(n)[np.newaxis])[0]
    draws = permutations(n, n_permutations, strata, random_state, size=1, limit=_BLOCK)
    blocks = counted(
        map(null.values, draws), "Permuting samples", n_permutations, verbose, blocks=True
    )
    distribution = np.concatenate(list(blocks))
    numbers = _numbers(sign, observed, distribution, alpha, _best(measure))
    exact = null.moments() if strata is None else None
    numbers |= dict(zip(("exact_mean", "exact_std"), exact or (), strict=False))
    return Calibration(
        measure=name,
        **{name: found.shaped(numbers[name]) if name in numbers else None for name in _COLUMNS},
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


def _numbers(
    sign: int, observed: np.ndarray, null: np.ndarray, alpha: float, best: float
) -> dict[str, np.ndarray]:
    """Return what follows from the values of pairs and those after permutations."""
    everything = np.vstack([observed, null])
    mean, std = everything.mean(axis=0), everything.std(axis=0)
    signed = sign * np.where(np.isnan(everything), sign * np.inf, everything)  # against the pair
    quantile = sign * np.sort(signed, axis=0)[ceil((1 - alpha) * len(signed)) - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (observed - quantile) / (best - quantile)
        extreme = sign * (everything - mean) / np.where(std > _CONSTANT * np.abs(mean), std, np.inf)
        size = np.max(np.abs(everything), axis=0, where=np.isfinite(everything), initial=0.0)
        alike = signed / np.where(size > 0, size, 1)  # so that no unit decides what ties
    largest = np.nanmax(np.where(np.isnan(extreme), -np.inf, extreme), axis=1, keepdims=True)
    unknown = np.isnan(observed)
    alike[0] = np.where(unknown, np.nan, alike[0])
    numbers = {
        "statistic": observed,
        "pvalue": permutation_pvalue(alike[0], alike[1:]),
        "pvalue_max": permutation_pvalue(extreme[0], largest[1:]),
        "calibrated": np.clip(share, 0, 1) if np.isfinite(best) else np.full(len(observed), np.nan),
        "null_mean": null.mean(axis=0),
        "null_std": null.std(axis=0),
        "null_quantile": quantile,
    }
    return {name: np.where(unknown, np.nan, values) for name, values in numbers.items()}
