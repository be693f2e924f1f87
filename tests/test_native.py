"""What must hold of Go inside a Python process: nothing breaks, hangs or is silently wrong.

What may break the process runs in one of its own, as a case of native_cases.py.
"""

import copy
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import counts
import numpy as np
import pytest
import scipy.sparse
from estimators import CAPACITY, IN_MATRICES, fast, learnt
from native_cases import answer
from native_examples import EXAMPLES, example
from native_examples import answer as answer_of
from sklearn.base import clone

from netrep_go import _native
from netrep_go.capacity import (
    DirectCapacity,
    center_correlation_cost,
    find_center_directions,
    project_on_cone,
    separate,
)
from netrep_go.conv_layers import ConvolutionalMetric
from netrep_go.covariates import mantel
from netrep_go.metrics import (
    Aligner,
    EnergyStochasticMetric,
    GaussianStochasticMetric,
    LinearCKA,
    LinearMetric,
    PermutationMetric,
    get_measure,
    neg_distance_scorer,
)
from netrep_go.multiset import (
    ProcrustesKMeans,
    cross_distances,
    euclidean_tangent_space,
    frechet_mean,
    pairwise_distances,
)
from netrep_go.rsa import (
    NoiseNormalizer,
    cluster_test,
    compare,
    evaluate,
    noise_ceilings,
    permutation_test,
    rdm,
    searchlight,
    searchlight_noise_ceiling,
    time_resolved,
)
from netrep_go.utils import fwht, sq_bures_metric, whiten

TESTS = Path(__file__).parent

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="reads the memory in use from /proc"
)


def case(name, *arguments, timeout=60, returncode=0, **environment):
    """Run a case of native_cases.py in a process and return its result."""
    done = subprocess.run(
        [sys.executable, TESTS / "native_cases.py", name, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ | {"NETREP_FAULTS": "1"} | environment,
    )
    assert done.returncode == returncode, done.stderr
    # OpenBLAS may add a line of its own where a job still runs when the process ends.
    return json.loads(done.stdout.splitlines()[0]) if returncode == 0 else done.stderr


# Layouts


def strided(x, _):
    wide = np.full((2 * x.shape[0], 3 * x.shape[1]), np.nan)
    wide[::2, ::3] = x
    return wide[::2, ::3]


def unaligned(x, _):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    y = memory[1:].view(np.float64).reshape(x.shape)
    y[:] = x
    assert not y.flags.aligned
    return y


def read_only(x, _):
    y = x.copy()
    y.flags.writeable = False
    return y


def memmap(x, folder):
    path = folder / f"{len(list(folder.iterdir()))}.dat"
    x.tofile(path)
    return np.memmap(path, x.dtype, mode="r", shape=x.shape)


LAYOUTS = {
    "fortran": lambda x, _: np.asfortranarray(x),
    "strided": strided,
    "negative": lambda x, _: x[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda x, _: np.ascontiguousarray(x.T).T,
    "broadcast": lambda x, _: np.broadcast_to(x[:, :1], x.shape),
    "unaligned": unaligned,
    "big_endian": lambda x, _: x.astype(">f8"),
    "float32": lambda x, _: x.astype(np.float32),
    "int8": lambda x, _: x.astype(np.int8),
    "bool": lambda x, _: x > 0,
    "object": lambda x, _: x.astype(object),
    "read_only": read_only,
    "memmap": lambda x, folder: memmap(x, folder).view(),
}


def fit(x, y):
    metric = LinearMetric(alpha=0.5).fit(x, y)
    return metric.mx_, metric.my_, metric.Wx_, metric.Wy_, metric.rank_


def aligner(x, y):
    model = Aligner(alpha=0.5).fit(x, y)
    return model.coef_, model.mean_, model.target_mean_, model.transform(x)


def direct_capacity(x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few features, hence no capacity
        return [
            DirectCapacity(method, n_t=50, tol=0.2, random_state=0).fit([x, y]).separability_
            for method in ("conic", "search")
        ]


def capacity_of(cls):
    def entry(x, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # few dichotomies are separable
            return learnt(fast(cls).fit([x, y]))

    return entry


def measure_of(name):
    def entry(x, y):
        return distances_of(get_measure(name), x, y)

    return entry


def matched(x, y):
    metric = PermutationMetric().fit(x, y)
    return metric.Py_, metric.score(x, y)


def energy(x, y):
    metric = EnergyStochasticMetric()
    x, y = x[None], y[None]  # 14 responses to one input
    metric.fit(x, y)
    return metric.Q, metric.score(x, y), distances_of(metric, x, y)


def gaussian(x, y):
    metric = GaussianStochasticMetric()
    x, y = ((means, np.broadcast_to(COVARIANCE, (14, 4, 4))) for means in (x, y))
    metric.fit(x, y)
    return metric.T, metric.score(x, y), distances_of(metric, x, y)


def distances_of(metric, x, y):
    return pairwise_distances(metric, [x, y], [y, x], verbose=False)


def mean(x, y):
    average = frechet_mean([x, y], random_state=0)
    return average, euclidean_tangent_space([x, y], average)


def kmeans(x, y):
    model = ProcrustesKMeans(2, random_state=0).fit([x, y, y])
    return model.cluster_centers_, model.labels_


def transformed(x):
    work = np.array(x[:8, 0], np.float64)
    fwht(work)
    return work


def mantel_of(x, y):
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    D1, D2 = (np.maximum(z, z.T) * apart for z in (x, y))
    result = mantel(D1, D2, method="spearman", n_permutations=9, random_state=0)
    return result.statistic, result.null_distribution


def of_maps(x):
    found = cluster_test(x, correction="tfce", n_permutations=9, random_state=0)
    groups = cluster_test(x[:5], x[5:], correction="max", n_permutations=9, random_state=0)
    return [found.pvalue_corrected, groups.statistic]


def ceilings(*subjects):
    subjects = [x.astype(float) if x.dtype.kind == "O" else x for x in subjects]  # which it refuses
    around = searchlight_noise_ceiling(subjects, neighbors=[[0, 1, 2, 3]], metric="euclidean")
    inside = searchlight_noise_ceiling(subjects, mask=np.ones(4), radius=3, metric="euclidean")
    return around.scores, inside.scores


def searchlights(x):
    if x.dtype.kind == "O":  # which it refuses
        x = x.astype(np.float64)
    around = searchlight(x, MODEL, neighbors=[[0, 1], [1, 2, 3]], metric="euclidean")
    inside = searchlight(x, MODEL, mask=np.ones(4), radius=1, metric="euclidean")
    return around.scores, inside.scores


def over_time(x):
    design = {"conditions": np.arange(14) % 7, "folds": np.arange(14) // 7, "metric": "crossnobis"}
    noise = {"noise": NoiseNormalizer(), "noise_from": "pooled"}
    return time_resolved(x[:, :, np.newaxis], MODEL[:21], **design, **noise).scores


COVARIANCE = np.eye(4) + 0.5
MODEL = np.random.default_rng(4).random(91)
METRIC = LinearMetric(alpha=0.5)
TRAINED = LinearMetric(alpha=0.5).fit(
    np.random.default_rng(1).standard_normal((9, 4)),
    np.random.default_rng(2).standard_normal((9, 4)),
)
ENTRY_POINTS = {
    "fit": fit,
    "partial_fit": lambda x, y: METRIC.partial_fit(x),
    "transform": lambda x, y: TRAINED.transform(x, y),
    "fit_transform": lambda x, y: LinearMetric().fit_transform(x, y),
    "score": lambda x, y: TRAINED.score(x, y),
    "fit_score": lambda x, y: LinearMetric().fit_score(x, y),
    "neg_distance_scorer": lambda x, y: neg_distance_scorer(TRAINED, x, y),
    "LinearMetric.pairwise_distances": lambda x, y: METRIC.pairwise_distances(
        [x, y], [y, x], verbose=False
    ),
    "pairwise_distances": lambda x, y: pairwise_distances(METRIC, [x, y, x], verbose=False),
    "cross_distances": lambda x, y: cross_distances(
        METRIC, [x], [y, x], [y], [x, y], verbose=False
    ),
    "Aligner": aligner,
    "find_center_directions": lambda x, y: find_center_directions(
        [x[:3], x[3:6], x[6:7], y], random_state=0
    ),
    "center_correlation_cost": lambda x, y: center_correlation_cost(x, np.eye(4)[:, :1]),
    "separate": lambda x, y: separate(x, np.arange(14) % 2),
    "project_on_cone": lambda x, y: project_on_cone(x, y),
    "compare": lambda x, y: compare(x[:, :3], y[:, 1:], "rho-a"),
    "DirectCapacity, both methods": direct_capacity,
    "evaluate": lambda x, y: (
        evaluate(
            x[:, :3], y[:, 1:], "rho-a", resample="subjects", n_bootstraps=9, random_state=0
        ).draws
    ),
    "noise_ceilings": lambda x, y: (
        noise_ceilings([x[:, :3], y[:, 1:]], "rho-a", n_permutations=3, random_state=0).lower
    ),
    "searchlight_noise_ceiling": ceilings,
    "permutation_test": lambda x, y: (
        permutation_test(
            x[:, :3], y[:, 1:], "rho-a", n_permutations=9, random_state=0
        ).null_distribution
    ),
    "rdm": lambda x, y: rdm([x, y], "sqeuclidean"),
    "PermutationMetric": matched,
    "EnergyStochasticMetric": energy,
    "GaussianStochasticMetric": gaussian,
    "ConvolutionalMetric": lambda x, y: ConvolutionalMetric().fit_score(
        x[:, None, None, :], y[:, None, None, :]
    ),
    "frechet_mean": mean,
    "ProcrustesKMeans": kmeans,
    "searchlight": lambda x, y: searchlights(x),
    "time_resolved": lambda x, y: over_time(x),
    "cluster_test": lambda x, y: of_maps(x),
    "mantel": lambda x, y: mantel_of(x[:4], y[:4]),
    "fwht": lambda x, y: transformed(x),
    "sq_bures_metric": lambda x, y: sq_bures_metric(COVARIANCE, COVARIANCE + float(x[0, 0] ** 2)),
    "whiten": lambda x, y: whiten(x, 0.5),
    **{name: measure_of(name) for name in IN_MATRICES},
    **{cls.__name__: capacity_of(cls) for cls in CAPACITY},
}


def owned_bytes(x):
    """Return all the memory that an array is a view of."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x.tobytes()


@pytest.mark.parametrize("entry", ENTRY_POINTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(entry, layout, tmp_path):
    rng = np.random.default_rng(0)
    x, y = (
        LAYOUTS[layout](rng.integers(-8, 9, (14, 4)).astype(np.float64), tmp_path) for _ in range(2)
    )
    plain = [np.array(a, dtype=np.float64, order="C") for a in (x, y)]
    before = owned_bytes(x), owned_bytes(y)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # ties, dead units, starts that do not converge
        found, expected = (ENTRY_POINTS[entry](*arrays) for arrays in ((x, y), plain))
    assert before == (owned_bytes(x), owned_bytes(y))
    np.testing.assert_equal(found, expected, strict=False)


def test_entry_points_reach_every_routine(monkeypatch):
    reached = set()

    def record(start):
        def recording(routine, *arguments, **options):
            reached.add(routine)
            return start(routine, *arguments, **options)

        return recording

    for name in ("call", "run"):
        monkeypatch.setattr(_native, name, record(getattr(_native, name)))
    x, y = np.random.default_rng(0).standard_normal((2, 14, 4))
    for entry in ENTRY_POINTS.values():
        entry(x, y)
    others = {"core.check_blas", "core.fault", "core.use_blas"}  # take no arrays of users
    assert reached == set(_native.routines()) - others


SAME_VALUES = LAYOUTS.keys() - {"broadcast", "float32", "int8", "bool"}


@pytest.mark.parametrize("layout", sorted(SAME_VALUES))
def test_finalize_fit_takes_caches_of_any_layout(layout, tmp_path):
    metric = LinearMetric(alpha=0.5)
    x, y = np.random.default_rng(0).standard_normal((2, 14, 4))
    caches = metric.partial_fit(x), metric.partial_fit(y)
    expected = metric.finalize_fit(*caches).score(x, y)
    laid_out = [
        (mean, *(LAYOUTS[layout](matrix, tmp_path) for matrix in matrices))
        for mean, *matrices in caches
    ]
    assert metric.finalize_fit(*laid_out).score(x, y) == expected


# Bad input

GOOD = np.random.default_rng(0).standard_normal((12, 4))


def spoiled(value):
    x = GOOD.copy()
    x[3, 1] = value
    return x


BAD = {
    "empty": np.empty((0, 4)),
    "no columns": np.empty((12, 0)),
    "1-D": GOOD[:, 0],
    "3-D": GOOD[None],
    "object": np.full((12, 4), object()),
    "complex": GOOD + 1j,
    "sparse": scipy.sparse.csr_array(GOOD),
    "strings": np.full((12, 4), "a"),
    "string": "abc",
    "ragged": [[1.0, 2.0], [3.0]],
    "dict": {"a": GOOD},
    "None": None,
    "NaN": spoiled(np.nan),
    "inf": spoiled(-np.inf),
}
NETWORKS = [GOOD] * 3
TAKERS = {
    "fit X": (lambda bad: LinearMetric().fit(bad, GOOD), "X"),
    "fit Y": (lambda bad: LinearMetric().fit(GOOD, bad), "Y"),
    "partial_fit": (lambda bad: LinearMetric().partial_fit(bad), "X"),
    "transform": (lambda bad: TRAINED.transform(GOOD, bad), "Y"),
    "score": (lambda bad: TRAINED.score(bad, GOOD), "X"),
    "fit_score": (lambda bad: LinearMetric().fit_score(GOOD, bad), "Y"),
    "LinearMetric.pairwise_distances": (
        lambda bad: METRIC.pairwise_distances([*NETWORKS, bad], verbose=False),
        "train_data[3]",
    ),
    "traindata": (
        lambda bad: pairwise_distances(METRIC, [*NETWORKS, bad], verbose=False),
        "traindata[3]",
    ),
    "testdata": (
        lambda bad: pairwise_distances(METRIC, NETWORKS, [GOOD, bad, GOOD], verbose=False),
        "testdata[1]",
    ),
    "Ys": (
        lambda bad: cross_distances(METRIC, NETWORKS, [GOOD, bad], verbose=False),
        "Ys[1]",
    ),
    "Xs_test": (
        lambda bad: cross_distances(METRIC, NETWORKS, [GOOD], [bad] * 3, [GOOD], verbose=False),
        "Xs_test[0]",
    ),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_named(taker, bad):
    function, name = TAKERS[taker]
    with pytest.raises((ValueError, TypeError)) as raised:
        function(BAD[bad])
    words = re.split(r"[ ,:]", str(raised.value).lower())
    assert name.lower() in words


@pytest.mark.parametrize("bad", BAD)
def test_aligner_refuses_bad_input(bad):
    """The messages are scikit-learn's, which do not always name the argument."""
    model = Aligner().fit(GOOD, GOOD)
    for function in (
        lambda: Aligner().fit(BAD[bad], GOOD),
        lambda: Aligner().fit(GOOD, BAD[bad] if bad != "1-D" else GOOD[None]),
        lambda: model.transform(BAD[bad]),
    ):
        with pytest.raises((ValueError, TypeError)):
            function()


@pytest.mark.parametrize(
    ("function", "match"),
    [
        (lambda: LinearMetric().fit(GOOD, GOOD[:5]), r"\(12, 4\) and \(5, 4\)"),
        (lambda: LinearMetric(zero_pad=False).fit(GOOD, GOOD[:, :3]), r"\(12, 3\)"),
        (lambda: TRAINED.transform(GOOD[:, :3], GOOD[:, :3]), r"4 columns.*\(12, 3\)"),
        (lambda: TRAINED.score(GOOD, GOOD[:5]), r"\(12, 4\) and \(5, 4\)"),
        (
            lambda: pairwise_distances(METRIC, [GOOD, GOOD[:5]], verbose=False),
            r"traindata\[1\] has 5 samples",
        ),
        (
            lambda: pairwise_distances(METRIC, NETWORKS, NETWORKS[:2], verbose=False),
            "3 networks .* and 2 in the test data",
        ),
        (
            lambda: pairwise_distances(METRIC, NETWORKS, [GOOD, GOOD[:, :3], GOOD], verbose=False),
            r"traindata\[1\] has 4 features and testdata\[1\] has 3",
        ),
        (
            lambda: cross_distances(METRIC, [GOOD], [GOOD, GOOD[:5]], verbose=False),
            r"Ys\[1\] has 5 samples",
        ),
        (
            lambda: cross_distances(METRIC, [GOOD], [GOOD], [GOOD], NETWORKS, verbose=False),
            "Ys_test must have one array for each of the 1 networks",
        ),
        (
            lambda: pairwise_distances(
                LinearMetric(zero_pad=False), [GOOD, GOOD[:, :3]], verbose=False
            ),
            r"traindata\[1\] 3",
        ),
        (lambda: pairwise_distances(METRIC, [], verbose=False), "traindata must hold"),
        (lambda: cross_distances(METRIC, [GOOD], [], verbose=False), "Ys must hold"),
        (
            lambda: pairwise_distances(METRIC, [GOOD, np.ones((12, 4))], verbose=False),
            r"traindata\[1\]: the activations do not vary",
        ),
        (lambda: pairwise_distances(METRIC, NETWORKS, n_jobs=0), "n_jobs"),
    ],
)
def test_mismatches_are_named(function, match):
    with pytest.raises(ValueError, match=match):
        function()


# Sizes


@needs_proc
def test_huge_inputs():
    found = case("huge_inputs")
    assert found.pop("after")
    assert {message.partition(":")[0] for message in found.values()} == {"MemoryError"}


@needs_proc
def test_huge_scratch():
    assert case("huge_scratch") == {"raised": "MemoryError", "after": True}


@needs_proc
def test_no_room():
    found = case("no_room")
    assert found.pop("after")
    assert set(found.values()) == {"MemoryError"}


@needs_proc
def test_little_room():
    found = case("little_room")
    assert found.pop("after")
    errors = [text for text in found.values() if "Error" in text]
    assert len(errors) > 4
    assert set(errors) == {"MemoryError"}


@pytest.mark.long
@needs_proc
def test_huge_counts():
    found = case("huge_counts")
    assert found["after"]
    plain = found["plain"]
    wrong = {key for key, text in plain.items() if text}
    assert wrong == {"capacity.analyze_mat", "capacity.collect_mat"}  # there is no such file
    assert len(found["huge"]) > 400
    for call, (text, seconds) in found["huge"].items():
        key, name, value = call.split()
        refusal = rf"(ValueError|MemoryError|OverflowError): .*\b{name}\b"
        if not re.match(refusal, text):
            assert name in counts.FREE, (call, text)
            assert text == plain[key], call
            assert int(value) < 2**63, call
        else:
            assert seconds < 5, call  # on a machine that does more


def test_all_that_takes_counts_is_called_with_huge_ones():
    assert set(counts.found()) == set(counts.DATA)


def test_many_networks():
    assert case("many_networks").startswith(("MemoryError", "ValueError"))


# The gateway


def test_wrong_calls():
    found = case("wrong_calls")
    assert found["after"]
    assert set(found["statuses"]) == set(_native.routines())
    assert all(set(statuses) <= {1, 4} for statuses in found["statuses"].values())
    assert found["unknown"].startswith("RuntimeError: unknown routine")


def test_nearly_right_calls():
    assert case("nearly_right_calls") == {"accepted": [], "after": True}


# Every routine, by its example


def laid_out(inputs, layout):
    """Return inputs with their arrays of numbers, those in lists too, in a layout."""

    def lay_out(value):
        if isinstance(value, list):
            return [lay_out(item) for item in value]
        return layout(value) if isinstance(value, np.ndarray) else value

    return {name: lay_out(value) for name, value in inputs.items()}


def arrays_in(inputs):
    for value in inputs.values():
        yield from value if isinstance(value, list) else [value]


def test_every_routine_has_an_example():
    assert EXAMPLES.keys() == set(_native.routines())


@pytest.mark.parametrize("routine", EXAMPLES)
def test_examples_fill_their_outputs(routine):
    outputs, inputs = example(routine)
    before = {name: x.tobytes() for name, x in outputs.items()}
    if routine != "core.fault":
        _native.call(routine, outputs, inputs)
    assert not [name for name, x in outputs.items() if x.tobytes() == before[name]]


@pytest.mark.parametrize("routine", EXAMPLES)
def test_order_of_names_does_not_matter(routine):
    outputs, inputs = example(routine)
    ordered = {name: inputs[name] for name in _native.signatures()[routine].inputs}
    backwards = dict(reversed(ordered.items()))
    assert answer_of(routine, backwards) == answer_of(routine, ordered)
    with pytest.raises(RuntimeError, match="report this"):
        _native.call(routine, outputs, inputs | {"surplus": 1.0})


@pytest.mark.parametrize("routine", EXAMPLES)
def test_inputs_are_read_only(routine, tmp_path):
    _, inputs = example(routine)
    expected = answer_of(routine, inputs)
    for layout in (np.copy, lambda x: read_only(x, None), lambda x: mapped(x, tmp_path)):
        given = laid_out(inputs, layout)
        before = [np.array(x).tobytes() for x in arrays_in(given)]
        assert answer_of(routine, given) == expected
        assert [np.array(x).tobytes() for x in arrays_in(given)] == before


def mapped(x, folder):
    return memmap(x, folder) if x.size else x


@pytest.mark.parametrize("layout", ["strided", "unaligned", "big_endian"])
@pytest.mark.parametrize("routine", EXAMPLES)
def test_other_layouts_are_refused(routine, layout):
    """They are cast above the gateway: here each would be read as something else."""
    outputs, inputs = example(routine)
    for name, value in inputs.items():
        if isinstance(value, np.ndarray) and value.size > 1:
            wrong = inputs | {name: UNPREPARED[layout](value)}
            with pytest.raises(RuntimeError, match="unprepared"):
                _native.call(routine, outputs, wrong)


def misplaced(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    y = memory[1:].view(x.dtype).reshape(x.shape)
    y[:] = x
    return y


UNPREPARED = {
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "unaligned": misplaced,
    "big_endian": lambda x: x.astype(x.dtype.newbyteorder()),
}


@pytest.mark.parametrize("routine", EXAMPLES)
def test_examples_do_not_depend_on_threads(routine):
    _, inputs = example(routine)
    expected = answer_of(routine, inputs, n_jobs=1)
    assert [answer_of(routine, inputs, n_jobs=n) for n in (2, 3, None)] == [expected] * 3
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda n: answer_of(routine, inputs, n_jobs=n), (1, 2) * 4)
        assert list(together) == [expected] * 8


# Those that end before anybody would cancel them.
SHORT = {
    "capacity.correlation_cost",
    "core.check_blas",
    "core.fault",
    "core.use_blas",
    "metrics.aligned_distance",
    "metrics.center",
    "metrics.linear_align",
    "metrics.linear_partial_fit",
    "metrics.permutation_match",
    "rsa.ranks",
    "utils.fwht",
    "utils.sq_bures_metric",
    "utils.whiten",
}


def test_long_routines_can_be_cancelled():
    found = case("cancelled_calls")
    assert found["after"]
    assert {name for name, status in found["statuses"].items() if status == 3} == (
        EXAMPLES.keys() - SHORT
    )


def test_examples_in_a_fork():
    found = case("fork_with_examples")
    assert found["after"]
    assert found["child"].keys() == EXAMPLES.keys()
    assert all("'loky' backend" in message for message in found["child"].values())


def test_unprepared_array():
    with pytest.raises(RuntimeError, match="unprepared"):
        _native.call(
            "metrics.permutation_match", {"columns": np.empty(12)}, {"x": GOOD.T, "y": GOOD.T}
        )


# Names


def test_errors_have_the_names_of_the_user():
    plain, named = "network 1, held-out network 0", "V4, test[0]"
    assert case("named_errors") == [
        f"ValueError: data: {names} and condition 2 differ"
        for names in (plain, plain, named, named)
    ]


def test_arguments_by_name():
    x, y = GOOD[:, :2].copy(), GOOD[:, 2:].copy()
    columns, expected = np.empty((2, 2), np.int64)
    _native.call("metrics.permutation_match", {"columns": expected}, {"x": y, "y": x})
    _native.call("metrics.permutation_match", {"columns": columns}, {"y": x, "x": y})
    np.testing.assert_array_equal(columns, expected)
    distance = np.empty(1)
    inputs = {"score": "euclidean", "rank": 2, "y": y, "x": x}
    _native.run("metrics.aligned_distance", {"distance": distance}, inputs)
    np.testing.assert_allclose(distance, np.linalg.norm(x - y))


@pytest.mark.parametrize(
    ("outputs", "inputs", "match"),
    [
        ({}, {"x": GOOD, "y": GOOD}, "outputs .* are columns, got none"),
        ({"Columns": GOOD}, {"x": GOOD, "y": GOOD}, "outputs .* are columns, got Columns"),
        ({"columns": GOOD}, {"x": GOOD}, "inputs .* are x, y, got x;"),
        ({"columns": GOOD}, {"x": GOOD, "y": GOOD, "z": GOOD}, "got x, y, z"),
    ],
)
def test_wrong_names_of_arguments(outputs, inputs, match):
    for start in (_native.call, _native.run):
        with pytest.raises(RuntimeError, match=f"{match}.* report this"):
            start("metrics.permutation_match", outputs, inputs)


def test_unknown_option():
    inputs = {"x": GOOD, "y": GOOD, "rank": 4, "score": "cosine"}
    with pytest.raises(ValueError, match=r"\(score\) must be one of 'angular'.*got \"c"):
        _native.call("metrics.aligned_distance", {"distance": np.empty(1)}, inputs)


# Faults


@pytest.mark.parametrize("handler", ["before", "after", "never"])
def test_faults(handler):
    """Faults raise, with faulthandler enabled before Go is loaded, after, or not at all."""
    found = case("faults", handler)
    types = {
        "panic": ("RuntimeError: netrep_go broke", "a fault in the routine", "goroutine"),
        "panic in a task": ("RuntimeError: netrep_go broke", "a fault in task", "goroutine"),
        "nil": ("RuntimeError: netrep_go broke", "nil pointer", "goroutine"),
        "memory": ("MemoryError: ", "not enough memory"),
        "numerical": ("LinAlgError: ", "a fault"),
        "none": ("ValueError: ", "(mode) must be one of 'panic'|"),
    }
    assert set(found) >= types.keys() - {"nil"}
    for mode, (called, ran, works) in found.items():
        for message in (called, ran):
            assert message.startswith(types[mode][0])
            assert all(part in message for part in types[mode])
        assert works


@needs_proc
def test_recovered_panics_leave_no_memory():
    assert case("many_faults") < 8


def test_faults_are_locked():
    found = case("faults", "never", NETREP_FAULTS="")
    del found["none"]  # is refused before
    assert all("set NETREP_FAULTS" in called for called, _, _ in found.values())


# Interrupts


@pytest.mark.parametrize(
    "job", ["bootstrap", "cohort", "searchlight", "sleep", "separate", "train"]
)
def test_interrupt(job, record_property):
    found = case("interrupt", job)
    record_property("seconds from SIGINT to KeyboardInterrupt", found["delay"])
    assert found["raised"] == "KeyboardInterrupt: "
    assert found["delay"] < 1
    assert found["after"]
    assert found["ended"]


@pytest.mark.parametrize(
    "job",
    [
        "whiten",
        "linear",
        "cost",
        *(
            pytest.param(job, marks=pytest.mark.long)
            for job in ("econ_svd", "aligner", "permutation")
        ),
    ],
)
def test_interrupt_of_a_pair(job, record_property):
    found = case("interrupt_of_a_pair", job)
    record_property("seconds from SIGINT to KeyboardInterrupt", found["delay"])
    assert found["raised"] == "KeyboardInterrupt: "
    assert found["delay"] < 1


def test_interrupt_beside_a_thread_in_go():
    assert case("interrupt_beside_thread") == {"raised": "KeyboardInterrupt: ", "equal": True}


@pytest.mark.parametrize("source", ["signal", "progress", "start"])
def test_any_exception_ends_a_job(source):
    expected = {"raised": f"TimeoutError: from {source}", "after": True, "ended": True}
    assert case("break_off", source) == expected


def test_interrupted_calls_restore_blas_threads():
    before, after = case("interrupted_calls")
    assert before == after


@pytest.mark.parametrize(("how", "returncode"), [("end", 0), ("exit", 3), ("raise", 1)])
def test_exit_during_a_job(how, returncode):
    case("leave", how, timeout=30, returncode=returncode)


# Fork

STATES = ("imported", "loaded", "used", "busy")


@pytest.mark.parametrize("state", STATES)
def test_workers(state):
    found = case("forks", state, timeout=120)
    assert found.pop("subprocess") == ""
    if state != "imported":
        for worker in ("os.fork", "fork", "multiprocessing"):
            message = found.pop(worker)
            assert message.startswith("RuntimeError"), worker
            assert all(remedy in message for remedy in ("spawn", "forkserver", "loky"))
    assert found == dict.fromkeys(found, answer())
    assert {"threading", "parent"} <= found.keys()


def test_fork_while_loading():
    found = case("fork_while_loading")
    assert found["child"].startswith("RuntimeError")
    assert found["parent"]


# Threads


def test_threads():
    assert case("threads")


def test_blas_threads_are_restored():
    for before, after in case("blas_threads"):
        assert before == after


def test_distances_do_not_depend_on_threads():
    found = [case("fingerprints", GOMAXPROCS=str(n)) for n in (1, 2, 8)]
    for dtype in ("float64", "float32"):
        assert len({digest for run in found for digest in run[dtype]}) == 1


# State


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_of_fitted_estimators(copied):
    other = np.random.default_rng(3).standard_normal((12, 4))
    metric = copied(TRAINED)
    assert metric.score(GOOD, other) == TRAINED.score(GOOD, other)
    model = Aligner(alpha=0.2).fit(GOOD, other)
    np.testing.assert_array_equal(copied(model).transform(GOOD), model.transform(GOOD))
    assert not hasattr(clone(metric), "Wx_")
    assert clone(metric).get_params() == TRAINED.get_params()


def test_pickle_in_another_process(tmp_path):
    path = tmp_path / "metric.pickle"
    path.write_bytes(pickle.dumps((TRAINED, GOOD, GOOD[::-1])))
    assert case("score_pickled", path) == TRAINED.score(GOOD, GOOD[::-1])


@needs_proc
def test_small_calls_leave_no_memory():
    assert case("small_calls") < 5


@needs_proc
def test_large_fits_leave_no_memory():
    assert case("large_fits") < 32


@needs_proc
def test_cancelled_jobs_leave_nothing():
    found = case("cancelled_jobs")
    assert found["grown"] < 4
    assert found["files"] == 0
    assert found["ended"]


# Loading


def test_import_does_not_load_go():
    assert case("import_all") is False


def test_import_leaves_what_few_functions_need():
    assert case("import_metrics") == []


@pytest.mark.parametrize("n", [30, 100])
def test_calls_in_the_calling_thread_are_few_numbers(n, monkeypatch):
    """Also those in lists: what takes long must be interruptible, and use all workers."""
    threads = []
    monkeypatch.setattr(_native, "run", lambda *args, **kwargs: threads.append(args))
    X, Y = np.random.default_rng(0).standard_normal((2, n, 25))
    LinearCKA()._compare(X, Y)
    assert len(threads) == (X.size + Y.size > 4096)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [("missing", "pip install --force-reinstall"), ("version", "install the package again")],
)
def test_load_failure(kind, remedy):
    for message in case("bad_extension", kind):
        assert message.startswith("ImportError: ")
        assert remedy in message
        assert "\n" not in message


def test_small_numbers_stay():
    """Go's side is compiled with -Ofast, which must not set flush-to-zero."""
    before, *after = case("small_numbers")
    assert 0 < before[0] < sys.float_info.min
    assert after == [before] * 3
