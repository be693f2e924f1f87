"""Recommended layers, of graphs that are built by hand and of the frameworks' own networks."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.extract import activations, layers, recommended_layers

onnx = pytest.importorskip("onnx", reason="onnx comes with netrep-go[onnx]")
pytest.importorskip("onnxruntime", reason="onnxruntime comes with netrep-go[onnx]")


class Graph:
    """A convolutional network of ONNX in the making, of few channels and random weights."""

    def __init__(self, size=32, channels=3):
        self.rng = np.random.default_rng(0)
        self.nodes, self.weights, self.count = [], [], {}
        self.shape = ["n", channels, size, size]
        self.at, self.channels = "x", channels

    def add(self, op, *inputs, name=None, **options):
        self.count[op] = self.count.get(op, 0) + 1
        self.at = name or f"{op.lower()}{self.count[op]}"
        self.nodes.append(onnx.helper.make_node(op, list(inputs), [self.at], **options))
        return self.at

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        value = (self.rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)
        self.weights.append(onnx.numpy_helper.from_array(value, name))
        return name

    def constant(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def conv(self, channels=4, relu=True, kernel=3, stride=1, at=None):
        w, pad = self.weight(channels, self.channels, kernel, kernel), [kernel // 2] * 4
        self.add("Conv", at or self.at, w, pads=pad, strides=[stride] * 2)
        self.channels = channels
        return self.relu() if relu else self.at

    def relu(self):
        return self.add("Relu", self.at)

    def pool(self):
        return self.add("MaxPool", self.at, kernel_shape=[2, 2], strides=[2, 2])

    def dense(self, n_in, n_out, relu=True):
        self.add("Gemm", self.at, self.weight(n_in, n_out), self.weight(n_out))
        return self.relu() if relu else self.at

    def done(self):
        graph = onnx.helper.make_graph(
            self.nodes,
            "graph",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, self.shape)],
            [onnx.ValueInfoProto(name=self.at)],
            self.weights,
        )
        opsets = [onnx.helper.make_opsetid("", 17)]
        model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9)
        return model.SerializeToString()


def chain(blocks, softmax=False, bias=False):
    """Return a network of blocks of so many convolutions, and three fully connected layers."""
    graph = Graph()
    for n_convs in blocks:
        for _ in range(n_convs):
            graph.conv()
        graph.pool()
    side = 32 // 2 ** len(blocks)
    # as PyTorch exports it: the shape's first entry, with -1
    size = graph.add("Shape", graph.at)
    last = graph.nodes[-2].output[0]
    first = graph.add("Gather", size, graph.constant([0]))
    shape = graph.add("Concat", first, graph.constant([-1]), axis=0)
    graph.add("Reshape", last, shape)
    n_in = 4 * side * side
    for n_out, relu in ((9, True), (8, True), (10, False)):
        if bias:
            graph.add("MatMul", graph.at, graph.weight(n_in, n_out))
            graph.add("Add", graph.weight(n_out), graph.at)
            if relu:
                graph.relu()
        else:
            graph.dense(n_in, n_out, relu)
        n_in = n_out
    if softmax:
        graph.add("Softmax", graph.at)
    return graph


def residual(n_blocks=16, before=False):
    """Return a residual network, or one whose ReLUs come before the convolutions."""
    graph = Graph()
    graph.conv(relu=False)
    first = graph.pool()
    for k in range(n_blocks):
        if before:
            inner = graph.relu()
            graph.conv(relu=False, at=inner)
            graph.add("Add", graph.at, first)
            first = graph.at
            continue
        graph.conv()
        inner = graph.conv(relu=False)
        if k == 0:
            first = graph.conv(relu=False, at=first)
        graph.add("Add", inner, first)
        first = graph.relu()
    if before:
        graph.relu()
    graph.add("GlobalAveragePool", graph.at)
    graph.add("Flatten", graph.at)
    graph.dense(4, 10, relu=False)
    return graph


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("softmax", [False, True])
def test_alexnet_is_taken_whole_but_for_the_output(softmax, bias):
    model = chain([1, 1, 3], softmax, bias).done()
    dense = ["add1", "add2"] if bias else ["gemm1", "gemm2"]
    convs = [f"conv{k}" for k in range(1, 6)]
    assert recommended_layers(model) == [*convs, *dense]
    assert recommended_layers(model, "all") == [*convs, *dense]
    assert recommended_layers(model, "conv") == ["conv1", "conv2", "conv5", *dense]
    assert recommended_layers(model, variant="pool") == ["maxpool1", "maxpool2", "maxpool3", *dense]
    X = np.random.default_rng(0).standard_normal((3, 3, 32, 32)).astype(np.float32)
    found = activations(model, X, recommended_layers(model))
    assert [value.shape[1] for value in found.values()][-2:] == [9, 8]


def test_vgg_is_taken_by_blocks():
    model = chain([2, 2, 3, 3, 3]).done()
    dense = ["gemm1", "gemm2"]
    highest = ["conv2", "conv4", "conv7", "conv10", "conv13"]
    assert recommended_layers(model) == [*highest, *dense]
    assert recommended_layers(model, "pool") == [*(f"maxpool{k}" for k in range(1, 6)), *dense]
    assert len(recommended_layers(model, "all")) == 15


def test_a_last_layer_that_is_no_output_stays():
    graph = chain([1, 1])
    graph.relu()
    assert recommended_layers(graph.done()) == ["conv1", "conv2", "gemm1", "gemm2", "gemm3"]
    graph = Graph()
    graph.conv()
    graph.pool()
    graph.conv()  # of a block without pooling
    assert recommended_layers(graph.done()) == ["conv1", "conv2"]
    assert recommended_layers(graph.done(), "pool") == ["maxpool1", "conv2"]


def test_residual_networks_are_taken_by_sums():
    model = residual().done()
    sums = [f"add{k}" for k in range(1, 17)]
    relus = [f"relu{2 * k}" for k in range(1, 17)]
    assert recommended_layers(model) == ["conv1", *relus]
    assert recommended_layers(model, "relu") == ["conv1", *relus]
    assert recommended_layers(model, "sum") == ["conv1", *sums]
    X = np.random.default_rng(0).standard_normal((3, 3, 32, 32)).astype(np.float32)
    after, before = (activations(model, X, recommended_layers(model, v)) for v in ("relu", "sum"))
    for relu, total in zip(relus, sums, strict=True):
        assert_array_equal(after[relu], np.maximum(before[total], 0))
    before = residual(4, before=True).done()
    assert recommended_layers(before) == ["conv1", "relu2", "relu3", "relu4", "relu5"]
    assert recommended_layers(before, "sum") == ["conv1", "add1", "add2", "add3", "add4"]


def test_networks_that_are_neither():
    graph = Graph()
    one = graph.conv()
    graph.channels = 3
    two = graph.conv(at="x", kernel=1)
    graph.add("Concat", one, two, axis=1)
    with pytest.raises(ValueError, match=r"a concatenation near 'concat1': choose layers by their"):
        recommended_layers(graph.done())
    graph = Graph()
    graph.add("Flatten", "x")
    graph.dense(3 * 32 * 32, 4)
    with pytest.raises(ValueError, match="must be a convolutional network, but it has no convolu"):
        recommended_layers(graph.done())
    graph = Graph()
    first = graph.conv(relu=False)
    graph.add("Add", graph.conv(relu=False), first)
    assert recommended_layers(graph.done(), "sum") == ["conv1", "add1"]
    with pytest.raises(ValueError, match="no ReLU after the sum near 'add1': take variant='sum'"):
        recommended_layers(graph.done())
    for model, variant, allowed in (
        (residual(1).done(), "conv", "{'relu', 'sum'}"),
        (chain([1]).done(), "sum", "{'all', 'conv', 'pool'}"),
    ):
        with pytest.raises(ValueError, match=f"`variant` parameter to be in {allowed}"):
            recommended_layers(model, variant)
    with pytest.raises(TypeError, match="model must be the path or bytes of an ONNX model"):
        recommended_layers(object())


def test_bias_of_a_convolution_and_numbers_are_no_sums():
    graph = Graph()
    graph.conv(relu=False)
    graph.add("Add", graph.at, graph.weight(4, 1, 1))
    graph.add("Add", graph.at, graph.at)  # of one layer with itself, which is a sum
    assert recommended_layers(graph.done(), "sum") == ["conv1", "add2"]


@pytest.mark.parametrize(
    ("name", "variant", "n", "first", "last"),
    [
        ("alexnet", None, 7, "features.0", "classifier.4"),
        ("vgg16", None, 7, "features.2", "classifier.3"),
        ("vgg16", "pool", 7, "features.4", "classifier.3"),
        ("vgg11", None, 7, "features.0", "classifier.3"),
        ("vgg16_bn", None, 7, "features.3", "classifier.3"),
        ("resnet50", None, 17, "conv1", "layer4.2.relu#3"),
        ("resnet50", "sum", 17, "conv1", "layer4.2.relu input#3"),
        ("resnet18", None, 9, "conv1", "layer4.1.relu#2"),
        ("resnext50_32x4d", None, 17, "conv1", "layer4.2.relu#3"),
    ],
)
def test_networks_of_torchvision(name, variant, n, first, last):
    models = pytest.importorskip("torchvision", reason="torchvision is not installed").models
    model = getattr(models, name)(weights=None)
    model.train()
    found = recommended_layers(model, variant)
    assert (len(found), found[0], found[-1]) == (n, first, last)
    assert model.training


def test_sums_of_torchvision_are_what_the_next_module_takes(rng):
    models = pytest.importorskip("torchvision", reason="torchvision is not installed").models
    model = models.resnet18(weights=None)
    X = rng.standard_normal((3, 3, 64, 64)).astype(np.float32)
    relus, sums = (recommended_layers(model, variant) for variant in ("relu", "sum"))
    found = activations(model, X, relus + sums[1:])
    assert list(activations(model, X, relus)) == relus
    blocks = [name for name, kind in layers(model).items() if kind == "BasicBlock"]
    expected = activations(model, X, blocks)
    for relu, total, block in zip(relus[1:], sums[1:], blocks, strict=True):
        assert_array_equal(found[relu], expected[block])
        assert_array_equal(found[relu], np.maximum(found[total], 0))
        assert found[total].min() < 0


def test_modules_that_cannot_be_traced():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)
            self.branches = False

        def forward(self, x):
            if self.branches and x.sum() > 0:
                return x
            y = torch.relu(self.conv(x))
            return (y + y.flip(3)).sum((2, 3))

    model = Net()
    with pytest.raises(ValueError, match="no ReLU after the sum near 'conv'"):
        recommended_layers(model)
    with pytest.raises(ValueError, match="model's sum near 'conv' is computed by no layer"):
        recommended_layers(model, "sum")
    model.branches = True
    with pytest.raises(ValueError, match="the model's graph cannot be traced: choose layers by"):
        recommended_layers(model)


@pytest.mark.filterwarnings("default::DeprecationWarning")  # of NumPy, in Keras
@pytest.mark.parametrize(
    ("name", "variant", "n", "first", "last"),
    [
        ("VGG16", None, 7, "block1_conv2", "fc2"),
        ("VGG16", "pool", 7, "block1_pool", "fc2"),
        ("ResNet50", None, 17, "conv1_conv", "conv5_block3_out"),
        ("ResNet50", "sum", 17, "conv1_conv", "conv5_block3_add"),
        ("ResNet50V2", None, 17, "conv1_conv", "post_relu"),
    ],
)
def test_networks_of_keras(name, variant, n, first, last):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    model = getattr(keras.applications, name)(weights=None)
    found = recommended_layers(model, variant)
    assert (len(found), found[0], found[-1]) == (n, first, last)
    assert set(found) <= set(layers(model))


@pytest.mark.filterwarnings("default::DeprecationWarning")  # of NumPy, in Keras
def test_models_of_keras_that_share_and_hold(rng):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    kl = keras.layers
    inputs = keras.Input((8, 8, 4))
    conv, relu = kl.Conv2D(4, 3, padding="same", name="conv"), kl.ReLU(name="relu")
    first = conv(inputs)
    second = relu(kl.Add(name="sum")([conv(relu(first)), first]))
    model = keras.Model(inputs, kl.Dense(3)(kl.GlobalAveragePooling2D()(second)))
    assert recommended_layers(model) == ["conv", "relu#2"]
    X = rng.standard_normal((3, 8, 8, 4)).astype(np.float32)
    found = activations(model, X, ["relu#2", "sum"])
    assert_allclose(found["relu#2"], np.maximum(found["sum"], 0))
    alexnet = keras.Sequential(
        [
            *(keras.Input((8, 8, 3)), kl.Conv2D(2, 3, name="a"), kl.MaxPooling2D(), kl.Flatten()),
            *(kl.Dense(4, activation="relu", name="b"), kl.Dense(3, activation="softmax")),
        ]
    )
    assert recommended_layers(alexnet) == ["a", "b"]
    inner = keras.Sequential([keras.Input((8, 8, 3)), kl.Conv2D(2, 3)], name="inner")
    outer = keras.Sequential([keras.Input((8, 8, 3)), inner])
    with pytest.raises(ValueError, match="the model must not hold another, 'inner': take that one"):
        recommended_layers(outer)
