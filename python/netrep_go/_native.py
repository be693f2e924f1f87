"""The gateway to the Go extension: load it, call it, raise what it reports."""

from __future__ import annotations

import _thread
import atexit
import itertools
import os
import struct
import threading
import weakref
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from joblib import cpu_count

from netrep_go import _blas
from netrep_go._shown import shown

_ABI = 2

# Argument kinds, as in capi/args.go.
_ARRAY_KINDS = {"d": 1, "f": 2, "l": 3, "q": 3}
_FLOAT, _INT, _LIST, _TEXT, _OUTPUT = 4, 5, 6, 7, 0x100

# What capi.Call puts between the parts of an answer, and core for a subject.
_SEPARATOR, _SUBJECT_MARK = "\x1f", "\x1a"

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
_working: dict[_Worker, np.ndarray] = {}  # threads that run, and their control words
_ending = 0  # the thread that ends the interpreter

_Result = TypeVar("_Result")

Argument = np.ndarray | float | int | str | Sequence[np.ndarray]
Outputs = Mapping[str, np.ndarray]
Inputs = Mapping[str, Any]  # each an Argument

# The user's names for the subjects of errors, by kind: "network", "held-out network",
# "condition", "data set", "RDM" or "model".
Names = Mapping[str, Sequence[str] | Callable[[int], str]]


class Signature(NamedTuple):
    """The arguments of a routine: their names and kinds, as in capi/signature.go."""

    outputs: dict[str, str]
    inputs: dict[str, str]


_signatures: dict[str, Signature] = {}


# The numbers up to which what has no progress to report is left to the calling thread: a
# thread of its own costs 0.1 ms, and on so few numbers nothing takes longer than 0.2 s.
_FEW = 1 << 12

# The control words of those: one worker, as waking others takes longer than the work.
_ALONE = np.zeros(4, np.int64)
_ALONE[_WORKERS] = 1
_ALONE_ADDRESS = _ALONE.ctypes.data


def call(routine: str, outputs: Outputs, inputs: Inputs, *, names: Names | None = None) -> None:
    """Run a routine, which fills ``outputs``; in the calling thread if it must be short.

    Outputs and inputs are given by the names of :func:`signatures`.
    An error calls what it is about by ``names``.
    """
    if sum(map(_size, (*outputs.values(), *inputs.values()))) > _FEW:
        return run(routine, outputs, inputs, names=names)
    extension = _load()
    words, kept = _pack(*_in_order(routine, outputs, inputs))
    address, size = words.buffer_info()
    message = extension.capi_Call(routine, address, size // 6, _ALONE_ADDRESS)
    del kept
    if message:
        _raise(message, names)


def _size(argument: Argument) -> int:
    """Return how many numbers an argument has, in one array or in a list of them."""
    if isinstance(argument, np.ndarray):
        return argument.size
    return sum(x.size for x in argument) if isinstance(argument, (list, tuple)) else 0


def run(
    routine: str,
    outputs: Outputs,
    inputs: Inputs,
    *,
    n_jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    names: Names | None = None,
) -> None:
    """Run a long routine on ``n_jobs`` threads so that it can be interrupted.

    The call is made on a worker thread. The calling thread waits for it, calls
    ``progress(done, total)`` meanwhile, and on any exception, such as the
    KeyboardInterrupt of Ctrl-C, tells Go to stop and raises it again. Arguments are
    given as to :func:`call`.
    """
    extension = _load()
    words, texts = _pack(*_in_order(routine, outputs, inputs))
    control = np.zeros(4, np.int64)
    control[_WORKERS] = n_workers(n_jobs)

    def work() -> str:
        # This closure keeps every array alive until Go is done with it, even if
        # the calling thread has given up waiting.
        kept = words, texts, outputs, inputs, control
        address, size = kept[0].buffer_info()
        message: str = extension.capi_Call(routine, address, size // 6, control.ctypes.data)
        return message

    message = _watched(work, control, progress)
    if message:
        _raise(message, names)


def aside(function: Callable[[], _Result], size: int) -> _Result:
    """Return what a function of ``size`` numbers that is not ours does, and obey Ctrl-C meanwhile.

    It cannot be told to stop, and ends by itself on its thread.
    """
    return function() if size <= _FEW else _watched(function, np.zeros(4, np.int64), None)


def _watched(
    function: Callable[[], _Result],
    control: np.ndarray,
    progress: Callable[[int, int], None] | None,
) -> _Result:
    """Return what a function does on a worker thread, or raise what it raises there."""
    results: list[_Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    _watch(_Worker(), work, control, progress)
    if errors:
        raise errors.pop()
    if not results:
        raise MemoryError("there was no memory to begin with")
    return results[0]


class _Worker:
    """A thread that can be waited for, even if it had no memory to run what it is given.

    Not one of :mod:`threading`: to start that, where there is no memory, takes for ever.
    """

    def __init__(self) -> None:
        # A lock that the thread releases at the end: waiting for it is one step in C,
        # which an interrupt cannot tear, unlike the wait of a threading.Event.
        self._running = _thread.allocate_lock()
        self._running.acquire()
        self._alive: Callable[[], object] = lambda: None

    def start(self, work: Callable[[], None], control: np.ndarray) -> None:
        """Begin, unless the interpreter ends, which waits for what began."""
        running = self._running

        def run(_: object) -> None:
            try:
                work()
            finally:
                running.release()
                _working.pop(self, None)

        held = _Held()
        self._alive = weakref.ref(held)
        _working[self] = control
        if _ending not in (0, threading.get_ident()):
            raise RuntimeError("the interpreter ends")
        _thread.start_new_thread(run, (held,))

    def ended(self, timeout: float) -> bool:
        """Wait some seconds for the end."""
        return self._running.acquire(timeout=timeout) or self._alive() is None


class _Held:
    """What a thread has for as long as it lives."""


def _watch(
    worker: _Worker,
    work: Callable[[], None],
    control: np.ndarray,
    progress: Callable[[int, int], None] | None,
) -> None:
    try:
        worker.start(work, control)
        while not worker.ended(0.05):
            if progress is not None:
                progress(int(control[_DONE]), int(control[_TOTAL]))
    except BaseException:
        control[_CANCEL] = 1
        worker.ended(0.15)
        raise
    if progress is not None:
        progress(int(control[_DONE]), int(control[_TOTAL]))


@atexit.register
def _end_all() -> None:
    """Cancel what daemon threads compute, and let end what an interrupt has left.

    BLAS gives up its memory when the process ends, and would crash beneath them.
    """
    global _ending
    _ending = threading.get_ident()
    working = dict(_working)
    for control in working.values():
        control[_CANCEL] = 1
    for worker in working:
        while not worker.ended(1):
            pass


os.register_at_fork(after_in_child=_working.clear)


def n_workers(n_jobs: int | None) -> int:
    """Return the number of threads that ``n_jobs`` stands for.

    None gives 0, which leaves it to Go: as many as the BLAS of this process has,
    which respects CPU affinity, container limits and the limits that joblib sets
    in its workers. -1 means all cores, -2 all but one.
    """
    if n_jobs is None:
        return 0
    if not isinstance(n_jobs, (int, np.integer)) or isinstance(n_jobs, bool):
        raise TypeError(f"n_jobs must be an integer or None, got {shown(n_jobs)}")
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0; use None for the default")
    if n_jobs == 1:
        return 1  # to count cores is to read files
    cores = cpu_count()
    return min(int(n_jobs), cores) if n_jobs > 0 else max(1, cores + 1 + int(n_jobs))


def routines() -> list[str]:
    """Return the names of everything that can be called."""
    return list(signatures())


def signatures() -> dict[str, Signature]:
    """Return what each routine takes."""
    _load()
    return _signatures


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
    global _extension, _pid, _loader_pid, _signatures
    _loader_pid = os.getpid()
    try:
        import netrep_go._capi as _capi
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
    words, _ = _pack((), (routines, _blas.thread_functions()))
    message = _capi.capi_Call("core.use_blas", words.buffer_info()[0], len(words) // 6, 0)
    if message:
        _raise(message)
    _signatures = dict(_parse(line) for line in _capi.capi_Routines().splitlines())
    _extension, _pid = _capi, os.getpid()
    return _capi


def _parse(line: str) -> tuple[str, Signature]:
    """Read ``routine(out name kind, name kind, ...)``."""
    routine, _, arguments = line[:-1].partition("(")
    signature = Signature({}, {})
    for argument in arguments.split(", "):
        text = argument.removeprefix("out ")
        name, _, kind = text.partition(" ")
        (signature.inputs if text == argument else signature.outputs)[name] = kind
    return routine, signature


def _in_order(routine: str, outputs: Outputs, inputs: Inputs) -> tuple[list[Any], list[Any]]:
    """Return the arguments in the order of the signature."""
    signature = _signatures.get(routine)
    if signature is None:
        raise RuntimeError(f"unknown routine {routine!r}; please report this")
    return (
        _sorted(outputs, signature.outputs, f"outputs of {routine}"),
        _sorted(inputs, signature.inputs, f"inputs of {routine}"),
    )


def _sorted(given: Mapping[str, Any], names: dict[str, str], what: str) -> list[Any]:
    if given.keys() != names.keys():
        raise RuntimeError(
            f"the {what} are {', '.join(names) or 'none'}, got {', '.join(given) or 'none'}; "
            "please report this"
        )
    return [given[name] for name in names]


def _pack(
    outputs: Sequence[np.ndarray], inputs: Sequence[Argument]
) -> tuple[array[int], list[array[int]]]:
    """Describe the arguments to Go, six 64-bit words each.

    Texts are copied; the copies that the words refer to come second.
    """
    words: list[int] = []
    texts = []
    for output in outputs:
        words += _describe(output, _OUTPUT)
    for argument in inputs:
        if isinstance(argument, np.ndarray):
            words += _describe(argument, 0)
        elif isinstance(argument, (bool, int, np.bool_, np.integer)):
            words += (_INT, 0, 0, 0, 0, int(argument))
        elif isinstance(argument, (float, np.floating)):
            bits = struct.unpack("q", struct.pack("d", argument))[0]
            words += (_FLOAT, 0, 0, 0, 0, bits)
        elif isinstance(argument, str):
            texts.append(array("b", argument.encode()))
            address, size = texts[-1].buffer_info()
            words += (_TEXT | 1 << 32, size, 0, 0, 0, address)
        else:
            words += (_LIST | 1 << 32, len(argument), 0, 0, 0, 0)
            for item in argument:
                words += _describe(item, 0)
    return array("q", words), texts


_UNUSED = [(0,) * (4 - ndim) for ndim in range(5)]  # of the words for a shape


def _describe(x: np.ndarray, flag: int) -> tuple[int, ...]:
    flags, dtype, ndim = x.flags, x.dtype, x.ndim
    if not (flags.c_contiguous and flags.aligned and dtype.isnative):
        raise RuntimeError("an array reached the extension unprepared; please report this")
    kind = _ARRAY_KINDS[dtype.char] | flag | ndim << 32
    return (kind, *x.shape, *_UNUSED[ndim], x.__array_interface__["data"][0])


def _raise(message: str, names: Names | None = None) -> None:
    """Raise what an answer of capi.Call says."""
    status, template, *subjects = message.split(_SEPARATOR)
    first, *others = template.split(_SUBJECT_MARK)
    called = (_called(subject, names or {}) for subject in subjects)
    text = first + "".join(itertools.chain.from_iterable(zip(called, others, strict=True)))
    code = int(status)
    if code == _CANCELLED:
        raise RuntimeError("the computation was cancelled")
    if code == 5:
        text = f"netrep_go broke; please report this with the following:\n{text}"
    raise _ERRORS[code](text)


def _called(subject: str, names: Names) -> str:
    """Return the user's name for a subject such as "network 3", or its own."""
    kind, _, index = subject.rpartition(" ")
    known = names.get(kind)
    if known is None:
        return subject
    return known(int(index)) if callable(known) else known[int(index)]
