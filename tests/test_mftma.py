"""mftma's names: its numbers, and its bugs, which are gone."""

import json
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from netrep_go.capacity import MeanFieldCapacity
from netrep_go.mftma import alldata_dimension_analysis, manifold_analysis_corr
from netrep_go.mftma.utils.activation_extractor import extractor
from netrep_go.mftma.utils.make_manifold_data import make_manifold_data

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
    ratio, explained, n_features = alldata_dimension_analysis(X, perc=0.9)
    assert ratio == pytest.approx(GOLDEN["dimensions"][0])
    assert [explained, n_features] == GOLDEN["dimensions"][1:]
    isotropic = np.concatenate([np.eye(3), -np.eye(3)], axis=1)
    assert alldata_dimension_analysis([isotropic], parity=False) == (pytest.approx(3), 3, 3)
    assert alldata_dimension_analysis([isotropic])[0] == pytest.approx(2)


@pytest.mark.parametrize(("perc", "expected"), [(0.8, 48), (0.5, None), (0.0, 0)])
def test_dimensions_of_rectified_samples(perc, expected):
    rng = np.random.RandomState(1)
    off = 3 * rng.rand(100, 1)
    X = [np.maximum(rng.randn(100, 20) + off, 0) for _ in range(10)]
    # what mftma does, on (features, samples): both means are taken out before the spectrum
    pooled = np.concatenate(X, axis=1)
    pooled = pooled - pooled.mean(axis=1, keepdims=True)
    ratios = PCA().fit(pooled).explained_variance_ratio_
    count = int((np.cumsum(ratios) <= perc).sum())
    assert alldata_dimension_analysis(X, perc)[1] == count
    assert expected in (None, count)


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


@pytest.mark.parametrize(
    "first",
    ["import netrep_go.mftma.alldata_dimension_analysis", ""],
)
def test_module_paths_of_upstream(first):
    code = f"""
import netrep_go
{first}
from netrep_go.mftma.alldata_dimension_analysis import alldata_dimension_analysis as one
from netrep_go.mftma.manifold_analysis_correlation import manifold_analysis_corr as two
from netrep_go.mftma.utils.make_manifold_data import make_manifold_data
from netrep_go.mftma.utils.activation_extractor import extractor
import netrep_go.mftma.alldata_dimension_analysis
assert netrep_go.mftma.alldata_dimension_analysis is one  # the function, not its module
assert netrep_go.mftma.manifold_analysis_corr is two
assert dir(netrep_go.mftma) == ["alldata_dimension_analysis", "manifold_analysis_corr"]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_names_of_manifolds(rng):
    X = {name: rng.standard_normal((30, 6)) for name in ("cat", "dog", "car")}
    found = manifold_analysis_corr(X, 0, 20, n_reps=1, random_state=0)
    listed = manifold_analysis_corr(list(X.values()), 0, 20, n_reps=1, random_state=0)
    for a, b in zip(found, listed, strict=True):
        np.testing.assert_array_equal(a, b)
    assert alldata_dimension_analysis(X) == alldata_dimension_analysis(list(X.values()))
    X["dog"][3, 2] = np.nan
    with pytest.raises(ValueError, match=r"XtotT\['dog'\] contains NaN"):
        manifold_analysis_corr(X, 0, 20)


def test_manifold_data():
    dataset = [(np.array([i, i % 4]), i % 4) for i in range(40)]
    data = make_manifold_data(dataset, 3, 5, max_class=4)
    assert [batch.shape for batch in data] == [(5, 2)] * 3
    classes = [set(batch[:, 1].tolist()) for batch in data]
    assert [len(each) for each in classes] == [1, 1, 1]
    assert len(set.union(*classes)) == 3
    assert len({tuple(sample) for batch in data for sample in batch}) == 15
    again, other = (make_manifold_data(dataset, 3, 5, 4, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(data, again)
    assert not np.array_equal(data, other)
    assert {batch[0, 1] for batch in make_manifold_data(dataset, 2, 3)} == {0, 1}
    with pytest.raises(ValueError, match="class 3 must have 10 samples in the data set, got 9"):
        make_manifold_data(dataset[:-1], 4, 10)
    with pytest.raises(ValueError, match="max_class must be at least 3, got 2"):
        make_manifold_data(dataset, 3, 5, 2)


def check_extractor(model, data, keys, layer_types):
    """Check what is chosen, its shapes and order, and that batches stay apart."""
    found = extractor(model, data)
    assert list(found) == keys
    np.testing.assert_array_equal(found["layer_0_Input"][1], data[1])
    assert list(extractor(model, data, layer_nums=[1, 3])) == [keys[k] for k in (0, 1, 3)]
    chosen = extractor(model, data, layer_types=layer_types)
    assert set(chosen) == {key for key in keys if key.split("_")[2] in ("Input", *layer_types)}
    for key in chosen:
        assert [len(batch) for batch in found[key]] == [len(batch) for batch in data]
        for batch, alone in zip(data, found[key], strict=True):
            (expected,) = extractor(model, [batch])[key]
            np.testing.assert_allclose(alone, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="only one of layer_nums and layer_types may be given"):
        extractor(model, data, [1], ["ReLU"])


def test_extractor(rng):
    onnx = pytest.importorskip("onnx", reason="onnx comes with netrep-go[onnx]")
    pytest.importorskip("onnxruntime", reason="onnxruntime comes with netrep-go[onnx]")
    helper = onnx.helper
    W = onnx.numpy_helper.from_array(rng.standard_normal((6, 4)).astype(np.float32), "W")
    x, y = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("x", ["n", 2, 3]), ("y", ["n", 4]))
    )
    nodes = [
        helper.make_node("Relu", ["x"], ["rectified"]),
        helper.make_node("Flatten", ["rectified"], ["flat"]),
        helper.make_node("MatMul", ["flat", "W"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "perceptron", [x], [y], [W])
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
    data = [rng.standard_normal((n, 2, 3)).astype(np.float32) for n in (4, 3)]
    keys = ["layer_0_Input", "layer_1_Relu", "layer_2_Flatten", "layer_3_MatMul"]
    check_extractor(model, data, keys, ["MatMul"])
    assert extractor(model, data)["layer_1_Relu"][1].shape == (3, 2, 3)


def test_extractor_of_a_pytorch_model():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    model = nn.Sequential(block, nn.Sequential(nn.Flatten(), nn.Linear(144, 5)))
    data = make_manifold_data([(torch.randn(3, 8, 8), i % 2) for i in range(12)], 2, 5)
    assert all(isinstance(batch, torch.Tensor) for batch in data)
    kinds = ("Input", "Conv2d", "ReLU", "Flatten", "Linear")
    keys = [f"layer_{k}_{kind}" for k, kind in enumerate(kinds)]
    check_extractor(model, data, keys, ["Conv2d", "Linear"])
    assert extractor(model, data)["layer_1_Conv2d"][0].shape == (5, 4, 6, 6)
    relu = nn.ReLU()
    twice = extractor(nn.Sequential(nn.Flatten(), nn.Linear(192, 4), relu, relu), data)
    assert list(twice)[3:] == ["layer_3_ReLU", "layer_3_ReLU#2"]


def test_extractor_of_a_pytorch_model_that_writes_in_place():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn

    class Model(nn.Sequential):
        def forward(self, x):
            return self[2](self[1](self[0](x)), None)[0]

    torch.manual_seed(0)
    rnn = nn.RNN(3, 2)  # sequences first, as long as the batch
    model = Model(nn.ReLU(inplace=True), nn.Hardtanh(inplace=True), rnn, nn.Linear(2, 2)).double()
    data = [torch.randn(4, 4, 3), torch.randn(4, 4, 3)]
    before = [batch.numpy().copy() for batch in data]
    with pytest.warns(UserWarning, match="left out: '3' must run when the model does"):
        found = extractor(model, data)
    assert list(found) == ["layer_0_Input", "layer_1_ReLU", "layer_2_Hardtanh", "layer_3_RNN"]
    for k, batch in enumerate(before):
        np.testing.assert_array_equal(data[k], batch)
        np.testing.assert_array_equal(found["layer_0_Input"][k], batch)
        np.testing.assert_array_equal(found["layer_1_ReLU"][k], np.maximum(batch, 0))
        np.testing.assert_array_equal(found["layer_2_Hardtanh"][k], np.clip(batch, 0, 1))
        clipped = torch.from_numpy(found["layer_2_Hardtanh"][k])
        np.testing.assert_array_equal(found["layer_3_RNN"][k], rnn(clipped)[0].detach())
    assert found["layer_3_RNN"][0].dtype == np.float64
    assert not np.shares_memory(found["layer_0_Input"][0], data[0].numpy())
    with pytest.raises(ValueError, match="layer '3' must run when the model does"):
        extractor(model, data, layer_types=["Linear"])
