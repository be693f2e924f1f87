"""Partial soft matching: the best matched part of the units of two networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import said_once
from netrep_go._optional import pandas
from netrep_go._parameters import check_parameters, checked
from netrep_go._results import Result
from netrep_go._validation import check_number
from netrep_go.metrics._matching import (
    OfUnits,
    Units,
    correlations_of,
    gain_of,
    standardized,
    transport,
)
from netrep_go.metrics._properties import Properties, Undefined

__all__ = ["MatchingPath", "PartialSoftMatching"]

_LEAST_MASS = 1e-9


class PartialSoftMatching(OfUnits):
    r"""Mean correlation of the best matched part of the units of two networks.

    As in :class:`SoftMatching`, units of X have the mass 1/p each and units of Y 1/q, but
    only a mass m in all is matched, so that units without a counterpart are left out:

    .. math:: s(X, Y) = \frac1m \max_P \sum_{ij} P_{ij} \rho_{ij}, \qquad \sum_{ij} P_{ij} = m.

    Parameters
    ----------
    mass : float, default=0.5
        Share of the units that is matched, up to 1.

    Attributes
    ----------
    n_features_in_ : int
        Width of X, set by ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, set by ``fit`` if X is a data frame with string names.

    Notes
    -----
    The match of each mass is optimal: they are found from the smallest to the largest along
    shortest augmenting paths, and :meth:`path` returns all of them for the cost of one.
    Units that do not vary have the correlation 0 with all others, with a warning.

    References
    ----------
    Kapoor, Williams & Khosla (2026). Partial Soft-Matching Distance for Neural
    Representational Comparison with Partial Unit Correspondence. ICLR. arXiv:2602.19331.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.metrics import PartialSoftMatching
    >>> rng = np.random.default_rng(0)
    >>> X, noise = rng.standard_normal((2, 50, 4))
    >>> Y = np.hstack([noise, X])
    >>> path = PartialSoftMatching().path(X, Y)
    >>> round(path.at(0.5), 6)
    1.0
    >>> sorted(path.y_ranking[:4].tolist())  # the units of Y that match best
    [4, 5, 6, 7]
    """

    def __init__(self, mass: float = 0.5) -> None:
        self.mass = mass
        self._check_parameters()

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_number(self.mass, "mass", _LEAST_MASS, 1.0)

    @property
    def properties(self) -> Properties:
        """What is true of the measure with its parameters."""
        return Properties(
            kind="similarity",
            range=(-1, 1),
            symmetric=True,
            invariances={"permutation", "scale", "translation"},
            cost="n p^2 + p^3",
            reference="Kapoor et al. 2026, arXiv:2602.19331",
        )

    def _prepare(self, x: np.ndarray, name: str) -> Units | Undefined:
        return standardized(x, name)

    def _compare(self, x: Units, y: Units) -> float:
        correlations = correlations_of(x, y)
        shares = transport(correlations, self.mass).shares
        return gain_of(shares, correlations) / float(shares.sum())

    @checked
    def path(self, X: ArrayLike, Y: ArrayLike) -> MatchingPath:
        """Return the matches of all masses, and the order in which units join them.

        Parameters
        ----------
        X, Y : array_like of shape (n_samples, n_features)
            Activations of two networks to the same samples.

        Returns
        -------
        MatchingPath
            With ``to_frame()``.

        Raises
        ------
        ValueError
            If X or Y is not a finite, real matrix, they differ in samples, or no unit of one
            of them varies.
        """
        x, y = self._check_pair(X, Y)
        with said_once():
            units = self._prepared([("X", x), ("Y", y)], 1)
        for network in units:
            if isinstance(network, Undefined):
                raise ValueError(network.reason)
        correlations = correlations_of(*units)
        steps = transport(correlations, path=True).steps
        return MatchingPath(
            steps[:, 0],
            np.clip(_means(steps), -1.0, 1.0),
            *(_joined(steps, side, n) for side, n in zip((2, 3), correlations.shape, strict=True)),
        )


def _means(steps: np.ndarray) -> np.ndarray:
    """Return the mean gain of all that is matched after each step."""
    mass = steps[:, 0]
    return np.cumsum(np.diff(mass, prepend=0.0) * steps[:, 1]) / mass


def _joined(steps: np.ndarray, side: int, n: int) -> np.ndarray:
    """Return the mass that is matched when each of n units begins to be."""
    before = np.concatenate([[0.0], steps[:-1, 0]])
    units, first = np.unique(steps[:, side], return_index=True)
    joined = np.full(n, np.nan)
    joined[units.astype(int)] = before[first]
    return joined


@dataclass(frozen=True, repr=False)
class MatchingPath(Result):
    """The best matches of a growing part of the units of two networks.

    Attributes
    ----------
    mass : ndarray of shape (n_steps,)
        Share of the units that is matched after each step; the last is 1. Between two of
        them, what the later step adds grows evenly.
    correlation : ndarray of shape (n_steps,)
        Mean correlation of what is matched with that mass. It never increases.
    x_mass, y_mass : ndarray of shape (n_features,)
        How much is matched when a unit of X or Y begins to be. Once a unit is matched, it
        stays so with any larger mass.
    """

    mass: np.ndarray
    correlation: np.ndarray
    x_mass: np.ndarray
    y_mass: np.ndarray

    @property
    def x_ranking(self) -> np.ndarray:
        """Units of X, from the one that joins first, and matches best, to the last."""
        return np.argsort(self.x_mass, kind="stable")

    @property
    def y_ranking(self) -> np.ndarray:
        """Units of Y, from the one that joins first, and matches best, to the last."""
        return np.argsort(self.y_mass, kind="stable")

    @checked
    def at(self, mass: float) -> float:
        """Return the mean correlation of a matched share of the units.

        Parameters
        ----------
        mass : float
            Share of the units, up to 1.

        Returns
        -------
        float
            What :class:`PartialSoftMatching` returns for that mass.

        Raises
        ------
        ValueError
            If `mass` is not above 0 and at most 1.
        """
        check_number(mass, "mass", _LEAST_MASS, 1.0)
        sums = np.concatenate([[0.0], self.mass * self.correlation])
        return float(np.interp(mass, np.concatenate([[0.0], self.mass]), sums) / mass)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each step, by mass.

        Returns
        -------
        pandas.DataFrame
            With columns correlation.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {"mass": self.mass, "correlation": self.correlation}
        return pandas().DataFrame(columns).set_index("mass")
