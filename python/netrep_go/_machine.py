"""What the machine has to give."""

from __future__ import annotations

from pathlib import Path


def free_memory() -> int | None:
    """Return the bytes that the system can give, None where it does not say."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    lines = (line.split() for line in path.read_text().splitlines())
    return next((1024 * int(line[1]) for line in lines if line[0] == "MemAvailable:"), None)
