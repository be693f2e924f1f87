"""Arguments of odd kinds, and the same arguments in other types, all over the package."""

import re
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.base import clone

from netrep_go import covariates, embedding, multiset, rsa, utils
from netrep_go._parameters import _checks_of, checked
from netrep_go.capacity import (
    DirectCapacity,
    JointCapacity,
    MeanFieldCapacity,
    find_center_directions,
    manifold_radii,
    separate,
)
from netrep_go.metrics import (
    Aligner,
    ConvolutionalMetric,
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    GPStochasticMetric,
    LinearCKA,
    LinearMetric,
    PermutationMetric,
)
from netrep_go.mftma import manifold_analysis_corr
from netrep_go.rbf_sampler import RBFOrthoSampler

rng = np.random.default_rng(0)
X, Y, Z = rng.standard_normal((3, 12, 4))
D = squareform(pdist(X))
RDM = rng.random(66)
LABELS = np.repeat([0, 1, 2], 4)
MANIFOLDS = list(rng.standard_normal((4, 6, 14)) + 2 * rng.standard_normal((4, 1, 14)))
IMAGES = rng.standard_normal((2, 3, 4, 4, 2))
REPEATS = rng.standard_normal((2, 4, 5, 3))
GAUSSIANS = [(x[:5], np.array([np.eye(4) + np.outer(row, row) for row in x[:5]])) for x in (X, Y)]
PROCESSES = [(x[:5].ravel()[:6], np.eye(6) + x[:6, :1] * x[:6, 0]) for x in (X, Y)]

ESTIMATORS = {
    Aligner: ({}, (X, Y)),
    ConvolutionalMetric: ({"max_shift": 1}, IMAGES),
    EnergyStochasticMetric: ({"niter": 5}, REPEATS),
    GPStochasticMetric: ({"n_dims": 2, "niter": 5, "random_state": 0}, PROCESSES),
    GaussianStochasticMetric: ({"niter": 5, "random_state": 0}, GAUSSIANS),
    LinearCKA: ({}, (X, Y)),
    LinearMetric: ({}, (X, Y)),
    PermutationMetric: ({}, (X, Y)),
    multiset.ProcrustesKMeans: ({"n_clusters": 2, "random_state": 0}, ([X, Y, Z],)),
    embedding.EuclideanEmbedding: ({"n_components": 2}, (D,)),
    RBFOrthoSampler: ({"n_components": 200, "random_state": 0}, (X,)),
    rsa.FeatureReweighting: ({}, (X, RDM)),
    rsa.FeatureReweightingCV: ({"cv": 3, "random_state": 0}, (X, RDM)),
    rsa.NoiseNormalizer: ({}, (X, LABELS)),
    MeanFieldCapacity: ({"n_t": 130, "random_state": 0}, (MANIFOLDS,)),
    DirectCapacity: ({"n_t": 130, "random_state": 0}, (MANIFOLDS,)),
    JointCapacity: ({"n_t": 130, "random_state": 0}, (MANIFOLDS,)),
}


def _fitted(kind, **options):
    """Return what an estimator has learnt."""
    known, data = ESTIMATORS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what has not converged
        fitted = clone(kind(**known | options)).fit(*data)
    return {name: value for name, value in vars(fitted).items() if name.endswith("_")}


@pytest.mark.parametrize("odd", [object(), {}, [[1]], LinearMetric, "no such thing", 1j])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_odd_parameters_are_refused_by_name(kind, odd):
    checks = _checks_of(kind.__init__)
    assert checks
    for name in checks:
        with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b") as found:
            _fitted(kind, **{name: odd})
        assert len(str(found.value)) < 250


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_numbers_of_other_types_are_the_same(kind):
    """uint8 overflows at 256, and below 0; float32 would round what is computed."""
    known, _ = ESTIMATORS[kind]
    options = kind(**known).get_params()
    integers = {k: np.uint8(v) for k, v in options.items() if type(v) is int and v < 256}
    floats = {k: np.float64(v) for k, v in options.items() if type(v) is float}
    flags = {k: np.bool_(v) for k, v in options.items() if type(v) is bool}
    expected = _fitted(kind)
    found = _fitted(kind, **integers | floats | flags)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, (np.ndarray, float, int)):
            np.testing.assert_array_equal(found[name], value, err_msg=name)


@checked
def _takes(
    n: int = 0,
    x: float = 0.0,
    flag: bool = False,
    kind: Literal["a", "b"] = "a",
    mixed: bool | Literal["c"] = True,
    some: float | None = None,
    counts: Sequence[int] = (),
    names: Sequence[str] | None = None,
):
    """Return the arguments."""
    return locals()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0.5}, "n must be an integer, got 0.5"),
        ({"n": True}, "n must be an integer, got True"),
        ({"n": np.array([1, 2])}, "n must be an integer, got ndarray of shape (2,)"),
        ({"n": 2**63}, "n must be at most 100000000, got 9223372036854775808"),
        ({"x": "1"}, "x must be a number, got '1'"),
        ({"x": None}, "x must be a number, got None"),
        ({"x": 1j}, "x must be a number, got 1j"),
        ({"x": 10**400}, "x must be finite"),
        ({"flag": 2}, "flag must be True or False, got 2"),
        ({"kind": "d"}, "parameter to be in {'a', 'b'}. Found instead kind == 'd'"),
        ({"mixed": "d"}, "mixed must be True, False or 'c', got 'd'"),
        ({"mixed": 2}, "mixed must be True, False or 'c', got 2"),
        ({"counts": "12"}, "counts must be a sequence, got '12'"),
        ({"counts": 3}, "counts must be a sequence, got 3"),
        ({"counts": [1, 0.5]}, "counts[1] must be an integer, got 0.5"),
        ({"names": "ab"}, "names must be a list of names or None, got 'ab'"),
        ({"names": {"a": 1}}, "names must be a list of names or None, got {'a': 1}"),
        ({"names": [1]}, "names[0] must be a string, got 1"),
        ({"some": "1"}, "some must be a number or None, got '1'"),
    ],
)
def test_annotations_say_what_is_taken(options, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        _takes(**options)


def test_arguments_by_position_are_checked():
    with pytest.raises(TypeError, match=r"x must be a number, got '1'"):
        _takes(1, "1")


def test_numbers_come_out_as_those_of_python():
    found = _takes(np.uint8(200), np.float32(0.5), np.bool_(True), np.str_("b"), some=np.int8(3))
    assert [type(v) for v in _takes(counts=np.arange(2, dtype=np.uint8))["counts"]] == [int, int]
    expected = [200, 0.5, True, "b", True, 3.0]
    assert [found[name] for name in ("n", "x", "flag", "kind", "mixed", "some")] == expected
    assert [type(value) for value in list(found.values())[:4]] == [int, float, bool, str]


NO_ARRAYS = ["abc", b"abc", {1, 2}, None, LinearMetric, np.linalg.norm, object(), 1j, 3]
ONE_ARRAY = {
    "X": lambda x: LinearMetric().fit(x, Y),
    "Y": lambda x: LinearCKA().score(X, x),
    "A": lambda x: utils.posdefsqrt(x),
    "D": lambda x: covariates.permanova(x, LABELS, n_permutations=9),
    "data": lambda x: rsa.rdm(x, "euclidean"),
    "rdms": lambda x: rsa.compare(x, RDM),
    "layer": lambda x: rsa.remix(x, X, LABELS),
    "Xbar": lambda x: multiset.euclidean_tangent_space([X, Y], x),
    "neighbors": lambda x: rsa.searchlight(X, RDM, neighbors=x),
}


@pytest.mark.parametrize("odd", [*NO_ARRAYS, iter([X])])
@pytest.mark.parametrize("name", ONE_ARRAY)
def test_what_is_no_array_is_refused_by_name(name, odd):
    with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b.* (must|either)") as found:
        ONE_ARRAY[name](odd)
    assert "\n" not in str(found.value)


LISTS = {
    "traindata": (lambda x: multiset.pairwise_distances("procrustes", x, verbose=False), [X, Y, Z]),
    "train_data": (lambda x: LinearMetric().pairwise_distances(x, verbose=False), [X, Y, Z]),
    "Xs": (lambda x: multiset.frechet_mean(x, random_state=0), [X, Y, Z]),
    "X": (manifold_radii, MANIFOLDS),
    "XtotT": (
        lambda x: manifold_analysis_corr(x, 0.0, 10, random_state=0)[0],
        [x.T for x in MANIFOLDS],
    ),
}


@pytest.mark.parametrize("odd", [*NO_ARRAYS, iter([X]), (x for x in [X, Y]), [None, None, None]])
@pytest.mark.parametrize("name", LISTS)
def test_what_is_no_list_of_arrays_is_refused_by_name(name, odd):
    with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b.* must") as found:
        LISTS[name][0](odd)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", LISTS)
def test_values_of_a_dict_are_a_list(name):
    function, arrays = LISTS[name]
    found = function(dict(enumerate(arrays)).values())
    for a, b in zip(np.atleast_1d(found), np.atleast_1d(function(arrays)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("empty", [np.zeros((0, 4)), np.zeros((12, 0)), []])
@pytest.mark.parametrize("name", LISTS)
def test_the_empty_array_of_a_list_is_named(name, empty):
    function, arrays = LISTS[name]
    with pytest.raises(ValueError, match=rf"{name}\[2\]"):
        function([*arrays[:2], empty, *arrays[3:]])


@pytest.mark.parametrize(
    "call",
    [
        lambda frame, y: separate(frame, y[:6].tolist() and y),
        lambda frame, y: manifold_radii(frame, y),
        lambda frame, y: find_center_directions(frame, y),
        lambda frame, y: rsa.NoiseNormalizer().fit(frame, y),
        lambda frame, y: rsa.rdm(frame, "euclidean", conditions=y),
        lambda frame, y: rsa.decoding_rdm(frame, y),
        lambda frame, y: rsa.remix(X, frame, y),
        lambda frame, y: covariates.permanova(frame @ frame.T, y),
    ],
)
def test_labels_of_other_samples_are_refused(call):
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    names = list("abcdefghijkl")
    frame = pandas.DataFrame(X, index=names)
    with pytest.raises(ValueError, match=r"must have the same \w+ in the same order"):
        call(frame, pandas.Series(LABELS, index=names[::-1]))
    with pytest.raises(ValueError, match=r"must have the same \w+ in the same order"):
        call(pandas.DataFrame(X), pandas.Series(LABELS, index=range(12)[::-1]))


def test_labels_without_names_are_paired_by_place():
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    names = list("abcdefghijkl")
    expected = manifold_radii(X, LABELS)
    for index, other in ((names, names), (names, range(12)), (range(12), names)):
        frame, y = pandas.DataFrame(X, index=index), pandas.Series(LABELS, index=other)
        np.testing.assert_array_equal(manifold_radii(frame, y), expected)
