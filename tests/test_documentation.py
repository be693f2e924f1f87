import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("docs/*.rst"))


def resolve(name):
    """Return what a dotted name stands for."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_references_of_a_page_are_there(page):
    """Sphinx leaves a reference to nothing as plain text, without a warning."""
    for target in re.findall(r":(?:func|class|meth|mod|attr):`([^`]+)`", page.read_text()):
        name = re.sub(r".*<|>", "", target).lstrip("~")
        if name.startswith("netrep_go"):
            resolve(name)


def test_links_of_the_readme_are_there():
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text())
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert len(links) > 10
    assert missing == []


def test_a_reference_to_nothing_is_found():
    with pytest.raises(AttributeError):
        resolve("netrep_go.rsa.nothing")
