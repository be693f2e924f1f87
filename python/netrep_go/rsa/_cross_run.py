"""Dissimilarities of conditions in one run with conditions in another, with their diagonal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.spatial.distance import cdist

from netrep_go._jobs import RandomState
from netrep_go._names import (
    Items,
    Name,
    check_same_indexes,
    holds_arrays,
    names_or_numbers,
    split_names,
)
from netrep_go._optional import pandas
from netrep_go._parameters import checked
from netrep_go._results import Result
from netrep_go._shown import shown
from netrep_go._validation import as_array, as_factor, check_option
from netrep_go.rsa._compare import similarities
from netrep_go.rsa._condensed import check_square_matrices_named_alike
from netrep_go.rsa._evaluation import ModelEvaluation, ratio
from netrep_go.rsa._inference import evaluate

_METRICS = ("correlation", "cosine", "euclidean", "sqeuclidean")
_METHODS = ("spearman", "pearson", "cosine", "tau-a", "tau-b", "rho-a")  # of any entries
_RUNS = ("first", "second")
_FLAT = 1e-12  # spread, as a part of the largest entry, that is rounding
_LEAST = 2  # conditions
_SMALLEST = np.finfo(float).tiny

Squares = ArrayLike | Items


@checked
def cross_rdm(
    first: Squares,
    second: Squares,
    metric: Literal["correlation", "cosine", "euclidean", "sqeuclidean"] = "correlation",
) -> np.ndarray:
    """Return the dissimilarities of each condition in one run with each in another.

    The entry in row i and column j is that of condition i in the first run and condition j in
    the second. The matrix is not symmetric, and on its diagonal is what noise makes of a
    condition with itself.

    Parameters
    ----------
    first, second : array_like of shape (n_conditions, n_features) or (n_subjects, \
n_conditions, n_features), or list or dict by subject
        Responses in two runs, or means over two halves of the runs, to the same conditions in
        the same order.
    metric : {'correlation', 'cosine', 'euclidean', 'sqeuclidean'}, default='correlation'
        Dissimilarity of conditions, as in :func:`rdm`.

    Returns
    -------
    ndarray of shape (n_conditions, n_conditions) or (n_subjects, n_conditions, n_conditions)
        Dissimilarities.

    Raises
    ------
    ValueError
        If responses are not finite, of different shapes or, as data frames, conditions, or a
        dissimilarity is undefined, as the correlation of constant responses is.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import cross_rdm
    >>> rng = np.random.default_rng(0)
    >>> patterns = rng.standard_normal((3, 50))
    >>> runs = patterns + 0.5 * rng.standard_normal((2, 3, 50))
    >>> D = cross_rdm(runs[0], runs[1])
    >>> D.shape, bool(D.diagonal().max() < D[~np.eye(3, dtype=bool)].min())
    ((3, 3), True)
    """
    (xs, own), (ys, other) = _by_subject(first, "first"), _by_subject(second, "second")
    keys, others = names_or_numbers(own, len(xs)), names_or_numbers(other, len(ys))
    if own is not None and other is not None and set(own) == set(other):
        ys = [ys[other.index(key)] for key in own]
    elif len(xs) != len(ys) or (own is not None and other is not None):
        raise ValueError(
            f"first and second must be of the same subjects, got {shown(keys)} and {shown(others)}"
        )
    named = [
        (f"{run}, subject {key!r},", z)
        for run, zs in zip(_RUNS, (xs, ys), strict=True)
        for key, z in zip(keys, zs, strict=True)
    ]
    check_same_indexes(named, "conditions")
    for key, *both in zip(keys, xs, ys, strict=True):
        runs = [(f"{run}, subject {key!r},", z) for run, z in zip(_RUNS, both, strict=True)]
        check_same_indexes(runs, "features", axis=-1)
    found = [_between(x, y, metric, key) for key, x, y in zip(keys, xs, ys, strict=True)]
    return np.stack(found) if _several(first) else found[0]


def _several(x: Any) -> bool:
    """Whether matrices come in a list, mapping or stack: not as rows of one."""
    if isinstance(x, (list, tuple)):
        return not x or np.ndim(x[0]) != 1
    n_axes = getattr(x, "ndim", 0)
    return holds_arrays(x) or (isinstance(n_axes, int) and n_axes > 2)


def _by_subject(x: Any, name: str) -> tuple[list[Any], list[Name] | None]:
    """Return matrices of subjects, and the names of these."""
    items, own = split_names(x, name) if _several(x) else ([x], None)
    if not items:
        raise ValueError(f"{name} must have at least one subject, got none")
    return items, own


def _between(x: Any, y: Any, metric: str, subject: Name) -> np.ndarray:
    """Return the dissimilarities of the rows of two matrices."""
    runs = [
        as_factor(x, f"first, subject {subject!r},"),
        as_factor(y, f"second, subject {subject!r},"),
    ]
    if runs[0].shape != runs[1].shape or len(runs[0]) < _LEAST:
        raise ValueError(
            f"first and second must have the same shape, of at least {_LEAST} conditions, got "
            f"{runs[0].shape} and {runs[1].shape} for subject {subject!r}"
        )
    if metric in ("euclidean", "sqeuclidean"):
        return np.asarray(cdist(*runs, metric))
    units = [
        _of_unit_length(run, metric, name, subject)
        for run, name in zip(runs, ("first", "second"), strict=True)
    ]
    return 1 - np.clip(units[0] @ units[1].T, -1, 1)


def _of_unit_length(run: np.ndarray, metric: str, name: str, subject: Name) -> np.ndarray:
    size = np.abs(run).max(axis=1)
    if metric == "correlation":
        flat = np.ptp(run, axis=1) <= _FLAT * size
        run = run - run.mean(axis=1, keepdims=True)
    else:
        flat = size == 0
    if flat.any():
        raise ValueError(
            f"{metric} is undefined of responses that are all the same, got those of condition "
            f"{np.flatnonzero(flat)[0]} in {name}, subject {subject!r}"
        )
    return np.asarray(run / np.linalg.norm(run, axis=1, keepdims=True))


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ExemplarInformation(Result):
    """Result of :func:`exemplar_information`.

    Attributes
    ----------
    subjects : list
        Names of the subjects, or their positions.
    within, between : ndarray of shape (n_subjects,)
        Mean dissimilarity of conditions with themselves, and with others.
    information : ndarray of shape (n_subjects,)
        ``between - within``: 0 where responses do not tell the conditions apart.
    by_condition : ndarray of shape (n_subjects, n_conditions)
        The same for each condition: the mean of its row and column, less its diagonal entry.
    reliability : ndarray of shape (n_subjects,)
        Similarity of the entries above the diagonal to those below, which are of the same
        pairs in changed roles; NaN of 2 conditions, or where one of the two is constant.
    statistic : float
        t of the information over subjects, NaN of one.
    pvalue : float
        One-sided p-value of the information being above 0.
    method : str
        Similarity of the reliability.
    """

    subjects: list[Name]
    within: np.ndarray
    between: np.ndarray
    information: np.ndarray
    by_condition: np.ndarray = field(repr=False)
    reliability: np.ndarray
    statistic: float
    pvalue: float
    method: str

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each subject.

        Returns
        -------
        pandas.DataFrame
            With columns subject, within, between, information, reliability.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        columns = ("within", "between", "information", "reliability")
        values = {name: getattr(self, name) for name in columns}
        return pandas().DataFrame({"subject": self.subjects, **values})


@checked
def exemplar_information(rdms: Squares, *, method: str = "spearman") -> ExemplarInformation:
    """Test whether responses tell conditions apart: diagonals of cross-run RDMs against the rest.

    The exemplar discriminability index [1]_ of a subject is the mean dissimilarity of different
    conditions less that of a condition with itself, both between two runs. Its expectation is
    0 if conditions do not differ, and a t test over subjects is valid.

    Parameters
    ----------
    rdms : array_like of shape (n_conditions, n_conditions) or (n_subjects, n_conditions, \
n_conditions), or list or dict by subject
        Dissimilarities between runs, of :func:`cross_rdm`; rows are of one run, columns of
        the other.
    method : str, default='spearman'
        Similarity that is the reliability: 'spearman', 'pearson', 'cosine', 'tau-a', 'tau-b'
        or 'rho-a'.

    Returns
    -------
    ExemplarInformation
        With ``information``, ``reliability`` and ``pvalue``.

    Raises
    ------
    ValueError
        If RDMs are not square, finite and of the same number of conditions.

    References
    ----------
    .. [1] Nili, H., Walther, A., Alink, A. & Kriegeskorte, N. (2020). Inferring exemplar
       discriminability in brain representations. PLoS ONE 15(6), e0232551.
       doi:10.1371/journal.pone.0232551

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import cross_rdm, exemplar_information
    >>> rng = np.random.default_rng(0)
    >>> patterns = rng.standard_normal((8, 10, 40))       # 8 subjects, 10 conditions
    >>> runs = patterns + 2 * rng.standard_normal((2, 8, 10, 40))
    >>> found = exemplar_information(cross_rdm(runs[0], runs[1]))
    >>> bool(found.pvalue < 0.01)
    True
    """
    check_option(method, "method", _METHODS)
    squares, own = _squares(rdms, "rdms")
    n_subjects, n = squares.shape[:2]
    diagonal = np.diagonal(squares, axis1=1, axis2=2)
    others = (squares.sum(axis=1) + squares.sum(axis=2) - 2 * diagonal) / (2 * (n - 1))
    by_condition = others - diagonal
    information = by_condition.mean(axis=1)
    t = np.nan
    if n_subjects > 1:
        units = information / max(float(np.abs(squares).max()), _SMALLEST)  # t has no unit
        error = np.std(units, ddof=1, keepdims=True) / np.sqrt(n_subjects)
        mean = units.mean(keepdims=True)
        t = float(ratio(mean, error, mean, error)[0])
    return ExemplarInformation(
        subjects=names_or_numbers(own, n_subjects),
        within=diagonal.mean(axis=1),
        between=others.mean(axis=1),
        information=information,
        by_condition=by_condition,
        reliability=np.array([_reliability(square, method) for square in squares]),
        statistic=t,
        pvalue=float(stats.t.sf(t, n_subjects - 1)),
        method=method,
    )


def _reliability(square: np.ndarray, method: str) -> float:
    """Return the similarity of the entries above the diagonal to those below."""
    above = np.triu_indices(len(square), 1)
    halves = np.array([square[above], square.T[above]])
    spread = np.ptp(halves, axis=1) <= _FLAT * np.abs(halves).max(axis=1)
    if len(square) == _LEAST or spread.any():
        return np.nan
    return float(similarities(halves[:1], halves[1:], method)[0, 0])


@checked
def evaluate_cross(
    models: Squares,
    rdms: Squares,
    method: str = "spearman",
    *,
    resample: Literal["subjects"] | None = None,
    n_bootstraps: int = 1000,
    noise_ceiling: bool = True,
    names: Iterable[Name] | None = None,
    random_state: RandomState = None,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> ModelEvaluation:
    """Compare models with cross-run RDMs of subjects, with the diagonal.

    It is :func:`evaluate` of all n x n entries. A model says what a condition is to itself,
    too: zeros on the diagonal are lower than any other entry.

    Parameters
    ----------
    models : array_like of shape (n_conditions, n_conditions) or (n_models, n_conditions, \
n_conditions), or list or dict of them
        Matrices that the models predict, which need not be symmetric.
    rdms : like models
        Dissimilarities between runs of each subject, of :func:`cross_rdm`.
    method : str, default='spearman'
        Similarity: 'spearman', 'pearson', 'cosine', 'tau-a', 'tau-b' or 'rho-a'.
    resample : {'subjects'} or None, default=None
        What is drawn with replacement, as in :func:`evaluate`. Conditions cannot be.
    n_bootstraps, noise_ceiling
        As in :func:`evaluate`.
    names : sequence of hashable, default=None
        Names of the models, if these have none.
    random_state, n_jobs, verbose
        As in :func:`evaluate`.

    Returns
    -------
    ModelEvaluation
        As of :func:`evaluate`.

    Raises
    ------
    ValueError
        If matrices are not square and finite, or of different conditions.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import cross_rdm, evaluate_cross
    >>> rng = np.random.default_rng(0)
    >>> patterns = rng.standard_normal((8, 40))           # 8 conditions
    >>> runs = patterns + rng.standard_normal((2, 6, 8, 40))
    >>> models = {"identity": 1 - np.eye(8), "order": rng.random((8, 8))}
    >>> evaluation = evaluate_cross(models, cross_rdm(runs[0], runs[1]))
    >>> (evaluation.pvalue_zero < 0.001).tolist()
    [True, False]
    """
    check_option(method, "method", _METHODS)
    x, own = _squares(models, "models", names)
    y, subjects = _squares(rdms, "rdms")
    for axis in (0, -1):
        firsts = ("models", _first(models)), ("rdms", _first(rdms))
        check_same_indexes(firsts, "conditions", axis)
    if x.shape[1:] != y.shape[1:]:
        raise ValueError(
            f"models and rdms must be of the same conditions, got {x.shape[1]} and {y.shape[1]}"
        )
    keys = [f"model {k}" for k in range(len(x))] if own is None else own
    found = evaluate(
        dict(zip(keys, _condensed(x), strict=True)),
        dict(zip(names_or_numbers(subjects, len(y)), _condensed(y), strict=True)),
        method,
        resample=resample,
        n_bootstraps=n_bootstraps,
        noise_ceiling=noise_ceiling,
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    return replace(found, n_conditions=x.shape[1])


def _first(x: Any) -> Any:
    """Return the first of some matrices, or the only one."""
    return split_names(x, "rdms")[0][0] if _several(x) else x


def _condensed(squares: np.ndarray) -> np.ndarray:
    """Return all entries as RDMs of more conditions, of which what is left over is missing."""
    n_entries = squares[0].size
    n = int(np.ceil((1 + np.sqrt(1 + 8 * n_entries)) / 2))
    out = np.full((len(squares), n * (n - 1) // 2), np.nan)
    out[:, :n_entries] = squares.reshape(len(squares), -1)
    return out


def _squares(
    x: Any, name: str, names: Iterable[Name] | None = None
) -> tuple[np.ndarray, list[Name] | None]:
    """Return square matrices of the same conditions, and their names."""
    items, own = split_names(x if _several(x) else [x], name, names)
    keys = names_or_numbers(own, len(items))
    named = [(f"{name}[{k!r}]", item) for k, item in zip(keys, items, strict=True)]
    matrices = [as_array(item, where, 2) for where, item in named]
    check_square_matrices_named_alike(named)
    if not matrices:
        raise ValueError(f"{name} must have at least one matrix, got none")
    n = len(matrices[0])
    for key, matrix in zip(keys, matrices, strict=True):
        if matrix.shape != (n, n) or n < _LEAST:
            raise ValueError(
                f"{name} must be square, of the same conditions, at least {_LEAST}, got shapes "
                f"{matrices[0].shape} and, of {key!r}, {matrix.shape}"
            )
    return np.stack(matrices), own
