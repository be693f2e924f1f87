"""The page of a report in headless Chromium: drawn, light and dark, and clicked through."""

import json
import os
import re
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from test_report import FAST, ODD, UNSEEN, N

from netrep_go.metrics import LinearRegressionR2, MutualKNN
from netrep_go.report import layer_report

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DARK, LIGHT = "--blink-settings=preferredColorScheme=0", "--blink-settings=preferredColorScheme=1"

ORDER = [ODD, "a2", "a10", "dead"]  # of names: signs come before letters, 2 before 10
MEASURES = {  # one with a direction, one that is nowhere defined, and a name that is HTML
    "rsa": "rsa",
    "<b>regression</b>": LinearRegressionR2(),
    "too many": MutualKNN(n_neighbors=100),
}
PANELS = ("distance", "CKA", "rsa", "<b>", "capacity", "radius", "dimension", "RDMs", "targets")
WIDE, NARROW = 1100, 500  # pixels of a window, which Chromium makes no narrower

# Clicks every column of every table twice, and writes what there is to see as JSON.
VISITOR = """
const look = table => [...table.tBodies[0].rows].map(
  row => [...row.cells].map(cell => cell.dataset.value));
const color = (element, name) => getComputedStyle(element)[name];
const seen = [...document.querySelectorAll("table")].map(table => {
  const clicks = [];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    for (const time of [1, 2]) {
      head.querySelector("button").click();
      const marked = heads.filter(other => other.hasAttribute("aria-sort"));
      clicks.push({column, numbers: head.className !== "name", rows: look(table),
        sort: head.getAttribute("aria-sort"), marked: marked.length});
    }
  });
  return clicks;
});
// Letters of another font than Matplotlib's may end some pixels beyond a figure, and are seen.
const figures = [...document.querySelectorAll("svg")].map(svg => {
  const box = svg.getBoundingClientRect();
  const letters = [...svg.querySelectorAll("text")].map(text => text.getBoundingClientRect());
  return {width: box.width, height: box.height, of: svg.getAttribute("aria-label"),
    right: svg.closest("figure").getBoundingClientRect().right,
    outside: letters.filter(text => text.left < box.left - 9 || text.right > box.right + 9
      || text.top < box.top - 9 || text.bottom > box.bottom + 9).length,
    smallest: Math.min(...letters.map(text => Math.min(text.width, text.height))),
    text: color(svg.querySelector("text"), "fill"),
    words: [...svg.querySelectorAll("text")].every(text => text.getBBox().width > 0)};
});
const links = [...document.querySelectorAll("a")].map(link => {
  link.click();
  return document.querySelector(link.getAttribute("href")).getBoundingClientRect().top;
});
const tables = [...document.querySelectorAll("table")].map(table => ({
  section: [...document.querySelectorAll("h2")].filter(head =>
    head.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING).pop().id,
  heads: [...table.tHead.rows[0].cells].map(cell => cell.textContent),
  names: [...table.querySelectorAll("td.name")].map(cell => cell.getBoundingClientRect().width)}));
const result = document.createElement("pre");
result.id = "visit";
result.textContent = JSON.stringify({seen, figures, links, tables, scripts: document.scripts.length,
  loaded: performance.getEntriesByType("resource").length, address: location.hash,
  page: color(document.body, "backgroundColor"), text: color(document.body, "color"),
  wider: document.documentElement.scrollWidth - innerWidth});
document.body.append(result);
"""


def chromium():
    """Return the command of a browser that shows nothing and asks nobody."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"there is no browser: none of {', '.join(BROWSERS)} is in PATH")
    quiet = ("--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run")
    offline = "--host-resolver-rules=MAP * ~NOTFOUND"
    rights = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return [found, *quiet, offline, *rights, "--hide-scrollbars"]


def visit(path, *flags, width=WIDE):
    """Open a page, run the visitor on it, and return what it saw and what the console says."""
    visited = path.with_name("visited.html")
    page = path.read_text(encoding="utf-8")
    visited.write_text(page.replace("</body>", f"<script>{VISITOR}</script></body>"))
    size = f"--window-size={width},900"
    command = [*chromium(), *flags, size, "--enable-logging=stderr", "--dump-dom", visited.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told = re.search(r'<pre id="visit">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told, done.stderr
    text = told[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(text), re.findall(r"CONSOLE.*", done.stderr)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Write a report with all sections, odd names, ties and numbers that are not there."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(12), N // 12)
    widths = {ODD: 60, "a10": 20, "a2": 20}
    layers = {name: rng.standard_normal((N, p)) for name, p in widths.items()}
    targets = layers["a10"][:, :3] + rng.standard_normal((N, 3))
    rdms = rng.random((3, N * (N - 1) // 2)) + 0.1
    with pytest.warns(UserWarning, match="cannot be computed|more features than|is NaN"):
        report = layer_report(
            {**layers, "dead": np.zeros((N, 3))}, y, targets, rdms, measures=MEASURES, **FAST
        )
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.to_html(path)
    return path


def test_tables_are_sorted_by_clicks(page):
    found, console = visit(page, LIGHT)
    assert not console
    assert found["loaded"] == 0
    assert found["scripts"] == 2  # the page's own and the visitor
    assert len(found["seen"]) == 6
    for click in (click for table in found["seen"] for click in table):
        assert click["marked"] == 1
        values = [row[click["column"]] for row in click["rows"]]
        known = [value for value in values if value != ""]
        assert values == known + [""] * (len(values) - len(known))
        down = click["sort"] == "descending"
        ranks = [float(v) if click["numbers"] else ORDER.index(v) for v in known]
        assert ranks == sorted(ranks, reverse=down)
    both = [{click["sort"] for click in table} for table in found["seen"]]
    assert both == [{"ascending", "descending"}] * 6


def test_figures_are_drawn_and_links_lead_to_their_sections(page):
    found, _ = visit(page, LIGHT)
    for part, figure in zip(PANELS, found["figures"], strict=True):
        assert part in figure["of"]
        assert figure["width"] > 200
        assert figure["height"] > 100
        assert figure["words"]
    assert found["wider"] <= 0
    assert found["address"] == "#methods"
    assert all(top < 900 for top in found["links"])


def test_measures_that_were_asked_for_have_figures_and_a_table(page):
    found, _ = visit(page, LIGHT)
    (table,) = (each for each in found["tables"] if each["section"] == "measures")
    name = "<b>regression</b>"
    assert table["heads"] == ["layer 1", "layer 2", "rsa", name, f"{name} reversed"]
    drawn = [figure["of"] for figure in found["figures"]]
    assert drawn[2:4] == ["rsa", name]
    clicks = found["seen"][[each["section"] for each in found["tables"]].index("measures")]
    assert len(clicks) == 2 * len(table["heads"])
    assert len(clicks[-1]["rows"]) == 6
    reversed_ = [row[4] for row in clicks[-1]["rows"]]
    assert reversed_[3:] == ["", "", ""]  # those of the layer that does not vary
    assert reversed_[:3] != [row[3] for row in clicks[-1]["rows"]][:3]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("n_layers", [1, 2, 40])
def test_nothing_is_cut_off_whatever_the_names(tmp_path, width, n_layers):
    rng = np.random.default_rng(0)
    long = [f"module.encoder.block_{k:02}.attention.output.{'x' * 9}" for k in range(n_layers)]
    names = long if n_layers == 40 else [*UNSEEN, "שכבה ראשונה", "الطبقة الأولى"][-n_layers:]
    layers = {name: rng.standard_normal((24, 8)) for name in names}
    measures = {"of a name that goes on and on, and_on_and_on_and_on": "cka", "rsa": "rsa"}
    y = np.repeat(np.arange(6), 4) if n_layers < 3 else None  # capacities take their time
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* cannot be computed", UserWarning)
        report = layer_report(layers, y, measures=measures, **FAST)
    report.to_html(tmp_path / "report.html")
    found, console = visit(tmp_path / "report.html", LIGHT, width=width)
    assert not console
    assert found["wider"] <= 0
    assert len(found["figures"]) == {1: 3, 2: 7, 40: 4}[n_layers]
    for figure in found["figures"]:
        assert figure["right"] <= width
        assert not figure["outside"]
        assert figure["smallest"] >= 6  # pixels: letters can be read
    assert min(min(table["names"]) for table in found["tables"]) > (150 if n_layers == 40 else 20)


@pytest.mark.parametrize(
    ("flag", "background", "text"),
    [
        (LIGHT, "rgb(255, 255, 255)", "rgb(28, 30, 33)"),
        (DARK, "rgb(21, 24, 28)", "rgb(227, 230, 234)"),
    ],
)
def test_light_and_dark(page, flag, background, text):
    found, _ = visit(page, flag)
    assert found["page"] == background
    assert {found["text"], *(figure["text"] for figure in found["figures"])} == {text}
    image = page.with_suffix(".png")
    command = [
        *chromium(),
        flag,
        f"--window-size={WIDE},900",
        f"--screenshot={image}",
        page.as_uri(),
    ]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    pixels = pytest.importorskip("matplotlib.image").imread(image)[..., :3]
    light = pixels.mean() > 0.5
    assert light == (flag == LIGHT)
    assert np.abs(pixels - pixels[0, 0]).max() > 0.7  # there is writing on it
