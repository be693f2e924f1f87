"""A report as one page that needs nothing else: no network, no files beside it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

from netrep_go._jobs import ignoring
from netrep_go._optional import optional
from netrep_go.plotting import LayerReportDisplay
from netrep_go.plotting._layout import text_of
from netrep_go.plotting._report import panels_of
from netrep_go.report._quantities import SECTIONS, Rows, quantity

if TYPE_CHECKING:
    from netrep_go.report._result import LayerReport

_MOST_ROWS = 2000  # of a table
_LETTERS = 20  # of a name in a line of a table
_SHRUNK = 0.8  # how small a figure may be drawn on a narrow screen, which it is moved across then
_KINDS: tuple[Rows, ...] = ("layers", "pairs", "rdms", "targets")

_STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --text: #1c1e21; --dim: #5c6370;
  --line: #d5d9e0; --band: #f4f6f9; --link: #1f5fa8; }
@media (prefers-color-scheme: dark) { :root { --page: #15181c; --text: #e3e6ea; --dim: #9aa3af;
  --line: #3a414b; --band: #1e2329; --link: #7db4f0; } }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 68rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
a { color: var(--link); }
nav a { display: inline-block; margin-right: 1rem; }
figure { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem -.6rem; padding: 0 .6rem;
  overflow-x: auto; }
svg { max-width: 100%; height: auto; overflow: visible; color: var(--text); }
.why { border-left: 4px solid var(--line); padding-left: 1rem; color: var(--dim); }
.wide { overflow: auto; max-height: 32rem; border: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; }
th { position: sticky; top: 0; background: var(--band); vertical-align: bottom;
  white-space: normal; }
tbody tr:nth-child(even) { background: var(--band); }
.name { text-align: left; }
td.name { white-space: normal; overflow-wrap: anywhere; }
th button { all: unset; cursor: pointer; font-weight: 600; }
th button:focus-visible { outline: 2px solid var(--link); }
th[aria-sort=ascending] button::after { content: " \\25B2"; }
th[aria-sort=descending] button::after { content: " \\25BC"; }
dt { font-weight: 600; }
dd, li { overflow-wrap: anywhere; }
"""

# Numbers are sorted by all their digits; what is undefined stays below.
_SCRIPT = """
for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => {
    const th = button.parentElement, table = th.closest("table"), body = table.tBodies[0];
    const column = th.cellIndex, down = th.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    th.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = row => row.cells[column].dataset.value;
    const compare = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = th.className === "name" ? x.localeCompare(y, "en", {numeric: true}) : x - y;
      return down ? -order : order;
    };
    body.append(...[...body.rows].sort(compare));
  });
}
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def page(report: LayerReport) -> str:
    """Return the text of the page."""
    n = len(report.names)
    title = escape(f"Report on {n} layer{'s' * (n != 1)} and {report.n_samples} samples")
    sections = [key for key in SECTIONS if key in {*report.reasons, *_computed(report)}]
    links = "".join(f'<a href="#{key}">{escape(SECTIONS[key].title)}</a>' for key in sections)
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>",
            f'<nav><a href="#layers">Layers</a>{links}<a href="#methods">Methods</a></nav>',
            '<h2 id="layers">Layers</h2>',
            *_tables(report, "layers"),
            *(line for section in sections for line in _section(report, section)),
            *methods(report),
            f"<script>{_SCRIPT}</script>\n</body>\n</html>\n",
        )
    )


def _section(report: LayerReport, name: str) -> Iterator[str]:
    """Yield a section: what it is, why what is not there is not, figures, and tables."""
    section = SECTIONS[name]
    yield f'<h2 id="{name}">{escape(section.title)}</h2>\n<p>{escape(section.text)}</p>'
    for layer, reason in report.reasons.get(name, {}).items():
        of = "" if layer is None else f" of {_name(layer)}"
        yield f'<p class="why">Not computed{of}: {_name(reason)}.</p>'
    if name in _computed(report):
        drawn = (_figure(report, panel) for panel in panels_of(report, [name]))
        yield f"<figure>{''.join(drawn)}</figure>"
        yield from _ceiling(report, name)
        for rows in _KINDS[1:]:
            yield from _tables(report, rows, name)


def _ceiling(report: LayerReport, section: str) -> Iterator[str]:
    """Yield the bounds that the band in the figure of RDMs is between."""
    if section == "rsa" and "noise_ceiling" in report.values:
        low, high = report.values["noise_ceiling"]
        yield f"<p>The gray band is the noise ceiling of the mean, {low:.4g} to {high:.4g}.</p>"


def _computed(report: LayerReport) -> list[str]:
    """Return the sections that have numbers."""
    found = {known.section for name in report.values if (known := quantity(name)) is not None}
    return [section for section in SECTIONS if section in found]


def _figure(report: LayerReport, panel: str) -> str:
    """Return a panel as an SVG whose black is the color of the text."""
    pyplot: Any = optional("matplotlib.pyplot", "plot", "to_html")
    style = {"svg.fonttype": "none", "svg.hashsalt": panel}
    file = io.StringIO()
    with ignoring("Glyph"), pyplot.style.context(["default", style]):  # a thread at a time
        figure = LayerReportDisplay(report)._plot([panel]).figure_
        try:
            metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            figure.savefig(file, format="svg", transparent=True, metadata=metadata)
        finally:
            pyplot.close(figure)
    svg = re.sub(r"<!--.*?-->", "", file.getvalue(), flags=re.DOTALL)
    svg = svg[svg.index("<svg") :]
    used = set(re.findall(r'(?:url\(|href=")#([\w-]+)', svg))
    svg = re.sub(r"<[^>]*>", lambda tag: _plain_tag(tag[0], used), svg)
    least = _SHRUNK * 72 * figure.get_figwidth()
    shown = f'role="img" aria-label="{_title(panel)}" style="min-width: {least:.0f}pt"'
    return svg.replace("<svg", f"<svg {shown}", 1)


def _plain_tag(tag: str, used: set[str]) -> str:
    """Return a tag of an SVG without an id that nothing uses, and in the color of the text."""
    tag = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", tag)
    tag = re.sub(r"(fill|stroke): #000000", r"\1: currentColor", tag)
    return re.sub("^<text ", '<text fill="currentColor" ', tag)


def _tables(report: LayerReport, rows: Rows, section: str | None = None) -> Iterator[str]:
    """Yield a table of the quantities of a section, or of all, that are of one kind."""
    frame = report.to_frame(rows)
    known = {c: found.section for c in frame if (found := quantity(c)) is not None}
    frame = frame.drop(columns=[c for c, own in known.items() if section not in (None, own)])
    if frame.empty or (section is not None and section not in known.values()):
        return
    if len(frame) > _MOST_ROWS:
        yield f"<p>The first {_MOST_ROWS} of {len(frame)} rows; to_frame({rows!r}) has all.</p>"
    head = "".join(_head(frame[column]) for column in frame)
    cells = [_cell_of(frame[column]) for column in frame]
    body = "\n".join(
        f"<tr>{''.join(cell(value) for cell, value in zip(cells, row, strict=True))}</tr>"
        for row in frame.head(_MOST_ROWS).itertuples(index=False, name=None)
    )
    yield f'<div class="wide" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>'
    yield f"<tbody>\n{body}\n</tbody></table></div>"


def _head(column: Any) -> str:
    """Return the head of a column; one of names has room for some letters and breaks others."""
    named = ""
    if _has_names(column):
        longest = max(len(text_of(name)) for name in column)
        named = f' class="name" style="min-width: {min(longest, _LETTERS)}ch"'
    return f'<th scope="col"{named}><button>{_title(column.name)}</button></th>'


def _title(column: str) -> str:
    known = quantity(column)
    return _name(known.title if known else column.replace("_", " "))


def _has_names(column: Any) -> bool:
    """Whether a column is sorted by letters, not by size."""
    return column.dtype.kind not in "fiu"


def _cell_of(column: Any) -> Callable[[Any], str]:
    """Return what writes the cells of a column; names that are numbers keep all digits."""
    if _has_names(column):
        return _named_cell
    return partial(_number_cell, digits="" if quantity(column.name) is None else ".4g")


def _named_cell(name: Any) -> str:
    return f'<td class="name" data-value="{_name(name)}">{_name(name)}</td>'


def _number_cell(value: float, digits: str) -> str:
    value_of = {"nan": "", "inf": "Infinity", "-inf": "-Infinity"}
    all_digits = value_of.get(f"{value}", repr(value))
    return f'<td data-value="{all_digits}">{format(value, digits) if all_digits else "–"}</td>'


def _name(name: Any) -> str:
    """Return a name as HTML; what would leave no trace as in Python."""
    text = text_of(name)
    return escape(text if text.strip() else repr(text))


def methods(report: LayerReport) -> Iterator[str]:
    """Yield what a reader needs to compute the same."""
    told, versions = report.settings, report.versions
    done = _computed(report)
    yield '<h2 id="methods">Methods</h2>'
    yield f"<p>{_name(' '.join(_sentences(report, done)))}</p>"
    yield "<h3>Parameters</h3>" + _list(told.items())
    yield "<h3>Versions</h3>" + _list(versions.items())
    references = dict.fromkeys(r for section in done for r in SECTIONS[section].references)
    yield f"<h3>References</h3><ul>{''.join(f'<li>{escape(r)}</li>' for r in references)}</ul>"


def _list(pairs: Iterable[tuple[str, Any]]) -> str:
    return f"<dl>{''.join(f'<dt>{_name(k)}</dt><dd>{_name(v)}</dd>' for k, v in pairs)}</dl>"


def _sentences(report: LayerReport, done: list[str]) -> Iterator[str]:
    """Yield the methods of the sections that were computed."""
    told = report.settings
    sentences = {
        "distances": "Distances between layers are angular Procrustes distances of centered "
        "activations.",
        "similarity": "Similarities are linear CKA (biased), calibrated by "
        f"{told['n_permutations']} permutations of the samples at level {told['alpha']:g}; one "
        "permutation served all pairs, and family-wise p-values are of the largest of all pairs.",
        "measures": f"Other measures of layers: {told.get('measures')}.",
        "capacity": f"Capacities and geometry of manifolds were estimated by {told['capacity']}.",
        "rsa": f"Dissimilarities of samples ({told['metric']}) of each layer were compared with "
        f"{len(report.rdm_names)} RDM(s) ({told['method']}); standard errors are over these.",
        "encoding": f"{len(report.target_names)} target(s) were predicted by {told['encoding']}; "
        "scores are of samples that were held out.",
    }
    versions = report.versions
    yield f"{len(report.names)} layer(s) with responses to {report.n_samples} samples were analyzed"
    yield f"with netrep_go {versions['netrep_go']} (Python {versions['Python']}, NumPy"
    yield f"{versions['numpy']}, SciPy {versions['scipy']}, scikit-learn {versions['sklearn']};"
    yield f"seed {told['seed']})."
    yield from (sentences[section] for section in done)
