"""From a file of responses to capacities, in parts that may be computed anywhere."""

import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone

from netrep_go._jobs import counted, warn_user
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._parts import Parts, check_same, content_hash, in_batch, merge
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import check_integer
from netrep_go.capacity import _randomization
from netrep_go.capacity._direct import DirectCapacity
from netrep_go.capacity._geometry import (
    center_correlations,
    participation_ratio,
    spectral_radii,
)
from netrep_go.capacity._joint import JointCapacity
from netrep_go.capacity._mat import TuningFile, write_mat
from netrep_go.capacity._meanfield import MeanFieldCapacity

_CONTROLS = (
    "decorrelate_centers",
    "orthogonalize_centers",
    "permute_axes",
    "permute_features",
    "project_on_centers",
    "randomize_centers",
    "randomize_centers_equal_norms",
    "shuffle_samples",
    "standardize_features",
    "whiten_features",
)
_OPTIONS_OF: dict[str, tuple[str, dict[str, Any]]] = {
    "randomize_centers_equal_norms": ("randomize_centers", {"equal_norms": True})
}
_N_SUBSETS = 10  # of neurons, as in MATLAB
_LIGHT = {"n_t": 20, "max_iter": 1, "n_restarts": 1}  # at most, in a rehearsal
_WITHOUT_EFFECT = {"n_jobs", "verbose", "random_state"}  # parameters that do not tell results apart


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
        """Return one row a set, with averages over objects.

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
            _joined(name, column): average(self.variables[_joined(name, variable)])
            for column, (variable, average) in _COLUMNS.items()
            if _joined(name, variable) in self.variables
        }


def _panels(columns: Mapping[str, np.ndarray], name: str) -> dict[str, Any]:
    """Return what is drawn of an estimator, with standard errors or None."""
    capacities = ("capacity", "direct_capacity", "joint_capacity")
    capacity = next(c for c in capacities if _joined(name, c) in columns)
    prefix = "joint_" if capacity == "joint_capacity" else ""
    panels = {"capacity": capacity} | {
        panel: prefix + panel for panel in ("radius", "dimension", "center_correlation")
    }
    return {
        panel: (columns[_joined(name, c)], columns.get(_joined(name, f"{c}_se")))
        for panel, c in panels.items()
        if _joined(name, c) in columns
    }


@checked
def analyze_mat(
    prefix: str | os.PathLike[str],
    estimators: Sequence[BaseEstimator] | Mapping[str, BaseEstimator] | None = None,
    *,
    controls: Sequence[str] = (),
    n_neurons: int | None = None,
    samples_jump: int = 1,
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
    with results under the names that the MATLAB library gives them [1]_, and
    ``<prefix>_joint.mat`` for :class:`JointCapacity`. The documentation has a table of its
    calls.
    A set that cannot be analyzed, such as one with an object without samples, has NaN for
    results: a warning says why, as do the files, and it is tried again by the next call.

    The results of a set are kept in a folder beside the file as soon as they are known. An
    analysis that was interrupted goes on where it was when it is called again; one whose
    options, or whose responses, have changed since is refused. A copy of the file counts as
    the same. Processes that share a disk share the work by `batch`, in any order, and
    :func:`collect_mat` puts the results together.

    Parameters
    ----------
    prefix : path
        Path of the file without ``_tuning.mat``.
    estimators : sequence or dict of str to estimators, default=None
        What to estimate, with one margin. If None, ``[MeanFieldCapacity(),
        DirectCapacity()]``, or the first with `n_neurons`. Several of one class need a dict
        with names, which become part of the names of the results. Their `random_state` is
        not used.
    controls : sequence of str, default=()
        Names of functions of :mod:`netrep_go.capacity` that change the responses first, in
        this order, such as ``("randomize_centers", "permute_axes")``, or
        'randomize_centers_equal_norms'. They become part of the names of the results.
    n_neurons : int, default=None
        Measure manifolds in 10 random subsets of so many neurons that are not silent. The
        directions of the centers are those of all neurons. Capacities are harmonic means over
        subsets, other quantities means, and standard errors tell of the spread over subsets.
        It becomes part of the names of the results, and is not for :class:`DirectCapacity`,
        which draws neurons itself.
    samples_jump : int, default=1
        Take every so many-th sample of each object, from the first to the last; 0 for the one
        in the middle. It becomes part of the names of the results.
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
        If the file cannot be read, no set can be analyzed, options differ from those of earlier
        results, a control or an index does not exist, or an estimator has a parameter
        that it cannot use: estimators are tried on a small problem before anything else.
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
    check_integer(random_state, "random_state", 0, 2**63 - 1)
    _check_controls(controls)
    if estimators is None:
        both = [MeanFieldCapacity(), DirectCapacity()]
        estimators = both if n_neurons is None else both[:1]
    named = _named(estimators, n_neurons)
    where = _Where(prefix, tuple(controls), n_neurons, samples_jump)
    with TuningFile(where.tuning) as tuning:
        tuning.chosen_samples(samples_jump)
        chosen = in_batch(_selected(sets, tuning.n_sets), batch)
        for _, estimator in named:
            _rehearse(estimator, tuning.n_objects, n_jobs)
        common = {
            "controls": list(controls),
            "n_neurons": n_neurons,
            "samples_jump": samples_jump,
            "random_state": random_state,
            "tuning_file": content_hash(tuning.path),
        }
        runs = [_Run(where, name, each, common, n_jobs) for name, each in named]
        for index in counted(chosen, "Analyzing sets", len(chosen), verbose):
            pending = [run for run in runs if not run.has(index)]
            seed = int(np.random.SeedSequence([random_state, index]).generate_state(1)[0])
            for run, reason in _results_of(tuning, index, pending, where, seed):
                warn_user(f"set {tuning.titles[index]!r} has NaN in {run.stem.name}.mat: {reason}")
    names = list(dict.fromkeys(name for name, _ in named))
    return _collect(where, names) if sets is None and batch is None else None


def _results_of(
    tuning: TuningFile, index: int, runs: list["_Run"], where: "_Where", seed: int
) -> Iterator[tuple["_Run", str]]:
    """Compute and write the results of a set, and yield the runs that fail, with the reason."""
    if not runs:
        return
    try:
        manifolds = _change(tuning.manifolds(index, where.samples_jump), where.controls, seed)
        subsets = _subsets(manifolds, where.n_neurons, seed)
    except ValueError as error:
        for run in runs:
            yield run, run.fail(index, error)
        return
    for run in runs:
        try:
            run.compute(index, manifolds, subsets, seed)
        except ValueError as error:
            yield run, run.fail(index, error)


@checked
def collect_mat(
    prefix: str | os.PathLike[str],
    *,
    controls: Sequence[str] = (),
    n_neurons: int | None = None,
    samples_jump: int = 1,
    names: Sequence[str] = ("",),
) -> MatAnalysis:
    """Put together what calls of :func:`analyze_mat` found for all sets of a file.

    Parameters
    ----------
    prefix : path
        Path of the file without ``_tuning.mat``.
    controls : sequence of str, default=()
        As given to :func:`analyze_mat`.
    n_neurons : int, default=None
        As given to :func:`analyze_mat`.
    samples_jump : int, default=1
        As given to :func:`analyze_mat`.
    names : sequence of str, default=("",)
        Names of the estimators, where they had some.

    Returns
    -------
    analysis : MatAnalysis
        All results, which are also written. There is a warning where sets have none.

    Raises
    ------
    FileNotFoundError
        If there is no such file or there are no results.
    ValueError
        If sets are missing or none could be analyzed, or the parts come from calls with
        different options or from other responses than the file has now.

    Examples
    --------
    >>> from netrep_go.capacity import analyze_mat, collect_mat
    >>> analyze_mat("alexnet", batch=(0, 4))  # doctest: +SKIP
    >>> collect_mat("alexnet")  # doctest: +SKIP
    """
    _check_controls(controls)
    found = _collect(_Where(prefix, tuple(controls), n_neurons, samples_jump), list(names))
    for title, failure in zip(found.titles, found.failures, strict=True):
        if failure:
            warn_user(f"set {title!r} has NaN: {failure}")
    return found


def _collect(where: "_Where", names: list[str]) -> MatAnalysis:
    """Put together and write the results of all sets."""
    with TuningFile(where.tuning) as tuning:
        titles, current = tuning.titles, {"tuning_file": content_hash(tuning.path)}
    collected: dict[str, np.ndarray] = {}
    failures = [""] * len(titles)
    stems = [(name, where.stem(stage.name, name)) for name in names for stage in _STAGES.values()]
    for name, stem in stems:
        if not _folder(stem).is_dir():
            continue
        variables, options = merge(_folder(stem), range(len(titles)), "sets")
        check_same(options, options | current, _folder(stem))
        reasons = variables.pop("failure").tolist()
        texts = {"data_titles": titles, "failures": reasons, "options": json.dumps(options)}
        write_mat(f"{stem}.mat", variables | texts)
        collected |= {_joined(name, variable): value for variable, value in variables.items()}
        for k, reason in enumerate(reasons):
            if reason and reason not in failures[k]:
                failures[k] = "; ".join(filter(None, (failures[k], reason)))
    if not collected and any(failures):
        raise ValueError(f"no set of {where.tuning} can be analyzed: {failures[0]}")
    if not collected:
        raise FileNotFoundError(f"there are no results of analyze_mat for {where.prefix}")
    there = [n for n in names if any(_folder(stem).is_dir() for name, stem in stems if name == n)]
    return MatAnalysis(titles, collected, failures, there)


@dataclass(frozen=True)
class _Where:
    """Where the results are, which tells what was done to the responses first."""

    path: str | os.PathLike[str]
    controls: tuple[str, ...]
    n_neurons: int | None
    samples_jump: int

    def __post_init__(self) -> None:
        if self.n_neurons is not None:
            check_integer(self.n_neurons, "n_neurons", 1)
        check_integer(self.samples_jump, "samples_jump", 0)

    @property
    def prefix(self) -> str:
        """The path that all have."""
        return os.fspath(self.path)

    @property
    def tuning(self) -> str:
        """Path of the responses."""
        return f"{self.prefix}_tuning.mat"

    def stem(self, stage: str, name: str) -> Path:
        """Return the path of an estimator's results, without an ending."""
        neurons = [] if self.n_neurons is None else [f"n{self.n_neurons}"]
        samples = [] if self.samples_jump == 1 else [f"j{self.samples_jump}"]
        names = [name] if name else []
        return Path("_".join([self.prefix, stage, *names, *neurons, *samples, *self.controls]))


def _check_controls(controls: Sequence[str]) -> None:
    for control in controls:
        if control not in _CONTROLS:
            raise ValueError(f"controls must be among {_CONTROLS}, got {shown(control)}")


def _named(
    estimators: Sequence[BaseEstimator] | Mapping[str, BaseEstimator], n_neurons: int | None
) -> list[tuple[str, Any]]:
    """Return estimators with their names, or an empty one; refuse what results would mix."""
    if not isinstance(estimators, Mapping):
        classes = [type(estimator) for estimator in estimators]
        for estimator in estimators:
            _check_class(estimator, n_neurons)
            if classes.count(type(estimator)) > 1:
                raise ValueError(
                    f"estimators must be of different classes, got several of "
                    f"{type(estimator).__name__}: give them names, in a dict"
                )
        return [("", estimator) for estimator in estimators]
    for name, estimator in estimators.items():
        _check_class(estimator, n_neurons)
        if not (isinstance(name, str) and name.isidentifier() and name.isascii()):
            raise ValueError(
                f"names of estimators must be letters, digits and _, got {shown(name)}"
            )
    return list(estimators.items())


def _check_class(estimator: Any, n_neurons: int | None) -> None:
    if type(estimator) not in _STAGES:
        known = ", ".join(kind.__name__ for kind in _STAGES)
        raise TypeError(f"estimators must be of {known}, got {shown(estimator)}")
    if n_neurons is not None and isinstance(estimator, DirectCapacity):
        raise ValueError("n_neurons is not for DirectCapacity, which draws neurons itself")


def _rehearse(estimator: Any, n_objects: int, n_jobs: int | None) -> None:
    """Fit a small problem, so that what an estimator cannot do is refused before any work."""
    parameters = estimator.get_params(deep=False)
    light = {
        name: most if parameters[name] is None else min(parameters[name], most)
        for name, most in _LIGHT.items()
        if isinstance(parameters.get(name, ""), (int, np.integer, NoneType))
    }
    trial = clone(estimator).set_params(**light, random_state=0, verbose=False)
    if n_jobs is not None:
        trial.set_params(n_jobs=n_jobs)
    manifolds = list(np.random.RandomState(0).standard_normal((n_objects, 2, n_objects + 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _STAGES[type(estimator)].variables(trial.fit(manifolds), manifolds, None)


class _Run:
    """One estimator on the sets of one file."""

    def __init__(
        self,
        where: _Where,
        name: str,
        estimator: Any,
        options: dict[str, Any],
        n_jobs: int | None,
    ) -> None:
        self._stage = _STAGES[type(estimator)]
        self._estimator = estimator
        self._n_jobs = estimator.n_jobs if n_jobs is None else n_jobs
        self.stem = where.stem(self._stage.name, name)
        self._parts = Parts(
            _folder(self.stem),
            {"class": type(estimator).__name__} | options | _parameters(estimator),
        )

    def has(self, index: int) -> bool:
        """Whether there are results of a set."""
        return index in self._parts and not self._parts.read(index)["failure"].item()

    def compute(
        self, index: int, manifolds: list[np.ndarray], subsets: list[np.ndarray] | None, seed: int
    ) -> None:
        """Estimate and write the results of a set."""
        estimator = clone(self._estimator)
        estimator.set_params(random_state=seed % 2**31, n_jobs=self._n_jobs)
        variables = self._stage.variables(estimator.fit(manifolds), manifolds, subsets)
        self._parts.write(index, variables | {"failure": ""})

    def fail(self, index: int, error: Exception) -> str:
        """Write that a set has no results, and return why."""
        reason = str(error)
        self._parts.write(index, {"failure": reason})
        return reason


def _subsets(
    manifolds: list[np.ndarray], n_neurons: int | None, seed: int
) -> list[np.ndarray] | None:
    """Return random subsets of the neurons that are not silent, None for all."""
    if n_neurons is None:
        return None
    active = np.flatnonzero(np.any([samples.any(axis=0) for samples in manifolds], axis=0))
    if len(active) < n_neurons:
        raise ValueError(f"n_neurons is {n_neurons}, but {len(active)} neurons are not silent")
    rng = np.random.default_rng([seed, n_neurons])
    return [rng.permutation(active)[:n_neurons] for _ in range(_N_SUBSETS)]


def _refitted(
    estimator: Any, manifolds: list[np.ndarray], subsets: list[np.ndarray] | None, **options: Any
) -> list[tuple[Any, list[np.ndarray]]]:
    """Return an estimator fitted to each subset of neurons, with the manifolds in it."""
    if subsets is None:
        return [(estimator, manifolds)]
    found = []
    for k, subset in enumerate(subsets):
        seed = (estimator.random_state + 1 + k) % 2**31
        again = clone(estimator).set_params(random_state=seed, **options)
        chosen = [samples[:, subset] for samples in manifolds]
        found.append((again.fit(chosen), chosen))
    return found


def _summary(models: list[Any], name: str) -> tuple[float, float]:
    """Return a quantity over subsets and its standard error; a capacity by harmonic means.

    With one subset, that of all neurons, these are the model's own.
    """
    values = np.array([getattr(model, f"{name}_") for model in models], dtype=float)
    if values.ndim > 1:
        raise ValueError(
            f"{type(models[0]).__name__} must have one {name}, of one kappa, got {values.shape[1]}"
        )
    if len(models) == 1:
        return float(values[0]), float(getattr(models[0], f"{name}_se_"))
    if name == "capacity":
        inverse, error = _mean(1 / values)
        return 1 / inverse, error / inverse**2
    return _mean(values)


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


_QUANTITIES = (  # of each manifold
    "capacity",
    "radius",
    "dimension",
    "dimension_matlab",
    "gaussian_radius",
    "gaussian_half_width",
    "half_width",
)


def _mean_field(
    estimator: MeanFieldCapacity, manifolds: list[np.ndarray], subsets: list[np.ndarray] | None
) -> dict[str, Any]:
    """Return the variables of check_covariance_low_rank_approx_optimal_K."""
    if np.ndim(estimator.kappa):
        raise ValueError(f"kappa must be one number, got {shown(estimator.kappa)}")
    directions = estimator.directions_
    centers = np.stack([samples.mean(axis=0) for samples in manifolds])
    centers -= centers.mean(axis=0)
    correlations = center_correlations(manifolds)
    residual = [samples - samples @ directions.T @ directions for samples in manifolds]
    if subsets is None:
        fitted = [(estimator, residual)]
    else:
        fitted = _refitted(estimator, residual, subsets, min_removed=0, max_removed=0)
    models = [model for model, _ in fitted]
    capacity, capacity_se = _summary(models, "capacity")
    found, errors = (
        {
            name: np.stack([getattr(getattr(model, geometry), name) for model in models])
            for name in _QUANTITIES
        }
        for geometry in ("manifolds_", "manifolds_se_")
    )
    removals = estimator.removals_
    return {
        "theory_capacity_results": [capacity],
        "theory_capacity_se_results": [capacity_se],
        "alphac_hat_results": found["capacity"],
        "alphac_hat_se_results": errors["capacity"],
        "mean_argmax_norm2_results": found["radius"] ** 2,
        "radius_se_results": [_summary(models, "radius")[1]],
        "effective_dimension_results": found["dimension"],
        "dimension_se_results": [_summary(models, "dimension")[1]],
        "effective_dimension2_results": found["dimension_matlab"],
        "mean_argmax_norm_results": found["gaussian_radius"] ** 2,
        "mean_half_width_results": found["gaussian_half_width"],
        "mean_half_width2_results": found["half_width"],
        "spectral_dimension_results": np.stack([participation_ratio(x) for _, x in fitted]),
        "spectral_radius_results": np.stack([spectral_radii(x) for _, x in fitted]),
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


def _joint(
    estimator: JointCapacity, manifolds: list[np.ndarray], subsets: list[np.ndarray] | None
) -> dict[str, Any]:
    """Return what MATLAB has no names for."""
    models = [model for model, _ in _refitted(estimator, manifolds, subsets)]
    variables = {}
    for name in _JOINT:
        value, error = _summary(models, name)
        variables[f"joint_{name}_results"] = [value]
        variables[f"joint_{name}_se_results"] = [error]
    return variables


def _direct(
    estimator: DirectCapacity, manifolds: list[np.ndarray], subsets: None
) -> dict[str, Any]:
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
    variables: Callable[[Any, list[np.ndarray], Any], dict[str, Any]]


_STAGES: dict[type, _Stage] = {
    MeanFieldCapacity: _Stage("lowrank_optimalK", _mean_field),
    DirectCapacity: _Stage("capacity", _direct),
    JointCapacity: _Stage("joint", _joint),
}
_JOINT = (
    "capacity",
    "dimension",
    "radius",
    "center_alignment",
    "axis_alignment",
    "center_axis_alignment",
)

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
    for name in _JOINT
    for suffix in ("", "_se")
}


def _whole(numbers: np.ndarray) -> np.ndarray:
    """Return integers, or floats where some are NaN."""
    return numbers.astype(int) if np.isfinite(numbers).all() else numbers


def _off_diagonal(correlations: np.ndarray) -> np.ndarray:
    """Return the mean absolute correlation of pairs, for each set."""
    rows, columns = np.triu_indices(correlations.shape[1], 1)
    return np.abs(correlations[:, rows, columns]).mean(axis=1)


def _change(manifolds: list[np.ndarray], controls: Sequence[str], seed: int) -> list[np.ndarray]:
    """Apply the controls in order."""
    for step, label in enumerate(controls):
        name, options = _OPTIONS_OF.get(label, (label, {}))
        control = getattr(_randomization, name)
        if "random_state" in (control.__kwdefaults__ or {}):
            options = {**options, "random_state": (seed + 1 + step) % 2**31}
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


def _folder(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}_sets")


def _joined(name: str, rest: str) -> str:
    return f"{name}_{rest}" if name else rest


def _parameters(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the parameters of an estimator that matter."""
    parameters = estimator.get_params(deep=False)
    return {name: value for name, value in parameters.items() if name not in _WITHOUT_EFFECT}
