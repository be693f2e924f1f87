"""Docstrings of everything public: complete, true to the signature, and of one voice."""

import contextlib
import inspect
import re
from typing import Literal, get_args, get_origin, get_type_hints

import fuzz_examples
import pytest

from netrep_go.metrics import Measure


def documented():
    """Return functions and classes that are public, and each method where it is written first."""
    found, seen = {}, set()
    for path, value in sorted(fuzz_examples.public().items()):
        found[path] = value
        for name in fuzz_examples.methods(value) if inspect.isclass(value) else ():
            method = getattr(value, name)
            if id(function := getattr(method, "__func__", method)) not in seen:
                seen.add(id(function))
                found[f"{path}.{name}"] = method
    return found


def sections(value):
    """Return the summary, and the lines of each section, of a docstring."""
    doc = re.sub(r"\\\n\s*", "", inspect.getdoc(value) or "")
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-+$\n?", doc, flags=re.M)
    return {"Summary": parts[0].split("\n\n")[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


def items(section):
    """Yield the names, the type and the description of each entry of a section."""
    for entry in re.split(r"\n(?=\S)", section.strip("\n")) if section.strip() else ():
        head, _, text = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        yield [name.strip().lstrip("*") for name in names.split(",")], kind, " ".join(text.split())


def parameters(value):
    """Return the parameters of a signature that a user gives."""
    given = inspect.signature(value).parameters.values()
    return {p.name: p for p in given if p.name not in ("self", "cls")}


EMPTY = inspect.Parameter.empty
PUBLIC = documented()
FUNCTIONS = {path: value for path, value in PUBLIC.items() if not inspect.isclass(value)}
# Classes that users make, by parameters in their docstrings; results have attributes.
MADE = {
    path: value
    for path, value in PUBLIC.items()
    if inspect.isclass(value) and "Parameters" in sections(value)
}


def test_much_is_public():
    assert len(FUNCTIONS) > 350
    assert len(MADE) > 70


@pytest.mark.parametrize("path", FUNCTIONS | MADE)
def test_parameters_are_those_of_the_signature(path):
    """In its order, with its defaults; groups of names that share an entry stand as one."""
    value = PUBLIC[path]
    entries = list(items(sections(value).get("Parameters", "")))
    assert [name for names, _, _ in entries for name in names] == list(parameters(value))
    for names, kind, text in entries:
        assert text, f"{names} has no description"
        assert "optional" not in kind, f"{names}: say default=None"
        for default in re.findall(r"default=(.*)$", kind):
            for name in names:
                assert_default(parameters(value)[name].default, default, name)
        if kind and not names[0].startswith("*"):
            required = [parameters(value)[name].default is EMPTY for name in names]
            assert all(required) or "default=" in kind, f"{names} has a default that is not said"


def assert_default(default, said, name):
    """Compare a default with the words of the docstring."""
    if said in ("np.float64", "float64"):
        assert default.__name__ == "float64", name
    elif "..." in said:  # a long tuple
        assert str(default[-1]) in str([float(said.strip("()").split(", ")[-1])]), name
    else:
        assert '"' not in said, f"{name} has double quotes in its type"
        assert eval(said, {}) == default, name


@pytest.mark.parametrize("path", FUNCTIONS | MADE)
def test_options_are_those_of_the_annotation(path):
    value = PUBLIC[path]
    function = value.__init__ if inspect.isclass(value) else value
    function = inspect.unwrap(getattr(function, "__func__", function))
    hints = {}
    with contextlib.suppress(NameError):  # types that only type checkers import
        hints = get_type_hints(function)
    for names, kind, _ in items(sections(value).get("Parameters", "")):
        for name in names:
            allowed = literals(hints.get(name))
            said = re.match(r"\{('.*?')\}", kind)
            if allowed and said:
                assert set(re.findall(r"'([^']*)'", said[1])) == allowed, name


def literals(hint):
    """Return the texts of a Literal, or of the one in a union."""
    if get_origin(hint) is Literal:
        return {text for text in get_args(hint) if isinstance(text, str)}
    return set().union(*(literals(each) for each in get_args(hint)))


def test_tables_and_figures_are_returned_in_the_same_words():
    """What `to_frame` and `plot` say of what they return, and which columns there are."""
    for path, value in FUNCTIONS.items():
        doc, name = sections(value), path.rpartition(".")[2]
        if name == "to_frame":
            assert doc["Summary"].startswith("Return a pandas DataFrame "), path
            assert doc["Returns"].startswith("pandas.DataFrame\n    "), path
            assert doc["Raises"].rstrip().endswith("ImportError\n    If pandas is not installed.")
        elif name == "plot":
            assert doc["Summary"].startswith("Draw "), path
            assert re.match(r"display : \S+Display\n    The drawn display\.$", doc["Returns"]), path


def test_axes_of_displays_have_one_name():
    """One is `ax_`, several are `axes_`; `plot` takes them first, as scikit-learn's do."""
    displays = [path for path in PUBLIC if re.fullmatch(r"plotting\.\w+Display", path)]
    assert len(displays) > 20
    for path in displays:
        for names, kind, _ in items(sections(PUBLIC[path]).get("Attributes", "")):
            if "matplotlib Axes" in kind and "AxesImage" not in kind:
                several = bool(re.match("ndarray|list|dict", kind))
                assert all(name.endswith("axes_") == several for name in names), path
    for path, value in FUNCTIONS.items():
        if path.endswith(".plot") and "ax" in parameters(value):
            first = next(iter(parameters(value).values()))
            assert (first.name, first.kind) == ("ax", first.POSITIONAL_OR_KEYWORD), path


# What broadcasts, or is of the form that another function or class says.
ANY_SHAPE = {
    "capacity.ball_capacity",
    "capacity.conic_separability",
    "capacity.cover_separability",
    "capacity.disc_separability",
    "capacity.point_capacity",
    "capacity.segment_separability",
    "capacity.write_mat",
    "conv_layers.ConvolutionalMetric.fit_score",
    "mftma.utils.activation_extractor.extractor",
    "rsa.evaluate_flexible",
    "rsa.searchlight_noise_ceiling",
    "validation.check_equal_shapes",
}


@pytest.mark.parametrize("path", FUNCTIONS | MADE)
def test_arrays_have_shapes(path):
    for names, kind, text in items(sections(PUBLIC[path]).get("Parameters", "")):
        if re.search("array_like|ndarray", kind) and path not in ANY_SHAPE:
            assert "shape" in kind + text, names


NOTHING_RAISED = {"metrics.measures", "show_versions"}


def test_functions_say_what_they_raise():
    silent = {
        path
        for path, value in FUNCTIONS.items()
        if inspect.isfunction(value)
        and not sections(value).get("Raises", "").strip()
        and path.rpartition(".")[0] not in PUBLIC
    }
    assert silent == NOTHING_RAISED
    learnt = (
        "fit",
        "partial_fit",
        "predict",
        "score",
        "transform",
        "fit_transform",
        "load",
    )
    for path, value in FUNCTIONS.items():
        if path.rpartition(".")[2] in learnt and path.rpartition(".")[0] in PUBLIC:
            assert "Raises" in sections(value), path


# What needs files or packages that are not here, and what another example makes.
NO_EXAMPLE = {
    "datasets.objects92",
    "mftma.utils.activation_extractor.extractor",
    "plotting.CapacityDisplay",  # from_estimators has it
}


def test_what_users_call_has_an_example():
    """Results have theirs where they are returned, and methods in their class."""
    called = MADE | {p: v for p, v in FUNCTIONS.items() if p.rpartition(".")[0] not in PUBLIC}
    lacking = {
        path for path, value in called.items() if ">>> " not in sections(value).get("Examples", "")
    }
    assert lacking == NO_EXAMPLE


def test_measures_name_who_defined_them():
    classes = {p: v for p, v in PUBLIC.items() if inspect.isclass(v) and issubclass(v, Measure)}
    lacking = {path for path, value in classes.items() if "References" not in sections(value)}
    assert len(classes) > 30
    assert lacking == {"metrics.Measure"}
    for path, value in FUNCTIONS.items():
        assert not re.search(r"\[\d\]_", str(sections(value))) or "References" in sections(value), (
            path
        )


def test_functions_return_and_displays_draw():
    """Summaries are one sentence: what is returned, or what is done, and to what."""
    for path, value in PUBLIC.items():
        summary = sections(value)["Summary"]
        assert "\n" not in summary, path
        assert summary.endswith("."), path
        assert re.match(r"[A-Z:`]", summary), path
        if path in FUNCTIONS:
            assert not re.match(r"(The|A|An|Whether|\w+s) ", summary), path


# netrep's own, what does the same for two sets, and their forms for folders: bars are shown
# there unless they are refused.
WITH_A_BAR = {
    "conv_layers.ConvolutionalMetric.pairwise_distances",
    "conv_layers.convolve_metric",
    "metrics.GPStochasticMetric.pairwise_distances",
    "multiset.DistanceStore.cross_distances",
    "multiset.DistanceStore.pairwise_distances",
    "multiset.cross_distances",
    "multiset.landmark_distances",
    "multiset.nearest_neighbors",
    "multiset.pairwise_distances",
}
SAME = {
    "n_jobs": r"(Number of (threads|joblib workers|processes)|Threads|As in)",
    "random_state": r"(Determines |Seed of |As in)",
    "verbose": r"(Show (a progress bar|progress bars)\b|As in)",
    "confidence": r"(Nominal coverage of the intervals|Probability)",
}


def test_seeds_threads_and_bars_are_alike():
    """Their names, their defaults, that they are given by name, and what is said of them."""
    shown = set()
    for path, value in (FUNCTIONS | MADE).items():
        given = parameters(value)
        for names, _, text in items(sections(value).get("Parameters", "")):
            for name in SAME.keys() & set(names):
                assert re.match(SAME[name], text), f"{path}: {name}"
        if "n_jobs" in given:
            assert given["n_jobs"].kind is inspect.Parameter.KEYWORD_ONLY, path
            assert given["n_jobs"].default is None, path
        if "verbose" in given and given["verbose"].default:
            shown.add(path)
    assert shown == WITH_A_BAR
