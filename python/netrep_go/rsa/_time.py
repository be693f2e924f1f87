"""RSA of every time point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._optional import pandas
from netrep_go._validation import as_array, check_integer
from netrep_go.rsa._compare import compare
from netrep_go.rsa._folds import as_vectors, n_conditions
from netrep_go.rsa._rdm import rdm


@dataclass(frozen=True, kw_only=True)
class TimeCourse:
    """Result of :func:`time_resolved`.

    Attributes
    ----------
    scores : ndarray of shape (n_subjects, n_models, n_times)
        Similarity of the RDM of each time to each model.
    times : ndarray of shape (n_times,)
        Time of each, the mean of its window.
    method : str
        How RDMs are compared.
    """

    scores: np.ndarray = field(repr=False)
    times: np.ndarray = field(repr=False)
    method: str

    def to_frame(self) -> Any:
        """Return a row for each subject, model and time.

        Returns
        -------
        pandas.DataFrame
            With columns subject, model, time, method, score.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        subject, model, time = np.indices(self.scores.shape).reshape(3, -1)
        columns = {
            "subject": subject,
            "model": model,
            "time": self.times[time],
            "method": self.method,
            "score": self.scores.ravel(),
        }
        return pandas().DataFrame(columns)


def time_resolved(
    data: ArrayLike,
    models: ArrayLike,
    *,
    times: ArrayLike | None = None,
    window: int = 1,
    step: int = 1,
    metric: str = "correlation",
    method: str = "spearman",
    n_jobs: int | None = None,
) -> TimeCourse:
    """Compare the RDM of every time point with models.

    Parameters
    ----------
    data : array_like of shape (n_subjects, n_conditions, n_features, n_times)
        Responses over time, such as sensors of MEG; of one subject without the first axis.
    models : array_like of shape (n_pairs,), (n_models, n_pairs) or square matrices
        Model RDMs; or RDMs of a region, or of the times of another measurement.
    times : array_like of shape (n_times,), default=None
        Time of each sample; None for its number.
    window, step : int, default=1
        Each RDM is of the features of so many samples together, and the next one starts so
        many samples later.
    metric : str, default='correlation'
        Method of :func:`rdm`.
    method : str, default='spearman'
        Method of :func:`compare`.
    n_jobs : int, optional
        Number of threads; None for as many as BLAS uses, -1 for all cores.

    Returns
    -------
    TimeCourse
        With ``scores`` of shape (n_subjects, n_models, n_times). ``scores[:, 0]`` goes to
        :func:`cluster_test`.

    Raises
    ------
    ValueError
        If shapes do not match, the window is longer than the data, or an RDM is undefined.

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
    data = as_array(data, "data", 4 if np.ndim(data) == 4 else 3, allow_nan=True)
    subjects = data if data.ndim == 4 else data[np.newaxis]
    vectors = as_vectors(models, "models", allow_nan=True)
    n, expected = subjects.shape[1], n_conditions(vectors, "models")
    if n != expected:
        raise ValueError(f"data and models must be of the same conditions, got {n} and {expected}")
    check_integer(window, "window", 1)
    check_integer(step, "step", 1)
    n_samples = subjects.shape[-1]
    if window > n_samples:
        raise ValueError(f"window must be at most the number of times, {n_samples}, got {window}")
    at = np.arange(n_samples) if times is None else as_array(times, "times", 1)
    if len(at) != n_samples:
        raise ValueError(f"times must have length {n_samples}, got {len(at)}")
    scores = []
    for subject, responses in enumerate(subjects):
        cut = np.lib.stride_tricks.sliding_window_view(responses, window, axis=-1)[:, :, ::step]
        samples = np.moveaxis(cut, 2, 0).reshape(cut.shape[2], n, -1)
        try:
            rdms = rdm(samples, metric, n_jobs=n_jobs)
        except ValueError as error:
            raise ValueError(f"subject {subject}, at each time: {error}") from None
        scores.append(compare(vectors, rdms, method, n_jobs=n_jobs))
    centers = np.lib.stride_tricks.sliding_window_view(at, window)[::step].mean(axis=1)
    return TimeCourse(scores=np.stack(scores), times=centers, method=method)
