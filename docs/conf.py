"""Settings of Sphinx. The pages of the API come from docstrings."""

from __future__ import annotations

import re
from typing import Any

import netrep_go

project = "netrep_go"
version = release = netrep_go.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.mathjax", "numpydoc"]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"index": [], "measures": [], "c": []}
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


def setup(app: Any) -> None:
    """Connect what makes pages."""
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # before numpydoc
    app.connect("autodoc-skip-member", skip_member)
