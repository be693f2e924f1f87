"""MATLAB files: what we write is read back, by SciPy's test of the header too."""

import os
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import loadmat, savemat

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
