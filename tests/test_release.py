"""What `make release-check` finds in a tree and in what would be published of it."""

import importlib.util
import io
import re
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WHEEL = "netrep_go-1.2.3-cp312-cp312-manylinux_2_34_x86_64.whl"
SDIST = "netrep_go-1.2.3.tar.gz"
SOURCES = {
    "pyproject.toml": '[project]\nversion = "1.2.3"\nclassifiers = [\n'
    '    "Programming Language :: Python :: 3 :: Only",\n'
    '    "Programming Language :: Python :: 3.11",\n'
    '    "Programming Language :: Python :: 3.12",\n]\n',
    "CHANGELOG.md": "# Changes\n\n## 1.2.3 (2026-01-31)\n\n## 1.2.2 (x)\n",
    "CITATION.cff": "version: 1.2.3\ndate-released: 2026-01-31\n",
    "core/doc.go": "package core\n",
    "python/netrep_go/__init__.py": "answer = 42\n",
    "python/netrep_go/py.typed": "",
}


@pytest.fixture(scope="module")
def release():
    """Return the module of the check, which is in no package."""
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """Return a tree of release 1.2.3 with what would be published of it in dist."""
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "dist").mkdir()
    for python in ("cp311", "cp312"):
        write_wheel(tmp_path / "dist" / WHEEL.replace("cp312", python))
    write_sdist(tmp_path / "dist" / SDIST)
    return tmp_path


def write_wheel(path, version="1.2.3", tag=None, **changed):
    """Write a wheel of the sources, with other texts or without some (None)."""
    about = f"netrep_go-{version}.dist-info"
    package = {k.removeprefix("python/"): v for k, v in SOURCES.items() if k.startswith("python/")}
    files = package | {
        "netrep_go/_capi.cpython-312-x86_64-linux-gnu.so": "ELF",
        f"{about}/METADATA": f"Metadata-Version: 2.4\nVersion: {version}\n",
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag or path.stem.split('-', 2)[2]}\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (files | changed.get("files", {})).items():
            if text is not None:
                archive.writestr(name, text)


def write_sdist(path, version="1.2.3", around="netrep_go-1.2.3", **changed):
    """Write an sdist of the sources, with other texts or without some (None)."""
    files = SOURCES | {"PKG-INFO": f"Version: {version}\n", "setup.cfg": "[egg_info]\n"}
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (files | changed.get("files", {})).items():
            if text is not None:
                member = tarfile.TarInfo(f"{around}/{name}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))


def find(release, tree, tags=("v1.2.3",), changed=()):
    commit = release.Commit(list(tags), list(SOURCES), list(changed))
    return list(release.problems(tree, tree / "dist", commit))


def test_a_release_agrees(release, tree):
    assert find(release, tree) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("pyproject.toml", "1.2.3", "1.2.4", "the commit has the tag v1.2.3, expected v1.2.4"),
        ("CHANGELOG.md", "1.2.3", "1.2.1", "CHANGELOG.md begins with 1.2.1, expected 1.2.3"),
        ("CHANGELOG.md", "2026-01-31", "unreleased", "CHANGELOG.md calls 1.2.3 'unreleased'"),
        ("CHANGELOG.md", "2026-01-31", "2026-01-32", "CHANGELOG.md calls 1.2.3 '2026-01-32'"),
        ("CHANGELOG.md", "## 1.2.3", "## Next\n\n## 1.2.3", "CHANGELOG.md begins with Next"),
        ("CHANGELOG.md", "## ", "", "CHANGELOG.md begins with 1.2.2, expected 1.2.3"),
        ("CITATION.cff", "1.2.3", "1.2.2", "CITATION.cff is of version 1.2.2, expected 1.2.3"),
        ("CITATION.cff", "-31", "-30", "CITATION.cff is of 2026-01-30, CHANGELOG.md of '2026"),
        ("pyproject.toml", "3.11", "3.13", "dist has no netrep_go-1.2.3-cp313-cp313-manylinux_*"),
        ("core/doc.go", "core", "gore", f"{SDIST} has another core/doc.go than the tree"),
        ("python/netrep_go/__init__.py", "42", "43", f"{WHEEL} has another netrep_go/__init__.py"),
    ],
)
def test_a_file_of_another_release_is_named(release, tree, file, old, new, message):
    path = tree / file
    path.write_text(path.read_text().replace(old, new, 1))
    found = [line.replace(str(tree / "dist"), "dist") for line in find(release, tree)]
    assert any(line.startswith(message) for line in found), found


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        (WHEEL, lambda path: path.unlink(), "dist has no netrep_go-1.2.3-cp312-cp312-manylinux"),
        (SDIST, lambda path: path.unlink(), f"dist has no {SDIST}"),
        (WHEEL, lambda path: write_wheel(path, "1.2.0"), f"{WHEEL} is of version 1.2.0, expected"),
        (SDIST, lambda path: write_sdist(path, "1.2.0"), f"{SDIST} is of version 1.2.0, expected"),
        (
            WHEEL,
            lambda path: write_wheel(path, tag="cp313-cp313-manylinux_2_34_x86_64"),
            f"{WHEEL} says of itself that its tag is cp313-cp313-manylinux_2_34_x86_64",
        ),
        (
            WHEEL,  # another platform's
            lambda path: path.rename(path.with_name(path.name.replace("manylinux", "macosx"))),
            "dist has no netrep_go-1.2.3-cp312-cp312-manylinux_*_x86_64.whl",
        ),
        (
            "netrep_go-1.2.3-cp312-cp312-linux_x86_64.whl",
            write_wheel,
            "netrep_go-1.2.3-cp312-cp312-linux_x86_64.whl has the tag of the machine that built",
        ),
        (
            WHEEL.replace("1.2.3", "1.2.2"),
            write_wheel,
            f"{WHEEL.replace('1.2.3', '1.2.2')} is not of 1.2.3: it would be published, too",
        ),
        ("notes.txt", lambda path: path.write_text(""), "notes.txt is not of 1.2.3"),
        (
            WHEEL,
            lambda path: write_wheel(path, files={"netrep_go/py.typed": None}),
            f"{WHEEL} has no netrep_go/py.typed",
        ),
        (
            WHEEL,
            lambda path: write_wheel(path, files={"tests/test_x.py": ""}),
            f"{WHEEL} has tests/test_x.py, which is not in the tree",
        ),
        (
            SDIST,
            lambda path: write_sdist(path, files={"core/doc.go": None}),
            f"{SDIST} has no core/doc.go",
        ),
        (
            SDIST,
            lambda path: write_sdist(path, files={"docs/_build/index.html": "x"}),
            f"{SDIST} has docs/_build/index.html, which is not in the tree",
        ),
        (SDIST, lambda path: write_sdist(path, around="netrep_go-1.2.2"), f"{SDIST} is of version"),
    ],
)
def test_what_would_be_published_is_looked_into(release, tree, name, write, message):
    write(tree / "dist" / name)
    found = [line.replace(str(tree / "dist"), "dist") for line in find(release, tree)]
    assert any(line.startswith(message) for line in found), found


def test_what_git_says_is_taken_into_account(release, tree):
    expected = "expected v1.2.3"
    assert find(release, tree, tags=()) == [f"the commit has the tag of no release, {expected}"]
    tags = ("v1.2.2", "v1.2.3")
    assert find(release, tree, tags) == [f"the commit has the tag v1.2.2, v1.2.3, {expected}"]
    assert find(release, tree, changed=["go.mod"]) == ["go.mod is not as it was committed"]


def test_an_empty_folder_is_no_release(release, tree):
    shutil.rmtree(tree / "dist")
    assert len(find(release, tree)) == 3  # an sdist and two wheels


def test_the_citation_is_of_this_version(release):
    found = "\n".join(release.problems(ROOT, ROOT / "dist", release.Commit([], [], [])))
    assert "CITATION.cff is of version" not in found
    assert "CHANGELOG.md begins with" not in found


def test_the_citation_has_what_its_format_asks_for():
    text = (ROOT / "CITATION.cff").read_text()
    keys = set(re.findall(r"^([\w-]+):", text, re.MULTILINE))
    assert {"cff-version", "message", "title", "authors", "version", "license"} <= keys
    assert re.search(r"^authors:\n  - name: \S", text, re.MULTILINE)
    assert (
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"]
        == (re.search(r"^license: (.*)$", text, re.MULTILINE)[1])
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="asks git")
def test_the_command_reads_tags_and_changes(release, tree, monkeypatch, capsys):
    monkeypatch.setattr(release, "ROOT", tree)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c")
    (tree / ".gitignore").write_text("/dist/\n")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "x"), ("tag", "v1.2.3")):
        subprocess.run([*git, *command], cwd=tree, check=True)
    assert release.main(tree / "dist") == 0
    assert capsys.readouterr().out.startswith("tag, version, change log, citation, wheels and")
    (tree / "core" / "doc.go").write_text("package other\n")
    assert release.main(tree / "dist") == 1
    assert "core/doc.go is not as it was committed" in capsys.readouterr().out
