"""Predict the layers of small networks from the layers of others.

Trains networks of four hidden layers on handwritten digits, from different seeds, and predicts
every unit of each from each layer of the others, on images that none has been trained on:

    python examples/digits_layers.py --output demo_output

1. Which layer of another network predicts a layer best? Penalties, and the layer, are chosen by
   cross-validation inside of the training images of each fold.
2. Is it so before training, too?
3. How well can the digit be decoded from each layer, against permuted labels?
"""

import argparse
import itertools
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from netrep_go.datasets import digits_networks
from netrep_go.encoding import EncodingModel, best_layers, decode_labels

COLUMN = 3.35  # inches, of a paper with two columns


def main():
    """Run the analyses; write their tables and figures."""
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    options = {"widths": (16,), "depths": (2,)} if args.quick else {"widths": (64,), "depths": (4,)}
    matrices, tables = {}, []
    for name, trained in (("trained", True), ("untrained", False)):
        digits = digits_networks(**options, n_seeds=2 if args.quick else 3, trained=trained)
        matrices[name], chosen = predict_layers(digits.layers)
        tables.append(
            decode_digits(digits, n_permutations=9 if args.quick else 39).assign(
                network=name, same_layer=chosen
            )
        )
    table = pd.concat(tables)
    table.to_csv(args.output / "digits_layers.csv", index=False)
    print(table.round(3).to_string(index=False))
    for name, matrix in matrices.items():
        print(f"\n{name}: R2 of each layer (rows) from each layer of another network")
        print(pd.DataFrame(matrix).round(3).to_string(header=False, index=False))
    draw(matrices, args.output / "digits_layers.png")
    print(f"\nThe table and figure are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--quick", action="store_true", help="fewer, smaller networks")
    return parser.parse_args()


def predict_layers(networks):
    """Return the mean R2 of each layer from each layer, and how often its own level is chosen."""
    pairs = list(itertools.permutations(networks, 2))
    n_layers = len(networks[0])
    r2, chosen = np.zeros((2, n_layers, n_layers))
    for source, target in pairs:
        layers = {f"layer {k + 1}": layer for k, layer in enumerate(source)}
        for k, units in enumerate(target):
            active = units[:, np.ptp(units, axis=0) > 0]  # some units are silent
            model = EncodingModel(alphas=10).fit(layers, active)
            r2[k] += model.layer_score_.mean(axis=1) / len(pairs)
            chosen[k] += best_layers(model).share / len(pairs)
    return r2, np.diagonal(chosen)


def decode_digits(digits, n_permutations):
    """Decode the digit from each layer of the first network."""
    rows = []
    for k, layer in enumerate(digits.layers[0]):
        decoding = decode_labels(layer, digits.y, n_permutations=n_permutations, random_state=0)
        rows.append(
            {
                "layer": k + 1,
                "accuracy": decoding.score,
                "chance": decoding.chance,
                "permuted": decoding.null_distribution.mean(),
                "pvalue": decoding.pvalue,
            }
        )
    return pd.DataFrame(rows)


def draw(matrices, path):
    """Draw the matrices side by side."""
    plt.rcParams.update({"font.size": 8})
    figure, axes = plt.subplots(1, 2, figsize=(COLUMN, 2.1), layout="constrained", sharey=True)
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
        image = ax.imshow(matrix, vmin=0, vmax=1, cmap="viridis", origin="lower")
        places = np.arange(len(matrix))
        for (i, j), r2 in np.ndenumerate(matrix):
            weight = "bold" if r2 == matrix[i].max() else "normal"
            color = "k" if r2 > 0.7 else "w"
            ax.text(j, i, f"{r2:.2f}", color=color, size=6, weight=weight, ha="center", va="center")
        ax.set_xticks(places, places + 1)
        ax.set_yticks(places, places + 1)
        ax.set(title=name, xlabel="from layer")
    axes[0].set_ylabel("predicted layer")
    figure.colorbar(image, ax=axes, label="held-out R²", shrink=0.75)
    figure.savefig(path, dpi=200)
    plt.close(figure)


if __name__ == "__main__":
    main()
