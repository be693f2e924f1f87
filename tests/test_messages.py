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
from netrep_go.metrics import Aligner, LinearMetric
from netrep_go.multiset import frechet_mean, pairwise_distances
from netrep_go.rbf_sampler import RBFOrthoSampler
from netrep_go.rsa import NoiseNormalizer, compare
from netrep_go.utils import rand_orth, trunc_svd

PACKAGE = Path(__file__).parents[1] / "python" / "netrep_go"
LARGE = [np.zeros((300, 300)), np.zeros(10**4).tolist(), "x" * 10**5, {k: k for k in range(10**4)}]


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
