"""One call of every routine of the gateway, by name: small, fast, and with every output used."""

import numpy as np

from netrep_go import _blas, _native

_rng = np.random.default_rng(0)
X, Y = _rng.standard_normal((2, 6, 3)) * [[[1.0]], [[3.0]]]
GRAM = X @ X.T
EYE = np.eye(3)
RDMS = _rng.random((3, 10))  # of 5 conditions
COVS = np.vstack([EYE + np.outer(x, x) for x in X])
DGEMM = (
    '[{"routine": "dgemm", "flags": "NN", "m": 1, "n": 1, "k": 1, "alpha": 0.5, "beta": 1.0, '
    '"a": {"stride": 1, "data": [2.0]}, "b": {"stride": 1, "data": [-2.0]}, '
    '"c": {"stride": 1, "data": [-1.5]}, "want": [-3.5]}]'
)


def floats(*shape):
    return np.full(shape, np.nan)


def ints(*shape):
    return np.full(shape, -7)


COHORT_OUTPUTS = {"distances": floats(2, 2), "test_distances": floats(2, 2)}
COHORT = {"train": [X, Y], "test": [Y, X], "first": 0}
GAUSSIAN = {
    "alpha": 1.0,
    "group": "orth",
    "neurons": 3,
    "max_iter": 5,
    "tol": 1e-8,
    "ridge": 0.0,
}
PAIR = {"x_means": X, "x_covs": COVS, "y_means": Y, "y_covs": COVS}
ENERGY = {"group": "orth", "repeats": 2, "max_iter": 5, "tol": 1e-8}
DIRECT = {
    "points": X[:4],
    "sizes": np.array([1, 3]),
    "dichotomies": "balanced",
    "given": [],
    "features": "projection",
    "bias": False,
    "seed": 7,
}
GIVEN = {"dichotomies": "given", "given": [np.array([[1.0, -1.0]])]}
COMPARISON = {
    "method": "spearman",
    "sigma": np.empty(0),
    "controls": np.ascontiguousarray(RDMS[:1, ::-1]),
}
EVALUATION = {"models": RDMS[:2], "subjects": RDMS, **COMPARISON}
SEARCHLIGHT = {
    "x": _rng.standard_normal((5, 3)),
    "transposed": False,
    "metric": "euclidean",
    "conditions": np.arange(5),
    "folds": np.empty(0, np.int64),
    "n_conditions": 5,
    "n_folds": 0,
    "covariance": np.eye(3),
    "fold_covariances": [],
    "residuals": _rng.standard_normal((7, 3)),
    "residuals_transposed": False,
    "groups": np.array([0, 0, 0, 0, 1, 1, 1]),
    "n_groups": 2,
    "dof": 5.0,
    "shrinkage": "shrinkage_diag",
    "by_fold": False,
}
COMPARED = {"models": RDMS[:1], "method": "spearman", "controls": RDMS[1:2]}
LISTS = {"start": np.array([0, 2, 3]), "neighbors": np.array([0, 1, 2])}
BALLS = {
    "depth": 1,
    "height": 1,
    "width": 3,
    "centers": np.array([1]),
    "steps": np.array([0, 0, 0, 0, 0, 1]),
    "feature": np.arange(3),
}
SAMPLES = _rng.standard_normal((8, 2, 5))  # rows, sensors, samples
NOISE = {
    "groups": np.array([0, 1, 2, 0, 1, 2, 0, 1]),
    "n_groups": 3,
    "dof": 10.0,
    "shrinkage": "shrinkage_diag",
}

# Outputs as they are before the call, and inputs, by the names of their signatures.
EXAMPLES = {
    "capacity.center_directions": (
        {
            "weights": floats(6, 2),
            "means": floats(3, 4),
            "norms": floats(3, 6),
            "stability": floats(3),
            "counts": ints(3),
        },
        {
            "gram": GRAM,
            "least": 1,
            "most": 2,
            "measure": "squared",
            "restarts": 2,
            "search": "spectral",
            "max_iter": 50,
            "tol": 1e-6,
            "seed": 1,
        },
    ),
    "capacity.cone_faces": ({"faces": ints(5)}, DIRECT | GIVEN | {"bias": True}),
    "capacity.correlation_cost": (
        {"cost": floats(1), "gradient": floats(3, 1)},
        {"x": X, "v": EYE[:, :1].copy()},
    ),
    "capacity.joint": (
        {
            "shares": floats(8, 2),
            "separable": ints(4),
            "geometry": floats(3, 9),
            "pairs": floats(6, 2),
            "anchors": floats(8 * 4),
        },
        DIRECT | {"dichotomies": "iid", "kappa": 0.0, "signed": False},
    ),
    "capacity.mean_field": (
        {"quantities": floats(4, 22), "anchors": floats(2 * 4 * 6)},
        {
            "manifolds": [X[:3] + 2, Y[:3] + 3],
            "origin": np.zeros(3),
            "directions": [EYE[:1]],
            "vectors": [],
            "kappas": np.array([0.0, 0.1]),
            "draws": 4,
            "antithetic": True,
            "estimator": "norm",
            "frame": "center",
            "seed": 3,
        },
    ),
    "capacity.project_on_cone": (
        {
            "weights": floats(6, 3),
            "squared_norms": floats(6),
            "violation": floats(6),
            "n_active": ints(6),
        },
        {"products": X, "gram": EYE},
    ),
    "capacity.search_separability": (
        {"fraction": floats(3), "attempts": ints(3)},
        DIRECT | {"features": "subsample", "step": 1, "precision": 1, "tol": 0.5},
    ),
    "capacity.simulate_search": (
        {"fraction": floats(3), "attempts": ints(3)},
        {
            "probability": np.array([0.1, 0.6, 0.9]),
            "dichotomies": 0,
            "step": 1,
            "precision": 1,
            "tol": 0.5,
            "seed": 0,
        },
    ),
    "capacity.separate": (
        {"coef": floats(3), "weights": floats(6), "numbers": floats(3), "separable": ints(1)},
        {"x": X, "y": np.array([1.0, -1, 1, -1, 1, -1]), "bias": True},
    ),
    "metrics.convolution_distances": (
        {"distances": floats(2), "limit": floats(1)},
        {"products": X, "group": "perm", "score": "euclidean", "norm_x": 9.0, "norm_y": 8.0},
    ),
    "core.check_blas": ({}, {"vectors": DGEMM}),
    "core.fault": ({}, {"mode": "subjects"}),  # the one example that fails
    "core.use_blas": (
        {},
        {
            "routines": _blas.addresses(_native._load().capi_BLASRoutines().split()),
            "threads": _blas.thread_functions(),
        },
    ),
    "metrics.aligned_distance": (
        {"distance": floats(1)},
        {"x": X, "y": Y, "rank": 3, "score": "euclidean"},
    ),
    "metrics.center": ({"mean": floats(3), "centered": floats(6, 3)}, {"x": X}),
    "metrics.energy_distance": ({"distance": floats(1)}, {"t": EYE, "x": X, "y": Y, **ENERGY}),
    "metrics.energy_fit": (
        {"t": floats(3, 3), "weights": floats(12), "losses": floats(6), "counts": ints(2)},
        {"x": X, "y": Y, **ENERGY},
    ),
    "metrics.gaussian_distance": ({"distance": floats(1)}, {"t": EYE, **PAIR, **GAUSSIAN}),
    "metrics.gaussian_fit": (
        {"t": floats(3, 3), "losses": floats(5), "counts": ints(2)},
        {**PAIR, "from_means": True, "starts": [EYE], **GAUSSIAN},
    ),
    "metrics.linear_align": (
        {"wx": floats(3, 3), "wy": floats(3, 3), "rank": ints(1)},
        {"xw": X, "yw": Y, "zx": EYE, "zy": EYE},
    ),
    "metrics.linear_partial_fit": (
        {"mean": floats(3), "xw": floats(6, 3), "z": floats(3, 3)},
        {"x": X, "alpha": 0.5, "center": True, "preserve_variance": True},
    ),
    "metrics.permutation_match": ({"columns": ints(3)}, {"x": X, "y": Y}),
    "metrics.transport": (
        {"flow": floats(3, 2), "steps": floats(6, 4), "count": ints(1)},
        {"cost": X[:2].copy(), "supply": 3.0, "room": 2.0, "mass": 5.5},
    ),
    "multiset.align": (
        {"aligned": floats(12, 3)},
        {"target": X, "xs": [Y, X[:, :2].copy()], "group": "orth"},
    ),
    "multiset.energy_distances": (
        COHORT_OUTPUTS | {"unconverged": ints(1)},
        COHORT | {"test_repeats": 3} | ENERGY,
    ),
    "multiset.frechet_mean": (
        {"mean": X, "change": floats(1), "sweeps": ints(1)},
        {
            "xs": [X, Y],
            "group": "orth",
            "method": "streaming",
            "warm": True,
            "max_iter": 5,
            "tol": 1e-3,
            "seed": 0,
        },
    ),
    "multiset.gaussian_distances": (
        COHORT_OUTPUTS | {"unconverged": ints(1)},
        {
            "means": [X, Y],
            "covs": [COVS, COVS],
            "test_means": [Y, X],
            "test_covs": [COVS, COVS],
            "first": 0,
            "from_means": True,
            "starts": [EYE],
            **GAUSSIAN,
        },
    ),
    "multiset.kmeans": (
        {
            "centroids": floats(12, 3),
            "dists": floats(2, 3),
            "labels": ints(3),
            "inertia": floats(1),
            "counts": ints(2),
        },
        {
            "xs": [X, Y, -Y],
            "apart": np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]]),
            "max_iter": 10,
            "restarts": 2,
            "seed": 0,
        },
    ),
    "multiset.linear_distances": (
        COHORT_OUTPUTS | {"routes": ints(3)},
        COHORT | {"alpha": 0.5, "center": True, "score": "angular", "single": False, "tol": 0.0},
    ),
    "rsa.bootstrap": (
        {"evaluations": floats(4, 2), "ceilings": floats(4, 2)},
        EVALUATION | {"of_conditions": True, "of_subjects": True, "seed": 1},
    ),
    "rsa.ceilings": (
        {"bounds": floats(1, 2), "null": floats(2, 1)},
        {"rdms": RDMS, "subjects": 3, "seed": 1, **COMPARISON},
    ),
    "rsa.compare": (
        {"similarities": floats(3, 2)},
        {
            "xs": RDMS,
            "ys": RDMS[:2],
            "method": "corr_cov",
            "sigma": np.arange(1.0, 6),
            "controls": RDMS[2:] ** 2,
        },
    ),
    "rsa.evaluate": (
        {"similarities": floats(2, 3), "ceiling": floats(2, 3), "without": floats(3)},
        EVALUATION,
    ),
    "rsa.permute": ({"null": floats(4, 2)}, EVALUATION | {"seed": 1}),
    "rsa.ranks": ({"ranks": floats(10)}, {"x": RDMS[0]}),
    "rsa.rdms": (
        {"rdms": floats(2, 3)},
        {
            "xs": [X, Y],
            "conditions": np.array([0, 0, 1, 1, 2, 2] * 2),
            "folds": np.array([0, 1] * 6),
            "n_conditions": 3,
            "n_folds": 2,
            "metric": "crossnobis",
            "prior": 1.0,
            "weight": 0.1,
            "covariances": [np.eye(X.shape[1])] * 2 + [np.eye(Y.shape[1])] * 2,
        },
    ),
    "rsa.map_draws": (
        {"largest": floats(2), "t": floats(2, 3), "enhanced": floats(2, 3)},
        {
            "x": X,
            "weights": np.array([[1.0, 1, 1, 1, 1, 1], [1, -1, 1, -1, 1, -1]]) / np.sqrt(6),
            "start": np.array([0, 1, 3, 4]),
            "neighbors": np.array([1, 0, 2, 1]),
            "df": 5.0,
            "first": 0,
            "extremity": "tfce",
            "alternative": "two-sided",
            "threshold": 1.0,
            "extent": 0.5,
            "height": 2.0,
        },
    ),
    "rsa.searchlight_balls": (
        {"similarities": floats(1, 1), "used": ints(1)},
        COMPARED | SEARCHLIGHT | BALLS,
    ),
    "rsa.searchlight_balls_rdms": ({"rdms": floats(1, 10), "used": ints(1)}, SEARCHLIGHT | BALLS),
    "rsa.searchlight_lists": (
        {"similarities": floats(2, 1), "used": ints(2)},
        COMPARED | SEARCHLIGHT | LISTS,
    ),
    "rsa.searchlight_lists_rdms": ({"rdms": floats(2, 10), "used": ints(2)}, SEARCHLIGHT | LISTS),
    "rsa.window_covariance": (
        {"covariance": floats(2, 2), "intensity": floats(1)},
        {"x": SAMPLES, "start": 1, "stop": 4} | NOISE,
    ),
    "rsa.window_rdms": (
        {"rdms": floats(2, 3), "intensities": floats(2)},
        {
            "x": SAMPLES,
            "start": 1,
            "width": 2,
            "step": 1,
            "metric": "crossnobis",
            "prior": 1.0,
            "weight": 0.1,
            "conditions": np.array([0, 1, 2, 0, 1, 2, 0, 1]),
            "folds": np.array([0, 0, 0, 1, 1, 1, 2, 2]),
            "n_conditions": 3,
            "n_folds": 3,
            "covariance": np.empty((0, 0)),
        }
        | NOISE,
    ),
    "utils.fwht": ({"a": np.arange(8.0)}, {}),
    "utils.sq_bures_metric": ({"distance": floats(1)}, {"x": COVS[:3], "y": COVS[3:6]}),
    "utils.whiten": (
        {"xz": floats(6, 3), "z": floats(3, 3)},
        {"x": X, "alpha": 0.5, "tol": 1e-7, "preserve_variance": True},
    ),
}


def _of_cohort(inputs):
    """Return the example of a routine that takes a cohort and options."""
    values = {"bool": True, "float": 0.5, "int": 5}
    options = inputs.keys() - COHORT.keys()
    given = {name: values.get(inputs[name]) or inputs[name].split("'")[1] for name in options}
    return COHORT_OUTPUTS, COHORT | given


# Measures of matrices: all that is needed is in their signatures.
EXAMPLES |= {
    routine: _of_cohort(inputs)
    for routine, (outputs, inputs) in _native.signatures().items()
    if routine not in EXAMPLES
    and outputs.keys() == COHORT_OUTPUTS.keys()
    and COHORT.keys() <= inputs.keys()
}


def example(routine):
    """Return outputs and inputs of a call; the outputs may be written to."""
    outputs, inputs = EXAMPLES[routine]
    return {name: x.copy() for name, x in outputs.items()}, inputs


def parameters(routine):
    """Return the kind of each descriptor that the example's call consists of."""
    outputs, inputs = _native.signatures()[routine]
    kinds = [f"out {kind}" for kind in outputs.values()]
    for name, kind in inputs.items():
        value = EXAMPLES[routine][1][name]
        kinds += [kind] * (1 + len(value) if isinstance(value, list) else 1)
    return kinds


def answer(routine, inputs, **options):
    """Return what the example's call fills its outputs with, or how it fails, as bytes."""
    outputs, _ = example(routine)
    try:
        _native.run(routine, outputs, inputs, **options)
    except RuntimeError as error:
        return str(error)
    return [x.tobytes() for x in outputs.values()]
