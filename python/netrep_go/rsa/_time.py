"""RSA of every time point."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._names import Name, names_or_numbers
from netrep_go._parameters import checked
from netrep_go._time_course import TimeCourse, as_subjects, windows
from netrep_go._validation import check_option
from netrep_go.rsa._ceilings import ceilings_of, check_several
from netrep_go.rsa._compare import METHODS, as_controls, of_models
from netrep_go.rsa._condensed import (
    RDMs,
    called,
    check_named_alike,
    condition_names,
    n_conditions,
    named_vectors,
)
from netrep_go.rsa._rdm import rdm
from netrep_go.rsa._recordings import recordings


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
    controls: RDMs | None = None,
    noise_ceiling: bool = False,
    names: Iterable[Name] | None = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> TimeCourse:
    """Compare the RDM of every time point with models.

    Parameters
    ----------
    data : array_like of shape (n_subjects, n_conditions, n_features, n_times), dict of \
array_like of shape (n_conditions, n_features, n_times), or objects of MNE
        Responses over time, such as sensors of MEG; of one subject without the first axis.
        Of MNE: epochs, whose mean is taken for each event, in the order of the events'
        codes; a list, or dict by name, of evoked responses or source estimates, one for
        each condition; or a list or dict by subject of either. Channels marked as bad are
        left out, and the others must be of one type.
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
    controls : like models, default=None
        RDMs whose part of models and measured RDMs is removed, as in :func:`compare`.
    noise_ceiling : bool, default=False
        Compute the noise ceiling at each time, of two subjects or more, whose RDMs of all times
        are then in memory. :func:`noise_ceilings` tests it.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores. The result does
        not depend on it.
    verbose : bool, default=False
        Show a progress bar for each subject.

    Returns
    -------
    TimeCourse
        With ``scores`` of shape (n_subjects, n_models, n_times), and ``noise_ceiling``.
        ``scores[:, 0]`` goes to :func:`cluster_test`.

    Raises
    ------
    ValueError
        If shapes, times or channels do not match, subjects have different conditions, the
        window is longer than the data, or an RDM is undefined.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import rdm, time_resolved
    >>> rng = np.random.default_rng(0)
    >>> patterns = rng.standard_normal((12, 20))          # conditions, sensors
    >>> strength = np.where(np.arange(30) < 10, 0, 1)     # from sample 10 on
    >>> data = patterns[..., np.newaxis] * strength + rng.standard_normal((12, 20, 30))
    >>> course = time_resolved(data, rdm(patterns))
    >>> course.scores.shape, bool(course.scores[0, 0, 10:].min() > course.scores[0, 0, :10].max())
    ((1, 1, 30), True)
    """
    check_option(method, "method", METHODS)
    recorded = recordings(data, times)
    responses, subjects = as_subjects(recorded.data)
    own, vectors = named_vectors(models, "models", names, allow_nan=True)
    n, expected = responses[0].shape[0], n_conditions(vectors, "models")
    if n != expected:
        raise ValueError(f"data and models must be of the same conditions, got {n} and {expected}")
    check_named_alike(data=recorded.conditions, models=condition_names(models))
    cut, centers = windows(responses[0].shape[-1], recorded.times, window, step)
    control = as_controls(controls, method, vectors, "models", condition_names(models))
    names_of = {"model": called("models", own), "RDM": lambda k: f"the RDM of time {k}"}
    check_several(noise_ceiling, subjects, method)
    scores, kept = [], []
    for subject, x in zip(subjects, responses, strict=True):
        samples = np.stack([x[..., span].reshape(n, -1) for span in cut])
        try:
            rdms = rdm(
                samples, metric, names=condition_names(models), n_jobs=n_jobs, verbose=verbose
            )
        except ValueError as error:
            raise ValueError(f"subject {subject!r}, at each time: {error}") from None
        scores.append(of_models(vectors, rdms, method, control, names=names_of, n_jobs=n_jobs))
        kept += [rdms] if noise_ceiling else []
    return TimeCourse(
        scores=np.stack(scores),
        times=centers,
        names=names_or_numbers(own, len(vectors)),
        subjects=subjects,
        method=method,
        label=f"similarity of RDMs\n({method})",
        noise_ceiling=ceilings_of(kept, method, control, n_jobs=n_jobs) if noise_ceiling else None,
    )
