"""Proves that tag, version, change log, citation, wheels and sdist are of one release.

    python .ci/release.py [FOLDER]

FOLDER, dist by default, holds what would be published. Each thing that disagrees is a line, and the
status is 1 if there is one.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = "manylinux_*_x86_64"  # of which there must be a wheel for every Python
MADE = ("PKG-INFO", "setup.cfg", "*.egg-info/*", "_capi.*.so")  # by the build, not in the tree


class Commit(NamedTuple):
    """What git says: tags of versions, files, and which of these are not as committed."""

    tags: list[str]
    files: list[str]
    changed: list[str]


class Release(NamedTuple):
    """What pyproject.toml says."""

    version: str
    pythons: list[str]


def problems(root: Path, folder: Path, commit: Commit) -> Iterator[str]:
    """Yield what disagrees with pyproject.toml and with the tree."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    supported = re.findall(r"Python :: 3\.(\d+)", "\n".join(project["classifiers"]))
    release = Release(project["version"], [f"cp3{minor}" for minor in supported])
    if commit.tags != [f"v{release.version}"]:
        shown = ", ".join(commit.tags) or "of no release"
        yield f"the commit has the tag {shown}, expected v{release.version}"
    for name in commit.changed:
        yield f"{name} is not as it was committed"
    yield from _texts(root, release.version)
    yield from _distributions(folder, release)
    for path in (*folder.glob("*.tar.gz"), *folder.glob("*.whl")):
        yield from _contents(path, root, commit)


def _texts(root: Path, version: str) -> Iterator[str]:
    """Yield what disagrees in the change log and in the citation."""
    heading = re.search(r"^## +(\S+) *(?:\((.*)\))?", (root / "CHANGELOG.md").read_text(), re.M)
    first, date = heading.groups(default="") if heading else ("", "")
    if first != version:
        yield f"CHANGELOG.md begins with {first or 'nothing'}, expected {version}"
    if not _is_date(date):
        yield f"CHANGELOG.md calls {version} {date!r}, expected the date of its release"
    citation = dict(re.findall(r"^([\w-]+): (\S+)$", (root / "CITATION.cff").read_text(), re.M))
    if citation.get("version") != version:
        yield f"CITATION.cff is of version {citation.get('version')}, expected {version}"
    if citation.get("date-released") != date:
        yield f"CITATION.cff is of {citation.get('date-released')}, CHANGELOG.md of {date!r}"


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _distributions(folder: Path, release: Release) -> Iterator[str]:
    """Yield what is missing, is not to be published, or has the wrong name."""
    sdist = f"netrep_go-{release.version}.tar.gz"
    wheels = {path.name for path in folder.glob("*.whl")}
    if not (folder / sdist).exists():
        yield f"{folder} has no {sdist}"
    for python in release.pythons:
        wanted = f"netrep_go-{release.version}-{python}-{python}-{PLATFORM}.whl"
        if not any(fnmatch(name, wanted) for name in wheels):
            yield f"{folder} has no {wanted}"
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        if path.name != sdist and not path.name.startswith(f"netrep_go-{release.version}-"):
            yield f"{path.name} is not of {release.version}: it would be published, too"
        if "-linux_" in path.name:
            yield f"{path.name} has the tag of the machine that built it: repair it with auditwheel"
        if path.suffix in (".gz", ".whl"):
            yield from _metadata(path, release.version)


def _metadata(path: Path, version: str) -> Iterator[str]:
    """Yield where the metadata of a distribution do not fit its name."""
    files = _read(path)
    wheel = path.suffix == ".whl"
    name = next((n for n in files if n.endswith("/METADATA") or n == "PKG-INFO"), "")
    found = Parser().parsestr(files.get(name, b"").decode())["Version"]
    if found != version:
        yield f"{path.name} is of version {found}, expected {version}"
    for name, text in files.items() if wheel else ():
        if name.endswith(".dist-info/WHEEL"):
            tags = Parser().parsestr(text.decode()).get_all("Tag", [])
            if tags != [path.stem.split("-", 2)[2]]:
                yield f"{path.name} says of itself that its tag is {', '.join(tags)}"


def _contents(path: Path, root: Path, commit: Commit) -> Iterator[str]:
    """Yield files that are in a distribution and not in the tree, or not as there, or missing."""
    wheel = path.suffix == ".whl"
    package = [name.removeprefix("python/") for name in commit.files if name.startswith("python/")]
    tracked, above = (package, root / "python") if wheel else (commit.files, root)
    files = _read(path)
    needed = tracked if wheel else [name for name in tracked if re.match("core/|capi/|go|py", name)]
    for name in sorted(set(needed) - set(files)):
        yield f"{path.name} has no {name}"
    for name, data in files.items():
        if ".dist-info/" in name or any(fnmatch(name, f"*{pattern}") for pattern in MADE):
            continue
        if name not in tracked:
            yield f"{path.name} has {name}, which is not in the tree"
        elif data != (above / name).read_bytes():
            yield f"{path.name} has another {name} than the tree"


def _read(path: Path) -> dict[str, bytes]:
    """Return the files of a distribution; of an sdist without the folder around them."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            names = (name for name in archive.namelist() if not name.endswith("/"))
            return {name: archive.read(name) for name in names}
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        around = path.name.removesuffix(".tar.gz") + "/"
        return {m.name.removeprefix(around): archive.extractfile(m).read() for m in members}


def _git(*command: str) -> list[str]:
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def main(folder: Path) -> int:
    """Print what disagrees and return the status."""
    commit = Commit(
        tags=_git("tag", "--points-at", "HEAD", "v[0-9]*"),
        files=_git("ls-files"),
        changed=[line[3:] for line in _git("status", "--porcelain")],
    )
    found = list(problems(ROOT, folder, commit))
    print("\n".join(found) or "tag, version, change log, citation, wheels and sdist agree")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
