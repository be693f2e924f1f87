"""Result of an evaluation of models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from netrep_go._maps import UNKNOWN, SubjectMaps, named_subjects
from netrep_go._names import Name
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import as_array, check_number
from netrep_go.rsa._ceiling import NoiseCeiling
from netrep_go.rsa._compare import UNBOUNDED

_LARGEST = 1 - 1e-12  # similarity whose z is finite
_SAME = 1e-12  # similarities, and their errors, below this are rounding


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ModelEvaluation(Result):
    """Result of :func:`evaluate`.

    Attributes
    ----------
    names : list
        Names of the models.
    method : str
        Similarity.
    resample : str or None
        What was drawn with replacement.
    similarities : ndarray of shape (n_models, n_subjects)
        Similarity of each model to each subject.
    draws : ndarray of shape (n_bootstraps, n_models) or None
        Mean similarity to the subjects in each bootstrap sample.
    noise_ceiling : NoiseCeiling or None
        Of all conditions and subjects.
    noise_ceiling_draws : ndarray of shape (n_bootstraps, 2) or None
        Lower and upper bound in each bootstrap sample; NaN where all the subjects drawn
        are the same one, or cancel in their mean.
    partial_draws : tuple of 2 ndarray of shape (n_bootstraps, n_models + 2) or None
        If ``resample`` is 'both' in :func:`evaluate`, the draws and noise ceilings of subjects
        only and of conditions only, which the variance takes.
    n_conditions : int
        Number of conditions with entries that are not NaN in any RDM.
    noise_ceiling_without : ndarray of shape (n_subjects,) or None
        Lower bound of all other subjects than each, if nothing was resampled; NaN of two.
    cv_draws : ndarray of shape (n_cv, n_bootstraps, n_models + 2) or None
        Of :func:`evaluate_flexible`, the draws of each cross-validation, of which the variance
        leaves out what is due to the choice of folds.
    subjects : list
        Names of the subjects, or their positions.
    """

    names: list[Name]
    method: str
    resample: str | None
    similarities: np.ndarray
    draws: np.ndarray | None
    noise_ceiling: NoiseCeiling | None
    noise_ceiling_draws: np.ndarray | None
    partial_draws: tuple[np.ndarray, np.ndarray] | None
    n_conditions: int
    noise_ceiling_without: np.ndarray | None = None
    cv_draws: np.ndarray | None = None
    subjects: list[Name] | None = None

    def _maps(self, model: Name | None) -> SubjectMaps:
        """Return the similarities, of models as points, for tests over subjects."""
        if model is not None:
            raise ValueError(f"model is left out, for all are tested together, got {shown(model)}")
        return SubjectMaps(self.similarities.T, named_subjects(self.subjects), UNKNOWN)

    @property
    def mean(self) -> np.ndarray:
        """Mean similarity of each model to the subjects."""
        return self.similarities.mean(axis=1)

    @property
    def dof(self) -> int:
        """Degrees of freedom of t tests: one less than what was resampled, the smaller if two.

        They are at most a quarter of the bootstrap samples: variances of few are uncertain
        themselves. They are 0, which makes p-values and intervals NaN, where similarities
        are far from normal: of 3 conditions to fewer than 10 subjects, where noise would be
        significant at 0.05 in up to 0.11 of all cases.
        """
        n_subjects: int = self.similarities.shape[1]
        sizes = {"conditions": self.n_conditions, "both": min(self.n_conditions, n_subjects)}
        size = sizes.get(self.resample or "subjects", n_subjects)
        if self.n_conditions < 4 and n_subjects < 10:
            return 0
        return size - 1 if self.draws is None else min(size - 1, (len(self.draws) - 1) // 4)

    def standard_error(self) -> np.ndarray:
        """Return the standard error of each mean, NaN if there is one subject and no draws."""
        return np.sqrt(self.variance(np.eye(len(self.names))))

    @checked
    def interval(self, confidence: float = 0.95) -> np.ndarray:
        """Return confidence intervals of the means.

        Parameters
        ----------
        confidence : float, default=0.95
            Probability that an interval holds the mean of the population.

        Returns
        -------
        ndarray of shape (2, n_models)
            Lower and upper ends, from the t distribution and the standard errors; NaN
            where these are NaN or 0. Similarities that are at most 1 are Fisher's z,
            arctanh, meanwhile, with standard errors over 1 - mean², so that the ends are
            between -1 and 1.
        """
        check_number(confidence, "confidence", 0, 1)
        error = self.standard_error()
        half = stats.t.ppf((1 + confidence) / 2, self.dof) * np.where(error > _SAME, error, np.nan)
        if self.method in UNBOUNDED:
            return np.array([self.mean - half, self.mean + half])
        middle = np.clip(self.mean, -_LARGEST, _LARGEST)
        half /= 1 - middle**2
        return np.tanh(np.arctanh(middle) + np.array([-half, half]))

    @checked
    def variance(self, contrasts: np.ndarray) -> np.ndarray:
        """Return the variances of sums of mean similarities.

        Parameters
        ----------
        contrasts : ndarray of shape (n_contrasts, n_models) or (n_contrasts, n_models + 2)
            Weights of the models or, after a bootstrap with noise ceiling, also of its
            lower and upper bound.

        Returns
        -------
        ndarray of shape (n_contrasts,)
            Variances, corrected for the numbers of what was resampled; NaN if there is one
            subject and no draws.
        """
        contrasts = as_array(contrasts, "contrasts", 2)
        widths = {len(self.names), len(self.names) + 2 * (self.noise_ceiling_draws is not None)}
        if contrasts.shape[1] not in widths:
            raise ValueError(
                f"contrasts must have {' or '.join(map(str, sorted(widths)))} columns, got "
                f"{contrasts.shape[1]}"
            )
        n, m = self.similarities.shape[1], self.n_conditions
        if self.draws is None:
            if n < 2:
                return np.full(len(contrasts), np.nan)
            return np.var(contrasts[:, : len(self.names)] @ self.similarities, axis=1, ddof=1) / n
        draws = joined(self.draws, self.noise_ceiling_draws)
        both = _variances(draws if self.cv_draws is None else self.cv_draws, contrasts)
        if self.partial_draws is None:
            size = n if self.resample == "subjects" else m
            return both * size / (size - 1)
        subjects, conditions = (_variances(draws, contrasts) for draws in self.partial_draws)
        of_subjects, of_conditions = subjects * n / (n - 1), conditions * m / (m - 1)
        interaction = (both - subjects - conditions) * m * n / ((m - 1) * (n - 1))
        corrected = of_subjects + of_conditions - interaction
        return np.minimum(np.maximum.reduce([corrected, of_subjects, of_conditions]), both)

    @property
    def pvalue_zero(self) -> np.ndarray:
        """One-sided p-values of t tests of the means being above 0.

        Similarities that are at most 1 are tested as Fisher's z, arctanh: those of subjects or,
        after a bootstrap, the means. NaN where the standard error is NaN or, as of subjects
        with the same similarity, 0, and where ``dof`` is 0, as of 3 conditions and few subjects.
        """
        return stats.t.sf(t_values(self, np.eye(len(self.names))), self.dof)

    @property
    def pvalue_noise_ceiling(self) -> np.ndarray | None:
        """Two-sided p-values of t tests against the lower bound of the noise ceiling.

        Similarities are Fisher's z, as those of ``pvalue_zero``. Of the difference the variance
        is that over samples or, if nothing was resampled, that of the jackknife over subjects,
        both of means. NaN if other subjects were to be drawn and
        there are two, whose bound is the same in every sample.
        """
        if self.noise_ceiling is None:
            return None
        return 2 * stats.t.sf(np.abs(self._below(self.noise_ceiling.lower)), self.dof)

    def _below(self, lower: float) -> np.ndarray:
        """Return the t values of the differences of models from the lower bound."""
        n_models, n = self.similarities.shape
        if self.resample != "conditions" and n < 3:
            return np.full(n_models, np.nan)
        if self.draws is not None:
            contrasts = np.hstack([np.eye(n_models), np.tile([-1.0, 0.0], (n_models, 1))])
            return t_values(self, contrasts)
        others = (self.similarities.sum(axis=1, keepdims=True) - self.similarities) / (n - 1)
        error, on_z = (
            np.sqrt(
                np.var(as_scale(others) - as_scale(self.noise_ceiling_without), axis=1) * (n - 1)
            )
            for as_scale in (np.asarray, self._as_z)
        )
        return ratio(self.mean - lower, error, self._as_z(self.mean) - self._as_z(lower), on_z)

    def _as_z(self, values: Any) -> Any:
        """Return Fisher's z of similarities that are at most 1 in absolute value."""
        if values is None or self.method in UNBOUNDED:
            return values
        return np.arctanh(np.clip(values, -_LARGEST, _LARGEST))

    def _on_z(self) -> tuple[np.ndarray, ModelEvaluation]:
        """Return the means, with the bounds of the noise ceiling, and this evaluation on z."""
        bounds = [] if self.noise_ceiling is None else [*self.noise_ceiling]
        changed = replace(
            self,
            similarities=self._as_z(self.similarities),
            draws=self._as_z(self.draws),
            noise_ceiling_draws=self._as_z(self.noise_ceiling_draws),
            partial_draws=self.partial_draws and tuple(map(self._as_z, self.partial_draws)),
        )
        means = changed.mean if self.draws is None else self._as_z(self.mean)
        return np.append(means, self._as_z(np.array(bounds))), changed

    def plot(self, **options: Any) -> Any:
        """Draw the models.

        Parameters
        ----------
        **options
            Of :meth:`netrep_go.plotting.ModelEvaluationDisplay.from_evaluation`.

        Returns
        -------
        display : netrep_go.plotting.ModelEvaluationDisplay
            The drawn display.
        """
        from netrep_go.plotting import ModelEvaluationDisplay

        return ModelEvaluationDisplay.from_evaluation(self, **options)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each model.

        Returns
        -------
        pandas.DataFrame
            With columns model, method, similarity, se, low, high, pvalue_zero,
            pvalue_noise_ceiling, noise_ceiling_lower, noise_ceiling_upper, n_subjects,
            n_conditions; low and high are the ends of a 95 % confidence interval.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        low, high = self.interval()
        ceiling = self.noise_ceiling or NoiseCeiling(np.nan, np.nan)
        return pandas().DataFrame(
            {
                "model": self.names,
                "method": self.method,
                "similarity": self.mean,
                "se": self.standard_error(),
                "low": low,
                "high": high,
                "pvalue_zero": self.pvalue_zero,
                "pvalue_noise_ceiling": (
                    np.nan if self.noise_ceiling is None else self.pvalue_noise_ceiling
                ),
                "noise_ceiling_lower": ceiling.lower,
                "noise_ceiling_upper": ceiling.upper,
                "n_subjects": self.similarities.shape[1],
                "n_conditions": self.n_conditions,
            }
        )


def t_values(evaluation: ModelEvaluation, contrasts: np.ndarray) -> np.ndarray:
    """Return sums of means in units of their standard errors, of Fisher's z where there is one.

    Contrasts are those of :meth:`ModelEvaluation.variance`.
    """
    width = contrasts.shape[1]
    bounds = [] if evaluation.noise_ceiling is None else [*evaluation.noise_ceiling]
    plain = np.append(evaluation.mean, bounds)
    means, on_z = evaluation._on_z()
    errors = (np.sqrt(e.variance(contrasts)) for e in (evaluation, on_z))
    error, error_on_z = errors
    return ratio(contrasts @ plain[:width], error, contrasts @ means[:width], error_on_z)


def ratio(
    difference: np.ndarray, error: np.ndarray, on_z: np.ndarray, error_on_z: np.ndarray
) -> np.ndarray:
    """Return differences on z in units of their errors.

    0 of a difference that is rounding, and NaN of an error that is: on z rounding may be large.
    """
    some = (error > _SAME) & (error_on_z > 0)
    found = np.divide(on_z, error_on_z, out=np.full_like(on_z, np.nan), where=some)
    found[(np.abs(difference) <= _SAME) & ~np.isnan(error)] = 0
    return found


def joined(draws: np.ndarray, ceilings: np.ndarray | None) -> np.ndarray:
    return draws if ceilings is None else np.hstack([draws, ceilings])


def _variances(draws: np.ndarray, contrasts: np.ndarray) -> np.ndarray:
    """Return the variances of contrasts over the draws in which they are defined.

    Of several cross-validations, it is what that of the mean of any number of them tends to.
    """
    if draws.ndim == 3:
        of_one = np.mean([_variances(each, contrasts) for each in draws], axis=0)
        of_mean = _variances(draws.mean(axis=0), contrasts)
        return np.maximum(len(draws) * of_mean - of_one, 0) / (len(draws) - 1)
    values = draws[:, : contrasts.shape[1]] @ contrasts.T
    variances = np.full(len(contrasts), np.nan)
    several = np.count_nonzero(~np.isnan(values), axis=0) > 1
    variances[several] = np.nanvar(values[:, several], axis=0, ddof=1)
    return variances
