"""Make mftma.json from mftma itself.

mftma (https://github.com/schung039/neural_manifolds_replicaMFT, commit of 2021-08-23) has no
release. Run this with its source on PYTHONPATH, in an environment with pymanopt==0.2.5,
autograd<1.6, numpy<2, scipy and cvxopt:

    PYTHONPATH=neural_manifolds_replicaMFT python tests/golden/make_mftma.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from mftma.alldata_dimension_analysis import alldata_dimension_analysis
from mftma.manifold_analysis_correlation import (
    each_manifold_analysis_D1,
    manifold_analysis_corr,
)
from scipy.linalg import qr


def manifolds(seed, shape, n_manifolds, radius):
    """Return manifolds of (n_features, n_samples): the tests make the same ones."""
    rng = np.random.RandomState(seed)
    n_features, n_samples = shape
    centers = rng.randn(n_manifolds, n_features, 1)
    axes = rng.randn(n_manifolds, n_features, n_samples)
    return [c + radius * a for c, a in zip(centers, axes, strict=True)]


def planted(seed):
    """Return manifolds whose centers share three directions."""
    rng = np.random.RandomState(seed)
    n_manifolds, n_features, n_samples = 40, 300, 8
    shared = 6 * rng.randn(n_manifolds, 3) @ np.linalg.qr(rng.randn(n_features, 3))[0].T
    centers = shared + 0.35 * rng.randn(n_manifolds, n_features)
    return [c[:, None] + 0.2 * rng.randn(n_features, n_samples) for c in centers]


def frame(x, origin):
    """Return points in mftma's frame, as manifold_analysis_corr makes it without directions."""
    x = x - origin
    center = x.mean(axis=1, keepdims=True)
    deviations = (x - center) / np.linalg.norm(center)
    if deviations.shape[0] > deviations.shape[1]:
        deviations = qr(deviations, mode="economic")[0].T @ deviations
    return np.vstack([deviations, np.ones(deviations.shape[1])])


def given_vectors(case):
    """Return what mftma finds for each manifold with given vectors, directions not removed."""
    X = manifolds(case["seed"], case["shape"], case["n_manifolds"], case["radius"])
    origin = np.concatenate(X, axis=1).mean(axis=1, keepdims=True)
    rng = np.random.RandomState(case["seed"] + 1)
    rows = []
    for x in X:
        points = frame(x, origin)
        t = rng.randn(len(points), case["n_t"])
        found = each_manifold_analysis_D1(points, case["kappa"], case["n_t"], t_vec=t)
        rows.append([float(v) for v in found])
    return rows


CASES = [
    {"seed": 1, "shape": (60, 12), "n_manifolds": 5, "radius": 0.5, "kappa": 0.0, "n_t": 100},
    {"seed": 2, "shape": (60, 12), "n_manifolds": 4, "radius": 2.0, "kappa": 0.5, "n_t": 100},
    {"seed": 3, "shape": (5, 30), "n_manifolds": 4, "radius": 0.5, "kappa": 0.0, "n_t": 100},
    {"seed": 4, "shape": (6, 40), "n_manifolds": 3, "radius": 1.0, "kappa": 0.3, "n_t": 100},
    {"seed": 5, "shape": (200, 2), "n_manifolds": 6, "radius": 1.0, "kappa": 0.0, "n_t": 100},
    {"seed": 6, "shape": (40, 25), "n_manifolds": 3, "radius": 0.1, "kappa": 0.0, "n_t": 100},
]


def main():
    np.random.seed(0)  # noqa: NPY002 - mftma draws from it
    X = planted(0)
    capacity, radius, dimension, correlation, k = manifold_analysis_corr(X, 0, 5000, n_reps=3)
    whole = {
        "capacity": 1 / np.mean(1 / capacity),
        "radius": radius.mean(),
        "dimension": dimension.mean(),
        "correlation": correlation,
        "K": int(k),
    }
    ratio, explained, n_features = alldata_dimension_analysis(X, perc=0.9)
    packages = ("numpy", "scipy", "cvxopt", "pymanopt", "autograd")
    golden = {
        "versions": {name: version(name) for name in packages},
        "given": [case | {"found": given_vectors(case)} for case in CASES],
        "planted": whole,
        "dimensions": [float(ratio), int(explained), int(n_features)],
    }
    path = Path(__file__).with_name("mftma.json")
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
