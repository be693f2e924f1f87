"""RDMs as weighted sums of model RDMs, such as those of layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._optional import pandas
from netrep_go._validation import check_option
from netrep_go.rsa._compare import SIMILARITIES, compare
from netrep_go.rsa._folds import (
    Blocks,
    as_vectors,
    assign_folds,
    check_same_conditions,
    check_varies,
)
from netrep_go.rsa._solve import Gram, centered


@dataclass(frozen=True, kw_only=True)
class Reweighting:
    """Result of :func:`reweight`.

    Attributes
    ----------
    weights : ndarray of shape (n_rdms, n_layers)
        Weights fitted to all pairs of conditions, in units of the measured
        dissimilarity over that of the layer.
    predictions : ndarray of shape (n_rdms, n_pairs)
        Predicted RDMs, each pair by weights that are fitted without its conditions.
    scores : ndarray of shape (n_rdms,)
        Similarity of each measured RDM to its prediction.
    fitted_scores : ndarray of shape (n_rdms,)
        The same for the weighted sum that is fitted to all pairs, which is too good.
    method : str
        How RDMs are compared.
    """

    weights: np.ndarray
    predictions: np.ndarray = field(repr=False)
    scores: np.ndarray
    fitted_scores: np.ndarray
    method: str

    def to_frame(self) -> Any:
        """Return a row for each measured RDM.

        Returns
        -------
        pandas.DataFrame
            With columns rdm, method, score, fitted_score, and weight_0, weight_1, ...

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {
            "rdm": np.arange(len(self.scores)),
            "method": self.method,
            "score": self.scores,
            "fitted_score": self.fitted_scores,
        }
        columns |= {f"weight_{k}": w for k, w in enumerate(self.weights.T)}
        return pandas().DataFrame(columns)


def reweight(
    layers: ArrayLike,
    rdms: ArrayLike,
    *,
    cv: int | ArrayLike = 10,
    positive: bool = True,
    fit_intercept: bool = True,
    method: str = "spearman",
    random_state: int | np.random.RandomState | None = None,
) -> Reweighting:
    r"""Predict measured RDMs by weighted sums of layer RDMs, cross-validated over conditions.

    For a measured RDM d and the RDMs :math:`z_l` of layers [1]_ the weights minimise

    .. math:: \sum_{i<j} \Big(d_{ij} - c - \sum_l w_l z_{l,ij}\Big)^2, \quad w_l \ge 0.

    The conditions are cut into folds. The pairs between two folds, or within one, are
    predicted by weights that are fitted to the pairs without a condition in either, so
    that every pair is predicted once, from other conditions. The prediction leaves the
    constant c out: it shifts whole blocks of pairs against the mean of what was held out.

    Parameters
    ----------
    layers : array_like of shape (n_layers, n_pairs) or (n_layers, n_conditions, n_conditions)
        RDM of each layer.
    rdms : array_like of shape (n_rdms, n_pairs) or (n_rdms, n_conditions, n_conditions)
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
        How measured and predicted RDMs are compared: a method of :func:`compare`.
    random_state : int, RandomState instance or None, default=None
        Draws the folds.

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
    A prediction that is the same for all pairs, because no layer gets a weight, has the
    score 0.

    The pairs enter once, as one Gram matrix of layers and measured RDMs for each block;
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
    >>> layers = rng.random((3, 190))                     # RDMs of 20 conditions
    >>> measured = 0.2 * layers[0] + 0.8 * layers[2]
    >>> result = reweight(layers, measured, cv=5, random_state=0)
    >>> result.weights.round(6)
    array([[0.2, 0. , 0.8]])
    >>> result.scores.round(6)
    array([1.])
    """
    check_option(method, "method", SIMILARITIES)
    z, d = as_vectors(layers, "layers"), as_vectors(rdms, "rdms")
    n = check_same_conditions(z, "layers", d, "rdms")
    check_varies(z, "layers")
    check_varies(d, "rdms")
    blocks = Blocks(assign_folds(n, cv, random_state))
    return reweight_blocks(z, d, blocks, positive, fit_intercept, method)


def reweight_blocks(
    z: np.ndarray, d: np.ndarray, blocks: Blocks, positive: bool, fit_intercept: bool, method: str
) -> Reweighting:
    """Fit and predict; RDMs are scaled, and shifted if it makes no difference, for precision."""
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

    predictions = np.empty_like(d)
    for block, gram in enumerate(training):
        pairs = blocks.pairs(block)
        predictions[:, pairs] = weights(gram) @ z[:, pairs]
    fitted = weights(whole)
    return Reweighting(
        weights=fitted,
        predictions=predictions,
        scores=paired_scores(predictions, d, method),
        fitted_scores=paired_scores(fitted @ z, d, method),
        method=method,
    )


def paired_scores(predictions: np.ndarray, rdms: np.ndarray, method: str) -> np.ndarray:
    """Return the similarity of each prediction to its RDM; 0 for one that is constant."""
    varies = np.ptp(predictions, axis=1) > 1e-12 * np.abs(predictions).max(axis=1)
    pairs = zip(predictions, rdms, varies, strict=True)
    return np.array([compare(p, d, method) if v else 0.0 for p, d, v in pairs])
