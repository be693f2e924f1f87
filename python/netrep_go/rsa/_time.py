"""RSA of every time point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._names import Name, names_or_numbers
from netrep_go._parameters import checked
from netrep_go._time_course import TimeCourse
from netrep_go._validation import check_option
from netrep_go.rsa._ceilings import ceilings_of, check_several
from netrep_go.rsa._compare import METHODS, as_controls, axis_label, of_models
from netrep_go.rsa._condensed import RDMs, called, check_named_alike, condition_names, named_vectors
from netrep_go.rsa._local import check_same_conditions, warn_of_observed
from netrep_go.rsa._rdm import METRICS, Labels, Noise
from netrep_go.rsa._windows import noise_of, over_time, window_rdms


@checked
def time_resolved(
    data: ArrayLike | Sequence[ArrayLike] | Mapping[Any, ArrayLike],
    models: RDMs,
    *,
    times: ArrayLike | None = None,
    window: int = 1,
    step: int = 1,
    metric: str = "correlation",
    method: str = "spearman",
    conditions: Labels | None = None,
    folds: Labels | int | None = None,
    noise: Noise | None = None,
    noise_from: Literal["each", "pooled"] | tuple[float | None, float | None] = "each",
    controls: RDMs | None = None,
    noise_ceiling: bool = False,
    names: Iterable[Name] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> TimeCourse:
    """Compare the RDM of every time point with models.

    Parameters
    ----------
    data : array_like of shape (n_subjects, n_observations, n_features, n_times), list or dict \
of array_like of shape (n_observations, n_features, n_times), or objects of MNE
        Responses over time, such as sensors of MEG; of one subject without the first axis.
        Each observation is a condition, unless there are ``conditions``.
        Of MNE: epochs, a list, or dict by name, of evoked responses or source estimates, one
        for each condition; or a list or dict by subject of either. The conditions of epochs are
        their events, in the order of the events' codes, unless there are ``conditions``: their
        mean is taken, but for 'crossnobis', 'mahalanobis' and 'decoding', which take them as
        observations.
        Channels marked as bad are left out, and the others must be of one type.
    models : array_like of shape (n_pairs,), (n_models, n_pairs) or square matrices, or dict \
of single RDMs
        Model RDMs; or RDMs of a region, or of the times of another measurement. The index
        of a DataFrame names the conditions of a square RDM, else the models in its rows.
    times : array_like of shape (n_times,), default=None
        Time of each sample; None for its number, or that of objects of MNE.
    window, step : int, default=1
        Each RDM is of the features of so many samples together, and the next one starts so
        many samples later.
    metric : str, default='correlation'
        Dissimilarity of conditions, as in :func:`rdm`.
    method : str, default='spearman'
        Similarity of RDMs, as in :func:`compare`; of a regression, the weights of all models
        together.
    conditions : array_like of shape (n_observations,), or list or dict of one for each \
subject, default=None
        Condition of each observation, as in :func:`rdm`: the same set of them in all subjects,
        with any numbers of observations.
    folds : array_like of shape (n_observations,), list or dict of one for each subject, or \
int, default=None
        Fold of each observation, such as its run, for 'crossnobis' and 'decoding'. A number
        cuts the observations of each condition, in their order, into so many folds.
    noise : NoiseNormalizer or array_like of shape (n_features, n_features), or list or dict \
of one for each subject, default=None
        For 'mahalanobis', which needs it, 'crossnobis', which without it takes the noise to be
        white, and 'decoding', as in :func:`rdm`. A :class:`NoiseNormalizer` that is not fitted
        says how the covariance of the features is estimated from the observations less the
        mean of their condition at each time; for 'decoding' at those of a span, which should
        be before what is classified. A fitted one, or a precision matrix, is used at all
        times. In a window each sample is whitened.
    noise_from : {'each', 'pooled'} or (start, stop), default='each'
        The samples whose residuals the covariance is estimated from: those of each window,
        those of all times, or those of a span such as a baseline, from start to stop
        inclusive in the unit of ``times``, of which None stands for an end of the data.
        Residuals at different times count as different observations. 'each' makes
        'crossnobis' positive in noise, as :func:`rdm` says: take a baseline, or 'pooled' over
        many times, where similarities are tested against 0.
    controls : like models, default=None
        RDMs whose part of models and measured RDMs is removed, as in :func:`compare`.
    noise_ceiling : bool, default=False
        Compute the noise ceiling at each time, of two subjects or more, whose RDMs of all times
        are then in memory. :func:`noise_ceilings` tests it.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    n_jobs : int, default=None
        Number of threads; None for as many as BLAS uses, -1 for all cores. Results do not depend
        on it.
    verbose : bool, default=False
        Show a progress bar for each subject.

    Returns
    -------
    TimeCourse
        With ``scores`` of shape (n_subjects, n_models, n_times), and ``noise_ceiling``. Of
        several subjects it goes to :func:`cluster_test` as it is. If noise is estimated,
        ``shrinkage`` of shape (n_subjects, n_times) tells how far its covariance was shrunk.

    Raises
    ------
    ValueError
        If shapes, times or channels do not match, subjects have different conditions, the
        window is longer than the data, an RDM is undefined, conditions are not in the folds
        that are needed, a feature has no noise, or noise has no inverse.

    Notes
    -----
    Each RDM is that of :func:`rdm` for the responses at its time: with ``noise_from='each'``,
    for the noise ``NoiseNormalizer().fit(data[..., t], conditions)``. RDMs are compared some
    at a time, and not stored.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import NoiseNormalizer, rdm, time_resolved
    >>> rng = np.random.default_rng(0)
    >>> patterns = rng.standard_normal((12, 20))          # conditions, sensors
    >>> strength = np.where(np.arange(30) < 10, 0, 1)     # from sample 10 on
    >>> data = patterns[..., np.newaxis] * strength + rng.standard_normal((12, 20, 30))
    >>> course = time_resolved(data, rdm(patterns))
    >>> course.scores.shape, bool(course.scores[0, 0, 10:].min() > course.scores[0, 0, :10].max())
    ((1, 1, 30), True)

    Cross-validated distances between the conditions of 4 runs, whitened by the noise before
    sample 10:

    >>> runs = np.repeat(np.arange(4), 12)
    >>> trials = patterns[..., np.newaxis] * strength + rng.standard_normal((4, 12, 20, 30))
    >>> course = time_resolved(
    ...     trials.reshape(48, 20, 30), rdm(patterns), metric="crossnobis", folds=runs,
    ...     conditions=np.tile(np.arange(12), 4), noise=NoiseNormalizer(), noise_from=(None, 9))
    >>> bool(course.scores[0, 0, 10:].min() > course.scores[0, 0, :10].max())
    True
    """
    check_option(metric, "metric", METRICS)
    check_option(method, "method", METHODS)
    _, sets, designs, at, cut = over_time(data, times, window, step, metric, conditions, folds)
    own, vectors = named_vectors(models, "models", names, allow_nan=True)
    check_same_conditions(designs[0].n_conditions, vectors)
    model_conditions = condition_names(models)
    check_named_alike(data=designs[0].names, models=model_conditions)
    spread = noise_of(noise, noise_from, metric, sets, at)
    control = as_controls(controls, method, vectors, "models", model_conditions)
    if spread.estimator is not None and not isinstance(noise_from, tuple):
        warn_of_observed(metric, method)
    check_several(noise_ceiling, sets.keys, method)
    kept: list[list[np.ndarray]] = [[] for _ in designs]

    def compared(subject: int, first: int, rdms: np.ndarray) -> np.ndarray:
        called_by = {
            "model": called("models", own),
            "RDM": lambda k: f"the RDM of time {first + k}",
        }
        if noise_ceiling:
            kept[subject].append(rdms)
        return of_models(vectors, rdms, method, control, names=called_by, n_jobs=n_jobs)

    scores = np.empty((len(sets.xs), len(vectors), len(cut.centers)))
    shrinkage = np.empty((len(sets.xs), len(cut.centers)))
    for k, design in enumerate(designs):
        design = design._replace(names=design.names or model_conditions)
        blocks = window_rdms(sets, k, cut, metric, design, spread, shrinkage[k], n_jobs, verbose)
        scores[k] = np.concatenate([compared(k, *block) for block in blocks], axis=1)
    return TimeCourse(
        scores=scores,
        times=cut.centers,
        names=names_or_numbers(own, len(vectors)),
        subjects=sets.keys,
        method=method,
        label=axis_label(method, "similarity of RDMs"),
        shrinkage=None if spread.estimator is None else shrinkage,
        noise_ceiling=(
            ceilings_of([*map(np.concatenate, kept)], method, control, n_jobs=n_jobs)
            if noise_ceiling
            else None
        ),
    )
