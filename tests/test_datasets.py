import itertools

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from netrep_go.datasets import digits_networks
from netrep_go.datasets._digits import _fit, _hidden_layers, _training_options

FAMILY = {"widths": (12, 24), "depths": (1, 2), "n_seeds": 2}


@pytest.fixture(scope="module")
def digits():
    return digits_networks(**FAMILY)


@pytest.fixture(scope="module")
def untrained():
    return digits_networks(**FAMILY, trained=False)


def assert_same_activations(first, second):
    for X, Y in zip(first.activations, second.activations, strict=True):
        np.testing.assert_array_equal(X, Y)


def test_every_architecture_and_seed_has_one_row(digits):
    table = digits.networks
    rows = zip(table["width"], table["depth"], table["seed"], strict=True)
    assert list(rows) == list(itertools.product((12, 24), (1, 2), (0, 1)))
    assert table["test_accuracy"].shape == (8,)


def test_layers_have_the_table_s_widths_and_depths(digits):
    table = digits.networks
    n_images = len(digits.y)
    for layers, width, depth in zip(digits.layers, table["width"], table["depth"], strict=True):
        assert [X.shape for X in layers] == [(n_images, width)] * depth
        assert all(X.dtype == np.float64 and X.min() >= 0.0 for X in layers)
    for layers, last in zip(digits.layers, digits.activations, strict=True):
        assert layers[-1] is last


def test_images_are_held_out_digits_with_their_labels(digits):
    X, y = load_digits(return_X_y=True)
    label_of = {row.tobytes(): label for row, label in zip(X / 16.0, y, strict=True)}
    flat = digits.images.reshape(len(digits.y), -1)
    assert [label_of[row.tobytes()] for row in flat] == digits.y.tolist()
    assert len(np.unique(flat, axis=0)) == len(flat) == 899
    assert np.bincount(digits.y).min() > 80


def test_networks_learn_and_untrained_ones_have_not(digits, untrained):
    assert digits.networks["test_accuracy"].min() > 0.85
    assert untrained.networks["test_accuracy"].max() < 0.4


def test_untrained_networks_are_where_their_trained_twins_started(untrained):
    one_pass = digits_networks(**FAMILY, max_iter=1)
    for i, trained in enumerate(one_pass.activations):
        same_width = [X for X in untrained.activations if X.shape == trained.shape]
        gaps = [np.linalg.norm(X - trained) for X in same_width]
        assert same_width[np.argmin(gaps)] is untrained.activations[i]


def test_untrained_weights_do_not_move():
    X, y = load_digits(return_X_y=True)
    networks = [
        MLPClassifier((8, 8), random_state=0, **_training_options(trained=False, max_iter=20))
        for _ in range(2)
    ]
    _fit(networks[0], X, y)
    _fit(networks[1], X[::-1], y)
    for first, second in zip(networks[0].coefs_, networks[1].coefs_, strict=True):
        np.testing.assert_array_equal(first, second)


def test_hidden_layers_give_the_network_s_probabilities():
    X, y = load_digits(return_X_y=True)
    network = MLPClassifier((9, 7), max_iter=2, random_state=0)
    _fit(network, X, y)
    logits = _hidden_layers(network, X)[-1] @ network.coefs_[-1] + network.intercepts_[-1]
    np.testing.assert_allclose(softmax(logits, axis=1), network.predict_proba(X), atol=1e-12)


def test_random_state_fixes_the_result_and_leaves_the_global_one_alone(untrained):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    again = digits_networks(**FAMILY, trained=False)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert_same_activations(untrained, again)
    other = digits_networks(**FAMILY, trained=False, random_state=1)
    assert not np.array_equal(other.y, untrained.y)


def test_seeds_start_from_different_weights(untrained):
    first, second = untrained.activations[:2]
    assert not np.allclose(first, second)


def test_test_size_holds_out_that_fraction():
    digits = digits_networks((4,), (1,), 1, trained=False, test_size=0.25)
    assert digits.activations[0].shape == (450, 4)


def test_a_bad_width_is_refused():
    with pytest.raises(ValueError, match="widths must be one or more integers of at least 1"):
        digits_networks(widths=(0,), depths=(1,), n_seeds=1)


def test_progress_of_training(capsys):
    digits_networks(widths=(4,), depths=(1,), n_seeds=2, max_iter=1, verbose=True)
    assert "2/2" in capsys.readouterr().err


def test_labels_are_wrong_for_that_share():
    from netrep_go.datasets._digits import _mislabeled

    y, rng = np.arange(1000) % 10, np.random.RandomState(0)
    for share in (0.0, 0.1, 0.5, 1.0):
        noisy = _mislabeled(y, share, rng)
        assert (noisy != y).mean() == share
        assert set(noisy) == set(range(10))
    assert (y == np.arange(1000) % 10).all()


def test_wrong_labels_of_training_images_cost_accuracy_and_change_no_image():
    clean, noisy = (digits_networks((32,), (1,), 2, label_noise=share) for share in (0.0, 0.6))
    assert (noisy.images == clean.images).all()
    assert (noisy.y == clean.y).all()
    accuracy = [x.networks["test_accuracy"].min() for x in (clean, noisy)]
    assert accuracy[0] > accuracy[1] + 0.05
    with pytest.raises(ValueError, match="label_noise must be in"):
        digits_networks((4,), (1,), 1, label_noise=1.5)
