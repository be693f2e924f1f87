"""Long programs that may break the process they run in: tests/test_campaign.py starts them.

``python campaign_cases.py CASE [ARGUMENT ...]`` prints the result of a case as JSON.
"""

import _thread
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import pickle
import resource
import signal
import sys
import threading
import time
import warnings
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from native_cases import cancelled_jobs, cohort, distances, outcome, resident, wait_until, works

# Memory


def held():
    """Return how many threads and files the process has, but for what Go opens once."""
    files = []
    for file in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing
            files.append(os.readlink(f"/proc/self/fd/{file}"))
    ours = [path for path in files if not path.startswith(("/sys/fs/cgroup", "anon_inode"))]
    return [_thread._count(), len(ours)]


def slope(function, repeats, points=20):
    """Return the MiB that a process grows by in 1,000 calls: a line through some points."""
    function(0)
    sizes = []
    for part in range(points):
        for k in range(repeats // points):
            function(part * (repeats // points) + k)
        sizes.append(resident())
    half = sizes[points // 4 :]  # allocators have found their size
    per_point = np.polyfit(np.arange(len(half)), half, 1)[0]
    return {
        "slope": per_point / (repeats // points) * 1000,
        "grown": half[-1] - half[0],
        "resident": sizes[-1],
    }


def small_calls(repeats):
    """Call several entry points on little data, one in four of which is refused."""
    from netrep_go import capacity, metrics, multiset, rsa, utils

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 20, 6))
    flat, rdms = np.ones((20, 6)), rng.random((2, 45))
    metric, cka, match = (
        metrics.LinearMetric(alpha=0.5),
        metrics.LinearCKA(),
        metrics.PermutationMetric(),
    )
    calls = [
        lambda: metric.fit_score(x, y),
        lambda: metric.fit_score(flat, x),
        lambda: cka.fit_score(x, y),
        lambda: match.fit(x, y),
        lambda: rsa.compare(rdms[:1], rdms[1:], method="tau-a"),
        lambda: rsa.compare(rdms[:1], rdms[1:, :44]),
        lambda: rsa.rdm(x[:10]),
        lambda: utils.whiten(x, 0.5),
        lambda: utils.whiten(np.full((5, 3), np.nan), 0.5),
        lambda: capacity.separate(x, np.arange(20) % 2),
        lambda: capacity.separate(x, np.arange(20) % 2, bias="none"),
        lambda: multiset.pairwise_distances(metric, [x, y, x], verbose=False),
    ]
    errors = [0]

    def work(k):
        errors[0] += isinstance(outcome(calls[k % len(calls)]), str)

    for k in range(2000):
        work(k)
    before = held()
    found = slope(work, int(repeats))
    return found | {"errors": errors[0], "held": [before, held()], "after": works()}


def large_fits(repeats):
    """Compare cohorts whose scratch memory is 60 MiB each."""
    networks = cohort(60, 1000, (200,))
    found = slope(lambda k: distances(networks[k % 50 : k % 50 + 6]), int(repeats), 10)
    return found | {"after": works()}


def cancelled(repeats):
    """Leave jobs that sleep in Go; return what they leave."""
    os.environ["NETREP_FAULTS"] = "1"
    return cancelled_jobs(repeats)


def half_a_gigabyte():
    """Return the memory before a fit that takes 500 MiB, at most and a second after."""
    from netrep_go.multiset import cross_distances

    works()
    x, first = np.random.default_rng(0).standard_normal((2, 1000, 60))
    before = resident()
    cross_distances("procrustes", [first], [x] * 1200, verbose=False)
    time.sleep(1)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"before": before, "most": most, "after": resident()}


def prepared_jobs():
    """Return jobs of a second or more on data that is there, by name."""
    from netrep_go import capacity, metrics, rsa, utils

    rng = np.random.default_rng(0)
    wide, other = rng.standard_normal((2, 1500, 1000))
    many, rdms = cohort(120, 300, (150,)), rng.random((20, 4186))
    responses, models = rng.standard_normal((100, 4000)), rng.random((20, 4950))
    points, labels = rng.standard_normal((4000, 1600)), rng.integers(0, 2, 4000)
    around = [np.arange(300)] * 20_000
    return {
        "cohort": lambda: distances(many, n_jobs=1),
        "bootstrap": lambda: rsa.evaluate(
            rdms, rdms, resample="both", n_bootstraps=10**6, n_jobs=1, random_state=0
        ),
        "searchlight": lambda: rsa.searchlight(responses, models, neighbors=around, n_jobs=1),
        "separate": lambda: capacity.separate(points, labels),
        "pair": lambda: metrics.LinearMetric(alpha=0.5).fit(wide, other),
        "match": lambda: metrics.PermutationMetric().fit(wide, other),
        "whiten": lambda: utils.whiten(wide, 0.5),
        "directions": lambda: capacity.find_center_directions(
            list(rng.standard_normal((60, 20, 500)) + 2), n_restarts=200, random_state=0
        ),
    }


def interrupts(job, repeats, seed):
    """Send SIGINT at random moments of a job; return delays and whether all went on well."""
    works()
    run = prepared_jobs()[job]
    threads = _thread._count()
    rng = np.random.default_rng(int(seed))
    found = {"delays": [], "raised": [], "after": True, "ended": True, "late": 0}
    while len(found["delays"]) < int(repeats):
        sent = []

        def send(sent=sent):
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(rng.uniform(0, 0.5), send)
        try:
            timer.start()
            run()
            ended = time.monotonic()
            timer.join()
            time.sleep(0.1)  # the signal is on its way
        except KeyboardInterrupt:
            delay = time.monotonic() - sent[0]
            if "ended" in locals() and ended < sent[0]:
                found["late"] += 1
                del ended
                continue
            found["delays"].append(delay)
            found["raised"].append("KeyboardInterrupt")
        except Exception as error:
            found["delays"].append(time.monotonic() - sent[0])
            found["raised"].append(f"{type(error).__name__}: {error}")
        found["after"] &= works()
        # LAPACK cannot be told to stop: it ends by itself.
        found["ended"] &= wait_until(lambda: _thread._count() <= threads, 120)
    return found


# Little memory


def memory_jobs():
    """Return jobs that take some MiB to hundreds of them, by name."""
    from netrep_go import capacity, metrics, multiset, rsa

    rng = np.random.default_rng(0)
    networks = cohort(40, 400, (100,))
    tall = rng.standard_normal((2, 20_000, 200))
    rdms = rng.random((60, 1000 * 999 // 2))
    responses = rng.standard_normal((1000, 300))
    points = rng.standard_normal((600, 300))
    bits = np.arange(600) % 2
    jobs = {
        "pairwise": lambda: distances(networks, n_jobs=2),
        "fit": lambda: metrics.LinearMetric(alpha=0.5).fit(*tall).Wx_,
        "cka": lambda: multiset.pairwise_distances("cka", list(tall), verbose=False),
        "energy": lambda: metrics.EnergyStochasticMetric(niter=2).fit_score(
            *responses[:, :24].reshape(2, 20, 25, 24)
        ),
        "compare": lambda: rsa.compare(rdms[:3], rdms[3:], method="spearman"),
        "rdm": lambda: rsa.rdm(responses, metric="euclidean"),
        "evaluate": lambda: (
            rsa.evaluate(
                rdms[:3], rdms[3:12], resample="subjects", n_bootstraps=20, random_state=0
            ).draws
        ),
        "separate": lambda: capacity.separate(points, bits).weights,
        "mean field": lambda: (
            capacity.MeanFieldCapacity(n_t=50, random_state=0)
            .fit([points[k : k + 20] + 2 for k in range(0, 600, 20)])
            .capacity_
        ),
    }
    return jobs


def less_and_less(job):
    """Run a job under limits that fall until nothing is left; return what came of each."""
    warnings.simplefilter("ignore")  # few iterations
    run = memory_jobs()[job]
    plain = np.array(run(), dtype=float)
    works()
    found = {}
    for more in (4096, 2048, 1024, 512, 384, 256, 192, 128, 96, 64, 48, 32, 24, 16, 8, 4, 2, 1, 0):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + more * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        try:
            same = np.array_equal(np.array(run(), dtype=float), plain, equal_nan=True)
            found[more] = "right" if same else "wrong"
        except BaseException as error:
            found[more] = f"{type(error).__name__}: {error}"[:200]
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        print(more, found[more], file=sys.stderr, flush=True)  # the last line before a crash
        if not works():
            found[more] = "broke what follows"
    return found


# Threads


def digest(value):
    """Return a hash of all numbers of a result."""
    from fuzz_judge import numbers
    from odd_matrices import flat

    found = numbers(list(flat(value)))
    parts = (f"{path}{x.shape}".encode() + x.tobytes() for path, x in found.items())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def entries():
    """Return the entry points of native_entries and two matrices that they take."""
    from native_entries import ENTRY_POINTS

    warnings.simplefilter("ignore")
    x, y = np.random.default_rng(0).standard_normal((2, 14, 4))
    return ENTRY_POINTS, x, y


def entries_in_threads():
    """Return the entry points that give other numbers where eight threads use all at once."""
    points, x, y = entries()
    alone = {name: digest(point(x, y)) for name, point in points.items()}
    names = list(points)

    def work(k):
        order = np.random.default_rng(k).permutation(len(names))
        return {names[i] for i in order if digest(points[names[i]](x, y)) != alone[names[i]]}

    with ThreadPoolExecutor(8) as pool:
        return {"differ": sorted(set().union(*pool.map(work, range(8)))), "tried": len(names)}


def digests():
    """Return digests of all entry points, three times over."""
    points, x, y = entries()
    return [{name: digest(point(x, y)) for name, point in points.items()} for _ in range(3)]


def cores(n_jobs):
    """Return CPU time over wall time of jobs on so many threads, where BLAS may take all."""
    found = {}
    for name in ("cohort", "searchlight", "bootstrap"):
        found[name] = _cores(_shorter(n_jobs)[name])
    return found


def _shorter(n_jobs):
    from netrep_go import rsa

    rng, n_jobs = np.random.default_rng(0), int(n_jobs)
    networks, rdms = cohort(40, 300, (150,)), rng.random((20, 4186))
    responses, models = rng.standard_normal((100, 2000)), rng.random((20, 4950))
    around = [np.arange(200)] * 1000
    works()
    return {
        "cohort": lambda: distances(networks, n_jobs=n_jobs),
        "searchlight": lambda: rsa.searchlight(responses, models, neighbors=around, n_jobs=n_jobs),
        "bootstrap": lambda: rsa.evaluate(
            rdms, rdms, resample="both", n_bootstraps=2000, n_jobs=n_jobs, random_state=0
        ),
    }


def _cores(run):
    wall, cpu = time.monotonic(), time.process_time()
    run()
    return (time.process_time() - cpu) / (time.monotonic() - wall)


def worker_cores(_):
    return _cores(lambda: distances(cohort(40, 300, (150,))))


def cores_of_workers():
    """Return the same of two workers of joblib, which share the cores."""
    from joblib import Parallel, delayed

    return Parallel(n_jobs=2)(delayed(worker_cores)(k) for k in range(2))


# Pickles


def unpickled(path):
    """Return digests of what pickled measures and fitted estimators give."""
    warnings.simplefilter("ignore")
    return digests_of(pickle.loads(Path(path).read_bytes()))


def digests_of(estimators):
    from estimators import learnt

    x, y = np.random.default_rng(1).standard_normal((2, 14, 4))
    found = {}
    for name, estimator in estimators.items():
        score = getattr(estimator, "score", None)
        found[name] = digest([learnt(estimator), score(x, y) if score else 0.0])
    return found


# Files


def damaged_models(folder, n_variants):
    """Read an ONNX file that is cut, or whose bytes are others, many times."""
    import onnx
    from test_damage import damaged

    from netrep_go.extract import activations

    warnings.simplefilter("ignore")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    rng = np.random.default_rng(0)
    weights = helper.make_tensor("w", kind, [3, 4], rng.standard_normal(12))
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", kind, ["n", 3])],
        [helper.make_tensor_value_info("y", kind, ["n", 4])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path, counts, unclear = Path(folder, "net.onnx"), {"read": 0, "refused": 0}, []
    for content in damaged(model.SerializeToString(), rng, int(n_variants)):
        path.write_bytes(content)
        try:
            activations(path, np.ones((2, 3), np.float32))
            counts["read"] += 1
        except Exception as error:
            counts["refused"] += 1
            if not isinstance(error, (ValueError, OSError)) or str(path) not in str(error):
                unclear.append(f"{type(error).__name__}: {error}"[:300])
    return counts | {"unclear": unclear[:5]}


# The end


def leave(how):
    """Print the time, and leave the interpreter in the midst of a job on a daemon thread."""
    jobs = prepared_jobs()
    works()
    for name in ("cohort", "bootstrap", "searchlight"):
        threading.Thread(target=outcome, args=(jobs[name],), daemon=True).start()
    time.sleep(0.5)
    print(json.dumps(time.time()), flush=True)
    if how == "os._exit":
        os._exit(3)
    if how == "interrupt":
        signal.raise_signal(signal.SIGINT)
    if how == "raise":
        raise RuntimeError("the program's own")
    sys.exit(3)


# A second Go library


def second_library(path, repeats):
    """Call a copy of the extension and the extension in turn, from two threads."""
    from netrep_go import _native

    loader = importlib.machinery.ExtensionFileLoader("_capi", path)
    spec = importlib.util.spec_from_file_location("_capi", path, loader=loader)
    other = importlib.util.module_from_spec(spec)
    loader.exec_module(other)
    ours = _native._load()
    x, y = np.random.default_rng(0).standard_normal((2, 12, 4))
    y -= y.mean(axis=0)

    def measured(library, a, b):
        distance = np.empty(1)
        words, texts = _native._pack([distance], [a, b, 4, "angular"])
        address, size = words.buffer_info()
        message = library.capi_Call("metrics.aligned_distance", address, size // 6, 0)
        del texts
        return message or distance[0]

    def failing(library):
        return library.capi_Call("core.nothing", array("q").buffer_info()[0], 0, 0)

    def work(_):
        wrong = 0
        for k in range(int(repeats) // 2):
            library = (ours, other)[k % 2]
            wrong += measured(library, x, y) != expected
            wrong += k % 10 == 0 and not failing(library).startswith("4")
        return int(wrong)

    expected = measured(ours, x, y)
    with ThreadPoolExecutor(2) as pool:
        wrong = sum(pool.map(work, range(2)))
    apart = other.capi_Call is not ours.capi_Call
    return {"wrong": wrong, "apart": apart, "after": works()}


# Odd matrices


def odd_matrices(n_examples, *names):
    """Print what hypothesis finds of each entry point, a line when it is through."""
    from odd_matrices import count

    for name in names:
        with contextlib.redirect_stdout(sys.stderr):
            found = count(name, int(n_examples))
        print(json.dumps({"entry": name, **found}), flush=True)
    return works()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells may have it ignored
    warnings.simplefilter("error")
    # Python 3.12 dislikes a fork in a process with threads.
    warnings.filterwarnings("ignore", "This process", DeprecationWarning)
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
