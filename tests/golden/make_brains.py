"""Make brains.json: searchlights of mne-rsa, clusters of MNE, masks of nilearn.

python -m venv peers && peers/bin/pip install mne==1.13.2 mne-rsa==1.0 nilearn==0.14.1
peers/bin/python tests/golden/make_brains.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

RADIUS = 9.0  # mm
STEPS = (0.1, 0.01)  # of t
THRESHOLD = 1.5


def volumes():
    """Return a part of nibabel's functional images, a mask of it, labels, and 2 models."""
    import nibabel

    path = Path(nibabel.__file__).parent / "tests/data/functional.nii"
    image = nibabel.load(path).slicer[5:12, 8:14]
    rng = np.random.default_rng(18)
    mask = nibabel.Nifti1Image((rng.random(image.shape[:3]) > 0.2).astype(np.uint8), image.affine)
    labels = np.zeros(image.shape[:3], np.int16)
    labels[:3], labels[4:, 2:] = 2, 7
    return image, mask, nibabel.Nifti1Image(labels, image.affine), rng.random((2, 190))


def courses():
    """Return responses of 6 conditions, 5 sensors and 12 times, and 2 models."""
    rng = np.random.default_rng(19)
    return rng.standard_normal((6, 5, 12)), rng.random((2, 15))


def maps():
    """Return smooth maps of 7 subjects on a grid, and of 4 times x 6 vertices in a ring."""
    rng = np.random.default_rng(20)
    kernel = np.array([0.25, 0.5, 0.25])
    grid = rng.standard_normal((7, 6, 7))
    for axis in (1, 2):
        grid = np.apply_along_axis(np.convolve, axis, grid, kernel, "same")
    grid[:, 2:4, 3:5] += 0.5
    rows = rng.standard_normal((7, 4, 6))
    rows[:, 1:3, [0, 1, 5]] += 1.0
    return grid, rows


def ring(n=6):
    """Return the adjacency of vertices in a ring."""
    return np.roll(np.eye(n, dtype=int), 1, axis=0) + np.roll(np.eye(n, dtype=int), -1, axis=0)


def searchlights():
    """Return maps of both models, at the voxels of the mask, and time courses."""
    import mne_rsa

    image, mask, _, models = volumes()
    inside = np.asarray(mask.dataobj) != 0
    found = {}
    for metric in ("spearman", "pearson"):
        options = {"spatial_radius": RADIUS / 1000, "brain_mask": mask, "rsa_metric": metric}
        results = mne_rsa.rsa_nifti(image, list(models), **options)
        found[metric] = [each.get_fdata()[inside].tolist() for each in results]
    data, models = courses()
    patches = mne_rsa.searchlight(data.shape, temporal_radius=2)
    scores = mne_rsa.rsa_array(data, list(models), patches)
    return found | {"time": np.asarray(scores).T.tolist()}


def tests():
    """Return masses of clusters, TFCE, and largest values of all flips of signs."""
    from mne.stats import combine_adjacency, permutation_cluster_1samp_test
    from scipy import sparse

    grid, rows = maps()
    options = {"n_permutations": 2**7, "out_type": "indices", "verbose": False}
    found = {}
    for name, tail in (("greater", 1), ("two-sided", 0)):
        result = permutation_cluster_1samp_test(grid, THRESHOLD, tail=tail, **options)
        found[name] = clusters(*result)
    adjacency = combine_adjacency(len(rows[0]), sparse.csr_array(ring()))
    result = permutation_cluster_1samp_test(rows, THRESHOLD, tail=1, adjacency=adjacency, **options)
    found["product"] = clusters(*result)
    for step in STEPS:
        sums = {}
        for power in (0, 2):
            tfce = {"start": 0, "step": step, "h_power": power}
            result = permutation_cluster_1samp_test(grid, tfce, tail=1, **options)
            sums[power] = result[0].ravel().tolist()
        found[f"tfce {step}"] = {"sums": sums, "pvalue": result[2].tolist()}
    return found


def clusters(t, members, pvalue, null):
    """Return the mass, size and p-value of each cluster, and the distribution of the largest."""
    rows = [
        [float(t[where].sum()), len(where[0]), float(p)]
        for where, p in zip(members, pvalue, strict=True)
    ]
    return {"clusters": sorted(rows), "null": sorted(np.abs(null).tolist())}


def masked():
    """Return the voxels of a mask in nilearn's order, and means of regions."""
    from nilearn.maskers import NiftiLabelsMasker
    from nilearn.masking import apply_mask

    image, mask, labels, _ = volumes()
    return {
        "values": apply_mask(image, mask)[:2].tolist(),
        "means": NiftiLabelsMasker(labels, standardize=None).fit_transform(image).tolist(),
    }


def main():
    """Write the file."""
    document = {
        "versions": {name: version(name) for name in ("mne", "mne-rsa", "nilearn", "nibabel")},
        "searchlights": searchlights(),
        "tests": tests(),
        "masked": masked(),
    }
    path = Path(__file__).with_name("brains.json")
    path.write_text(json.dumps(document, indent=None) + "\n")


if __name__ == "__main__":
    main()
