"""Programs that may break the process they run in: tests/test_native.py starts them.

``python native_cases.py CASE [ARGUMENT ...]`` prints the result of a case as JSON.
"""

import _thread
import contextlib
import faulthandler
import hashlib
import importlib
import io
import json
import math
import multiprocessing
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import types
import warnings
from array import array
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

PATIENCE = 20  # seconds until a worker counts as hanging


def cohort(n_networks=8, n_samples=40, widths=(5, 12, 50), seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n_samples, widths[k % len(widths)])) for k in range(n_networks)]


def distances(networks, **options):
    from netrep_go.metrics import LinearMetric
    from netrep_go.multiset import pairwise_distances

    return pairwise_distances(LinearMetric(alpha=0.5), networks, verbose=False, **options)


def long_job(n_networks=400):
    """Compute for a minute or more."""
    return distances(cohort(n_networks, 400, (150,)), n_jobs=1)


def answer():
    """Use the whole way to Go; equal in every healthy process."""
    return distances(cohort(4), n_jobs=2).tolist()


def works():
    """Return whether Go still measures networks right, without importing scikit-learn."""
    from netrep_go import _native

    x, other = cohort(2, widths=(5,))
    train, networks = np.empty((3, 3)), [x, np.ascontiguousarray(x[:, ::-1]), other]
    _native.run(
        "multiset.linear_distances",
        {
            "distances": train,
            "test_distances": np.empty((0, 0)),
            "routes": np.empty(3, np.int64),
        },
        {
            "train": networks,
            "test": [],
            "first": 0,
            "alpha": 0.5,
            "center": True,
            "score": "angular",
            "single": False,
            "tol": 0.0,
        },
        n_jobs=2,
    )
    return bool(train[0, 1] < 1e-12 and 1 < train[0, 2] < 2 and (train == train.T).all())


def outcome(function, *arguments):
    """Return what a function returned or how it failed."""
    try:
        return function(*arguments)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


# Loading


def import_all():
    netrep_go = importlib.import_module("netrep_go")
    for name in netrep_go.__all__:
        getattr(netrep_go, name)
    return "netrep_go._capi" in sys.modules


def import_metrics():
    importlib.import_module("netrep_go.metrics")
    late = {"sklearn.metrics", "scipy.cluster.hierarchy", "sklearn.pipeline", "tqdm", "matplotlib"}
    return sorted(late & set(sys.modules))


def bad_extension(kind):
    import netrep_go

    old = types.SimpleNamespace(capi_Version=lambda: 99)
    netrep_go._capi = sys.modules["netrep_go._capi"] = old if kind == "version" else None
    if kind == "missing":
        del netrep_go._capi
    return [outcome(answer), outcome(answer)]


def small_numbers():
    """Denormal arithmetic in the loading and in other threads, before and after."""

    def probe(_=None):
        small = [math.ulp(0.0), sys.float_info.min]
        return [x / 1.0 + 0.25 * x for x in small] + (np.array(small) * 1.5).tolist()

    before = probe()
    works()
    with ThreadPoolExecutor(2) as pool:
        return [before, probe(), *pool.map(probe, range(2))]


# Misuse of the gateway

FLOAT64, FLOAT32, INT64, FLOAT, INT, LIST, TEXT, OUTPUT = 1, 2, 3, 4, 5, 6, 7, 0x100


def raw_call(routine, words, count=None, control=0):
    from netrep_go import _native

    words = array("q", words)
    address = words.buffer_info()[0] if words else 0
    count = len(words) // 6 if count is None else count
    message = _native._load().capi_Call(routine, address, count, control)
    return int(message.split("\x1f")[0]) if message else 0


def descriptor(kind, ndim, shape, data):
    return (kind | ndim << 32, *shape, *(0,) * (4 - len(shape)), data)


def wrong_calls():
    """Call every routine in ways that none can accept; return the statuses."""
    from netrep_go import _native

    kinds = [k | flag for k in (FLOAT64, FLOAT32, INT64, LIST, TEXT) for flag in (0, OUTPUT)]
    shapes = [(-1,), (3,), (2, -3), (2, 3), (2**62, 4), (2**31, 2**31), (2, 2, 2, 2)]
    wrong = [
        descriptor(kind, ndim, shape, 0)
        for kind in [*kinds, 0, 8, 0x7FFFFFFF]
        for shape in shapes
        for ndim in (len(shape), 5, -1)
    ]
    statuses = {}
    for routine in _native.routines():
        found = {raw_call(routine, []), raw_call(routine, [], 1), raw_call(routine, [], -1)}
        for scalar in (descriptor(FLOAT, 0, (), 0), descriptor(INT, 0, (), 0)):
            found.add(raw_call(routine, scalar * 50))
        for words in wrong:
            found |= {raw_call(routine, words), raw_call(routine, words * 50)}
        statuses[routine] = sorted(found)
    unknown = outcome(_native.call, "core.nothing", {}, {})
    return {"statuses": statuses, "unknown": unknown, "after": works()}


def mutations(words):
    """Yield descriptors that no routine accepts in the place of the given one."""
    head, *shape, data = words
    kind, ndim = head & 0xFFFFFFFF, head >> 32
    for other in {0, FLOAT64, FLOAT32, INT64, FLOAT, INT, LIST, TEXT} - {kind & 0xFF}:
        yield f"kind {other}", (other | ndim << 32, *shape, data)
    if kind & 0xFF <= INT64:
        yield "output", (head ^ OUTPUT, *shape, data)
    yield from ((f"ndim {n}", (kind | n << 32, *shape, data)) for n in {-1, 5, ndim + 1})
    for axis in range(ndim):
        for size in (-1, 2**61, 100) if kind == LIST else (-1, 2**61, 0):
            wrong = [*shape[:axis], size, *shape[axis + 1 :]]
            what = f"shape {wrong}" if size else "empty"
            yield what, (head, *wrong, data if size < 2**61 else 0)
    if ndim and kind != LIST and math.prod(shape[:ndim]) > 0:
        yield "null", (head, *shape, 0)


def is_allowed(what, kind):
    """Return whether a mutation of a right argument of a kind is right as well."""
    if what == f"kind {FLOAT32}":
        return "float64|float32" in kind
    return what == "empty" and (kind.endswith("?") or kind == "text")


def nearly_right_calls():
    """Spoil one argument at a time of calls that work; return what was accepted."""
    from native_examples import EXAMPLES, example, parameters

    from netrep_go import _native

    accepted = []
    for routine in EXAMPLES:
        arguments = _native._in_order(routine, *example(routine))
        words, texts = _native._pack(*arguments)
        if raw_call(routine, words) != (1 if routine == "core.fault" else 0):
            accepted.append(f"{routine}: the right call failed")
        for i, kind in enumerate(parameters(routine)):
            start, end = 6 * i, 6 * i + 6
            for what, wrong in mutations(words[start:end]):
                status = raw_call(routine, [*words[:start], *wrong, *words[end:]])
                if status not in (1, 4) and not is_allowed(what, kind):
                    accepted.append(f"{routine}: argument {i}, {what}: {status}")
        for fewer in range(len(words) // 6):
            if raw_call(routine, words[: 6 * fewer]) != 4:
                accepted.append(f"{routine}: {fewer} arguments")
        if raw_call(routine, [*words, *descriptor(INT, 0, (), 0)]) != 4:
            accepted.append(f"{routine}: an argument too many")
        del texts, arguments
    return {"accepted": accepted, "after": works()}


def cancelled_calls():
    """Return the status of each routine if it is cancelled before it starts."""
    from native_examples import EXAMPLES, example

    from netrep_go import _native

    control = np.array([0, 0, 1, 2])
    statuses = {}
    for routine in EXAMPLES:
        arguments = _native._in_order(routine, *example(routine))
        words, texts = _native._pack(*arguments)
        statuses[routine] = raw_call(routine, words, control=control.ctypes.data)
        del texts, arguments
    return {"statuses": statuses, "after": works()}


def fork_with_examples():
    """Return how each routine fails in a fork of a process that has used Go."""
    from native_examples import EXAMPLES, answer

    def in_child():
        return {routine: answer(routine, EXAMPLES[routine][1]) for routine in EXAMPLES}

    return {"child": fork(in_child), "after": works()}


# Names


def named_errors():
    """Return an error about two networks and a condition, under names of the user's."""
    from netrep_go import _native

    found = []
    for names in (None, {"network": ["V1", "V4"], "held-out network": "test[{}]".format}):
        for start in (_native.call, _native.run):
            error = outcome(
                lambda s=start, n=names: s("core.fault", {}, {"mode": "subjects"}, names=n)
            )
            found.append(error)
    return found


# Faults


def faults(handler):
    """Break in every way that can be recovered from, and see what is left."""
    from netrep_go import _native

    if handler == "before":
        faulthandler.enable()
    works()
    if handler == "after":
        faulthandler.enable()
    # With faulthandler enabled after Go, a nil dereference ends the process.
    modes = ["panic", "panic in a task", "memory", "numerical", "none"]
    if handler != "after":
        modes.append("nil")
    found = {}
    for mode in modes:
        called = outcome(_native.call, "core.fault", {}, {"mode": mode})
        ran = outcome(_native.run, "core.fault", {}, {"mode": mode})
        found[mode] = [called, ran, works()]
    return found


def many_faults():
    from netrep_go import _native

    def fault(mode):
        outcome(_native.call, "core.fault", {}, {"mode": mode})

    return growth(
        lambda k: fault(("panic", "panic in a task")[k % 2]), warm_up=1000, repeats=10_000
    )


# Interrupts


def sleep_job():
    """Sleep in Go for four seconds."""
    from netrep_go import _native

    _native.run("core.fault", {}, {"mode": "sleep"}, n_jobs=1)


def bootstrap_job():
    """Draw bootstrap samples for a minute or more."""
    from netrep_go.rsa import evaluate

    x = np.random.default_rng(0).random((20, 4186))
    return evaluate(x, x, resample="both", n_bootstraps=1_000_000, n_jobs=1, random_state=0)


def long_searchlight():
    """Run searchlights for half a minute."""
    from netrep_go.rsa import searchlight

    rng = np.random.default_rng(0)
    data, models = rng.standard_normal((100, 8000)), rng.random((50, 4950))
    return searchlight(data, models, neighbors=[np.arange(500)] * 40_000, n_jobs=1)


def pair(function, m, n):
    """Return a job: a function of two random matrices."""
    rng = np.random.default_rng(0)
    return lambda: function(rng.standard_normal((m, n)), rng.standard_normal((m, n)))


def separate_job():
    """Separate random points for tens of seconds."""
    from netrep_go.capacity import separate

    rng = np.random.default_rng(0)
    return separate(rng.standard_normal((6000, 2500)), rng.integers(0, 2, 6000))


def pair_job(name):
    """Compare two networks for a second or more, in one call."""
    from netrep_go import capacity, metrics, utils

    calls = {
        "whiten": pair(lambda x, y: utils.whiten(x, 0.5), 3000, 2500),
        "econ_svd": pair(lambda x, y: utils.econ_svd(x), 3000, 2500),
        "linear": pair(lambda x, y: metrics.LinearMetric(alpha=0.5).fit(x, y), 3000, 2500),
        "aligner": pair(lambda x, y: metrics.Aligner(alpha=0.5).fit(x, y), 3000, 2500),
        "permutation": pair(metrics.PermutationMetric().fit, 4000, 4000),
        "cost": pair(
            lambda x, y: capacity.center_correlation_cost(np.tile(x, (12, 1)), np.eye(5000, 2)),
            500,
            5000,
        ),
    }
    return calls[name]()


def train_job():
    """Train networks for half a minute."""
    from netrep_go.datasets import digits_networks

    return digits_networks(widths=(256,), depths=(3,), n_seeds=5, max_iter=200)


PAIRS = ["whiten", "econ_svd", "linear", "aligner", "permutation", "cost"]
JOBS = {name: partial(pair_job, name) for name in PAIRS} | {
    "bootstrap": bootstrap_job,
    "separate": separate_job,
    "train": train_job,
    "cohort": lambda: long_job(100),
    "searchlight": long_searchlight,
    "sleep": sleep_job,
}


def interrupt(job):
    """Send SIGINT 0.3 s into a job; return the exception and its delay."""
    answer()
    threads = _thread._count()
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.3, send).start()
    raised = outcome(JOBS[job])
    delay = time.monotonic() - sent[0]
    after = works()
    ended = wait_until(lambda: _thread._count() <= threads)
    return {"raised": raised, "delay": delay, "after": after, "ended": ended}


def interrupt_of_a_pair(job):
    """Send SIGINT into the one call of a job, which LAPACK may go on with by itself."""
    answer()
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(1.0, send).start()
    raised = outcome(JOBS[job])
    return {"raised": raised, "delay": time.monotonic() - sent[0]}


def interrupt_beside_thread():
    """Send SIGINT to the main thread while another one waits for a job."""
    expected = distances(cohort(30, 200, (100,)))
    results = []
    thread = threading.Thread(target=lambda: results.append(distances(cohort(30, 200, (100,)))))
    thread.start()
    raised = outcome(signal.raise_signal, signal.SIGINT)
    thread.join()
    return {"raised": raised, "equal": bool((results[0] == expected).all())}


def break_off(source):
    """Leave a job of four seconds by an exception that is not Ctrl-C's."""
    from netrep_go import _native

    def give_up(*_):
        raise TimeoutError(f"from {source}")

    plain = _native._Worker.start

    def started(worker, *arguments):
        plain(worker, *arguments)
        give_up()

    works()
    threads = _thread._count()
    if source == "signal":
        signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
    if source == "start":
        _native._Worker.start = started
    progress = give_up if source == "progress" else None
    raised = outcome(
        lambda: _native.run("core.fault", {}, {"mode": "sleep"}, n_jobs=1, progress=progress)
    )
    _native._Worker.start = plain
    ended = wait_until(lambda: _thread._count() <= threads, 2)
    return {"raised": raised, "after": works(), "ended": ended}


def wait_until(condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def leave(how):
    """Leave the interpreter while a daemon thread is inside a job of a minute."""
    answer()
    threading.Thread(target=long_job, daemon=True).start()
    time.sleep(0.3)
    if how == "exit":
        sys.exit(3)
    if how == "raise":
        raise RuntimeError("the program's own")


# Fork


def fork(work=answer):
    """Return what a forked child computes, through a pipe."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, json.dumps(outcome(work)).encode())
        os._exit(0)
    os.close(writer)
    try:
        if not select.select([reader], [], [], PATIENCE / 2)[0]:
            os.kill(pid, signal.SIGKILL)
            return "hang"
        return json.loads(os.read(reader, 65536))
    finally:
        os.waitpid(pid, 0)
        os.close(reader)


def in_pool(method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        return pool.apply_async(outcome, (answer,)).get(PATIENCE)


def in_joblib(backend):
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=2, backend=backend, timeout=PATIENCE)
    # Workers return what they raise: if a task fails while the next is handed over, joblib's
    # multiprocessing backend may wait forever for a lock of a worker that it has killed.
    first, second = parallel(delayed(outcome)(answer) for _ in range(2))
    return first if first == second else "different results"


def forks(state):
    """Compute in workers of a process that has come as far as ``state``."""
    import netrep_go.multiset  # noqa: F401
    from netrep_go import _native

    if state == "loaded":
        _native.routines()
    elif state != "imported":
        works()
    if state == "busy":
        threading.Thread(target=long_job, daemon=True).start()
        time.sleep(0.2)
    found = {"os.fork": outcome(fork)}
    found["fork"] = outcome(in_pool, "fork")
    found["multiprocessing"] = outcome(in_joblib, "multiprocessing")
    if state in ("imported", "busy"):
        # Fresh interpreters, which take seconds to start.
        found["forkserver"] = outcome(in_pool, "forkserver")
        found["spawn"] = outcome(in_pool, "spawn")
        found["loky"] = outcome(in_joblib, "loky")
    # Threads come last: they load Go into this process.
    found["threading"] = outcome(in_joblib, "threading")
    found["parent"] = outcome(answer)
    done = subprocess.run([sys.executable, "-c", ""], capture_output=True, check=True)
    found["subprocess"] = (done.stdout + done.stderr).decode()
    return found


def fork_while_loading():
    """Fork while another thread is inside the first load."""
    from netrep_go import _blas

    inside, addresses = threading.Event(), _blas.addresses

    def slow(names):
        inside.set()
        time.sleep(1)
        return addresses(names)

    _blas.addresses = slow
    thread = threading.Thread(target=answer)
    thread.start()
    inside.wait()
    child = fork()
    thread.join()
    return {"child": child, "parent": works()}


# Threads


def threads():
    """Compare eight threads, the first call included, with one."""
    from netrep_go.metrics import LinearMetric

    networks = cohort(8, 60, (20,))
    start = threading.Barrier(8)
    shared = LinearMetric(alpha=0.3)

    def work(k):
        start.wait(PATIENCE)
        own = LinearMetric(alpha=0.3).fit(networks[k], networks[0])
        return [
            shared.pairwise_distances(networks, verbose=False)[0].tolist(),
            shared.partial_fit(networks[k])[1].tolist(),
            own.score(networks[k], networks[0]),
            own.Wx_.tolist(),
        ]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, range(8)))
    start = threading.Barrier(1)
    return together == [work(k) for k in range(8)]


def blas_threads():
    """Return the BLAS thread counts before and after calls that overlap and fail."""
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_info, threadpool_limits

    answer()
    good, constant = cohort(8, 100, (30,)), [np.ones((5, 2))] * 3

    def counts():
        return [library["num_threads"] for library in threadpool_info()]

    def nested(k):
        parallel = Parallel(n_jobs=2, backend="threading")
        inside = parallel(delayed(outcome)(distances, good[: 3 + j % 5]) for j in range(4))
        return inside, outcome(distances, constant if k % 2 else good)

    found = []
    for limit in (None, 1, 2):
        with threadpool_limits(limit):
            before = counts()
            Parallel(n_jobs=4, backend="threading")(delayed(nested)(k) for k in range(20))
            found.append([before, counts()])
    return found


def interrupted_calls():
    """Interrupt short calls at any point; return BLAS thread counts before and after."""
    from threadpoolctl import threadpool_info

    from netrep_go.metrics import LinearMetric

    class Stop(BaseException):
        pass

    def stop(*_):
        raise Stop

    works()
    signal.signal(signal.SIGALRM, stop)
    metric, x = LinearMetric(), np.eye(4, 3)
    before = [library["num_threads"] for library in threadpool_info()]
    for k in range(3000):
        try:
            signal.setitimer(signal.ITIMER_REAL, 1e-5 + k % 100 * 1e-6)
            for _ in range(100):
                metric.partial_fit(x)
        except Stop:
            pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    works()
    return [before, [library["num_threads"] for library in threadpool_info()]]


def fingerprints():
    """Hash distance matrices for several numbers of threads."""
    networks, held_out = cohort(9, 45), cohort(9, 20, seed=1)

    def digest(n_jobs, dtype):
        options = {"n_jobs": n_jobs, "dtype": dtype}
        train = distances(networks, **options)
        both = distances(networks, testdata=held_out, **options)
        return hashlib.sha256(b"".join(d.tobytes() for d in (train, *both))).hexdigest()

    return {t: [digest(n, t) for n in (1, 2, 3, -1, None)] for t in ("float64", "float32")}


# Memory


def resident():
    """Resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def growth(function, warm_up, repeats):
    """Return by how many MiB repeated calls made the process grow."""
    for k in range(warm_up):
        function(k)
    before = resident()
    for k in range(repeats):
        function(k)
    return resident() - before


def small_calls():
    from netrep_go.metrics import LinearMetric

    x, networks = np.random.default_rng(0).standard_normal((20, 6)), cohort(3, 10)
    metric, flat = LinearMetric(alpha=0.5), np.ones((20, 6))

    def work(k):
        metric.fit_score(x, x[::-1])
        outcome(metric.fit_score, flat, x)
        if k % 10 == 0:
            distances(networks)

    return growth(work, warm_up=500, repeats=2500)


def large_fits():
    """Return the growth over 50 cohorts, whose scratch memory is many MiB each."""
    networks = cohort(60, 600, (100,))
    return growth(lambda k: distances(networks[k : k + 6]), warm_up=5, repeats=50)


def cancelled_jobs(repeats=40):
    def give_up(*_):
        raise TimeoutError

    from netrep_go import _native

    def work(_):
        outcome(lambda: _native.run("core.fault", {}, {"mode": "sleep"}, progress=give_up))

    n_threads = _thread._count()
    growth(work, warm_up=5, repeats=0)
    files = len(os.listdir("/dev/fd"))
    grown = growth(work, warm_up=0, repeats=int(repeats))
    ended = wait_until(lambda: _thread._count() == n_threads)
    return {"grown": grown, "ended": ended, "files": len(os.listdir("/dev/fd")) - files}


def limit_memory(more):
    """Allow the process so many MiB of addresses beyond what it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def huge_inputs():
    """Pass arrays of 2^33 rows, which take no memory, to every entry point."""
    from netrep_go.metrics import Aligner, LinearMetric
    from netrep_go.multiset import cross_distances
    from netrep_go.rsa import searchlight

    x = np.random.default_rng(0).standard_normal((5, 3))
    metric, aligner = LinearMetric().fit(x, x), Aligner().fit(x, x)
    limit_memory(1024)
    huge = np.broadcast_to(np.float32(1), (2**33, 3))
    calls = {
        "fit": lambda: LinearMetric().fit(x, huge),
        "partial_fit": lambda: LinearMetric().partial_fit(huge),
        "transform": lambda: metric.transform(huge, x),
        "score": lambda: metric.score(huge, huge),
        "fit_score": lambda: LinearMetric().fit_score(huge, huge),
        "pairwise_distances": lambda: distances([x, huge]),
        "cross_distances": lambda: cross_distances(metric, [huge], [huge], verbose=False),
        "Aligner.fit": lambda: Aligner().fit(huge, huge),
        "Aligner.transform": lambda: aligner.transform(huge),
        "searchlight": lambda: searchlight(huge.T, np.arange(3.0), neighbors=[[0]]),
        "wide": lambda: LinearMetric().partial_fit(np.ones((2, 50_000))),
    }
    return {name: outcome(call) for name, call in calls.items()} | {"after": works()}


def huge_scratch():
    """Ask for more scratch memory in Go than the process may have."""
    answer()
    networks = [np.random.default_rng(0).standard_normal((2000, 500))] * 400
    limit_memory(1024)
    return {"raised": outcome(distances, networks).split(":")[0], "after": works()}


def no_room():
    """Ask for counts and products that take more memory than there is."""
    from netrep_go import capacity, mftma

    rng = np.random.default_rng(0)
    manifolds = [rng.standard_normal((5, 30)) + 2 for _ in range(6)]
    centers, basis = rng.standard_normal((3000, 3000)), np.eye(3000, 1)
    x, points = rng.standard_normal((1, 4000)), rng.standard_normal((3000, 4000))
    answer()
    limit_memory(100)
    calls = {
        "cost": lambda: capacity.center_correlation_cost(centers, basis),
        "directions": lambda: capacity.find_center_directions(
            manifolds, n_restarts=10**8, search="stable", random_state=0
        ),
        "mean field": lambda: capacity.MeanFieldCapacity(
            n_restarts=10**8, search="stable", random_state=0
        ).fit(*labeled(manifolds)),
        "mftma": lambda: mftma.manifold_analysis_corr(
            [x.T for x in manifolds], 0, 10, n_reps=10**8
        ),
        "match": lambda: _match(x, x),
        "separate": lambda: capacity.separate(points, np.arange(3000) % 2),
    }
    return {name: outcome(call).split(":")[0] for name, call in calls.items()} | {"after": works()}


def little_room():
    """Compare, where there is hardly more memory than the data takes."""
    from netrep_go import rsa
    from netrep_go.metrics import LinearCKA

    rng = np.random.default_rng(0)
    rdms = rng.random((3, 4000 * 3999 // 2))
    gaps = np.where(rng.random((3000, 45)) < 0.5, np.nan, rng.random((3000, 45)))
    copies = np.tile(rng.standard_normal((3, 4)), (1000, 1))  # all of whose pairs are near
    many, few = rng.random((300_000, 3)), rng.random((1, 3))
    long = rng.standard_normal((2, 200_000, 1))
    answer()
    limit_memory(200)
    calls = {
        "whitened": lambda: rsa.compare(rdms[:1], rdms[1:2], method="cosine_cov"),
        "riemannian": lambda: rsa.compare(rdms[:1], rdms[1:2], method="neg_riem_dist"),
        "evaluate": lambda: rsa.evaluate(rdms[:1], rdms[1:], method="tau-a", n_bootstraps=2),
        "ranked": lambda: rsa.evaluate(rdms[:1], rdms[1:], method="spearman", n_bootstraps=2),
        "permute": lambda: rsa.permutation_test(rdms[:1], rdms[1:], n_permutations=2),
        "gaps": lambda: rsa.compare(gaps[:2], gaps),
        "near": lambda: rsa.rdm(copies, metric="euclidean"),
        "forms": lambda: rsa.compare(many, few, method="tau-a"),
        "tiles": lambda: LinearCKA().fit_score(*long),
    }
    found = {name: str(outcome(call)).split(":")[0] for name, call in calls.items()}
    return found | {"after": works()}


def huge_counts():
    """Call all that is public with counts that nothing has room or time for."""
    import counts

    warnings.simplefilter("ignore")
    answer()
    with contextlib.redirect_stderr(io.StringIO()):
        plain = counts.plain()
        limit_memory(1024)
        return {"plain": plain, "huge": counts.huge(), "after": works()}


def labeled(manifolds):
    return np.vstack(manifolds), np.repeat(np.arange(len(manifolds)), len(manifolds[0]))


def _match(x, y):
    from netrep_go import _native

    columns = np.empty(x.shape[1], np.int64)
    _native.call("metrics.permutation_match", {"columns": columns}, {"x": x, "y": y})


def many_networks():
    """Compare 10,000 networks where only the distances themselves fit into memory."""
    answer()
    networks = [np.ones((1, 1))] * 10_000
    limit_memory(1024)
    return outcome(distances, networks)


# Pickles


def score_pickled(path):
    metric, x, y = pickle.loads(Path(path).read_bytes())
    return metric.score(x, y)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells may have it ignored
    warnings.simplefilter("error")
    # Python 3.12 dislikes a fork in a process with threads, which is what is tested.
    warnings.filterwarnings("ignore", "This process", DeprecationWarning)
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
