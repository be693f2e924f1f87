"""Numbers of any size: the right value, which follows the unit of the data, or a clear error."""

import numpy as np
import pytest
from estimators import CAPACITY, fast
from numpy.testing import assert_allclose
from test_measures import SETTINGS, source

from netrep_go import capacity, utils
from netrep_go.capacity import project_on_cone
from netrep_go.covariates import mantel
from netrep_go.embedding import EuclideanEmbedding
from netrep_go.metrics import Aligner, UniformityDifference
from netrep_go.mftma import alldata_dimension_analysis
from netrep_go.plotting._dendrogram import average_linkage
from netrep_go.plotting._embedding import multidimensional_scaling
from netrep_go.rsa import (
    FeatureReweighting,
    FeatureReweightingCV,
    cluster_test,
    compare,
    evaluate,
    rdm,
    remix,
    reweight_features,
)
from netrep_go.rsa._compare import SIMILARITIES
from netrep_go.rsa._rdm import FOLDED_METRICS, METRICS

SCALES = [1e-300, 1e-160, 1e-80, 1e80, 1e160, 1e300]

at_every_scale = pytest.mark.parametrize("scale", SCALES)

# What an error of size says: that it is one, of what, and often what to do.
CLEAR = (
    "rescale|too (large|small)|leave the range|do not vary|infinity or a value too large|constant "
    "over|all 0 over"
)


def follows(function, scale, power=0):
    """Compare a function of the scale with that at scale 1, unless it says that it cannot be."""
    expected = np.asarray(function(1.0), np.float64)
    try:
        found = np.asarray(function(scale), np.float64)
    except np.linalg.LinAlgError:
        raise
    except ValueError:
        with pytest.raises(ValueError, match=CLEAR):
            raise
        return
    assert_allclose(found / scale**power, expected, rtol=1e-6, atol=1e-7)


def scaled(x, data, scale):
    if data in ("gaussians", "process"):
        with np.errstate(over="ignore", under="ignore"):
            return x[0] * scale, x[1] * scale * scale
    return x * scale


def equivariant(measure):
    """Whether the unit of the data makes no difference but to the unit of the distance."""
    if getattr(measure, "sigma", "median") != "median":
        return False
    if isinstance(measure, UniformityDifference):
        return measure.normalize
    if measure.properties.data == "outputs":
        return "scale" in measure.properties.invariances
    return getattr(getattr(measure, "metric", measure), "alpha", 1) in (0, 1, 2)


@at_every_scale
@pytest.mark.parametrize("measure", [m for m in SETTINGS if equivariant(m)], ids=str)
def test_measures(measure, scale):
    xs = source(measure).networks(np.random.default_rng(0), 2)
    data = measure.properties.data
    unit = 0.5 if data == "repeats" else 1  # the energy distance is a root of distances
    if getattr(measure, "metric", None) == "sqeuclidean":
        unit = 2
    if "scale" in measure.properties.invariances:
        unit = 0
    follows(lambda s: measure.fit_score(*(scaled(x, data, s) for x in xs)), scale, unit)


@at_every_scale
@pytest.mark.parametrize("metric", [m for m in METRICS if m not in ("mahalanobis", "poisson")])
def test_rdms(metric, scale):
    x = np.random.default_rng(0).standard_normal((20, 4))
    design = {"conditions": np.tile(np.arange(4), 5)}
    if metric in FOLDED_METRICS:
        design["folds"] = np.repeat(np.arange(5), 4)
    power = {"euclidean": 1, "sqeuclidean": 2, "crossnobis": 2}.get(metric, 0)
    if not 1e-150 < scale < 1e150:  # the same range for all, though some could do more
        with pytest.raises(ValueError, match=CLEAR):
            rdm(x * scale, metric=metric, **design)
    else:
        follows(lambda s: rdm(x * s, metric=metric, **design), scale, power)


@at_every_scale
@pytest.mark.parametrize("method", SIMILARITIES)
def test_similarities_of_rdms(method, scale):
    rng = np.random.default_rng(0)
    x, y = (rdm(rng.standard_normal((7, 9)), "sqeuclidean") for _ in range(2))
    follows(lambda s: compare(x * s, y, method), scale)
    follows(lambda s: compare(x, y * s, method), scale)
    if method != "neg_riem_dist":  # with x + y it has two minima, of which the unit finds one
        follows(
            lambda s: evaluate(x * s, [y, x + y], method=method).to_frame()["similarity"], scale
        )


def manifolds():
    rng = np.random.default_rng(0)
    return [rng.standard_normal((6, 20)) + 3 * rng.standard_normal(20) for _ in range(5)]


@at_every_scale
@pytest.mark.parametrize("cls", CAPACITY)
def test_capacity(cls, scale):
    X, y = np.vstack(manifolds()), np.repeat(np.arange(5), 6)
    follows(lambda s: fast(cls).fit(X * s, y).capacity_, scale)


FUNCTIONS = {
    "participation_ratio": lambda s: capacity.participation_ratio(manifolds()[0] * s),
    "explained_variance": lambda s: capacity.explained_variance_dimension(manifolds()[0] * s),
    "center_correlations": lambda s: capacity.center_correlations([x * s for x in manifolds()]),
    "manifold_radii": lambda s: capacity.manifold_radii([x * s for x in manifolds()]),
    "spectral_radii": lambda s: capacity.spectral_radii([x * s for x in manifolds()]),
    "center_directions": lambda s: (
        capacity.find_center_directions([x * s for x in manifolds()], random_state=0).directions
    ),
    "correlation_cost": lambda s: capacity.center_correlation_cost(
        np.array([x.mean(axis=0) for x in manifolds()]) * s, np.eye(20, 2)
    )[0],
    "angular_distance": lambda s: utils.angular_distance(*(x * s for x in manifolds()[:2])),
    "align": lambda s: utils.align(*(x[:, :4] * s for x in manifolds()[:2])),
    "align permutation": lambda s: utils.align(
        *(x[:, :4] * s for x in manifolds()[:2]), group="perm"
    ).toarray(),
    "mantel": lambda s: mantel(*distances(s), n_permutations=99, random_state=0).pvalue,
    "mantel statistic": lambda s: mantel(*distances(s), n_permutations=9).statistic,
}


def distances(scale):
    D = np.random.default_rng(0).random((2, 8, 8)) * scale
    D += D.swapaxes(1, 2)
    D[:, np.arange(8), np.arange(8)] = 0
    return D


@at_every_scale
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, scale):
    follows(FUNCTIONS[name], scale)


def judged():
    x = np.random.default_rng(0).standard_normal((24, 3))
    return x, rdm(x * [1.0, 2.0, 0.5], "sqeuclidean")


def reweighting(s, t, kind=FeatureReweighting, **options):
    x, y = judged()
    return kind(**options).fit(x * s, y * t)


def reweighted(s, t):
    x, y = judged()
    return reweight_features(x * s, y * t, alphas=3, cv=3, inner_cv=2, random_state=0)


def cone(s, t, **options):
    x, y = np.random.default_rng(0).standard_normal((2, 5, 4)) + 0.3
    return project_on_cone(x * s, y * t, **options)


def gram_cone(s, t):
    x, y = np.random.default_rng(0).standard_normal((2, 5, 4)) + 0.3
    return project_on_cone(x @ y.T * s, y @ y.T * t, precomputed=True)


def clusters(s):
    scores = np.random.default_rng(0).standard_normal((8, 30)) + 0.5
    return cluster_test(scores * s, popmean=0.1 * s, n_permutations=19, random_state=0)


def embedded(s, t):
    D = distances(1.0)[0]
    return EuclideanEmbedding(3).fit(D * s).score(D[:4] * t)


CV = {"kind": FeatureReweightingCV, "cv": 3, "random_state": 0}

# Functions of the scale, and the power of it that their results are of.
POWERS = {
    "weights of features": (lambda s: reweighting(s, 1, alpha=0).coef_, -2),
    "weights of features by y": (lambda s: reweighting(1, s).coef_, 1),
    "penalty": (lambda s: reweighting(s, 1, **CV).alpha_, 4),
    "penalty by y": (lambda s: reweighting(1, s, **CV).alpha_, 0),
    "prediction": (lambda s: reweighted(s, 1).prediction, 0),
    "prediction by y": (lambda s: reweighted(1, s).prediction, 1),
    "score": (lambda s: reweighting(1, s, alpha=0.1).score(judged()[0], judged()[1] * s), 0),
    "readouts": (lambda s: remix(*(x[:20] * s for x in normal()), [0, 1] * 10), 0),
    "cone": (lambda s: cone(s, 1).weights, 1),
    "generators": (lambda s: cone(1, s).weights, -1),
    "norm": (lambda s: cone(1, s).squared_norm, 0),
    "counts": (lambda s: cone(s, s).n_active, 0),
    "products": (lambda s: gram_cone(s, 1).weights, 1),
    "Gram matrix": (lambda s: gram_cone(1, s).weights, -1),
    "t": (lambda s: clusters(s).statistic, 0),
    "masses": (lambda s: clusters(s).null_distribution, 0),
    "embedding": (lambda s: embedded(s, s), 0),
    "order of leaves": (lambda s: average_linkage(distances(s)[0])[:, [0, 1, 3]], 0),
    "explained variance": (
        lambda s: alldata_dimension_analysis([x.T * s for x in manifolds()], perc=0.8)[1],
        0,
    ),
    "embedding of an RDM": (lambda s: multidimensional_scaling(distances(s)[0])[0], 1),
    "stress": (lambda s: multidimensional_scaling(distances(s)[0])[1], 0),
    "heights": (lambda s: average_linkage(distances(s)[0])[:, 2], 1),
}


def normal():
    return np.random.default_rng(0).standard_normal((2, 20, 3))


@at_every_scale
@pytest.mark.parametrize("name", POWERS)
def test_models(name, scale):
    function, power = POWERS[name]
    follows(function, scale, power)


def test_small_references_are_refused():
    model = Aligner().fit(*normal())
    with pytest.raises(ValueError, match="y must be of a size"):
        model.score(normal()[0], normal()[1] * 1e-300)
    assert np.isfinite(model.score(normal()[0], normal()[1] * 1e-140))


def test_new_distances_of_another_unit():
    """They are far off, by as much as is right."""
    near, far = (embedded(1, scale) for scale in (1e3, 1e150))
    assert_allclose(far / near, 1e147, rtol=1e-2)


def test_generators_of_different_sizes():
    """They span the same cone."""
    x, y = np.random.default_rng(0).standard_normal((2, 5, 4)) + 0.3
    sizes = 10.0 ** np.array([-300, -150, 0, 150, 300])
    plain, found = project_on_cone(x, y), project_on_cone(x, y * sizes[:, np.newaxis])
    assert_allclose(found.weights * sizes, plain.weights, rtol=1e-10, atol=1e-12)
    assert_allclose(found.squared_norm, plain.squared_norm, rtol=1e-12)


@at_every_scale
def test_separate(scale):
    x = manifolds()[0]
    follows(lambda s: capacity.separate(x * s, [0, 1, 0, 1, 1, 0]).margin, scale, 1)


def test_zeros_are_no_small_numbers():
    with pytest.raises(ValueError, match="zero"):
        utils.angular_distance(np.zeros((3, 2)), np.ones((3, 2)))
    assert utils.sq_bures_metric(np.zeros((2, 2)), np.eye(2)) == pytest.approx(2)
    assert rdm(np.zeros((4, 3)), "euclidean").tolist() == [0.0] * 6
