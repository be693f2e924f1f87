"""Results of the tests."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from netrep_go._optional import pandas
from netrep_go._results import Result


@dataclass(frozen=True, kw_only=True, repr=False)
class _PermutationResult(Result):
    """What all permutation tests return."""

    statistic: float
    pvalue: float
    n_networks: int
    n_permutations: int
    null_distribution: np.ndarray = field(repr=False, compare=False)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with one row.

        Returns
        -------
        pandas.DataFrame
            All numbers, and the mean and standard deviation of the null distribution; to be
            concatenated with the rows of other tests.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        row: dict[str, Any] = {"test": type(self).__name__.removesuffix("Result").lower()}
        row |= {f.name: getattr(self, f.name) for f in fields(self)}
        null = row.pop("null_distribution")
        with np.errstate(invalid="ignore"):  # F is infinite where nothing varies within groups
            row |= {"null_mean": null.mean(), "null_std": null.std()}
        return pandas().DataFrame([row])

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

        return PermutationTestDisplay.from_test(self, **options)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True, repr=False)
class MantelResult(_PermutationResult):
    """Result of :func:`mantel`.

    Attributes
    ----------
    statistic : float
        Correlation of the two sets of distances.
    pvalue : float
        Fraction of permutations, the identity included, with a statistic as extreme.
    n_networks, n_permutations : int
        Numbers of networks and of random permutations.
    null_distribution : ndarray of shape (n_permutations,)
        The statistic of every permutation.
    method, alternative : str
        As given.
    """

    method: str
    alternative: str


@dataclass(frozen=True, kw_only=True, repr=False)
class PermanovaResult(_PermutationResult):
    """Result of :func:`permanova`.

    Attributes
    ----------
    statistic : float
        Pseudo-F.
    pvalue : float
        Fraction of permutations, the identity included, with a statistic as large.
    n_networks, n_permutations : int
        Numbers of networks and of random permutations.
    null_distribution : ndarray of shape (n_permutations,)
        The statistic of every permutation.
    r_squared : float
        Fraction of the sum of squared distances that is between groups.
    n_groups : int
        Number of groups.
    """

    r_squared: float
    n_groups: int


@dataclass(frozen=True, kw_only=True, repr=False)
class KNNResult(_PermutationResult):
    """Result of :func:`knn_permutation`.

    Attributes
    ----------
    statistic : float
        Leave-one-out accuracy.
    pvalue : float
        Fraction of permutations, the identity included, with an accuracy as large.
    n_networks, n_permutations : int
        Numbers of networks and of random permutations.
    null_distribution : ndarray of shape (n_permutations,)
        The accuracy of every permutation. Its mean is the chance level.
    n_neighbors : int
        As given.
    n_groups : int
        Number of distinct labels.
    """

    n_neighbors: int
    n_groups: int
