import importlib
import pkgutil
import re
from pathlib import Path

import fuzz_examples
import pytest

import netrep_go

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


def public_modules():
    """Return the names of modules without an underscore in their path."""
    found = pkgutil.walk_packages(netrep_go.__path__, "netrep_go.")
    return [m.name for m in found if not any(part.startswith("_") for part in m.name.split("."))]


@pytest.mark.parametrize("name", public_modules())
def test_modules_show_what_they_have_and_the_reference_names_them(name):
    """`dir` and completion show `__all__` alone, and a page of the reference is made from that."""
    module = importlib.import_module(name)
    assert dir(module) == sorted(module.__all__)
    assert len(module.__all__) == len(set(module.__all__))
    assert (module.__doc__ or "").strip().partition("\n")[0].endswith(".")
    assert name in (ROOT / "docs" / "api.rst").read_text()


def test_everything_public_is_in_a_module_of_the_reference():
    listed = re.findall(r"^   (netrep_go\.[\w.]+)$", (ROOT / "docs/api.rst").read_text(), re.M)
    alone = {
        "conv_layers.ConvolutionalMetric",
        "kmeans.procrustes_kmeans",
    }  # by their upstream names
    lacking = {
        path
        for path in fuzz_examples.public()
        if f"netrep_go.{path}" not in listed
        and f"netrep_go.{path}".rpartition(".")[0] not in listed
    }
    assert lacking == alone
