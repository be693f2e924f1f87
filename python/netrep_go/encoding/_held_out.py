"""Held-out predictions of nested cross-validation, and their scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from netrep_go._jobs import counted, in_threads
from netrep_go.encoding._scores import Accumulator, Sums
from netrep_go.encoding._search import Choice, Split, known_rows


class HeldOut(NamedTuple):
    """What cross-validation has found, for (layers,) folds or samples, and targets."""

    predictions: np.ndarray
    scores: np.ndarray
    score: np.ndarray
    layer_scores: np.ndarray
    layer_score: np.ndarray


def hold_out(search: Any, folds: Sequence[Split], chosen: Sequence[Choice]) -> HeldOut:
    """Predict each fold from every layer, with what its training set has chosen."""
    n_layers, (n, q) = len(search.designs), search.y.shape
    predictions = np.zeros((n, q))
    scores = np.full((n_layers + 1, len(folds), q), np.nan)  # the chosen layer is the last
    totals = np.full((n_layers + 1, q), np.nan)
    found = _predicted(search, folds, chosen)
    for pattern in search.patterns:
        targets = pattern.columns
        sums_of = [Accumulator(search.scoring) for _ in range(n_layers + 1)]
        times = np.zeros((n, 1))
        for o, fold in enumerate(folds):
            layer = chosen[o].layer[targets]
            each, predicted = zip(*(next(found) for _ in range(n_layers)), strict=True)
            for place, sums in enumerate((*each, _pick(each, layer))):
                sums_of[place].add(sums)
                if sums.n:
                    scores[place, o, targets] = sums.score(search.scoring)
            _, test = known_rows(fold, pattern)
            predictions[np.ix_(test, targets)] += _pick_columns(predicted, layer)
            times[test] += 1
        with np.errstate(invalid="ignore"):
            predictions[:, targets] /= times
        totals[:, targets] = [total.score for total in sums_of]
    return HeldOut(predictions, scores[-1], totals[-1], scores[:-1], totals[:-1])


def _predicted(
    search: Any, folds: Sequence[Split], chosen: Sequence[Choice]
) -> Iterator[tuple[Sums, np.ndarray]]:
    """Yield sums and predictions of all layers, fold by fold of each pattern."""
    tasks = [
        (layer, k, o)
        for k in range(len(search.patterns))
        for o in range(len(folds))
        for layer in range(len(search.designs))
    ]

    def predict(task: tuple[int, int, int]) -> tuple[Sums, np.ndarray]:
        layer, k, o = task
        return _predict(search, folds[o], chosen[o], layer, k)

    found = in_threads(predict, tasks, search.n_jobs)
    return counted(found, "Predicting held-out samples", len(tasks), search.verbose)


def _predict(
    search: Any, fold: Split, choice: Choice, layer: int, k: int
) -> tuple[Sums, np.ndarray]:
    """Return the sums of one fold in one layer, and its predictions."""
    pattern = search.patterns[k]
    path = search.path(*fold, layer, k)
    predicted = path.predict(choice.option[layer, pattern.columns])
    held_out = path.targets.test(slice(None))
    sums = Sums.of(held_out, predicted)
    predicted += path.targets.mean
    return sums, predicted


def _pick_columns(predicted: Sequence[np.ndarray], layer: np.ndarray) -> np.ndarray:
    """Return the predictions of each target from its layer; those of one layer as they are."""
    if len(predicted) == 1:
        return predicted[0]
    columns: np.ndarray = np.stack(predicted)[layer, :, np.arange(len(layer))].T
    return columns


def _pick(each: Sequence[Sums], layer: np.ndarray) -> Sums:
    """Return the sums of each target in its layer."""
    at = np.arange(len(layer))
    fields = [
        np.stack([getattr(sums, name) for sums in each])[layer, at]
        for name in ("t", "tt", "p", "pt", "pp")
    ]
    return Sums(each[0].n, *fields)
