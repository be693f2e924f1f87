"""The long campaign of docs/reliability.md: many calls of all that reaches Go, in odd conditions.

Each case is a process with a time limit, of campaign_cases.py; `make test-long` prints its counts.
"""

import json
import os
import pickle
import shutil
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import campaign_cases
import numpy as np
import pytest
from estimators import CAPACITY, IN_MATRICES, fast
from native_entries import ENTRY_POINTS
from odd_matrices import NAMES
from test_native import needs_proc

import netrep_go
from netrep_go import _native
from netrep_go.metrics import get_measure

PROGRAM = Path(campaign_cases.__file__)
SHARE = 8  # examples of an entry point in make test


def lines(name, *arguments, timeout=600, returncode=0, **environment):
    """Run a case in a process; return what it printed."""
    done = subprocess.run(
        [sys.executable, PROGRAM, name, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | environment,
    )
    assert done.returncode == returncode, (done.returncode, done.stdout, done.stderr[-3000:])
    return [json.loads(line) for line in done.stdout.splitlines() if line[0] in '{["0123456789tfn']


def case(name, *arguments, **options):
    """Return the result of a case."""
    return lines(name, *arguments, **options)[-1]


# Bad input


def assert_sound(found):
    """Print the counts of all examples; fail at one that is wrong."""
    *entries, after = found
    whole = sum((Counter(entry["counts"]) for entry in entries), Counter())
    print(f"{len(entries)} entry points, {whole.total()} examples: {dict(whole)}")
    assert after
    assert [failure for entry in entries for failure in entry["failures"]] == []
    assert whole["right"] > whole.total() / 20
    return whole


def test_a_share_of_odd_matrices():
    assert_sound(lines("odd_matrices", SHARE, *NAMES))


@pytest.mark.long
@pytest.mark.parametrize("part", range(8))
def test_odd_matrices(part):
    names = NAMES[part::8]
    whole = assert_sound(lines("odd_matrices", 1000, *names, timeout=3600))
    assert whole.total() == 1000 * len(names)


# Interrupts

JOBS = ("cohort", "bootstrap", "searchlight", "separate", "pair", "match", "whiten", "directions")


@pytest.mark.long
@pytest.mark.parametrize("job", JOBS)
def test_interrupts_at_random_moments(job):
    """Twenty-five of each of eight jobs."""
    found = case("interrupts", job, 25, JOBS.index(job), timeout=1200)
    delays = np.sort(found["delays"])
    spread = np.quantile(delays, [0, 0.5, 0.9, 1]).round(3)
    print(f"{job}: {len(delays)} interrupts, seconds {spread}, {found['late']} too late")
    assert set(found["raised"]) == {"KeyboardInterrupt"}
    assert found["after"]
    assert found["ended"]
    assert delays[-1] < 2  # on a machine that does more


# Memory


@pytest.mark.long
@needs_proc
def test_100000_small_calls():
    found = case("small_calls", 100_000, timeout=1800)
    print(found)
    assert found["slope"] < 1  # MiB in 1,000 calls
    assert found["errors"] > 30_000
    assert found["held"][0] == found["held"][1]
    assert found["after"]


@pytest.mark.long
@needs_proc
def test_50_large_fits():
    found = case("large_fits", 50)
    print(found)
    assert found["grown"] < 32
    assert found["after"]


@pytest.mark.long
@needs_proc
def test_a_fit_of_half_a_gigabyte_gives_it_back():
    found = case("half_a_gigabyte")
    print(found)
    assert found["most"] > found["before"] + 450
    assert found["after"] < found["before"] + 64


@pytest.mark.long
@needs_proc
def test_200_cancelled_jobs():
    found = case("cancelled", 200)
    print(found)
    assert found["grown"] < 4
    assert found["files"] == 0
    assert found["ended"]


MEMORY_JOBS = (
    *("pairwise", "fit", "cka", "energy", "compare", "rdm", "evaluate", "separate", "mean field"),
)


@pytest.mark.long
@needs_proc
@pytest.mark.parametrize("job", MEMORY_JOBS)
def test_less_and_less_memory(job):
    """Until there is none: what does not fit is a MemoryError, and what fits is right."""
    found = case("less_and_less", job)
    print(job, {more: text.partition(":")[0] for more, text in found.items()})
    errors = {text.partition(":")[0] for text in found.values() if text != "right"}
    assert errors == {"MemoryError"}
    assert list(found.values())[:2] == ["right", "right"]


# Threads


@pytest.mark.long
def test_all_entry_points_in_eight_threads():
    assert case("entries_in_threads") == {"differ": [], "tried": len(ENTRY_POINTS)}


@pytest.mark.long
def test_no_entry_point_depends_on_cores():
    """Three runs each on one, two and eight threads of Go and of BLAS."""
    found = []
    for n in (1, 2, 8):
        found += case("digests", GOMAXPROCS=str(n), OPENBLAS_NUM_THREADS=str(n))
    names = found[0].keys()
    assert len(found) == 9
    assert [name for name in names if len({run[name] for run in found}) > 1] == []
    print(f"{len(names)} entry points in {len(found)} runs")


@pytest.mark.long
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_no_more_cores_than_asked_for(n_jobs):
    """CPU time over wall time, which tells most on a machine that does nothing else."""
    found = case("cores", n_jobs)
    print(found)
    assert max(found.values()) <= n_jobs + 0.2


@pytest.mark.long
def test_workers_share_the_cores():
    found = case("cores_of_workers")
    print(found)
    assert max(found) <= max(1, (os.cpu_count() or 1) // 2) + 0.2


# State


@pytest.mark.long
def test_all_pickles_in_another_process(tmp_path):
    """Measures that are fitted, and capacity estimators: equal to the last bit."""
    x, y = np.random.default_rng(0).standard_normal((2, 14, 4))
    fitted = {name: get_measure(name).fit(x, y) for name in IN_MATRICES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few dichotomies are separable
        fitted |= {cls.__name__: fast(cls).fit([x, y]) for cls in CAPACITY}
    path = tmp_path / "all.pickle"
    path.write_bytes(pickle.dumps(fitted))
    assert b"_capi" not in path.read_bytes()
    assert case("unpickled", path) == campaign_cases.digests_of(fitted)
    print(f"{len(fitted)} pickles")


# Files


@pytest.mark.long
def test_damaged_models(tmp_path):
    """ONNX has no checksum: what is read may be another network, or an error names the file."""
    pytest.importorskip("onnxruntime", reason="onnxruntime comes with netrep-go[onnx]")
    found = case("damaged_models", tmp_path, 600)
    print(found)
    assert found["unclear"] == []
    assert found["refused"] > 100


# The end


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "returncode"), [("exit", 3), ("os._exit", 3), ("raise", 1), ("interrupt", -2)]
)
def test_leaving_in_the_midst_of_three_jobs(how, returncode):
    (left,) = lines("leave", how, returncode=returncode, timeout=60)
    seconds = time.time() - left
    print(f"{how}: {seconds:.2f} s")
    assert seconds < 20  # on a machine that does more


# Loading


def damaged_extension(path, kind):
    """Make of an extension what may be found in its place."""
    content = bytearray(path.read_bytes())
    if kind == "gone":
        path.unlink()
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("this is no library\n")
    else:
        content[18] = 0xB7  # e_machine of aarch64
        path.write_bytes(content)


@pytest.mark.skipif(sys.platform != "linux", reason="edits an ELF file")
@pytest.mark.parametrize("kind", ["gone", "empty", "text", "another machine's"])
def test_extensions_that_cannot_be_loaded(kind, tmp_path):
    package = Path(netrep_go.__file__).parent
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tmp_path / "netrep_go", ignore=without)
    (extension,) = (tmp_path / "netrep_go").glob("_capi.*.so")
    damaged_extension(extension, kind)
    code = "from netrep_go import _native, rsa; print('imported', flush=True); _native.routines()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == "imported\n"
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: the compiled part of netrep_go cannot be loaded (")
    assert "pip install --force-reinstall netrep-go" in last


@pytest.mark.skipif(sys.platform != "linux", reason="two Go libraries in one process: of Linux")
@pytest.mark.parametrize("repeats", [1000, pytest.param(10_000, marks=pytest.mark.long)], ids=str)
def test_a_second_go_library(repeats, tmp_path):
    extension = Path(sys.modules[_native._load().__name__].__file__)
    path = shutil.copy(extension, tmp_path / "other.so")
    found = case("second_library", path, repeats)
    assert found == {"wrong": 0, "apart": True, "after": True}
