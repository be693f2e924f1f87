"""Manifolds of photographs in the layers of trained convolutional networks.

Cuts distinct squares out of the photographs that scikit-image ships, translates, scales, shears
and rotates each of them, and sends them through the networks that detect and orient text in
rapidocr-onnxruntime, and through one of the two with shuffled weights:

    pip install "netrep-go[examples]"
    python examples/manifold_capacity.py --output manifold_output

The manifold of a photograph is all its transforms together. Layer by layer, the example prints and
draws how many manifolds per feature a linear readout can classify (capacity, by mean-field theory
and by direct simulation), the radius and dimension of those parts of them that matter to it, and
how much their centers correlate, as Cohen, Chung, Lee & Sompolinsky (2020), Nat. Commun. 11, 746,
do for networks that recognize objects. After its first block, the network that detects text raises
the capacity threefold, while radii and dimensions fall; with shuffled weights it only falls.
"""

import argparse
import csv
import importlib.util
import time
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
import onnx
import skimage.data
from matplotlib import pyplot as plt
from onnx import numpy_helper
from sklearn.random_projection import SparseRandomProjection

from netrep_go.capacity import DirectCapacity, MeanFieldCapacity
from netrep_go.datasets import affine_manifolds, preprocess_images
from netrep_go.extract import activations, layers
from netrep_go.plotting import CapacityDisplay, ImageManifoldsDisplay

PHOTOGRAPHS = (
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "rocket",
)
KINDS = ("x-translation", "x-scale", "x-shear", "rotation")
SIDE = 144  # of the squares, in pixels
GEOMETRY = {"object_size": 64, "output_size": 96}
MEASURES = ("capacity", "radius", "dimension", "center_correlation")


def main():
    """Run the analysis and write its table and figures."""
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    n_squares, n_samples, n_layers = (1, 3, 2) if args.quick else (4, 15, 8)

    with timed("transform the photographs"):
        photographs = squares(n_squares)
        images = np.concatenate(
            [
                affine_manifolds(photographs, kind, 8.0, n_samples, **GEOMETRY).images
                for kind in KINDS
            ],
            axis=1,
        )
        draw_images(args.output / "images.png", images, n_samples)
    print(f"{len(images)} manifolds of {images.shape[1]} images", flush=True)
    y = np.repeat(np.arange(len(images)), images.shape[1])
    fitted, direct = {}, {}
    for name, (model, mean, std) in models().items():
        with timed(f"layers: {name}"):
            by_layer = responses(model, images, mean, std, n_layers)
        with timed(f"capacity: {name}"):
            fitted[name] = {
                layer: MeanFieldCapacity(random_state=0).fit(X, y) for layer, X in by_layer.items()
            }
        with timed(f"direct capacity: {name}"):
            direct[name] = {
                layer: DirectCapacity(n_t=100, random_state=0).fit(X, y)
                for layer, X in by_layer.items()
            }
    write_table(args.output / "layers.csv", fitted, direct)
    save(CapacityDisplay.from_estimators(fitted), args.output / "capacity.png")
    print_findings(fitted, direct)
    print(f"\nThe table and figures are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("manifold_output"))
    parser.add_argument("--quick", action="store_true", help="fewer photographs and layers")
    return parser.parse_args()


@contextmanager
def timed(step):
    """Print how long a step takes."""
    start = time.perf_counter()
    yield
    print(f"{step:<44}{time.perf_counter() - start:6.1f} s", flush=True)


def squares(n_squares):
    """Cut squares that do not overlap out of each photograph: those with most contrast."""
    found = []
    for name in PHOTOGRAPHS:
        image = getattr(skimage.data, name)() / 255
        if image.ndim == 2:
            image = np.repeat(image[:, :, np.newaxis], 3, axis=2)
        rows, columns = (np.arange(n // SIDE) * SIDE for n in image.shape[:2])
        cut = [image[r : r + SIDE, c : c + SIDE, :3] for r in rows for c in columns]
        found += sorted(cut, key=lambda square: square.mean(axis=2).std())[-n_squares:]
    return found


def models():
    """Return two trained networks, and one with shuffled weights, each with its input's scale.

    An operating system that has the package has the files; nothing of it is imported.
    """
    folder = Path(importlib.util.find_spec("rapidocr_onnxruntime").submodule_search_locations[0])
    detection, orientation = (
        (folder / "models" / file).read_bytes()
        for file in ("ch_PP-OCRv4_det_infer.onnx", "ch_ppocr_mobile_v2.0_cls_infer.onnx")
    )
    imagenet = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return {
        "text detection": (detection, *imagenet),
        "the same, shuffled weights": (shuffle_weights(detection), *imagenet),
        "text orientation": (orientation, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    }


def shuffle_weights(model):
    """Permute the weights of every convolution, which keeps their distribution."""
    rng = np.random.default_rng(0)
    model = onnx.load_model_from_string(model)
    constants = [node for node in model.graph.node if node.op_type == "Constant"]
    for node in constants:
        tensor = node.attribute[0].t
        if len(tensor.dims) == 4:
            weights = numpy_helper.to_array(tensor)
            shuffled = rng.permutation(weights.ravel()).reshape(weights.shape)
            tensor.CopyFrom(numpy_helper.from_array(shuffled, tensor.name))
    return model.SerializeToString()


def responses(model, images, mean, std, n_layers):
    """Return the pixels, and depthwise convolutions at equal steps through the network."""
    convolutions = [
        name
        for name, kind in layers(model).items()
        if kind == "Conv" and name.startswith("depthwise")
    ]
    chosen = np.linspace(0, len(convolutions) - 1, n_layers).round().astype(int)
    X = preprocess_images(images, images.shape[2], crop=1.0, mean=mean, std=std)
    found = activations(
        model, X, [convolutions[i] for i in chosen], projection=2000, random_state=0
    )
    pixels = SparseRandomProjection(2000, random_state=0).fit_transform(X.reshape(len(X), -1))
    return {"pixels": pixels} | {f"block {i + 1}": found[convolutions[i]] for i in chosen}


def draw_images(path, images, n_samples):
    """Draw the middle and the ends of each kind of transform, for some photographs."""
    chosen = [
        k * n_samples + i for k in range(len(KINDS)) for i in (0, n_samples // 2, -1 % n_samples)
    ]
    some = images[:: max(1, len(images) // 8)][:, chosen]
    save(ImageManifoldsDisplay.from_images(some, n_samples=len(chosen)), path)


def save(display, path):
    """Write a figure."""
    display.figure_.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(display.figure_)


def write_table(path, fitted, direct):
    """Write one row for each layer of each network."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["network", "layer", *MEASURES, "capacity_se", "direct_capacity"])
        for name, by_layer in fitted.items():
            for layer, model in by_layer.items():
                values = [getattr(model, f"{measure}_") for measure in MEASURES]
                simulated = direct[name][layer].capacity_
                writer.writerow([name, layer, *values, model.capacity_se_, simulated])


def print_findings(fitted, direct):
    """Print the measures of all layers."""
    print("\n  capacity  direct  radius  dimension  center correlation")
    for name, by_layer in fitted.items():
        print(name)
        for layer, model in by_layer.items():
            print(
                f"  {model.capacity_:8.3f}  {direct[name][layer].capacity_:6.3f}"
                f"  {model.radius_:6.3f}  {model.dimension_:9.2f}"
                f"  {model.center_correlation_:18.3f}  {layer}"
            )


if __name__ == "__main__":
    main()
