"""Compare 500 small networks: all pairs in a store, and what tells the networks apart.

Trains networks of several widths, depths and seeds on handwritten digits of which some are labeled
wrong, and measures the angular shape distance between the last hidden layers of every two of them,
in a folder. A fifth of the networks comes later: only their pairs are computed then.

    python examples/digits_cohort.py --output cohort_output

1. How well do points of a Euclidean space stand for the networks, and how well do distances to
   landmarks stand for all distances?
2. Which network is typical of its share of wrong labels?
3. How well does the space predict the accuracy of the networks that came later?
4. What of the distances do width, depth, wrong labels and seed explain?

Ctrl-C loses nothing: the same command goes on with the tiles that are missing.
"""

import argparse
import itertools
import time
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from matplotlib import pyplot as plt
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.neighbors import KNeighborsRegressor

from netrep_go.covariates import permanova
from netrep_go.datasets import digits_networks
from netrep_go.embedding import EuclideanEmbedding, medoids
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import DistanceStore, landmark_distances

WIDTHS, DEPTHS, NOISES, N_SEEDS = (16, 32, 64, 128), (1, 2, 3, 4, 5), (0.0, 0.1, 0.2, 0.3, 0.4), 5
METRIC = LinearMetric(alpha=1.0, score_method="angular")
COVARIATES = ("noise", "depth", "width", "seed")
REGRESSIONS = {
    "mean of the others": DummyRegressor(),
    "ridge regression": RidgeCV(alphas=np.logspace(-6, 2, 17)),
    "5 nearest neighbors": KNeighborsRegressor(
        n_neighbors=5, weights="distance", metric="precomputed"
    ),
}


def main():
    """Run the analyses and write their tables and figures."""
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    with timed("train the networks"):
        table = train(args.output / "networks", args.quick, args.n_jobs)
        table.to_csv(args.output / "networks.csv", index=False)
    later = np.random.default_rng(0).permutation(len(table)) < len(table) // 5
    table = pd.concat([table[~later], table[later]], ignore_index=True)
    n = int((~later).sum())
    if n_held(args.output / "store") <= n:  # or this goes on where it was interrupted
        with timed("distances of the first four fifths"):
            distances(args.output / "store", table[:n], args)
    with timed("distances of those that came later"):
        D = distances(args.output / "store", table, args)

    with timed("embedding and landmarks"):
        embedding = EuclideanEmbedding().fit(D[:n, :n])
        distortions = distort(D[:n, :n])
        landmarks = compare_landmarks(table, args)
    with timed("medoids"):
        typical = summarize(D, table)
    with timed("accuracy of those that came later"):
        scores, predicted = predict(embedding, D, table, n)
    with timed("permutation tests"):
        tests = explain(D, table, 99 if args.quick else 999, args.n_jobs)
    with timed("draw the figures"):
        draw_embedding(args.output / "embedding.png", D, table)
        draw_predictions(args.output / "accuracy.png", predicted, table, n)

    report("Relative error of embedded distances", distortions)
    report("Relative error of distances from landmarks", landmarks)
    report("Networks that are typical of a share of wrong labels", typical)
    report(f"Accuracy of {len(table) - n} later networks, predicted from {n}", scores)
    report("Share of the squared distances that a property explains", tests)
    print(f"\nTables and figures are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("cohort_output"))
    parser.add_argument("--n-jobs", type=int, default=-1, help="workers (default: all CPUs)")
    parser.add_argument("--quick", action="store_true", help="fewer, smaller networks")
    return parser.parse_args()


@contextmanager
def timed(step):
    """Print how long a step takes."""
    start = time.perf_counter()
    yield
    print(f"{step:<40}{time.perf_counter() - start:6.1f} s", flush=True)


def train(folder, quick, n_jobs):
    """Train the networks, write their activations to files, and return their table."""
    folder.mkdir(exist_ok=True)
    widths, depths, noises = (
        (WIDTHS[:2], DEPTHS[:2], NOISES[::4]) if quick else (WIDTHS, DEPTHS, NOISES)
    )
    families = itertools.product(widths, noises)
    work = (delayed(train_family)(folder, w, depths, noise, quick) for w, noise in families)
    return pd.concat(Parallel(n_jobs)(work), ignore_index=True)


def train_family(folder, width, depths, noise, quick):
    """Train networks of one width and one share of wrong labels, all on the same images."""
    digits = digits_networks(
        (width,), depths, N_SEEDS, label_noise=noise, max_iter=5 if quick else 20, random_state=0
    )
    table = pd.DataFrame(digits.networks).rename(columns={"test_accuracy": "accuracy"})
    table["noise"] = noise
    table["name"] = [f"w{width}-d{r.depth}-n{noise:g}-s{r.seed}" for r in table.itertuples()]
    table["path"] = [str(folder / f"{name}.npy") for name in table["name"]]
    for path, x in zip(table["path"], digits.activations, strict=True):
        np.save(path, x.astype(np.float32))
    return table


def n_held(path):
    """Return how many networks a store has."""
    return len(DistanceStore(path).names) if path.exists() else 0


def distances(path, table, args):
    """Compute what the store lacks, and return its matrix in the order of the table."""
    store = DistanceStore(path, tile_size=8 if args.quick else 50)
    status = store.pairwise_distances(
        METRIC, list(table["path"]), names=list(table["name"]), n_jobs=args.n_jobs, verbose=False
    )
    print(f"{status.n_computed} tiles of {status.n_tiles} are new")
    return store.to_frame().loc[table["name"], table["name"]].to_numpy()


def distort(D):
    """Embed in several dimensions."""
    rows = []
    for n_components in (2, 5, 10, 20, None):
        embedding = EuclideanEmbedding(n_components).fit(D)
        rows.append({"dimensions": embedding.n_components_, "error": embedding.distortion_})
    return pd.DataFrame(rows)


def compare_landmarks(table, args):
    """Estimate all distances from those to a few networks."""
    networks = [np.load(path) for path in table["path"]]
    n_pairs = len(table) * (len(table) - 1) // 2
    rows = []
    for n_landmarks in (5, 10) if args.quick else (10, 20, 40):
        found = landmark_distances(
            METRIC, networks, n_landmarks, random_state=0, n_jobs=args.n_jobs, verbose=False
        )
        rows.append(
            {
                "landmarks": n_landmarks,
                "pairs measured": f"{found.measured.size / n_pairs:.1%}",
                "error": found.error,
                "error of the mean": found.error_of_mean,
            }
        )
    return pd.DataFrame(rows)


def summarize(D, table):
    """Return the medoid of each share of wrong labels, and how far its networks are apart."""
    rows = []
    for k, (noise, group) in zip(
        medoids(D, table["noise"].to_numpy()), table.groupby("noise"), strict=True
    ):
        inside = np.flatnonzero(table["noise"] == noise)
        outside = np.flatnonzero(table["noise"] != noise)
        within = D[np.ix_(inside, inside)].sum() / (len(inside) * (len(inside) - 1))
        rows.append(
            {
                "noise": noise,
                "medoid": table["name"][k],
                "accuracy": group["accuracy"].mean(),
                "distance within": within,
                "to others": D[np.ix_(inside, outside)].mean(),
            }
        )
    return pd.DataFrame(rows)


def predict(embedding, D, table, n):
    """Place the later networks in the space of the first n, and predict their accuracy.

    Neighbors are found by the distances themselves: a new point is projected on the space.
    """
    places = embedding.embedding_, embedding.transform(D[n:, :n])
    accuracy = table["accuracy"].to_numpy()
    rows, predicted = [], {}
    for name, model in REGRESSIONS.items():
        known, new = (D[:n, :n], D[n:, :n]) if hasattr(model, "n_neighbors") else places
        predicted[name] = model.fit(known, accuracy[:n]).predict(new)
        rows.append(
            {
                "model": name,
                "mean absolute error": mean_absolute_error(accuracy[n:], predicted[name]),
                "r2": r2_score(accuracy[n:], predicted[name]),
            }
        )
    return pd.DataFrame(rows), predicted


def explain(D, table, n_permutations, n_jobs):
    """Test each property by permutations of the networks."""
    rows = []
    for name in COVARIATES:
        found = permanova(
            D, table[name].to_numpy(), n_permutations=n_permutations, random_state=0, n_jobs=n_jobs
        )
        rows.append({"property": name, "share": found.r_squared, "pvalue": found.pvalue})
    return pd.DataFrame(rows)


def draw_embedding(path, D, table):
    """Draw the networks in the first two dimensions, colored by what they are."""
    points = EuclideanEmbedding(2).fit(D).embedding_
    figure, axes = plt.subplots(
        1, 3, figsize=(13, 4), layout="constrained", sharex=True, sharey=True
    )
    for ax, name in zip(axes, ("noise", "depth", "accuracy"), strict=True):
        drawn = ax.scatter(*points.T, c=table[name], s=12, cmap="viridis")
        figure.colorbar(drawn, ax=ax, label={"noise": "share of wrong labels"}.get(name, name))
        ax.set(aspect="equal", xlabel="first axis (rad)")
    axes[0].set_ylabel("second axis (rad)")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_predictions(path, predicted, table, n):
    """Draw predicted accuracies of later networks against true ones."""
    accuracy = table["accuracy"].to_numpy()[n:]
    figure, ax = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
    for name, values in predicted.items():
        ax.plot(accuracy, values, ".", label=name)
    ax.axline((accuracy.mean(), accuracy.mean()), slope=1, color="0.6", lw=1, zorder=0)
    ax.set(xlabel="accuracy", ylabel="predicted accuracy", title="Networks that came later")
    ax.legend(frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def report(title, table):
    """Print a table."""
    print(f"\n{title}\n{table.to_string(index=False, float_format='{:.3f}'.format)}")


if __name__ == "__main__":
    main()
