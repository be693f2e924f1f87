"""Joint capacity: exact values, the definition, what does not matter, and bad input."""

import itertools

import numpy as np
import pytest
from scipy.optimize import nnls
from sklearn.base import clone

from netrep_go.capacity import (
    JointCapacity,
    MeanFieldCapacity,
    ball_capacity,
    point_capacity,
    project_on_cone,
)

MEASURES = (
    "capacity",
    "dimension",
    "radius",
    "center_alignment",
    "axis_alignment",
    "center_axis_alignment",
)


def measures(model):
    return np.array([getattr(model, f"{name}_") for name in MEASURES])


def errors(model):
    return np.array([getattr(model, f"{name}_se_") for name in MEASURES])


def orthogonal_segments(n_manifolds, radius):
    X = np.zeros((n_manifolds, 2, 2 * n_manifolds))
    for i, segment in enumerate(X):
        segment[:, 2 * i] = 1.0
        segment[:, 2 * i + 1] = radius, -radius
    return list(X)


def correlated(rng, n_manifolds=6, n_samples=4, n_features=15):
    centers = rng.standard_normal((n_manifolds, 1, n_features)) + rng.standard_normal(n_features)
    axes = rng.standard_normal((n_manifolds, 2, n_features)) + rng.standard_normal((2, n_features))
    return list(centers + 0.5 * rng.standard_normal((n_manifolds, n_samples, 2)) @ axes)


@pytest.mark.parametrize("shape", [(20, 20), (30, 80)])
def test_points_in_general_position(rng, shape):
    X = rng.lognormal(size=shape)[:, np.newaxis]
    model = JointCapacity(center=False, n_t=4000, random_state=0).fit(list(X))
    assert model.capacity_ == pytest.approx(2, abs=3 * model.capacity_se_)
    assert model.capacity_se_ < 0.02
    assert model.dimension_ == model.radius_ == model.axis_alignment_ == 0


@pytest.mark.parametrize("radius", [0.25, 1.0, 3.0])
def test_independent_segments(radius):
    # Independent manifolds are those of mean-field theory.
    model = JointCapacity(center=False, n_t=2000, random_state=0)
    model.fit(orthogonal_segments(30, radius))
    expected = ball_capacity(radius, 1)
    assert model.capacity_ == pytest.approx(expected, abs=3 * model.capacity_se_ + 1e-9)
    assert model.capacity_se_ < 0.01 * expected
    assert model.dimension_ == pytest.approx(1, abs=3 * model.dimension_se_)
    t_center, t_axis = np.random.default_rng(1).standard_normal((2, 1_000_000))
    inside = np.abs(t_axis) < radius * t_center
    anchor = np.where(inside, t_axis / t_center, radius * np.sign(t_axis))
    both = (t_axis**2 * anchor**2 / (1 + anchor**2)).mean()
    expected = np.sqrt(both / ((t_axis**2).mean() - both))
    assert model.radius_ == pytest.approx(expected, abs=3 * model.radius_se_ + 0.003)
    assert model.center_alignment_ < 0.03
    assert model.axis_alignment_ < 0.03


def test_independent_manifolds(rng):
    # In subspaces of their own: the cones of all, one by one, and mean-field theory.
    n_manifolds, shape = 80, (6, 4)
    X = np.zeros((n_manifolds, shape[0], n_manifolds * (shape[1] + 1)))
    inverse = []
    for i, manifold in enumerate(X):
        own = manifold[:, i * (shape[1] + 1) : (i + 1) * (shape[1] + 1)]
        own[:, 0] = 1.0
        own[:, 1:] = 0.5 * rng.standard_normal(shape)
        n_active = project_on_cone(rng.standard_normal((2000, shape[1] + 1)), own).n_active
        inverse.append([n_active.mean(), n_active.var() / len(n_active)])
    joint = JointCapacity(center=False, n_t=1000, random_state=0).fit(list(X))
    mean, variance = np.mean(inverse, axis=0)
    error = np.hypot(joint.capacity_se_, np.sqrt(variance / n_manifolds) / mean**2)
    assert abs(joint.capacity_ - 1 / mean) < 3 * error
    theory = MeanFieldCapacity(max_removed=0, n_t=1000, random_state=0).fit(list(X))
    error = np.hypot(joint.capacity_se_, theory.capacity_se_)
    assert abs(joint.capacity_ - theory.capacity_) < 3 * error + 0.7 / n_manifolds * joint.capacity_


def test_orthant_simplices():
    model = JointCapacity(center=False, n_t=2000, random_state=0).fit(np.split(np.eye(60), 12))
    assert model.capacity_ == pytest.approx(2 / 5, abs=3 * model.capacity_se_)


def by_definition(X, rng, n_t):
    """Measure as the definition says, with other solvers."""
    n_manifolds, n_samples = len(X), len(X[0])
    samples = np.concatenate(X)
    anchors, ts, squared = [], [], []
    for _ in range(n_t):
        t, y = rng.standard_normal(samples.shape[1]), rng.choice([-1, 1], n_manifolds)
        signed = samples * np.repeat(y, n_samples)[:, np.newaxis]
        mu, _ = nnls(signed.T, t)
        pi = mu @ signed
        squared.append(pi @ pi)
        field = (signed @ (t - pi)).reshape(n_manifolds, n_samples)
        mu = mu.reshape(n_manifolds, n_samples)
        idle = mu.sum(axis=1) == 0
        mu[idle, field[idle].argmax(axis=1)] = 1
        mu /= mu.sum(axis=1, keepdims=True)
        anchors.append(np.einsum("pm,pmn->pn", mu, np.array(X)))
        ts.append(t)
    S, S0 = np.array(anchors), np.mean(anchors, axis=0)
    G0, different = S0 @ S0.T, ~np.eye(n_manifolds, dtype=bool)
    axes, both, of_axes, crossed = [], [], [], []
    unit = S0 / np.linalg.norm(S0, axis=1, keepdims=True)
    for S1, t in zip(S - S0, ts, strict=True):
        u, G1 = S1 @ t, S1 @ S1.T
        axes.append(u @ np.linalg.pinv(G1, rcond=1e-10, hermitian=True) @ u)
        both.append(u @ np.linalg.pinv(G0 + G1, rcond=1e-10, hermitian=True) @ u)
        S1 /= np.linalg.norm(S1, axis=1, keepdims=True)
        of_axes.append(np.abs(S1 @ S1.T)[different].mean())
        crossed.append(np.abs(unit @ S1.T)[different].mean())
    return np.array(
        [
            n_manifolds / np.mean(squared),
            np.mean(axes) / n_manifolds,
            np.sqrt(np.mean(both) / (np.mean(axes) - np.mean(both))),
            np.abs(unit @ unit.T)[different].mean(),
            np.mean(of_axes),
            np.mean(crossed),
        ]
    )


@pytest.mark.parametrize("n_features", [15, 40])
def test_definition(rng, n_features):
    X = correlated(rng, n_features=n_features)
    model = JointCapacity(center=False, n_t=10_000, random_state=0).fit(X)
    halves = [by_definition(X, np.random.default_rng(seed), 1500) for seed in (1, 2, 3)]
    error = np.hypot(errors(model), np.std(halves, axis=0, ddof=1) / np.sqrt(3))
    gap = np.abs(measures(model) - np.mean(halves, axis=0))
    assert (gap < 4 * error + 0.01 * measures(model)).all()
    assert (errors(model) < 0.1 * measures(model)).all()


def test_errors(rng):
    X = correlated(rng)
    fits = [JointCapacity(n_t=400, random_state=seed).fit(X) for seed in range(30)]
    spread = np.std([measures(fit) for fit in fits], axis=0, ddof=1)
    ratio = np.mean([errors(fit) for fit in fits], axis=0) / spread
    assert (ratio > 0.6).all()
    assert (ratio < 1.7).all()


@pytest.mark.filterwarnings("ignore:only 23% of the dichotomies")  # of the parallel manifolds
def test_alignment(rng):
    # Shared directions of centers or of axes show in their alignment.
    centers, axes = rng.standard_normal((2, 20, 1, 100))
    coordinates = rng.standard_normal((20, 6, 1))
    free = JointCapacity(center=False, random_state=0).fit(list(centers + coordinates * axes))
    along = JointCapacity(center=False, random_state=0).fit(
        list(centers + 2 * rng.standard_normal(100) + coordinates * axes)
    )
    parallel = JointCapacity(center=False, random_state=0).fit(
        list(centers + coordinates * axes[0])
    )
    tilted = JointCapacity(center=False, random_state=0).fit(
        list(centers + coordinates * np.roll(centers, 1, axis=0))
    )
    assert free.center_alignment_ < 0.15 < 0.6 < along.center_alignment_
    assert free.axis_alignment_ < 0.15 < 0.9 < parallel.axis_alignment_
    assert tilted.center_axis_alignment_ > 1.3 * free.center_axis_alignment_
    assert parallel.dimension_ < 0.5 < free.dimension_
    centered = JointCapacity(random_state=0).fit(list(centers + 100.0 + coordinates * axes))
    assert centered.center_alignment_ < 0.15


def test_what_does_not_matter(rng):
    X = list(rng.standard_normal((6, 1, 40)) + rng.standard_normal((6, 4, 40)))
    expected = JointCapacity(random_state=0).fit(X)
    rotation = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    variants = {
        "scale": [1e150 * x for x in X],
        "rotation": [x @ rotation for x in X],
        "silent features": [np.pad(x, ((0, 0), (0, 30))) for x in X],
        "missing samples": [np.vstack([x, np.full((1, 40), np.nan)]) for x in X],
    }
    for name, Y in variants.items():
        found = JointCapacity(random_state=0).fit(Y)
        np.testing.assert_allclose(measures(found), measures(expected), rtol=1e-6, err_msg=name)
    threads = JointCapacity(random_state=0, n_jobs=1).fit(X)
    np.testing.assert_array_equal(measures(threads), measures(expected))
    labeled = clone(threads).fit(np.concatenate(X), np.repeat(list("abcdef"), 4))
    np.testing.assert_array_equal(measures(labeled), measures(expected))
    assert expected.n_manifolds_ == 6


def test_duplicates_and_interior_points(rng):
    X = correlated(rng, n_features=30)
    richer = [np.vstack([x, x[:2], x.mean(axis=0)]) for x in X]
    plain, found = (
        JointCapacity(center=False, n_t=3000, random_state=seed).fit(Y)
        for seed, Y in enumerate((X, richer))
    )
    error = np.hypot(errors(plain), errors(found))
    assert (np.abs(measures(plain) - measures(found)) < 4 * error).all()


def test_dichotomies(rng):
    X = correlated(rng)
    everything = np.array(list(itertools.product([1.0, -1.0], repeat=6)))
    given, iid = (
        JointCapacity(dichotomies=dichotomies, n_t=3200, random_state=0).fit(X)
        for dichotomies in (everything, "iid")
    )
    error = np.hypot(given.capacity_se_, iid.capacity_se_)
    assert abs(given.capacity_ - iid.capacity_) < 3 * error
    sparse = JointCapacity(dichotomies="sparse", n_t=3200, random_state=0).fit(X)
    one = JointCapacity(dichotomies=1 - 2 * np.eye(6), n_t=3200, random_state=1).fit(X)
    error = np.hypot(sparse.capacity_se_, one.capacity_se_)
    assert abs(sparse.capacity_ - one.capacity_) < 3 * error


def test_unequal_manifolds(rng):
    X = [rng.standard_normal(20) + 0.5 * rng.standard_normal((k, 20)) for k in (1, 2, 5, 30)]
    model = JointCapacity(random_state=0).fit(X)
    assert np.isfinite(measures(model)).all()
    assert 0 < model.dimension_ < 19


def test_inseparable_manifolds_are_told(rng):
    blobs = list(rng.standard_normal((6, 40, 10)))
    with pytest.warns(UserWarning, match="only 0% of the dichotomies are separable with all"):
        inseparable = JointCapacity(random_state=0).fit(blobs)
    assert inseparable.capacity_ == pytest.approx(6 / 10, rel=0.05)
    # a cone that holds a line, but not all of space
    far = 10 * np.eye(12)[6:] + np.pad(rng.standard_normal((6, 6)), [(0, 0), (0, 6)])
    lines = [np.vstack([x, np.eye(12)[0], -np.eye(12)[0]]) for x in far]
    with pytest.warns(UserWarning, match="only 0% of the dichotomies"):
        JointCapacity(random_state=0).fit(lines)


def test_bad_input(rng):
    X = list(rng.standard_normal((4, 3, 5)))
    with pytest.raises(ValueError, match="at least 2 manifolds for joint capacity, got 1"):
        JointCapacity().fit(X[:1])
    with pytest.raises(ValueError, match="X must have samples that differ"):
        JointCapacity().fit([np.ones((2, 3)), np.ones((1, 3))])
    with pytest.raises(ValueError, match="n_t must be at least 1, got 0"):
        JointCapacity(n_t=0).fit(X)
    with pytest.raises(ValueError, match="dichotomies"):
        JointCapacity(dichotomies="ordered").fit(X)
    with pytest.raises(ValueError, match="one column for each of the 4 manifolds"):
        JointCapacity(dichotomies=np.ones((2, 3))).fit(X)
    X[1][0, 0] = np.inf
    with pytest.raises(ValueError, match="manifold 1 has samples that are NaN or infinite"):
        JointCapacity().fit(X)


@pytest.mark.parametrize("kappa", [-0.5, 0.5, 2.0])
def test_margins_of_independent_manifolds(kappa):
    options = {"kappa": kappa, "center": False, "random_state": 0, "n_t": 1000}
    scales = np.linspace(0.5, 3, 30)  # margins are in units of each manifold's own center
    points = JointCapacity(**options).fit([[row] for row in np.diag(scales)])
    check = {point_capacity(kappa): points}
    for radius in (0.5, 2.0):
        X = [s * x for s, x in zip(scales, orthogonal_segments(30, radius), strict=True)]
        check[ball_capacity(radius, 1, kappa=kappa)] = JointCapacity(**options).fit(X)
    for expected, model in check.items():
        assert model.capacity_ == pytest.approx(expected, abs=4 * model.capacity_se_)
        assert model.capacity_se_ < 0.02 * expected


@pytest.mark.parametrize("kappa", [-0.4, 0.3, 1.5])
def test_margins_by_definition(rng, kappa):
    # With as many features as samples, a shift of t makes the margin.
    X = correlated(rng, n_features=40)
    X = [x + 0.05 * rng.standard_normal(x.shape) for x in X]
    samples, lengths = np.concatenate(X), [np.linalg.norm(x.mean(axis=0)) for x in X]
    shift = np.linalg.pinv(samples)
    values = []
    for _ in range(3000):
        t, y = rng.standard_normal(40), np.repeat(rng.choice([-1, 1], 6), 4)
        target = t + shift @ (y * kappa * np.repeat(lengths, 4))
        mu, _ = nnls((samples * y[:, np.newaxis]).T, target)
        values.append(np.sum(((samples.T * y) @ mu) ** 2) / 6)
    model = JointCapacity(kappa=kappa, center=False, n_t=4000, random_state=0).fit(X)
    error = np.hypot(model.capacity_se_ / model.capacity_**2, np.std(values) / np.sqrt(3000))
    assert abs(1 / model.capacity_ - np.mean(values)) < 4 * error
    scaled = JointCapacity(kappa=kappa, center=False, n_t=4000, random_state=0)
    scaled.fit([1e100 * x for x in X])
    assert scaled.capacity_ == pytest.approx(model.capacity_)


@pytest.mark.parametrize("dichotomies", ["iid", "sparse"])
def test_each_manifold(dichotomies):
    radii = np.repeat([0.2, 1.0, 3.0], 10)
    X = [orthogonal_segments(30, r)[i] for i, r in enumerate(radii)]
    model = JointCapacity(dichotomies=dichotomies, center=False, n_t=4000, random_state=0).fit(X)
    expected = [ball_capacity(r, 1) for r in radii]
    found, errors = model.manifolds_, model.manifolds_se_
    # of radius 1, n(t) + n(-t) is the same for all t
    assert (np.abs(found.capacity - expected) <= 4.5 * errors.capacity + 1e-9).all()
    assert (np.abs(found.dimension - 1) < 5 * errors.dimension).all()
    assert (np.diff(found.radius.reshape(3, 10).mean(axis=1)) > 0).all()
    assert 1 / np.mean(1 / found.capacity) == pytest.approx(model.capacity_)
    assert model.dimension_ == pytest.approx(found.dimension.mean(), abs=0.05)


@pytest.mark.parametrize("signed", [False, True])
def test_anchors_and_pairs(rng, signed):
    X = correlated(rng, n_features=15)
    model = JointCapacity(
        center=False, signed=signed, store_anchors=True, n_t=100, random_state=0
    ).fit(X)
    for weights in model.anchor_weights_:
        assert weights.shape == (100, 4)
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=1), 1)
    S = np.stack([w @ x for w, x in zip(model.anchor_weights_, X, strict=True)], axis=1)
    S0 = S.mean(axis=0)
    units, axes = S0 / np.linalg.norm(S0, axis=1, keepdims=True), S - S0
    axes /= np.linalg.norm(axes, axis=2, keepdims=True)
    size = (lambda c: c) if signed else np.abs
    expected = {
        "center": size(units @ units.T),
        "axis": size(axes @ axes.transpose(0, 2, 1)).mean(axis=0),
        "center_axis": size(units @ axes.transpose(0, 2, 1)).mean(axis=0),
    }
    different = ~np.eye(6, dtype=bool)
    for name, cosines in expected.items():
        found = getattr(model, f"{name}_alignments_")
        np.testing.assert_allclose(found, cosines, atol=1e-8)
        mean = getattr(model, f"{name}_alignment_")
        assert mean == pytest.approx(cosines[different].mean(), abs=1e-8)
    assert not hasattr(JointCapacity(n_t=20, random_state=0).fit(X), "anchor_weights_")


def test_points_have_no_axes(rng):
    X = [*rng.standard_normal((4, 1, 20)), rng.standard_normal((3, 20))]
    model = JointCapacity(center=False, random_state=0).fit(X)
    axes = model.axis_alignments_
    assert np.isnan(axes[:4]).all()
    assert axes[4, 4] == pytest.approx(1)
    assert np.isnan(model.center_axis_alignments_[:, :4]).all()
    assert np.isfinite(model.center_axis_alignments_[:, 4]).all()
    assert np.isfinite(model.center_alignments_).all()
    assert (model.manifolds_.radius[:4] == 0).all()


def test_one_against_the_rest(rng):
    X = correlated(rng, n_manifolds=5)
    X[0] = X[0].mean(axis=0) + 3 * (X[0] - X[0].mean(axis=0))
    model = JointCapacity(dichotomies="sparse", n_t=4000, random_state=0).fit(X)
    found, errors = model.one_vs_rest_capacity_, model.one_vs_rest_capacity_se_
    for k in range(5):
        alone = JointCapacity(dichotomies=[1 - 2 * np.eye(5)[k]], n_t=2000, random_state=k + 1).fit(
            X
        )
        assert abs(found[k] - alone.capacity_) < 4 * np.hypot(errors[k], alone.capacity_se_)
    assert 1 / np.mean(1 / found) == pytest.approx(model.capacity_)
    assert not hasattr(JointCapacity(n_t=20, random_state=0).fit(X), "one_vs_rest_capacity_")
    few = JointCapacity(dichotomies="sparse", n_t=1, random_state=0).fit(X)
    assert np.isfinite(few.one_vs_rest_capacity_se_).all()


def test_dichotomies_without_a_margin(rng):
    # All samples on one side of their mean are no dichotomy that has a margin.
    X = list(rng.standard_normal((4, 1, 30)) + 0.2 * rng.standard_normal((4, 3, 30)))
    with pytest.warns(UserWarning, match="of 200 dichotomies are not separable with all"):
        model = JointCapacity(kappa=0.5, n_t=400, random_state=0).fit(X)
    both = np.array(list(itertools.product([1.0, -1.0], repeat=4)))[1:-1]
    expected = JointCapacity(dichotomies=both, kappa=0.5, n_t=4000, random_state=1).fit(X)
    assert np.isfinite([*measures(model), *errors(model)]).all()
    apart = 4 * np.hypot(model.capacity_se_, expected.capacity_se_)
    assert abs(model.capacity_ - expected.capacity_) < apart
    blobs = list(rng.standard_normal((6, 40, 10)))
    with pytest.raises(ValueError, match="of 100 dichotomies 0 are separable, too few"):
        JointCapacity(kappa=0.5, random_state=0).fit(blobs)
    with pytest.raises(ValueError, match="kappa"):
        JointCapacity(kappa=np.nan).fit(X)


def test_table_of_manifolds(rng):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    X = dict(zip("abcdef", correlated(rng), strict=True))
    model = JointCapacity(random_state=0).fit(X)
    table = model.to_frame(manifolds=True)
    assert list(table["manifold"]) == model.names_ == list("abcdef")
    np.testing.assert_array_equal(table["radius_se"], model.manifolds_se_.radius)
    assert list(model.manifolds_.to_frame()) == ["capacity", "radius", "dimension"]
