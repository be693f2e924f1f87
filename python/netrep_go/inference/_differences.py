"""Whether one value of a measure is larger than another."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from netrep_go._cohort import Networks, labeled
from netrep_go._jobs import counted, said_once
from netrep_go._names import Name, names_or_numbers
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import CORRECTIONS, Correction, corrected
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import check_number, check_option
from netrep_go.inference._bootstrap import OVER, Over, Resampled, jackknife
from netrep_go.inference._measures import given_measure
from netrep_go.inference._pairs import star

if TYPE_CHECKING:
    from netrep_go.plotting import ValueDifferencesDisplay

_SAME = 1e-10  # difference, as a part of the values, that may be rounding


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ValueDifferences(Result):
    """Result of :func:`compare_values`: one entry a comparison.

    Attributes
    ----------
    value_1, value_2 : ndarray of shape (n_comparisons,)
        The two values.
    difference : ndarray of shape (n_comparisons,)
        value_1 - value_2, less the jackknife's estimate of its bias for measures that have one
        (see ``correct_bias`` of :func:`bootstrap`).
    low, high : ndarray of shape (n_comparisons,)
        Interval of the difference, which holds those around the difference with and without
        its bias.
    pvalue, pvalue_corrected : ndarray of shape (n_comparisons,)
        Of no difference, two-sided, from the t distribution, for the one of the two that is
        nearer to 0, and 1 where values are the same but for rounding; and corrected for the
        number of comparisons.
    correction : str
        As given.
    labels : list of tuple
        Measure and network of the first and of the second value.
    """

    value_1: np.ndarray
    value_2: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    pvalue: np.ndarray
    pvalue_corrected: np.ndarray
    correction: str
    labels: list[tuple[Name, Name, Name, Name]] = field(repr=False)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each comparison.

        Returns
        -------
        pandas.DataFrame
            With columns measure_1, network_1, measure_2, network_2, value_1, value_2,
            difference, low, high, pvalue, pvalue_corrected.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        names = ("measure_1", "network_1", "measure_2", "network_2")
        columns: dict[str, Any] = dict(zip(names, zip(*self.labels, strict=True), strict=True))
        for name in _NUMBERS:
            columns[name] = getattr(self, name)
        return pandas().DataFrame(columns)

    def plot(self, ax: Any = None, *, n_comparisons: int = 30) -> ValueDifferencesDisplay:
        """Draw the differences and their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is made.
        n_comparisons : int, default=30
            How many comparisons at most: those of the least p-values.

        Returns
        -------
        display : netrep_go.plotting.ValueDifferencesDisplay
            The drawn display.
        """
        from netrep_go.plotting import ValueDifferencesDisplay

        return ValueDifferencesDisplay.from_differences(self, n_comparisons=n_comparisons, ax=ax)


_NUMBERS = ("value_1", "value_2", "difference", "low", "high", "pvalue", "pvalue_corrected")


@checked
def compare_values(
    measure: Any,
    X: Any,
    Ys: Networks,
    *,
    over: Over = "samples",
    confidence: float = 0.95,
    correction: Correction = "fdr",
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ValueDifferences:
    """Test whether a network is more alike to one than to another, or by one measure than another.

    All values are of the same samples, so that what they share is no part of the error of
    their difference. Differences and their errors are the jackknife's, as in
    :func:`bootstrap`.

    Parameters
    ----------
    measure : Measure, str, callable or object with fit and score; or list or dict of such
        As :func:`netrep_go.metrics.as_measure` takes it. Of several, each network is compared by
        each two measures too; they must be on one scale for that to mean something.
    X : array_like of shape (n_samples, n_features)
        A network, such as a brain area.
    Ys : list, dict or Series of array_like of shape (n_samples, n_features)
        What it is compared with, such as the layers of a model.
    over : {'samples', 'features', 'both'}, default='samples'
        What the differences generalize to.
    confidence : float, default=0.95
        Nominal coverage of the intervals.
    correction : {'fdr', 'bonferroni', 'none'}, default='fdr'
        Of the p-values for the number of comparisons.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ValueDifferences
        With ``to_frame()``.

    Raises
    ------
    ValueError
        If there is nothing to compare, or fewer than 4 samples or features.

    Notes
    -----
    The bias of two values cancels where networks are alike in width and noise, and does not
    where they are not; an estimate of it is noisy. So both differences must be away from 0. In
    200 simulations each of two networks that share half of their variance with X, of 4 to 10
    features and 15 to 100 samples, a p-value was at most 0.05 in a share of 0.01 to 0.015, by 'cka'
    and by 'procrustes': the test is careful. By the difference less its bias alone, it were
    0.025 to 0.045 by 'cka', and 0.055 to 0.11 by 'procrustes'.

    It is not so where widths differ and one comes near to the number of samples. Of noise of 3
    and of 60 features, and X of 5, these shares are 0.37 by 'cka' and 0.13 by 'procrustes' for 40
    samples, 0.22 and 0.10 for 100; of 3 and 30 features up to 0.08 and 0.12. By 'cka_unbiased'
    they are 0.00 to 0.03: take that where widths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.inference import compare_values
    >>> rng = np.random.default_rng(0)
    >>> X, noise = rng.standard_normal((2, 100, 5))
    >>> layers = {"conv1": noise, "conv2": X + noise}
    >>> result = compare_values("cka", X, layers, verbose=False)
    >>> bool(result.pvalue[0] < 0.001)
    True
    """
    check_option(over, "over", OVER)
    check_option(correction, "correction", CORRECTIONS)
    check_number(confidence, "confidence", 0.5, np.nextafter(1, 0))
    names, measures = _measures(measure)
    kinds = {one.properties.kind for one in measures}
    if len(kinds) > 1:
        raise ValueError(
            "measure must be all distances or all similarities, to be compared with each other, "
            f"got {dict(zip(names, (one.properties.kind for one in measures), strict=True))}"
        )
    networks, own = labeled(Ys, "Ys", None)
    labels = [(m, n) for m in names for n in names_or_numbers(own, len(networks))]
    if len(labels) < 2:
        raise ValueError("Ys must hold at least 2 networks to compare, or measure 2 measures")
    values, left_out = [], []
    for one in counted(measures, "Leaving out one", len(measures), verbose):
        found = star(one, ("X", X), networks, names_or_numbers(own, len(networks)))
        resampled = Resampled(one, found, over, n_jobs, False)
        with said_once():
            values.append(resampled.observed())
            left_out.append(resampled.left_out(values[-1]))
    return _differences(
        np.concatenate(values),
        [np.hstack(parts) for parts in zip(*left_out, strict=True)],
        labels,
        confidence,
        correction,
        all(one._converges() for one in measures),
    )


def _measures(measure: Any) -> tuple[list[Name], list[Any]]:
    """Return measures and their names."""
    if isinstance(measure, dict):
        return list(measure), [given_measure(m) for m in measure.values()]
    many = list(measure) if isinstance(measure, (list, tuple)) else [measure]
    if not many:
        raise ValueError(f"measure must be one measure or more, got {shown(measure)}")
    found = [given_measure(m) for m in many]
    return [m if isinstance(m, str) else repr(m) for m in many], found


def _differences(
    values: np.ndarray,
    left_out: list[np.ndarray],
    labels: list[tuple[Name, Name]],
    confidence: float,
    correction: str,
    correct_bias: bool,
) -> ValueDifferences:
    pairs = [
        (i, j)
        for i, j in combinations(range(len(labels)), 2)
        if labels[i][0] == labels[j][0] or labels[i][1] == labels[j][1]
    ]
    first, second = np.array(pairs).T
    interval = jackknife(
        values[first] - values[second],
        [part[:, first] - part[:, second] for part in left_out],
        confidence,
        correct_bias,
    )
    plain, difference = values[first] - values[second], interval.estimate
    nearest = np.where(plain * difference > 0, np.minimum(np.abs(plain), np.abs(difference)), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = nearest / interval.se
    same = np.abs(plain) <= _SAME * np.maximum(np.abs(values[first]), np.abs(values[second]))
    pvalue = 2 * stats.t.sf(np.where(same, 0.0, t), min(len(p) for p in left_out) - 1)
    return ValueDifferences(
        value_1=values[first],
        value_2=values[second],
        difference=difference,
        low=interval.low + np.minimum(plain - difference, 0),
        high=interval.high + np.maximum(plain - difference, 0),
        pvalue=pvalue,
        pvalue_corrected=corrected(pvalue, correction),
        correction=correction,
        labels=[(*labels[i], *labels[j]) for i, j in pairs],
    )
