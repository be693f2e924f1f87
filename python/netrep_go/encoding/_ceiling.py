"""How well any model can do, from repeated measurements."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState, as_random_state, warn_user
from netrep_go._names import check_same_indexes
from netrep_go._parameters import checked
from netrep_go._validation import (
    as_array,
    as_reals,
    check_integer,
    check_number,
    check_option,
)


@checked
def explainable_variance(Y: ArrayLike, *, unbiased: bool = True) -> np.ndarray:
    r"""Return the part of the variance of each target that repeats agree on.

    Repeats are standardized over samples. With :math:`v_r` the variance of repeat r about the
    mean over repeats, :math:`e = 1 - \frac1R \sum_r v_r`; its expectation in noise, 1 / R, is
    corrected by :math:`e - (1 - e) / (R - 1)` [1]_. It is the R2 of a perfect model of one
    repeat.

    Parameters
    ----------
    Y : array_like of shape (n_repeats, n_samples, n_targets)
        Responses to the same samples, measured at least twice.
    unbiased : bool, default=True
        Whether to correct for the number of repeats.

    Returns
    -------
    ndarray of shape (n_targets,)
        At most 1, and below 0 for some targets that are noise. NaN for targets that are
        constant in a repeat.

    Raises
    ------
    ValueError
        If `Y` is not finite, or has fewer than 2 repeats or samples.

    Warns
    -----
    UserWarning
        If some are NaN.

    References
    ----------
    .. [1] Dupré la Tour, T., Visconti di Oleggio Castello, M. & Gallant, J. L. (2025). The
       voxelwise encoding model framework. Imaging Neuroscience 3.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import explainable_variance
    >>> rng = np.random.default_rng(0)
    >>> repeats = rng.standard_normal((500, 2)) + rng.standard_normal((4, 500, 2))
    >>> explainable_variance(repeats).round(1)
    array([0.5, 0.5])
    """
    y = _standardized(_repeats(Y))
    n_repeats = len(y)
    e = 1 - np.var(y - y.mean(axis=0), axis=1).mean(axis=0)
    return e - (1 - e) / (n_repeats - 1) if unbiased else e


@checked
def split_half_reliability(
    Y: ArrayLike, *, n_splits: int = 100, random_state: RandomState = None
) -> np.ndarray:
    r"""Return the reliability of the mean over repeats, from halves of them.

    Repeats are split into halves at random; the correlation r over samples of the means of
    the halves, averaged over splits, gives that of all repeats by the formula of Spearman and
    Brown, :math:`2 r / (1 + r)`. Its square root is the correlation of a perfect model with
    the mean over repeats.

    Parameters
    ----------
    Y : array_like of shape (n_repeats, n_samples, n_targets)
        Responses to the same samples, measured at least twice.
    n_splits : int, default=100
        Number of random splits; with 2 or 3 repeats there are no more than 1 or 3.
    random_state : int, RandomState, Generator or None, default=None
        Determines the splits.

    Returns
    -------
    ndarray of shape (n_targets,)
        At most 1, and below 0 for some targets that are noise. NaN for targets that are
        constant in a half.

    Raises
    ------
    ValueError
        If `Y` is not finite, or has fewer than 2 repeats or samples.

    Warns
    -----
    UserWarning
        If some are NaN.

    Notes
    -----
    Of an odd number of repeats the halves are unequal, and the reliability is that of a
    slightly smaller number: by at most 0.02 for 3 repeats.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import split_half_reliability
    >>> rng = np.random.default_rng(0)
    >>> repeats = rng.standard_normal((500, 2)) + rng.standard_normal((4, 500, 2))
    >>> split_half_reliability(repeats, random_state=0).round(1)
    array([0.8, 0.8])
    """
    y = _moderate(_repeats(Y), (0, 1))
    check_integer(n_splits, "n_splits", 1)
    rng = as_random_state(random_state)
    n = len(y)
    total = np.zeros(y.shape[2])
    n_splits = min(n_splits, {2: 1}.get(n, n_splits))
    for _ in range(n_splits):
        order = rng.permutation(n)
        halves = np.stack([y[order[: n // 2]].mean(axis=0), y[order[n // 2 :]].mean(axis=0)])
        first, second = _standardized(halves)
        total += np.mean(first * second, axis=0)
    r = total / n_splits
    return 2 * r / (1 + r)


@checked
def normalize_scores(
    scores: ArrayLike,
    ceiling: ArrayLike,
    *,
    scoring: Literal["r2", "r"] = "r2",
    minimum: float = 0.0,
) -> np.ndarray:
    """Divide scores by the best ones that noise allows.

    Parameters
    ----------
    scores : array_like of shape (..., n_targets)
        R2 or correlations.
    ceiling : array_like of shape (n_targets,)
        Part of the variance of what was predicted that is not noise:
        :func:`explainable_variance` where this is one repeat,
        :func:`split_half_reliability` where it is the mean over repeats.
    scoring : {'r2', 'r'}, default='r2'
        What the scores are: R2 is divided by the ceiling, r by its square root. The square of
        the latter is Brain-Score's normalized score.
    minimum : float, default=0.0
        From 0 to 1: targets whose ceiling is not above it are NaN, as there is nothing to explain.

    Returns
    -------
    ndarray of shape (..., n_targets)
        Scores; above 1 where a ceiling was underestimated.

    Raises
    ------
    ValueError
        If `ceiling` has not one entry for each target, or `minimum` is not from 0 to 1.

    Warns
    -----
    UserWarning
        If some are NaN for their ceiling.

    Examples
    --------
    >>> from netrep_go.encoding import normalize_scores
    >>> normalize_scores([0.2, 0.3], [0.4, 0.5])
    array([0.5, 0.6])
    >>> normalize_scores([0.4], [0.64], scoring="r")
    array([0.5])
    """
    check_option(scoring, "scoring", ("r2", "r"))
    check_same_indexes([("scores", scores), ("ceiling", ceiling)], "targets", axis=-1)
    best = as_array(ceiling, "ceiling", 1, allow_nan=True)
    check_number(minimum, "minimum", 0, 1)
    found = as_reals(scores, "scores")
    found = as_array(found, "scores", found.ndim, allow_nan=True)
    if found.shape[-1:] != best.shape:
        raise ValueError(
            f"ceiling must have one entry a target, got {best.shape} for {found.shape}"
        )
    known = best > minimum
    if not known.all():
        warn_user(
            f"{np.count_nonzero(~known)} target(s) have no ceiling above {minimum:g}: their "
            "scores are NaN",
        )
    divisor = np.where(known, best, np.nan)
    return found / (divisor if scoring == "r2" else np.sqrt(divisor))


def _repeats(Y: ArrayLike) -> np.ndarray:
    y = as_array(Y, "Y", 3, axes="repeats, samples and targets")
    if len(y) < 2 or y.shape[1] < 2:
        raise ValueError(f"Y must have at least 2 repeats of 2 samples, got shape {y.shape}")
    return y


def _moderate(y: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Return numbers times powers of 2, so that the range of float64 has room for squares."""
    _, exponents = np.frexp(np.abs(y).max(axis=axes, keepdims=True))
    moderate: np.ndarray = np.ldexp(y, -exponents)
    return moderate


def _standardized(y: np.ndarray) -> np.ndarray:
    """Standardize over samples, the second axis, and warn of what does not vary."""
    y = _moderate(y, (1,))
    scale = y.std(axis=1, keepdims=True)
    constant = np.ptp(y, axis=1, keepdims=True) == 0
    if constant.any():
        warn_user("targets that are constant in a repeat have no reliability: NaN")
    return (y - y.mean(axis=1, keepdims=True)) / np.where(constant, np.nan, scale)
