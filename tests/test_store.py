"""Activations on the disk: the same as in memory, whatever stops the process and when."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.random_projection import SparseRandomProjection

from netrep_go._disk import DiskArray, NpyWriter, unmapped
from netrep_go._parts import only_writer
from netrep_go.datasets import preprocess_images
from netrep_go.extract import ActivationStore, activations

onnx = pytest.importorskip("onnx", reason="onnx comes with netrep-go[onnx]")
pytest.importorskip("onnxruntime", reason="onnxruntime comes with netrep-go[onnx]")


def perceptron(rng, width=8, shape=(2, 3), batch="n"):
    """Return a perceptron of two layers with slashes and other case in a name."""
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    n = int(np.prod(shape))
    W1, W2 = (rng.standard_normal(s).astype("f") for s in ((n, width), (width, 3)))
    nodes = [
        helper.make_node("Flatten", ["x"], ["/a/Flat"]),
        helper.make_node("MatMul", ["/a/Flat", "W1"], ["/a/flat"]),
        helper.make_node("Relu", ["/a/flat"], ["/a"]),
        helper.make_node("MatMul", ["/a", "W2"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "perceptron",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [batch, *shape])],
        [onnx.ValueInfoProto(name="logits")],
        [numpy_helper.from_array(w, name) for w, name in ((W1, "W1"), (W2, "W2"))],
    )
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


@pytest.fixture
def model(rng):
    return perceptron(rng)


@pytest.fixture
def X(rng):
    return rng.standard_normal((11, 2, 3)).astype(np.float32)


@pytest.fixture(params=["store", "store.h5", "store.zarr"])
def path(request, tmp_path):
    if request.param.endswith("zarr"):
        pytest.importorskip("zarr", reason="zarr comes with netrep-go[store]")
    return tmp_path / "new" / request.param


class Interrupt(Exception):
    pass


def until(batches, k):
    """Yield batches, and fail after so many."""
    for i, batch in enumerate(batches):
        if i == k:
            raise Interrupt
        yield batch


class Failing:
    """Samples of which some cannot be read, and which rows are asked for."""

    def __init__(self, X, stop=None):
        self._X, self._stop, self.asked = X, stop, []
        self.shape = X.shape

    def __getitem__(self, rows):
        start, stop, _ = rows.indices(len(self._X))
        self.asked.append((start, stop))
        if self._stop is not None and start <= self._stop < stop and start > 3:
            raise Interrupt
        return self._X[rows]


def assert_stored(store, expected, rows=slice(None)):
    assert list(store) == list(expected)
    assert len(store) == len(expected)
    for name, value in expected.items():
        assert store[name].shape == value[rows].shape
        assert store[name].dtype == np.float32
        assert_array_equal(store[name][:], value[rows])
        assert_array_equal(np.asarray(store[name]), value[rows])


def test_what_is_stored_is_what_memory_would_hold(model, X, path):
    expected = activations(model, X, batch_size=4)
    store = activations(model, X, batch_size=4, store=path)
    assert_stored(store, expected)
    assert store.complete
    assert repr(store).endswith("4 layers of 11 samples)")
    again = ActivationStore(path)
    assert_stored(again, expected)
    hidden = again["/a/flat"]
    assert_array_equal(hidden[3:7, 2:5], expected["/a/flat"][3:7, 2:5])
    files = {p.name: p.stat().st_mtime_ns for p in path.parent.rglob("*") if p.is_file()}
    assert_stored(activations(model, X, batch_size=4, store=path), expected)
    assert {p.name: p.stat().st_mtime_ns for p in path.parent.rglob("*") if p.is_file()} == files
    assert not [name for name in files if "lock" in name or "part" in name or "unfin" in name]


def test_a_restart_reads_and_runs_what_is_missing_only(model, X, path):
    expected = activations(model, X, batch_size=2)
    with pytest.raises(Interrupt):
        activations(model, Failing(X, stop=7), batch_size=2, store=path)
    store = ActivationStore(path)
    assert (store.n_samples, store.complete) == (6, False)
    assert repr(store).endswith("6 samples so far)")
    for name, value in expected.items():
        assert_array_equal(store[name][:6], value[:6])
    source = Failing(X)
    assert_stored(activations(model, source, batch_size=2, store=path), expected)
    # the first and last are what X is told by, and axes are found on the first
    assert {rows for rows in source.asked if rows[0] not in (0, 10)} == {(6, 8), (8, 10)}
    assert_stored(ActivationStore(path), expected)


def test_npy_files_and_hdf5_are_the_users_own(model, X, tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[store]")
    expected = activations(model, X, batch_size=4)
    with pytest.raises(Interrupt):
        activations(model, Failing(X, stop=9), batch_size=4, store=tmp_path / "npy")
    names = ["000-_a_Flat.npy", "001-_a_flat.npy", "002-_a.npy", "003-logits.npy"]
    assert sorted(p.name for p in (tmp_path / "npy").glob("*.npy")) == names
    for name, value in zip(names, expected.values(), strict=True):
        assert_array_equal(np.load(tmp_path / "npy" / name), value[:8])
        assert_array_equal(np.load(tmp_path / "npy" / name, mmap_mode="r"), value[:8])
    activations(model, X, batch_size=4, store=tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as file:
        assert [f"{name}.npy" for name in file] == names
        for name, value in zip(names, expected.values(), strict=True):
            assert_array_equal(file[name.removesuffix(".npy")], value)


def test_an_unfinished_hdf5_file_has_another_name(model, X, tmp_path):
    pytest.importorskip("h5py", reason="h5py comes with netrep-go[store]")
    path = tmp_path / "x.h5"
    with pytest.raises(Interrupt):
        activations(model, Failing(X, stop=9), batch_size=4, store=path)
    assert not path.exists()
    with pytest.raises(ValueError, match=r"y.h5 cannot grow, and how many samples X has is unkn"):
        activations(model, iter([X]), store=tmp_path / "y.h5")


KILLED = """
import os, signal, sys
import numpy as np
from netrep_go.extract import activations
from netrep_go.extract import _containers, _store

model, X, path, when, n = sys.argv[1:]
count = 0

def kill(method):
    def killing(*args):
        global count
        count += 1
        if count == int(n):
            if when == "after":
                method(*args)
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*args)
    return killing

kind = type(_containers.container(_store.Path(path)))
for name in ("write", "commit", "finish"):
    setattr(kind, name, kill(getattr(kind, name)))
_store.StoreWriter._tell = kill(_store.StoreWriter._tell)
activations(model, np.load(X), batch_size=4, store=path)
print("whole")
"""


@pytest.mark.parametrize("kills", [[("after", 1), ("before", 6)], [("after", 7)], [("after", 20)]])
def test_killed_anywhere_and_gone_on(kills, model, X, path, tmp_path):
    """A manifest, a write, and a commit that nobody was told of are the last things done."""
    (tmp_path / "model.onnx").write_bytes(model)
    np.save(tmp_path / "X.npy", X)
    arguments = [str(tmp_path / "model.onnx"), str(tmp_path / "X.npy"), str(path)]
    expected = activations(model, X, batch_size=4)
    for when, n in kills:
        command = [sys.executable, "-c", KILLED, *arguments, when, str(n)]
        result = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert result.returncode == -signal.SIGKILL, result.stderr.decode()
    store = ActivationStore(path)
    done = {6: 0, 7: 4, 20: 11}[kills[-1][1]]  # of a manifest, 3 batches of 6 steps, and the end
    assert (store.n_samples, store.complete) == (done, False)
    for name in store if store.n_samples else ():
        assert_array_equal(store[name][:done], expected[name][:done])
    assert_stored(activations(model, X, batch_size=4, store=path), expected)


BATCHES = {
    "small": lambda X: (X[k : k + 3] for k in range(0, 11, 3)),
    "ragged": lambda X: (X[a:b] for a, b in [(0, 1), (1, 1), (1, 8), (8, 11)]),
    "labeled": lambda X: ((X[k : k + 5], np.arange(5)) for k in range(0, 11, 5)),
    "first of lists": lambda X: ([X[k : k + 1], X[:1]] for k in range(11)),
}


@pytest.mark.parametrize("kind", BATCHES)
@pytest.mark.parametrize("batch", ["n", 4])
def test_batches_of_any_size_come_one_after_the_other(kind, batch, rng, X, tmp_path):
    model = perceptron(rng, batch=batch)
    expected = activations(model, X, batch_size=4)
    found = activations(model, BATCHES[kind](X), batch_size=4)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert_array_equal(found[name], value)
    stored = activations(model, BATCHES[kind](X), batch_size=4, store=tmp_path / "x")
    assert_stored(stored, expected)
    chosen = activations(model, BATCHES[kind](X), ["input", "logits"], batch_size=4)
    assert_array_equal(chosen["input"], X.reshape(11, -1))
    assert_array_equal(chosen["logits"], expected["logits"])


def test_a_stream_goes_on_where_it_was(model, X, tmp_path):
    expected = activations(model, X, batch_size=2)
    path = tmp_path / "x"
    with pytest.raises(Interrupt):
        activations(model, until(BATCHES["small"](X), 3), batch_size=2, store=path)
    assert ActivationStore(path).n_samples == 8
    others = X.copy()
    others[7] = 0
    message = "results of other samples: the first 8 of X are not those of before"
    for wrong in (others, X[:6], X[[0, 1, 2, 4, 3, 5, 6, 7, 8, 9, 10]]):
        with pytest.raises(ValueError, match=message):
            activations(model, BATCHES["small"](wrong), batch_size=2, store=path)
    stored = activations(model, BATCHES["ragged"](X), batch_size=2, store=path)
    assert_stored(stored, expected)


def test_a_stream_that_had_ended_but_for_the_last_word(model, X, tmp_path, monkeypatch):
    from netrep_go.extract._containers import NpyFolder

    path = tmp_path / "x"
    with monkeypatch.context() as patch:
        patch.setattr(NpyFolder, "finish", lambda self: until([1], 0).__next__())
        with pytest.raises(Interrupt):
            activations(model, iter([X[:5]]), batch_size=4, store=path)
    with pytest.raises(ValueError, match="the first 5 of X are not those of before"):
        activations(model, iter([X]), batch_size=4, store=path)
    store = activations(model, iter([X[:5]]), batch_size=4, store=path)
    assert store.complete
    assert store["logits"].shape == (5, 3)


def test_other_options_are_refused_with_what_differs(model, X, rng, path):
    names = ["logits", "/a"]
    with pytest.raises(Interrupt):
        activations(model, Failing(X, stop=8), names, batch_size=4, store=path)
    for X_now, options, what in (
        (X, {"layers": ["/a"]}, r"layers was \['/a', 'logits'\], now \['/a'\]"),
        (X, {"batch_size": 2}, "batch_size was 4, now 2"),
        (X, {"projection": 5}, "projection was None, now 5"),
        (X[:10], {}, r"X was '\(11, 2, 3\) .*', now '\(10, 2, 3\) .*'"),
        (X + 1, {}, "X was"),
        (X.astype(np.float64), {}, "X was"),
        (X, {"model": perceptron(rng)}, "model was"),
    ):
        given = {"model": model, "layers": names, "batch_size": 4, **options}
        with pytest.raises(ValueError, match=f"results of other options: {what}.*remove it to be"):
            activations(X=X_now, store=path, **given)
    assert_stored(
        activations(model, X, names, batch_size=4, store=path),
        activations(model, X, names, batch_size=4),
    )
    with pytest.raises(ValueError, match="batch_size was 4, now 2"):
        activations(model, X, names, batch_size=2, store=path)


def test_projections_go_on_as_they_began(rng, path):
    model, X = perceptron(rng, width=300), rng.standard_normal((11, 2, 3)).astype("f")
    options = {"layers": ["/a", "logits"], "batch_size": 4, "projection": 20}
    expected = activations(model, X, random_state=3, **options)
    with pytest.raises(Interrupt):
        activations(model, Failing(X, stop=8), store=path, random_state=3, **options)
    with pytest.raises(ValueError, match=r"random_state was \d+, now \d+"):
        activations(model, X, store=path, random_state=4, **options)
    assert_stored(activations(model, X, store=path, **options), expected)
    with pytest.raises(ValueError, match="projection must have a number of components, got 'auto'"):
        activations(model, iter([X]), projection=SparseRandomProjection(eps=0.9))


def test_only_one_process_writes(model, X, path):
    path.parent.mkdir()
    with (
        only_writer(path),
        pytest.raises(ValueError, match="is being written by another process"),
    ):
        activations(model, X, store=path)
    assert activations(model, X, store=path).complete


def test_what_is_no_store_stays_as_it_is(model, X, path):
    if path.suffix:
        path.parent.mkdir()
        path.write_text("mine")
    else:
        path.mkdir(parents=True)
        (path / "mine").write_text("mine")
    with pytest.raises(FileExistsError, match="exists and is no store of activations: remove it"):
        activations(model, X, store=path)
    with pytest.raises(FileNotFoundError, match="has no activations: there is no store"):
        ActivationStore(path)


def test_damaged_and_later_manifests(model, X, tmp_path):
    activations(model, X, store=tmp_path)
    manifest = tmp_path / "store.json"
    told = json.loads(manifest.read_text())
    for text, message in (
        ("{", "store.json is damaged, or of another version: remove the store to begin anew: Expe"),
        (json.dumps({**told, "format": 2}), "its format is not 1"),
        (json.dumps({**told, "more": 2}), "unexpected keyword argument"),
        ("[]", "store.json is damaged"),
    ):
        manifest.write_text(text)
        with pytest.raises(ValueError, match=message):
            ActivationStore(tmp_path)


def test_damaged_containers_are_named(model, X, path):
    names = list(activations(model, X, batch_size=4, store=path))
    files = [p for p in path.parent.rglob("*") if p.is_file() and p.suffix != ".json"]
    for file in [*files, *path.glob("*/zarr.json")]:
        file.write_bytes(b"no")
    store = ActivationStore(path)
    with pytest.raises(ValueError, match=r"is damaged, or no|[Zz]std|blosc|[Dd]ecompress"):
        [store[name][:] for name in names]


def test_a_store_that_does_not_fit(model, X, tmp_path, monkeypatch):
    import shutil

    free = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(OSError, match=r"needs 1.1e-06 GB more for 11 samples, but 1e-07 GB are fr"):
        activations(model, X, store=tmp_path / "x")


def test_a_layer_that_fails_later_stops_a_store(tmp_path, X):
    """Of a batch of two rows it is one row, what has the samples first: until the last batch."""
    helper = onnx.helper
    nodes = [
        helper.make_node("Neg", ["x"], ["y"]),
        helper.make_node("NonZero", ["y"], ["turned"]),
        helper.make_node("Transpose", ["turned"], ["found"], perm=[1, 0]),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 1])],
        [onnx.ValueInfoProto(name="found")],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()
    ones = np.ones((8, 1), np.float32)
    ones[5] = 0
    with pytest.raises(ValueError, match="layer 'turned' must have one row for each sample"):
        activations(model, ones, batch_size=4, store=tmp_path / "x")


@pytest.fixture
def images(tmp_path, rng):
    """Return a folder of images of several sizes and kinds, and their pixels in colors."""
    Image = pytest.importorskip("PIL.Image", reason="Pillow comes with netrep-go[plot]")
    folder, pixels = tmp_path / "images", []
    for k, (name, shape) in enumerate(
        [("b/1.png", (9, 8, 3)), ("a.png", (8, 8)), ("c.PNG", (12, 10, 3)), ("d.bmp", (8, 8, 3))]
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values = rng.integers(256, size=shape).astype(np.uint8)
        Image.fromarray(values).save(path)
        pixels.append((str(path), k, np.broadcast_to(np.atleast_3d(values), (*shape[:2], 3))))
    (folder / "notes.txt").write_text("no image")
    pixels.sort()
    return folder, [image for *_, image in pixels]


def small(images):
    return preprocess_images(images, 4)


def test_image_files(images, rng, tmp_path):
    folder, pixels = images
    model = perceptron(rng, shape=(3, 4, 4))
    X = np.concatenate([small(image[np.newaxis]) for image in pixels])
    expected = activations(model, X, batch_size=3)
    paths = sorted(p for p in folder.rglob("*.*") if p.suffix != ".txt")
    for given in (folder, str(folder), paths, list(map(str, paths))):
        found = activations(model, given, batch_size=3, preprocess=small)
        assert_array_equal(found["logits"], expected["logits"])
    path = tmp_path / "x"
    assert_stored(activations(model, folder, batch_size=3, preprocess=small, store=path), expected)
    paths[1].rename(folder / "b/0.png")
    with pytest.raises(ValueError, match=r"X was '4 files .*', now '4 files "):
        activations(model, folder, batch_size=3, preprocess=small, store=path)


def test_image_files_that_are_refused(images, rng, tmp_path):
    from PIL import Image

    folder, _ = images
    model = perceptron(rng, shape=(3, 4, 4))
    Image.fromarray(np.full((8, 8, 4), 200, np.uint8)).save(tmp_path / "clear.png")
    Image.fromarray(np.full((8, 8), 2000, np.uint16)).save(tmp_path / "deep.png")
    whole = (folder / "c.PNG").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no image")
    for name, message in (
        ("cut.png", "cut.png cannot be read as an image"),
        ("text.png", "text.png cannot be read as an image"),
        ("clear.png", "clear.png must not have transparent pixels"),
        ("deep.png", "deep.png must have 8 bits a channel, got mode 'I"),
    ):
        with pytest.raises(ValueError, match=message):
            activations(model, [tmp_path / name], preprocess=small)
    for X, preprocess, error, message in (
        (folder, None, TypeError, "image files need a function for preprocess, such as netrep_go"),
        (tmp_path / "no", small, NotADirectoryError, "X must be a folder or a list of image files"),
        (np.zeros((2, 3, 4, 4)), small, TypeError, "preprocess is for image files, got X of type"),
        ([], small, ValueError, "X must have at least one image file"),
        (folder, lambda x: x, ValueError, "must return images of one shape, got .* and "),
        (folder, lambda x: x[0, 0, 0], ValueError, "must return one image for one, got shape"),
    ):
        with pytest.raises(error, match=message):
            activations(model, X, preprocess=preprocess)


def test_batches_that_are_refused(model, X):
    for batches, error, message in (
        (iter([]), ValueError, "X must have at least one sample, got no batches"),
        (iter([X[:4], X[4:, :1]]), ValueError, r"samples of one shape, got \(2, 3\) and \(1, 3\)"),
        (iter([{"x": X}]), TypeError, "batches of X must be arrays, or tuples of one"),
        (iter([3.0]), TypeError, r"got float64 of shape \(\)"),
    ):
        with pytest.raises(error, match=message):
            activations(model, batches)


def test_single_calls_are_of_layers_that_are_there(model, X):
    assert list(activations(model, X, ["/a#1"])) == ["/a"]
    with pytest.raises(ValueError, match="layer '/a#2' must be called as often"):
        activations(model, X, ["/a#2"])
    for name in ("b#2", "/a#0", "/a#x", "/a#"):
        with pytest.raises(ValueError, match=f"the model has no layer '{name.partition('#')[0]}"):
            activations(model, X, [name])


PEAK = """
import sys
import numpy as np
from netrep_go.extract import activations

model, path, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
batches = (np.full((8, 2, 3), k, np.float32) for k in range(n // 8))
activations(model, batches, ["/a"], batch_size=8, store=path)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from /proc")
def test_memory_does_not_grow_with_the_number_of_samples(rng, tmp_path):
    (tmp_path / "model.onnx").write_bytes(perceptron(rng, width=50_000))
    peaks = []
    for n in (16, 200):  # 3 and 40 MB
        command = [sys.executable, "-c", PEAK, str(tmp_path / "model.onnx"), str(tmp_path / f"{n}")]
        found = subprocess.run([*command, str(n)], capture_output=True, check=True, timeout=120)
        peaks.append(int(found.stdout) / 1024)
    assert ActivationStore(tmp_path / "200")["/a"].nbytes == 40_000_000
    assert peaks[1] < peaks[0] + 12


INDICES = [
    np.s_[2],
    np.s_[-1],
    np.s_[3:7],
    np.s_[::-2],
    np.s_[[4, 0, 4]],
    np.s_[np.arange(9) % 2 == 0],
    np.s_[2:5, 1:4],
    np.s_[[3, 1], 2:],
    np.s_[:, -2],
    np.s_[5:5],
    np.s_[:, 3:3],
    np.s_[..., 1::2],
    np.s_[...],
    np.s_[2, 3],
]


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4", "i2"])
def test_matrices_in_files_are_sliced_as_in_memory(dtype, rng, tmp_path):
    x = (100 * rng.standard_normal((9, 5))).astype(dtype)
    path = tmp_path / "x.npy"
    np.save(path, x)
    disk = DiskArray.from_npy(path)
    assert (disk.shape, disk.dtype, disk.size, len(disk)) == (x.shape, x.dtype, x.size, 9)
    for index in INDICES:
        assert_array_equal(disk[index], x[index])
        assert disk[index].shape == x[index].shape
    assert_array_equal(disk[[3, 1], [0, 2, 4]], x[np.ix_([3, 1], [0, 2, 4])])
    assert_allclose(np.asarray(disk, np.float64), x.astype(np.float64))
    for bad in (9, [0, 9], -10):
        with pytest.raises(IndexError):
            disk[bad]
    with pytest.raises(ValueError, match="cannot be had without a copy"):
        np.array(disk, copy=False)
    os.truncate(path, path.stat().st_size - 1)
    assert_array_equal(disk[:8], x[:8])
    with pytest.raises(ValueError, match=r"x.npy is shorter than its \(9, 5\) entries"):
        disk[8]


def test_files_that_hold_no_matrix_in_c_order(tmp_path):
    for x in (np.zeros(3), np.zeros((2, 2), order="F"), np.zeros((2, 2, 2))):
        np.save(tmp_path / "x.npy", x)
        with pytest.raises(ValueError, match=r"x.npy is damaged, or no .npy file of a matrix"):
            DiskArray.from_npy(tmp_path / "x.npy")


def test_memory_maps_are_read_and_not_mapped(rng, tmp_path):
    x = rng.standard_normal((9, 5))
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    for view, rows in ((mapped, x), (mapped[2:6], x[2:6]), (mapped[3:][1:], x[4:])):
        disk = unmapped(view)
        assert isinstance(disk, DiskArray)
        assert_array_equal(disk, rows)
    for other in (
        x,
        mapped[:, 1:3],
        mapped[0],
        mapped.T,
        mapped + 0,
        np.asarray(mapped) + 1,
        [[1]],
    ):
        assert unmapped(other) is other


def test_rows_are_there_when_they_are_told_to_be(rng, tmp_path):
    x = rng.standard_normal((9, 5))
    writer = NpyWriter(tmp_path / "x.npy", np.float64, 5)
    writer.commit(0)
    assert np.load(tmp_path / "x.npy").shape == (0, 5)
    writer.write(0, x)
    writer.commit(6)
    assert_array_equal(np.load(tmp_path / "x.npy"), x[:6])
    writer.close()


def test_data_loaders_of_pytorch(model, X, path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    data = torch.utils.data
    labeled = data.TensorDataset(torch.from_numpy(X), torch.arange(11))
    expected = activations(model, X, batch_size=4)
    loader = data.DataLoader(labeled, batch_size=3)
    with pytest.raises(Interrupt):
        activations(model, Failing(X, stop=8), batch_size=4, store=path.parent / "other")
    assert_stored(activations(model, loader, batch_size=4, store=path), expected)
    whole = data.DataLoader(data.TensorDataset(torch.from_numpy(X)), batch_size=4, drop_last=True)
    assert_array_equal(activations(model, whole, ["logits"])["logits"], expected["logits"][:8])
    part = data.DataLoader(labeled, batch_size=3, sampler=range(2, 9))
    assert_array_equal(activations(model, part, ["logits"])["logits"], expected["logits"][2:9])
    with pytest.raises(ValueError, match="set shuffle=False in the DataLoader"):
        activations(model, data.DataLoader(labeled, batch_size=3, shuffle=True))


def test_models_of_pytorch_in_a_store(X, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    relu = nn.ReLU(inplace=True)
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 8), relu, nn.Linear(8, 3), relu)
    expected = activations(net, X)
    found = activations(net, X, ["2#2", "2 input", "3"])
    assert list(found) == ["2 input", "3", "2 input#2", "2#2"]
    assert_array_equal(found["2 input"], expected["1"])
    assert_array_equal(found["2#2"], expected["2#2"])
    found = activations(net, X, ["2 input#2"], store=tmp_path / "x")
    assert_stored(found, {"2 input#2": expected["3"]})
    with torch.no_grad():
        net[1].weight[0, 0] += 1
    with pytest.raises(ValueError, match="model was"):
        activations(net, X, ["2 input#2"], store=tmp_path / "x")


@pytest.mark.filterwarnings("default::DeprecationWarning")  # of NumPy, in Keras
def test_models_of_keras_in_a_store(X, tmp_path):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    layers = [keras.Input((2, 3)), keras.layers.Flatten(), keras.layers.Dense(3, name="dense")]
    net = keras.Sequential(layers)
    expected = activations(net, X, ["dense"], batch_size=4)
    path = tmp_path / "x"
    with pytest.raises(Interrupt):
        activations(net, Failing(X, stop=8), ["dense"], batch_size=4, store=path)
    assert_stored(activations(net, X, ["dense"], batch_size=4, store=path), expected)
    net.layers[-1].activation = keras.activations.relu
    with pytest.raises(ValueError, match="model was"):
        activations(net, X, ["dense"], batch_size=4, store=path)
