"""Relate the representations of small networks to their width, depth, accuracy and seed.

Trains a family of networks on handwritten digits, measures the angular shape distance
between the last hidden layers of every two of them, and asks what the distances tell
about the networks:

    python examples/digits_covariates.py --output demo_output

1. How well do points of a Euclidean space stand for the networks, also new ones?
2. How well do the points predict the properties of networks that were held out?
3. Which network stands for its architecture, and how alike are neighbors?
4. Which properties matter, by permutation tests of the distances themselves?

These are the analyses of Williams, Kunz, Kornblith & Linderman (2021), Generalized
shape metrics on neural representations, NeurIPS 34, at the size of a laptop. They need
nothing but a matrix of distances: any other metric can take the place of this one.
"""

import argparse
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from netrep_go.covariates import knn_permutation, mantel, permanova
from netrep_go.datasets import digits_networks
from netrep_go.embedding import EuclideanEmbedding, medoids
from netrep_go.metrics import LinearMetric
from netrep_go.multiset import pairwise_distances

FAMILY = {"widths": (16, 32, 64, 128), "depths": (1, 2, 3), "n_seeds": 5}
QUICK = {"widths": (16, 32), "depths": (1, 2), "n_seeds": 4, "max_iter": 5}
FOLDS = KFold(n_splits=5, shuffle=True, random_state=0)
MODELS = {
    "mean of the others": DummyRegressor(),
    "5 nearest neighbors": KNeighborsRegressor(n_neighbors=5, weights="distance"),
    "ridge regression": RidgeCV(alphas=np.logspace(-6, 2, 17)),
    "support vectors": TransformedTargetRegressor(SVR(C=10.0), transformer=StandardScaler()),
}


def main():
    """Run the analyses and write their tables."""
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    with timed("train the networks"):
        digits = digits_networks(**(QUICK if args.quick else FAMILY))
        table = pd.DataFrame(digits.networks).rename(columns={"test_accuracy": "accuracy"})
        table["log2_width"] = np.log2(table["width"])
        table["architecture"] = table.groupby(["width", "depth"]).ngroup()
    with timed("distances"):
        metric = LinearMetric(alpha=1.0, score_method="angular")
        D = pairwise_distances(metric, digits.activations, verbose=False, n_jobs=args.n_jobs)

    with timed("embeddings"):
        distortions = distort(D)
    with timed("predictions"):
        predictions = predict(D, table)
    with timed("medoids and neighbors"):
        architectures = summarize(D, table)
    with timed("permutation tests"):
        tests = permute(D, table, n_permutations=999 if args.quick else 9999)

    report("Relative error of embedded distances", distortions)
    report("Properties of held-out networks predicted from the embedding", predictions)
    report("Architectures", architectures)
    report("Permutation tests", tests)
    for name, result in {
        "distortions": distortions,
        "predictions": predictions,
        "architectures": architectures,
        "permutation_tests": tests,
    }.items():
        result.to_csv(args.output / f"{name}.csv", index=False)
    print(f"\nTables are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--n-jobs", type=int, help="threads for the distances (default: all CPUs)")
    parser.add_argument("--quick", action="store_true", help="fewer, smaller networks")
    return parser.parse_args()


@contextmanager
def timed(step):
    """Print how long a step takes."""
    start = time.perf_counter()
    yield
    print(f"{step:<32}{time.perf_counter() - start:6.1f} s", flush=True)


def distort(D):
    """Embed in several dimensions: the distortion of embedded and of held-out networks."""
    rows = []
    for n_components in (2, 5, 10, 20, 40, None):
        if n_components is not None and n_components > 0.6 * len(D):
            continue
        embedding = EuclideanEmbedding(n_components).fit(D)
        scores = cross_val_score(EuclideanEmbedding(n_components), D, cv=FOLDS)
        rows.append(
            {
                "dimensions": embedding.n_components_,
                "embedded": embedding.distortion_,
                "held_out": -scores.mean(),
                "largest": embedding.max_distortion_,
            }
        )
    return pd.DataFrame(rows)


def predict(D, table):
    """Predict the properties of the networks of each fold from those of the others."""
    rows = []
    for target in ("log2_width", "depth", "accuracy"):
        for name, model in MODELS.items():
            result = cross_validate(
                make_pipeline(EuclideanEmbedding(), model),
                D,  # the embedding tells scikit-learn to take rows and columns out
                table[target],
                cv=FOLDS,
                scoring=("r2", "neg_mean_absolute_error"),
            )
            error = -result["test_neg_mean_absolute_error"]
            rows.append(
                {
                    "property": target,
                    "model": name,
                    "mean_absolute_error": error.mean(),
                    "r2": result["test_r2"].mean(),
                }
            )
    return pd.DataFrame(rows)


def summarize(D, table):
    """Find the medoid of each architecture and what each network's neighbor shares."""
    neighbors = NearestNeighbors(n_neighbors=1, metric="precomputed").fit(D)
    distance, nearest = (a.ravel() for a in neighbors.kneighbors())
    pairs = table.assign(nearest=distance)
    for column in ("width", "depth"):
        pairs[f"same_{column}"] = table[column].to_numpy() == table[column].to_numpy()[nearest]
    columns = ["width", "depth", "accuracy", "nearest", "same_width", "same_depth"]
    summary = pairs.groupby("architecture")[columns].mean()
    summary["medoid_seed"] = table["seed"].to_numpy()[medoids(D, table["architecture"])]
    return summary.astype({"width": int, "depth": int})


def permute(D, table, n_permutations):
    """Test the distances against each property with another one held fixed."""
    labels = [("log2_width", "depth"), ("depth", "width"), ("seed", "architecture")]
    numbers = [("log2_width", "depth"), ("depth", "width"), ("accuracy", "architecture")]
    rows = []

    def add(test, name, fixed, values, **options):
        result = test(
            D,
            values,
            strata=table[fixed],
            n_permutations=n_permutations,
            random_state=0,
            **options,
        )
        rows.append(result.to_frame().assign(property=name, held_fixed=fixed))

    for name, fixed in numbers:
        add(mantel, name, fixed, differences(table[name]), alternative="greater")
    for name, fixed in labels:
        add(permanova, name, fixed, table[name])
    for name, fixed in labels:
        add(knn_permutation, name, fixed, table[name], n_neighbors=3)
    columns = ["test", "property", "held_fixed", "statistic", "r_squared", "null_mean", "pvalue"]
    return pd.concat(rows, ignore_index=True)[columns]


def differences(values):
    """Return the absolute differences between all pairs of values."""
    values = values.to_numpy()
    return np.abs(values - values[:, np.newaxis])


def report(title, table):
    """Print a table under its title."""
    print(f"\n{title}\n{table.to_string(index=False, float_format='{:.4f}'.format, na_rep='')}")


if __name__ == "__main__":
    main()
