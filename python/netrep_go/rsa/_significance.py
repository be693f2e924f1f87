"""Tests of models: differences between them, and permutations of conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.spatial.distance import squareform

from netrep_go import _native
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import (
    ALTERNATIVES,
    CORRECTIONS,
    Alternative,
    Correction,
    corrected,
    extremity,
    permutation_pvalue,
)
from netrep_go._results import Result
from netrep_go._validation import check_integer, check_option
from netrep_go.rsa._ceiling import fixed
from netrep_go.rsa._compare import SIMILARITIES, comparison, models_and_rdms
from netrep_go.rsa._condensed import (
    RDMs,
    model_names,
)
from netrep_go.rsa._evaluation import ModelEvaluation, t_values

__all__ = ["ModelContrasts", "PermutationTest", "compare_models", "permutation_test"]

_TESTS = ("t", "bootstrap", "wilcoxon")
_ENOUGH_SUBJECTS, _ENOUGH_CONDITIONS = 30, 5  # for the bootstrap test


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ModelContrasts(Result):
    """Result of :func:`compare_models`: one item for each pair of models.

    Attributes
    ----------
    pairs : list of tuple of int
        Positions of the two models.
    names : list
        Names of the models.
    difference : ndarray of shape (n_pairs,)
        Mean similarity of the first less that of the second, not of z.
    pvalue : ndarray of shape (n_pairs,)
        Two-sided p-values.
    pvalue_corrected : ndarray of shape (n_pairs,)
        The same, corrected for the number of pairs.
    test, correction : str
        How they were found.
    """

    pairs: list[tuple[int, int]]
    names: list[Name]
    difference: np.ndarray
    pvalue: np.ndarray
    pvalue_corrected: np.ndarray
    test: str
    correction: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair of models.

        Returns
        -------
        pandas.DataFrame
            With columns model_1, model_2, difference, pvalue, pvalue_corrected, test,
            correction.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(
            {
                "model_1": [self.names[i] for i, _ in self.pairs],
                "model_2": [self.names[j] for _, j in self.pairs],
                "difference": self.difference,
                "pvalue": self.pvalue,
                "pvalue_corrected": self.pvalue_corrected,
                "test": self.test,
                "correction": self.correction,
            }
        )


@checked
def compare_models(
    evaluation: ModelEvaluation,
    *,
    test: Literal["t", "bootstrap", "wilcoxon"] = "t",
    correction: Correction = "fdr",
) -> ModelContrasts:
    """Test the differences between all pairs of models.

    Parameters
    ----------
    evaluation : ModelEvaluation
        Result of :func:`evaluate`.
    test : {'t', 'bootstrap', 'wilcoxon'}, default='t'
        't': t test with the bootstrapped variance of the difference or, if nothing was
        resampled, the paired t test over subjects; of Fisher's z of similarities that are
        at most 1. 'bootstrap': twice the smaller share of
        samples on one side of 0, which needs many subjects (see Notes). 'wilcoxon': signed
        ranks over subjects.
    correction : {'fdr', 'bonferroni', 'none'}, default='fdr'
        Of the p-values for the number of pairs: the false discovery rate of Benjamini and
        Hochberg, or the family-wise error rate of Bonferroni.

    Returns
    -------
    ModelContrasts
        Differences and p-values, with ``to_frame()``.

    Raises
    ------
    ValueError
        If there is one model, or too little for the test: no draws, or one subject.

    Warns
    -----
    UserWarning
        If 'bootstrap' is asked for after samples of fewer than 30 subjects or 5 conditions.

    Notes
    -----
    Bootstrap samples of few subjects vary too little, which 't' corrects and 'bootstrap' does
    not: of differences that are normal noise with mean 0 it calls 0.50 significant at 0.05
    for 2 subjects, 0.26 for 3, 0.16 for 5, 0.11 for 10, 0.07 for 20 and 0.06 for 40; 't' calls
    0.05. Samples of 4 conditions gave 0.14 to 0.16, of 5 or more at most 0.02. p-values are
    NaN where a standard error is 0 and the difference is not.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import compare_models, evaluate, rdm
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((12, 50))
    >>> subjects = rdm(X + rng.standard_normal((5, 12, 50)))
    >>> models = {"true": rdm(X), "other": rdm(rng.standard_normal((12, 50)))}
    >>> contrasts = compare_models(evaluate(models, subjects))
    >>> contrasts.difference.round(2), bool(contrasts.pvalue < 0.01)
    (array([0.53]), True)
    """
    check_option(test, "test", _TESTS)
    check_option(correction, "correction", CORRECTIONS)
    n_models, n_subjects = evaluation.similarities.shape
    if n_models < 2:
        raise ValueError("at least 2 models are needed to compare them, got 1")
    if test == "bootstrap" and evaluation.draws is None:
        raise ValueError("test='bootstrap' needs draws: evaluate with resample")
    if n_subjects < 2 and (test == "wilcoxon" or evaluation.draws is None):
        raise ValueError(f"test={test!r} needs at least 2 subjects, got 1")
    pairs = list(combinations(range(n_models), 2))
    contrasts = np.array([np.eye(n_models)[i] - np.eye(n_models)[j] for i, j in pairs])
    difference = contrasts @ evaluation.mean
    if test == "t":
        pvalue = 2 * stats.t.sf(np.abs(t_values(evaluation, contrasts)), evaluation.dof)
    elif test == "bootstrap":
        _warn_of_few(evaluation)
        pvalue = _bootstrap_p(evaluation.draws @ contrasts.T)
    else:
        pvalue = np.array([_signed_rank_p(d) for d in contrasts @ evaluation.similarities])
    return ModelContrasts(
        pairs=pairs,
        names=evaluation.names,
        difference=difference,
        pvalue=pvalue,
        pvalue_corrected=corrected(pvalue, correction),
        test=test,
        correction=correction,
    )


def _warn_of_few(evaluation: ModelEvaluation) -> None:
    """Warn where the share of bootstrap samples on one side of 0 is too small."""
    n = {"subjects": evaluation.similarities.shape[1], "conditions": evaluation.n_conditions}
    needed = {"subjects": _ENOUGH_SUBJECTS, "conditions": _ENOUGH_CONDITIONS}
    what = evaluation.resample
    if what in needed and n[what] < needed[what]:
        warn_user(
            f"test='bootstrap' finds too many differences for fewer than {needed[what]} {what}, "
            f"got {n[what]}: use test='t'",
        )


def _bootstrap_p(differences: np.ndarray) -> np.ndarray:
    """Return twice the smaller share of draws on one side of 0, ties being on both."""
    n = len(differences)
    smaller = np.minimum((differences <= 0).sum(axis=0), (differences >= 0).sum(axis=0))
    return np.minimum(2 * (smaller + 1) / (n + 1), 1)


def _signed_rank_p(differences: np.ndarray) -> float:
    return 1.0 if not differences.any() else float(stats.wilcoxon(differences).pvalue)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class PermutationTest(Result):
    """Result of :func:`permutation_test`.

    Attributes
    ----------
    names : list
        Names of the models.
    statistic : ndarray of shape (n_models,)
        Mean similarity of each model to the subjects.
    pvalue : ndarray of shape (n_models,)
        (b + 1) / (n_permutations + 1), b being the number of permutations that are at
        least as extreme.
    pvalue_corrected : ndarray of shape (n_models,)
        The same, corrected for the number of models.
    null_distribution : ndarray of shape (n_permutations, n_models)
        The statistic after each permutation; NaN where it is undefined.
    alternative, correction : str
        As asked for.
    """

    names: list[Name]
    statistic: np.ndarray
    pvalue: np.ndarray
    pvalue_corrected: np.ndarray
    null_distribution: np.ndarray
    alternative: str
    correction: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each model.

        Returns
        -------
        pandas.DataFrame
            With columns model, statistic, pvalue, pvalue_corrected, null_mean, null_std,
            alternative, n_permutations.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(
            {
                "model": self.names,
                "statistic": self.statistic,
                "pvalue": self.pvalue,
                "pvalue_corrected": self.pvalue_corrected,
                "null_mean": np.nanmean(self.null_distribution, axis=0),
                "null_std": np.nanstd(self.null_distribution, axis=0),
                "alternative": self.alternative,
                "n_permutations": len(self.null_distribution),
            }
        )

    def plot(self, **options: Any) -> Any:
        """Draw the permutations and what was observed.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.PermutationTestDisplay.from_test`.

        Returns
        -------
        display : netrep_go.plotting.PermutationTestDisplay
            The drawn display.
        """
        from netrep_go.plotting import PermutationTestDisplay

        return PermutationTestDisplay.from_test(self, **options)


@checked
def permutation_test(
    models: RDMs,
    rdms: RDMs,
    method: str = "spearman",
    *,
    n_permutations: int = 9999,
    alternative: Alternative = "greater",
    correction: Correction = "fdr",
    controls: RDMs | None = None,
    names: Iterable[Name] | None = None,
    sigma: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> PermutationTest:
    """Test whether models are related to measured RDMs, by permuting conditions.

    The statistic is the mean similarity of a model to the RDMs of subjects, its null
    distribution that after random permutations of the conditions of the model (the Mantel
    test [1]_): pairs of conditions depend on each other, conditions need not.

    Parameters
    ----------
    models, rdms, method
        As in :func:`evaluate`, but not a regression: to test a model beside others, pass these
        as ``controls``. Conditions without entries in an RDM are left out of all; other entries
        of models that are NaN move with their conditions (see Notes).
    n_permutations : int, default=9999
        Number of random permutations, the same ones for all models.
    alternative : {'greater', 'less', 'two-sided'}, default='greater'
        What is extreme; 'two-sided' by distance from the mean of the null
        distribution and the statistic.
    correction : {'fdr', 'bonferroni', 'none'}, default='fdr'
        Of the p-values for the number of models.
    controls : like models, default=None
        RDMs whose part of models and measured RDMs is removed, as in :func:`compare`: the test
        is then one of a partial correlation (see Notes).
    names, sigma
        As in :func:`evaluate`.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations. The same number gives the same ones, whatever ``n_jobs``.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    PermutationTest
        Statistics and p-values, with ``to_frame()``.

    Raises
    ------
    ValueError
        If RDMs are of different conditions, a similarity is undefined, or ``method`` is a
        regression.

    Warns
    -----
    UserWarning
        If similarities are undefined after some permutations, as of RDMs with few entries left:
        these count as at least as extreme.

    Notes
    -----
    With controls the conditions that are permuted are those of what these leave of a model, and
    the statistic is computed again, with RDMs and controls as they are (double semi-partialing
    [2]_). Models and RDMs both may be related to controls: conditions of the models themselves,
    or of the RDMs, would not be exchangeable then. Where the RDM is the control and a part of
    its own, in noise that depends on conditions, the test keeps its level (it is simulated in
    the tests of this package); where the control acts on it other than linearly, in its entries
    or ranks, a part of it is left, which the test may find.

    If RDMs lack entries, each permutation is evaluated over those that no RDM lacks after it,
    as the measured order is: the permuted data are as likely as those, missing entries
    included.

    References
    ----------
    .. [1] Mantel (1967). The detection of disease clustering and a generalized regression
       approach. Cancer Research 27, 209-220.
    .. [2] Dekker, Krackhardt & Snijders (2007). Sensitivity of MRQAP tests to collinearity and
       autocorrelation conditions. Psychometrika 72, 563-581. doi:10.1007/s11336-007-9016-1

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import permutation_test, rdm
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((12, 50))
    >>> models = {"true": rdm(X), "other": rdm(rng.standard_normal((12, 50)))}
    >>> noisy = rdm(X + rng.standard_normal((12, 50)))
    >>> permutation_test(models, noisy, n_permutations=999, random_state=0).pvalue < 0.01
    array([ True, False])
    """
    check_option(method, "method", SIMILARITIES)
    check_option(alternative, "alternative", ALTERNATIVES)
    check_option(correction, "correction", CORRECTIONS)
    check_integer(n_permutations, "n_permutations", 1)
    own, _, x, y, z, subjects = models_and_rdms(models, rdms, names, controls, method)
    x, y, z, sigma = _without_missing(x, y, z, sigma)
    inputs = {"models": x, "subjects": y, **comparison(method, sigma, y, x, z)}
    found = fixed(x, y, method, sigma, subjects, controls=z, ceiling=False)
    null = np.empty((n_permutations, len(x)))
    with progress_bar("Permuting conditions", verbose) as progress:
        _native.run(
            "rsa.permute",
            {"null": null},
            {**inputs, "seed": seed_from(random_state)},
            names=subjects,
            n_jobs=n_jobs,
            progress=progress,
        )
    statistic = found.similarities.mean(axis=1)
    undefined = np.isnan(null)
    _warn_of_undefined(undefined)
    center = (np.nansum(null, axis=0) + statistic) / (n_permutations + 1 - undefined.sum(axis=0))
    extreme = np.where(undefined, np.inf, extremity(null, alternative, center))
    pvalue = permutation_pvalue(extremity(statistic, alternative, center), extreme)
    return PermutationTest(
        names=model_names(own, len(x)),
        statistic=statistic,
        pvalue=pvalue,
        pvalue_corrected=corrected(pvalue, correction),
        null_distribution=null,
        alternative=alternative,
        correction=correction,
    )


def _without_missing(
    models: np.ndarray, rdms: np.ndarray, controls: np.ndarray, sigma: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, ArrayLike | None]:
    """Return RDMs and noise of the conditions that have entries in all RDMs."""
    together = [x for x in (models, rdms, controls) if len(x)]
    present = squareform(~np.isnan(np.vstack(together)).any(axis=0), checks=False).any(axis=0)
    if present.all() or np.count_nonzero(present) < 3:
        return models, rdms, controls, sigma
    kept = squareform(np.outer(present, present) & ~np.eye(len(present), dtype=bool), checks=False)
    if sigma is not None:
        sigma = np.asarray(sigma)
        sigma = sigma[present] if sigma.ndim == 1 else sigma[np.ix_(present, present)]
    controls = controls.compress(kept, axis=1) if len(controls) else controls
    return models.compress(kept, axis=1), rdms.compress(kept, axis=1), controls, sigma


def _warn_of_undefined(undefined: np.ndarray) -> None:
    """Warn of permutations after which a similarity is undefined."""
    count = np.count_nonzero(undefined.any(axis=1))
    if count:
        warn_user(
            f"similarities are undefined after {count} of {len(undefined)} permutations, of RDMs "
            "with few entries: these count as at least as extreme",
        )
