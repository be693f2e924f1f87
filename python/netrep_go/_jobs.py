"""What long computations share: seeds for Go and progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from tqdm.auto import tqdm


def seed_from(random_state: int | np.random.RandomState | None) -> int:
    """Draw a seed for Go."""
    return int(check_random_state(random_state).randint(2**31))


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
