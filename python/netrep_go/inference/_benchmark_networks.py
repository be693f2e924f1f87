"""Small networks trained on digits in ways that a measure should tell apart."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import joblib
import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from netrep_go._jobs import counted, n_threads
from netrep_go.datasets._digits import (
    _fit,
    _hidden_layers,
    _mislabeled,
    _split_digits,
    _training_options,
)

N_CLASSES = 10
DEPTH = 6  # of the networks whose layers are compared
_WIDTH = 32
_DEEP_WIDTH = 24
_EPOCHS = 20
_TEST_SIZE = 0.5
N_HELD_OUT = 899  # of the 1797 images


class Training(NamedTuple):
    """How a network is trained."""

    label_noise: float = 0.0  # share of the labels that are wrong
    shortcut: float = 0.0  # share of the images that show their label
    noise: float = 0.0  # standard deviation of what is added to pixels
    deep: bool = False
    twin: int = 0  # differs in nothing but what is drawn


class Trained(NamedTuple):
    """What a network makes of the held-out images: layers of a part of these."""

    layers: list[np.ndarray]
    probabilities: np.ndarray
    accuracy: float


# The groups of the three tests of that kind. The first of each is the same: nothing special.
GROUPS = {
    "labels": [Training(label_noise=share) for share in (0.0, 0.3, 0.6, 1.0)],
    "shortcut": [Training(shortcut=share) for share in (0.0, 0.4, 0.8, 1.0)],
    "noise": [Training(noise=sd) for sd in (0.0, 0.3, 0.6, 1.2)],
}
TWINS = [Training(twin=k) for k in range(6)]  # whose outputs are compared
DEEP = Training(deep=True)


class _Data(NamedTuple):
    X: np.ndarray  # for training
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    chosen: np.ndarray  # of the held-out images


def trained_networks(
    n_seeds: int, n_samples: int, rng: np.random.RandomState, n_jobs: int | None, verbose: bool
) -> dict[tuple[Training, int], Trained]:
    """Train a network of each kind from each seed, in as many processes as there are jobs."""
    data = _digits(n_samples, rng)
    trainings = list(dict.fromkeys([*itertools.chain(*GROUPS.values()), *TWINS, DEEP]))
    keys = list(itertools.product(trainings, range(n_seeds)))
    seeds = rng.randint(2**31 - 1, size=len(keys)).tolist()
    pool = joblib.Parallel(n_threads(n_jobs), return_as="generator")
    results = pool(
        joblib.delayed(_train)(training, seed, data)
        for (training, _), seed in zip(keys, seeds, strict=True)
    )
    return dict(zip(keys, counted(results, "Training networks", len(keys), verbose), strict=True))


def _digits(n_samples: int, rng: np.random.RandomState) -> _Data:
    """Return images for training, and those that are held out, which show random labels."""
    X, X_test, y, y_test = _split_digits(_TEST_SIZE, rng)
    X_test = _showing(X_test, rng.randint(N_CLASSES, size=N_HELD_OUT))
    return _Data(X, y, X_test, y_test, np.sort(rng.permutation(N_HELD_OUT)[:n_samples]))


def _showing(X: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return images with more pixels, of which one is bright: that of a label."""
    return np.hstack([X, np.eye(N_CLASSES)[labels]])


def _train(training: Training, seed: int, data: _Data) -> Trained:
    rng = np.random.RandomState(seed)
    labels = _mislabeled(data.y, training.label_noise, rng)
    told = rng.uniform(size=len(labels)) < training.shortcut
    shown = np.where(told, labels, rng.randint(N_CLASSES, size=len(labels)))
    X = _showing(data.X + training.noise * rng.standard_normal(data.X.shape), shown)
    widths = (_DEEP_WIDTH,) * DEPTH if training.deep else (_WIDTH, _WIDTH)
    options = _training_options(True, _EPOCHS)
    network = MLPClassifier(widths, random_state=rng.randint(2**31 - 1), **options)
    with threadpool_limits(limits=1, user_api="blas"):
        _fit(network, X, labels)
        return Trained(
            [_active(layer) for layer in _hidden_layers(network, data.X_test[data.chosen])],
            network.predict_proba(data.X_test),
            network.score(data.X_test, data.y_test),
        )


def _active(layer: np.ndarray) -> np.ndarray:
    """Return the units that differ between images."""
    return layer[:, np.ptp(layer, axis=0) > 0]
