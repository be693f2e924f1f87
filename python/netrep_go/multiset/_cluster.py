"""Tiles on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from itertools import islice
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend

from netrep_go.multiset._sources import Source

_PATIENCE = 5  # seconds to wait for a first worker
_LOSSES = 5  # how often what a tile needs may be lost with a worker


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
        running: dict[Any, Any] = {}
        ready = as_completed()
        try:
            for call in islice(waiting, 3 * threads):
                ready.add(self._submit(function, call, running))
            for future in ready:
                call, n_lost = running.pop(future)
                try:
                    result = future.result()
                except CancelledError:  # arrays that it needs were sent to a worker that died
                    if n_lost == _LOSSES:
                        raise
                    self._forget_lost()
                    ready.add(self._submit(function, call, running, n_lost + 1))
                    continue
                yield call[0], result
                for call in islice(waiting, 1):
                    ready.add(self._submit(function, call, running))
        finally:
            self._client.cancel(list(running))

    def _submit(self, function: Any, call: Any, running: dict[Any, Any], n_lost: int = 0) -> Any:
        _, (todo, rows, columns, *rest) = call
        parts = [self._remote(side) for side in (rows, columns)] if todo else [None, None]
        future = self._client.submit(_call, function, todo, *parts, *rest, pure=False)
        running[future] = call, n_lost
        return future

    def _forget_lost(self) -> None:
        """Have what is on no worker any more sent again."""
        self._sent = {k: x for k, x in self._sent.items() if x.status == "finished"}

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
