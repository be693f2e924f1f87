"""Names of manifolds travel: they come back in results, tables, figures and errors."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from estimators import CAPACITY, fast, learnt
from numpy.testing import assert_array_equal

from netrep_go import capacity, datasets, encoding, extract, plotting
from netrep_go.capacity import (
    DirectCapacity,
    JointCapacity,
    MeanFieldCapacity,
    center_correlations,
    ellipsoid_capacity,
    explained_variance_dimension,
    find_center_directions,
    manifold_radii,
    orthogonalize_centers,
    participation_ratio,
    permute_axes,
    permute_features,
    randomize_centers,
    shuffle_samples,
    spectral_radii,
)
from netrep_go.datasets import affine_manifolds
from netrep_go.plotting import ImageManifoldsDisplay

matplotlib.use("Agg")

NAMES = ["dog", "cat", "car", "axe"]  # in no order
TAKE_MANIFOLDS = [
    participation_ratio,
    explained_variance_dimension,
    manifold_radii,
    spectral_radii,
    center_correlations,
    lambda X: find_center_directions(X, n_restarts=1, random_state=0),
    *(lambda X, cls=cls: learnt(fast(cls, n_t=50).fit(X)) for cls in CAPACITY),
]
CHANGE = [
    orthogonalize_centers,
    randomize_centers,
    permute_axes,
    permute_features,
    shuffle_samples,
]


@pytest.fixture
def X(rng):
    samples = 2 * rng.standard_normal((4, 1, 12)) + rng.standard_normal((4, 5, 12))
    return dict(zip(NAMES, samples, strict=True))


def same(a, b):
    for x, y in zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]:
        assert_array_equal(x, y)


@pytest.mark.parametrize("measure", TAKE_MANIFOLDS)
def test_dicts_and_series_are_lists_with_names(X, measure):
    expected = measure(list(X.values()))
    same(measure(X), expected)
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    same(measure(pandas.Series(X)), expected)
    same(measure({name: pandas.DataFrame(x) for name, x in X.items()}), expected)


@pytest.mark.parametrize("measure", TAKE_MANIFOLDS)
def test_errors_say_which_manifold(X, measure):
    X["cat"][1, 2] = np.nan
    with pytest.raises(ValueError, match="manifold 'cat' has samples that are NaN or infinite"):
        measure(X)
    X["cat"] = X["cat"][:, :3]
    with pytest.raises(ValueError, match=r"X\['dog'\] has 12 and X\['cat'\] 3"):
        measure(X)


@pytest.mark.parametrize("change", CHANGE)
def test_controls_keep_names(X, change):
    changed = change(X, random_state=0)
    assert list(changed) == NAMES
    for a, b in zip(changed.values(), change(list(X.values()), random_state=0), strict=True):
        assert_array_equal(a, b)


def test_a_data_frame_is_labeled_samples(X):
    pandas = pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    y = pandas.Series(np.repeat(NAMES, 5))
    table = pandas.DataFrame(
        np.concatenate(list(X.values())), index=[f"trial {i}" for i in range(20)]
    )
    in_order = sorted(NAMES)
    assert_array_equal(manifold_radii(table, y), manifold_radii([X[name] for name in in_order]))
    assert participation_ratio(table) == participation_ratio(table.to_numpy())
    assert MeanFieldCapacity(random_state=0).fit(table, y).names_ == in_order


def test_names_come_back(X):
    pytest.importorskip("pandas", reason="pandas comes with netrep-go[plot]")
    model = MeanFieldCapacity(n_t=10, random_state=0).fit(X)
    assert model.names_ == NAMES
    assert list(model.to_frame()["manifold"]) == NAMES
    display = model.plot()
    assert [text.get_text() for text in display.axes_[2].get_xticklabels()] == NAMES
    plt.close("all")
    X["car"] = X["car"] * 0 + np.mean(
        [x.mean(axis=0) for name, x in X.items() if name != "car"], axis=0
    )
    with pytest.raises(ValueError, match="the center of manifold 'car' is the mean of all centers"):
        model.fit(X)


def test_what_has_no_manifolds_is_refused(X):
    with pytest.raises(ValueError, match="X must have at least one manifold"):
        manifold_radii({})
    with pytest.raises(ValueError, match="X must have at least one manifold"):
        manifold_radii([])
    with pytest.raises(ValueError, match="X has names of its own: leave out y"):
        manifold_radii(X, NAMES)
    with pytest.raises(TypeError, match=r"X must be a list .*of arrays, got str"):
        manifold_radii("dog")


def test_images_have_names(rng):
    images = dict(zip(NAMES, rng.random((4, 48, 48)), strict=True))
    named = affine_manifolds(images, "rotation", n_samples=3)
    assert_array_equal(named.y, np.repeat(NAMES, 3))
    listed = affine_manifolds(list(images.values()), "rotation", n_samples=3)
    assert_array_equal(named.images, listed.images)
    assert_array_equal(listed.y, np.repeat(range(4), 3))
    display = ImageManifoldsDisplay.from_images(
        dict(zip(NAMES, named.images, strict=True)), n_manifolds=2
    )
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == NAMES[:2]
    plt.close("all")
    images["car"][0, 0] = np.inf
    with pytest.raises(ValueError, match="image 'car' must be finite"):
        affine_manifolds(images, "rotation")


SEEDED = [
    *(lambda X, rng, f=f: f(list(X.values()), random_state=rng)[0] for f in CHANGE),
    lambda X, rng: ellipsoid_capacity([1.0, 0.5], random_state=rng)[0],
    lambda X, rng: find_center_directions(X, n_restarts=1, random_state=rng).directions,
    *(
        lambda X, rng, cls=cls: fast(cls, n_t=50, random_state=rng).fit(X).capacity_
        for cls in CAPACITY
        if "random_state" in cls().get_params()
    ),
    lambda X, rng: affine_manifolds(np.ones((1, 99, 99)), "affine", random_state=rng).coordinates,
]


@pytest.mark.parametrize("run", SEEDED)
def test_generators_are_taken_and_moved_on(X, run):
    first, second = (np.random.default_rng(5) for _ in range(2))
    one, two = run(X, first), run(X, second)
    assert_array_equal(one, two)
    assert first.random() == second.random() != np.random.default_rng(5).random()


def test_warnings_point_at_the_line_that_called(rng):
    X = rng.standard_normal((40, 6, 3))
    with pytest.warns(UserWarning, match="capacity_ is NaN") as caught:
        DirectCapacity(n_t=20, random_state=0).fit(X)
    with pytest.warns(UserWarning, match="the capacity is below") as more:
        JointCapacity(n_t=20, random_state=0).fit(X)
    assert [each.filename for each in (*caught, *more)] == [__file__] * 2


@pytest.mark.parametrize("module", [capacity, datasets, encoding, extract, plotting])
def test_public_names(module):
    assert dir(module) == sorted(module.__all__)
