"""Compare the hidden layers of small networks trained on handwritten digits.

Trains a family of networks of several widths and depths, measures the
cross-validated angular shape distance between the last hidden layers of every two
of them, and draws the distances as a heat map, a plane, a dendrogram, and the
activations themselves in a common space:

    python examples/digits_shapes.py --output demo_output

A network of one hidden layer of 64 units and the third seed is called w64-d1-s2.

The distance is that of Williams, Kunz, Kornblith & Linderman (2021), Generalized
shape metrics on neural representations, NeurIPS 34: the angle that is left between
two sets of responses to the same images after the best rotation of one onto the
other. The rotation is fitted on some images and the angle is measured on others.
"""

import argparse
import csv
import time
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot as plt
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import KFold

from netrep_go.datasets import digits_networks
from netrep_go.metrics import Aligner, LinearMetric
from netrep_go.plotting import (
    AlignedActivationsDisplay,
    DendrogramDisplay,
    DistanceMatrixDisplay,
    EmbeddingDisplay,
)

UNIT = "angular distance (rad)"


def main():
    """Run the comparison and write its tables and figures."""
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    family = {"widths": (16, 32), "n_seeds": 2} if args.quick else {}

    with timed("train the networks"):
        digits = digits_networks(**family)
    with timed("cross-validated distances"):
        train, test = cross_validate(digits.activations, args.n_jobs)
    table = digits.networks
    with timed("cluster and write the tables"):
        table["cluster"] = cluster(test, n_clusters=len(architectures(table)))
        write_networks(args.output / "networks.csv", table)
        write_distances(args.output / "distances.csv", table, train, test)
    with timed("draw the figures"):
        draw_distances(args.output, table, test)
        draw_activations(args.output / "aligned_pca.png", digits, test)
    print_findings(table, train, test)
    print(f"\nTables and figures are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--n-jobs", type=int, help="number of workers (default: all CPUs)")
    parser.add_argument("--quick", action="store_true", help="fewer, smaller networks")
    return parser.parse_args()


@contextmanager
def timed(step):
    """Print how long a step takes."""
    start = time.perf_counter()
    yield
    print(f"{step:<32}{time.perf_counter() - start:6.1f} s", flush=True)


def cross_validate(activations, n_jobs):
    """Average the distances on fitted and on held-out images over five folds."""
    metric = LinearMetric(alpha=1.0, center_columns=True, score_method="angular")
    folds = KFold(n_splits=5, shuffle=True, random_state=0).split(activations[0])
    distances = [
        metric.pairwise_distances(
            [X[train] for X in activations],
            [X[test] for X in activations],
            processes=n_jobs,
            verbose=False,
        )
        for train, test in folds
    ]
    return np.mean(distances, axis=0)


def architectures(table):
    """Return the rows of each (width, depth)."""
    pairs = np.column_stack([table["width"], table["depth"]])
    return {
        tuple(pair): np.flatnonzero((pairs == pair).all(axis=1))
        for pair in np.unique(pairs, axis=0).tolist()
    }


def names(table):
    """Name each network by its width, depth and seed."""
    return [
        f"w{width}-d{depth}-s{seed}"
        for width, depth, seed in zip(table["width"], table["depth"], table["seed"], strict=True)
    ]


def cluster(distances, n_clusters):
    """Cluster networks by average linkage."""
    model = AgglomerativeClustering(n_clusters=n_clusters, metric="precomputed", linkage="average")
    return model.fit_predict(distances)


def write_networks(path, table):
    """Write one row per network."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["network", *table])
        writer.writerows(zip(names(table), *table.values(), strict=True))


def write_distances(path, table, train, test):
    """Write one row per pair of networks."""
    name = names(table)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["network_1", "network_2", "train", "test"])
        for i, j in zip(*np.triu_indices(len(name), 1), strict=True):
            writer.writerow([name[i], name[j], train[i, j], test[i, j]])


def draw_distances(output, table, distances):
    """Draw the heat map, the plane and the dendrogram."""
    heatmap = DistanceMatrixDisplay.from_distances(
        distances, names=names(table), cluster=True, label=UNIT
    )
    save(heatmap, output / "heatmap.png")
    plane = EmbeddingDisplay.from_distances(distances, covariates=table, hue="width", style="depth")
    save(plane, output / "mds.png")
    tree = DendrogramDisplay.from_distances(
        distances, names=names(table), covariates=table, hue="width", label=UNIT
    )
    save(tree, output / "dendrogram.png")


def draw_activations(path, digits, distances):
    """Draw one network of each architecture, aligned to the most central one.

    The alignment is fitted on the images with an even index and drawn on the others.
    """
    rows = [members[0] for members in architectures(digits.networks).values()]
    widths = digits.networks["width"]
    widest = np.flatnonzero(widths == widths.max())
    center = widest[distances[widest].mean(axis=1).argmin()]
    reference = unit_norm(digits.activations[center])
    aligned = []
    for row in rows:
        X = unit_norm(digits.activations[row])
        aligned.append(Aligner().fit(X[::2], y=reference[::2]).transform(X[1::2]))
    name = names(digits.networks)
    display = AlignedActivationsDisplay.from_activations(
        aligned, digits.y[1::2], names=[name[row] for row in rows]
    )
    display.figure_.suptitle(f"Held-out images in the space of {name[center]}")
    save(display, path)


def unit_norm(X):
    """Center the units and scale to Frobenius norm one, as angles ignore both."""
    X = X - X.mean(axis=0)
    return X / np.linalg.norm(X)


def save(display, path):
    """Write a figure."""
    display.figure_.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(display.figure_)


def print_findings(table, train, test):
    """Print the table of architectures and what the distances say about them."""
    print("\nwidth  depth  networks  accuracy  distance within  to others")
    for (width, depth), rows in architectures(table).items():
        others = np.setdiff1d(np.arange(len(test)), rows)
        within = test[np.ix_(rows, rows)].sum() / (len(rows) * (len(rows) - 1))
        print(
            f"{width:5d}  {depth:5d}  {len(rows):8d}"
            f"  {table['test_accuracy'][rows].mean():8.3f}"
            f"  {within:15.3f}  {test[np.ix_(rows, others)].mean():9.3f}"
        )

    pairs = np.triu_indices(len(test), 1)
    print(
        f"\nMean distance: {train[pairs].mean():.3f} rad on fitted images, "
        f"{test[pairs].mean():.3f} rad on held-out images."
    )
    nearest = np.where(np.eye(len(test), dtype=bool), np.inf, test).argmin(axis=1)
    for covariate in ("width", "depth"):
        values = table[covariate]
        same = values[:, None] == values
        chance = (same.sum() - len(test)) / (len(test) * (len(test) - 1))
        clusters = cluster(test, n_clusters=len(np.unique(values)))
        print(
            f"The nearest network has the same {covariate} for "
            f"{np.mean(values == values[nearest]):.0%} of networks, {chance:.0%} by chance.\n"
            f"As many clusters as {covariate}s have an adjusted Rand index of "
            f"{adjusted_rand_score(values, clusters):.2f} with them."
        )


if __name__ == "__main__":
    main()
