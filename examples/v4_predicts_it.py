"""Predict neurons of inferior temporal cortex from those of V4, site by site.

The responses of 88 sites in V4 and 168 in IT of macaques to 3,200 images of objects, from Majaj,
Hong, Solomon & DiCarlo (2015), Simple learned weighted sums of inferior temporal neuronal firing
rates accurately predict human core object recognition performance, J. Neurosci. 35, 13402-13418,
which Brain-Score publishes (https://www.brain-score.org). The file is v4_it.npz, with arrays
V4data and ITdata of images x sites, as in https://github.com/badooki/dimensionality:

    NETREP_GO_MACAQUE=path/to/folder python examples/v4_predicts_it.py --output demo_output

1. How well does V4 predict each site of IT, and how well does the other half of IT, which is a
   ceiling: what all of IT shares, an area before it cannot exceed by much?
2. Which sites are predicted better than chance, corrected for their number?
3. How well do the predicted responses tell which of many images was shown?
4. Does partial least squares, as Brain-Score has it, predict any better than ridge?
"""

import argparse
import os
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from netrep_go.encoding import EncodingModel, compare_encoding, identify, permutation_test

VARIABLE = "NETREP_GO_MACAQUE"
FILE = "v4_it.npz"
SOURCES = ("V4", "other half of IT")
COLORS = ("#3f90da", "#ffa90e")
COLUMN = 3.35  # inches, of a paper with two columns


def main():
    """Run the analyses; write their tables and figures."""
    args = parse_arguments()
    v4, it = load(args.data)
    if args.quick:
        v4, it = v4[:400], it[:400, :40]
    args.output.mkdir(parents=True, exist_ok=True)
    half = np.random.default_rng(0).permutation(it.shape[1]) % 2 == 0
    models = [fit(v4, it[:, ~part], it[:, part]) for part in (half, ~half)]
    tables = {
        "sites": pd.concat(
            [tabulate(model, part) for model, part in zip(models, (half, ~half), strict=True)]
        ).sort_values("site"),
    }
    whole = EncodingModel(scoring="r").fit(v4, it)
    tables["identification"] = identify_images(whole, it)
    tables["summary"] = summarize(tables["sites"], models[0], whole, v4, it, args.quick)
    for name, table in tables.items():
        table.to_csv(args.output / f"v4_it_{name}.csv", index=False)
    for name in ("summary", "identification"):
        print(f"\n{name}\n{tables[name].to_string(index=False, float_format='{:.4g}'.format)}")
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    draw_sites(tables["sites"], args.output / "v4_it_sites.png")
    draw_identification(tables["identification"], args.output / "v4_it_identification.png")
    print(f"\nTables and figures are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help=f"folder of {FILE} (default: ${VARIABLE})")
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--quick", action="store_true", help="fewer images and sites")
    return parser.parse_args()


def load(folder):
    """Return the responses of V4 and of IT."""
    folder = folder or os.environ.get(VARIABLE)
    if not folder or not (Path(folder) / FILE).is_file():
        raise SystemExit(
            f"{VARIABLE} must name the folder of {FILE}, got {folder}: the recordings of Majaj et "
            "al. (2015), of which https://github.com/badooki/dimensionality has this file"
        )
    with np.load(Path(folder) / FILE) as file:
        return file["V4data"].astype(float), file["ITdata"].astype(float)


def fit(v4, other, sites):
    """Predict sites of IT from V4, and from the other sites of IT."""
    return EncodingModel(scoring="r").fit(dict(zip(SOURCES, (v4, other), strict=True)), sites)


def tabulate(model, part):
    """Return a row for each site."""
    scores = dict(zip(SOURCES, model.layer_score_, strict=True))
    return pd.DataFrame({"site": np.flatnonzero(part), **scores})


def summarize(sites, model, whole, v4, it, quick):
    """Return medians, the test of the two sources, and what is above chance."""
    pls = EncodingModel("pls", n_components=25, scoring="r").fit(v4, it)
    test = permutation_test(whole, v4, it, n_permutations=50 if quick else 200, random_state=0)
    return pd.DataFrame(
        {
            "median r of V4": [sites[SOURCES[0]].median()],
            "of IT": [sites[SOURCES[1]].median()],
            "median ratio": [(sites[SOURCES[0]] / sites[SOURCES[1]]).median()],
            "pvalue of difference": compare_encoding(model).pvalue,
            "share above chance": [(test.pvalue_max < 0.05).mean()],
            "ridge - PLS": [np.median(whole.score_ - pls.score_)],
        }
    )


def identify_images(model, responses):
    """Return how often an image is picked from others of its fold by predicted responses."""
    smallest = min(len(test) for _, test in model.folds_)
    rows = []
    for n in (2, 5, 10, 20, 50, 100, 200, 500):
        if n > smallest:
            break
        found = identify(
            model.predictions_,
            responses,
            n_way=n,
            folds=model.folds_,
            n_permutations=200,
            random_state=0,
        )
        rows.append(
            {
                "candidates": n,
                "accuracy": found.accuracy,
                "chance": found.chance,
                "permuted": found.null_distribution.mean(),
                "pvalue": found.pvalue,
            }
        )
    return pd.DataFrame(rows)


def draw_sites(sites, path):
    """Draw each site's correlations."""
    figure, ax = plt.subplots(figsize=(COLUMN, COLUMN), layout="constrained")
    ax.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
    ax.scatter(sites[SOURCES[1]], sites[SOURCES[0]], s=12, color=COLORS[0], edgecolor="w", lw=0.3)
    ax.set(xlabel="r, from the other half of IT", ylabel="r, from V4", aspect="equal")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    save(figure, path)


def draw_identification(table, path):
    """Draw the accuracy and chance by the number of candidates."""
    figure, ax = plt.subplots(figsize=(COLUMN, 2.4), layout="constrained")
    ax.plot(table["candidates"], table["accuracy"], "o-", color=COLORS[0], ms=4, label="predicted")
    ax.plot(table["candidates"], table["chance"], color="0.4", lw=1, label="chance")
    ax.plot(table["candidates"], table["permuted"], "x", color="0.4", ms=4, label="permuted")
    ax.set(xscale="log", ylim=(0, 1), xlabel="candidate images", ylabel="identified")
    ax.legend(frameon=False)
    save(figure, path)


def save(figure, path):
    """Write a figure."""
    figure.savefig(path, dpi=200)
    plt.close(figure)


if __name__ == "__main__":
    main()
