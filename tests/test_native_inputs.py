"""Matrices of any layout at every entry point, and what is refused by name."""

import re
import warnings

import numpy as np
import pytest
import scipy.sparse
from native_entries import ENTRY_POINTS, GOOD, LAYOUTS, METRIC, TRAINED, owned_bytes

from netrep_go import _native
from netrep_go.metrics import Aligner, LinearMetric
from netrep_go.multiset import cross_distances, pairwise_distances


@pytest.mark.parametrize("entry", ENTRY_POINTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(entry, layout, tmp_path):
    rng = np.random.default_rng(0)
    x, y = (
        LAYOUTS[layout](rng.integers(-8, 9, (14, 4)).astype(np.float64), tmp_path) for _ in range(2)
    )
    plain = [np.array(a, dtype=np.float64, order="C") for a in (x, y)]
    before = owned_bytes(x), owned_bytes(y)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # ties, dead units, starts that do not converge
        found, expected = (ENTRY_POINTS[entry](*arrays) for arrays in ((x, y), plain))
    assert before == (owned_bytes(x), owned_bytes(y))
    np.testing.assert_equal(found, expected, strict=False)


def test_entry_points_reach_every_routine(monkeypatch):
    reached = set()

    def record(start):
        def recording(routine, *arguments, **options):
            reached.add(routine)
            return start(routine, *arguments, **options)

        return recording

    for name in ("call", "run"):
        monkeypatch.setattr(_native, name, record(getattr(_native, name)))
    x, y = np.random.default_rng(0).standard_normal((2, 14, 4))
    for entry in ENTRY_POINTS.values():
        entry(x, y)
    others = {"core.check_blas", "core.fault", "core.use_blas"}  # take no arrays of users
    assert reached == set(_native.routines()) - others


SAME_VALUES = LAYOUTS.keys() - {"broadcast", "float32", "int8", "bool"}


@pytest.mark.parametrize("layout", sorted(SAME_VALUES))
def test_finalize_fit_takes_caches_of_any_layout(layout, tmp_path):
    metric = LinearMetric(alpha=0.5)
    x, y = np.random.default_rng(0).standard_normal((2, 14, 4))
    caches = metric.partial_fit(x), metric.partial_fit(y)
    expected = metric.finalize_fit(*caches).score(x, y)
    laid_out = [
        (mean, *(LAYOUTS[layout](matrix, tmp_path) for matrix in matrices))
        for mean, *matrices in caches
    ]
    assert metric.finalize_fit(*laid_out).score(x, y) == expected


def spoiled(value):
    x = GOOD.copy()
    x[3, 1] = value
    return x


BAD = {
    "empty": np.empty((0, 4)),
    "no columns": np.empty((12, 0)),
    "1-D": GOOD[:, 0],
    "3-D": GOOD[None],
    "object": np.full((12, 4), object()),
    "complex": GOOD + 1j,
    "sparse": scipy.sparse.csr_array(GOOD),
    "strings": np.full((12, 4), "a"),
    "string": "abc",
    "ragged": [[1.0, 2.0], [3.0]],
    "dict": {"a": GOOD},
    "None": None,
    "NaN": spoiled(np.nan),
    "inf": spoiled(-np.inf),
}
NETWORKS = [GOOD] * 3
TAKERS = {
    "fit X": (lambda bad: LinearMetric().fit(bad, GOOD), "X"),
    "fit Y": (lambda bad: LinearMetric().fit(GOOD, bad), "Y"),
    "partial_fit": (lambda bad: LinearMetric().partial_fit(bad), "X"),
    "transform": (lambda bad: TRAINED.transform(GOOD, bad), "Y"),
    "score": (lambda bad: TRAINED.score(bad, GOOD), "X"),
    "fit_score": (lambda bad: LinearMetric().fit_score(GOOD, bad), "Y"),
    "LinearMetric.pairwise_distances": (
        lambda bad: METRIC.pairwise_distances([*NETWORKS, bad], verbose=False),
        "train_data[3]",
    ),
    "traindata": (
        lambda bad: pairwise_distances(METRIC, [*NETWORKS, bad], verbose=False),
        "traindata[3]",
    ),
    "testdata": (
        lambda bad: pairwise_distances(METRIC, NETWORKS, [GOOD, bad, GOOD], verbose=False),
        "testdata[1]",
    ),
    "Ys": (
        lambda bad: cross_distances(METRIC, NETWORKS, [GOOD, bad], verbose=False),
        "Ys[1]",
    ),
    "Xs_test": (
        lambda bad: cross_distances(METRIC, NETWORKS, [GOOD], [bad] * 3, [GOOD], verbose=False),
        "Xs_test[0]",
    ),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_named(taker, bad):
    function, name = TAKERS[taker]
    with pytest.raises((ValueError, TypeError)) as raised:
        function(BAD[bad])
    words = re.split(r"[ ,:]", str(raised.value).lower())
    assert name.lower() in words


@pytest.mark.parametrize("bad", BAD)
def test_aligner_refuses_bad_input(bad):
    """The messages are scikit-learn's, which do not always name the argument."""
    model = Aligner().fit(GOOD, GOOD)
    for function in (
        lambda: Aligner().fit(BAD[bad], GOOD),
        lambda: Aligner().fit(GOOD, BAD[bad] if bad != "1-D" else GOOD[None]),
        lambda: model.transform(BAD[bad]),
    ):
        with pytest.raises((ValueError, TypeError)):
            function()


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda: LinearMetric().fit(GOOD, GOOD[:5]), r"\(12, 4\) and \(5, 4\)"),
        (lambda: LinearMetric(zero_pad=False).fit(GOOD, GOOD[:, :3]), r"\(12, 3\)"),
        (lambda: TRAINED.transform(GOOD[:, :3], GOOD[:, :3]), r"4 columns.*\(12, 3\)"),
        (lambda: TRAINED.score(GOOD, GOOD[:5]), r"\(12, 4\) and \(5, 4\)"),
        (
            lambda: pairwise_distances(METRIC, [GOOD, GOOD[:5]], verbose=False),
            r"traindata\[1\] has 5 samples",
        ),
        (
            lambda: pairwise_distances(METRIC, NETWORKS, NETWORKS[:2], verbose=False),
            "3 networks .* and 2 in the test data",
        ),
        (
            lambda: pairwise_distances(METRIC, NETWORKS, [GOOD, GOOD[:, :3], GOOD], verbose=False),
            r"traindata\[1\] has 4 features and testdata\[1\] has 3",
        ),
        (
            lambda: cross_distances(METRIC, [GOOD], [GOOD, GOOD[:5]], verbose=False),
            r"Ys\[1\] has 5 samples",
        ),
        (
            lambda: cross_distances(METRIC, [GOOD], [GOOD], [GOOD], NETWORKS, verbose=False),
            "Ys_test must have one array for each of the 1 networks",
        ),
        (
            lambda: pairwise_distances(
                LinearMetric(zero_pad=False), [GOOD, GOOD[:, :3]], verbose=False
            ),
            r"traindata\[1\] 3",
        ),
        (lambda: pairwise_distances(METRIC, [], verbose=False), "traindata must hold"),
        (lambda: cross_distances(METRIC, [GOOD], [], verbose=False), "Ys must hold"),
        (
            lambda: pairwise_distances(METRIC, [GOOD, np.ones((12, 4))], verbose=False),
            r"traindata\[1\]: the activations do not vary",
        ),
        (lambda: pairwise_distances(METRIC, NETWORKS, n_jobs=0), "n_jobs"),
    ],
)
def test_mismatches_are_named(function, match):
    with pytest.raises(ValueError, match=match):
        function()
