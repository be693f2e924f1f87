"""Measures by name, from functions and from objects, and the one loop over pairs."""

import inspect
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cross_decomposition import PLSRegression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_validate

from netrep_go.conformance import check
from netrep_go.conv_layers import convolve_metric
from netrep_go.inference import bootstrap, calibrate, compare_networks, reliability
from netrep_go.metrics import (
    ConvolutionalMetric,
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    GPStochasticMetric,
    LinearCKA,
    LinearMetric,
    Measure,
    PermutationMetric,
    Properties,
    as_measure,
    get_measure,
    measures,
    neg_distance_scorer,
)
from netrep_go.metrics._properties import Undefined
from netrep_go.multiset import (
    cross_distances,
    landmark_distances,
    nearest_neighbors,
    pairwise_distances,
)

XY = tuple(np.random.default_rng(0).standard_normal((2, 12, 3)))
IMAGES = np.random.default_rng(1).standard_normal((2, 3, 3, 2))


def asymmetric(X, Y):
    return float(X.sum() - 2 * Y.sum())


class Residual:
    """How far a fitted shift of Y remains from X."""

    def __init__(self):
        self.fits = []

    def fit(self, X, Y):
        self.fits.append(len(X))
        self.shift = X.mean(axis=0) - Y.mean(axis=0)
        return self

    def score(self, X, Y):
        return float(np.linalg.norm(X - Y - self.shift))


@pytest.fixture
def networks(rng):
    return list(rng.standard_normal((3, 8, 2)))


@pytest.fixture
def held_out(rng):
    return list(rng.standard_normal((3, 5, 2)))


@pytest.mark.parametrize("name", list(measures()))
def test_names_stand_for_instances(name):
    parameters = {"gaussian_process": {"n_dims": 2}, "accuracy_difference": {"y": [0]}}
    measure = get_measure(name, **parameters.get(name, {}))
    assert isinstance(measure, Measure)
    assert type(measure).__name__ == measures().to_frame().loc[name, "class"]
    assert measure.properties == measures()[name]
    assert len(repr(measure.properties)) < 1000


def test_the_table():
    table = measures()
    assert list(table.to_frame().index) == list(table)
    assert len(table) == len(set(table))
    assert repr(table).startswith("MeasureTable(procrustes, ")
    assert "<table" in table._repr_html_()


@pytest.mark.parametrize("odd", [3, LinearMetric, "procrustez"])
@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (as_measure, "measure"),
        (lambda odd: check(odd), "measure"),
        (lambda odd: calibrate(odd, *XY), "measure"),
        (lambda odd: calibrate({"one": odd}, *XY), "measure['one']"),
        (lambda odd: bootstrap(odd, *XY), "measure"),
        (lambda odd: reliability(odd, XY), "measure"),
        (lambda odd: compare_networks(XY, ["cka", odd]), "measures[1]"),
        (lambda odd: pairwise_distances(odd, XY), "metric"),
        (lambda odd: cross_distances(odd, XY, XY), "metric"),
        (lambda odd: landmark_distances(odd, [*XY] * 3, 3), "metric"),
        (lambda odd: nearest_neighbors(odd, XY), "metric"),
        (lambda odd: ConvolutionalMetric(odd).fit(IMAGES, IMAGES), "metric"),
        (lambda odd: convolve_metric(odd, IMAGES, IMAGES), "metric"),
    ],
)
def test_what_is_no_measure_is_called_as_the_function_calls_it(call, argument, odd):
    with pytest.raises((TypeError, ValueError)) as caught:
        call(odd)
    begins = (f"{argument} must be a measure", f"Expected `{argument}` to be the name of")
    assert str(caught.value).startswith(begins)


def test_parameters_of_names():
    assert get_measure("procrustes", alpha=0.5).alpha == 0.5
    assert get_measure("cka", score_method="angular").properties.kind == "distance"
    with pytest.raises(ValueError, match="name == 'unheard of'"):
        get_measure("unheard of")
    with pytest.raises(ValueError, match=r"lists, such as 'procrustes'.*name == 'procrustez'"):
        get_measure("procrustez")
    with pytest.raises(ValueError, match=r"measure == 'cka_unbaised'\.$") as caught:
        as_measure("cka_unbaised")
    assert "'cka_unbiased'" in str(caught.value)
    assert len(str(caught.value)) < 300
    with pytest.raises(TypeError, match="n_dims"):
        get_measure("gaussian_process")
    assert isinstance(get_measure("gaussian_process", n_dims=3), GPStochasticMetric)


def test_names_and_instances_measure_alike(networks, held_out):
    for got, want in zip(
        pairwise_distances("procrustes", networks, held_out, verbose=False),
        pairwise_distances(LinearMetric(), networks, held_out, verbose=False),
        strict=True,
    ):
        assert_array_equal(got, want)
    assert_array_equal(
        cross_distances("cka", networks[:1], networks[1:], verbose=False),
        cross_distances(
            LinearCKA(score_method="cosine"), networks[:1], networks[1:], verbose=False
        ),
    )


def test_functions_are_called_in_both_orders(networks):
    D = pairwise_distances(asymmetric, networks, verbose=False)
    want = [[asymmetric(X, Y) for Y in networks] for X in networks]
    assert_allclose(D, want)
    assert_allclose(
        cross_distances(asymmetric, networks[:2], networks[1:], verbose=False), D[:2, 1:]
    )


@pytest.mark.parametrize(
    ("declared", "n_calls", "diagonal"),
    [
        ({}, 9, True),
        ({"symmetric": True}, 6, True),
        ({"symmetric": True, "kind": "distance"}, 3, False),
        ({"kind": "distance"}, 6, False),
        ({"symmetric": True, "kind": "similarity"}, 6, True),
        ({"symmetric": False, "kind": "similarity"}, 9, True),
    ],
)
def test_declarations_save_work(networks, declared, n_calls, diagonal):
    calls = []

    def overlap(X, Y):
        calls.append(1)
        return float((X * Y).sum())

    D = pairwise_distances(as_measure(overlap, **declared), networks, verbose=False)
    want = np.einsum("imn,jmn->ij", networks, networks)
    if not diagonal:
        np.fill_diagonal(want, 0)
    assert len(calls) == n_calls
    assert_allclose(D, want)


def test_a_similarity_of_the_package_has_its_diagonal(networks):
    D = pairwise_distances("cka", networks, verbose=False)
    assert_allclose(np.diagonal(D), 1)


def test_objects_are_fitted_pair_by_pair_and_left_alone(networks, held_out):
    residual = Residual()
    train, test = pairwise_distances(residual, networks, held_out, verbose=False)
    assert residual.fits == []
    for i, X in enumerate(networks):
        for j, Y in enumerate(networks):
            fitted = Residual().fit(X, Y)
            assert train[i, j] == pytest.approx(fitted.score(X, Y))
            assert test[i, j] == pytest.approx(fitted.score(held_out[i], held_out[j]))


def test_the_method_form_of_a_function(networks):
    train, test = as_measure(asymmetric).pairwise_distances(networks, verbose=False)
    assert_array_equal(train, pairwise_distances(asymmetric, networks, verbose=False))
    assert np.isnan(test).all()  # nothing says that it is a distance
    _, test = LinearCKA(score_method="cosine").pairwise_distances(networks, verbose=False)
    assert np.isnan(test).all()


def test_progress_of_pairs(networks, capsys):
    pairwise_distances(asymmetric, networks)
    assert "9/9" in capsys.readouterr().err


@pytest.mark.parametrize("cls", [LinearMetric, ConvolutionalMetric])
def test_classes_are_refused(networks, cls):
    for function in (as_measure, lambda c: pairwise_distances(c, networks, verbose=False)):
        with pytest.raises(TypeError, match=rf"pass an instance, {cls.__name__}\(\)"):
            function(cls)


def test_measures_declare_themselves():
    for measure in ("cka", LinearMetric()):
        with pytest.raises(ValueError, match="has properties of its own"):
            as_measure(measure, kind="distance")
    with pytest.raises(ValueError, match="kind"):
        as_measure(asymmetric, kind="metric")
    with pytest.raises(ValueError, match="kind == 'metric'"):
        Properties(kind="metric")
    for limits in ((1, 0), (0, 0), (0, np.nan)):
        with pytest.raises(ValueError, match="range must be from a smaller to a larger value"):
            Properties(kind="distance", range=limits)
    with pytest.raises(ValueError, match="invariances are among"):
        Properties(kind="distance", invariances={"rotations"})
    with pytest.raises(TypeError, match="must define properties"):
        Measure().properties  # noqa: B018


@pytest.mark.parametrize("measure", ["cka", LinearCKA(score_method="cosine")])
def test_similarities_are_refused_where_a_distance_is_needed(rng, measure):
    X, Y = rng.standard_normal((2, 4, 3, 3, 2))
    with pytest.raises(
        ValueError, match=r"needs a distance, but LinearCKA.* is a similarity.*cka_an"
    ):
        ConvolutionalMetric(measure).fit(X, Y)
    with pytest.raises(ValueError, match="needs a distance"):
        neg_distance_scorer(as_measure(measure), X[..., 0, 0], Y[..., 0, 0])


def test_undeclared_functions_are_refused_where_direction_matters(rng):
    X, Y = rng.standard_normal((2, 4, 3, 3, 2))
    with pytest.raises(ValueError, match=r"measure as_measure\(asymmetric\) is one"):
        ConvolutionalMetric(asymmetric).fit(X, Y)
    with pytest.raises(ValueError, match="declare it"):
        neg_distance_scorer(Residual(), X[..., 0, 0], Y[..., 0, 0])
    declared = as_measure(Residual(), kind="distance")
    metric = ConvolutionalMetric(declared).fit(X, np.roll(X, (1, -1), axis=(1, 2)))
    assert metric.shift_ == (1, -1)
    assert metric.score(X, np.roll(X, (1, -1), axis=(1, 2))) < 1e-12


def test_declared_objects_in_model_selection(rng):
    X, Y = rng.standard_normal((2, 20, 3))
    declared = as_measure(Residual(), kind="distance")
    grid = GridSearchCV(declared, {"symmetric": [True, False]}, scoring=neg_distance_scorer, cv=3)
    assert np.all(grid.fit(X, Y).cv_results_["mean_test_score"] < 0)


def test_errors_of_functions_name_the_pair(networks):
    def fails(X, Y):
        raise failure("no good")

    for failure in (ValueError, np.linalg.LinAlgError):
        with pytest.raises(failure, match=r"traindata\['a'\] and traindata\['a'\]: no good"):
            pairwise_distances(fails, dict(zip("abc", networks, strict=True)), verbose=False)
    failure = KeyError
    with pytest.raises(KeyError) as caught:
        pairwise_distances(fails, networks, verbose=False)
    assert caught.value.__notes__ == ["raised when traindata[0] and traindata[0] were compared"]


def test_a_measure_of_ones_own_checks_its_networks(networks):
    class Apart(Measure):
        @property
        def properties(self):
            return Properties(kind="distance", symmetric=True)

        def _compare(self, x, y):
            return np.abs(x.mean() - y.mean())

    D = pairwise_distances(Apart(), networks, verbose=False)
    assert D[0, 1] == D[1, 0] == pytest.approx(abs(networks[0].mean() - networks[1].mean()))
    assert Apart().fit(networks[0], networks[1]).n_features_in_ == 2
    with pytest.raises(ValueError, match=r"traindata\[1\] contains NaN"):
        pairwise_distances(Apart(), [networks[0], np.full((8, 2), np.nan)], verbose=False)
    with pytest.raises(ValueError, match="equal numbers of samples"):
        Apart().fit(networks[0], networks[1][:4])
    with pytest.raises(ValueError, match="float64 only"):
        pairwise_distances(Apart(), networks, dtype=np.float32, verbose=False)
    assert list(inspect.signature(Apart).parameters) == []


# Names of networks

NAMED = {
    "dict": lambda xs, names: dict(zip(names, xs, strict=True)),
    "Series": lambda xs, names: pd.Series(list(xs), index=names),
}


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("metric", ["procrustes", asymmetric])
def test_networks_with_names(networks, held_out, kind, metric):
    named = NAMED[kind]
    D, D_test = pairwise_distances(
        metric,
        named(networks, ["V1", "V2", "LM"]),
        named([held_out[2], held_out[0], held_out[1]], ["LM", "V1", "V2"]),
        verbose=False,
    )
    want, want_test = pairwise_distances(metric, networks, held_out, verbose=False)
    assert_array_equal(D, want)
    assert_array_equal(D_test, want_test)
    cross, cross_test = cross_distances(
        metric,
        named(networks[:1], ["V1"]),
        named(networks[1:], ["V2", "LM"]),
        named(held_out[:1], ["V1"]),
        named([held_out[2], held_out[1]], ["LM", "V2"]),
        verbose=False,
    )
    assert_allclose(cross, want[:1, 1:])
    assert_allclose(cross_test, want_test[:1, 1:])


def test_names_are_in_messages(networks, held_out):
    bad = dict(zip(["V1", "V2"], [networks[0], networks[1] * np.nan], strict=True))
    for metric in ("procrustes", "cka", "permutation"):
        with pytest.raises(ValueError, match=r"traindata\['V2'\] contains NaN"):
            pairwise_distances(metric, bad, verbose=False)
    with pytest.raises(ValueError, match=r"traindata\['b'\]: the activations do not vary"):
        pairwise_distances(
            "procrustes", [networks[0], np.ones((8, 2))], names=["a", "b"], verbose=False
        )
    with pytest.raises(ValueError, match=r"train_data\['b'\] contains NaN"):
        LinearMetric().pairwise_distances(list(bad.values()), names=["a", "b"], verbose=False)
    with pytest.raises(
        ValueError,
        match=r"testdata and traindata must hold the same networks, .*'LM' is in traindata",
    ):
        pairwise_distances(
            "procrustes",
            dict(zip(["V1", "V2", "LM"], networks, strict=True)),
            dict(zip(["V1", "V2", "V3"], held_out, strict=True)),
            verbose=False,
        )
    with pytest.raises(ValueError, match="names must have one entry for each of the 3"):
        pairwise_distances("procrustes", networks, names=["a"], verbose=False)
    with pytest.raises(ValueError, match="names must differ, got 'a' more than once"):
        pairwise_distances("procrustes", networks, names=["a", "b", "a"], verbose=False)
    with pytest.raises(ValueError, match="traindata has names of its own"):
        pairwise_distances(
            "procrustes", dict(enumerate(networks)), names=["a", "b", "c"], verbose=False
        )


def writes(X, Y):
    X -= X.mean(axis=0)
    Y *= 0
    return float((X**2).sum())


class Writes:
    def fit(self, X, Y):
        X *= 2
        Y[:] = 0
        return self

    def score(self, X, Y):
        X += 1
        return float(X.sum() - Y.sum())

    def transform(self, X, Y):
        X[:] = 0
        return X, Y


@pytest.mark.parametrize("measure", [writes, Writes()])
def test_what_functions_write_stays_with_them(networks, measure):
    copies = [X.copy() for X in networks]
    D = pairwise_distances(measure, networks, verbose=False)
    if measure is writes:
        spread = [((X - X.mean(axis=0)) ** 2).sum() for X in copies]
        assert_allclose(D, np.repeat(spread, 3).reshape(3, 3))
    frames = [pd.DataFrame(X) for X in networks]
    pairs = [(X, X[:2]) for X in networks]
    as_measure(measure).fit(networks[0], networks[1]).score(*networks[:2])

    def writes_frames(X, Y):
        X.iloc[0, 0], Y[0] = 100.0, 0.0
        return 1

    pairwise_distances(writes_frames, frames, verbose=False)
    pairwise_distances(lambda X, Y: writes(X[0], Y[1]), pairs, verbose=False)
    assert_array_equal(networks, copies)
    assert_array_equal(frames, copies)
    images = [np.stack([X.reshape(2, 2, 4)] * 3) for X in networks]
    kept = np.array(images)
    metric = ConvolutionalMetric(as_measure(measure, kind="distance")).fit(*images[:2])
    metric.score(*images[:2])
    assert_array_equal(images, kept)


def test_functions_are_shared_not_copied(networks):
    class Counter:
        def __init__(self):
            self.n_calls, self.lock = 0, threading.Lock()

        def __call__(self, X, Y):
            self.n_calls += 1
            return 1.0

    count = Counter()
    pairwise_distances(count, networks, verbose=False)
    assert count.n_calls == 9


@pytest.mark.parametrize(
    "value", [None, 1j, np.complex64(1), np.array(1j), "1.5", b"1", np.ones(3), np.ones((1, 1)), {}]
)
def test_functions_return_one_real_number(networks, value):
    class Returns:
        def fit(self, X, Y):
            return self

        def score(self, X, Y):
            return value

    with pytest.raises(TypeError, match="<lambda> must return one real number, got"):
        pairwise_distances(lambda X, Y: value, networks, verbose=False)
    with pytest.raises(TypeError, match=r"score of .*Returns.* must return one real number"):
        pairwise_distances(Returns(), networks, verbose=False)


@pytest.mark.parametrize("value", [2, True, np.float32(2), np.int8(2), np.array(2.0), np.bool_(1)])
def test_numbers_of_all_kinds_are_taken(networks, value):
    assert pairwise_distances(lambda X, Y: value, networks[:1], verbose=False) == float(value)


@pytest.mark.parametrize("name", ["symmetric", "triangle"])
def test_declarations_are_true_or_false(name):
    with pytest.raises(TypeError, match=f"{name} must be True, False or None, got 'no'"):
        as_measure(asymmetric, **{name: "no"})
    assert getattr(as_measure(asymmetric, **{name: np.True_}).properties, name)


def test_objects_that_are_not_fitted(networks):
    for call in (as_measure(Residual()).score, as_measure(Writes()).transform):
        with pytest.raises(NotFittedError):
            call(*networks[:2])


def test_objects_of_scikit_learn(networks):
    D = pairwise_distances(PLSRegression(1), networks, verbose=False)
    X, Y = networks[:2]
    assert D[0, 1] == pytest.approx(PLSRegression(1).fit(X, Y).score(X, Y))


STOCHASTIC = [
    GaussianStochasticMetric(niter=2),
    GPStochasticMetric(1, niter=2),
    EnergyStochasticMetric(niter=2),
]


def noisy(metric, rng):
    """Return three networks as a metric takes them."""
    if isinstance(metric, EnergyStochasticMetric):
        return list(rng.standard_normal((3, 4, 3, 2)))
    if isinstance(metric, GPStochasticMetric):
        return [(mean, 2 * np.eye(6)) for mean in rng.standard_normal((3, 6))]
    if isinstance(metric, GaussianStochasticMetric):
        return [(means, np.stack([np.eye(2)] * 4)) for means in rng.standard_normal((3, 4, 2))]
    shape = (3, 4, 3, 3, 2) if isinstance(metric, ConvolutionalMetric) else (3, 8, 2)
    return list(rng.standard_normal(shape))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "base",
    [LinearMetric(), PermutationMetric(), LinearCKA(), ConvolutionalMetric(), *STOCHASTIC],
    ids=lambda base: type(base).__name__,
)
def test_derived_classes_are_measured_by_what_they_redefine(rng, base):
    class Doubled(type(base)):
        def score(self, X, Y):
            return 2 * super().score(X, Y)

    class Same(type(base)):
        """As the base."""

    networks = noisy(base, rng)
    for function in (
        lambda metric: pairwise_distances(metric, networks, verbose=False),
        lambda metric: cross_distances(metric, networks[:1], networks, verbose=False)[:, 1:],
        lambda metric: metric.pairwise_distances(networks, verbose=False)[0],
    ):
        want = function(base)
        assert_array_equal(function(Same(**base.get_params())), want)
        assert_allclose(function(Doubled(**base.get_params())), 2 * want, rtol=1e-6, atol=1e-7)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:eps=0.5 is more than a tenth")
def test_eps_of_derived_classes_is_added_to_training_data_alone(rng):
    class Derived(GaussianStochasticMetric):
        def score(self, X, Y):
            return super().score(X, Y)

    train = noisy(STOCHASTIC[0], rng)
    test = noisy(STOCHASTIC[0], rng)
    for got, want in zip(
        Derived(alpha=0.5).pairwise_distances(train, test, eps=0.09, verbose=False),
        GaussianStochasticMetric(alpha=0.5).pairwise_distances(
            train, test, eps=0.09, verbose=False
        ),
        strict=True,
    ):
        assert_allclose(got, want, atol=1e-6)


def test_warnings_point_at_the_user_through_scikit_learn(rng):
    metric = EnergyStochasticMetric(niter=1, tol=-1)
    X, Y = rng.standard_normal((2, 8, 3, 2))
    for call in (
        lambda: cross_validate(metric, X, Y, cv=2),
        lambda: GridSearchCV(metric, {"niter": [1]}, cv=2, scoring=neg_distance_scorer).fit(X, Y),
        lambda: pairwise_distances(metric, [X, Y], verbose=False),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert {warning.category for warning in caught} == {ConvergenceWarning}
        assert {warning.filename for warning in caught} == {__file__}


def test_threads_of_pairs_are_checked(networks):
    for function in (
        lambda **jobs: pairwise_distances(asymmetric, networks, verbose=False, **jobs),
        lambda **jobs: cross_distances(asymmetric, networks, networks, verbose=False, **jobs),
        lambda **jobs: as_measure(asymmetric).pairwise_distances(networks, verbose=False, **jobs),
    ):
        for jobs in ({"n_jobs": 0}, {"processes": 0}):
            with pytest.raises(ValueError, match="n_jobs must not be 0"):
                function(**jobs)
        with pytest.raises(TypeError, match="n_jobs must be an integer"):
            function(n_jobs="2")


class Correlated(Measure):
    """Correlation of mean responses, which is nothing where they do not vary."""

    prepared = 0

    @property
    def properties(self):
        return Properties(kind="similarity", range=(-1, 1), symmetric=True)

    def _prepare(self, x, name):
        type(self).prepared += 1
        means = x.mean(axis=1)
        if not means.std() > 0:
            return Undefined(f"the mean responses of {name} do not vary")
        return means

    def _compare(self, x, y):
        return np.corrcoef(x, y)[0, 1]


def test_networks_are_prepared_once(networks, held_out):
    before = Correlated.prepared
    train, test = pairwise_distances(Correlated(), networks, held_out, verbose=False)
    assert Correlated.prepared - before == 6
    assert_allclose(train, np.corrcoef([x.mean(axis=1) for x in networks]))
    assert_allclose(test, np.corrcoef([x.mean(axis=1) for x in held_out]))
    assert Correlated().score(*networks[:2]) == pytest.approx(train[0, 1])
    with pytest.raises(ValueError, match=r"traindata\[1\] has 7 samples and traindata\[0\] has 8"):
        pairwise_distances(Correlated(), [networks[0], networks[1][:7]], verbose=False)


def test_undefined_values_are_nan_and_say_why(networks):
    flat = [networks[0], np.ones((8, 2)), networks[2]]
    reason = r"the mean responses of traindata\[1\] do not vary"
    with pytest.warns(
        match=rf"^the value of traindata\[0\] and .*\[1\] and 2 more pairs.*{reason}"
    ):
        D = pairwise_distances(Correlated(), flat, verbose=False)
    assert_array_equal(np.isnan(D), [[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    with pytest.warns(match="^the value is NaN: the mean responses of Y do not vary"):
        assert np.isnan(Correlated().score(*flat[:2]))


def test_names_of_other_packages():
    assert isinstance(get_measure("ProcrustesSizeAndShapeDistance"), LinearMetric)
    elsewhere = measures().to_frame()["elsewhere"]
    assert "ProcrustesSizeAndShapeDistance (ReSi)" in elsewhere["procrustes_size_and_shape"]


@pytest.mark.parametrize(
    ("name", "params", "text"),
    [
        ("accuracy_difference", {}, "missing a required argument: 'y'; its parameters are y"),
        (
            "gaussian_process",
            {},
            "missing a required argument: 'n_dims'; its parameters are n_dims",
        ),
        ("cka", {"beta": 2}, "got an unexpected keyword argument 'beta'; its parameters are "),
    ],
)
def test_odd_parameters_are_named_with_those_that_there_are(name, params, text):
    with pytest.raises(TypeError, match=f"^name='{name}': {text}"):
        get_measure(name, **params)
