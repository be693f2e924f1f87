"""Make rsatoolbox_models.json: weights and searchlights of rsatoolbox.

Run in an environment of its own with rsatoolbox 0.3.2:
``python tests/golden/make_rsatoolbox_models.py``.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rsatoolbox.inference import eval_fixed
from rsatoolbox.model import ModelFixed, ModelWeighted
from rsatoolbox.model.fitter import fit_regress, fit_regress_nn
from rsatoolbox.rdm import RDMs
from rsatoolbox.util.searchlight import (
    evaluate_models_searchlight,
    get_searchlight_RDMs,
    get_volume_searchlight,
)


def weights() -> list[dict]:
    """Weights of layers for one measured RDM, by cosine and by correlation."""
    rng = np.random.default_rng(0)
    layers = rng.random((4, 45))
    measured = 0.5 * layers[0] - 0.4 * layers[1] + 0.2 * layers[3] + 0.1 * rng.random(45)
    model = ModelWeighted("layers", RDMs(layers))
    found = []
    for method in ("cosine", "corr"):
        options = {"method": method, "normalize": True}
        found.append(
            {
                "layers": layers.tolist(),
                "rdm": measured.tolist(),
                "method": method,
                "positive": fit_regress_nn(model, RDMs(measured), **options).tolist(),
                "free": fit_regress(model, RDMs(measured), **options).tolist(),
            }
        )
    return found


def searchlights() -> list[dict]:
    """Centers, neighbors and evaluations of two models in a small volume."""
    rng = np.random.default_rng(1)
    mask = rng.random((5, 4, 6)) > 0.2
    data = rng.standard_normal((6, mask.size))
    models = rng.random((2, 15))
    found = []
    for radius, threshold, truncate in ((2, 0.0, True), (2, 0.9, False), (1.5, 0.0, True)):
        centers, neighbors = get_volume_searchlight(mask, radius, threshold, truncate)
        rdms = get_searchlight_RDMs(data, centers, neighbors, np.arange(6), verbose=False)
        case = {
            "mask": mask.astype(int).tolist(),
            "data": data.tolist(),
            "models": models.tolist(),
            "radius": radius,
            "threshold": threshold,
            "truncate": truncate,
            "centers": centers.tolist(),
            "neighbors": [sorted(map(int, n)) for n in neighbors],
        }
        fixed = [ModelFixed(str(k), RDMs(m)) for k, m in enumerate(models)]
        for method in ("corr", "spearman", "cosine"):
            results = evaluate_models_searchlight(rdms, fixed, eval_fixed, method=method)
            case[method] = [r.evaluations.ravel().tolist() for r in results]
        found.append(case)
    return found


if __name__ == "__main__":
    document = {
        "versions": {name: version(name) for name in ("rsatoolbox", "numpy", "scipy")},
        "weights": weights(),
        "searchlights": searchlights(),
    }
    path = Path(__file__).with_name("rsatoolbox_models.json")
    path.write_text(json.dumps(document, indent=None) + "\n")
