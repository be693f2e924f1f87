"""Noise ceilings at many points, such as times, regions or searchlights, and their tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go import _native
from netrep_go._jobs import RandomState, progress_bar, seed_from, warn_user
from netrep_go._names import Name, names_or_numbers, split_names
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._resampling import blocks, largest_pvalue, permutation_pvalue
from netrep_go._results import Result
from netrep_go._validation import as_array, check_integer, check_option
from netrep_go.rsa._compare import SIMILARITIES, Controls, as_controls, comparison
from netrep_go.rsa._condensed import RDMs, n_conditions

__all__ = ["NoiseCeilings", "noise_ceilings"]

_NUMBERS = 1 << 22  # of a block of RDMs


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class NoiseCeilings(Result):
    """Result of :func:`noise_ceilings`: one item for each point.

    Attributes
    ----------
    lower, upper : ndarray of shape (n_points,)
        Bounds of the noise ceiling; NaN where they are undefined.
    pvalue : ndarray of shape (n_points,) or None
        One-sided p-values of the lower bounds being above 0, of subjects that have something in
        common: NaN where these are.
    pvalue_corrected : ndarray of shape (n_points,) or None
        The same, corrected for the number of points: by the largest lower bound of all points
        after each permutation.
    n_subjects, n_permutations : int
        How many there were.
    method : str
        Similarity.
    """

    lower: np.ndarray
    upper: np.ndarray
    pvalue: np.ndarray | None
    pvalue_corrected: np.ndarray | None
    n_subjects: int
    n_permutations: int
    method: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each point.

        Returns
        -------
        pandas.DataFrame
            With columns point, lower, upper, pvalue, pvalue_corrected, method.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = {
            "point": np.arange(len(self.lower)),
            "lower": self.lower,
            "upper": self.upper,
            "pvalue": np.nan if self.pvalue is None else self.pvalue,
            "pvalue_corrected": np.nan if self.pvalue is None else self.pvalue_corrected,
            "method": self.method,
        }
        return pandas().DataFrame(columns)


@checked
def noise_ceilings(
    rdms: ArrayLike | Mapping[Any, ArrayLike],
    method: str = "spearman",
    *,
    controls: RDMs | None = None,
    sigma: ArrayLike | None = None,
    n_permutations: int = 0,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> NoiseCeilings:
    """Return the noise ceilings of the RDMs of subjects at many points, and test them.

    Parameters
    ----------
    rdms : array_like of shape (n_subjects, n_points, n_pairs), or dict of array_like of shape \
(n_points, n_pairs)
        Condensed RDMs of at least two subjects at each point, such as a time or a region. An
        array may be a memory map: it is read some points at a time. Entries that are NaN in one
        subject are left out of all, at that point.
    method : str, default='spearman'
        Similarity, as in :func:`compare`, but no regression.
    controls : like models of :func:`compare`, default=None
        RDMs whose part is removed, as in :func:`compare`; not with permutations.
    sigma : array_like of shape (n_conditions,) or (n_conditions, n_conditions), default=None
        Noise of patterns, as in :func:`compare`.
    n_permutations : int, default=0
        Number of random permutations of the conditions of each subject for the p-values; 0 for
        none.
    random_state : int, RandomState, Generator or None, default=None
        Determines the permutations. The same number gives the same ones, whatever ``n_jobs``.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    NoiseCeilings
        Bounds, which are those of :func:`noise_ceiling` at each point, and p-values.

    Raises
    ------
    ValueError
        If there are fewer than two subjects, or no point has a noise ceiling.

    Warns
    -----
    UserWarning
        If some points have none, as where the RDM of a subject is constant: they are NaN.

    Notes
    -----
    A t test of the similarities of subjects to the mean of the others is not valid: each pair
    of subjects is in two of them, so that the variance of their mean is twice what their
    spread tells, and 0.09 to 0.12 of all tests of noise are significant at 0.05. The conditions
    of each subject are permuted instead, by themselves: without anything in common all orders
    are as likely. All points are permuted alike, which keeps how they depend on each other, for
    the correction.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import noise_ceilings, rdm
    >>> rng = np.random.default_rng(0)
    >>> strength = np.array([0.0, 0.0, 1.0, 1.0])[:, None, None]       # at 4 times
    >>> shared = strength * rng.standard_normal((10, 50))
    >>> subjects = [rdm(shared + rng.standard_normal((4, 10, 50))) for _ in range(6)]
    >>> ceilings = noise_ceilings(subjects, n_permutations=999, random_state=0)
    >>> (ceilings.pvalue_corrected < 0.05).tolist()
    [False, False, True, True]
    """
    check_option(method, "method", SIMILARITIES)
    check_permutations(n_permutations, controls)
    subjects, where = _of_subjects(rdms)
    first = as_array(subjects[0][:1], where[0], 2, allow_nan=True)
    n_conditions(first, where[0])
    control = as_controls(controls, method, first, "rdms", None)
    return ceilings_of(
        subjects,
        method,
        control,
        sigma,
        where=where,
        n_permutations=n_permutations,
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=verbose,
    )


def check_permutations(n_permutations: int, controls: RDMs | None) -> None:
    """Raise unless so many permutations can be made beside the controls."""
    check_integer(n_permutations, "n_permutations", 0)
    if n_permutations and controls is not None:
        raise ValueError(
            "a noise ceiling with controls has no permutation test: leave out n_permutations"
        )


def ceilings_of(
    subjects: list[Any],
    method: str,
    control: Controls,
    sigma: ArrayLike | None = None,
    *,
    where: list[str] | None = None,
    n_permutations: int = 0,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> NoiseCeilings:
    """Return the noise ceilings of condensed RDMs of each subject, shape (n_points, n_pairs)."""
    n, (n_points, n_pairs) = len(subjects), subjects[0].shape
    where = where or [f"rdms[{k}]" for k in range(n)]
    bounds, largest = np.empty((n_points, 2)), np.full(n_permutations, -np.inf)
    pvalue, seed = np.full(n_points, np.nan), seed_from(random_state) if n_permutations else 0
    size = n * n_pairs + n_permutations
    for points in blocks(n_points, size, _NUMBERS):
        part = slice(points.start, points.stop)
        x = np.stack(
            [as_array(s[part], w, 2, allow_nan=True) for s, w in zip(subjects, where, strict=True)]
        )
        x = np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(-1, n_pairs)
        null = np.empty((n_permutations, len(points)) if n_permutations else (0, 0))
        with progress_bar("Noise ceilings", verbose) as progress:
            _native.run(
                "rsa.ceilings",
                {"bounds": bounds[part], "null": null},
                {
                    "rdms": x,
                    "subjects": n,
                    **comparison(method, sigma, x, x[:0], control.values),
                    "seed": seed,
                },
                names=control.called,
                n_jobs=n_jobs,
                progress=progress,
            )
        if n_permutations:
            known = ~np.isnan(bounds[part, 0])
            null = np.where(np.isnan(null), np.inf, null)[:, known]
            pvalue[part][known] = permutation_pvalue(bounds[part, 0][known], null)
            largest = np.maximum(largest, null.max(axis=1, initial=-np.inf))
    _warn_of_undefined(bounds)
    return NoiseCeilings(
        lower=bounds[:, 0],
        upper=bounds[:, 1],
        pvalue=pvalue if n_permutations else None,
        pvalue_corrected=_corrected(pvalue, bounds[:, 0], largest) if n_permutations else None,
        n_subjects=n,
        n_permutations=n_permutations,
        method=method,
    )


def _of_subjects(rdms: Any) -> tuple[list[Any], list[str]]:
    """Return the RDMs of each subject over points, and what errors call them."""
    if isinstance(rdms, Mapping):
        items, own = split_names(rdms, "rdms")
        names: list[Name] = names_or_numbers(own, len(items))
        subjects = [_as_it_is(x) for x in items]
    else:
        if not isinstance(rdms, (list, tuple, np.ndarray)):
            rdms = as_array(rdms, "rdms", 3, allow_nan=True)
        subjects = [_as_it_is(x) for x in (rdms if getattr(rdms, "ndim", 1) else ())]
        names = list(range(len(subjects)))
    where = [f"rdms[{name!r}]" for name in names]
    if len(subjects) < 2:
        raise ValueError(f"rdms must be of at least 2 subjects, got {len(subjects)}")
    for x, name in zip(subjects, where, strict=True):
        if np.ndim(x) != 2 or np.shape(x) != np.shape(subjects[0]) or not np.size(x):
            raise ValueError(
                f"{name} must have shape (n_points, n_pairs), as those of all subjects, got "
                f"{np.shape(x)} after {np.shape(subjects[0])}"
            )
        if _is_one_square(x):
            raise ValueError(
                f"{name} must have shape (n_points, n_pairs), got a square RDM of {len(x)} "
                "conditions: condense each, and give noise_ceiling those of one point"
            )
    return subjects, where


def _is_one_square(x: np.ndarray) -> bool:
    """Whether what could be as many points as pairs is the RDM of one point."""
    if x.shape[0] != x.shape[1] or x.dtype.kind not in "fiu" or np.diagonal(x).any():
        return False
    return np.array_equal(x, x.T) and bool(x.any())


def _as_it_is(x: Any) -> np.ndarray:
    """Return an array that is not read yet, such as a memory map, with its mask if it has one."""
    return x if isinstance(x, np.ndarray) else np.asarray(x)


def _corrected(pvalue: np.ndarray, lower: np.ndarray, largest: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(pvalue), np.nan, largest_pvalue(lower, largest))


def _warn_of_undefined(bounds: np.ndarray) -> None:
    """Warn of points without a noise ceiling, or raise if these are all."""
    count = np.count_nonzero(np.isnan(bounds[:, 0]))
    text = (
        f"rdms: {count} of {len(bounds)} points have no noise ceiling: an RDM is constant or has "
        "too few entries, or those of subjects cancel in their mean"
    )
    if count == len(bounds):
        raise ValueError(text)
    if count:
        warn_user(f"{text}; their bounds are NaN")


def check_several(asked: bool, subjects: list[Name], method: str) -> None:
    """Raise if a noise ceiling is asked for where there is none."""
    if asked:
        check_option(method, "method", SIMILARITIES)
        if len(subjects) < 2:
            raise ValueError("noise_ceiling needs at least 2 subjects, got 1")
