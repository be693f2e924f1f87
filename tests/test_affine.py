"""Warped images against shifts, analytic images and the laws of their coordinates."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter

from netrep_go.datasets import affine_manifolds, preprocess_images
from netrep_go.plotting import ImageManifoldsDisplay

matplotlib.use("Agg")

LINES = ["x-translation", "y-translation", "x-scale", "y-scale", "x-shear", "y-shear", "rotation"]
BALLS = {"translation": 2, "shear": 2, "translation-shear": 4, "affine": 6}
SIZE, OBJECT = 144, 48


@pytest.fixture
def images(rng):
    return gaussian_filter(rng.random((3, SIZE, SIZE)), (0, 4, 4)).astype(np.float32)


def ramp():
    """Return an image of which the intensities are the coordinates x and y themselves."""
    steps = (np.arange(SIZE) - (SIZE - 1) / 2) / (OBJECT / 2)
    return np.stack(np.meshgrid(steps, steps), axis=2)


def displacement(coordinates):
    """Return by how much the corners of the object move, in root mean square."""
    corners = np.array([[1, 1, 1], [1, -1, 1], [-1, 1, 1], [-1, -1, 1]])
    moved = np.einsum("...ij,cj->...ci", coordinates, corners) - corners[:, :2]
    return np.sqrt((moved**2).sum(axis=-1).mean(axis=-1))


@pytest.mark.parametrize("kind", [*LINES, *BALLS])
def test_pixels_come_from_where_the_inverse_transform_says(kind):
    found = affine_manifolds([ramp()], kind, 4.0, 7, random_state=0)
    assert found.images.shape == (1, 7, 64, 64, 2)
    assert found.images.dtype == np.float32
    middle = (64 - 1) / 2
    for image, transform in zip(found.images[0], found.coordinates[0], strict=True):
        for row, column in [(0, 0), (0, 63), (40, 10), (63, 63)]:
            seen = np.array([column - middle, row - middle]) / (OBJECT / 2)
            source = np.linalg.solve(transform[:, :2], seen - transform[:, 2])
            assert_allclose(image[row, column], source, atol=2e-6)


def test_shifts_by_whole_pixels(images):
    found = affine_manifolds(images, "x-translation", range_factor=2.0, n_samples=5)
    window = slice(40, 104)
    for shift, warped in zip([-2, -1, 0, 1, 2], found.images.swapaxes(0, 1), strict=True):
        assert_allclose(warped, images[:, window, 40 - shift : 104 - shift], atol=1e-6)
    found = affine_manifolds(images, "y-translation", range_factor=2.0, n_samples=5)
    assert_allclose(found.images[:, 4], images[:, 38:102, window], atol=1e-6)


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("range_factor", [0.5, 8.0])
def test_lines(kind, range_factor, images):
    r = range_factor / (OBJECT / 2)
    found = affine_manifolds(images[:2], kind, range_factor, 9)
    assert_array_equal(found.coordinates[0], found.coordinates[1])
    transforms = found.coordinates[0]
    assert_allclose(transforms[4], np.eye(2, 3), atol=1e-15)
    assert_array_equal(found.images[:, 4], affine_manifolds(images[:2], kind, 0.0, 1).images[:, 0])
    assert_allclose(displacement(transforms[-1]), r)
    if kind == "rotation":
        assert_allclose(np.linalg.det(transforms[:, :, :2]), 1.0)
        angles = np.arctan2(transforms[:, 0, 1], transforms[:, 0, 0])
        assert_allclose(np.diff(angles), np.diff(angles)[0])
    elif kind.endswith("scale"):
        scales = transforms[:, 0, 0] * transforms[:, 1, 1]
        assert_allclose(scales[[0, -1]], [1 / (1 + r), 1 + r])
        assert_allclose(np.diff(np.log(scales)), np.log(1 + r) / 4)
    else:
        assert_allclose(displacement(transforms), np.abs(np.linspace(-r, r, 9)), atol=1e-12)


@pytest.mark.parametrize(("kind", "dof"), BALLS.items())
def test_random_transforms_are_gaussian_within_a_ball(kind, dof, images):
    r = 2.0 / (OBJECT / 2)
    found = affine_manifolds(images[:1], kind, 2.0, 4000, output_size=2, random_state=0)
    change = found.coordinates[0] - np.eye(2, 3)
    assert np.count_nonzero(change.std(axis=0)) == dof
    sizes = displacement(found.coordinates[0])
    assert sizes.max() <= r
    # the same law, drawn otherwise
    sigma = r / (1.25 * (0.286 * dof + 0.684))
    expected = np.linalg.norm(np.random.default_rng(1).normal(0, sigma, (40_000, dof)), axis=1)
    expected = expected[expected <= r]
    assert_allclose(
        np.quantile(sizes, [0.1, 0.5, 0.9]), np.quantile(expected, [0.1, 0.5, 0.9]), rtol=0.05
    )
    assert_allclose(change.mean(axis=0), 0.0, atol=4 * sigma / np.sqrt(4000))


def test_random_transforms_stay_within_the_image(rng):
    tight = np.ones((1, 70, 70))
    found = affine_manifolds(
        tight, "affine", 12.0, 40, object_size=48, output_size=64, fill="constant", random_state=0
    )
    assert (found.images.min(axis=(2, 3)) < 0.5).any()  # with fill there are black corners
    found = affine_manifolds(
        tight, "translation", 12.0, 40, object_size=48, output_size=64, random_state=0
    )
    assert_allclose(found.images, 1.0)
    assert np.abs(found.coordinates[..., 2]).max() * 24 <= 3.0


def test_coordinates_are_reusable(images):
    first = affine_manifolds(images, "affine", 6.0, 5, random_state=0)
    again = affine_manifolds(images, "affine", coordinates=first.coordinates)
    assert_array_equal(first.images, again.images)
    assert not np.array_equal(first.coordinates[0], first.coordinates[1])
    shared = affine_manifolds(images, "affine", coordinates=first.coordinates[1])
    assert_array_equal(shared.images[1], first.images[1])
    assert_array_equal(shared.coordinates[0], first.coordinates[1])
    seeded = affine_manifolds(images, "affine", 6.0, 5, random_state=0)
    assert_array_equal(first.coordinates, seeded.coordinates)


def test_labels_belong_to_flat_samples(images):
    found = affine_manifolds(images, "rotation", 1.0, 4)
    flat = found.images.reshape(len(found.y), -1)
    assert_array_equal(flat[found.y == 2], found.images[2].reshape(4, -1))


def test_images_of_several_sizes(rng):
    images = [rng.random((100, 130, 3)), rng.random((160, 90, 3))]
    found = affine_manifolds(images, "x-shear", 2.0, 3, object_size=40, output_size=50)
    assert found.images.shape == (2, 3, 50, 50, 3)
    with pytest.raises(ValueError, match="need an object_size and an output_size"):
        affine_manifolds(images, "x-shear", 2.0, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "twist"}, "Expected `kind` parameter to be in {'x-translation'"),
        ({"kind": "x-scale", "range_factor": -1.0}, "range_factor must be in"),
        ({"kind": "x-scale", "n_samples": 0}, "n_samples must be at least 1, got 0"),
        ({"kind": "x-translation", "range_factor": 60.0}, "image 0 of shape .* is too small"),
        ({"kind": "rotation", "range_factor": 100.0}, "no rotation moves corners"),
        ({"kind": "affine", "output_size": 400}, "hardly any of the transforms"),
        ({"kind": "affine", "fill": "wrong"}, "Expected `fill` parameter"),
        ({"kind": "affine", "coordinates": np.eye(3)}, "coordinates must have shape"),
        ({"kind": "affine", "coordinates": np.zeros((1, 2, 3))}, "positive determinants"),
    ],
)
def test_bad_arguments_are_refused(images, options, message):
    with pytest.raises(ValueError, match=message):
        affine_manifolds(images, **options)


def test_bad_images_are_refused(images):
    with pytest.raises(ValueError, match="images must not be empty"):
        affine_manifolds([], "rotation")
    with pytest.raises(ValueError, match="image 0 must have shape"):
        affine_manifolds(images[0], "rotation")
    images[1, 3, 3] = np.nan
    with pytest.raises(ValueError, match="image 1 must be finite"):
        affine_manifolds(images, "rotation")


def test_preprocessing_crops_the_middle_and_normalizes():
    image = np.zeros((16, 20, 3), np.uint8)
    image[1:15, 3:17] = [255, 0, 51]
    result = preprocess_images(image[np.newaxis], size=14, mean=(0.5, 0.0, 0.1), std=(0.5, 1, 0.1))
    assert result.dtype == np.float32
    assert_allclose(result, np.broadcast_to([[[1.0]], [[0.0]], [[1.0]]], (1, 3, 14, 14)), atol=1e-6)


def test_preprocessing_resizes_as_scikit_image(rng):
    transform = pytest.importorskip("skimage.transform", reason="compares with scikit-image")
    images = rng.random((2, 50, 60, 3))
    plain = {"crop": 1.0, "mean": (0, 0, 0), "std": (1, 1, 1), "channels_first": False}
    for size in (20, 50, 90):
        expected = [transform.resize(x[:, 5:55], (size, size)) for x in images]
        assert_allclose(preprocess_images(images, size, **plain), expected, atol=1e-6)


def test_preprocessing_takes_gray_images_and_manifolds(rng):
    gray = rng.random((2, 3, 40, 40))
    result = preprocess_images(gray, 10)
    assert result.shape == (6, 3, 10, 10)
    colors = preprocess_images(np.repeat(gray[..., np.newaxis], 3, axis=-1), 10)
    assert_allclose(result, colors, rtol=1e-6)
    with pytest.raises(ValueError, match=r"images must have shape .*, got \(40, 40\)"):
        preprocess_images(gray[0, 0])
    with pytest.raises(ValueError, match="a crop of 0 leaves nothing of 40 x 40 pixels"):
        preprocess_images(gray, crop=0.0)


@pytest.mark.parametrize("n_channels", [(), (3,)])
def test_display_of_manifolds(n_channels, rng):
    images = rng.random((4, 11, 6, 8, *n_channels)) * 255
    display = ImageManifoldsDisplay.from_images(
        images, n_manifolds=3, n_samples=3, names=list("abcd")
    )
    display.figure_.canvas.draw()
    assert_allclose(display.images, images[:3, [0, 5, 10]] / 255)
    grid = display.im_.get_array()
    assert grid.shape == (3 * 8, 3 * 10, *n_channels)
    assert_allclose(grid[8:14, 10:18], display.images[1, 1])
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == list("abc")
    plt.close("all")
    with pytest.raises(ValueError, match=r"images must have shape \(n_manifolds, n_samples"):
        ImageManifoldsDisplay.from_images(images[0, 0])
    with pytest.raises(ValueError, match="one entry for each of the 4 images, got 1"):
        ImageManifoldsDisplay.from_images(images, names=["a"])
