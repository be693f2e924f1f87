"""The rules of .ci/house.py, on small trees that keep and break them."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / ".ci" / "house.py"


@pytest.fixture(scope="module")
def house():
    spec = importlib.util.spec_from_file_location("house", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """Return a function that writes files below a root that keeps the rules."""

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


CLEAN = {
    "core/internal/par/par.go": "package par\n",
    "core/core.go": 'package core\n\nimport "netrep_go/core/internal/par"\n\n'
    "func F() { par.For() }\n",
    "core/metrics/x.go": 'package metrics\n\nimport (\n\t"math"\n\n\t"netrep_go/core/linalg"\n)\n\n'
    "func (m M) G() {\n\tmath.Pi\n\tlinalg.H()\n}\n",
    "python/netrep_go/__init__.py": "from netrep_go._jobs import x\n",
    "python/netrep_go/_jobs.py": "from netrep_go import _capi, _native\n",
    "python/netrep_go/_native.py": "import numpy\n",
    "python/netrep_go/metrics/__init__.py": "from netrep_go.metrics._x import X\n",
    "python/netrep_go/metrics/_x.py": "from netrep_go import _jobs\n\n\n"
    'def f(x):\n    """Return one.\n\n    Always.\n    """\n    y = 1\n    return y\n',
    "python/netrep_go/metrics/cka.py": "from netrep_go.metrics._x import X\n",
    "python/netrep_go/multiset/__init__.py": "import netrep_go.metrics\n",
}


def test_a_clean_tree(house, tree, capsys):
    assert house.main(tree(**CLEAN)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "Go functions: 2, median 2.5 lines; x.go G 4, core.go F 1"
    assert lines[3] == "Python functions: 1, median 3 lines; _x.py f 3"
    assert lines[4:] == ["Go lines above 100 columns: 0"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("core/rsa/r.go", 'import "netrep_go/core/metrics"', "rsa imports metrics"),
        ("core/linalg/l.go", 'import o "netrep_go/core/optimize"', "linalg imports optimize"),
        ("core/internal/par/p.go", '\t"netrep_go/core"', "internal/par imports core"),
        ("capi/c.go", '\t"netrep_go/core/wavelets"', "wavelets is in no layer"),
        ("_jobs.py", "from netrep_go.metrics import X", "_jobs imports metrics"),
        ("metrics/_y.py", "from netrep_go import multiset", "metrics._y imports multiset"),
        ("metrics/_y.py", "import netrep_go", "metrics._y imports netrep_go"),
        ("metrics/_y.py", "from netrep_go.metrics import cka", "_y imports metrics.cka"),
        ("rsa/_r.py", "def f():\n    import netrep_go.capacity", "rsa._r imports capacity"),
        ("wavelets.py", "import netrep_go._jobs", "wavelets is in no layer"),
    ],
)
def test_imports_in_a_wrong_direction(house, tree, capsys, file, text, message):
    path = file if file.endswith(".go") else f"python/netrep_go/{file}"
    assert house.main(tree(**CLEAN | {path: text})) == 1
    assert f"{path}:{text.count(chr(10)) + 1}: " in capsys.readouterr().out
    assert len(wrong := house.violations(tree())) == 1
    assert message in wrong[0]


@pytest.mark.parametrize(
    "text",
    [
        "def plot(self):\n    from netrep_go.plotting import Display",
        "if TYPE_CHECKING:\n    from netrep_go.plotting import Display",
        "from netrep_go.metrics import X",
    ],
)
def test_imports_that_are_allowed(house, tree, text):
    assert house.violations(tree(**CLEAN | {"python/netrep_go/rsa/_r.py": text})) == []


def test_long_lines_of_go(house, tree, capsys):
    lines = ["// " + "x" * n for n in (97, 98, 117, 118)]
    assert house.main(tree(**CLEAN | {"core/linalg/l.go": "\n".join(lines)})) == 1
    shown = capsys.readouterr().out.splitlines()[4:]
    assert shown == ["Go lines above 100 columns: 3", "core/linalg/l.go:4: 121 columns"]
