"""Models with something to fit, beside fixed ones, cross-validated inside a bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._jobs import RandomState, counted, in_threads, seed_from
from netrep_go._names import Name, names_or_numbers, split_names
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._validation import check_integer, check_option
from netrep_go.rsa._ceiling import NoiseCeiling
from netrep_go.rsa._compare import SIMILARITIES, comparison
from netrep_go.rsa._condensed import (
    RDMs,
    check_alike,
    check_same_conditions,
    check_varies,
    model_names,
    named_vectors,
)
from netrep_go.rsa._evaluation import ModelEvaluation
from netrep_go.rsa._flexible_folds import ENTRIES, Data, Part, Sample, Scores, cross_validated

__all__ = ["FlexibleModel", "evaluate_flexible"]

_FITS = ("positive", "weights", "select", "interpolate")
_RESAMPLE = ("both", "conditions", "subjects")
_WHOLE = ("bures", "neg_riem_dist")  # of all pairs of conditions, which copies do not have
_TIED = 32 * np.finfo(float).eps  # as in compare
_PER_FOLD = 3  # conditions, which have three pairs
_KEPT = 1 - float(np.exp(-1.0))  # share of things that are in a bootstrap sample
_REPEATS = 50  # cross-validations of the data as they are
_ATTEMPTS = 1000  # of drawing a sample in which all is defined


@dataclass(frozen=True, repr=False, eq=False)
class FlexibleModel(Result):
    """Model RDMs of which one prediction is fitted: a weighted sum, a choice, or a point between.

    Parameters
    ----------
    rdms : array_like of shape (n_rdms, n_pairs) or (n_rdms, n_conditions, n_conditions), or \
dict of single RDMs
        RDMs of which the prediction is made, such as those of layers.
    fit : {'positive', 'weights', 'select', 'interpolate'}, default='positive'
        'positive': the weighted sum with weights that are not negative; 'weights': with any
        weights; 'select': the RDM that is most similar; 'interpolate': the point on the way
        from one RDM to the next in the order given, such as those of a parameter.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import FlexibleModel
    >>> FlexibleModel(np.ones((3, 10)), "select")
    FlexibleModel(fit='select')
    """

    rdms: RDMs = field(repr=False)
    fit: Literal["positive", "weights", "select", "interpolate"] = "positive"


Models = Mapping[Any, Any] | Sequence[Any]


@checked
def evaluate_flexible(
    models: Models,
    rdms: RDMs,
    method: str = "spearman",
    *,
    resample: Literal["both", "conditions", "subjects"] = "both",
    n_bootstraps: int = 1000,
    n_cv: int = 2,
    n_condition_folds: int | None = None,
    n_subject_folds: int | None = None,
    noise_ceiling: bool = True,
    names: Iterable[Name] | None = None,
    sigma: ArrayLike | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ModelEvaluation:
    r"""Compare flexible and fixed models with the RDMs of subjects, cross-validated.

    A model that is fitted does well on what it was fitted to, also if it is noise. Here every
    model predicts pairs of conditions, of subjects, that had no part in its fit: conditions
    and subjects are cut into folds, a model is fitted to the pairs between the conditions of
    all folds but one, of the subjects of all folds but one, and compared with the pairs
    within the conditions, of the subjects, that were left out. Fixed models are compared on
    the same pairs, so that their means may be tested against each other [1]_.

    The bootstrap repeats all this: conditions and subjects are drawn first, and copies of one
    are in the same fold. Each sample is cut into folds ``n_cv`` times. With :math:`V_1` the
    variance over samples of one cross-validation and :math:`V_n` that of the mean of n,
    :math:`(n V_n - V_1) / (n - 1)` is that of the mean of all, without the chance of folds.
    It is uncertain where there are few samples, and 0 where it would be negative: such tests
    are NaN. With 'both', noise that conditions and subjects share counts twice, as in
    rsatoolbox's ``bootstrap_crossval``: tests are conservative. Share of models of noise,
    of 20 conditions and 6 subjects, that were significant at 0.05, and of differences between a
    fixed one and a sum of four, with weights that are not negative:

    ============  ============  ===========  =====  ========  ==========
    resample      n_bootstraps  simulations  fixed  weighted  difference
    ============  ============  ===========  =====  ========  ==========
    'both'        250           150          0.03   0.05      0.03
    'conditions'  250           200          0.06   0.07      0.09
    'conditions'  1000          50           0.06   0.02      0.02
    ============  ============  ===========  =====  ========  ==========

    Parameters
    ----------
    models : dict, or sequence, of FlexibleModel or array_like of single RDMs
        Models; a single RDM, condensed or square, is a fixed one.
    rdms : array_like of shape (n_subjects, n_pairs) or (n_subjects, n_conditions, \
            n_conditions), or dict of single RDMs
        Measured RDMs. Entries that are NaN in any RDM, model or measured, are left out.
    method : str, default='spearman'
        Similarity, as in :func:`compare`, but for 'bures' and 'neg_riem_dist'.
    resample : {'both', 'conditions', 'subjects'}, default='both'
        What is drawn with replacement, as in :func:`evaluate`.
    n_bootstraps : int, default=1000
        Number of bootstrap samples.
    n_cv : int, default=2
        Number of cross-validations of each sample, at least 2.
    n_condition_folds, n_subject_folds : int, default=None
        Number of folds of conditions and of subjects. 1 fits to all of them: then predictions
        are for others of the other kind alone. None takes 2 to 5 by their number, as
        rsatoolbox does; 1 for a single RDM.
    noise_ceiling : bool, default=True
        Compute the noise ceiling of the pairs that are predicted, if there are two subjects
        or more.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    sigma : array_like of shape (n_conditions,), default=None
        Variances of the noise of patterns, for 'corr_cov' and 'cosine_cov'.
    random_state : int, RandomState, Generator or None, default=None
        Determines samples and folds. The same number gives the same ones, whatever ``n_jobs``.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ModelEvaluation
        As of :func:`evaluate`, for ``compare_models`` and ``plot()``. The similarities are
        means over 50 cross-validations of all conditions and subjects.

    Raises
    ------
    ValueError
        If RDMs are of different conditions, or there are too few conditions or subjects for
        the folds: samples need 3 different conditions in each fold, and the folds of both
        kinds may not be 1.

    Notes
    -----
    Weights minimize the squared distance from the mean RDM of the training subjects, which are
    normalized as the similarity does (see :func:`noise_ceiling`), in the metric of 'corr_cov'
    and 'cosine_cov' for these. For 'pearson', 'cosine', 'corr_cov' and 'cosine_cov' this is
    what makes the mean similarity largest, and interpolation the same within its pair; the
    values are those of rsatoolbox's ``fit_regress`` and ``fit_regress_nn``. For ranks the
    target is the mean of ranks. Selection is by the similarity itself.

    A prediction that is the same for all pairs of a fold has the similarity 0. The upper bound
    of the noise ceiling is the similarity to the mean over all subjects, normalized on the
    pairs that are predicted; rsatoolbox normalizes on all pairs.

    References
    ----------
    .. [1] Schütt, Kipnis, Diedrichsen & Kriegeskorte (2023). Statistical inference on
       representational geometries. eLife 12, e82566. doi:10.7554/eLife.82566

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import FlexibleModel, evaluate_flexible, rdm
    >>> rng = np.random.default_rng(0)
    >>> low, high, noise = rng.standard_normal((3, 20, 40))
    >>> data = np.hstack([low, 2 * high])
    >>> subjects = rdm(data + 2 * rng.standard_normal((6, 20, 80)), "sqeuclidean")
    >>> layers = rdm([low, high, noise], "sqeuclidean")
    >>> models = {"high": layers[1], "noise": layers[2], "weighted": FlexibleModel(layers)}
    >>> evaluation = evaluate_flexible(models, subjects, n_bootstraps=50, random_state=0)
    >>> (evaluation.mean > 0.2).tolist()
    [True, False, True]
    """
    check_option(method, "method", SIMILARITIES)
    check_option(resample, "resample", _RESAMPLE)
    if method in _WHOLE:
        raise ValueError(f"method={method!r} needs all pairs of conditions, and samples have not")
    check_integer(n_bootstraps, "n_bootstraps", 2)
    check_integer(n_cv, "n_cv", 2)
    own, data = _prepared(models, names, rdms, method, sigma, noise_ceiling)
    data = data._replace(
        folds=_numbers_of_folds(
            len(data.conditions), len(data.y), n_condition_folds, n_subject_folds, resample
        )
    )
    seed, n_models = seed_from(random_state), len(data.parts)
    whole = [each for (each,) in _samples(data, "", _REPEATS, 1, seed, n_jobs, False)]
    bounds = np.mean([each.bounds() for each in whole], axis=0)
    rows = _rows(data, resample, n_bootstraps, n_cv, seed, n_jobs, verbose)
    draws = np.stack([*rows], axis=1)
    main = draws.mean(axis=0)
    return ModelEvaluation(
        names=model_names(own, n_models),
        method=method,
        resample=resample,
        similarities=np.mean([each.scores for each in whole], axis=0),
        draws=main[:, :n_models],
        noise_ceiling=NoiseCeiling(*bounds.tolist()) if data.with_ceiling else None,
        noise_ceiling_draws=main[:, n_models:] if data.with_ceiling else None,
        partial_draws=None,
        n_conditions=len(data.conditions),
        cv_draws=draws,
    )


def _prepared(
    models: Models,
    names: Iterable[Name] | None,
    rdms: RDMs,
    method: str,
    sigma: ArrayLike | None,
    noise_ceiling: bool,
) -> tuple[list[Name] | None, Data]:
    """Return the names of models, and what samples are drawn from."""
    own, parts, x = _candidates(models, names)
    rdm_names, y = named_vectors(rdms, "rdms", allow_nan=True)
    n = check_same_conditions(x, "models", y, "rdms")
    check_alike(**_labeled(models), rdms=rdms)
    noise = np.asarray(comparison(method, sigma, y, x)["sigma"])
    if noise.size == n * n:
        raise ValueError("sigma must be variances: covariances of copies are not defined")
    place = _places(np.vstack([x, y]), n)
    if np.count_nonzero(place >= 0) < 2 * _PER_FOLD:
        raise ValueError(f"models and rdms need {_PER_FOLD} entries that none of them lacks (NaN)")
    check_varies(y[:, place[place >= 0]], "rdms", rdm_names)
    y = _of_one_unit(y)
    return own, Data(
        x=_of_one_unit(x),
        y=y if method in ENTRIES else _with_ties(y),
        parts=parts,
        place=place,
        conditions=np.flatnonzero((place >= 0).any(axis=0)),
        method=method,
        sigma=noise if noise.size else np.ones(n),
        with_ceiling=noise_ceiling and len(y) > 1,
    )


def _candidates(
    models: Models, names: Iterable[Name] | None
) -> tuple[list[Name] | None, list[Part], np.ndarray]:
    """Return the names of models, how each is fitted, and the RDMs of all."""
    items, own = split_names(models, "models", names)
    if not items:
        raise ValueError("models must have at least one model, got none")
    parts: list[Part] = []
    rows: list[np.ndarray] = []
    for name, item in zip(names_or_numbers(own, len(items)), items, strict=True):
        where, flexible = f"models[{name!r}]", isinstance(item, FlexibleModel)
        vectors = named_vectors(item.rdms if flexible else item, where, allow_nan=True)[1]
        fit = item.fit if flexible else ""
        if flexible:
            check_option(fit, f"fit of {where}", _FITS)
        elif len(vectors) != 1:
            raise ValueError(
                f"{where} must be one RDM, or several in a FlexibleModel, got {len(vectors)}"
            )
        if fit == "interpolate" and len(vectors) < 2:
            raise ValueError(f"{where} must have at least 2 RDMs to interpolate between, got 1")
        if rows:
            check_same_conditions(rows[0], "the first of models", vectors, where)
        start = sum(map(len, rows))
        parts.append((fit, slice(start, start + len(vectors))))
        rows.append(vectors)
    return own, parts, np.concatenate(rows)


def _labeled(models: Models) -> dict[str, Any]:
    """Return the RDMs of models as they were given, by what errors call them."""
    items, own = split_names(models, "models")
    return {
        f"models[{name!r}]": item.rdms if isinstance(item, FlexibleModel) else item
        for name, item in zip(names_or_numbers(own, len(items)), items, strict=True)
    }


def _places(vectors: np.ndarray, n: int) -> np.ndarray:
    """Return where pairs of conditions are in condensed RDMs, -1 for what some RDM lacks."""
    place = np.full((n, n), -1)
    i, j = np.triu_indices(n, 1)
    known = ~np.isnan(vectors).any(axis=0)
    place[i, j] = np.where(known, np.arange(len(i)), -1)
    return np.maximum(place, place.T)


def _numbers_of_folds(
    n: int, n_subjects: int, conditions: int | None, subjects: int | None, resample: str
) -> tuple[int, int]:
    """Return how many folds there are of conditions and of subjects."""
    if subjects is None:
        subjects = 1 if n_subjects == 1 else 2 + sum(_KEPT * n_subjects >= m for m in (6, 12, 20))
    if conditions is None:
        conditions = 2 + sum(_KEPT * n >= m for m in (12, 24, 40))
    check_integer(conditions, "n_condition_folds", 1)
    check_integer(subjects, "n_subject_folds", 1)
    if conditions == subjects == 1:
        raise ValueError("n_condition_folds and n_subject_folds must not both be 1")
    drawn_conditions = resample != "subjects"
    least = _PER_FOLD * conditions
    if n < np.ceil(least / _KEPT if drawn_conditions else least):
        raise ValueError(
            f"{conditions} folds of conditions need at least "
            f"{int(np.ceil(least / _KEPT if drawn_conditions else least))} conditions with "
            f"entries in all RDMs{' to draw from' if drawn_conditions else ''}, got {n}"
        )
    least = max(subjects, 2) + (subjects > 1) if resample != "conditions" else subjects
    if n_subjects < least:
        raise ValueError(
            f"resample={resample!r} needs at least {least} RDMs for {subjects} fold(s) of "
            f"subjects, got {n_subjects}"
        )
    return conditions, subjects


def _of_one_unit(vectors: np.ndarray) -> np.ndarray:
    """Return RDMs whose largest entry is 1, for precision: no similarity has a unit."""
    size = np.nanmax(np.abs(vectors), axis=1, keepdims=True)
    return np.divide(vectors, size, out=vectors.copy(), where=size > 0)


def _with_ties(vectors: np.ndarray) -> np.ndarray:
    """Return RDMs in which entries that rounding tells apart are equal, by the rule of compare."""
    tied = vectors.copy()
    for row in tied:
        order = np.argsort(row)
        known = row[order][: np.count_nonzero(~np.isnan(row))]
        middle = np.abs(np.quantile(known, [0.25, 0.75])).max()
        near = np.maximum(np.maximum(np.abs(known[1:]), np.abs(known[:-1])), middle)
        first = np.concatenate([[True], np.diff(known) > _TIED * near])
        row[order[: len(known)]] = known[first][np.cumsum(first) - 1]
    return tied


def _rows(data: Data, what: str, n: int, n_cv: int, seed: int, *options: Any) -> Iterator[Any]:
    """Yield for each sample the rows of draws of its cross-validations."""
    for each in _samples(data, what, n, n_cv, seed, *options):
        yield np.stack([found.row() for found in each])


def _samples(
    data: Data, what: str, n: int, n_cv: int, seed: int, n_jobs: int | None, verbose: bool
) -> Iterator[list[Scores]]:
    """Yield what the cross-validations of each sample find; nothing is drawn without ``what``."""

    def evaluated(t: int) -> list[Scores]:
        rng = np.random.default_rng([seed, len(what), t])
        for _ in range(_ATTEMPTS):
            found = _evaluated(data, what, n_cv, rng)
            if found is not None:
                return found
        raise ValueError(
            f"{_ATTEMPTS} samples in a row cannot be evaluated: they have fewer than "
            f"{_PER_FOLD} conditions in a fold, or an RDM is constant in one"
        )

    return counted(in_threads(evaluated, range(n), n_jobs), f"Resampling {what}", n, verbose)


def _evaluated(data: Data, what: str, n_cv: int, rng: np.random.Generator) -> list[Scores] | None:
    """Return what the cross-validations of a sample find, None if some of it is undefined."""
    n, n_subjects = len(data.conditions), len(data.y)
    drawn = rng.integers(n, size=n) if what in ("both", "conditions") else np.arange(n)
    picked = rng.integers(n_subjects, size=n_subjects)
    subjects = np.arange(n_subjects) if what in ("", "conditions") else picked
    sample = Sample(
        data.conditions[np.sort(drawn)], np.bincount(subjects, minlength=n_subjects).astype(float)
    )
    different = np.unique(sample.conditions)
    if len(different) < _PER_FOLD * data.folds[0] or np.count_nonzero(sample.subjects) < max(
        data.folds[1], 1 + data.with_ceiling
    ):
        return None
    found = []
    for _ in range(n_cv):
        of_conditions = np.full(len(data.place), -1)
        of_conditions[different] = rng.permutation(len(different)) % data.folds[0]
        of_subjects, seen = np.full(n_subjects, -1), np.flatnonzero(sample.subjects)
        of_subjects[seen] = rng.permutation(len(seen)) % data.folds[1]
        scores = cross_validated(data, sample, of_conditions, of_subjects)
        if scores is None:
            return None
        found.append(scores)
    return found
