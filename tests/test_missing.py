"""What has no value, or is no number: masks, texts, dates and labels, at every entry point."""

import datetime
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from netrep_go import capacity, covariates, embedding, metrics, mftma, multiset, rsa, utils
from netrep_go._validation import as_codes, as_matrix
from netrep_go.conv_layers import convolve_metric
from netrep_go.rbf_sampler import RBFOrthoSampler

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 4))
Y = RNG.standard_normal((12, 4))
CUBE = RNG.standard_normal((4, 5, 5, 5))
GROUPS = np.repeat([0, 1, 2], 4)
RDMS = RNG.random((4, 15))
D = np.abs(np.subtract.outer(X[:, 0], X[:, 0]))
FITTED = metrics.LinearMetric().fit(X, Y)
GAUSSIANS = X[:, :3], np.tile(np.eye(3), (12, 1, 1))


def metric(name):
    return getattr(metrics, name)()


# What takes data: the name of the argument, how it is called, and the data.
DATA = {
    "LinearMetric.fit": (lambda x: metric("LinearMetric").fit_score(x, Y), X),
    "LinearMetric.fit Y": (lambda x: metric("LinearMetric").fit_score(Y, x), X),
    "LinearMetric.score": (lambda x: FITTED.score(x, Y), X),
    "LinearMetric.transform": (lambda x: FITTED.transform(Y, x), X),
    "LinearMetric.partial_fit": (lambda x: FITTED.partial_fit(x)[1], X),
    "PermutationMetric": (lambda x: metric("PermutationMetric").fit_score(x, Y), X),
    "LinearCKA": (lambda x: metric("LinearCKA").fit_score(Y, x), X),
    "Gaussian": (
        lambda x: metric("GaussianStochasticMetric").fit_score((x, GAUSSIANS[1]), GAUSSIANS),
        GAUSSIANS[0],
    ),
    "covariances": (
        lambda x: metric("GaussianStochasticMetric").fit_score((GAUSSIANS[0], x), GAUSSIANS),
        GAUSSIANS[1],
    ),
    "Energy": (
        lambda x: metric("EnergyStochasticMetric").fit_score(x, CUBE[0]),
        CUBE[1],
    ),
    "ConvolutionalMetric": (
        lambda x: metrics.ConvolutionalMetric(max_shift=0).fit_score(x, CUBE),
        CUBE + 1,
    ),
    "convolve_metric": (
        lambda x: convolve_metric(metric("LinearMetric"), x, CUBE, verbose=False),
        CUBE + 1,
    ),
    "Aligner.fit": (lambda x: metric("Aligner").fit(x, Y).coef_, X),
    "Aligner.fit y": (lambda x: metric("Aligner").fit(Y, x).coef_, X),
    "Aligner.transform": (lambda x: metric("Aligner").fit(X, Y).transform(x), X),
    "Aligner.score": (lambda x: metric("Aligner").fit(X, Y).score(X, x), Y),
    "pairwise": (lambda x: multiset.pairwise_distances("procrustes", [x, Y], verbose=False), X),
    "pairwise stack": (
        lambda x: multiset.pairwise_distances("procrustes", x, verbose=False),
        CUBE[0],
    ),
    "pairwise test": (
        lambda x: multiset.pairwise_distances("procrustes", [X, Y], [Y, x], verbose=False)[1],
        X,
    ),
    "cross": (lambda x: multiset.cross_distances("cka_angular", [x], [Y], verbose=False), X),
    "frechet_mean": (lambda x: multiset.frechet_mean([x, Y], random_state=0), X),
    "tangent": (lambda x: multiset.euclidean_tangent_space([X, Y], x), X),
    "kmeans": (lambda x: multiset.procrustes_kmeans([x, Y, X], 2, random_state=0)[2], X + 1),
    "align": (lambda x: utils.align(x, Y), X),
    "angular_distance": (lambda x: utils.angular_distance(x, Y), X),
    "whiten": (lambda x: utils.whiten(x, 0.5)[0], X),
    "posdefsqrt": (lambda x: utils.posdefsqrt(x), D),
    "sq_bures_metric": (lambda x: utils.sq_bures_metric(x, np.eye(12)), D),
    "centered_kernel": (lambda x: utils.centered_kernel(x), X),
    "centered_kernel Y": (lambda x: utils.centered_kernel(X, Y=x), X),
    "econ_svd": (lambda x: utils.econ_svd(x)[1], X),
    "trunc_svd": (lambda x: utils.trunc_svd(x, 2, random_state=0)[1], X),
    "RBFOrthoSampler": (lambda x: RBFOrthoSampler(random_state=0).fit_transform(x), X),
    "EuclideanEmbedding": (
        lambda x: embedding.EuclideanEmbedding(2).fit_transform(x),
        D,
    ),
    "medoids": (lambda x: embedding.medoids(x), D),
    "mantel": (lambda x: covariates.mantel(x, D, n_permutations=9, random_state=0).statistic, D),
    "permanova": (
        lambda x: covariates.permanova(x, GROUPS, n_permutations=9, random_state=0).statistic,
        D,
    ),
    "rdm": (lambda x: rsa.rdm(x, "correlation"), X),
    "rdm stack": (lambda x: rsa.rdm(x, "euclidean"), CUBE[0]),
    "rdm list": (lambda x: rsa.rdm([x, Y], "euclidean"), X),
    "rdm conditions": (lambda x: rsa.rdm(x, "euclidean", conditions=GROUPS), X),
    "NoiseNormalizer": (lambda x: rsa.NoiseNormalizer().fit(x).transform(x), X),
    "patterns": (lambda x: rsa.patterns(x, np.ones((5, 5))), CUBE[0]),
    "decoding_rdm": (lambda x: rsa.decoding_rdm(x, GROUPS, cv=2), X),
    "rsa_score": (lambda x: rsa.rsa_score(x, Y), X),
    "searchlight": (
        lambda x: (
            rsa.searchlight(x, RDMS[:1], mask=np.ones((5, 5, 5)), radius=1.0, verbose=False).scores
        ),
        RNG.standard_normal((6, 5, 5, 5)),
    ),
    "time_resolved": (
        lambda x: rsa.time_resolved(x, RDMS[:1], verbose=False).scores,
        RNG.standard_normal((6, 4, 3)),
    ),
    "remix": (lambda x: rsa.remix(x, X, GROUPS), Y),
    "MeanFieldCapacity": (
        lambda x: capacity.MeanFieldCapacity(n_t=20, random_state=0).fit(x, GROUPS).capacity_,
        X,
    ),
    "MeanFieldCapacity list": (
        lambda x: capacity.MeanFieldCapacity(n_t=20, random_state=0).fit([x, Y]).capacity_,
        X,
    ),
    "participation_ratio": (lambda x: capacity.participation_ratio(x), X),
    "center_correlations": (lambda x: capacity.center_correlations(x, GROUPS), X),
    "separate": (lambda x: capacity.separate(x, GROUPS > 0).separable, X),
    "project_on_cone": (lambda x: capacity.project_on_cone(x, Y).weights, X),
    "ball_capacity": (lambda x: capacity.ball_capacity(x, 2.0), np.arange(1.0, 4.0)),
    "ellipsoid_capacity": (
        lambda x: capacity.ellipsoid_capacity(x, n_t=50, random_state=0)[0],
        np.arange(1.0, 4.0),
    ),
    "mftma": (lambda x: mftma.alldata_dimension_analysis([x, Y]), X),
}

every_data = pytest.mark.parametrize("name", DATA)


def outcome(call, x):
    """Return what a call gives, or the type of what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return call(x)
        except (TypeError, ValueError) as error:
            return type(error)


@every_data
def test_a_mask_means_missing(name):
    call, x = DATA[name]
    mask = np.zeros(x.shape, bool)
    mask.flat[1] = True
    filled = outcome(call, np.where(mask, np.nan, x))
    masked = outcome(call, np.ma.array(x, mask=mask))
    if isinstance(filled, type):
        assert masked is filled
    else:
        assert_array_equal(masked, filled)
    assert_array_equal(outcome(call, np.ma.array(x)), outcome(call, x))


@every_data
@pytest.mark.parametrize("kind", ["U32", "S32", "M8[s]", "m8[s]", "object"])
def test_what_is_no_number_is_refused(name, kind):
    call, x = DATA[name]
    bad = x.astype(kind) if kind in ("U32", "S32") else np.round(x).astype(int).astype(kind)
    if kind == "object":
        bad.flat[0] = "1.5"
    with pytest.raises((TypeError, ValueError), match=r"must hold numbers, got|must be"):
        call(bad)


@pytest.mark.parametrize(
    "x",
    [
        [["1", "2"]],
        [[b"1"]],
        [[datetime.date(2020, 1, 1)]],
        [[1.0, np.datetime64("2020")]],
        np.array([[(1, 2)]], dtype=[("a", int), ("b", int)]),
    ],
)
def test_lists_of_what_is_no_number(x):
    with pytest.raises(ValueError, match="X must hold numbers, got"):
        as_matrix(x, "X")


def test_masks_inside_lists_are_seen():
    for x in (
        [np.ma.array([1, 2], mask=[0, 1])],
        [[1, np.ma.masked]],
        (np.ma.masked_equal([3], 3),),
    ):
        with pytest.raises(ValueError, match="Input X contains NaN"):
            as_matrix(x, "X")
    assert_array_equal(as_matrix([np.ma.array([1, 2]), [3, 4]], "X"), [[1, 2], [3, 4]])


def test_frames_of_texts_and_dates():
    pandas = pytest.importorskip("pandas")
    for column in (
        ["1", "2"],
        pandas.to_datetime(["2020", "2021"]),
        pandas.Categorical(["1", "2"]),
    ):
        with pytest.raises(ValueError, match="X must hold numbers, got"):
            as_matrix(pandas.DataFrame({"a": column, "b": [1.0, 2.0]}), "X")
    with pytest.raises(ValueError, match="Input X contains NaN"):
        as_matrix(pandas.DataFrame({"a": pandas.array([1, None], dtype="Float64")}), "X")


MISSING = {
    "None": lambda y: [None, *y.tolist()[1:]],
    "NaN": lambda y: [np.nan, *y.tolist()[1:]],
    "NaN in an array": lambda y: np.where(np.arange(len(y)) == 0, np.nan, y),
    "NaN among texts": lambda y: [np.nan, *map(str, y[1:])],
    "None among texts": lambda y: np.array([None, *map(str, y[1:])], dtype=object),
    "NaT": lambda y: np.where(np.arange(len(y)) == 0, "NaT", "2020").astype("M8[Y]") + (y > 0),
    "mask": lambda y: np.ma.array(y, mask=np.arange(len(y)) == 0),
    "masked texts": lambda y: np.ma.array(y.astype(str), mask=np.arange(len(y)) == 0),
    "masked item": lambda y: [np.ma.masked, *y.tolist()[1:]],
    "types": lambda y: ["0", *y.tolist()[1:]],
    "types in an array": lambda y: np.array(["0", *y.tolist()[1:]], dtype=object),
}

# What takes labels: the name of the argument, how it is called, and right labels.
RUNS = np.tile([0, 1], 6)
LABELS = {
    "rdm conditions": ("conditions", lambda y: rsa.rdm(X, "euclidean", conditions=y), GROUPS),
    "rdm folds": (
        "folds",
        lambda y: rsa.rdm(X, "crossnobis", conditions=GROUPS, folds=y, noise=np.eye(4)),
        RUNS,
    ),
    "NoiseNormalizer": ("y", lambda y: rsa.NoiseNormalizer().fit(X, y), GROUPS),
    "decoding_rdm": ("conditions", lambda y: rsa.decoding_rdm(X, y, cv=2), GROUPS),
    "decoding_rdm cv": ("cv", lambda y: rsa.decoding_rdm(X, GROUPS, cv=y), RUNS),
    "remix": ("y", lambda y: rsa.remix(X, Y, y), GROUPS),
    "reweight cv": (
        "cv",
        lambda y: rsa.reweight(RNG.random((2, 66)), RNG.random((3, 66)), cv=y),
        np.tile([0, 1, 2, 3], 3),
    ),
    "ConditionKFold": (
        "n_splits",
        lambda y: list(rsa.ConditionKFold(y).split(np.zeros((66, 1)))),
        np.tile([0, 1, 2, 3], 3),
    ),
    "permanova": ("y", lambda y: covariates.permanova(D, y, n_permutations=9), GROUPS),
    "strata": (
        "strata",
        lambda y: covariates.mantel(D, D, n_permutations=9, strata=y),
        GROUPS,
    ),
    "knn_permutation": (
        "y",
        lambda y: covariates.knn_permutation(D, y, 2, n_permutations=9),
        GROUPS,
    ),
    "medoids": ("y", lambda y: embedding.medoids(D, y), GROUPS),
    "MeanFieldCapacity": ("y", lambda y: capacity.MeanFieldCapacity(n_t=20).fit(X, y), GROUPS),
    "DirectCapacity": ("y", lambda y: capacity.DirectCapacity(n_t=10).fit(X, y), GROUPS),
    "manifold_radii": ("y", lambda y: capacity.manifold_radii(X, y), GROUPS),
    "shuffle_samples": ("y", lambda y: capacity.shuffle_samples(X, y), GROUPS),
    "separate": ("y", lambda y: capacity.separate(X, y), GROUPS > 0),
}


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("name", LABELS)
def test_missing_labels_are_no_group_of_their_own(name, missing):
    argument, call, y = LABELS[name]
    with pytest.raises(ValueError, match=f"{argument} must have (a label for each|labels of one)"):
        call(MISSING[missing](y.astype(int)))


@pytest.mark.parametrize("dtype", ["Int64", "string", "category", "object"])
def test_missing_labels_of_pandas(dtype):
    pandas = pytest.importorskip("pandas")
    y = pandas.Series(["1", "2", None], dtype="string" if dtype == "string" else "object")
    y = pandas.Series([1, 2, None], dtype="Int64") if dtype == "Int64" else y.astype(dtype)
    with pytest.raises(ValueError, match=r"y must have a label .* y\[2\]"):
        as_codes(y, "y", 3)
    values, codes = as_codes(y[:2], "y", 2)
    assert [*map(str, values)] == ["1", "2"]
    assert_array_equal(codes, [0, 1])


def test_numbers_of_several_kinds_are_one_type():
    values, codes = as_codes([1, 2.5, np.int8(1), True], "y", 4)
    assert_array_equal(values, [1, 2.5])
    assert_array_equal(codes, [0, 1, 0, 0])
    assert_array_equal(as_codes([np.str_("b"), "a"], "y", 2)[0], ["a", "b"])
