"""The estimate of memory against what fits allocate."""

import tracemalloc

import pytest

from netrep_go.encoding import EncodingModel
from netrep_go.encoding._memory import Sizes, estimate

SIZES = dict(
    n_samples=1000, n_features=[2000], n_targets=2000, n_options=20, n_folds=5,
    largest_training=1000, missing=False, regression="ridge", compressed=False, transformed=False,
    with_coef=False, n_jobs=1,
)  # fmt: skip


def peak(model, X, Y):
    model.fit(X, Y)  # what is imported and cached stays
    tracemalloc.start()
    try:
        model.fit(X, Y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("n", "p", "q", "options"), [
    (300, 600, 900, {}),
    (300, 600, 900, {"with_coef": True}),
    (600, 500, 300, {}),
    (900, 60, 700, {}),
    (300, 600, 500, {"outer_cv": None}),
    (300, 400, 500, {"regression": "pls", "n_components": [1, 5], "cv": 2}),
    (300, 400, 500, {"regression": "ols"}),
    (400, 1500, 300, {"compression": "projection", "cv": 2, "outer_cv": 2}),
], ids=str)  # fmt: skip
def test_the_estimate_is_what_is_allocated(rng, monkeypatch, n, p, q, options):
    X, Y = rng.standard_normal((n, p)), rng.standard_normal((n, q))
    Y[:, 0] += 9 * X[:, 0]  # partial least squares finds something
    said = []
    monkeypatch.setattr(
        "netrep_go.encoding._model.check_memory", lambda s, limit: said.append(estimate(s).total)
    )
    measured = peak(EncodingModel(n_jobs=1, random_state=0, **options), X, Y)
    buffers = 6 * 8 * 2**19  # which few targets do not fill
    assert measured < 1.15 * said[0]
    assert said[0] < 2.5 * measured + buffers


def test_the_large_case_is_within_four_times_the_data():
    found = estimate(Sizes(**SIZES))
    assert found.total < 4 * 8 * (1000 * 2000 + 1000 * 2000)
    assert found.total == found.copies + found.products + found.folds + found.results


@pytest.mark.parametrize(("options", "limit", "message"), [
    ({"n_jobs": 2}, 22e6, r"memory_limit allows: n_jobs=1 takes \d+"),
    ({"n_jobs": 1, "with_coef": True}, 30e6, "with_coef=False takes"),
    ({"n_jobs": 1}, 18e6, "a fit of [0-9]+ targets at a time takes"),
    ({}, 0, "use fewer samples"),
])  # fmt: skip
def test_too_little_memory_names_the_number_and_the_way_out(rng, options, limit, message):
    X, Y = rng.standard_normal((100, 700)), rng.standard_normal((100, 4000))
    with pytest.raises(MemoryError, match=rf"needs about [\d.]+ .*iB beside X and Y.*{message}"):
        EncodingModel(memory_limit=int(limit), **options).fit(X, Y)


def test_the_way_out_is_one(rng):
    X, Y = rng.standard_normal((100, 700)), rng.standard_normal((100, 4000))
    EncodingModel(memory_limit=int(50e6), n_jobs=1).fit(X, Y)


def test_free_memory_is_the_limit_by_default(rng, monkeypatch):
    monkeypatch.setattr("netrep_go.encoding._memory.free_memory", lambda: 1000)
    with pytest.raises(MemoryError, match="are free"):
        EncodingModel().fit(rng.standard_normal((20, 3)), rng.standard_normal(20))
