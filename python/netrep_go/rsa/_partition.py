"""Variance of measured RDMs that sets of model RDMs explain alone and together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState, as_random_state, warn_user
from netrep_go._names import Name, split_names
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import blocks, null_distribution
from netrep_go._results import Result
from netrep_go._sizes import of_order_one
from netrep_go._subsets import parts_of, subset_labels
from netrep_go._validation import check_integer, check_number
from netrep_go.rsa._condensed import (
    RDMs,
    as_vectors,
    check_alike,
    check_same_conditions,
    check_varies,
    named_vectors,
)
from netrep_go.rsa._folds import Blocks, assign_folds
from netrep_go.rsa._solve import centered

_BLOCK = 2**22  # numbers in a temporary array: 32 MiB
_PAIRS_A_WEIGHT = 5  # to which held-out regressions must be fitted for confidence intervals
_RIDGE = 1e-12  # part of the mean variance that is added, so that collinear models have weights


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class VariancePartition(Result):
    """Result of :func:`partition_variance`.

    Entry s of an array over sets of models stands for the sets whose bits are in s + 1:
    of three sets, s = 0, 1, 2, ... are the first, the second, the first and second, ...

    Attributes
    ----------
    names : list
        Names of the model sets.
    parts : ndarray of shape (n_rdms, 2**n_sets - 1)
        Part of the variance of each measured RDM that is explained by exactly these sets:
        unique to one, or shared by several. A shared part can be negative, where one set
        explains more beside another than alone. Their sum is R2 of all models.
    r2 : ndarray of shape (n_rdms, 2**n_sets - 1)
        R2 of the regression on these sets together.
    parts_interval, r2_interval : ndarray of shape (2, 2**n_sets - 1) or None
        Confidence intervals of the means over measured RDMs.
    cross_validated : bool
        Whether R2 is that of pairs of conditions that were not fitted.
    """

    names: list[Name]
    parts: np.ndarray
    r2: np.ndarray
    parts_interval: np.ndarray | None
    r2_interval: np.ndarray | None
    cross_validated: bool

    @property
    def part_names(self) -> list[str]:
        """Names of the sets of each entry, such as 'low & high'."""
        return subset_labels(self.names)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each part, and means over measured RDMs.

        Returns
        -------
        pandas.DataFrame
            With columns part, n_sets, value, low, high, r2, r2_low, r2_high;
            value is explained by exactly these sets, r2 by any of them.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        missing = np.full((2, self.parts.shape[1]), np.nan)
        low, high = missing if self.parts_interval is None else self.parts_interval
        r2_low, r2_high = missing if self.r2_interval is None else self.r2_interval
        columns = {
            "part": self.part_names,
            "n_sets": [bin(s + 1).count("1") for s in range(self.parts.shape[1])],
            "value": self.parts.mean(axis=0),
            "low": low,
            "high": high,
            "r2": self.r2.mean(axis=0),
            "r2_low": r2_low,
            "r2_high": r2_high,
        }
        return pandas().DataFrame(columns)

    def plot(self, **options: Any) -> Any:
        """Draw the parts.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.VariancePartitionDisplay.from_partition`.

        Returns
        -------
        display : netrep_go.plotting.VariancePartitionDisplay
            The drawn display.
        """
        from netrep_go.plotting import VariancePartitionDisplay

        return VariancePartitionDisplay.from_partition(self, **options)


@checked
def partition_variance(
    models: Mapping[Any, ArrayLike] | Sequence[ArrayLike],
    rdms: RDMs,
    *,
    cv: int | ArrayLike | None = None,
    n_bootstraps: int = 0,
    confidence: float = 0.95,
    names: Iterable[Name] | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> VariancePartition:
    r"""Partition the variance of measured RDMs among sets of model RDMs.

    For each of the :math:`2^M - 1` combinations A of M sets of models, :math:`R^2_A` is that
    of the linear regression, with a constant, of the measured dissimilarities on all models
    of the sets in A. The part that exactly the sets of S explain follows by inclusion and
    exclusion [1]_ [2]_,

    .. math:: V_S = \sum_{A \subseteq S} (-1)^{|S| - |A|}
              \big(R^2_{\text{all}} - R^2_{\text{all} \setminus A}\big).

    For one set this is what is lost without it, its unique part.

    Parameters
    ----------
    models : dict or sequence of array_like
        The model RDMs of each set, of shape (n_pairs,) or (n_models, n_pairs), or as square
        matrices. For ranks as in Spearman's correlation pass the ranks of dissimilarities.
    rdms : array_like of shape (n_rdms, n_pairs) or (n_rdms, n_conditions, n_conditions), or \
            dict of single RDMs
        Measured RDMs; one alone is taken too.
    cv : int or array_like of shape (n_conditions,), default=None
        Number of folds of conditions, at least 3, or the fold of each condition. None for
        R2 of the fitted pairs themselves, which grows with the number of models whether
        they are true or not. Otherwise the pairs of any two folds are predicted from the
        pairs of all other conditions, and R2 compares with predicting the mean of these.
    n_bootstraps : int, default=0
        Number of bootstrap samples of the conditions for confidence intervals. Pairs of
        copies of a condition are left out, and copies share their fold. With `cv` the
        intervals need some tens of conditions: weights fitted to the few different ones
        that a sample of fewer leaves predict anything.
    confidence : float, default=0.95
        Nominal coverage of the intervals, which are between quantiles of the samples.
    names : sequence of hashable, default=None
        Names of the sets, if these have none.
    random_state : int, RandomState, Generator or None, default=None
        Determines folds and samples.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    VariancePartition
        With ``parts``, ``r2``, confidence intervals and ``to_frame()``; drawn by
        :class:`netrep_go.plotting.VariancePartitionDisplay`.

    Raises
    ------
    ValueError
        If RDMs are not finite, constant, of unequal conditions or of fewer than three.

    Warns
    -----
    UserWarning
        If intervals are asked for that are undefined, and NaN: of fewer than 4 conditions,
        or, with ``cv``, where fewer than 5 pairs are left to fit each weight and the constant
        to. In noise the shared part of 2 models is above 0 in 0.93 of such intervals for 5
        conditions and in 0.17 for 8 in 4 folds.

    Notes
    -----
    All regressions of all samples come from the Gram matrices of models and measured RDMs.

    References
    ----------
    .. [1] Bankson, B. B., Hebart, M. N., Groen, I. I. A. & Baker, C. I. (2018). The temporal
       evolution of conceptual object representations revealed through models of behavior,
       semantics and deep neural networks. NeuroImage 178, 172-182.
    .. [2] Nimon, K. F. & Oswald, F. L. (2013). Understanding the results of multiple linear
       regression. Organizational Research Methods 16(4), 650-674.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import partition_variance
    >>> rng = np.random.default_rng(0)
    >>> low, high = rng.random((2, 435))                  # RDMs of 30 conditions
    >>> result = partition_variance({"low": low, "high": high}, low + 2 * high)
    >>> dict(zip(result.part_names, result.parts[0].round(2).tolist()))
    {'low': 0.21, 'high': 0.76, 'low & high': 0.03}
    """
    names, sets, z = _stack_models(models, names)
    rdm_names, d = named_vectors(rdms, "rdms")
    n = check_same_conditions(z, "models", d, "rdms")
    check_alike(models=models, rdms=rdms)
    check_varies(d, "rdms", rdm_names)
    check_integer(n_bootstraps, "n_bootstraps", 0)
    check_number(confidence, "confidence", 0, 1)
    rng = as_random_state(random_state)
    folds = np.zeros(n, np.int64) if cv is None else assign_folds(n, cv, rng)
    regressions = _Regressions(z, d, sets, folds, cv is not None)
    r2 = regressions.r2(np.ones((1, n)))[0]
    parts = parts_of(r2)
    parts_interval = r2_interval = None
    if n_bootstraps:
        samples = _samples(n_bootstraps, folds, regressions.chunk, rng)
        draws = null_distribution(
            lambda counts: regressions.r2(counts).mean(axis=1),
            samples,
            "Resampling conditions",
            n_bootstraps,
            n_jobs=n_jobs,
            verbose=verbose,
        )
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        parts_interval, r2_interval = (
            np.quantile(a, tails, axis=0) for a in (parts_of(draws), draws)
        )
        if too_few := _too_few(n, folds, len(z)):
            warn_user(f"confidence intervals are NaN: {too_few}")
            parts_interval[:] = r2_interval[:] = np.nan
    return VariancePartition(
        names=names,
        parts=parts,
        r2=r2,
        parts_interval=parts_interval,
        r2_interval=r2_interval,
        cross_validated=cv is not None,
    )


def _too_few(n: int, folds: np.ndarray, n_models: int) -> str:
    """Return why samples of conditions say nothing of the variance of R2, empty if they do."""
    if n < 4:
        return f"all samples of {n} conditions are the same"
    if folds.max() == 0:
        return ""
    left = n - np.sort(np.bincount(folds))[-2:].sum()
    pairs, needed = left * (left - 1) // 2, _PAIRS_A_WEIGHT * (n_models + 1)
    if pairs >= needed:
        return ""
    return (
        f"regressions on {n_models} models that are fitted to {pairs} pairs, fewer than {needed}, "
        "fail together, and what they fail at would count as shared"
    )


def _stack_models(
    models: Mapping[Any, ArrayLike] | Sequence[ArrayLike], names: Iterable[Name] | None
) -> tuple[list[Name], np.ndarray, np.ndarray]:
    """Return the names of the sets, the set of each model, and all models."""
    shapes = {np.shape(m) for m in models} if isinstance(models, (list, tuple)) else set()
    if getattr(models, "ndim", 1) == 2 or [*map(len, shapes)] == [1]:
        own, rows = named_vectors(models, "models", names)  # each row is a set
        items = list(rows)
    else:
        items, own = split_names(models, "models", names)
    if not items:
        raise ValueError("models must have at least one set of model RDMs")
    keys = own or [f"set {k}" for k in range(len(items))]
    wheres = [f"models[{key!r}]" for key in keys]
    vectors = [as_vectors(m, where) for m, where in zip(items, wheres, strict=True)]
    check_alike(**dict(zip(wheres, items, strict=True)))
    for m, where in zip(vectors, wheres, strict=True):
        check_same_conditions(m, where, vectors[0], wheres[0])
        check_varies(m, where)
    sizes = [len(m) for m in vectors]
    return keys, np.repeat(np.arange(len(sizes)), sizes), np.concatenate(vectors)


class _Regressions:
    """All regressions of measured RDMs on sets of models, for any weights of conditions."""

    def __init__(
        self, z: np.ndarray, d: np.ndarray, sets: np.ndarray, folds: np.ndarray, held_out: bool
    ) -> None:
        self._blocks = Blocks(folds)
        self._held_out = held_out
        n_sets = sets[-1] + 1
        members = np.arange(1, 2**n_sets)[:, np.newaxis] >> np.arange(n_sets) & 1
        self._subsets = [np.flatnonzero(m[sets]) for m in members]
        self._n_models = len(z)
        columns = of_order_one(np.concatenate([z, d]))
        columns = columns - columns.mean(axis=1, keepdims=True)
        columns /= columns.std(axis=1, keepdims=True)
        columns = np.vstack([columns[:, self._blocks.order], np.ones(z.shape[1])])
        self._columns = columns
        self._upper = np.triu_indices(len(columns))
        i, j = np.triu_indices(len(folds), 1)
        self._first, self._second = i[self._blocks.order], j[self._blocks.order]
        numbers = max(z.shape[1], len(self._blocks) * len(columns) ** 2)
        self.chunk = max(1, _BLOCK // numbers)  # samples at a time

    def r2(self, counts: np.ndarray) -> np.ndarray:
        """Return R2 of samples, (n_samples, n_rdms, n_subsets)."""
        grams = self._grams(counts)
        if not self._held_out:
            return self._explained(centered(grams[:, 0]))
        training = np.stack([self._blocks.training_grams(g) for g in grams])
        return self._predicted(training, grams)

    def _grams(self, counts: np.ndarray) -> np.ndarray:
        """Return the Gram matrices of all columns, (n_samples, n_blocks, n_columns, n_columns).

        A pair has the product of the weights of its conditions. The sums for all samples
        are one product of matrices: of these weights, and of the products of columns.
        """
        a, b = self._upper
        size = len(self._columns)
        grams = np.empty((len(counts), len(self._blocks), size, size))
        for block, (start, end) in enumerate(
            zip(self._blocks.bounds[:-1], self._blocks.bounds[1:], strict=True)
        ):
            sums = np.zeros((len(counts), len(a)))
            step = max(1, _BLOCK // len(a))
            for low in range(start, end, step):
                span = slice(low, min(end, low + step))
                weights = counts[:, self._first[span]] * counts[:, self._second[span]]
                sums += weights @ (self._columns[a, span] * self._columns[b, span]).T
            grams[:, block, a, b] = grams[:, block, b, a] = sums
        return grams

    def _explained(self, grams: np.ndarray) -> np.ndarray:
        """Return R2 of the fitted pairs from centered Gram matrices."""
        n = self._n_models
        total = np.diagonal(grams[:, n:, n:], axis1=1, axis2=2)
        r2 = np.empty((*total.shape, len(self._subsets)))
        for s, subset in enumerate(self._subsets):
            cross = grams[:, subset, n:]
            r2[:, :, s] = np.sum(_weights(grams, subset, n) * cross, axis=1) / total
        return r2

    def _predicted(self, training: np.ndarray, test: np.ndarray) -> np.ndarray:
        """Return R2 of held-out blocks, from the Gram matrices of all columns and ones."""
        n = self._n_models
        means = training[..., :-1, -1] / training[..., -1:, -1]
        moved = test[..., :-1, -1, np.newaxis] * means[..., np.newaxis, :]
        test = (
            test[..., :-1, :-1]
            - moved
            - np.swapaxes(moved, -1, -2)
            + test[..., -1:, -1:] * means[..., np.newaxis] * means[..., np.newaxis, :]
        )
        training = centered(training)
        total = np.diagonal(test[..., n:, n:], axis1=-2, axis2=-1)
        r2 = np.empty((len(test), total.shape[-1], len(self._subsets)))
        for s, subset in enumerate(self._subsets):
            w = _weights(training, subset, n)
            inner = test[..., subset[:, np.newaxis], subset]
            change = np.sum(w * (inner @ w - 2 * test[..., subset, n:]), axis=-2)
            r2[..., s] = -change.sum(axis=1) / total.sum(axis=1)
        return r2


def _weights(grams: np.ndarray, subset: np.ndarray, n_models: int) -> np.ndarray:
    """Return regression weights, (..., n_subset, n_rdms), from centered Gram matrices."""
    inner = grams[..., subset[:, np.newaxis], subset]
    scale = np.trace(inner, axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis] / len(subset)
    ridge = _RIDGE * np.maximum(scale, np.finfo(float).tiny) * np.eye(len(subset))
    return np.linalg.solve(inner + ridge, grams[..., subset, n_models:])


def _samples(
    n_samples: int, folds: np.ndarray, chunk: int, rng: np.random.RandomState
) -> Iterator[np.ndarray]:
    """Yield how often each condition is in each bootstrap sample.

    Samples with fewer than three different conditions to fit to are drawn again.
    """
    n = len(folds)
    members = folds == np.arange(folds.max() + 1)[:, np.newaxis]
    for draws in blocks(n_samples, 1, chunk):
        counts = rng.multinomial(n, np.full(n, 1 / n), len(draws))
        while True:
            distinct = np.sort((counts > 0).astype(np.int64) @ members.T, axis=1)
            held_out = distinct[:, -2:].sum(axis=1) if len(members) > 1 else 0
            poor = distinct.sum(axis=1) - held_out < 3
            if not poor.any():
                break
            counts[poor] = rng.multinomial(n, np.full(n, 1 / n), np.count_nonzero(poor))
        yield counts.astype(np.float64)
