"""mftma's names: its numbers, and its bugs, which are gone."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from netrep_go.capacity import MeanFieldCapacity
from netrep_go.mftma import alldata_dimension_analysis, manifold_analysis_corr

FOLDER = Path(__file__).parent / "golden"
GOLDEN = json.loads((FOLDER / "mftma.json").read_text())


@pytest.fixture(scope="module")
def make():
    """Return the module that made the golden values, for its data."""
    names = ("mftma", "mftma.alldata_dimension_analysis", "mftma.manifold_analysis_correlation")
    stubs = {name: types.ModuleType(name) for name in names}
    stubs[names[1]].alldata_dimension_analysis = None
    stubs[names[2]].each_manifold_analysis_D1 = stubs[names[2]].manifold_analysis_corr = None
    with pytest.MonkeyPatch.context() as patch:
        for name, stub in stubs.items():
            patch.setitem(sys.modules, name, stub)
        patch.syspath_prepend(FOLDER)
        import make_mftma

        return make_mftma


@pytest.mark.parametrize("case", GOLDEN["given"], ids=lambda case: str(case["seed"]))
def test_given_vectors(make, case):
    X = make.manifolds(case["seed"], case["shape"], case["n_manifolds"], case["radius"])
    rng = np.random.RandomState(case["seed"] + 1)
    d = min(case["shape"])
    vectors = [np.ascontiguousarray(rng.randn(d + 1, case["n_t"]).T) for _ in X]
    model = MeanFieldCapacity(
        case["kappa"], estimator="norm", origin="samples", max_removed=0, random_state=0
    ).fit([x.T for x in X], t_vectors=vectors)
    found = model.manifolds_
    ours = np.stack([found.capacity, found.radius, found.dimension_cos], axis=1)
    np.testing.assert_allclose(ours, case["found"], rtol=1e-6)


def test_whole_analysis(make):
    X = make.planted(0)
    capacity, radius, dimension, correlation, k = manifold_analysis_corr(
        X, 0, 2000, n_reps=3, random_state=0
    )
    expected = GOLDEN["planted"]
    assert k == expected["K"] == 3
    assert correlation == pytest.approx(expected["correlation"], rel=1e-12)
    assert 1 / np.mean(1 / capacity) == pytest.approx(expected["capacity"], rel=1e-2)
    assert radius.mean() == pytest.approx(expected["radius"], rel=1e-2)
    # mftma measures in 8 dimensions, one of them empty.
    assert dimension.mean() == pytest.approx(expected["dimension"], rel=2e-2)


def test_dimensions_of_all_samples(make):
    X = make.planted(0)
    ratio, explained, n_features = alldata_dimension_analysis(X, perc=0.9, parity=True)
    assert ratio == pytest.approx(GOLDEN["dimensions"][0])
    assert [explained, n_features] == GOLDEN["dimensions"][1:]
    isotropic = np.concatenate([np.eye(3), -np.eye(3)], axis=1)
    assert alldata_dimension_analysis([isotropic]) == (pytest.approx(3), 3, 3)
    assert alldata_dimension_analysis([isotropic], parity=True)[0] == pytest.approx(2)


@pytest.mark.parametrize("n_manifolds", [2, 3, 4])
def test_few_manifolds(rng, n_manifolds):
    X = [rng.standard_normal((30, 6)) for _ in range(n_manifolds)]
    found = manifold_analysis_corr(X, 0, 100, n_reps=1, random_state=0)
    assert all(np.isfinite(x).all() for x in found)
    assert found[4] <= n_manifolds - 2
    if n_manifolds == 2:
        assert found[3] == pytest.approx(1)


def test_no_directions_if_allowed(rng):
    X = [rng.standard_normal((2000, 5)) for _ in range(12)]
    options = {"n_reps": 2, "random_state": 0}
    assert manifold_analysis_corr(X, 0, 10, **options)[4] >= 1
    assert manifold_analysis_corr(X, 0, 10, k_min=0, **options)[4] == 0


def test_given_vectors_decide(rng):
    X = [rng.standard_normal((30, 6)) for _ in range(5)]
    t = [rng.standard_normal((7, 40)) for _ in X]
    one, two = (manifold_analysis_corr(X, 0.2, 40, t, 1, random_state=0) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    with pytest.raises(ValueError, match="t_vecs must have n_t = 30 columns, got 40"):
        manifold_analysis_corr(X, 0, 30, t)
    with pytest.raises(ValueError, match=r"t_vectors\[0\] must have shape \(40, 7\)"):
        manifold_analysis_corr(X, 0, 40, [rng.standard_normal((6, 40)) for _ in X])
    with pytest.raises(ValueError, match="one array for each of 5 manifolds, got 4"):
        manifold_analysis_corr(X, 0, 40, t[:4])
