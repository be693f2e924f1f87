"""How a store is computed: what changes nothing in it but rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import DTypeLike

from netrep_go import _native
from netrep_go._parts import check_batch
from netrep_go._validation import check_integer


@dataclass(frozen=True)
class How:
    """Precision, memory, threads and machines, as ``DistanceStore`` takes them."""

    dtype: DTypeLike
    memory_limit: int | None
    batch: tuple[int, int] | None
    n_jobs: int | None
    client: Any
    verbose: bool

    def check(self) -> None:
        """Raise if an argument is out of its range."""
        _native.n_workers(self.n_jobs)
        check_batch(self.batch)
        if self.memory_limit is not None:
            check_integer(self.memory_limit, "memory_limit", 1, 2**63 - 1)
