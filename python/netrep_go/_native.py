"""The gateway to the Go extension: load it, call it, raise what it reports."""

from __future__ import annotations

import itertools
import os
import struct
import threading
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from joblib import cpu_count

from netrep_go import _blas

_ABI = 1

# Argument kinds, as in capi/args.go.
_ARRAY_KINDS = {"d": 1, "f": 2, "l": 3, "q": 3}
_FLOAT, _INT, _LIST, _OUTPUT = 4, 5, 6, 0x100

_DONE, _TOTAL, _CANCEL, _WORKERS = range(4)

_CANCELLED = 3
_ERRORS: dict[int, type[Exception]] = {
    1: ValueError,
    2: np.linalg.LinAlgError,
    4: RuntimeError,
    5: RuntimeError,
    6: MemoryError,
}

_extension: Any = None
_pid = 0  # of the process that _extension is loaded in
_loader_pid = 0  # of the process that began to load it
_lock = threading.Lock()

Argument = np.ndarray | float | int | Sequence[np.ndarray]


def call(routine: str, outputs: Sequence[np.ndarray], inputs: Sequence[Argument]) -> None:
    """Run a short routine, which fills ``outputs``, in the calling thread."""
    extension = _load()
    words, count = _pack(outputs, inputs)
    message = extension.capi_Call(routine, words.buffer_info()[0], count, 0)
    if message:
        _raise(message)


def run(
    routine: str,
    outputs: Sequence[np.ndarray],
    inputs: Sequence[Argument],
    *,
    n_jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Run a long routine on ``n_jobs`` threads so that it can be interrupted.

    The call is made on a worker thread. The calling thread waits for it, calls
    ``progress(done, total)`` meanwhile, and on any exception, such as the
    KeyboardInterrupt of Ctrl-C, tells Go to stop and raises it again.
    """
    extension = _load()
    words, count = _pack(outputs, inputs)
    control = np.zeros(4, np.int64)
    control[_WORKERS] = n_workers(n_jobs)
    messages: list[str] = []
    # A lock that the worker releases at the end: waiting for it is one step in C,
    # which an interrupt cannot tear, unlike the wait of a threading.Event.
    running = threading.Lock()
    running.acquire()

    def work() -> None:
        # This closure keeps every array alive until Go is done with it, even if
        # the calling thread has given up waiting.
        kept = words, outputs, inputs, control
        try:
            address = kept[0].buffer_info()[0]
            messages.append(extension.capi_Call(routine, address, count, control.ctypes.data))
        finally:
            running.release()

    _watch(threading.Thread(target=work, daemon=True), running, control, progress)
    if not messages:
        raise RuntimeError(f"the call of {routine} broke off; please report this")
    if messages[0]:
        _raise(messages[0])


def _watch(
    worker: threading.Thread,
    running: threading.Lock,
    control: np.ndarray,
    progress: Callable[[int, int], None] | None,
) -> None:
    try:
        worker.start()
        while not running.acquire(timeout=0.05):
            if progress is not None:
                progress(int(control[_DONE]), int(control[_TOTAL]))
    except BaseException:
        control[_CANCEL] = 1
        running.acquire(timeout=0.15)
        raise
    if progress is not None:
        progress(int(control[_DONE]), int(control[_TOTAL]))


def n_workers(n_jobs: int | None) -> int:
    """Return the number of threads that ``n_jobs`` stands for.

    None gives 0, which leaves it to Go: as many as the BLAS of this process has,
    which respects CPU affinity, container limits and the limits that joblib sets
    in its workers. -1 means all cores, -2 all but one.
    """
    if n_jobs is None:
        return 0
    if not isinstance(n_jobs, (int, np.integer)) or isinstance(n_jobs, bool):
        raise TypeError(f"n_jobs must be an integer or None, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; use None for the default")
    cores = cpu_count()
    return min(int(n_jobs), cores) if n_jobs > 0 else max(1, cores + 1 + int(n_jobs))


def routines() -> list[str]:
    """Return the names of everything that can be called."""
    return _load().capi_Routines().split()


def info() -> dict[str, str]:
    """Return what the extension says of itself and of the machine."""
    extension = _load()
    facts = dict(line.split(": ", 1) for line in extension.capi_Info().splitlines())
    plugged = _blas.addresses(extension.capi_BLASRoutines().split())
    facts["BLAS in Go"] = f"{np.count_nonzero(plugged)} of {len(plugged)} routines are SciPy's"
    facts["BLAS of SciPy"] = _blas.description()
    return facts


def _load() -> Any:
    """Return the extension; the first call loads Go and plugs in SciPy's BLAS."""
    if _pid == os.getpid():
        return _extension
    if _loader_pid not in (0, os.getpid()):
        raise RuntimeError(
            "netrep_go was used in this process's parent before it forked, and Go "
            "does not survive a fork. Start workers by the 'spawn' or 'forkserver' "
            "method of multiprocessing, or use joblib's default 'loky' backend."
        )
    with _lock:
        return _extension if _pid == os.getpid() else _first_load()


def _first_load() -> Any:
    global _extension, _pid, _loader_pid
    _loader_pid = os.getpid()
    try:
        from netrep_go import _capi
    except ImportError as error:
        raise ImportError(
            f"the compiled part of netrep_go cannot be loaded ({error}); install the "
            "package again with this Python: pip install --force-reinstall netrep-go"
        ) from error
    if _capi.capi_Version() != _ABI:
        raise ImportError(
            "the compiled part of netrep_go does not belong to its Python part "
            f"(version {_capi.capi_Version()}, expected {_ABI}); install the package "
            "again"
        )
    routines = _blas.addresses(_capi.capi_BLASRoutines().split())
    words, count = _pack((), (routines, _blas.thread_functions()))
    message = _capi.capi_Call("core.use_blas", words.buffer_info()[0], count, 0)
    if message:
        _raise(message)
    _extension, _pid = _capi, os.getpid()
    return _capi


def _pack(outputs: Sequence[np.ndarray], inputs: Sequence[Argument]) -> tuple[array[int], int]:
    """Describe the arguments to Go: six 64-bit words each."""
    words = array("q")
    for output in outputs:
        words.extend(_describe(output, _OUTPUT))
    for argument in inputs:
        if isinstance(argument, np.ndarray):
            words.extend(_describe(argument, 0))
        elif isinstance(argument, (bool, int, np.bool_, np.integer)):
            words.extend((_INT, 0, 0, 0, 0, int(argument)))
        elif isinstance(argument, (float, np.floating)):
            bits = struct.unpack("q", struct.pack("d", argument))[0]
            words.extend((_FLOAT, 0, 0, 0, 0, bits))
        else:
            words.extend((_LIST | 1 << 32, len(argument), 0, 0, 0, 0))
            words.extend(itertools.chain.from_iterable(_describe(item, 0) for item in argument))
    return words, len(words) // 6


def _describe(x: np.ndarray, flag: int) -> tuple[int, ...]:
    if not (x.flags.c_contiguous and x.flags.aligned and x.dtype.isnative):
        raise RuntimeError("an array reached the extension unprepared; report this")
    kind = _ARRAY_KINDS[x.dtype.char] | flag | x.ndim << 32
    address = x.__array_interface__["data"][0]
    return (kind, *x.shape, *(0,) * (4 - x.ndim), address)


def _raise(message: str) -> None:
    status, _, text = message.partition(" ")
    code = int(status)
    if code == _CANCELLED:
        raise RuntimeError("the computation was cancelled")
    if code == 5:
        text = f"netrep_go broke; please report this with the following:\n{text}"
    raise _ERRORS[code](text)
