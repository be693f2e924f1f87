"""The estimators and measures of the package, found rather than listed, made fast for tests."""

from importlib.util import find_spec

import numpy as np
from sklearn.base import BaseEstimator

from netrep_go import capacity
from netrep_go.metrics import measures

_FAST = {"n_t": 20, "n_restarts": 1, "random_state": 0}

CAPACITY = [
    cls
    for cls in (getattr(capacity, name) for name in capacity.__all__)
    if isinstance(cls, type) and issubclass(cls, BaseEstimator)
]

# Measures by name, but for those that need a package of an extra that is not installed.
MEASURES = [name for name in measures() if name != "rtd" or find_spec("ripser")]
IN_MATRICES = [name for name in MEASURES if measures()[name].data == "matrix"]


def fast(cls, **parameters):
    """Return an estimator with few draws and a seed, where it has these."""
    estimator = cls()
    known = estimator.get_params()
    given = {name: value for name, value in (_FAST | parameters).items() if name in known}
    return estimator.set_params(**given)


def learnt(estimator):
    """Return the numbers that fit has stored in an estimator, each an array."""
    found = {name: value for name, value in vars(estimator).items() if name.endswith("_")}
    found.pop("names_", None)
    parts = [value if isinstance(value, tuple) else (value,) for value in found.values()]
    return tuple(np.array(part, np.float64) for value in parts for part in value)
