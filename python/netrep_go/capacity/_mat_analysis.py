"""All that was found of the sets of a file: a frame, a picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from netrep_go._optional import pandas
from netrep_go._results import Result
from netrep_go.capacity._joint import JOINT_QUANTITIES


@dataclass(frozen=True, repr=False, eq=False)
class MatAnalysis(Result):
    """What :func:`analyze_mat` found, and wrote.

    Attributes
    ----------
    titles : list of str
        Name of each set.
    variables : dict of str to ndarray of shape (n_sets, ...)
        The variables that were written, under MATLAB's names, or the estimator's name and
        MATLAB's where estimators have names: ``"wide_alphac_hat_results"``.
    failures : list of str
        For each set, why there are no results, which are NaN; empty where there are.
    names : list of str
        Names of the estimators, or one empty name.
    """

    titles: list[str]
    variables: dict[str, np.ndarray]
    failures: list[str] = field(default_factory=list, repr=False)
    names: list[str] = field(default_factory=lambda: [""], repr=False)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each set, and averages over objects.

        Returns
        -------
        pandas.DataFrame
            With the title and, of those that were estimated, capacity, radius, dimension
            and their standard errors, center correlation, number of directions of the
            centers that were removed, direct capacity, and capacity, radius and dimension
            of all objects jointly. Where estimators have names, columns begin with these. If
            results are missing, the last column, failure, says why.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        averages = {k: v for name in self.names for k, v in self._averages(name).items()}
        why = {"failure": self.failures} if any(self.failures) else {}
        return pandas().DataFrame({"title": self.titles} | averages | why)

    def plot(self, ax: Sequence[Any] | None = None) -> Any:
        """Draw what was estimated against the sets.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            One for each of capacity, radius, dimension and center correlation that there
            is of the first estimator: the direct capacity alone has one. Other estimators
            with names are drawn there too if they have all these. If None, a new figure is
            made.

        Returns
        -------
        display : netrep_go.plotting.CapacityDisplay
            The drawn display.
        """
        from netrep_go.plotting import CapacityDisplay

        drawn = {name: _panels(self._averages(name), name) for name in self.names}
        panels = list(drawn[self.names[0]])
        names = [name for name in self.names if set(panels) <= drawn[name].keys()]
        found = {panel: [drawn[name][panel] for name in names] for panel in panels}
        return CapacityDisplay(
            {panel: [value for value, _ in pairs] for panel, pairs in found.items()},
            {
                panel: [error for _, error in pairs]
                for panel, pairs in found.items()
                if all(error is not None for _, error in pairs)
            },
            layers=[self.titles] * len(names),
            names=names if names != [""] else None,
        ).plot(ax)

    def _averages(self, name: str) -> dict[str, np.ndarray]:
        """Return the averages over objects of what an estimator found, for each set."""
        return {
            joined(name, column): average(self.variables[joined(name, variable)])
            for column, (variable, average) in _COLUMNS.items()
            if joined(name, variable) in self.variables
        }


def _panels(columns: Mapping[str, np.ndarray], name: str) -> dict[str, Any]:
    """Return what is drawn of an estimator, with standard errors or None."""
    capacities = ("capacity", "direct_capacity", "joint_capacity")
    capacity = next(c for c in capacities if joined(name, c) in columns)
    prefix = "joint_" if capacity == "joint_capacity" else ""
    panels = {"capacity": capacity} | {
        panel: prefix + panel for panel in ("radius", "dimension", "center_correlation")
    }
    return {
        panel: (columns[joined(name, c)], columns.get(joined(name, f"{c}_se")))
        for panel, c in panels.items()
        if joined(name, c) in columns
    }


def joined(name: str, rest: str) -> str:
    """Return what is called by an estimator's name, if it has one, and its own."""
    return f"{name}_{rest}" if name else rest


def _whole(numbers: np.ndarray) -> np.ndarray:
    """Return integers, or floats where some are NaN."""
    return numbers.astype(int) if np.isfinite(numbers).all() else numbers


def _off_diagonal(correlations: np.ndarray) -> np.ndarray:
    """Return the mean absolute correlation of pairs, for each set."""
    rows, columns = np.triu_indices(correlations.shape[1], 1)
    return np.abs(correlations[:, rows, columns]).mean(axis=1)


_COLUMNS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "capacity": ("theory_capacity_results", lambda x: x[:, 0]),
    "capacity_se": ("theory_capacity_se_results", lambda x: x[:, 0]),
    "radius": ("mean_argmax_norm2_results", lambda x: np.sqrt(x).mean(axis=(1, 2))),
    "radius_se": ("radius_se_results", lambda x: x[:, 0]),
    "dimension": ("effective_dimension_results", lambda x: x.mean(axis=(1, 2))),
    "dimension_se": ("dimension_se_results", lambda x: x[:, 0]),
    "center_correlation": ("original_correlations_results", lambda x: _off_diagonal(x)),
    "n_centers_removed": ("best_K_results", lambda x: _whole(x[:, 0])),
    "direct_capacity": ("direct_capacity_results", lambda x: x[:, 0]),
    "direct_capacity_se": ("direct_capacity_se_results", lambda x: x[:, 0]),
} | {
    f"joint_{name}{suffix}": (f"joint_{name}{suffix}_results", lambda x: x[:, 0])
    for name in JOINT_QUANTITIES
    for suffix in ("", "_se")
}
