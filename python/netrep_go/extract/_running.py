"""The model at work: batches go in, outputs of the chosen layers come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from netrep_go._jobs import counted
from netrep_go._validation import as_exact
from netrep_go.extract._axes import Axis, by_sample, find_axes
from netrep_go.extract._choice import INPUT, Calls
from netrep_go.extract._collected import Collected, Memory
from netrep_go.extract._outputs import Backend, Key, Output, Problems, Run, Unusable
from netrep_go.extract._samples import AnySamples, filled
from netrep_go.extract._store import StoreWriter


class Running:
    """Batches of samples that go through a model, and the outputs of its chosen layers."""

    def __init__(
        self,
        backend: Backend,
        chosen: Mapping[str, Calls],
        samples: AnySamples,
        batch_size: int,
        problems: Problems,
        verbose: bool,
    ) -> None:
        self.samples = samples
        self._backend, self._chosen = backend, chosen
        self._batch_size, self._problems, self._verbose = batch_size, problems, verbose
        own = backend.layers()
        self._names = [name for name in chosen if name in own or name not in INPUT]

    @contextmanager
    def opened(self, providers: Any, device: Any) -> Iterator[int]:
        """Open the model, find the axes of the samples, and yield the number in a batch."""
        self._run: Run = _nothing
        self._fixed: int | None = None
        self._axes: dict[Key, Axis | Unusable] = {}
        with ExitStack() as stack:
            if self._names:
                opened = self._backend.opened(self._names, providers, device)
                run, fixed = stack.enter_context(opened)
                self._run = self._of_chosen_calls(run)
                self._axes, self._fixed = find_axes(
                    self._run, self.samples, fixed, self._batch_size
                )
                self._check_chosen_calls()
                self._problems.check_calls(self._names, self._axes)
            self._size = self._fixed or self._batch_size
            yield self._size

    def run(self, collected: Collected, writer: StoreWriter | None = None) -> None:
        """Hand on what layers return for each batch, but for those that a store has."""
        samples, done = self.samples, 0 if writer is None else writer.done
        start = 0 if samples.in_order else done
        batches = samples.batches(self._size, start)
        position = start
        total = samples.n_samples
        for batch in counted(batches, "Running the model", total, self._verbose, blocks=True):
            if writer is not None and position < done:
                writer.passed(batch)
            else:
                collected.add(batch, self._outputs(batch, collected, writer is not None))
            position += len(batch)

    def _outputs(
        self, batch: np.ndarray, collected: Collected, for_ever: bool
    ) -> dict[str, np.ndarray]:
        """Return the outputs for a batch, samples first; those of a first batch decide which.

        What is written to a store cannot be left out later.
        """
        found = {}
        if "input" in self._chosen and "input" not in self._names:
            found["input"] = as_exact(batch, np.dtype(np.float32), "X")
        # of a batch of one, models lose the axis
        whole = filled(batch, self._fixed or min(self._size, 2))
        for key, rows in by_sample(self._run(whole), self._axes, len(whole)).items():
            if isinstance(rows, Unusable):
                self._problems.add(key, rows, fatal=for_ever and str(key) in collected.names)
            elif str(key) in collected.names or not collected.names:
                found[str(key)] = rows[: len(batch)]
        return found or self._problems.without(found)

    def without(self, memory: Memory) -> dict[str, np.ndarray]:
        """Return what was collected, without layers that had problems."""
        if self._fixed and not self._problems.strict:
            for name in memory.constant():
                problem = "must differ between samples, but is the same for all"
                self._problems.add(name, Unusable(problem))
        return self._problems.without(memory.values)

    def told(self) -> Iterator[str]:
        """Yield the names of what is chosen."""
        for name, calls in self._chosen.items():
            yield from [name] if calls is None else (f"{name}#{call}" for call in sorted(calls))

    def _of_chosen_calls(self, run: Run) -> Run:
        def chosen_only(batch: np.ndarray) -> dict[Key, Output]:
            outputs = run(batch).items()
            return {key: output for key, output in outputs if self._is_chosen(key)}

        return chosen_only

    def _is_chosen(self, key: Key) -> bool:
        calls = self._chosen[key.layer]
        return calls is None or key.call in calls

    def _check_chosen_calls(self) -> None:
        for name, calls in self._chosen.items():
            for call in calls or ():
                if Key(name, call) not in self._axes:
                    problem = Unusable("must be called as often when the model runs, but was not")
                    self._problems.add(f"{name}#{call}", problem)


def _nothing(batch: np.ndarray) -> dict[Key, Output]:
    return {}
