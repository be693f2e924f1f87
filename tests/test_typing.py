"""What mypy says of a user's calls of the package, which ships its types."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import netrep_go

USER = Path(__file__).with_name("typing_user.py")
WRONG = """
import netrep_go.metrics as metrics
from netrep_go.multiset import pairwise_distances

metrics.LinearMetric(alpha="all")
metrics.LinearMetric().fit([[1.0]])
metrics.LinearMetric(score_method="angel")
pairwise_distances(metrics.LinearMetric(), 3)
"""


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Return a function that lists what mypy has against a user's file, strictly."""
    pytest.importorskip("mypy", reason="mypy comes with netrep-go[test]")
    cache = tmp_path_factory.mktemp("mypy")

    def check(path):
        options = ["--strict", "--ignore-missing-imports", "--follow-imports=silent"]
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "mypy",
                *options,
                "--config-file=",
                f"--cache-dir={cache}",
                path,
            ],
            env=os.environ | {"MYPYPATH": str(Path(netrep_go.__file__).parents[1])},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert run.returncode in (0, 1), run.stderr
        return [line for line in run.stdout.splitlines() if ": error: " in line]

    return check


def test_calls_of_a_user(mypy):
    assert mypy(USER) == []


def test_wrong_calls_are_found(mypy, tmp_path):
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    assert [int(line.split(":")[1]) for line in mypy(path)] == [5, 6, 7, 8]
