"""Searchlights against rsatoolbox: neighborhoods, RDMs and comparison in one.

Also the peak memory of a child process beyond its imports, for float32 and float64.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from harness import Case, main, peer

from netrep_go.rsa import NoiseNormalizer, searchlight

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


class Study(NamedTuple):
    """Responses of conditions in runs, residuals, and what both are of."""

    data: np.ndarray
    residuals: np.ndarray
    mask: np.ndarray
    model: np.ndarray
    conditions: np.ndarray
    runs: np.ndarray

    def ours(self, **noise: object) -> object:
        """Compare crossnobis RDMs with the model."""
        return searchlight(
            self.data,
            self.model,
            mask=self.mask,
            metric="crossnobis",
            conditions=self.conditions,
            folds=self.runs,
            **noise,
        )


def study(side: int, n_holes: int, dtype: type = np.float64) -> Study:
    """Draw 24 conditions in 8 runs, and 400 residuals."""
    _, mask, model = brain(side, 24, n_holes)
    rng = np.random.default_rng(1)
    conditions, runs = np.tile(np.arange(24), 8), np.repeat(np.arange(8), 24)
    data, residuals = (rng.standard_normal((n, side**3), dtype=dtype) for n in (192, 400))
    return Study(data, residuals, mask, model, conditions, runs)


def peer_crossnobis(of: Study, n_centers: int, given: bool):
    """Return what rsatoolbox does for some of the searchlights, or nothing."""
    if rsatoolbox is None:
        return {}
    from rsatoolbox.data import Dataset
    from rsatoolbox.data.noise import prec_from_residuals
    from rsatoolbox.inference import eval_fixed
    from rsatoolbox.model import ModelFixed
    from rsatoolbox.rdm import RDMs, calc_rdm
    from rsatoolbox.util import searchlight as theirs

    descriptors = {"condition": of.conditions, "run": of.runs}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        _, neighbors = theirs.get_volume_searchlight(of.mask, 3, 0.0, True)
    step = len(neighbors) // n_centers
    some = [np.sort(around) for around in neighbors[::step][:n_centers]]
    precisions = [prec_from_residuals(of.residuals[:, around]) for around in some]

    def rdm(k: int) -> np.ndarray:
        noise = precisions[k] if given else prec_from_residuals(of.residuals[:, some[k]])
        local = Dataset(of.data[:, some[k]].copy(), obs_descriptors=descriptors)
        options = {"descriptor": "condition", "cv_descriptor": "run", "noise": noise}
        return calc_rdm(local, "crossnobis", **options).dissimilarities[0]

    def run() -> None:
        rdms = RDMs(np.stack([rdm(k) for k in range(len(some))]))
        fixed = ModelFixed("model", RDMs(of.model))
        with contextlib.redirect_stderr(io.StringIO()):
            theirs.evaluate_models_searchlight(rdms, fixed, eval_fixed, method="spearman")

    return {"rsatoolbox": run}


_CHILD = """
import sys
import numpy as np
from netrep_go.rsa import searchlight
side, n, single, n_runs = map(int, sys.argv[1:])

def status(name):
    # Not ru_maxrss, which starts from the parent's.
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

rng = np.random.default_rng(0)
model = rng.random(n * (n - 1) // 2)
tiny = rng.standard_normal((n, 27))
searchlight(tiny, model, mask=np.ones((3, 3, 3)))
base = status("VmRSS")
data = rng.standard_normal((n * n_runs, side**3), dtype=np.float32 if single else np.float64)
folds = {} if n_runs == 1 else {
    "metric": "crossnobis",
    "conditions": np.tile(np.arange(n), n_runs),
    "folds": np.repeat(np.arange(n_runs), n),
}
searchlight(data, model, mask=np.ones((side,) * 3, bool), **folds)
print((status("VmHWM") - base) / 1024)
"""


def memory() -> Iterable[dict[str, object]]:
    """Yield peaks of child processes beyond what they have before the responses are made."""
    for side, single, n, n_runs in ((16, 0, 92, 1), (48, 0, 92, 1), (48, 1, 92, 1), (48, 1, 24, 8)):
        command = [sys.executable, "-c", _CHILD, *map(str, (side, n, single, n_runs))]
        used = float(subprocess.check_output(command))
        size = n * n_runs * side**3 * (4 if single else 8) / 2**20
        yield {
            "case": f"peak memory, {n} conditions x {n_runs} runs, radius 3, {side}^3 voxels, "
            f"float{32 if single else 64}",
            "input (MiB)": round(size, 1),
            "input and searchlight (MiB)": round(used, 1),
            "ratio": round(used / size, 2),
        }


def crossnobis_cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of cross-validated distances, noise estimated or given."""
    of = study(6, 10) if quick else study(16, 200)
    n, some = int(of.mask.sum()), 20 if quick else 100
    fitted = NoiseNormalizer().fit(of.residuals)
    for name, given, noise in (
        ("estimated around each", False, {"residuals": of.residuals}),
        ("given", True, {"noise": fitted}),
    ):
        yield Case(
            f"{n} centers of radius 3, crossnobis of 24 conditions x 8 runs, noise {name}",
            {"ours": lambda noise=noise: of.ours(**noise)} | peer_crossnobis(of, some, given),
            n,
            "center",
            repeats=3,
            units_of={"rsatoolbox": some},
        )


def whole_brain_cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of a whole brain, for which rsatoolbox would take hours."""
    of = study(12 if quick else 48, 0, np.float32)
    for name, noise in (
        ("responses whitened before", {}),
        ("noise estimated around each", {"residuals": of.residuals}),
    ):
        yield Case(
            f"{of.mask.size} centers of radius 3, crossnobis of 24 conditions x 8 runs, {name}",
            {"ours": lambda noise=noise: of.ours(**noise)},
            repeats=1,
        )


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
    yield from crossnobis_cases(quick)
    yield from whole_brain_cases(quick)


if __name__ == "__main__":
    main(__file__, cases, extra=[memory])
