"""What measures claim in their properties: each claim is tried, and what is not claimed broken."""

import importlib
import itertools
import warnings
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from estimators import MEASURES
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from netrep_go.metrics import EnergyStochasticMetric, LinearMetric, measures
from netrep_go.multiset import pairwise_distances
from netrep_go.rsa import RSA

M, N, TIMES = 12, 3, 3
RSA_METHODS = get_type_hints(RSA.__init__)["method"]

# What is tried beside the options that signatures list, by class.
VALUES = {
    "LinearMetric": {"alpha": (0.0, 0.5, 1.0), "zero_pad": (True, False)},
    "ConvolutionalMetric": {
        "metric": (
            LinearMetric(),
            LinearMetric(alpha=0.5, score_method="euclidean"),
            "cka_angular",
        ),
        "max_shift": (None, 0, 1),
    },
    "AccuracyDifference": {"y": ((0,) * 7 + (1,) * 5,)},
    "KernelCKA": {"sigma": ("median", 1.5)},
    "NormalizedProcrustes": {"alpha": (0.0, 0.5, 1.0), "zero_pad": (True, False)},
    "GaussianStochasticMetric": {"alpha": (0.0, 1.0, 2.0)},
    "GULP": {"regularization": (0.0, 0.1)},
    "RidgePredictivity": {"alphas": ((1e-6, 1e-2),)},  # unrelated networks are not all at 0
    "SVCCA": {"n_components": (0.8, 2)},
    "GPStochasticMetric": {"n_dims": (N,), "alpha": (0.0, 1.0, 2.0)},
    # the others need folds, rates that are positive, or inner products that are
    "RSA": {
        "metric": ("correlation", "cosine", "euclidean", "sqeuclidean"),
        "method": tuple(m for m in get_args(RSA_METHODS) if m != "neg_riem_dist"),
    },
    "CKNNA": {"n_neighbors": (4,), "eps": (0.0,)},
    "CycleKNN": {"n_neighbors": (3,)},
    "EditKNN": {"n_neighbors": (3,)},
    "LCSKNN": {"n_neighbors": (3,)},
    "MutualKNN": {"n_neighbors": (3,)},
    "NeighborJaccard": {"n_neighbors": (3,)},
    "RankSimilarity": {"n_neighbors": (3,)},
    "SecondOrderCosine": {"n_neighbors": (3,)},
    "IMD": {"n_neighbors": (3,), "method": ("exact", "lanczos")},
    "PartialSoftMatching": {"mass": (0.4, 1.0)},
}


def settings(cls):
    """Return a measure for all combinations of parameters that change what is true of it."""
    values, words = VALUES.get(cls.__name__, {}), options(cls)
    told = {name: words[name] for name in words if matters(cls, name, words | values)}
    return [cls(**parameters) for parameters in combinations(told | values)]


def options(cls):
    """Return the parameters that are one of several words, or a bool."""
    hints = get_type_hints(cls.__init__)
    words = {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}
    return words | {name: (True, False) for name, hint in hints.items() if hint is bool}


def matters(cls, name, grid):
    """Whether a parameter changes properties, for any values of the others."""
    others = {other: values for other, values in grid.items() if other != name}
    return any(
        len({cls(**rest, **{name: value}).properties for value in grid[name]}) > 1
        for rest in combinations(others)
    )


def combinations(grid):
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


TABLE = measures().to_frame().loc[MEASURES, ["module", "class"]]
CLASSES = [
    getattr(importlib.import_module(module), name)
    for module, name in dict.fromkeys(TABLE.itertuples(index=False, name=None))
]
SETTINGS = [measure for cls in CLASSES for measure in settings(cls)]

every_setting = pytest.mark.parametrize("measure", SETTINGS, ids=str)


def covariances(rng, *shape):
    roots = rng.standard_normal((*shape, shape[-1]))
    return roots @ roots.swapaxes(-1, -2)


DRAW = {
    "matrix": lambda rng, n: rng.standard_normal((M, n)) + 0.5,
    "images": lambda rng, n: rng.standard_normal((M, 3, 4, n)),
    "outputs": lambda rng, n: 3 * rng.standard_normal((M, n)),
    "repeats": lambda rng, n: rng.standard_normal((M, 3, n)),
    "gaussians": lambda rng, n: (rng.standard_normal((M, n)), covariances(rng, M, n)),
    "process": lambda rng, n: (
        rng.standard_normal(TIMES * n),
        covariances(rng, TIMES * n),
    ),
}
# In place of these for some classes: neurons that have something in common.
DRAW_OF = {
    "CorrectedCKA": lambda rng, n: (
        rng.standard_normal((M, 1)) + 0.2 * rng.standard_normal((M, n)) + 0.5
    )
}


def networks(measure, rng, k):
    """Draw networks, of different widths where the measure takes them."""
    data = measure.properties.data
    padded = data in ("matrix", "images") and getattr(measure, "zero_pad", True)
    draw = DRAW_OF.get(type(measure).__name__, DRAW[data])
    return [draw(rng, N + i % 2 if padded else N) for i in range(k)]


def awkward(measure, rng):
    """Draw networks that break the triangle inequality where they can."""
    xs, data = networks(measure, rng, 4), measure.properties.data
    if data in ("matrix", "images") and getattr(measure, "zero_pad", True):
        xs += [scale * DRAW[data](rng, n) for scale, n in ((1e-2, 2), (1e-2, 2), (1e-4, 10))]
    if data == "matrix":  # little by little away from the first
        xs += [xs[0] + step * xs[2] for step in (0.1, 0.2)]
        xs += rings(rng) if getattr(measure, "zero_pad", True) else []
    if data == "images":
        xs += [np.roll(xs[0], shift, axis=2) for shift in (1, 2)]
    if data == "outputs":
        xs.append((xs[0] + xs[1]) / 2)
    if data == "repeats":  # of the same means
        xs += [xs[0].mean(axis=1, keepdims=True) + DRAW[data](rng, N) for _ in range(3)]
    if data in ("gaussians", "process"):  # the same covariances elsewhere, means that mislead
        for change in ("rotation", "permutation", "permutation"):
            A, b = CHANGES[change](rng, N)
            xs.append(mapped(xs[0], A, b, data))
        xs = [(0.1 * mean, cov) for mean, cov in xs]
    return xs


def rings(rng):
    """Draw closed curves that go through the samples in almost the same order."""
    angles = 2 * np.pi * (np.arange(M) + rng.uniform(0, 0.3, M)) / M
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    orders = [rng.permutation(M)]
    for _ in range(3):
        i, j = rng.integers(0, M, 2)
        orders.append(orders[0].copy())
        orders[-1][[i, j]] = orders[-1][[j, i]]
    return [ring[order] for order in orders]


def mapped(x, A, b, data):
    """Return a network whose features are mapped by v -> v A + b."""
    if data in ("matrix", "images", "repeats", "outputs"):
        return x @ A + b
    mean, cov = x
    if data == "process":
        A, b = np.kron(np.eye(TIMES), A), np.tile(b, TIMES)
    return mean @ A + b, A.T @ cov @ A


def width(x, data):
    return N if data == "process" else (x[0] if data == "gaussians" else x).shape[-1]


CHANGES = {
    "permutation": lambda rng, n: (np.eye(n)[rng.permutation(n)], np.zeros(n)),
    "rotation": lambda rng, n: (np.linalg.qr(rng.standard_normal((n, n)))[0], np.zeros(n)),
    "linear": lambda rng, n: (rng.standard_normal((n, n)) + 2 * np.eye(n), np.zeros(n)),
    "scale": lambda rng, n: (2.5 * np.eye(n), np.zeros(n)),
    "translation": lambda rng, n: (np.eye(n), rng.standard_normal(n)),
}


def compare(measure, x, y):
    """Compare as the definition says: starts enough for the global minimum."""
    measure = clone(measure)
    if "n_restarts" in measure.get_params():
        measure.set_params(n_restarts=40, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return measure.fit_score(x, y)


def all_pairs(measure, xs):
    """Compare all pairs from one start, where a measure has starts."""
    measure = clone(measure)
    if "init" in measure.get_params():
        measure.set_params(init="rand", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return pairwise_distances(measure, xs, verbose=False)


@every_setting
@pytest.mark.parametrize("change", CHANGES)
def test_invariances(measure, change):
    said = measure.properties
    moves = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x, y = networks(measure, rng, 2)
        before = compare(measure, x, y)
        for pair, k in (((x, y), 0), ((x, y), 1)):
            A, b = CHANGES[change](rng, width(pair[k], said.data))
            changed = list(pair)
            changed[k] = mapped(pair[k], A, b, said.data)
            moves.append(abs(compare(measure, *changed) - before))
    if change in said.invariances:
        assert max(moves) < 1e-5
    else:
        assert max(moves) > 1e-3


@every_setting
def test_kind_range_and_symmetry(measure):
    said = measure.properties
    low, high = said.range
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x, y, z = networks(measure, rng, 3)
        same, other = compare(measure, x, x), compare(measure, x, y)
        values = [same, other, compare(measure, y, z), compare(measure, x, z)]
        assert all(low - 1e-7 <= value <= high + 1e-7 for value in values)
        if said.identity:
            assert same == pytest.approx(high if said.kind == "similarity" else 0, abs=1e-5)
            if not isinstance(measure, EnergyStochasticMetric):  # an estimate, 0 where it is below
                assert abs(other - same) > 1e-3
        if said.symmetric:
            assert compare(measure, y, x) == pytest.approx(other, abs=1e-5)
    if not said.symmetric:
        assert abs(compare(measure, y, x) - other) > 1e-3
    if not said.identity:
        assert abs(same - (high if said.kind == "similarity" else 0)) > 1e-3


@every_setting
def test_triangle_inequality(measure):
    said = measure.properties
    if said.kind == "similarity":
        assert not said.triangle
        return
    excess = max(itertools.chain.from_iterable(excesses(measure, seed) for seed in range(8)))
    if said.triangle:
        assert excess < 1e-6
    else:
        assert excess > 1e-4


def excesses(measure, seed):
    """Yield by how much detours over a third network are shorter."""
    D = all_pairs(measure, awkward(measure, np.random.default_rng(seed)))
    if measure.properties.symmetric:
        assert_allclose(D, D.T)
    return (D[:, np.newaxis] - D[:, :, np.newaxis] - D[np.newaxis]).ravel()
