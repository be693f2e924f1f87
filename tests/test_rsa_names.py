"""Names of conditions, models, subjects and data sets: in errors, frames, pictures and reprs."""

import copy
import inspect
import pickle
import warnings
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from scipy.spatial.distance import pdist, squareform

from netrep_go import rsa
from netrep_go.plotting import RDMDisplay, RDMEmbeddingDisplay
from netrep_go.rsa import (
    ConditionKFold,
    cluster_test,
    compare,
    compare_groups,
    compare_models,
    crossnobis_test,
    decoding_rdm,
    evaluate,
    evaluate_layers,
    exemplar_information,
    fusion,
    noise_ceiling,
    noise_ceilings,
    partition_variance,
    permutation_test,
    rdm,
    read_betas,
    reweight,
    reweight_features,
    searchlight,
    time_resolved,
)

pytestmark = pytest.mark.usefixtures("closed_figures")

pandas = pytest.importorskip("pandas")
matplotlib.use("Agg")

ANIMALS = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis"]


@pytest.fixture
def models(rng):
    return {"low": rng.random(36), "high": rng.random(36)}


@pytest.fixture
def rdms(rng):
    return {"anna": rng.random(36), "bert": rng.random(36), "cleo": rng.random(36)}


def forms(named):
    """Yield named RDMs in every form that brings names, with the names= of those without."""
    stack = np.stack([*named.values()])
    yield named, {}
    yield pandas.Series(named), {}
    yield pandas.DataFrame(stack, index=[*named]), {}
    yield stack, {"names": [*named]}
    yield list(stack), {"names": tuple(named)}


# In frames


def test_models_are_named_in_every_form(rng, models, rdms):
    data = rng.standard_normal((9, 40))
    for given, options in forms(models):
        assert evaluate(given, rdms, **options).names == ["low", "high"]
        tested = permutation_test(given, rdms, n_permutations=9, **options).to_frame()
        assert tested["model"].tolist() == ["low", "high"]
        weighed = reweight(given, rdms, cv=3, **options).to_frame()
        assert {"weight_low", "weight_high"} < set(weighed)
        assert weighed["rdm"].tolist() == ["anna", "bert", "cleo"]
        lights = searchlight(data, given, neighbors=[range(20), range(40)], **options)
        assert lights.to_frame()["model"].tolist() == ["low", "high"] * 2
        course = time_resolved(data.reshape(9, 8, 5), given, **options)
        assert course.to_frame()["model"].tolist() == ["low"] * 5 + ["high"] * 5
        parts = partition_variance(given, rdms, **options)
        assert parts.part_names == ["low", "high", "low & high"]


def test_measured_rdms_are_taken_in_every_form(models, rdms):
    ceiling = noise_ceiling(np.stack([*rdms.values()]))
    want = compare(np.stack([*rdms.values()]), np.stack([*models.values()]))
    for given, options in forms(rdms):
        if not options:
            assert noise_ceiling(given) == ceiling
            np.testing.assert_array_equal(compare(given, models), want)
            assert evaluate(models, given).noise_ceiling == ceiling


def test_a_dict_of_one_rdm_keeps_its_axis(models, rdms):
    assert compare({"a": models["low"]}, rdms).shape == (1, 3)
    assert compare(models["low"], rdms).shape == (3,)


def test_volumes_of_named_models(rng, models):
    lights = searchlight(rng.standard_normal((9, 40)), models, mask=np.ones((4, 10)))
    np.testing.assert_array_equal(lights.to_volume("high"), lights.to_volume(1))
    with pytest.raises(ValueError, match=r"model must be one of \['low', 'high'\], got 'middle'"):
        lights.to_volume("middle")


def test_subjects_and_layers_are_named(rng, models, rdms):
    data = {name: rng.standard_normal((9, 8, 4)) for name in ("anna", "bert")}
    course = time_resolved(data, models)
    assert course.subjects == ["anna", "bert"]
    assert set(course.to_frame()["subject"]) == {"anna", "bert"}
    layers = [rng.standard_normal((9, 8)) for _ in range(2)]
    frame = evaluate_layers(layers, rdms, names=["conv", "fc"], cv=3).to_frame()
    assert set(frame["layer"]) == {"conv", "fc", "all"}
    assert set(frame["rdm"]) == {"anna", "bert", "cleo"}


def test_data_sets_are_named(rng):
    X = rng.standard_normal((9, 8))
    layers = {"conv": X, "fc": X[:, :5]}
    want = rdm(list(layers.values()))
    np.testing.assert_array_equal(rdm(layers), want)
    np.testing.assert_array_equal(rdm(pandas.Series(layers)), want)
    noise = {"fc": np.eye(5), "conv": np.diag([4.0] * 8)}
    whitened = rdm(layers, "mahalanobis", noise=noise)
    np.testing.assert_allclose(whitened, np.array([[2.0], [1.0]]) * rdm(layers, "euclidean"))
    with pytest.raises(ValueError, match=r"noise\['fc'\] is of 4 features"):
        rdm(layers, "mahalanobis", noise=noise | {"fc": np.eye(4)})
    labels = {"fc": ANIMALS, "conv": ANIMALS[::-1]}
    each = rdm(layers, conditions=labels)
    np.testing.assert_allclose(each[0], rdm(X[::-1]))
    trials = {name: np.repeat(x, 4, axis=0) + rng.random((36, 1)) for name, x in layers.items()}
    runs = {name: np.tile(range(4), 9) for name in layers}
    decoded = decoding_rdm(trials, np.repeat(ANIMALS, 4), cv=runs)
    assert decoded.shape == (2, 36)
    np.testing.assert_array_equal(
        decoded[1], decoding_rdm(trials["fc"], np.repeat(ANIMALS, 4), cv=runs["fc"])
    )


# In pictures


def test_conditions_are_named_in_pictures(rng):
    square = pandas.DataFrame(
        np.abs(np.subtract.outer(np.arange(9.0), np.arange(9.0))), ANIMALS, ANIMALS
    )
    ticks = RDMDisplay.from_rdm(square).ax_.get_yticklabels()
    assert [tick.get_text() for tick in ticks] == ANIMALS
    texts = RDMEmbeddingDisplay.from_rdm(square).ax_.texts
    assert [text.get_text() for text in texts] == ANIMALS


def test_results_draw_themselves(rng, models, rdms):
    ticks = evaluate(models, rdms).plot().ax_.get_xticklabels()
    assert [tick.get_text() for tick in ticks] == ["low", "high"]
    parts = partition_variance(models, rdms).plot()
    assert "low & high" in [tick.get_text() for tick in parts.ax_.get_yticklabels()]
    course = time_resolved(rng.standard_normal((9, 8, 4)), models).plot()
    assert [text.get_text() for text in course.ax_.get_legend().get_texts()] == ["low", "high"]
    layers = {1: rng.standard_normal((9, 8)), 2: rng.standard_normal((9, 8))}
    bars = evaluate_layers(layers, rdms, cv=3).plot(ax=plt.figure().subplots())
    assert [tick.get_text() for tick in bars.ax_.get_xticklabels()] == ["1", "2", "all"]


# In errors


def test_models_and_data_sets_are_named_in_errors(rng, models, rdms):
    cases = [
        (
            lambda: evaluate({"a": np.ones(36), "b": np.ones(10)}, rdms),
            r"models\['a'\] and models\['b'\]",
        ),
        (lambda: compare(rdms | {"dora": [[1.0]]}, models), r"rdms\['dora'\]"),
        (
            lambda: reweight(models, rdms | {"dora": np.ones(36) * np.nan}),
            r"rdms\['dora'\] contains NaN",
        ),
        (
            lambda: reweight({"flat": np.ones(36)}, rdms),
            r"models\['flat'\] must vary, got 1 for all",
        ),
        (lambda: rdm({"fc": rng.random((9, 4)), "conv": rng.random((5, 4))}), r"data\['conv'\] 5"),
        (
            lambda: time_resolved(
                {"anna": rng.random((9, 8, 4)), "bert": rng.random((9, 8, 3))}, models
            ),
            r"data\['bert'\]",
        ),
        (
            lambda: evaluate(models, rdms, names=["a", "b"]),
            "models has names of its own: leave out names",
        ),
        (
            lambda: evaluate([*models.values()], rdms, names=["a", "a"]),
            "names must differ, got 'a'",
        ),
        (
            lambda: rdm(rng.random((9, 4)), conditions=ANIMALS, names=ANIMALS),
            "conditions have their names",
        ),
        (
            lambda: rdm(rng.random((9, 4)), names=ANIMALS[1:]),
            "names must have one entry for each of the 9 rows, got 8",
        ),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()


def test_errors_of_go_name_models_rdms_and_data_sets(rng, models, rdms):
    flat = models | {"flat": np.ones(36)}
    X = rng.standard_normal((9, 8))
    hollow = rdms | {"dora": np.full(36, np.nan)}
    constant = r"models\['flat'\]: an RDM whose entries are all the same"
    cases = [
        (lambda: compare(rdms, flat), constant),
        (lambda: evaluate(flat, rdms), constant),
        (lambda: evaluate(flat, rdms, resample="both"), constant),
        (lambda: permutation_test(flat, rdms), constant),
        (lambda: searchlight(X, flat, neighbors=[range(8)]), constant),
        (lambda: compare(rdms | flat), r"rdms\['flat'\]: an RDM whose"),
        (lambda: compare(hollow, models), r"rdms\['dora'\] and models\['low'\]: only 0"),
        (lambda: compare(hollow), r"rdms\['anna'\] and rdms\['dora'\]: only 0"),
        (lambda: noise_ceiling(flat), r"rdms\['flat'\]: an RDM whose"),
        (lambda: rdm({"fc": X, "conv": np.ones((9, 8))}), r"data\['conv'\]: the responses"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()


def test_conditions_are_named_in_errors(rng):
    X = rng.standard_normal((9, 8))
    X[3] = 1.0  # the dog's
    frame = pandas.DataFrame(X, index=ANIMALS)
    models = pandas.DataFrame(np.ones((9, 9)) - np.eye(9), ANIMALS, ANIMALS)
    message = "the responses to condition 'dog' are constant"
    for call in (
        lambda: rdm(X, names=ANIMALS),
        lambda: rdm(frame),
        lambda: rdm([frame, frame]),
        lambda: rdm(np.repeat(X, 2, axis=0)[::-1], conditions=np.repeat(ANIMALS, 2)[::-1]),
        lambda: evaluate_layers({"conv": frame}, rng.random(36), cv=3),
        lambda: time_resolved(np.repeat(X[..., np.newaxis], 2, axis=-1), models),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match="the responses to condition 3 are constant"):
        rdm(X)
    with pytest.raises(ValueError, match="condition 'ant' was not observed in two folds"):
        rdm(X, "crossnobis", conditions=ANIMALS, folds=range(9))
    X[:2, :4], X[1:3, 4:] = np.nan, np.nan
    with pytest.raises(ValueError, match="condition 'ant' and condition 'bee' have no"):
        rdm(X[:3], names=ANIMALS[:3])


def test_conditions_in_another_order_are_refused(rng):
    X = pandas.DataFrame(rng.standard_normal((9, 8)), index=ANIMALS)
    turned = X.iloc[::-1]
    message = "same conditions in the same order, got 'ant' and 'ibis'"
    with pytest.raises(ValueError, match=message):
        rdm([X, turned])
    with pytest.raises(ValueError, match=message):
        evaluate_layers({"conv": X, "fc": turned}, rng.random(36), cv=3)
    a, b = (
        pandas.DataFrame(np.ones((9, 9)) - np.eye(9), names, names)
        for names in (ANIMALS, ANIMALS[::-1])
    )
    with pytest.raises(ValueError, match=message):
        compare(a, b)
    with pytest.raises(ValueError, match=message):
        evaluate({"a": a, "b": b}, rng.random(36))
    assert rdm([X, turned], conditions=[ANIMALS, ANIMALS[::-1]]).shape == (2, 36)


# Results


def results(rng):
    """Return a result of each class, of more than fits on a screen."""
    n = 30
    X = rng.standard_normal((n, 20))
    layers = {f"layer {k}": rng.standard_normal((n, 10)) for k in range(40)}
    models = {name: rdm(x) for name, x in layers.items()}
    rdms = rdm(X + rng.standard_normal((12, n, 20)))
    evaluation = evaluate(models, rdms, resample="both", n_bootstraps=50, random_state=0)
    few = dict(list(models.items())[:3])
    return [
        evaluation,
        evaluation.noise_ceiling,
        compare_models(evaluation),
        permutation_test(models, rdms, n_permutations=50, random_state=0),
        reweight(models, rdms, cv=4, random_state=0),
        reweight_features(X, rdms[0], alphas=3, random_state=0),
        evaluate_layers(layers, rdms, cv=4, random_state=0),
        partition_variance(few, rdms, n_bootstraps=20, random_state=0),
        searchlight(X, models, neighbors=[range(k, k + 8) for k in range(12)]),
        time_resolved(rng.standard_normal((3, n, 5, 20)), models),
        crossnobis_test(X[:24], np.tile(np.arange(3), 8), np.repeat(np.arange(8), 3)),
        noise_ceilings(rng.random((3, 40, 45)), n_permutations=9, random_state=0),
        cluster_test(rng.standard_normal((8, 500)) + 1.0, n_permutations=50, random_state=0),
        compare_groups(rdms[:5], rdms[5:], n_permutations=50, random_state=0),
        exemplar_information(rng.random((8, 40, 40)) + np.eye(40)),
        fusion(rng.standard_normal((n, 5, 20)), {"V1": X[:n], "IT": X[:n] ** 2}),
        read_betas(
            SimpleNamespace(dataobj=rng.standard_normal((4, 5, 3, n)), affine=np.eye(4)),
            {"condition": [f"condition {k}" for k in range(n)]},
        ),
    ]


def test_every_result_is_short_and_has_a_table(rng):
    found = results(rng)
    named = {name for name in rsa.__all__ if inspect.isclass(getattr(rsa, name))}
    estimators = {"ConditionKFold", "FeatureReweighting", "FeatureReweightingCV"}
    estimators |= {"FlexibleModel", "NoiseNormalizer", "RSA"}
    assert {type(result).__name__ for result in found} == named - estimators
    for result in found:
        assert repr(result).startswith(f"{type(result).__name__}(")
        assert len(repr(result)) < 1000, type(result)
        assert len(result.to_frame()) > 0
        assert "<table" in result._repr_html_()
        for parameter in inspect.signature(type(result)).parameters.values():
            assert not isinstance(parameter.annotation, str), parameter
            assert "ForwardRef" not in str(parameter), parameter


def test_p_values_have_one_name(rng):
    """In attributes as in columns of frames."""
    for result in results(rng):
        names = {*dir(result), *result.to_frame()}
        assert not names & {"p", "p_value", "pvalues", "p_corrected", "null", "p_zero"}
    frames = [result.to_frame() for result in results(rng)[2:4]]
    assert all({"pvalue", "pvalue_corrected"} <= set(frame) for frame in frames)


def test_dir_shows_public_names():
    assert dir(rsa) == sorted(rsa.__all__)


# Threads, bars, seeds and warnings


def long_calls(rng):
    """Return every long call, as a function of its options, and the array that it makes."""
    X = rng.standard_normal((18, 15))
    models, rdms = rdm(rng.standard_normal((3, 18, 9))), rdm(rng.standard_normal((4, 18, 9)))
    sets = {"a": models[:1], "b": models[1:]}
    trials = {"data": np.repeat(X[:4], 4, axis=0), "conditions": np.repeat(range(4), 4)}
    images = {"training": [X, X[:, :9]], "y": np.arange(18) % 2}
    return {
        "reweight": lambda **o: reweight(models, rdms, cv=4, **o).predictions,
        "reweight_features": lambda **o: (
            reweight_features(X, rdms[0], alphas=3, cv=3, inner_cv=2, **o).prediction
        ),
        "partition_variance": lambda **o: (
            partition_variance(sets, rdms, cv=4, n_bootstraps=20, **o).parts_interval
        ),
        "evaluate_layers": lambda **o: (
            evaluate_layers([X, X[:, :9]], rdms, cv=4, **images, **o).both
        ),
        "cluster_test": lambda **o: (
            cluster_test(X[:, None] + X[:, :, None], n_permutations=300, **o).null_distribution
        ),
        "compare_groups": lambda **o: (
            compare_groups(rdms, models, n_permutations=20, **o).null_distribution
        ),
        "evaluate": lambda **o: evaluate(models, rdms, resample="both", n_bootstraps=20, **o).draws,
        "permutation_test": lambda **o: (
            permutation_test(models, rdms, n_permutations=20, **o).null_distribution
        ),
    }, {
        "rdm": lambda **o: rdm(X, **o),
        "compare": lambda **o: compare(models, rdms, **o),
        "searchlight": lambda **o: (
            searchlight(X, models, neighbors=[range(9), range(15)], **o).scores
        ),
        "time_resolved": lambda **o: time_resolved(X.reshape(18, 5, 3), models, **o).scores,
        "decoding_rdm": lambda **o: decoding_rdm(**trials, cv=2, **o),
    }


def test_results_do_not_depend_on_threads(rng, monkeypatch):
    monkeypatch.setattr("netrep_go._map_design._BLOCK", 2**10)  # several blocks for each thread
    monkeypatch.setattr("netrep_go.rsa._partition._BLOCK", 2**8)
    drawn, fixed = long_calls(rng)
    for name, call in (drawn | fixed).items():
        seed = {"random_state": 0} if name in drawn else {}
        one, two, default = (call(n_jobs=n, **seed) for n in (1, 2, None))
        np.testing.assert_array_equal(one, two, err_msg=name)
        np.testing.assert_array_equal(one, default, err_msg=name)


def test_generators_are_taken(rng):
    drawn, _ = long_calls(rng)
    for name, call in drawn.items():
        one, two = (call(random_state=np.random.default_rng(5)) for _ in range(2))
        np.testing.assert_array_equal(one, two, err_msg=name)
        generator = np.random.default_rng(5)
        first, second = (call(random_state=generator) for _ in range(2))
        np.testing.assert_array_equal(first, one, err_msg=name)
        assert (first != second).any(), name


def test_progress_is_shown_on_request(rng, capsys):
    drawn, fixed = long_calls(rng)
    for name, call in (drawn | fixed).items():
        call()
        assert capsys.readouterr().err == "", name
        call(verbose=True)
        assert capsys.readouterr().err, name


def test_warnings_point_at_the_caller(rng):
    data = rng.standard_normal((6, 4))
    data[:, 0] = np.nan
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        searchlight(data, rng.random(15), neighbors=[[0], [1, 2, 3]])
    assert [warning.filename for warning in caught] == [__file__]


def test_reweighted_features_are_for_rdms_by_default(rng):
    X = rng.standard_normal((20, 6))
    measured = rdm(X * [2.0, 0, 1, 0, 0, 1], "sqeuclidean")
    result = reweight_features(X, measured, alphas=[1e-6], random_state=0)
    assert result.metric == "sqeuclidean"
    assert result.score == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match=r"rdms must be of the conditions of X"):
        reweight_features(X, measured[1:])


def test_decoding_takes_folds_as_cv(rng):
    X, conditions = rng.standard_normal((24, 3)), np.tile(["a", "b", "c"], 8)
    assert decoding_rdm(X, conditions, cv=np.repeat(range(4), 6)).shape == (3,)
    with pytest.raises(ValueError, match="each condition in at least 2 folds, got 'a' in fold"):
        decoding_rdm(X, conditions, cv=np.zeros(24))
    with pytest.raises(ValueError, match=r"cv must have shape \(24,\), got \(3,\)"):
        decoding_rdm(X, conditions, cv=[0, 1, 2])


def test_results_can_be_compared_and_kept_in_sets(rng):
    found = results(rng)
    kept = {result for result in found if type(result) is not rsa.NoiseCeiling}
    assert len(kept) == len(found) - 1
    for result in found:
        assert result in found
        assert type(copy.deepcopy(result)) is type(pickle.loads(pickle.dumps(result)))


def test_errors_name_the_folds_that_were_asked_for(rng):
    X = rng.standard_normal((12, 4))
    with pytest.raises(ValueError, match="inner_cv must be at most the number of conditions, 4"):
        reweight_features(X, rdm(X), cv=3)
    with pytest.raises(ValueError, match="n_splits must be at most the number of conditions"):
        list(ConditionKFold(20).split(rdm(X)))


@pytest.mark.parametrize("n", [4, 6, 10])  # 6 and 10 are also numbers of pairs
def test_square_matrices_that_are_no_rdms_are_refused(rng, n):
    names = [f"image {i}" for i in range(n)]
    D = squareform(pdist(rng.standard_normal((n, 3))))
    with pytest.raises(ValueError, match=r"zero diagonal, got 1 on it; turn similarities into"):
        compare(1 - D)
    columns = pandas.DataFrame(D, names, names[::-1])
    with pytest.raises(ValueError, match="the rows of rdms and its columns must have the same"):
        compare(columns)
    scaled = compare(np.stack([D, 2 * D]) * 1e-13)
    np.testing.assert_allclose(scaled, 1, rtol=1e-12)


def test_condensed_rdms_of_tiny_units_are_not_taken_for_a_square_one(rng):
    vectors = rng.random((6, 6))
    np.testing.assert_allclose(compare(vectors * 1e-13), compare(vectors), rtol=1e-12)


def test_names_beside_an_index_are_refused(rng):
    framed = pandas.DataFrame(rng.random((9, 4)), index=ANIMALS)
    with pytest.raises(ValueError, match="data has names of its own: leave out names"):
        rdm(framed, names=ANIMALS)


def test_one_array_is_asked_for_where_a_dict_came(models, rdms):
    with pytest.raises(TypeError, match="X must be one array, got dict: pass one of its values"):
        reweight_features(models, rdms["anna"])


def test_models_and_rdms_in_another_order_are_refused_everywhere(rng):
    X = pandas.DataFrame(rng.standard_normal((9, 8)), index=ANIMALS)
    square = pandas.DataFrame(squareform(rdm(X)), ANIMALS, ANIMALS)
    turned = {"anna": square.iloc[::-1, ::-1]}
    models = {"low": square}
    for call in (
        lambda rdms: compare(rdms, models),
        lambda rdms: evaluate(models, rdms),
        lambda rdms: permutation_test(models, rdms, n_permutations=9),
        lambda rdms: rsa.reweight(models, rdms, cv=3),
        lambda rdms: rsa.partition_variance(models, rdms),
        lambda rdms: evaluate_layers({"fc": X}, rdms, cv=3),
        lambda rdms: reweight_features(X, rdms["anna"], alphas=2, cv=9, inner_cv=3),
        lambda rdms: searchlight(X, rdms, neighbors=[range(8)]),
        lambda rdms: rsa.rsa_score(X, X if rdms["anna"].index[0] == ANIMALS[0] else X[::-1]),
    ):
        call({"anna": square})
        with pytest.raises(
            ValueError, match="must have the same conditions in the same order, got"
        ):
            call(turned)


def test_names_of_as_many_rdms_as_pairs_are_not_those_of_conditions(rng):
    names = [f"subject {i}" for i in range(6)]
    subjects, others = (
        pandas.DataFrame(rng.random((6, 6)), index=rows) for rows in (names, names[::-1])
    )
    assert compare(subjects, others).shape == (6, 6)


def test_rows_of_data_sets_after_one_without_names_must_agree(rng):
    framed = pandas.DataFrame(rng.random((9, 4)), index=ANIMALS)
    with pytest.raises(ValueError, match=r"data\[1\] and data\[2\] must have the same conditions"):
        rdm([framed.to_numpy(), framed, framed[::-1]])


def subjects_with(names, rng):
    """Return square RDMs of subjects, of which one has conditions in another order."""
    squares = [pandas.DataFrame(squareform(rng.random(36)), ANIMALS, ANIMALS) for _ in range(4)]
    squares[2] = squares[2].loc[names, names]
    return squares


@pytest.mark.parametrize(
    "call",
    [
        compare,
        lambda x: compare(np.arange(36.0), np.arange(36.0) ** 2, "pearson", controls=x[1:3]),
        lambda x: evaluate(np.arange(36.0), x),
        lambda x: permutation_test(np.arange(36.0), x, n_permutations=9),
        noise_ceiling,
        lambda x: rsa.evaluate_flexible({"m": np.arange(36.0)}, x, n_bootstraps=2),
        lambda x: rsa.evaluate_flexible({"m": rsa.FlexibleModel(x)}, np.eye(36)[:3]),
        lambda x: compare_groups(x, x, n_permutations=9),
        exemplar_information,
        lambda x: rsa.evaluate_cross(np.eye(9), x),
    ],
)
@pytest.mark.parametrize("kind", [list, tuple])
def test_subjects_in_a_list_have_the_same_conditions(call, kind, rng):
    with pytest.raises(ValueError, match="the same conditions in the same order, got 'ant' and"):
        call(kind(subjects_with(ANIMALS[::-1], rng)))


def test_rows_and_columns_have_the_same_conditions(rng):
    squares = subjects_with(ANIMALS, rng)
    squares[1] = squares[1].loc[:, ANIMALS[::-1]]
    with pytest.raises(ValueError, match=r"rows of rdms\[1\] and its columns must have the same"):
        exemplar_information(squares)


def test_runs_have_the_same_conditions(rng):
    a, b = (pandas.DataFrame(rng.standard_normal((9, 5)), ANIMALS) for _ in range(2))
    with pytest.raises(ValueError, match="the same conditions in the same order, got 'ant' and"):
        rsa.cross_rdm(a, b[::-1])
    with pytest.raises(ValueError, match="first, subject 'y', must have the same conditions"):
        rsa.cross_rdm({"x": a, "y": b[::-1]}, {"x": a, "y": b[::-1]})
    with pytest.raises(ValueError, match=r"same subjects, got \['x'\] and \['y'\]"):
        rsa.cross_rdm({"x": a}, {"y": b})
    apart = rsa.cross_rdm({"x": a, "y": b}, {"y": a, "x": b})
    np.testing.assert_array_equal(apart, rsa.cross_rdm([a, b], [b, a]))
    models = pandas.DataFrame(1 - np.eye(9), ANIMALS[::-1], ANIMALS[::-1])
    with pytest.raises(ValueError, match="models and rdms must have the same conditions"):
        rsa.evaluate_cross(models, subjects_with(ANIMALS, rng))


def test_sets_of_models_and_regions_have_the_same_conditions(rng):
    first, _, other, _ = subjects_with(ANIMALS[::-1], rng)
    said = "the same conditions in the same order, got 'ant' and"
    with pytest.raises(ValueError, match=said):
        partition_variance({"low": first, "high": other}, rng.random((3, 36)))
    responses = pandas.DataFrame(rng.standard_normal((9, 5)), ANIMALS)
    regions = [{"V1": responses}, {"V1": responses[::-1]}]
    with pytest.raises(ValueError, match=f"subject 0 and spatial of subject 1 must have {said}"):
        fusion(rng.standard_normal((9, 4, 3)), regions)


def test_square_rdms_are_no_points(rng):
    squares = [squareform(rng.random(45)) for _ in range(3)]  # 10 x 10: or 10 points, 10 pairs
    with pytest.raises(ValueError, match=r"rdms\[0\] must have .* a square RDM of 10 conditions"):
        noise_ceilings(squares)
    points = rng.random((3, 10, 10))
    assert noise_ceilings(points).lower.shape == (10,)
