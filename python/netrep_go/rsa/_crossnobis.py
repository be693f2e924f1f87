"""Crossnobis distances: their reliability, and whether they are above 0."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import corrected, largest_pvalue, null_distribution, sign_flips, tied
from netrep_go._results import Result
from netrep_go._sizes import of_order_one
from netrep_go._validation import as_codes, check_integer, check_option
from netrep_go.rsa._compare import similarities
from netrep_go.rsa._data_sets import DataSets, as_data_sets
from netrep_go.rsa._noise import has_several, noise_of_folds, warn_if_seen
from netrep_go.rsa._rdm import Labels, Noise, Responses, noise_of_each, rdm

__all__ = ["DistanceTest", "crossnobis_reliability", "crossnobis_test"]

_METHODS = ("pearson", "spearman", "cosine")
_CORRECTIONS = ("max", "fdr", "bonferroni", "none")
_BLOCK = 2**22  # numbers in a temporary array


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class DistanceTest(Result):
    """Result of :func:`crossnobis_test`.

    Attributes
    ----------
    names : list
        Names of the conditions, in sorted order.
    distances : ndarray of shape (n_pairs,)
        Mean distance of each pair of conditions over pairs of folds, or over subjects.
    mean : float
        Their mean over pairs of conditions.
    pvalue : ndarray of shape (n_pairs,)
        Part of the draws, the identity included, in which the distance is as large.
    pvalue_corrected : ndarray of shape (n_pairs,)
        The same, corrected for the number of pairs.
    pvalue_mean : float
        p-value of the mean.
    unit : {'folds', 'subjects'}
        Whose signs were flipped.
    correction : str
        As asked for.
    n_permutations : int
        Number of draws.
    """

    names: list[Name]
    distances: np.ndarray
    mean: float
    pvalue: np.ndarray = field(repr=False)
    pvalue_corrected: np.ndarray
    pvalue_mean: float
    unit: str
    correction: str
    n_permutations: int

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair of conditions.

        Returns
        -------
        pandas.DataFrame
            With columns condition_1, condition_2, distance, pvalue, pvalue_corrected.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        pairs = [*combinations(self.names, 2)]
        columns = {
            "condition_1": [a for a, _ in pairs],
            "condition_2": [b for _, b in pairs],
            "distance": self.distances,
            "pvalue": self.pvalue,
            "pvalue_corrected": self.pvalue_corrected,
        }
        return pandas().DataFrame(columns)


@checked
def crossnobis_test(
    data: Responses,
    conditions: Labels,
    folds: Labels,
    *,
    noise: Noise | None = None,
    correction: Literal["max", "fdr", "bonferroni", "none"] = "max",
    n_permutations: int = 9999,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> DistanceTest:
    r"""Test whether crossnobis distances, and their mean, are above 0.

    If two conditions have the same pattern, their differences :math:`\delta_f` in folds f are
    noise, whose signs may be flipped. Of one data set the statistic with signs :math:`s_f`,
    of noise that is symmetric and independent between folds, is

    .. math:: \sum_{f < g} s_f s_g \, \delta_f^\top P \delta_g \Big/
        \Big( \sum_{f < g} (\delta_f^\top P \delta_g)^2 \Big)^{1/2}

    Of several data sets, those of subjects, the signs are those of their RDMs; the statistic
    is the sum over subjects, divided likewise by the root of the sum of squares, of which t
    is a function. Distances of noise are 0 on average, but skewed to the right of few
    features and more than 2 folds, so that the test finds less than it might.

    Parameters
    ----------
    data : array_like of shape (n_observations, n_features) or (n_subjects, n_observations, \
        n_features), or list or dict of n_subjects array_like of shape (n_observations, n_features)
        Responses, as in :func:`rdm`: of one subject, or of at least two, whose numbers of
        features may differ.
    conditions, folds : array_like of shape (n_observations,) or list or dict of them
        Condition and fold of each observation, as in :func:`rdm`. Of one subject all
        conditions must be in each fold.
    noise : NoiseNormalizer, array_like of shape (n_features, n_features), list or dict, \
            default=None
        As in :func:`rdm`, also of each fold. It must not be estimated from the responses.
    correction : {'max', 'fdr', 'bonferroni', 'none'}, default='max'
        Of the p-values for the number of pairs: by the largest statistic of each draw, which
        controls the probability of any false one; the false discovery rate of Benjamini and
        Hochberg; or the number of pairs.
    n_permutations : int, default=9999
        Number of random draws. If there are no more ways than that, 2**(n_folds - 1) or
        2**n_subjects, each is made and the test is exact.
    random_state : int, RandomState, Generator or None, default=None
        Determines the signs.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    DistanceTest
        With ``pvalue_corrected``, ``pvalue_mean`` and ``to_frame()``.

    Raises
    ------
    ValueError
        If a fold has no observation of a condition (of one data set), or data, folds or noise
        are not those of :func:`rdm`.

    Warns
    -----
    UserWarning
        If a normalizer was fitted to these responses, or those of a fold to them.

    Notes
    -----
    No p-value is less than 1 / the number of draws: 5 folds have 16, and it takes 6 folds or
    5 subjects to find anything at 0.05. Folds count alike, whatever their numbers of
    observations.

    Share of pairs of noise that are significant at 0.05, of RDMs with any such pair after
    'max', and of means (5 conditions, 12 features with correlated noise, 1000 RDMs; the
    standard error of the last two is 0.007; a p-value is a multiple of the step):

    =====================================  ======  =====  =====  =====
    signs                                  step    pairs  'max'  mean
    =====================================  ======  =====  =====  =====
    6 folds, one noise                     1/32    0.032  0.037  0.032
    8 folds, noise of each fold            1/128   0.047  0.047  0.047
    6 subjects of 3 folds                  1/64    0.034  0.028  0.038
    =====================================  ======  =====  =====  =====

    Noise must be estimated from other data, such as residuals over time. From the residuals of
    the same observations it is not independent of what they have in common, and distances are
    above 0 in noise: means were significant in 0.12 of 300 RDMs of 6 conditions, 8 folds and 50
    features, in 0.07 of 24 conditions, and in 0.16 of 12 conditions, 6 folds and 100 features.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import crossnobis_test
    >>> rng = np.random.default_rng(0)
    >>> conditions, runs = np.tile(["cat", "cup", "dog"], 8), np.repeat(np.arange(8), 3)
    >>> animal = (conditions != "cup")[:, np.newaxis]
    >>> X = 1.0 * animal + rng.standard_normal((24, 20))
    >>> result = crossnobis_test(X, conditions, runs)
    >>> result.pvalue_corrected.round(3)                   # cat and cup, cat and dog, cup and dog
    array([0.008, 0.555, 0.008])
    """
    check_option(correction, "correction", _CORRECTIONS)
    check_integer(n_permutations, "n_permutations", 1)
    sets = as_data_sets(data)
    names = sets.codes(conditions)[1].tolist()
    rdms = rdm(data, "crossnobis", conditions=conditions, folds=folds, noise=noise, n_jobs=n_jobs)
    _warn_if_seen(sets, folds, noise)
    signed: _SignedFolds | _SignedSubjects
    if sets.single:
        study = _studies(sets, conditions, folds, noise)[0]
        pairs = [*combinations(range(len(study.fold_names)), 2)]
        rdms = study.rdms(pairs, n_jobs)
        signed = _SignedFolds(len(study.fold_names), np.array(pairs))
    else:
        if len(rdms) < 2:
            raise ValueError("data must be of one subject or of a list of at least 2, got 1")
        signed = _SignedSubjects(len(rdms))
    units = np.column_stack([rdms, rdms.mean(axis=1)])
    pvalues, largest, n_draws = _tested(
        units, signed, n_permutations, random_state, n_jobs, verbose
    )
    each = pvalues[:-1]
    return DistanceTest(
        names=names,
        distances=units[:, :-1].mean(axis=0),
        mean=float(units[:, -1].mean()),
        pvalue=each,
        pvalue_corrected=largest if correction == "max" else corrected(each, correction),
        pvalue_mean=float(pvalues[-1]),
        unit="folds" if sets.single else "subjects",
        correction=correction,
        n_permutations=n_draws,
    )


def _warn_if_seen(data: DataSets, folds: Any, noise: Any) -> None:
    """Warn if the noise of a data set was fitted to it."""
    labels, noises = data.each(folds, "folds"), noise_of_each(noise, data)
    for x, (name, given), own in zip(data.xs, labels, noises, strict=True):
        values, codes = as_codes(given, name, len(x))
        warn_if_seen(x, codes, own, values.tolist())


class _SignedSubjects(NamedTuple):
    """Signs of the RDMs of subjects."""

    n_free: int

    def of_units(self, signs: np.ndarray) -> np.ndarray:
        """Return the signs of what is summed, from free ones."""
        return signs


class _SignedFolds(NamedTuple):
    """Signs of pairs of folds; that of the first fold is free to choose."""

    n_folds: int
    pairs: np.ndarray

    @property
    def n_free(self) -> int:
        return self.n_folds - 1

    def of_units(self, signs: np.ndarray) -> np.ndarray:
        """Return the signs of what is summed, from free ones."""
        all_signs = np.column_stack([np.ones(len(signs)), signs])
        return np.asarray(all_signs[:, self.pairs[:, 0]] * all_signs[:, self.pairs[:, 1]])


def _tested(
    units: np.ndarray,
    signed: _SignedFolds | _SignedSubjects,
    n_permutations: int,
    random_state: RandomState,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the p-value of each column, those by the largest of all but the last, and draws."""
    units = of_order_one(units.T).T  # their unit does not count
    norms = np.linalg.norm(units, axis=0)
    units = units / np.where(norms > 0, norms, 1)
    observed = units.sum(axis=0)
    bound = tied(observed, 1.0)  # the norm of columns
    exact = signed.n_free < 63 and 2**signed.n_free <= n_permutations
    n_draws = 2**signed.n_free if exact else n_permutations
    draws = sign_flips(
        signed.n_free, n_draws, exact, random_state, size=max(units.shape), limit=_BLOCK
    )

    def extremes(signs: np.ndarray) -> np.ndarray:
        sums = signed.of_units(signs) @ units
        return np.column_stack([sums[:, :-1].max(axis=1), sums >= bound])

    found = null_distribution(
        extremes, draws, "Flipping signs", n_draws, n_jobs=n_jobs, verbose=verbose
    )
    extra = not exact
    pvalues = (found[:, 1:].sum(axis=0) + extra) / (n_draws + extra)
    largest = largest_pvalue(observed[:-1], found[:, 0], has_identity=exact)
    return pvalues, largest, n_draws


class _Study(NamedTuple):
    """The observations of one data set, all conditions in each fold."""

    x: np.ndarray
    conditions: np.ndarray
    folds: np.ndarray
    fold_names: list[Name]
    noise: Any  # None, one, or that of each fold in a dict by their numbers

    def rdms(self, groups: Sequence[Sequence[int]], n_jobs: int | None) -> np.ndarray:
        """Return the crossnobis RDM of each group of folds."""
        rows = [np.isin(self.folds, group) for group in groups]
        noise = self.noise
        if isinstance(noise, dict):
            noise = [{fold: self.noise[fold] for fold in group} for group in groups]
        return rdm(
            [self.x[kept] for kept in rows],
            "crossnobis",
            conditions=[self.conditions[kept] for kept in rows],
            folds=[self.folds[kept] for kept in rows],
            noise=noise,
            n_jobs=n_jobs,
        )


def _studies(data: DataSets, conditions: Any, folds: Any, noise: Any) -> list[_Study]:
    """Return each data set, or say where a condition is not in a fold."""
    codes, names = data.codes(conditions)
    labels, noises = data.each(folds, "folds"), noise_of_each(noise, data)
    studies = []
    for k, (x, code, own) in enumerate(zip(data.xs, codes, noises, strict=True)):
        argument, given = labels[k]
        values, numbers = as_codes(given, argument, len(x))
        counts = np.zeros((len(values), len(names)), np.int64)
        np.add.at(counts, (numbers, code), 1)
        if not counts.all():
            fold, condition = np.argwhere(counts == 0)[0]
            raise ValueError(
                f"{argument} must have each condition in each fold, got no "
                f"{names[condition].item()!r} in the fold {values[fold].item()!r}"
            )
        fold_names = values.tolist()
        if has_several(own):
            named = noise_of_folds(own, fold_names, data.name(k, "noise"))
            own = dict(enumerate(named.values()))
        studies.append(_Study(x, code, numbers, fold_names, own))
    return studies


@checked
def crossnobis_reliability(
    data: Responses,
    conditions: Labels,
    folds: Labels,
    *,
    noise: Noise | None = None,
    method: Literal["pearson", "spearman", "cosine"] = "pearson",
    n_splits: int = 100,
    random_state: RandomState = None,
    n_jobs: int | None = None,
) -> Any:
    r"""Return the reliability of crossnobis RDMs, from halves of the folds.

    Folds are split into halves, each with a crossnobis RDM of its own; the similarity r of
    both, averaged over splits, gives that of two RDMs from all folds by the formula of
    Spearman and Brown, :math:`2 r / (1 + r)`. Its square root bounds what a model can reach.

    Parameters
    ----------
    data, conditions, folds, noise
        As in :func:`rdm`; of at least 4 folds, with all conditions in each.
    method : {'pearson', 'spearman', 'cosine'}, default='pearson'
        Similarity of RDMs, as in :func:`compare`.
    n_splits : int, default=100
        Number of random splits. If there are no more, as of up to 8 folds, all are taken.
    random_state : int, RandomState, Generator or None, default=None
        Determines the splits.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.

    Returns
    -------
    float or ndarray of shape (n_rdms,)
        Reliability of each RDM: at most 1, and about 0, or below, of noise.

    Raises
    ------
    ValueError
        If there are fewer than 4 folds, a fold has no observation of a condition, or the
        RDM of a half is constant.

    Notes
    -----
    The formula takes the variance of noise to be halved by all folds. That of large distances
    is, but that of small ones falls by more, from 2 / (M (M - 1)) of M folds: where noise
    prevails the reliability is underestimated: of 8 conditions, 30 features and 8 folds by 0.06
    to 0.11 where it is 0.64 or 0.28, of 4 folds by 0.15 where it is 0.4; not at 0.8 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import crossnobis_reliability
    >>> rng = np.random.default_rng(0)
    >>> conditions, runs = np.tile(np.arange(6), 8), np.repeat(np.arange(8), 6)
    >>> X = rng.standard_normal((6, 40))[conditions] + rng.standard_normal((48, 40))
    >>> round(crossnobis_reliability(X, conditions, runs), 2)
    0.81
    """
    check_option(method, "method", _METHODS)
    check_integer(n_splits, "n_splits", 1)
    sets = as_data_sets(data)
    rdm(data, "crossnobis", conditions=conditions, folds=folds, noise=noise, n_jobs=n_jobs)
    rng = as_random_state(random_state)
    found = []
    for k, study in enumerate(_studies(sets, conditions, folds, noise)):
        n = len(study.fold_names)
        if n < 4:
            raise ValueError(f"{sets.name(k, 'folds')} must be at least 4, to be halved, got {n}")
        r = []
        for halves in _halves(n, n_splits, rng):
            first, second = of_order_one(study.rdms(halves, n_jobs))[:, np.newaxis]
            r.append(similarities(first, second, method)[0, 0])
        found.append(2 * np.mean(r) / (1 + np.mean(r)))
    return float(found[0]) if sets.single else np.array(found)


def _halves(
    n: int, n_splits: int, rng: np.random.RandomState
) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Yield all splits of n folds into halves or, if there are more, random ones."""
    size, even = n // 2, n % 2 == 0
    if math.comb(n, size) // (1 + even) > n_splits:
        for _ in range(n_splits):
            order = rng.permutation(n).tolist()
            yield order[:size], order[size:]
        return
    for first in combinations(range(n), size):
        if not even or first[0] == 0:  # or it is the other half of another
            yield first, [f for f in range(n) if f not in first]
