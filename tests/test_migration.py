"""The pages for those who come from other packages: every old name is there, new lines run."""

import importlib
import inspect
import json
import pkgutil
import re
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse.csgraph
import sklearn.utils
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata
from sklearn.cluster import DBSCAN, AgglomerativeClustering
from sklearn.manifold import MDS, TSNE, Isomap

import netrep_go
from netrep_go import capacity, datasets, extract, metrics, multiset, plotting, rsa

matplotlib.use("Agg")

DOCS = Path(__file__).parents[1] / "docs"

# What netrep, mftma and dnn-object-manifolds define without an underscore, less demonstrations.
# rsatoolbox is installed here, and asked itself, but for what another function there calls by an
# option and for parts of figures.
NAMES = json.loads((Path(__file__).parent / "golden" / "old_names.json").read_text())
# Modules of rsatoolbox that its own documentation does not have: what others are made of.
INSIDE = re.compile(
    r"rsatoolbox\.(util\.(?!searchlight|weighted_mds)|test|cengine|resources|io\.optional)"
)


def rsatoolbox_names():
    """Return the functions and classes that rsatoolbox defines for its users."""
    package = pytest.importorskip("rsatoolbox")
    found = set()
    for info in pkgutil.walk_packages(package.__path__, "rsatoolbox."):
        if INSIDE.match(info.name):
            continue
        try:
            module = importlib.import_module(info.name)
        except ImportError:  # of a package for files that is not here
            continue
        for name, member in vars(module).items():
            defined = inspect.isfunction(member) or inspect.isclass(member)
            if defined and member.__module__ == info.name and not name.startswith("_"):
                found.add(name)
    assert len(found) > 100
    return found.difference(NAMES["rsatoolbox_parts"])


def page(name):
    return (DOCS / f"from_{name}.rst").read_text()


def tables(text):
    """Yield the rows of the tables of a page, as lists of cells."""
    for table in re.findall(r"\.\. list-table::\n(.*?)(?=\n\S|\Z)", text, re.DOTALL):
        for row in re.split(r"\n   \* - ", "\n" + table)[2:]:
            yield [" ".join(cell.split()) for cell in re.split(r"\n     - ", row)]


def literals(cell):
    return re.findall(r"``(.+?)``", cell)


@pytest.mark.parametrize("name", ["netrep", "mftma", "matlab", "rsatoolbox"])
def test_every_function_of_the_old_package_is_on_its_page(name):
    old = rsatoolbox_names() if name == "rsatoolbox" else NAMES[name]
    words = set(re.findall(r"\w+", page(name)))
    assert sorted(set(old) - words) == []


class World(dict):
    """What a new line may use: the public names, and small data under the names of the page."""

    def __init__(self, **data):
        super().__init__()
        for module in (plotting, rsa, capacity, metrics, multiset, datasets, extract):
            self.update({name: getattr(module, name) for name in module.__all__})
        self.update(netrep_go=netrep_go, scipy=scipy, sklearn=sklearn, np=np, pd=pd)
        self.update(extract=extract, squareform=squareform, pdist=pdist, rankdata=rankdata, **data)


def of_netrep(tmp_path):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 20, 5))
    train, test = rng.standard_normal((2, 4, 20, 5))
    for name in ("multiset", "kmeans", "conv_layers", "utils", "validation", "rbf_sampler"):
        importlib.import_module(f"netrep_go.{name}")
    for name in ("linear", "perm", "cka", "stochastic", "stochastic_process"):
        importlib.import_module(f"netrep_go.metrics.{name}")
    A, B = rng.standard_normal((2, 6, 4, 4, 3))
    D = multiset.pairwise_distances("procrustes", list(train), verbose=False)
    return World(
        X=X, Y=Y, train=list(train), test=list(test), Xs=list(train), Ys=list(test), A=A, B=B, D=D,
        k=2, metric=metrics.LinearMetric(), C=np.eye(6), t=2, p=3, DBSCAN=DBSCAN, MDS=MDS,
        TSNE=TSNE, AgglomerativeClustering=AgglomerativeClustering, Isomap=Isomap,
    )  # fmt: skip


def manifolds():
    rng = np.random.default_rng(0)
    return [c + 0.3 * rng.standard_normal((9, 20)) for c in rng.standard_normal((4, 1, 20))]


def recorded(function, value):
    """Return a stand-in that takes what a function takes, of a model that is not here."""

    def call(*args, **kwargs):
        inspect.signature(function).bind(*args, **kwargs)
        return value

    return call


def of_mftma(tmp_path):
    X = [samples.T for samples in manifolds()]
    rows = np.concatenate([x.T for x in X])
    mftma = importlib.import_module("netrep_go.mftma")
    extractor = importlib.import_module("netrep_go.mftma.utils.activation_extractor").extractor
    return World(
        X=X, kappa=0, n_t=50, t_vecs=None, samples=rows, y=np.repeat(range(4), 9), t=np.ones(20),
        centers=np.stack([x.mean(axis=1) for x in X]), V=np.eye(20)[:, :2], B=np.ones((3, 20)),
        S=X[0].T, images=None, model=None, layers=recorded(extract.layers, {}), extractor=extractor,
        activations=recorded(extract.activations, {"conv": rows}),
        manifold_analysis_corr=mftma.manifold_analysis_corr,
        alldata_dimension_analysis=mftma.alldata_dimension_analysis,
    )  # fmt: skip


def of_matlab(tmp_path):
    X = manifolds()
    images = np.random.default_rng(0).random((3, 48, 48))

    def analyze_mat(prefix, **options):
        direct = [] if "n_neurons" in options else [capacity.DirectCapacity(n_t=20)]
        quick = [capacity.MeanFieldCapacity(n_t=20), *direct]
        return capacity.analyze_mat(prefix, quick, **options)

    return World(
        analyze_mat=analyze_mat, X=X, kappa=0.0, R=0.5, D=4, n=15, k=1, N=10, K=3, images=images,
        B=np.ones((3, 20)), S=X[0],
        centers=np.stack([x.mean(axis=0) for x in X]), V=np.eye(20)[:, :2], x=np.concatenate(X[:2]),
        y=np.repeat([0, 1], 9), labels=np.repeat(range(4), 9), layers={"conv": np.concatenate(X)},
        T=datasets.affine_manifolds(images, "rotation", n_samples=5).coordinates,
    )  # fmt: skip


def of_rsatoolbox(tmp_path):
    rng = np.random.default_rng(0)
    s, r = np.tile(list("abcdef"), 4), np.repeat([1, 2, 3, 4], 6)
    X = rng.standard_normal((24, 10)) + np.tile(rng.standard_normal((6, 10)), (4, 1))
    layers = rsa.rdm(rng.standard_normal((3, 12, 20)))
    rdms = rsa.rdm(rng.standard_normal((6, 12, 30)) + rng.standard_normal((12, 30)))
    flexible = {"w": rsa.FlexibleModel(layers), "one": layers[0]}
    partial = rdms.copy()
    partial[:, 3] = np.nan
    D = layers[0]
    return World(
        X=X, s=s, r=r, E=rng.standard_normal((60, 10)), precision=np.eye(10), channels=[0, 2],
        counts=rng.poisson(5.0, (6, 10)).astype(float), trials=rng.standard_normal((12, 8, 20)),
        times=np.arange(20) / 100, models={"V1": D, "V2": layers[1]}, D=D, layers=layers, rdms=rdms,
        a=layers[:2], b=layers, sigma=np.eye(12), folds=np.arange(12) % 4, flexible=flexible,
        frame=pd.DataFrame(X[:6], index=list("abcdef")), order=np.arange(12)[::-1], partial=partial,
        labels=list("abcdefghijkl"), categories=[0, 1] * 6, path=str(tmp_path / "x"), fun=np.sqrt,
        two={"one": layers[0], "two": layers[1:]}, mask=np.ones((4, 4, 4), bool),
        images=SimpleNamespace(dataobj=rng.standard_normal((4, 4, 4, 6)), affine=np.eye(4)),
        table={"trial_type": list("abc") * 2}, volumes=rng.standard_normal((12, 4, 4, 4)),
        low=np.quantile(D, 0.1), up=np.quantile(D, 0.9),
        evaluation=rsa.evaluate({"V1": D, "V2": layers[1]}, rdms, resample="both", n_bootstraps=50),
    )  # fmt: skip


WORLDS = {"netrep": of_netrep, "mftma": of_mftma, "matlab": of_matlab, "rsatoolbox": of_rsatoolbox}

# What stands beside a new line without being one: attributes and variables that a line names.
PLAIN = {
    "matlab": ["n_tested_", "theory_capacity_results", "numpy.linalg.qr"],
    "mftma": ["numpy.linalg.qr", "netrep_go.mftma.utils.make_manifold_data"],
    "netrep": ["fit_score"],
    "rsatoolbox": ["low, up = np.quantile(D, [0.1, 0.9])"],
}


def is_code(literal):
    return not re.match(r"<|\"[^\"]*\"$|\.\.\.|method=", literal)


def run(literal, world):
    """Run a new line, an option of one, or an import."""
    if re.match(r"\w+ = |from ", literal):
        exec(literal, world)
    elif option := re.match(r"(\w+)=(.*)", literal):
        takes = [f for f in world.values() if callable(f) and option[1] in parameters(f)]
        assert takes, literal
        if analyze := world.get("name") and world["analyze_mat"]:
            analyze(world["name"], **{option[1]: eval(option[2], world)})
    else:
        eval(literal, world)


def parameters(function):
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()


@pytest.mark.filterwarnings("ignore::UserWarning")  # of small data, on which numbers mean nothing
@pytest.mark.parametrize("name", WORLDS)
def test_new_lines_run(name, tmp_path):
    world = WORLDS[name](tmp_path)
    n_run = 0
    for number, row in enumerate(row for row in tables(page(name)) if len(row) == 2):
        if name == "matlab":  # a file a row: what other options made is refused
            world["name"] = write_tuning(tmp_path / f"row{number}", world["X"])
        for literal in literals(row[1]):
            if is_code(literal) and literal not in PLAIN[name]:
                run(literal, world)
                n_run += 1
    assert n_run > 10
    matplotlib.pyplot.close("all")


def write_tuning(prefix, manifolds):
    """Write a file of MATLAB's with two sets of manifolds, and return its prefix."""
    tuning = np.stack(manifolds).transpose(2, 1, 0)
    capacity.write_mat(f"{prefix}_tuning.mat", {"tuning_function": np.stack([tuning, -tuning])})
    return str(prefix)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # NaN as an integer, there
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sqrt_transform(old)", "np.sqrt(np.maximum(D, 0))"),
        ("positive_transform(old)", "np.maximum(D, 0)"),
        ("rank_transform(old)", "rankdata(D)"),
        ("minmax_transform(old)", "(D - D.min()) / np.ptp(D)"),
        ("geotopological_transform(old, 0.1, 0.9)", "np.clip((D - low) / (up - low), 0, 1)"),
        ("get_categorical_rdm(categories)", 'pdist(np.reshape(categories, (-1, 1)), "hamming")'),
        ("old.subset_pattern('index', [0, 3, 5])", "squareform(squareform(D)[np.ix_(few, few)])"),
        ('calc_rdm(ds, method="poisson")', 'rdm(counts, "poisson")'),
        ('calc_rdm(ds, method="euclidean")', 'rdm(counts, "sqeuclidean") / counts.shape[1]'),
        ('calc_rdm_unbalanced(dx, method="crossnobis", descriptor="s", cv_descriptor="r")',
         'rdm(X, "crossnobis", conditions=s, folds=r)'),
        ('calc_rdm_unbalanced(dx, method="euclidean", descriptor="s")',
         'rdm(X, "sqeuclidean", conditions=s) / X.shape[1]'),
    ],
)  # fmt: skip
def test_what_stands_beside_a_line_of_rsatoolbox_has_its_values(old, new, tmp_path):
    package = pytest.importorskip("rsatoolbox.rdm")
    Dataset = pytest.importorskip("rsatoolbox.data").Dataset
    world = of_rsatoolbox(tmp_path) | {"few": [0, 3, 5]}
    names = vars(package) | world | {"old": package.RDMs(world["D"][np.newaxis].copy())}
    labels = {"s": np.unique(world["s"], return_inverse=True)[1], "r": world["r"]}
    names |= {"ds": Dataset(world["counts"]), "dx": Dataset(world["X"], obs_descriptors=labels)}
    found = eval(old, names).get_vectors()[0]
    np.testing.assert_allclose(eval(new, dict(world)), found, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # NaN as an integer, there
def test_order_of_conditions_is_what_the_page_says():
    package = pytest.importorskip("rsatoolbox.rdm")
    Dataset = pytest.importorskip("rsatoolbox.data").Dataset
    X, s = np.arange(40.0).reshape(8, 5) ** 2, np.array([3, 1, 2, 0] * 2)
    ds = Dataset(X, obs_descriptors={"s": s})
    old = package.calc_rdm_unbalanced(ds, method="euclidean", descriptor="s")
    assert old.pattern_descriptors["s"].tolist() == [3, 1, 2, 0]
    old = package.calc_rdm(ds, method="euclidean", descriptor="s")
    assert list(old.pattern_descriptors["s"]) == [0, 1, 2, 3]
    np.testing.assert_allclose(rsa.rdm(X, "sqeuclidean", conditions=s) / 5, old.get_vectors()[0])


def test_a_line_that_does_not_run_is_found():
    with pytest.raises(NameError):
        run("no_such_function(X)", World())
    with pytest.raises(AssertionError):
        run("no_such_option=1", World())
