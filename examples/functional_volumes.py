"""Find the geometry of 20 objects in volumes of a scanner, and write where it is.

The volumes are those that nibabel comes with for its tests: 20 of 17 x 21 x 3 voxels of
4 x 4 x 8 mm. To the changes of each, in a ball of 9 mm, is added a pattern of one object, such
that the RDM of these patterns is the human one of Kriegeskorte et al. (2008), whose files
rsatoolbox publishes with its demos (https://github.com/rsagroup/rsatoolbox, folder
demos/92imageData):

    pip install "netrep-go[plot,neuro,mat]"
    NETREP_GO_OBJECTS92=path/to/92imageData python examples/functional_volumes.py \
        --output demo_output

1. Where are the RDMs of searchlights like the human and the monkey one, and like those of models?
2. Are the voxels of the maps, which are written as images, those of the volumes?
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import nibabel
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.spatial.distance import squareform

from netrep_go.datasets import objects92
from netrep_go.rsa import searchlight

FUNCTIONAL = Path(nibabel.__file__).parent / "tests" / "data" / "functional.nii"
PLACE, REACH = (8, 10, 1), 9.0  # a voxel, and mm around it
RADIUS = 9.0  # mm
CHOSEN = np.linspace(0, 91, 20).round().astype(int)  # of the 92 objects


def main():
    """Add patterns to the volumes, search for them, and write tables, figures and images."""
    args = parse_arguments()
    try:
        objects = objects92(args.data)
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from None
    args.output.mkdir(parents=True, exist_ok=True)
    volumes = nibabel.load(FUNCTIONAL)
    anatomy = volumes.get_fdata().mean(axis=-1)
    values = volumes.get_fdata() - anatomy[..., np.newaxis]
    planted = closer(volumes, REACH)
    size = 4 * values[planted].std()
    values[planted] += size * patterns_of(chosen(objects.human), planted.sum()).T
    path = args.output / "functional_planted.nii.gz"
    nibabel.save(nibabel.Nifti1Image(values, volumes.affine), path)

    brain = anatomy > 0.5 * np.median(anatomy)
    models = {"human": objects.human, "monkey": objects.monkey} | objects.models
    scores = searchlight(
        path,
        {name: chosen(model) for name, model in models.items()},
        mask=nibabel.Nifti1Image(brain.astype(np.uint8), volumes.affine),
        radius=RADIUS,
    )
    table = pd.DataFrame([found(scores, name, args.output) for name in models])
    table.to_csv(args.output / "functional_models.csv", index=False)
    print(table.to_string(index=False, float_format="{:.3f}".format))
    background = nibabel.Nifti1Image(anatomy, volumes.affine)
    display = scores.plot(model="human", background=background, slices=3, threshold=0.2)
    display.figure_.savefig(args.output / "functional_human.png", dpi=150)
    plt.close(display.figure_)
    print(f"\nTables, figures and images are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with the files of rsatoolbox")
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--quick", action="store_true", help="the same: it takes a second")
    return parser.parse_args()


def closer(image, reach):
    """Return the voxels that are closer to the place than so many mm."""
    voxels = np.moveaxis(np.indices(image.shape[:3]), 0, -1)
    steps = nibabel.affines.apply_affine(image.affine, voxels)
    steps = steps - nibabel.affines.apply_affine(image.affine, PLACE)
    return np.linalg.norm(steps, axis=-1) < reach


def chosen(model):
    """Return the RDM of the objects that are used."""
    return squareform(squareform(model)[np.ix_(CHOSEN, CHOSEN)], checks=False)


def patterns_of(distances, n_voxels):
    """Return patterns of any number of voxels with these correlation distances.

    Up to a rotation, these are the standardized patterns: 1 less the distances are their
    correlations, whose roots have them as rows.
    """
    values, vectors = np.linalg.eigh(1 - squareform(distances))
    roots = vectors * np.sqrt(np.maximum(values, 0))
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((n_voxels, n_voxels)))[0]
    apart = rotation - rotation.mean(axis=1, keepdims=True)  # no mean over voxels
    return np.sqrt(n_voxels) * roots @ apart[: len(roots)]


def found(scores, name, output):
    """Write the map of a model; return its best center, read from the image."""
    path = output / f"functional_{name}.nii.gz"
    nibabel.save(scores.to_nifti(name), path)
    image = nibabel.load(path)
    best = np.unravel_index(np.nanargmax(image.get_fdata()), image.shape)
    mm = nibabel.affines.apply_affine(image.affine, [best, PLACE])
    return {
        "model": name,
        "similarity": np.nanmax(image.get_fdata()),
        "where planted": image.get_fdata()[PLACE],
        "best voxel": " ".join(map(str, best)),
        "from there (mm)": np.linalg.norm(mm[0] - mm[1]),
    }


if __name__ == "__main__":
    main()
