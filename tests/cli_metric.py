"""A measure of a user, which takes its time."""

import time

import numpy as np


def slow(X, Y):
    """Return how far two networks' norms are apart, after a while."""
    time.sleep(0.02)
    return float(abs(np.linalg.norm(X) - np.linalg.norm(Y)))
