"""Compare human and monkey cortex, and models of them, by 92 images of objects.

The RDMs of Kriegeskorte et al. (2008), Matching categorical object representations in
inferior temporal cortex of man and monkey, Neuron 60, 1126-1141, from the files that
rsatoolbox publishes with its demos (https://github.com/rsagroup/rsatoolbox, folder
demos/92imageData):

    NETREP_GO_OBJECTS92=path/to/92imageData python examples/objects92.py --output demo_output

1. How alike are the two species, and could it be chance?
2. Which models come near to the noise ceiling of the four human subjects, with confidence
   intervals for other images and subjects, and which models differ?
3. What do low-level features, categories and the monkey explain alone and together?
4. How far does a weighted sum of the models get, for images that it was not fitted to?
5. Can weighted pixels do what pixels do not?
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import squareform
from scipy.stats import rankdata
from sklearn.decomposition import PCA

from netrep_go.datasets import objects92
from netrep_go.plotting import DistanceMatrixDisplay, EmbeddingDisplay, VariancePartitionDisplay
from netrep_go.rsa import (
    compare,
    compare_models,
    evaluate,
    partition_variance,
    permutation_test,
    rdm,
    reweight,
    reweight_features,
)

LOW_LEVEL = ["EVA", "HMAX", "V1", "Silhouette", "RADON"]
CATEGORIES = ["animacy", "FaceBodyManmadeNatobj"]


def main():
    """Run the analyses; write their tables and figures."""
    args = parse_arguments()
    try:
        objects = objects92(args.data)
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from None
    args.output.mkdir(parents=True, exist_ok=True)
    n_draws = 200 if args.quick else 10_000
    tables = {"species": compare_species(objects, n_draws)}
    tables["models"], tables["pairs"] = compare_with_subjects(objects, n_draws)
    partition = partition_variance(
        {
            "low-level": [objects.models[name] for name in LOW_LEVEL],
            "categories": [objects.models[name] for name in CATEGORIES],
            "monkey": objects.monkey,
        },
        objects.subjects,
        cv=10,
        n_bootstraps=n_draws // 10,
        random_state=0,
    )
    tables["variance"] = partition.to_frame()
    tables["weighted"] = weigh_models(objects)
    tables["pixels"] = weigh_pixels(objects)
    for name, table in tables.items():
        table.to_csv(args.output / f"objects92_{name}.csv", index=False)
        print(f"\n{name}\n{table.round(3).to_string(index=False)}")
    draw(objects, partition, tables["models"], args.output)
    print(f"\nTables and figures are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with the files of rsatoolbox")
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--quick", action="store_true", help="few random draws")
    return parser.parse_args()


def compare_species(objects, n_draws):
    """Similarity of human and monkey, and its permutation p-value."""
    rows = []
    for method in ("spearman", "pearson", "tau-a", "corr_cov"):
        test = permutation_test(
            objects.monkey, objects.human, method, n_permutations=n_draws, random_state=0
        )
        similarity = compare(objects.human, objects.monkey, method)
        rows.append({"method": method, "similarity": similarity, "p": test.p_value[0]})
    return pd.DataFrame(rows)


def compare_with_subjects(objects, n_draws):
    """Compare the models with the subjects, and the models with each other."""
    evaluation = evaluate(
        objects.models, objects.subjects, resample="both", n_draws=n_draws, random_state=0
    )
    permuted = permutation_test(
        objects.models, objects.subjects, n_permutations=n_draws, random_state=0
    )
    models = evaluation.to_frame().assign(p_permutation=permuted.p_corrected)
    return models, compare_models(evaluation).to_frame()


def weigh_models(objects):
    """Predict each subject by the models, weighted on other images."""
    names = LOW_LEVEL + CATEGORIES
    layers = np.stack([objects.models[name] for name in names])
    result = reweight(layers, objects.subjects, method="pearson", random_state=0)
    best = compare(layers, objects.subjects, "pearson").max(axis=0)
    table = result.to_frame().rename(columns={f"weight_{k}": n for k, n in enumerate(names)})
    return table.assign(best_single=best)


def weigh_pixels(objects):
    """Predict human RDMs by principal components of the pixels, weighted on other images."""
    pixels = objects.images[:, ::5, ::5].reshape(len(objects.images), -1) / 255.0
    components = PCA(30).fit_transform(pixels)
    rows = []
    for name, target in (("human", objects.human), ("monkey", objects.monkey)):
        result = reweight_features(
            components, target, similarity="sqeuclidean", alphas=10, positive=True, random_state=0
        )
        plain = compare(rdm(pixels, "sqeuclidean"), target, "pearson")
        rows.append({"target": name, "pixels": plain, "weighted": result.score})
    return pd.DataFrame(rows)


def draw(objects, partition, models, output):
    """Draw RDMs, the images in a plane, the models and the parts of the variance."""
    for name, vector in (("human", objects.human), ("monkey", objects.monkey)):
        ranks = rankdata(vector) / len(vector)
        display = DistanceMatrixDisplay.from_distances(
            squareform(ranks), name=f"{name} IT: rank of dissimilarity"
        )
        save(display, output, f"rdm_{name}")
        display = EmbeddingDisplay.from_distances(
            squareform(vector), covariates={"category": objects.categories}, hue="category"
        )
        save(display, output, f"mds_{name}")
    save(VariancePartitionDisplay.from_partition(partition), output, "variance")
    draw_models(models, output)


def draw_models(models, output):
    """Draw the similarity of each model to the subjects, and the noise ceiling."""
    from matplotlib import pyplot as plt

    models = models.sort_values("similarity", ascending=False)
    figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
    similarity = models["similarity"].to_numpy()
    errors = np.abs(models[["ci_low", "ci_high"]].to_numpy().T - similarity)
    ax.bar(models["model"], similarity, yerr=errors, color="#3f90da", ecolor="0.2")
    ceiling = models[["noise_ceiling_low", "noise_ceiling_high"]].iloc[0]
    ax.axhspan(*ceiling, color="0.85", zorder=0, label="noise ceiling")
    ax.set_ylabel("Spearman correlation with human IT")
    plt.setp(ax.get_xticklabels(), rotation=45, ha="right")
    ax.legend(frameon=False)
    figure.savefig(output / "objects92_models.png", dpi=150)
    plt.close(figure)


def save(display, output, name):
    """Write a figure."""
    from matplotlib import pyplot as plt

    display.figure_.savefig(output / f"objects92_{name}.png", dpi=150)
    plt.close(display.figure_)


if __name__ == "__main__":
    main()
