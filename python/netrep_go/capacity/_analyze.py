"""From a file of responses to capacities, in parts that may be computed anywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from netrep_go._jobs import counted, warn_user
from netrep_go._parameters import checked
from netrep_go._parts import check_same, content_hash, in_batch, merge
from netrep_go._shown import shown
from netrep_go._validation import check_integer
from netrep_go.capacity import _randomization as randomization
from netrep_go.capacity import _randomization_centers as centers
from netrep_go.capacity._direct import DirectCapacity
from netrep_go.capacity._mat import TuningFile, write_mat
from netrep_go.capacity._mat_analysis import MatAnalysis, joined
from netrep_go.capacity._mat_runs import Place, Run, folder_of, rehearse
from netrep_go.capacity._mat_stages import STAGES
from netrep_go.capacity._meanfield import MeanFieldCapacity

_CONTROLS: dict[str, Callable[..., Any]] = {
    "decorrelate_centers": centers.decorrelate_centers,
    "orthogonalize_centers": centers.orthogonalize_centers,
    "permute_axes": randomization.permute_axes,
    "permute_features": randomization.permute_features,
    "project_on_centers": centers.project_on_centers,
    "randomize_centers": centers.randomize_centers,
    "randomize_centers_equal_norms": partial(centers.randomize_centers, equal_norms=True),
    "shuffle_samples": randomization.shuffle_samples,
    "standardize_features": randomization.standardize_features,
    "whiten_features": randomization.whiten_features,
}
_N_SUBSETS = 10  # of neurons, as in MATLAB


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
    where = Place(prefix, tuple(controls), n_neurons, samples_jump)
    with TuningFile(where.tuning) as tuning:
        tuning.chosen_samples(samples_jump)
        chosen = in_batch(_selected(sets, tuning.n_sets), batch)
        for _, estimator in named:
            rehearse(estimator, tuning.n_objects, n_jobs)
        common = {
            "controls": list(controls),
            "n_neurons": n_neurons,
            "samples_jump": samples_jump,
            "random_state": random_state,
            "tuning_file": content_hash(tuning.path),
        }
        runs = [Run(where, name, each, common, n_jobs) for name, each in named]
        for index in counted(chosen, "Analyzing sets", len(chosen), verbose):
            pending = [run for run in runs if not run.has(index)]
            seed = int(np.random.SeedSequence([random_state, index]).generate_state(1)[0])
            for run, reason in _results_of(tuning, index, pending, where, seed):
                warn_user(f"set {tuning.titles[index]!r} has NaN in {run.stem.name}.mat: {reason}")
    names = list(dict.fromkeys(name for name, _ in named))
    return _collect(where, names) if sets is None and batch is None else None


def _results_of(
    tuning: TuningFile, index: int, runs: list[Run], where: Place, seed: int
) -> Iterator[tuple[Run, str]]:
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
    names : sequence of str, default=('',)
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
    found = _collect(Place(prefix, tuple(controls), n_neurons, samples_jump), list(names))
    for title, failure in zip(found.titles, found.failures, strict=True):
        if failure:
            warn_user(f"set {title!r} has NaN: {failure}")
    return found


def _collect(where: Place, names: list[str]) -> MatAnalysis:
    """Put together and write the results of all sets."""
    with TuningFile(where.tuning) as tuning:
        titles, current = tuning.titles, {"tuning_file": content_hash(tuning.path)}
    collected: dict[str, np.ndarray] = {}
    failures = [""] * len(titles)
    stems = [(name, where.stem(stage.name, name)) for name in names for stage in STAGES.values()]
    for name, stem in stems:
        if not folder_of(stem).is_dir():
            continue
        variables, options = merge(folder_of(stem), range(len(titles)), "sets")
        check_same(options, options | current, folder_of(stem))
        reasons = variables.pop("failure").tolist()
        texts = {"data_titles": titles, "failures": reasons, "options": json.dumps(options)}
        write_mat(f"{stem}.mat", variables | texts)
        collected |= {joined(name, variable): value for variable, value in variables.items()}
        for k, reason in enumerate(reasons):
            if reason and reason not in failures[k]:
                failures[k] = "; ".join(filter(None, (failures[k], reason)))
    if not collected and any(failures):
        raise ValueError(f"no set of {where.tuning} can be analyzed: {failures[0]}")
    if not collected:
        raise FileNotFoundError(f"there are no results of analyze_mat for {where.prefix}")
    there = [n for n in names if any(folder_of(stem).is_dir() for name, stem in stems if name == n)]
    return MatAnalysis(titles, collected, failures, there)


def _check_controls(controls: Sequence[str]) -> None:
    for control in controls:
        if control not in _CONTROLS:
            raise ValueError(f"controls must be among {(*_CONTROLS,)}, got {shown(control)}")


def _named(
    estimators: Sequence[BaseEstimator] | Mapping[str, BaseEstimator], n_neurons: int | None
) -> list[tuple[str, Any]]:
    """Return estimators with their names, or an empty one; refuse what results would mix."""
    if not isinstance(estimators, Mapping):
        if not isinstance(estimators, Sequence):
            raise TypeError(f"estimators must be a list or dict, got {shown(estimators)}")
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
    if type(estimator) not in STAGES:
        known = ", ".join(kind.__name__ for kind in STAGES)
        raise TypeError(f"estimators must be of {known}, got {shown(estimator)}")
    if n_neurons is not None and isinstance(estimator, DirectCapacity):
        raise ValueError("n_neurons is not for DirectCapacity, which draws neurons itself")


def _selected(sets: Sequence[int] | None, n_sets: int) -> list[int]:
    """Return the indices of the sets to analyze."""
    chosen = list(range(n_sets)) if sets is None else list(sets)
    for index in chosen:
        check_integer(index, "sets", 0)
        if index >= n_sets:
            raise ValueError(f"sets must be below {n_sets}, got {index}")
    return chosen


def _change(manifolds: list[np.ndarray], controls: Sequence[str], seed: int) -> list[np.ndarray]:
    """Apply the controls in order."""
    for step, label in enumerate(controls):
        control = _CONTROLS[label]
        options: dict[str, Any] = {}
        if "random_state" in signature(control).parameters:
            options = {"random_state": (seed + 1 + step) % 2**31}
        manifolds = control(manifolds, **options)
    return manifolds


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
