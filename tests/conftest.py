"""What the tests share."""

import numpy as np
import pytest

collect_ignore_glob = ["golden/*"]  # scripts that import the peers


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the tests that are marked as long")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="takes minutes: make test-long"))


@pytest.fixture
def rng():
    """Return a generator that gives every test the same numbers."""
    return np.random.default_rng(0)
