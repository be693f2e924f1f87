"""Representational dissimilarity matrices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go import _native
from netrep_go._jobs import progress_bar
from netrep_go._names import Name, holds_arrays
from netrep_go._parameters import checked
from netrep_go._validation import (
    as_codes,
    as_reals,
    as_responses,
    check_number,
    check_option,
)
from netrep_go.rsa._condensed import check_n_conditions
from netrep_go.rsa._data_sets import DataSets, as_data_sets
from netrep_go.rsa._images import Image, Images, holds_images
from netrep_go.rsa._noise import (
    NoiseNormalizer,
    check_noise_features,
    covariances_of,
    has_several,
    precision_root,
)
from netrep_go.rsa._volumes import placed

__all__ = ["patterns", "rdm"]

# Those of responses alone, without noise, folds or a prior, are those of searchlights.
PLAIN_METRICS = ("correlation", "cosine", "euclidean", "sqeuclidean")
FOLDED_METRICS = ("crossnobis", "decoding")
WHITENED_METRICS = ("mahalanobis", *FOLDED_METRICS)
METRICS = (*PLAIN_METRICS, *WHITENED_METRICS, "poisson")

Responses = ArrayLike | Sequence[ArrayLike] | Mapping[Any, ArrayLike]
Labels = ArrayLike | Sequence[ArrayLike] | Mapping[Any, ArrayLike]
OneNoise = ArrayLike | NoiseNormalizer
NoiseOfFolds = OneNoise | Sequence[OneNoise] | Mapping[Any, OneNoise]
Noise = NoiseOfFolds | Sequence[NoiseOfFolds] | Mapping[Any, NoiseOfFolds]


@checked
def rdm(
    data: Responses,
    metric: str = "correlation",
    *,
    conditions: Labels | None = None,
    folds: Labels | None = None,
    noise: Noise | None = None,
    prior_lambda: float = 1.0,
    prior_weight: float = 0.1,
    names: Iterable[Name] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> np.ndarray:
    r"""Return representational dissimilarity matrices (RDMs).

    With :math:`x_i` the responses to condition i of p features (units, voxels,
    sensors), the dissimilarity of conditions i and j is

    - 'correlation': one minus the Pearson correlation of :math:`x_i` and :math:`x_j`;
    - 'cosine': one minus their cosine;
    - 'euclidean': :math:`|x_i - x_j|`, and 'sqeuclidean' its square;
    - 'mahalanobis': :math:`\sqrt{(x_i - x_j)^\top P (x_i - x_j)}` with the precision P
      of the noise;
    - 'crossnobis': the cross-validated estimate of :math:`(x_i - x_j)^\top P (x_i - x_j) / p`,
      :math:`K_{ii} + K_{jj} - 2 K_{ij}`, where :math:`K_{ij}` is the mean of
      :math:`x^\top P y / p` over all observations x of i and y of j from different
      folds. Unbiased, so that it may be negative [1]_;
    - 'decoding': how well observations of i and j are told apart by what is learnt from
      other folds: the mean of the shares of both that are classified right, over folds
      that are left out one at a time, by linear discriminant analysis with the covariance
      of either condition shrunk after Ledoit and Wolf; with ``noise`` by the nearest mean of
      whitened responses. 0.5 is chance level;
    - 'poisson': the mean over features of :math:`(r_i - r_j)(\log r_i - \log r_j)`, the
      symmetrized Kullback-Leibler divergence of Poisson distributions with rates
      :math:`r = (x + \lambda w) / (1 + w)` [2]_.

    Parameters
    ----------
    data : array_like of shape (n_observations, n_features) or (n_rdms, n_observations, \
            n_features), or list or dict of n_rdms array_like of shape (n_observations, n_features)
        Responses: one data set, or one a network, layer, subject, time point or region,
        whose numbers of features may differ. The index of a DataFrame names its
        conditions, unless ``conditions`` does. NaN is a missing response: a pair of
        conditions is compared over the features that both have, and 'euclidean' and
        'sqeuclidean' are scaled up to all features.
    metric : {'correlation', 'cosine', 'euclidean', 'sqeuclidean', 'mahalanobis', \
            'crossnobis', 'decoding', 'poisson'}, default='correlation'
        Dissimilarity of conditions. For other classifiers see :func:`decoding_rdm`.
    conditions : array_like of shape (n_observations,) or list or dict of n_rdms of them, \
            default=None
        Condition of each observation, the same set of them in all data sets. The RDM has
        them in sorted order; observations of the same condition are averaged (but for
        'crossnobis' and 'decoding'). If None, every observation is a condition.
    folds : array_like of shape (n_observations,) or list or dict of n_rdms of them, \
            default=None
        Fold of each observation, such as the run or session of a measurement: only
        'crossnobis' and 'decoding' take them, and need them.
    noise : NoiseNormalizer, array_like of shape (n_features, n_features), list or dict, \
            default=None
        Fitted normalizer, or precision matrix, for all data sets or, in a list or dict, for
        each of them. Needed by 'mahalanobis'; 'crossnobis' without it takes the noise to be
        white. It takes noise of each fold, too: instead of one normalizer or precision a
        list of them, in the sorted order of the folds, or a dict by fold. Products of two
        folds then have the inverse of the mean of both covariances as P. Fitted to ``data``
        themselves rather than to residuals of other data, it makes 'crossnobis' positive in
        noise, by 0.05 to 0.3 standard deviations of a distance where there are more features
        than conditions: :func:`crossnobis_test` shows what comes of it.
    prior_lambda : float, default=1.0
        Rate that 'poisson' expects.
    prior_weight : float, default=0.1
        How many observations that counts for.
    names : sequence of hashable, default=None
        Names of the conditions for errors, if neither ``conditions`` nor a DataFrame has
        them.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ndarray of shape (n_pairs,) or (n_rdms, n_pairs)
        Condensed RDMs in the order of :func:`scipy.spatial.distance.squareform`, with
        n_pairs = n_conditions (n_conditions - 1) / 2.

    Raises
    ------
    ValueError
        If there are fewer than 3 conditions, data sets have different ones, or a
        dissimilarity is undefined, as the correlation of constant responses is.

    Notes
    -----
    rsatoolbox's 'euclidean' and 'mahalanobis' are the squares of these divided by the
    number of features; its 'correlation', 'crossnobis' and 'poisson' are the same, and
    'crossnobis' is so too for unbalanced designs (``calc_rdm_unbalanced``).

    Of whole numbers, such as ratings, counts or one-hot codes, and their multiples by a power
    of two, 'euclidean', 'sqeuclidean' and 'crossnobis' are exact but for one rounding: equal
    dissimilarities are equal, in any order of the features, also of averages. Those of
    'correlation', 'cosine', 'poisson' and 'mahalanobis' may differ in their last digits, and
    :func:`compare` and all else that ranks RDMs ties them.

    As a transformer, of time points to RDMs for example, it is
    ``sklearn.preprocessing.FunctionTransformer(rdm)``.

    References
    ----------
    .. [1] Walther, Nili, Ejaz, Alink, Kriegeskorte & Diedrichsen (2016). Reliability
       of dissimilarity measures for multi-voxel pattern analysis. NeuroImage 137,
       188-200. doi:10.1016/j.neuroimage.2015.12.012
    .. [2] Schütt, Kipnis, Diedrichsen & Kriegeskorte (2023). Statistical inference on
       representational geometries. eLife 12, e82566. doi:10.7554/eLife.82566

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.spatial.distance import squareform
    >>> from netrep_go.rsa import rdm
    >>> responses = np.random.default_rng(0).standard_normal((3, 50))
    >>> squareform(rdm(responses)).round(2)
    array([[0.  , 1.11, 0.99],
           [1.11, 0.  , 0.87],
           [0.99, 0.87, 0.  ]])
    >>> layers = [responses[:, :20], responses[:, 20:]]
    >>> rdm(layers, "euclidean").shape
    (2, 3)
    """
    check_option(metric, "metric", METRICS)
    sets = as_data_sets(data)
    for value, name in ((prior_lambda, "prior_lambda"), (prior_weight, "prior_weight")):
        check_number(value, name, 0, np.inf)
    labels, own, n_conditions = _conditions(conditions, names, sets)
    fold_codes, fold_names = _folds(folds, sets, metric)
    sets.check_same_rows(conditions, folds)
    xs, covariances = sets.xs, []
    if noise is not None or metric == "mahalanobis":
        check_whitened(metric, noise)
        by_fold = _by_fold(noise, sets, metric)
        if by_fold is None:
            xs = _whitened(sets, noise, metric)
        else:
            covariances = _covariances(by_fold, sets, fold_names)
    out = dissimilarities(
        xs,
        native_metric(metric, whitened=noise is not None),
        (labels, n_conditions),
        (fold_codes, max(map(len, fold_names), default=0)),
        covariances=covariances,
        prior=(float(prior_lambda), float(prior_weight)),
        names=_called(own, sets),
        n_jobs=n_jobs,
        verbose=verbose,
    )
    return out[0] if sets.single else out


Codes = tuple[np.ndarray, int]  # a number for each row of all data sets, or none, and how many


def dissimilarities(
    xs: list[np.ndarray],
    metric: str,
    conditions: Codes,
    folds: Codes,
    *,
    covariances: Sequence[np.ndarray] = (),
    prior: tuple[float, float] = (1.0, 0.1),
    names: _native.Names | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> np.ndarray:
    """Return the condensed RDMs of responses that have been checked, a row each."""
    n = conditions[1]
    check_n_conditions(n)
    out = np.empty((len(xs), n * (n - 1) // 2))
    inputs: dict[str, _native.Argument] = {
        "xs": xs,
        "conditions": conditions[0],
        "folds": folds[0],
        "n_conditions": n,
        "n_folds": folds[1],
        "metric": metric,
        "prior": prior[0],
        "weight": prior[1],
        "covariances": [*covariances],
    }
    with progress_bar("Computing RDMs", verbose) as progress:
        _native.run(
            "rsa.rdms", {"rdms": out}, inputs, names=names, n_jobs=n_jobs, progress=progress
        )
    return out


def native_metric(metric: str, *, whitened: bool) -> str:
    """Return what Go calls a metric of responses that may be whitened."""
    if metric == "mahalanobis":
        return "euclidean"
    return "nearest_centroid" if metric == "decoding" and whitened else metric


def _called(names: list[Name] | None, data: DataSets) -> _native.Names:
    """Return what errors call the data sets and the conditions."""
    if names is None:
        return {"data set": data.name}
    return {"data set": data.name, "condition": [f"condition {name!r}" for name in names]}


def _conditions(
    conditions: Any, names: Any, data: DataSets
) -> tuple[np.ndarray, list[Name] | None, int]:
    """Return the numbers of the conditions of all observations, and their names and number."""
    if conditions is None:
        return np.empty(0, np.int64), data.row_names(names), len(data.xs[0])
    if names is not None:
        raise ValueError("names are for rows that are conditions: conditions have their names")
    codes, values = data.codes(conditions)
    return np.concatenate(codes).astype(np.int64), values.tolist(), len(values)


def check_folds(folds: Any, metric: str) -> None:
    """Raise unless there are folds where a metric needs them, and there alone."""
    if (folds is None) == (metric in FOLDED_METRICS):
        raise ValueError(
            f"{metric} needs folds, such as the run of each observation"
            if folds is None
            else f"folds are for metric='crossnobis' and 'decoding', got metric={metric!r}"
        )


def _folds(folds: Any, data: DataSets, metric: str) -> tuple[np.ndarray, list[list[Name]]]:
    """Return the numbers of the folds of all observations, and the folds of each data set."""
    check_folds(folds, metric)
    if folds is None:
        return np.empty(0, np.int64), []
    each = zip(data.xs, data.each(folds, "folds"), strict=True)
    coded = [as_codes(labels, name, len(x)) for x, (name, labels) in each]
    codes = np.concatenate([numbers for _, numbers in coded])
    return codes.astype(np.int64), [values.tolist() for values, _ in coded]


def check_by_fold(metric: str) -> None:
    """Raise unless a metric takes noise of each fold."""
    if metric != "crossnobis":
        raise ValueError(f"noise of each fold is for metric='crossnobis', got metric={metric!r}")


def check_whitened(metric: str, noise: Any, name: str = "noise") -> None:
    """Raise unless there is noise where a metric needs it, and there alone."""
    if metric not in WHITENED_METRICS:
        verb = "is" if name == "noise" else "are"
        raise ValueError(
            f"{name} {verb} for 'mahalanobis', 'crossnobis' and 'decoding', got metric={metric!r}"
        )
    if noise is None:
        raise ValueError("mahalanobis needs noise; without noise, it is metric='euclidean'")


def noise_of_each(noise: Any, data: DataSets) -> list[Any]:
    """Return the noise of each data set, which may be a list or dict of that of its folds."""
    several = has_several(noise)
    if data.single:
        each = [noise[0] if several and _is_alone(noise) else noise]
    else:
        each = _of_data_sets(noise, data) if several else [noise] * len(data.xs)
    for k, own in enumerate(each):
        check_noise_features(data.items[k], data.name(k), own)
    return each


def _by_fold(noise: Any, data: DataSets, metric: str) -> list[Any] | None:
    """Return what each data set has for its folds, None if its noise is that of all."""
    items = noise_of_each(noise, data)
    if not any(map(has_several, items)):
        return None
    check_by_fold(metric)
    return items


def _is_alone(noise: Any) -> bool:
    """Whether a list has the noise of one data set."""
    return len(noise) == 1 and not holds_arrays(noise) and not has_several(noise[0])


def _of_data_sets(noise: Any, data: DataSets) -> list[Any]:
    """Return the items of a list or dict of noise, one for each data set."""
    items = [x for _, x in data.each(noise, "noise")] if holds_arrays(noise) else list(noise)
    if len(items) != len(data.xs):
        raise ValueError(f"noise has {len(items)} items for {len(data.xs)} data sets")
    return items


def _covariances(noises: list[Any], data: DataSets, folds: list[list[Name]]) -> list[np.ndarray]:
    """Return the covariances of the folds of all data sets, as many of each."""
    _check_complete(data)
    most = max(map(len, folds))
    found = []
    for k, (noise, names) in enumerate(zip(noises, folds, strict=True)):
        n_features = data.xs[k].shape[1]
        found += covariances_of(noise, names, n_features, data.name(k, "noise"))
        found += [np.eye(n_features)] * (most - len(names))  # of folds that others have
    return found


def _check_complete(data: DataSets) -> None:
    for k, x in enumerate(data.xs):
        if np.isnan(x).any():
            raise ValueError(f"{data.name(k)} contains NaN, which cannot be whitened by noise")


def _whitened(data: DataSets, noise: Any, metric: str) -> list[np.ndarray]:
    """Return the responses in coordinates in which the noise is white."""
    xs, noises = data.xs, noise_of_each(noise, data)
    several = len(noises) > 1 and has_several(noise)
    _check_complete(data)
    roots = [*map(precision_root, noises)] if several else [precision_root(noises[0])] * len(xs)
    if metric == "mahalanobis":  # differences alone count: what rounding costs should too
        xs = [x - np.median(x, axis=0) for x in xs]
    return [
        _whiten(x, root, data.name(k, "noise") if several else "noise")
        for k, (x, root) in enumerate(zip(xs, roots, strict=True))
    ]


def _whiten(x: np.ndarray, root: NoiseNormalizer | np.ndarray, name: str) -> np.ndarray:
    n = root.n_features_in_ if isinstance(root, NoiseNormalizer) else len(root)
    if n != x.shape[1]:
        raise ValueError(f"{name} is of {n} features, but data have {x.shape[1]}")
    if isinstance(root, NoiseNormalizer):
        return np.ascontiguousarray(root._whiten(x))
    return x @ root


@checked
def patterns(
    data: ArrayLike | Images, mask: ArrayLike | Image, *, axis: int | None = None
) -> np.ndarray:
    """Return the responses of a region as a matrix of conditions by units.

    Parameters
    ----------
    data : array_like, image of nibabel, path of an image, or list of them
        Volumes, surfaces or sensors with one more axis, along which conditions or time
        points run: for a mask of shape (x, y, z), (x, y, z, n_conditions) as NIfTI
        files have it, or (n_conditions, x, y, z).
    mask : array_like of bool of shape (n_x, n_y, n_z), image or its path
        The region: True or 1 where a unit belongs to it. Other numbers of dimensions will do
        too, such as one for the vertices of a surface.
    axis : int, default=None
        Axis of the conditions; None finds the one without which the shape is that of
        the mask. Images tell theirs.

    Returns
    -------
    ndarray of shape (n_conditions, n_units)
        Responses in the order of ``data[mask]``.

    Raises
    ------
    ValueError
        If the mask is empty, is not of zeros and ones, or does not fit the data, or
        images lie elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import patterns
    >>> volumes = np.random.default_rng(0).standard_normal((4, 5, 6, 10))
    >>> region = np.zeros((4, 5, 6), bool)
    >>> region[1:3, 2:4, 1:5] = True
    >>> patterns(volumes, region).shape
    (10, 16)
    """
    if holds_images(data):
        if axis is not None:
            raise ValueError("axis is for arrays: images tell theirs")
        axis = 0
    place = placed(data, mask, "mask")
    data, region = as_reals(place.data, "data"), as_reals(place.volume, "mask")
    if not np.isin(region, (0, 1)).all():
        raise ValueError("mask must be of zeros and ones, or False and True")
    region = region.astype(bool)
    if not region.any():
        raise ValueError(f"mask has no voxels: all {region.size} of its entries are 0")
    candidates = [
        k for k in range(data.ndim) if data.shape[:k] + data.shape[k + 1 :] == region.shape
    ]
    if axis is None:
        if data.ndim > 1 and data.ndim - 1 in candidates and 0 not in candidates:
            candidates = [data.ndim - 1]
        if len(candidates) > 1:
            raise ValueError(
                f"conditions of data of shape {data.shape} may run along axes {candidates} for "
                f"a mask of shape {region.shape}: give axis"
            )
        axis = candidates[0] if candidates else None
    elif -data.ndim <= axis < data.ndim:
        axis %= data.ndim
    if axis not in candidates:
        raise ValueError(
            f"mask has shape {region.shape}, which is not that of data, {data.shape}, without "
            "the axis of conditions"
        )
    return as_responses(np.moveaxis(data, axis, 0)[:, region], "data", 2)
