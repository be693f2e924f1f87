"""Searchlights against rsatoolbox: neighbourhoods, RDMs and comparison in one.

Also the peak memory of a child process beyond its imports, for float32 and float64.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterable

import numpy as np
from harness import Case, main, peer

from netrep_go.rsa import searchlight

rsatoolbox = peer("rsatoolbox")


def brain(side: int, n_conditions: int, n_holes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random responses, a cube with holes as mask, and a model."""
    rng = np.random.default_rng(0)
    mask = np.ones(side**3, np.int64)
    mask[rng.choice(mask.size, n_holes, replace=False)] = 0
    data = rng.standard_normal((n_conditions, mask.size))
    return data, mask.reshape(side, side, side), rng.random(n_conditions * (n_conditions - 1) // 2)


def peer_run(data: np.ndarray, mask: np.ndarray, model: np.ndarray, radius: int, method: str):
    """Return what rsatoolbox does for the same searchlights, or nothing."""
    if rsatoolbox is None:
        return {}
    from rsatoolbox.inference import eval_fixed
    from rsatoolbox.model import ModelFixed
    from rsatoolbox.rdm import RDMs
    from rsatoolbox.util import searchlight as theirs

    def run() -> None:
        silence = contextlib.redirect_stdout(io.StringIO())
        with silence, contextlib.redirect_stderr(io.StringIO()):
            centers, neighbors = theirs.get_volume_searchlight(mask, radius, 0.0, True)
            events = np.arange(len(data))
            rdms = theirs.get_searchlight_RDMs(data, centers, neighbors, events, verbose=False)
            fixed = ModelFixed("model", RDMs(model))
            theirs.evaluate_models_searchlight(rdms, fixed, eval_fixed, method=method)

    return {"rsatoolbox": run}


_CHILD = """
import sys
import numpy as np
from netrep_go.rsa import searchlight
side, n, single = map(int, sys.argv[1:])

def status(name):
    # Not ru_maxrss, which starts from the parent's.
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

rng = np.random.default_rng(0)
model = rng.random(n * (n - 1) // 2)
tiny = rng.standard_normal((n, 27))
searchlight(tiny, model, mask=np.ones((3, 3, 3)))
base = status("VmRSS")
data = rng.standard_normal((n, side**3), dtype=np.float32 if single else np.float64)
searchlight(data, model, mask=np.ones((side,) * 3, bool))
print((status("VmHWM") - base) / 1024)
"""


def memory() -> dict[str, object]:
    """Peak memory of a child process beyond what it has before the responses are made."""
    row: dict[str, object] = {"case": "peak memory, 92 conditions, radius 3"}
    for side, single in ((16, 0), (48, 0), (48, 1)):
        command = [sys.executable, "-c", _CHILD, *map(str, (side, 92, single))]
        used = float(subprocess.check_output(command))
        size = 92 * side**3 * (4 if single else 8) / 2**20
        name = f"{side}^3 voxels, float{32 if single else 64}"
        row[f"{name}: input (MiB)"] = round(size, 1)
        row[f"{name}: input and searchlight (MiB)"] = round(used, 1)
    return row


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    side, n, holes = (6, 20, 10) if quick else (16, 92, 200)
    data, mask, model = brain(side, n, holes)
    for method in ("pearson", "spearman"):
        name = f"{mask.sum()} centers of radius 3, {n} conditions, {method}"
        ours = {"ours": lambda m=method: searchlight(data, model, mask=mask, method=m)}
        theirs = peer_run(data, mask, model, 3, "corr" if method == "pearson" else method)
        yield Case(name, ours | theirs, int(mask.sum()), "center", repeats=3)
    times = np.random.default_rng(1).random((500, model.size))
    yield Case(
        f"fusion of {len(times)} times with {mask.sum()} centers, {n} conditions",
        {"ours": lambda: searchlight(data, times, mask=mask)},
        int(mask.sum()),
        "center",
        repeats=3,
    )


if __name__ == "__main__":
    main(__file__, cases, extra=[memory])
