"""Builds the extension with AddressSanitizer and runs the tests on it, a process for each file.

    python .ci/asan.py [test file ...]

What reads or writes beyond memory of the C heap, which is NumPy's, Python's and that of scratch in
Go, ends the process with a report. tests/test_asan.py overruns on purpose. BLAS and LAPACK are
SciPy's, and not watched; gonum's loops are those in Go.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "build" / "asan"
PATIENCE = 7200  # seconds for a file

# What builds, runs compilers or other programs, or judges the tree and not the library.
LEFT_OUT = (
    *("benchmark", "build", "cabi", "documentation", "gallery", "house", "kinds", "notebooks"),
    *("release", "report_browser", "typing", "wheels"),
)
# AddressSanitizer keeps what is freed for a while, and reserves addresses of its own.
OF_MEMORY = "memory or room or huge or many_networks or cancelled_jobs or little or bytes"
# Whose bounds are those of the roundings of gonum's loops in assembly.
ROUNDED = "tests/test_linear.py::test_a_known_angle"
REPORTS = BUILT / "reports"
OPTIONS = (  # faults are Go's to handle
    f"log_path={REPORTS}/report:detect_leaks=0:allocator_may_return_null=1:"
    "quarantine_size_mb=64:handle_segv=0:handle_sigbus=0:handle_sigfpe=0"
)


def build() -> None:
    """Build the extension in a copy of the sources, unless it is newer than they are."""
    sources = [path for folder in ("core", "capi") for path in (ROOT / folder).rglob("*.*")]
    built = next(BUILT.glob("python/netrep_go/_capi*.so"), None)
    if built is None or max(path.stat().st_mtime for path in sources) > built.stat().st_mtime:
        shutil.rmtree(BUILT, ignore_errors=True)
        for folder in ("core", "capi"):
            shutil.copytree(ROOT / folder, BUILT / folder)
        for name in ("go.mod", "go.sum", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, BUILT)
        (BUILT / "python" / "netrep_go").mkdir(parents=True)
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        flags = {"GOFLAGS": "-asan -tags=noasm", "ASAN_OPTIONS": "detect_leaks=0"}
        subprocess.run(command, cwd=BUILT, env=os.environ | flags, check=True)
    ours = shutil.ignore_patterns("_capi*.so", "__pycache__")
    package = ROOT / "python" / "netrep_go"
    shutil.copytree(package, BUILT / "python" / "netrep_go", ignore=ours, dirs_exist_ok=True)


def environment() -> dict[str, str]:
    """Return the environment of a process on what was built."""
    # That of C++, for exceptions are thrown through it.
    libraries = [
        subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
        for name in ("libasan.so", "libstdc++.so.6")
    ]
    return os.environ | {
        "ASAN_OPTIONS": OPTIONS,
        "LD_PRELOAD": " ".join(libraries),
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": str(BUILT / "python"),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
    }


def test(path: Path) -> tuple[str, Counter[str]]:
    """Run a file; return what it printed, and how many tests came to what."""
    command = [sys.executable, "-m", "pytest", "-q", str(path), "-k", f"not ({OF_MEMORY})"]
    command += ["--deselect", ROUNDED]
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return "", Counter({"hang": 1})
    printed = done.stdout + done.stderr
    reports = [path.read_text(errors="replace") for path in REPORTS.iterdir()]
    counts = Counter(
        {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|error)", printed)}
    )
    counts["reports"] = len(reports)
    counts["ended by a signal"] = int(done.returncode < 0)
    return printed + "".join(reports), counts


def main() -> int:
    """Build, test, count."""
    build()
    whole: Counter[str] = Counter()
    chosen = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "tests").glob("test_*.py"))
    for path in chosen:
        if path.stem.removeprefix("test_") in LEFT_OUT:
            continue
        start = time.monotonic()
        printed, counts = test(path)
        whole += counts
        print(f"{path.name}: {dict(+counts)} in {time.monotonic() - start:.0f} s", flush=True)
        if set(+counts) - {"passed", "skipped"} or not counts:
            print(printed[-6000:], flush=True)
    print(f"{len(chosen)} files: {dict(+whole)}")
    bad = ("failed", "error", "reports", "ended by a signal", "hang")
    return int(any(whole[word] for word in bad))


if __name__ == "__main__":
    sys.exit(main())
