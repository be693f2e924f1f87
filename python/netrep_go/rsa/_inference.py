"""Models against the RDMs of subjects: noise ceilings and bootstrap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import squareform

from netrep_go import _native
from netrep_go._jobs import RandomState, progress_bar, seed_from
from netrep_go._names import Name, names_or_numbers
from netrep_go._parameters import checked
from netrep_go._validation import check_integer, check_option
from netrep_go.rsa._ceiling import fixed, warn_if_undefined
from netrep_go.rsa._compare import METHODS, REGRESSIONS, comparison, models_and_rdms
from netrep_go.rsa._condensed import (
    RDMs,
    model_names,
)
from netrep_go.rsa._evaluation import ModelEvaluation, joined

__all__ = ["evaluate"]

_RESAMPLE = ("both", "conditions", "subjects")


@checked
def evaluate(
    models: RDMs,
    rdms: RDMs,
    method: str = "spearman",
    *,
    resample: Literal["both", "conditions", "subjects"] | None = None,
    n_bootstraps: int = 1000,
    noise_ceiling: bool = True,
    controls: RDMs | None = None,
    names: Iterable[Name] | None = None,
    sigma: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ModelEvaluation:
    r"""Compare model RDMs with the RDMs of subjects, with noise ceiling and bootstrap.

    Parameters
    ----------
    models : dict of array_like of shape (n_pairs,), or array_like of shape (n_pairs,), \
        (n_models, n_pairs), (n_conditions, n_conditions) or (n_models, n_conditions, n_conditions)
        RDMs that the models predict. The index of a DataFrame names the conditions of a
        square RDM, else the models in its rows.
    rdms : like models
        Measured RDMs: of subjects, or sessions. Entries that are NaN in any RDM, model
        or measured, are left out of all.
    method : str, default='spearman'
        Similarity, as in :func:`compare`; of a regression, the weight of each model beside the
        others, which has no noise ceiling.
    resample : {'both', 'conditions', 'subjects'} or None, default=None
        What is drawn with replacement. The results then hold for other conditions, other
        subjects, or both, than those that were measured. None draws nothing; the standard
        errors are then those over subjects.
    n_bootstraps : int, default=1000
        Number of bootstrap samples; fewer than 5 give no tests.
    noise_ceiling : bool, default=True
        Compute the noise ceiling, also of each sample, if there are two subjects or more.
    controls : like models, default=None
        RDMs whose part of models and measured RDMs is removed, as in :func:`compare`: in each
        bootstrap sample anew. The noise ceiling is that of what is left.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    sigma : array_like of shape (n_conditions,) or (n_conditions, n_conditions), default=None
        Noise of patterns, as in :func:`compare`.
    random_state : int, RandomState, Generator or None, default=None
        Determines the samples. The same number gives the same samples, whatever ``n_jobs``.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ModelEvaluation
        The similarities, with standard errors, tests and ``to_frame()``. Of several subjects it
        goes to :func:`cluster_test` with ``correction='max'`` or 'fdr', whose points are models.

    Raises
    ------
    ValueError
        If RDMs are of different conditions, a similarity is undefined, or there are fewer
        than 2 subjects or 4 conditions where these are to be resampled.

    Warns
    -----
    UserWarning
        If the RDMs of subjects cancel in their mean, as opposite ranks do, which are likely
        for 3 conditions: the noise ceiling is then NaN.

    Notes
    -----
    As in rsatoolbox, a pair of copies of one condition is left out of a sample, ranks are
    those within the sample, and the noise ceiling of a sample counts each subject drawn
    once. Samples with fewer than 3 different conditions, or in which an RDM is constant,
    are drawn again. With 'both', the variances of three bootstraps are combined so that
    what is due to both factors is counted once [1]_. 'bures' and 'neg_riem_dist' cannot
    resample conditions.

    References
    ----------
    .. [1] Schütt, Kipnis, Diedrichsen & Kriegeskorte (2023). Statistical inference on
       representational geometries. eLife 12, e82566. doi:10.7554/eLife.82566

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import evaluate, rdm
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((12, 50))
    >>> subjects = rdm(X + rng.standard_normal((5, 12, 50)))
    >>> models = {"true": rdm(X), "other": rdm(rng.standard_normal((12, 50)))}
    >>> evaluation = evaluate(models, subjects, resample="conditions", random_state=0)
    >>> evaluation.mean.round(2)
    array([ 0.49, -0.04])
    >>> (evaluation.pvalue_zero < 0.001).tolist()
    [True, False]
    """
    check_option(method, "method", METHODS)
    own, rdm_names, x, y, z, subjects = models_and_rdms(models, rdms, names, controls, method)
    n = _n_with_entries(np.vstack([x, y, z.reshape(len(z), x.shape[1])]))
    check_integer(n_bootstraps, "n_bootstraps", 2)
    _check_resample(resample, n, len(y))
    inputs = {"models": x, "subjects": y, **comparison(method, sigma, y, x, z)}
    with_ceiling = bool(noise_ceiling) and len(y) > 1 and method not in REGRESSIONS
    without = with_ceiling and resample is None
    found = fixed(x, y, method, sigma, subjects, controls=z, ceiling=with_ceiling, without=without)
    ceiling = found.ceiling if with_ceiling else None
    warn_if_undefined(ceiling)
    draws: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    if resample is not None:
        seed = seed_from(random_state)
        for what in (resample, "subjects", "conditions") if resample == "both" else (resample,):
            draws[what] = _bootstrap(
                inputs, subjects, what, (n_bootstraps, len(x)), with_ceiling, seed, n_jobs, verbose
            )
    main = draws.get(resample or "", (None, None))
    parts = [joined(*draws[what]) for what in ("subjects", "conditions") if resample == "both"]
    return ModelEvaluation(
        names=model_names(own, len(x)),
        method=method,
        resample=resample,
        similarities=found.similarities,
        draws=main[0],
        noise_ceiling=ceiling,
        noise_ceiling_draws=main[1],
        partial_draws=(parts[0], parts[1]) if parts else None,
        n_conditions=n,
        noise_ceiling_without=found.without if without else None,
        subjects=names_or_numbers(rdm_names, len(y)),
    )


def _check_resample(resample: str | None, n_conditions: int, n_rdms: int) -> None:
    """Raise if there is too little of what is to be resampled."""
    if resample is None:
        return
    check_option(resample, "resample", _RESAMPLE)
    if resample != "conditions" and n_rdms < 2:
        raise ValueError(f"resample={resample!r} needs at least 2 RDMs, got {n_rdms}")
    if resample != "subjects" and n_conditions < 4:
        raise ValueError(
            f"resample={resample!r} needs at least 4 conditions with entries in all RDMs, got "
            f"{n_conditions}: samples must have 3 different ones, and those of 3 are all the same"
        )


def _n_with_entries(vectors: np.ndarray) -> int:
    """Return the number of conditions with entries that are not NaN in any RDM."""
    present = squareform(~np.isnan(vectors).any(axis=0), checks=False)
    return int(np.count_nonzero(present.any(axis=0)))


def _bootstrap(
    inputs: dict[str, _native.Argument],
    subjects: _native.Names,
    what: str,
    shape: tuple[int, int],
    with_ceiling: bool,
    seed: int,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the mean similarities and noise ceilings of bootstrap samples."""
    draws = np.empty(shape)
    ceilings = np.empty((len(draws), 2)) if with_ceiling else np.empty((0, 0))
    factors = {"of_conditions": what != "subjects", "of_subjects": what != "conditions"}
    with progress_bar(f"Resampling {what}", verbose) as progress:
        _native.run(
            "rsa.bootstrap",
            {"evaluations": draws, "ceilings": ceilings},
            {**inputs, **factors, "seed": seed},
            names=subjects,
            n_jobs=n_jobs,
            progress=progress,
        )
    return draws, ceilings if with_ceiling else None
