"""What the tests of stores run in processes of its own, which may be killed."""

import time

import numpy as np
from threadpoolctl import threadpool_info

from netrep_go.metrics import as_measure
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


def most_blas_threads(x, y):
    """Return how many threads a product of matrices may use, wherever it is computed."""
    return float(max(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"))


def slow(x, y):
    """Return a distance that takes long enough for a worker to be killed meanwhile."""
    time.sleep(0.02)
    return float(abs(np.linalg.norm(x) - np.linalg.norm(y)))


def share(path, networks, batch):
    """Compute a share of a store; return the distances that are BLAS threads in it."""
    store = DistanceStore(path, tile_size=2)
    measure = as_measure(most_blas_threads, kind="distance", symmetric=True)
    store.pairwise_distances(measure, networks, batch=batch, n_jobs=1, verbose=False)
    return store.distances(incomplete=True)[...]
