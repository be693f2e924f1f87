"""Write similarity_repository.json, what implementations in similarity-repository return.

    PYTHONPATH=<clones of nacloos/similarity-repository and ahwillia/netrep> \
        python make_similarity_repository.py

The file was written with commit 035b3bee of similarity-repository (which holds the code of ReSi,
platonic-rep and others), rsatoolbox 0.3.2, PyTorch 2.15.0, NumPy 2.4.6, SciPy 1.17.1 and
scikit-learn 1.9.1, by importing of its registry the repositories in REPOSITORIES alone: others need
packages that cannot be installed side by side. Names that return nothing on all pairs are left out.
"""

import importlib
import json
import warnings
from pathlib import Path

import numpy as np

REPOSITORIES = """
    contrasim correcting_cka_alignment drfrankenstein llm_repsim netrep nn_similarity_index platonic
    representation_similarity resi rsatoolbox rtd sim_metric svcca
"""


def pairs():
    """Return pairs of networks: in both orders, with means and scales, and with many features."""
    plain = np.random.RandomState(0).randn(20, 5), np.random.RandomState(1).randn(20, 7)
    scaled = (
        3 * np.random.RandomState(2).randn(30, 6) + 1,
        np.random.RandomState(3).rand(30, 4) * np.arange(1, 5),
    )
    wide = np.random.RandomState(0).randn(200, 50), np.random.RandomState(1).randn(200, 50)
    return [plain, plain[::-1], scaled, scaled[::-1], wide]


def is_measure(name):
    """Whether a name is a measure of one of the repositories, and not derived by one more step."""
    parts = name.split("/")
    derived = ("one_minus", "squared_euclidean", "negative", "dim=10", "var=0.95", "bures_metric")
    return (
        parts[-2] in REPOSITORIES.split()
        and (len(parts) == 2 or (len(parts) == 3 and parts[0] == "measure"))
        and not any(word in parts[-1] for word in derived if "compare" not in parts[-1])
        and "mahalanobis" not in name
    )


def value(measure, x, y):
    """Return a value, None if there is none."""
    try:
        return float(measure(x.copy(), y.copy()))
    except Exception:
        return None


def main():
    import similarity
    from similarity.registration import registry
    from similarity.standardization import register_standardized_measures

    warnings.simplefilter("ignore")
    for repository in REPOSITORIES.split():
        importlib.import_module(f"similarity.registry.{repository}")
    register_standardized_measures()
    names = [name for name in registry if is_measure(name)]
    found = {name: [value(similarity.make(name), x, y) for x, y in pairs()] for name in names}
    found = {name: values for name, values in sorted(found.items()) if None not in values}
    path = Path(__file__).with_name("similarity_repository.json")
    rows = (f"{json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
    path.write_text("{\n " + ",\n ".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
