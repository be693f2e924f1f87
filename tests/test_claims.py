"""What the README says, and the test or benchmark behind it."""

import inspect
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from netrep_go.metrics import measures

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# Parts of sentences, and what would fail if they were not so: a file of tests or one test, a
# benchmark, or a page whose lines are run. What a test of this file holds is not repeated here.
BEHIND = {
    "shape metrics, CKA, CCA": "test_parity_netrep.py test_cka.py test_cca.py",
    "cohorts that may be larger than memory": (
        "test_distance_store.py::test_a_memory_limit_that_is_too_small_says_what_fits"
        " test_distance_store.py::test_gram_vectors_are_streamed bench_scale.py"
    ),
    "RDMs, noise ceilings, bootstrap, models, searchlights": (
        "test_rsa_rdm.py test_rsa_inference.py test_rsa_models.py test_rsa_searchlight.py"
    ),
    "time courses": "test_rsa_time.py",
    "nested cross-validation, inference, variance partitioning": (
        "test_encoding.py test_encoding_inference.py test_encoding_partition.py"
    ),
    "encoding models and decoding": "test_decoding.py",
    "by mean-field theory and by simulation": "test_meanfield.py test_direct.py",
    "over SciPy's BLAS": "test_blas.py",
    "the interface is scikit-learn's": "test_conformance.py",
    "replaces [netrep]": "test_migration.py test_parity_netrep.py test_stochastic.py",
    "by a change of the import line": "test_faces.py test_mftma.py::test_module_paths_of_upstream",
    "dnn-object-manifolds without MATLAB": "test_mat.py test_analyze_mat.py test_migration.py",
    "where no Go is installed, the toolchain comes from PyPI": (
        "test_build.py::test_go_is_required_of_pip_where_there_is_none"
    ),
    "pip install .": "test_build.py::test_newest_dependencies",
    "the oldest and the newest are tested": (
        "test_build.py::test_oldest_dependencies test_build.py::test_other_interpreters"
    ),
    "without a network": "test_documentation.py::test_pages_load_nothing_from_the_network",
    "from the shell: `netrep-go --help`": "test_cli.py",
    "[C, MATLAB, Julia or R](docs/c.md)": "test_cabi.py::test_example_of_the_documentation",
    "A report](docs/report.rst) of all layers on one page": "test_report.py",
    "Figures](docs/gallery.rst) of every result": (
        "test_gallery.py::test_every_display_is_in_the_gallery"
    ),
    "as wide as a column": "test_gallery.py::test_figure_of_the_gallery",
    "from which n on it holds": "test_calibration.py docs/statistics.rst",
    "notebooks and scripts that run": "test_notebooks.py test_cohort_example.py",
    "how fast it is, with the losses": "test_performance.py",
    "Does not survive": "test_native.py::test_workers",
    "Go, the CPU, which BLAS is": "test_cli.py::test_information test_build.py",
    "lints and tests": "test_house.py test_typing.py",
}


def found(name):
    """Return whether there is such a test, file of tests, benchmark or page."""
    file, _, function = name.partition("::")
    folder = "." if "/" in file else "benchmarks" if file.startswith("bench") else "tests"
    path = ROOT / folder / file
    return path.exists() and (not function or f"def {function}(" in path.read_text())


@pytest.mark.parametrize("claim", BEHIND)
def test_a_claim_stands_and_has_something_behind_it(claim):
    assert " ".join(claim.split()).lower() in " ".join(README.split()).lower()
    assert [name for name in BEHIND[claim].split() if not found(name)] == []


def test_what_is_not_there_is_not_found():
    assert not found("test_nothing.py")
    assert not found("test_claims.py::test_noth" + "ing")


def test_there_are_some_sixty_measures():
    assert "some sixty" in README
    assert "about sixty" in (ROOT / "docs" / "tour.rst").read_text()
    assert 55 <= len(measures()) <= 65


def test_most_computing_is_at_two_thirds_of_the_speed_of_its_blas():
    rows = runpy.run_path(str(ROOT / "benchmarks" / "performance.py"))["comparisons"]()
    shares = [row.of_floor for row in rows if row.of_floor]
    assert len(shares) > 20
    assert sum(share >= 2 / 3 for share in shares) > 0.8 * len(shares)


def test_versions_are_those_of_the_package():
    floors = dict(line.split(">=") for line in PROJECT["dependencies"])
    for said, name in (("NumPy", "numpy"), ("SciPy", "scipy"), ("scikit-learn", "scikit-learn")):
        assert f"{said} >= {floors[name].removesuffix('.0')}" in README
    versions = [line.split()[-1] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert f"Python {versions[0]} to {versions[-1]}" in README
    assert f"Python {PROJECT['requires-python'].replace('>=', '>= ')} and" in README


def test_extras_are_those_of_the_package():
    text = README[README.index("The extras are") : README.index("It runs on")]
    ours = set(PROJECT["optional-dependencies"]) - {"docs", "test", "dev"}
    assert set(re.findall(r"`(\w+)`\s\(", text)) == ours


def test_files_that_are_named_are_all_there_are():
    notebooks = {path.name for path in ROOT.glob("examples/*.ipynb")}
    assert set(re.findall(r"`(\w+\.ipynb)`", README)) == notebooks
    example = runpy.run_path(str(ROOT / "examples" / "digits_cohort.py"))
    assert "500 small networks" in example["__doc__"]
    steps = re.findall(r"^\d\. `", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert len(steps) == 5
    assert "a routine in five files" in README


def test_messages_are_those_that_are_raised():
    from netrep_go import _native

    raised = re.sub(r'"\s+f?"', "", inspect.getsource(_native))
    assert "Go does not survive a fork" in README
    assert "does not survive a fork" in raised
    setup = (ROOT / "setup.py").read_text()
    assert "The build says that it needs a C compiler or Python.h." in README
    assert "netrep_go needs {problem}" in setup
    assert "a C compiler" in setup
    assert "Python.h: install" in setup


@pytest.mark.long
def test_the_demo_prints_what_stands_there(tmp_path):
    demo = [sys.executable, str(ROOT / "examples" / "digits_shapes.py")]
    printed = subprocess.run(demo, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    expected = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1].splitlines()
    missing = [line for line in expected if line != "..." and line not in printed.splitlines()]
    assert missing == []
    assert len((tmp_path / "demo_output" / "networks.csv").read_text().splitlines()) == 24 + 1


def test_nothing_here_speaks_to_a_network():
    assert "does no network\n  traffic" in (ROOT / "SECURITY.md").read_text()
    go = "".join(
        path.read_text() for top in ("core", "capi") for path in ROOT.glob(f"{top}/**/*.go")
    )
    assert not re.findall(r'^\s*(?:\w+ )?"(net(?:/.*)?)"$', go, re.MULTILINE)
    assert re.findall(r'^\s*(?:\w+ )?"(os(?:/.*)?)"$', go, re.MULTILINE)  # as imports are written
    python = "".join(path.read_text() for path in ROOT.glob("python/netrep_go/**/*.py"))
    assert not re.findall(r"^\s*(?:from|import) (?:urllib|http|socket|requests)\b", python, re.M)
