"""Write netrep_linear.json, what netrep returns on fixed random data.

    PYTHONPATH=<a clone of github.com/ahwillia/netrep> python make_netrep.py <commit>

The data are not stored: ``activations`` makes them again from RandomState, whose
stream is frozen.
"""

import itertools
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

ALPHAS = [0.0, 0.2, 0.5, 1.0]
SCORES = ["angular", "euclidean"]
# Samples, features of X, features of Y. In the last two X has more features than
# samples, where held-out distances are an accident of netrep's SVD.
SHAPES = [(20, 6, 6), (20, 5, 7), (20, 7, 5), (8, 12, 5), (8, 12, 10)]
WIDTHS = [4, 6, 5, 6]
N_TEST = 15


def activations(seed, n_samples, *widths):
    """Return correlated networks with means that differ from zero."""
    rs = np.random.RandomState(seed)
    shared = rs.randn(n_samples, 3)
    return [shared @ rs.randn(3, p) + 0.7 * rs.randn(n_samples, p) + rs.randn(p) for p in widths]


def split(seed, n_train, *widths):
    """Return training and held-out activations of the same networks."""
    networks = activations(seed, n_train + N_TEST, *widths)
    return [x[:n_train] for x in networks], [x[n_train:] for x in networks]


def pair(metric, seed, shape):
    """Return what netrep finds for two networks."""
    (X, Y), test = split(seed, *shape)
    metric.fit(X, Y)
    full_rank = shape[0] > max(shape[1:])
    case = {"seed": seed, "shape": shape, **metric.get_params()}
    case["train"] = float(metric.score(X, Y))
    if full_rank:
        case["test"] = float(metric.score(*test))
        case["mx"], case["my"] = metric.mx_.tolist(), metric.my_.tolist()
        # The one product of the two maps that no rotation of the common space
        # and no choice in it can change.
        case["map"] = (metric.Wx_ @ metric.Wy_.T)[: shape[1], : shape[2]].tolist()
    return case


def main(commit):
    from netrep.metrics import LinearMetric
    from netrep.multiset import cross_distances, pairwise_distances

    settings = [
        {"alpha": alpha, "center_columns": center, "score_method": score}
        for alpha, center, score in itertools.product(ALPHAS, [True, False], SCORES)
    ]
    pairs = [
        pair(LinearMetric(**options), seed, shape)
        for seed, (options, shape) in enumerate(itertools.product(settings, SHAPES))
    ]
    (X,), _ = split(0, 9, 4)
    partial_fits = []
    for options in settings[::2]:
        mx, Xw, Zx = LinearMetric(**options).partial_fit(X)
        outputs = {"mx": mx.tolist(), "Xw": Xw.tolist(), "Zx": Zx.tolist()}
        partial_fits.append({**options, **outputs})
    train, test = split(1, 20, *WIDTHS)
    cohorts = []
    for options in settings:
        metric = LinearMetric(**options)
        all_pairs = pairwise_distances(metric, train, test, verbose=False)
        cross = cross_distances(metric, train[:1], train[1:], test[:1], test[1:], verbose=False)
        cohort = {"pairwise": all_pairs, "cross": cross}
        cohorts.append({**options, **{k: [d.tolist() for d in v] for k, v in cohort.items()}})
    packages = {name: version(name) for name in ["numpy", "scipy", "scikit-learn"]}
    versions = {
        "netrep": f"0.0.2, commit {commit}",
        "python": platform.python_version(),
    }
    document = {
        "made by": Path(__file__).name,
        "versions": versions | packages,
        "pairs": pairs,
        "partial_fits": partial_fits,
        "cohorts": cohorts,
    }
    path = Path(__file__).with_name("netrep_linear.json")
    path.write_text(json.dumps(document, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
