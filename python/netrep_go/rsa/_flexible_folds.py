"""Models with something to fit, in one cross-validation of a sample."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from netrep_go import _native
from netrep_go.rsa._compare import NO_RDMS
from netrep_go.rsa._solve import NULL, Gram

_UNCENTERED = ("cosine", "cosine_cov")
ENTRIES = (*_UNCENTERED, "pearson", "corr_cov")  # the others compare ranks
_WHITENED = ("corr_cov", "cosine_cov")
_FLAT = 1e-12  # spread, as a part of the largest entry, that is rounding

Part = tuple[str, slice]  # how a model is fitted, "" if it is fixed, and which rows are its RDMs


class Data(NamedTuple):
    """What samples are drawn from."""

    x: np.ndarray  # RDMs of all models, one model after the other
    y: np.ndarray  # those of subjects
    parts: list[Part]
    place: np.ndarray  # position in a condensed RDM of each two conditions, -1 if it does not count
    conditions: np.ndarray  # those with entries
    method: str
    sigma: np.ndarray
    with_ceiling: bool
    folds: tuple[int, int] = (1, 1)  # numbers of them, of conditions and of subjects


class Sample(NamedTuple):
    """Conditions as often as they were drawn, and how often each subject was."""

    conditions: np.ndarray
    subjects: np.ndarray


class Scores(NamedTuple):
    """Similarities of the models to each subject, and its noise ceilings (lower, upper)."""

    scores: np.ndarray
    ceilings: np.ndarray
    subjects: np.ndarray  # how often each was drawn

    def bounds(self) -> np.ndarray:
        """Return the noise ceiling, each subject drawn counting once."""
        return np.asarray(self.ceilings[:, self.subjects > 0].mean(axis=1))

    def row(self) -> np.ndarray:
        """Return the mean similarity of each model to the subjects drawn, and the ceiling."""
        means = self.scores @ self.subjects / self.subjects.sum()
        return np.concatenate([means, self.bounds() if self.ceilings.size else []])


def cross_validated(
    data: Data, sample: Sample, of_conditions: np.ndarray, of_subjects: np.ndarray
) -> Scores | None:
    """Return the mean over the folds of conditions, each in turn left out; None if undefined."""
    found = []
    for fold in range(data.folds[0]):
        inside = of_conditions[sample.conditions] == fold
        train = sample.conditions if data.folds[0] == 1 else sample.conditions[~inside]
        weights = _fitted(data, _Pairs.of(data, train), sample, of_subjects)
        test = _Pairs.of(data, sample.conditions[inside])
        each = None if weights is None else _tested(data, test, sample, of_subjects, weights)
        if each is None:
            return None
        found.append(each)
    scores, ceilings = (np.mean([each[k] for each in found], axis=0) for k in range(2))
    return Scores(scores, ceilings, sample.subjects)


class _Pairs(NamedTuple):
    """The pairs of the conditions of a fold, as often as these were drawn."""

    place: np.ndarray  # in condensed RDMs, -1 for two copies of one
    ends: np.ndarray  # their two conditions, as positions among those of the fold
    drawn: np.ndarray  # the conditions of the fold

    @classmethod
    def of(cls, data: Data, drawn: np.ndarray) -> _Pairs:
        ends = np.array(np.triu_indices(len(drawn), 1))
        return cls(data.place[drawn[ends[0]], drawn[ends[1]]], ends, drawn)

    def compared(self, x: np.ndarray, y: np.ndarray, data: Data) -> np.ndarray:
        """Return the similarities of two sets of RDMs that have the pairs that count."""
        counts = self.place >= 0
        whole = np.full((len(x) + len(y), len(counts)), np.nan)
        whole[: len(x), counts], whole[len(x) :, counts] = x, y
        found = np.empty((len(x), len(y)))
        sigma = data.sigma[self.drawn] if data.method in _WHITENED else np.empty(0)
        inputs: dict[str, Any] = {
            "xs": whole[: len(x)],
            "ys": whole[len(x) :],
            "method": data.method,
        }
        inputs |= {"sigma": sigma, "controls": NO_RDMS}
        _native.call("rsa.compare", {"similarities": found}, inputs)
        return found

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return the pairs that count of RDMs."""
        return np.take(rows, self.place[self.place >= 0], axis=1)

    def dual(self, rows: np.ndarray, data: Data) -> np.ndarray:
        r"""Return what inner products with RDMs are taken with: of whitened ones, the RDMs V^-1.

        For patterns with the variances s, :math:`V = D + B^\top S^2 B`, with :math:`2 s_i s_j`
        on the diagonal of D and B the incidence of conditions and pairs; it is solved by a
        system of conditions.
        """
        if data.method not in _WHITENED:
            return rows
        i, j = self.ends[:, self.place >= 0]
        s = data.sigma[self.drawn]
        incidence = np.zeros((len(s), len(i)))
        incidence[i, np.arange(len(i))] = incidence[j, np.arange(len(j))] = 1
        scaled = incidence / (2 * s[i] * s[j])
        inner = np.diag(s**-2.0) + scaled @ incidence.T
        return rows / (2 * s[i] * s[j]) - np.linalg.solve(inner, scaled @ rows.T).T @ scaled


def _varying(rows: np.ndarray, method: str) -> np.ndarray:
    """Return which RDMs have a similarity to others."""
    size = np.abs(rows).max(axis=1, initial=0)
    if method in _UNCENTERED:
        return np.asarray(size > 0)
    return np.asarray(np.ptp(rows, axis=1) > _FLAT * size) if rows.shape[1] else size > 0


def _normalized(rows: np.ndarray, method: str) -> np.ndarray:
    """Return RDMs as they enter a mean: ranks, or z-scores or vectors of unit length."""
    if method not in ENTRIES:
        rows = stats.rankdata(rows, axis=1)
    if method not in _UNCENTERED:
        rows = rows - rows.mean(axis=1, keepdims=True)
    if method in ENTRIES:
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _fitted(
    data: Data, pairs: _Pairs, sample: Sample, of_subjects: np.ndarray
) -> np.ndarray | None:
    """Return for each fold of subjects and each model the weights of all RDMs of models.

    All fits are made from one Gram matrix of the models, and their products with subjects.
    """
    weights = np.zeros((data.folds[1], len(data.parts), len(data.x)))
    for m, (fit, rows) in enumerate(data.parts):
        if not fit:
            weights[:, m, rows] = 1
    if not any(fit for fit, _ in data.parts):
        return weights
    x, y = pairs.take(data.x), pairs.take(data.y)
    if not _varying(y, data.method).all():
        return None
    chosen = any(fit == "select" for fit, _ in data.parts)
    similar = _similar(data, pairs, x, y) if chosen else np.zeros((len(x), len(y)))
    if data.method not in _UNCENTERED:
        varies = _varying(x, data.method)
        x = np.where(varies[:, np.newaxis], x - x.mean(axis=1, keepdims=True), 0.0)
    dual, y = pairs.dual(x, data), _normalized(y, data.method)
    if data.method in _WHITENED:
        y /= np.sqrt(np.sum(y * pairs.dual(y, data), axis=1, keepdims=True))
    gram, cross = x @ dual.T, dual @ y.T
    for fold in range(data.folds[1]):
        count = sample.subjects * ((of_subjects != fold) | (data.folds[1] == 1))
        target, liking = cross @ count, similar @ count
        for m, (fit, rows) in enumerate(data.parts):
            if fit:
                found = _solved(fit, gram[rows, rows], target[rows], liking[rows])
                weights[fold, m, rows] = found
    return weights


def _similar(data: Data, pairs: _Pairs, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the similarities of RDMs to those of subjects, 0 of what does not vary."""
    varies = _varying(x, data.method)
    found = np.zeros((len(x), len(y)))
    if varies.any():
        found[varies] = pairs.compared(x[varies], y, data)
    return found


def _solved(fit: str, gram: np.ndarray, target: np.ndarray, liking: np.ndarray) -> np.ndarray:
    if fit == "select":
        return np.asarray(np.eye(len(liking))[liking.argmax()])
    if fit == "interpolate":
        return _between(gram, target)
    return Gram(gram).solve(target, positive=fit == "positive")


def _between(gram: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the point from one RDM to the next whose cosine with the target is largest.

    Within a pair, it is the least-squares solution if both weights are positive, else an end.
    """
    a, b, inner = gram.diagonal()[:-1], gram.diagonal()[1:], gram.diagonal(1)
    one, other = b * target[:-1] - inner * target[1:], a * target[1:] - inner * target[:-1]
    inside = np.flatnonzero((one > 0) & (other > 0) & (a * b - inner**2 > NULL * a * b))
    points = np.vstack([np.eye(len(gram)), np.zeros((len(inside), len(gram)))])
    added = np.arange(len(inside)) + len(gram)
    points[added, inside], points[added, inside + 1] = one[inside], other[inside]
    points /= points.sum(axis=1, keepdims=True)
    length = np.sqrt(np.maximum(np.sum(points @ gram * points, axis=1), 0))
    cosine = np.divide(points @ target, length, out=np.full(len(points), -np.inf), where=length > 0)
    return np.asarray(points[cosine.argmax()])


def _tested(
    data: Data, pairs: _Pairs, sample: Sample, of_subjects: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the similarities of predictions to subjects left out, and their noise ceilings."""
    y = pairs.take(data.y)
    if not _varying(y, data.method).all():
        return None
    n_folds, n_models = weights.shape[:2]
    predictions = weights.reshape(-1, len(data.x)) @ pairs.take(data.x)
    subjects = np.arange(len(y))
    means, lower = np.empty((0, y.shape[1])), subjects
    if data.with_ceiling:
        without = of_subjects if n_folds > 1 else np.where(sample.subjects > 0, subjects, -1)
        left = without != np.arange(without.max() + 1)[:, np.newaxis]
        counts = np.vstack([left, np.ones(len(y))]) * sample.subjects
        means, lower = counts @ _normalized(y, data.method), without
    found = _similar(data, pairs, np.vstack([predictions, means]), y)
    of_models = found[: len(predictions)].reshape(n_folds, n_models, -1)
    scores = of_models[np.maximum(of_subjects, 0), :, subjects].T
    bounds = found[len(predictions) :]
    ceilings = np.array([bounds[lower, subjects], bounds[-1]]) if data.with_ceiling else bounds
    return scores, ceilings
