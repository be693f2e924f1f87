"""Responses over time in objects of MNE, or in what has their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from netrep_go._names import (
    Name,
    check_all_same_names,
    check_same_names,
    names_or_numbers,
    split_names,
)
from netrep_go._shown import shown
from netrep_go._validation import as_array
from netrep_go.rsa._rdm import WHITENED_METRICS


class Recordings(NamedTuple):
    """Responses as arrays, the time of each sample, and the names of conditions, if known.

    Events are the numbers of the conditions of each subject's observations, if these are epochs
    that are not averaged.
    """

    data: Any
    times: Any
    conditions: list[Name] | None
    events: list[np.ndarray] | None = None


# What is made of epochs: the mean of each event, observations of the events, or observations of
# conditions that the user gives.
Use = Literal["means", "events", "observations"]


def use_of(metric: str, conditions: Any) -> Use:
    """Return what is made of epochs: repeated observations stay where they count."""
    if conditions is not None:
        return "observations"
    return "events" if metric in WHITENED_METRICS else "means"


class _Subject(NamedTuple):
    """Responses of one subject, conditions x sensors or vertices x times."""

    name: str
    data: np.ndarray
    times: np.ndarray
    sensors: list[Name] | None
    conditions: list[Name]
    events: np.ndarray | None = None


def recordings(data: Any, times: Any, use: Use = "means") -> Recordings:
    """Return epochs, evoked responses or source estimates as arrays; arrays as they are.

    They are of one subject, or in a list or mapping of subjects.
    """
    one = _subject(data, "data", use)
    if one is None and not _holds_subjects(data):
        return Recordings(data, times, None)
    if times is not None:
        raise ValueError("data has times of its own: leave out times")
    if one is not None:
        return Recordings(one.data, one.times, _known(one), _events([one]))
    items, own = split_names(data, "data")
    names = names_or_numbers(own, len(items))
    subjects = [_certain(item, f"data[{k!r}]", use) for k, item in zip(names, items, strict=True)]
    check_all_same_names([(each.name, _known(each)) for each in subjects], "conditions")
    for each in subjects:
        if len(each.conditions) != len(subjects[0].conditions):
            odd = set(each.conditions) ^ set(subjects[0].conditions)
            raise ValueError(
                f"{subjects[0].name} and {each.name} must have the same conditions, but only one "
                f"has {shown(sorted(odd, key=str)[0])}"
            )
        _check_same_times(subjects[0], each)
    arrays = dict(zip(names, (each.data for each in subjects), strict=True))
    named = [names for names in map(_known, subjects) if names is not None]
    return Recordings(arrays, subjects[0].times, named[0] if named else None, _events(subjects))


def _events(subjects: list[_Subject]) -> list[np.ndarray] | None:
    """Return the conditions of the observations of subjects, None if all are conditions."""
    events = [np.arange(len(s.data)) if s.events is None else s.events for s in subjects]
    return None if all(s.events is None for s in subjects) else events


def _known(subject: _Subject) -> list[Name] | None:
    """Return the names of conditions, None if they have but numbers."""
    return None if all(isinstance(k, int) for k in subject.conditions) else subject.conditions


def _is_epochs(x: Any) -> bool:
    return all(hasattr(x, name) for name in ("get_data", "times", "events"))


def _is_course(x: Any) -> bool:
    """Whether this is an evoked response or a source estimate."""
    return hasattr(x, "times") and hasattr(x, "data") and not _is_epochs(x)


def _items(x: Any) -> list[Any]:
    if isinstance(x, Mapping):
        return list(x.values())
    return list(x) if isinstance(x, (list, tuple)) else []


def _holds_subjects(x: Any) -> bool:
    return any(_is_epochs(item) or any(map(_is_course, _items(item))) for item in _items(x))


def _certain(x: Any, name: str, use: Use) -> _Subject:
    subject = _subject(x, name, use)
    if subject is None:
        raise TypeError(
            f"{name} must be epochs or a list of evoked responses, as others are, got {shown(x)}"
        )
    return subject


def _subject(x: Any, name: str, use: Use) -> _Subject | None:
    """Return the responses of a subject, None if this is no object of MNE."""
    if _is_epochs(x):
        return _of_epochs(x, name, use)
    if _is_course(x):
        raise ValueError(f"{name} must be a list of evoked responses, one a condition, got one")
    items = _items(x)
    if not any(map(_is_course, items)):
        return None
    keys = list(x) if isinstance(x, Mapping) else list(range(len(items)))
    each = [_of_course(item, f"{name}[{k!r}]") for k, item in zip(keys, items, strict=True)]
    for other in each[1:]:
        _check_same_times(each[0], other)
        _check_same_sensors(each[0], other)
    data = np.concatenate([one.data for one in each])
    conditions = keys if isinstance(x, Mapping) else _comments(items)
    if use == "observations":
        conditions = []
    return _Subject(name, data, each[0].times, each[0].sensors, conditions)


def _comments(courses: list[Any]) -> list[Name]:
    """Return the comments of evoked responses, or their numbers if these are no names.

    A comment may be a formula of a weighted mean, with weights of this subject.
    """
    comments = [getattr(course, "comment", None) or "" for course in courses]
    named = all(comments) and not any(" × " in text for text in comments)
    return comments if named and len(set(comments)) == len(comments) else [*range(len(courses))]


def _of_epochs(epochs: Any, name: str, use: Use) -> _Subject:
    """Return epochs, or the mean of those of each event in the order of their codes."""
    codes = np.asarray(epochs.events)[:, 2]
    x = as_array(epochs.get_data(), name, 3, allow_nan=True)
    if len(codes) != len(x):
        raise ValueError(f"{name} has {len(x)} epochs and {len(codes)} events")
    kept, sensors = _good_channels(epochs, name)
    x = x if kept is None or len(kept) == x.shape[1] else x[:, kept]
    times = _times(epochs, x, name)
    if use == "observations":
        return _Subject(name, x, times, sensors, [])
    found, events = np.unique(codes, return_inverse=True)
    event_id = getattr(epochs, "event_id", None) or {}
    called = {code: key for key, code in event_id.items() if key != str(code)}
    conditions: list[Name] = [called.get(int(code), int(code)) for code in found]
    if use == "events":
        return _Subject(name, x, times, sensors, conditions, events)
    means = np.stack([x[events == k].mean(axis=0) for k in range(len(found))])
    return _Subject(name, means, times, sensors, conditions)


def _of_course(course: Any, name: str) -> _Subject:
    """Return an evoked response or a source estimate as that of one condition."""
    if not _is_course(course):
        raise TypeError(f"{name} must be an evoked response, as others are, got {shown(course)}")
    x = np.asarray(course.data)
    x = as_array(x.reshape(-1, x.shape[-1]) if x.ndim == 3 else x, name, 2, allow_nan=True)
    kept, sensors = _good_channels(course, name)
    x = x if kept is None else x[kept]
    return _Subject(name, x[np.newaxis], _times(course, x, name), sensors, [name])


def _times(x: Any, data: np.ndarray, name: str) -> np.ndarray:
    times = as_array(x.times, f"the times of {name}", 1)
    if len(times) != data.shape[-1]:
        raise ValueError(f"{name} has {data.shape[-1]} samples and {len(times)} times")
    return times


def _good_channels(x: Any, name: str) -> tuple[list[int] | None, list[Name] | None]:
    """Return which channels are not marked as bad, and their names or the vertices of sources."""
    channels = getattr(x, "ch_names", None)
    if channels is None:
        vertices = getattr(x, "vertices", None)
        return None, None if vertices is None else np.hstack(vertices).tolist()
    info = getattr(x, "info", None)
    bad = set(info["bads"]) if info is not None else set()
    kept = [k for k, channel in enumerate(channels) if channel not in bad]
    if not kept:
        raise ValueError(f"{name} must have a channel that is not marked as bad")
    _check_one_type(x, kept, name)
    return kept, [channels[k] for k in kept]


def _check_one_type(x: Any, kept: list[int], name: str) -> None:
    """Raise if channels measure different things, if their types are known."""
    if not hasattr(x, "get_channel_types"):
        return
    types = x.get_channel_types()
    found = sorted({types[k] for k in kept})
    if len(found) > 1:
        raise ValueError(
            f"{name} must have channels of one type, whose units are the same, got "
            f"{', '.join(found)}: choose by .pick"
        )


def _check_same_times(first: _Subject, second: _Subject) -> None:
    one, two = first.times, second.times
    if len(one) != len(two) or not np.allclose(one, two, rtol=0, atol=1e-6):
        spans = " and ".join(f"{len(t)} from {t[0]:g} to {t[-1]:g}" for t in (one, two))
        raise ValueError(f"{first.name} and {second.name} must have the same times, got {spans}")


def _check_same_sensors(first: _Subject, second: _Subject) -> None:
    """Raise if two responses of a subject are of other channels or vertices."""
    check_same_names(first.sensors, first.name, second.sensors, second.name, "channels")
    one, two = first.data.shape[1], second.data.shape[1]
    if one != two:
        raise ValueError(
            f"{first.name} and {second.name} must have the same channels, got {one} and {two} that "
            "are not marked as bad"
        )
