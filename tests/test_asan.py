"""What AddressSanitizer has to report: the test of `make asan`, on the library that it builds."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    "asan" not in os.environ.get("LD_PRELOAD", ""),
    reason="is for a library built with AddressSanitizer: make asan",
)


@pytest.mark.parametrize(("where", "size"), [("overrun", 10), ("scratch", 800_000)])
def test_overruns_are_reported(where, size):
    """Of an input, and of scratch memory, which end where they should."""
    code = "import sys, netrep_go._native as n; n.call('core.fault', {}, {'mode': sys.argv[1]})"
    options = os.environ["ASAN_OPTIONS"] + ":log_path=stderr"
    done = subprocess.run(
        [sys.executable, "-c", code, where],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"NETREP_FAULTS": "1", "ASAN_OPTIONS": options},
        check=False,
    )
    assert done.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in done.stderr
    assert f"0 bytes to the right of {size}-byte region" in done.stderr
    assert "was not noticed" not in done.stderr
