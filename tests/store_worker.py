"""What the tests of stores run in processes of its own, which may be killed."""

import numpy as np

from netrep_go.multiset import DistanceStore


def compute(path, started, metric, batch=None):
    """Compute the distances of a cohort that is always the same."""
    rng = np.random.default_rng(0)
    networks = {str(i): rng.standard_normal((100, 30)) for i in range(40)}
    store = DistanceStore(path, tile_size=4)
    started.set()
    store.pairwise_distances(metric, networks, batch=batch, verbose=False, n_jobs=1)


def merge(path, started, *others):
    """Merge stores that others have computed."""
    store = DistanceStore(path)
    started.set()
    store.merge(*others)
