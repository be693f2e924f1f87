"""What each regression chooses from, and its path over these options."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from sklearn.cross_decomposition import PLSRegression
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path

from netrep_go._jobs import ignoring, warn_user
from netrep_go._validation import as_array, as_integers, check_integer
from netrep_go.encoding._design import Design
from netrep_go.encoding._paths import (
    CoefficientPath,
    FoldTargets,
    KnownTargets,
    Path,
    SpectralPath,
    component_path,
    dual_ridge,
    exact_ridge,
    is_nearly_none,
    primal_ridge,
)

REGRESSIONS = ("ols", "ridge", "lasso", "pcr", "pls", "banded")
Regression = Literal["ols", "ridge", "lasso", "pcr", "pls", "banded"]

_RIDGE_RANGE = (-4.0, 4.0)  # powers of ten of the mean variance of a sample
_LASSO_STEPS = 1000  # of coordinate descent, as scikit-learn has
# What scikit-learn warns of: that it did not converge, and that nothing more is left to explain.
_WARNINGS = "Objective did not converge|Maximum number of iterations reached|y residual is constant"
_LASSO_RANGE = (-3.0, 0.0)  # powers of ten of the least penalty without coefficients


@dataclass(frozen=True)
class Solver:
    """A regression and the options that it chooses from."""

    regression: str
    alphas: int | np.ndarray
    n_components: np.ndarray
    dtype: DTypeLike

    @property
    def n_options(self) -> int:
        """Number of penalties or of numbers of components."""
        if self.regression in ("pcr", "pls"):
            return len(self.n_components)
        given = self.alphas
        chosen = len(given) if isinstance(given, np.ndarray) else int(given)
        return 1 if self.regression == "ols" else chosen

    def hushed(self) -> AbstractContextManager[None]:
        """Let solvers not warn, who say in numbers of steps what they would, for each target.

        It is entered outside of threads, since these share what is ignored.
        """
        return ignoring(_WARNINGS) if self.regression in ("pls", "lasso") else nullcontext()

    def options(self, design: Design, train: np.ndarray, y: np.ndarray) -> np.ndarray | None:
        """Return the penalties or numbers of components to choose from, None for OLS.

        They are found from the training set alone, which the folds inside of it share.
        """
        if self.regression == "ols":
            return None
        if self.regression in ("pcr", "pls"):
            return self.n_components
        if isinstance(self.alphas, np.ndarray):
            return self.alphas
        if self.regression == "lasso":
            x = design.matrices(train, train[:0])[0]
            centered = y[train] - np.nanmean(y[train], axis=0)
            largest = np.abs(x.T @ np.nan_to_num(centered)).max() / len(train)
            return _grid(largest, _LASSO_RANGE, self.alphas)[::-1]
        return _grid(design.variance(train), _RIDGE_RANGE, self.alphas)

    def path(
        self,
        design: Design,
        train: np.ndarray,
        test: np.ndarray,
        options: np.ndarray | None,
        targets: FoldTargets,
    ) -> Path:
        """Return the path of a training and a test set."""
        if self.regression == "ridge" and options is not None and design.is_dual(len(train)):
            dual = dual_ridge(design, train, test, options, targets, self.dtype)
            if dual is not None:
                return dual
        x, held_out, features = design.matrices(train, test)
        path = self._primal(x, held_out, options, targets)
        path.features = features
        return path

    def _primal(
        self, x: np.ndarray, test: np.ndarray, options: np.ndarray | None, targets: FoldTargets
    ) -> Path:
        """Return the path from features."""
        if options is None:
            return component_path(x, test, None, targets, self.dtype)
        if self.regression == "lasso":
            return CoefficientPath(_lasso(x, options, targets), test, targets)
        if self.regression == "ridge":
            small = is_nearly_none(options, np.einsum("ij,ij->", x, x))
            ridge = exact_ridge if small or x.shape[1] > len(x) else primal_ridge
            return ridge(x, test, options, targets, self.dtype)
        _check_components(options, x.shape)
        path = _pls if self.regression == "pls" else component_path
        return path(x, test, options, targets, self.dtype)


def make_solver(
    regression: str, alphas: int | ArrayLike, n_components: int | ArrayLike, dtype: DTypeLike
) -> Solver:
    """Check the options of a regression."""
    if np.ndim(alphas) == 0 and not isinstance(alphas, (float, np.floating)):
        check_integer(alphas, "alphas", 1)
        penalties: Any = alphas
    else:
        penalties = as_array(np.atleast_1d(alphas), "alphas", 1)
        if penalties.min() <= 0:
            raise ValueError(
                f"alphas must be above 0, got {penalties.min():g}: regression='ols' is without"
            )
    if isinstance(n_components, (int, np.integer)):
        check_integer(n_components, "n_components", 1)
    ks = as_integers(np.atleast_1d(n_components), "n_components")
    if not ks.size or ks.min() < 1:
        raise ValueError(f"n_components must be at least 1, got {n_components!r}")
    return Solver(regression, penalties, ks, dtype)


def _grid(scale: float, powers: tuple[float, float], n: int) -> np.ndarray:
    """Return penalties in proportion to the data; any will do for data that are constant."""
    return np.logspace(*powers, n) * (scale if scale > 0 else 1.0)


def _check_components(ks: np.ndarray, shape: tuple[int, ...]) -> None:
    if ks.max() > min(shape):
        raise ValueError(
            f"n_components must be at most the {shape[0]} training samples and {shape[1]} "
            f"features of a fold, got {ks.max()}"
        )


def _pls(
    x: np.ndarray, test: np.ndarray, ks: np.ndarray, targets: FoldTargets, dtype: DTypeLike
) -> SpectralPath:
    """Return PLS with each number of components, all of them from one fit.

    The components are of all targets together.
    """
    fitted = PLSRegression(int(ks.max()), scale=False).fit(x, targets.training(slice(None)))
    if max(fitted.n_iter_, default=0) >= fitted.max_iter:
        warn_user(
            "partial least squares did not converge: use fewer n_components", ConvergenceWarning
        )
    rotations, loadings = fitted.x_rotations_, fitted.y_loadings_
    filters = (np.arange(rotations.shape[1]) < ks[:, np.newaxis]).astype(np.float64)
    return KnownTargets(rotations, test @ rotations, filters, targets, loadings.T, dtype)


def _lasso(x: np.ndarray, alphas: np.ndarray, targets: FoldTargets) -> np.ndarray:
    """Return the lasso's coefficients, (n_alphas, n_features, n_targets), a target at a time."""
    gram = x.T @ x
    order = np.argsort(alphas)[::-1]
    coef = np.empty((len(alphas), x.shape[1], targets.n_targets))
    n_iter = 0
    options = {"alphas": alphas[order], "precompute": gram, "max_iter": _LASSO_STEPS}
    for k in range(targets.n_targets):
        y = targets.training(slice(k, k + 1))[:, 0]
        _, found, _, taken = lasso_path(x, y, Xy=x.T @ y, return_n_iter=True, **options)
        coef[order, :, k] = found.T
        n_iter = max(n_iter, *taken)
    if n_iter >= _LASSO_STEPS:
        warn_user("the lasso did not converge: raise the smallest of alphas", ConvergenceWarning)
    return coef
