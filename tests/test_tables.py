"""Networks in files of text: what is a name and what is a number, and nothing read amiss."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from netrep_go.multiset._sources import Source, read_array

pandas = pytest.importorskip("pandas")

DATA = [[1, 2], [3, 4]]


def read(tmp_path, text, suffix=".csv"):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Source("X", path).load()


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "\ufeff1,2\n3,4\n",  # as Excel marks its encoding
        '"1","2"\n"3","4"\n',
        "\n  \n1,2\n3,4\n\n",
        "# of NumPy\n1,2\n3,4\n",
        "# of\n\n# NumPy\r\n1,2\r\n3,4\r\n",
        "1,2\r3,4\r",
        " 1, 2\n 3, 4",
    ],
)
def test_numbers_alone(tmp_path, text):
    for suffix, separator in ((".csv", ","), (".tsv", "\t")):
        table = read(tmp_path, text.replace(",", separator), suffix)
        assert_array_equal(table, DATA)
        assert list(table.columns) == list(table.index) == [0, 1]


@pytest.mark.parametrize(
    ("text", "rows", "columns"),
    [
        ("a,b\n1,2\n3,4\n", [0, 1], ["a", "b"]),
        ("\ufeffa,b\n1,2\n3,4\n", [0, 1], ["a", "b"]),
        ("\n# about\na,b\n1,2\n3,4\n", [0, 1], ["a", "b"]),
        (",a,b\nx,1,2\ny,3,4\n", ["x", "y"], ["a", "b"]),
        ('"",0,1\n0,1,2\n1,3,4\n', [0, 1], ["0", "1"]),
        ('"a","b"\n"x",1,2\n"y",3,4\n', ["x", "y"], ["a", "b"]),  # as R writes them
        ('"a","b"\n"1",1,2\n"2",3,4\n', [1, 2], ["a", "b"]),
    ],
)
def test_names(tmp_path, text, rows, columns):
    table = read(tmp_path, text)
    assert_array_equal(table, DATA)
    assert list(table.index) == rows
    assert list(table.columns) == columns


@pytest.mark.parametrize("missing", ["NA", "nan", "NULL", "None", "<NA>", ""])
def test_missing_numbers_are_no_names(tmp_path, missing):
    assert_array_equal(read(tmp_path, f"1,{missing}\n3,4\n\n"), [[1, np.nan], [3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n5,1,2\n7,3,4\n", "lines must be no longer than the first one, which has names"),
        ("a\nx,1,2\ny,3,4\n", "lines must be no longer than the first one, which has names"),
        ("0,1,2\n3,4,5\n", "first line counts 0, 1, 2"),
        ("1,2,3\n4,5\n", "line 2 has 2 entries, and others have 3"),
        ("# about\n\na,b,c\n1,2,3\n\n4,5\n", "line 6 has 2 entries, and others have 3"),
        ("1,2\n3,4,5\n", "Expected 2 fields in line 2, saw 3"),
        ("", "it has no line with an entry"),
        ("\n# about\n", "it has no line with an entry"),
        ("größe,b\n1,2\n".encode("latin-1"), "codec can't decode"),
        ("1,2\n".encode("utf-16"), "codec can't decode"),
    ],
)
def test_what_may_be_read_amiss_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"^X .*x\.csv cannot be read: .*{message}"):
        read(tmp_path, text)


def test_numbers_that_count_may_be_distances(tmp_path):
    assert_array_equal(read(tmp_path, "0,1,2\n1,0,1\n2,1,0\n"), [[0, 1, 2], [1, 0, 1], [2, 1, 0]])
    assert_array_equal(read(tmp_path, "0.0,1,2\n3,4,5\n"), [[0, 1, 2], [3, 4, 5]])
    assert_array_equal(read(tmp_path, "0,1\n1,1\n1,0\n"), [[0, 1], [1, 1], [1, 0]])


@pytest.mark.parametrize("names", [{}, {"index": [*"xyz"]}, {"columns": [*"ab"]}])
def test_what_pandas_writes_comes_back(tmp_path, rng, names):
    table = pandas.DataFrame(rng.standard_normal((3, 2)), **names)
    table.to_csv(tmp_path / "x.csv")
    found = read_array(tmp_path / "x.csv")
    assert_array_equal(found, table)
    assert [*map(str, found.columns)] == [*map(str, table.columns)]
    assert list(found.index) == list(table.index)
