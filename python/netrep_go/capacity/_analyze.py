"""From a file of responses to capacities, in parts that may be computed anywhere."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone

from netrep_go._jobs import counted
from netrep_go._optional import pandas
from netrep_go._parts import Parts, check_same, content_hash, in_batch, merge
from netrep_go._results import Result
from netrep_go._validation import check_integer
from netrep_go.capacity import _randomization
from netrep_go.capacity._direct import DirectCapacity
from netrep_go.capacity._geometry import (
    center_correlations,
    participation_ratio,
    spectral_radii,
)
from netrep_go.capacity._mat import TuningFile, write_mat
from netrep_go.capacity._meanfield import MeanFieldCapacity

_CONTROLS = (
    "decorrelate_centers",
    "orthogonalize_centers",
    "permute_axes",
    "permute_features",
    "project_on_centers",
    "randomize_centers",
    "shuffle_samples",
    "standardize_features",
    "whiten_features",
)
_WITHOUT_EFFECT = {"n_jobs", "verbose", "random_state"}  # parameters that do not tell results apart


@dataclass(frozen=True, repr=False, eq=False)
class MatAnalysis(Result):
    """What :func:`analyze_mat` found, and wrote.

    Attributes
    ----------
    titles : list of str
        Name of each set.
    variables : dict of str to ndarray of shape (n_sets, ...)
        The variables that were written, under MATLAB's names.
    """

    titles: list[str]
    variables: dict[str, np.ndarray]

    def to_frame(self) -> Any:
        """Return one row a set, with averages over objects.

        Returns
        -------
        pandas.DataFrame
            With the title and, of those that were estimated, capacity, radius, dimension
            and their standard errors, center correlation, number of directions of the
            centers that were removed, direct capacity and its standard error.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame({"title": self.titles} | self._averages())

    def plot(self, ax: Sequence[Any] | None = None) -> Any:
        """Draw what was estimated against the sets.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            One for each of capacity, radius, dimension and center correlation that there
            is: the direct capacity alone has one. If None, a new figure is made.

        Returns
        -------
        display : netrep_go.plotting.CapacityDisplay
            The drawn display.
        """
        from netrep_go.plotting import CapacityDisplay

        columns = self._averages()
        capacity = "capacity" if "capacity" in columns else "direct_capacity"
        drawn = {"capacity": capacity} | {
            name: name for name in ("radius", "dimension", "center_correlation") if name in columns
        }
        return CapacityDisplay(
            {panel: [columns[name]] for panel, name in drawn.items()},
            {p: [columns[f"{name}_se"]] for p, name in drawn.items() if f"{name}_se" in columns},
            layers=[self.titles],
        ).plot(ax)

    def _averages(self) -> dict[str, np.ndarray]:
        """Return the averages over objects of what was estimated, for each set."""
        return {
            name: average(self.variables[variable])
            for name, (variable, average) in _COLUMNS.items()
            if variable in self.variables
        }


def analyze_mat(
    prefix: str | os.PathLike[str],
    estimators: Sequence[BaseEstimator] | None = None,
    *,
    controls: Sequence[str] = (),
    random_state: int = 0,
    sets: Sequence[int] | None = None,
    batch: tuple[int, int] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> MatAnalysis | None:
    """Estimate the capacity of all sets of responses in a MATLAB file.

    Reads ``<prefix>_tuning.mat`` as :class:`TuningFile` does, one set at a time, and writes
    one file for each estimator, ``<prefix>_lowrank_optimalK.mat`` for
    :class:`MeanFieldCapacity` and ``<prefix>_capacity.mat`` for :class:`DirectCapacity`,
    with results under the names that the MATLAB library gives them [1]_. The README has a
    table of its calls.

    The results of a set are kept in a folder beside the file as soon as they are known. An
    analysis that was interrupted goes on where it was when it is called again; one whose
    options, or whose responses, have changed since is refused. A copy of the file counts as
    the same. Processes that share a disk share the work by `batch`, in any order, and
    :func:`collect_mat` puts the results together.

    Parameters
    ----------
    prefix : path
        Path of the file without ``_tuning.mat``.
    estimators : sequence of estimators, default=None
        What to estimate. If None, ``[MeanFieldCapacity(), DirectCapacity()]``. Their
        `random_state` is not used.
    controls : sequence of str, default=()
        Names of functions of :mod:`netrep_go.capacity` that change the responses first, in
        this order, such as ``("randomize_centers", "permute_axes")``. They become part of the
        names of the results.
    random_state : int, default=0
        Determines all that is random. Each set has a seed of its own, so results do not
        depend on the order of the work.
    sets : sequence of int, default=None
        Indices of sets, the first being 0. If None, all.
    batch : (int, int), default=None
        The pair (i, n) takes every n-th set from the i-th on, where i is from 0 to n - 1.
    n_jobs : int, default=None
        Threads; results do not depend on them. If None, what each estimator says.
    verbose : bool, default=False
        Show a progress bar, of sets.

    Returns
    -------
    analysis : MatAnalysis or None
        All results; None where `sets` or `batch` leave some to others.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the responses cannot be read, options differ from those of earlier results, a
        control or an index does not exist.
    TypeError
        If an estimator is of another class.
    ImportError
        If h5py is not installed.

    References
    ----------
    .. [1] Cohen, U., Chung, S., Lee, D. D. & Sompolinsky, H. (2020). Separability and
       geometry of object manifolds in deep neural networks. Nat. Commun. 11, 746.

    Examples
    --------
    >>> from netrep_go.capacity import analyze_mat
    >>> analyze_mat("alexnet").to_frame()  # doctest: +SKIP
         title  capacity  radius  dimension
    0   pixels     0.041    1.21       12.7
    1      fc7     0.102    0.84        8.1
    """
    check_integer(random_state, "random_state", 0)
    for control in controls:
        if control not in _CONTROLS:
            raise ValueError(f"controls must be among {_CONTROLS}, got {control!r}")
    if estimators is None:
        estimators = [MeanFieldCapacity(), DirectCapacity()]
    with TuningFile(f"{os.fspath(prefix)}_tuning.mat") as tuning:
        chosen = in_batch(_selected(sets, tuning.n_sets), batch)
        common = {
            "controls": list(controls),
            "random_state": random_state,
            "tuning_file": content_hash(tuning.path),
        }
        runs = [_Run(prefix, estimator, common, n_jobs) for estimator in estimators]
        for index in counted(chosen, "Analyzing sets", len(chosen), verbose):
            pending = [run for run in runs if index not in run.parts]
            if not pending:
                continue
            seed = int(np.random.SeedSequence([random_state, index]).generate_state(1)[0])
            manifolds = _change(tuning[index], controls, seed)
            for run in pending:
                run.compute(index, manifolds, seed)
    return collect_mat(prefix, controls=controls) if sets is None and batch is None else None


def collect_mat(prefix: str | os.PathLike[str], *, controls: Sequence[str] = ()) -> MatAnalysis:
    """Put together what calls of :func:`analyze_mat` found for all sets of a file.

    Parameters
    ----------
    prefix : path
        Path of the file without ``_tuning.mat``.
    controls : sequence of str, default=()
        As given to :func:`analyze_mat`.

    Returns
    -------
    analysis : MatAnalysis
        All results, which are also written.

    Raises
    ------
    FileNotFoundError
        If there is no such file or there are no results.
    ValueError
        If sets are missing, or the parts come from calls with different options or from
        other responses than the file has now.

    Examples
    --------
    >>> from netrep_go.capacity import analyze_mat, collect_mat
    >>> analyze_mat("alexnet", batch=(0, 4))  # doctest: +SKIP
    >>> collect_mat("alexnet")  # doctest: +SKIP
    """
    with TuningFile(f"{os.fspath(prefix)}_tuning.mat") as tuning:
        titles, current = tuning.titles, {"tuning_file": content_hash(tuning.path)}
    collected: dict[str, np.ndarray] = {}
    for stage in _STAGES.values():
        stem = _stem(prefix, stage.name, controls)
        if _folder(stem).is_dir():
            variables, options = merge(_folder(stem), range(len(titles)), "sets")
            check_same(options, options | current, _folder(stem))
            texts = {"data_titles": titles, "options": json.dumps(options)}
            write_mat(f"{stem}.mat", variables | texts)
            collected |= variables
    if not collected:
        raise FileNotFoundError(f"there are no results of analyze_mat for {os.fspath(prefix)}")
    return MatAnalysis(titles, collected)


class _Run:
    """One estimator on the sets of one file."""

    def __init__(
        self,
        prefix: str | os.PathLike[str],
        estimator: BaseEstimator,
        options: dict[str, Any],
        n_jobs: int | None,
    ) -> None:
        if type(estimator) not in _STAGES:
            known = ", ".join(kind.__name__ for kind in _STAGES)
            raise TypeError(f"estimators must be of {known}, got {estimator!r}")
        self._stage = _STAGES[type(estimator)]
        self._estimator = estimator
        self._n_jobs = estimator.n_jobs if n_jobs is None else n_jobs
        self.parts = Parts(
            _folder(_stem(prefix, self._stage.name, options["controls"])),
            {"estimator": type(estimator).__name__} | options | _parameters(estimator),
        )

    def compute(self, index: int, manifolds: list[np.ndarray], seed: int) -> None:
        """Estimate and write the results of a set."""
        estimator = clone(self._estimator)
        estimator.set_params(random_state=seed % 2**31, n_jobs=self._n_jobs)
        self.parts.write(index, self._stage.variables(estimator.fit(manifolds), manifolds))


def _mean_field(estimator: MeanFieldCapacity, manifolds: list[np.ndarray]) -> dict[str, Any]:
    """Return the variables of check_covariance_low_rank_approx_optimal_K."""
    if np.ndim(estimator.kappa):
        raise ValueError(f"kappa must be one number, got {estimator.kappa!r}")
    directions = estimator.directions_
    centers = np.stack([samples.mean(axis=0) for samples in manifolds])
    centers -= centers.mean(axis=0)
    correlations = center_correlations(manifolds)
    residual = [samples - samples @ directions.T @ directions for samples in manifolds]
    found, errors = estimator.manifolds_, estimator.manifolds_se_
    removals = estimator.removals_
    return {
        "theory_capacity_results": [estimator.capacity_],
        "theory_capacity_se_results": [estimator.capacity_se_],
        "alphac_hat_results": found.capacity[np.newaxis],
        "alphac_hat_se_results": errors.capacity[np.newaxis],
        "mean_argmax_norm2_results": found.radius[np.newaxis] ** 2,
        "radius_se_results": [estimator.radius_se_],
        "effective_dimension_results": found.dimension[np.newaxis],
        "dimension_se_results": [estimator.dimension_se_],
        "effective_dimension2_results": found.dimension_matlab[np.newaxis],
        "mean_argmax_norm_results": found.gaussian_radius[np.newaxis] ** 2,
        "mean_half_width_results": found.gaussian_half_width[np.newaxis],
        "mean_half_width2_results": found.half_width[np.newaxis],
        "spectral_dimension_results": participation_ratio(residual)[np.newaxis],
        "spectral_radius_results": spectral_radii(residual)[np.newaxis],
        "best_K_results": [estimator.n_centers_removed_],
        "effective_n_results": [centers.shape[1]],
        "mean_abs_corrcoef_results": removals.absolute_correlation,
        "mean_square_corrcoef_results": removals.squared_correlation,
        "mean_abs_correlations_results": removals.absolute_product,
        "mean_square_correlations_results": removals.squared_product,
        "centers_norm_results": removals.center_norms,
        "common_subspace_results": directions.T,
        "AllKs": np.arange(len(estimator.residual_correlation_), dtype=float),
        "residual_centers_results": (centers - centers @ directions.T @ directions).T,
        "original_correlations_results": correlations,
        "residual_correlations_results": center_correlations(residual),
        "correlation_spectrum_results": np.linalg.svd(centers, compute_uv=False) ** 2,
        "normalized_correlation_spectrum_results": np.linalg.eigvalsh(correlations)[::-1],
    }


def _direct(estimator: DirectCapacity, manifolds: list[np.ndarray]) -> dict[str, Any]:
    """Return the variables of check_capacity."""
    tested = np.full((2, estimator.n_features_in_), np.nan)
    tested[:, estimator.n_tested_ - 1] = estimator.separability_, estimator.n_attempts_
    return {
        "capacity_results": [estimator.n_critical_],
        "capacity_se_results": [estimator.n_critical_se_],
        "direct_capacity_results": [estimator.capacity_],
        "direct_capacity_se_results": [estimator.capacity_se_],
        "separability_results": tested[0],
        "neuron_samples_used_results": tested[1],
    }


class _Stage(NamedTuple):
    """What an estimator's results are called."""

    name: str
    variables: Callable[[Any, list[np.ndarray]], dict[str, Any]]


_STAGES: dict[type, _Stage] = {
    MeanFieldCapacity: _Stage("lowrank_optimalK", _mean_field),
    DirectCapacity: _Stage("capacity", _direct),
}

_COLUMNS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "capacity": ("theory_capacity_results", lambda x: x[:, 0]),
    "capacity_se": ("theory_capacity_se_results", lambda x: x[:, 0]),
    "radius": ("mean_argmax_norm2_results", lambda x: np.sqrt(x).mean(axis=(1, 2))),
    "radius_se": ("radius_se_results", lambda x: x[:, 0]),
    "dimension": ("effective_dimension_results", lambda x: x.mean(axis=(1, 2))),
    "dimension_se": ("dimension_se_results", lambda x: x[:, 0]),
    "center_correlation": ("original_correlations_results", lambda x: _off_diagonal(x)),
    "n_centers_removed": ("best_K_results", lambda x: x[:, 0].astype(int)),
    "direct_capacity": ("direct_capacity_results", lambda x: x[:, 0]),
    "direct_capacity_se": ("direct_capacity_se_results", lambda x: x[:, 0]),
}


def _off_diagonal(correlations: np.ndarray) -> np.ndarray:
    """Return the mean absolute correlation of pairs, for each set."""
    rows, columns = np.triu_indices(correlations.shape[1], 1)
    return np.abs(correlations[:, rows, columns]).mean(axis=1)


def _change(manifolds: list[np.ndarray], controls: Sequence[str], seed: int) -> list[np.ndarray]:
    """Apply the controls in order."""
    for step, name in enumerate(controls):
        control = getattr(_randomization, name)
        random = "random_state" in (control.__kwdefaults__ or {})
        options = {"random_state": (seed + 1 + step) % 2**31} if random else {}
        manifolds = control(manifolds, **options)
    return manifolds


def _selected(sets: Sequence[int] | None, n_sets: int) -> list[int]:
    """Return the indices of the sets to analyze."""
    chosen = list(range(n_sets)) if sets is None else list(sets)
    for index in chosen:
        check_integer(index, "sets", 0)
        if index >= n_sets:
            raise ValueError(f"sets must be below {n_sets}, got {index}")
    return chosen


def _stem(prefix: str | os.PathLike[str], name: str, controls: Sequence[str]) -> str:
    return "_".join([os.fspath(prefix), name, *controls])


def _folder(stem: str) -> Path:
    return Path(f"{stem}_sets")


def _parameters(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the parameters of an estimator that matter."""
    parameters = estimator.get_params(deep=False)
    return {name: value for name, value in parameters.items() if name not in _WITHOUT_EFFECT}
