"""Which sample was shown: predictions compared with all candidates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln
from scipy.stats import rankdata

from netrep_go._jobs import RandomState, warn_user
from netrep_go._names import (
    Name,
    check_names,
    check_same_indexes,
    names_or_numbers,
    row_names,
)
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import null_distribution, permutation_pvalue, permutations
from netrep_go._results import Result
from netrep_go._validation import as_array, as_codes, as_integers, as_matrix, check_integer

_ROUNDING = 1e-10  # by which equal correlations may differ
_BLOCK = 2**20  # numbers in a temporary array


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Identification(Result):
    """Result of :func:`identify`.

    Attributes
    ----------
    accuracy : float
        Mean over samples of their probability to be picked.
    chance : float
        Its expectation if predictions and samples are unrelated: one by the number of
        candidates.
    n_way : int or 'all'
        Number of candidates, the true one included.
    sample_accuracy : ndarray of shape (n_samples,)
        Probability of each sample to be picked from random candidates.
    rank : ndarray of shape (n_samples,)
        Place of the true sample among all candidates of its fold, 1 for the best; the mean
        of those that it shares.
    n_candidates : ndarray of int of shape (n_samples,)
        Number of samples in the fold of each.
    names : list
        Names of the samples, or their positions.
    pvalue : float or None
        Part of the permutations, the data included, with as high an accuracy.
    null_distribution : ndarray of shape (n_permutations,)
        Accuracy of each permutation.
    """

    accuracy: float
    chance: float
    n_way: int | str
    sample_accuracy: np.ndarray = field(repr=False)
    rank: np.ndarray = field(repr=False)
    n_candidates: np.ndarray = field(repr=False)
    names: list[Name] = field(repr=False)
    pvalue: float | None
    null_distribution: np.ndarray = field(repr=False)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each sample.

        Returns
        -------
        pandas.DataFrame
            With columns sample, rank, n_candidates, accuracy.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {
            "sample": self.names,
            "rank": self.rank,
            "n_candidates": self.n_candidates,
            "accuracy": self.sample_accuracy,
        }
        return pandas().DataFrame(columns)


@checked
def identify(
    predicted: ArrayLike,
    measured: ArrayLike,
    *,
    n_way: int | Literal["all"] = 2,
    folds: ArrayLike | Sequence[tuple[ArrayLike, ArrayLike]] | None = None,
    names: Iterable[Name] | None = None,
    n_permutations: int = 1000,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Identification:
    r"""Pick each sample from candidates, by the correlation of its prediction with them.

    A sample is identified if its prediction correlates more over features with what was
    measured for it than with the :math:`n - 1` others [1]_. For :math:`b` of the
    :math:`m - 1` possible others below the true one, the probability with random others is
    :math:`\binom{b}{n-1} / \binom{m-1}{n-1}`, exactly; of those that tie with the best, each
    is as likely to be picked.

    Parameters
    ----------
    predicted, measured : array_like of shape (n_samples, n_features)
        Predictions of held-out samples, and what they are predictions of: responses of an
        encoding model, or decoded features. Features that differ much in mean or scale are
        best standardized before, by training samples.
    n_way : int or 'all', default=2
        Number of candidates: 2 is pairwise identification, 'all' among all of the fold.
    folds : array_like of shape (n_samples,) or list of splits, default=None
        Fold that each sample was held out in, or training and test samples of each fold, such
        as :attr:`EncodingModel.folds_`; samples that no fold tests are left out. None if all
        have been predicted by one model. See Notes.
    names : sequence of hashable, default=None
        Names of the samples. If None, the index of a DataFrame.
    n_permutations : int, default=1000
        Number of permutations of samples within folds; 0 for no p-value.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    Identification
        With ``accuracy``, ``chance``, ``rank`` and ``pvalue``.

    Raises
    ------
    ValueError
        If there are fewer candidates than `n_way`, or a sample is in several folds.

    Warns
    -----
    UserWarning
        If predictions or samples do not vary over features: their correlations tie with all.

    Notes
    -----
    Candidates are those of the same fold, for a model knows its training samples. The mean
    of the training samples, which is the prediction in noise, is nearer to each of them than
    to a sample that was left out: with candidates from other folds, accuracy in noise is below
    chance, 0.35 for pairs where one sample of 30 is left out at a time. Given its fold, the
    mean accuracy over permutations is chance exactly.

    References
    ----------
    .. [1] Kay, K. N., Naselaris, T., Prenger, R. J. & Gallant, J. L. (2008). Identifying
       natural images from human brain activity. Nature 452, 352-355.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import identify
    >>> rng = np.random.default_rng(0)
    >>> images = rng.standard_normal((50, 30))
    >>> predicted = images + 3 * rng.standard_normal((50, 30))
    >>> [round(identify(predicted, images, n_way=n).accuracy, 2) for n in (2, 10, "all")]
    [0.88, 0.52, 0.28]
    """
    both = ("predicted", predicted), ("measured", measured)
    check_same_indexes(both, "samples")
    check_same_indexes(both, "features", axis=-1)
    p, y = as_array(predicted, "predicted", 2, allow_nan=True), as_matrix(measured, "measured")
    if p.shape != y.shape or p.shape[1] < 2:
        raise ValueError(
            "predicted and measured must have the same samples and features, 2 of these or more, "
            f"got shapes {p.shape} and {y.shape}"
        )
    own = row_names(measured) if names is None else check_names(names, len(y), "samples")
    sets = _sets(folds, len(y))
    tested = np.concatenate(sets)
    lost = tested[np.isnan(p[tested]).any(axis=1)]
    if lost.size:
        raise ValueError(f"predicted must not have NaN in a fold, got some in sample {lost[0]}")
    check_integer(n_permutations, "n_permutations", 0)
    smallest = min(map(len, sets))
    _check_n_way(n_way, smallest)
    tables = [_Table.of(p[rows], y[rows], n_way) for rows in sets]
    each = np.concatenate([np.diagonal(table.accuracy) for table in tables])
    accuracy = float(each.mean())
    null = _null(tables, n_permutations, random_state, n_jobs=n_jobs, verbose=verbose)
    sizes = np.concatenate([np.full(len(rows), len(rows)) for rows in sets])
    order = np.argsort(tested)
    labels = names_or_numbers(own, len(y))
    return Identification(
        accuracy=accuracy,
        chance=float(np.mean(1 / sizes)) if n_way == "all" else 1 / int(n_way),
        n_way=n_way,
        sample_accuracy=each[order],
        rank=np.concatenate([table.rank for table in tables])[order],
        n_candidates=sizes[order],
        names=[labels[k] for k in tested[order]],
        pvalue=float(permutation_pvalue(accuracy, null)) if len(null) else None,
        null_distribution=null,
    )


class _Table(NamedTuple):
    """Accuracy of each sample (rows) if each (columns) were the true one, and the true rank."""

    accuracy: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, predicted: np.ndarray, measured: np.ndarray, n_way: int | str) -> _Table:
        r = np.round(_correlations(predicted, measured) / _ROUNDING)  # so that rounding ties
        m = len(r)
        below, highest = rankdata(r, "min", axis=1) - 1, rankdata(r, "max", axis=1)
        tied = highest - below - 1
        n = m if n_way == "all" else int(n_way)
        places = m - below - tied / 2
        return cls(_probability(below, tied, m, n), np.diagonal(places))


def _correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the correlations of all rows, 0 of those that are constant."""
    constant = [np.ptp(x, axis=1) == 0 for x in (a, b)]
    if any(c.any() for c in constant):
        warn_user(
            "predicted or measured samples that do not vary over features have no correlation: "
            "they tie with all",
        )
    units = []
    for x, flat in zip((a, b), constant, strict=True):
        x = x / np.where(flat, 1, np.abs(x).max(axis=1))[:, np.newaxis]  # no overflow of squares
        x = x - x.mean(axis=1, keepdims=True)
        x[flat] = 0
        units.append(x / np.where(flat, 1, np.linalg.norm(x, axis=1))[:, np.newaxis])
    return units[0] @ units[1].T


def _probability(below: np.ndarray, tied: np.ndarray, m: int, n: int) -> np.ndarray:
    """Return the probability to be picked from n candidates of m.

    ``below`` of the others are below and ``tied`` as high: s of the latter are drawn with
    hypergeometric probability, and one of the s + 1 best is picked.
    """
    # Most tables have few different pairs of numbers, as many as there are ranks.
    keys, place = np.unique(below * m + tied, return_inverse=True)
    low, same = np.divmod(keys, m)
    total = np.zeros(len(keys))
    for s in range(int(min(same.max(), n - 1)) + 1):
        logs = _log_choose(same, s) + _log_choose(low, n - 1 - s)
        total += np.exp(logs - _log_choose(np.asarray(m - 1), n - 1)) / (s + 1)
    return total[place].reshape(below.shape)


def _log_choose(n: np.ndarray, k: int) -> np.ndarray:
    """Return the logarithm of the number of ways to choose k of n, -inf if there are none."""
    left = np.maximum(n - k, 0)
    return np.where(n >= k, gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(left + 1.0), -np.inf)


def _null(
    tables: Sequence[_Table],
    n_permutations: int,
    random_state: RandomState,
    *,
    n_jobs: int | None,
    verbose: bool,
) -> np.ndarray:
    """Return the accuracy of permutations of the samples of each fold."""
    if not n_permutations:
        return np.empty(0)
    fold = np.repeat(np.arange(len(tables)), [len(table.rank) for table in tables])
    starts = np.searchsorted(fold, np.arange(len(tables)))

    def accuracies(orders: np.ndarray) -> np.ndarray:
        total = np.zeros(len(orders))
        for table, start in zip(tables, starts, strict=True):
            at = np.arange(len(table.rank))
            total += table.accuracy[at, orders[:, start + at] - start].sum(axis=1)
        return total / len(fold)

    n = len(fold)
    orders = permutations(n, n_permutations, fold, random_state, size=n, limit=_BLOCK)
    return null_distribution(
        accuracies, orders, "Permuting", n_permutations, n_jobs=n_jobs, verbose=verbose
    )


def _sets(folds: Any, n_samples: int) -> list[np.ndarray]:
    """Return the samples of each fold."""
    if folds is None:
        return [np.arange(n_samples)]
    if isinstance(folds, (list, tuple)) and folds and isinstance(folds[0], (list, tuple)):
        if any(not isinstance(fold, (list, tuple)) or len(fold) != 2 for fold in folds):
            raise ValueError("folds must be a label of each sample, or pairs of train and test")
        sets = [as_integers(test, "samples of folds") for _, test in folds]
        tested, times = np.unique(np.concatenate(sets), return_counts=True)
        if times.max() > 1 or tested[0] < 0 or tested[-1] >= n_samples:
            raise ValueError(
                f"folds must test samples 0 to {n_samples - 1} once, got {tested[0]} to "
                f"{tested[-1]}, up to {times.max()} times"
            )
        return sets
    codes = as_codes(folds, "folds", n_samples)[1]
    return [np.flatnonzero(codes == k) for k in range(codes.max() + 1)]


def _check_n_way(n_way: Any, smallest: int) -> None:
    if smallest < 2:
        raise ValueError(
            "folds must have at least 2 samples to choose from, got 1: candidates from other "
            "folds are known to the model"
        )
    if n_way == "all":
        return
    check_integer(n_way, "n_way", 2)
    if n_way > smallest:
        raise ValueError(
            f"n_way must be at most the {smallest} samples of the smallest fold, got {n_way}"
        )
