"""Permutation tests of distances between networks against properties of the networks.

Each test permutes networks, not pairs, because distances that share a network depend on
each other. All of them take a matrix of distances of any metric. The index of a DataFrame
of distances and of a Series names the networks; where two arguments have names, these must
agree.

A covariate with a unit, such as width, becomes a matrix of differences for
:func:`mantel`; one without an order, such as a brain region or an organism, is a vector
of labels `y` for :func:`permanova` and :func:`knn_permutation`. Where a second covariate has
to be held fixed, its values are the `strata`: networks are only exchanged with others
of the same stratum.
"""

from netrep_go.covariates._results import KNNResult, MantelResult, PermanovaResult
from netrep_go.covariates._tests import knn_permutation, mantel, permanova

__all__ = [
    "KNNResult",
    "MantelResult",
    "PermanovaResult",
    "knn_permutation",
    "mantel",
    "permanova",
]


def __dir__() -> list[str]:
    return sorted(__all__)
