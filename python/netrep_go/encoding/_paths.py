"""Families of linear predictions that share factors: ridge, principal components, PLS.

The deviation of predictions from the training means is (A * f) B, with A the test samples
on some basis, B the training targets on it, and f a filter for each penalty or number of
components. One factorization serves all of them, and all targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike
from scipy import linalg
from scipy.linalg import blas, lapack

from netrep_go.encoding._blocks import blocks
from netrep_go.encoding._design import Design, Features
from netrep_go.encoding._moments import Moments
from netrep_go.encoding._scores import Sums

_TINY = 1e-10  # part of the variance below which a penalty needs singular values


class FoldTargets:
    """Targets of a training and a test set, less the training means, a block at a time."""

    def __init__(
        self, y: np.ndarray, train: np.ndarray, test: np.ndarray, mean: np.ndarray | None = None
    ) -> None:
        self._y, self._train, self._test = y, train, test
        self.mean = _mean(y, train) if mean is None else mean

    @property
    def n_targets(self) -> int:
        """Number of targets."""
        return len(self.mean)

    def training(self, block: slice) -> np.ndarray:
        """Return a block of training targets."""
        return self._less_mean(self._train, block)

    def test(self, block: slice) -> np.ndarray:
        """Return a block of test targets."""
        return self._less_mean(self._test, block)

    def _less_mean(self, rows: np.ndarray, block: slice) -> np.ndarray:
        found = self._y[rows, block]
        found -= self.mean[block]
        return found


def _mean(y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the mean of some rows, of which a block is copied at a time."""
    parts = [y[rows, block].mean(axis=0) for block in blocks(y.shape[1], len(rows))]
    return np.concatenate(parts)


class Path(Protocol):
    """Predictions of one test set under several options."""

    targets: FoldTargets
    features: Features | None  # None where coefficients are of training samples

    def sums(self) -> Sums:
        """Return the sums for all options and targets."""

    def predict(self, chosen: np.ndarray) -> np.ndarray:
        """Return the predictions, less the training means, each target at its option."""

    def coefficients(self, chosen: np.ndarray) -> np.ndarray:
        """Return the weights, of features or of training samples, each target at its option."""


class SpectralPath:
    """Predictions from factors of the training set."""

    def __init__(
        self,
        basis: np.ndarray,
        test: np.ndarray,
        filters: np.ndarray,
        targets: FoldTargets,
        project: np.ndarray,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self._basis, self._filters, self.targets = basis, filters, targets
        self._test = test.astype(dtype, copy=False)
        self._project = project.astype(dtype, copy=False)
        self._dtype = dtype
        self.features: Features | None = None

    def sums(self) -> Sums:
        """Return the sums for all options and targets."""
        targets = self.targets
        t, tt = np.empty((2, targets.n_targets))
        p, pt, pp = np.empty((3, len(self._filters), targets.n_targets))
        rows = _short(self._test)
        total = self._filters * self._test.sum(axis=0)
        for block in blocks(targets.n_targets, max(self._test.shape)):
            held_out = targets.test(block)
            t[block], tt[block] = held_out.sum(axis=0), np.einsum("ij,ij->j", held_out, held_out)
            b = self._on_basis(block)
            p[:, block] = total @ b
            pt[:, block] = self._filters @ (self._test.T @ self._cast(held_out) * b)
            pp[:, block] = squares(rows, self._filters, b)
        return Sums(len(self._test), t, tt, p, pt, pp)

    def predict(self, chosen: np.ndarray) -> np.ndarray:
        """Return the predictions, less the training means, each target at its option."""
        return self._combine(self._test, chosen)

    def coefficients(self, chosen: np.ndarray) -> np.ndarray:
        """Return the weights, of features or of training samples, each target at its option."""
        return self._combine(self._basis, chosen)

    def operators(self, chosen: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield, for each option that is chosen, its targets and the matrix that predicts them.

        It takes the training targets, less their means, to the predictions.
        """
        for option in np.unique(chosen):
            hat = (self._test * self._filters[option]) @ self._project
            yield np.flatnonzero(chosen == option), hat

    def _combine(self, rows: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        result = np.empty((len(rows), len(chosen)))
        for block in blocks(len(chosen), max(self._test.shape)):
            result[:, block] = rows @ (self._filters[chosen[block]].T * self._on_basis(block))
        return result

    def _on_basis(self, block: slice) -> np.ndarray:
        """Return B of a block of targets."""
        return self._project @ self._cast(self.targets.training(block))

    def _cast(self, x: np.ndarray) -> np.ndarray:
        return x.astype(self._dtype, copy=False)


class KnownTargets(SpectralPath):
    """Predictions from factors on whose basis the targets are known already."""

    def _on_basis(self, block: slice) -> np.ndarray:
        return self._project[:, block]


class MomentsPath:
    """Ridge predictions for few features, scored from sums alone."""

    def __init__(self, training: Moments, test: Moments, alphas: np.ndarray) -> None:
        self._vectors, self._filters, self._b = _ridge_of(training, alphas)
        self._held_out = test.about(*training.means)

    def sums(self) -> Sums:
        """Return the sums for all options and targets."""
        held_out, v = self._held_out, self._vectors
        rows = _root(v.T @ held_out.xx @ v)
        p = (self._filters * (held_out.x @ v)) @ self._b
        pt = self._filters @ ((v.T @ held_out.xy) * self._b)
        pp = np.empty_like(p)
        for block in blocks(p.shape[1], max(1, *rows.shape)):
            pp[:, block] = squares(rows, self._filters, self._b[:, block])
        return Sums(held_out.n, held_out.y, held_out.yy, p, pt, pp)


def _ridge_of(training: Moments, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return eigenvectors, filters, and targets on the vectors."""
    fitted = training.about(*training.means)
    values, vectors = np.linalg.eigh(fitted.xx)
    values, vectors = _kept(values, vectors, training.n)
    return vectors, 1 / (values + alphas[:, np.newaxis]), vectors.T @ fitted.xy


def moments_ridge(
    training: Moments, test: np.ndarray, alphas: np.ndarray, targets: FoldTargets
) -> SpectralPath:
    """Return the ridge path of few features from sums over the training set."""
    vectors, filters, b = _ridge_of(training, alphas)
    return KnownTargets(vectors, test @ vectors, filters, targets, b)


class CoefficientPath:
    """Predictions from coefficients of features, of shape (n_options, n_features, n_targets)."""

    def __init__(self, coef: np.ndarray, test: np.ndarray, targets: FoldTargets) -> None:
        self._coef, self._test, self.targets = coef, test, targets
        self.features: Features | None = None

    def sums(self) -> Sums:
        """Return the sums for all options and targets."""
        t = self.targets.test(slice(None))
        each = [Sums.of(t, self._test @ coef) for coef in self._coef]
        p, pt, pp = (np.stack([getattr(s, name) for s in each]) for name in ("p", "pt", "pp"))
        return Sums(len(t), each[0].t, each[0].tt, p, pt, pp)

    def predict(self, chosen: np.ndarray) -> np.ndarray:
        """Return the predictions, less the training means, each target at its option."""
        return self._test @ self.coefficients(chosen)

    def coefficients(self, chosen: np.ndarray) -> np.ndarray:
        """Return the weights of features, each target at its option."""
        return self._coef[chosen, :, np.arange(len(chosen))].T


def dual_ridge(
    design: Design,
    train: np.ndarray,
    test: np.ndarray,
    alphas: np.ndarray,
    targets: FoldTargets,
    dtype: DTypeLike,
) -> SpectralPath | None:
    """Return the ridge path from products of samples; None where these cost a penalty its digits.

    They are given up as soon as they are factored, for they are what takes memory.
    """
    gram, cross = design.products(train, test)
    if is_nearly_none(alphas, np.trace(gram)):
        return None
    values, vectors = _kept(*np.linalg.eigh(gram), len(gram))
    del gram
    filters = 1 / (values + alphas[:, np.newaxis])
    rows = cross.astype(dtype, copy=False) @ vectors.astype(dtype, copy=False)
    return SpectralPath(vectors, rows, filters, targets, vectors.T, dtype)


def primal_ridge(
    x: np.ndarray, test: np.ndarray, alphas: np.ndarray, targets: FoldTargets, dtype: DTypeLike
) -> SpectralPath:
    """Return the ridge path from centered features, no more of them than training samples."""
    values, vectors = np.linalg.eigh(x.T @ x)
    values, vectors = _kept(values, vectors, len(x))
    filters = 1 / (values + alphas[:, np.newaxis])
    return SpectralPath(vectors, test @ vectors, filters, targets, (x @ vectors).T, dtype)


def exact_ridge(
    x: np.ndarray, test: np.ndarray, alphas: np.ndarray, targets: FoldTargets, dtype: DTypeLike
) -> SpectralPath:
    """Return the ridge path from singular values, for penalties that are nearly none."""
    u, s, v = _singular(x)
    filters = s / (s * s + alphas[:, np.newaxis])
    return SpectralPath(v, test @ v, filters, targets, u.T, dtype)


def is_nearly_none(alphas: np.ndarray, variance: float) -> bool:
    """Whether a penalty is so small that products of features would cost its digits."""
    return bool(alphas.min() < _TINY * variance)


def component_path(
    x: np.ndarray, test: np.ndarray, ks: np.ndarray | None, targets: FoldTargets, dtype: DTypeLike
) -> SpectralPath:
    """Return regressions on the first principal components; on all, which is OLS, for None.

    Of collinear features these are the coefficients of least norm.
    """
    u, s, v = _singular(x)
    ks = np.array([len(s)]) if ks is None else ks
    filters = (np.arange(len(s)) < ks[:, np.newaxis]) / s
    return SpectralPath(v, test @ v, filters, targets, u.T, dtype)


def squares(rows: np.ndarray, filters: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the sums of squares of (rows * f) b for each filter f.

    Square rows are upper triangular, of which BLAS makes use.
    """
    result = np.empty((len(filters), b.shape[1]))
    triangular = rows.dtype == np.float64 and rows.shape[0] == rows.shape[1] > 0
    for f, out in zip(filters.astype(rows.dtype, copy=False), result, strict=True):
        filtered = rows * f
        if triangular:
            predicted = blas.dtrmm(1.0, filtered.T, b.T, side=1, lower=1).T
        else:
            predicted = filtered @ b
        np.einsum("ij,ij->j", predicted, predicted, out=out)
    return result


def _short(rows: np.ndarray) -> np.ndarray:
    """Return rows, or fewer, triangular ones that have the same products of columns."""
    n, rank = rows.shape
    return rows if n <= 2 * rank and n != rank else np.asarray(np.linalg.qr(rows, mode="r"))


def _root(gram: np.ndarray) -> np.ndarray:
    """Return an upper triangular matrix R with R'R = gram, which may be singular."""
    root, failed = lapack.dpotrf(gram)
    if not failed:
        return np.asarray(root)
    values, vectors = np.linalg.eigh(gram)
    root = np.sqrt(np.maximum(values, 0))[:, np.newaxis] * vectors.T
    return np.asarray(np.linalg.qr(root, mode="r"))


def _kept(values: np.ndarray, vectors: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues that are more than rounding, and their vectors.

    What is rounding would be divided by small penalties; centering always leaves one.
    """
    kept = values > n * np.finfo(float).eps * values[-1]
    first = int(np.argmax(kept)) if kept.any() else len(values)
    return values[first:], vectors[:, first:]


def _singular(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the singular vectors and values that are more than rounding."""
    u, s, vt = linalg.svd(x, full_matrices=False)
    kept = s > max(x.shape) * np.finfo(float).eps * s[0]
    return u[:, kept], s[kept], vt[kept].T
