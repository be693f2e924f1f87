"""Measures that follow from alignments: normalized Procrustes, nuclear norms, aligned cosines."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import orthogonal_procrustes
from sklearn.exceptions import NotFittedError

from netrep_go.conv_layers import ConvolutionalMetric
from netrep_go.metrics import (
    AlignedCosine,
    LinearMetric,
    NormalizedProcrustes,
    PermutationMetric,
    get_measure,
)
from netrep_go.multiset import cross_distances, pairwise_distances


def case(n, p, q):
    return np.random.RandomState(0).randn(n, p), np.random.RandomState(1).randn(n, q)


A, B = case(20, 5, 7), case(200, 50, 50)

GOLDEN = [
    ("procrustes_normalized", 1.01596681728, 1.08255122508),
    ("OrthogonalProcrustesCenteredAndNormalized", 1.01596681728, 1.08255122508),
    ("nbs", 0.483905713097, 0.414041422536),
    ("aligned_cosine", 0.360320734803, 0.410258941373),
    ("AlignedCosineSimilarity", 0.360320734803, 0.410258941373),
    ("permutation_procrustes", 13.6003768149, 130.176601367),
    ("PermutationProcrustes", 13.6003768149, 130.176601367),
    ("permutation", 1.38264466791, 1.42877287331),
    ("procrustes", 1.06568403396, 1.14390685957),
    ("procrustes_size_and_shape", 10.2432492511, 107.175234668),
]


@pytest.mark.parametrize(("name", "a", "b"), GOLDEN)
def test_golden_values(name, a, b):
    measure = get_measure(name)
    assert measure.fit_score(*A) == pytest.approx(a, rel=1e-11)
    assert measure.fit_score(*B) == pytest.approx(b, rel=1e-11)


def networks(n=30, widths=(5, 7, 5, 3), seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((n, p)) + rng.standard_normal(p) for p in widths]


def padded(x, y):
    width = max(x.shape[1], y.shape[1])
    return (np.pad(a, [(0, 0), (0, width - a.shape[1])]) for a in (x, y))


def unit_shapes(x, y):
    """Return centered activations of Frobenius norm 1."""
    x, y = (a - a.mean(axis=0) for a in padded(x, y))
    return x / np.linalg.norm(x), y / np.linalg.norm(y)


def normalized_distance(x, y):
    x, y = unit_shapes(x, y)
    Q, _ = orthogonal_procrustes(x, y)
    return np.linalg.norm(x @ Q - y)


def nuclear_norm(x, y):
    x, y = unit_shapes(x, y)
    return np.linalg.norm(x.T @ y, "nuc")


def row_cosines(x, y):
    return np.sum(x * y, axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)


def aligned_cosine(x, y):
    x, y = padded(x, y)
    Q, _ = orthogonal_procrustes(x, y)
    return row_cosines(x @ Q, y).mean()


DEFINITIONS = [
    (NormalizedProcrustes(), normalized_distance),
    (NormalizedProcrustes(form="cosine"), nuclear_norm),
    (AlignedCosine(), aligned_cosine),
]

every_measure = pytest.mark.parametrize(
    ("measure", "definition"), DEFINITIONS, ids=[str(measure) for measure, _ in DEFINITIONS]
)


@every_measure
def test_all_pairs_follow_the_definition(measure, definition):
    xs = networks()
    found = pairwise_distances(measure, xs, verbose=False, n_jobs=1)
    assert_allclose(found, [[definition(x, y) for y in xs] for x in xs], rtol=1e-11, atol=1e-7)
    assert_array_equal(found, found.T)
    assert_array_equal(pairwise_distances(measure, xs, verbose=False, n_jobs=2), found)
    across = cross_distances(measure, xs[:2], xs[2:], verbose=False)
    assert_allclose(across, found[:2, 2:], rtol=1e-13)
    for i, j in ((0, 1), (2, 1), (1, 3)):
        assert measure.fit_score(xs[i], xs[j]) == pytest.approx(found[i, j], rel=1e-12)


@every_measure
def test_held_out_data(measure, definition):
    train, test = networks(), networks(seed=1)
    found_train, found_test = pairwise_distances(measure, train, test, verbose=False)
    for i, j in ((0, 1), (2, 3)):
        fitted = measure.fit(train[i], train[j])
        assert fitted.score(train[i], train[j]) == pytest.approx(found_train[i, j], rel=1e-12)
        assert fitted.score(test[i], test[j]) == pytest.approx(found_test[i, j], rel=1e-12)
    x, y = padded(train[0], train[1])
    x_test, y_test = padded(test[0], test[1])
    if measure.center_columns:
        x, x_test, y, y_test = x - x.mean(0), x_test - x.mean(0), y - y.mean(0), y_test - y.mean(0)
    aligned = x_test @ orthogonal_procrustes(x, y)[0]
    cosine = np.vdot(aligned, y_test) / np.linalg.norm(aligned) / np.linalg.norm(y_test)
    want = {"distance": np.sqrt(2 - 2 * cosine), "cosine": cosine}
    value = want.get(getattr(measure, "form", None), row_cosines(aligned, y_test).mean())
    assert found_test[0, 1] == pytest.approx(value, rel=1e-11)


@every_measure
def test_types_and_layouts(measure, definition):
    x, y = (np.round(8 * x).astype(np.int32) for x in networks(widths=(5, 7)))
    want = definition(x.astype(float), y.astype(float))
    assert measure.fit_score(x.astype(np.float32), np.asfortranarray(y)) == pytest.approx(want)
    assert measure.fit_score(x.tolist(), y) == pytest.approx(want)


@every_measure
@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e70])
def test_scales(measure, definition, scale):
    x, y = networks(widths=(5, 7))
    assert measure.fit_score(scale * x, y) == pytest.approx(definition(x, y), rel=1e-11)
    with pytest.raises(ValueError, match="too large"):
        measure.fit_score(1e140 * x, y)


def test_samples_of_any_strength_count_alike():
    x, y = networks(widths=(5, 7))
    strength = np.where(np.arange(30) < 15, 1, 1e-140)[:, np.newaxis]
    Q, _ = orthogonal_procrustes(*padded(x[:15], y[:15]))
    aligned, other = padded(x, y)
    want = row_cosines(aligned @ Q, other).mean()
    assert AlignedCosine().fit_score(x * strength, y * strength) == pytest.approx(want)


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0])
def test_forms_are_functions_of_the_angle(alpha):
    train, test = networks(), networks(seed=1)
    angles = pairwise_distances(LinearMetric(alpha), train, test, verbose=False)
    for form, of in (("distance", lambda a: 2 * np.sin(a / 2)), ("cosine", np.cos)):
        measure = NormalizedProcrustes(alpha, form=form)
        for found, angle in zip(
            pairwise_distances(measure, train, test, verbose=False), angles, strict=True
        ):
            assert_allclose(found, of(angle), rtol=1e-14)
    single = pairwise_distances(NormalizedProcrustes(), train, dtype=np.float32, verbose=False)
    assert_allclose(single, pairwise_distances(NormalizedProcrustes(), train, verbose=False), 1e-5)


def test_tiny_distances_are_accurate():
    x, noise = networks(widths=(5, 5))
    far = NormalizedProcrustes().fit_score(x, x + 1e-4 * noise)
    for size in (1e-8, 1e-11):
        near = NormalizedProcrustes().fit_score(x, x + size * noise)
        assert near == pytest.approx(far * size / 1e-4, rel=1e-3)
        D = pairwise_distances(NormalizedProcrustes(), [x, x + size * noise], verbose=False)
        assert D[0, 1] == pytest.approx(near, rel=1e-3)
    assert NormalizedProcrustes().fit_score(x, x) < 1e-14
    assert AlignedCosine().fit_score(x, x) == pytest.approx(1, abs=1e-14)


@every_measure
def test_duplicates_dead_neurons_and_the_order_of_samples(measure, definition):
    x, y = networks(widths=(5, 7))
    x[4:9], x[:, 2], y[:, 1] = x[3], x[:, 1], 0
    want = measure.fit_score(x, y)
    if not isinstance(measure, AlignedCosine):  # how else those are aligned makes a difference
        assert want == pytest.approx(definition(x, y), rel=1e-11)
    order = np.random.default_rng(0).permutation(30)
    assert measure.fit_score(x[order], y[order]) == pytest.approx(want, rel=1e-11)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_samples(n):
    for x, y in ([*networks(n, (2, 3))], [*networks(n, (1, 1))]):
        assert NormalizedProcrustes().fit_score(x, y) == pytest.approx(normalized_distance(x, y))
        assert NormalizedProcrustes(form="cosine").fit_score(x, y) == pytest.approx(
            nuclear_norm(x, y)
        )
        assert AlignedCosine().fit_score(x, y) == pytest.approx(aligned_cosine(x, y))
    x, y = networks(1, (3, 4))
    assert AlignedCosine().fit_score(x, y) == pytest.approx(1)


@pytest.mark.parametrize("form", ["distance", "cosine"])
def test_constant_responses_have_no_shape(form):
    x, constant = networks(widths=(5,))[0], np.ones((30, 2))
    with pytest.raises(ValueError, match="do not vary"):
        NormalizedProcrustes(form=form).fit_score(x, constant)
    with pytest.raises(ValueError, match=r"traindata\[1\].*do not vary"):
        pairwise_distances(NormalizedProcrustes(form=form), [x, constant], verbose=False)


def test_samples_without_activation_are_left_out():
    x, y = networks(widths=(5, 7))
    x[3], y[7] = 0, 0
    kept = np.delete(np.arange(30), [3, 7])
    Q, _ = orthogonal_procrustes(*padded(x, y))
    aligned, other = padded(x, y)
    want = row_cosines((aligned @ Q)[kept], other[kept]).mean()
    with pytest.warns(UserWarning, match="samples are left out to which"):
        assert AlignedCosine().fit_score(x, y) == pytest.approx(want)
    with pytest.warns(UserWarning, match="samples are left out to which") as said:
        found = pairwise_distances(AlignedCosine(), [x, y], verbose=False)
    assert len(said) == 1
    assert found[0, 1] == pytest.approx(want)
    with pytest.warns(UserWarning, match="to each sample, one of the networks has no activation"):
        assert np.isnan(AlignedCosine().fit_score(x, 0 * y))
    with pytest.warns(UserWarning, match="to each sample, one of the networks has no activation"):
        found = pairwise_distances(AlignedCosine(), [x[3:4], y[:1]], verbose=False)
    assert_allclose(found, [[np.nan, np.nan], [np.nan, 1]])


def test_directions_that_nothing_aligns_count_as_different():
    x = np.array([[1.0, 1], [1, -1], [1, 1], [1, -1]])
    y = np.array([[1.0, 1], [1, 1], [1, -1], [1, -1]])
    with pytest.warns(UserWarning, match="some directions count as different"):
        assert AlignedCosine().fit_score(x, y) == pytest.approx(1 / 2)
    wide, held_out = networks(4, (20, 30)), networks(9, (20, 30), seed=1)
    with pytest.warns(UserWarning, match="some directions count as different") as said:
        pairwise_distances(AlignedCosine(), wide, held_out, verbose=False)
    assert len(said) == 1


def test_what_was_fitted_is_asked_for():
    x, y = networks(widths=(5, 7))
    for measure in (NormalizedProcrustes(), AlignedCosine()):
        with pytest.raises(NotFittedError):
            measure.score(x, y)
        with pytest.raises(ValueError, match="equal dimensions"):
            measure.set_params(zero_pad=False).fit(x, y)
        with pytest.raises(ValueError, match="zero_pad is False"):
            pairwise_distances(measure, [x, y], verbose=False)
    with pytest.raises(ValueError, match="alpha"):
        NormalizedProcrustes(alpha=2)
    with pytest.raises(ValueError, match="form"):
        NormalizedProcrustes(form="angle")
    with pytest.raises(ValueError, match="float64"):
        pairwise_distances(AlignedCosine(), [x, x], dtype=np.float32, verbose=False)


def test_inside_a_convolution():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 5, 3, 4, 2))
    angle = ConvolutionalMetric(LinearMetric()).fit_score(x, y)
    normalized = ConvolutionalMetric(NormalizedProcrustes()).fit_score(x, y)
    assert normalized == pytest.approx(2 * np.sin(angle / 2), rel=1e-10)


def test_permutation_procrustes_does_not_center():
    x, y = networks(widths=(5, 7))
    found = get_measure("permutation_procrustes").fit_score(x, y)
    assert found == PermutationMetric(False, score_method="euclidean").fit_score(x, y)
    assert found != pytest.approx(PermutationMetric(score_method="euclidean").fit_score(x, y))


@every_measure
def test_networks_that_do_not_match(measure, definition):
    train, test = networks(9, (3, 4)), networks(9, (3, 5), seed=1)
    with pytest.raises(ValueError, match=r"traindata\[1\] has 4 features and testdata\[1\] has 5"):
        pairwise_distances(measure, train, test, verbose=False)
    for sets, where in (([train[0], train[1][:8]], "train"), (train, "test")):
        held_out = [test[0], test[1][:8, :4]]
        with pytest.raises(ValueError, match=rf"{where}data\[1\] has 8 samples"):
            pairwise_distances(measure, sets, held_out, verbose=False)
