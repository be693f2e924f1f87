"""Mean-field capacity: analytic oracles, identities, invariances, and what users get wrong."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.special import ndtr
from sklearn.base import clone
from sklearn.datasets import load_digits

from netrep_go.capacity import (
    DirectCapacity,
    JointCapacity,
    ManifoldGeometry,
    MeanFieldCapacity,
    ball_capacity,
    ellipsoid_capacity,
    point_capacity,
    project_on_cone,
)
from netrep_go.capacity._meanfield import _agree


def place(points, n_manifolds=4):
    """Put a shape around orthogonal centers that are at distance 1 from their mean."""
    n_samples, dimension = points.shape
    centers = np.eye(n_manifolds, n_manifolds + dimension)
    scale = np.sqrt(1 - 1 / n_manifolds)
    offsets = np.hstack([np.zeros((n_samples, n_manifolds)), scale * points])
    return [center + offsets for center in centers]


def measure(points, kappa=0.0, n_t=4000, **options):
    options = {"max_removed": 0, "random_state": 0} | options
    return MeanFieldCapacity(kappa, n_t, **options).fit(place(points))


def check(found, deviation, expected, relative=0.01):
    """Check that a standard error is small, and the error within three."""
    assert deviation <= relative * abs(expected)
    assert abs(found - expected) <= 3 * deviation + 1e-9


def polygon(n_samples, radius=1.0):
    angles = 2 * np.pi * np.arange(n_samples) / n_samples
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def simplex(k):
    """Vertices of the simplex whose cone is an orthant."""
    return (np.eye(k) - 1 / k) * np.sqrt(k)


@pytest.mark.parametrize("estimator", ["count", "norm"])
def test_points(estimator):
    kappas = [-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0]
    model = measure(np.zeros((1, 0)), kappas, n_t=40000, estimator=estimator)
    for found, deviation, kappa in zip(model.capacity_, model.capacity_se_, kappas, strict=True):
        check(found, deviation, point_capacity(kappa), relative=0.02 if kappa < 0 else 0.01)
    np.testing.assert_allclose(model.radius_, 0, atol=1e-12)
    np.testing.assert_allclose(model.dimension_, 0, atol=1e-12)
    np.testing.assert_allclose(model.dimension_cos_, 0, atol=1e-12)


@pytest.mark.parametrize("estimator", ["count", "norm"])
@pytest.mark.parametrize("radius", [0.1, 0.5, 1.0, 2.0])
def test_segments_are_balls_of_one_dimension(radius, estimator):
    kappas = [-0.5, 0.0, 0.5, 1.0]
    model = measure([[radius], [-radius]] * np.ones(1), kappas, n_t=30000, estimator=estimator)
    for found, deviation, kappa in zip(model.capacity_, model.capacity_se_, kappas, strict=True):
        check(found, deviation, ball_capacity(radius, 1, kappa=kappa))
    angle = np.arctan(radius)
    share = angle / np.pi
    squared = radius**2 * (1 - share) + share * (radius / angle - 1)
    check(model.radius_[1], model.radius_se_[1], np.sqrt(squared))
    assert model.dimension_cos_[1] == pytest.approx(1)
    check(model.dimension_[1], model.dimension_se_[1], 1, relative=0.02)


@pytest.mark.parametrize(("n_samples", "inverse"), [(4, 1.3830), (8, 1.4722), (32, 1.4983)])
def test_polygons(n_samples, inverse):
    model = measure(polygon(n_samples), n_t=20000)
    check(model.capacity_, model.capacity_se_, 1 / inverse)


@pytest.mark.parametrize("radius", [0.25, 1.0, 2.0])
def test_discs(radius):
    model = measure(polygon(128, radius), [0.0, 0.5], n_t=4000)
    for i, kappa in enumerate([0.0, 0.5]):
        check(model.capacity_[i], model.capacity_se_[i], ball_capacity(radius, 2, kappa=kappa))
    assert model.dimension_cos_[0] == pytest.approx(2, rel=1e-3)


def test_ellipses():
    points = polygon(128) * [1.0, 0.5]
    model = measure(points, [0.0, 0.5], n_t=4000)
    for i, kappa in enumerate([0.0, 0.5]):
        expected = np.ravel(ellipsoid_capacity([1.0, 0.5], kappa=kappa))[0]
        check(model.capacity_[i], model.capacity_se_[i], expected)


@pytest.mark.parametrize(
    ("k", "radius", "dimension"),
    [(3, 1.178, 1.705), (5, 1.406, 3.106), (10, 1.497, 6.744), (20, 1.485, 14.09)],
)
def test_simplices(k, radius, dimension):
    model = measure(simplex(k), n_t=4000)
    check(model.capacity_, model.capacity_se_, 2 / k)
    check(model.radius_, model.radius_se_, radius)
    check(model.dimension_cos_, model.dimension_cos_se_, dimension)
    assert model.manifolds_.n_active.mean() == pytest.approx(k / 2, rel=0.02)


def test_orthogonal_samples_only_tell_their_number():
    X = list(np.random.default_rng(0).standard_normal((20, 50, 5000)))
    model = MeanFieldCapacity(n_t=200, random_state=0).fit(X)
    assert model.capacity_ == pytest.approx(0.04, rel=0.03)
    assert model.radius_ == pytest.approx(1.473, rel=0.03)
    assert model.dimension_cos_ == pytest.approx(36.07, rel=0.02)


def test_estimators_agree(rng):
    X = list(rng.standard_normal((3, 1, 40)) + 0.15 * rng.standard_normal((3, 30, 40)))
    kappas = [-0.5, 0.0, 0.7]
    options = {"max_removed": 0, "random_state": 0}
    count = MeanFieldCapacity(kappas, 4000, **options).fit(X)
    norm = MeanFieldCapacity(kappas, 20000, estimator="norm", antithetic=False, **options).fit(X)
    for i in range(len(kappas)):
        for j in range(3):
            apart = np.hypot(count.manifolds_se_.capacity[i, j], norm.manifolds_se_.capacity[i, j])
            gap = count.manifolds_.capacity[i, j] - norm.manifolds_.capacity[i, j]
            assert abs(gap) < 3.5 * apart
    assert count.capacity_se_[1] < norm.capacity_se_[1]
    width = MeanFieldCapacity(kappas, 4000, estimator="width", **options).fit(X)
    np.testing.assert_allclose(width.capacity_[1:], count.capacity_[1:], rtol=0.06)


def test_standard_errors(rng):
    X = list(rng.standard_normal((2, 1, 30)) + 0.2 * rng.standard_normal((2, 10, 30)))
    for options in ({}, {"antithetic": False, "estimator": "norm"}):
        models = [
            MeanFieldCapacity(n_t=300, max_removed=0, random_state=seed, **options).fit(X)
            for seed in range(60)
        ]
        for name in ("capacity_", "radius_", "dimension_", "dimension_cos_"):
            values = [getattr(model, name) for model in models]
            claimed = np.mean([getattr(model, name[:-1] + "_se_") for model in models])
            assert np.std(values) == pytest.approx(claimed, rel=0.35)


def draws(rng, points, n_t=200):
    return [rng.standard_normal((n_t, min(x.shape) + 1)) for x in points]


def test_invariances(rng):
    X = [rng.standard_normal((8, 5)) + 3 * rng.standard_normal(5) for _ in range(3)]
    t = draws(rng, X)
    options = {"max_removed": 0, "random_state": 0}
    plain = MeanFieldCapacity([0.0, 0.5], **options).fit(X, t_vectors=t)
    scaled = MeanFieldCapacity([0.0, 0.5], **options).fit([7 * x for x in X], t_vectors=t)
    shifted = MeanFieldCapacity([0.0, 0.5], **options).fit([x + 9 for x in X], t_vectors=t)
    for other in (scaled, shifted):
        for a, b in zip(plain.manifolds_, other.manifolds_, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8)
    # In a frame of its own, the distribution is what stays.
    Q = np.linalg.qr(rng.standard_normal((12, 12)))[0][:5]
    options |= {"n_t": 4000}
    one = MeanFieldCapacity(**options).fit(X)
    more = [np.vstack([x @ Q, x @ Q]) for x in X]  # rotated, padded, duplicated
    two = MeanFieldCapacity(**options).fit(more)
    apart = 3 * np.hypot(one.manifolds_se_.capacity, two.manifolds_se_.capacity)
    assert (np.abs(one.manifolds_.capacity - two.manifolds_.capacity) < apart).all()
    assert two.manifolds_.n_active == pytest.approx(one.manifolds_.n_active, rel=0.05)


def test_monotone(rng):
    # Draw by draw: more margin and more samples need more.
    X = [rng.standard_normal((12, 4)) + 3 * rng.standard_normal(4) for _ in range(3)]
    t = draws(rng, X)
    kappas = [-2.0, -0.3, 0.0, 0.4, 1.0, 5.0]
    model = MeanFieldCapacity(kappas, estimator="norm", max_removed=0).fit(X, t_vectors=t)
    assert (np.diff(1 / model.manifolds_.capacity, axis=0) >= 0).all()
    # The mean stays if samples come in opposite pairs around it.
    smaller, larger = (np.vstack([o, -o]) + 2 for o in (0.1 * np.eye(4), 0.2 * np.eye(4)))
    pair = [[smaller, -smaller], [larger, -larger]]
    t = [rng.standard_normal((300, 5))] * 2
    inner, outer = (
        MeanFieldCapacity(estimator="norm", max_removed=0).fit(x, t_vectors=t) for x in pair
    )
    assert (outer.manifolds_.capacity <= inner.manifolds_.capacity).all()


def test_anchors(rng):
    X = [rng.standard_normal((9, 40)) + 3 * rng.standard_normal(40) for _ in range(3)]
    model = MeanFieldCapacity(
        [0.0, 0.5], 50, max_removed=0, store_anchors=True, random_state=0
    ).fit(X)
    center = np.mean([x.mean(axis=0) for x in X], axis=0)
    for i, (weights, x) in enumerate(zip(model.anchor_weights_, X, strict=True)):
        assert weights.shape == (2, 50, 9)
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=2), 1)
        anchors = weights @ x / np.linalg.norm(x.mean(axis=0) - center)
        anchors -= anchors.mean(axis=1, keepdims=True)
        pairs = anchors.reshape(2, 25, 2, 40).mean(axis=2)  # of t and -t
        spread = (anchors**2).sum(axis=2).mean(axis=1)
        spread += (pairs**2).sum(axis=(1, 2)) / (25 * 24)  # the variance of the mean anchor
        np.testing.assert_allclose(np.sqrt(spread), model.manifolds_.radius[:, i])
    single = MeanFieldCapacity(0.0, 50, max_removed=0, store_anchors=True, random_state=0).fit(X)
    np.testing.assert_array_equal(single.anchor_weights_[1], model.anchor_weights_[1][0])
    assert single.capacity_ == model.capacity_[0]
    assert not hasattr(MeanFieldCapacity(random_state=0).fit(X), "anchor_weights_")


def test_inputs_are_the_same(rng):
    X = rng.standard_normal((30, 7)) + np.repeat(3 * rng.standard_normal((5, 7)), 6, axis=0)
    y = np.repeat(list("badec"), 6)
    labeled = MeanFieldCapacity(random_state=0).fit(X, y)
    assert labeled.names_ == list("abcde")
    parts = [X[y == label] for label in "abcde"]
    listed = MeanFieldCapacity(random_state=0).fit(parts)
    padded = np.full((5, 9, 7), np.nan)
    padded[:, 2:8] = parts
    missing = MeanFieldCapacity(random_state=0).fit(list(padded))
    shuffle = rng.permutation(30)
    mixed = MeanFieldCapacity(random_state=0).fit(X[shuffle], y[shuffle])
    for other in (listed, missing, clone(labeled).fit(X, y)):
        for a, b in zip(labeled.manifolds_, other.manifolds_, strict=True):
            np.testing.assert_array_equal(a, b)
    assert mixed.center_correlation_ == pytest.approx(labeled.center_correlation_)
    assert labeled.n_features_in_ == 7
    for x in parts:
        x.flags.writeable = False
    jobs = [MeanFieldCapacity(random_state=0, n_jobs=n).fit(parts) for n in (1, 2)]
    for a, b in zip(*(job.manifolds_ for job in jobs), strict=True):
        np.testing.assert_array_equal(a, b)


def test_averages(rng):
    X = list(rng.standard_normal((4, 1, 20)) + 0.4 * rng.standard_normal((4, 6, 20)))
    model = MeanFieldCapacity(random_state=0).fit(X)
    assert model.capacity_ == pytest.approx(1 / np.mean(1 / model.manifolds_.capacity))
    for name in ("radius", "dimension", "dimension_cos"):
        values, errors = getattr(model.manifolds_, name), getattr(model.manifolds_se_, name)
        assert getattr(model, f"{name}_") == pytest.approx(values.mean())
        assert getattr(model, f"{name}_se_") == pytest.approx(np.sqrt((errors**2).sum()) / 4)


def test_table(rng):
    pytest.importorskip("pandas")
    X = list(rng.standard_normal((3, 6, 10)))
    model = MeanFieldCapacity([0.0, 1.0], 20, random_state=0).fit(X)
    table = model.to_frame()
    assert len(table) == 6
    assert list(table["kappa"]) == [0, 0, 0, 1, 1, 1]
    assert list(table["manifold"]) == [0, 1, 2] * 2
    np.testing.assert_array_equal(table["radius_se"], np.ravel(model.manifolds_se_.radius))
    assert len(table.columns) == 2 + 2 * len(ManifoldGeometry._fields)


@pytest.mark.parametrize("n_manifolds", [2, 3])
@pytest.mark.parametrize("shape", [(1, 6), (2, 6), (30, 6), (6, 30)])
def test_few_manifolds_of_any_shape(rng, n_manifolds, shape):
    centers = 2 * rng.standard_normal((n_manifolds, 1, shape[1]))
    X = list(centers + rng.standard_normal((n_manifolds, *shape)))
    model = MeanFieldCapacity([-1.0, 0.0, 1.0], 100, random_state=0).fit(X)
    assert model.n_centers_removed_ <= n_manifolds - 2
    for values in model.manifolds_:
        assert np.isfinite(values).all()
    if n_manifolds == 2:
        assert model.center_correlation_ == pytest.approx(1)


def test_duplicates_and_unequal_sizes(rng):
    X = [rng.standard_normal((m, 8)) + 3 * rng.standard_normal(8) for m in (1, 2, 12, 40)]
    X.append(np.repeat(X[2][:1], 5, axis=0) + 4)
    model = MeanFieldCapacity(n_t=2000, max_removed=0, random_state=0).fit(X)
    for i in (0, 4):  # points
        assert model.manifolds_.capacity[i] == pytest.approx(2, rel=0.1)
        assert model.manifolds_.radius[i] == pytest.approx(0, abs=1e-7)
        assert model.manifolds_.dimension[i] == pytest.approx(0, abs=1e-7)


def test_far_inside_the_margin(rng):
    model = MeanFieldCapacity(-50.0, 10, max_removed=0, random_state=0)
    model.fit(list(rng.standard_normal((3, 1, 9))))
    assert model.capacity_ == np.inf
    assert model.capacity_se_ == np.inf


def test_one_independent_draw_has_no_error(rng):
    model = MeanFieldCapacity(n_t=1, random_state=0).fit(list(rng.standard_normal((3, 4, 9))))
    assert model.radius_se_ == np.inf


CENTERED = [np.array(x, float) for x in ([[1, 0], [3, 0]], [[-1, 0], [-3, 0]], [[0, 1], [0, -1]])]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([np.ones((3, 2))], None, "at least 2 manifolds for .*, got 1"),
        (np.ones((3, 2)), [1, 1, 1], "at least 2 manifolds for .*, got 1"),
        (np.ones((3, 2)), None, "requires y to be passed"),
        (CENTERED, None, "center of manifold 2 is the mean of all centers"),
        ([np.eye(2), np.full((2, 2), np.nan)], None, "manifold 1 has no samples"),
        ([np.eye(2), np.array([[1, np.nan]])], None, "manifold 1 has samples that are NaN"),
        ([np.eye(2), np.eye(3)], None, r"X\[0\] has 2 and X\[1\] 3"),
        (np.eye(3), ["a", "b"], r"y must have shape \(3,\)"),
    ],
)
def test_bad_manifolds(X, y, message):
    with pytest.raises(ValueError, match=message):
        MeanFieldCapacity().fit(X, y)


def test_center_at_the_mean_of_samples():
    X = [np.array([[-3.0, 0.0]]), np.array([[1.0, 0.0]] * 3), np.array([[0.0, 1.0], [0.0, -1.0]])]
    assert np.isfinite(MeanFieldCapacity(random_state=0).fit(X).capacity_)
    with pytest.raises(ValueError, match="center of manifold 2 is at the origin"):
        MeanFieldCapacity(origin="samples", max_removed=0).fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kappa": np.nan}, "kappa contains NaN"),
        ({"kappa": [[0.0]]}, r"kappa\[0\] must be a number, got \[0.0\]"),
        ({"n_t": 0}, "n_t must be at least 1"),
        ({"estimator": "mean"}, "estimator"),
        ({"origin": "zero"}, "origin"),
        ({"frame": "rank"}, "frame"),
        ({"criterion": "mean"}, "criterion"),
        ({"max_removed": 3}, "max_removed must be at most 2 for 4 manifolds, got 3"),
        ({"min_removed": 3}, "min_removed must be at most 2 for 4 manifolds, got 3"),
        ({"min_removed": 2, "max_removed": 1}, "max_removed must be at least 2"),
        ({"n_restarts": 0}, "n_restarts must be at least 1"),
    ],
)
def test_bad_parameters(rng, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        MeanFieldCapacity(**options).fit(list(rng.standard_normal((4, 5, 9))))


def test_progress_is_shown_on_request(rng, capsys):
    X = rng.standard_normal((5, 6, 10))
    MeanFieldCapacity(n_t=10, n_restarts=1, random_state=0).fit(X)
    assert capsys.readouterr().err == ""
    MeanFieldCapacity(n_t=10, n_restarts=1, random_state=0, verbose=True).fit(X)
    shown = capsys.readouterr().err
    assert "Searching directions of centers" in shown
    assert "Projecting on cones: 100%" in shown


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return [data.data[data.target == k][:20] for k in range(10)]


def test_bars_hold_over_seeds(digits):
    runs = [MeanFieldCapacity(random_state=seed).fit(digits) for seed in range(40)]
    for name, low in (("capacity", 0.7), ("radius", 0.5)):
        spread = np.std([getattr(run, f"{name}_") for run in runs], ddof=1)
        bar = np.sqrt(np.mean([getattr(run, f"{name}_se_") ** 2 for run in runs]))
        assert low < spread / bar < 1.3


def test_radius_of_few_vectors(digits):
    options = {"max_removed": 0}
    exact = MeanFieldCapacity(n_t=10_000, random_state=0, **options).fit(digits).radius_
    runs = [
        MeanFieldCapacity(n_t=20, random_state=seed, **options).fit(digits) for seed in range(60)
    ]
    bias = np.mean([run.radius_ for run in runs]) - exact
    assert abs(bias) < 0.5 * runs[0].radius_se_


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("kind", [MeanFieldCapacity, DirectCapacity, JointCapacity])
def test_rounding_of_the_input_moves_rounding(digits, kind, wide):
    X = [np.hstack([x, np.zeros((20, 200))]) for x in digits] if wide else digits
    noise = np.random.default_rng(0)
    Y = [x * (1 + 1e-15 * noise.standard_normal(x.shape)) for x in X]
    one, two = (kind(n_t=100, random_state=0).fit(Z) for Z in (X, Y))
    assert one.capacity_ == pytest.approx(two.capacity_, rel=1e-11)
    if kind is MeanFieldCapacity:
        for a, b in zip(one.manifolds_, two.manifolds_, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9)


def test_ties_between_samples_move_nothing():
    square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    noise = np.random.default_rng(0)
    X = [np.hstack([square, np.full((4, 1), h)]) for h in (3.0, -3.0)]
    Y = [x + 1e-15 * noise.standard_normal(x.shape) for x in X]
    one, two = (MeanFieldCapacity(random_state=0).fit(Z).manifolds_ for Z in (X, Y))
    np.testing.assert_allclose(one.radius, two.radius, rtol=1e-9)


def test_centers_of_nothing_but_rounding():
    noise = np.random.default_rng(0)
    half = noise.standard_normal((3, 7, 5))
    X = [np.concatenate([h, -h])[noise.permutation(14)] for h in half]
    with pytest.raises(ValueError, match="is the mean of all centers"):
        MeanFieldCapacity(random_state=0).fit(X)


def matlab_properties(x, center_norm, T):
    """What calc_manifold_properties2 computes of samples x and vectors T, in NumPy."""
    d = min(x.shape) - 1
    axes = np.linalg.qr((x - x.mean(axis=0)).T)[0][:, :d]
    F = np.hstack([x @ axes / center_norm, np.ones((len(x), 1))])
    S = F[np.argmax(T @ F.T, axis=1)]
    found = {}

    def spread(S):
        dS = S - S.mean(axis=0)
        return (T * dS).sum(axis=1), np.linalg.norm(dS, axis=1)

    width, norm = spread(S)
    found["gaussian_half_width"], found["gaussian_radius"] = width.mean(), norm @ norm / len(T)
    found["gaussian_dimension_matlab"] = width.mean() ** 2 / (norm**2).mean()
    found["gaussian_dimension"] = np.mean(width**2 / norm**2)
    squared = np.zeros(len(T))
    for i, t in enumerate(T):
        mu, _ = nnls(F.T, t)
        if mu.sum() > 0:
            S[i], squared[i] = mu @ F / mu.sum(), np.sum((mu @ F) ** 2)
    width, norm = spread(S)
    found["half_width"], found["radius"] = width.mean(), (norm**2).mean()
    found["dimension"] = np.mean(width**2 / norm**2)
    found["dimension_matlab"] = d * np.mean(width / (np.linalg.norm(T, axis=1) * norm)) ** 2
    points = [ndtr(w) * (1 + w**2) + w * np.exp(-(w**2) / 2) / np.sqrt(2 * np.pi) for w in width]
    found["alphac_hat"] = 1 / np.mean(np.array(points) / (1 + norm**2))
    found["alphac_hat2"] = 1 / squared.mean()
    return found


@pytest.mark.parametrize("shape", [(6, 30), (20, 7), (7, 7), (2, 9), (9, 2)])
def test_matlab_frame_draw_by_draw(rng, shape):
    X = list(2 * rng.standard_normal((4, 1, shape[1])) + rng.standard_normal((4, *shape)))
    T = [rng.standard_normal((80, min(shape))) for _ in X]
    options = {"frame": "matlab", "max_removed": 0}
    norm = MeanFieldCapacity(estimator="norm", **options).fit(X, t_vectors=T).manifolds_
    width = MeanFieldCapacity(estimator="width", **options).fit(X, t_vectors=T).manifolds_
    origin = np.mean([x.mean(axis=0) for x in X], axis=0)
    for i, (x, t) in enumerate(zip(X, T, strict=True)):
        expected = matlab_properties(x - origin, np.linalg.norm(x.mean(axis=0) - origin), t)
        assert width.capacity[i] == pytest.approx(expected.pop("alphac_hat"))
        assert norm.capacity[i] == pytest.approx(expected.pop("alphac_hat2"))
        for name, value in expected.items():
            root = np.sqrt(value) if name.endswith("radius") else value
            assert getattr(norm, name)[i] == pytest.approx(root), name


@pytest.mark.parametrize("shape", [(6, 30), (20, 7), (9, 2), (5, 1), (1, 5)])
def test_matlab_frame_with_vectors_of_its_own(rng, shape):
    # Other coordinates and antithetic draws: the same means.
    X = list(2 * rng.standard_normal((4, 1, shape[1])) + rng.standard_normal((4, *shape)))
    options = {"frame": "matlab", "max_removed": 0, "n_t": 4000, "random_state": 0}
    own = MeanFieldCapacity(**options).fit(X)
    T = [rng.standard_normal((4000, min(shape))) for _ in X]
    given = MeanFieldCapacity(**options).fit(X, t_vectors=T)
    table, other = own.manifolds_._asdict(), given.manifolds_._asdict()
    for name in table.keys() - {"dimension_cos"}:
        errors = [getattr(model.manifolds_se_, name) for model in (own, given)]
        assert (np.abs(table[name] - other[name]) <= 4 * np.hypot(*errors) + 1e-7).all(), name
    noise = [x * (1 + 1e-15 * rng.standard_normal(x.shape)) for x in X]
    moved = MeanFieldCapacity(**options).fit([3 * x for x in noise])
    np.testing.assert_allclose(moved.manifolds_.capacity, own.manifolds_.capacity, rtol=1e-9)


def test_matlab_frame_without_overlap_is_that_of_the_center():
    # Centers are orthogonal to all axes, and no axis is lost.
    points = simplex(5)[:, :4]
    X = [np.vstack([x, 2 * x.mean(axis=0) - x]) for x in place(points)]
    one = MeanFieldCapacity(n_t=500, max_removed=0, random_state=0).fit(X)
    two = MeanFieldCapacity(n_t=500, max_removed=0, random_state=0, frame="matlab").fit(X)
    for a, b in zip(one.manifolds_, two.manifolds_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("radius", [0.25, 2.0])
def test_gaussian_quantities_of_segments(radius):
    # ds is radius * sign(t): E t.ds = radius * sqrt(2 / pi).
    model = measure(radius * np.array([[1.0], [-1.0]]), n_t=20000)
    found, errors = model.manifolds_, model.manifolds_se_
    for name, expected in {
        "gaussian_half_width": radius * np.sqrt(2 / np.pi),
        "gaussian_radius": radius,
        "gaussian_dimension": 1.0,
        "gaussian_dimension_matlab": 2 / np.pi,
    }.items():
        check(getattr(found, name)[0], getattr(errors, name)[0], expected, relative=0.02)


def test_errors_of_gaussian_quantities(rng):
    X = list(rng.standard_normal((2, 1, 30)) + 0.2 * rng.standard_normal((2, 10, 30)))
    models = [
        MeanFieldCapacity(n_t=300, max_removed=0, random_state=seed).fit(X) for seed in range(60)
    ]
    for name in ("half_width", "gaussian_dimension", "gaussian_dimension_matlab"):
        values = [getattr(model.manifolds_, name)[0] for model in models]
        claimed = np.mean([getattr(model.manifolds_se_, name)[0] for model in models])
        assert np.std(values) == pytest.approx(claimed, rel=0.35), name


def planted_centers(seed):
    """Few manifolds whose centers share three directions: many minima are nearly as good."""
    noise = np.random.RandomState(seed)
    centers = 3 * noise.randn(8, 3) @ noise.randn(3, 200) + noise.randn(8, 200)
    return list(centers[:, np.newaxis] + 0.7 * noise.randn(8, 15, 200))


@pytest.mark.parametrize(("search", "n_restarts"), [("spectral", 3), ("stable", 10)])
def test_standard_errors_contain_the_search(search, n_restarts):
    noise = np.random.RandomState(0)
    X = planted_centers(8)
    options = {"search": search, "n_restarts": n_restarts}
    runs = [
        MeanFieldCapacity(random_state=i, **options).fit(
            [x * (1 + 1e-15 * noise.randn(*x.shape)) for x in X]
        )
        for i in range(12)
    ]
    draws = MeanFieldCapacity(n_searches=1, random_state=0, **options).fit(X)
    for name in ("capacity", "radius"):
        values = np.array([getattr(run, f"{name}_") for run in runs])
        errors = np.array([getattr(run, f"{name}_se_") for run in runs])
        assert values.std() > 3 * getattr(draws, f"{name}_se_")  # draws alone say too little
        assert 0.5 < np.sqrt((errors**2).mean()) / values.std(ddof=1) < 2


def test_searches_change_no_values():
    X = planted_centers(8)
    one, five = (MeanFieldCapacity(n_searches=n, random_state=0).fit(X) for n in (1, 5))
    for a, b in zip(one.manifolds_, five.manifolds_, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.capacity_ == five.capacity_
    assert one.capacity_se_ < five.capacity_se_
    kept = [MeanFieldCapacity(max_removed=0, n_searches=n, random_state=0).fit(X) for n in (1, 5)]
    assert kept[0].capacity_se_ == kept[1].capacity_se_  # no search, no spread
    with pytest.raises(ValueError, match="n_searches must be at least 1"):
        MeanFieldCapacity(n_searches=0).fit(X)


def clouds(rng, n_samples, n_features):
    """Manifolds of so many samples that they are projected on without their Gram matrix."""
    centers = 2 * rng.standard_normal((len(n_samples), n_features))
    return [
        c + 0.7 * rng.standard_normal((n, n_features))
        for c, n in zip(centers, n_samples, strict=True)
    ]


@pytest.mark.parametrize("frame", ["center", "matlab"])
@pytest.mark.parametrize("kappa", [0.0, 0.8, -1.0])
def test_many_samples_are_those_of_their_cone(rng, frame, kappa):
    X = clouds(rng, (2100, 2500), 7)
    X[1][1000:] = X[1][:1500]  # ties
    T = [rng.standard_normal((40, 7 + (frame == "center"))) for _ in X]
    model = MeanFieldCapacity(
        kappa, estimator="norm", frame=frame, max_removed=0, store_anchors=True
    ).fit(X, t_vectors=T)
    origin = np.mean([x.mean(axis=0) for x in X], axis=0)
    for i, (x, t) in enumerate(zip(X, T, strict=True)):
        center = x.mean(axis=0)
        size = np.linalg.norm(center - origin)
        points = (x - center) / size
        if frame == "matlab":
            points = (x - origin) @ np.linalg.qr((x - center).T)[0][:, :6] / size
        S = np.hstack([points, np.ones((len(x), 1))])
        b = t + kappa * np.eye(S.shape[1])[-1]
        found = project_on_cone(b @ S.T, S @ S.T, precomputed=True)
        images = found.weights @ S
        assert 1 / model.manifolds_.capacity[i] == pytest.approx((images**2).sum(axis=1).mean())
        weights = model.anchor_weights_[i]
        np.testing.assert_allclose(weights.sum(axis=1), 1)
        outside = found.weights.sum(axis=1) > 0
        nearest = points[np.argmax(t[:, :-1] @ points.T, axis=1)]
        anchors = np.where(
            outside[:, None], images[:, :-1] / np.maximum(images[:, -1:], 1e-300), nearest
        )
        np.testing.assert_allclose(weights @ points, anchors, atol=1e-7)
        deviations = anchors - anchors.mean(axis=0)
        radius = np.sqrt((deviations**2).sum(axis=1).mean())
        assert model.manifolds_.radius[i] == pytest.approx(radius)
        nearest -= nearest.mean(axis=0)
        width = (t[:, :-1] * nearest).sum(axis=1)
        assert model.manifolds_.gaussian_half_width[i] == pytest.approx(width.mean())


def test_many_samples_beside_few(rng):
    X = clouds(rng, (2300, 1, 2, 40), 5)
    options = {"max_removed": 0, "n_t": 30, "random_state": 0}
    whole = MeanFieldCapacity(**options).fit(X)
    for n_jobs in (1, 2):
        again = MeanFieldCapacity(n_jobs=n_jobs, **options).fit(X)
        for a, b in zip(whole.manifolds_, again.manifolds_, strict=True):
            np.testing.assert_array_equal(a, b)
    for scale in (1e-60, 1e60):
        scaled = MeanFieldCapacity(**options).fit([scale * x for x in X])
        for a, b in zip(whole.manifolds_, scaled.manifolds_, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8)
    inner = 0.2 * X[0] + 0.8 * X[0].mean(axis=0)  # samples in the hull change nothing
    more = [np.vstack([X[0], inner]), *X[1:]]
    T = [rng.standard_normal((50, min(x.shape) + 1)) for x in X]
    one, two = (MeanFieldCapacity(max_removed=0).fit(Z, t_vectors=T) for Z in (X, more))
    for a, b in zip(one.manifolds_, two.manifolds_, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8)


def test_memory_is_linear_in_samples(rng):
    # the Gram matrix of one of them would take 80 GB
    X = clouds(rng, (100_000, 3), 3)
    found = MeanFieldCapacity(n_t=10, max_removed=0, random_state=0).fit(X).manifolds_
    assert 1 < found.n_active[0] < 4
    assert np.isfinite(found.radius).all()


@pytest.mark.parametrize(
    ("n_manifolds", "agree", "expected"), [(200, 1, 5), (201, 1, 2), (201, -1, 5)]
)
def test_searches_go_on_until_they_agree(rng, monkeypatch, n_manifolds, agree, expected):
    shared = 3 * rng.standard_normal((n_manifolds, 1, 2)) @ rng.standard_normal((2, 60))
    X = list(
        shared
        + rng.standard_normal((n_manifolds, 1, 60))
        + 0.3 * rng.standard_normal((n_manifolds, 3, 60))
    )
    options = {"n_t": 20, "max_removed": 1, "random_state": 0}
    explicit = MeanFieldCapacity(n_searches=expected, **options).fit(X)
    monkeypatch.setattr("netrep_go.capacity._meanfield._SMALL", agree)
    auto = MeanFieldCapacity(**options).fit(X)
    assert auto.capacity_ == explicit.capacity_
    assert auto.capacity_se_ == explicit.capacity_se_
    for a, b in zip(auto.manifolds_se_, explicit.manifolds_se_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("other", "agree"), [(1.0, True), (1.01, False)])
def test_what_agrees(other, agree):
    # 300 manifolds, two margins: errors of means are 0.01 / sqrt(300)
    values = np.ones((2, 300, 11))
    moved = values.copy()
    moved[1, :, 1] *= other  # the radius at one margin
    errors = np.full_like(values, 0.01)
    assert _agree([values, moved], errors) is agree
