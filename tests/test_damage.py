"""Damaged files: what is read is right, or an error names the file; never a raw one.

Where a format has checksums, what is wrong is never taken for right.
"""

import json
import os
import pathlib
import pickle
import re
import signal
import warnings
from io import BytesIO
from types import SimpleNamespace
from zipfile import ZipFile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import savemat
from scipy.sparse import issparse

from netrep_go._cli._files import read_labels
from netrep_go._disk import DiskArray
from netrep_go._parts import Parts, merge
from netrep_go.capacity import TuningFile, read_mat, write_mat
from netrep_go.datasets._objects92 import _read
from netrep_go.encoding import StreamedPCA
from netrep_go.extract import ActivationStore, activations
from netrep_go.extract._samples import ImageFiles
from netrep_go.inference import compare_networks
from netrep_go.multiset import DistanceStore
from netrep_go.multiset._sources import _LISTS, _READERS, Source
from netrep_go.report import LayerReport
from netrep_go.rsa import Fusion, read_betas

N_VARIANTS = 150


def damaged(content, rng, n=N_VARIANTS):
    """Yield content cut anywhere, with flipped bits, with other bytes, and with a part zeroed."""
    for k in range(n):
        changed = bytearray(content)
        if k % 4 == 0:
            yield content[: rng.integers(len(content))]
            continue
        for at in rng.integers(len(content), size=rng.integers(1, 4)):
            if k % 4 == 1:
                changed[at] ^= 1 << rng.integers(8)
            elif k % 4 == 2:
                changed[at] = rng.integers(256)
            else:
                end = min(len(content), at + rng.integers(1, 64))
                changed[at:end] = bytes(end - at)
        yield bytes(changed)


def same(a, b):
    """Whether two things that were read are equal, NaN and types included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if issparse(a):
        return a.shape == b.shape and same(a.toarray(), b.toarray())
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype:
            return False
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    return a == b


def read_damaged(path, contents, read):
    """Return what is read of files that are not refused, and how many are."""
    found, refused = [], []
    for content in contents:
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append(read(path))
        except (ValueError, OSError) as error:
            refused.append(str(error))
    assert [message for message in refused if str(path) not in message] == []
    return found, len(refused)


def read_sets(path):
    with TuningFile(path) as tuning:
        sets = {str(k): np.array(tuning[k]) for k in range(len(tuning))}
        return sets | {"titles": tuning.titles}


@pytest.fixture
def mat(tmp_path, rng):
    """Return the path of a file of version 7.3 with variables of all kinds."""
    h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[mat]")
    path = tmp_path / "net_tuning.mat"
    responses = rng.standard_normal((2, 5, 4, 3))
    texts = {"data_titles": ["a", "größe"], "name": "text"}
    write_mat(path, {"tuning_function": responses, "flag": [[True]], "none": [], **texts})
    with h5py.File(path, "r+") as file:
        data = rng.standard_normal((20, 30))
        file.create_dataset("zipped", data=data, compression="gzip", chunks=(10, 10))
        parts = np.zeros((2, 3), [("real", "f8"), ("imag", "f8")])
        file.create_dataset("complex", data=parts).attrs["MATLAB_class"] = np.bytes_("double")
        sparse = file.create_group("sparse")
        sparse.attrs["MATLAB_class"] = np.bytes_("double")
        sparse.attrs["MATLAB_sparse"] = np.uint64(4)
        sparse["data"] = [1.0, 2.0]
        sparse["ir"] = np.array([0, 3], np.uint64)
        sparse["jc"] = np.array([0, 1, 2], np.uint64)
    return path


@pytest.mark.parametrize("read", [read_mat, read_sets])
def test_damaged_files_of_version_7_3(mat, tmp_path, rng, read):
    right = read(mat)
    found, n_refused = read_damaged(tmp_path / "x.mat", damaged(mat.read_bytes(), rng), read)
    assert n_refused > N_VARIANTS / 4
    assert sum(same(each, right) for each in found) > len(found) / 2


def test_compressed_numbers_of_version_7_3_are_right_or_refused(mat, tmp_path, rng):
    """Each byte of the chunks: zlib has a checksum."""
    h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[mat]")
    content, right = mat.read_bytes(), read_mat(mat)["zipped"]
    with h5py.File(mat) as file:
        info = file["zipped"].id.get_chunk_info(3)
        start = info.byte_offset
    assert content[start] == 0x78  # as zlib begins
    for at in rng.integers(start, start + info.size, size=60):
        changed = bytearray(content)
        changed[at] ^= 1 << rng.integers(8)
        found, _ = read_damaged(tmp_path / "x.mat", [changed], read_mat)
        assert all(same(each["zipped"], right) for each in found)


def test_chunks_out_of_place_are_refused(tmp_path):
    """HDF5 would return zeros for them."""
    h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[mat]")
    path = tmp_path / "x.mat"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.ones((6, 24)), chunks=(6, 7))
        file.create_dataset("unwritten", (6, 24), "f8", chunks=(6, 7))
    assert_array_equal(read_mat(path)["unwritten"], np.zeros((24, 6)))
    content = path.read_bytes()
    place = np.array([0, 14], np.uint64).tobytes()  # of the third chunk
    assert content.count(place) == 1
    for k, n in ((0, 1), (1, 7), (1, 70)):
        wrong = np.array([0, 14], np.uint64)
        wrong[k] += np.uint64(n)
        path.write_bytes(content.replace(place, wrong.tobytes()))
        with pytest.raises(ValueError, match=r"x\.mat is damaged: variable 'x' cannot be read"):
            read_mat(path)
        (tmp_path / "x.h5").write_bytes(path.read_bytes())
        with pytest.raises(ValueError, match=r"x\.h5::x cannot be read: .*chunks"):
            Source("X", f"{tmp_path}/x.h5::x").load()


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_files_of_version_5_and_7(tmp_path, rng, compressed):
    path = tmp_path / "x.mat"
    variables = {"x": rng.standard_normal((6, 7)), "s": {"name": "abc", "RDM": np.arange(5.0)}}
    savemat(path, variables, do_compression=compressed)
    content, right = path.read_bytes(), _read(path)
    found, n_refused = read_damaged(path, damaged(content[128:], rng), _read)
    assert not found  # they have lost their header
    bodies = [content[:128] + body for body in damaged(content[128:], rng)]
    found, n_refused = read_damaged(path, bodies, _read)
    assert n_refused > N_VARIANTS / 4
    if compressed:
        kept = [each for each in found if {"x", "s"} <= each.keys()]
        assert all(same(each["x"], right["x"]) for each in kept)


def test_damaged_parts_are_right_or_refused(tmp_path, rng):
    parts = Parts(tmp_path, {"n": 3, "name": "x"})
    parts.write("a", {"x": rng.standard_normal((3, 4)), "y": [1.0], "failure": ""})
    path = tmp_path / "a.npz"
    content = path.read_bytes()
    (right, options) = merge(tmp_path, ["a"], "sets")
    flipped = []
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << rng.integers(8)
        flipped.append(bytes(changed))

    def read(path):
        return merge(path.parent, ["a"], "sets")

    for contents in (flipped, damaged(content, rng)):
        found, n_refused = read_damaged(path, contents, read)
        assert n_refused > N_VARIANTS / 4
        assert all(same(arrays, right) and same(found, options) for arrays, found in found)


def test_what_is_no_part_is_refused(tmp_path):
    parts, path = Parts(tmp_path, {}), tmp_path / "a.npz"
    arrays = {"x": np.arange(3), "options": np.array("{}")}
    for content in (
        {"x": arrays["x"]},
        arrays | {"options": np.array("[1]")},
        arrays | {"options": np.array("{")},
        arrays | {"options": np.array(["{}", "{}"])},
        arrays | {"options": np.array(3)},
    ):
        np.savez(path, **content)
        with pytest.raises(ValueError, match=rf"^{re.escape(str(path))} is damaged: remove it"):
            parts.read("a")
    np.save(tmp_path / "b.npy", arrays["x"])
    (tmp_path / "b.npy").rename(path)
    with pytest.raises(ValueError, match="is damaged: remove it"):
        "a" in parts  # noqa: B015


def test_damaged_models_are_refused_by_name(tmp_path, rng):
    onnx = pytest.importorskip("onnx", reason="onnx comes with netrep-go[onnx]")
    pytest.importorskip("onnxruntime", reason="onnxruntime comes with netrep-go[onnx]")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["y"], ["z"])],
        "graph",
        [helper.make_tensor_value_info("x", kind, ["n", 3])],
        [helper.make_tensor_value_info("z", kind, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    content, path, X = model.SerializeToString(), tmp_path / "net.onnx", np.ones((2, 3), np.float32)

    def read(path):
        return activations(path, X)

    path.write_bytes(content)
    assert set(read(path)) == {"y", "z"}
    for cut in (0, 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        with pytest.raises(ValueError, match=rf"^{re.escape(str(path))} "):
            read(path)
    with pytest.raises(ValueError, match="model is not an ONNX model, or damaged"):
        activations(content[: len(content) // 2], X)
    assert content.count(b"\x01y") == 2  # the name of what Relu gives and Neg takes
    for k in (1, 2):
        path.write_bytes(b"\x01\xff".join(content.split(b"\x01y", k)))
        with pytest.raises(ValueError, match=rf"^{re.escape(str(path))} "):
            read(path)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"net\.onnx cannot be run on X of shape \(2, 4\): "):
        activations(path, np.ones((2, 4), np.float32))


def _of_images(path):
    return read_betas(path, {"condition": [*"abc"] * 2})


def _of_tables(path):
    image = SimpleNamespace(dataobj=np.ones((2, 2, 2, 6)), affine=np.eye(4))
    return read_betas(image, path)


def _of_sources(path):
    return Source("networks['a']", f"{path}::trials/stimulus").load()


# Whatever reads a file that somebody else may have written, with an end of its name.
READERS = {
    **{f"a network {end}": (end, _of_sources) for end in _READERS},
    **{f"names in {end}": (end, lambda path: Source("a", path).inside()) for end in _LISTS},
    "labels": (".txt", lambda path: read_labels(str(path), "y")),
    "a layer report": (".npz", LayerReport.load),
    "a fusion": (".npz", Fusion.load),
    "betas": (".nii", _of_images),
    "compressed betas": (".nii.gz", _of_images),
    "betas on a surface": (".gii", _of_images),
    "a table": (".csv", _of_tables),
    "a compressed table": (".tsv.gz", _of_tables),
    "a file of MATLAB": (".mat", read_mat),
    "responses": (".mat", read_sets),
    "a model": (".onnx", lambda path: activations(path, np.ones((2, 3), np.float32))),
    "a picture": (".png", lambda path: ImageFiles([path], np.asarray).read(0, 1)),
    "the manifest of a store": ("/store.json", lambda path: DistanceStore(path.parent).status()),
    "a store of activations": ("/store.json", lambda path: ActivationStore(path.parent)),
    "a compression": ("/compression.json", lambda path: StreamedPCA.load(path.parent)),
    "loadings": (".npy", DiskArray.from_npy),
    "objects": (".mat", _read),
    "a part": (".npz", lambda path: Parts(path.parent, {}).read(path.stem)),
}


@pytest.fixture
def soon():
    """Fail, and do not wait for ever, where a pipe is waited for."""

    def late(*_):
        raise TimeoutError("it is waited for")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("what", READERS)
def test_pipes_and_devices_are_not_waited_for(tmp_path, soon, what):
    end, read = READERS[what]
    path = tmp_path / f"x{end}"
    path.parent.mkdir(exist_ok=True)
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        make(path)
        with pytest.raises(ValueError, match=r"must be a file or a folder, and no pipe") as found:
            read(path)
        assert str(path) in str(found.value)
        path.unlink()


def test_headers_that_tell_of_fewer_numbers(tmp_path, rng):
    """NumPy compares no checksum of what it does not read."""
    path, numbers = tmp_path / "a.npz", np.arange(8000.0)  # more than is read ahead
    options = {"options": np.array("{}")}
    for read in (
        lambda: Source("X", f"{path}::x").load(),
        lambda: Fusion.load(path),
        lambda: LayerReport.load(path),
        lambda: Parts(tmp_path, {}).read("a"),
    ):
        np.savez(path, x=numbers, **options)
        content = path.read_bytes()
        assert content.count(b"(8000,)") == 1
        path.write_bytes(content.replace(b"(8000,)", b"(4000,)"))
        with np.load(path) as stored:
            assert_array_equal(stored["x"], numbers[:4000])
        with pytest.raises(ValueError, match=r"Bad CRC-32|longer than its header"):
            read()


def test_compressed_images_are_right_or_refused(tmp_path, rng):
    """nibabel stops before the checksum."""
    nibabel = pytest.importorskip("nibabel", reason="nibabel comes with netrep-go[neuro]")
    values = rng.standard_normal((3, 3, 3, 6))
    for image, end in (
        (nibabel.Nifti1Image(values, np.eye(4)), ".nii.gz"),
        (nibabel.freesurfer.MGHImage(values.astype(np.float32), np.eye(4)), ".mgz"),
    ):
        nibabel.save(image, tmp_path / f"whole{end}")
        content = (tmp_path / f"whole{end}").read_bytes()
        right = _of_images(tmp_path / f"whole{end}").data
        path = tmp_path / f"x{end}"
        found, n_refused = read_damaged(path, damaged(content[10:], rng), lambda p: p)
        assert n_refused == 0
        contents = (content[:10] + body for body in damaged(content[10:], rng))
        found, n_refused = read_damaged(path, contents, lambda p: _of_images(p).data)
        assert n_refused > N_VARIANTS / 2
        assert all(same(each, right) for each in found)


@pytest.mark.parametrize("end", [".npy", ".npz", ".h5", ".zarr"])
def test_more_than_there_is_memory(tmp_path, end):
    """The file is small, but tells of 8 TiB: there is an error, and the process goes on."""
    path, shape = tmp_path / f"x{end}", (2**20, 2**20)
    header = BytesIO()
    about = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, about)
    if end == ".npy":
        path.write_bytes(header.getvalue())
    elif end == ".npz":
        with ZipFile(path, "w") as file:
            file.writestr("x.npy", header.getvalue())
    elif end == ".h5":
        with pytest.importorskip("h5py").File(path, "w") as file:
            file.create_dataset("x", shape, "f8", chunks=(1024, 1024))
    else:
        pytest.importorskip("zarr").create_array(path, shape=shape, chunks=(1024, 1024), dtype="f8")
    with pytest.raises(MemoryError, match=rf"^X {re.escape(str(path))} has no room in memory: "):
        Source("X", path).load()


def test_numbers_of_hdf5_that_are_in_other_files(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[mat]")
    path, numbers = tmp_path / "x.h5", np.arange(12.0).reshape(4, 3)
    (tmp_path / "bytes").write_bytes(numbers.tobytes())
    layout = h5py.VirtualLayout(numbers.shape, "f8")
    layout[:] = h5py.VirtualSource("parts.h5", "x", numbers.shape)
    with h5py.File(tmp_path / "parts.h5", "w") as file, h5py.File(path, "w") as whole:
        file["x"] = numbers
        whole.create_virtual_dataset("virtual", layout)
        whole.create_dataset("raw", (4, 3), "f8", external=[(str(tmp_path / "bytes"), 0, 96)])
    assert_array_equal(Source("X", f"{path}::virtual").load(), numbers)
    with pytest.raises(ValueError, match=r"x\.h5::raw cannot be read: .* in another file, /"):
        Source("X", f"{path}::raw").load()
    (tmp_path / "parts.h5").unlink()
    with pytest.raises(ValueError, match=r"in another file, parts\.h5: it is gone"):
        Source("X", f"{path}::virtual").load()


def test_numbers_of_hdf5_that_no_filter_makes_smaller(tmp_path, rng):
    h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[mat]")
    path, numbers = tmp_path / "x.h5", rng.integers(256, size=(40, 30), dtype=np.uint8)
    for how in ("lzf", "gzip"):
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=numbers, chunks=(20, 15), compression=how)
        assert_array_equal(Source("X", path).load(), numbers)


@pytest.mark.parametrize("end", [".npy", ".npz"])
def test_what_is_no_file_of_numpy(tmp_path, end):
    """NumPy would call it a pickle, and say how to load that."""
    path = tmp_path / f"x{end}"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match=rf"x\{end} cannot be read: it is no \{end} file of"):
        Source("X", path).load()


def test_matrices_that_are_cut_off(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones((4, 3)))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"^.*x\.npy is damaged.* shorter than its \(4, 3\)"):
        DiskArray.from_npy(path)


def test_tables_that_are_no_text(tmp_path):
    for end, content in ((".csv", b"condition\n\xff\xfe\n"), (".csv.gz", b"\x1f\x8b\x08")):
        path = tmp_path / f"x{end}"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"^table: '.*x\{end}' cannot be read: "):
            _of_tables(path)


# Code in files


class _Code:
    """What writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


def _with_code_in_zarr(folder, flag, how):
    """Write an array of zarr whose chunk a codec would unpickle."""
    codec = {"id": "pickle", "protocol": 5}
    numbers = {"shape": [2, 2], "fill_value": 0.0}
    old = numbers | {"zarr_format": 2, "chunks": [2, 2], "dtype": "<f8", "order": "C"}
    grid = {"name": "regular", "configuration": {"chunk_shape": [2, 2]}}
    new = numbers | {"zarr_format": 3, "node_type": "array", "data_type": "float64"}
    new |= {"chunk_grid": grid, "chunk_key_encoding": {"name": "default"}, "attributes": {}}
    metadata = {
        "objects": old | {"dtype": "|O", "fill_value": None, "filters": [codec]},
        "filter": old | {"filters": [codec], "compressor": None},
        "compressor": old | {"filters": None, "compressor": codec},
        "version 3": new | {"codecs": [{"name": "bytes"}, {"name": "numcodecs.pickle"}]},
    }[how]
    chunk = folder / ("c/0/0" if how == "version 3" else "0.0")
    chunk.parent.mkdir(parents=True)
    (folder / ("zarr.json" if how == "version 3" else ".zarray")).write_text(json.dumps(metadata))
    chunk.write_bytes(pickle.dumps(_Code(flag)))


@pytest.mark.parametrize("how", ["objects", "filter", "compressor", "version 3"])
def test_code_in_zarr_is_not_run(tmp_path, how):
    pytest.importorskip("zarr")
    folder, flag = tmp_path / "networks.zarr", tmp_path / "flag"
    _with_code_in_zarr(folder, flag, how)
    with pytest.raises(ValueError, match=r"networks\['a'\] .* cannot be read"):
        compare_networks({"a": str(folder), "b": np.eye(2)}, "cka", verbose=False)
    assert not flag.exists()
    pickle.loads((folder / ("c/0/0" if how == "version 3" else "0.0")).read_bytes())
    assert flag.exists()  # where it is unpickled, it runs


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_code_in_arrays_of_objects_is_not_run(tmp_path, suffix):
    path, flag = tmp_path / f"network{suffix}", tmp_path / "flag"
    objects = np.array([[_Code(flag)]], dtype=object)
    np.savez(path.with_suffix(".npz"), x=objects)
    np.save(path.with_suffix(".npy"), objects)
    with pytest.raises(ValueError, match=r"networks\['a'\] .* cannot be read"):
        compare_networks({"a": str(path), "b": np.eye(2)}, "cka", verbose=False)
    assert not flag.exists()
