"""The plain C library, from a C program's side."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netrep_go import _native
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import pairwise_distances

ROOT = Path(__file__).parents[1]
GO = shutil.which("go")

pytestmark = [
    pytest.mark.skipif(GO is None, reason="builds the C library, which takes Go"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="compiles a C program with gcc"),
]


def run(*command, **environment):
    """Run a command that has to succeed and return its output."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return the path of the library, built as `make lib` does."""
    path = tmp_path_factory.mktemp("lib") / "libnetrep.so"
    build = (GO, "build", "-buildmode=c-shared", "-trimpath", "-o", path, "./capi/cabi")
    run(*build, GOTOOLCHAIN="local")
    return path


def compile_and_run(source, library):
    """Return what a C program prints that uses the library."""
    program, folder = library.with_name(Path(source).stem), library.parent
    strict = ("-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror")
    find = ("-Icapi/cabi", f"-L{folder}", f"-Wl,-rpath,{folder}")
    run("gcc", *strict, *find, source, "-o", program, "-lnetrep")
    return run(program)


@pytest.fixture(scope="module")
def output(library):
    """Return what tests/c/pairwise.c prints, as (key, rest of the line)."""
    lines = compile_and_run("tests/c/pairwise.c", library).splitlines()
    return [tuple(line.split(" ", 1)) for line in lines]


@pytest.mark.skipif(sys.platform != "linux", reason="reads ELF symbols")
@pytest.mark.skipif(shutil.which("nm") is None, reason="lists symbols with nm")
def test_library_exports_its_interface_and_needs_no_python(library):
    symbols = [line.split() for line in run("nm", "-D", library).splitlines()]
    names = [words[-1].partition("@")[0] for words in symbols]
    assert not [name for name in names if name.lstrip("_").startswith("Py")]
    defined = {words[-1] for words in symbols if words[-2] == "T"}
    assert {"netrep_call", "netrep_routines", "netrep_version"} <= defined


def test_interface(output):
    facts = dict(output)
    assert facts["version"] == str(_native._ABI)
    assert facts["fits"] == "1"
    lines = [rest for key, rest in output if key == "routine"]
    assert dict(map(_native._parse, lines)) == _native.signatures()


def test_example_of_the_documentation(library):
    page = (ROOT / "docs" / "c.md").read_text()
    (source,) = re.findall(r"```c\n(.*?)```", page, re.DOTALL)
    path = library.with_name("example.c")
    path.write_text(source)
    x, y = (
        np.fromstring(numbers, sep=",").reshape(4, 2)
        for numbers in re.findall(r"[xy]\[\] = \{(.*?)\}", source)
    )
    expected = LinearMetric(score_method="euclidean").fit_score(x, y)
    assert compile_and_run(path, library) == f"{expected:.4f}\n"


def test_distances(output):
    state = 1
    networks = []
    for width in (6, 5, 4, 3):
        values = []
        for _ in range(10 * width):
            state = (state * 1664525 + 1013904223) % 2**32
            values.append(state / 2**32 - 0.5)
        networks.append(np.reshape(values, (10, width)))
    expected = pairwise_distances(LinearMetric(alpha=0.5), networks, verbose=False)
    assert ("status", "0 ") in output
    found = [float(rest) for key, rest in output if key == "distance"]
    assert expected.max() > 0.5
    np.testing.assert_allclose(found, expected.ravel(), rtol=0, atol=1e-12)
    # Four networks are prepared and six pairs measured.
    assert ("done", "10 of 10") in output


def test_errors(output):
    facts = dict(output)
    text = "alpha must be in [0, 1], got 1.5"
    assert facts["alpha"].startswith("1 ")
    assert text in facts["alpha"]
    assert facts["cut"] == f"1 {facts['alpha'][2:9]}"
    assert facts["silent"] == "1"
    assert facts["cancelled"] == "3"
    assert facts["unknown"] == '4 unknown routine "core.nothing"'
