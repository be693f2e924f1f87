"""Maps of subjects in results, as tests over subjects take them."""

from typing import Any, NamedTuple

import numpy as np

from netrep_go._names import Name, check_same_names, row_names
from netrep_go._validation import as_array, as_reals

# Adjacency of points of which nothing says which are neighbors.
UNKNOWN = "unknown"


class SubjectMaps(NamedTuple):
    """A map of each subject, and what is known of the points.

    The adjacency is None for a grid, or a matrix of the flat points. The place is what maps of
    the same points share: an affine, or times.
    """

    scores: np.ndarray
    subjects: list[Name] | None = None
    adjacency: Any = None
    place: np.ndarray | None = None
    chance: float = 0.0
    remark: str = ""  # what a test over subjects says no more than


def as_maps(scores: Any, model: Name | None, name: str) -> SubjectMaps:
    """Return the maps of a model in a result, or an array with an axis of subjects."""
    if hasattr(scores, "_maps"):
        maps: SubjectMaps = scores._maps(model)
        return maps
    if model is not None:
        raise ValueError(f"model is for results of several models, and {name} are an array")
    values = as_reals(scores, name)
    values = as_array(values, name, max(2, values.ndim), allow_nan=True)
    return SubjectMaps(values, row_names(scores))


def named_subjects(subjects: list[Name] | None) -> list[Name] | None:
    """Return the names of subjects, None if they have but numbers."""
    return None if subjects is None or subjects == list(range(len(subjects))) else subjects


def check_same_points(first: SubjectMaps, second: SubjectMaps, paired: bool) -> None:
    """Raise unless two sets of maps are of the same points and, if paired, of the same subjects."""
    one, two = first.scores.shape[1:], second.scores.shape[1:]
    if one != two:
        raise ValueError(f"others must be of the points of scores, of shape {one}, got {two}")
    if first.place is not None and second.place is not None:
        apart = first.place.shape != second.place.shape
        if apart or not np.allclose(first.place, second.place, rtol=1e-4, atol=1e-6):
            what = "affine" if first.place.ndim == 2 else "times"
            raise ValueError(
                f"scores and others must have the same {what}, got {first.place.tolist()} and "
                f"{second.place.tolist()}"
            )
    n, m = len(first.scores), len(second.scores)
    if paired and n != m:
        raise ValueError(f"others must be of the same subjects as scores if paired, {n}, got {m}")
    if m < 2:
        raise ValueError(f"others must be of at least 2 subjects, got {m}")
    if paired:
        check_same_names(first.subjects, "scores", second.subjects, "others", "subjects")
