"""Prints the sizes of files and functions, and fails where what they hold breaks a rule.

    python .ci/house.py [root]

A file or a function above FILES and FUNCTIONS is a failure. So is an import that goes up, between
siblings, or to what is not in the tables below, and a line of Go above GO_COLUMNS, or one that
takes memory that may grow with data from Go's heap, where running out of it ends the interpreter:
it is cmem's to give. A remark `// heap: ...` on the line says why what it takes is small. Tests
of Go are free: their examples show what is above them, and their tables are wide.

Parameters of public functions have the words of NAMES, and all texts American spelling, but for the
titles of references.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

# Bottom to top. A module belongs to the longest entry that is its name or that of a package
# around it, and imports what is of its own entry or in a layer below: siblings do not meet.
Layers = tuple[tuple[str, ...], ...]

GO: Layers = (  # packages, as paths in core/ or from the root
    ("internal",),
    ("core",),
    ("linalg",),
    ("optimize",),
    ("metrics", "rsa", "capacity", "encoding"),
    ("multiset",),
    ("capi",),
    ("capi/cabi",),
)
PYTHON: Layers = (  # modules of netrep_go
    ("_*",),  # the ground: private modules of the top level
    ("validation",),
    ("utils",),
    ("metrics",),
    ("rsa", "capacity", "encoding", "datasets", "extract", "embedding", "covariates"),
    ("multiset",),
    ("conformance", "inference"),
    ("plotting",),
    ("report",),
    ("_cli",),
    # upstream's names
    ("conv_layers", "kmeans", "metrics.[!_]*", "mftma", "rbf_sampler"),
    ("netrep_go",),  # __init__.py, which nobody imports
)
DISPLAYS = "plotting"  # a result's plot() may import it from above, inside the function
# Most lines of a file and of a function's body; tests and tables of calls are free.
FILES = {".go": 400, ".py": 600}
FUNCTIONS = {".go": 55, ".py": 50}
GO_COLUMNS = 100

# What takes memory from Go's heap, but for make and new of constant size and appends to what is cut
# from a reserved slice by [:0] in the same file.
ON_THE_HEAP = re.compile(
    r"""
      \bmake\((?!\[\]\w+,\s*[\d<]+\))
    | \bappend\((?!\w+\.?\w*\[:0[\]:])(?P<list>[^,]*),
    | \bmap\[\w+\][\w\[\]*]+\{
    | \bNew\w*\(.*,\ nil\)
    | \b\w*CopyOf\(
    | \b(?:slices|maps|bytes|strings)\.(?:Clone|Collect|Concat|Grow|Insert|Repeat|Sorted\w*)\(
    | \.(?:CloneFrom|Factorize|Perm)\w*\(
    | \bnew\(mat\.|\bmat\.[A-Z]\w*\{\}|\bvar\ .*[ \]]mat\.[A-Z]\w*\s*$
    """,
    re.VERBOSE,
)
# One word for one thing: what parameters of public functions are not called, and what instead.
NAMES = {
    "n_permutations": "n_perm n_perms n_permutation permutations n_shuffles",
    "n_bootstraps": "n_boot n_boots n_bootstrap bootstraps n_resamples",
    "n_restarts": "n_reps n_init n_starts restarts",
    "max_iter": "niter n_iter n_iters max_iters max_iterations",
    "random_state": "seed rng random_seed generator",
    "n_jobs": "n_workers n_threads n_cpus num_workers jobs workers",
    "verbose": "progress show_progress progress_bar",
    "metric": "distance distance_metric dissimilarity",
    "pvalue": "p pval pvals p_value p_values",
    "pvalue_corrected": "p_corrected pvalue_adjusted corrected_pvalue",
    "models": "model_rdms model_rdm",
    "rdms": "data_rdms brain_rdms measured_rdms",
    "hue": "color colors",
    "alternative": "tail tails sided",
    "ax": "axis_ axs",
    "fit_intercept": "bias intercept",
    "confidence": "confidence_level ci level",
}
UPSTREAM = {  # words of netrep's and mftma's signatures
    "capacity/_mftma.py": {"n_reps"},
    "metrics/_energy.py": {"niter"},
    "metrics/_gaussian.py": {"niter"},
    "mftma/utils/_pytorch.py": {"seed"},
}
BRITISH = re.compile(
    r"""
    \w*(?:behaviour|cent(?:re|red|ring)(?![a-z])|colour|favour|(?:label|model)l(?:ed|er|ing)|neighbour)\w*
    | \w*(?:factor|general|initial|maxim|minim|normal|penal|random|regular|standard|summar|vector)
      is(?:e|ed|er|ers|es|ing|ation|ations)(?![a-z])
    | optimis(?:e|ed|er|es|ing|ation)(?![a-z])
    """,
    re.VERBOSE | re.IGNORECASE,
)
SPELLS_BOTH = "tests/test_house.py"
REFERENCE = re.compile(r"\.\. \[\d+\]")

OFF_THE_HEAP = ("core/internal/cmem/*", "core/internal/blas/*")  # the mechanism, and tables


class Import(NamedTuple):
    """An import of one of our modules by another."""

    where: str
    importer: str
    imported: str
    deferred: bool = False


class Size(NamedTuple):
    """Lines of a file or function."""

    lines: int
    name: str


def go_imports(root: Path) -> Iterator[Import]:
    """Yield imports between Go packages."""
    for path in go_files(root):
        importer = go_package(path.parent.relative_to(root).as_posix())
        for i, line in enumerate(path.read_text().splitlines(), 1):
            if found := re.fullmatch(r'\s*(?:import )?(?:[\w.]+ )?"netrep_go/(.+)"', line):
                where = f"{path.relative_to(root)}:{i}"
                yield Import(where, importer, go_package(found[1]))


def go_package(path: str) -> str:
    """Return the name of a package in the table."""
    return path.removeprefix("core/")


def python_imports(root: Path) -> Iterator[Import]:
    """Yield imports between modules of netrep_go, but for those that only types need."""
    package = root / "python" / "netrep_go"
    for path in python_files(root):
        parts = path.relative_to(package).with_suffix("").parts
        importer = ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "netrep_go"
        for node, deferred in _import_nodes(ast.parse(path.read_text()), False):
            for imported in _imported(node, package):
                where = f"{path.relative_to(root)}:{node.lineno}"
                yield Import(where, importer, imported, deferred)


def _import_nodes(
    tree: ast.AST, deferred: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield imports and whether they are inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, deferred
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        else:
            yield from _import_nodes(node, deferred or isinstance(node, ast.FunctionDef))


def _imported(node: ast.Import | ast.ImportFrom, package: Path) -> Iterator[str]:
    """Yield the modules of ours that a statement imports."""
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        names = [f"{base}.{n}" if _is_module(package, f"{base}.{n}") else base for n in names]
    for name in dict.fromkeys(names):
        if name == "netrep_go" or name.startswith("netrep_go."):
            yield name.removeprefix("netrep_go.")


def _is_module(package: Path, name: str) -> bool:
    path = package.parent / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def wrong_imports(imports: Iterable[Import], layers: Layers) -> Iterator[str]:
    """Yield what is wrong with imports."""
    for each in imports:
        importer, imported = place(each.importer, layers), place(each.imported, layers)
        if importer is None or imported is None:
            unknown = each.importer if importer is None else each.imported
            yield f"{each.where}: {unknown} is in no layer"
        elif imported == importer or imported[0] < importer[0]:
            continue
        elif not (each.deferred and imported[1] == DISPLAYS):
            yield f"{each.where}: {each.importer} imports {each.imported}, which is not below it"


def place(name: str, layers: Layers) -> tuple[int, str] | None:
    """Return the layer of a module and the entry that it belongs to."""
    entries = [
        (len(entry), i, entry)
        for i, layer in enumerate(layers)
        for entry in layer
        if fnmatchcase(name, entry) or re.match(re.escape(entry) + r"[./]", name)
    ]
    return max(entries)[1:] if entries else None


def go_files(root: Path) -> list[Path]:
    """Return the files of Go, without tests."""
    files = sorted([*(root / "core").rglob("*.go"), *(root / "capi").rglob("*.go")])
    return [path for path in files if not path.name.endswith("_test.go")]


def python_files(root: Path) -> list[Path]:
    """Return the files of the package."""
    return sorted((root / "python" / "netrep_go").rglob("*.py"))


def long_lines(paths: Iterable[Path], root: Path, columns: int) -> list[str]:
    """Return where lines are longer, a tab being one column."""
    return [
        f"{path.relative_to(root)}:{i}: {len(line)} columns"
        for path in paths
        for i, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > columns
    ]


def heap_lines(paths: Iterable[Path], root: Path) -> Iterator[str]:
    """Yield where memory is taken from Go's heap without a remark."""
    for path in paths:
        name, text = path.relative_to(root).as_posix(), path.read_text()
        if not name.startswith("core/") or any(fnmatchcase(name, free) for free in OFF_THE_HEAP):
            continue
        reserved = set(re.findall(r"(\w+)(?=(?:: | :?= )[^\n]*\[:0[\]:])", text))
        for i, line in enumerate(text.splitlines(), 1):
            code, _, remark = line.partition("//")
            found = ON_THE_HEAP.search(code)
            if found is None or remark.startswith(" heap: "):
                continue
            if re.split(r"\W", found["list"] or "")[-1] not in reserved:
                yield f"{name}:{i}: memory of Go's heap: {line.strip()}"


def wrong_names(root: Path) -> Iterator[str]:
    """Yield parameters of public functions that have another word."""
    package = root / "python" / "netrep_go"
    trees = {path: ast.parse(path.read_text()) for path in python_files(root)}
    public = {name for tree in trees.values() for name in _exported(tree)}
    words = {wrong: right for right, others in NAMES.items() for wrong in others.split()}
    for path, tree in trees.items():
        free = UPSTREAM.get(path.relative_to(package).as_posix(), set())
        for function in _public_functions(tree, public):
            for each in (*function.args.args, *function.args.kwonlyargs):
                if each.arg in words and each.arg not in free:
                    where = f"{path.relative_to(root)}:{each.lineno}"
                    yield f"{where}: {each.arg} is called {words[each.arg]}"


def _exported(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield from (item.value for item in ast.walk(node) if isinstance(item, ast.Constant))


def _public_functions(tree: ast.Module, public: set[str]) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in public:
            yield node
        elif isinstance(node, ast.ClassDef) and node.name in public:
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and re.match(r"__init__$|[^_]", each.name):
                    yield each


def wrong_spellings(root: Path) -> Iterator[str]:
    """Yield words that Americans spell otherwise."""
    folders = ("core", "capi", "python", "tests", "benchmarks", "examples", "docs")
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.*"))]
    for path in [*paths, *sorted(root.glob("*.md"))]:
        name = path.relative_to(root).as_posix()
        if path.suffix not in (".go", ".py", ".rst", ".md", ".ipynb") or name == SPELLS_BOTH:
            continue
        for i, line in enumerate(path.read_text().splitlines(), 1):
            if (found := BRITISH.search(line)) and not REFERENCE.search(line):
                yield f"{name}:{i}: {found[0]} is not American"


def go_functions(path: Path) -> Iterator[Size]:
    """Yield the functions of a file that gofmt has formatted: they end in a brace that is first."""
    start, name = 0, ""
    for i, line in enumerate(path.read_text().splitlines(), 1):
        if found := re.match(r"func (?:\(.*?\) )?(\w+)", line):
            start, name = i, found[1]
        if name and (line == "}" or (start == i and line.endswith("}"))):
            yield Size(i - start + 1, f"{path.name} {name}")
            name = ""


def python_functions(path: Path) -> Iterator[Size]:
    """Yield the bodies of the functions of a file, without their docstrings."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            yield Size(lines, f"{path.name} {node.name}")


def too_large(root: Path) -> Iterator[str]:
    """Yield files and functions that are too long."""
    for path in (*go_files(root), *python_files(root)):
        name, lines = path.relative_to(root), len(path.read_text().splitlines())
        if lines > FILES[path.suffix]:
            yield f"{name}: {lines} lines"
        functions = go_functions if path.suffix == ".go" else python_functions
        for size in functions(path):
            if size.lines > FUNCTIONS[path.suffix]:
                yield f"{name}: {size.name.split()[1]} has {size.lines} lines"


def summary(title: str, sizes: Iterable[Size], most: int) -> str:
    """Return the count, the median and the largest."""
    sizes = sorted(sizes, reverse=True)
    median = statistics.median(size.lines for size in sizes)
    largest = ", ".join(f"{size.name} {size.lines}" for size in sizes[:most])
    return f"{title}: {len(sizes)}, median {median:g} lines; {largest}"


def report(root: Path) -> Iterator[str]:
    """Yield lines on the sizes of what is not a test."""
    go = go_files(root)
    python = python_files(root)
    for language, files, functions in (
        ("Go", go, go_functions),
        ("Python", python, python_functions),
    ):
        lines = (Size(len(p.read_text().splitlines()), f"{p.parent.name}/{p.name}") for p in files)
        yield summary(f"{language} files", lines, 5)
        yield summary(f"{language} functions", (f for p in files for f in functions(p)), 8)


def violations(root: Path) -> list[str]:
    """Return what breaks a rule."""
    return [
        *wrong_imports(go_imports(root), GO),
        *wrong_imports(python_imports(root), PYTHON),
        *too_large(root),
        *long_lines(go_files(root), root, GO_COLUMNS),
        *heap_lines(go_files(root), root),
        *wrong_names(root),
        *wrong_spellings(root),
    ]


def main(root: Path) -> int:
    """Print the report and the violations, and return the exit status."""
    print(*report(root), sep="\n")
    wrong = violations(root)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2] or [Path(__file__).parents[1]])))
