"""The page of a report in headless Chromium: drawn, light and dark, and clicked through."""

import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from test_report import FAST, ODD, N

from netrep_go.report import layer_report

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DARK, LIGHT = "--blink-settings=preferredColorScheme=0", "--blink-settings=preferredColorScheme=1"

ORDER = [ODD, "a", "b", "dead"]  # of names: signs come before letters

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
const figures = [...document.querySelectorAll("svg")].map(svg => {
  const box = svg.getBoundingClientRect();
  return {width: box.width, height: box.height,
    text: color(svg.querySelector("text"), "fill"),
    words: [...svg.querySelectorAll("text")].every(text => text.getBBox().width > 0)};
});
const links = [...document.querySelectorAll("a")].map(link => {
  link.click();
  return document.querySelector(link.getAttribute("href")).getBoundingClientRect().top;
});
const result = document.createElement("pre");
result.id = "visit";
result.textContent = JSON.stringify({seen, figures, links, scripts: document.scripts.length,
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
    return [found, *quiet, offline, *rights, "--window-size=1100,900", "--hide-scrollbars"]


def visit(path, *flags):
    """Open a page, run the visitor on it, and return what it saw and what the console says."""
    visited = path.with_name("visited.html")
    page = path.read_text(encoding="utf-8")
    visited.write_text(page.replace("</body>", f"<script>{VISITOR}</script></body>"))
    command = [*chromium(), *flags, "--enable-logging=stderr", "--dump-dom", visited.as_uri()]
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
    layers = {name: rng.standard_normal((N, p)) for name, p in [(ODD, 60), ("b", 20), ("a", 20)]}
    targets = layers["b"][:, :3] + rng.standard_normal((N, 3))
    rdms = rng.random((3, N * (N - 1) // 2)) + 0.1
    with pytest.warns(UserWarning, match="cannot be computed"):
        report = layer_report({**layers, "dead": np.zeros((N, 3))}, y, targets, rdms, **FAST)
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.to_html(path)
    return path


def test_tables_are_sorted_by_clicks(page):
    found, console = visit(page, LIGHT)
    assert not console
    assert found["loaded"] == 0
    assert found["scripts"] == 2  # the page's own and the visitor
    assert len(found["seen"]) == 5
    for click in (click for table in found["seen"] for click in table):
        assert click["marked"] == 1
        values = [row[click["column"]] for row in click["rows"]]
        known = [value for value in values if value != ""]
        assert values == known + [""] * (len(values) - len(known))
        down = click["sort"] == "descending"
        ranks = [float(v) if click["numbers"] else ORDER.index(v) for v in known]
        assert ranks == sorted(ranks, reverse=down)
    both = [{click["sort"] for click in table} for table in found["seen"]]
    assert both == [{"ascending", "descending"}] * 5


def test_figures_are_drawn_and_links_lead_to_their_sections(page):
    found, _ = visit(page, LIGHT)
    assert len(found["figures"]) == 5
    for figure in found["figures"]:
        assert figure["width"] > 200
        assert figure["height"] > 100
        assert figure["words"]
    assert found["wider"] <= 0
    assert found["address"] == "#methods"
    assert all(top < 900 for top in found["links"])


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
    command = [*chromium(), flag, f"--screenshot={image}", page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    pixels = pytest.importorskip("matplotlib.image").imread(image)[..., :3]
    light = pixels.mean() > 0.5
    assert light == (flag == LIGHT)
    assert np.abs(pixels - pixels[0, 0]).max() > 0.7  # there is writing on it
