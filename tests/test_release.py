"""What `make release-check` finds in a tree and in what would be published of it."""

import importlib.util
import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def release():
    """Return the module of the check, which is in no package."""
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """Return a tree of release 1.2.3 and what would be published of it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 1.2.3 (2026-01-31)\n\n## 1.2.2 (x)\n")
    (tmp_path / "CITATION.cff").write_text("version: 1.2.3\ndate-released: 2026-01-31\n")
    for python in ("cp311", "cp312", "cp313"):
        write_wheel(tmp_path / f"netrep_go-1.2.3-{python}-{python}-manylinux_2_34_x86_64.whl")
    metadata = b"Metadata-Version: 2.4\nName: netrep-go\nVersion: 1.2.3\n"
    with tarfile.open(tmp_path / "netrep_go-1.2.3.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("netrep_go-1.2.3/PKG-INFO")
        member.size = len(metadata)
        archive.addfile(member, io.BytesIO(metadata))
    return tmp_path


def write_wheel(path, version="1.2.3"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"netrep_go-{version}.dist-info/METADATA", f"Version: {version}\n")


def test_a_release_agrees(release, tree):
    assert list(release.problems(tree, tree, "v1.2.3")) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("pyproject.toml", "1.2.3", "1.2.4", "the commit has the tag v1.2.3, expected v1.2.4"),
        ("CHANGELOG.md", "1.2.3", "1.2.1", "CHANGELOG.md begins with 1.2.1, expected 1.2.3"),
        ("CHANGELOG.md", "2026-01-31", "unreleased", "CHANGELOG.md calls 1.2.3 'unreleased'"),
        ("CITATION.cff", "1.2.3", "1.2.2", "CITATION.cff is of version 1.2.2, expected 1.2.3"),
        ("CITATION.cff", "-31", "-30", "CITATION.cff is of 2026-01-30, CHANGELOG.md of '2026"),
    ],
)
def test_a_file_of_another_release_is_named(release, tree, file, old, new, message):
    path = tree / file
    path.write_text(path.read_text().replace(old, new, 1))
    assert any(line.startswith(message) for line in release.problems(tree, tree, "v1.2.3"))


def test_what_would_be_published_is_looked_into(release, tree):
    (tree / "netrep_go-1.2.3-cp312-cp312-manylinux_2_34_x86_64.whl").unlink()
    write_wheel(tree / "netrep_go-1.2.3-cp313-cp313-linux_x86_64.whl", version="1.2.0")
    found = list(release.problems(tree, tree, ""))
    assert [re.sub(r"^/\S+", "FOLDER", line) for line in found] == [
        "the commit has the tag of no release, expected v1.2.3",
        "FOLDER has no wheel for cp312",
        "netrep_go-1.2.3-cp313-cp313-linux_x86_64.whl has the tag of the machine that built it: "
        "repair it with auditwheel",
        "netrep_go-1.2.3-cp313-cp313-linux_x86_64.whl is of version 1.2.0, expected 1.2.3",
    ]


def test_the_citation_is_of_this_version(release):
    found = "\n".join(release.problems(ROOT, ROOT / "dist", "v0"))
    assert "CITATION.cff is of version" not in found
    assert "CHANGELOG.md begins with" not in found
