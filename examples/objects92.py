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

import pandas as pd
from sklearn.decomposition import PCA

from netrep_go.datasets import objects92
from netrep_go.plotting import RDMDisplay, RDMEmbeddingDisplay
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
    n_bootstraps = 200 if args.quick else 10_000
    tables = {"species": compare_species(objects, n_bootstraps)}
    evaluation = evaluate(
        objects.models, objects.subjects, resample="both", n_bootstraps=n_bootstraps, random_state=0
    )
    contrasts = compare_models(evaluation)
    tables["models"] = tabulate_models(objects, evaluation, n_bootstraps)
    tables["pairs"] = contrasts.to_frame()
    partition = partition_variance(
        {
            "low-level": [objects.models[name] for name in LOW_LEVEL],
            "categories": [objects.models[name] for name in CATEGORIES],
            "monkey": objects.monkey,
        },
        objects.subjects,
        cv=10,
        n_bootstraps=n_bootstraps // 10,
        random_state=0,
    )
    tables["variance"] = partition.to_frame()
    tables["weighted"] = weigh_models(objects)
    tables["pixels"] = weigh_pixels(objects)
    for name, table in tables.items():
        table.to_csv(args.output / f"objects92_{name}.csv", index=False)
        print(f"\n{name}\n{table.round(4).to_string(index=False)}")
    draw(objects, evaluation, contrasts, partition, args.output)
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


def compare_species(objects, n_permutations):
    """Similarity of human and monkey, and its permutation p-value."""
    rows = []
    for method in ("spearman", "pearson", "tau-a", "corr_cov"):
        test = permutation_test(
            objects.monkey, objects.human, method, n_permutations=n_permutations, random_state=0
        )
        similarity = compare(objects.human, objects.monkey, method)
        rows.append({"method": method, "similarity": similarity, "pvalue": test.pvalue[0]})
    return pd.DataFrame(rows)


def tabulate_models(objects, evaluation, n_permutations):
    """Return the similarities of models to the subjects, with permutation p-values."""
    permuted = permutation_test(
        objects.models, objects.subjects, n_permutations=n_permutations, random_state=0
    )
    return evaluation.to_frame().assign(pvalue_permutation=permuted.pvalue_corrected)


def weigh_models(objects):
    """Predict each subject by the models, weighted on other images."""
    models = {name: objects.models[name] for name in LOW_LEVEL + CATEGORIES}
    result = reweight(models, objects.subjects, method="pearson", random_state=0)
    best = compare(models, objects.subjects, "pearson").max(axis=0)
    return result.to_frame().assign(best_single=best)


def weigh_pixels(objects):
    """Predict human RDMs by principal components of the pixels, weighted on other images."""
    pixels = objects.images[:, ::5, ::5].reshape(len(objects.images), -1) / 255.0
    components = PCA(30, random_state=0).fit_transform(pixels)
    rows = []
    for name, measured in (("human", objects.human), ("monkey", objects.monkey)):
        result = reweight_features(components, measured, alphas=10, positive=True, random_state=0)
        plain = compare(rdm(pixels, "sqeuclidean"), measured, "pearson")
        rows.append({"rdm": name, "pixels": plain, "weighted": result.score})
    return pd.DataFrame(rows)


def draw(objects, evaluation, contrasts, partition, output):
    """Draw RDMs, the images in a plane, the models and the parts of the variance."""
    for name, vector in (("human", objects.human), ("monkey", objects.monkey)):
        save(RDMDisplay.from_rdm(vector, ranks=True), output, f"rdm_{name}")
        display = RDMEmbeddingDisplay.from_rdm(vector, images=objects.images)
        save(display, output, f"mds_{name}")
    display = evaluation.plot(contrasts=contrasts)
    save(display, output, "models")
    save(partition.plot(), output, "variance")


def save(display, output, name):
    """Write a figure."""
    from matplotlib import pyplot as plt

    display.figure_.savefig(output / f"objects92_{name}.png", dpi=150)
    plt.close(display.figure_)


if __name__ == "__main__":
    main()
