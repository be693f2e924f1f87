"""What long computations share: seeds for Go, progress bars and warnings."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from tqdm.auto import tqdm

RandomState = int | np.random.RandomState | np.random.Generator | None

_PACKAGE = str(Path(__file__).parent)


def as_random_state(random_state: RandomState) -> np.random.RandomState:
    """Return the source of random numbers that an argument stands for.

    A Generator lends its stream, so that what is drawn here moves it on.
    """
    if isinstance(random_state, np.random.Generator):
        return np.random.RandomState(random_state.bit_generator)
    return check_random_state(random_state)


def seed_from(random_state: RandomState) -> int:
    """Draw a seed for Go."""
    return int(as_random_state(random_state).randint(2**31))


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of the line that called the package, however deep in it this is."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def progress_bar(text: str, show: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield what draws a bar for ``_native.run``, or None."""
    with tqdm(desc=text, disable=not show) as bar:

        def draw(done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        yield draw if show else None


def counted(blocks: Iterable[Any], text: str, total: int, show: bool) -> Iterator[Any]:
    """Yield blocks, and draw a bar of how many of ``total`` rows they have had."""
    with tqdm(desc=text, total=total, disable=not show) as bar:
        for block in blocks:
            yield block
            bar.update(len(block))
