"""Activations of small models, against the same layers in NumPy."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.random_projection import GaussianRandomProjection

from netrep_go.extract import activations, layers

onnx = pytest.importorskip("onnx", reason="onnx comes with netrep-go[onnx]")
pytest.importorskip("onnxruntime", reason="onnxruntime comes with netrep-go[onnx]")


def make_onnx(rng, batch="n", width=8):
    """Return a perceptron of two layers, its layers in NumPy, and its size as a constant."""
    from onnx import TensorProto, helper, numpy_helper

    W1, b1, W2 = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((6, width), (width,), (width, 3))
    )
    nodes = [
        helper.make_node("Constant", [], ["b1"], value=numpy_helper.from_array(b1)),
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "W1", "b1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["rectified"]),
        helper.make_node("MatMul", ["rectified", "W2"], ["logits"]),
        helper.make_node("Shape", ["logits"], ["size"]),
    ]
    graph = helper.make_graph(
        nodes,
        "perceptron",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 2, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, 3])],
        [numpy_helper.from_array(w, n) for w, n in ((W1, "W1"), (W2, "W2"))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

    def reference(X):
        flat = X.reshape(len(X), -1).astype(np.float32)
        hidden = flat @ W1 + b1
        rectified = np.maximum(hidden, 0)
        return {
            "flat": flat,
            "hidden": hidden,
            "rectified": rectified,
            "logits": rectified @ W2,
        }

    return model.SerializeToString(), reference


@pytest.fixture
def X(rng):
    return rng.standard_normal((11, 2, 3))


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].dtype == np.float32
        assert_allclose(found[name], value.reshape(len(value), -1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 4, 11, 100])
def test_all_layers_of_an_onnx_model(batch_size, X, rng, tmp_path):
    model, reference = make_onnx(rng)
    assert_same(activations(model, X, batch_size=batch_size), reference(X))
    path = tmp_path / "perceptron.onnx"
    path.write_bytes(model)
    assert_same(activations(path, X, batch_size=batch_size), reference(X))
    assert_same(activations(str(path), X.tolist()), reference(X))


def test_layers_of_an_onnx_model_have_types(rng):
    model, _ = make_onnx(rng)
    assert layers(model) == {
        "flat": "Flatten",
        "hidden": "Gemm",
        "rectified": "Relu",
        "logits": "MatMul",
        "size": "Shape",
    }


def test_layers_are_chosen_by_name_and_type(X, rng):
    model, reference = make_onnx(rng)
    expected = reference(X)
    found = activations(model, X, ["logits", "hidden"])
    assert_same(found, {name: expected[name] for name in ("hidden", "logits")})
    assert list(activations(model, X, types=["Relu", "Gemm"])) == ["hidden", "rectified"]
    assert list(activations(model, X, ["hidden", "logits"], types=["Gemm"])) == ["hidden"]


def test_batches_of_a_fixed_size_are_filled_up(X, rng):
    model, reference = make_onnx(rng, batch=4)
    assert_same(activations(model, X, batch_size=100), reference(X))


def test_samples_are_read_by_batches(X, rng, tmp_path):
    class Sliced:
        shape = X.shape
        longest = 0

        def __len__(self):
            return len(X)

        def __getitem__(self, rows):
            self.longest = max(self.longest, len(range(*rows.indices(len(X)))))
            return X[rows]

    model, reference = make_onnx(rng)
    source = Sliced()
    assert_same(activations(model, source, batch_size=3), reference(X))
    assert source.longest == 3
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert_same(activations(model, mapped, batch_size=3), reference(X))


def test_progress_is_shown_on_request(X, rng, capsys):
    model, _ = make_onnx(rng)
    activations(model, X, batch_size=4)
    assert capsys.readouterr().err == ""
    activations(model, X, batch_size=4, verbose=True)
    assert "Running the model: 100%" in capsys.readouterr().err


def test_projections_keep_geometry_and_small_layers(rng):
    model, reference = make_onnx(rng, width=4000)
    X = rng.standard_normal((11, 2, 3))
    found = activations(model, X, projection=1000, random_state=0, batch_size=4)
    expected = reference(X)
    assert found["hidden"].shape == (11, 1000)
    assert_array_equal(found["flat"], expected["flat"])
    ratio = np.linalg.norm(found["hidden"], axis=1) / np.linalg.norm(expected["hidden"], axis=1)
    assert_allclose(ratio, 1.0, atol=0.12)
    again = activations(model, X, projection=1000, random_state=0, batch_size=11)
    assert_allclose(found["hidden"], again["hidden"], rtol=1e-4, atol=1e-4)
    other = activations(model, X, projection=1000, random_state=1)
    assert not np.allclose(found["hidden"], other["hidden"])
    gaussian = GaussianRandomProjection(500, random_state=5)
    found = activations(model, X, ["hidden"], projection=gaussian, random_state=0)
    assert found["hidden"].shape == (11, 500)
    assert not hasattr(gaussian, "components_")


def test_bad_arguments_are_refused(X, rng):
    model, _ = make_onnx(rng)
    message = "no layer 'conv'; it has 'flat', 'hidden', 'rectified', 'logits', 'size'"
    with pytest.raises(ValueError, match=message):
        activations(model, X, ["hidden", "conv"])
    with pytest.raises(ValueError, match="no layer of type 'Conv'; it has 'Flatten', 'Gemm'"):
        activations(model, X, types=["Conv"])
    with pytest.raises(TypeError, match="layers must be a sequence of names, got 'hidden'"):
        activations(model, X, "hidden")
    with pytest.raises(ValueError, match="layer 'size' must have one row for each sample"):
        activations(model, X, ["size"])
    with pytest.raises(ValueError, match=r"X must have at least one sample, got shape \(0, 2, 3\)"):
        activations(model, X[:0])
    with pytest.raises(ValueError, match="provider 'NoSuchProvider' is not available; there are"):
        activations(model, X, providers=["NoSuchProvider"])
    with pytest.raises(ValueError, match="device is for PyTorch and Keras"):
        activations(model, X, device="cpu")
    with pytest.raises(TypeError, match="model must be the path or bytes of an ONNX model"):
        activations(object(), X)
    with pytest.raises(TypeError, match="projection must be an integer or a transformer"):
        activations(model, X, projection="many")
    with pytest.raises(FileNotFoundError):
        activations("no_such_model.onnx", X)


def test_missing_onnx_names_the_extra(monkeypatch, X):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r'pip install "netrep-go\[onnx\]"'):
        activations(b"", X)


def test_layers_of_a_pytorch_model(X):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(0)
    nn = torch.nn
    relu = nn.ReLU()  # called twice
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(6, 8), relu, nn.Dropout(0.5), nn.Linear(8, 3), relu
    )
    model.train()
    assert layers(model) == {
        "0": "Flatten",
        "1": "Linear",
        "2": "ReLU",
        "3": "Dropout",
        "4": "Linear",
    }
    found = activations(model, X, batch_size=4)
    assert list(found) == ["0", "1", "2", "3", "4", "2#2"]
    W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
    hidden = X.reshape(11, 6) @ W1.T + b1
    assert_allclose(found["1"], hidden, rtol=1e-4, atol=1e-5)
    assert_allclose(found["2"], np.maximum(hidden, 0), rtol=1e-4, atol=1e-5)
    assert_array_equal(found["3"], found["2"])  # nothing dropped
    logits = np.maximum(hidden, 0) @ W2.T + b2
    assert_allclose(found["2#2"], np.maximum(logits, 0), rtol=1e-4, atol=1e-5)
    assert model.training
    assert not relu._forward_hooks
    assert list(activations(model, X, types=["Linear"], device="cpu")) == ["1", "4"]
    with pytest.raises(ValueError, match="the model has no layer 'fc'; it has '0', '1'"):
        activations(model, X, ["fc"])
    with pytest.raises(ValueError, match="providers are for ONNX models"):
        activations(model, X, providers=["CPUExecutionProvider"])


@pytest.mark.filterwarnings("default::DeprecationWarning")  # Keras's own, on some backends
def test_layers_of_a_keras_model(X):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    model = keras.Sequential(
        [
            keras.layers.Input((2, 3)),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(8, activation="relu", name="hidden"),
            keras.layers.Dropout(0.5, name="dropped"),
            keras.layers.Dense(3, name="logits"),
        ]
    )
    types = {"flat": "Flatten", "hidden": "Dense", "dropped": "Dropout", "logits": "Dense"}
    assert layers(model) == types
    found = activations(model, X, batch_size=4)
    W1, b1, W2, b2 = model.get_weights()
    hidden = np.maximum(X.reshape(11, 6) @ W1 + b1, 0)
    expected = {"flat": X, "hidden": hidden, "dropped": hidden, "logits": hidden @ W2 + b2}
    assert_same(found, expected)
    assert list(activations(model, X, ["logits"])) == ["logits"]
    with pytest.raises(ValueError, match="the model has no layer 'fc'; it has 'flat', 'hidden'"):
        activations(model, X, ["fc"])
