"""Fusion: RDMs of times, such as of MEG, with RDMs of places, such as of fMRI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._names import (
    Name,
    check_all_same_names,
    check_same_names,
    holds_arrays,
    names_or_numbers,
    row_names,
    split_names,
)
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._time_course import windows
from netrep_go._validation import check_option
from netrep_go.rsa._compare import SIMILARITIES, similarities
from netrep_go.rsa._condensed import (
    called,
    check_named_alike,
    check_same_conditions,
    condition_names,
    named_vectors,
)
from netrep_go.rsa._fusion_result import Fusion
from netrep_go.rsa._rdm import METRICS, rdm
from netrep_go.rsa._searchlight import searchlight
from netrep_go.rsa._subjects import as_subjects, conditions_of
from netrep_go.rsa._windows import noise_of, over_time, window_rdms

_PRECOMPUTED = "precomputed"
_OVER = ("places", "times", "both")
_AROUND = ("mask", "neighbors", "surface")  # what makes places the centers of searchlights


@checked
def fusion(
    temporal: Any,
    spatial: Any,
    *,
    times: ArrayLike | None = None,
    window: int = 1,
    step: int = 1,
    temporal_metric: str = "correlation",
    metric: str = "correlation",
    method: str = "spearman",
    over: Literal["places", "times", "both"] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
    **options: Any,
) -> Fusion:
    """Compare the RDM of every time with the RDM of every place.

    What a measurement that resolves times, such as MEG, and one that resolves places, such as
    fMRI, have in common are the conditions: where their RDMs agree, a place has what is there
    at that time [1]_. It is :func:`searchlight` with the RDMs of times as models, or the same
    with regions.

    Parameters
    ----------
    temporal : array_like, dict, list or objects of MNE
        Responses over time, as in :func:`time_resolved`: of shape (n_conditions, n_features,
        n_times), with an axis of subjects before, or a list or dict by subject. With
        ``temporal_metric='precomputed'``, RDMs of shape (n_times, n_pairs) or (n_subjects,
        n_times, n_pairs), or a list or dict by subject of them.
    spatial : dict, list or data of a searchlight
        Regions: a dict of responses of shape (n_conditions, n_features), such as
        :func:`regions` returns, or with ``metric='precomputed'`` of RDMs (or their rows); a
        list or dict by subject of these. With ``mask``, ``neighbors`` or ``surface``: what
        :func:`searchlight` takes as data, of one subject or several.
    times : array_like of shape (n_times,), default=None
        Time of each sample; None for its number, or that of objects of MNE.
    window, step : int, default=1
        As in :func:`time_resolved`; with 'precomputed', RDMs are taken as they are.
    temporal_metric, metric : str, default='correlation'
        Dissimilarity of conditions over time and at places, as in :func:`rdm`, or
        'precomputed'.
    method : str, default='spearman'
        Similarity of RDMs, as in :func:`compare`.
    over : {'places', 'times', 'both'} or None, default=None
        Whose subjects the scores are of. 'places': each subject of ``spatial`` with the mean
        RDMs of those of ``temporal``; 'times': the other way round; 'both': the same subjects
        in the same order. None finds the only one that has several.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show progress bars.
    **options
        Of :func:`searchlight`, such as ``mask``, ``radius``, ``neighbors``, ``conditions``.

    Returns
    -------
    Fusion
        With ``scores`` of shape (n_subjects, n_places, n_times), ``plot()``,
        ``time_course()``, ``at()`` for maps, and ``cluster_test()``.

    Raises
    ------
    ValueError
        If conditions, times or places differ, both have several subjects and ``over`` is not
        given, or the mean over subjects of searchlights, whose RDMs are not kept, is asked for.

    Notes
    -----
    Scores of the subjects of one measurement share the mean RDMs of the other, and the noise in
    them: tests over subjects ask whether these very RDMs are found in other subjects, too, not
    whether others would be. Where RDMs of times were noise alone, and regions had RDMs that
    subjects share, 'places' had significant clusters (p < 0.05) in 90 % of 60 simulations, 'both'
    in 5 %. Prefer 'both'; else compare scores with those of times before the onset. Tests of others
    warn.

    References
    ----------
    .. [1] Cichy, R. M., Pantazis, D. & Oliva, A. (2014). Resolving human object recognition
       in space and time. Nature Neuroscience 17, 455-462. doi:10.1038/nn.3635

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import fusion
    >>> rng = np.random.default_rng(0)
    >>> early, late = rng.standard_normal((2, 12, 20))    # 12 conditions
    >>> meg = np.stack([early, early, late, late], axis=2)
    >>> fmri = [{"V1": early + rng.standard_normal((12, 20)),
    ...          "IT": late + rng.standard_normal((12, 20))} for subject in range(5)]
    >>> result = fusion(meg, fmri, times=[0.1, 0.11, 0.2, 0.21])
    >>> result.scores.shape, result.mean.argmax(axis=1).tolist()
    ((5, 2, 4), [0, 2])
    """
    check_option(method, "method", SIMILARITIES)
    check_option(temporal_metric, "temporal_metric", (*METRICS, _PRECOMPUTED))
    lights = any(options.get(name) is not None for name in _AROUND)
    if options and not lights:
        raise TypeError(
            f"{next(iter(options))} is for searchlights, which need mask, neighbors or surface"
        )
    if not lights:
        check_option(metric, "metric", (*METRICS, _PRECOMPUTED))
    series = _series(temporal, times, window, step, temporal_metric, n_jobs, verbose)
    subjects, own = _by_subject(spatial, lights, options.get("mask"))
    whose: str = over or _only_one(len(series.rdms), len(subjects))
    if whose == "both" and len(series.rdms) != len(subjects):
        raise ValueError(
            f"over='both' needs the same subjects, got {len(series.rdms)} in temporal and "
            f"{len(subjects)} in spatial"
        )
    models = series.rdms if whose != "places" else series.rdms.mean(axis=0, keepdims=True)
    named = names_or_numbers(own, len(subjects)) if whose == "places" else series.subjects
    if whose == "both" and own is not None and series.named:
        check_same_names(series.subjects, "temporal", own, "spatial", "subjects")
    _check_conditions(series, subjects, options.get("conditions"), lights, metric)
    where = {"metric": metric, "method": method, "n_jobs": n_jobs, "verbose": verbose}
    given = models, subjects, whose, series.times, named, where
    return _of_searchlights(*given, options) if lights else _of_regions(*given)


class _Series(NamedTuple):
    """RDMs of times, of shape (n_subjects, n_times, n_pairs)."""

    rdms: np.ndarray
    times: np.ndarray
    subjects: list[Name]
    named: bool
    conditions: list[Name] | None


def _series(
    temporal: Any,
    times: ArrayLike | None,
    window: int,
    step: int,
    metric: str,
    n_jobs: int | None,
    verbose: bool,
) -> _Series:
    if metric == _PRECOMPUTED:
        several = holds_arrays(temporal) or isinstance(temporal, (list, tuple))
        if np.ndim(temporal) == 3 and not several:  # of subjects, unless RDMs are square
            several = np.shape(temporal)[1] != np.shape(temporal)[2]
        items, own = split_names(temporal if several else [temporal], "temporal")
        keys = names_or_numbers(own, len(items))
        each = [
            named_vectors(item, f"temporal[{key!r}]")[1]
            for key, item in zip(keys, items, strict=True)
        ]
        _check_alike(each, keys)
        conditions = {
            f"temporal[{key!r}]": condition_names(x) for key, x in zip(keys, items, strict=True)
        }
        check_named_alike(**conditions)
        centers = windows(len(each[0]), times, 1, 1)[1]
        known = [names for names in conditions.values() if names is not None]
        return _Series(np.stack(each), centers, keys, own is not None, known[0] if known else None)
    with _naming("temporal"):
        data, sets, designs, at, cut = over_time(temporal, times, window, step, metric)
        noise = noise_of(None, "each", metric, sets, at)
        each = []
        for k, design in enumerate(designs):
            parts = window_rdms(sets, k, cut, metric, design, noise, np.empty(0), n_jobs, verbose)
            each.append(np.concatenate([rdms for _, rdms in parts]))
    return _Series(np.stack(each), cut.centers, sets.keys, holds_arrays(data), designs[0].names)


@contextmanager
def _naming(argument: str) -> Iterator[None]:
    """Let errors of other functions, which call their data otherwise, name the argument."""
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{argument}: {error}") from None


def _check_alike(each: list[np.ndarray], keys: list[Name]) -> None:
    for key, rdms in zip(keys, each, strict=True):
        if rdms.shape != each[0].shape:
            raise ValueError(
                f"temporal[{keys[0]!r}] and temporal[{key!r}] must have the same times and "
                f"conditions, got shapes {each[0].shape} and {rdms.shape}"
            )


def _by_subject(spatial: Any, lights: bool, mask: Any) -> tuple[list[Any], list[Name] | None]:
    """Return what each subject has at its places, and the subjects if they have names."""
    if lights:
        several = isinstance(spatial, Mapping) or as_subjects(spatial, mask) is not None
    elif isinstance(spatial, Mapping):
        several = all(isinstance(item, Mapping) for item in spatial.values())
    else:
        several = isinstance(spatial, (list, tuple))
    items, own = split_names(spatial, "spatial") if several else ([spatial], None)
    if not items:
        raise ValueError("spatial must have at least one subject, got none")
    return items, own


def _only_one(n_temporal: int, n_spatial: int) -> str:
    """Return which side has several subjects, if but one has."""
    if n_temporal > 1 and n_spatial > 1:
        raise ValueError(
            f"over must be one of {', '.join(_OVER)} where both have several subjects, got None "
            f"for {n_temporal} in temporal and {n_spatial} in spatial"
        )
    return "times" if n_temporal > 1 else "places"


def _of_regions(
    models: np.ndarray,
    subjects: list[Any],
    over: str,
    times: np.ndarray,
    named: list[Name],
    where: dict[str, Any],
) -> Fusion:
    """Compare the RDMs of regions with those of times."""
    each = [_region_rdms(item, k, where["metric"]) for k, item in enumerate(subjects)]
    first, rdms = each[0][0], [vectors for _, vectors in each]
    for k, names in enumerate(names for names, _ in each):
        if names != first:
            raise ValueError(
                f"spatial must have the same regions in the same order, got {shown(first)} and, "
                f"of subject {k}, {shown(names)}"
            )
    check_same_conditions(models[0], "temporal", rdms[0], "spatial")
    regions = np.mean(rdms, axis=0, keepdims=True) if over == "times" else np.stack(rdms)
    n = max(len(models), len(regions))
    called_by = {"RDM": called("spatial", first), "model": lambda k: f"the RDM of time {k}"}
    scores = [
        similarities(
            regions[k % len(regions)],
            models[k % len(models)],
            where["method"],
            names=called_by,
            n_jobs=where["n_jobs"],
        )
        for k in range(n)
    ]
    return Fusion(
        scores=np.stack(scores),
        times=times,
        names=first,
        subjects=named,
        method=where["method"],
        over=over,
    )


def _check_conditions(
    series: _Series, subjects: list[Any], labels: Any, lights: bool, metric: str
) -> None:
    """Raise if times and the places of subjects, those that name their conditions, have others."""
    found = {"temporal": series.conditions}
    for k, item in enumerate(subjects):
        if lights:
            names = conditions_of(item, labels)
        elif metric == _PRECOMPUTED:
            names = condition_names(item)
        else:  # those of the first region: all have the same
            names = row_names(next(iter(item.values()))) if isinstance(item, Mapping) else None
        found[f"spatial of subject {k}"] = names
    check_all_same_names(found.items(), "conditions")


def _region_rdms(regions: Any, subject: int, metric: str) -> tuple[list[Name], np.ndarray]:
    """Return the names and the RDMs of the regions of a subject."""
    argument = f"spatial of subject {subject}"
    if metric == _PRECOMPUTED:
        own, vectors = named_vectors(regions, argument)
        return names_or_numbers(own, len(vectors)), vectors
    if not isinstance(regions, Mapping):
        raise TypeError(
            f"{argument} must be a dict of responses by region, or searchlights need mask, "
            f"neighbors or surface, got {shown(regions)}"
        )
    with _naming(argument):
        return list(regions), rdm(regions, metric)


def _of_searchlights(
    models: np.ndarray,
    subjects: list[Any],
    over: str,
    times: np.ndarray,
    named: list[Name],
    where: dict[str, Any],
    options: dict[str, Any],
) -> Fusion:
    """Compare the RDMs of searchlights with those of times, all times in one pass."""
    if over == "times" and len(subjects) > 1:
        raise ValueError(
            "over='times' needs one subject in spatial: RDMs of searchlights are not kept to be "
            f"averaged, got {len(subjects)}"
        )
    if over == "times":
        models = models.reshape(1, -1, models.shape[-1])
    found = []
    for k, item in enumerate(subjects):
        with _naming(f"spatial of subject {k}"):
            found.append(searchlight(item, models[k % len(models)], **where, **options))
    first = found[0]
    for k, result in enumerate(found):
        if result.shape != first.shape or not np.array_equal(result.centers, first.centers):
            raise ValueError(f"spatial must have the same centers, but subject {k} has others")
    scores = np.stack([result.scores for result in found])
    if over == "times":
        scores = scores[0].reshape(len(first.centers), -1, len(times)).swapaxes(0, 1)
    return Fusion(
        scores=scores,
        times=times,
        names=first.centers.tolist(),
        subjects=named,
        method=where["method"],
        centers=first.centers,
        n_features=np.min([result.n_features for result in found], axis=0),
        shape=first.shape,
        affine=first.affine,
        over=over,
    )
