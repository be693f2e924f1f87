"""Linear separability, with the proof of either answer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrep_go import _native
from netrep_go._names import check_same_indexes
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import as_codes, as_factor

__all__ = ["Separation", "separate"]


class _Fields(NamedTuple):
    separable: bool
    margin: float
    coef: np.ndarray
    intercept: float
    support: np.ndarray
    weights: np.ndarray
    gap: float


class Separation(Result, _Fields):
    """Whether points are linearly separable, and the proof.

    Attributes
    ----------
    separable : bool
        Whether a hyperplane has all points of one class on one side and all of the
        other on the other.
    margin : float
        Distance of the nearest points from the hyperplane of largest margin, 0 if there
        is none.
    coef : ndarray of shape (n_features,)
        Normal w of that hyperplane, of length 1 / margin: the nearest points have
        ``X @ coef + intercept`` equal to 1 or -1, all others more than that. Zeros if
        there is none.
    intercept : float
        Offset of the hyperplane, 0 if it goes through the origin.
    support : ndarray of shape (n_support,)
        Points with a positive weight.
    weights : ndarray of shape (n_samples,)
        Weights that are not negative and add up to 1. With signs s of 1 for the second
        class and -1 for the first, ``gap`` is the length of ``(weights * s) @ X``, and
        ``weights @ s`` is 0 if there is an intercept. No other such weights have a
        shorter one. A gap of 0 proves that no hyperplane separates the points.
    gap : float
        The margin if the points are separable, else 0 up to rounding.
    """

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each point.

        Returns
        -------
        pandas.DataFrame
            Columns ``weight`` and ``support``, whether the weight is positive.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame({"weight": self.weights, "support": self.weights > 0})


@checked
def separate(X: ArrayLike, y: ArrayLike, *, fit_intercept: bool = True) -> Separation:
    r"""Decide whether two classes of points are linearly separable, and how widely.

    Gordan's alternative says that either there is a hyperplane with

    .. math:: s_i (w^\top x_i + b) > 0 \quad \text{for all } i,

    where :math:`s_i = \pm 1` is the class of a point, or there are weights

    .. math:: v_i \ge 0, \quad \sum_i v_i = 1, \quad \sum_i v_i s_i x_i = 0,
        \quad \sum_i v_i s_i = 0,

    but never both. One projection on a cone gives whichever exists: the hyperplane of
    largest margin, that of a support vector machine with a hard margin, or the weights.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
        Points.
    y : array_like of shape (n_samples,)
        Labels of two classes.
    fit_intercept : bool, default=True
        Whether the hyperplane may miss the origin. If not, b = 0, and the weights need
        not have :math:`\sum_i v_i s_i = 0`.

    Returns
    -------
    Separation
        The answer and its proof.

    Raises
    ------
    ValueError
        If X is not a finite matrix or y does not have two classes.

    Notes
    -----
    "Separable" is certain up to rounding in ``X @ coef``, because the hyperplane is
    checked on all points. Points whose margin is below about 1e-7 of their distance from
    their mean may be called inseparable; ``gap`` then shows how near they are.

    Examples
    --------
    >>> from netrep_go.capacity import separate
    >>> X = [[0.0, 0.0], [0.0, 1.0], [2.0, 0.0], [2.0, 1.0]]
    >>> found = separate(X, [0, 0, 1, 1])
    >>> found.separable, round(found.margin, 6)
    (True, 1.0)
    >>> (X @ found.coef + found.intercept).round(6)
    array([-1., -1.,  1.,  1.])

    Exclusive or has weights as its proof:

    >>> found = separate(X, [0, 1, 1, 0])
    >>> found.separable, found.weights.round(6)
    (False, array([0.25, 0.25, 0.25, 0.25]))
    """
    check_same_indexes([("X", X), ("y", y)], "samples")
    X = as_factor(X, "X")
    classes, codes = as_codes(y, "y", len(X))
    if len(classes) != 2:
        raise ValueError(f"y must have two classes, got {len(classes)}")
    coef, weights, numbers = np.empty(X.shape[1]), np.empty(len(X)), np.empty(3)
    verdict = np.empty(1, np.int64)
    _native.call(
        "capacity.separate",
        {"coef": coef, "weights": weights, "numbers": numbers, "separable": verdict},
        {"x": X, "y": 2.0 * codes - 1.0, "bias": bool(fit_intercept)},
    )
    margin, intercept, gap = numbers.tolist()
    support = np.flatnonzero(weights)
    return Separation(bool(verdict[0]), margin, coef, intercept, support, weights, gap)
