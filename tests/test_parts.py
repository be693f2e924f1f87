"""Files that are whole or not there, and results of other options that are never mixed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from netrep_go._parts import Parts, content_hash, fingerprint, in_batch, merge, replacing, sweep

KILLED = """
import os, pathlib, signal
from netrep_go._parts import replacing

with replacing(pathlib.Path({!r})) as path:
    path.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_a_writer(path):
    """Write to a file in a process that is killed half-way."""
    command = [sys.executable, "-c", KILLED.format(str(path))]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_at_once(tmp_path):
    path = tmp_path / "x"
    path.write_text("old")
    with replacing(path) as new:
        new.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    with pytest.raises(TypeError), replacing(path) as new:
        new.write_text(3)
    assert path.read_text() == "new"
    assert names(tmp_path) == ["x"]
    path.chmod(0o600)  # what a file of this process is allowed does not depend on the old one
    (tmp_path / "y").touch()
    with replacing(path) as new:
        new.write_text("new")
    assert path.stat().st_mode == (tmp_path / "y").stat().st_mode


def test_links_lead_to_the_new_file(tmp_path):
    (tmp_path / "far").mkdir()
    path, end = tmp_path / "link", tmp_path / "far" / "x"
    path.symlink_to("far/x")
    for text in ("new", "newer"):  # where there is nothing at the end, and where there is
        with replacing(path) as new:
            new.write_text(text)
            assert new.parent == end.parent
        assert path.is_symlink()
        assert end.read_text() == text
    assert names(tmp_path / "far") == ["x"]


@pytest.mark.parametrize("kind", ["device", "pipe", "socket", "link", "folder", "no folder"])
def test_what_is_no_file_is_not_replaced(tmp_path, monkeypatch, kind):
    """A device that were replaced would be gone for all processes."""
    replaced = []
    monkeypatch.setattr(os, "replace", lambda *paths: replaced.append(paths))
    path, error = tmp_path / "x", ValueError
    if kind == "device":
        path = Path("/dev/null")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(str(path))
    elif kind == "link":
        path.symlink_to("/dev/null")
    elif kind == "folder":
        path.mkdir()
        error = IsADirectoryError
    else:
        path, error = tmp_path / "none" / "x", FileNotFoundError
    with pytest.raises(error, match=re.escape(str(path.parent))) as raised, replacing(path):
        pass
    assert ".part" not in str(raised.value)
    assert not replaced
    assert not [name for name in names(tmp_path) if name.endswith(".part")]


def test_the_file_is_on_the_disk_before_its_name_and_then_the_folder(tmp_path, monkeypatch):
    path, done = tmp_path / "x", []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda f: done.append(os.fstat(f).st_ino) or fsync(f))
    monkeypatch.setattr(os, "replace", lambda *args: done.append("replace") or replace(*args))
    with replacing(path) as new:
        new.write_text("new")
    assert done == [path.stat().st_ino, "replace", tmp_path.stat().st_ino]


def test_the_next_writer_clears_up_after_a_killed_one(tmp_path):
    path, other = tmp_path / "x[1]", tmp_path / "x1"
    path.write_text("old")
    kill_a_writer(path)
    kill_a_writer(other)
    assert path.read_text() == "old"
    assert len(names(tmp_path)) == 3
    with replacing(path) as new:
        new.write_text("new")
    assert len(names(tmp_path)) == 2  # the other's is left to its next writer
    sweep(tmp_path)
    assert names(tmp_path) == ["x[1]"]


def test_writers_at_once_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "x"
    with replacing(path) as one, replacing(path) as two:
        one.write_text("one")
        two.write_text("two")
        sweep(tmp_path)
        assert one.exists()
        assert two.exists()
    assert path.read_text() == "one"
    assert names(tmp_path) == ["x"]


def test_a_file_that_is_swept_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    import fcntl

    flock, swept = fcntl.flock, []

    def late(file, operation):
        if operation == fcntl.LOCK_SH and not swept:
            swept.extend(tmp_path.iterdir())
            sweep(tmp_path)
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with replacing(tmp_path / "x") as new:
        new.write_text("new")
    assert len(swept) == 1
    assert (tmp_path / "x").read_text() == "new"


def test_parts_are_put_together(tmp_path):
    parts = Parts(tmp_path / "parts", {"n": 3})
    assert "a" not in parts
    parts.write("b", {"x": np.arange(3), "y": [1.0]})
    parts.write("a", {"x": [7.0, 8.0], "y": [2.0]})
    assert "a" in parts
    arrays, options = merge(tmp_path / "parts", ["a", "b"], "sets")
    assert_array_equal(arrays["x"], [[7, 8, np.nan], [0, 1, 2]])
    assert_array_equal(arrays["y"], [[2], [1]])
    assert options == {"n": 3}
    with pytest.raises(ValueError, match=r"has no results of sets \['c'\]: compute these first"):
        merge(tmp_path / "parts", ["a", "c"], "sets")


def test_other_options_are_refused_with_what_differs(tmp_path):
    Parts(tmp_path, {"n": 3, "old": 1, "z": [1.0]}).write("a", {"x": [1]})
    other = Parts(tmp_path, {"n": 4, "z": [2.0]})
    message = "other options: n was 3, now 4; old was 1, now None; z was '.*', now '.*'; remove it"
    with pytest.raises(ValueError, match=message):
        "a" in other  # noqa: B015
    other.write("b", {"x": [1]})
    with pytest.raises(ValueError, match="n was 3, now 4"):
        merge(tmp_path, ["a", "b"], "parts")


def test_a_damaged_part_is_named(tmp_path):
    parts = Parts(tmp_path, {})
    parts.write("a", {"x": np.arange(100)})
    whole = (tmp_path / "a.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(np.arange(100).tobytes())] ^= 1
    for damaged in (b"", whole[:50], whole[:-30], bytes(flipped)):
        (tmp_path / "a.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"a\.npz is damaged: remove it"):
            merge(tmp_path, ["a"], "parts")


def test_opening_a_folder_clears_it(tmp_path):
    kill_a_writer(tmp_path / "a.npz")
    assert len(names(tmp_path)) == 1
    Parts(tmp_path, {})
    assert names(tmp_path) == []


def test_fingerprints():
    options = {"a": np.int64(2), "b": None, "c": ("x", "y"), "d": [[1, 2]], "e": [], "f": True}
    first = fingerprint(options)
    assert first == {**options, "a": 2, "c": ["x", "y"], "d": first["d"]}
    assert first["d"] == fingerprint({"d": np.array([[1, 2]])})["d"]
    assert first["d"] != fingerprint({"d": [[1, 3]]})["d"]
    with pytest.raises(TypeError, match="neither text nor numbers"):
        fingerprint({"a": object()})


def test_hashes_are_of_content(tmp_path, rng):
    x = rng.standard_normal((3, 4))
    assert content_hash(x) == content_hash(np.asfortranarray(x))
    others = (x.reshape(4, 3), x.astype(np.float32), x[:, ::-1], x + 1)
    assert len({content_hash(each) for each in (x, *others)}) == 5
    path, copy = tmp_path / "x", tmp_path / "y"
    path.write_bytes(x.tobytes())
    shutil.copyfile(path, copy)
    assert content_hash(path) == content_hash(copy)
    copy.write_bytes((x + 1).tobytes())
    assert content_hash(path) != content_hash(copy)


def test_batches():
    items = list("abcde")
    assert [in_batch(items, (k, 2)) for k in (0, 1)] == [list("ace"), list("bd")]
    assert in_batch(items, None) == items
    with pytest.raises(ValueError, match=r"batch\[0\] must be below batch\[1\], got \(2, 2\)"):
        in_batch(items, (2, 2))
    with pytest.raises(TypeError, match=r"batch\[1\] must be an integer"):
        in_batch(items, (0, 2.0))
