"""Make mne_rsa.json: partial correlations and regression weights of mne-rsa, in a venv of its own.

python -m venv mne && mne/bin/pip install mne-rsa==1.0
mne/bin/python tests/golden/make_mne_rsa.py
"""

import json
from pathlib import Path

import numpy as np

METRICS = ("partial", "partial-spearman", "regression")


def vectors():
    """Return RDMs of 3 subjects and 4 models that depend on each other, of 8 conditions."""
    rng = np.random.default_rng(19)
    models = rng.random((4, 28)) @ (np.eye(28) + 0.05)
    rdms = rng.dirichlet(np.ones(4), 3) @ models + 0.3 * rng.random((3, 28))
    models[:, ::5] = np.round(models[:, ::5], 1)  # ties
    return rdms, models


def main():
    import mne_rsa

    rdms, models = vectors()
    values = {metric: mne_rsa.rsa(list(rdms), list(models), metric=metric) for metric in METRICS}
    path = Path(__file__).with_name("mne_rsa.json")
    text = {"version": mne_rsa.__version__} | {m: np.array(v).tolist() for m, v in values.items()}
    path.write_text(json.dumps(text, indent=1) + "\n")


if __name__ == "__main__":
    main()
