"""What the tests share."""

import gc
import signal

import numpy as np
import pytest

collect_ignore_glob = ["golden/*"]  # scripts that import the peers

# Examples in docstrings that take as long as tests marked so: 80 networks are trained.
LONG_EXAMPLES = {"netrep_go.inference._benchmark.benchmark_measures"}


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the tests that are marked as long")
    parser.addoption("--browser", action="store_true", help="run the tests in headless Chromium")


def pytest_configure():
    """Let interrupts interrupt, in processes that tests start too: shells may have them ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    for item in items:
        if item.name in LONG_EXAMPLES:
            item.add_marker(pytest.mark.long)
    reasons = {"long": "takes minutes: make test-long", "browser": "a browser: make test-browser"}
    for mark, reason in reasons.items():
        if not config.getoption(f"--{mark}"):
            for item in items:
                if mark in item.keywords:
                    item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection():
    """Collect no garbage before there is some: next to all that is made now stays."""
    gc.disable()


def pytest_collection_finish():
    """Let collections of garbage pass over what stays, thousands of tests and all modules.

    Full ones, of what tests import besides, are rare: nearly all garbage is young.
    """
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], 1000)
    gc.enable()


@pytest.fixture
def rng():
    """Return a generator that gives every test the same numbers."""
    return np.random.default_rng(0)


@pytest.fixture
def closed_figures():
    """Close what a test has drawn, and give up its style."""
    from matplotlib import pyplot

    with pyplot.rc_context():
        yield
    pyplot.close("all")
