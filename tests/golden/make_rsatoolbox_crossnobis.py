"""Make rsatoolbox_crossnobis.json: crossnobis RDMs of searchlights, a Dataset for each.

python -m venv peers && peers/bin/pip install rsatoolbox==0.3.2
peers/bin/python tests/golden/make_rsatoolbox_crossnobis.py

The responses of each searchlight are copied to be C-contiguous: 0.3.2 reads others wrongly.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

LISTS = [[0, 1, 2, 5, 7], [3, 9], [11, 4, 6, 10, 8, 1]]


def study():
    """Return responses of 6 conditions in 4 runs, some lost, residuals of each run, and models."""
    rng = np.random.default_rng(21)
    conditions, runs = np.tile(np.arange(6), 4), np.repeat(np.arange(4), 6)
    mixing = np.eye(12) + 0.2 * rng.standard_normal((12, 12))
    x = rng.standard_normal((6, 12))[conditions] + 2 * rng.standard_normal((24, 12)) @ mixing
    residuals = rng.standard_normal((120, 12)) @ mixing
    kept = (rng.random(24) > 0.15) | (runs == 0)  # conditions are in the order they come in there
    return (x, conditions, runs), kept, residuals, np.repeat(np.arange(4), 30), rng.random((2, 15))


def main():
    """Write the RDM and the evaluation of each searchlight."""
    from rsatoolbox.data import Dataset
    from rsatoolbox.data.noise import prec_from_residuals
    from rsatoolbox.rdm import RDMs, calc_rdm, compare
    from rsatoolbox.rdm.calc_unbalanced import calc_rdm_unbalanced

    design, kept, residuals, residual_runs, models = study()
    by = {"descriptor": "condition", "cv_descriptor": "run"}

    def dataset(near, rows):
        x, conditions, runs = (values[rows] for values in design)
        labels = {"condition": conditions, "run": runs}
        return Dataset(np.ascontiguousarray(x[:, near]), obs_descriptors=labels)

    found = []
    for near in LISTS:
        own = residuals[:, near]
        one = prec_from_residuals(own)
        each = [prec_from_residuals(own[residual_runs == k]) for k in range(4)]
        rows = np.ones(len(kept), bool)
        rdms = {
            "white": calc_rdm(dataset(near, rows), "crossnobis", **by),
            "residuals": calc_rdm(dataset(near, rows), "crossnobis", noise=one, **by),
            "folds": calc_rdm(dataset(near, rows), "crossnobis", noise=each, **by),
            "unbalanced": calc_rdm_unbalanced(dataset(near, kept), "crossnobis", noise=one, **by),
        }
        found.append(
            {
                name: {
                    "rdm": rdm.get_vectors()[0].tolist(),
                    "scores": compare(rdm, RDMs(models), method="corr")[0].tolist(),
                    "cosine_cov": compare(rdm, RDMs(models), method="cosine_cov")[0].tolist(),
                }
                for name, rdm in rdms.items()
            }
        )
    document = {"versions": {k: version(k) for k in ("rsatoolbox", "numpy")}, "searchlights": found}
    path = Path(__file__).with_name("rsatoolbox_crossnobis.json")
    path.write_text(json.dumps(document, indent=None) + "\n")


if __name__ == "__main__":
    main()
