"""Differences of held-out scores between models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from netrep_go._names import Name, split_names
from netrep_go._optional import pandas
from netrep_go._resampling import CORRECTIONS, Correction, corrected
from netrep_go._results import Result
from netrep_go._validation import check_option
from netrep_go.encoding._fitted import check_model
from netrep_go.encoding._model import EncodingModel
from netrep_go.encoding._search import Split


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class EncodingContrasts(Result):
    """Result of :func:`compare_encoding`: one item for each pair of models or layers.

    Attributes
    ----------
    pairs : list of tuple
        Names of the two.
    difference : ndarray of shape (n_pairs,)
        Mean score of the first less that of the second, over folds and targets.
    pvalue : ndarray of shape (n_pairs,)
        Two-sided p-values.
    pvalue_corrected : ndarray of shape (n_pairs,)
        The same, corrected for the number of pairs.
    target_difference, target_pvalue, target_pvalue_corrected : ndarray of shape \
(n_pairs, n_targets)
        The same of each target alone, corrected for the number of targets.
    correction : str
        As asked for.
    """

    pairs: list[tuple[Name, Name]]
    difference: np.ndarray
    pvalue: np.ndarray
    pvalue_corrected: np.ndarray
    target_difference: np.ndarray
    target_pvalue: np.ndarray
    target_pvalue_corrected: np.ndarray
    correction: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each pair of models or layers.

        Returns
        -------
        pandas.DataFrame
            With columns model_1, model_2, difference, pvalue, pvalue_corrected, correction.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame(
            {
                "model_1": [a for a, _ in self.pairs],
                "model_2": [b for _, b in self.pairs],
                "difference": self.difference,
                "pvalue": self.pvalue,
                "pvalue_corrected": self.pvalue_corrected,
                "correction": self.correction,
            }
        )


def compare_encoding(
    models: EncodingModel | Mapping[Any, EncodingModel], *, correction: Correction = "fdr"
) -> EncodingContrasts:
    r"""Test the differences between models, or between the layers of one.

    Scores are paired over folds and targets. The training sets of folds overlap, so that
    differences d of k folds vary too little: t is
    :math:`\bar d / \sqrt{(1 / k + n_{test} / n_{train}) s^2}`, with k - 1 degrees of freedom
    [1]_.

    Parameters
    ----------
    models : EncodingModel or dict of EncodingModel
        One that was fitted to several layers, whose ``layer_scores_`` are compared, or models
        that were fitted with the same outer folds and targets.
    correction : {'fdr', 'bonferroni', 'none'}, default='fdr'
        Of p-values for the number of pairs, or of targets.

    Returns
    -------
    EncodingContrasts
        Differences and p-values, with ``to_frame()``.

    Raises
    ------
    ValueError
        If folds, targets or scores differ, or there is one model or fold.

    Notes
    -----
    The test is careful: of 400 pairs of equally good layers (40 samples, 5 folds, 4 targets)
    2 % had a p-value of at most 0.05.

    References
    ----------
    .. [1] Nadeau, C. & Bengio, Y. (2003). Inference for the generalization error. Machine
       Learning 52, 239-281.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.encoding import EncodingModel, compare_encoding
    >>> rng = np.random.default_rng(0)
    >>> layers = {"conv": rng.standard_normal((100, 30)), "fc": rng.standard_normal((100, 20))}
    >>> voxels = layers["fc"][:, :5] + rng.standard_normal((100, 5))
    >>> contrasts = compare_encoding(EncodingModel().fit(layers, voxels))
    >>> contrasts.pairs, bool(contrasts.pvalue < 0.01)
    ([('conv', 'fc')], True)
    """
    check_option(correction, "correction", CORRECTIONS)
    names, scores, folds = _scores_of(models)
    if len(names) < 2 or len(folds) < 2:
        raise ValueError(
            f"at least 2 models or layers and 2 outer folds are needed, got {len(names)} and "
            f"{len(folds)}"
        )
    share = float(np.mean([len(test) / len(train) for train, test in folds]))
    pairs = list(combinations(range(len(names)), 2))
    differences = np.stack([scores[i] - scores[j] for i, j in pairs], axis=1)
    means = differences.mean(axis=2)
    pvalue, target_pvalue = _resampled_t(means, share), _resampled_t(differences, share)
    return EncodingContrasts(
        pairs=[(names[i], names[j]) for i, j in pairs],
        difference=means.mean(axis=0),
        pvalue=pvalue,
        pvalue_corrected=corrected(pvalue, correction),
        target_difference=differences.mean(axis=0),
        target_pvalue=target_pvalue,
        target_pvalue_corrected=np.stack([corrected(p, correction) for p in target_pvalue]),
        correction=correction,
    )


def _scores_of(models: Any) -> tuple[list[Name], np.ndarray, list[Split]]:
    """Return names, scores (n_models, n_folds, n_targets) and folds of models or layers."""
    if isinstance(models, EncodingModel):
        check_model(models, "models", "scores_")
        return models.names_, models.layer_scores_, models.folds_
    items, own = split_names(models, "models")
    if not items:
        raise ValueError("models must hold at least 2 models, got none")
    names: list[Name] = list(range(len(items))) if own is None else own
    for name, model in zip(names, items, strict=True):
        check_model(model, f"models[{name!r}]", "scores_")
        first = items[0]
        if model.scores_.shape != first.scores_.shape or model.scoring != first.scoring:
            raise ValueError(
                f"models must have the same folds, targets and scoring, but models[{name!r}] has "
                f"{model.scores_.shape} {model.scoring} and models[{names[0]!r}] "
                f"{first.scores_.shape} {first.scoring}"
            )
        for (_, mine), (_, others) in zip(model.folds_, first.folds_, strict=True):
            if not np.array_equal(mine, others):
                raise ValueError(
                    f"models[{name!r}] and models[{names[0]!r}] must be fitted with the same "
                    "outer folds: give outer_cv a random_state"
                )
    return names, np.stack([model.scores_ for model in items]), items[0].folds_


def _resampled_t(differences: np.ndarray, share: float) -> np.ndarray:
    """Return two-sided p-values of differences in folds, along the first axis.

    Equal ones have p = 1 where they are 0, and NaN elsewhere: nothing tells their variance.
    """
    k = len(differences)
    mean, variance = differences.mean(axis=0), differences.var(axis=0, ddof=1)
    error = np.sqrt((1 / k + share) * variance)
    t = np.divide(mean, error, out=np.where(mean == 0, 0.0, np.nan), where=error > 0)
    pvalue: np.ndarray = 2 * stats.t.sf(np.abs(t), k - 1)
    return pvalue
