"""Group tests of maps against MNE's permutation_cluster_1samp_test, with the same number of draws.

MNE sums threshold-free cluster enhancement over steps of height and clusters; ours is the exact
integral. Its time grows with the number of steps, of which it gets few.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from harness import Case, main, peer

from netrep_go.rsa import cluster_test

mne_stats = peer("mne.stats")

# Steps of 0.2 up to a t of about 6: MNE's documentation takes 0.2 for its examples.
STEPS = {"start": 0, "step": 0.2}


def theirs(scores: np.ndarray, threshold: object, n_draws: int, n_jobs: int) -> dict[str, object]:
    """Return what MNE does for the same maps, or nothing."""
    if mne_stats is None:
        return {}

    def run() -> object:
        return mne_stats.permutation_cluster_1samp_test(
            scores,
            threshold=threshold,
            n_permutations=n_draws,
            tail=1,
            rng=0,
            n_jobs=n_jobs,
            out_type="mask",
            verbose="error",
        )

    return {"MNE": run}


def cases(quick: bool) -> Iterable[Case]:
    """Yield the cases of the table."""
    side, n_draws, few = (8, 50, 10) if quick else (37, 1000, 40)
    scores = np.random.default_rng(0).standard_normal((20, side, side, side))
    for correction, threshold in (("tfce", STEPS), ("cluster", 1.729)):

        def ours(correction: str = correction) -> object:
            return cluster_test(
                scores, correction=correction, n_permutations=n_draws, random_state=0, n_jobs=2
            )

        yield Case(
            f"20 subjects, {side**3} voxels, {correction}",
            {"ours": ours} | theirs(scores, threshold, few, 2),
            n_draws,
            "draw",
            repeats=1 if side > 8 else 2,
            units_of={"MNE": few},
        )


if __name__ == "__main__":
    main(__file__, cases)
