"""Searchlights: RDMs of neighborhoods, compared with models and never stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from netrep_go import _native
from netrep_go._jobs import about, progress_bar, warn_user
from netrep_go._names import Name, check_same_indexes, names_or_numbers
from netrep_go._parameters import checked
from netrep_go._validation import check_option
from netrep_go.rsa._betas import Betas, labeled
from netrep_go.rsa._compare import METHODS, as_controls
from netrep_go.rsa._condensed import (
    RDMs,
    called,
    check_named_alike,
    condition_names,
    named_vectors,
)
from netrep_go.rsa._images import Images
from netrep_go.rsa._lights import Around, Lights, inputs_of, lights_of, observed_of
from netrep_go.rsa._lists import flattened
from netrep_go.rsa._local import (
    LOCAL_METRICS,
    as_design,
    as_estimator,
    check_same_conditions,
    warn_of_observed,
)
from netrep_go.rsa._noise import check_noise_features, has_several
from netrep_go.rsa._rdm import NoiseOfFolds, check_by_fold
from netrep_go.rsa._searchlight_result import SearchlightResult
from netrep_go.rsa._subjects import Subjects, as_subjects
from netrep_go.rsa._surfaces import Surface
from netrep_go.rsa._volumes import Volumes, check_same_place


@checked
def searchlight(
    data: ArrayLike | Images | Betas,
    models: RDMs,
    *,
    mask: ArrayLike | Images | None = None,
    radius: float = 3.0,
    threshold: float = 0.0,
    neighbors: Sequence[ArrayLike] | sparse.sparray | sparse.spmatrix | None = None,
    surface: Surface | None = None,
    geodesic: bool = True,
    step: int = 1,
    affine: ArrayLike | None = None,
    metric: str = "correlation",
    method: str = "spearman",
    conditions: ArrayLike | None = None,
    folds: ArrayLike | None = None,
    noise: NoiseOfFolds | None = None,
    residuals: ArrayLike | None = None,
    residual_folds: ArrayLike | None = None,
    controls: RDMs | None = None,
    names: Iterable[Name] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> SearchlightResult:
    """Compare the RDM around every center with models.

    Around each voxel of a mask, those voxels of the mask that are closer than the radius
    give responses of the conditions, whose RDM is compared with the model RDMs [1]_ and
    forgotten. On a surface the same is done with vertices; for sensors or regions give
    neighbor lists. With the RDMs of time points as models this is the fusion of two
    measurements [2]_: ``scores.T`` has a row for each time and a column for each center.

    Parameters
    ----------
    data : array_like of shape (n_observations, n_features) or (n_observations, *mask.shape), \
image, path of an image, list of them, Betas, or objects of MNE; of several subjects a dict, list \
or array of these
        Responses, float32 or float64, which are not copied if rows or columns are
        contiguous. With a mask, the features are all voxels of the volume or only those of
        the mask, in row-major order. A voxel that is not finite in some observation is left
        out. Images are those of nibabel (the extra ``neuro``) or their files: conditions run
        along the last axis of an image of 4 dimensions, or along the list. :class:`Betas`
        bring conditions and, for 'crossnobis' and 'decoding', runs as folds. Objects of MNE
        are those of :func:`time_resolved`, with neighbor lists of their channels, less the bad
        ones, or vertices: all times of a list's channels count together, so crop them first.
        See Notes for several subjects.
    models : array_like of shape (n_pairs,), (n_models, n_pairs) or square matrices, or dict \
of single RDMs
        Model RDMs; pairs that are NaN in any of them do not count. The index of a DataFrame
        names the conditions of a square RDM, else the models in its rows.
    mask : array_like of shape (n_x, n_y, n_z), image or its path, default=None
        Voxels to use: those that are not 0. Two dimensions, or one, will do too. On a
        surface, the vertices; None for all of them.
    radius : float, default=3.0
        In voxels, or in mm of an affine or a surface; a voxel at exactly this distance, but
        for the rounding of affines, is outside.
    threshold : float, default=0.0
        Least part, 0 to 1, of the ball's voxels in the volume that the mask must have for
        its center to count.
    neighbors : sequence of array_like of int, or sparse matrix, default=None
        Features of each searchlight, in place of a mask: lists of different indices, or a
        sparse matrix of shape (n_centers, n_features) whose stored entries they are, zeros
        too, such as scikit-learn's neighbor graphs with the distance of a point to itself.
    surface : (vertices, faces), GIFTI image or its path, default=None
        Surface whose vertices are the features: coordinates of shape (n_vertices, 3), and
        the vertices of each triangle. Data and mask may be GIFTI images, too, of a map for
        each condition.
    geodesic : bool, default=True
        Whether distances on a surface are along its edges, or through space.
    step : int, default=1
        Centers are every step-th voxel along each axis, vertex or neighbor list; all
        voxels count as neighbors.
    affine : array_like of shape (4, 4), default=None
        From voxels to mm, which makes ``radius`` one in mm and goes to the result. None for
        that of images, if there are some.
    metric : str, default='correlation'
        Dissimilarity of conditions, as in :func:`rdm`: any but 'poisson'.
    method : str, default='spearman'
        Similarity of RDMs, as in :func:`compare`; 'neg_riem_dist' goes from model to
        searchlight, as in :func:`evaluate`; of a regression, the weights of all models together.
    conditions : array_like of shape (n_observations,), default=None
        Condition of each observation, as in :func:`rdm`: they may have different numbers of
        observations. If None, every observation is a condition.
    folds : array_like of shape (n_observations,), default=None
        Fold of each observation, such as its run: only 'crossnobis' and 'decoding' take
        them, and need them.
    noise : NoiseNormalizer or array_like of shape (n_features, n_features), default=None
        For 'mahalanobis', which needs it or residuals, and 'crossnobis', which without them
        takes the noise to be white, as it is if responses were whitened before; 'decoding'
        as in :func:`rdm`. A
        :class:`NoiseNormalizer` that is not fitted says how the covariance of each
        searchlight is estimated: from the residuals or, without them, from the observations
        less the mean of their condition. A fitted one, or a precision matrix, is of all
        features of ``data``: a searchlight takes its part of the covariance. For
        'crossnobis' a list or dict has one of each fold, as in :func:`rdm`. Noise that is
        estimated from the observations themselves depends on them (see Notes).
    residuals : array_like of shape (n_residuals, n_features) or (n_residuals, *mask.shape), \
or images, default=None
        Residuals from which the noise of each searchlight is estimated, of the features of
        ``data``; their mean is subtracted. Voxels are left out whose residuals are not finite
        or do not vary.
    residual_folds : array_like of shape (n_residuals,), default=None
        Fold of each residual, for 'crossnobis': each fold then has noise of its own, as in
        :func:`rdm`. They are copied unless they are sorted.
    controls : like models, default=None
        RDMs whose part of models and searchlights is removed, as in :func:`compare`.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    SearchlightResult
        With ``scores`` of shape (n_centers, n_models), or (n_subjects, n_centers, n_models),
        ``centers``, ``to_volume()`` and ``to_nifti()``. Of several subjects it goes to
        :func:`cluster_test` as it is.

    Raises
    ------
    ValueError
        If the mask has no voxels, no center has enough of them, shapes or affines do not
        match, a radius in mm is below a voxel, models are constant or of other conditions,
        conditions are not in the folds that 'crossnobis' needs, or no searchlight has an RDM.
        Of several subjects the one is named; they must have the same conditions, in volumes
        of the same shape and affine, and share a center.
    ImportError
        If a path of an image is given and nibabel is not installed.

    Warns
    -----
    UserWarning
        If the RDM of some searchlights is undefined: no voxel of theirs is finite,
        responses are constant, the covariance of the noise has no inverse, or all
        dissimilarities are the same. Their scores are NaN, and so is 'neg_riem_dist' of fewer
        voxels than conditions. Or if noise of the observations
        shifts the mean of crossnobis distances, and ``method`` sees it ('cosine').

    Notes
    -----
    Each RDM is that of :func:`rdm` for the voxels of its searchlight, with
    ``NoiseNormalizer().fit(residuals[:, voxels])`` as noise. No more than one searchlight's
    covariance is in memory at a time, on each thread.

    Without residuals 'crossnobis' is biased: the directions in which observations of a
    condition differ are weighted down, those in which they agree are not. Of pure noise in 33
    voxels, 4 conditions and 3 to 24 runs, its mean cosine to a model of equal distances was 0.40
    to 0.52, with residuals of other data -0.06 to 0.00. Compare models then, but do not test a
    similarity against 0.

    Several subjects come in a dict by name, in a list of arrays, of lists of images or of
    :class:`Betas`, or along the first axis of an array; a list of images is of one. All other
    arguments but ``models`` may be dicts by subject, too, and masks, conditions, folds and
    residuals lists. Centers are those that all subjects have: where the mask of one does not
    reach, there are none. A center whose RDM is undefined in some subject is NaN in these
    only, and :func:`cluster_test` leaves it out.

    References
    ----------
    .. [1] Kriegeskorte, N., Goebel, R. & Bandettini, P. (2006). Information-based
       functional brain mapping. PNAS 103(10), 3863-3868.
    .. [2] Cichy, R. M., Pantazis, D. & Oliva, A. (2016). Similarity-based fusion of MEG and
       fMRI reveals spatio-temporal dynamics in human cortex. Cerebral Cortex 26, 3563-3579.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import NoiseNormalizer, cluster_test, rdm, searchlight
    >>> rng = np.random.default_rng(0)
    >>> data = rng.standard_normal((8, 10, 10, 10))       # 8 conditions
    >>> model = rdm(data[:, 2:5, 2:5, 2:5].reshape(8, -1))
    >>> result = searchlight(data, model, mask=np.ones((10, 10, 10)), radius=2)
    >>> best = result.centers[result.scores[:, 0].argmax()]
    >>> [int(i) for i in np.unravel_index(best, (10, 10, 10))]
    [3, 3, 3]

    Cross-validated distances between 8 conditions in 4 runs, whitened in each searchlight:

    >>> runs = np.repeat(np.arange(4), 8)
    >>> measured = np.tile(data, (4, 1, 1, 1)) + rng.standard_normal((32, 10, 10, 10))
    >>> result = searchlight(
    ...     measured, model, mask=np.ones((10, 10, 10)), radius=2, metric="crossnobis",
    ...     conditions=np.tile(np.arange(8), 4), folds=runs, noise=NoiseNormalizer())
    >>> result.scores.shape
    (1000, 1)

    A group of subjects, and where they resemble the model:

    >>> group = {name: data + rng.standard_normal(data.shape) for name in "abcdefgh"}
    >>> result = searchlight(group, model, mask=np.ones((10, 10, 10)), radius=2)
    >>> test = cluster_test(result, correction="tfce", n_permutations=255, random_state=0)
    >>> bool(test.significant()[3, 3, 3])
    True
    """
    rows, neighbors, conditions = flattened(data, models, neighbors, conditions, metric)
    if rows is not data:  # of the conditions of the models, which have numbers from here on
        data = rows
        names, models = named_vectors(models, "models", names, allow_nan=True)
    each: dict[str, Any] = {"mask": mask, "neighbors": neighbors, "surface": surface}
    each |= {"affine": affine, "conditions": conditions, "folds": folds}
    each |= {"noise": noise, "residuals": residuals, "residual_folds": residual_folds}
    options: dict[str, Any] = {"models": models, "names": names, "radius": radius}
    options |= {"threshold": threshold, "geodesic": geodesic, "step": step}
    options |= {"metric": metric, "method": method, "controls": controls}
    options |= {"n_jobs": n_jobs, "verbose": verbose}
    subjects = as_subjects(data, mask)
    if subjects is None:
        return _of_subject(data, _Asked(**each, **options))
    return _of_subjects(subjects, each, options)


def _of_subject(data: Any, asked: _Asked) -> SearchlightResult:
    """Return the searchlights of one subject."""
    metric, noise = asked.metric, asked.noise
    check_option(metric, "metric", LOCAL_METRICS)
    check_option(asked.method, "method", METHODS)
    own, vectors = named_vectors(asked.models, "models", asked.names, allow_nan=True)
    data, conditions, folds = labeled(data, asked.conditions, asked.folds, metric)
    named = condition_names(asked.models)
    control = as_controls(asked.controls, asked.method, vectors, "models", named)
    estimator = as_estimator(noise, asked.residuals, metric)
    if has_several(noise):
        check_by_fold(metric)
    in_order = noise is not None and estimator is None
    lights = lights_of(data, asked.around(), asked.residuals, in_order)
    design = as_design(data, lights.n_observations, conditions, folds, metric)
    check_same_conditions(design.n_conditions, vectors)
    check_named_alike(data=design.names, models=named)
    _check_order(data, noise, asked.residuals, asked.residual_folds)
    observed = observed_of(lights, asked.residual_folds, design, metric, estimator is not None)
    if observed is not None and asked.residuals is None:
        warn_of_observed(metric, asked.method)
    inputs = {
        "models": vectors,
        "method": asked.method,
        "controls": control.values,
        **inputs_of(lights, design, metric, noise, estimator, observed),
    }
    names = {"model": called("models", own), **control.called, **design.called()}
    scores, used = _compared(lights, inputs, names, asked.n_jobs, asked.verbose)
    estimated = "" if observed is None else _how_estimated(inputs)
    _warn_of_undefined(np.isnan(scores.sum(axis=1)), used, estimated)
    return SearchlightResult(
        scores=scores,
        centers=lights.centers,
        n_features=used,
        names=names_or_numbers(own, len(vectors)),
        shape=lights.shape,
        method=asked.method,
        affine=lights.affine,
        step=asked.step,
        faces=lights.faces,
    )


def _compared(
    lights: Lights,
    inputs: dict[str, Any],
    names: dict[str, Any],
    n_jobs: int | None,
    verbose: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return similarities of all searchlights and models, and how many features were used."""
    scores = np.empty((len(lights.centers), len(inputs["models"])))
    used = np.empty(len(lights.centers), np.int64)
    with progress_bar("Searchlights", verbose) as progress:
        _native.run(
            lights.routine,
            {"similarities": scores, "used": used},
            inputs | lights.around,
            names=names,
            n_jobs=n_jobs,
            progress=progress,
        )
    return scores, used


def _check_order(data: Any, noise: Any, residuals: Any, residual_folds: Any) -> None:
    """Raise if labels of rows or features are in another order than what belongs to them."""
    rows = ("residuals", residuals), ("residual_folds", residual_folds)
    check_same_indexes(rows, "residuals")
    check_same_indexes([("data", data), rows[0]], "features", axis=-1)
    check_noise_features(data, "data", noise)


def _of_subjects(
    subjects: Subjects, each: dict[str, Any], options: dict[str, Any]
) -> SearchlightResult:
    """Return the searchlights of several subjects, at the centers that all have."""
    names, _ = named_vectors(options["models"], "models", options["names"], allow_nan=True)
    options["names"] = None if options["names"] is None else names
    found: list[SearchlightResult] = []
    for name, own in zip(subjects.names, subjects.arguments(each), strict=True):
        with about(f"subject {name!r}"):
            found.append(searchlight(**own, **options))
        _check_same_space(subjects.names[0], found[0], name, found[-1])
    centers = reduce(np.intersect1d, [one.centers for one in found])
    if not centers.size:
        raise ValueError("subjects must have a center in common, but their masks have none")
    kept = [(one, np.searchsorted(one.centers, centers)) for one in found]
    return replace(
        found[0],
        scores=np.stack([one.scores[at] for one, at in kept]),
        centers=centers,
        n_features=np.stack([one.n_features[at] for one, at in kept]),
        subjects=subjects.names,
    )


def _check_same_space(
    first: Name, one: SearchlightResult, second: Name, other: SearchlightResult
) -> None:
    """Raise unless the centers of two subjects are those of the same volume, surface or lists."""
    named = [f"data[{first!r}]", f"data[{second!r}]"]
    sizes = [one.shape or (len(one.centers),), other.shape or (len(other.centers),)]
    what = "as many neighbor lists" if one.shape is None else "the same voxels"
    if sizes[0] != sizes[1]:
        raise ValueError(f"{' and '.join(named)} must have {what}, got {sizes[0]} and {sizes[1]}")
    affines = [each.affine for each in (one, other) if each.affine is not None]
    if len(affines) == 2:
        values = np.broadcast_to(0.0, (1, *sizes[0]))
        check_same_place(*(Volumes(values, *each) for each in zip(named, affines, strict=True)))


class _Asked(NamedTuple):
    """What the searchlights of a subject are to be, by the names of arguments."""

    mask: Any
    neighbors: Any
    surface: Any
    affine: Any
    conditions: Any
    folds: Any
    noise: Any
    residuals: Any
    residual_folds: Any
    models: Any
    names: Any
    radius: float
    threshold: float
    geodesic: bool
    step: int
    metric: str
    method: str
    controls: Any
    n_jobs: int | None
    verbose: bool

    def around(self) -> Around:
        """Return where they are."""
        return Around(*(getattr(self, name) for name in Around._fields))


def _how_estimated(inputs: dict[str, _native.Argument]) -> str:
    """Return how noise was estimated, and how it may get an inverse."""
    dof, shrinkage = inputs["dof"], inputs["shrinkage"]
    freedom = f"{dof:g} degrees of freedom and " if dof else ""  # 0: those of each fold
    remedy = "'shrinkage_diag' or more residuals" if shrinkage == "full" else "more residuals"
    return f". Noise was estimated with {freedom}the shrinkage {shrinkage!r}: use {remedy}"


def _warn_of_undefined(undefined: np.ndarray, used: np.ndarray, estimated: str) -> None:
    """Warn of searchlights without an RDM, or raise if none has one."""
    count, empty = np.count_nonzero(undefined), np.count_nonzero(used == 0)
    if not count:
        return
    text = (
        f"the RDM of {count} of {len(used)} searchlights is undefined: {empty} have no finite "
        f"voxel{' with noise' if estimated else ''} and {count - empty} constant data or "
        f"dissimilarities, or no distance{', or noise without an inverse' if estimated else ''}"
    )
    advice = estimated if count > empty else ""
    if count == len(used):
        raise ValueError(f"{text}{advice}")
    warn_user(f"{text}; their scores are NaN{advice}")
