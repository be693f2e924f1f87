"""What long computations share: seeds for Go, threads, progress bars and warnings."""

from __future__ import annotations

import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Lock, RLock
from typing import Any

import joblib
import numpy as np
import sklearn
from sklearn.utils import check_random_state
from threadpoolctl import ThreadpoolController

from netrep_go import _blas, _native
from netrep_go._shown import shown

RandomState = int | np.random.RandomState | np.random.Generator | None

# Whose lines no user wrote: this package's, and those of what calls it back.
_NOT_USERS = tuple(
    os.path.join(os.path.dirname(path), "")
    for path in (__file__, sklearn.__file__, joblib.__file__)
)


def as_random_state(random_state: RandomState) -> np.random.RandomState:
    """Return the source of random numbers that an argument stands for.

    A Generator lends its stream, so that what is drawn here moves it on.
    """
    if isinstance(random_state, np.random.Generator):
        return np.random.RandomState(random_state.bit_generator)
    check_seed(random_state, "random_state")
    return check_random_state(random_state)


def check_seed(value: object, name: str) -> None:
    """Raise if ``value`` is no source of random numbers."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        if not 0 <= value < 2**32:
            raise ValueError(f"{name} must be from 0 to 2**32 - 1, got {shown(value)}")
    elif not (value is None or value is np.random) and not isinstance(
        value, (np.random.RandomState, np.random.Generator)
    ):
        raise TypeError(
            f"{name} must be an integer, RandomState, Generator or None, got {shown(value)}"
        )


def seed_from(random_state: RandomState) -> int:
    """Draw a seed for Go."""
    return int(as_random_state(random_state).randint(2**31))


_said: ContextVar[set[str] | None] = ContextVar("_said", default=None)


@contextmanager
def said_once() -> Iterator[None]:
    """Let what is done inside warn of the same thing once, not once a pair."""
    known = _said.get()
    token = _said.set(set() if known is None else known)  # one inside another is the same
    try:
        yield
    finally:
        _said.reset(token)


_subject: ContextVar[str] = ContextVar("_subject", default="")


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Let errors of what data can cause, and warnings, begin with what they are about.

    Errors of other kinds, such as those of files, get a note.
    """
    token = _subject.set(f"{subject}: ")
    try:
        yield
    except Exception as error:
        if type(error) in (ValueError, TypeError, np.linalg.LinAlgError):
            raise type(error)(f"{subject}: {error}") from None
        error.add_note(f"raised for {subject}")
        raise
    finally:
        _subject.reset(token)


_filters = RLock()


@contextmanager
def ignoring(message: str) -> Iterator[None]:
    """Let nothing inside warn of what begins with this; threads, who share filters, take turns."""
    with _filters, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message, UserWarning)
        yield


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of the user's line, however deep in the package this is.

    Between the two may be scikit-learn, which calls estimators in its own functions.
    """
    message = _subject.get() + message
    said = _said.get()
    if said is not None:
        if message in said:
            return
        said.add(message)
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_USERS):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


_bars_of: ContextVar[str] = ContextVar("_bars_of", default="")


@contextmanager
def bars_named(name: str) -> Iterator[None]:
    """Let bars that are drawn inside say what they are of."""
    token = _bars_of.set(f"{name}: ")
    try:
        yield
    finally:
        _bars_of.reset(token)


@contextmanager
def bar_of(text: str, total: int | None, show: bool, unit: str = "it") -> Iterator[Any]:
    """Yield a bar of tqdm, or None, as in a process whose errors nobody sees.

    tqdm.auto warns as it is imported in a notebook without widgets, so that it waits
    until a bar is drawn.
    """
    if not show or sys.stderr is None or getattr(sys.stderr, "closed", False):
        yield None
        return
    from tqdm.auto import tqdm

    with tqdm(desc=_bars_of.get() + text, total=total, unit=unit) as bar:
        yield bar


@contextmanager
def progress_bar(
    text: str, show: bool, total: int | None = None, unit: str = "it"
) -> Iterator[Callable[[int, int], None] | None]:
    """Yield what draws a bar for ``_native.run``, or None.

    Go counts steps of its own; with ``total`` the bar shows their share of that many units.
    """
    with bar_of(text, total, show, unit) as bar:

        def draw(done: int, steps: int) -> None:
            bar.total = steps if total is None else total
            bar.n = done if total is None else total * done // max(steps, 1)
            bar.refresh()

        yield None if bar is None else draw


def in_threads(
    function: Callable[[Any], Any], tasks: Iterable[Any], n_jobs: int | None
) -> Iterator[Any]:
    """Yield what a function returns for each task, in order.

    BLAS has one thread in each of ``n_jobs`` threads, however many these are, so that
    results do not depend on it. None is for as many as BLAS uses.
    """
    n = n_threads(n_jobs)
    with blas_threads(1):
        if n == 1:
            yield from map(function, tasks)
        else:
            yield from _ahead(function, tasks, n)


def n_threads(n_jobs: int | None) -> int:
    """Return the number of threads of `in_threads`."""
    return _native.n_workers(n_jobs) or _blas_threads()


def _ahead(function: Callable[[Any], Any], tasks: Iterable[Any], n: int) -> Iterator[Any]:
    """Yield results in order while threads, which start faster than joblib's, work ahead."""
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(n) as pool:
        try:
            for task in tasks:
                waiting.append(pool.submit(function, task))
                if len(waiting) > n:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class _Limits:
    """How many threads BLAS may have, as those say who are at work: the least of it holds.

    Threads enter and leave in any order; the last one leaves BLAS as the first one found it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._limits: list[int] = []
        self._before: list[tuple[Any, int]] = []

    def enter(self, n: int) -> None:
        """Let BLAS have n threads at most."""
        with self._lock:
            if not self._limits:
                self._before = [(lib, lib.num_threads) for lib in _pools().lib_controllers]
            self._limits.append(n)
            self._set()

    def leave(self, n: int) -> None:
        """Forget what `enter` was told."""
        with self._lock:
            self._limits.remove(n)
            self._set()

    def _set(self) -> None:
        for library, before in self._before:
            n = min(self._limits, default=before)
            if library.num_threads != min(n, before):
                library.set_num_threads(min(n, before))
                # threadpoolctl from 3.8 on lets no other thread set it until this is said
                getattr(library, "clear_controlling_thread", lambda: None)()


_limits = _Limits()


@contextmanager
def blas_threads(n_jobs: int | None) -> Iterator[None]:
    """Let the BLAS of NumPy and of SciPy have ``n_jobs`` threads at most; None for what they have.

    It is for all threads of the process, however many are inside.
    """
    n = _native.n_workers(n_jobs)
    if not n:
        yield
        return
    _limits.enter(n)
    try:
        yield
    finally:
        _limits.leave(n)


@cache
def _pools() -> ThreadpoolController:
    """Return the BLAS of NumPy and of SciPy, which may be two."""
    _blas.libraries()
    return ThreadpoolController().select(user_api="blas")


def _blas_threads() -> int:
    return max((library.num_threads for library in _blas.libraries()), default=1)


def counted(
    items: Iterable[Any],
    text: str,
    total: int | None,
    show: bool,
    *,
    blocks: bool = False,
    unit: str = "it",
) -> Iterator[Any]:
    """Yield items, and draw a bar of how many of ``total`` there were; or of rows of blocks."""
    with bar_of(text, total, show, unit) as bar:
        for item in items:
            yield item
            if bar is not None:
                bar.update(len(item) if blocks else 1)
