"""RDMs as weighted sums of model RDMs, such as those of layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState, counted, in_threads
from netrep_go._names import Name, names_or_numbers
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_option
from netrep_go.rsa._compare import SIMILARITIES, paired_scores
from netrep_go.rsa._condensed import (
    RDMs,
    check_alike,
    check_same_conditions,
    check_varies,
    named_vectors,
)
from netrep_go.rsa._folds import Blocks, assign_folds
from netrep_go.rsa._solve import Gram, centered


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Reweighting(Result):
    """Result of :func:`reweight`.

    Attributes
    ----------
    names : list
        Names of the models, or their positions.
    rdm_names : list
        Names of the measured RDMs, or their positions.
    weights : ndarray of shape (n_rdms, n_models)
        Weights fitted to all pairs of conditions, in units of the measured
        dissimilarity over that of the model.
    predictions : ndarray of shape (n_rdms, n_pairs)
        Predicted RDMs, each pair by weights that are fitted without its conditions.
    scores : ndarray of shape (n_rdms,)
        Similarity of each measured RDM to its prediction.
    fitted_scores : ndarray of shape (n_rdms,)
        The same for the weighted sum that is fitted to all pairs, which is too good.
    method : str
        How RDMs are compared.
    """

    names: list[Name]
    rdm_names: list[Name]
    weights: np.ndarray
    predictions: np.ndarray = field(repr=False)
    scores: np.ndarray
    fitted_scores: np.ndarray
    method: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each measured RDM.

        Returns
        -------
        pandas.DataFrame
            With columns rdm, method, score, fitted_score, and one for the weights of each
            model: weight_0, weight_1, ..., or weight_ and its name.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {
            "rdm": self.rdm_names,
            "method": self.method,
            "score": self.scores,
            "fitted_score": self.fitted_scores,
        }
        columns |= {f"weight_{name}": w for name, w in zip(self.names, self.weights.T, strict=True)}
        return pandas().DataFrame(columns)

    def plot(self, **options: Any) -> Any:
        """Draw the weights.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.ReweightingDisplay.from_reweighting`.

        Returns
        -------
        display : netrep_go.plotting.ReweightingDisplay
            The drawn display.
        """
        from netrep_go.plotting import ReweightingDisplay

        return ReweightingDisplay.from_reweighting(self, **options)


@checked
def reweight(
    models: RDMs,
    rdms: RDMs,
    *,
    cv: int | ArrayLike = 10,
    positive: bool = True,
    fit_intercept: bool = True,
    method: str = "spearman",
    names: Iterable[Name] | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Reweighting:
    r"""Predict measured RDMs by weighted sums of model RDMs, cross-validated over conditions.

    For a measured RDM d and model RDMs :math:`z_l`, such as those of layers [1]_, the
    weights minimize

    .. math:: \sum_{i<j} \Big(d_{ij} - c - \sum_l w_l z_{l,ij}\Big)^2, \quad w_l \ge 0.

    The conditions are cut into folds. The pairs between two folds, or within one, are
    predicted by weights that are fitted to the pairs without a condition in either, so
    that every pair is predicted once, from other conditions. The prediction leaves the
    constant c out: it shifts whole blocks of pairs against the mean of what was held out.

    Parameters
    ----------
    models : array_like of shape (n_models, n_pairs) or (n_models, n_conditions, n_conditions), \
            or dict of single RDMs
        RDMs of models, such as layers. The index of a DataFrame names the conditions of a
        square RDM, else the models in its rows.
    rdms : like models
        Measured RDMs, such as one of each subject; one alone is taken too. Each is
        predicted by itself.
    cv : int or array_like of shape (n_conditions,), default=10
        Number of folds, at least 3, or the fold of each condition: categories, to predict
        across them.
    positive : bool, default=True
        Whether weights must not be negative.
    fit_intercept : bool, default=True
        Whether c is fitted; else it is 0.
    method : str, default='spearman'
        How measured and predicted RDMs are compared, as in :func:`compare`.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    random_state : int, RandomState, Generator or None, default=None
        Determines the folds.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    Reweighting
        With ``weights``, ``predictions`` and ``scores``.

    Raises
    ------
    ValueError
        If RDMs are not finite, constant, of unequal conditions or of fewer than three, or
        the folds leave fewer than three conditions to fit the weights to.

    Notes
    -----
    A prediction that is the same for all pairs, because no model gets a weight, has the
    score 0.

    The pairs enter once, as one Gram matrix of models and measured RDMs for each block;
    that of a training set is a sum of these.

    References
    ----------
    .. [1] Khaligh-Razavi, S.-M. & Kriegeskorte, N. (2014). Deep supervised, but not
       unsupervised, models may explain IT cortical representation. PLoS Comput. Biol.
       10(11), e1003915.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import reweight
    >>> rng = np.random.default_rng(0)
    >>> models = rng.random((3, 190))                     # RDMs of 20 conditions
    >>> measured = 0.2 * models[0] + 0.8 * models[2]
    >>> result = reweight(models, measured, cv=5, random_state=0)
    >>> result.weights.round(6)
    array([[0.2, 0. , 0.8]])
    >>> result.scores.round(6)
    array([1.])
    """
    check_option(method, "method", SIMILARITIES)
    own, z = named_vectors(models, "models", names)
    rdm_names, d = named_vectors(rdms, "rdms")
    n = check_same_conditions(z, "models", d, "rdms")
    check_alike(models=models, rdms=rdms)
    check_varies(z, "models", own)
    check_varies(d, "rdms", rdm_names)
    blocks = Blocks(assign_folds(n, cv, random_state))
    weights, predictions = fit_blocks(z, d, blocks, positive, fit_intercept, n_jobs, verbose)
    return Reweighting(
        names=names_or_numbers(own, len(z)),
        rdm_names=names_or_numbers(rdm_names, len(d)),
        weights=weights,
        predictions=predictions,
        scores=paired_scores(predictions, d, method),
        fitted_scores=paired_scores(weights @ z, d, method),
        method=method,
    )


def fit_blocks(
    z: np.ndarray,
    d: np.ndarray,
    blocks: Blocks,
    positive: bool,
    fit_intercept: bool,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights that are fitted to all pairs, and the prediction of each block of pairs.

    RDMs are scaled, and shifted if it makes no difference, for precision.
    """
    z_scale, d_scale = np.abs(z).max(axis=1), np.abs(d).max(axis=1)
    shift = (z.mean(axis=1), d.mean(axis=1)) if fit_intercept else (0 * z_scale, 0 * d_scale)
    columns = np.concatenate([(z.T - shift[0]) / z_scale, (d.T - shift[1]) / d_scale], axis=1)
    columns = np.vstack([columns[blocks.order].T, np.ones(z.shape[1])])
    grams = blocks.grams(columns)
    whole, training = grams.sum(axis=0), blocks.training_grams(grams)

    def weights(gram: np.ndarray) -> np.ndarray:
        gram = centered(gram) if fit_intercept else gram[:-1, :-1]
        inner, cross = Gram(gram[: len(z), : len(z)]), gram[: len(z), len(z) :]
        found = [inner.solve(rhs, positive=positive) for rhs in cross.T]
        return np.array(found) * d_scale[:, np.newaxis] / z_scale

    found = in_threads(weights, [whole, *training], n_jobs)
    found = counted(found, "Fitting weights", len(blocks) + 1, verbose)
    fitted = next(found)
    predictions = np.empty_like(d)
    for block, w in enumerate(found):
        pairs = blocks.pairs(block)
        predictions[:, pairs] = w @ z[:, pairs]
    return fitted, predictions
