"""Noise ceilings of searchlights: RDMs of all subjects, some centers at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from netrep_go import _native
from netrep_go._jobs import RandomState, about
from netrep_go._names import check_same_indexes, holds_arrays, names_or_numbers, split_names
from netrep_go._parameters import checked
from netrep_go._shown import kind_of
from netrep_go._validation import check_option
from netrep_go.rsa._betas import labeled
from netrep_go.rsa._ceilings import ceilings_of, check_permutations
from netrep_go.rsa._compare import SIMILARITIES, as_controls
from netrep_go.rsa._condensed import RDMs, check_n_conditions
from netrep_go.rsa._lights import Around, Lights, inputs_of, lights_of, observed_of
from netrep_go.rsa._local import LOCAL_METRICS, Design, as_design, as_estimator, warn_of_observed
from netrep_go.rsa._noise import NoiseNormalizer
from netrep_go.rsa._searchlight_result import SearchlightResult

__all__ = ["searchlight_noise_ceiling"]


@checked
def searchlight_noise_ceiling(
    data: Sequence[Any] | Mapping[Any, Any],
    *,
    mask: Any = None,
    radius: float = 3.0,
    threshold: float = 0.0,
    neighbors: Sequence[ArrayLike] | sparse.sparray | sparse.spmatrix | None = None,
    step: int = 1,
    affine: ArrayLike | None = None,
    metric: str = "correlation",
    method: str = "spearman",
    conditions: ArrayLike | None = None,
    folds: ArrayLike | None = None,
    noise: NoiseNormalizer | None = None,
    controls: RDMs | None = None,
    n_permutations: int = 0,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> SearchlightResult:
    """Return the noise ceiling around every center, from the data of several subjects.

    Parameters
    ----------
    data : list or dict of array_like, images or Betas
        Responses of each of at least two subjects, as those of :func:`searchlight`, on the same
        voxels. Their RDMs are in memory for some centers at a time.
    mask, radius, threshold, neighbors, step, affine, metric, method
        As in :func:`searchlight`; no regression.
    conditions, folds, noise
        As in :func:`searchlight`, of all subjects alike; noise is estimated from the observations
        of each subject.
    controls : like models of :func:`compare`, default=None
        RDMs whose part is removed, as in :func:`compare`; not with permutations.
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
    SearchlightResult
        With ``scores`` of shape (n_centers, 2), ``names`` 'lower' and 'upper', such as in
        ``to_volume("lower")``, and ``n_features`` of the subject with the fewest. After
        permutations there are 'pvalue', of the lower bound being above 0, and
        'pvalue_corrected' for the number of centers (see :func:`noise_ceilings`).

    Raises
    ------
    ValueError
        If there are fewer than two subjects, they have different centers or conditions, or no
        center has a noise ceiling.

    Warns
    -----
    UserWarning
        If some centers have none, as where the RDM of a subject is undefined: they are NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import searchlight_noise_ceiling
    >>> rng = np.random.default_rng(0)
    >>> shared = rng.standard_normal((8, 60)) * (np.arange(60) < 20)     # 20 voxels that respond
    >>> data = [shared + rng.standard_normal((8, 60)) for _ in range(5)]
    >>> found = searchlight_noise_ceiling(data, mask=np.ones(60), radius=6, step=15)
    >>> found.to_volume("lower")[[0, 15, 30, 45]].round(1)
    array([ 0.1,  0.5, -0.2, -0.4])
    """
    check_option(metric, "metric", LOCAL_METRICS)
    check_option(method, "method", SIMILARITIES)
    check_permutations(n_permutations, controls)
    around = Around(mask, neighbors, None, radius, threshold, True, step, affine)
    estimator = as_estimator(noise, None, metric)
    if noise is not None and estimator is None:
        raise ValueError("noise must be a NoiseNormalizer that is not fitted")
    if estimator is not None:
        warn_of_observed(metric, method)
    where, items = _of_subjects(data)
    check_same_indexes(zip(where, items, strict=True), "features", axis=-1)
    subjects = []
    for name, x in zip(where, items, strict=True):
        with about(name):
            subjects.append(_Subject(x, around, metric, conditions, folds, estimator, n_jobs, name))
        _check_same(subjects[0], subjects[-1], where[0], name)
    none = np.empty((1, subjects[0].shape[1]))
    found = ceilings_of(
        subjects,
        method,
        as_controls(controls, method, none, "data", subjects[0].design.names),
        where=where,
        n_permutations=n_permutations,
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    maps = {"lower": found.lower, "upper": found.upper}
    if found.pvalue is not None and found.pvalue_corrected is not None:
        maps |= {"pvalue": found.pvalue, "pvalue_corrected": found.pvalue_corrected}
    lights = subjects[0].lights
    return SearchlightResult(
        scores=np.stack([*maps.values()], axis=1),
        centers=lights.centers,
        n_features=np.min([subject.used for subject in subjects], axis=0),
        names=[*maps],
        shape=lights.shape,
        method=method,
        affine=lights.affine,
    )


class _Subject:
    """RDMs of the searchlights of a subject, which are computed when some are asked for."""

    def __init__(
        self,
        data: Any,
        around: Around,
        metric: str,
        conditions: ArrayLike | None,
        folds: ArrayLike | None,
        estimator: NoiseNormalizer | None,
        n_jobs: int | None,
        name: str,
    ) -> None:
        self.name = name
        data, conditions, folds = labeled(data, conditions, folds, metric)
        self.lights: Lights = lights_of(data, around, None, False)
        n = self.lights.n_observations
        self.design: Design = as_design(data, n, conditions, folds, metric)
        check_n_conditions(self.design.n_conditions)
        design, estimated = self.design, estimator is not None
        observed = observed_of(self.lights, None, design, metric, estimated)
        self.inputs = inputs_of(self.lights, design, metric, None, estimator, observed)
        self.n_jobs = n_jobs
        self.shape = (
            len(self.lights.centers),
            design.n_conditions * (design.n_conditions - 1) // 2,
        )
        self.used = np.zeros(self.shape[0], np.int64)

    def __getitem__(self, part: slice) -> np.ndarray:
        rdms = np.empty((len(self.used[part]), self.shape[1]))
        used = np.empty(len(rdms), np.int64)
        with about(self.name):
            _native.run(
                f"{self.lights.routine}_rdms",
                {"rdms": rdms, "used": used},
                self.inputs | self.lights.some(part),
                names=self.design.called(),
                n_jobs=self.n_jobs,
            )
        self.used[part] = used
        return rdms


def _of_subjects(data: Any) -> tuple[list[str], list[Any]]:
    """Return what errors call each subject, and the data of each."""
    is_stack = not isinstance(data, (Mapping, list, tuple)) and getattr(data, "ndim", 0) > 0
    if not is_stack and not isinstance(data, (Mapping, list, tuple)):
        raise TypeError(f"data must be a list or dict of subjects, got {kind_of(data)}")
    items, own = [*data], None
    if isinstance(data, Mapping) or holds_arrays(data):
        items, own = split_names(data, "data")
    if len(items) < 2:
        raise ValueError(f"data must be of at least 2 subjects, got {len(items)}")
    return [f"data[{name!r}]" for name in names_or_numbers(own, len(items))], items


def _check_same(first: _Subject, other: _Subject, name: str, other_name: str) -> None:
    """Raise if subjects have other centers or conditions."""
    centers = first.lights.centers, other.lights.centers
    if first.shape != other.shape or not np.array_equal(*centers):
        raise ValueError(
            f"{name} and {other_name} must have the same centers and conditions, got "
            f"{first.shape[0]} and {other.shape[0]} centers, {first.design.n_conditions} and "
            f"{other.design.n_conditions} conditions"
        )
    if first.design.names != other.design.names:
        raise ValueError(f"{name} and {other_name} must have the same conditions, by name")
