"""Find in a study of 16 simulated subjects what was put there, and nothing else.

Objects are animate or not, large or small, red or green. Each subject has images of the responses
to them in several runs, and trials of sensors over time. Animacy is in one place and at one time,
size in another, color nowhere. Voxels and sensors share noise, and subjects have brains of
different shapes and patterns of their own, so that only RDMs are comparable:

    pip install "netrep-go[plot,neuro]"
    python examples/simulated_study.py --output demo_output

1. Where does the RDM around a voxel resemble a model? Crossnobis distances, whitened by the noise
   in each searchlight, and clusters over subjects (TFCE).
2. When does the RDM of sensors resemble a model? The same, whitened by the noise of the baseline.
3. What do the RDMs of three regions resemble?

Tables compare what is found with what was planted; the maps are written as NIfTI images, too.
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import nibabel
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from netrep_go.plotting import RDMsDisplay, SearchlightDisplay
from netrep_go.rsa import (
    NoiseNormalizer,
    cluster_test,
    evaluate,
    read_betas,
    region_rdms,
    regions,
    searchlight,
    time_resolved,
)

FEATURES = np.array([[a, s, c] for c in (1, -1) for s in (1, -1) for a in (1, -1)])
CONDITIONS = [  # in sorted order, as RDMs of labeled observations are
    f"{color} {size} {kind}"
    for color in ("green", "red")
    for size in ("large", "small")
    for kind in ("animal", "tool")
]
NAMES = ("animacy", "size", "color")
MODELS = {
    name: pd.DataFrame(np.not_equal.outer(column, column), CONDITIONS, CONDITIONS)
    for name, column in zip(NAMES, FEATURES.T, strict=True)
}
METHOD = "corr_cov"  # correlation, weighted by how distances covary
ALPHA = 0.0167  # 0.05 for three models

RADIUS = 8.0  # mm
SIZE = (3.0, 3.0, 4.0)  # of voxels, in mm
PLACES = {"animacy": (-12.0, -8.0, 4.0), "size": (12.0, 10.0, -4.0)}  # in mm
REACH = 6.0  # mm from a place to where its effect ends
REGIONS = {1: "animacy region", 2: "size region", 3: "third region"}
THIRD = (12.0, -12.0, 8.0)

TIMES = np.arange(-20, 61) / 100  # s
SPANS = {"animacy": (0.1, 0.25), "size": (0.3, 0.45)}
N_SENSORS = 20


def main():
    """Simulate the study, analyze it, and write tables, figures and images."""
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    n_subjects, half = (9, (21.0, 23.0, 16.0)) if args.quick else (16, (27.0, 30.0, 24.0))
    subjects = [f"sub-{k + 1:02}" for k in range(n_subjects)]
    draws = {"n_permutations": 511 if args.quick else 4999, "random_state": 0}
    images = {name: Volumes(k, half) for k, name in enumerate(subjects)}
    tables = {
        "volume": test_volumes(images, draws, args.output),
        "time": test_times({name: trials(k) for k, name in enumerate(subjects)}, draws, args),
        "regions": test_regions(images, args.output),
    }
    for name, table in tables.items():
        table.to_csv(args.output / f"study_{name}.csv", index=False, float_format="%.4g")
        print(f"\n{name}\n{table.to_string(index=False, float_format='{:.4g}'.format)}")
    print(f"\nTables, figures and images are in {args.output}")


def parse_arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo_output"))
    parser.add_argument("--quick", action="store_true", help="fewer subjects and voxels")
    return parser.parse_args()


class Volumes:
    """Images of a subject: mask and anatomy, responses with their table, and residuals."""

    def __init__(self, seed, half, n_runs=6, n_residuals=80):
        rng = np.random.default_rng(seed)
        shape = np.ceil(2 * np.array(half) / SIZE).astype(int) + 1
        self.affine = np.diag([*SIZE, 1.0])
        self.affine[:3, 3] = -(shape - 1) / 2 * SIZE
        self.shape = tuple(shape.tolist())
        brain = self.within(np.zeros(3), np.array(half) * rng.uniform(0.93, 1.0, 3))
        spread = rng.uniform(0.7, 1.4, self.shape)  # each voxel has noise of its own size
        x = spread * smooth(rng, (len(CONDITIONS) * n_runs, *self.shape))
        for name, place in PLACES.items():
            pattern = rng.standard_normal(self.shape) * self.within(place, REACH)
            feature = FEATURES[:, NAMES.index(name)]
            x += np.multiply.outer(np.tile(feature, n_runs), 0.25 * pattern)
        runs = np.repeat(np.arange(n_runs) + 1, len(CONDITIONS))
        self.table = {"condition": CONDITIONS * n_runs, "run": runs}
        self.mask = nibabel.Nifti1Image(brain.astype(np.uint8), self.affine)
        self.responses = self.image(x)
        self.residuals = self.image(spread * smooth(rng, (n_residuals, *self.shape)))
        anatomy = brain * (5 + smooth(rng, (1, *self.shape))[0])
        self.anatomy = nibabel.Nifti1Image(anatomy, self.affine)

    def within(self, place, reach):
        """Return the voxels that are closer to a place than so many mm along each axis."""
        voxels = np.moveaxis(np.indices(self.shape), 0, -1)
        mm = nibabel.affines.apply_affine(self.affine, voxels)
        return np.linalg.norm((mm - place) / reach, axis=-1) < 1

    def image(self, x):
        """Return volumes as an image of 4 dimensions."""
        return nibabel.Nifti1Image(np.moveaxis(x, 0, -1).astype(np.float32), self.affine)

    def betas(self):
        """Return the responses with the condition and run of each."""
        return read_betas(self.responses, self.table)


def smooth(rng, shape):
    """Return noise of variance 1 that neighbors share."""
    x = gaussian_filter(rng.standard_normal(shape), (0, 0.7, 0.7, 0.7))
    return x / x.std()


def trials(seed, n_trials=12):
    """Return trials x sensors x times of a subject, in the order of the conditions."""
    rng = np.random.default_rng([seed, 1])
    mixing = np.eye(N_SENSORS) + 0.3 * rng.standard_normal((N_SENSORS, N_SENSORS))
    noise = rng.standard_normal((n_trials * len(CONDITIONS), N_SENSORS, len(TIMES)))
    x = np.einsum("rs,nst->nrt", mixing, gaussian_filter1d(noise, 1.0))
    for name, span in SPANS.items():
        feature = np.tile(FEATURES[:, NAMES.index(name)], n_trials)
        pattern = 0.1 * np.outer(rng.standard_normal(N_SENSORS), during(span))
        x += np.multiply.outer(feature, pattern)
    return x


def during(span):
    """Return which times are in a span."""
    return (span[0] - 1e-9 < TIMES) & (span[1] + 1e-9 > TIMES)


def test_volumes(images, draws, output):
    """Return where models are found over subjects, and draw the maps."""
    scores = searchlight(
        {name: each.betas() for name, each in images.items()},
        MODELS,
        mask={name: each.mask for name, each in images.items()},
        residuals={name: each.residuals for name, each in images.items()},
        radius=RADIUS,
        metric="crossnobis",
        method=METHOD,
    )
    one = next(iter(images.values()))
    rows = []
    for name in NAMES:
        test = cluster_test(scores, model=name, correction="tfce", **draws)
        found, t = test.significant(ALPHA), test.statistic
        nibabel.save(nibabel.Nifti1Image(t, scores.affine), output / f"study_{name}.nii.gz")
        row = {"model": name, "voxels": found.sum()}
        if name in PLACES:
            near = one.within(PLACES[name], REACH)
            best = np.unravel_index(np.nanargmax(t), t.shape)
            peak = nibabel.affines.apply_affine(scores.affine, best)
            row |= {"planted": near.sum(), "found of these": found[near].mean()}
            row["largest t from there (mm)"] = np.linalg.norm(peak - PLACES[name])
            found = found & ~one.within(PLACES[name], REACH + RADIUS)
        row["least p"] = np.nanmin(test.pvalue_corrected)
        rows.append(row | {"out of reach": found.sum()})
        if test.significant(ALPHA).any():
            options = {"model": name, "clusters": test, "alpha": ALPHA, "slices": 4}
            options["background"] = one.anatomy
            save(SearchlightDisplay.from_searchlight(scores, **options), output, f"map_{name}")
    return pd.DataFrame(rows)


def test_times(data, draws, args):
    """Return when models are found over subjects, and draw the time courses."""
    course = time_resolved(
        data,
        MODELS,
        times=TIMES,
        metric="crossnobis",
        method=METHOD,
        conditions=CONDITIONS * 12,
        folds=6,
        noise=NoiseNormalizer(),
        noise_from=(None, -0.01),
    )
    tests = [cluster_test(course, model=name, correction="tfce", **draws) for name in NAMES]
    save(course.plot(clusters=tests, alpha=ALPHA, unit="s"), args.output, "times")
    rows = []
    for name, test in zip(NAMES, tests, strict=True):
        found = test.significant(ALPHA)
        row = {"model": name, "least p": test.pvalue_corrected.min()}
        planted = np.zeros(len(TIMES), bool)
        if name in SPANS:
            planted = during(SPANS[name])
            row |= dict(zip(("planted from", "to"), SPANS[name], strict=True))
            row["found of these"] = found[planted].mean()
        rows.append(row | {"at other times": found[~planted].sum()})
    return pd.DataFrame(rows)


def test_regions(images, output):
    """Return what the RDMs of regions resemble, and draw their means."""
    one = next(iter(images.values()))
    labels = np.zeros(one.shape, int)
    for number, place in enumerate([*PLACES.values(), THIRD], 1):
        labels[one.within(place, REACH)] = number
    atlas = nibabel.Nifti1Image(labels.astype(np.int16), one.affine)
    found = {name: [] for name in REGIONS.values()}
    for each in images.values():
        residuals = regions(each.residuals, atlas, names=REGIONS)
        noise = {name: NoiseNormalizer().fit(x) for name, x in residuals.items()}
        rdms = region_rdms(each.betas(), atlas, "crossnobis", names=REGIONS, noise=noise)
        for name, vector in rdms.items():
            found[name].append(vector)
    means = {name: np.mean(rdms, axis=0) for name, rdms in found.items()}
    save(RDMsDisplay.from_rdms(means, conditions=sorted(CONDITIONS)), output, "regions")
    columns = ["region", "model", "similarity", "se", "pvalue_zero"]
    tables = [evaluate(MODELS, x, METHOD).to_frame().assign(region=k) for k, x in found.items()]
    return pd.concat(tables)[columns]


def save(display, output, name):
    """Write a figure."""
    display.figure_.savefig(output / f"study_{name}.png", dpi=150)
    plt.close(display.figure_)


if __name__ == "__main__":
    main()
