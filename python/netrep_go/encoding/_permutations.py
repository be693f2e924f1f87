"""Permutation tests of held-out scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import (
    CORRECTIONS,
    Correction,
    corrected,
    null_distribution,
    permutation_pvalue,
    permutations,
)
from netrep_go._results import Result
from netrep_go._validation import check_option
from netrep_go.encoding._fitted import same_targets
from netrep_go.encoding._held_out import hold_out
from netrep_go.encoding._inputs import check_same_samples
from netrep_go.encoding._model import EncodingModel
from netrep_go.encoding._scores import Accumulator, Sums
from netrep_go.encoding._search import Choice, Pattern, Search, Split, known_rows

_BLOCK = 2**22  # numbers in a temporary array: 32 MiB
_LINEAR = ("ridge", "ols", "pcr")  # in the responses, once options are chosen


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class EncodingPermutationTest(Result):
    """Result of :func:`permutation_test`.

    Attributes
    ----------
    statistic : ndarray of shape (n_targets,)
        Held-out score of each target.
    pvalue : ndarray of shape (n_targets,)
        (b + 1) / (n_permutations + 1), b being the number of permutations with a score as
        high.
    pvalue_corrected : ndarray of shape (n_targets,)
        The same, corrected for the number of targets as asked for.
    pvalue_max : ndarray of shape (n_targets,)
        Family-wise: from the highest score of all targets in each permutation.
    null_distribution : ndarray of shape (n_permutations, n_targets)
        Scores after each permutation.
    correction : str
        As asked for.
    """

    statistic: np.ndarray
    pvalue: np.ndarray
    pvalue_corrected: np.ndarray
    pvalue_max: np.ndarray
    null_distribution: np.ndarray
    correction: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each target.

        Returns
        -------
        pandas.DataFrame
            With columns target, statistic, pvalue, pvalue_corrected, pvalue_max.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(
            {
                "target": np.arange(len(self.statistic)),
                "statistic": self.statistic,
                "pvalue": self.pvalue,
                "pvalue_corrected": self.pvalue_corrected,
                "pvalue_max": self.pvalue_max,
            }
        )

    def plot(self, **options: Any) -> Any:
        """Draw the permutations and what was observed of some targets.

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


class _Fold(NamedTuple):
    """What predicts the targets of a pattern in a fold from training targets less their means."""

    train: np.ndarray
    test: np.ndarray
    hats: list[tuple[np.ndarray, np.ndarray]]

    def sums(self, y: np.ndarray) -> Sums:
        """Return the sums for these targets."""
        known = y[self.train]
        mean = known.mean(axis=0)
        known -= mean
        predicted = np.empty((len(self.test), y.shape[1]))
        for columns, hat in self.hats:
            predicted[:, columns] = hat @ known[:, columns]
        return Sums.of(y[self.test] - mean, predicted)


@checked
def permutation_test(
    model: EncodingModel,
    X: Any,
    Y: ArrayLike,
    *,
    n_permutations: int = 1000,
    strata: ArrayLike | None = None,
    correction: Correction = "fdr",
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> EncodingPermutationTest:
    """Test held-out scores by permuting the samples of the responses.

    All targets are permuted together, and each permutation is fitted and scored in the same
    outer folds with the layers, penalties and compression that the model has chosen there.
    Predictions of 'ridge', 'ols' and 'pcr' are then linear in the responses, and one product of
    matrices gives those of all targets; 'pls' and 'lasso' are fitted again, which takes as long
    as it did.

    Parameters
    ----------
    model : EncodingModel
        Fitted to X and Y with ``outer_cv``; any regression but 'banded', whose penalties are
        searched anew in each fit. The lasso needs ``alphas`` as a list.
    X, Y
        What it was fitted to.
    n_permutations : int, default=1000
        Number of random permutations.
    strata : array_like of shape (n_samples,), default=None
        Samples are permuted within these, such as runs or sessions; by default all are.
    correction : {'fdr', 'bonferroni', 'none'}, default='fdr'
        Of the p-values for the number of targets.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    EncodingPermutationTest
        Scores and p-values, with ``to_frame()``.

    Raises
    ------
    ValueError
        If the model has no held-out scores, was fitted to other data, or would not keep its
        penalties.

    Notes
    -----
    Samples must be exchangeable if nothing is predicted: responses that are correlated in time
    are not, and need ``strata`` or are to be averaged over repeats before.

    In noise (250 fits of 30 samples, 8 features, 10 targets, 8 penalties) 5.6 % of p-values of
    'r' were at most 0.05 and 21.6 % at most 0.2, and 3.6 % of the smallest ``pvalue_max``. Of
    'r2' these were 2.4 %, 9.9 % and 8.0 %: penalties differ in how far their R2 can fall, so
    test with ``scoring='r'``.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import EncodingModel, permutation_test
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 10))
    >>> Y = np.stack([X[:, 0] + rng.standard_normal(60), rng.standard_normal(60)], axis=1)
    >>> model = EncodingModel(scoring="r").fit(X, Y)
    >>> test = permutation_test(model, X, Y, n_permutations=199, random_state=0)
    >>> test.pvalue < 0.05
    array([ True, False])
    """
    check_option(correction, "correction", CORRECTIONS)
    y = same_targets(model, Y)
    _check_fixed(model)
    permuted = (_Permuted if model.regression in _LINEAR else _Refitted)(model, X, y)
    observed = permuted.scores(np.arange(len(y))[np.newaxis])[0]
    if not np.allclose(observed, model.score_, atol=1e-4, equal_nan=True):
        raise ValueError(
            "model must have been fitted to this X and Y, but its scores are others; give a "
            "compression of your own a random_state"
        )
    check_same_samples(X, Y=Y, strata=strata)
    draws = permutations(
        len(y), n_permutations, strata, random_state, size=y.size * 3, limit=_BLOCK
    )
    with permuted.search.solver.hushed():
        null = null_distribution(
            permuted.scores,
            draws,
            "Permuting samples",
            n_permutations,
            n_jobs=n_jobs,
            verbose=verbose,
        )
    pvalue = permutation_pvalue(observed, null)
    return EncodingPermutationTest(
        statistic=observed,
        pvalue=pvalue,
        pvalue_corrected=corrected(pvalue, correction),
        pvalue_max=permutation_pvalue(observed, null.max(axis=1, keepdims=True)),
        null_distribution=null,
        correction=correction,
    )


def _check_fixed(model: EncodingModel) -> None:
    """Raise if what a model has chosen cannot be kept for permuted responses."""
    if model.regression == "banded":
        raise ValueError(
            "permutation_test needs penalties that stay as they were chosen, but those of "
            "regression='banded' are searched anew in each fit: use bootstrap_scores, or 'ridge'"
        )
    if model.regression == "lasso" and isinstance(model.alphas, (int, np.integer)):
        raise ValueError(
            "permutation_test needs penalties that stay as chosen, but a number of alphas "
            "of the lasso is spread by the responses: give alphas as a list"
        )


class _Permuted:
    """The scores of permuted responses, with what was chosen for the true ones."""

    def __init__(self, model: EncodingModel, X: Any, y: np.ndarray) -> None:
        search, chosen = model._searched(X, y)
        self.search = search
        self._scoring, self._n_targets = model.scoring, y.shape[1]
        self._patterns = search.patterns
        self._folds = [
            [
                _fold(search, rows, choice, k)
                for rows, choice in zip(model.folds_, chosen, strict=True)
            ]
            for k in range(len(search.patterns))
        ]

    def scores(self, draws: np.ndarray) -> np.ndarray:
        """Return the score of each permutation and target."""
        return np.stack([self._score(order) for order in draws])

    def _score(self, order: np.ndarray) -> np.ndarray:
        result = np.empty(self._n_targets)
        for pattern, folds in zip(self._patterns, self._folds, strict=True):
            moved = _moved(pattern, order)
            score = Accumulator(self._scoring)
            for fold in folds:
                score.add(fold.sums(moved))
            result[pattern.columns] = score.score
        return result


class _Refitted:
    """The same of regressions that are not linear in the responses, which are fitted again."""

    def __init__(self, model: EncodingModel, X: Any, y: np.ndarray) -> None:
        search, self._chosen = model._searched(X, y)
        self.search = replace(search, n_jobs=1, verbose=False)
        self._folds = model.folds_

    def scores(self, draws: np.ndarray) -> np.ndarray:
        """Return the score of each permutation and target."""
        return np.stack([self._score(order) for order in draws])

    def _score(self, order: np.ndarray) -> np.ndarray:
        moved = self.search.y.copy()
        for pattern in self.search.patterns:
            moved[:, pattern.columns] = _moved(pattern, order)
        return hold_out(replace(self.search, y=moved), self._folds, self._chosen).score


def _moved(pattern: Pattern, order: np.ndarray) -> np.ndarray:
    """Return permuted targets, among the samples for which they are known."""
    moved = pattern.y.copy()
    moved[pattern.known] = pattern.y[order[pattern.known[order]]]
    return moved


def _fold(search: Search, rows: Split, choice: Choice, k: int) -> _Fold:
    """Return what predicts the targets of a pattern in a fold."""
    columns = search.patterns[k].columns
    layers = choice.layer[columns]
    hats = []
    for layer in np.unique(layers):
        path: Any = search.path(*rows, layer, k)
        mine = np.flatnonzero(layers == layer)
        hats += [
            (mine[chosen], hat)
            for chosen, hat in path.operators(choice.option[layer, columns[mine]])
        ]
    return _Fold(*known_rows(rows, search.patterns[k]), hats)
