"""Lists of the features of searchlights, also of channels or vertices at several times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from scipy import sparse

from netrep_go._names import Name
from netrep_go._shown import shown
from netrep_go._validation import as_integers
from netrep_go.rsa._condensed import check_named_alike
from netrep_go.rsa._recordings import recordings, use_of


def flattened(
    data: Any, neighbors: Any, conditions: Any, metric: str, names: list[Name] | None
) -> tuple[Any, Any, Any]:
    """Return objects of MNE as rows of channels x times, with their lists and conditions.

    What is no such object is returned as it is.
    """
    recorded = recordings(data, None, use_of(metric, conditions))
    if recorded.data is data:
        return data, neighbors, conditions
    if neighbors is None:
        raise ValueError("neighbors must be given for channels or vertices of MNE, got None")
    check_named_alike(data=recorded.conditions, models=names)
    if not isinstance(recorded.data, Mapping):
        own = conditions if recorded.events is None else recorded.events[0]
        return _rows(recorded.data), _over_times(neighbors, recorded.data), own
    by_subject = isinstance(neighbors, Mapping)
    lists = {
        name: _over_times(neighbors[name] if by_subject else neighbors, x)
        for name, x in recorded.data.items()
        if not by_subject or name in neighbors
    }
    if recorded.events is not None:
        conditions = dict(zip(recorded.data, recorded.events, strict=True))
    return {name: _rows(x) for name, x in recorded.data.items()}, lists, conditions


def _rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def _over_times(neighbors: Any, x: np.ndarray) -> list[np.ndarray]:
    """Return the features, channels x times, of lists of channels."""
    _, n_channels, n_times = x.shape
    starts, channels = as_lists(neighbors, n_channels)
    if channels.size and not 0 <= channels.min() <= channels.max() < n_channels:
        odd = channels.min() if channels.min() < 0 else channels.max()
        raise ValueError(f"neighbors must be of features 0 to {n_channels - 1}, got {odd}")
    features = np.arange(n_channels * n_times).reshape(n_channels, n_times)[channels]
    return [each.ravel() for each in np.split(features, starts[1:-1])]


def _check_not_dense(neighbors: Any, n_features: int) -> None:
    """Raise if neighbors are a dense matrix of zeros and ones, not lists of features."""
    values = neighbors if isinstance(neighbors, np.ndarray) else np.empty(0)
    if values.shape[1:] != (n_features,):
        return
    if values.dtype.kind == "b" or np.isin(values, (0, 1)).all():
        raise ValueError(
            f"neighbors must be lists of features, got a dense matrix of zeros and ones with "
            f"{n_features} columns: pass scipy.sparse.csr_array(neighbors)"
        )


def _check_differ(features: np.ndarray, name: str) -> None:
    """Raise if a feature is twice in a list."""
    values, counts = np.unique(features, return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"{name} must name each feature once, got {values[counts > 1][0]} "
            f"{counts[counts > 1][0]} times; zeros and ones that mark neighbors must be in a "
            "sparse matrix"
        )


def as_lists(neighbors: Any, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the lists of features begin and end, and all of them one after the other."""
    if sparse.issparse(neighbors):
        graph = neighbors.tocsr(copy=True)
        graph.sum_duplicates()
        if graph.shape[1] != n_features:
            raise ValueError(
                f"neighbors must have {n_features} columns, one a feature, got {graph.shape[1]}"
            )
        starts, features = graph.indptr, graph.indices
    else:
        if not isinstance(neighbors, Iterable) or isinstance(neighbors, (str, bytes, type)):
            raise TypeError(f"neighbors must be lists of features, got {shown(neighbors)}")
        _check_not_dense(neighbors, n_features)
        arrays = [as_integers(list_, f"neighbors[{k}]") for k, list_ in enumerate(neighbors)]
        for k, array in enumerate(arrays):
            _check_differ(array, f"neighbors[{k}]")
        starts = np.cumsum([0, *map(len, arrays)])
        features = np.concatenate([np.empty(0, np.int64), *arrays])
    if len(starts) < 2:
        raise ValueError("neighbors must have at least one list, got none")
    return as_integers(starts, "neighbors"), as_integers(features, "neighbors")
