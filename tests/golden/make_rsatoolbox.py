"""Write rsatoolbox.json, what rsatoolbox returns on fixed random data.

    pip install rsatoolbox==0.3.2
    python make_rsatoolbox.py

The data are not stored: the functions below make them again from RandomState, whose stream is
frozen.
"""

import json
import platform
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

N_CONDITIONS, N_FEATURES = 7, 11


def responses(seed, n_rows=N_CONDITIONS, n_features=N_FEATURES):
    """Return positive responses with a mean that differs between features."""
    rs = np.random.RandomState(seed)
    return 1 + rs.rand(n_features) + rs.rand(n_rows, n_features)


def precision(seed, n_features=N_FEATURES):
    """Return a positive definite matrix."""
    root = np.random.RandomState(seed).randn(n_features, n_features)
    return root @ root.T / n_features + np.eye(n_features)


def balanced():
    """Return responses, conditions and folds: each condition twice in each of three folds."""
    conditions = np.tile(np.repeat(np.arange(N_CONDITIONS), 2), 3)
    return responses(1, len(conditions)), conditions, np.repeat(np.arange(3), 2 * N_CONDITIONS)


def unbalanced():
    """Return responses, conditions and folds, of which some observations are lost."""
    X, conditions, folds = balanced()
    kept = np.random.RandomState(2).rand(len(X)) < 0.8
    return X[kept], conditions[kept], folds[kept]


def rdms():
    """Return RDMs by every method that the packages share."""
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm
    from rsatoolbox.rdm.calc_unbalanced import calc_rdm_unbalanced

    def vector(rdm):
        return rdm.get_vectors()[0].tolist()

    one, noise = Dataset(responses(0)), precision(3)
    X, conditions, folds = balanced()
    designed = Dataset(X, obs_descriptors={"condition": conditions, "fold": folds})
    X, conditions, folds = unbalanced()
    lost = Dataset(X, obs_descriptors={"condition": conditions, "fold": folds})
    by = {"descriptor": "condition", "cv_descriptor": "fold"}
    return {
        "correlation": vector(calc_rdm(one, "correlation")),
        "euclidean": vector(calc_rdm(one, "euclidean")),
        "mahalanobis": vector(calc_rdm(one, "mahalanobis", noise=noise)),
        "poisson": vector(calc_rdm(one, "poisson")),
        "poisson prior": vector(calc_rdm(one, "poisson", prior_lambda=2.0, prior_weight=0.5)),
        "averaged": vector(calc_rdm(designed, "correlation", descriptor="condition")),
        "crossnobis": vector(calc_rdm(designed, "crossnobis", noise=noise, **by)),
        "crossnobis white": vector(calc_rdm(designed, "crossnobis", **by)),
        "crossnobis unbalanced": vector(calc_rdm_unbalanced(lost, "crossnobis", noise=noise, **by)),
    }


def noise():
    """Return covariances of residuals, and of observations around their conditions."""
    from rsatoolbox.data import Dataset
    from rsatoolbox.data.noise import cov_from_residuals, cov_from_unbalanced

    found = {}
    for method in ("shrinkage_diag", "shrinkage_eye", "diag", "full"):
        for n in (8, 40):
            found[f"{method} {n}"] = cov_from_residuals(responses(4, n), method=method).tolist()
    found["dof"] = cov_from_residuals(responses(4, 40), dof=30).tolist()
    X, conditions, _ = unbalanced()
    lost = Dataset(X, obs_descriptors={"condition": conditions})
    found["unbalanced"] = cov_from_unbalanced(lost, "condition").tolist()
    return found


def main():
    """Write the file."""
    warnings.simplefilter("ignore")
    document = {
        "versions": {name: version(name) for name in ("rsatoolbox", "numpy", "scipy")},
        "python": platform.python_version(),
        "rdms": rdms(),
        "noise": noise(),
    }
    path = Path(__file__).with_name("rsatoolbox.json")
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
