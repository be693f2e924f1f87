"""Draw every display, as wide as a column and as a page, on white and on black.

    python examples/gallery.py --output gallery

The data are random, with effects that can be seen. Each file is named after the display, with
its width in tenths of an inch and the ground: ``capacity_34_dark.png``.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from netrep_go import capacity, covariates, encoding, inference, plotting, report, rsa
from netrep_go.multiset import pairwise_distances

WIDTHS = (3.4, 7.0)
AREAS = ("V1", "V2", "V4", "IT")
FIGURES: dict[str, tuple[float, Callable[..., Any]]] = {}


def figure(ratio: float = 0.75) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add a function that draws on axes, of this height over width; 0 if it makes a figure."""

    def add(draw: Callable[..., Any]) -> Callable[..., Any]:
        FIGURES[draw.__name__] = ratio, draw
        return draw

    return add


def drawn(name: str, width: float, *, dark: bool) -> Any:
    """Return a display, drawn in the style of a paper."""
    ratio, draw = FIGURES[name]
    with plt.rc_context(style_of(name, width, dark=dark)):
        if ratio == 0:
            return draw(width)
        _, ax = plt.subplots(layout="constrained")
        return draw(ax)


def style_of(name: str, width: float, *, dark: bool) -> dict[str, Any]:
    """Return the settings that a figure is drawn and saved with."""
    height = (FIGURES[name][0] or 1) * width
    return plotting.paper_style(width=width, height=height, dark=dark)


def networks(n: int = 12) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return activations of networks that learn two tasks, and what is known of them."""
    rng = np.random.default_rng(0)
    tasks, noise = rng.standard_normal((2, 60, 20)), rng.standard_normal((n, 60, 20))
    progress = np.linspace(0, 1, n)
    found = {
        f"net {k}": (1 - p) * noise[k] + p * tasks[k % 2] + 0.2 * rng.standard_normal((60, 20))
        for k, p in enumerate(progress)
    }
    accuracy = 0.5 + 0.45 * progress**0.5
    return found, {"accuracy": accuracy, "task": [("object", "scene")[k % 2] for k in range(n)]}


def subjects_rdms(n_conditions: int = 16, n_subjects: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return patterns of conditions in two categories, and RDMs of subjects."""
    rng = np.random.default_rng(1)
    patterns = rng.standard_normal((n_conditions, 40))
    patterns[: n_conditions // 2] += rng.standard_normal(40)
    return patterns, rsa.rdm(patterns + 2.5 * rng.standard_normal((n_subjects, n_conditions, 40)))


def model_rdms(patterns: np.ndarray, n_models: int) -> dict[str, np.ndarray]:
    """Return RDMs of models that have more and more to do with patterns."""
    rng = np.random.default_rng(2)
    shares = np.linspace(0, 1, n_models)
    noise = rng.standard_normal((n_models, *patterns.shape))
    return {
        f"model {k + 1}": rsa.rdm(p * patterns + (1 - p) * z)
        for k, (p, z) in enumerate(zip(shares, noise, strict=True))
    }


@figure(0.8)
def distance_matrix(ax: Any) -> Any:
    """Draw the distances of networks."""
    D = pairwise_distances("procrustes", networks()[0], verbose=False)
    names = list(networks()[0])
    return plotting.DistanceMatrixDisplay.from_distances(
        D, names=names, cluster=True, label="Procrustes distance (rad)", ax=ax
    )


@figure()
def embedding(ax: Any) -> Any:
    """Draw networks in the plane, by task and accuracy."""
    activations, table = networks()
    D = pairwise_distances("procrustes", activations, verbose=False)
    return plotting.EmbeddingDisplay.from_distances(
        D, names=list(activations), covariates=table, hue="accuracy", style="task", ax=ax
    )


@figure()
def dendrogram(ax: Any) -> Any:
    """Draw a tree of networks, by task."""
    activations, table = networks()
    D = pairwise_distances("procrustes", activations, verbose=False)
    return plotting.DendrogramDisplay.from_distances(
        D,
        names=list(activations),
        covariates=table,
        hue="task",
        label="Procrustes distance (rad)",
        ax=ax,
    )


@figure(0)
def aligned_activations(width: float) -> Any:
    """Draw principal components of two networks."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["cat", "dog", "car"], 20)
    X = rng.standard_normal((60, 10)) + 4 * (labels[:, None] == np.unique(labels)) @ np.eye(3, 10)
    _, axes = plt.subplots(1, 2, figsize=(width, width / 2), layout="constrained")
    nets = {"one": X, "two": X + 0.5 * rng.standard_normal(X.shape)}
    return plotting.AlignedActivationsDisplay.from_activations(nets, labels, ax=axes)


@figure(0)
def comparison(width: float) -> Any:
    """Draw three measures of the same networks."""
    found = inference.compare_networks(
        networks(8)[0], ["cka", "procrustes", "mutual_knn"], verbose=False
    )
    return found.plot(width=width)


@figure(0)
def disagreement(width: float) -> Any:
    """Draw which measures disagree, and where."""
    table = inference.compare_networks(
        networks(8)[0], ["cka", "procrustes", "mutual_knn", "rsa"], verbose=False
    )
    shape, size = ((1, 2), (width, 0.5 * width)) if width > 5 else ((2, 1), (width, 1.3 * width))
    _, axes = plt.subplots(*shape, figsize=size, layout="constrained")
    return plotting.DisagreementDisplay.from_disagreement(
        inference.disagreement(table), n_pairs=8, ax=axes
    )


@figure(0.8)
def calibration(ax: Any) -> Any:
    """Draw values beside those of shuffled networks."""
    some = networks(5)[0]
    found = inference.calibrate("cka", some, n_permutations=199, random_state=0, verbose=False)
    return plotting.CalibrationDisplay.from_calibration(found, ax=ax)


@figure(0.8)
def bootstrap_intervals(ax: Any) -> Any:
    """Draw values with their intervals."""
    found = inference.bootstrap("cka", networks(5)[0], random_state=0, verbose=False)
    return plotting.BootstrapIntervalsDisplay.from_intervals(found, ax=ax)


@figure()
def value_differences(ax: Any) -> Any:
    """Draw which layers are closer to a network."""
    X, noise = np.random.default_rng(0).standard_normal((2, 100, 5))
    layers = {f"conv{k + 1}": k / 3 * X + noise for k in range(4)}
    found = inference.compare_values("cka", X, layers, verbose=False)
    return plotting.ValueDifferencesDisplay.from_differences(found, ax=ax)


@figure()
def reliability(ax: Any) -> Any:
    """Draw how alike halves of networks are."""
    some = list(networks(4)[0].values())
    found = inference.reliability("cka", some, n_splits=10, random_state=0, verbose=False)
    return plotting.ReliabilityDisplay.from_reliability(found, ax=ax)


@figure(1.0)
def measure_benchmark(ax: Any) -> Any:
    """Draw a ranking of measures."""
    rng = np.random.default_rng(0)
    measures = ["cka", "procrustes", "svcca", "rsa", "mutual_knn"]
    score = rng.random((2, 5)) * [[1.0], [0.5]]
    found = inference.MeasureBenchmark(
        measures, [("layers", "spearman"), ("labels", "auprc")], score,
        np.full((2, 5), 0.02), np.zeros(2), 10, 0.95, {}, {},
    )  # fmt: skip
    return plotting.MeasureBenchmarkDisplay.from_benchmark(found, ax=ax)


@figure(0.85)
def rdm(ax: Any) -> Any:
    """Draw an RDM with the names of conditions."""
    patterns, _ = subjects_rdms()
    names = [f"{('animal', 'tool')[k // 8]} {k % 8 + 1}" for k in range(16)]
    vector = rsa.rdm(patterns)
    return plotting.RDMDisplay.from_rdm(vector, names=names, metric="correlation", ax=ax)


@figure(0)
def rdms(width: float) -> Any:
    """Draw the RDMs of four areas."""
    patterns, _ = subjects_rdms()
    rng = np.random.default_rng(3)
    found = {
        area: rsa.rdm(patterns + (3 - k) * rng.standard_normal(patterns.shape))
        for k, area in enumerate(AREAS)
    }
    return plotting.RDMsDisplay.from_rdms(found, ranks=True, metric="correlation", width=width)


@figure()
def rdm_embedding(ax: Any) -> Any:
    """Draw conditions in the plane, by category."""
    patterns, _ = subjects_rdms()
    names = [f"{('animal', 'tool')[k // 8]} {k % 8 + 1}" for k in range(16)]
    hue = np.repeat(["animals", "tools"], 8)
    return plotting.RDMEmbeddingDisplay.from_rdm(rsa.rdm(patterns), names=names, hue=hue, ax=ax)


@figure(0.9)
def model_evaluation(ax: Any) -> Any:
    """Draw five models, with a line for each pair that differs."""
    patterns, subjects = subjects_rdms()
    found = rsa.evaluate(model_rdms(patterns, 5), subjects)
    return plotting.ModelEvaluationDisplay.from_evaluation(found, marks="lines", ax=ax)


@figure(1.3)
def model_evaluation_many(ax: Any) -> Any:
    """Draw 25 models, with a matrix of the pairs that differ."""
    patterns, subjects = subjects_rdms()
    found = rsa.evaluate(model_rdms(patterns, 25), subjects)
    return plotting.ModelEvaluationDisplay.from_evaluation(found, ax=ax)


@figure()
def layer_evaluation(ax: Any) -> Any:
    """Draw layers as they are, remixed and reweighted."""
    patterns, subjects = subjects_rdms()
    rng = np.random.default_rng(4)
    y = np.arange(80) % 2
    layers, training = {}, {}
    for k in range(5):
        layers[f"conv{k + 1}"] = k * patterns + 8 * rng.standard_normal(patterns.shape)
        training[f"conv{k + 1}"] = rng.standard_normal((80, 40)) + y[:, None]
    found = rsa.evaluate_layers(layers, subjects, training=training, y=y, cv=4, random_state=0)
    return found.plot(ax=ax)


@figure()
def variance_partition(ax: Any) -> Any:
    """Draw what two sets of models explain."""
    low, high = np.random.default_rng(0).random((2, 120))
    noise = np.random.default_rng(1).random((6, 120))
    parts = rsa.partition_variance(
        {"edges": low, "objects": 0.5 * low + high}, low + high + noise, n_bootstraps=200,
        random_state=0,
    )  # fmt: skip
    return parts.plot(ax=ax)


@figure(0.6)
def reweighting(ax: Any) -> Any:
    """Draw the weights of layers."""
    patterns, subjects = subjects_rdms()
    return rsa.reweight(model_rdms(patterns, 6), subjects, cv=4, random_state=0).plot(ax=ax)


@figure(0.6)
def permutation_test(ax: Any) -> Any:
    """Draw the null distributions of models."""
    patterns, subjects = subjects_rdms()
    models = model_rdms(patterns, 5)
    return rsa.permutation_test(models, subjects, n_permutations=999, random_state=0).plot(ax=ax)


@figure()
def mantel_test(ax: Any) -> Any:
    """Draw the null distribution of one test."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((12, 1))
    D = np.abs(x - x.T)
    noise = rng.random((12, 12))
    return covariates.mantel(D, D + noise + noise.T - np.diag(2 * noise.diagonal()),
                             n_permutations=999, random_state=0).plot(ax=ax)  # fmt: skip


def course(n_models: int) -> tuple[Any, list[Any]]:
    """Return the time courses of models, and their clusters."""
    rng = np.random.default_rng(0)
    patterns = rng.standard_normal((n_models, 10, 20))
    times = np.arange(-100, 500, 20)
    data = rng.standard_normal((8, 10, 20, len(times)))
    for k, pattern in enumerate(patterns):
        peak = np.exp(-(((times - 80 - 300 * k / n_models) / 60) ** 2))
        data += 1.2 * pattern[:, :, np.newaxis] * peak
    names = {f"layer {k + 1}": rsa.rdm(pattern) for k, pattern in enumerate(patterns)}
    found = rsa.time_resolved(data, names, times=times, noise_ceiling=n_models == 3)
    scores = found.scores.swapaxes(0, 1)
    return found, [rsa.cluster_test(s, n_permutations=255, random_state=0) for s in scores]


@figure(0.65)
def time_course(ax: Any) -> Any:
    """Draw the time courses of three layers."""
    found, clusters = course(3)
    return found.plot(clusters=clusters, unit="ms", ax=ax)


@figure(0.9)
def time_course_many(ax: Any) -> Any:
    """Draw the time courses of twelve layers."""
    found, clusters = course(12)
    return found.plot(clusters=clusters, unit="ms", ax=ax)


@figure(0.85)
def temporal_generalization(ax: Any) -> Any:
    """Draw decoding from one time to another."""
    rng = np.random.default_rng(0)
    y = np.arange(20) % 2
    data = rng.standard_normal((6, 20, 3, 16))
    data[..., 4:12] += 1.5 * y[:, np.newaxis, np.newaxis]
    found = encoding.generalize_times(data, y, times=np.arange(16) * 25.0 - 100)
    clusters = encoding.cluster_test(found.scores, popmean=found.chance, random_state=0)
    return found.plot(clusters=clusters, unit="ms", ax=ax)


@figure(0.6)
def fusion(ax: Any) -> Any:
    """Draw when four areas have what is there at a time."""
    rng = np.random.default_rng(0)
    times, patterns = np.arange(-100.0, 500, 20), rng.standard_normal((4, 16, 30))
    strength = np.exp(-(((times - 100 - 80 * np.arange(4)[:, np.newaxis]) / 60) ** 2))
    meg = np.einsum("acf,at->cft", patterns, strength) + rng.standard_normal((8, 16, 30, 30))
    fmri = [
        dict(zip(AREAS, patterns + rng.standard_normal(patterns.shape), strict=True))
        for _ in range(8)
    ]
    found = rsa.fusion(meg, fmri, times=times, over="both")
    return found.plot(clusters=found.cluster_test(random_state=0), unit="ms", ax=ax)


@figure(0)
def searchlight(width: float) -> Any:
    """Draw slices of a map on an anatomy of finer voxels."""
    import nibabel

    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in (20, 24, 18)], indexing="ij"))
    inside = np.linalg.norm(grid, axis=0) < 0.95
    patterns = rng.standard_normal((8, 20))
    data = rng.standard_normal((8, 20, 24, 18))
    blob = np.exp(-(np.linalg.norm(grid - np.array([0.4, -0.4, 0.1])[:, None, None, None],
                                   axis=0) ** 2) / 0.05)  # fmt: skip
    data += (
        2
        * np.tensordot(patterns, rng.standard_normal((20, 20 * 24 * 18)), 1).reshape(data.shape)
        * blob
        / 4
    )
    affine = np.diag([8.0, 8.0, 8.0, 1.0])
    affine[:3, 3] = (-76, -110, -60)
    found = rsa.searchlight(
        data, {"objects": rsa.rdm(patterns)}, mask=inside.astype(float), radius=20.0,
        affine=affine,
    )  # fmt: skip
    return found.plot(background=anatomy(nibabel), width=width, threshold=0.35)


def anatomy(nibabel: Any) -> Any:
    """Return something like a head, of voxels of 3 mm."""
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in (54, 65, 49)], indexing="ij"))
    depth = np.linalg.norm(grid, axis=0)
    folds = np.sin(25 * grid[0]) * np.sin(21 * grid[1]) * np.sin(18 * grid[2])
    values = np.where(depth < 0.97, 100 + 30 * folds - 40 * (depth > 0.9), 0.0)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    affine[:3, 3] = (-80, -114, -64)
    return nibabel.Nifti1Image(values, affine)


@figure(0.8)
def best_layers(ax: Any) -> Any:
    """Draw how well layers predict."""
    rng = np.random.default_rng(0)
    layers = {f"conv{k}": rng.standard_normal((60, 8)) for k in range(1, 6)}
    Y = np.hstack([x @ rng.standard_normal((8, 2 * k)) for k, x in enumerate(layers.values())])
    model = encoding.EncodingModel().fit(layers, Y + 2 * rng.standard_normal(Y.shape))
    return encoding.best_layers(model).plot(ax=ax)


def estimators(n_layers: int, seed: int, kind: Any) -> dict[str, Any]:
    """Return estimators that are fitted to layers of a network."""
    rng = np.random.default_rng(seed)
    centers, spread = rng.standard_normal((2, 16, 1, 60))
    samples = rng.standard_normal((16, 6, 60))
    return {
        f"conv{k + 1}": kind().fit(list(centers + spread / 3 + (1.4 - 0.3 * k) * samples))
        for k in range(n_layers)
    }


def fast(kind: Any) -> Any:
    """Return a maker of estimators that do not take long."""
    options = {"n_searches": 1} if kind is capacity.MeanFieldCapacity else {}
    return lambda: kind(n_t=40, random_state=0, **options)


@figure(0)
def layer_report(width: float) -> Any:
    """Draw a report on the layers of two networks."""
    rng = np.random.default_rng(4)
    classes, y = rng.standard_normal((12, 40)), np.tile(np.arange(12), 5)
    layers = {
        f"net {k}": {
            f"layer {j}": j / 2 * classes[y] + 2 * rng.standard_normal((60, 40)) for j in range(4)
        }
        for k in range(2)
    }
    subjects = classes[y] + rng.standard_normal((5, 60, 40))
    found = report.layer_report(
        layers,
        y,
        targets=subjects[0, :, :8],
        rdms=rsa.rdm(subjects),
        capacity=fast(capacity.MeanFieldCapacity)(),
        n_permutations=199,
        random_state=0,
        verbose=False,
    )
    return found.plot(width=width)


@figure(0)
def capacities(width: float) -> Any:
    """Draw three kinds of estimates of the same layers."""
    kinds = {
        "mean field": capacity.MeanFieldCapacity,
        "direct": capacity.DirectCapacity,
        "joint": capacity.JointCapacity,
    }
    found = {name: estimators(4, 0, fast(kind)) for name, kind in kinds.items()}
    return plotting.CapacityDisplay.from_estimators(found, ax=four(width))


@figure(0)
def capacities_of_seeds(width: float) -> Any:
    """Draw means over seeds of two architectures."""
    found, groups = {}, []
    for seed in range(12):
        found[f"seed {seed}"] = estimators(3 + seed % 2, seed, fast(capacity.MeanFieldCapacity))
        groups.append(("narrow", "wide")[seed % 2])
    return plotting.CapacityDisplay.from_estimators(found, groups=groups, ax=four(width))


def four(width: float) -> Any:
    """Return four axes, beside each other on a page and in two rows of a column."""
    shape = (1, 4) if width > 5 else (2, 2)
    size = (width, 0.4 * width if width > 5 else width)
    return plt.subplots(*shape, figsize=size, layout="constrained")[1].ravel()


@figure(0)
def manifold_geometry(width: float) -> Any:
    """Draw the capacity, radius and dimension of manifolds."""
    X = np.random.default_rng(0).standard_normal((6, 5, 20))
    names = ["cat", "dog", "car", "cup", "tree", "face"]
    fitted = capacity.MeanFieldCapacity([0.0, 0.5], n_t=40, n_searches=1, random_state=0)
    fitted.fit(dict(zip(names, X, strict=True)))
    _, axes = plt.subplots(1, 3, figsize=(width, 0.3 * width + 1.1), layout="constrained")
    return fitted.plot(ax=axes)


@figure()
def separability(ax: Any) -> Any:
    """Draw the separable fraction of dichotomies."""
    X = np.random.default_rng(0).standard_normal((10, 3, 30))
    return capacity.DirectCapacity(random_state=0).fit(X).plot(ax=ax)


@figure()
def center_directions(ax: Any) -> Any:
    """Draw the search for directions of centers."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((12, 4, 30)) + 2 * rng.standard_normal(30)
    return capacity.find_center_directions(X, random_state=0).plot(ax=ax)


@figure(0.5)
def image_manifolds(ax: Any) -> Any:
    """Draw samples of manifolds of images."""
    images = np.cumsum(np.random.default_rng(0).random((3, 4, 12, 12)) - 0.5, axis=-1)
    names = ["a", "b", "c"]
    images = (images - images.min()) / np.ptp(images)
    return plotting.ImageManifoldsDisplay.from_images(images, names=names, ax=ax)


def main() -> None:
    """Draw and save the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("gallery"))
    parser.add_argument("names", nargs="*", help="figures to draw (default: all)")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    plt.switch_backend("Agg")
    for name in args.names or FIGURES:
        save(name, args.output, WIDTHS)


def save(name: str, folder: Path, widths: tuple[float, ...]) -> Any:
    """Save a figure in these widths, on white and on black, and return the last display."""
    for width in widths:
        for dark in (False, True):
            display = drawn(name, width, dark=dark)
            ground = "dark" if dark else "light"
            with plt.rc_context(style_of(name, width, dark=dark)):
                display.figure_.savefig(folder / f"{name}_{10 * width:.0f}_{ground}.png")
            plt.close(display.figure_)
    return display


if __name__ == "__main__":
    main()
