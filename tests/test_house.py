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
    "python/netrep_go/_jobs.py": "import netrep_go._capi as _capi\nfrom netrep_go import _native\n",
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
    assert lines[3] == "Python functions: 1, median 2 lines; _x.py f 2"
    assert lines[4:] == []


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


def test_examples_of_go_may_show_what_is_above_them(house, tree):
    example = 'package linalg_test\n\nimport "netrep_go/core/metrics"'
    assert house.violations(tree(**CLEAN | {"core/linalg/example_test.go": example})) == []


def test_long_lines_of_go(house, tree, capsys):
    lines = "\n".join("// " + "x" * n for n in (97, 98))
    assert house.main(tree(**CLEAN | {"core/linalg/l_test.go": lines})) == 0
    capsys.readouterr()
    assert house.main(tree(**{"core/linalg/l.go": lines})) == 1
    shown = capsys.readouterr().out.splitlines()[4:]
    assert shown == ["core/linalg/l.go:2: 101 columns"]


TAKES = (
    "x := make([]float64, n)",
    "x := make([]float64, 3, n)",
    "index := make(map[string]int)",
    "index := map[string]int{}",
    "list = append(list, 1)",
    "w.list = append(w.list, 1)",
    "y := append([]float64(nil), x...)",
    "x := mat.NewDense(m, n, nil)",
    "v := mat.NewVecDense(n, nil)",
    "y := mat.DenseCopyOf(x)",
    "y := slices.Clone(x)",
    "y.CloneFrom(x)",
    "ok := svd.Factorize(x, mat.SVDThin)",
    "order := rng.Perm(n)",
    "var product mat.Dense",
    "product := new(mat.Dense)",
    "product := &mat.Dense{}",
)


@pytest.mark.parametrize("line", TAKES)
def test_memory_of_the_heap_of_go(house, tree, line):
    code = "package rsa\n\nfunc f() {{\n\t{}\n}}\n".format
    wrong = house.violations(tree(**CLEAN | {"core/rsa/r.go": code(line)}))
    assert wrong == [f"core/rsa/r.go:4: memory of Go's heap: {line}"]
    allowed = {
        "core/rsa/r.go": code(f"{line} // heap: one a worker"),
        "core/rsa/r_test.go": code(line),
        "core/internal/cmem/c.go": code(line).replace("rsa", "cmem"),
        "capi/c.go": code(line).replace("rsa", "capi"),
    }
    assert house.violations(tree(**CLEAN | allowed)) == []
    text = code(f"{line} // a heap of them")
    assert len(house.violations(tree(**CLEAN | {"core/rsa/r.go": text}))) == 1


@pytest.mark.parametrize(
    "lines",
    [
        "x := mat.NewDense(m, n, data)",
        "x := make([]float64, 64)",
        "x := arena.Float64s(n)\n\ty := cmem.Slice[bool](arena, n)",
        "list := arena.Int32s(n)[:0]\n\tlist = append(list, 1)",
        "list := x[:0:n]\n\tlist = append(list, 1)",
        "w.list = w.list[:0]\n\tw.list = append(w.list, 1)",
        "w := &worker{list: arena.Int32s(n)[:0]}\n\tw.list = append(w.list, 1)",
        "s.mu = append(s.mu[:0], x...)",
        "// make([]float64, n) would do",
        "func f(x *mat.Dense, list []mat.Dense) {}",
    ],
)
def test_memory_that_is_not_of_the_heap(house, tree, lines):
    text = f"package rsa\n\nfunc f() {{\n\t{lines}\n}}\n"
    assert house.violations(tree(**CLEAN | {"core/rsa/r.go": text})) == []


PUBLIC = '__all__ = ["F", "f"]\n'


@pytest.mark.parametrize(
    "text",
    [
        "def f(*, n_perms=1): ...",
        "class F:\n    def __init__(self, n_perms): ...",
        "class F:\n    def fit(self, x, n_perms): ...",
    ],
)
def test_words_of_public_parameters(house, tree, text):
    path = "python/netrep_go/metrics/_y.py"
    (wrong,) = house.violations(tree(**CLEAN | {path: PUBLIC + text}))
    line = text.count(chr(10)) + 2
    assert wrong == f"{path}:{line}: n_perms is called n_permutations"
    for free in (text, PUBLIC + text.replace("n_perms", "n_permutations")):  # not public, right
        assert house.violations(tree(**{path: free})) == []


def test_words_that_are_not_public_or_upstream_s(house, tree):
    private = "class F:\n    def _draw(self, seed): ...\n\n\ndef _g(seed): ..."
    files = {
        "python/netrep_go/metrics/_y.py": PUBLIC + private,
        "python/netrep_go/capacity/_mftma.py": PUBLIC + "def f(n_reps=1): ...",
    }
    assert house.violations(tree(**CLEAN | files)) == []


@pytest.mark.parametrize("name", ["core/rsa/r.go", "tests/test_x.py", "docs/x.rst", "README.md"])
@pytest.mark.parametrize(
    "word", ["neighbours", "relabelled", "Colour", "recentred", "x_normalised", "optimisation"]
)
def test_spelling(house, tree, name, word):
    (wrong,) = house.violations(tree(**CLEAN | {name: f"// a\n// the {word} of it"}))
    assert wrong == f"{name}:2: {word} is not American"


@pytest.mark.parametrize(
    "text",
    ["labelleft", "noise", "precise", "optimistic", ".. [1] A nearest-neighbour method", "percent"],
)
def test_words_that_all_spell_alike(house, tree, text):
    assert house.violations(tree(**CLEAN | {"docs/x.rst": text})) == []


@pytest.mark.parametrize(
    ("file", "text", "most"),
    [
        ("core/rsa/r.go", "func f() {{\n{}}}\n", 53),
        ("python/netrep_go/rsa/_r.py", 'def f():\n    """Do."""\n{}', 50),
    ],
)
def test_long_functions(house, tree, file, text, most):
    assert house.violations(tree(**CLEAN | {file: text.format("    x = 1\n" * most)})) == []
    (wrong,) = house.violations(tree(**{file: text.format("    x = 1\n" * (most + 1))}))
    assert wrong.startswith(f"{file}: f has ")


@pytest.mark.parametrize(
    ("file", "most"), [("core/rsa/r.go", 400), ("python/netrep_go/rsa/_r.py", 600)]
)
def test_long_files(house, tree, file, most):
    assert house.violations(tree(**CLEAN | {file: "\n" * most})) == []
    wrong = house.violations(tree(**{file: "\n" * (most + 1)}))
    assert wrong == [f"{file}: {most + 1} lines"]
    tests = {"core/rsa/r_test.go": "\n" * 401, "tests/test_x.py": "\n" * 601}
    assert house.violations(tree(**{file: ""}, **tests)) == []
