"""MATLAB files: what we write is read back, by SciPy's test of the header too."""

import os
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import loadmat, savemat
from scipy.sparse import csc_array

from netrep_go.capacity import TuningFile, read_mat, write_mat

h5py = pytest.importorskip("h5py", reason="h5py comes with netrep-go[mat]")

SETS, NEURONS, SAMPLES, OBJECTS = 2, 5, 4, 3


@pytest.fixture
def responses(rng):
    """Return a tuning function with one neuron and two samples missing in the second set."""
    responses = rng.standard_normal((SETS, NEURONS, SAMPLES, OBJECTS))
    responses[1, 2] = np.nan
    responses[1, :, 3, 0] = np.nan
    responses[1, :, 0, 2] = np.nan
    return responses


@pytest.fixture
def path(tmp_path, responses):
    path = tmp_path / "net_tuning.mat"
    write_mat(path, {"tuning_function": responses, "data_titles": ["conv1", "größe"]})
    return path


def test_tuning_files_are_read_set_by_set(path, responses):
    with TuningFile(path) as tuning:
        sizes = tuning.n_sets, tuning.n_neurons, tuning.n_samples, tuning.n_objects
        assert sizes == responses.shape
        assert tuning.titles == ["conv1", "größe"]
        assert len(tuning) == 2
        first, second = tuning
        for k, manifold in enumerate(first):
            assert_array_equal(manifold, responses[0, :, :, k].T)
        kept = [0, 1, 3, 4]
        assert [x.shape for x in second] == [(3, 4), (4, 4), (3, 4)]
        assert_array_equal(second[0], responses[1, kept, :3, 0].T)
        assert_array_equal(second[2], responses[1, kept, 1:, 2].T)
        assert_array_equal(tuning[-1][1], second[1])
        with pytest.raises(IndexError, match="there are 2 sets, got index 2"):
            tuning[2]


def test_only_the_set_asked_for_is_read(path, monkeypatch):
    read = []
    original = h5py.Dataset.__getitem__
    monkeypatch.setattr(
        h5py.Dataset, "__getitem__", lambda self, key: read.append(key) or original(self, key)
    )
    with TuningFile(path) as tuning:
        read.clear()
        tuning[1]
    assert read == [(Ellipsis, 1)]


def test_files_of_one_set_without_titles(tmp_path, responses):
    path = tmp_path / "net_tuning.mat"
    write_mat(path, {"tuning_function": responses[0]})
    with TuningFile(path) as tuning:
        assert tuning.titles == ["session #1"]
        assert_array_equal(tuning[0][1], responses[0, :, :, 1].T)
    write_mat(path, {"tuning_function": responses[0], "data_titles": "V1"})
    with TuningFile(path) as tuning:
        assert tuning.titles == ["V1"]


def test_files_as_matlab_writes_them(tmp_path, responses):
    """Compressed single precision, references in a group of their own, no attribute of ours."""
    path = tmp_path / "net_tuning.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        data = file.create_dataset(
            "tuning_function", data=responses.T.astype(np.float32), compression="gzip"
        )
        data.attrs["MATLAB_class"] = np.bytes_("single")
        titles = file.create_dataset("data_titles", (1, 2), dtype=h5py.ref_dtype)
        titles.attrs["MATLAB_class"] = np.bytes_("cell")
        for k, title in enumerate(["pixels", "fc7"]):
            text = np.array([[ord(c)] for c in title], dtype=np.uint16)
            entry = file.create_dataset(f"#refs#/{'bc'[k]}", data=text)
            entry.attrs["MATLAB_class"] = np.bytes_("char")
            titles[0, k] = entry.ref
    with TuningFile(path) as tuning:
        assert tuning.titles == ["pixels", "fc7"]
        assert_array_equal(tuning[0][2], responses[0, :, :, 2].T.astype(np.float32))


def change(responses, index, value=np.nan):
    responses[index] = value
    return {"tuning_function": responses}


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (np.s_[0], "set 'session #1' has no neurons: all are NaN"),
        (np.s_[0, :, :, 1], "object 1 of set 'session #1' has no samples: all are NaN"),
        (np.s_[0, 3, 2, 1], "object 1 of set 'session #1' has 1 neurons that are NaN or infinite"),
        (np.s_[0, :2, :, 2], "object 2 of set 'session #1' has 2 neurons that are NaN"),
    ],
)
def test_what_is_missing_must_be_missing_as_a_whole(tmp_path, responses, index, message):
    path = tmp_path / "net_tuning.mat"
    write_mat(path, change(responses, index))
    with TuningFile(path) as tuning, pytest.raises(ValueError, match=message):
        tuning[0]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"responses": np.ones((2, 3, 4))}, r"no variable tuning_function; it has \['responses'\]"),
        ({"tuning_function": "text"}, "must be an array of real numbers, got char"),
        ({"tuning_function": np.ones((2, 3))}, r"must have dimensions \[sets, .*, got \[2, 3\]"),
        (
            {"tuning_function": np.ones((2, 3, 4, 5)), "data_titles": [1, 2]},
            "data_titles must be a cell of character arrays",
        ),
        (
            {"tuning_function": np.ones((2, 3, 4, 5)), "data_titles": ["a", "b", "c"]},
            "one entry for each of 2 sets, got 3",
        ),
    ],
)
def test_bad_variables_are_refused(tmp_path, variables, message):
    path = tmp_path / "net_tuning.mat"
    write_mat(path, variables)
    with pytest.raises(ValueError, match=message):
        TuningFile(path)
    os.replace(path, path)  # it was closed


def test_truncated_and_foreign_files_are_refused(tmp_path, path):
    content = path.read_bytes()
    for size in (0, 300, 700, len(content) // 2, len(content) - 8):
        cut = tmp_path / "cut.mat"
        cut.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"cut\.mat cannot be read as a MATLAB v7\.3 file"):
            TuningFile(cut)
    old = tmp_path / "old.mat"
    savemat(old, {"tuning_function": np.ones((2, 3, 4))})
    with pytest.raises(ValueError, match=r"a MATLAB file of version 5 to 7: save it with '-v7\.3'"):
        TuningFile(old)
    with pytest.raises(FileNotFoundError):
        TuningFile(tmp_path / "none.mat")


def test_what_is_written_is_read_back(tmp_path, rng):
    path = tmp_path / "results.mat"
    variables = {
        "matrix": rng.standard_normal((3, 4)),
        "cube": rng.standard_normal((2, 3, 4)),
        "vector": np.array([1.0, np.nan, np.inf]),
        "number": 7,
        "flag": np.array([[True, False]]),
        "name": "größe",
        "nothing": "",
        "names": ["a", "", "conv 2"],
        "empty": np.empty((0, 3)),
    }
    write_mat(path, variables)
    found = read_mat(path)
    assert set(found) == set(variables)
    for name in ("matrix", "cube", "flag", "empty"):
        assert_array_equal(found[name], variables[name])
        assert found[name].dtype == np.asarray(variables[name]).dtype
    assert_array_equal(found["vector"], variables["vector"][:, np.newaxis])
    assert_array_equal(found["number"], [[7.0]])
    for name in ("name", "nothing", "names"):
        assert found[name] == variables[name]
    with h5py.File(path) as file:
        assert file["cube"].shape == (4, 3, 2)
        assert file["cube"].attrs["MATLAB_class"] == b"double"
        assert file["name"].attrs["MATLAB_int_decode"] == 2
    # SciPy tells versions apart by the header
    with pytest.raises(NotImplementedError, match=r"matlab v7\.3"):
        loadmat(path)


def test_cells_of_numbers_are_not_text(tmp_path):
    path = tmp_path / "cells.mat"
    write_mat(path, {"numbers": ["a", "b"], "x": 1.0})
    with h5py.File(path, "r+") as file:
        for entry in file["#refs#"].values():
            entry.attrs["MATLAB_class"] = np.bytes_("double")
    assert set(read_mat(path)) == {"x"}


def add(path, name, data, kind, **attributes):
    """Add an array as MATLAB writes it, given its class, or a sparse matrix."""
    with h5py.File(path, "r+") as file:
        if hasattr(data, "tocsc"):
            entry = file.create_group(name)
            entry.attrs["MATLAB_sparse"] = np.uint64(data.shape[0])
            entry["jc"] = data.indptr.astype(np.uint64)
            if data.nnz:
                values = data.data.astype(np.uint8) if kind == "logical" else data.data
                entry["data"], entry["ir"] = as_parts(values), data.indices.astype(np.uint64)
        else:
            entry = file.create_dataset(name, data=as_parts(np.asarray(data)).T)
        entry.attrs["MATLAB_class"] = np.bytes_(kind)
        for key, value in attributes.items():
            entry.attrs[key] = value


def as_parts(array):
    """Return complex numbers as MATLAB keeps them."""
    if array.dtype.kind != "c":
        return array
    kind = array.real.dtype.str
    parts = np.empty(array.shape, [("real", kind), ("imag", kind)])
    parts["real"], parts["imag"] = array.real, array.imag
    return parts


@pytest.fixture
def one(tmp_path):
    """Return the path of a file with one variable, x."""
    path = tmp_path / "kinds.mat"
    write_mat(path, {"x": 1.0})
    return path


@pytest.mark.parametrize("dtype", ["f4", "f8", *(f"{s}{n}" for s in "iu" for n in (1, 2, 4, 8))])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 1, 3), (0, 3)])
def test_numbers_of_all_classes_are_kept(one, dtype, shape):
    dtype = np.dtype(dtype)
    kind = {"float64": "double", "float32": "single"}.get(dtype.name, dtype.name)
    largest = np.finfo(dtype).max if dtype.kind == "f" else np.iinfo(dtype).max
    values = np.full(shape, largest, dtype)
    if values.size:
        add(one, "y", values, kind)
    else:
        add(one, "y", np.array(shape, np.uint64), kind, MATLAB_empty=np.uint8(1))
    found = read_mat(one)["y"]
    assert_array_equal(found, values)
    assert (found.dtype, found.shape) == (dtype, shape)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_numbers(one, rng, dtype):
    values = (rng.standard_normal((2, 3, 4)) + 1j * rng.standard_normal((2, 3, 4))).astype(dtype)
    values[0, 0, 0] = complex(np.nan, np.inf)
    add(one, "z", values, "double")
    found = read_mat(one)["z"]
    assert found.dtype == dtype
    assert_array_equal(found, values)


def test_complex_whole_numbers(one):
    parts = np.array([(2**53, -1)], [("real", "i8"), ("imag", "i8")]).reshape(1, 1)
    add(one, "z", parts, "int64")
    found = read_mat(one)["z"]
    assert found.dtype == np.complex128
    assert_array_equal(found, [[2.0**53 - 1j]])
    parts["real"] += 1
    add(one, "large", parts, "int64")
    with pytest.raises(ValueError, match=r"'large' cannot be read: complex whole numbers above"):
        read_mat(one)


@pytest.mark.parametrize(
    ("matrix", "kind"),
    [
        (np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]]), "double"),
        (np.array([[0.0, 1.0 + 2j, 0.0], [2.0, 0.0, 0.0]]), "double"),
        (np.array([[True, False], [True, True], [False, False]]), "logical"),
        (np.zeros((3, 2)), "double"),
        (np.zeros((3, 0)), "double"),
        (np.zeros((0, 3)), "double"),
    ],
)
def test_sparse_matrices(one, matrix, kind):
    add(one, "s", csc_array(matrix), kind)
    found = read_mat(one)
    assert set(found) == {"x", "s"}
    assert isinstance(found["s"], csc_array)
    assert found["s"].dtype == matrix.dtype
    assert_array_equal(found["s"].toarray(), matrix)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["abc", "de "], ["abc", "de "]),
        (["a", "", "ß"], ["a", "\0", "ß"]),
        (["one"], "one"),
        (["\U0001f600x", "abc"], ["\U0001f600x", "abc"]),
        (["\ud83dx"], "\ud83dx"),
    ],
)
def test_character_matrices_keep_their_rows(one, rows, expected):
    units = [np.frombuffer(row.encode("utf-16-le", "surrogatepass"), np.uint16) for row in rows]
    matrix = np.zeros((len(rows), max(map(len, units))), np.uint16)
    for row, of_text in zip(matrix, units, strict=True):
        row[: len(of_text)] = of_text
    add(one, "name", matrix, "char", MATLAB_int_decode=np.int32(2))
    assert read_mat(one)["name"] == expected
    if isinstance(expected, str):
        write_mat(one, {"name": expected})
        assert read_mat(one)["name"] == expected


def test_pages_of_characters_are_rows_in_order(one):
    pages = np.array([[ord(c) for c in text] for text in ("ab", "cd", "ef", "gh")], np.uint16)
    add(one, "name", pages.reshape(2, 2, 2).transpose(1, 2, 0), "char")
    assert read_mat(one)["name"] == ["ab", "cd", "ef", "gh"]


def test_titles_may_be_a_character_matrix(tmp_path, responses):
    path = tmp_path / "net_tuning.mat"
    write_mat(path, {"tuning_function": responses})
    add(path, "data_titles", np.array([list(b"V1 "), list(b"IT2")], np.uint16), "char")
    with TuningFile(path) as tuning:
        assert tuning.titles == ["V1", "IT2"]
    write_mat(path, {"tuning_function": responses, "data_titles": ["V1", "\ud83d"]})
    with pytest.raises(
        ValueError, match=r"net_tuning.mat .*data_titles\[1\] must be text, got half"
    ):
        TuningFile(path)


def put_soft_link(file):
    file["y"] = h5py.SoftLink("/nowhere")


def put_external_link(file):
    file["y"] = h5py.ExternalLink("nothing.mat", "/x")


def put_group(kind):
    def put(file):
        file.create_group("y").attrs["MATLAB_class"] = np.bytes_(kind)

    return put


def put_null_reference(file):
    file.create_dataset("y", (1, 2), h5py.ref_dtype).attrs["MATLAB_class"] = np.bytes_("cell")


def put_unknown_class(file):
    file["y"] = 1.0
    file["y"].attrs["MATLAB_class"] = np.bytes_("dpuble")


def put_sparse(**changes):
    def put(file):
        group = file.create_group("y")
        group.attrs["MATLAB_class"] = np.bytes_("double")
        group.attrs["MATLAB_sparse"] = 3
        arrays = {"jc": [0, 1, 2], "ir": [0, 2], "data": [1.0, 2.0]} | changes
        for name, values in arrays.items():
            if values is not None:
                group[name] = values

    return put


def put_empty(file):
    file["y"] = [2**20, 2**20]
    file["y"].attrs["MATLAB_class"] = np.bytes_("double")
    file["y"].attrs["MATLAB_empty"] = 1


@pytest.mark.parametrize(
    "put",
    [
        put_soft_link,
        put_external_link,
        *(put_group(kind) for kind in ("double", "uint64", "char", "cell", "logical")),
        put_null_reference,
        put_unknown_class,
        put_sparse(ir=[0, 3]),
        put_sparse(ir=[0]),
        put_sparse(ir=None),
        put_sparse(data=None),
        put_sparse(jc=None),
        put_sparse(jc=[0, 3, 2]),
        put_sparse(jc=[1, 1, 2]),
        put_sparse(jc=[0, 2, 2], ir=[2, 0]),
        put_empty,
    ],
)
def test_what_is_no_variable_of_its_class_is_an_error_with_path_and_name(one, put):
    with h5py.File(one, "r+") as file:
        put(file)
    with pytest.raises(
        ValueError, match=r"kinds\.mat is damaged: variable 'y' cannot be read: ['\w]"
    ):
        read_mat(one)
    with h5py.File(one, "r+") as file:
        del file["x"]
        file.move("y", "tuning_function")
    with pytest.raises(
        ValueError, match=r"kinds\.mat cannot be read as a file of responses: ['\w]"
    ):
        TuningFile(one)


def test_structs_and_objects_are_left_out(one):
    with h5py.File(one, "r+") as file:
        put_group("struct")(file)
    add(one, "table", np.ones((1, 6), np.uint32), "table", MATLAB_object_decode=np.int32(3))
    assert set(read_mat(one)) == {"x"}


def test_files_are_replaced_at_once_or_not_at_all(tmp_path):
    path = tmp_path / "results.mat"
    write_mat(path, {"x": 1.0})
    with pytest.raises(TypeError, match="y must be numbers, a string or strings, got None"):
        write_mat(path, {"x": 2.0, "y": None})
    assert_array_equal(read_mat(path)["x"], [[1.0]])
    assert os.listdir(tmp_path) == ["results.mat"]
    with pytest.raises(ValueError, match="'_x' is not a name that MATLAB allows"):
        write_mat(path, {"_x": 1.0})


def test_missing_h5py_names_the_extra(monkeypatch, path):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r'pip install "netrep-go\[mat\]"'):
        TuningFile(path)
