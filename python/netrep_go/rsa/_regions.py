"""Responses and RDMs of the regions of a label image, such as an atlas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._names import Name, check_names
from netrep_go._parameters import checked
from netrep_go._shown import shown
from netrep_go._validation import as_reals
from netrep_go.rsa._betas import Betas, labeled
from netrep_go.rsa._images import Image, Images
from netrep_go.rsa._rdm import Labels, Noise, rdm
from netrep_go.rsa._volumes import Volumes, placed

RegionNames = Mapping[Any, Name] | Iterable[Name]


@checked
def regions(
    data: ArrayLike | Images | Betas,
    labels: ArrayLike | Image,
    *,
    names: RegionNames | None = None,
) -> dict[Name, np.ndarray]:
    """Return the responses of each region of a label image.

    Parameters
    ----------
    data : array_like of shape (n_observations, *labels.shape), image, path of an image, list \
of them, or Betas
        Responses, such as those of :func:`searchlight`.
    labels : array_like of int of shape (n_x, n_y, n_z), image or its path
        Number of the region of each voxel, such as of an atlas; 0 where there is none.
    names : dict of int to hashable, or sequence of hashable, default=None
        Names of the regions by their numbers, of those that are wanted; or of all, in the
        order of their numbers. None for the numbers.

    Returns
    -------
    dict of ndarray of shape (n_observations, n_voxels)
        Responses of each region, of those voxels that are finite in all observations. They
        go to :func:`rdm`, :func:`decoding_rdm` or :class:`NoiseNormalizer`.

    Raises
    ------
    ValueError
        If labels are not whole numbers, have other voxels than the data, or no region, or a
        region has no finite voxel.
    ImportError
        If a path is given and nibabel is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import regions
    >>> volumes = np.random.default_rng(0).standard_normal((10, 4, 5, 6))
    >>> labels = np.zeros((4, 5, 6), int)
    >>> labels[:2], labels[3, 2:] = 1, 7
    >>> {name: x.shape for name, x in regions(volumes, labels, names=["V1", "IT"]).items()}
    {'V1': (10, 60), 'IT': (10, 18)}
    """
    if isinstance(data, Betas):
        data = Volumes(data.data, "data", data.affine)
    place = placed(data, labels, "labels")
    numbers, x = _whole(place.volume), as_reals(place.data, "data")
    if x.ndim != numbers.ndim + 1 or x.shape[1:] != numbers.shape:
        raise ValueError(
            f"data must have shape (n_observations, {', '.join(map(str, numbers.shape))}) for "
            f"these labels, got {x.shape}"
        )
    named = _named(numbers, names)
    return {name: _finite(x[:, numbers == number], name) for number, name in named.items()}


@checked
def region_rdms(
    data: ArrayLike | Images | Betas,
    labels: ArrayLike | Image,
    metric: str = "correlation",
    *,
    names: RegionNames | None = None,
    conditions: Labels | None = None,
    folds: Labels | None = None,
    noise: Noise | None = None,
    n_jobs: int | None = None,
) -> dict[Name, np.ndarray]:
    """Return the RDM of each region of a label image.

    Parameters
    ----------
    data : array_like of shape (n_observations, *labels.shape), image, path of an image, list \
of them, or Betas
        Responses, as in :func:`regions`. :class:`Betas` bring conditions and, for
        'crossnobis' and 'decoding', runs as folds.
    labels : array_like of int of shape (n_x, n_y, n_z), image or its path
        Number of the region of each voxel; 0 where there is none.
    metric : str, default='correlation'
        Dissimilarity of conditions, as in :func:`rdm`.
    names : dict of int to hashable, or sequence of hashable, default=None
        Names of the regions, as in :func:`regions`.
    conditions, folds : array_like of shape (n_observations,), default=None
        Condition and fold of each observation, as in :func:`rdm`.
    noise : NoiseNormalizer, array_like of shape (n_voxels, n_voxels), or dict of them by region, \
default=None
        As in :func:`rdm`, of the voxels that :func:`regions` returns.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.

    Returns
    -------
    dict of ndarray of shape (n_pairs,)
        RDM of each region, which :func:`compare` and :func:`evaluate` take.

    Raises
    ------
    ValueError
        If labels do not fit the data, or an RDM is undefined: the region is named.
    ImportError
        If a path is given and nibabel is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import region_rdms
    >>> volumes = np.random.default_rng(0).standard_normal((10, 4, 5, 6))
    >>> labels = np.zeros((4, 5, 6), int)
    >>> labels[:2], labels[3, 2:] = 1, 7
    >>> {name: x.shape for name, x in region_rdms(volumes, labels, names={7: "IT"}).items()}
    {'IT': (45,)}
    """
    data, conditions, folds = labeled(data, conditions, folds, metric)
    responses = regions(data, labels, names=names)
    rdms = rdm(responses, metric, conditions=conditions, folds=folds, noise=noise, n_jobs=n_jobs)
    return dict(zip(responses, rdms, strict=True))


def _finite(x: np.ndarray, name: Name) -> np.ndarray:
    finite = np.isfinite(x).all(axis=0)
    if not finite.any():
        raise ValueError(
            f"region {name!r} has no voxel that is finite in all of data, of {finite.size}"
        )
    return x[:, finite]


def _whole(labels: Any) -> np.ndarray:
    labels = as_reals(labels, "labels")
    odd = ~np.isfinite(labels) | (labels % 1 != 0)
    if odd.any():
        raise ValueError(
            f"labels must be whole numbers, 0 where there is no region, got {labels[odd][0]}: "
            "resample label images to the nearest voxel"
        )
    if not labels.any():
        raise ValueError("labels must have at least one region, got 0 in all voxels")
    return labels


def _named(labels: np.ndarray, names: Any) -> dict[int, Name]:
    """Return the names of the regions that are wanted, by their numbers."""
    found = [int(label) for label in np.unique(labels) if label != 0]
    if names is None:
        return dict(zip(found, found, strict=True))
    if not isinstance(names, Mapping):
        return dict(zip(found, check_names(names, len(found), "regions"), strict=True))
    lacking = [label for label in names if label not in found]
    if lacking or not names:
        what = f"the label {shown(lacking[0])}" if lacking else "none"
        raise ValueError(f"names must be of the regions in labels, {shown(found)}, got {what}")
    return dict(zip(names, check_names(names.values(), len(names), "regions"), strict=True))
