"""What measures claim in their properties: each claim is tried, and what is not claimed broken."""

import importlib
import inspect
import itertools
import tracemalloc
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from estimators import IN_MATRICES, MEASURES

from netrep_go.conformance import check
from netrep_go.conformance._networks import source_of
from netrep_go.metrics import LinearMetric, get_measure, measures
from netrep_go.multiset import pairwise_distances
from netrep_go.rsa import RSA

N = 3  # features of networks that have a fixed number
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
    return [cls(**parameters) for parameters in combinations(grid_of(cls))]


def grid_of(cls):
    """Return the values of the parameters that change what is true of a class."""
    values, words = VALUES.get(cls.__name__, {}), options(cls)
    told = {name: words[name] for name in words if matters(cls, name, words | values)}
    return told | values


def marked(cls):
    """Yield all settings, as long those in which two parameters are not the usual ones."""
    grid, defaults = grid_of(cls), inspect.signature(cls).parameters
    usual = {
        name: defaults[name].default if defaults[name].default in values else values[0]
        for name, values in grid.items()
    }
    for parameters in combinations(grid):
        n_others = sum(parameters[name] != usual[name] for name in grid)
        yield pytest.param(cls(**parameters), marks=[pytest.mark.long] * (n_others > 1))


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


# In place of what is drawn for some classes: neurons that have something in common.
DRAW_OF = {
    "CorrectedCKA": lambda rng, n, p: (
        rng.standard_normal((n, 1)) + 0.25 * rng.standard_normal((n, p)) + 0.5
    )
}


def source(measure):
    """Return where networks for a measure are drawn."""
    draw = DRAW_OF.get(type(measure).__name__)
    return source_of(measure, measure.properties.data, 12, (N, N + 1), draw)


# What does not hold of measures, by the beginning of their representation, and why.
EXCEPT = {
    "AccuracyDifference": ["sample order"],  # its labels are of the samples
    "IMD(method='lanczos'": ["sample order"],  # starts from random vectors of samples
    # scores folds of samples in their order, and held-out samples are not in the span of few
    "RidgePredictivity": ["n < p", "sample order"],
}


# Claims that the properties of a measure do not make need an example that breaks them.
BROKEN = {
    **dict.fromkeys(("permutation", "rotation", "linear", "scale", "translation"), 1e-3),
    **{"symmetric": 1e-3, "identity": 1e-3, "triangle": 1e-4, "null": 1e-3},
}


# Held-out correlations of unrelated networks are near 0, but nothing says that they are 0.
UNDECIDED = {("RidgePredictivity(alphas=(1e-06, 0.01), score_method='r')", "null")}


@pytest.mark.parametrize("measure", [each for cls in CLASSES for each in marked(cls)], ids=str)
def test_claims_hold_and_others_are_broken(measure):
    result = check(measure, draw=DRAW_OF.get(type(measure).__name__))
    failed = result.to_frame().loc[result.failed, "seen"].to_dict()
    known = next((EXCEPT[begin] for begin in EXCEPT if str(measure).startswith(begin)), [])
    assert list(failed) == known, failed
    assert result.claims["threads"].deviation == 0
    for name, least in BROKEN.items():
        claim = result.claims[name]
        tried = not np.isnan(claim.deviation) and (str(measure), name) not in UNDECIDED
        if claim.holds is None and tried:
            assert claim.deviation > least, claim


@every_setting
def test_similarities_fulfil_no_triangle_inequality(measure):
    assert measure.properties.kind == "distance" or not measure.properties.triangle


@pytest.mark.parametrize("name", [name for name in IN_MATRICES if name != "rtd"])
@pytest.mark.filterwarnings("ignore")  # of values of few samples
def test_memory_is_that_of_three_matrices_of_samples_at_most(name):
    n = 400
    xs = list(np.random.default_rng(0).standard_normal((2, n, 20)))
    measure = get_measure(name)
    pairwise_distances(measure, xs, n_jobs=1, verbose=False)  # what is imported stays
    tracemalloc.start()
    try:
        pairwise_distances(measure, xs, n_jobs=1, verbose=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * n**2 * 3.2  # what is prepared of two networks is in it
