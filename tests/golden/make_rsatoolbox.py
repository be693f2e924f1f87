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


def movie():
    """Return responses of a balanced design at four times, with conditions and folds."""
    _, conditions, folds = balanced()
    x = np.stack([responses(20 + t, len(conditions)) for t in range(4)], axis=2)
    return x, conditions, folds


def movie_rdms():
    """Return cross-validated RDMs of each time, for white noise and a precision."""
    from rsatoolbox.data import TemporalDataset
    from rsatoolbox.rdm import calc_rdm_movie

    x, conditions, folds = movie()
    data = TemporalDataset(
        np.ascontiguousarray(x),
        obs_descriptors={"condition": conditions, "fold": folds},
        time_descriptors={"time": np.arange(x.shape[2])},
    )
    by = {"descriptor": "condition", "cv_descriptor": "fold"}
    return {
        name: calc_rdm_movie(data, "crossnobis", noise=noise, **by).get_vectors().tolist()
        for name, noise in (("white", None), ("precision", precision(3)))
    }


def rdm_vectors(seed, count=4, n_conditions=8):
    """Return squared distances of patterns, the last of them rounded so that entries tie."""
    rs = np.random.RandomState(seed)
    shared = rs.rand(n_conditions, 20)
    vectors = []
    for _ in range(count):
        X = shared + rs.rand(n_conditions, 20)
        squares = ((X[:, None] - X) ** 2).sum(axis=2)
        vectors.append(squares[np.triu_indices(n_conditions, 1)])
    vectors[-1] = np.round(vectors[-1], 0)
    return np.array(vectors)


def with_nan(vectors):
    """Return vectors without their entries 3 and 10."""
    vectors = vectors.copy()
    vectors[:, [3, 10]] = np.nan
    return vectors


def covariance(seed, n_conditions=8):
    """Return a positive definite matrix."""
    return precision(seed, n_conditions)


METHODS = {"pearson": "corr", "tau-b": "kendall"}
SIMILARITIES = [
    "spearman",
    "pearson",
    "cosine",
    "tau-a",
    "tau-b",
    "rho-a",
    "corr_cov",
    "cosine_cov",
    "bures",
    "neg_riem_dist",
]


def similarities():
    """Return similarities by every method, of all RDMs and of all without some entries."""
    from rsatoolbox.rdm import RDMs, compare

    x, y = rdm_vectors(6), rdm_vectors(7)
    found = {}
    for name in SIMILARITIES:
        method = METHODS.get(name, name)
        pairs = (RDMs(x), RDMs(y[:3] if name == "neg_riem_dist" else y))
        found[name] = compare(*pairs, method=method).tolist()
        if name not in ("bures", "neg_riem_dist"):
            lacking = RDMs(with_nan(x)), RDMs(with_nan(y))
            found[f"{name} nan"] = compare(*lacking, method=method).tolist()
        if name in ("corr_cov", "cosine_cov", "neg_riem_dist"):
            sigma = covariance(8)
            found[f"{name} sigma"] = compare(*pairs, method=method, sigma_k=sigma).tolist()
            sigma = np.diag(np.diag(sigma))
            found[f"{name} diagonal"] = compare(*pairs, method=method, sigma_k=sigma).tolist()
    return found


RESAMPLED = [
    "spearman",
    "pearson",
    "cosine",
    "tau-a",
    "tau-b",
    "rho-a",
    "corr_cov",
    "cosine_cov",
]


def samples():
    """Return models, subjects, and their evaluation in bootstrap samples."""
    from rsatoolbox.inference import boot_noise_ceiling
    from rsatoolbox.rdm import RDMs, compare

    models, subjects = rdm_vectors(9, 3), rdm_vectors(10, 5)
    rs = np.random.RandomState(11)
    found = []
    for conditions, of_subjects in ((0, 0), (1, 0), (1, 0), (0, 1), (1, 1), (1, 1)):
        drawn = np.sort(rs.randint(8, size=8)) if conditions else np.arange(8)
        people = np.sort(rs.randint(5, size=5)) if of_subjects else np.arange(5)
        model = RDMs(models).subsample_pattern("index", drawn)
        sample = RDMs(subjects).subsample("index", people).subsample_pattern("index", drawn)
        item = {
            "conditions": np.bincount(drawn, minlength=8).tolist(),
            "subjects": np.bincount(people, minlength=5).tolist(),
        }
        for name in RESAMPLED:
            method = METHODS.get(name, name)
            means = compare(model, sample, method=method).mean(axis=1)
            item[name] = [*means.tolist(), *map(float, boot_noise_ceiling(sample, method=method))]
        found.append(item)
    return {"models": models.tolist(), "subjects": subjects.tolist(), "samples": found}


def bootstrap_draws():
    """Return draws of both factors, of subjects and of conditions: 3 models, then 2 bounds."""
    rs = np.random.RandomState(12)
    subjects, conditions = 0.5 * rs.randn(60, 5), 0.7 * rs.randn(60, 5)
    return subjects + conditions + 0.2 * rs.randn(60, 5), subjects, conditions


def variances():
    """Return the variances of models, differences and distances from the lower bound."""
    from rsatoolbox.util.inference_util import extract_variances

    found = {}
    covariances = np.array([np.cov(draws.T) for draws in bootstrap_draws()])
    for name, covariance, n_rdm, n_pattern in (
        ("both", covariances, 6, 10),
        ("subjects", covariances[1], 6, None),
        ("conditions", covariances[2], None, 10),
    ):
        model, difference, ceiling = extract_variances(covariance, True, n_rdm, n_pattern)
        found[name] = [model.tolist(), difference.tolist(), ceiling[:, 0].tolist()]
    return found


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
        "movie": movie_rdms(),
        "noise": noise(),
        "similarities": similarities(),
        "bootstrap": samples(),
        "variances": variances(),
    }
    path = Path(__file__).with_name("rsatoolbox.json")
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
