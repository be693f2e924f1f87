"""What is asked of every measure that compares networks which are prepared one by one."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.multiset import cross_distances, pairwise_distances

CASES = {
    "A": (np.random.RandomState(0).randn(20, 5), np.random.RandomState(1).randn(20, 7)),
    "B": (np.random.RandomState(0).randn(200, 50), np.random.RandomState(1).randn(200, 50)),
}


def check_cohort(measure, xs, atol=1e-12, unit=100):
    """Compare all pairs with single ones, of other types, of reordered samples, in threads."""
    D = pairwise_distances(measure, xs, verbose=False, n_jobs=1)
    assert_array_equal(pairwise_distances(measure, xs, verbose=False, n_jobs=3), D)
    assert_array_equal(cross_distances(measure, xs[:2], xs[2:], verbose=False), D[:2, 2:])
    for i, j in ((0, 0), (0, 1), (2, 1)):
        assert_allclose(measure.fit_score(xs[i], xs[j]), D[i, j], rtol=1e-12, atol=atol)
    order = np.random.default_rng(1).permutation(len(xs[0]))
    reordered = pairwise_distances(measure, [x[order] for x in xs], verbose=False)
    assert_allclose(reordered, D, rtol=1e-10, atol=atol)
    whole = [np.round(unit * x) for x in xs]
    want = pairwise_distances(measure, whole, verbose=False)
    for dtype in (np.float32, np.int16):
        got = pairwise_distances(measure, [x.astype(dtype) for x in whole], verbose=False)
        assert_array_equal(got, want)
