"""Calls of all that is public and takes counts, on small data, and what huge ones make of them."""

import importlib
import inspect
import time

import numpy as np

from netrep_go.encoding import EncodingModel
from netrep_go.inference import compare_networks

MODULES = (
    "capacity",
    "conv_layers",
    "covariates",
    "inference",
    "datasets",
    "embedding",
    "encoding",
    "extract",
    "kmeans",
    "metrics",
    "mftma",
    "multiset",
    "plotting",
    "rbf_sampler",
    "report",
    "rsa",
    "utils",
    "validation",
)
COUNTS = ("int", "int | None", int, int | None)
BEYOND = (2**63 - 1, 2**63, 2**70)
HUGE = (10**9, 10**12, 10**18, *BEYOND)
FREE = ("memory_limit", "n_jobs", "random_state")  # no counts: anything below 2**63

_rng = np.random.default_rng(0)
NETWORKS = list(_rng.standard_normal((4, 12, 3)))
MANIFOLDS = list(_rng.standard_normal((4, 6, 5)) + 2)
SAMPLES = np.vstack(MANIFOLDS), np.repeat(np.arange(4), 6)
LAYERS = _rng.standard_normal((2, 3, 4, 4, 2))
DISTANCES = np.abs(np.subtract.outer(np.arange(12.0), np.arange(12.0)))
PAIRS = _rng.random((6, 66))  # RDMs of 12 conditions, of which there are 66 pairs
GROUPS = np.arange(12) % 2
GAUSSIANS = [(x, np.stack([np.eye(3)] * 12)) for x in NETWORKS]
REPEATS = list(_rng.standard_normal((2, 4, 5, 3)))


def named(module):
    """Return the public callables of a module."""
    module = importlib.import_module(f"netrep_go.{module}")
    return {
        name: getattr(module, name) for name in module.__all__ if callable(getattr(module, name))
    }


def counts(function):
    """Return the names of the parameters that are counts."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.annotation in COUNTS or type(p.default) is int]


def found():
    """Return public callables with counts, by module and name: no results and displays."""
    every = {f"{m}.{name}": f for m in MODULES for name, f in named(m).items()}
    return {key: f for key, f in every.items() if counts(f) and not key.endswith(WITHOUT)}


BY_CONDITION = _rng.standard_normal((12, 5, 4))  # conditions, sensors, times
TRIALS = _rng.standard_normal((36, 5)), np.repeat(np.arange(12), 3)
FOLDED = _rng.standard_normal((12, 5)), np.tile(np.arange(3), 4), np.repeat(np.arange(4), 3)
FEATURES = _rng.standard_normal((2, 12, 3))
ENCODING = EncodingModel(alphas=2, cv=2, outer_cv=2, n_jobs=1).fit(*FEATURES)
KMEANS = {"args": (NETWORKS,), "n_clusters": 2}
MODELS = {"models": PAIRS[:2], "rdms": PAIRS[2:]}
METRIC = {"metric": "procrustes"}

COMPARISON = compare_networks(NETWORKS, ["cka", "nbs"], verbose=False)

# What each call is given beside the count.
DATA = {
    "capacity.DirectCapacity": {"args": SAMPLES, "n_t": 10},
    "capacity.JointCapacity": {"args": SAMPLES, "n_t": 20},
    "capacity.MeanFieldCapacity": {"args": SAMPLES, "n_t": 10, "n_searches": 1},
    "capacity.analyze_mat": {"prefix": "none"},
    "capacity.collect_mat": {"prefix": "none"},
    "capacity.conic_separability": {"volumes": [0.5, 0.5], "n_manifolds": 3, "n_features": 2},
    "capacity.disc_separability": {"n_manifolds": 3, "n_features": 5, "radius": 1.0},
    "capacity.ellipsoid_capacity": {"radii": [1.0, 0.5]},
    "capacity.find_center_directions": {"X": MANIFOLDS},
    "capacity.project_on_cone": {"B": MANIFOLDS[0], "S": MANIFOLDS[1]},
    "capacity.segment_separability": {"n_manifolds": 3, "n_features": 5, "radius": 1.0},
    "capacity.truncate_manifolds": {"X": MANIFOLDS, "n_components": 2},
    "conv_layers.ConvolutionalMetric": {"args": LAYERS},
    "conv_layers.convolve_metric": {**METRIC, "X": LAYERS[0], "Y": LAYERS[1]},
    "inference.bootstrap": {"measure": "cka", "X": NETWORKS, "n_bootstraps": 9},
    "inference.calibrate": {"measure": "cka", "X": NETWORKS, "n_permutations": 19},
    "inference.compare_values": {"measure": "cka", "X": NETWORKS[0], "Ys": NETWORKS[1:]},
    "inference.benchmark_measures": {"measures": ["cka"]},
    "inference.compare_networks": {"networks": NETWORKS, "measures": ["cka", "nbs"]},
    "inference.fuse": {"comparison": COMPARISON},
    "inference.reliability": {"measure": "cka", "X": [SAMPLES[0]], "n_splits": 3},
    "covariates.knn_permutation": {"D": DISTANCES, "y": GROUPS, "n_permutations": 9},
    "covariates.mantel": {"D1": DISTANCES, "D2": DISTANCES**2, "n_permutations": 9},
    "covariates.permanova": {"D": DISTANCES, "y": GROUPS, "n_permutations": 9},
    "datasets.affine_manifolds": {"images": np.eye(8)[None], "kind": "x-translation"},
    "datasets.digits_networks": {"widths": (2,), "depths": (1,), "n_seeds": 1, "max_iter": 1},
    "datasets.preprocess_images": {"images": [np.eye(8)]},
    "embedding.EuclideanEmbedding": {"args": (DISTANCES,)},
    "encoding.EncodingModel": {"args": FEATURES, "alphas": 2, "n_components": 2},
    "encoding.StreamedPCA": {"args": FEATURES[:1], "n_components": 2},
    "encoding.bootstrap_scores": {"model": ENCODING, "Y": FEATURES[1], "n_bootstraps": 9},
    "encoding.cluster_test": {"scores": FEATURES[0], "n_permutations": 9},
    "encoding.compression_cost": {"n_samples": 9, "n_features": 9, "n_components": 2},
    "encoding.decode_features": {"X": FEATURES[0], "Y": FEATURES[1], "cv": 3},
    "encoding.decode_labels": {"X": FEATURES[0], "y": GROUPS, "cv": 3},
    "encoding.decode_times": {"data": BY_CONDITION, "y": GROUPS, "cv": 3},
    "encoding.encode_times": {"X": FEATURES[0], "data": BY_CONDITION, "model": ENCODING},
    "encoding.generalize_times": {"data": BY_CONDITION, "y": GROUPS, "cv": 3},
    "encoding.identify": {
        "predicted": FEATURES[0],
        "measured": FEATURES[1],
        "n_permutations": 9,
    },
    "encoding.permutation_test": {
        "model": ENCODING,
        "X": FEATURES[0],
        "Y": FEATURES[1],
        "n_permutations": 9,
    },
    "encoding.split_half_reliability": {"Y": _rng.standard_normal((4, 12, 3)), "n_splits": 3},
    "kmeans.procrustes_kmeans": KMEANS,
    "metrics.ConvolutionalMetric": {"args": LAYERS},
    "metrics.EnergyStochasticMetric": {"args": REPEATS},
    "metrics.GPStochasticMetric": {"args": [(np.arange(6.0), np.eye(6))] * 2, "n_dims": 2},
    "metrics.GaussianStochasticMetric": {"args": GAUSSIANS[:2]},
    "metrics.CKNNA": {"args": NETWORKS[:2]},
    "metrics.CycleKNN": {"args": NETWORKS[:2]},
    "metrics.EditKNN": {"args": NETWORKS[:2]},
    "metrics.LCSKNN": {"args": NETWORKS[:2]},
    "metrics.MutualKNN": {"args": NETWORKS[:2]},
    "metrics.NeighborJaccard": {"args": NETWORKS[:2]},
    "metrics.RankSimilarity": {"args": NETWORKS[:2]},
    "metrics.SecondOrderCosine": {"args": NETWORKS[:2]},
    "metrics.RidgePredictivity": {"args": NETWORKS[:2]},
    "metrics.IMD": {"args": NETWORKS[:2]},
    "mftma.manifold_analysis_corr": {
        "XtotT": [x.T for x in MANIFOLDS],
        "kappa": 0,
        "n_t": 10,
        "n_reps": 1,
    },
    "multiset.DistanceStore": {"path": "none", "method": "__repr__"},
    "multiset.ProcrustesKMeans": KMEANS,
    "multiset.cross_distances": {**METRIC, "Xs": NETWORKS, "Ys": NETWORKS, "verbose": False},
    "multiset.euclidean_tangent_space": {"Xs": NETWORKS, "Xbar": NETWORKS[0]},
    "multiset.frechet_mean": {"Xs": NETWORKS},
    "multiset.landmark_distances": {
        **METRIC,
        "networks": NETWORKS,
        "n_landmarks": 2,
        "n_held_out": 2,
        "verbose": False,
    },
    "multiset.nearest_neighbors": {**METRIC, "networks": NETWORKS, "verbose": False},
    "multiset.pairwise_distances": {**METRIC, "traindata": NETWORKS, "verbose": False},
    "multiset.procrustes_average": {"Xs": NETWORKS},
    "multiset.procrustes_kmeans": KMEANS,
    "rbf_sampler.RBFOrthoSampler": {"args": (NETWORKS[0],)},
    "report.layer_report": {"networks": NETWORKS, "verbose": False},
    "rsa.ConditionKFold": {"method": "get_n_splits", "args": (PAIRS[0],)},
    "rsa.FeatureReweightingCV": {"args": (TRIALS[0][:12], PAIRS[0])},
    "rsa.cluster_test": {"scores": _rng.standard_normal((6, 9)), "n_permutations": 9},
    "rsa.compare": {"rdms": PAIRS},
    "rsa.crossnobis_reliability": {"args": FOLDED},
    "rsa.crossnobis_test": {"args": FOLDED, "n_permutations": 9},
    "rsa.decoding_rdm": {"args": TRIALS, "cv": 2},
    "rsa.compare_groups": {"rdms": PAIRS[:3], "others": PAIRS[3:], "n_permutations": 9},
    "rsa.distance_covariance": {"rdm": PAIRS[0], "n_folds": 3, "n_features": 9},
    "rsa.evaluate": {**MODELS, "n_bootstraps": 9},
    "rsa.evaluate_cross": {"models": [DISTANCES], "rdms": [DISTANCES + np.eye(12)] * 2},
    "rsa.evaluate_flexible": {**MODELS, "n_bootstraps": 2, "resample": "conditions"},
    "rsa.evaluate_layers": {"layers": NETWORKS, "rdms": PAIRS, "cv": 3},
    "rsa.fusion": {"temporal": BY_CONDITION, "spatial": {"a": NETWORKS[0]}},
    "rsa.partition_variance": {**MODELS},
    "rsa.patterns": {"data": np.ones((2, 2, 2, 3)), "mask": np.ones((2, 2, 2), bool)},
    "rsa.noise_ceilings": {"rdms": [PAIRS, PAIRS[::-1]], "n_permutations": 9},
    "rsa.permutation_test": {**MODELS, "n_permutations": 9},
    "rsa.rdm": {"data": NETWORKS[0]},
    "rsa.region_rdms": {"data": NETWORKS[0], "labels": [1, 1, 1]},
    "rsa.reweight": {**MODELS, "cv": 3},
    "rsa.reweight_features": {"X": NETWORKS[0], "rdms": PAIRS[0], "cv": 6, "inner_cv": 3},
    "rsa.searchlight": {"data": NETWORKS[0], "models": PAIRS[:1], "neighbors": [[0, 1, 2]]},
    "rsa.searchlight_noise_ceiling": {"data": NETWORKS[:2], "neighbors": [[0, 1, 2]]},
    "rsa.surface_adjacency": {"faces": [[0, 1, 2]]},
    "rsa.time_resolved": {"data": BY_CONDITION, "models": PAIRS[0]},
    "rsa.volume_adjacency": {"mask": np.ones((2, 2, 2))},
    "utils.rand_orth": {"m": 3},
    "utils.rand_struc_orth": {"n": 4},
    "utils.trunc_svd": {"X": NETWORKS[0], "r": 2},
}
# Results and displays, which do nothing; what needs a framework for networks; numbers of axes.
WITHOUT = (
    "encoding.CompressionCost",
    "GroupComparison",
    "MeasureBenchmark",
    "Result",
    "Display",
    "StoreStatus",
    "multiset.Neighbors",
    "capacity.CenterDirections",
    "report.LayerReport",
    "rsa.DistanceTest",
    "rsa.ModelEvaluation",
    "rsa.NoiseCeilings",
    "extract.activations",
    "validation.check_equal_shapes",
)


def call(key, function, **given):
    """Call a function, or a method of an estimator, on small data; return what went wrong."""
    keywords = DATA[key] | given
    args, method = keywords.pop("args", ()), keywords.pop("method", "fit")
    try:
        if isinstance(function, type):
            getattr(function(**keywords), method)(*args)
        else:
            function(*args, **keywords)
    except Exception as error:  # what it is is the result
        return f"{type(error).__name__}: {error}"
    return ""


def plain():
    """Return what goes wrong with counts as they should be."""
    return {key: call(key, function) for key, function in found().items()}


def huge():
    """Return what each huge count makes of a call, and the seconds it takes."""
    results = {}
    for key, function in found().items():
        for name in counts(function):
            for value in BEYOND if name in FREE else HUGE:
                start = time.perf_counter()
                text = call(key, function, **{name: value})
                results[f"{key} {name} {value}"] = text, time.perf_counter() - start
    return results
