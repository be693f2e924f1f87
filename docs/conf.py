"""Settings of Sphinx. The reference comes from docstrings, the table of measures from code."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import netrep_go
from netrep_go.metrics import measures

project = "netrep_go"
version = release = netrep_go.__version__
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "myst_parser",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {
    "index": [],
    "measures": [],
    "inference": [],
    "cohorts": [],
    "conformance": [],
    "gallery": [],
    "c": [],
}
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_show_sourcelink = False
html_copy_source = False

# What is in a module's __all__ has a page, wherever it is defined.
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # docstrings have the types
numpydoc_show_class_members = False


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
    """Write the table of measures from their properties."""
    table = measures().to_frame().reset_index()
    where = zip(table["measure"], table.pop("module"), table.pop("class"), strict=True)
    table["measure"] = [f":class:`{name} <{module}.{cls}>`" for name, module, cls in where]
    ends = zip(table.pop("low"), table.pop("high"), strict=True)
    table.insert(2, "range", [f"{low:.4g} to {high:.4g}" for low, high in ends])
    for column in ("symmetric", "triangle", "null"):
        table[column] = table[column].map({True: "yes", False: "no"})
    folder = Path(app.srcdir, "generated")
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "measures.csv", index=False)


def draw_gallery(app: Any) -> None:
    """Draw the figures of the gallery, and write what includes them."""
    found = runpy.run_path(str(Path(app.srcdir).parent / "examples" / "gallery.py"))
    folder = Path(app.srcdir, "generated", "gallery")
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (_, draw) in found["FIGURES"].items():
        found["save"](name, folder, (3.4,))
        lines += [draw.__doc__, ""]
        for ground in ("light", "dark"):
            lines.append(f".. image:: generated/gallery/{name}_34_{ground}.png")
            lines += ["   :width: 408px", f"   :class: only-{ground}", ""]
    (folder / "figures.inc").write_text("\n".join(lines))


def setup(app: Any) -> None:
    """Connect what makes pages."""
    app.connect("builder-inited", write_measures)
    app.connect("builder-inited", draw_gallery)
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # before numpydoc
    app.connect("autodoc-skip-member", skip_member)
