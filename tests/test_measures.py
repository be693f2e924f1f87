"""What measures claim in their properties: each claim is tried, and what is not claimed broken."""

import itertools
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from netrep_go import metrics
from netrep_go.conformance import check
from netrep_go.metrics import LinearMetric, measures

N = 3  # features of networks that have a fixed number

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
    "GaussianStochasticMetric": {"alpha": (0.0, 1.0, 2.0)},
    "GPStochasticMetric": {"n_dims": (N,), "alpha": (0.0, 1.0, 2.0)},
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


CLASSES = [getattr(metrics, name) for name in dict.fromkeys(measures().to_frame()["class"])]
SETTINGS = [measure for cls in CLASSES for measure in settings(cls)]

# What is drawn for some classes in place of a network of their kind of data.
DRAW_OF = {}

every_setting = pytest.mark.parametrize("measure", SETTINGS, ids=str)


# Claims that the properties of a measure do not make need an example that breaks them.
BROKEN = {
    **dict.fromkeys(("permutation", "rotation", "linear", "scale", "translation"), 1e-3),
    **{"symmetric": 1e-3, "identity": 1e-3, "triangle": 1e-4, "null": 1e-3},
}


@every_setting
def test_claims_hold_and_others_are_broken(measure):
    result = check(measure, draw=DRAW_OF.get(type(measure).__name__))
    assert not result.failed, result.to_frame().loc[result.failed, "seen"].to_dict()
    assert result.claims["threads"].deviation == 0
    for name, least in BROKEN.items():
        claim = result.claims[name]
        if claim.holds is None and not np.isnan(claim.deviation):
            assert claim.deviation > least, claim


@every_setting
def test_similarities_fulfil_no_triangle_inequality(measure):
    assert measure.properties.kind == "distance" or not measure.properties.triangle
