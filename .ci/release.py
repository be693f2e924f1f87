"""Proves that tag, version, change log, citation, wheels and sdist are of one release.

    python .ci/release.py [FOLDER]

FOLDER, dist by default, holds what would be published. Each thing that disagrees is a line, and the
status is 1 if there is one.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("cp311", "cp312", "cp313")


def problems(root: Path, folder: Path, tag: str) -> Iterator[str]:
    """Yield what disagrees with the version in pyproject.toml."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{version}":
        yield f"the commit has the tag {tag or 'of no release'}, expected v{version}"
    heading = re.search(r"^## (\S+) \((.*)\)$", (root / "CHANGELOG.md").read_text(), re.MULTILINE)
    if heading is None or heading[1] != version:
        yield f"CHANGELOG.md begins with {heading and heading[1]}, expected {version}"
    date = heading[2] if heading else ""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        yield f"CHANGELOG.md calls {version} {date!r}, expected the date of its release"
    citation = dict(re.findall(r"^([\w-]+): (\S+)$", (root / "CITATION.cff").read_text(), re.M))
    if citation.get("version") != version:
        yield f"CITATION.cff is of version {citation.get('version')}, expected {version}"
    if citation.get("date-released") != date:
        yield f"CITATION.cff is of {citation.get('date-released')}, CHANGELOG.md of {date!r}"
    yield from _distributions(folder, version)


def _distributions(folder: Path, version: str) -> Iterator[str]:
    sdists, wheels = sorted(folder.glob("*.tar.gz")), sorted(folder.glob("*.whl"))
    if [path.name for path in sdists] != [f"netrep_go-{version}.tar.gz"]:
        yield f"{folder} has the sdists {[path.name for path in sdists]}, expected one of {version}"
    tags = {path.name.split("-")[2] for path in wheels}
    if missing := [python for python in PYTHONS if python not in tags]:
        yield f"{folder} has no wheel for {', '.join(missing)}"
    for path in wheels:
        if "-linux_" in path.name:
            yield f"{path.name} has the tag of the machine that built it: repair it with auditwheel"
    for path in (*sdists, *wheels):
        found = Parser().parsestr(_metadata(path))["Version"]
        if found != version:
            yield f"{path.name} is of version {found}, expected {version}"


def _metadata(path: Path) -> str:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
            return archive.read(name).decode()
    with tarfile.open(path) as archive:
        name = next(
            name for name in archive.getnames() if name.count("/") == 1 and "PKG-INFO" in name
        )
        file = archive.extractfile(name)
        return file.read().decode() if file else ""


def main(folder: Path) -> int:
    """Print what disagrees and return the status."""
    command = ["git", "describe", "--tags", "--exact-match"]
    tag = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    found = list(problems(ROOT, folder, tag))
    print("\n".join(found) or "tag, version, change log, citation, wheels and sdist agree")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
