"""Scoring for model selection: scikit-learn maximizes, distances are minimized."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from netrep_go._parameters import checked
from netrep_go.metrics._aligner import Aligner
from netrep_go.metrics._measure import Measure, check_distance

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = ["neg_distance_scorer"]


@checked
def neg_distance_scorer(metric: Measure | Pipeline, X: ArrayLike, Y: ArrayLike) -> float:
    """Return minus the distance of a fitted metric: greater is better.

    The ``score`` of a metric is a distance, as in netrep, and GridSearchCV would
    pick the parameters with the largest. Pass this function as its ``scoring``.

    Parameters
    ----------
    metric : Measure or Pipeline
        A fitted distance such as :class:`LinearMetric`, or a pipeline that ends in one.
        Declare others by ``as_measure(..., kind="distance")``.
    X, Y : array_like of shape (n_samples, n_features)
        Held-out activations of the two networks.

    Returns
    -------
    float
        ``-metric.score(X, Y)``.

    Raises
    ------
    ValueError
        If the score of ``metric`` is not known to be a distance: that of an
        :class:`Aligner` is not.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from netrep_go.metrics import LinearMetric, neg_distance_scorer
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 4))
    >>> Y = X @ rng.standard_normal((4, 4)) + rng.standard_normal((60, 4)) / 10
    >>> grid = GridSearchCV(
    ...     LinearMetric(), {"alpha": [0.0, 0.5, 1.0]}, scoring=neg_distance_scorer
    ... )
    >>> grid.fit(X, Y).best_params_
    {'alpha': 0.0}
    """
    from sklearn.pipeline import Pipeline  # late: it takes 5 ms

    last = metric
    while isinstance(last, Pipeline):
        last = last[-1]
    if isinstance(last, Aligner):
        raise ValueError(
            "neg_distance_scorer needs a distance, but the score of Aligner is an R2, of which "
            "more is better: leave scoring out"
        )
    check_distance(last, "neg_distance_scorer")
    return -float(metric.score(X, Y))
