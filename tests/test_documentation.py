import importlib
import pkgutil
import re
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import fuzz_examples
import pandas as pd
import pytest

import netrep_go
from netrep_go import _native
from netrep_go._cli._commands import COMMANDS
from netrep_go.metrics import measures

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


# Pages that say what is in the tree, and what they say it with. Names such as x.go stand for any.
TEXTS = [*sorted(ROOT.glob("*.md")), *PAGES, *sorted(ROOT.glob("docs/*.md")), ROOT / "core/doc.go"]
FOLDERS = r"(?:\.ci|benchmarks|capi|core|docs|examples|python|tests)"
BUILT = ("docs/_build",)


def missing_paths(text):
    """Return paths in a text that are not in the tree, and names of files that none there has."""
    paths = re.findall(rf"(?<![\w/.<*])({FOLDERS}/[\w/.*-]*[\w*])", text)
    names = re.findall(r"(?<![\w/.*<-])([\w-]+\.(?:py|ipynb|rst|go|md|cff|toml))\b", text)
    there = {path.name for folder in FOLDERS[3:-1].replace("\\", "").split("|")
             for path in (ROOT / folder).rglob("*")}  # fmt: skip
    there |= {path.name for path in ROOT.iterdir()}
    lost = [path for path in paths if not any(ROOT.glob(path)) and path not in BUILT]
    lost += [name for name in names if name not in there]
    return [path for path in lost if not re.search(r"\b_?x(_test)?\.\w+$|/test_$|test_x\.py", path)]


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page):
    text = page.read_text()
    assert missing_paths(text) == []
    rules = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([\w-]+)", text)) <= rules
    for name in re.findall(r"`(netrep_go(?:\.\w+)+)", text):
        resolve(name)


def test_a_path_to_nothing_is_found():
    text = "`core/nothing.go`, core/doc.go, docs/no.rst, tests/test_documentation.py, `no_file.py`"
    assert missing_paths(text) == ["core/nothing.go", "docs/no.rst", "no_file.py"]


@pytest.mark.parametrize("file", ["docs/architecture.rst", "core/doc.go"])
def test_packages_of_go_are_those_of_the_tree(file):
    text = (ROOT / file).read_text()
    listed = set(re.findall(r"^(?:   |//\t)(\w+)   +\w", text, re.MULTILINE))
    folders = {path.name for path in (ROOT / "core").iterdir() if path.is_dir()} - {"testdata"}
    assert listed == folders | {"core"}
    inside = set(re.findall(r"^(?:   |//\t)(?:internal)? {3,}(\w+): ", text, re.MULTILINE))
    assert inside == {path.name for path in (ROOT / "core" / "internal").iterdir()}
    imports = "".join(re.findall(r"internal <- [^\n]*(?:\n// [^\n]*)?", text))
    assert listed <= set(re.findall(r"\w+", imports))
    assert "encoding" not in imports


def test_modules_of_python_are_in_the_architecture():
    text = (ROOT / "docs" / "architecture.rst").read_text().replace("the command\nline", "")
    upstream = {"conv_layers", "kmeans", "mftma", "rbf_sampler", "utils", "validation"}
    assert set(netrep_go._MODULES) - upstream <= set(re.findall(r"\w+", text.lower()))


def test_constants_in_decisions_are_those_of_the_code():
    text = (ROOT / "docs" / "decisions.rst").read_text()
    go = "".join(path.read_text() for path in ROOT.glob("core/*/*.go"))
    assert f"from {re.search(r'LeastRooted = (.*)', go)[1]} columns on" in text
    assert f"Angles below {float(re.search(r'const nearEnd = (.*)', go)[1])} are" in text
    assert f"below {re.search(r'opts.Tol = (.*)', go)[1]}, and" in text


def test_routines_are_as_many_as_the_reliability_page_counts():
    counted = re.findall(r"(\d+) routines", (ROOT / "docs" / "reliability.md").read_text())
    assert set(counted) == {str(len(_native.routines()))}


def test_every_command_is_in_the_reference():
    text = (ROOT / "docs" / "api.rst").read_text()
    table = text[text.index("``netrep-go COMMAND --help``") : text.index("Results go to")]
    column = "".join(line.partition("   ")[0] for line in table.splitlines()[2:])
    listed, group = set(), ()
    for literal in re.findall(r"``([^`]+)``", column):
        words = tuple(literal.removeprefix("netrep-go ").split())
        group = words[:-1] if " " in literal else group
        listed.add(" ".join((*group, words[-1])))
    there = {
        " ".join((name, *inner))
        for name, command in COMMANDS.items()
        for inner in ([(leaf,) for leaf in command] if isinstance(command, dict) else [()])
    }
    assert listed == there


@pytest.fixture(scope="module")
def settings():
    """Return the settings of Sphinx, which need none of it."""
    return runpy.run_path(str(ROOT / "docs" / "conf.py"))


def test_pages_load_nothing_from_the_network(settings):
    assert "sphinx.ext.intersphinx" not in settings["extensions"]
    assert settings["html_math_renderer"] == "mathml"
    ours = [
        path for folder in ("_static", "_templates") for path in ROOT.glob(f"docs/{folder}/**/*.*")
    ]
    assert ours
    assert not [path for path in ours if "://" in path.read_text()]


def test_tables_of_measures_have_all_that_is_true_of_each(settings, tmp_path):
    settings["write_measures"](SimpleNamespace(srcdir=tmp_path))
    table = pd.read_csv(tmp_path / "generated" / "measures.csv", keep_default_na=False)
    names = table["measure"].str.extract("`(\\w+) <")[0]
    assert sorted(names) == sorted(measures().to_frame().index)
    said = table.drop(columns="elsewhere")
    said.loc[names == "jsd", "invariances"] = "none"  # of outputs as they are
    assert (said != "").to_numpy().all()
    assert table["range"].str.fullmatch(r"\S+ to \S+").all()
    questions = (tmp_path / "generated" / "invariances.csv").read_text()
    assert sorted(re.findall("``(\\w+)``", questions)) == sorted(names)
    prose = (ROOT / "docs" / "measures.rst").read_text()
    assert set(re.findall(r'``"(\w+)"``', prose)) <= set(names)


def test_every_public_name_is_on_the_page_of_shapes(settings, tmp_path):
    pytest.importorskip("numpydoc", reason="comes with the documentation, of which it is the check")
    shutil.copy(ROOT / "docs" / "api.rst", tmp_path)
    settings["write_shapes"](SimpleNamespace(srcdir=tmp_path))
    text = (tmp_path / "generated" / "shapes.txt").read_text()
    sections = dict(
        re.findall(r"currentmodule:: (\S+)\n(.*?)(?=currentmodule|\Z)", text, re.DOTALL)
    )
    for module, section in sections.items():
        listed = set(re.findall(r":(?:func|class):`(\w+)`", section))
        public = set(resolve(module).__all__)
        assert listed == public or len(listed) == 1, module
    assert len(sections) >= 15
    assert "Of numbers, files, models or results, not arrays: :class:`MeasureTable`" in text
