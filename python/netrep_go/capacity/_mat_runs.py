"""Estimators on the sets of a file: where their results are, and what is there already."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from netrep_go._parts import Parts
from netrep_go._validation import check_integer
from netrep_go.capacity._mat_stages import STAGES

_LIGHT = {"n_t": 20, "max_iter": 1, "n_restarts": 1}  # at most, in a rehearsal
_WITHOUT_EFFECT = {"n_jobs", "verbose", "random_state"}  # parameters that do not tell results apart


@dataclass(frozen=True)
class Place:
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


def folder_of(stem: Path) -> Path:
    """Return the folder of the sets that are analyzed, from a path of results without ending."""
    return stem.with_name(f"{stem.name}_sets")


class Run:
    """One estimator on the sets of one file."""

    def __init__(
        self,
        where: Place,
        name: str,
        estimator: Any,
        options: dict[str, Any],
        n_jobs: int | None,
    ) -> None:
        self._stage = STAGES[type(estimator)]
        self._estimator = estimator
        self._n_jobs = estimator.n_jobs if n_jobs is None else n_jobs
        self.stem = where.stem(self._stage.name, name)
        self._parts = Parts(
            folder_of(self.stem),
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


def _parameters(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the parameters of an estimator that matter."""
    parameters = estimator.get_params(deep=False)
    return {name: value for name, value in parameters.items() if name not in _WITHOUT_EFFECT}


def rehearse(estimator: Any, n_objects: int, n_jobs: int | None) -> None:
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
        STAGES[type(estimator)].variables(trial.fit(manifolds), manifolds, None)
