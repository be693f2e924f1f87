"""What errors show of odd arguments: the name, the rule and the value, on one short line."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from netrep_go._jobs import as_random_state
from netrep_go._native import n_workers
from netrep_go._shown import shown
from netrep_go._validation import as_matrix, check_flag, check_integer, check_number, check_option
from netrep_go.capacity import find_center_directions, separate, shuffle_samples
from netrep_go.embedding import EuclideanEmbedding
from netrep_go.encoding import decode_times, explainable_variance
from netrep_go.inference import calibrate, compare_networks, reliability
from netrep_go.metrics import Aligner, LinearMetric, get_measure
from netrep_go.multiset import (
    cross_distances,
    frechet_mean,
    nearest_neighbors,
    pairwise_distances,
    procrustes_kmeans,
)
from netrep_go.rbf_sampler import RBFOrthoSampler
from netrep_go.report import layer_report
from netrep_go.rsa import NoiseNormalizer, compare, evaluate, rdm
from netrep_go.utils import rand_orth, trunc_svd

PACKAGE = Path(__file__).parents[1] / "python" / "netrep_go"
LARGE = [np.zeros((300, 300)), np.zeros(10**4).tolist(), "x" * 10**5, {k: k for k in range(10**4)}]


class Epochs:
    """Data of MNE, which are no array but have one."""

    def get_data(self):
        """Return trials."""


class Image:
    """An image of nibabel, whose older method only raises."""

    def get_fdata(self):
        """Return voxels."""

    def get_data(self):
        """Raise in nibabel."""


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        (Epochs(), r"got Epochs: pass .*\.get_data\(\)$"),
        (Image(), r"got Image: pass .*\.get_fdata\(\)$"),
        ("net.npy", "got 'net.npy': files are read by np.load, compare_networks and DistanceStore"),
        (Path("nets.h5::V1"), "got 'nets.h5::V1': files are read by"),
        ("V1", "got 'V1'$"),
        (get_measure("cka"), r"got LinearCKA\(score_method='cosine'\)$"),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        rdm,
        lambda x: LinearMetric().fit(x, np.eye(3)),
        lambda x: pairwise_distances("cka", {"a": x, "b": np.eye(3)}, verbose=False),
        lambda x: decode_times(x, [0, 1]),
    ],
)
def test_what_is_no_array_is_refused_with_the_way_to_one(call, odd, text):
    with pytest.raises(TypeError, match=f"must be an array of numbers, {text}"):
        call(odd)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: pairwise_distances("cka", x, verbose=False),
        lambda x: cross_distances("cka", [x], x, verbose=False),
        lambda x: calibrate("cka", x, verbose=False),
        lambda x: compare_networks(x, "cka", verbose=False),
        lambda x: nearest_neighbors("procrustes", x, verbose=False),
        lambda x: layer_report(x, verbose=False),
        frechet_mean,
        lambda x: procrustes_kmeans(x, 2),
    ],
)
def test_one_array_is_no_cohort(call, rng):
    x = rng.standard_normal((6, 3))
    with pytest.raises(
        TypeError, match=r"list or dict of networks, got one array of shape \(6, 3\)"
    ):
        call(x)


@pytest.mark.parametrize("name", ["procrustes", "permutation", "cka", "mutual_knn", "rsa"])
def test_other_samples_are_refused_with_the_rule(name, rng):
    X, Y = rng.standard_normal((12, 30)), rng.standard_normal((14, 30))
    for pair in ((X, Y), (X.T, Y.T[:20])):
        with pytest.raises(ValueError, match=r"shapes .*: rows are samples, which both networks"):
            get_measure(name).fit(*pair)
    with pytest.raises(ValueError, match="features alone may differ, with zero_pad=True"):
        LinearMetric(zero_pad=False).fit(X, X[:, :20])


def test_responses_in_place_of_a_model_are_refused_with_the_way(rng):
    measured = rdm(rng.standard_normal((3, 12, 30)))
    with pytest.raises(ValueError, match=r"models\['a'\] .* got 30 pairs; if .* take rdm\(\)"):
        evaluate({"a": rng.standard_normal((12, 30))}, measured)


@pytest.mark.parametrize(
    ("call", "axes"),
    [
        (lambda x: get_measure("energy").fit(x, x), "3d arrays of inputs, repeats and neurons"),
        (
            lambda x: get_measure("convolutional").fit(x, x),
            "4d arrays of images, height, width and channels",
        ),
        (lambda x: get_measure("gaussian").fit((x, x), (x, x)), "3d arrays of inputs, neurons and"),
        (explainable_variance, "3d arrays of repeats, samples and targets"),
        (
            lambda x: reliability("cka", [x, x], of="repeats", verbose=False),
            "3d arrays of repeats, samples and features",
        ),
    ],
)
def test_axes_that_are_missing_are_named(call, axes, rng):
    with pytest.raises(ValueError, match=rf"got shape \(6, 4\)\. Expected {axes}"):
        call(rng.standard_normal((6, 4)))


@pytest.mark.parametrize("value", LARGE)
@pytest.mark.parametrize(
    "check",
    [
        lambda x: check_integer(x, "n", 1),
        lambda x: check_number(x, "n", 0, 1),
        lambda x: check_option(x, "n", ["a"]),
        lambda x: check_flag(x, "n"),
        n_workers,
        as_random_state,
    ],
)
def test_values_are_shown_short(check, value):
    with pytest.raises((TypeError, ValueError)) as found:
        check(value)
    assert len(str(found.value)) < 250
    assert "\n" not in str(found.value)


def test_arrays_classes_and_functions_are_called_what_they_are():
    assert shown(np.zeros((2, 3))) == "ndarray of shape (2, 3)"
    assert shown(LinearMetric) == "the class LinearMetric"
    assert shown(np.random.default_rng) == "the function default_rng, which was not called"
    assert shown(x for x in "a") == "a generator"
    assert shown(0.5) == "0.5"
    assert shown("one") == "'one'"


@pytest.mark.parametrize(
    "call",
    [
        lambda X: as_matrix(X, "X"),
        lambda X: Aligner().fit(X, X),
        lambda X: RBFOrthoSampler().fit(X),
        lambda X: EuclideanEmbedding().fit(X),
        lambda X: LinearMetric().fit(X, X),
        lambda X: pairwise_distances("procrustes", [X, X], verbose=False),
    ],
)
def test_complex_input_is_not_printed(call, rng):
    with pytest.raises(ValueError, match=r"[Cc]omplex") as found:
        call(rng.standard_normal((40, 40)) + 1j)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "seed", [np.random.default_rng, -1, 2**32, 0.5, "0", True, np.array([1, 2]), np.nan]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda seed: rand_orth(3, random_state=seed),
        lambda seed: trunc_svd(np.eye(4), 2, random_state=seed),
        lambda seed: frechet_mean(np.ones((3, 4, 2)), random_state=seed),
        lambda seed: shuffle_samples(np.eye(4), [0, 0, 1, 1], random_state=seed),
        lambda seed: find_center_directions(np.eye(6), [0, 0, 1, 1, 2, 2], random_state=seed),
        lambda seed: RBFOrthoSampler(random_state=seed).fit(np.eye(4)),
    ],
)
def test_odd_seeds_are_refused_by_name(call, seed):
    with pytest.raises((TypeError, ValueError), match="random_state must be"):
        call(seed)


def test_generators_give_seeds():
    one, two = (rand_orth(3, random_state=np.random.default_rng(0)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("flag", [0.5, 2, None, "True", np.array([True]), np.nan])
def test_odd_flags_are_refused_by_name(flag):
    with pytest.raises(TypeError, match="fit_intercept must be True or False"):
        separate(np.eye(4), [0, 0, 1, 1], fit_intercept=flag)


@pytest.mark.parametrize("flag", [1, np.bool_(True), np.int8(1)])
def test_flags_of_other_types_are_the_same(flag):
    X = np.eye(4)
    found = separate(X, [0, 0, 1, 1], fit_intercept=flag)
    assert found.margin == separate(X, [0, 0, 1, 1]).margin


@pytest.mark.parametrize("method", ["cosine_cov", "corr_cov"])
@pytest.mark.parametrize("scale", [1e160, 1e300, 1e-160, 1e-300, 1e70])
@pytest.mark.parametrize("square", [False, True])
def test_the_scale_of_noise_cancels(method, scale, square, rng):
    rdms, models = rng.random((2, 3, 10))
    sigma = np.diag(rng.random(5) + 1) if square else rng.random(5) + 1
    expected = compare(rdms, models, method, sigma=sigma)
    found = compare(rdms, models, method, sigma=sigma * scale)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("odd", [..., np.zeros(3), np.zeros((3, 2, 2)), 1j, [[1, 2], [3]], [[]]])
def test_what_scikit_learn_refuses_is_named(odd):
    for estimator in (EuclideanEmbedding(), RBFOrthoSampler(), NoiseNormalizer()):
        with pytest.raises((TypeError, ValueError), match=r"\bX\b"):
            estimator.fit(odd, [0, 1, 0])
    with pytest.raises((TypeError, ValueError), match=r"\bX and y\b|\bX\b"):
        Aligner().fit(odd, np.eye(3))


def text_of(node):
    """Return the text of a message, {} for what is put into it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "{}"


def messages(kind):
    """Yield the place, the text and the call of errors that are raised, or of warnings."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            call = node.exc if kind is ast.Raise and isinstance(node, ast.Raise) else node
            if not isinstance(call, ast.Call) or (kind is ast.Raise) != isinstance(node, ast.Raise):
                continue
            warns = getattr(call.func, "id", "") == "warn_user"
            if call.args and (warns or kind is ast.Raise):
                yield f"{path.name}:{node.lineno}", text_of(call.args[0]), call


@pytest.mark.parametrize("kind", [ast.Raise, ast.Call], ids=["errors", "warnings"])
def test_messages_are_of_one_style(kind):
    """They have no period at their end, and advice follows a colon or semicolon.

    Others' words are kept: those that begin with Expected are netrep's, or scikit-learn's.
    """
    found = list(messages(kind))
    assert len(found) > (700 if kind is ast.Raise else 30)
    for where, text, _ in found:
        if re.search("[Ee]xpected|is required|does not survive a fork", text):
            continue
        assert not text.endswith((".", "!")), where
        assert not re.search(r"\. [A-Z]", text), f"{where}: advice follows a colon"


def test_categories_of_warnings():
    """What did not converge says so by its category; all else is one."""
    for where, text, call in messages(ast.Call):
        category = ast.unparse(call.args[1]) if len(call.args) > 1 else "UserWarning"
        converged = "ConvergenceWarning" if "not converge" in text else "UserWarning"
        assert category == converged, where
