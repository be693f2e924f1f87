"""Writes rsatoolbox_flexible.json: cross-validated scores of rsatoolbox 0.3.2, for fixed folds.

python tests/golden/make_rsatoolbox_flexible.py
"""

import json
import warnings
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist

N, S = 18, 5
FITS = ("positive", "weights", "select", "interpolate")
# ours: rsatoolbox's, and what is fitted; its fit_regress_nn does not end for these two
CASES = {
    "cosine": ("cosine", FITS[1:]),
    "pearson": ("corr", FITS[1:]),
    "corr_cov": ("corr_cov", FITS),
    "cosine_cov": ("cosine_cov", FITS),
    "spearman": ("spearman", ("select",)),
}


def rdms():
    """Return model RDMs, and those of subjects."""
    patterns = np.random.default_rng(1).standard_normal((3, N, 30))
    noise = np.random.default_rng(2).standard_normal((S, N, 60))
    measured = np.hstack(patterns[:2]) + noise
    return tuple(np.array([pdist(x, "sqeuclidean") for x in xs]) for xs in (patterns, measured))


def of_rsatoolbox(method, layers, y, fits):
    from rsatoolbox import model
    from rsatoolbox.inference.evaluate import crossval
    from rsatoolbox.rdm import RDMs

    kinds = {
        "weights": (model.ModelWeighted, model.fitter.fit_regress),
        "positive": (model.ModelWeighted, model.fitter.fit_regress_nn),
        "select": (model.ModelSelect, model.fitter.fit_select),
        "interpolate": (model.ModelInterpolate, model.fitter.fit_interpolate),
    }
    data = RDMs(y)
    train, test, ceiling = [], [], []
    for s in range(2):
        for c in range(3):
            inside, subjects = np.arange(N) % 3 == c, np.arange(S) % 2 == s
            for sets, who, what in (
                (train, ~subjects, ~inside),
                (test, subjects, inside),
                (ceiling, ~subjects, inside),
            ):
                where = np.flatnonzero(what)
                part = data.subset("index", np.flatnonzero(who)).subset_pattern("index", where)
                sets.append([part, where])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = crossval(
            [model.ModelFixed("fixed", layers[0]), *(kinds[fit][0](fit, layers) for fit in fits)],
            data, train, test, ceil_set=ceiling, method=method,
            fitter=[model.fitter.fit_mock, *(kinds[fit][1] for fit in fits)],
        )  # fmt: skip
    return result.evaluations[0].mean(axis=-1), result.noise_ceiling[0]


if __name__ == "__main__":
    layers, subjects = rdms()
    found = {}
    for ours, (peer, fits) in CASES.items():
        scores, lower = of_rsatoolbox(peer, layers, subjects, fits)
        found[ours] = {"scores": scores.tolist(), "lower": float(lower)}
    path = Path(__file__).with_name("rsatoolbox_flexible.json")
    path.write_text(json.dumps(found, indent=1) + "\n")
