"""Entry points of Python on two matrices, and the layouts that matrices come in."""

import warnings

import numpy as np
from estimators import CAPACITY, IN_MATRICES, fast, learnt

from netrep_go.capacity import (
    DirectCapacity,
    center_correlation_cost,
    find_center_directions,
    project_on_cone,
    separate,
)
from netrep_go.conv_layers import ConvolutionalMetric
from netrep_go.covariates import mantel
from netrep_go.metrics import (
    Aligner,
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    LinearMetric,
    PermutationMetric,
    get_measure,
    neg_distance_scorer,
)
from netrep_go.multiset import (
    ProcrustesKMeans,
    cross_distances,
    euclidean_tangent_space,
    frechet_mean,
    pairwise_distances,
)
from netrep_go.rsa import (
    NoiseNormalizer,
    cluster_test,
    compare,
    evaluate,
    noise_ceilings,
    permutation_test,
    rdm,
    searchlight,
    searchlight_noise_ceiling,
    time_resolved,
)
from netrep_go.utils import fwht, sq_bures_metric, whiten


def strided(x, _):
    wide = np.full((2 * x.shape[0], 3 * x.shape[1]), np.nan)
    wide[::2, ::3] = x
    return wide[::2, ::3]


def unaligned(x, _):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    y = memory[1:].view(np.float64).reshape(x.shape)
    y[:] = x
    assert not y.flags.aligned
    return y


def read_only(x, _):
    y = x.copy()
    y.flags.writeable = False
    return y


def memmap(x, folder):
    path = folder / f"{len(list(folder.iterdir()))}.dat"
    x.tofile(path)
    return np.memmap(path, x.dtype, mode="r", shape=x.shape)


LAYOUTS = {
    "fortran": lambda x, _: np.asfortranarray(x),
    "strided": strided,
    "negative": lambda x, _: x[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda x, _: np.ascontiguousarray(x.T).T,
    "broadcast": lambda x, _: np.broadcast_to(x[:, :1], x.shape),
    "unaligned": unaligned,
    "big_endian": lambda x, _: x.astype(">f8"),
    "float32": lambda x, _: x.astype(np.float32),
    "int8": lambda x, _: x.astype(np.int8),
    "bool": lambda x, _: x > 0,
    "object": lambda x, _: x.astype(object),
    "read_only": read_only,
    "memmap": lambda x, folder: memmap(x, folder).view(),
}


def fit(x, y):
    metric = LinearMetric(alpha=0.5).fit(x, y)
    return metric.mx_, metric.my_, metric.Wx_, metric.Wy_, metric.rank_


def aligner(x, y):
    model = Aligner(alpha=0.5).fit(x, y)
    return model.coef_, model.mean_, model.target_mean_, model.transform(x)


def direct_capacity(x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few features, hence no capacity
        return [
            DirectCapacity(method, n_t=50, tol=0.2, random_state=0).fit([x, y]).separability_
            for method in ("conic", "search")
        ]


def capacity_of(cls):
    def entry(x, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # few dichotomies are separable
            return learnt(fast(cls).fit([x, y]))

    return entry


def measure_of(name):
    def entry(x, y):
        return distances_of(get_measure(name), x, y)

    return entry


def matched(x, y):
    metric = PermutationMetric().fit(x, y)
    return metric.Py_, metric.score(x, y)


def energy(x, y):
    metric = EnergyStochasticMetric()
    x, y = x[None], y[None]  # 14 responses to one input
    metric.fit(x, y)
    return metric.Q, metric.score(x, y), distances_of(metric, x, y)


def gaussian(x, y):
    metric = GaussianStochasticMetric()
    x, y = ((means, np.broadcast_to(COVARIANCE, (14, 4, 4))) for means in (x, y))
    metric.fit(x, y)
    return metric.T, metric.score(x, y), distances_of(metric, x, y)


def distances_of(metric, x, y):
    return pairwise_distances(metric, [x, y], [y, x], verbose=False)


def mean(x, y):
    average = frechet_mean([x, y], random_state=0)
    return average, euclidean_tangent_space([x, y], average)


def kmeans(x, y):
    model = ProcrustesKMeans(2, random_state=0).fit([x, y, y])
    return model.cluster_centers_, model.labels_


def transformed(x):
    work = np.array(x[:8, 0], np.float64)
    fwht(work)
    return work


def mantel_of(x, y):
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    D1, D2 = (np.maximum(z, z.T) * apart for z in (x, y))
    result = mantel(D1, D2, method="spearman", n_permutations=9, random_state=0)
    return result.statistic, result.null_distribution


def of_maps(x):
    found = cluster_test(x, correction="tfce", n_permutations=9, random_state=0)
    groups = cluster_test(x[:5], x[5:], correction="max", n_permutations=9, random_state=0)
    return [found.pvalue_corrected, groups.statistic]


def ceilings(*subjects):
    subjects = [x.astype(float) if x.dtype.kind == "O" else x for x in subjects]  # which it refuses
    around = searchlight_noise_ceiling(subjects, neighbors=[[0, 1, 2, 3]], metric="euclidean")
    inside = searchlight_noise_ceiling(subjects, mask=np.ones(4), radius=3, metric="euclidean")
    return around.scores, inside.scores


def searchlights(x):
    if x.dtype.kind == "O":  # which it refuses
        x = x.astype(np.float64)
    around = searchlight(x, MODEL, neighbors=[[0, 1], [1, 2, 3]], metric="euclidean")
    inside = searchlight(x, MODEL, mask=np.ones(4), radius=1, metric="euclidean")
    return around.scores, inside.scores


def over_time(x):
    design = {"conditions": np.arange(14) % 7, "folds": np.arange(14) // 7, "metric": "crossnobis"}
    noise = {"noise": NoiseNormalizer(), "noise_from": "pooled"}
    return time_resolved(x[:, :, np.newaxis], MODEL[:21], **design, **noise).scores


COVARIANCE = np.eye(4) + 0.5
MODEL = np.random.default_rng(4).random(91)
METRIC = LinearMetric(alpha=0.5)
TRAINED = LinearMetric(alpha=0.5).fit(
    np.random.default_rng(1).standard_normal((9, 4)),
    np.random.default_rng(2).standard_normal((9, 4)),
)
ENTRY_POINTS = {
    "fit": fit,
    "partial_fit": lambda x, y: METRIC.partial_fit(x),
    "transform": lambda x, y: TRAINED.transform(x, y),
    "fit_transform": lambda x, y: LinearMetric().fit_transform(x, y),
    "score": lambda x, y: TRAINED.score(x, y),
    "fit_score": lambda x, y: LinearMetric().fit_score(x, y),
    "neg_distance_scorer": lambda x, y: neg_distance_scorer(TRAINED, x, y),
    "LinearMetric.pairwise_distances": lambda x, y: METRIC.pairwise_distances(
        [x, y], [y, x], verbose=False
    ),
    "pairwise_distances": lambda x, y: pairwise_distances(METRIC, [x, y, x], verbose=False),
    "cross_distances": lambda x, y: cross_distances(
        METRIC, [x], [y, x], [y], [x, y], verbose=False
    ),
    "Aligner": aligner,
    "find_center_directions": lambda x, y: find_center_directions(
        [x[:3], x[3:6], x[6:7], y], random_state=0
    ),
    "center_correlation_cost": lambda x, y: center_correlation_cost(x, np.eye(4)[:, :1]),
    "separate": lambda x, y: separate(x, np.arange(14) % 2),
    "project_on_cone": lambda x, y: project_on_cone(x, y),
    "compare": lambda x, y: compare(x[:, :3], y[:, 1:], "rho-a"),
    "DirectCapacity, both methods": direct_capacity,
    "evaluate": lambda x, y: (
        evaluate(
            x[:, :3], y[:, 1:], "rho-a", resample="subjects", n_bootstraps=9, random_state=0
        ).draws
    ),
    "noise_ceilings": lambda x, y: (
        noise_ceilings([x[:, :3], y[:, 1:]], "rho-a", n_permutations=3, random_state=0).lower
    ),
    "searchlight_noise_ceiling": ceilings,
    "permutation_test": lambda x, y: (
        permutation_test(
            x[:, :3], y[:, 1:], "rho-a", n_permutations=9, random_state=0
        ).null_distribution
    ),
    "rdm": lambda x, y: rdm([x, y], "sqeuclidean"),
    "PermutationMetric": matched,
    "EnergyStochasticMetric": energy,
    "GaussianStochasticMetric": gaussian,
    "ConvolutionalMetric": lambda x, y: ConvolutionalMetric().fit_score(
        x[:, None, None, :], y[:, None, None, :]
    ),
    "frechet_mean": mean,
    "ProcrustesKMeans": kmeans,
    "searchlight": lambda x, y: searchlights(x),
    "time_resolved": lambda x, y: over_time(x),
    "cluster_test": lambda x, y: of_maps(x),
    "mantel": lambda x, y: mantel_of(x[:4], y[:4]),
    "fwht": lambda x, y: transformed(x),
    "sq_bures_metric": lambda x, y: sq_bures_metric(COVARIANCE, COVARIANCE + float(x[0, 0] ** 2)),
    "whiten": lambda x, y: whiten(x, 0.5),
    **{name: measure_of(name) for name in IN_MATRICES},
    **{cls.__name__: capacity_of(cls) for cls in CAPACITY},
}


def owned_bytes(x):
    """Return all the memory that an array is a view of."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x.tobytes()


GOOD = np.random.default_rng(0).standard_normal((12, 4))


def laid_out(inputs, layout):
    """Return inputs with their arrays of numbers, those in lists too, in a layout."""

    def lay_out(value):
        if isinstance(value, list):
            return [lay_out(item) for item in value]
        return layout(value) if isinstance(value, np.ndarray) else value

    return {name: lay_out(value) for name, value in inputs.items()}
