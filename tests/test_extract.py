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
    with pytest.raises(TypeError, match="layers must be a list of names or None, got 'hidden'"):
        activations(model, X, "hidden")
    with pytest.raises(ValueError, match="layer 'size' must have one row for each sample"):
        activations(model, X, ["size"])
    with pytest.raises(ValueError, match=r"X must have at least one sample, got shape \(0, 2, 3\)"):
        activations(model, X[:0])
    with pytest.raises(ValueError, match=r"providers must be among .*, got 'NoSuchProvider'"):
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


keras_warns = pytest.mark.filterwarnings("default::DeprecationWarning")  # of NumPy, itself


@keras_warns
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


def graph_of(nodes, input_type, shape, weights=(), domains=()):
    """Return an ONNX model of one input, x."""
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, **options) for op, ins, outs, options in nodes],
        "graph",
        [helper.make_tensor_value_info("x", input_type, shape)],
        [onnx.ValueInfoProto(name=nodes[-1][2][0])],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights],
    )
    opsets = [helper.make_opsetid("", 19), *(helper.make_opsetid(*each) for each in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def test_the_samples_themselves_are_a_layer(X, rng):
    model, reference = make_onnx(rng)
    assert "input" not in activations(model, X)
    found = activations(model, X, ["logits", "input"], batch_size=4)
    assert_same(found, {"input": X, "logits": reference(X)["logits"]})
    found = activations(model, X, types=["Input", "Gemm"])
    assert list(found) == ["input", "hidden"]
    assert_array_equal(found["input"], X.reshape(11, 6).astype(np.float32))
    assert_same(activations(model, X, ["input"]), {"input": X})
    with pytest.raises(ValueError, match=r"no layer is chosen by layers=.*, of 'flat', 'hidden'"):
        activations(model, X, ["input"], types=["Gemm"])
    with pytest.raises(ValueError, match="X must have values that float32 can hold, got"):
        activations(model, X * 1e300, ["input"])


def test_a_layer_named_input_is_the_models(X):
    nodes = [("Neg", ["x"], ["input"], {}), ("Neg", ["input"], ["y"], {})]
    model = graph_of(nodes, onnx.TensorProto.FLOAT, ["n", 2, 3])
    assert_same(activations(model, X), {"input": -X, "y": X})
    assert_same(activations(model, X, ["input"]), {"input": -X})


@pytest.mark.parametrize("fixed", [None, 1, 2, 4, 5])
def test_sequences_first_in_onnx(fixed, rng):
    """Sequences of four, four samples at once: both axes have the same length."""
    X = rng.standard_normal((9, 4, 5)).astype(np.float32)
    weights = [("W", rng.standard_normal((1, 12, 5))), ("R", rng.standard_normal((1, 12, 3)))]
    nodes = [
        ("Transpose", ["x"], ["turned"], {"perm": [1, 0, 2]}),
        ("LSTM", ["turned", "W", "R"], ["steps", "last"], {"hidden_size": 3}),
        ("Transpose", ["steps"], ["back"], {"perm": [2, 0, 1, 3]}),
    ]
    model = graph_of(
        nodes,
        onnx.TensorProto.FLOAT,
        [fixed or "n", 4, 5],
        [(n, w.astype("f")) for n, w in weights],
    )
    found = activations(model, X, batch_size=4)
    assert_array_equal(found["turned"], X.reshape(9, -1))
    assert_array_equal(found["steps"], found["back"])
    assert_array_equal(found["last"], found["back"][:, -3:])
    alone = [activations(model, x[np.newaxis], ["steps"])["steps"][0] for x in X]
    assert_allclose(found["steps"], alone, rtol=1e-5, atol=1e-6)
    again = activations(model, X[:1], ["turned", "back"])
    assert_allclose(again["back"], found["back"][:1], rtol=1e-5, atol=1e-6)


def test_samples_that_share_an_axis_are_unclear(rng):
    """Here all steps of a sample come one after the other, there one step of all samples."""
    X = rng.standard_normal((6, 4, 5)).astype(np.float32)
    flat = ("Reshape", ["x", "shape"], ["merged"], {})
    gram = ("MatMul", ["y", "turned"], ["gram"], {})
    nodes = [
        flat,
        ("Flatten", ["x"], ["y"], {}),
        ("Transpose", ["y"], ["turned"], {"perm": [1, 0]}),
        gram,
    ]
    weights = [("shape", np.array([-1, 5]))]
    for batch in ("n", 3):
        model = graph_of(nodes, onnx.TensorProto.FLOAT, [batch, 4, 5], weights)
        for name in ("merged", "gram"):
            message = f"layer '{name}' must have one row for each sample, got .*: take a layer"
            with pytest.raises(ValueError, match=message):
                activations(model, X, [name])
        with pytest.warns(UserWarning, match="left out: 'merged' must have one row.*; 'gram' must"):
            found = activations(model, X)
        assert_same(found, {"y": X, "turned": X})


def test_constants_of_graphs_with_a_fixed_batch_are_no_layers():
    X = np.array([[-1.0, 2.0], [-3.0, 4.0], [-5.0, 6.0]])
    nodes = [
        ("Identity", ["weight"], ["constant"], {}),
        ("Mul", ["x", "constant"], ["product"], {}),
        ("Relu", ["product"], ["silent"], {}),
        ("Shape", ["x"], ["size"], {}),
        ("Squeeze", ["x", "axis"], ["y"], {}),
    ]
    weights = [("weight", np.array([[1.0, -2.0]], np.float32)), ("axis", np.array([0]))]
    model = graph_of(nodes, onnx.TensorProto.FLOAT, [1, 2], weights)
    with pytest.warns(UserWarning, match="left out: 'constant', 'silent' must differ"):
        found = activations(model, X)
    assert_same(found, {"product": X * [1, -2], "y": X})
    assert_same(activations(model, X, ["silent"]), {"silent": np.zeros((3, 2))})
    with pytest.raises(ValueError, match="layer 'size' must have one row for each sample"):
        activations(model, X, ["size"])


@pytest.mark.parametrize(
    "name",
    [
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
        *("bool", "float16", "float", "double", "bfloat16"),
    ],
)
def test_inputs_of_every_type(name):
    kind = getattr(onnx.TensorProto, name.upper())
    nodes = [("Identity", ["x"], ["same"], {}), ("Cast", ["same"], ["y"], {"to": 1})]
    model = graph_of(nodes, kind, ["n", 2])
    values = np.array([[0, 1], [1, 1], [1, 0]])
    for dtype in (np.float64, np.int64, np.bool_, np.uint8, ">f4"):
        assert_same(activations(model, values.astype(dtype)), {"same": values, "y": values})
    if name not in ("float", "double", "bfloat16"):
        bad = 1e5 if name == "float16" else 0.5
        with pytest.raises(ValueError, match=f"X must have values that .* can hold, got {bad:g}"):
            activations(model, np.where(values == 1, bad, 0.0))
    for bad in (values.astype(str), values * 1j, values.astype(object)):
        with pytest.raises(ValueError, match="X must be real numbers, got"):
            activations(model, bad)


@pytest.mark.parametrize(
    ("name", "bad"),
    [("bool", 2), ("int8", 128), ("uint8", -1), ("uint16", np.nan), ("int32", 2**31)],
)
def test_integers_that_wrap_are_refused(name, bad):
    kind = getattr(onnx.TensorProto, name.upper())
    model = graph_of([("Identity", ["x"], ["y"], {})], kind, ["n", 2])
    with pytest.raises(ValueError, match=f"X must have values that {name} can hold, got {bad}"):
        activations(model, np.array([[1, bad]]))


def test_strings_and_what_is_no_tensor():
    nodes = [
        (
            "LabelEncoder",
            ["x"],
            ["code"],
            {"keys_strings": ["a", "b"], "values_floats": [1.0, 2.0]},
        ),
        ("Identity", ["x"], ["words"], {}),
        ("ZipMap", ["code"], ["probabilities"], {"classlabels_int64s": [0, 1]}),
        ("SplitToSequence", ["code"], ["parts"], {"axis": 0}),
        ("Identity", ["code"], ["y"], {}),
    ]
    nodes = [
        (
            *each,
            options | ({"domain": "ai.onnx.ml"} if each[0] in ("LabelEncoder", "ZipMap") else {}),
        )
        for *each, options in nodes
    ]
    model = graph_of(nodes, onnx.TensorProto.STRING, ["n", 2], domains=[("ai.onnx.ml", 3)])
    X = np.array([["a", "b"], ["b", "b"], ["a", "a"]])
    expected = {"code": np.array([[1, 2], [2, 2], [1, 1]]), "y": np.array([[1, 2], [2, 2], [1, 1]])}
    reasons = "'words' must return real numbers.*; 'probabilities', 'parts' must return a tensor"
    with pytest.warns(UserWarning, match=reasons):
        assert_same(activations(model, X), expected)
    assert_same(activations(model, X.astype(object).tolist(), ["code", "y"]), expected)
    for name in ("probabilities", "parts"):
        message = f"layer '{name}' must return a tensor, got list: take a layer before it"
        with pytest.raises(ValueError, match=message):
            activations(model, X, [name])
    with pytest.raises(ValueError, match="X must be strings, as the model takes, got float64"):
        activations(model, np.ones((3, 2)), ["y"])
    with pytest.raises(ValueError, match="X must be real numbers, got <U1"):
        activations(model, X, ["input"])


def test_samples_of_other_kinds(X, rng):
    model, reference = make_onnx(rng)
    expected = reference(X)
    for same in (X[:, ::-1][:, ::-1], np.asfortranarray(X), X.astype(">f8"), np.ma.array(X)):
        assert_same(activations(model, same), expected)
    masked = np.ma.array(X, mask=X > 1)
    with pytest.raises(ValueError, match="X must not have masked values"):
        activations(model, masked, batch_size=2)
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    nodes = [("Identity", ["x"], ["y"], {})]
    model = graph_of(nodes, onnx.TensorProto.FLOAT, ["n", 6])
    frame = pandas.DataFrame(X.reshape(11, 6), index=np.arange(11.0)[::-1])
    assert_same(activations(model, frame, batch_size=3), {"y": X})


def test_values_beyond_float32_are_refused():
    model = graph_of([("Exp", ["x"], ["y"], {})], onnx.TensorProto.DOUBLE, ["n", 1])
    with pytest.raises(ValueError, match=r"layer 'y' must be in the range of float32, got 1.9"):
        activations(model, np.full((3, 1), 300.0))


def record(model, inputs):
    """Return what PyTorch's modules return, copied by hooks that clone."""
    torch = sys.modules["torch"]
    copies = {}

    def keep(name):
        def hook(module, inputs, output):
            calls = sum(key.partition("#")[0] == name for key in copies)
            copies[f"{name}#{calls + 1}" if calls else name] = output.clone().numpy()

        return hook

    hooks = [m.register_forward_hook(keep(name)) for name, m in model.named_modules() if name]
    with torch.no_grad():
        model.eval()(torch.from_numpy(inputs.copy()))
    for hook in hooks:
        hook.remove()
    return copies


@pytest.mark.parametrize(("name", "width"), [("alexnet", 64), ("vgg16", 32), ("resnet50", 64)])
def test_networks_of_torchvision(name, width, rng):
    """Their ReLUs are in place, and so is what ResNet adds to its residuals."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    models = pytest.importorskip("torchvision", reason="torchvision is not installed").models
    torch.manual_seed(0)
    model = getattr(models, name)(weights=None)
    X = rng.standard_normal((3, 3, width, width)).astype(np.float32)
    expected = record(model, X)
    found = activations(model, X)
    assert len(found) > 20
    assert_same(found, expected)
    names = [n for n, kind in layers(model).items() if kind in ("Conv2d", "BatchNorm2d")]
    assert min(found[n].min() for n in names) < 0


@pytest.fixture
def nn():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(0)
    return torch.nn


def module_of(nn, forward, **modules):
    """Return a module with these modules in it."""

    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            for name, module in modules.items():
                setattr(self, name, module)

        def forward(self, x):
            return forward(self, x)

    return Module()


def test_inputs_are_never_written_to(nn, X, rng, tmp_path):
    X = X.astype(np.float32)
    before = X.copy()
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(6, 3))
    expected = activations(model, before.copy(), ["2"])
    torch = sys.modules["torch"]
    for batch_size in (1, 4, 11):
        assert_same(activations(model, X, batch_size=batch_size), record(model, before))
        assert_same(activations(model, X, ["2"], batch_size=batch_size), expected)
        assert_array_equal(X, before)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert_same(activations(model, mapped, ["2"]), expected)
    tensor = torch.from_numpy(X).requires_grad_()
    assert_same(activations(model, tensor, ["2", "input"]), {"input": X, **expected})
    assert_array_equal(X, before)
    half = activations(model, torch.from_numpy(X).bfloat16(), ["input"])["input"]
    assert_allclose(half, X.reshape(11, 6), rtol=1e-2)


def test_what_changes_in_place_after_a_layer(nn, X):
    def forward(self, x):
        y = self.fc(x.flatten(1))
        rows = self.view(y)
        y += 10
        rows *= 2
        return self.act(y)

    model = module_of(nn, forward, fc=nn.Linear(6, 4), view=nn.Identity(), act=nn.ELU(inplace=True))
    X = X.astype(np.float32)
    found = activations(model, X, batch_size=4)
    assert_same(found, record(model, X))
    W, b = (p.detach().numpy() for p in model.fc.parameters())
    linear = X.reshape(11, 6) @ W.T + b
    assert_same(found, {"fc": linear, "view": linear, "act": 2 * (linear + 10)})


def test_layers_that_do_not_run(nn, X):
    def forward(self, x):
        return self.used[0](x.flatten(1))

    used = nn.ModuleList([nn.Linear(6, 2)])
    model = module_of(nn, forward, used=used, idle=nn.Linear(6, 2))
    for chosen in ({"layers": ["idle"]}, {"types": ["Linear"]}):
        with pytest.raises(ValueError, match="layer 'idle' must run when the model does, but did"):
            activations(model, X, **chosen)
    with pytest.warns(UserWarning, match="layers were left out: 'idle' must run"):
        assert list(activations(model, X)) == ["used.0"]
    with pytest.raises(ValueError, match=r"no layer whose activations .* taken: 'idle' must run"):
        activations(module_of(nn, lambda self, x: x, idle=nn.Linear(6, 2)), X)
    with pytest.raises(ValueError, match="no layer is chosen by layers=None"):
        activations(nn.Linear(6, 2), X)
    assert len(model.idle._forward_hooks) == 0


def test_layers_that_run_in_some_batches_only(nn):
    def forward(self, x):
        y = self.small(x)
        return self.large(y) if len(x) == 4 else y

    model = module_of(nn, forward, small=nn.Identity(), large=nn.Identity())
    X = np.ones((10, 2), np.float32)
    for batch_size, n in ((4, 10), (4, 8), (3, 7)):
        with pytest.raises(ValueError, match="layer 'large' must run"):
            activations(model, X[:n], ["large"], batch_size=batch_size)
        with pytest.warns(UserWarning, match="left out: 'large' must run"):
            assert list(activations(model, X[:n], batch_size=batch_size)) == ["small"]


def test_outputs_that_are_no_tensors(nn, X):
    from collections import namedtuple

    torch = sys.modules["torch"]
    pair = namedtuple("pair", ["first", "second"])

    def layer(function):
        return module_of(nn, lambda self, x: function(x))

    makers = {
        "mapping": lambda x: {"a": x, "b": x + 1},
        "named": lambda x: pair(x + 1, x),
        "nested": lambda x: [None, (x + 2, x)],
        "coarse": lambda x: x.bfloat16(),
        "truth": lambda x: x > 0,
        "expanded": lambda x: x[:, :1].expand(-1, 3),
        "none": lambda x: None,
        "text": lambda x: "done",
        "phase": lambda x: torch.fft.fft(x),
        "sparse": lambda x: x.relu().to_sparse(),
        "meta": lambda x: x.to("meta"),
    }

    def forward(self, x):
        for name in makers:
            getattr(self, name)(x.flatten(1))

    model = module_of(nn, forward, **{name: layer(make) for name, make in makers.items()})
    with pytest.warns(UserWarning, match="'none' must .*; 'text' must .*; 'phase' .*; 'meta' must"):
        found = activations(model, X, batch_size=4)
    x = X.reshape(11, 6).astype(np.float32)
    assert_allclose(found.pop("coarse"), x, rtol=1e-2)
    expected = {"mapping": x, "named": x + 1, "nested": x + 2, "truth": x > 0}
    expected |= {"expanded": np.repeat(x[:, :1], 3, axis=1), "sparse": np.maximum(x, 0)}
    assert_same(found, expected)
    for name, got in (("none", "a tensor, got NoneType"), ("text", "a tensor, got str")):
        with pytest.raises(ValueError, match=f"layer '{name}' must return {got}"):
            activations(model, X, [name])
    with pytest.raises(ValueError, match="layer 'phase' must return real numbers, got complex64: "):
        activations(model, X, ["phase"])
    with pytest.raises(ValueError, match="layer 'meta' must return what NumPy can read"):
        activations(model, X, ["meta"])


@pytest.mark.parametrize("batch_size", [1, 3, 4, 32])
def test_sequences_first_in_pytorch(nn, batch_size, rng):
    X = rng.standard_normal((9, 4, 5)).astype(np.float32)

    def forward(self, x):
        steps, _ = self.rnn(x.transpose(0, 1))
        attended = self.attention(steps, steps, steps)
        return self.last(attended[0][-1])

    attention = nn.MultiheadAttention(6, 2)
    model = module_of(nn, forward, rnn=nn.GRU(5, 6), attention=attention, last=nn.Identity())
    torch = sys.modules["torch"]
    with torch.no_grad():
        steps = model.eval().rnn(torch.from_numpy(X).transpose(0, 1))[0]
        attended = attention(steps, steps, steps)[0].transpose(0, 1).numpy()
    expected = {
        "rnn": steps.transpose(0, 1).numpy(),
        "attention": attended,
        "last": attended[:, -1],
    }
    assert_same(activations(model, X, list(expected), batch_size=batch_size), expected)
    with pytest.warns(UserWarning, match=r"'attention.out_proj' must run"):  # its weights are used
        assert_same(activations(model, X, batch_size=batch_size), expected)


@pytest.mark.parametrize("size", [1, 4])
def test_modules_of_one_batch_size(nn, size, rng):
    """The batch size is in the code: samples are told apart by what moves with them."""
    X = rng.standard_normal((10, 4, 3)).astype(np.float32)

    def forward(self, x):
        x = self.turned(x.reshape(size, 4, 3).transpose(0, 1))
        return self.flat(x.reshape(4, size, 3).transpose(0, 1))

    model = module_of(nn, forward, turned=nn.Identity(), flat=nn.Flatten())
    assert_same(activations(model, X, batch_size=size), {"turned": X, "flat": X})


def test_models_that_squeeze(nn, rng):
    X = rng.standard_normal((9, 5, 1)).astype(np.float32)
    model = nn.Sequential(module_of(nn, lambda self, x: x.squeeze()), nn.Identity())
    for batch_size in (2, 4, 9):
        assert_same(activations(model, X, batch_size=batch_size), {"0": X, "1": X})
    with pytest.raises(ValueError, match="layer '0' must have one row for each sample, got"):
        activations(model, X, ["0"], batch_size=1)


def test_state_of_a_module_is_kept(nn, X):
    """Modes, buffers, hooks and devices are as before, whether it fails or not."""
    torch = sys.modules["torch"]

    def count(self, x):
        if self.fail:
            raise OSError("failed")
        self.seen += len(x)
        self.last = x.detach()
        self.made = x.detach()
        return self.rest(x.flatten(1))

    rest = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout())
    model = module_of(nn, count, rest=rest)
    for name, buffer in (("seen", torch.zeros(())), ("last", torch.ones(2)), ("made", None)):
        model.register_buffer(name, buffer)
    model.train()
    rest[1].eval()
    handle = rest[0].register_forward_hook(lambda *args: None)
    modes = [m.training for m in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    for fail in (False, True):
        model.fail = fail
        if fail:
            with pytest.raises(OSError, match="failed"):
                activations(model, X, device="cpu")
        else:
            activations(model, X, batch_size=3)
        assert [m.training for m in model.modules()] == modes
        assert list(rest[0]._forward_hooks) == [handle.id]
        assert model.made is None
        assert list(model.state_dict()) == list(state)
        assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
        assert all(p.requires_grad and p.grad is None for p in model.parameters())


def test_types_and_devices_of_a_module(nn, X):
    torch = sys.modules["torch"]
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
    expected = activations(model, X)
    for same in (X.astype(">f8"), X.astype(np.float16), X.tolist(), torch.from_numpy(X)):
        assert_allclose(activations(model, same)["1"], expected["1"], rtol=1e-2, atol=1e-2)
    for dtype in (torch.float64, torch.bfloat16):
        found = activations(model.to(dtype), X)
        assert found["1"].dtype == np.float32
        assert_allclose(found["1"], expected["1"], rtol=5e-2, atol=5e-2)
    with pytest.raises(ValueError, match=r"X must have values that the model's torch.float16 can"):
        activations(model.half(), X * 1e6)
    with pytest.raises(ValueError, match="X must be numbers, got <U"):
        activations(model, X.astype(str))
    model.float()[1].bias = nn.Parameter(torch.zeros(3, device="meta"))
    with pytest.raises(ValueError, match="device must be None for a model on several devices"):
        activations(model, X, device="cpu")
    with pytest.raises(ValueError, match="the model has lazy modules: run it once"):
        activations(nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), X)
    embedding = nn.Sequential(nn.Embedding(7, 2), nn.Flatten())
    tokens = np.arange(6).reshape(3, 2) % 7
    assert_same(
        activations(embedding, tokens, ["0"]), {"0": embedding[0].weight.detach().numpy()[tokens]}
    )


def test_names_that_stand_for_two_are_refused(nn, X):
    twice = nn.Flatten()
    model = nn.Sequential()
    for name, module in (("a", twice), ("b", twice), ("a#2", nn.Identity())):
        model.add_module(name, module)
    with pytest.raises(ValueError, match="layers must not be named like second calls"):
        activations(model, X)
    assert list(activations(model, X, ["a"])) == ["a", "a#2"]


@pytest.fixture
def keras():
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    keras.utils.set_random_seed(0)
    return keras


def on_torch(keras):
    if keras.backend.backend() != "torch":
        pytest.skip("Keras is on another back end than PyTorch")


@keras_warns
def test_what_changes_in_place_in_keras(keras, nn, X):
    on_torch(keras)
    X = X.astype(np.float32)
    inputs = keras.Input((2, 3))
    hidden = keras.layers.TorchModuleWrapper(nn.Identity(), name="first", output_shape=(None, 2, 3))
    act = keras.layers.TorchModuleWrapper(
        nn.ReLU(inplace=True), name="act", output_shape=(None, 2, 3)
    )
    model = keras.Model(inputs, keras.layers.Flatten(name="flat")(act(hidden(inputs))))
    before = X.copy()
    model.train()
    found = activations(model, X, ["first", "act", "flat"], batch_size=4)
    assert_same(found, {"first": X, "act": np.maximum(X, 0), "flat": np.maximum(X, 0)})
    assert_array_equal(X, before)
    assert all(module.training for module in model.modules())


@keras_warns
def test_layers_of_keras_that_return_several(keras, rng):
    X = rng.standard_normal((7, 3, 5)).astype(np.float32)
    inputs = keras.Input((3, 5), name="pixels")
    lstm = keras.layers.LSTM(4, return_sequences=True, return_state=True, name="lstm")
    steps, last, _ = lstm(inputs)
    turned = keras.layers.Permute((2, 1), name="turned")(steps)
    reshape = keras.layers.Lambda(lambda x: keras.ops.reshape(x, (-1, 4)), name="merged")
    merged = reshape(steps)
    model = keras.Model(inputs, [turned, last, merged])
    expected = keras.Model(inputs, steps).predict(X, verbose=0)
    for batch_size in (3, 1, 7):
        with pytest.warns(UserWarning, match="left out: 'merged' must have one row"):
            found = activations(model, X, batch_size=batch_size)
        assert_same(found, {"pixels": X, "lstm": expected, "turned": expected.transpose(0, 2, 1)})


@keras_warns
@pytest.mark.parametrize("size", [None, 1, 3])
def test_layers_of_keras_that_are_shared(keras, size, rng):
    X = rng.standard_normal((7, 4)).astype(np.float32)
    inputs = keras.Input((4,), batch_size=size)
    shared = keras.layers.Dense(4, name="shared")
    outputs = shared(keras.layers.ReLU(name="act")(shared(inputs)))
    model = keras.Model(inputs, outputs)
    keras.Model(inputs, shared(inputs))  # and in another model
    W, b = model.get_weights()
    first = X @ W + b
    second = np.maximum(first, 0)
    expected = {"shared": first, "act": second, "shared#2": second @ W + b}
    assert_same(activations(model, X, ["shared", "act"], batch_size=2), expected)
    inner = keras.Sequential([keras.Input((4,), batch_size=size), model], name="outer")
    found = activations(inner, X)
    assert_same(found, {model.name: expected["shared#2"]})


@keras_warns
def test_models_of_keras_without_a_graph(keras, X):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat = keras.layers.Flatten(name="flat")
            self.dense = keras.layers.Dense(3, name="dense")
            self.idle = keras.layers.Flatten(name="idle")

        def build(self, shape):
            self.dense.build((None, 6))

        def call(self, x):
            return self.dense(self.flat(x))

    model = Model()
    with pytest.raises(ValueError, match="the model must be built: run it once"):
        activations(model, X)
    model(np.zeros((1, 2, 3), np.float32))
    W, b = (np.asarray(each) for each in model.dense.get_weights())
    expected = {"flat": X, "dense": X.reshape(11, 6) @ W + b}
    assert_same(activations(model, X, ["flat", "dense"], batch_size=4), expected)
    assert "call" not in vars(model.dense)
    with pytest.raises(ValueError, match="layer 'idle' must run when the model does"):
        activations(model, X, ["idle"])
    with pytest.raises(ValueError, match="the model must be built: run it once"):
        activations(keras.Sequential([keras.layers.Dense(3)]), X)
    two = [keras.Input((2,)), keras.Input((2,))]
    with pytest.raises(ValueError, match="the model must have one input, got"):
        activations(keras.Model(two, keras.layers.Add()(two)), X)


@keras_warns
def test_types_and_state_of_keras_models(keras, rng):
    class Counter(keras.layers.Layer):
        def build(self, shape):
            self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.seen.assign_add(1.0)
            return x

    model = keras.Sequential(
        [
            keras.Input((2,), dtype="int32"),
            keras.layers.Embedding(5, 3, name="embedding"),
            Counter(name="counter"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.5, name="dropout"),
        ]
    )
    state = [value.copy() for value in model.get_weights()]
    tokens = rng.integers(5, size=(7, 2))
    found = activations(model, tokens.astype(float), ["embedding", "counter"], batch_size=3)
    assert_same(found, {"embedding": state[0][tokens], "counter": state[0][tokens]})
    for value, before in zip(model.get_weights(), state, strict=True):
        assert_array_equal(value, before)
    with pytest.raises(ValueError, match=r"X must have values that int32 can hold, got [01].5"):
        activations(model, tokens * 0.5)
