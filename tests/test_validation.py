"""What arrays are taken, and how they are copied, padded or refused."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from netrep_go._validation import as_matrix, check_number, check_option
from netrep_go.embedding import EuclideanEmbedding
from netrep_go.metrics import Aligner, LinearMetric
from netrep_go.rbf_sampler import RBFOrthoSampler
from netrep_go.rsa import NoiseNormalizer
from netrep_go.validation import check_equal_shapes


def test_ready_arrays_are_not_copied(rng):
    X, Y = rng.standard_normal((2, 5, 3))
    assert as_matrix(X, "X") is X
    checked = check_equal_shapes(X, Y)
    assert checked[0] is X
    assert checked[1] is Y


@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        np.ndarray.tolist,
        lambda x: x.astype(np.float32),
        lambda x: x.astype(">f8"),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1][::-1],
        lambda x: np.ma.array(x),
        lambda x: x.astype(object),
        lambda x: np.frombuffer(b"0" + x.tobytes(), offset=1).reshape(x.shape),
    ],
)
def test_other_arrays_become_ready(convert):
    x = np.arange(12.0).reshape(4, 3)
    ready = as_matrix(convert(x), "X")
    assert_array_equal(ready, x)
    assert type(ready) is np.ndarray
    assert ready.dtype == np.float64
    assert ready.dtype.isnative
    assert ready.flags.c_contiguous
    assert ready.flags.aligned


def test_a_sum_that_overflows_is_not_taken_for_infinity():
    big = np.full((2, 2), 1e308)
    assert as_matrix(big, "X") is not None
    with pytest.raises(ValueError, match="Input X contains infinity"):
        as_matrix(np.array([[np.inf, 1.0]]), "X")
    with pytest.raises(ValueError, match="Input X contains NaN"):
        as_matrix(np.array([[np.nan, 1.0]]), "X")


@pytest.mark.parametrize("nd", [2, 3, 4])
def test_the_narrower_array_is_padded_with_zeros(rng, nd):
    shape = (4, 3, 2, 5)[:nd]
    X, Y = rng.standard_normal(shape), rng.standard_normal((*shape[:-1], 8))
    for narrow, wide in (
        check_equal_shapes(X, Y, nd, True),
        check_equal_shapes(Y, X, nd, True)[::-1],
    ):
        assert_array_equal(wide, Y)
        assert_array_equal(narrow[..., : shape[-1]], X)
        assert not narrow[..., shape[-1] :].any()
    with pytest.raises(ValueError, match="Expected arrays with equal dimensions, but got"):
        check_equal_shapes(X, Y, nd)


@pytest.mark.parametrize("nd", [2, 3])
def test_shapes_that_no_padding_mends(nd):
    X = np.ones((4, 3, 2)[:nd])
    with pytest.raises(ValueError, match="Expected arrays with equal dimensions, but got"):
        check_equal_shapes(X, X[:-1], nd, zero_pad=True)
    with pytest.raises(ValueError, match=f"Expected {nd}d arrays"):
        check_equal_shapes(X, X[0], nd)
    with pytest.raises(ValueError, match=f"Expected {nd}d arrays"):
        check_equal_shapes(X[None], X, nd)


def test_empty_arrays_are_refused():
    for shape in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match="minimum of 1 is required"):
            check_equal_shapes(np.ones(shape), np.ones(shape))
    with pytest.raises(ValueError, match="Y must not be empty"):
        check_equal_shapes(np.ones((2, 2, 2)), np.ones((2, 2, 0)), nd=3)


def test_numbers_have_to_be_numbers_in_range():
    for value in (0, 1, 0.5, np.float32(0.5), np.int8(1)):
        check_number(value, "alpha", 0, 1)
    for value in (-1e-9, 2, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\], got"):
            check_number(value, "alpha", 0, 1)
    for value in ("1", None, True, [0.5]):
        with pytest.raises(TypeError, match="alpha must be a number, got"):
            check_number(value, "alpha", 0, 1)


def test_options_have_to_be_among_the_allowed():
    check_option("a", "letter", ["a", "b"])
    for value in ("c", "", None, 0, ["a"]):
        with pytest.raises(ValueError, match=r"`letter` parameter to be in \{'a', 'b'\}"):
            check_option(value, "letter", ["a", "b"])


@pytest.mark.parametrize(
    "call",
    [
        Aligner().fit,
        LinearMetric().fit,
        lambda X, Y: EuclideanEmbedding(1).fit(X[:, :1] * X[:, :1].T),
        lambda X, Y: RBFOrthoSampler().fit(X),
        lambda X, Y: NoiseNormalizer().fit(X),
        lambda X, Y: check_equal_shapes(X, Y),
    ],
)
def test_masks_are_refused_where_nan_is(rng, call):
    X, Y = rng.standard_normal((2, 6, 4))
    X[0, 0] = 9.0
    with pytest.raises(ValueError, match=r"must not be masked, got .* masked entr"):
        call(np.ma.masked_greater(X, 8.0), Y)
