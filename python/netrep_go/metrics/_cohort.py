"""What the all-pairs computations of every metric share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from netrep_go import _native
from netrep_go._jobs import progress_bar

Named = tuple[str, Any]

# Training distances, held-out distances if there are any, and counts that the
# routine reports about its work.
Measured = tuple[np.ndarray, np.ndarray | None, np.ndarray]


@dataclass
class Cohorts:
    """The networks of an all-pairs computation, each with its name in messages.

    With ``first`` = 0 all pairs of ``train`` are measured, else the first
    ``first`` networks against the others.
    """

    train: list[Named]
    test: list[Named] | None
    first: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the distance matrix."""
        n = len(self.train)
        return (self.first, n - self.first) if self.first else (n, n)


def named(xs: Sequence[Any], name: str) -> list[Named]:
    """Give each network of an argument its name, ``name[i]``."""
    if isinstance(xs, (str, bytes, dict)) or not hasattr(xs, "__len__"):
        raise TypeError(f"{name} must be a list of arrays, got {type(xs).__name__}")
    if len(xs) == 0:
        raise ValueError(f"{name} must hold at least one network, got an empty list")
    return [(f"{name}[{i}]", x) for i, x in enumerate(xs)]


def measure(
    routine: str,
    cohorts: Cohorts,
    inputs: Sequence[_native.Argument],
    *,
    n_jobs: int | None,
    verbose: bool,
    n_statistics: int = 0,
) -> Measured:
    """Run an all-pairs routine."""
    held_out = cohorts.test is not None
    train = np.empty(cohorts.shape)
    test = np.empty(cohorts.shape if held_out else (0, 0))
    statistics = np.zeros(n_statistics, np.int64)
    with progress_bar("Computing distances", verbose) as progress, named_in_errors(cohorts):
        _native.run(
            routine,
            (train, test, statistics) if n_statistics else (train, test),
            inputs,
            n_jobs=n_jobs,
            progress=progress,
        )
    return train, test if held_out else None, statistics


@contextmanager
def named_in_errors(cohorts: Cohorts) -> Iterator[None]:
    """Call the networks of an error from Go by the user's names."""

    def name(match: re.Match[str]) -> str:
        networks = cohorts.test if match[1] else cohorts.train
        return networks[int(match[2])][0]

    try:
        yield
    except ValueError as error:
        text = re.sub(r"\b(held-out )?network (\d+)", name, str(error))
        raise type(error)(text) from None


class PairwiseMixin:
    """Gives a metric netrep's method for all pairs of networks.

    The class provides ``_measure(cohorts, dtype, n_jobs, verbose)``.
    """

    def pairwise_distances(
        self,
        train_data: Sequence[ArrayLike],
        test_data: Sequence[ArrayLike] | None = None,
        processes: int | None = None,
        verbose: bool = True,
        *,
        n_jobs: int | None = None,
        dtype: DTypeLike = np.float64,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the distances between all pairs of networks.

        The same as :func:`netrep_go.multiset.pairwise_distances`, but with
        netrep's return value: always two matrices.

        Parameters
        ----------
        train_data : list of n_networks array_like
            Activations that alignments are fitted to. All networks see the same
            samples; widths may differ.
        test_data : list of n_networks array_like, optional
            Held-out activations to measure the fitted alignments on.
        processes : int, optional
            Another name of ``n_jobs``.
        verbose : bool, default=True
            Show a progress bar.
        n_jobs : int, optional
            Number of threads; None for as many as BLAS uses, -1 for all cores.
            The distances do not depend on it.
        dtype : {float64, float32}, default=float64
            Precision of the products of activations; see the multiset function.

        Returns
        -------
        D_train, D_test : ndarray of shape (n_networks, n_networks)
            Symmetric, with zero diagonal. Without test data D_test is infinite
            off the diagonal.
        """
        cohorts = Cohorts(
            named(train_data, "train_data"),
            None if test_data is None else named(test_data, "test_data"),
        )
        d_train, d_test = measure_cohorts(
            self, cohorts, dtype, resolve_n_jobs(n_jobs, processes), verbose
        )
        return two_matrices(d_train, d_test)


def two_matrices(d_train: np.ndarray, d_test: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return netrep's pair of matrices, infinite distances if there is no test data."""
    if d_test is None:
        d_test = np.full(d_train.shape, np.inf)
        np.fill_diagonal(d_test, 0.0)
    return d_train, d_test


def measure_cohorts(
    metric: Any, cohorts: Cohorts, dtype: DTypeLike, n_jobs: int | None, verbose: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return training and held-out distances between networks under a metric."""
    if np.dtype(dtype) not in (np.float64, np.float32):
        raise ValueError(f"dtype must be float64 or float32, got {dtype!r}")
    if not hasattr(metric, "_measure"):
        raise TypeError(
            f"metric must be one of netrep_go.metrics, such as LinearMetric(), got {metric!r}"
        )
    train, test, _ = metric._measure(cohorts, dtype, n_jobs, verbose)
    return train, test


def resolve_n_jobs(n_jobs: int | None, processes: int | None) -> int | None:
    """Return the one of the two names that was given."""
    if n_jobs is not None and processes is not None:
        raise ValueError("give n_jobs or processes, which mean the same, but not both")
    return processes if n_jobs is None else n_jobs
