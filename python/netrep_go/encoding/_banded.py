"""Banded ridge by himalaya: a penalty for each feature space and target."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from netrep_go._optional import optional
from netrep_go._validation import as_matrix
from netrep_go.encoding._paths import FoldTargets
from netrep_go.encoding._search import Choice, Pattern, Search, Split, Training, known_rows

_BATCH = 1000  # targets at a time


def as_bands(gammas: Any, n_layers: int) -> int | np.ndarray:
    """Return the relative weights of bands to try, or how many."""
    if np.ndim(gammas) == 0:
        return int(gammas)
    gammas = as_matrix(gammas, "gammas")
    if gammas.shape[1] != n_layers or gammas.min() < 0:
        raise ValueError(
            f"gammas must have {n_layers} columns, one a layer, and none below 0, got shape "
            f"{gammas.shape} from {gammas.min():g}"
        )
    return gammas


class BandedSearch:
    """What a Search is, for feature spaces that are fitted together.

    himalaya searches penalties in each training set, so that nothing is left to choose.
    """

    def __init__(self, search: Search, gammas: int | np.ndarray, seed: int) -> None:
        self._search, self._gammas, self._seed = search, gammas, seed
        self._splits: dict[bytes, Sequence[Split]] = {}
        self.bands = search.designs
        self.designs = [None]  # one, of all bands
        self.y, self.scoring, self.solver = search.y, search.scoring, search.solver
        self.n_jobs, self.verbose = search.n_jobs, search.verbose

    @cached_property
    def patterns(self) -> list[Pattern]:
        """Targets by the samples for which they are known."""
        return self._search.patterns

    def choose(self, trainings: Sequence[Training]) -> list[Choice]:
        """Keep the folds of each training set, and choose the one layer that there is."""
        self._splits = {rows.tobytes(): splits for rows, splits in trainings}
        none = np.zeros(self.y.shape[1], np.int64)
        return [Choice(none, none[np.newaxis])] * len(trainings)

    def path(self, rows: np.ndarray, test: np.ndarray, layer: int, k: int) -> BandedPath:
        """Return the fit to a training set, for the targets of a pattern."""
        search, pattern = self._search, self.patterns[k]
        splits = [known_rows(split, pattern) for split in self._splits[rows.tobytes()]]
        train, test = known_rows((rows, test), pattern)
        place = np.zeros(len(self.y), np.int64)
        place[train] = np.arange(len(train))
        products = [design.products(train, test) for design in search.designs]
        options = [search.options(rows, band) for band in range(len(products))]
        module: Any = optional("himalaya.kernel_ridge", "encoding", "regression='banded'")
        solver = {
            "n_iter": self._gammas,
            "alphas": np.mean(np.stack([o for o in options if o is not None]), axis=0),
            "local_alpha": search.alpha_per_target,
            "n_targets_batch": _BATCH,
            "progress_bar": False,
        }
        targets = FoldTargets(pattern.y, train, test)
        fitted = module.MultipleKernelRidgeCV(
            kernels="precomputed",
            solver_params=solver,
            cv=[(place[a], place[b]) for a, b in splits],
            random_state=self._seed,
        ).fit(np.stack([inner for inner, _ in products]), targets.training(slice(None)))
        return BandedPath(fitted, [cross for _, cross in products], targets)


class BandedPath:
    """The predictions of one fit of bands."""

    def __init__(self, fitted: Any, cross: list[np.ndarray], targets: FoldTargets) -> None:
        self._cross, self.targets = cross, targets
        self.alphas = np.exp(-fitted.deltas_)
        self.weights = np.exp(fitted.deltas_)[:, np.newaxis] * fitted.dual_coef_

    def predict(self, chosen: np.ndarray) -> np.ndarray:
        """Return the predictions, less the training means, of all bands together."""
        bands = zip(self._cross, self.weights, strict=True)
        return np.sum([cross @ weights for cross, weights in bands], axis=0)
