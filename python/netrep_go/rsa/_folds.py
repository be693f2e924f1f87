"""Cross-validation over conditions of what is measured on pairs of conditions.

Pairs that share a condition depend on each other, so conditions are held out, not
pairs. Folds of conditions cut the pairs into blocks, one for each two folds and one
within each; the pairs of a block are predicted from the pairs that have no condition
in either of its folds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState, as_random_state
from netrep_go._shown import shown
from netrep_go._validation import as_labels, check_integer
from netrep_go.rsa._condensed import n_conditions

_MIN_TRAINING = 3  # conditions, which have three pairs


def assign_folds(
    n: int, cv: Any, random_state: RandomState, held_out: int = 2, name: str = "cv"
) -> np.ndarray:
    """Return the fold, 0 to the number of folds - 1, of each condition.

    ``cv`` is the number of folds, filled at random, or a label for each condition;
    ``held_out`` how many folds are held out at a time, ``name`` what errors call it.
    """
    if hasattr(cv, "__len__") and not isinstance(cv, (str, bytes)):
        labels = as_labels(cv, name)
        if labels.shape != (n,):
            raise ValueError(f"{name} must label {n} conditions, got {labels.size} labels")
        folds = np.unique(labels, return_inverse=True)[1]
    else:
        check_integer(cv, name, held_out + 1)
        if cv > n:
            raise ValueError(f"{name} must be at most the number of conditions, {n}, got {cv}")
        folds = np.empty(n, np.int64)
        folds[as_random_state(random_state).permutation(n)] = np.arange(n) % cv
    left = n - np.sort(np.bincount(folds))[-held_out:].sum()
    if left < _MIN_TRAINING:
        raise ValueError(
            f"{name} must leave at least {_MIN_TRAINING} conditions when {held_out} fold(s) are "
            f"held out, got {left} of {n}"
        )
    return folds


class Blocks:
    """The pairs of conditions, in blocks of two folds.

    Attributes
    ----------
    order : ndarray of shape (n_pairs,)
        Pairs, sorted by their block.
    bounds : ndarray of shape (n_blocks + 1,)
        Where each block begins and ends in that order.
    folds : ndarray of shape (n_blocks, 2)
        The two folds, a <= b, of each block.
    """

    def __init__(self, folds: np.ndarray) -> None:
        n_folds = folds.max() + 1
        i, j = np.triu_indices(len(folds), 1)
        low, high = np.minimum(folds[i], folds[j]), np.maximum(folds[i], folds[j])
        block = low * n_folds + high
        self.order = np.argsort(block, kind="stable")
        names, starts = np.unique(block[self.order], return_index=True)
        self.bounds = np.append(starts, len(i))
        self.folds = np.stack(np.divmod(names, n_folds), axis=1)
        self._touches = (self.folds[:, :, np.newaxis] == np.arange(n_folds)).any(axis=1)

    def __len__(self) -> int:
        return len(self.folds)

    def pairs(self, block: int | np.integer) -> np.ndarray:
        """Return the pairs of a block."""
        return self.order[self.bounds[block] : self.bounds[block + 1]]

    def training(self, block: int) -> np.ndarray:
        """Return the pairs that have no condition in the folds of a block."""
        free = ~self._touches[:, self.folds[block]].any(axis=1)
        return np.sort(np.concatenate([self.pairs(b) for b in np.flatnonzero(free)]))

    def grams(self, columns: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the Gram matrix of columns over each block.

        ``columns`` has shape (n_columns, n_pairs), its pairs in the order of ``order``,
        and so have the optional weights of the pairs.
        """
        weighted = columns if weights is None else columns * weights
        spans = zip(self.bounds[:-1], self.bounds[1:], strict=True)
        return np.stack([columns[:, a:b] @ weighted[:, a:b].T for a, b in spans])

    def training_grams(self, grams: np.ndarray) -> np.ndarray:
        """Return, for each block, the Gram matrix over its training pairs.

        What shares a fold with the block is taken from the sum over all blocks.
        """
        touching = np.tensordot(self._touches.T.astype(float), grams, axes=1)
        a, b = self.folds.T
        both = np.where((a == b)[:, np.newaxis, np.newaxis], touching[a], grams)
        return grams.sum(axis=0) - touching[a] - touching[b] + both


class ConditionKFold:
    """Cross-validation over conditions for scikit-learn's estimators on pairs.

    The samples are the n (n - 1) / 2 pairs of n conditions, in the order of
    :func:`scipy.spatial.distance.squareform`. The conditions are cut into folds. Each
    split tests the pairs of two folds, or of one with itself, and trains on the pairs
    that have no condition in either. Every pair is tested once, so that
    :func:`sklearn.model_selection.cross_val_predict` returns a whole RDM.

    Parameters
    ----------
    n_splits : int or array_like of shape (n_conditions,), default=10
        Number of folds of conditions, at least 3, or the fold of each condition. There
        are n_folds (n_folds + 1) / 2 splits, less what has no pairs.
    random_state : int, RandomState, Generator or None, default=None
        Determines the folds.

    Examples
    --------
    Weights of two layers, not negative, for a measured RDM of 12 conditions:

    >>> import numpy as np
    >>> from netrep_go.rsa import ConditionKFold
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import cross_val_predict
    >>> rng = np.random.default_rng(0)
    >>> layers = rng.random((66, 2))
    >>> rdm = layers @ [0.2, 0.8] + rng.normal(scale=0.1, size=66)
    >>> cv = ConditionKFold(4, random_state=0)
    >>> predicted = cross_val_predict(LinearRegression(positive=True), layers, rdm, cv=cv)
    >>> cv.get_n_splits(layers), bool(np.corrcoef(predicted, rdm)[0, 1] > 0.8)
    (10, True)
    """

    def __init__(self, n_splits: int | ArrayLike = 10, *, random_state: RandomState = None) -> None:
        self.n_splits = n_splits
        self.random_state = random_state

    def split(
        self, X: ArrayLike, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the training and the test pairs of each split.

        Parameters
        ----------
        X : array_like of shape (n_pairs, n_features)
            Only its length is used.
        y, groups : object, default=None
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Indices of pairs.

        Raises
        ------
        ValueError
            If there are not the pairs of some conditions, or too few conditions for
            the folds.
        """
        blocks = self._blocks(X)
        for block in range(len(blocks)):
            yield blocks.training(block), np.sort(blocks.pairs(block))

    def get_n_splits(self, X: ArrayLike | None = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X : array_like of shape (n_pairs, n_features), default=None
            Only its length is used.
        y, groups : object, default=None
            Ignored.

        Returns
        -------
        int
            Number of blocks of pairs.
        """
        return len(self._blocks(X))

    def _blocks(self, X: Any) -> Blocks:
        if X is None:
            raise ValueError("X must be given: the number of pairs determines the splits")
        shape = getattr(X, "shape", None)  # sparse matrices have no length
        if shape is None and isinstance(X, Sized):
            shape = (len(X),)
        if not isinstance(shape, tuple) or not shape:
            raise TypeError(f"X must have a row for each pair, got {shown(X)}")
        n = n_conditions(np.empty((1, shape[0])), "X")
        return Blocks(assign_folds(n, self.n_splits, self.random_state, name="n_splits"))
