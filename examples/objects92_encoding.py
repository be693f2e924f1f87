"""Predict human and monkey cortex from the layers of a trained network, for 92 images.

The RDMs of Kriegeskorte et al. (2008) are 1 - r between response patterns. Up to a rotation,
they hold the standardized patterns themselves, as principal coordinates: these are what the layers
of a network predict, one that finds text, in rapidocr-onnxruntime. The first ten of them, which
are predicted here, hold 30 % of the variance:

    pip install "netrep-go[examples]"
    NETREP_GO_OBJECTS92=path/to/92imageData python examples/objects92_encoding.py \
        --output demo_output

1. How well does each layer predict the coordinates, and the one with the best mean R2 of these,
   chosen inside of the training images?
2. How often is the image among others identified by what is predicted for it?
3. Can a linear readout of each layer tell animate from inanimate objects?
"""

import argparse
import importlib.util
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.spatial.distance import squareform
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from netrep_go.datasets import objects92, preprocess_images
from netrep_go.encoding import EncodingModel, decode_labels, identify
from netrep_go.extract import activations, layers

MODEL = "ch_PP-OCRv4_det_infer.onnx"
SIDE = 160  # pixels
N_COORDINATES = 10
COLUMN = 3.35  # inches, of a paper with two columns
SPECIES = {"human": "#3f90da", "monkey": "#bd1f01"}
READOUT = make_pipeline(StandardScaler(), RidgeClassifier(1000.0, class_weight="balanced"))


def main():
    """Run the analyses; write their tables and figures."""
    args = parse_arguments()
    try:
        objects = objects92(args.data)
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from None
    args.output.mkdir(parents=True, exist_ok=True)
    by_layer = network_layers(objects.images, 2 if args.quick else 5)
    folds = KFold(4, shuffle=True, random_state=0)
    table = pd.DataFrame({"layer": list(by_layer)})
    summary = []
    for species in SPECIES:
        coordinates, share = principal_coordinates(objects[species])
        model = EncodingModel(layer_per_target=False, outer_cv=folds)
        model.fit(by_layer, coordinates)
        table[species] = model.layer_score_ @ weights(coordinates)
        found = identify(model.predictions_, coordinates, folds=model.folds_, random_state=0)
        summary.append(
            {
                "species": species,
                "layer": model.layer_[0],
                "variance": share,
                "r2": model.score_ @ weights(coordinates),
                "identified": found.accuracy,
                "chance": found.chance,
                "pvalue": found.pvalue,
            }
        )
    animate = [not name.endswith("object") for name in objects.categories]
    table = table.join(decode_animate(by_layer, animate, n_permutations=19 if args.quick else 99))
    for name, found in (("layers", table), ("summary", pd.DataFrame(summary))):
        found.to_csv(args.output / f"objects92_encoding_{name}.csv", index=False)
        print(f"\n{name}\n{found.to_string(index=False, float_format='{:.4g}'.format)}")
    draw(table, args.output / "objects92_encoding.png")
    print(f"\nTables and the figure are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with the files of rsatoolbox")
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--quick", action="store_true", help="fewer layers and permutations")
    return parser.parse_args()


def network_layers(images, n_layers):
    """Return the pixels and depthwise convolutions at equal steps through the network.

    An operating system that has the package has the file; nothing of it is imported.
    """
    package = importlib.util.find_spec("rapidocr_onnxruntime")
    if package is None:
        raise SystemExit('rapidocr-onnxruntime is missing: pip install "netrep-go[examples]"')
    model = (Path(package.submodule_search_locations[0]) / "models" / MODEL).read_bytes()
    names = [
        name
        for name, kind in layers(model).items()
        if kind == "Conv" and name.startswith("depthwise")
    ]
    chosen = np.linspace(0, len(names) - 1, n_layers).round().astype(int)
    imagenet = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    X = preprocess_images(images, SIDE, crop=1.0, **imagenet)
    found = activations(
        model, X, ["input", *(names[i] for i in chosen)], projection=2000, random_state=0
    )
    return {"pixels": found["input"]} | {f"block {i + 1}": found[names[i]] for i in chosen}


def principal_coordinates(rdm):
    """Return coordinates whose inner products are those of patterns, and their share of these."""
    distances = squareform(rdm)
    center = np.eye(len(distances)) - 1 / len(distances)
    values, vectors = np.linalg.eigh(-center @ distances @ center)
    largest = values[-N_COORDINATES:]
    coordinates = vectors[:, -N_COORDINATES:] * np.sqrt(largest)
    return coordinates, largest.sum() / values[values > 0].sum()


def weights(coordinates):
    """Return the share of each coordinate in the variance: their R2 is that of all together."""
    variance = coordinates.var(axis=0)
    return variance / variance.sum()


def decode_animate(by_layer, animate, n_permutations):
    """Tell animate from inanimate objects by each layer."""
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    found = [
        decode_labels(X, animate, READOUT, cv=folds, n_permutations=n_permutations, random_state=0)
        for X in by_layer.values()
    ]
    return pd.DataFrame({"animate": [d.score for d in found], "pvalue": [d.pvalue for d in found]})


def draw(table, path):
    """Draw what each layer predicts, and what can be read out of it."""
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(COLUMN, 3.6), sharex=True, layout="constrained"
    )
    places = np.arange(len(table))
    for species, color in SPECIES.items():
        top.plot(places, table[species], "o-", color=color, ms=4, label=species)
    top.axhline(0, color="0.4", lw=0.8)
    top.set_ylabel("held-out R² of\ncoordinates")
    top.legend(frameon=False)
    bottom.plot(places, table["animate"], "o-", color="0.2", ms=4)
    bottom.axhline(0.5, color="0.4", lw=0.8)
    bottom.annotate("chance", (places[-1], 0.5), (0, 2), textcoords="offset points", ha="right")
    bottom.set(ylim=(0.4, 1), ylabel="animate objects,\nbalanced accuracy")
    bottom.set_xticks(places, table["layer"], rotation=30, ha="right")
    figure.savefig(path, dpi=200)
    plt.close(figure)


if __name__ == "__main__":
    main()
