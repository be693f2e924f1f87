"""A clean call of every public callable, which tests/fuzzing.py varies.

What is public is read from ``__all__``. What is missing here fails tests/test_fuzz.py with a line
that says what to add: arguments of a function, parameters and data of a class, or how a result is
made. Arguments that an example leaves out have their defaults.
"""

import copy
import functools
import importlib
import inspect
import pkgutil
import tempfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

import netrep_go

_rng = np.random.default_rng(0)
FILES = Path(tempfile.mkdtemp(prefix="fuzz_"))

X, Y, Z = _rng.standard_normal((3, 12, 4)) + 0.5  # networks: samples, features
NETWORKS = [X, Y, Z, X @ np.diag([2.0, 1.0, 1.0, 0.5]) + Y / 4, Z - Y]
MANIFOLDS = list(2 * _rng.standard_normal((6, 1, 14)) + _rng.standard_normal((6, 5, 14)))
LABELS = np.repeat(np.arange(4), 3)  # of the samples of a network
CHANCES = [np.abs(x) / np.abs(x).sum(axis=1, keepdims=True) for x in (X, Y)]  # of classes
D = np.linalg.norm(_rng.standard_normal((10, 1, 3)) - _rng.standard_normal((1, 10, 3)), axis=2)
D = np.triu(D, 1) + np.triu(D, 1).T
D2 = D + 0.3 * np.abs(D - D.mean()) * (1 - np.eye(10))
GROUPS = np.repeat([0, 1], 5)  # of the rows of D
RDMS, MODELS = _rng.random((4, 36)) + 0.1, _rng.random((2, 36)) + 0.1  # of 9 conditions
WIDE, JUDGED = _rng.standard_normal((20, 3)), _rng.random(190) + 0.1  # 20 conditions
SQUARES = np.abs(np.random.default_rng(1).standard_normal((5, 4, 4))) + 0.1  # between runs
RESPONSES = _rng.standard_normal((9, 12))  # conditions, features
MOVIES = _rng.standard_normal((3, 9, 5, 6))  # subjects, conditions, sensors, times
VOLUMES = _rng.standard_normal((6, 4, 4, 3))
OBSERVED = np.random.default_rng(5).standard_normal((18, 5))  # of 6 conditions in 3 runs
REGIONS = np.arange(48).reshape(4, 4, 3) // 16
BETAS = SimpleNamespace(dataobj=np.moveaxis(VOLUMES, 0, -1), affine=np.diag([2.0, 2.0, 3.0, 1.0]))
TABLE = {"condition": list("abcabc"), "run": [1, 1, 1, 2, 2, 2]}
TRIALS = (
    X[:, None] + _rng.standard_normal((12, 6, 4)),
    Y[:, None] + _rng.standard_normal((12, 6, 4)),
)
POSITIVE = X.T @ X + np.eye(4)
POSITIVE_2 = Y.T @ Y + np.eye(4)
GAUSSIANS = [
    (x, np.array([POSITIVE / 10 + np.outer(row, row) for row in x])) for x in (X[:5], Y[:5])
]
PROCESSES = [
    (x[:5].ravel()[:6], np.kron(np.eye(3), c[:2, :2])) for x, c in ((X, POSITIVE), (Y, POSITIVE_2))
]
LAYERS = {"conv": RESPONSES, "fc": np.tanh(RESPONSES[:, :5])}
IMAGES = _rng.random((2, 12, 12))
CONVOLVED = _rng.standard_normal((2, 6, 4, 4, 3))
FEATURES = {"conv": _rng.standard_normal((18, 4)), "fc": _rng.standard_normal((18, 3))}
FOLDED = np.random.default_rng(7).standard_normal((18, 5))
TILED, RUNS = np.tile(np.arange(3), 6), np.repeat(np.arange(6), 3)
VOXELS = FEATURES["fc"][:, :2] + 0.5 * _rng.standard_normal((18, 2))  # what they predict
RUNS = np.repeat([2, 3, 5, 8, 9, 12], 3)  # of these samples
SENSORS = VOXELS[:, :, None] + 0.5 * _rng.standard_normal((18, 2, 3))  # samples, sensors, times
SHOWN = np.tile([0, 1, 2], 6)  # in these samples
REPEATS = VOXELS + _rng.standard_normal((4, 18, 2))


class Entry(NamedTuple):
    """A public callable with clean arguments."""

    run: Callable[..., Any]
    arguments: dict[str, Any]


class Fitted(NamedTuple):
    """How a class is made and what its methods get, by the names of their arguments."""

    params: Mapping[str, Any] = MappingProxyType({})
    data: Mapping[str, Any] = MappingProxyType({})
    make: Callable[..., Any] | None = None  # for what is not made by its class and fit


def _pair(x, y, **more):
    return Fitted(
        more,
        {"X": x, "Y": y, "train_data": [x, y, x], "test_data": [y, x, y]},
    )


def _matching_path():
    return importlib.import_module("netrep_go.metrics").PartialSoftMatching().path(X, Y)


def _halves(name):
    """Return a metric of two networks whose fit can be made in halves."""

    def half(x):
        metrics = importlib.import_module("netrep_go.metrics")
        return lambda: getattr(metrics, name)().partial_fit(x)

    metric = _pair(X, Y)
    return metric._replace(data=metric.data | {"cache_X": half(X), "cache_Y": half(Y)})


def _of_a_batch():
    return importlib.import_module("netrep_go.metrics").MinibatchCKA().partial_fit(X, Y)


def _mean_difference():
    from netrep_go.metrics import Measure, Properties

    class MeanDifference(Measure):
        @property
        def properties(self):
            return Properties(kind="distance", symmetric=True)

        def _compare(self, x, y):
            return abs(x.mean() - y.mean())

    return MeanDifference()


def mean_difference(x, y):
    """Return how far means are apart: a measure that is a function."""
    return abs(float(np.mean(x)) - float(np.mean(y)))


class Perceptron:
    """A model of two layers as Keras and PyTorch have none: an ONNX file."""

    @functools.cache
    @staticmethod
    def path():
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        weights = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)
        graph = helper.make_graph(
            [
                helper.make_node("MatMul", ["x", "W"], ["hidden"]),
                helper.make_node("Relu", ["hidden"], ["out"]),
            ],
            "perceptron",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 3])],
            [numpy_helper.from_array(weights, "W")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, FILES / "model.onnx")
        return str(FILES / "model.onnx")


@functools.cache
def _convolutions():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.random.default_rng(1).standard_normal((2, 2, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "K"], ["conv1"]),
            helper.make_node("Relu", ["conv1"], ["relu1"]),
            helper.make_node("Conv", ["relu1", "K"], ["out"]),
        ],
        "convolutions",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2, 6, 6])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2, 2, 2])],
        [numpy_helper.from_array(kernel, "K")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, FILES / "convolutions.onnx")
    return str(FILES / "convolutions.onnx")


@functools.cache
def _tuning_file():
    from netrep_go.capacity import write_mat

    responses = np.stack(MANIFOLDS).transpose(2, 1, 0)[None].repeat(2, axis=0)
    responses[1] += 1
    titles = ["pixels", "conv"]
    write_mat(FILES / "net_tuning.mat", {"tuning_function": responses, "data_titles": titles})
    return str(FILES / "net_tuning.mat")


@functools.cache
def _analysis():
    from netrep_go.capacity import DirectCapacity, analyze_mat

    _tuning_file()
    return analyze_mat(FILES / "net", [DirectCapacity(n_t=10)], n_jobs=1)


def _estimator(name, **params):
    from netrep_go import capacity

    return getattr(capacity, name)(random_state=0, n_jobs=1, **params)


def _evaluation():
    from netrep_go.rsa import evaluate

    return evaluate(list(MODELS), RDMS, resample="subjects", n_bootstraps=20, random_state=0)


def _rsa(function, *args, **options):
    return lambda: getattr(importlib.import_module("netrep_go.rsa"), function)(*args, **options)


def _cohort_comparison():
    inference = importlib.import_module("netrep_go.inference")
    return inference.compare_networks(NETWORKS, ["cka", "procrustes"], verbose=False)


def _disagreement():
    return importlib.import_module("netrep_go.inference").disagreement(_cohort_comparison())


def _inference(function, *args, **options):
    return lambda: getattr(importlib.import_module("netrep_go.inference"), function)(
        *args, verbose=False, **options
    )


_calibration = _inference("calibrate", "cka", X, Y, random_state=0)
_intervals = _inference("bootstrap", "cka", X, Y)
_differences = _inference("compare_values", "cka", X, [Y, Z])
_reliability = _inference("reliability", "cka", NETWORKS, random_state=0)


def _covariates(function, *args):
    return lambda: getattr(importlib.import_module("netrep_go.covariates"), function)(
        *args, n_permutations=19, random_state=0
    )


def _display(name, method, *args):
    def make():
        plotting = importlib.import_module("netrep_go.plotting")
        given = [each() if callable(each) else each for each in args]
        return getattr(getattr(plotting, name), method)(*given)

    return make


@functools.cache
def _conformance():
    return importlib.import_module("netrep_go.conformance").check("procrustes", n_seeds=1)


@functools.cache
def _benchmark():
    made = importlib.import_module("netrep_go.inference").MeasureBenchmark
    tests = [("layers", "spearman"), ("labels", "auprc")]
    score, se = np.array([[0.9, 0.4], [0.3, 0.2]]), np.full((2, 2), 0.05)
    return made(["cka", "svcca"], tests, score, se, np.zeros(2), 10, 0.95, {}, {})


def _new(name):
    """Return a recipe of a path in a folder of its own, where nothing is."""

    def path():
        return str(Path(tempfile.mkdtemp(dir=FILES)) / name)

    return path


def _model(X=FEATURES, **params):
    from netrep_go.encoding import EncodingModel

    fitted = {"alphas": 3, "cv": 3, "outer_cv": 3, "n_jobs": 1, "random_state": 0} | params
    return EncodingModel(**fitted).fit(X, VOXELS)


def _encoding(function, *args, **options):
    def make():
        given = [each() if callable(each) else each for each in args]
        return getattr(importlib.import_module("netrep_go.encoding"), function)(*given, **options)

    return make


def _saved_components():
    path = _new("pca")()
    _encoding("StreamedPCA", 2)().fit(X).save(path)
    return path


@functools.cache
def _activation_store():
    from netrep_go.extract import activations

    path = _new("activations")()
    activations(Perceptron.path(), X, ["hidden", "out"], store=path)
    return path


def _stored_activations(path):
    from netrep_go.extract import ActivationStore

    return {name: layer[:] for name, layer in ActivationStore(path).items()}


def _distance_store(path, tile_size):
    from netrep_go.multiset import DistanceStore

    store = DistanceStore(path, tile_size=tile_size)
    store.pairwise_distances("procrustes", NETWORKS, NETWORKS[::-1], verbose=False)
    return store


def _distances_on_disk():
    return str(_distance_store(_new("cohort")(), 2).path)


def _comparison():
    from netrep_go.inference import compare_networks

    return compare_networks({"a": X, "b": Y, "c": Z}, ["cka", "rsa"], verbose=False)


def _report():
    from netrep_go.report import layer_report

    return layer_report({"a": X, "b": Y}, n_permutations=29, random_state=0, verbose=False)


def _saved_report():
    path = _new("report.npz")()
    _report().save(path)
    return path


_BY_MANIFOLD = """
    center_correlations decorrelate_centers explained_variance_dimension manifold_radii
    orthogonalize_centers participation_ratio permute_axes permute_features project_on_centers
    randomize_centers shuffle_samples spectral_radii standardize_features whiten_features
"""

# Arguments by name: of functions, and of the class methods and classes that users call themselves.
# What follows a space in a name tells further calls of the same apart.
CALLS: dict[str, dict[str, Any]] = {
    "show_versions": {},
    **{f"capacity.{name}": {"X": MANIFOLDS} for name in _BY_MANIFOLD.split()},
    **{f"capacity.{name} of labels": {"X": X, "y": LABELS} for name in _BY_MANIFOLD.split()},
    "capacity.analyze_mat": {
        "prefix": lambda: _tuning_file() and str(FILES / "net"),
        "estimators": lambda: [_estimator("DirectCapacity", n_t=10)],
        "sets": [0, 1],
        "batch": None,
    },
    "capacity.ball_capacity": {
        "radius": np.array([0.5, 1.0, 2.0]),
        "dimension": np.array([2.0, 5.0, 9.0]),
        "kappa": 0.0,
    },
    "capacity.center_correlation_cost": {
        "centers": X,
        "V": np.linalg.qr(POSITIVE)[0][:, :2].copy(),
    },
    "capacity.collect_mat": {"prefix": lambda: _analysis() and str(FILES / "net")},
    "capacity.conic_separability": {
        "volumes": np.array([0.25, 0.5, 0.25]),
        "n_manifolds": 6,
        "n_features": np.array([8, 10]),
    },
    "capacity.cover_separability": {
        "n_points": np.array([20, 30]),
        "n_features": np.array([8, 10]),
    },
    "capacity.disc_separability": {
        "n_manifolds": 5,
        "n_features": np.array([6, 8]),
        "radius": 1.0,
    },
    "capacity.ellipsoid_capacity": {"radii": np.array([1.0, 0.5, 0.25]), "n_t": 64},
    "capacity.find_center_directions": {
        "X": MANIFOLDS,
        "max_removed": 2,
        "n_restarts": 2,
        "max_iter": 50,
    },
    "capacity.point_capacity": {"kappa": np.array([0.0, 0.5, 1.0])},
    "capacity.project_on_cone": {"B": X, "S": Y},
    "capacity.read_mat": {"path": _tuning_file},
    "capacity.scale_manifolds": {"X": MANIFOLDS, "factor": 2.0},
    "capacity.segment_separability": {
        "n_manifolds": 5,
        "n_features": np.array([6, 8]),
        "radius": 1.0,
    },
    "capacity.separate": {"X": X, "y": LABELS % 2},
    "capacity.truncate_manifolds": {"X": MANIFOLDS, "n_components": 2},
    "capacity.write_mat": {
        "path": lambda: str(FILES / "written.mat"),
        "variables": {"capacity": X, "K": 3.0, "title": "conv1"},
    },
    "conformance.check": {
        "measure": mean_difference,
        "known": [(X, X, 0.0)],
        "widths": [3],
        "n_seeds": 1,
    },
    "conv_layers.convolve_metric": {
        "metric": "procrustes",
        "X": CONVOLVED[0],
        "Y": CONVOLVED[1],
    },
    "inference.bootstrap": {"measure": "cka", "X": X, "Y": Y, "n_bootstraps": 19},
    "inference.calibrate": {"measure": "cka", "X": X, "Y": Y, "n_permutations": 29},
    "inference.compare_values": {"measure": "cka", "X": X, "Ys": [Y, Z]},
    "inference.disagreement": {"comparison": _cohort_comparison()},
    "inference.fuse": {"comparison": _cohort_comparison()},
    "inference.reliability": {"measure": "cka", "X": NETWORKS, "n_splits": 3},
    "covariates.knn_permutation": {"D": D, "y": GROUPS, "n_neighbors": 2, "n_permutations": 19},
    "covariates.mantel": {"D1": D, "D2": D2, "n_permutations": 19},
    "covariates.permanova": {"D": D, "y": GROUPS, "n_permutations": 19},
    "datasets.affine_manifolds": {
        "images": IMAGES,
        "kind": "rotation",
        "n_samples": 3,
        "object_size": 6.0,
    },
    "datasets.digits_networks": {
        "widths": (4,),
        "depths": (1,),
        "n_seeds": 1,
        "trained": False,
        "test_size": 0.9,
    },
    "datasets.preprocess_images": {"images": IMAGES[:, :, :, None].repeat(3, axis=3), "size": 8},
    "embedding.medoids": {"D": D, "y": GROUPS},
    "encoding.StreamedPCA.load": {"path": _saved_components},
    "report.LayerReport.load": {"path": _saved_report},
    "encoding.best_layers": {"model": _model},
    "encoding.bootstrap_scores": {"model": _model, "Y": VOXELS, "n_bootstraps": 20, "groups": RUNS},
    "encoding.bootstrap_scores of samples": {"model": _model, "Y": VOXELS, "n_bootstraps": 20},
    "encoding.compare_encoding": {
        "models": lambda: {"conv": _model(FEATURES["conv"]), "fc": _model(FEATURES["fc"])}
    },
    "encoding.compression_cost": {"n_samples": 50, "n_features": 400, "n_components": 10},
    "encoding.decode_features": {"X": VOXELS, "Y": FEATURES["fc"], "cv": 3, "groups": RUNS},
    "encoding.decode_labels": {"X": VOXELS, "y": SHOWN, "cv": 3, "n_permutations": 9},
    "encoding.decode_times": {"data": SENSORS, "y": SHOWN, "cv": 3, "times": np.arange(3.0)},
    "encoding.encode_times": {"X": FEATURES["fc"], "data": SENSORS, "times": np.arange(3.0)},
    "encoding.explainable_variance": {"Y": REPEATS},
    "encoding.generalize_times": {"data": SENSORS, "y": SHOWN, "cv": 3, "times": np.arange(3.0)},
    "encoding.identify": {"predicted": FEATURES["conv"], "measured": np.cos(FEATURES["conv"])},
    "encoding.normalize_scores": {
        "scores": np.array([[0.2, 0.3], [0.1, 0.2]]),
        "ceiling": np.array([0.4, 0.5]),
    },
    "encoding.partition_variance": {
        "X": FEATURES,
        "Y": VOXELS,
        "model": lambda: _model().set_params(outer_cv=_by_run()),
        "groups": RUNS,
    },
    "encoding.permutation_test": {
        "model": _model,
        "X": FEATURES,
        "Y": VOXELS,
        "n_permutations": 19,
        "strata": RUNS,
    },
    "encoding.split_half_reliability": {"Y": REPEATS, "n_splits": 10},
    "extract.activations": {"model": Perceptron.path, "X": X, "layers": ["hidden", "out"]},
    "extract.layers": {"model": Perceptron.path},
    "extract.recommended_layers": {"model": _convolutions, "variant": "all"},
    "kmeans.procrustes_kmeans": {"Xs": NETWORKS, "n_clusters": 2, "max_iter": 10, "n_restarts": 1},
    "multiset.landmark_distances": {
        "metric": "procrustes",
        "networks": NETWORKS,
        "n_landmarks": 3,
        "n_held_out": 2,
    },
    "multiset.nearest_neighbors": {"metric": "procrustes", "networks": NETWORKS, "n_pivots": 2},
    "metrics.Properties": {"kind": "distance", "range": (0.0, 1.0), "invariances": {"scale"}},
    "metrics.as_measure": {"measure": mean_difference, "kind": "distance"},
    "metrics.get_measure": {"name": "cka"},
    "metrics.measures": {},
    "metrics.neg_distance_scorer": {
        "metric": lambda: importlib.import_module("netrep_go.metrics").LinearMetric().fit(X, Y),
        "X": X,
        "Y": Y,
    },
    "mftma.alldata_dimension_analysis": {"XtotT": [x.T.copy() for x in MANIFOLDS]},
    "mftma.manifold_analysis_corr": {
        "XtotT": [x.T.copy() for x in MANIFOLDS],
        "kappa": 0.0,
        "n_t": 20,
        "n_reps": 1,
    },
    "mftma.utils.make_manifold_data.make_manifold_data": {
        "dataset": [([float(i), 1.0], i % 3) for i in range(30)],
        "sampled_classes": 2,
        "examples_per_class": 4,
    },
    "multiset.cross_distances": {
        "metric": "procrustes",
        "Xs": NETWORKS[:2],
        "Ys": NETWORKS[2:],
        "Xs_test": NETWORKS[1:3],
        "Ys_test": NETWORKS[:3],
    },
    "multiset.euclidean_tangent_space": {"Xs": NETWORKS, "Xbar": X},
    "multiset.frechet_mean": {"Xs": NETWORKS, "warmstart": X, "max_iter": 10},
    "inference.compare_networks": {
        "networks": {"a": X, "b": Y, "c": Z},
        "measures": ["cka", "rsa"],
        "reference": "b",
    },
    "inference.compare_networks of layers": {
        "networks": {"a": {"x": X, "y": Y}, "b": {"z": Z}},
        "measures": "cka",
    },
    "report.layer_report": {
        "networks": {"a": X, "b": Y},
        "y": LABELS,
        "targets": Z[:, :2],
        "rdms": _rng.random((2, 66)) + 0.1,
        "n_permutations": 29,
    },
    "multiset.pairwise_distances": {
        "metric": "procrustes",
        "traindata": NETWORKS[:3],
        "testdata": NETWORKS[1:4],
    },
    "multiset.procrustes_average": {"Xs": NETWORKS, "max_iter": 10},
    "plotting.AlignedActivationsDisplay.from_activations": {"activations": NETWORKS, "y": LABELS},
    "plotting.BestLayersDisplay.from_layers": {"layers": lambda: _best()},
    "plotting.CapacityDisplay.from_estimators": {
        "estimators": lambda: {"conv": _estimator("MeanFieldCapacity", n_t=10).fit(MANIFOLDS)}
    },
    "plotting.CenterDirectionsDisplay.from_directions": {"found": lambda: _found()},
    "plotting.CalibrationDisplay.from_calibration": {"calibration": lambda: _calibration()},
    "plotting.BootstrapIntervalsDisplay.from_intervals": {"intervals": lambda: _intervals()},
    "plotting.ValueDifferencesDisplay.from_differences": {"differences": lambda: _differences()},
    "plotting.ReliabilityDisplay.from_reliability": {"reliability": lambda: _reliability()},
    "plotting.DisagreementDisplay.from_disagreement": {"disagreement": lambda: _disagreement()},
    "plotting.MeasureBenchmarkDisplay.from_benchmark": {"benchmark": lambda: _benchmark()},
    "plotting.ComparisonDisplay.from_comparison": {"comparison": lambda: _comparison()},
    "plotting.DendrogramDisplay.from_distances": {"distances": D},
    "plotting.DistanceMatrixDisplay.from_distances": {"distances": D},
    "plotting.EmbeddingDisplay.from_distances": {"distances": D},
    "plotting.FusionDisplay.from_fusion": {"fusion": lambda: _fusion()},
    "plotting.ImageManifoldsDisplay.from_images": {"images": VOLUMES[:2], "n_samples": 3},
    "plotting.LayerEvaluationDisplay.from_evaluation": {"evaluation": lambda: _layers()},
    "plotting.LayerReportDisplay.from_report": {"report": lambda: _report()},
    "plotting.ManifoldGeometryDisplay.from_estimator": {
        "estimator": lambda: _estimator("MeanFieldCapacity", n_t=10).fit(MANIFOLDS)
    },
    "plotting.ModelEvaluationDisplay.from_evaluation": {"evaluation": _evaluation},
    "plotting.RDMDisplay.from_distances": {"distances": D},
    "plotting.RDMDisplay.from_rdm": {"rdm": RDMS[0]},
    "plotting.RDMEmbeddingDisplay.from_rdm": {"rdm": RDMS[0]},
    "plotting.PermutationTestDisplay.from_test": {"test": lambda: _permuted()},
    "plotting.RDMsDisplay.from_rdms": {"rdms": RDMS},
    "plotting.ReweightingDisplay.from_reweighting": {"reweighting": lambda: _reweighted()},
    "plotting.SearchlightDisplay.from_searchlight": {"result": lambda: _lights()},
    "plotting.paper_style": {},
    "plotting.SeparabilityDisplay.from_estimator": {
        "estimator": lambda: _estimator("DirectCapacity", n_t=10).fit(MANIFOLDS)
    },
    "plotting.TemporalGeneralizationDisplay.from_generalization": {
        "generalization": lambda: _encoding("generalize_times", SENSORS, SHOWN, cv=3)()
    },
    "plotting.TimeCourseDisplay.from_time_course": {"course": lambda: _course()},
    "plotting.VariancePartitionDisplay.from_partition": {"partition": lambda: _partition()},
    "encoding.cluster_test": {
        "scores": MOVIES[:, :, 0, 0].T @ MOVIES[:, :, 1, 1],
        "n_permutations": 19,
    },
    "encoding.cluster_test of groups": {
        "scores": MOVIES[:, :, 0, 0].T,
        "others": MOVIES[:, :, 1, 1].T,
        "correction": "tfce",
        "n_permutations": 19,
    },
    "rsa.compare_groups": {"rdms": RDMS, "others": RDMS[::-1] ** 2, "n_permutations": 19},
    "rsa.compare": {"rdms": RDMS, "models": MODELS, "controls": np.sqrt(RDMS[::-1, ::-1])[:1]},
    "rsa.compare_models": {"evaluation": _evaluation},
    "rsa.crossnobis_reliability": {"data": FOLDED, "conditions": TILED, "folds": RUNS},
    "rsa.crossnobis_test": {"data": FOLDED, "conditions": TILED, "folds": RUNS},
    "rsa.cross_rdm": {"first": X, "second": Y},
    "rsa.decoding_rdm": {"data": X, "conditions": LABELS, "cv": 3},
    "rsa.distance_covariance": {"rdm": MODELS[0], "n_folds": 4, "n_features": 9.0},
    "rsa.evaluate": {
        "models": list(MODELS),
        "rdms": RDMS,
        "resample": "conditions",
        "n_bootstraps": 20,
    },
    "rsa.evaluate_cross": {"models": SQUARES[:2], "rdms": SQUARES[2:]},
    "rsa.evaluate_flexible": {
        "models": lambda: {"one": JUDGED[::-1], "all": _flexible()},
        "rdms": JUDGED,
        "resample": "conditions",
        "n_bootstraps": 3,
    },
    "rsa.evaluate_layers": {"layers": LAYERS, "rdms": RDMS, "cv": 3},
    "rsa.exemplar_information": {"rdms": SQUARES},
    "rsa.from_rsatoolbox": {"rdms": lambda: _rsa("to_rsatoolbox", RDMS)()},
    "rsa.fusion": {"temporal": MOVIES[0], "spatial": LAYERS, "times": np.arange(6.0)},
    "rsa.Fusion.load": {"path": lambda: _saved_fusion()},
    "rsa.fusion of searchlights": {
        "temporal": MOVIES[0, :6],
        "spatial": VOLUMES,
        "mask": VOLUMES[0] < 9,
    },
    "rsa.noise_ceiling": {"rdms": RDMS},
    "rsa.noise_ceilings": {"rdms": RDMS.reshape(2, 2, 36), "n_permutations": 9},
    "rsa.partition_variance": {"models": {"low": MODELS[0], "high": MODELS[1]}, "rdms": RDMS},
    "rsa.patterns": {"data": VOLUMES, "mask": VOLUMES[..., 0] > 0},
    "rsa.permutation_test": {"models": list(MODELS), "rdms": RDMS, "n_permutations": 19},
    "rsa.rdm": {"data": RESPONSES},
    "rsa.read_betas": {"images": BETAS, "table": TABLE},
    "rsa.region_rdms": {"data": VOLUMES, "labels": REGIONS},
    "rsa.regions": {"data": VOLUMES, "labels": REGIONS},
    "rsa.remix": {"layer": X[:6], "training": X, "y": LABELS % 2},
    "rsa.reweight": {"models": list(MODELS), "rdms": RDMS, "cv": 3},
    "rsa.reweight_features": {"X": WIDE, "rdms": JUDGED, "alphas": 3, "cv": 4, "inner_cv": 3},
    "rsa.rsa_score": {"y_true": RESPONSES, "y_pred": RESPONSES + np.cos(RESPONSES)},
    "rsa.searchlight": {
        "data": VOLUMES,
        "models": MODELS[:, :15],
        "mask": VOLUMES[0] < 9,
        "radius": 1.5,
        "metric": "euclidean",
        "conditions": np.arange(len(VOLUMES)),
    },
    "rsa.searchlight of subjects": {
        "data": {"a": VOLUMES, "b": VOLUMES[::-1]},
        "models": MODELS[:, :15],
        "mask": VOLUMES[0] < 9,
        "radius": 1.5,
        "metric": "euclidean",
    },
    "rsa.cluster_test of a result": {
        "scores": lambda: _course(),
        "model": 1,
        "n_permutations": 19,
    },
    "rsa.searchlight of runs": {
        "data": OBSERVED,
        "models": MODELS[:, :15],
        "neighbors": [[0, 1, 2], [2, 3, 4]],
        "metric": "crossnobis",
        "conditions": np.arange(18) % 6,
        "folds": np.arange(18) // 6,
        "noise": np.eye(5),
    },
    "rsa.searchlight of residuals": {
        "data": OBSERVED,
        "models": MODELS[:, :15],
        "neighbors": [[0, 1, 2], [2, 3, 4]],
        "metric": "mahalanobis",
        "conditions": np.arange(18) % 6,
        "residuals": OBSERVED[5:] + np.cos(OBSERVED[:13]),
    },
    "rsa.searchlight of noise of runs": {
        "data": OBSERVED,
        "models": MODELS[:, :15],
        "neighbors": [[0, 1, 2], [2, 3, 4]],
        "metric": "crossnobis",
        "conditions": np.arange(18) % 6,
        "folds": np.arange(18) // 6,
        "residuals": OBSERVED + np.cos(OBSERVED[::-1]),
        "residual_folds": np.arange(18) % 3,
    },
    "rsa.searchlight of accuracies": {
        "data": OBSERVED,
        "models": MODELS[:, :3],
        "neighbors": [[0, 1, 2], [2, 3, 4]],
        "metric": "decoding",
        "method": "cosine",
        "conditions": np.arange(18) % 3,
        "folds": np.arange(18) // 3,
    },
    "rsa.rdm of noise of runs": {
        "data": OBSERVED,
        "metric": "crossnobis",
        "conditions": np.arange(18) % 6,
        "folds": np.arange(18) // 6,
        "noise": np.array([np.eye(5), np.eye(5) + 0.5, np.diag([1.0, 2, 3, 4, 5])]),
    },
    "rsa.surface_adjacency": {"faces": np.array([[0, 1, 2], [1, 2, 3]])},
    "rsa.searchlight_noise_ceiling": {
        "data": [RESPONSES, RESPONSES[::-1]],
        "neighbors": [[0, 1, 2], [3, 4, 5]],
        "n_permutations": 9,
    },
    "rsa.time_resolved": {"data": MOVIES, "models": MODELS, "times": np.arange(6.0)},
    "rsa.time_resolved of runs": {
        "data": OBSERVED[:, :, np.newaxis] + MOVIES[0, 0],
        "models": MODELS[:, :15],
        "metric": "crossnobis",
        "conditions": np.arange(18) % 6,
        "folds": np.arange(18) // 6,
        "noise": np.eye(5),
    },
    "rsa.time_resolved of a baseline": {
        "data": OBSERVED[:, :, np.newaxis] * (2 + MOVIES[0, 0]),
        "models": MODELS[:, :15],
        "metric": "crossnobis",
        "conditions": np.arange(18) % 6,
        "folds": 3,
        "noise": _rsa("NoiseNormalizer"),
        "noise_from": (0.0, 2.0),
    },
    "rsa.to_rsatoolbox": {"rdms": RDMS},
    "rsa.volume_adjacency": {"mask": VOLUMES[..., 0] > 0},
    "utils.align": {"X": X, "Y": Y},
    "utils.angular_distance": {"X": X, "Y": Y},
    "utils.centered_kernel": {"X": X, "metric": "rbf"},
    "utils.econ_svd": {"X": X},
    "utils.fwht": {"a": X[:2].ravel()},
    "utils.posdefsqrt": {"A": POSITIVE},
    "utils.rand_orth": {"m": 4, "n": 3},
    "utils.rand_struc_orth": {"n": 4, "n_transforms": 2},
    "utils.sq_bures_metric": {"A": POSITIVE, "B": POSITIVE_2},
    "utils.sq_bures_metric_slow": {"A": POSITIVE, "B": POSITIVE_2},
    "utils.struc_orth_matvec": {"Ds": np.sign(X[:2]), "a": X[0]},
    "utils.trunc_svd": {"X": X, "r": 2},
    "utils.whiten": {"X": X, "alpha": 0.5},
    "validation.check_equal_shapes": {"X": X, "Y": Y},
}


def _by_run():
    from sklearn.model_selection import LeaveOneGroupOut

    return LeaveOneGroupOut()


@functools.cache
def _best():
    return _encoding("best_layers", _model)()


@functools.cache
def _found():
    from netrep_go.capacity import find_center_directions

    return find_center_directions(MANIFOLDS, max_removed=2, random_state=0)


@functools.cache
def _layers():
    return _rsa("evaluate_layers", LAYERS, RDMS, cv=3, random_state=0)()


@functools.cache
def _permuted():
    return _rsa("permutation_test", list(MODELS), RDMS, n_permutations=19, random_state=0)()


def _reweighted():
    return _rsa("reweight", list(MODELS), RDMS, cv=3, random_state=0)()


def _lights():
    return _rsa("searchlight", VOLUMES, [MODELS[0][:15]], mask=np.ones(VOLUMES.shape[1:]))()


def _course():
    return _rsa("time_resolved", MOVIES, MODELS)()


@functools.cache
def _fusion():
    return _rsa(
        "fusion", MOVIES[0, :6], {"a": VOLUMES, "b": np.cos(3 * VOLUMES)}, mask=VOLUMES[0] < 9,
        affine=BETAS.affine, radius=4.0,
    )()  # fmt: skip


def _saved_fusion():
    path = _new("fusion")()
    _fusion().save(path)
    return path


def _flexible():
    return importlib.import_module("netrep_go.rsa").FlexibleModel(np.stack([JUDGED, JUDGED**2]))


@functools.cache
def _partition():
    return _rsa("partition_variance", {"low": MODELS[0], "high": MODELS[1]}, RDMS)()


_CAPACITY = {"X": MANIFOLDS}
_ENERGY = _pair(*TRIALS, niter=20)

# Classes with methods: parameters and the arguments of methods, or how a result is made.
CLASSES: dict[str, Fitted] = {
    "capacity.CenterDirections": Fitted(make=lambda: _found()),
    "capacity.ConeProjection": Fitted(
        make=lambda: importlib.import_module("netrep_go.capacity").project_on_cone(X, Y)
    ),
    "capacity.DirectCapacity": Fitted({"n_t": 10, "n_jobs": 1}, _CAPACITY),
    "capacity.JointCapacity": Fitted({"n_t": 10, "n_jobs": 1}, _CAPACITY),
    "capacity.ManifoldGeometry": Fitted(
        make=lambda: _estimator("MeanFieldCapacity", n_t=10).fit(MANIFOLDS).manifolds_
    ),
    "capacity.MatAnalysis": Fitted(make=_analysis),
    "capacity.MeanFieldCapacity": Fitted({"n_t": 10, "max_removed": 1, "n_jobs": 1}, _CAPACITY),
    "capacity.Separation": Fitted(
        make=lambda: importlib.import_module("netrep_go.capacity").separate(X, LABELS % 2)
    ),
    "capacity.JointGeometry": Fitted(
        make=lambda: _estimator("JointCapacity", n_t=10).fit(MANIFOLDS).manifolds_
    ),
    "capacity.TuningFile": Fitted(
        {"path": _tuning_file},
        {"index": 0, "samples_jump": 2},
        make=lambda path: importlib.import_module("netrep_go.capacity").TuningFile(path),
    ),
    "conformance.Claim": Fitted(make=lambda: _conformance().claims["range"]),
    "conformance.Conformance": Fitted(make=lambda: _conformance()),
    "report.LayerReport": Fitted({}, {"path": _new("report.npz")}, make=lambda: _report()),
    "inference.NetworkComparison": Fitted({}, {"measure": "cka"}, make=lambda: _comparison()),
    "metrics.JSD": _pair(X, Y),
    "metrics.JSD of probabilities": _pair(*CHANCES, outputs="probabilities"),
    "metrics.Disagreement": _pair(X, Y),
    "metrics.AccuracyDifference": _pair(X, Y)._replace(params={"y": LABELS}),
    "conv_layers.ConvolutionalMetric": _pair(*CONVOLVED, metric="procrustes"),
    "inference.MeasureBenchmark": Fitted({}, {"test": "labels"}, make=lambda: _benchmark()),
    "plotting.MeasureBenchmarkDisplay": Fitted(
        make=_display("MeasureBenchmarkDisplay", "from_benchmark", lambda: _benchmark())
    ),
    "inference.BootstrapIntervals": Fitted(make=_inference("bootstrap", "cka", X, Y)),
    "inference.Calibration": Fitted(make=_inference("calibrate", "cka", X, Y, random_state=0)),
    "inference.Calibrations": Fitted(
        make=_inference("calibrate", ["cka", "rsa"], X, Y, random_state=0)
    ),
    "plotting.CalibrationDisplay": Fitted(
        make=_display("CalibrationDisplay", "from_calibration", _calibration)
    ),
    "plotting.BootstrapIntervalsDisplay": Fitted(
        make=_display("BootstrapIntervalsDisplay", "from_intervals", _intervals)
    ),
    "plotting.ValueDifferencesDisplay": Fitted(
        make=_display("ValueDifferencesDisplay", "from_differences", _differences)
    ),
    "plotting.ReliabilityDisplay": Fitted(
        make=_display("ReliabilityDisplay", "from_reliability", _reliability)
    ),
    "inference.FusedSimilarity": Fitted(
        make=lambda: importlib.import_module("netrep_go.inference").fuse(_cohort_comparison())
    ),
    "inference.MeasureDisagreement": Fitted(make=_disagreement),
    "inference.Reliability": Fitted(make=_inference("reliability", "cka", NETWORKS)),
    "inference.ValueDifferences": Fitted(make=_inference("compare_values", "cka", X, [Y, Z])),
    "covariates.KNNResult": Fitted(make=_covariates("knn_permutation", D, GROUPS)),
    "covariates.MantelResult": Fitted(make=_covariates("mantel", D, D2)),
    "covariates.PermanovaResult": Fitted(make=_covariates("permanova", D, GROUPS)),
    "embedding.EuclideanEmbedding": Fitted({}, {"X": D}),
    "encoding.BestLayers": Fitted(make=lambda: _best()),
    "encoding.CompressionCost": Fitted(make=_encoding("compression_cost", 50, 400, 10)),
    "encoding.EncodingBootstrap": Fitted(
        make=_encoding("bootstrap_scores", _model, VOXELS, n_bootstraps=20, random_state=0)
    ),
    "encoding.EncodingContrasts": Fitted(make=_encoding("compare_encoding", _model)),
    "encoding.EncodingModel": Fitted(
        {"alphas": 3, "cv": 3, "outer_cv": 3, "n_jobs": 1, "with_coef": True},
        {"X": FEATURES["conv"], "Y": VOXELS, "groups": RUNS},
    ),
    "encoding.EncodingModel of layers": Fitted(
        {"regression": "pcr", "n_components": 2, "cv": 3, "outer_cv": None, "n_jobs": 1},
        {"X": FEATURES, "Y": VOXELS},
    ),
    "encoding.EncodingPartition": Fitted(make=_encoding("partition_variance", FEATURES, VOXELS)),
    "encoding.EncodingPermutationTest": Fitted(
        make=_encoding(
            "permutation_test", _model, FEATURES, VOXELS, n_permutations=19, random_state=0
        )
    ),
    "encoding.FeatureDecoding": Fitted(
        make=_encoding("decode_features", VOXELS, FEATURES["fc"], cv=3)
    ),
    "encoding.Identification": Fitted(
        make=_encoding("identify", VOXELS, np.cos(VOXELS), n_permutations=9, random_state=0)
    ),
    "encoding.LabelDecoding": Fitted(make=_encoding("decode_labels", VOXELS, SHOWN, cv=3)),
    "encoding.TemporalGeneralization": Fitted(
        make=_encoding("generalize_times", SENSORS, SHOWN, cv=3)
    ),
    "encoding.StreamedPCA": Fitted({"n_components": 2}, {"X": X, "path": _new("pca")}),
    "encoding.StreamedPCA of projections": Fitted(
        {"n_components": 2, "method": "projection", "n_projected": 3, "folder": _new("pca")},
        {"X": X, "path": _new("pca")},
    ),
    "extract.ActivationStore": Fitted({"path": _activation_store}, make=_stored_activations),
    "metrics.Aligner": Fitted({}, {"X": X, "y": Y}),
    "metrics.CKNNA": _pair(X, Y, n_neighbors=4),
    "metrics.CycleKNN": _pair(X, Y, n_neighbors=3),
    "metrics.EditKNN": _pair(X, Y, n_neighbors=3),
    "metrics.EnergyStochasticMetric": _ENERGY,
    "metrics.CCA": _pair(X, Y),
    "metrics.EigenspaceOverlap": _pair(X, Y),
    "metrics.GULP": _pair(X, Y, regularization=0.1),
    "metrics.GPStochasticMetric": _pair(*PROCESSES, n_dims=2, niter=20),
    "metrics.GaussianStochasticMetric": _pair(*GAUSSIANS, niter=20),
    "metrics.LCSKNN": _pair(X, Y, n_neighbors=3),
    "metrics.AlignedCosine": _halves("AlignedCosine"),
    "metrics.CorrectedCKA": _pair(X + 2 * X[:, :1], Y + 2 * Y[:, :1]),
    "metrics.DistanceCorrelation": _pair(X, Y),
    "metrics.KernelCKA": _pair(X, Y),
    "metrics.KernelCKA of a width": _pair(X, Y, sigma=1.5),
    "metrics.LinearCKA": _pair(X, Y),
    "metrics.LinearRegressionR2": _pair(X, Y),
    "metrics.LinearMetric": _halves("LinearMetric"),
    "metrics.PWCCA": _pair(X, Y),
    "metrics.RidgePredictivity": _pair(X, Y, cv=3),
    "metrics.SVCCA": _pair(X, Y),
    "metrics.Measure": Fitted({}, _pair(X, Y).data, make=_mean_difference),
    "metrics.MeasureTable": Fitted(
        make=lambda: importlib.import_module("netrep_go.metrics").measures()
    ),
    "metrics.MutualKNN": _pair(X, Y, n_neighbors=3),
    "metrics.NeighborJaccard": _pair(X, Y, n_neighbors=3),
    "metrics.ConcentricityDifference": _pair(X, Y),
    "metrics.CorrelationMatch": _pair(X, Y),
    "metrics.IMD": _pair(X, Y, n_neighbors=2),
    "metrics.MagnitudeDifference": _pair(X, Y),
    "metrics.MatchingPath": Fitted({}, {"mass": 0.5}, make=_matching_path),
    "metrics.PartialSoftMatching": _pair(X, Y),
    "metrics.RTD": _pair(X, Y),
    "metrics.RTDLite": _pair(X, Y),
    "metrics.SoftMatching": _pair(X, Y),
    "metrics.UniformityDifference": _pair(X, Y),
    "metrics.PermutationMetric": _halves("PermutationMetric"),
    "metrics.RankSimilarity": _pair(X, Y, n_neighbors=3),
    "metrics.SecondOrderCosine": _pair(X, Y, n_neighbors=3),
    "metrics.MinibatchCKA": Fitted({}, {"X": X, "Y": Y}, make=_of_a_batch),
    "metrics.NormalizedProcrustes": _halves("NormalizedProcrustes"),
    "metrics.RSMNormDifference": _pair(X, Y),
    "multiset.DistanceStore": Fitted(
        {"path": _new("cohort"), "tile_size": 2},
        {
            "metric": "procrustes",
            "traindata": NETWORKS,
            "testdata": NETWORKS[::-1],
            "Xs": NETWORKS[:2],
            "Ys": NETWORKS[2:],
            "others": _distances_on_disk,
        },
        make=_distance_store,
    ),
    "multiset.LandmarkDistances": Fitted(
        data={"rows": np.array([0, 2]), "X": np.array([[0.5, 0.9, 1.1]])},
        make=lambda: importlib.import_module("netrep_go.multiset").landmark_distances(
            "procrustes", NETWORKS, 3, n_held_out=2, random_state=0, verbose=False
        ),
    ),
    "multiset.Neighbors": Fitted(
        make=lambda: importlib.import_module("netrep_go.multiset").nearest_neighbors(
            "procrustes", NETWORKS, n_pivots=2, verbose=False
        )
    ),
    "multiset.ProcrustesKMeans": Fitted({"n_clusters": 2, "n_restarts": 1}, {"X": NETWORKS}),
    "plotting.AlignedActivationsDisplay": Fitted(
        make=_display("AlignedActivationsDisplay", "from_activations", NETWORKS, LABELS)
    ),
    "multiset.StoreStatus": Fitted(make=lambda: _distance_store(_new("cohort")(), 2).status()),
    "plotting.BestLayersDisplay": Fitted(
        make=_display("BestLayersDisplay", "from_layers", lambda: _best())
    ),
    "plotting.CapacityDisplay": Fitted(
        make=lambda: _display(
            "CapacityDisplay", "from_estimators", lambda: {"conv": _mean_field()}
        )()
    ),
    "plotting.CenterDirectionsDisplay": Fitted(
        make=_display("CenterDirectionsDisplay", "from_directions", _found)
    ),
    "plotting.DendrogramDisplay": Fitted(make=_display("DendrogramDisplay", "from_distances", D)),
    "plotting.DistanceMatrixDisplay": Fitted(
        make=_display("DistanceMatrixDisplay", "from_distances", D)
    ),
    "plotting.EmbeddingDisplay": Fitted(make=_display("EmbeddingDisplay", "from_distances", D)),
    "plotting.FusionDisplay": Fitted(make=_display("FusionDisplay", "from_fusion", _fusion)),
    "plotting.ImageManifoldsDisplay": Fitted(
        make=_display("ImageManifoldsDisplay", "from_images", VOLUMES[:2])
    ),
    "plotting.LayerEvaluationDisplay": Fitted(
        make=_display("LayerEvaluationDisplay", "from_evaluation", _layers)
    ),
    "plotting.LayerReportDisplay": Fitted(
        make=_display("LayerReportDisplay", "from_report", lambda: _report())
    ),
    "plotting.ManifoldGeometryDisplay": Fitted(
        make=lambda: _display("ManifoldGeometryDisplay", "from_estimator", _mean_field)()
    ),
    "plotting.ModelEvaluationDisplay": Fitted(
        make=_display("ModelEvaluationDisplay", "from_evaluation", _evaluation)
    ),
    "plotting.RDMDisplay": Fitted(make=_display("RDMDisplay", "from_rdm", RDMS[0])),
    "plotting.RDMEmbeddingDisplay": Fitted(
        make=_display("RDMEmbeddingDisplay", "from_rdm", RDMS[0])
    ),
    "plotting.PermutationTestDisplay": Fitted(
        make=_display("PermutationTestDisplay", "from_test", _permuted)
    ),
    "plotting.RDMsDisplay": Fitted(make=_display("RDMsDisplay", "from_rdms", RDMS)),
    "plotting.ReweightingDisplay": Fitted(
        make=_display("ReweightingDisplay", "from_reweighting", _reweighted)
    ),
    "plotting.SearchlightDisplay": Fitted(
        make=_display("SearchlightDisplay", "from_searchlight", _lights)
    ),
    "plotting.SeparabilityDisplay": Fitted(
        make=lambda: _display(
            "SeparabilityDisplay",
            "from_estimator",
            lambda: _estimator("DirectCapacity", n_t=10).fit(MANIFOLDS),
        )()
    ),
    "plotting.TemporalGeneralizationDisplay": Fitted(
        make=lambda: _display(
            "TemporalGeneralizationDisplay",
            "from_generalization",
            _encoding("generalize_times", SENSORS, SHOWN, cv=3),
        )()
    ),
    "plotting.DisagreementDisplay": Fitted(
        make=_display("DisagreementDisplay", "from_disagreement", _disagreement)
    ),
    "plotting.ComparisonDisplay": Fitted(
        make=_display("ComparisonDisplay", "from_comparison", _comparison)
    ),
    "plotting.TimeCourseDisplay": Fitted(
        make=_display("TimeCourseDisplay", "from_time_course", _course)
    ),
    "plotting.VariancePartitionDisplay": Fitted(
        make=_display("VariancePartitionDisplay", "from_partition", _partition)
    ),
    "rbf_sampler.RBFOrthoSampler": Fitted({"n_components": 8}, {"X": X}),
    "rsa.RSA": _pair(X, Y),
    "rsa.RSA of conditions": _pair(X, Y, metric="crossnobis", conditions=SHOWN[:12], folds=LABELS),
    "rsa.ClusterResult": Fitted(
        make=_rsa("cluster_test", RESPONSES, n_permutations=19, random_state=0)
    ),
    "rsa.DistanceTest": Fitted(make=_rsa("crossnobis_test", FOLDED, TILED, RUNS)),
    "rsa.ConditionKFold": Fitted({"n_splits": 3}, {"X": RDMS.T}),
    "rsa.FeatureReweighting": Fitted({}, {"X": RESPONSES, "y": RDMS[0]}),
    "rsa.FeatureReweightingCV": Fitted({"alphas": 3, "cv": 3}, {"X": RESPONSES, "y": RDMS[0]}),
    "rsa.FeatureReweightingResult": Fitted(
        make=_rsa("reweight_features", WIDE, JUDGED, alphas=3, cv=4, inner_cv=3, random_state=0)
    ),
    "rsa.ExemplarInformation": Fitted(make=_rsa("exemplar_information", SQUARES)),
    "rsa.FlexibleModel": Fitted(make=lambda: _flexible()),
    "rsa.Fusion": Fitted(
        data={"time": 2.0, "path": _new("fusion"), "n_permutations": 19}, make=_fusion
    ),
    "rsa.GroupComparison": Fitted(make=_rsa("compare_groups", RDMS, RDMS[::-1] ** 2)),
    "rsa.LayerEvaluation": Fitted(make=_layers),
    "rsa.ModelContrasts": Fitted(make=lambda: _rsa("compare_models", _evaluation())()),
    "rsa.ModelEvaluation": Fitted({}, {"contrasts": np.array([[1.0, -1.0]])}, make=_evaluation),
    "rsa.NoiseCeiling": Fitted(make=_rsa("noise_ceiling", RDMS)),
    "rsa.NoiseCeilings": Fitted(make=_rsa("noise_ceilings", RDMS.reshape(2, 2, 36))),
    "rsa.NoiseNormalizer": Fitted({}, {"X": X}),
    "rsa.PermutationTest": Fitted(
        make=_rsa("permutation_test", list(MODELS), RDMS, n_permutations=19, random_state=0)
    ),
    "rsa.Reweighting": Fitted(make=_rsa("reweight", list(MODELS), RDMS, cv=3, random_state=0)),
    "rsa.Betas": Fitted(make=_rsa("read_betas", BETAS, TABLE)),
    "rsa.SearchlightResult": Fitted(
        make=_rsa(
            "searchlight",
            VOLUMES,
            MODELS[:, :15],
            mask=VOLUMES[0] < 9,
            radius=2.5,
            metric="euclidean",
            affine=BETAS.affine,
        )
    ),
    "rsa.TimeCourse": Fitted(make=_course),
    "rsa.VariancePartition": Fitted(make=_partition),
}

# Functions that write to their arguments, as they say.
IN_PLACE = ("utils.fwht", "utils.struc_orth_matvec")

# What is taken although most would refuse it: beginning of the entry, argument, mutation, or * for
# any; and why it is right.
TAKEN: dict[tuple[str, str, str], str] = {
    ("capacity.ball_capacity", "*", "an axis behind"): "arguments broadcast",
    ("capacity.cover_separability", "*", "an axis behind"): "arguments broadcast",
    ("capacity.ball_capacity", "kappa", "True"): "arrays of bool are numbers",
    ("capacity.MeanFieldCapacity", "kappa", "True"): "arrays of bool are numbers",
    ("datasets.affine_manifolds", "images", "times 1e-150"): "returns float32, as it says",
    ("datasets.affine_manifolds", "images", "times 1e-300"): "returns float32, as it says",
    ("plotting.ImageManifoldsDisplay", "images", "an axis before"): "the last axis is of colors",
    ("plotting.ImageManifoldsDisplay", "images", "5-D"): "the last axis is of colors",
    ("datasets.preprocess_images", "images", "an axis behind"): "a last axis of 3 is of colors",
    ("capacity.MeanFieldCapacity", "kappa", "list of it"): "a list gives a row for each margin",
    ("datasets.preprocess_images", "images", "int64"): "whole numbers are levels up to 255",
    ("datasets.preprocess_images", "images", "int8"): "whole numbers are levels up to 255",
    ("datasets.preprocess_images", "images", "uint8"): "whole numbers are levels up to 255",
    ("datasets.preprocess_images", "images", "uint64"): "whole numbers are levels up to 255",
    ("encoding.", "Y", "one NaN"): "missing responses: tests/test_encoding.py has the right values",
    ("encoding.", "groups", "text"): "scikit-learn sorts groups by name",
    ("encoding.decode_labels", "y", "text"): "names are the labels",
    ("encoding.encode_times", "data", "one NaN"): "missing responses, as Y of EncodingModel",
    ("encoding.EncodingModel.fit", "alphas", "float of the same value"): "a float is a penalty",
    ("encoding.EncodingModel.fit", "alphas", "a half more"): "a float is a penalty",
    ("inference.calibrate", "measure", "list of it"): "a list has several measures",
    ("encoding.EncodingModel.fit", "alphas", "list of it"): "a list has the penalties",
    ("encoding.StreamedPCA.fit", "folder", "*"): "loadings are on the disk, where none is read",
    ("encoding.partition_variance", "model", "None"): "stands for the default model",
    ("conformance.check", "measure", "a lambda"): "any function may be a measure",
    ("extract.activations", "store", "text"): "any text is a path",
    ("extract.activations", "X", "times 1e-150"): "the model computes in float32",
    ("extract.activations", "X", "times 1e-300"): "the model computes in float32",
    ("extract.activations", "X", "one inf"): "what a model makes of infinity is the model's",
    ("extract.activations", "X", "one -inf"): "what a model makes of infinity is the model's",
    ("metrics.AccuracyDifference", "y", "text"): "labels are columns: text says nothing of them",
    ("rsa.RSA.fit of", "folds", "*"): "any labels that can be told apart are folds, as in rdm",
    ("rsa.crossnobis_test", "folds", "*"): "any labels that can be told apart, as in rdm",
    ("rsa.crossnobis_test", "conditions", "text"): "names are the labels",
    ("rsa.crossnobis_reliability", "folds", "*"): "any labels that can be told apart, as in rdm",
    ("rsa.searchlight of", "residual_folds", "*"): "any labels that can be told apart are folds",
    ("rsa.rdm of", "folds", "*"): "any labels that can be told apart are folds",
    ("rsa.searchlight of", "folds", "*"): "any labels that can be told apart are folds, as in rdm",
    ("rsa.time_resolved of", "folds", "*"): "any labels that can be told apart are folds",
    ("rsa.ConditionKFold", "X", "*"): "only the number of rows counts, as in scikit-learn",
    ("rsa.FeatureReweightingCV", "alphas", "list of it"): "a list has the penalties",
    ("rsa.reweight_features", "alphas", "list of it"): "a list has the penalties",
    ("rsa.patterns", "data", "one inf"): "taken as it was measured",
    ("rsa.patterns", "data", "one -inf"): "taken as it was measured",
    ("rsa.patterns", "data", "above float64"): "taken as it was measured",
    **{
        (function, name, odd): "voxels that are not finite are left out"
        for function, name in (
            ("rsa.searchlight", "data"),
            ("rsa.searchlight", "residuals"),
            ("rsa.regions", "data"),
            ("rsa.region_rdms", "data"),
        )
        for odd in ("one inf", "one -inf", "above float64", "the last has NaN")
    },
    ("rsa.searchlight", "data", "an axis before"): "a first axis is one of subjects",
    ("rsa.searchlight", "data", "5-D"): "a first axis is one of subjects",
    ("rsa.searchlight_noise_ceiling", "data", "the last has NaN"): "such voxels are left out",
    ("rsa.searchlight", "mask", "above float64"): "what is not 0 is inside",
    ("rsa.fusion", "spatial", "an array within"): "a list is of subjects",
    ("rsa.fusion", "spatial", "the last has NaN"): "missing responses, as in rdm",
    ("rsa.fusion of searchlights", "mask", "above float64"): "what is not 0 is inside",
    ("rsa.fusion of searchlights", "spatial", "one inf"): "left out, as in searchlight",
    ("rsa.fusion of searchlights", "spatial", "one -inf"): "left out, as in searchlight",
    ("rsa.fusion of searchlights", "spatial", "one NaN"): "left out, as in searchlight",
    ("rsa.fusion of searchlights", "spatial", "above float64"): "left out, as in searchlight",
    ("rsa.volume_adjacency", "mask", "above float64"): "what is not 0 is inside",
    ("rsa.volume_adjacency", "mask", "raveled"): "a row of voxels is a grid",
    ("plotting.AlignedActivationsDisplay", "y", "text"): "labels are kept as they are",
    ("report.layer_report", "networks", "an array within"): "one network with these layers",
    ("report.layer_report", "rdms", "one NaN"): "missing entries, as in rsa",
    ("report.layer_report", "targets", "one NaN"): "missing responses, as Y of EncodingModel",
    ("rsa.", "*", "one NaN"): "missing entries: tests/test_missing.py has the right values",
    ("rsa.", "models", "the last has NaN"): "missing entries: tests/test_missing.py",
    ("utils.fwht", "a", "*"): "is written to: floats that can be written, of any value",
    ("utils.struc_orth_matvec", "*", "*"): "is written to: floats that can be written",
    ("utils.centered_kernel", "metric", "a lambda"): "a kernel may be a function",
}

# What is still wrong or unclear, or hangs, and has to be mended: entry and mutation. Tests fail on
# others.
OPEN: set[tuple[str, str]] = set()

# What is public but not varied, and why.
LEFT_OUT = {
    "inference.benchmark_measures": "trains networks: tests/test_benchmark.py tries its arguments",
    "datasets.objects92": "needs the files of the 92 objects: tests/test_objects92.py",
    "mftma.utils.activation_extractor.extractor": "needs PyTorch: make test-frameworks",
    **({} if find_spec("ripser") else {"metrics.RTD": "needs ripser, the extra topology"}),
}
# Methods that are not varied, and why.
LEFT_OUT_METHODS = {
    "rsa.SearchlightResult.to_gifti": "the example is of a volume: tests/test_rsa_surfaces.py",
    **(
        {}
        if find_spec("nibabel")
        else {"rsa.SearchlightResult.to_nifti": "needs nibabel, the extra neuro"}
    ),
}


@functools.cache
def _mean_field():
    return _estimator("MeanFieldCapacity", n_t=10).fit(MANIFOLDS)


def public(package=netrep_go):
    """Return the callables of every ``__all__`` of a package, by their shortest paths."""
    modules = [package] + [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + ".")
        if not any(part.startswith("_") for part in found.name.split("."))
    ]
    known: dict[int, str] = {}
    for module in modules:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if callable(value) and not inspect.ismodule(value):
                path = f"{module.__name__}.{name}".removeprefix(package.__name__ + ".")
                known.setdefault(id(value), path)
    return {path: _at(package, path) for path in known.values()}


def _at(package, path):
    module, _, name = f"{package.__name__}.{path}".rpartition(".")
    return getattr(importlib.import_module(module), name)


def methods(cls, package=netrep_go):
    """Return the public methods that a class of a package defines or inherits in it."""
    return [
        name
        for name in dir(cls)
        if not name.startswith("_")
        and callable(method := getattr(cls, name))
        and getattr(method, "__module__", "").startswith(package.__name__)
    ]


def entries(package=netrep_go, calls=CALLS, classes=CLASSES):
    """Return what can be varied, by path, and a line for each thing that has no example."""
    found: dict[str, Entry] = {}
    missing: list[str] = []
    for path, value in public(package).items():
        if path in LEFT_OUT:
            continue
        ours = methods(value, package) if inspect.isclass(value) else []
        ours = [name for name in ours if f"{path}.{name}" not in LEFT_OUT_METHODS]
        for name in ours:
            if inspect.ismethod(getattr(value, name)):
                _add(found, missing, f"{path}.{name}", getattr(value, name), calls)
        if not inspect.isclass(value) or path in calls:
            _add(found, missing, path, value, calls)
        elif path not in classes:
            missing.append(f"{path} has no example: give it parameters and data in CLASSES")
        else:
            bound = [name for name in ours if not inspect.ismethod(getattr(value, name))]
            for key in (key for key in classes if key.split(" ")[0] == path):
                for name, entry in _methods(value, classes[key], bound):
                    if isinstance(entry, str):
                        missing.append(f"{path}.{name} has no example: CLASSES lacks {entry}")
                    else:
                        found[f"{path}.{name}{key.removeprefix(path)}"] = entry
    return found, missing


def _add(found, missing, path, function, calls):
    if path not in calls:
        missing.append(f"{path} has no example: give it arguments in CALLS")
    else:
        for key in calls:
            if key.split(" ")[0] == path:
                found[key] = Entry(function, _complete(function, calls[key]))


def _complete(function, given):
    """Return the arguments of a function, defaults too; those with an effect on results fixed."""
    signature = inspect.signature(function)
    defaults = {
        name: p.default for name, p in signature.parameters.items() if p.default is not p.empty
    }
    fixed = {"random_state": 0, "seed": 0, "verbose": False}
    complete = {**defaults, **{k: v for k, v in fixed.items() if k in defaults}, **given}
    complete.pop("ax", None)
    return complete


def _methods(cls, example, names):
    """Yield the methods of a class as entries, or the name of an argument that is missing."""
    params = _complete(example.make or cls, example.params)
    order = ["fit", *names] if "fit" in names else names
    if example.make is not None and params:  # made of an argument
        yield "__init__", Entry(example.make, params)
    for name in dict.fromkeys(order):
        signature = inspect.signature(getattr(cls, name)).parameters
        needed = [
            k
            for k, p in signature.items()
            if k != "self"
            and p.default is p.empty
            and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        ]
        lacking = [k for k in needed if k not in example.data]
        if lacking:
            yield name, lacking[0]
            continue
        given = {k: v for k, v in example.data.items() if k in signature}
        arguments = _complete(getattr(cls, name), given)
        arguments.pop("self", None)
        if name == "fit" and example.make is None:
            yield name, Entry(functools.partial(_fit, cls, tuple(params)), params | arguments)
        else:
            made = functools.partial(_made, cls, example, name)
            yield name, Entry(functools.partial(_method, made, name), arguments)


def _fit(cls, params, **arguments):
    estimator = cls(**{k: arguments.pop(k) for k in params})
    return estimator.fit(**arguments)


# Methods of what was not fitted before.
FIRST = (
    "cross_distances",
    "finalize_fit",
    "fit_score",
    "fit_transform",
    "pairwise_distances",
    "partial_fit",
)


def _made(cls, example, method):
    params = resolved(_complete(example.make or cls, example.params))
    fresh = method in FIRST and example.params  # the class itself, not what was made before
    if example.make is not None and not fresh:
        return example.make(**params)
    estimator = cls(**params)
    if method in FIRST or not hasattr(cls, "fit"):
        return estimator
    signature = inspect.signature(cls.fit).parameters
    return estimator.fit(**{k: v for k, v in example.data.items() if k in signature})


def _method(made, name, **arguments):
    method = getattr(made(), name)
    parameters = inspect.signature(method).parameters.items()
    several = [k for k, p in parameters if p.kind is p.VAR_POSITIONAL and k in arguments]
    return method(*[arguments.pop(k) for k in several], **arguments)


def resolved(arguments):
    """Return arguments with those made that are made at their use, and all copied."""
    made = {k: v() if is_recipe(v) else v for k, v in arguments.items()}
    return copy.deepcopy(made)


def is_recipe(value):
    if value is mean_difference:
        return False
    return inspect.isfunction(value) or isinstance(value, functools._lru_cache_wrapper)
