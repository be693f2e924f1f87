"""What the tests share."""

import numpy as np
import pytest

collect_ignore_glob = ["golden/*"]  # scripts that import the peers


@pytest.fixture
def rng():
    """Return a generator that gives every test the same numbers."""
    return np.random.default_rng(0)
