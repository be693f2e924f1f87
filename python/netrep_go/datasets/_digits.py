"""Families of small networks trained on real images, ready to be compared."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.utils import Bunch
from threadpoolctl import threadpool_limits

from netrep_go._jobs import RandomState, as_random_state, counted
from netrep_go._parameters import checked
from netrep_go._validation import as_integers, check_integer, check_number

if TYPE_CHECKING:
    import numpy.typing as npt

_MAX_SEED = np.iinfo(np.int32).max
_PIXEL_MAX = 16.0


@checked
def digits_networks(
    widths: Sequence[int] = (32, 64, 128),
    depths: Sequence[int] = (1, 2),
    n_seeds: int = 4,
    *,
    trained: bool = True,
    max_iter: int = 20,
    test_size: float = 0.5,
    label_noise: float = 0.0,
    random_state: RandomState = 0,
    verbose: bool = False,
) -> Bunch:
    """Train a family of small networks on scikit-learn's handwritten digits.

    Every combination of width, depth and seed gives one fully connected network
    of rectified linear units (:class:`sklearn.neural_network.MLPClassifier`). All
    networks are trained on the same images, and their activations are recorded
    on the same held-out images, so that row ``i`` of any two activation matrices
    is the response to the same stimulus.

    Parameters
    ----------
    widths : sequence of int, default=(32, 64, 128)
        Numbers of units in a hidden layer.
    depths : sequence of int, default=(1, 2)
        Numbers of hidden layers, all of the same width.
    n_seeds : int, default=4
        Number of networks of each architecture, which differ in their initial
        weights and in the order of their training batches.
    trained : bool, default=True
        If False, the networks are returned at initialization: with the same
        `random_state` they have the weights from which the trained networks
        started.
    max_iter : int, default=20
        Number of passes over the training images.
    test_size : float, default=0.5
        Fraction of the 1797 images to hold out, stratified by digit.
    label_noise : float, default=0.0
        Fraction of the training images that are labeled as another digit, drawn for each
        network.
    random_state : int, RandomState, Generator or None, default=0
        Determines the held-out images and the seed of every network.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    networks : :class:`~sklearn.utils.Bunch`
        With the attributes

        activations : list of ndarray of shape (n_images, width)
            Last hidden layer of each network on the held-out images.
        layers : list of list of ndarray of shape (n_images, width)
            Every hidden layer of each network, from the input side.
        y : ndarray of shape (n_images,)
            Digit, 0 to 9, of each held-out image.
        images : ndarray of shape (n_images, 8, 8)
            Held-out images, with intensities from 0 to 1.
        networks : dict of ndarray of shape (n_networks,)
            A table with columns ``width``, ``depth``, ``seed`` (0 to
            ``n_seeds - 1``) and ``test_accuracy`` (fraction of held-out images
            that are classified correctly).

    Raises
    ------
    ValueError
        If a width, depth or number is not an integer of at least 1, or a fraction is
        out of its range.

    References
    ----------
    .. [1] Alpaydin, E. & Kaynak, C. (1998). Cascading classifiers. Kybernetika
       34(4), 369-374.
    .. [2] Glorot, X. & Bengio, Y. (2010). Understanding the difficulty of
       training deep feedforward neural networks. AISTATS.

    Examples
    --------
    >>> from netrep_go.datasets import digits_networks
    >>> digits = digits_networks(widths=(16,), depths=(2,), n_seeds=2)
    >>> [X.shape for X in digits.activations]
    [(899, 16), (899, 16)]
    >>> [len(layers) for layers in digits.layers]
    [2, 2]
    >>> bool((digits.networks["test_accuracy"] > 0.8).all())
    True
    """
    check_number(test_size, "test_size", 0.0, 1.0)
    check_integer(n_seeds, "n_seeds", 1)
    check_integer(max_iter, "max_iter", 1)
    widths, depths = _sizes(widths, "widths"), _sizes(depths, "depths")
    check_number(label_noise, "label_noise", 0, 1)
    rng = as_random_state(random_state)
    X_train, X_test, y_train, y_test = _split_digits(test_size, rng)
    table = list(itertools.product(widths, depths, range(n_seeds)))
    options = _training_options(trained, max_iter)
    layers, accuracy = [], []
    # The matrices are so small that BLAS threads would cost more than they gain.
    with threadpool_limits(limits=1, user_api="blas"):
        for width, depth, _ in counted(table, "Training networks", len(table), verbose):
            network = MLPClassifier(
                (width,) * depth, random_state=rng.randint(_MAX_SEED), **options
            )
            _fit(network, X_train, _mislabeled(y_train, label_noise, rng))
            layers.append(_hidden_layers(network, X_test))
            accuracy.append(network.score(X_test, y_test))

    columns = np.array(table, dtype=np.int64).reshape(-1, 3).T.copy()
    return Bunch(
        activations=[hidden[-1] for hidden in layers],
        layers=layers,
        y=y_test,
        images=X_test.reshape(-1, 8, 8),
        networks={
            "width": columns[0],
            "depth": columns[1],
            "seed": columns[2],
            "test_accuracy": np.array(accuracy),
        },
    )


def _sizes(values: Sequence[int], name: str) -> list[int]:
    sizes: list[int] = as_integers(values, name).tolist()
    if min(sizes, default=0) < 1:
        raise ValueError(f"{name} must be one or more integers of at least 1, got {sizes}")
    return sizes


def _split_digits(test_size: float, rng: np.random.RandomState) -> list[npt.NDArray[Any]]:
    """Return training and held-out images and labels, stratified by digit."""
    X, y = load_digits(return_X_y=True)
    return train_test_split(
        X / _PIXEL_MAX, y, test_size=float(test_size), stratify=y, random_state=rng
    )


def _mislabeled(
    y: npt.NDArray[np.int64], share: float, rng: np.random.RandomState
) -> npt.NDArray[np.int64]:
    """Return labels, of which a share is wrong."""
    n_wrong = round(share * len(y))
    if n_wrong == 0:  # nothing is drawn
        return y
    y = y.copy()
    wrong = rng.choice(len(y), n_wrong, replace=False)
    y[wrong] = (y[wrong] + rng.randint(1, 10, n_wrong)) % 10
    return y


def _training_options(trained: bool, max_iter: int) -> dict[str, float]:
    """Return the options of MLPClassifier."""
    if trained:
        return {"max_iter": max_iter, "batch_size": 64, "learning_rate_init": 0.003}
    # MLPClassifier only makes its weights in fit, which takes at least one pass.
    # A step of the smallest positive size is lost to rounding, so the weights stay
    # those which the same seed starts from.
    return {"max_iter": 1, "learning_rate_init": np.finfo(float).tiny}


def _fit(network: MLPClassifier, X: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> None:
    """Fit a network for the given number of passes, whether it converges or not.

    MLPClassifier makes a warning of Ctrl-C and goes on with what it has.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("error", "Training interrupted")
        try:
            network.fit(X, y)
        except UserWarning:
            raise KeyboardInterrupt from None


def _hidden_layers(
    network: MLPClassifier, X: npt.NDArray[np.float64]
) -> list[npt.NDArray[np.float64]]:
    """Return the rectified activations of every hidden layer."""
    layers = []
    for weights, bias in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        X = np.maximum(X @ weights + bias, 0.0)
        layers.append(X)
    return layers
