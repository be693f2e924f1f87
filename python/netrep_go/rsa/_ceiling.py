"""The noise ceiling: how well any model can be expected to do."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrep_go import _native
from netrep_go._jobs import warn_user
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_option
from netrep_go.rsa._compare import NO_RDMS, SIMILARITIES, as_controls, comparison
from netrep_go.rsa._condensed import RDMs, called, condition_names, named_vectors

__all__ = ["NoiseCeiling", "noise_ceiling"]

UNDEFINED = (
    "the RDMs of subjects cancel in their mean, which has no similarity to them: there is no "
    "noise ceiling"
)


class _Bounds(NamedTuple):
    lower: float
    upper: float


class NoiseCeiling(Result, _Bounds):
    """Bounds of how similar the RDM of the true model would be to those of subjects.

    Attributes
    ----------
    lower, upper : float
        The bounds.
    """

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with one row.

        Returns
        -------
        pandas.DataFrame
            With columns lower, upper.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        return pandas().DataFrame([self._asdict()])


@checked
def noise_ceiling(
    rdms: RDMs,
    method: str = "spearman",
    *,
    controls: RDMs | None = None,
    sigma: ArrayLike | None = None,
) -> NoiseCeiling:
    """Return the bounds of the noise ceiling.

    The upper bound is the mean similarity of the RDMs to their mean, the lower one that
    of each to the mean of the others [1]_. RDMs are normalized before they are averaged,
    as the similarity does: ranks for rank correlations, z-scores for 'pearson' and
    'corr_cov', unit length for 'cosine' and 'cosine_cov', unit sum for 'bures'.
    :func:`noise_ceilings` is the same at many points, and tests the lower bound.

    Parameters
    ----------
    rdms : array_like of shape (n_subjects, n_pairs) or (n_subjects, n_conditions, \
n_conditions), or dict of single RDMs
        RDMs of at least two subjects. Entries that are NaN in one are left out of all.
    method : str, default='spearman'
        Similarity, as in :func:`compare`, but no regression.
    controls : like models of :func:`compare`, default=None
        RDMs whose part is removed, as in :func:`compare`. What is left is averaged, of unit
        length, and of 'spearman' not ranked again.
    sigma : array_like of shape (n_conditions,) or (n_conditions, n_conditions), default=None
        Noise of patterns, as in :func:`compare`.

    Returns
    -------
    NoiseCeiling
        With ``lower`` and ``upper``.

    Raises
    ------
    ValueError
        If there are fewer than two subjects, or their RDMs, or all but one of them, cancel
        in their mean, as opposite ranks do.

    References
    ----------
    .. [1] Nili, Wingfield, Walther, Su, Marslen-Wilson & Kriegeskorte (2014). A toolbox
       for representational similarity analysis. PLoS Comput. Biol. 10, e1003553.
       doi:10.1371/journal.pcbi.1003553

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import noise_ceiling, rdm
    >>> rng = np.random.default_rng(0)
    >>> subjects = rng.standard_normal((10, 50)) + rng.standard_normal((4, 10, 50))
    >>> lower, upper = noise_ceiling(rdm(subjects))
    >>> round(lower, 2), round(upper, 2)
    (0.29, 0.61)
    """
    check_option(method, "method", SIMILARITIES)
    names, y = named_vectors(rdms, "rdms", allow_nan=True)
    z, called_controls = as_controls(controls, method, y, "rdms", condition_names(rdms))
    called_by = {"RDM": called("rdms", names), **called_controls}
    found = fixed(NO_RDMS, y, method, sigma, called_by, controls=z)
    if np.isnan(found.ceiling.lower):
        raise ValueError(UNDEFINED)
    return found.ceiling


class Fixed(NamedTuple):
    """Similarities of models to subjects, and noise ceilings, NaN if not asked for or undefined."""

    similarities: np.ndarray
    ceiling: NoiseCeiling
    without: np.ndarray


def fixed(
    models: np.ndarray,
    subjects: np.ndarray,
    method: str,
    sigma: ArrayLike | None,
    names: _native.Names,
    *,
    controls: np.ndarray | None = None,
    ceiling: bool = True,
    without: bool = False,
) -> Fixed:
    """Compare condensed RDMs of models with those of subjects, with what is asked for."""
    n = len(subjects)
    similarities = np.empty((len(models), n))
    bounds = np.empty((2, n if ceiling else 0))
    left = np.empty(n if without else 0)
    _native.run(
        "rsa.evaluate",
        {"similarities": similarities, "ceiling": bounds, "without": left},
        {
            "models": models,
            "subjects": subjects,
            **comparison(method, sigma, subjects, models, controls),
        },
        names=names,
    )
    lower, upper = bounds.mean(axis=1).tolist() if ceiling else (np.nan, np.nan)
    return Fixed(similarities, NoiseCeiling(lower, upper), left)


def warn_if_undefined(ceiling: NoiseCeiling | None) -> None:
    """Warn where a noise ceiling was asked for and there is none."""
    if ceiling is not None and np.isnan(ceiling.lower):
        warn_user(f"{UNDEFINED}: it is NaN")
