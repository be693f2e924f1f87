"""Report on the layers of small networks: all analyses from one call, on one page.

Trains networks of several hidden layers on handwritten digits and writes a page on the layers of
two of them, as they respond to images that none has been trained on:

    python examples/digits_report.py --output demo_output

What is asked of each layer: how far is it from the others, what manifolds do the digits make, is
its geometry that of the pixels or of the digits, and how well does it predict a third network's
units?
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np

from netrep_go.capacity import MeanFieldCapacity
from netrep_go.datasets import digits_networks
from netrep_go.report import layer_report
from netrep_go.rsa import rdm


def main():
    """Train, report, and write the page."""
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    widths, depth, n_images = ((16,), 2, 120) if args.quick else ((64,), 4, 500)
    digits = digits_networks(widths, (depth,), n_seeds=3)
    shown = np.random.default_rng(0).permutation(len(digits.y))[:n_images]
    names = [f"hidden {k + 1}" for k in range(depth)]
    first, second, other = (
        {name: x[shown] for name, x in zip(names, layers, strict=True)} for layers in digits.layers
    )
    y, pixels = digits.y[shown], digits.images[shown].reshape(n_images, -1)
    report = layer_report(
        {"network 1": {"pixels": pixels, **first}, "network 2": second},
        y,
        targets=active(other[names[-1]]),
        rdms={"pixels": rdm(pixels, "euclidean"), "digits": rdm(np.eye(10)[y], "euclidean")},
        capacity=MeanFieldCapacity(n_t=20, n_searches=1) if args.quick else None,
        n_permutations=99 if args.quick else 999,
        metric="euclidean",
        random_state=0,
    )
    print(report.to_frame()[["network", "layer", "capacity", "dimension"]].round(2).to_string())
    report.to_html(args.output / "report.html")
    report.save(args.output / "report.npz")
    print(f"\nThe page is {args.output / 'report.html'}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--quick", action="store_true", help="smaller networks, fewer images")
    return parser.parse_args()


def active(units):
    """Return the units that respond to some of the images."""
    return units[:, np.ptp(units, axis=0) > 0]


if __name__ == "__main__":
    main()
