"""Tiles on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend

from netrep_go.multiset._sources import Source

_PATIENCE = 5  # seconds to wait for a first worker


def client(given: Any) -> Any:
    """Return the client of a cluster with workers, given or joblib's, or None."""
    if given is None:
        given = getattr(get_active_backend()[0], "client", None)
        if given is None:
            return None
    if not (hasattr(given, "submit") and hasattr(given, "scheduler_info")):
        raise TypeError(f"client must be a dask.distributed.Client, got {given!r}")
    try:
        given.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError as error:
        raise RuntimeError(
            f"client has no workers: none of {given.scheduler.address} came within {_PATIENCE} s"
        ) from error
    return given


class Remote:
    """What runs functions of networks on a cluster; arrays in memory are sent once."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._sent: dict[int, Any] = {}

    def run(
        self, function: Callable[..., Any], calls: Sequence[tuple[Any, tuple[Any, ...]]]
    ) -> Iterator[tuple[Any, Any]]:
        """Yield the key and the result of each call, as they are ready."""
        from dask.distributed import as_completed

        threads = sum(self._client.nthreads().values())
        waiting = iter(calls)
        keys: dict[Any, Any] = {}
        ready = as_completed()
        try:
            for _ in range(3 * threads):
                self._submit(function, next(waiting, None), keys, ready)
            for future in ready:
                result = future.result()
                yield keys.pop(future), result
                self._submit(function, next(waiting, None), keys, ready)
        finally:
            self._client.cancel(list(keys))

    def _submit(self, function: Any, call: Any, keys: dict[Any, Any], ready: Any) -> None:
        if call is None:
            return
        key, (todo, rows, columns, *rest) = call
        parts = [self._remote(side) for side in (rows, columns)] if todo else [None, None]
        future = self._client.submit(_call, function, todo, *parts, *rest, pure=False)
        keys[future] = key
        ready.add(future)

    def _remote(self, side: tuple[list[Source], list[Source] | None] | None) -> Any:
        """Return names and contents, these by reference, of training and held-out data."""
        return side and [
            None
            if part is None
            else [[s.name for s in part], [self._send(s.content) for s in part]]
            for part in side
        ]

    def _send(self, content: Any) -> Any:
        """Return a reference to what is in memory; paths and functions go as they are."""
        if not isinstance(content, (np.ndarray, tuple, list)) and not hasattr(content, "iloc"):
            return content
        if id(content) not in self._sent:
            self._sent[id(content)] = self._client.scatter(content, hash=False)
        return self._sent[id(content)]


def _call(function: Any, todo: Any, rows: Any, columns: Any, *rest: Any) -> Any:
    """Put networks together again, on a worker."""
    return function(todo, _sources(rows), _sources(columns), *rest)


def _sources(side: Any) -> Any:
    return side and tuple(
        part and [Source(name, content) for name, content in zip(*part, strict=True)]
        for part in side
    )
