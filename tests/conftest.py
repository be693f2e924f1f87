"""What the tests share."""

import numpy as np
import pytest

collect_ignore_glob = ["golden/*"]  # scripts that import the peers


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the tests that are marked as long")
    parser.addoption("--browser", action="store_true", help="run the tests in headless Chromium")


def pytest_collection_modifyitems(config, items):
    reasons = {"long": "takes minutes: make test-long", "browser": "a browser: make test-browser"}
    for mark, reason in reasons.items():
        if not config.getoption(f"--{mark}"):
            for item in items:
                if mark in item.keywords:
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def rng():
    """Return a generator that gives every test the same numbers."""
    return np.random.default_rng(0)
