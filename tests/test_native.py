"""What must hold of Go inside a Python process: nothing breaks, hangs or is silently wrong.

What may break the process runs in one of its own, as a case of native_cases.py.
"""

import copy
import json
import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import counts
import numpy as np
import pytest
from native_cases import answer
from native_entries import GOOD, TRAINED, laid_out, memmap, read_only
from native_examples import EXAMPLES, example
from native_examples import answer as answer_of
from sklearn.base import clone

from netrep_go import _native
from netrep_go.metrics import Aligner, LinearCKA

TESTS = Path(__file__).parent

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="reads the memory in use from /proc"
)


def case(name, *arguments, timeout=60, returncode=0, **environment):
    """Run a case of native_cases.py in a process and return its result."""
    done = subprocess.run(
        [sys.executable, TESTS / "native_cases.py", name, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | {"NETREP_FAULTS": "1"} | environment,
    )
    assert done.returncode == returncode, done.stderr
    # OpenBLAS may add a line of its own where a job still runs when the process ends.
    return json.loads(done.stdout.splitlines()[0]) if returncode == 0 else done.stderr


# Sizes


@needs_proc
def test_huge_inputs():
    found = case("huge_inputs")
    assert found.pop("after")
    assert {message.partition(":")[0] for message in found.values()} == {"MemoryError"}


@needs_proc
def test_huge_scratch():
    assert case("huge_scratch") == {"raised": "MemoryError", "after": True}


@needs_proc
def test_no_room():
    found = case("no_room")
    assert found.pop("after")
    assert set(found.values()) == {"MemoryError"}


@needs_proc
def test_little_room():
    found = case("little_room")
    assert found.pop("after")
    errors = [text for text in found.values() if "Error" in text]
    assert len(errors) > 4
    assert set(errors) == {"MemoryError"}


@pytest.mark.long
@needs_proc
def test_huge_counts():
    found = case("huge_counts")
    assert found["after"]
    plain = found["plain"]
    wrong = {key for key, text in plain.items() if text}
    assert wrong == {"capacity.analyze_mat", "capacity.collect_mat"}  # there is no such file
    assert len(found["huge"]) > 400
    for call, (text, seconds) in found["huge"].items():
        key, name, value = call.split()
        refusal = rf"(ValueError|MemoryError|OverflowError): .*\b{name}\b"
        if not re.match(refusal, text):
            assert name in counts.FREE, (call, text)
            assert text == plain[key], call
            assert int(value) < 2**63, call
        else:
            assert seconds < 5, call  # on a machine that does more


def test_all_that_takes_counts_is_called_with_huge_ones():
    assert set(counts.found()) == set(counts.DATA)


def test_many_networks():
    assert case("many_networks").startswith(("MemoryError", "ValueError"))


# The gateway


def test_wrong_calls():
    found = case("wrong_calls")
    assert found["after"]
    assert set(found["statuses"]) == set(_native.routines())
    assert all(set(statuses) <= {1, 4} for statuses in found["statuses"].values())
    assert found["unknown"].startswith("RuntimeError: unknown routine")


def test_nearly_right_calls():
    assert case("nearly_right_calls") == {"accepted": [], "after": True}


# Every routine, by its example


def arrays_in(inputs):
    for value in inputs.values():
        yield from value if isinstance(value, list) else [value]


def test_every_routine_has_an_example():
    assert EXAMPLES.keys() == set(_native.routines())


@pytest.mark.parametrize("routine", EXAMPLES)
def test_examples_fill_their_outputs(routine):
    outputs, inputs = example(routine)
    before = {name: x.tobytes() for name, x in outputs.items()}
    if routine != "core.fault":
        _native.call(routine, outputs, inputs)
    assert not [name for name, x in outputs.items() if x.tobytes() == before[name]]


@pytest.mark.parametrize("routine", EXAMPLES)
def test_order_of_names_does_not_matter(routine):
    outputs, inputs = example(routine)
    ordered = {name: inputs[name] for name in _native.signatures()[routine].inputs}
    backwards = dict(reversed(ordered.items()))
    assert answer_of(routine, backwards) == answer_of(routine, ordered)
    with pytest.raises(RuntimeError, match="report this"):
        _native.call(routine, outputs, inputs | {"surplus": 1.0})


@pytest.mark.parametrize("routine", EXAMPLES)
def test_inputs_are_read_only(routine, tmp_path):
    _, inputs = example(routine)
    expected = answer_of(routine, inputs)
    for layout in (np.copy, lambda x: read_only(x, None), lambda x: mapped(x, tmp_path)):
        given = laid_out(inputs, layout)
        before = [np.array(x).tobytes() for x in arrays_in(given)]
        assert answer_of(routine, given) == expected
        assert [np.array(x).tobytes() for x in arrays_in(given)] == before


def mapped(x, folder):
    return memmap(x, folder) if x.size else x


@pytest.mark.parametrize("layout", ["strided", "unaligned", "big_endian"])
@pytest.mark.parametrize("routine", EXAMPLES)
def test_other_layouts_are_refused(routine, layout):
    """They are cast above the gateway: here each would be read as something else."""
    outputs, inputs = example(routine)
    for name, value in inputs.items():
        if isinstance(value, np.ndarray) and value.size > 1:
            wrong = inputs | {name: UNPREPARED[layout](value)}
            with pytest.raises(RuntimeError, match="unprepared"):
                _native.call(routine, outputs, wrong)


def misplaced(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    y = memory[1:].view(x.dtype).reshape(x.shape)
    y[:] = x
    return y


UNPREPARED = {
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "unaligned": misplaced,
    "big_endian": lambda x: x.astype(x.dtype.newbyteorder()),
}


@pytest.mark.parametrize("routine", EXAMPLES)
def test_examples_do_not_depend_on_threads(routine):
    _, inputs = example(routine)
    expected = answer_of(routine, inputs, n_jobs=1)
    assert [answer_of(routine, inputs, n_jobs=n) for n in (2, 3, None)] == [expected] * 3
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda n: answer_of(routine, inputs, n_jobs=n), (1, 2) * 4)
        assert list(together) == [expected] * 8


# Those that end before anybody would cancel them.
SHORT = {
    "capacity.correlation_cost",
    "core.check_blas",
    "core.fault",
    "core.use_blas",
    "metrics.aligned_distance",
    "metrics.center",
    "metrics.linear_align",
    "metrics.linear_partial_fit",
    "metrics.permutation_match",
    "rsa.ranks",
    "utils.fwht",
    "utils.sq_bures_metric",
    "utils.whiten",
}


def test_long_routines_can_be_cancelled():
    found = case("cancelled_calls")
    assert found["after"]
    assert {name for name, status in found["statuses"].items() if status == 3} == (
        EXAMPLES.keys() - SHORT
    )


def test_examples_in_a_fork():
    found = case("fork_with_examples")
    assert found["after"]
    assert found["child"].keys() == EXAMPLES.keys()
    assert all("'loky' backend" in message for message in found["child"].values())


def test_unprepared_array():
    with pytest.raises(RuntimeError, match="unprepared"):
        _native.call(
            "metrics.permutation_match", {"columns": np.empty(12)}, {"x": GOOD.T, "y": GOOD.T}
        )


# Names


def test_errors_have_the_names_of_the_user():
    plain, named = "network 1, held-out network 0", "V4, test[0]"
    assert case("named_errors") == [
        f"ValueError: data: {names} and condition 2 differ"
        for names in (plain, plain, named, named)
    ]


def test_arguments_by_name():
    x, y = GOOD[:, :2].copy(), GOOD[:, 2:].copy()
    columns, expected = np.empty((2, 2), np.int64)
    _native.call("metrics.permutation_match", {"columns": expected}, {"x": y, "y": x})
    _native.call("metrics.permutation_match", {"columns": columns}, {"y": x, "x": y})
    np.testing.assert_array_equal(columns, expected)
    distance = np.empty(1)
    inputs = {"score": "euclidean", "rank": 2, "y": y, "x": x}
    _native.run("metrics.aligned_distance", {"distance": distance}, inputs)
    np.testing.assert_allclose(distance, np.linalg.norm(x - y))


@pytest.mark.parametrize(
    ("outputs", "inputs", "match"),
    [
        ({}, {"x": GOOD, "y": GOOD}, "outputs .* are columns, got none"),
        ({"Columns": GOOD}, {"x": GOOD, "y": GOOD}, "outputs .* are columns, got Columns"),
        ({"columns": GOOD}, {"x": GOOD}, "inputs .* are x, y, got x;"),
        ({"columns": GOOD}, {"x": GOOD, "y": GOOD, "z": GOOD}, "got x, y, z"),
    ],
)
def test_wrong_names_of_arguments(outputs, inputs, match):
    for start in (_native.call, _native.run):
        with pytest.raises(RuntimeError, match=f"{match}.* report this"):
            start("metrics.permutation_match", outputs, inputs)


def test_unknown_option():
    inputs = {"x": GOOD, "y": GOOD, "rank": 4, "score": "cosine"}
    with pytest.raises(ValueError, match=r"\(score\) must be one of 'angular'.*got \"c"):
        _native.call("metrics.aligned_distance", {"distance": np.empty(1)}, inputs)


# Faults


@pytest.mark.parametrize("handler", ["before", "after", "never"])
def test_faults(handler):
    """Faults raise, with faulthandler enabled before Go is loaded, after, or not at all."""
    found = case("faults", handler)
    types = {
        "panic": ("RuntimeError: netrep_go broke", "a fault in the routine", "goroutine"),
        "panic in a task": ("RuntimeError: netrep_go broke", "a fault in task", "goroutine"),
        "nil": ("RuntimeError: netrep_go broke", "nil pointer", "goroutine"),
        "memory": ("MemoryError: ", "not enough memory"),
        "numerical": ("LinAlgError: ", "a fault"),
        "none": ("ValueError: ", "(mode) must be one of 'panic'|"),
    }
    assert set(found) >= types.keys() - {"nil"}
    for mode, (called, ran, works) in found.items():
        for message in (called, ran):
            assert message.startswith(types[mode][0])
            assert all(part in message for part in types[mode])
        assert works


@needs_proc
def test_recovered_panics_leave_no_memory():
    assert case("many_faults") < 8


def test_faults_are_locked():
    found = case("faults", "never", NETREP_FAULTS="")
    del found["none"]  # is refused before
    assert all("set NETREP_FAULTS" in called for called, _, _ in found.values())


# Interrupts


@pytest.mark.parametrize(
    "job", ["bootstrap", "cohort", "searchlight", "sleep", "separate", "train"]
)
def test_interrupt(job, record_property):
    found = case("interrupt", job)
    record_property("seconds from SIGINT to KeyboardInterrupt", found["delay"])
    assert found["raised"] == "KeyboardInterrupt: "
    assert found["delay"] < 1
    assert found["after"]
    assert found["ended"]


@pytest.mark.parametrize(
    "job",
    [
        "whiten",
        "linear",
        "cost",
        *(
            pytest.param(job, marks=pytest.mark.long)
            for job in ("econ_svd", "aligner", "permutation")
        ),
    ],
)
def test_interrupt_of_a_pair(job, record_property):
    found = case("interrupt_of_a_pair", job)
    record_property("seconds from SIGINT to KeyboardInterrupt", found["delay"])
    assert found["raised"] == "KeyboardInterrupt: "
    assert found["delay"] < 1


def test_interrupt_beside_a_thread_in_go():
    assert case("interrupt_beside_thread") == {"raised": "KeyboardInterrupt: ", "equal": True}


@pytest.mark.parametrize("source", ["signal", "progress", "start"])
def test_any_exception_ends_a_job(source):
    expected = {"raised": f"TimeoutError: from {source}", "after": True, "ended": True}
    assert case("break_off", source) == expected


def test_interrupted_calls_restore_blas_threads():
    before, after = case("interrupted_calls")
    assert before == after


@pytest.mark.parametrize(("how", "returncode"), [("end", 0), ("exit", 3), ("raise", 1)])
def test_exit_during_a_job(how, returncode):
    case("leave", how, timeout=30, returncode=returncode)


# Fork

STATES = ("imported", "loaded", "used", "busy")


@pytest.mark.parametrize("state", STATES)
def test_workers(state):
    found = case("forks", state, timeout=120)
    assert found.pop("subprocess") == ""
    if state != "imported":
        for worker in ("os.fork", "fork", "multiprocessing"):
            message = found.pop(worker)
            assert message.startswith("RuntimeError"), worker
            assert all(remedy in message for remedy in ("spawn", "forkserver", "loky"))
    assert found == dict.fromkeys(found, answer())
    assert {"threading", "parent"} <= found.keys()


def test_fork_while_loading():
    found = case("fork_while_loading")
    assert found["child"].startswith("RuntimeError")
    assert found["parent"]


# Threads


def test_threads():
    assert case("threads")


def test_blas_threads_are_restored():
    for before, after in case("blas_threads"):
        assert before == after


def test_distances_do_not_depend_on_threads():
    found = [case("fingerprints", GOMAXPROCS=str(n)) for n in (1, 2, 8)]
    for dtype in ("float64", "float32"):
        assert len({digest for run in found for digest in run[dtype]}) == 1


# State


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_of_fitted_estimators(copied):
    other = np.random.default_rng(3).standard_normal((12, 4))
    metric = copied(TRAINED)
    assert metric.score(GOOD, other) == TRAINED.score(GOOD, other)
    model = Aligner(alpha=0.2).fit(GOOD, other)
    np.testing.assert_array_equal(copied(model).transform(GOOD), model.transform(GOOD))
    assert not hasattr(clone(metric), "Wx_")
    assert clone(metric).get_params() == TRAINED.get_params()


def test_pickle_in_another_process(tmp_path):
    path = tmp_path / "metric.pickle"
    path.write_bytes(pickle.dumps((TRAINED, GOOD, GOOD[::-1])))
    assert case("score_pickled", path) == TRAINED.score(GOOD, GOOD[::-1])


@needs_proc
def test_small_calls_leave_no_memory():
    assert case("small_calls") < 5


@needs_proc
def test_large_fits_leave_no_memory():
    assert case("large_fits") < 32


@needs_proc
def test_cancelled_jobs_leave_nothing():
    found = case("cancelled_jobs")
    assert found["grown"] < 4
    assert found["files"] == 0
    assert found["ended"]


# Loading


def test_import_does_not_load_go():
    assert case("import_all") is False


def test_import_leaves_what_few_functions_need():
    assert case("import_metrics") == []


@pytest.mark.parametrize("n", [30, 100])
def test_calls_in_the_calling_thread_are_few_numbers(n, monkeypatch):
    """Also those in lists: what takes long must be interruptible, and use all workers."""
    threads = []
    monkeypatch.setattr(_native, "run", lambda *args, **kwargs: threads.append(args))
    X, Y = np.random.default_rng(0).standard_normal((2, n, 25))
    LinearCKA()._compare(X, Y)
    assert len(threads) == (X.size + Y.size > 4096)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [("missing", "pip install --force-reinstall"), ("version", "install the package again")],
)
def test_load_failure(kind, remedy):
    for message in case("bad_extension", kind):
        assert message.startswith("ImportError: ")
        assert remedy in message
        assert "\n" not in message


def test_small_numbers_stay():
    """Go's side is compiled with -Ofast, which must not set flush-to-zero."""
    before, *after = case("small_numbers")
    assert 0 < before[0] < sys.float_info.min
    assert after == [before] * 3
