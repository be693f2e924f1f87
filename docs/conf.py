"""Settings of Sphinx. Reference and shapes come from docstrings, measures from properties."""

from __future__ import annotations

import csv
import inspect
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import netrep_go
from netrep_go.metrics import measures

project = "netrep_go"
version = release = netrep_go.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "myst_parser",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

# Pages with tables of many columns, to which the list of sections leaves its place.
WIDE = ("measures", "performance", "reliability", "conformance", "shapes")

html_theme = "pydata_sphinx_theme"
html_title = project
html_theme_options = {
    "show_prev_next": False,
    "secondary_sidebar_items": {"**": ["page-toc"]} | {page: [] for page in WIDE},
    "header_links_before_dropdown": 8,
}
# Pages without others below them need no list of these.
html_sidebars = {page: [] for page in ("index", "tour", "measures", "gallery")}
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_math_renderer = "mathml"  # which browsers draw without a script from the network
html_show_sourcelink = False
html_copy_source = False

# What is in a module's __all__ has a page, wherever it is defined.
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # docstrings have the types
numpydoc_show_class_members = False

# Methods whose arrays are listed.
METHODS = ("fit", "partial_fit", "transform", "predict", "score", "split", "pairwise_distances")


def skip_member(app: Any, what: str, name: str, *rest: Any) -> bool | None:
    """Leave out the methods for metadata routing that scikit-learn adds to estimators."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def plain_text(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Let names that end in an underscore and starred shapes be plain text, and join lines."""
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    lines[:] = [_escaped(line) for line in text.split("\n")]


def _escaped(line: str) -> str:
    if line.lstrip().startswith((">>>", "...")):
        return line
    line = re.sub(r"(?<![\w`.])(\w+)_(?=[,);]| (?!:)|$)", r"\1\\_", line)
    return re.sub(r"(?<=[( ])\*(?=\w+(\.\w+)*[,)])", r"\\*", line)


def write_measures(app: Any) -> None:
    """Write the tables of measures from their properties."""
    table = measures().to_frame().reset_index()
    folder = Path(app.srcdir, "generated")
    folder.mkdir(exist_ok=True)
    _by_invariance(table).to_csv(folder / "invariances.csv", index=False)
    where = zip(table["measure"], table.pop("module"), table.pop("class"), strict=True)
    table["measure"] = [f":class:`{name} <{module}.{cls}>`" for name, module, cls in where]
    ends = zip(table.pop("low"), table.pop("high"), strict=True)
    table.insert(2, "range", [f"{low:.4g} to {high:.4g}" for low, high in ends])
    for column in ("symmetric", "triangle", "null"):
        table[column] = table[column].map({True: "yes", False: "no"})
    table.to_csv(folder / "measures.csv", index=False)


def _by_invariance(table: Any) -> Any:
    """Return the names of measures by their data, by what they do not see and by what they are."""
    what = (
        table["kind"]
        .mask(table["triangle"], "metric")
        .map({"metric": "metrics", "distance": "other distances", "similarity": "similarities"})
    )
    names = ("``" + table["measure"] + "``").groupby([table["data"], table["invariances"], what])
    return names.agg(", ".join).unstack(fill_value="").reset_index()


def write_performance(app: Any) -> None:
    """Write the tables of benchmarks."""
    found = runpy.run_path(str(Path(app.srcdir).parent / "benchmarks" / "performance.py"))
    folder = Path(app.srcdir, "generated")
    folder.mkdir(exist_ok=True)
    for name, lines in found["tables"]().items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(lines)


def write_shapes(app: Any) -> None:
    """Write what each public name takes and returns, as its docstring says it."""
    lines: list[str] = []
    listed = re.findall(r"^   (netrep_go[\w.]+)$", Path(app.srcdir, "api.rst").read_text(), re.M)
    for name in listed:
        lines += _section(name, *_public(name))
    folder = Path(app.srcdir, "generated")
    folder.mkdir(exist_ok=True)
    (folder / "shapes.txt").write_text("\n".join(lines))


def _public(name: str) -> tuple[str, dict[str, Any]]:
    """Return the module of a name in the reference, and its public members or the one named."""
    found = resolve_name(name)
    if inspect.ismodule(found):
        return name, {member: getattr(found, member) for member in found.__all__}
    module, _, member = name.rpartition(".")
    return module, {member: found}


def _section(title: str, module: str, public: dict[str, Any]) -> list[str]:
    """Return the lines of a module or a function of its own."""
    rows: dict[str, tuple[str, list[str], list[str], list[str]]] = {}
    without = []
    for name, member in public.items():
        entries = list(_entries(name, member))
        for what, takes, returns in entries:  # of which that is the same, together
            row = rows.setdefault(f"{what}{takes}{returns}", (what, [], takes, returns))
            row[1].append(_link(name, member))
        if not entries:
            without.append(_link(name, member))
    lines = [title, "-" * len(title), "", f".. currentmodule:: {module}", ""]
    if rows:
        lines += [".. list-table::", "   :header-rows: 1", "   :widths: 24 46 30", ""]
        lines += ["   * - function", "     - takes", "     - returns"]
    for what, links, takes, returns in rows.values():
        lines += [f"   * - {what}{', '.join(links)}", *_cell(takes), *_cell(returns)]
    if without:
        lines += ["", f"Of numbers, files, models or results, not arrays: {', '.join(without)}."]
    return [*lines, ""]


def _link(name: str, public: Any) -> str:
    return f":class:`{name}`" if inspect.isclass(public) else f":func:`{name}`"


def _entries(name: str, public: Any) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield a function, or the methods and attributes of a class, if there are arrays."""
    if not inspect.isclass(public):
        takes, returns = _arrays(public)
        if takes or any(re.search("array|shape", item) for item in returns):
            yield "", takes, returns
        return
    if made_of := _arrays(public)[0]:
        yield "", made_of, []
    for method in (m for m in dir(public) if m in METHODS or m.startswith("from_")):
        takes, returns = _arrays(getattr(public, method))
        if takes:
            yield f"``{method}`` of ", takes, returns
    if held := _held(public):
        yield "attributes of ", [], held


def _arrays(function: Any) -> tuple[list[str], list[str]]:
    """Return the arrays that a function takes, and what it returns, of its docstring."""
    doc = _docstring(function)
    takes = [
        f"**{_plain(p.name)}**: {_plain(p.type or p.desc[0])}"
        for p in doc["Parameters"]
        if re.search("array|shape|tuple of|list, dict|dict of dict|like models|like rdms", p.type)
        or (not p.type and p.desc and p.desc[0].startswith(("As in", "What it was")))
    ]
    return takes, [item for p in doc["Returns"] for item in (_item(p), *_bunch(p))]


def _bunch(p: Any) -> list[str]:
    """Return the arrays in a Bunch, which its description lists."""
    found = re.findall(r"^(\w+(?:, \w+)*) : (.*array.*)$", "\n".join(p.desc), re.M)
    return [f"**{_escaped(name)}**: {_plain(kind)}" for name, kind in found if "Bunch" in p.type]


def _held(public: type) -> list[str]:
    """Return the arrays among the attributes of a class."""
    attributes = _docstring(public)["Attributes"]
    arrays = [p for p in attributes if re.search("array|shape", p.type)]
    return [_item(p) for p in arrays if p.name != "feature_names_in_"]


def _docstring(public: Any) -> Any:
    from numpydoc.docscrape import NumpyDocString

    return NumpyDocString(re.sub(r"\\\n\s*", "", inspect.getdoc(public) or ""))


def _item(p: Any) -> str:
    return f"**{_escaped(p.name)}**: {_plain(p.type)}" if p.name else _plain(p.type)


def _plain(text: str) -> str:
    text = re.sub(r",? ?(default=.*|optional)$", "", " ".join(text.replace("\\", "").split()))
    return _escaped(re.sub(r"\*(?=\w)", r"\\*", text))


def _cell(items: list[str]) -> list[str]:
    if not items:
        return ["     -"]
    return [f"     - | {items[0]}", *(f"       | {item}" for item in items[1:])]


def write_formula(self: Any, node: Any) -> None:
    """Write a formula in MathML; one that cannot be read is an error."""
    from docutils.nodes import SkipNode, math_block
    from docutils.utils.math.latex2mathml import tex2mathml

    text = re.sub(r"\\([bB]ig|textstyle)(?![a-z])", "", " ".join(node.astext().split()))
    # Indices stand beside a letter with an accent, not below it.
    text = re.sub(r"(\\(?:hat|bar|tilde)) ?(\w|\\[A-Za-z]+)", r"{\1{\2}{}}", text)
    text = text.replace(r"\dots", r"\ldots")
    self.body.append(tex2mathml(text, as_block=isinstance(node, math_block)))
    raise SkipNode


def draw_gallery(app: Any) -> None:
    """Draw the figures of the gallery, and write what includes them."""
    found = runpy.run_path(str(Path(app.srcdir).parent / "examples" / "gallery.py"))
    folder = Path(app.srcdir, "generated", "gallery")
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (_, draw) in found["FIGURES"].items():
        display = type(found["save"](name, folder, (3.4,)))
        lines += [
            f":class:`~netrep_go.plotting.{display.__name__}`",
            "-" * 80,
            "",
            draw.__doc__,
            "",
        ]
        for ground in ("light", "dark"):
            lines.append(f".. image:: generated/gallery/{name}_34_{ground}.png")
            lines += ["   :width: 408px", f"   :class: only-{ground}", ""]
        lines += [".. literalinclude:: ../examples/gallery.py", f"   :pyobject: {name}", ""]
    (folder / "figures.inc").write_text("\n".join(lines))


def simulate_study(app: Any) -> None:
    """Write the tables and figures of the simulated study."""
    example = Path(app.srcdir).parent / "examples" / "simulated_study.py"
    output = Path(app.srcdir, "generated", "study")
    command = [sys.executable, str(example), "--output", str(output)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def setup(app: Any) -> None:
    """Connect what makes pages."""
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.connect("builder-inited", write_measures)
    app.connect("builder-inited", write_performance)
    app.connect("builder-inited", write_shapes)
    app.connect("builder-inited", draw_gallery)
    app.connect("builder-inited", simulate_study)
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # before numpydoc
    app.connect("autodoc-skip-member", skip_member)
