"""RDMs as vectors of their entries, and the names that users give to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import is_valid_y, num_obs_y, squareform

from netrep_go._names import (
    Name,
    check_all_same_names,
    check_names,
    check_same_indexes,
    check_square_names,
    holds_arrays,
    last_names,
    names_or_numbers,
    row_names,
    split_names,
)
from netrep_go._shown import kind_of
from netrep_go._validation import as_array, as_it_is, departure

RDMs = ArrayLike | Mapping[Any, ArrayLike] | Sequence[ArrayLike]


def named_vectors(
    rdms: Any, argument: str, names: Iterable[Name] | None = None, *, allow_nan: bool = False
) -> tuple[list[Name] | None, np.ndarray]:
    """Return the names of RDMs, None if they have none, and the RDMs as `as_vectors` does.

    Names are the keys of a mapping of single RDMs, the index of a Series of them, that of a
    DataFrame whose rows are condensed RDMs, or ``names``.
    """
    if holds_arrays(rdms):
        items, own = split_names(rdms, argument, names)
        return own, _stack(items, names_or_numbers(own, len(items)), argument, allow_nan)
    vectors = as_vectors(rdms, argument, allow_nan=allow_nan)
    own = row_names(rdms) if len(vectors) == np.shape(rdms)[0] else None
    if names is None:
        return own, vectors
    if own is not None:
        raise ValueError(f"{argument} has names of its own: leave out names")
    return check_names(names, len(vectors), argument), vectors


def model_names(names: list[Name] | None, n: int) -> list[Name]:
    """Return the names of models, numbered if they have none."""
    return [f"model {k}" for k in range(n)] if names is None else names


def called(argument: str, names: list[Name] | None) -> Callable[[int], str]:
    """Return what errors call the RDMs of an argument."""
    return lambda k: f"{argument}[{k if names is None else names[k]!r}]"


def _stack(
    items: Sequence[ArrayLike], names: Sequence[Name], argument: str, allow_nan: bool
) -> np.ndarray:
    """Return single RDMs of the same conditions as the rows of a matrix."""
    if not items:
        raise ValueError(f"{argument} must have at least one RDM, got none")
    wheres = [f"{argument}[{name!r}]" for name in names]
    vectors = []
    for where, item in zip(wheres, items, strict=True):
        vector = as_vectors(item, where, allow_nan=allow_nan)
        if len(vector) != 1:
            raise ValueError(f"{where} must be one RDM, got {len(vector)}")
        vectors.append(vector)
        check_same_conditions(vectors[0], wheres[0], vector, where)
    check_alike(**dict(zip(wheres, items, strict=True)))
    return np.concatenate(vectors)


def _labeled(rdms: Any) -> list[Any]:
    """Return those RDMs of an argument that may have labels."""
    if isinstance(rdms, Mapping):
        rdms = rdms.values()
    elif not (holds_arrays(rdms) or isinstance(rdms, (list, tuple))):
        rdms = [rdms]
    return [rdm for rdm in rdms if hasattr(rdm, "shape") and not isinstance(rdm, np.ndarray)]


def condition_names(rdms: Any) -> list[Name] | None:
    """Return the names of conditions: the index of RDMs that are square DataFrames."""
    return row_names(named_rdm(rdms))


def named_rdm(rdms: Any) -> Any:
    """Return the first of RDMs that is square and has names of conditions, None if none has."""
    for each in _labeled(rdms):
        rdm = each[0] if np.ndim(each) == 3 and len(each) else each  # a stack of xarray
        if row_names(rdm) is not None and np.ndim(rdm) == 2 and is_single(rdm):
            return rdm
    return None


def check_named_alike(**conditions: list[Name] | None) -> None:
    """Raise if arguments, those that have names of conditions, have others."""
    check_all_same_names(conditions.items(), "conditions")


def check_alike(**rdms: Any) -> None:
    """Raise if arguments label conditions, or the pairs in condensed RDMs, in other orders."""
    check_named_alike(**{name: condition_names(x) for name, x in rdms.items()})
    condensed = [(name, x) for name, given in rdms.items() for x in _labeled(given) if _pairs(x)]
    check_same_indexes(condensed, "pairs of conditions", axis=-1)


def _pairs(rdm: Any) -> bool:
    """Whether an RDM is condensed and labels its pairs.

    Numbers that do not count them are rows of some table, and say nothing.
    """
    labels = last_names(rdm)
    if labels is None or np.ndim(rdm) not in (1, 2) or (np.ndim(rdm) == 2 and is_single(rdm)):
        return False
    numbers = all(isinstance(label, (int, np.integer)) for label in labels)
    return not numbers or set(labels) == set(range(len(labels)))


def as_vectors(rdms: ArrayLike, name: str, *, allow_nan: bool = False) -> np.ndarray:
    """Return RDMs as condensed vectors, of shape (n_rdms, n_pairs).

    They may come as one vector or several, or as one square matrix or several.
    """
    shape = as_it_is(rdms, name).shape
    if isinstance(rdms, Mapping) or len(shape) not in (1, 2, 3):
        raise ValueError(
            f"{name} must be RDMs of shape (n_pairs,), (n_rdms, n_pairs), (n_conditions, "
            f"n_conditions) or (n_rdms, n_conditions, n_conditions), got {kind_of(rdms)} of "
            f"shape {shape}"
        )
    vectors = as_array(rdms, name, len(shape), allow_nan=allow_nan)
    if vectors.ndim == 3:
        check_items_named_alike(rdms, name)
        vectors = np.stack([_condense(rdm, f"{name}[{k}]") for k, rdm in enumerate(vectors)])
    elif vectors.ndim == 2 and _is_square(vectors, rdms):
        check_square_names(rdms, name, "conditions")
        vectors = _condense(vectors, name, "; if rows are condensed RDMs, pass a dict of them")
    vectors = np.atleast_2d(vectors)
    n_conditions(vectors, name)
    return vectors


def check_items_named_alike(matrices: Any, name: str) -> None:
    """Raise if data frames in a list name conditions apart, in their rows or columns."""
    if isinstance(matrices, (list, tuple)):
        items = [(f"{name}[{k}]", matrix) for k, matrix in enumerate(matrices)]
        check_square_matrices_named_alike(items)


def check_square_matrices_named_alike(items: Sequence[tuple[str, Any]]) -> None:
    """Raise if data frames, each with what it is called, name conditions apart."""
    for where, matrix in items:
        check_square_names(matrix, where, "conditions")
    check_all_same_names([(where, row_names(matrix)) for where, matrix in items], "conditions")


def is_single(rdms: Any) -> bool:
    """Whether RDMs came as one vector or square matrix."""
    if holds_arrays(rdms):
        return False
    shape = np.shape(rdms)
    if len(shape) != 2 or shape[0] != shape[1]:
        return len(shape) == 1
    return shape[0] > 1 and len(as_vectors(rdms, "rdms", allow_nan=True)) == 1


def _is_square(matrix: np.ndarray, original: Any) -> bool:
    """Whether a matrix has a row for each condition, or else one for each condensed RDM.

    As many RDMs as they have pairs are square too. What is symmetric, has one number all
    along its diagonal, or the same names of rows and columns, is a matrix of conditions.
    """
    n = len(matrix)
    if n != matrix.shape[1] or n == 1:
        return False
    diagonal, names = matrix.diagonal(), row_names(original)
    return (
        not is_valid_y(matrix[0])
        or not departure(matrix - matrix.T, matrix)
        or not departure(diagonal - np.fmin.reduce(diagonal), matrix)
        or (names is not None and names == list(getattr(original, "columns", ())))
    )


def _condense(rdm: np.ndarray, name: str, otherwise: str = "") -> np.ndarray:
    """Return the pairs of a square RDM, whose asymmetry and diagonal may be rounding."""
    rule = f"{name} must be a symmetric matrix with a zero diagonal, got"
    if rdm.shape[0] != rdm.shape[1]:
        raise ValueError(f"{rule} shape {rdm.shape}")
    lacking = np.isnan(rdm)
    if (lacking != lacking.T).any():
        raise ValueError(f"{rule} NaN whose mirrors are not NaN: set both{otherwise}")
    if lacking.diagonal().any():
        raise ValueError(f"{rule} NaN on it: set the diagonal to 0{otherwise}")
    if asymmetry := departure(rdm - rdm.T, rdm):
        raise ValueError(
            f"{rule} entries {asymmetry:.3g} from their mirror: average the matrix with its "
            f"transpose{otherwise}"
        )
    if diagonal := departure(rdm.diagonal(), rdm):
        raise ValueError(
            f"{rule} {diagonal:.3g} on it; turn similarities into dissimilarities first, "
            f"such as 1 minus them, and set a diagonal that means nothing to 0{otherwise}"
        )
    upper, lower = squareform(rdm, checks=False), squareform(rdm.T, checks=False)
    return upper + (lower - upper) / 2


def n_conditions(vectors: np.ndarray, name: str) -> int:
    """Return the number of conditions of condensed RDMs: at least 3."""
    n_pairs = vectors.shape[-1]
    try:
        n = int(num_obs_y(vectors[0]))
    except ValueError:
        hint = ", in a square matrix that is not symmetric"
        if len(vectors) != n_pairs:
            hint = "; if these are responses, take rdm() of them"
        raise ValueError(
            f"{name} must have n (n - 1) / 2 pairs for n conditions, got {n_pairs} pairs{hint}"
        ) from None
    if n < 3:
        raise ValueError(f"{name} must be for at least 3 conditions, got {n}")
    return n


def check_n_conditions(n: int) -> None:
    """Raise an error unless there are conditions enough for an RDM."""
    if n < 3:
        raise ValueError(f"an RDM needs at least 3 conditions, got {n}")


def check_same_conditions(first: np.ndarray, name: str, second: np.ndarray, other: str) -> int:
    """Return the number of conditions of two sets of RDMs, or raise if they differ."""
    n, m = n_conditions(first, name), n_conditions(second, other)
    if n != m:
        raise ValueError(
            f"{name} and {other} must be of the same conditions, got {n} and {m} conditions"
        )
    return n


def check_varies(vectors: np.ndarray, name: str, names: list[Name] | None = None) -> None:
    """Raise if the dissimilarities of an RDM are all the same."""
    spread = np.ptp(vectors, axis=1)
    flat = np.flatnonzero(spread <= 1e-12 * np.abs(vectors).max(axis=1))
    if flat.size:
        keys = names_or_numbers(names, len(vectors))
        where = name if names is None and len(vectors) == 1 else f"{name}[{keys[flat[0]]!r}]"
        raise ValueError(f"{where} must vary, got {vectors[flat[0], 0]:.3g} for all pairs")
